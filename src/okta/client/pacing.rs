//! How fast calls may go: by the rate-limit headers of each bucket, by the configured share and cap, by the calls in
//! flight, and by how the org is doing.
//!
//! Pure: all times and all chance come in, nothing waits here, and a test can run hours in a moment. The client asks
//! before each call and tells what came of it.

#[cfg(test)]
mod simulation;

use std::time::{Duration, Instant};

use super::Bucket;

/// The window of all of Okta's limits.
const MINUTE: Duration = Duration::from_mins(1);
/// Calls a minute where neither headers nor the configuration tell: what Okta published for creating users.
const UNKNOWN_LIMIT: f64 = 600.0;
/// How much of the time that was lost by late wake-ups is made up for at once.
const BURST: Duration = Duration::from_secs(1);
/// The longest that a header can make a bucket wait.
const LONGEST_WINDOW: Duration = Duration::from_mins(10);
/// Two resets as close as this tell of one window, whose end was rounded differently.
const SAME_WINDOW: u64 = 2;
/// The longest pause after failures.
pub(super) const LONGEST_PAUSE: Duration = Duration::from_mins(1);
/// The first pause after failures; it doubles.
const FIRST_PAUSE: Duration = Duration::from_millis(500);
/// Failures in a row after which one call at a time is tried.
const DOWN: u32 = 3;
/// Full rounds of good answers after which one more call may be in flight.
const GROWS_AFTER: usize = 10;

/// What the configuration says.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rules {
    /// Above 0, up to 1.
    pub(super) share: f64,
    /// All calls together.
    pub(super) max_per_minute: Option<u32>,
    /// At least 1.
    pub(super) in_flight: usize,
}

/// What an answer's headers say of its bucket.
#[derive(Clone, Copy, Debug)]
pub(super) struct Standing {
    /// `X-Rate-Limit-Limit`
    pub(super) limit: u64,
    /// `X-Rate-Limit-Remaining`
    pub(super) remaining: u64,
    /// `X-Rate-Limit-Reset`, as it stands there: resets of one bucket can be compared without any clock.
    pub(super) reset: u64,
    /// When that is by our own time, and no earlier than it is at Okta's.
    pub(super) ends: Option<Instant>,
}

/// What came of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// An answer of Okta's, good or bad.
    Answered,
    /// 429: the bucket is empty.
    Limited,
    /// 429: too many at once.
    Crowded,
    /// 5xx, no answer, or no connection.
    Failed,
}

/// Why a call may not go yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wait {
    /// Not before then.
    Until(Instant),
    /// Not before another call has ended.
    ForAnswer,
}

/// Why nothing goes out for a while.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PauseCause {
    /// Okta said that the bucket is empty; it fills at the window's end.
    RateLimit,
    /// Other tools have used the bucket up as far as it goes in this window.
    BucketUsed,
    /// Errors of Okta's, or no connection.
    Failures,
}

impl std::fmt::Display for PauseCause {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::RateLimit => "Okta's rate limit is reached",
            Self::BucketUsed => "the org's rate limit is used up for this minute",
            Self::Failures => "Okta does not answer",
        })
    }
}

/// All of a client's pacing.
#[derive(Debug)]
pub(super) struct Pacing {
    rules: Rules,
    buckets: [Pacer; Bucket::ALL.len()],
    /// The cap over all calls.
    cap: Option<Spread>,
    flight: Flight,
    trouble: Trouble,
    /// Calls between their sending and their answer.
    sending: usize,
    pub(super) calls: u64,
    pub(super) limited: u64,
    pub(super) retries: u64,
    pub(super) answered: u64,
}

impl Pacing {
    pub(super) fn new(rules: Rules) -> Self {
        Self {
            rules,
            buckets: std::array::from_fn(|_| Pacer::default()),
            cap: rules.max_per_minute.map(Spread::never_more_than),
            flight: Flight { most: rules.in_flight, size: rules.in_flight, good: 0, halved: None },
            trouble: Trouble::default(),
            sending: 0,
            calls: 0,
            limited: 0,
            retries: 0,
            answered: 0,
        }
    }

