//! What Prometheus reads. Labels come from closed sets and from the configuration, never from a request.

mod catalogue;
mod labels;
mod progress;

use std::collections::HashSet;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::Unit;

pub use catalogue::{LabelReference, MetricReference};

use self::catalogue::Catalogue;
use self::labels::{
    BatchLabels, ByLabel, ConnectionLabels, DecisionLabels, KernelLabel, ListenerLabel, ListenerLabels,
    MappingLabels, Name, OutcomeLabel, SchemeLabel, SourceLabel, StateLabel, StatusLabel, WhyLabel,
};
use self::progress::ProgressMetrics;
use super::Decided;
use super::pool::{PoolUse, Verified};
use crate::ledger::{Mapping, MappingState, Progress, RecorderHealth};
use crate::sources::PoolState;

/// Upper bounds of the histograms' buckets, in seconds: from a salted digest to Okta's patience.
const SECONDS: [f64; 17] = [
    0.000_05, 0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.0,
    2.5, 3.0,
];
/// Upper bounds of the buckets of a ratio: what was estimated came out at half to four times.
const RATIOS: [f64; 12] = [0.25, 0.5, 0.7, 0.8, 0.9, 1.0, 1.1, 1.25, 1.5, 2.0, 4.0, 8.0];
/// Schemes that get a label of their own; a `scheme` column could otherwise name any number of them.
const SCHEMES: usize = 64;

type Seconds<L> = Family<L, Histogram, fn() -> Histogram>;

/// All metrics of the service.
pub struct Metrics {
    registry: Catalogue,
    nothing: Arc<str>,
    other: Arc<str>,
    known_schemes: RwLock<HashSet<Arc<str>>>,
    answers: Family<StatusLabel, Counter>,
    auth_refused: Family<WhyLabel, Counter>,
    listener_open: Family<ListenerLabel, Gauge>,
    listener_refused: Family<ListenerLabels, Counter>,
    listener_closed: Family<ListenerLabels, Counter>,
    deliveries: Family<StatusLabel, Counter>,
    events: Family<OutcomeLabel, Counter>,
    decisions: Family<DecisionLabels, Counter>,
    lookup: Seconds<SourceLabel>,
    queue: Histogram,
    verify: Seconds<SchemeLabel>,
    total: Seconds<OutcomeLabel>,
    batches: Family<BatchLabels, Counter>,
    run_ratio: Seconds<KernelLabel>,
    turn_ratio: Histogram,
    refused: Family<WhyLabel, Counter>,
    dropped: Family<WhyLabel, Counter>,
    throttled: Family<ByLabel, Counter>,
    locked: Gauge,
    in_flight: Gauge,
    threads: Gauge,
    busy: Gauge,
    waiting: Gauge,
    memory: Family<StateLabel, Gauge>,
    source_up: Family<SourceLabel, Gauge>,
    connections: Family<ConnectionLabels, Gauge>,
    most_connections: Family<SourceLabel, Gauge>,
    doubtful: Family<MappingLabels, Gauge>,
    ledger_written: Counter,
    ledger_dropped: Counter,
    ledger_queued: Gauge,
    ledger_failing: Gauge,
    progress: ProgressMetrics,
}

impl Metrics {
    /// All at zero.
    pub fn new() -> Self {
        let histogram: fn() -> Histogram = || Histogram::new(SECONDS);
        let ratio: fn() -> Histogram = || Histogram::new(RATIOS);
        let mut metrics = Self {
            registry: Catalogue::new(),
            nothing: Arc::from(""),
            other: Arc::from("other"),
            known_schemes: RwLock::default(),
            answers: Family::default(),
            auth_refused: Family::default(),
            listener_open: Family::default(),
            listener_refused: Family::default(),
            listener_closed: Family::default(),
            deliveries: Family::default(),
            events: Family::default(),
            decisions: Family::default(),
            lookup: Family::new_with_constructor(histogram),
            queue: histogram(),
            verify: Family::new_with_constructor(histogram),
            total: Family::new_with_constructor(histogram),
            batches: Family::default(),
            run_ratio: Family::new_with_constructor(ratio),
            turn_ratio: ratio(),
            refused: Family::default(),
            dropped: Family::default(),
            throttled: Family::default(),
            locked: Gauge::default(),
            in_flight: Gauge::default(),
            threads: Gauge::default(),
            busy: Gauge::default(),
            waiting: Gauge::default(),
            memory: Family::default(),
            source_up: Family::default(),
            connections: Family::default(),
            most_connections: Family::default(),
            doubtful: Family::default(),
            ledger_written: Counter::default(),
            ledger_dropped: Counter::default(),
            ledger_queued: Gauge::default(),
            ledger_failing: Gauge::default(),
            progress: ProgressMetrics::default(),
        };
        metrics.register_process();
        metrics.register_listeners();
        metrics.register_calls();
        metrics.register_pool();
        metrics.register_events();
        metrics.register_state();
        metrics.progress.register(&mut metrics.registry);
        metrics
    }

