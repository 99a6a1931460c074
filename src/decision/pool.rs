//! The verify pool: threads of its own, one a core, so that hashing never holds up the async threads.
//!
//! A job that could not be done by its deadline is refused when it comes, or dropped when its turn has come too late,
//! and so is one whose caller has gone: under overload a queue would otherwise work on nothing but answers that are
//! too late. What takes less time than handing it over runs where it is.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use tokio::sync::oneshot;

use super::Cause;
use super::pace::Pace;
use crate::schemes::{Hash, Scratch, Verdict};
use crate::secret::Secret;

/// Below this estimate, in microseconds, a hand-over costs more than the work.
const INLINE_MICROS: u64 = 50;
/// Jobs that may wait, for each thread. At 10 ms a job they are more than a deadline's worth.
const WAITING_PER_THREAD: usize = 256;

/// A verification that ran: its verdict and how long it waited and took.
#[derive(Clone, Copy, Debug)]
pub struct Verified {
    /// The answer.
    pub verdict: Verdict,
    /// From the hand-over to the start.
    pub queued: Duration,
    /// From the start to the end.
    pub took: Duration,
}

/// Threads that verify, and the jobs that wait for them.
pub struct VerifyPool {
    shared: Arc<Shared>,
}

struct Shared {
    state: Mutex<State>,
    work: Condvar,
    threads: usize,
}

#[derive(Default)]
struct State {
    waiting: VecDeque<Job>,
    /// Estimated time of all that wait.
    work_waiting: Duration,
    pace: Pace,
    busy: usize,
    closed: bool,
}

struct Job {
    hash: Arc<Hash>,
    password: Secret,
    handed_over: Instant,
    deadline: Instant,
    /// A thread was free for it when it came. It runs then whatever is expected, so that an expectation that has
    /// become too gloomy is put right.
    at_once: bool,
    reply: oneshot::Sender<Result<Verified, Cause>>,
}

/// The pool at this moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PoolUse {
    /// Threads in all.
    pub threads: usize,
    /// Threads at work.
    pub busy: usize,
    /// Jobs that wait.
    pub waiting: usize,
}

impl VerifyPool {
    /// Starts `threads` threads, or one a core.
    pub fn start(threads: Option<usize>) -> std::io::Result<Self> {
        let threads = threads
            .unwrap_or_else(|| thread::available_parallelism().map_or(1, std::num::NonZero::get))
            .max(1);
        let shared = Arc::new(Shared { state: Mutex::default(), work: Condvar::new(), threads });
        for number in 0..threads {
            let shared = Arc::clone(&shared);
            thread::Builder::new().name(format!("verify-{number}")).spawn(move || shared.run_jobs())?;
        }
        Ok(Self { shared })
    }

    /// Verifies on the pool, or right here what takes next to no time. Ends at the deadline at the latest; a
    /// verification that has begun by then goes on unheard.
    pub async fn verify(
        &self,
        hash: Arc<Hash>,
        password: Secret,
        deadline: Instant,
    ) -> Result<Verified, Cause> {
        if hash.cost().micros < INLINE_MICROS {
            return run(&hash, &password, Duration::ZERO, &mut Scratch::default()).ok_or(Cause::Internal);
        }
        let (reply, answer) = oneshot::channel();
        let now = Instant::now();
        let job = Job { hash, password, handed_over: now, deadline, at_once: false, reply };
        self.shared.lock().push(job, self.shared.threads, now)?;
        self.shared.work.notify_one();
        match tokio::time::timeout_at(deadline.into(), answer).await {
            Err(_) => Err(Cause::Deadline),
            Ok(Ok(Ok(verified))) => Ok(verified),
            Ok(Ok(Err(cause))) => Err(cause),
            // The job was dropped: the deadline had passed, or it broke down.
            Ok(Err(_)) if Instant::now() >= deadline => Err(Cause::Deadline),
            Ok(Err(_)) => Err(Cause::Internal),
        }
    }

    /// The pool at this moment.
    pub fn in_use(&self) -> PoolUse {
        let state = self.shared.lock();
        PoolUse { threads: self.shared.threads, busy: state.busy, waiting: state.waiting.len() }
    }
}

impl Drop for VerifyPool {
    fn drop(&mut self) {
        self.shared.lock().closed = true;
        self.shared.work.notify_all();
    }
}

impl Shared {
    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn run_jobs(&self) {
        let mut scratch = Scratch::default();
        while let Some(job) = self.next_job() {
            let queued = job.handed_over.elapsed();
            if let Some(verified) = run(&job.hash, &job.password, queued, &mut scratch) {
                self.lock().pace.learn(job.estimate(), verified.took);
                // The caller may have gone meanwhile.
                let _ = job.reply.send(Ok(verified));
            }
            self.lock().busy -= 1;
        }
    }

    /// The next job that is worth doing, counted as busy; `None` when the pool is closed and empty.
    fn next_job(&self) -> Option<Job> {
        let mut state = self.lock();
        loop {
            if let Some(job) = state.pop(Instant::now()) {
                return Some(job);
            }
            if state.closed {
                return None;
            }
            state = self.work.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }
}

impl State {
    /// Lets a job wait, unless its turn would come too late.
    fn push(&mut self, mut job: Job, threads: usize, now: Instant) -> Result<(), Cause> {
        job.at_once = self.busy + self.waiting.len() < threads;
        if !job.at_once && !self.has_room(&job, threads, now) {
            // Whoever has gone, or waits in vain, makes room.
            self.waiting.retain(|waiting| waiting.is_wanted(now));
            self.work_waiting = self.waiting.iter().map(Job::estimate).sum();
            if !self.has_room(&job, threads, now) {
                return Err(Cause::PoolFull);
            }
        }
        self.work_waiting += job.estimate();
        self.waiting.push_back(job);
        Ok(())
    }

