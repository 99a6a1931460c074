//! Vectors of words, one word of each lane, as the kernels calculate with them.
//!
//! A kernel is written once over [`Lanes`] and compiled for each instruction set. Everything here is
//! `#[inline(always)]`, since only what ends up inside [`in_avx2`] or [`in_avx512`] is compiled with their instructions; a call
//! that is left over would cost more than the lanes bring. Intrinsics are reached through `pulp`, whose tokens
//! prove that the processor has them, so that nothing here is `unsafe`.

use std::fmt::Debug;

use zeroize::DefaultIsZeroes;

use super::simd::Simd;

/// A word that digests calculate with.
pub(super) trait Word: Copy + Debug + DefaultIsZeroes + Eq + Send + Sync + 'static {
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

/// A vector of words, one of each lane.
pub(super) trait Lanes: Copy {
    /// What it is made of.
    type Word: Word;
    /// The proof that its instructions are there.
    type Token: Copy;
    /// Words of it.
    const COUNT: usize;

    /// The same word in every lane.
    fn splat(token: Self::Token, word: Self::Word) -> Self;
    /// From [`Lanes::COUNT`] words.
    fn load(token: Self::Token, words: &[Self::Word]) -> Self;
    /// To as many.
    fn store(self, words: &mut [Self::Word]);
    fn token(self) -> Self::Token;
    /// Does the work in a function of its own that is compiled with the vector's instructions.
    fn apart<F: pulp::NullaryFnOnce>(token: Self::Token, work: F) -> F::Output;

    fn add(self, other: Self) -> Self;
    fn xor(self, other: Self) -> Self;
    fn and(self, other: Self) -> Self;
    fn or(self, other: Self) -> Self;
    /// Shifts each lane by its own number of bits; zero where nothing is left.
    fn shl_by(self, bits: Self) -> Self;
    fn shr_by(self, bits: Self) -> Self;

    #[inline(always)]
    fn shl(self, bits: u32) -> Self {
        self.shl_by(Self::splat(self.token(), Self::Word::of(bits.into())))
    }

    #[inline(always)]
    fn shr(self, bits: u32) -> Self {
        self.shr_by(Self::splat(self.token(), Self::Word::of(bits.into())))
    }

    /// Compilers make it one instruction where there is one.
    #[inline(always)]
    fn rotr(self, bits: u32) -> Self {
        self.shr(bits).or(self.shl(Self::Word::BITS - bits))
    }

    #[inline(always)]
    fn rotl(self, bits: u32) -> Self {
        self.shl(bits).or(self.shr(Self::Word::BITS - bits))
    }

    #[inline(always)]
    fn not(self) -> Self {
        self.xor(Self::splat(self.token(), Self::Word::repeat(0xff)))
    }

    /// Bits of the one where `self` has ones, of the other where it has zeros.
    #[inline(always)]
    fn select(self, ones: Self, zeros: Self) -> Self {
        zeros.xor(self.and(ones.xor(zeros)))
    }

    /// The same, added to `self`; the bits for the mask's ones may come late.
    #[inline(always)]
    fn add_selected(self, mask: Self, ones: Self, zeros: Self) -> Self {
        self.add(zeros.and(mask.not())).add(ones.and(mask))
    }

    #[inline(always)]
    fn xor3(self, b: Self, c: Self) -> Self {
        self.xor(b).xor(c)
    }

    /// What most of the three have. One of the exclusive ors is that of the round before, as compilers find out.
    #[inline(always)]
    fn majority(self, b: Self, c: Self) -> Self {
        b.xor(self.xor(b).and(b.xor(c)))
    }

    /// MD5's fourth function.
    #[inline(always)]
    fn xor_or_not(self, b: Self, c: Self) -> Self {
        self.xor(b.or(c.not()))
    }
}

/// Overwrites vectors that held what passwords make.
#[inline(always)]
pub(super) fn wipe<L: Lanes>(vectors: &mut [L], zero: L) {
    vectors.fill(zero);
    zeroize::optimization_barrier(vectors);
}

