//! `/oauth2/v1/token`: access tokens for a service app, by client credentials and `private_key_jwt`, and what they open.

use std::collections::{HashMap, HashSet};
use std::time::{Duration, SystemTime};

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use ring::signature::{RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey};
use serde_json::{Map, Value, json};

use super::rate::epoch_seconds;
use super::{Org, OrgError, locked, random_id};

/// The path of the token endpoint.
pub(super) const TOKEN_PATH: &str = "/oauth2/v1/token";
const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
/// How far ahead an assertion may end, in seconds.
const LONGEST_ASSERTION: u64 = 3600;
/// Scopes that this org knows.
const SCOPES: [&str; 10] = [
    "okta.users.read",
    "okta.users.manage",
    "okta.groups.read",
    "okta.groups.manage",
    "okta.inlineHooks.read",
    "okta.inlineHooks.manage",
    "okta.eventHooks.read",
    "okta.eventHooks.manage",
    "okta.logs.read",
    "okta.orgs.read",
];

/// An app that may get tokens for the API.
pub struct ServiceApp {
    client_id: String,
    /// As DER: PKCS #1's `RSAPublicKey`.
    public_key: Vec<u8>,
    token_lifetime: Duration,
}

impl ServiceApp {
    /// `public_key` is PEM, of an RSA key of 2048 bits or more: `PUBLIC KEY` or `RSA PUBLIC KEY`. Okta's tokens live
    /// an hour.
    pub fn new(client_id: &str, public_key: &str, token_lifetime: Duration) -> Result<Self, OrgError> {
        let wrong = || OrgError::PublicKey;
        let public_key = rsa_public_key(public_key).ok_or_else(wrong)?;
        Ok(Self { client_id: client_id.to_owned(), public_key, token_lifetime })
    }
}

/// Tokens given, and assertions taken.
#[derive(Default)]
pub(super) struct Tokens {
    given: HashMap<String, Token>,
    taken: HashSet<String>,
}

struct Token {
    ends: SystemTime,
    scopes: Vec<String>,
}

/// What a token does for a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Grant {
    /// It opens it.
    Open,
    /// It is no token, or none any more.
    Unknown,
    /// It lacks the scope.
    Scope,
}

impl Tokens {
    pub(super) fn grant(&self, token: &str, method: &Method, path: &str, now: SystemTime) -> Grant {
        match self.given.get(token) {
            Some(token) if now < token.ends => {
                let opens = |scope: &String| opens(scope, method, path);
                if token.scopes.iter().any(opens) { Grant::Open } else { Grant::Scope }
            }
            _ => Grant::Unknown,
        }
    }

    /// Ends all tokens.
    pub(super) fn revoke(&mut self) {
        self.given.clear();
    }

    /// How many were given and not revoked.
    pub(super) fn count(&self) -> usize {
        self.given.len()
    }
}

/// `okta.users.manage` opens all of `/api/v1/users`, `okta.users.read` what only reads.
fn opens(scope: &str, method: &Method, path: &str) -> bool {
    let mut parts = scope.split('.').skip(1);
    let (Some(family), Some(right)) = (parts.next(), parts.next()) else { return false };
    let of_path = match path.strip_prefix("/api/v1/").and_then(|path| path.split('/').next()) {
        Some("org") => "orgs",
        Some(family) => family,
        None => return false,
    };
    family == of_path && (right == "manage" || method == Method::GET)
}

/// An error as RFC 6749, section 5.2, and Okta's list of OAuth errors have it.
fn refused(error: &str, description: &str) -> Response {
    let status = if error == "invalid_client" { StatusCode::UNAUTHORIZED } else { StatusCode::BAD_REQUEST };
    (status, Json(json!({ "error": error, "error_description": description }))).into_response()
}

pub(super) async fn token(State(org): State<Org>, headers: HeaderMap, body: Bytes) -> Response {
    match grant(&org, &headers, &body) {
        Ok(answer) => {
            let mut response = Json(answer).into_response();
            response
                .headers_mut()
                .insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache, no-store"));
            response
        }
        Err((error, description)) => refused(error, description),
    }
}

fn grant(org: &Org, headers: &HeaderMap, body: &[u8]) -> Result<Value, (&'static str, &'static str)> {
    let announced =
        headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if !announced.starts_with("application/x-www-form-urlencoded") {
        return Err(("invalid_request", "The request's body must be form-urlencoded."));
    }
    let form: HashMap<String, String> = form_urlencoded::parse(body).into_owned().collect();
    let field = |name: &str| form.get(name).map_or("", String::as_str);
    if field("grant_type") != "client_credentials" {
        return Err(("unsupported_grant_type", "This org gives tokens for client_credentials only."));
    }
    if field("client_assertion_type") != ASSERTION_TYPE {
        return Err((
            "invalid_client",
            "The client authenticates by private_key_jwt: client_assertion_type is wrong.",
        ));
    }
    let app = org.0.service_app.as_ref().ok_or(("invalid_client", "The org has no service app."))?;
    let now = org.now();
    let identity = check_assertion(app, field("client_assertion"), &org.0.base_url, now)?;
    let scopes: Vec<String> = field("scope").split_whitespace().map(str::to_owned).collect();
    if scopes.is_empty() {
        return Err(("invalid_scope", "The org authorization server needs a scope."));
    }
    if scopes.iter().any(|scope| !SCOPES.contains(&scope.as_str())) {
        return Err((
            "invalid_scope",
            "One or more scopes are not configured for the authorization server resource.",
        ));
    }
    let token = random_id().ok_or(("server_error", "There is no randomness."))?;
    let mut tokens = locked(&org.0.tokens);
    if !tokens.taken.insert(identity) {
        return Err(("invalid_client", "The client_assertion's jti was used before."));
    }
    let ends = now + app.token_lifetime;
    tokens.given.retain(|_, token| now < token.ends);
    let scope = scopes.join(" ");
    tokens.given.insert(token.clone(), Token { ends, scopes });
    Ok(json!({
        "token_type": "Bearer",
        "expires_in": app.token_lifetime.as_secs(),
        "access_token": token,
        "scope": scope,
    }))
}

