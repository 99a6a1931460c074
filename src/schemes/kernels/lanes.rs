//! Vectors of words, one word of each lane, as the kernels calculate with them.
//!
//! A kernel is written once over [`Lanes`] and compiled for each instruction set. Everything here is
//! `#[inline(always)]`, since only what ends up inside [`dispatch`] is compiled with the vectors' instructions; a call
//! that is left over would cost more than the lanes bring. Intrinsics are reached through `pulp`, whose tokens prove
//! that the processor has them, so that nothing here is `unsafe`.

#[cfg(target_arch = "aarch64")]
mod aarch64;
mod word;
#[cfg(target_arch = "x86_64")]
mod x86;

pub(super) use word::Word;

use super::simd::Simd;

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
