//! Who is in Okta by the ledger's account, to be held against Okta's own list.

use super::store::on_pool;
use super::{Ledger, LedgerError, PATIENCE, in_time};

impl Ledger {
    /// Okta's ids of the users whom this ledger has sent and who have not been rolled back: at most `limit`, in the
    /// database's order of them, from behind `after` on. Begins with an empty text and ends with an empty list.
    pub async fn okta_ids(&self, after: &str, limit: u32) -> Result<Vec<String>, LedgerError> {
        const QUESTION: &str = "SELECT okta_id FROM users WHERE okta_id > $1 \
            AND state IN ('seeded', 'verified', 'confirmed') AND roll_back_step IS NULL \
            ORDER BY okta_id LIMIT $2";
        in_time(PATIENCE, async {
            Ok(on_pool!(&self.store, pool => {
                sqlx::query_scalar(QUESTION).bind(after).bind(i64::from(limit)).fetch_all(pool).await?
            }))
        })
        .await
    }
}
