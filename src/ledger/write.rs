//! What goes into the ledger: decisions of the hook, and the plan of a seeding. Batches, one transaction each,
//! every value bound; a batch becomes one JSON parameter, so the statements do not depend on its size.

use std::collections::BTreeMap;
use std::time::{SystemTime, UNIX_EPOCH};

use serde::Serialize;
use sqlx::AssertSqlSafe;

use super::key::UserKey;
use super::store::{Store, in_transaction, on_pool};
use super::{DecisionEvent, Ledger, LedgerError, PATIENCE, in_time};

/// Users in one transaction of a plan.
const PLAN_BATCH: usize = 10_000;
/// Where marks are kept in `meta`: this and a random number, with `batch@millis`.
const MARK: &str = "writer:";
/// Marks of writers older than this are swept: no writer retries a batch for so long.
const MARK_AGE_MILLIS: i64 = 7 * 24 * 3_600_000;

/// How a user comes to Okta.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Route {
    /// Okta imports the stored hash.
    Hash,
    /// Okta asks the hook at the first sign-in.
    Hook,
}

impl Route {
    /// As the ledger writes it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Hash => "hash",
            Self::Hook => "hook",
        }
    }
}

/// A user whom a seeding is about to create.
#[derive(Clone, Debug)]
pub struct PlannedUser<'a> {
    /// The source.
    pub source: &'a str,
    /// The id there, in plain; only its keyed hash is kept.
    pub user_id: &'a str,
    /// The login, likewise.
    pub login: Option<&'a str>,
    /// How the user goes.
    pub route: Route,
    /// The scheme of the stored value, where it is known.
    pub scheme: Option<&'a str>,
}

/// A writer's mark in the ledger: the batch that it wrote last. A batch whose commit got lost on the way back is
/// recognised by it, and not counted twice.
#[derive(Debug)]
pub(super) struct Mark {
    name: String,
    batch: String,
}

impl Mark {
    /// A mark that no other writer has, for its first batch.
    pub(super) fn new(now: SystemTime) -> Self {
        let random = getrandom::u64().unwrap_or_else(|_| u64::from(std::process::id()));
        Self { name: format!("{MARK}{random:016x}"), batch: format!("1@{}", millis(now)) }
    }

    /// The batch is written; what comes is another.
    pub(super) fn next(&mut self, now: SystemTime) {
        let last =
            self.batch.split_once('@').and_then(|(batch, _)| batch.parse::<u64>().ok()).unwrap_or_default();
        self.batch = format!("{}@{}", last + 1, millis(now));
    }
}

#[derive(Serialize)]
struct EventRow<'a> {
    at: i64,
    source: Option<String>,
    user_key: Option<String>,
    outcome: &'a str,
    reason: Option<&'a str>,
    scheme: Option<String>,
    micros: i64,
}

const EVENT_COLUMNS: [(&str, &str); 7] = [
    ("at", "bigint"),
    ("source", "text"),
    ("user_key", "text"),
    ("outcome", "text"),
    ("reason", "text"),
    ("scheme", "text"),
    ("micros", "bigint"),
];

#[derive(Default, Serialize)]
struct UserRow<'a> {
    source: String,
    user_key: String,
    login_key: Option<String>,
    route: &'a str,
    state: &'a str,
    scheme: Option<String>,
    first_at: i64,
    last_at: i64,
    verified: i64,
    rejected: i64,
    last_reason: Option<&'a str>,
}

const USER_COLUMNS: [(&str, &str); 11] = [
    ("source", "text"),
    ("user_key", "text"),
    ("login_key", "text"),
    ("route", "text"),
    ("state", "text"),
    ("scheme", "text"),
    ("first_at", "bigint"),
    ("last_at", "bigint"),
    ("verified", "bigint"),
    ("rejected", "bigint"),
    ("last_reason", "text"),
];

