//! What the org would write into its System Log, in the shape of Okta's log events.

use std::collections::VecDeque;

use serde::Serialize;

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

/// How it ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum EventResult {
    /// It worked.
    Success,
    /// It did not.
    Failure,
}

/// One event; serializes as Okta's `LogEvent` does, as far as it goes.
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

/// The newest events, oldest first.
#[derive(Debug, Default)]
pub(super) struct EventLog {
    events: VecDeque<LogEvent>,
    written: u64,
}

impl EventLog {
    pub(super) fn write(
        &mut self,
        published: String,
        event_type: EventType,
        failure: Option<&'static str>,
        target: Target,
    ) {
        self.written += 1;
        if self.events.len() == KEPT {
            self.events.pop_front();
        }
        let result = if failure.is_some() { EventResult::Failure } else { EventResult::Success };
        self.events.push_back(LogEvent {
            uuid: format!("00000000-0000-4000-8000-{:012x}", self.written),
            published,
            event_type,
            outcome: Outcome { result, reason: failure },
            target: vec![target],
        });
    }

    pub(super) fn all(&self) -> Vec<LogEvent> {
        self.events.iter().cloned().collect()
    }
}
