//! One connection over which a catalogue is read, whichever database it is.

use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::future::BoxFuture;
use zeroize::Zeroizing;

use super::super::checks::check_url_keys;
use super::super::dialect::Dialect;
use super::super::fault::{Class, Fault};
use super::super::pool::{Pool, Purpose};
use super::super::record::{Cell, Value};
use super::super::{SourceError, misconfigured};
use super::{CatalogueSource, Column, Engine, Sampled, Table};
use crate::secret::Secret;

/// How long a server may take to let the connection in.
const CONNECT: Duration = Duration::from_secs(5);

/// What differs between databases.
pub(super) trait Explore: Dialect {
    /// Which it is.
    const ENGINE: Engine;

    /// Reads all tables.
    fn read(session: &Session<Self>) -> BoxFuture<'_, Result<Vec<Table>, Fault>>
    where
        Self: Sized;

    /// The beginning of a value, as text or bytes. `column` is written as in a query.
    fn beginning(column: &str, kind: super::Kind, characters: u32) -> String;
}

pub(super) struct Session<D: Dialect> {
    name: Arc<str>,
    pool: Arc<Pool<D>>,
    limit: Duration,
}

impl<D: Explore> Session<D> {
    pub(super) fn open(name: &str, url: &Secret, limit: Duration) -> Result<Self, SourceError> {
        let text = url.expose_str().ok_or_else(|| misconfigured(name, "the URL is not text"))?;
        check_url_keys(text, D::URL_KEYS).map_err(|why| misconfigured(name, &why))?;
        let options = D::options(text, limit).map_err(|_| {
            // The parser's words may quote the URL, and with it a password.
            misconfigured(
                name,
                "the URL cannot be read; write special characters in user and password as %40",
            )
        })?;
        Ok(Self { name: Arc::from(name), pool: Pool::new(options, 1, CONNECT, limit), limit })
    }

    /// The rows of a query, as texts; none for NULL and for what is no text.
    pub(super) async fn texts(
        &self,
        sql: &str,
        values: Vec<String>,
    ) -> Result<Vec<Vec<Option<String>>>, Fault> {
        let rows = self.secrets(sql, values).await?;
        let text = |cell: Option<Secret>| Some(cell?.expose_str()?.to_owned());
        Ok(rows.into_iter().map(|row| row.into_iter().map(text).collect()).collect())
    }

    async fn secrets(&self, sql: &str, values: Vec<String>) -> Result<Vec<Sampled>, Fault> {
        let mut lease = self.pool.acquire(Purpose::LookUp).await?;
        let read = async {
            let sql = Arc::from(sql);
            let values = values.into_iter().map(Value::Text).collect();
            let mut rows = D::fetch(&mut lease.connection, &sql, values);
            let mut read = Vec::new();
            while let Some(row) = rows.next().await {
                read.push(cells::<D>(&row.map_err(|error| D::fault(&error))?));
            }
            Ok(read)
        };
        let read = tokio::time::timeout(self.limit, read).await;
        let read = read.unwrap_or_else(|_| Err(Fault::no_answer(self.limit)));
        if !matches!(&read, Err(fault) if fault.class != Class::Query) {
            lease.release();
        }
        read
    }

    async fn sample(
        &self,
        table: &Table,
        columns: &[&Column],
        ordered_by: Option<&str>,
        rows: u32,
        bytes: u32,
    ) -> Result<Vec<Sampled>, Fault> {
        let columns: Vec<String> = columns
            .iter()
            .enumerate()
            .map(|(place, column)| {
                format!("{} AS c{place}", D::beginning(&D::ENGINE.quoted(&column.name), column.kind, bytes))
            })
            .collect();
        let from = format!("SELECT {} FROM {}", columns.join(", "), table.sql(D::ENGINE));
        let Some(order) = ordered_by.map(|column| D::ENGINE.quoted(column)) else {
            return self.secrets(&format!("{from} LIMIT {rows}"), Vec::new()).await;
        };
        let half = rows.div_ceil(2);
        let first = format!("{from} ORDER BY {order} LIMIT {half}");
        let mut sampled = self.secrets(&first, Vec::new()).await?;
        if sampled.len() as u64 == u64::from(half) {
            // A table of fewer than twice as many rows gives some of them again, which does no harm to shares.
            let last = format!("{from} ORDER BY {order} DESC LIMIT {half}");
            sampled.extend(self.secrets(&last, Vec::new()).await?);
        }
        Ok(sampled)
    }

