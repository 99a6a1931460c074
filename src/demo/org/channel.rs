//! Where a hook is and what proves that Okta is calling: the `channel` of inline hooks and event hooks alike.
//!
//! Secrets are taken and never given back: what is shown is made at the beginning and holds none.

use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use reqwest::{Client, Url};
use serde_json::{Map, Value, json};
use zeroize::Zeroizing;

use super::OrgError;
use super::error::ApiError;
use crate::secret::Secret;

/// The longest answer of an authorization server that is read, in bytes.
const LONGEST_TOKEN_ANSWER: usize = 64 * 1024;

/// Where the hook is, and what proves that Okta is calling.
pub struct HookEndpoint {
    pub(super) url: Url,
    headers: HeaderMap,
    oauth: Option<OAuth>,
}

/// How a token is got before each call.
enum OAuth {
    /// `client_secret_post`
    ClientSecret { token_url: Url, client_id: String, client_secret: Secret, scope: String },
    /// `private_key_jwt`: taken and shown, but this org has no hook keys to sign with.
    PrivateKey,
}

impl HookEndpoint {
    /// `headers` holds the authentication header and any others, name and whole value. Okta itself calls https
    /// only; this org calls http only, since it is made for one machine.
    pub fn new(url: &str, headers: impl IntoIterator<Item = (String, Secret)>) -> Result<Self, OrgError> {
        if url.len() > 1024 {
            return Err(OrgError::HookUrl("is longer than the 1024 characters that Okta takes"));
        }
        let url = Url::parse(url).map_err(|_| OrgError::HookUrl("is not a URL"))?;
        if url.scheme() != "http" {
            return Err(OrgError::HookUrl("must begin with http:// (the imitation org speaks no TLS)"));
        }
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            let Some((header, value)) = secret_header(&name, value.expose()) else {
                return Err(OrgError::HookHeader(name));
            };
            map.append(header, value);
        }
        Ok(Self { url, headers: map, oauth: None })
    }

    /// What goes with a call.
    pub(super) async fn headers(&self, client: &Client) -> Result<HeaderMap, &'static str> {
        let mut headers = self.headers.clone();
        match &self.oauth {
            None => {}
            Some(OAuth::PrivateKey) => return Err("private_key_jwt is not imitated"),
            Some(OAuth::ClientSecret { token_url, client_id, client_secret, scope }) => {
                let token = token(client, token_url, client_id, client_secret, scope).await;
                let token = token.ok_or("the hook's authorization server gave no token")?;
                let bearer = Zeroizing::new(format!("Bearer {}", token.as_str()));
                let (name, value) = secret_header("authorization", bearer.as_bytes())
                    .ok_or("the token of the hook's authorization server is no header")?;
                headers.insert(name, value);
            }
        }
        Ok(headers)
    }

    /// The channel as it may be shown, where it was made by hand.
    pub(super) fn shown(&self) -> Value {
        let config = json!({ "uri": self.url.as_str(), "method": "POST", "headers": [], "authScheme": null });
        json!({ "type": "HTTP", "version": "1.0.0", "config": config })
    }
}

impl std::fmt::Debug for HookEndpoint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("HookEndpoint(…)")
    }
}

/// A channel from a request.
pub(super) struct Channel {
    pub(super) endpoint: HookEndpoint,
    /// Without its secrets.
    pub(super) shown: Value,
}

impl Channel {
    /// Reads `channel` of a request; OAuth is for inline hooks only.
    pub(super) fn read(body: &Map<String, Value>, may_be_oauth: bool) -> Result<Self, ApiError> {
        let wrong = |cause: String| {
            let object = cause.split(':').next().unwrap_or_default().to_owned();
            ApiError::validation(&object, vec![cause])
        };
        let channel = object(body, "channel").map_err(wrong)?;
        only(channel, &["type", "version", "config"], "channel").map_err(wrong)?;
        if channel.get("version").and_then(Value::as_str) != Some("1.0.0") {
            return Err(wrong("channel.version: must be 1.0.0".into()));
        }
        let config = object(channel, "config").map_err(wrong)?;
        match channel.get("type").and_then(Value::as_str) {
            Some("HTTP") => http(config).map_err(wrong),
            Some("OAUTH") if may_be_oauth => oauth(config).map_err(wrong),
            _ => Err(wrong("channel.type: must be HTTP, or for an inline hook OAUTH".into())),
        }
    }
}