    /// Takes a place of this bucket, if one is free and it is time.
    pub(super) fn admit(&mut self, bucket: Bucket, now: Instant) -> Result<(), Wait> {
        self.not_paused(now)?;
        let most = self.places();
        let rules = self.rules;
        let Some(pacer) = self.buckets.get_mut(bucket.index()) else { return Ok(()) };
        pacer.ready(&rules, most, now)?;
        if let Some(cap) = &mut self.cap {
            cap.ready(now)?;
            cap.take(now, cap.interval);
        }
        pacer.take(&rules, now);
        Ok(())
    }

    /// Gives the place back.
    pub(super) fn release(&mut self, bucket: Bucket) {
        if let Some(pacer) = self.buckets.get_mut(bucket.index()) {
            pacer.admitted = pacer.admitted.saturating_sub(1);
        }
    }

    /// Lets an admitted call go out, if no more than the flight are under way.
    pub(super) fn send(&mut self, now: Instant) -> Result<(), Wait> {
        self.not_paused(now)?;
        if self.sending >= self.places() {
            return Err(Wait::ForAnswer);
        }
        self.sending += 1;
        self.calls += 1;
        Ok(())
    }

    /// A call that was let out has come to nothing: its future was dropped.
    pub(super) fn forget(&mut self) {
        self.sending = self.sending.saturating_sub(1);
    }

    /// A call that was let out has ended. `jitter` is chance, from 0 to 1.
    pub(super) fn ended(
        &mut self,
        bucket: Bucket,
        sent: Instant,
        now: Instant,
        outcome: Outcome,
        standing: Option<Standing>,
        jitter: f64,
    ) {
        self.sending = self.sending.saturating_sub(1);
        if let Some(pacer) = self.buckets.get_mut(bucket.index()) {
            if let Some(standing) = standing.filter(|_| outcome != Outcome::Crowded) {
                pacer.learn(&standing, now);
            }
            match outcome {
                Outcome::Limited => pacer.empty(standing.and_then(|standing| standing.ends), now, jitter),
                Outcome::Answered => pacer.limited_in_a_row = 0,
                Outcome::Crowded | Outcome::Failed => {}
            }
        }
        if outcome != Outcome::Failed {
            self.trouble = Trouble::default();
        }
        match outcome {
            Outcome::Answered => {
                self.answered += 1;
                self.flight.good_answer();
            }
            Outcome::Limited => self.limited += 1,
            Outcome::Crowded => {
                self.limited += 1;
                self.flight.halve(sent, now);
            }
            Outcome::Failed => self.trouble.failed(sent, now, jitter),
        }
    }

    /// Calls a minute that this bucket may make; none before that is known.
    pub(super) fn allowed(&self, bucket: Bucket) -> Option<f64> {
        let limit = self.limit(bucket);
        if limit.is_none() && self.rules.max_per_minute.is_none() {
            return None;
        }
        Some(self.rules.per_minute(limit).min(self.rules.max_per_minute.map_or(f64::INFINITY, f64::from)))
    }

    /// The bucket's `X-Rate-Limit-Limit`.
    pub(super) fn limit(&self, bucket: Bucket) -> Option<u64> {
        self.buckets.get(bucket.index()).and_then(|pacer| pacer.limit)
    }

    /// Calls under way, and how many may be.
    pub(super) fn flight(&self) -> (usize, usize) {
        (self.sending, self.places())
    }

    /// Until when this bucket is held up, and by what.
    pub(super) fn pause(&self, bucket: Bucket, now: Instant) -> Option<(Instant, PauseCause)> {
        if let Some(until) = self.trouble.until.filter(|until| *until > now) {
            return Some((until, PauseCause::Failures));
        }
        let pacer = self.buckets.get(bucket.index())?;
        if let Some(until) = pacer.paused.filter(|until| *until > now) {
            return Some((until, PauseCause::RateLimit));
        }
        let window = pacer.window.filter(|window| window.ends > now)?;
        (pacer.free(&window) < 1).then_some((window.ends, PauseCause::BucketUsed))
    }

