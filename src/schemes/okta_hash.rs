//! Okta's `credentials.password.hash` object. Okta has accepted malformed hashes in silence and the users then
//! could not sign in, so nothing but a validated object can be made here.

use serde::Serialize;
use thiserror::Error;

/// Why Okta cannot take a value as a hash; the user then goes with the password hook.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{0}")]
pub struct NotImportable(pub String);

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

impl OktaHash {
    /// Okta's name of the algorithm: `BCRYPT`, `SHA-512`, `PBKDF2` …
    pub fn algorithm(&self) -> &'static str {
        self.algorithm
    }
}

impl std::fmt::Debug for OktaHash {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "OktaHash({})", self.algorithm)
    }
}
