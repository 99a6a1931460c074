//! One thing for each of many users of the org: several at once, at the pace that the client keeps, until all are done,
//! a signal comes, or nothing will get better. What one user's call comes to is that user's.

use std::pin::pin;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use futures_util::{StreamExt as _, stream};
use serde::Serialize;

use crate::ledger::LedgerError;
use crate::okta::client::CallError;

use super::{Exit, interrupt, opened, output};

/// How long calls under way may take to end after a signal.
const GRACE: Duration = Duration::from_secs(10);
/// So many calls in a row that the org forbids, or that are not answered by Okta, are no matter of single users.
const IN_A_ROW: u32 = 10;

/// Why a campaign ended before its last user.
pub(super) enum Stop {
    /// Okta does not answer, or does not let us.
    Okta(CallError),
    /// The ledger cannot be read or written.
    Ledger(LedgerError),
    /// A signal.
    Signal(&'static str),
}

impl Stop {
    /// Says why, and gives the exit code.
    pub(super) fn tell(&self) -> Exit {
        match self {
            Self::Okta(error) => opened::refused(error),
            Self::Ledger(error) => opened::failed(error),
            Self::Signal(name) => {
                output::note(&format!("keyferry: {name}: the same command goes on from here"));
                Exit::Failed
            }
        }
    }
}

impl From<LedgerError> for Stop {
    fn from(error: LedgerError) -> Self {
        Self::Ledger(error)
    }
}

/// One user for whom it could not be done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Failure {
    /// Who, as far as the admin can look it up: the id in the store, or Okta's.
    pub(super) id: String,
    /// Why, in Okta's words.
    pub(super) reason: String,
}

/// Tells users' troubles from everybody's.
#[derive(Default)]
pub(super) struct Judge {
    in_a_row: AtomicU32,
}

impl Judge {
    /// The reason, where it is this user's alone.
    pub(super) fn reason(&self, error: CallError) -> Result<String, Stop> {
        let may_be_everybodys = matches!(error, CallError::Forbidden(_) | CallError::Unreadable(_));
        if matches!(error, CallError::Refused(_)) {
            self.fine();
        } else if !may_be_everybodys || self.in_a_row.fetch_add(1, Ordering::Relaxed) + 1 >= IN_A_ROW {
            return Err(Stop::Okta(error));
        }
        Ok(error.to_string())
    }

    /// A call did what it was to do.
    pub(super) fn fine(&self) {
        self.in_a_row.store(0, Ordering::Relaxed);
    }
}

/// Works on all users, `at_once` at a time; `ended` sees each outcome. Nobody is begun after the first reason to stop,
/// and those under way are brought to their end.
pub(super) async fn each<T, O, W: Future<Output = Result<O, Stop>>>(
    users: Vec<T>,
    at_once: usize,
    work: impl FnMut(T) -> W,
    mut ended: impl FnMut(O),
) -> Result<(), Stop> {
    let stopping = AtomicBool::new(false);
    let begun = stream::iter(users).take_while(|_| std::future::ready(!stopping.load(Ordering::Relaxed)));
    let mut under_way = pin!(begun.map(work).buffer_unordered(at_once.max(1)));
    let mut signal = pin!(interrupt::interrupted());
    let mut grace = pin!(tokio::time::sleep(Duration::MAX));
    let mut stop = None;
    let mut signalled = false;
    loop {
        tokio::select! {
            outcome = under_way.next() => match outcome {
                None => break,
                Some(Ok(outcome)) => ended(outcome),
                Some(Err(reason)) => {
                    stopping.store(true, Ordering::Relaxed);
                    stop.get_or_insert(reason);
                }
            },
            name = &mut signal, if !signalled => {
                signalled = true;
                stopping.store(true, Ordering::Relaxed);
                stop.get_or_insert(Stop::Signal(name));
                grace.as_mut().reset(tokio::time::Instant::now() + GRACE);
            }
            () = &mut grace, if signalled => break,
        }
    }
    stop.map_or(Ok(()), Err)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn nobody_is_begun_after_a_reason_to_stop_and_who_is_under_way_ends() {
        let mut done = Vec::new();
        let result = each(
            (0..100).collect(),
            3,
            async |user| {
                tokio::task::yield_now().await;
                if user == 5 { Err(Stop::Ledger(LedgerError::Full)) } else { Ok(user) }
            },
            |user: i32| done.push(user),
        )
        .await;
        assert!(matches!(result, Err(Stop::Ledger(LedgerError::Full))));
        assert!(done.len() >= 5 && done.len() < 12, "{done:?}");
    }

    #[test]
    fn what_is_forbidden_to_everybody_is_not_a_matter_of_single_users() {
        let judge = Judge::default();
        let forbidden = || CallError::Forbidden("E0000006".to_owned());
        for _ in 1..IN_A_ROW {
            assert!(judge.reason(forbidden()).is_ok());
        }
        assert!(judge.reason(forbidden()).is_err());
        judge.fine();
        assert!(judge.reason(forbidden()).is_ok());
        assert!(judge.reason(CallError::BadToken("E0000011".to_owned())).is_err());
    }
}
