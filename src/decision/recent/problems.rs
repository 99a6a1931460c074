//! What went wrong lately, in closed words: when it began, when it was last seen, and how often. Never a name or an id of
//! a person. What stays quiet for a while is an episode that has ended; the last ones are kept.
//!
//! A call that notes a problem again touches three words of memory; only the first of an episode takes a lock.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Seconds without a further occurrence after which an episode has ended.
pub(super) const QUIET: u32 = 60;
/// Episodes that are kept and told.
const KEPT: usize = 50;
/// Lasting problems that are open at once; mappings are as many as rows name schemes.
const LASTING: usize = 64;

/// What can go wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Problem {
    /// A source could not be asked.
    SourceDown(Arc<str>),
    /// Verifications were refused, since they could not have been done in time.
    WouldBeLate,
    /// Calls were not decided by their deadline.
    Deadline,
    /// A verification broke down.
    Internal,
    /// Stored values of a source that cannot be read.
    UnreadableHash(Arc<str>),
    /// Stored values of a source beyond a configured limit.
    TooCostly(Arc<str>),
    /// Names that stand for several users of a source.
    AmbiguousUsername(Arc<str>),
    /// Calls without the right authentication.
    NotAuthenticated,
    /// Calls that could not be read.
    NotACall,
    /// The ledger cannot be written.
    LedgerFailing,
    /// Decisions that the ledger will never have.
    LedgerLost,
    /// Nobody was ever verified with this source and scheme, and several were rejected.
    MappingDoubtful(Arc<str>, Arc<str>),
}

/// A problem from its beginning on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Episode {
    /// What.
    pub problem: Problem,
    /// When it was first seen, in seconds since 1970.
    pub first: u32,
    /// When it was last seen, likewise.
    pub last: u32,
    /// How often; 1 for what lasts.
    pub times: u64,
    /// Whether it goes on.
    pub open: bool,
}

/// The problems of this process.
pub(super) struct Problems {
    slots: Vec<Slot>,
    past: Mutex<Past>,
}

/// One problem that calls note.
struct Slot {
    problem: Problem,
    first: AtomicU32,
    /// 0 where it was never seen.
    last: AtomicU32,
    times: AtomicU64,
    ended: AtomicBool,
}

#[derive(Default)]
struct Past {
    episodes: VecDeque<Episode>,
    lasting: Vec<Episode>,
}

impl Problems {
    /// Of a service over these sources.
    pub(super) fn new(sources: &[Arc<str>]) -> Self {
        let mut problems = vec![
            Problem::WouldBeLate,
            Problem::Deadline,
            Problem::Internal,
            Problem::NotAuthenticated,
            Problem::NotACall,
            Problem::LedgerLost,
        ];
        for source in sources {
            problems.extend(
                [
                    Problem::SourceDown,
                    Problem::UnreadableHash,
                    Problem::TooCostly,
                    Problem::AmbiguousUsername,
                ]
                .map(|of| of(Arc::clone(source))),
            );
        }
        let slots = problems.into_iter().map(Slot::new).collect();
        Self { slots, past: Mutex::default() }
    }

    /// It happened; `times` counts what several observations at once have seen.
    pub(super) fn note(&self, problem: &Problem, second: u32, times: u64) {
        let Some(slot) = self.slot(problem) else { return };
        if slot.goes_on(second) {
            slot.last.fetch_max(second, Ordering::Relaxed);
            slot.times.fetch_add(times, Ordering::Relaxed);
            return;
        }
        let mut past = self.past();
        if slot.goes_on(second) {
            slot.last.fetch_max(second, Ordering::Relaxed);
            slot.times.fetch_add(times, Ordering::Relaxed);
            return;
        }
        if let Some(before) = slot.episode(second) {
            past.keep(before);
        }
        slot.first.store(second, Ordering::Relaxed);
        slot.times.store(times, Ordering::Relaxed);
        slot.ended.store(false, Ordering::Relaxed);
        slot.last.store(second, Ordering::Relaxed);
    }

    /// It is known to be over.
    pub(super) fn over(&self, problem: &Problem, second: u32) {
        if let Some(slot) = self.slot(problem)
            && slot.last.load(Ordering::Relaxed) > 0
            && !slot.ended.swap(true, Ordering::Relaxed)
        {
            slot.last.fetch_max(second, Ordering::Relaxed);
        }
    }

    /// Those of the lasting problems that stand now, with the second in which each began; what is not among them any
    /// more has ended.
    pub(super) fn lasting(&self, standing: Vec<(Problem, u32)>, second: u32) {
        let mut past = self.past();
        let (open, ended): (Vec<_>, Vec<_>) = std::mem::take(&mut past.lasting)
            .into_iter()
            .partition(|episode| standing.iter().any(|(problem, _)| *problem == episode.problem));
        past.lasting = open;
        for episode in ended {
            past.keep(Episode { last: second, open: false, ..episode });
        }
        for (problem, first) in standing {
            if let Some(episode) = past.lasting.iter_mut().find(|episode| episode.problem == problem) {
                episode.last = second;
            } else if past.lasting.len() < LASTING {
                past.lasting.push(Episode { problem, first, last: second, times: 1, open: true });
            }
        }
    }

