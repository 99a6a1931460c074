//! What a driver's error means to us, in words that are safe to show: databases quote values in their messages
//! (`invalid input syntax for type integer: "alice"`), so only those known to speak of the query are passed on.

use std::io::ErrorKind;
use std::time::Duration;

/// What went wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Fault {
    pub(super) class: Class,
    /// Safe to show.
    pub(super) why: String,
}

/// The kinds of trouble.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Class {
    /// The connection is gone; a new one may do.
    Connection,
    /// The database is there, but cannot answer now, or did not in time.
    Busy,
    /// The prepared statement is out of date; on a new connection it will do.
    Stale,
    /// A value cannot be converted to the type that it is compared with.
    Value,
    /// A bound text has characters that a column's character set does not know.
    Characters,
    /// The query itself is refused.
    Query,
    /// The database refuses us: wrong user, password, database name, or file.
    Access,
}

impl Fault {
    pub(super) fn new(class: Class, why: impl Into<String>) -> Self {
        Self { class, why: why.into() }
    }

    /// No answer in time.
    pub(super) fn no_answer(within: Duration) -> Self {
        Self::new(Class::Busy, format!("no answer within {} ms", within.as_millis()))
    }

    /// Reads the errors that all drivers share; `database` reads those that a database sends.
    pub(super) fn read<F>(error: &sqlx::Error, database: F) -> Self
    where
        F: FnOnce(&(dyn sqlx::error::DatabaseError + 'static)) -> Self,
    {
        use sqlx::Error;
        match error {
            Error::Database(error) => database(error.as_ref()),
            Error::Io(error) => Self::new(Class::Connection, io_words(error)),
            // Certificate names and protocol versions, no values.
            Error::Tls(error) => Self::new(Class::Connection, format!("TLS: {error}")),
            Error::PoolClosed => Self::new(Class::Busy, "its connections are closed"),
            Error::PoolTimedOut | Error::WorkerCrashed | Error::Protocol(_) => {
                Self::new(Class::Connection, "the connection broke")
            }
            Error::Configuration(_) => Self::new(Class::Access, "the settings in `url` are refused"),
            Error::InvalidArgument(_) | Error::Encode(_) => {
                Self::new(Class::Value, "a value cannot be sent to it")
            }
            // What remains is decoding: its words may hold values.
            _ => Self::new(Class::Query, "an answer of the database could not be read"),
        }
    }
}

fn io_words(error: &std::io::Error) -> String {
    match error.kind() {
        ErrorKind::ConnectionRefused => "connection refused".to_owned(),
        ErrorKind::ConnectionReset | ErrorKind::BrokenPipe | ErrorKind::UnexpectedEof => {
            "the connection was lost".to_owned()
        }
        _ => error.to_string(),
    }
}

/// The database's words about the query, without any literal that the query may hold.
pub(super) fn about_query(code: &str, message: &str) -> String {
    let message: String = message.chars().take(300).collect();
    let message = match message.find('\'') {
        None => message.as_str(),
        Some(at) => message.get(..at).unwrap_or("").trim_end(),
    };
    format!("{message} ({code})")
}
