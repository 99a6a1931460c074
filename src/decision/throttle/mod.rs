//! Guessing is slowed down: a name, and an address that people sign in from, may fail so many times in a window. One
//! that has costs no verification any more and is rejected as always, after the time that a rejection takes.
//!
//! Counted are guesses only: an unreadable value or a source that is down is nobody's fault. What is counted goes to
//! the ledger behind the answers, and what other replicas counted comes from there: see `shared.rs`.

mod levels;
mod shared;

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use levels::{FULL, Key, Levels};

use super::{Decision, Reason};
use crate::ledger::{Recorder, fold_login};

/// Rejections whose times are remembered.
const REMEMBERED: usize = 64;
/// What takes less is not waited for: a timer is no finer.
const WORTH_WAITING: Duration = Duration::from_millis(1);
/// A timer that is later was held up by something else.
const MOST_LATE: Duration = Duration::from_millis(4);

/// How many failures are let through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ThrottleSettings {
    /// Of one user, or of one name that nobody has; 0 for any number.
    pub per_user: u32,
    /// From one address (IPv6: one /64); 0 for any number.
    pub per_address: u32,
    /// The time in which so many are let through.
    pub window: Duration,
}

/// Counts failures. Shared by all calls.
pub(super) struct Throttle {
    settings: ThrottleSettings,
    recorder: Recorder,
    begun: Instant,
    counted: Mutex<Counted>,
    /// Microseconds that rejections took from look-up to verdict, of the last ones.
    times: [AtomicU64; REMEMBERED],
    next: AtomicUsize,
    /// Microseconds by which rests ended late, in the mean of the last ones.
    late: AtomicU64,
}

struct Counted {
    levels: Levels,
    /// What the ledger has not been told yet.
    untold: HashMap<Key, Untold>,
}

#[derive(Clone, Copy, Default)]
struct Untold {
    /// What was before is forgotten.
    forgiven: bool,
    added: u64,
}

/// What an attempt is counted by.
pub(super) struct Who<'a> {
    /// Source and id, where a source knows the user.
    pub(super) user: Option<(&'a str, &'a str)>,
    /// What was typed.
    pub(super) typed: &'a str,
    /// Where the person is, as Okta tells.
    pub(super) address: Option<IpAddr>,
}

/// An attempt that was let in. Dropped without an outcome, it does not count.
pub(super) struct Pass<'t> {
    throttle: &'t Throttle,
    user: Option<Key>,
    address: Option<Key>,
}

/// What is full.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Locked {
    User,
    Address,
}

impl Locked {
    /// For a label.
    pub(super) fn words(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Address => "address",
        }
    }
}

impl Throttle {
    /// Counts by the ledger's key, and with other replicas where the recorder's ledger is shared. Needs a tokio runtime.
    pub(super) fn start(settings: ThrottleSettings, recorder: Recorder) -> Arc<Self> {
        let throttle = Arc::new(Self::new(settings, recorder));
        if settings.per_user > 0 || settings.per_address > 0 {
            tokio::spawn(shared::keep_in_step(Arc::downgrade(&throttle)));
        }
        throttle
    }

    fn new(settings: ThrottleSettings, recorder: Recorder) -> Self {
        let window = u64::try_from(settings.window.as_millis()).unwrap_or(u64::MAX);
        Self {
            settings,
            recorder,
            begun: Instant::now(),
            counted: Mutex::new(Counted { levels: Levels::new(window), untold: HashMap::new() }),
            times: std::array::from_fn(|_| AtomicU64::new(0)),
            next: AtomicUsize::new(0),
            late: AtomicU64::new(0),
        }
    }

