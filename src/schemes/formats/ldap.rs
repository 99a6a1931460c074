//! LDAP's `userPassword` (RFC 2307 and what `OpenLDAP`, 389 Directory Server and Dovecot add): `{SCHEME}` and base64 of
//! the digest, with the salt behind it where there is one.
//!
//! The name in braces is the same in any case. Spring Security uses some of these names for hex, which is told apart
//! by its shape.

use crate::schemes::construction::{Reading, Refusal};
use crate::schemes::digest::Digest;
use crate::schemes::expression::salted_digest;
use crate::schemes::registry::{Entry, Example, Reader};
use crate::schemes::{Credential, Limits, encoding};

pub(super) const ENTRIES: &[Entry] = &[
    Entry {
        name: "ldap-md5",
        hashcat: &[],
        okta: "MD5",
        example: Example::of("{MD5}X03MO1qnZdYdgyfeuILPmQ==", "password"),
        prefixes: &["{MD5}"],
        layout: "{MD5}base64({digest:16})",
        claims: is_base64,
        reader: Reader::Format(|c, l| plain(c, l, Digest::Md5)),
        ..LDAP
    },
    Entry {
        name: "ldap-smd5",
        aliases: &["smd5", "ldap-salted-md5"],
        okta: "MD5, POSTFIX",
        example: Example::of("{SMD5}jNoSMNY0cybfuBWiaGlFw3Mfi/U=", "password"),
        prefixes: &["{SMD5}"],
        layout: "{SMD5}base64({digest:16}{salt})",
        reader: Reader::Format(|c, l| salted(c, l, Digest::Md5)),
        ..LDAP
    },
    Entry {
        name: "ldap-sha",
        aliases: &["ldap-sha1"],
        hashcat: &[101],
        okta: "SHA-1",
        example: Example::of("{SHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g=", "password"),
        prefixes: &["{SHA}", "{SHA1}"],
        layout: "{SHA}base64({digest:20})",
        reader: Reader::Format(|c, l| plain(c, l, Digest::Sha1)),
        ..LDAP
    },
    Entry {
        name: "ldap-ssha",
        aliases: &["ssha", "ldap-salted-sha1"],
        hashcat: &[111],
        okta: "SHA-1, POSTFIX",
        example: Example::of("{SSHA}pKqkNr1tq3wtQqk+UcPyA3HnA2NsU5NJ", "password"),
        prefixes: &["{SSHA}", "{SSHA1}"],
        layout: "{SSHA}base64({digest:20}{salt})",
        reader: Reader::Format(|c, l| salted(c, l, Digest::Sha1)),
        ..LDAP
    },
    Entry {
        name: "ldap-sha256",
        okta: "SHA-256",
        example: Example::of("{SHA256}XohImNooBHFR0OVvjcYpJ3NgPQ1qq73WKhHvch0VQtg=", "password"),
        prefixes: &["{SHA256}"],
        layout: "{SHA256}base64({digest:32})",
        claims: is_base64,
        reader: Reader::Format(|c, l| plain(c, l, Digest::Sha256)),
        ..LDAP
    },
    Entry {
        name: "ldap-ssha256",
        aliases: &["ssha256", "ldap-salted-sha256"],
        hashcat: &[1411],
        okta: "SHA-256, POSTFIX",
        example: Example::of(
            "{SSHA256}znfazOji8IhNZEfs0L0ccO+yOS6WPwYlaqcpfTREy/x0g4Iqr7f54g==",
            "correct horse battery staple",
        ),
        prefixes: &["{SSHA256}"],
        layout: "{SSHA256}base64({digest:32}{salt})",
        reader: Reader::Format(|c, l| salted(c, l, Digest::Sha256)),
        ..LDAP
    },
    Entry {
        name: "ldap-sha384",
        okta: "hook: Okta has no SHA-384",
        example: Example::of(
            "{SHA384}wkuSRJyHHzO7vx/BmJ5eEDfPqaPf2xeUf4FyImGB54Jeu0x1B2ORWDW/ElpZDgWu",
            "correct horse battery staple",
        ),
        prefixes: &["{SHA384}"],
        layout: "{SHA384}base64({digest:48})",
        reader: Reader::Format(|c, l| plain(c, l, Digest::Sha384)),
        ..LDAP
    },
    Entry {
        name: "ldap-ssha384",
        aliases: &["ssha384"],
        okta: "hook: Okta has no SHA-384",
        example: Example::of(
            "{SSHA384}IwqSytBZ33nQCKP2+b0wl5SWVCjQzFnph167vlTqjY6Aop4caOcdjDn/YJGqwPWNE5giiVu2IrI=",
            "correct horse battery staple",
        ),
        prefixes: &["{SSHA384}"],
        layout: "{SSHA384}base64({digest:48}{salt})",
        reader: Reader::Format(|c, l| salted(c, l, Digest::Sha384)),
        ..LDAP
    },
    Entry {
        name: "ldap-sha512",
        okta: "SHA-512",
        example: Example::of(
            "{SHA512}vl73Z52Iq5qQRfYmflX15XhLS4zXZLXNhVpSRPkcYmlTzUbEPXZohz/W7707IhJJMVWAAxljRyoHh4H+BG5irg==",
            "correct horse battery staple",
        ),
        prefixes: &["{SHA512}"],
        layout: "{SHA512}base64({digest:64})",
        reader: Reader::Format(|c, l| plain(c, l, Digest::Sha512)),
        ..LDAP
    },
    Entry {
        name: "ldap-ssha512",
        aliases: &["ssha512", "ldap-salted-sha512"],
        hashcat: &[1711],
        okta: "SHA-512, POSTFIX",
        example: Example::of(
            "{SSHA512}kmusAXly21qGKc5FpqkOc7uCFdeiTHhOrnXcw6NlTEjJSNx3s1HvKwvHTb7MMfWdl7OVpiw7aaPmLTsuDGSaRPD4CS5axI8g",
            "correct horse battery staple",
        ),
        prefixes: &["{SSHA512}"],
        layout: "{SSHA512}base64({digest:64}{salt})",
        reader: Reader::Format(|c, l| salted(c, l, Digest::Sha512)),
        ..LDAP
    },
];

