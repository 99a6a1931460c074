//! Failed sign-ins by user and by address, summed over all replicas, so that whoever guesses cannot go from one to the
//! next. Keys are keyed hashes; a level is in millionths of what is let through, and runs empty within the window.

use std::time::Duration;

use serde_json::json;

use super::store::{in_transaction, on_pool};
use super::{Ledger, LedgerError, PATIENCE, in_time, key};

/// Levels that one exchange hears at most; the rest comes with the next.
const AT_ONCE: i64 = 10_000;
/// What was committed late is heard again for so long, in milliseconds.
const OVERLAP: i64 = 3_000;
const FULL: i64 = 1_000_000;

/// What one replica has counted since it last told.
#[derive(Clone, Copy, Debug)]
pub struct Failure {
    /// Of a user or an address, by the ledger's key.
    pub key: [u8; 16],
    /// Whether a success has ended what was before.
    pub forgiven: bool,
    /// Millionths to be added.
    pub added: u64,
}

/// What all replicas have counted.
#[derive(Clone, Debug, Default)]
pub struct FailureLevel {
    /// The ledger's own time, in milliseconds: where the next exchange goes on.
    pub at: i64,
    /// Levels that have changed, as of that time.
    pub levels: Vec<([u8; 16], u64)>,
}

/// The time in which a full level runs empty.
#[derive(Clone, Copy, Debug)]
pub struct FailureWindow(pub Duration);

impl FailureWindow {
    fn millis(self) -> i64 {
        i64::try_from(self.0.as_millis()).unwrap_or(i64::MAX / FULL).clamp(1, i64::MAX / FULL)
    }
}

impl Ledger {
    /// Tells what was counted here, and hears what has changed since `heard`, this replica's own included.
    pub async fn exchange_failures(
        &self,
        failures: &[Failure],
        heard: Option<i64>,
        window: FailureWindow,
    ) -> Result<FailureLevel, LedgerError> {
        in_time(PATIENCE, async {
            if !failures.is_empty() {
                self.add_failures(failures, window).await?;
            }
            let since = heard.map_or(0, |at| at.saturating_sub(OVERLAP));
            let now = self.store.now();
            let sql =
                format!("SELECT {now}, key, level, at FROM failures WHERE at > $1 ORDER BY at LIMIT $2");
            let rows: Vec<(i64, String, i64, i64)> = on_pool!(&self.store, pool => {
                sqlx::query_as(sqlx::AssertSqlSafe(sql)).bind(since).bind(AT_ONCE).fetch_all(pool).await?
            });
            let full = i64::try_from(rows.len()).is_ok_and(|rows| rows >= AT_ONCE);
            // Behind the last of a full page nothing needs to be heard again.
            let newest = rows.last().map(|(.., at)| at.saturating_add(OVERLAP));
            let now = rows.first().map(|(now, ..)| *now);
            let at = if full { newest } else { now }.or(heard).unwrap_or_default();
            let level = |(now, key, level, at): (i64, String, i64, i64)| {
                let elapsed = now.saturating_sub(at).clamp(0, window.millis());
                let level = level.saturating_sub(elapsed.saturating_mul(FULL) / window.millis());
                Some((unhex(&key)?, u64::try_from(level).unwrap_or(0)))
            };
            Ok(FailureLevel { at, levels: rows.into_iter().filter_map(level).collect() })
        })
        .await
    }

    /// Removes what has run empty.
    pub async fn sweep_failures(&self, window: FailureWindow) -> Result<(), LedgerError> {
        in_time(PATIENCE, async {
            let sql = format!("DELETE FROM failures WHERE at < {} - $1", self.store.now());
            in_transaction!(&self.store, tx => {
                sqlx::query(sqlx::AssertSqlSafe(sql)).bind(window.millis()).execute(&mut *tx).await?;
            });
            Ok(())
        })
        .await
    }

    async fn add_failures(&self, failures: &[Failure], window: FailureWindow) -> Result<(), LedgerError> {
        let row = |failure: &Failure| json!({"key": key::hex(&failure.key, 16), "added": i64::try_from(failure.added).unwrap_or(FULL)});
        // In the order of their keys, so that two replicas cannot wait for each other.
        let mut failures = failures.to_vec();
        failures.sort_unstable_by_key(|failure| failure.key);
        let forgiven: Vec<_> = failures.iter().filter(|failure| failure.forgiven).map(row).collect();
        let added: Vec<_> = failures.iter().filter(|failure| failure.added > 0).map(row).collect();
        let rows = self.store.rows_of(&[("key", "text"), ("added", "bigint")]);
        let now = self.store.now();
        let forgive = format!(
            "UPDATE failures SET level = 0, at = {now} WHERE level > 0 AND key IN (SELECT rows.key FROM {rows})"
        );
        let add = format!(
            "INSERT INTO failures (key, level, at) SELECT rows.key, rows.added, {now} FROM {rows} WHERE true \
             ON CONFLICT (key) DO UPDATE SET at = excluded.at, level = excluded.level + CASE \
             WHEN excluded.at - failures.at >= $2 THEN 0 \
             WHEN failures.level < (excluded.at - failures.at) * {FULL} / $2 THEN 0 \
             ELSE failures.level - (excluded.at - failures.at) * {FULL} / $2 END"
        );
        in_transaction!(&self.store, tx => {
            if !forgiven.is_empty() {
                let rows = serde_json::Value::from(forgiven).to_string();
                sqlx::query(sqlx::AssertSqlSafe(forgive)).bind(rows).execute(&mut *tx).await?;
            }
            if !added.is_empty() {
                let rows = serde_json::Value::from(added).to_string();
                sqlx::query(sqlx::AssertSqlSafe(add)).bind(rows).bind(window.millis()).execute(&mut *tx).await?;
            }
        });
        Ok(())
    }
}

fn unhex(text: &str) -> Option<[u8; 16]> {
    u128::from_str_radix(text, 16).ok().filter(|_| text.len() == 32).map(u128::to_be_bytes)
}
