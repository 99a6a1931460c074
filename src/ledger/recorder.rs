//! Writes decisions behind the answers: a bounded queue, and one task that empties it in batches. Whatever the
//! ledger does, [`Recorder::record`] returns at once; what finds no room is counted and let go.
//!
//! A failing ledger is logged once when it begins to fail and once when it is back, never for each event.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, RwLock};
use std::time::{Duration, SystemTime};

use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, timeout, timeout_at};
use tracing::{info, warn};
use zeroize::Zeroizing;

use super::key::UserKey;
use super::proof::{MappingState, Watch};
use super::write::Mark;
use super::{DecisionEvent, Ledger, LedgerError};

/// Events in one transaction.
const BATCH: usize = 512;
/// The longest that an event waits for company.
const WINDOW: Duration = Duration::from_millis(200);
/// Pauses between attempts: the first, doubling up to the last.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LAST_PAUSE: Duration = Duration::from_secs(5);

/// Writes behind the answer. Cheap to clone; all clones feed one queue and one task. When the last clone goes
/// without [`Recorder::close`], what is queued is tried once more.
#[derive(Clone)]
pub struct Recorder {
    handle: Arc<Handle>,
    state: Arc<State>,
}

struct Handle {
    queue: mpsc::Sender<DecisionEvent>,
    stop: watch::Sender<bool>,
    task: Mutex<Option<JoinHandle<()>>>,
}

/// How the recorder does, in plain numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RecorderHealth {
    /// Events written since the start.
    pub written: u64,
    /// Events let go since the start: the queue was full, or the ledger was still away at the end.
    pub dropped: u64,
    /// Events waiting now, those in the hands of the writer included.
    pub queued: u64,
    /// Since when the ledger fails, if it does.
    pub failing_since: Option<SystemTime>,
    /// How it fails: [`LedgerError::kind`].
    pub last_error: Option<&'static str>,
}

impl std::fmt::Debug for Recorder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Recorder(…)")
    }
}

struct State {
    written: AtomicU64,
    dropped: AtomicU64,
    /// Accepted, and neither written nor dropped yet.
    waiting: AtomicU64,
    overflowing: AtomicBool,
    failure: Mutex<Option<(SystemTime, LedgerError)>>,
    ledger: RwLock<Option<Ledger>>,
    key: OnceLock<UserKey>,
    /// The key of this process, for names that have to be hashed before the ledger's own is known.
    own_key: Option<UserKey>,
    own_key_used: AtomicBool,
    mappings: Watch,
    changed: watch::Sender<()>,
}

impl Recorder {
    /// Starts at once even if the ledger is down: connects and migrates in the background, again and again, and
    /// keeps up to `queue` events meanwhile (and one batch of 512 in hand). Needs a tokio runtime.
    pub fn start(url: impl Into<Zeroizing<String>>, key: Option<Vec<u8>>, queue: usize) -> Self {
        let url = url.into();
        let key = key.map(Zeroizing::new);
        let mut random = [0_u8; 32];
        let own_key = getrandom::fill(&mut random).ok().and_then(|()| UserKey::new(&random).ok());
        let state = Arc::new(State {
            written: AtomicU64::new(0),
            dropped: AtomicU64::new(0),
            waiting: AtomicU64::new(0),
            overflowing: AtomicBool::new(false),
            failure: Mutex::new(None),
            ledger: RwLock::new(None),
            key: OnceLock::new(),
            own_key,
            own_key_used: AtomicBool::new(false),
            mappings: Watch::default(),
            changed: watch::Sender::new(()),
        });
        if let Some(key) = key.as_ref().and_then(|key| UserKey::new(key).ok()) {
            let _ = state.key.set(key);
        }
        let (sender, receiver) = mpsc::channel(queue.max(1));
        let (stop, stopped) = watch::channel(false);
        let writer = Writer {
            state: Arc::clone(&state),
            receiver,
            stopped,
            stopping: false,
            batch: Vec::with_capacity(BATCH),
            mark: Mark::new(SystemTime::now()),
            url,
            key,
        };
        let task = tokio::spawn(writer.run());
        let handle = Handle { queue: sender, stop, task: Mutex::new(Some(task)) };
        Self { handle: Arc::new(handle), state }
    }

