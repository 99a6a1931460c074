//! One attempt from its name to its decision.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::time::{Duration, Instant, SystemTime};

use futures_util::StreamExt;

use super::decoy::Decoys;
use super::metrics::Metrics;
use super::pool::{Verified, VerifyPool};
use super::{Cause, Decision, Reason};
use crate::credential::Reader;
use crate::ledger::{DecisionEvent, Recorder};
use crate::schemes::{Hash, ReadError, Verdict};
use crate::secret::Secret;
use crate::sources::{BadRow, CredentialSource, Lookup, Record, SourceError};

/// Rows that are looked at when the service starts, to learn which scheme the store has most of.
const SAMPLE_ROWS: usize = 2_000;

/// A source, and how its stored values are read.
#[derive(Clone)]
pub struct Store {
    /// Where to look.
    pub source: Arc<dyn CredentialSource>,
    /// How to read.
    pub reader: Arc<Reader>,
}

/// Decides attempts. Shared by all calls.
pub struct Decider {
    stores: Vec<WatchedStore>,
    pool: VerifyPool,
    decoys: Decoys,
    recorder: Recorder,
    metrics: Arc<Metrics>,
    in_flight: AtomicI64,
}

struct WatchedStore {
    store: Store,
    /// Whether the last look-up failed, so that an outage is logged when it begins and ends, not at every call.
    failing: AtomicBool,
}

/// One attempt to sign in, as Okta tells it.
pub struct Attempt {
    /// What the user typed.
    pub username: String,
    /// What the user typed.
    pub password: Secret,
    /// When the request's head had arrived.
    pub received: Instant,
    /// When the answer must be ready.
    pub deadline: Instant,
}

/// A decision with what is to be told of it.
#[derive(Debug)]
pub struct Decided {
    /// The decision.
    pub decision: Decision,
    /// The scheme of the stored value, where one was read.
    pub scheme: Option<Arc<str>>,
    /// The source that knows the user, or is down.
    pub source: Option<Arc<str>>,
    /// Keyed hash of the name, for the log.
    pub user: String,
    /// From the request's head to the decision.
    pub took: Duration,
}

/// Whether a source answers.
#[derive(Debug)]
pub struct SourceHealth {
    /// Its name.
    pub name: Arc<str>,
    /// The error, where it does not.
    pub error: Option<SourceError>,
}

/// What the look-up and the reading of one attempt came to, before any verification.
struct Located {
    source: Option<Arc<str>>,
    scheme: Option<Arc<str>>,
    user_id: Option<String>,
    login: Option<String>,
    found: Found,
}

enum Found {
    /// A value to verify against; the verdict counts only where the user is active.
    Hash { hash: Arc<Hash>, active: bool },
    /// Rejected whatever the password.
    Nothing(Reason),
    /// Nobody can say.
    Unavailable(Cause),
}

impl Decider {
    /// Over these stores, asked in this order.
    pub fn new(stores: Vec<Store>, pool: VerifyPool, recorder: Recorder, metrics: Arc<Metrics>) -> Self {
        let stores = stores.into_iter().map(|store| WatchedStore { store, failing: AtomicBool::new(false) });
        Self {
            stores: stores.collect(),
            pool,
            decoys: Decoys::new(),
            recorder,
            metrics,
            in_flight: AtomicI64::new(0),
        }
    }

    /// Decides one attempt, and hands what came of it to the ledger and the metrics. Ends at the deadline at the
    /// latest.
    pub async fn decide(&self, attempt: Attempt) -> Decided {
        let _in_flight = InFlight::enter(&self.in_flight);
        let Attempt { username, password, received, deadline } = attempt;
        let located = self.locate(&username, deadline).await;
        let (decision, verified) = self.judge(&located, password, deadline).await;
        let decided = Decided {
            decision,
            user: self.recorder.user_hash(located.login.as_deref().unwrap_or(&username)),
            scheme: located.scheme.clone(),
            source: located.source.clone(),
            took: received.elapsed(),
        };
        self.metrics.decided(&decided, verified.as_ref());
        self.recorder.record(DecisionEvent {
            at: SystemTime::now(),
            outcome: decision.outcome(),
            reason: decision.reason(),
            source: located.source,
            user_id: located.user_id,
            login: located.login,
            scheme: located.scheme,
            micros: u64::try_from(decided.took.as_micros()).unwrap_or(u64::MAX),
        });
        decided
    }

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

    /// Asks each source for a sign of life.
    pub async fn source_health(&self) -> Vec<SourceHealth> {
        let pings = self.stores.iter().map(|watched| async {
            let source = &watched.store.source;
            SourceHealth { name: Arc::clone(source.name()), error: source.ping().await.err() }
        });
        futures_util::future::join_all(pings).await
    }

