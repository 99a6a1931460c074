//! `/api/v1/logs`: the System Log. Polling requests never end: each page has a `next` link. Bounded ones do.

use std::collections::HashMap;
use std::time::Duration;

use axum::Json;
use axum::extract::{RawQuery, State};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use super::answer::{same_form, timestamp};
use super::error::ApiError;
use super::events::LogEvent;
use super::filter::Expression;
use super::page::link;
use super::{Org, request};

const DAY: Duration = Duration::from_hours(24);
/// Attributes that a filter may name, of those that events of this org have.
const ATTRIBUTES: [&str; 13] = [
    "uuid",
    "eventType",
    "severity",
    "displayMessage",
    "outcome.result",
    "outcome.reason",
    "actor.id",
    "actor.alternateId",
    "target.id",
    "target.type",
    "target.alternateId",
    "target.displayName",
    "client.ipAddress",
];

/// What is asked for, read and checked.
struct Query {
    since: String,
    until: Option<String>,
    after: Option<u64>,
    filter: Option<Expression>,
    keywords: Vec<String>,
    limit: usize,
    descending: bool,
}

pub(super) async fn list(State(org): State<Org>, RawQuery(query): RawQuery) -> Result<Response, ApiError> {
    let parameters = request::parameters(query.as_deref());
    let query = Query::read(&org, &parameters)?;
    let people = org.people();
    let log = &people.log;
    let (page, next) = if query.until.is_none() && !query.descending {
        // By the time they were written: what is published late is not skipped, nor is it in order.
        let mut found = log
            .after(query.after.unwrap_or_default())
            .filter(|(_, event)| query.after.is_some() || event.published >= query.since)
            .filter(|(_, event)| query.wants(event));
        let page: Vec<_> = found.by_ref().take(query.limit).collect();
        // Only a page that is full says where it ended: after any other there is nothing more as yet.
        let reached = if found.next().is_some() { page.last().map(|(number, _)| *number) } else { None };
        (page, Some(reached.unwrap_or(log.written())))
    } else {
        let until = query.until.clone().unwrap_or_else(|| timestamp(org.now()));
        let mut found: Vec<_> = log
            .after(0)
            .filter(|(_, event)| query.since <= event.published && event.published <= until)
            .filter(|(_, event)| query.wants(event))
            .collect();
        found.sort_by_key(|(number, event)| (&event.published, *number));
        if query.descending {
            found.reverse();
        }
        let begin = match query.after {
            None => 0,
            Some(after) => {
                found.iter().position(|(number, _)| *number == after).map_or(found.len(), |at| at + 1)
            }
        };
        let mut rest = found.into_iter().skip(begin);
        let page: Vec<_> = rest.by_ref().take(query.limit).collect();
        let more = rest.next().is_some();
        let last = page.last().map(|(number, _)| *number);
        (page, last.filter(|_| more))
    };
    let events: Vec<Value> = page.iter().map(|(_, event)| event.whole()).collect();
    let mut response = Json(events).into_response();
    let url = format!("{}/api/v1/logs", org.0.base_url);
    link(response.headers_mut(), &url, &parameters, "self");
    if let Some(next) = next {
        let mut parameters = parameters;
        parameters.insert("after".into(), next.to_string());
        link(response.headers_mut(), &url, &parameters, "next");
    }
    Ok(response)
}

/// `/api/v1/org`, as far as an imitation has anything to say.
pub(super) async fn org_settings() -> Response {
    Json(json!({
        "id": "00o00000000000000001",
        "subdomain": "imitation",
        "companyName": "An imitation",
        "status": "ACTIVE",
        "created": "2026-01-01T00:00:00.000Z",
        "lastUpdated": "2026-01-01T00:00:00.000Z",
    }))
    .into_response()
}