/// Changes nothing where the batch is the one already noted.
const SET_MARK: &str = "\
    INSERT INTO meta (key, value) VALUES ($1, $2) ON CONFLICT (key) DO UPDATE SET value = excluded.value \
    WHERE meta.value <> excluded.value";

/// The state only ever moves to `verified`, and never away from `confirmed`. Batches of several replicas may come
/// in any order: times go outward, and the last reason is that of the latest rejection.
const USER_UPSERT: &str = "\
    ON CONFLICT (source, user_key) DO UPDATE SET \
    login_key = COALESCE(excluded.login_key, users.login_key), \
    state = CASE WHEN excluded.verified > 0 AND users.state <> 'confirmed' THEN 'verified' ELSE users.state END, \
    scheme = COALESCE(excluded.scheme, users.scheme), \
    first_decision_at = CASE WHEN users.first_decision_at <= excluded.first_decision_at \
        THEN users.first_decision_at ELSE excluded.first_decision_at END, \
    last_reason = CASE WHEN excluded.last_reason IS NULL OR users.last_decision_at > excluded.last_decision_at \
        THEN COALESCE(users.last_reason, excluded.last_reason) ELSE excluded.last_reason END, \
    last_decision_at = CASE WHEN users.last_decision_at >= excluded.last_decision_at \
        THEN users.last_decision_at ELSE excluded.last_decision_at END, \
    verified = users.verified + excluded.verified, \
    rejected = users.rejected + excluded.rejected, \
    updated_at = excluded.updated_at";

impl Ledger {
    /// Writes decisions, in one transaction: all of them or none.
    pub async fn record(&self, events: &[DecisionEvent]) -> Result<(), LedgerError> {
        self.write(events, None).await
    }

    /// The same, for a writer that may have to try the same batch again.
    pub(super) async fn record_once(&self, events: &[DecisionEvent], mark: &Mark) -> Result<(), LedgerError> {
        self.write(events, Some(mark)).await
    }

    async fn write(&self, events: &[DecisionEvent], mark: Option<&Mark>) -> Result<(), LedgerError> {
        self.store.still_there()?;
        let (events, users) = rows(&self.key, events);
        let events = json(&events)?;
        let users = json(&users)?;
        in_time(PATIENCE, write_decisions(&self.store, &events, &users, mark)).await
    }

