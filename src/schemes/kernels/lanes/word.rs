//! The words that digests calculate with, and which vectors there are of each.

use std::fmt::Debug;

use zeroize::DefaultIsZeroes;

use super::Lanes;
#[cfg(target_arch = "aarch64")]
use super::aarch64;
#[cfg(target_arch = "x86_64")]
use super::x86;

/// A word that digests calculate with.
pub(in crate::schemes::kernels) trait Word:
    Copy + Debug + DefaultIsZeroes + Eq + Send + Sync + 'static
{
    /// Bits of it.
    const BITS: u32;
    /// Bytes of it.
    const BYTES: usize = Self::BITS as usize / 8;
    /// The vector that AVX-512 has for it.
    #[cfg(target_arch = "x86_64")]
    type Avx512: Lanes<Word = Self, Token = pulp::x86::V4>;
    /// The vector that AVX2 has for it.
    #[cfg(target_arch = "x86_64")]
    type Avx2: Lanes<Word = Self, Token = pulp::x86::V3>;
    /// The vector that NEON has for it.
    #[cfg(target_arch = "aarch64")]
    type Neon: Lanes<Word = Self, Token = pulp::aarch64::Neon>;

    fn add(self, other: Self) -> Self;
    fn xor(self, other: Self) -> Self;
    fn and(self, other: Self) -> Self;
    fn or(self, other: Self) -> Self;
    /// Shifts; zero where nothing is left.
    fn shl(self, bits: Self) -> Self;
    fn shr(self, bits: Self) -> Self;
    /// The bit behind a message, at the start of a word.
    fn end(big_endian: bool) -> Self {
        if big_endian { Self::of(0x80).shl(Self::of(u64::from(Self::BITS) - 8)) } else { Self::of(0x80) }
    }
    /// The number, or its lower half.
    fn of(number: u64) -> Self;
    /// The byte in every place.
    fn repeat(byte: u8) -> Self;
    /// From [`Word::BYTES`] bytes, first byte highest or lowest.
    fn read(bytes: &[u8], big_endian: bool) -> Self;
    /// Likewise, back.
    fn write(self, bytes: &mut [u8], big_endian: bool);
}

macro_rules! word {
    ($word:ident, $avx512:ident, $avx2:ident, $neon:ident) => {
        impl Word for $word {
            const BITS: u32 = $word::BITS;
            #[cfg(target_arch = "x86_64")]
            type Avx512 = x86::$avx512;
            #[cfg(target_arch = "x86_64")]
            type Avx2 = x86::$avx2;
            #[cfg(target_arch = "aarch64")]
            type Neon = aarch64::$neon;

            #[inline(always)]
            fn add(self, other: Self) -> Self {
                self.wrapping_add(other)
            }
            #[inline(always)]
            fn xor(self, other: Self) -> Self {
                self ^ other
            }
            #[inline(always)]
            fn and(self, other: Self) -> Self {
                self & other
            }
            #[inline(always)]
            fn or(self, other: Self) -> Self {
                self | other
            }
            #[inline(always)]
            fn shl(self, bits: Self) -> Self {
                if bits < Self::of(Self::BITS.into()) { self << bits } else { 0 }
            }
            #[inline(always)]
            fn shr(self, bits: Self) -> Self {
                if bits < Self::of(Self::BITS.into()) { self >> bits } else { 0 }
            }
            #[inline(always)]
            #[allow(
                clippy::cast_possible_truncation,
                clippy::cast_lossless,
                reason = "the lower half is asked for"
            )]
            fn of(number: u64) -> Self {
                number as Self
            }
            #[inline(always)]
            fn repeat(byte: u8) -> Self {
                Self::from_ne_bytes([byte; Self::BYTES])
            }
            #[inline(always)]
            fn read(bytes: &[u8], big_endian: bool) -> Self {
                let mut word = [0; Self::BYTES];
                word.copy_from_slice(bytes);
                if big_endian { Self::from_be_bytes(word) } else { Self::from_le_bytes(word) }
            }
            #[inline(always)]
            fn write(self, bytes: &mut [u8], big_endian: bool) {
                bytes.copy_from_slice(&if big_endian { self.to_be_bytes() } else { self.to_le_bytes() });
            }
        }
    };
}

word!(u32, U32x16, U32x8, U32x4);
word!(u64, U64x8, U64x4, U64x2);
