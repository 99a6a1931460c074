//! A store that is asked in SQL, whichever database it is: look-ups, with one retry on a new connection, and the
//! check of the admin's queries. What differs between databases is behind [`Dialect`]; the walk over all rows is in
//! `walk.rs`. Nothing here writes to the store.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::future::BoxFuture;
use futures_util::stream::BoxStream;
use sqlx::Connection;

use super::checks::{
    check_lookup_types, check_url_keys, column_problems, groups_problems, groups_query, lookup_query,
    missing_stored, users_query,
};
use super::cleanup::{self, Cleaner, CleanupSettings, Writing};
use super::dialect::{AtOnce, Dialect, Prepared, Reader};
use super::exposure::{self, Exposure};
use super::fault::{Class, Fault};
use super::groups::Groups;
use super::page::Room;
use super::parameters::Query;
use super::pool::{Lease, Pool, Purpose};
use super::record::Value;
use super::{CredentialSource, Lookup, Page, PoolState, SourceError, SourceSettings, UsernameRules};

/// Longest name that is looked up, in bytes; Okta's own logins end at 100 characters.
const LONGEST_USERNAME: usize = 1024;

/// Rows of a look-up that are read at most before its connection is rather closed than drained.
const MOST_ROWS_DRAINED: usize = 64;

