//! `[server.throttle]`: how many failures are let through.

use std::time::Duration;

use super::section::Section;

/// `[server.throttle]`
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Throttle {
    /// Of one user; 0 for any number.
    pub failures_per_user: u32,
    /// From one address that people sign in from; 0 for any number.
    pub failures_per_address: u32,
    /// The time in which so many are let through.
    pub window: Duration,
}

pub(super) fn read(mut section: Section<'_>) -> Throttle {
    let throttle = Throttle {
        failures_per_user: section.integer_or("failures_per_user", 0..=100_000, 10),
        failures_per_address: section.integer_or("failures_per_address", 0..=100_000, 500),
        window: section.duration_or("window", Duration::from_mins(15)),
    };
    section.finish();
    throttle
}
