//! The slow part of a verification, for several passwords at once on one core.
//!
//! A slow hash is a chain of steps that wait for one another, so that one alone leaves most of a core idle. Several
//! independent ones side by side use it: bcrypt interleaved, the digests in vector lanes. What may run together is of
//! one [`Kind`]: the same kernel with the same rounds. A format says what kind its values are of, makes a [`Task`] of
//! a password, and judges what the kernel made of it; everything about text and encoding stays with the format.
//!
//! Lanes share nothing but the instructions; what depends on a password is overwritten after use.

#![allow(
    clippy::indexing_slicing,
    clippy::inline_always,
    clippy::many_single_char_names,
    reason = "kernels: places are fixed, calls are what is saved, and names are the standards'"
)]

pub(in crate::schemes) mod argon2;
pub(in crate::schemes) mod bcrypt;
pub(in crate::schemes) mod chain;
mod compress;
mod lanes;
pub(in crate::schemes) mod memory;
#[cfg(test)]
mod numbers;
pub(in crate::schemes) mod pbkdf2;
mod plan;
pub(in crate::schemes) mod scrypt;
mod simd;

use zeroize::Zeroizing;

pub use simd::Simd;

use super::construction::{Construction, Scratch, Verdict};
use super::digest::Digest;

/// What verifications must have in common to run together on one core.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Kind {
    kernel: Kernel,
    /// bcrypt's cost; rounds of the others.
    rounds: u32,
    /// Lanes that one verification takes: a derived key of several digests takes several.
    lanes: usize,
    /// Layouts of a chain's messages.
    layouts: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Kernel {
    Bcrypt,
    Pbkdf2(Digest),
    Chain(Digest),
}

/// What a kernel is to do for one password.
pub(in crate::schemes) enum Task {
    /// The key and the salt; gives 24 bytes.
    Bcrypt(bcrypt::Input),
    /// Gives a key of that many bytes.
    Pbkdf2 {
        /// The password, or what stands for it.
        password: Zeroizing<Vec<u8>>,
        /// The salt.
        salt: Vec<u8>,
        /// Bytes of the key.
        len: usize,
    },
    /// Gives the last digest.
    Chain(chain::Chain),
}

impl Kind {
    /// bcrypt of this cost.
    pub(in crate::schemes) fn bcrypt(cost: u32) -> Self {
        Self { kernel: Kernel::Bcrypt, rounds: cost, lanes: 1, layouts: 0 }
    }

    /// PBKDF2 with this digest and a key of `len` bytes.
    pub(in crate::schemes) fn pbkdf2(digest: Digest, rounds: u32, len: usize) -> Self {
        let lanes = len.div_ceil(digest.len());
        Self { kernel: Kernel::Pbkdf2(digest), rounds, lanes, layouts: 0 }
    }

    /// A chain of so many digests, with so many layouts.
    pub(in crate::schemes) fn chain(digest: Digest, rounds: u32, layouts: usize) -> Self {
        Self { kernel: Kernel::Chain(digest), rounds, lanes: 1, layouts }
    }

    /// The kernel's name, from a closed set: `bcrypt`, `pbkdf2-sha256`, `chain-md5`.
    pub fn kernel(self) -> &'static str {
        match self.kernel {
            Kernel::Bcrypt => "bcrypt",
            Kernel::Pbkdf2(Digest::Sha1) => "pbkdf2-sha1",
            Kernel::Pbkdf2(Digest::Sha256) => "pbkdf2-sha256",
            Kernel::Pbkdf2(Digest::Sha512) => "pbkdf2-sha512",
            Kernel::Pbkdf2(_) => "pbkdf2",
            Kernel::Chain(Digest::Md5) => "chain-md5",
            Kernel::Chain(Digest::Sha1) => "chain-sha1",
            Kernel::Chain(Digest::Sha256) => "chain-sha256",
            Kernel::Chain(Digest::Sha512) => "chain-sha512",
            Kernel::Chain(_) => "chain",
        }
    }

    /// How many verifications fill the lanes; 1 where several together gain nothing.
    pub fn width(self, simd: Simd) -> usize {
        let lanes = match self.kernel {
            Kernel::Bcrypt => bcrypt::LANES,
            Kernel::Pbkdf2(digest) => pbkdf2::lanes(simd, digest),
            Kernel::Chain(digest) => chain::lanes(simd, digest),
        };
        (lanes / self.lanes).max(1)
    }
}

/// Verifies one password by its kernel: what formats with a kernel do for [`Construction::verify`]. A password that
/// makes no task matches nothing.
pub(in crate::schemes) fn alone(
    construction: &(impl Construction + ?Sized),
    password: &[u8],
    scratch: &mut Scratch,
) -> Verdict {
    let (Some(kind), Some(task)) = (construction.kind(), construction.task(password, scratch)) else {
        return Verdict::Mismatch;
    };
    let results = run(kind, scratch.simd(), vec![task]);
    results.first().map_or(Verdict::Mismatch, |result| construction.judge(result))
}

/// Does the tasks, all of that kind; the results are in their order.
pub(in crate::schemes) fn run(kind: Kind, simd: Simd, tasks: Vec<Task>) -> Vec<Zeroizing<Vec<u8>>> {
    match kind.kernel {
        Kernel::Bcrypt => {
            let inputs: Vec<_> = tasks.into_iter().filter_map(Task::into_bcrypt).collect();
            let mut digests = Zeroizing::new(vec![[0; 24]; inputs.len()]);
            bcrypt::run(kind.rounds, &inputs, &mut digests);
            digests.iter().map(|digest| Zeroizing::new(digest.to_vec())).collect()
        }
        Kernel::Pbkdf2(digest) => {
            let mut keys = Vec::with_capacity(tasks.len());
            let mut inputs = Vec::with_capacity(tasks.len());
            for task in &tasks {
                if let Task::Pbkdf2 { password, salt, len } = task {
                    keys.push(Zeroizing::new(vec![0; *len]));
                    inputs.push(pbkdf2::Input { password, salt });
                }
            }
            pbkdf2::run(simd, digest, kind.rounds, &inputs, &mut keys);
            keys
        }
        Kernel::Chain(digest) => {
            let chains: Vec<_> = tasks.into_iter().filter_map(Task::into_chain).collect();
            let mut digests = vec![Zeroizing::new(vec![0; digest.len()]); chains.len()];
            chain::run(simd, digest, kind.rounds, &chains, &mut digests);
            digests
        }
    }
}

impl Task {
    /// PBKDF2 of this password, with a key of `len` bytes.
    pub(in crate::schemes) fn pbkdf2(password: &[u8], salt: &[u8], len: usize) -> Self {
        Self::Pbkdf2 { password: Zeroizing::new(password.to_vec()), salt: salt.to_vec(), len }
    }

    fn into_bcrypt(self) -> Option<bcrypt::Input> {
        if let Self::Bcrypt(input) = self { Some(input) } else { None }
    }

    fn into_chain(self) -> Option<chain::Chain> {
        if let Self::Chain(chain) = self { Some(chain) } else { None }
    }
}
