//! MySQL and MariaDB: types that the protocol blurs, and comparisons that convert.

use super::*;
use crate::servers;

#[tokio::test]
async fn values_of_all_types() {
    let Some(server) = servers::mariadb() else { return };
    let columns: &[(&str, &str, Option<&str>)] = &[
        ("TINYINT", "-128", Some("-128")),
        ("TINYINT UNSIGNED", "255", Some("255")),
        ("SMALLINT", "-32768", Some("-32768")),
        ("SMALLINT UNSIGNED", "65535", Some("65535")),
        ("MEDIUMINT", "-8388608", Some("-8388608")),
        ("MEDIUMINT UNSIGNED", "16777215", Some("16777215")),
        ("INT", "-2147483648", Some("-2147483648")),
        ("INT UNSIGNED", "4294967295", Some("4294967295")),
        ("BIGINT", "-9223372036854775808", Some("-9223372036854775808")),
        ("BIGINT UNSIGNED", "18446744073709551615", Some("18446744073709551615")),
        (
            "DECIMAL(40,5)",
            "'-12345678901234567890123456789012345.00012'",
            Some("-12345678901234567890123456789012345.00012"),
        ),
        ("FLOAT", "1.5", Some("1.5")),
        ("DOUBLE", "-0.1", Some("-0.1")),
        ("BOOLEAN", "TRUE", Some("1")),
        ("BIT(1)", "b'1'", Some("1")),
        ("BIT(12)", "b'100000000001'", Some("2049")),
        ("YEAR", "2026", Some("2026")),
        ("CHAR(10)", "'pad'", Some("pad")),
        ("VARCHAR(20)", "'Ünï 中'", Some("Ünï 中")),
        ("VARCHAR(20) CHARACTER SET latin1", "'Ünï'", Some("Ünï")),
        ("VARCHAR(20) COLLATE utf8mb4_bin", "'exact'", Some("exact")),
        ("TEXT", "'text'", Some("text")),
        ("LONGTEXT", "'long'", Some("long")),
        ("JSON", "'{\"a\": 1}'", Some("{\"a\": 1}")),
        ("ENUM('so so','b')", "'so so'", Some("so so")),
        ("SET('a','b')", "'a,b'", Some("a,b")),
        ("BINARY(2)", "x'ff00'", Some("ff00")),
        ("VARBINARY(10)", "'foo'", Some("foo")),
        ("BLOB", "x'ff'", Some("ff")),
        ("UUID", "'6f9619ff-8b86-d011-b42d-00c04fc964ff'", Some("6f9619ff-8b86-d011-b42d-00c04fc964ff")),
        ("DATE", "'2026-02-28'", Some("2026-02-28")),
        ("DATETIME", "'2026-02-28 13:14:15'", Some("2026-02-28T13:14:15")),
        ("DATETIME", "'2026-02-28'", Some("2026-02-28T00:00:00")),
        ("DATETIME(6)", "'2026-02-28 13:14:15.000250'", Some("2026-02-28T13:14:15.000250")),
        ("TIMESTAMP", "'2026-02-28 13:14:15'", Some("2026-02-28T13:14:15Z")),
        ("TIME", "'-30:01:02'", Some("-30:01:02")),
        ("INT", "NULL", None),
    ];
    let definitions: Vec<String> =
        columns.iter().enumerate().map(|(index, (kind, ..))| format!("v{index} {kind} NULL")).collect();
    let values: Vec<&str> = columns.iter().map(|(_, value, _)| *value).collect();
    let url = server
        .database(&format!(
            "SET time_zone = '+00:00'; CREATE TABLE p (id INT, stored VARBINARY(20), groups JSON, {});
             INSERT INTO p VALUES (1, x'00ff10', '[\"staff\", \"two words\"]', {});",
            definitions.join(", "),
            values.join(", ")
        ))
        .await;
    let source = walked(&url, "SELECT * FROM p");
    assert!(source.check().await.is_empty(), "{:?}", source.check().await);
    let rows = walk(source.as_ref(), None).await.expect("the walk ends well");
    let record = rows[0].as_ref().expect("the row is good");
    assert_eq!(record.stored.as_ref().expect("a value").expose(), [0, 255, 16]);
    assert_eq!(record.groups, ["staff", "two words"]);
    for (index, (kind, value, expected)) in columns.iter().enumerate() {
        assert_eq!(record.column(&format!("v{index}")), *expected, "{kind} {value}");
    }
}

/// One type of id: the type, and the expression that makes the id of row `i`, growing with `i`.
const IDS: &[(&str, &str)] = &[
    ("SMALLINT", "i"),
    ("INT", "i * 100000"),
    ("BIGINT", "i * 1000000000000"),
    ("INT UNSIGNED", "i + 1250"),
    ("BIGINT UNSIGNED", "18446744073709551615 - 1249 + i"),
    ("DECIMAL(38,2)", "i * 1000000000000000000000000000000.01"),
    ("DOUBLE", "i / 8"),
    ("CHAR(36)", "LPAD(i + 2000, 36, '0')"),
    ("VARCHAR(40)", "CONCAT('+', LPAD(i + 2000, 6, '0'))"),
    ("VARCHAR(40) COLLATE utf8mb4_bin", "CONCAT('+', LPAD(i + 2000, 6, '0'))"),
    ("VARCHAR(40) CHARACTER SET latin1", "CONCAT('ü', LPAD(i + 2000, 6, '0'))"),
    ("BINARY(16)", "UNHEX(LPAD(HEX(i + 2000), 32, '0'))"),
    ("VARBINARY(16)", "UNHEX(LPAD(HEX(i + 2000), 8, '0'))"),
    ("UUID", "CONCAT(LPAD(i + 2000, 8, '0'), '-0000-1000-8000-000000000000')"),
];

