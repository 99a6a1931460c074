//! A hook call in a file: Okta's payload as it came, and beside it what became of it. The recorder writes such files,
//! `keyferry replay` reads them, and people write them by hand.
//!
//! What is not known is kept byte for byte. A password is replaced before anything is kept, and none is ever quoted.

use std::fmt;
use std::time::SystemTime;

use serde::Serialize;
use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, Visitor};
use serde_json::value::RawValue;
use zeroize::Zeroizing;

use super::EVENT_TYPE;
use crate::decision::{Decision, Reason};
use crate::okta::hook_call::{Verdict, event_time};
use crate::secret::Secret;

/// What stands for a password that was taken out.
const REDACTED: &str = "[redacted]";
/// The most members of an object that is taken apart: Okta's have a dozen.
const MOST_MEMBERS: usize = 128;
const CREDENTIAL: [&str; 3] = ["data", "context", "credential"];
const PASSWORD: [&str; 4] = ["data", "context", "credential", "password"];
const EXPECT: &str = "expect";

/// Why a text is no recorded call. Never quotes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    /// Damaged, or something else.
    #[error("is no JSON object")]
    NotAnObject,
    /// There is an object, and not Okta's.
    #[error(
        "is no payload of Okta's password import hook: data.context.credential with a username is missing or damaged"
    )]
    NotACall,
    /// Another event's payload.
    #[error("has another eventType than {EVENT_TYPE}")]
    WrongEventType,
    /// The expectation is none.
    #[error("`expect` must be \"VERIFIED\" or \"UNVERIFIED\"")]
    Expectation,
    /// What is to be put in is no text.
    #[error("the password is not UTF-8, which JSON cannot carry")]
    PasswordNotText,
}

/// A recorded call. Its text is zeroed after use.
pub struct Recorded {
    payload: Zeroizing<Vec<u8>>,
    expect: Option<Verdict>,
    redacted: bool,
    was_wrong: bool,
}

impl Recorded {
    /// Reads `{"payload": {…}, "expect": "VERIFIED"}`, or the payload itself with `expect` beside its `data`.
    pub fn read(text: &[u8]) -> Result<Self, Unreadable> {
        let top: Object<'_> = serde_json::from_slice(text).map_err(|_| Unreadable::NotAnObject)?;
        let wrapped = top.member("payload").filter(|_| top.member("data").is_none());
        let expect = top.text(EXPECT).map_err(|()| Unreadable::Expectation)?;
        let expect = match expect {
            Some(word) => Some(Verdict::named(&word).ok_or(Unreadable::Expectation)?),
            None => None,
        };
        let reason = wrapped.and_then(|_| top.text("reason").ok()?);
        let payload = match wrapped {
            Some(raw) => Zeroizing::new(raw.get().as_bytes().to_vec()),
            None => edited(text, &[Edit { path: &[EXPECT], value: None }])?,
        };
        let redacted = checked(&payload)?;
        let was_wrong = redacted && reason.as_deref() == Some(Reason::WrongPassword.words());
        Ok(Self { payload, expect, redacted, was_wrong })
    }

    /// What should be answered, where that is known.
    pub fn expect(&self) -> Option<Verdict> {
        self.expect
    }

    /// Whether its password was taken out.
    pub fn is_redacted(&self) -> bool {
        self.redacted
    }

    /// Whether the password that was taken out was a wrong one, by the reason beside it.
    pub fn was_wrong(&self) -> bool {
        self.was_wrong
    }

    /// What is sent: the payload as it came, or with this password in it.
    pub fn body(&self, password: Option<&Secret>) -> Result<Zeroizing<Vec<u8>>, Unreadable> {
        let Some(password) = password else { return Ok(self.payload.clone()) };
        let text = password.expose_str().ok_or(Unreadable::PasswordNotText)?;
        // Room for an escape of each byte, so that no copy is left behind by growing.
        let mut json = Zeroizing::new(Vec::with_capacity(6 * text.len() + 2));
        serde_json::to_writer(&mut *json, text).map_err(|_| Unreadable::PasswordNotText)?;
        edited(&self.payload, &[Edit { path: &PASSWORD, value: Some(&json) }])
    }
}