const LDAP: Entry = Entry { software: "OpenLDAP, 389 Directory Server, Dovecot", ..Entry::BLANK };

/// Base64 with its padding, not the hex or the `{salt}hex` that Spring writes under the same name.
fn is_base64(rest: &[u8]) -> bool {
    !rest.starts_with(b"{") && encoding::from_hex(rest).is_none()
}

/// `{SHA}` and its like: the digest alone.
fn plain(credential: &Credential<'_>, _: &Limits, digest: Digest) -> Reading {
    let bytes = decoded(credential)?;
    if bytes.len() != digest.len() {
        return Err(Refusal::unreadable(format!(
            "{} has {} bytes, this value has {}",
            digest.title(),
            digest.len(),
            bytes.len()
        )));
    }
    Ok(salted_digest(digest, b"", b"", bytes))
}

/// `{SSHA}` and its like: the digest and then the salt, of at least one byte.
fn salted(credential: &Credential<'_>, limits: &Limits, digest: Digest) -> Reading {
    let bytes = decoded(credential)?;
    let (value, salt) =
        bytes.split_at_checked(digest.len()).filter(|(_, salt)| !salt.is_empty()).ok_or_else(|| {
            Refusal::unreadable(format!(
                "salted {} has more than {} bytes, this value has {}",
                digest.title(),
                digest.len(),
                bytes.len()
            ))
        })?;
    limits.salt(salt.len())?;
    Ok(salted_digest(digest, b"", salt, value.to_vec()))
}

fn decoded(credential: &Credential<'_>) -> Result<Vec<u8>, Refusal> {
    let brace = credential.stored.iter().position(|&byte| byte == b'}');
    let text = brace.and_then(|at| credential.stored.get(at + 1..));
    text.and_then(encoding::from_base64)
        .ok_or_else(|| Refusal::unreadable("what follows the name in braces must be base64 with its padding"))
}
