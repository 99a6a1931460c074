//! Stores in MySQL and MariaDB. Neither tells what types it expects of parameters, so a walk binds its position as
//! what the `id` column is: an integer as an integer, a text as a text.

use std::borrow::Cow;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use futures_util::stream::BoxStream;
use futures_util::{FutureExt, StreamExt};
use sqlx::error::{BoxDynError, DatabaseError};
use sqlx::mysql::{
    MySql, MySqlArguments, MySqlConnectOptions, MySqlConnection, MySqlDatabaseError, MySqlRow, MySqlTypeInfo,
};
use sqlx::{
    Arguments, AssertSqlSafe, ConnectOptions, Decode, Executor, Row as _, SqlSafeStr, Statement, Type,
    TypeInfo, ValueRef,
};

use super::dialect::{Dialect, Prepared, PreparedColumn, is_number};
use super::exposure::Questions;
use super::fault::{Class, Fault, about_query};
use super::parameters::{Lexicon, Parameter, Query};
use super::record::{Cell, Unreadable, Value};

pub(super) struct MySqlDialect;

/// How a column's bytes are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Int,
    Unsigned,
    Float,
    Text,
    Bytes,
    Bits,
    Date,
    DateTime,
    Timestamp,
    Time,
    Null,
}

/// The widest decimal that the servers know, to compare a decimal id with exactly.
pub(super) const DECIMAL: &str = "DECIMAL(65,15)";

impl Dialect for MySqlDialect {
    type Db = MySql;
    type Connection = MySqlConnection;
    type Options = MySqlConnectOptions;
    type Row = MySqlRow;
    type Kind = Kind;

    const LEXICON: Lexicon = Lexicon {
        numbered: false,
        backticks: true,
        brackets: false,
        hash_comments: true,
        nested_comments: false,
        dollar_quotes: false,
        backslashes: true,
        e_strings: false,
    };

