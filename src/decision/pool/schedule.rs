//! Which job runs when, and which is refused: the pool's decisions without its threads. Time comes in; nothing here
//! waits, reads a clock or runs anything.
//!
//! Jobs of a kind wait in one queue. A free worker takes the queue whose first deadline is the earliest, and of it as
//! many as get through the most in the time. What is refused is refused when it comes (`admission`).

use std::collections::{BTreeMap, HashMap};
use std::hash::Hash;
use std::ops::Bound;
use std::time::{Duration, Instant};

use super::classes::{Classes, class_of};
use super::memory::{Kept, Loan, Memory};
use super::pace::{Name, PaceId, Paces};
use super::queue::{Place, Queue, Waiter, Waiting};

/// Jobs that may wait, for each worker: a bound on memory, not on time.
const WAITING_PER_WORKER: usize = 4096;
/// A run's time with what is added for safety when jobs are taken: one that ends just too late is all lost.
pub(super) const RUN_MARGIN: f64 = 1.3;
/// The same when a run begins: less, for whoever is left out of it is late for sure.
const BEGIN_MARGIN: f64 = 1.1;
/// Callers that have gone are looked for no more often than this when there is no room: it takes a walk over all.
const PURGE_PAUSE: Duration = Duration::from_millis(10);

/// What is known of a job beforehand.
#[derive(Clone, Debug)]
pub(super) struct Work<Q> {
    /// Jobs with the same can run together.
    pub(super) queue: Q,
    /// How many of them at most; 1 where they run alone.
    pub(super) width: usize,
    /// Whose pace it goes by.
    pub(super) name: Name,
    /// Estimated time alone, on a usual core.
    pub(super) alone: Duration,
    /// Bytes of the memory budget.
    pub(super) memory: u64,
    /// When its answer must be ready.
    pub(super) deadline: Instant,
}

/// Why a job was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refused {
    /// Its end would come too late.
    Late,
    /// Its class has its share already, and other classes are active.
    Share,
    /// Too many wait.
    Full,
}

/// Why a job that waited was not run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Dropped {
    /// The caller has gone.
    Gone,
    /// It can no longer end in time.
    Late,
}

impl Refused {
    /// The words for it.
    pub(super) fn words(self) -> &'static str {
        match self {
            Self::Late => "late",
            Self::Share => "over its share",
            Self::Full => "full",
        }
    }
}

impl Dropped {
    /// The words for it.
    pub(super) fn words(self) -> &'static str {
        match self {
            Self::Gone => "gone",
            Self::Late => "late",
        }
    }
}

/// Jobs to run now, together.
#[derive(Debug)]
pub(super) struct Batch<J, S> {
    /// The jobs, the earliest deadline first.
    pub(super) jobs: Vec<J>,
    /// How long they are expected to take.
    pub(super) expected: Duration,
    /// Bytes that each takes of the budget; 0 where they need none.
    pub(super) memory: u64,
    /// Kept memory for them; none where there is none, or where the worker still holds what it had.
    pub(super) kept: Option<S>,
    /// Whose pace they go by.
    pub(super) name: Name,
}

/// What a free worker is to do.
#[derive(Debug)]
pub(super) enum Next<J, S> {
    /// Run these.
    Run(Batch<J, S>),
    /// Overwrite the memory it holds and give it back, and ask again.
    GiveBack,
    /// Nothing, until a job comes, or until then.
    Wait(Option<Instant>),
}

/// The state of all workers and all that waits. `Q` tells queues apart, `J` is a job, `S` kept memory.
#[derive(Debug)]
pub(super) struct Schedule<Q, J, S> {
    pub(super) workers: Vec<Worker>,
    pub(super) queues: HashMap<Q, Queue<J>>,
    /// Each queue by its first job.
    heads: BTreeMap<Place, Q>,
    pub(super) classes: Classes,
    pub(super) paces: Paces,
    pub(super) memory: Memory<S>,
    pub(super) waiting: usize,
    /// Of those that wait, how many a free worker will take.
    pub(super) at_once: usize,
    next_number: u64,
    last_purge: Option<Instant>,
    dropped: Vec<(J, Dropped)>,
}

