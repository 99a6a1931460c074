//! The stores of the configuration, opened for a walk over all their users.

use std::sync::Arc;

use crate::config::{Config, Source};
use crate::credential::Reader;
use crate::schemes::Limits;
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

/// Opens all stores, or the one of that name; the exit code after what is wrong was printed.
pub(super) fn open(config: Config, only: Option<&str>) -> Result<Vec<Store>, Exit> {
    let limits = config.limits;
    let names: Vec<_> = config.sources.iter().map(|source| Arc::clone(&source.settings.name)).collect();
    let wanted =
        config.sources.into_iter().filter(|source| only.is_none_or(|only| *source.settings.name == *only));
    let opened: Vec<Result<Store, Vec<String>>> = wanted.map(|source| store(source, &limits)).collect();
    if opened.is_empty() {
        let only = only.unwrap_or_default();
        output::note(&format!("--source {only}: no source has that name; there are: {}", names.join(", ")));
        return Err(Exit::Bad);
    }
    let mut stores = Vec::new();
    let mut problems = Vec::new();
    for one in opened {
        match one {
            Ok(store) => stores.push(store),
            Err(more) => problems.extend(more),
        }
    }
    if problems.is_empty() {
        return Ok(stores);
    }
    for problem in problems {
        output::note(&problem);
    }
    Err(Exit::Bad)
}

fn store(source: Source, limits: &Limits) -> Result<Store, Vec<String>> {
    let name = Arc::clone(&source.settings.name);
    if source.settings.users.is_none() {
        return Err(vec![format!(
            "source `{name}`: `users` is missing: write the SQL that walks over all users, with :after and :limit"
        )]);
    }
    let reader = Reader::new(source.scheme, limits.clone(), source.pepper);
    let opened = sources::open(source.settings).map_err(|error| vec![error.to_string()])?;
    Ok(Store { source: opened, reader, profile: source.profile })
}

/// Whether a walk ended because of what the admin wrote, rather than because something broke.
pub(super) fn is_misconfigured(error: &WalkError, rows: u64) -> bool {
    match error {
        WalkError::Source(SourceError::Misconfigured { .. }) => true,
        WalkError::Source(SourceError::Query { .. }) => rows == 0,
        WalkError::Source(SourceError::Down { .. }) | WalkError::Worker(_) => false,
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
    let mut total = 0;
    for source in sources {
        total += source.count(filter).await.ok()??;
    }
    Some(total)
}
