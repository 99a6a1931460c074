//! The hook call: the exact payload, one retry where Okta retries, none where it does not, and failing closed.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::extract::Request;
use axum::response::{IntoResponse, Redirect, Response};
use keyferry::demo::org::{EventResult, EventType, HookEndpoint};
use keyferry::secret::Secret;
use reqwest::StatusCode;
use serde_json::{Value, json};

use super::{Served, hook_password, listener};

/// What a scripted hook does with one call.
pub(super) enum Step {
    Verified,
    /// Gives the challenge of an event hook's verification back.
    Repeat,
    Unverified,
    Status(StatusCode),
    Redirect(String),
    Silence,
    Body(String),
}

/// A hook that plays its steps, then answers VERIFIED to everything; and what it was asked.
pub(super) struct Hook {
    pub(super) url: String,
    pub(super) calls: Arc<Mutex<Vec<(axum::http::HeaderMap, Value)>>>,
}

impl Hook {
    pub(super) async fn play(steps: impl IntoIterator<Item = Step>) -> Self {
        let (listener, url) = listener().await;
        let steps = Arc::new(Mutex::new(steps.into_iter().collect::<VecDeque<_>>()));
        let calls = Arc::new(Mutex::new(Vec::new()));
        let asked = Arc::clone(&calls);
        let router = Router::new().fallback(move |request: Request| {
            let (steps, asked) = (Arc::clone(&steps), Arc::clone(&asked));
            async move {
                let (head, body) = request.into_parts();
                let challenge = head.headers.get("x-okta-verification-challenge").cloned();
                let body = axum::body::to_bytes(body, 1 << 20).await.unwrap();
                // What is not JSON is kept as text.
                let read = serde_json::from_slice(&body);
                let read = read.unwrap_or_else(|_| String::from_utf8(body.to_vec()).unwrap().into());
                asked.lock().unwrap().push((head.headers, read));
                let step = steps.lock().unwrap().pop_front();
                match (step, challenge) {
                    (Some(Step::Repeat), Some(challenge)) => {
                        axum::Json(json!({ "verification": challenge.to_str().unwrap() })).into_response()
                    }
                    (step, _) => answer(step.unwrap_or(Step::Verified)).await,
                }
            }
        });
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { url, calls }
    }

    pub(super) fn endpoint(&self) -> HookEndpoint {
        let headers = [
            ("Authorization".to_owned(), Secret::from("Basic c2VjcmV0")),
            ("X-Extra".to_owned(), Secret::from("one")),
        ];
        HookEndpoint::new(&format!("{}/okta/password-import", self.url), headers).unwrap()
    }

    pub(super) fn asked(&self) -> usize {
        self.calls.lock().unwrap().len()
    }
}

async fn answer(step: Step) -> Response {
    let command = |credential: &str| {
        let commands = json!({ "commands": [{ "type": "com.okta.action.update", "value": { "credential": credential } }] });
        axum::Json(commands).into_response()
    };
    match step {
        Step::Verified => command("VERIFIED"),
        Step::Repeat => panic!("there is no challenge"),
        Step::Unverified => command("UNVERIFIED"),
        Step::Status(status) => status.into_response(),
        Step::Redirect(to) => Redirect::temporary(&to).into_response(),
        Step::Silence => std::future::pending().await,
        Step::Body(body) => body.into_response(),
    }
}

/// An org with one hook user, `ana@example.com`, and the hook.
async fn org_with(hook: &Hook) -> Served {
    org_with_patience(hook, Duration::from_secs(30)).await
}

async fn org_with_patience(hook: &Hook, patience: Duration) -> Served {
    let org = Served::with(|settings| settings.hook_timeout = patience).await;
    org.user("ana@example.com", hook_password()).await;
    org.org.register_hook(hook.endpoint());
    org
}

#[tokio::test]
async fn the_payload_is_oktas_and_the_name_goes_as_typed() {
    let hook = Hook::play([]).await;
    let org = org_with(&hook).await;
    assert_eq!(org.sign_in("ANA", "pässword").await, 200);

    let calls = hook.calls.lock().unwrap();
    let (headers, payload) = &calls[0];
    assert_eq!(headers["authorization"], "Basic c2VjcmV0");
    assert_eq!(headers["x-extra"], "one");
    assert_eq!(headers["content-type"], "application/json");
    let mut payload = payload.clone();
    for (pointer, prefix) in [("/eventId", ""), ("/data/context/request/id", "")] {
        let value = payload.pointer_mut(pointer).unwrap().take();
        assert!(value.as_str().unwrap().len() > prefix.len(), "{pointer}");
    }
    assert_eq!(
        payload,
        json!({
            "eventId": null,
            "eventTime": "2026-01-01T00:00:00.000Z",
            "eventType": "com.okta.user.credential.password.import",
            "eventTypeVersion": "1.0",
            "contentType": "application/json",
            "cloudEventVersion": "0.1",
            "source": format!("{}/api/v1/inlineHooks/cal00000000000000001", org.url),
            "data": {
                "context": {
                    "request": { "id": null, "method": "POST", "url": { "value": "/api/v1/authn" }, "ipAddress": "127.0.0.1" },
                    "credential": { "username": "ANA", "password": "pässword" },
                },
                "action": { "credential": "UNVERIFIED" },
            },
        })
    );
}