/// Work that is written over [`Lanes`].
pub(super) trait Work {
    type Word: Word;
    /// Whether two vectors at once are ever asked for, of AVX-512 and of the others: what is not is not compiled.
    const TWO: [bool; 2];

    /// Must be `#[inline(always)]`, as all that it calls.
    fn run<L: Lanes<Word = Self::Word>>(self, token: L::Token);
}

/// Words of a vector; 1 where there are no vectors, or the processor has them not.
pub(super) fn count<W: Word>(simd: Simd) -> usize {
    match simd {
        #[cfg(target_arch = "x86_64")]
        Simd::Avx512 if pulp::x86::V4::is_available() => W::Avx512::COUNT,
        #[cfg(target_arch = "x86_64")]
        Simd::Avx2 if pulp::x86::V3::is_available() => W::Avx2::COUNT,
        #[cfg(target_arch = "aarch64")]
        Simd::Neon if pulp::aarch64::Neon::is_available() => W::Neon::COUNT,
        _ => 1,
    }
}

/// Does the work in vectors, two of them at once where that is asked for. Does nothing where [`count`] is 1.
pub(super) fn dispatch<T: Work>(simd: Simd, two: bool, work: T) {
    match simd {
        #[cfg(target_arch = "x86_64")]
        Simd::Avx512 => {
            if let Some(token) = pulp::x86::V4::try_new() {
                if const { T::TWO[0] } && two {
                    token.vectorize(Call::<T, Two<<T::Word as Word>::Avx512>> { work, token });
                } else {
                    token.vectorize(Call::<T, <T::Word as Word>::Avx512> { work, token });
                }
            }
        }
        #[cfg(target_arch = "x86_64")]
        Simd::Avx2 => {
            if let Some(token) = pulp::x86::V3::try_new() {
                if const { T::TWO[1] } && two {
                    token.vectorize(Call::<T, Two<<T::Word as Word>::Avx2>> { work, token });
                } else {
                    token.vectorize(Call::<T, <T::Word as Word>::Avx2> { work, token });
                }
            }
        }
        #[cfg(target_arch = "aarch64")]
        Simd::Neon => {
            if let Some(token) = pulp::aarch64::Neon::try_new() {
                if const { T::TWO[1] } && two {
                    token.vectorize(Call::<T, Two<<T::Word as Word>::Neon>> { work, token });
                } else {
                    token.vectorize(Call::<T, <T::Word as Word>::Neon> { work, token });
                }
            }
        }
        _ => {}
    }
}

/// A closure cannot be told to be inlined, this can.
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
struct Call<T, L: Lanes> {
    work: T,
    token: L::Token,
}

#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
impl<T: Work, L: Lanes<Word = T::Word>> pulp::NullaryFnOnce for Call<T, L> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        self.work.run::<L>(self.token);
    }
}

/// Words in an array: no instructions of its own.
#[derive(Clone, Copy)]
pub(super) struct Plain<W, const N: usize>([W; N]);

impl<W: Word, const N: usize> Plain<W, N> {
    #[inline(always)]
    fn each(self, other: Self, op: impl Fn(W, W) -> W) -> Self {
        let mut result = self.0;
        for (word, other) in result.iter_mut().zip(other.0) {
            *word = op(*word, other);
        }
        Self(result)
    }
}

impl<W: Word, const N: usize> Lanes for Plain<W, N> {
    type Word = W;
    type Token = ();
    const COUNT: usize = N;

