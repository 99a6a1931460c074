//! SQLite: storage classes instead of types, and files that are never written to.

use sqlx::{ConnectOptions, Connection, SqliteConnection};

use super::*;

/// A new store in a folder of its own.
pub(super) async fn store(statements: &str) -> (tempfile::TempDir, String) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = folder.path().join("store.db");
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(&file).create_if_missing(true);
    let mut connection: SqliteConnection = options.connect().await.expect("a new file");
    sqlx::raw_sql(sqlx::AssertSqlSafe(statements)).execute(&mut connection).await.expect("good SQL");
    connection.close().await.expect("closed");
    let url = format!("sqlite:{}", file.display());
    (folder, url)
}

const LOOKUP: &str = "SELECT id, login, hash AS stored FROM people WHERE login = :username";
const USERS: &str = "SELECT id, login, hash AS stored FROM people WHERE id > :after ORDER BY id LIMIT :limit";

#[tokio::test]
async fn finds_by_name_and_walks_by_page() {
    let (_folder, url) = store(
        "CREATE TABLE people (id INTEGER PRIMARY KEY, login TEXT, hash TEXT);
         WITH RECURSIVE n(i) AS (SELECT -700 UNION ALL SELECT i + 1 FROM n WHERE i < 1799)
         INSERT INTO people SELECT i, 'user' || i, '$2b$04$' || i FROM n;",
    )
    .await;
    let source = source(&url, LOOKUP, USERS);
    assert!(source.check().await.is_empty());
    let record = found(source.as_ref(), "user17").await;
    assert_eq!((record.id.as_str(), record.login.as_deref()), ("17", Some("user17")));
    assert_eq!(record.stored.expect("a stored value").expose(), b"$2b$04$17");
    assert!(record.active);
    assert!(matches!(source.find("' OR 1=1 --").await, Ok(Lookup::Unknown)));
    let all = ids(source.as_ref(), None).await;
    let expected: Vec<String> = (-700..1800).map(|id| id.to_string()).collect();
    assert_eq!(all, expected);
}

#[tokio::test]
async fn every_storage_class_is_read_as_what_it_is() {
    let (_folder, url) = store(
        "CREATE TABLE p (id, stored, salt, active, groups, note);
         INSERT INTO p VALUES (7, x'00ff', 12, 'TRUE', 'a, b,,c', 1.5),
             (x'ff00', 'text', NULL, 'no', '[\"x\", \"y,z\"]', x'c3a9'), ('t', '', '', 1, NULL, x'ff');",
    )
    .await;
    let source = walked(&url, "SELECT * FROM p");
    let rows = walk(source.as_ref(), None).await.expect("the walk ends well");
    let rows: Vec<Draft> = rows.into_iter().map(|row| row.expect("good")).collect();
    let ids: Vec<&str> = rows.iter().map(|row| row.id.as_str()).collect();
    assert_eq!(ids, ["7", "ff00", "t"]);
    assert_eq!(rows[0].stored.as_ref().expect("a value").expose(), [0, 255]);
    assert_eq!(rows[0].salt.as_ref().expect("a value").expose(), b"12");
    assert_eq!(rows.iter().map(|row| row.active).collect::<Vec<_>>(), [true, false, true]);
    assert_eq!(rows[0].groups, ["a", "b", "c"]);
    assert_eq!(rows[1].groups, ["x", "y,z"]);
    let notes: Vec<Option<&str>> = rows.iter().map(|row| row.column("note")).collect();
    assert_eq!(notes, [Some("1.5"), Some("é"), Some("ff")]);
    assert!(rows[2].stored.is_none(), "an empty value is none");
    assert!(rows[2].salt.as_ref().is_some_and(Secret::is_empty), "an empty salt is one");
}

/// Affinity decides how an id is compared: <https://sqlite.org/datatype3.html>.
#[tokio::test]
async fn walks_along_ids_of_every_affinity() {
    for (affinity, id) in [
        ("INTEGER", "i"),
        ("", "i"),
        ("TEXT", "char(35) || printf('%05d', i + 2000)"),
        ("", "char(35) || printf('%05d', i + 2000)"),
        ("VARCHAR(36)", "printf('%05d', i + 2000)"),
        ("UUID", "printf('%08d-0000', i + 2000)"),
        ("NUMERIC", "i"),
        ("REAL", "i / 8.0"),
        ("BLOB", "CAST(printf('%05d', i + 2000) AS BLOB)"),
        // Numbers, then texts, then blobs, in one column.
        (
            "",
            "CASE WHEN i < 0 THEN i WHEN i < 500 THEN printf('%05d', i) ELSE CAST(printf('%05d', i) AS BLOB) END",
        ),
    ] {
        let (_folder, url) = store(&format!(
            "CREATE TABLE p (id {affinity} PRIMARY KEY, place INTEGER, hash TEXT);
             WITH RECURSIVE n(i) AS (SELECT -1250 UNION ALL SELECT i + 1 FROM n WHERE i < 1249)
             INSERT INTO p SELECT {id}, i, 'x' FROM n;"
        ))
        .await;
        let users = "SELECT id, place, hash AS stored FROM p WHERE id > :after ORDER BY id LIMIT :limit";
        let source = walked(&url, users);
        let rows =
            walk(source.as_ref(), None).await.unwrap_or_else(|error| panic!("{affinity} {id}: {error}"));
        let places: Vec<i32> = rows
            .iter()
            .map(|row| row.as_ref().expect("good").column("place").expect("one").parse().expect("a number"))
            .collect();
        assert!(places.iter().copied().eq(-1250..1250), "{affinity} {id}: {} rows", places.len());
    }
}

