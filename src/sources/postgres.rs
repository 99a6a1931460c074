//! Stores in PostgreSQL. The server is asked which types it expects of the parameters; values are then bound as
//! text that the server itself converts, so that `id > :after` works for every type of id and keeps its index.
//! Values come in PostgreSQL's binary format and are read here, without the driver's per-value type checks.

use std::borrow::Cow;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use futures_util::stream::BoxStream;
use futures_util::{FutureExt, StreamExt};
use sqlx::error::{BoxDynError, DatabaseError};
use sqlx::postgres::{PgArguments, PgConnectOptions, PgConnection, PgRow, PgTypeInfo, PgTypeKind, Postgres};
use sqlx::{
    AssertSqlSafe, ConnectOptions, Either, Executor, Row as _, SqlSafeStr, Statement, TypeInfo, ValueRef,
};

use super::dialect::{Dialect, Prepared, PreparedColumn, is_number};
use super::exposure::Questions;
use super::fault::{Class, Fault, about_query};
use super::parameters::{Lexicon, Parameter, Query};
use super::postgres_values as values;
use super::record::{Cell, Unreadable, Value};

pub(super) struct PostgresDialect;

/// How a column's bytes are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Bool,
    Int2,
    Int4,
    Int8,
    Oid,
    Float4,
    Float8,
    Numeric,
    Text,
    /// `char(n)`: blanks at the end are padding.
    Padded,
    Bytes,
    Uuid,
    Date,
    Time,
    Timestamp,
    TimestampTz,
    Jsonb,
    TextList,
    Bits,
    Address,
}

impl Dialect for PostgresDialect {
    type Db = Postgres;
    type Connection = PgConnection;
    type Options = PgConnectOptions;
    type Row = PgRow;
    type Kind = Kind;

    const LEXICON: Lexicon = Lexicon {
        numbered: true,
        backticks: false,
        brackets: false,
        hash_comments: false,
        nested_comments: true,
        dollar_quotes: true,
        backslashes: false,
        e_strings: true,
    };

