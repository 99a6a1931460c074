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
        if bytes.starts_with(b"{") { Self::from_jwk(bytes) } else { Self::from_pem(bytes) }
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
