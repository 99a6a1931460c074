//! What a store's account and connection allow beyond what keyferry needs: reading, in private. Told by
//! `keyferry check`, so that an admin can take it away.

use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use sqlx::{Column, Row as _};
use zeroize::Zeroizing;

use super::dialect::Dialect;
use super::fault::{Class, Fault};
use super::pool::{Lease, Pool, Purpose};
use super::record::Cell;

/// More than is needed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Exposure {
    /// The connection leaves the machine, and is not encrypted.
    NotEncrypted,
    /// The account is the server's superuser.
    Superuser,
    /// The account may write: to this table, or with this privilege.
    MayWrite(String),
}

/// The questions of one kind of database: each gives a row, and in it a name, where the exposure is there.
pub(super) struct Questions {
    pub(super) not_encrypted: &'static str,
    pub(super) superuser: &'static str,
    pub(super) may_write: &'static str,
}

/// Asks for all of them.
pub(super) async fn exposures<D: Dialect>(
    pool: &Arc<Pool<D>>,
    limit: Duration,
) -> Result<Vec<Exposure>, Fault> {
    let Some(questions) = &D::EXPOSURES else { return Ok(Vec::new()) };
    let mut lease = pool.acquire(Purpose::Fresh).await?;
    let mut found = Vec::new();
    if ask(&mut lease, questions.not_encrypted, limit).await?.is_some() {
        found.push(Exposure::NotEncrypted);
    }
    if ask(&mut lease, questions.superuser, limit).await?.is_some() {
        found.push(Exposure::Superuser);
    } else if let Some(what) = ask(&mut lease, questions.may_write, limit).await? {
        found.push(Exposure::MayWrite(what));
    }
    lease.release();
    Ok(found)
}

/// The name in the first row; none where there is no row.
async fn ask<D: Dialect>(
    lease: &mut Lease<D>,
    question: &'static str,
    limit: Duration,
) -> Result<Option<String>, Fault> {
    let sql: Arc<str> = Arc::from(question);
    let mut rows = D::fetch(&mut lease.connection, &sql, Vec::new());
    let first = tokio::time::timeout(limit, rows.next()).await.map_err(|_| Fault::no_answer(limit))?;
    let Some(row) = first else { return Ok(None) };
    let row = row.map_err(|error| D::fault(&error))?;
    let mut scratch = Zeroizing::default();
    let column = row.columns().first().ok_or_else(|| Fault::new(Class::Query, "gives no column"))?;
    let cell = D::kind(column.type_info()).and_then(|kind| D::cell(&row, 0, kind, &mut scratch));
    Ok(Some(match cell {
        Ok(Cell::Text(name)) => name.into_owned(),
        _ => String::new(),
    }))
}
