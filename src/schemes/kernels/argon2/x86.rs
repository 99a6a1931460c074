//! Vectors of eight words on x86-64: one register of AVX-512, two of AVX2.

use std::arch::x86_64::{__m256i, __m512i};

use pulp::cast;
use pulp::x86::{V3, V4};

use super::block::{Block, ROWS, Round, Transpose, Words};
use crate::schemes::kernels::memory::Line;

impl Words for V4 {
    type Vector = __m512i;

    #[inline(always)]
    fn load(self, line: &Line) -> __m512i {
        cast(line.0)
    }

    #[inline(always)]
    fn store(self, vector: __m512i) -> Line {
        Line(cast(vector))
    }

    #[inline(always)]
    fn xor(self, a: __m512i, b: __m512i) -> __m512i {
        self.avx512f._mm512_xor_si512(a, b)
    }

    #[inline(always)]
    fn permute(self, state: &mut [__m512i; ROWS]) {
        self.permute_together(state);
    }

    #[inline(always)]
    fn prefetch(self, block: &Block) {
        Words::prefetch(*self, block);
    }
}

impl Round for V4 {
    type Value = __m512i;

    #[inline(always)]
    fn add_and_multiply(self, a: __m512i, b: __m512i) -> __m512i {
        let product = self.avx512f._mm512_mul_epu32(a, b);
        let twice = self.avx512f._mm512_add_epi64(product, product);
        self.avx512f._mm512_add_epi64(self.avx512f._mm512_add_epi64(a, b), twice)
    }

    #[inline(always)]
    fn xor_and_rotate<const RIGHT: i32>(self, a: __m512i, b: __m512i) -> __m512i {
        self.avx512f._mm512_ror_epi64::<RIGHT>(self.avx512f._mm512_xor_si512(a, b))
    }
}

impl Transpose for V4 {
    /// Words to pairs, then pairs to fours and eights.
    #[inline(always)]
    #[allow(clippy::many_single_char_names, reason = "eight rows")]
    fn transpose(self, [a, b, c, d, e, f, g, h]: [__m512i; 8]) -> [__m512i; 8] {
        let ([a, b], [c, d]) = (pairs(self, a, b), pairs(self, c, d));
        let ([e, f], [g, h]) = (pairs(self, e, f), pairs(self, g, h));
        let ([a, c, e, g], [b, d, f, h]) = (fours(self, [a, c, e, g]), fours(self, [b, d, f, h]));
        [a, b, c, d, e, f, g, h]
    }
}

/// The even words of both in turn, and the odd ones.
#[inline(always)]
fn pairs(simd: V4, a: __m512i, b: __m512i) -> [__m512i; 2] {
    [simd.avx512f._mm512_unpacklo_epi64(a, b), simd.avx512f._mm512_unpackhi_epi64(a, b)]
}

/// Transposes pairs of words.
#[inline(always)]
fn fours(simd: V4, [a, b, c, d]: [__m512i; 4]) -> [__m512i; 4] {
    const LOWER: i32 = 0b01_00_01_00;
    const UPPER: i32 = 0b11_10_11_10;
    const EVEN: i32 = 0b10_00_10_00;
    const ODD: i32 = 0b11_01_11_01;
    let simd = simd.avx512f;
    let (ab, cd) = (simd._mm512_shuffle_i64x2::<LOWER>(a, b), simd._mm512_shuffle_i64x2::<LOWER>(c, d));
    let (ab_up, cd_up) = (simd._mm512_shuffle_i64x2::<UPPER>(a, b), simd._mm512_shuffle_i64x2::<UPPER>(c, d));
    [
        simd._mm512_shuffle_i64x2::<EVEN>(ab, cd),
        simd._mm512_shuffle_i64x2::<ODD>(ab, cd),
        simd._mm512_shuffle_i64x2::<EVEN>(ab_up, cd_up),
        simd._mm512_shuffle_i64x2::<ODD>(ab_up, cd_up),
    ]
}

impl Words for V3 {
    type Vector = [__m256i; 2];

    #[inline(always)]
    fn load(self, line: &Line) -> [__m256i; 2] {
        cast(line.0)
    }

    #[inline(always)]
    fn store(self, vector: [__m256i; 2]) -> Line {
        Line(cast(vector))
    }