    const URL_KEYS: &'static [&'static str] = &[
        "sslmode",
        "ssl-mode",
        "sslca",
        "ssl-ca",
        "charset",
        "collation",
        "sslcert",
        "ssl-cert",
        "sslkey",
        "ssl-key",
        "statement-cache-capacity",
        "socket",
        "timezone",
        "time-zone",
    ];

    const EXPOSURES: Option<Questions> = Some(Questions {
        // MariaDB and MySQL keep the status in different places; each skips the other's comment.
        not_encrypted: "SELECT 'plain' FROM /*M!100000 information_schema.SESSION_STATUS */ \
                        /*!50708 performance_schema.session_status */ \
                        WHERE VARIABLE_NAME = 'Ssl_cipher' AND VARIABLE_VALUE = '' \
                        AND SUBSTRING_INDEX(USER(), '@', -1) NOT IN ('localhost', '127.0.0.1', '::1')",
        superuser: "SELECT PRIVILEGE_TYPE FROM information_schema.USER_PRIVILEGES \
                    WHERE PRIVILEGE_TYPE = 'SUPER' AND REPLACE(GRANTEE, '''', '') = CURRENT_USER() LIMIT 1",
        may_write: "SELECT PRIVILEGE_TYPE FROM (\
                    SELECT PRIVILEGE_TYPE, GRANTEE FROM information_schema.USER_PRIVILEGES UNION ALL \
                    SELECT PRIVILEGE_TYPE, GRANTEE FROM information_schema.SCHEMA_PRIVILEGES UNION ALL \
                    SELECT PRIVILEGE_TYPE, GRANTEE FROM information_schema.TABLE_PRIVILEGES UNION ALL \
                    SELECT PRIVILEGE_TYPE, GRANTEE FROM information_schema.COLUMN_PRIVILEGES) AS granted \
                    WHERE REPLACE(GRANTEE, '''', '') = CURRENT_USER() AND PRIVILEGE_TYPE IN \
                    ('INSERT', 'UPDATE', 'DELETE', 'CREATE', 'DROP', 'ALTER', 'INDEX') ORDER BY 1 LIMIT 1",
    });

    fn options(url: &str, _query_timeout: Duration) -> Result<Self::Options, sqlx::Error> {
        // The admin's SQL must mean here what it means in the admin's own client: the server's SQL mode stays.
        Ok(MySqlConnectOptions::from_str(url)?
            .pipes_as_concat(false)
            .no_engine_substitution(false)
            .disable_statement_logging())
    }

    fn begin_session(
        connection: &mut Self::Connection,
        limit: Option<Duration>,
    ) -> BoxFuture<'_, Result<(), sqlx::Error>> {
        let seconds = limit.map_or(0.0, |limit| limit.as_secs_f64());
        let millis = limit.map_or(0, |limit| limit.as_millis());
        // MariaDB and MySQL name the limit differently; each skips the other's comment.
        let time_limit = format!(
            "SET @keyferry = 1 /*M!100101 , SESSION max_statement_time = {seconds} */ \
             /*!50708 , SESSION max_execution_time = {millis} */"
        );
        async move {
            connection.execute(sqlx::raw_sql("SET SESSION TRANSACTION READ ONLY")).await?;
            connection.execute(sqlx::raw_sql(AssertSqlSafe(time_limit))).await.map(|_| ())
        }
        .boxed()
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
            let parameters = query.parameters();
            let sql: Arc<str> = query.render(Self::LEXICON, &[]).into();
            let statement = connection.prepare(AssertSqlSafe(Arc::clone(&sql)).into_sql_str()).await?;
            let columns = statement.columns().iter().map(PreparedColumn::of::<Self>).collect();
            let prepared = Prepared { sql, parameters, types: Vec::new(), columns };
            if !is_decimal(&prepared) {
                return Ok(prepared);
            }
            // A decimal that is compared with a text is compared as a float, and floats have too few digits.
            let cast = |parameter: &Parameter| (*parameter == Parameter::After).then(|| DECIMAL.to_owned());
            let casts: Vec<Option<String>> = prepared.parameters.iter().map(cast).collect();
            Ok(Prepared { sql: query.render(Self::LEXICON, &casts).into(), ..prepared })
        }
        .boxed()
    }

    fn kind(column: &MySqlTypeInfo) -> Result<Kind, String> {
        Ok(match type_name(column) {
            "BOOLEAN" | "TINYINT" | "SMALLINT" | "MEDIUMINT" | "INT" | "BIGINT" => Kind::Int,
            "YEAR" => Kind::Unsigned,
            name if name.ends_with("UNSIGNED") => Kind::Unsigned,
            "FLOAT" | "DOUBLE" => Kind::Float,
            "DECIMAL" | "TEXT" | "ENUM" | "SET" | "JSON" => Kind::Text,
            "BYTES" => Kind::Bytes,
            "BIT" => Kind::Bits,
            "DATE" => Kind::Date,
            "DATETIME" => Kind::DateTime,
            "TIMESTAMP" => Kind::Timestamp,
            "TIME" => Kind::Time,
            "NULL" => Kind::Null,
            other => return Err(other.to_owned()),
        })
    }

    fn type_name(column: &MySqlTypeInfo) -> &str {
        type_name(column)
    }

    fn cell<'r>(
        row: &'r Self::Row,
        index: usize,
        kind: Kind,
        _scratch: &'r mut String,
    ) -> Result<Cell<'r>, Unreadable> {
        let value = row.try_get_raw(index).map_err(|_| "is missing".to_owned())?;
        if value.is_null() || kind == Kind::Null {
            return Ok(Cell::Null);
        }
        let bytes = <&[u8] as Decode<MySql>>::decode(value).map_err(|_| "is missing".to_owned())?;
        read(bytes, kind).ok_or_else(|| "cannot be read; cast it to text in the query".to_owned())
    }

    fn beginnings(prepared: &Prepared) -> Result<Vec<Value>, String> {
        let name = position_type(prepared).unwrap_or("column");
        if name == "TEXT" {
            // MariaDB's UUID and INET6 look like texts, but are not comparable with the empty one: no row comes.
            return Ok(["", "00000000-0000-0000-0000-000000000000", "::"]
                .map(|text| Value::Text(text.to_owned()))
                .into());
        }
        Ok(vec![match name {
            "DECIMAL" => Value::Text("-1e49".to_owned()),
            "FLOAT" | "DOUBLE" => Value::Float(f64::MIN),
            "BYTES" => Value::Bytes(Vec::new()),
            "BOOLEAN" | "TINYINT" | "SMALLINT" | "MEDIUMINT" | "INT" | "BIGINT" => Value::Int(i64::MIN),
            "YEAR" => Value::Int(-1),
            unsigned if unsigned.ends_with("UNSIGNED") => Value::Int(-1),
            other => {
                return Err(format!(
                    "a walk cannot go along a {other}; use an integer or text id, or cast it to CHAR in SELECT, \
                     WHERE and ORDER BY"
                ));
            }
        }])
    }

    fn position(
        walk: &Prepared,
        _asked: &Prepared,
        _parameter: Parameter,
        id: &str,
        _seen: &[Value],
    ) -> Option<Value> {
        let text = || Value::Text(id.to_owned());
        match position_type(walk)? {
            "DECIMAL" | "FLOAT" => is_number(id).then(text),
            "DOUBLE" => is_number(id).then(|| id.parse().ok().map(Value::Float))?,
            "BYTES" => hex::decode(id).ok().map(Value::Bytes),
            "BOOLEAN" | "TINYINT" | "SMALLINT" | "MEDIUMINT" | "INT" | "BIGINT" => {
                id.parse().ok().map(Value::Int)
            }
            "YEAR" => id.parse().ok().map(Value::Unsigned),
            unsigned if unsigned.ends_with("UNSIGNED") => id.parse().ok().map(Value::Unsigned),
            _ => Some(text()),
        }
    }

    fn fault(error: &sqlx::Error) -> Fault {
        Fault::read(error, database_fault)
    }
}

