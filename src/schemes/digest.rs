//! The message digests that stored values are made with, and what is built on them: HMAC and PBKDF2.
//!
//! One place knows the digests' names, lengths and speed; a new digest is a new line here.

use hmac::{Hmac, KeyInit, Mac};
use md4::Md4;
use md5::Md5;
use sha1::Sha1;
use sha2::{Digest as _, Sha224, Sha256, Sha384, Sha512};
use zeroize::Zeroizing;

/// A message digest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::schemes) enum Digest {
    Md4,
    Md5,
    Sha1,
    Sha224,
    Sha256,
    Sha384,
    Sha512,
}

/// Runs the expression with `$D` standing for the digest's type.
macro_rules! with_type {
    ($digest:expr, $D:ident => $run:expr) => {
        match $digest {
            Digest::Md4 => {
                type $D = Md4;
                $run
            }
            Digest::Md5 => {
                type $D = Md5;
                $run
            }
            Digest::Sha1 => {
                type $D = Sha1;
                $run
            }
            Digest::Sha224 => {
                type $D = Sha224;
                $run
            }
            Digest::Sha256 => {
                type $D = Sha256;
                $run
            }
            Digest::Sha384 => {
                type $D = Sha384;
                $run
            }
            Digest::Sha512 => {
                type $D = Sha512;
                $run
            }
        }
    };
}

impl Digest {
    /// All of them, in the order in which they are named to people.
    pub(in crate::schemes) const ALL: [Self; 7] =
        [Self::Md4, Self::Md5, Self::Sha1, Self::Sha224, Self::Sha256, Self::Sha384, Self::Sha512];

    /// The name in expressions, which is hashcat's and PHP's.
    pub(in crate::schemes) fn name(self) -> &'static str {
        match self {
            Self::Md4 => "md4",
            Self::Md5 => "md5",
            Self::Sha1 => "sha1",
            Self::Sha224 => "sha224",
            Self::Sha256 => "sha256",
            Self::Sha384 => "sha384",
            Self::Sha512 => "sha512",
        }
    }

    /// The digest of that name.
    pub(in crate::schemes) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|digest| digest.name() == name)
    }

    /// The name as standards write it.
    pub(in crate::schemes) fn title(self) -> &'static str {
        match self {
            Self::Md4 => "MD4",
            Self::Md5 => "MD5",
            Self::Sha1 => "SHA-1",
            Self::Sha224 => "SHA-224",
            Self::Sha256 => "SHA-256",
            Self::Sha384 => "SHA-384",
            Self::Sha512 => "SHA-512",
        }
    }

    /// Length of its result, in bytes.
    pub(in crate::schemes) fn len(self) -> usize {
        match self {
            Self::Md4 | Self::Md5 => 16,
            Self::Sha1 => 20,
            Self::Sha224 => 28,
            Self::Sha256 => 32,
            Self::Sha384 => 48,
            Self::Sha512 => 64,
        }
    }

    /// Length of the blocks that it works through, in bytes.
    fn block(self) -> u64 {
        match self {
            Self::Md4 | Self::Md5 | Self::Sha1 | Self::Sha224 | Self::Sha256 => 64,
            Self::Sha384 | Self::Sha512 => 128,
        }
    }

    /// Time for one block, in nanoseconds, on a current server core.
    fn block_nanos(self) -> u64 {
        match self {
            Self::Md4 => 75,
            Self::Md5 => 105,
            Self::Sha1 => 50,
            Self::Sha224 | Self::Sha256 => 64,
            Self::Sha384 | Self::Sha512 => 240,
        }
    }

    /// Time to digest `len` bytes, in nanoseconds, padding included.
    pub(in crate::schemes) fn nanos(self, len: u64) -> u64 {
        let padding = self.block() / 8 + 1;
        let blocks = len.saturating_add(padding).div_ceil(self.block());
        blocks.saturating_mul(self.block_nanos())
    }

    /// Digest of the parts, one after another.
    pub(in crate::schemes) fn of(self, parts: &[&[u8]]) -> Zeroizing<Vec<u8>> {
        with_type!(self, D => {
            let mut hasher = D::new();
            for part in parts {
                hasher.update(part);
            }
            Zeroizing::new(hasher.finalize().to_vec())
        })
    }

    /// HMAC of the message (RFC 2104); a key of any length.
    pub(in crate::schemes) fn hmac(self, key: &[u8], message: &[u8]) -> Zeroizing<Vec<u8>> {
        with_type!(self, D => {
            Zeroizing::new(Hmac::<D>::new_from_slice(key).map_or_else(
                |_| Vec::new(), // no key length is refused
                |mac| mac.chain_update(message).finalize().into_bytes().to_vec(),
            ))
        })
    }

    /// PBKDF2 with HMAC of this digest (RFC 8018). `rounds` from 1.
    pub(in crate::schemes) fn pbkdf2(
        self,
        password: &[u8],
        salt: &[u8],
        rounds: u32,
        len: usize,
    ) -> Zeroizing<Vec<u8>> {
        let mut key = Zeroizing::new(vec![0; len]);
        with_type!(self, D => pbkdf2::pbkdf2_hmac::<D>(password, salt, rounds, &mut key));
        key
    }

    /// HMAC computations that PBKDF2 makes for a key of `len` bytes.
    pub(in crate::schemes) fn pbkdf2_work(self, rounds: u32, len: usize) -> u64 {
        u64::from(rounds).saturating_mul(len.div_ceil(self.len()) as u64)
    }

    /// Time for that many of them, in nanoseconds: two blocks each.
    pub(in crate::schemes) fn pbkdf2_nanos(self, work: u64) -> u64 {
        work.saturating_mul(2 * self.block_nanos())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_and_names_agree_with_the_digests() {
        for digest in Digest::ALL {
            assert_eq!(digest.of(&[b"x"]).len(), digest.len());
            assert_eq!(digest.hmac(b"k", b"x").len(), digest.len());
            assert_eq!(Digest::named(digest.name()), Some(digest));
        }
        assert_eq!(Digest::named("MD5"), None);
    }

    /// FIPS 180-2's and RFC 1321's "abc".
    #[test]
    fn parts_are_digested_as_one_message() {
        assert_eq!(hex::encode(&*Digest::Md5.of(&[b"a", b"", b"bc"])), "900150983cd24fb0d6963f7d28e17f72");
        assert_eq!(
            hex::encode(&*Digest::Sha1.of(&[b"ab", b"c"])),
            "a9993e364706816aba3e25717850c26c9cd0d89d"
        );
    }

    /// RFC 4231, test case 2.
    #[test]
    fn hmac_is_rfc_2104() {
        assert_eq!(
            hex::encode(&*Digest::Sha256.hmac(b"Jefe", b"what do ya want for nothing?")),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
        );
    }
}
