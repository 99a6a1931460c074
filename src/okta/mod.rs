//! Okta's objects, as its API description has them.

pub mod user;