impl fmt::Debug for Recorded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Recorded(…)")
    }
}

/// A body with an event id and time of its own, as if Okta asked anew.
pub fn fresh(body: &[u8], event_id: &str, at: SystemTime) -> Result<Zeroizing<Vec<u8>>, Unreadable> {
    let quoted = |text: &str| serde_json::to_vec(text).map_err(|_| Unreadable::NotACall);
    let (event_id, at) = (quoted(event_id)?, quoted(&event_time(at))?);
    edited(
        body,
        &[
            Edit { path: &["eventId"], value: Some(&event_id) },
            Edit { path: &["eventTime"], value: Some(&at) },
        ],
    )
}

/// A payload that may be kept: its password replaced, and on one line.
pub(in crate::http) fn redacted(body: &[u8]) -> Result<Zeroizing<Vec<u8>>, Unreadable> {
    let word = format!("\"{REDACTED}\"");
    Ok(on_one_line(edited(body, &[Edit { path: &PASSWORD, value: Some(word.as_bytes()) }])?))
}

/// A payload that may be kept where passwords may: on one line.
pub(in crate::http) fn unredacted(body: &[u8]) -> Result<Zeroizing<Vec<u8>>, Unreadable> {
    checked(body)?;
    Ok(on_one_line(Zeroizing::new(body.to_vec())))
}

/// The content of a file: a payload of [`redacted`], what became of it and when, and what to expect of its replay.
pub(in crate::http) fn entry(payload: &[u8], decision: Decision, at: SystemTime) -> Zeroizing<Vec<u8>> {
    #[derive(Serialize)]
    struct Beside {
        recorded: String,
        outcome: &'static str,
        #[serde(skip_serializing_if = "Option::is_none")]
        reason: Option<&'static str>,
        #[serde(skip_serializing_if = "Option::is_none")]
        expect: Option<&'static str>,
    }
    let expect = match decision {
        Decision::Verified => Some(Verdict::Verified.word()),
        // How often somebody failed before is in no payload.
        Decision::Unavailable(_) | Decision::Rejected(Reason::TooManyFailures) => None,
        Decision::Rejected(_) => Some(Verdict::Unverified.word()),
    };
    let beside =
        Beside { recorded: event_time(at), outcome: decision.outcome(), reason: decision.reason(), expect };
    let beside = serde_json::to_vec(&beside).unwrap_or_default();
    let mut entry = Zeroizing::new(Vec::with_capacity(beside.len() + payload.len() + 16));
    entry.extend_from_slice(beside.strip_suffix(b"}").unwrap_or(&beside));
    entry.extend_from_slice(b",\"payload\":");
    entry.extend_from_slice(payload);
    entry.extend_from_slice(b"}\n");
    entry
}

/// Within strings JSON has no line breaks, so that those that are there mean nothing.
fn on_one_line(mut json: Zeroizing<Vec<u8>>) -> Zeroizing<Vec<u8>> {
    for byte in json.iter_mut().filter(|byte| matches!(byte, b'\n' | b'\r')) {
        *byte = b' ';
    }
    json
}

/// Whether a payload is without its password; an error where it is no payload.
fn checked(payload: &[u8]) -> Result<bool, Unreadable> {
    let top: Object<'_> = serde_json::from_slice(payload).map_err(|_| Unreadable::NotACall)?;
    let event_type = top.text("eventType").ok().flatten().ok_or(Unreadable::NotACall)?;
    if event_type != EVENT_TYPE {
        return Err(Unreadable::WrongEventType);
    }
    let mut object = top;
    for name in CREDENTIAL {
        let inner = object.member(name).ok_or(Unreadable::NotACall)?;
        object = serde_json::from_str(inner.get()).map_err(|_| Unreadable::NotACall)?;
    }
    if !object.text("username").is_ok_and(|name| name.is_some()) {
        return Err(Unreadable::NotACall);
    }
    let Some(password) = object.member("password").filter(|raw| raw.get() != "null") else { return Ok(true) };
    let password: Secret = serde_json::from_str(password.get()).map_err(|_| Unreadable::NotACall)?;
    Ok(password.matches(REDACTED.as_bytes()))
}

