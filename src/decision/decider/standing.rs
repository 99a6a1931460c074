//! What is told of the service beside its answers: whether its sources and its ledger answer, its metrics, and what was
//! decided lately.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant, SystemTime};

use futures_util::StreamExt;

use super::Decider;
use crate::decision::Metrics;
use crate::decision::pool::PoolUse;
use crate::decision::recent::{Problem, Recent, Tally};
use crate::ledger::{Ledger, LedgerError, Mapping, MappingState, RecorderHealth};
use crate::sources::SourceError;

/// Rows that are looked at when the service starts, to learn which scheme the store has most of.
const SAMPLE_ROWS: usize = 2_000;

/// How often sources are pinged, and the ledger's users are counted at most.
const WATCH_EVERY: Duration = Duration::from_secs(30);
/// The same until the ledger was there once: when the service starts it follows behind.
const WATCH_FIRST: Duration = Duration::from_secs(1);
/// Counting may take one part in so many of the ledger's time.
const COUNT_SHARE: u32 = 20;

/// Whether a source answers.
#[derive(Debug)]
pub struct SourceHealth {
    /// Its name.
    pub name: Arc<str>,
    /// The error, where it does not.
    pub error: Option<SourceError>,
}

/// A source and its connections at this moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceUse {
    /// Its name.
    pub name: Arc<str>,
    /// Connections open.
    pub open: u32,
    /// Of these, idle.
    pub idle: u32,
    /// The most there may be.
    pub max: u32,
    /// Whether the last look-up failed.
    pub failing: bool,
}

impl Decider {
    /// Learns from a sample of each store which scheme is commonest, so that the first unknown user already costs
    /// what a wrong password does. A store that is down is learnt from its look-ups later.
    pub async fn learn_decoy(&self) {
        for watched in &self.stores {
            let mut batches = watched.store.source.stream(None, None);
            let mut seen = 0;
            while let Some(Ok(batch)) = batches.next().await {
                for record in batch.records() {
                    if let Ok(hash) = watched.store.reader.read(record) {
                        self.decoys.observe(&Arc::new(hash));
                    }
                }
                seen += batch.len();
                if seen >= SAMPLE_ROWS {
                    break;
                }
            }
        }
    }

    /// Keeps the gauges fresh that nobody's call moves: whether sources answer, and where the ledger's users stand. A
    /// ledger of many millions is counted less often. Never ends; to be aborted.
    pub async fn watch(&self) {
        let mut next_count = None;
        loop {
            self.source_health().await;
            let began = Instant::now();
            if next_count.is_none_or(|next| began >= next)
                && let Some(ledger) = self.recorder.ledger()
                && let Ok(progress) = ledger.progress().await
            {
                self.metrics.progress(&progress, SystemTime::now());
                next_count = Some(began + began.elapsed() * COUNT_SHARE);
            }
            let pause = if next_count.is_some() { WATCH_EVERY } else { WATCH_FIRST };
            tokio::time::sleep(pause).await;
        }
    }

    /// Asks each source for a sign of life.
    pub async fn source_health(&self) -> Vec<SourceHealth> {
        let pings = self.stores.iter().map(|watched| async {
            let source = &watched.store.source;
            let error = source.ping().await.err();
            self.metrics.source_up(source.name(), error.is_none());
            SourceHealth { name: Arc::clone(source.name()), error }
        });
        futures_util::future::join_all(pings).await
    }

    /// The metrics in the `OpenMetrics` text format, with the gauges as they stand now.
    pub fn metrics_text(&self) -> String {
        self.metrics.calls_in_flight(self.in_flight.load(Ordering::Relaxed));
        self.metrics.pool(self.pool.in_use());
        self.metrics.locked(self.throttle.locked());
        self.metrics.ledger(&self.recorder.health());
        self.metrics.mappings(&self.recorder.mappings());
        for watched in &self.stores {
            self.metrics.connections(watched.store.source.name(), watched.store.source.pool());
        }
        self.metrics.text()
    }

