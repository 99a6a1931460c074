//! The vectors of AVX-512 and AVX2.

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
        pub(in crate::schemes::kernels) struct $name($token, $vector);

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
