//! Stores in SQLite files. Opened read-only, so the file's folder needs no write access unless the store is in WAL
//! mode. A column's values may each be of another storage class here; they are read as what they are.

mod at_once;

use std::borrow::Cow;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use futures_util::stream::BoxStream;
use futures_util::{FutureExt, StreamExt};
use sqlx::error::{BoxDynError, DatabaseError};
use sqlx::sqlite::{
    Sqlite, SqliteArguments, SqliteConnectOptions, SqliteConnection, SqliteRow, SqliteTypeInfo,
};
use sqlx::{
    Arguments, AssertSqlSafe, ConnectOptions, Decode, Executor, Row as _, SqlSafeStr, Statement, TypeInfo,
    ValueRef,
};

use super::dialect::{AtOnce, Dialect, Prepared, PreparedColumn, is_number};
use super::fault::{Class, Fault, about_query};
use super::parameters::{Lexicon, Parameter, Query};
use super::record::{Cell, Unreadable, Value};

pub(super) struct SqliteDialect;

impl Dialect for SqliteDialect {
    type Db = Sqlite;
    type Connection = SqliteConnection;
    type Options = SqliteConnectOptions;
    type Row = SqliteRow;
    type Kind = ();

    const LEXICON: Lexicon = Lexicon {
        numbered: false,
        backticks: true,
        brackets: true,
        hash_comments: false,
        nested_comments: false,
        dollar_quotes: false,
        backslashes: false,
        e_strings: false,
    };

    const URL_KEYS: &'static [&'static str] = &["mode", "cache", "immutable", "vfs"];

    fn options(url: &str, query_timeout: Duration) -> Result<Self::Options, sqlx::Error> {
        Ok(SqliteConnectOptions::from_str(url)?
            .read_only(true)
            .create_if_missing(false)
            .pragma("query_only", "ON")
            .busy_timeout(query_timeout)
            .row_buffer_size(500)
            .thread_name(|_| "sqlite source".to_owned())
            .disable_statement_logging())
    }

    fn begin_session(
        _connection: &mut Self::Connection,
        _limit: Option<Duration>,
    ) -> BoxFuture<'_, Result<(), sqlx::Error>> {
        std::future::ready(Ok(())).boxed()
    }

    fn fetch<'a>(
        connection: &'a mut Self::Connection,
        sql: &Arc<str>,
        values: Vec<Value>,
    ) -> BoxStream<'a, Result<Self::Row, sqlx::Error>> {
        let arguments = match arguments(values) {
            Ok(arguments) => arguments,
            Err(error) => return futures_util::stream::iter([Err(sqlx::Error::Encode(error))]).boxed(),
        };
        // The driver keeps the columns of a statement as they were when it was prepared, and would stumble over a
        // table that has changed since. So each statement is prepared anew, which takes microseconds, and behind
        // one that makes SQLite notice the change.
        let sql = format!("SELECT 1 FROM sqlite_master LIMIT 0;\n{sql}");
        let query = sqlx::query_with(AssertSqlSafe(sql), arguments).persistent(false);
        connection.fetch(query)
    }

    fn prepare<'a>(
        connection: &'a mut Self::Connection,
        query: &'a Query,
    ) -> BoxFuture<'a, Result<Prepared, sqlx::Error>> {
        let sql: Arc<str> = query.render(Self::LEXICON, &[]).into();
        async move {
            let statement = connection.prepare(AssertSqlSafe(Arc::clone(&sql)).into_sql_str()).await?;
            let columns = statement.columns().iter().map(PreparedColumn::of::<Self>).collect();
            Ok(Prepared { sql, parameters: query.parameters(), types: Vec::new(), columns })
        }
        .boxed()
    }

    fn kind(_column: &SqliteTypeInfo) -> Result<(), String> {
        Ok(())
    }

    fn cell<'r>(
        row: &'r Self::Row,
        index: usize,
        _kind: (),
        _scratch: &'r mut String,
    ) -> Result<Cell<'r>, Unreadable> {
        let unreadable = |_| "cannot be read".to_owned();
        let value = row.try_get_raw(index).map_err(|_| "is missing".to_owned())?;
        let kind = value.type_info();
        if value.is_null() {
            return Ok(Cell::Null);
        }
        match kind.name() {
            "INTEGER" => <i64 as Decode<Sqlite>>::decode(value).map(Cell::Int).map_err(unreadable),
            "REAL" => <f64 as Decode<Sqlite>>::decode(value).map(Cell::Float).map_err(unreadable),
            "TEXT" => {
                let bytes = <&[u8] as Decode<Sqlite>>::decode(value).map_err(unreadable)?;
                Ok(std::str::from_utf8(bytes)
                    .map_or(Cell::Garbled(bytes), |text| Cell::Text(Cow::Borrowed(text))))
            }
            "BLOB" => <&[u8] as Decode<Sqlite>>::decode(value).map(Cell::Bytes).map_err(unreadable),
            other => Err(format!("is of type {other}, which cannot be read")),
        }
    }

    /// Numbers sort before all texts and texts before all blobs, unless the column's affinity turns the number
    /// into a text: hence the second try.
    fn beginnings(_prepared: &Prepared) -> Result<Vec<Value>, String> {
        Ok(vec![Value::Int(i64::MIN), Value::Text(String::new())])
    }

    const KNOWS_NO_TYPES: bool = true;

    /// Each value has a kind of its own. Where a text could be an id of two kinds, it is taken for the one that sorts
    /// first: rows may then come twice, but none is left out.
    fn position(
        _walk: &Prepared,
        _asked: &Prepared,
        _parameter: Parameter,
        id: &str,
        seen: &[Value],
    ) -> Option<Value> {
        let text = || Some(Value::Text(id.to_owned()));
        let number = |value: &Value| matches!(value, Value::Int(_) | Value::Unsigned(_) | Value::Float(_));
        if seen.is_empty() {
            return text();
        }
        if is_number(id) && seen.iter().any(number) {
            let whole = id.parse().ok().map(Value::Int);
            return whole.or_else(|| id.parse().ok().map(Value::Float));
        }
        if seen.iter().any(|value| matches!(value, Value::Text(_))) {
            return text();
        }
        if seen.iter().any(|value| matches!(value, Value::Bytes(_))) {
            return hex::decode(id).ok().map(Value::Bytes);
        }
        None
    }

    fn fault(error: &sqlx::Error) -> Fault {
        Fault::read(error, database_fault)
    }

    /// Of an ordinary file, without wishes of its own in the URL.
    fn at_once(url: &str, options: &Self::Options) -> Option<Box<dyn AtOnce>> {
        let file = options.get_filename();
        (!url.contains('?') && file != ":memory:")
            .then(|| Box::new(at_once::Inline::of(file)) as Box<dyn AtOnce>)
    }
}

