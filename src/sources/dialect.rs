//! What differs between databases, and what a prepared query looks like whichever database prepared it.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use futures_util::stream::BoxStream;
use sqlx::{Column, ConnectOptions, Connection, Database, Row as _, TypeInfo};
use zeroize::Zeroizing;

use super::Lookup;
use super::exposure::Questions;
use super::fault::Fault;
use super::page::{Page, Room};
use super::parameters::{Lexicon, Parameter, Query};
use super::record::{Cell, Reading, Roles, Unreadable, Value};

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

    /// How to ask what the account and the connection allow beyond need; none where there is nothing to ask.
    const EXPOSURES: Option<Questions> = None;

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

    /// One value. What has to be put into words may be put into `scratch`.
    fn cell<'r>(
        row: &'r Self::Row,
        index: usize,
        kind: Self::Kind,
        scratch: &'r mut String,
    ) -> Result<Cell<'r>, Unreadable>;

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

    /// How to answer a look-up without leaving the thread, where that can be.
    fn at_once(_url: &str, _options: &Self::Options) -> Option<Box<dyn AtOnce>> {
        None
    }
}

/// Look-ups in less time than a hand-over takes.
pub(super) trait AtOnce: Send + Sync {
    /// The answer, if it could be had in next to no time; else the usual way is to be gone.
    fn look_up(&self, prepared: &Prepared, name: &str) -> Option<Lookup>;
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
    roles: Roles,
    kinds: Vec<Result<D::Kind, String>>,
    scratch: Zeroizing<String>,
}

impl<D: Dialect> Reader<D> {
    pub(super) fn new(row: &D::Row) -> Self {
        let roles = Roles::of(row.columns().iter().map(Column::name));
        let kinds = row.columns().iter().map(|column| D::kind(column.type_info())).collect();
        Self { roles, kinds, scratch: Zeroizing::default() }
    }

    /// A page for such rows.
    pub(super) fn page(&self, room: Room) -> Page {
        Page::with_room(&self.roles.columns, room)
    }

    /// Reads a row into a page. `position` becomes what to bind to find the page behind it; none where that is NULL or
    /// unreadable.
    pub(super) fn read(&mut self, row: &D::Row, into: &mut Page, position: &mut Option<Value>) {
        let mut reading = Reading::begin(into);
        for (at, kind) in self.kinds.iter().enumerate() {
            self.scratch.clear();
            let cell = match kind {
                Ok(kind) => D::cell(row, at, *kind, &mut self.scratch),
                Err(name) => {
                    Err(format!("is of type {name}, which cannot be read; cast it to text in the query"))
                }
            };
            reading.take(&self.roles, at, cell, position);
        }
        reading.end();
    }
}
