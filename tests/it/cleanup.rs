//! `keyferry cleanup`: the admin's own statement, for confirmed users and nobody else, on real databases.

use std::process::{Command, Stdio};
use std::time::{Duration, SystemTime};

use serde_json::{Value, json};
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, MySqlConnection, PgConnection};

use crate::seeded::Seeded;
use crate::servers::{self, Kind, Server};
use crate::shop::told;

const FORGET: &str = "UPDATE users SET stored = NULL WHERE id = :id";

fn cleanup(url: &str, sql: &str) -> String {
    format!("[[cleanup]]\nsource = \"shop\"\nurl = \"{url}\"\nsql = \"{sql}\"\n")
}

/// A SQLite store and a statement over it.
async fn shop(users: i64, sql: &str) -> Seeded {
    let seeded = Seeded::with_store(users).await;
    seeded.configure(&cleanup(&format!("sqlite:{}", seeded.database().display()), sql));
    seeded
}

async fn confirm(seeded: &Seeded, ids: impl IntoIterator<Item = i64>) {
    let ids: Vec<i64> = ids.into_iter().collect();
    let now = SystemTime::now();
    for okta_id in seeded.seed_all(ids).await {
        seeded.confirm(&okta_id, now).await;
    }
}

async fn sqlite(seeded: &Seeded) -> SqliteConnection {
    SqliteConnectOptions::new().filename(seeded.database()).connect().await.expect("the store opens")
}

async fn numbers(connection: &mut SqliteConnection, sql: &str) -> Vec<i64> {
    sqlx::query_scalar(AssertSqlSafe(sql.to_owned())).fetch_all(connection).await.expect("good SQL")
}

/// Ids of users without a stored value.
async fn forgotten(seeded: &Seeded) -> Vec<i64> {
    numbers(&mut sqlite(seeded).await, "SELECT id FROM users WHERE stored IS NULL ORDER BY id").await
}

fn report(output: &std::process::Output) -> Value {
    serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("no report: {output:?}"))
}

#[tokio::test]
async fn only_confirmed_users_are_cleaned_up_and_only_once() {
    let seeded = shop(6, FORGET).await;
    confirm(&seeded, [1, 2]).await;
    seeded.seed_all([3, 4]).await;
    seeded.verify(3).await;
    // 5 is known from the hook alone, 6 to nobody.
    seeded.verify(5).await;
    let (code, out, err) = told(&seeded.run(&["cleanup", "--dry-run"]).await);
    assert_eq!(code, 0, "{err}");
    assert!(out.contains("2  confirmed: the statement would be run for them"), "{out}");
    assert!(out.contains("2  verified by the hook, and not confirmed by Okta: not touched"), "{out}");
    assert!(forgotten(&seeded).await.is_empty(), "a dry run has changed something");

    let output = seeded.run(&["cleanup", "--yes", "--json"]).await;
    assert_eq!(told(&output).0, 0, "{output:?}");
    let source = &report(&output)["sources"][0];
    let counts = ["rows", "due", "cleaned", "untouched", "verified_only", "not_confirmed", "not_seeded"]
        .map(|name| source[name].as_u64().expect("a count"));
    assert_eq!(counts, [6, 2, 2, 0, 2, 1, 1]);
    assert_eq!(forgotten(&seeded).await, [1, 2]);
    assert!(seeded.state(1).await.cleaned && seeded.state(2).await.cleaned);
    assert!(!seeded.state(3).await.cleaned);

    // What somebody writes there later is theirs.
    seeded.execute("UPDATE users SET stored = 'new' WHERE id = 1").await;
    let output = seeded.run(&["cleanup", "--yes", "--json"]).await;
    assert_eq!(report(&output)["sources"][0]["cleaned_before"], 2);
    assert_eq!(forgotten(&seeded).await, [2]);
}

#[tokio::test]
async fn nobody_at_a_terminal_means_no() {
    let seeded = shop(1, FORGET).await;
    confirm(&seeded, [1]).await;
    let (code, _, err) = told(&seeded.run(&["cleanup"]).await);
    assert_eq!(code, 1, "{err}");
    assert!(err.contains("1 confirmed user in shop") && err.contains("--yes"), "{err}");
    assert!(forgotten(&seeded).await.is_empty());
}

