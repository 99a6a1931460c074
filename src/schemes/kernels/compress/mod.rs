//! The compression functions of MD5, SHA-1, SHA-256 and SHA-512: of one message, mostly by the usual crates, and of
//! many at once.

mod constants;
mod md5;
mod sha1;
mod sha2;

use std::marker::PhantomData;

use zeroize::{Zeroize, Zeroizing};

use super::lanes::{Lanes, Word};
use crate::schemes::digest::Digest;

/// A compression function.
pub(super) trait Compression: Copy + 'static {
    /// What it calculates with.
    type Word: Word;
    /// What it takes at once: sixteen words.
    type Block: Copy + AsRef<[u8]> + AsMut<[u8]> + Zeroize;
    /// A block of zeros.
    const ZEROS: Self::Block;
    /// Whether two vectors at once bring anything, of AVX-512 and of the others.
    const TWO: [bool; 2];
    /// Words of the state.
    const STATE: usize;
    /// Bytes of a block.
    const BLOCK: usize = 16 * Self::Word::BYTES;
    /// Whether the first byte of a word is its highest.
    const BIG_ENDIAN: bool;
    /// Bytes of the message's length, at the end of the last block.
    const LENGTH: usize = 2 * Self::Word::BYTES;

    /// Works a block of each lane into its state. States have up to eight words; the others are left alone.
    fn lanes<L: Lanes<Word = Self::Word>>(state: &mut [L; 8], block: &[L; 16]);

    /// The blocks' bytes.
    fn bytes(blocks: &mut [Self::Block]) -> &mut [u8];

    /// Works blocks into one state, with the processor's own instructions for it where it has them.
    fn one(state: &mut [Self::Word; 8], blocks: &[Self::Block]);
}

/// Works a block of each lane into its state, by a function that all kernels share.
#[inline(always)]
pub(super) fn lanes<C: Compression, L: Lanes<Word = C::Word>>(
    token: L::Token,
    state: &mut [L; 8],
    block: &[L; 16],
) {
    L::apart(token, Apart::<C, L> { state, words: block, compression: PhantomData });
}

struct Apart<'a, C, L> {
    state: &'a mut [L; 8],
    words: &'a [L; 16],
    compression: PhantomData<C>,
}

impl<C: Compression, L: Lanes<Word = C::Word>> pulp::NullaryFnOnce for Apart<'_, C, L> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        C::lanes(self.state, self.words);
    }
}

/// What a digest makes of its compression function.
#[derive(Clone, Copy)]
pub(super) struct Form<C: Compression> {
    /// The state before the first block.
    pub start: [C::Word; 8],
    /// Words of the state that are the digest.
    pub words: usize,
}

/// Runs the expression with `$C` standing for the digest's compression function, and `$form` for what it makes of it.
macro_rules! with_compression {
    ($digest:expr, $C:ident, $form:ident => $run:expr, _ => $else:expr) => {{
        use $crate::schemes::digest::Digest;
        use $crate::schemes::kernels::compress::{Md5, Sha1, Sha256, Sha512, form_32, form_64};
        macro_rules! run {
            ($Of:ident, $of:ident) => {{
                type $C = $Of;
                let $form = $of::<$C>($digest);
                $run
            }};
        }
        match $digest {
            Digest::Md5 => run!(Md5, form_32),
            Digest::Sha1 => run!(Sha1, form_32),
            Digest::Sha224 | Digest::Sha256 => run!(Sha256, form_32),
            Digest::Sha384 | Digest::Sha512 => run!(Sha512, form_64),
            _ => $else,
        }
    }};
}
pub(super) use with_compression;

/// Of the digests that have words of 32 bits.
pub(super) fn form_32<C: Compression<Word = u32>>(digest: Digest) -> Form<C> {
    let [a, b, c, d, e] = constants::SHA1;
    let start = match digest {
        Digest::Md5 => [a, b, c, d, 0, 0, 0, 0],
        Digest::Sha1 => [a, b, c, d, e, 0, 0, 0],
        Digest::Sha224 => constants::SHA224,
        _ => constants::SHA256,
    };
    Form { start, words: digest.len() / 4 }
}

