//! The listeners: the hook, which the internet may reach, and the private one for health and metrics.
//!
//! `contract.rs` alone knows the hook's JSON. Nothing here decides about passwords.

mod auth;
mod contract;
mod hook;
mod private;

pub use auth::HeaderSecret;
pub use hook::{Hook, hook_router};
pub use private::private_router;
