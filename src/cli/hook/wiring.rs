//! What all verbs need: the client of the org, the entries of the configuration whose secrets Okta may send, and our
//! hooks among those of the org.

use std::time::Duration;

use super::super::{Exit, given, output, setup};
use super::address::Paths;
use super::mend::{About, End};
use super::report::{Problem, bad, okta};
use super::{Common, Known};
use crate::config::{Config, HeaderAuth, Needs, Server};
use crate::okta::client::Client;
use crate::okta::event_hooks::EventHook;
use crate::okta::inline_hooks::InlineHook;
use crate::schemes::Limits;
use crate::secret::Secret;

/// How long a call puts up with an org that does not answer: somebody waits for the command.
const PATIENCE: Duration = Duration::from_mins(1);
/// Where the configuration switches the event hook off.
const NO_EVENTS: &str =
    "server.events_path is empty, which switches the event hook off; leave it out, or name a path";

/// The rooms, wired.
pub(super) struct Wired {
    pub(super) client: Client,
    pub(super) org_url: String,
    /// What our hooks are called.
    pub(super) name: String,
    server: Server,
    limits: Limits,
}

/// An entry of the configuration, whose secret Okta may send.
#[derive(Clone, Copy)]
pub(super) struct Entry<'a> {
    pub(super) index: usize,
    pub(super) name: &'a str,
    pub(super) secret: &'a Secret,
    /// The section that lists it.
    pub(super) list: &'static str,
}

impl std::fmt::Display for Entry<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.header[{}]", self.list, self.index)
    }
}

/// Somebody whose password is known.
pub(super) struct KnownUser {
    pub(super) login: String,
    pub(super) password: Secret,
}

impl Wired {
    /// From the configuration; the exit code after what is wrong with it was told. Nothing is sent yet.
    pub(super) fn open(common: &Common) -> Result<Self, Exit> {
        let Config { server, limits, okta, .. } = configuration(common, true)?;
        let Some(okta) = okta else {
            output::note("okta: is missing; write [okta] with org_url and api_token");
            return Err(Exit::Bad);
        };
        let client = setup::okta_client(&okta, Some(PATIENCE))?;
        Ok(Self { client, org_url: okta.org_url, name: common.name.clone(), server, limits })
    }

    /// The password of the known user, from standard input.
    pub(super) fn known(&self, known: &Known) -> anyhow::Result<Option<KnownUser>> {
        let Some(login) = known.user.clone() else { return Ok(None) };
        Ok(Some(KnownUser { login, password: given::password(&self.limits)? }))
    }

    /// All entries that let a call of this kind in.
    pub(super) fn entries(&self, end: End) -> Vec<Entry<'_>> {
        let (list, headers) = self.list(end);
        let numbered = headers.iter().enumerate();
        numbered.map(|(index, HeaderAuth { name, secret, .. })| Entry { index, name, secret, list }).collect()
    }

    /// The entry of this number.
    pub(super) fn entry(&self, end: End, index: usize) -> Result<Entry<'_>, Problem> {
        let entries = self.entries(end);
        entries.get(index).copied().ok_or_else(|| {
            let list = self.list(end).0;
            bad(format!("{list}.header has no entry {index}; it has {}, counted from 0", entries.len()))
        })
    }

    /// Whether the event hook has secrets of its own.
    pub(super) fn events_apart(&self) -> bool {
        self.server.events_auth.is_some()
    }

    /// The paths that the service answers on.
    pub(super) fn paths(&self) -> Paths<'_> {
        Paths { hook: &self.server.path, events: self.server.events_path.as_deref() }
    }

    /// The event hook's path.
    pub(super) fn events_path(&self) -> Result<&str, Problem> {
        self.server.events_path.as_deref().ok_or_else(|| bad(NO_EVENTS))
    }

    /// What a mend speaks of.
    pub(super) fn about<'a>(&'a self, end: End, entry: Option<Entry<'a>>) -> About<'a> {
        let path = match end {
            End::Hook => &self.server.path,
            End::Events => self.server.events_path.as_deref().unwrap_or_default(),
        };
        About { end, path, entry }
    }

    /// All password import hooks of the org: one at most, says Okta.
    pub(super) async fn inline_hooks(&self) -> Result<Vec<InlineHook>, Problem> {
        self.client.inline_hooks().await.map_err(|error| okta("The inline hooks cannot be read", &error))
    }

    /// All event hooks of the org, ours and others'.
    pub(super) async fn event_hooks(&self) -> Result<Vec<EventHook>, Problem> {
        self.client.event_hooks().await.map_err(|error| okta("The event hooks cannot be read", &error))
    }

    /// Our inline hook, or what the org has instead.
    pub(super) async fn our_inline_hook(&self) -> Result<InlineHook, Problem> {
        let hooks = self.inline_hooks().await?;
        let others: Vec<String> = hooks.iter().map(|hook| format!("`{}`", hook.name)).collect();
        let name = &self.name;
        hooks.into_iter().find(|hook| hook.name == *name).ok_or_else(|| {
            bad(if others.is_empty() {
                "The org has no password import hook; make one with `keyferry hook register --url …`".to_owned()
            } else {
                format!(
                    "The org's password import hook is called {}, not `{name}`; if it is ours, say so with --name",
                    others.join(", ")
                )
            })
        })
    }

    /// Our event hook, where the org has it.
    pub(super) async fn our_event_hook(&self) -> Result<Option<EventHook>, Problem> {
        Ok(self.event_hooks().await?.into_iter().find(|hook| hook.name == self.name))
    }

    fn list(&self, end: End) -> (&'static str, &[HeaderAuth]) {
        match (end, &self.server.events_auth) {
            (End::Events, Some(apart)) => ("server.events_auth", &apart.header),
            _ => ("server.auth", &self.server.auth.header),
        }
    }
}

/// The configuration, with the secrets that let Okta in; the org is not always needed.
pub(super) fn configuration(common: &Common, okta: bool) -> Result<Config, Exit> {
    let needs = Needs { server: true, okta, ..Needs::LEDGER };
    setup::configuration(&common.config.config, needs)
}

/// The same bytes once more, for those who keep them.
pub(super) fn copied(secret: &Secret) -> Secret {
    Secret::new(secret.expose().to_vec())
}
