//! How far the migration is, as the ledger counts it: the same on every replica, and as old as the last count.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::{SystemTime, UNIX_EPOCH};

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Unit;

use super::catalogue::Catalogue;
use super::labels::Name;
use crate::ledger::Progress;

/// Where a user can stand. All of a source's are told, those with nobody as 0.
pub(super) const STATES: [&str; 7] =
    ["planned", "sending", "seeded", "rejected", "skipped", "verified", "confirmed"];

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct UserLabels {
    route: Name,
    source: Name,
    state: &'static str,
}

#[derive(Default)]
pub(super) struct ProgressMetrics {
    users: Family<UserLabels, Gauge>,
    unfinished: Gauge,
    passes: Gauge,
    counted: Gauge<f64, AtomicU64>,
}

impl ProgressMetrics {
    pub(super) fn register(&self, registry: &mut Catalogue) {
        let help = "Users in the ledger, by where they stand; the same on every replica, so take the max";
        registry.register("users", help, self.users.clone());
        let help = "Users for whom a call to Okta was begun whose effect is not known yet";
        registry.register("users_unfinished", help, self.unfinished.clone());
        let help = "Imports that have begun a pass over the users and not ended it, running or interrupted";
        registry.register("import_passes", help, self.passes.clone());
        let help = "When the ledger was last counted, since 1970";
        registry.register_with_unit("users_counted_timestamp", help, Unit::Seconds, self.counted.clone());
    }

    pub(super) fn set(&self, progress: &Progress, at: SystemTime) {
        let mut counts: BTreeMap<(&str, &str), BTreeMap<&str, u64>> = BTreeMap::new();
        for count in &progress.users {
            let states = counts.entry((&count.source, &count.route)).or_default();
            states.insert(&count.state, count.users);
        }
        for ((source, route), states) in counts {
            for state in STATES {
                let (route, source) = (Name(Arc::from(route)), Name(Arc::from(source)));
                let users = states.get(state).copied().unwrap_or_default();
                self.users.get_or_create(&UserLabels { route, source, state }).set(whole(users));
            }
        }
        self.unfinished.set(whole(progress.unfinished));
        self.passes.set(whole(progress.passes.len() as u64));
        self.counted.set(at.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs_f64());
    }
}

fn whole(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use prometheus_client::encoding::text::encode;

    use super::*;
    use crate::ledger::UserCount;

    #[test]
    fn a_state_that_nobody_is_in_any_more_falls_to_zero() {
        let metrics = ProgressMetrics::default();
        let mut registry = Catalogue::new();
        metrics.register(&mut registry);
        let progress = |state: &str| Progress {
            users: vec![UserCount {
                source: "shop".into(),
                route: "hook".into(),
                state: state.into(),
                users: 7,
            }],
            passes: Vec::new(),
            unfinished: 0,
        };
        let at = |seconds| UNIX_EPOCH + std::time::Duration::from_secs(seconds);
        metrics.set(&progress("seeded"), at(1));
        metrics.set(&progress("verified"), at(2));
        let mut text = String::new();
        encode(&mut text, &registry.registry).unwrap();
        let line =
            |state: &str| format!("keyferry_users{{route=\"hook\",source=\"shop\",state=\"{state}\"}}");
        assert!(text.contains(&format!("{} 0\n", line("seeded"))), "{text}");
        assert!(text.contains(&format!("{} 7\n", line("verified"))), "{text}");
        assert!(text.contains("keyferry_users_counted_timestamp_seconds 2.0\n"), "{text}");
    }
}
