//! The groups of one user, by a query of its own: for stores that keep memberships in a table beside the users'.
//!
//! The id comes as the text that records tell; the database gets it as what the users query's ids are.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use super::checks::groups_problems;
use super::dialect::{Dialect, Prepared};
use super::fault::{Class, Fault};
use super::parameters::{Parameter, Query};
use super::pool::{Lease, Purpose};
use super::record::{Cell, Value};
use super::sql::{Shared, prepare};
use super::walk::{first_ids, next};
use super::{LONGEST_GROUP, MOST_GROUPS, SourceError};

/// The groups query of a source.
pub(super) struct Groups {
    query: Query,
    query_timeout: Duration,
    /// Learned from the database at the first question.
    learned: Mutex<Option<Arc<Learned>>>,
}

struct Learned {
    prepared: Prepared,
    /// The users query, whose ids are asked for.
    walk: Prepared,
    /// Some of its ids, where the database tells no types.
    seen: Vec<Value>,
}

/// Why there is no answer.
enum Failure {
    Fault {
        fault: Fault,
        reused: bool,
    },
    /// One user's groups, and nobody else's.
    Unreadable(String),
}

impl Groups {
    pub(super) fn new(query: Query, query_timeout: Duration) -> Self {
        Self { query, query_timeout, learned: Mutex::default() }
    }

    pub(super) fn query(&self) -> &Query {
        &self.query
    }

    /// The groups of a user; once more on a new connection where the first was cut, or the tables have changed.
    pub(super) async fn of<D: Dialect>(
        &self,
        shared: &Shared<D>,
        id: &str,
    ) -> Result<Vec<String>, SourceError> {
        let first = self.attempt(shared, id, Purpose::LookUp).await;
        let answer = match first {
            Err(Failure::Fault { fault, reused: true })
                if matches!(fault.class, Class::Connection | Class::Stale | Class::Query) =>
            {
                if fault.class != Class::Query {
                    shared.pool.forget_idle();
                }
                *self.learned.lock().unwrap_or_else(PoisonError::into_inner) = None;
                self.attempt(shared, id, Purpose::Fresh).await
            }
            other => other,
        };
        answer.map_err(|failure| match failure {
            Failure::Fault { fault, .. } => shared.error("groups", fault),
            Failure::Unreadable(why) => {
                SourceError::Unreadable { source_name: Arc::clone(&shared.name), query: "groups", why }
            }
        })
    }

    async fn attempt<D: Dialect>(
        &self,
        shared: &Shared<D>,
        id: &str,
        purpose: Purpose,
    ) -> Result<Vec<String>, Failure> {
        let acquired = shared.pool.acquire(purpose).await;
        let mut lease = acquired.map_err(|fault| Failure::Fault { fault, reused: false })?;
        let reused = lease.reused;
        let asked = tokio::time::timeout(self.query_timeout, self.ask(shared, &mut lease, id)).await;
        match asked.unwrap_or_else(|_| Err(Fault::no_answer(self.query_timeout))) {
            Ok(Answer { names, drained }) => {
                if drained {
                    lease.release();
                }
                names.map_err(Failure::Unreadable)
            }
            Err(fault) => Err(Failure::Fault { fault, reused }),
        }
    }

    async fn ask<D: Dialect>(
        &self,
        shared: &Shared<D>,
        lease: &mut Lease<D>,
        id: &str,
    ) -> Result<Answer, Fault> {
        let learned = self.learned(shared, lease).await?;
        let Learned { prepared, walk, seen } = &*learned;
        let Some(value) = D::position(walk, prepared, Parameter::Id, id, seen) else {
            let why = "a user's id is not of the type that `:id` is compared with; cast that column to text";
            return Err(Fault::new(Class::Query, why));
        };
        let values = prepared.bind(|parameter| (parameter == Parameter::Id).then(|| value.clone()));
        let mut rows = D::fetch(&mut lease.connection, &prepared.sql, values);
        let mut names = Ok(Vec::new());
        while let Some(row) = next::<D>(&mut rows).await? {
            let Ok(known) = &mut names else { continue };
            match name::<D>(&row) {
                Ok(name) => known.extend(name),
                Err(why) => names = Err(why),
            }
            if names.as_ref().is_ok_and(|names| names.len() > MOST_GROUPS) {
                return Ok(Answer { names, drained: false });
            }
        }
        Ok(Answer { names, drained: true })
    }

    async fn learned<D: Dialect>(
        &self,
        shared: &Shared<D>,
        lease: &mut Lease<D>,
    ) -> Result<Arc<Learned>, Fault> {
        let known = self.learned.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some(known) = known {
            return Ok(known);
        }
        let prepared = prepare(lease, &self.query, self.query_timeout).await?;
        if let Some(problem) = groups_problems(&prepared).into_iter().next() {
            return Err(problem);
        }
        let users = shared.users.as_ref().ok_or_else(|| Fault::new(Class::Access, "has no `users` query"))?;
        let walk = prepare(lease, users, self.query_timeout).await?;
        let seen = first_ids(lease, &walk).await?;
        let learned = Arc::new(Learned { prepared, walk, seen });
        *self.learned.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(&learned));
        Ok(learned)
    }
}

struct Answer {
    names: Result<Vec<String>, String>,
    /// Whether the result has been read to its end.
    drained: bool,
}

/// A row's only column; none where it is NULL or blank.
fn name<D: Dialect>(row: &D::Row) -> Result<Option<String>, String> {
    let column = sqlx::Row::columns(row).first().ok_or("gives no column")?;
    let kind = D::kind(sqlx::Column::type_info(column))
        .map_err(|kind| format!("gives a column of type {kind}; cast it to text"))?;
    let mut scratch = String::new();
    let text = match D::cell(row, 0, kind, &mut scratch).map_err(|why| format!("the group's name {why}"))? {
        Cell::Null => return Ok(None),
        Cell::Text(text) => text.into_owned(),
        Cell::Int(number) => number.to_string(),
        Cell::Unsigned(number) => number.to_string(),
        Cell::Bytes(bytes) => match std::str::from_utf8(bytes) {
            Ok(text) => text.to_owned(),
            Err(_) => return Err("a group's name is not UTF-8 text".to_owned()),
        },
        _ => return Err("a group's name is no text".to_owned()),
    };
    let text = text.trim();
    let end = text.floor_char_boundary(LONGEST_GROUP);
    let text = text.get(..end).unwrap_or(text);
    Ok((!text.is_empty()).then(|| text.to_owned()))
}
