//! How long decisions took in the last five minutes: counts in buckets whose bounds grow by an eighth, so that any
//! percentile is told within some six percent, whatever it is.

use std::time::Duration;

use super::ring::Ring;

/// Seconds in one tick.
const TICK: u32 = 10;
/// Ticks that are told.
const TICKS: u32 = 30;
/// What is told covers so much.
pub(super) const WINDOW: Duration = Duration::from_secs(TICK as u64 * TICKS as u64);
/// Buckets in each doubling.
const STEPS: u32 = 8;
/// Doublings from 8 µs on; what takes longer than 67 s is in the last bucket.
const DOUBLINGS: u32 = 23;
/// Below 8 µs each microsecond has a bucket of its own.
const BUCKETS: u32 = STEPS + STEPS * DOUBLINGS;

/// Counts of the last five minutes.
pub(super) struct Latency {
    ring: Ring,
}

/// How long decisions took, in microseconds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Latencies {
    /// Decisions that are told of.
    pub decisions: u64,
    /// Half of them took no longer.
    pub p50: u64,
    /// 95 of 100 took no longer.
    pub p95: u64,
    /// 99 of 100 took no longer.
    pub p99: u64,
    /// No decision took longer.
    pub longest: u64,
    /// How many took how long: a bucket's upper bound, in microseconds, and its count, where there are any.
    pub buckets: Vec<(u64, u64)>,
}

impl Latency {
    pub(super) fn new() -> Self {
        // One more than is told, so that the oldest is whole while the newest grows.
        Self { ring: Ring::new(TICKS as usize + 1, BUCKETS as usize) }
    }

    pub(super) fn add(&self, second: u32, took: Duration) {
        let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        self.ring.add(second / TICK, bucket(micros) as usize, 1);
    }

    pub(super) fn read(&self, second: u32) -> Latencies {
        let newest = second / TICK;
        let count = |bucket: u32| {
            let ticks = newest.saturating_sub(TICKS)..=newest;
            ticks.map(|tick| u64::from(self.ring.count(tick, bucket as usize))).sum::<u64>()
        };
        let buckets = (0..BUCKETS).map(|bucket| (upper(bucket), count(bucket)));
        let buckets: Vec<(u64, u64)> = buckets.filter(|(_, count)| *count > 0).collect();
        let decisions: u64 = buckets.iter().map(|(_, count)| count).sum();
        let at = |of_thousand: u64| percentile(&buckets, decisions, of_thousand);
        Latencies {
            decisions,
            p50: at(500),
            p95: at(950),
            p99: at(990),
            longest: buckets.last().map_or(0, |(upper, _)| *upper),
            buckets,
        }
    }
}

/// The upper bound of the bucket in which so many of a thousand have been counted.
fn percentile(buckets: &[(u64, u64)], all: u64, of_thousand: u64) -> u64 {
    let rank = (all.saturating_mul(of_thousand)).div_ceil(1000).max(1);
    let mut seen = 0;
    for (upper, count) in buckets {
        seen += count;
        if seen >= rank {
            return *upper;
        }
    }
    0
}

/// The bucket of a time in microseconds.
fn bucket(micros: u64) -> u32 {
    if micros < u64::from(STEPS) {
        return u32::try_from(micros).unwrap_or_default();
    }
    // The three bits behind the first say which eighth of the doubling it is.
    let doubling = micros.ilog2() - STEPS.ilog2();
    let eighth = u32::try_from((micros >> doubling) & u64::from(STEPS - 1)).unwrap_or_default();
    (STEPS + doubling * STEPS + eighth).min(BUCKETS - 1)
}

/// The first time, in microseconds, that is beyond a bucket; below 8 µs the time itself.
fn upper(bucket: u32) -> u64 {
    if bucket < STEPS {
        return u64::from(bucket);
    }
    let (doubling, eighth) = ((bucket - STEPS) / STEPS, (bucket - STEPS) % STEPS);
    u64::from(STEPS + eighth + 1) << doubling
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_below_its_bucket_s_bound_and_within_an_eighth_of_it() {
        for micros in (0..20_000).chain((0..1_000).map(|n| n * 60_000)) {
            let bound = upper(bucket(micros));
            assert!(bound >= micros, "{micros}: {bound}");
            assert!(bound <= micros + micros / 8 + 1, "{micros}: {bound}");
        }
        assert_eq!(bucket(u64::MAX), BUCKETS - 1);
    }

    #[test]
    fn percentiles_are_of_the_last_five_minutes() {
        let latency = Latency::new();
        let start = 1_800_000_000;
        for _ in 0..98 {
            latency.add(start, Duration::from_millis(10));
        }
        latency.add(start + 5, Duration::from_millis(500));
        latency.add(start + 299, Duration::from_secs(2));
        let read = latency.read(start + 299);
        assert_eq!(read.decisions, 100);
        let near = |told: u64, micros: u64| told >= micros && told <= micros + micros / 8;
        assert!(near(read.p50, 10_000) && near(read.p95, 10_000), "{read:?}");
        assert!(near(read.p99, 500_000) && near(read.longest, 2_000_000), "{read:?}");
        assert_eq!(latency.read(start + 500).decisions, 1, "only what is recent");
        assert_eq!(latency.read(start + 5_000), Latencies::default());
    }
}
