//! `[server.limits]`: how much callers may use of a listener.

use std::time::Duration;

use crate::config::section::Section;

/// The shortest bound of a head that HTTP is spoken with, in bytes.
const LEAST_HEAD: u32 = 8192;

/// `[server.limits]`
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ServerLimits {
    /// Connections in all.
    pub connections: usize,
    /// Connections from one address; a proxy is one.
    pub connections_per_address: usize,
    /// Until a request's head is complete.
    pub head_timeout: Duration,
    /// How long a connection is kept without a request.
    pub idle_timeout: Duration,
    /// The longest head of a request, in bytes.
    pub head_bytes: usize,
}

pub(super) fn read(mut section: Section<'_>) -> ServerLimits {
    let mut number =
        |key, range, default| usize::try_from(section.integer_or(key, range, default)).unwrap_or(usize::MAX);
    let connections = number("connections", 1..=1_000_000, 4096);
    let connections_per_address = number("connections_per_address", 1..=1_000_000, 1024);
    let head_bytes = number("head_bytes", LEAST_HEAD..=1_048_576, 16_384);
    let head_timeout = section.duration_or("head_timeout", Duration::from_secs(5));
    let idle_timeout = section.duration_or("idle_timeout", Duration::from_secs(75));
    section.finish();
    ServerLimits { connections, connections_per_address, head_timeout, idle_timeout, head_bytes }
}
