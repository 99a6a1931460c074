//! The walk over all users of a store: page by page along the id where the query has `:after` and `:limit`, else
//! in one go. One page is fetched while the one before is worked on, and never more than that is held. A walk that
//! would lose or repeat rows stops with an error.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::stream::{self, BoxStream};
use futures_util::{FutureExt, StreamExt};
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use super::checks::missing_stored;
use super::dialect::{Dialect, Prepared, Reader};
use super::fault::{Class, Fault};
use super::page::Room;
use super::parameters::{Parameter, Query, check_condition};
use super::pool::{Lease, Purpose};
use super::record::{SELECTED, Value};
use super::sql::{Shared, prepare};
use super::{Page, SourceError};

/// The longest silence of a database in the middle of a walk.
pub(super) const LONGEST_SILENCE: Duration = Duration::from_mins(5);

/// A limit beyond the rows of any store, and within the integers that a cast in the query may narrow it to.
pub(super) const NO_LIMIT: i64 = 1_000_000_000;

type Batch = Result<Page, SourceError>;

/// All rows of the store that `filter` selects, behind the one of the id `after` where that is given.
pub(super) fn stream<'a, D: Dialect>(
    shared: &'a Arc<Shared<D>>,
    filter: Option<&'a str>,
    after: Option<&'a str>,
) -> BoxStream<'a, Batch> {
    let begin = async move {
        let (sender, receiver) = mpsc::channel(1);
        let walk = Walk {
            shared: Arc::clone(shared),
            filter: filter.map(str::to_owned),
            after: after.map(str::to_owned),
            sender,
            room: Mutex::default(),
        };
        // Dropping the stream drops the set, which ends the walk.
        let mut walks = JoinSet::new();
        walks.spawn(walk.run());
        stream::unfold((receiver, walks), move |(mut receiver, mut walks)| async move {
            if let Some(batch) = receiver.recv().await {
                return Some((batch, (receiver, walks)));
            }
            // An end that is none must not look like one: half a store would pass for the whole.
            match walks.join_next().await {
                Some(Err(_)) => {
                    let fault = Fault::new(Class::Busy, "the walk over its rows was broken off");
                    Some((Err(shared.error("users", fault)), (receiver, walks)))
                }
                _ => None,
            }
        })
    };
    stream::once(begin).flatten().boxed()
}

struct Walk<D: Dialect> {
    shared: Arc<Shared<D>>,
    filter: Option<String>,
    after: Option<String>,
    sender: mpsc::Sender<Batch>,
    /// What the page before took.
    room: Mutex<Option<Room>>,
}

/// Nobody listens any more.
struct Unheard;

/// One page, read.
#[derive(Default)]
struct Fetched {
    rows: Page,
    count: usize,
    first: Option<Value>,
    last: Option<Value>,
}

impl<D: Dialect> Walk<D> {
    async fn run(self) {
        if let Err(fault) = self.walk().await {
            // If nobody listens any more, there is nobody to tell.
            let _ = self.sender.send(Err(self.shared.error("users", fault))).await;
        }
    }

    async fn walk(&self) -> Result<(), Fault> {
        let users =
            self.shared.users.as_ref().ok_or_else(|| {
                Fault::new(Class::Access, "has no `users` query, which survey and export need")
            })?;
        let mut lease = self.shared.pool.acquire(Purpose::Walk).await?;
        let plain = prepare(&mut lease, users, LONGEST_SILENCE).await?;
        if plain.column_type("stored").is_none() {
            return Err(missing_stored("users"));
        }
        let paged = users.asks_for(Parameter::After);
        let prepared = match &self.filter {
            Some(condition) => {
                let filtered = filtered::<D>(users, condition, paged, &plain)?;
                prepare(&mut lease, &filtered, LONGEST_SILENCE).await?
            }
            None => plain,
        };
        let walked = if paged {
            self.by_pages(lease, &prepared).await
        } else {
            self.in_one_go(lease, &prepared).await
        };
        match walked {
            Ok(()) | Err(Stop::Unheard(Unheard)) => Ok(()),
            Err(Stop::Fault(fault)) => Err(fault),
        }
    }

