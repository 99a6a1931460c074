//! From the rows of a store to what Okta is sent: hash, hook, or refused with a reason.
//!
//! Rows stream: [`plan`] decides for each row, [`sink`] writes it, and nothing of it stays but its login's
//! fingerprint ([`dedupe`]) and counts ([`report`], [`survey`]). Both cores work: one batch is read while others are
//! planned. A stored value leaves only inside Okta's hash object, and never goes into a report or a rejects file.

pub mod corrections;
pub mod dedupe;
pub mod export;
pub mod groups;
pub mod import;
pub mod people;
pub mod plan;
pub mod profile;
pub mod report;
pub mod sink;
pub mod survey;
pub mod walk;

#[cfg(test)]
mod testing;
