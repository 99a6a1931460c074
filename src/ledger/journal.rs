//! What is sent is noted before it is sent, and how it ended, after: so that whoever comes after a crash knows whose
//! effect is unknown. One task writes; all that waits goes into one durable transaction, however many wait.
//!
//! A claim is leave to send, and is given under conditions that the database checks: nobody is sent who is in Okta
//! already, or whose login another user of this ledger has there.

use std::collections::{HashMap, HashSet};
use std::time::{Duration, SystemTime};

use serde::Serialize;
use sqlx::AssertSqlSafe;
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, sleep};

use super::store::{Store, in_transaction};
use super::write::{clean, json, millis};
use super::{Ledger, LedgerError, PATIENCE, Route, State, UserRef, in_time};

/// Entries in one transaction, and in the queue behind it.
const BATCH: usize = 1000;
/// How long a ledger that fails is tried again before the callers are told.
const TRY_FOR: Duration = Duration::from_secs(30);
/// Pauses between attempts: the first, doubling up to the last.
const FIRST_PAUSE: Duration = Duration::from_millis(50);
const LAST_PAUSE: Duration = Duration::from_secs(2);
/// Characters of a reason that are kept.
const REASON: usize = 300;

/// How a call ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Settled {
    /// The user was created.
    Seeded {
        /// Okta's id.
        okta_id: String,
        /// Okta's status.
        status: String,
        /// How the user went.
        route: Route,
        /// The marks of what was sent.
        profile_mark: i64,
        /// Likewise.
        credential_mark: i64,
    },
    /// An earlier call of ours, of unknown effect, turns out to have created the user. Route and marks stay those that
    /// were noted when it was planned, so that a row that has changed since is seen as changed.
    Arrived {
        /// Okta's id.
        okta_id: String,
        /// Okta's status.
        status: String,
    },
    /// The user was in Okta before and was given the hook. A rollback leaves them alone.
    Attached {
        /// Okta's id.
        okta_id: String,
        /// Okta's status.
        status: String,
        /// The marks of the row.
        profile_mark: i64,
        /// Likewise.
        credential_mark: i64,
    },
    /// Okta will not have the user.
    Rejected {
        /// Why, in words that hold no value. Cut after 300 characters.
        reason: String,
    },
    /// The user was in Okta before and is left alone.
    Skipped {
        /// Okta's id.
        okta_id: String,
    },
    /// The call had no effect for sure. Back to planned; or, where an earlier call's effect is unknown, back to that.
    NotSent,
    /// A user who is in Okta was changed there.
    Updated {
        /// The login now.
        okta_login: String,
        /// Okta's status.
        status: String,
        /// How the user goes now.
        route: Route,
        /// The marks of what was sent, or needed no sending.
        profile_mark: i64,
        /// Likewise.
        credential_mark: i64,
    },
}

/// Notes what is sent and how it ended. Cheap to clone; all clones feed one task, which ends with the last of them.
#[derive(Clone)]
pub struct Journal {
    queue: mpsc::Sender<Entry>,
}

struct Entry {
    user: UserRef,
    what: What,
    done: oneshot::Sender<Result<(), LedgerError>>,
}

enum What {
    Claim(i64),
    Settle(Settled),
}

impl Ledger {
    /// A journal over this ledger. Needs a tokio runtime.
    pub fn journal(&self) -> Journal {
        let (queue, entries) = mpsc::channel(BATCH);
        tokio::spawn(keep(self.clone(), entries));
        Journal { queue }
    }
}

impl Journal {
    /// Notes that a user is about to be sent; durable when it returns, so that nothing is sent before. `at` is Okta's
    /// clock; where the effect of an earlier call is unknown, that call's time stays.
    ///
    /// [`LedgerError::AlreadySeeded`] and [`LedgerError::LoginTaken`] concern this user alone: nothing may be sent.
    pub async fn claim(&self, user: &UserRef, at: SystemTime) -> Result<(), LedgerError> {
        self.note(user, What::Claim(millis(at))).await
    }

