//! Memory that a worker keeps for argon2 and scrypt. A fresh page costs more than the hashing in it, so that what one
//! verification took is left for the next; who keeps it wipes it once the answer is out.

use zeroize::optimization_barrier;

/// A line of the first-level cache, as 64-bit words: vectors never lie across two.
#[derive(Clone, Copy)]
#[repr(C, align(64))]
pub(super) struct Line(pub(super) [u64; 8]);

impl Line {
    pub(super) const ZERO: Self = Self([0; 8]);
}

/// Bytes of a line.
const LINE: usize = size_of::<Line>();

/// Memory in blocks of 1 KiB. Dropping it wipes it.
#[derive(Default)]
pub(in crate::schemes) struct Memory {
    lines: Vec<Line>,
    /// Lines from the first one on that may hold something.
    dirty: usize,
}

impl Memory {
    /// Bytes that are kept.
    pub(in crate::schemes) fn bytes(&self) -> u64 {
        (self.lines.len() * LINE) as u64
    }

    /// Overwrites what was used since the last time.
    pub(in crate::schemes) fn wipe(&mut self) {
        if let Some(used) = self.lines.get_mut(..self.dirty) {
            used.fill(Line::ZERO);
            optimization_barrier(used);
        }
        self.dirty = 0;
    }

    /// Wipes, and gives the memory back.
    pub(in crate::schemes) fn release(&mut self) {
        self.wipe();
        self.lines = Vec::new();
    }

    /// The first lines, with whatever was left in them. More of them than there are take the place of those.
    pub(super) fn lines(&mut self, count: usize) -> &mut [Line] {
        if self.lines.len() < count {
            self.release();
            // Blocks of 1 KiB, as they are counted.
            self.lines = vec![Line::ZERO; count.next_multiple_of(1024 / LINE)];
        }
        self.dirty = self.dirty.max(count);
        self.lines.get_mut(..count).unwrap_or_default()
    }
}

impl Drop for Memory {
    fn drop(&mut self) {
        self.wipe();
    }
}

impl std::fmt::Debug for Memory {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Memory({} bytes)", self.bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_grows_to_what_is_asked_for_and_stays() {
        let mut memory = Memory::default();
        assert_eq!(memory.bytes(), 0);
        memory.lines(17);
        assert_eq!(memory.bytes(), 2048);
        memory.lines(5);
        assert_eq!(memory.bytes(), 2048);
        memory.lines(64);
        assert_eq!(memory.bytes(), 4096);
        memory.release();
        assert_eq!(memory.bytes(), 0);
    }

    #[test]
    fn a_wipe_overwrites_all_that_was_used() {
        let mut memory = Memory::default();
        memory.lines(40).fill(Line([1; 8]));
        memory.lines(3).fill(Line([2; 8]));
        memory.wipe();
        assert!(memory.lines(48).iter().all(|line| line.0 == [0; 8]));
    }
}