/// One worker.
#[derive(Debug, Default)]
pub(super) struct Worker {
    pub(super) runs: Option<Run>,
    /// Bytes of the memory that it holds.
    pub(super) holds: Option<u64>,
}

/// What a worker does.
#[derive(Debug)]
pub(super) struct Run {
    /// When it is expected to end.
    pub(super) end: Instant,
    pub(super) memory: u64,
    class: u32,
    pace: PaceId,
    together: usize,
    alone: Duration,
}

impl<Q: Clone + Eq + Hash, J: Waiter, S: Kept> Schedule<Q, J, S> {
    /// With so many workers and so many bytes of memory for verifications.
    pub(super) fn new(workers: usize, memory: u64) -> Self {
        Self {
            workers: (0..workers.max(1)).map(|_| Worker::default()).collect(),
            queues: HashMap::new(),
            heads: BTreeMap::new(),
            classes: Classes::default(),
            paces: Paces::default(),
            memory: Memory::new(memory),
            waiting: 0,
            at_once: 0,
            next_number: 0,
            last_purge: None,
            dropped: Vec::new(),
        }
    }

    /// Lets a job wait, or refuses it. `expect` is told how long until it will probably be done.
    pub(super) fn push(
        &mut self,
        work: Work<Q>,
        mut job: J,
        now: Instant,
        expect: impl FnOnce(&mut J, Duration),
    ) -> Result<(), Refused> {
        let pace = self.paces.id(&work.name, work.width);
        let class = class_of(work.alone);
        self.classes.note(class, work.deadline.saturating_duration_since(now), now);
        let asked = Asked { pace, class, work: &work };
        let at_once = self.can_begin_at_once(&asked, now);
        let expected = if at_once {
            self.paces.expect(pace, 1, work.alone)
        } else {
            let admitted = self.admit(&asked, now);
            if admitted.is_err() && self.purge(now) { self.admit(&asked, now)? } else { admitted? }
        };
        expect(&mut job, expected);
        self.insert(work, pace, class, job, at_once);
        Ok(())
    }

    /// What a worker that is free is to do; what can no longer be done in time is dropped ([`Schedule::take_dropped`]).
    pub(super) fn take(&mut self, worker: usize, now: Instant) -> Next<J, S> {
        self.end_run(worker);
        self.memory.release_idle(now);
        let held = self.workers.get(worker).and_then(|worker| worker.holds);
        let (mut from, mut wake, mut memory_is_short) = (Bound::Unbounded, None::<Instant>, false);
        while let Some((place, queue)) = self.heads.range((from, Bound::Unbounded)).next() {
            let (place, key) = (*place, queue.clone());
            from = Bound::Excluded(place);
            if self.drop_first_if_useless(&key, now) {
                // The queue, if there is any left of it, stands behind its next job now.
                from = Bound::Unbounded;
                memory_is_short = false;
                continue;
            }
            let Some(plan) = self.plan(&key, now) else { continue };
            if plan.memory > 0 && held != Some(plan.memory) {
                // Whoever takes memory must not go before one that waits for it, or that one would wait for ever.
                memory_is_short |= held.is_none() && !self.memory.fits(plan.memory);
                if memory_is_short {
                    continue;
                }
            }
            let delay = self.delay(plan.class, plan.expected, Some(worker), now);
            if delay > Duration::ZERO {
                wake = Some(wake.map_or(now + delay, |wake| wake.min(now + delay)));
                continue;
            }
            if held.is_some_and(|held| held != plan.memory) {
                return Next::GiveBack;
            }
            return self.begin(worker, &key, plan, now);
        }
        if held.is_some() {
            return Next::GiveBack;
        }
        let release = self.memory.next_release();
        Next::Wait(wake.into_iter().chain(release).min())
    }

