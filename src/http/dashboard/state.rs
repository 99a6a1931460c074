//! What the dashboard shows, as the JSON that the page reads: numbers, times and words from closed sets. Names in it are
//! those of the configuration: sources and schemes. Never a person.
//!
//! Times are milliseconds since 1970, durations microseconds where nothing else is said.

use serde::Serialize;

use super::headline::Headline;
use super::words::Told;
use crate::decision::{Decider, Latencies, Recent, Tally};
use crate::ledger::{Course, Mapping, SchemeCount, Summary};

/// Okta's patience, in milliseconds.
const PATIENCE_MS: u64 = 3_000;

/// All that is shown.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(super) struct State {
    pub(super) version: &'static str,
    pub(super) started_at: u64,
    pub(super) deadline_ms: u64,
    pub(super) patience_ms: u64,
    /// Whether one has to sign in, and can sign out.
    pub(super) sign_in: bool,
    pub(super) headline: Headline,
    pub(super) service: Service,
    pub(super) sources: Vec<Source>,
    pub(super) ledger: LedgerState,
    /// None until the ledger was read for the first time.
    pub(super) figures: Option<Figures>,
    pub(super) sign_ins: SignIns,
    pub(super) latency: Latency,
    pub(super) problems: Vec<Told>,
}

/// The state with the moment of which it tells.
#[derive(Serialize)]
pub(super) struct Stamped<'s> {
    pub(super) at: u64,
    #[serde(flatten)]
    pub(super) state: &'s State,
}

/// How something fares.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Level {
    Good,
    /// Not known yet.
    Unknown,
    Warning,
    Bad,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub(super) struct Service {
    pub(super) in_flight: u64,
    pub(super) threads: usize,
    pub(super) busy: usize,
    pub(super) waiting: usize,
    pub(super) memory_used: u64,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub(super) struct Source {
    pub(super) name: String,
    pub(super) level: Level,
    /// Whether it gave the last sign of life that it was asked for.
    pub(super) answers: bool,
    pub(super) words: String,
    pub(super) since: Option<u64>,
    pub(super) busy: u32,
    pub(super) idle: u32,
    pub(super) max: u32,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub(super) struct LedgerState {
    pub(super) level: Level,
    pub(super) words: &'static str,
    pub(super) since: Option<u64>,
    pub(super) queued: u64,
    pub(super) lost: u64,
    /// When the figures were read.
    pub(super) read_at: Option<u64>,
    /// Whether the last attempt to read them failed, so that they are old.
    pub(super) stale: bool,
}

/// What the ledger knows of the whole migration.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(super) struct Figures {
    /// As `keyferry status --json` tells it.
    pub(super) summary: Summary,
    pub(super) course: Course,
    pub(super) progress: Progress,
    pub(super) formats: Vec<Format>,
    /// Attempts with names that no source knows.
    pub(super) unknown_users: u64,
    /// Users a minute that Okta got while somebody looked; none where it is not known yet.
    pub(super) seeded_a_minute: Option<u64>,
}

/// Users by how far they are.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub(super) struct Progress {
    pub(super) pending: u64,
    pub(super) seeded_hash: u64,
    pub(super) seeded_hook: u64,
    pub(super) verified: u64,
    pub(super) confirmed: u64,
    pub(super) rejected: u64,
    pub(super) skipped: u64,
    pub(super) all: u64,
}

/// One format of one source.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Format {
    pub(super) source: String,
    pub(super) scheme: String,
    /// Users in Okta who have it.
    pub(super) users: u64,
    /// Of these, whom Okta got with the hash, so that it never asks the hook.
    pub(super) by_hash: u64,
    pub(super) verified_users: u64,
    pub(super) wrong_users: u64,
    /// Sign-ins with it.
    pub(super) verified: u64,
    pub(super) wrong: u64,
    /// Sign-ins that its stored value decided, not the password: unreadable or beyond a limit.
    pub(super) unreadable: u64,
    /// Of a thousand sign-ins with a readable verdict, those with the right password; none where there were none.
    pub(super) success_permille: Option<u64>,
    pub(super) mapping: Option<Mapping>,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub(super) struct SignIns {
    /// In the last 60 seconds.
    pub(super) minute: [u64; 3],
    pub(super) hour: Series,
    pub(super) day: Series,
    pub(super) live: Series,
}

