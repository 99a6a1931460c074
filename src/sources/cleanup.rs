//! The one thing that ever writes to a legacy store: the admin's own statement, run for users by id over a second
//! connection of its own, whose account may write. All else in this room is read-only, and nothing here ever runs
//! anything but that one statement, whole batches in one transaction or not at all.

use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use sqlx::error::DatabaseError;
use sqlx::mysql::{MySqlConnectOptions, MySqlConnection, MySqlDatabaseError};
use sqlx::postgres::{PgArguments, PgConnectOptions, PgConnection};
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{Arguments, AssertSqlSafe, ConnectOptions, Connection, Executor, SqlSafeStr};
use thiserror::Error;
use tokio::sync::Mutex;

use super::checks::check_url_keys;
use super::dialect::{Dialect, Prepared};
use super::fault::{Class, Fault};
use super::mysql::{self, MySqlDialect};
use super::parameters::{Parameter, Query};
use super::pool::Purpose;
use super::postgres::{self, PostgresDialect};
use super::record::Value;
use super::sql::{Shared, prepare};
use super::sqlite::{self, SqliteDialect};
use super::walk::first_ids;
use super::{SourceError, misconfigured};
use crate::secret::Secret;

/// The longest that one statement may wait for a row that somebody else holds.
const LONGEST_LOCK: Duration = Duration::from_secs(10);
/// The longest that connecting may take.
const LONGEST_CONNECT: Duration = Duration::from_secs(10);
/// The longest that preparing may take.
const LONGEST_PREPARE: Duration = Duration::from_secs(30);
/// The longest that one batch may take; far more than any that finds its rows by an index.
const LONGEST_BATCH: Duration = Duration::from_mins(5);
/// The name of the statement in messages.
const CLEANUP: &str = "cleanup";

/// How to write to a store, and what.
#[derive(Debug)]
pub struct CleanupSettings {
    /// The same kind of database as the source's `url`, with an account that may write.
    pub url: Secret,
    /// One statement with `:id`.
    pub sql: String,
}

/// The admin's statement for users of one store.
pub trait Cleaner: Send + Sync {
    /// Connects and prepares the statement, without running it. PostgreSQL and MariaDB also tell here whether the
    /// account may write there.
    fn check(&self) -> BoxFuture<'_, Result<(), SourceError>>;

    /// Runs the statement for each id ([`super::Record::id`]), all in one transaction. A batch that ends in an error
    /// has changed nothing, unless the connection broke while it was being committed: then nobody knows, and running
    /// it again does no harm where the statement may be repeated.
    fn run<'a>(&'a self, ids: &'a [&'a str], rows: Rows) -> BoxFuture<'a, Result<Vec<u64>, CleanupError>>;
}

/// How many rows the statement may change for one id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rows {
    /// None or one; more means that the statement does not tell users apart.
    One,
    /// Any number.
    Many,
}

/// Why a batch was not run.
#[derive(Debug, Error)]
pub enum CleanupError {
    /// The store, or the statement.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// The statement changes rows of others.
    #[error(
        "source `{source_name}`: the cleanup statement changes {rows} rows for the id {id}; it must find one user by \
         `:id`. The batch was rolled back. If several rows belong to one user, say so with --allow-many"
    )]
    ManyRows {
        /// The source.
        source_name: Arc<str>,
        /// Whose row was meant.
        id: String,
        /// Rows that it changed.
        rows: u64,
    },
}

