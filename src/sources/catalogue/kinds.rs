//! The kinds of databases and of columns, and how names are written in each database's SQL.

use serde::Serialize;

/// The kinds of databases.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Engine {
    /// SQLite.
    Sqlite,
    /// PostgreSQL.
    Postgres,
    /// MySQL and MariaDB.
    MySql,
}

/// What a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Text, or anything at all in SQLite.
    Text,
    /// Bytes.
    Bytes,
    /// Whole numbers.
    Integer,
    /// Booleans that are a type of their own.
    Boolean,
    /// Points in time and dates.
    Time,
    /// UUIDs that are a type of their own.
    Uuid,
    /// Anything else.
    Other,
}

/// Words that one of the databases does not take for a name. More than need be: quoting does no harm.
const RESERVED: &str = " access account action add admin after aggregate all alter always analyse analyze and any array as asc \
    asymmetric at authorization before begin between bigint binary blob both by call cascade case cast change char \
    character check collate collation column comment commit condition conflict connection constraint continue convert create \
    cross current current_catalog current_date current_role current_schema current_time current_timestamp current_user cursor \
    data database databases date day dec decimal declare default deferrable deferred delayed delete desc describe detach \
    deterministic distinct distinctrow div do double drop dual each else elseif empty enclosed end escape escaped except \
    exclude exclusive exists exit explain fail false fetch filter first_value float following for force foreign freeze from \
    full fulltext function general generated get glob grant group grouping groups having high_priority hour if ignore ilike \
    immediate in index indexed infile initially inner inout insensitive insert instead int integer intersect interval into is \
    isnull iterate join json_table key keys kill lag last_value lateral lead leading leave left like limit linear lines load \
    localtime localtimestamp lock long loop match maxvalue minute mod modifies month name natural new no not nothing notnull \
    nth_value ntile null nulls numeric of off offset old on only operator optimize option optionally or order others out outer \
    outfile over overlaps overriding partition password percent_rank period placing plan portion position pragma preceding \
    precision primary procedure purge query raise range rank read reads real recursive references regexp reindex release \
    rename repeat replace require resignal restrict return returning revoke right rlike role rollback row row_number rows \
    savepoint schema schemas second select sensitive separator session session_user set show signal similar smallint some \
    spatial specific sql ssl starting status stored straight_join symmetric system system_user table tablesample temp \
    temporary terminated then ties time timestamp tinyint to trailing transaction trigger true type unbounded undo union \
    unique unlock unsigned until update usage use user users using utc_date utc_time utc_timestamp vacuum value values \
    varbinary varchar variadic varying verbose view virtual when where while window with without write xor year zerofill zone ";

impl Engine {
    /// The name for people.
    pub fn name(self) -> &'static str {
        match self {
            Self::Sqlite => "SQLite",
            Self::Postgres => "PostgreSQL",
            Self::MySql => "MySQL or MariaDB",
        }
    }

    /// A name as it stands in a query: quoted where it would not be read as it is.
    pub fn quoted(self, name: &str) -> String {
        if self.is_plain(name) {
            return name.to_owned();
        }
        match self {
            Self::MySql => format!("`{}`", name.replace('`', "``")),
            Self::Postgres | Self::Sqlite => format!("\"{}\"", name.replace('"', "\"\"")),
        }
    }

    /// A text as it stands in a query. Only for texts without quotes and backslashes, which are all that is needed.
    pub fn text(self, text: &str) -> String {
        format!("'{}'", text.replace(['\'', '\\'], ""))
    }

    fn is_plain(self, name: &str) -> bool {
        let lower = name.to_ascii_lowercase();
        // PostgreSQL folds what is not quoted.
        let folds = self == Self::Postgres && lower != name;
        let first = name.chars().next();
        first.is_some_and(|first| first.is_ascii_alphabetic() || first == '_')
            && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
            && !folds
            && !RESERVED.split_ascii_whitespace().any(|word| word == lower)
    }
}

impl Kind {
    /// By the type in the database's own words. SQLite's types are what somebody wrote once.
    pub(super) fn of(engine: Engine, sql_type: &str) -> Self {
        let lower = sql_type.to_ascii_lowercase();
        let begins = |words: &[&str]| words.iter().any(|word| lower.starts_with(word));
        if begins(&["tinyint(1)", "bool", "bit(1)"]) || lower == "bit" {
            return if engine == Engine::Postgres && !begins(&["bool"]) {
                Self::Other
            } else if engine == Engine::Postgres {
                Self::Boolean
            } else {
                Self::Integer
            };
        }
        if begins(&["uuid"]) {
            return Self::Uuid;
        }
        if begins(&["timestamp", "date", "time", "year"]) {
            return Self::Time;
        }
        if lower == "interval" {
            return Self::Other;
        }
        if begins(&["int", "bigint", "smallint", "mediumint", "tinyint", "serial", "bigserial", "unsigned"]) {
            return Self::Integer;
        }
        if begins(&["bytea", "blob", "tinyblob", "mediumblob", "longblob", "binary", "varbinary"]) {
            return Self::Bytes;
        }
        let text = ["char", "text", "citext", "name", "enum", "string", "clob", "json", "guid"];
        if text.iter().any(|word| lower.contains(word)) || (engine == Engine::Sqlite && lower.is_empty()) {
            return Self::Text;
        }
        Self::Other
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_quoted_where_they_must_be() {
        for (engine, name, sql) in [
            (Engine::Postgres, "email", "email"),
            (Engine::Postgres, "Email", "\"Email\""),
            (Engine::Sqlite, "Email", "Email"),
            (Engine::Postgres, "user", "\"user\""),
            (Engine::MySql, "order", "`order`"),
            (Engine::MySql, "a`b", "`a``b`"),
            (Engine::Postgres, "pass \"word\"", "\"pass \"\"word\"\"\""),
            (Engine::Sqlite, "1st", "\"1st\""),
            (Engine::Sqlite, "größe", "\"größe\""),
            (Engine::Sqlite, "", "\"\""),
        ] {
            assert_eq!(engine.quoted(name), sql);
        }
    }

    #[test]
    fn kinds_are_read_from_each_database_s_words() {
        for (engine, sql_type, kind) in [
            (Engine::Postgres, "character varying(255)", Kind::Text),
            (Engine::Postgres, "boolean", Kind::Boolean),
            (Engine::Postgres, "timestamp with time zone", Kind::Time),
            (Engine::Postgres, "bytea", Kind::Bytes),
            (Engine::Postgres, "numeric(10,2)", Kind::Other),
            (Engine::Postgres, "bit(1)", Kind::Other),
            (Engine::Postgres, "interval", Kind::Other),
            (Engine::MySql, "tinyint(1)", Kind::Integer),
            (Engine::MySql, "bigint(20) unsigned", Kind::Integer),
            (Engine::MySql, "varbinary(255)", Kind::Bytes),
            (Engine::MySql, "enum('a','b')", Kind::Text),
            (Engine::Sqlite, "", Kind::Text),
            (Engine::Sqlite, "VARCHAR(60)", Kind::Text),
            (Engine::Sqlite, "BOOLEAN", Kind::Integer),
            (Engine::Sqlite, "INTEGER", Kind::Integer),
        ] {
            assert_eq!(Kind::of(engine, sql_type), kind, "{engine:?} {sql_type}");
        }
    }
}
