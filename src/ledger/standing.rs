//! Planning an import: where each user of a batch stands, and noting those as planned who are to be sent. One question
//! and at most one write for a batch; a batch in which nothing is new writes nothing.
//!
//! What is read here decides what is sent, but only [`super::Journal::claim`] gives leave to send it.

use std::collections::HashMap;
use std::time::SystemTime;

use serde::Serialize;
use sqlx::AssertSqlSafe;

use super::marker::comparable;
use super::pass::time;
use super::store::{Store, in_transaction, on_pool};
use super::write::{clean, json, millis};
use super::{Ledger, LedgerError, PATIENCE, Pass, Route, State, UserRef, in_time};

/// Users in one question.
const BATCH: usize = 10_000;

/// A user who may have to be sent.
#[derive(Clone, Copy, Debug)]
pub struct Candidate<'a> {
    /// Who.
    pub user: &'a UserRef,
    /// The login in Okta, in plain; only its keyed hash is kept.
    pub okta_login: &'a str,
    /// How the user would go.
    pub route: Route,
    /// The scheme of the stored value.
    pub scheme: &'a str,
    /// [`super::Marker::profile`] of what would be sent.
    pub profile_mark: i64,
    /// [`super::Marker::credential`] of what would be sent.
    pub credential_mark: i64,
}

/// Where a user stands, for an import.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Never sent, or without success: to be sent.
    New,
    /// A call was begun, and its effect is not known: to be looked up by login before anything is sent. Also of users
    /// who were verified or confirmed meanwhile: they are in Okta, but what follows a creation may be missing.
    Unfinished {
        /// When the first such call began, by Okta's clock.
        since: SystemTime,
    },
    /// The same, but under another login than the user has now. A look-up by the new login says nothing of whether
    /// the call had an effect, so nothing may be sent. To be told as a reject; it mends itself when the store gives
    /// the earlier login for one run.
    Renamed {
        /// When the first such call began, by Okta's clock.
        since: SystemTime,
    },
    /// Nothing to do.
    Settled {
        /// Where the user stands.
        state: State,
    },
    /// In Okta, and the row says something else now.
    Changed {
        /// Okta's id.
        okta_id: String,
        /// Where the user stands.
        state: State,
        /// How the user went.
        route: Route,
        /// Whether the profile, or the login, is another. Never of users who were in Okta before.
        profile: bool,
        /// Whether what the password is verified with is another. Never once Okta has the password.
        credential: bool,
    },
    /// Was in Okta before, and was left alone.
    Skipped,
    /// Another user of this ledger has this login in Okta, or is about to.
    LoginTaken,
}

/// A candidate as the statements see it.
#[derive(Serialize)]
struct Asked<'a> {
    n: i64,
    source: &'a str,
    user_key: &'a str,
    login_key: &'a str,
}

const ASKED: [(&str, &str); 4] =
    [("n", "bigint"), ("source", "text"), ("user_key", "text"), ("login_key", "text")];

#[derive(Serialize)]
struct Noted<'a> {
    source: &'a str,
    user_key: &'a str,
    login_key: &'a str,
    route: &'a str,
    scheme: String,
    profile_mark: i64,
    /// None: as it is.
    credential_mark: Option<i64>,
    /// None: only what is not known yet is filled in.
    pass: Option<i64>,
}

const NOTED: [(&str, &str); 8] = [
    ("source", "text"),
    ("user_key", "text"),
    ("login_key", "text"),
    ("route", "text"),
    ("scheme", "text"),
    ("profile_mark", "bigint"),
    ("credential_mark", "bigint"),
    ("pass", "bigint"),
];

/// Whoever is planned anew, or goes without an effect so far, takes everything from the row; whoever is further gets
/// only what is not known yet. The hook may have moved somebody since the question, so the state is looked at again.
const NOTE: &str = "\
    ON CONFLICT (source, user_key) DO UPDATE SET \
    route = CASE WHEN excluded.pass IS NULL THEN users.route ELSE excluded.route END, \
    state = CASE WHEN excluded.pass IS NULL THEN users.state ELSE excluded.state END, \
    scheme = CASE WHEN excluded.pass IS NULL THEN COALESCE(users.scheme, excluded.scheme) ELSE excluded.scheme END, \
    okta_login_key = CASE WHEN excluded.pass IS NULL THEN COALESCE(users.okta_login_key, excluded.okta_login_key) \
        ELSE excluded.okta_login_key END, \
    profile_mark = CASE WHEN excluded.pass IS NULL THEN COALESCE(users.profile_mark, excluded.profile_mark) \
        ELSE excluded.profile_mark END, \
    credential_mark = COALESCE(excluded.credential_mark, users.credential_mark), \
    pass = COALESCE(excluded.pass, users.pass), \
    updated_at = excluded.updated_at \
    WHERE excluded.pass IS NULL OR (users.state IN ('planned', 'rejected') AND users.attempt_at IS NULL)";

