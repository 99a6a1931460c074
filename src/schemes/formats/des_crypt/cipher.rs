//! DES (FIPS 46-3) as crypt(3) uses it: many encryptions in a row, with a salt that swaps bits of the expansion, which
//! is why no crate's DES will do. A lookup for each S-box and its permutation at once; made for this alone and not for
//! encrypting anything.

use zeroize::Zeroizing;

/// The sixteen round keys, each as the left and the right 24 bits that meet the expansion's.
pub(super) struct Cipher {
    keys: Zeroizing<[(u32, u32); 16]>,
}

impl Cipher {
    /// The key's lowest bit of each byte is not used.
    pub(super) fn new(key: u64) -> Self {
        let halves = Zeroizing::new(permuted(key, 64, &KEY_HALVES));
        let (mut c, mut d) = (high_28(*halves >> 28), high_28(*halves));
        let mut keys = Zeroizing::new([(0, 0); 16]);
        for (key, by) in keys.iter_mut().zip(KEY_SHIFTS) {
            c = rotated_28(c, by);
            d = rotated_28(d, by);
            let both = permuted((u64::from(c) << 28) | u64::from(d), 56, &KEY_CHOICE);
            *key = (low_24(both >> 24), low_24(both));
        }
        Self { keys }
    }

    /// `count` encryptions of the block, each of the one before. Bit n of the salt swaps bits n and n + 24 of the
    /// expansion, counted from the first.
    pub(super) fn encrypt(&self, block: u64, count: u32, salt: u32) -> u64 {
        let swap = salt.reverse_bits() >> 8;
        let start = permuted(block, 64, &INITIAL);
        let (mut left, mut right) = (half(start >> 32), half(start));
        for _ in 0..count {
            for &(high, low) in self.keys.iter() {
                (left, right) = (right, left ^ scrambled(right, high, low, swap));
            }
            // The last round does not exchange the halves; between two encryptions the permutations cancel out.
            (left, right) = (right, left);
        }
        permuted((u64::from(left) << 32) | u64::from(right), 64, &FINAL)
    }
}

/// DES's function of one half and one round key.
fn scrambled(half: u32, high: u32, low: u32, swap: u32) -> u32 {
    // Six bits each, beginning with the last bit of the group of four before.
    let group = |by: u32| half.rotate_left(by) & 63;
    let first = (group(5) << 18) | (group(9) << 12) | (group(13) << 6) | group(17);
    let second = (group(21) << 18) | (group(25) << 12) | (group(29) << 6) | group(1);
    let swapped = (first ^ second) & swap;
    let (first, second) = (first ^ swapped ^ high, second ^ swapped ^ low);
    let [s0, s1, s2, s3, s4, s5, s6, s7] = &BOXES;
    let of = |table: &[u32; 64], bits: u32| table.get((bits & 63) as usize).copied().unwrap_or(0);
    of(s0, first >> 18)
        | of(s1, first >> 12)
        | of(s2, first >> 6)
        | of(s3, first)
        | of(s4, second >> 18)
        | of(s5, second >> 12)
        | of(s6, second >> 6)
        | of(s7, second)
}

/// The bits of `from` in the order of the table, whose numbers count from 1 at the highest of `width` bits.
const fn permuted(from: u64, width: u32, table: &[u8]) -> u64 {
    let mut bits = 0;
    let mut rest = table;
    while let [place, tail @ ..] = rest {
        bits = (bits << 1) | ((from >> (width - *place as u32)) & 1);
        rest = tail;
    }
    bits
}

fn half(bits: u64) -> u32 {
    (bits & 0xffff_ffff) as u32
}

fn high_28(bits: u64) -> u32 {
    (bits & 0x0fff_ffff) as u32
}

fn low_24(bits: u64) -> u32 {
    (bits & 0x00ff_ffff) as u32
}

fn rotated_28(half: u32, by: u32) -> u32 {
    ((half << by) | (half >> (28 - by))) & 0x0fff_ffff
}

/// What each S-box contributes to the function's result, the permutation P included.
static BOXES: [[u32; 64]; 8] = boxes();

