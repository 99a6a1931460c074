//! `$p5k2$`, which two libraries took for two things, both of them PBKDF2 with HMAC-SHA-1: Cryptacular (CTA) writes a
//! binary salt and 20 bytes in URLs' base64 with padding, Dwayne Litzenberger's `pbkdf2.py` salts with the beginning of
//! the value as it stands and writes 24 bytes in passlib's base64. The digest's shape tells them apart.

use crate::schemes::construction::{Reading, Refusal};
use crate::schemes::digest::Digest;
use crate::schemes::registry::{Entry, Example, Reader};
use crate::schemes::{Credential, Limits, encoding};

use super::pbkdf2::Pbkdf2;

pub(super) const ENTRIES: &[Entry] = &[
    Entry {
        name: "cta-pbkdf2-sha1",
        software: "Cryptacular, passlib",
        layout: "$p5k2$<rounds in hex>$<salt>$<digest:28>",
        example: Example::of("$p5k2$3e8$kLI2RghhrBUixHhvLaVUag==$vOj80GGc9u3xp5Dp8LDMzRKkR9I=", "password"),
        claims: |rest| rest.ends_with(b"="),
        reader: Reader::Format(cryptacular),
        ..P5K2
    },
    Entry {
        name: "dlitz-pbkdf2-sha1",
        software: "pbkdf2.py by D. Litzenberger, passlib",
        layout: "$p5k2$<rounds in hex, none for 400>$<salt>$<digest:32>",
        example: Example::of("$p5k2$$exec$r1EWMCMk7Rlv3L/RNcFXviDefYa0hlql", "cloadm"),
        reader: Reader::Format(litzenberger),
        ..P5K2
    },
];

const P5K2: Entry =
    Entry { okta: "hook: Okta has no PBKDF2 with SHA-1", prefixes: &["$p5k2$"], ..Entry::BLANK };

/// Where a value of `pbkdf2.py` names none.
const USUAL_ROUNDS: u32 = 400;

fn cryptacular(credential: &Credential<'_>, limits: &Limits) -> Reading {
    let wrong =
        || Refusal::unreadable("expected $p5k2$<rounds in hex>$<salt>$<digest>, URLs' base64 with padding");
    let [rounds, salt, key] = fields(credential.stored).ok_or_else(wrong)?;
    let rounds = hexadecimal(rounds).ok_or_else(wrong)?;
    let salt = encoding::from_base64url(salt).ok_or_else(wrong)?;
    let key = encoding::from_base64url(key).filter(|key| key.len() == 20).ok_or_else(wrong)?;
    Pbkdf2::checked(Digest::Sha1, rounds, salt, key, limits)
}

fn litzenberger(credential: &Credential<'_>, limits: &Limits) -> Reading {
    let wrong = || Refusal::unreadable("expected $p5k2$<rounds in hex>$<salt>$<digest:32> in ./0-9A-Za-z");
    let [rounds, salt, key] = fields(credential.stored).ok_or_else(wrong)?;
    let rounds = match rounds {
        b"" => USUAL_ROUNDS,
        named => hexadecimal(named).filter(|&rounds| rounds != USUAL_ROUNDS).ok_or_else(wrong)?,
    };
    if !salt.iter().all(|&c| encoding::crypt64_value(c).is_some()) {
        return Err(Refusal::unreadable("a character that the salt of $p5k2$ cannot have"));
    }
    let end = credential.stored.len().checked_sub(key.len() + 1);
    let setting = end.and_then(|end| credential.stored.get(..end)).ok_or_else(wrong)?;
    let key = encoding::from_adapted_base64(key).filter(|key| key.len() == 24).ok_or_else(wrong)?;
    Pbkdf2::checked(Digest::Sha1, rounds, setting.to_vec(), key, limits)
}

fn fields(stored: &[u8]) -> Option<[&[u8]; 3]> {
    let mut fields = stored.strip_prefix(b"$p5k2$")?.split(|&byte| byte == b'$');
    let three = [fields.next()?, fields.next()?, fields.next()?];
    fields.next().is_none().then_some(three)
}

/// A number in lower-case hex digits without leading zeros.
fn hexadecimal(text: &[u8]) -> Option<u32> {
    let number = std::str::from_utf8(text).ok().and_then(|text| u32::from_str_radix(text, 16).ok())?;
    (format!("{number:x}").as_bytes() == text).then_some(number)
}
