//! PBKDF2 (RFC 8018), several at once.

use zeroize::Zeroizing;

use super::Simd;
use crate::schemes::digest::Digest;

/// HMACs that run side by side.
pub(in crate::schemes) fn lanes(_: Simd, _: Digest) -> usize {
    1
}

/// A password and its salt.
pub(in crate::schemes) struct Input<'a> {
    /// Of any length.
    pub(in crate::schemes) password: &'a [u8],
    /// Of any length.
    pub(in crate::schemes) salt: &'a [u8],
}

/// Fills the keys over their whole lengths.
pub(in crate::schemes) fn run(
    _: Simd,
    digest: Digest,
    rounds: u32,
    inputs: &[Input<'_>],
    keys: &mut [Zeroizing<Vec<u8>>],
) {
    for (input, key) in inputs.iter().zip(keys) {
        let _ = digest.pbkdf2_into(input.password, input.salt, rounds, key);
    }
}
