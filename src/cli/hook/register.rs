//! `keyferry hook register`: the inline hook made, or brought up to date where the org has it, activated, and proven.
//!
//! An org has one password import hook. Somebody else's is left alone unless `--replace` says otherwise.

use super::super::Exit;
use super::address::{Addresses, addresses, checked, same};
use super::mend::End;
use super::opinion::must_accept;
use super::report::{Problem, Report, bad, okta};
use super::wiring::{Entry, KnownUser, Wired, copied};
use super::{RegisterArgs, events, proof};
use crate::okta::client::CallError;
use crate::okta::inline_hooks::{HookAuth, HookChannel, InlineHook, InlineHookSpec};
use crate::secret::Secret;

pub(super) async fn run(args: RegisterArgs) -> anyhow::Result<Exit> {
    let wired = match Wired::open(&args.common) {
        Ok(wired) => wired,
        Err(exit) => return Ok(exit),
    };
    let known = wired.known(&args.known)?;
    let mut report = Report::default();
    let ended = register(&wired, &args, known.as_ref(), &mut report).await;
    report.finish(args.common.json, ended)
}

async fn register(
    wired: &Wired,
    args: &RegisterArgs,
    known: Option<&KnownUser>,
    report: &mut Report,
) -> Result<(), Problem> {
    // All that can be wrong here is found before anything is sent.
    let told = |words: String| bad(format!("--url {words}"));
    let found = addresses(&args.url, wired.paths(), &wired.org_url).map_err(told)?;
    let events_url = events_url(wired, args, &found)?;
    let oauth = args.oauth.auth().map_err(bad)?;
    let by_header = || wired.entry(End::Hook, args.header);
    let (auth, entry) = match oauth {
        Some(oauth) => (oauth, None),
        None if args.events_only => (header(wired.entry(End::Events, args.header)?), None),
        None => (header(by_header()?), Some(by_header()?)),
    };
    // With secrets of its own the event hook has its own count of them.
    let events_index = if args.events_only || !wired.events_apart() { args.header } else { 0 };
    let events_entry = events_url.is_some().then(|| wired.entry(End::Events, events_index)).transpose()?;

    if !args.events_only {
        let ask_first = entry.filter(|_| !args.no_test);
        let hook = inline_hook(wired, &found.hook, &auth, args.replace, ask_first, report).await?;
        if !args.no_test {
            proof::prove(wired, &hook, entry, known, report).await?;
        }
    }
    match events_url.zip(events_entry) {
        Some((url, entry)) => events::register(wired, &url, entry, report).await,
        None => Ok(()),
    }
}

/// Where the event hook shall be, where one is asked for.
fn events_url(wired: &Wired, args: &RegisterArgs, found: &Addresses) -> Result<Option<String>, Problem> {
    if !args.events && !args.events_only {
        return Ok(None);
    }
    wired.events_path()?;
    if let Some(url) = &args.events_url {
        let url = checked(url, &wired.org_url).map_err(|words| bad(format!("--events-url {words}")))?;
        return Ok(Some(url));
    }
    match &found.events {
        Some(url) => Ok(Some(url.clone())),
        // A whole URL with a path of its own: it is the one hook's that is registered.
        None if args.events_only => Ok(Some(found.hook.clone())),
        None => Err(bad(
            "The event hook's address cannot be told from --url, which has a path of its own; write it with --events-url",
        )),
    }
}

/// The hook as it shall be, active. One that is there and active is not touched where the service does not take what
/// Okta would send, as far as it can be asked from here: sign-ins go on with it.
async fn inline_hook(
    wired: &Wired,
    url: &str,
    auth: &HookAuth,
    replace: bool,
    ask_first: Option<Entry<'_>>,
    report: &mut Report,
) -> Result<InlineHook, Problem> {
    let hooks = wired.inline_hooks().await?;
    let ours = hooks.iter().find(|hook| hook.name == wired.name);
    let ours = ours.or_else(|| hooks.iter().find(|hook| same(&hook.url, url)));
    let goes_on = ours.or_else(|| hooks.first().filter(|_| replace)).filter(|hook| hook.active);
    if let Some((_, entry)) = goes_on.zip(ask_first) {
        must_accept(wired, url, End::Hook, entry).await?;
    }
    let (mut hook, deed) = match (ours, hooks.first()) {
        (Some(ours), _) => (put(wired, ours, url, auth, true).await?, "brought up to date"),
        (None, Some(other)) if replace => (put(wired, other, url, auth, false).await?, "taken over"),
        (None, Some(other)) => return Err(foreign(other, wired)),
        (None, None) => (create(wired, url, auth).await?, "created"),
    };
    if !hook.active {
        let activated = wired.client.activate_inline_hook(&hook.id).await;
        activated.map_err(|error| okta("The hook cannot be activated", &error))?;
        hook.active = true;
    }
    report.inline_hook = Some((&hook).into());
    report.did(format!("Inline hook `{}` ({}) {deed}, and ACTIVE: {}", hook.name, hook.id, hook.url));
    Ok(hook)
}