    /// Notes how it ended; durable when it returns. Whoever signed in meanwhile stays verified or confirmed.
    pub async fn settle(&self, user: &UserRef, outcome: Settled) -> Result<(), LedgerError> {
        self.note(user, What::Settle(outcome)).await
    }

    /// An entry that waits is written even if the caller goes away.
    async fn note(&self, user: &UserRef, what: What) -> Result<(), LedgerError> {
        let (done, answer) = oneshot::channel();
        let gone = || LedgerError::Database("its journal has ended".to_owned());
        self.queue.send(Entry { user: user.clone(), what, done }).await.map_err(|_| gone())?;
        answer.await.unwrap_or_else(|_| Err(gone()))
    }
}

/// The task behind the queue.
async fn keep(ledger: Ledger, mut entries: mpsc::Receiver<Entry>) {
    let mut batch = Vec::with_capacity(BATCH);
    while entries.recv_many(&mut batch, BATCH).await > 0 {
        let answers = write_patiently(&ledger, &batch).await;
        for (n, entry) in batch.drain(..).enumerate() {
            let answer = match &answers {
                Ok(refused) => refused.get(&n).cloned().map_or(Ok(()), Err),
                Err(error) => Err(error.clone()),
            };
            // A caller who has gone away needs no answer.
            let _ = entry.done.send(answer);
        }
    }
}

/// Those who were refused, by their places in the batch.
type Refused = HashMap<usize, LedgerError>;

/// Tries again where the ledger may be back in a moment. What was written by a commit whose answer got lost is
/// written again to the same effect, but for the count of attempts, which then errs towards asking Okta once more.
async fn write_patiently(ledger: &Ledger, batch: &[Entry]) -> Result<Refused, LedgerError> {
    let until = Instant::now() + TRY_FOR;
    let mut pause = FIRST_PAUSE;
    loop {
        match write(ledger, batch).await {
            Err(LedgerError::Locked | LedgerError::Unreachable(_) | LedgerError::TimedOut(_))
                if Instant::now() + pause < until =>
            {
                sleep(pause).await;
                pause = (pause * 2).min(LAST_PAUSE);
            }
            result => return result,
        }
    }
}

#[derive(Serialize)]
struct ClaimRow<'a> {
    source: &'a str,
    user_key: &'a str,
    at: i64,
}

const CLAIM_COLUMNS: [(&str, &str); 3] = [("source", "text"), ("user_key", "text"), ("at", "bigint")];

#[derive(Default, Serialize)]
struct SettledRow<'a> {
    source: &'a str,
    user_key: &'a str,
    outcome: &'a str,
    okta_id: Option<&'a str>,
    status: Option<&'a str>,
    route: Option<&'a str>,
    profile_mark: Option<i64>,
    credential_mark: Option<i64>,
    login_key: Option<String>,
    reason: Option<String>,
}

const SETTLED_COLUMNS: [(&str, &str); 10] = [
    ("source", "text"),
    ("user_key", "text"),
    ("outcome", "text"),
    ("okta_id", "text"),
    ("status", "text"),
    ("route", "text"),
    ("profile_mark", "bigint"),
    ("credential_mark", "bigint"),
    ("login_key", "text"),
    ("reason", "text"),
];

/// The first attempt's time stays for as long as its effect is unknown. Whoever signed in already keeps their state.
fn claim_statement(store: &Store) -> String {
    format!(
        "UPDATE users SET attempt_at = COALESCE(users.attempt_at, rows.at), attempts = users.attempts + 1, \
         state = CASE WHEN users.state IN ('verified', 'confirmed') THEN users.state ELSE 'sending' END, \
         updated_at = $2 \
         FROM {} WHERE users.source = rows.source AND users.user_key = rows.user_key \
         AND (users.state IN ('planned', 'sending', 'rejected', 'skipped') OR users.attempt_at IS NOT NULL) \
         AND NOT EXISTS (SELECT 1 FROM users AS o WHERE o.okta_login_key = users.okta_login_key \
             AND NOT (o.source = users.source AND o.user_key = users.user_key) \
             AND (o.state IN ('sending', 'seeded', 'verified', 'confirmed') OR o.attempt_at IS NOT NULL)) \
         RETURNING users.source, users.user_key",
        store.rows_of(&CLAIM_COLUMNS)
    )
}

