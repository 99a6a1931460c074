//! The hook's JSON, after Okta's password import inline hook reference. The only file that knows it, with the one
//! below it.
//!
//! Unknown fields come and go and are ignored; what must be there is pinned.

pub mod recorded;

use std::net::IpAddr;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::call::plain_id;
use crate::decision::{Cause, Decision};
use crate::secret::Secret;

/// The one event that this hook answers.
const EVENT_TYPE: &str = "com.okta.user.credential.password.import";

/// What is needed of a hook call.
#[derive(Debug)]
pub(super) struct HookCall {
    /// What the user typed.
    pub(super) username: String,
    /// What the user typed.
    pub(super) password: Secret,
    /// Where the person is.
    pub(super) address: Option<IpAddr>,
    /// The org and the hook that say they call.
    pub(super) source: Option<String>,
    /// Okta's id of the sign-in request, cut to what a log can carry.
    pub(super) request_id: Option<String>,
}

/// Why a body is no hook call. Never quotes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NotACall {
    /// Not JSON, or without `data.context.credential`.
    Malformed,
    /// Another event's payload.
    WrongEventType,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Payload {
    event_type: String,
    /// Of no use unless it is pinned: no sign-in shall fail for its form otherwise.
    #[serde(default)]
    source: Value,
    data: Data,
}

#[derive(Deserialize)]
struct Data {
    context: Context,
}

#[derive(Deserialize)]
struct Context {
    /// For the log alone: no sign-in shall fail for its form.
    #[serde(default)]
    request: Value,
    credential: TypedCredential,
}

#[derive(Deserialize)]
struct TypedCredential {
    username: String,
    password: Secret,
}

/// Reads a body.
pub(super) fn parse(body: &[u8]) -> Result<HookCall, NotACall> {
    let payload: Payload = serde_json::from_slice(body).map_err(|_| NotACall::Malformed)?;
    if payload.event_type != EVENT_TYPE {
        return Err(NotACall::WrongEventType);
    }
    let Context { request, credential } = payload.data.context;
    Ok(HookCall {
        source: text_of(payload.source),
        username: credential.username,
        password: credential.password,
        address: request.get("ipAddress").and_then(Value::as_str).and_then(|address| address.parse().ok()),
        request_id: request.get("id").and_then(Value::as_str).map(plain_id),
    })
}

fn text_of(value: Value) -> Option<String> {
    if let Value::String(text) = value { Some(text) } else { None }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Answer<'a> {
    commands: [Command; 1],
    #[serde(skip_serializing_if = "Option::is_none")]
    debug_context: Option<DebugContext<'a>>,
}

#[derive(Serialize)]
struct Command {
    #[serde(rename = "type")]
    kind: &'static str,
    value: CommandValue,
}

#[derive(Serialize)]
struct CommandValue {
    credential: &'static str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct DebugContext<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    request_id: Option<&'a str>,
}

