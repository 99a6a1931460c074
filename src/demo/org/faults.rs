//! What goes wrong with the org on demand: by chance from a seeded generator, or the one call that a test names.
//!
//! A chance is drawn once a call, by the seed and the call's number, so that a run can be had again. The texts of
//! `mock-okta --faults` are read here, strictly: a fault that is misspelt must not be a fault that is missing.

use std::collections::VecDeque;
use std::str::FromStr;
use std::time::{Duration, SystemTime};

use thiserror::Error;

/// What can happen to one call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FaultKind {
    /// 500 `E0000009`, and nothing is done.
    ServerError,
    /// What was asked is done, then 500 `E0000009`.
    ServerErrorAfter,
    /// The connection is reset; nothing is done.
    ResetBefore,
    /// What was asked is done, then the connection is reset unanswered.
    ResetAfter,
    /// What was asked is done, and the answer comes so much later.
    Slow(Duration),
    /// What was asked is done and answered so much later, even where the caller has gone meanwhile.
    SlowBefore(Duration),
    /// 429 of an empty bucket, with the bucket's own Limit, nothing remaining, and a Reset after this time, or
    /// when the window really ends. Nothing is done.
    RateLimit(Option<Duration>),
    /// 429 of too many calls at once: Limit and Remaining 0. Nothing is done.
    Concurrency,
}

/// One exact fault, for the first call that it fits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// `POST`
    method: String,
    /// A path, or a family such as `/api/v1/users/{id}`.
    path: String,
    /// What happens.
    kind: FaultKind,
    /// Calls that fit and are let through first.
    pass: u32,
}

impl Fault {
    /// For the next call of this method to this path (`/api/v1/users`) or family of paths (`/api/v1/users/{id}`).
    pub fn new(method: &str, path: &str, kind: FaultKind) -> Self {
        Self { method: method.to_owned(), path: path.to_owned(), kind, pass: 0 }
    }

    /// Lets so many calls through that would fit.
    #[must_use]
    pub fn after(self, calls: u32) -> Self {
        Self { pass: calls, ..self }
    }
}

/// How much an org's clock is ahead of the real one, or behind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClockSkew {
    /// The org's clock shows a later time.
    Ahead(Duration),
    /// The org's clock shows an earlier time.
    Behind(Duration),
}

/// Everything that goes wrong; by default, nothing.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Faults {
    /// Of the generator.
    pub seed: u64,
    /// What happens by chance to any call, and how likely it is, from 0 to 1; all together at most 1.
    pub chances: Vec<(FaultKind, f64)>,
    /// Exact faults. Each is for the first call that it fits, and comes before any chance.
    pub next: VecDeque<Fault>,
    /// What the org's clock is off by: `Date`, `created`, `X-Rate-Limit-Reset` and all other times.
    pub clock_skew: Option<ClockSkew>,
    /// Okta's read-only mode: writes are refused with 503 `E0000010`, sign-ins work and store nothing.
    pub read_only: bool,
    /// How far `search` lags behind: whoever was changed since is not found by it. Okta's description warns of this,
    /// and says no time.
    pub search_lag: Option<Duration>,
    /// How likely an event is delivered to an event hook a second time, from 0 to 1.
    pub event_repeat: f64,
    /// How likely a delivery waits until a later one has gone, from 0 to 1.
    pub event_disorder: f64,
    /// How likely an event is never delivered, from 0 to 1.
    pub event_lost: f64,
}

impl Faults {
    /// Adds something that happens to any call with this likelihood.
    #[must_use]
    pub fn chance(mut self, kind: FaultKind, likelihood: f64) -> Self {
        self.chances.push((kind, likelihood));
        self
    }

    /// Adds an exact fault.
    #[must_use]
    pub fn once(mut self, fault: Fault) -> Self {
        self.next.push_back(fault);
        self
    }