/// What a database needs beyond [`Dialect`] to be written to.
pub(super) trait Writing: Dialect {
    /// Beginnings of the URLs of this kind of database.
    const SCHEMES: &'static [&'static str];

    /// How to connect, without what makes all other connections read-only.
    fn writing_options(url: &str) -> Result<Self::Options, sqlx::Error>;

    /// Bounds the time that statements wait.
    fn begin_writing(connection: &mut Self::Connection) -> BoxFuture<'_, Result<(), sqlx::Error>>;

    /// The statement as it is bound; `walk` is the users query, whose ids are meant.
    fn prepare_writing<'a>(
        connection: &'a mut Self::Connection,
        query: &'a Query,
        walk: &'a Prepared,
    ) -> BoxFuture<'a, Result<Prepared, sqlx::Error>> {
        let _ = walk;
        Self::prepare(connection, query)
    }

    /// Whether the account may run it, as far as the database tells without running it.
    fn prove<'a>(
        connection: &'a mut Self::Connection,
        prepared: &'a Prepared,
    ) -> BoxFuture<'a, Result<(), Fault>> {
        let _ = (connection, prepared);
        std::future::ready(Ok(())).boxed()
    }

    /// Runs the statement; how many rows it found to change.
    fn execute<'a>(
        connection: &'a mut Self::Connection,
        sql: &Arc<str>,
        values: Vec<Value>,
    ) -> BoxFuture<'a, Result<u64, sqlx::Error>>;

    /// What an error means when it is about writing; `None` where it means what it always means.
    fn refusal(error: &sqlx::Error) -> Option<String>;
}

/// Checks the settings as far as that goes without the database.
pub(super) fn open<D: Writing>(
    shared: &Arc<Shared<D>>,
    settings: &CleanupSettings,
) -> Result<Arc<dyn Cleaner>, SourceError> {
    let wrong = |why: &str| misconfigured(&shared.name, why);
    let url = settings.url.expose_str().ok_or_else(|| wrong("the cleanup's `url` is not text"))?;
    if !D::SCHEMES.iter().any(|scheme| url.starts_with(scheme)) {
        return Err(wrong("the cleanup's `url` is of another kind of database than the source's"));
    }
    check_url_keys(url, D::URL_KEYS).map_err(|why| wrong(&format!("the cleanup's {why}")))?;
    // The parser's words may quote the URL, and with it a password.
    let options = D::writing_options(url).map_err(|_| {
        wrong("the cleanup's `url` cannot be read; write special characters in user and password as %40")
    })?;
    let statement = Query::parse(&settings.sql, D::LEXICON, &[Parameter::Id])
        .map_err(|why| wrong(&format!("the cleanup statement {why}")))?;
    if !statement.asks_for(Parameter::Id) {
        return Err(wrong("the cleanup statement does not use `:id`, so it would change everybody"));
    }
    Ok(Arc::new(SqlCleaner { shared: Arc::clone(shared), options, statement, session: Mutex::default() }))
}

struct SqlCleaner<D: Writing> {
    /// The store as it is read, for the types of its ids.
    shared: Arc<Shared<D>>,
    options: D::Options,
    statement: Query,
    session: Mutex<Option<Session<D>>>,
}

/// A writing connection that is in order, and what was learned for it.
struct Session<D: Writing> {
    connection: D::Connection,
    prepared: Prepared,
    /// The users query, whose ids are told.
    walk: Prepared,
    /// Some of its ids, where the database tells no types.
    seen: Vec<Value>,
}

/// Why a batch ended without a commit.
enum Failure {
    Fault(Fault),
    ManyRows { id: String, rows: u64 },
}

impl From<Fault> for Failure {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

impl<D: Writing> Cleaner for SqlCleaner<D> {
    fn check(&self) -> BoxFuture<'_, Result<(), SourceError>> {
        Box::pin(async {
            let proven = async {
                let mut session = self.connect().await?;
                D::prove(&mut session.connection, &session.prepared).await
            };
            proven.await.map_err(|fault| self.shared.error(CLEANUP, fault))
        })
    }

    fn run<'a>(&'a self, ids: &'a [&'a str], rows: Rows) -> BoxFuture<'a, Result<Vec<u64>, CleanupError>> {
        Box::pin(async move {
            let first = self.attempt(ids, rows).await;
            let result = match first {
                // On a new connection, since this one is cut, or was in the way of somebody else's transaction.
                Err(Failure::Fault(fault))
                    if matches!(fault.class, Class::Connection | Class::Busy | Class::Stale) =>
                {
                    self.attempt(ids, rows).await
                }
                other => other,
            };
            result.map_err(|failure| match failure {
                Failure::Fault(fault) => self.shared.error(CLEANUP, fault).into(),
                Failure::ManyRows { id, rows } => {
                    CleanupError::ManyRows { source_name: Arc::clone(&self.shared.name), id, rows }
                }
            })
        })
    }
}

