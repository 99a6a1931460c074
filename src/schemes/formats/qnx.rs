//! QNX's /etc/shadow: one digest of the salt and of the password a thousand and one times over.
//!
//! QNX's SHA-512 has a bug: four bytes of the last block, before the length, are still those of the block before. A
//! value may be of either kind.

use md5::Md5;
use sha2::block_api::compress512;
use sha2::{Sha256, Sha512};
use zeroize::Zeroizing;

use crate::schemes::construction::{Construction, Cost, Reading, Refusal, Scratch, Verdict};
use crate::schemes::digest::Digest;
use crate::schemes::registry::{Entry, Example, Reader};
use crate::schemes::{Credential, Limits, NotImportable, OktaHash, encoding};
use crate::secret::Secret;

pub(super) const ENTRIES: &[Entry] = &[
    Entry {
        name: "qnx-md5",
        hashcat: &[19000],
        layout: "@m[,<rounds>]@hex({digest:16})@{salt}",
        example: Example::of("@m@75f6f129f9c9e77b6b1b78f791ed764a@8741857532330050", "hashcat"),
        prefixes: &["@m@", "@m,"],
        claims: is_qnx,
        reader: Reader::Format(|credential, limits| read(credential, limits, Digest::Md5)),
        ..QNX
    },
    Entry {
        name: "qnx-sha256",
        hashcat: &[19100],
        layout: "@s[,<rounds>]@hex({digest:32})@{salt}",
        example: Example::of(
            "@s@0b365cab7e17ee1e7e1a90078501cc1aa85888d6da34e2f5b04f5c614b882a93@5498317092471604",
            "hashcat",
        ),
        prefixes: &["@s@", "@s,"],
        claims: is_qnx,
        reader: Reader::Format(|credential, limits| read(credential, limits, Digest::Sha256)),
        ..QNX
    },
    Entry {
        name: "qnx-sha512",
        hashcat: &[19200],
        layout: "@S[,<rounds>]@hex({digest:64})@{salt}",
        example: Example::of(
            "@S@715df9e94c097805dd1e13c6a40f331d02ce589765a2100ec7435e76b978d5efc364ce10870780622cee003c9951bd92ec1020c924b124cfff7e0fa1f73e3672@2257314490293159",
            "hashcat",
        ),
        prefixes: &["@S@", "@S,"],
        claims: is_qnx,
        reader: Reader::Format(|credential, limits| read(credential, limits, Digest::Sha512)),
        ..QNX
    },
];

const QNX: Entry =
    Entry { software: "QNX", okta: "hook: the password occurs more than once", ..Entry::BLANK };

/// Where none are named.
const USUAL_ROUNDS: u32 = 1000;
/// Length of a password to plan with, in bytes.
const USUAL_PASSWORD: u64 = 16;
/// How SHA-512 begins (FIPS 180-4).
const SHA512_BEGIN: [u64; 8] = [
    0x6a09_e667_f3bc_c908,
    0xbb67_ae85_84ca_a73b,
    0x3c6e_f372_fe94_f82b,
    0xa54f_f53a_5f1d_36f1,
    0x510e_527f_ade6_82d1,
    0x9b05_688c_2b3e_6c1f,
    0x1f83_d9ab_fb41_bd6b,
    0x5be0_cd19_137e_2179,
];

/// Whether a digest begins there, be it damaged or not: `@s@…` may be a password as well.
fn is_qnx(rest: &[u8]) -> bool {
    let begins = |field: &[u8]| field.len() >= 16 && field.iter().take(16).all(u8::is_ascii_hexdigit);
    rest.split(|&byte| byte == b'@').take(2).any(begins)
}

struct Qnx {
    digest: Digest,
    rounds: u32,
    salt: Vec<u8>,
    value: Secret,
}

fn read(credential: &Credential<'_>, limits: &Limits, digest: Digest) -> Reading {
    let wrong = || Refusal::unreadable("expected @<m, s or S>[,<rounds>]@<digest in hex>@<salt of 8 or 16>");
    let mut fields = credential.stored.get(2..).ok_or_else(wrong)?.split(|&byte| byte == b'@');
    let mut field = || fields.next().ok_or_else(wrong);
    let (rounds, value, salt) = (field()?, field()?, field()?);
    if field().is_ok() || !matches!(salt.len(), 8 | 16) || !salt.iter().all(u8::is_ascii_alphanumeric) {
        return Err(wrong());
    }
    let rounds = match rounds {
        b"" => USUAL_ROUNDS,
        named => named.strip_prefix(b",").and_then(encoding::decimal).ok_or_else(wrong)?,
    };
    let value = encoding::from_hex(value).filter(|value| value.len() == digest.len()).ok_or_else(wrong)?;
    limits.rounds(u64::from(rounds))?;
    // The longest password is a few blocks of each round.
    limits.rounds(u64::from(rounds).saturating_mul(limits.password_bytes.div_ceil(64) as u64))?;
    Ok(Box::new(Qnx { digest, rounds, salt: salt.to_vec(), value: Secret::new(value) }))
}

