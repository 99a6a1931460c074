//! `[okta]`: the org that users move to.

use std::path::PathBuf;
use std::time::Duration;

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
    /// The most calls a minute, all endpoints together; none: as Okta's headers allow.
    pub max_per_minute: Option<u32>,
    /// The most calls under way at once, 1 to 100.
    pub in_flight: usize,
    /// A PEM file of certificates to trust instead of the system's roots.
    pub ca: Option<PathBuf>,
    /// The time for one call.
    pub timeout: Duration,
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
    let max_per_minute =
        section.has("max_per_minute").then(|| section.integer_or("max_per_minute", 1..=1_000_000, 600));
    let in_flight = usize::try_from(section.integer_or("in_flight", 1..=100, 10)).unwrap_or(10);
    let ca = section.text("ca").map(PathBuf::from);
    let timeout = section.duration_or("timeout", Duration::from_secs(30));
    section.finish_with(&["private_key_jwt", "groups", "max_per_minute"]);
    let org_url = org_url?;
    Some(Okta { org_url, api_token, private_key_jwt, groups, share, max_per_minute, in_flight, ca, timeout })
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Config, Needs};

    fn read(keys: &str) -> Result<Okta, Vec<(String, String)>> {
        let text = format!("[okta]\norg_url = \"https://example.okta.com/\"\napi_token = \"00t\"\n{keys}");
        match Config::parse(&text, Vec::new(), Needs { okta: true, ..Needs::LEDGER }) {
            Ok(config) => Ok(config.okta.expect("a section")),
            Err(problems) => {
                Err(problems.0.into_iter().map(|problem| (problem.key, problem.message)).collect())
            }
        }
    }

    #[test]
    fn the_defaults_of_the_client() {
        let okta = read("").expect("valid");
        assert_eq!(okta.org_url, "https://example.okta.com");
        assert_eq!((okta.in_flight, okta.max_per_minute, okta.ca), (10, None, None));
        assert_eq!(okta.timeout, Duration::from_secs(30));
    }

    #[test]
    fn what_the_client_is_told() {
        let keys = "max_per_minute = 120\nin_flight = 4\nca = \"proxy.pem\"\ntimeout = \"5s\"\nshare = 1";
        let okta = read(keys).expect("valid");
        assert_eq!((okta.in_flight, okta.max_per_minute), (4, Some(120)));
        assert_eq!(okta.ca, Some(PathBuf::from("proxy.pem")));
        assert_eq!(okta.timeout, Duration::from_secs(5));
    }

    #[test]
    fn each_bad_value_is_told_with_its_key() {
        for (keys, key) in [
            ("max_per_minute = 0", "okta.max_per_minute"),
            ("in_flight = 101", "okta.in_flight"),
            ("in_flight = 0", "okta.in_flight"),
            ("timeout = \"0s\"", "okta.timeout"),
            ("ca = 7", "okta.ca"),
            ("shares = 1", "okta.shares"),
        ] {
            let problems = read(keys).expect_err(keys);
            assert_eq!(problems[0].0, key, "{problems:?}");
        }
    }
}
