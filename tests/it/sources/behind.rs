//! A walk that begins behind an id, whatever the id's type; and the groups that a query of its own gives.

use super::*;
use crate::servers;

/// The database of one test; the folder of one in a file.
type Store = (&'static str, Option<tempfile::TempDir>, String);

async fn on_sqlite(statements: &str) -> Store {
    let (folder, url) = sqlite::store(statements).await;
    ("sqlite", Some(folder), url)
}

async fn everywhere(statements: &str) -> Vec<Store> {
    let mut stores = vec![on_sqlite(statements).await];
    for (kind, server) in [("postgres", servers::postgres()), ("mariadb", servers::mariadb())] {
        if let Some(server) = server {
            stores.push((kind, None, server.database(statements).await));
        }
    }
    stores
}

/// A table of these ids, walked in pages of two.
fn table(id: &str, ids: &[&str]) -> String {
    let rows: Vec<String> = ids.iter().map(|id| format!("({id}, 'x')")).collect();
    format!("CREATE TABLE p (id {id}, hash VARCHAR(50)); INSERT INTO p VALUES {};", rows.join(", "))
}

fn paged(url: &str, id: &str) -> Arc<dyn CredentialSource> {
    let users =
        format!("SELECT {id} AS id, hash AS stored FROM p WHERE {id} > :after ORDER BY {id} LIMIT :limit");
    let mut settings = settings(url, "SELECT 1 AS id, NULL AS stored WHERE 'x' = :username", Some(&users));
    settings.page_size = 2;
    open(settings).expect("good settings")
}

async fn behind(
    source: &dyn CredentialSource,
    filter: Option<&str>,
    after: &str,
) -> Result<Vec<String>, SourceError> {
    let pages: Vec<Page> = source.stream(filter, Some(after)).try_collect().await?;
    Ok(rows(&pages).into_iter().map(|row| row.expect("the row is good").id).collect())
}

/// From every id of the store exactly the rest comes, with a condition or without.
async fn goes_on_from_every_id((kind, _folder, url): &Store, id: &str, count: usize) {
    let source = paged(url, id);
    let all = ids(source.as_ref(), None).await;
    assert_eq!(all.len(), count, "{kind} {id}: {all:?}");
    for (place, after) in all.iter().enumerate() {
        for filter in [None, Some("stored = 'x'")] {
            let rest = behind(source.as_ref(), filter, after).await.expect(kind);
            assert_eq!(rest, all[place + 1..], "{kind} {id} behind {after}");
        }
    }
}

async fn refuses(store: &Store, malformed: &[&str]) {
    for after in malformed {
        let error = behind(paged(&store.2, "id").as_ref(), None, after).await.expect_err(after);
        let told = error.to_string();
        assert!(matches!(error, SourceError::Misconfigured { .. }), "{} {after}: {told}", store.0);
        assert!(told.contains("the id to begin behind cannot be an id of this store"), "{told}");
    }
}

#[tokio::test]
async fn a_walk_goes_on_behind_an_id_of_every_type() {
    let numbers = ["-3", "-1", "0", "5", "12", "9007199254740993", "9007199254740995"];
    for store in &everywhere(&table("BIGINT PRIMARY KEY", &numbers)).await {
        goes_on_from_every_id(store, "id", 7).await;
        refuses(store, &["abc", "", "5x", "1e3x", "5; DROP TABLE p"]).await;
        let source = paged(&store.2, "id");
        // A row that is gone is no reason to begin anew.
        assert_eq!(behind(source.as_ref(), None, "6").await.expect(store.0)[0], "12");
        assert_eq!(behind(source.as_ref(), Some("id <> 12"), "0").await.expect(store.0)[..1], ["5"]);
        assert!(behind(source.as_ref(), None, "9007199254740996").await.expect(store.0).is_empty());
    }
    let texts = ["'1'", "'12'", "'a'", "'b c'", "'é'", "'inf'", "'00ff'"];
    for store in &everywhere(&table("VARCHAR(36) PRIMARY KEY", &texts)).await {
        goes_on_from_every_id(store, "id", 7).await;
        goes_on_from_every_id(store, "CONCAT(id, '')", 7).await;
    }
}

#[tokio::test]
async fn a_walk_goes_on_behind_every_storage_class_of_sqlite() {
    for (id, rows) in [
        ("REAL PRIMARY KEY", &["-1.5", "0.1", "2", "1e300"][..]),
        ("BLOB PRIMARY KEY", &["x'00'", "x'00ff'", "x'61'", "x'ff'"]),
        ("PRIMARY KEY", &["-1", "2.5", "3", "1e300"]),
    ] {
        goes_on_from_every_id(&on_sqlite(&table(id, rows)).await, "id", 4).await;
    }
    refuses(&on_sqlite(&table("BLOB PRIMARY KEY", &["x'00'"])).await, &["xyz", "0"]).await;
    // Where texts look like numbers and numbers are there too, rows may come twice, but none is left out.
    let mixed = on_sqlite(&table("PRIMARY KEY", &["1", "2", "'1'", "'a'", "x'00ff'"])).await;
    let source = paged(&mixed.2, "id");
    let all = ids(source.as_ref(), None).await;
    assert_eq!(all, ["1", "2", "1", "a", "00ff"]);
    for (place, after) in all.iter().enumerate() {
        let rest = behind(source.as_ref(), None, after).await.expect("good");
        assert!(rest.ends_with(&all[place + 1..]), "{after}: {rest:?}");
    }
}

#[tokio::test]
async fn a_walk_goes_on_behind_every_type_of_postgresql() {
    let Some(server) = servers::postgres() else { return };
    for (id, rows, malformed) in [
        ("SMALLINT", &["-5", "0", "7"][..], &["40000", "x"][..]),
        ("INTEGER", &["-5", "0", "7"], &["3000000000", "7.0"]),
        ("NUMERIC(30,4)", &["-1.5", "0", "12345678901234567890.0001"], &["abc", "1 OR 1"]),
        ("DOUBLE PRECISION", &["-1.5", "0.1", "1e300"], &["abc"]),
        ("REAL", &["-1.5", "0.1", "3e30"], &["abc"]),
        ("CHAR(5)", &["'a'", "'b'", "'c d'"], &[]),
        ("BYTEA", &["'\\x00'", "'\\x00ff'", "'\\xff'"], &["xyz", "0"]),
        (
            "UUID",
            &[
                "'00000000-0000-0000-0000-000000000001'",
                "'6ba7b810-9dad-11d1-80b4-00c04fd430c8'",
                "'ffffffff-ffff-ffff-ffff-ffffffffffff'",
            ],
            &["6ba7b810", "7"],
        ),
        ("DATE", &["'1999-12-31'", "'2024-02-29'", "'2026-01-01'"], &["yesterday", "now"]),
        ("TIMESTAMP", &["'1999-12-31 23:59:59'", "'2024-02-29 12:00:00.5'", "'2026-01-01'"], &["today"]),
        ("TIMESTAMPTZ", &["'1999-12-31 23:59:59Z'", "'2024-02-29 12:00:00.5Z'", "'2026-01-01Z'"], &["x"]),
        ("OID", &["1", "3000000000", "4294967295"], &["-1", "4294967296"]),
    ] {
        let url = server.database(&table(&format!("{id} PRIMARY KEY"), rows)).await;
        let store = ("postgres", None, url);
        goes_on_from_every_id(&store, "id", 3).await;
        refuses(&store, malformed).await;
    }
}

#[tokio::test]
async fn a_walk_goes_on_behind_every_type_of_mariadb() {
    let Some(server) = servers::mariadb() else { return };
    for (id, rows, malformed) in [
        ("INT UNSIGNED", &["1", "2", "4294967295"][..], &["-1", "x"][..]),
        ("BIGINT UNSIGNED", &["1", "9007199254740993", "18446744073709551615"], &["-1", "5x"]),
        ("DECIMAL(30,4)", &["-1.5", "0", "12345678901234567890.0001"], &["abc"]),
        ("DOUBLE", &["-1.5", "0.1", "1e300"], &["abc"]),
        ("VARBINARY(8)", &["x'00'", "x'00ff'", "x'ff'"], &["xyz", "0"]),
        ("BINARY(2)", &["x'0001'", "x'6162'", "x'ffff'"], &["xyz"]),
        ("VARCHAR(20) COLLATE utf8mb4_bin", &["'A'", "'a'", "'é'"], &[]),
        (
            "UUID",
            &[
                "'00000000-0000-0000-0000-000000000001'",
                "'6ba7b810-9dad-11d1-80b4-00c04fd430c8'",
                "'ffffffff-ffff-ffff-ffff-ffffffffffff'",
            ],
            &[],
        ),
    ] {
        let url = server.database(&table(&format!("{id} PRIMARY KEY"), rows)).await;
        let store = ("mariadb", None, url);
        goes_on_from_every_id(&store, "id", 3).await;
        refuses(&store, malformed).await;
    }
}

#[tokio::test]
async fn a_walk_in_one_go_begins_anew() {
    for (kind, _folder, url) in &everywhere(&table("BIGINT PRIMARY KEY", &["1", "2", "3"])).await {
        let source = walked(url, "SELECT id, hash AS stored FROM p ORDER BY id");
        assert_eq!(behind(source.as_ref(), None, "2").await.expect(kind), ["1", "2", "3"]);
    }
}

const MEMBERS: &str = "
    CREATE TABLE m (person BIGINT, name VARCHAR(2000));
    INSERT INTO m VALUES (1, 'staff'), (1, ' vip '), (1, ''), (1, NULL), (2, 'Größe, \"XL\"');";

/// A source that asks for groups.
fn grouped(url: &str, users: &str, groups: &str) -> Result<Arc<dyn CredentialSource>, SourceError> {
    let mut settings = settings(url, "SELECT 1 AS id, NULL AS stored WHERE 'x' = :username", Some(users));
    settings.groups = Some(groups.to_owned());
    open(settings)
}

async fn groups_of(source: &dyn CredentialSource, id: &str) -> Vec<String> {
    source.groups_of(id).await.expect("groups")
}

#[tokio::test]
async fn groups_come_by_a_query_of_their_own() {
    let statements = format!("{}{MEMBERS}", table("BIGINT PRIMARY KEY", &["1", "2", "3"]));
    let users = "SELECT id, hash AS stored FROM p WHERE id > :after ORDER BY id LIMIT :limit";
    for (kind, _folder, url) in &everywhere(&statements).await {
        let groups = "SELECT name FROM m WHERE person = :id ORDER BY name DESC";
        let source = grouped(url, users, groups).expect("good settings");
        assert!(source.has_groups_query());
        assert!(source.check().await.is_empty(), "{kind}: {:?}", source.check().await);
        assert_eq!(groups_of(source.as_ref(), "1").await.len(), 2, "{kind}");
        assert!(groups_of(source.as_ref(), "1").await.contains(&"vip".to_owned()), "{kind}");
        assert_eq!(groups_of(source.as_ref(), "2").await, ["Größe, \"XL\""], "{kind}");
        assert!(groups_of(source.as_ref(), "3").await.is_empty(), "{kind}");
        assert!(groups_of(source.as_ref(), "-7").await.is_empty(), "{kind}");
        assert_eq!(source.pool().open, 1, "{kind}: its connections are used again");
        // The id goes as what it is: no text is cut to the number at its beginning.
        let source = grouped(url, users, "SELECT name FROM m WHERE person = :id OR person = :id");
        let source = source.expect("good settings");
        assert!(source.groups_of("1x").await.map_or(true, |groups| groups.is_empty()), "{kind}");
        assert!(!paged(url, "id").has_groups_query());
        assert!(groups_of(paged(url, "id").as_ref(), "1").await.is_empty());
    }
}

#[tokio::test]
async fn groups_of_binary_ids_and_of_many_names_are_found_and_bounded() {
    let names: Vec<String> = (0..1500).map(|number| format!("(2, 'g{number}')")).collect();
    let many = format!("INSERT INTO m VALUES {};", names.join(","));
    let long = format!("INSERT INTO m VALUES (3, '{}');", "é".repeat(1000));
    let statements = format!("{}{MEMBERS}{many}{long}", table("BIGINT PRIMARY KEY", &["1", "2", "3"]));
    let users = "SELECT id, hash AS stored FROM p WHERE id > :after ORDER BY id LIMIT :limit";
    for (kind, _folder, url) in &everywhere(&statements).await {
        let source = grouped(url, users, "SELECT name FROM m WHERE person = :id").expect("good settings");
        assert_eq!(groups_of(source.as_ref(), "2").await.len(), 1001, "{kind}: one more than there may be");
        assert_eq!(groups_of(source.as_ref(), "1").await.len(), 2, "{kind}: the next question is answered");
        let cut = groups_of(source.as_ref(), "3").await;
        assert_eq!((cut.len(), cut[0].len(), cut[0].chars().count()), (1, 1024, 512), "{kind}");
    }
    let binary = |kind: &str, literal: fn(&str) -> String| {
        let (one, other) = (literal("00ff"), literal("6162"));
        format!(
            "CREATE TABLE p (id {kind} PRIMARY KEY, hash VARCHAR(50)); INSERT INTO p VALUES ({one}, 'x'), ({other}, 'y');
             CREATE TABLE m (person {kind}, name VARCHAR(50)); INSERT INTO m VALUES ({one}, 'one'), ({other}, 'other');"
        )
    };
    let mut stores = vec![on_sqlite(&binary("BLOB", |hex| format!("x'{hex}'"))).await];
    if let Some(server) = servers::postgres() {
        let url = server.database(&binary("BYTEA", |hex| format!("'\\x{hex}'"))).await;
        stores.push(("postgres", None, url));
    }
    if let Some(server) = servers::mariadb() {
        let url = server.database(&binary("VARBINARY(8)", |hex| format!("x'{hex}'"))).await;
        stores.push(("mariadb", None, url));
    }
    for (kind, _folder, url) in &stores {
        let source = grouped(url, users, "SELECT name FROM m WHERE person = :id").expect("good settings");
        assert_eq!(groups_of(source.as_ref(), "00ff").await, ["one"], "{kind}");
        assert_eq!(groups_of(source.as_ref(), "6162").await, ["other"], "{kind}");
    }
}

#[tokio::test]
async fn a_groups_query_that_cannot_work_is_told_by_check() {
    let statements = format!("{}{MEMBERS}", table("BIGINT PRIMARY KEY", &["1"]));
    let users = "SELECT id, hash AS stored FROM p WHERE id > :after ORDER BY id LIMIT :limit";
    for (kind, _folder, url) in &everywhere(&statements).await {
        for (groups, expected) in [
            ("SELECT name, person FROM m WHERE person = :id", "gives 2 columns; let it give one"),
            ("SELECT nonsense FROM m WHERE person = :id", "nonsense"),
            ("SELECT name FROM absent WHERE person = :id", "absent"),
        ] {
            let source = grouped(url, users, groups).expect("good settings");
            let problems = source.check().await;
            assert_eq!(problems.len(), 1, "{kind}: {problems:?}");
            let told = problems[0].to_string();
            assert!(told.contains("groups query") && told.contains(expected), "{kind}: {told}");
            let error = source.groups_of("1").await.expect_err("it cannot work").to_string();
            assert!(error.contains(expected), "{kind}: {error}");
        }
        for (groups, expected) in [
            ("SELECT name FROM m", "does not use `:id`"),
            ("SELECT name FROM m WHERE person = :username", "unknown parameter `:username`"),
            ("SELECT 1; DELETE FROM m", "more than one statement"),
        ] {
            let error = grouped(url, users, groups).err().expect("refused").to_string();
            assert!(error.contains(expected), "{error}");
        }
        let writing = "DELETE FROM m WHERE person = :id RETURNING name";
        let source = grouped(url, users, writing).expect("nothing is asked yet");
        assert!(source.groups_of("1").await.is_err(), "{kind}: it would write");
        let source = grouped(url, users, "SELECT name FROM m WHERE person = :id").expect("good settings");
        assert_eq!(groups_of(source.as_ref(), "1").await.len(), 2, "{kind}: nothing was written");
    }
}

#[tokio::test]
async fn groups_are_found_after_their_connection_was_cut_and_their_table_changed() {
    for kind in [servers::Kind::Postgres, servers::Kind::MariaDb] {
        let Some(server) = servers::private(kind) else { continue };
        let url = server.database(&format!("{}{MEMBERS}", table("BIGINT PRIMARY KEY", &["1"]))).await;
        let users = "SELECT id, hash AS stored FROM p WHERE id > :after ORDER BY id LIMIT :limit";
        let source = grouped(&url, users, "SELECT name FROM m WHERE person = :id").expect("good settings");
        assert_eq!(groups_of(source.as_ref(), "1").await.len(), 2);
        server.stop();
        assert!(matches!(source.groups_of("1").await, Err(SourceError::Down { .. })), "{kind:?}");
        server.start();
        assert_eq!(groups_of(source.as_ref(), "1").await.len(), 2, "{kind:?}");
        let alter = match kind {
            servers::Kind::Postgres => "ALTER TABLE m ALTER person TYPE NUMERIC",
            servers::Kind::MariaDb => "ALTER TABLE m MODIFY person DECIMAL(20)",
        };
        server.execute(&url, alter).await;
        assert_eq!(groups_of(source.as_ref(), "1").await.len(), 2, "{kind:?}");
    }
}
