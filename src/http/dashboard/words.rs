//! The problems in words: what happened, and what to look at. The words are fixed but for the names of sources and
//! schemes, which are the configuration's.

use serde::Serialize;

use super::state::{Level, millis};
use crate::decision::{Episode, Problem};

/// A problem as it is shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Told {
    pub(super) level: Level,
    pub(super) what: String,
    pub(super) advice: &'static str,
    /// Since when, where that is known and it goes on.
    pub(super) since: Option<u64>,
    pub(super) first_at: u64,
    pub(super) last_at: u64,
    pub(super) times: u64,
    pub(super) open: bool,
}

/// Calls of strangers in a row from which on somebody should look: one alone is a scanner's.
const BURST: u64 = 5;

pub(super) fn told(episode: &Episode) -> Told {
    let (level, what, advice) = words(&episode.problem);
    let of_strangers = matches!(episode.problem, Problem::NotAuthenticated | Problem::NotACall);
    let level = if of_strangers && episode.times < BURST { Level::Unknown } else { level };
    // Of a mapping it is known when this process learnt of it, not when it began.
    let dated = episode.open && !matches!(episode.problem, Problem::MappingDoubtful(..));
    Told {
        level,
        what,
        advice,
        since: dated.then(|| millis(episode.first)),
        first_at: millis(episode.first),
        last_at: millis(episode.last),
        times: episode.times,
        open: episode.open,
    }
}

fn words(problem: &Problem) -> (Level, String, &'static str) {
    use Level::{Bad, Warning};
    match problem {
        Problem::SourceDown(source) => (
            Bad,
            format!("Look-ups in source {source} fail"),
            "Its users get 503, and Okta asks once more. Look at the database, the network, `url` and `lookup` of the source.",
        ),
        Problem::WouldBeLate => (
            Warning,
            "Sign-ins were refused, since they could not have been answered in time".to_owned(),
            "More sign-ins come than this machine can verify. Add cores or another replica: `keyferry bench` says how many.",
        ),
        Problem::Deadline => (
            Warning,
            "Sign-ins were not decided by the deadline".to_owned(),
            "A source or the machine was slow. Look at the sources' times in /metrics.",
        ),
        Problem::Internal => (
            Bad,
            "A verification broke down".to_owned(),
            "This is a defect of keyferry: the log has its place. Please report it.",
        ),
        Problem::UnreadableHash(source) => (
            Warning,
            format!("Stored values of source {source} cannot be read"),
            "Their users are refused whatever they type. `keyferry survey` counts them; look at `scheme` and the columns.",
        ),
        Problem::TooCostly(source) => (
            Warning,
            format!("Stored values or passwords of source {source} are beyond a limit"),
            "Their users are refused whatever they type. See [limits], and what `keyferry survey` says.",
        ),
        Problem::AmbiguousUsername(source) => (
            Warning,
            format!("Names stand for several users of source {source}"),
            "None of them can sign in. Let `lookup` find one row, or correct the store.",
        ),
        Problem::NotAuthenticated => (
            Warning,
            "Calls without the right secret were refused".to_owned(),
            "Either a stranger calls, or Okta has another secret: `keyferry hook show` compares them.",
        ),
        Problem::NotACall => (
            Warning,
            "Calls could not be read".to_owned(),
            "Something other than Okta's password import hook calls here. The log says what was wrong.",
        ),
        Problem::LedgerFailing => (
            Warning,
            "The ledger cannot be written".to_owned(),
            "Sign-ins go on, and wait to be recorded. Look at the database behind `ledger.url`, its disk and its rights.",
        ),
        Problem::LedgerLost => (
            Warning,
            "Decisions were not recorded, since the ledger was away for too long".to_owned(),
            "Those sign-ins were answered, but are missing in the figures. `keyferry reconcile` asks Okta for them.",
        ),
        Problem::MappingDoubtful(source, scheme) => (
            Bad,
            format!("The mapping of source {source}, scheme {scheme}, is probably wrong"),
            "Several users had \u{201c}a wrong password\u{201d}, and nobody was ever verified. Prove it with passwords that you \
             know: `keyferry verify --batch`.",
        ),
    }
}