    /// What happens to this call. Exact faults are used up.
    pub(super) fn take(&mut self, call: u64, method: &str, path: &str, family: &str) -> Option<FaultKind> {
        let fits = |fault: &Fault| fault.method == method && (fault.path == path || fault.path == family);
        if let Some(position) = self.next.iter().position(fits) {
            match self.next.get_mut(position) {
                Some(fault) if fault.pass > 0 => fault.pass -= 1,
                _ => return self.next.remove(position).map(|fault| fault.kind),
            }
        }
        let drawn = drawn(self.seed, call);
        let mut reached = 0.0;
        self.chances.iter().find_map(|(kind, likelihood)| {
            reached += likelihood;
            (drawn < reached).then_some(*kind)
        })
    }

    pub(super) fn of_events(&self) -> EventFaults {
        EventFaults {
            seed: self.seed,
            repeat: self.event_repeat,
            disorder: self.event_disorder,
            lost: self.event_lost,
        }
    }

    /// The org's time, by the real one.
    pub(super) fn skewed(&self, now: SystemTime) -> SystemTime {
        match self.clock_skew {
            None => now,
            Some(ClockSkew::Ahead(by)) => now.checked_add(by).unwrap_or(now),
            Some(ClockSkew::Behind(by)) => now.checked_sub(by).unwrap_or(now),
        }
    }
}

/// What may happen to the delivery of an event, and how likely.
#[derive(Clone, Copy)]
pub(super) struct EventFaults {
    pub(super) seed: u64,
    pub(super) repeat: f64,
    pub(super) disorder: f64,
    pub(super) lost: f64,
}

/// A number from 0 up to 1 by seed and position: `SplitMix64`, of which the top 53 bits.
pub(super) fn drawn(seed: u64, position: u64) -> f64 {
    const GOLDEN: u64 = 0x9E37_79B9_7F4A_7C15;
    let mixed = |mut z: u64| {
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    };
    let stream = mixed(seed.wrapping_add(GOLDEN));
    let bits = mixed(stream.wrapping_add(position.wrapping_mul(GOLDEN)));
    #[expect(clippy::cast_precision_loss, reason = "53 bits are what a float holds")]
    let whole = (bits >> 11) as f64;
    whole / 9_007_199_254_740_992.0
}

/// Why a text of `--faults` cannot be read.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum FaultsError {
    /// No such fault.
    #[error(
        "there is no fault `{0}`; there are 500, 500-after, reset-before, reset-after, slow, slow-before, rate-429, \
         concurrency-429, clock-skew, read-only, search-lag, event-repeat, event-disorder, event-lost, and seed"
    )]
    Unknown(String),
    /// Twice the same.
    #[error("`{0}` is given twice")]
    Twice(String),
    /// Something is wrong with a value.
    #[error("`{name}`: {what}")]
    Value {
        /// Of the fault.
        name: String,
        /// What it must be.
        what: &'static str,
    },
    /// The likelihoods of what may happen to a call add up to more than 1.
    #[error(
        "the likelihoods of 500, reset, slow and 429 add up to more than 1: one call can suffer only one of them"
    )]
    Sum,
}

impl FromStr for Faults {
    type Err = FaultsError;

    /// `500=0.01,slow=0.02:5s,clock-skew=+90s,read-only,seed=7`
    fn from_str(text: &str) -> Result<Self, FaultsError> {
        let mut faults = Self::default();
        let mut seen = Vec::new();
        for entry in text.split(',').map(str::trim) {
            let (name, value) = match entry.split_once('=') {
                Some((name, value)) => (name.trim(), Some(value.trim())),
                None => (entry, None),
            };
            if seen.contains(&name) {
                return Err(FaultsError::Twice(name.to_owned()));
            }
            seen.push(name);
            faults.read(name, value)?;
        }
        if faults.chances.iter().map(|(_, likelihood)| likelihood).sum::<f64>() > 1.0 + 1e-9 {
            return Err(FaultsError::Sum);
        }
        Ok(faults)
    }
}

