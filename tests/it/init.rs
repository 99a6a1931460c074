//! `keyferry init` on the tables that well-known applications make, and on those that nobody should: what it writes is
//! checked, surveyed, exported and signed in with, on the real servers.

mod schemas;

use std::process::{Command, Output, Stdio};

use serde_json::Value;
use sqlx::ConnectOptions;
use sqlx::sqlite::SqliteConnectOptions;
use tempfile::TempDir;

use crate::servers::{self, Server};
use crate::service::{SECRET, Service};
use crate::shop::told;
use schemas::PASSWORD;

/// A database, and a folder to work in.
struct Place {
    folder: TempDir,
    url: String,
}

impl Place {
    async fn sqlite(statements: &str) -> Self {
        let folder = TempDir::new().expect("a folder");
        let file = folder.path().join("store.db");
        let options = SqliteConnectOptions::new().filename(&file).create_if_missing(true);
        let mut connection = options.connect().await.expect("the store opens");
        let sql = sqlx::AssertSqlSafe(statements.to_owned());
        sqlx::raw_sql(sql).execute(&mut connection).await.expect("good SQL");
        Self { url: format!("sqlite:{}", file.display()), folder }
    }

    /// `None` where the server is not installed.
    async fn on(server: Option<&'static Server>, statements: &str) -> Option<Self> {
        let url = server?.database(statements).await;
        Some(Self { folder: TempDir::new().expect("a folder"), url })
    }

    fn run(&self, arguments: &[&str]) -> Output {
        Command::new(env!("CARGO_BIN_EXE_keyferry"))
            .args(arguments)
            .current_dir(self.folder.path())
            .env("KEYFERRY_SOURCE_URL", &self.url)
            .env("KEYFERRY_HOOK_SECRET", SECRET)
            .stdin(Stdio::null())
            .output()
            .expect("keyferry runs")
    }

    fn init(&self, more: &[&str]) -> (i32, String, String) {
        told(&self.run(&[&["init", "--source", &self.url], more].concat()))
    }

    fn file(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("keyferry.toml")).expect("it was written")
    }

    /// The report of a first run, which must go well.
    fn report(&self) -> Value {
        let (code, out, err) = self.init(&["--json"]);
        assert_eq!(code, 0, "{out}{err}");
        let report: Value = serde_json::from_str(&out).expect("JSON");
        assert_eq!(report["problems"], serde_json::json!([]), "{}", self.file());
        for text in [&out, &err, &self.file()] {
            assert!(!text.contains("k3y"), "the password of the URL: {text}");
            for secret in
                ["SEJj2breygn", "C5AvaGEWEX", "QxFxeRly8TZ", "232d726c97", "9IQRaTwm", "ada@", "Lovelace"]
            {
                assert!(!text.contains(secret), "a sampled value: {text}");
            }
        }
        report
    }

    /// `check`, `survey` and `export` with the file as it is. Gives the users that would be sent, and the rejects.
    fn users(&self) -> (Vec<Value>, String) {
        let (code, out, err) = told(&self.run(&["check"]));
        assert_eq!(code, 0, "{out}{err}{}", self.file());
        let (code, out, err) = told(&self.run(&["survey", "--json"]));
        assert!([0, 3].contains(&code), "{out}{err}");
        let (code, out, err) = told(&self.run(&[
            "export",
            "--format",
            "okta",
            "--out",
            "users.jsonl",
            "--rejects",
            "rejects.csv",
        ]));
        assert!([0, 3].contains(&code), "{out}{err}{}", self.file());
        let read = |name| std::fs::read_to_string(self.folder.path().join(name)).unwrap_or_default();
        let users =
            read("users.jsonl").lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
        (users, read("rejects.csv"))
    }

    /// The service with the file as it is, on other ports.
    fn serve(&self) -> Service {
        let text = self
            .file()
            .replace("127.0.0.1:8080", "127.0.0.1:0")
            .replace("127.0.0.1:9090", "127.0.0.1:0")
            .replace("env:KEYFERRY_HOOK_SECRET", SECRET)
            .replace("env:KEYFERRY_SOURCE_URL", &self.url);
        let log = "\n[log]\nformat = \"json\"\n";
        // The file stays as the service before it was given.
        let text = text.replace(log, "") + log;
        Service::start(self.folder.path(), &text)
    }

    /// Ada signs in, whatever the case she types, and with her password only; Bob does not.
    async fn ada_signs_in(&self) {
        let service = self.serve();
        for typed in ["ada@example.com", " ADA@Example.com"] {
            assert_eq!(service.verdict(typed, PASSWORD).await, "VERIFIED", "{}", service.log());
        }
        assert_eq!(service.verdict("ada@example.com", "another").await, "UNVERIFIED");
        assert_eq!(service.verdict("bob@example.com", PASSWORD).await, "UNVERIFIED");
        assert_eq!(service.verdict("nobody@example.com", PASSWORD).await, "UNVERIFIED");
    }

    /// The file names this scheme, by which each signs in with the password and not with what is near it.
    async fn signs_in_by(&self, scheme: &str, users: &[(&str, &str)]) {
        assert!(self.file().contains(&format!("scheme = \"{scheme}\"")), "{}", self.file());
        let service = self.serve();
        for (user, password) in users {
            assert_eq!(service.verdict(user, password).await, "VERIFIED", "{}", service.log());
            let near = password.replace('t', "T").replace('o', "0");
            assert_eq!(service.verdict(user, &near).await, "UNVERIFIED", "{user}");
        }
    }
}

