//! A store that is asked in SQL, whichever database it is. The trait [`Dialect`] holds what differs; here is what
//! does not: look-ups with one retry on a new connection, and the checks of the admin's queries. The walk over all
//! rows is in `walk.rs`. Nothing here writes to the store.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::future::BoxFuture;
use futures_util::stream::BoxStream;
use sqlx::{Column, ConnectOptions, Connection, Database, Row as _};

use super::fault::{Class, Fault};
use super::parameters::{Lexicon, Parameter, Query};
use super::pool::{Lease, Pool, Purpose};
use super::record::{Cell, ReadRow, Role, Unreadable, Value, read_row};
use super::{CredentialSource, Lookup, PoolState, Row, SourceError, SourceSettings, UsernameRules};

/// Longest name that is looked up, in bytes; Okta's own logins end at 100 characters.
const LONGEST_USERNAME: usize = 1024;

/// Rows of a look-up that are read at most before its connection is rather closed than drained.
const MOST_ROWS_DRAINED: usize = 64;

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

    /// One value.
    fn cell(row: &Self::Row, index: usize, kind: Self::Kind) -> Result<Cell<'_>, Unreadable>;

    /// Where a walk begins: values that lie before every id, tried in turn until rows come.
    fn beginnings(prepared: &Prepared) -> Result<Vec<Value>, String>;

    /// What an error means.
    fn fault(error: &sqlx::Error) -> Fault;
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
    /// The columns and the names of their types.
    pub(super) columns: Vec<(String, String)>,
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
        self.columns
            .iter()
            .find(|(column, _)| column.eq_ignore_ascii_case(name))
            .map(|(_, kind)| kind.as_str())
    }
}

/// How the columns of one result are read; made once a result, used for each of its rows.
pub(super) struct Reader<D: Dialect> {
    pub(super) roles: Vec<Role>,
    kinds: Vec<Result<D::Kind, String>>,
    position_role: Role,
}

impl<D: Dialect> Reader<D> {
    pub(super) fn new(row: &D::Row) -> Self {
        let roles: Vec<Role> = row.columns().iter().map(|column| Role::of(column.name())).collect();
        let kinds = row.columns().iter().map(|column| D::kind(column.type_info())).collect();
        let position_role = if roles.contains(&Role::Id) { Role::Id } else { Role::Login };
        Self { roles, kinds, position_role }
    }

    pub(super) fn read(&self, row: &D::Row) -> ReadRow {
        let cells = self.kinds.iter().enumerate().map(|(index, kind)| match kind {
            Ok(kind) => D::cell(row, index, *kind),
            Err(name) => {
                Err(format!("is of type {name}, which cannot be read; cast it to text in the query"))
            }
        });
        read_row(&self.roles, &self.position_role, cells)
    }
}

/// A store that is asked in SQL.
pub(super) struct SqlSource<D: Dialect> {
    pub(super) shared: Arc<Shared<D>>,
    username: UsernameRules,
    lookup: Query,
    query_timeout: Duration,
    /// Learned from the database at the first look-up.
    prepared: Mutex<Option<Arc<Prepared>>>,
}

/// What a walk takes along, which may outlive the borrow that began it.
pub(super) struct Shared<D: Dialect> {
    pub(super) name: Arc<str>,
    pub(super) pool: Arc<Pool<D>>,
    pub(super) users: Option<Query>,
    pub(super) page_size: u32,
}

impl<D: Dialect> Shared<D> {
    /// A fault as the error that leaves the room.
    pub(super) fn error(&self, query: &'static str, fault: Fault) -> SourceError {
        let source_name = Arc::clone(&self.name);
        match fault.class {
            Class::Connection | Class::Busy | Class::Stale => {
                SourceError::Down { source_name, why: fault.why }
            }
            Class::Value | Class::Characters | Class::Query => {
                SourceError::Query { source_name, query, why: fault.why }
            }
            Class::Access => SourceError::Misconfigured { source_name, why: fault.why },
        }
    }
}