    /// The last ones: those that go on first, then the newest.
    pub(super) fn episodes(&self, second: u32) -> Vec<Episode> {
        let past = self.past();
        let mut episodes: Vec<Episode> = past.episodes.iter().chain(&past.lasting).cloned().collect();
        episodes.extend(self.slots.iter().filter_map(|slot| slot.episode(second)));
        drop(past);
        episodes.sort_by_key(|episode| std::cmp::Reverse((episode.open, episode.last, episode.first)));
        episodes.truncate(KEPT);
        episodes
    }

    fn slot(&self, problem: &Problem) -> Option<&Slot> {
        self.slots.iter().find(|slot| slot.problem == *problem)
    }

    fn past(&self) -> MutexGuard<'_, Past> {
        // Whole between any two of its operations, so a panic elsewhere does not spoil it.
        self.past.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Past {
    fn keep(&mut self, episode: Episode) {
        if self.episodes.len() >= KEPT {
            self.episodes.pop_front();
        }
        self.episodes.push_back(episode);
    }
}

impl Slot {
    fn new(problem: Problem) -> Self {
        Self {
            problem,
            first: AtomicU32::new(0),
            last: AtomicU32::new(0),
            times: AtomicU64::new(0),
            ended: AtomicBool::new(false),
        }
    }

    fn goes_on(&self, second: u32) -> bool {
        let last = self.last.load(Ordering::Relaxed);
        last > 0 && second.saturating_sub(last) <= QUIET && !self.ended.load(Ordering::Relaxed)
    }

    fn episode(&self, second: u32) -> Option<Episode> {
        let last = self.last.load(Ordering::Relaxed);
        (last > 0).then(|| Episode {
            problem: self.problem.clone(),
            first: self.first.load(Ordering::Relaxed),
            last,
            times: self.times.load(Ordering::Relaxed),
            open: self.goes_on(second),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shop() -> Arc<str> {
        Arc::from("shop")
    }

    #[test]
    fn an_episode_counts_until_it_was_quiet_for_a_while() {
        let problems = Problems::new(&[shop()]);
        problems.note(&Problem::Deadline, 1_000, 1);
        problems.note(&Problem::Deadline, 1_030, 2);
        problems.note(&Problem::Deadline, 1_000 + 10 * QUIET, 1);
        let told = problems.episodes(1_000 + 10 * QUIET);
        let seen: Vec<_> = told.iter().map(|e| (e.first, e.last, e.times, e.open)).collect();
        assert_eq!(seen, [(1_600, 1_600, 1, true), (1_000, 1_030, 3, false)]);
        assert!(problems.episodes(2_000).iter().all(|episode| !episode.open));
    }

    #[test]
    fn what_is_over_is_over_at_once_and_begins_anew() {
        let problems = Problems::new(&[shop()]);
        let down = Problem::SourceDown(shop());
        problems.over(&down, 900);
        assert_eq!(problems.episodes(900), []);
        problems.note(&down, 1_000, 1);
        problems.over(&down, 1_010);
        let told = problems.episodes(1_010);
        assert_eq!((told[0].last, told[0].open), (1_010, false));
        problems.note(&down, 1_020, 1);
        assert_eq!(problems.episodes(1_020).len(), 2);
        problems.note(&Problem::SourceDown("not configured".into()), 1_020, 1);
        assert_eq!(problems.episodes(1_020).len(), 2);
    }

    #[test]
    fn what_lasts_is_told_from_its_beginning_to_its_end() {
        let problems = Problems::new(&[]);
        let doubtful = Problem::MappingDoubtful(shop(), "md5".into());
        problems.lasting(vec![(Problem::LedgerFailing, 990), (doubtful.clone(), 1_000)], 1_000);
        problems.lasting(vec![(doubtful.clone(), 1_005)], 1_005);
        let told = problems.episodes(1_005);
        let seen: Vec<_> = told.iter().map(|e| (&e.problem, e.first, e.last, e.open)).collect();
        assert_eq!(seen, [(&doubtful, 1_000, 1_005, true), (&Problem::LedgerFailing, 990, 1_005, false)]);
    }

    #[test]
    fn no_number_of_episodes_grows_the_memory() {
        let problems = Problems::new(&[]);
        for turn in 1..1_000 {
            problems.note(&Problem::Internal, turn * 1_000, 1);
            let scheme = Arc::from(format!("scheme {turn}"));
            problems.lasting(vec![(Problem::MappingDoubtful(shop(), scheme), turn)], turn * 1_000);
        }
        assert_eq!(problems.episodes(1_000_000).len(), KEPT);
        assert_eq!(problems.past().episodes.len(), KEPT);
    }
}