#[tokio::test]
async fn limit_and_age_leave_the_rest_for_later() {
    let seeded = shop(4, FORGET).await;
    let ids = seeded.seed_all(1..=4).await;
    let now = SystemTime::now();
    for (okta_id, days) in ids.iter().zip([40, 31, 29, 50]) {
        seeded.confirm(okta_id, now - Duration::from_hours(24 * days)).await;
    }
    let (code, _, err) =
        told(&seeded.run(&["cleanup", "--yes", "--older-than", "30d", "--limit", "2"]).await);
    assert_eq!(code, 0, "{err}");
    assert_eq!(forgotten(&seeded).await, [1, 2]);
    let output = seeded.run(&["cleanup", "--yes", "--older-than", "30d", "--json"]).await;
    assert_eq!(report(&output)["sources"][0]["too_recent"], 1);
    assert_eq!(forgotten(&seeded).await, [1, 2, 4]);
}

/// Users 1 to 7 in batches of 3; the statement finds two rows for 5.
#[tokio::test]
async fn a_statement_that_changes_two_rows_for_one_user_rolls_its_batch_back() {
    let seeded = shop(7, "UPDATE secrets SET hash = NULL WHERE user_id = :id").await;
    seeded
        .execute(
            "CREATE TABLE secrets (user_id INTEGER, hash TEXT);
             INSERT INTO secrets SELECT id, stored FROM users; INSERT INTO secrets VALUES (5, 'second')",
        )
        .await;
    confirm(&seeded, 1..=7).await;
    let (code, out, err) = told(&seeded.run(&["cleanup", "--yes", "--batch", "3"]).await);
    assert_eq!(code, 1, "{err}");
    assert!(err.contains("changes 2 rows for the id 5") && err.contains("--allow-many"), "{err}");
    assert!(out.contains("3  cleaned up") && out.contains("4  confirmed, and not reached"), "{out}");
    let gone = "SELECT user_id FROM secrets WHERE hash IS NULL ORDER BY user_id";
    assert_eq!(numbers(&mut sqlite(&seeded).await, gone).await, [1, 2, 3], "the batch of 5 is whole");
    assert!(!seeded.state(4).await.cleaned);

    let output = seeded.run(&["cleanup", "--yes", "--allow-many", "--json"]).await;
    assert_eq!(told(&output).0, 0, "{output:?}");
    let source = &report(&output)["sources"][0];
    assert_eq!((&source["cleaned"], &source["rows_changed"]), (&json!(4), &json!(5)));
    assert_eq!(numbers(&mut sqlite(&seeded).await, gone).await, [1, 2, 3, 4, 5, 5, 6, 7]);
}

#[tokio::test]
async fn users_for_whom_nothing_was_found_are_told_and_stay_to_be_cleaned() {
    let seeded =
        shop(2, "UPDATE users SET stored = NULL WHERE id = :id AND login <> 'user2@example.com'").await;
    confirm(&seeded, [1, 2]).await;
    let (code, out, err) = told(&seeded.run(&["cleanup", "--yes"]).await);
    assert_eq!(code, 3, "{err}");
    assert!(out.contains("1  for whom the statement found no row"), "{out}");
    assert!(seeded.state(1).await.cleaned && !seeded.state(2).await.cleaned);
}

