//! scrypt's `BlockMix`: Salsa20 of eight rounds (Bernstein, 2005), over a block of 128r bytes.

use pulp::cast;

use super::super::memory::Line;

/// Where the words of a line are kept: a row is a diagonal of Salsa20's matrix, so that all of its words meet those of
/// the next row. At `i` is the word number 5i.
pub(super) fn place(word: usize) -> usize {
    word * 13 % 16
}

/// The words of a line.
#[inline(always)]
pub(super) fn words(line: Line) -> [u32; 16] {
    cast(line.0)
}

/// And back.
#[inline(always)]
pub(super) fn line(words: [u32; 16]) -> Line {
    Line(cast(words))
}

/// What Salsa20 needs of a processor: rows of four words of 32 bits.
pub(super) trait Rows: Copy {
    type Row: Copy;

    fn load(self, line: &Line) -> [Self::Row; 4];
    fn store(self, rows: [Self::Row; 4]) -> Line;
    fn xor(self, a: Self::Row, b: Self::Row) -> Self::Row;
    fn add(self, a: Self::Row, b: Self::Row) -> Self::Row;
    /// Rotates each word of `b` to the left, by `LEFT` or 32 − `RIGHT` bits, and mixes it into `a`.
    fn xor_rotated<const LEFT: i32, const RIGHT: i32>(self, a: Self::Row, b: Self::Row) -> Self::Row;
    /// Takes the words in another order: two bits for each, the lowest for the first.
    fn shuffle<const ORDER: i32>(self, a: Self::Row) -> Self::Row;

    /// Mixes a block, with another one where that is not empty, into `to`: lines with even numbers first, then the
    /// others.
    #[inline(always)]
    fn mix_block(self, from: &[Line], other: &[Line], to: &mut [Line]) {
        let (even, odd) = to.split_at_mut(from.len() / 2);
        let mut rows = self.sum(from, other, from.len() - 1);
        for i in 0..even.len() {
            rows = self.salsa(rows, self.sum(from, other, 2 * i));
            even[i] = self.store(rows);
            rows = self.salsa(rows, self.sum(from, other, 2 * i + 1));
            odd[i] = self.store(rows);
        }
    }

    #[inline(always)]
    fn sum(self, from: &[Line], other: &[Line], i: usize) -> [Self::Row; 4] {
        let rows = self.load(&from[i]);
        if other.is_empty() { rows } else { self.xor_all(rows, self.load(&other[i])) }
    }

    #[inline(always)]
    fn xor_all(self, mut rows: [Self::Row; 4], others: [Self::Row; 4]) -> [Self::Row; 4] {
        for row in 0..4 {
            rows[row] = self.xor(rows[row], others[row]);
        }
        rows
    }

    /// Salsa20/8 of the sum of both.
    #[inline(always)]
    fn salsa(self, rows: [Self::Row; 4], others: [Self::Row; 4]) -> [Self::Row; 4] {
        let rows = self.xor_all(rows, others);
        let mut state = rows;
        for _ in 0..4 {
            state = self.round(state);
            state = self.round(state);
        }
        for row in 0..4 {
            state[row] = self.add(state[row], rows[row]);
        }
        state
    }

    /// On columns, or on rows: each shuffled into the other's places, they are the same.
    #[inline(always)]
    #[allow(clippy::many_single_char_names, reason = "four rows")]
    fn round(self, [a, b, c, d]: [Self::Row; 4]) -> [Self::Row; 4] {
        let b = self.xor_rotated::<7, 25>(b, self.add(a, d));
        let c = self.xor_rotated::<9, 23>(c, self.add(b, a));
        let d = self.xor_rotated::<13, 19>(d, self.add(c, b));
        let a = self.xor_rotated::<18, 14>(a, self.add(d, c));
        [
            a,
            self.shuffle::<0b00_11_10_01>(d),
            self.shuffle::<0b01_00_11_10>(c),
            self.shuffle::<0b10_01_00_11>(b),
        ]
    }
}

/// For processors of which nothing more is known.
#[derive(Clone, Copy)]
pub(super) struct Plain;

impl Rows for Plain {
    type Row = [u32; 4];

    #[inline(always)]
    fn load(self, line: &Line) -> [[u32; 4]; 4] {
        cast(line.0)
    }

    #[inline(always)]
    fn store(self, rows: [[u32; 4]; 4]) -> Line {
        Line(cast(rows))
    }

    #[inline(always)]
    fn xor(self, a: [u32; 4], b: [u32; 4]) -> [u32; 4] {
        [a[0] ^ b[0], a[1] ^ b[1], a[2] ^ b[2], a[3] ^ b[3]]
    }

    #[inline(always)]
    fn add(self, a: [u32; 4], b: [u32; 4]) -> [u32; 4] {
        [a[0].wrapping_add(b[0]), a[1].wrapping_add(b[1]), a[2].wrapping_add(b[2]), a[3].wrapping_add(b[3])]
    }

    #[inline(always)]
    fn xor_rotated<const LEFT: i32, const RIGHT: i32>(self, a: [u32; 4], b: [u32; 4]) -> [u32; 4] {
        let [b0, b1, b2, b3] = b;
        let rotated = [
            b0 << LEFT | b0 >> RIGHT,
            b1 << LEFT | b1 >> RIGHT,
            b2 << LEFT | b2 >> RIGHT,
            b3 << LEFT | b3 >> RIGHT,
        ];
        self.xor(a, rotated)
    }

    #[inline(always)]
    fn shuffle<const ORDER: i32>(self, a: [u32; 4]) -> [u32; 4] {
        let order = ORDER.unsigned_abs() as usize;
        [a[order & 3], a[order >> 2 & 3], a[order >> 4 & 3], a[order >> 6 & 3]]
    }
}
