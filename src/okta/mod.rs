//! Okta's objects, as its API description has them.

pub mod profile;
pub mod user;
