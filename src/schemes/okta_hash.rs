//! Okta's `credentials.password.hash` object. Okta has accepted malformed hashes in silence and the users then
//! could not sign in, so nothing but a validated object can be made here.

use std::borrow::Cow;

use serde::Serialize;
use thiserror::Error;

use super::digest::Digest;
use super::encoding;

/// Why Okta cannot take a value as a hash; the user then goes with the password hook.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{0}")]
pub struct NotImportable(pub Cow<'static, str>);

impl NotImportable {
    /// Of an algorithm that Okta does not know at all.
    pub(in crate::schemes) fn algorithm(name: &str) -> Self {
        Self(format!("{name} is not among Okta's algorithms").into())
    }
}

/// Where the salt stands, seen from the password.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum SaltOrder {
    /// Before the password.
    Prefix,
    /// After the password.
    Postfix,
}

/// The HMAC inside PBKDF2, of those that Okta takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum DigestAlgorithm {
    /// HMAC with SHA-256.
    #[serde(rename = "SHA256_HMAC")]
    Sha256Hmac,
    /// HMAC with SHA-512.
    #[serde(rename = "SHA512_HMAC")]
    Sha512Hmac,
}

/// The object itself; serializes to exactly Okta's JSON.
#[derive(Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct OktaHash {
    algorithm: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    work_factor: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    salt: Option<String>,
    value: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    salt_order: Option<SaltOrder>,
    #[serde(skip_serializing_if = "Option::is_none")]
    digest_algorithm: Option<DigestAlgorithm>,
    #[serde(skip_serializing_if = "Option::is_none")]
    iteration_count: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    key_size: Option<u32>,
}

/// A field of the object.
#[derive(Clone, Copy, Debug)]
pub enum HashField<'a> {
    /// A text.
    Text(&'a str),
    /// A number.
    Number(u32),
}

/// The fewest rounds of PBKDF2 that Okta takes.
const PBKDF2_MIN_ROUNDS: u32 = 4096;
/// The largest bcrypt cost that Okta takes.
const BCRYPT_MAX_COST: u32 = 20;