    /// The metrics in the `OpenMetrics` text format, with the gauges as they stand now.
    pub fn metrics_text(&self) -> String {
        self.metrics.calls_in_flight(self.in_flight.load(Ordering::Relaxed));
        self.metrics.pool(self.pool.in_use());
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

    /// Whether the ledger can be reached now.
    pub async fn ledger_reachable(&self) -> bool {
        self.recorder.ping().await.is_ok()
    }

    async fn locate(&self, username: &str, deadline: Instant) -> Located {
        for watched in &self.stores {
            let source = &watched.store.source;
            let started = Instant::now();
            let lookup = tokio::time::timeout_at(deadline.into(), source.find(username)).await;
            let took = started.elapsed();
            tracing::trace!(source = %source.name(), micros = took.as_micros(), "looked up");
            self.metrics.looked_up(source.name(), took);
            let lookup = match lookup {
                Err(_) => return Located::at(source, Found::Unavailable(Cause::Deadline)),
                Ok(Err(error)) => {
                    watched.note_failure(&error);
                    return Located::at(source, Found::Unavailable(Cause::SourceDown));
                }
                Ok(Ok(lookup)) => lookup,
            };
            watched.note_success();
            match lookup {
                Lookup::Unknown => {}
                Lookup::Ambiguous => return Located::at(source, Found::Nothing(Reason::AmbiguousUsername)),
                Lookup::BadRow(row) => return Located::of_bad_row(source, row),
                Lookup::Found(found) => return self.read(watched, found.record()),
            }
        }
        Located {
            source: None,
            scheme: None,
            user_id: None,
            login: None,
            found: Found::Nothing(Reason::UnknownUser),
        }
    }

    fn read(&self, watched: &WatchedStore, record: Record<'_>) -> Located {
        let (scheme, found) = match watched.store.reader.read(record) {
            Ok(hash) => {
                let hash = Arc::new(hash);
                self.decoys.observe(&hash);
                (Some(hash.scheme()), Found::Hash { hash, active: record.active() })
            }
            Err(ReadError::Unreadable(unreadable)) => {
                (unreadable.scheme, Found::Nothing(Reason::UnreadableHash))
            }
            Err(ReadError::TooCostly(costly)) => (costly.scheme, Found::Nothing(Reason::TooCostly)),
        };
        // An inactive user is told as inactive, whatever state the stored value is in.
        let found = match found {
            Found::Nothing(_) if !record.active() => Found::Nothing(Reason::Inactive),
            other => other,
        };
        Located {
            source: Some(Arc::clone(watched.store.source.name())),
            scheme,
            user_id: Some(record.id().to_owned()),
            login: record.login().map(str::to_owned),
            found,
        }
    }

    /// Verifies, against a decoy where there is nothing else, so that every rejection takes its time.
    async fn judge(
        &self,
        located: &Located,
        password: Secret,
        deadline: Instant,
    ) -> (Decision, Option<Verified>) {
        let (hash, otherwise) = match &located.found {
            Found::Unavailable(cause) => return (Decision::Unavailable(*cause), None),
            Found::Hash { hash, active: true } => (Some(Arc::clone(hash)), None),
            Found::Hash { hash, active: false } => (Some(Arc::clone(hash)), Some(Reason::Inactive)),
            Found::Nothing(reason) => (self.decoys.current(), Some(*reason)),
        };
        if password.len() > self.password_limit() {
            return (Decision::Rejected(otherwise.unwrap_or(Reason::TooCostly)), None);
        }
        let Some(hash) = hash else {
            return (Decision::Rejected(otherwise.unwrap_or(Reason::UnreadableHash)), None);
        };
        match (self.pool.verify(hash, password, deadline).await, otherwise) {
            (Err(cause), _) => (Decision::Unavailable(cause), None),
            (Ok(verified), Some(reason)) => (Decision::Rejected(reason), Some(verified)),
            (Ok(verified), None) => match verified.verdict {
                Verdict::Match => (Decision::Verified, Some(verified)),
                Verdict::Mismatch => (Decision::Rejected(Reason::WrongPassword), Some(verified)),
            },
        }
    }

    fn password_limit(&self) -> usize {
        self.stores.first().map_or(0, |watched| watched.store.reader.limits().password_bytes)
    }
}

impl Located {
    fn at(source: &Arc<dyn CredentialSource>, found: Found) -> Self {
        Self { source: Some(Arc::clone(source.name())), scheme: None, user_id: None, login: None, found }
    }

    fn of_bad_row(source: &Arc<dyn CredentialSource>, row: BadRow) -> Self {
        Self { user_id: row.id, ..Self::at(source, Found::Nothing(Reason::UnreadableHash)) }
    }
}

impl WatchedStore {
    fn note_failure(&self, error: &SourceError) {
        if !self.failing.swap(true, Ordering::Relaxed) {
            tracing::error!(source = %self.store.source.name(), %error, "the source does not answer; calls get 503");
        }
    }

    fn note_success(&self) {
        if self.failing.load(Ordering::Relaxed) && self.failing.swap(false, Ordering::Relaxed) {
            tracing::info!(source = %self.store.source.name(), "the source answers again");
        }
    }
}

/// Counts a call for as long as it lives, even when its future is dropped half-way.
struct InFlight<'c>(&'c AtomicI64);

impl<'c> InFlight<'c> {
    fn enter(counter: &'c AtomicI64) -> Self {
        counter.fetch_add(1, Ordering::Relaxed);
        Self(counter)
    }
}

impl Drop for InFlight<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl std::fmt::Debug for Decider {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Decider").field("pool", &self.pool).finish_non_exhaustive()
    }
}
