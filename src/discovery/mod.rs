//! Finds the users in a database that nobody has described: which table, which column holds the hashes, how they were
//! made, and what the two queries would be. For `keyferry init`.
//!
//! Judges by names and by sampled values, and says by what. Values are looked at and dropped; none of them gets into
//! a finding, a query or a message. It never decides what a bare digest is: it names what it could be.

mod applications;
mod candidates;
mod draft;
mod file;
mod names;
mod values;

use serde::Serialize;

pub use candidates::{Candidate, MOST_TABLES, SAMPLE_ROWS, printable};
pub use draft::Draft;
pub use file::{Settings, toml, toml_string};
pub use values::Counts;

use crate::sources::{CatalogueSource, Engine, SourceError};

/// What was found.
#[derive(Debug)]
pub struct Discovery {
    /// The kind of database.
    pub engine: Engine,
    /// Tables and views that were seen.
    pub tables: usize,
    /// Of these, those without a column that may be read, by name.
    pub unreadable: Vec<String>,
    /// Tables that could not be sampled, and why.
    pub not_sampled: Vec<String>,
    /// The best candidate, and how it is asked; none where no table looks like one of users.
    pub found: Option<Found>,
    /// The others that could be meant, best first.
    pub runners_up: Vec<RunnerUp>,
}

/// The table of users, and how it is asked.
#[derive(Debug)]
pub struct Found {
    /// The table.
    pub candidate: Candidate,
    /// The queries and the mapping.
    pub draft: Draft,
}

/// Another table that could be meant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RunnerUp {
    /// Its name.
    pub table: String,
    /// Its column of hashes.
    pub column: String,
    /// How well it fits; comparable within one report alone.
    pub score: i32,
    /// What speaks for and against it.
    pub why: Vec<String>,
}

/// Looks. Asks for the catalogue once, and for a sample of each table that could hold users; with `only`, of the tables
/// of that name.
pub async fn discover(source: &dyn CatalogueSource, only: Option<&str>) -> Result<Discovery, SourceError> {
    let tables = source.tables().await?;
    let engine = source.engine();
    let unreadable = tables.iter().filter(|table| table.columns.is_empty() && table.hidden_columns > 0);
    let unreadable = unreadable.map(crate::sources::Table::display).collect();
    let (mut candidates, not_sampled) = candidates::find(source, &tables, only).await?;
    let found = (!candidates.is_empty()).then(|| {
        let candidate = candidates.remove(0);
        let draft = draft::of(engine, &tables, &candidate);
        Found { candidate, draft }
    });
    let runners_up = candidates.iter().map(Candidate::runner_up).collect();
    Ok(Discovery { engine, tables: tables.len(), unreadable, not_sampled, found, runners_up })
}