impl OktaHash {
    /// Okta's name of the algorithm: `BCRYPT`, `SHA-512`, `PBKDF2` …
    pub fn algorithm(&self) -> &'static str {
        self.algorithm
    }

    /// The fields as they serialize, in their order.
    pub fn fields(&self, mut each: impl FnMut(&'static str, HashField<'_>)) {
        each("algorithm", HashField::Text(self.algorithm));
        if let Some(cost) = self.work_factor {
            each("workFactor", HashField::Number(cost));
        }
        if let Some(salt) = &self.salt {
            each("salt", HashField::Text(salt));
        }
        each("value", HashField::Text(&self.value));
        if let Some(order) = self.salt_order {
            let order = match order {
                SaltOrder::Prefix => "PREFIX",
                SaltOrder::Postfix => "POSTFIX",
            };
            each("saltOrder", HashField::Text(order));
        }
        if let Some(digest) = self.digest_algorithm {
            let digest = match digest {
                DigestAlgorithm::Sha256Hmac => "SHA256_HMAC",
                DigestAlgorithm::Sha512Hmac => "SHA512_HMAC",
            };
            each("digestAlgorithm", HashField::Text(digest));
        }
        if let Some(rounds) = self.iteration_count {
            each("iterationCount", HashField::Number(rounds));
        }
        if let Some(size) = self.key_size {
            each("keySize", HashField::Number(size));
        }
    }

    /// The algorithm with the salt's place or the rounds, for people: `SHA-1, POSTFIX`.
    pub fn description(&self) -> String {
        let detail = match (self.salt_order, self.iteration_count, self.work_factor) {
            (Some(SaltOrder::Prefix), _, _) => ", PREFIX".to_owned(),
            (Some(SaltOrder::Postfix), _, _) => ", POSTFIX".to_owned(),
            (_, Some(rounds), _) => format!(", {rounds} rounds"),
            (_, _, Some(cost)) => format!(", workFactor {cost}"),
            _ => String::new(),
        };
        format!("{}{detail}", self.algorithm)
    }

    /// `BCRYPT`: a cost of 1 to 20, the salt as its 22 characters of radix-64 and the value as the 31 after it. The
    /// spare bits of either's last character must be zero: some bcrypt libraries refuse others.
    pub fn bcrypt(cost: u32, salt: &str, value: &str) -> Result<Self, NotImportable> {
        if !(1..=BCRYPT_MAX_COST).contains(&cost) {
            return Err(NotImportable(
                format!("bcrypt cost {cost}: Okta takes 1 to {BCRYPT_MAX_COST}").into(),
            ));
        }
        if !is_radix64(salt, 22, 0x0f) {
            return Err(NotImportable("the salt is not 22 characters of bcrypt's radix-64".into()));
        }
        if !is_radix64(value, 31, 0x03) {
            return Err(NotImportable("the value is not 31 characters of bcrypt's radix-64".into()));
        }
        let salt = Some(salt.to_owned());
        Ok(Self { work_factor: Some(cost), salt, ..Self::named("BCRYPT", value.to_owned()) })
    }

    /// `SHA-512`, `SHA-256`, `SHA-1` or `MD5` of the password, once, with a salt before or after it or none. An
    /// empty salt is none.
    pub(in crate::schemes) fn digest(
        digest: Digest,
        value: &[u8],
        salt: Option<(SaltOrder, &[u8])>,
    ) -> Result<Self, NotImportable> {
        let algorithm = match digest {
            Digest::Md5 => "MD5",
            Digest::Sha1 => "SHA-1",
            Digest::Sha256 => "SHA-256",
            Digest::Sha512 => "SHA-512",
            other => return Err(NotImportable::algorithm(other.title())),
        };
        if value.len() != digest.len() {
            return Err(NotImportable(format!("the value is not {} bytes long", digest.len()).into()));
        }
        let mut hash = Self::named(algorithm, encoding::to_base64(value));
        if let Some((order, salt)) = salt.filter(|(_, salt)| !salt.is_empty()) {
            hash.salt = Some(encoding::to_base64(salt));
            hash.salt_order = Some(order);
        }
        Ok(hash)
    }

    /// `PBKDF2` with HMAC-SHA-256 or HMAC-SHA-512 and at least 4096 rounds.
    pub(in crate::schemes) fn pbkdf2(
        digest: Digest,
        rounds: u32,
        salt: &[u8],
        value: &[u8],
    ) -> Result<Self, NotImportable> {
        let algorithm = match digest {
            Digest::Sha256 => DigestAlgorithm::Sha256Hmac,
            Digest::Sha512 => DigestAlgorithm::Sha512Hmac,
            other => {
                let why = format!("PBKDF2 with {}: Okta takes SHA-256 and SHA-512 only", other.title());
                return Err(NotImportable(why.into()));
            }
        };
        if rounds < PBKDF2_MIN_ROUNDS {
            let why = format!("PBKDF2 with {rounds} rounds: Okta takes {PBKDF2_MIN_ROUNDS} and more");
            return Err(NotImportable(why.into()));
        }
        if salt.is_empty() {
            return Err(NotImportable("PBKDF2 without a salt".into()));
        }
        let key_size = u32::try_from(value.len()).ok().filter(|&size| size > 0);
        let key_size = key_size.ok_or_else(|| NotImportable("the PBKDF2 key is empty".into()))?;
        Ok(Self {
            salt: Some(encoding::to_base64(salt)),
            digest_algorithm: Some(algorithm),
            iteration_count: Some(rounds),
            key_size: Some(key_size),
            ..Self::named("PBKDF2", encoding::to_base64(value))
        })
    }

    fn named(algorithm: &'static str, value: String) -> Self {
        Self {
            algorithm,
            work_factor: None,
            salt: None,
            value,
            salt_order: None,
            digest_algorithm: None,
            iteration_count: None,
            key_size: None,
        }
    }
}

