//! Okta's event hook, driven over HTTP as Okta drives it, on the real binary and on ledgers of both kinds.
//!
//! The stored value was made by Python's bcrypt 5.0.0, see `hook.rs`.

pub(crate) mod seeded;

use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use sqlx::ConnectOptions;
use sqlx::sqlite::SqliteConnectOptions;

use crate::servers::{self, Kind};
use crate::service::{SECRET, Service, Store};
use seeded::{ledger_of, seed, states};

const HORSE: &str = "$2a$04$6lkD33oAaE7Ql569WpY1reOvbUrkOL4a/B7AD5ZpcHgt3gGrfO/jq";

/// A delivery, after the example of Okta's event hook guide.
fn delivery(events: &[Value]) -> Value {
    json!({
        "eventType": "com.okta.event_hook",
        "eventTypeVersion": "1.0",
        "cloudEventsVersion": "0.1",
        "contentType": "application/json",
        "eventId": "b5a188b9-5ece-4636-b041-482ffda96311",
        "eventTime": "2019-03-27T16:59:53.032Z",
        "source": "https://example.okta.com/api/v1/eventHooks/whoql0HfiLGPWc8Jx0g3",
        "data": {"events": events},
    })
}

/// An event of the System Log, after the same example.
fn event(number: u32, kind: &str, result: &str, id: &str, login: &str) -> Value {
    json!({
        "version": "0",
        "severity": "INFO",
        "client": {"zone": "OFF_NETWORK", "ipAddress": "12.97.85.90"},
        "actor": {"id": id, "type": "User", "alternateId": login, "displayName": "canaryname"},
        "outcome": {"result": result},
        "uuid": format!("f790999f-fe87-467a-9880-{number:012}"),
        "published": format!("2026-03-28T22:23:{:02}.777Z", number % 60),
        "eventType": kind,
        "displayMessage": "Import password",
        "target": [{"id": id, "type": "User", "alternateId": login, "displayName": "canaryname"}],
    })
}

fn import(number: u32, result: &str, id: &str, login: &str) -> Value {
    event(number, "user.import.password", result, id, login)
}

fn url(service: &Service) -> String {
    format!("http://{}/okta/events", service.public)
}

async fn deliver(service: &Service, events: &[Value]) -> u16 {
    let request = service.client.post(url(service)).header("Authorization", SECRET).json(&delivery(events));
    let answer = request.send().await.expect("an answer");
    let status = answer.status().as_u16();
    let body = answer.text().await.expect("text");
    assert!(status != 200 || body.is_empty(), "Okta asks for an empty body: {body}");
    status
}

/// A store of one user, for the sign-ins; the ledger goes by other users.
async fn shop() -> Store {
    Store::with_users(&[(1, "alice@example.com", HORSE, true)]).await
}

fn with_ledger(store: &Store, server: &str, ledger: &str) -> String {
    let folder = store.path().display();
    store.configuration(server, "").replace(&format!("sqlite:{folder}/ledger.db"), ledger)
}

/// The service, with its ledger connected: a delivery before that is to be sent again.
async fn start(folder: &Path, configuration: &str) -> Service {
    let service = Service::start(folder, configuration);
    while !service.private("/readyz").await.1.contains("\"ledger\":\"ok\"") {}
    service
}

#[tokio::test]
async fn okta_s_challenge_is_answered_to_okta_alone() {
    let store = shop().await;
    let service = store.start("", "");
    let challenge = |secret: &str, values: &[&str]| {
        let mut request = service.client.get(url(&service)).header("Authorization", secret);
        for value in values {
            request = request.header("X-Okta-Verification-Challenge", *value);
        }
        async move {
            let answer = request.send().await.expect("an answer");
            (answer.status().as_u16(), answer.json::<Value>().await.expect("JSON"))
        }
    };
    let (status, body) = challenge(SECRET, &["ovb5_Ea7-pV.x\"q"]).await;
    assert_eq!((status, body), (200, json!({"verification": "ovb5_Ea7-pV.x\"q"})));
    assert_eq!(challenge("the next secret", &["x"]).await.0, 200, "any of the secrets");
    assert_eq!(challenge("wrong", &["x"]).await.0, 401);
    for bad in [&[][..], &["a b"], &["a", "a"], &["x".repeat(1025).as_str()]] {
        assert_eq!(challenge(SECRET, bad).await.0, 400);
    }
}

