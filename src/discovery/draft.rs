//! From the chosen table to the two queries and the mapping of the profile: pieces of SQL in the database's dialect,
//! each with what it rests on.

use super::applications;
use super::candidates::{Candidate, Sample};
use super::names::{self, Part, words};
use super::values::could_be;
use crate::schemes::Selection;
use crate::sources::{Column, Engine, Kind, Table};

/// The table's alias in the queries.
const ALIAS: &str = "u";

/// How the users are asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Draft {
    /// The application whose layout it is.
    pub application: Option<&'static str>,
    /// The `FROM` of both queries, with the aliases.
    pub from: String,
    /// Conditions of both queries, besides the name and the page.
    pub conditions: Vec<String>,
    /// What is unique and ordered, to go page by page; none where there is no such column.
    pub page_by: Option<String>,
    /// The columns of the result, in order.
    pub columns: Vec<OutputColumn>,
    /// The condition that finds one user by `:username`.
    pub lookup: String,
    /// Okta attribute, and the column of the result.
    pub profile: Vec<(&'static str, String)>,
    /// `scheme`.
    pub scheme: Vec<String>,
    /// What else `scheme` could be, or has to be considered for it.
    pub scheme_notes: Vec<String>,
    /// Whether what was typed is folded to lower case.
    pub lowercase: bool,
    /// What to know of the queries.
    pub notes: Vec<String>,
    /// Attributes that Okta requires and the table does not have.
    pub missing: Vec<&'static str>,
}

/// A column of the result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutputColumn {
    /// Its name there.
    pub alias: String,
    /// Where it comes from.
    pub sql: String,
    /// Whether a look-up needs it too.
    pub lookup: bool,
}

impl Draft {
    /// The query that finds one user.
    pub fn lookup_query(&self) -> String {
        let mut conditions = vec![self.lookup.clone()];
        conditions.extend(self.conditions.iter().cloned());
        self.query(|column| column.lookup, &conditions, "")
    }

    /// The query that walks over all users, page by page where there is something to page by.
    pub fn users_query(&self) -> String {
        let mut conditions = self.conditions.clone();
        let Some(page_by) = &self.page_by else { return self.query(|_| true, &conditions, "") };
        conditions.insert(0, format!("{page_by} > :after"));
        self.query(|_| true, &conditions, &format!("\nORDER BY {page_by} LIMIT :limit"))
    }

    fn query(&self, wanted: impl Fn(&OutputColumn) -> bool, conditions: &[String], end: &str) -> String {
        let columns: Vec<String> = self
            .columns
            .iter()
            .filter(|column| wanted(column))
            .map(|column| format!("{} AS {}", column.sql, column.alias))
            .collect();
        let conditions = if conditions.is_empty() {
            String::new()
        } else {
            format!("\nWHERE {}", conditions.join(" AND "))
        };
        format!("SELECT {}\nFROM {}{conditions}{end}", columns.join(",\n       "), self.from)
    }

    /// Sets a column of the result; for the look-up too where it needs that one.
    pub(super) fn set(&mut self, alias: &str, sql: impl Into<String>) {
        let lookup = ["id", "login", "email", "stored", "salt", "active"].contains(&alias);
        let column = OutputColumn { alias: alias.to_owned(), sql: sql.into(), lookup };
        match self.columns.iter_mut().find(|known| known.alias == alias) {
            Some(known) => *known = column,
            None => self.columns.push(column),
        }
    }

    /// Sets a column and the attribute that comes from it.
    pub(super) fn attribute(&mut self, attribute: &'static str, alias: &str, sql: impl Into<String>) {
        self.set(alias, sql);
        self.map(attribute, alias);
    }

    pub(super) fn map(&mut self, attribute: &'static str, alias: &str) {
        self.profile.retain(|(known, _)| *known != attribute);
        self.profile.push((attribute, alias.to_owned()));
    }

    pub(super) fn has(&self, attribute: &str) -> bool {
        self.profile.iter().any(|(known, _)| *known == attribute)
    }

    fn sql_of(&self, alias: &str) -> Option<&str> {
        self.columns.iter().find(|column| column.alias == alias).map(|column| column.sql.as_str())
    }
}

/// What the parts of a draft are made from.
pub(super) struct Maker<'d> {
    pub(super) engine: Engine,
    pub(super) table: &'d Table,
    pub(super) tables: &'d [Table],
    pub(super) hash: &'d Column,
    pub(super) sample: &'d Sample,
}

