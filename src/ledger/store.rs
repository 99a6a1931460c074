//! Reaching the ledger's database, and bringing its layout up to date. The two dialects differ here and in
//! [`rows_of`](Store::rows_of) and [`now`](Store::now) only: every other statement is the same text for both.

use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use sqlx::migrate::{Migration, MigrationType, Migrator};
use sqlx::postgres::{PgConnectOptions, PgPool, PgPoolOptions};
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous,
};
use sqlx::{ConnectOptions, Connection, PgConnection, SqlSafeStr};
use tokio::sync::Mutex;

use super::LedgerError;

/// How long a server may take to let a connection in.
const CONNECT: Duration = Duration::from_secs(5);
/// How long a pool tries to have a connection, new or used.
const ACQUIRE: Duration = Duration::from_secs(2);
/// Connections to a server: one plans, one notes what is sent, one has the hook's decisions, one answers questions.
const CONNECTIONS: u32 = 4;
/// How long SQLite waits for another process's write.
const BUSY: Duration = Duration::from_secs(2);
/// Where the applied migrations are noted; a name of our own, since databases may be shared.
const MIGRATIONS_TABLE: &str = "keyferry_migrations";

const SQLITE: [(i64, &str, &str); 4] = [
    (1, "ledger", include_str!("../../migrations/sqlite/0001_ledger.sql")),
    (2, "seeding", include_str!("../../migrations/sqlite/0002_seeding.sql")),
    (3, "seeded at", include_str!("../../migrations/sqlite/0003_seeded_at.sql")),
    (4, "failures", include_str!("../../migrations/sqlite/0004_failures.sql")),
];
const POSTGRES: [(i64, &str, &str); 4] = [
    (1, "ledger", include_str!("../../migrations/postgres/0001_ledger.sql")),
    (2, "seeding", include_str!("../../migrations/postgres/0002_seeding.sql")),
    (3, "seeded at", include_str!("../../migrations/postgres/0003_seeded_at.sql")),
    (4, "failures", include_str!("../../migrations/postgres/0004_failures.sql")),
];

/// An open ledger database.
#[derive(Clone)]
pub(super) enum Store {
    /// A file, or memory where there is none.
    Sqlite {
        /// Its connections.
        pool: SqlitePool,
        /// The file.
        file: Option<PathBuf>,
        /// Whose turn it is to write: within the process, writers queue here rather than at the file, where they
        /// would wait in naps and hold a connection meanwhile.
        turn: Arc<Mutex<()>>,
    },
    /// A server.
    Postgres {
        /// Its connections.
        pool: PgPool,
        /// How to make another that belongs to nobody else.
        options: Box<PgConnectOptions>,
    },
}

/// Runs the same statements on either dialect's pool.
macro_rules! on_pool {
    ($store:expr, $pool:ident => $body:expr) => {
        match $store {
            $crate::ledger::store::Store::Sqlite { pool: $pool, .. } => $body,
            $crate::ledger::store::Store::Postgres { pool: $pool, .. } => $body,
        }
    };
}

/// Runs the same statements in one transaction of either dialect, and commits it. SQLite takes its write lock at
/// once: a transaction that began by reading could not wait for it.
macro_rules! in_transaction {
    ($store:expr, $tx:ident => $body:block) => {
        match $store {
            $crate::ledger::store::Store::Sqlite { pool, turn, .. } => {
                let _turn = turn.lock().await;
                let mut $tx = pool.begin_with("BEGIN IMMEDIATE").await?;
                let out = $body;
                $tx.commit().await?;
                out
            }
            $crate::ledger::store::Store::Postgres { pool, .. } => {
                let mut $tx = pool.begin().await?;
                let out = $body;
                $tx.commit().await?;
                out
            }
        }
    };
}

pub(super) use {in_transaction, on_pool};

