//! `{OTP}` and `{SKEY}` (RFC 2289): a digest of seed and password, folded to eight bytes, again and again. With the
//! password itself, as a sign-in has it, the stored round can be computed from the start.

use zeroize::Zeroizing;

use super::Payload;
use crate::schemes::construction::{Construction, Cost, Reading, Refusal, Scratch, Verdict};
use crate::schemes::digest::Digest;
use crate::schemes::{Credential, Limits, NotImportable, OktaHash, encoding};
use crate::secret::Secret;

/// The length of a folded digest, in bytes.
const FOLDED: usize = 8;
/// The longest seed.
const MAX_SEED: usize = 16;

struct Otp {
    digest: Digest,
    rounds: u32,
    seed: Vec<u8>,
    expected: Secret,
}

pub(super) fn read(credential: &Credential<'_>, limits: &Limits) -> Reading {
    let wrong = || {
        Refusal::unreadable("expected md4, md5 or sha1, the rounds, the seed and 16 hex digits, with spaces")
    };
    let mut fields = Payload::of(credential).text.split(|&byte| byte == b' ');
    let (Some(name), Some(rounds), Some(seed), Some(hash), None) =
        (fields.next(), fields.next(), fields.next(), fields.next(), fields.next())
    else {
        return Err(wrong());
    };
    let digest = match name {
        b"md4" => Digest::Md4,
        b"md5" => Digest::Md5,
        b"sha1" => Digest::Sha1,
        _ => return Err(wrong()),
    };
    let rounds = encoding::decimal(rounds).ok_or_else(wrong)?;
    let hash = encoding::from_hex(hash).filter(|hash| hash.len() == FOLDED).ok_or_else(wrong)?;
    if !(1..=MAX_SEED).contains(&seed.len()) || !seed.iter().all(u8::is_ascii_alphanumeric) {
        return Err(wrong());
    }
    limits.rounds(u64::from(rounds) + 1)?;
    Ok(Box::new(Otp { digest, rounds, seed: seed.to_vec(), expected: Secret::new(hash) }))
}

impl Construction for Otp {
    fn verify(&self, password: &[u8], _: &mut Scratch) -> Verdict {
        let password = super::super::c_string(password);
        let mut folded = fold(self.digest, &[&self.seed, password]);
        for _ in 0..self.rounds {
            folded = fold(self.digest, &[&*folded]);
        }
        Verdict::of(self.expected.matches(&*folded))
    }

    fn cost(&self) -> Cost {
        Cost::nanos(self.digest.nanos(32).saturating_mul(u64::from(self.rounds) + 1))
    }

    fn okta(&self) -> Result<OktaHash, NotImportable> {
        Err(NotImportable("one-time passwords are not among Okta's algorithms".into()))
    }

    fn parameters(&self) -> String {
        format!("{}, {} rounds", self.digest.title(), self.rounds)
    }
}

/// The digest's words of four bytes, every other one mixed; SHA-1's then end first.
fn fold(digest: Digest, parts: &[&[u8]]) -> Zeroizing<[u8; FOLDED]> {
    let whole = digest.of(parts);
    let mut folded = Zeroizing::new([0; FOLDED]);
    for eight in whole.chunks(FOLDED) {
        folded.iter_mut().zip(eight).for_each(|(byte, more)| *byte ^= more);
    }
    if digest == Digest::Sha1 {
        folded.chunks_exact_mut(4).for_each(<[u8]>::reverse);
    }
    folded
}