    async fn by_pages(&self, mut lease: Lease<D>, prepared: &Prepared) -> Result<(), Stop> {
        let full = usize::try_from(self.shared.page_size).unwrap_or(usize::MAX);
        let mut page = match &self.after {
            Some(id) => {
                let after = self.position(&mut lease, prepared, id).await?;
                self.next_page(&mut lease, prepared, &after).await?
            }
            None => self.first_page(&mut lease, prepared).await?,
        };
        loop {
            let Fetched { rows, count, first, last } = page;
            if !rows.is_empty() {
                self.send(rows).await?;
            }
            let Some(after) = last else {
                if count < full {
                    return Ok(());
                }
                let why = "the id of a row is NULL or unreadable, so the walk cannot go on from there; \
                           leave such rows out in the users query";
                return Err(Fault::new(Class::Query, why).into());
            };
            page = self.next_page(&mut lease, prepared, &after).await?;
            if page.first.is_some() && page.first == first {
                return Err(not_in_order().into());
            }
        }
    }

    async fn first_page(&self, lease: &mut Lease<D>, prepared: &Prepared) -> Result<Fetched, Fault> {
        let mut page = Fetched::default();
        for beginning in &D::beginnings(prepared).map_err(|why| Fault::new(Class::Query, why))? {
            page = self.next_page(lease, prepared, beginning).await?;
            if page.first.as_ref().is_some_and(|first| same_kind(first, beginning)) {
                break;
            }
        }
        Ok(page)
    }

    /// What to bind to begin behind this id.
    async fn position(&self, lease: &mut Lease<D>, prepared: &Prepared, id: &str) -> Result<Value, Fault> {
        let seen = first_ids(lease, prepared).await?;
        D::position(prepared, prepared, Parameter::After, id, &seen).ok_or_else(|| {
            let why =
                "the id to begin behind cannot be an id of this store: it is of another form than its ids";
            Fault::new(Class::Access, why)
        })
    }

    /// The page behind `after`; empty only where nothing is left. A short page proves nothing: a query that limits
    /// first and then leaves rows out, by a join or a condition, gives fewer than it was asked for.
    async fn next_page(
        &self,
        lease: &mut Lease<D>,
        prepared: &Prepared,
        after: &Value,
    ) -> Result<Fetched, Fault> {
        let page = self.page_with_retry(lease, prepared, after).await?;
        if page.count > 0 || !self.is_any_behind(lease, prepared, after).await? {
            return Ok(page);
        }
        // What is still being sent is not worth waiting for.
        lease.renew().await?;
        // Somebody may have signed up between the two queries.
        let page = self.page_with_retry(lease, prepared, after).await?;
        if page.count > 0 { Ok(page) } else { Err(limited_too_early()) }
    }

    /// Whether a page without a limit would have a row.
    async fn is_any_behind(
        &self,
        lease: &mut Lease<D>,
        prepared: &Prepared,
        after: &Value,
    ) -> Result<bool, Fault> {
        let values = page_values(prepared, after, NO_LIMIT);
        let mut result = D::fetch(&mut lease.connection, &prepared.sql, values);
        Ok(next::<D>(&mut result).await?.is_some())
    }

    /// A page; once more on a new connection where the first was cut.
    async fn page_with_retry(
        &self,
        lease: &mut Lease<D>,
        prepared: &Prepared,
        after: &Value,
    ) -> Result<Fetched, Fault> {
        match self.page(lease, prepared, after).await {
            Err(fault) if matches!(fault.class, Class::Connection | Class::Stale) => {
                lease.renew().await?;
                self.page(lease, prepared, after).await
            }
            other => other,
        }
    }