/// The values as the driver binds them.
pub(super) fn arguments(values: Vec<Value>) -> Result<SqliteArguments, BoxDynError> {
    let mut arguments = SqliteArguments::default();
    for value in values {
        match value {
            Value::Int(number) => arguments.add(number)?,
            Value::Unsigned(number) => arguments.add(i64::try_from(number).unwrap_or(i64::MAX))?,
            Value::Float(number) => arguments.add(number)?,
            Value::Text(text) => arguments.add(text)?,
            Value::Bytes(bytes) => arguments.add(bytes)?,
        }
    }
    Ok(arguments)
}

/// Primary result codes are the low byte: <https://sqlite.org/rescode.html>.
fn database_fault(error: &(dyn DatabaseError + 'static)) -> Fault {
    let code = error.code().unwrap_or_default();
    let primary = code.parse::<i32>().unwrap_or(0) & 0xff;
    match primary {
        5 | 6 => Fault::new(Class::Busy, "the database file is locked"),
        9 => Fault::new(Class::Busy, "the query was interrupted"),
        10 => Fault::new(Class::Connection, "the database file cannot be read (I/O error)"),
        14 => Fault::new(
            Class::Busy,
            "the database file cannot be opened; does it exist, and may keyferry read it?",
        ),
        8 => Fault::new(Class::Query, "the query would write, and keyferry only ever reads"),
        11 | 26 => Fault::new(Class::Access, "the file is not an SQLite database, or damaged"),
        3 | 23 => Fault::new(Class::Access, "access is denied"),
        17 => Fault::new(Class::Stale, "the tables have changed"),
        1 if is_about_query(error.message()) => {
            Fault::new(Class::Query, about_query(&format!("SQLite {code}"), error.message()))
        }
        _ => Fault::new(Class::Query, format!("SQLite error {code}")),
    }
}

/// Errors of the code 1 are of all sorts; some are raised while rows are read and may quote them.
fn is_about_query(message: &str) -> bool {
    let known = [
        "no such ",
        "near ",
        "ambiguous ",
        "incomplete input",
        "misuse of ",
        "wrong number of arguments",
        "unrecognized token",
        "SELECTs to the left and right",
        "sub-select returns",
        "ORDER BY term",
        "GROUP BY term",
    ];
    known.iter().any(|beginning| message.starts_with(beginning))
        || message.contains("ORDER BY term")
        || message.contains("values for")
}
