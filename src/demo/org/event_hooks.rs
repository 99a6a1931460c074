//! `/api/v1/eventHooks`: registration and verification of event hooks. What they are sent is in `deliveries`.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use reqwest::Method;
use serde_json::{Map, Value, json};

use super::answer::timestamp;
use super::channel::{Channel, HookEndpoint};
use super::error::ApiError;
use super::{Org, hook, locked, random_id, request};

/// The most that may be active and verified at once, say Okta's documents.
const MOST: usize = 10;

type Answer = Result<Response, ApiError>;

/// All event hooks of the org.
#[derive(Default)]
pub(super) struct EventHooks {
    hooks: BTreeMap<String, EventHook>,
    made: u64,
}

struct EventHook {
    id: String,
    name: String,
    description: Option<String>,
    items: Vec<String>,
    active: bool,
    verified: bool,
    created: String,
    updated: String,
    endpoint: Arc<HookEndpoint>,
    /// The channel without its secrets.
    shown: Value,
}

impl EventHooks {
    /// Whom an event of this type is delivered to: ids and places.
    pub(super) fn subscribed(&self, event_type: &str) -> Vec<(String, Arc<HookEndpoint>)> {
        let wants = |hook: &&EventHook| hook.receives() && hook.items.iter().any(|item| item == event_type);
        let hooks = self.hooks.values().filter(wants);
        hooks.map(|hook| (hook.id.clone(), Arc::clone(&hook.endpoint))).collect()
    }

    fn find(&mut self, id: &str) -> Result<&mut EventHook, ApiError> {
        self.hooks.get_mut(id).ok_or_else(|| ApiError::not_found(id, "EventHook"))
    }
}

impl EventHook {
    fn receives(&self) -> bool {
        self.active && self.verified
    }

    fn answer(&self, base_url: &str) -> Value {
        let url = format!("{base_url}/api/v1/eventHooks/{}", self.id);
        let step =
            |path: &str| json!({ "href": format!("{url}/lifecycle/{path}"), "hints": { "allow": ["POST"] } });
        let change = if self.active { "deactivate" } else { "activate" };
        json!({
            "id": self.id,
            "status": if self.active { "ACTIVE" } else { "INACTIVE" },
            "verificationStatus": if self.verified { "VERIFIED" } else { "UNVERIFIED" },
            "name": self.name,
            "description": self.description,
            "created": self.created,
            "createdBy": "00u00000000000000000",
            "lastUpdated": self.updated,
            "events": { "type": "EVENT_TYPE", "items": self.items, "filter": null },
            "channel": self.shown,
            "_links": {
                "self": { "href": url },
                "verify": step("verify"),
                change: step(change),
            },
        })
    }
}

/// What a create or a replace brings.
struct Wanted {
    name: String,
    description: Option<String>,
    items: Vec<String>,
    channel: Channel,
}

impl Wanted {
    fn read(body: &Map<String, Value>) -> Result<Self, ApiError> {
        let wrong = |object: &str, cause: &str| ApiError::validation(object, vec![cause.to_owned()]);
        let name = body.get("name").and_then(Value::as_str).unwrap_or_default();
        if !(1..=255).contains(&name.chars().count()) {
            return Err(wrong("name", "name: must be there, of 1 to 255 characters"));
        }
        let description = match body.get("description") {
            None | Some(Value::Null) => None,
            Some(Value::String(text)) => Some(text.clone()),
            Some(_) => return Err(wrong("description", "description: must be text")),
        };
        let events = body.get("events").and_then(Value::as_object);
        let events = events.ok_or_else(|| wrong("events", "events: must be there, as an object"))?;
        if events.get("type").and_then(Value::as_str) != Some("EVENT_TYPE") {
            return Err(wrong("events", "events.type: must be EVENT_TYPE"));
        }
        if events.get("filter").is_some_and(|filter| !filter.is_null()) {
            return Err(wrong("events", "events.filter: is not imitated"));
        }
        let items = events.get("items").and_then(Value::as_array);
        let items: Option<Vec<String>> = items.filter(|items| !items.is_empty()).and_then(|items| {
            let name = |item: &Value| item.as_str().filter(|item| item.contains('.')).map(str::to_owned);
            items.iter().map(name).collect()
        });
        let items = items.ok_or_else(|| wrong("events", "events.items: must be a list of event types"))?;
        Ok(Self { name: name.to_owned(), description, items, channel: Channel::read(body, false)? })
    }
}

pub(super) async fn list(State(org): State<Org>) -> Answer {
    let hooks = locked(&org.0.event_hooks);
    let answer: Vec<Value> = hooks.hooks.values().map(|hook| hook.answer(&org.0.base_url)).collect();
    Ok(Json(answer).into_response())
}

