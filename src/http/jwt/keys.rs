//! The issuer's public keys: a JWK set (RFC 7517, RFC 7518 section 6.3.1) of which what can verify RS256 is kept. Pure.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::signature::{RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents};
use serde::Deserialize;

/// More keys than any issuer has at a time.
const MOST: usize = 32;
/// Lengths of a modulus, in bytes: 2048 to 8192 bits.
const MODULUS: std::ops::RangeInclusive<usize> = 256..=1024;

/// What can verify a token.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Keys(Vec<Key>);

#[derive(Debug, PartialEq, Eq)]
struct Key {
    kid: String,
    n: Vec<u8>,
    e: Vec<u8>,
}

#[derive(Deserialize)]
struct Set {
    keys: Vec<Jwk>,
}

#[derive(Deserialize)]
struct Jwk {
    kty: Option<String>,
    kid: Option<String>,
    #[serde(rename = "use")]
    purpose: Option<String>,
    alg: Option<String>,
    n: Option<String>,
    e: Option<String>,
}

impl Keys {
    /// Those of a set that can be used; what is wrong with it as a whole, where none can.
    pub fn parse(json: &[u8]) -> Result<Self, &'static str> {
        let set: Set = serde_json::from_slice(json).map_err(|_| "what jwks_uri gives is no JWK set")?;
        if set.keys.len() > MOST {
            return Err("what jwks_uri gives holds more than 32 keys");
        }
        let keys: Vec<Key> = set.keys.into_iter().filter_map(Key::usable).collect();
        if keys.is_empty() {
            return Err(
                "what jwks_uri gives holds no RSA key of 2048 to 8192 bits for signatures with RS256",
            );
        }
        Ok(Self(keys))
    }

    /// Whether a key of this id is there.
    pub fn knows(&self, kid: &str) -> bool {
        self.0.iter().any(|key| key.kid == kid)
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.0.len()
    }

    /// Whether a key of this id has made this signature.
    pub fn verify(&self, kid: &str, signed: &[u8], signature: &[u8]) -> bool {
        self.0.iter().filter(|key| key.kid == kid).any(|key| {
            let key = RsaPublicKeyComponents { n: &key.n, e: &key.e };
            key.verify(&RSA_PKCS1_2048_8192_SHA256, signed, signature).is_ok()
        })
    }
}

impl Key {
    fn usable(jwk: Jwk) -> Option<Self> {
        let is = |value: &Option<String>, wanted: &str| value.as_deref().is_none_or(|value| value == wanted);
        if jwk.kty.as_deref() != Some("RSA") || !is(&jwk.purpose, "sig") || !is(&jwk.alg, "RS256") {
            return None;
        }
        let number = |text: Option<String>| URL_SAFE_NO_PAD.decode(text?).ok();
        let (n, e) = (number(jwk.n)?, number(jwk.e)?);
        let n = n.iter().position(|byte| *byte != 0).and_then(|start| n.get(start..)).unwrap_or_default();
        if !MODULUS.contains(&n.len()) || e.is_empty() || e.len() > 8 {
            return None;
        }
        Some(Self { kid: jwk.kid?, n: n.to_vec(), e })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn jwk() -> Value {
        json!({"kty": "RSA", "kid": "a", "use": "sig", "alg": "RS256", "e": "AQAB", "n": URL_SAFE_NO_PAD.encode([0xc1; 256])})
    }

    fn parse(keys: &[Value]) -> Result<usize, &'static str> {
        Keys::parse(json!({"keys": keys, "other": 1}).to_string().as_bytes()).map(|keys| keys.count())
    }

    #[test]
    fn only_what_verifies_rs256_is_kept() {
        assert_eq!(parse(&[jwk()]), Ok(1));
        for (member, value) in [
            ("kty", json!("EC")),
            ("kid", Value::Null),
            ("use", json!("enc")),
            ("alg", json!("RS512")),
            ("n", json!(URL_SAFE_NO_PAD.encode([0xc1; 128]))),
            ("n", json!(URL_SAFE_NO_PAD.encode([0xc1; 1025]))),
            ("n", json!("not base64url!")),
            ("e", json!("")),
        ] {
            let mut other = jwk();
            other[member] = value;
            assert_eq!(parse(&[jwk(), other.clone()]), Ok(1), "{other}");
            assert!(parse(&[other]).is_err());
        }
        let mut without = jwk();
        without["use"] = Value::Null;
        without["alg"] = Value::Null;
        assert_eq!(parse(&[without]), Ok(1));
    }

    #[test]
    fn a_set_is_bounded_and_is_one() {
        assert_eq!(parse(&vec![jwk(); 32]), Ok(32));
        assert!(parse(&vec![jwk(); 33]).is_err());
        assert!(parse(&[]).is_err());
        assert!(Keys::parse(b"{}").is_err() && Keys::parse(b"").is_err() && Keys::parse(b"[1]").is_err());
    }

    /// The key and the signature that RFC 7515, appendix A.2, prints.
    #[test]
    fn a_signature_is_its_key_s_over_its_text() {
        let mut jwk: Value =
            serde_json::from_str(include_str!("../../../tests/keys/rfc7515-a2.jwk")).expect("JSON");
        jwk["kid"] = json!("a2");
        let keys = Keys::parse(json!({"keys": [jwk]}).to_string().as_bytes()).expect("a key");
        let jws = include_str!("../../../tests/keys/rfc7515-a2.jws").trim_end();
        let (signed, signature) = jws.rsplit_once('.').expect("a signature");
        let signature = URL_SAFE_NO_PAD.decode(signature).expect("base64url");
        assert!(keys.knows("a2") && !keys.knows("a"));
        assert!(keys.verify("a2", signed.as_bytes(), &signature));
        assert!(!keys.verify("a", signed.as_bytes(), &signature));
        assert!(!keys.verify("a2", &signed.as_bytes()[1..], &signature));
        assert!(!keys.verify("a2", signed.as_bytes(), &signature[1..]));
    }
}
