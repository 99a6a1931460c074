//! The dashboard over HTTP: what its answers carry, who may look, and that it goes on by itself. `browser` looks at it
//! in a real Chromium.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on must fail")]

mod browser;
mod sample;

use std::time::Duration;

use futures_util::StreamExt;
use reqwest::{Response, StatusCode};
use serde_json::Value;

use crate::servers;
use crate::service::{Service, Store};

const TOKEN: &str = "canary-dashboard-token";
/// phpass 0.3, `test.php`.
const PHPASS: &str = "$P$9IQRaTwmfeRo7ud9Fh4E2PdI0S3r.L0";
const RIGHT: &str = "test12345";
/// Longer than any event should take; only a defect reaches it.
const PATIENCE: Duration = Duration::from_secs(30);

async fn store() -> Store {
    let rows = [(1, "canaryperson@example.com", PHPASS, true), (2, "second@example.com", "canaryhash", true)];
    Store::with_users(&rows).await
}

async fn get(service: &Service, path: &str, headers: &[(&str, &str)]) -> Response {
    let mut request = service.client.get(format!("http://{}{path}", service.private));
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.send().await.unwrap()
}

async fn state(service: &Service) -> Value {
    get(service, "/dashboard/state", &[]).await.json().await.unwrap()
}

/// The states of a stream, one after the other.
struct Events {
    response: Response,
    text: String,
}

impl Events {
    async fn open(service: &Service) -> Self {
        let response = get(service, "/dashboard/events", &[]).await;
        assert_eq!(response.status(), StatusCode::OK);
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        Self { response, text: String::new() }
    }

    /// None at the end of the stream.
    async fn next(&mut self) -> Option<Value> {
        loop {
            if let Some(end) = self.text.find("\n\n") {
                let event: String = self.text.drain(..end + 2).collect();
                if let Some(data) = event.strip_prefix("event: state\ndata: ") {
                    return Some(serde_json::from_str(data).unwrap());
                }
                continue;
            }
            let chunk = self.response.chunk().await.ok()??;
            self.text.push_str(std::str::from_utf8(&chunk).unwrap());
        }
    }

    async fn until(&mut self, condition: impl Fn(&Value) -> bool) -> Value {
        let found = async {
            loop {
                let state = self.next().await.expect("the stream goes on");
                if condition(&state) {
                    return state;
                }
            }
        };
        tokio::time::timeout(PATIENCE, found).await.expect("such a state")
    }
}

