//! bcrypt (Provos and Mazières, 1999), several at once on one core.
//!
//! Each round of Blowfish waits for four loads from tables that the round before chose, so that one bcrypt leaves
//! the core two thirds idle. Here several are computed step by step together, each in tables of its own; the core
//! overlaps them. This is plain code on purpose: vector gathers are slower than as many loads.
//!
//! Tables: Blowfish has four of 256 words. Up to three bcrypts keep each word in 64 bits, see [`Word`], which
//! makes the chain of a round shorter by one instruction; for more of them the first-level cache is too small.

#![allow(clippy::indexing_slicing, reason = "words and tables are of fixed lengths")]
#![allow(clippy::inline_always, reason = "a round is a few instructions")]

mod blowfish;
mod pi;

use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use blowfish::{Blowfish, Word};

/// Words of Blowfish's state: the subkeys, and four tables.
const WORDS: usize = 18 + 4 * 256;

/// Most that run together. Six bring no more than five, where the first-level cache has 32 KiB.
pub(in crate::schemes) const LANES: usize = 5;

/// A key and a salt, as the words that are mixed into the subkeys.
#[derive(Zeroize, ZeroizeOnDrop)]
pub(in crate::schemes) struct Input {
    key: [u32; 18],
    salt: [u32; 4],
}

impl Input {
    /// Of a key of 1 to 72 bytes, which is repeated to fill 72.
    pub(in crate::schemes) fn new(key: &[u8], salt: [u8; 16]) -> Self {
        let mut bytes = key.iter().cycle().copied();
        let mut word = || bytes.by_ref().take(4).fold(0, |word, byte| word << 8 | u32::from(byte));
        let key = std::array::from_fn(|_| word());
        let (salt, _) = salt.as_chunks();
        Self { key, salt: std::array::from_fn(|i| u32::from_be_bytes(salt[i])) }
    }
}

/// Computes the digests, in groups of much the same size and no more than [`LANES`].
pub(in crate::schemes) fn run(cost: u32, inputs: &[Input], out: &mut [[u8; 24]]) {
    let mut groups = inputs.len().div_ceil(LANES);
    let (mut inputs, mut out) = (inputs, out);
    while groups > 0 {
        let size = inputs.len().div_ceil(groups);
        let (group, rest) = inputs.split_at(size);
        let (digests, out_rest) = std::mem::take(&mut out).split_at_mut(size);
        match size {
            1 => together::<u64, 1>(cost, group, digests),
            2 => together::<u64, 2>(cost, group, digests),
            3 => together::<u64, 3>(cost, group, digests),
            4 => together::<u32, 4>(cost, group, digests),
            _ => together::<u32, 5>(cost, group, digests),
        }
        (inputs, out) = (rest, out_rest);
        groups -= 1;
    }
}

/// `OrpheanBeholderScryDoubt`.
const TEXT: [[u32; 2]; 3] =
    [[0x4F72_7068, 0x6561_6E42], [0x6568_6F6C, 0x6465_7253], [0x6372_7944, 0x6F75_6274]];

/// As many as there are lanes. Never in line: each is large, and its registers are dear.
#[inline(never)]
fn together<W: Word, const N: usize>(cost: u32, inputs: &[Input], out: &mut [[u8; 24]]) {
    let (Some((inputs, [])), Some((out, []))) =
        (inputs.split_first_chunk::<N>(), out.split_first_chunk_mut::<N>())
    else {
        return;
    };
    let mut lanes = Blowfish::<W, N>::new();
    let keys = Zeroizing::new(std::array::from_fn(|lane| inputs[lane].key));
    let salts = std::array::from_fn(|lane| inputs[lane].salt);
    lanes.expand_salted(&keys, &salts);
    let salts = salts.map(|salt| std::array::from_fn(|i| salt[i % 4]));
    for _ in 0..1_u64 << cost.min(31) {
        lanes.expand(&keys);
        lanes.expand(&salts);
    }
    for (i, text) in TEXT.iter().enumerate() {
        let mut halves = text.map(|word| [W::of(word); N]);
        for _ in 0..64 {
            lanes.encrypt(&mut halves);
        }
        for (lane, out) in out.iter_mut().enumerate() {
            let (words, _) = out.as_chunks_mut();
            words[2 * i] = halves[0][lane].word().to_be_bytes();
            words[2 * i + 1] = halves[1][lane].word().to_be_bytes();
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn digests(cost: u32, inputs: &[(Vec<u8>, [u8; 16])]) -> Vec<[u8; 24]> {
        let inputs: Vec<_> = inputs.iter().map(|(key, salt)| Input::new(key, *salt)).collect();
        let mut out = vec![[0; 24]; inputs.len()];
        run(cost, &inputs, &mut out);
        out
    }

    /// From OpenBSD's regression tests, which the bcrypt crate takes from jBCrypt's.
    #[test]
    fn a_known_digest() {
        let salt =
            [0x14, 0x4B, 0x3D, 0x69, 0x1A, 0x7B, 0x4E, 0xCF, 0x39, 0xCF, 0x73, 0x5C, 0x7F, 0xA7, 0xA7, 0x9C];
        let digest = digests(6, &[(b"\0".to_vec(), salt)]);
        let expected = [
            0x55, 0x7E, 0x94, 0xF3, 0x4B, 0xF2, 0x86, 0xE8, 0x71, 0x9A, 0x26, 0xBE, 0x94, 0xAC, 0x1E, 0x16,
            0xD9, 0x5E, 0xF9, 0xF8, 0x19, 0xDE, 0xE0,
        ];
        assert_eq!(digest[0][..23], expected);
    }

    #[test]
    fn keys_of_every_length_give_what_the_crate_gives() {
        let key = |len| (0..len).map(|i| 255 - i * 3).collect::<Vec<u8>>();
        let inputs: Vec<_> = (1..=72).map(|len| (key(len), [len; 16])).collect();
        let expected: Vec<_> = inputs.iter().map(|(key, salt)| ::bcrypt::bcrypt(4, *salt, key)).collect();
        assert_eq!(digests(4, &inputs), expected);
    }

    #[test]
    fn nothing_of_nothing() {
        assert!(digests(4, &[]).is_empty());
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]

        /// Lanes share nothing: each digest is what the crate makes of it alone.
        #[test]
        fn any_number_together_give_what_the_crate_gives(
            cost in 4..=6_u32,
            inputs in prop::collection::vec((prop::collection::vec(any::<u8>(), 1..=72), any::<[u8; 16]>()), 1..=11),
        ) {
            let expected: Vec<_> = inputs.iter().map(|(key, salt)| ::bcrypt::bcrypt(cost, *salt, key)).collect();
            prop_assert_eq!(digests(cost, &inputs), expected);
        }
    }
}
