//! The event hook, by which Okta reports the passwords that have arrived: made or brought up to date, verified, active.
//!
//! A change of its channel makes it unverified, and until it is verified again Okta reports nothing; `keyferry
//! reconcile` reads what was missed.

use super::address::same;
use super::mend::End;
use super::opinion::{explained, of_the_service};
use super::report::{Problem, Report, bad, okta};
use super::wiring::{Entry, Wired};
use crate::okta::client::CallError;
use crate::okta::event_hooks::{EventHook, EventHookSpec};

/// The event: a password that came by the hook has been stored, or could not be.
pub(super) const EVENT: &str = "user.import.password";

/// Our event hook as it shall be: verified and active.
pub(super) async fn register(
    wired: &Wired,
    url: &str,
    entry: Entry<'_>,
    report: &mut Report,
) -> Result<(), Problem> {
    let hooks = wired.event_hooks().await?;
    let ours = hooks.iter().find(|hook| hook.name == wired.name);
    let ours = ours.or_else(|| hooks.iter().find(|hook| same(&hook.url, url)));
    let (hook, deed) = match ours {
        Some(ours) => (put(wired, ours, url, entry).await, "brought up to date"),
        None => (create(wired, url, entry).await, "created"),
    };
    let mut hook = hook.map_err(|error| okta("The event hook cannot be registered", &error))?;
    report.event_hook = Some((&hook).into());
    verify(wired, &hook, entry).await?;
    hook.verified = true;
    if !hook.active {
        let activated = wired.client.activate_event_hook(&hook.id).await;
        activated.map_err(|error| okta("The event hook cannot be activated", &error))?;
        hook.active = true;
    }
    report.event_hook = Some((&hook).into());
    report.did(format!(
        "Event hook `{}` ({}) {deed}, VERIFIED and ACTIVE: {EVENT} goes to {}",
        hook.name, hook.id, hook.url
    ));
    Ok(())
}

/// Puts the secret of an entry into our event hook, and lets Okta verify it; where that fails, puts an old one back.
pub(super) async fn rotate(
    wired: &Wired,
    hook: &EventHook,
    to: Entry<'_>,
    report: &mut Report,
) -> Result<(), Problem> {
    let changed = put(wired, hook, &hook.url, to).await;
    let mut changed = changed.map_err(|error| okta("The event hook cannot be changed", &error))?;
    report.event_hook = Some((&changed).into());
    let Err(problem) = verify(wired, &changed, to).await else {
        changed.verified = true;
        report.event_hook = Some((&changed).into());
        report.did(format!(
            "Event hook `{}` ({}) sends the secret of {to} now, and is VERIFIED.",
            hook.name, hook.id
        ));
        return Ok(());
    };
    let mut words = problem.words.clone();
    for old in wired.entries(End::Events).into_iter().filter(|entry| entry.index != to.index) {
        let Ok(mut restored) = put(wired, hook, &hook.url, old).await else { continue };
        restored.verified = verify(wired, hook, old).await.is_ok();
        report.event_hook = Some((&restored).into());
        if restored.verified {
            let put_back =
                format!(". The secret of {old} was put back, and the event hook is VERIFIED with it");
            return Err(Problem { words: words + &put_back, ..problem });
        }
    }
    words.push_str(
        ". No other secret of the configuration is taken either: the event hook is UNVERIFIED, and Okta reports nothing. \
         Mend the service, and run `keyferry hook register --events-only`; `keyferry reconcile` reads what was missed",
    );
    Err(Problem { exit: problem.exit, words })
}

async fn create(wired: &Wired, url: &str, entry: Entry<'_>) -> Result<EventHook, CallError> {
    let spec = spec(&wired.name, url, entry, &[EVENT]);
    match wired.client.create_event_hook(&spec).await {
        // The answer was lost: the hook may be there.
        Err(error @ CallError::Lost(_)) => {
            let found = wired.client.event_hooks().await?.into_iter().find(|hook| hook.name == wired.name);
            found.ok_or(error)
        }
        made => made,
    }
}

/// Name, address and secret go into a hook that is there; what else it reports, it goes on reporting.
async fn put(wired: &Wired, hook: &EventHook, url: &str, entry: Entry<'_>) -> Result<EventHook, CallError> {
    let mut events: Vec<&str> = hook.events.iter().map(String::as_str).collect();
    if !events.contains(&EVENT) {
        events.push(EVENT);
    }
    wired.client.replace_event_hook(&hook.id, &spec(&wired.name, url, entry, &events)).await
}

fn spec<'a>(name: &'a str, url: &'a str, entry: Entry<'a>, events: &'a [&'a str]) -> EventHookSpec<'a> {
    EventHookSpec { name, url, auth_header: entry.name, secret: entry.secret, events }
}

/// Okta sends its one-time challenge.
async fn verify(wired: &Wired, hook: &EventHook, entry: Entry<'_>) -> Result<(), Problem> {
    let Err(error) = wired.client.verify_event_hook(&hook.id).await else { return Ok(()) };
    Err(match of_the_service(&error) {
        Some(refusal) => {
            let why = explained(&hook.url, wired.about(End::Events, Some(entry)), refusal).await;
            bad(format!("The event hook cannot be verified at {}. {why}", hook.url))
        }
        None => okta("The event hook cannot be verified", &error),
    })
}
