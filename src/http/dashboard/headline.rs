//! The state of everything in one line: the worst of what goes on now, and since when.

use serde::Serialize;

use super::state::{LedgerState, Level, Source};
use super::words::Told;

/// Decisions from which on percentiles mean something.
const ENOUGH: u64 = 20;

/// The line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Headline {
    pub(super) level: Level,
    pub(super) words: String,
    pub(super) since: Option<u64>,
}

/// From what is shown below it; the worst comes first, and of two that are equally bad the older.
pub(super) fn headline(
    sources: &[Source],
    ledger: &LedgerState,
    problems: &[Told],
    latency: (u64, u64, u64),
) -> Headline {
    let of_sources = sources.iter().filter(|source| source.level >= Level::Warning).map(|source| Headline {
        level: source.level,
        words: if source.level == Level::Bad {
            format!("Source {} does not answer", source.name)
        } else {
            format!("Look-ups in source {} fail", source.name)
        },
        since: source.since,
    });
    let of_ledger = (ledger.level >= Level::Warning).then(|| Headline {
        level: ledger.level,
        words: "The ledger cannot be reached; sign-ins go on".to_owned(),
        since: ledger.since,
    });
    let of_problems = problems.iter().filter(|problem| problem.open).map(|problem| Headline {
        level: problem.level,
        words: problem.what.clone(),
        since: Some(problem.first_at),
    });
    // Of equals the last one is taken, and a source's own words tell more than the calls'.
    let all = slow(latency).into_iter().chain(of_problems).chain(of_ledger).chain(of_sources);
    let worst = all.max_by_key(|line| (line.level, line.since.map(std::cmp::Reverse)));
    worst.unwrap_or_else(|| Headline { level: Level::Good, words: "All in order".to_owned(), since: None })
}

/// Where one of a hundred sign-ins takes more than four fifths of the deadline: (decisions, p99 and deadline in µs).
fn slow((decisions, p99, deadline): (u64, u64, u64)) -> Option<Headline> {
    (decisions >= ENOUGH && p99 > deadline / 5 * 4).then(|| Headline {
        level: Level::Warning,
        words: "Sign-ins take nearly as long as Okta waits".to_owned(),
        since: None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const FINE: (u64, u64, u64) = (100, 10_000, 2_500_000);

    fn ledger(level: Level) -> LedgerState {
        let words = "";
        LedgerState { level, words, since: Some(5), queued: 0, lost: 0, read_at: None, stale: false }
    }

    fn source(level: Level) -> Source {
        let words = String::new();
        Source { name: "shop".into(), level, words, since: Some(10), busy: 0, idle: 0, max: 10 }
    }

    fn problem(level: Level, first_at: u64, open: bool) -> Told {
        Told { level, what: format!("since {first_at}"), advice: "", first_at, last_at: 99, times: 1, open }
    }

    #[test]
    fn the_worst_and_of_these_the_oldest_is_told() {
        let good = headline(&[source(Level::Good), source(Level::Unknown)], &ledger(Level::Good), &[], FINE);
        assert_eq!((good.level, good.words.as_str()), (Level::Good, "All in order"));
        let past = [problem(Level::Bad, 1, false)];
        assert_eq!(headline(&[], &ledger(Level::Good), &past, FINE), good, "what is over is over");
        let down = headline(&[source(Level::Bad)], &ledger(Level::Warning), &past, FINE);
        assert_eq!((down.words.as_str(), down.since), ("Source shop does not answer", Some(10)));
        let two =
            [problem(Level::Bad, 20, true), problem(Level::Bad, 3, true), problem(Level::Warning, 1, true)];
        assert_eq!(headline(&[source(Level::Bad)], &ledger(Level::Good), &two, FINE).words, "since 3");
    }

    #[test]
    fn sign_ins_that_are_nearly_too_slow_are_told_where_there_are_enough() {
        let told = |latency| headline(&[], &ledger(Level::Good), &[], latency).level;
        assert_eq!(told((20, 2_100_000, 2_500_000)), Level::Warning);
        assert_eq!(told((19, 2_100_000, 2_500_000)), Level::Good);
        assert_eq!(told((20, 1_900_000, 2_500_000)), Level::Good);
    }
}