    /// What there is, for the reference.
    pub fn reference() -> Vec<MetricReference> {
        Self::new().registry.into_references()
    }

    fn register_process(&mut self) {
        let build = Info::new([("version", env!("CARGO_PKG_VERSION"))]);
        self.registry.register("build", "Always 1; the version is its label", build);
        let started = Gauge::<f64, AtomicU64>::default();
        started.set(SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs_f64());
        let help = "When this process started to serve, since 1970";
        self.registry.register_with_unit("start_time", help, Unit::Seconds, started);
    }

    fn register_listeners(&mut self) {
        let registry = &mut self.registry;
        let help = "Calls that were not let in, by what was wrong with their credentials";
        registry.register("auth_refused", help, self.auth_refused.clone());
        registry.register("connections", "Open connections of a listener", self.listener_open.clone());
        let help = "Connections that were refused, by the limit that was reached";
        registry.register("connections_refused", help, self.listener_refused.clone());
        let help = "Connections that the service closed, by why: too slow, idle, or in favour of others";
        registry.register("connections_closed", help, self.listener_closed.clone());
    }

    fn register_calls(&mut self) {
        let registry = &mut self.registry;
        registry.register("http_answers", "Answers of the hook by HTTP status", self.answers.clone());
        let help = "Decisions by outcome, reason, scheme and source";
        registry.register("decisions", help, self.decisions.clone());
        let help = "Time of one look-up in a source";
        registry.register_with_unit("lookup", help, Unit::Seconds, self.lookup.clone());
        let help = "Time a verification waited for a thread";
        registry.register_with_unit("queue", help, Unit::Seconds, self.queue.clone());
        let help = "Time of one verification, by the scheme of the stored value";
        registry.register_with_unit("verify", help, Unit::Seconds, self.verify.clone());
        let help = "Time from a request's head to its decision";
        registry.register_with_unit("decision", help, Unit::Seconds, self.total.clone());
    }

    fn register_pool(&mut self) {
        let registry = &mut self.registry;
        let help = "Runs of the verify threads, by kernel and by how many verifications ran together";
        registry.register("verify_batches", help, self.batches.clone());
        let help = "Measured over estimated time of a run, by kernel";
        let ratio = || Unit::Other("ratio".to_owned());
        registry.register_with_unit("verify_run_estimate", help, ratio(), self.run_ratio.clone());
        let help = "Measured over estimated time from the hand-over of a verification to its end";
        registry.register_with_unit("verify_end_estimate", help, ratio(), self.turn_ratio.clone());
        let help = "Verifications refused when they came: late, over the share of their cost, or full";
        registry.register("verify_refused", help, self.refused.clone());
        let help = "Verifications that waited and were not run: the caller had gone, or it was too late";
        registry.register("verify_dropped", help, self.dropped.clone());
        registry.register("verify_threads", "Threads that verify", self.threads.clone());
        registry.register("verify_threads_busy", "Threads at work", self.busy.clone());
        registry.register("verify_waiting", "Verifications that wait for a thread", self.waiting.clone());
        let help = "Memory for argon2, scrypt and yescrypt, in use and kept for the next";
        registry.register_with_unit("verify_memory", help, Unit::Bytes, self.memory.clone());
    }

    fn register_events(&mut self) {
        let registry = &mut self.registry;
        let help = "Deliveries of Okta's event hook by the HTTP status of their answers";
        registry.register("event_deliveries", help, self.deliveries.clone());
        let help = "Events that Okta's event hook delivered, by what came of them";
        registry.register("events", help, self.events.clone());
    }

