//! When the issuer's keys are good, and when they are fetched: a pure state machine, time comes in.
//!
//! A call whose key is known never waits for the issuer. One with an unknown key may make the keys be fetched, once a
//! minute at most: a storm of made-up key ids costs the issuer nothing.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::http::jwt::Keys;

/// How long keys are good when the issuer cannot be reached.
const GOOD: Duration = Duration::from_hours(24);
/// How often keys are fetched anew at the latest, and at the soonest.
const FRESH: Duration = Duration::from_mins(15);
const SOONEST: Duration = Duration::from_mins(1);
/// How long the background waits after a failure, with keys and without.
const AFTER_FAILURE: Duration = Duration::from_mins(1);
const WITHOUT_KEYS: Duration = Duration::from_secs(5);
/// How often calls may make keys be fetched: for an unknown key, and while there are none at all.
const FOR_UNKNOWN: Duration = Duration::from_mins(1);
const FOR_NONE: Duration = Duration::from_secs(1);

/// What is known of the issuer's keys.
#[derive(Debug)]
pub(super) struct Cache {
    keys: Option<(Arc<Keys>, Instant)>,
    refresh_at: Instant,
    running: bool,
    /// When a call last made keys be fetched.
    asked: Option<Instant>,
}

/// What a call finds.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// The key is among these.
    Keys(Arc<Keys>),
    /// Fetch them, and look again.
    Fetch,
    /// They are being fetched: wait for it, and look again.
    Wait,
    /// The issuer has no such key, as far as is known.
    Unknown,
    /// No keys are known, and it is too soon to ask again.
    NoKeys,
}

impl Cache {
    pub(super) fn new(now: Instant) -> Self {
        Self { keys: None, refresh_at: now, running: false, asked: None }
    }

    /// What there is for a call with this key id. `Fetch` is said once: it counts as begun.
    pub(super) fn find(&mut self, kid: &str, now: Instant) -> Found {
        let keys = self.good(now);
        if let Some(keys) = keys.as_ref().filter(|keys| keys.knows(kid)) {
            return Found::Keys(Arc::clone(keys));
        }
        if self.running {
            return Found::Wait;
        }
        let every = if keys.is_some() { FOR_UNKNOWN } else { FOR_NONE };
        if self.asked.is_none_or(|asked| now.duration_since(asked) >= every) {
            self.asked = Some(now);
            self.running = true;
            return Found::Fetch;
        }
        if keys.is_some() { Found::Unknown } else { Found::NoKeys }
    }

    /// What a call finds that has waited.
    pub(super) fn find_again(&self, kid: &str, now: Instant) -> Found {
        match self.good(now) {
            None => Found::NoKeys,
            Some(keys) if keys.knows(kid) => Found::Keys(keys),
            Some(_) => Found::Unknown,
        }
    }

    /// How long the background may rest; none where it is to fetch now, which counts as begun.
    pub(super) fn rest(&mut self, now: Instant) -> Option<Duration> {
        let rest = self.refresh_at.saturating_duration_since(now);
        if self.running {
            return Some(rest.max(Duration::from_secs(1)));
        }
        if rest.is_zero() {
            self.running = true;
            return None;
        }
        Some(rest)
    }

    /// What fetching came to. Keys may be kept for so long, says the issuer.
    pub(super) fn fetched(&mut self, fetched: Option<(Keys, Option<Duration>)>, now: Instant) {
        self.running = false;
        if let Some((keys, max_age)) = fetched {
            self.keys = Some((Arc::new(keys), now));
            self.refresh_at = now + max_age.map_or(FRESH, |age| age.clamp(SOONEST, FRESH));
        } else {
            let again = if self.good(now).is_some() { AFTER_FAILURE } else { WITHOUT_KEYS };
            self.refresh_at = now + again;
        }
    }

    fn good(&self, now: Instant) -> Option<Arc<Keys>> {
        let (keys, since) = self.keys.as_ref()?;
        (now.duration_since(*since) < GOOD).then(|| Arc::clone(keys))
    }
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    use serde_json::json;

    use super::*;

    fn keys(kid: &str) -> Keys {
        let n = URL_SAFE_NO_PAD.encode([0xc1; 256]);
        let set = json!({"keys": [{"kty": "RSA", "kid": kid, "e": "AQAB", "n": n}]});
        Keys::parse(set.to_string().as_bytes()).expect("a key")
    }

    fn filled(now: Instant) -> Cache {
        let mut cache = Cache::new(now);
        assert_eq!(cache.rest(now), None, "keys are fetched at the start");
        cache.fetched(Some((keys("a"), None)), now);
        cache
    }

    #[test]
    fn a_known_key_needs_no_fetching_and_an_unknown_one_does_once_a_minute() {
        let start = Instant::now();
        let mut cache = filled(start);
        assert!(matches!(cache.find("a", start), Found::Keys(_)));
        assert_eq!(cache.find("b", start), Found::Fetch);
        assert_eq!(cache.find("b", start), Found::Wait, "one at a time");
        assert!(matches!(cache.find("a", start), Found::Keys(_)), "nobody else waits for it");
        cache.fetched(Some((keys("a"), None)), start);
        assert_eq!(cache.find_again("b", start), Found::Unknown);
        assert_eq!(cache.find("c", start + Duration::from_secs(59)), Found::Unknown);
        assert_eq!(cache.find("c", start + Duration::from_mins(1)), Found::Fetch);
        cache.fetched(Some((keys("c"), None)), start + Duration::from_mins(1));
        assert!(matches!(cache.find_again("c", start + Duration::from_mins(1)), Found::Keys(_)));
    }

    #[test]
    fn without_any_keys_calls_ask_once_a_second() {
        let start = Instant::now();
        let mut cache = Cache::new(start);
        assert_eq!(cache.find("a", start), Found::Fetch);
        cache.fetched(None, start);
        assert_eq!(cache.find_again("a", start), Found::NoKeys);
        assert_eq!(cache.find("a", start + Duration::from_millis(999)), Found::NoKeys);
        assert_eq!(cache.find("a", start + Duration::from_secs(1)), Found::Fetch);
        cache.fetched(Some((keys("a"), None)), start);
        assert!(matches!(cache.find("a", start), Found::Keys(_)));
    }

    #[test]
    fn keys_outlive_their_issuer_by_a_day() {
        let start = Instant::now();
        let mut cache = filled(start);
        let almost = start + GOOD.saturating_sub(Duration::from_secs(1));
        assert_eq!(cache.rest(almost), None);
        cache.fetched(None, almost);
        assert!(matches!(cache.find("a", almost), Found::Keys(_)));
        assert_eq!(cache.find_again("a", start + GOOD), Found::NoKeys);
    }

    #[test]
    fn the_background_follows_the_issuer_within_bounds() {
        let start = Instant::now();
        for (max_age, rest) in [(None, 900), (Some(1), 60), (Some(300), 300), (Some(5_000_000), 900)] {
            let mut cache = filled(start);
            cache.fetched(Some((keys("a"), max_age.map(Duration::from_secs))), start);
            assert_eq!(cache.rest(start), Some(Duration::from_secs(rest)), "{max_age:?}");
        }
        let mut cache = filled(start);
        cache.fetched(None, start);
        assert_eq!(cache.rest(start), Some(AFTER_FAILURE));
        let mut cache = Cache::new(start);
        cache.fetched(None, start);
        assert_eq!(cache.rest(start), Some(WITHOUT_KEYS));
    }
}