/// A member of an object, and what is to stand there; nothing takes it out.
#[derive(Clone, Copy)]
struct Edit<'a> {
    path: &'a [&'a str],
    value: Option<&'a [u8]>,
}

fn edited(text: &[u8], edits: &[Edit<'_>]) -> Result<Zeroizing<Vec<u8>>, Unreadable> {
    let text = std::str::from_utf8(text).map_err(|_| Unreadable::NotAnObject)?;
    let added: usize = edits.iter().map(|edit| edit.value.map_or(0, <[u8]>::len) + 64).sum();
    let mut out = Zeroizing::new(Vec::with_capacity(text.len() + added));
    edit(text, edits, &mut out)?;
    Ok(out)
}

/// Writes an object anew, with all members as they came but those on the way to an edit.
fn edit(text: &str, edits: &[Edit<'_>], out: &mut Vec<u8>) -> Result<(), Unreadable> {
    let object: Object<'_> = serde_json::from_str(text).map_err(|_| Unreadable::NotACall)?;
    out.push(b'{');
    let mut lead: &[u8] = b"";
    let mut name = |name: &str, out: &mut Vec<u8>| {
        out.extend_from_slice(std::mem::replace(&mut lead, b","));
        let written = serde_json::to_writer(&mut *out, name);
        out.push(b':');
        written.map_err(|_| Unreadable::NotACall)
    };
    for (member, raw) in &object.0 {
        let here = edits.iter().filter_map(|edit| {
            let (first, path) = edit.path.split_first()?;
            (first == member).then_some(Edit { path, value: edit.value })
        });
        let here: Vec<Edit<'_>> = here.collect();
        match here.iter().find(|edit| edit.path.is_empty()) {
            Some(Edit { value: None, .. }) => {}
            Some(Edit { value: Some(value), .. }) => {
                name(member, out)?;
                out.extend_from_slice(value);
            }
            None if here.is_empty() => {
                name(member, out)?;
                out.extend_from_slice(raw.get().as_bytes());
            }
            None => {
                name(member, out)?;
                edit(raw.get(), &here, out)?;
            }
        }
    }
    for Edit { path, value } in edits {
        let absent = |member: &str| object.member(member).is_none();
        match (path, value) {
            ([last], Some(value)) if absent(last) => {
                name(last, out)?;
                out.extend_from_slice(value);
            }
            ([first, _, ..], _) if absent(first) => return Err(Unreadable::NotACall),
            _ => {}
        }
    }
    out.push(b'}');
    Ok(())
}

/// The members of an object, in their order, as they came. A name that comes twice is an error: readers differ about
/// which of the two counts.
struct Object<'a>(Vec<(String, &'a RawValue)>);

impl<'a> Object<'a> {
    fn member(&self, name: &str) -> Option<&'a RawValue> {
        self.0.iter().find(|(member, _)| member == name).map(|(_, raw)| *raw)
    }

    /// A member that is a text; none where it is absent or null.
    fn text(&self, name: &str) -> Result<Option<String>, ()> {
        self.member(name).map_or(Ok(None), |raw| serde_json::from_str(raw.get()).map_err(|_| ()))
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Object<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Members;
        impl<'de> Visitor<'de> for Members {
            type Value = Object<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Object<'de>, A::Error> {
                let mut members: Vec<(String, &RawValue)> = Vec::new();
                while let Some(name) = map.next_key::<String>()? {
                    if members.len() == MOST_MEMBERS || members.iter().any(|(other, _)| *other == name) {
                        return Err(A::Error::custom("too many members, or one twice"));
                    }
                    members.push((name, map.next_value()?));
                }
                Ok(Object(members))
            }
        }
        deserializer.deserialize_map(Members)
    }
}

#[cfg(test)]
mod tests;