/// What a URL leads to.
enum Place {
    Sqlite { options: Box<SqliteConnectOptions>, file: Option<PathBuf> },
    Postgres(Box<PgConnectOptions>),
}

impl Store {
    /// Connects, creates what is missing and applies the migrations.
    pub(super) async fn open(url: &str) -> Result<Self, LedgerError> {
        match Place::parse(url)? {
            Place::Sqlite { options, file } => {
                if let Some(file) = &file {
                    create_private(file)?;
                }
                let pool = connect_sqlite(*options, file.is_none()).await?;
                migrate_sqlite(&pool).await?;
                Ok(Self::Sqlite { pool, file, turn: Arc::default() })
            }
            Place::Postgres(options) => {
                migrate_postgres(&options).await?;
                let pool = connect_postgres(&options).await?;
                Ok(Self::Postgres { pool, options })
            }
        }
    }

    /// Connects only to read, and creates nothing. `None` where no ledger was ever begun.
    pub(super) async fn open_existing(url: &str) -> Result<Option<Self>, LedgerError> {
        let store = match Place::parse(url)? {
            Place::Sqlite { options, file } => {
                let Some(path) = &file else { return Ok(None) };
                match path.metadata() {
                    Ok(metadata) if metadata.len() == 0 => return Ok(None),
                    Ok(_) => {}
                    Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
                    Err(error) => return Err(LedgerError::Unreachable(error.kind().to_string())),
                }
                let options = options.read_only(true).create_if_missing(false);
                let pool = SqlitePoolOptions::new()
                    .max_connections(1)
                    .acquire_timeout(ACQUIRE)
                    .connect_with(options)
                    .await?;
                Self::Sqlite { pool, file, turn: Arc::default() }
            }
            Place::Postgres(options) => {
                // A pool goes on trying where nobody listens; one connection by itself says so at once.
                one_connection(&options).await?.close().await?;
                let pool = connect_postgres(&options).await?;
                Self::Postgres { pool, options }
            }
        };
        if !store.has_table(MIGRATIONS_TABLE).await? {
            for table in ["meta", "users", "events"] {
                if store.has_table(table).await? {
                    return Err(LedgerError::Foreign(table.to_owned()));
                }
            }
            return Ok(None);
        }
        let applied: Option<i64> = on_pool!(&store, pool => {
            sqlx::query_scalar("SELECT max(version) FROM keyferry_migrations").fetch_one(pool).await?
        });
        let newest = SQLITE.iter().map(|(version, ..)| *version).max().unwrap_or_default();
        match applied {
            None => Ok(None),
            Some(version) if version > newest => Err(LedgerError::Newer(version)),
            Some(version) if version < newest => Err(LedgerError::Older),
            Some(_) => Ok(Some(store)),
        }
    }

    /// Whether a ledger that was never begun could be, as far as that shows without trying.
    pub(super) fn could_be_begun(url: &str) -> Result<(), LedgerError> {
        let Place::Sqlite { file: Some(file), .. } = Place::parse(url)? else { return Ok(()) };
        match file.parent() {
            Some(folder) if !folder.as_os_str().is_empty() && !folder.is_dir() => {
                Err(LedgerError::Unreachable("the folder of its file does not exist; make it".to_owned()))
            }
            _ => Ok(()),
        }
    }

    /// A table of rows out of one bound JSON array, `$1`, under the name `rows`: one statement and one parameter
    /// for any number of rows. Columns are name and type, `text` or `bigint`.
    pub(super) fn rows_of(&self, columns: &[(&str, &str)]) -> String {
        let list =
            |each: &dyn Fn(&(&str, &str)) -> String| columns.iter().map(each).collect::<Vec<_>>().join(", ");
        match self {
            Self::Sqlite { .. } => format!(
                "(SELECT {} FROM json_each($1)) AS rows",
                list(&|(name, _)| format!("value ->> '{name}' AS {name}"))
            ),
            Self::Postgres { .. } => format!(
                "jsonb_to_recordset(CAST($1 AS jsonb)) AS rows ({})",
                list(&|(name, kind)| format!("{name} {kind}"))
            ),
        }
    }

