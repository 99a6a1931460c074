//! OAuth 2.0 client credentials with `private_key_jwt`: an access token, kept and renewed before it ends.
//!
//! One renewal at a time; whoever comes meanwhile waits for it. Neither the assertion nor the token ever shows.

use std::time::Duration;

use form_urlencoded::Serializer;
use http_body_util::Full;
use hyper::body::Bytes;
use hyper::header::{self, HeaderValue};
use hyper::{Request, StatusCode, Uri};
use serde::Deserialize;
use serde_json::json;
use tokio::sync::Mutex;
use tokio::time::Instant;
use zeroize::Zeroizing;

use super::error::{CallError, Refusal, SetupError, without_values};
use super::exchange::seconds;
use super::key::SigningKey;
use super::transport::{Answer, Failure};
use super::{Inner, chance, pacing};
use crate::secret::Secret;

/// What the client may do, once the app is granted it.
const SCOPES: &str =
    "okta.users.manage okta.groups.manage okta.inlineHooks.manage okta.eventHooks.manage okta.logs.read";
/// How long an assertion is good.
const ASSERTION: u64 = 300;
/// A token is renewed so long before its end, or when a fifth of its life is left.
const BEFORE_END: Duration = Duration::from_mins(5);
/// The longest answer of the token endpoint that is read.
const LONGEST: usize = 64 * 1024;
/// A clock that is as far off as this is a reason to sign again.
const CLOCK_OFF: u64 = 2;

/// The way to access tokens.
pub(super) struct OAuth {
    endpoint: String,
    client_id: String,
    key_id: String,
    key: SigningKey,
    token: Mutex<Kept>,
}

#[derive(Default)]
struct Kept {
    generation: u64,
    token: Option<(HeaderValue, Instant)>,
}

#[derive(Deserialize)]
struct Granted {
    token_type: String,
    access_token: Secret,
    expires_in: u64,
}

#[derive(Deserialize)]
struct Denied {
    error: String,
    error_description: Option<String>,
}

/// What asking for a token came to, where it came to none.
enum Ask {
    Again(String),
    Never(CallError),
}

impl OAuth {
    pub(super) fn new(
        org: &Uri,
        client_id: String,
        key_id: String,
        key: &Secret,
    ) -> Result<Self, SetupError> {
        let endpoint = format!("{}/oauth2/v1/token", org.to_string().trim_end_matches('/'));
        Ok(Self { endpoint, client_id, key_id, key: SigningKey::read(key)?, token: Mutex::default() })
    }

    /// The header with a token that is good for a while yet, and which one it is.
    pub(super) async fn header(
        &self,
        client: &Inner,
        until: Option<Instant>,
    ) -> Result<(HeaderValue, u64), CallError> {
        let mut kept = self.token.lock().await;
        if let Some((header, renew_at)) = &kept.token
            && Instant::now() < *renew_at
        {
            return Ok((header.clone(), kept.generation));
        }
        let (header, renew_at) = self.renew(client, until).await?;
        kept.token = Some((header.clone(), renew_at));
        kept.generation += 1;
        Ok((header, kept.generation))
    }

    /// Okta has refused the token of this generation.
    pub(super) async fn ended(&self, generation: u64) {
        let mut kept = self.token.lock().await;
        if kept.generation == generation {
            kept.token = None;
        }
    }

    async fn renew(
        &self,
        client: &Inner,
        until: Option<Instant>,
    ) -> Result<(HeaderValue, Instant), CallError> {
        let mut attempts = 0;
        loop {
            let signed_at = seconds(client.okta_now());
            let why = match self.ask(client, signed_at).await {
                Ok(granted) => return Ok(granted),
                // The first answer of all tells Okta's clock; by ours the assertion was not good.
                Err(Ask::Never(CallError::BadToken(_)))
                    if attempts == 0 && seconds(client.okta_now()).abs_diff(signed_at) > CLOCK_OFF =>
                {
                    attempts += 1;
                    continue;
                }
                Err(Ask::Never(error)) => return Err(error),
                Err(Ask::Again(why)) => why,
            };
            attempts += 1;
            let at = Instant::now() + pacing::backoff(attempts, chance());
            if until.is_some_and(|until| at > until) {
                return Err(CallError::NotSent(format!("no access token: {why}")));
            }
            tokio::time::sleep_until(at).await;
        }
    }

    async fn ask(&self, client: &Inner, now: u64) -> Result<(HeaderValue, Instant), Ask> {
        let request = self.request(now).ok_or_else(|| {
            Ask::Never(CallError::NotSent("the system gives no randomness to sign with".into()))
        })?;
        let sent = Instant::now();
        let answer = match client.transport.exchange(request, LONGEST).await {
            Ok(answer) => answer,
            Err(Failure::NotSent(why)) => return Err(Ask::Again(why)),
            Err(Failure::Lost(why, _)) => return Err(Ask::Again(why.into())),
            Err(Failure::TooLong(_)) => {
                return Err(Ask::Never(CallError::Unreadable("its answer is too long")));
            }
        };
        client.learn(&answer.headers, sent);
        if answer.status.is_success() { granted(&answer, sent) } else { Err(denied(&answer)) }
    }

    fn request(&self, now: u64) -> Option<Request<Full<Bytes>>> {
        let assertion = self.assertion(now)?;
        let body = Serializer::new(String::new())
            .append_pair("grant_type", "client_credentials")
            .append_pair("scope", SCOPES)
            .append_pair("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer")
            .append_pair("client_assertion", &assertion)
            .finish();
        let body = Bytes::from_owner(Zeroizing::new(body.into_bytes()));
        Request::post(&self.endpoint)
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(Full::new(body))
            .ok()
    }

