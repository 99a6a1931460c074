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

/// From what is shown below it. The worst comes first; of what is equally bad a source or the ledger, which all sign-ins
/// need, and then the older.
pub(super) fn headline(
    sources: &[Source],
    ledger: &LedgerState,
    problems: &[Told],
    latency: (u64, u64, u64),
) -> Headline {
    let of_sources = sources.iter().filter(|source| source.level >= Level::Warning).map(|source| {
        let words = if source.answers {
            format!("Look-ups in source {} fail", source.name)
        } else {
            format!("Source {} does not answer", source.name)
        };
        (true, Headline { level: source.level, words, since: source.since })
    });
    let of_ledger = (ledger.level >= Level::Warning).then(|| {
        let words = "The ledger cannot be reached; sign-ins go on".to_owned();
        (true, Headline { level: ledger.level, words, since: ledger.since })
    });
    let of_problems =
        problems.iter().filter(|problem| problem.open && problem.level >= Level::Warning).map(|problem| {
            (false, Headline { level: problem.level, words: problem.what.clone(), since: problem.since })
        });
    let slow = slow(latency).map(|line| (false, line));
    let all = of_sources.chain(of_ledger).chain(of_problems).chain(slow);
    let worst = all.max_by_key(|(base, line)| (line.level, *base, line.since.map(std::cmp::Reverse)));
    let fine = || Headline { level: Level::Good, words: "All in order".to_owned(), since: None };
    worst.map_or_else(fine, |(_, line)| line)
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
        let (name, since) = ("shop".to_owned(), Some(10));
        Source { name, level, answers: level != Level::Bad, words, since, busy: 0, idle: 0, max: 10 }
    }

    fn problem(level: Level, first_at: u64, open: bool) -> Told {
        let (what, since) = (format!("since {first_at}"), Some(first_at));
        Told { level, what, advice: "", since, first_at, last_at: 99, times: 1, open }
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
        assert_eq!(headline(&[source(Level::Warning)], &ledger(Level::Good), &two, FINE).words, "since 3");
        let also = headline(&[source(Level::Bad)], &ledger(Level::Good), &two, FINE);
        assert_eq!(also.words, "Source shop does not answer", "whatever else there is");
    }

    #[test]
    fn sign_ins_that_are_nearly_too_slow_are_told_where_there_are_enough() {
        let told = |latency| headline(&[], &ledger(Level::Good), &[], latency).level;
        assert_eq!(told((20, 2_100_000, 2_500_000)), Level::Warning);
        assert_eq!(told((19, 2_100_000, 2_500_000)), Level::Good);
        assert_eq!(told((20, 1_900_000, 2_500_000)), Level::Good);
    }
}
