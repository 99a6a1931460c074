//! Numbers that look like chance, for tests.

#![allow(clippy::cast_possible_truncation, reason = "what is cut off is chance too")]

/// From a seed (splitmix64).
pub(super) struct Numbers(pub u64);

impl Numbers {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub(super) fn below(&mut self, end: usize) -> usize {
        (self.next() % end as u64) as usize
    }

    /// Likewise.
    pub(super) fn rounds(&mut self, end: usize) -> u32 {
        self.below(end) as u32
    }

    /// That many bytes.
    pub(super) fn exactly(&mut self, len: usize) -> Vec<u8> {
        (0..len).map(|_| self.next() as u8).collect()
    }

    /// Fewer bytes than that.
    pub(super) fn bytes(&mut self, end: usize) -> Vec<u8> {
        let len = self.below(end);
        self.exactly(len)
    }
}
