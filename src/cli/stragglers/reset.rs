//! Okta's password reset for stragglers: each read anew, noted before the call and after it, and never sent twice for a
//! lost answer, since Okta's own status of the user tells whether the mail has gone out.

use std::time::Duration;

use super::report::Resets;
use super::{Straggler, signed_in};
use crate::cli::campaign::{self, Failure, Judge, Stop};
use crate::cli::progress::Progress;
use crate::ledger::{Ledger, Observed, ResetStep, State};
use crate::okta::client::{CallError, Client};

/// Okta's status of somebody who has been sent the mail.
const RECOVERY: &str = "RECOVERY";
/// Calls for one user whose effect turned out to be none.
const ATTEMPTS: u32 = 5;
/// The pause before the second; each further one is twice as long.
const PAUSE: Duration = Duration::from_secs(1);

enum Outcome {
    Mailed,
    MailedBefore,
    SignedIn,
    Failed(Failure),
}

/// Works on all of them.
pub(super) async fn run(
    client: &Client,
    ledger: &Ledger,
    due: Vec<Straggler>,
    at_once: usize,
    resets: &mut Resets,
    progress: &mut Progress,
) -> Result<(), Stop> {
    let judge = Judge::default();
    let mut ended = 0;
    campaign::each(
        due,
        at_once,
        |straggler| reset(client, ledger, &judge, straggler),
        |outcome| {
            match outcome {
                Outcome::Mailed => resets.mailed += 1,
                Outcome::MailedBefore => resets.mailed_before += 1,
                Outcome::SignedIn => resets.signed_in += 1,
                Outcome::Failed(failure) => resets.fail(failure),
            }
            ended += 1;
            progress.rows(ended);
        },
    )
    .await
}

async fn reset(
    client: &Client,
    ledger: &Ledger,
    judge: &Judge,
    straggler: Straggler,
) -> Result<Outcome, Stop> {
    let Straggler { source, id, okta_id, mut started } = straggler;
    let user = ledger.user_ref(&source, &id);
    let failed = |reason: String| Ok(Outcome::Failed(Failure { id: format!("{source} {id}"), reason }));
    let mut pause = PAUSE;
    for attempt in 1..=ATTEMPTS {
        let fresh = match client.user_by_id(&okta_id).await {
            Ok(Some(fresh)) => fresh,
            Ok(None) => return failed("is no longer in Okta".to_owned()),
            Err(error) => return failed(judge.reason(error)?),
        };
        let state = ledger.states(std::slice::from_ref(&user)).await?.pop().flatten();
        let Some(state) = state.filter(|state| state.okta_id.as_deref() == Some(&okta_id)) else {
            return failed("is no longer known to the ledger".to_owned());
        };
        if state.state != State::Seeded || signed_in(&state, fresh.last_login) {
            let observed =
                Observed { okta_id: &okta_id, status: &fresh.status, last_login: fresh.last_login };
            ledger.observe(&[observed]).await?;
            return Ok(Outcome::SignedIn);
        }
        if started && fresh.status == RECOVERY {
            // The call of an interrupted run, or the one whose answer was lost, has had its effect.
            ledger.mark_reset(&user, ResetStep::Done).await?;
            return Ok(if attempt == 1 { Outcome::MailedBefore } else { Outcome::Mailed });
        }
        if !started {
            ledger.mark_reset(&user, ResetStep::Started).await?;
        }
        match client.reset_password(&okta_id).await {
            Ok(()) => {
                judge.fine();
                ledger.mark_reset(&user, ResetStep::Done).await?;
                return Ok(Outcome::Mailed);
            }
            Err(CallError::Lost(_)) if attempt < ATTEMPTS => {
                started = true;
                tokio::time::sleep(pause).await;
                pause *= 2;
            }
            Err(CallError::Lost(why)) => return failed(format!("Okta did not do it: {why}")),
            Err(error) => return failed(judge.reason(error)?),
        }
    }
    failed("Okta did not do it".to_owned())
}
