//! Okta's own `credentials.password.hash` object, as written for an import: verified here, and imported as it is.

use serde::Deserialize;

use super::pbkdf2::Pbkdf2;
use super::{bcrypt, json};
use crate::schemes::construction::{Reading, Refusal};
use crate::schemes::digest::Digest;
use crate::schemes::expression::salted_digest;
use crate::schemes::registry::{Entry, Example, Reader};
use crate::schemes::{Credential, Limits, encoding};

pub(super) const ENTRIES: &[Entry] = &[Entry {
    name: "okta-hash",
    aliases: &["okta"],
    software: "Okta's import format",
    layout: r#"{"algorithm":"BCRYPT","workFactor":…,"salt":…,"value":…}, also SHA-512, SHA-256, SHA-1, MD5 and PBKDF2"#,
    example: Example::of(
        r#"{"algorithm":"BCRYPT","workFactor":5,"salt":"abcdefghijklmnopqrstuu","value":"WG29KuyeAicPCJODk1zjyGvyQUU2awu"}"#,
        "password",
    ),
    okta: "as it is",
    prefixes: &["{\""],
    claims: |rest| {
        json::mentions(rest, "algorithm\"")
            && json::mentions(rest, "value\"")
            && !json::mentions(rest, "hash\"")
            && !json::mentions(rest, "hashIterations\"")
            && !json::mentions(rest, "hashedSaltedValue\"")
            && !json::mentions(rest, "credentialData\"")
            && !json::mentions(rest, "credential_data\"")
    },
    bare: true,
    reader: Reader::Format(read),
    ..Entry::BLANK
}];

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Object {
    algorithm: String,
    value: String,
    salt: Option<String>,
    salt_order: Option<String>,
    work_factor: Option<u32>,
    digest_algorithm: Option<String>,
    iteration_count: Option<u32>,
    key_size: Option<u32>,
}

fn read(credential: &Credential<'_>, limits: &Limits) -> Reading {
    let object: Object =
        json::object(credential.stored, "Okta's hash object as JSON, with nothing that Okta does not take")?;
    match object.algorithm.as_str() {
        "BCRYPT" => blowfish(&object, credential, limits),
        "PBKDF2" => pbkdf2(&object, limits),
        "MD5" => digest(&object, Digest::Md5, limits),
        "SHA-1" => digest(&object, Digest::Sha1, limits),
        "SHA-256" => digest(&object, Digest::Sha256, limits),
        "SHA-512" => digest(&object, Digest::Sha512, limits),
        _ => Err(Refusal::unreadable(
            "an algorithm other than BCRYPT, SHA-512, SHA-256, SHA-1, MD5 and PBKDF2",
        )),
    }
}

fn missing(what: &str) -> Refusal {
    Refusal::unreadable(format!("{what} is missing, or there is more than this algorithm takes"))
}

fn blowfish(object: &Object, credential: &Credential<'_>, limits: &Limits) -> Reading {
    let Object {
        work_factor: Some(cost),
        salt: Some(salt),
        salt_order: None,
        digest_algorithm: None,
        iteration_count: None,
        key_size: None,
        ..
    } = object
    else {
        return Err(missing("workFactor or salt"));
    };
    if salt.len() != 22 || *cost > 99 {
        return Err(Refusal::unreadable("bcrypt's salt must have 22 characters, its workFactor two digits"));
    }
    let stored = format!("$2b${cost:02}${salt}{}", object.value);
    Ok(Box::new(bcrypt::read(&Credential { stored: stored.as_bytes(), ..*credential }, limits)?))
}

fn decoded(text: &str) -> Result<Vec<u8>, Refusal> {
    encoding::from_base64(text.as_bytes())
        .ok_or_else(|| Refusal::unreadable("value and salt must be base64 with padding"))
}

fn pbkdf2(object: &Object, limits: &Limits) -> Reading {
    let Object {
        work_factor: None,
        salt: Some(salt),
        salt_order: None,
        digest_algorithm: Some(digest),
        iteration_count: Some(rounds),
        key_size: Some(bytes),
        value,
        ..
    } = object
    else {
        return Err(missing("digestAlgorithm, iterationCount, keySize or salt"));
    };
    let digest = match digest.as_str() {
        "SHA256_HMAC" => Digest::Sha256,
        "SHA512_HMAC" => Digest::Sha512,
        _ => return Err(Refusal::unreadable("digestAlgorithm must be SHA256_HMAC or SHA512_HMAC")),
    };
    let key = decoded(value)?;
    if key.len() != *bytes as usize {
        return Err(Refusal::unreadable("value is not as long as keySize says"));
    }
    Pbkdf2::checked(digest, *rounds, decoded(salt)?, key, limits)
}

fn digest(object: &Object, digest: Digest, limits: &Limits) -> Reading {
    let Object {
        work_factor: None,
        digest_algorithm: None,
        iteration_count: None,
        key_size: None,
        salt,
        salt_order,
        value,
        ..
    } = object
    else {
        return Err(Refusal::unreadable("there is more than this algorithm takes"));
    };
    let value = decoded(value)?;
    if value.len() != digest.len() {
        return Err(Refusal::unreadable(format!("value does not have {} bytes", digest.len())));
    }
    let salt = salt.as_deref().map(decoded).transpose()?.filter(|salt| !salt.is_empty());
    limits.salt(salt.as_ref().map_or(0, Vec::len))?;
    match (salt, salt_order.as_deref()) {
        (None, None) => Ok(salted_digest(digest, b"", b"", value)),
        (Some(salt), Some("PREFIX")) => Ok(salted_digest(digest, salt, b"", value)),
        (Some(salt), Some("POSTFIX")) => Ok(salted_digest(digest, b"", salt, value)),
        _ => Err(Refusal::unreadable("a salt needs saltOrder PREFIX or POSTFIX, and no other")),
    }
}
