//! Oracle Database: the columns `password` and `spare4` of `SYS.USER$`.
//!
//! Up to release 10 a password's case does not matter, and the user's name is digested with it.

use std::sync::Arc;

use zeroize::Zeroizing;

use crate::schemes::construction::{Reading, Refusal};
use crate::schemes::registry::{self, Entry, Example, Reader};
use crate::schemes::{Credential, Limits};

use super::charset;
use super::computed::computed;
use super::named::{digest_and_user, is_hex};
use super::single_des::{BLOCK_NANOS, KEY_NANOS, last_block};

pub(super) const ENTRIES: &[Entry] = &[
    Entry {
        name: "oracle-7",
        aliases: &["oracle10", "oracle-des"],
        hashcat: &[3100],
        software: "Oracle Database 7 to 10 (USER$.PASSWORD); needs the user",
        layout: "hex({digest:8}), hex({digest:8}):{user}",
        okta: "hook: DES",
        example: Example::of("792FCB0AE31D8489:7284616727", "HASHCAT"),
        reader: Reader::Format(des),
        ..Entry::BLANK
    },
    Entry {
        name: "oracle-11",
        aliases: &["oracle11"],
        hashcat: &[112],
        software: "Oracle Database 11 (USER$.SPARE4)",
        layout: "S:hex({digest:20}{salt:10})",
        hashcat_layout: "{digest}:hex({salt})",
        okta: "SHA-1, POSTFIX",
        example: Example::of("S:63EC5F6113843F5D229E2D49C068D983A9670D0257677783202322766743", "hashcat"),
        prefixes: &["S"],
        claims: |rest| rest.strip_prefix(b":").is_some_and(|digits| is_hex(digits, 60)),
        reader: Reader::Expression("sha1($pass.$salt)"),
        ..Entry::BLANK
    },
    Entry {
        name: "oracle-12",
        aliases: &["oracle12"],
        hashcat: &[12300],
        software: "Oracle Database 12 and later (USER$.SPARE4)",
        layout: "T:hex({digest:64}{salt:16})",
        hashcat_layout: "hex({digest:64}{salt:16})",
        okta: "hook: SHA-512 of PBKDF2's result",
        example: Example::of(
            "T:8F75FBD166AFDB6D7587DAB89C2F15672AAC031C5B0B5E65C0835FB130555F6FF4E0E5764976755558112246FFF306450C22F6B7746B9E9831ED97B373992F9157436180438417080374881414745255",
            "hashcat",
        ),
        prefixes: &["T"],
        claims: |rest| rest.strip_prefix(b":").is_some_and(|digits| is_hex(digits, 160)),
        reader: Reader::Expression(
            "sha512(pbkdf2_sha512_bin($pass,$salt.'AUTH_PBKDF2_SPEEDY_KEY',4096,64).$salt)",
        ),
        ..Entry::BLANK
    },
    Entry {
        name: "oracle-spare4",
        software: "Oracle Database 11.2 and later (the whole of USER$.SPARE4)",
        layout: "S:<60 hex digits>;H:<32>;T:<160>, of which T is verified, else S",
        okta: "with S alone SHA-1, POSTFIX; hook: T",
        example: Example::of(
            "S:63EC5F6113843F5D229E2D49C068D983A9670D0257677783202322766743;T:8F75FBD166AFDB6D7587DAB89C2F15672AAC031C5B0B5E65C0835FB130555F6FF4E0E5764976755558112246FFF306450C22F6B7746B9E9831ED97B373992F9157436180438417080374881414745255",
            "hashcat",
        ),
        prefixes: &["S", "H", "T"],
        claims: |rest| rest.starts_with(b":") && is_spare4(rest),
        reader: Reader::Format(spare4),
        ..Entry::BLANK
    },
];

/// Whether every part behind the first name and colon is one of its verifiers, and there is more than one.
fn is_spare4(rest: &[u8]) -> bool {
    let mut parts = rest.get(1..).unwrap_or_default().split(|&byte| byte == b';');
    let first = parts.next().is_some_and(|digits| [32, 60, 160].iter().any(|&len| is_hex(digits, len)));
    let mut more = parts.peekable();
    first && more.peek().is_some() && more.all(|part| matches!(part, [b'S' | b'H' | b'T', b':', ..]))
}

/// Every Oracle's first key.
const KEY: [u8; 8] = [0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef];

/// Name and password, in upper case and UTF-16, are digested twice: under a key that all know, and under the result.
fn des(credential: &Credential<'_>, _: &Limits) -> Reading {
    let (expected, user) = digest_and_user(credential, b':', 8)?;
    let user: Arc<str> = user.to_uppercase().into();
    let nanos = 2 * KEY_NANOS + 10 * BLOCK_NANOS;
    Ok(computed("Oracle's DES", expected, nanos, String::new(), move |password| {
        let password = Zeroizing::new(std::str::from_utf8(password).ok()?.to_uppercase());
        let text = Zeroizing::new([user.as_bytes(), password.as_bytes()].concat());
        let text = charset::utf16be(&text)?;
        let key = Zeroizing::new(last_block(KEY, &text));
        Some(Zeroizing::new(last_block(*key, &text).to_vec()))
    }))
}

/// The newest of the verifiers; all are of one password. `H:` is for digest authentication and without salt.
fn spare4(credential: &Credential<'_>, limits: &Limits) -> Reading {
    let wrong = || {
        Refusal::unreadable(
            "expected S:<60 hex digits>;H:<32 hex digits>;T:<160 hex digits>, or some of them",
        )
    };
    let (mut s, mut h, mut t) = (None, None, None);
    for part in credential.stored.split(|&byte| byte == b';') {
        let (slot, digits) = match part {
            [b'S', b':', rest @ ..] if rest.len() == 60 => (&mut s, rest),
            [b'H', b':', rest @ ..] if rest.len() == 32 => (&mut h, rest),
            [b'T', b':', rest @ ..] if rest.len() == 160 => (&mut t, rest),
            _ => return Err(wrong()),
        };
        if !is_hex(digits, digits.len()) || slot.replace(part).is_some() {
            return Err(wrong());
        }
    }
    let (name, stored) = match (t, s) {
        (Some(part), _) => ("oracle-12", part),
        (None, Some(part)) => ("oracle-11", part),
        (None, None) => return Err(Refusal::unreadable("there is neither S: nor T: in it")),
    };
    let entry = registry::named(name).ok_or_else(wrong)?;
    entry.read(&Credential { stored, salt: None, ..*credential }, limits)
}