/// An application's table: who it is, which schemes its values take, and the profile of Ada. Gives the place back, for
/// more of its users to sign in.
async fn application(
    place: Option<Place>,
    name: &str,
    table: &str,
    ada: [&str; 2],
    missing: usize,
) -> Option<Place> {
    let place = place?;
    let report = place.report();
    assert_eq!(report["users"]["application"], name, "{report}");
    assert_eq!(report["users"]["table"], table);
    assert_eq!(report["users"]["missing"].as_array().expect("a list").len(), missing, "{report}");
    let (users, rejects) = place.users();
    let profile = users.iter().map(|user| &user["profile"]).find(|profile| {
        profile["login"].as_str().is_some_and(|login| login.eq_ignore_ascii_case("ada@example.com"))
    });
    let profile = profile.unwrap_or_else(|| panic!("no Ada: {rejects}{}", place.file()));
    assert_eq!([&profile["firstName"], &profile["lastName"]], ada, "{}", place.file());
    assert!(profile["email"].as_str().is_some_and(|email| email.eq_ignore_ascii_case("ada@example.com")));
    for line in rejects.lines().skip(1) {
        assert!(line.contains("inactive"), "nobody else is a reject: {line}");
    }
    place.ada_signs_in().await;
    Some(place)
}

#[tokio::test]
async fn wordpress() {
    let place = Place::on(servers::mariadb(), schemas::WORDPRESS).await;
    let place = application(place, "WordPress", "wp_users", ["Ada", "Lovelace"], 0).await;
    let Some(place) = place else { return };
    place
        .signs_in_by("wordpress", &[("cleo@example.com", "test12345"), ("dora@example.com", "it's \"dora\"")])
        .await;
}

#[tokio::test]
async fn drupal_7() {
    let place = Place::on(servers::mariadb(), schemas::DRUPAL_7).await;
    application(place, "Drupal 7", "users", ["ada", "ada"], 2).await;
}

#[tokio::test]
async fn drupal_10() {
    let place = Place::on(servers::mariadb(), schemas::DRUPAL_10).await;
    let (name, table) = ("Drupal 8 and later", "users_field_data");
    application(place, name, table, ["ada", "ada"], 2).await;
}

#[tokio::test]
async fn django() {
    let place = Place::on(servers::postgres(), schemas::DJANGO).await;
    application(place, "Django", "auth_user", ["Ada", "Lovelace"], 0).await;
}

#[tokio::test]
async fn asp_net_on_sqlite() {
    let place = Place::sqlite(schemas::ASP_NET_SQLITE).await;
    let ada = ["ada", "ada"];
    application(Some(place), "ASP.NET Core Identity", "AspNetUsers", ada, 2).await;
}

#[tokio::test]
async fn asp_net_on_postgresql() {
    let place = Place::on(servers::postgres(), schemas::ASP_NET_POSTGRES).await;
    let (name, table) = ("ASP.NET Core Identity", "AspNetUsers");
    application(place, name, table, ["Ada", "Lovelace"], 0).await;
}

