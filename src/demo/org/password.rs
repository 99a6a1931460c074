//! Imported hashes as Okta's `credentials.password.hash` object describes them, and the org's own digest.
//!
//! This is the org's side of the bargain: it reads the JSON fields and nothing else, and shares no code with
//! the room `schemes`, so that an object which we build wrongly fails to verify here. Okta has taken malformed
//! objects in silence; this org refuses them and says which field it was.

use base64::Engine as _;
use base64::alphabet::BCRYPT;
use base64::engine::general_purpose::{GeneralPurpose, NO_PAD, STANDARD};
use hmac::{EagerHash, KeyInit};
use md5::Md5;
use serde_json::{Map, Value};
use sha1::Sha1;
use sha2::{Digest, Sha256, Sha512};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use crate::secret::Secret;

/// Whether a password is the right one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Check {
    /// It is.
    Right,
    /// It is not.
    Wrong,
}

impl Check {
    fn of(computed: &[u8], expected: &[u8]) -> Self {
        if computed.ct_eq(expected).into() { Self::Right } else { Self::Wrong }
    }
}

/// A hash that was imported and has not been used yet.
pub(super) enum ImportedHash {
    /// The crypt string put together again. Okta documents `$2a$`.
    Bcrypt(Zeroizing<String>),
    /// One round of a digest over salt and password.
    Digest { digest: PlainDigest, salt: Option<(SaltPlace, Secret)>, value: Secret },
    /// PBKDF2 with HMAC.
    Pbkdf2 { prf: Prf, rounds: u32, salt: Secret, value: Secret },
}

/// Digests that Okta imports, of one round.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum PlainDigest {
    Md5,
    Sha1,
    Sha256,
    Sha512,
}

/// Where the salt stands, seen from the password.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SaltPlace {
    Prefix,
    Postfix,
}

/// `digestAlgorithm`
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Prf {
    Sha256,
    Sha512,
}

impl PlainDigest {
    fn width(self) -> usize {
        match self {
            Self::Md5 => 16,
            Self::Sha1 => 20,
            Self::Sha256 => 32,
            Self::Sha512 => 64,
        }
    }
}

impl ImportedHash {
    /// Reads the JSON object. The error is a cause for Okta's error object: field and fault, never a value.
    pub(super) fn parse(hash: &Map<String, Value>) -> Result<Self, String> {
        let algorithm = text(hash, "algorithm")?;
        let digest = |digest, name| Self::parse_digest(hash, digest, name);
        match algorithm {
            "BCRYPT" => Self::parse_bcrypt(hash),
            "MD5" => digest(PlainDigest::Md5, "MD5"),
            "SHA-1" => digest(PlainDigest::Sha1, "SHA-1"),
            "SHA-256" => digest(PlainDigest::Sha256, "SHA-256"),
            "SHA-512" => digest(PlainDigest::Sha512, "SHA-512"),
            "PBKDF2" => Self::parse_pbkdf2(hash),
            _ => Err(fault("algorithm", "not one of BCRYPT, SHA-512, SHA-256, SHA-1, MD5, PBKDF2")),
        }
    }

    fn parse_bcrypt(hash: &Map<String, Value>) -> Result<Self, String> {
        only(hash, &["algorithm", "workFactor", "salt", "value"], "BCRYPT")?;
        let cost = number(hash, "workFactor")?;
        // Okta's description says 1 to 20; bcrypt itself begins at 4.
        if !(4..=20).contains(&cost) {
            return Err(fault("workFactor", "must be from 4 to 20"));
        }
        let radix64 = GeneralPurpose::new(&BCRYPT, NO_PAD);
        let salt = text(hash, "salt")?;
        if salt.len() != 22 || radix64.decode(salt).map(|salt| salt.len()) != Ok(16) {
            return Err(fault("salt", "must be 22 characters of bcrypt's radix-64"));
        }
        let value = text(hash, "value")?;
        if value.len() != 31 || radix64.decode(value).map(|value| value.len()) != Ok(23) {
            return Err(fault("value", "must be 31 characters of bcrypt's radix-64"));
        }
        Ok(Self::Bcrypt(Zeroizing::new(format!("$2a${cost:02}${salt}{value}"))))
    }

    fn parse_digest(hash: &Map<String, Value>, digest: PlainDigest, name: &str) -> Result<Self, String> {
        only(hash, &["algorithm", "salt", "saltOrder", "value"], name)?;
        let value = base64(hash, "value")?;
        if value.len() != digest.width() {
            let fault_is = format!("must be {} bytes of {name} in base64", digest.width());
            return Err(fault("value", &fault_is));
        }
        let salt = match (hash.contains_key("salt"), hash.get("saltOrder").map(Value::as_str)) {
            (false, None) => None,
            (true, Some(Some("PREFIX"))) => Some((SaltPlace::Prefix, base64(hash, "salt")?)),
            (true, Some(Some("POSTFIX"))) => Some((SaltPlace::Postfix, base64(hash, "salt")?)),
            (true, _) => return Err(fault("saltOrder", "must be PREFIX or POSTFIX where there is a salt")),
            (false, Some(_)) => return Err(fault("salt", "must be there where there is a saltOrder")),
        };
        if salt.as_ref().is_some_and(|(_, salt)| salt.is_empty()) {
            return Err(fault("salt", "must not be empty"));
        }
        Ok(Self::Digest { digest, salt, value })
    }

