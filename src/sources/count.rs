//! How many rows a walk will give, for the progress of survey and export.

use super::dialect::{Dialect, Prepared};
use super::fault::{Class, Fault};
use super::parameters::{Parameter, Query, check_condition};
use super::pool::{Lease, Purpose};
use super::record::{Cell, Value};
use super::sql::{Shared, prepare};
use super::walk::{LONGEST_SILENCE, NO_LIMIT, next, page_values};

/// Counts the rows of the users query that `filter` selects, as one page without an end.
pub(super) async fn count<D: Dialect>(
    shared: &Shared<D>,
    filter: Option<&str>,
) -> Result<Option<u64>, Fault> {
    let Some(users) = &shared.users else { return Ok(None) };
    let condition = match filter {
        Some(condition) => {
            check_condition(condition, D::LEXICON)
                .map_err(|why| Fault::new(Class::Access, format!("the condition {why}")))?;
            format!(" WHERE ({condition}\n)")
        }
        None => String::new(),
    };
    let counting = users.within("SELECT COUNT(*) AS n FROM (", &format!(") AS page{condition}"));
    let mut lease = shared.pool.acquire(Purpose::Walk).await?;
    let beginnings = beginnings(&mut lease, users).await?;
    let prepared = prepare(&mut lease, &counting, LONGEST_SILENCE).await?;
    let mut most = None;
    for beginning in beginnings {
        most = most.max(count_from(&mut lease, &prepared, &beginning).await?);
        // Behind a text that found rows there is only another spelling of it.
        if matches!(beginning, Value::Text(_)) && most > Some(0) {
            break;
        }
    }
    Ok(most)
}

/// Where the walk would begin; one beginning that nobody asks for where it goes in one go.
async fn beginnings<D: Dialect>(lease: &mut Lease<D>, users: &Query) -> Result<Vec<Value>, Fault> {
    if !users.asks_for(Parameter::After) {
        return Ok(vec![Value::Int(0)]);
    }
    let plain = prepare(lease, users, LONGEST_SILENCE).await?;
    D::beginnings(&plain).map_err(|why| Fault::new(Class::Query, why))
}

async fn count_from<D: Dialect>(
    lease: &mut Lease<D>,
    prepared: &Prepared,
    beginning: &Value,
) -> Result<Option<u64>, Fault> {
    let values = page_values(prepared, beginning, NO_LIMIT);
    let mut rows = D::fetch(&mut lease.connection, &prepared.sql, values);
    let mut count = None;
    while let Some(row) = next::<D>(&mut rows).await? {
        let mut scratch = String::new();
        let column = sqlx::Row::columns(&row).first();
        let kind = column.and_then(|column| D::kind(sqlx::Column::type_info(column)).ok());
        count = match kind.map(|kind| D::cell(&row, 0, kind, &mut scratch)) {
            Some(Ok(Cell::Int(number))) => u64::try_from(number).ok(),
            Some(Ok(Cell::Unsigned(number))) => Some(number),
            _ => None,
        };
    }
    Ok(count)
}
