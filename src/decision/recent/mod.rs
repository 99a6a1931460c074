//! What this process has decided lately, for whoever looks on: sign-ins by outcome, how long they took, what went wrong.
//! In memory alone, of a bounded size; noting a call takes well below a microsecond and no lock.
//!
//! Seconds are those since 1970, by a clock that nobody sets while the process runs. What was before its start is filled
//! in from the ledger, once.

mod latency;
mod problems;
mod ring;

use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use super::{Cause, Decided, Decision, Reason};
pub use latency::Latencies;
use latency::Latency;
use problems::Problems;
pub use problems::{Episode, Problem};
use ring::Ring;

/// Seconds that are kept one by one.
const SECONDS: u32 = 3_600;
/// Minutes that are kept.
const MINUTES: u32 = 24 * 60;

/// Decisions by outcome.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// The password was right.
    pub verified: u64,
    /// It was not, or nothing could be verified for this user.
    pub rejected: u64,
    /// No decision could be made.
    pub unavailable: u64,
}

/// The last hour by second, the last day by minute, and the rest.
pub struct Recent {
    started: Instant,
    started_at: u32,
    seconds: Ring,
    minutes: Ring,
    latency: Latency,
    problems: Problems,
}

impl Recent {
    /// Nothing yet, of a service over these sources.
    pub fn new(sources: &[Arc<str>]) -> Self {
        let since_1970 = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        Self {
            started: Instant::now(),
            started_at: u32::try_from(since_1970.as_secs()).unwrap_or(u32::MAX),
            // One more than is told: the newest is not whole yet.
            seconds: Ring::new(SECONDS as usize + 1, 3),
            minutes: Ring::new(MINUTES as usize + 1, 3),
            latency: Latency::new(),
            problems: Problems::new(sources),
        }
    }

    /// The second that it is now.
    pub fn now(&self) -> u32 {
        self.started_at.saturating_add(u32::try_from(self.started.elapsed().as_secs()).unwrap_or(u32::MAX))
    }

    /// The second of the start.
    pub fn started_at(&self) -> u32 {
        self.started_at
    }

    /// The time over which [`Recent::latencies`] tells.
    pub fn latency_window() -> Duration {
        latency::WINDOW
    }

    /// How long the decisions of the last minutes took.
    pub fn latencies(&self) -> Latencies {
        self.latency.read(self.now())
    }

    /// The last problems: those that go on first, then the newest.
    pub fn episodes(&self) -> Vec<Episode> {
        self.problems.episodes(self.now())
    }

    /// Decisions in the last so many steps of so many seconds, the oldest first; the last step is the one that is not
    /// over. An hour at most; the second of the last step's beginning comes with them.
    pub fn by_seconds(&self, step: u32, steps: u32) -> (u32, Vec<Tally>) {
        by(&self.seconds, self.now(), step, steps)
    }

    /// The same by steps of so many minutes; a day at most.
    pub fn by_minutes(&self, step: u32, steps: u32) -> (u32, Vec<Tally>) {
        let (last, tallies) = by(&self.minutes, self.now() / 60, step, steps);
        (last * 60, tallies)
    }

    /// All decisions of the last so many seconds, an hour at most.
    pub fn within(&self, seconds: u32) -> Tally {
        let now = self.now();
        sum(&self.seconds, now.saturating_sub(seconds.saturating_sub(1))..=now)
    }

    pub(super) fn decided(&self, decided: &Decided) {
        let second = self.now();
        let kind = match decided.decision {
            Decision::Verified => 0,
            Decision::Rejected(_) => 1,
            Decision::Unavailable(_) => 2,
        };
        self.seconds.add(second, kind, 1);
        self.minutes.add(second / 60, kind, 1);
        self.latency.add(second, decided.took);
        if let Some(problem) = problem(decided) {
            self.problems.note(&problem, second, 1);
        }
    }

    /// An answer of the hook that is no decision.
    pub(super) fn answered(&self, status: u16) {
        let problem = match status {
            401 => Problem::NotAuthenticated,
            400..=499 => Problem::NotACall,
            _ => return,
        };
        self.problems.note(&problem, self.now(), 1);
    }

    pub(super) fn source_answers(&self, source: &Arc<str>) {
        self.problems.over(&Problem::SourceDown(Arc::clone(source)), self.now());
    }

    pub(super) fn ledger_lost(&self, events: u64) {
        self.problems.note(&Problem::LedgerLost, self.now(), events);
    }

    /// What lasts and stands now, with the second in which it began.
    pub(super) fn lasting(&self, standing: Vec<(Problem, u32)>) {
        self.problems.lasting(standing, self.now());
    }