impl<D: Dialect> SqlSource<D> {
    /// Checks the settings as far as that goes without the database, which may be down.
    pub(super) fn open(settings: SourceSettings) -> Result<Self, SourceError> {
        let name = settings.name;
        let misconfigured = |why: String| SourceError::Misconfigured { source_name: Arc::clone(&name), why };
        let url = settings.url.expose_str().ok_or_else(|| misconfigured("`url` is not text".to_owned()))?;
        check_url_keys(url, D::URL_KEYS).map_err(&misconfigured)?;
        let options = D::options(url, settings.query_timeout).map_err(|_| {
            // The parser's words may quote the URL, and with it a password.
            misconfigured(
                "`url` cannot be read; write special characters in user and password as %40".to_owned(),
            )
        })?;
        let lookup = lookup_query::<D>(&settings.lookup).map_err(&misconfigured)?;
        let users = settings.users.as_deref().map(users_query::<D>).transpose().map_err(&misconfigured)?;
        let pool =
            Pool::new(options, settings.max_connections, settings.connect_timeout, settings.query_timeout);
        let shared = Shared { name: Arc::clone(&name), pool, users, page_size: settings.page_size.max(1) };
        Ok(Self {
            shared: Arc::new(shared),
            username: settings.username,
            lookup,
            query_timeout: settings.query_timeout,
            prepared: Mutex::default(),
        })
    }

    async fn look_up(&self, username: &str) -> Result<Lookup, SourceError> {
        let name = self.username.apply(username);
        if name.is_empty() || name.contains('\0') || name.len() > LONGEST_USERNAME {
            return Ok(Lookup::Unknown);
        }
        let known_before = self.known().is_some();
        let first = self.try_look_up(&name, Purpose::LookUp).await;
        let answer = match first {
            Err((fault, true)) if matches!(fault.class, Class::Connection | Class::Stale) => {
                self.shared.pool.forget_idle();
                self.forget_prepared();
                self.try_look_up(&name, Purpose::SecondTry).await
            }
            // What was learned of the query may no longer be true: the tables may have changed.
            Err((fault, true)) if fault.class == Class::Query && known_before => {
                self.forget_prepared();
                self.try_look_up(&name, Purpose::SecondTry).await
            }
            other => other,
        };
        answer.or_else(|(fault, _)| match fault.class {
            // A name that the column cannot hold is in no row of it; one that is no number is nobody's number.
            Class::Characters => Ok(Lookup::Unknown),
            Class::Value if self.name_is_converted() => Ok(Lookup::Unknown),
            _ => Err(self.shared.error("lookup", fault)),
        })
    }

    /// Whether the database converts the name to another type, at which names of the wrong form fail.
    fn name_is_converted(&self) -> bool {
        self.known().is_some_and(|prepared| prepared.types.iter().any(Option::is_some))
    }

    /// One attempt; with a fault comes whether the connection had served before.
    async fn try_look_up(&self, name: &str, purpose: Purpose) -> Result<Lookup, (Fault, bool)> {
        let mut lease = self.shared.pool.acquire(purpose).await.map_err(|fault| (fault, false))?;
        let answer = tokio::time::timeout(self.query_timeout, self.ask(&mut lease, name)).await;
        match answer {
            Ok(Ok((lookup, drained))) => {
                if drained {
                    lease.release();
                }
                Ok(lookup)
            }
            Ok(Err(fault)) => {
                let reused = lease.reused;
                match fault.class {
                    Class::Value | Class::Characters => lease.release(),
                    Class::Query => {
                        self.forget_prepared();
                        lease.release();
                    }
                    // Cut, or in a state that nobody knows.
                    Class::Connection | Class::Busy | Class::Stale | Class::Access => {}
                }
                Err((fault, reused))
            }
            Err(_) => Err((Fault::no_answer(self.query_timeout), false)),
        }
    }

