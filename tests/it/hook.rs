//! The hook, driven over HTTP as Okta drives it, on the real binary.
//!
//! The stored values were made by Python's bcrypt 5.0.0: `bcrypt.hashpw(password, bcrypt.gensalt(cost, b"2a"))`.

use std::io::{Read, Write};
use std::net::TcpStream;

use serde_json::{Value, json};

use crate::service::{SECRET, Service, Store, payload};

const HORSE: &str = "$2a$04$6lkD33oAaE7Ql569WpY1reOvbUrkOL4a/B7AD5ZpcHgt3gGrfO/jq";
const HORSE_SLOW: &str = "$2a$12$1gnqblf/ntbo84vnSYoVQuZFFHY3zMgF5eQN2QfhvPmLiTeGEzNea";
const UMLAUT: &str = "$2a$10$TQrJJ8ygKpUMFWGUbSyXeelkIvBUikLA9dC2bAsMVGXTIGqoCnMSS";
const CANARY: &str = "$2a$10$e1PFBoVZMzT/.cCxY5tUguAT5vtRapnCHMGuF2gytNUjrAhAqAZMm";
const CANARY_PASSWORD: &str = "canary-Pa55word-9f3c";

async fn shop() -> Store {
    Store::with_users(&[
        (1, "alice@example.com", HORSE, true),
        (2, "Böb@example.com", UMLAUT, true),
        (3, "gone@example.com", HORSE, false),
        (4, "twin@example.com", HORSE, true),
        (5, "TWIN@example.com", HORSE, true),
        (6, "torn@example.com", "$2a$04$6lkD33oAaE7Ql569WpY1reOvbUrkOL4a/B7AD5ZpcHgt3gG", true),
        (7, "dear@example.com", "$2a$31$6lkD33oAaE7Ql569WpY1reOvbUrkOL4a/B7AD5ZpcHgt3gGrfO/jq", true),
        (8, "empty@example.com", "", true),
    ])
    .await
}

#[tokio::test]
async fn the_right_password_is_verified_and_a_wrong_one_is_not() {
    let store = shop().await;
    let service = store.start("", "");
    assert_eq!(service.verdict("alice@example.com", "correct horse").await, "VERIFIED");
    assert_eq!(service.verdict("alice@example.com", "correct hors").await, "UNVERIFIED");
    assert_eq!(service.verdict("alice@example.com", "").await, "UNVERIFIED");
    assert_eq!(service.verdict("BÖB", "pässwörd ✓").await, "VERIFIED");
    assert_eq!(service.verdict("BÖB", "password ✓").await, "UNVERIFIED");
    assert_eq!(
        service.verdict("alice@example.com", "correct horse").await,
        "VERIFIED",
        "it stays repeatable"
    );
}

#[tokio::test]
async fn the_username_rules_are_applied_to_what_was_typed() {
    let store = shop().await;
    let service = store.start("", "");
    for typed in ["alice", " ALICE ", "Alice@Example.com"] {
        assert_eq!(service.verdict(typed, "correct horse").await, "VERIFIED", "{typed}");
    }
    assert_eq!(service.verdict("' OR 1=1 --", "correct horse").await, "UNVERIFIED");
}

