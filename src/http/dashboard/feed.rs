//! Gathers what the dashboard shows, and only while somebody looks: what is in memory every second, the sources' health
//! and the ledger's figures every five seconds at most, and less often where reading them takes long.
//!
//! No call waits for any of it. Whoever watches gets the state when it has changed, and a beat in between.

use std::collections::{BTreeMap, VecDeque};
use std::convert::Infallible;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use axum::response::sse::{Event, Sse};
use futures_util::Stream;
use futures_util::stream::unfold;
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore, watch};
use tokio::time::{Instant, MissedTickBehavior, interval, sleep, sleep_until, timeout};

use super::headline::headline;
use super::state::{Figures, LedgerState, Level, Parts, Source, Stamped, State, millis};
use super::words;
use crate::decision::{Decider, Problem, SourceUse};
use crate::ledger::{Course, Ledger, LedgerError, Mapping, RecorderHealth, Summary};

/// Streams at once.
const WATCHERS: usize = 32;
/// Between two states of a stream.
const TICK: Duration = Duration::from_secs(1);
/// Between two looks at what no call tells of, while nobody watches, in ticks.
const LOOK_ROUND: u32 = 5;
/// Between two readings of the ledger, or two signs of life of the sources, at least.
const REST: Duration = Duration::from_secs(5);
/// A reading rests so many times as long as it took.
const SHARE: u32 = 10;
/// How long whoever asks once waits for figures that are due.
const PATIENCE: Duration = Duration::from_secs(2);
/// Between two signs that a stream lives.
const BEAT: Duration = Duration::from_secs(10);
/// A stream ends after this, and the page begins another: so a sign-in that is over ends its streams.
const STREAM: Duration = Duration::from_hours(1);
/// The users who came to Okta are counted over this time for their rate.
const RATE_OVER: Duration = Duration::from_mins(2);

pub(super) struct Feed {
    decider: Arc<Decider>,
    deadline_ms: u64,
    sign_in: bool,
    latest: watch::Sender<Latest>,
    places: Arc<Semaphore>,
    figures: Reading,
    health: Reading,
    kept: Mutex<Kept>,
}

/// The last state that was sent, and its JSON.
#[derive(Default)]
struct Latest {
    state: Option<State>,
    json: Arc<str>,
}

/// Something that is read behind the scenes when it is wanted and due.
struct Reading {
    wanted: Notify,
    /// When it may be read again; its changes are the readings.
    due: watch::Sender<Instant>,
}

/// What was read last.
#[derive(Default)]
struct Kept {
    figures: Option<Figures>,
    read_at: Option<u64>,
    stale: bool,
    seeded: VecDeque<(Instant, u64)>,
    /// None until the sources were asked for a sign of life; then those that gave none, with the words and since when.
    silent: Option<BTreeMap<Arc<str>, (u64, String)>>,
}

impl Feed {
    pub(super) fn new(decider: Arc<Decider>, deadline: Duration, sign_in: bool) -> Self {
        Self {
            decider,
            deadline_ms: u64::try_from(deadline.as_millis()).unwrap_or(u64::MAX),
            sign_in,
            latest: watch::Sender::new(Latest::default()),
            places: Arc::new(Semaphore::new(WATCHERS)),
            figures: Reading::new(),
            health: Reading::new(),
            kept: Mutex::default(),
        }
    }

    /// Works until `stopped`.
    pub(super) async fn gather(self: Arc<Self>, mut stopped: watch::Receiver<bool>) {
        let work = async {
            tokio::join!(
                self.tick(),
                self.figures.serve(|| self.read_figures()),
                self.health.serve(|| self.read_health()),
                self.recall()
            )
        };
        tokio::select! {
            // An error means that nobody can ask to stop any more, which is a stop as well.
            _ = stopped.wait_for(|stopped| *stopped) => {}
            _ = work => {}
        }
    }

    /// The state as JSON, for whoever asks once; waits a moment for figures that are due.
    pub(super) async fn fresh(&self) -> String {
        let both = async { tokio::join!(self.figures.fresh(), self.health.fresh()) };
        // What takes longer is shown with its age.
        let _ = timeout(PATIENCE, both).await;
        json(&self.state())
    }

