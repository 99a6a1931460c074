//! The listeners: the public one with the hook and the event hook, which the internet may reach, and the private one
//! for health, metrics and the dashboard.
//!
//! `contract.rs` (with its folder) and `event_contract.rs` alone know the JSON of the two. Nothing here decides about passwords.

mod auth;
mod call;
mod contract;
mod dashboard;
mod event_contract;
mod event_hook;
mod hook;
pub mod jwt;
pub mod listener;
mod private;
mod record;
mod reload;

pub use auth::{Auth, HeaderSecret, Issuer, OAuth, SecretFile};
pub use contract::recorded;
pub use dashboard::{DashboardSettings, dashboard_router};
pub use event_hook::{EventHook, event_hook_router};
pub use hook::{Hook, hook_router};
pub use private::private_router;
pub use record::{Record, RecordSettings};
pub use reload::{Reload, Seen, keep_fresh};
