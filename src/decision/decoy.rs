//! What is verified when there is nothing to verify: an unknown or inactive user must take as long as a wrong
//! password does, or time tells who has an account.
//!
//! The decoy is a value of the scheme and parameters that the store has most of, as far as seen: a sample when the
//! service starts, and every look-up since.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use crate::schemes::{Credential, Hash, Limits, Selection};

/// Kinds that are counted; a store has fewer.
const KINDS: usize = 64;
/// Until anything is known of the store: the field's most common choice, bcrypt of cost 10. A public example.
const BEFORE_ANYTHING_IS_KNOWN: &[u8] = b"$2a$10$N9qo8uLOickgx2ZMRZoMyeIjZAgcfl7p92ldGxad68LJZdL17lhWy";

/// Counts the kinds of stored values that come by, and keeps one of the commonest.
pub(super) struct Decoys {
    counts: Mutex<HashMap<Kind, u64>>,
    current: RwLock<Current>,
}

/// Scheme and parameters.
type Kind = (Arc<str>, String);

struct Current {
    kind: Option<Kind>,
    hash: Option<Arc<Hash>>,
}

impl Decoys {
    pub(super) fn new() -> Self {
        let credential = Credential { stored: BEFORE_ANYTHING_IS_KNOWN, ..Credential::default() };
        let hash = Selection::auto().read(&credential, &Limits::default()).ok().map(Arc::new);
        Self { counts: Mutex::default(), current: RwLock::new(Current { kind: None, hash }) }
    }

    /// Counts one value that was read.
    pub(super) fn observe(&self, hash: &Arc<Hash>) {
        let kind = (hash.scheme(), hash.parameters());
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        if counts.len() >= KINDS && !counts.contains_key(&kind) {
            return;
        }
        let seen = counts.entry(kind.clone()).or_default();
        *seen += 1;
        let seen = *seen;
        let leads = {
            let current = self.current.read().unwrap_or_else(PoisonError::into_inner);
            match &current.kind {
                None => true,
                Some(leader) if *leader == kind => false,
                Some(leader) => counts.get(leader).is_none_or(|count| seen > *count),
            }
        };
        if leads {
            let mut current = self.current.write().unwrap_or_else(PoisonError::into_inner);
            *current = Current { kind: Some(kind), hash: Some(Arc::clone(hash)) };
        }
    }

    /// The value to verify against in place of none. Whatever comes of it, the attempt is rejected.
    pub(super) fn current(&self) -> Option<Arc<Hash>> {
        self.current.read().unwrap_or_else(PoisonError::into_inner).hash.clone()
    }
}
