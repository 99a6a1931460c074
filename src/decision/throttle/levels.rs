//! How full each name and address is of failures: a bucket that each failure fills by its share and that time empties
//! within the window. Pure: the time comes in, in milliseconds of any clock that does not go back.
//!
//! Who is let in holds a share until the outcome is known, or a hundred guesses at once would all be the first.

use std::collections::HashMap;

/// What a full bucket holds. A failure's share is this over the failures that are let through.
pub(super) const FULL: u64 = 1_000_000;
/// Buckets at most, some 100 bytes each.
const MOST: usize = 100_000;

/// Keyed hash of a name or an address.
pub(super) type Key = [u8; 16];

/// All buckets that are not empty.
pub(super) struct Levels {
    buckets: HashMap<Key, Bucket>,
    /// Milliseconds in which a full bucket runs empty.
    window: u64,
    most: usize,
}

#[derive(Clone, Copy, Default)]
struct Bucket {
    level: u64,
    /// When the level was right.
    at: u64,
    /// Of those let in whose outcome is not known yet.
    held: u64,
    /// What a failure weighs here; 0 where only others have counted.
    share: u64,
}

impl Levels {
    /// That run empty within so many milliseconds.
    pub(super) fn new(window: u64) -> Self {
        Self { buckets: HashMap::new(), window: window.max(1), most: MOST }
    }

    /// Whether an attempt may be made whose failure would weigh `share`; if so, its place is held.
    pub(super) fn admit(&mut self, key: Key, share: u64, now: u64) -> bool {
        let window = self.window;
        let Some(bucket) = self.bucket(key, now) else { return true };
        let free = bucket.leaked(now, window) + bucket.held + share <= FULL;
        if free {
            bucket.held += share;
        }
        bucket.share = share;
        free
    }

    /// The attempt failed.
    pub(super) fn failed(&mut self, key: Key, share: u64, now: u64) {
        let window = self.window;
        if let Some(bucket) = self.bucket(key, now) {
            bucket.held = bucket.held.saturating_sub(share);
            bucket.set((bucket.leaked(now, window) + share).min(FULL), now);
        }
    }

    /// The attempt came to nothing that counts.
    pub(super) fn let_go(&mut self, key: Key, share: u64) {
        if let Some(bucket) = self.buckets.get_mut(&key) {
            bucket.held = bucket.held.saturating_sub(share);
            if bucket.level == 0 && bucket.held == 0 {
                self.buckets.remove(&key);
            }
        }
    }

    /// The attempt was right: what was before is forgotten.
    pub(super) fn succeeded(&mut self, key: Key, share: u64) {
        if let Some(bucket) = self.buckets.get_mut(&key) {
            bucket.level = 0;
        }
        self.let_go(key, share);
    }

    /// How full it is by all replicas together, as of now.
    pub(super) fn learn(&mut self, key: Key, level: u64, now: u64) {
        if level == 0 && !self.buckets.contains_key(&key) {
            return;
        }
        if let Some(bucket) = self.bucket(key, now) {
            bucket.set(level.min(FULL), now);
        }
    }

    /// Buckets into which no failure fits.
    pub(super) fn locked(&self, now: u64) -> usize {
        let full = |bucket: &&Bucket| bucket.leaked(now, self.window) + bucket.share.max(FULL / 100) > FULL;
        self.buckets.values().filter(full).count()
    }

    /// The bucket. None where there is no room for another, which only a flood of names could bring
    /// about: those go uncounted, and what is known of others is kept.
    fn bucket(&mut self, key: Key, now: u64) -> Option<&mut Bucket> {
        if self.buckets.len() >= self.most && !self.buckets.contains_key(&key) {
            let window = self.window;
            self.buckets.retain(|_, bucket| bucket.held > 0 || bucket.leaked(now, window) > 0);
            if self.buckets.len() >= self.most {
                return None;
            }
        }
        Some(self.buckets.entry(key).or_default())
    }
}

impl Bucket {
    fn set(&mut self, level: u64, now: u64) {
        self.level = level;
        self.at = now;
    }

    fn leaked(&self, now: u64, window: u64) -> u64 {
        let elapsed = now.saturating_sub(self.at).min(window);
        self.level.saturating_sub(elapsed.saturating_mul(FULL) / window)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALICE: Key = [1; 16];
    const BOB: Key = [2; 16];
    const WINDOW: u64 = 900_000;
    const TENTH: u64 = FULL / 10;

    fn fail(levels: &mut Levels, key: Key, now: u64) -> bool {
        let admitted = levels.admit(key, TENTH, now);
        if admitted {
            levels.failed(key, TENTH, now);
        }
        admitted
    }

    #[test]
    fn ten_failures_are_let_through_and_the_eleventh_is_not() {
        let mut levels = Levels::new(WINDOW);
        assert_eq!((0..20).filter(|_| fail(&mut levels, ALICE, 5)).count(), 10);
        assert!(fail(&mut levels, BOB, 5), "nobody else is locked");
        assert_eq!(levels.locked(5), 1);
    }

    #[test]
    fn a_place_comes_free_with_time_and_all_of_them_after_the_window() {
        let mut levels = Levels::new(WINDOW);
        while fail(&mut levels, ALICE, 0) {}
        assert!(!fail(&mut levels, ALICE, WINDOW / 10 - 1));
        assert!(fail(&mut levels, ALICE, WINDOW / 10));
        assert!(!fail(&mut levels, ALICE, WINDOW / 10));
        assert_eq!((0..20).filter(|_| fail(&mut levels, ALICE, 2 * WINDOW)).count(), 10);
    }

    #[test]
    fn guesses_at_once_are_not_all_the_first() {
        let mut levels = Levels::new(WINDOW);
        assert_eq!((0..100).filter(|_| levels.admit(ALICE, TENTH, 0)).count(), 10);
        levels.let_go(ALICE, TENTH);
        assert!(levels.admit(ALICE, TENTH, 0));
        assert!(!levels.admit(ALICE, TENTH, 0));
    }

    #[test]
    fn the_right_password_forgets_the_wrong_ones_before() {
        let mut levels = Levels::new(WINDOW);
        for _ in 0..9 {
            assert!(fail(&mut levels, ALICE, 0));
        }
        assert!(levels.admit(ALICE, TENTH, 0));
        levels.succeeded(ALICE, TENTH);
        assert_eq!((0..20).filter(|_| fail(&mut levels, ALICE, 0)).count(), 10);
    }

    #[test]
    fn what_others_counted_locks_here_and_what_they_forgave_unlocks() {
        let mut levels = Levels::new(WINDOW);
        levels.learn(ALICE, FULL, 0);
        assert!(!levels.admit(ALICE, TENTH, 0));
        levels.learn(ALICE, 0, 0);
        assert!(levels.admit(ALICE, TENTH, 0));
    }

    #[test]
    fn a_flood_of_names_takes_bounded_memory_and_unlocks_nobody() {
        let mut levels = Levels { most: 100, ..Levels::new(WINDOW) };
        while fail(&mut levels, ALICE, 0) {}
        for number in 0..1000_u128 {
            assert!(fail(&mut levels, (number + 1000).to_be_bytes(), 0));
        }
        assert!(levels.buckets.len() <= 100);
        assert!(!levels.admit(ALICE, TENTH, 0));
        // Those that ran empty make room.
        assert!(fail(&mut levels, BOB, 2 * WINDOW));
        assert_eq!(levels.buckets.len(), 1);
    }
}
