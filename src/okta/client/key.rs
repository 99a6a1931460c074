//! The service app's private key, and the assertion that it signs: a JWT with RS256 (RFC 7515, RFC 7523).

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::rand::SystemRandom;
use ring::rsa::{KeyPair, KeyPairComponents, PublicKeyComponents};
use ring::signature::RSA_PKCS1_SHA256;
use rustls::pki_types::PrivateKeyDer;
use rustls::pki_types::pem::PemObject as _;
use serde::Deserialize;
use zeroize::Zeroizing;

use super::error::SetupError;
use crate::secret::Secret;

/// An RSA key that signs.
pub(super) struct SigningKey(KeyPair);

impl std::fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SigningKey(…)")
    }
}

impl SigningKey {
    /// From PEM (PKCS#8 or PKCS#1) or from a private JWK.
    pub(super) fn read(text: &Secret) -> Result<Self, SetupError> {
        let bytes = text.expose().trim_ascii();
        let key = if bytes.starts_with(b"{") { Self::from_jwk(bytes)? } else { Self::from_pem(bytes)? };
        // Numbers that do not belong together show when something is signed.
        if key.sign(b"{}", b"{}").is_some() { Ok(key) } else { Err(UNUSABLE) }
    }

    fn from_pem(pem: &[u8]) -> Result<Self, SetupError> {
        if pem.windows(9).any(|part| part == b"ENCRYPTED") {
            return Err(SetupError::Key(
                "is encrypted; give it without a passphrase, in a file that only keyferry reads",
            ));
        }
        let der = PrivateKeyDer::from_pem_slice(pem)
            .map_err(|_| SetupError::Key("is neither PEM (PKCS#8 or PKCS#1) nor a JWK"))?;
        match der {
            PrivateKeyDer::Pkcs8(der) => KeyPair::from_pkcs8(der.secret_pkcs8_der()),
            PrivateKeyDer::Pkcs1(der) => KeyPair::from_der(der.secret_pkcs1_der()),
            _ => return Err(SetupError::Key("is not an RSA key; the app needs one for RS256")),
        }
        .map(Self)
        .map_err(|_| UNUSABLE)
    }

    fn from_jwk(json: &[u8]) -> Result<Self, SetupError> {
        let jwk: Jwk = serde_json::from_slice(json).map_err(|_| {
            SetupError::Key("is not a private JWK of type RSA with n, e, d, p, q, dp, dq and qi")
        })?;
        if jwk.kty != "RSA" {
            return Err(SetupError::Key("is not an RSA key; the app needs one for RS256"));
        }
        let part = |text: &Secret| -> Result<Zeroizing<Vec<u8>>, SetupError> {
            let bytes = URL_SAFE_NO_PAD.decode(text.expose()).map(Zeroizing::new);
            let bytes = bytes.map_err(|_| SetupError::Key("is a JWK with a number that is not base64url"))?;
            let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
            Ok(Zeroizing::new(bytes.iter().skip(zeros).copied().collect()))
        };
        KeyPair::from_components(&KeyPairComponents {
            public_key: PublicKeyComponents { n: part(&jwk.n)?, e: part(&jwk.e)? },
            d: part(&jwk.d)?,
            p: part(&jwk.p)?,
            q: part(&jwk.q)?,
            dP: part(&jwk.dp)?,
            dQ: part(&jwk.dq)?,
            qInv: part(&jwk.qi)?,
        })
        .map(Self)
        .map_err(|_| UNUSABLE)
    }

    /// The JWS compact serialization of these two JSON texts; `None` where the system gives no randomness.
    pub(super) fn sign(&self, header: &[u8], payload: &[u8]) -> Option<Zeroizing<String>> {
        let mut text = Zeroizing::new(URL_SAFE_NO_PAD.encode(header));
        text.push('.');
        URL_SAFE_NO_PAD.encode_string(payload, &mut text);
        let mut signature = vec![0; self.0.public().modulus_len()];
        self.0.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), text.as_bytes(), &mut signature).ok()?;
        text.push('.');
        URL_SAFE_NO_PAD.encode_string(signature, &mut text);
        Some(text)
    }
}

const UNUSABLE: SetupError =
    SetupError::Key("cannot be used: it must be RSA of 2048 bits or more, with numbers that belong together");

#[derive(Deserialize)]
struct Jwk {
    kty: String,
    n: Secret,
    e: Secret,
    d: Secret,
    p: Secret,
    q: Secret,
    dp: Secret,
    dq: Secret,
    qi: Secret,
}

#[cfg(test)]
mod tests {
    use super::*;

    // The key and the signature that RFC 7515, appendix A.2, prints; the PEM forms are the same key, by OpenSSL.
    const JWK: &str = include_str!("../../../tests/keys/rfc7515-a2.jwk");
    const PKCS1: &str = include_str!("../../../tests/keys/rfc7515-a2.pkcs1.pem");
    const PKCS8: &str = include_str!("../../../tests/keys/rfc7515-a2.pkcs8.pem");
    const JWS: &str = include_str!("../../../tests/keys/rfc7515-a2.jws");

    fn problem(text: &str) -> String {
        SigningKey::read(&Secret::from(text)).expect_err("no key").to_string()
    }

    #[test]
    fn each_form_of_the_key_signs_as_rfc_7515_prints_it() {
        let payload = "{\"iss\":\"joe\",\r\n \"exp\":1300819380,\r\n \"http://example.com/is_root\":true}";
        for form in [JWK, PKCS1, PKCS8] {
            let key = SigningKey::read(&Secret::from(form)).expect("a key");
            let jws = key.sign(br#"{"alg":"RS256"}"#, payload.as_bytes()).expect("signed");
            assert_eq!(jws.as_str(), JWS.trim_end());
            assert_eq!(format!("{key:?}"), "SigningKey(…)");
        }
    }

    #[test]
    fn what_is_no_such_key_is_told_without_showing_it() {
        let public = JWK.replace("\"d\"", "\"x\"");
        let elliptic = JWK.replace("\"RSA\"", "\"EC\"");
        let mixed = JWK.replace("\"dp\": \"Bw", "\"dp\": \"Cw");
        let not_base64 = JWK.replace("\"AQAB\"", "\"A QAB\"");
        let cut: String =
            PKCS8.lines().filter(|line| !line.starts_with("MII")).collect::<Vec<_>>().join("\n");
        let encrypted = PKCS8.replace("BEGIN PRIVATE", "BEGIN ENCRYPTED PRIVATE");
        // P-256, and RSA of 1024 bits: made by OpenSSL for this test alone.
        let p256 = "-----BEGIN PRIVATE KEY-----\nMIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg5umsINPOcte9QhzHECOUjaOlVwiFDdSqiZRI3kq/hRChRANCAAQgWVd8IWk5QWHxNdJ/QcoAs+QgZYVYdUyhbvmvvuSX1xkmmHi3VPW9ND3reqP1Lv3x0Ljb8Kmnc1I6envTMgsT\n-----END PRIVATE KEY-----";
        for (text, words) in [
            ("", "neither PEM"),
            ("hello", "neither PEM"),
            ("{}", "not a private JWK"),
            (public.as_str(), "not a private JWK"),
            (elliptic.as_str(), "not an RSA key"),
            (mixed.as_str(), "cannot be used"),
            (not_base64.as_str(), "not base64url"),
            (cut.as_str(), "cannot be used"),
            (encrypted.as_str(), "encrypted"),
            (p256, "cannot be used"),
        ] {
            let problem = problem(text);
            assert!(problem.contains(words), "{words}: {problem}");
            assert!(problem.len() < 120, "{problem}");
        }
    }
}