    /// Runs the look-up; true where its result has been read to the end.
    async fn ask(&self, lease: &mut Lease<D>, name: &str) -> Result<(Lookup, bool), Fault> {
        let prepared = self.prepared(&mut lease.connection).await?;
        let values = prepared.bind(|_| Some(Value::Text(name.to_owned())));
        let mut rows = D::fetch(&mut lease.connection, &prepared.sql, values);
        let mut found: Option<Lookup> = None;
        let mut count = 0;
        while let Some(row) = rows.next().await {
            let row = row.map_err(|error| D::fault(&error))?;
            count += 1;
            if count > MOST_ROWS_DRAINED {
                return Ok((Lookup::Ambiguous, false));
            }
            found = Some(match found {
                Some(_) => Lookup::Ambiguous,
                None => match Reader::<D>::new(&row).read(&row).row {
                    Ok(record) => Lookup::Found(Box::new(record)),
                    Err(bad) => Lookup::BadRow(bad),
                },
            });
        }
        Ok((found.unwrap_or(Lookup::Unknown), true))
    }

    async fn prepared(&self, connection: &mut D::Connection) -> Result<Arc<Prepared>, Fault> {
        if let Some(known) = self.known() {
            return Ok(known);
        }
        let prepared = D::prepare(connection, &self.lookup).await.map_err(|error| D::fault(&error))?;
        if prepared.column_type("stored").is_none() {
            return Err(missing_stored());
        }
        check_lookup_types(&prepared).map_err(|why| Fault::new(Class::Query, why))?;
        let prepared = Arc::new(prepared);
        *self.prepared.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(&prepared));
        Ok(prepared)
    }

    fn known(&self) -> Option<Arc<Prepared>> {
        self.prepared.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The tables may have changed: the types are learned anew at the next look-up.
    fn forget_prepared(&self) {
        *self.prepared.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    async fn check_queries(&self) -> Vec<SourceError> {
        let shared = &self.shared;
        let mut lease = match shared.pool.acquire(Purpose::LookUp).await {
            Ok(lease) => lease,
            Err(fault) => return vec![shared.error("lookup", fault)],
        };
        let mut problems = Vec::new();
        let queries = [("lookup", Some(&self.lookup)), ("users", shared.users.as_ref())];
        for (which, query) in queries {
            let Some(query) = query else { continue };
            let work = D::prepare(&mut lease.connection, query);
            let prepared = match tokio::time::timeout(self.query_timeout, work).await {
                Ok(prepared) => prepared.map_err(|error| D::fault(&error)),
                // The connection is in the middle of something; it is of no more use.
                Err(_) => {
                    problems.push(shared.error(which, Fault::no_answer(self.query_timeout)));
                    return problems;
                }
            };
            let found = match prepared {
                Ok(prepared) => column_problems::<D>(which, &prepared),
                Err(fault) => vec![fault],
            };
            problems.extend(found.into_iter().map(|fault| shared.error(which, fault)));
        }
        lease.release();
        problems
    }

    async fn sign_of_life(&self) -> Result<(), Fault> {
        for purpose in [Purpose::LookUp, Purpose::SecondTry] {
            let mut lease = self.shared.pool.acquire(purpose).await?;
            match tokio::time::timeout(self.query_timeout, lease.connection.ping()).await {
                Ok(Ok(())) => {
                    lease.release();
                    return Ok(());
                }
                Ok(Err(_)) if lease.reused => self.shared.pool.forget_idle(),
                Ok(Err(error)) => return Err(D::fault(&error)),
                Err(_) => return Err(Fault::no_answer(self.query_timeout)),
            }
        }
        Err(Fault::new(Class::Connection, "the connection was lost"))
    }
}

/// The drivers log what they do not know, with its value, or drop it silently: a mistyped `sslmode` would then
/// leave the connection open to everybody's eyes.
fn check_url_keys(url: &str, known: &[&str]) -> Result<(), String> {
    let Some((_, settings)) = url.split_once('?') else { return Ok(()) };
    for setting in settings.split('&').filter(|setting| !setting.is_empty()) {
        let key = setting.split_once('=').map_or(setting, |(key, _)| key);
        if !known.contains(&key) {
            return Err(format!(
                "`url` has an unknown setting after its `?`; known are {}",
                known.join(", ")
            ));
        }
    }
    Ok(())
}

fn lookup_query<D: Dialect>(sql: &str) -> Result<Query, String> {
    let query = Query::parse(sql, D::LEXICON, &[Parameter::Username])
        .map_err(|why| format!("the lookup query {why}"))?;
    if !query.asks_for(Parameter::Username) {
        return Err("the lookup query does not use `:username`, so it cannot look anybody up".to_owned());
    }
    Ok(query)
}

fn users_query<D: Dialect>(sql: &str) -> Result<Query, String> {
    let query = Query::parse(sql, D::LEXICON, &[Parameter::After, Parameter::Limit])
        .map_err(|why| format!("the users query {why}"))?;
    match (query.asks_for(Parameter::After), query.asks_for(Parameter::Limit)) {
        (true, true) if !query.has_order_by() => {
            Err("the users query goes page by page and so needs ORDER BY id; without it rows would be lost"
                .to_owned())
        }
        (true, true) | (false, false) => Ok(query),
        (true, false) => Err(one_of_two("after", "limit")),
        (false, true) => Err(one_of_two("limit", "after")),
    }
}

fn one_of_two(has: &str, lacks: &str) -> String {
    format!(
        "the users query uses `:{has}` but not `:{lacks}`; use both (WHERE id > :after ORDER BY id LIMIT :limit), \
         or neither to read the whole table in one go"
    )
}

/// A name that is compared with a number here and a text there would make the whole look-up fail for most names.
fn check_lookup_types(prepared: &Prepared) -> Result<(), String> {
    let mut types: Vec<&str> = prepared.types.iter().map(|kind| kind.as_deref().unwrap_or("text")).collect();
    types.sort_unstable();
    types.dedup();
    if types.len() > 1 {
        return Err(format!(
            "`:username` is compared with columns of different types ({}); cast those columns to text",
            types.join(", ")
        ));
    }
    Ok(())
}

pub(super) fn missing_stored() -> Fault {
    Fault::new(Class::Access, "the query gives no column `stored`; name it so: password AS stored")
}

fn column_problems<D: Dialect>(which: &'static str, prepared: &Prepared) -> Vec<Fault> {
    let mut problems = Vec::new();
    if prepared.column_type("stored").is_none() {
        problems.push(Fault::new(
            Class::Access,
            format!("the {which} query gives no column `stored`; name it so: password AS stored"),
        ));
    }
    let has_position = prepared.column_type("id").is_some() || prepared.column_type("login").is_some();
    if !has_position {
        problems.push(Fault::new(
            Class::Access,
            format!(
                "the {which} query gives neither a column `id` nor `login`; one of them must tell users apart"
            ),
        ));
    }
    if which == "lookup"
        && let Err(why) = check_lookup_types(prepared)
    {
        problems.push(Fault::new(Class::Query, why));
    }
    if which == "users"
        && has_position
        && prepared.parameters.contains(&Parameter::After)
        && let Err(why) = D::beginnings(prepared)
    {
        problems.push(Fault::new(Class::Query, why));
    }
    problems
}

impl<D: Dialect> CredentialSource for SqlSource<D> {
    fn name(&self) -> &Arc<str> {
        &self.shared.name
    }

    fn find<'a>(&'a self, username: &'a str) -> BoxFuture<'a, Result<Lookup, SourceError>> {
        Box::pin(self.look_up(username))
    }

    fn stream<'a>(&'a self, filter: Option<&'a str>) -> BoxStream<'a, Result<Vec<Row>, SourceError>> {
        super::walk::stream(&self.shared, filter)
    }

    fn ping(&self) -> BoxFuture<'_, Result<(), SourceError>> {
        Box::pin(async { self.sign_of_life().await.map_err(|fault| self.shared.error("lookup", fault)) })
    }

    fn check(&self) -> BoxFuture<'_, Vec<SourceError>> {
        Box::pin(self.check_queries())
    }

    fn pool(&self) -> PoolState {
        self.shared.pool.state()
    }

    fn close(&self) -> BoxFuture<'_, ()> {
        Box::pin(self.shared.pool.close())
    }
}
