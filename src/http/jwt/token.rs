//! An access token as Okta sends it: a JWT signed with RS256 (RFC 7519, RFC 7515), read strictly. Pure.
//!
//! Nothing of its claims is looked at before the signature is found good. No part of a token ever shows.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny};

use super::Why;
use super::keys::Keys;

/// The longest token that is read, in bytes; Okta's have some one thousand.
const LONGEST: usize = 8 * 1024;
/// The last second of the year 9999: an `exp` beyond it is no time.
const LATEST: f64 = 253_402_300_799.0;
/// The longest `kid`.
const LONGEST_KID: usize = 256;

/// What a token must say to let a call in.
#[derive(Debug)]
pub struct Rules {
    /// `iss`, to the letter.
    pub issuer: String,
    /// One of `aud`.
    pub audience: String,
    /// Every one must be in `scp`.
    pub scopes: Vec<String>,
    /// One of them must be `cid`.
    pub client_ids: Vec<String>,
    /// How far clocks may differ, in seconds.
    pub leeway: u64,
}

/// A token whose signature is still to be verified.
pub struct Token<'t> {
    /// Which key is said to have signed it.
    pub kid: String,
    signed: &'t [u8],
    signature: Vec<u8>,
    payload: &'t str,
}

/// What a token says; only of one whose signature is good.
#[derive(Deserialize)]
pub struct Claims {
    iss: Option<String>,
    aud: Option<OneOrMore>,
    exp: Option<f64>,
    nbf: Option<f64>,
    iat: Option<f64>,
    scp: Option<Vec<String>>,
    scope: Option<String>,
    cid: Option<String>,
}

/// Unknown members are allowed, double ones are not.
#[derive(Deserialize)]
struct Head {
    alg: String,
    kid: Option<String>,
    typ: Option<String>,
    #[serde(default, deserialize_with = "there")]
    crit: bool,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum OneOrMore {
    One(String),
    More(Vec<String>),
}

impl std::fmt::Debug for Token<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Token(…)")
    }
}

impl<'t> Token<'t> {
    /// The compact serialization of a JWS, unverified.
    pub fn parse(text: &'t str) -> Result<Self, Why> {
        if text.len() > LONGEST {
            return Err(Why::Malformed);
        }
        let (signed, signature) = text.rsplit_once('.').ok_or(Why::Malformed)?;
        let (head, payload) = signed.split_once('.').ok_or(Why::Malformed)?;
        if payload.contains('.') {
            return Err(Why::Malformed);
        }
        let head: Head = serde_json::from_slice(&decoded(head)?).map_err(|_| Why::Malformed)?;
        if head.alg != "RS256" {
            return Err(Why::Algorithm);
        }
        // RFC 9068 has a kind of its own for access tokens; Okta names none.
        let kinds = ["JWT", "at+jwt", "application/at+jwt"];
        let known = |typ: &String| kinds.iter().any(|kind| kind.eq_ignore_ascii_case(typ));
        if head.crit || !head.typ.as_ref().is_none_or(known) {
            return Err(Why::Kind);
        }
        let kid = head.kid.filter(|kid| !kid.is_empty() && kid.len() <= LONGEST_KID).ok_or(Why::NoKeyId)?;
        Ok(Self { kid, signed: signed.as_bytes(), signature: decoded(signature)?, payload })
    }

    /// What it says, if one of the keys with its `kid` has signed it.
    pub fn verify(&self, keys: &Keys) -> Result<Claims, Why> {
        if !keys.verify(&self.kid, self.signed, &self.signature) {
            return Err(Why::Signature);
        }
        serde_json::from_slice(&decoded(self.payload)?).map_err(|_| Why::Malformed)
    }
}

impl std::fmt::Debug for Claims {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Claims(…)")
    }
}