    fn parse_pbkdf2(hash: &Map<String, Value>) -> Result<Self, String> {
        let fields = ["algorithm", "salt", "value", "iterationCount", "keySize", "digestAlgorithm"];
        only(hash, &fields, "PBKDF2")?;
        let prf = match text(hash, "digestAlgorithm")? {
            "SHA256_HMAC" => Prf::Sha256,
            "SHA512_HMAC" => Prf::Sha512,
            _ => return Err(fault("digestAlgorithm", "must be SHA256_HMAC or SHA512_HMAC")),
        };
        let rounds = number(hash, "iterationCount")?;
        // The upper bound is this org's own: it runs on a laptop.
        if !(4096..=10_000_000).contains(&rounds) {
            return Err(fault("iterationCount", "must be at least 4096, and at most 10000000 here"));
        }
        let value = base64(hash, "value")?;
        let size = number(hash, "keySize")?;
        if value.is_empty() || value.len() > 512 || usize::try_from(size) != Ok(value.len()) {
            return Err(fault("keySize", "must be the number of bytes in value, at most 512"));
        }
        Ok(Self::Pbkdf2 { prf, rounds, salt: base64(hash, "salt")?, value })
    }

    /// Computes and compares; takes as long as the hash asks for, so not on an async thread.
    pub(super) fn check(&self, password: &[u8]) -> Check {
        match self {
            Self::Bcrypt(crypt) => match bcrypt::verify(password, crypt) {
                Ok(true) => Check::Right,
                _ => Check::Wrong,
            },
            Self::Digest { digest, salt, value } => {
                let (before, after): (&[u8], &[u8]) = match salt {
                    None => (&[], &[]),
                    Some((SaltPlace::Prefix, salt)) => (salt.expose(), &[]),
                    Some((SaltPlace::Postfix, salt)) => (&[], salt.expose()),
                };
                let parts = [before, password, after];
                let computed = match digest {
                    PlainDigest::Md5 => one_round::<Md5>(parts),
                    PlainDigest::Sha1 => one_round::<Sha1>(parts),
                    PlainDigest::Sha256 => one_round::<Sha256>(parts),
                    PlainDigest::Sha512 => one_round::<Sha512>(parts),
                };
                Check::of(&computed, value.expose())
            }
            Self::Pbkdf2 { prf, rounds, salt, value } => {
                let computed = match prf {
                    Prf::Sha256 => derive::<Sha256>(password, salt.expose(), *rounds, value.len()),
                    Prf::Sha512 => derive::<Sha512>(password, salt.expose(), *rounds, value.len()),
                };
                computed.map_or(Check::Wrong, |computed| Check::of(&computed, value.expose()))
            }
        }
    }
}

/// The org's own digest of a password that arrived: cheap, since it lives as long as the process.
pub(super) struct OwnDigest {
    salt: [u8; 16],
    digest: Zeroizing<Vec<u8>>,
}

impl OwnDigest {
    const ROUNDS: u32 = 1000;

    /// `None` where the system gives no random salt.
    pub(super) fn of(password: &[u8]) -> Option<Self> {
        let mut salt = [0; 16];
        getrandom::fill(&mut salt).ok()?;
        Some(Self { salt, digest: derive::<Sha256>(password, &salt, Self::ROUNDS, 32)? })
    }

    pub(super) fn check(&self, password: &[u8]) -> Check {
        derive::<Sha256>(password, &self.salt, Self::ROUNDS, 32)
            .map_or(Check::Wrong, |computed| Check::of(&computed, &self.digest))
    }
}

fn one_round<D: Digest>(parts: [&[u8]; 3]) -> Zeroizing<Vec<u8>> {
    let mut digest = D::new();
    for part in parts {
        digest.update(part);
    }
    Zeroizing::new(digest.finalize().to_vec())
}

fn derive<D: EagerHash>(password: &[u8], salt: &[u8], rounds: u32, width: usize) -> Option<Zeroizing<Vec<u8>>>
where
    hmac::Hmac<D>: KeyInit + Clone,
{
    let mut computed = Zeroizing::new(vec![0; width]);
    pbkdf2::pbkdf2::<hmac::Hmac<D>>(password, salt, rounds, &mut computed).ok()?;
    Some(computed)
}

fn fault(field: &str, what: &str) -> String {
    format!("credentials.password.hash.{field}: {what}")
}

fn only(hash: &Map<String, Value>, fields: &[&str], algorithm: &str) -> Result<(), String> {
    if hash.keys().all(|key| fields.contains(&key.as_str())) {
        return Ok(());
    }
    Err(format!("credentials.password.hash: {algorithm} takes {} and nothing else", fields.join(", ")))
}

fn text<'a>(hash: &'a Map<String, Value>, field: &str) -> Result<&'a str, String> {
    hash.get(field).and_then(Value::as_str).ok_or_else(|| fault(field, "must be there, as text"))
}

fn number(hash: &Map<String, Value>, field: &str) -> Result<u32, String> {
    hash.get(field)
        .and_then(Value::as_u64)
        .and_then(|number| u32::try_from(number).ok())
        .ok_or_else(|| fault(field, "must be there, as a whole number"))
}

fn base64(hash: &Map<String, Value>, field: &str) -> Result<Secret, String> {
    STANDARD
        .decode(text(hash, field)?)
        .map(Secret::new)
        .map_err(|_| fault(field, "must be base64, padded, of the raw bytes"))
}