    #[inline(always)]
    fn splat((): (), word: W) -> Self {
        Self([word; N])
    }
    #[inline(always)]
    fn load((): (), words: &[W]) -> Self {
        let mut all = [W::default(); N];
        all.copy_from_slice(words);
        Self(all)
    }
    #[inline(always)]
    fn store(self, words: &mut [W]) {
        words.copy_from_slice(&self.0);
    }
    #[inline(always)]
    fn token(self) {}
    #[inline(always)]
    fn apart<F: pulp::NullaryFnOnce>((): (), work: F) -> F::Output {
        work.call()
    }
    #[inline(always)]
    fn add(self, other: Self) -> Self {
        self.each(other, W::add)
    }
    #[inline(always)]
    fn xor(self, other: Self) -> Self {
        self.each(other, W::xor)
    }
    #[inline(always)]
    fn and(self, other: Self) -> Self {
        self.each(other, W::and)
    }
    #[inline(always)]
    fn or(self, other: Self) -> Self {
        self.each(other, W::or)
    }
    #[inline(always)]
    fn shl_by(self, bits: Self) -> Self {
        self.each(bits, W::shl)
    }
    #[inline(always)]
    fn shr_by(self, bits: Self) -> Self {
        self.each(bits, W::shr)
    }
}

/// Two vectors at once: an operation waits for the one before it, and meanwhile the processor does the other's.
#[derive(Clone, Copy)]
pub(super) struct Two<L>(L, L);

impl<L: Lanes> Lanes for Two<L> {
    type Word = L::Word;
    type Token = L::Token;
    const COUNT: usize = 2 * L::COUNT;

    #[inline(always)]
    fn splat(token: L::Token, word: L::Word) -> Self {
        Self(L::splat(token, word), L::splat(token, word))
    }
    #[inline(always)]
    fn load(token: L::Token, words: &[L::Word]) -> Self {
        let (low, high) = words.split_at(L::COUNT);
        Self(L::load(token, low), L::load(token, high))
    }
    #[inline(always)]
    fn store(self, words: &mut [L::Word]) {
        let (low, high) = words.split_at_mut(L::COUNT);
        self.0.store(low);
        self.1.store(high);
    }
    #[inline(always)]
    fn token(self) -> L::Token {
        self.0.token()
    }
    #[inline(always)]
    fn apart<F: pulp::NullaryFnOnce>(token: L::Token, work: F) -> F::Output {
        L::apart(token, work)
    }
    #[inline(always)]
    fn add(self, other: Self) -> Self {
        Self(self.0.add(other.0), self.1.add(other.1))
    }
    #[inline(always)]
    fn xor(self, other: Self) -> Self {
        Self(self.0.xor(other.0), self.1.xor(other.1))
    }
    #[inline(always)]
    fn and(self, other: Self) -> Self {
        Self(self.0.and(other.0), self.1.and(other.1))
    }
    #[inline(always)]
    fn or(self, other: Self) -> Self {
        Self(self.0.or(other.0), self.1.or(other.1))
    }
    #[inline(always)]
    fn shl_by(self, bits: Self) -> Self {
        Self(self.0.shl_by(bits.0), self.1.shl_by(bits.1))
    }
    #[inline(always)]
    fn shr_by(self, bits: Self) -> Self {
        Self(self.0.shr_by(bits.0), self.1.shr_by(bits.1))
    }
    #[inline(always)]
    fn select(self, ones: Self, zeros: Self) -> Self {
        Self(self.0.select(ones.0, zeros.0), self.1.select(ones.1, zeros.1))
    }
    #[inline(always)]
    fn add_selected(self, mask: Self, ones: Self, zeros: Self) -> Self {
        Self(self.0.add_selected(mask.0, ones.0, zeros.0), self.1.add_selected(mask.1, ones.1, zeros.1))
    }
    #[inline(always)]
    fn xor3(self, b: Self, c: Self) -> Self {
        Self(self.0.xor3(b.0, c.0), self.1.xor3(b.1, c.1))
    }
    #[inline(always)]
    fn majority(self, b: Self, c: Self) -> Self {
        Self(self.0.majority(b.0, c.0), self.1.majority(b.1, c.1))
    }
    #[inline(always)]
    fn xor_or_not(self, b: Self, c: Self) -> Self {
        Self(self.0.xor_or_not(b.0, c.0), self.1.xor_or_not(b.1, c.1))
    }
}

#[cfg(target_arch = "x86_64")]
pub(super) mod x86 {
    use core::arch::x86_64::{__m256i, __m512i};