#[tokio::test]
async fn each_wrong_delivery_gets_its_own_status() {
    let store = shop().await;
    let service = start(store.path(), &store.configuration("", "")).await;
    let status = |request: reqwest::RequestBuilder| async move {
        request.send().await.expect("an answer").status().as_u16()
    };
    let post = || service.client.post(url(&service)).header("Authorization", SECRET);
    let json = || post().header("Content-Type", "application/json");
    let good = delivery(&[import(1, "SUCCESS", "00u1", "a@example.com")]).to_string();
    assert_eq!(status(json().body(good.clone())).await, 200);
    assert_eq!(status(json().body("{")).await, 400);
    assert_eq!(status(json().body(good.replace("\"events\"", "\"others\""))).await, 400);
    assert_eq!(status(json().body(good.replace("com.okta.event_hook", "com.okta.other"))).await, 400);
    assert_eq!(status(post().body(good.clone())).await, 415);
    let padded = |size: usize| format!("{good}{}", " ".repeat(size - good.len()));
    assert_eq!(status(json().body(padded(1024 * 1024))).await, 200);
    assert_eq!(status_of_head(&service, SECRET, 1024 * 1024 + 1), 413);
    assert_eq!(status(service.client.put(url(&service)).header("Authorization", SECRET)).await, 405);
    let wrong = service.client.post(url(&service)).header("Authorization", "wrong").json(&delivery(&[]));
    assert_eq!(status(wrong).await, 401);
    for (status, answers) in [(200, 2.0), (400, 3.0), (401, 1.0), (413, 1.0), (415, 1.0)] {
        let metric = format!("keyferry_event_deliveries_total{{status=\"{status}\"}}");
        assert!((service.metric(&metric).await - answers).abs() < f64::EPSILON, "{metric}");
    }
}

#[tokio::test]
async fn a_stranger_is_refused_before_the_body_is_read() {
    let store = shop().await;
    let service = store.start("", "");
    assert_eq!(status_of_head(&service, "wrong", 1000), 401);
}

