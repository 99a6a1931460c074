//! The catalogue of MySQL and MariaDB: that of the database which the URL names.

use futures_util::FutureExt;
use futures_util::future::BoxFuture;

use super::super::fault::{Class, Fault};
use super::super::mysql::MySqlDialect;
use super::read::{Explore, Gatherer, Session};
use super::{Column, Engine, Kind, Table};

/// The columns on which the user has any right; those without SELECT are told as hidden.
const COLUMNS: &str = "\
    SELECT c.TABLE_NAME, t.TABLE_TYPE, c.COLUMN_NAME, c.COLUMN_TYPE, c.IS_NULLABLE, \
        COALESCE(c.COLLATION_NAME, ''), c.PRIVILEGES \
    FROM information_schema.COLUMNS c \
    JOIN information_schema.TABLES t ON t.TABLE_SCHEMA = c.TABLE_SCHEMA AND t.TABLE_NAME = c.TABLE_NAME \
    WHERE c.TABLE_SCHEMA = DATABASE() ORDER BY c.TABLE_NAME, c.ORDINAL_POSITION";

/// A key over the beginnings of values says nothing of the values.
const KEYS: &str = "\
    SELECT TABLE_NAME, INDEX_NAME, COLUMN_NAME FROM information_schema.STATISTICS s \
    WHERE TABLE_SCHEMA = DATABASE() AND NON_UNIQUE = 0 AND NOT EXISTS (SELECT 1 FROM information_schema.STATISTICS p \
        WHERE p.TABLE_SCHEMA = s.TABLE_SCHEMA AND p.TABLE_NAME = s.TABLE_NAME AND p.INDEX_NAME = s.INDEX_NAME \
        AND (p.SUB_PART IS NOT NULL OR p.COLUMN_NAME IS NULL)) \
    ORDER BY TABLE_NAME, INDEX_NAME, SEQ_IN_INDEX";

impl Explore for MySqlDialect {
    const ENGINE: Engine = Engine::MySql;

    fn read(session: &Session<Self>) -> BoxFuture<'_, Result<Vec<Table>, Fault>> {
        async move {
            let database = session.texts("SELECT DATABASE()", Vec::new()).await?;
            if database.first().and_then(|row| row.first()).is_none_or(Option::is_none) {
                return Err(Fault::new(Class::Access, "the URL names no database: mysql://…/<database>"));
            }
            let mut gathered = Gatherer::default();
            for row in session.texts(COLUMNS, Vec::new()).await? {
                let [
                    Some(table),
                    Some(kind),
                    Some(column),
                    Some(sql_type),
                    Some(nullable),
                    Some(collation),
                    Some(rights),
                ] = row.as_slice()
                else {
                    continue;
                };
                let table = gathered.table(None, table, kind.contains("VIEW"));
                if rights.contains("select") {
                    table.columns.push(Column {
                        name: column.clone(),
                        kind: Kind::of(Engine::MySql, sql_type),
                        sql_type: sql_type.clone(),
                        folds_case: collation.ends_with("_ci"),
                        nullable: nullable == "YES",
                    });
                } else {
                    table.hidden_columns += 1;
                }
            }
            let mut open = String::new();
            for row in session.texts(KEYS, Vec::new()).await? {
                let [Some(table), Some(index), Some(column)] = row.as_slice() else { continue };
                gathered.key(None, table, index, index == "PRIMARY", column, &mut open);
            }
            Ok(gathered.done())
        }
        .boxed()
    }

    fn beginning(column: &str, _kind: Kind, characters: u32) -> String {
        format!("LEFT({column}, {characters})")
    }
}