    fn register_state(&mut self) {
        let registry = &mut self.registry;
        let help =
            "Sign-ins rejected without a verification, since the user or the address had failed too often";
        registry.register("throttled", help, self.throttled.clone());
        let help = "Users, and addresses that people sign in from, that have failed too often of late";
        registry.register("locked", help, self.locked.clone());
        registry.register("in_flight", "Calls being decided", self.in_flight.clone());
        let help = "1 where the last look-up or ping of a source was answered, else 0; pinged every 30 s";
        registry.register("source_up", help, self.source_up.clone());
        let help = "Open connections of a source's pool, by state";
        registry.register("source_connections", help, self.connections.clone());
        let help = "The most connections that a source's pool may open";
        registry.register("source_connections_max", help, self.most_connections.clone());
        let help = "1 while several users had a wrong password and nobody was ever verified, else 0";
        registry.register("mapping_doubtful", help, self.doubtful.clone());
        registry.register("ledger_written", "Events the ledger has taken", self.ledger_written.clone());
        let help = "Events lost because the ledger was down for too long";
        registry.register("ledger_dropped", help, self.ledger_dropped.clone());
        registry.register("ledger_queued", "Events that wait for the ledger", self.ledger_queued.clone());
        registry.register(
            "ledger_failing",
            "1 while the ledger cannot be written",
            self.ledger_failing.clone(),
        );
    }

    /// Counts an answer of the hook.
    pub fn answered(&self, status: u16) {
        self.answers.get_or_create(&StatusLabel { status }).inc();
    }

    /// Counts a call that was not let in; `why` is one of a closed set.
    pub fn auth_refused(&self, why: &'static str) {
        self.auth_refused.get_or_create(&WhyLabel { why }).inc();
    }

    /// How many connections a listener has.
    pub fn connections_open(&self, listener: &'static str, open: usize) {
        self.listener_open.get_or_create(&ListenerLabel { listener }).set(gauge(open));
    }

    /// Counts a connection that was refused; `why` is one of a closed set.
    pub fn connection_refused(&self, listener: &'static str, why: &'static str) {
        self.listener_refused.get_or_create(&ListenerLabels { listener, why }).inc();
    }

    /// Counts a connection that was closed by us; `why` is one of a closed set.
    pub fn connection_closed(&self, listener: &'static str, why: &'static str) {
        self.listener_closed.get_or_create(&ListenerLabels { listener, why }).inc();
    }

    /// Counts an answer to a delivery of Okta's event hook.
    pub fn delivered(&self, status: u16) {
        self.deliveries.get_or_create(&StatusLabel { status }).inc();
    }

    /// Counts events that came to the same; the outcome is one of a closed set.
    pub fn events(&self, outcome: &'static str, events: u64) {
        self.events.get_or_create(&OutcomeLabel { outcome }).inc_by(events);
    }

    pub(super) fn looked_up(&self, source: &Arc<str>, took: Duration) {
        self.lookup
            .get_or_create(&SourceLabel { source: Name(Arc::clone(source)) })
            .observe(took.as_secs_f64());
    }

    pub(super) fn decided(&self, decided: &Decided, verified: Option<&Verified>) {
        let scheme = self.scheme_label(decided.scheme.as_ref());
        if let Some(verified) = verified {
            self.queue.observe(verified.queued.as_secs_f64());
            // A decoy has no scheme of its own: its label is empty.
            let label = SchemeLabel { scheme: scheme.clone() };
            self.verify.get_or_create(&label).observe(verified.took.as_secs_f64());
        }
        let outcome = decided.decision.outcome();
        self.total.get_or_create(&OutcomeLabel { outcome }).observe(decided.took.as_secs_f64());
        let labels = DecisionLabels {
            outcome,
            reason: decided.decision.reason().unwrap_or_default(),
            scheme,
            source: Name(Arc::clone(decided.source.as_ref().unwrap_or(&self.nothing))),
        };
        self.decisions.get_or_create(&labels).inc();
    }

    /// Counts a rejection for too many failures by what failed: `user` or `address`.
    pub(super) fn throttled(&self, by: &'static str) {
        self.throttled.get_or_create(&ByLabel { by }).inc();
    }

    pub(super) fn locked(&self, locked: usize) {
        self.locked.set(gauge(locked));
    }

    pub(super) fn calls_in_flight(&self, calls: i64) {
        self.in_flight.set(calls);
    }

    pub(super) fn pool(&self, pool: PoolUse) {
        self.threads.set(gauge(pool.threads));
        self.busy.set(gauge(pool.busy));
        self.waiting.set(gauge(pool.waiting));
        for (state, bytes) in [("used", pool.memory_used), ("kept", pool.memory_kept)] {
            let bytes = i64::try_from(bytes).unwrap_or(i64::MAX);
            self.memory.get_or_create(&StateLabel { state }).set(bytes);
        }
    }

