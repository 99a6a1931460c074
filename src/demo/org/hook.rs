//! Calling the password import inline hook as Okta does: three seconds, one retry after a 5xx, a time-out or a
//! broken connection, none after any 2xx or 4xx, redirects not followed, answers under 256 KB, failing closed.

use std::time::Duration;

use axum::body::Bytes;
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use reqwest::{Client, Response, StatusCode, Url};
use serde::Deserialize;
use serde_json::json;
use zeroize::Zeroizing;

use super::OrgError;
use crate::secret::Secret;

/// The longest answer that Okta reads, in bytes.
const LONGEST_ANSWER: usize = 256 * 1024;
/// The id under which the hook is registered.
const HOOK_ID: &str = "cal00000000000000001";

/// Where the hook is, and what proves that Okta is calling.
pub struct HookEndpoint {
    url: Url,
    headers: HeaderMap,
}

impl HookEndpoint {
    /// `headers` holds the authentication header and any others, name and whole value. Okta itself calls https
    /// only; this org calls http only, since it is made for one machine.
    pub fn new(url: &str, headers: impl IntoIterator<Item = (String, Secret)>) -> Result<Self, OrgError> {
        if url.len() > 1024 {
            return Err(OrgError::HookUrl("is longer than the 1024 characters that Okta takes"));
        }
        let url = Url::parse(url).map_err(|_| OrgError::HookUrl("is not a URL"))?;
        if url.scheme() != "http" {
            return Err(OrgError::HookUrl("must begin with http:// (the imitation org speaks no TLS)"));
        }
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            let read = (HeaderName::try_from(name.as_str()), HeaderValue::from_bytes(value.expose()));
            let (Ok(header), Ok(mut value)) = read else { return Err(OrgError::HookHeader(name)) };
            value.set_sensitive(true);
            map.append(header, value);
        }
        Ok(Self { url, headers: map })
    }
}

impl std::fmt::Debug for HookEndpoint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("HookEndpoint(…)")
    }
}

/// The client for all calls of an org.
pub(super) fn client(timeout: Duration) -> Result<Client, reqwest::Error> {
    Client::builder().timeout(timeout).redirect(reqwest::redirect::Policy::none()).no_proxy().build()
}

/// What came of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Answer {
    /// The password is right: keep it.
    Verified,
    /// It is not, or the service left the default action.
    Unverified,
    /// No usable answer; the reason for the System Log.
    Failed(&'static str),
}

/// One sign-in that the hook is asked about.
pub(super) struct Question<'a> {
    /// Identifies the event; the same in a retry.
    pub(super) event_id: &'a str,
    /// RFC 3339, UTC.
    pub(super) event_time: &'a str,
    /// The org's address.
    pub(super) base_url: &'a str,
    /// As the user typed it.
    pub(super) username: &'a str,
    /// Likewise.
    pub(super) password: &'a str,
    /// `X-Okta-Request-Id` of the sign-in.
    pub(super) request_id: &'a str,
}

impl Question<'_> {
    /// The body, zeroed when the last user of it is gone.
    fn body(&self) -> Bytes {
        let payload = json!({
            "eventId": self.event_id,
            "eventTime": self.event_time,
            "eventType": "com.okta.user.credential.password.import",
            "eventTypeVersion": "1.0",
            "contentType": "application/json",
            "cloudEventVersion": "0.1",
            "source": format!("{}/api/v1/inlineHooks/{HOOK_ID}", self.base_url),
            "data": {
                "context": {
                    "request": {
                        "id": self.request_id,
                        "method": "POST",
                        "url": { "value": "/api/v1/authn" },
                        "ipAddress": "127.0.0.1",
                    },
                    "credential": { "username": self.username, "password": self.password },
                },
                "action": { "credential": "UNVERIFIED" },
            },
        });
        Bytes::from_owner(Zeroizing::new(payload.to_string().into_bytes()))
    }
}

/// Asks, once or twice, and tells how often.
pub(super) async fn ask(client: &Client, endpoint: &HookEndpoint, question: &Question<'_>) -> (Answer, u32) {
    let body = question.body();
    match attempt(client, endpoint, body.clone()).await {
        Attempt::Answered(answer) => (answer, 1),
        Attempt::Broken(_) => match attempt(client, endpoint, body).await {
            Attempt::Answered(answer) => (answer, 2),
            Attempt::Broken(why) => (Answer::Failed(why), 2),
        },
    }
}