#[tokio::test]
async fn verified_once_the_hook_is_never_called_again() {
    let hook = Hook::play([Step::Unverified, Step::Verified, Step::Unverified]).await;
    let org = org_with(&hook).await;
    assert_eq!(org.sign_in("ana", "wrong").await, 401);
    assert_eq!(org.sign_in("ana", "right").await, 200);
    assert_eq!(org.sign_in("ana", "right").await, 200, "by the org's own digest");
    assert_eq!(org.sign_in("ana", "wrong").await, 401, "by the org's own digest");
    assert_eq!((hook.asked(), org.org.hook_calls("ana@example.com")), (2, Some(2)));

    let imports: Vec<_> = org
        .org
        .events()
        .into_iter()
        .filter(|event| event.event_type == EventType::ImportPassword)
        .map(|event| event.outcome.result)
        .collect();
    assert_eq!(imports, [EventResult::Failure, EventResult::Success], "one event for each hook call");
}

#[tokio::test]
async fn a_5xx_a_time_out_and_a_broken_connection_are_retried_once() {
    let broken = || Step::Status(StatusCode::SERVICE_UNAVAILABLE);
    let hook = Hook::play([broken(), Step::Verified]).await;
    let org = org_with(&hook).await;
    assert_eq!(org.sign_in("ana", "right").await, 200);
    assert_eq!(hook.asked(), 2);
    let events: Vec<Value> =
        hook.calls.lock().unwrap().iter().map(|call| call.1["eventId"].clone()).collect();
    assert_eq!(events[0], events[1], "the same event again");

    let hook = Hook::play([broken(), broken(), Step::Verified]).await;
    let org = org_with(&hook).await;
    assert_eq!(org.sign_in("ana", "right").await, 401, "one retry and no more");
    assert_eq!(org.org.hook_calls("ana@example.com"), Some(2));
    assert_eq!(org.sign_in("ana", "right").await, 200, "the next sign-in asks again");

    let hook = Hook::play([Step::Silence, Step::Verified]).await;
    let org = org_with_patience(&hook, Duration::from_secs(1)).await;
    assert_eq!(org.sign_in("ana", "right").await, 200);
    assert_eq!(hook.asked(), 2);

    let (hanging_up, url) = listener().await;
    tokio::spawn(async move {
        while let Ok((connection, _)) = hanging_up.accept().await {
            drop(connection);
        }
    });
    org.user("bo@example.com", hook_password()).await;
    org.org.register_hook(HookEndpoint::new(&url, []).unwrap());
    assert_eq!(org.sign_in("bo", "right").await, 401);
    assert_eq!(org.org.hook_calls("bo@example.com"), Some(2));
}

#[tokio::test]
async fn what_is_final_is_not_retried_and_fails_closed() {
    let elsewhere = Hook::play([]).await;
    let endless = format!(r#"{{"commands":[],"padding":"{}"}}"#, "x".repeat(256 * 1024));
    let steps = [
        Step::Status(StatusCode::BAD_REQUEST),
        Step::Status(StatusCode::UNAUTHORIZED),
        Step::Status(StatusCode::NO_CONTENT),
        Step::Redirect(elsewhere.url.clone()),
        Step::Body("VERIFIED".into()),
        Step::Body("{}".into()),
        Step::Body(endless),
        Step::Unverified,
    ];
    let count = steps.len();
    let hook = Hook::play(steps).await;
    let org = org_with(&hook).await;
    for call in 1..=count {
        assert_eq!(org.sign_in("ana", "right").await, 401, "call {call}");
        assert_eq!(hook.asked(), call, "no retry");
    }
    assert_eq!(elsewhere.asked(), 0, "redirects are not followed");
    assert_eq!(org.sign_in("ana", "right").await, 200);
}

#[tokio::test]
async fn without_a_hook_a_hook_user_cannot_sign_in() {
    let org = Served::new().await;
    org.user("ana@example.com", hook_password()).await;
    assert_eq!(org.sign_in("ana", "right").await, 401);
    assert_eq!(org.org.hook_calls("ana@example.com"), Some(0));
}
