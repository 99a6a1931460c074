//! PostgreSQL's catalogue, from `pg_catalog`: the standard's views hide what the user owns no right to, and the
//! admin should hear of that.

use futures_util::FutureExt;
use futures_util::future::BoxFuture;

use super::super::fault::Fault;
use super::super::postgres::PostgresDialect;
use super::read::{Explore, Gatherer, Session};
use super::{Column, Engine, Kind, Table};

/// A schema is told only where the search path of the URL's user does not find the table by its name alone.
const COLUMNS: &str = "\
    SELECT CASE WHEN pg_table_is_visible(c.oid) THEN NULL ELSE n.nspname::text END, c.relname::text, \
        c.relkind::text, a.attname::text, format_type(COALESCE(NULLIF(t.typbasetype, 0), a.atttypid), NULL), \
        a.attnotnull::text, \
        (has_schema_privilege(n.oid, 'USAGE') AND has_column_privilege(c.oid, a.attnum, 'SELECT'))::text \
    FROM pg_class c \
    JOIN pg_namespace n ON n.oid = c.relnamespace \
    JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped \
    JOIN pg_type t ON t.oid = a.atttypid \
    WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND NOT c.relispartition \
        AND n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname !~ '^pg_(toast|temp)' \
    ORDER BY n.nspname, c.relname, a.attnum";

const KEYS: &str = "\
    SELECT CASE WHEN pg_table_is_visible(c.oid) THEN NULL ELSE n.nspname::text END, c.relname::text, \
        i.indexrelid::text, i.indisprimary::text, a.attname::text \
    FROM pg_index i \
    JOIN pg_class c ON c.oid = i.indrelid \
    JOIN pg_namespace n ON n.oid = c.relnamespace \
    CROSS JOIN LATERAL unnest(i.indkey::smallint[]) WITH ORDINALITY AS k (attnum, place) \
    JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = k.attnum \
    WHERE i.indisunique AND i.indisvalid AND i.indpred IS NULL AND i.indexprs IS NULL \
        AND n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname !~ '^pg_(toast|temp)' \
    ORDER BY i.indexrelid, k.place";

impl Explore for PostgresDialect {
    const ENGINE: Engine = Engine::Postgres;

    fn read(session: &Session<Self>) -> BoxFuture<'_, Result<Vec<Table>, Fault>> {
        async move {
            let mut gathered = Gatherer::default();
            for row in session.texts(COLUMNS, Vec::new()).await? {
                let [
                    schema,
                    Some(table),
                    Some(kind),
                    Some(column),
                    Some(sql_type),
                    Some(not_null),
                    Some(readable),
                ] = row.as_slice()
                else {
                    continue;
                };
                let table = gathered.table(schema.as_deref(), table, matches!(kind.as_str(), "v" | "m"));
                if readable == "true" {
                    table.columns.push(Column {
                        name: column.clone(),
                        kind: Kind::of(Engine::Postgres, sql_type),
                        sql_type: sql_type.clone(),
                        folds_case: sql_type.ends_with("citext"),
                        nullable: not_null == "false",
                    });
                } else {
                    table.hidden_columns += 1;
                }
            }
            let mut open = String::new();
            for row in session.texts(KEYS, Vec::new()).await? {
                let [schema, Some(table), Some(index), Some(primary), Some(column)] = row.as_slice() else {
                    continue;
                };
                gathered.key(schema.as_deref(), table, index, primary == "true", column, &mut open);
            }
            Ok(gathered.done())
        }
        .boxed()
    }

    fn beginning(column: &str, kind: Kind, characters: u32) -> String {
        match kind {
            Kind::Bytes => format!("substring({column} FROM 1 FOR {characters})"),
            _ => format!("left({column}::text, {characters})"),
        }
    }
}
