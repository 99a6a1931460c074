//! Okta's clock, as far as its `Date` headers tell: ours may be hours off, and theirs is told in whole seconds.
//!
//! Each answer bounds the difference from both sides: it was made after the request left and before it arrived here.
//! The bounds of many answers meet within the shortest round trip. Pure: all times come in.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// The granularity of `Date`.
const SECOND: i128 = 1_000_000_000;

/// What is known of Okta's clock.
#[derive(Clone, Debug)]
pub(super) struct OktaClock {
    /// Where our own time is counted from.
    base: Instant,
    /// Our idea of Okta's time at `base`, before any answer.
    ours: i128,
    /// The least and the most that Okta's clock may have shown at `base`, in nanoseconds since 1970.
    bounds: Option<(i128, i128)>,
}

impl OktaClock {
    /// Before any answer: our own clock.
    pub(super) fn new(now: Instant, system: SystemTime) -> Self {
        let ours = system.duration_since(UNIX_EPOCH).unwrap_or_default().as_nanos();
        Self { base: now, ours: i128::try_from(ours).unwrap_or_default(), bounds: None }
    }

    /// An answer with this `Date`, whose request left and which arrived at these times.
    pub(super) fn observe(&mut self, date: SystemTime, sent: Instant, received: Instant) {
        let Ok(date) = date.duration_since(UNIX_EPOCH) else { return };
        let date = i128::try_from(date.as_nanos()).unwrap_or_default();
        let seen = (date - self.since_base(received), date + SECOND - self.since_base(sent));
        self.bounds = Some(match self.bounds {
            // A clock that was set, or another machine's that differs: the newest answer counts.
            Some((least, most)) if seen.0 > most || seen.1 < least => seen,
            Some((least, most)) => (least.max(seen.0), most.min(seen.1)),
            None => seen,
        });
    }

    /// Okta's time, and never later than it is there.
    pub(super) fn now(&self, now: Instant) -> SystemTime {
        let nanos = self.at_base() + self.since_base(now);
        UNIX_EPOCH + Duration::from_nanos(u64::try_from(nanos.max(0)).unwrap_or(u64::MAX))
    }

    /// When Okta's clock shows so many seconds since 1970, and never before it does. `None` where that is out of all
    /// bounds.
    pub(super) fn instant(&self, epoch_seconds: u64) -> Option<Instant> {
        let nanos = i128::from(epoch_seconds) * SECOND - self.at_base();
        let nanos = u64::try_from(nanos.unsigned_abs()).ok().map(|size| (size, nanos < 0))?;
        match nanos {
            (size, true) => self.base.checked_sub(Duration::from_nanos(size)),
            (size, false) => self.base.checked_add(Duration::from_nanos(size)),
        }
    }

    fn at_base(&self) -> i128 {
        self.bounds.map_or(self.ours, |(least, _)| least)
    }

    fn since_base(&self, at: Instant) -> i128 {
        let nanos = |duration: Duration| i128::try_from(duration.as_nanos()).unwrap_or(i128::MAX);
        match at.checked_duration_since(self.base) {
            Some(after) => nanos(after),
            None => -nanos(self.base.duration_since(at)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> SystemTime {
        UNIX_EPOCH + Duration::from_secs(seconds)
    }

    #[test]
    fn before_any_answer_our_own_clock_is_taken() {
        let start = Instant::now();
        let clock = OktaClock::new(start, at(1000));
        assert_eq!(clock.now(start + Duration::from_secs(5)), at(1005));
        assert_eq!(clock.instant(1030), Some(start + Duration::from_secs(30)));
    }

    #[test]
    fn many_dates_in_whole_seconds_tell_the_time_within_a_round_trip() {
        let start = Instant::now();
        let mut clock = OktaClock::new(start, at(1000));
        // Okta's clock is two hours ahead and shows 8200.37 at the start; each round trip takes 2 × 100 ms.
        let okta = |since: u64| 8_200_370 + since;
        for call in 0..50 {
            let (sent, received) = (call * 137, call * 137 + 200);
            let date = at(okta(sent + 100) / 1000);
            clock.observe(date, start + Duration::from_millis(sent), start + Duration::from_millis(received));
        }
        let now = start + Duration::from_secs(10);
        let error = at(8210).checked_add(Duration::from_millis(370)).unwrap().duration_since(clock.now(now));
        let error = error.expect("never later than it is there");
        assert!(error < Duration::from_millis(200), "{error:?}");
    }

    #[test]
    fn a_clock_that_was_set_is_followed() {
        let start = Instant::now();
        let mut clock = OktaClock::new(start, at(1000));
        let mut tell = |date: u64, second: u64| {
            let now = start + Duration::from_secs(second);
            clock.observe(at(date), now, now);
            clock.now(now)
        };
        assert_eq!(tell(5000, 0), at(5000));
        assert_eq!(tell(5001, 1), at(5001));
        assert_eq!(tell(3000, 2), at(3000));
    }

    proptest::proptest! {
        #[test]
        fn no_header_makes_it_panic(dates in proptest::collection::vec(0_u64..u64::MAX / 4, 0..8), reset: u64) {
            let start = Instant::now();
            let mut clock = OktaClock::new(start, at(0));
            for date in dates {
                if let Some(date) = UNIX_EPOCH.checked_add(Duration::from_secs(date)) {
                    clock.observe(date, start, start);
                }
            }
            let _ = (clock.now(start), clock.instant(reset));
        }
    }
}