    use pulp::bytemuck::cast;
    use pulp::x86::{V3, V4};

    use super::Lanes;

    macro_rules! lanes {
        ($(#[$about:meta])* $name:ident, $token:ident, $vector:ident, $word:ident * $count:literal,
         $features:ident { $splat:ident $add:ident $shl:ident $shr:ident } $logic:ident { $xor:ident $and:ident $or:ident }
         $avx:ident $(three: $three:ident)?) => {
            $(#[$about])*
            #[derive(Clone, Copy)]
            pub(in super::super) struct $name($token, $vector);

            impl Lanes for $name {
                type Word = $word;
                type Token = $token;
                const COUNT: usize = $count;

                #[inline(always)]
                fn splat(token: $token, word: $word) -> Self {
                    Self(token, token.$avx.$splat(word.cast_signed()))
                }
                #[inline(always)]
                fn load(token: $token, words: &[$word]) -> Self {
                    let mut all = [0; $count];
                    all.copy_from_slice(words);
                    Self(token, cast::<[$word; $count], $vector>(all))
                }
                #[inline(always)]
                fn store(self, words: &mut [$word]) {
                    words.copy_from_slice(&cast::<$vector, [$word; $count]>(self.1));
                }
                #[inline(always)]
                fn token(self) -> $token {
                    self.0
                }
                #[inline(always)]
                fn apart<F: pulp::NullaryFnOnce>(token: $token, work: F) -> F::Output {
                    token.vectorize(work)
                }
                #[inline(always)]
                fn add(self, other: Self) -> Self {
                    Self(self.0, self.0.$features.$add(self.1, other.1))
                }
                #[inline(always)]
                fn xor(self, other: Self) -> Self {
                    Self(self.0, self.0.$logic.$xor(self.1, other.1))
                }
                #[inline(always)]
                fn and(self, other: Self) -> Self {
                    Self(self.0, self.0.$logic.$and(self.1, other.1))
                }
                #[inline(always)]
                fn or(self, other: Self) -> Self {
                    Self(self.0, self.0.$logic.$or(self.1, other.1))
                }
                #[inline(always)]
                fn shl_by(self, bits: Self) -> Self {
                    Self(self.0, self.0.$features.$shl(self.1, bits.1))
                }
                #[inline(always)]
                fn shr_by(self, bits: Self) -> Self {
                    Self(self.0, self.0.$features.$shr(self.1, bits.1))
                }
                $(
                    // The numbers are the results for 000, 001 … 111, lowest bit first.
                    #[inline(always)]
                    fn select(self, ones: Self, zeros: Self) -> Self {
                        Self(self.0, self.0.$features.$three::<0xca>(self.1, ones.1, zeros.1))
                    }
                    #[inline(always)]
                    fn add_selected(self, mask: Self, ones: Self, zeros: Self) -> Self {
                        self.add(mask.select(ones, zeros))
                    }
                    #[inline(always)]
                    fn xor3(self, b: Self, c: Self) -> Self {
                        Self(self.0, self.0.$features.$three::<0x96>(self.1, b.1, c.1))
                    }
                    #[inline(always)]
                    fn majority(self, b: Self, c: Self) -> Self {
                        Self(self.0, self.0.$features.$three::<0xe8>(self.1, b.1, c.1))
                    }
                    #[inline(always)]
                    fn xor_or_not(self, b: Self, c: Self) -> Self {
                        Self(self.0, self.0.$features.$three::<0x2d>(self.1, b.1, c.1))
                    }
                )?
            }
        };
    }

    lanes!(
        U32x16, V4, __m512i, u32 * 16,
        avx512f { _mm512_set1_epi32 _mm512_add_epi32 _mm512_sllv_epi32 _mm512_srlv_epi32 }
        avx512f { _mm512_xor_si512 _mm512_and_si512 _mm512_or_si512 }
        avx512f three: _mm512_ternarylogic_epi32
    );
    lanes!(
        U64x8, V4, __m512i, u64 * 8,
        avx512f { _mm512_set1_epi64 _mm512_add_epi64 _mm512_sllv_epi64 _mm512_srlv_epi64 }
        avx512f { _mm512_xor_si512 _mm512_and_si512 _mm512_or_si512 }
        avx512f three: _mm512_ternarylogic_epi64
    );
    lanes!(
        U32x8, V3, __m256i, u32 * 8,
        avx2 { _mm256_set1_epi32 _mm256_add_epi32 _mm256_sllv_epi32 _mm256_srlv_epi32 }
        avx2 { _mm256_xor_si256 _mm256_and_si256 _mm256_or_si256 }
        avx
    );
    lanes!(
        U64x4, V3, __m256i, u64 * 4,
        avx2 { _mm256_set1_epi64x _mm256_add_epi64 _mm256_sllv_epi64 _mm256_srlv_epi64 }
        avx2 { _mm256_xor_si256 _mm256_and_si256 _mm256_or_si256 }
        avx
    );
}

#[cfg(target_arch = "aarch64")]
pub(super) mod aarch64 {
    use core::arch::aarch64::{uint32x4_t, uint64x2_t};

    use pulp::aarch64::Neon;
    use pulp::bytemuck::cast;

    use super::Lanes;

    macro_rules! lanes {
        ($name:ident, $vector:ident, $word:ident * $count:literal, $splat:ident $add:ident $xor:ident $and:ident $or:ident
         $shl:ident $signed:ident $negative:ident) => {
            #[derive(Clone, Copy)]
            pub(in super::super) struct $name(Neon, $vector);

            impl Lanes for $name {
                type Word = $word;
                type Token = Neon;
                const COUNT: usize = $count;

                #[inline(always)]
                fn splat(token: Neon, word: $word) -> Self {
                    Self(token, token.neon.$splat(word))
                }
                #[inline(always)]
                fn load(token: Neon, words: &[$word]) -> Self {
                    let mut all = [0; $count];
                    all.copy_from_slice(words);
                    Self(token, cast::<[$word; $count], $vector>(all))
                }
                #[inline(always)]
                fn store(self, words: &mut [$word]) {
                    words.copy_from_slice(&cast::<$vector, [$word; $count]>(self.1));
                }
                #[inline(always)]
                fn token(self) -> Neon {
                    self.0
                }
                #[inline(always)]
                fn apart<F: pulp::NullaryFnOnce>(token: Neon, work: F) -> F::Output {
                    token.vectorize(work)
                }
                #[inline(always)]
                fn add(self, other: Self) -> Self {
                    Self(self.0, self.0.neon.$add(self.1, other.1))
                }
                #[inline(always)]
                fn xor(self, other: Self) -> Self {
                    Self(self.0, self.0.neon.$xor(self.1, other.1))
                }
                #[inline(always)]
                fn and(self, other: Self) -> Self {
                    Self(self.0, self.0.neon.$and(self.1, other.1))
                }
                #[inline(always)]
                fn or(self, other: Self) -> Self {
                    Self(self.0, self.0.neon.$or(self.1, other.1))
                }
                #[inline(always)]
                fn shl_by(self, bits: Self) -> Self {
                    let neon = self.0.neon;
                    Self(self.0, neon.$shl(self.1, neon.$signed(bits.1)))
                }
                #[inline(always)]
                fn shr_by(self, bits: Self) -> Self {
                    let neon = self.0.neon;
                    Self(self.0, neon.$shl(self.1, neon.$negative(neon.$signed(bits.1))))
                }
            }
        };
    }

    lanes!(
        U32x4, uint32x4_t, u32 * 4, vdupq_n_u32 vaddq_u32 veorq_u32 vandq_u32 vorrq_u32
        vshlq_u32 vreinterpretq_s32_u32 vnegq_s32
    );
    lanes!(
        U64x2, uint64x2_t, u64 * 2, vdupq_n_u64 vaddq_u64 veorq_u64 vandq_u64 vorrq_u64
        vshlq_u64 vreinterpretq_s64_u64 vnegq_s64
    );
}
