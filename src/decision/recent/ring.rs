//! Counts by tick of a clock, for as many ticks as there is room: a second, ten seconds, a minute. Many threads count at
//! once without a lock. A cell holds its tick and its count in one word, so a count never lands in another tick's cell.

use std::sync::atomic::{AtomicU64, Ordering};

/// Counts of several kinds a tick; what is older than its room is overwritten.
pub(super) struct Ring {
    cells: Box<[AtomicU64]>,
    kinds: usize,
}

impl Ring {
    /// Room for so many ticks of so many kinds.
    pub(super) fn new(ticks: usize, kinds: usize) -> Self {
        Self { cells: (0..ticks * kinds).map(|_| AtomicU64::new(0)).collect(), kinds }
    }

    /// Counts. What comes after its tick's room was taken by a later one is let go.
    pub(super) fn add(&self, tick: u32, kind: usize, more: u32) {
        let Some(cell) = self.cell(tick, kind) else { return };
        // A cell that nobody else changes meanwhile is written in the first turn.
        let _ = cell.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |word| {
            let (of, count) = unpack(word);
            match of.cmp(&tick) {
                std::cmp::Ordering::Equal => Some(pack(tick, count.saturating_add(more))),
                std::cmp::Ordering::Less => Some(pack(tick, more)),
                std::cmp::Ordering::Greater => None,
            }
        });
    }

    /// The count of a tick; 0 where there is none, or none any more.
    pub(super) fn count(&self, tick: u32, kind: usize) -> u32 {
        let Some(cell) = self.cell(tick, kind) else { return 0 };
        let (of, count) = unpack(cell.load(Ordering::Relaxed));
        if of == tick { count } else { 0 }
    }

    fn cell(&self, tick: u32, kind: usize) -> Option<&AtomicU64> {
        if kind >= self.kinds {
            return None;
        }
        let ticks = self.cells.len() / self.kinds;
        self.cells.get(usize::try_from(tick).ok()? % ticks * self.kinds + kind)
    }
}

fn pack(tick: u32, count: u32) -> u64 {
    (u64::from(tick) << 32) | u64::from(count)
}

fn unpack(word: u64) -> (u32, u32) {
    let half = |word: u64| u32::try_from(word & u64::from(u32::MAX)).unwrap_or_default();
    (half(word >> 32), half(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_counts_its_own_tick_alone() {
        let ring = Ring::new(10, 2);
        ring.add(100, 0, 1);
        ring.add(100, 0, 2);
        ring.add(100, 1, 5);
        assert_eq!((ring.count(100, 0), ring.count(100, 1)), (3, 5));
        assert_eq!(ring.count(90, 0), 0, "an earlier tick of the same cell");
        ring.add(110, 0, 7);
        assert_eq!((ring.count(110, 0), ring.count(100, 0)), (7, 0), "its room was taken");
        ring.add(100, 0, 1);
        assert_eq!(ring.count(110, 0), 7, "too late for its tick, and not counted as another's");
        ring.add(111, 2, 1);
        assert_eq!(ring.count(111, 2), 0, "no such kind");
    }

    #[test]
    fn no_count_is_lost_between_threads_nor_runs_over() {
        let ring = Ring::new(4, 1);
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| (0..10_000).for_each(|_| ring.add(7, 0, 1)));
            }
        });
        assert_eq!(ring.count(7, 0), 40_000);
        ring.add(7, 0, u32::MAX);
        assert_eq!((ring.count(7, 0), ring.count(8, 0)), (u32::MAX, 0));
    }
}