/// Of the digests that have words of 64 bits.
pub(super) fn form_64<C: Compression<Word = u64>>(digest: Digest) -> Form<C> {
    let start = if digest == Digest::Sha384 { constants::SHA384 } else { constants::SHA512 };
    Form { start, words: digest.len() / 8 }
}

/// A message's blocks: its parts, one after another, and the padding. `before` bytes have been worked in already.
pub(super) fn padded<C: Compression>(parts: &[&[u8]], before: usize) -> Zeroizing<Vec<C::Block>> {
    let mut blocks = Zeroizing::new(vec![]);
    pad::<C>(&mut blocks, parts, before);
    blocks
}

/// How many blocks a message of that length has.
pub(super) fn blocks<C: Compression>(len: usize) -> usize {
    (len + 1 + C::LENGTH).div_ceil(C::BLOCK)
}

/// Appends a message's blocks, for which there should be room: what is moved is not overwritten.
pub(super) fn pad<C: Compression>(to: &mut Vec<C::Block>, parts: &[&[u8]], before: usize) {
    let len: usize = parts.iter().map(|part| part.len()).sum();
    let first = to.len();
    to.resize(first + blocks::<C>(len), C::ZEROS);
    let bytes = C::bytes(&mut to[first..]);
    let mut at = 0;
    for part in parts {
        bytes[at..at + part.len()].copy_from_slice(part);
        at += part.len();
    }
    bytes[at] = 0x80;
    let bits = (before + len) as u64 * 8;
    let length = if C::BIG_ENDIAN { bits.to_be_bytes() } else { bits.to_le_bytes() };
    let end = bytes.len();
    bytes[end - length.len()..].copy_from_slice(&length);
}

/// Writes words as the digest's bytes.
#[inline]
pub(super) fn write<C: Compression>(words: &[C::Word], bytes: &mut [u8]) {
    for (word, bytes) in words.iter().zip(bytes.chunks_exact_mut(C::Word::BYTES)) {
        word.write(bytes, C::BIG_ENDIAN);
    }
}

/// Reads the digest's bytes as words.
#[inline]
pub(super) fn read<C: Compression>(bytes: &[u8], words: &mut [C::Word]) {
    for (word, bytes) in words.iter_mut().zip(bytes.chunks_exact(C::Word::BYTES)) {
        *word = C::Word::read(bytes, C::BIG_ENDIAN);
    }
}

/// The words of a block, each by itself: a copy of the whole would be one of bytes, and those read a word that was just
/// written late.
#[inline(always)]
fn words<L: Lanes>(block: &[L; 16]) -> [L; 16] {
    let &[a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p] = block;
    [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p]
}

