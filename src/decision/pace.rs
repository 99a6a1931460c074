//! How long a verification will take here: its estimate, corrected by what the last ones took.

use std::time::Duration;

/// Added to every expectation, since a verification that ends just too late is all lost: a third is too little where
/// a core is shared, and waiting jobs cost nothing.
const MARGIN: f64 = 1.5;
/// Work that is remembered: after as much, what was before counts half.
const MEMORY: Duration = Duration::from_secs(1);
/// What is believed at the start, as work done exactly in its estimated time. Soon outweighed.
const PRIOR: Duration = Duration::from_millis(1);

/// Estimated and measured time of the last verifications. Summed, so that each counts by its size and a small one
/// that was held up does not make the large ones look slow.
#[derive(Debug)]
pub(super) struct Pace {
    estimated: Duration,
    measured: Duration,
}

impl Default for Pace {
    fn default() -> Self {
        Self { estimated: PRIOR, measured: PRIOR }
    }
}

impl Pace {
    /// The time that work of this estimate may take, on the safe side.
    pub(super) fn expect(&self, estimate: Duration) -> Duration {
        let ratio = self.measured.div_duration_f64(self.estimated);
        Duration::try_from_secs_f64(estimate.as_secs_f64() * ratio * MARGIN).unwrap_or(Duration::MAX)
    }

    /// Learns from a verification that is done.
    pub(super) fn learn(&mut self, estimate: Duration, took: Duration) {
        self.estimated = self.estimated.saturating_add(estimate);
        self.measured = self.measured.saturating_add(took);
        if self.measured > MEMORY {
            self.measured /= 2;
            // Never nothing: it divides.
            self.estimated = (self.estimated / 2).max(Duration::from_micros(1));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HUNDRED: Duration = Duration::from_millis(100);

    /// Whether about this many milliseconds, margin included, are expected of work estimated at 100.
    fn expects(pace: &Pace, millis: f64) -> bool {
        let expected = pace.expect(HUNDRED).as_secs_f64() * 1000.0 / MARGIN;
        (expected / millis - 1.0).abs() < 0.1
    }

    #[test]
    fn estimates_are_believed_until_something_was_measured() {
        let mut pace = Pace::default();
        assert!(expects(&pace, 100.0));
        pace.learn(HUNDRED, 3 * HUNDRED);
        assert!(expects(&pace, 300.0));
    }

    #[test]
    fn a_machine_that_becomes_slower_or_faster_is_noticed() {
        let mut pace = Pace::default();
        for times in [4, 1] {
            (0..100).for_each(|_| pace.learn(HUNDRED, times * HUNDRED));
            assert!(expects(&pace, 100.0 * f64::from(times)), "{pace:?}");
        }
    }

    #[test]
    fn a_small_job_that_was_held_up_does_not_make_large_ones_look_slow() {
        let mut pace = Pace::default();
        (0..10).for_each(|_| pace.learn(HUNDRED, HUNDRED));
        pace.learn(Duration::from_micros(60), Duration::from_millis(10));
        assert!(expects(&pace, 100.0), "{pace:?}");
    }
}
