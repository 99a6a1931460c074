//! PostgreSQL: its types, and its ways of telling about them.

use super::*;
use crate::servers;

#[tokio::test]
async fn values_of_all_types_read_as_postgresql_itself_writes_them() {
    let Some(server) = servers::postgres() else { return };
    let url = server
        .database(
            "CREATE EXTENSION citext;
             CREATE TYPE mood AS ENUM ('happy', 'so so');
             CREATE DOMAIN short AS varchar(10);
             CREATE SCHEMA other; CREATE TYPE other.colour AS ENUM ('red');",
        )
        .await;
    // An expression, and PostgreSQL's own text of it where that is not the expression cast to text.
    let values: &[(&str, Option<&str>)] = &[
        ("0::numeric", None),
        ("'0.000'::numeric", None),
        ("'12345678901234567890123456789012345678901234567890.00012300'::numeric", None),
        ("'-0.00001234'::numeric", None),
        ("'10000'::numeric", None),
        ("'-100000000.5'::numeric(20,3)", None),
        ("'NaN'::numeric", None),
        ("'Infinity'::numeric", None),
        ("(-32768)::int2", None),
        ("(-2147483648)::int4", None),
        ("(-9223372036854775808)::int8", None),
        ("1.5::float4", None),
        ("(-0.1)::float8", None),
        ("4294967295::oid", None),
        ("true", None),
        ("'Ünï'::text", None),
        ("'abc  '::varchar(10)", None),
        ("'abc'::char(10)", None),
        ("'MiXed'::citext", None),
        ("'so so'::mood", None),
        ("'red'::other.colour", None),
        ("'dom'::short", None),
        ("'n'::name", None),
        ("'x'::\"char\"", None),
        ("'6F9619FF-8B86-D011-B42D-00C04FC964FF'::uuid", None),
        ("'{\"a\": [1, \"b\"]}'::json", None),
        ("'{\"a\": [1, \"b\"]}'::jsonb", None),
        ("'<a/>'::xml", None),
        ("'192.168.0.1'::inet", Some("host('192.168.0.1'::inet)")),
        ("'10.0.0.0/8'::cidr", None),
        ("'2001:db8::1'::inet", Some("host('2001:db8::1'::inet)")),
        ("'2001:db8::/32'::inet", None),
        ("'2026-02-28'::date", None),
        ("'0001-01-01'::date", None),
        ("'infinity'::date", None),
        ("'10000-02-29'::date", None),
        ("'5874897-12-31'::date", None),
        ("'4713-01-01 BC'::date", Some("'-4712-01-01'")),
        ("'294276-12-31 23:59:59Z'::timestamptz", Some("'294276-12-31T23:59:59Z'")),
        ("'0001-12-31 00:00:00 BC'::timestamp", Some("'0000-12-31T00:00:00'")),
        ("'23:59:59.5'::time", Some("'23:59:59.500000'")),
        ("'2026-02-28 13:14:15+02'::timestamptz", Some("'2026-02-28T11:14:15Z'")),
        ("'1969-12-31 23:59:59.999999Z'::timestamptz", Some("'1969-12-31T23:59:59.999999Z'")),
        ("'2026-02-28 13:14:15.25'::timestamp", Some("'2026-02-28T13:14:15.250000'")),
        ("'-infinity'::timestamptz", None),
        ("'\\x666f6f'::bytea", Some("'foo'")),
        ("'\\xff00'::bytea", Some("'ff00'")),
        ("NULL::int", None),
        ("ARRAY['a', 'b c']::text[]", Some("'a,b c'")),
    ];
    let columns: Vec<String> = values
        .iter()
        .enumerate()
        .map(|(index, (value, text))| {
            let text = text.map_or_else(|| format!("({value})::text"), str::to_owned);
            format!("{value} AS v{index}, {text} AS t{index}")
        })
        .collect();
    let users = format!("SELECT 1 AS id, 'x' AS stored, {}", columns.join(", "));
    let source = walked(&url, &users);
    assert!(source.check().await.is_empty());
    let rows = walk(source.as_ref(), None).await.expect("the walk ends well");
    let record = rows[0].as_ref().expect("the row is good");
    for (index, (value, _)) in values.iter().enumerate() {
        let (read, told) = (record.column(&format!("v{index}")), record.column(&format!("t{index}")));
        assert_eq!(read, told, "{value}");
    }
}