#[tokio::test]
async fn changed_tables_need_no_restart() {
    let (folder, url) =
        store("CREATE TABLE p (id INT, login TEXT, stored TEXT, extra TEXT); INSERT INTO p VALUES (1, 'a', 'x', 'y')")
            .await;
    let source = source(&url, "SELECT * FROM p WHERE login = :username", "SELECT * FROM p");
    assert_eq!(found(source.as_ref(), "a").await.profile.len(), 1);
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(folder.path().join("store.db"));
    let mut writer: SqliteConnection = options.connect().await.expect("opened");
    for (change, columns) in
        [("ALTER TABLE p DROP COLUMN extra", 0), ("ALTER TABLE p ADD COLUMN phone TEXT", 1)]
    {
        sqlx::raw_sql(change).execute(&mut writer).await.expect("good SQL");
        assert_eq!(found(source.as_ref(), "a").await.profile.len(), columns, "{change}");
    }
}

#[tokio::test]
async fn a_file_that_is_no_database_is_told() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("store.db");
    std::fs::write(&file, "id,login\n1,alice\n".repeat(100)).expect("written");
    let source = source(&format!("sqlite:{}", file.display()), LOOKUP, USERS);
    let told = outcome(source.as_ref(), "alice").await;
    assert_eq!(told, "error source `store`: the file is not an SQLite database, or damaged");
}

/// What can be said without a database is said at once, and never shows the URL.
#[test]
fn settings_that_cannot_work_are_refused_when_opened() {
    let told = |url: &str, lookup: &str, users: Option<&str>| match open(settings(url, lookup, users)) {
        Ok(_) => panic!("{url} {lookup} {users:?} was accepted"),
        Err(error) => error.to_string(),
    };
    for (url, words) in [
        ("oracle://canary:canary@db/shop", "`url` must begin with sqlite:, postgres: or mysql:"),
        ("canary", "`url` must begin with sqlite:, postgres: or mysql:"),
        ("postgres://canary:can/ary@db:x/shop", "`url` cannot be read"),
        ("mysql://canary:canary@:nowhere/shop", "`url` cannot be read"),
        ("postgres://u@db/shop?ssl_mode=canary", "`url` has an unknown setting"),
        ("mysql://u@db/shop?tls=canary", "`url` has an unknown setting"),
        ("sqlite:a.db?mode=canary", "`url` cannot be read"),
    ] {
        let told = told(url, LOOKUP, None);
        assert!(told.contains(words) && !told.contains("canary"), "{url}: {told}");
    }
    for (lookup, words) in [
        ("SELECT 1 AS id", "does not use `:username`"),
        ("SELECT :user", "unknown parameter `:user`; it may use `:username`"),
        ("SELECT :username LIMIT :limit", "unknown parameter `:limit`"),
        ("SELECT :username; SELECT 2", "more than one statement"),
    ] {
        let told = told("postgres://u@db/shop", lookup, None);
        assert!(told.contains("the lookup query") && told.contains(words), "{lookup}: {told}");
    }
    for (users, words) in [
        ("SELECT 1 WHERE id > :after ORDER BY id", "uses `:after` but not `:limit`"),
        ("SELECT 1 ORDER BY id LIMIT :limit", "uses `:limit` but not `:after`"),
        ("SELECT 1 WHERE id > :after LIMIT :limit", "needs ORDER BY id"),
        ("SELECT 1 WHERE login = :username", "it may use `:after` and `:limit`"),
        ("", "is empty"),
    ] {
        let told = told("mysql://u@db/shop", LOOKUP, Some(users));
        assert!(told.contains("the users query") && told.contains(words), "{users}: {told}");
    }
}

/// SQLite takes whatever bytes it is given for text.
#[tokio::test]
async fn an_id_of_another_encoding_does_not_end_the_walk_in_silence() {
    let (_folder, url) = store(
        "CREATE TABLE p (id TEXT PRIMARY KEY, hash TEXT);
         INSERT INTO p VALUES ('Anna', 'x'), (CAST(x'426af6726e' AS TEXT), 'x'), ('Carl', 'x'), ('Dora', 'x');",
    )
    .await;
    let users = "SELECT id, hash AS stored FROM p WHERE id > :after ORDER BY id LIMIT :limit";
    let told = ids(walked(&url, users).as_ref(), None).await;
    assert_eq!(told, ["Anna", "426af6726e", "Carl", "Dora"]);
    let mut settings = settings(&url, "SELECT 1 AS id, 'x' AS stored WHERE 'x' = :username", Some(users));
    settings.page_size = 2;
    let error = walk(open(settings).expect("good settings").as_ref(), None).await.expect_err("lost rows");
    assert!(error.to_string().contains("the id of a row is NULL or unreadable"), "{error}");
}
