//! Rows that the plan holds back, and how many users are in Okta.

use serde::Serialize;
use sqlx::AssertSqlSafe;

use super::store::{in_transaction, on_pool};
use super::write::{clean, json, millis};
use super::{Ledger, LedgerError, PATIENCE, Pass, SUMMARY, UserRef, in_time};

/// Rows in one transaction.
const BATCH: usize = 10_000;
/// Characters of a reason that are kept.
const REASON: usize = 300;

/// A row that is not sent.
#[derive(Clone, Copy, Debug)]
pub struct Rejection<'a> {
    /// Whose.
    pub user: &'a UserRef,
    /// Why, in words that hold no value.
    pub reason: &'a str,
}

#[derive(Serialize)]
struct Row<'a> {
    source: &'a str,
    user_key: &'a str,
    reason: String,
}

const COLUMNS: [(&str, &str); 3] = [("source", "text"), ("user_key", "text"), ("reason", "text")];

/// Whoever was sent stays where they are.
const NOTE: &str = "\
    ON CONFLICT (source, user_key) DO UPDATE SET state = 'rejected', last_reason = excluded.last_reason, \
    pass = excluded.pass, updated_at = excluded.updated_at \
    WHERE users.state IN ('planned', 'rejected') AND users.attempt_at IS NULL";

impl Ledger {
    /// Notes rows as rejected in this pass.
    pub async fn reject(&self, pass: &Pass, rejections: &[Rejection<'_>]) -> Result<(), LedgerError> {
        for batch in rejections.chunks(BATCH) {
            let mut rows: Vec<Row<'_>> = batch
                .iter()
                .map(|rejection| Row {
                    source: &rejection.user.source,
                    user_key: &rejection.user.key,
                    reason: clean(rejection.reason).chars().take(REASON).collect(),
                })
                .collect();
            rows.sort_by(|a, b| (a.source, a.user_key).cmp(&(b.source, b.user_key)));
            rows.dedup_by(|a, b| (a.source, a.user_key) == (b.source, b.user_key));
            in_time(PATIENCE, self.note_rejected(pass.number, &json(&rows)?)).await?;
        }
        Ok(())
    }

    async fn note_rejected(&self, pass: i64, rows: &str) -> Result<(), LedgerError> {
        let insert = format!(
            "INSERT INTO users (source, user_key, route, state, last_reason, pass, updated_at) \
             SELECT source, user_key, 'none', 'rejected', reason, $2, $3 FROM {} WHERE true {NOTE}",
            self.store.rows_of(&COLUMNS)
        );
        let now = millis(std::time::SystemTime::now());
        in_transaction!(&self.store, tx => {
            // The text is built from constants alone.
            sqlx::query(AssertSqlSafe(insert)).bind(rows).bind(pass).bind(now).execute(&mut *tx).await?;
        });
        Ok(())
    }

    /// How many users are in Okta, as far as this ledger knows.
    pub async fn seeded(&self) -> Result<u64, LedgerError> {
        in_time(SUMMARY, async {
            let count: i64 = on_pool!(&self.store, pool => {
                sqlx::query_scalar(
                    "SELECT count(*) FROM users WHERE state IN ('seeded', 'verified', 'confirmed')",
                )
                .fetch_one(pool)
                .await?
            });
            Ok(u64::try_from(count).unwrap_or_default())
        })
        .await
    }
}