/// What the ledger has of a candidate.
type Row = (
    i64,            // n
    Option<String>, // state
    Option<String>, // route
    Option<String>, // okta_id
    Option<String>, // okta_login_key
    Option<i64>,    // attempt_at
    Option<i64>,    // profile_mark
    Option<i64>,    // credential_mark
    Option<String>, // scheme
    Option<i64>,    // pass
    Option<i64>,    // existed
    i64,            // whether the login is taken
);

impl Ledger {
    /// Where each stands, in the order in which they are given. Notes the new ones as planned in this pass, and fills
    /// in marks and logins where the ledger has none yet.
    pub async fn plan_pass(
        &self,
        pass: &Pass,
        users: &[Candidate<'_>],
    ) -> Result<Vec<Standing>, LedgerError> {
        self.store.still_there()?;
        let mut standings = Vec::with_capacity(users.len());
        for batch in users.chunks(BATCH) {
            let (found, notes) = self.judge(batch, Some(pass.number)).await?;
            if !notes.is_empty() {
                in_time(PATIENCE, write(&self.store, &notes)).await?;
            }
            standings.extend(found);
        }
        Ok(standings)
    }

    /// The same without writing anything: for a dry run.
    pub async fn look(&self, users: &[Candidate<'_>]) -> Result<Vec<Standing>, LedgerError> {
        let mut standings = Vec::with_capacity(users.len());
        for batch in users.chunks(BATCH) {
            standings.extend(self.judge(batch, None).await?.0);
        }
        Ok(standings)
    }

    /// Where each stands, and what is to be written, as JSON; nothing where that is empty.
    async fn judge(
        &self,
        users: &[Candidate<'_>],
        pass: Option<i64>,
    ) -> Result<(Vec<Standing>, String), LedgerError> {
        let logins: Vec<String> = users.iter().map(|user| self.key.okta_login(user.okta_login)).collect();
        let asked = users.iter().zip(&logins).zip(0..).map(|((candidate, login_key), n)| Asked {
            n,
            source: &candidate.user.source,
            user_key: &candidate.user.key,
            login_key,
        });
        let asked = json(&asked.collect::<Vec<_>>())?;
        let rows = in_time(PATIENCE, read(&self.store, &asked, pass)).await?;
        let mut standings = Vec::with_capacity(users.len());
        let mut notes = Vec::new();
        // Who has which login in this batch: the ledger does not know of them yet.
        let mut holders: HashMap<&str, &UserRef> = HashMap::with_capacity(users.len());
        for ((candidate, login_key), row) in users.iter().zip(&logins).zip(rows) {
            let held = holders.get(login_key.as_str()).is_some_and(|holder| *holder != candidate.user);
            let (standing, note) = stand(candidate, login_key, &row, held, pass)?;
            if !matches!(standing, Standing::LoginTaken | Standing::Skipped | Standing::Renamed { .. }) {
                holders.insert(login_key, candidate.user);
            }
            standings.push(standing);
            notes.extend(note);
        }
        if notes.is_empty() {
            return Ok((standings, String::new()));
        }
        // In the order of their keys, so that shards and replicas cannot wait for each other in a circle; one for each
        // user, since a statement may touch no row twice.
        notes.sort_by(|a, b| (a.source, a.user_key).cmp(&(b.source, b.user_key)));
        notes.dedup_by(|a, b| (a.source, a.user_key) == (b.source, b.user_key));
        Ok((standings, json(&notes)?))
    }
}

/// One candidate, and what the ledger is to note of it.
fn stand<'a>(
    candidate: &Candidate<'a>,
    login_key: &'a str,
    row: &Row,
    held: bool,
    pass: Option<i64>,
) -> Result<(Standing, Option<Noted<'a>>), LedgerError> {
    let (
        _,
        state,
        route,
        okta_id,
        kept_login,
        attempt_at,
        profile,
        credential,
        scheme,
        in_pass,
        existed,
        taken,
    ) = row;
    let note = |credential_mark, pass| Noted {
        source: &candidate.user.source,
        user_key: &candidate.user.key,
        login_key,
        route: candidate.route.as_str(),
        scheme: clean(candidate.scheme),
        profile_mark: candidate.profile_mark,
        credential_mark,
        pass,
    };
    let state = state.as_deref().map(State::parse).transpose()?;
    let renamed = kept_login.as_deref().is_some_and(|kept| kept != login_key);
    if let Some(since) = attempt_at.map(time) {
        return Ok((
            if renamed { Standing::Renamed { since } } else { Standing::Unfinished { since } },
            None,
        ));
    }
    let state = match state {
        None | Some(State::Planned | State::Sending | State::Rejected) => {
            if *taken > 0 || held {
                return Ok((Standing::LoginTaken, None));
            }
            let known = state == Some(State::Planned)
                && *in_pass == pass
                && route.as_deref() == Some(candidate.route.as_str())
                && scheme.as_deref() == Some(candidate.scheme)
                && kept_login.as_deref() == Some(login_key)
                && *profile == Some(candidate.profile_mark)
                && *credential == Some(candidate.credential_mark);
            let note = (!known).then(|| note(Some(candidate.credential_mark), pass));
            return Ok((Standing::New, note));
        }
        Some(State::Skipped) => return Ok((Standing::Skipped, None)),
        Some(state) => state,
    };
    let credential = credential.filter(|mark| comparable(*mark, candidate.credential_mark));
    let credential_changed =
        state == State::Seeded && credential.is_some_and(|mark| mark != candidate.credential_mark);
    let profile_changed =
        *existed != Some(1) && (renamed || profile.is_some_and(|mark| mark != candidate.profile_mark));
    let fill_credential =
        (credential.is_none() && state == State::Seeded).then_some(candidate.credential_mark);
    let fill = fill_credential.is_some() || profile.is_none() || kept_login.is_none();
    let note = fill.then(|| note(fill_credential, None));
    let standing = match okta_id {
        Some(okta_id) if profile_changed || credential_changed => Standing::Changed {
            okta_id: okta_id.clone(),
            state,
            route: route.as_deref().map_or(Ok(candidate.route), Route::parse)?,
            profile: profile_changed,
            credential: credential_changed,
        },
        // Without an id there is nobody to change.
        _ => Standing::Settled { state },
    };
    Ok((standing, note))
}

async fn read(store: &Store, asked: &str, pass: Option<i64>) -> Result<Vec<Row>, LedgerError> {
    let question = question(store);
    let mut rows: Vec<Row> = on_pool!(store, pool => {
        // The text is built from constants alone. Planned each time: what a server planned while the table was empty
        // would be slow when it is full.
        sqlx::query_as(AssertSqlSafe(question))
            .persistent(false)
            .bind(asked)
            .bind(pass.unwrap_or(-1))
            .fetch_all(pool)
            .await?
    });
    rows.sort_unstable_by_key(|row| row.0);
    Ok(rows)
}

/// Asks for the standing of a batch: by source and key, and whether the login is somebody else's.
fn question(store: &Store) -> String {
    format!(
        "SELECT rows.n, u.state, u.route, u.okta_id, u.okta_login_key, u.attempt_at, u.profile_mark, \
         u.credential_mark, u.scheme, u.pass, u.existed, CAST(CASE WHEN EXISTS (\
             SELECT 1 FROM users AS o WHERE o.okta_login_key = rows.login_key \
             AND NOT (o.source = rows.source AND o.user_key = rows.user_key) \
             AND (o.state IN ('sending', 'seeded', 'verified', 'confirmed') OR o.attempt_at IS NOT NULL \
                  OR (o.state = 'planned' AND o.pass = $2))\
         ) THEN 1 ELSE 0 END AS BIGINT) \
         FROM {} LEFT JOIN users AS u ON u.source = rows.source AND u.user_key = rows.user_key",
        store.rows_of(&ASKED)
    )
}

async fn write(store: &Store, notes: &str) -> Result<(), LedgerError> {
    let statement = format!(
        "INSERT INTO users (source, user_key, route, state, scheme, okta_login_key, profile_mark, credential_mark, \
         pass, updated_at) \
         SELECT source, user_key, route, 'planned', scheme, login_key, profile_mark, credential_mark, pass, $2 \
         FROM {} WHERE true {NOTE}",
        store.rows_of(&NOTED)
    );
    let now = millis(SystemTime::now());
    in_transaction!(store, tx => {
        // The text is built from constants alone.
        sqlx::query(AssertSqlSafe(statement)).bind(notes).bind(now).execute(&mut *tx).await?;
    });
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::store::testing::plan_of;
    use super::*;

    #[tokio::test]
    async fn a_batch_is_found_by_its_indexes_however_many_users_there_are() {
        let store = Store::open("sqlite::memory:").await.unwrap();
        let lines = plan_of(&question(&store)).await;
        let search = |text: &str| lines.iter().any(|line| line.starts_with("SEARCH") && line.contains(text));
        assert!(search("u USING INDEX sqlite_autoindex_users_1 (source=? AND user_key=?)"), "{lines:?}");
        assert!(search("o USING INDEX users_okta_login (okta_login_key=?)"), "{lines:?}");
        assert!(!lines.iter().any(|line| line.starts_with("SCAN")), "{lines:?}");
    }
}