    /// A stream of states; none where too many watch already.
    pub(super) fn watch(
        self: &Arc<Self>,
        stopped: watch::Receiver<bool>,
    ) -> Option<Sse<impl Stream<Item = Result<Event, Infallible>> + use<>>> {
        let place = Arc::clone(&self.places).try_acquire_owned().ok()?;
        self.want();
        self.publish();
        let mut latest = self.latest.subscribe();
        latest.mark_changed();
        let watcher = Watcher { latest, stopped, until: Instant::now() + STREAM, _place: place };
        Some(Sse::new(unfold(watcher, async |mut watcher| Some((Ok(watcher.next().await?), watcher)))))
    }

    async fn tick(&self) {
        let mut ticks = interval(TICK);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut quiet = 0;
        loop {
            ticks.tick().await;
            let watched = self.places.available_permits() < WATCHERS;
            quiet += 1;
            if watched || quiet >= LOOK_ROUND {
                quiet = 0;
                let doubtful = self.kept().doubtful();
                self.decider.look_round(doubtful);
            }
            if watched {
                self.want();
                self.publish();
            }
        }
    }

    fn want(&self) {
        self.figures.wanted.notify_one();
        self.health.wanted.notify_one();
    }

    /// Sends the state where it has changed.
    fn publish(&self) {
        let state = self.state();
        self.latest.send_if_modified(|latest| {
            if latest.state.as_ref() == Some(&state) {
                return false;
            }
            latest.json = Arc::from(json(&state));
            latest.state = Some(state);
            true
        });
    }

    fn state(&self) -> State {
        let kept = self.kept();
        let recent = self.decider.recent();
        let episodes = recent.episodes();
        let down_since = |name: &Arc<str>| {
            let down = episodes.iter().find(|e| e.open && e.problem == Problem::SourceDown(Arc::clone(name)));
            down.map(|episode| millis(episode.first))
        };
        let sources = self.decider.sources();
        let sources: Vec<Source> =
            sources.into_iter().map(|of| source(&of, kept.silent.as_ref(), down_since(&of.name))).collect();
        let ledger = ledger(&self.decider.ledger_health(), self.decider.ledger().is_some(), &kept);
        let figures = kept.figures.clone();
        drop(kept);
        let problems: Vec<_> = episodes.iter().map(words::told).collect();
        let latencies = recent.latencies();
        let latency = (latencies.decisions, latencies.p99, self.deadline_ms * 1000);
        let headline = headline(&sources, &ledger, &problems, latency);
        let parts = Parts { headline, sources, ledger, figures, problems };
        State::new(&self.decider, self.deadline_ms, self.sign_in, parts)
    }

    /// False where there is no ledger yet.
    async fn read_figures(&self) -> bool {
        let ledger = self.decider.ledger();
        let read = match &ledger {
            Some(ledger) => read(ledger).await.ok(),
            None => None,
        };
        let mut kept = self.kept();
        kept.stale = read.is_none() && (ledger.is_some() || kept.figures.is_some());
        if let Some((summary, course)) = read {
            let came = summary.seeded.iter().map(|count| count.users).sum();
            let rate = kept.rate(Instant::now(), came);
            kept.figures = Some(Figures::new(summary, course, rate));
            kept.read_at = Some(now());
        }
        ledger.is_some()
    }

    async fn read_health(&self) -> bool {
        let health = self.decider.source_health().await;
        let mut kept = self.kept();
        let before = kept.silent.take().unwrap_or_default();
        let silent = health.into_iter().filter_map(|source| {
            let words = source.error?.to_string();
            let since = before.get(&source.name).map_or_else(now, |(since, _)| *since);
            Some((source.name, (since, words)))
        });
        kept.silent = Some(silent.collect());
        true
    }