#[tokio::test]
async fn walks_along_ids_of_every_type() {
    let Some(server) = servers::mariadb() else { return };
    let tables: Vec<String> = IDS
        .iter()
        .enumerate()
        .map(|(index, (kind, id))| {
            format!(
                "CREATE TABLE p{index} (id {kind} PRIMARY KEY, place INT, hash TEXT);
                 INSERT INTO p{index} SELECT {id}, i, 'x'
                     FROM (SELECT CAST(seq AS SIGNED) - 1250 AS i FROM seq_0_to_2499) AS n;"
            )
        })
        .collect();
    let url = server.database(&tables.concat()).await;
    for (index, (kind, _)) in IDS.iter().enumerate() {
        let users = format!(
            "SELECT id, place, hash AS stored FROM p{index} WHERE id > :after ORDER BY id LIMIT :limit"
        );
        let source = walked(&url, &users);
        assert!(source.check().await.is_empty(), "{kind}");
        for filter in [None, Some("place > -2000 # all of them")] {
            let rows = walk(source.as_ref(), filter).await.unwrap_or_else(|error| panic!("{kind}: {error}"));
            let mut places: Vec<i32> = rows
                .iter()
                .map(|row| {
                    row.as_ref().expect("good").column("place").expect("one").parse().expect("a number")
                })
                .collect();
            // MariaDB sorts UUIDs by their last part first.
            places.sort_unstable();
            assert!(places.iter().copied().eq(-1250..1250), "{kind}: {} rows", places.len());
        }
    }
    let source =
        walked(&url, "SELECT NOW() AS id, hash AS stored FROM p0 WHERE id > :after ORDER BY id LIMIT :limit");
    let problems = source.check().await;
    assert!(problems[0].to_string().contains("cannot go along a DATETIME"), "{problems:?}");
}

#[tokio::test]
async fn names_that_a_column_cannot_hold_are_nobodys() {
    let Some(server) = servers::mariadb() else { return };
    let url = server
        .database(
            "CREATE TABLE p (id BIGINT PRIMARY KEY, login VARCHAR(50) CHARACTER SET latin1,
                small VARCHAR(50) CHARACTER SET utf8mb3, hash TEXT);
             INSERT INTO p VALUES (1, 'josé', 'josé', 'x');",
        )
        .await;
    for column in ["login", "small"] {
        let lookup = format!("SELECT id, hash AS stored FROM p WHERE {column} = :username");
        let source = source(&url, &lookup, "SELECT id, hash AS stored FROM p");
        assert_eq!(outcome(source.as_ref(), "josé").await, "found 1", "{column}");
        assert_eq!(outcome(source.as_ref(), "中文 🔑").await, "unknown", "{column}");
        assert_eq!(outcome(source.as_ref(), "JOSÉ").await, "found 1", "{column}");
    }
}

#[tokio::test]
async fn the_admins_sql_means_what_it_means_in_the_admins_client() {
    let Some(server) = servers::mariadb() else { return };
    let url = server
        .database("CREATE TABLE p (id INT, login TEXT, hash TEXT); INSERT INTO p VALUES (1, 'a', 'x')")
        .await;
    // `||` is OR in MySQL's default mode, and a backslash escapes.
    let lookup = "SELECT id, hash AS stored, 'it\\'s :username' AS `:username` FROM p
                  WHERE (0 || 1) AND login = :username # not :this";
    let source = source(&url, lookup, "SELECT id, hash AS stored FROM p");
    assert_eq!(found(source.as_ref(), "a").await.column(":username"), Some("it's :username"));
}

#[tokio::test]
async fn error_words_hold_no_values() {
    let Some(server) = servers::mariadb() else { return };
    let url = server
        .database(
            "CREATE TABLE p (id INT, login TEXT, hash TEXT); INSERT INTO p VALUES (1, 'a', 'canary-hash')",
        )
        .await;
    for lookup in [
        "SELECT id, hash AS stored FRM p WHERE login = 'canary-literal' OR login = :username",
        "SELECT id, hash AS stored FROM p WHERE login = 'a' 'canary' x :username",
        "SELECT id, hash AS stored FROM p WHERE EXTRACTVALUE('<a/>', CONCAT('//', :username, '[')) = 1",
    ] {
        let told = outcome(source(&url, lookup, "SELECT 1 AS id").as_ref(), "canary-name").await;
        assert!(told.starts_with("error") && !told.contains("canary"), "{lookup}: {told}");
    }
    let refused = source(
        &server.url("mysql").replace("k3y", "canary"),
        "SELECT 1 AS id FROM p WHERE id = :username",
        "SELECT 1 AS id",
    );
    let told = outcome(refused.as_ref(), "x").await;
    assert_eq!(told, "error source `store`: the server refuses the user or password in `url` (1045)");
}

#[tokio::test]
async fn a_slow_query_is_given_up_on_both_sides() {
    let Some(server) = servers::mariadb() else { return };
    let url = server.database("CREATE TABLE p (id INT, hash TEXT); INSERT INTO p VALUES (1, 'x')").await;
    let lookup = "SELECT id, hash AS stored, SLEEP(IF(:username = 'slow', 60, 0)) AS s FROM p";
    let mut settings = settings(&url, lookup, None);
    settings.query_timeout = Duration::from_millis(200);
    settings.max_connections = 1;
    let source = open(settings).expect("good settings");
    let told = outcome(source.as_ref(), "slow").await;
    assert!(told.starts_with("error source `store` is not reachable: "), "{told}");
    assert!(matches!(source.find("quick").await, Ok(Lookup::Found(_))), "the one connection is free again");
}
