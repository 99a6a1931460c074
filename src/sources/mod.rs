//! The legacy stores: find one user at sign-in, stream all of them for survey and seeding. A store is only ever
//! read, but for the admin's own cleanup (`cleanup.rs`). One file per kind; what they share by SQL is in `sql.rs`.

mod catalogue;
mod checks;
mod cleanup;
mod count;
mod dialect;
mod exposure;
mod fault;
mod groups;
mod mysql;
mod page;
mod parameters;
mod pool;
mod postgres;
mod postgres_values;
mod record;
mod sql;
mod sqlite;
mod username;
mod walk;

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use futures_util::stream::BoxStream;
use thiserror::Error;

use crate::secret::Secret;

pub use catalogue::{CatalogueSource, Column, Engine, Key, Kind, Sampled, Table, open_catalogue};
pub use cleanup::{Cleaner, CleanupError, CleanupSettings, Rows};
pub use exposure::Exposure;
use mysql::MySqlDialect;
pub use page::{Columns, Draft, Found, Page, Place, Record, Row};
use postgres::PostgresDialect;
use sql::SqlSource;
use sqlite::SqliteDialect;
pub use username::UsernameRules;

/// Most groups of one user.
pub const MOST_GROUPS: usize = 1000;
/// Most bytes of a group's name: more than Okta takes, in characters of any kind.
pub const LONGEST_GROUP: usize = 1024;

/// Opens a store by the scheme of its URL. Connects at the first question, so a store that is down is no error here;
/// a URL or a query that cannot work is.
pub fn open(settings: SourceSettings) -> Result<Arc<dyn CredentialSource>, SourceError> {
    let scheme =
        settings.url.expose_str().and_then(|url| url.split_once(':')).map_or("", |(scheme, _)| scheme);
    match scheme {
        "sqlite" => Ok(Arc::new(SqlSource::<SqliteDialect>::open(settings)?)),
        "postgres" | "postgresql" => Ok(Arc::new(SqlSource::<PostgresDialect>::open(settings)?)),
        "mysql" | "mariadb" => Ok(Arc::new(SqlSource::<MySqlDialect>::open(settings)?)),
        _ => Err(SourceError::Misconfigured {
            source_name: settings.name,
            why: "`url` must begin with sqlite:, postgres: or mysql:".to_owned(),
        }),
    }
}

/// What tells one store from another by its URL: kind, host and database, without user, password and parameters.
pub fn identity(url: &str) -> String {
    let (kind, rest) = url.split_once(':').unwrap_or(("", url));
    let rest = rest.split('?').next().unwrap_or_default();
    let Some(server) = rest.strip_prefix("//").filter(|_| kind != "sqlite") else {
        return format!("{kind}:{}", rest.trim_start_matches("//"));
    };
    let (authority, database) = server.split_once('/').unwrap_or((server, ""));
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    let kind = match kind {
        "postgresql" => "postgres",
        "mariadb" => "mysql",
        kind => kind,
    };
    format!("{kind}://{}/{database}", host.to_ascii_lowercase())
}

/// A legacy store.
pub trait CredentialSource: Send + Sync {
    /// The name that the configuration gives it.
    fn name(&self) -> &Arc<str>;

    /// Looks one user up by the name typed at sign-in, after the source's own username rules.
    fn find<'a>(&'a self, username: &'a str) -> BoxFuture<'a, Result<Lookup, SourceError>>;

    /// All users, in batches of at most the page size, in constant memory. `filter` is a condition in the store's
    /// own SQL over the columns of the users query; rows that it does not select are left out. `after` begins behind
    /// the row of that [`Record::id`], be the row still there or not; one that cannot be an id of the store is
    /// [`SourceError::Misconfigured`]. A users query without `:after` always begins at its first row.
    fn stream<'a>(
        &'a self,
        filter: Option<&'a str>,
        after: Option<&'a str>,
    ) -> BoxStream<'a, Result<Page, SourceError>>;

    /// How many rows [`CredentialSource::stream`] will give, for progress; `None` where the store cannot tell.
    fn count<'a>(&'a self, filter: Option<&'a str>) -> BoxFuture<'a, Result<Option<u64>, SourceError>> {
        let _ = filter;
        Box::pin(std::future::ready(Ok(None)))
    }

    /// Whether [`CredentialSource::groups_of`] asks anything.
    fn has_groups_query(&self) -> bool {
        false
    }

    /// The groups of the user of that [`Record::id`], by the store's groups query: names as they stand there, blanks
    /// around them and empty ones dropped. At most [`MOST_GROUPS`] and one more, which tells that there are too many;
    /// of a name of more than [`LONGEST_GROUP`] bytes only these. None where the store has no such query.
    fn groups_of<'a>(&'a self, id: &'a str) -> BoxFuture<'a, Result<Vec<String>, SourceError>> {
        let _ = id;
        Box::pin(std::future::ready(Ok(Vec::new())))
    }

    /// What runs the admin's own statement for users whose passwords have arrived: the only way to write to a store,
    /// over a connection of its own. Connects at the first question.
    fn cleaner(&self, settings: &CleanupSettings) -> Result<Arc<dyn Cleaner>, SourceError> {
        let _ = settings;
        Err(misconfigured(self.name(), "is of a kind that cannot be cleaned up"))
    }

    /// Asks the store for a sign of life.
    fn ping(&self) -> BoxFuture<'_, Result<(), SourceError>>;

    /// Prepares all queries against the store without running them, and tells what is wrong with them.
    fn check(&self) -> BoxFuture<'_, Vec<SourceError>>;

    /// What the account and the connection allow beyond what is needed.
    fn exposures(&self) -> BoxFuture<'_, Result<Vec<Exposure>, SourceError>> {
        Box::pin(std::future::ready(Ok(Vec::new())))
    }

    /// The connection pool at this moment.
    fn pool(&self) -> PoolState;

    /// Closes the connections.
    fn close(&self) -> BoxFuture<'_, ()>;
}

