//! Which vector instructions the processor has. Asked at run time: one binary fits all, and `target-cpu` is left alone.

/// Which vector instructions kernels may use.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Simd {
    /// None beyond those that every processor of the architecture has.
    #[default]
    Off,
    /// AVX2, with the others of x86-64-v3.
    Avx2,
    /// AVX-512, with the others of x86-64-v4.
    Avx512,
    /// `AArch64`'s own.
    Neon,
}

impl Simd {
    /// The best there is here. Cheap: the processor is asked once.
    pub fn detect() -> Self {
        #[cfg(target_arch = "x86_64")]
        {
            if pulp::x86::V4::is_available() {
                return Self::Avx512;
            }
            if pulp::x86::V3::is_available() {
                return Self::Avx2;
            }
        }
        if cfg!(target_arch = "aarch64") { Self::Neon } else { Self::Off }
    }

    /// All that are here, from `Off` upwards.
    pub fn available() -> Vec<Self> {
        let best = Self::detect();
        match best {
            Self::Neon => vec![Self::Off, Self::Neon],
            _ => [Self::Off, Self::Avx2, Self::Avx512].into_iter().filter(|&simd| simd <= best).collect(),
        }
    }

    /// The name for people.
    pub fn name(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::Avx2 => "AVX2",
            Self::Avx512 => "AVX-512",
            Self::Neon => "NEON",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_best_is_the_last_of_those_that_are_here() {
        let available = Simd::available();
        assert_eq!(available.first(), Some(&Simd::Off));
        assert_eq!(available.last(), Some(&Simd::detect()));
        assert!(available.is_sorted());
    }
}
