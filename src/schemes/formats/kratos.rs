//! Ory Kratos' formats for imported passwords that are its own (`hash/hash_comparator.go`): digests with a template that
//! says where salt and password go, HMACs, and scrypt with N itself where PHC strings have its logarithm.

use super::scrypt::Scrypt;
use super::sha_crypt;
use crate::schemes::construction::{Reading, Refusal};
use crate::schemes::digest::Digest;
use crate::schemes::expression::Expression;
use crate::schemes::registry::{Entry, Example, Reader};
use crate::schemes::{Credential, Limits, encoding};

pub(super) const ENTRIES: &[Entry] = &[
    Entry {
        name: "kratos-digest",
        aliases: &["kratos-sha", "kratos-md5"],
        layout: "$sha256$pf=base64(<template with {SALT} and {PASSWORD}>)$base64({salt})$base64({digest}), also sha1, \
                 sha512 and md5; $md5$base64({digest})",
        example: Example::of(
            "$sha1$pf=e1NBTFR9e1BBU1NXT1JEfQ==$NW9wbWtnejAzcg==$2qU2SGWP8viTM1md3FiI3+rjWXQ=",
            "test",
        ),
        okta: "MD5, SHA-1, SHA-256, SHA-512 where the template is a salt and the password; hook: all others",
        prefixes: &["$sha1$pf=", "$sha256$pf=", "$sha512$pf=", "$md5$pf=", "$md5$"],
        // Sun's MD5 begins with $md5$ too, and has a salt and a $ behind it.
        claims: |rest| rest.contains(&b'$') && rest.ends_with(b"=") || is_md5(rest),
        reader: Reader::Format(digest),
        ..KRATOS
    },
    Entry {
        name: "kratos-hmac",
        layout: "$hmac-sha256$base64(hex({digest}))$base64({key}), also md4, md5, sha1, sha224, sha384 and sha512",
        example: Example::of(
            "$hmac-sha256$ZTAzMWJhMWMyOTM4YjFkMjgzZjkxOWExZGY5YWM2NmMxOTJhN2RkNzQ0MzJkNWZkNGFkYTI5OTk0MWJhMTA5Zg==$MTIzNDU=",
            "test",
        ),
        okta: "hook: Okta has no HMAC of a password",
        prefixes: &[
            "$hmac-md4$",
            "$hmac-md5$",
            "$hmac-sha1$",
            "$hmac-sha224$",
            "$hmac-sha256$",
            "$hmac-sha384$",
            "$hmac-sha512$",
        ],
        reader: Reader::Format(hmac),
        ..KRATOS
    },
    Entry {
        name: "kratos-scrypt",
        layout: "$scrypt$ln=<N>,r=<r>,p=<p>$base64({salt})$base64({digest})",
        example: Example::of(
            "$scrypt$ln=16384,r=8,p=1$2npRo7P03Mt8keSoMbyD/tKFWyUzjiQf2svUaNDSrhA=$MiCzNcIplSMqSBrm4HckjYqYhaVPPjTARTzwB1cVNYE=",
            "test",
        ),
        okta: "hook: Okta has no scrypt",
        prefixes: &["$scrypt$ln="],
        // A logarithm is below 64, and no N that anybody uses is.
        claims: |rest| {
            let end = rest.iter().position(|&byte| byte == b',').unwrap_or(rest.len());
            rest.get(..end).and_then(encoding::decimal).is_some_and(|n| n > 63)
        },
        reader: Reader::Format(scrypt),
        ..KRATOS
    },
    Entry {
        name: "kratos-sha-crypt",
        layout: "$sha256-crypt$… or $sha512-crypt$…, as $5$… and $6$…",
        example: Example::of(
            "$sha256-crypt$saltstring$5B8vYYiY.CVt1RlTTf8KbXBH3hsxY/GNooZaBBGWEc5",
            "Hello world!",
        ),
        okta: "hook: Okta has no sha-crypt",
        prefixes: &["$sha256-crypt$", "$sha512-crypt$"],
        reader: Reader::Format(crypt),
        ..KRATOS
    },
];

const KRATOS: Entry = Entry { software: "Ory Kratos", ..Entry::BLANK };

fn is_md5(rest: &[u8]) -> bool {
    encoding::from_base64(rest).is_some_and(|digest| digest.len() == Digest::Md5.len())
}

/// The fields between `$`s.
fn fields(stored: &[u8]) -> Vec<&[u8]> {
    stored.split(|&byte| byte == b'$').collect()
}

fn digest(credential: &Credential<'_>, limits: &Limits) -> Reading {
    let wrong = || {
        Refusal::unreadable("expected $<digest>$pf=<template>$<salt>$<digest>, each in base64 with padding")
    };
    let decoded = |text: &[u8]| encoding::from_base64(text).ok_or_else(wrong);
    let fields = fields(credential.stored);
    let (name, template, salt, value) = match *fields.as_slice() {
        [b"", name, template, salt, value] => (
            name,
            decoded(template.strip_prefix(b"pf=").ok_or_else(wrong)?)?,
            decoded(salt)?,
            decoded(value)?,
        ),
        [b"", b"md5", value] => (&b"md5"[..], b"{PASSWORD}".to_vec(), Vec::new(), decoded(value)?),
        _ => return Err(wrong()),
    };
    let name = match name {
        b"md5" => "md5",
        b"sha1" => "sha1",
        b"sha256" => "sha256",
        b"sha512" => "sha512",
        _ => return Err(wrong()),
    };
    let expression = format!("{name}({})", message(&template)?);
    compare(&expression, &value, &Credential { salt: Some(&salt), ..*credential }, limits)
}

