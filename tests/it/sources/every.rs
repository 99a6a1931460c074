//! What holds for every database.

use tempfile::TempDir;

use super::*;
use crate::servers;

/// A database for one test.
struct Store {
    kind: &'static str,
    url: String,
    _folder: Option<TempDir>,
}

/// The same statements on all three databases; those that are not installed are left out.
async fn stores(statements: &str) -> Vec<Store> {
    let (folder, url) = sqlite::store(statements).await;
    let mut stores = vec![Store { kind: "sqlite", url, _folder: Some(folder) }];
    for (kind, server) in [("postgres", servers::postgres()), ("mariadb", servers::mariadb())] {
        if let Some(server) = server {
            stores.push(Store { kind, url: server.database(statements).await, _folder: None });
        }
    }
    stores
}

/// `INSERT` statements of many rows, in portions that every database takes.
fn inserts(table: &str, rows: impl IntoIterator<Item = String>) -> String {
    let rows: Vec<String> = rows.into_iter().collect();
    let portions: Vec<String> =
        rows.chunks(500).map(|rows| format!("INSERT INTO {table} VALUES {};", rows.join(","))).collect();
    portions.concat()
}

/// The table of Okta's reference sample, which has no id.
const OKTA_SAMPLE: &str = "
    CREATE TABLE users (username VARCHAR(100) PRIMARY KEY, password VARCHAR(200), first_name VARCHAR(50),
        last_name VARCHAR(50), phone VARCHAR(20), enabled BOOLEAN);
    INSERT INTO users VALUES
        ('isaac.brock@example.com', '{bcrypt}$2a$10$abc', 'Isaac', 'Brock', '+1 555 0100', TRUE),
        ('ben.gibbard@example.com', '{scrypt}$e0801$def', 'Ben', NULL, NULL, FALSE);";

#[tokio::test]
async fn okta_reference_sample_without_an_id() {
    for store in stores(OKTA_SAMPLE).await {
        let source = source(
            &store.url,
            "SELECT username AS login, password AS stored, enabled AS active FROM users
             WHERE lower(username) = lower(:username)",
            "SELECT username AS login, password AS stored, enabled AS active, first_name, last_name, phone
             FROM users WHERE username > :after ORDER BY username LIMIT :limit",
        );
        assert!(source.check().await.is_empty(), "{}: {:?}", store.kind, source.check().await);
        let isaac = found(source.as_ref(), "Isaac.Brock@Example.COM").await;
        assert_eq!(isaac.id, "isaac.brock@example.com");
        assert_eq!(isaac.login.as_deref(), Some("isaac.brock@example.com"));
        assert_eq!(stored(&isaac), Some("{bcrypt}$2a$10$abc"));
        assert!(isaac.active);
        assert!(!found(source.as_ref(), "ben.gibbard@example.com").await.active);
        let rows = walk(source.as_ref(), None).await.expect("the walk ends well");
        let rows: Vec<Draft> = rows.into_iter().map(|row| row.expect("good")).collect();
        let names: Vec<&str> = rows.iter().map(|row| row.id.as_str()).collect();
        assert_eq!(names, ["ben.gibbard@example.com", "isaac.brock@example.com"]);
        assert_eq!(rows[1].column("phone"), Some("+1 555 0100"));
        assert_eq!(rows[0].column("phone"), None);
        let profile: Vec<&str> = rows[0].profile.iter().map(|(name, _)| name.as_ref()).collect();
        assert_eq!(profile, ["first_name", "last_name", "phone"]);
        let pool = source.pool();
        assert_eq!((pool.open, pool.idle, pool.max), (1, 1, 4), "{}", store.kind);
        source.close().await;
        assert_eq!(source.pool().open, 0);
    }
}

#[tokio::test]
async fn walks_pages_of_every_length_and_misses_nobody() {
    let rows = (-1250..1250).map(|id| format!("({id}, 'user{id}')"));
    let statements =
        format!("CREATE TABLE p (id BIGINT PRIMARY KEY, hash VARCHAR(50)); {}", inserts("p", rows));
    let expected: Vec<String> = (-1250..1250).map(|id| id.to_string()).collect();
    for store in stores(&statements).await {
        let users = "SELECT id, hash AS stored FROM p WHERE id > :after ORDER BY id LIMIT :limit";
        // 2500 rows: two and a half pages, five full pages, one full page, one that is not full.
        for page_size in [1000, 500, 2500, 4000] {
            let mut settings = settings(
                &store.url,
                "SELECT 1 AS id, hash AS stored FROM p WHERE hash = :username",
                Some(users),
            );
            settings.page_size = page_size;
            let source = open(settings).expect("good settings");
            assert!(ids(source.as_ref(), None).await == expected, "{}", store.kind);
        }
        let in_one_go = walked(&store.url, "SELECT id, hash AS stored FROM p ORDER BY id");
        assert!(ids(in_one_go.as_ref(), None).await == expected, "{}", store.kind);
        let batches: Vec<Page> = in_one_go.stream(None, None).try_collect().await.expect("good");
        assert_eq!(batches.iter().map(Page::len).collect::<Vec<_>>(), [1000, 1000, 500]);
    }
}

