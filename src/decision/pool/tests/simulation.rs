//! Ten times what the machine can do, with times that are not what was expected: how much is done in time, and how
//! many of those that were taken.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};

use super::*;

/// Deadline of every call, from its request on.
const PATIENCE: Duration = Duration::from_millis(2500);
const LENGTH: Duration = Duration::from_secs(40);

/// Chance that comes out the same each time (xorshift*, Vigna 2016).
struct Chance(u64);

impl Chance {
    /// From 0 to 1.
    fn next(&mut self) -> f64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        let bits = self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 40;
        f64::from(u32::try_from(bits).unwrap()) / f64::from(1 << 24)
    }

    /// Time until the next of events that come `rate` times a second by chance.
    fn gap(&mut self, rate: f64) -> Duration {
        Duration::from_secs_f64(-(1.0 - self.next()).ln() / rate)
    }
}

/// How real times differ from the machine's usual ones.
#[derive(Clone, Copy, Debug)]
enum Noise {
    /// A tenth up and down; one run in fifty is held up by as much as 100 ms.
    Usual,
    /// The same, and for every second ten seconds everything takes half as long again.
    Waves,
}

struct Load {
    workers: usize,
    /// What is offered, as a multiple of what all workers could do of that alone.
    offered: Vec<(Kernel, f64)>,
    noise: Noise,
}

#[derive(Debug, Default)]
struct Tally {
    offered: u32,
    taken: u32,
    in_time: u32,
    dropped: u32,
}

