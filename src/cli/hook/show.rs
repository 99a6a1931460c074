//! `keyferry hook show`: the hooks in the org, and whether they fit the configuration. Reads only; a secret is nothing
//! that Okta gives back.

use serde::Serialize;

use super::super::{Exit, output};
use super::ShowArgs;
use super::address::path_of;
use super::events::EVENT;
use super::mend::End;
use super::report::{EventView, InlineView, Problem};
use super::wiring::Wired;
use crate::okta::event_hooks::EventHook;
use crate::okta::inline_hooks::{HookChannel, InlineHook};

/// The document of `--json`.
#[derive(Debug, Serialize)]
struct Shown {
    /// Whether our hook is there, active, and fits; and our event hook, where there is one.
    ok: bool,
    /// All password import hooks.
    inline_hooks: Vec<Judged<InlineView>>,
    /// Ours.
    event_hooks: Vec<Judged<EventView>>,
}

#[derive(Debug, Serialize)]
struct Judged<T> {
    #[serde(flatten)]
    hook: T,
    /// By its name.
    ours: bool,
    /// Why it cannot work with this configuration, each with the mend.
    problems: Vec<String>,
    /// What is odd, and may be meant so.
    notes: Vec<String>,
}

pub(super) async fn run(args: ShowArgs) -> anyhow::Result<Exit> {
    let wired = match Wired::open(&args.common) {
        Ok(wired) => wired,
        Err(exit) => return Ok(exit),
    };
    let shown = match look(&wired).await {
        Ok(shown) => shown,
        Err(Problem { exit, words }) => {
            output::note(&format!("keyferry hook: {words}"));
            return Ok(exit);
        }
    };
    if args.common.json {
        output::json(&shown)?;
    } else {
        output::text(&text(&shown, &wired.name))?;
    }
    Ok(if shown.ok { Exit::Done } else { Exit::Bad })
}

async fn look(wired: &Wired) -> Result<Shown, Problem> {
    let inline = wired.inline_hooks().await?;
    let events = wired.event_hooks().await?;
    let inline_hooks: Vec<_> = inline.iter().map(|hook| inline_judged(wired, hook)).collect();
    let event_hooks: Vec<_> =
        events.iter().filter(|hook| hook.name == wired.name).map(|hook| events_judged(wired, hook)).collect();
    let ok = inline_hooks.iter().any(|judged| judged.ours && judged.problems.is_empty())
        && event_hooks.iter().all(|judged| judged.problems.is_empty());
    Ok(Shown { ok, inline_hooks, event_hooks })
}

fn inline_judged(wired: &Wired, hook: &InlineHook) -> Judged<InlineView> {
    let (mut problems, mut notes) = (Vec::new(), Vec::new());
    let ours = hook.name == wired.name;
    if !ours {
        problems.push(format!("it is not called `{}`; if it is ours, say so with --name", wired.name));
    }
    if !hook.active {
        problems.push("it is INACTIVE: `keyferry hook register` activates it".to_owned());
    }
    match &hook.channel {
        HookChannel::Http { auth_header, .. } => {
            problems.extend(unknown_header(wired, End::Hook, auth_header.as_deref()));
        }
        HookChannel::OAuth { .. } => {
            notes.push("it sends an OAuth token, which `keyferry serve` does not check by itself".to_owned());
        }
        HookChannel::Other => problems.push("its channel is neither HTTP nor OAUTH".to_owned()),
    }
    notes.extend(other_path(&hook.url, wired.paths().hook, "server.path"));
    Judged { hook: hook.into(), ours, problems, notes }
}

fn events_judged(wired: &Wired, hook: &EventHook) -> Judged<EventView> {
    let (mut problems, mut notes) = (Vec::new(), Vec::new());
    if !hook.active || !hook.verified {
        problems.push(
            "Okta reports to it only when it is ACTIVE and VERIFIED: `keyferry hook register --events-only` sees to both"
                .to_owned(),
        );
    }
    if !hook.events.iter().any(|event| event == EVENT) {
        problems.push(format!("it does not report {EVENT}: `keyferry hook register --events-only` adds it"));
    }
    problems.extend(unknown_header(wired, End::Events, hook.auth_header.as_deref()));
    match wired.paths().events {
        Some(path) => notes.extend(other_path(&hook.url, path, "server.events_path")),
        None => problems.push("server.events_path is empty: the service does not listen to it".to_owned()),
    }
    Judged { hook: hook.into(), ours: true, problems, notes }
}

/// A header that no entry has lets nobody in.
fn unknown_header(wired: &Wired, end: End, header: Option<&str>) -> Option<String> {
    let entries = wired.entries(end);
    let list = entries.first().map_or("server.auth", |entry| entry.list);
    match header {
        None => Some(format!("it sends no header that proves it, and {list}.header wants one")),
        Some(header) if entries.iter().any(|entry| entry.name.eq_ignore_ascii_case(header)) => None,
        Some(header) => Some(format!("it proves itself by `{header}`, which no entry of {list}.header has")),
    }
}

fn other_path(url: &str, path: &str, key: &str) -> Option<String> {
    let theirs = path_of(url);
    (!theirs.ends_with(path)).then(|| {
        format!("its path is {theirs}, and {key} is {path}: does a proxy before the service rewrite it?")
    })
}

fn text(shown: &Shown, name: &str) -> String {
    let mut lines = Vec::new();
    if shown.inline_hooks.is_empty() {
        lines.push(
            "The org has no password import hook; make one with `keyferry hook register --url …`.".to_owned(),
        );
    }
    for Judged { hook, problems, notes, .. } in &shown.inline_hooks {
        lines.push(format!("Inline hook `{}` ({}): {}", hook.name, hook.id, hook.status));
        lines.push(format!("  URL             {}", hook.url));
        let by = hook.auth_by.as_deref().unwrap_or("unknown");
        lines.push(format!("  authentication  {} {by}", hook.auth));
        lines.push(updated(hook.last_updated.as_deref()));
        lines.push(fits(problems, notes));
    }
    if shown.event_hooks.is_empty() {
        lines.push(format!(
            "No event hook is called `{name}`; `keyferry hook register --events` makes one, or `keyferry reconcile` reads \
             the System Log instead."
        ));
    }
    for Judged { hook, problems, notes, .. } in &shown.event_hooks {
        lines.push(format!(
            "Event hook `{}` ({}): {}, {}",
            hook.name, hook.id, hook.status, hook.verification
        ));
        lines.push(format!("  URL             {}", hook.url));
        lines.push(format!("  authentication  HEADER {}", hook.auth_by.as_deref().unwrap_or("none")));
        lines.push(format!("  events          {}", hook.events.join(", ")));
        lines.push(updated(hook.last_updated.as_deref()));
        lines.push(fits(problems, notes));
    }
    lines.join("\n") + "\n"
}

fn updated(at: Option<&str>) -> String {
    format!("  last updated    {}", at.unwrap_or("unknown"))
}

fn fits(problems: &[String], notes: &[String]) -> String {
    let verdict = if problems.is_empty() { "yes" } else { "NO" };
    let mut text = format!("  fits            {verdict}");
    for said in problems.iter().chain(notes) {
        text.push_str("\n                  ");
        text.push_str(said);
    }
    text
}
