//! One walk over all stores, in their order of precedence, person by person: who is to be created, and who cannot be.
//!
//! The import and the export both walk here, so that they decide alike about duplicates and merges.

mod report;
mod user;

use std::sync::Arc;

use thiserror::Error;

pub use self::report::{Conflict, MergeReport};
pub use self::user::{Batch, CredentialParts, NewUser, Person};
use super::corrections::{Corrections, CorrectionsError};
use super::groups::GroupRules;
use super::plan::Planner;
use super::walk::WalkError;
use crate::sources::CredentialSource;

/// A store with the planner of its rows.
#[derive(Clone)]
pub struct Planned {
    /// The store.
    pub source: Arc<dyn CredentialSource>,
    /// Decides for its rows.
    pub planner: Arc<Planner>,
}

/// What is walked, and how.
pub struct Walked {
    /// The stores, the first of which decides.
    pub stores: Vec<Planned>,
    /// A condition in the stores' SQL.
    pub filter: Option<String>,
    /// Okta attributes: rows of several stores in which one of them is equal are one person.
    pub match_on: Vec<String>,
    /// What later rows of a person are for.
    pub merge: Merge,
    /// From the stores' groups to Okta's.
    pub groups: GroupRules,
    /// Only these rows, with these values.
    pub corrections: Option<Corrections>,
    /// Where to go on; from the first row where there is none.
    pub start: Option<Start>,
}

impl Walked {
    /// The Okta attributes that the stores fill.
    pub fn attributes(&self) -> impl Iterator<Item = &str> {
        self.stores.iter().flat_map(|store| store.planner.profile().attributes())
    }
}

/// What later rows of a person are for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Merge {
    /// They fill attributes that are empty in the first.
    #[default]
    Fill,
    /// Nothing.
    Ignore,
}

/// Where a walk goes on: behind this row of this store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Start {
    /// The store, by its place.
    pub source: usize,
    /// The row's id, as [`Batch::last_id`] or [`Person::id`] tell it.
    pub after: String,
}

/// Why a walk ended before its end.
#[derive(Debug, Error)]
pub enum PeopleError {
    /// A store failed, or the program.
    #[error(transparent)]
    Walk(#[from] WalkError),
    /// The mapping names columns that the query does not give.
    #[error(
        "source `{source_name}`: the users query has no column {}: select it, or change [source.profile]",
        .columns.iter().map(|column| format!("`{column}`")).collect::<Vec<_>>().join(", ")
    )]
    MissingColumns {
        /// The source.
        source_name: Arc<str>,
        /// The columns.
        columns: Vec<String>,
    },
    /// The corrections do not fit the stores.
    #[error(transparent)]
    Corrections(#[from] CorrectionsError),
}

/// A walk over all people. Dropping it ends the walk.
pub struct People;

impl People {
    /// Begins a walk.
    pub fn start(walked: Walked) -> Self {
        drop(walked);
        Self
    }

    /// The next batch, in the order of the rows; `None` after the last. Cancelled while it waits, it loses nothing.
    #[expect(clippy::unused_async, reason = "to be walked")]
    pub async fn next(&mut self) -> Option<Result<Batch, PeopleError>> {
        None
    }

    /// What merging the stores came to so far.
    pub fn merged(&self) -> MergeReport {
        MergeReport::default()
    }
}
