//! `[server]`: the two listeners, who may call, and how long an answer may take.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use super::dashboard::{self, Dashboard};
use super::section::Section;
use crate::secret::Secret;

/// Okta gives up after three seconds, so an answer must be on its way before.
const OKTA_PATIENCE: Duration = Duration::from_secs(3);
/// What is wrong with a path.
const PATH: &str = "must begin with a slash and hold letters, digits and / - _ . ~ only";

/// `[server]`
#[derive(Debug)]
pub struct Server {
    /// The listener that the internet may reach.
    pub listen: SocketAddr,
    /// Path of the hook.
    pub path: String,
    /// Path of the event hook; none where it is switched off.
    pub events_path: Option<String>,
    /// From the request's head to the answer.
    pub deadline: Duration,
    /// Health, metrics and the dashboard.
    pub private_listen: SocketAddr,
    /// `[server.dashboard]`; none where it is switched off.
    pub dashboard: Option<Dashboard>,
    /// Whether answers carry the reason and the request id.
    pub debug_context: bool,
    /// How long a shutdown waits for calls in flight.
    pub shutdown_grace: Duration,
    /// Threads that verify; `None` for one a core.
    pub verify_threads: Option<usize>,
    /// Bytes for argon2, scrypt and yescrypt, in use and kept together.
    pub verify_memory: u64,
    /// `[server.auth] header`: any one of them lets a call in.
    pub auth: Vec<HeaderAuth>,
    /// `[server.events_auth] header`: the same for the event hook; none where `auth` is for both.
    pub events_auth: Option<Vec<HeaderAuth>>,
}

/// One header and its secret value.
#[derive(Debug)]
pub struct HeaderAuth {
    /// Header name, in lower case.
    pub name: String,
    /// The whole value, scheme included.
    pub secret: Secret,
}

pub(super) fn read(mut section: Section<'_>) -> Server {
    let path = hook_path(&mut section);
    let events_path = events_path(&mut section, &path);
    let server = Server {
        listen: section.address_or("listen", SocketAddr::from((Ipv4Addr::LOCALHOST, 8080))),
        path,
        events_path,
        deadline: deadline(&mut section),
        private_listen: section.address_or("private_listen", SocketAddr::from((Ipv4Addr::LOCALHOST, 9090))),
        dashboard: dashboard::read(section.section("dashboard")),
        debug_context: section.flag_or("debug_context", false),
        shutdown_grace: section.duration_or("shutdown_grace", Duration::from_secs(10)),
        verify_threads: match section.integer_or("verify_threads", 0..=1024, 0) {
            0 => None,
            threads => usize::try_from(threads).ok(),
        },
        verify_memory: u64::from(section.integer_or("verify_memory_mib", 1..=1_048_576, 512)) << 20,
        auth: auth(&mut section),
        events_auth: section.has("events_auth").then(|| headers(section.section("events_auth"))),
    };
    if server.listen == server.private_listen && server.listen.port() != 0 {
        section.problem(
            "private_listen",
            "must differ from `listen`: health and metrics are not for the internet",
        );
    }
    section.finish();
    server
}

fn hook_path(section: &mut Section<'_>) -> String {
    let path = section.text_or("path", "/okta/password-import");
    if !is_path(&path) {
        section.problem("path", PATH);
    }
    path
}

fn events_path(section: &mut Section<'_>, hook_path: &str) -> Option<String> {
    let path = section.text_or("events_path", "/okta/events");
    if path.is_empty() {
        return None;
    }
    if !is_path(&path) {
        section.problem("events_path", format!("{PATH}, or be empty to switch the event hook off"));
    }
    if path == hook_path {
        section.problem("events_path", "must differ from `path`, where Okta's other hook calls");
    }
    Some(path)
}

fn is_path(path: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || "/-_.~".contains(c);
    path.len() >= 2 && path.starts_with('/') && path.chars().all(plain)
}

fn deadline(section: &mut Section<'_>) -> Duration {
    let deadline = section.duration_or("deadline", Duration::from_millis(2500));
    if deadline >= OKTA_PATIENCE {
        section.problem("deadline", "must be below 3 s, for Okta waits no longer; the default is \"2.5s\"");
    }
    deadline
}

fn auth(section: &mut Section<'_>) -> Vec<HeaderAuth> {
    headers(section.section("auth"))
}

fn headers(mut auth: Section<'_>) -> Vec<HeaderAuth> {
    let mend = "write header = [{ name = \"Authorization\", secret = \"env:KEYFERRY_HOOK_SECRET\" }]";
    if !auth.has("header") {
        auth.missing("header", mend);
    }
    let mut headers = Vec::new();
    for mut header in auth.sections("header") {
        let name =
            header.required_text("name", "write the header that Okta sends, such as \"Authorization\"");
        let secret =
            header.required_secret("secret", "write the value that Okta sends, as env:NAME or file:PATH");
        if let Some(name) = &name
            && axum::http::HeaderName::from_bytes(name.as_bytes()).is_err()
        {
            header.problem("name", "is not a name that an HTTP header can have");
        }
        if let Some(secret) = &secret
            && !secret.expose().iter().all(|byte| matches!(byte, b' '..=b'~'))
        {
            header.problem(
                "secret",
                "holds a character that an HTTP header cannot carry; printable ASCII only",
            );
        }
        if let Some(secret) = &secret
            && (secret.expose().starts_with(b" ") || secret.expose().ends_with(b" "))
        {
            header
                .problem("secret", "begins or ends with a space, which HTTP drops: no call would ever match");
        }
        header.finish();
        if let (Some(name), Some(secret)) = (name, secret) {
            headers.push(HeaderAuth { name: name.to_ascii_lowercase(), secret });
        }
    }
    auth.finish();
    headers
}
