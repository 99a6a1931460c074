//! What can go wrong with the ledger, in words that hold no value, no user name and no URL.
//!
//! The database's own error is not kept as a source: its text may repeat values or credentials, and whoever
//! prints a chain would print them.

use sqlx::migrate::MigrateError;
use sqlx::postgres::PgDatabaseError;
use thiserror::Error;

use super::State;

/// Why the ledger cannot be opened, read or written.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum LedgerError {
    /// The URL cannot be understood.
    #[error(
        "`ledger.url` is not usable: {0}; write `sqlite:FILE` or `postgres://USER:PASSWORD@HOST/DATABASE`"
    )]
    Url(&'static str),
    /// Nobody answers, or the file cannot be opened. It may be back in a moment.
    #[error("the ledger is not reachable: {0}")]
    Unreachable(String),
    /// It answers, but not in time.
    #[error("the ledger did not answer within {0} s")]
    TimedOut(u64),
    /// Another process holds it.
    #[error("the ledger is locked by another process")]
    Locked,
    /// No space left to write.
    #[error("the ledger cannot be written: its disk is full")]
    Full,
    /// It does not let us in, or not do what is needed.
    #[error("the ledger refuses access ({0}); check the user, password and rights behind `ledger.url`")]
    Refused(String),
    /// Written by a later keyferry.
    #[error("the ledger was written by a newer keyferry (its layout is version {0}); use that one, or later")]
    Newer(i64),
    /// Written by an earlier keyferry, and not brought up to date yet.
    #[error(
        "the ledger has an older layout; any command that writes to it brings it up to date: `keyferry serve` when \
         it starts, `keyferry import`"
    )]
    Older,
    /// Its layout is not what this version made of it.
    #[error("the ledger's layout {0} was changed by hand; restore it, or begin a new ledger")]
    Altered(i64),
    /// The database is in use by something else.
    #[error(
        "the database behind `ledger.url` has a table `{0}` that is not keyferry's; give the ledger a database \
         of its own"
    )]
    Foreign(String),
    /// A key is configured, but not the one it was begun with.
    #[error(
        "`ledger.key` is not the key that this ledger was begun with; restore it, or begin a new ledger, or \
         leave it out if the ledger made its own"
    )]
    WrongKey,
    /// It was begun with a configured key, and none is configured now.
    #[error("this ledger was begun with a configured key; set `ledger.key` to it")]
    KeyMissing,
    /// Too short to keep anybody from guessing it.
    #[error("`ledger.key` is too short: it needs {0} bytes at least, at random")]
    KeyTooShort(usize),
    /// It belongs to another Okta org.
    #[error(
        "this ledger belongs to the org {0}, not to the one in `okta.org_url`; give each org a ledger of its own \
         (`ledger.url`), or, where it is the same org under a new address, say so once with --rebind"
    )]
    OtherOrg(String),
    /// A source of this name led elsewhere before.
    #[error(
        "source `{0}` is another database than the one that this ledger knows by that name; give it another name, or \
         another ledger, or, where the same users have moved, say so once with --rebind"
    )]
    OtherSource(String),
    /// An import is running on it.
    #[error(
        "{0} on this ledger; wait for it to end, or stop it: what is running lets go of the ledger when its process \
         ends, however it ends"
    )]
    Busy(String),
    /// A user is to be sent, or told as sent, who was never planned.
    #[error("the ledger was told of a user who was not planned")]
    NotPlanned,
    /// A user is to be sent who is in Okta already.
    #[error("the user is in Okta already (the ledger says {0}): nothing may be sent")]
    AlreadySeeded(State),
    /// Another user of this ledger is in Okta under the same login, or on the way there.
    #[error("another user of this ledger has the same Okta login: nothing may be sent")]
    LoginTaken,
    /// An outcome is told of a user for whom no call was noted.
    #[error("the ledger was told how a call ended that it does not know of (the user is {0})")]
    NotClaimed(State),
    /// A user is to be taken back who signed in already, or was in Okta before, or is not there.
    #[error("the user cannot be rolled back (the ledger says {0})")]
    NotRolledBack(State),
    /// Anything else that the database says.
    #[error("the ledger's database fails: {0}")]
    Database(String),
}

