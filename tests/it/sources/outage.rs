//! A store that is down: told at once, and back without a restart of ours.

use std::time::Instant;

use super::*;
use crate::servers::{self, Kind};

const TABLE: &str = "CREATE TABLE p (id INT PRIMARY KEY, login VARCHAR(50), hash VARCHAR(50));
    INSERT INTO p VALUES (1, 'alice', 'x'), (2, 'bob', 'y'), (3, 'carol', 'z');";

#[tokio::test]
async fn postgresql_may_crash_and_come_back() {
    crash_and_come_back(Kind::Postgres).await;
}

#[tokio::test]
async fn mariadb_may_crash_and_come_back() {
    crash_and_come_back(Kind::MariaDb).await;
}

async fn crash_and_come_back(kind: Kind) {
    let Some(server) = servers::private(kind) else { return };
    let url = server.database(TABLE).await;
    let users = "SELECT id, hash AS stored FROM p WHERE id > :after ORDER BY id LIMIT :limit";
    let mut settings =
        settings(&url, "SELECT id, hash AS stored FROM p WHERE login = :username", Some(users));
    settings.page_size = 1;
    let source = open(settings).expect("good settings");
    // Two connections that will both be cut.
    let both = tokio::join!(source.find("alice"), source.find("bob"));
    assert!(matches!(both, (Ok(Lookup::Found(_)), Ok(Lookup::Found(_)))));

    server.stop();
    let began = Instant::now();
    for _ in 0..3 {
        let error = source.find("alice").await.expect_err("it is down");
        assert!(matches!(error, SourceError::Down { .. }), "{error}");
        assert!(matches!(source.ping().await, Err(SourceError::Down { .. })));
        assert!(matches!(walk(source.as_ref(), None).await, Err(SourceError::Down { .. })));
        assert!(matches!(source.check().await.as_slice(), [SourceError::Down { .. }]));
    }
    // The connect time-out of ten seconds is for servers that keep silent, not for those that refuse.
    assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());

    server.start();
    assert!(source.ping().await.is_ok());
    assert_eq!(outcome(source.as_ref(), "alice").await, "found 1");
    assert_eq!(ids(source.as_ref(), None).await, ["1", "2", "3"]);

    // A short outage between two calls is not even noticed.
    server.stop();
    server.start();
    assert_eq!(outcome(source.as_ref(), "bob").await, "found 2");
    assert!(source.ping().await.is_ok());
}

#[tokio::test]
async fn a_walk_outlives_a_short_outage() {
    let Some(server) = servers::private(Kind::Postgres) else { return };
    let rows = "INSERT INTO p SELECT i, 'user' || i, 'x' FROM generate_series(4, 2500) AS i";
    let url = server.database(&format!("{TABLE} {rows}")).await;
    let source = walked(&url, "SELECT id, hash AS stored FROM p WHERE id > :after ORDER BY id LIMIT :limit");
    let mut batches = source.stream(None, None);
    let mut count = batches.try_next().await.expect("a page").expect("a page").len();
    server.stop();
    server.start();
    while let Some(batch) = batches.try_next().await.expect("the walk goes on") {
        count += batch.len();
    }
    assert_eq!(count, 2500);
}

#[tokio::test]
async fn a_broken_walk_in_one_go_is_an_error_and_not_an_end() {
    let Some(server) = servers::private(Kind::Postgres) else { return };
    // Far more than fits into any buffer on the way.
    let rows =
        "CREATE TABLE q AS SELECT i AS id, repeat('x', 1000) AS stored FROM generate_series(1, 100000) AS i";
    let url = server.database(rows).await;
    let source = walked(&url, "SELECT id, stored FROM q");
    let mut batches = source.stream(None, None);
    assert!(batches.try_next().await.expect("a batch").is_some());
    server.stop();
    let rest: Result<Vec<_>, SourceError> = batches.try_collect().await;
    assert!(matches!(rest, Err(SourceError::Down { .. })));
}

#[tokio::test]
async fn a_silent_server_costs_the_connect_time_out_and_no_more() {
    // Accepts connections and never says a word.
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("an address").port();
    for scheme in ["postgres", "mysql"] {
        let url = format!("{scheme}://reader:secret@127.0.0.1:{port}/shop");
        let mut settings = settings(&url, "SELECT 1 AS id, 'x' AS stored WHERE 'x' = :username", None);
        settings.connect_timeout = Duration::from_millis(100);
        let source = open(settings).expect("good settings");
        let told = outcome(source.as_ref(), "x").await;
        assert_eq!(told, "error source `store` is not reachable: no connection within 100 ms", "{scheme}");
    }
}

#[tokio::test]
async fn a_file_may_appear_later() {
    let (folder, url) = sqlite::store(TABLE).await;
    let (file, away) = (folder.path().join("store.db"), folder.path().join("away.db"));
    std::fs::rename(&file, &away).expect("moved");
    let source = source(
        &url,
        "SELECT id, hash AS stored FROM p WHERE login = :username",
        "SELECT id, hash AS stored FROM p",
    );
    assert!(matches!(source.find("alice").await, Err(SourceError::Down { .. })));
    assert!(!file.exists(), "a file that is missing is not made");
    std::fs::rename(&away, &file).expect("moved back");
    assert_eq!(outcome(source.as_ref(), "alice").await, "found 1");
}
