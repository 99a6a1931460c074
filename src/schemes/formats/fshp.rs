//! FSHP, "Fairly Secure Hashed Passwords" (Berk D. Demir): PBKDF1 (RFC 8018) with salt and password in each other's
//! place, that is a salted digest, digested again and again.

use zeroize::Zeroizing;

use crate::schemes::construction::{Construction, Cost, Reading, Refusal, Scratch, Verdict};
use crate::schemes::digest::Digest;
use crate::schemes::okta_hash::SaltOrder;
use crate::schemes::registry::{Entry, Example, Reader};
use crate::schemes::{Credential, Limits, NotImportable, OktaHash, encoding};
use crate::secret::Secret;

pub(super) const ENTRIES: &[Entry] = &[Entry {
    name: "fshp",
    software: "FSHP for Python, PHP, Perl, Java, Ruby; passlib",
    layout: "{FSHP<0 to 3>|<salt's bytes>|<rounds>}base64({salt}{digest})",
    example: Example::of(
        "{FSHP1|16|1000}vFdqrdXaew8BQEjJmbMWwpqq/Cmk1Kh9eDaN9TAExKIJhRU8ftM4qtAKdMCZU77a",
        "test",
    ),
    okta: "SHA-1, SHA-256 or SHA-512, PREFIX, of one round; hook: all others",
    prefixes: &["{FSHP0|", "{FSHP1|", "{FSHP2|", "{FSHP3|"],
    reader: Reader::Format(read),
    ..Entry::BLANK
}];

struct Fshp {
    digest: Digest,
    rounds: u32,
    salt: Vec<u8>,
    value: Secret,
}

fn read(credential: &Credential<'_>, limits: &Limits) -> Reading {
    let wrong =
        || Refusal::unreadable("expected {FSHP<0 to 3>|<salt's bytes>|<rounds>} and base64 with padding");
    let rest = credential.stored.strip_prefix(b"{FSHP").ok_or_else(wrong)?;
    let (parameters, base64) = rest
        .iter()
        .position(|&byte| byte == b'}')
        .and_then(|at| rest.split_at_checked(at))
        .ok_or_else(wrong)?;
    let mut numbers = parameters.split(|&byte| byte == b'|').map(encoding::decimal);
    let mut number = || numbers.next().flatten().ok_or_else(wrong);
    let (variant, salt_len, rounds) = (number()?, number()?, number()?);
    if numbers.next().is_some() {
        return Err(wrong());
    }
    let digest = match variant {
        0 => Digest::Sha1,
        1 => Digest::Sha256,
        2 => Digest::Sha384,
        3 => Digest::Sha512,
        _ => return Err(Refusal::unreadable("FSHP's variants are 0 to 3")),
    };
    if rounds == 0 {
        return Err(Refusal::unreadable("FSHP must have at least one round"));
    }
    let bytes = base64.get(1..).and_then(encoding::from_base64).ok_or_else(wrong)?;
    let parts = bytes.split_at_checked(salt_len as usize).filter(|(_, value)| value.len() == digest.len());
    let (salt, value) = parts.ok_or_else(|| {
        Refusal::unreadable(format!("there must be {salt_len} bytes of salt and {} of digest", digest.len()))
    })?;
    limits.rounds(u64::from(rounds))?;
    limits.salt(salt.len())?;
    Ok(Box::new(Fshp { digest, rounds, salt: salt.to_vec(), value: Secret::new(value.to_vec()) }))
}

impl Construction for Fshp {
    fn verify(&self, password: &[u8], _: &mut Scratch) -> Verdict {
        let mut value: Zeroizing<Vec<u8>> = self.digest.of(&[&self.salt, password]);
        for _ in 1..self.rounds {
            value = self.digest.of(&[&value]);
        }
        Verdict::of(self.value.matches(&value))
    }

    fn cost(&self) -> Cost {
        Cost::nanos(u64::from(self.rounds).saturating_mul(self.digest.nanos(self.digest.len() as u64)))
    }

    fn okta(&self) -> Result<OktaHash, NotImportable> {
        if self.rounds > 1 {
            return Err(NotImportable(
                format!("FSHP with {} rounds: Okta takes one digest", self.rounds).into(),
            ));
        }
        OktaHash::digest(self.digest, self.value.expose(), Some((SaltOrder::Prefix, &self.salt)))
    }

    fn parameters(&self) -> String {
        format!("{}, {} rounds", self.digest.title(), self.rounds)
    }
}
