//! The event hook's JSON, after Okta's event hook reference: a list of System Log events, of which the imported
//! passwords are taken. The only file that knows it; one event by itself is read by [`parse_log_event`].
//!
//! Events of other types are ignored, and one that cannot be read does not keep the others from being taken: Okta
//! sends nothing again after a 4xx.

use serde::de::{Deserializer, SeqAccess, Visitor};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::call::plain_id;
use crate::okta::logs::{LogEvent, parse_log_event};

/// The envelope's type.
const EVENT_HOOK: &str = "com.okta.event_hook";
/// A password that came by the hook has been imported, or could not be.
const PASSWORD_IMPORT: &str = "user.import.password";
/// The longest challenge that is sent back, in bytes; Okta's have some fifty.
const CHALLENGE: usize = 1024;

/// One delivery.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Delivery {
    /// Okta's id of it, cut to what a log can carry.
    pub(super) id: Option<String>,
    /// The org and the hook that say they call.
    pub(super) source: Option<String>,
    /// The imports, in the order in which they came: which is not the one in which they happened.
    pub(super) imports: Vec<LogEvent>,
    /// Events of other types, or with an outcome that is neither success nor failure.
    pub(super) ignored: u64,
    /// Imports of nobody, or without what an event must have.
    pub(super) unreadable: u64,
}

/// Why a body is no delivery. Never quotes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NotADelivery {
    /// Not JSON, or without `data.events`.
    Malformed,
    /// Another kind of hook's payload.
    WrongEventType,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Payload {
    event_type: String,
    /// For the log alone.
    #[serde(default)]
    event_id: Value,
    /// Of no use unless it is pinned.
    #[serde(default)]
    source: Value,
    data: Data,
}

#[derive(Deserialize)]
struct Data {
    events: Events,
}

/// `data.events`, sorted while it is read: as a tree, a small body could take a hundred times its size.
#[derive(Default)]
struct Events {
    imports: Vec<LogEvent>,
    ignored: u64,
    unreadable: u64,
}

/// Reads a body.
pub(super) fn parse(body: &[u8]) -> Result<Delivery, NotADelivery> {
    let payload: Payload = serde_json::from_slice(body).map_err(|_| NotADelivery::Malformed)?;
    if payload.event_type != EVENT_HOOK {
        return Err(NotADelivery::WrongEventType);
    }
    let Events { imports, ignored, unreadable } = payload.data.events;
    let source = payload.source.as_str().map(str::to_owned);
    Ok(Delivery { id: payload.event_id.as_str().map(plain_id), source, imports, ignored, unreadable })
}

#[derive(Serialize)]
struct Verification<'a> {
    verification: &'a str,
}

/// The body that proves to Okta that this service wants its events; none for what cannot be a challenge.
pub(super) fn verification(challenge: &[u8]) -> Option<Vec<u8>> {
    let printable = challenge.iter().all(u8::is_ascii_graphic);
    let challenge = std::str::from_utf8(challenge).ok()?;
    let sane = printable && !challenge.is_empty() && challenge.len() <= CHALLENGE;
    sane.then(|| serde_json::to_vec(&Verification { verification: challenge }).ok())?
}

impl Events {
    fn add(&mut self, event: &Value) {
        let text = |pointer: &str| event.pointer(pointer).and_then(Value::as_str);
        match (text("/eventType"), text("/outcome/result")) {
            (Some(PASSWORD_IMPORT), Some("SUCCESS" | "FAILURE")) => match parse_log_event(event) {
                Some(import) if import.user_id.is_some() || import.user_login.is_some() => {
                    self.imports.push(import);
                }
                _ => self.unreadable += 1,
            },
            (Some(PASSWORD_IMPORT), None) | (None, _) => self.unreadable += 1,
            (Some(_), _) => self.ignored += 1,
        }
    }
}

impl<'de> Deserialize<'de> for Events {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Sorting;
        impl<'de> Visitor<'de> for Sorting {
            type Value = Events;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("a list of events")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Events, A::Error> {
                let mut events = Events::default();
                while let Some(event) = list.next_element::<Value>()? {
                    events.add(&event);
                }
                Ok(events)
            }
        }
        deserializer.deserialize_seq(Sorting)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// The example of Okta's event hook guide, with the event that its catalogue names for imported passwords.
    fn delivery(events: &Value) -> Vec<u8> {
        let delivery = json!({
            "eventType": "com.okta.event_hook",
            "eventTypeVersion": "1.0",
            "cloudEventsVersion": "0.1",
            "contentType": "application/json",
            "eventId": "b5a188b9-5ece-4636-b041-482ffda96311",
            "eventTime": "2019-03-27T16:59:53.032Z",
            "source": "https://example.okta.com/api/v1/eventHooks/whoql0HfiLGPWc8Jx0g3",
            "data": {"events": events},
        });
        delivery.to_string().into_bytes()
    }

