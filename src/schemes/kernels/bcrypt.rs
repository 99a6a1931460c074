//! bcrypt (Provos and Mazières, 1999), several at once.

use zeroize::Zeroizing;

/// Most that run together.
pub(in crate::schemes) const LANES: usize = 1;

/// A key and a salt.
pub(in crate::schemes) struct Input {
    key: Zeroizing<Vec<u8>>,
    salt: [u8; 16],
}

impl Input {
    /// Of a key of 1 to 72 bytes, which the cipher repeats.
    pub(in crate::schemes) fn new(key: &[u8], salt: [u8; 16]) -> Self {
        Self { key: Zeroizing::new(key.to_vec()), salt }
    }
}

/// Computes the digests.
pub(in crate::schemes) fn run(cost: u32, inputs: &[Input], out: &mut [[u8; 24]]) {
    for (input, out) in inputs.iter().zip(out) {
        *out = ::bcrypt::bcrypt(cost, input.salt, &input.key);
    }
}
