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
        layout: "{digest}",
        example: Example::of(stored, "hashcat"),
        okta,
        reader: Reader::Expression(expression),
        ..Entry::BLANK
    }
}

/// The same with a salt, which hashcat writes behind the digest.
const fn salted(
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
    salted(
        "md5-pass-salt",
        &[],
        &[10],
        "md5($pass.$salt)",
        "01dfae6e5d4d90d9892622325959afbe:7050461",
        "MD5, POSTFIX",
    ),
    salted(
        "md5-salt-pass",
        &[],
        &[20],
        "md5($salt.$pass)",
        "f0fda58630310a6dd91a7d8f0a4ceda2:4225637426",
        "MD5, PREFIX",
    ),
    raw(
        "sha1",
        &["hex-sha1", "raw-sha1"],
        &[100],
        "sha1($pass)",
        "b89eaac7e61417341b710b727768294d0e6a277b",
        "SHA-1",
    ),
    salted(
        "sha1-pass-salt",
        &[],
        &[110],
        "sha1($pass.$salt)",
        "2fc5a684737ce1bf7b3b239df432416e0dd07357:2014",
        "SHA-1, POSTFIX",
    ),
    salted(
        "sha1-salt-pass",
        &[],
        &[120],
        "sha1($salt.$pass)",
        "cac35ec206d868b7d7cb0b55f31d9425b075082b:5363620024",
        "SHA-1, PREFIX",
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
    salted(
        "sha256-pass-salt",
        &[],
        &[1410],
        "sha256($pass.$salt)",
        "c73d08de890479518ed60cf670d17faa26a4a71f995c1dcc978165399401a6c4:53743528",
        "SHA-256, POSTFIX",
    ),
    salted(
        "sha256-salt-pass",
        &[],
        &[1420],
        "sha256($salt.$pass)",
        "eb368a2dfd38b405f014118c7d9747fcc97f4f0ee75c05963cd9da6ee65ef498:560407001617",
        "SHA-256, PREFIX",
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
    salted(
        "sha512-pass-salt",
        &[],
        &[1710],
        "sha512($pass.$salt)",
        "e5c3ede3e49fb86592fb03f471c35ba13e8d89b8ab65142c9a8fdafb635fa2223c24e5558fd9313e8995019dcbec1fb584146b7bb12685c7765fc8c0d51379fd:6352283260",
        "SHA-512, POSTFIX",
    ),
    salted(
        "sha512-salt-pass",
        &[],
        &[1720],
        "sha512($salt.$pass)",
        "976b451818634a1e2acba682da3fd6efa72adf8a7a08d7939550c244b237c72c7d42367544e826c0c83fe5c02f97c0373b6b1386cc794bf0d21d2df01bb9c08a:2613516180127",
        "SHA-512, PREFIX",
    ),
];