    /// Counts decisions of a minute before the start, as the ledger has them. The minute of the start belongs to this
    /// process.
    pub(super) fn before(&self, minute: u32, tally: Tally) {
        if minute < self.started_at / 60 && minute + MINUTES > self.started_at / 60 {
            for (kind, count) in [tally.verified, tally.rejected, tally.unavailable].into_iter().enumerate() {
                self.minutes.add(minute, kind, u32::try_from(count).unwrap_or(u32::MAX));
            }
        }
    }
}

/// What a decision tells of a problem that somebody should look at. A wrong password or an unknown user is none.
fn problem(decided: &Decided) -> Option<Problem> {
    let source = || decided.source.clone();
    match decided.decision {
        Decision::Rejected(Reason::UnreadableHash) => source().map(Problem::UnreadableHash),
        Decision::Rejected(Reason::TooCostly) => source().map(Problem::TooCostly),
        Decision::Rejected(Reason::AmbiguousUsername) => source().map(Problem::AmbiguousUsername),
        Decision::Unavailable(Cause::SourceDown) => source().map(Problem::SourceDown),
        Decision::Unavailable(Cause::WouldBeLate) => Some(Problem::WouldBeLate),
        Decision::Unavailable(Cause::Deadline) => Some(Problem::Deadline),
        Decision::Unavailable(Cause::Internal) => Some(Problem::Internal),
        Decision::Verified | Decision::Rejected(_) => None,
    }
}

fn by(ring: &Ring, now: u32, step: u32, steps: u32) -> (u32, Vec<Tally>) {
    let step = step.max(1);
    let last = now - now % step;
    let first = last.saturating_sub(step * steps.saturating_sub(1));
    let starts = (0..steps).map(|number| first + number * step);
    (last, starts.map(|start| sum(ring, start..=start + step - 1)).collect())
}

fn sum(ring: &Ring, ticks: std::ops::RangeInclusive<u32>) -> Tally {
    ticks.fold(Tally::default(), |all, tick| Tally {
        verified: all.verified + u64::from(ring.count(tick, 0)),
        rejected: all.rejected + u64::from(ring.count(tick, 1)),
        unavailable: all.unavailable + u64::from(ring.count(tick, 2)),
    })
}

impl Tally {
    /// All of them.
    pub fn sum(self) -> u64 {
        self.verified + self.rejected + self.unavailable
    }
}

impl std::fmt::Debug for Recent {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Recent(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decision::Stages;

    fn decided(decision: Decision) -> Decided {
        let now = Instant::now();
        let stages = Stages { began: now, located: now, verified: None, judged: now, recorded: now };
        Decided {
            decision,
            scheme: Some("bcrypt".into()),
            source: Some("shop".into()),
            user: "0123456789abcdef".to_owned(),
            took: Duration::from_millis(3),
            stages,
        }
    }

    #[test]
    fn decisions_are_counted_where_they_belong() {
        let recent = Recent::new(&["shop".into()]);
        recent.decided(&decided(Decision::Verified));
        recent.decided(&decided(Decision::Rejected(Reason::WrongPassword)));
        recent.decided(&decided(Decision::Unavailable(Cause::SourceDown)));
        recent.answered(401);
        recent.answered(200);
        let one_each = Tally { verified: 1, rejected: 1, unavailable: 1 };
        assert_eq!(recent.within(3_600), one_each);
        // They may lie on both sides of a minute's turn.
        let (_, minutes) = recent.by_minutes(1, 60);
        assert_eq!((minutes.len(), minutes.iter().map(|tally| tally.sum()).sum::<u64>()), (60, 3));
        assert_eq!(recent.latencies().decisions, 3);
        let episodes = recent.episodes();
        let mut problems: Vec<_> = episodes.iter().map(|episode| format!("{:?}", episode.problem)).collect();
        problems.sort();
        assert_eq!(problems, ["NotAuthenticated", "SourceDown(\"shop\")"]);
        recent.source_answers(&"shop".into());
        assert_eq!(recent.episodes().iter().filter(|episode| episode.open).count(), 1);
    }

    #[test]
    fn the_ledger_fills_what_was_before_the_start_and_nothing_else() {
        let recent = Recent::new(&[]);
        let start = recent.started_at() / 60;
        let ten = Tally { verified: 10, ..Tally::default() };
        recent.before(start - 5, ten);
        recent.before(start, ten);
        recent.before(start - 2 * MINUTES, ten);
        let (_, minutes) = recent.by_minutes(15, 96);
        assert_eq!(minutes.iter().map(|tally| tally.sum()).sum::<u64>(), 10);
    }
}
