//! What Okta tells of users: that it has a password now, and how they stand there. Told any number of times and in any
//! order; a SUCCESS is the end state, and nothing that comes later undoes it.

use std::collections::{BTreeMap, HashMap};
use std::time::SystemTime;

use serde::Serialize;
use sqlx::AssertSqlSafe;

use super::store::{Store, in_transaction};
use super::write::{clean, json, millis};
use super::{Ledger, LedgerError, PATIENCE, State, in_time};

/// Arrivals, or users, in one transaction.
const BATCH: usize = 10_000;

/// Okta says that a password has arrived, or has not: `user.import.password` of its System Log.
#[derive(Clone, Copy, Debug)]
pub struct Arrival<'a> {
    /// Okta's id of the user.
    pub okta_id: Option<&'a str>,
    /// The login in Okta, in plain; only its keyed hash is compared.
    pub login: Option<&'a str>,
    /// SUCCESS, and nothing else.
    pub success: bool,
    /// When it was published.
    pub at: SystemTime,
    /// Okta's id of the event.
    pub event: &'a str,
}

/// What became of arrivals.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Confirmed {
    /// Users who are confirmed now and were not before.
    pub changed: u64,
    /// Arrivals of users whom the ledger knows.
    pub known: u64,
    /// Arrivals of others.
    pub unknown: u64,
}

/// A user as Okta's list of users has them.
#[derive(Clone, Copy, Debug)]
pub struct Observed<'a> {
    /// Okta's id.
    pub okta_id: &'a str,
    /// `ACTIVE`, `STAGED` …
    pub status: &'a str,
    /// The last sign-in, if ever.
    pub last_login: Option<SystemTime>,
}

#[derive(Serialize)]
struct AskedRow<'a> {
    n: i64,
    okta_id: Option<&'a str>,
    login_key: Option<String>,
}

const ASKED: [(&str, &str); 3] = [("n", "bigint"), ("okta_id", "text"), ("login_key", "text")];

#[derive(Serialize)]
struct ConfirmedRow<'a> {
    source: &'a str,
    user_key: &'a str,
    okta_id: Option<&'a str>,
    at: i64,
}

const CONFIRMED: [(&str, &str); 4] =
    [("source", "text"), ("user_key", "text"), ("okta_id", "text"), ("at", "bigint")];

#[derive(Serialize)]
struct ObservedRow<'a> {
    okta_id: &'a str,
    status: String,
    last_login: Option<i64>,
}

const OBSERVED: [(&str, &str); 3] = [("okta_id", "text"), ("status", "text"), ("last_login", "bigint")];

/// By id, and by login where the ledger or Okta has no id. Whoever was never sent is nobody here: a login that some row
/// of a store would have says nothing of whose password Okta has.
const FOUND_BY_ID: &str =
    "SELECT rows.n, u.source, u.user_key, u.state FROM {rows} JOIN users AS u ON u.okta_id = rows.okta_id";
const FOUND_BY_LOGIN: &str = "SELECT rows.n, u.source, u.user_key, u.state \
    FROM {rows} JOIN users AS u ON u.okta_login_key = rows.login_key \
    WHERE (u.okta_id IS NULL OR rows.okta_id IS NULL) \
    AND (u.state IN ('sending', 'seeded', 'verified', 'confirmed') OR u.attempt_at IS NOT NULL)";

type Found = (i64, String, String, String);