/// What a delivery is answered whose body is announced and never comes.
fn status_of_head(service: &Service, secret: &str, length: usize) -> u16 {
    let mut stream = TcpStream::connect(service.public).expect("connected");
    let head = format!(
        "POST /okta/events HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n\
         Content-Length: {length}\r\nAuthorization: {secret}\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).expect("sent");
    let mut answer = [0; 12];
    stream.read_exact(&mut answer).expect("an answer");
    std::str::from_utf8(&answer[9..]).expect("text").parse().expect("a status")
}

async fn any_order_and_any_number(store: &Store, ledger: &str) {
    let users = [
        ("1", "one@example.com", "00u1"),
        ("2", "two@example.com", "00u2"),
        ("3", "three@example.com", "00u3"),
    ];
    seed(&ledger_of(ledger).await, &users).await;
    let service = start(store.path(), &with_ledger(store, "", ledger)).await;
    let one = import(1, "SUCCESS", "00u1", "one@example.com");
    let failed = import(2, "FAILURE", "00u2", "two@example.com");
    let two = import(3, "SUCCESS", "00u2", "two@example.com");
    let three_failed = import(4, "FAILURE", "00u3", "three@example.com");
    let others = [
        import(5, "SUCCESS", "00u9", "stranger@example.com"),
        event(6, "user.session.start", "SUCCESS", "00u3", "three@example.com"),
        json!({"eventType": "user.import.password"}),
    ];
    // The failure comes after the success that it came before, and everything comes again.
    assert_eq!(deliver(&service, &[two.clone(), one.clone()]).await, 200);
    assert_eq!(deliver(&service, &[failed.clone(), three_failed.clone()]).await, 200);
    assert_eq!(deliver(&service, &[one.clone(), failed, two, one]).await, 200);
    assert_eq!(deliver(&service, &others).await, 200);
    assert_eq!(deliver(&service, &[]).await, 200);
    let told = states(&ledger_of(ledger).await, &users).await;
    assert_eq!(told, ["confirmed", "confirmed", "seeded"]);
    for (outcome, events) in [
        ("confirmed", 2.0),
        ("known", 3.0),
        ("failure", 3.0),
        ("unknown user", 1.0),
        ("ignored", 1.0),
        ("unreadable", 1.0),
    ] {
        let metric = format!("keyferry_events_total{{outcome=\"{outcome}\"}}");
        assert!((service.metric(&metric).await - events).abs() < f64::EPSILON, "{metric}");
    }
    service.signal("TERM");
    let (_, log) = service.wait();
    let lines = log.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let lines: Vec<Value> = lines.filter(|line| line["message"] == "events").collect();
    assert_eq!(lines.len(), 5, "one line a delivery: {log}");
    assert_eq!((&lines[0]["confirmed"], &lines[2]["known"]), (&json!(2), &json!(3)));
    assert_eq!(lines[0]["delivery"], "b5a188b9-5ece-4636-b041-482ffda96311");
    for name in ["example.com", "00u1", "00u2", "00u9", "canaryname"] {
        assert!(!log.contains(name), "{name} is in the log");
    }
}

#[tokio::test]
async fn deliveries_in_any_order_and_any_number_come_to_the_same_on_sqlite() {
    let store = shop().await;
    let ledger = format!("sqlite:{}/ledger.db", store.path().display());
    any_order_and_any_number(&store, &ledger).await;
}

#[tokio::test]
async fn deliveries_in_any_order_and_any_number_come_to_the_same_on_postgresql() {
    let Some(server) = servers::postgres() else { return };
    let ledger = server.database("SELECT 1").await;
    any_order_and_any_number(&shop().await, &ledger).await;
}

#[tokio::test]
async fn a_user_of_unknown_effect_is_found_by_login() {
    let store = shop().await;
    let ledger = format!("sqlite:{}/ledger.db", store.path().display());
    let users = [("1", "One@example.com", "")];
    seed(&ledger_of(&ledger).await, &users).await;
    assert_eq!(states(&ledger_of(&ledger).await, &users).await, ["sending"]);
    let service = start(store.path(), &store.configuration("", "")).await;
    assert_eq!(deliver(&service, &[import(1, "SUCCESS", "00u1", "one@EXAMPLE.com")]).await, 200);
    assert_eq!(states(&ledger_of(&ledger).await, &users).await, ["confirmed"]);
}

#[tokio::test]
async fn a_ledger_that_is_not_there_asks_okta_to_try_again_and_disturbs_no_sign_in() {
    let store = shop().await;
    let ledger = format!("sqlite:{}/later/ledger.db", store.path().display());
    let service = Service::start(store.path(), &with_ledger(&store, "", &ledger));
    let arrived = import(1, "SUCCESS", "00u1", "one@example.com");
    assert_eq!(deliver(&service, std::slice::from_ref(&arrived)).await, 503);
    assert_eq!(deliver(&service, &[]).await, 200, "nothing is to be written");
    assert_eq!(service.verdict("alice", "correct horse").await, "VERIFIED");
    std::fs::create_dir(store.path().join("later")).expect("made");
    while deliver(&service, std::slice::from_ref(&arrived)).await != 200 {}
    assert!(service.log().contains("keyferry reconcile"), "{}", service.log());
}

#[tokio::test]
async fn a_locked_ledger_is_waited_for_no_longer_than_okta_waits() {
    let store = shop().await;
    let ledger = format!("sqlite:{}/ledger.db", store.path().display());
    let users = [("1", "one@example.com", "00u1")];
    seed(&ledger_of(&ledger).await, &users).await;
    let service = start(store.path(), &store.configuration("", "")).await;
    let options = SqliteConnectOptions::new().filename(store.path().join("ledger.db"));
    let mut other = options.connect().await.expect("the ledger opens");
    sqlx::query("BEGIN IMMEDIATE").execute(&mut other).await.expect("locked");
    let arrived = [import(1, "SUCCESS", "00u1", "one@example.com")];
    let began = Instant::now();
    // More than are taken at a time: those who wait for a place are answered in time as well.
    let deliveries = futures_util::future::join_all((0..12).map(|_| deliver(&service, &arrived)));
    let sign_ins = async {
        for _ in 0..20 {
            assert_eq!(service.verdict("alice", "correct horse").await, "VERIFIED");
        }
    };
    let (statuses, ()) = tokio::join!(deliveries, sign_ins);
    assert!(began.elapsed() < Duration::from_secs(3), "Okta waits for 3 s");
    assert_eq!(statuses, [503; 12]);
    sqlx::query("COMMIT").execute(&mut other).await.expect("unlocked");
    while deliver(&service, &arrived).await != 200 {}
    assert_eq!(states(&ledger_of(&ledger).await, &users).await, ["confirmed"]);
}

#[tokio::test]
async fn a_server_that_crashes_under_the_ledger_loses_no_arrival() {
    let Some(server) = servers::private(Kind::Postgres) else { return };
    let ledger = server.database("SELECT 1").await;
    let users = [("1", "one@example.com", "00u1"), ("2", "two@example.com", "00u2")];
    seed(&ledger_of(&ledger).await, &users).await;
    let store = shop().await;
    let service = start(store.path(), &with_ledger(&store, "", &ledger)).await;
    assert_eq!(deliver(&service, &[import(1, "SUCCESS", "00u1", "one@example.com")]).await, 200);
    server.stop();
    let two = [import(2, "SUCCESS", "00u2", "two@example.com")];
    assert_eq!(deliver(&service, &two).await, 503);
    assert_eq!(service.verdict("alice", "correct horse").await, "VERIFIED");
    server.start();
    while deliver(&service, &two).await != 200 {}
    assert_eq!(states(&ledger_of(&ledger).await, &users).await, ["confirmed", "confirmed"]);
}

#[tokio::test]
async fn the_event_hook_may_have_its_own_path_and_secret_or_be_switched_off() {
    let store = shop().await;
    let configuration = store.configuration("events_path = \"/elsewhere\"", "").replace(
        "[ledger]",
        "[server.events_auth]\nheader = [{ name = \"X-Events\", secret = \"another\" }]\n[ledger]",
    );
    let service = start(store.path(), &configuration).await;
    let status = |path: &str, header: &str, secret: &str| {
        let url = format!("http://{}{path}", service.public);
        let request = service.client.post(url).header(header, secret).json(&delivery(&[]));
        async move { request.send().await.expect("an answer").status().as_u16() }
    };
    assert_eq!(status("/elsewhere", "X-Events", "another").await, 200);
    assert_eq!(status("/elsewhere", "Authorization", SECRET).await, 401);
    assert_eq!(status("/okta/events", "X-Events", "another").await, 404);
    assert_eq!(status("/okta/password-import", "X-Events", "another").await, 401);
    drop(service);
    let service = store.start("events_path = \"\"", "");
    assert_eq!(deliver(&service, &[]).await, 404);
}