    fn event(kind: &str, result: &str, id: &str) -> Value {
        json!({
            "version": "0",
            "severity": "INFO",
            "client": {"zone": "OFF_NETWORK", "ipAddress": "12.97.85.90"},
            "actor": {"id": "00u1qw6mqitPHM8AJ0g7", "type": "User", "alternateId": "admin@example.com"},
            "outcome": {"result": result},
            "uuid": "f790999f-fe87-467a-9880-6982a583986c",
            "published": "2018-03-28T22:23:07.777Z",
            "eventType": kind,
            "target": [
                {"id": "0oa1", "type": "AppInstance", "alternateId": "an app"},
                {"id": id, "type": "User", "alternateId": "isaac@example.com", "displayName": "Isaac"},
            ],
        })
    }

    #[test]
    fn imports_are_taken_and_other_events_ignored() {
        let events = json!([
            event("user.session.start", "SUCCESS", "00u1"),
            event("user.import.password", "SUCCESS", "00u2"),
            event("user.import.password", "FAILURE", "00u3"),
            event("user.import.password", "SKIPPED", "00u4"),
        ]);
        let delivery = parse(&delivery(&events)).expect("a delivery");
        assert_eq!(delivery.id.as_deref(), Some("b5a188b9-5ece-4636-b041-482ffda96311"));
        assert_eq!((delivery.ignored, delivery.unreadable), (2, 0));
        let told = delivery.imports.iter().map(|event| (event.user_id.as_deref(), event.success));
        assert_eq!(told.collect::<Vec<_>>(), [(Some("00u2"), true), (Some("00u3"), false)]);
        assert_eq!(delivery.imports[0].user_login.as_deref(), Some("isaac@example.com"));
        assert_eq!(parse(&self::delivery(&json!([]))).expect("an empty one").imports, []);
    }

    #[test]
    fn an_event_that_cannot_be_read_does_not_keep_the_others_out() {
        let good = event("user.import.password", "SUCCESS", "00u2");
        let without = |key: &str| {
            let mut event = good.clone();
            event.as_object_mut().expect("an object").remove(key);
            event
        };
        let events = json!([
            without("target"),
            without("outcome"),
            without("uuid"),
            without("published"),
            without("eventType"),
            null_target(&good),
            null,
            7,
            [],
            {},
            good,
        ]);
        let delivery = parse(&delivery(&events)).expect("a delivery");
        assert_eq!((delivery.imports.len(), delivery.ignored, delivery.unreadable), (1, 0, 10));
    }

    fn null_target(event: &Value) -> Value {
        let mut event = event.clone();
        event["target"] = Value::Null;
        event
    }

    #[test]
    fn anything_else_is_no_delivery() {
        for body in [
            &b""[..],
            b"{",
            b"[]",
            b"\xff",
            br#"{"eventType":"com.okta.event_hook"}"#,
            br#"{"eventType":"com.okta.event_hook","data":{}}"#,
            br#"{"eventType":"com.okta.event_hook","data":{"events":{}}}"#,
            br#"{"eventType":"com.okta.event_hook","data":{"events":null}}"#,
            br#"{"data":{"events":[]}}"#,
            br#"{"eventType":"com.okta.event_hook","data":{"events":[]}} x"#,
        ] {
            assert_eq!(parse(body), Err(NotADelivery::Malformed), "{}", String::from_utf8_lossy(body));
        }
        let other = br#"{"eventType":"com.okta.user.credential.password.import","data":{"events":[]}}"#;
        assert_eq!(parse(other), Err(NotADelivery::WrongEventType));
    }

    #[test]
    fn a_challenge_is_sent_back_as_okta_documents_it() {
        let answer = verification(b"ovb5_Ea7pV-x\"q").expect("an answer");
        assert_eq!(String::from_utf8_lossy(&answer), r#"{"verification":"ovb5_Ea7pV-x\"q"}"#);
        for bad in [&b""[..], b"a b", b"\x01", b"\xc3\xa4", &[b'a'; CHALLENGE + 1]] {
            assert_eq!(verification(bad), None);
        }
    }

    proptest::proptest! {
        #[test]
        fn no_body_panics_the_parser(body: Vec<u8>, cut in 0_usize..2000, put: char) {
            let _ = parse(&body);
            let example = delivery(&json!([event("user.import.password", "SUCCESS", "00u2")]));
            let (before, after) = example.split_at(cut.min(example.len()));
            let _ = parse(before);
            let _ = parse(&[before, put.to_string().as_bytes(), after].concat());
        }
    }
}
