//! `[okta]`: the org that users move to.

use super::section::Section;
use crate::secret::Secret;

/// `[okta]`
#[derive(Debug)]
pub struct Okta {
    /// `https://example.okta.com`, without a slash at the end.
    pub org_url: String,
    /// An API token (`SSWS`).
    pub api_token: Option<Secret>,
    /// OAuth 2.0 client credentials instead of a token.
    pub private_key_jwt: Option<PrivateKeyJwt>,
    /// Groups that every seeded user joins; `{date}` stands for the day.
    pub groups: Vec<String>,
    /// Share of the org's rate limit that keyferry may use, above 0 and up to 1.
    pub share: f64,
}

/// `[okta.private_key_jwt]`
#[derive(Debug)]
pub struct PrivateKeyJwt {
    /// The service app's client id.
    pub client_id: String,
    /// Its key's id.
    pub key_id: String,
    /// The key itself, PEM or JWK.
    pub private_key: Secret,
}

pub(super) fn read(mut section: Section<'_>) -> Option<Okta> {
    let org_url =
        section.required_text("org_url", "write the org's address, such as \"https://example.okta.com\"");
    let org_url = org_url.map(|url| url.trim_end_matches('/').to_owned());
    if let Some(url) = &org_url
        && !is_org_url(url)
    {
        section
            .problem("org_url", "must be https:// and a host, without a path (http:// to this machine only)");
    }
    let api_token = section.secret("api_token");
    let private_key_jwt =
        if section.has("private_key_jwt") { key_jwt(section.section("private_key_jwt")) } else { None };
    if api_token.is_some() && private_key_jwt.is_some() {
        section.problem("api_token", "and private_key_jwt are both set; keep one");
    }
    let groups = if section.has("groups") { section.texts("groups").unwrap_or_default() } else { Vec::new() };
    let share = section.share_or("share", 0.8);
    section.finish_with(&["private_key_jwt", "groups"]);
    Some(Okta { org_url: org_url?, api_token, private_key_jwt, groups, share })
}

fn key_jwt(mut section: Section<'_>) -> Option<PrivateKeyJwt> {
    let client_id = section.required_text("client_id", "write the service app's client id");
    let key_id = section.required_text("key_id", "write the id of its public key");
    let private_key = section.required_secret("private_key", "write file:PATH of the private key");
    section.finish();
    Some(PrivateKeyJwt { client_id: client_id?, key_id: key_id?, private_key: private_key? })
}

fn is_org_url(url: &str) -> bool {
    let host_only = |rest: &str| !rest.is_empty() && !rest.contains(['/', '?', '#', '@', ' ']);
    if let Some(rest) = url.strip_prefix("https://") {
        return host_only(rest);
    }
    let Some(rest) = url.strip_prefix("http://") else { return false };
    let host = rest.rsplit_once(':').map_or(rest, |(host, _)| host);
    host_only(rest) && ["localhost", "127.0.0.1", "[::1]"].contains(&host)
}
