//! Blowfish (Schneier, 1993) with bcrypt's key schedule, for several keys side by side.

use std::hint::black_box;
use std::ops::BitXor;
use std::sync::LazyLock;

use zeroize::{Zeroize, ZeroizeOnDrop};

use super::{WORDS, pi};

/// How a word of 32 bits is kept and calculated with.
pub(super) trait Word: Copy + BitXor<Output = Self> + Zeroize {
    fn of(word: u32) -> Self;
    fn word(self) -> u32;
    fn add(self, other: Self) -> Self;
    /// The second byte from the top. Its table's entry is what the rest of a round waits for.
    fn second(self) -> usize;
}

impl Word for u32 {
    #[inline(always)]
    fn of(word: u32) -> Self {
        word
    }

    #[inline(always)]
    fn word(self) -> u32 {
        self
    }

    #[inline(always)]
    fn add(self, other: Self) -> Self {
        self.wrapping_add(other)
    }

    #[inline(always)]
    fn second(self) -> usize {
        (self >> 16 & 0xFF) as usize
    }
}

/// The word twice: in the lower half, and its lower 24 bits at the top, where the second byte comes out by one shift
/// instead of a shift and a mask. What additions carry out of the lower half stays in the eight bits between.
impl Word for u64 {
    #[inline(always)]
    fn of(word: u32) -> Self {
        let word = Self::from(word);
        word << 40 | word
    }

    #[inline(always)]
    #[allow(clippy::cast_possible_truncation, reason = "the lower half")]
    fn word(self) -> u32 {
        self as u32
    }

    #[inline(always)]
    fn add(self, other: Self) -> Self {
        self.wrapping_add(other)
    }

    #[inline(always)]
    #[allow(clippy::cast_possible_truncation, reason = "a byte is left")]
    fn second(self) -> usize {
        (self >> 56) as usize
    }
}

/// The state before any key.
static START: LazyLock<[u32; WORDS]> = LazyLock::new(pi::fraction);

/// One lane's subkeys and tables.
#[derive(Zeroize)]
#[repr(align(64))]
struct State<W: Word> {
    tables: [[W; 256]; 4],
    subkeys: [W; 18],
}

/// The states of all lanes, overwritten when they are dropped.
#[derive(Zeroize, ZeroizeOnDrop)]
pub(super) struct Blowfish<W: Word, const N: usize>([State<W>; N]);

/// The two halves of each lane's block.
pub(super) type Halves<W, const N: usize> = [[W; N]; 2];

impl<W: Word, const N: usize> Blowfish<W, N> {
    pub(super) fn new() -> Self {
        let (subkeys, tables) = START.split_at(18);
        Self(std::array::from_fn(|_| State {
            tables: std::array::from_fn(|table| std::array::from_fn(|i| W::of(tables[256 * table + i]))),
            subkeys: std::array::from_fn(|i| W::of(subkeys[i])),
        }))
    }

    /// Blowfish's key schedule: the keys into the subkeys, then what encrypting over and over gives takes the place
    /// of all words.
    pub(super) fn expand(&mut self, keys: &[[u32; 18]; N]) {
        self.expand_with(keys, |_, _| ());
    }

    /// bcrypt's first one, which mixes the salts into the blocks as well.
    pub(super) fn expand_salted(&mut self, keys: &[[u32; 18]; N], salts: &[[u32; 4]; N]) {
        self.expand_with(keys, |block, [left, right]| {
            for ((left, right), salt) in left.iter_mut().zip(right).zip(salts) {
                let at = block * 2 % 4;
                *left = *left ^ W::of(salt[at]);
                *right = *right ^ W::of(salt[at + 1]);
            }
        });
    }

    #[inline(always)]
    fn expand_with(&mut self, keys: &[[u32; 18]; N], mut mix: impl FnMut(usize, &mut Halves<W, N>)) {
        for (state, key) in self.0.iter_mut().zip(keys) {
            for (subkey, &word) in state.subkeys.iter_mut().zip(key) {
                *subkey = *subkey ^ W::of(word);
            }
        }
        let mut halves = [[W::of(0); N]; 2];
        for i in 0..9 {
            mix(i, &mut halves);
            self.encrypt(&mut halves);
            for (lane, state) in self.0.iter_mut().enumerate() {
                state.subkeys[2 * i] = W::of(halves[0][lane].word());
                state.subkeys[2 * i + 1] = W::of(halves[1][lane].word());
            }
        }
        for table in 0..4 {
            for i in 0..128 {
                mix(9 + i, &mut halves);
                self.encrypt(&mut halves);
                for (lane, state) in self.0.iter_mut().enumerate() {
                    state.tables[table][2 * i] = W::of(halves[0][lane].word());
                    state.tables[table][2 * i + 1] = W::of(halves[1][lane].word());
                }
            }
        }
    }

    /// Encrypts a block of each lane, each round for all lanes before the next.
    #[inline(always)]
    pub(super) fn encrypt(&self, [left, right]: &mut Halves<W, N>) {
        for (left, state) in left.iter_mut().zip(&self.0) {
            *left = *left ^ state.subkeys[0];
        }
        let mut i = 1;
        while i < 17 {
            self.round(i, left, right);
            self.round(i + 1, right, left);
            i += 2;
        }
        for lane in 0..N {
            (left[lane], right[lane]) = (right[lane] ^ self.0[lane].subkeys[17], left[lane]);
        }
    }

    #[inline(always)]
    fn round(&self, i: usize, from: &[W; N], to: &mut [W; N]) {
        for lane in 0..N {
            let State { tables: [first, second, third, fourth], subkeys } = &self.0[lane];
            // Shifts, since the bytes as an array are swapped first.
            let word = from[lane].word();
            let byte = |shift: u32| (word >> shift & 0xFF) as usize;
            let sum = first[byte(24)].add(second[from[lane].second()]);
            let sum = (sum ^ third[byte(8)]).add(fourth[byte(0)]);
            // The tables' part comes last of all, and the other two are there long before it. Compilers, to which the
            // order of exclusive ors is all the same, would let it wait for two of them instead of one.
            to[lane] = black_box(to[lane] ^ subkeys[i]) ^ sum;
        }
    }
}
