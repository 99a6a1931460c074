//! What the verbs report: one document for `--json`, or lines for people. Holds no secret, and no field for one.

use std::time::SystemTime;

use serde::Serialize;

use super::super::{Exit, output};
use crate::okta::client::CallError;
use crate::okta::event_hooks::EventHook;
use crate::okta::inline_hooks::{HookChannel, InlineHook};

/// Why a verb did not do what it was asked, with the mend.
#[derive(Debug)]
pub(super) struct Problem {
    pub(super) exit: Exit,
    pub(super) words: String,
}

/// Something of the input, the configuration or an answer is bad.
pub(super) fn bad(words: impl Into<String>) -> Problem {
    Problem { exit: Exit::Bad, words: words.into() }
}

/// A call of Okta's API failed; `doing` is what it was for.
pub(super) fn okta(doing: &str, error: &CallError) -> Problem {
    let (exit, mend) = match error {
        CallError::BadToken(_) => (Exit::Bad, "; make a new token, or mend [okta]"),
        CallError::Forbidden(_) => (
            Exit::Bad,
            "; the token's owner must be allowed to manage inline hooks and event hooks (scopes \
             okta.inlineHooks.manage and okta.eventHooks.manage)",
        ),
        CallError::Refused(_) => (Exit::Bad, ""),
        _ => (Exit::Failed, ""),
    };
    Problem { exit, words: format!("{doing}: {error}{mend}") }
}

/// The document.
#[derive(Debug, Default, Serialize)]
pub(super) struct Report {
    /// The inline hook, as it stands now.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) inline_hook: Option<InlineView>,
    /// The event hook, as it stands now.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) event_hook: Option<EventView>,
    /// The calls through Okta.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) proofs: Vec<Proof>,
    /// What was done, in order, a sentence each.
    pub(super) done: Vec<String>,
    /// Entries of the configuration that nothing of ours in the org needs any more.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) removable: Vec<String>,
    /// Why it did not end well, with the mend.
    pub(super) problem: Option<String>,
}

/// An inline hook.
#[derive(Debug, Serialize)]
pub(super) struct InlineView {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) status: &'static str,
    pub(super) url: String,
    /// `HEADER`, `OAUTH`, or nothing that is known.
    pub(super) auth: &'static str,
    /// The header's name, or OAuth's method.
    pub(super) auth_by: Option<String>,
    pub(super) last_updated: Option<String>,
}

/// An event hook.
#[derive(Debug, Serialize)]
pub(super) struct EventView {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) status: &'static str,
    pub(super) verification: &'static str,
    pub(super) url: String,
    pub(super) auth_by: Option<String>,
    pub(super) events: Vec<String>,
    pub(super) last_updated: Option<String>,
}

/// One call through Okta.
#[derive(Debug, Serialize)]
pub(super) struct Proof {
    /// `made-up` or `known`
    pub(super) user: &'static str,
    /// What the answer must be.
    pub(super) expected: &'static str,
    /// What it was; nothing where the call failed.
    pub(super) answer: Option<&'static str>,
    /// From here to Okta, to the service, and all the way back.
    pub(super) micros: u64,
}

impl From<&InlineHook> for InlineView {
    fn from(hook: &InlineHook) -> Self {
        let (auth, auth_by) = match &hook.channel {
            HookChannel::Http { auth_header: Some(name), .. } => ("HEADER", Some(name.clone())),
            HookChannel::Http { auth_header: None, .. } => ("NONE", None),
            HookChannel::OAuth { auth_type, .. } => ("OAUTH", auth_type.clone()),
            HookChannel::Other => ("UNKNOWN", None),
        };
        Self {
            id: hook.id.clone(),
            name: hook.name.clone(),
            status: status(hook.active),
            url: hook.url.clone(),
            auth,
            auth_by,
            last_updated: hook.last_updated.and_then(time),
        }
    }
}

impl From<&EventHook> for EventView {
    fn from(hook: &EventHook) -> Self {
        Self {
            id: hook.id.clone(),
            name: hook.name.clone(),
            status: status(hook.active),
            verification: if hook.verified { "VERIFIED" } else { "UNVERIFIED" },
            url: hook.url.clone(),
            auth_by: hook.auth_header.clone(),
            events: hook.events.clone(),
            last_updated: hook.last_updated.and_then(time),
        }
    }
}

impl Report {
    /// Prints it, and gives the exit code.
    pub(super) fn finish(mut self, json: bool, ended: Result<(), Problem>) -> anyhow::Result<Exit> {
        let (exit, problem) = match ended {
            Ok(()) => (Exit::Done, None),
            Err(problem) => (problem.exit, Some(problem.words)),
        };
        self.problem.clone_from(&problem);
        if json {
            output::json(&self)?;
        } else {
            for sentence in &self.done {
                output::line(sentence)?;
            }
        }
        if let Some(problem) = problem {
            output::note(&format!("keyferry hook: {problem}"));
        }
        Ok(exit)
    }

    pub(super) fn did(&mut self, sentence: impl Into<String>) {
        self.done.push(sentence.into());
    }
}

pub(super) fn status(active: bool) -> &'static str {
    if active { "ACTIVE" } else { "INACTIVE" }
}

fn time(at: SystemTime) -> Option<String> {
    let millis = at.duration_since(SystemTime::UNIX_EPOCH).ok()?.as_millis();
    crate::ledger::rfc3339_text(i64::try_from(millis).ok()?)
}