    const URL_KEYS: &'static [&'static str] = &[
        "sslmode",
        "ssl-mode",
        "sslrootcert",
        "ssl-root-cert",
        "ssl-ca",
        "sslcert",
        "ssl-cert",
        "sslkey",
        "ssl-key",
        "statement-cache-capacity",
        "host",
        "hostaddr",
        "port",
        "dbname",
        "user",
        "password",
        "application_name",
        "options",
    ];

    const EXPOSURES: Option<Questions> = Some(Questions {
        // A socket has no address, and a connection within the machine the same at both ends.
        not_encrypted: "SELECT 'plain'::text FROM pg_stat_ssl WHERE pid = pg_backend_pid() AND NOT ssl \
                        AND inet_client_addr() <> inet_server_addr()",
        superuser: "SELECT rolname::text FROM pg_roles WHERE rolname = current_user AND rolsuper",
        may_write: "SELECT c.oid::regclass::text FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace \
                    WHERE c.relkind IN ('r', 'p', 'v', 'f') AND n.nspname <> 'information_schema' \
                    AND n.nspname NOT LIKE 'pg\\_%' AND has_schema_privilege(n.oid, 'USAGE') \
                    AND (has_any_column_privilege(c.oid, 'INSERT') OR has_any_column_privilege(c.oid, 'UPDATE') \
                    OR has_table_privilege(c.oid, 'DELETE') OR has_table_privilege(c.oid, 'TRUNCATE')) \
                    ORDER BY 1 LIMIT 1",
    });

    fn options(url: &str, _query_timeout: Duration) -> Result<Self::Options, sqlx::Error> {
        Ok(PgConnectOptions::from_str(url)?.disable_statement_logging())
    }

    fn begin_session(
        connection: &mut Self::Connection,
        limit: Option<Duration>,
    ) -> BoxFuture<'_, Result<(), sqlx::Error>> {
        let limit = limit.map_or(0, |limit| limit.as_millis());
        // Notices may quote values, and the driver logs them. A database of the encoding SQL_ASCII may hold texts of
        // any encoding; asked for UTF-8, it would end the whole query at the first that is none.
        let sql = format!(
            "SET default_transaction_read_only = on; SET client_min_messages = error; \
             SET statement_timeout = {limit}; \
             SELECT set_config('client_encoding', 'SQL_ASCII', false) \
             WHERE current_setting('server_encoding') = 'SQL_ASCII'"
        );
        async move { connection.execute(sqlx::raw_sql(AssertSqlSafe(sql))).await.map(|_| ()) }.boxed()
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
        connection.fetch(sqlx::query_with(AssertSqlSafe(Arc::clone(sql)), arguments))
    }

    fn prepare<'a>(
        connection: &'a mut Self::Connection,
        query: &'a Query,
    ) -> BoxFuture<'a, Result<Prepared, sqlx::Error>> {
        async move {
            let sql = query.render(Self::LEXICON, &[]);
            let statement = connection.prepare(AssertSqlSafe(sql).into_sql_str()).await?;
            let parameters = match statement.parameters() {
                Some(Either::Left(types)) => types,
                _ => &[],
            };
            let casts: Vec<Option<String>> = parameters.iter().map(cast).collect();
            let types =
                parameters.iter().map(|kind| (!is_text(kind)).then(|| kind.name().to_owned())).collect();
            let columns = statement.columns().iter().map(PreparedColumn::of::<Self>).collect();
            let sql = query.render(Self::LEXICON, &casts).into();
            Ok(Prepared { sql, parameters: query.parameters(), types, columns })
        }
        .boxed()
    }

    fn kind(column: &PgTypeInfo) -> Result<Kind, String> {
        kind(column).ok_or_else(|| column.name().to_owned())
    }

    fn cell<'r>(
        row: &'r Self::Row,
        index: usize,
        kind: Kind,
        scratch: &'r mut String,
    ) -> Result<Cell<'r>, Unreadable> {
        let value = row.try_get_raw(index).map_err(|_| "is missing".to_owned())?;
        if value.is_null() {
            return Ok(Cell::Null);
        }
        let bytes = value.as_bytes().map_err(|_| "is missing".to_owned())?;
        read(bytes, kind, scratch).ok_or_else(|| "cannot be read; cast it to text in the query".to_owned())
    }

    fn beginnings(prepared: &Prepared) -> Result<Vec<Value>, String> {
        let least = match prepared.type_of(Parameter::After) {
            None | Some("BYTEA") => "",
            Some("INT2") => "-32768",
            Some("INT4") => "-2147483648",
            Some("INT8") => "-9223372036854775808",
            Some("OID") => "0",
            // Below every number that is told in full; -Infinity is not known before PostgreSQL 14.
            Some("NUMERIC") => "-1e1000",
            Some("FLOAT4" | "FLOAT8" | "DATE" | "TIMESTAMP" | "TIMESTAMPTZ") => "-infinity",
            Some("UUID") => "00000000-0000-0000-0000-000000000000",
            Some(other) => {
                return Err(format!(
                    "a walk cannot begin before the first {other}; cast the id to text in SELECT, WHERE and ORDER BY"
                ));
            }
        };
        Ok(vec![Value::Text(least.to_owned())])
    }

    fn position(
        _walk: &Prepared,
        asked: &Prepared,
        parameter: Parameter,
        id: &str,
        _seen: &[Value],
    ) -> Option<Value> {
        let number = |in_range: bool| in_range.then(|| Value::Text(id.to_owned()));
        match asked.type_of(parameter) {
            Some("BYTEA") => hex::decode(id).ok().map(Value::Bytes),
            Some("INT2") => number(id.parse::<i16>().is_ok()),
            Some("INT4") => number(id.parse::<i32>().is_ok()),
            Some("INT8") => number(id.parse::<i64>().is_ok()),
            Some("OID") => number(id.parse::<u32>().is_ok()),
            Some("NUMERIC" | "FLOAT4" | "FLOAT8") => {
                number(is_number(id) || ["NaN", "Infinity", "-Infinity", "inf", "-inf"].contains(&id))
            }
            Some("UUID") => uuid::Uuid::try_parse(id).ok().map(|_| Value::Text(id.to_owned())),
            Some("DATE" | "TIMESTAMP" | "TIMESTAMPTZ") => {
                let of_a_time = |byte: u8| byte.is_ascii_digit() || b"-+:.TZ BC".contains(&byte);
                (id.starts_with(|first: char| first.is_ascii_digit()) && id.bytes().all(of_a_time))
                    .then(|| Value::Text(id.to_owned()))
            }
            _ => Some(Value::Text(id.to_owned())),
        }
    }

    fn fault(error: &sqlx::Error) -> Fault {
        Fault::read(error, database_fault)
    }
}