impl Faults {
    fn read(&mut self, name: &str, value: Option<&str>) -> Result<(), FaultsError> {
        let fault = |what| FaultsError::Value { name: name.to_owned(), what };
        let likely =
            || likelihood(value.unwrap_or_default()).ok_or(fault("must be `=` and a number from 0 to 1"));
        let timed = || {
            let read = value.and_then(|value| value.split_once(':'));
            let read = read.and_then(|(chance, time)| Some((likelihood(chance)?, duration(time)?)));
            read.ok_or(fault("must be `=`, a number from 0 to 1, `:` and a time such as 500ms, 5s or 2m"))
        };
        let kind = match name {
            "500" => FaultKind::ServerError,
            "500-after" => FaultKind::ServerErrorAfter,
            "reset-before" => FaultKind::ResetBefore,
            "reset-after" => FaultKind::ResetAfter,
            "concurrency-429" => FaultKind::Concurrency,
            "rate-429" if !value.unwrap_or_default().contains(':') => FaultKind::RateLimit(None),
            "slow" | "slow-before" | "rate-429" => {
                let (likelihood, time) = timed()?;
                let kind = match name {
                    "slow" => FaultKind::Slow(time),
                    "slow-before" => FaultKind::SlowBefore(time),
                    _ => FaultKind::RateLimit(Some(time)),
                };
                self.chances.push((kind, likelihood));
                return Ok(());
            }
            "clock-skew" => {
                let skew = value.and_then(clock_skew);
                self.clock_skew = Some(skew.ok_or(fault("must be `=`, + or -, and a time such as +90s"))?);
                return Ok(());
            }
            "search-lag" => {
                let lag = value.and_then(duration);
                self.search_lag = Some(lag.ok_or(fault("must be `=` and a time such as 500ms, 5s or 2m"))?);
                return Ok(());
            }
            "read-only" if value.is_none() => {
                self.read_only = true;
                return Ok(());
            }
            "read-only" => return Err(fault("takes no value")),
            "seed" => {
                let seed = value.and_then(|value| value.parse().ok());
                self.seed = seed.ok_or(fault("must be `=` and a whole number"))?;
                return Ok(());
            }
            "event-repeat" => return likely().map(|likelihood| self.event_repeat = likelihood),
            "event-disorder" => return likely().map(|likelihood| self.event_disorder = likelihood),
            "event-lost" => return likely().map(|likelihood| self.event_lost = likelihood),
            _ => return Err(FaultsError::Unknown(name.to_owned())),
        };
        self.chances.push((kind, likely()?));
        Ok(())
    }
}

fn likelihood(text: &str) -> Option<f64> {
    text.parse::<f64>().ok().filter(|likelihood| (0.0..=1.0).contains(likelihood))
}

/// `500ms`, `5s`, `2m`; whole numbers.
fn duration(text: &str) -> Option<Duration> {
    let end = text.find(|character: char| !character.is_ascii_digit())?;
    let (number, unit) = text.split_at_checked(end)?;
    let number: u32 = number.parse().ok()?;
    match unit {
        "ms" => Some(Duration::from_millis(number.into())),
        "s" => Some(Duration::from_secs(number.into())),
        "m" => Some(Duration::from_mins(number.into())),
        _ => None,
    }
}

