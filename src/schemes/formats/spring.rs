//! Spring Security's `{id}` values (`PasswordEncoderFactories.createDelegatingPasswordEncoder`, 5.0 to 6).
//!
//! Named outright, a scheme also reads a value without its `{id}`, as an encoder that stands alone writes it.
//! `{noop}` is plain text and read by `plaintext` only.

use std::sync::LazyLock;

use crate::schemes::construction::{Reading, Refusal};
use crate::schemes::digest::Digest;
use crate::schemes::expression::{Expression, read_digest, salted_digest};
use crate::schemes::registry::{self, Entry, Reader};
use crate::schemes::{Credential, Limits, encoding};

use super::pbkdf2::Pbkdf2;
use super::scrypt::Scrypt;
use super::{argon2, bcrypt};

pub(super) const ENTRIES: &[Entry] = &[
    Entry {
        name: "spring-bcrypt",
        layout: "{bcrypt}$2a$<cost>$<salt:22><digest:31>",
        okta: "BCRYPT",
        prefixes: &["{bcrypt}"],
        reader: Reader::Format(|credential, limits| {
            Ok(Box::new(bcrypt::read(&without_id(credential).0, limits)?))
        }),
        ..SPRING
    },
    Entry {
        name: "spring-scrypt",
        layout: "{scrypt}$<hex: log2 N, r, p>$base64({salt})$base64({digest:32})",
        okta: "hook: scrypt is not among Okta's algorithms",
        prefixes: &["{scrypt}", "{scrypt@SpringSecurity_v5_8}"],
        reader: Reader::Format(scrypt),
        ..SPRING
    },
    Entry {
        name: "spring-pbkdf2",
        layout: "{pbkdf2}hex({salt:8}{digest:32}), {pbkdf2@SpringSecurity_v5_8}hex({salt:16}{digest:32})",
        okta: "v5_8: PBKDF2; before: hook, Okta's PBKDF2 has no SHA-1",
        prefixes: &["{pbkdf2}", "{pbkdf2@SpringSecurity_v5_8}"],
        reader: Reader::Format(pbkdf2),
        ..SPRING
    },
    Entry {
        name: "spring-argon2",
        software: "Spring Security; OpenLDAP's {ARGON2}",
        layout: "{argon2}$argon2id$v=19$m=<KiB>,t=<passes>,p=<lanes>$<salt>$<digest>",
        okta: "hook: argon2 is not among Okta's algorithms",
        prefixes: &["{argon2}", "{argon2@SpringSecurity_v5_8}"],
        reader: Reader::Format(|credential, limits| argon2::read(&without_id(credential).0, limits)),
        ..SPRING
    },
    Entry {
        name: "spring-sha256",
        software: "Spring Security's StandardPasswordEncoder",
        layout: "{sha256}hex({salt:8}{digest:32})",
        okta: "hook: 1024 rounds of SHA-256",
        prefixes: &["{sha256}"],
        claims: |rest| encoding::from_hex(rest).is_some(),
        reader: Reader::Format(standard),
        ..SPRING
    },
    Entry {
        name: "spring-md4",
        layout: "{MD4}{<salt>}hex({digest:16})",
        okta: "hook: MD4 is not among Okta's algorithms",
        prefixes: &["{MD4}"],
        reader: Reader::Format(|credential, _| message_digest(credential, Digest::Md4)),
        ..SPRING
    },
    Entry {
        name: "spring-md5",
        layout: "{MD5}{<salt>}hex({digest:16})",
        okta: "MD5, POSTFIX",
        prefixes: &["{MD5}"],
        claims: |rest| rest.starts_with(b"{") || encoding::from_hex(rest).is_some(),
        reader: Reader::Format(|credential, _| message_digest(credential, Digest::Md5)),
        ..SPRING
    },
    Entry {
        name: "spring-sha-1",
        layout: "{SHA-1}{<salt>}hex({digest:20})",
        okta: "SHA-1, POSTFIX",
        prefixes: &["{SHA-1}"],
        reader: Reader::Format(|credential, _| message_digest(credential, Digest::Sha1)),
        ..SPRING
    },
    Entry {
        name: "spring-sha-256",
        layout: "{SHA-256}{<salt>}hex({digest:32})",
        okta: "SHA-256, POSTFIX",
        prefixes: &["{SHA-256}"],
        reader: Reader::Format(|credential, _| message_digest(credential, Digest::Sha256)),
        ..SPRING
    },
    Entry {
        name: "spring-ldap",
        software: "Spring Security's LdapShaPasswordEncoder",
        layout: "{ldap}{SSHA}base64({digest:20}{salt}), {ldap}{SHA}base64({digest:20})",
        okta: "SHA-1, POSTFIX or unsalted",
        prefixes: &["{ldap}"],
        reader: Reader::Format(ldap),
        ..SPRING
    },
];