    /// Who we are, signed: RFC 7523, section 3, with the claims that Okta asks for.
    fn assertion(&self, now: u64) -> Option<Zeroizing<String>> {
        let mut random = [0; 16];
        getrandom::fill(&mut random).ok()?;
        let header = json!({ "alg": "RS256", "kid": self.key_id, "typ": "JWT" });
        let claims = json!({
            "iss": self.client_id,
            "sub": self.client_id,
            "aud": self.endpoint,
            "iat": now,
            "exp": now + ASSERTION,
            "jti": hex::encode(random),
        });
        self.key.sign(header.to_string().as_bytes(), claims.to_string().as_bytes())
    }
}

fn granted(answer: &Answer, sent: Instant) -> Result<(HeaderValue, Instant), Ask> {
    const NOT_A_TOKEN: Ask = Ask::Never(CallError::Unreadable("its token endpoint gives no bearer token"));
    let granted: Granted = serde_json::from_slice(&answer.body).map_err(|_| NOT_A_TOKEN)?;
    if !granted.token_type.eq_ignore_ascii_case("Bearer") {
        return Err(NOT_A_TOKEN);
    }
    let header = super::header("Bearer ", &granted.access_token).ok_or(NOT_A_TOKEN)?;
    // Counted from before the request left: never longer than Okta counts.
    let life = Duration::from_secs(granted.expires_in.min(24 * 3600));
    Ok((header, sent + life - BEFORE_END.min(life / 5)))
}

fn denied(answer: &Answer) -> Ask {
    let status = answer.status;
    if status == StatusCode::TOO_MANY_REQUESTS || status.is_server_error() {
        return Ask::Again(format!("its token endpoint answers {}", status.as_u16()));
    }
    let words = match serde_json::from_slice::<Denied>(&answer.body) {
        Ok(denied) => {
            let code: String =
                denied.error.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '_').take(40).collect();
            let words = without_values(denied.error_description.as_deref().unwrap_or_default(), &[]);
            match code.as_str() {
                "invalid_dpop_proof" => {
                    format!(
                        "{code}: the app asks for DPoP; switch \"Require Demonstrating Proof of Possession\" off"
                    )
                }
                "invalid_scope" | "access_denied" | "consent_required" => {
                    return Ask::Never(CallError::Forbidden(format!(
                        "{code}: {words}; grant the app {SCOPES}"
                    )));
                }
                _ => format!("{code}: {words}"),
            }
        }
        Err(_) => match Refusal::read(status.as_u16(), &answer.body, &[]) {
            Some(refusal) => refusal.to_string(),
            None => return Ask::Never(CallError::Unreadable("its token endpoint answers something else")),
        },
    };
    Ask::Never(CallError::BadToken(words))
}

#[cfg(test)]
mod tests {
    use hyper::HeaderMap;

    use super::*;

    fn answer(status: u16, body: &str) -> Answer {
        let status = StatusCode::from_u16(status).expect("a status");
        Answer { status, headers: HeaderMap::new(), body: Bytes::copy_from_slice(body.as_bytes()) }
    }

    #[test]
    fn a_token_is_renewed_before_it_ends() {
        let sent = Instant::now();
        for (life, renewed_after) in [(3600, 3300), (600, 480), (10, 8), (0, 0), (u64::MAX, 24 * 3600 - 300)]
        {
            let body = format!(
                r#"{{"token_type":"Bearer","expires_in":{life},"access_token":"eyJ.x.y","scope":"s"}}"#
            );
            let Ok((header, at)) = granted(&answer(200, &body), sent) else { unreachable!("a token") };
            assert_eq!(at - sent, Duration::from_secs(renewed_after), "{life}");
            assert!(header.is_sensitive());
        }
    }

    #[test]
    fn what_is_no_bearer_token_is_refused() {
        for body in [
            "",
            "{}",
            r#"{"token_type":"DPoP","expires_in":3600,"access_token":"x"}"#,
            r#"{"token_type":"Bearer","expires_in":3600,"access_token":"a\r\nX: y"}"#,
            r#"{"token_type":"Bearer","expires_in":-1,"access_token":"x"}"#,
        ] {
            assert!(granted(&answer(200, body), Instant::now()).is_err(), "{body}");
        }
    }

    #[test]
    fn refusals_say_what_to_do_and_never_quote_the_assertion() {
        let told = |status: u16, body: &str| match denied(&answer(status, body)) {
            Ask::Never(error) => error.to_string(),
            Ask::Again(why) => format!("again: {why}"),
        };
        let assertion = "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJqb2UifQ.c2lnbmF0dXJlLXRoYXQtbXVzdC1ub3Qtc2hvdw";
        let body = format!(
            r#"{{"error":"invalid_client","error_description":"The client_assertion {assertion} is expired"}}"#
        );
        let words = told(401, &body);
        assert!(words.contains("invalid_client") && !words.contains("eyJ"), "{words}");
        assert!(told(400, r#"{"error":"invalid_dpop_proof"}"#).contains("DPoP"));
        let scopes = told(
            400,
            r#"{"error":"invalid_scope","error_description":"One or more scopes are not configured"}"#,
        );
        assert!(scopes.contains("okta.logs.read"), "{scopes}");
        assert!(told(429, "").starts_with("again"));
        assert!(told(503, "<html>").starts_with("again"));
        assert!(told(400, "<html>").contains("not Okta's"));
        assert!(
            told(401, r#"{"errorCode":"E0000011","errorSummary":"Invalid token provided"}"#)
                .contains("E0000011")
        );
    }
}