impl<D: Writing> SqlCleaner<D> {
    /// Runs one batch. A connection in doubt is not used again: closing it ends its transaction.
    async fn attempt(&self, ids: &[&str], rows: Rows) -> Result<Vec<u64>, Failure> {
        let mut place = self.session.lock().await;
        let mut session = match place.take() {
            Some(session) => session,
            None => self.connect().await?,
        };
        let batch = tokio::time::timeout(LONGEST_BATCH, session.batch(ids, rows)).await;
        let changed = batch.map_err(|_| Fault::no_answer(LONGEST_BATCH))??;
        *place = Some(session);
        Ok(changed)
    }

    async fn connect(&self) -> Result<Session<D>, Fault> {
        let (walk, seen) = self.learn().await?;
        let connected = tokio::time::timeout(LONGEST_CONNECT, async {
            let mut connection = self.options.connect().await.map_err(|error| fault::<D>(&error))?;
            D::begin_writing(&mut connection).await.map_err(|error| fault::<D>(&error))?;
            Ok(connection)
        });
        let mut connection = connected.await.map_err(|_| Fault::no_answer(LONGEST_CONNECT))??;
        let preparing = D::prepare_writing(&mut connection, &self.statement, &walk);
        let prepared = tokio::time::timeout(LONGEST_PREPARE, preparing)
            .await
            .map_err(|_| Fault::no_answer(LONGEST_PREPARE))?
            .map_err(|error| fault::<D>(&error))?;
        Ok(Session { connection, prepared, walk, seen })
    }

    /// What the ids of the users query are, over a reading connection.
    async fn learn(&self) -> Result<(Prepared, Vec<Value>), Fault> {
        let users = self.shared.users.as_ref();
        let users =
            users.ok_or_else(|| Fault::new(Class::Access, "has no `users` query, which cleanup needs"))?;
        let mut lease = self.shared.pool.acquire(Purpose::Fresh).await?;
        let walk = prepare(&mut lease, users, LONGEST_PREPARE).await?;
        let seen = first_ids(&mut lease, &walk).await?;
        lease.release();
        Ok((walk, seen))
    }
}

impl<D: Writing> Session<D> {
    /// All of it, or nothing.
    async fn batch(&mut self, ids: &[&str], rows: Rows) -> Result<Vec<u64>, Failure> {
        let fault = |error: sqlx::Error| fault::<D>(&error);
        let mut changed = Vec::with_capacity(ids.len());
        let mut transaction = self.connection.begin().await.map_err(fault)?;
        for id in ids {
            let Some(value) = D::position(&self.walk, &self.prepared, Parameter::Id, id, &self.seen) else {
                let why =
                    "a user's id is not of the type that `:id` is compared with; cast that column to text";
                return Err(Fault::new(Class::Query, why).into());
            };
            let values = self.prepared.bind(|parameter| (parameter == Parameter::Id).then(|| value.clone()));
            let count = D::execute(&mut transaction, &self.prepared.sql, values).await.map_err(fault)?;
            if count > 1 && rows == Rows::One {
                transaction.rollback().await.map_err(fault)?;
                return Err(Failure::ManyRows { id: (*id).to_owned(), rows: count });
            }
            changed.push(count);
        }
        transaction.commit().await.map_err(fault)?;
        Ok(changed)
    }
}

/// An error as a fault, in the words of writing where it is about that.
fn fault<D: Writing>(error: &sqlx::Error) -> Fault {
    D::refusal(error).map_or_else(|| D::fault(error), |why| Fault::new(Class::Query, why))
}