/// The values as the driver binds them.
pub(super) fn arguments(values: Vec<Value>) -> Result<PgArguments, BoxDynError> {
    let mut arguments = PgArguments::default();
    for value in values {
        sqlx::Arguments::add(&mut arguments, as_text(value))?;
    }
    Ok(arguments)
}

/// Text as PostgreSQL reads it for the type in question.
fn as_text(value: Value) -> String {
    match value {
        Value::Int(number) => number.to_string(),
        Value::Unsigned(number) => number.to_string(),
        Value::Float(number) => number.to_string(),
        Value::Text(text) => text,
        Value::Bytes(bytes) => format!("\\x{}", hex::encode(bytes)),
    }
}

/// Whether every text is a value of this type.
fn is_text(kind: &PgTypeInfo) -> bool {
    matches!(kind.name(), "TEXT" | "VARCHAR" | "CHAR" | "NAME" | "UNKNOWN") || is_citext(kind)
}

fn is_citext(kind: &PgTypeInfo) -> bool {
    kind.name().rsplit('.').next() == Some("citext")
}

/// The type to convert to, where text itself will not do.
fn cast(kind: &PgTypeInfo) -> Option<String> {
    match kind.name() {
        "TEXT" | "VARCHAR" | "UNKNOWN" => None,
        // CHAR alone would be char(1).
        "CHAR" => Some("bpchar".to_owned()),
        other => Some(other.to_owned()),
    }
}

fn kind(column: &PgTypeInfo) -> Option<Kind> {
    Some(match column.name() {
        "BOOL" => Kind::Bool,
        "INT2" => Kind::Int2,
        "INT4" => Kind::Int4,
        "INT8" => Kind::Int8,
        "OID" => Kind::Oid,
        "FLOAT4" => Kind::Float4,
        "FLOAT8" => Kind::Float8,
        "NUMERIC" => Kind::Numeric,
        "TEXT" | "VARCHAR" | "NAME" | "UNKNOWN" | "\"CHAR\"" | "JSON" | "xml" => Kind::Text,
        "CHAR" => Kind::Padded,
        "BYTEA" => Kind::Bytes,
        "UUID" => Kind::Uuid,
        "DATE" => Kind::Date,
        "TIME" => Kind::Time,
        "TIMESTAMP" => Kind::Timestamp,
        "TIMESTAMPTZ" => Kind::TimestampTz,
        "JSONB" => Kind::Jsonb,
        "TEXT[]" | "VARCHAR[]" | "CHAR[]" | "NAME[]" => Kind::TextList,
        "BIT" | "VARBIT" => Kind::Bits,
        "INET" | "CIDR" => Kind::Address,
        _ if is_citext(column) => Kind::Text,
        _ => match column.kind() {
            PgTypeKind::Enum(_) => Kind::Text,
            PgTypeKind::Domain(base) => return kind(base),
            PgTypeKind::Array(item) if is_citext(item) || matches!(item.kind(), PgTypeKind::Enum(_)) => {
                Kind::TextList
            }
            _ => return None,
        },
    })
}

