//! Auth0's `custom_password_hash` object, as written for its bulk import. What Auth0 itself exports is bcrypt.

use serde::Deserialize;

use super::by_digest::ByDigest;
use super::scrypt::Scrypt;
use super::{argon2, bcrypt, json};
use crate::schemes::construction::{Reading, Refusal};
use crate::schemes::digest::Digest;
use crate::schemes::registry::{self, Entry, Example, Reader};
use crate::schemes::{Credential, Limits, encoding};

pub(super) const ENTRIES: &[Entry] = &[Entry {
    name: "auth0-custom-password-hash",
    aliases: &["auth0-hash"],
    software: "Auth0's import format; what it exports is `bcrypt`",
    layout: r#"{"algorithm":"sha1","hash":{"value":…,"encoding":"hex"},"salt":{"value":…,"position":"prefix"}}"#,
    example: Example::of(
        r#"{"algorithm":"sha256","hash":{"value":"7a37b85c8918eac19a9089c0fa5a2ab4dce3f90528dcdeec108b23ddf3607b99","encoding":"hex"},"salt":{"value":"salt","position":"suffix"}}"#,
        "password",
    ),
    okta: "where Okta can do the same: bcrypt, MD5, SHA-1, SHA-256, SHA-512, PBKDF2; hook: all others",
    prefixes: &["{\""],
    claims: |rest| json::mentions(rest, "algorithm\"") && json::mentions(rest, "hash\""),
    bare: true,
    reader: Reader::Format(read),
    ..Entry::BLANK
}];

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Object {
    algorithm: String,
    hash: Hash,
    salt: Option<Salt>,
    password: Option<Password>,
    keylen: Option<u32>,
    cost: Option<u32>,
    block_size: Option<u32>,
    parallelization: Option<u32>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Hash {
    value: String,
    encoding: Option<Encoding>,
    digest: Option<String>,
    key: Option<Key>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Key {
    value: String,
    encoding: Option<Encoding>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Salt {
    value: String,
    encoding: Option<Encoding>,
    position: Option<Position>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Password {
    encoding: Option<String>,
}

#[derive(Clone, Copy, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
enum Encoding {
    Base64,
    Hex,
    Utf8,
}

#[derive(Clone, Copy, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
enum Position {
    Prefix,
    Suffix,
}

impl Encoding {
    fn decode(self, text: &str) -> Result<Vec<u8>, Refusal> {
        let bytes = match self {
            Self::Base64 => encoding::from_base64_any(text.as_bytes()),
            Self::Hex => encoding::from_hex(text.as_bytes()),
            Self::Utf8 => Some(text.as_bytes().to_vec()),
        };
        bytes.ok_or_else(|| Refusal::unreadable("what an encoding is named for is not in it"))
    }
}

fn read(credential: &Credential<'_>, limits: &Limits) -> Reading {
    let what = "Auth0's custom_password_hash as JSON, with nothing that Auth0 does not take";
    let object: Object = json::object(credential.stored, what)?;
    let text = Credential { stored: object.hash.value.as_bytes(), ..*credential };
    match object.algorithm.as_str() {
        "argon2" => argon2::read(&text, limits),
        "bcrypt" => Ok(Box::new(bcrypt::read(&text, limits)?)),
        "pbkdf2" => inner("phc-pbkdf2", &text, limits),
        "ldap" => match registry::identify(text.stored)
            .filter(|entry| entry.auto() && text.stored.starts_with(b"{") && !text.stored.starts_with(b"{\""))
        {
            Some(entry) => entry.read(&text, limits),
            None => Err(Refusal::unreadable("expected a value in LDAP's notation, such as {SSHA}…")),
        },
        "scrypt" => scrypt(&object, limits),
        "hmac" => hmac(&object, credential, limits),
        name => match Digest::named(name) {
            Some(digest) => salted(&object, digest, credential, limits),
            None => Err(Refusal::unreadable("an algorithm that Auth0 does not take")),
        },
    }
}

/// A value of another scheme.
fn inner(scheme: &str, credential: &Credential<'_>, limits: &Limits) -> Reading {
    match registry::named(scheme) {
        Some(entry) => entry.read(credential, limits),
        None => Err(Refusal::unreadable(format!("the scheme {scheme} is missing"))),
    }
}

fn scrypt(object: &Object, limits: &Limits) -> Reading {
    let missing = || Refusal::unreadable("scrypt needs a salt, keylen, and a cost that is a power of two");
    let key = object.hash.encoding.unwrap_or(Encoding::Hex).decode(&object.hash.value)?;
    let salt = object.salt.as_ref().ok_or_else(missing)?;
    let salt = salt.encoding.unwrap_or(Encoding::Utf8).decode(&salt.value)?;
    let cost = object.cost.unwrap_or(16384);
    if object.keylen.is_none_or(|len| len as usize != key.len()) || !cost.is_power_of_two() {
        return Err(missing());
    }
    let (r, p) = (object.block_size.unwrap_or(8), object.parallelization.unwrap_or(1));
    Scrypt::checked(cost.ilog2(), r, p, salt, key, limits)
}

/// Which message a digest or an HMAC is of, as the place in the tables below, and the salt in it.
fn message(object: &Object) -> Result<(usize, Vec<u8>), Refusal> {
    let wide = match object.password.as_ref().and_then(|password| password.encoding.as_deref()) {
        None | Some("utf8" | "ascii") => 0,
        Some("utf16le" | "ucs2") => 3,
        Some(_) => {
            return Err(Refusal::unreadable("the password's encoding must be ascii, utf8, utf16le or ucs2"));
        }
    };
    let Some(salt) = &object.salt else { return Ok((wide, Vec::new())) };
    let bytes = salt.encoding.unwrap_or(Encoding::Utf8).decode(&salt.value)?;
    match salt.position {
        Some(Position::Prefix) => Ok((wide + 1, bytes)),
        Some(Position::Suffix) => Ok((wide + 2, bytes)),
        None => Err(Refusal::unreadable("the salt's position is missing: prefix or suffix")),
    }
}

static DIGESTS: [ByDigest; 6] = [
    ByDigest::new("{}($pass)"),
    ByDigest::new("{}($salt.$pass)"),
    ByDigest::new("{}($pass.$salt)"),
    ByDigest::new("{}(utf16le($pass))"),
    ByDigest::new("{}($salt.utf16le($pass))"),
    ByDigest::new("{}(utf16le($pass).$salt)"),
];

static HMACS: [ByDigest; 6] = [
    ByDigest::new("hmac_{}($salt2,$pass)"),
    ByDigest::new("hmac_{}($salt2,$salt.$pass)"),
    ByDigest::new("hmac_{}($salt2,$pass.$salt)"),
    ByDigest::new("hmac_{}($salt2,utf16le($pass))"),
    ByDigest::new("hmac_{}($salt2,$salt.utf16le($pass))"),
    ByDigest::new("hmac_{}($salt2,utf16le($pass).$salt)"),
];

fn salted(object: &Object, digest: Digest, credential: &Credential<'_>, limits: &Limits) -> Reading {
    let (place, salt) = message(object)?;
    let credential = Credential { salt: Some(&salt), ..*credential };
    compare(DIGESTS.get(place), digest, object, &credential, limits)
}

fn hmac(object: &Object, credential: &Credential<'_>, limits: &Limits) -> Reading {
    let digest = object.hash.digest.as_deref().and_then(Digest::named);
    let (Some(digest), Some(key)) = (digest, &object.hash.key) else {
        return Err(Refusal::unreadable("an HMAC needs a digest that is known here, and a key"));
    };
    let key = key.encoding.unwrap_or(Encoding::Utf8).decode(&key.value)?;
    let (place, salt) = message(object)?;
    let credential = Credential { salt: Some(&salt), salt2: Some(&key), ..*credential };
    compare(HMACS.get(place), digest, object, &credential, limits)
}

fn compare(
    expression: Option<&ByDigest>,
    digest: Digest,
    object: &Object,
    credential: &Credential<'_>,
    limits: &Limits,
) -> Reading {
    let expected = match object.hash.encoding {
        Some(encoding @ (Encoding::Hex | Encoding::Base64)) => encoding.decode(&object.hash.value)?,
        _ => return Err(Refusal::unreadable("the hash's encoding must be hex or base64")),
    };
    let unknown = || Refusal::unreadable("an algorithm that is not known here");
    expression.ok_or_else(unknown)?.read(digest, expected, credential, limits)
}