const MAY_NOT_WRITE: &str = "the account in the cleanup's `url` may not write there";
const READ_ONLY: &str =
    "the database is read-only; the cleanup's `url` must lead to the one that takes writes";
const CONSTRAINT: &str = "a constraint of the table forbids what the statement would do";

impl Writing for SqliteDialect {
    const SCHEMES: &'static [&'static str] = &["sqlite:"];

    fn writing_options(url: &str) -> Result<SqliteConnectOptions, sqlx::Error> {
        Ok(SqliteConnectOptions::from_str(url)?
            .create_if_missing(false)
            .busy_timeout(LONGEST_LOCK)
            .thread_name(|_| "sqlite cleanup".to_owned())
            .disable_statement_logging())
    }

    fn begin_writing(_connection: &mut SqliteConnection) -> BoxFuture<'_, Result<(), sqlx::Error>> {
        std::future::ready(Ok(())).boxed()
    }

    fn execute<'a>(
        connection: &'a mut SqliteConnection,
        sql: &Arc<str>,
        values: Vec<Value>,
    ) -> BoxFuture<'a, Result<u64, sqlx::Error>> {
        let arguments = sqlite::arguments(values);
        let sql = Arc::clone(sql);
        async move {
            let arguments = arguments.map_err(sqlx::Error::Encode)?;
            let done = connection.execute(sqlx::query_with(AssertSqlSafe(sql), arguments)).await?;
            Ok(done.rows_affected())
        }
        .boxed()
    }

    fn refusal(error: &sqlx::Error) -> Option<String> {
        let code = error.as_database_error()?.code()?.parse::<i32>().ok()?;
        match code & 0xff {
            8 => Some(format!("{READ_ONLY} (SQLite {code})")),
            19 => Some(format!("{CONSTRAINT} (SQLite {code})")),
            _ => None,
        }
    }
}

impl Writing for PostgresDialect {
    const SCHEMES: &'static [&'static str] = &["postgres://", "postgresql://"];

    fn writing_options(url: &str) -> Result<PgConnectOptions, sqlx::Error> {
        Ok(PgConnectOptions::from_str(url)?.disable_statement_logging())
    }

    fn begin_writing(connection: &mut PgConnection) -> BoxFuture<'_, Result<(), sqlx::Error>> {
        // As for reading: notices may quote values, and texts of SQL_ASCII may be of any encoding.
        let sql = format!(
            "SET client_min_messages = error; SET lock_timeout = {}; \
             SELECT set_config('client_encoding', 'SQL_ASCII', false) \
             WHERE current_setting('server_encoding') = 'SQL_ASCII'",
            LONGEST_LOCK.as_millis()
        );
        async move { connection.execute(sqlx::raw_sql(AssertSqlSafe(sql))).await.map(|_| ()) }.boxed()
    }

    /// PostgreSQL looks at rights when it plans: `EXPLAIN` plans and does not run.
    fn prove<'a>(
        connection: &'a mut PgConnection,
        prepared: &'a Prepared,
    ) -> BoxFuture<'a, Result<(), Fault>> {
        async move {
            let read_only: String = sqlx::query_scalar("SHOW transaction_read_only")
                .fetch_one(&mut *connection)
                .await
                .map_err(|error| fault::<Self>(&error))?;
            if read_only == "on" {
                return Err(Fault::new(Class::Query, READ_ONLY));
            }
            let nulls = prepared.parameters.iter().map(|_| None::<String>);
            let mut arguments = PgArguments::default();
            for null in nulls {
                arguments.add(null).map_err(|_| Fault::new(Class::Query, "a NULL cannot be sent to it"))?;
            }
            let explained = sqlx::query_with(AssertSqlSafe(format!("EXPLAIN {}", prepared.sql)), arguments);
            match connection.execute(explained).await {
                // CALL and its like cannot be explained.
                Err(error) if is_syntax_error(&error) => Ok(()),
                other => other.map(|_| ()).map_err(|error| fault::<Self>(&error)),
            }
        }
        .boxed()
    }

    fn execute<'a>(
        connection: &'a mut PgConnection,
        sql: &Arc<str>,
        values: Vec<Value>,
    ) -> BoxFuture<'a, Result<u64, sqlx::Error>> {
        let arguments = postgres::arguments(values);
        let sql = Arc::clone(sql);
        async move {
            let arguments = arguments.map_err(sqlx::Error::Encode)?;
            let done = connection.execute(sqlx::query_with(AssertSqlSafe(sql), arguments)).await?;
            Ok(done.rows_affected())
        }
        .boxed()
    }

    fn refusal(error: &sqlx::Error) -> Option<String> {
        let code = error.as_database_error()?.code()?;
        match code.as_ref() {
            "42501" => Some(format!("{MAY_NOT_WRITE} ({code})")),
            "25006" => Some(format!("{READ_ONLY} ({code})")),
            constraint if constraint.starts_with("23") => Some(format!("{CONSTRAINT} ({code})")),
            _ => None,
        }
    }
}

