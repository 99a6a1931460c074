//! What comes after an import: single users asked for and moved on. The reset of whoever never signed in, the clean-up
//! of the legacy store, and the rollback; each can be begun again after a crash.

use std::sync::Arc;
use std::time::SystemTime;

use serde::Serialize;
use sqlx::AssertSqlSafe;

use super::pass::time;
use super::store::{in_transaction, on_pool};
use super::user::{ResetStep, State, UserRef, UserState};
use super::write::{json, millis};
use super::{Ledger, LedgerError, PATIENCE, Route, in_time};

/// When Okta's list of users was last read to its end, in milliseconds since 1970.
const RECONCILED: &str = "reconcile.users";

/// Users in one question or transaction.
const BATCH: usize = 10_000;

/// A step of a rollback, noted before Okta is asked to delete a user, and after it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RollBackStep {
    /// Okta is about to be asked.
    Started,
    /// The user is no longer in Okta: planned again, and whatever Okta or the hook said of them is forgotten.
    Done,
}

#[derive(Serialize)]
struct AskedRow<'a> {
    n: i64,
    source: &'a str,
    user_key: &'a str,
}

const ASKED: [(&str, &str); 3] = [("n", "bigint"), ("source", "text"), ("user_key", "text")];

#[derive(Serialize)]
struct IdRow<'a> {
    n: i64,
    okta_id: &'a str,
}

const IDS: [(&str, &str); 2] = [("n", "bigint"), ("okta_id", "text")];

type Row = (
    i64,            // n
    String,         // source
    String,         // user_key
    String,         // state
    String,         // route
    Option<String>, // scheme
    Option<String>, // okta_id
    Option<String>, // okta_status
    Option<i64>,    // okta_last_login
    i64,            // verified
    Option<String>, // reset_step
    Option<i64>,    // cleaned_at
    Option<i64>,    // attempt_at
    i64,            // flags
    Option<i64>,    // seeded_at
    Option<i64>,    // confirmed_at
);

/// What is true or not of a user, in one column: a row has no more of them.
const EXISTED: i64 = 1;
const ROLLING_BACK: i64 = 2;

const COLUMNS: &str = "u.source, u.user_key, u.state, u.route, u.scheme, u.okta_id, u.okta_status, \
    u.okta_last_login, u.verified, u.reset_step, u.cleaned_at, u.attempt_at, \
    CAST(u.existed + CASE WHEN u.roll_back_step IS NOT NULL THEN 2 ELSE 0 END AS BIGINT), u.seeded_at, u.confirmed_at";

impl Ledger {
    /// What the ledger knows of each, in the order in which they are given; none of whom it does not know.
    pub async fn states(&self, users: &[UserRef]) -> Result<Vec<Option<UserState>>, LedgerError> {
        let question = format!(
            "SELECT rows.n, {COLUMNS} FROM {} \
             JOIN users AS u ON u.source = rows.source AND u.user_key = rows.user_key",
            self.store.rows_of(&ASKED)
        );
        let mut states = Vec::with_capacity(users.len());
        for batch in users.chunks(BATCH) {
            let asked = json(&asked(batch))?;
            let found = in_time(PATIENCE, self.ask(&question, &asked)).await?;
            states
                .extend(in_order(batch.len(), found)?.into_iter().map(|found| found.map(|(_, state)| state)));
        }
        Ok(states)
    }

    /// The same by Okta's ids, with who it is. Where two users have one id, the one who is further.
    pub async fn states_by_okta_id(
        &self,
        ids: &[&str],
    ) -> Result<Vec<Option<(UserRef, UserState)>>, LedgerError> {
        let question = format!(
            "SELECT rows.n, {COLUMNS} FROM {} JOIN users AS u ON u.okta_id = rows.okta_id",
            self.store.rows_of(&IDS)
        );
        let mut states = Vec::with_capacity(ids.len());
        for batch in ids.chunks(BATCH) {
            // No id holds a NUL, and PostgreSQL takes none.
            let asked = batch.iter().zip(0..).filter(|(id, _)| !id.contains('\0'));
            let asked = json(&asked.map(|(okta_id, n)| IdRow { n, okta_id }).collect::<Vec<_>>())?;
            let found = in_time(PATIENCE, self.ask(&question, &asked)).await?;
            states.extend(in_order(batch.len(), found)?);
        }
        Ok(states)
    }

