//! What Okta sends to a password import hook, and what the hook's answer says. For calls through Okta's `execute`,
//! which wants the payload built by the caller, and for the same call made from here.

use std::time::SystemTime;

use serde_json::{Value, json};

use super::inline_hooks::PASSWORD_IMPORT;
use super::wire;
use crate::secret::Secret;

/// One call.
#[derive(Debug)]
pub struct HookCall<'a> {
    /// `https://{org}/api/v1/inlineHooks/{id}`
    pub source: &'a str,
    /// Identifies the event, and the request that it would stand for.
    pub event_id: &'a str,
    /// When.
    pub at: SystemTime,
    /// What a user would type.
    pub username: &'a str,
    /// Likewise. UTF-8; anything else is sent as an empty text.
    pub password: &'a Secret,
}

/// What a hook says of a password.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// `VERIFIED`
    Verified,
    /// `UNVERIFIED`
    Unverified,
}

impl Verdict {
    /// As it stands in an answer.
    pub fn word(self) -> &'static str {
        match self {
            Self::Verified => "VERIFIED",
            Self::Unverified => "UNVERIFIED",
        }
    }

    /// From what stands in an answer.
    pub fn named(word: &str) -> Option<Self> {
        [Self::Verified, Self::Unverified].into_iter().find(|verdict| verdict.word() == word)
    }
}

/// A time as `eventTime` has it.
pub fn event_time(at: SystemTime) -> String {
    wire::timestamp(at)
}

impl HookCall<'_> {
    /// The payload, as Okta's reference of the password import inline hook has it.
    pub fn payload(&self) -> Value {
        json!({
            "eventId": self.event_id,
            "eventTime": event_time(self.at),
            "eventType": PASSWORD_IMPORT,
            "eventTypeVersion": "1.0",
            "contentType": "application/json",
            "cloudEventVersion": "0.1",
            "source": self.source,
            "data": {
                "context": {
                    "request": {
                        "id": self.event_id,
                        "method": "POST",
                        "url": { "value": "/api/v1/authn" },
                        "ipAddress": "127.0.0.1",
                    },
                    "credential": {
                        "username": self.username,
                        "password": self.password.expose_str().unwrap_or_default(),
                    },
                },
                "action": { "credential": "UNVERIFIED" },
            },
        })
    }
}

/// The verdict in a hook's answer. None where there is none, or more than one, or an error beside it: Okta would make
/// something of some of these, but keyferry never answers so.
pub fn verdict(answer: &Value) -> Option<Verdict> {
    let [command] = answer.get("commands")?.as_array()?.as_slice() else { return None };
    let failed = answer.get("error").is_some_and(|error| !error.is_null());
    if failed || command.get("type")?.as_str()? != "com.okta.action.update" {
        return None;
    }
    Verdict::named(command.pointer("/value/credential")?.as_str()?)
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, UNIX_EPOCH};

    use super::*;

    /// The example of Okta's reference.
    #[test]
    fn the_payload_is_the_documented_one() {
        let call = HookCall {
            source: "https://example.okta.com/api/v1/inlineHooks/cal2xd5phv9fsPLcF0g7",
            event_id: "3o9jBzq1SmOGmmsDsqyyeQ",
            at: UNIX_EPOCH + Duration::from_secs(1_579_296_236),
            username: "isaac.brock@example.com",
            password: &Secret::from("Okta"),
        };
        let expected = json!({
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
                        "id": "3o9jBzq1SmOGmmsDsqyyeQ", "method": "POST",
                        "url": {"value": "/api/v1/authn"}, "ipAddress": "127.0.0.1"
                    },
                    "credential": {"username": "isaac.brock@example.com", "password": "Okta"}
                },
                "action": {"credential": "UNVERIFIED"}
            }
        });
        assert_eq!(call.payload(), expected);
    }

    #[test]
    fn only_one_plain_command_is_a_verdict() {
        let command =
            |credential: &str| json!({"type": "com.okta.action.update", "value": {"credential": credential}});
        assert_eq!(verdict(&json!({"commands": [command("VERIFIED")]})), Some(Verdict::Verified));
        let debug = json!({"commands": [command("UNVERIFIED")], "debugContext": {}});
        assert_eq!(verdict(&debug), Some(Verdict::Unverified));
        for other in [
            Value::Null,
            json!({}),
            json!([]),
            json!({"commands": []}),
            json!({"commands": [command("verified")]}),
            json!({"commands": [command("VERIFIED"), command("VERIFIED")]}),
            json!({"commands": [{"type": "com.okta.other", "value": {"credential": "VERIFIED"}}]}),
            json!({"commands": [7]}),
            json!({"commands": [command("VERIFIED")], "error": {"errorSummary": "no"}}),
        ] {
            assert_eq!(verdict(&other), None, "{other}");
        }
    }
}