/// Sign-ins by steps of time, the oldest first: verified, rejected, unavailable.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(super) struct Series {
    pub(super) step_s: u32,
    /// When the last step began, which is not over.
    pub(super) last_at: u64,
    pub(super) counts: Vec<[u64; 3]>,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub(super) struct Latency {
    pub(super) window_s: u64,
    pub(super) decisions: u64,
    pub(super) p50: u64,
    pub(super) p95: u64,
    pub(super) p99: u64,
    pub(super) longest: u64,
    pub(super) buckets: Vec<(u64, u64)>,
}

impl State {
    /// The parts that come from memory alone; the rest is handed in.
    pub(super) fn new(decider: &Decider, deadline_ms: u64, sign_in: bool, parts: Parts) -> Self {
        let Parts { headline, sources, ledger, figures, problems } = parts;
        let recent = decider.recent();
        let pool = decider.pool();
        Self {
            version: env!("CARGO_PKG_VERSION"),
            started_at: millis(recent.started_at()),
            deadline_ms,
            patience_ms: PATIENCE_MS,
            sign_in,
            headline,
            service: Service {
                in_flight: decider.in_flight(),
                threads: pool.threads,
                busy: pool.busy,
                waiting: pool.waiting,
                memory_used: pool.memory_used,
            },
            sources,
            ledger,
            figures,
            sign_ins: SignIns {
                minute: counts(recent.within(60)),
                live: series(10, recent.by_seconds(10, 60)),
                hour: series(60, recent.by_minutes(1, 60)),
                day: series(900, recent.by_minutes(15, 96)),
            },
            latency: latency(recent.latencies()),
            problems,
        }
    }
}

/// What [`State::new`] cannot know.
pub(super) struct Parts {
    pub(super) headline: Headline,
    pub(super) sources: Vec<Source>,
    pub(super) ledger: LedgerState,
    pub(super) figures: Option<Figures>,
    pub(super) problems: Vec<Told>,
}

impl Figures {
    pub(super) fn new(summary: Summary, course: Course, seeded_a_minute: Option<u64>) -> Self {
        Self {
            progress: progress(&summary),
            formats: formats(&summary),
            unknown_users: unknown_users(&summary),
            course,
            summary,
            seeded_a_minute,
        }
    }
}

fn progress(summary: &Summary) -> Progress {
    let mut progress = Progress::default();
    for count in &summary.users {
        let place = match (count.state.as_str(), count.route.as_str()) {
            ("planned" | "sending", _) => &mut progress.pending,
            ("seeded", "hook") => &mut progress.seeded_hook,
            ("seeded", _) => &mut progress.seeded_hash,
            ("verified", _) => &mut progress.verified,
            ("confirmed", _) => &mut progress.confirmed,
            ("skipped", _) => &mut progress.skipped,
            _ => &mut progress.rejected,
        };
        *place += count.users;
        progress.all += count.users;
    }
    progress
}

/// Mappings in doubt first, then by users; what was neither seeded nor asked for is not there.
fn formats(summary: &Summary) -> Vec<Format> {
    let mut formats: Vec<Format> = summary.schemes.iter().filter_map(signed_in_with).collect();
    for count in &summary.seeded {
        let scheme = count.scheme.as_deref().unwrap_or_default();
        let known =
            formats.iter().position(|format| format.source == count.source && format.scheme == scheme);
        let known = known.unwrap_or_else(|| {
            formats.push(Format::new(&count.source, scheme));
            formats.len() - 1
        });
        if let Some(format) = formats.get_mut(known) {
            format.users += count.users;
            format.by_hash += if count.route == "hash" { count.users } else { 0 };
        }
    }
    formats.sort_by_key(|format| {
        let doubtful = format.mapping == Some(Mapping::Doubtful);
        (std::cmp::Reverse((doubtful, format.users, format.verified)), format.scheme.clone())
    });
    formats
}

fn signed_in_with(count: &SchemeCount) -> Option<Format> {
    let mut format = Format::new(count.source.as_deref()?, count.scheme.as_deref().unwrap_or_default());
    let of = |reasons: &[&str]| {
        let counts = count.not_verified.iter().filter(|count| reasons.contains(&count.reason.as_str()));
        counts.map(|count| count.decisions).sum::<u64>()
    };
    format.verified_users = count.verified_users;
    format.wrong_users = count.wrong_password_users;
    format.verified = count.verified;
    format.wrong = of(&["wrong password"]);
    format.unreadable = of(&["unreadable hash", "too costly"]);
    let judged = format.verified + format.wrong + format.unreadable;
    format.success_permille = (format.verified * 1000).checked_div(judged);
    format.mapping = count.mapping;
    // A source that was down is no format.
    let unavailable_only = count.scheme.is_none() && judged == 0;
    (!unavailable_only).then_some(format)
}