#[tokio::test]
async fn columns_with_a_meaning_of_unusual_types() {
    let Some(server) = servers::postgres() else { return };
    let url = server.database("CREATE TABLE p (\"ID\" char(8), hash bytea, salt char(6), a bit(1), g text[], w timestamptz);
        INSERT INTO p VALUES ('a1', '\\x00ff10', 'pep', B'1', '{staff,\"two words\",NULL}', '2026-01-02 03:04:05+00');").await;
    let source = source(
        &url,
        "SELECT \"ID\", \"ID\" AS login, hash AS stored, salt, a AS active, g AS groups, w AS last_login
         FROM p WHERE \"ID\" = :username",
        "SELECT 1 AS id, 'x' AS stored, '1 day'::interval AS span",
    );
    let record = found(source.as_ref(), "a1").await;
    assert_eq!((record.id.as_str(), record.login.as_deref()), ("a1", Some("a1")));
    assert_eq!(record.stored.expect("a value").expose(), [0, 255, 16]);
    assert_eq!(record.salt.expect("a value").expose(), b"pep");
    assert!(record.active);
    assert_eq!(record.groups, ["staff", "two words"]);
    assert_eq!(record.last_login.as_deref(), Some("2026-01-02T03:04:05Z"));
    let rows = walk(source.as_ref(), None).await.expect("the walk ends well");
    let bad = rows[0].as_ref().expect_err("no interval can be read");
    assert_eq!(
        bad.to_string(),
        "row 1: column `span` is of type INTERVAL, which cannot be read; cast it to text in the query"
    );
}

/// One type of id: the type, and the expression that makes the id of row `i`, growing with `i`.
const IDS: &[(&str, &str)] = &[
    ("smallint", "i::smallint"),
    ("integer", "i * 100000"),
    ("bigint", "i * 1000000000000"),
    ("numeric", "i * 1000000000000000000000 + 0.5"),
    ("double precision", "i / 8.0"),
    ("text", "lpad((i + 2000)::text, 5, ' ')"),
    ("varchar(20)", "lpad((i + 2000)::text, 5, '!')"),
    ("char(36)", "lpad((i + 2000)::text, 36, '0')"),
    ("citext", "CASE i % 2 WHEN 0 THEN 'a' ELSE 'A' END || lpad((i + 2000)::text, 8, '0')"),
    ("uuid", "(lpad((i + 2000)::text, 8, '0') || '-0000-0000-0000-000000000000')::uuid"),
    ("bytea", "decode(lpad(to_hex(i + 2000), 6, '0'), 'hex')"),
    ("date", "'2000-01-01'::date + i::int"),
    ("timestamp", "'2000-01-01'::timestamp + i * '1 microsecond'::interval"),
    ("timestamptz", "'2000-01-01'::timestamptz + i * '1 hour'::interval"),
];

#[tokio::test]
async fn walks_along_ids_of_every_type() {
    let Some(server) = servers::postgres() else { return };
    let tables: Vec<String> = IDS
        .iter()
        .enumerate()
        .map(|(index, (kind, id))| {
            format!(
                "CREATE TABLE p{index} (id {kind} PRIMARY KEY, place int, hash text);
                 INSERT INTO p{index} SELECT {id}, i, 'x' FROM generate_series(-1250, 1249) AS i;"
            )
        })
        .collect();
    let url = server.database(&format!("CREATE EXTENSION citext; {}", tables.concat())).await;
    for (index, (kind, _)) in IDS.iter().enumerate() {
        let users = format!(
            "SELECT id, place, hash AS stored FROM p{index} WHERE id > :after ORDER BY id LIMIT :limit"
        );
        let source = walked(&url, &users);
        assert!(source.check().await.is_empty(), "{kind}");
        let rows = walk(source.as_ref(), None).await.unwrap_or_else(|error| panic!("{kind}: {error}"));
        let places: Vec<i32> = rows
            .iter()
            .map(|row| row.as_ref().expect("good").column("place").expect("one").parse().expect("a number"))
            .collect();
        assert!(places.iter().copied().eq(-1250..1250), "{kind}: {} rows", places.len());
    }
    let source = walked(
        &url,
        "SELECT id, hash AS stored FROM p0 WHERE hash::bit(3) > :after ORDER BY id LIMIT :limit",
    );
    let problems = source.check().await;
    assert!(problems[0].to_string().contains("cannot begin before the first BIT"), "{problems:?}");
}

#[tokio::test]
async fn an_id_that_is_text_here_and_a_number_there_stops_the_walk() {
    let Some(server) = servers::postgres() else { return };
    let url = server
        .database("CREATE TABLE p AS SELECT i AS id, 'x' AS hash FROM generate_series(1, 2500) AS i")
        .await;
    // Sorts '1000' before '2', but goes on behind the number 1000.
    let source = walked(
        &url,
        "SELECT id::text AS id, hash AS stored FROM p WHERE id > :after ORDER BY id LIMIT :limit",
    );
    let error = walk(source.as_ref(), None).await.expect_err("rows would be lost").to_string();
    assert!(error.contains("do not go upwards"), "{error}");
    // Text everywhere is well, if in another order.
    let source = walked(
        &url,
        "SELECT id::text AS id, hash AS stored FROM p WHERE id::text > :after ORDER BY id::text LIMIT :limit",
    );
    assert_eq!(ids(source.as_ref(), None).await.len(), 2500);
    let source = walked(
        &url,
        "SELECT id, hash AS stored FROM p WHERE id::text > :after ORDER BY id::text LIMIT :limit",
    );
    assert_eq!(ids(source.as_ref(), None).await.len(), 2500);
}

#[tokio::test]
async fn names_are_converted_to_the_type_they_are_compared_with() {
    let Some(server) = servers::postgres() else { return };
    let url = server
        .database(
            "CREATE EXTENSION citext;
             CREATE TABLE p (id bigint, u uuid, c citext, f char(10), hash text);
             INSERT INTO p VALUES (42, '6f9619ff-8b86-d011-b42d-00c04fc964ff', 'Alice', 'fixed', 'x');",
        )
        .await;
    let users = "SELECT id, hash AS stored FROM p";
    for (condition, name, expected) in [
        ("id = :username", "42", "found 42"),
        ("id = :username", "43", "unknown"),
        ("id = :username", "alice", "unknown"),
        ("id = :username", "99999999999999999999", "unknown"),
        ("u = :username", "6F9619FF-8B86-D011-B42D-00C04FC964FF", "found 42"),
        ("u = :username", "alice", "unknown"),
        ("c = :username", "ALICE", "found 42"),
        ("f = :username", "fixed", "found 42"),
        ("c = :username OR f = :username", "fixed", "found 42"),
        ("c::text = ANY(ARRAY[:username, 'b'])", "Alice", "found 42"),
        ("hash = 'x' AND id = length(:username)", "x", "unknown"),
        ("$$:nobody$$ <> :username AND '\"'::text <> :username -- it's :nobody", "x", "found 42"),
    ] {
        let lookup = format!("SELECT id, hash AS stored FROM p WHERE {condition}");
        let source = source(&url, &lookup, users);
        assert_eq!(outcome(source.as_ref(), name).await, expected, "{condition}");
        // The second time the statement is known.
        assert_eq!(outcome(source.as_ref(), name).await, expected, "{condition}");
    }
    let mixed = source(&url, "SELECT id, hash AS stored FROM p WHERE c = :username OR id = :username", users);
    for told in [mixed.check().await[0].to_string(), outcome(mixed.as_ref(), "Alice").await] {
        assert!(told.contains("compared with columns of different types (INT8, text)"), "{told}");
    }
}

#[tokio::test]
async fn error_words_hold_no_values() {
    let Some(server) = servers::postgres() else { return };
    let url = server
        .database(
            "CREATE TABLE p (id bigint, hash text); INSERT INTO p VALUES (1, 'canary-hash');
             CREATE FUNCTION shout(t text) RETURNS text LANGUAGE plpgsql AS
                $$ BEGIN RAISE WARNING 'seen %', t; RAISE EXCEPTION 'no good: %', t; END $$;",
        )
        .await;
    let users = "SELECT id, hash AS stored FROM p";
    for lookup in [
        "SELECT id, shout(:username) AS stored FROM p",
        "SELECT hash::int AS id, hash AS stored FROM p WHERE :username <> ''",
        "SELECT id, hash AS stored, 'canary-literal' 'x' FROM p WHERE hash = :username",
        "SELECT id, hash AS stored FROM p WHERE 'canary-literal'::int = 5 AND hash = :username",
    ] {
        let told = outcome(source(&url, lookup, users).as_ref(), "canary-name").await;
        assert!(told.starts_with("error") && !told.contains("canary"), "{lookup}: {told}");
    }
    let typed = source(
        &url,
        "SELECT id, hash AS stored FROM p WHERE id = :username",
        "SELECT hash::int AS id, 'x' AS stored FROM p",
    );
    let error = walk(typed.as_ref(), None).await.expect_err("no number").to_string();
    assert!(!error.contains("canary") && error.contains("22P02"), "{error}");
}

#[tokio::test]
async fn changed_tables_need_no_restart() {
    let Some(server) = servers::postgres() else { return };
    let url = server
        .database("CREATE TABLE p (id int, login text, stored text); INSERT INTO p VALUES (1, '7', 'x')")
        .await;
    let source = source(&url, "SELECT * FROM p WHERE login = :username", "SELECT * FROM p");
    assert_eq!(outcome(source.as_ref(), "7").await, "found 1");
    server.execute(&url, "ALTER TABLE p ADD COLUMN email text DEFAULT 'a@example.com'").await;
    assert_eq!(found(source.as_ref(), "7").await.email.as_deref(), Some("a@example.com"));
    server.execute(&url, "ALTER TABLE p ALTER COLUMN login TYPE int USING login::int").await;
    assert_eq!(outcome(source.as_ref(), "7").await, "found 1");
    server.execute(&url, "ALTER TABLE p RENAME COLUMN stored TO hash").await;
    assert!(outcome(source.as_ref(), "7").await.contains("gives no column `stored`"));
    server.execute(&url, "ALTER TABLE p RENAME COLUMN hash TO stored").await;
    assert_eq!(outcome(source.as_ref(), "7").await, "found 1");
}

#[tokio::test]
async fn a_refused_login_is_a_wrong_setting_and_shows_no_secret() {
    let Some(server) = servers::postgres() else { return };
    let url = server.url("postgres").replace("k3y", "canary");
    let source = source(&url, "SELECT 'x' AS id, 'y' AS stored WHERE 'x' = :username", "SELECT 1 AS id");
    let told = outcome(source.as_ref(), "x").await;
    assert_eq!(told, "error source `store`: the server refuses the user or password in `url` (28P01)");
    let source = source_of_absent_database(&server.url("absent"));
    let told = outcome(source.as_ref(), "x").await;
    assert_eq!(told, "error source `store`: the server does not have the database that `url` names (3D000)");
}

fn source_of_absent_database(url: &str) -> Arc<dyn CredentialSource> {
    source(url, "SELECT 'x' AS id, 'y' AS stored WHERE 'x' = :username", "SELECT 1 AS id")
}

#[tokio::test]
async fn a_slow_query_is_given_up_on_both_sides() {
    let Some(server) = servers::postgres() else { return };
    let url = server.database("CREATE TABLE p (id int, hash text); INSERT INTO p VALUES (1, 'x')").await;
    let lookup =
        "SELECT id, hash AS stored, pg_sleep(CASE :username WHEN 'slow' THEN 60 ELSE 0 END)::text FROM p";
    let mut settings = settings(&url, lookup, None);
    settings.query_timeout = Duration::from_millis(200);
    settings.max_connections = 1;
    let source = open(settings).expect("good settings");
    let told = outcome(source.as_ref(), "slow").await;
    assert!(told.starts_with("error source `store` is not reachable: "), "{told}");
    assert!(matches!(source.find("quick").await, Ok(Lookup::Found(_))), "the one connection is free again");
}

/// A database of this encoding checks nothing: a store that took Latin-1 for years holds it beside UTF-8.
#[tokio::test]
async fn one_text_that_is_no_utf_8_is_one_bad_row() {
    let Some(server) = servers::postgres() else { return };
    let create = "CREATE DATABASE ascii ENCODING 'SQL_ASCII' LOCALE 'C' TEMPLATE template0";
    server.execute(&server.url("postgres"), create).await;
    let url = server.url("ascii");
    let rows = "CREATE TABLE p (id int, login text, hash text); INSERT INTO p VALUES (1, 'Björn', 'x'),
        (2, convert_from('\\x426af6726e', 'SQL_ASCII'), 'x'), (3, 'Carl', 'x')";
    server.execute(&url, rows).await;
    let users = "SELECT id, login, hash AS stored FROM p WHERE id > :after ORDER BY id LIMIT :limit";
    let source = source(&url, "SELECT id, hash AS stored FROM p WHERE login = :username", users);
    let rows = walk(source.as_ref(), None).await.expect("the walk ends well");
    assert_eq!(rows[0].as_ref().expect("good").login.as_deref(), Some("Björn"));
    let bad = rows[1].as_ref().expect_err("not UTF-8").to_string();
    assert_eq!(bad, "row 2: column `login` is not UTF-8 text");
    assert_eq!(rows.len(), 3);
    assert_eq!(outcome(source.as_ref(), "Björn").await, "found 1");
}

#[tokio::test]
async fn a_name_that_the_database_cannot_hold_is_nobodys() {
    let Some(server) = servers::postgres() else { return };
    let create = "CREATE DATABASE latin ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0";
    server.execute(&server.url("postgres"), create).await;
    let url = server.url("latin");
    server.execute(&url, "CREATE TABLE p (login text, hash text); INSERT INTO p VALUES ('Björn', 'x')").await;
    let lookup = "SELECT login AS id, hash AS stored FROM p WHERE login = :username";
    let source = source(&url, lookup, "SELECT login, hash AS stored FROM p");
    for (name, expected) in [("Björn", "found Björn"), ("日本", "unknown")] {
        assert_eq!(outcome(source.as_ref(), name).await, expected);
    }
}