/// What is known from Okta or the hook by now is not undone: whoever signed in meanwhile stays where they are. The
/// last condition lets the same outcome be told twice.
fn settle_statement(store: &Store) -> String {
    format!(
        "UPDATE users SET \
         state = CASE \
             WHEN rows.outcome = 'updated' OR users.state IN ('verified', 'confirmed') THEN users.state \
             WHEN rows.outcome = 'not_sent' AND users.attempts > 1 THEN 'sending' \
             WHEN rows.outcome = 'not_sent' THEN 'planned' \
             WHEN rows.outcome IN ('arrived', 'attached') THEN 'seeded' \
             ELSE rows.outcome END, \
         attempt_at = CASE WHEN rows.outcome = 'updated' OR (rows.outcome = 'not_sent' AND users.attempts > 1) \
             THEN users.attempt_at END, \
         attempts = CASE WHEN rows.outcome = 'updated' THEN users.attempts \
             WHEN rows.outcome = 'not_sent' AND users.attempts > 1 THEN users.attempts - 1 ELSE 0 END, \
         existed = CASE WHEN rows.outcome IN ('attached', 'skipped') THEN 1 \
             WHEN rows.outcome IN ('seeded', 'arrived') THEN 0 ELSE users.existed END, \
         seeded_at = CASE WHEN rows.outcome IN ('seeded', 'arrived', 'attached') \
             THEN COALESCE(users.seeded_at, $2) ELSE users.seeded_at END, \
         okta_id = COALESCE(rows.okta_id, users.okta_id), \
         okta_status = COALESCE(rows.status, users.okta_status), \
         route = COALESCE(rows.route, users.route), \
         profile_mark = COALESCE(rows.profile_mark, users.profile_mark), \
         credential_mark = COALESCE(rows.credential_mark, users.credential_mark), \
         okta_login_key = COALESCE(rows.login_key, users.okta_login_key), \
         updated_at = $2 \
         FROM {} WHERE users.source = rows.source AND users.user_key = rows.user_key \
         AND CASE \
             WHEN rows.outcome = 'updated' THEN users.state IN ('seeded', 'verified', 'confirmed') \
             WHEN users.attempt_at IS NOT NULL THEN true \
             WHEN rows.outcome IN ('rejected', 'skipped', 'not_sent') \
                 THEN users.state IN ('planned', 'rejected', 'skipped') \
             ELSE users.okta_id = rows.okta_id END \
         RETURNING users.source, users.user_key",
        store.rows_of(&SETTLED_COLUMNS)
    )
}

fn events_statement(store: &Store) -> String {
    format!(
        "INSERT INTO events (at, source, user_key, kind, outcome, reason) \
         SELECT $2, source, user_key, 'seeding', outcome, reason FROM {} WHERE true",
        store.rows_of(&SETTLED_COLUMNS)
    )
}

/// Claims of all shards one after the other: each must see whose login the others have claimed.
fn one_claimer(store: &Store) -> &'static str {
    match store {
        // It writes under its lock anyway.
        Store::Sqlite { .. } => "SELECT 1",
        // The number is arbitrary, and nobody else's in this database.
        Store::Postgres { .. } => "SELECT pg_advisory_xact_lock(5419027311)",
    }
}

type Key<'a> = (&'a str, &'a str);

