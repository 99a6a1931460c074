//! Rotation, while sign-ins go on.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use super::stage::{NEXT, Stage, USERS};
use crate::service::SECRET;

#[tokio::test(flavor = "multi_thread")]
async fn a_new_secret_takes_over_while_sign_ins_go_on() {
    let mut stage = Stage::new().await;
    let both = stage.configuration();
    let next_entry = format!("  {{ name = \"Authorization\", secret = \"{NEXT}\" }},\n");
    let only_old = both.replace(&next_entry, "");
    assert_ne!(only_old, both);
    stage.start_anew(&only_old);
    stage.run(&["register", "--url", &stage.public()]).await.ended(0);
    stage.run(&["rotate", "--to", "0"]).await.ended(1).says(&["the only entry", "--generate"]);

    // A new secret, in a file that was not there.
    let told = stage.run(&["rotate", "--generate", "new.secret"]).await.ended(0);
    told.says(&["hook rotate --to 1", "[server.auth]"]);
    let secret = std::fs::read_to_string(stage.store.path().join("new.secret")).expect("made");
    assert!(secret.starts_with("Basic ") && secret.len() == "Basic ".len() + 44 + 1, "32 bytes in base64");
    assert!(!told.out.contains(secret.trim_end().trim_start_matches("Basic ")), "{}", told.out);
    stage.run(&["rotate", "--generate", "new.secret"]).await.ended(1).says(&["new.secret", "exists"]);
    let line = told.out.lines().find(|line| line.contains("secret = \"file:")).expect("a line to add").trim();

    // The line goes into the configuration as it was printed, and the service starts anew.
    let old_entry = format!("  {{ name = \"Authorization\", secret = \"{SECRET}\" }},\n");
    let with_new = only_old.replace(&old_entry, &format!("{old_entry}  {line}\n"));
    assert_ne!(with_new, only_old);
    stage.start_anew(&with_new);

    let done = AtomicBool::new(false);
    let rotating = async {
        let told = stage.run(&["rotate", "--to", "1"]).await;
        done.store(true, Ordering::Relaxed);
        told
    };
    let signing_in = async {
        let mut next = 1;
        while !done.load(Ordering::Relaxed) && next < USERS {
            assert_eq!(stage.first_sign_in(next).await, 200, "user {next}");
            next += 1;
        }
        next
    };
    let (told, next) = tokio::join!(rotating, signing_in);
    told.ended(0).says(&["sends the secret of server.auth.header[1] now", "server.auth.header[0] no more"]);
    assert!(next > 2, "sign-ins went on");
    let metric = async |status: &str| {
        stage.service.metric(&format!("keyferry_http_answers_total{{status=\"{status}\"}}")).await
    };
    assert!(metric("200").await >= 3.0, "the metric has this name");
    assert!(metric("401").await < 0.5, "no call was refused");

    // Without the old one.
    stage.start_anew(&with_new.replace(&old_entry, ""));
    stage.run(&["test"]).await.ended(0);
    assert_eq!(stage.first_sign_in(next).await, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_that_the_service_does_not_know_never_gets_into_okta() {
    let stage = Stage::new().await;
    stage.run(&["register", "--url", &stage.public()]).await.ended(0);
    let before = stage.inline_hooks().await;
    stage.write("other.toml", &stage.configuration().replace(NEXT, "canary unknown"));
    let told = stage.run(&["rotate", "--to", "1", "--config", "other.toml"]).await.ended(1);
    told.says(&["Nothing was changed in Okta", "server.auth.header[1]", "Start it anew"]);
    assert_eq!(stage.inline_hooks().await, before, "untouched");
    stage.run(&["test"]).await.ended(0);
    assert_eq!(stage.first_sign_in(1).await, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_fails_is_not_rotated() {
    let stage = Stage::new().await;
    stage.run(&["register", "--url", &stage.public()]).await.ended(0);
    let before = stage.inline_hooks().await;
    stage.store.execute("ALTER TABLE users RENAME TO gone").await;
    stage.run(&["rotate", "--to", "1"]).await.ended(1).says(&["nothing was changed", "a source is down"]);
    assert_eq!(stage.inline_hooks().await, before, "untouched");
}

/// Two replicas of which one has not been started anew: what is asked from here is answered well, and Okta's call is not.
#[tokio::test(flavor = "multi_thread")]
async fn an_old_secret_is_put_back_and_proven_where_okta_s_call_fails() {
    async fn replica(
        State(new_calls): State<Arc<AtomicU32>>,
        headers: HeaderMap,
    ) -> (StatusCode, axum::Json<Value>) {
        let secret = headers["authorization"].to_str().expect("text");
        let known = match secret {
            SECRET => true,
            NEXT => new_calls.fetch_add(1, Ordering::Relaxed) == 0,
            _ => false,
        };
        let answer =
            json!({"commands": [{"type": "com.okta.action.update", "value": {"credential": "UNVERIFIED"}}]});
        (if known { StatusCode::OK } else { StatusCode::UNAUTHORIZED }, axum::Json(answer))
    }
    let stage = Stage::new().await;
    let new_calls = Arc::new(AtomicU32::new(0));
    let router =
        Router::new().route("/okta/password-import", post(replica)).with_state(Arc::clone(&new_calls));
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("bound"));
    tokio::spawn(async move { axum::serve(listener, router).await });

    stage.run(&["register", "--url", &url]).await.ended(0);
    let report = stage.run(&["rotate", "--to", "1", "--json"]).await.ended(1).json();
    let problem = report["problem"].as_str().expect("a problem");
    assert!(problem.contains("The secret of server.auth.header[0] was put back, and proven"), "{report}");
    assert!(new_calls.load(Ordering::Relaxed) >= 2, "it was tried through Okta");
    stage.run(&["test"]).await.ended(0);
}

#[tokio::test(flavor = "multi_thread")]
async fn other_headers_of_the_hook_stay() {
    let stage = Stage::new().await;
    stage.run(&["register", "--url", &stage.public()]).await.ended(0);
    let hook = stage.inline_hooks().await.remove(0);
    let other = json!([{ "key": "X-Tunnel", "value": "skip the warning" }]);
    let url = format!("{}/okta/password-import", stage.public());
    let changed = json!({
        "name": hook["name"], "version": "1.0.0",
        "channel": { "type": "HTTP", "version": "1.0.0", "config": {
            "uri": url, "method": "POST", "headers": other,
            "authScheme": { "type": "HEADER", "key": "Authorization", "value": SECRET },
        } },
    });
    let id = hook["id"].as_str().expect("an id");
    let (status, answer) = stage.api("PUT", &format!("/api/v1/inlineHooks/{id}"), Some(changed)).await;
    assert_eq!(status, 200, "{answer}");
    stage.run(&["rotate", "--to", "1"]).await.ended(0);
    assert_eq!(stage.inline_hooks().await[0]["channel"]["config"]["headers"], other);
    stage.run(&["register", "--url", &stage.public()]).await.ended(0);
    assert_eq!(stage.inline_hooks().await[0]["channel"]["config"]["headers"], other);
}