fn http(config: &Map<String, Value>) -> Result<Channel, String> {
    only(config, &["uri", "headers", "method", "authScheme"], "channel.config")?;
    let url = uri(config, "uri")?;
    let (mut headers, shown_headers) = headers(config)?;
    post_only(config)?;
    let mut shown_scheme = Value::Null;
    if let Some(scheme) = config.get("authScheme").filter(|scheme| !scheme.is_null()) {
        let scheme = scheme.as_object().ok_or("channel.config.authScheme: must be an object")?;
        only(scheme, &["type", "key", "value"], "channel.config.authScheme")?;
        if scheme.get("type").and_then(Value::as_str) != Some("HEADER") {
            return Err("channel.config.authScheme.type: must be HEADER".into());
        }
        let key = text(scheme, "key", "channel.config.authScheme")?;
        let value = text(scheme, "value", "channel.config.authScheme")?;
        let (name, value) = secret_header(key, value.as_bytes())
            .ok_or("channel.config.authScheme: key and value must be an HTTP header")?;
        headers.insert(name, value);
        shown_scheme = json!({ "type": "HEADER", "key": key });
    }
    let config = json!({
        "uri": text(config, "uri", "channel.config")?,
        "method": "POST",
        "headers": shown_headers,
        "authScheme": shown_scheme,
    });
    let shown = json!({ "type": "HTTP", "version": "1.0.0", "config": config });
    Ok(Channel { endpoint: HookEndpoint { url, headers, oauth: None }, shown })
}

fn oauth(config: &Map<String, Value>) -> Result<Channel, String> {
    let fields = [
        "uri",
        "headers",
        "method",
        "authScheme",
        "authType",
        "clientId",
        "clientSecret",
        "hookKeyId",
        "scope",
        "tokenUrl",
    ];
    only(config, &fields, "channel.config")?;
    if config.get("authScheme").is_some_and(|scheme| !scheme.is_null()) {
        return Err("channel.config.authScheme: must be null where the type is OAUTH".into());
    }
    let url = uri(config, "uri")?;
    let token_url = uri(config, "tokenUrl")?;
    let (headers, shown_headers) = headers(config)?;
    post_only(config)?;
    let field = |name| text(config, name, "channel.config");
    let (client_id, scope) = (field("clientId")?, field("scope")?);
    let mut shown = json!({
        "uri": field("uri")?,
        "method": "POST",
        "headers": shown_headers,
        "authScheme": null,
        "authType": field("authType")?,
        "clientId": client_id,
        "scope": scope,
        "tokenUrl": field("tokenUrl")?,
    });
    let oauth = match field("authType")? {
        "client_secret_post" => OAuth::ClientSecret {
            token_url,
            client_id: client_id.to_owned(),
            client_secret: Secret::from(field("clientSecret")?),
            scope: scope.to_owned(),
        },
        "private_key_jwt" => {
            if let Some(shown) = shown.as_object_mut() {
                shown.insert("hookKeyId".into(), field("hookKeyId")?.into());
            }
            OAuth::PrivateKey
        }
        _ => return Err("channel.config.authType: must be client_secret_post or private_key_jwt".into()),
    };
    let shown = json!({ "type": "OAUTH", "version": "1.0.0", "config": shown });
    Ok(Channel { endpoint: HookEndpoint { url, headers, oauth: Some(oauth) }, shown })
}

/// https, as Okta wants it; http on this machine only, since this org speaks no TLS.
fn uri(config: &Map<String, Value>, name: &str) -> Result<Url, String> {
    let written = text(config, name, "channel.config")?;
    let fault = |what: &str| format!("channel.config.{name}: {what}");
    if written.chars().count() > 1024 || written.contains(char::is_whitespace) {
        return Err(fault("must have at most 1024 characters and no white space"));
    }
    let url = Url::parse(written).map_err(|_| fault("must be a URL"))?;
    let here = match url.host_str() {
        Some("localhost") => true,
        Some(host) => {
            let host = host.trim_matches(['[', ']']);
            host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
        }
        None => false,
    };
    match url.scheme() {
        "https" => Ok(url),
        "http" if here => Ok(url),
        _ => Err(fault("must begin with https://")),
    }
}

