//! Digests calculated for several passwords at once, and the fastest ways for one.

#![allow(clippy::indexing_slicing, clippy::inline_always, reason = "kernels")]

pub(in crate::schemes) mod chain;
mod compress;
mod lanes;
#[cfg(test)]
mod numbers;
mod plan;
pub(in crate::schemes) mod pbkdf2;
pub mod simd;