impl Construction for Qnx {
    fn verify(&self, password: &[u8], _: &mut Scratch) -> Verdict {
        let same = match self.digest {
            Digest::Md5 => self.value.matches(&self.compute::<Md5>(password)),
            Digest::Sha256 => self.value.matches(&self.compute::<Sha256>(password)),
            _ => {
                let right = self.value.matches(&self.compute::<Sha512>(password));
                self.value.matches(&self.compute_with_bug(password)) || right
            }
        };
        Verdict::of(same)
    }

    fn cost(&self) -> Cost {
        let len = u64::from(self.rounds).saturating_add(2).saturating_mul(USUAL_PASSWORD);
        Cost::nanos(self.digest.nanos(len))
    }

    fn okta(&self) -> Result<OktaHash, NotImportable> {
        Err(NotImportable("the password occurs more than once in what is digested".into()))
    }

    fn parameters(&self) -> String {
        format!("{} times", u64::from(self.rounds) + 1)
    }
}

impl Qnx {
    /// What is digested, in pieces.
    fn message<'a>(&'a self, password: &'a [u8]) -> impl Iterator<Item = &'a [u8]> {
        let times = self.rounds as usize + 1;
        std::iter::once(self.salt.as_slice()).chain(std::iter::repeat_n(password, times))
    }

    fn compute<D: md5::Digest>(&self, password: &[u8]) -> Zeroizing<Vec<u8>> {
        let hasher = self.message(password).fold(D::new(), D::chain_update);
        Zeroizing::new(hasher.finalize().to_vec())
    }

    /// SHA-512 with QNX's bug.
    fn compute_with_bug(&self, password: &[u8]) -> Zeroizing<Vec<u8>> {
        let mut state = SHA512_BEGIN;
        let mut block = Zeroizing::new([0; 128]);
        let mut left_over = [0; 4];
        let (mut at, mut bits) = (0, 0u64);
        let end = std::iter::once(&[0x80][..]);
        for &byte in self.message(password).chain(end).flatten() {
            if let Some(place) = block.get_mut(at) {
                *place = byte;
            }
            (at, bits) = (at + 1, bits.wrapping_add(8));
            if at == block.len() {
                compress512(&mut state, &[*block]);
                left_over = words(&block);
                (*block, at) = ([0; 128], 0);
            }
        }
        if at > 112 {
            compress512(&mut state, &[*block]);
            left_over = words(&block);
            *block = [0; 128];
        }
        // The length without the 0x80 that was counted in.
        let length = bits.wrapping_sub(8).to_be_bytes();
        for (place, byte) in block.iter_mut().skip(116).zip(left_over.into_iter().chain(length)) {
            *place = byte;
        }
        compress512(&mut state, &[*block]);
        Zeroizing::new(state.iter().flat_map(|word| word.to_be_bytes()).collect())
    }
}

/// The four bytes that QNX forgets to clear.
fn words(block: &[u8; 128]) -> [u8; 4] {
    match block {
        [.., a, b, c, d, _, _, _, _, _, _, _, _] => [*a, *b, *c, *d],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// QNX's own, from the tests of John the Ripper: of lengths about the ends of blocks.
    #[test]
    fn sha512_forgets_to_clear_four_bytes() {
        for (stored, password) in [
            (
                "@S,98@4e1c05c14b3b590326219db534615139de00ebe8f66a571467bfaac324c975e97c85702a40aa48f660eaac0095d4c1aa0607092b0af3f2935ba4b23ce01e47b1@abcd1234abcd1234",
                "3",
            ),
            (
                "@S,99@c6977abd2a945f9b45c0afff9f4f679524b9348f12bcf20a36b5b286f41d9f801cb9c883ad31073830b0d627abbe5925d0893e1daeac62d48799f0dc8efdd8eb@abcd1234abcd1234",
                "3",
            ),
            (
                "@S,111@57e31e7a28fa390a4b016ea6ef97d3827db4d24395a1e36dbcb029ab503d3658c450bca4244a2be1f0fa4ead24899dfd74decfa3f01d08e465b360f3917c7e18@abcd1234abcd1234",
                "3",
            ),
            (
                "@S,112@87355ea88eabfba54933b43a0e32f6757ab0a0b20394e39a0828a175f381d7f06b0769573ca5eff7b3ce4f9d4cb334c43a61b51291b7f155507edf56e3948666@abcd1234abcd1234",
                "3",
            ),
            (
                "@S,223@bc01a21efdd35a499f96306110f65c8e84e5914de86974013a6d0d6633505f73e112850ce89db6286922b4f77f1b658be6f043603c9853bebd838d34bd201192@abcd1234abcd1234",
                "3",
            ),
            (
                "@S@386d4be6fe9625c014b2486d8617ccfc521566be190d8a982b93698b99e0e3e3a18464281a514d5dda3ec5581389086f42b5dde023e934221bbe2e0106674cf7@129b6761",
                "password",
            ),
        ] {
            let credential = Credential { stored: stored.as_bytes(), ..Credential::default() };
            let hash = read(&credential, &Limits::default(), Digest::Sha512).unwrap();
            assert_eq!(hash.verify(password.as_bytes(), &mut Scratch::default()), Verdict::Match, "{stored}");
            assert_eq!(hash.verify(b"4", &mut Scratch::default()), Verdict::Mismatch, "{stored}");
        }
    }
}
