//! `[server.auth]` and `[server.events_auth]`: what lets a call in.

use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use axum::http::{HeaderName, Uri};

use crate::config::section::Section;
use crate::secret::Secret;

/// Clocks that differ by more are out of order.
const MOST_LEEWAY: Duration = Duration::from_mins(10);

/// `[server.auth]`
#[derive(Debug, Default)]
pub struct Auth {
    /// Any one of them is good.
    pub header: Vec<HeaderAuth>,
    /// `[server.auth.oauth2]`
    pub oauth2: Option<OAuth2>,
    /// `require = "all"`: both a header and a token, where both are configured.
    pub all: bool,
    /// What the payload's `source` may be; anything where there is none.
    pub source: Vec<String>,
}

/// One header and its secret value.
#[derive(Debug)]
pub struct HeaderAuth {
    /// Header name, in lower case.
    pub name: String,
    /// The whole value, scheme included.
    pub secret: Secret,
    /// The file that the value came from.
    pub file: Option<PathBuf>,
}

/// `[server.auth.oauth2]`: access tokens that Okta sends.
#[derive(Debug)]
pub struct OAuth2 {
    /// `iss`, to the letter; its metadata and keys are asked for below it.
    pub issuer: String,
    /// One of `aud`.
    pub audience: String,
    /// Every one must be in `scp`.
    pub scopes: Vec<String>,
    /// One of them must be `cid`; never empty.
    pub client_ids: Vec<String>,
    /// How far clocks may differ.
    pub leeway: Duration,
    /// A PEM file of roots to trust instead of the system's.
    pub ca: Option<PathBuf>,
}

pub(super) fn read(mut auth: Section<'_>) -> Auth {
    let with_tokens = auth.has("oauth2");
    let oauth2 = if with_tokens { oauth2(auth.section("oauth2")) } else { None };
    if !with_tokens && !auth.has("header") {
        auth.missing(
            "header",
            "write header = [{ name = \"Authorization\", secret = \"env:KEYFERRY_HOOK_SECRET\" }]",
        );
    }
    let header: Vec<HeaderAuth> = auth.sections("header").into_iter().filter_map(header).collect();
    let require = auth.text_or("require", "any");
    if require != "any" && require != "all" {
        auth.problem("require", "must be \"any\" or \"all\"");
    }
    let all = require == "all";
    if all && with_tokens && header.iter().any(|header| header.name == "authorization") {
        auth.problem(
            "require",
            "is \"all\", but a call has one Authorization header, which is the token's; give the secret another header",
        );
    }
    let source = auth.texts("source").unwrap_or_default();
    if source.iter().any(String::is_empty) {
        auth.problem("source", "is empty; write what Okta sends: https://ORG/api/v1/inlineHooks/ID");
    }
    auth.finish();
    Auth { header, oauth2, all, source }
}

fn header(mut header: Section<'_>) -> Option<HeaderAuth> {
    let name = header.required_text("name", "write the header that Okta sends, such as \"Authorization\"");
    let mend = "write the value that Okta sends, as env:NAME or file:PATH";
    let secret = header.required_secret_and_file("secret", mend);
    if let Some(name) = &name
        && HeaderName::from_bytes(name.as_bytes()).is_err()
    {
        header.problem("name", "is not a name that an HTTP header can have");
    }
    if let Some((secret, _)) = &secret {
        let bytes = secret.expose();
        if !bytes.iter().all(|byte| matches!(byte, b' '..=b'~')) {
            let message = "holds a character that an HTTP header cannot carry; printable ASCII only";
            header.problem("secret", message);
        }
        if bytes.starts_with(b" ") || bytes.ends_with(b" ") {
            let message = "begins or ends with a space, which HTTP drops: no call would ever match";
            header.problem("secret", message);
        }
    }
    header.finish();
    let (secret, file) = secret?;
    Some(HeaderAuth { name: name?.to_ascii_lowercase(), secret, file })
}

fn oauth2(mut section: Section<'_>) -> Option<OAuth2> {
    let issuer = section
        .required_text("issuer", "write https://ORG/oauth2/default, or the server that issues the tokens");
    if issuer.as_deref().is_some_and(|issuer| !is_issuer(issuer)) {
        section.problem(
            "issuer",
            "must be https:// with a host and no query; http:// is spoken to this machine only (localhost, 127.0.0.1, [::1])",
        );
    }
    let audience = section
        .required_text("audience", "write the authorization server's audience, such as \"api://default\"");
    let scopes = section.texts("scopes").unwrap_or_default();
    if scopes.iter().any(|scope| scope.is_empty() || scope.contains(' ')) {
        section.problem("scopes", "must be a list of scopes, each without spaces");
    }
    let mend = "name the app in Okta whose tokens are good, such as [\"0oa…\"]";
    if !section.has("client_ids") {
        section.missing("client_ids", mend);
    }
    let client_ids = section.texts("client_ids");
    if client_ids.as_ref().is_some_and(|ids| ids.is_empty() || ids.iter().any(String::is_empty)) {
        section.problem("client_ids", format!("is empty; {mend}"));
    }
    let leeway = section.duration_or("leeway", Duration::from_mins(1));
    if leeway > MOST_LEEWAY {
        section
            .problem("leeway", "must be 10 minutes at most; clocks that differ by more are to be set right");
    }
    let ca = section.text("ca").map(PathBuf::from);
    section.finish();
    Some(OAuth2 { issuer: issuer?, audience: audience?, scopes, client_ids: client_ids?, leeway, ca })
}

fn is_issuer(text: &str) -> bool {
    let Ok(uri) = text.parse::<Uri>() else { return false };
    let Some(host) = uri.host() else { return false };
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    let here = host == "localhost" || bare.parse::<IpAddr>().is_ok_and(|address| address.is_loopback());
    let named = uri.authority().is_some_and(|authority| !authority.as_str().contains('@'));
    let scheme = uri.scheme_str();
    named
        && uri.query().is_none()
        && (scheme == Some("https") || (scheme == Some("http") && here))
        && !text.contains('#')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_issuer_is_https_or_this_machine() {
        for good in [
            "https://example.okta.com/oauth2/default",
            "https://example.okta.com",
            "http://127.0.0.1:8080/x",
            "http://localhost:1",
            "http://[::1]:1/x",
        ] {
            assert!(is_issuer(good), "{good}");
        }
        for bad in [
            "",
            "example.okta.com",
            "http://example.okta.com/x",
            "https://u@example.com/x",
            "https://e.com/x?y",
            "https://e.com/x#y",
            "http://10.0.0.1/",
        ] {
            assert!(!is_issuer(bad), "{bad}");
        }
    }
}
