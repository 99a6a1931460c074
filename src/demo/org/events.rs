//! What the org writes into its System Log, in the shape of Okta's log events.

use std::collections::VecDeque;

use serde::Serialize;
use serde_json::{Value, json};

/// The most that are kept; older ones go.
const KEPT: usize = 100_000;

/// What happened, of the events that a migration looks at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum EventType {
    /// The password import hook was called, and the password arrived or not.
    #[serde(rename = "user.import.password")]
    ImportPassword,
    /// Somebody signed in, or tried to.
    #[serde(rename = "user.session.start")]
    SessionStart,
}

impl EventType {
    /// As Okta's API has it.
    pub fn name(self) -> &'static str {
        match self {
            Self::ImportPassword => "user.import.password",
            Self::SessionStart => "user.session.start",
        }
    }

    fn message(self) -> &'static str {
        match self {
            Self::ImportPassword => "Import of a user's password",
            Self::SessionStart => "User login to Okta",
        }
    }
}

/// How it ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum EventResult {
    /// It worked.
    Success,
    /// It did not.
    Failure,
}

impl EventResult {
    /// As Okta's API has it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Success => "SUCCESS",
            Self::Failure => "FAILURE",
        }
    }
}

/// One event; serializes as the part of Okta's `LogEvent` that is not the same for all.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct LogEvent {
    /// Unique within the org.
    pub uuid: String,
    /// When, as RFC 3339 in UTC.
    pub published: String,
    /// What.
    pub event_type: EventType,
    /// How it ended.
    pub outcome: Outcome,
    /// Whom it concerns: one user.
    pub target: Vec<Target>,
}

/// `outcome`
#[derive(Clone, Debug, Serialize)]
pub struct Outcome {
    /// How it ended.
    pub result: EventResult,
    /// Why, where it failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<&'static str>,
}

/// One of `target[]`: a user.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Target {
    /// The user's id.
    pub id: String,
    /// `User`
    #[serde(rename = "type")]
    pub kind: &'static str,
    /// The user's login.
    pub alternate_id: String,
    /// First and last name.
    pub display_name: String,
}

impl LogEvent {
    /// The whole of Okta's `LogEvent`. Where Okta would tell of the caller, everybody calls from here.
    pub(super) fn whole(&self) -> Value {
        let failed = self.outcome.result == EventResult::Failure;
        let mut outcome = json!({ "result": self.outcome.result.name() });
        if let (Some(reason), Some(outcome)) = (self.outcome.reason, outcome.as_object_mut()) {
            outcome.insert("reason".into(), reason.into());
        }
        let targets: Vec<Value> = self.target.iter().map(Target::whole).collect();
        json!({
            "uuid": self.uuid,
            "published": self.published,
            "eventType": self.event_type.name(),
            "version": "0",
            "severity": if failed { "WARN" } else { "INFO" },
            "displayMessage": self.event_type.message(),
            "actor": self.target.first().map_or_else(|| json!({}), Target::whole),
            "client": {
                "userAgent": { "rawUserAgent": "UNKNOWN", "os": "Unknown", "browser": "UNKNOWN" },
                "zone": "null",
                "device": "Unknown",
                "ipAddress": "127.0.0.1",
            },
            "outcome": outcome,
            "target": targets,
            "transaction": { "type": "WEB", "id": self.uuid, "detail": {} },
            "authenticationContext": { "authenticationStep": 0, "externalSessionId": "unknown" },
            "debugContext": { "debugData": { "requestUri": "/api/v1/authn" } },
            "request": { "ipChain": [{ "ip": "127.0.0.1", "version": "V4" }] },
        })
    }
}

impl Target {
    fn whole(&self) -> Value {
        json!({
            "id": self.id,
            "type": self.kind,
            "alternateId": self.alternate_id,
            "displayName": self.display_name,
        })
    }
}

/// The newest events in the order in which they were written, which is that of time but for those that a test
/// dates back.
#[derive(Debug, Default)]
pub(super) struct EventLog {
    events: VecDeque<LogEvent>,
    written: u64,
}

impl EventLog {
    /// Writes one event and gives it back.
    pub(super) fn write(
        &mut self,
        published: String,
        event_type: EventType,
        failure: Option<&'static str>,
        target: Target,
    ) -> LogEvent {
        self.written += 1;
        if self.events.len() == KEPT {
            self.events.pop_front();
        }
        let result = if failure.is_some() { EventResult::Failure } else { EventResult::Success };
        let event = LogEvent {
            uuid: format!("00000000-0000-4000-8000-{:012x}", self.written),
            published,
            event_type,
            outcome: Outcome { result, reason: failure },
            target: vec![target],
        };
        self.events.push_back(event.clone());
        event
    }

    pub(super) fn all(&self) -> Vec<LogEvent> {
        self.events.iter().cloned().collect()
    }

    /// How many were ever written; the number of the newest, counted from 1.
    pub(super) fn written(&self) -> u64 {
        self.written
    }

    /// Those after this number, each with its own.
    pub(super) fn after(&self, number: u64) -> impl Iterator<Item = (u64, &LogEvent)> {
        let before = self.written - self.events.len() as u64;
        let skipped = usize::try_from(number.saturating_sub(before)).unwrap_or(usize::MAX);
        let first = before + 1 + number.saturating_sub(before);
        (first..).zip(self.events.iter().skip(skipped))
    }
}