impl Maker<'_> {
    /// A column as it stands in the queries.
    pub(super) fn at(&self, name: &str) -> String {
        let column = self.table.column(name).map_or(name, |column| column.name.as_str());
        format!("{ALIAS}.{}", self.engine.quoted(column))
    }

    /// The same as text: names of people are sometimes kept as bytes.
    pub(super) fn text(&self, column: &Column) -> String {
        as_text(self.engine, column, &self.at(&column.name))
    }

    /// A condition that a column is the name typed, whatever the case.
    pub(super) fn is_name(&self, column: &Column) -> String {
        same_name(self.engine, column, &self.text(column))
    }
}

/// A column's value as text.
pub(super) fn as_text(engine: Engine, column: &Column, sql: &str) -> String {
    match (column.kind, engine) {
        (Kind::Bytes, Engine::MySql) => format!("CONVERT({sql} USING utf8mb4)"),
        (Kind::Bytes, Engine::Postgres) => format!("convert_from({sql}, 'UTF8')"),
        (Kind::Bytes, Engine::Sqlite) => format!("CAST({sql} AS TEXT)"),
        _ => sql.to_owned(),
    }
}

/// A condition that a text is the name typed, whatever the case.
pub(super) fn same_name(engine: Engine, column: &Column, sql: &str) -> String {
    // What is converted gets a collation that folds by itself.
    let folds = column.folds_case || (engine == Engine::MySql && column.kind == Kind::Bytes);
    if folds { format!("{sql} = :username") } else { format!("lower({sql}) = lower(:username)") }
}

/// The draft for a candidate.
pub(super) fn of(engine: Engine, tables: &[Table], candidate: &Candidate) -> Draft {
    let Candidate { table, hash, sample, counts, .. } = candidate;
    let maker = Maker { engine, table, tables, hash, sample };
    let mut draft = Draft {
        from: format!("{} {ALIAS}", table.sql(engine)),
        scheme: vec!["auto".to_owned()],
        lowercase: true,
        ..Draft::default()
    };
    identity(&maker, &mut draft);
    draft.set("stored", maker.at(&hash.name));
    let salt = names::column(table, Part::Salt, &[&hash.name]);
    if let Some(salt) = salt {
        draft.set("salt", maker.at(&salt.name));
    }
    activity(&maker, &mut draft);
    profile(&maker, &mut draft);
    let application = applications::of(table, tables);
    if let Some(application) = application {
        draft.application = Some(application.name());
        application.adapt(&maker, &mut draft);
    }
    if let Some(unknown) = draft.scheme.iter().find(|scheme| Selection::parse(scheme).is_err()) {
        draft
            .scheme_notes
            .push(format!("The values are of the scheme `{unknown}`, which this keyferry does not have."));
    }
    draft.scheme.retain(|scheme| Selection::parse(scheme).is_ok());
    if draft.scheme.is_empty() {
        draft.scheme.push("auto".to_owned());
    }
    if draft.scheme == ["auto"] {
        let salted = draft.sql_of("salt").is_some();
        for (shape, count) in &counts.bare {
            draft.scheme_notes.push(bare_note(shape, *count, salted, counts.identified_share() > 0));
        }
    }
    for (scheme, count) in &counts.unreadable {
        draft.scheme_notes.push(format!(
            "{count} of the sampled values look like `{scheme}`, which `auto` does not read: `keyferry survey` says why."
        ));
    }
    required(&mut draft);
    draft
}

fn bare_note(shape: &str, count: u64, salted: bool, mixed: bool) -> String {
    let known = could_be(shape, salted).iter().filter(|scheme| Selection::parse(scheme).is_ok());
    let known: Vec<String> = known
        .map(|scheme| if mixed { format!("[\"auto\", \"{scheme}\"]") } else { format!("\"{scheme}\"") })
        .collect();
    let salt = if salted { ", with the salt column" } else { "" };
    if known.is_empty() {
        return format!("{count} of the sampled values are {shape}: nothing says how they were made.");
    }
    format!(
        "{count} of the sampled values are {shape}, which do not say how they were made{salt}. Prove one of them with \
         `keyferry verify`: {}",
        known.join(" or ")
    )
}

