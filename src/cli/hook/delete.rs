//! `keyferry hook delete`: our hooks, deactivated and deleted, after asking. Nobody else's are touched.

use std::io::{self, BufRead as _, IsTerminal as _};

use super::super::{Exit, output};
use super::DeleteArgs;
use super::report::{Problem, Report, bad, okta};
use super::wiring::Wired;

pub(super) async fn run(args: DeleteArgs) -> anyhow::Result<Exit> {
    if !args.yes && !io::stdin().is_terminal() {
        output::note(
            "keyferry hook: delete asks first, and standard input is no terminal; say --yes where it may",
        );
        return Ok(Exit::Bad);
    }
    let wired = match Wired::open(&args.common) {
        Ok(wired) => wired,
        Err(exit) => return Ok(exit),
    };
    let mut report = Report::default();
    let ended = delete(&wired, &args, &mut report).await;
    report.finish(args.common.json, ended)
}

async fn delete(wired: &Wired, args: &DeleteArgs, report: &mut Report) -> Result<(), Problem> {
    let inline = if args.events_only { Vec::new() } else { wired.inline_hooks().await? };
    let (ours, others): (Vec<_>, Vec<_>) = inline.into_iter().partition(|hook| hook.name == wired.name);
    let events: Vec<_> =
        wired.event_hooks().await?.into_iter().filter(|hook| hook.name == wired.name).collect();
    for other in &others {
        report.did(format!("`{}` ({}) is not ours, and stays: {}", other.name, other.id, other.url));
    }
    if ours.is_empty() && events.is_empty() {
        report.did(format!("No hook is called `{}`: there is nothing to delete.", wired.name));
        return Ok(());
    }
    let inline_lines =
        ours.iter().map(|hook| format!("inline hook `{}` ({}): {}", hook.name, hook.id, hook.url));
    let event_lines =
        events.iter().map(|hook| format!("event hook `{}` ({}): {}", hook.name, hook.id, hook.url));
    if !args.yes && !agreed(&inline_lines.chain(event_lines).collect::<Vec<_>>())? {
        return Err(bad("Nothing was deleted"));
    }
    for hook in ours {
        let deleted = wired.client.delete_inline_hook(&hook.id).await;
        deleted.map_err(|error| okta("The inline hook cannot be deleted", &error))?;
        report.did(format!("Inline hook `{}` ({}) deactivated and deleted.", hook.name, hook.id));
    }
    for hook in events {
        let deleted = wired.client.delete_event_hook(&hook.id).await;
        deleted.map_err(|error| okta("The event hook cannot be deleted", &error))?;
        report.did(format!("Event hook `{}` ({}) deactivated and deleted.", hook.name, hook.id));
    }
    Ok(())
}

/// Asks on the terminal; only `yes` is yes.
fn agreed(hooks: &[String]) -> Result<bool, Problem> {
    for hook in hooks {
        output::note(hook);
    }
    output::note(
        "Whoever's password has not arrived in Okta yet cannot sign in without the inline hook. Delete? Write `yes`:",
    );
    let mut answer = String::new();
    io::stdin().lock().read_line(&mut answer).map_err(|error| bad(format!("standard input: {error}")))?;
    Ok(answer.trim() == "yes")
}
