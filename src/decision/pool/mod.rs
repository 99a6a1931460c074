//! The verify pool: threads of its own, one a core, so that hashing never holds up the async threads.
//!
//! Verifications that wait anyway run together where a kernel can do so, and nobody waits for company. A job that could
//! not be done by its deadline is refused when it comes: under overload a queue would otherwise work on nothing but
//! answers that are too late. What takes less time than handing it over runs where it is.
//!
//! What runs when is decided in `schedule` and `admission`, which know neither threads nor clocks; `pace` knows how long
//! things take here, `memory` what argon2 and scrypt may take, `worker` has the threads.

mod admission;
mod classes;
mod memory;
mod pace;
mod queue;
mod schedule;
#[cfg(test)]
mod tests;
mod worker;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::oneshot;

use super::{Cause, Metrics};
use crate::schemes::{Hash, Kind, Scratch, Simd, Verdict, specimens};
use crate::secret::Secret;
use memory::Kept;
use pace::Name;
use queue::Waiter;
use schedule::{Dropped, Schedule, Work};

/// Below this estimate, in microseconds, a hand-over costs more than the work.
const INLINE_MICROS: u64 = 50;

/// How long the threads may measure at the start. It takes a fifth of that where nothing else runs; what is not measured
/// then is learnt from the first calls.
const MEASURING: Duration = Duration::from_millis(250);

/// A verification that ran: its verdict and how long it waited and took.
#[derive(Clone, Copy, Debug)]
pub struct Verified {
    /// The answer.
    pub verdict: Verdict,
    /// From the hand-over to the start.
    pub queued: Duration,
    /// From the start to the end, of all that ran together.
    pub took: Duration,
}

/// What a pool may use.
#[derive(Clone, Copy, Debug)]
pub struct PoolSettings {
    /// Threads, or one a core.
    pub threads: Option<usize>,
    /// Bytes for argon2, scrypt and yescrypt, in use and kept together. What takes more by itself runs alone.
    pub memory: u64,
}

impl Default for PoolSettings {
    fn default() -> Self {
        Self { threads: None, memory: 512 << 20 }
    }
}

/// Threads that verify, and the jobs that wait for them.
pub struct VerifyPool {
    shared: Arc<Shared>,
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
    /// Bytes that verifications take now.
    pub memory_used: u64,
    /// Bytes that are kept for the next ones.
    pub memory_kept: u64,
}

struct Shared {
    state: Mutex<State>,
    work: Condvar,
    metrics: Arc<Metrics>,
    simd: Simd,
}

struct State {
    schedule: Schedule<QueueKey, Job, Scratch>,
    /// What is still to be measured, the last first.
    specimens: Vec<Specimen>,
    /// Whether a thread measures now: one at a time, so that a first call finds another free.
    measuring: bool,
    /// Time that was spent on measuring.
    measured: Duration,
    closed: bool,
}

/// A verification whose only use is to learn how long such ones take here.
struct Specimen {
    hash: Arc<Hash>,
    together: usize,
}

/// Jobs with the same wait in one queue.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum QueueKey {
    Together(Kind),
    /// A scheme, and a power of two of its cost.
    Alone(Arc<str>, u32),
}

struct Job {
    hash: Arc<Hash>,
    password: Secret,
    handed_over: Instant,
    /// From then to the end, as far as could be foreseen.
    expected: Duration,
    reply: oneshot::Sender<Result<Verified, Cause>>,
}

