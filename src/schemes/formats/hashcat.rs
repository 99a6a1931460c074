//! What hashcat writes for algorithms that have no format of their own: scrypt, and `SipHash`.

use siphasher::sip::SipHasher24;
use std::hash::Hasher;

use super::scrypt::Scrypt;
use crate::schemes::construction::{Construction, Cost, Reading, Refusal, Scratch, Verdict};
use crate::schemes::registry::{Entry, Example, Reader};
use crate::schemes::{Credential, Limits, NotImportable, OktaHash, encoding};
use crate::secret::Secret;

pub(super) const ENTRIES: &[Entry] = &[
    Entry {
        name: "hashcat-scrypt",
        hashcat: &[8900],
        software: "hashcat's own notation",
        layout: "SCRYPT:<N>:<r>:<p>:base64({salt}):base64({digest})",
        example: Example::of(
            "SCRYPT:16384:8:1:OTEyNzU0ODg=:Cc8SPjRH1hFQhuIPCdF51uNGtJ2aOY/isuoMlMUsJ8c=",
            "hashcat",
        ),
        okta: "hook: Okta has no scrypt",
        prefixes: &["SCRYPT:"],
        reader: Reader::Format(scrypt),
        ..Entry::BLANK
    },
    Entry {
        name: "siphash",
        aliases: &["siphash-2-4"],
        hashcat: &[10100],
        software: "any; hashcat's own notation",
        layout: "hex({digest:8}):2:4:hex(<key:16>)",
        example: Example::of("583e6f51e52ba296:2:4:47356410265714355482333327356688", "hashcat"),
        okta: "hook: Okta has no SipHash",
        reader: Reader::Format(siphash),
        ..Entry::BLANK
    },
];

fn scrypt(credential: &Credential<'_>, limits: &Limits) -> Reading {
    let wrong = |what: &str| Refusal::unreadable(format!("expected SCRYPT:N:r:p:salt:digest; {what}"));
    let Some([b"SCRYPT", n, r, p, salt, key]) = super::fields(credential.stored, b':') else {
        return Err(wrong("there must be five colons"));
    };
    let number = |text| encoding::decimal(text).ok_or_else(|| wrong("N, r and p are numbers"));
    let (n, r, p) = (number(n)?, number(r)?, number(p)?);
    if !n.is_power_of_two() {
        return Err(wrong("N is a power of two"));
    }
    let bytes = |text| encoding::from_base64(text).ok_or_else(|| wrong("salt and digest are base64"));
    Scrypt::checked(n.trailing_zeros(), r, p, bytes(salt)?, bytes(key)?, limits)
}

fn siphash(credential: &Credential<'_>, _: &Limits) -> Reading {
    let wrong = || Refusal::unreadable("expected 16 hex digits, `:2:4:`, and 32 hex digits of the key");
    let (digest, rest) = credential.stored.split_at_checked(16).ok_or_else(wrong)?;
    let key = rest.strip_prefix(b":2:4:").and_then(encoding::from_hex).ok_or_else(wrong)?;
    let key = <[u8; 16]>::try_from(key).map_err(|_| wrong())?;
    let digest = Secret::new(encoding::from_hex(digest).ok_or_else(wrong)?);
    Ok(Box::new(SipHash { digest, key }))
}

/// `SipHash` with 2 and 4 rounds, its key beside the digest.
struct SipHash {
    /// As a little-endian number.
    digest: Secret,
    key: [u8; 16],
}

impl Construction for SipHash {
    fn verify(&self, password: &[u8], _: &mut Scratch) -> Verdict {
        let mut hasher = SipHasher24::new_with_key(&self.key);
        hasher.write(password);
        Verdict::of(self.digest.matches(&hasher.finish().to_le_bytes()))
    }

    fn cost(&self) -> Cost {
        Cost::nanos(100)
    }

    fn okta(&self) -> Result<OktaHash, NotImportable> {
        Err(NotImportable("SipHash is not among Okta's algorithms".into()))
    }

    fn parameters(&self) -> String {
        String::new()
    }
}