    /// A run of so many together, of a kernel or of `none`.
    pub(super) fn ran(&self, kernel: &'static str, together: usize, expected: Duration, took: Duration) {
        let together = u16::try_from(together).unwrap_or(u16::MAX);
        self.batches.get_or_create(&BatchLabels { kernel, together }).inc();
        self.run_ratio.get_or_create(&KernelLabel { kernel }).observe(ratio(took, expected));
    }

    /// A verification that ran, from its hand-over on.
    pub(super) fn turned_round(&self, expected: Duration, took: Duration) {
        self.turn_ratio.observe(ratio(took, expected));
    }

    /// A verification that was not taken; `why` is one of a closed set.
    pub(super) fn refused(&self, why: &'static str) {
        self.refused.get_or_create(&WhyLabel { why }).inc();
    }

    /// A verification that waited and was not run; `why` is one of a closed set.
    pub(super) fn dropped(&self, why: &'static str) {
        self.dropped.get_or_create(&WhyLabel { why }).inc();
    }

    pub(super) fn source_up(&self, source: &Arc<str>, up: bool) {
        self.source_up.get_or_create(&SourceLabel { source: Name(Arc::clone(source)) }).set(i64::from(up));
    }

    /// How far the migration is; as told by the ledger at this time.
    pub(super) fn progress(&self, progress: &Progress, at: SystemTime) {
        self.progress.set(progress, at);
    }

    pub(super) fn connections(&self, source: &Arc<str>, pool: PoolState) {
        let label = SourceLabel { source: Name(Arc::clone(source)) };
        self.most_connections.get_or_create(&label).set(i64::from(pool.max));
        for (state, count) in [("idle", pool.idle), ("busy", pool.open.saturating_sub(pool.idle))] {
            let labels = ConnectionLabels { source: Name(Arc::clone(source)), state };
            self.connections.get_or_create(&labels).set(i64::from(count));
        }
    }

    pub(super) fn ledger(&self, health: &RecorderHealth) {
        self.ledger_written.inner().store(health.written, Ordering::Relaxed);
        self.ledger_dropped.inner().store(health.dropped, Ordering::Relaxed);
        self.ledger_queued.set(i64::try_from(health.queued).unwrap_or(i64::MAX));
        self.ledger_failing.set(i64::from(health.failing_since.is_some()));
    }

    pub(super) fn mappings(&self, states: &[MappingState]) {
        for state in states {
            let scheme = self.scheme_label(Some(&state.scheme));
            if scheme.0 == self.other {
                continue;
            }
            let labels = MappingLabels { scheme, source: Name(Arc::clone(&state.source)) };
            self.doubtful.get_or_create(&labels).set(i64::from(state.mapping == Mapping::Doubtful));
        }
    }

    pub(super) fn text(&self) -> String {
        let mut text = String::new();
        // Writing into a string does not fail.
        let _ = encode(&mut text, &self.registry.registry);
        text
    }

    fn scheme_label(&self, scheme: Option<&Arc<str>>) -> Name {
        let Some(scheme) = scheme else { return Name(Arc::clone(&self.nothing)) };
        if self.known_schemes.read().unwrap_or_else(PoisonError::into_inner).contains(scheme) {
            return Name(Arc::clone(scheme));
        }
        let mut known = self.known_schemes.write().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= SCHEMES && !known.contains(scheme) {
            return Name(Arc::clone(&self.other));
        }
        known.insert(Arc::clone(scheme));
        Name(Arc::clone(scheme))
    }
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}

fn ratio(measured: Duration, estimated: Duration) -> f64 {
    measured.as_secs_f64() / estimated.max(Duration::from_micros(1)).as_secs_f64()
}

fn gauge(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

impl fmt::Debug for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Metrics(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_label_is_in_the_reference() {
        let reference = Metrics::reference();
        let missing: Vec<&str> =
            reference.iter().filter(|metric| metric.labels_missing).map(|metric| &*metric.name).collect();
        assert!(
            missing.is_empty(),
            "give their labels a line in src/decision/metrics/catalogue.rs: {missing:?}"
        );
        assert!(reference.iter().any(|metric| metric.name == "keyferry_decisions_total"));
        assert!(reference.iter().any(|metric| metric.name == "keyferry_verify_memory_bytes"));
    }
}