    /// What the HTTP side counts into.
    pub fn metrics(&self) -> &Arc<Metrics> {
        &self.metrics
    }

    /// Counts an answer of the hook.
    pub fn answered(&self, status: u16) {
        self.metrics.answered(status);
        self.recent.answered(status);
    }

    /// What was decided lately.
    pub fn recent(&self) -> &Recent {
        &self.recent
    }

    /// Calls being decided now.
    pub fn in_flight(&self) -> u64 {
        u64::try_from(self.in_flight.load(Ordering::Relaxed)).unwrap_or_default()
    }

    /// The verify threads at this moment.
    pub fn pool(&self) -> PoolUse {
        self.pool.in_use()
    }

    /// The sources, in the order in which they are asked.
    pub fn sources(&self) -> Vec<SourceUse> {
        let sources = self.stores.iter().map(|watched| {
            let pool = watched.store.source.pool();
            SourceUse {
                name: Arc::clone(watched.store.source.name()),
                open: pool.open,
                idle: pool.idle,
                max: pool.max,
                failing: watched.failing.load(Ordering::Relaxed),
            }
        });
        sources.collect()
    }

    /// How the ledger's writer does.
    pub fn ledger_health(&self) -> RecorderHealth {
        self.recorder.health()
    }

    /// Where the mappings stand that sign-ins have used since the start.
    pub fn mappings(&self) -> Vec<MappingState> {
        self.recorder.mappings()
    }

    /// The ledger as it is connected now; none while it is away.
    pub fn ledger(&self) -> Option<Ledger> {
        self.recorder.ledger()
    }

    /// Notes the problems that no call tells of: a ledger that fails, decisions that it lost, mappings in doubt. To be
    /// asked for every few seconds. `doubtful` are the sources and schemes that the ledger last had in doubt, which may
    /// be by another replica's sign-ins, or from before the start.
    pub fn look_round(&self, doubtful: Vec<(Arc<str>, Arc<str>)>) {
        let health = self.recorder.health();
        let seen = self.lost_told.swap(health.dropped, Ordering::Relaxed);
        if health.dropped > seen {
            self.recent.ledger_lost(health.dropped - seen);
        }
        let now = self.recent.now();
        let mut standing = Vec::new();
        if let Some(since) = health.failing_since {
            let since = since.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs();
            standing.push((Problem::LedgerFailing, u32::try_from(since).unwrap_or(now).min(now)));
        }
        let known = self.recorder.mappings();
        let proved = |source: &Arc<str>, scheme: &Arc<str>| {
            let of = known.iter().find(|state| state.source == *source && state.scheme == *scheme);
            of.is_some_and(|state| state.mapping == Mapping::Proved)
        };
        let told = doubtful.into_iter().filter(|(source, scheme)| !proved(source, scheme));
        let seen = known.iter().filter(|state| state.mapping == Mapping::Doubtful);
        let seen = seen.map(|state| (Arc::clone(&state.source), Arc::clone(&state.scheme)));
        for (source, scheme) in told.chain(seen) {
            let problem = Problem::MappingDoubtful(source, scheme);
            if !standing.iter().any(|(other, _)| *other == problem) {
                standing.push((problem, now));
            }
        }
        self.recent.lasting(standing);
    }

    /// Fills [`Recent`] with what the ledger has of the day before the start; false while the ledger is away.
    pub async fn recall(&self) -> Result<bool, LedgerError> {
        let Some(ledger) = self.recorder.ledger() else { return Ok(false) };
        let start = u64::from(self.recent.started_at());
        let until = SystemTime::UNIX_EPOCH + Duration::from_secs(start - start % 60);
        for (minute, of) in ledger.decisions_by_minute(until, Duration::from_hours(24)).await? {
            let tally = Tally { verified: of.verified, rejected: of.rejected, unavailable: of.unavailable };
            self.recent.before(minute, tally);
        }
        Ok(true)
    }

    /// Whether the ledger can be reached now.
    pub async fn ledger_reachable(&self) -> bool {
        self.recorder.ping().await.is_ok()
    }
}
