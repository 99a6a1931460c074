//! SQLite's catalogue. A view whose tables are gone is left out, instead of ending the reading.

use futures_util::FutureExt;
use futures_util::future::BoxFuture;

use super::super::fault::{Class, Fault};
use super::super::sqlite::SqliteDialect;
use super::read::{Explore, Session};
use super::{Column, Engine, Key, Kind, Table};

impl Explore for SqliteDialect {
    const ENGINE: Engine = Engine::Sqlite;

    fn read(session: &Session<Self>) -> BoxFuture<'_, Result<Vec<Table>, Fault>> {
        async move {
            let names = "SELECT name, type FROM sqlite_master WHERE type IN ('table', 'view') \
                         AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY name";
            let mut tables = Vec::new();
            for row in session.texts(names, Vec::new()).await? {
                if let [Some(name), Some(kind)] = row.as_slice() {
                    match table(session, name, kind == "view").await {
                        Ok(table) => tables.push(table),
                        Err(fault) if fault.class == Class::Query => {}
                        Err(fault) => return Err(fault),
                    }
                }
            }
            Ok(tables)
        }
        .boxed()
    }

    fn beginning(column: &str, _kind: Kind, characters: u32) -> String {
        format!("substr({column}, 1, {characters})")
    }
}

async fn table(session: &Session<SqliteDialect>, name: &str, view: bool) -> Result<Table, Fault> {
    // Of hidden columns the first kind, those of virtual tables, is not in `SELECT *` either.
    let columns = "SELECT name, type, \"notnull\", pk FROM pragma_table_xinfo(?) WHERE hidden <> 1";
    let mut table = Table { name: name.to_owned(), view, ..Table::default() };
    let mut primary: Vec<(u32, String)> = Vec::new();
    for row in session.texts(columns, vec![name.to_owned()]).await? {
        let [Some(column), Some(sql_type), Some(not_null), Some(place)] = row.as_slice() else { continue };
        let place: u32 = place.parse().unwrap_or(0);
        if place > 0 {
            primary.push((place, column.clone()));
        }
        table.columns.push(Column {
            name: column.clone(),
            kind: Kind::of(Engine::Sqlite, sql_type),
            sql_type: sql_type.clone(),
            folds_case: false,
            nullable: not_null == "0" && place == 0,
        });
    }
    if !primary.is_empty() {
        primary.sort();
        let columns = primary.into_iter().map(|(_, column)| column).collect();
        table.keys.push(Key { primary: true, columns });
    }
    let indexes =
        "SELECT name FROM pragma_index_list(?) WHERE \"unique\" = 1 AND partial = 0 AND origin <> 'pk'";
    for row in session.texts(indexes, vec![name.to_owned()]).await? {
        let [Some(index)] = row.as_slice() else { continue };
        let columns = "SELECT name FROM pragma_index_info(?) ORDER BY seqno";
        let rows = session.texts(columns, vec![index.clone()]).await?;
        let columns: Option<Vec<String>> =
            rows.into_iter().map(|row| row.into_iter().next().flatten()).collect();
        // An index over an expression has no name there.
        if let Some(columns) = columns {
            table.keys.push(Key { primary: false, columns });
        }
    }
    Ok(table)
}
