//! What differs between databases, and what a prepared query looks like whichever database prepared it.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use futures_util::stream::BoxStream;
use sqlx::{Column, ConnectOptions, Connection, Database, Row as _, TypeInfo};

use super::fault::Fault;
use super::parameters::{Lexicon, Parameter, Query};
use super::record::{Cell, ReadRow, Role, Unreadable, Value, read_row};

/// What differs between databases.
pub(super) trait Dialect: Send + Sync + 'static {
    /// The driver.
    type Db: Database<Connection = Self::Connection, Row = Self::Row>;
    /// One connection.
    type Connection: Connection<Options = Self::Options, Database = Self::Db>;
    /// How to connect.
    type Options: ConnectOptions<Connection = Self::Connection>;
    /// One row.
    type Row: sqlx::Row<Database = Self::Db>;
    /// How to read a column's values.
    type Kind: Copy + Send + Sync;

    /// Lexical rules.
    const LEXICON: Lexicon;

    /// What may stand behind the `?` of a URL.
    const URL_KEYS: &'static [&'static str];

    /// Reads the URL; all that must hold for every connection is set here or in [`Dialect::begin_session`].
    fn options(url: &str, query_timeout: Duration) -> Result<Self::Options, sqlx::Error>;

    /// Makes a new connection read-only, and limits the time of its queries.
    fn begin_session(
        connection: &mut Self::Connection,
        limit: Option<Duration>,
    ) -> BoxFuture<'_, Result<(), sqlx::Error>>;

    /// Runs a query with its values bound.
    fn fetch<'a>(
        connection: &'a mut Self::Connection,
        sql: &Arc<str>,
        values: Vec<Value>,
    ) -> BoxStream<'a, Result<Self::Row, sqlx::Error>>;

    /// Prepares a query without running it.
    fn prepare<'a>(
        connection: &'a mut Self::Connection,
        query: &'a Query,
    ) -> BoxFuture<'a, Result<Prepared, sqlx::Error>>;

    /// How to read a column of this type; `Err` holds the type's name.
    fn kind(column: &<Self::Db as Database>::TypeInfo) -> Result<Self::Kind, String>;

    /// The name of a type.
    fn type_name(column: &<Self::Db as Database>::TypeInfo) -> &str {
        column.name()
    }

    /// One value.
    fn cell(row: &Self::Row, index: usize, kind: Self::Kind) -> Result<Cell<'_>, Unreadable>;

    /// Where a walk begins: values that lie before every id, tried in turn until rows come.
    fn beginnings(prepared: &Prepared) -> Result<Vec<Value>, String>;

    /// Whether [`Dialect::position`] needs to see ids of the store, since the database does not tell types.
    const KNOWS_NO_TYPES: bool = false;

    /// The value to bind for an id that was told as text, at the parameter of `asked`; `walk` is the users query, and
    /// `seen` are the first ids behind each of its beginnings. `None` where the text cannot be an id of the store.
    fn position(
        walk: &Prepared,
        asked: &Prepared,
        parameter: Parameter,
        id: &str,
        seen: &[Value],
    ) -> Option<Value>;

    /// What an error means.
    fn fault(error: &sqlx::Error) -> Fault;
}

/// Whether a text is a number as databases write them, without a name such as `inf` or `nan`.
pub(super) fn is_number(text: &str) -> bool {
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    digits.starts_with(|first: char| first.is_ascii_digit())
        && digits.bytes().all(|byte| byte.is_ascii_digit() || b".eE+-".contains(&byte))
        && text.parse::<f64>().is_ok()
}

/// A query as the database has prepared it.
#[derive(Clone, Debug)]
pub(super) struct Prepared {
    /// With the database's placeholders.
    pub(super) sql: Arc<str>,
    /// What to bind, in order.
    pub(super) parameters: Vec<Parameter>,
    /// The SQL types of the parameters, where the database tells.
    pub(super) types: Vec<Option<String>>,
    /// The columns of its result.
    pub(super) columns: Vec<PreparedColumn>,
}

/// A column of a prepared query's result.
#[derive(Clone, Debug)]
pub(super) struct PreparedColumn {
    pub(super) name: String,
    /// The name of its type.
    pub(super) kind: String,
    /// Whether values of that type can be read.
    pub(super) readable: bool,
}

impl PreparedColumn {
    /// Takes down what a driver says of a column.
    pub(super) fn of<D: Dialect>(column: &<D::Db as Database>::Column) -> Self {
        let kind = column.type_info();
        Self {
            name: column.name().to_owned(),
            kind: D::type_name(kind).to_owned(),
            readable: D::kind(kind).is_ok(),
        }
    }
}

impl Prepared {
    /// The values to bind.
    pub(super) fn bind(&self, value: impl Fn(Parameter) -> Option<Value>) -> Vec<Value> {
        self.parameters.iter().filter_map(|parameter| value(*parameter)).collect()
    }

    /// The type that the database gives a parameter, at its first place.
    pub(super) fn type_of(&self, parameter: Parameter) -> Option<&str> {
        let at = self.parameters.iter().position(|it| *it == parameter)?;
        self.types.get(at)?.as_deref()
    }

    /// A column's type.
    pub(super) fn column_type(&self, name: &str) -> Option<&str> {
        self.columns.iter().find(|it| it.name.eq_ignore_ascii_case(name)).map(|it| it.kind.as_str())
    }
}

/// How the columns of one result are read; made once a result, used for each of its rows.
pub(super) struct Reader<D: Dialect> {
    roles: Vec<Role>,
    kinds: Vec<Result<D::Kind, String>>,
    position: Option<usize>,
}

impl<D: Dialect> Reader<D> {
    pub(super) fn new(row: &D::Row) -> Self {
        let roles: Vec<Role> = row.columns().iter().map(|column| Role::of(column.name())).collect();
        let kinds = row.columns().iter().map(|column| D::kind(column.type_info())).collect();
        let place = |wanted: &Role| roles.iter().position(|role| role == wanted);
        let position = place(&Role::Id).or_else(|| place(&Role::Login));
        Self { roles, kinds, position }
    }

    pub(super) fn read(&self, row: &D::Row) -> ReadRow {
        let cells = self.kinds.iter().enumerate().map(|(index, kind)| match kind {
            Ok(kind) => D::cell(row, index, *kind),
            Err(name) => {
                Err(format!("is of type {name}, which cannot be read; cast it to text in the query"))
            }
        });
        read_row(&self.roles, self.position, cells)
    }
}
