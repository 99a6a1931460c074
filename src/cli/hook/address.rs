//! From `--url` to the addresses that Okta calls: the base alone, or the whole URL.
//!
//! What Okta would refuse, or could never reach, is refused here: it calls https only, and this machine's own address
//! means Okta's machine there. An org on this machine, the imitation one, may call this machine over plain HTTP.

use reqwest::Url;

/// The most characters that Okta takes.
const LONGEST: usize = 1024;

/// Where Okta calls.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Addresses {
    /// The password import hook's.
    pub(super) hook: String,
    /// The event hook's; none where it cannot be told from a whole URL with a path of its own.
    pub(super) events: Option<String>,
}

/// The paths that the service answers on, from the configuration.
#[derive(Clone, Copy, Debug)]
pub(super) struct Paths<'a> {
    pub(super) hook: &'a str,
    /// None where the event hook is switched off.
    pub(super) events: Option<&'a str>,
}

/// Both addresses. A base without a path gets the configuration's; a URL with a path is the hook's own.
pub(super) fn addresses(url: &str, paths: Paths<'_>, org_url: &str) -> Result<Addresses, String> {
    let whole = checked(url, org_url)?;
    let base = if has_path(&whole) {
        whole.strip_suffix(paths.hook).or_else(|| whole.strip_suffix(paths.events?))
    } else {
        Some(whole.trim_end_matches('/'))
    };
    let Some(base) = base else { return Ok(Addresses { hook: whole, events: None }) };
    let made = Addresses {
        hook: checked(&format!("{base}{}", paths.hook), org_url)?,
        events: paths.events.map(|path| checked(&format!("{base}{path}"), org_url)).transpose()?,
    };
    Ok(made)
}

/// The URL where it is one that Okta can call, as the URL standard writes it.
pub(super) fn checked(url: &str, org_url: &str) -> Result<String, String> {
    let example = "write the public address, such as https://hook.example.com";
    if url.contains(char::is_whitespace) {
        return Err(format!("holds white space, which Okta does not take; {example}"));
    }
    let parsed = Url::parse(url).map_err(|error| format!("is not a URL ({error}); {example}"))?;
    let here = is_loopback(&parsed);
    match parsed.scheme() {
        "https" => {}
        "http" if here => {}
        _ => return Err("must begin with https://, for Okta calls nothing else".to_owned()),
    }
    if !parsed.username().is_empty() || parsed.password().is_some() {
        return Err("holds a name or a password; the secret belongs into [server.auth]".to_owned());
    }
    if parsed.fragment().is_some() || parsed.query().is_some() {
        return Err(format!("holds a `?` or a `#`; {example}"));
    }
    if here && !Url::parse(org_url).is_ok_and(|org| is_loopback(&org)) {
        return Err(format!("is this machine's own address, where Okta cannot call; {example}"));
    }
    let text = String::from(parsed);
    if text.len() > LONGEST {
        return Err(format!("is longer than the {LONGEST} characters that Okta takes"));
    }
    Ok(text)
}

/// Whether two addresses lead to the same place.
pub(super) fn same(a: &str, b: &str) -> bool {
    match (Url::parse(a), Url::parse(b)) {
        (Ok(a), Ok(b)) => a == b,
        _ => a == b,
    }
}

/// The path of an address; empty where it is none.
pub(super) fn path_of(url: &str) -> String {
    Url::parse(url).map(|url| url.path().to_owned()).unwrap_or_default()
}

fn has_path(url: &str) -> bool {
    path_of(url).len() > 1
}

fn is_loopback(url: &Url) -> bool {
    match url.host_str() {
        Some("localhost" | "[::1]") => true,
        Some(host) => host.parse::<std::net::Ipv4Addr>().is_ok_and(|ip| ip.is_loopback()),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PATHS: Paths<'_> = Paths { hook: "/okta/password-import", events: Some("/okta/events") };
    const ORG: &str = "https://example.okta.com";

    fn both(hook: &str, events: &str) -> Addresses {
        Addresses { hook: hook.to_owned(), events: Some(events.to_owned()) }
    }

    #[test]
    fn a_base_gets_the_paths_and_a_whole_url_keeps_its_own() {
        let hook = "https://hook.example.com/okta/password-import";
        let events = "https://hook.example.com/okta/events";
        for base in [
            "https://hook.example.com",
            "https://hook.example.com/",
            hook,
            events,
            "HTTPS://HOOK.example.com",
        ] {
            assert_eq!(addresses(base, PATHS, ORG), Ok(both(hook, events)), "{base}");
        }
        let behind = "https://example.com/legacy/okta/password-import";
        assert_eq!(addresses(behind, PATHS, ORG), Ok(both(behind, "https://example.com/legacy/okta/events")));
        let own = "https://example.com/own";
        assert_eq!(addresses(own, PATHS, ORG), Ok(Addresses { hook: own.to_owned(), events: None }));
    }

    #[test]
    fn what_okta_cannot_call_is_refused() {
        let long = format!("https://example.com/{}", "x".repeat(1024));
        for (url, why) in [
            ("hook.example.com", "not a URL"),
            ("http://hook.example.com", "https"),
            ("ftp://127.0.0.1", "https"),
            ("http://127.0.0.1.example.com", "https"),
            ("https://hook.example.com/a b", "white space"),
            ("https://keyferry:hunter2@hook.example.com", "name or a password"),
            ("https://hook.example.com/?key=hunter2", "`?`"),
            ("https://hook.example.com/#x", "`#`"),
            ("http://127.0.0.1:8080", "this machine"),
            ("https://localhost", "this machine"),
            (&long, "1024"),
        ] {
            let problem = addresses(url, PATHS, ORG).unwrap_err();
            assert!(problem.contains(why), "{url}: {problem}");
            assert!(!problem.contains("hunter2"), "{problem}");
        }
    }

    #[test]
    fn an_org_on_this_machine_calls_this_machine() {
        for host in ["127.0.0.1:8080", "localhost:8080", "[::1]:8080"] {
            let base = format!("http://{host}");
            let made = addresses(&base, PATHS, "http://127.0.0.1:8030");
            assert_eq!(
                made,
                Ok(both(&format!("{base}/okta/password-import"), &format!("{base}/okta/events")))
            );
        }
    }

    #[test]
    fn the_same_place_may_be_written_in_several_ways() {
        assert!(same("https://Hook.example.com:443/a", "https://hook.example.com/a"));
        assert!(!same("https://hook.example.com/a", "https://hook.example.com/b"));
        assert!(!same("https://hook.example.com/a", "not a URL"));
    }
}