    /// Asks the ledger, as soon as it is there, for what was before the start.
    async fn recall(&self) {
        while let Ok(false) = self.decider.recall().await {
            sleep(TICK).await;
        }
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        // Whole between any two of its operations, so a panic elsewhere does not spoil it.
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn read(ledger: &Ledger) -> Result<(Summary, Course), LedgerError> {
    Ok((ledger.summary().await?, ledger.course(SystemTime::now()).await?))
}

impl Kept {
    /// What the figures have in doubt.
    fn doubtful(&self) -> Vec<(Arc<str>, Arc<str>)> {
        let formats = self.figures.iter().flat_map(|figures| &figures.formats);
        let doubtful = formats.filter(|format| format.mapping == Some(Mapping::Doubtful));
        doubtful.map(|format| (Arc::from(&*format.source), Arc::from(&*format.scheme))).collect()
    }

    /// Users a minute that came to Okta lately; none until there is something to compare with.
    fn rate(&mut self, now: Instant, came: u64) -> Option<u64> {
        self.seeded.push_back((now, came));
        while self.seeded.get(1).is_some_and(|(at, _)| now - *at >= RATE_OVER) {
            self.seeded.pop_front();
        }
        let (at, before) = *self.seeded.front()?;
        let over = u64::try_from((now - at).as_millis()).unwrap_or(u64::MAX);
        came.saturating_sub(before).saturating_mul(60_000).checked_div(over)
    }
}

impl Reading {
    fn new() -> Self {
        Self { wanted: Notify::new(), due: watch::Sender::new(Instant::now()) }
    }

    /// Reads for ever; what says that it had nothing to ask is asked again soon.
    async fn serve<F: Future<Output = bool>>(&self, read: impl Fn() -> F) {
        loop {
            self.wanted.notified().await;
            let due = *self.due.borrow();
            sleep_until(due).await;
            let began = Instant::now();
            let asked = read().await;
            let rest = if asked { (began.elapsed() * SHARE).max(REST) } else { TICK };
            self.due.send_replace(Instant::now() + rest);
        }
    }

    /// Ends when what is due has been read; at once where nothing is.
    async fn fresh(&self) {
        let mut due = self.due.subscribe();
        if *due.borrow_and_update() <= Instant::now() {
            self.wanted.notify_one();
            // The sender lives as long as we do.
            let _ = due.changed().await;
        }
    }
}

/// One who watches.
struct Watcher {
    latest: watch::Receiver<Latest>,
    stopped: watch::Receiver<bool>,
    until: Instant,
    _place: OwnedSemaphorePermit,
}

impl Watcher {
    /// The next event; none at the end.
    async fn next(&mut self) -> Option<Event> {
        tokio::select! {
            _ = self.stopped.wait_for(|stopped| *stopped) => None,
            () = sleep_until(self.until) => None,
            changed = self.latest.changed() => {
                changed.ok()?;
                let json = Arc::clone(&self.latest.borrow_and_update().json);
                Some(Event::default().event("state").data(json))
            }
            () = sleep(BEAT) => Some(Event::default().event("beat").data("1")),
        }
    }
}

/// A source by its connections, its last sign of life, and its last look-up.
fn source(
    of: &SourceUse,
    silent: Option<&BTreeMap<Arc<str>, (u64, String)>>,
    down_since: Option<u64>,
) -> Source {
    let silence = silent.map(|silent| silent.get(&of.name));
    let (level, words, since) = match silence {
        Some(Some((since, words))) => {
            (Level::Bad, words.clone(), Some(down_since.unwrap_or(*since).min(*since)))
        }
        _ if of.failing => {
            // Where nobody has signed in since, it may be well again.
            let level = if down_since.is_some() { Level::Bad } else { Level::Warning };
            (level, "its last look-up failed; the log says how".to_owned(), down_since)
        }
        Some(None) => (Level::Good, "answers".to_owned(), None),
        None => (Level::Unknown, "not asked yet".to_owned(), None),
    };
    Source {
        name: of.name.to_string(),
        level,
        answers: !matches!(silence, Some(Some(_))),
        words,
        since,
        busy: of.open.saturating_sub(of.idle),
        idle: of.idle,
        max: of.max,
    }
}

fn ledger(health: &RecorderHealth, connected: bool, kept: &Kept) -> LedgerState {
    let failing = health.failing_since.map(since_1970);
    let (level, words) = match (failing, connected, kept.stale) {
        (Some(_), ..) => (Level::Warning, "cannot be written; decisions wait in the queue"),
        (None, false, _) => (Level::Unknown, "not connected yet"),
        (None, true, true) => (Level::Warning, "cannot be read; the figures are old"),
        (None, true, false) => (Level::Good, "answers"),
    };
    LedgerState {
        level,
        words,
        since: failing,
        queued: health.queued,
        lost: health.dropped,
        read_at: kept.read_at,
        stale: kept.stale,
    }
}

fn json(state: &State) -> String {
    // Texts, numbers and lists of them: nothing that JSON could not hold.
    serde_json::to_string(&Stamped { at: now(), state }).unwrap_or_default()
}

fn now() -> u64 {
    since_1970(SystemTime::now())
}

fn since_1970(at: SystemTime) -> u64 {
    let since = at.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}
