//! Ory Kratos' formats for imported passwords that are its own (`hash/hash_comparator.go`): digests with a template that
//! says where salt and password go, HMACs, and scrypt with N itself where PHC strings have its logarithm.

use super::by_digest::ByDigest;
use super::computed::computed;
use super::scrypt::Scrypt;
use super::sha_crypt;
use crate::schemes::construction::{Reading, Refusal};
use crate::schemes::digest::Digest;
use crate::schemes::expression::salted_digest;
use crate::schemes::registry::{Entry, Example, Reader};
use crate::schemes::{Credential, Limits, encoding};
use crate::secret::Secret;

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

/// The fields between `$`s, behind the first; as many as asked for, and no more.
fn fields<const N: usize>(stored: &[u8]) -> Option<[&[u8]; N]> {
    super::fields(stored.strip_prefix(b"$")?, b'$')
}

fn digest(credential: &Credential<'_>, limits: &Limits) -> Reading {
    let wrong = || {
        Refusal::unreadable("expected $<digest>$pf=<template>$<salt>$<digest>, each in base64 with padding")
    };
    let decoded = |text: &[u8]| encoding::from_base64(text).ok_or_else(wrong);
    if let Some([b"md5", value]) = fields(credential.stored) {
        return compare(Digest::Md5, vec![Vec::new(); 2], decoded(value)?);
    }
    let [name, template, salt, value] = fields(credential.stored).ok_or_else(wrong)?;
    let digest = match name {
        b"md5" => Digest::Md5,
        b"sha1" => Digest::Sha1,
        b"sha256" => Digest::Sha256,
        b"sha512" => Digest::Sha512,
        _ => return Err(wrong()),
    };
    let template = decoded(template.strip_prefix(b"pf=").ok_or_else(wrong)?)?;
    let salt = decoded(salt)?;
    limits.salt(salt.len())?;
    compare(digest, around_password(&template, &salt), decoded(value)?)
}

/// What the template has before, between and behind its passwords, with the salt where that belongs.
fn around_password(template: &[u8], salt: &[u8]) -> Vec<Vec<u8>> {
    let mut texts = Vec::with_capacity(2);
    let mut text = Vec::new();
    let mut rest = template;
    while let Some((&first, after)) = rest.split_first() {
        if let Some(after) = rest.strip_prefix(b"{SALT}") {
            text.extend_from_slice(salt);
            rest = after;
        } else if let Some(after) = rest.strip_prefix(b"{PASSWORD}") {
            texts.push(std::mem::take(&mut text));
            rest = after;
        } else {
            text.push(first);
            rest = after;
        }
    }
    texts.push(text);
    texts
}

fn compare(digest: Digest, mut texts: Vec<Vec<u8>>, expected: Vec<u8>) -> Reading {
    if expected.len() != digest.len() {
        return Err(Refusal::unreadable(format!("the digest does not have {} bytes", digest.len())));
    }
    match texts.as_mut_slice() {
        [] | [_] => Err(Refusal::unreadable("the template has no {PASSWORD}")),
        [before, after] => Ok(salted_digest(digest, std::mem::take(before), std::mem::take(after), expected)),
        _ => {
            let len: usize = texts.iter().map(Vec::len).sum();
            let nanos = digest.nanos((len + 16 * texts.len()) as u64);
            let texts: Vec<Secret> = texts.into_iter().map(Secret::new).collect();
            Ok(computed(
                "a digest of the password more than once",
                expected,
                nanos,
                String::new(),
                move |password| {
                    let mut parts = Vec::with_capacity(2 * texts.len());
                    for text in &texts {
                        parts.extend([text.expose(), password]);
                    }
                    parts.pop();
                    Some(digest.of(&parts))
                },
            ))
        }
    }
}

fn hmac(credential: &Credential<'_>, limits: &Limits) -> Reading {
    let wrong = || Refusal::unreadable("expected $hmac-<digest>$<digest>$<key>, in base64 with padding");
    let [name, value, key] = fields(credential.stored).ok_or_else(wrong)?;
    let name = name.strip_prefix(b"hmac-").and_then(|name| std::str::from_utf8(name).ok());
    let digest = name.and_then(Digest::named).ok_or_else(wrong)?;
    // The digest is hex digits, which were encoded once more.
    let value = encoding::from_base64(value).and_then(|hex| encoding::from_hex(&hex)).ok_or_else(wrong)?;
    let key = encoding::from_base64(key).ok_or_else(wrong)?;
    HMAC.read(digest, value, &Credential { salt: Some(&key), ..*credential }, limits)
}

static HMAC: ByDigest = ByDigest::new("hmac_{}($salt,$pass)");

fn scrypt(credential: &Credential<'_>, limits: &Limits) -> Reading {
    let wrong = || {
        Refusal::unreadable(
            "expected $scrypt$ln=<N>,r=<r>,p=<p>$<salt>$<digest>, N a power of two, base64 with padding",
        )
    };
    let Some([b"scrypt", parameters, salt, key]) = fields(credential.stored) else {
        return Err(wrong());
    };
    let mut parameters = parameters.split(|&byte| byte == b',');
    let mut number = |name: &[u8]| {
        let field = parameters.next().and_then(|field| field.strip_prefix(name));
        field.and_then(encoding::decimal).ok_or_else(wrong)
    };
    let (n, r, p) = (number(b"ln=")?, number(b"r=")?, number(b"p=")?);
    if parameters.next().is_some() || !n.is_power_of_two() {
        return Err(wrong());
    }
    let salt = encoding::from_base64(salt).ok_or_else(wrong)?;
    let key = encoding::from_base64(key).ok_or_else(wrong)?;
    Scrypt::checked(n.ilog2(), r, p, salt, key, limits)
}

fn crypt(credential: &Credential<'_>, limits: &Limits) -> Reading {
    let (kind, rest) = if let Some(rest) = credential.stored.strip_prefix(b"$sha256-crypt$") {
        (Digest::Sha256, rest)
    } else if let Some(rest) = credential.stored.strip_prefix(b"$sha512-crypt$") {
        (Digest::Sha512, rest)
    } else {
        return Err(Refusal::unreadable("expected $sha256-crypt$ or $sha512-crypt$"));
    };
    let beginning = if kind == Digest::Sha256 { b"$5$" } else { b"$6$" };
    let stored = [beginning, rest].concat();
    sha_crypt::read(&Credential { stored: &stored, ..*credential }, limits, kind)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_template_is_what_stands_around_the_password() {
        for (template, around) in [
            ("{SALT}{PASSWORD}", vec!["xyz", ""]),
            ("${PASSWORD}'{SALT}$", vec!["$", "'xyz$"]),
            ("{PASSWORD}{SALT}{PASSWORD}", vec!["", "xyz", ""]),
            ("{SALT", vec!["{SALT"]),
        ] {
            let around: Vec<_> = around.iter().map(|text| text.as_bytes().to_vec()).collect();
            assert_eq!(around_password(template.as_bytes(), b"xyz"), around, "{template}");
        }
    }

    #[test]
    fn a_password_may_occur_more_than_once() {
        use crate::schemes::{Scratch, Verdict};
        let texts = around_password(b"{PASSWORD}{SALT}{PASSWORD}", b"xyz");
        let expected = Digest::Sha1.of(&[b"secretxyzsecret"]).to_vec();
        let hash = compare(Digest::Sha1, texts, expected).ok().unwrap();
        assert_eq!(hash.verify(b"secret", &mut Scratch::default()), Verdict::Match);
        assert_eq!(hash.verify(b"secretx", &mut Scratch::default()), Verdict::Mismatch);
        assert!(hash.okta().is_err());
    }
}
