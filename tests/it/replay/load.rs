//! Load: how many calls go out, and what ends them. Against a hook of the test's own, which counts.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use axum::Router;
use axum::body::Bytes;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use axum::routing::post;
use tokio::net::TcpListener;
use tokio::sync::mpsc;

use super::*;

/// What a hook of the test does with the call of this number, from 0.
type Answering = fn(u32) -> Option<StatusCode>;

struct OwnHook {
    url: String,
    calls: Arc<AtomicU32>,
    bodies: mpsc::UnboundedReceiver<Bytes>,
    folder: tempfile::TempDir,
}

/// A hook that answers VERIFIED with 200, errors with others, and never where the status is none.
async fn hook(answering: Answering) -> OwnHook {
    let calls = Arc::new(AtomicU32::new(0));
    let (tell, bodies) = mpsc::unbounded_channel();
    let answer = {
        let calls = Arc::clone(&calls);
        move |body: Bytes| {
            let status = answering(calls.fetch_add(1, Ordering::Relaxed));
            tell.send(body).expect("the test listens");
            async move {
                let Some(status) = status else { std::future::pending().await };
                let verified =
                    r#"{"commands":[{"type":"com.okta.action.update","value":{"credential":"VERIFIED"}}]}"#;
                (status, if status == StatusCode::OK { verified } else { "{}" }).into_response()
            }
        }
    };
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!("http://{}/hook", listener.local_addr().expect("bound"));
    tokio::spawn(async { axum::serve(listener, Router::new().route("/hook", post(answer))).await });
    let folder = tempfile::tempdir().expect("a folder");
    let lines = format!("{}\n{}\n", expecting("a", "b", "VERIFIED"), payload("c", "d"));
    write(folder.path(), "in.jsonl", &lines);
    OwnHook { url, calls, bodies, folder }
}

impl OwnHook {
    async fn replay(&self, arguments: &[&str]) -> Ran {
        let (url, folder) = (self.url.clone(), self.folder.path().to_owned());
        let arguments: Vec<String> = arguments.iter().map(|&argument| argument.to_owned()).collect();
        let run = move || {
            let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
            replay_to(&url, &folder, &[&["in.jsonl", "--json"], &arguments[..]].concat(), "")
        };
        tokio::task::spawn_blocking(run).await.expect("it ran")
    }

    fn count(&self) -> u32 {
        self.calls.load(Ordering::Relaxed)
    }
}

#[tokio::test]
async fn load_sends_as_many_calls_as_were_asked_for() {
    let ok: Answering = |_| Some(StatusCode::OK);
    for (arguments, calls) in [
        (&[][..], 2),
        (&["--concurrency", "8"], 2),
        (&["--rate", "1000"], 2),
        (&["--rate", "200", "--duration", "500ms"], 100),
    ] {
        let hook = hook(ok).await;
        let ran = hook.replay(arguments).await;
        let (lines, summary) = ran.json();
        assert_eq!(ran.code, 0, "{arguments:?} {summary}");
        assert_eq!((hook.count(), lines.len()), (calls, calls as usize), "{arguments:?}");
        assert_eq!(summary["met"], calls / 2, "{summary}");
        assert_eq!((&summary["unsent"], &summary["ended_early"]), (&json!(0), &Value::Null), "{summary}");
    }
    let hook = hook(ok).await;
    let ran = hook.replay(&["--duration", "300ms", "--concurrency", "3"]).await;
    let (lines, summary) = ran.json();
    assert!(hook.count() >= 3 && lines.len() == hook.count() as usize, "{summary}");
    assert!(summary["seconds"].as_f64().expect("seconds") >= 0.3, "{summary}");
}

#[tokio::test]
async fn a_retry_is_okta_s_one_and_a_refusal_gets_none() {
    // The first is asked again and answered, the second stays at 503.
    let flaky: Answering =
        |number| Some(if number == 1 { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE });
    let own = hook(flaky).await;
    let ran = own.replay(&["--retry"]).await;
    let (lines, summary) = ran.json();
    assert_eq!((ran.code, own.count()), (3, 4), "{summary}");
    assert_eq!((&lines[0]["attempts"], &lines[0]["met"]), (&json!(2), &json!(true)));
    assert_eq!(lines[1]["failure"], "status 503");
    assert_eq!(summary["retried"], 2);

    let own = hook(|_| Some(StatusCode::BAD_REQUEST)).await;
    let ran = own.replay(&["--retry"]).await;
    assert_eq!((ran.code, own.count()), (1, 2), "{}", ran.out);
    let own = hook(|_| Some(StatusCode::SERVICE_UNAVAILABLE)).await;
    let ran = own.replay(&[]).await;
    assert_eq!((ran.code, own.count()), (3, 2), "{}", ran.out);
}

#[tokio::test]
async fn a_hook_that_never_answers_costs_three_seconds_and_counts_as_late() {
    let own = hook(|_| None).await;
    let ran = own.replay(&["--concurrency", "2"]).await;
    let (lines, summary) = ran.json();
    assert_eq!(ran.code, 3, "{summary}");
    assert_eq!((&lines[0]["failure"], &lines[0]["status"]), (&json!("no answer in time"), &Value::Null));
    assert_eq!((&summary["late"], &summary["failed"]), (&json!(2), &json!(2)));
    assert!(summary["latency_micros"]["p50"].as_u64() >= Some(3_000_000), "{summary}");
}