/// The values as the driver binds them.
pub(super) fn arguments(values: Vec<Value>) -> Result<MySqlArguments, BoxDynError> {
    let mut arguments = MySqlArguments::default();
    for value in values {
        match value {
            Value::Int(number) => arguments.add(number)?,
            Value::Unsigned(number) => arguments.add(number)?,
            Value::Float(number) => arguments.add(number)?,
            Value::Text(text) => arguments.add(text)?,
            Value::Bytes(bytes) => arguments.add(bytes)?,
        }
    }
    Ok(arguments)
}

/// Whether the ids of the walk are decimals.
pub(super) fn is_decimal(walk: &Prepared) -> bool {
    position_type(walk) == Some("DECIMAL")
}

/// The driver's name of a type, or `TEXT` or `BYTES` for all that are one: the driver calls a text with a binary
/// collation binary, which it is not.
fn type_name(column: &MySqlTypeInfo) -> &str {
    match column.name() {
        "CHAR" | "VARCHAR" | "TINYTEXT" | "TEXT" | "MEDIUMTEXT" | "LONGTEXT" => "TEXT",
        "BINARY" | "VARBINARY" | "TINYBLOB" | "BLOB" | "MEDIUMBLOB" | "LONGBLOB" => {
            if <str as Type<MySql>>::compatible(column) {
                "TEXT"
            } else {
                "BYTES"
            }
        }
        other => other,
    }
}

/// The type of the column that pages are cut by.
fn position_type(prepared: &Prepared) -> Option<&str> {
    prepared.column_type("id").or_else(|| prepared.column_type("login"))
}

/// Binary protocol values, little-endian:
/// <https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_binary_resultset.html>.
fn read(bytes: &[u8], kind: Kind) -> Option<Cell<'_>> {
    Some(match kind {
        Kind::Null => Cell::Null,
        Kind::Int => Cell::Int(match *bytes {
            [a] => i64::from(a.cast_signed()),
            [a, b] => i64::from(i16::from_le_bytes([a, b])),
            [a, b, c, d] => i64::from(i32::from_le_bytes([a, b, c, d])),
            _ => i64::from_le_bytes(bytes.try_into().ok()?),
        }),
        Kind::Unsigned => Cell::Unsigned(match *bytes {
            [a] => u64::from(a),
            [a, b] => u64::from(u16::from_le_bytes([a, b])),
            [a, b, c, d] => u64::from(u32::from_le_bytes([a, b, c, d])),
            _ => u64::from_le_bytes(bytes.try_into().ok()?),
        }),
        Kind::Float => match *bytes {
            [a, b, c, d] => Cell::Text(f32::from_le_bytes([a, b, c, d]).to_string().into()),
            _ => Cell::Float(f64::from_le_bytes(bytes.try_into().ok()?)),
        },
        Kind::Text => {
            std::str::from_utf8(bytes).map_or(Cell::Garbled(bytes), |text| Cell::Text(Cow::Borrowed(text)))
        }
        Kind::Bytes => Cell::Bytes(bytes),
        Kind::Bits => {
            if bytes.len() > 8 {
                return None;
            }
            Cell::Unsigned(bytes.iter().fold(0, |number, byte| number << 8 | u64::from(*byte)))
        }
        Kind::Date => Cell::Text(date(bytes)?.into()),
        Kind::DateTime => Cell::Text(date_time(bytes)?.into()),
        Kind::Timestamp => Cell::Text(format!("{}Z", date_time(bytes)?).into()),
        Kind::Time => Cell::Text(time(bytes)?.into()),
    })
}