    /// The database's own time, in milliseconds since 1970: the same for all who write to it.
    pub(super) fn now(&self) -> &'static str {
        match self {
            Self::Sqlite { .. } => "CAST(unixepoch('subsec') * 1000 AS INTEGER)",
            Self::Postgres { .. } => "CAST(extract(epoch FROM clock_timestamp()) * 1000 AS bigint)",
        }
    }

    /// Whether the file is still where it was: SQLite goes on writing into a deleted one.
    pub(super) fn still_there(&self) -> Result<(), LedgerError> {
        match self {
            Self::Sqlite { file: Some(file), .. } if !file.exists() => {
                Err(LedgerError::Unreachable("its file was removed".to_owned()))
            }
            _ => Ok(()),
        }
    }

    async fn has_table(&self, name: &str) -> Result<bool, LedgerError> {
        let found: i64 = match self {
            Self::Sqlite { pool, .. } => {
                sqlx::query_scalar("SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name = $1")
                    .bind(name)
                    .fetch_one(pool)
                    .await?
            }
            Self::Postgres { pool, .. } => {
                sqlx::query_scalar(
                    "SELECT count(*) FROM (SELECT to_regclass($1) AS t) AS r WHERE t IS NOT NULL",
                )
                .bind(name)
                .fetch_one(pool)
                .await?
            }
        };
        Ok(found > 0)
    }
}

impl Place {
    fn parse(url: &str) -> Result<Self, LedgerError> {
        if url.starts_with("sqlite:") {
            let options = SqliteConnectOptions::from_str(url)
                .map_err(|_| LedgerError::Url("the SQLite URL cannot be read"))?
                .create_if_missing(true)
                .busy_timeout(BUSY)
                // What an import is about to send must be on the disk before it is sent, also through a power cut;
                // the default of PostgreSQL does the same. The hook's writer pays it once a batch, behind the answers.
                .synchronous(SqliteSynchronous::Full)
                // A batch of a plan touches pages all over the file: room for those of one batch, and a log long
                // enough that a page is not carried over after each.
                .pragma("cache_size", "-4000")
                .pragma("wal_autocheckpoint", "4000")
                .disable_statement_logging();
            let memory = url.contains(":memory:") || url.contains("mode=memory");
            let file = (!memory).then(|| options.get_filename().to_owned());
            if file.as_ref().is_some_and(|file| file.as_os_str().is_empty()) {
                return Err(LedgerError::Url("it names no file"));
            }
            Ok(Self::Sqlite { options: Box::new(options), file })
        } else if url.starts_with("postgres:") || url.starts_with("postgresql:") {
            let options = PgConnectOptions::from_str(url)
                .map_err(|_| LedgerError::Url("the PostgreSQL URL cannot be read"))?
                .application_name("keyferry")
                .disable_statement_logging();
            Ok(Self::Postgres(Box::new(options)))
        } else {
            Err(LedgerError::Url("it begins neither with `sqlite:` nor with `postgres:`"))
        }
    }
}

/// Makes an empty file that only its owner may read, where there is none yet. SQLite gives its companions, `-wal`
/// and `-shm`, the same rights.
pub(super) fn create_private(file: &Path) -> Result<(), LedgerError> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(0o600);
    }
    match options.open(file) {
        Ok(_) => Ok(()),
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(LedgerError::Unreachable(format!("its file cannot be created: {}", error.kind()))),
    }
}

async fn connect_sqlite(options: SqliteConnectOptions, memory: bool) -> Result<SqlitePool, LedgerError> {
    let pool = SqlitePoolOptions::new().acquire_timeout(ACQUIRE);
    if memory {
        // The database lives as long as its connection.
        let pool = pool.max_connections(1).min_connections(1).idle_timeout(None).max_lifetime(None);
        return Ok(pool.connect_with(options).await?);
    }
    // One connection writes, the other answers questions meanwhile.
    let options = options.journal_mode(SqliteJournalMode::Wal);
    Ok(pool.max_connections(2).connect_with(options).await?)
}

