//! Spring Security's `{id}` values (`PasswordEncoderFactories.createDelegatingPasswordEncoder`, 5.0 to 6).
//!
//! Named outright, a scheme also reads a value without its `{id}`, as an encoder that stands alone writes it. The
//! secret that `Pbkdf2PasswordEncoder` and `StandardPasswordEncoder` may have is the pepper.
//! `{noop}` is plain text and read by `plaintext` only.

use crate::schemes::construction::{Reading, Refusal};
use crate::schemes::digest::Digest;
use crate::schemes::expression::{read_digest, salted_digest};
use crate::schemes::registry::{self, Entry, Example, Reader};
use crate::schemes::{Credential, Limits, encoding};

use super::by_digest::ByDigest;
use super::pbkdf2::Pbkdf2;
use super::scrypt::Scrypt;
use super::{argon2, bcrypt};

pub(super) const ENTRIES: &[Entry] = &[
    Entry {
        name: "spring-bcrypt",
        layout: "{bcrypt}$2a$<cost>$<salt:22><digest:31>",
        okta: "BCRYPT",
        example: Example::of(
            "{bcrypt}$2a$10$0ZpZK0HGah3Eh4wjTFYpkebuViOQHclXfl5ipFyHDjUzz0fOknUkS",
            "correct horse battery staple",
        ),
        prefixes: &["{bcrypt}"],
        reader: Reader::Format(|credential, limits| {
            Ok(Box::new(bcrypt::read(&without_id(credential, "{bcrypt").0, limits)?))
        }),
        ..SPRING
    },
    Entry {
        name: "spring-scrypt",
        layout: "{scrypt}$<hex: log2 N, r, p>$base64({salt})$base64({digest:32})",
        okta: "hook: Okta has no scrypt",
        example: Example::of(
            "{scrypt}$e0801$Xs9V9HaxOn4BY6oiAATPC1AqzDhhuJSsCZ2RnOfuiPr0YOvaSMuEhVZigBowsDmBNKfb0knZG9pX7E8DEVqcGw==$QKthinZ9sOK99ygHDEi05aAc5RgRVezIbDzGPO4a5PU=",
            "correct horse battery staple",
        ),
        prefixes: &["{scrypt}", "{scrypt@SpringSecurity_v5_8}"],
        reader: Reader::Format(scrypt),
        ..SPRING
    },
    Entry {
        name: "spring-pbkdf2",
        layout: "{pbkdf2}hex({salt:8}{digest:32}), {pbkdf2@SpringSecurity_v5_8}hex({salt:16}{digest:32})",
        okta: "v5_8: PBKDF2; before: hook, Okta's PBKDF2 has no SHA-1",
        example: Example::of(
            "{pbkdf2}ffabf8839b1ad6996a09114da97c444706482b079413b57603131d9aad511056d44713f892d607c0",
            "correct horse battery staple",
        ),
        prefixes: &["{pbkdf2}", "{pbkdf2@SpringSecurity_v5_8}"],
        claims: |rest| !rest.contains(&b'$'),
        reader: Reader::Format(pbkdf2),
        ..SPRING
    },
    Entry {
        name: "spring-argon2",
        software: "Spring Security; OpenLDAP's {ARGON2}",
        layout: "{argon2}$argon2id$v=19$m=<KiB>,t=<passes>,p=<lanes>$<salt>$<digest>",
        okta: "hook: Okta has no argon2",
        example: Example::of(
            "{ARGON2}$argon2i$v=19$m=4096,t=3,p=1$3kuyf7qz2lmC6RrmFSH7zg$TIgmVMGtMfeCeGCP3Z5ZcECZM2xLk1GR6LMiY0yLAqI",
            "correct horse battery staple",
        ),
        prefixes: &["{argon2}", "{argon2@SpringSecurity_v5_8}"],
        reader: Reader::Format(|credential, limits| {
            argon2::read(&without_id(credential, "{argon2").0, limits)
        }),
        ..SPRING
    },
    Entry {
        name: "spring-sha256",
        software: "Spring Security's StandardPasswordEncoder",
        layout: "{sha256}hex({salt:8}{digest:32})",
        okta: "hook: 1024 rounds of SHA-256",
        example: Example::of(
            "{sha256}ea85eb75ccd741128bcd7a5be5c8af6748b70a2bd8f2e69f248e7e61ce6ac69f7317a289f0f42538",
            "correct horse battery staple",
        ),
        prefixes: &["{sha256}"],
        claims: |rest| encoding::from_hex(rest).is_some() && rest.len() != 64,
        reader: Reader::Format(standard),
        ..SPRING
    },
    Entry {
        name: "spring-md4",
        layout: "{MD4}{<salt>}hex({digest:16})",
        okta: "hook: Okta has no MD4",
        example: Example::of(
            "{MD4}{1c0IxLhSBb5AIUwXsE3g4TbMFFeJiToNzRdEgJ/GW8s=}184a08450e86ea002ebbc40a78e18985",
            "correct horse battery staple",
        ),
        prefixes: &["{MD4}"],
        reader: Reader::Format(|credential, _| message_digest(credential, "{MD4", Digest::Md4)),
        ..SPRING
    },
    Entry {
        name: "spring-md5",
        layout: "{MD5}{<salt>}hex({digest:16})",
        okta: "MD5, POSTFIX",
        example: Example::of(
            "{MD5}{3Ew7UpX0PgzqxvicbXD6HO8E7QaSHppzrELxkzCnzlQ=}080b6ba7aa2381f54a8cbc8b72bc8c9e",
            "correct horse battery staple",
        ),
        prefixes: &["{MD5}"],
        claims: |rest| rest.starts_with(b"{") || encoding::from_hex(rest).is_some(),
        reader: Reader::Format(|credential, _| message_digest(credential, "{MD5", Digest::Md5)),
        ..SPRING
    },
    Entry {
        name: "spring-sha-1",
        layout: "{SHA-1}{<salt>}hex({digest:20})",
        okta: "SHA-1, POSTFIX",
        example: Example::of(
            "{SHA-1}{BmXiu3t0N8jpD2hLNMenpcez84CQct9evmqCqcNFdKo=}dc8a53e5c06e9ca42acace8fbf5c46712a7811a5",
            "correct horse battery staple",
        ),
        prefixes: &["{SHA-1}"],
        reader: Reader::Format(|credential, _| message_digest(credential, "{SHA-1", Digest::Sha1)),
        ..SPRING
    },
    Entry {
        name: "spring-sha-256",
        layout: "{SHA-256}{<salt>}hex({digest:32})",
        okta: "SHA-256, POSTFIX",
        example: Example::of(
            "{SHA-256}{uPh9VfImNt7FOHsKDH3J+Ni1G86ndJXVU6oSNkFR8u0=}5b89aba23d08b1038030dbb609b0e2bb26847083c71483ff06eb3b0df6ddae39",
            "correct horse battery staple",
        ),
        prefixes: &["{SHA-256}"],
        reader: Reader::Format(|credential, _| message_digest(credential, "{SHA-256", Digest::Sha256)),
        ..SPRING
    },
    Entry {
        name: "spring-ldap",
        software: "Spring Security's LdapShaPasswordEncoder",
        layout: "{ldap}{SSHA}base64({digest:20}{salt}), {ldap}{SHA}base64({digest:20})",
        okta: "SHA-1, POSTFIX or unsalted",
        example: Example::of(
            "{ldap}{SSHA}BVmslxurW5+XLte7F5R/lQfb6yrlHFhnHXbY4A==",
            "correct horse battery staple",
        ),
        prefixes: &["{ldap}"],
        reader: Reader::Format(ldap),
        ..SPRING
    },
];