#[tokio::test]
async fn what_cannot_be_right_is_told_before_anybody_is_asked() {
    let seeded = Seeded::with_store(1).await;
    confirm(&seeded, [1]).await;
    let own = format!("sqlite:{}", seeded.database().display());
    for (url, sql, wanted) in [
        (&*own, "UPDATE users SET stored = NULL", "does not use `:id`, so it would change everybody"),
        (
            &*own,
            "UPDATE users SET stored = NULL WHERE id = :id; DELETE FROM users",
            "more than one statement",
        ),
        (&*own, "UPDATE users SET stored = NULL WHERE id = :user", "unknown parameter `:user`"),
        (&*own, "UPDATE people SET stored = NULL WHERE id = :id", "no such table: people"),
        ("postgres://w@127.0.0.1/shop", FORGET, "same kind of database"),
        (&*own.replace("shop.db", "none.db"), FORGET, "cannot be opened"),
    ] {
        seeded.configure(&cleanup(url, sql));
        for how in ["--yes", "--dry-run"] {
            let (code, _, err) = told(&seeded.run(&["cleanup", how]).await);
            assert!(code == 1 || wanted == "cannot be opened" && code == 2, "{code}: {err}");
            assert!(err.contains(wanted), "{err}");
        }
    }
    assert!(!seeded.path().join("none.db").exists(), "a store was made");
    seeded.configure("");
    let (code, _, err) = told(&seeded.run(&["cleanup", "--yes"]).await);
    assert!(code == 1 && err.contains("write a [[cleanup]] with source, url and sql"), "{err}");
    assert!(forgotten(&seeded).await.is_empty());

    seeded.configure(&cleanup(&own, FORGET));
    let (code, _, err) = told(&seeded.run(&["cleanup", "--yes", "--source", "forum"]).await);
    assert!(code == 1 && err.contains("there are: shop"), "{err}");
    std::fs::remove_file(seeded.path().join("ledger.db")).expect("removed");
    let (code, _, err) = told(&seeded.run(&["cleanup", "--yes"]).await);
    assert!(code == 1 && err.contains("There is no ledger"), "{err}");
    assert!(!seeded.path().join("ledger.db").exists(), "a ledger was made");
    assert!(forgotten(&seeded).await.is_empty());
}

#[tokio::test]
async fn check_prepares_the_statement_and_runs_nothing() {
    let seeded = Seeded::with_store(1).await;
    let checked = async |seeded: &Seeded| told(&seeded.run(&["check"]).await).1;
    let server = "[server.auth]\nheader = [{ name = \"Authorization\", secret = \"Basic test\" }]\n";
    let url = format!("sqlite:{}", seeded.database().display());
    seeded.configure(&format!("{server}{}", cleanup(&url, FORGET)));
    let printed = checked(&seeded).await;
    assert!(printed.contains("ok       cleanup of shop: reachable, and its statement fits"), "{printed}");
    let wrong = cleanup(&url, "UPDATE people SET stored = NULL WHERE id = :id");
    seeded.configure(&format!("{server}{wrong}"));
    let printed = checked(&seeded).await;
    assert!(printed.contains("PROBLEM  cleanup of shop: ") && printed.contains("people"), "{printed}");
    assert!(forgotten(&seeded).await.is_empty());
}

/// What the statement changes is noted by the store itself; so is how often.
#[tokio::test]
async fn a_kill_at_any_moment_costs_one_repeated_batch_at_most() {
    const USERS: i64 = 400;
    const KILLS: usize = 6;
    let seeded = shop(USERS, FORGET).await;
    seeded
        .execute(
            "CREATE TABLE runs (id INTEGER);
             CREATE TRIGGER noted AFTER UPDATE ON users BEGIN INSERT INTO runs VALUES (NEW.id); END",
        )
        .await;
    confirm(&seeded, (1..=USERS).filter(|id| id % 8 != 0)).await;
    let due = usize::try_from(USERS - USERS / 8).expect("a count");
    let mut store = sqlite(&seeded).await;
    let mut kills = 0;
    while kills < KILLS {
        let before = numbers(&mut store, "SELECT count(*) FROM runs").await[0];
        let mut command = seeded.command(&["cleanup", "--yes", "--batch", "2"]);
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("it starts");
        // As soon as it has gone a little further than before, by a distance that differs each time.
        let further = i64::try_from(1 + kills * 7).expect("a count");
        loop {
            let ended = child.try_wait().expect("waited").is_some();
            let now = numbers(&mut store, "SELECT count(*) FROM runs").await[0];
            if ended || now >= before + further {
                break;
            }
            tokio::task::yield_now().await;
        }
        child.kill().expect("SIGKILL");
        child.wait().expect("gone");
        kills += 1;
    }
    let (code, _, err) = told(&seeded.run(&["cleanup", "--yes"]).await);
    assert_eq!(code, 0, "{err}");
    let gone = forgotten(&seeded).await;
    assert_eq!(gone.len(), due);
    assert!(gone.iter().all(|id| id % 8 != 0), "{gone:?}");
    for id in gone {
        assert!(seeded.state(id).await.cleaned, "{id}");
    }
    let times = numbers(&mut store, "SELECT count(*) FROM runs GROUP BY id").await;
    assert_eq!(times.len(), due);
    let repeats: i64 = times.iter().map(|times| times - 1).sum();
    assert!(repeats <= i64::try_from(2 * KILLS).expect("a count"), "{repeats} repeats");
}

