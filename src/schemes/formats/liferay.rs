//! Liferay's PBKDF2: key size in bits, rounds, salt and key in one run of bytes, in base64; the algorithm before it from
//! version 7 on (`PBKDF2PasswordEncryptor`).

use super::pbkdf2::Pbkdf2;
use crate::schemes::construction::{Reading, Refusal};
use crate::schemes::digest::Digest;
use crate::schemes::registry::{Entry, Example, Reader};
use crate::schemes::{Credential, Limits, encoding};

pub(super) const ENTRIES: &[Entry] = &[Entry {
    name: "liferay-pbkdf2",
    aliases: &["liferay"],
    software: "Liferay Portal and DXP from 6.2",
    layout: "[{PBKDF2WithHmacSHA1[/<bits>/<rounds>]}]base64(<bits:4><rounds:4>{salt:8}{digest})",
    example: Example::of("AAAAoAAB9AAAAQIDBAUGB5ExkzZUVJ8Ffa6EV8ywLvaaSQGn", "password"),
    okta: "hook: Okta's PBKDF2 has no SHA-1; PBKDF2 with SHA-256 and SHA-512",
    prefixes: &["{PBKDF2WithHmac", "AAAAoAA"],
    reader: Reader::Format(read),
    ..Entry::BLANK
}];

/// Bytes of salt.
const SALT: usize = 8;

fn read(credential: &Credential<'_>, limits: &Limits) -> Reading {
    let (digest, text) = algorithm(credential.stored)?;
    let bytes = encoding::from_base64(text);
    let bytes = bytes.ok_or_else(|| Refusal::unreadable("expected base64 with padding"))?;
    let parts = bytes.split_first_chunk::<4>().and_then(|(bits, rest)| {
        let (rounds, rest) = rest.split_first_chunk::<4>()?;
        let (salt, key) = rest.split_first_chunk::<SALT>()?;
        Some((u32::from_be_bytes(*bits), u32::from_be_bytes(*rounds), salt, key))
    });
    let (bits, rounds, salt, key) = parts
        .ok_or_else(|| Refusal::unreadable("expected key size, rounds, 8 bytes of salt, and the key"))?;
    if usize::try_from(bits).ok() != Some(key.len() * 8) {
        return Err(Refusal::unreadable("the key is not as long as its size says"));
    }
    Pbkdf2::checked(digest, rounds, salt.to_vec(), key.to_vec(), limits)
}

/// The HMAC's digest by the name in braces, and what comes after it. Numbers in the braces are what new values were
/// to be made with; a value has its own.
fn algorithm(stored: &[u8]) -> Result<(Digest, &[u8]), Refusal> {
    let Some(rest) = stored.strip_prefix(b"{PBKDF2WithHmac") else { return Ok((Digest::Sha1, stored)) };
    let wrong = || {
        Refusal::unreadable(
            "expected {PBKDF2WithHmacSHA1}, perhaps with /<bits>/<rounds>, or SHA256 or SHA512",
        )
    };
    let end = rest.iter().position(|&byte| byte == b'}').ok_or_else(wrong)?;
    let (name, text) = rest.split_at_checked(end).ok_or_else(wrong)?;
    let mut parts = name.split(|&byte| byte == b'/');
    let digest = match parts.next() {
        Some(b"SHA1") => Digest::Sha1,
        Some(b"SHA256") => Digest::Sha256,
        Some(b"SHA512") => Digest::Sha512,
        _ => return Err(wrong()),
    };
    let numbers = parts.map(encoding::decimal).collect::<Option<Vec<_>>>().ok_or_else(wrong)?;
    if numbers.len() > 2 {
        return Err(wrong());
    }
    Ok((digest, text.get(1..).unwrap_or_default()))
}