impl Writing for MySqlDialect {
    const SCHEMES: &'static [&'static str] = &["mysql://", "mariadb://"];

    fn writing_options(url: &str) -> Result<MySqlConnectOptions, sqlx::Error> {
        // Nothing in them makes a connection read-only: its session does.
        Self::options(url, LONGEST_LOCK)
    }

    fn begin_writing(connection: &mut MySqlConnection) -> BoxFuture<'_, Result<(), sqlx::Error>> {
        let sql = format!("SET SESSION innodb_lock_wait_timeout = {}", LONGEST_LOCK.as_secs());
        async move { connection.execute(sqlx::raw_sql(AssertSqlSafe(sql))).await.map(|_| ()) }.boxed()
    }

    fn prepare_writing<'a>(
        connection: &'a mut MySqlConnection,
        query: &'a Query,
        walk: &'a Prepared,
    ) -> BoxFuture<'a, Result<Prepared, sqlx::Error>> {
        async move {
            // A decimal that is compared with a text is compared as a float, which would find its neighbours too.
            let cast = mysql::is_decimal(walk).then(|| mysql::DECIMAL.to_owned());
            let parameters = query.parameters();
            let casts = vec![cast; parameters.len()];
            let sql: Arc<str> = query.render(Self::LEXICON, &casts).into();
            connection.prepare(AssertSqlSafe(Arc::clone(&sql)).into_sql_str()).await?;
            Ok(Prepared { sql, parameters, types: Vec::new(), columns: Vec::new() })
        }
        .boxed()
    }

    fn execute<'a>(
        connection: &'a mut MySqlConnection,
        sql: &Arc<str>,
        values: Vec<Value>,
    ) -> BoxFuture<'a, Result<u64, sqlx::Error>> {
        let arguments = mysql::arguments(values);
        let sql = Arc::clone(sql);
        async move {
            let arguments = arguments.map_err(sqlx::Error::Encode)?;
            // The driver asks the server to count rows that were found, be they as wanted before or not.
            let done = connection.execute(sqlx::query_with(AssertSqlSafe(sql), arguments)).await?;
            Ok(done.rows_affected())
        }
        .boxed()
    }

    fn refusal(error: &sqlx::Error) -> Option<String> {
        let error = error.as_database_error()?.try_downcast_ref::<MySqlDatabaseError>()?;
        match error.number() {
            number @ (1142 | 1143 | 1227 | 1370) => Some(format!("{MAY_NOT_WRITE} ({number})")),
            number @ (1290 | 1792 | 1836) => Some(format!("{READ_ONLY} ({number})")),
            number @ (1048 | 1062 | 1216 | 1217 | 1451 | 1452 | 3819 | 4025) => {
                Some(format!("{CONSTRAINT} ({number})"))
            }
            _ => None,
        }
    }
}

fn is_syntax_error(error: &sqlx::Error) -> bool {
    error.as_database_error().and_then(DatabaseError::code).is_some_and(|code| code == "42601")
}