    fn not_paused(&self, now: Instant) -> Result<(), Wait> {
        match self.trouble.until {
            Some(until) if until > now => Err(Wait::Until(until)),
            _ => Ok(()),
        }
    }

    /// One call at a time finds out whether an org that was down is back.
    fn places(&self) -> usize {
        if self.trouble.in_a_row >= DOWN { 1 } else { self.flight.size }
    }
}

impl Rules {
    fn per_minute(&self, limit: Option<u64>) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "limits are small, and absurd ones are not precise")]
        let limit = limit.map_or(UNKNOWN_LIMIT, |limit| limit as f64);
        (limit * self.share).clamp(0.1, 1e9)
    }
}

/// One bucket.
#[derive(Debug, Default)]
struct Pacer {
    spread: Spread,
    limit: Option<u64>,
    window: Option<Window>,
    paused: Option<Instant>,
    limited_in_a_row: u32,
    /// Places that are taken: calls that are under way, or about to be.
    admitted: usize,
}

/// The rest of a window.
#[derive(Clone, Copy, Debug)]
struct Window {
    reset: u64,
    ends: Instant,
    remaining: u64,
}

impl Pacer {
    fn ready(&mut self, rules: &Rules, most: usize, now: Instant) -> Result<(), Wait> {
        if let Some(until) = self.paused {
            if until > now {
                return Err(Wait::Until(until));
            }
            self.paused = None;
        }
        if self.admitted >= most {
            return Err(Wait::ForAnswer);
        }
        if let Some(window) = self.window {
            if window.ends <= now {
                self.window = None;
                self.spread.not_later_than(now);
            } else if self.free(&window) < 1 {
                return Err(Wait::Until(window.ends));
            }
        }
        // What is due was reckoned with the rate of then; a faster one since must not wait for it.
        self.spread.not_later_than(now + self.interval(rules, now));
        self.spread.ready(now)
    }

    fn take(&mut self, rules: &Rules, now: Instant) {
        let interval = self.interval(rules, now);
        self.spread.take(now, interval);
        self.admitted += 1;
    }

    /// From one call to the next: the share of the limit, spread over a minute; or what is left of the window, spread
    /// over its rest, where other tools have used more than theirs.
    fn interval(&self, rules: &Rules, now: Instant) -> Duration {
        let even = MINUTE.div_f64(rules.per_minute(self.limit));
        let Some(window) = self.window else { return even };
        let free = u32::try_from(self.free(&window)).unwrap_or(u32::MAX).max(1);
        even.max(window.ends.saturating_duration_since(now) / free)
    }

    /// Calls that the window still has for us. The last ones stay for others; what is under way may already be
    /// counted, or not.
    fn free(&self, window: &Window) -> u64 {
        let kept_out = self.limit.map_or(1, |limit| (limit / 100).max(1));
        window.remaining.saturating_sub(kept_out).saturating_sub(self.admitted as u64)
    }

    fn learn(&mut self, standing: &Standing, now: Instant) {
        let Some(ends) = standing.ends else {
            self.limit = Some(standing.limit.max(1));
            return;
        };
        let ends = ends.min(now + LONGEST_WINDOW);
        let seen = Window { reset: standing.reset, ends, remaining: standing.remaining };
        match &mut self.window {
            // Answers overtake each other: an older window says nothing any more.
            Some(known) if seen.reset.saturating_add(SAME_WINDOW) < known.reset => return,
            Some(known)
                if seen.reset <= known.reset
                    || (seen.reset <= known.reset.saturating_add(SAME_WINDOW)
                        && seen.remaining <= known.remaining) =>
            {
                known.remaining = known.remaining.min(seen.remaining);
            }
            window => {
                if ends > now {
                    *window = Some(seen);
                    self.spread.not_later_than(now);
                }
            }
        }
        self.limit = Some(standing.limit.max(1));
    }

