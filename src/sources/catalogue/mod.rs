//! What a database says of itself: tables, columns, types and keys, and samples of values. For `keyferry init`, which
//! looks for the users in a store that nobody has described yet.
//!
//! Only ever reads, bounded in rows and in the length of values. Sampled values are secrets: most likely they are
//! people's names and hashes.

mod kinds;
mod mysql;
mod postgres;
mod read;
mod sqlite;

use std::time::Duration;

use futures_util::future::BoxFuture;

use super::mysql::MySqlDialect;
use super::postgres::PostgresDialect;
use super::sqlite::SqliteDialect;
use super::{SourceError, misconfigured};
use crate::secret::Secret;
pub use kinds::{Engine, Kind};
use read::Session;

/// Opens a database by the scheme of its URL, as [`open`](super::open) does. `limit` is the longest that one
/// question may take.
pub fn open_catalogue(
    name: &str,
    url: &Secret,
    limit: Duration,
) -> Result<Box<dyn CatalogueSource>, SourceError> {
    let scheme = url.expose_str().and_then(|url| url.split_once(':')).map_or("", |(scheme, _)| scheme);
    match scheme {
        "sqlite" => Ok(Box::new(Session::<SqliteDialect>::open(name, url, limit)?)),
        "postgres" | "postgresql" => Ok(Box::new(Session::<PostgresDialect>::open(name, url, limit)?)),
        "mysql" | "mariadb" => Ok(Box::new(Session::<MySqlDialect>::open(name, url, limit)?)),
        _ => Err(misconfigured(name, "the URL must begin with sqlite:, postgres: or mysql:")),
    }
}

/// A database that can be asked what is in it.
pub trait CatalogueSource: Send + Sync {
    /// Which kind it is.
    fn engine(&self) -> Engine;

    /// All tables and views that are not the database's own, in the order of their names.
    fn tables(&self) -> BoxFuture<'_, Result<Vec<Table>, SourceError>>;

    /// At most `rows` rows of a table: half of them the first, half the last by the column `ordered_by`, where there
    /// is one. Of each value at most `bytes` characters. The columns are those asked for, in their order.
    fn sample<'a>(
        &'a self,
        table: &'a Table,
        columns: &'a [&'a Column],
        ordered_by: Option<&'a str>,
        rows: u32,
        bytes: u32,
    ) -> BoxFuture<'a, Result<Vec<Sampled>, SourceError>>;

    /// Closes the connection.
    fn close(&self) -> BoxFuture<'_, ()>;
}

/// The values of one sampled row, as bytes; none for NULL.
pub type Sampled = Vec<Option<Secret>>;

/// A table or view.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Table {
    /// The schema, where the name alone would not find the table.
    pub schema: Option<String>,
    /// Its name.
    pub name: String,
    /// Whether it is a view.
    pub view: bool,
    /// The columns that may be read, in their order.
    pub columns: Vec<Column>,
    /// Columns that the user of the URL may not read.
    pub hidden_columns: usize,
    /// What identifies a row.
    pub keys: Vec<Key>,
}

impl Table {
    /// The name as it is written in a query.
    pub fn sql(&self, engine: Engine) -> String {
        let name = engine.quoted(&self.name);
        self.schema
            .as_ref()
            .map_or_else(|| name.clone(), |schema| format!("{}.{name}", engine.quoted(schema)))
    }

    /// The name for people.
    pub fn display(&self) -> String {
        self.schema.as_ref().map_or_else(|| self.name.clone(), |schema| format!("{schema}.{}", self.name))
    }

    /// A column by its name, whatever the case.
    pub fn column(&self, name: &str) -> Option<&Column> {
        self.columns.iter().find(|column| column.name.eq_ignore_ascii_case(name))
    }
}

/// A column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// The type in the database's own words.
    pub sql_type: String,
    /// What kind of values it holds.
    pub kind: Kind,
    /// Whether comparing takes upper and lower case for the same.
    pub folds_case: bool,
    /// Whether it may be NULL.
    pub nullable: bool,
}

/// Columns whose values together stand in one row only.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key {
    /// Whether it is the primary key.
    pub primary: bool,
    /// In the key's order.
    pub columns: Vec<String>,
}
