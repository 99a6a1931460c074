//! Bare digests, which only their owner can name: what hashcat lists as raw and salted modes. Each stands for an
//! expression; the salt is a column of its own, or follows the digest after a colon.

use crate::schemes::registry::{Entry, Example, Reader};

/// Name, hashcat's mode, its expression, an example (hashcat's own, of the password `hashcat`), Okta's answer.
const fn raw(
    name: &'static str,
    aliases: &'static [&'static str],
    hashcat: &'static [u32],
    expression: &'static str,
    stored: &'static str,
    okta: &'static str,
) -> Entry {
    Entry {
        name,
        aliases,
        hashcat,
        software: "any",
        layout: "{digest} or {digest}:{salt}",
        example: Example::of(stored, "hashcat"),
        okta,
        reader: Reader::Expression(expression),
        ..Entry::BLANK
    }
}

pub(super) const ENTRIES: &[Entry] = &[
    raw("md5", &["hex-md5", "raw-md5"], &[0], "md5($pass)", "8743b52063cd84097a65d1633f5c74f5", "MD5"),
    raw(
        "md5-pass-salt",
        &[],
        &[10],
        "md5($pass.$salt)",
        "01dfae6e5d4d90d9892622325959afbe:7050461",
        "MD5, POSTFIX",
    ),
];
