//! What is verified when there is nothing to verify: an unknown or inactive user must take as long as a wrong
//! password does, or time tells who has an account.
//!
//! The decoy is a value of the scheme and cost that the store has most of, as far as seen: a sample when the
//! service starts, and every look-up since.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use crate::schemes::{Cost, Credential, Hash, Limits, Selection};

/// Kinds that are counted; a store has fewer.
const KINDS: usize = 64;
/// Until anything is known of the store: the field's most common choice, bcrypt of cost 10. A public example.
const BEFORE_ANYTHING_IS_KNOWN: &[u8] = b"$2a$10$N9qo8uLOickgx2ZMRZoMyeIjZAgcfl7p92ldGxad68LJZdL17lhWy";

/// Counts the kinds of stored values that come by, and keeps one of the commonest.
pub(super) struct Decoys {
    /// Of all but the commonest.
    counts: Mutex<HashMap<Kind, u64>>,
    current: RwLock<Current>,
}

/// Scheme, and what its parameters come to.
type Kind = (Arc<str>, Cost);

struct Current {
    kind: Option<Kind>,
    seen: AtomicU64,
    hash: Option<Arc<Hash>>,
}

impl Decoys {
    pub(super) fn new() -> Self {
        let credential = Credential { stored: BEFORE_ANYTHING_IS_KNOWN, ..Credential::default() };
        let hash = Selection::auto().read(&credential, &Limits::default()).ok().map(Arc::new);
        let current = Current { kind: None, seen: AtomicU64::new(0), hash };
        Self { counts: Mutex::default(), current: RwLock::new(current) }
    }

    /// Counts one value that was read. Most are of the commonest kind, and take no lock that others wait for.
    pub(super) fn observe(&self, hash: &Arc<Hash>) {
        let kind = (hash.scheme(), hash.cost());
        let most = {
            let current = self.current.read().unwrap_or_else(PoisonError::into_inner);
            if current.kind.as_ref() == Some(&kind) {
                current.seen.fetch_add(1, Ordering::Relaxed);
                return;
            }
            current.seen.load(Ordering::Relaxed)
        };
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        if counts.len() >= KINDS && !counts.contains_key(&kind) {
            return;
        }
        let seen = counts.entry(kind.clone()).or_default();
        *seen += 1;
        if *seen > most {
            let seen = AtomicU64::new(*seen);
            counts.remove(&kind);
            let mut current = self.current.write().unwrap_or_else(PoisonError::into_inner);
            let before = std::mem::replace(
                &mut *current,
                Current { kind: Some(kind), seen, hash: Some(Arc::clone(hash)) },
            );
            if let Some(kind) = before.kind {
                counts.insert(kind, before.seen.into_inner());
            }
        }
    }

    /// The value to verify against in place of none. Whatever comes of it, the attempt is rejected.
    pub(super) fn current(&self) -> Option<Arc<Hash>> {
        self.current.read().unwrap_or_else(PoisonError::into_inner).hash.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(stored: &str) -> Arc<Hash> {
        let credential = Credential { stored: stored.as_bytes(), ..Credential::default() };
        Arc::new(Selection::auto().read(&credential, &Limits::default()).unwrap())
    }

    #[test]
    fn the_decoy_is_of_the_kind_that_comes_most() {
        let decoys = Decoys::new();
        let current = || decoys.current().unwrap().parameters();
        assert_eq!(current(), "cost 10");
        let of_cost =
            |cost: u32| read(&format!("$2b${cost:02}$DCq7YPn5Rq63x1Lad4cll.TV4S6ytwfsfvkgY8jIucDrjc8deX1s."));
        let (six, seven) = (of_cost(6), of_cost(7));
        decoys.observe(&six);
        assert_eq!(current(), "cost 6");
        (0..2).for_each(|_| decoys.observe(&seven));
        assert_eq!(current(), "cost 7");
        (0..2).for_each(|_| decoys.observe(&six));
        assert_eq!(current(), "cost 6", "three of one, two of the other");
        (0..5).for_each(|_| decoys.observe(&seven));
        assert_eq!(current(), "cost 7");
    }

    #[test]
    fn kinds_do_not_fill_the_memory() {
        let decoys = Decoys::new();
        for rounds in 1000..2000 {
            decoys.observe(&read(&format!("$5$rounds={rounds}$salt${}", "0".repeat(43))));
        }
        assert!(decoys.counts.lock().unwrap().len() <= KINDS);
    }
}