async fn connect_postgres(options: &PgConnectOptions) -> Result<PgPool, LedgerError> {
    let pool = PgPoolOptions::new().max_connections(CONNECTIONS).acquire_timeout(ACQUIRE);
    Ok(pool.connect_with(options.clone()).await?)
}

/// A connection of its own, for what belongs to a session.
pub(super) async fn one_connection(options: &PgConnectOptions) -> Result<PgConnection, LedgerError> {
    let connecting = tokio::time::timeout(CONNECT, options.connect());
    Ok(connecting.await.map_err(|_| LedgerError::TimedOut(CONNECT.as_secs()))??)
}

/// SQLite's driver takes no lock for migrations, so all of it runs under the write lock.
async fn migrate_sqlite(pool: &SqlitePool) -> Result<(), LedgerError> {
    let mut tx = pool.begin_with("BEGIN IMMEDIATE").await?;
    let foreign: Option<String> = sqlx::query_scalar(
        "SELECT name FROM sqlite_master WHERE type = 'table' AND name IN ('meta', 'users', 'events') \
         AND NOT EXISTS (SELECT 1 FROM sqlite_master WHERE name = 'keyferry_migrations') LIMIT 1",
    )
    .fetch_optional(&mut *tx)
    .await?;
    if let Some(table) = foreign {
        return Err(LedgerError::Foreign(table));
    }
    migrator(&SQLITE).run_direct(None, &mut *tx, false).await?;
    tx.commit().await?;
    Ok(())
}

/// On a connection of its own: the lock that the driver takes belongs to the session, and goes with it whatever
/// happens.
async fn migrate_postgres(options: &PgConnectOptions) -> Result<(), LedgerError> {
    let mut connection = one_connection(options).await?;
    let foreign: Option<String> = sqlx::query_scalar(
        "SELECT name FROM (VALUES ('meta'), ('users'), ('events')) AS ours (name) \
         WHERE to_regclass(name) IS NOT NULL AND to_regclass('keyferry_migrations') IS NULL LIMIT 1",
    )
    .fetch_optional(&mut connection)
    .await?;
    if let Some(table) = foreign {
        return Err(LedgerError::Foreign(table));
    }
    migrator(&POSTGRES).run_direct(None, &mut connection, false).await?;
    connection.close().await?;
    Ok(())
}

fn migrator(migrations: &[(i64, &'static str, &'static str)]) -> Migrator {
    let migrations = migrations
        .iter()
        .map(|(version, name, sql)| {
            Migration::new(*version, (*name).into(), MigrationType::Simple, sql.into_sql_str(), false)
        })
        .collect();
    let mut migrator = Migrator::with_migrations(migrations);
    migrator.dangerous_set_table_name(MIGRATIONS_TABLE);
    migrator
}

#[cfg(test)]
pub(super) mod testing {
    use sqlx::AssertSqlSafe;

    use super::Store;

    /// How SQLite would go about a statement: one line for each table that it looks into, as `SEARCH users USING …`
    /// or `SCAN users`.
    pub(in crate::ledger) async fn plan_of(statement: &str) -> Vec<String> {
        let store = Store::open("sqlite::memory:").await.unwrap();
        let Store::Sqlite { pool, .. } = &store else { panic!("it is SQLite") };
        let explained = AssertSqlSafe(format!("EXPLAIN QUERY PLAN {statement}"));
        let rows: Vec<(i64, i64, i64, String)> =
            sqlx::query_as(explained).bind("[]").bind(1_i64).fetch_all(pool).await.unwrap();
        rows.into_iter().map(|(.., line)| line).filter(|line| !line.contains("json_each")).collect()
    }
}
