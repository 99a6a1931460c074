//! When calls set out. In a closed loop each caller waits for its answer before the next call. In an open loop (`--rate`)
//! calls set out when it is their time, whatever became of those before, as sign-ins do; latency counts from that time,
//! so that a service which stalls cannot make itself look quick.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use tokio::sync::{Semaphore, mpsc};
use tokio::task::JoinSet;

use super::send::{Done, End, Sender};

/// So many calls without a connection, and no other: there is no service.
const UNREACHABLE: u32 = 8;
/// Calls that have ended and are not counted yet.
const WAITING: usize = 1024;

/// How many calls, and when.
#[derive(Debug)]
pub(super) struct Pace {
    pub(super) calls: u32,
    /// Calls a second; none for a closed loop.
    pub(super) rate: Option<f64>,
    /// Whether payloads are sent over and over.
    pub(super) repeat: bool,
    /// After this no call sets out.
    pub(super) within: Duration,
    /// Callers, or the most calls under way at once.
    pub(super) callers: u32,
}

impl Pace {
    /// Whether this is more than one call after another.
    pub(super) fn is_load(&self) -> bool {
        self.rate.is_some() || self.repeat || self.callers > 1
    }
}

/// What came of it.
#[derive(Debug, Default)]
pub(super) struct Run {
    /// In the order of their numbers.
    pub(super) done: Vec<Done>,
    pub(super) took: Duration,
    /// Calls whose time came, and which never set out: too many were under way.
    pub(super) unsent: u32,
    /// Calls that were under way when it was ended early.
    pub(super) cut_off: u32,
    /// The signal that ended it early.
    pub(super) signal: Option<&'static str>,
    /// It ended early, since nobody answers.
    pub(super) gave_up: bool,
}

/// Makes the calls until they are done, the time is over, or `stop`. `told` hears how many are done.
pub(super) async fn run(
    sender: &Arc<Sender>,
    pace: &Pace,
    stop: impl Future<Output = &'static str>,
    mut told: impl FnMut(u64),
) -> Run {
    let mut stop = std::pin::pin!(stop);
    // Before the first call, so that no signal is missed.
    if let std::task::Poll::Ready(signal) = futures_util::poll!(&mut stop) {
        return Run { signal: Some(signal), ..Run::default() };
    }
    let (ended, mut ends) = mpsc::channel(WAITING);
    let begun = Arc::new(AtomicU32::new(0));
    let start = Instant::now();
    let callers = Callers {
        sender: Arc::clone(sender),
        begun: Arc::clone(&begun),
        ended,
        start,
        end: start + pace.within,
    };
    let mut tasks = JoinSet::new();
    if let Some(rate) = pace.rate {
        tasks.spawn(callers.open(pace.calls, rate, pace.callers));
    } else {
        for _ in 0..pace.callers.min(pace.calls) {
            tasks.spawn(callers.clone().closed(pace.calls));
        }
        drop(callers);
    }
    let mut run = Run::default();
    let mut unreachable = 0;
    loop {
        let done = tokio::select! {
            done = ends.recv() => done,
            signal = &mut stop => {
                run.signal = Some(signal);
                None
            }
        };
        let Some(done) = done else { break };
        unreachable += u32::from(matches!(done.end, End::Unreachable(_)));
        run.done.push(done);
        let so_far = u32::try_from(run.done.len()).unwrap_or(u32::MAX);
        told(u64::from(so_far));
        if unreachable == so_far && unreachable >= pace.callers.min(UNREACHABLE) {
            run.gave_up = true;
            break;
        }
    }
    run.took = start.elapsed();
    tasks.shutdown().await;
    let begun = begun.load(Ordering::Relaxed).min(pace.calls);
    let so_far = u32::try_from(run.done.len()).unwrap_or(u32::MAX);
    run.cut_off = begun.saturating_sub(so_far);
    let ran_through = run.signal.is_none() && !run.gave_up;
    // In a closed loop the end of the time is the end; otherwise each call had a time of its own.
    run.unsent = if ran_through && pace.rate.is_some() { pace.calls - begun } else { 0 };
    run.done.sort_by_key(|done| done.number);
    run
}

#[derive(Clone)]
struct Callers {
    sender: Arc<Sender>,
    /// Calls that have set out; in a closed loop also the number of the next.
    begun: Arc<AtomicU32>,
    ended: mpsc::Sender<Done>,
    start: Instant,
    end: Instant,
}

impl Callers {
    async fn closed(self, calls: u32) {
        loop {
            let number = self.begun.fetch_add(1, Ordering::Relaxed);
            if number >= calls || Instant::now() >= self.end {
                // It was none. What is beyond the number of calls is cut off where they are counted.
                self.begun.fetch_sub(1, Ordering::Relaxed);
                return;
            }
            let Some(done) = self.sender.send(number, Instant::now()).await else { return };
            if self.ended.send(done).await.is_err() {
                return;
            }
        }
    }

    async fn open(self, calls: u32, rate: f64, under_way: u32) {
        let places = Arc::new(Semaphore::new(usize::try_from(under_way).unwrap_or(usize::MAX)));
        let mut tasks = JoinSet::new();
        for number in 0..calls {
            let due = self.start + Duration::from_secs_f64(f64::from(number) / rate);
            tokio::time::sleep_until(due.into()).await;
            let place = Arc::clone(&places).acquire_owned();
            // The very first calls are due at the start, whenever that ends.
            let Ok(Ok(place)) = tokio::time::timeout_at(self.end.max(due).into(), place).await else { break };
            self.begun.fetch_add(1, Ordering::Relaxed);
            let (sender, ended) = (Arc::clone(&self.sender), self.ended.clone());
            tasks.spawn(async move {
                let done = sender.send(number, due).await;
                drop(place);
                if let Some(done) = done {
                    // Whoever counts may have gone.
                    let _ = ended.send(done).await;
                }
            });
            while tasks.try_join_next().is_some() {}
        }
        while tasks.join_next().await.is_some() {}
    }
}