    /// Lets an attempt in, or tells what has failed too often.
    pub(super) fn admit(&self, who: &Who<'_>) -> Result<Pass<'_>, Locked> {
        let mut pass = Pass { throttle: self, user: None, address: None };
        let now = self.now();
        if self.settings.per_user > 0 {
            let key = match who.user {
                Some((source, id)) => self.recorder.failure_key(source, id),
                None => self.recorder.failure_key("\u{1}typed", &fold_login(who.typed.trim())),
            };
            if !self.counted().levels.admit(key, share(self.settings.per_user), now) {
                return Err(Locked::User);
            }
            pass.user = Some(key);
        }
        if self.settings.per_address > 0
            && let Some(address) = who.address
        {
            let key = self.recorder.failure_key("\u{1}address", &network(address).to_string());
            if !self.counted().levels.admit(key, share(self.settings.per_address), now) {
                // Dropping the pass gives the user's place back.
                return Err(Locked::Address);
            }
            pass.address = Some(key);
        }
        Ok(pass)
    }

    /// Remembers how long a rejection took, from the end of the look-up on.
    pub(super) fn rejected_after(&self, took: Duration) {
        let place = self.next.fetch_add(1, Ordering::Relaxed) % REMEMBERED;
        if let Some(time) = self.times.get(place) {
            time.store(u64::try_from(took.as_micros()).unwrap_or(u64::MAX), Ordering::Relaxed);
        }
    }

    /// Rests as long as one of the last rejections took, until the deadline at most.
    pub(super) async fn rest(&self, deadline: Instant) {
        let place = self.next.fetch_add(1, Ordering::Relaxed) % REMEMBERED;
        let micros = self.times.get(place).map_or(0, |time| time.load(Ordering::Relaxed));
        let time = Duration::from_micros(micros);
        if time >= WORTH_WAITING {
            // A timer counts whole milliseconds and its thread has to be woken: what it was late of late is taken off.
            let late = Duration::from_micros(self.late.load(Ordering::Relaxed));
            let until = (Instant::now() + time.saturating_sub(late)).min(deadline);
            tokio::time::sleep_until(until.into()).await;
            self.woke(until.elapsed());
        }
    }

    fn woke(&self, late: Duration) {
        let late = u64::try_from(late.min(MOST_LATE).as_micros()).unwrap_or(0);
        let before = self.late.load(Ordering::Relaxed);
        self.late.store((before * 7 + late) / 8, Ordering::Relaxed);
    }

    /// Users and addresses that are locked now.
    pub(super) fn locked(&self) -> usize {
        let now = self.now();
        self.counted().levels.locked(now)
    }

    fn settle(&self, key: Key, of: u32, outcome: Outcome) {
        let (now, share) = (self.now(), share(of));
        let mut counted = self.counted();
        match outcome {
            Outcome::Failed => {
                counted.levels.failed(key, share, now);
                counted.untold.entry(key).or_default().added += share;
            }
            Outcome::Succeeded => {
                counted.levels.succeeded(key, share);
                counted.untold.insert(key, Untold { forgiven: true, added: 0 });
            }
            Outcome::Nothing => counted.levels.let_go(key, share),
        }
    }

    fn counted(&self) -> MutexGuard<'_, Counted> {
        self.counted.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn now(&self) -> u64 {
        u64::try_from(self.begun.elapsed().as_millis()).unwrap_or(u64::MAX)
    }
}

#[derive(Clone, Copy)]
enum Outcome {
    Failed,
    Succeeded,
    Nothing,
}

impl Pass<'_> {
    /// Counts what came of the attempt. A right password forgives the user's failures, and not those of the address:
    /// whoever tries a thousand names finds one.
    pub(super) fn settle(mut self, decision: Decision) {
        let (user, address) = match decision {
            Decision::Verified => (Outcome::Succeeded, Outcome::Nothing),
            Decision::Rejected(reason) if is_a_guess(reason) => (Outcome::Failed, Outcome::Failed),
            _ => (Outcome::Nothing, Outcome::Nothing),
        };
        self.end(user, address);
    }

