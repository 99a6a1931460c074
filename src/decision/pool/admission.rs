//! Who is taken and who is refused, by the clock: when a job would end if it were taken.

use std::hash::Hash;
use std::time::{Duration, Instant};

use super::memory::Kept;
use super::pace::PaceId;
use super::queue::{Queue, Waiter};
use super::schedule::{Asked, RUN_MARGIN, Refused, Schedule};

/// What waits, with what is added for safety. It costs no throughput, for the next job is always there; it pays for what
/// nobody foresees: a machine that becomes much slower while they wait.
const QUEUE_MARGIN: f64 = 2.0;

impl<Q: Clone + Eq + Hash, J: Waiter, S: Kept> Schedule<Q, J, S> {
    /// How long until this job is done, where it can be done in time and its class is within its share.
    pub(super) fn admit(&mut self, asked: &Asked<'_, Q>, now: Instant) -> Result<Duration, Refused> {
        let admitted = self.judge(asked, now);
        if admitted == Err(Refused::Late) {
            let full = self.full(asked.pace, asked.work.alone);
            let run = self.paces.expect(asked.pace, full, asked.work.alone).mul_f64(RUN_MARGIN);
            self.classes.note_refused(asked.class, run, now);
        }
        admitted
    }

    fn judge(&self, asked: &Asked<'_, Q>, now: Instant) -> Result<Duration, Refused> {
        if self.is_full() {
            return Err(Refused::Full);
        }
        let left = asked.work.deadline.saturating_duration_since(now);
        // It will run with as many as wait by then: under load, in full lanes.
        let own = self.paces.expect(asked.pace, self.full(asked.pace, asked.work.alone), asked.work.alone);
        let own_at_most = own.mul_f64(RUN_MARGIN);
        let (memory, deadline) = (asked.work.memory, asked.work.deadline);
        let ahead = self.ahead_of(&asked.work.queue, deadline);
        let delayed = self.delay(asked.class, own, None, now);
        let start = |run: f64, queue: f64| self.start(memory, ahead, (run, queue), now).max(delayed);
        if start(RUN_MARGIN, QUEUE_MARGIN).saturating_add(own_at_most) > left {
            return Err(Refused::Late);
        }
        if self.makes_others_late(asked, now) {
            return Err(Refused::Late);
        }
        let room = own_at_most.max(self.classes.room_for_others(asked.class, now));
        if !self.is_within_share(asked, left.saturating_sub(room), now) {
            return Err(Refused::Share);
        }
        Ok(start(1.0, 1.0).saturating_add(own))
    }

    /// How many of this pace run together when enough wait: as many as get through the most, of those numbers that
    /// leave time to wait for the run before.
    pub(super) fn full(&self, pace: PaceId, alone: Duration) -> usize {
        let most = self.classes.patience() * 3 / 4;
        self.paces.best(pace, usize::MAX, alone, |time| time.mul_f64(RUN_MARGIN) <= most)
    }

    /// How long a run must be put off so that cheaper jobs need not wait for long: while there are any, it begins on
    /// the last free worker only if some worker will be free within half a deadline.
    ///
    /// A worker kept free for them would lie idle most of the time; this way runs are spread, and only those that
    /// take more than half a deadline are ever put off.
    pub(super) fn delay(&self, class: u32, time: Duration, worker: Option<usize>, now: Instant) -> Duration {
        let soon = self.classes.patience() / 2;
        if time <= soon || self.workers.len() == 1 || !self.classes.cheaper_active(class, now) {
            return Duration::ZERO;
        }
        let mut left: Vec<_> = self.time_left(1.0, now).enumerate().collect();
        // The worker that would run it: the one that asks, or the first that is free.
        let at = worker.or_else(|| left.iter().min_by_key(|(_, left)| *left).map(|(at, _)| *at));
        left.retain(|(other, _)| Some(*other) != at);
        left.into_iter().map(|(_, left)| left).min().unwrap_or_default().saturating_sub(soon)
    }

    /// How long one worker needs for what runs before a job of this queue with this deadline.
    fn ahead_of(&self, own: &Q, deadline: Instant) -> Ahead {
        let mut ahead = Ahead::default();
        let long = self.classes.patience() / 4;
        for (key, queue) in &self.queues {
            let before = if key == own {
                // Those behind the last full lanes run together with it.
                let jobs = queue.len() - queue.later_than(deadline);
                queue.work_of(jobs - jobs % queue.full.max(1), &self.paces)
            } else if queue.last_deadline().is_some_and(|last| last > deadline) {
                queue.work_of(queue.len() - queue.later_than(deadline), &self.paces)
            } else {
                queue.work()
            };
            let run = self.paces.expect(queue.pace, queue.full, queue.usual());
            *(if run > long { &mut ahead.long } else { &mut ahead.short }) += before;
            if queue.memory > 0 {
                ahead.hungry += before;
            }
        }
        ahead
    }