/// Whether a text is bcrypt's radix-64 of this length; `spare` are the bits of its last character that must be zero.
fn is_radix64(text: &str, length: usize, spare: u8) -> bool {
    let values = text.bytes().map(encoding::radix64_value);
    let last = text.bytes().next_back().and_then(encoding::radix64_value);
    text.len() == length
        && values.fold(true, |good, value| good & value.is_some())
        && last.is_some_and(|last| last & spare == 0)
}

impl std::fmt::Debug for OktaHash {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "OktaHash({})", self.algorithm)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn text(hash: Result<OktaHash, NotImportable>) -> serde_json::Value {
        serde_json::to_value(hash.unwrap()).unwrap()
    }

    /// Okta's own example of a bcrypt import.
    #[test]
    fn bcrypt_as_okta_documents_it() {
        let hash = OktaHash::bcrypt(10, "rwh3vH166HCH/NT9XV5FYu", "qaMqvAPULkbiQzkTCWo5XDcvzpk8Tna");
        assert_eq!(
            text(hash),
            json!({"algorithm": "BCRYPT", "workFactor": 10, "salt": "rwh3vH166HCH/NT9XV5FYu",
                   "value": "qaMqvAPULkbiQzkTCWo5XDcvzpk8Tna"})
        );
    }

    #[test]
    fn bcrypt_refuses_what_okta_would_swallow() {
        let (salt, value) = ("rwh3vH166HCH/NT9XV5FYu", "qaMqvAPULkbiQzkTCWo5XDcvzpk8Tna");
        assert!(OktaHash::bcrypt(20, salt, value).is_ok());
        for (cost, salt, value) in [
            (0, salt, value),
            (21, salt, value),
            (10, "rwh3vH166HCH/NT9XV5FY", value),
            (10, "rwh3vH166HCH/NT9XV5FY+", value),
            (10, "rwh3vH166HCH/NT9XV5FYv", value),
            (10, salt, "qaMqvAPULkbiQzkTCWo5XDcvzpk8Tn"),
            (10, salt, "qaMqvAPULkbiQzkTCWo5XDcvzpk8Tna="),
        ] {
            assert!(OktaHash::bcrypt(cost, salt, value).is_err());
        }
    }

    #[test]
    fn digests_carry_an_order_only_with_a_salt() {
        assert_eq!(
            text(OktaHash::digest(Digest::Md5, &[0; 16], Some((SaltOrder::Postfix, b"ab")))),
            json!({"algorithm": "MD5", "salt": "YWI=", "saltOrder": "POSTFIX", "value": "AAAAAAAAAAAAAAAAAAAAAA=="})
        );
        assert_eq!(
            text(OktaHash::digest(Digest::Md5, &[0; 16], Some((SaltOrder::Prefix, b"")))),
            json!({"algorithm": "MD5", "value": "AAAAAAAAAAAAAAAAAAAAAA=="})
        );
        assert!(OktaHash::digest(Digest::Sha384, &[0; 48], None).is_err());
        assert!(OktaHash::digest(Digest::Sha1, &[0; 16], None).is_err());
    }

    #[test]
    fn pbkdf2_within_oktas_bounds() {
        assert_eq!(
            text(OktaHash::pbkdf2(Digest::Sha512, 4096, b"ab", &[0; 3])),
            json!({"algorithm": "PBKDF2", "digestAlgorithm": "SHA512_HMAC", "iterationCount": 4096,
                   "keySize": 3, "salt": "YWI=", "value": "AAAA"})
        );
        assert!(OktaHash::pbkdf2(Digest::Sha512, 4095, b"ab", &[0; 3]).is_err());
        assert!(OktaHash::pbkdf2(Digest::Sha1, 10_000, b"ab", &[0; 20]).is_err());
        assert!(OktaHash::pbkdf2(Digest::Sha256, 10_000, b"", &[0; 32]).is_err());
        assert!(OktaHash::pbkdf2(Digest::Sha256, 10_000, b"ab", b"").is_err());
    }

    #[test]
    fn debug_shows_no_digest() {
        let hash = OktaHash::digest(Digest::Md5, &[0; 16], None).unwrap();
        assert_eq!(format!("{hash:?}"), "OktaHash(MD5)");
    }
}
