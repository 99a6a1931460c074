//! `keyferry hook test`, and the proof that all verbs end with: calls that go through Okta to the service and back.
//!
//! Somebody made up must be UNVERIFIED, which proves the way and the authentication; somebody known must be VERIFIED,
//! which proves the rest. Okta's `execute` touches no user of the org.

use std::time::{Instant, SystemTime};

use super::super::{Exit, output};
use super::TestArgs;
use super::mend::{End, Trouble, mend};
use super::opinion::{explained, of_the_service};
use super::report::{Problem, Proof, Report, bad, okta};
use super::stranger::{Stranger, random_text};
use super::wiring::{Entry, KnownUser, Wired};
use crate::okta::hook_call::{HookCall, Verdict, verdict};
use crate::okta::inline_hooks::{HookChannel, InlineHook};
use crate::secret::Secret;

const NO_RANDOMNESS: &str = "The system gives no randomness for a made-up user";

pub(super) async fn run(args: TestArgs) -> anyhow::Result<Exit> {
    let wired = match Wired::open(&args.common) {
        Ok(wired) => wired,
        Err(exit) => return Ok(exit),
    };
    let known = wired.known(&args.known)?;
    let mut report = Report::default();
    let ended = test(&wired, known.as_ref(), &mut report).await;
    report.finish(args.common.json, ended)
}

async fn test(wired: &Wired, known: Option<&KnownUser>, report: &mut Report) -> Result<(), Problem> {
    let hook = wired.our_inline_hook().await?;
    report.inline_hook = Some((&hook).into());
    must_be_active(&hook)?;
    prove(wired, &hook, probable_entry(wired, &hook), known, report).await
}

/// Okta calls an inactive hook for nobody.
pub(super) fn must_be_active(hook: &InlineHook) -> Result<(), Problem> {
    if hook.active {
        return Ok(());
    }
    Err(bad(format!(
        "The hook `{}` is INACTIVE: Okta calls it for nobody. `keyferry hook register` activates it",
        hook.name
    )))
}

/// The entry that Okta probably sends: which one, Okta does not tell.
pub(super) fn probable_entry<'a>(wired: &'a Wired, hook: &InlineHook) -> Option<Entry<'a>> {
    let HookChannel::Http { auth_header: Some(header), .. } = &hook.channel else { return None };
    wired.entries(End::Hook).into_iter().find(|entry| entry.name.eq_ignore_ascii_case(header))
}

/// Calls the hook through Okta: for somebody made up, and for the known user where there is one. `entry` is what Okta
/// sends, as far as that is known.
pub(super) async fn prove(
    wired: &Wired,
    hook: &InlineHook,
    entry: Option<Entry<'_>>,
    known: Option<&KnownUser>,
    report: &mut Report,
) -> Result<(), Problem> {
    let Some(stranger) = Stranger::new() else { return Err(bad(NO_RANDOMNESS)) };
    let made_up = Asked {
        user: "made-up",
        username: &stranger.username,
        password: &stranger.password,
        expected: Verdict::Unverified,
    };
    ask(wired, hook, entry, &made_up, report).await?;
    let Some(KnownUser { login, password }) = known else { return Ok(()) };
    let known = Asked { user: "known", username: login, password, expected: Verdict::Verified };
    ask(wired, hook, entry, &known, report).await
}

struct Asked<'a> {
    user: &'static str,
    username: &'a str,
    password: &'a Secret,
    expected: Verdict,
}

async fn ask(
    wired: &Wired,
    hook: &InlineHook,
    entry: Option<Entry<'_>>,
    asked: &Asked<'_>,
    report: &mut Report,
) -> Result<(), Problem> {
    let &Asked { user, username, password, expected } = asked;
    let event_id = random_text().ok_or_else(|| bad(NO_RANDOMNESS))?;
    let source = format!("{}/api/v1/inlineHooks/{}", wired.org_url, hook.id);
    let at = SystemTime::now();
    let call = HookCall { source: &source, event_id: &event_id, at, username, password };
    let began = Instant::now();
    let answer = wired.client.execute_inline_hook(&hook.id, &call.payload()).await;
    let micros = u64::try_from(began.elapsed().as_micros()).unwrap_or(u64::MAX);
    let got = answer.as_ref().ok().and_then(verdict);
    report.proofs.push(Proof { user, expected: expected.word(), answer: got.map(Verdict::word), micros });
    if let Err(error) = &answer {
        return Err(match of_the_service(error) {
            Some(refusal) => bad(explained(&hook.url, wired.about(End::Hook, entry), refusal).await),
            None => okta("Okta did not try the hook", error),
        });
    }
    match got {
        Some(got) if got == expected => {
            let took = output::duration(micros);
            report.did(format!(
                "Proof: Okta was answered {} for the {user} user, in {took} from here.",
                got.word()
            ));
            Ok(())
        }
        Some(Verdict::Verified) => Err(bad(
            "The answer for a user who does not exist is VERIFIED: what stands at this URL lets everybody in. \
             Deactivate the hook, and find out what it is",
        )),
        Some(Verdict::Unverified) => Err(bad(
            "The service is reached, and does not verify this user: is the password right? The service's log tells the \
             reason; `keyferry verify` checks a stored value by itself",
        )),
        None => Err(bad(mend(Trouble::NotAnAnswer, wired.about(End::Hook, entry)))),
    }
}