    async fn ask(&self, question: &str, asked: &str) -> Result<Vec<Row>, LedgerError> {
        Ok(on_pool!(&self.store, pool => {
            // The text is built from constants alone.
            sqlx::query_as(AssertSqlSafe(question)).persistent(false).bind(asked).fetch_all(pool).await?
        }))
    }

    /// Notes that Okta's list of users, as it was at this time, has been told to [`Ledger::observe`] to its end.
    pub async fn note_reconciled(&self, at: SystemTime) -> Result<(), LedgerError> {
        self.set_note(RECONCILED, &millis(at).to_string()).await
    }

    /// When that last was; none where it never was.
    pub async fn reconciled_at(&self) -> Result<Option<SystemTime>, LedgerError> {
        Ok(self.note(RECONCILED).await?.and_then(|millis| millis.parse().ok()).map(time))
    }

    /// Notes a step of a user's password reset. Whoever is started and not done is to be asked for again.
    pub async fn mark_reset(&self, user: &UserRef, step: ResetStep) -> Result<(), LedgerError> {
        const STATEMENT: &str = "UPDATE users SET reset_step = $3, updated_at = $4 \
            WHERE source = $1 AND user_key = $2 AND okta_id IS NOT NULL";
        let now = millis(SystemTime::now());
        let changed = in_time(PATIENCE, async {
            Ok(in_transaction!(&self.store, tx => {
                sqlx::query(STATEMENT)
                    .bind(&*user.source)
                    .bind(&user.key)
                    .bind(step.as_str())
                    .bind(now)
                    .execute(&mut *tx)
                    .await?
                    .rows_affected()
            }))
        })
        .await?;
        if changed == 0 { Err(LedgerError::NotPlanned) } else { Ok(()) }
    }

    /// Notes that the legacy store was cleaned of these users. Only of confirmed ones; gives of how many.
    pub async fn mark_cleaned(&self, users: &[UserRef]) -> Result<u64, LedgerError> {
        let statement = format!(
            "UPDATE users SET cleaned_at = $2, updated_at = $2 \
             FROM {} WHERE users.source = rows.source AND users.user_key = rows.user_key \
             AND users.state = 'confirmed' AND users.cleaned_at IS NULL",
            self.store.rows_of(&ASKED)
        );
        let now = millis(SystemTime::now());
        let mut cleaned = 0;
        for batch in users.chunks(BATCH) {
            let rows = json(&asked(batch))?;
            cleaned += in_time(PATIENCE, async {
                Ok(in_transaction!(&self.store, tx => {
                    // The text is built from constants alone.
                    sqlx::query(AssertSqlSafe(statement.as_str()))
                        .persistent(false)
                        .bind(&rows)
                        .bind(now)
                        .execute(&mut *tx)
                        .await?
                        .rows_affected()
                }))
            })
            .await?;
        }
        Ok(cleaned)
    }