impl LedgerError {
    /// One or two words, for metrics and health answers.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Url(_) => "bad url",
            Self::Unreachable(_) => "unreachable",
            Self::TimedOut(_) => "timed out",
            Self::Locked => "locked",
            Self::Full => "disk full",
            Self::Refused(_) => "access refused",
            Self::Newer(_) => "newer layout",
            Self::Older => "older layout",
            Self::Altered(_) => "altered layout",
            Self::Foreign(_) => "foreign database",
            Self::WrongKey => "wrong key",
            Self::KeyMissing => "key missing",
            Self::KeyTooShort(_) => "key too short",
            Self::OtherOrg(_) => "other org",
            Self::OtherSource(_) => "other source",
            Self::Busy(_) => "busy",
            Self::NotPlanned => "not planned",
            Self::AlreadySeeded(_) => "already seeded",
            Self::LoginTaken => "login taken",
            Self::NotClaimed(_) => "not claimed",
            Self::NotRolledBack(_) => "not rolled back",
            Self::Database(_) => "database error",
        }
    }
}

impl From<sqlx::Error> for LedgerError {
    fn from(error: sqlx::Error) -> Self {
        match error {
            sqlx::Error::Database(error) => {
                let code = error.code().unwrap_or_default();
                if error.try_downcast_ref::<PgDatabaseError>().is_some() {
                    from_sqlstate(&code, error.message())
                } else {
                    from_sqlite_code(&code, error.message())
                }
            }
            sqlx::Error::Io(error) => Self::Unreachable(error.to_string()),
            sqlx::Error::Tls(_) => Self::Unreachable("no TLS connection comes about".to_owned()),
            sqlx::Error::PoolTimedOut => Self::Unreachable("no connection in time".to_owned()),
            sqlx::Error::PoolClosed => Self::Unreachable("the connections are closed".to_owned()),
            sqlx::Error::WorkerCrashed => Self::Unreachable("the connection broke".to_owned()),
            sqlx::Error::Protocol(_) => {
                Self::Unreachable("the connection speaks another protocol".to_owned())
            }
            sqlx::Error::Configuration(_) => Self::Url("a part of it cannot be read"),
            sqlx::Error::Migrate(error) => Self::from(*error),
            sqlx::Error::ColumnDecode { .. } | sqlx::Error::Decode(_) => {
                Self::Database("a value is not of the expected type".to_owned())
            }
            _ => Self::Database("the driver reports an inner failure".to_owned()),
        }
    }
}

impl From<MigrateError> for LedgerError {
    fn from(error: MigrateError) -> Self {
        match error {
            MigrateError::VersionMissing(version) => Self::Newer(version),
            MigrateError::VersionMismatch(version) | MigrateError::Dirty(version) => Self::Altered(version),
            MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _) => Self::from(error),
            _ => Self::Database("its layout cannot be brought up to date".to_owned()),
        }
    }
}

/// PostgreSQL's SQLSTATE: <https://www.postgresql.org/docs/current/errcodes-appendix.html>. The messages of class
/// 28 name the user and are left out.
fn from_sqlstate(code: &str, message: &str) -> LedgerError {
    match (code.get(..2).unwrap_or_default(), code) {
        ("28", _) | (_, "42501") => LedgerError::Refused(format!("SQLSTATE {code}")),
        (_, "25006") => LedgerError::Refused("the database is read-only".to_owned()),
        (_, "53100") => LedgerError::Full,
        (_, "3D000") => LedgerError::Unreachable("its database does not exist".to_owned()),
        (_, "55P03" | "40P01") => LedgerError::Locked,
        ("08" | "53" | "57", _) => LedgerError::Unreachable(format!("SQLSTATE {code}")),
        _ => LedgerError::Database(format!("SQLSTATE {code}, {message}")),
    }
}

/// SQLite's extended result code, whose low byte is the primary one: <https://www.sqlite.org/rescode.html>.
fn from_sqlite_code(code: &str, message: &str) -> LedgerError {
    match code.parse::<i32>().unwrap_or_default() & 0xff {
        5 | 6 => LedgerError::Locked,
        3 | 23 => LedgerError::Refused("permission denied".to_owned()),
        8 => LedgerError::Refused("the file or its folder is read-only".to_owned()),
        10 => LedgerError::Unreachable("reading or writing its file fails".to_owned()),
        11 | 26 => LedgerError::Database("its file is not a readable SQLite database".to_owned()),
        13 => LedgerError::Full,
        14 => LedgerError::Unreachable("its file cannot be opened".to_owned()),
        _ => LedgerError::Database(format!("SQLite code {code}, {message}")),
    }
}