const SPRING: Entry = Entry { software: "Spring Security", ..Entry::BLANK };

/// The value behind its `{id}`, and the id, which is empty where there is none.
fn without_id<'a>(credential: &Credential<'a>) -> (Credential<'a>, &'a [u8]) {
    let stored = credential.stored;
    let id = stored.strip_prefix(b"{").and_then(|rest| rest.split(|&byte| byte == b'}').next());
    match id.and_then(|id| Some((id, stored.get(id.len() + 2..)?))) {
        Some((id, stored)) => (Credential { stored, ..*credential }, id),
        None => (*credential, b""),
    }
}

/// `SCryptPasswordEncoder`: one hexadecimal number holds log2 N, r and p.
fn scrypt(credential: &Credential<'_>, limits: &Limits) -> Reading {
    let wrong =
        || Refusal::unreadable("expected $<hex number>$<salt>$<digest of 32 bytes>, base64 with padding");
    let stored = without_id(credential).0.stored;
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
    let (credential, id) = without_id(credential);
    let bytes = encoding::from_hex(credential.stored)
        .ok_or_else(|| Refusal::unreadable("Spring's PBKDF2 values are hex digits"))?;
    let (digest, rounds, salt_len) = match (bytes.len(), id.contains(&b'@')) {
        (40, false) => (Digest::Sha1, 185_000, 8),
        (48, true) => (Digest::Sha256, 310_000, 16),
        (48, false) if id.is_empty() => (Digest::Sha256, 310_000, 16),
        (other, _) => {
            return Err(Refusal::unreadable(format!(
                "{other} bytes are neither the 8 + 32 of {{pbkdf2}} nor the 16 + 32 of v5_8; \
                 an encoder with other settings is written as an expression"
            )));
        }
    };
    let (salt, key) = bytes.split_at(salt_len);
    Pbkdf2::checked(digest, rounds, salt.to_vec(), key.to_vec(), limits)
}

/// `StandardPasswordEncoder` without a secret of the site's own.
fn standard(credential: &Credential<'_>, limits: &Limits) -> Reading {
    static EXPRESSION: LazyLock<Option<Expression>> =
        LazyLock::new(|| Expression::parse("iterate(1024, sha256_bin($salt.$pass), sha256_bin($_))").ok());
    let wrong = || Refusal::unreadable("expected 80 hex digits, a salt of 8 bytes and a digest of 32");
    let bytes = encoding::from_hex(without_id(credential).0.stored).filter(|bytes| bytes.len() == 40);
    let bytes = bytes.ok_or_else(wrong)?;
    let (salt, digest) = bytes.split_at(8);
    let parts = Credential { stored: digest, salt: Some(salt), ..Credential::default() };
    EXPRESSION.as_ref().ok_or_else(wrong)?.read(&parts, limits)
}

/// `MessageDigestPasswordEncoder`: the digest of the password and the salt with its braces.
fn message_digest(credential: &Credential<'_>, digest: Digest) -> Reading {
    let (inner, _) = without_id(credential);
    let end = inner.stored.iter().position(|&byte| byte == b'}').filter(|_| inner.stored.starts_with(b"{"));
    let (salt, value) = inner.stored.split_at(end.map_or(0, |end| end + 1));
    Ok(salted_digest(digest, b"", salt, read_digest(value, digest.len())?))
}

/// `LdapShaPasswordEncoder`.
fn ldap(credential: &Credential<'_>, limits: &Limits) -> Reading {
    let (inner, _) = without_id(credential);
    match registry::identify(inner.stored) {
        Some(entry) if matches!(entry.name, "ldap-sha" | "ldap-ssha") => entry.read(&inner, limits),
        _ => Err(Refusal::unreadable("{ldap} stands before {SSHA} or {SHA}")),
    }
}
