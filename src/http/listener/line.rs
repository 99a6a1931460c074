//! How far a connection is: nothing sent yet, in a head, in calls, or idle between them. From that follow its time-out
//! and whether it may be closed to make room. Pure: the time comes in.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Instant;

/// How long a connection may take.
#[derive(Clone, Copy, Debug)]
pub(super) struct Patience {
    /// Until a request's head is complete, the TLS hand-shake included.
    pub(super) head: Duration,
    /// Between calls.
    pub(super) idle: Duration,
}

/// One connection, as far as limits are concerned.
#[derive(Debug)]
pub(super) struct Line {
    state: Mutex<State>,
    patience: Patience,
    make_room: Notify,
}

#[derive(Debug)]
struct State {
    phase: Phase,
    /// Since when it is in this phase.
    since: Instant,
    calls: u32,
    /// Whether a call has been answered with success: a stranger's never is.
    known: bool,
    http2: bool,
    closing: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// Connected, or answered, and nothing read since.
    Silent,
    /// Some bytes of a head were read.
    Head,
    /// Calls are being answered.
    Calls,
    /// Answered, and nothing read since.
    Idle,
}

impl Line {
    pub(super) fn new(patience: Patience, now: Instant) -> Self {
        let state =
            State { phase: Phase::Silent, since: now, calls: 0, known: false, http2: false, closing: false };
        Self { state: Mutex::new(state), patience, make_room: Notify::new() }
    }

    /// Bytes came. In HTTP/2 they may be anything; there, only a call ends an idle time.
    pub(super) fn read(&self, now: Instant) {
        let mut state = self.state();
        match state.phase {
            Phase::Silent => state.phase = Phase::Head,
            Phase::Idle if !state.http2 => (state.phase, state.since) = (Phase::Head, now),
            _ => {}
        }
    }

    /// A head is complete.
    pub(super) fn call_began(&self, http2: bool) {
        let mut state = self.state();
        state.http2 = http2;
        state.phase = Phase::Calls;
        state.calls = state.calls.saturating_add(1);
    }

    /// The answer to a call is decided.
    pub(super) fn answered(&self, success: bool) {
        self.state().known |= success;
    }

    /// An answer has left, or nobody waits for it any more.
    pub(super) fn call_ended(&self, now: Instant) {
        let mut state = self.state();
        state.calls = state.calls.saturating_sub(1);
        if state.calls == 0 {
            (state.phase, state.since) = (Phase::Idle, now);
        }
    }

    /// When the connection is to be closed unless something happens; none while calls are being answered, which have
    /// a deadline of their own. Who was never answered with success may not rest long.
    pub(super) fn deadline(&self) -> Option<Instant> {
        let state = self.state();
        match state.phase {
            Phase::Calls => None,
            Phase::Idle if state.known => Some(state.since + self.patience.idle),
            Phase::Silent | Phase::Head | Phase::Idle => Some(state.since + self.patience.head),
        }
    }

    /// Ends when the connection has had its time. Any new deadline is at least the shorter of the two times away, so
    /// looking that often misses none.
    pub(super) async fn overdue(&self) -> &'static str {
        let step = self.patience.head.min(self.patience.idle);
        loop {
            let now = Instant::now();
            let deadline = self.deadline();
            if deadline.is_some_and(|deadline| deadline <= now) {
                return if self.state().phase == Phase::Idle { "idle" } else { "slow head" };
            }
            let look_again = now + step;
            tokio::time::sleep_until(deadline.map_or(look_again, |deadline| deadline.min(look_again))).await;
        }
    }

    /// Whether it may be closed in favour of a new one: nothing is being answered, and nobody who is known uses it.
    pub(super) fn is_a_strangers(&self) -> bool {
        let state = self.state();
        state.calls == 0 && !state.known
    }

    /// Asks the connection to end at once.
    pub(super) fn make_room(&self) {
        self.make_room.notify_one();
    }

    /// Ends when the connection must make room.
    pub(super) async fn must_make_room(&self) {
        self.make_room.notified().await;
    }

    /// From now on the answers say that they are the last.
    pub(super) fn close_soon(&self) {
        self.state().closing = true;
    }

    pub(super) fn is_closing(&self) -> bool {
        self.state().closing
    }

    pub(super) fn is_http2(&self) -> bool {
        self.state().http2
    }

    pub(super) fn is_answering(&self) -> bool {
        self.state().calls > 0
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PATIENCE: Patience = Patience { head: Duration::from_secs(5), idle: Duration::from_secs(75) };

    fn line() -> (Line, Instant) {
        let now = Instant::now();
        (Line::new(PATIENCE, now), now)
    }

    #[test]
    fn bytes_do_not_prolong_a_head() {
        let (line, start) = line();
        line.read(start + Duration::from_secs(1));
        line.read(start + Duration::from_secs(4));
        assert_eq!(line.deadline(), Some(start + PATIENCE.head));
    }

    #[test]
    fn a_call_has_its_own_deadline_and_a_known_caller_may_rest() {
        let (line, start) = line();
        line.call_began(false);
        assert_eq!(line.deadline(), None);
        assert!(!line.is_a_strangers(), "a call is being answered");
        line.answered(true);
        let end = start + Duration::from_mins(1);
        line.call_ended(end);
        assert_eq!(line.deadline(), Some(end + PATIENCE.idle));
        let next = end + Duration::from_secs(70);
        line.read(next);
        assert_eq!(line.deadline(), Some(next + PATIENCE.head), "the next head is being read");
        assert!(!line.is_a_strangers());
    }

    #[test]
    fn a_stranger_may_not_rest_and_makes_room() {
        let (line, start) = line();
        assert!(line.is_a_strangers());
        line.call_began(false);
        line.answered(false);
        line.call_ended(start);
        assert_eq!(line.deadline(), Some(start + PATIENCE.head));
        assert!(line.is_a_strangers());
    }

    #[test]
    fn pings_do_not_keep_an_http2_connection() {
        let (line, start) = line();
        line.call_began(true);
        line.call_began(true);
        line.answered(true);
        line.call_ended(start);
        assert_eq!(line.deadline(), None, "one call of two is still being answered");
        line.call_ended(start);
        line.read(start + Duration::from_mins(1));
        assert_eq!(line.deadline(), Some(start + PATIENCE.idle));
    }
}
