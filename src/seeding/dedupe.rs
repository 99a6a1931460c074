//! Which logins have been seen. Okta takes logins that differ only in case or in diacritical marks for the same.
//!
//! Only a 64-bit fingerprint of each login stays, made with a key of this process, so that nobody can craft logins
//! that collide. Memory is 9 to 18 bytes a user (a million users: at most 19 MB). Two different logins among ten
//! million share a fingerprint with a chance of one in 370 000; the later one would then be a reject, not a loss.

use std::collections::HashSet;
use std::hash::{BuildHasher, BuildHasherDefault, Hasher, RandomState};

use crate::ledger::fold_login;

/// Parts of the set. They grow one after the other, so that growing never needs twice the memory.
const SHARDS: usize = 64;

/// The logins seen so far.
#[derive(Default)]
pub struct SeenLogins {
    key: RandomState,
    shards: Vec<HashSet<u64, BuildHasherDefault<AsItIs>>>,
}

impl SeenLogins {
    /// None yet.
    pub fn new() -> Self {
        Self { key: RandomState::new(), shards: (0..SHARDS).map(|_| HashSet::default()).collect() }
    }

    /// Whether this is the first time that this login is seen, whatever its case and diacritical marks.
    pub fn insert(&mut self, login: &str) -> bool {
        let fingerprint = self.fingerprint(login);
        // The bits in the middle: the set itself uses those at both ends.
        let shard = usize::try_from((fingerprint >> 32) % SHARDS as u64).unwrap_or(0);
        self.shards.get_mut(shard).is_none_or(|shard| shard.insert(fingerprint))
    }

    fn fingerprint(&self, login: &str) -> u64 {
        let mut hasher = self.key.build_hasher();
        if login.is_ascii() {
            let mut folded = [0_u8; 128];
            for part in login.as_bytes().chunks(folded.len()) {
                for (to, from) in folded.iter_mut().zip(part) {
                    *to = from.to_ascii_lowercase();
                }
                hasher.write(folded.get(..part.len()).unwrap_or_default());
            }
        } else {
            hasher.write(fold_login(login).as_bytes());
        }
        hasher.finish()
    }
}

impl std::fmt::Debug for SeenLogins {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let count: usize = self.shards.iter().map(HashSet::len).sum();
        write!(f, "SeenLogins({count})")
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

    #[test]
    fn logins_that_okta_takes_for_the_same_are_the_same() {
        let mut seen = SeenLogins::new();
        // The pair of Okta's own API description.
        assert!(seen.insert("isaac.brock@example.com"));
        assert!(!seen.insert("Isaac.Brock@EXAMPLE.com"));
        assert!(!seen.insert("is\u{e1}\u{e0}c.br\u{f6}ck@example.com"));
        assert!(!seen.insert("isa\u{301}a\u{300}c.bro\u{308}ck@example.com"));
        assert!(seen.insert("isaac.brocks@example.com"));
        assert!(seen.insert("ISAAC"));
        assert!(seen.insert("ÄÖÜ@example.com"));
        assert!(!seen.insert("aou@example.com"));
    }

    #[test]
    fn long_logins_count_to_their_end() {
        let mut seen = SeenLogins::new();
        let long = "x".repeat(300);
        assert!(seen.insert(&long));
        assert!(!seen.insert(&long.to_uppercase()));
        assert!(seen.insert(&format!("{long}y")));
    }

    #[test]
    fn a_hundred_thousand_logins_do_not_collide() {
        let mut seen = SeenLogins::new();
        assert!((0..100_000).all(|number| seen.insert(&format!("user{number}@example.com"))));
        assert!((0..100_000).all(|number| !seen.insert(&format!("USER{number}@example.com"))));
    }
}