enum Attempt {
    Answered(Answer),
    /// Worth a retry.
    Broken(&'static str),
}

async fn attempt(client: &Client, endpoint: &HookEndpoint, body: Bytes) -> Attempt {
    let sent = client
        .post(endpoint.url.clone())
        .header("Content-Type", "application/json")
        .header("Accept", "application/json")
        .headers(endpoint.headers.clone())
        .body(body)
        .send()
        .await;
    let response = match sent {
        Ok(response) => response,
        Err(error) if error.is_timeout() => return Attempt::Broken("the hook timed out"),
        Err(_) => return Attempt::Broken("the hook cannot be reached"),
    };
    let status = response.status();
    if status.is_server_error() {
        return Attempt::Broken("the hook answered 5xx");
    }
    if status.is_redirection() {
        return Attempt::Answered(Answer::Failed("the hook redirects"));
    }
    if !status.is_success() {
        return Attempt::Answered(Answer::Failed("the hook refused the call"));
    }
    if status == StatusCode::NO_CONTENT {
        return Attempt::Answered(Answer::Unverified);
    }
    match read(response).await {
        Ok(body) => Attempt::Answered(understand(&body)),
        Err(Unread::TooLong) => Attempt::Answered(Answer::Failed("the hook's answer is too long")),
        Err(Unread::Broken) => Attempt::Broken("the hook's answer broke off"),
    }
}

enum Unread {
    TooLong,
    Broken,
}

async fn read(mut response: Response) -> Result<Vec<u8>, Unread> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|_| Unread::Broken)? {
        if body.len() + chunk.len() >= LONGEST_ANSWER {
            return Err(Unread::TooLong);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

#[derive(Deserialize)]
struct Commands {
    #[serde(default)]
    commands: Vec<Command>,
    error: Option<serde::de::IgnoredAny>,
}

#[derive(Deserialize)]
struct Command {
    #[serde(rename = "type")]
    kind: String,
    value: CommandValue,
}

#[derive(Deserialize)]
struct CommandValue {
    credential: String,
}

/// An answer without a command leaves the default action, which is UNVERIFIED.
fn understand(body: &[u8]) -> Answer {
    let Ok(answer) = serde_json::from_slice::<Commands>(body) else {
        return Answer::Failed("the hook's answer is unreadable");
    };
    if answer.error.is_some() {
        return Answer::Failed("the hook answered an error");
    }
    match answer.commands.as_slice() {
        [] => Answer::Unverified,
        [only] if only.kind == "com.okta.action.update" => match only.value.credential.as_str() {
            "VERIFIED" => Answer::Verified,
            "UNVERIFIED" => Answer::Unverified,
            _ => Answer::Failed("the hook's answer is unreadable"),
        },
        _ => Answer::Failed("the hook's answer is unreadable"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_as_okta_documents_them() {
        let command = |credential: &str| {
            format!(
                r#"{{"commands":[{{"type":"com.okta.action.update","value":{{"credential":"{credential}"}}}}]}}"#
            )
        };
        assert_eq!(understand(command("VERIFIED").as_bytes()), Answer::Verified);
        assert_eq!(understand(command("UNVERIFIED").as_bytes()), Answer::Unverified);
        assert_eq!(understand(b"{}"), Answer::Unverified);
        for bad in
            [command("verified"), "VERIFIED".into(), "[]".into(), command("VERIFIED").replace("update", "x")]
        {
            assert!(matches!(understand(bad.as_bytes()), Answer::Failed(_)), "{bad}");
        }
        assert!(matches!(understand(br#"{"error":{"errorSummary":"no"}}"#), Answer::Failed(_)));
    }

    #[test]
    fn addresses_that_cannot_be_called_are_refused() {
        let none = || Vec::<(String, Secret)>::new();
        assert!(HookEndpoint::new("http://127.0.0.1:1/hook", none()).is_ok());
        assert!(HookEndpoint::new("https://example.com/hook", none()).is_err());
        assert!(HookEndpoint::new("not a url", none()).is_err());
        let long = format!("http://127.0.0.1/{}", "x".repeat(1024));
        assert!(HookEndpoint::new(&long, none()).is_err());
        let header = [("Bad Name".to_owned(), Secret::from("x"))];
        assert!(HookEndpoint::new("http://127.0.0.1/", header).is_err());
    }
}
