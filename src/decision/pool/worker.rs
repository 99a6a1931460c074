//! The threads: take, verify, answer, and only then clean up.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::pace::Name;
use super::schedule::{Batch, Next};
use super::{Job, Shared, Specimen, State, Verified, work_of};
use crate::decision::Cause;
use crate::schemes::{Hash, Scratch, Verdict};

/// What is verified against when only the time counts.
const ANY_PASSWORD: &[u8] = b"no password";
/// A measurement at the start is repeated: the first run also loads the code.
const MEASURED: usize = 2;

/// What can be verified, alone or with others of its kind.
pub(super) trait Subject {
    /// Verifies one.
    fn alone(&self, scratch: &mut Scratch) -> Verdict;
    /// Verifies several that wait in one queue; the verdicts are in their order.
    fn together(all: &[Self], scratch: &mut Scratch) -> Vec<Verdict>
    where
        Self: Sized;
}

impl Subject for Job {
    fn alone(&self, scratch: &mut Scratch) -> Verdict {
        self.hash.verify(self.password.expose(), scratch)
    }

    fn together(all: &[Self], scratch: &mut Scratch) -> Vec<Verdict> {
        let kind = all.first().and_then(|job| job.hash.kind());
        let Some(kind) = kind else { return all.iter().map(|job| job.alone(scratch)).collect() };
        let attempts: Vec<_> = all.iter().map(|job| (&*job.hash, job.password.expose())).collect();
        Hash::verify_together(kind, &attempts, scratch)
    }
}

/// The verdicts, in the order of the jobs; `None` for one whose verification panicked. After a panic each is run by
/// itself, so that it takes no other down with it.
pub(super) fn verdicts<S: Subject>(jobs: &[S], scratch: &mut Scratch) -> Vec<Option<Verdict>> {
    let run = |scratch: &mut Scratch| match jobs {
        [] => Vec::new(),
        [only] => vec![only.alone(scratch)],
        several => S::together(several, scratch),
    };
    if let Ok(verdicts) = catch_unwind(AssertUnwindSafe(|| run(scratch)))
        && verdicts.len() == jobs.len()
    {
        return verdicts.into_iter().map(Some).collect();
    }
    if jobs.len() == 1 {
        return vec![None];
    }
    jobs.iter().map(|job| catch_unwind(AssertUnwindSafe(|| job.alone(scratch))).ok()).collect()
}

/// A worker's memory: for what needs little its own, for what needs much what it was lent.
struct Desk {
    own: Scratch,
    lent: Option<Scratch>,
}

impl Shared {
    /// Runs jobs until the pool is closed and empty.
    pub(super) fn run_jobs(&self, worker: usize) {
        let mut desk = Desk { own: Scratch::with_simd(self.simd), lent: None };
        while let Some(batch) = self.next(worker, &mut desk) {
            let took = self.run(batch, &mut desk);
            self.lock().schedule.finish(worker, took);
        }
    }

    /// The next jobs for this worker. Measures, and gives memory back, when there are none.
    fn next(&self, worker: usize, desk: &mut Desk) -> Option<Batch<Job, Scratch>> {
        let mut state = self.lock();
        loop {
            let next = state.schedule.take(worker, Instant::now());
            let dropped = state.schedule.take_dropped();
            let released = state.schedule.memory.take_released();
            if !dropped.is_empty() || !released.is_empty() {
                drop(state);
                self.tell(dropped);
                drop(released);
                state = self.lock();
                if let Next::Wait(_) = next {
                    // Somebody may have come meanwhile, whose call was not heard.
                    continue;
                }
            }
            match next {
                Next::Run(batch) => return Some(batch),
                Next::GiveBack => {
                    drop(state);
                    let mut kept = desk.lent.take().unwrap_or_else(|| Scratch::with_simd(self.simd));
                    kept.wipe();
                    state = self.lock();
                    state.schedule.give_back(worker, kept, Instant::now());
                    if state.schedule.waiting > 0 {
                        // Somebody may wait for this memory.
                        self.work.notify_one();
                    }
                }
                Next::Wait(_) if state.closed => return None,
                Next::Wait(until) => match state.next_specimen() {
                    Some(specimen) => {
                        drop(state);
                        let started = Instant::now();
                        self.measure(&specimen);
                        state = self.lock();
                        state.measuring = false;
                        state.measured += started.elapsed();
                    }
                    None => state = self.wait(state, until),
                },
            }
        }
    }

    fn wait<'s>(&'s self, state: MutexGuard<'s, State>, until: Option<Instant>) -> MutexGuard<'s, State> {
        match until {
            None => self.work.wait(state).unwrap_or_else(PoisonError::into_inner),
            Some(until) => {
                let left = until.saturating_duration_since(Instant::now());
                self.work.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0
            }
        }
    }

    /// Verifies, answers, and cleans up. How long it took; `None` where something broke down.
    fn run(&self, batch: Batch<Job, Scratch>, desk: &mut Desk) -> Option<Duration> {
        let Batch { jobs, expected, memory, kept, name } = batch;
        let scratch = if memory == 0 {
            &mut desk.own
        } else {
            let lent = desk.lent.take().or(kept).unwrap_or_else(|| Scratch::with_simd(self.simd));
            desk.lent.insert(lent)
        };
        let started = Instant::now();
        let verdicts = verdicts(&jobs, scratch);
        let took = started.elapsed();
        let whole = !verdicts.is_empty() && verdicts.iter().all(Option::is_some);
        let together = jobs.len();
        for (job, verdict) in jobs.into_iter().zip(verdicts) {
            let Job { handed_over, expected, reply, .. } = job;
            let queued = started.saturating_duration_since(handed_over);
            let answer = verdict.map(|verdict| Verified { verdict, queued, took }).ok_or(Cause::Internal);
            // The caller may have gone meanwhile.
            let _ = reply.send(answer);
            self.metrics.turned_round(expected, queued + took);
        }
        if whole {
            let kernel = if let Name::Kernel(kernel) = name { kernel } else { "none" };
            self.metrics.ran(kernel, together, expected, took);
        }
        if memory == 0 {
            desk.own.wipe();
        }
        whole.then_some(took)
    }

    /// Learns how long so many of these take here, unless that is known by now.
    pub(super) fn measure(&self, specimen: &Specimen) {
        let Specimen { hash, together } = specimen;
        let attempts = vec![(&**hash, ANY_PASSWORD); *together];
        let mut scratch = Scratch::with_simd(self.simd);
        let mut shortest = None::<Duration>;
        for _ in 0..MEASURED {
            let started = Instant::now();
            let run = catch_unwind(AssertUnwindSafe(|| match hash.kind() {
                Some(kind) if *together > 1 => drop(Hash::verify_together(kind, &attempts, &mut scratch)),
                _ => drop(hash.verify(ANY_PASSWORD, &mut scratch)),
            }));
            let took = started.elapsed();
            if run.is_err() {
                return;
            }
            shortest = Some(shortest.map_or(took, |shortest| shortest.min(took)));
        }
        let (Some(took), cost) = (shortest, hash.cost()) else { return };
        let alone = Duration::from_micros(cost.micros);
        let work = work_of(hash, alone, cost.memory, Instant::now(), self.simd);
        let paces = &mut self.lock().schedule.paces;
        let id = paces.id(&work.name, work.width);
        paces.begin(id, *together, alone, took);
    }
}
