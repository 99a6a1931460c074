//! `[server]`: the two listeners, who may call, and how long an answer may take.

mod auth;
mod limits;
mod tls;

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use super::dashboard::{self, Dashboard};
use super::section::Section;
use super::throttle::{self, Throttle};

pub use auth::{Auth, HeaderAuth, OAuth2};
pub use limits::ServerLimits;
pub use tls::Tls;

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
    /// `[server.throttle]`
    pub throttle: Throttle,
    /// `[server.auth]`
    pub auth: Auth,
    /// `[server.events_auth]`: the same for the event hook; none where `auth` is for both.
    pub events_auth: Option<Auth>,
    /// `[server.tls]`: for the public listener; none where it speaks plain HTTP.
    pub tls: Option<Tls>,
    /// `[server.limits]`, of each listener.
    pub limits: ServerLimits,
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
        throttle: throttle::read(section.section("throttle")),
        auth: auth::read(section.section("auth")),
        events_auth: section.has("events_auth").then(|| auth::read(section.section("events_auth"))),
        tls: if section.has("tls") { tls::read(section.section("tls")) } else { None },
        limits: limits::read(section.section("limits")),
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