    /// Notes that a worker's run is over, and how long it took; `None` where that says nothing.
    pub(super) fn finish(&mut self, worker: usize, took: Option<Duration>) {
        let run = self.workers.get(worker).and_then(|worker| worker.runs.as_ref());
        if let (Some(run), Some(took)) = (run, took) {
            self.classes.serve(run.class, took, self.workers.len());
            self.paces.learn(run.pace, run.together, run.alone, took);
        }
    }

    /// Takes back the memory that a worker holds.
    pub(super) fn give_back(&mut self, worker: usize, kept: S, now: Instant) {
        let Some(bytes) = self.workers.get_mut(worker).and_then(|worker| worker.holds.take()) else { return };
        self.memory.give_back(kept, bytes, now);
    }

    /// Jobs that were not run since the last call, to be told so.
    pub(super) fn take_dropped(&mut self) -> Vec<(J, Dropped)> {
        std::mem::take(&mut self.dropped)
    }

    /// Workers that have nothing to do. One that still holds memory is busy overwriting it.
    pub(super) fn idle(&self) -> usize {
        self.workers.iter().filter(|worker| worker.runs.is_none() && worker.holds.is_none()).count()
    }

    fn can_begin_at_once(&self, asked: &Asked<'_, Q>, now: Instant) -> bool {
        self.idle() > self.at_once
            && (asked.work.memory == 0 || self.memory.fits(asked.work.memory))
            && self
                .delay(asked.class, self.paces.expect(asked.pace, 1, asked.work.alone), None, now)
                .is_zero()
    }

    fn insert(&mut self, work: Work<Q>, id: PaceId, class: u32, job: J, at_once: bool) {
        let Work { queue: key, alone, memory, deadline, .. } = work;
        let at = (deadline, self.next_number);
        self.next_number += 1;
        self.waiting += 1;
        self.at_once += usize::from(at_once);
        let full = self.full(id, alone);
        self.queues.entry(key.clone()).or_insert_with(|| Queue::new(id, class, memory));
        self.change(&key, |queue| {
            queue.full = full;
            queue.insert(at, Waiting { job, alone, memory, at_once });
        });
    }

    /// Changes a queue, and all that is kept of it elsewhere.
    fn change<R>(&mut self, key: &Q, change: impl FnOnce(&mut Queue<J>) -> R) -> Option<R> {
        let queue = self.queues.get_mut(key)?;
        let (head, before) = (queue.first().map(|(place, _)| place), queue.work());
        let result = change(queue);
        queue.recount(&self.paces);
        let (new_head, after) = (queue.first().map(|(place, _)| place), queue.work());
        self.classes.change(queue.class, before, after);
        if head != new_head {
            if let Some(head) = head {
                self.heads.remove(&head);
            }
            match new_head {
                Some(place) => drop(self.heads.insert(place, key.clone())),
                None => drop(self.queues.remove(key)),
            }
        }
        Some(result)
    }

    /// Drops a queue's first job where it is of no use to run it.
    fn drop_first_if_useless(&mut self, key: &Q, now: Instant) -> bool {
        let Some((queue, (deadline, _), first)) = self.first_of(key) else { return true };
        let left = deadline.saturating_duration_since(now);
        let why = if first.job.is_gone() {
            Dropped::Gone
        } else if left.is_zero() || (!first.at_once && self.paces.expect(queue.pace, 1, first.alone) > left) {
            Dropped::Late
        } else {
            return false;
        };
        if let Some(Some(dropped)) = self.change(key, Queue::pop) {
            self.forget(&dropped);
            self.dropped.push((dropped.job, why));
        }
        true
    }

    fn first_of(&self, key: &Q) -> Option<(&Queue<J>, Place, &Waiting<J>)> {
        let queue = self.queues.get(key)?;
        let (place, first) = queue.first()?;
        Some((queue, place, first))
    }

