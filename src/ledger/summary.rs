//! What `keyferry status` shows: counts, never anything about one person.

use std::collections::BTreeMap;
use std::time::SystemTime;

use serde::{Serialize, Serializer};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::pass::Kept;
use super::proof::Mapping;
use super::store::{Store, on_pool};
use super::write::millis;
use super::{Ledger, LedgerError, SUMMARY, in_time};

/// How far the migration is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Summary {
    /// Users by source, route and state.
    pub users: Vec<UserCount>,
    /// Users who are in Okta by way of this ledger.
    pub seeded: Vec<SeededCount>,
    /// Imports that have begun a pass over the users and not ended it.
    pub passes: Vec<PassUnderWay>,
    /// Users for whom a call was begun whose effect is not known; the next import looks them up.
    pub unfinished: u64,
    /// Password resets.
    pub resets: Resets,
    /// Users of whom the legacy store was cleaned.
    pub cleaned: u64,
    /// Users whose rollback was begun and has not ended.
    pub rolling_back: u64,
    /// By source and scheme.
    pub schemes: Vec<SchemeCount>,
    /// Decisions of the hook.
    pub decisions: Decisions,
}

/// Where all users stand, and what is under way: the part of a summary that is asked for again and again.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// Users by source, route and state.
    pub users: Vec<UserCount>,
    /// Imports that have begun a pass over the users and not ended it.
    pub passes: Vec<PassUnderWay>,
    /// Users for whom a call was begun whose effect is not known.
    pub unfinished: u64,
}

/// Users of one source who go one way and stand at one point.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct UserCount {
    /// The source.
    pub source: String,
    /// `hash` or `hook`.
    pub route: String,
    /// `planned`, `sending`, `seeded`, `rejected`, `skipped`, `verified` or `confirmed`.
    pub state: String,
    /// How many.
    pub users: u64,
}

/// Users of one source and scheme who are in Okta and stand at one point.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SeededCount {
    /// The source.
    pub source: String,
    /// `hash` or `hook`.
    pub route: String,
    /// The scheme of the stored value, where it is known.
    pub scheme: Option<String>,
    /// `seeded`, `verified` or `confirmed`.
    pub state: String,
    /// How many.
    pub users: u64,
}

/// A pass that was begun and has not ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PassUnderWay {
    /// Over which part of the users: `0/1` is the whole.
    pub shard: String,
    /// Which one.
    pub number: i64,
    /// When it was begun, in milliseconds since 1970; RFC 3339 in JSON.
    #[serde(serialize_with = "rfc3339")]
    pub begun_at: Option<i64>,
}

/// Password resets by how far they are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Resets {
    /// Okta was about to be asked, and the answer is not known.
    pub started: u64,
    /// Okta has sent the mail.
    pub done: u64,
}

/// One scheme of one source.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct SchemeCount {
    /// The source; none where no source knew the user.
    pub source: Option<String>,
    /// The scheme; none where no stored value was recognised.
    pub scheme: Option<String>,
    /// Users whose password was verified at least once.
    pub verified_users: u64,
    /// Decisions: verified.
    pub verified: u64,
    /// Different users who were rejected for a wrong password.
    pub wrong_password_users: u64,
    /// Whether the mapping is right, by all sign-ins so far; none where there is no source or no scheme.
    pub mapping: Option<Mapping>,
    /// Decisions: rejected or unavailable, by reason.
    pub not_verified: Vec<OutcomeCount>,
}

/// Decisions of one outcome and reason.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct OutcomeCount {
    /// `rejected` or `unavailable`.
    pub outcome: String,
    /// `wrong password`, `unreadable hash`, `source down` …
    pub reason: String,
    /// How many.
    pub decisions: u64,
}

/// Decisions over time.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Decisions {
    /// In the last 60 minutes.
    pub last_hour: Outcomes,
    /// In the last 24 hours.
    pub last_day: Outcomes,
    /// Since the ledger was begun.
    pub total: Outcomes,
    /// The first one, in milliseconds since 1970; RFC 3339 in JSON.
    #[serde(serialize_with = "rfc3339")]
    pub first_at: Option<i64>,
    /// The last one, likewise.
    #[serde(serialize_with = "rfc3339")]
    pub last_at: Option<i64>,
}

/// Decisions by outcome.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Outcomes {
    /// The password was right.
    pub verified: u64,
    /// It was not, or nothing could be verified for this user.
    pub rejected: u64,
    /// No decision could be made; Okta was asked to try again.
    pub unavailable: u64,
}

impl Outcomes {
    /// All of them.
    pub fn sum(self) -> u64 {
        self.verified + self.rejected + self.unavailable
    }

