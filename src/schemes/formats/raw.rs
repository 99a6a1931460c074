//! Bare digests, which only their owner can name: what hashcat lists as raw modes. Each stands for an expression. The
//! families beside this one (`salted`, `hmac`, `nested`) write their rows as this one does.

use crate::schemes::registry::{Entry, Example, Reader};

/// Name, hashcat's mode, its expression, an example (hashcat's own, of the password `hashcat`), Okta's answer.
pub(super) const fn raw(
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
        layout: "{digest}",
        example: Example::of(stored, "hashcat"),
        okta,
        reader: Reader::Expression(expression),
        ..Entry::BLANK
    }
}

/// The same with a salt, which hashcat writes behind the digest.
pub(super) const fn salted(
    name: &'static str,
    aliases: &'static [&'static str],
    hashcat: &'static [u32],
    expression: &'static str,
    stored: &'static str,
    okta: &'static str,
) -> Entry {
    Entry { layout: "{digest}:{salt}", ..raw(name, aliases, hashcat, expression, stored, okta) }
}

pub(super) const ENTRIES: &[Entry] = &[
    raw(
        "md4",
        &["hex-md4", "raw-md4"],
        &[900],
        "md4($pass)",
        "afe04867ec7a3845145579a95f72eca7",
        "hook: Okta has no MD4",
    ),
    raw("md5", &["hex-md5", "raw-md5"], &[0], "md5($pass)", "8743b52063cd84097a65d1633f5c74f5", "MD5"),
    raw(
        "sha1",
        &["hex-sha1", "raw-sha1"],
        &[100],
        "sha1($pass)",
        "b89eaac7e61417341b710b727768294d0e6a277b",
        "SHA-1",
    ),
    raw(
        "sha224",
        &["hex-sha224", "raw-sha224"],
        &[1300],
        "sha224($pass)",
        "e4fa1555ad877bf0ec455483371867200eee89550a93eff2f95a6198",
        "hook: Okta has no SHA-224",
    ),
    raw(
        "sha256",
        &["hex-sha256", "raw-sha256"],
        &[1400],
        "sha256($pass)",
        "127e6fbfe24a750e72930c220a8e138275656b8e5d8f48a98c3c92df2caba935",
        "SHA-256",
    ),
    raw(
        "sha384",
        &["hex-sha384", "raw-sha384"],
        &[10800],
        "sha384($pass)",
        "07371af1ca1fca7c6941d2399f3610f1e392c56c6d73fddffe38f18c430a2817028dae1ef09ac683b62148a2c8757f42",
        "hook: Okta has no SHA-384",
    ),
    raw(
        "sha512",
        &["hex-sha512", "raw-sha512"],
        &[1700],
        "sha512($pass)",
        "82a9dda829eb7f8ffe9fbe49e45d47d2dad9664fbb7adf72492e3c81ebd3e29134d9bc12212bf83c6840f10e8246b9db54a4859b7ccd0123d86e5872c1e5082f",
        "SHA-512",
    ),
    raw(
        "md5-utf16le-pass",
        &[],
        &[70],
        "md5(utf16le($pass))",
        "2303b15bfa48c74a74758135a0df1201",
        "hook: the password is in UTF-16",
    ),
    raw(
        "sha1-utf16le-pass",
        &[],
        &[170],
        "sha1(utf16le($pass))",
        "b9798556b741befdbddcbf640d1dd59d19b1e193",
        "hook: the password is in UTF-16",
    ),
    raw(
        "sha256-utf16le-pass",
        &[],
        &[1470],
        "sha256(utf16le($pass))",
        "9e9283e633f4a7a42d3abc93701155be8afe5660da24c8758e7d3533e2f2dc82",
        "hook: the password is in UTF-16",
    ),
    raw(
        "sha384-utf16le-pass",
        &[],
        &[10870],
        "sha384(utf16le($pass))",
        "48e61d68e93027fae35d405ed16cd01b6f1ae66267833b4a7aa1759e45bab9bba652da2e4c07c155a3d8cf1d81f3a7e8",
        "hook: the password is in UTF-16",
    ),
    raw(
        "sha512-utf16le-pass",
        &[],
        &[1770],
        "sha512(utf16le($pass))",
        "79bba09eb9354412d0f2c037c22a777b8bf549ab12d49b77d5b25faa839e4378d8f6fa11aceb6d9413977ae5ad5d011568bad2de4f998d75fd4ce916eda83697",
        "hook: the password is in UTF-16",
    ),
];