    /// Hands one event over. Never waits and never fails: an event that finds no room is dropped and counted.
    pub fn record(&self, mut event: DecisionEvent) {
        if event.source.is_none() {
            // What was typed, by whomever and however long: it is not written, so it shall not wait either.
            event.user_id = None;
            event.login = None;
        }
        // Counted before, so that the writer cannot be ahead of the count.
        self.state.waiting.fetch_add(1, Ordering::Relaxed);
        if let Err(error) = self.handle.queue.try_send(event) {
            self.state.waiting.fetch_sub(1, Ordering::Relaxed);
            self.state.dropped.fetch_add(1, Ordering::Relaxed);
            let full = matches!(error, mpsc::error::TrySendError::Full(_));
            if full && !self.state.overflowing.swap(true, Ordering::Relaxed) {
                warn!("the ledger's queue is full: decisions are not recorded until there is room");
            }
            self.state.changed.send_replace(());
        }
    }

    /// How it does at this moment.
    pub fn health(&self) -> RecorderHealth {
        self.state.health()
    }

    /// Where the mappings stand that sign-ins have used since the start.
    pub fn mappings(&self) -> Vec<MappingState> {
        self.state.mappings.states()
    }

    /// Waits until its health is as asked for.
    pub async fn until(&self, condition: impl Fn(&RecorderHealth) -> bool) {
        let mut changed = self.state.changed.subscribe();
        while !condition(&self.health()) {
            // The sender lives in the state that we hold.
            let _ = changed.changed().await;
        }
    }

    /// Whether the ledger is reachable now; waits a second at most.
    pub async fn ping(&self) -> Result<(), LedgerError> {
        match self.state.ledger() {
            Some(ledger) => ledger.ping().await,
            None => Err(self.state.failure().as_ref().map_or_else(
                || LedgerError::Unreachable("not connected yet".to_owned()),
                |(_, e)| e.clone(),
            )),
        }
    }

    /// The ledger as it is connected now; none while it is away.
    pub fn ledger(&self) -> Option<Ledger> {
        self.state.ledger()
    }

    /// A short keyed hash of a name, for log lines: 16 hex digits. By the ledger's key as soon as it is known or
    /// when it is configured; before that by a random key of this process, which is said once.
    pub fn user_hash(&self, name: &str) -> String {
        if let Some(key) = self.state.key.get() {
            return key.name(name);
        }
        if !self.state.own_key_used.swap(true, Ordering::Relaxed) {
            warn!(
                "the ledger's key is not known yet: until it is, users are logged by a hash that only this \
                 process makes"
            );
        }
        // Without random bytes there is no hash that would hide the name.
        self.state.own_key.as_ref().map_or_else(|| "unknown".to_owned(), |key| key.name(name))
    }

    /// By what failures of a name or an address are counted. By the ledger's key as soon as it is known, before that by a
    /// random key of this process.
    pub fn failure_key(&self, kind: &str, name: &str) -> [u8; 16] {
        let key = self.state.key.get().or(self.state.own_key.as_ref());
        key.map_or([0; 16], |key| key.failure(kind, name))
    }

    /// Takes no more events and writes what is queued, for as long as `grace`. What is left then is counted as
    /// dropped and logged.
    pub async fn close(self, grace: Duration) {
        self.handle.stop.send_replace(true);
        let task = self.handle.task.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(mut task) = task
            && timeout(grace, &mut task).await.is_err()
        {
            task.abort();
            let _ = task.await;
        }
        let left = self.state.waiting.swap(0, Ordering::Relaxed);
        if left > 0 {
            self.state.dropped.fetch_add(left, Ordering::Relaxed);
            warn!(events = left, "the ledger was not reachable at the end: decisions were not recorded");
        }
    }
}

impl State {
    fn health(&self) -> RecorderHealth {
        let failure = self.failure();
        RecorderHealth {
            written: self.written.load(Ordering::Relaxed),
            dropped: self.dropped.load(Ordering::Relaxed),
            queued: self.waiting.load(Ordering::Relaxed),
            failing_since: failure.as_ref().map(|(since, _)| *since),
            last_error: failure.as_ref().map(|(_, error)| error.kind()),
        }
    }