#[tokio::test]
async fn every_answer_keeps_strangers_and_caches_out() {
    let store = store().await;
    let service = store.start("", "");
    let kinds = [
        ("/", "text/html; charset=utf-8"),
        ("/dashboard.css", "text/css; charset=utf-8"),
        ("/dashboard.js", "text/javascript; charset=utf-8"),
        ("/dashboard-charts.js", "text/javascript; charset=utf-8"),
        ("/dashboard.svg", "image/svg+xml"),
        ("/dashboard/state", "application/json"),
        ("/dashboard/events", "text/event-stream"),
    ];
    for (path, kind) in kinds {
        let answer = get(&service, path, &[]).await;
        assert_eq!(answer.status(), StatusCode::OK, "{path}");
        let headers = answer.headers();
        assert_eq!(headers["content-type"], kind, "{path}");
        assert_eq!(
            headers["content-security-policy"],
            "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; \
             base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
            "{path}"
        );
        assert_eq!(headers["x-content-type-options"], "nosniff", "{path}");
        assert_eq!(headers["referrer-policy"], "no-referrer", "{path}");
        assert_eq!(headers["x-frame-options"], "DENY", "{path}");
        assert_eq!(headers["cache-control"], "no-store", "{path}");
        let rebound = get(&service, path, &[("Host", "evil.example:9090")]).await;
        assert_eq!(rebound.status(), StatusCode::MISDIRECTED_REQUEST, "{path}");
        assert!(!rebound.text().await.unwrap().contains("figures"), "{path}");
        let local = format!("localhost:{}", service.private.port());
        assert_eq!(get(&service, path, &[("Host", &local)]).await.status(), StatusCode::OK, "{path}");
    }
    assert_eq!(get(&service, "/elsewhere", &[]).await.status(), StatusCode::NOT_FOUND);
    let public = service.client.get(format!("http://{}/", service.public)).send().await.unwrap();
    assert_eq!(public.status(), StatusCode::NOT_FOUND, "never on the public listener");
    let forged = service.client.post(format!("http://{}/dashboard/sign-out", service.private));
    let forged = forged.header("Origin", "http://evil.example").send().await.unwrap();
    assert_eq!(forged.status(), StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn a_token_guards_the_dashboard_alone_and_is_told_nowhere() {
    let store = store().await;
    let folder = store.path().to_owned();
    let service = store.start("", &format!("[server.dashboard]\ntoken = \"{TOKEN}\""));
    for path in ["/", "/dashboard/state", "/dashboard/events"] {
        assert_eq!(get(&service, path, &[]).await.status(), StatusCode::UNAUTHORIZED, "{path}");
    }
    for path in ["/healthz", "/readyz", "/metrics"] {
        assert_eq!(get(&service, path, &[]).await.status(), StatusCode::OK, "{path}");
    }
    let bearer = format!("Bearer {TOKEN}");
    let named = [("Authorization", bearer.as_str()), ("Host", "keyferry.internal")];
    assert_eq!(get(&service, "/dashboard/state", &named).await.status(), StatusCode::OK, "any name will do");

    let form = async |token: &str| {
        let body = format!("token={token}");
        let request = service.client.post(format!("http://{}/dashboard/sign-in", service.private));
        request.header("Content-Type", "application/x-www-form-urlencoded").body(body).send().await.unwrap()
    };
    let right = form(TOKEN).await;
    // The client follows to the page, and keeps no cookies.
    assert_eq!(right.url().path(), "/");
    let mut refused = Vec::new();
    for _ in 0..7 {
        let wrong = form("canary-wrong-guess").await;
        assert!(wrong.headers().get("set-cookie").is_none());
        refused.push(wrong.status().as_u16());
    }
    assert_eq!(refused[..5], [401; 5]);
    assert!(refused[5..].contains(&429), "guessing has to wait: {refused:?}");
    let large = service.client.post(format!("http://{}/dashboard/sign-in", service.private));
    let large = large.body(format!("token={}", "x".repeat(10_000))).send().await.unwrap();
    assert_eq!(large.status(), StatusCode::BAD_REQUEST);

    service.signal("TERM");
    let (_, log) = service.wait();
    assert!(!log.contains("canary-dashboard") && !log.contains("canary-wrong"), "{log}");
    let ledger = std::fs::read(folder.join("ledger.db")).unwrap();
    assert!(!ledger.windows(TOKEN.len()).any(|window| window == TOKEN.as_bytes()));
}

#[tokio::test]
async fn a_sign_in_arrives_by_the_stream_and_nobody_is_named() {
    let store = store().await;
    let service = store.start("", "");
    let mut events = Events::open(&service).await;
    let first = events.next().await.unwrap();
    assert_eq!(first["headline"]["level"], "good");
    assert_eq!(first["sign_ins"]["minute"], serde_json::json!([0, 0, 0]));

    assert_eq!(service.verdict("canaryperson@example.com", RIGHT).await, "VERIFIED");
    assert_eq!(service.verdict("canaryperson@example.com", "canarypassword").await, "UNVERIFIED");
    assert_eq!(service.verdict("canarystranger@example.com", "canarypassword").await, "UNVERIFIED");
    assert_eq!(service.verdict("second@example.com", "canarypassword").await, "UNVERIFIED");
    events
        .until(|state| state["sign_ins"]["hour"]["counts"].as_array().unwrap().iter().any(|c| c[0] == 1))
        .await;
    let all = |state: &Value| state["figures"]["summary"]["decisions"]["total"]["rejected"] == 3;
    let told = events.until(all).await;
    assert_eq!(told["figures"]["progress"]["verified"], 1);
    assert_eq!(told["figures"]["unknown_users"], 1);
    let problems: Vec<&str> =
        told["problems"].as_array().unwrap().iter().map(|of| of["what"].as_str().unwrap()).collect();
    assert_eq!(problems, ["Stored values of source shop cannot be read"]);
    assert_eq!(told["latency"]["decisions"], 4);
    assert_eq!(told["sources"][0]["level"], "good");
    let text = told.to_string() + &state(&service).await.to_string();
    for secret in ["canary", "second@", "example.com", PHPASS, RIGHT] {
        assert!(!text.contains(secret), "{secret} in {text}");
    }
}

#[tokio::test]
async fn streams_end_with_the_service_and_are_so_many_at_most() {
    let store = store().await;
    let service = store.start("shutdown_grace = \"20s\"", "");
    let mut streams = Vec::new();
    for _ in 0..32 {
        let mut events = Events::open(&service).await;
        assert!(events.next().await.is_some());
        streams.push(events);
    }
    let more = get(&service, "/dashboard/events", &[]).await;
    assert_eq!(more.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(more.headers()["retry-after"], "30");
    drop(streams.pop());
    service.signal("TERM");
    for events in &mut streams {
        let end = async { while events.next().await.is_some() {} };
        tokio::time::timeout(PATIENCE, end).await.expect("the stream ends");
    }
    let (status, log) = service.wait();
    assert!(status.success());
    assert!(!log.contains("still in flight"), "{log}");
}

#[tokio::test]
async fn where_everybody_could_look_it_is_off_and_says_how_to_switch_it_on() {
    let store = store().await;
    let open = store
        .configuration("", "")
        .replace("private_listen = \"127.0.0.1:0\"", "private_listen = \"0.0.0.0:0\"");
    let service = Service::start(store.path(), &open);
    let local = format!("http://127.0.0.1:{}", service.private.port());
    let answer = service.client.get(format!("{local}/")).send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::FORBIDDEN);
    assert!(answer.text().await.unwrap().contains("[server.dashboard]"));
    let answer = service.client.get(format!("{local}/dashboard/state")).send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::NOT_FOUND);
    assert_eq!(service.client.get(format!("{local}/healthz")).send().await.unwrap().status(), StatusCode::OK);
    drop(service);
    let service = store.start("", "[server.dashboard]\nenabled = false");
    assert_eq!(get(&service, "/", &[]).await.status(), StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn what_was_before_a_restart_is_recalled_from_the_ledger() {
    let store = store().await;
    sample::fill(&store.path().join("ledger.db")).await;
    let service = store.start("", "");
    let mut events = Events::open(&service).await;
    let counted = |state: &Value| -> u64 {
        let counts = state["sign_ins"]["day"]["counts"].as_array().unwrap();
        counts.iter().flat_map(|count| count.as_array().unwrap()).map(|count| count.as_u64().unwrap()).sum()
    };
    let told = events.until(|state| counted(state) > 0 && !state["figures"].is_null()).await;
    let last_day = &told["figures"]["summary"]["decisions"]["last_day"];
    let all: u64 =
        ["verified", "rejected", "unavailable"].map(|kind| last_day[kind].as_u64().unwrap()).iter().sum();
    // The oldest bar is cut where its quarter of an hour begins.
    assert!(counted(&told) > all * 9 / 10 && counted(&told) <= all, "{} of {all}", counted(&told));
    let doubtful = &told["figures"]["formats"][0];
    assert_eq!((&doubtful["mapping"], &doubtful["success_permille"]), (&"doubtful".into(), &0.into()));
}

#[tokio::test]
async fn a_ledger_that_goes_leaves_its_figures_with_their_age() {
    let Some(server) = servers::private(servers::Kind::Postgres) else { return };
    let store = store().await;
    let here = format!("sqlite:{}/ledger.db", store.path().display());
    let configuration = store.configuration("", "").replace(&here, &server.database("").await);
    let service = Service::start(store.path(), &configuration);
    let mut events = Events::open(&service).await;
    assert_eq!(service.verdict("canaryperson@example.com", RIGHT).await, "VERIFIED");
    let known = |state: &Value| state["figures"]["progress"]["verified"] == 1;
    let before = events.until(known).await;
    assert_eq!((&before["ledger"]["stale"], &before["headline"]["level"]), (&false.into(), &"good".into()));

    server.stop();
    let away = events.until(|state| state["ledger"]["stale"] == true).await;
    assert!(known(&away), "the figures stay");
    assert!(away["ledger"]["read_at"].as_u64() >= before["ledger"]["read_at"].as_u64());
    assert_eq!(away["headline"]["words"], "The ledger cannot be reached; sign-ins go on");
    assert_eq!(away["headline"]["level"], "warning");
    assert_eq!(service.verdict("canaryperson@example.com", RIGHT).await, "VERIFIED");

    server.start();
    let back =
        events.until(|state| state["ledger"]["stale"] == false && state["headline"]["level"] == "good").await;
    assert!(back["ledger"]["read_at"].as_u64() > away["ledger"]["read_at"].as_u64());
}

#[tokio::test]
async fn a_stranger_s_call_is_told_and_many_are_a_headline() {
    let store = store().await;
    let service = store.start("", "");
    let mut events = Events::open(&service).await;
    let call = crate::service::payload("canaryperson@example.com", RIGHT);
    service.call_with("not the secret", &call).await;
    let one = events.until(|state| state["problems"][0]["times"] == 1).await;
    assert_eq!(one["problems"][0]["what"], "Calls without the right secret were refused");
    assert_eq!(one["headline"]["level"], "good");
    for _ in 0..9 {
        service.call_with("not the secret", &call).await;
    }
    let many = events.until(|state| state["problems"][0]["times"] == 10).await;
    assert_eq!(many["headline"]["level"], "warning");
}

#[tokio::test]
async fn a_stream_that_nobody_reads_holds_up_nobody() {
    let store = store().await;
    let service = store.start("", "");
    let stalled = get(&service, "/dashboard/events", &[]).await.bytes_stream();
    let mut stalled = std::pin::pin!(stalled);
    assert!(stalled.next().await.is_some());
    let mut events = Events::open(&service).await;
    assert_eq!(service.verdict("canaryperson@example.com", RIGHT).await, "VERIFIED");
    events.until(|state| state["figures"]["progress"]["verified"] == 1).await;
}