impl Ledger {
    /// Moves users to confirmed whose password Okta has: by Okta's id, else by the login that was sent. Changes
    /// nobody who was never sent, nor who was left alone because they were in Okta before.
    pub async fn confirm(&self, arrivals: &[Arrival<'_>]) -> Result<Confirmed, LedgerError> {
        self.store.still_there()?;
        let mut confirmed = Confirmed::default();
        for batch in arrivals.chunks(BATCH) {
            let of_batch = in_time(PATIENCE, self.confirm_batch(batch)).await?;
            confirmed.changed += of_batch.changed;
            confirmed.known += of_batch.known;
            confirmed.unknown += of_batch.unknown;
        }
        Ok(confirmed)
    }

    async fn confirm_batch(&self, arrivals: &[Arrival<'_>]) -> Result<Confirmed, LedgerError> {
        let asked = arrivals.iter().zip(0..).map(|(arrival, n)| AskedRow {
            n,
            okta_id: arrival.okta_id.filter(|id| !id.contains('\0')),
            login_key: arrival.login.map(|login| self.key.okta_login(login)),
        });
        let asked = json(&asked.collect::<Vec<_>>())?;
        let rows = self.store.rows_of(&ASKED);
        let by_id = FOUND_BY_ID.replace("{rows}", &rows);
        let by_login = FOUND_BY_LOGIN.replace("{rows}", &rows);
        let update = format!(
            "UPDATE users SET state = 'confirmed', confirmed_at = rows.at, updated_at = $2, \
             okta_id = COALESCE(users.okta_id, rows.okta_id) \
             FROM {} WHERE users.source = rows.source AND users.user_key = rows.user_key \
             AND users.state IN ('sending', 'seeded', 'verified') RETURNING users.source, users.user_key",
            self.store.rows_of(&CONFIRMED)
        );
        let events = format!(
            "INSERT INTO events (at, source, user_key, kind, outcome) \
             SELECT at, source, user_key, 'confirmation', 'success' FROM {} WHERE true",
            self.store.rows_of(&CONFIRMED)
        );
        let now = millis(SystemTime::now());
        // The texts are built from constants alone.
        Ok(in_transaction!(&self.store, tx => {
            let mut found: Vec<Found> = sqlx::query_as(AssertSqlSafe(by_id))
                .persistent(false)
                .bind(&asked)
                .fetch_all(&mut *tx)
                .await?;
            let logins: Vec<Found> = sqlx::query_as(AssertSqlSafe(by_login))
                .persistent(false)
                .bind(&asked)
                .fetch_all(&mut *tx)
                .await?;
            found.extend(logins);
            let (rows, known) = to_confirm(arrivals, &found)?;
            let mut changed = 0;
            if !rows.is_empty() {
                let rows_json = json(&rows.values().collect::<Vec<_>>())?;
                let moved: Vec<(String, String)> = sqlx::query_as(AssertSqlSafe(update))
                    .persistent(false)
                    .bind(rows_json)
                    .bind(now)
                    .fetch_all(&mut *tx)
                    .await?;
                changed = moved.len() as u64;
                let moved: Vec<_> =
                    moved.iter().filter_map(|(source, key)| rows.get(&(source.as_str(), key.as_str()))).collect();
                // Once for each user, so that the list is bounded by the users whatever Okta repeats.
                sqlx::query(AssertSqlSafe(events)).bind(json(&moved)?).execute(&mut *tx).await?;
            }
            Confirmed { changed, known, unknown: arrivals.len() as u64 - known }
        }))
    }

    /// Notes how users stand in Okta. Gives how many were noted anew; users whom this ledger does not know are left
    /// out. Times of sign-in only go forward.
    pub async fn observe(&self, users: &[Observed<'_>]) -> Result<u64, LedgerError> {
        self.store.still_there()?;
        let statement = format!(
            "UPDATE users SET okta_status = rows.status, updated_at = $2, \
             okta_last_login = CASE WHEN rows.last_login IS NULL OR users.okta_last_login > rows.last_login \
                 THEN users.okta_last_login ELSE rows.last_login END \
             FROM {} WHERE users.okta_id = rows.okta_id AND (users.okta_status IS NULL \
             OR users.okta_status <> rows.status OR users.okta_last_login < rows.last_login \
             OR (users.okta_last_login IS NULL AND rows.last_login IS NOT NULL))",
            self.store.rows_of(&OBSERVED)
        );
        let mut changed = 0;
        for batch in users.chunks(BATCH) {
            let rows: BTreeMap<&str, ObservedRow<'_>> = batch
                .iter()
                .filter(|user| !user.okta_id.contains('\0'))
                .map(|user| {
                    let last_login = user.last_login.map(millis);
                    (
                        user.okta_id,
                        ObservedRow { okta_id: user.okta_id, status: clean(user.status), last_login },
                    )
                })
                .collect();
            let rows = json(&rows.values().collect::<Vec<_>>())?;
            changed += in_time(PATIENCE, write(&self.store, &statement, &rows)).await?;
        }
        Ok(changed)
    }
}

/// Users to confirm, by source and key.
type ToConfirm<'a> = BTreeMap<(&'a str, &'a str), ConfirmedRow<'a>>;

/// Whom to confirm, each once, and how many arrivals are of users whom the ledger knows.
fn to_confirm<'a>(arrivals: &[Arrival<'a>], found: &'a [Found]) -> Result<(ToConfirm<'a>, u64), LedgerError> {
    // Those by id come first; whoever was found so is not looked for by login.
    let mut of_arrival: HashMap<i64, &Found> = HashMap::with_capacity(found.len());
    for found in found {
        of_arrival.entry(found.0).or_insert(found);
    }
    let mut rows = BTreeMap::new();
    for (n, (_, source, key, state)) in &of_arrival {
        let arrival = usize::try_from(*n).ok().and_then(|n| arrivals.get(n));
        let Some(arrival) = arrival.filter(|arrival| arrival.success) else { continue };
        if matches!(State::parse(state)?, State::Sending | State::Seeded | State::Verified) {
            let row = ConfirmedRow {
                source,
                user_key: key,
                okta_id: arrival.okta_id.filter(|id| !id.contains('\0')),
                at: millis(arrival.at),
            };
            let earliest: &mut ConfirmedRow<'_> = rows.entry((source.as_str(), key.as_str())).or_insert(row);
            earliest.at = earliest.at.min(millis(arrival.at));
        }
    }
    Ok((rows, of_arrival.len() as u64))
}

async fn write(store: &Store, statement: &str, rows: &str) -> Result<u64, LedgerError> {
    let now = millis(SystemTime::now());
    Ok(in_transaction!(store, tx => {
        // The text is built from constants alone.
        sqlx::query(AssertSqlSafe(statement))
            .persistent(false)
            .bind(rows)
            .bind(now)
            .execute(&mut *tx)
            .await?
            .rows_affected()
    }))
}
