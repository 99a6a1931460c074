//! Why an import ends before its end. What is in the ledger by then stays right: the same command goes on from there.

use thiserror::Error;

use crate::ledger::LedgerError;
use crate::okta::client::CallError;
use crate::seeding::people::PeopleError;
use crate::seeding::sink::file::WriteError;

/// See the module.
#[derive(Debug, Error)]
pub enum ImportError {
    /// A store failed, or what the admin wrote about it cannot work.
    #[error(transparent)]
    People(#[from] PeopleError),
    /// The ledger cannot be read or written; nothing is sent without it.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// Okta takes no more calls of ours at all.
    #[error(transparent)]
    Okta(#[from] CallError),
    /// The rejects cannot be written.
    #[error(transparent)]
    Write(#[from] WriteError),
    /// A group that everybody should join cannot be had.
    #[error("the group `{name}` cannot be found or created: {source}")]
    Group {
        /// Its name.
        name: String,
        /// Okta's words.
        source: CallError,
    },
    /// The connection that held the lock is gone: another import may be running by now.
    #[error("the lock on the ledger was lost with its connection; run the same command again")]
    LockLost,
}