    #[inline(always)]
    fn xor(self, a: [__m256i; 2], b: [__m256i; 2]) -> [__m256i; 2] {
        [self.avx2._mm256_xor_si256(a[0], b[0]), self.avx2._mm256_xor_si256(a[1], b[1])]
    }

    #[inline(always)]
    fn permute(self, state: &mut [[__m256i; 2]; ROWS]) {
        self.permute_together(state);
    }

    #[inline(always)]
    fn prefetch(self, block: &Block) {
        for line in block {
            self.sse._mm_prefetch::<3>(std::ptr::from_ref(line).cast());
        }
    }
}

impl Round for V3 {
    type Value = [__m256i; 2];

    #[inline(always)]
    fn add_and_multiply(self, a: [__m256i; 2], b: [__m256i; 2]) -> [__m256i; 2] {
        let mut sums = a;
        for i in 0..2 {
            let product = self.avx2._mm256_mul_epu32(a[i], b[i]);
            let twice = self.avx2._mm256_add_epi64(product, product);
            sums[i] = self.avx2._mm256_add_epi64(self.avx2._mm256_add_epi64(a[i], b[i]), twice);
        }
        sums
    }

    /// By bytes, where that is enough; else by one bit to the left.
    #[inline(always)]
    fn xor_and_rotate<const RIGHT: i32>(self, a: [__m256i; 2], b: [__m256i; 2]) -> [__m256i; 2] {
        let mut turned = a;
        for i in 0..2 {
            let sum = self.avx2._mm256_xor_si256(a[i], b[i]);
            turned[i] = match RIGHT {
                32 => self.avx2._mm256_shuffle_epi32::<0b10_11_00_01>(sum),
                24 => bytes(self, sum, [3, 4, 5, 6, 7, 0, 1, 2]),
                16 => bytes(self, sum, [2, 3, 4, 5, 6, 7, 0, 1]),
                _ => {
                    let top = self.avx2._mm256_srli_epi64::<63>(sum);
                    self.avx2._mm256_xor_si256(top, self.avx2._mm256_add_epi64(sum, sum))
                }
            };
        }
        turned
    }
}

/// Takes each word's bytes in this order.
#[inline(always)]
fn bytes(simd: V3, a: __m256i, order: [u8; 8]) -> __m256i {
    let [first, second] = [u64::from_le_bytes(order), u64::from_le_bytes(order) + 0x0808_0808_0808_0808];
    simd.avx2._mm256_shuffle_epi8(a, cast([first, second, first, second]))
}

impl Transpose for V3 {
    /// Four quarters, two of which change their places.
    #[inline(always)]
    #[allow(clippy::many_single_char_names, reason = "four quarters of a matrix")]
    fn transpose(self, m: [[__m256i; 2]; 8]) -> [[__m256i; 2]; 8] {
        let a = quarter(self, [m[0][0], m[1][0], m[2][0], m[3][0]]);
        let b = quarter(self, [m[4][0], m[5][0], m[6][0], m[7][0]]);
        let c = quarter(self, [m[0][1], m[1][1], m[2][1], m[3][1]]);
        let d = quarter(self, [m[4][1], m[5][1], m[6][1], m[7][1]]);
        [
            [a[0], b[0]],
            [a[1], b[1]],
            [a[2], b[2]],
            [a[3], b[3]],
            [c[0], d[0]],
            [c[1], d[1]],
            [c[2], d[2]],
            [c[3], d[3]],
        ]
    }
}

/// Transposes four words of four rows.
#[inline(always)]
fn quarter(simd: V3, [a, b, c, d]: [__m256i; 4]) -> [__m256i; 4] {
    let simd = simd.avx2;
    let (ab, cd) = (simd._mm256_unpacklo_epi64(a, b), simd._mm256_unpacklo_epi64(c, d));
    let (ab_up, cd_up) = (simd._mm256_unpackhi_epi64(a, b), simd._mm256_unpackhi_epi64(c, d));
    [
        simd._mm256_permute2x128_si256::<0x20>(ab, cd),
        simd._mm256_permute2x128_si256::<0x20>(ab_up, cd_up),
        simd._mm256_permute2x128_si256::<0x31>(ab, cd),
        simd._mm256_permute2x128_si256::<0x31>(ab_up, cd_up),
    ]
}