const SPRING: Entry = Entry { software: "Spring Security", bare: true, ..Entry::BLANK };

/// What `@SpringSecurity_v5_8` ends in.
const V5_8: &str = "@SpringSecurity_v5_8}";

/// The value behind its id, and whether there was one; an id may have the version behind it.
fn without_id<'a>(credential: &Credential<'a>, id: &str) -> (Credential<'a>, Id) {
    let stored = credential.stored;
    let named = stored.get(id.len()..).filter(|_| registry::begins(stored, id));
    let (stored, found) = match named {
        Some([b'}', rest @ ..]) => (rest, Id::Plain),
        Some(rest) if registry::begins(rest, V5_8) => {
            (rest.get(V5_8.len()..).unwrap_or_default(), Id::Version5_8)
        }
        _ => (stored, Id::None),
    };
    (Credential { stored, ..*credential }, found)
}

/// Which id stands before a value.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Id {
    None,
    Plain,
    Version5_8,
}

/// `SCryptPasswordEncoder`: one hexadecimal number holds log2 N, r and p.
fn scrypt(credential: &Credential<'_>, limits: &Limits) -> Reading {
    let wrong =
        || Refusal::unreadable("expected $<hex number>$<salt>$<digest of 32 bytes>, base64 with padding");
    let stored = without_id(credential, "{scrypt").0.stored;
    let mut fields = stored.strip_prefix(b"$").ok_or_else(wrong)?.split(|&byte| byte == b'$');
    let mut field = || fields.next().ok_or_else(wrong);
    let (parameters, salt, key) = (field()?, field()?, field()?);
    if field().is_ok() || !parameters.iter().all(u8::is_ascii_hexdigit) {
        return Err(wrong());
    }
    let parameters = std::str::from_utf8(parameters).ok().and_then(|text| u32::from_str_radix(text, 16).ok());
    let parameters = parameters.ok_or_else(wrong)?;
    let salt = encoding::from_base64(salt).ok_or_else(wrong)?;
    let key = encoding::from_base64(key).filter(|key| key.len() == 32).ok_or_else(wrong)?;
    Scrypt::checked(parameters >> 16, (parameters >> 8) & 0xff, parameters & 0xff, salt, key, limits)
}

