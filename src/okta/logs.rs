//! `/api/v1/logs`: the System Log, page by page, and its events, which event hooks bring, too.

use std::time::SystemTime;

use serde_json::Value;

use super::client::{Bucket, Call, CallError, Client, inside, next, with_query};
use super::wire;

const PATH: &str = "/api/v1/logs";
/// Events on one page: some are 20 KiB long.
const PAGE: &str = "200";
/// The longest text of an event that is kept, in bytes.
const LONGEST: usize = 256;

/// One event, as far as a migration needs it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogEvent {
    /// Unique within the org.
    pub uuid: String,
    /// When it happened.
    pub published: SystemTime,
    /// `user.import.password` and its like.
    pub event_type: String,
    /// `outcome.result` is `SUCCESS`.
    pub success: bool,
    /// The id of the first target of type `User`.
    pub user_id: Option<String>,
    /// Its login.
    pub user_login: Option<String>,
}

/// Where to read on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LogFrom {
    /// From this time on, Okta's clock.
    Since(SystemTime),
    /// The `next` of an earlier page.
    Next(String),
}

/// Some events, oldest first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogPage {
    /// Those that can be read. One that is not in the shape of an event is left out.
    pub events: Vec<LogEvent>,
    /// Where to read on. Okta gives one even after the newest event, for what comes later: a page without events is
    /// the end for now.
    pub next: Option<String>,
    /// How many were left out.
    pub unreadable: usize,
}

impl Client {
    /// One page of the log. `filter` counts for [`LogFrom::Since`]; a next link carries its own.
    pub async fn log_page(&self, from: LogFrom, filter: &str) -> Result<LogPage, CallError> {
        let path = match from {
            LogFrom::Since(since) => {
                let since = wire::timestamp(since);
                let pairs = [
                    ("since", since.as_str()),
                    ("filter", filter),
                    ("limit", PAGE),
                    ("sortOrder", "ASCENDING"),
                ];
                with_query(PATH, &pairs)
            }
            LogFrom::Next(link) => inside(self.org(), &link, PATH)?,
        };
        let answer = self.call(Call::list(&path, Bucket::Logs)).await?;
        let all: Vec<Value> = answer.object()?;
        let events: Vec<LogEvent> = all.iter().filter_map(parse_log_event).collect();
        let next = next(self.org(), &answer.headers, PATH)?;
        let org = self.org().to_string();
        let next = next.map(|place| format!("{}{place}", org.trim_end_matches('/')));
        Ok(LogPage { unreadable: all.len() - events.len(), events, next })
    }
}

/// An event of the System Log or of an event hook; `None` where it is none.
pub fn parse_log_event(value: &Value) -> Option<LogEvent> {
    let text = |value: &Value, name: &str| {
        let text = value.get(name)?.as_str()?;
        let plain = !text.is_empty() && text.len() <= LONGEST && !text.contains(char::is_control);
        plain.then(|| text.to_owned())
    };
    let is_user = |target: &&Value| target.get("type").and_then(Value::as_str) == Some("User");
    let user = value.get("target").and_then(Value::as_array).and_then(|targets| targets.iter().find(is_user));
    Some(LogEvent {
        uuid: text(value, "uuid")?,
        published: wire::time(&text(value, "published")?)?,
        event_type: text(value, "eventType")?,
        success: value.get("outcome").and_then(|outcome| text(outcome, "result")).as_deref()
            == Some("SUCCESS"),
        user_id: user.and_then(|user| text(user, "id")).filter(|id| wire::is_id(id)),
        user_login: user.and_then(|user| text(user, "alternateId")),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn an_event_is_read_wherever_its_user_stands() {
        let event = json!({
            "uuid": "dc9fd3c0-598c-11ef-8478-2b7584bf8d5a",
            "published": "2024-08-13T15:58:20.353Z",
            "eventType": "user.import.password",
            "outcome": { "result": "SUCCESS" },
            "target": [
                { "id": "0oa1", "type": "AppInstance", "alternateId": "app" },
                { "id": "00u1qw1mqitPHM8AJ0g7", "type": "User", "alternateId": "admin@example.com", "displayName": "x" },
            ],
            "debugContext": {},
        });
        let read = parse_log_event(&event).expect("an event");
        assert!(read.success);
        assert_eq!(read.user_id.as_deref(), Some("00u1qw1mqitPHM8AJ0g7"));
        assert_eq!(read.user_login.as_deref(), Some("admin@example.com"));
        for (pointer, bad) in [
            ("/uuid", json!(7)),
            ("/published", json!("today")),
            ("/eventType", json!("x".repeat(300))),
            ("/uuid", json!("a\nb")),
        ] {
            let mut event = event.clone();
            *event.pointer_mut(pointer).expect("there") = bad;
            assert_eq!(parse_log_event(&event), None, "{pointer}");
        }
        for (pointer, other) in [("/outcome/result", json!("FAILURE")), ("/outcome", json!(null))] {
            let mut event = event.clone();
            *event.pointer_mut(pointer).expect("there") = other;
            assert!(!parse_log_event(&event).expect("an event").success);
        }
        assert_eq!(parse_log_event(&json!([])), None);
    }
}