    /// Notes a step of a rollback. Can be started only for users whom this ledger has created and nobody has used:
    /// seeded, and not in Okta before; and can be done only where it was started.
    /// [`LedgerError::NotRolledBack`] otherwise.
    pub async fn roll_back(&self, user: &UserRef, step: RollBackStep) -> Result<(), LedgerError> {
        const START: &str = "UPDATE users SET roll_back_step = 'started', updated_at = $3 \
            WHERE source = $1 AND user_key = $2 AND (roll_back_step = 'started' \
            OR (state = 'seeded' AND existed = 0 AND okta_id IS NOT NULL))";
        // A verification or confirmation that came between the steps concerns a user who is gone.
        const END: &str = "UPDATE users SET roll_back_step = NULL, state = 'planned', updated_at = $3, \
            okta_id = NULL, okta_status = NULL, okta_last_login = NULL, profile_mark = NULL, \
            credential_mark = NULL, attempt_at = NULL, attempts = 0, pass = NULL, seeded_at = NULL, \
            confirmed_at = NULL, reset_step = NULL WHERE source = $1 AND user_key = $2 AND roll_back_step = 'started'";
        const EVENT: &str = "INSERT INTO events (at, source, user_key, kind, outcome) \
            VALUES ($3, $1, $2, 'seeding', 'rolled back')";
        let statement = if step == RollBackStep::Started { START } else { END };
        let now = millis(SystemTime::now());
        let changed = in_time(PATIENCE, async {
            Ok(in_transaction!(&self.store, tx => {
                let changed = sqlx::query(statement)
                    .bind(&*user.source)
                    .bind(&user.key)
                    .bind(now)
                    .execute(&mut *tx)
                    .await?
                    .rows_affected();
                if changed > 0 && step == RollBackStep::Done {
                    sqlx::query(EVENT)
                        .bind(&*user.source)
                        .bind(&user.key)
                        .bind(now)
                        .execute(&mut *tx)
                        .await?;
                }
                changed
            }))
        })
        .await?;
        if changed > 0 {
            return Ok(());
        }
        match self.states(std::slice::from_ref(user)).await?.pop().flatten() {
            Some(state) => Err(LedgerError::NotRolledBack(state.state)),
            None => Err(LedgerError::NotPlanned),
        }
    }

    /// Users whose rollback was begun and has not ended, with Okta's ids: a crash may have come after Okta had deleted
    /// them, and then no group lists them any more.
    pub async fn unfinished_roll_backs(&self) -> Result<Vec<(UserRef, String)>, LedgerError> {
        const QUESTION: &str = "SELECT source, user_key, okta_id FROM users \
            WHERE roll_back_step IS NOT NULL AND okta_id IS NOT NULL ORDER BY source, user_key";
        let rows: Vec<(String, String, String)> = in_time(PATIENCE, async {
            Ok(on_pool!(&self.store, pool => { sqlx::query_as(QUESTION).fetch_all(pool).await? }))
        })
        .await?;
        Ok(rows.into_iter().map(|(source, key, id)| (UserRef { source: source.into(), key }, id)).collect())
    }
}

fn asked(users: &[UserRef]) -> Vec<AskedRow<'_>> {
    users.iter().zip(0..).map(|(user, n)| AskedRow { n, source: &user.source, user_key: &user.key }).collect()
}

/// Each in its place.
fn in_order(length: usize, rows: Vec<Row>) -> Result<Vec<Option<(UserRef, UserState)>>, LedgerError> {
    let mut found: Vec<Option<(UserRef, UserState)>> = vec![None; length];
    for row in rows {
        let place = usize::try_from(row.0).ok().and_then(|n| found.get_mut(n));
        let Some(place) = place else { continue };
        let user = user_of(row)?;
        if place.as_ref().is_none_or(|(_, before)| before.state < user.1.state) {
            *place = Some(user);
        }
    }
    Ok(found)
}

fn user_of(row: Row) -> Result<(UserRef, UserState), LedgerError> {
    let (
        _,
        source,
        key,
        state,
        route,
        scheme,
        okta_id,
        okta_status,
        last_login,
        verified,
        reset,
        cleaned,
        attempt,
        flags,
        seeded_at,
        confirmed_at,
    ) = row;
    let user = UserRef { source: Arc::from(source), key };
    let state = UserState {
        state: State::parse(&state)?,
        route: Route::parse(&route)?,
        scheme,
        okta_id,
        okta_status,
        last_login: last_login.map(time),
        verified: u64::try_from(verified).unwrap_or_default(),
        reset: reset.as_deref().map(ResetStep::parse),
        cleaned: cleaned.is_some(),
        existed: flags & EXISTED > 0,
        unfinished: attempt.map(time),
        rolling_back: flags & ROLLING_BACK > 0,
        seeded_at: seeded_at.map(time),
        confirmed_at: confirmed_at.map(time),
    };
    Ok((user, state))
}