async fn write(ledger: &Ledger, batch: &[Entry]) -> Result<Refused, LedgerError> {
    ledger.store.still_there()?;
    let (claims, settled) = rows(ledger, batch);
    let (claims_json, settled_json) = (json(&claims)?, json(&settled)?);
    let (claimed, noted) =
        in_time(PATIENCE, transact(&ledger.store, &claims, &claims_json, &settled, &settled_json)).await?;
    let claimed: HashSet<Key<'_>> =
        claimed.iter().map(|(source, key)| (source.as_str(), key.as_str())).collect();
    let noted: HashSet<Key<'_>> = noted.iter().map(|(source, key)| (source.as_str(), key.as_str())).collect();
    let refused: Vec<(usize, &Entry)> = batch
        .iter()
        .enumerate()
        .filter(|(_, entry)| {
            let done = if matches!(entry.what, What::Claim(_)) { &claimed } else { &noted };
            !done.contains(&(&*entry.user.source, entry.user.key.as_str()))
        })
        .collect();
    explain(ledger, &refused).await
}

fn rows<'a>(ledger: &Ledger, batch: &'a [Entry]) -> (Vec<ClaimRow<'a>>, Vec<SettledRow<'a>>) {
    let (mut claims, mut settled) = (Vec::new(), Vec::new());
    for Entry { user, what, .. } in batch {
        let (source, user_key) = (&*user.source, user.key.as_str());
        match what {
            What::Claim(at) => claims.push(ClaimRow { source, user_key, at: *at }),
            What::Settle(outcome) => {
                settled.push(SettledRow { source, user_key, ..settled_row(ledger, outcome) });
            }
        }
    }
    // In the order of their keys, as every writer goes. The same user twice would be a mistake of the caller; the later
    // entry then counts.
    claims.sort_by(|a, b| (a.source, a.user_key).cmp(&(b.source, b.user_key)));
    claims.dedup_by(|a, b| (a.source, a.user_key) == (b.source, b.user_key));
    settled.reverse();
    settled.sort_by(|a, b| (a.source, a.user_key).cmp(&(b.source, b.user_key)));
    settled.dedup_by(|a, b| (a.source, a.user_key) == (b.source, b.user_key));
    (claims, settled)
}

fn settled_row<'a>(ledger: &Ledger, outcome: &'a Settled) -> SettledRow<'a> {
    let row = SettledRow::default();
    match outcome {
        Settled::Seeded { okta_id, status, route, profile_mark, credential_mark } => SettledRow {
            outcome: "seeded",
            okta_id: Some(okta_id),
            status: Some(status),
            route: Some(route.as_str()),
            profile_mark: Some(*profile_mark),
            credential_mark: Some(*credential_mark),
            ..row
        },
        Settled::Arrived { okta_id, status } => {
            SettledRow { outcome: "arrived", okta_id: Some(okta_id), status: Some(status), ..row }
        }
        Settled::Attached { okta_id, status, profile_mark, credential_mark } => SettledRow {
            outcome: "attached",
            okta_id: Some(okta_id),
            status: Some(status),
            route: Some(Route::Hook.as_str()),
            profile_mark: Some(*profile_mark),
            credential_mark: Some(*credential_mark),
            ..row
        },
        Settled::Rejected { reason } => {
            let reason = clean(reason).chars().take(REASON).collect();
            SettledRow { outcome: "rejected", reason: Some(reason), ..row }
        }
        Settled::Skipped { okta_id } => SettledRow { outcome: "skipped", okta_id: Some(okta_id), ..row },
        Settled::NotSent => SettledRow { outcome: "not_sent", ..row },
        Settled::Updated { okta_login, status, route, profile_mark, credential_mark } => SettledRow {
            outcome: "updated",
            status: Some(status),
            route: Some(route.as_str()),
            profile_mark: Some(*profile_mark),
            credential_mark: Some(*credential_mark),
            login_key: Some(ledger.key.okta_login(okta_login)),
            ..row
        },
    }
}

type Keys = Vec<(String, String)>;

