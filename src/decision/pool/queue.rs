//! Jobs that can run together, the earliest deadline first.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use super::pace::{PaceId, Paces};

/// Place of a job in its queue: by deadline, then in the order they came.
pub(super) type Place = (Instant, u64);

/// What the scheduler must know of whoever waits.
pub(super) trait Waiter {
    /// Whether nobody waits for the answer any more.
    fn is_gone(&self) -> bool;
}

/// A job that waits.
#[derive(Debug)]
pub(super) struct Waiting<J> {
    /// The job itself.
    pub(super) job: J,
    /// Its estimated time alone, on a usual core.
    pub(super) alone: Duration,
    /// Bytes that it takes.
    pub(super) memory: u64,
    /// A worker was free for it when it came. It runs then whatever is expected, so that an expectation that has
    /// become too gloomy is put right.
    pub(super) at_once: bool,
}

/// Jobs of one kind.
#[derive(Debug)]
pub(super) struct Queue<J> {
    jobs: BTreeMap<Place, Waiting<J>>,
    /// How fast they go here.
    pub(super) pace: PaceId,
    /// The class that they are counted in.
    pub(super) class: u32,
    /// Whether they take memory of the budget.
    pub(super) memory: u64,
    /// How many run together when enough wait.
    pub(super) full: usize,
    /// Estimated time alone of all of them.
    alone: Duration,
    /// How long one worker needs for them, as of the last change.
    work: Duration,
}

impl<J> Queue<J> {
    /// Empty.
    pub(super) fn new(pace: PaceId, class: u32, memory: u64) -> Self {
        let (jobs, zero) = (BTreeMap::new(), Duration::ZERO);
        Self { jobs, pace, class, memory, full: 1, alone: zero, work: zero }
    }

    /// How many wait.
    pub(super) fn len(&self) -> usize {
        self.jobs.len()
    }

    /// The first to be run.
    pub(super) fn first(&self) -> Option<(Place, &Waiting<J>)> {
        self.jobs.first_key_value().map(|(place, waiting)| (*place, waiting))
    }

    /// The latest deadline.
    pub(super) fn last_deadline(&self) -> Option<Instant> {
        self.jobs.last_key_value().map(|((deadline, _), _)| *deadline)
    }

    /// How many have a deadline after this one.
    pub(super) fn later_than(&self, deadline: Instant) -> usize {
        self.jobs.keys().rev().take_while(|(other, _)| *other > deadline).count()
    }

    /// Lets a job wait.
    pub(super) fn insert(&mut self, place: Place, waiting: Waiting<J>) {
        self.alone += waiting.alone;
        self.jobs.insert(place, waiting);
    }

    /// Takes the first away.
    pub(super) fn pop(&mut self) -> Option<Waiting<J>> {
        let (_, waiting) = self.jobs.pop_first()?;
        self.alone = self.alone.saturating_sub(waiting.alone);
        Some(waiting)
    }

    /// Takes away all that are not to be kept.
    pub(super) fn remove_unless(&mut self, keep: impl Fn(Instant, &Waiting<J>) -> bool) -> Vec<Waiting<J>> {
        let removed: Vec<_> =
            self.jobs.extract_if(.., |(deadline, _), waiting| !keep(*deadline, waiting)).collect();
        let alone: Duration = removed.iter().map(|(_, waiting)| waiting.alone).sum();
        self.alone = self.alone.saturating_sub(alone);
        removed.into_iter().map(|(_, waiting)| waiting).collect()
    }

    /// Estimated time alone of a usual one of them.
    pub(super) fn usual(&self) -> Duration {
        match u32::try_from(self.jobs.len()) {
            Ok(0) | Err(_) => Duration::ZERO,
            Ok(jobs) => self.alone / jobs,
        }
    }

    /// How long one worker needs for all.
    pub(super) fn work(&self) -> Duration {
        self.work
    }

    /// How long one worker needs for so many of them.
    pub(super) fn work_of(&self, jobs: usize, paces: &Paces) -> Duration {
        paces.work(self.pace, jobs, self.full, self.usual())
    }

    /// Works out anew how long all of them need.
    pub(super) fn recount(&mut self, paces: &Paces) {
        self.work = self.work_of(self.len(), paces);
    }
}