    /// Notes users as planned, with their route and scheme, in batches. Nobody is moved back: whoever is being
    /// sent, or further, stays as they are. Gives the number of users that are planned now.
    pub async fn plan(&self, users: &[PlannedUser<'_>]) -> Result<u64, LedgerError> {
        let mut planned = 0;
        for batch in users.chunks(PLAN_BATCH) {
            let mut rows = BTreeMap::new();
            for user in batch {
                let row = UserRow {
                    source: clean(user.source),
                    user_key: self.key.id(user.source, user.user_id),
                    login_key: user.login.map(|login| self.key.login(user.source, login)),
                    route: user.route.as_str(),
                    state: "planned",
                    scheme: user.scheme.map(clean),
                    ..UserRow::default()
                };
                rows.insert((row.source.clone(), row.user_key.clone()), row);
            }
            let rows = json(&rows.values().collect::<Vec<_>>())?;
            planned += in_time(PATIENCE, write_plan(&self.store, &rows)).await?;
        }
        Ok(planned)
    }

    /// Takes away the marks of writers that ended long ago without doing it themselves.
    pub(super) async fn sweep_marks(&self, now: SystemTime) -> Result<(), LedgerError> {
        let before = millis(now).saturating_sub(MARK_AGE_MILLIS);
        in_time(PATIENCE, async {
            let marks: Vec<(String, String)> = on_pool!(&self.store, pool => {
                sqlx::query_as("SELECT key, value FROM meta WHERE key LIKE 'writer:%'").fetch_all(pool).await?
            });
            for (name, batch) in marks {
                let at = batch.split_once('@').and_then(|(_, at)| at.parse::<i64>().ok()).unwrap_or_default();
                if at < before {
                    self.forget(&Mark { name, batch }).await?;
                }
            }
            Ok(())
        })
        .await
    }

    /// Takes a writer's mark away when it is done.
    pub(super) async fn forget(&self, mark: &Mark) -> Result<(), LedgerError> {
        in_time(PATIENCE, async {
            in_transaction!(&self.store, tx => {
                sqlx::query("DELETE FROM meta WHERE key = $1").bind(&mark.name).execute(&mut *tx).await?;
                Ok(())
            })
        })
        .await
    }
}

async fn write_decisions(
    store: &Store,
    events: &str,
    users: &str,
    mark: Option<&Mark>,
) -> Result<(), LedgerError> {
    let insert_events = format!(
        "INSERT INTO events (at, source, user_key, kind, outcome, reason, scheme, micros) \
         SELECT at, source, user_key, 'decision', outcome, reason, scheme, micros FROM {} WHERE true",
        store.rows_of(&EVENT_COLUMNS)
    );
    let upsert_users = format!(
        "INSERT INTO users (source, user_key, login_key, route, state, scheme, first_decision_at, \
         last_decision_at, verified, rejected, last_reason, updated_at) \
         SELECT source, user_key, login_key, route, state, scheme, first_at, last_at, verified, rejected, \
         last_reason, $2 FROM {} WHERE true {USER_UPSERT}",
        store.rows_of(&USER_COLUMNS)
    );
    let now = millis(SystemTime::now());
    in_transaction!(store, tx => {
        let fresh = match mark {
            Some(mark) => {
                sqlx::query(SET_MARK).bind(&mark.name).bind(&mark.batch).execute(&mut *tx).await?.rows_affected()
                    > 0
            }
            None => true,
        };
        if fresh {
            // Both texts are built from constants alone.
            sqlx::query(AssertSqlSafe(insert_events)).bind(events).execute(&mut *tx).await?;
            sqlx::query(AssertSqlSafe(upsert_users)).bind(users).bind(now).execute(&mut *tx).await?;
        }
    });
    Ok(())
}

async fn write_plan(store: &Store, rows: &str) -> Result<u64, LedgerError> {
    let upsert = format!(
        "INSERT INTO users (source, user_key, login_key, route, state, scheme, updated_at) \
         SELECT source, user_key, login_key, route, state, scheme, $2 FROM {} WHERE true \
         ON CONFLICT (source, user_key) DO UPDATE SET login_key = COALESCE(excluded.login_key, users.login_key), \
         route = excluded.route, state = 'planned', scheme = excluded.scheme, updated_at = excluded.updated_at \
         WHERE users.state IN ('planned', 'rejected')",
        store.rows_of(&USER_COLUMNS)
    );
    let now = millis(SystemTime::now());
    let affected = in_transaction!(store, tx => {
        // The text is built from constants alone.
        sqlx::query(AssertSqlSafe(upsert)).bind(rows).bind(now).execute(&mut *tx).await?.rows_affected()
    });
    Ok(affected)
}

/// The rows of a batch: one per event, and one per user, in the order of their keys so that replicas cannot wait
/// for each other in a circle.
fn rows<'a>(key: &UserKey, events: &'a [DecisionEvent]) -> (Vec<EventRow<'a>>, Vec<UserRow<'a>>) {
    let mut users: BTreeMap<(String, String), UserRow<'a>> = BTreeMap::new();
    let rows = events
        .iter()
        .map(|event| {
            let at = millis(event.at);
            let source = event.source.as_deref().map(clean);
            let user_key = event.source.as_deref().zip(event.user_id.as_deref()).map(|(s, id)| key.id(s, id));
            let scheme = event.scheme.as_deref().map(clean);
            if let (Some(source), Some(user_key)) = (&source, &user_key)
                && matches!(event.outcome, "verified" | "rejected")
            {
                let user = users.entry((source.clone(), user_key.clone())).or_insert_with(|| UserRow {
                    source: source.clone(),
                    user_key: user_key.clone(),
                    // Okta asks about nobody who was not created there with a hook.
                    route: Route::Hook.as_str(),
                    state: "seeded",
                    first_at: at,
                    last_at: at,
                    ..UserRow::default()
                });
                add(user, event, at, key);
            }
            EventRow {
                at,
                source,
                user_key,
                outcome: event.outcome,
                reason: event.reason,
                scheme,
                micros: i64::try_from(event.micros).unwrap_or(i64::MAX),
            }
        })
        .collect();
    (rows, users.into_values().collect())
}