#[tokio::test]
async fn walks_along_texts() {
    let names: Vec<String> = (0..2500).map(|number| format!("+49 {number:05}")).collect();
    let rows = names.iter().map(|name| format!("('{name}', 'x')"));
    let statements =
        format!("CREATE TABLE p (id VARCHAR(36) PRIMARY KEY, hash VARCHAR(50)); {}", inserts("p", rows));
    for store in stores(&statements).await {
        let users = "SELECT id, hash AS stored FROM p WHERE id > :after ORDER BY id LIMIT :limit";
        let source = walked(&store.url, users);
        assert!(ids(source.as_ref(), None).await == names, "{}", store.kind);
        assert_eq!(source.count(None).await.expect("a number"), Some(2500), "{}", store.kind);
        // The same without a declared type.
        let users = "SELECT CONCAT(id, '') AS id, hash AS stored FROM p WHERE CONCAT(id, '') > :after
                     ORDER BY CONCAT(id, '') LIMIT :limit";
        assert!(ids(walked(&store.url, users).as_ref(), None).await == names, "{}", store.kind);
    }
}

#[tokio::test]
async fn filters_do_not_disturb_the_walk() {
    let rows =
        (1..=2500).map(|id| format!("({id}, 'x', {})", if id % 3 == 0 { "NULL" } else { "'2026-01-02'" }));
    let statements = format!(
        "CREATE TABLE p (id BIGINT PRIMARY KEY, hash VARCHAR(50), last_login VARCHAR(10)); {}",
        inserts("p", rows)
    );
    let expected: Vec<String> = (1..=2500).filter(|id| id % 3 != 0).map(|id| id.to_string()).collect();
    for store in stores(&statements).await {
        for users in [
            "SELECT id, hash AS stored, last_login FROM p WHERE id > :after ORDER BY id LIMIT :limit -- paged",
            "SELECT id, hash AS stored, last_login FROM p ORDER BY id; -- in one go",
        ] {
            let source = walked(&store.url, users);
            let selected = ids(source.as_ref(), Some("last_login > '2026-01-01' -- only the active")).await;
            assert_eq!(selected, expected, "{} {users}", store.kind);
            let none = ids(source.as_ref(), Some("last_login > '2027-01-01'")).await;
            assert!(none.is_empty());
            for (condition, rows) in
                [(None, 2500), (Some("last_login > '2026-01-01'"), 1667), (Some("1 = 2"), 0)]
            {
                assert_eq!(source.count(condition).await.expect("a number"), Some(rows), "{}", store.kind);
            }
            let rows = walk(source.as_ref(), Some("id = 1")).await.expect("good");
            assert!(
                rows[0].as_ref().expect("good").profile.is_empty(),
                "the filter's own column is not shown"
            );
            for bad in ["", "1 = 1) OR (1 = 1", "(1 = 1", "1 = 1; DROP TABLE p", "id > :after", "'"] {
                let error = walk(source.as_ref(), Some(bad)).await.expect_err(bad).to_string();
                assert!(error.contains("the condition"), "{error}");
            }
            let error =
                walk(source.as_ref(), Some("nonsense > 1")).await.expect_err("no such column").to_string();
            assert!(error.contains("nonsense"), "{error}");
        }
    }
}