async fn transact(
    store: &Store,
    claims: &[ClaimRow<'_>],
    claims_json: &str,
    settled: &[SettledRow<'_>],
    settled_json: &str,
) -> Result<(Keys, Keys), LedgerError> {
    let now = millis(SystemTime::now());
    let (claim, settle, events) = (claim_statement(store), settle_statement(store), events_statement(store));
    // The texts are built from constants alone.
    Ok(in_transaction!(store, tx => {
        let mut noted: Keys = Vec::new();
        if !settled.is_empty() {
            noted = sqlx::query_as(AssertSqlSafe(settle))
                .persistent(false)
                .bind(settled_json)
                .bind(now)
                .fetch_all(&mut *tx)
                .await?;
            let events_json = events_of(settled, &noted)?;
            sqlx::query(AssertSqlSafe(events)).bind(events_json).bind(now).execute(&mut *tx).await?;
        }
        let mut claimed: Keys = Vec::new();
        if !claims.is_empty() {
            sqlx::query(one_claimer(store)).execute(&mut *tx).await?;
            claimed = sqlx::query_as(AssertSqlSafe(claim))
                .persistent(false)
                .bind(claims_json)
                .bind(now)
                .fetch_all(&mut *tx)
                .await?;
        }
        (claimed, noted)
    }))
}

/// What goes into the list of what happened: outcomes that took effect, but for calls that had none.
fn events_of(settled: &[SettledRow<'_>], noted: &Keys) -> Result<String, LedgerError> {
    let noted: HashSet<Key<'_>> = noted.iter().map(|(source, key)| (source.as_str(), key.as_str())).collect();
    let events: Vec<&SettledRow<'_>> = settled
        .iter()
        .filter(|row| row.outcome != "not_sent" && noted.contains(&(row.source, row.user_key)))
        .collect();
    json(&events)
}

/// Why entries were refused.
async fn explain(ledger: &Ledger, refused: &[(usize, &Entry)]) -> Result<Refused, LedgerError> {
    if refused.is_empty() {
        return Ok(Refused::new());
    }
    let users: Vec<UserRef> = refused.iter().map(|(_, entry)| entry.user.clone()).collect();
    let states = ledger.states(&users).await?;
    let reason = |entry: &Entry, state: Option<State>, unfinished: bool| match (&entry.what, state) {
        (_, None) => LedgerError::NotPlanned,
        (What::Claim(_), Some(state)) if state.is_in_okta() && !unfinished => {
            LedgerError::AlreadySeeded(state)
        }
        (What::Claim(_), Some(_)) => LedgerError::LoginTaken,
        (What::Settle(_), Some(state)) => LedgerError::NotClaimed(state),
    };
    let reasons = refused.iter().zip(states).map(|((n, entry), state)| {
        let unfinished = state.as_ref().is_some_and(|state| state.unfinished.is_some());
        (*n, reason(entry, state.map(|state| state.state), unfinished))
    });
    Ok(reasons.collect())
}

#[cfg(test)]
mod tests {
    use super::super::store::testing::plan_of;
    use super::*;

    #[tokio::test]
    async fn claims_and_outcomes_are_found_by_their_indexes() {
        let store = Store::open("sqlite::memory:").await.unwrap();
        for statement in [claim_statement(&store), settle_statement(&store)] {
            let lines = plan_of(&statement).await;
            assert!(lines.iter().any(|line| line.contains("(source=? AND user_key=?)")), "{lines:?}");
            assert!(!lines.iter().any(|line| line.starts_with("SCAN")), "{lines:?}");
        }
    }

    #[tokio::test]
    async fn an_entry_is_written_even_if_its_caller_goes_away_and_the_task_ends_with_the_last_clone() {
        let ledger = Ledger::open("sqlite::memory:", None).await.unwrap();
        let planned = super::super::PlannedUser {
            source: "shop",
            user_id: "1",
            login: None,
            route: Route::Hook,
            scheme: None,
        };
        ledger.plan(&[planned]).await.unwrap();
        let user = ledger.user_ref(&"shop".into(), "1");
        let (queue, entries) = mpsc::channel(BATCH);
        let journal = Journal { queue };
        let mut claim = Box::pin(journal.claim(&user, SystemTime::now()));
        assert!(futures_util::poll!(&mut claim).is_pending());
        drop(claim);
        drop(journal);
        keep(ledger.clone(), entries).await;
        assert_eq!(ledger.states(&[user]).await.unwrap()[0].as_ref().unwrap().state, State::Sending);
    }
}