impl Claims {
    /// Whether it lets a call in at this time, in seconds since 1970.
    pub fn hold(&self, rules: &Rules, now: u64) -> Result<(), Why> {
        if self.iss.as_ref() != Some(&rules.issuer) {
            return Err(Why::Issuer);
        }
        let for_us = match &self.aud {
            None => false,
            Some(OneOrMore::One(audience)) => *audience == rules.audience,
            Some(OneOrMore::More(audiences)) => audiences.contains(&rules.audience),
        };
        if !for_us {
            return Err(Why::Audience);
        }
        self.in_time(rules.leeway, now)?;
        if !self.cid.as_ref().is_some_and(|client| rules.client_ids.contains(client)) {
            return Err(Why::Client);
        }
        let granted: Vec<&str> = match (&self.scp, &self.scope) {
            (Some(list), _) => list.iter().map(String::as_str).collect(),
            (None, Some(text)) => text.split(' ').collect(),
            (None, None) => Vec::new(),
        };
        if !rules.scopes.iter().all(|scope| granted.contains(&scope.as_str())) {
            return Err(Why::Scope);
        }
        Ok(())
    }

    #[expect(clippy::cast_precision_loss, reason = "seconds since 1970 fit for millions of years")]
    fn in_time(&self, leeway: u64, now: u64) -> Result<(), Why> {
        let (earliest, latest) = (now.saturating_sub(leeway) as f64, now.saturating_add(leeway) as f64);
        let expires = self.exp.ok_or(Why::Expired)?;
        if expires > LATEST {
            return Err(Why::Malformed);
        }
        if expires <= earliest {
            return Err(Why::Expired);
        }
        let begun = |from: Option<f64>| from.is_none_or(|from| from <= latest);
        if begun(self.nbf) && begun(self.iat) { Ok(()) } else { Err(Why::NotYet) }
    }
}

/// Base64url without padding, and nothing else.
fn decoded(part: &str) -> Result<Vec<u8>, Why> {
    URL_SAFE_NO_PAD.decode(part).map_err(|_| Why::Malformed)
}