fn add<'a>(user: &mut UserRow<'a>, event: &'a DecisionEvent, at: i64, key: &UserKey) {
    user.first_at = user.first_at.min(at);
    if let Some((source, login)) = event.source.as_deref().zip(event.login.as_deref()) {
        user.login_key = Some(key.login(source, login));
    }
    if let Some(scheme) = &event.scheme {
        user.scheme = Some(clean(scheme));
    }
    if event.outcome == "verified" {
        user.verified += 1;
        user.state = "verified";
    } else {
        user.rejected += 1;
        if user.last_reason.is_none() || at >= user.last_at {
            user.last_reason = event.reason;
        }
    }
    user.last_at = user.last_at.max(at);
}

/// PostgreSQL's texts hold no NUL.
pub(super) fn clean(text: &str) -> String {
    text.replace('\0', "\u{fffd}")
}

pub(super) fn json<T: Serialize>(rows: &T) -> Result<String, LedgerError> {
    serde_json::to_string(rows)
        .map_err(|_| LedgerError::Database("a row cannot be written as JSON".to_owned()))
}

/// Milliseconds since 1970, negative before.
pub(super) fn millis(time: SystemTime) -> i64 {
    match time.duration_since(UNIX_EPOCH) {
        Ok(since) => i64::try_from(since.as_millis()).unwrap_or(i64::MAX),
        Err(error) => i64::try_from(error.duration().as_millis()).map_or(i64::MIN, |before| -before),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn event() -> DecisionEvent {
        DecisionEvent {
            at: SystemTime::now(),
            outcome: "verified",
            reason: None,
            source: Some("shop".into()),
            user_id: Some("1".to_owned()),
            login: None,
            scheme: None,
            micros: 1,
        }
    }

    async fn total(ledger: &Ledger) -> u64 {
        ledger.summary().await.unwrap().decisions.total.verified
    }

    #[tokio::test]
    async fn a_batch_that_is_tried_again_is_counted_once() {
        let ledger = Ledger::open("sqlite::memory:", None).await.unwrap();
        let now = SystemTime::now();
        let (mut mark, other) = (Mark::new(now), Mark::new(now));
        ledger.record_once(&[event(), event()], &mark).await.unwrap();
        ledger.record_once(&[event(), event()], &mark).await.unwrap();
        assert_eq!(total(&ledger).await, 2);
        ledger.record_once(&[event()], &other).await.unwrap();
        assert_eq!(total(&ledger).await, 3, "another writer's batch is another");
        mark.next(now);
        ledger.record_once(&[event()], &mark).await.unwrap();
        assert_eq!(total(&ledger).await, 4, "and so is the next one");
    }

    #[tokio::test]
    async fn marks_of_writers_long_gone_are_swept() {
        let ledger = Ledger::open("sqlite::memory:", None).await.unwrap();
        let now = SystemTime::now();
        let week = Duration::from_hours(8 * 24);
        let (old, new) = (Mark::new(now - week), Mark::new(now));
        ledger.record_once(&[event()], &old).await.unwrap();
        ledger.record_once(&[event()], &new).await.unwrap();
        ledger.sweep_marks(now).await.unwrap();
        ledger.record_once(&[event()], &new).await.unwrap();
        assert_eq!(total(&ledger).await, 2, "the new one is still known");
        ledger.record_once(&[event()], &old).await.unwrap();
        assert_eq!(total(&ledger).await, 3, "the old one is not");
    }
}
