//! What the pool promises: of its decisions alone, with invented kernels and times; under ten times its capacity, in a
//! simulation; and of its threads with real hashes.

mod real;
mod rules;
mod simulation;

use std::cell::Cell;
use std::rc::Rc;
use std::time::{Duration, Instant};

use super::memory::Kept;
use super::pace::Name;
use super::queue::Waiter;
use super::schedule::{Batch, Next, Refused, Schedule, Work};

/// An invented kernel: how long one takes alone, and several together, in thousandths of that.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Kernel {
    name: &'static str,
    /// Milliseconds.
    alone: u64,
    together: &'static [u64],
    /// Bytes of the budget.
    memory: u64,
}

/// As bcrypt was measured.
const INTERLEAVED: &[u64] = &[1000, 1080, 1190, 1470, 1760];
/// Vector lanes: as long for two as for eight. Four pay.
const LANES: &[u64] = &[1000, 3000, 3000, 3000, 3000, 3000, 3000, 3000];

/// bcrypt's costs, a PBKDF2 and an argon2.
const COST_10: Kernel = Kernel { name: "bcrypt", alone: 50, together: INTERLEAVED, memory: 0 };
const COST_12: Kernel = Kernel { name: "bcrypt", alone: 200, together: INTERLEAVED, memory: 0 };
const COST_14: Kernel = Kernel { name: "bcrypt", alone: 800, together: INTERLEAVED, memory: 0 };
const COST_15: Kernel = Kernel { name: "bcrypt", alone: 1600, together: INTERLEAVED, memory: 0 };
/// Something that runs alone.
const ALONE: Kernel = Kernel { name: "alone", alone: 500, together: &[1000], memory: 0 };
const PBKDF2: Kernel = Kernel { name: "pbkdf2", alone: 60, together: LANES, memory: 0 };
const ARGON2: Kernel = Kernel { name: "argon2", alone: 80, together: &[1000], memory: 64 };

impl Kernel {
    fn expected(&self, together: usize) -> Duration {
        Duration::from_millis(self.alone) * u32::try_from(self.together[together - 1]).unwrap() / 1000
    }
}

/// Somebody who waits.
#[derive(Debug)]
struct Guest {
    number: u32,
    gone: Rc<Cell<bool>>,
}

impl Waiter for Guest {
    fn is_gone(&self) -> bool {
        self.gone.get()
    }
}

/// Kept memory, of so many bytes.
#[derive(Debug)]
struct Bytes(u64);

impl Kept for Bytes {
    fn bytes(&self) -> u64 {
        self.0
    }
}

type Run = Batch<Guest, Bytes>;

/// A schedule and its time.
struct Stage {
    schedule: Schedule<Kernel, Guest, Bytes>,
    now: Instant,
    next: u32,
}

impl Stage {
    /// On a machine that knows how long everything takes.
    fn new(workers: usize) -> Self {
        let mut stage = Self { schedule: Schedule::new(workers, 100), now: Instant::now(), next: 0 };
        for kernel in [COST_10, PBKDF2, ARGON2] {
            let id = stage.schedule.paces.id(&Name::Kernel(kernel.name), kernel.together.len());
            for together in 1..=kernel.together.len() {
                let took = kernel.expected(together);
                stage.schedule.paces.begin(id, together, Duration::from_millis(kernel.alone), took);
            }
        }
        stage
    }

    fn pass(&mut self, millis: u64) {
        self.now += Duration::from_millis(millis);
    }

    /// One more of these, to be done within so many milliseconds. Its number and whether it has gone.
    fn push(&mut self, kernel: Kernel, millis: u64) -> Result<(u32, Rc<Cell<bool>>), Refused> {
        let (number, gone) = (self.next, Rc::new(Cell::new(false)));
        self.next += 1;
        let work = Work {
            queue: kernel,
            width: kernel.together.len(),
            name: Name::Kernel(kernel.name),
            alone: Duration::from_millis(kernel.alone),
            memory: kernel.memory,
            deadline: self.now + Duration::from_millis(millis),
        };
        self.schedule.push(work, Guest { number, gone: Rc::clone(&gone) }, self.now, |_, _| ())?;
        Ok((number, gone))
    }

    /// Pushes so many with a deadline's time; how many are taken.
    fn flood(&mut self, kernel: Kernel, jobs: usize) -> usize {
        (0..jobs).filter(|_| self.push(kernel, 2500).is_ok()).count()
    }

    fn take(&mut self, worker: usize) -> Next<Guest, Bytes> {
        self.schedule.take(worker, self.now)
    }

    /// The numbers of the jobs that a free worker takes.
    fn taken(&mut self, worker: usize) -> Vec<u32> {
        match self.take(worker) {
            Next::Run(batch) => batch.jobs.iter().map(|guest| guest.number).collect(),
            _ => Vec::new(),
        }
    }

    /// Each of two workers takes what there is.
    fn all_take(&mut self) {
        self.taken(0);
        self.taken(1);
    }

    fn dropped(&mut self) -> Vec<u32> {
        self.schedule.take_dropped().iter().map(|(guest, _)| guest.number).collect()
    }
}