#[tokio::test]
async fn names_are_bound_never_spliced() {
    let statements = "CREATE TABLE p (id BIGINT PRIMARY KEY, login VARCHAR(100), hash VARCHAR(50));
        INSERT INTO p VALUES (1, 'alice', 'a'), (2, 'o''brien', 'b'), (3, 'dup', 'c'), (4, 'dup', 'd'),
            (5, ':username', 'e'), (6, 'José ÅÄÖ 中文 🔑', 'f');";
    for store in stores(statements).await {
        let source = source(
            &store.url,
            "SELECT id, login, hash AS stored, ':username' AS quoted -- not this :username
             FROM p /* nor :this */ WHERE login = :username OR login = :username",
            "SELECT id, hash AS stored FROM p",
        );
        let source = source.as_ref();
        for (name, expected) in [
            ("alice", "found 1"),
            ("o'brien", "found 2"),
            ("dup", "ambiguous"),
            (":username", "found 5"),
            ("José ÅÄÖ 中文 🔑", "found 6"),
            ("nobody", "unknown"),
            ("", "unknown"),
            ("' OR 1=1 --", "unknown"),
            ("alice' OR '1'='1", "unknown"),
            ("alice'; DROP TABLE p; --", "unknown"),
            ("\\' OR 1=1 #", "unknown"),
            ("ali\0ce", "unknown"),
            ("%", "unknown"),
        ] {
            assert_eq!(outcome(source, name).await, expected, "{} {name:?}", store.kind);
        }
        assert_eq!(outcome(source, &"x".repeat(100_000)).await, "unknown");
        assert_eq!(found(source, "alice").await.column("quoted"), Some(":username"));
    }
}

#[tokio::test]
async fn a_store_is_never_written_to() {
    let statements = "CREATE TABLE p (id BIGINT PRIMARY KEY, login VARCHAR(100), hash VARCHAR(50));
        INSERT INTO p VALUES (1, 'alice', 'a');";
    for store in stores(statements).await {
        for writing in [
            "UPDATE p SET hash = 'gone' WHERE login = :username",
            "UPDATE p SET hash = 'gone' WHERE login = :username RETURNING id, hash AS stored",
            "DELETE FROM p WHERE login = :username RETURNING id, hash AS stored",
            "INSERT INTO p SELECT 2, :username, 'b' RETURNING id, hash AS stored",
        ] {
            let source = source(&store.url, writing, "SELECT id, hash AS stored FROM p");
            let answer = outcome(source.as_ref(), "alice").await;
            assert!(answer.starts_with("error"), "{} {writing}: {answer}", store.kind);
            let rows = walk(source.as_ref(), None).await.expect("good");
            assert_eq!(rows.len(), 1);
            assert_eq!(stored(rows[0].as_ref().expect("good")), Some("a"), "{} {writing}", store.kind);
        }
    }
}

#[tokio::test]
async fn a_query_that_cannot_work_is_told_by_check() {
    for store in stores("CREATE TABLE p (id BIGINT PRIMARY KEY, login VARCHAR(100), hash VARCHAR(50))").await
    {
        let problems = |lookup: &'static str, users: &'static str| {
            let source = source(&store.url, lookup, users);
            async move { source.check().await.iter().map(ToString::to_string).collect::<Vec<_>>() }
        };
        let good = "SELECT id, hash AS stored FROM p WHERE login = :username";
        let good_users = "SELECT id, hash AS stored FROM p WHERE id > :after ORDER BY id LIMIT :limit";
        assert_eq!(problems(good, good_users).await, [""; 0], "{}", store.kind);
        let found = problems(
            "SELECT id, hash FROM p WHERE login = :username",
            "SELECT hash AS stored FROM p WHERE id > :after ORDER BY id LIMIT :limit",
        )
        .await;
        assert_eq!(found.len(), 2, "{} {found:?}", store.kind);
        assert!(found[0].contains("lookup query gives no column `stored`"), "{found:?}");
        assert!(found[1].contains("users query gives neither a column `id` nor `login`"), "{found:?}");
        let found =
            problems("SELECT id, wrong AS stored FROM p WHERE login = :username", "SELEC * FROM p").await;
        assert_eq!(found.len(), 2, "{} {found:?}", store.kind);
        assert!(found[0].contains("lookup") && found[0].contains("wrong"), "{found:?}");
        assert!(found[1].contains("users") && found[1].contains("SELEC"), "{found:?}");
        let found =
            problems("SELECT id, hash AS stored FROM absent WHERE login = :username", good_users).await;
        assert!(found[0].contains("absent"), "{} {found:?}", store.kind);
        let source = source(&store.url, "SELECT id, hash FROM p WHERE login = :username", good_users);
        assert!(
            outcome(source.as_ref(), "alice").await.contains("gives no column `stored`"),
            "{}",
            store.kind
        );
    }
}

