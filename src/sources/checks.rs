//! What can be wrong with the admin's URL and queries, before anything is asked and after the database has
//! prepared them. Each problem is told with its mend.

use super::dialect::{Dialect, Prepared};
use super::fault::{Class, Fault};
use super::parameters::{Parameter, Query};

/// The drivers log what they do not know, with its value, or drop it silently: a mistyped `sslmode` would then
/// leave the connection open to everybody's eyes.
pub(super) fn check_url_keys(url: &str, known: &[&str]) -> Result<(), String> {
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

/// Takes the look-up apart.
pub(super) fn lookup_query<D: Dialect>(sql: &str) -> Result<Query, String> {
    let query = Query::parse(sql, D::LEXICON, &[Parameter::Username])
        .map_err(|why| format!("the lookup query {why}"))?;
    if !query.asks_for(Parameter::Username) {
        return Err("the lookup query does not use `:username`, so it cannot look anybody up".to_owned());
    }
    Ok(query)
}

/// Takes the walk's query apart.
pub(super) fn users_query<D: Dialect>(sql: &str) -> Result<Query, String> {
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

/// Takes the query for groups apart.
pub(super) fn groups_query<D: Dialect>(sql: &str) -> Result<Query, String> {
    let query =
        Query::parse(sql, D::LEXICON, &[Parameter::Id]).map_err(|why| format!("the groups query {why}"))?;
    if !query.asks_for(Parameter::Id) {
        return Err("the groups query does not use `:id`, so it cannot tell whose groups".to_owned());
    }
    Ok(query)
}

fn one_of_two(has: &str, lacks: &str) -> String {
    format!(
        "the users query uses `:{has}` but not `:{lacks}`; use both (WHERE id > :after ORDER BY id LIMIT :limit), \
         or neither to read the whole table in one go"
    )
}

/// A name that is compared with a number here and a text there would make the whole look-up fail for most names.
pub(super) fn check_lookup_types(prepared: &Prepared) -> Result<(), String> {
    check_types(prepared, "username")
}

fn check_types(prepared: &Prepared, parameter: &str) -> Result<(), String> {
    let mut types: Vec<&str> = prepared.types.iter().map(|kind| kind.as_deref().unwrap_or("text")).collect();
    types.sort_unstable();
    types.dedup();
    if types.len() > 1 {
        return Err(format!(
            "`:{parameter}` is compared with columns of different types ({}); cast those columns to text",
            types.join(", ")
        ));
    }
    Ok(())
}

/// All that is wrong with a groups query that the database has prepared.
pub(super) fn groups_problems(prepared: &Prepared) -> Vec<Fault> {
    let mut problems = Vec::new();
    match prepared.columns.as_slice() {
        [column] if !column.readable => problems.push(Fault::new(
            Class::Query,
            format!(
                "column `{}` is of type {}, which cannot be read; cast it to text in the query",
                column.name, column.kind
            ),
        )),
        [_] => {}
        columns => problems.push(Fault::new(
            Class::Access,
            format!(
                "the groups query gives {} columns; let it give one, the group's name, in as many rows as there are groups",
                columns.len()
            ),
        )),
    }
    if let Err(why) = check_types(prepared, "id") {
        problems.push(Fault::new(Class::Query, why));
    }
    problems
}

/// The query gives no stored values at all.
pub(super) fn missing_stored(query: &str) -> Fault {
    Fault::new(
        Class::Access,
        format!("the {query} query gives no column `stored`; name it so: password AS stored"),
    )
}

/// All that is wrong with a query that the database has prepared.
pub(super) fn column_problems<D: Dialect>(which: &'static str, prepared: &Prepared) -> Vec<Fault> {
    let mut problems = Vec::new();
    if prepared.column_type("stored").is_none() {
        problems.push(missing_stored(which));
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
    for column in prepared.columns.iter().filter(|column| !column.readable) {
        problems.push(Fault::new(
            Class::Query,
            format!(
                "column `{}` is of type {}, which cannot be read; cast it to text in the query",
                column.name, column.kind
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
