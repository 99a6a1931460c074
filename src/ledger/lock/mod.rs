//! One import at a time on a ledger, or one for each shard of a split. A lock belongs to the process: it is gone when
//! that ends, however it ends, and nothing stale is left. A table could not do that.
//!
//! SQLite's are locks on files beside the ledger, PostgreSQL's are advisory locks of a session.

mod file;
mod postgres;

use super::store::Store;
use super::{Ledger, LedgerError, Shard};

/// Leave to import. Given back when dropped; [`ImportLock::release`] also waits until it is.
pub struct ImportLock {
    shard: Shard,
    held: Held,
}

enum Held {
    /// A ledger in memory is nobody else's.
    Alone,
    Files(#[expect(dead_code, reason = "held to be dropped")] file::Files),
    Session(postgres::Session),
}

impl Ledger {
    /// Takes the whole ledger for an import, or one shard of it. Shards of one split run beside each other; a whole
    /// import runs alone. [`LedgerError::Busy`] says what is running.
    pub async fn lock_import(&self, shard: Shard) -> Result<ImportLock, LedgerError> {
        self.store.still_there()?;
        let held = match &self.store {
            Store::Sqlite { file: None, .. } => Held::Alone,
            Store::Sqlite { file: Some(file), .. } => Held::Files(file::lock(file, shard).await?),
            Store::Postgres { options, .. } => {
                Held::Session(postgres::lock(options, &self.key.subkey("import lock"), shard).await?)
            }
        };
        Ok(ImportLock { shard, held })
    }
}

impl ImportLock {
    /// What is locked.
    pub fn shard(&self) -> Shard {
        self.shard
    }

    /// Waits until the lock is lost without being given back: the connection to the server broke, and another import
    /// may begin. What is running must then stop. Never for a ledger in a file.
    pub async fn lost(&self) {
        match &self.held {
            Held::Session(session) => session.lost().await,
            Held::Alone | Held::Files(_) => std::future::pending().await,
        }
    }

    /// Gives the lock back, and returns when others can have it.
    pub async fn release(self) {
        if let Held::Session(session) = self.held {
            session.release().await;
        }
    }
}

/// What is running, for whoever is refused.
fn busy(running: &str) -> LedgerError {
    LedgerError::Busy(running.to_owned())
}

fn busy_whole() -> LedgerError {
    busy("an import (whole) is running")
}

fn busy_shard(shard: Shard) -> LedgerError {
    busy(&format!("an import of shard {shard} is running"))
}

/// A split into another number of shards is running.
fn busy_split(running: &[Shard]) -> LedgerError {
    match running {
        [] => busy("an import of a shard is running"),
        [shard] => busy_shard(*shard),
        [first, others @ ..] => {
            busy(&format!("an import of shard {first} and {} more is running", others.len()))
        }
    }
}
