//! The imitation Okta org, seen over HTTP: it must refuse what Okta refuses and answer as Okta does, or it proves
//! nothing about a migration.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that cannot go on must fail")]

mod command;
mod event_hooks;
mod existing;
mod faults;
mod hook;
mod inline_hooks;
mod logs;
mod oauth;
mod passwords;
mod rate_limit;
mod sign_in;
mod users;

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use keyferry::demo::org::{Org, Settings};
use keyferry::secret::Secret;
use reqwest::{Method, Response, StatusCode};
use serde_json::{Value, json};
use tokio::net::TcpListener;

const TOKEN: &str = "00-test-token";

/// An org on a free port, with a clock that stands still until it is set.
struct Served {
    org: Org,
    url: String,
    client: reqwest::Client,
    time: Arc<Mutex<SystemTime>>,
}

impl Served {
    async fn new() -> Self {
        Self::with(|_| {}).await
    }

    async fn with(change: impl FnOnce(&mut Settings)) -> Self {
        let (listener, url) = listener().await;
        // 2026-01-01T00:00:00Z
        let time = Arc::new(Mutex::new(UNIX_EPOCH + Duration::from_hours(490_896)));
        let mut settings = Settings::new(url.clone(), Secret::from(TOKEN));
        let shown = Arc::clone(&time);
        settings.clock = Arc::new(move || *shown.lock().unwrap());
        change(&mut settings);
        let org = Org::new(settings).unwrap();
        let serving = org.clone();
        tokio::spawn(async move { serving.serve(listener, std::future::pending()).await });
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        Self { org, url, client, time }
    }

    /// One call with the token; an answer without a body is null.
    async fn call(&self, method: Method, path: &str, body: Option<Value>) -> (StatusCode, Value) {
        let response = self.send(method, path, body).await.unwrap();
        let status = response.status();
        let body = response.bytes().await.unwrap();
        (status, if body.is_empty() { Value::Null } else { serde_json::from_slice(&body).unwrap() })
    }

    /// The same, as far as it gets.
    async fn send(&self, method: Method, path: &str, body: Option<Value>) -> reqwest::Result<Response> {
        let url = format!("{}{path}", self.url);
        let request = self.client.request(method, url).header("Authorization", format!("SSWS {TOKEN}"));
        match body {
            Some(body) => request.json(&body),
            None => request,
        }
        .send()
        .await
    }

    async fn get(&self, path: &str) -> (StatusCode, Value) {
        self.call(Method::GET, path, None).await
    }

    async fn post(&self, path: &str, body: Value) -> (StatusCode, Value) {
        self.call(Method::POST, path, Some(body)).await
    }

    /// Creates somebody with this `credentials.password`, active; returns their id.
    async fn user(&self, login: &str, password: Value) -> String {
        let (status, user) = self.post("/api/v1/users?activate=true", create(login, &password)).await;
        assert_eq!(status, 200, "{user}");
        user["id"].as_str().unwrap().to_owned()
    }

    async fn sign_in(&self, username: &str, password: &str) -> StatusCode {
        let body = json!({ "username": username, "password": password });
        let (status, answer) = self.post("/api/v1/authn", body).await;
        match status.as_u16() {
            200 => assert_eq!(answer["status"], "SUCCESS"),
            _ => assert_eq!(answer["errorCode"], "E0000004", "{answer}"),
        }
        status
    }
}

async fn listener() -> (TcpListener, String) {
    let listener = TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0))).await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    (listener, url)
}

/// A create-user request.
fn create(login: &str, password: &Value) -> Value {
    json!({
        "profile": { "firstName": "Isaac", "lastName": "Brock", "email": "isaac.brock@example.com", "login": login },
        "credentials": { "password": password },
    })
}

fn hook_password() -> Value {
    json!({ "hook": { "type": "default" } })
}

/// The first cause of an error, which must be a validation failure.
fn cause(status: StatusCode, error: &Value) -> &str {
    assert_eq!(status, 400, "{error}");
    assert_eq!(error["errorCode"], "E0000001", "{error}");
    error["errorCauses"][0]["errorSummary"].as_str().unwrap()
}
