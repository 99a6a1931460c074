//! Salsa20's rows in registers of SSE2, which every x86-64 has, and with AVX-512's rotation.

use std::arch::x86_64::{__cpuid, __m128i};
use std::sync::LazyLock;

use pulp::cast;
use pulp::core_arch::x86::Sse2;
use pulp::x86::V4;

use super::Mix;
use super::salsa::{Plain, Rows};
use crate::schemes::kernels::Simd;
use crate::schemes::kernels::memory::Line;

/// Whether vector instructions are slower than plain ones here. Salsa20 is one long chain, and AMD's family 1Ah (Zen 5)
/// takes two cycles for each vector instruction where others take one.
pub(super) fn answers_late() -> bool {
    static LATE: LazyLock<bool> = LazyLock::new(|| {
        let vendor = __cpuid(0);
        let version = __cpuid(1).eax;
        let family = (version >> 8 & 0xF) + (version >> 20 & 0xFF);
        [vendor.ebx, vendor.edx, vendor.ecx].map(u32::to_le_bytes).as_flattened() == b"AuthenticAMD"
            && family == 0x1A
    });
    *LATE
}

/// Mixes in vectors.
pub(super) fn mix(simd: Simd, mix: Mix<'_>) {
    match (simd, Sse2::try_new()) {
        (Simd::Avx512, _) if let Some(simd) = V4::try_new() => {
            simd.vectorize(With(Registers(simd.sse2, simd), mix));
        }
        (_, Some(sse2)) => mix.mix(Registers(sse2, sse2)),
        // Every x86-64 has SSE2.
        (_, None) => mix.mix(Plain),
    }
}

/// [`Mix::mix`] with these instructions.
struct With<'a, R>(R, Mix<'a>);

impl<R: Rows> pulp::NullaryFnOnce for With<'_, R> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        self.1.mix(self.0);
    }
}

/// Rows in registers of SSE2, rotated in this way.
#[derive(Clone, Copy)]
pub(super) struct Registers<R>(pub(super) Sse2, pub(super) R);

/// How words are rotated.
pub(super) trait Rotate: Copy {
    /// [`Rows::xor_rotated`].
    fn xor_rotated<const LEFT: i32, const RIGHT: i32>(self, a: __m128i, b: __m128i) -> __m128i;
}

/// By two shifts.
impl Rotate for Sse2 {
    #[inline(always)]
    fn xor_rotated<const LEFT: i32, const RIGHT: i32>(self, a: __m128i, b: __m128i) -> __m128i {
        let a = self._mm_xor_si128(a, self._mm_slli_epi32::<LEFT>(b));
        self._mm_xor_si128(a, self._mm_srli_epi32::<RIGHT>(b))
    }
}

/// At once.
impl Rotate for V4 {
    #[inline(always)]
    fn xor_rotated<const LEFT: i32, const RIGHT: i32>(self, a: __m128i, b: __m128i) -> __m128i {
        self.sse2._mm_xor_si128(a, self.avx512f._mm_rol_epi32::<LEFT>(b))
    }
}

impl<R: Rotate> Rows for Registers<R> {
    type Row = __m128i;

    #[inline(always)]
    fn load(self, line: &Line) -> [__m128i; 4] {
        cast(line.0)
    }

    #[inline(always)]
    fn store(self, rows: [__m128i; 4]) -> Line {
        Line(cast(rows))
    }

    #[inline(always)]
    fn xor(self, a: __m128i, b: __m128i) -> __m128i {
        self.0._mm_xor_si128(a, b)
    }

    #[inline(always)]
    fn add(self, a: __m128i, b: __m128i) -> __m128i {
        self.0._mm_add_epi32(a, b)
    }

    #[inline(always)]
    fn xor_rotated<const LEFT: i32, const RIGHT: i32>(self, a: __m128i, b: __m128i) -> __m128i {
        self.1.xor_rotated::<LEFT, RIGHT>(a, b)
    }

    #[inline(always)]
    fn shuffle<const ORDER: i32>(self, a: __m128i) -> __m128i {
        self.0._mm_shuffle_epi32::<ORDER>(a)
    }
}
