//! Traces, as a collector gets them: OTLP over HTTP in protobuf, in which texts stand as they are.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Bytes;
use axum::routing::post;

use crate::service::{SECRET, Service, Store, payload};

/// By Python's bcrypt 5.0.0, see `hook.rs`.
const CANARY: &str = "$2a$10$e1PFBoVZMzT/.cCxY5tUguAT5vtRapnCHMGuF2gytNUjrAhAqAZMm";
const CANARY_PASSWORD: &str = "canary-Pa55word-9f3c";
const PATIENCE: Duration = Duration::from_secs(30);

/// A collector on a free port, and what was sent to it.
async fn collector() -> (String, Arc<Mutex<Vec<u8>>>) {
    let sent: Arc<Mutex<Vec<u8>>> = Arc::default();
    let keep = Arc::clone(&sent);
    let take = post(move |body: Bytes| {
        keep.lock().expect("not poisoned").extend_from_slice(&body);
        std::future::ready(())
    });
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    tokio::spawn(async move { axum::serve(listener, Router::new().route("/v1/traces", take)).await });
    (url, sent)
}

async fn shop() -> Store {
    Store::with_users(&[
        (1, "canaryname@example.com", CANARY, true),
        (2, "torn@example.com", "$2a$10$canaryhash", true),
    ])
    .await
}

fn count(bytes: &[u8], text: &[u8]) -> usize {
    bytes.windows(text.len()).filter(|window| *window == text).count()
}

async fn call_with_parent(service: &Service, secret: &str, parent: &str) -> u16 {
    let body = payload("canaryname", CANARY_PASSWORD);
    let call =
        service.client.post(service.url()).header("Authorization", secret).header("traceparent", parent);
    call.json(&body).send().await.expect("an answer").status().as_u16()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_call_leaves_one_trace_with_what_it_waited_for_and_no_name_or_secret() {
    let (url, sent) = collector().await;
    let store = shop().await;
    let telemetry = format!("[telemetry]\notlp = \"{url}\"\nservice_name = \"front-door\"\n");
    let service = store.start("", &telemetry);
    assert_eq!(service.verdict("canaryname", CANARY_PASSWORD).await, "VERIFIED");
    assert_eq!(service.verdict("canaryname", "canary-wrong").await, "UNVERIFIED");
    assert_eq!(service.verdict("torn", CANARY_PASSWORD).await, "UNVERIFIED");
    // A trace of the proxy's goes on here; a stranger's does not even begin.
    let trace = "4bf92f3577b34da6a3ce929d0e0e4736";
    assert_eq!(call_with_parent(&service, SECRET, &format!("00-{trace}-00f067aa0ba902b7-01")).await, 200);
    let stranger = "0af7651916cd43dd8448eb211c80319c";
    assert_eq!(
        call_with_parent(&service, "Basic wrong", &format!("00-{stranger}-b7ad6b7169203331-01")).await,
        401
    );
    service.signal("TERM");
    let (status, log) = service.wait();
    assert!(status.success(), "{log}");
    let sent = sent.lock().expect("not poisoned").clone();
    assert_eq!(count(&sent, b"password import"), 4);
    for stage in ["authenticate", "lookup", "wait", "verify", "record"] {
        assert_eq!(count(&sent, stage.as_bytes()), 4, "{stage}");
    }
    for text in ["front-door", "wrong password", "unreadable hash", "keyferry.scheme", "bcrypt", "shop"] {
        assert!(count(&sent, text.as_bytes()) > 0, "{text}");
    }
    let id = |hex: &str| u128::from_str_radix(hex, 16).expect("an id").to_be_bytes();
    assert!(count(&sent, &id(trace)) >= 6, "the root and its stages are of the caller's trace");
    assert_eq!(count(&sent, &id(stranger)), 0);
    for secret in ["canary", "Pa55word", "e1PFBoVZMzT", "a2V5ZmVycnk6dGVzdA", "66.124.153.138"] {
        assert_eq!(count(&sent, secret.as_bytes()), 0, "{secret}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn so_many_are_traced_as_the_sample_says() {
    let (url, sent) = collector().await;
    let store = shop().await;
    let service = store.start("", &format!("[telemetry]\notlp = \"{url}\"\nsample = 0.000001\n"));
    for _ in 0..20 {
        assert_eq!(service.verdict("torn", "any").await, "UNVERIFIED");
    }
    let trace = "4bf92f3577b34da6a3ce929d0e0e4736";
    assert_eq!(call_with_parent(&service, SECRET, &format!("00-{trace}-00f067aa0ba902b7-01")).await, 200);
    assert_eq!(call_with_parent(&service, SECRET, "00-not-a-parent").await, 200);
    service.signal("TERM");
    service.wait();
    // The chance that any other of the 21 is among them is some one in fifty thousand.
    assert_eq!(count(&sent.lock().expect("not poisoned"), b"password import"), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_collector_that_is_away_or_silent_holds_up_no_sign_in_and_no_stop() {
    let silent = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let silent = format!("http://{}", silent.local_addr().expect("an address"));
    for url in ["http://127.0.0.1:1", &silent] {
        let store = shop().await;
        let service = store.start("", &format!("[telemetry]\notlp = \"{url}\"\n"));
        for _ in 0..20 {
            assert_eq!(service.verdict("torn", "any").await, "UNVERIFIED");
        }
        service.signal("TERM");
        let begun = Instant::now();
        let (status, log) = service.wait();
        assert!(status.success() && begun.elapsed() < PATIENCE, "{url}: {log}");
    }
}

#[test]
fn an_address_that_is_none_is_told() {
    let folder = tempfile::tempdir().expect("a folder");
    for bad in ["https://collector:4318", "collector:4318", "http://", "http://user@collector"] {
        let text = format!("[telemetry]\notlp = \"{bad}\"\n");
        std::fs::write(folder.path().join("keyferry.toml"), text).expect("written");
        let output = std::process::Command::new(env!("CARGO_BIN_EXE_keyferry"))
            .arg("check")
            .current_dir(folder.path())
            .output()
            .expect("keyferry runs");
        assert!(String::from_utf8_lossy(&output.stdout).contains("telemetry.otlp"), "{bad}");
    }
}