fn read<'r>(bytes: &'r [u8], kind: Kind, scratch: &'r mut String) -> Option<Cell<'r>> {
    match kind {
        Kind::Date => values::date(scratch, bytes)?,
        Kind::Time => values::time_of_day(scratch, i64::from_be_bytes(bytes.try_into().ok()?))?,
        Kind::Timestamp => values::timestamp(scratch, bytes, "")?,
        Kind::TimestampTz => values::timestamp(scratch, bytes, "Z")?,
        Kind::Uuid => {
            let mut room = uuid::Uuid::encode_buffer();
            scratch.push_str(uuid::Uuid::from_slice(bytes).ok()?.hyphenated().encode_lower(&mut room));
        }
        _ => {}
    }
    Some(match kind {
        Kind::Bool => Cell::Bool(*bytes.first()? != 0),
        Kind::Int2 => Cell::Int(i16::from_be_bytes(bytes.try_into().ok()?).into()),
        Kind::Int4 => Cell::Int(i32::from_be_bytes(bytes.try_into().ok()?).into()),
        Kind::Int8 => Cell::Int(i64::from_be_bytes(bytes.try_into().ok()?)),
        Kind::Oid => Cell::Int(u32::from_be_bytes(bytes.try_into().ok()?).into()),
        Kind::Float4 => Cell::Text(f32::from_be_bytes(bytes.try_into().ok()?).to_string().into()),
        Kind::Float8 => Cell::Float(f64::from_be_bytes(bytes.try_into().ok()?)),
        Kind::Numeric => Cell::Text(values::numeric(bytes)?.into()),
        Kind::Text => text(bytes),
        Kind::Padded => match text(bytes) {
            Cell::Text(Cow::Borrowed(padded)) => Cell::Text(padded.trim_end_matches(' ').into()),
            other => other,
        },
        Kind::Bytes => Cell::Bytes(bytes),
        Kind::Uuid | Kind::Date | Kind::Time | Kind::Timestamp | Kind::TimestampTz => {
            Cell::Text(Cow::Borrowed(scratch))
        }
        // One byte of version, then text.
        Kind::Jsonb => text(bytes.strip_prefix(&[1])?),
        Kind::TextList => Cell::List(values::text_list(bytes)?),
        Kind::Bits => Cell::Int(values::bits(bytes)?),
        Kind::Address => Cell::Text(values::address(bytes)?.into()),
    })
}

/// A database of the encoding `SQL_ASCII` may hold anything.
fn text(bytes: &[u8]) -> Cell<'_> {
    std::str::from_utf8(bytes).map_or(Cell::Garbled(bytes), |text| Cell::Text(Cow::Borrowed(text)))
}

/// By SQLSTATE: <https://www.postgresql.org/docs/current/errcodes-appendix.html>.
fn database_fault(error: &(dyn DatabaseError + 'static)) -> Fault {
    let code = error.code().unwrap_or_default();
    let message = error.message();
    match code.as_ref() {
        "57014" => Fault::new(Class::Busy, "the server gave up the query after its time limit (57014)"),
        "53300" => Fault::new(Class::Busy, "the server has too many connections (53300)"),
        "57P01" | "57P02" | "57P05" => {
            Fault::new(Class::Connection, format!("the server closed the connection ({code})"))
        }
        "57P03" => Fault::new(Class::Busy, "the server is starting up or shutting down (57P03)"),
        "0A000" if message.contains("cached plan") => {
            Fault::new(Class::Stale, "the tables have changed (0A000)")
        }
        "26000" => Fault::new(
            Class::Stale,
            "the server does not know a prepared statement (26000); a connection pooler between must keep them",
        ),
        "28000" | "28P01" => {
            Fault::new(Class::Access, format!("the server refuses the user or password in `url` ({code})"))
        }
        "3D000" => {
            Fault::new(Class::Access, "the server does not have the database that `url` names (3D000)")
        }
        "22P05" => {
            Fault::new(Class::Characters, "a value has characters that the database cannot hold (22P05)")
        }
        "25006" => Fault::new(Class::Query, "the query would write, and keyferry only ever reads (25006)"),
        "42501" | "42P01" | "42703" | "42883" | "42702" | "42725" | "42803" | "42804" | "42P10" | "42P18"
        | "42P08" | "42601" | "42704" | "3F000" | "0A000" => {
            Fault::new(Class::Query, about_query(&code, message))
        }
        other => match other.get(..2).unwrap_or("") {
            "08" => Fault::new(Class::Connection, format!("the connection broke ({code})")),
            "53" | "58" => Fault::new(Class::Busy, format!("the server is in trouble ({code})")),
            "40" | "55" => Fault::new(Class::Busy, format!("the server could not answer just now ({code})")),
            "22" => {
                Fault::new(Class::Value, format!("a value cannot be converted to a column's type ({code})"))
            }
            _ => Fault::new(Class::Query, format!("PostgreSQL error {code}")),
        },
    }
}