#[cfg(unix)]
#[tokio::test]
async fn a_signal_ends_it_between_two_batches() {
    let seeded = shop(100, FORGET).await;
    // Each statement takes a while, so that the signal comes in the middle.
    seeded
        .execute(
            "CREATE TRIGGER slow AFTER UPDATE ON users BEGIN SELECT count(*) FROM users AS a, users AS b, users AS c; END",
        )
        .await;
    confirm(&seeded, 1..=100).await;
    let mut command = seeded.command(&["cleanup", "--yes", "--batch", "1"]);
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it starts");
    while forgotten(&seeded).await.is_empty() {
        tokio::task::yield_now().await;
    }
    let kill = Command::new("kill").args(["-s", "TERM", &child.id().to_string()]).status();
    assert!(kill.expect("kill runs").success());
    let (code, out, err) = told(&child.wait_with_output().expect("it ends"));
    assert_eq!(code, 2, "{err}");
    assert!(out.contains("Interrupted between two batches"), "{out}");
    for id in forgotten(&seeded).await {
        assert!(seeded.state(id).await.cleaned, "{id} is noted");
    }
}

/// The same on a server: an account that may write, one that may not, ids that floats cannot tell apart.
async fn on_a_server(server: &Server, kind: Kind, id_type: &str, neighbours: [&str; 2]) {
    let [one, other] = neighbours;
    let url = server
        .database(&format!(
            "CREATE TABLE users (id {id_type} PRIMARY KEY, login VARCHAR(100), stored VARCHAR(100), last_login VARCHAR(20));
             INSERT INTO users VALUES ({one}, 'user1@example.com', 'hash 1', NULL), ({other}, 'user2@example.com', 'hash 2', NULL)"
        ))
        .await;
    let seeded = Seeded::over_url(url.clone()).await;
    let id = one.trim_matches('\'').parse::<i64>().expect("a number");
    confirm(&seeded, [id]).await;

    let reader = reader(server, kind, &url).await;
    seeded.configure(&cleanup(&reader, FORGET));
    for how in ["--dry-run", "--yes"] {
        let (code, _, err) = told(&seeded.run(&["cleanup", how]).await);
        assert_eq!(code, 1, "{err}");
        assert!(err.contains("the account in the cleanup's `url` may not write there"), "{err}");
    }
    let required =
        if kind == Kind::Postgres { "CHECK (stored IS NOT NULL)" } else { "CHECK (stored <> 'gone')" };
    server.execute(&url, &format!("ALTER TABLE users ADD CONSTRAINT kept {required}")).await;
    let forbidden =
        if kind == Kind::Postgres { FORGET } else { "UPDATE users SET stored = 'gone' WHERE id = :id" };
    seeded.configure(&cleanup(&url, forbidden));
    let (code, _, err) = told(&seeded.run(&["cleanup", "--yes"]).await);
    assert_eq!(code, 1, "{err}");
    assert!(err.contains("a constraint of the table forbids") && !err.contains("hash 1"), "{err}");
    server.execute(&url, "ALTER TABLE users DROP CONSTRAINT kept").await;

    seeded.configure(&cleanup(&url, FORGET));
    let (code, _, err) = told(&seeded.run(&["cleanup", "--yes"]).await);
    assert_eq!(code, 0, "{err}");
    let sql = "SELECT login FROM users WHERE stored IS NULL";
    let gone: Vec<String> = match kind {
        Kind::Postgres => {
            let mut connection = PgConnection::connect(&url).await.expect("it answers");
            sqlx::query_scalar(sql).fetch_all(&mut connection).await.expect("good SQL")
        }
        Kind::MariaDb => {
            let mut connection = MySqlConnection::connect(&url).await.expect("it answers");
            sqlx::query_scalar(sql).fetch_all(&mut connection).await.expect("good SQL")
        }
    };
    assert_eq!(gone, ["user1@example.com"], "{id_type}: the neighbour is not touched");
    assert!(seeded.state(id).await.cleaned);
}

