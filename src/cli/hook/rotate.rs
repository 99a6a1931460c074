//! `keyferry hook rotate`: another secret of the configuration goes into the org, while sign-ins go on.
//!
//! The running service accepts all entries of the configuration, so nothing is refused as long as both are among them.
//! Whether the new one is, is asked of the service before anything changes in Okta, and proven through Okta after; where
//! that proof fails, an old one is put back and proven. A secret is never printed.

use std::path::Path;

use super::super::Exit;
use super::mend::End;
use super::opinion::must_accept;
use super::proof::{must_be_active, probable_entry, prove};
use super::register::{other_headers, put_secret};
use super::report::{Problem, Report, bad, okta};
use super::wiring::{Entry, KnownUser, Wired, configuration};
use super::{Common, RotateArgs, events, secret_file};
use crate::discovery::toml_string;
use crate::okta::client::CallError;
use crate::okta::inline_hooks::{HookChannel, InlineHook};
use crate::secret::Secret;

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
        Some(apart) => ("server.events_auth", apart.header),
        None => ("server.auth", config.server.auth.header),
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
    // All that is asked is asked before anything changes.
    let inline = if args.events_only { None } else { Some(works_and_accepts(wired, to, report).await?) };
    let shared = !wired.events_apart();
    let events = if args.events_only || shared { wired.our_event_hook().await? } else { None };
    if args.events_only && events.is_none() {
        return Err(bad(format!("The org has no event hook called `{}`", wired.name)));
    }
    let events_to = wired.entry(if events.is_some() { End::Events } else { end }, to.index)?;
    if let Some(hook) = &events {
        must_accept(wired, &hook.url, End::Events, events_to).await?;
    }
    if let Some((hook, headers)) = &inline {
        inline_hook(wired, hook, headers, to, known, report).await?;
    }
    if let Some(hook) = &events {
        events::rotate(wired, hook, events_to, report).await?;
    }
    if args.events_only && shared {
        report.did("The inline hook shares these secrets, and sends what it sent before.");
        return Ok(());
    }
    let others = wired.entries(end).into_iter().filter(|entry| entry.index != to.index);
    report.removable = others.map(|entry| entry.to_string()).collect();
    report.did(format!(
        "Okta needs {} no more: take it out of the configuration, and start the service anew.",
        report.removable.join(", ")
    ));
    Ok(())
}

/// The hook that works as it is, with its other headers, where the running service accepts the new secret as well.
async fn works_and_accepts(
    wired: &Wired,
    to: Entry<'_>,
    report: &mut Report,
) -> Result<(InlineHook, Vec<(String, Secret)>), Problem> {
    let hook = wired.our_inline_hook().await?;
    report.inline_hook = Some((&hook).into());
    must_be_active(&hook)?;
    let HookChannel::Http { .. } = &hook.channel else {
        return Err(bad("The hook proves itself by OAuth: there is no secret of a header to rotate"));
    };
    let headers = other_headers(wired, &hook).await?;
    let works = prove(wired, &hook, probable_entry(wired, &hook), None, report).await;
    works.map_err(|problem| Problem {
        words: format!("The hook does not work as it is, so nothing was changed. {}", problem.words),
        ..problem
    })?;
    must_accept(wired, &hook.url, End::Hook, to).await?;
    Ok((hook, headers))
}

async fn inline_hook(
    wired: &Wired,
    hook: &InlineHook,
    headers: &[(String, Secret)],
    to: Entry<'_>,
    known: Option<&KnownUser>,
    report: &mut Report,
) -> Result<(), Problem> {
    let changed = match put_secret(wired, hook, headers, to).await {
        Ok(changed) => changed,
        Err(error) => return Err(not_changed(to, &error)),
    };
    report.inline_hook = Some((&changed).into());
    let Err(problem) = prove(wired, &changed, Some(to), known, report).await else {
        report.did(format!("Inline hook `{}` ({}) sends the secret of {to} now.", hook.name, hook.id));
        return Ok(());
    };
    let words = format!("Okta's call with the secret of {to} failed. {} {}", problem.words, {
        put_back(wired, hook, headers, to, report).await
    });
    Err(Problem { exit: problem.exit, words })
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
    headers: &[(String, Secret)],
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
