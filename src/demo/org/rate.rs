//! Okta's rate limits: a bucket of calls per window and per family of endpoints, told in three headers.

use std::collections::HashMap;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// How many calls each bucket takes in one window.
#[derive(Clone, Copy, Debug)]
pub struct RateLimit {
    /// Calls in a window.
    pub limit: u32,
    /// Length of a window; it begins with the first call in it.
    pub window: Duration,
}

impl Default for RateLimit {
    /// 600 a minute: what Okta published for `/api/v1/users`.
    fn default() -> Self {
        Self { limit: 600, window: Duration::from_mins(1) }
    }
}

/// Families of endpoints that share a bucket.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Bucket {
    Users,
    Groups,
    SignIn,
    Logs,
    Other,
}

impl Bucket {
    fn of(path: &str) -> Self {
        let under = |family: &str| {
            path.strip_prefix(family).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        if under("/api/v1/users") {
            Self::Users
        } else if under("/api/v1/groups") {
            Self::Groups
        } else if under("/api/v1/authn") {
            Self::SignIn
        } else if under("/api/v1/logs") {
            Self::Logs
        } else {
            Self::Other
        }
    }
}

/// Where a bucket stands after a call: the three headers, and whether the call may go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Standing {
    /// `X-Rate-Limit-Limit`
    pub(super) limit: u32,
    /// `X-Rate-Limit-Remaining`
    pub(super) remaining: u32,
    /// `X-Rate-Limit-Reset`: UTC epoch seconds at which the window ends, rounded up.
    pub(super) reset: u64,
    /// False where the bucket was empty before this call.
    pub(super) allowed: bool,
}

/// All buckets of the org.
#[derive(Debug)]
pub(super) struct Limiter {
    rate: RateLimit,
    windows: HashMap<Bucket, Window>,
}

#[derive(Clone, Copy, Debug)]
struct Window {
    ends: SystemTime,
    used: u32,
}

impl Limiter {
    pub(super) fn new(rate: RateLimit) -> Self {
        Self { rate, windows: HashMap::new() }
    }

    /// Counts one call to `path`.
    pub(super) fn take(&mut self, path: &str, now: SystemTime) -> Standing {
        let RateLimit { limit, window } = self.rate;
        let fresh = Window { ends: now + window, used: 0 };
        let current = self.windows.entry(Bucket::of(path)).or_insert(fresh);
        if now >= current.ends {
            *current = fresh;
        }
        let allowed = current.used < limit;
        if allowed {
            current.used += 1;
        }
        let reset = epoch_seconds(current.ends);
        Standing { limit, remaining: limit - current.used, reset, allowed }
    }
}

/// UTC epoch seconds, rounded up.
pub(super) fn epoch_seconds(at: SystemTime) -> u64 {
    let since_epoch = at.duration_since(UNIX_EPOCH).unwrap_or_default();
    since_epoch.as_secs() + u64::from(since_epoch.subsec_nanos() > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_empties_and_is_full_again_when_its_window_ends() {
        let rate = RateLimit { limit: 2, window: Duration::from_mins(1) };
        let mut limiter = Limiter::new(rate);
        let start = UNIX_EPOCH + Duration::from_millis(1_000_500);

        let first = limiter.take("/api/v1/users", start);
        assert_eq!(first, Standing { limit: 2, remaining: 1, reset: 1061, allowed: true });
        let later = start + Duration::from_secs(59);
        assert_eq!(limiter.take("/api/v1/users/00u1", later).remaining, 0);
        let third = limiter.take("/api/v1/users", later);
        assert_eq!(third, Standing { limit: 2, remaining: 0, reset: 1061, allowed: false });

        let next = limiter.take("/api/v1/users", start + Duration::from_mins(1));
        assert_eq!(next, Standing { limit: 2, remaining: 1, reset: 1121, allowed: true });
    }

    #[test]
    fn families_do_not_empty_each_other() {
        let mut limiter = Limiter::new(RateLimit { limit: 1, window: Duration::from_mins(1) });
        for path in ["/api/v1/users", "/api/v1/authn", "/api/v1/groups", "/api/v1/usersettings"] {
            assert!(limiter.take(path, UNIX_EPOCH).allowed, "{path}");
        }
        assert!(!limiter.take("/api/v1/users/me", UNIX_EPOCH).allowed);
    }
}
