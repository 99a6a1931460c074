//! Argon2's compression of two blocks into one (RFC 9106, 3.5), in vectors of eight words.
//!
//! A block is a matrix of 8 rows of 16 words. `BLAKE2b`'s round, with multiplications, mixes each row, then each column of
//! pairs of words. All blocks are kept transposed, a vector for each of the 16 places in a row with the words of the 8
//! rows, so that a round goes through all rows at once and never moves a word; two transpositions turn columns
//! into rows for the second half. [`place`] says where a word went.

use super::super::memory::Line;

/// Vectors, or lines of memory, of a block.
pub(super) const ROWS: usize = 16;

/// A block in memory.
pub(super) type Block = [Line; ROWS];

/// Where a block's word is: in which line, and where in it.
pub(super) const fn place(word: usize) -> (usize, usize) {
    (word % 16, word / 16)
}

/// How a processor works on blocks.
pub(super) trait Words: Copy {
    /// Eight words.
    type Vector: Copy;

    fn load(self, line: &Line) -> Self::Vector;
    fn store(self, vector: Self::Vector) -> Line;
    fn xor(self, a: Self::Vector, b: Self::Vector) -> Self::Vector;
    /// Mixes the rows, then the columns.
    fn permute(self, state: &mut [Self::Vector; ROWS]);
    /// Has a block on its way that will be wanted soon.
    fn prefetch(self, block: &Block);

    #[inline(always)]
    fn load_all(self, block: &Block) -> [Self::Vector; ROWS] {
        let mut vectors = [self.load(&block[0]); ROWS];
        for i in 1..ROWS {
            vectors[i] = self.load(&block[i]);
        }
        vectors
    }

    #[inline(always)]
    fn store_all(self, vectors: [Self::Vector; ROWS], block: &mut Block) {
        for i in 0..ROWS {
            block[i] = self.store(vectors[i]);
        }
    }

    /// Compresses `before` and `reference`, and leaves the result in `before`; mixed with `old` where there is one.
    #[inline(always)]
    fn compress(self, before: &mut [Self::Vector; ROWS], reference: &Block, old: Option<&Block>) {
        let mut state = *before;
        for i in 0..ROWS {
            state[i] = self.xor(state[i], self.load(&reference[i]));
            before[i] = state[i];
        }
        if let Some(old) = old {
            for i in 0..ROWS {
                before[i] = self.xor(before[i], self.load(&old[i]));
            }
        }
        self.permute(&mut state);
        for i in 0..ROWS {
            before[i] = self.xor(before[i], state[i]);
        }
    }
}

/// What `BLAKE2b`'s round is made of: of a word, or a vector of them.
pub(super) trait Round: Copy {
    type Value: Copy;

    /// a + b + 2 × the product of the lower halves.
    fn add_and_multiply(self, a: Self::Value, b: Self::Value) -> Self::Value;
    /// Mixes both, and rotates to the right.
    fn xor_and_rotate<const RIGHT: i32>(self, a: Self::Value, b: Self::Value) -> Self::Value;

    /// The round, on 16 values.
    #[inline(always)]
    fn round(self, v: &mut [Self::Value; 16]) {
        self.mix(v, [0, 4, 8, 12]);
        self.mix(v, [1, 5, 9, 13]);
        self.mix(v, [2, 6, 10, 14]);
        self.mix(v, [3, 7, 11, 15]);
        self.mix(v, [0, 5, 10, 15]);
        self.mix(v, [1, 6, 11, 12]);
        self.mix(v, [2, 7, 8, 13]);
        self.mix(v, [3, 4, 9, 14]);
    }

    #[inline(always)]
    #[allow(clippy::many_single_char_names, reason = "BLAKE2's names")]
    fn mix(self, v: &mut [Self::Value; 16], places: [usize; 4]) {
        let [mut a, mut b, mut c, mut d] = [v[places[0]], v[places[1]], v[places[2]], v[places[3]]];
        a = self.add_and_multiply(a, b);
        d = self.xor_and_rotate::<32>(d, a);
        c = self.add_and_multiply(c, d);
        b = self.xor_and_rotate::<24>(b, c);
        a = self.add_and_multiply(a, b);
        d = self.xor_and_rotate::<16>(d, a);
        c = self.add_and_multiply(c, d);
        b = self.xor_and_rotate::<63>(b, c);
        [v[places[0]], v[places[1]], v[places[2]], v[places[3]]] = [a, b, c, d];
    }
}

/// Vectors that can be turned.
pub(super) trait Transpose: Round {
    fn transpose(self, matrix: [Self::Value; 8]) -> [Self::Value; 8];

    /// [`Words::permute`], with rows side by side, then columns.
    #[inline(always)]
    fn permute_together(self, state: &mut [Self::Value; ROWS]) {
        self.round(state);
        self.turn(state);
        self.round(state);
        self.turn(state);
    }

    /// Turns columns of pairs into rows, or back.
    #[inline(always)]
    fn turn(self, v: &mut [Self::Value; ROWS]) {
        for odd in 0..2 {
            let mut half = [v[odd]; 8];
            for i in 1..8 {
                half[i] = v[2 * i + odd];
            }
            let turned = self.transpose(half);
            for i in 0..8 {
                v[2 * i + odd] = turned[i];
            }
        }
    }
}

/// Without vector instructions.
#[derive(Clone, Copy)]
pub(super) struct Plain;

impl Words for Plain {
    type Vector = [u64; 8];

    #[inline(always)]
    fn load(self, line: &Line) -> Self::Vector {
        line.0
    }

    #[inline(always)]
    fn store(self, vector: Self::Vector) -> Line {
        Line(vector)
    }

    #[inline(always)]
    fn xor(self, a: Self::Vector, b: Self::Vector) -> Self::Vector {
        let mut sum = a;
        for i in 0..8 {
            sum[i] ^= b[i];
        }
        sum
    }

    /// One row after another, and one column: registers hold no more.
    fn permute(self, state: &mut [Self::Vector; ROWS]) {
        for row in 0..8 {
            let mut words = [0; 16];
            for (word, line) in words.iter_mut().zip(&*state) {
                *word = line[row];
            }
            self.round(&mut words);
            for (word, line) in words.into_iter().zip(&mut *state) {
                line[row] = word;
            }
        }
        for pair in state.as_chunks_mut::<2>().0 {
            let mut words = [0; 16];
            for i in 0..16 {
                words[i] = pair[i % 2][i / 2];
            }
            self.round(&mut words);
            for i in 0..16 {
                pair[i % 2][i / 2] = words[i];
            }
        }
    }

    #[inline(always)]
    fn prefetch(self, _: &Block) {}
}

impl Round for Plain {
    type Value = u64;

    #[inline(always)]
    fn add_and_multiply(self, a: u64, b: u64) -> u64 {
        const LOWER: u64 = u32::MAX as u64;
        a.wrapping_add(b).wrapping_add(((a & LOWER) * (b & LOWER)) << 1)
    }

    #[inline(always)]
    fn xor_and_rotate<const RIGHT: i32>(self, a: u64, b: u64) -> u64 {
        (a ^ b).rotate_right(RIGHT.unsigned_abs())
    }
}