/// Id, login and e-mail address, and how one user is found.
fn identity(maker: &Maker<'_>, draft: &mut Draft) {
    let Maker { table, hash, sample, .. } = maker;
    let taken = [hash.name.as_str()];
    let email = sample.email(table, &taken);
    let login = names::column(table, Part::Login, &taken);
    // An address column that is mostly empty cannot be what people sign in to Okta with.
    let addressed =
        email.is_some_and(|email| sample.filled(&email.name, &hash.name).is_none_or(|filled| filled >= 80));
    let main = if addressed { email } else { login.or(email) };
    let main = main.or_else(|| table.column("name").filter(|column| column.kind == Kind::Text));
    let unique = unique(table, main.map(|column| column.name.as_str()));
    draft.page_by = unique.filter(|_| !table.view).map(|name| maker.at(name));
    match (unique, main) {
        (Some(unique), _) => draft.set("id", maker.at(unique)),
        (None, Some(main)) => draft.set("id", maker.text(main)),
        (None, None) => draft.notes.push(
            "No column tells people apart: write one `AS id` and one `AS login` into both queries."
                .to_owned(),
        ),
    }
    if draft.page_by.is_none() {
        draft.notes.push(
            "No single column is unique, so `users` reads everything in one go: with a unique column, add \
             `WHERE id > :after ORDER BY id LIMIT :limit`."
                .to_owned(),
        );
    }
    let Some(main) = main else {
        "1 = 0 /* write the column here */ AND :username = ''".clone_into(&mut draft.lookup);
        return;
    };
    draft.attribute("login", "login", maker.text(main));
    draft.lookup = maker.is_name(main);
    if !draft.lookup.starts_with(&maker.at(&main.name)) {
        draft.notes.push(format!(
            "The look-up folds case, which an ordinary index on {} does not serve: with many users give it an index \
             of its own, or compare without lower() where all are lower case.",
            super::candidates::printable(&main.name)
        ));
    }
    match email {
        Some(email) if email.name == main.name => draft.map("email", "login"),
        Some(email) => draft.attribute("email", "email", maker.text(email)),
        None if sample.share(&main.name, |value| value.contains('@')).is_some_and(|share| share >= 80) => {
            draft.map("email", "login");
        }
        None => {}
    }
    if addressed && let Some(login) = login.filter(|login| login.name != main.name) {
        draft.notes.push(format!(
            "People get their e-mail address as login. To let them sign in with {} instead, put it in the place of \
             the address in `lookup` and `AS login`; `keyferry export --login any` then takes logins without an @.",
            super::candidates::printable(&login.name)
        ));
    }
}

/// The column that tells rows apart: the primary key, else a unique column, `main` rather than another.
fn unique<'t>(table: &'t Table, main: Option<&str>) -> Option<&'t str> {
    let single = |key: &&'t crate::sources::Key| key.columns.len() == 1;
    let usable = |name: &&'t String| {
        table.columns.iter().any(|column| {
            column.name == **name && !column.nullable && !matches!(column.kind, Kind::Other | Kind::Boolean)
        })
    };
    let mut keys: Vec<_> = table.keys.iter().filter(single).collect();
    keys.sort_by_key(|key| {
        (!key.primary, main.is_none_or(|main| key.columns.first().is_none_or(|column| column != main)))
    });
    keys.into_iter().filter_map(|key| key.columns.first()).find(usable).map(String::as_str)
}

/// `active` and `last_login`.
fn activity(maker: &Maker<'_>, draft: &mut Draft) {
    let mut conditions = Vec::new();
    for column in &maker.table.columns {
        if let Some(condition) = activity_condition(maker, column) {
            conditions.push(condition);
        }
    }
    if conditions.is_empty() {
        draft.notes.push(
            "No column was found that says who may sign in: everybody counts as active. If there is one, select it \
             `AS active`."
                .to_owned(),
        );
    } else {
        draft.set("active", maker.truth(&conditions.join(" AND ")));
    }
    let number = maker.table.columns.iter().find(|column| {
        column.kind == Kind::Integer
            && matches!(words(&column.name).last().map(String::as_str), Some("status" | "state"))
    });
    if let Some(column) = number.filter(|_| applications::of(maker.table, maker.tables).is_none()) {
        draft.notes.push(format!(
            "What the numbers of {} mean is not known: if they say who may sign in, add them to `active`.",
            super::candidates::printable(&column.name)
        ));
    }
    if let Some(column) = names::column(maker.table, Part::LastLogin, &[]) {
        // A number could count seconds, milliseconds or days: it is told as it is.
        draft.set("last_login", maker.at(&column.name));
        if column.kind == Kind::Integer {
            draft.notes.push(format!(
                "{} is a number: what it counts is not known, so `last_login` is the number itself.",
                super::candidates::printable(&column.name)
            ));
        }
    }
}

impl Maker<'_> {
    /// A condition as a column of the result.
    pub(super) fn truth(&self, condition: &str) -> String {
        match self.engine {
            Engine::Postgres => format!("({condition})"),
            // A comparison with NULL is neither, there too.
            Engine::MySql | Engine::Sqlite => format!("CASE WHEN {condition} THEN 1 ELSE 0 END"),
        }
    }

    /// A point in time as a column of the result, where a number is known to count seconds since 1970.
    pub(super) fn moment(&self, column: &Column) -> String {
        let at = self.at(&column.name);
        match (column.kind, self.engine) {
            (Kind::Integer, Engine::Postgres) => format!("to_timestamp(NULLIF({at}, 0))"),
            (Kind::Integer, Engine::MySql) => format!("FROM_UNIXTIME(NULLIF({at}, 0))"),
            (Kind::Integer, Engine::Sqlite) => format!("datetime(NULLIF({at}, 0), 'unixepoch')"),
            _ => at,
        }
    }
}