    fn end(&mut self, user: Outcome, address: Outcome) {
        let settings = &self.throttle.settings;
        if let Some(key) = self.user.take() {
            self.throttle.settle(key, settings.per_user, user);
        }
        if let Some(key) = self.address.take() {
            self.throttle.settle(key, settings.per_address, address);
        }
    }
}

impl Drop for Pass<'_> {
    fn drop(&mut self) {
        self.end(Outcome::Nothing, Outcome::Nothing);
    }
}

fn is_a_guess(reason: Reason) -> bool {
    match reason {
        Reason::WrongPassword | Reason::UnknownUser | Reason::Inactive | Reason::AmbiguousUsername => true,
        Reason::UnreadableHash | Reason::TooCostly | Reason::TooManyFailures => false,
    }
}

fn share(failures: u32) -> u64 {
    FULL / u64::from(failures.max(1))
}

/// One person has as many IPv6 addresses as they like, of one /64.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() >> 64 << 64).into(),
        v4 @ IpAddr::V4(_) => v4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn throttle(per_user: u32, per_address: u32) -> Throttle {
        let recorder = Recorder::start("sqlite::memory:".to_owned(), None, 1);
        Throttle::new(ThrottleSettings { per_user, per_address, window: Duration::from_hours(1) }, recorder)
    }

    fn attempt(throttle: &Throttle, typed: &str, address: &str, decision: Decision) -> Result<(), Locked> {
        let who = Who { user: None, typed, address: address.parse().ok() };
        throttle.admit(&who).map(|pass| pass.settle(decision))
    }

    const WRONG: Decision = Decision::Rejected(Reason::WrongPassword);

    #[tokio::test]
    async fn a_user_is_locked_by_any_spelling_and_by_guesses_alone() {
        let throttle = throttle(2, 0);
        assert_eq!(attempt(&throttle, "alice", "", Decision::Rejected(Reason::UnreadableHash)), Ok(()));
        assert_eq!(attempt(&throttle, "alice", "", WRONG), Ok(()));
        assert_eq!(attempt(&throttle, " ALICE ", "", WRONG), Ok(()));
        assert_eq!(attempt(&throttle, "Alice", "", Decision::Verified), Err(Locked::User));
        assert_eq!(attempt(&throttle, "bob", "", Decision::Verified), Ok(()));
        assert_eq!(throttle.locked(), 1);
    }

    #[tokio::test]
    async fn an_address_is_locked_whatever_names_it_tries_and_a_right_one_does_not_help() {
        let throttle = throttle(0, 2);
        assert_eq!(attempt(&throttle, "a", "2001:db8::1", WRONG), Ok(()));
        assert_eq!(attempt(&throttle, "b", "2001:db8::2", Decision::Verified), Ok(()));
        assert_eq!(attempt(&throttle, "c", "2001:db8::3", WRONG), Ok(()));
        assert_eq!(attempt(&throttle, "d", "2001:db8::4", WRONG), Err(Locked::Address));
        assert_eq!(attempt(&throttle, "d", "2001:db8:0:1::4", WRONG), Ok(()));
        assert_eq!(attempt(&throttle, "d", "", WRONG), Ok(()), "an address that nobody told");
    }

    #[tokio::test]
    async fn whoever_is_refused_for_the_address_has_not_used_a_place_of_the_user() {
        let throttle = throttle(1, 1);
        assert_eq!(attempt(&throttle, "a", "192.0.2.1", WRONG), Ok(()));
        assert_eq!(attempt(&throttle, "b", "192.0.2.1", WRONG), Err(Locked::Address));
        assert_eq!(attempt(&throttle, "b", "192.0.2.2", WRONG), Ok(()));
    }

    #[tokio::test]
    async fn no_limit_counts_nothing() {
        let throttle = throttle(0, 0);
        for _ in 0..100 {
            assert_eq!(attempt(&throttle, "a", "192.0.2.1", WRONG), Ok(()));
        }
        assert!(throttle.counted().untold.is_empty());
    }
}
