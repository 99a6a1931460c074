//! The memory of argon2, scrypt and yescrypt: kept between verifications, for fresh pages cost more than the hashing in
//! them, and bounded, in use and kept together.

use std::time::{Duration, Instant};

/// How long memory is kept that nobody used.
const KEPT_IDLE: Duration = Duration::from_secs(10);

/// What is kept: a worker's memory between two verifications.
pub(super) trait Kept {
    /// Bytes of it.
    fn bytes(&self) -> u64;
}

/// Memory that is lent and memory that lies idle.
#[derive(Debug)]
pub(super) struct Memory<S> {
    budget: u64,
    /// Bytes that verifications may take now.
    lent: u64,
    /// What lies idle, and since when: the latest last.
    idle: Vec<(S, Instant)>,
    /// What is to be dropped, by whoever does not hold the lock.
    released: Vec<S>,
}

/// Memory for one verification.
#[derive(Debug)]
pub(super) struct Loan<S> {
    /// Kept from before; none where nothing was.
    pub(super) kept: Option<S>,
    /// Bytes that count until it is given back.
    pub(super) bytes: u64,
}

impl<S: Kept> Memory<S> {
    /// Of so many bytes in all. One verification may always run, whatever it takes.
    pub(super) fn new(budget: u64) -> Self {
        Self { budget, lent: 0, idle: Vec::new(), released: Vec::new() }
    }

    /// How many verifications that take so much can run side by side.
    pub(super) fn places(&self, need: u64) -> usize {
        self.budget
            .checked_div(need)
            .map_or(usize::MAX, |places| usize::try_from(places).unwrap_or(usize::MAX))
            .max(1)
    }

    /// Whether a verification that takes so much can have it now.
    pub(super) fn fits(&self, need: u64) -> bool {
        self.lent == 0 || self.lent.saturating_add(need) <= self.budget
    }

    /// The smallest that is large enough; else the largest, which grows; idle memory beyond the budget is released.
    pub(super) fn lend(&mut self, need: u64) -> Loan<S> {
        let room = self.budget.saturating_sub(self.lent).max(need);
        let kept = self.idle.iter().enumerate().map(|(at, (kept, _))| (at, kept.bytes()));
        let enough =
            kept.clone().filter(|(_, bytes)| (need..=room).contains(bytes)).min_by_key(|(_, bytes)| *bytes);
        let best = enough.or_else(|| kept.filter(|(_, bytes)| *bytes < need).max_by_key(|(_, bytes)| *bytes));
        let kept = best.map(|(at, _)| self.idle.remove(at).0);
        let bytes = kept.as_ref().map_or(0, Kept::bytes).max(need);
        self.lent += bytes;
        self.release_beyond_budget();
        Loan { kept, bytes }
    }

    /// Takes back what was lent as so many bytes.
    pub(super) fn give_back(&mut self, kept: S, bytes: u64, now: Instant) {
        self.lent = self.lent.saturating_sub(bytes);
        if kept.bytes() > 0 {
            self.idle.push((kept, now));
            self.release_beyond_budget();
        }
    }

    /// Releases what nobody used for some time.
    pub(super) fn release_idle(&mut self, now: Instant) {
        while self.idle.first().is_some_and(|(_, since)| now >= *since + KEPT_IDLE) {
            self.released.push(self.idle.remove(0).0);
        }
    }

    /// When [`Memory::release_idle`] will have something to do.
    pub(super) fn next_release(&self) -> Option<Instant> {
        self.idle.first().map(|(_, since)| *since + KEPT_IDLE)
    }

    /// What was released since the last call. To be dropped without the lock: giving pages back takes time.
    pub(super) fn take_released(&mut self) -> Vec<S> {
        std::mem::take(&mut self.released)
    }

    /// Bytes that are in use and bytes that lie idle.
    pub(super) fn bytes(&self) -> (u64, u64) {
        (self.lent, self.idle.iter().map(|(kept, _)| kept.bytes()).sum())
    }

    fn release_beyond_budget(&mut self) {
        while !self.idle.is_empty() && self.bytes().0 + self.bytes().1 > self.budget {
            self.released.push(self.idle.remove(0).0);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug)]
    struct Bytes(u64);

    impl Kept for Bytes {
        fn bytes(&self) -> u64 {
            self.0
        }
    }

    fn lent(loan: &Loan<Bytes>) -> (Option<u64>, u64) {
        (loan.kept.as_ref().map(Bytes::bytes), loan.bytes)
    }

    #[test]
    fn the_smallest_that_is_large_enough_is_taken_else_the_largest_grows() {
        let (mut memory, now) = (Memory::new(100), Instant::now());
        for bytes in [30, 10, 20] {
            let loan = memory.lend(bytes);
            assert_eq!(lent(&loan), (None, bytes));
        }
        for bytes in [30, 10, 20] {
            memory.give_back(Bytes(bytes), bytes, now);
        }
        assert_eq!(memory.bytes(), (0, 60));
        assert_eq!(lent(&memory.lend(15)), (Some(20), 20));
        assert_eq!(lent(&memory.lend(40)), (Some(30), 40));
        assert_eq!(memory.bytes(), (60, 10));
    }

    #[test]
    fn idle_memory_is_released_before_anybody_waits() {
        let (mut memory, now) = (Memory::new(100), Instant::now());
        memory.lend(50);
        memory.lend(40);
        memory.give_back(Bytes(40), 40, now);
        assert!(memory.fits(50));
        assert!(!memory.fits(51));
        // Forty grow to fifty.
        assert_eq!(lent(&memory.lend(50)), (Some(40), 50));
        assert!(!memory.fits(1));
        memory.give_back(Bytes(50), 50, now);
        memory.give_back(Bytes(50), 50, now);
        assert_eq!(lent(&memory.lend(100)), (Some(50), 100));
        assert_eq!(memory.take_released().len(), 1, "the other fifty are beyond the budget now");
        assert_eq!(memory.bytes(), (100, 0));
    }

    #[test]
    fn kept_memory_that_is_too_much_for_the_budget_is_not_lent() {
        let (mut memory, now) = (Memory::new(100), Instant::now());
        memory.lend(80);
        memory.give_back(Bytes(80), 80, now);
        assert_eq!(lent(&memory.lend(10)), (Some(80), 80));
        assert!(memory.fits(20) && !memory.fits(21));
        memory.give_back(Bytes(80), 80, now);
        memory.lend(30);
        memory.take_released();
        memory.give_back(Bytes(80), 80, now);
        assert_eq!(memory.bytes(), (0, 80));
    }

    #[test]
    fn one_that_takes_more_than_there_is_runs_by_itself() {
        let mut memory: Memory<Bytes> = Memory::new(100);
        assert!(memory.fits(500));
        memory.lend(500);
        assert!(!memory.fits(1));
        assert_eq!([memory.places(500), memory.places(40), memory.places(0)], [1, 2, usize::MAX]);
    }

    #[test]
    fn what_lay_idle_for_long_is_given_back() {
        let (mut memory, now) = (Memory::new(100), Instant::now());
        memory.lend(10);
        assert_eq!(memory.next_release(), None);
        memory.give_back(Bytes(10), 10, now);
        memory.release_idle(now + KEPT_IDLE / 2);
        assert!(memory.take_released().is_empty());
        let next = memory.next_release().unwrap();
        memory.release_idle(next);
        assert_eq!((memory.take_released().len(), memory.bytes(), memory.next_release()), (1, (0, 0), None));
    }
}