    pub(super) fn add(&mut self, outcome: &str, count: u64) {
        match outcome {
            "verified" => self.verified += count,
            "rejected" => self.rejected += count,
            _ => self.unavailable += count,
        }
    }
}

/// A time of the ledger as RFC 3339, to the second, in UTC.
pub fn rfc3339_text(millis: i64) -> Option<String> {
    OffsetDateTime::from_unix_timestamp(millis.div_euclid(1000)).ok()?.format(&Rfc3339).ok()
}

#[expect(clippy::ref_option, reason = "serde calls it with a reference to the field")]
fn rfc3339<S: Serializer>(millis: &Option<i64>, serializer: S) -> Result<S::Ok, S::Error> {
    millis.and_then(rfc3339_text).serialize(serializer)
}

type Group = (Option<String>, Option<String>, String, Option<String>, i64, i64, i64, i64, i64);

impl Ledger {
    /// Users who are in Okta by way of this ledger: by source, route, scheme and state.
    pub async fn seeded_counts(&self) -> Result<Vec<SeededCount>, LedgerError> {
        let groups = in_time(SUMMARY, user_groups(&self.store)).await?;
        Ok(seeded(&groups))
    }

    /// Where all users stand. One walk over the users' table: about a second for a million.
    pub async fn progress(&self) -> Result<Progress, LedgerError> {
        in_time(SUMMARY, async {
            let groups = user_groups(&self.store).await?;
            let unfinished = groups.iter().map(|group| count(group.unfinished)).sum();
            Ok(Progress { users: users(&groups), passes: passes(&self.store).await?, unfinished })
        })
        .await
    }
}

/// Users of one source, route, scheme and state: what is asked of all users in one go, since there may be millions.
struct UserGroup {
    source: String,
    route: String,
    scheme: Option<String>,
    state: String,
    users: i64,
    verified: i64,
    unfinished: i64,
    resets_started: i64,
    resets_done: i64,
    cleaned: i64,
    rolling_back: i64,
}

type UserGroupRow = (String, String, Option<String>, String, i64, i64, i64, i64, i64, i64, i64);

async fn user_groups(store: &Store) -> Result<Vec<UserGroup>, LedgerError> {
    let groups: Vec<UserGroupRow> = on_pool!(store, pool => {
        sqlx::query_as(
            "SELECT source, route, scheme, state, count(*) AS users, \
             count(CASE WHEN verified > 0 OR state = 'confirmed' THEN 1 END) AS verified, \
             count(attempt_at) AS unfinished, \
             count(CASE WHEN reset_step = 'started' THEN 1 END) AS resets_started, \
             count(CASE WHEN reset_step = 'done' THEN 1 END) AS resets_done, \
             count(cleaned_at) AS cleaned, count(roll_back_step) AS rolling_back \
             FROM users GROUP BY source, route, scheme, state ORDER BY source, route, scheme, state",
        )
        .fetch_all(pool)
        .await?
    });
    let group = |row: UserGroupRow| {
        let (source, route, scheme, state, users, verified, unfinished, started, done, cleaned, rolling_back) =
            row;
        UserGroup {
            source,
            route,
            scheme,
            state,
            users,
            verified,
            unfinished,
            resets_started: started,
            resets_done: done,
            cleaned,
            rolling_back,
        }
    };
    Ok(groups.into_iter().map(group).collect())
}

fn seeded(groups: &[UserGroup]) -> Vec<SeededCount> {
    groups
        .iter()
        .filter(|group| matches!(group.state.as_str(), "seeded" | "verified" | "confirmed"))
        .map(|group| SeededCount {
            source: group.source.clone(),
            route: group.route.clone(),
            scheme: group.scheme.clone(),
            state: group.state.clone(),
            users: count(group.users),
        })
        .collect()
}

fn users(groups: &[UserGroup]) -> Vec<UserCount> {
    let mut users: BTreeMap<(&str, &str, &str), u64> = BTreeMap::new();
    for group in groups {
        *users.entry((&group.source, &group.route, &group.state)).or_default() += count(group.users);
    }
    users
        .into_iter()
        .map(|((source, route, state), users)| UserCount {
            source: source.to_owned(),
            route: route.to_owned(),
            state: state.to_owned(),
            users,
        })
        .collect()
}

async fn passes(store: &Store) -> Result<Vec<PassUnderWay>, LedgerError> {
    let passes: Vec<(String, String)> = on_pool!(store, pool => {
        sqlx::query_as("SELECT key, value FROM meta WHERE key LIKE 'pass:%'").fetch_all(pool).await?
    });
    let mut passes: Vec<PassUnderWay> = passes
        .into_iter()
        .filter_map(|(key, kept)| {
            let kept: Kept = serde_json::from_str(&kept).ok()?;
            let shard = key.strip_prefix("pass:")?.to_owned();
            Some(PassUnderWay { shard, number: kept.number, begun_at: Some(kept.begun) })
        })
        .collect();
    passes.sort_by_key(|pass| pass.number);
    Ok(passes)
}

