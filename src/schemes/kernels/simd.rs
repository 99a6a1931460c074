//! Which vector instructions there are.

/// Which vector instructions kernels may use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Simd {
    /// None.
    Off,
}

impl Simd {
    /// The best that this machine has.
    pub fn detect() -> Self {
        Self::Off
    }

    /// All that this machine has, from [`Simd::Off`] upwards.
    pub fn available() -> Vec<Self> {
        vec![Self::Off]
    }

    /// Its name.
    pub fn name(self) -> &'static str {
        "off"
    }
}
