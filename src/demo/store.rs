//! The sample legacy store: a SQLite file such as three old applications might have left behind, and the
//! configuration that fits it.

use std::path::Path;

use sqlx::Connection;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};

/// The application that a person has their account in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Table {
    /// A shop, whose passwords came from a dozen systems over the years; each value says what it is.
    Shop,
    /// A forum with salted SHA-256, the salt in a column of its own.
    Forum,
    /// An intranet with bare MD5.
    Intranet,
}

impl Table {
    /// The source's name in the configuration.
    pub fn source(self) -> &'static str {
        match self {
            Self::Shop => "shop",
            Self::Forum => "forum",
            Self::Intranet => "intranet",
        }
    }
}

/// What must become of a person.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// Created with a hash that Okta imports.
    Hash,
    /// Created with the hook.
    Hook,
    /// Not created: an earlier source knows the person, and its password counts.
    Merged,
    /// Not created, for a reason that begins so.
    Rejected(&'static str),
}

/// One person of the store, and what must become of them.
#[derive(Clone, Debug)]
pub struct Person {
    /// Where the account is.
    pub table: Table,
    /// Its id there.
    pub id: i64,
    /// Given name.
    pub first_name: &'static str,
    /// Family name.
    pub last_name: &'static str,
    /// The address that is the login.
    pub login: &'static str,
    /// A telephone number; only the shop has them.
    pub phone: Option<&'static str>,
    /// What the stored value is, in a few words for people.
    pub format: &'static str,
    /// The stored value.
    pub stored: &'static str,
    /// Its salt, in the forum.
    pub salt: Option<&'static str>,
    /// The password that it was made from. Public: nobody real has it.
    pub password: &'static str,
    /// What the person types as their name at sign-in.
    pub typed: &'static str,
    /// Whether the account is enabled.
    pub active: bool,
    /// What must become of them.
    pub fate: Fate,
}

const TABLES: [&str; 3] = [
    "CREATE TABLE customers (id INTEGER PRIMARY KEY, email TEXT NOT NULL, password TEXT, first_name TEXT,
        last_name TEXT, phone TEXT, enabled INTEGER NOT NULL)",
    "CREATE TABLE forum_members (id INTEGER PRIMARY KEY, email TEXT NOT NULL, pass_hash TEXT, pass_salt TEXT,
        first_name TEXT, last_name TEXT)",
    "CREATE TABLE intranet (id INTEGER PRIMARY KEY, email TEXT NOT NULL, md5 TEXT, first_name TEXT, last_name TEXT)",
];

/// Makes the file at `path`, which must not be there yet, and fills it with `people`.
pub async fn create(path: &Path, people: &[Person]) -> Result<(), sqlx::Error> {
    let options = SqliteConnectOptions::new().filename(path).create_if_missing(true);
    let mut connection = SqliteConnection::connect_with(&options).await?;
    let mut filling = connection.begin().await?;
    for table in TABLES {
        sqlx::query(table).execute(&mut *filling).await?;
    }
    for person in people {
        let insert = match person.table {
            Table::Shop => sqlx::query(
                "INSERT INTO customers (id, email, password, first_name, last_name, phone, enabled)
                VALUES (?, ?, ?, ?, ?, ?, ?)",
            ),
            Table::Forum => sqlx::query(
                "INSERT INTO forum_members (id, email, pass_hash, first_name, last_name, pass_salt)
                VALUES (?, ?, ?, ?, ?, ?)",
            ),
            Table::Intranet => sqlx::query(
                "INSERT INTO intranet (id, email, md5, first_name, last_name) VALUES (?, ?, ?, ?, ?)",
            ),
        };
        let insert = insert.bind(person.id).bind(person.login).bind(person.stored);
        let insert = insert.bind(person.first_name).bind(person.last_name);
        let insert = match person.table {
            Table::Shop => insert.bind(person.phone).bind(person.active),
            Table::Forum => insert.bind(person.salt),
            Table::Intranet => insert,
        };
        insert.execute(&mut *filling).await?;
    }
    filling.commit().await?;
    connection.close().await
}