    /// When a job that takes so much memory would begin, from now, with margins for what runs and for what waits.
    fn start(&self, need: u64, ahead: Ahead, margins: (f64, f64), now: Instant) -> Duration {
        let start = level(self.time_left(margins.0, now).collect(), ahead.with(margins));
        let places = if need == 0 { usize::MAX } else { self.memory.places(need) };
        if places >= self.workers.len() {
            return start;
        }
        // Fewer can have their memory than there are workers: those that hold some are in the way.
        let mut hungry: Vec<_> = self.workers.iter().filter_map(|worker| worker.runs.as_ref()).collect();
        hungry.retain(|run| run.memory > 0);
        hungry.sort_by_key(|run| std::cmp::Reverse(run.end));
        let left = |place: usize| {
            hungry.get(place).map(|run| run.end.saturating_duration_since(now).mul_f64(margins.0))
        };
        let left = (0..places).map(|place| left(place).unwrap_or_default()).collect();
        start.max(level(left, ahead.hungry.mul_f64(margins.1)))
    }

    /// Whether jobs that were taken would be late, were this one to go before them: it came late itself, for all have the
    /// same time from their request on. Asked of those with the longest run and of the very last.
    fn makes_others_late(&self, asked: &Asked<'_, Q>, now: Instant) -> bool {
        let later = |queue: &Queue<J>| queue.last_deadline().filter(|last| *last > asked.work.deadline);
        let others = || self.queues.iter().filter(|(_, queue)| later(queue).is_some());
        let run = |queue: &Queue<J>| self.paces.expect(queue.pace, queue.full, queue.usual());
        let longest = others().max_by_key(|(_, queue)| run(queue));
        let last = others().max_by_key(|(_, queue)| queue.last_deadline());
        let own = self.paces.expect(asked.pace, 1, asked.work.alone);
        longest.into_iter().chain(last).any(|(key, queue)| {
            let first =
                queue.first().map(|((deadline, _), _)| deadline).filter(|first| *first > asked.work.deadline);
            let Some(deadline) = first.or(queue.last_deadline()) else { return false };
            let mut ahead = self.ahead_of(key, deadline);
            ahead.short += own;
            let start = self.start(queue.memory, ahead, (RUN_MARGIN, QUEUE_MARGIN), now);
            start + run(queue).mul_f64(RUN_MARGIN) > deadline.saturating_duration_since(now)
        })
    }

    /// Whether a class has room within its share of what can wait in the time that is left. Full lanes may always
    /// wait, or no share would be worth anything to the expensive ones.
    fn is_within_share(&self, asked: &Asked<'_, Q>, left: Duration, now: Instant) -> bool {
        let active = self.classes.active(now);
        if active == 1 {
            return true;
        }
        let class = self.classes.work(asked.class);
        let queue = self.queues.get(&asked.work.queue);
        let (jobs, work) = queue.map_or((0, Duration::ZERO), |queue| (queue.len(), queue.work()));
        let full = self.full(asked.pace, asked.work.alone);
        if jobs < full && class == work {
            return true;
        }
        let workers = u32::try_from(self.workers.len()).unwrap_or(u32::MAX);
        let share = (left * workers).div_f64(QUEUE_MARGIN) / active;
        let with_it = self.paces.work(asked.pace, jobs + 1, full, asked.work.alone);
        class.saturating_sub(work) + with_it <= share
    }

    /// How long each worker is still at work.
    fn time_left(&self, margin: f64, now: Instant) -> impl Iterator<Item = Duration> {
        self.workers.iter().map(move |worker| {
            let end = worker.runs.as_ref().map(|run| run.end.saturating_duration_since(now));
            end.unwrap_or_default().mul_f64(margin)
        })
    }
}

/// What runs before a job, as one worker would need for it.
#[derive(Clone, Copy, Default)]
struct Ahead {
    short: Duration,
    /// In runs of more than a quarter of a deadline. They go by the margin of runs: by a larger one nothing could ever
    /// wait behind them.
    long: Duration,
    /// The part that takes memory of the budget.
    hungry: Duration,
}

impl Ahead {
    /// All of it, with the margins for runs and for what waits.
    fn with(self, (run, queue): (f64, f64)) -> Duration {
        self.long.mul_f64(run) + self.short.mul_f64(queue)
    }
}

/// When the first worker is free, where each is at work for so long and they then share this work.
fn level(mut left: Vec<Duration>, work: Duration) -> Duration {
    left.sort_unstable();
    let (mut work, mut level) = (work, left.first().copied().unwrap_or_default());
    for (workers, next) in (1_u32..).zip(left.iter().skip(1)) {
        let room = next.saturating_sub(level) * workers;
        if work <= room {
            return level + work / workers;
        }
        work -= room;
        level = *next;
    }
    level.saturating_add(work / u32::try_from(left.len()).unwrap_or(u32::MAX).max(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn work_is_poured_over_the_workers_that_are_free_first() {
        let millis = |millis: [u64; 3]| millis.map(Duration::from_millis).to_vec();
        for (left, work, start) in [
            ([0, 0, 0], 0, 0),
            ([30, 10, 20], 0, 10),
            ([30, 10, 20], 5, 15),
            ([30, 10, 20], 10, 20),
            ([30, 10, 20], 20, 25),
            ([30, 10, 20], 60, 40),
        ] {
            assert_eq!(level(millis(left), Duration::from_millis(work)), Duration::from_millis(start));
        }
    }
}