impl Query {
    fn read(org: &Org, parameters: &HashMap<String, String>) -> Result<Self, ApiError> {
        let until = time(parameters, "until")?;
        let now = org.now();
        let since = match time(parameters, "since")? {
            Some(since) if since < timestamp(now - 180 * DAY) => {
                let told =
                    "Invalid parameter: The since parameter is over 180 days prior to the current day.";
                return Err(ApiError::log_query(told));
            }
            Some(since) => since,
            None => timestamp(now - 7 * DAY),
        };
        let descending = match parameters.get("sortOrder").map(String::as_str) {
            None | Some("ASCENDING") => false,
            Some("DESCENDING") => true,
            Some(_) => return Err(wrong("sortOrder", "must be ASCENDING or DESCENDING")),
        };
        let limit = match parameters.get("limit").map(|limit| limit.parse()) {
            None => 100,
            Some(Ok(limit @ 0..=1000)) => limit,
            Some(_) => return Err(wrong("limit", "must be from 0 to 1000")),
        };
        let after = parameters.get("after").map(|after| after.parse()).transpose();
        let after = after.map_err(|_| wrong("after", "must be that of a `next` link"))?;
        let filter = parameters.get("filter").map(|filter| expression(filter)).transpose()?;
        let keywords = parameters.get("q").map_or("", String::as_str).to_lowercase();
        let keywords: Vec<String> = keywords.split_whitespace().map(str::to_owned).collect();
        if keywords.len() > 10 || keywords.iter().any(|keyword| keyword.chars().count() > 40) {
            return Err(wrong("q", "takes at most 10 keywords of at most 40 characters"));
        }
        Ok(Self { since, until, after, filter, keywords, limit, descending })
    }

    fn wants(&self, event: &LogEvent) -> bool {
        let filtered = self
            .filter
            .as_ref()
            .is_none_or(|filter| filter.holds(&|attribute| values(event, attribute), false));
        if !filtered || self.keywords.is_empty() {
            return filtered;
        }
        let text = event.whole().to_string().to_lowercase();
        self.keywords.iter().all(|keyword| text.contains(keyword))
    }
}

fn time(parameters: &HashMap<String, String>, name: &str) -> Result<Option<String>, ApiError> {
    let read = |text: &String| {
        same_form(text).ok_or_else(|| {
            wrong(
                name,
                "The date format in your query is not recognized. Please enter dates using ISO8601 string format.",
            )
        })
    };
    parameters.get(name).map(read).transpose()
}

fn wrong(name: &str, what: &str) -> ApiError {
    ApiError::validation(&format!("'{name}': {what}"), vec![format!("{name}: {what}")])
}

fn expression(text: &str) -> Result<Expression, ApiError> {
    let mut expression =
        Expression::parse(text).map_err(|_| ApiError::log_query("Invalid filter: it cannot be read"))?;
    expression.check(&mut |term| {
        if ATTRIBUTES.contains(&term.attribute.as_str()) {
            return Ok(());
        }
        let attribute: String = term.attribute.chars().take(100).collect();
        Err(ApiError::log_query(format!("field is not valid: {attribute}")))
    })?;
    Ok(expression)
}

fn values(event: &LogEvent, attribute: &str) -> Vec<String> {
    let targets = |of: fn(&super::Target) -> &str| event.target.iter().map(|t| of(t).to_owned()).collect();
    let one = |text: &str| vec![text.to_owned()];
    match attribute {
        "uuid" => one(&event.uuid),
        "eventType" => one(event.event_type.name()),
        "outcome.result" => one(event.outcome.result.name()),
        "outcome.reason" => event.outcome.reason.map(str::to_owned).into_iter().collect(),
        "actor.id" | "target.id" => targets(|target| &target.id),
        "actor.alternateId" | "target.alternateId" => targets(|target| &target.alternate_id),
        "target.displayName" => targets(|target| &target.display_name),
        "target.type" => targets(|target| target.kind),
        other => {
            let pointer = format!("/{}", other.replace('.', "/"));
            event.whole().pointer(&pointer).and_then(Value::as_str).map(str::to_owned).into_iter().collect()
        }
    }
}