/// The template as an expression.
fn message(template: &[u8]) -> Result<String, Refusal> {
    let mut parts: Vec<String> = Vec::new();
    let mut rest = template;
    let mut literal = Vec::new();
    while let Some((&first, after)) = rest.split_first() {
        let variable = [(&b"{SALT}"[..], "$salt"), (&b"{PASSWORD}"[..], "$pass")]
            .into_iter()
            .find_map(|(name, variable)| Some((rest.strip_prefix(name)?, variable)));
        if let Some((after, variable)) = variable {
            push(&mut parts, &mut literal);
            parts.push(variable.into());
            rest = after;
        } else {
            literal.push(first);
            rest = after;
        }
    }
    push(&mut parts, &mut literal);
    if parts.iter().any(|part| part == "$pass") {
        return Ok(parts.join("."));
    }
    Err(Refusal::unreadable("the template has no {PASSWORD}"))
}

fn push(parts: &mut Vec<String>, literal: &mut Vec<u8>) {
    if !literal.is_empty() {
        parts.push(format!("unhex('{}')", encoding::to_hex(literal)));
        literal.clear();
    }
}

fn hmac(credential: &Credential<'_>, limits: &Limits) -> Reading {
    let wrong = || Refusal::unreadable("expected $hmac-<digest>$<digest>$<key>, in base64 with padding");
    let fields = fields(credential.stored);
    let &[b"", name, value, key] = fields.as_slice() else {
        return Err(wrong());
    };
    let name = name.strip_prefix(b"hmac-").and_then(|name| std::str::from_utf8(name).ok());
    let digest = name.and_then(Digest::named).ok_or_else(wrong)?;
    // The digest is hex digits, which were encoded once more.
    let value = encoding::from_base64(value).and_then(|hex| encoding::from_hex(&hex)).ok_or_else(wrong)?;
    let key = encoding::from_base64(key).ok_or_else(wrong)?;
    let expression = format!("hmac_{}($salt,$pass)", digest.name());
    compare(&expression, &value, &Credential { salt: Some(&key), ..*credential }, limits)
}

fn compare(expression: &str, digest: &[u8], credential: &Credential<'_>, limits: &Limits) -> Reading {
    let hex = encoding::to_hex(digest);
    let credential = Credential { stored: hex.as_bytes(), ..*credential };
    limits.credential(&credential)?;
    let expression = Expression::parse(expression);
    expression.map_err(|_| Refusal::unreadable("a template that is too long"))?.read(&credential, limits)
}

fn scrypt(credential: &Credential<'_>, limits: &Limits) -> Reading {
    let wrong = || {
        Refusal::unreadable(
            "expected $scrypt$ln=<N>,r=<r>,p=<p>$<salt>$<digest>, N a power of two, base64 with padding",
        )
    };
    let fields = fields(credential.stored);
    let &[b"", b"scrypt", parameters, salt, key] = fields.as_slice() else {
        return Err(wrong());
    };
    let parameters: Vec<&[u8]> = parameters.split(|&byte| byte == b',').collect();
    let &[n, r, p] = parameters.as_slice() else {
        return Err(wrong());
    };
    let number =
        |field: &[u8], name: &[u8]| field.strip_prefix(name).and_then(encoding::decimal).ok_or_else(wrong);
    let (n, r, p) = (number(n, b"ln=")?, number(r, b"r=")?, number(p, b"p=")?);
    if !n.is_power_of_two() {
        return Err(wrong());
    }
    let salt = encoding::from_base64(salt).ok_or_else(wrong)?;
    let key = encoding::from_base64(key).ok_or_else(wrong)?;
    Scrypt::checked(n.ilog2(), r, p, salt, key, limits)
}

fn crypt(credential: &Credential<'_>, limits: &Limits) -> Reading {
    let (kind, rest) = if let Some(rest) = credential.stored.strip_prefix(b"$sha256-crypt$") {
        (sha_crypt::Kind::Sha256, rest)
    } else if let Some(rest) = credential.stored.strip_prefix(b"$sha512-crypt$") {
        (sha_crypt::Kind::Sha512, rest)
    } else {
        return Err(Refusal::unreadable("expected $sha256-crypt$ or $sha512-crypt$"));
    };
    let beginning = if kind == sha_crypt::Kind::Sha256 { b"$5$" } else { b"$6$" };
    let stored = [beginning, rest].concat();
    sha_crypt::read(&Credential { stored: &stored, ..*credential }, limits, kind)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_template_becomes_an_expression() {
        assert_eq!(message(b"{SALT}{PASSWORD}").ok().as_deref(), Some("$salt.$pass"));
        assert_eq!(
            message(b"${PASSWORD}'{SALT}$").ok().as_deref(),
            Some("unhex('24').$pass.unhex('27').$salt.unhex('24')")
        );
        assert!(message(b"{SALT}").is_err());
    }
}
