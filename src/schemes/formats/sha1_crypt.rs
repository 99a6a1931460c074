//! sha1-crypt `$sha1$` (Simon Gerraty, Juniper; NetBSD): HMAC-SHA-1 with the password for its key, of the result before,
//! again and again.

use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;
use zeroize::{Zeroize, Zeroizing};

use crate::schemes::construction::{Construction, Cost, Reading, Refusal, Scratch, Verdict};
use crate::schemes::registry::{Entry, Example, Reader};
use crate::schemes::{Credential, Limits, NotImportable, OktaHash, encoding};
use crate::secret::Secret;

pub(super) const ENTRIES: &[Entry] = &[Entry {
    name: "sha1-crypt",
    aliases: &["sha1crypt"],
    hashcat: &[15100],
    software: "NetBSD, Juniper's Junos",
    layout: "$sha1$<rounds>$<salt>$<digest:28>",
    example: Example::of("$sha1$20000$75552156$HhYMDdaEHiK3eMIzTldOFPnw.s2Q", "hashcat"),
    okta: "hook: Okta has no sha1-crypt",
    prefixes: &["$sha1$"],
    crypt3: true,
    reader: Reader::Format(read),
    ..Entry::BLANK
}];

/// Nanoseconds of one round.
const ROUND_NANOS: u64 = 110;
const MAX_SALT: usize = 64;

struct Sha1Crypt {
    rounds: u32,
    salt: Vec<u8>,
    /// Its bytes in the order in which they are written.
    digest: Secret,
}

fn read(credential: &Credential<'_>, limits: &Limits) -> Reading {
    let wrong = || Refusal::unreadable("sha1-crypt must be $sha1$<rounds>$<salt>$<digest:28>");
    let mut fields = credential.stored.split(|&byte| byte == b'$').skip(2);
    let mut field = || fields.next().ok_or_else(wrong);
    let (rounds, salt, digest) = (field()?, field()?, field()?);
    if field().is_ok() {
        return Err(wrong());
    }
    let rounds = encoding::decimal(rounds).filter(|&rounds| rounds > 0).ok_or_else(wrong)?;
    if salt.len() > MAX_SALT || !salt.iter().all(|&c| encoding::crypt64_value(c).is_some()) {
        return Err(Refusal::unreadable("sha1-crypt's salt must be at most 64 characters of ./0-9A-Za-z"));
    }
    let digest = encoding::from_crypt64(digest).filter(|digest| digest.len() == 21);
    let mut digest = digest
        .ok_or_else(|| Refusal::unreadable("sha1-crypt's digest is not 28 characters of ./0-9A-Za-z"))?;
    // What fills up the last group of three: the digest's first byte in NetBSD, anything on Juniper's devices.
    digest.remove(18);
    limits.rounds(u64::from(rounds))?;
    Ok(Box::new(Sha1Crypt { rounds, salt: salt.to_vec(), digest: Secret::new(digest) }))
}

impl Construction for Sha1Crypt {
    fn verify(&self, password: &[u8], _: &mut Scratch) -> Verdict {
        Verdict::of(
            self.compute(super::c_string(password)).is_some_and(|digest| self.digest.matches(&digest)),
        )
    }

    fn cost(&self) -> Cost {
        Cost::nanos(u64::from(self.rounds) * ROUND_NANOS)
    }

    fn okta(&self) -> Result<OktaHash, NotImportable> {
        Err(NotImportable("sha1-crypt is not among Okta's algorithms".into()))
    }

    fn parameters(&self) -> String {
        format!("{} rounds", self.rounds)
    }
}

impl Sha1Crypt {
    /// The digest as it is written: three bytes at a time, the last of them first.
    fn compute(&self, password: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        let keyed = Hmac::<Sha1>::new_from_slice(password).ok()?; // no key length is refused
        let begin = keyed.clone().chain_update(&self.salt).chain_update(b"$sha1$");
        let mut digest = begin.chain_update(self.rounds.to_string()).finalize().into_bytes();
        for _ in 1..self.rounds {
            digest = keyed.clone().chain_update(digest).finalize().into_bytes();
        }
        let mut written = Zeroizing::new(digest.to_vec());
        digest.as_mut_slice().zeroize();
        written.chunks_mut(3).for_each(<[u8]>::reverse);
        Some(written)
    }
}