    /// How many of a queue to run together now.
    fn plan(&self, key: &Q, now: Instant) -> Option<Plan> {
        let (queue, (deadline, _), first) = self.first_of(key)?;
        let left = deadline.saturating_duration_since(now);
        // What waits is spread over the workers that are free: together on one of them it would take longer.
        let spread = self.waiting.div_ceil(self.idle().max(1));
        let most = if first.memory > 0 { 1 } else { queue.len().min(spread) };
        let in_time = |time: Duration| time.mul_f64(BEGIN_MARGIN) <= left;
        let together = self.paces.best(queue.pace, most, first.alone, in_time);
        Some(Plan {
            together,
            expected: self.paces.expect(queue.pace, together, first.alone),
            class: queue.class,
            memory: first.memory,
            pace: queue.pace,
            alone: first.alone,
        })
    }

    fn begin(&mut self, worker: usize, key: &Q, plan: Plan, now: Instant) -> Next<J, S> {
        let mut jobs = Vec::with_capacity(plan.together);
        while jobs.len() < plan.together
            && let Some(Some(taken)) = self.change(key, Queue::pop)
        {
            self.forget(&taken);
            if taken.job.is_gone() {
                self.dropped.push((taken.job, Dropped::Gone));
            } else {
                jobs.push(taken.job);
            }
        }
        let together = jobs.len().max(1);
        let expected = self.paces.expect(plan.pace, together, plan.alone);
        let Plan { class, memory, pace, alone, .. } = plan;
        let run = Run { end: now + expected, memory, class, pace, together, alone };
        let mut kept = None;
        if let Some(worker) = self.workers.get_mut(worker) {
            worker.runs = Some(run);
            if plan.memory > 0 && worker.holds.is_none() {
                let Loan { kept: lent, bytes } = self.memory.lend(plan.memory);
                (kept, worker.holds) = (lent, Some(bytes));
            }
        }
        let name = self.paces.name(plan.pace);
        Next::Run(Batch { jobs, expected, memory: plan.memory, kept, name })
    }

    fn end_run(&mut self, worker: usize) {
        if let Some(worker) = self.workers.get_mut(worker) {
            worker.runs = None;
        }
    }

    /// Drops all whose callers have gone, or whose deadline has passed. Whether that made room.
    fn purge(&mut self, now: Instant) -> bool {
        if self.last_purge.is_some_and(|last| now.saturating_duration_since(last) < PURGE_PAUSE) {
            return false;
        }
        self.last_purge = Some(now);
        let before = self.waiting;
        let keys: Vec<Q> = self.queues.keys().cloned().collect();
        for key in keys {
            let keep = |deadline, waiting: &Waiting<J>| now < deadline && !waiting.job.is_gone();
            for removed in self.change(&key, |queue| queue.remove_unless(keep)).unwrap_or_default() {
                self.forget(&removed);
                let why = if removed.job.is_gone() { Dropped::Gone } else { Dropped::Late };
                self.dropped.push((removed.job, why));
            }
        }
        self.waiting < before
    }

    fn forget(&mut self, waiting: &Waiting<J>) {
        self.waiting -= 1;
        self.at_once -= usize::from(waiting.at_once);
    }

    pub(super) fn is_full(&self) -> bool {
        self.waiting >= self.workers.len() * WAITING_PER_WORKER
    }
}

/// A job that asks to be taken.
#[derive(Debug)]
pub(super) struct Asked<'w, Q> {
    pub(super) pace: PaceId,
    pub(super) class: u32,
    pub(super) work: &'w Work<Q>,
}

/// How a queue's first jobs would be run now.
#[derive(Clone, Copy)]
struct Plan {
    together: usize,
    expected: Duration,
    class: u32,
    memory: u64,
    pace: PaceId,
    alone: Duration,
}