#[tokio::test]
async fn devise() {
    let place = Place::on(servers::postgres(), schemas::DEVISE).await;
    let ada = ["ada@example.com", "ada@example.com"];
    application(place, "Devise (Rails)", "users", ada, 2).await;
}

#[tokio::test]
async fn keycloak() {
    let place = Place::on(servers::postgres(), schemas::KEYCLOAK).await;
    application(place, "Keycloak", "credential", ["Ada", "Lovelace"], 0).await;
}

#[tokio::test]
async fn mediawiki() {
    let place = Place::on(servers::mariadb(), schemas::MEDIAWIKI).await;
    let ada = ["Ada Lovelace", "Ada Lovelace"];
    application(place, "MediaWiki", "user", ada, 2).await;
}

#[tokio::test]
async fn phpbb() {
    let place = Place::on(servers::mariadb(), schemas::PHPBB).await;
    let place = application(place, "phpBB 3", "phpbb_users", ["Ada", "Ada"], 2).await;
    let Some(place) = place else { return };
    place
        .signs_in_by("phpbb", &[("cleo@example.com", "test12345"), ("dora@example.com", "Tom & \"Dora\"")])
        .await;
}

#[tokio::test]
async fn redmine() {
    let place = Place::on(servers::mariadb(), schemas::REDMINE).await;
    application(place, "Redmine", "users", ["Ada", "Lovelace"], 0).await;
}

#[tokio::test]
async fn joomla() {
    let place = Place::on(servers::mariadb(), schemas::JOOMLA).await;
    let ada = ["Ada Lovelace", "Ada Lovelace"];
    application(place, "Joomla", "j5_users", ada, 2).await;
}

// Tables that nobody should make ------------------------------------------------------------------------------

const BCRYPT: &str = "$2a$04$C5AvaGEWEXupDBy5CrNGR.vP8u7dn032PGtqmOylYTUGycRDznZ8C";

/// Names with quotes, blanks, colons, line breaks and reserved words.
#[tokio::test]
async fn hostile_names_are_quoted() {
    let double = format!(
        "CREATE TABLE \"order; DROP TABLE \"\"x\"\" '''\" (\"select\" INTEGER NOT NULL PRIMARY KEY, \"E-Mail :username ?\" VARCHAR(99), \
         \"pass \"\"word\"\"\nhash\" VARCHAR(99), \"First Name\" VARCHAR(99), \"last'name\" VARCHAR(99), \"is active\" INTEGER, \"group\\\" VARCHAR(9)); \
         INSERT INTO \"order; DROP TABLE \"\"x\"\" '''\" VALUES (1, 'Ada@example.com', '{BCRYPT}', 'Ada', 'Lovelace', 1, ''), \
         (2, 'bob@example.com', '{BCRYPT}', 'Bob', 'Babbage', 0, '')"
    );
    let backticks = double.replace("\"\"", "\u{1}").replace('"', "`").replace('\u{1}', "\"");
    let mut places = vec![Place::sqlite(&double).await];
    places.extend(Place::on(servers::postgres(), &double).await);
    places.extend(Place::on(servers::mariadb(), &backticks).await);
    for place in places {
        let report = place.report();
        assert_eq!(report["users"]["profile"][2], serde_json::json!(["firstName", "first_name"]), "{report}");
        let (users, rejects) = place.users();
        assert_eq!(users.len(), 1, "{rejects}{}", place.file());
        assert_eq!(users[0]["profile"]["lastName"], "Lovelace", "{}", place.file());
        place.ada_signs_in().await;
    }
}

#[tokio::test]
async fn an_empty_database_has_no_users() {
    let mut places = vec![Place::sqlite("SELECT 1").await];
    places.extend(Place::on(servers::postgres(), "SELECT 1").await);
    places.extend(Place::on(servers::mariadb(), "SELECT 1").await);
    let orders = "CREATE TABLE orders (id INTEGER PRIMARY KEY, email VARCHAR(99), total INTEGER); \
                  CREATE TABLE files (id INTEGER PRIMARY KEY, name VARCHAR(99), hash CHAR(32)); \
                  INSERT INTO files VALUES (1, 'a', '28f9975808ae2bdc5847b1cda26033ea')";
    places.push(Place::sqlite(orders).await);
    for place in places {
        let (code, out, err) = place.init(&[]);
        assert_eq!(code, 1, "{out}{err}");
        assert!(out.contains("No table of users was found"), "{out}");
        assert!(!place.folder.path().join("keyferry.toml").exists());
        let (code, out, _) = place.init(&["--json"]);
        let report: Value = serde_json::from_str(&out).expect("JSON");
        assert_eq!((code, &report["users"]), (1, &Value::Null));
    }
}

