//! Passes over the users: how far one is, so that the next process goes on there. A pass has a number that no other
//! has; a cursor names the last row of which everything is settled, and is kept sealed since an id may be a login.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

use super::key::hex;
use super::seal::{seal, unseal};
use super::store::{in_transaction, on_pool};
use super::write::{json, millis};
use super::{Ledger, LedgerError, PATIENCE, Shard, in_time};

/// The number of the last pass that was begun, of any shard.
const LAST: &str = "pass.last";

/// A pass under way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pass {
    /// Which one: higher than all before.
    pub number: i64,
    /// Over whom.
    pub shard: Shard,
    /// When it was begun.
    pub begun: SystemTime,
    /// Whether another process began it, and this one takes it up.
    pub resumed: bool,
    /// Up to where everything is settled.
    pub cursor: Option<Cursor>,
}

/// A row of a source.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cursor {
    /// The source.
    pub source: String,
    /// The id of the row, in plain.
    pub after: String,
}

/// As `meta` keeps it.
#[derive(Serialize, Deserialize)]
pub(super) struct Kept {
    pub(super) number: i64,
    pub(super) begun: i64,
    arguments: String,
}

impl Ledger {
    /// Begins a pass, or takes an unfinished one up again that has the same `arguments`: whatever decides over which
    /// users it goes and what is made of them. Kept as a keyed hash. A cursor that cannot be read means that the pass
    /// goes over all its users again, which does no harm. The shard's lock should be held
    /// ([`Ledger::lock_import`]).
    pub async fn begin_pass(&self, shard: Shard, arguments: &str) -> Result<Pass, LedgerError> {
        const FIND: &str = "SELECT value FROM meta WHERE key = $1";
        // Passes over other splits of the users: they will not be taken up, since nothing of that split runs.
        const OTHERS: &str =
            "DELETE FROM meta WHERE (key LIKE 'pass:%' OR key LIKE 'cursor:%') AND key NOT LIKE '%/' || $1";
        const NEXT: &str = "INSERT INTO meta (key, value) VALUES ($1, '1') ON CONFLICT (key) DO UPDATE \
            SET value = CAST(CAST(meta.value AS BIGINT) + 1 AS TEXT) RETURNING value";
        self.store.still_there()?;
        let arguments = hex(&self.key.subkey(&format!("pass arguments {arguments}")), 16);
        let begun = millis(SystemTime::now());
        let (kept, cursor, resumed) = in_time(PATIENCE, async {
            Ok(in_transaction!(&self.store, tx => {
                sqlx::query(OTHERS).bind(shard.of.to_string()).execute(&mut *tx).await?;
                let kept: Option<String> =
                    sqlx::query_scalar(FIND).bind(pass_key(shard)).fetch_optional(&mut *tx).await?;
                let kept: Option<Kept> = kept.and_then(|kept| serde_json::from_str(&kept).ok());
                if let Some(kept) = kept.filter(|kept| kept.arguments == arguments) {
                    let cursor: Option<String> =
                        sqlx::query_scalar(FIND).bind(cursor_key(shard)).fetch_optional(&mut *tx).await?;
                    (kept, cursor, true)
                } else {
                    let number: String = sqlx::query_scalar(NEXT).bind(LAST).fetch_one(&mut *tx).await?;
                    let number = number.parse().unwrap_or_default();
                    let kept = Kept { number, begun, arguments };
                    sqlx::query(PUT).bind(pass_key(shard)).bind(json(&kept)?).execute(&mut *tx).await?;
                    sqlx::query(DROP).bind(cursor_key(shard)).execute(&mut *tx).await?;
                    (kept, None, false)
                }
            }))
        })
        .await?;
        let cursor = cursor.and_then(|sealed| unseal(&self.key, &place(kept.number), &sealed));
        Ok(Pass {
            number: kept.number,
            shard,
            begun: time(kept.begun),
            resumed,
            cursor: cursor.and_then(|cursor| serde_json::from_str(&cursor).ok()),
        })
    }

    /// Notes that everything up to this row is settled. One small write.
    pub async fn advance(&self, pass: &Pass, cursor: &Cursor) -> Result<(), LedgerError> {
        let sealed = seal(&self.key, &place(pass.number), &json(cursor)?)?;
        in_time(PATIENCE, async {
            in_transaction!(&self.store, tx => {
                sqlx::query(PUT).bind(cursor_key(pass.shard)).bind(sealed).execute(&mut *tx).await?;
            });
            Ok(())
        })
        .await
    }

    /// Notes that the pass has come to its end: the next one begins at the beginning.
    pub async fn finish_pass(&self, pass: &Pass) -> Result<(), LedgerError> {
        in_time(PATIENCE, async {
            in_transaction!(&self.store, tx => {
                sqlx::query(DROP).bind(pass_key(pass.shard)).execute(&mut *tx).await?;
                sqlx::query(DROP).bind(cursor_key(pass.shard)).execute(&mut *tx).await?;
            });
            Ok(())
        })
        .await
    }

    /// A small mark, as [`Ledger::set_note`] left it.
    pub async fn note(&self, name: &str) -> Result<Option<String>, LedgerError> {
        in_time(PATIENCE, async {
            Ok(on_pool!(&self.store, pool => {
                sqlx::query_scalar("SELECT value FROM meta WHERE key = $1")
                    .bind(note_key(name))
                    .fetch_optional(pool)
                    .await?
            }))
        })
        .await
    }

    /// Keeps a small mark: how far something has come that is nobody's in particular. In plain, so never a name or a
    /// secret.
    pub async fn set_note(&self, name: &str, value: &str) -> Result<(), LedgerError> {
        self.store.still_there()?;
        in_time(PATIENCE, async {
            in_transaction!(&self.store, tx => {
                sqlx::query(PUT).bind(note_key(name)).bind(value).execute(&mut *tx).await?;
            });
            Ok(())
        })
        .await
    }
}

/// Writes one entry of `meta`.
pub(super) const PUT: &str =
    "INSERT INTO meta (key, value) VALUES ($1, $2) ON CONFLICT (key) DO UPDATE SET value = excluded.value";
const DROP: &str = "DELETE FROM meta WHERE key = $1";

fn pass_key(shard: Shard) -> String {
    format!("pass:{shard}")
}

fn cursor_key(shard: Shard) -> String {
    format!("cursor:{shard}")
}

fn note_key(name: &str) -> String {
    format!("note:{name}")
}

/// What a cursor is sealed for: one of another pass does not open.
fn place(number: i64) -> String {
    format!("cursor of pass {number}")
}

/// From milliseconds since 1970.
pub(super) fn time(millis: i64) -> SystemTime {
    let distance = Duration::from_millis(millis.unsigned_abs());
    let time = if millis < 0 { UNIX_EPOCH.checked_sub(distance) } else { UNIX_EPOCH.checked_add(distance) };
    time.unwrap_or(UNIX_EPOCH)
}
