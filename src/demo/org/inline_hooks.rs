//! `/api/v1/inlineHooks`: registration of inline hooks, of which this org calls the password import hook only.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, RawQuery, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::{Map, Value, json};

use super::answer::timestamp;
use super::channel::{Channel, HookEndpoint};
use super::error::ApiError;
use super::{Org, hook, locked, request};

/// The type that this org calls.
const PASSWORD_IMPORT: &str = "com.okta.user.credential.password.import";
const TYPES: [&str; 6] = [
    PASSWORD_IMPORT,
    "com.okta.import.transform",
    "com.okta.oauth2.tokens.transform",
    "com.okta.saml.tokens.transform",
    "com.okta.user.pre-registration",
    "com.okta.telephony.provider",
];
/// The most inline hooks of an org, says Okta's description.
const MOST: usize = 50;

type Answer = Result<Response, ApiError>;

/// All inline hooks of the org.
#[derive(Default)]
pub(super) struct InlineHooks {
    hooks: BTreeMap<String, InlineHook>,
    made: u64,
}

struct InlineHook {
    id: String,
    name: String,
    kind: String,
    active: bool,
    created: String,
    updated: String,
    endpoint: Arc<HookEndpoint>,
    /// The channel without its secrets.
    shown: Value,
}

impl InlineHooks {
    /// The active password import hook: its id, and where it is.
    pub(super) fn password_import(&self) -> Option<(String, Arc<HookEndpoint>)> {
        let hook = self.hooks.values().find(|hook| hook.kind == PASSWORD_IMPORT && hook.active)?;
        Some((hook.id.clone(), Arc::clone(&hook.endpoint)))
    }

    /// Puts an active password import hook in the place of any other.
    pub(super) fn set_password_import(&mut self, endpoint: HookEndpoint, now: String) {
        self.hooks.retain(|_, hook| hook.kind != PASSWORD_IMPORT);
        let channel = Channel { shown: endpoint.shown(), endpoint };
        self.insert("Password import".into(), PASSWORD_IMPORT.into(), channel, now);
    }

    fn insert(&mut self, name: String, kind: String, channel: Channel, now: String) -> &InlineHook {
        self.made += 1;
        let id = format!("cal{:017}", self.made);
        let hook = InlineHook {
            id: id.clone(),
            name,
            kind,
            active: true,
            created: now.clone(),
            updated: now,
            endpoint: Arc::new(channel.endpoint),
            shown: channel.shown,
        };
        self.hooks.entry(id).or_insert(hook)
    }

    fn find(&mut self, id: &str) -> Result<&mut InlineHook, ApiError> {
        self.hooks.get_mut(id).ok_or_else(|| ApiError::not_found(id, "InlineHook"))
    }
}

impl InlineHook {
    fn answer(&self, base_url: &str) -> Value {
        let url = format!("{base_url}/api/v1/inlineHooks/{}", self.id);
        let link = |path: &str, method: &str| json!({ "href": format!("{url}{path}"), "hints": { "allow": [method] } });
        let mut links = Map::new();
        links.insert("self".into(), link("", "GET"));
        links.insert("execute".into(), link("/execute", "POST"));
        if self.active {
            links.insert("deactivate".into(), link("/lifecycle/deactivate", "POST"));
        } else {
            links.insert("activate".into(), link("/lifecycle/activate", "POST"));
            links.insert("delete".into(), link("", "DELETE"));
        }
        json!({
            "id": self.id,
            "status": if self.active { "ACTIVE" } else { "INACTIVE" },
            "name": self.name,
            "type": self.kind,
            "version": "1.0.0",
            "channel": self.shown,
            "created": self.created,
            "lastUpdated": self.updated,
            "_links": links,
        })
    }
}

pub(super) async fn list(State(org): State<Org>, RawQuery(query): RawQuery) -> Answer {
    let parameters = request::parameters(query.as_deref());
    let kind = parameters.get("type");
    if kind.is_some_and(|kind| !TYPES.contains(&kind.as_str())) {
        return Err(ApiError::validation("type", vec!["type: must be that of an inline hook".into()]));
    }
    let hooks = locked(&org.0.inline_hooks);
    let wanted = hooks.hooks.values().filter(|hook| kind.is_none_or(|kind| hook.kind == *kind));
    let answer: Vec<Value> = wanted.map(|hook| hook.answer(&org.0.base_url)).collect();
    Ok(Json(answer).into_response())
}