/// Checks a JWT by its signature and claims; gives its `jti`.
fn check_assertion(
    app: &ServiceApp,
    assertion: &str,
    base_url: &str,
    now: SystemTime,
) -> Result<String, (&'static str, &'static str)> {
    let wrong = |why| ("invalid_client", why);
    let (signed, signature) =
        assertion.rsplit_once('.').ok_or(wrong("The client_assertion must be a JWT."))?;
    let (head, claims) = signed.split_once('.').ok_or(wrong("The client_assertion must be a JWT."))?;
    let head = part(head).ok_or(wrong("The client_assertion's header cannot be read."))?;
    if head.get("alg").and_then(Value::as_str) != Some("RS256") {
        return Err(wrong("The client_assertion must be signed by RS256."));
    }
    let signature = URL_SAFE_NO_PAD.decode(signature);
    let signature = signature.map_err(|_| wrong("The client_assertion's signature cannot be read."))?;
    UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, &app.public_key)
        .verify(signed.as_bytes(), &signature)
        .map_err(|_| wrong("The client_assertion's signature is invalid."))?;

    let claims = part(claims).ok_or(wrong("The client_assertion's claims cannot be read."))?;
    let text = |name: &str| claims.get(name).and_then(Value::as_str).unwrap_or_default();
    if text("iss") != app.client_id || text("sub") != app.client_id {
        return Err(wrong("The client_assertion's iss and sub must be the client's id."));
    }
    if text("aud") != format!("{base_url}{TOKEN_PATH}") {
        return Err(wrong("The client_assertion's aud must be the token endpoint."));
    }
    let now = epoch_seconds(now);
    let ends = claims.get("exp").and_then(Value::as_u64).ok_or(wrong("The client_assertion has no exp."))?;
    if ends <= now {
        return Err(wrong("The client_assertion has expired."));
    }
    if ends > now + LONGEST_ASSERTION {
        return Err(wrong("The client_assertion must not be valid for more than an hour."));
    }
    match text("jti") {
        "" => Err(wrong("The client_assertion has no jti.")),
        jti => Ok(jti.to_owned()),
    }
}

fn part(text: &str) -> Option<Map<String, Value>> {
    match serde_json::from_slice(&URL_SAFE_NO_PAD.decode(text).ok()?).ok()? {
        Value::Object(object) => Some(object),
        _ => None,
    }
}

/// PKCS #1's `RSAPublicKey` from PEM, taken out of a `SubjectPublicKeyInfo` where it is in one.
fn rsa_public_key(pem: &str) -> Option<Vec<u8>> {
    let begin = pem.find("-----BEGIN ")?;
    let (label, rest) = pem.get(begin + 11..)?.split_once("-----")?;
    let (body, _) = rest.split_once("-----END ")?;
    let der = STANDARD.decode(body.split_whitespace().collect::<String>()).ok()?;
    match label {
        "RSA PUBLIC KEY" => Some(der),
        "PUBLIC KEY" => {
            let (info, _) = element(&der, 0x30)?;
            let (algorithm, rest) = element(info, 0x30)?;
            // rsaEncryption, 1.2.840.113549.1.1.1
            let (oid, _) = element(algorithm, 0x06)?;
            if oid != [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01] {
                return None;
            }
            let (bits, _) = element(rest, 0x03)?;
            bits.strip_prefix(&[0]).map(<[u8]>::to_vec)
        }
        _ => None,
    }
}

/// The content of the DER element of this tag that comes first, and what follows it.
fn element(der: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    let (first, rest) = der.split_first()?;
    let (length, rest) = rest.split_first()?;
    let (length, rest) = match usize::from(*length) {
        short @ 0..=0x7f => (short, rest),
        long @ 0x81..=0x83 => {
            let (bytes, rest) = rest.split_at_checked(long - 0x80)?;
            (bytes.iter().fold(0, |length, byte| length << 8 | usize::from(*byte)), rest)
        }
        _ => return None,
    };
    (*first == tag).then(|| rest.split_at_checked(length)).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scopes_open_their_own_family() {
        for (scope, method, path, expected) in [
            ("okta.users.manage", Method::POST, "/api/v1/users", true),
            ("okta.users.manage", Method::GET, "/api/v1/users/00u1", true),
            ("okta.users.read", Method::GET, "/api/v1/users", true),
            ("okta.users.read", Method::POST, "/api/v1/users", false),
            ("okta.users.manage", Method::GET, "/api/v1/groups", false),
            ("okta.logs.read", Method::GET, "/api/v1/logs", true),
            ("okta.orgs.read", Method::GET, "/api/v1/org", true),
            ("okta.inlineHooks.manage", Method::POST, "/api/v1/inlineHooks/cal1/execute", true),
        ] {
            assert_eq!(opens(scope, &method, path), expected, "{scope} {method} {path}");
        }
    }

    #[test]
    fn what_is_no_rsa_key_is_refused() {
        for bad in [
            "",
            "-----BEGIN PUBLIC KEY-----\n-----END PUBLIC KEY-----",
            "-----BEGIN PUBLIC KEY-----\nMIIB\n-----END PUBLIC KEY-----",
            // An Ed25519 key, RFC 8410, section 10.1.
            "-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=\n-----END PUBLIC KEY-----",
            "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----",
        ] {
            assert!(rsa_public_key(bad).is_none(), "{bad}");
        }
    }
}
