//! phpass, the "portable" hashes of WordPress and phpBB (Solar Designer): MD5 of salt and password, then MD5 of the
//! digest and the password again, 2^n times.

use zeroize::Zeroizing;

use crate::schemes::construction::{Construction, Cost, Reading, Refusal, Scratch, Verdict};
use crate::schemes::digest::Digest;
use crate::schemes::registry::{Entry, Example, Reader};
use crate::schemes::{Credential, Limits, NotImportable, OktaHash, encoding};
use crate::secret::Secret;

pub(super) const ENTRIES: &[Entry] = &[Entry {
    name: "phpass",
    aliases: &["wordpress", "phpbb3"],
    hashcat: &[400],
    software: "WordPress before 6.8, phpBB 3.0, bbPress, Vanilla",
    layout: "$P$<log2 rounds:1><salt:8><digest:22>; $H$ in phpBB",
    example: Example::of("$P$984478476IagS59wHZvyQMArzfx58u.", "hashcat"),
    okta: "hook: Okta has no phpass",
    prefixes: &["$P$", "$H$"],
    reader: Reader::Format(read),
    ..Entry::BLANK
}];

/// Nanoseconds of one round, for a usual password.
const ROUND_NANOS: u64 = 107;

struct Phpass {
    log_rounds: u32,
    salt: [u8; 8],
    /// In crypt(3)'s base64, as it is stored.
    digest: Secret,
}

fn read(credential: &Credential<'_>, limits: &Limits) -> Reading {
    let wrong = || Refusal::unreadable("phpass must be $P$ or $H$ and 31 characters of ./0-9A-Za-z");
    let rest = credential.stored.get(3..).ok_or_else(wrong)?;
    let (&[log_rounds], rest) = rest.split_first_chunk::<1>().ok_or_else(wrong)?;
    let (salt, digest) = rest.split_first_chunk::<8>().ok_or_else(wrong)?;
    let log_rounds = encoding::crypt64_value(log_rounds).ok_or_else(wrong)?;
    if !(7..=30).contains(&log_rounds) {
        return Err(Refusal::unreadable(format!("phpass has 2^7 to 2^30 rounds, not 2^{log_rounds}")));
    }
    // 22 characters hold 132 bits: the last one has only two of a digest's 128.
    let last = digest.last().and_then(|&last| encoding::crypt64_value(last));
    let valid = digest.len() == 22 && digest.iter().all(|&c| encoding::crypt64_value(c).is_some());
    if !valid || last.is_none_or(|last| last > 3) {
        return Err(wrong());
    }
    limits.rounds(1 << log_rounds)?;
    Ok(Box::new(Phpass { log_rounds, salt: *salt, digest: Secret::new(digest.to_vec()) }))
}

impl Construction for Phpass {
    fn verify(&self, password: &[u8], _: &mut Scratch) -> Verdict {
        let mut digest = Digest::Md5.of(&[&self.salt, password]);
        for _ in 0..1u32 << self.log_rounds {
            digest = Digest::Md5.of(&[&digest, password]);
        }
        Verdict::of(self.digest.matches(&encoded(&digest)))
    }

    fn cost(&self) -> Cost {
        Cost::nanos(ROUND_NANOS << self.log_rounds)
    }

    fn okta(&self) -> Result<OktaHash, NotImportable> {
        Err(NotImportable::algorithm("phpass"))
    }

    fn parameters(&self) -> String {
        format!("{} rounds", 1u32 << self.log_rounds)
    }
}

/// Three bytes at a time, the first one lowest.
fn encoded(digest: &[u8]) -> Zeroizing<Vec<u8>> {
    let mut text = Zeroizing::new(Vec::with_capacity(24));
    for group in digest.chunks(3) {
        let bits = group.iter().rev().fold(0, |bits, &byte| (bits << 8) | u32::from(byte));
        encoding::push_crypt64(&mut text, bits, group.len() + 1);
    }
    text
}
