//! One call, as Okta makes it: three seconds of patience, redirects not followed, no answer but a plain one believed.

use std::time::{Duration, Instant, SystemTime};

use hyper::body::Bytes;
use serde_json::Value;

use super::target::Target;
use crate::cli::hook::random_text;
use crate::http::recorded;
use crate::okta::client::NoAnswer;
use crate::okta::hook_call::{Verdict, verdict};
use crate::secret::Secret;

/// What is sent, and what should come back.
pub(super) struct Call {
    /// Where it was read.
    pub(super) name: String,
    pub(super) body: Bytes,
    pub(super) expect: Option<Verdict>,
}

/// Sends.
pub(super) struct Sender {
    pub(super) target: Target,
    /// Over and over, as far as they are asked for.
    pub(super) calls: Vec<Call>,
    pub(super) fresh: bool,
    pub(super) retry: bool,
}

/// What became of a call.
#[derive(Debug)]
pub(super) struct Done {
    /// Its number in the run, from 0.
    pub(super) number: u32,
    /// 1, or 2 where it was asked again.
    pub(super) attempts: u8,
    /// From the time when it was due to the end of the answer, or of the patience.
    pub(super) took: Duration,
    pub(super) end: End,
}

/// How it ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum End {
    Verdict(Verdict),
    /// Another status than 200.
    Status(u16),
    /// 200, and no verdict that Okta would take.
    NotAnAnswer,
    /// There is no connection.
    Unreachable(String),
    /// No answer, or a broken one.
    Silent(&'static str),
}

impl End {
    pub(super) fn verdict(&self) -> Option<Verdict> {
        if let Self::Verdict(verdict) = self { Some(*verdict) } else { None }
    }

    /// The status, where there is an answer.
    pub(super) fn status(&self) -> Option<u16> {
        match self {
            Self::Verdict(_) | Self::NotAnAnswer => Some(200),
            Self::Status(status) => Some(*status),
            Self::Unreachable(_) | Self::Silent(_) => None,
        }
    }

    /// Why there is no verdict.
    pub(super) fn failure(&self) -> Option<String> {
        match self {
            Self::Verdict(_) => None,
            Self::Status(status) => Some(format!("status {status}")),
            Self::NotAnAnswer => Some("no verdict in the answer".to_owned()),
            Self::Unreachable(why) => Some(format!("no connection: {why}")),
            Self::Silent(why) => Some((*why).to_owned()),
        }
    }

    /// Whether Okta would ask again.
    fn is_worth_a_retry(&self) -> bool {
        matches!(self, Self::Status(500..) | Self::Unreachable(_) | Self::Silent(_))
    }
}

impl Sender {
    /// The payload of the call with this number.
    pub(super) fn call(&self, number: u32) -> Option<&Call> {
        let number = usize::try_from(number).ok()?;
        self.calls.get(number.checked_rem(self.calls.len())?)
    }

    /// Makes the call with this number, which was to be made at `due`.
    pub(super) async fn send(&self, number: u32, due: Instant) -> Option<Done> {
        let body = self.body(self.call(number)?);
        let headers: Vec<(&str, &Secret)> =
            self.target.headers.iter().map(|(name, value)| (name.as_str(), value)).collect();
        let mut end = self.ask(&headers, body.clone()).await;
        let mut attempts = 1;
        if self.retry && end.is_worth_a_retry() {
            end = self.ask(&headers, body).await;
            attempts = 2;
        }
        Some(Done { number, attempts, took: due.elapsed(), end })
    }

    fn body(&self, call: &Call) -> Bytes {
        let fresh = || {
            let id = random_text()?;
            recorded::fresh(&call.body, &id, SystemTime::now()).ok()
        };
        // What was read can be taken apart again; without randomness an event keeps its id.
        let fresh = if self.fresh { fresh() } else { None };
        fresh.map_or_else(|| call.body.clone(), Bytes::from_owner)
    }

    async fn ask(&self, headers: &[(&str, &Secret)], body: Bytes) -> End {
        match self.target.direct.post_body(headers, body).await {
            Ok((200, body)) => {
                let answer: Option<Value> = serde_json::from_slice(&body).ok();
                answer.as_ref().and_then(verdict).map_or(End::NotAnAnswer, End::Verdict)
            }
            // Nothing to say: Okta's default action.
            Ok((204, _)) => End::Verdict(Verdict::Unverified),
            Ok((status, _)) => End::Status(status),
            Err(NoAnswer::Unreachable(why)) => End::Unreachable(why),
            Err(NoAnswer::Silent(why)) => End::Silent(why),
        }
    }
}
