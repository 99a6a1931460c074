//! Guessing, on the real binary: who has failed too often is rejected as always, and nothing is verified for them.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::servers;
use crate::service::{SECRET, Service, Store, payload};

/// By Python's bcrypt 5.0.0, of "correct horse".
const HORSE: &str = "$2a$04$6lkD33oAaE7Ql569WpY1reOvbUrkOL4a/B7AD5ZpcHgt3gGrfO/jq";
/// Two failures of a user, six of an address, and a window that does not end within a test.
const TWO_AND_SIX: &str =
    "\n[server.throttle]\nfailures_per_user = 2\nfailures_per_address = 6\nwindow = \"10h\"\n";
const PATIENCE: Duration = Duration::from_secs(30);

async fn shop() -> Store {
    Store::with_users(&[
        (1, "alice@example.com", HORSE, true),
        (2, "bob@example.com", HORSE, true),
        (3, "carol@example.com", HORSE, true),
    ])
    .await
}

fn from(address: &str, username: &str, password: &str) -> Value {
    let mut payload = payload(username, password);
    payload["data"]["context"]["request"]["ipAddress"] = json!(address);
    payload
}

async fn verdict(service: &Service, body: &Value) -> (String, String) {
    let (status, answer) = service.call_with(SECRET, body).await;
    assert_eq!(status, 200, "{answer}");
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    (text(&answer["commands"][0]["value"]["credential"]), text(&answer["debugContext"]["reason"]))
}

/// Until the ledger's key is known, names are counted by a key of the process.
async fn knows_the_ledger(service: &Service) {
    assert_eq!(service.verdict("carol", "correct horse").await, "VERIFIED");
    let started = Instant::now();
    while service.metric("keyferry_ledger_written_total").await < 0.5 {
        assert!(started.elapsed() < PATIENCE, "{}", service.log());
    }
}

#[tokio::test]
async fn a_user_who_failed_too_often_is_rejected_without_a_verification() {
    let store = shop().await;
    let service = store.start("debug_context = true", TWO_AND_SIX);
    knows_the_ledger(&service).await;
    let run = async || service.metric("keyferry_queue_seconds_count").await;
    // Any spelling of the name is the same user.
    for name in ["alice", " ALICE@example.com"] {
        assert_eq!(verdict(&service, &payload(name, "guess")).await.1, "wrong password");
    }
    let before = run().await;
    let locked = verdict(&service, &payload("alice@example.com", "correct horse")).await;
    assert_eq!(locked, ("UNVERIFIED".to_owned(), "too many failures".to_owned()));
    assert!((run().await - before).abs() < 0.5, "nothing was verified");
    assert!((service.metric("keyferry_throttled_total{by=\"user\"}").await - 1.0).abs() < 0.5);
    assert!((service.metric("keyferry_locked").await - 1.0).abs() < 0.5);
    assert_eq!(service.verdict("bob@example.com", "correct horse").await, "VERIFIED", "others are not");
    // What was answered differs in nothing from a wrong password, without the debug context that the admin asked for.
    let without = store.start("", TWO_AND_SIX);
    knows_the_ledger(&without).await;
    let mut answers = Vec::new();
    for _ in 0..3 {
        answers.push(without.call("alice@example.com", "guess").await);
    }
    assert!(answers.windows(2).all(|pair| pair[0] == pair[1]), "{answers:?}");
    assert!((without.metric("keyferry_throttled_total{by=\"user\"}").await - 1.0).abs() < 0.5);
}

#[tokio::test]
async fn a_name_that_nobody_has_is_locked_as_one_that_somebody_has() {
    let store = shop().await;
    let service = store.start("debug_context = true", TWO_AND_SIX);
    knows_the_ledger(&service).await;
    let reasons = async |name: &str| {
        let mut reasons = Vec::new();
        for _ in 0..3 {
            reasons.push(verdict(&service, &payload(name, "guess")).await.1);
        }
        reasons
    };
    assert_eq!(reasons("nobody").await, ["unknown user", "unknown user", "too many failures"]);
    assert_eq!(reasons("alice").await, ["wrong password", "wrong password", "too many failures"]);
}

#[tokio::test]
async fn a_right_password_forgets_the_wrong_ones_before() {
    let store = shop().await;
    let service = store.start("debug_context = true", TWO_AND_SIX);
    knows_the_ledger(&service).await;
    for _ in 0..2 {
        assert_eq!(verdict(&service, &payload("alice", "guess")).await.1, "wrong password");
        assert_eq!(service.verdict("alice", "correct horse").await, "VERIFIED");
    }
    assert_eq!(verdict(&service, &payload("alice", "guess")).await.1, "wrong password");
}

#[tokio::test]
async fn an_address_that_tries_many_names_is_locked_and_others_are_not() {
    let store = shop().await;
    let service = store.start("debug_context = true", TWO_AND_SIX);
    knows_the_ledger(&service).await;
    for guess in 0..6 {
        let body = from("192.0.2.7", &format!("name{guess}"), "spring2026");
        assert_eq!(verdict(&service, &body).await.1, "unknown user");
    }
    let body = from("192.0.2.7", "alice", "correct horse");
    assert_eq!(verdict(&service, &body).await.1, "too many failures");
    assert_eq!(verdict(&service, &from("192.0.2.8", "alice", "correct horse")).await.0, "VERIFIED");
    assert!((service.metric("keyferry_throttled_total{by=\"address\"}").await - 1.0).abs() < 0.5);
}

#[tokio::test]
async fn replicas_count_together_by_way_of_a_ledger_on_postgresql() {
    let Some(server) = servers::postgres() else { return };
    let ledger = server.database("").await;
    let (store, other) = (shop().await, shop().await);
    let start = |store: &Store| {
        let own = format!("sqlite:{}/ledger.db", store.path().display());
        let text = store.configuration("debug_context = true", TWO_AND_SIX).replace(&own, &ledger);
        Service::start(store.path(), &text)
    };
    let (one, two) = (start(&store), start(&other));
    knows_the_ledger(&one).await;
    knows_the_ledger(&two).await;
    let locked = async |service: &Service, users: f64| {
        let started = Instant::now();
        while (service.metric("keyferry_locked").await - users).abs() > 0.5 {
            assert!(started.elapsed() < PATIENCE, "{}", service.log());
        }
    };
    // One guess at each: together they are two.
    for service in [&one, &two] {
        assert_eq!(verdict(service, &payload("alice", "guess")).await.1, "wrong password");
    }
    locked(&one, 1.0).await;
    locked(&two, 1.0).await;
    assert_eq!(verdict(&one, &payload("alice", "correct horse")).await.1, "too many failures");
    assert_eq!(verdict(&two, &payload("alice", "correct horse")).await.1, "too many failures");
    assert_eq!(verdict(&two, &payload("bob", "correct horse")).await.0, "VERIFIED");
}