    fn ledger(&self) -> Option<Ledger> {
        self.ledger.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn connected(&self, ledger: Option<Ledger>) {
        *self.ledger.write().unwrap_or_else(PoisonError::into_inner) = ledger;
    }

    fn failure(&self) -> MutexGuard<'_, Option<(SystemTime, LedgerError)>> {
        self.failure.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn failed(&self, error: LedgerError) {
        {
            let mut failure = self.failure();
            let known = failure.as_ref().is_some_and(|(_, before)| before.kind() == error.kind());
            if !known {
                warn!(error = %error, "the ledger fails; decisions wait in the queue");
            }
            let since = failure.as_ref().map_or_else(SystemTime::now, |(since, _)| *since);
            *failure = Some((since, error));
        }
        self.changed.send_replace(());
    }

    fn worked(&self) {
        if let Some((since, _)) = self.failure().take() {
            let seconds = since.elapsed().unwrap_or_default().as_secs();
            let dropped = self.dropped.load(Ordering::Relaxed);
            info!(seconds, dropped_in_all = dropped, "the ledger works again");
        }
        self.changed.send_replace(());
    }
}

/// The task behind the queue.
struct Writer {
    state: Arc<State>,
    receiver: mpsc::Receiver<DecisionEvent>,
    stopped: watch::Receiver<bool>,
    stopping: bool,
    batch: Vec<DecisionEvent>,
    mark: Mark,
    url: Zeroizing<String>,
    key: Option<Zeroizing<Vec<u8>>>,
}

impl Writer {
    async fn run(mut self) {
        let mut pause = FIRST_PAUSE;
        loop {
            let result = match self.state.ledger() {
                None => self.connect().await,
                Some(ledger) => {
                    if self.batch.is_empty() && !self.collect().await {
                        // Nothing is lost without this: marks are swept when they are old.
                        let _ = ledger.forget(&self.mark).await;
                        return;
                    }
                    self.write(&ledger).await
                }
            };
            match result {
                Ok(()) => pause = FIRST_PAUSE,
                Err(error) => {
                    // Locked is not gone; after anything else the connections are made anew.
                    if error != LedgerError::Locked {
                        self.state.connected(None);
                    }
                    self.state.failed(error);
                    if !self.rest(pause).await {
                        return;
                    }
                    pause = (pause * 2).min(LAST_PAUSE);
                }
            }
        }
    }

    async fn connect(&mut self) -> Result<(), LedgerError> {
        let ledger = Ledger::open(&self.url, self.key.as_ref().map(|key| key.as_slice())).await?;
        ledger.sweep_marks(SystemTime::now()).await?;
        let _ = self.state.key.set(ledger.key.clone());
        self.state.connected(Some(ledger));
        if self.batch.is_empty() {
            self.state.worked();
        }
        Ok(())
    }

    /// Fills the batch: waits for a first event, then a moment for more. False at the end of the queue.
    async fn collect(&mut self) -> bool {
        while self.batch.is_empty() {
            tokio::select! {
                // What is queued is taken before a stop is heard.
                biased;
                received = self.receiver.recv_many(&mut self.batch, BATCH) => if received == 0 { return false },
                _ = self.stopped.changed(), if !self.stopping => self.stop(),
            }
        }
        let until = Instant::now() + WINDOW;
        while !self.stopping && self.batch.len() < BATCH {
            let room = BATCH - self.batch.len();
            tokio::select! {
                received = timeout_at(until, self.receiver.recv_many(&mut self.batch, room)) => {
                    if !matches!(received, Ok(1..)) { break }
                }
                _ = self.stopped.changed() => self.stop(),
            }
        }
        true
    }

    fn stop(&mut self) {
        self.stopping = true;
        self.receiver.close();
    }

    async fn write(&mut self, ledger: &Ledger) -> Result<(), LedgerError> {
        ledger.record_once(&self.batch, &self.mark).await?;
        let written = self.batch.len() as u64;
        self.mark.next(SystemTime::now());
        self.state.mappings.weigh(ledger, &self.batch).await;
        self.batch.clear();
        self.state.waiting.fetch_sub(written, Ordering::Relaxed);
        self.state.written.fetch_add(written, Ordering::Relaxed);
        self.state.overflowing.store(false, Ordering::Relaxed);
        self.state.worked();
        Ok(())
    }

    /// Rests between attempts. False when nobody is left who could end the attempts.
    async fn rest(&mut self, pause: Duration) -> bool {
        if !self.stopping {
            tokio::select! {
                () = sleep(pause) => return true,
                _ = self.stopped.changed() => self.stop(),
            }
        }
        // Somebody waits for the end: the next attempt soon, but not at once.
        sleep(FIRST_PAUSE).await;
        self.stopped.has_changed().is_ok()
    }
}