    fn error(&self, fault: Fault) -> SourceError {
        let source_name = Arc::clone(&self.name);
        match fault.class {
            Class::Connection | Class::Busy | Class::Stale => {
                SourceError::Down { source_name, why: fault.why }
            }
            _ => SourceError::Misconfigured { source_name, why: fault.why },
        }
    }
}

/// The cells of a row, as bytes.
fn cells<D: Dialect>(row: &D::Row) -> Sampled {
    use sqlx::{Column as _, Row as _};
    let cell = |(place, column): (usize, &<D::Db as sqlx::Database>::Column)| {
        let mut scratch = Zeroizing::default();
        let cell = D::cell(row, place, D::kind(column.type_info()).ok()?, &mut scratch).ok()?;
        Some(match cell {
            Cell::Null | Cell::List(_) => return None,
            Cell::Bool(truth) => Secret::from(if truth { "1" } else { "0" }),
            Cell::Int(number) => Secret::from(number.to_string()),
            Cell::Unsigned(number) => Secret::from(number.to_string()),
            Cell::Float(number) => Secret::from(number.to_string()),
            Cell::Text(text) => Secret::from(text.into_owned()),
            Cell::Bytes(bytes) | Cell::Garbled(bytes) => Secret::new(bytes.to_vec()),
        })
    };
    row.columns().iter().enumerate().map(cell).collect()
}

impl<D: Explore> CatalogueSource for Session<D> {
    fn engine(&self) -> Engine {
        D::ENGINE
    }

    fn tables(&self) -> BoxFuture<'_, Result<Vec<Table>, SourceError>> {
        Box::pin(async { D::read(self).await.map_err(|fault| self.error(fault)) })
    }

    fn sample<'a>(
        &'a self,
        table: &'a Table,
        columns: &'a [&'a Column],
        ordered_by: Option<&'a str>,
        rows: u32,
        bytes: u32,
    ) -> BoxFuture<'a, Result<Vec<Sampled>, SourceError>> {
        Box::pin(async move {
            let sampled = Session::sample(self, table, columns, ordered_by, rows, bytes).await;
            sampled.map_err(|fault| self.error(fault))
        })
    }

    fn close(&self) -> BoxFuture<'_, ()> {
        Box::pin(self.pool.close())
    }
}

/// Gathers rows of columns into tables: a row begins a new table where its first two cells differ from the last.
#[derive(Default)]
pub(super) struct Gatherer {
    tables: Vec<Table>,
}

impl Gatherer {
    pub(super) fn table(&mut self, schema: Option<&str>, name: &str, view: bool) -> &mut Table {
        let last = self.tables.last();
        if last.is_none_or(|table| table.name != name || table.schema.as_deref() != schema) {
            let schema = schema.map(str::to_owned);
            self.tables.push(Table { schema, name: name.to_owned(), view, ..Table::default() });
        }
        let last = self.tables.len().saturating_sub(1);
        // There is one: it was pushed above where there was none.
        #[expect(clippy::indexing_slicing, reason = "the vector is not empty here")]
        &mut self.tables[last]
    }

    pub(super) fn key(
        &mut self,
        schema: Option<&str>,
        table: &str,
        index: &str,
        primary: bool,
        column: &str,
        open: &mut String,
    ) {
        let wanted = |known: &&mut Table| known.name == table && known.schema.as_deref() == schema;
        let Some(known) = self.tables.iter_mut().find(wanted) else { return };
        let marked = format!("{}\u{1f}{table}\u{1f}{index}", schema.unwrap_or_default());
        if *open != marked {
            *open = marked;
            known.keys.push(super::Key { primary, columns: Vec::new() });
        }
        if let Some(key) = known.keys.last_mut() {
            key.columns.push(column.to_owned());
        }
    }

    pub(super) fn done(self) -> Vec<Table> {
        self.tables
    }
}
