//! Measuring on one core, in processor time, so that whatever else the machine does counts less.

use std::hint::black_box;
use std::time::{Duration, Instant};

use rustix::time::{ClockId, clock_gettime};

use super::Timing;
use super::formats::Format;
use super::load::micros;
use crate::schemes::{Hash, Scratch};

/// Passwords that nothing was made of; each lane has another.
const PASSWORDS: [&[u8]; 4] = [b"correct horse", b"battery staple", b"swordfish", b"hunter2hunter2"];
/// Time that all rounds of one format take at least.
const AT_LEAST: Duration = Duration::from_millis(400);
/// Rounds of one format at least, of which the median counts.
const ROUNDS: usize = 5;
/// What is shorter is repeated within a round, so that the clock's grain does not count.
const ROUND: Duration = Duration::from_millis(2);
/// For how long all cores work together.
const ALL_CORES: Duration = Duration::from_millis(600);

/// One alone, and the number together of which each takes least, if any number gains.
pub(super) fn alone_and_together(format: &Format, quick: bool) -> Vec<Timing> {
    let mut scratch = Scratch::default();
    let width = format.hash.kind().map_or(1, |kind| kind.width(scratch.simd()));
    // Scalar kernels gain with each one more; vectors cost the same however many lanes are filled.
    let numbers: Vec<usize> = if width <= 8 { (1..=width).collect() } else { vec![1, width] };
    let mut times = vec![Vec::new(); numbers.len()];
    let start = Instant::now();
    while times.iter().any(Vec::is_empty)
        || !quick && (times.iter().any(|times| times.len() < ROUNDS) || start.elapsed() < AT_LEAST)
    {
        for (number, times) in numbers.iter().zip(&mut times) {
            times.push(each(&format.hash, *number, &mut scratch));
        }
    }
    let timing = |(&lanes, times): (&usize, &Vec<f64>)| Timing {
        kernel: format.hash.kind().map_or(format.scheme, |kind| kind.kernel()),
        scheme: format.scheme,
        parameters: format.parameters,
        lanes,
        micros_each: median(times),
        estimate: micros(format.hash.cost().micros),
    };
    let timings: Vec<Timing> = numbers.iter().zip(&times).map(timing).collect();
    let Some((alone, together)) = timings.split_first() else { return timings };
    let best = together.iter().min_by(|a, b| a.micros_each.total_cmp(&b.micros_each));
    std::iter::once(alone).chain(best).cloned().collect()
}

/// How much more so many threads do together than one of them alone.
pub(super) fn all_cores(format: &Format, threads: usize) -> f64 {
    let count = || {
        let (start, mut scratch, mut done) = (Instant::now(), Scratch::default(), 0_u32);
        let together = format.hash.kind().map_or(1, |kind| kind.width(scratch.simd()));
        while start.elapsed() < ALL_CORES {
            verify(&format.hash, together, &mut scratch);
            done += 1;
        }
        f64::from(done) / start.elapsed().as_secs_f64()
    };
    let one = count();
    let all: f64 = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..threads).map(|_| scope.spawn(count)).collect();
        threads.into_iter().filter_map(|thread| thread.join().ok()).sum()
    });
    all / one
}

/// Processor time of each of so many together, in microseconds.
fn each(hash: &Hash, number: usize, scratch: &mut Scratch) -> f64 {
    let (start, mut runs) = (processor_time(), 0_u32);
    loop {
        verify(hash, number, scratch);
        runs += 1;
        let took = processor_time().saturating_sub(start);
        if took >= ROUND {
            let verified = runs.saturating_mul(u32::try_from(number).unwrap_or(u32::MAX));
            return took.as_secs_f64() * 1e6 / f64::from(verified);
        }
    }
}

fn verify(hash: &Hash, number: usize, scratch: &mut Scratch) {
    let attempts: Vec<_> = PASSWORDS.iter().cycle().take(number).map(|password| (hash, *password)).collect();
    match (hash.kind(), attempts.as_slice()) {
        (_, [(hash, password)]) => drop(black_box(hash.verify(password, scratch))),
        (Some(kind), _) => drop(black_box(Hash::verify_together(kind, &attempts, scratch))),
        (None, _) => {}
    }
}

/// Of this thread.
fn processor_time() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    let seconds = Duration::from_secs(u64::try_from(time.tv_sec).unwrap_or(0));
    seconds + Duration::from_nanos(u64::try_from(time.tv_nsec).unwrap_or(0))
}

fn median(times: &[f64]) -> f64 {
    let mut times = times.to_vec();
    times.sort_by(f64::total_cmp);
    times.get(times.len() / 2).copied().unwrap_or_default()
}