/// How to reach a store and what to ask it: plain values, already checked for form.
#[derive(Debug)]
pub struct SourceSettings {
    /// Name in reports, logs and metrics.
    pub name: Arc<str>,
    /// `sqlite:`, `postgres:` or `mysql:`; may hold a password.
    pub url: Secret,
    /// The look-up of one user, with `:username`.
    pub lookup: String,
    /// The walk over all users, with `:after` and `:limit`; needed for survey and seeding only.
    pub users: Option<String>,
    /// The groups of one user, with `:id`: one column of names, any number of rows.
    pub groups: Option<String>,
    /// Rows in one batch of the walk.
    pub page_size: u32,
    /// Connections at most.
    pub max_connections: u32,
    /// The longest wait for a connection, new or from the pool.
    pub connect_timeout: Duration,
    /// The longest wait for a look-up's answer.
    pub query_timeout: Duration,
    /// From what was typed to what is looked up.
    pub username: UsernameRules,
}

/// What a look-up found.
#[derive(Debug)]
pub enum Lookup {
    /// Nobody of that name.
    Unknown,
    /// One user.
    Found(Found),
    /// Two or more rows, be they of one user or of several: nobody can say which password is meant.
    Ambiguous,
    /// One user, whose row cannot be read.
    BadRow(BadRow),
}

impl Lookup {
    /// What the only row of a page says.
    fn of(page: Page) -> Self {
        let bad = match page.row(0) {
            Some(Err(bad)) => Some(bad.clone()),
            _ => None,
        };
        match bad {
            Some(bad) => Self::BadRow(bad),
            None => Found::only(page).map_or(Self::Unknown, Self::Found),
        }
    }
}

/// A row that cannot be used. Says which and why, never the values.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("row {}: {why}", id.as_deref().unwrap_or("without id"))]
pub struct BadRow {
    /// Its id, where that much was readable.
    pub id: Option<String>,
    /// What is wrong.
    pub why: String,
}

/// The connection pool of a source.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PoolState {
    /// Connections open.
    pub open: u32,
    /// Of these, idle.
    pub idle: u32,
    /// The most there may be.
    pub max: u32,
}

fn misconfigured(name: &str, why: &str) -> SourceError {
    SourceError::Misconfigured { source_name: Arc::from(name), why: why.to_owned() }
}

/// What can go wrong with a store. Messages name the source and the mend, never a value, a password or a URL's
/// credentials.
#[derive(Debug, Error)]
pub enum SourceError {
    /// The store cannot be reached, or did not answer in time. It may be back in a moment.
    #[error("source `{source_name}` is not reachable: {why}")]
    Down {
        /// The source.
        source_name: Arc<str>,
        /// The driver's words, without values.
        why: String,
    },
    /// The store refuses the query: it will not get better by itself.
    #[error("source `{source_name}`: the {query} query fails: {why}")]
    Query {
        /// The source.
        source_name: Arc<str>,
        /// `lookup`, `users` or `groups`.
        query: &'static str,
        /// The database's words, without values.
        why: String,
    },
    /// What the store holds for one user cannot be used; it says nothing of the others.
    #[error("source `{source_name}`: the {query} query: {why}")]
    Unreadable {
        /// The source.
        source_name: Arc<str>,
        /// `groups`.
        query: &'static str,
        /// What is wrong, without the value.
        why: String,
    },
    /// The configuration of the source cannot work.
    #[error("source `{source_name}`: {why}")]
    Misconfigured {
        /// The source.
        source_name: Arc<str>,
        /// What is wrong and how to mend it.
        why: String,
    },
}
