//! The verify pool: threads of its own, one a core, so that hashing never holds up the async threads.
//!
//! A job that waits past its deadline, or whose caller has gone, is dropped before it runs. What takes less time
//! than handing it over runs where it is.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use tokio::sync::oneshot;

use super::Cause;
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
    threads: usize,
}

struct Shared {
    state: Mutex<State>,
    work: Condvar,
    capacity: usize,
}

#[derive(Default)]
struct State {
    waiting: VecDeque<Job>,
    busy: usize,
    closed: bool,
}

struct Job {
    hash: Arc<Hash>,
    password: Secret,
    handed_over: Instant,
    deadline: Instant,
    reply: oneshot::Sender<Verified>,
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
        let shared = Arc::new(Shared {
            state: Mutex::default(),
            work: Condvar::new(),
            capacity: threads * WAITING_PER_THREAD,
        });
        for number in 0..threads {
            let shared = Arc::clone(&shared);
            thread::Builder::new().name(format!("verify-{number}")).spawn(move || shared.run_jobs())?;
        }
        Ok(Self { shared, threads })
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
        self.shared.push(Job { hash, password, handed_over: Instant::now(), deadline, reply })?;
        match tokio::time::timeout_at(deadline.into(), answer).await {
            Err(_) => Err(Cause::Deadline),
            Ok(Ok(verified)) => Ok(verified),
            // The job was dropped: too late when its turn came, or it broke down.
            Ok(Err(_)) if Instant::now() >= deadline => Err(Cause::Deadline),
            Ok(Err(_)) => Err(Cause::Internal),
        }
    }

    /// The pool at this moment.
    pub fn in_use(&self) -> PoolUse {
        let state = self.shared.lock();
        PoolUse { threads: self.threads, busy: state.busy, waiting: state.waiting.len() }
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

    fn push(&self, job: Job) -> Result<(), Cause> {
        let mut state = self.lock();
        if state.waiting.len() >= self.capacity {
            let now = Instant::now();
            state.waiting.retain(|waiting| waiting.is_wanted(now));
        }
        if state.waiting.len() >= self.capacity {
            return Err(Cause::PoolFull);
        }
        state.waiting.push_back(job);
        drop(state);
        self.work.notify_one();
        Ok(())
    }

    fn run_jobs(&self) {
        let mut scratch = Scratch::default();
        while let Some(job) = self.next_job() {
            let queued = job.handed_over.elapsed();
            if let Some(verified) = run(&job.hash, &job.password, queued, &mut scratch) {
                // The caller may have gone meanwhile.
                let _ = job.reply.send(verified);
            }
            self.lock().busy -= 1;
        }
    }

    /// The next job that is still wanted, counted as busy; `None` when the pool is closed and empty.
    fn next_job(&self) -> Option<Job> {
        let mut state = self.lock();
        loop {
            while let Some(job) = state.waiting.pop_front() {
                if job.is_wanted(Instant::now()) {
                    state.busy += 1;
                    return Some(job);
                }
            }
            if state.closed {
                return None;
            }
            state = self.work.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }
}

impl Job {
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