    /// A 429: nothing more until the window ends, and then not all at the same moment.
    fn empty(&mut self, ends: Option<Instant>, now: Instant, jitter: f64) {
        self.limited_in_a_row = self.limited_in_a_row.saturating_add(1);
        let least = now + backoff(self.limited_in_a_row, 0.5 + jitter / 2.0);
        let until = match ends {
            Some(ends) if ends > now => ends.min(now + LONGEST_WINDOW) + FIRST_PAUSE.mul_f64(jitter),
            _ => least,
        };
        self.paused = Some(self.paused.map_or(until, |paused| paused.max(until)));
        if let Some(window) = &mut self.window {
            window.remaining = 0;
        }
    }
}

/// Evenly spread calls: each is due one interval after the one before; who is late may catch up a little.
#[derive(Debug)]
struct Spread {
    due: Option<Instant>,
    burst: Duration,
    /// For the cap, whose interval is always the same.
    interval: Duration,
}

impl Default for Spread {
    fn default() -> Self {
        Self { due: None, burst: BURST, interval: Duration::ZERO }
    }
}

impl Spread {
    /// So that no minute, wherever it begins, has more calls than this.
    fn never_more_than(per_minute: u32) -> Self {
        let per_minute = per_minute.max(1);
        if per_minute <= 60 {
            return Self { due: None, burst: Duration::ZERO, interval: MINUTE / per_minute };
        }
        let burst = BURST / 2;
        Self { due: None, burst, interval: (MINUTE + burst) / (per_minute - 1) }
    }

    fn ready(&self, now: Instant) -> Result<(), Wait> {
        match self.due {
            Some(due) if due > now => Err(Wait::Until(due)),
            _ => Ok(()),
        }
    }

    fn take(&mut self, now: Instant, interval: Duration) {
        let earliest = now.checked_sub(self.burst).unwrap_or(now);
        self.due = Some(self.due.map_or(now, |due| due.max(earliest)) + interval);
    }

    fn not_later_than(&mut self, latest: Instant) {
        self.due = self.due.map(|due| due.min(latest));
    }
}

/// How many calls may be under way at once.
#[derive(Debug)]
struct Flight {
    most: usize,
    size: usize,
    good: usize,
    halved: Option<Instant>,
}

impl Flight {
    fn good_answer(&mut self) {
        if self.size < self.most {
            self.good += 1;
            if self.good >= self.size * GROWS_AFTER {
                self.good = 0;
                self.size += 1;
            }
        }
    }

    /// Once for all the calls that were under way together.
    fn halve(&mut self, sent: Instant, now: Instant) {
        if self.halved.is_none_or(|halved| sent >= halved) {
            self.size = (self.size / 2).max(1);
            self.halved = Some(now);
        }
        self.good = 0;
    }
}

/// Failures in a row, whichever call they hit: an org that is down must not be hammered by ten workers.
#[derive(Debug, Default)]
struct Trouble {
    in_a_row: u32,
    since: Option<Instant>,
    until: Option<Instant>,
}

impl Trouble {
    fn failed(&mut self, sent: Instant, now: Instant, jitter: f64) {
        // Calls that were under way together fail together; that is one failure.
        if self.since.is_some_and(|since| sent < since) {
            return;
        }
        self.in_a_row = self.in_a_row.saturating_add(1);
        self.since = Some(now);
        // A single failure is that call's own affair.
        if self.in_a_row > 1 {
            self.until = Some(now + backoff(self.in_a_row, jitter));
        }
    }
}

/// The pause after so many failures in a row: doubling, with full jitter, up to a minute.
pub(super) fn backoff(in_a_row: u32, jitter: f64) -> Duration {
    let doubled = FIRST_PAUSE.saturating_mul(2_u32.saturating_pow(in_a_row.saturating_sub(1)));
    doubled.min(LONGEST_PAUSE).mul_f64(jitter.clamp(0.0, 1.0))
}