macro_rules! compression {
    ($(#[$about:meta])* $Name:ident, $word:ident, $block:literal, $big_endian:literal, $lanes:path, $words:literal, $one:path, $two:expr) => {
        $(#[$about])*
        #[derive(Clone, Copy)]
        pub(super) struct $Name;

        impl Compression for $Name {
            type Word = $word;
            type Block = [u8; $block];
            const ZEROS: Self::Block = [0; $block];
            const TWO: [bool; 2] = $two;
            const STATE: usize = $words;
            const BIG_ENDIAN: bool = $big_endian;

            #[inline(always)]
            fn lanes<L: Lanes<Word = $word>>(state: &mut [L; 8], block: &[L; 16]) {
                $lanes(state, block);
            }

            #[inline]
            fn bytes(blocks: &mut [Self::Block]) -> &mut [u8] {
                blocks.as_flattened_mut()
            }

            #[inline]
            fn one(state: &mut [$word; 8], blocks: &[Self::Block]) {
                if let Some(state) = state.first_chunk_mut::<$words>() {
                    $one(state, blocks);
                }
            }
        }
    };
}

compression!(
    /// RFC 1321.
    Md5, u32, 64, false, md5::compress, 4, md5::one, [true, true]
);
compression!(
    /// FIPS 180-4.
    Sha1, u32, 64, true, sha1::compress, 5, ::sha1::block_api::compress, [false, false]
);
compression!(
    /// FIPS 180-4, with SHA-224.
    Sha256, u32, 64, true, sha2::compress, 8, ::sha2::block_api::compress256, [true, false]
);
compression!(
    /// FIPS 180-4, with SHA-384.
    Sha512, u64, 128, true, sha2::compress, 8, ::sha2::block_api::compress512, [true, false]
);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schemes::kernels::lanes::{Plain, Work, count, dispatch};
    use crate::schemes::kernels::numbers::Numbers;
    use crate::schemes::kernels::simd::Simd;

    /// Two blocks a lane. On some machines the plan never uses some of the vectors, which must be right all the same.
    struct Blocks<'a, C: Compression> {
        /// States of eight words, then blocks of sixteen, vector after vector.
        words: &'a mut [C::Word],
    }

    impl<C: Compression> Work for Blocks<'_, C> {
        type Word = C::Word;
        const TWO: [bool; 2] = C::TWO;

        #[inline(always)]
        fn run<L: Lanes<Word = C::Word>>(self, token: L::Token) {
            let vectors: Vec<L> =
                self.words.chunks_exact(L::COUNT).map(|words| L::load(token, words)).collect();
            let (states, blocks) = vectors.split_at(8);
            let mut state = *states.first_chunk().unwrap();
            for block in blocks.as_chunks().0 {
                lanes::<C, L>(token, &mut state, block);
            }
            for (vector, words) in state.iter().zip(self.words.chunks_exact_mut(L::COUNT)) {
                vector.store(words);
            }
        }
    }

    /// Compares `width` lanes with one state after another.
    fn check<C: Compression>(width: usize, run: impl Fn(Blocks<'_, C>)) {
        let mut numbers = Numbers(11);
        let random = numbers.exactly(40 * width * C::Word::BYTES);
        let mut words = vec![C::Word::default(); 40 * width];
        read::<C>(&random, &mut words);
        let given = words.clone();
        run(Blocks { words: &mut words });
        for lane in 0..width {
            let word = |k: usize| given[k * width + lane];
            let mut state = std::array::from_fn(word);
            for block in 0..2 {
                let mut bytes = C::ZEROS;
                let block: Vec<_> = (0..16).map(|k| word(8 + 16 * block + k)).collect();
                write::<C>(&block, bytes.as_mut());
                C::one(&mut state, &[bytes]);
            }
            for k in 0..C::STATE {
                assert_eq!(words[k * width + lane], state[k], "word {k} of lane {lane} of {width}");
            }
        }
    }

    fn check_all<C: Compression>() {
        check::<C>(1, |blocks| blocks.run::<Plain<C::Word, 1>>(()));
        check::<C>(3, |blocks| blocks.run::<Plain<C::Word, 3>>(()));
        for simd in Simd::available() {
            let width = count::<C::Word>(simd);
            if width > 1 {
                check::<C>(width, |blocks| dispatch(simd, false, blocks));
                if C::TWO[usize::from(simd != Simd::Avx512)] {
                    check::<C>(2 * width, |blocks| dispatch(simd, true, blocks));
                }
            }
        }
    }

    #[test]
    fn lanes_of_every_kind_do_what_one_state_does() {
        check_all::<Md5>();
        check_all::<Sha1>();
        check_all::<Sha256>();
        check_all::<Sha512>();
    }

    /// MD5's one state is our own; RFC 1321, A.5.
    #[test]
    fn md5_of_one_state_is_the_standards() {
        let mut state = form_32::<Md5>(Digest::Md5).start;
        Md5::one(&mut state, &padded::<Md5>(&[b"message ", b"digest"], 0));
        let mut digest = [0; 16];
        write::<Md5>(&state[..4], &mut digest);
        assert_eq!(hex::encode(digest), "f96b697d7cb7938d525a2f31aaf161d0");
    }
}