fn foreign(other: &InlineHook, wired: &Wired) -> Problem {
    bad(format!(
        "The org has a password import hook already, and can have one only: `{}` ({}), which calls {}. It is not ours: \
         ours would be called `{}`, or have this URL. Where it may go, say --replace; where it is ours under another \
         name, say --name",
        other.name, other.id, other.url, wired.name
    ))
}

async fn create(wired: &Wired, url: &str, auth: &HookAuth) -> Result<InlineHook, Problem> {
    let spec = InlineHookSpec { name: &wired.name, url, auth, headers: &[] };
    match wired.client.create_inline_hook(&spec).await {
        Ok(hook) => Ok(hook),
        // The answer was lost: the hook may be there.
        Err(error @ CallError::Lost(_)) => {
            let found = wired.inline_hooks().await?.into_iter().find(|hook| hook.name == wired.name);
            found.ok_or_else(|| okta("The hook cannot be created", &error))
        }
        Err(error) => Err(okta("The hook cannot be created", &error)),
    }
}

/// Puts name, address and authentication into a hook that is there. Our own keeps its other headers.
async fn put(
    wired: &Wired,
    hook: &InlineHook,
    url: &str,
    auth: &HookAuth,
    keep_headers: bool,
) -> Result<InlineHook, Problem> {
    let headers = if keep_headers { other_headers(wired, hook).await? } else { Vec::new() };
    let spec = InlineHookSpec { name: &wired.name, url, auth, headers: &headers };
    wired.client.replace_inline_hook(&hook.id, &spec).await.map_err(|error| {
        let mut problem = okta("The hook cannot be changed", &error);
        let was_oauth = matches!(hook.channel, HookChannel::OAuth { .. });
        if was_oauth != matches!(auth, HookAuth::OAuth { .. }) {
            problem.words.push_str(
                ". Perhaps Okta does not change a hook between header and OAuth: delete it (`keyferry hook delete`), \
                 and register it anew",
            );
        }
        problem
    })
}

/// The secret of an entry goes to Okta, and all else stays as it is.
pub(super) async fn put_secret(
    wired: &Wired,
    hook: &InlineHook,
    headers: &[(String, Secret)],
    entry: Entry<'_>,
) -> Result<InlineHook, CallError> {
    let spec = InlineHookSpec { name: &hook.name, url: &hook.url, auth: &header(entry), headers };
    wired.client.replace_inline_hook(&hook.id, &spec).await
}

/// The headers that Okta sends besides the one that proves it. Okta gives their values back.
pub(super) async fn other_headers(
    wired: &Wired,
    hook: &InlineHook,
) -> Result<Vec<(String, Secret)>, Problem> {
    let names = match &hook.channel {
        HookChannel::Http { headers, .. } if headers.is_empty() => return Ok(Vec::new()),
        HookChannel::Http { headers, .. } => headers.as_slice(),
        HookChannel::OAuth { .. } | HookChannel::Other => &[],
    };
    let read = wired.client.inline_hook_headers(&hook.id).await;
    let read = read.map_err(|error| okta("The hook's headers cannot be read", &error))?;
    match names.iter().find(|name| !read.iter().any(|(known, _)| known == *name)) {
        None => Ok(read),
        Some(lost) => Err(bad(format!(
            "The hook sends another header `{lost}`, whose value Okta does not give back; a change would lose it. Take \
             it out of the hook in the console, or change the secret there"
        ))),
    }
}

fn header(entry: Entry<'_>) -> HookAuth {
    HookAuth::Header { name: entry.name.to_owned(), secret: copied(entry.secret) }
}