    /// Whether what waits and this job can be done by its deadline.
    fn has_room(&self, job: &Job, threads: usize, now: Instant) -> bool {
        let threads_u32 = u32::try_from(threads).unwrap_or(u32::MAX).max(1);
        let work = self.work_waiting / threads_u32 + job.estimate();
        self.waiting.len() < threads * WAITING_PER_THREAD
            && self.pace.expect(work) <= job.deadline.saturating_duration_since(now)
    }

    /// The first job that can still be done in time; those before it are dropped, and told.
    fn pop(&mut self, now: Instant) -> Option<Job> {
        while let Some(job) = self.waiting.pop_front() {
            self.work_waiting = self.work_waiting.saturating_sub(job.estimate());
            let left = job.deadline.saturating_duration_since(now);
            if job.is_wanted(now) && (job.at_once || self.pace.expect(job.estimate()) <= left) {
                self.busy += 1;
                return Some(job);
            }
            let _ = job.reply.send(Err(Cause::Deadline));
        }
        None
    }
}

impl Job {
    fn estimate(&self) -> Duration {
        Duration::from_micros(self.hash.cost().micros)
    }

    fn is_wanted(&self, now: Instant) -> bool {
        now < self.deadline && !self.reply.is_closed()
    }
}

/// `None` where the verification panicked; the thread and its pool live on.
fn run(hash: &Hash, password: &Secret, queued: Duration, scratch: &mut Scratch) -> Option<Verified> {
    let started = Instant::now();
    let verdict = catch_unwind(AssertUnwindSafe(|| hash.verify(password.expose(), scratch))).ok()?;
    Some(Verified { verdict, queued, took: started.elapsed() })
}

impl std::fmt::Debug for VerifyPool {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "VerifyPool({:?})", self.in_use())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schemes::{Credential, Limits, Selection};

    const SECOND: Duration = Duration::from_secs(1);

    type Answer = oneshot::Receiver<Result<Verified, Cause>>;

    /// A job of bcrypt, cost 10, and its end.
    fn job(deadline: Instant) -> (Job, Answer) {
        let stored = b"$2a$10$N9qo8uLOickgx2ZMRZoMyeIjZAgcfl7p92ldGxad68LJZdL17lhWy";
        let credential = Credential { stored, ..Credential::default() };
        let hash = Selection::auto().read(&credential, &Limits::default()).unwrap();
        let (reply, answer) = oneshot::channel();
        let password = Secret::from("x");
        let job =
            Job { hash: Arc::new(hash), password, handed_over: deadline, deadline, at_once: false, reply };
        (job, answer)
    }

    /// The state of one thread that is at work, on a machine where such a job takes a second.
    fn busy_and_slow(now: Instant) -> State {
        let mut state = State { busy: 1, ..State::default() };
        let estimate = job(now).0.estimate();
        (0..100).for_each(|_| state.pace.learn(estimate, SECOND));
        state
    }

    #[test]
    fn a_job_whose_turn_comes_too_late_is_told_so_and_does_not_make_the_next_one_late() {
        let now = Instant::now();
        let mut state = busy_and_slow(now);
        let ((first, mut told), (second, _answer)) = (job(now + 4 * SECOND), job(now + 8 * SECOND));
        state.push(first, 1, now).unwrap();
        state.push(second, 1, now).unwrap();
        // Half a second is left to the first: its deadline has not passed, but there is no use in beginning.
        let popped = state.pop(now + 7 * SECOND / 2).expect("the second");
        assert_eq!(popped.deadline, now + 8 * SECOND);
        assert!(matches!(told.try_recv(), Ok(Err(Cause::Deadline))));
    }

    #[test]
    fn more_than_can_be_done_in_time_is_refused_at_once() {
        let now = Instant::now();
        let mut state = busy_and_slow(now);
        let jobs: Vec<_> = (0..100).map(|_| job(now + 12 * SECOND)).collect();
        let (jobs, answers): (Vec<Job>, Vec<Answer>) = jobs.into_iter().unzip();
        let taken = jobs.into_iter().map_while(|job| state.push(job, 1, now).ok()).count();
        assert!((4..=12).contains(&taken), "{taken} of a second each in 12 s");
        assert!(matches!(state.push(job(now + 12 * SECOND).0, 1, now), Err(Cause::PoolFull)));
        // Whoever has gone makes room.
        drop(answers);
        assert!(state.push(job(now + 12 * SECOND).0, 1, now).is_ok());
        assert_eq!((state.waiting.len(), state.work_waiting), (1, state.waiting[0].estimate()));
    }

    #[test]
    fn a_free_thread_takes_a_job_whatever_is_expected() {
        let now = Instant::now();
        let mut state = busy_and_slow(now);
        state.busy = 0;
        let (job, _answer) = job(now + SECOND / 10);
        state.push(job, 1, now).unwrap();
        assert!(state.pop(now).is_some(), "or an expectation that is wrong could never be put right");
    }
}
