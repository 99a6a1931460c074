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
