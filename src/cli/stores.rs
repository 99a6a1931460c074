//! The stores of the configuration, opened: for sign-ins, or for a walk over all their users.

use std::sync::Arc;

use crate::config::{self, Config, Source};
use crate::credential::Reader;
use crate::decision;
use crate::schemes::Limits;
use crate::seeding::people::{Merge, PeopleError};
use crate::seeding::walk::WalkError;
use crate::sources::{self, CredentialSource, SourceError};

use super::output::{self, Exit};

/// A store, the reader of its values, and its mapping.
pub(super) struct Store {
    /// The store.
    pub(super) source: Arc<dyn CredentialSource>,
    /// Reads its values.
    pub(super) reader: Reader,
    /// `[source.profile]`.
    pub(super) profile: Vec<(String, String)>,
}

/// Opens all stores for a walk, or the one of that name; the exit code after what is wrong was printed.
pub(super) fn open(config: Config, only: Option<&str>) -> Result<Vec<Store>, Exit> {
    let names: Vec<_> = config.sources.iter().map(|source| Arc::clone(&source.settings.name)).collect();
    let wanted: Vec<Source> = config
        .sources
        .into_iter()
        .filter(|source| only.is_none_or(|only| *source.settings.name == *only))
        .collect();
    if wanted.is_empty() {
        let only = only.unwrap_or_default();
        output::note(&format!("--source {only}: no source has that name; there are: {}", names.join(", ")));
        return Err(Exit::Bad);
    }
    let without_users: Vec<_> = wanted.iter().filter(|source| source.settings.users.is_none()).collect();
    for source in &without_users {
        output::note(&format!(
            "source `{}`: `users` is missing: write the SQL that walks over all users, with :after and :limit",
            source.settings.name
        ));
    }
    if without_users.is_empty() { open_all(wanted, &config.limits) } else { Err(Exit::Bad) }
}

/// The sources' names, and what tells one database from another: a ledger belongs to these.
pub(super) fn identities(config: &Config) -> Vec<(Arc<str>, String)> {
    let identity = |source: &Source| {
        let url = source.settings.url.expose_str().unwrap_or_default();
        (Arc::clone(&source.settings.name), sources::identity(url))
    };
    config.sources.iter().map(identity).collect()
}

/// The same for look-ups alone, as the decision takes them.
pub(super) fn for_sign_in(sources: Vec<Source>, limits: &Limits) -> Result<Vec<decision::Store>, Exit> {
    let stores = open_all(sources, limits)?;
    Ok(stores
        .into_iter()
        .map(|Store { source, reader, .. }| decision::Store { source, reader: Arc::new(reader) })
        .collect())
}

/// Opens each, a store that is down as well; the exit code after every one that cannot work was told.
fn open_all(sources: Vec<Source>, limits: &Limits) -> Result<Vec<Store>, Exit> {
    let mut stores = Vec::with_capacity(sources.len());
    let mut wrong = false;
    for source in sources {
        let reader = Reader::new(source.scheme, limits.clone(), source.pepper);
        match sources::open(source.settings) {
            Ok(opened) => stores.push(Store { source: opened, reader, profile: source.profile }),
            Err(error) => {
                output::note(&error.to_string());
                wrong = true;
            }
        }
    }
    if wrong { Err(Exit::Bad) } else { Ok(stores) }
}

/// Whether a walk ended because of what the admin wrote, rather than because something broke.
pub(super) fn is_misconfigured(error: &WalkError, rows: u64) -> bool {
    match error {
        WalkError::Source(SourceError::Misconfigured { .. }) => true,
        WalkError::Source(SourceError::Query { .. }) => rows == 0,
        WalkError::Source(SourceError::Down { .. } | SourceError::Unreadable { .. })
        | WalkError::Worker(_) => false,
    }
}

/// The same of a walk over people.
pub(super) fn is_bad_input(error: &PeopleError, rows: u64) -> bool {
    match error {
        PeopleError::Walk(error) => is_misconfigured(error, rows),
        PeopleError::MissingColumns { .. }
        | PeopleError::Corrections(_)
        | PeopleError::NoSuchSource(_)
        | PeopleError::TooManySources(_) => true,
        PeopleError::Staging(_) | PeopleError::Changed(_) => false,
    }
}

/// How rows of several stores become one person, as `[import]` has it.
pub(super) fn merge(merge: config::Merge) -> Merge {
    match merge {
        config::Merge::Fill => Merge::Fill,
        config::Merge::Ignore => Merge::Ignore,
    }
}

/// The number of rows to come, for a progress bar; none where nobody looks at one, or a store cannot tell.
pub(super) async fn count(
    sources: impl Iterator<Item = &Arc<dyn CredentialSource>>,
    filter: Option<&str>,
) -> Option<u64> {
    if !console::user_attended_stderr() {
        return None;
    }
    count_all(sources, filter).await
}

/// The same whoever looks.
pub(super) async fn count_all(
    sources: impl Iterator<Item = &Arc<dyn CredentialSource>>,
    filter: Option<&str>,
) -> Option<u64> {
    let mut total = 0;
    for source in sources {
        total += source.count(filter).await.ok()??;
    }
    Some(total)
}