pub(super) async fn create(State(org): State<Org>, headers: HeaderMap, body: Bytes) -> Answer {
    let wanted = Wanted::read(&request::object(&headers, &body)?)?;
    let now = timestamp(org.now());
    let mut hooks = locked(&org.0.event_hooks);
    hooks.made += 1;
    let id = format!("who{:017}", hooks.made);
    let hook = EventHook {
        id: id.clone(),
        name: wanted.name,
        description: wanted.description,
        items: wanted.items,
        active: true,
        verified: false,
        created: now.clone(),
        updated: now,
        endpoint: Arc::new(wanted.channel.endpoint),
        shown: wanted.channel.shown,
    };
    let answer = hook.answer(&org.0.base_url);
    hooks.hooks.insert(id, hook);
    Ok(Json(answer).into_response())
}

pub(super) async fn read(State(org): State<Org>, Path(id): Path<String>) -> Answer {
    let mut hooks = locked(&org.0.event_hooks);
    Ok(Json(hooks.find(&id)?.answer(&org.0.base_url)).into_response())
}

/// Another channel has to be verified again; since secrets cannot be read back, every channel is another one.
pub(super) async fn replace(
    State(org): State<Org>,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Answer {
    let wanted = Wanted::read(&request::object(&headers, &body)?)?;
    let now = timestamp(org.now());
    let mut hooks = locked(&org.0.event_hooks);
    let hook = hooks.find(&id)?;
    hook.name = wanted.name;
    hook.description = wanted.description;
    hook.items = wanted.items;
    hook.endpoint = Arc::new(wanted.channel.endpoint);
    hook.shown = wanted.channel.shown;
    hook.verified = false;
    hook.updated = now;
    Ok(Json(hook.answer(&org.0.base_url)).into_response())
}

/// Only inactive hooks can be deleted.
pub(super) async fn delete(State(org): State<Org>, Path(id): Path<String>) -> Answer {
    let mut hooks = locked(&org.0.event_hooks);
    if hooks.find(&id)?.active {
        return Err(ApiError::transition());
    }
    hooks.hooks.remove(&id);
    Ok(StatusCode::NO_CONTENT.into_response())
}

pub(super) async fn activate(State(org): State<Org>, Path(id): Path<String>) -> Answer {
    set_active(&org, &id, true)
}

pub(super) async fn deactivate(State(org): State<Org>, Path(id): Path<String>) -> Answer {
    set_active(&org, &id, false)
}

fn set_active(org: &Org, id: &str, active: bool) -> Answer {
    let now = timestamp(org.now());
    let mut hooks = locked(&org.0.event_hooks);
    let hook = hooks.find(id)?;
    hook.active = active;
    hook.updated = now;
    Ok(Json(hook.answer(&org.0.base_url)).into_response())
}

/// Asks the service, once or twice, to repeat what it is sent.
pub(super) async fn verify(State(org): State<Org>, Path(id): Path<String>) -> Answer {
    let endpoint = Arc::clone(&locked(&org.0.event_hooks).find(&id)?.endpoint);
    let challenge = random_id().ok_or_else(ApiError::internal)?;
    let (outcome, _) = hook::exchange(&org.0.client, &endpoint, &Method::GET, &|request| {
        request.header("X-Okta-Verification-Challenge", &challenge)
    })
    .await;
    let refused = |why: &str| {
        ApiError::validation("eventHook", vec![format!("eventHook: could not be verified: {why}")])
    };
    let answer = match outcome {
        Ok(Some(answer)) => answer,
        Ok(None) => return Err(refused("the answer is empty")),
        Err(why) => return Err(refused(why)),
    };
    let repeated = serde_json::from_slice::<Value>(&answer).ok();
    let repeated = repeated.as_ref().and_then(|answer| answer.get("verification")?.as_str());
    if repeated != Some(challenge.as_str()) {
        return Err(refused("`verification` is not the challenge"));
    }

    let now = timestamp(org.now());
    let mut hooks = locked(&org.0.event_hooks);
    if hooks.hooks.values().filter(|hook| hook.receives() && hook.id != id).count() >= MOST {
        return Err(refused("an org has at most ten active and verified event hooks"));
    }
    let hook = hooks.find(&id)?;
    // Somebody may have replaced the channel while the old one was asked.
    hook.verified = Arc::ptr_eq(&hook.endpoint, &endpoint);
    hook.updated = now;
    Ok(Json(hook.answer(&org.0.base_url)).into_response())
}
