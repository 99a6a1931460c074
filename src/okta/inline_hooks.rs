//! `/api/v1/inlineHooks`: the password import inline hook, and what proves to it that Okta is calling.

use std::time::SystemTime;

use hyper::Method;
use serde::Deserialize;
use serde_json::{Value, json};

use super::client::{Bucket, Call, CallError, Client, Code, with_query};
use super::users::{checked, gone};
use super::wire;
use crate::secret::Secret;

/// The one kind of inline hook that is touched here.
pub const PASSWORD_IMPORT: &str = "com.okta.user.credential.password.import";
const PATH: &str = "/api/v1/inlineHooks";
const VERSION: &str = "1.0.0";

/// A password import inline hook as Okta knows it. Secrets do not come back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InlineHook {
    /// Okta's id.
    pub id: String,
    /// What the console calls it.
    pub name: String,
    /// `ACTIVE`, not `INACTIVE`.
    pub active: bool,
    /// Where Okta calls.
    pub url: String,
    /// How Okta proves itself.
    pub channel: HookChannel,
    /// When it was last changed.
    pub last_updated: Option<SystemTime>,
}

/// How a hook that is there proves itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HookChannel {
    /// By a header.
    Http {
        /// Its name.
        auth_header: Option<String>,
        /// The names of other headers that are sent along.
        headers: Vec<String>,
    },
    /// By an access token.
    OAuth {
        /// `client_secret_post` or `private_key_jwt`
        auth_type: Option<String>,
        /// Okta's client id at the authorization server.
        client_id: Option<String>,
        /// Where Okta asks for a token.
        token_url: Option<String>,
        /// The scope that it asks for.
        scope: Option<String>,
    },
    /// Anything else.
    Other,
}

/// A hook to create, or to put in another's place.
#[derive(Debug)]
pub struct InlineHookSpec<'a> {
    /// What the console calls it, up to 255 characters.
    pub name: &'a str,
    /// `https://…`, at most 1024 characters.
    pub url: &'a str,
    /// How Okta proves itself.
    pub auth: &'a HookAuth,
    /// Other headers to send along.
    pub headers: &'a [(String, Secret)],
}

/// How Okta shall prove itself.
#[derive(Debug)]
pub enum HookAuth {
    /// By a header. The scheme, such as `Basic `, is part of the secret.
    Header {
        /// Its name.
        name: String,
        /// Its whole value.
        secret: Secret,
    },
    /// By an access token that Okta asks an authorization server for.
    OAuth {
        /// Okta's client id there.
        client_id: String,
        /// Where it asks.
        token_url: String,
        /// What it asks for.
        scope: String,
        /// How it proves itself there.
        client: HookClient,
    },
}

/// How Okta proves itself at the authorization server.
#[derive(Debug)]
pub enum HookClient {
    /// `client_secret_post`
    Secret(Secret),
    /// `private_key_jwt`, with a key that Okta made: the id of the hook key.
    PrivateKey(String),
}

impl Client {
    /// All password import inline hooks; an org has one at most.
    pub async fn inline_hooks(&self) -> Result<Vec<InlineHook>, CallError> {
        let path = with_query(PATH, &[("type", PASSWORD_IMPORT)]);
        let hooks: Vec<WireHook> = self.call(Call::list(&path, Bucket::Other)).await?.object()?;
        // An imitation may not know the parameter.
        let ours = hooks.into_iter().filter(|hook| hook.kind == PASSWORD_IMPORT);
        ours.map(|hook| hook.read().ok_or(NOT_A_HOOK)).collect()
    }

