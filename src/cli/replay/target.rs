//! Where calls go, and what lets them in: as configured, unless said otherwise.

use std::path::PathBuf;

use clap::Args as ClapArgs;
use hyper::header::{HeaderName, HeaderValue};
use reqwest::Url;

use crate::cli::{Exit, given, output, setup};
use crate::config::{Config, Needs, Server};
use crate::okta::client::Direct;
use crate::schemes::Limits;
use crate::secret::Secret;

/// Where neither `--config` nor anything else names the file.
const CONFIG: &str = "keyferry.toml";
/// The hook's path where there is no configuration.
const PATH: &str = "/okta/password-import";

#[derive(Debug, ClapArgs)]
pub(super) struct TargetArgs {
    /// The configuration [default: keyferry.toml; not read where --to and --header or --bearer say all]
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,

    /// The hook [default: the configured listener and path]; an address without a path gets the configured one
    #[arg(long, value_name = "URL")]
    to: Option<String>,

    /// A header that lets in, instead of the configured one of that name: `Authorization: env:SECRET`, or `file:PATH`
    #[arg(long, value_name = "HEADER")]
    header: Vec<String>,

    /// An OAuth access token, sent as `Authorization: Bearer …`: `env:NAME` or `file:PATH`
    #[arg(long, value_name = "TOKEN")]
    bearer: Option<String>,

    /// A PEM file of roots to trust instead of the system's
    #[arg(long, value_name = "FILE")]
    ca: Option<PathBuf>,
}

/// The service.
pub(super) struct Target {
    pub(super) url: String,
    pub(super) host: String,
    /// Whether it is this machine.
    pub(super) is_here: bool,
    pub(super) is_tls: bool,
    pub(super) headers: Vec<(String, Secret)>,
    pub(super) direct: Direct,
}

impl Target {
    /// The service and the limits of passwords; or the exit code after it was told what is wrong. Nothing is sent yet.
    pub(super) fn open(args: &TargetArgs) -> Result<(Self, Limits), Exit> {
        let mut headers = args.headers().map_err(bad)?;
        let says_all = args.to.is_some() && !headers.is_empty() && args.config.is_none();
        let config = if says_all { None } else { Some(args.configuration()?) };
        let (server, limits) = match config {
            Some(Config { server, limits, .. }) => (Some(server), limits),
            None => (None, Limits::default()),
        };
        let (url, is_here) = address(args.to.as_deref(), server.as_ref()).map_err(bad)?;
        // The first entry; what was given counts more.
        if let Some(first) = server.and_then(|server| server.auth.header.into_iter().next())
            && !headers.iter().any(|(name, _)| *name == first.name)
        {
            headers.push((first.name, first.secret));
        }
        if headers.is_empty() {
            let mend = "[server.auth] has no header to send; give a token with --bearer, or a --header";
            return Err(bad(mend));
        }
        let ca = args.ca.as_deref().map(std::fs::read).transpose();
        let ca = ca.map_err(|error| bad(format!("--ca: the file cannot be read: {error}")))?;
        let direct =
            Direct::trusting(url.as_str(), ca.as_deref()).map_err(|error| bad(format!("{url}: {error}")))?;
        let host = url.host_str().unwrap_or_default().to_owned();
        let is_tls = url.scheme() == "https";
        Ok((Self { url: url.into(), host, is_here, is_tls, headers, direct }, limits))
    }
}

fn bad(problem: impl AsRef<str>) -> Exit {
    output::note(problem.as_ref());
    Exit::Bad
}

impl TargetArgs {
    fn configuration(&self) -> Result<Config, Exit> {
        let path = self.config.clone().unwrap_or_else(|| CONFIG.into());
        setup::configuration(&path, Needs { server: true, ..Needs::LEDGER })
    }

    /// What was given here, names in lower case.
    fn headers(&self) -> Result<Vec<(String, Secret)>, String> {
        let mut headers: Vec<(String, Secret)> = Vec::new();
        for text in &self.header {
            let (name, value) = text
                .split_once(':')
                .ok_or("--header: must be 'Name: value', such as 'Authorization: env:SECRET'")?;
            let name = HeaderName::try_from(name.trim()).map_err(|_| "--header: not a header name")?;
            let problem = |problem| format!("--header {name}: {problem}");
            let value = given::secret(value.trim()).map_err(problem)?;
            headers.push((name.to_string(), value));
        }
        if let Some(token) = &self.bearer {
            if !token.starts_with("env:") && !token.starts_with("file:") {
                return Err(
                    "--bearer: must be env:NAME or file:PATH; what stands here, every process can read"
                        .into(),
                );
            }
            let token = given::secret(token).map_err(|problem| format!("--bearer: {problem}"))?;
            let value = [b"Bearer ", token.expose()].concat();
            headers.push(("authorization".to_owned(), Secret::new(value)));
        }
        for (index, (name, value)) in headers.iter().enumerate() {
            if headers.iter().take(index).any(|(other, _)| other == name) {
                return Err(format!("the header {name} is given twice; the service takes it once"));
            }
            if value.is_empty() || HeaderValue::from_bytes(value.expose()).is_err() {
                return Err(format!(
                    "the header {name} is empty, or holds what HTTP cannot carry: a line break?"
                ));
            }
        }
        Ok(headers)
    }
}

