//! `keyferry hook rotate`: another secret of the configuration goes into the org, while sign-ins go on.
//!
//! The running service accepts all entries of the configuration, so nothing is refused as long as both are among them.
//! Whether the new one is, is asked of the service before anything changes in Okta, and proven through Okta after; where
//! that proof fails, an old one is put back and proven. A secret is never printed.

use std::path::Path;

use super::super::Exit;
use super::mend::{End, mend};
use super::opinion::{Opinion, ask};
use super::proof::{must_be_active, probable_entry, prove};
use super::register::{other_headers, put_secret};
use super::report::{Problem, Report, bad, okta};
use super::wiring::{Entry, KnownUser, Wired, configuration};
use super::{Common, RotateArgs, events, secret_file};
use crate::discovery::toml_string;
use crate::okta::client::CallError;
use crate::okta::inline_hooks::{HookChannel, InlineHook};

pub(super) async fn run(args: RotateArgs) -> anyhow::Result<Exit> {
    if let Some(path) = &args.generate {
        return generate(&args.common, path, args.events_only);
    }
    let wired = match Wired::open(&args.common) {
        Ok(wired) => wired,
        Err(exit) => return Ok(exit),
    };
    let known = wired.known(&args.known)?;
    let mut report = Report::default();
    let ended = rotate(&wired, &args, known.as_ref(), &mut report).await;
    report.finish(args.common.json, ended)
}

/// Makes the secret, and says what to do with it.
fn generate(common: &Common, path: &Path, events_only: bool) -> anyhow::Result<Exit> {
    let config = match configuration(common, false) {
        Ok(config) => config,
        Err(exit) => return Ok(exit),
    };
    let apart = config.server.events_auth.filter(|_| events_only);
    let (section, headers) = match apart {
        Some(apart) => ("server.events_auth", apart),
        None => ("server.auth", config.server.auth),
    };
    let mut report = Report::default();
    let made = std::path::absolute(path).and_then(|path| {
        secret_file::write(&path, &secret_file::random()?)?;
        Ok(path)
    });
    let ended = made.map_err(|error| bad(format!("--generate {}: {error}", path.display()))).map(|path| {
        let name = headers.first().map_or("Authorization", |header| header.name.as_str());
        let next = headers.len();
        report.did(format!(
            "A new secret is in {}, which only you can read. Now:\n\
             1. Add to `header` of [{section}], after what is there:\n     {{ name = \"{name}\", secret = {} }},\n\
             2. Start every `keyferry serve` anew: both secrets are accepted from then on.\n\
             3. keyferry hook rotate --to {next}{}",
            path.display(),
            toml_string(&format!("file:{}", path.display())),
            if events_only { " --events-only" } else { "" },
        ));
    });
    report.finish(common.json, ended)
}

async fn rotate(
    wired: &Wired,
    args: &RotateArgs,
    known: Option<&KnownUser>,
    report: &mut Report,
) -> Result<(), Problem> {
    let end = if args.events_only { End::Events } else { End::Hook };
    // clap has seen to it that there is a number where there is no file.
    let to = wired.entry(end, args.to.unwrap_or_default())?;
    if wired.entries(end).len() < 2 {
        return Err(bad(format!(
            "{to} is the only entry: the old secret must stay in the configuration, and in the running service, until \
             Okta sends the new one. `keyferry hook rotate --generate FILE` makes a new one and says what to add"
        )));
    }
    if !args.events_only {
        inline_hook(wired, to, known, report).await?;
    }
    if args.events_only || !wired.events_apart() {
        match wired.our_event_hook().await? {
            Some(hook) => {
                let to = wired.entry(End::Events, to.index)?;
                accepted(wired, &hook.url, End::Events, to).await?;
                events::rotate(wired, &hook, to, report).await?;
            }
            None if args.events_only => {
                return Err(bad(format!("The org has no event hook called `{}`", wired.name)));
            }
            None => {}
        }
    }
    let others = wired.entries(end).into_iter().filter(|entry| entry.index != to.index);
    report.removable = others.map(|entry| entry.to_string()).collect();
    report.did(format!(
        "Okta needs {} no more: take it out of the configuration, and start the service anew.",
        report.removable.join(", ")
    ));
    Ok(())
}

async fn inline_hook(
    wired: &Wired,
    to: Entry<'_>,
    known: Option<&KnownUser>,
    report: &mut Report,
) -> Result<(), Problem> {
    let hook = wired.our_inline_hook().await?;
    report.inline_hook = Some((&hook).into());
    must_be_active(&hook)?;
    let HookChannel::Http { .. } = &hook.channel else {
        return Err(bad("The hook proves itself by OAuth: there is no secret of a header to rotate"));
    };
    let headers = other_headers(wired, &hook).await?;
    prove(wired, &hook, probable_entry(wired, &hook), None, report).await.map_err(|problem| Problem {
        words: format!("The hook does not work as it is, so nothing was changed. {}", problem.words),
        ..problem
    })?;
    accepted(wired, &hook.url, End::Hook, to).await?;

    let changed = match put_secret(wired, &hook, &headers, to).await {
        Ok(changed) => changed,
        Err(error) => return Err(not_changed(to, &error)),
    };
    report.inline_hook = Some((&changed).into());
    let Err(problem) = prove(wired, &changed, Some(to), known, report).await else {
        report.did(format!("Inline hook `{}` ({}) sends the secret of {to} now.", hook.name, hook.id));
        return Ok(());
    };
    let words = format!("Okta's call with the secret of {to} failed. {} {}", problem.words, {
        put_back(wired, &hook, &headers, to, report).await
    });
    Err(Problem { exit: problem.exit, words })
}

/// Whether the running service accepts the new secret, asked from here; where it is not reached from here, the proof
/// through Okta has to tell.
async fn accepted(wired: &Wired, url: &str, end: End, to: Entry<'_>) -> Result<(), Problem> {
    match ask(url, end, Some(to)).await {
        Opinion::Fine | Opinion::Unreachable(_) | Opinion::None => Ok(()),
        Opinion::Wrong(trouble) => Err(bad(format!(
            "The service does not take a call with the secret of {to}, so nothing was changed in Okta. {}",
            mend(trouble, wired.about(end, Some(to)))
        ))),
    }
}

fn not_changed(to: Entry<'_>, error: &CallError) -> Problem {
    let mut problem = okta(&format!("The secret of {to} cannot be put into the hook"), error);
    if error.refusal().is_none() && !error.ends_the_run() {
        problem.words.push_str(
            ". Whether Okta took it is not known: leave both entries in the configuration, and run this again",
        );
    }
    problem
}

/// The first of the other secrets with which the hook works. In words, what came of it.
async fn put_back(
    wired: &Wired,
    hook: &InlineHook,
    headers: &[(String, crate::secret::Secret)],
    to: Entry<'_>,
    report: &mut Report,
) -> String {
    let mut olds: Vec<Entry<'_>> = wired.entries(End::Hook);
    olds.retain(|entry| entry.index != to.index);
    // The one whose header Okta sent before comes first.
    let before = probable_entry(wired, hook).map(|entry| entry.name);
    olds.sort_by_key(|entry| Some(entry.name) != before);
    for old in olds {
        let Ok(restored) = put_secret(wired, hook, headers, old).await else { continue };
        report.inline_hook = Some((&restored).into());
        if prove(wired, &restored, Some(old), None, report).await.is_ok() {
            return format!("The secret of {old} was put back, and proven: sign-ins go on with it.");
        }
    }
    "No other secret of the configuration works either: sign-ins through the hook FAIL now. Mend the service, and run \
     `keyferry hook register`."
        .to_owned()
}