/// A byte of length, then year, month and day.
fn date(bytes: &[u8]) -> Option<String> {
    let (_length, rest) = bytes.split_first()?;
    let ([low, high, month, day], _) = rest.split_first_chunk()?;
    Some(format!("{:04}-{month:02}-{day:02}", u16::from_le_bytes([*low, *high])))
}

/// The same, then the time where it is not midnight, then microseconds where there are any.
fn date_time(bytes: &[u8]) -> Option<String> {
    let date = date(bytes)?;
    let time = match bytes.get(5..)? {
        [] => "00:00:00".to_owned(),
        [hour, minute, second, rest @ ..] => clock((*hour).into(), *minute, *second, rest)?,
        _ => return None,
    };
    Some(format!("{date}T{time}"))
}

/// A byte of length; nothing, or sign, days, hours, minutes, seconds, microseconds where there are any.
fn time(bytes: &[u8]) -> Option<String> {
    let (_length, rest) = bytes.split_first()?;
    match *rest {
        [] => Some("00:00:00".to_owned()),
        [negative, a, b, c, d, hour, minute, second, ref rest @ ..] => {
            let days = u64::from(u32::from_le_bytes([a, b, c, d]));
            let clock = clock(days * 24 + u64::from(hour), minute, second, rest)?;
            Some(if negative == 0 { clock } else { format!("-{clock}") })
        }
        _ => None,
    }
}

fn clock(hour: u64, minute: u8, second: u8, rest: &[u8]) -> Option<String> {
    let whole = format!("{hour:02}:{minute:02}:{second:02}");
    match *rest {
        [] => Some(whole),
        [a, b, c, d] => Some(format!("{whole}.{:06}", u32::from_le_bytes([a, b, c, d]))),
        _ => None,
    }
}

/// By number: <https://mariadb.com/kb/en/mariadb-error-codes/>.
fn database_fault(error: &(dyn DatabaseError + 'static)) -> Fault {
    let Some(error) = error.try_downcast_ref::<MySqlDatabaseError>() else {
        return Fault::new(Class::Query, "the server reports an error without a number");
    };
    let number = error.number();
    match number {
        1053 | 1152..=1161 | 1184 | 1927 | 4031 => {
            Fault::new(Class::Connection, format!("the server closed the connection ({number})"))
        }
        1040 | 1203 | 1226 => {
            Fault::new(Class::Busy, format!("the server has too many connections ({number})"))
        }
        1317 | 1969 | 3024 => {
            Fault::new(Class::Busy, format!("the server gave up the query after its time limit ({number})"))
        }
        1129 | 1205 | 1213 | 1021 | 1037 | 1041 | 1135 => {
            Fault::new(Class::Busy, format!("the server could not answer just now ({number})"))
        }
        1243 | 1412 | 1615 => Fault::new(Class::Stale, format!("the tables have changed ({number})")),
        1044 | 1045 | 1130 | 1251 | 1698 => {
            Fault::new(Class::Access, format!("the server refuses the user or password in `url` ({number})"))
        }
        1046 => Fault::new(Class::Access, "`url` names no database (1046)"),
        1049 => Fault::new(Class::Access, "the server does not have the database that `url` names (1049)"),
        1142 | 1143 | 1227 | 1370 => Fault::new(
            Class::Query,
            format!("the user may not read a table or column of the query ({number})"),
        ),
        1792 | 1290 | 1836 => Fault::new(
            Class::Query,
            format!("the query would write, and keyferry only ever reads ({number})"),
        ),
        // Two columns that do not go together are refused with the same number, but already when prepared.
        1267 if error.message().contains("COERCIBLE") => {
            Fault::new(Class::Characters, "a value has characters that a column cannot hold (1267)")
        }
        // These quote names, no values.
        1052 | 1054 | 1055 | 1056 | 1060 | 1066 | 1109 | 1146 | 1235 | 1248 | 1267 | 1305 => Fault::new(
            Class::Query,
            format!("{} ({number})", error.message().chars().take(300).collect::<String>()),
        ),
        // This quotes the query itself, where a literal may stand.
        1064 => Fault::new(Class::Query, syntax_error(error.message())),
        _ => Fault::new(Class::Query, about_query(&format!("MySQL {number}"), "an error")),
    }
}

/// `… near 'FRM users' at line 1`, up to the first literal in it.
fn syntax_error(message: &str) -> String {
    let near = message.split_once("near '").map_or("", |(_, near)| near);
    let near = near.split(['\'', '"']).next().unwrap_or("").trim();
    format!("SQL syntax error near `{}` (1064)", near.chars().take(80).collect::<String>())
}