fn clock_skew(text: &str) -> Option<ClockSkew> {
    if let Some(ahead) = text.strip_prefix('+') {
        return duration(ahead).map(ClockSkew::Ahead);
    }
    text.strip_prefix('-').and_then(duration).map(ClockSkew::Behind)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_of_faults_is_read_whole() {
        let text = "500=0.01, 500-after=0.02,reset-before=0.03,reset-after=0.04,slow=0.05:5s,slow-before=0.06:500ms,\
                    rate-429=0.07,concurrency-429=0.08,clock-skew=-90s,read-only,seed=7,search-lag=2s,event-repeat=0.1,\
                    event-disorder=0.2,event-lost=1";
        let expected = Faults {
            seed: 7,
            clock_skew: Some(ClockSkew::Behind(Duration::from_secs(90))),
            read_only: true,
            search_lag: Some(Duration::from_secs(2)),
            event_repeat: 0.1,
            event_disorder: 0.2,
            event_lost: 1.0,
            ..Faults::default()
        }
        .chance(FaultKind::ServerError, 0.01)
        .chance(FaultKind::ServerErrorAfter, 0.02)
        .chance(FaultKind::ResetBefore, 0.03)
        .chance(FaultKind::ResetAfter, 0.04)
        .chance(FaultKind::Slow(Duration::from_secs(5)), 0.05)
        .chance(FaultKind::SlowBefore(Duration::from_millis(500)), 0.06)
        .chance(FaultKind::RateLimit(None), 0.07)
        .chance(FaultKind::Concurrency, 0.08);
        assert_eq!(text.parse(), Ok(expected));
        let timed = Faults::default().chance(FaultKind::RateLimit(Some(Duration::from_mins(2))), 1.0);
        assert_eq!("rate-429=1:2m".parse(), Ok(timed));
    }

    #[test]
    fn what_cannot_be_read_is_named() {
        for (text, named) in [
            ("", "no fault ``"),
            ("500=0.1,", "no fault ``"),
            ("501=0.1", "`501`"),
            ("500", "`500`"),
            ("500=1.1", "from 0 to 1"),
            ("500=NaN", "from 0 to 1"),
            ("500=-0.1", "from 0 to 1"),
            ("slow=0.1", "5s"),
            ("slow=0.1:5", "5s"),
            ("slow=0.1:5h", "5s"),
            ("slow-before=0.1:s", "5s"),
            ("rate-429=0.1:", "5s"),
            ("clock-skew=90s", "+90s"),
            ("read-only=true", "takes no value"),
            ("search-lag=2", "5s"),
            ("seed=x", "whole number"),
            ("500=0.1,500=0.1", "twice"),
            ("500=0.6,reset-after=0.5", "more than 1"),
        ] {
            let told = text.parse::<Faults>().unwrap_err().to_string();
            assert!(told.contains(named), "{text}: {told}");
        }
    }

    #[test]
    fn chances_come_as_often_as_they_say_and_the_same_again() {
        let of = |seed| {
            let mut faults = Faults { seed, ..Faults::default() }
                .chance(FaultKind::ServerError, 0.1)
                .chance(FaultKind::ResetAfter, 0.2);
            (0..10_000).map(|call| faults.take(call, "GET", "/", "/")).collect::<Vec<_>>()
        };
        let drawn = of(7);
        let count = |kind| drawn.iter().filter(|fault| **fault == Some(kind)).count();
        // Five standard deviations, 30 and 40 calls, to either side.
        assert!((850..=1150).contains(&count(FaultKind::ServerError)));
        assert!((1800..=2200).contains(&count(FaultKind::ResetAfter)));
        assert_eq!(drawn, of(7));
        assert_ne!(drawn, of(8));
    }

    #[test]
    fn exact_faults_take_the_first_call_that_fits() {
        let mut faults = Faults::default()
            .once(Fault::new("POST", "/api/v1/users", FaultKind::ResetAfter).after(1))
            .once(Fault::new("GET", "/api/v1/users/{id}", FaultKind::ServerError));
        let mut take = |method, path, family| faults.take(0, method, path, family);
        assert_eq!(take("GET", "/api/v1/users", "/api/v1/users"), None);
        assert_eq!(take("POST", "/api/v1/users", "/api/v1/users"), None, "one passes");
        assert_eq!(take("POST", "/api/v1/users", "/api/v1/users"), Some(FaultKind::ResetAfter));
        assert_eq!(take("POST", "/api/v1/users", "/api/v1/users"), None, "used up");
        let of_user = take("GET", "/api/v1/users/00u1", "/api/v1/users/{id}");
        assert_eq!(of_user, Some(FaultKind::ServerError));
    }
}