/// The hook's URL, and whether it is on this machine.
fn address(to: Option<&str>, server: Option<&Server>) -> Result<(Url, bool), String> {
    let path = server.map_or(PATH, |server| &server.path);
    let url = match (to, server) {
        (Some(to), _) => {
            let mut url = Url::parse(to).map_err(|error| format!("--to: is not a URL ({error})"))?;
            if url.path() == "/" {
                url.set_path(path);
            }
            url
        }
        (None, Some(server)) => listener(server)?,
        (None, None) => return Err("--to: say where the service is".to_owned()),
    };
    if !matches!(url.scheme(), "http" | "https") || !url.has_host() {
        return Err("--to: must begin with http:// or https://".to_owned());
    }
    if !url.username().is_empty() || url.password().is_some() || url.fragment().is_some() {
        return Err("--to: holds a name, a password or a `#`; what lets in belongs into --header".to_owned());
    }
    let host = url.host_str().unwrap_or_default();
    let address = host.trim_matches(['[', ']']).parse::<std::net::IpAddr>();
    let is_here = host == "localhost" || address.is_ok_and(|address| address.is_loopback());
    Ok((url, is_here))
}

/// The configured listener, as it is reached from this machine.
fn listener(server: &Server) -> Result<Url, String> {
    let mut address = server.listen;
    if address.port() == 0 {
        return Err("server.listen has port 0, so that nobody knows where it is; say it with --to".to_owned());
    }
    if address.ip().is_unspecified() {
        address.set_ip(match address.ip() {
            std::net::IpAddr::V4(_) => std::net::Ipv4Addr::LOCALHOST.into(),
            std::net::IpAddr::V6(_) => std::net::Ipv6Addr::LOCALHOST.into(),
        });
    }
    let scheme = if server.tls.is_some() { "https" } else { "http" };
    let url = format!("{scheme}://{address}{}", server.path);
    Url::parse(&url).map_err(|error| format!("server.listen and server.path make no URL ({error})"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn args(header: &[&str], bearer: Option<&str>) -> TargetArgs {
        let header = header.iter().map(|&header| header.to_owned()).collect();
        TargetArgs { config: None, to: None, header, bearer: bearer.map(str::to_owned), ca: None }
    }

    #[test]
    fn an_address_without_a_path_gets_the_hook_s() {
        let at = |to: &str| address(Some(to), None).map(|(url, is_here)| (url.to_string(), is_here));
        assert_eq!(at("http://localhost:1"), Ok(("http://localhost:1/okta/password-import".into(), true)));
        assert_eq!(at("https://[::1]:1/x?y=1"), Ok(("https://[::1]:1/x?y=1".into(), true)));
        assert_eq!(
            at("https://example.com/"),
            Ok(("https://example.com/okta/password-import".into(), false))
        );
        assert!(!at("http://127.0.0.1.example.com/x").unwrap().1);
        for bad in ["", "example.com", "ftp://x/y", "http://u:p@x/y", "http://x/y#z", "file:///x"] {
            assert!(at(bad).is_err(), "{bad}");
        }
        assert!(address(None, None).is_err());
    }

    #[test]
    fn headers_are_given_once_and_tokens_not_in_the_open() {
        let given = args(&["X-Key: a b", "authorization: Basic x"], None).headers().unwrap();
        assert_eq!(given[0].0, "x-key");
        assert!(given[0].1.matches(b"a b") && given[1].1.matches(b"Basic x"));
        for (header, bearer, part) in [
            (&["X-Key"][..], None, "'Name: value'"),
            (&["X Key: a"], None, "not a header name"),
            (&["X-Key: a", "x-key: b"], None, "twice"),
            (&["X-Key:"], None, "empty"),
            (&["X-Key: env:KEYFERRY_NOT_SET"], None, "is not set"),
            (&[], Some("canary"), "every process can read"),
            (&[], Some("file:/nowhere/at/all"), "cannot be read"),
        ] {
            let problem = args(header, bearer).headers().unwrap_err();
            assert!(problem.contains(part) && !problem.contains("canary"), "{problem}");
        }
    }
}
