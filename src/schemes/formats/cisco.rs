//! Cisco's local users: IOS type 4 (one SHA-256), `$8$` (PBKDF2) and `$9$` (scrypt), the PIX and the ASA. Type 5 is
//! md5-crypt, and type 7 is no hash.

use zeroize::Zeroizing;

use super::pbkdf2::Pbkdf2;
use super::scrypt::Scrypt;
use crate::schemes::construction::{Construction, Cost, Reading, Refusal, Scratch, Verdict};
use crate::schemes::digest::Digest;
use crate::schemes::expression::salted_digest;
use crate::schemes::registry::{Entry, Example, Reader};
use crate::schemes::{Credential, Limits, NotImportable, OktaHash, encoding};
use crate::secret::Secret;

pub(super) const ENTRIES: &[Entry] = &[
    Entry {
        name: "cisco-type4",
        hashcat: &[5700],
        software: "Cisco IOS 15, type 4",
        layout: "{digest:43}, SHA-256 in ./0-9A-Za-z",
        example: Example::of("2btjjy78REtmYkkW0csHUbJZOstRXoWdX1mGrmmfeHI", "hashcat"),
        okta: "SHA-256",
        reader: Reader::Format(type4),
        ..Entry::BLANK
    },
    Entry {
        name: "cisco-type8",
        hashcat: &[9200],
        software: "Cisco IOS, type 8",
        layout: "$8$<salt:14>$<digest:43>",
        example: Example::of("$8$84486783037343$pYNyVrtyMalQrZLxRi7ZLQS1Fl.jkYCgASUi5P8JNb2", "hashcat"),
        okta: "PBKDF2, SHA-256, 20000 rounds",
        prefixes: &["$8$"],
        reader: Reader::Format(type8),
        ..Entry::BLANK
    },
    Entry {
        name: "cisco-type9",
        hashcat: &[9300],
        software: "Cisco IOS, type 9",
        layout: "$9$<salt:14>$<digest:43>",
        example: Example::of("$9$87023684531115$phio0TBQwaO7KZ8toQFyGFyDvyOzidaypRWN0uKX0hU", "hashcat"),
        okta: "hook: Okta has no scrypt",
        prefixes: &["$9$"],
        reader: Reader::Format(type9),
        ..Entry::BLANK
    },
    Entry {
        name: "cisco-pix",
        hashcat: &[2400],
        software: "Cisco PIX; the user's name is $user, and none for the enable password",
        layout: "{digest:16} or {digest:16}:{user}",
        example: Example::of("dRRVnUmUHXOTt9nk", "hashcat"),
        okta: "hook: Okta pads no passwords",
        reader: Reader::Format(|credential, limits| firewall(credential, limits, Model::Pix)),
        ..Entry::BLANK
    },
    Entry {
        name: "cisco-asa",
        hashcat: &[2410],
        software: "Cisco ASA, PIX 7.0 and later; the user's name is $user, and none for the enable password",
        layout: "{digest:16} or {digest:16}:{user}",
        example: Example::of("YjDBNr.A0AN7DA8s:4684", "hashcat"),
        okta: "hook: Okta pads no passwords",
        reader: Reader::Format(|credential, limits| firewall(credential, limits, Model::Asa)),
        ..Entry::BLANK
    },
];

fn type4(credential: &Credential<'_>, _: &Limits) -> Reading {
    Ok(salted_digest(Digest::Sha256, b"", b"", key(credential.stored)?))
}

fn type8(credential: &Credential<'_>, limits: &Limits) -> Reading {
    let (salt, key) = salt_and_key(credential.stored)?;
    Pbkdf2::checked(Digest::Sha256, 20_000, salt, key, limits)
}

fn type9(credential: &Credential<'_>, limits: &Limits) -> Reading {
    let (salt, key) = salt_and_key(credential.stored)?;
    Scrypt::checked(14, 1, 1, salt, key, limits)
}

/// The salt as it is written, and the digest.
fn salt_and_key(stored: &[u8]) -> Result<(Vec<u8>, Vec<u8>), Refusal> {
    let wrong =
        || Refusal::unreadable("expected 14 characters of salt, a $ and 43 of digest after $8$ or $9$");
    let (salt, rest) = stored.get(3..).and_then(|rest| rest.split_at_checked(14)).ok_or_else(wrong)?;
    let digest = rest.strip_prefix(b"$").ok_or_else(wrong)?;
    if !salt.iter().all(|&c| encoding::crypt64_value(c).is_some()) {
        return Err(wrong());
    }
    Ok((salt.to_vec(), key(digest)?))
}

fn key(text: &[u8]) -> Result<Vec<u8>, Refusal> {
    let key = encoding::from_crypt64_high_first(text).filter(|key| key.len() == 32);
    key.ok_or_else(|| Refusal::unreadable("the digest is not 43 characters of ./0-9A-Za-z"))
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Model {
    Pix,
    Asa,
}

/// MD5 of the password and the name's first four bytes, padded with zeros; every fourth byte is left out.
struct Firewall {
    model: Model,
    /// Four bytes, or none.
    user: Vec<u8>,
    digest: Secret,
}

fn firewall(credential: &Credential<'_>, limits: &Limits, model: Model) -> Reading {
    let wrong =
        || Refusal::unreadable("expected 16 characters of ./0-9A-Za-z, and perhaps a : and the user's name");
    let (digest, rest) = credential.stored.split_at_checked(16).ok_or_else(wrong)?;
    let user = match rest {
        [] => credential.user.unwrap_or_default().as_bytes(),
        [b':', user @ ..]
            if !user.is_empty() && user.is_ascii() && !user.iter().any(u8::is_ascii_control) =>
        {
            user
        }
        _ => return Err(wrong()),
    };
    limits.salt(user.len())?;
    let digest = encoding::from_crypt64(digest).ok_or_else(wrong)?;
    // A name of three bytes begins again.
    let user = user.iter().copied().cycle().take(4).collect();
    Ok(Box::new(Firewall { model, user, digest: Secret::new(digest) }))
}

impl Construction for Firewall {
    fn verify(&self, password: &[u8], _: &mut Scratch) -> Verdict {
        let mut message = Zeroizing::new(Vec::with_capacity(64));
        let (longest, name_until) = match self.model {
            Model::Pix => (16, usize::MAX),
            Model::Asa => (32, 28),
        };
        // The devices take no longer ones.
        if password.len() > longest {
            return Verdict::Mismatch;
        }
        message.extend(password);
        if password.len() < name_until {
            message.extend(&self.user);
        }
        let width = if self.model == Model::Asa && message.len() > 16 { 32 } else { 16 };
        message.resize(width, 0);
        let digest = Digest::Md5.of(&[&message]);
        let kept: Zeroizing<Vec<u8>> =
            Zeroizing::new(digest.chunks(4).flat_map(|word| word.iter().take(3)).copied().collect());
        Verdict::of(self.digest.matches(&kept))
    }

    fn cost(&self) -> Cost {
        Cost::nanos(Digest::Md5.nanos(32))
    }

    fn okta(&self) -> Result<OktaHash, NotImportable> {
        Err(NotImportable("the password is padded with zeros and part of the digest left out".into()))
    }

    fn parameters(&self) -> String {
        if self.user.is_empty() { "without a name".into() } else { String::new() }
    }
}