/// The body of a 200, or the cause of a 503.
pub(super) fn answer(decision: Decision, debug: bool, request_id: Option<&str>) -> Result<Vec<u8>, Cause> {
    let credential = match decision {
        Decision::Verified => "VERIFIED",
        Decision::Rejected(_) => "UNVERIFIED",
        Decision::Unavailable(cause) => return Err(cause),
    };
    let command = Command { kind: "com.okta.action.update", value: CommandValue { credential } };
    let debug_context = debug.then(|| DebugContext { reason: decision.reason(), request_id });
    serde_json::to_vec(&Answer { commands: [command], debug_context }).map_err(|_| Cause::Internal)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decision::Reason;

    /// The example of Okta's reference, with the fields that come and go.
    const EXAMPLE: &str = r#"{
        "eventId": "3o9jBzq1SmOGmmsDsqyyeQ",
        "eventTime": "2020-01-17T21:23:56.000Z",
        "eventType": "com.okta.user.credential.password.import",
        "eventTypeVersion": "1.0",
        "contentType": "application/json",
        "cloudEventVersion": "0.1",
        "source": "https://example.okta.com/api/v1/inlineHooks/cal2xd5phv9fsPLcF0g7",
        "data": {
            "context": {
                "request": {
                    "id": "XiIl6wn7005Rr@fjYqeC7AAABxw",
                    "method": "POST",
                    "url": {"value": "/api/v1/authn"},
                    "ipAddress": "66.124.153.138"
                },
                "credential": {"username": "isaac.brock@example.com", "password": "Okta"}
            },
            "action": {"credential": "UNVERIFIED"}
        }
    }"#;

    #[test]
    fn the_documented_payload_is_read() {
        let call = parse(EXAMPLE.as_bytes()).expect("a call");
        assert_eq!(call.username, "isaac.brock@example.com");
        assert!(call.password.matches(b"Okta"));
        assert_eq!(call.request_id.as_deref(), Some("XiIl6wn7005Rr@fjYqeC7AAABxw"));
    }

    #[test]
    fn fields_may_come_and_go_but_the_credential_and_the_event_type_may_not() {
        let least = |event: &str, credential: &str| {
            let body =
                format!(r#"{{"eventType":"{event}","data":{{"context":{{{credential}}}}},"new":[1]}}"#);
            parse(body.as_bytes()).map(|call| call.username)
        };
        let credential = r#""credential":{"username":"a","password":"b","other":null}"#;
        assert_eq!(least(EVENT_TYPE, credential), Ok("a".to_owned()));
        for request in ["null", "7", r#""id""#, r#"{"id":7}"#, r#"{"id":null}"#, "{}"] {
            let credential = format!(r#"{credential},"request":{request}"#);
            assert_eq!(least(EVENT_TYPE, &credential), Ok("a".to_owned()), "{request}");
        }
        assert_eq!(least("com.okta.oauth2.tokens.transform", credential), Err(NotACall::WrongEventType));
        for wrong in [
            "",
            r#""credential":{}"#,
            r#""credential":{"username":"a"}"#,
            r#""credential":{"username":"a","password":7}"#,
            r#""credential":{"username":"a","username":"b","password":"c"}"#,
        ] {
            assert_eq!(least(EVENT_TYPE, wrong), Err(NotACall::Malformed), "{wrong}");
        }
        assert!(matches!(parse(b"\xff{}"), Err(NotACall::Malformed)));
        assert!(matches!(parse(format!("{EXAMPLE}x").as_bytes()), Err(NotACall::Malformed)));
    }

    #[test]
    fn answers_are_the_documented_ones() {
        let verified = answer(Decision::Verified, false, Some("id")).expect("an answer");
        let expected =
            r#"{"commands":[{"type":"com.okta.action.update","value":{"credential":"VERIFIED"}}]}"#;
        assert_eq!(String::from_utf8_lossy(&verified), expected);
        let rejected = answer(Decision::Rejected(Reason::Inactive), false, None).expect("an answer");
        assert_eq!(String::from_utf8_lossy(&rejected), expected.replace("VERIFIED", "UNVERIFIED"));
        assert_eq!(answer(Decision::Unavailable(Cause::Deadline), true, None), Err(Cause::Deadline));
    }

    #[test]
    fn the_debug_context_holds_reason_and_request_id_alone() {
        let body = answer(Decision::Rejected(Reason::UnreadableHash), true, Some("id")).expect("an answer");
        let body: serde_json::Value = serde_json::from_slice(&body).expect("JSON");
        assert_eq!(body["debugContext"], serde_json::json!({"reason": "unreadable hash", "requestId": "id"}));
    }

    proptest::proptest! {
        #[test]
        fn no_body_panics_the_parser(body: Vec<u8>, cut in 0..EXAMPLE.len(), put: char) {
            let _ = parse(&body);
            let (before, after) = EXAMPLE.as_bytes().split_at(cut);
            let _ = parse(before);
            let _ = parse(&[before, put.to_string().as_bytes(), after].concat());
        }
    }
}
