//! What the org was asked: counts by method and family of paths, and how many calls were under way at once.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

/// What came of the calls of one method to one family of paths.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Calls {
    /// Answers by status.
    pub answered: BTreeMap<u16, u64>,
    /// Of the answers 429, those that refused too many calls at once.
    pub concurrency: u64,
    /// Calls whose connection was reset unanswered, by a fault.
    pub broken: u64,
    /// Calls that the caller gave up before they were answered.
    pub abandoned: u64,
}

impl Calls {
    /// All calls, answered or not.
    pub fn total(&self) -> u64 {
        self.answered.values().sum::<u64>() + self.broken + self.abandoned
    }

    /// Answers of this status.
    pub fn with_status(&self, status: u16) -> u64 {
        self.answered.get(&status).copied().unwrap_or_default()
    }
}

/// The family of a path: ids are `{id}`, and below a group `{userId}`.
pub(super) fn family(path: &str) -> String {
    let mut family = String::with_capacity(path.len());
    let mut parent = "";
    for (position, segment) in path.trim_start_matches('/').split('/').enumerate() {
        family.push('/');
        family.push_str(match (position, parent) {
            (3, _) if path.starts_with("/api/v1/") => "{id}",
            (5, "users") => "{userId}",
            _ => segment,
        });
        parent = segment;
    }
    family
}

/// All counts of an org.
#[derive(Debug, Default)]
pub(super) struct Traffic(Mutex<Counts>);

#[derive(Debug, Default)]
struct Counts {
    started: u64,
    under_way: u32,
    most: u32,
    calls: BTreeMap<String, Calls>,
}

/// A call that has arrived.
pub(super) struct UnderWay<'a> {
    traffic: &'a Traffic,
    name: String,
    /// Counted from 0 over all calls of the org.
    pub(super) number: u64,
    /// Calls under way, this one among them.
    pub(super) at_once: u32,
    ended: bool,
}

/// How a call ended.
pub(super) enum End {
    Answered(u16),
    TooManyAtOnce,
    Broken,
}

impl Traffic {
    pub(super) fn begin(&self, method: &str, family: &str) -> UnderWay<'_> {
        let mut counts = self.counts();
        let number = counts.started;
        counts.started += 1;
        counts.under_way += 1;
        counts.most = counts.most.max(counts.under_way);
        let name = format!("{method} {family}");
        UnderWay { traffic: self, name, number, at_once: counts.under_way, ended: false }
    }

    pub(super) fn calls(&self) -> BTreeMap<String, Calls> {
        self.counts().calls.clone()
    }

    pub(super) fn most_at_once(&self) -> u32 {
        self.counts().most
    }

    fn counts(&self) -> std::sync::MutexGuard<'_, Counts> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl UnderWay<'_> {
    pub(super) fn end(mut self, end: &End) {
        self.ended = true;
        let mut counts = self.traffic.counts();
        let calls = counts.calls.entry(self.name.clone()).or_default();
        match end {
            End::Answered(status) => *calls.answered.entry(*status).or_default() += 1,
            End::TooManyAtOnce => {
                *calls.answered.entry(429).or_default() += 1;
                calls.concurrency += 1;
            }
            End::Broken => calls.broken += 1,
        }
    }
}

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        let mut counts = self.traffic.counts();
        counts.under_way -= 1;
        if !self.ended {
            counts.calls.entry(std::mem::take(&mut self.name)).or_default().abandoned += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn families_leave_ids_out() {
        for (path, expected) in [
            ("/api/v1/users", "/api/v1/users"),
            ("/api/v1/users/ana@example.com", "/api/v1/users/{id}"),
            ("/api/v1/users/00u1/lifecycle/activate", "/api/v1/users/{id}/lifecycle/activate"),
            ("/api/v1/groups/00g1/users", "/api/v1/groups/{id}/users"),
            ("/api/v1/groups/00g1/users/00u1", "/api/v1/groups/{id}/users/{userId}"),
            ("/oauth2/v1/token", "/oauth2/v1/token"),
        ] {
            assert_eq!(family(path), expected);
        }
    }

    #[test]
    fn calls_are_counted_by_how_they_end() {
        let traffic = Traffic::default();
        let first = traffic.begin("GET", "/a");
        let second = traffic.begin("GET", "/a");
        assert_eq!((first.number, first.at_once, second.number, second.at_once), (0, 1, 1, 2));
        first.end(&End::Answered(200));
        second.end(&End::TooManyAtOnce);
        traffic.begin("GET", "/a").end(&End::Broken);
        drop(traffic.begin("GET", "/a"));
        let calls = &traffic.calls()["GET /a"];
        assert_eq!((calls.with_status(200), calls.with_status(429), calls.concurrency), (1, 1, 1));
        assert_eq!((calls.broken, calls.abandoned, calls.total()), (1, 1, 4));
        assert_eq!(traffic.most_at_once(), 2);
    }
}