    async fn page(&self, lease: &mut Lease<D>, prepared: &Prepared, after: &Value) -> Result<Fetched, Fault> {
        let limit = self.shared.page_size;
        let most = usize::try_from(limit).unwrap_or(usize::MAX).saturating_mul(2);
        let values = page_values(prepared, after, limit.into());
        let numeric = is_numeric(prepared);
        let mut result = D::fetch(&mut lease.connection, &prepared.sql, values);
        let mut page = Fetched::default();
        let (mut reader, mut position) = (None, None);
        while let Some(row) = next::<D>(&mut result).await? {
            let reader = reader.get_or_insert_with(|| {
                let reader = Reader::<D>::new(&row);
                page.rows = reader.page(self.room());
                reader
            });
            reader.read(&row, &mut page.rows, &mut position);
            page.count += 1;
            if page.count > most {
                let why = "gives more rows than `:limit` asks for; end it with LIMIT :limit";
                return Err(Fault::new(Class::Query, why));
            }
            let before = page.last.as_ref().or(Some(after));
            if let (Some(before), Some(position)) = (before, &position)
                && !may_follow(before, position, numeric)
            {
                return Err(not_in_order());
            }
            if page.count == 1 {
                page.first.clone_from(&position);
            }
            std::mem::swap(&mut page.last, &mut position);
        }
        Ok(page)
    }

    /// As much as the last page took; a first page that is short need not pay for a very long one.
    fn room(&self) -> Room {
        let known = *self.room.lock().unwrap_or_else(PoisonError::into_inner);
        known.unwrap_or_else(|| Room::of(usize::try_from(self.shared.page_size.min(1000)).unwrap_or(0)))
    }

    async fn in_one_go(&self, mut lease: Lease<D>, prepared: &Prepared) -> Result<(), Stop> {
        let full = usize::try_from(self.shared.page_size).unwrap_or(usize::MAX);
        let mut result = D::fetch(&mut lease.connection, &prepared.sql, Vec::new());
        let (mut reader, mut position) = (None, None);
        let mut rows = Page::default();
        while let Some(row) = next::<D>(&mut result).await? {
            let reader = reader.get_or_insert_with(|| Reader::<D>::new(&row));
            if rows.is_empty() {
                rows = reader.page(self.room());
            }
            reader.read(&row, &mut rows, &mut position);
            if rows.len() >= full {
                self.send(std::mem::take(&mut rows)).await?;
            }
        }
        if !rows.is_empty() {
            self.send(rows).await?;
        }
        Ok(())
    }

    async fn send(&self, rows: Page) -> Result<(), Unheard> {
        *self.room.lock().unwrap_or_else(PoisonError::into_inner) = Some(rows.room());
        self.sender.send(Ok(rows)).await.map_err(|_| Unheard)
    }
}

/// The first id behind each beginning, on databases that tell no types.
pub(super) async fn first_ids<D: Dialect>(
    lease: &mut Lease<D>,
    prepared: &Prepared,
) -> Result<Vec<Value>, Fault> {
    let mut seen = Vec::new();
    if !D::KNOWS_NO_TYPES || !prepared.parameters.contains(&Parameter::After) {
        return Ok(seen);
    }
    for beginning in &D::beginnings(prepared).map_err(|why| Fault::new(Class::Query, why))? {
        let values = page_values(prepared, beginning, 1);
        let mut result = D::fetch(&mut lease.connection, &prepared.sql, values);
        while let Some(row) = next::<D>(&mut result).await? {
            let (mut reader, mut position) = (Reader::<D>::new(&row), None);
            let mut page = reader.page(Room::of(1));
            reader.read(&row, &mut page, &mut position);
            seen.extend(position);
        }
    }
    Ok(seen)
}

/// Why a walk ends before the last row.
enum Stop {
    Fault(Fault),
    Unheard(Unheard),
}

