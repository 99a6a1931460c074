//! What to mend where the hook does not answer as it should.
//!
//! What Okta says of a call that failed is documented to hold "more information about what failed", and not in which
//! words. So its words are searched for a status and for what connections fail by, and where the service can be called
//! from here as well, its own answer counts as a second opinion.

use super::wiring::Entry;

/// Why a call of the service failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Trouble {
    /// The service, or what stands before it, answered this instead of 200.
    Status(u16),
    /// No answer within Okta's three seconds.
    TooSlow,
    /// No connection.
    Unreachable,
    /// An answer, and none that a password import hook may give.
    NotAnAnswer,
    /// Nothing that we recognise.
    Unknown,
}

/// Which of the two listening ends a call was for; each has a path of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    Hook,
    Events,
}

/// What the mend speaks of.
#[derive(Clone, Copy)]
pub(super) struct About<'a> {
    pub(super) end: End,
    /// The path that the configuration has for it.
    pub(super) path: &'a str,
    /// The entry of the configuration whose secret Okta sends; none for OAuth.
    pub(super) entry: Option<Entry<'a>>,
}

/// What Okta's words tell.
pub(super) fn recognised(words: &str) -> Trouble {
    let lower = words.to_lowercase();
    let numbers = lower.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| word.len() == 3);
    let statuses = numbers.filter_map(|word| word.parse::<u16>().ok());
    let status = statuses.into_iter().find(|status| (300..600).contains(status));
    let says = |phrases: &[&str]| phrases.iter().any(|phrase| lower.contains(phrase));
    if let Some(status) = status {
        Trouble::Status(status)
    } else if says(&["timed out", "timeout", "time out", "time-out", "within 3 seconds", "not in time"]) {
        Trouble::TooSlow
    } else if says(&[
        "connect",
        "unknown host",
        "unknownhost",
        "resolve",
        "ssl",
        "tls",
        "certificate",
        "reach",
    ]) {
        Trouble::Unreachable
    } else {
        Trouble::Unknown
    }
}

/// What to do about it, as one sentence or two.
pub(super) fn mend(trouble: Trouble, about: About<'_>) -> String {
    let About { end, path, entry } = about;
    let key = if end == End::Hook { "server.path" } else { "server.events_path" };
    match trouble {
        Trouble::Status(401) => match entry {
            Some(entry) => format!(
                "The service does not know the secret that Okta sends in `{}`: the running service must have {entry} of \
                 this configuration. Start it anew after a change, and see that no proxy before it drops the header.",
                entry.name
            ),
            None => "The service does not take the token that Okta sends: `keyferry serve` compares header secrets \
                     alone. Leave --oauth out, or put a gateway that checks tokens before the service."
                .to_owned(),
        },
        Trouble::Status(403) => {
            "Something before the service refuses the call: a proxy, a firewall or a list of addresses.".to_owned()
        }
        Trouble::Status(404 | 405) => format!(
            "Nothing listens at this path: the URL must end with {path} ({key}), unless a proxy before the service \
             rewrites it; and the service that runs must have that key."
        ),
        Trouble::Status(503) => "The service runs and cannot decide: a source is down or too slow. Look at its log \
                                 and at /readyz of the private listener, and run `keyferry check`."
            .to_owned(),
        Trouble::Status(502 | 504) => {
            "A proxy before the service does not reach it: is `keyferry serve` running, and is that its address?"
                .to_owned()
        }
        Trouble::Status(300..=399) => "The URL leads elsewhere, and Okta follows no redirect: register the address \
                                       that it leads to."
            .to_owned(),
        Trouble::Status(500..) => "The service, or what stands before it, fails: look at its log.".to_owned(),
        Trouble::Status(_) => {
            "The service does not take Okta's request: is it `keyferry serve` that answers at this URL?".to_owned()
        }
        Trouble::TooSlow => "No answer within Okta's three seconds: look at the service's log for slow look-ups, and \
                             run `keyferry survey` for what the stored hashes cost."
            .to_owned(),
        Trouble::Unreachable => "Okta does not reach the URL: is `keyferry serve` running, does the name resolve on \
                                 the internet, is the port open, and is the certificate one that everybody trusts?"
            .to_owned(),
        Trouble::NotAnAnswer => {
            "What answers is not keyferry: does the URL lead to `keyferry serve`?".to_owned()
        }
        Trouble::Unknown => format!(
            "Look at the service's log. Nothing in it: Okta does not reach the URL. 401: the secret differs. 404: \
             the path is not {path}. 503: a source is down."
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secret::Secret;

    #[test]
    fn a_status_is_found_in_any_words() {
        for (words, trouble) in [
            ("The endpoint answered with HTTP status 401.", Trouble::Status(401)),
            ("response code: 503 (Service Unavailable)", Trouble::Status(503)),
            ("HTTP/1.1 404", Trouble::Status(404)),
            ("Read timed out", Trouble::TooSlow),
            ("java.net.UnknownHostException", Trouble::Unreachable),
            ("Connection refused", Trouble::Unreachable),
            ("The remote server could not be reached", Trouble::Unreachable),
            ("Api validation failed: inlineHook", Trouble::Unknown),
            ("after 3000 ms, request 4011", Trouble::Unknown),
        ] {
            assert_eq!(recognised(words), trouble, "{words}");
        }
    }

    #[test]
    fn each_trouble_names_what_to_look_at() {
        let secret = Secret::from("Basic canary");
        let entry = Some(Entry { index: 1, name: "authorization", secret: &secret, list: "server.auth" });
        let about = About { end: End::Hook, path: "/okta/password-import", entry };
        for (trouble, part) in [
            (Trouble::Status(401), "server.auth.header[1]"),
            (Trouble::Status(404), "/okta/password-import"),
            (Trouble::Status(503), "/readyz"),
            (Trouble::Status(302), "redirect"),
            (Trouble::Status(502), "proxy"),
            (Trouble::Unreachable, "certificate"),
            (Trouble::TooSlow, "three seconds"),
            (Trouble::Unknown, "503"),
        ] {
            let text = mend(trouble, about);
            assert!(text.contains(part), "{trouble:?}: {text}");
        }
        assert!(mend(Trouble::Status(401), About { entry: None, ..about }).contains("--oauth"));
    }
}
