//! Which values have been seen. Okta takes logins that differ only in case or in diacritical marks for the same, and
//! so do we with every attribute that people are told by.
//!
//! Only a 64-bit fingerprint of each value stays, made with a key of this process, so that nobody can craft values
//! that collide. Memory is 9 to 18 bytes a value (a million users: at most 19 MB). Two different logins among ten
//! million share a fingerprint with a chance of one in 370 000; the later one would then be a reject, not a loss.

use std::borrow::Cow;
use std::collections::HashSet;
use std::hash::{BuildHasher, BuildHasherDefault, Hasher, RandomState};

use crate::ledger::fold_login;

/// Parts of the set. They grow one after the other, so that growing never needs twice the memory.
const SHARDS: usize = 64;

/// Makes fingerprints with a key of its own.
#[derive(Clone, Default)]
pub struct Fingerprints {
    key: RandomState,
}

impl Fingerprints {
    /// With a new key.
    pub fn new() -> Self {
        Self::default()
    }

    /// The fingerprint of a value of one kind, whatever the value's case and diacritical marks.
    pub fn of(&self, kind: u8, value: &str) -> u64 {
        let mut hasher = self.key.build_hasher();
        hasher.write_u8(kind);
        if value.is_ascii() {
            let mut folded = [0_u8; 128];
            for part in value.as_bytes().chunks(folded.len()) {
                for (to, from) in folded.iter_mut().zip(part) {
                    *to = from.to_ascii_lowercase();
                }
                hasher.write(folded.get(..part.len()).unwrap_or_default());
            }
        } else {
            hasher.write(fold(value).as_bytes());
        }
        hasher.finish()
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

/// The fingerprints seen so far.
pub struct SeenFingerprints {
    shards: Vec<HashSet<u64, BuildHasherDefault<AsItIs>>>,
}

impl Default for SeenFingerprints {
    fn default() -> Self {
        Self { shards: (0..SHARDS).map(|_| HashSet::default()).collect() }
    }
}

impl SeenFingerprints {
    /// Whether this is the first time that this one is seen.
    pub fn insert(&mut self, fingerprint: u64) -> bool {
        // The bits in the middle: the set itself uses those at both ends.
        let shard = usize::try_from((fingerprint >> 32) % SHARDS as u64).unwrap_or(0);
        self.shards.get_mut(shard).is_none_or(|shard| shard.insert(fingerprint))
    }
}

impl std::fmt::Debug for SeenFingerprints {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let count: usize = self.shards.iter().map(HashSet::len).sum();
        write!(f, "SeenFingerprints({count})")
    }
}

/// Fingerprints are evenly spread as they are.
#[derive(Clone, Copy, Default)]
struct AsItIs(u64);

impl Hasher for AsItIs {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
        }
    }

    fn write_u64(&mut self, value: u64) {
        self.0 = value;
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