#[tokio::test]
async fn a_walk_that_would_lose_rows_stops() {
    let rows = (0..250).map(|id| format!("({id}, {}, 'x')", id / 2));
    let statements =
        format!("CREATE TABLE p (id BIGINT, twice BIGINT, hash VARCHAR(50)); {}", inserts("p", rows));
    for store in stores(&statements).await {
        for users in [
            // Downwards.
            "SELECT id, hash AS stored FROM p WHERE id > :after ORDER BY id DESC LIMIT :limit",
            // By something else.
            "SELECT id, hash AS stored FROM p WHERE id > :after ORDER BY -id LIMIT :limit",
            // An id that is none.
            "SELECT twice AS id, hash AS stored FROM p WHERE twice > :after ORDER BY twice LIMIT :limit",
            // A condition that does not move on.
            "SELECT id, hash AS stored FROM p WHERE id > 0 * :after ORDER BY id LIMIT :limit",
            "SELECT CONCAT('u', id + 1000) AS id, hash AS stored FROM p WHERE CONCAT('u', id + 1000) > :after
             ORDER BY CONCAT('u', id + 1000) DESC LIMIT :limit",
        ] {
            let mut settings =
                settings(&store.url, "SELECT 1 AS id, 'x' AS stored WHERE 'x' = :username", Some(users));
            settings.page_size = 100;
            let source = open(settings).expect("good settings");
            let error = walk(source.as_ref(), None).await.expect_err(users).to_string();
            assert!(error.contains("do not go upwards"), "{} {users}: {error}", store.kind);
        }
    }
}

/// A limit inside of the query, and rows left out behind it: a page may then come short, or empty, before the end.
#[tokio::test]
async fn a_walk_does_not_take_a_short_page_for_the_end() {
    let wanted = |id: &i32| id % 5 != 0 && !(40..60).contains(id);
    let rows = (1..=100).map(|id| format!("({id}, 'x', {})", u8::from(wanted(&id))));
    let statements = format!(
        "CREATE TABLE p (id BIGINT PRIMARY KEY, hash VARCHAR(50), wanted INT); {}",
        inserts("p", rows)
    );
    let expected: Vec<String> = (1..=100).filter(wanted).map(|id| id.to_string()).collect();
    let users = "SELECT u.id, u.hash AS stored
        FROM (SELECT * FROM p WHERE id > :after ORDER BY id LIMIT :limit) u
        JOIN p other ON other.id = u.id AND other.wanted = 1 ORDER BY u.id";
    for store in stores(&statements).await {
        let by = |page_size| {
            let mut settings =
                settings(&store.url, "SELECT 1 AS id, 'x' AS stored WHERE 'x' = :username", Some(users));
            settings.page_size = page_size;
            open(settings).expect("good settings")
        };
        for (page_size, condition) in [(22, None), (30, Some("id > 0")), (100, None), (1000, None)] {
            assert_eq!(ids(by(page_size).as_ref(), condition).await, expected, "{} {page_size}", store.kind);
        }
        for page_size in [1, 7, 20] {
            let error = walk(by(page_size).as_ref(), None).await.expect_err("lost rows").to_string();
            assert!(
                error.contains("let LIMIT :limit be the last word"),
                "{} {page_size}: {error}",
                store.kind
            );
        }
    }
}

#[tokio::test]
async fn rows_that_cannot_be_used_are_told_and_do_not_stop_the_walk() {
    let long = "x".repeat(70_000);
    let statements = "CREATE TABLE p (id BIGINT PRIMARY KEY, login VARCHAR(100), hash TEXT, active INT);
        INSERT INTO p VALUES (1, 'good', 'a', 1), (2, 'odd', 'b', 7), (3, 'null', 'c', NULL), (4, 'off', NULL, 0);";
    for store in stores(statements).await {
        let users = format!(
            "SELECT id, login, hash AS stored, active, CASE WHEN id = 4 THEN '{long}' ELSE '' END AS note
             FROM p WHERE id > :after ORDER BY id LIMIT :limit"
        );
        let lookup = "SELECT id, hash AS stored, active FROM p WHERE login = :username";
        let source = source(&store.url, lookup, &users);
        let rows = walk(source.as_ref(), None).await.expect("the walk ends well");
        let told: Vec<String> = rows
            .iter()
            .map(|row| match row {
                Ok(record) => record.id.clone(),
                Err(bad) => bad.to_string(),
            })
            .collect();
        assert_eq!(told[0], "1");
        assert!(told[1].starts_with("row 2: column `active` is neither true nor false"), "{told:?}");
        assert!(told[2].starts_with("row 3: column `active` is NULL"), "{told:?}");
        assert_eq!(told[3], "row 4: column `note` is longer than 65536 bytes");
        assert!(outcome(source.as_ref(), "odd").await.starts_with("bad row 2: column `active`"));
        let off = found(source.as_ref(), "off").await;
        assert_eq!((off.active, stored(&off)), (false, None));
    }
}