/// A store that is asked in SQL.
pub(super) struct SqlSource<D: Dialect> {
    pub(super) shared: Arc<Shared<D>>,
    username: UsernameRules,
    lookup: Query,
    groups: Option<Groups>,
    query_timeout: Duration,
    /// Learned from the database at the first look-up.
    prepared: Mutex<Option<Arc<Prepared>>>,
    at_once: Option<Box<dyn AtOnce>>,
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
        let at_once = D::at_once(url, &options);
        let lookup = lookup_query::<D>(&settings.lookup).map_err(&misconfigured)?;
        let users = settings.users.as_deref().map(users_query::<D>).transpose().map_err(&misconfigured)?;
        let groups = settings.groups.as_deref().map(groups_query::<D>).transpose().map_err(&misconfigured)?;
        if groups.is_some() && users.is_none() {
            let why = "has a groups query but no `users` query, to whose ids the groups belong";
            return Err(misconfigured(why.to_owned()));
        }
        let pool =
            Pool::new(options, settings.max_connections, settings.connect_timeout, settings.query_timeout);
        let shared = Shared { name: Arc::clone(&name), pool, users, page_size: settings.page_size.max(1) };
        Ok(Self {
            shared: Arc::new(shared),
            username: settings.username,
            lookup,
            groups: groups.map(|query| Groups::new(query, settings.query_timeout)),
            query_timeout: settings.query_timeout,
            prepared: Mutex::default(),
            at_once,
        })
    }

    async fn look_up(&self, username: &str) -> Result<Lookup, SourceError> {
        let name = self.username.apply(username);
        if name.is_empty() || name.contains('\0') || name.len() > LONGEST_USERNAME {
            return Ok(Lookup::Unknown);
        }
        let known = self.known();
        if let (Some(at_once), Some(prepared)) = (&self.at_once, &known)
            && let Some(found) = at_once.look_up(prepared, &name)
        {
            return Ok(found);
        }
        let known_before = known.is_some();
        let first = self.try_look_up(&name, Purpose::LookUp).await;
        let answer = match first {
            Err((fault, true)) if matches!(fault.class, Class::Connection | Class::Stale) => {
                self.shared.pool.forget_idle();
                self.forget_prepared();
                self.try_look_up(&name, Purpose::Fresh).await
            }
            // What was learned of the query may no longer be true: the tables may have changed.
            Err((fault, true)) if fault.class == Class::Query && known_before => {
                self.forget_prepared();
                self.try_look_up(&name, Purpose::Fresh).await
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
            if found.is_some() {
                found = Some(Lookup::Ambiguous);
                continue;
            }
            let mut reader = Reader::<D>::new(&row);
            let mut page = reader.page(Room::of(1));
            reader.read(&row, &mut page, &mut None);
            found = Some(Lookup::of(page));
        }
        Ok((found.unwrap_or(Lookup::Unknown), true))
    }

    async fn prepared(&self, connection: &mut D::Connection) -> Result<Arc<Prepared>, Fault> {
        if let Some(known) = self.known() {
            return Ok(known);
        }
        let prepared = D::prepare(connection, &self.lookup).await.map_err(|error| D::fault(&error))?;
        if prepared.column_type("stored").is_none() {
            return Err(missing_stored("lookup"));
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
        // A new connection: a resting one may have prepared the queries before the tables changed.
        let mut lease = match shared.pool.acquire(Purpose::Fresh).await {
            Ok(lease) => lease,
            Err(fault) => return vec![shared.error("lookup", fault)],
        };
        let mut problems = Vec::new();
        let groups = self.groups.as_ref().map(Groups::query);
        let queries = [("lookup", Some(&self.lookup)), ("users", shared.users.as_ref()), ("groups", groups)];
        for (which, query) in queries {
            let Some(query) = query else { continue };
            let prepared = prepare(&mut lease, query, self.query_timeout).await;
            let found = match prepared {
                Ok(prepared) if which == "groups" => groups_problems(&prepared),
                Ok(prepared) => column_problems::<D>(which, &prepared),
                Err(fault) if fault.class == Class::Query => vec![fault],
                // The connection is of no more use.
                Err(fault) => {
                    problems.push(shared.error(which, fault));
                    return problems;
                }
            };
            problems.extend(found.into_iter().map(|fault| shared.error(which, fault)));
        }
        lease.release();
        problems
    }

    async fn sign_of_life(&self) -> Result<(), Fault> {
        for purpose in [Purpose::LookUp, Purpose::Fresh] {
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

/// Prepares a query within a time limit.
pub(super) async fn prepare<D: Dialect>(
    lease: &mut Lease<D>,
    query: &Query,
    limit: Duration,
) -> Result<Prepared, Fault> {
    let prepared = tokio::time::timeout(limit, D::prepare(&mut lease.connection, query)).await;
    prepared.map_err(|_| Fault::no_answer(limit))?.map_err(|error| D::fault(&error))
}

impl<D: Writing> CredentialSource for SqlSource<D> {
    fn name(&self) -> &Arc<str> {
        &self.shared.name
    }

    fn find<'a>(&'a self, username: &'a str) -> BoxFuture<'a, Result<Lookup, SourceError>> {
        Box::pin(self.look_up(username))
    }

    fn stream<'a>(
        &'a self,
        filter: Option<&'a str>,
        after: Option<&'a str>,
    ) -> BoxStream<'a, Result<Page, SourceError>> {
        super::walk::stream(&self.shared, filter, after)
    }

    fn has_groups_query(&self) -> bool {
        self.groups.is_some()
    }

    fn groups_of<'a>(&'a self, id: &'a str) -> BoxFuture<'a, Result<Vec<String>, SourceError>> {
        Box::pin(async move {
            match &self.groups {
                Some(groups) => groups.of(&self.shared, id).await,
                None => Ok(Vec::new()),
            }
        })
    }

    fn count<'a>(&'a self, filter: Option<&'a str>) -> BoxFuture<'a, Result<Option<u64>, SourceError>> {
        Box::pin(async move {
            let counted = super::count::count(&self.shared, filter).await;
            counted.map_err(|fault| self.shared.error("users", fault))
        })
    }

    fn cleaner(&self, settings: &CleanupSettings) -> Result<Arc<dyn Cleaner>, SourceError> {
        cleanup::open(&self.shared, settings)
    }

    fn ping(&self) -> BoxFuture<'_, Result<(), SourceError>> {
        Box::pin(async { self.sign_of_life().await.map_err(|fault| self.shared.error("lookup", fault)) })
    }

    fn check(&self) -> BoxFuture<'_, Vec<SourceError>> {
        Box::pin(self.check_queries())
    }

    fn exposures(&self) -> BoxFuture<'_, Result<Vec<Exposure>, SourceError>> {
        Box::pin(async {
            let found = exposure::exposures(&self.shared.pool, self.query_timeout).await;
            found.map_err(|fault| self.shared.error("lookup", fault))
        })
    }

    fn pool(&self) -> PoolState {
        self.shared.pool.state()
    }

    fn close(&self) -> BoxFuture<'_, ()> {
        Box::pin(self.shared.pool.close())
    }
}