    /// The hook of this id.
    pub async fn inline_hook(&self, id: &str) -> Result<Option<InlineHook>, CallError> {
        let path = format!("{PATH}/{}", checked(id)?);
        match self.call(Call::get(&path, Bucket::Other)).await {
            Ok(answer) => answer.object::<WireHook>()?.read().map(Some).ok_or(NOT_A_HOOK),
            Err(error) if error.is(Code::NotFound) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The headers that Okta sends to the hook of this id besides the one that proves it, with their values, which Okta
    /// gives back. Whoever replaces a hook and wants to keep them must send them again. None of a hook that is gone.
    pub async fn inline_hook_headers(&self, id: &str) -> Result<Vec<(String, Secret)>, CallError> {
        let path = format!("{PATH}/{}", checked(id)?);
        match self.call(Call::get(&path, Bucket::Other)).await {
            Ok(answer) => Ok(answer
                .object::<WireHeadersOnly>()?
                .channel
                .config
                .headers
                .into_iter()
                .filter_map(|header| Some((header.key?, header.value?)))
                .collect()),
            Err(error) if error.is(Code::NotFound) => Ok(Vec::new()),
            Err(error) => Err(error),
        }
    }

    /// Creates the hook. Not repeated blindly: after [`CallError::Lost`], list before trying again.
    pub async fn create_inline_hook(&self, spec: &InlineHookSpec<'_>) -> Result<InlineHook, CallError> {
        let call = spec.call(Method::POST, PATH, Some(PASSWORD_IMPORT))?.once();
        self.call(call).await?.object::<WireHook>()?.read().ok_or(NOT_A_HOOK)
    }

    /// Puts this in the place of the hook of this id.
    pub async fn replace_inline_hook(
        &self,
        id: &str,
        spec: &InlineHookSpec<'_>,
    ) -> Result<InlineHook, CallError> {
        let path = format!("{PATH}/{}", checked(id)?);
        self.call(spec.call(Method::PUT, &path, None)?).await?.object::<WireHook>()?.read().ok_or(NOT_A_HOOK)
    }

    /// Makes Okta call it.
    pub async fn activate_inline_hook(&self, id: &str) -> Result<(), CallError> {
        self.inline_hook_step(id, "activate").await
    }

    /// Makes Okta no longer call it.
    pub async fn deactivate_inline_hook(&self, id: &str) -> Result<(), CallError> {
        self.inline_hook_step(id, "deactivate").await
    }

    /// Deactivates it, and deletes it for good. One that is gone already stays so.
    pub async fn delete_inline_hook(&self, id: &str) -> Result<(), CallError> {
        match self.inline_hook(id).await? {
            None => return Ok(()),
            Some(hook) if hook.active => self.deactivate_inline_hook(id).await?,
            Some(_) => {}
        }
        let path = format!("{PATH}/{}", checked(id)?);
        gone(self.call(Call::new(Method::DELETE, &path, Bucket::Other)).await)
    }

    /// Lets Okta call the hook with this payload, and gives the hook's answer. Where the hook does not answer well,
    /// Okta refuses, and its words say what went wrong.
    pub async fn execute_inline_hook(&self, id: &str, payload: &Value) -> Result<Value, CallError> {
        let path = format!("{PATH}/{}/execute", checked(id)?);
        let credential = payload.pointer("/data/context/credential");
        let text = |name| credential.and_then(|credential| credential.get(name)).and_then(Value::as_str);
        let sent = [text("username"), text("password")].into_iter().flatten();
        let answer = self.call(Call::post(&path, Bucket::Other).with(payload).hiding(sent)).await?;
        if answer.body.is_empty() {
            return Ok(Value::Null);
        }
        answer.object()
    }

    async fn inline_hook_step(&self, id: &str, step: &str) -> Result<(), CallError> {
        let path = format!("{PATH}/{}/lifecycle/{step}", checked(id)?);
        self.call(Call::post(&path, Bucket::Other)).await.map(drop)
    }
}

impl<'a> InlineHookSpec<'a> {
    fn call(&self, method: Method, path: &'a str, kind: Option<&str>) -> Result<Call<'a>, CallError> {
        let headers: Option<Vec<Value>> = self
            .headers
            .iter()
            .map(|(name, value)| Some(json!({ "key": name, "value": value.expose_str()? })))
            .collect();
        let headers = headers.ok_or_else(not_text)?;
        let (channel, config) = match self.auth {
            HookAuth::Header { name, secret } => {
                let secret = secret.expose_str().ok_or_else(not_text)?;
                let scheme = json!({ "type": "HEADER", "key": name, "value": secret });
                (
                    "HTTP",
                    json!({ "uri": self.url, "method": "POST", "headers": headers, "authScheme": scheme }),
                )
            }
            HookAuth::OAuth { client_id, token_url, scope, client } => {
                let mut config = json!({
                    "uri": self.url, "method": "POST", "headers": headers,
                    "clientId": client_id, "tokenUrl": token_url, "scope": scope,
                });
                let (auth_type, name, value) = match client {
                    HookClient::Secret(secret) => {
                        ("client_secret_post", "clientSecret", secret.expose_str().ok_or_else(not_text)?)
                    }
                    HookClient::PrivateKey(id) => ("private_key_jwt", "hookKeyId", id.as_str()),
                };
                if let Some(config) = config.as_object_mut() {
                    config.insert("authType".into(), json!(auth_type));
                    config.insert(name.into(), json!(value));
                }
                ("OAUTH", config)
            }
        };
        let mut body = json!({
            "name": self.name,
            "version": VERSION,
            "channel": { "type": channel, "version": VERSION, "config": config },
        });
        if let (Some(kind), Some(body)) = (kind, body.as_object_mut()) {
            body.insert("type".into(), json!(kind));
        }
        Ok(Call::new(method, path, Bucket::Other).with(&body).hiding(self.secrets()))
    }

    fn secrets(&self) -> impl Iterator<Item = &'a str> {
        let own = match self.auth {
            HookAuth::Header { secret, .. } | HookAuth::OAuth { client: HookClient::Secret(secret), .. } => {
                secret.expose_str()
            }
            HookAuth::OAuth { .. } => None,
        };
        own.into_iter().chain(self.headers.iter().filter_map(|(_, secret)| secret.expose_str()))
    }
}

const NOT_A_HOOK: CallError = CallError::Unreadable("its body is not an inline hook");
pub(super) fn not_text() -> CallError {
    CallError::NotSent("a secret of the hook's is not text".into())
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireHook {
    id: String,
    name: String,
    status: String,
    #[serde(rename = "type")]
    kind: String,
    channel: WireChannel,
    last_updated: Option<String>,
}

#[derive(Deserialize)]
struct WireChannel {
    #[serde(rename = "type")]
    kind: String,
    config: WireConfig,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireConfig {
    uri: String,
    auth_scheme: Option<WireKey>,
    #[serde(default, deserialize_with = "wire::null_as_default")]
    headers: Vec<WireKey>,
    auth_type: Option<String>,
    client_id: Option<String>,
    token_url: Option<String>,
    scope: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct WireKey {
    pub(super) key: Option<String>,
}

#[derive(Deserialize)]
struct WireHeadersOnly {
    channel: WireHeadersChannel,
}

#[derive(Deserialize)]
struct WireHeadersChannel {
    config: WireHeadersConfig,
}

#[derive(Deserialize)]
struct WireHeadersConfig {
    #[serde(default, deserialize_with = "wire::null_as_default")]
    headers: Vec<WireHeader>,
}

#[derive(Deserialize)]
struct WireHeader {
    key: Option<String>,
    value: Option<Secret>,
}

impl WireHook {
    fn read(self) -> Option<InlineHook> {
        let config = self.channel.config;
        let channel = match self.channel.kind.as_str() {
            "HTTP" => HookChannel::Http {
                auth_header: config.auth_scheme.and_then(|scheme| scheme.key),
                headers: config.headers.into_iter().filter_map(|header| header.key).collect(),
            },
            "OAUTH" => HookChannel::OAuth {
                auth_type: config.auth_type,
                client_id: config.client_id,
                token_url: config.token_url,
                scope: config.scope,
            },
            _ => HookChannel::Other,
        };
        let active = self.status == "ACTIVE";
        wire::is_id(&self.id).then_some(InlineHook {
            id: self.id,
            name: self.name,
            active,
            url: config.uri,
            channel,
            last_updated: self.last_updated.as_deref().and_then(wire::time),
        })
    }
}
