//! Okta's objects, as its API description has them, and the client that sends them.
//!
//! [`client`] holds what every call needs: transport, authentication, pacing, typed errors. One file a family of
//! endpoints stands beside it.

pub mod client;
pub mod event_hooks;
pub mod groups;
pub mod hook_call;
pub mod inline_hooks;
pub mod json;
pub mod logs;
pub mod profile;
pub mod user;
pub mod users;

mod wire;
