//! `/api/v1/eventHooks`: where Okta reports that passwords have arrived.

use std::time::SystemTime;

use hyper::Method;
use serde::Deserialize;
use serde_json::json;

use super::client::{Bucket, Call, CallError, Client, Code};
use super::inline_hooks::{WireKey, not_text};
use super::users::{checked, gone};
use super::wire;
use crate::secret::Secret;

const PATH: &str = "/api/v1/eventHooks";

/// An event hook as Okta knows it. Its secret does not come back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventHook {
    /// Okta's id.
    pub id: String,
    /// What the console calls it.
    pub name: String,
    /// `ACTIVE`, not `INACTIVE`.
    pub active: bool,
    /// Whether Okta has seen the endpoint answer its challenge; no events come before.
    pub verified: bool,
    /// Where Okta calls.
    pub url: String,
    /// The name of the header that proves it.
    pub auth_header: Option<String>,
    /// The event types that it reports.
    pub events: Vec<String>,
    /// When it was last changed.
    pub last_updated: Option<SystemTime>,
}

/// An event hook to create, or to put in another's place.
#[derive(Debug)]
pub struct EventHookSpec<'a> {
    /// What the console calls it.
    pub name: &'a str,
    /// `https://…`
    pub url: &'a str,
    /// The name of the header that proves Okta.
    pub auth_header: &'a str,
    /// Its whole value.
    pub secret: &'a Secret,
    /// Event types such as `user.import.password`.
    pub events: &'a [&'a str],
}

impl Client {
    /// All event hooks of the org.
    pub async fn event_hooks(&self) -> Result<Vec<EventHook>, CallError> {
        let hooks: Vec<WireHook> = self.call(Call::list(PATH, Bucket::Other)).await?.object()?;
        hooks.into_iter().map(|hook| hook.read().ok_or(NOT_A_HOOK)).collect()
    }

    /// The event hook of this id.
    pub async fn event_hook(&self, id: &str) -> Result<Option<EventHook>, CallError> {
        let path = format!("{PATH}/{}", checked(id)?);
        match self.call(Call::get(&path, Bucket::Other)).await {
            Ok(answer) => answer.object::<WireHook>()?.read().map(Some).ok_or(NOT_A_HOOK),
            Err(error) if error.is(Code::NotFound) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Creates it, active and not verified. Not repeated blindly: after [`CallError::Lost`], list before trying again.
    pub async fn create_event_hook(&self, spec: &EventHookSpec<'_>) -> Result<EventHook, CallError> {
        self.call(spec.call(Method::POST, PATH)?.once()).await?.object::<WireHook>()?.read().ok_or(NOT_A_HOOK)
    }

    /// Puts this in the place of the hook of this id, which must then be verified again.
    pub async fn replace_event_hook(
        &self,
        id: &str,
        spec: &EventHookSpec<'_>,
    ) -> Result<EventHook, CallError> {
        let path = format!("{PATH}/{}", checked(id)?);
        self.call(spec.call(Method::PUT, &path)?).await?.object::<WireHook>()?.read().ok_or(NOT_A_HOOK)
    }

    /// Lets Okta send its challenge; refused where the endpoint does not answer it.
    pub async fn verify_event_hook(&self, id: &str) -> Result<(), CallError> {
        self.event_hook_step(id, "verify").await
    }

    /// Makes Okta report.
    pub async fn activate_event_hook(&self, id: &str) -> Result<(), CallError> {
        self.event_hook_step(id, "activate").await
    }

    /// Makes Okta no longer report.
    pub async fn deactivate_event_hook(&self, id: &str) -> Result<(), CallError> {
        self.event_hook_step(id, "deactivate").await
    }

    /// Deactivates it, and deletes it for good. One that is gone already stays so.
    pub async fn delete_event_hook(&self, id: &str) -> Result<(), CallError> {
        match self.event_hook(id).await? {
            None => return Ok(()),
            Some(hook) if hook.active => self.deactivate_event_hook(id).await?,
            Some(_) => {}
        }
        let path = format!("{PATH}/{}", checked(id)?);
        gone(self.call(Call::new(Method::DELETE, &path, Bucket::Other)).await)
    }

    async fn event_hook_step(&self, id: &str, step: &str) -> Result<(), CallError> {
        let path = format!("{PATH}/{}/lifecycle/{step}", checked(id)?);
        self.call(Call::post(&path, Bucket::Other)).await.map(drop)
    }
}

impl<'a> EventHookSpec<'a> {
    fn call(&self, method: Method, path: &'a str) -> Result<Call<'a>, CallError> {
        let secret = self.secret.expose_str().ok_or_else(not_text)?;
        let scheme = json!({ "type": "HEADER", "key": self.auth_header, "value": secret });
        let body = json!({
            "name": self.name,
            "events": { "type": "EVENT_TYPE", "items": self.events },
            "channel": {
                "type": "HTTP",
                "version": "1.0.0",
                "config": { "uri": self.url, "headers": [], "authScheme": scheme },
            },
        });
        Ok(Call::new(method, path, Bucket::Other).with(&body).hiding([secret]))
    }
}

const NOT_A_HOOK: CallError = CallError::Unreadable("its body is not an event hook");

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireHook {
    id: String,
    name: String,
    status: String,
    verification_status: Option<String>,
    events: WireEvents,
    channel: WireChannel,
    last_updated: Option<String>,
}

#[derive(Deserialize)]
struct WireEvents {
    #[serde(default, deserialize_with = "wire::null_as_default")]
    items: Vec<String>,
}

#[derive(Deserialize)]
struct WireChannel {
    config: WireConfig,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireConfig {
    uri: String,
    auth_scheme: Option<WireKey>,
}

impl WireHook {
    fn read(self) -> Option<EventHook> {
        let config = self.channel.config;
        wire::is_id(&self.id).then_some(EventHook {
            id: self.id,
            name: self.name,
            active: self.status == "ACTIVE",
            verified: self.verification_status.as_deref() == Some("VERIFIED"),
            url: config.uri,
            auth_header: config.auth_scheme.and_then(|scheme| scheme.key),
            events: self.events.items,
            last_updated: self.last_updated.as_deref().and_then(wire::time),
        })
    }
}
