//! Calling the password import inline hook as Okta does: three seconds, one retry after a 5xx, a time-out or a
//! broken connection, none after any 2xx or 4xx, redirects not followed, answers under 256 KB, failing closed.

use std::time::Duration;

use axum::body::Bytes;
use reqwest::{Client, Method, RequestBuilder, Response, StatusCode};
use serde::Deserialize;
use serde_json::json;
use zeroize::Zeroizing;

use super::channel::HookEndpoint;

/// The longest answer that Okta reads, in bytes.
const LONGEST_ANSWER: usize = 256 * 1024;

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
    /// The id of the hook.
    pub(super) hook_id: &'a str,
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
            "source": format!("{}/api/v1/inlineHooks/{}", self.base_url, self.hook_id),
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
    let (answer, calls) = call(client, endpoint, question.body()).await;
    let answer = match answer {
        Ok(None) => Answer::Unverified,
        Ok(Some(body)) => understand(&body),
        Err(why) => Answer::Failed(why),
    };
    (answer, calls)
}

/// What a call came to: the body of a 2xx, nothing for 204, or why there is no answer.
pub(super) type Outcome = Result<Option<Vec<u8>>, &'static str>;

/// Posts a body, once or twice, and tells how often.
pub(super) async fn call(client: &Client, endpoint: &HookEndpoint, body: Bytes) -> (Outcome, u32) {
    exchange(client, endpoint, &Method::POST, &|request| {
        request.header("Content-Type", "application/json").body(body.clone())
    })
    .await
}

/// One exchange by Okta's rules, and how many calls it took; `complete` adds what belongs to the request.
pub(super) async fn exchange(
    client: &Client,
    endpoint: &HookEndpoint,
    method: &Method,
    complete: &(dyn Fn(RequestBuilder) -> RequestBuilder + Sync),
) -> (Outcome, u32) {
    let headers = match endpoint.headers(client).await {
        Ok(headers) => headers,
        Err(why) => return (Err(why), 0),
    };
    let request = || {
        let request = client.request(method.clone(), endpoint.url.clone());
        complete(request.header("Accept", "application/json").headers(headers.clone()))
    };
    match attempt(request()).await {
        Attempt::Final(outcome) => (outcome, 1),
        Attempt::Broken(_) => match attempt(request()).await {
            Attempt::Final(outcome) => (outcome, 2),
            Attempt::Broken(why) => (Err(why), 2),
        },
    }
}

enum Attempt {
    Final(Outcome),
    /// Worth a retry.
    Broken(&'static str),
}

async fn attempt(request: RequestBuilder) -> Attempt {
    let response = match request.send().await {
        Ok(response) => response,
        Err(error) if error.is_timeout() => return Attempt::Broken("the hook timed out"),
        Err(_) => return Attempt::Broken("the hook cannot be reached"),
    };
    let status = response.status();
    if status.is_server_error() {
        return Attempt::Broken("the hook answered 5xx");
    }
    if status.is_redirection() {
        return Attempt::Final(Err("the hook redirects"));
    }
    if !status.is_success() {
        return Attempt::Final(Err("the hook refused the call"));
    }
    if status == StatusCode::NO_CONTENT {
        return Attempt::Final(Ok(None));
    }
    match read(response, LONGEST_ANSWER).await {
        Ok(body) => Attempt::Final(Ok(Some(body))),
        Err(Unread::TooLong) => Attempt::Final(Err("the hook's answer is too long")),
        Err(Unread::Broken) => Attempt::Broken("the hook's answer broke off"),
    }
}

pub(super) enum Unread {
    TooLong,
    Broken,
}

/// The body of an answer, of fewer than this many bytes.
pub(super) async fn read(mut response: Response, longest: usize) -> Result<Vec<u8>, Unread> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|_| Unread::Broken)? {
        if body.len() + chunk.len() >= longest {
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
pub(super) fn understand(body: &[u8]) -> Answer {
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
}