/// What a column says of whether its user may sign in.
fn activity_condition(maker: &Maker<'_>, column: &Column) -> Option<String> {
    let words = words(&column.name);
    let plain: String =
        words.iter().map(String::as_str).filter(|word| !["is", "user", "account"].contains(word)).collect();
    let at = maker.at(&column.name);
    match (plain.as_str(), column.kind) {
        ("active" | "enabled" | "activated", Kind::Boolean) => Some(format!("COALESCE({at}, FALSE)")),
        ("active" | "enabled" | "activated", Kind::Integer) => Some(format!("COALESCE({at}, 0) <> 0")),
        (
            "disabled" | "blocked" | "banned" | "suspended" | "locked" | "deleted" | "inactive" | "archived",
            Kind::Boolean,
        ) => Some(format!("NOT COALESCE({at}, FALSE)")),
        (
            "disabled" | "blocked" | "banned" | "suspended" | "locked" | "deleted" | "inactive" | "archived"
            | "block",
            Kind::Integer,
        ) => Some(format!("COALESCE({at}, 0) = 0")),
        (
            "deletedat" | "deletedon" | "disabledat" | "archivedat" | "bannedat" | "suspendedat" | "lockedat"
            | "deactivatedat" | "blockedat",
            _,
        ) => Some(format!("{at} IS NULL")),
        ("status" | "state" | "active" | "enabled", Kind::Text) => {
            let known = ["active", "enabled", "ACTIVE", "Active", "ENABLED", "Enabled", "A", "Y", "yes", "t"];
            let seen = |word: &&&str| maker.sample.share(&column.name, |value| value == **word) > Some(0);
            let word = known.iter().find(seen)?;
            Some(format!("{at} = {}", maker.engine.text(word)))
        }
        _ => None,
    }
}

/// The columns that fill Okta's attributes.
fn profile(maker: &Maker<'_>, draft: &mut Draft) {
    const PARTS: [(Part, &str, &str); 10] = [
        (Part::First, "firstName", "first_name"),
        (Part::Last, "lastName", "last_name"),
        (Part::Middle, "middleName", "middle_name"),
        (Part::Display, "displayName", "display_name"),
        (Part::Mobile, "mobilePhone", "phone"),
        (Part::Title, "title", "job_title"),
        (Part::Department, "department", "department"),
        (Part::Organization, "organization", "company"),
        (Part::EmployeeNumber, "employeeNumber", "employee_number"),
        (Part::City, "city", "city"),
    ];
    let login = draft.sql_of("login").map(str::to_owned);
    let mut taken = vec![maker.hash.name.as_str()];
    for (part, attribute, alias) in PARTS {
        let Some(column) = names::column(maker.table, part, &taken) else { continue };
        let sql = maker.text(column);
        if login.as_ref() == Some(&sql) {
            continue;
        }
        taken.push(&column.name);
        draft.attribute(attribute, alias, sql);
    }
}

/// Okta creates nobody without these four. What the table does not have gets a stand-in, so that the queries run; and
/// is told as missing, so that it does not stay one.
fn required(draft: &mut Draft) {
    let login = draft.sql_of("login").map(str::to_owned);
    let display = draft.sql_of("display_name").map(str::to_owned);
    for (attribute, alias) in [("firstName", "first_name"), ("lastName", "last_name")] {
        if !draft.has(attribute) {
            draft.missing.push(attribute);
            // The whole name stands in for each half: where it ends only its owner knows.
            let stand_in = match (&display, &login) {
                (Some(display), Some(login)) if display != login => {
                    format!("COALESCE(NULLIF({display}, ''), {login})")
                }
                (_, Some(login)) => login.clone(),
                (Some(only), None) => only.clone(),
                (None, None) => "'?'".to_owned(),
            };
            draft.attribute(attribute, alias, stand_in);
        }
    }
    if !draft.has("login") {
        draft.missing.push("login");
        draft.map("login", "id");
    }
    if !draft.has("email") {
        draft.missing.push("email");
        draft.map("email", if draft.sql_of("login").is_some() { "login" } else { "id" });
    }
    // In the order in which people expect them.
    let order = ["login", "email", "firstName", "lastName"];
    draft
        .profile
        .sort_by_key(|(attribute, _)| order.iter().position(|it| it == attribute).unwrap_or(order.len()));
}
