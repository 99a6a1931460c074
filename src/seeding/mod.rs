//! From the rows of a store to what Okta is sent: hash, hook, or refused with a reason.