#[tokio::test]
async fn a_table_without_rows_is_taken_by_its_names() {
    let place = Place::sqlite(
        "CREATE TABLE members (id INTEGER PRIMARY KEY, mail TEXT, password TEXT, first_name TEXT, last_name TEXT)",
    )
    .await;
    let report = place.report();
    assert_eq!(
        (&report["users"]["table"], &report["users"]["column"]),
        (&"members".into(), &"password".into())
    );
    assert!(report["users"]["why"].to_string().contains("0 rows sampled"), "{report}");
    let (users, rejects) = place.users();
    assert_eq!((users.len(), rejects.lines().count() <= 1), (0, true));
}

/// The better one is chosen, the other named, and taken where it is asked for.
#[tokio::test]
async fn of_two_plausible_tables_both_are_named() {
    let place = Place::sqlite(&format!(
        "CREATE TABLE users (id INTEGER PRIMARY KEY, email TEXT, password TEXT, first_name TEXT, last_name TEXT, role TEXT); \
         CREATE TABLE customers (id INTEGER PRIMARY KEY, email TEXT, password TEXT, first_name TEXT, last_name TEXT); \
         CREATE TABLE password_resets (email TEXT, token TEXT); \
         INSERT INTO users VALUES (1, 'ada@example.com', '{BCRYPT}', 'Ada', 'Lovelace', 'x'); \
         INSERT INTO customers VALUES (1, 'ada@example.com', '{BCRYPT}', 'Ada', 'Lovelace'), (2, 'cleo@example.com', NULL, 'C', 'M'); \
         INSERT INTO password_resets VALUES ('ada@example.com', '{BCRYPT}')"
    ))
    .await;
    let report = place.report();
    assert_eq!(report["users"]["table"], "users");
    let others: Vec<&str> = report["runners_up"]
        .as_array()
        .expect("a list")
        .iter()
        .filter_map(|it| it["table"].as_str())
        .collect();
    assert_eq!(others, ["customers"]);
    assert!(place.file().contains("# Not chosen: customers, column password"), "{}", place.file());
    let (code, out, err) = place.init(&["--table", "customers", "--out", "other.toml", "--json"]);
    assert_eq!(code, 0, "{err}");
    let report: Value = serde_json::from_str(&out).expect("JSON");
    assert_eq!(report["users"]["table"], "customers");
    assert!(report["next"].to_string().contains("keyferry check --config other.toml"), "{report}");
}

#[tokio::test]
async fn an_existing_file_stays_as_it_is() {
    let place = Place::sqlite("CREATE TABLE users (id INTEGER PRIMARY KEY, email TEXT, password TEXT)").await;
    std::fs::write(place.folder.path().join("keyferry.toml"), "mine").expect("written");
    let (code, _, err) = place.init(&[]);
    assert_eq!(code, 1);
    assert!(err.contains("keyferry.toml is there already"), "{err}");
    assert_eq!(place.file(), "mine");
}

#[tokio::test]
async fn what_cannot_work_ends_with_1_and_no_secret() {
    let place = Place::sqlite("SELECT 1").await;
    for (source, part) in [
        ("oracle://reader:canary@db/shop", "must begin with"),
        ("postgres://reader:canary@127.0.0.1:1/shop", "not reachable"),
        ("postgres://reader:canary@127.0.0.1:1/shop?sslmod=x", "unknown setting"),
        ("sqlite:nowhere.db", "cannot be opened"),
        ("env:NOT_SET_ANYWHERE", "is not set"),
        ("file:nowhere", "cannot be read"),
    ] {
        let (code, out, err) = told(&place.run(&["init", "--source", source]));
        assert_eq!(code, 1, "{source}: {out}{err}");
        assert!(err.contains(part), "{source}: {err}");
        assert!(!out.contains("canary") && !err.contains("canary"), "{err}");
    }
    let (code, _, err) = told(&place.run(&["init"]));
    assert_eq!(code, 1, "{err}");
}