#[tokio::test]
async fn every_reason_is_kept_apart_in_metrics_log_and_ledger() {
    let store = shop().await;
    let service = store.start("debug_context = true", "");
    for (username, reason) in [
        ("alice@example.com", "wrong password"),
        ("nobody@example.com", "unknown user"),
        ("gone@example.com", "inactive"),
        ("twin@example.com", "ambiguous username"),
        ("torn@example.com", "unreadable hash"),
        ("empty@example.com", "unreadable hash"),
        ("dear@example.com", "too costly"),
    ] {
        let (status, body) = service.call(username, "another password").await;
        assert_eq!(status, 200);
        assert_eq!(body["commands"][0]["value"]["credential"], "UNVERIFIED", "{username}");
        assert_eq!(body["debugContext"]["reason"], reason, "{username}");
        assert_eq!(body["debugContext"]["requestId"], "XiIl6wn7005Rr@fjYqeC7AAABxw");
    }
    // A known, active user with the right password, and an inactive one: the password alone is not enough.
    assert_eq!(service.verdict("gone@example.com", "correct horse").await, "UNVERIFIED");
    let count = |reason: &'static str| {
        let service = &service;
        async move {
            let (_, text) = service.private("/metrics").await;
            let wanted = format!("reason=\"{reason}\"");
            let lines = text
                .lines()
                .filter(|line| line.starts_with("keyferry_decisions_total") && line.contains(&wanted));
            lines.filter_map(|line| line.rsplit(' ').next()?.parse::<u64>().ok()).sum::<u64>()
        }
    };
    assert_eq!(count("wrong password").await, 1);
    assert_eq!(count("unknown user").await, 1);
    assert_eq!(count("inactive").await, 2);
    assert_eq!(count("ambiguous username").await, 1);
    assert_eq!(count("unreadable hash").await, 2);
    assert_eq!(count("too costly").await, 1);
    service.signal("TERM");
    let (status, log) = service.wait();
    assert!(status.success());
    let lines: Vec<Value> = log.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
    let decided: Vec<&Value> = lines.iter().filter(|line| line["message"] == "sign-in").collect();
    assert_eq!(decided.len(), 8, "one line a call");
    let torn = decided.iter().find(|line| line["reason"] == "unreadable hash").expect("a line");
    assert_eq!(torn["source"], "shop");
    assert_eq!(torn["outcome"], "rejected");
    assert_eq!(torn["request_id"], "XiIl6wn7005Rr@fjYqeC7AAABxw");
    assert!(torn["micros"].is_u64() && torn["user"].as_str().is_some_and(|user| user.len() == 16));
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(store.path().join("ledger.db"));
    let ledger = sqlx::SqlitePool::connect_with(options).await.expect("the ledger opens");
    let unreadable: i64 = sqlx::query_scalar("SELECT count(*) FROM events WHERE reason = 'unreadable hash'")
        .fetch_one(&ledger)
        .await
        .expect("a count");
    assert_eq!(unreadable, 2);
}

#[tokio::test]
async fn whatever_there_is_to_verify_a_verification_is_done() {
    let store = shop().await;
    let service = store.start("", "");
    let verifications = || service.metric("keyferry_queue_seconds_count");
    for username in [
        "alice@example.com",
        "nobody@example.com",
        "gone@example.com",
        "twin@example.com",
        "torn@example.com",
    ] {
        let before = verifications().await;
        service.verdict(username, "wrong").await;
        let after = verifications().await;
        assert!((after - before - 1.0).abs() < f64::EPSILON, "{username}: {before} then {after}");
    }
}

#[tokio::test]
async fn answers_carry_a_debug_context_only_when_asked_for() {
    let store = shop().await;
    let service = store.start("", "");
    let (_, body) = service.call("alice", "correct horse").await;
    let command = json!({"type": "com.okta.action.update", "value": {"credential": "VERIFIED"}});
    assert_eq!(body, json!({"commands": [command]}));
}

#[tokio::test]
async fn any_of_the_secrets_lets_in_and_nothing_else() {
    let store = shop().await;
    let service = store.start("", "");
    let body = payload("alice", "correct horse");
    assert_eq!(service.call_with(SECRET, &body).await.0, 200);
    assert_eq!(service.call_with("the next secret", &body).await.0, 200);
    assert_eq!(service.call_with("the next secre", &body).await.0, 401);
    assert_eq!(service.call_with("", &body).await.0, 401);
    let without = service.client.post(service.url()).json(&body).send().await.expect("an answer");
    assert_eq!(without.status(), 401);
}

