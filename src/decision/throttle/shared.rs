//! Keeps replicas in step by way of the ledger, behind the answers: each tells what it counted and hears what the
//! others did, about once a second. While the ledger is away each counts for itself.

use std::collections::HashMap;
use std::sync::Weak;
use std::time::Duration;

use super::{Throttle, Untold};
use crate::ledger::{Failure, FailureLevel, FailureWindow, LedgerError};

/// Between two exchanges.
const PAUSE: Duration = Duration::from_secs(1);
/// Between two clearings of what has run empty, in exchanges.
const SWEEP_EVERY: u32 = 60;
/// What is kept for a ledger that is away; what is beyond is counted here alone.
const MOST_UNTOLD: usize = 20_000;

/// Until the throttle is gone.
pub(super) async fn keep_in_step(throttle: Weak<Throttle>) {
    let mut heard = None;
    let mut exchanges = 0_u32;
    loop {
        tokio::time::sleep(PAUSE).await;
        let Some(throttle) = throttle.upgrade() else { return };
        let window = FailureWindow(throttle.settings.window);
        let Some(ledger) = throttle.recorder.ledger() else {
            heard = None;
            throttle.forget_the_most();
            continue;
        };
        let untold = std::mem::take(&mut throttle.counted().untold);
        let failures: Vec<Failure> = untold
            .iter()
            .map(|(key, untold)| Failure { key: *key, forgiven: untold.forgiven, added: untold.added })
            .collect();
        let told: Result<FailureLevel, LedgerError> =
            ledger.exchange_failures(&failures, heard, window).await;
        match told {
            Ok(level) => {
                heard = Some(level.at);
                throttle.hear(&level.levels);
            }
            // The recorder tells of a ledger that fails.
            Err(_) => throttle.take_back(untold),
        }
        exchanges = exchanges.wrapping_add(1);
        if exchanges.is_multiple_of(SWEEP_EVERY) {
            let _ = ledger.sweep_failures(window).await;
        }
    }
}

impl Throttle {
    fn hear(&self, levels: &[([u8; 16], u64)]) {
        let now = self.now();
        let mut counted = self.counted();
        for (key, level) in levels {
            // What was counted here since is not in there yet.
            let since = counted.untold.get(key).copied().unwrap_or_default();
            let level = if since.forgiven { since.added } else { level.saturating_add(since.added) };
            counted.levels.learn(*key, level, now);
        }
    }

    fn take_back(&self, before: HashMap<[u8; 16], Untold>) {
        let mut counted = self.counted();
        for (key, before) in before {
            let since = counted.untold.entry(key).or_default();
            if !since.forgiven {
                *since = Untold { forgiven: before.forgiven, added: before.added + since.added };
            }
        }
    }

    fn forget_the_most(&self) {
        let mut counted = self.counted();
        if counted.untold.len() > MOST_UNTOLD {
            counted.untold.clear();
        }
    }
}
