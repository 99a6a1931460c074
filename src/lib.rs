//! keyferry moves people from an old user store to Okta without anyone resetting a password.
//!
//! # Two flows
//!
//! **The hook.** [`http`] (Okta's JSON, authentication) → [`decision`] (deadline, admission) → [`sources`] (find
//! the stored credential) → [`schemes`] (verify, on the pool) → [`decision`] → [`ledger`], metrics → [`http`].
//!
//! **The seeding.** [`sources`] (a stream of rows) → [`seeding`] (hash, hook or refused: asks [`schemes`]) →
//! [`okta`] (the user object) → `seeding::sink` (a file) or `seeding::import` (the org) → [`ledger`].
//!
//! # The rooms
//!
//! | room | holds | may use |
//! |---|---|---|
//! | [`cli`] | one file per verb; the only place that wires rooms together | everything |
//! | [`config`] | file and environment → typed values, checked once | schemes, sources, secret |
//! | [`http`] | the public and the private listener | decision, ledger, okta (types), secret, telemetry (traces) |
//! | [`decision`] | lookup → verify → record; the verify pool | credential, sources, schemes, ledger, secret |
//! | [`credential`] | a store's row → a readable hash | sources, schemes, secret |
//! | [`sources`] | the legacy stores | secret |
//! | [`schemes`] | the registry of password schemes; pure | secret |
//! | [`discovery`] | where the users are in a database that nobody has described | sources, schemes, secret |
//! | [`okta`] | Okta's objects, and the client of its API | schemes (the hash object), secret |
//! | [`seeding`] | plan, people of several stores, sinks, the import | credential, sources, schemes, okta, ledger, secret |
//! | [`ledger`] | who stands where | nothing of ours |
//! | [`demo`] | the sample store and the imitation Okta org, which judges the rest | secret |
//! | [`telemetry`], [`process`], [`secret`] | logging; what the system may do with memory; values that must not be printed | nothing of ours |
//!
//! `tests/it/layers.rs` holds the table.

pub mod cli;
pub mod config;
pub mod credential;
pub mod decision;
pub mod demo;
pub mod discovery;
pub mod http;
pub mod ledger;
pub mod okta;
pub mod process;
pub mod schemes;
pub mod secret;
pub mod seeding;
pub mod sources;
pub mod telemetry;