#[tokio::test]
async fn events_are_made_anew_only_when_asked_for() {
    for (arguments, ids) in [
        (&["--rate", "100", "--duration", "100ms"][..], 1),
        (&["--rate", "100", "--duration", "100ms", "--fresh"], 10),
    ] {
        let mut own = hook(|_| Some(StatusCode::OK)).await;
        assert_eq!(own.replay(arguments).await.code, 0);
        let mut seen = std::collections::BTreeSet::new();
        for _ in 0..10 {
            let body = own.bodies.recv().await.expect("a call");
            let body: Value = serde_json::from_slice(&body).expect("JSON");
            assert!(body.get("expect").is_none() && body.get("payload").is_none(), "{body}");
            assert_eq!(body["eventTime"] == "2020-01-17T21:23:56.000Z", ids == 1);
            seen.insert(body["eventId"].as_str().expect("an id").to_owned());
        }
        assert_eq!(seen.len(), ids);
    }
}

#[tokio::test]
async fn an_interrupt_tells_what_came_of_it_so_far() {
    // One is answered, the next never.
    let mut own = hook(|number| (number == 0).then_some(StatusCode::OK)).await;
    let child = Command::new(env!("CARGO_BIN_EXE_keyferry"))
        .args(["replay", "in.jsonl", "--json", "--duration", "5m", "--to", &own.url, "--header", "X-Key: a"])
        .current_dir(own.folder.path())
        .stdout(Stdio::piped())
        .spawn()
        .expect("it starts");
    for _ in 0..2 {
        own.bodies.recv().await.expect("a call");
    }
    let sent = Command::new("kill").args(["-s", "INT", &child.id().to_string()]).status();
    assert!(sent.expect("kill runs").success());
    let output =
        tokio::task::spawn_blocking(|| child.wait_with_output()).await.expect("joined").expect("it ends");
    let ran = Ran {
        code: output.status.code().expect("a code"),
        out: String::from_utf8(output.stdout).expect("text"),
        err: String::new(),
    };
    let (lines, summary) = ran.json();
    assert_eq!((ran.code, &lines[0]["verdict"]), (2, &json!("VERIFIED")), "{summary}");
    assert_eq!((&summary["ended_early"], &summary["verified"]), (&json!("SIGINT"), &json!(1)), "{summary}");
    assert!(summary["seconds"].as_f64().expect("seconds") < 300.0, "{summary}");
}

#[test]
fn load_on_another_machine_is_asked_about_and_load_without_bounds_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    write(folder.path(), "in.json", &payload("a", "b").to_string());
    // Reserved for documentation (RFC 5737): nobody is there.
    let ran = replay_to("http://192.0.2.1/hook", folder.path(), &["in.json", "--rate", "1"], "");
    assert_eq!(ran.code, 1, "{}", ran.out);
    for part in ["Load goes to 192.0.2.1", "--yes", "over plain HTTP"] {
        assert!(ran.err.contains(part), "{part}: {}", ran.err);
    }
    for (arguments, part) in [
        (&["--rate", "1000", "--duration", "1h"][..], "more than 500000 calls"),
        (&["--duration", "2h"], "1h at most"),
        (&["--rate", "0"], "from 0.001"),
        (&["--rate", "NaN"], "from 0.001"),
        (&["--concurrency", "100000"], "4096"),
        (&["--bearer", "canary"], "every process can read"),
    ] {
        let ran = replay_to("http://127.0.0.1:9", folder.path(), &[arguments, &["in.json"]].concat(), "");
        assert!(ran.code == 1 && ran.err.contains(part), "{part}: {}", ran.err);
    }
    let ran = replay_to("http://127.0.0.1:9", folder.path(), &["in.json", "--duration", "1m"], "");
    assert_eq!(ran.code, 1, "{}", ran.out);
    assert!(
        ran.out.contains("nobody answers there") && ran.err.contains("cannot be reached"),
        "{}{}",
        ran.out,
        ran.err
    );
}

/// A listener that speaks TLS.
struct Tls(TcpListener, tokio_rustls::TlsAcceptor);

impl axum::serve::Listener for Tls {
    type Io = tokio_rustls::server::TlsStream<tokio::net::TcpStream>;
    type Addr = std::net::SocketAddr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        loop {
            let (stream, address) = axum::serve::Listener::accept(&mut self.0).await;
            // Who does not trust the certificate hangs up.
            if let Ok(stream) = self.1.accept(stream).await {
                return (stream, address);
            }
        }
    }

    fn local_addr(&self) -> std::io::Result<Self::Addr> {
        self.0.local_addr()
    }
}

#[tokio::test]
async fn a_certificate_is_verified_and_a_root_of_one_s_own_trusted_when_named() {
    let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).expect("a certificate");
    let key = rustls::pki_types::PrivateKeyDer::try_from(made.signing_key.serialize_der()).expect("a key");
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], key)
        .expect("fits");
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let port = listener.local_addr().expect("bound").port();
    let verified = r#"{"commands":[{"type":"com.okta.action.update","value":{"credential":"VERIFIED"}}]}"#;
    let router = Router::new().route("/okta/password-import", post(move || async move { verified }));
    tokio::spawn(async move { axum::serve(Tls(listener, Arc::new(config).into()), router).await });

    let mut own = hook(|_| None).await;
    own.url = format!("https://localhost:{port}");
    write(own.folder.path(), "ca.pem", &made.cert.pem());
    let ran = own.replay(&["--ca", "ca.pem"]).await;
    assert_eq!(ran.code, 0, "{}{}", ran.out, ran.err);
    let (_, summary) = ran.json();
    assert_eq!(summary["url"], format!("https://localhost:{port}/okta/password-import"));
    let ran = own.replay(&[]).await;
    assert_eq!(ran.code, 1, "{}{}", ran.out, ran.err);
}