/// Further headers; their values are no secrets and are given back.
fn headers(config: &Map<String, Value>) -> Result<(HeaderMap, Value), String> {
    let fault = || "channel.config.headers: must be a list of key and value".to_owned();
    let mut map = HeaderMap::new();
    let mut shown = Vec::new();
    let listed = match config.get("headers") {
        None | Some(Value::Null) => return Ok((map, json!([]))),
        Some(listed) => listed.as_array().ok_or_else(fault)?,
    };
    for entry in listed {
        let entry = entry.as_object().ok_or_else(fault)?;
        only(entry, &["key", "value"], "channel.config.headers")?;
        let key = text(entry, "key", "channel.config.headers")?;
        let value = text(entry, "value", "channel.config.headers")?;
        let (name, header) = secret_header(key, value.as_bytes()).ok_or_else(fault)?;
        map.append(name, header);
        shown.push(json!({ "key": key, "value": value }));
    }
    Ok((map, shown.into()))
}

fn post_only(config: &Map<String, Value>) -> Result<(), String> {
    match config.get("method").map(Value::as_str) {
        None | Some(Some("POST")) => Ok(()),
        Some(_) => Err("channel.config.method: must be POST".into()),
    }
}

fn secret_header(name: &str, value: &[u8]) -> Option<(HeaderName, HeaderValue)> {
    let name = HeaderName::try_from(name).ok()?;
    let mut value = HeaderValue::from_bytes(value).ok()?;
    value.set_sensitive(true);
    Some((name, value))
}

fn object<'a>(body: &'a Map<String, Value>, name: &str) -> Result<&'a Map<String, Value>, String> {
    body.get(name).and_then(Value::as_object).ok_or_else(|| format!("{name}: must be there, as an object"))
}

fn only(body: &Map<String, Value>, fields: &[&str], within: &str) -> Result<(), String> {
    if body.keys().all(|key| fields.contains(&key.as_str())) {
        return Ok(());
    }
    Err(format!("{within}: takes {} and nothing else", fields.join(", ")))
}

fn text<'a>(body: &'a Map<String, Value>, name: &str, within: &str) -> Result<&'a str, String> {
    let text = body.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
    text.ok_or_else(|| format!("{within}.{name}: must be there, as text"))
}

/// A token by client credentials, as `client_secret_post` has them sent.
async fn token(
    client: &Client,
    url: &Url,
    id: &str,
    secret: &Secret,
    scope: &str,
) -> Option<Zeroizing<String>> {
    let form = Zeroizing::new(
        form_urlencoded::Serializer::new(String::new())
            .append_pair("grant_type", "client_credentials")
            .append_pair("client_id", id)
            .append_pair("client_secret", secret.expose_str()?)
            .append_pair("scope", scope)
            .finish(),
    );
    let request = client
        .post(url.clone())
        .header(header::CONTENT_TYPE.as_str(), "application/x-www-form-urlencoded")
        .header(header::ACCEPT.as_str(), "application/json")
        .body(axum::body::Bytes::from_owner(Zeroizing::new(form.as_bytes().to_vec())));
    let response = request.send().await.ok()?;
    if !response.status().is_success() {
        return None;
    }
    let body = super::hook::read(response, LONGEST_TOKEN_ANSWER).await.ok()?;
    let answer: Value = serde_json::from_slice(&body).ok()?;
    answer.get("access_token").and_then(Value::as_str).map(|token| Zeroizing::new(token.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_that_cannot_be_called_are_refused() {
        let none = || Vec::<(String, Secret)>::new();
        assert!(HookEndpoint::new("http://127.0.0.1:1/hook", none()).is_ok());
        assert!(HookEndpoint::new("https://example.com/hook", none()).is_err());
        assert!(HookEndpoint::new("not a url", none()).is_err());
        let long = format!("http://127.0.0.1/{}", "x".repeat(1024));
        assert!(HookEndpoint::new(&long, none()).is_err());
        let header = [("Bad Name".to_owned(), Secret::from("x"))];
        assert!(HookEndpoint::new("http://127.0.0.1/", header).is_err());
    }

    #[test]
    fn a_channel_is_https_or_on_this_machine() {
        let read = |uri: &str| {
            let body = json!({ "channel": { "type": "HTTP", "version": "1.0.0", "config": { "uri": uri } } });
            Channel::read(body.as_object().unwrap(), false).is_ok()
        };
        for good in
            ["https://example.com/h", "http://127.0.0.1:1/", "http://localhost/", "http://[::1]:8080/"]
        {
            assert!(read(good), "{good}");
        }
        let long = format!("https://example.com/{}", "x".repeat(1024));
        for bad in ["http://example.com/h", "ftp://127.0.0.1/", "/h", "https://example.com/a b", &long] {
            assert!(!read(bad), "{bad}");
        }
    }
}
