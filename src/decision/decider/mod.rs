//! One attempt from its name to its decision. What is told beside the answers is in `standing.rs`.

mod standing;

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};
use std::time::{Duration, Instant, SystemTime};

pub use standing::{SourceHealth, SourceUse};

use super::decoy::Decoys;
use super::metrics::Metrics;
use super::pool::{Verified, VerifyPool};
use super::recent::Recent;
use super::throttle::{Locked, Throttle, ThrottleSettings, Who};
use super::{Cause, Decision, Reason};
use crate::credential::Reader;
use crate::ledger::{DecisionEvent, Recorder};
use crate::schemes::{Hash, ReadError, Verdict};
use crate::secret::Secret;
use crate::sources::{BadRow, CredentialSource, Lookup, Record, SourceError};

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
    throttle: Arc<Throttle>,
    recorder: Recorder,
    metrics: Arc<Metrics>,
    recent: Recent,
    /// Decisions that the ledger has lost, as far as [`Recent`] was told.
    lost_told: AtomicU64,
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
    /// Where the person is, as Okta tells; none where it does not.
    pub address: Option<IpAddr>,
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
    /// When which part of it was done.
    pub stages: Stages,
}

/// When the parts of a decision began and ended, for traces.
#[derive(Clone, Copy, Debug)]
pub struct Stages {
    /// When the look-up began.
    pub began: Instant,
    /// When it had ended.
    pub located: Instant,
    /// How long the verification waited and took, one behind the other; none where nothing was verified.
    pub verified: Option<(Duration, Duration)>,
    /// When there was a verdict.
    pub judged: Instant,
    /// When the ledger's queue had it.
    pub recorded: Instant,
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
    /// Over these stores, asked in this order. Needs a tokio runtime.
    pub fn new(
        stores: Vec<Store>,
        pool: VerifyPool,
        throttle: ThrottleSettings,
        recorder: Recorder,
        metrics: Arc<Metrics>,
    ) -> Self {
        let names: Vec<Arc<str>> = stores.iter().map(|store| Arc::clone(store.source.name())).collect();
        let stores = stores.into_iter().map(|store| WatchedStore { store, failing: AtomicBool::new(false) });
        Self {
            stores: stores.collect(),
            pool,
            decoys: Decoys::new(),
            throttle: Throttle::start(throttle, recorder.clone()),
            recorder,
            metrics,
            recent: Recent::new(&names),
            lost_told: AtomicU64::new(0),
            in_flight: AtomicI64::new(0),
        }
    }

    /// Decides one attempt, and hands what came of it to the ledger and the metrics. Ends at the deadline at the
    /// latest.
    pub async fn decide(&self, attempt: Attempt) -> Decided {
        let _in_flight = InFlight::enter(&self.in_flight);
        let Attempt { username, password, address, received, deadline } = attempt;
        let began = Instant::now();
        let located = self.locate(&username, deadline).await;
        let located_at = Instant::now();
        let user = located.source.as_deref().zip(located.user_id.as_deref());
        let who = Who { user, typed: &username, address };
        let (decision, verified) = match self.throttle.admit(&who) {
            Ok(pass) => {
                let judged = self.judge(&located, password, deadline).await;
                pass.settle(judged.0);
                judged
            }
            Err(locked) => (self.refuse(locked, &located, deadline).await, None),
        };
        let judged = Instant::now();
        let verified_in = verified.as_ref().map(|verified| (verified.queued, verified.took));
        let stages = Stages { began, located: located_at, verified: verified_in, judged, recorded: judged };
        let mut decided = Decided {
            decision,
            user: self.recorder.user_hash(located.login.as_deref().unwrap_or(&username)),
            scheme: located.scheme.clone(),
            source: located.source.clone(),
            took: received.elapsed(),
            stages,
        };
        self.metrics.decided(&decided, verified.as_ref());
        self.recent.decided(&decided);
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
        decided.stages.recorded = Instant::now();
        decided
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
                    self.metrics.source_up(source.name(), false);
                    return Located::at(source, Found::Unavailable(Cause::SourceDown));
                }
                Ok(Ok(lookup)) => lookup,
            };
            self.metrics.source_up(source.name(), true);
            if watched.note_success() {
                self.recent.source_answers(source.name());
            }
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
        let started = Instant::now();
        let outcome = self.pool.verify(hash, password, deadline).await;
        if outcome.as_ref().is_ok_and(|verified| verified.verdict == Verdict::Mismatch) {
            self.throttle.rejected_after(started.elapsed());
        }
        match (outcome, otherwise) {
            (Err(cause), _) => (Decision::Unavailable(cause), None),
            (Ok(verified), Some(reason)) => (Decision::Rejected(reason), Some(verified)),
            (Ok(verified), None) => match verified.verdict {
                Verdict::Match => (Decision::Verified, Some(verified)),
                Verdict::Mismatch => (Decision::Rejected(Reason::WrongPassword), Some(verified)),
            },
        }
    }

    /// Who has failed too often is rejected as always, after the time that a rejection takes, and nothing is verified.
    /// A source that is down is told as such to them, too.
    async fn refuse(&self, locked: Locked, located: &Located, deadline: Instant) -> Decision {
        if let Found::Unavailable(cause) = located.found {
            return Decision::Unavailable(cause);
        }
        self.metrics.throttled(locked.words());
        self.throttle.rest(deadline).await;
        Decision::Rejected(Reason::TooManyFailures)
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

    /// Whether it failed before.
    fn note_success(&self) -> bool {
        let back = self.failing.load(Ordering::Relaxed) && self.failing.swap(false, Ordering::Relaxed);
        if back {
            tracing::info!(source = %self.store.source.name(), "the source answers again");
        }
        back
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