#[derive(Debug)]
struct Outcome {
    /// By milliseconds alone.
    tallies: BTreeMap<u64, Tally>,
    /// Of the workers' time, what went into answers in time, if done at the best of rates.
    goodput: f64,
    /// Of those that were taken.
    in_time: f64,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Event {
    Done(usize),
    Arrives(usize),
    Look(usize),
}

impl Kernel {
    /// Seconds of a worker for each, when the lanes are full.
    fn best(&self) -> f64 {
        let each = |(at, thousandths): (usize, &u64)| {
            Duration::from_millis(self.alone * thousandths / 1000).as_secs_f64()
                / f64::from(u32::try_from(at + 1).unwrap())
        };
        self.together.iter().enumerate().map(each).fold(f64::MAX, f64::min)
    }
}

fn simulate(load: &Load) -> Outcome {
    let mut stage = Stage::new(load.workers);
    let (start, mut chance) = (stage.now, Chance(0x5EED));
    let workers = f64::from(u32::try_from(load.workers).unwrap());
    let rates: Vec<f64> =
        load.offered.iter().map(|(kernel, times)| times * workers / kernel.best()).collect();
    let mut events: BinaryHeap<_> = (0..rates.len()).map(|at| Reverse((start, Event::Arrives(at)))).collect();
    let mut running: Vec<Option<(Run, Kernel, Duration)>> = (0..load.workers).map(|_| None).collect();
    let mut known: BTreeMap<u32, (Kernel, Instant)> = BTreeMap::new();
    let mut tallies: BTreeMap<u64, Tally> = BTreeMap::new();
    let (mut useful, mut real, mut expected) = (0.0, Duration::ZERO, Duration::ZERO);
    while let Some(Reverse((now, event))) = events.pop() {
        stage.now = now;
        let mut free: Vec<usize> = Vec::new();
        match event {
            Event::Arrives(at) => {
                let kernel = load.offered[at].0;
                // The look-up took some of the time.
                let left = PATIENCE.mul_f64(1.0 - 0.01 * chance.next());
                let number = stage.next;
                let tally = tallies.entry(kernel.alone).or_default();
                tally.offered += 1;
                if stage.push(kernel, u64::try_from(left.as_millis()).unwrap()).is_ok() {
                    tally.taken += 1;
                    known.insert(number, (kernel, now + left));
                    free = (0..load.workers).filter(|worker| running[*worker].is_none()).collect();
                }
                let next = now + chance.gap(rates[at]);
                if next < start + LENGTH {
                    events.push(Reverse((next, Event::Arrives(at))));
                }
            }
            Event::Done(worker) => {
                let (batch, kernel, took) = running[worker].take().unwrap();
                for guest in &batch.jobs {
                    if now <= known[&guest.number].1 {
                        tallies.entry(kernel.alone).or_default().in_time += 1;
                        if now < start + LENGTH {
                            useful += kernel.best();
                        }
                    }
                }
                stage.schedule.finish(worker, Some(took));
                if batch.memory > 0 {
                    stage.schedule.workers[worker].runs = None;
                    stage.schedule.give_back(worker, Bytes(batch.memory), now);
                }
                free.push(worker);
            }
            Event::Look(worker) if running[worker].is_none() => free.push(worker),
            Event::Look(_) => {}
        }
        for worker in free {
            let next = stage.take(worker);
            for number in stage.dropped() {
                tallies.entry(known[&number].0.alone).or_default().dropped += 1;
            }
            match next {
                Next::Run(batch) => {
                    let kernel = known[&batch.jobs[0].number].0;
                    let usual = kernel.expected(batch.jobs.len());
                    let took = load.noise.of(usual, now - start, &mut chance);
                    (real, expected) = (real + took, expected + usual);
                    running[worker] = Some((batch, kernel, took));
                    events.push(Reverse((now + took, Event::Done(worker))));
                }
                Next::Wait(Some(wake)) if now < start + LENGTH => {
                    events.push(Reverse((wake, Event::Look(worker))));
                }
                _ => {}
            }
        }
    }
    let (taken, in_time) = tallies
        .values()
        .fold((0, 0), |(taken, in_time), tally| (taken + tally.taken, in_time + tally.in_time));
    Outcome {
        tallies,
        goodput: useful * real.div_duration_f64(expected) / (workers * LENGTH.as_secs_f64()),
        in_time: f64::from(in_time) / f64::from(taken),
    }
}

impl Noise {
    fn of(self, usual: Duration, since: Duration, chance: &mut Chance) -> Duration {
        let noise = 0.9 + 0.2 * chance.next();
        let held_up = if chance.next() < 0.02 { 0.1 * chance.next() } else { 0.0 };
        let wave = matches!(self, Self::Waves) && since.as_secs() / 10 % 2 == 1;
        usual.mul_f64(noise * if wave { 1.5 } else { 1.0 }) + Duration::from_secs_f64(held_up)
    }
}

#[test]
fn at_ten_times_the_capacity_nearly_all_of_it_is_used_and_what_was_taken_is_done_in_time() {
    for (kernel, workers) in
        [(COST_10, 1), (COST_10, 2), (COST_10, 8), (COST_12, 2), (PBKDF2, 2), (ARGON2, 1)]
    {
        for noise in [Noise::Usual, Noise::Waves] {
            let outcome = simulate(&Load { workers, offered: vec![(kernel, 10.0)], noise });
            let what = format!("{workers} workers, {kernel:?}, {noise:?}: {outcome:?}");
            assert!(outcome.goodput >= 0.95 && outcome.in_time >= 0.999, "{what}");
        }
    }
    // Runs of half a deadline and more: there is no room for what nobody could foresee.
    let outcome = simulate(&Load { workers: 2, offered: vec![(COST_14, 10.0)], noise: Noise::Usual });
    assert!(outcome.goodput >= 0.9 && outcome.in_time >= 0.99, "{outcome:?}");
}

#[test]
fn a_flood_of_expensive_ones_leaves_the_cheap_ones_their_part_and_the_other_way_round() {
    for (expensive, workers) in [(COST_14, 1), (COST_14, 2), (COST_14, 8), (COST_15, 1), (COST_15, 2)] {
        // What the cheap ones could take by themselves: less than their part, and far more.
        for cheap in [0.1, 0.3, 10.0] {
            let offered = vec![(expensive, 10.0), (COST_10, cheap)];
            let outcome = simulate(&Load { workers, offered, noise: Noise::Usual });
            let what = format!("{workers} workers, {} ms, {cheap}: {outcome:?}", expensive.alone);
            let tally = &outcome.tallies[&COST_10.alone];
            assert!(outcome.in_time >= 0.99, "{what}");
            if cheap < 1.0 {
                assert!(tally.in_time * 100 > tally.offered * 80, "{what}");
            } else {
                let all_workers = LENGTH.as_secs_f64() * f64::from(u32::try_from(workers).unwrap());
                let part = f64::from(tally.in_time) * COST_10.best() / all_workers;
                assert!((0.35..0.65).contains(&part), "{part}: {what}");
            }
            // One of cost 14 that ends too late is a hundredth of all that a worker does here; of cost 15, two together would
            // not end in time.
            assert!(expensive == COST_15 || outcome.goodput >= 0.87, "{what}");
        }
    }
}