impl Format {
    fn new(source: &str, scheme: &str) -> Self {
        Self {
            source: source.to_owned(),
            scheme: scheme.to_owned(),
            users: 0,
            by_hash: 0,
            verified_users: 0,
            wrong_users: 0,
            verified: 0,
            wrong: 0,
            unreadable: 0,
            success_permille: None,
            mapping: None,
        }
    }
}

fn unknown_users(summary: &Summary) -> u64 {
    let nobody = summary.schemes.iter().filter(|count| count.source.is_none());
    nobody.flat_map(|count| &count.not_verified).map(|count| count.decisions).sum()
}

fn series(step_s: u32, (last, tallies): (u32, Vec<Tally>)) -> Series {
    Series { step_s, last_at: millis(last), counts: tallies.into_iter().map(counts).collect() }
}

fn counts(tally: Tally) -> [u64; 3] {
    [tally.verified, tally.rejected, tally.unavailable]
}

fn latency(of: Latencies) -> Latency {
    let Latencies { decisions, p50, p95, p99, longest, buckets } = of;
    Latency { window_s: Recent::latency_window().as_secs(), decisions, p50, p95, p99, longest, buckets }
}

/// Seconds since 1970 as the page takes them.
pub(super) fn millis(seconds: u32) -> u64 {
    u64::from(seconds) * 1000
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::{OutcomeCount, SeededCount, UserCount};

    fn users(route: &str, state: &str, users: u64) -> UserCount {
        UserCount { source: "shop".into(), route: route.into(), state: state.into(), users }
    }

    #[test]
    fn every_user_is_in_one_part_of_the_bar() {
        let states = ["planned", "sending", "seeded", "rejected", "skipped", "verified", "confirmed"];
        let summary = Summary {
            users: states
                .iter()
                .flat_map(|state| [users("hash", state, 1), users("hook", state, 10)])
                .collect(),
            ..Summary::default()
        };
        let progress = progress(&summary);
        let of = |users| Progress {
            pending: 22,
            seeded_hash: 1,
            seeded_hook: 10,
            verified: 11,
            confirmed: 11,
            rejected: 11,
            skipped: 11,
            all: users,
        };
        assert_eq!(progress, of(77));
    }

    #[test]
    fn a_format_is_told_by_its_sign_ins_and_a_doubtful_one_comes_first() {
        let outcome = |reason: &str, decisions| OutcomeCount {
            outcome: "rejected".into(),
            reason: reason.into(),
            decisions,
        };
        let scheme = |scheme: Option<&str>, verified, not_verified, mapping| SchemeCount {
            source: Some("shop".into()),
            scheme: scheme.map(str::to_owned),
            verified,
            mapping,
            not_verified,
            ..SchemeCount::default()
        };
        let seeded = |scheme: &str, users| SeededCount {
            source: "shop".into(),
            route: "hook".into(),
            scheme: Some(scheme.into()),
            state: "seeded".into(),
            users,
        };
        let summary = Summary {
            schemes: vec![
                SchemeCount { not_verified: vec![outcome("unknown user", 4)], ..SchemeCount::default() },
                scheme(None, 0, vec![outcome("source down", 9)], None),
                scheme(
                    Some("bcrypt"),
                    6,
                    vec![
                        outcome("wrong password", 3),
                        outcome("unreadable hash", 1),
                        outcome("inactive", 50),
                    ],
                    Some(Mapping::Proved),
                ),
                scheme(Some("md5"), 0, vec![outcome("wrong password", 7)], Some(Mapping::Doubtful)),
            ],
            seeded: vec![seeded("bcrypt", 100), seeded("bcrypt", 20), seeded("phpass", 5)],
            ..Summary::default()
        };
        let told = formats(&summary);
        let told: Vec<_> = told
            .iter()
            .map(|format| (format.scheme.as_str(), format.users, format.success_permille))
            .collect();
        assert_eq!(told, [("md5", 0, Some(0)), ("bcrypt", 120, Some(600)), ("phpass", 5, None)]);
        assert_eq!(unknown_users(&summary), 4);
    }
}
