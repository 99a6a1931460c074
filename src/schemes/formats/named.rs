//! Digests of which the user's name is a part: in a column of its own, or in the value as hashcat writes it.

use crate::schemes::construction::Refusal;
use crate::schemes::{Credential, encoding};

/// `digest:user`, or the digest alone. The digest has `len` bytes, in hex.
pub(super) fn digest_and_user<'a>(
    credential: &Credential<'a>,
    separator: u8,
    len: usize,
) -> Result<(Vec<u8>, &'a str), Refusal> {
    let stored = credential.stored;
    match stored.split_at_checked(len * 2) {
        Some((digest, [])) => Ok((hex(digest, len)?, row_user(credential)?)),
        Some((digest, [first, user @ ..])) if *first == separator => Ok((hex(digest, len)?, text(user)?)),
        _ => Err(wrong(len)),
    }
}

/// `user$digest`, or the digest alone, likewise.
pub(super) fn user_and_digest<'a>(
    credential: &Credential<'a>,
    separator: u8,
    len: usize,
) -> Result<(&'a str, Vec<u8>), Refusal> {
    let at = credential.stored.len().checked_sub(len * 2).ok_or_else(|| wrong(len))?;
    let (before, digest) = credential.stored.split_at_checked(at).ok_or_else(|| wrong(len))?;
    let digest = hex(digest, len)?;
    match before {
        [] => Ok((row_user(credential)?, digest)),
        [user @ .., last] if *last == separator => Ok((text(user)?, digest)),
        _ => Err(wrong(len)),
    }
}

/// Whether it is so many hex digits of either case.
pub(super) fn is_hex(text: &[u8], len: usize) -> bool {
    text.len() == len && text.iter().all(u8::is_ascii_hexdigit)
}

/// Whether there is something, and no white space before it.
pub(super) fn is_name(text: &[u8]) -> bool {
    text.first().is_some_and(|first| !first.is_ascii_whitespace())
}

/// The name from the row.
pub(super) fn row_user<'a>(credential: &Credential<'a>) -> Result<&'a str, Refusal> {
    credential.user.ok_or_else(|| {
        Refusal::unreadable("the scheme needs the user's name, and neither this row nor the value has one")
    })
}

fn text(user: &[u8]) -> Result<&str, Refusal> {
    let user = std::str::from_utf8(user).ok().filter(|user| is_name(user.as_bytes()));
    user.ok_or_else(|| {
        Refusal::unreadable("the user's name in the value is empty, begins with a space or is not UTF-8")
    })
}

fn hex(digest: &[u8], len: usize) -> Result<Vec<u8>, Refusal> {
    encoding::from_hex(digest).ok_or_else(|| wrong(len))
}

fn wrong(len: usize) -> Refusal {
    Refusal::unreadable(format!("expected {} hex digits, alone or with the user's name", len * 2))
}