/// An account that may read the database of this URL; gives its own URL.
async fn reader(server: &Server, kind: Kind, url: &str) -> String {
    let database = url.rsplit('/').next().expect("a database");
    let name = format!("cleanup_reader_{database}");
    let grants = match kind {
        Kind::Postgres => format!(
            "CREATE ROLE {name} LOGIN PASSWORD 'r'; GRANT SELECT ON ALL TABLES IN SCHEMA public TO {name}"
        ),
        Kind::MariaDb => {
            format!("CREATE USER {name}@'%' IDENTIFIED BY 'r'; GRANT SELECT ON {database}.* TO {name}@'%'")
        }
    };
    server.execute(url, &grants).await;
    let (scheme, rest) = url.split_once("://").expect("a URL");
    let (_, host) = rest.split_once('@').expect("a host");
    format!("{scheme}://{name}:r@{host}")
}

/// Both are the same number as floats.
const NEIGHBOURS: [&str; 2] = ["9007199254740993", "9007199254740992"];

#[tokio::test]
async fn postgresql_is_cleaned_by_an_account_that_may_write() {
    let Some(server) = servers::postgres() else { return };
    on_a_server(server, Kind::Postgres, "BIGINT", NEIGHBOURS).await;
    on_a_server(server, Kind::Postgres, "NUMERIC", NEIGHBOURS).await;
    on_a_server(server, Kind::Postgres, "TEXT", ["'12'", "'012'"]).await;
}

#[tokio::test]
async fn mariadb_is_cleaned_by_an_account_that_may_write() {
    let Some(server) = servers::mariadb() else { return };
    on_a_server(server, Kind::MariaDb, "BIGINT", NEIGHBOURS).await;
    on_a_server(server, Kind::MariaDb, "DECIMAL(30)", NEIGHBOURS).await;
    on_a_server(server, Kind::MariaDb, "VARCHAR(30)", ["'12'", "'012'"]).await;
}

/// Somebody holds the row: the batch is not left half done, and a later run does it.
#[tokio::test]
async fn a_row_that_somebody_holds_ends_the_batch_whole() {
    let Some(server) = servers::postgres() else { return };
    let url = server
        .database(
            "CREATE TABLE users (id INT PRIMARY KEY, login TEXT, stored TEXT, last_login TEXT);
             INSERT INTO users SELECT n, 'user' || n || '@example.com', 'hash' FROM generate_series(1, 3) AS n",
        )
        .await;
    let seeded = Seeded::over_url(url.clone()).await;
    confirm(&seeded, 1..=3).await;
    seeded.configure(&cleanup(&url, FORGET));
    let mut holder = PgConnection::connect(&url).await.expect("it answers");
    let mut transaction = holder.begin().await.expect("begun");
    sqlx::query("SELECT 1 FROM users WHERE id = 3 FOR UPDATE")
        .execute(&mut *transaction)
        .await
        .expect("held");
    let (code, out, err) = told(&seeded.run(&["cleanup", "--yes"]).await);
    assert_eq!(code, 2, "{err}");
    assert!(err.contains("could not answer just now (55P03)"), "{err}");
    assert!(out.contains("3  confirmed, and not reached"), "{out}");
    transaction.rollback().await.expect("let go");
    let left = "SELECT count(*) FROM users WHERE stored IS NOT NULL";
    assert_eq!(sqlx::query_scalar::<_, i64>(left).fetch_one(&mut holder).await.expect("good SQL"), 3);
    assert_eq!(told(&seeded.run(&["cleanup", "--yes"]).await).0, 0);
    assert_eq!(sqlx::query_scalar::<_, i64>(left).fetch_one(&mut holder).await.expect("good SQL"), 0);
}

/// The ids are the same there, and the people are not.
#[tokio::test]
async fn another_store_under_the_same_name_is_not_touched() {
    let seeded = shop(2, FORGET).await;
    let (code, _, err) = told(&seeded.run(&["cleanup", "--dry-run"]).await);
    assert_eq!(code, 0, "{err}");
    std::fs::copy(seeded.database(), seeded.path().join("other.db")).expect("copied");
    let file = seeded.path().join("keyferry.toml");
    let text = std::fs::read_to_string(&file).expect("readable");
    std::fs::write(&file, text.replace("/shop.db", "/other.db")).expect("written");
    for verb in [&["cleanup", "--yes"][..], &["stragglers"]] {
        let (code, _, err) = told(&seeded.run(verb).await);
        assert_eq!(code, 1, "{verb:?}: {err}");
        assert!(err.contains("source `shop` is another database"), "{verb:?}: {err}");
    }
}