/// True for a member that is there, whatever its value.
fn there<'de, D: Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    IgnoredAny::deserialize(deserializer).map(|_| true)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: u64 = 1_800_000_000;

    fn rules() -> Rules {
        Rules {
            issuer: "https://example.okta.com/oauth2/default".to_owned(),
            audience: "api://default".to_owned(),
            scopes: vec!["keyferry".to_owned()],
            client_ids: vec!["0oa1".to_owned(), "0oa2".to_owned()],
            leeway: 60,
        }
    }

    fn token(head: &str) -> String {
        let part = |text: &str| URL_SAFE_NO_PAD.encode(text);
        format!("{}.{}.{}", part(head), part("{}"), part("signature"))
    }

    fn parsed(head: &str) -> Result<String, Why> {
        Token::parse(&token(head)).map(|token| token.kid)
    }

    #[test]
    fn a_head_names_rs256_and_a_key_and_nothing_that_must_be_understood() {
        assert_eq!(parsed(r#"{"alg":"RS256","kid":"k"}"#), Ok("k".to_owned()));
        assert_eq!(parsed(r#"{"alg":"RS256","kid":"k","typ":"at+JWT","x5t":"y"}"#), Ok("k".to_owned()));
        for (head, why) in [
            (r#"{"alg":"none","kid":"k"}"#, Why::Algorithm),
            (r#"{"alg":"HS256","kid":"k"}"#, Why::Algorithm),
            (r#"{"alg":"rs256","kid":"k"}"#, Why::Algorithm),
            (r#"{"alg":"RS256"}"#, Why::NoKeyId),
            (r#"{"alg":"RS256","kid":""}"#, Why::NoKeyId),
            (r#"{"alg":"RS256","kid":7}"#, Why::Malformed),
            (r#"{"alg":"RS256","kid":"k","crit":["b64"]}"#, Why::Kind),
            (r#"{"alg":"RS256","kid":"k","crit":null}"#, Why::Kind),
            (r#"{"alg":"RS256","kid":"k","typ":"application/okta-internal-at+jwt"}"#, Why::Kind),
            (r#"{"alg":"RS256","alg":"none","kid":"k"}"#, Why::Malformed),
            (r#"{"alg":"RS256","kid":"k","kid":"l"}"#, Why::Malformed),
            (r#"{"kid":"k"}"#, Why::Malformed),
            ("[]", Why::Malformed),
            ("", Why::Malformed),
        ] {
            assert_eq!(parsed(head), Err(why), "{head}");
        }
    }

    #[test]
    fn its_form_is_three_parts_of_base64url_without_padding() {
        let good = token(r#"{"alg":"RS256","kid":"k"}"#);
        assert!(Token::parse(&good).is_ok());
        let long = format!("{good}{}", "A".repeat(LONGEST));
        for bad in [
            "",
            "..",
            "a.b",
            &format!("{good}="),
            &format!("{good}."),
            &format!(".{good}"),
            &format!(" {good}"),
            &good.replacen('.', "+.", 1),
            &long,
        ] {
            assert_eq!(Token::parse(bad).err(), Some(Why::Malformed), "{bad}");
        }
    }

    fn held(change: &[(&str, &str)]) -> Result<(), Why> {
        let mut claims: Vec<(String, String)> = [
            ("iss", r#""https://example.okta.com/oauth2/default""#),
            ("aud", r#""api://default""#),
            ("exp", "1800000300"),
            ("iat", "1799999990"),
            ("scp", r#"["other","keyferry"]"#),
            ("cid", r#""0oa2""#),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into();
        for (name, value) in change {
            claims.retain(|(claim, _)| claim != name);
            if !value.is_empty() {
                claims.push(((*name).to_owned(), (*value).to_owned()));
            }
        }
        let text: Vec<String> = claims.iter().map(|(name, value)| format!("\"{name}\":{value}")).collect();
        let claims: Claims =
            serde_json::from_str(&format!("{{{}}}", text.join(","))).map_err(|_| Why::Malformed)?;
        claims.hold(&rules(), NOW)
    }

    #[test]
    fn every_claim_must_hold() {
        assert_eq!(held(&[]), Ok(()));
        assert_eq!(held(&[("aud", r#"["x","api://default"]"#)]), Ok(()));
        assert_eq!(held(&[("scp", ""), ("scope", r#""a keyferry b""#)]), Ok(()));
        for (change, why) in [
            ([("iss", "")], Why::Issuer),
            ([("iss", r#""https://example.okta.com/oauth2/default/""#)], Why::Issuer),
            ([("aud", "")], Why::Audience),
            ([("aud", r#"["api://default2"]"#)], Why::Audience),
            ([("aud", "7")], Why::Malformed),
            ([("scp", "")], Why::Scope),
            ([("scp", r#"["keyferry2"]"#)], Why::Scope),
            ([("scp", r#""keyferry""#)], Why::Malformed),
            ([("cid", "")], Why::Client),
            ([("cid", r#""0oa3""#)], Why::Client),
            ([("exp", "")], Why::Expired),
            ([("exp", "\"1800000300\"")], Why::Malformed),
        ] {
            assert_eq!(held(&change), Err(why), "{change:?}");
        }
        assert_eq!(held(&[("scp", "[]"), ("scope", r#""keyferry""#)]), Err(Why::Scope), "the list counts");
    }

    #[test]
    fn time_has_its_leeway_and_no_more() {
        for (claim, value, expected) in [
            ("exp", "1799999941", Ok(())),
            ("exp", "1799999940", Err(Why::Expired)),
            ("exp", "-1", Err(Why::Expired)),
            ("exp", "1e300", Err(Why::Malformed)),
            ("nbf", "1800000060", Ok(())),
            ("nbf", "1800000060.5", Err(Why::NotYet)),
            ("nbf", "1e300", Err(Why::NotYet)),
            ("iat", "1800000061", Err(Why::NotYet)),
        ] {
            assert_eq!(held(&[(claim, value)]), expected, "{claim} {value}");
        }
    }
}