/// All questions in one transaction would see one moment; the counts of a moment ago do no harm, so each question is
/// asked by itself.
pub(super) async fn read(store: &Store, now: SystemTime) -> Result<Summary, LedgerError> {
    let now = millis(now);
    in_time(SUMMARY, async {
        let of_users = user_groups(store).await?;
        let passes = passes(store).await?;
        let groups: Vec<Group> = on_pool!(store, pool => {
            sqlx::query_as(
                "SELECT source, scheme, outcome, reason, count(*), min(at), max(at), \
                 SUM(CASE WHEN at > $1 THEN 1 ELSE 0 END), SUM(CASE WHEN at > $2 THEN 1 ELSE 0 END) \
                 FROM events WHERE kind = 'decision' GROUP BY source, scheme, outcome, reason",
            )
            .bind(now.saturating_sub(3_600_000))
            .bind(now.saturating_sub(24 * 3_600_000))
            .fetch_all(pool)
            .await?
        });
        let wrong_users: Vec<(Option<String>, Option<String>, i64)> = on_pool!(store, pool => {
            sqlx::query_as(
                "SELECT source, scheme, count(DISTINCT user_key) FROM events \
                 WHERE kind = 'decision' AND reason = 'wrong password' GROUP BY source, scheme",
            )
            .fetch_all(pool)
            .await?
        });
        let (schemes, decisions) = assemble(&of_users, groups, wrong_users);
        let sum = |number: fn(&UserGroup) -> i64| of_users.iter().map(number).map(count).sum();
        Ok(Summary {
            users: users(&of_users),
            seeded: seeded(&of_users),
            passes,
            unfinished: sum(|group| group.unfinished),
            resets: Resets {
                started: sum(|group| group.resets_started),
                done: sum(|group| group.resets_done),
            },
            cleaned: sum(|group| group.cleaned),
            rolling_back: sum(|group| group.rolling_back),
            schemes,
            decisions,
        })
    })
    .await
}

fn assemble(
    of_users: &[UserGroup],
    groups: Vec<Group>,
    wrong_users: Vec<(Option<String>, Option<String>, i64)>,
) -> (Vec<SchemeCount>, Decisions) {
    let mut decisions = Decisions::default();
    let mut schemes: BTreeMap<(Option<String>, Option<String>), SchemeCount> = BTreeMap::new();
    for group in of_users.iter().filter(|group| group.verified > 0) {
        let scheme = entry(&mut schemes, Some(group.source.clone()), group.scheme.clone());
        scheme.verified_users += count(group.verified);
    }
    for (source, scheme, outcome, reason, all, first, last, hour, day) in groups {
        decisions.total.add(&outcome, count(all));
        decisions.last_hour.add(&outcome, count(hour));
        decisions.last_day.add(&outcome, count(day));
        decisions.first_at = Some(decisions.first_at.map_or(first, |at| at.min(first)));
        decisions.last_at = Some(decisions.last_at.map_or(last, |at| at.max(last)));
        let scheme = entry(&mut schemes, source, scheme);
        if outcome == "verified" {
            scheme.verified += count(all);
        } else {
            let reason = reason.unwrap_or_else(|| "no reason given".to_owned());
            scheme.not_verified.push(OutcomeCount { outcome, reason, decisions: count(all) });
        }
    }
    for (source, scheme, users) in wrong_users {
        entry(&mut schemes, source, scheme).wrong_password_users = count(users);
    }
    let mut schemes: Vec<_> = schemes.into_values().collect();
    for scheme in &mut schemes {
        let is_mapping = scheme.source.is_some() && scheme.scheme.is_some();
        scheme.mapping = is_mapping.then(|| Mapping::of(scheme.verified, scheme.wrong_password_users));
        scheme.not_verified.sort_by(|a, b| (&a.outcome, &a.reason).cmp(&(&b.outcome, &b.reason)));
    }
    (schemes, decisions)
}

fn entry(
    schemes: &mut BTreeMap<(Option<String>, Option<String>), SchemeCount>,
    source: Option<String>,
    scheme: Option<String>,
) -> &mut SchemeCount {
    schemes.entry((source, scheme)).or_insert_with_key(|(source, scheme)| SchemeCount {
        source: source.clone(),
        scheme: scheme.clone(),
        ..SchemeCount::default()
    })
}

fn count(number: i64) -> u64 {
    u64::try_from(number).unwrap_or_default()
}