impl From<Fault> for Stop {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

impl From<Unheard> for Stop {
    fn from(unheard: Unheard) -> Self {
        Self::Unheard(unheard)
    }
}

/// The next row of a result, unless the database keeps silent.
pub(super) async fn next<D: Dialect>(
    result: &mut BoxStream<'_, Result<D::Row, sqlx::Error>>,
) -> Result<Option<D::Row>, Fault> {
    // Most rows are already there, and need no clock.
    let row = match result.next().now_or_never() {
        Some(row) => row,
        None => tokio::time::timeout(LONGEST_SILENCE, result.next())
            .await
            .map_err(|_| Fault::no_answer(LONGEST_SILENCE))?,
    };
    row.transpose().map_err(|error| D::fault(&error))
}

/// The users query with the condition. A page keeps the rows that the condition leaves out, marked, so that the
/// walk goes on from its last row and a short page still means the end.
fn filtered<D: Dialect>(
    users: &Query,
    condition: &str,
    paged: bool,
    plain: &Prepared,
) -> Result<Query, Fault> {
    check_condition(condition, D::LEXICON)
        .map_err(|why| Fault::new(Class::Access, format!("the condition {why}")))?;
    if !paged {
        // The line break ends a comment that the condition may end in.
        return Ok(users.within("SELECT page.* FROM (", &format!(") AS page WHERE ({condition}\n)")));
    }
    let place = |name: &str| plain.columns.iter().position(|it| it.name.eq_ignore_ascii_case(name));
    let place = place("id").or_else(|| place("login")).map_or(1, |at| at + 1);
    let head = format!("SELECT page.*, CASE WHEN ({condition}\n) THEN 1 ELSE 0 END AS {SELECTED} FROM (");
    Ok(users.within(&head, &format!(") AS page ORDER BY {place}")))
}

/// What to bind for the page behind `after`.
pub(super) fn page_values(prepared: &Prepared, after: &Value, limit: i64) -> Vec<Value> {
    prepared.bind(|parameter| match parameter {
        Parameter::After => Some(after.clone()),
        Parameter::Limit => Some(Value::Int(limit)),
        Parameter::Username | Parameter::Id => None,
    })
}

fn limited_too_early() -> Fault {
    let why = "the users query gives no row where `:limit` cuts it, though more rows follow, which would be lost; let LIMIT :limit \
               be the last word of the query, behind every join and condition";
    Fault::new(Class::Access, why)
}

fn not_in_order() -> Fault {
    let why = "the ids of the users query do not go upwards from row to row, so rows would be lost or repeated; `id` must be unique, \
               and the same in SELECT, in WHERE id > :after and in ORDER BY id";
    Fault::new(Class::Access, why)
}

fn same_kind(left: &Value, right: &Value) -> bool {
    let kind = |value: &Value| match value {
        Value::Int(_) | Value::Unsigned(_) | Value::Float(_) => 0,
        Value::Text(_) => 1,
        Value::Bytes(_) => 2,
    };
    kind(left) == kind(right)
}

/// Whether `:after` is compared as a number; unknown on databases that do not tell.
fn is_numeric(prepared: &Prepared) -> Option<bool> {
    let number = |name| matches!(name, "INT2" | "INT4" | "INT8" | "NUMERIC" | "FLOAT4" | "FLOAT8" | "OID");
    (!prepared.types.is_empty()).then(|| prepared.type_of(Parameter::After).is_some_and(number))
}

/// Whether a row at `position` can come after one at `before`. Texts are ordered by rules that only the database
/// knows; of them it is only certain that equals do not follow each other.
fn may_follow(before: &Value, position: &Value, numeric: Option<bool>) -> bool {
    use Value::{Bytes, Float, Int, Text, Unsigned};
    if before == position {
        return false;
    }
    let integer = |value: &Value| match value {
        Int(number) => Some(i128::from(*number)),
        Unsigned(number) => Some(i128::from(*number)),
        Text(text) if numeric == Some(true) => text.parse().ok(),
        _ => None,
    };
    if numeric == Some(false) {
        return true;
    }
    match (integer(before), integer(position), before, position) {
        (Some(before), Some(position), ..) => before < position,
        (_, _, Float(before), Float(position)) => before < position,
        (_, _, Bytes(before), Bytes(position)) => before < position,
        _ => true,
    }
}