#[expect(clippy::indexing_slicing, reason = "computed while compiling, where no index can be out of bounds")]
#[expect(clippy::cast_possible_truncation, reason = "32 bits are permuted to 32 bits")]
const fn boxes() -> [[u32; 64]; 8] {
    let mut boxes = [[0; 64]; 8];
    let mut number = 0;
    while number < 8 {
        let mut input = 0;
        while input < 64 {
            // The outer two bits choose the row, the inner four the column.
            let row = ((input >> 4) & 2) | (input & 1);
            let column = (input >> 1) & 15;
            let output = SUBSTITUTIONS[number][row * 16 + column] as u64;
            boxes[number][input] = permuted(output << (28 - 4 * number), 32, &AFTER_BOXES) as u32;
            input += 1;
        }
        number += 1;
    }
    boxes
}

/// IP.
const INITIAL: [u8; 64] = [
    58, 50, 42, 34, 26, 18, 10, 2, 60, 52, 44, 36, 28, 20, 12, 4, 62, 54, 46, 38, 30, 22, 14, 6, 64, 56, 48,
    40, 32, 24, 16, 8, 57, 49, 41, 33, 25, 17, 9, 1, 59, 51, 43, 35, 27, 19, 11, 3, 61, 53, 45, 37, 29, 21,
    13, 5, 63, 55, 47, 39, 31, 23, 15, 7,
];
/// IP's inverse.
const FINAL: [u8; 64] = [
    40, 8, 48, 16, 56, 24, 64, 32, 39, 7, 47, 15, 55, 23, 63, 31, 38, 6, 46, 14, 54, 22, 62, 30, 37, 5, 45,
    13, 53, 21, 61, 29, 36, 4, 44, 12, 52, 20, 60, 28, 35, 3, 43, 11, 51, 19, 59, 27, 34, 2, 42, 10, 50, 18,
    58, 26, 33, 1, 41, 9, 49, 17, 57, 25,
];
/// PC-1.
const KEY_HALVES: [u8; 56] = [
    57, 49, 41, 33, 25, 17, 9, 1, 58, 50, 42, 34, 26, 18, 10, 2, 59, 51, 43, 35, 27, 19, 11, 3, 60, 52, 44,
    36, 63, 55, 47, 39, 31, 23, 15, 7, 62, 54, 46, 38, 30, 22, 14, 6, 61, 53, 45, 37, 29, 21, 13, 5, 28, 20,
    12, 4,
];
/// PC-2.
const KEY_CHOICE: [u8; 48] = [
    14, 17, 11, 24, 1, 5, 3, 28, 15, 6, 21, 10, 23, 19, 12, 4, 26, 8, 16, 7, 27, 20, 13, 2, 41, 52, 31, 37,
    47, 55, 30, 40, 51, 45, 33, 48, 44, 49, 39, 56, 34, 53, 46, 42, 50, 36, 29, 32,
];
const KEY_SHIFTS: [u32; 16] = [1, 1, 2, 2, 2, 2, 2, 2, 1, 2, 2, 2, 2, 2, 2, 1];
/// P.
const AFTER_BOXES: [u8; 32] = [
    16, 7, 20, 21, 29, 12, 28, 17, 1, 15, 23, 26, 5, 18, 31, 10, 2, 8, 24, 14, 32, 27, 3, 9, 19, 13, 30, 6,
    22, 11, 4, 25,
];
/// S1 to S8, four rows of sixteen each.
const SUBSTITUTIONS: [[u8; 64]; 8] = [
    [
        14, 4, 13, 1, 2, 15, 11, 8, 3, 10, 6, 12, 5, 9, 0, 7, 0, 15, 7, 4, 14, 2, 13, 1, 10, 6, 12, 11, 9, 5,
        3, 8, 4, 1, 14, 8, 13, 6, 2, 11, 15, 12, 9, 7, 3, 10, 5, 0, 15, 12, 8, 2, 4, 9, 1, 7, 5, 11, 3, 14,
        10, 0, 6, 13,
    ],
    [
        15, 1, 8, 14, 6, 11, 3, 4, 9, 7, 2, 13, 12, 0, 5, 10, 3, 13, 4, 7, 15, 2, 8, 14, 12, 0, 1, 10, 6, 9,
        11, 5, 0, 14, 7, 11, 10, 4, 13, 1, 5, 8, 12, 6, 9, 3, 2, 15, 13, 8, 10, 1, 3, 15, 4, 2, 11, 6, 7, 12,
        0, 5, 14, 9,
    ],
    [
        10, 0, 9, 14, 6, 3, 15, 5, 1, 13, 12, 7, 11, 4, 2, 8, 13, 7, 0, 9, 3, 4, 6, 10, 2, 8, 5, 14, 12, 11,
        15, 1, 13, 6, 4, 9, 8, 15, 3, 0, 11, 1, 2, 12, 5, 10, 14, 7, 1, 10, 13, 0, 6, 9, 8, 7, 4, 15, 14, 3,
        11, 5, 2, 12,
    ],
    [
        7, 13, 14, 3, 0, 6, 9, 10, 1, 2, 8, 5, 11, 12, 4, 15, 13, 8, 11, 5, 6, 15, 0, 3, 4, 7, 2, 12, 1, 10,
        14, 9, 10, 6, 9, 0, 12, 11, 7, 13, 15, 1, 3, 14, 5, 2, 8, 4, 3, 15, 0, 6, 10, 1, 13, 8, 9, 4, 5, 11,
        12, 7, 2, 14,
    ],
    [
        2, 12, 4, 1, 7, 10, 11, 6, 8, 5, 3, 15, 13, 0, 14, 9, 14, 11, 2, 12, 4, 7, 13, 1, 5, 0, 15, 10, 3, 9,
        8, 6, 4, 2, 1, 11, 10, 13, 7, 8, 15, 9, 12, 5, 6, 3, 0, 14, 11, 8, 12, 7, 1, 14, 2, 13, 6, 15, 0, 9,
        10, 4, 5, 3,
    ],
    [
        12, 1, 10, 15, 9, 2, 6, 8, 0, 13, 3, 4, 14, 7, 5, 11, 10, 15, 4, 2, 7, 12, 9, 5, 6, 1, 13, 14, 0, 11,
        3, 8, 9, 14, 15, 5, 2, 8, 12, 3, 7, 0, 4, 10, 1, 13, 11, 6, 4, 3, 2, 12, 9, 5, 15, 10, 11, 14, 1, 7,
        6, 0, 8, 13,
    ],
    [
        4, 11, 2, 14, 15, 0, 8, 13, 3, 12, 9, 7, 5, 10, 6, 1, 13, 0, 11, 7, 4, 9, 1, 10, 14, 3, 5, 12, 2, 15,
        8, 6, 1, 4, 11, 13, 12, 3, 7, 14, 10, 15, 6, 8, 0, 5, 9, 2, 6, 11, 13, 8, 1, 4, 10, 7, 9, 5, 0, 15,
        14, 2, 3, 12,
    ],
    [
        13, 2, 8, 4, 6, 15, 11, 1, 10, 9, 3, 14, 5, 0, 12, 7, 1, 15, 13, 8, 10, 3, 7, 4, 12, 5, 6, 11, 0, 14,
        9, 2, 7, 11, 4, 1, 9, 12, 14, 2, 0, 6, 10, 13, 15, 3, 5, 8, 2, 1, 14, 7, 4, 10, 8, 13, 15, 12, 9, 0,
        3, 5, 6, 11,
    ],
];

#[cfg(test)]
mod tests {
    use super::*;

    /// The worked examples of Stallings' textbook and of J. Orlin Grabbe's "The DES Algorithm Illustrated".
    #[test]
    fn without_salt_it_is_des() {
        assert_eq!(
            Cipher::new(0x1334_5779_9bbc_dff1).encrypt(0x0123_4567_89ab_cdef, 1, 0),
            0x85e8_1354_0f0a_b405
        );
        assert_eq!(
            Cipher::new(0x0f15_71c9_47d9_e859).encrypt(0x0246_8ace_eca8_6420, 1, 0),
            0xda02_ce3a_89ec_ac3b
        );
    }
}
