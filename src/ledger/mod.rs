//! Who stands where: one row per user and source, and an append-only list of events. Never a password, a hash or
//! a plain username: users are known by a keyed hash of source and id.
//!
//! Written behind the answer, in batches; a ledger that is down or slow never delays or changes a sign-in.

use std::sync::Arc;
use std::time::SystemTime;

/// One decision of the hook, as the ledger keeps it.
#[derive(Clone, Debug)]
pub struct DecisionEvent {
    /// When it was made.
    pub at: SystemTime,
    /// `verified`, `rejected` or `unavailable`.
    pub outcome: &'static str,
    /// Why, where it was not verified: `wrong password`, `unreadable hash` …
    pub reason: Option<&'static str>,
    /// The source that decided; none where no source knew the user.
    pub source: Option<Arc<str>>,
    /// The user's id in that source, in plain; the ledger keeps only its keyed hash.
    pub user_id: Option<String>,
    /// The user's login, likewise.
    pub login: Option<String>,
    /// The scheme of the stored value.
    pub scheme: Option<Arc<str>>,
    /// Time from the request to the decision, in microseconds.
    pub micros: u64,
}
