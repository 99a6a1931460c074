//! One walk over all stores, in their order of precedence, person by person: who is to be created, and who cannot be.
//!
//! The first store that knows a person gives the credential, also where its row is a reject: at sign-in, too, it is
//! that store that decides. The import and the export both walk here, so that they decide alike about duplicates and
//! merges. Values that people are told by stay as fingerprints, and nothing of a stored value stays.

mod known;
mod report;
mod round;
mod staging;
#[cfg(test)]
mod tests;
mod user;

use std::sync::Arc;

use futures_util::future::join_all;
use thiserror::Error;

pub use self::report::{Conflict, MergeReport};
pub(super) use self::round::{Marked, Round, Rounds, Shared, Visited};
pub use self::staging::StagingError;
pub use self::user::{Batch, CredentialParts, NewUser, Person};
use super::corrections::{Corrections, CorrectionsError};
use super::groups::GroupRules;
use super::plan::{Planner, Reject};
use super::walk::WalkError;
use crate::sources::{CredentialSource, Record, Row, SourceError};

/// Users whose groups are asked for at once, at most.
const ASKED_AT_ONCE: usize = 8;

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
    /// What later stores say cannot be kept.
    #[error(transparent)]
    Staging(#[from] StagingError),
    /// Rows came and went where the walk was to go on.
    #[error("source `{0}` changed while the walk looked for the place to go on from: run it again")]
    Changed(Arc<str>),
    /// A start in a store that is not there: the configuration has changed since.
    #[error("the walk cannot go on in source number {0}, counted from 0: there are fewer")]
    NoSuchSource(usize),
    /// More stores than can be told apart.
    #[error("{0} sources are more than can be merged; {most} can be", most = known::MOST_SOURCES)]
    TooManySources(usize),
}

/// A walk over all people. Dropping it ends the walk.
pub struct People {
    round: Round<Batch, PeopleError>,
    stores: Vec<Planned>,
    groups: Arc<GroupRules>,
    /// A batch whose groups are being asked for, and the place of the next person.
    waiting: Option<(Batch, usize)>,
}

impl People {
    /// Begins a walk; stores are asked when the first batch is.
    pub fn start(walked: Walked) -> Self {
        let Walked { stores, filter, match_on, merge, groups, corrections, start } = walked;
        let groups = Arc::new(groups);
        let rules = Arc::clone(&groups);
        let rounds = Rounds { stores: stores.clone(), filter, match_on, merge, corrections, start };
        let round = Round::start(rounds, move |shared, marked| batch(shared, marked, &rules));
        Self { round, stores, groups, waiting: None }
    }

    /// The next batch, in the order of the rows; `None` after the last. Cancelled while it waits, it loses nothing.
    pub async fn next(&mut self) -> Option<Result<Batch, PeopleError>> {
        if self.waiting.is_none() {
            match self.round.next().await? {
                Ok(batch) => self.waiting = Some((batch, 0)),
                Err(error) => return Some(Err(error)),
            }
        }
        if let Err(error) = self.ask_for_groups().await {
            self.waiting = None;
            return Some(Err(PeopleError::Walk(error.into())));
        }
        self.waiting.take().map(|(batch, _)| Ok(batch))
    }

    /// What merging the stores came to so far, counted since the walk began; nothing where there is one store.
    pub fn merged(&self) -> MergeReport {
        self.round.merged()
    }

    /// Rows that the corrections name and the walk has not met: after its end, rows that no store has.
    pub fn corrections_left(&self) -> usize {
        self.round.corrections_left()
    }

    /// Adds what the groups query says to what the groups column said.
    async fn ask_for_groups(&mut self) -> Result<(), SourceError> {
        let Some((batch, asked)) = &mut self.waiting else { return Ok(()) };
        let Some(store) = self.stores.get(batch.source).filter(|store| store.source.has_groups_query())
        else {
            return Ok(());
        };
        // The walk holds one connection.
        let others = usize::try_from(store.source.pool().max.saturating_sub(1)).unwrap_or(1);
        let at_once = others.clamp(1, ASKED_AT_ONCE);
        while *asked < batch.people.len() {
            let mut questions = Vec::with_capacity(at_once);
            let mut end = *asked;
            while questions.len() < at_once
                && let Some(person) = batch.people.get(end)
            {
                if let (Ok(_), Some(id)) = (&person.decided, &person.id) {
                    let source = &store.source;
                    questions.push(async move { (end, source.groups_of(id).await) });
                }
                end += 1;
            }
            for (place, answer) in join_all(questions).await {
                let Some(person) = batch.people.get_mut(place) else { continue };
                let Ok(user) = &mut person.decided else { continue };
                let joined = match answer {
                    Ok(names) => self.groups.apply(user.groups.iter().chain(&names).map(String::as_str)),
                    Err(SourceError::Unreadable { why, .. }) => Err(Reject::Groups(why)),
                    Err(error) => return Err(error),
                };
                match joined {
                    Ok(groups) => user.groups = groups,
                    Err(reject) => person.decided = Err(reject),
                }
            }
            *asked = end;
        }
        Ok(())
    }
}

/// Plans the rows of a batch. Where the store has a groups query, groups stay as the column has them until it is asked.
fn batch(
    shared: &Shared,
    mut marked: Marked,
    rules: &GroupRules,
) -> Result<(Batch, MergeReport), PeopleError> {
    let source = marked.source;
    let Some(store) = shared.stores.get(source) else { return Err(PeopleError::NoSuchSource(source)) };
    let asks = store.source.has_groups_query();
    let mut people: Vec<Person> = Vec::with_capacity(marked.rows.len());
    let merged = shared.visit(&mut marked, |visited| {
        people.push(person(visited, rules, asks));
        Ok::<(), PeopleError>(())
    })?;
    let rows = u64::try_from(marked.rows.len()).unwrap_or(u64::MAX);
    let last_id = marked.rows.iter().rev().find_map(|row| match row {
        Ok(record) => Some(record.id().to_owned()),
        Err(bad) => bad.id.clone(),
    });
    Ok((Batch { source, rows, people, last_id }, merged))
}

fn person(visited: Visited<'_>, rules: &GroupRules, asks: bool) -> Person {
    let Visited { row, mapping, beside, decided } = visited;
    let owned = |values: Vec<(&str, &str)>| -> Vec<(String, String)> {
        values.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
    };
    let (id, attributes) = match row {
        Row::Ok(record) => (Some(record.id().to_owned()), owned(mapping.values(record, beside))),
        Row::Err(bad) => (bad.id.clone(), Vec::new()),
    };
    let login = attributes.iter().find(|(name, _)| name == "login").map(|(_, value)| value.clone());
    let decided = decided.and_then(|planned| {
        let groups = row.map_or(&[][..], Record::groups);
        let groups = if asks { groups.to_vec() } else { rules.apply(groups.iter().map(String::as_str))? };
        Ok(NewUser {
            profile: owned(planned.profile.0),
            credential: CredentialParts::of(&planned.scheme, row.ok()),
            scheme: planned.scheme,
            route: planned.route,
            groups,
        })
    });
    Person { id, login, attributes, decided }
}
