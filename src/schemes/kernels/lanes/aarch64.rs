//! The vectors of NEON.

use core::arch::aarch64::{uint32x4_t, uint64x2_t};

use pulp::aarch64::Neon;
use pulp::bytemuck::cast;

use super::Lanes;

macro_rules! lanes {
    ($name:ident, $vector:ident, $word:ident * $count:literal, $splat:ident $add:ident $xor:ident $and:ident $or:ident
     $shl:ident $signed:ident $negative:ident) => {
        #[derive(Clone, Copy)]
        pub(in crate::schemes::kernels) struct $name(Neon, $vector);

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