pub(super) async fn create(State(org): State<Org>, headers: HeaderMap, body: Bytes) -> Answer {
    let body = request::object(&headers, &body)?;
    let name = name(&body)?;
    version(&body)?;
    let kind = body.get("type").and_then(Value::as_str).filter(|kind| TYPES.contains(kind));
    let kind = kind
        .ok_or_else(|| ApiError::validation("type", vec!["type: must be that of an inline hook".into()]))?;
    let channel = Channel::read(&body, true)?;
    let now = timestamp(org.now());
    let mut hooks = locked(&org.0.inline_hooks);
    if kind == PASSWORD_IMPORT && hooks.hooks.values().any(|hook| hook.kind == kind) {
        // Okta's documents give the rule, not the words of the refusal.
        let cause = "type: an org can have only one password import inline hook";
        return Err(ApiError::validation("type", vec![cause.into()]));
    }
    if hooks.hooks.len() >= MOST {
        return Err(ApiError::validation(
            "type",
            vec![format!("type: an org has at most {MOST} inline hooks")],
        ));
    }
    let answer = hooks.insert(name, kind.to_owned(), channel, now).answer(&org.0.base_url);
    Ok(Json(answer).into_response())
}

pub(super) async fn read(State(org): State<Org>, Path(id): Path<String>) -> Answer {
    let mut hooks = locked(&org.0.inline_hooks);
    Ok(Json(hooks.find(&id)?.answer(&org.0.base_url)).into_response())
}

/// Changes what the body names; a channel only as a whole, with its secret, since nobody can read that back.
pub(super) async fn update(
    State(org): State<Org>,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Answer {
    let body = request::object(&headers, &body)?;
    let name = body.contains_key("name").then(|| name(&body)).transpose()?;
    if body.contains_key("version") {
        version(&body)?;
    }
    let channel = body.contains_key("channel").then(|| Channel::read(&body, true)).transpose()?;
    change(&org, &id, name, channel)
}

pub(super) async fn replace(
    State(org): State<Org>,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Answer {
    let body = request::object(&headers, &body)?;
    version(&body)?;
    change(&org, &id, Some(name(&body)?), Some(Channel::read(&body, true)?))
}

fn change(org: &Org, id: &str, name: Option<String>, channel: Option<Channel>) -> Answer {
    let now = timestamp(org.now());
    let mut hooks = locked(&org.0.inline_hooks);
    let hook = hooks.find(id)?;
    if let Some(name) = name {
        hook.name = name;
    }
    if let Some(channel) = channel {
        hook.endpoint = Arc::new(channel.endpoint);
        hook.shown = channel.shown;
    }
    hook.updated = now;
    Ok(Json(hook.answer(&org.0.base_url)).into_response())
}

pub(super) async fn activate(State(org): State<Org>, Path(id): Path<String>) -> Answer {
    set_active(&org, &id, true)
}

pub(super) async fn deactivate(State(org): State<Org>, Path(id): Path<String>) -> Answer {
    set_active(&org, &id, false)
}

fn set_active(org: &Org, id: &str, active: bool) -> Answer {
    let now = timestamp(org.now());
    let mut hooks = locked(&org.0.inline_hooks);
    let hook = hooks.find(id)?;
    hook.active = active;
    hook.updated = now;
    Ok(Json(hook.answer(&org.0.base_url)).into_response())
}

/// Only inactive hooks can be deleted.
pub(super) async fn delete(State(org): State<Org>, Path(id): Path<String>) -> Answer {
    let mut hooks = locked(&org.0.inline_hooks);
    if hooks.find(&id)?.active {
        return Err(ApiError::transition());
    }
    hooks.hooks.remove(&id);
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// Calls the hook with the given payload as it would be called, and gives what it answers.
pub(super) async fn execute(
    State(org): State<Org>,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Answer {
    request::object(&headers, &body)?;
    let endpoint = Arc::clone(&locked(&org.0.inline_hooks).find(&id)?.endpoint);
    let refused = |why: &str| {
        let cause = format!("The inline hook was not executed: {why}");
        ApiError::validation("inlineHook", vec![cause])
    };
    let answer = match hook::call(&org.0.client, &endpoint, body).await.0 {
        Ok(Some(answer)) => answer,
        // Nothing said means that the default action stays.
        Ok(None) => return Ok(Json(json!({})).into_response()),
        Err(why) => return Err(refused(why)),
    };
    if let hook::Answer::Failed(why) = hook::understand(&answer) {
        return Err(refused(why));
    }
    let answer: Value = serde_json::from_slice(&answer).map_err(|_| ApiError::internal())?;
    Ok(Json(answer).into_response())
}

fn name(body: &Map<String, Value>) -> Result<String, ApiError> {
    let name = body.get("name").and_then(Value::as_str).unwrap_or_default();
    if !(1..=255).contains(&name.chars().count()) {
        return Err(ApiError::validation("name", vec!["name: must be there, of 1 to 255 characters".into()]));
    }
    Ok(name.to_owned())
}

fn version(body: &Map<String, Value>) -> Result<(), ApiError> {
    match body.get("version").and_then(Value::as_str) {
        Some("1.0.0") => Ok(()),
        _ => Err(ApiError::validation("version", vec!["version: must be 1.0.0".into()])),
    }
}