#[tokio::test]
async fn a_stranger_is_refused_before_the_body_is_read() {
    let store = shop().await;
    let service = store.start("", "");
    let mut stream = TcpStream::connect(service.public).expect("connected");
    // The body is announced and never comes.
    let head = "POST /okta/password-import HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n\
                Content-Length: 1000\r\nAuthorization: wrong\r\n\r\n";
    stream.write_all(head.as_bytes()).expect("sent");
    let mut answer = [0; 12];
    stream.read_exact(&mut answer).expect("an answer");
    assert_eq!(&answer, b"HTTP/1.1 401");
}

#[tokio::test]
async fn a_body_that_never_comes_is_unavailable_at_the_deadline() {
    let store = shop().await;
    let service = store.start("deadline = \"200ms\"", "");
    let mut stream = TcpStream::connect(service.public).expect("connected");
    let head = format!(
        "POST /okta/password-import HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n\
         Content-Length: 1000\r\nAuthorization: {SECRET}\r\n\r\n{{"
    );
    stream.write_all(head.as_bytes()).expect("sent");
    let mut answer = [0; 12];
    stream.read_exact(&mut answer).expect("an answer");
    assert_eq!(&answer, b"HTTP/1.1 503");
}

#[tokio::test]
async fn a_caller_that_goes_away_leaves_a_line_and_no_work() {
    let store = Store::with_users(&[(1, "alice@example.com", HORSE_SLOW, true)]).await;
    let service = store.start("verify_threads = 1", "");
    let mut stream = TcpStream::connect(service.public).expect("connected");
    let body = payload("alice", "correct horse").to_string();
    let head = format!(
        "POST /okta/password-import HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n\
         Content-Length: {}\r\nAuthorization: {SECRET}\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(head.as_bytes()).expect("sent");
    while service.metric("keyferry_in_flight").await < 1.0 {}
    drop(stream);
    while service.metric("keyferry_in_flight").await > 0.0 {}
    service.signal("TERM");
    let (status, log) = service.wait();
    assert!(status.success());
    assert_eq!(log.matches("ended without an answer").count(), 1, "{log}");
    assert_eq!(log.matches("\"sign-in\"").count(), 0, "{log}");
}

#[tokio::test]
async fn each_wrong_request_gets_its_own_status() {
    let store = shop().await;
    let service = store.start("", "");
    let status = |request: reqwest::RequestBuilder| async move {
        request.send().await.expect("an answer").status().as_u16()
    };
    let client = &service.client;
    let hook = || client.post(service.url()).header("Authorization", SECRET);
    let json = || hook().header("Content-Type", "application/json; charset=utf-8");
    let good = payload("alice", "correct horse").to_string();
    assert_eq!(status(json().body(good.clone())).await, 200);
    assert_eq!(status(json().body("{")).await, 400);
    assert_eq!(status(json().body("")).await, 400);
    assert_eq!(status(json().body(good.replace("password.import", "password.other"))).await, 400);
    assert_eq!(status(hook().header("Content-Type", "text/plain").body(good.clone())).await, 415);
    assert_eq!(status(hook().body(good.clone())).await, 415);
    let padded = |size: usize| format!("{good}{}", " ".repeat(size - good.len()));
    assert_eq!(status(json().body(padded(65_536))).await, 200);
    assert_eq!(status(json().body(padded(65_537))).await, 413);
    let stream = || futures_util::stream::iter([Ok::<_, std::io::Error>(padded(65_537))]);
    assert_eq!(status(json().body(reqwest::Body::wrap_stream(stream()))).await, 413);
    assert_eq!(status(client.get(service.url()).header("Authorization", SECRET)).await, 405);
    assert_eq!(status(client.put(service.url()).header("Authorization", SECRET)).await, 405);
    for path in ["/", "/okta", "/okta/password-import/", "/healthz", "/metrics"] {
        assert_eq!(status(client.post(format!("http://{}{path}", service.public))).await, 404, "{path}");
    }
}

#[tokio::test]
async fn a_source_that_is_down_is_unavailable_until_it_is_back() {
    let store = shop().await;
    let moved = store.path().join("moved.db");
    std::fs::rename(store.database(), &moved).expect("moved");
    let service = store.start("", "");
    let (status, body) = service.call("alice", "correct horse").await;
    assert_eq!(status, 503);
    assert_eq!(body, json!({"error": {"errorSummary": "the password cannot be checked now"}}));
    let (status, text) = service.private("/readyz").await;
    assert_eq!(status, 503, "{text}");
    assert_eq!(service.private("/healthz").await.0, 200);
    std::fs::rename(&moved, store.database()).expect("moved back");
    assert_eq!(service.verdict("alice", "correct horse").await, "VERIFIED");
    assert_eq!(service.private("/readyz").await.0, 200);
    assert_eq!(service.verdict("alice", "wrong").await, "UNVERIFIED");
}

#[tokio::test]
async fn a_slow_source_is_unavailable_at_the_deadline() {
    let store = shop().await;
    let endless = "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n WHERE x < 1000000000) \
                   SELECT max(x) AS id, :username AS login, '' AS stored FROM n";
    let configuration = store.configuration("deadline = \"300ms\"", "");
    let lookup = "SELECT id, login, stored, active FROM users WHERE lower(login) = lower(:username)";
    let configuration = configuration
        .replace(lookup, endless)
        .replace("[source.username]", "query_timeout = \"10s\"\n[source.username]");
    let service = Service::start(store.path(), &configuration);
    assert_eq!(service.call("alice", "correct horse").await.0, 503);
    let deadline = "keyferry_decisions_total{outcome=\"unavailable\",reason=\"deadline\"";
    assert!((service.metric(deadline).await - 1.0).abs() < f64::EPSILON);
}

#[tokio::test]
async fn a_full_pool_and_a_passed_deadline_never_give_a_wrong_verdict() {
    let store = Store::with_users(&[(1, "alice@example.com", HORSE_SLOW, true)]).await;
    let service = store.start("deadline = \"400ms\"\nverify_threads = 1", "");
    let calls = (0..24).map(|_| service.call("alice", "correct horse"));
    let answers = futures_util::future::join_all(calls).await;
    assert!(answers.iter().all(|(status, _)| [200, 503].contains(status)), "{answers:?}");
    assert!(answers.iter().any(|(status, _)| *status == 503), "one thread cannot do 24 of cost 12 in 400 ms");
    for (_, body) in answers.iter().filter(|(status, _)| *status == 200) {
        assert_eq!(body["commands"][0]["value"]["credential"], "VERIFIED");
    }
}

#[tokio::test]
async fn calls_in_flight_are_answered_after_sigterm() {
    for signal in ["TERM", "INT"] {
        let store = Store::with_users(&[(1, "alice@example.com", HORSE_SLOW, true)]).await;
        let service = store.start("", "");
        let call = tokio::spawn({
            let request = service.client.post(service.url()).header("Authorization", SECRET);
            request.json(&payload("alice", "correct horse")).send()
        });
        while service.metric("keyferry_in_flight").await < 1.0 {
            assert!(!call.is_finished(), "the call was over before it was seen in flight");
        }
        service.signal(signal);
        let answer = call.await.expect("not cancelled").expect("an answer");
        assert_eq!(answer.status(), 200);
        let body: Value = answer.json().await.expect("JSON");
        assert_eq!(body["commands"][0]["value"]["credential"], "VERIFIED");
        let (status, log) = service.wait();
        assert_eq!(status.code(), Some(0), "{log}");
    }
}

#[tokio::test]
async fn the_ledger_may_be_gone_without_any_sign_in_noticing() {
    let store = shop().await;
    let folder = store.path().display().to_string();
    let configuration = store
        .configuration("", "")
        .replace(&format!("sqlite:{folder}/ledger.db"), &format!("sqlite:{folder}/no-such-folder/ledger.db"));
    let service = Service::start(store.path(), &configuration);
    assert_eq!(service.verdict("alice", "correct horse").await, "VERIFIED");
    assert_eq!(service.verdict("alice", "wrong").await, "UNVERIFIED");
    let (status, text) = service.private("/readyz").await;
    let ready: Value = serde_json::from_str(&text).expect("JSON");
    assert_eq!(
        (status, &ready["status"], &ready["sources"]["shop"]),
        (200, &json!("degraded"), &json!("ok"))
    );
    assert!(service.metric("keyferry_ledger_failing").await > 0.0);
    assert!(service.log().contains("ledger"), "{}", service.log());
}

#[tokio::test]
async fn a_log_reader_that_stalls_stops_no_sign_in() {
    let store = shop().await;
    // The two lines that tell the addresses; after them the pipe fills up: 64 KiB are some 300 lines.
    let service = Service::start_and_read(store.path(), &store.configuration("", ""), 2);
    for _ in 0..600 {
        assert_eq!(service.verdict("alice", "correct horse").await, "VERIFIED");
    }
}

#[tokio::test]
async fn no_password_hash_secret_or_name_is_in_any_log_metric_or_ledger() {
    let store = Store::with_users(&[
        (1, "canaryname@example.com", CANARY, true),
        (2, "canarytorn@example.com", "$2a$10$canaryhash", true),
    ])
    .await;
    let pepper = "[limits]\nbcrypt_cost = 12\n";
    let service = store.start("debug_context = true", pepper);
    let mut seen = String::new();
    for (username, password) in [
        ("canaryname", CANARY_PASSWORD),
        ("canaryname@example.com", "canary-wrong-password"),
        ("canarytorn@example.com", CANARY_PASSWORD),
        ("canarynobody@example.com", CANARY_PASSWORD),
        ("canary\u{0}name", CANARY_PASSWORD),
    ] {
        seen.push_str(&service.call(username, password).await.1.to_string());
    }
    seen.push_str(
        &service.call_with("canary-secret", &payload("canaryname", CANARY_PASSWORD)).await.1.to_string(),
    );
    let broken = payload("canaryname", CANARY_PASSWORD).to_string().replace("\"data\"", "\"canary-data");
    let request = service.client.post(service.url()).header("Authorization", SECRET);
    let answer =
        request.header("Content-Type", "application/json").body(broken).send().await.expect("an answer");
    assert_eq!(answer.status(), 400);
    seen.push_str(&answer.text().await.expect("text"));
    for path in ["/metrics", "/readyz", "/", "/dashboard/state"] {
        seen.push_str(&service.private(path).await.1);
    }
    assert_eq!(service.verdict("canaryname", CANARY_PASSWORD).await, "VERIFIED");
    service.signal("TERM");
    let (_, log) = service.wait();
    assert!(
        log.lines().any(|line| line.contains("\"level\":\"TRACE\"") || line.contains("\"level\":\"DEBUG\""))
    );
    seen.push_str(&log);
    for entry in std::fs::read_dir(store.path()).expect("readable") {
        let path = entry.expect("readable").path();
        if path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("ledger")) {
            seen.push_str(&String::from_utf8_lossy(&std::fs::read(path).expect("readable")));
        }
    }
    assert!(seen.contains("unreadable hash"), "the log and the ledger were really read");
    for secret in ["canary", "Pa55word", "e1PFBoVZMzT", SECRET, "a2V5ZmVycnk6dGVzdA", "the next secret"] {
        if let Some(at) = seen.find(secret) {
            let from = seen[..at].rfind('\n').unwrap_or_default();
            panic!("found {secret} in: {}", seen[from..].chars().take(400).collect::<String>());
        }
    }
}

#[tokio::test]
async fn the_probe_says_whether_the_service_lives() {
    let store = shop().await;
    let service = store.start("", "");
    let probe = |private: &str| {
        std::process::Command::new(env!("CARGO_BIN_EXE_keyferry"))
            .args(["serve", "--probe"])
            .env("KEYFERRY_SERVER__PRIVATE_LISTEN", private)
            .current_dir(store.path())
            .status()
            .expect("it runs")
            .code()
    };
    assert_eq!(probe(&service.private.to_string()), Some(0));
    assert_eq!(probe("127.0.0.1:1"), Some(1));
}
