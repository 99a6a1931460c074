//! Which values have been seen. Okta takes logins that differ only in case or in diacritical marks for the same, and
//! so do we with every attribute that people are told by.
//!
//! Only a 64-bit fingerprint of each value stays, made with a key of this process, so that nobody can craft values
//! that collide. Memory is 11 to 16 bytes a value (a million users: at most 16 MB). Two different logins among ten
//! million share a fingerprint with a chance of one in 370 000; the later one would then be a reject, not a loss.

use std::borrow::Cow;
use std::hash::{BuildHasher, Hasher, RandomState};

use siphasher::sip::SipHasher13;

use crate::ledger::fold_login;

/// Parts of the set. They grow one after the other, so that growing never needs twice the memory.
const SHARDS: usize = 64;

/// Makes fingerprints with a key of its own (SipHash-1-3 of Aumasson and Bernstein).
#[derive(Clone)]
pub struct Fingerprints {
    hasher: SipHasher13,
}

impl Default for Fingerprints {
    /// With a new key, from the standard library's source of keys for its maps.
    fn default() -> Self {
        let random = || RandomState::new().build_hasher().finish();
        Self { hasher: SipHasher13::new_with_keys(random(), random()) }
    }
}

impl Fingerprints {
    /// With a new key.
    pub fn new() -> Self {
        Self::default()
    }

    /// The fingerprint of a value of one kind, whatever the value's case and diacritical marks.
    pub fn of(&self, kind: u8, value: &str) -> u64 {
        let mut room = [0_u8; 128];
        if value.is_ascii()
            && let Some((first, folded)) = room.get_mut(..=value.len()).and_then(<[u8]>::split_first_mut)
        {
            *first = kind;
            for (to, from) in folded.iter_mut().zip(value.bytes()) {
                *to = from.to_ascii_lowercase();
            }
            return self.hasher.hash(room.get(..=value.len()).unwrap_or_default());
        }
        self.hasher.hash(&[&[kind], fold(value).as_bytes()].concat())
    }
}

/// A value without its case and diacritical marks.
pub fn fold(value: &str) -> Cow<'_, str> {
    if value.is_ascii() {
        return if value.bytes().any(|byte| byte.is_ascii_uppercase()) {
            value.to_ascii_lowercase().into()
        } else {
            value.into()
        };
    }
    fold_login(value).into()
}

/// The fingerprints seen so far: open addressing, so that a look-up mostly waits for one line of memory.
pub struct SeenFingerprints {
    shards: Vec<Shard>,
}

#[derive(Clone, Default)]
struct Shard {
    /// Zero where the place is free.
    places: Vec<u64>,
    taken: usize,
}

impl Default for SeenFingerprints {
    fn default() -> Self {
        Self { shards: vec![Shard::default(); SHARDS] }
    }
}

impl SeenFingerprints {
    /// Whether this is the first time that this one is seen.
    pub fn insert(&mut self, fingerprint: u64) -> bool {
        // The lower bits: the upper ones say where in its shard it is.
        let shard = usize::try_from(fingerprint % SHARDS as u64).unwrap_or(0);
        self.shards.get_mut(shard).is_none_or(|shard| shard.insert(fingerprint.max(1)))
    }
}

impl Shard {
    fn insert(&mut self, fingerprint: u64) -> bool {
        if self.taken * 4 >= self.places.len() * 3 {
            self.grow();
        }
        self.put(fingerprint)
    }

    fn put(&mut self, fingerprint: u64) -> bool {
        let length = self.places.len();
        // Fingerprints are evenly spread, and so are their upper bits over any length.
        let start = usize::try_from((u128::from(fingerprint) * length as u128) >> 64).unwrap_or(0);
        let (before, behind) = self.places.split_at_mut_checked(start).unwrap_or_default();
        for place in behind.iter_mut().chain(before) {
            if *place == 0 {
                *place = fingerprint;
                self.taken += 1;
                return true;
            }
            if *place == fingerprint {
                return false;
            }
        }
        true
    }

    fn grow(&mut self) {
        let length = self.places.len() + self.places.len() / 2 + 16;
        let old = std::mem::replace(&mut self.places, vec![0; length]);
        self.taken = 0;
        for fingerprint in old.into_iter().filter(|fingerprint| *fingerprint != 0) {
            self.put(fingerprint);
        }
    }
}

impl std::fmt::Debug for SeenFingerprints {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let count: usize = self.shards.iter().map(|shard| shard.taken).sum();
        write!(f, "SeenFingerprints({count})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whether a value is seen for the first time.
    fn seen() -> impl FnMut(&str) -> bool {
        let (fingerprints, mut seen) = (Fingerprints::new(), SeenFingerprints::default());
        move |value| seen.insert(fingerprints.of(0, value))
    }

    #[test]
    fn logins_that_okta_takes_for_the_same_are_the_same() {
        let mut first = seen();
        // The pair of Okta's own API description.
        assert!(first("isaac.brock@example.com"));
        assert!(!first("Isaac.Brock@EXAMPLE.com"));
        assert!(!first("is\u{e1}\u{e0}c.br\u{f6}ck@example.com"));
        assert!(!first("isa\u{301}a\u{300}c.bro\u{308}ck@example.com"));
        assert!(first("isaac.brocks@example.com"));
        assert!(first("ISAAC"));
        assert!(first("ÄÖÜ@example.com"));
        assert!(!first("aou@example.com"));
    }

    #[test]
    fn long_logins_count_to_their_end() {
        let mut first = seen();
        let long = "x".repeat(300);
        assert!(first(&long));
        assert!(!first(&long.to_uppercase()));
        assert!(first(&format!("{long}y")));
    }

    #[test]
    fn a_hundred_thousand_logins_do_not_collide() {
        let mut first = seen();
        assert!((0..100_000).all(|number| first(&format!("user{number}@example.com"))));
        assert!((0..100_000).all(|number| !first(&format!("USER{number}@example.com"))));
    }

    #[test]
    fn values_of_two_kinds_are_never_the_same() {
        let fingerprints = Fingerprints::new();
        assert_ne!(fingerprints.of(0, "a@example.com"), fingerprints.of(1, "a@example.com"));
        assert_eq!(fold("Éa"), fold("ea"));
        assert_eq!(fold("EA"), "ea");
    }
}