/// `Pbkdf2PasswordEncoder`, which keeps its rounds and its digest to itself: those of its two sets of defaults are
/// told apart by the length of the salt.
fn pbkdf2(credential: &Credential<'_>, limits: &Limits) -> Reading {
    let (credential, id) = without_id(credential, "{pbkdf2");
    let bytes = encoding::from_hex(credential.stored).or_else(|| encoding::from_base64(credential.stored));
    let bytes =
        bytes.ok_or_else(|| Refusal::unreadable("Spring's PBKDF2 values must be hex digits or base64"))?;
    let (digest, rounds, salt_len) = match (bytes.len(), id) {
        (40, Id::Plain | Id::None) => (Digest::Sha1, 185_000, 8),
        (48, Id::Version5_8 | Id::None) => (Digest::Sha256, 310_000, 16),
        (other, _) => {
            return Err(Refusal::unreadable(format!(
                "{other} bytes are neither the 8 + 32 of {{pbkdf2}} nor the 16 + 32 of v5_8; \
                 an encoder with other settings is written as an expression, such as \
                 `pbkdf2_sha256($pass,$salt,200000,32) in 'hex({{salt:8}}{{digest:32}})'`"
            )));
        }
    };
    let mut salt = bytes;
    let key = salt.split_off(salt_len);
    if secret(&credential).is_some() {
        let parts = Credential { salt: Some(&salt), rounds: Some(rounds), ..credential };
        return PEPPERED_PBKDF2.read(digest, key, &parts, limits);
    }
    Pbkdf2::checked(digest, rounds, salt, key, limits)
}

static PEPPERED_PBKDF2: ByDigest = ByDigest::new("pbkdf2_{}($pass,$salt.$pepper,$rounds,32)");

/// `StandardPasswordEncoder`.
fn standard(credential: &Credential<'_>, limits: &Limits) -> Reading {
    let wrong = || Refusal::unreadable("expected 80 hex digits, a salt of 8 bytes and a digest of 32");
    let bytes =
        encoding::from_hex(without_id(credential, "{sha256").0.stored).filter(|bytes| bytes.len() == 40);
    let bytes = bytes.ok_or_else(wrong)?;
    let mut salt = bytes;
    let digest = salt.split_off(8);
    let expression = if secret(credential).is_some() { &PEPPERED_STANDARD } else { &STANDARD };
    expression.read(Digest::Sha256, digest, &Credential { salt: Some(&salt), ..*credential }, limits)
}

static STANDARD: ByDigest = ByDigest::new("iterate(1024, {}_bin($salt.$pass), {}_bin($_))");
static PEPPERED_STANDARD: ByDigest = ByDigest::new("iterate(1024, {}_bin($salt.$pepper.$pass), {}_bin($_))");

/// The secret of the site's own, which an empty one is not.
fn secret<'a>(credential: &Credential<'a>) -> Option<&'a [u8]> {
    credential.pepper.filter(|pepper| !pepper.is_empty())
}

/// `MessageDigestPasswordEncoder`: the digest of the password and the salt with its braces.
fn message_digest(credential: &Credential<'_>, id: &str, digest: Digest) -> Reading {
    let (inner, _) = without_id(credential, id);
    let end = inner.stored.iter().position(|&byte| byte == b'}').filter(|_| inner.stored.starts_with(b"{"));
    let (salt, value) = inner.stored.split_at(end.map_or(0, |end| end + 1));
    Ok(salted_digest(digest, b"", salt, read_digest(value, digest.len())?))
}

/// `LdapShaPasswordEncoder`.
fn ldap(credential: &Credential<'_>, limits: &Limits) -> Reading {
    let (inner, _) = without_id(credential, "{ldap");
    match registry::identify(inner.stored) {
        Some(entry) if matches!(entry.name, "ldap-sha" | "ldap-ssha") => entry.read(&inner, limits),
        _ => Err(Refusal::unreadable("{ldap} must stand before {SSHA} or {SHA}")),
    }
}