/// A `keyferry.toml` for the store in `folder`, under the names `sample.db` and `keyferry-ledger.db`, and an org. The
/// hook listens on free ports of this machine and takes its secret from `KEYFERRY_HOOK_SECRET`; the API token is in
/// `OKTA_API_TOKEN`.
pub fn configuration(folder: &Path, org_url: &str) -> String {
    // A TOML literal string takes the path as it is; only a quote would end it.
    let url = |file: &str| format!("'sqlite:{}'", folder.join(file).display());
    CONFIGURATION
        .replace("{store}", &url("sample.db"))
        .replace("{ledger}", &url("keyferry-ledger.db"))
        .replace("{org}", org_url)
}

const CONFIGURATION: &str = r#"# The configuration of `keyferry demo`.
[server]
listen = "127.0.0.1:0"
path = "/okta/password-import"
private_listen = "127.0.0.1:0"
[server.auth]
header = [{ name = "Authorization", secret = "env:KEYFERRY_HOOK_SECRET" }]

[ledger]
url = {ledger}

[okta]
org_url = "{org}"
api_token = "env:OKTA_API_TOKEN"
groups = ["Migrated_from_Legacy_{date}"]

[[source]]
name = "shop"
url = {store}
lookup = "SELECT id, email AS login, password AS stored, enabled AS active FROM customers WHERE lower(email) = lower(:username)"
users = "SELECT id, email AS login, password AS stored, enabled AS active, first_name, last_name, phone FROM customers WHERE id > :after ORDER BY id LIMIT :limit"
scheme = "auto"
[source.username]
trim = true
lowercase = true
default_domain = "example.com"
[source.profile]
login = "login"
email = "login"
firstName = "first_name"
lastName = "last_name"
mobilePhone = "phone"

[[source]]
name = "forum"
url = {store}
lookup = "SELECT id, email AS login, pass_hash AS stored, pass_salt AS salt FROM forum_members WHERE lower(email) = lower(:username)"
users = "SELECT id, email AS login, pass_hash AS stored, pass_salt AS salt, first_name, last_name FROM forum_members WHERE id > :after ORDER BY id LIMIT :limit"
scheme = "sha256($salt.$pass)"
[source.username]
trim = true
lowercase = true
default_domain = "example.com"
[source.profile]
login = "login"
email = "login"
firstName = "first_name"
lastName = "last_name"

[[source]]
name = "intranet"
url = {store}
lookup = "SELECT id, email AS login, md5 AS stored FROM intranet WHERE lower(email) = lower(:username)"
users = "SELECT id, email AS login, md5 AS stored, first_name, last_name FROM intranet WHERE id > :after ORDER BY id LIMIT :limit"
scheme = "md5($pass)"
[source.username]
trim = true
lowercase = true
default_domain = "example.com"
[source.profile]
login = "login"
email = "login"
firstName = "first_name"
lastName = "last_name"
"#;

#[cfg(test)]
mod tests {
    use super::super::PEOPLE;
    use super::*;

    #[test]
    fn the_people_are_as_many_and_as_varied_as_the_demo_says() {
        let fates = |fate: Fate| PEOPLE.iter().filter(|person| person.fate == fate).count();
        assert_eq!((PEOPLE.len(), fates(Fate::Hash), fates(Fate::Hook)), (33, 20, 10));
        let mut formats: Vec<&str> = PEOPLE.iter().map(|person| person.format).collect();
        formats.sort_unstable();
        formats.dedup();
        assert!(formats.len() >= 12, "{formats:?}");
        for person in PEOPLE {
            assert_eq!(person.salt.is_some(), person.table == Table::Forum);
            assert!(person.active || person.table == Table::Shop, "only the shop can disable an account");
        }
    }
}
