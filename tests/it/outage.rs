//! The legacy database dies and comes back under the running service.
//!
//! The stored value was made by Python's bcrypt 5.0.0, see `hook.rs`.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use crate::servers::{self, Kind};
use crate::service::{SECRET, Service, payload};

const HORSE: &str = "$2a$04$6lkD33oAaE7Ql569WpY1reOvbUrkOL4a/B7AD5ZpcHgt3gGrfO/jq";

fn configuration(url: &str) -> String {
    format!(
        r#"
[server]
listen = "127.0.0.1:0"
private_listen = "127.0.0.1:0"
[server.auth]
header = [{{ name = "Authorization", secret = "{SECRET}" }}]
[server.throttle]
failures_per_user = 0
[log]
format = "json"
[[source]]
name = "shop"
url = "{url}"
lookup = "SELECT id, login, stored FROM users WHERE login = :username"
"#
    )
}

async fn dies_and_comes_back(kind: Kind) {
    let Some(server) = servers::private(kind) else { return };
    let fill = format!(
        "CREATE TABLE users (id int PRIMARY KEY, login varchar(100), stored varchar(100)); \
         INSERT INTO users VALUES (1, 'alice', '{HORSE}');"
    );
    let url = server.database(&fill).await;
    let folder = tempfile::tempdir().expect("a folder");
    let service = Service::start(folder.path(), &configuration(&url));
    assert_eq!(service.verdict("alice", "correct horse").await, "VERIFIED");
    // Several connections are open when the server dies.
    let calls = (0..8).map(|_| service.verdict("alice", "correct horse"));
    assert!(futures_util::future::join_all(calls).await.iter().all(|verdict| verdict == "VERIFIED"));

    server.stop();
    let calls = (0..16).map(|_| service.call("alice", "correct horse"));
    let answers = futures_util::future::join_all(calls).await;
    assert!(answers.iter().all(|(status, _)| *status == 503), "{answers:?}");
    let (status, text) = service.private("/readyz").await;
    assert_eq!(status, 503);
    assert!(
        !text.contains("password") && !text.contains(url.split('@').next().expect("credentials")),
        "{text}"
    );
    assert_eq!(service.private("/healthz").await.0, 200);

    server.start();
    // At once and without a restart, every call and every pooled connection.
    let calls = (0..16).map(|_| service.verdict("alice", "correct horse"));
    assert!(futures_util::future::join_all(calls).await.iter().all(|verdict| verdict == "VERIFIED"));
    assert_eq!(service.verdict("alice", "wrong").await, "UNVERIFIED");
    assert_eq!(service.private("/readyz").await.0, 200);
    let log = service.log();
    assert_eq!(log.matches("the source does not answer").count(), 1, "an outage is told once:\n{log}");
    assert_eq!(log.matches("the source answers again").count(), 1, "{log}");
}

#[tokio::test]
async fn postgresql_dies_and_comes_back() {
    dies_and_comes_back(Kind::Postgres).await;
}

#[tokio::test]
async fn mariadb_dies_and_comes_back() {
    dies_and_comes_back(Kind::MariaDb).await;
}

/// The store answers, or it did and may do so no more, or it may do so again.
const UP: u8 = 0;
const GOING: u8 = 1;
const DOWN: u8 = 2;
const BACK: u8 = 3;
const END: u8 = 4;
/// Calls that each caller makes at least while the store is as it is.
const CALLS: usize = 20;

/// What came of a call that began and ended in these phases.
struct Seen {
    began: u8,
    ended: u8,
    status: u16,
    verdict: Option<bool>,
    right: bool,
}

/// Calls with right and wrong passwords, one after the other, until the end.
async fn keep_calling(url: String, phase: Arc<AtomicU8>, calls: tokio::sync::mpsc::UnboundedSender<Seen>) {
    let client = reqwest::Client::builder().no_proxy().build().expect("a client");
    for number in 0_u64.. {
        let began = phase.load(Ordering::SeqCst);
        if began == END {
            return;
        }
        let right = number.is_multiple_of(2);
        let body = payload("alice", if right { "correct horse" } else { "wrong" });
        let answer =
            client.post(&url).header("Authorization", SECRET).json(&body).send().await.expect("an answer");
        let status = answer.status().as_u16();
        let text = answer.text().await.expect("text");
        let verdict = text.contains("VERIFIED").then(|| !text.contains("UNVERIFIED"));
        let ended = phase.load(Ordering::SeqCst);
        let _ = calls.send(Seen { began, ended, status, verdict, right });
    }
}

async fn dies_and_comes_back_under_load(kind: Kind) {
    let Some(server) = servers::private(kind) else { return };
    let fill = format!(
        "CREATE TABLE users (id int PRIMARY KEY, login varchar(100), stored varchar(100)); \
         INSERT INTO users VALUES (1, 'alice', '{HORSE}');"
    );
    let url = server.database(&fill).await;
    let folder = tempfile::tempdir().expect("a folder");
    let service = Service::start(folder.path(), &configuration(&url));
    let phase = Arc::new(AtomicU8::new(UP));
    let (sender, mut calls) = tokio::sync::mpsc::unbounded_channel();
    let callers: Vec<_> = (0..6)
        .map(|_| tokio::spawn(keep_calling(service.url(), Arc::clone(&phase), sender.clone())))
        .collect();
    drop(sender);
    let mut seen = Vec::new();
    let mut until = async |phase: u8, seen: &mut Vec<Seen>| {
        let of_phase =
            |seen: &[Seen]| seen.iter().filter(|call| call.began == phase && call.ended == phase).count();
        while of_phase(seen) < 6 * CALLS {
            seen.push(calls.recv().await.expect("callers call"));
        }
    };
    until(UP, &mut seen).await;
    phase.store(GOING, Ordering::SeqCst);
    tokio::task::block_in_place(|| server.stop());
    phase.store(DOWN, Ordering::SeqCst);
    until(DOWN, &mut seen).await;
    // From the moment on in which the server listens again, before anybody has noticed.
    phase.store(GOING, Ordering::SeqCst);
    tokio::task::block_in_place(|| server.start());
    phase.store(BACK, Ordering::SeqCst);
    until(BACK, &mut seen).await;
    phase.store(END, Ordering::SeqCst);
    for caller in callers {
        caller.await.expect("a caller ends");
    }
    for call in &seen {
        match call.status {
            200 => assert_eq!(call.verdict, Some(call.right), "never a wrong verdict"),
            status => assert_eq!((status, call.verdict), (503, None)),
        }
        let expected = match (call.began, call.ended) {
            (UP, UP) | (BACK, _) => 200,
            (DOWN, DOWN) => 503,
            // It happened while the server went or came.
            _ => call.status,
        };
        assert_eq!(call.status, expected, "began in phase {}, ended in {}", call.began, call.ended);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn postgresql_dies_and_comes_back_under_load() {
    dies_and_comes_back_under_load(Kind::Postgres).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn mariadb_dies_and_comes_back_under_load() {
    dies_and_comes_back_under_load(Kind::MariaDb).await;
}