impl VerifyPool {
    /// Starts the threads. They first measure how fast this machine is, as long as there is nothing else to do.
    pub fn start(settings: PoolSettings, metrics: Arc<Metrics>) -> std::io::Result<Self> {
        let cores = || std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        let threads = settings.threads.unwrap_or_else(cores).max(1);
        let shared = Arc::new(Shared::new(threads, settings.memory, metrics));
        for number in 0..threads {
            let shared = Arc::clone(&shared);
            std::thread::Builder::new()
                .name(format!("verify-{number}"))
                .spawn(move || shared.run_jobs(number))?;
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
        let cost = hash.cost();
        if cost.micros < INLINE_MICROS {
            return here(&hash, &password, self.shared.simd);
        }
        let (reply, answer) = oneshot::channel();
        let work =
            work_of(&hash, Duration::from_micros(cost.micros), cost.memory, deadline, self.shared.simd);
        let now = Instant::now();
        let job = Job { hash, password, handed_over: now, expected: Duration::ZERO, reply };
        self.shared.push(work, job, now)?;
        match tokio::time::timeout_at(deadline.into(), answer).await {
            Err(_) => Err(Cause::Deadline),
            Ok(Ok(Ok(verified))) => Ok(verified),
            Ok(Ok(Err(cause))) => Err(cause),
            Ok(Err(_)) => Err(Cause::Internal),
        }
    }

    /// The pool at this moment.
    pub fn in_use(&self) -> PoolUse {
        let state = self.shared.lock();
        let (memory_used, memory_kept) = state.schedule.memory.bytes();
        let threads = state.schedule.workers.len();
        let busy = threads - state.schedule.idle();
        PoolUse { threads, busy, waiting: state.schedule.waiting, memory_used, memory_kept }
    }
}

impl Drop for VerifyPool {
    fn drop(&mut self) {
        self.shared.lock().closed = true;
        self.shared.work.notify_all();
    }
}

impl State {
    /// What a thread without work should measure now.
    fn next_specimen(&mut self) -> Option<Specimen> {
        if self.measured > MEASURING {
            self.specimens = Vec::new();
        }
        if self.measuring {
            return None;
        }
        let specimen = self.specimens.pop();
        self.measuring = specimen.is_some();
        specimen
    }
}

impl Shared {
    fn new(threads: usize, memory: u64, metrics: Arc<Metrics>) -> Self {
        let simd = Simd::detect();
        let schedule = Schedule::new(threads, memory);
        let specimens = to_measure(simd);
        let state = State { schedule, specimens, measuring: false, measured: Duration::ZERO, closed: false };
        Self { state: Mutex::new(state), work: Condvar::new(), metrics, simd }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Hands a job over, or tells why it is not taken.
    fn push(&self, work: Work<QueueKey>, job: Job, now: Instant) -> Result<(), Cause> {
        let (pushed, dropped, wake) = {
            let mut state = self.lock();
            let pushed = state.schedule.push(work, job, now, |job, expected| job.expected = expected);
            (pushed, state.schedule.take_dropped(), state.schedule.idle() > 0)
        };
        if wake {
            self.work.notify_one();
        }
        self.tell(dropped);
        pushed.map_err(|refused| {
            self.metrics.refused(refused.words());
            Cause::WouldBeLate
        })
    }

    /// Tells those who wait for what was not run.
    fn tell(&self, dropped: Vec<(Job, Dropped)>) {
        for (job, why) in dropped {
            self.metrics.dropped(why.words());
            let _ = job.reply.send(Err(Cause::Deadline));
        }
    }
}

impl Waiter for Job {
    fn is_gone(&self) -> bool {
        self.reply.is_closed()
    }
}

impl Kept for Scratch {
    fn bytes(&self) -> u64 {
        self.memory()
    }
}

/// What is known of a verification beforehand.
fn work_of(hash: &Hash, alone: Duration, memory: u64, deadline: Instant, simd: Simd) -> Work<QueueKey> {
    let (queue, name, width) = if let Some(kind) = hash.kind() {
        (QueueKey::Together(kind), Name::Kernel(kind.kernel()), kind.width(simd))
    } else {
        let scheme = hash.scheme();
        (QueueKey::Alone(Arc::clone(&scheme), classes::class_of(alone)), Name::Scheme(scheme), 1)
    };
    Work { queue, width, name, alone, memory, deadline }
}

/// What to measure at the start: of each kernel one alone first, then so many together as can be.
fn to_measure(simd: Simd) -> Vec<Specimen> {
    let mut specimens: Vec<_> = specimens()
        .into_iter()
        .map(Arc::new)
        .flat_map(|hash| {
            let width = hash.kind().map_or(1, |kind| kind.width(simd));
            let every = width <= 8;
            let sizes = (1..=width).filter(move |size| every || size.is_power_of_two() || *size == width);
            sizes.map(move |together| Specimen { hash: Arc::clone(&hash), together })
        })
        .collect();
    specimens.sort_by_key(|specimen| std::cmp::Reverse(specimen.together));
    specimens
}

/// Verifies on this thread.
fn here(hash: &Hash, password: &Secret, simd: Simd) -> Result<Verified, Cause> {
    let started = Instant::now();
    let mut scratch = Scratch::with_simd(simd);
    let verdict = catch_unwind(AssertUnwindSafe(|| hash.verify(password.expose(), &mut scratch)));
    let verdict = verdict.map_err(|_| Cause::Internal)?;
    Ok(Verified { verdict, queued: Duration::ZERO, took: started.elapsed() })
}

impl std::fmt::Debug for VerifyPool {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "VerifyPool({:?})", self.in_use())
    }
}