/// Bare digests are told with what they could be, and not chosen among.
#[tokio::test]
async fn bare_digests_are_named_candidates() {
    let place = Place::sqlite(
        "CREATE TABLE accounts (id INTEGER PRIMARY KEY, login TEXT NOT NULL UNIQUE, pwd TEXT, salt TEXT, full_name TEXT); \
         INSERT INTO accounts VALUES (1, 'ada', '28f9975808ae2bdc5847b1cda26033ea', '308', 'Ada Lovelace')",
    )
    .await;
    let report = place.report();
    assert_eq!(report["users"]["values"]["bare"]["32 hex digits"], 1);
    assert_eq!(report["users"]["missing"], serde_json::json!(["firstName", "lastName", "email"]));
    let file = place.file();
    assert!(file.contains("\"md5($pass.$salt)\" or \"md5($salt.$pass)\""), "{file}");
    assert!(file.contains("u.salt AS salt") && file.contains("scheme = \"auto\""), "{file}");
    assert!(file.contains("# MISSING: ") && !file.contains("28f9"), "{file}");
    place.users();
}

/// Whoever may not read some tables hears of it, and gets what can be read.
#[tokio::test]
async fn rights_on_some_tables_are_enough() {
    let users = format!(
        "CREATE TABLE users (id INTEGER PRIMARY KEY, email VARCHAR(99), password VARCHAR(99), first_name VARCHAR(9), \
         last_name VARCHAR(9), notes VARCHAR(99)); \
         INSERT INTO users VALUES (1, 'ada@example.com', '{BCRYPT}', 'Ada', 'L', 'private'); \
         CREATE TABLE salaries (id INTEGER PRIMARY KEY, email VARCHAR(99), password VARCHAR(99)); "
    );
    if let (Some(server), Some(mut place)) =
        (servers::postgres(), Place::on(servers::postgres(), &users).await)
    {
        let grants = "CREATE ROLE init_reader LOGIN PASSWORD 'k3y canary'; \
                      GRANT SELECT (id, email, password, first_name, last_name) ON users TO init_reader";
        server.execute(&place.url, grants).await;
        place.url = place.url.replace("keyferry:k3y%2Fferry", "init_reader:k3y%20canary");
        let report = place.report();
        assert_eq!(report["unreadable"], serde_json::json!(["salaries"]));
        assert_eq!(place.users().0.len(), 1);
    }
    if let (Some(server), Some(mut place)) = (servers::mariadb(), Place::on(servers::mariadb(), &users).await)
    {
        let database = place.url.rsplit('/').next().expect("a name").to_owned();
        let grants = format!(
            "CREATE USER init_reader IDENTIFIED BY 'k3y canary'; \
             GRANT SELECT (id, email, password, first_name, last_name) ON {database}.users TO init_reader"
        );
        server.execute(&place.url, &grants).await;
        place.url = place.url.replace("keyferry:k3y%2Fferry", "init_reader:k3y%20canary");
        let report = place.report();
        assert_eq!(report["tables"], 1, "MariaDB does not even tell that the other is there");
        assert_eq!(place.users().0.len(), 1);
    }
}

/// Devise's pepper, as the comment of the file says it: made by Ruby's bcrypt gem of `password + pepper`.
#[tokio::test]
async fn a_pepper_of_devise_is_written_as_the_file_says() {
    let peppered = "$2a$04$amaMWokvzNKDMQ0DdRI4ze3dREipoRQslp7lHnLcJt4lX1LUXCEYa";
    let users = schemas::DEVISE.replace(BCRYPT, peppered);
    let Some(place) = Place::on(servers::postgres(), &users).await else { return };
    let (code, _, err) = place.init(&[]);
    assert_eq!(code, 0, "{err}");
    let file = place.file();
    assert!(file.contains("scheme = \"bcrypt($pass.$pepper)\" and pepper"), "{file}");
    let file = file.replace("scheme = \"auto\"", "scheme = \"bcrypt($pass.$pepper)\"\npepper = \"pep\"");
    std::fs::write(place.folder.path().join("keyferry.toml"), file).expect("written");
    place.ada_signs_in().await;
}
