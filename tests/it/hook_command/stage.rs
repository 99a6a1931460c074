//! An org, a service, a balancer before it, and the command between them.

use std::io::Write as _;
use std::net::SocketAddr;
use std::process::{Command, Output, Stdio};
use std::sync::{Arc, Mutex};

use keyferry::demo::org::{Org, Settings};
use keyferry::secret::Secret;
use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpStream};

use crate::service::{SECRET, Service, Store};

/// The second entry of the configuration.
pub(super) const NEXT: &str = "the next secret";
/// RFC 2307's `{SHA}` of `password`: quick, so that many can sign in. `printf password | openssl sha1 -binary | base64`
pub(super) const STORED: &str = "{SHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g=";
pub(super) const PASSWORD: &str = "password";
pub(super) const USERS: i64 = 400;
const TOKEN: &str = "00canarytoken";

/// Everything that a migration needs, on this machine.
pub(super) struct Stage {
    pub(super) store: Store,
    pub(super) service: Service,
    pub(super) org: Org,
    org_url: String,
    balancer: Balancer,
    client: reqwest::Client,
}

/// What a run came to.
pub(super) struct Told {
    pub(super) exit: i32,
    pub(super) out: String,
    pub(super) err: String,
}

impl Told {
    #[track_caller]
    pub(super) fn ended(self, exit: i32) -> Self {
        assert_eq!(self.exit, exit, "{}{}", self.out, self.err);
        self
    }

    #[track_caller]
    pub(super) fn says(&self, parts: &[&str]) {
        for part in parts {
            assert!(
                self.out.contains(part) || self.err.contains(part),
                "{part} in\n{}{}",
                self.out,
                self.err
            );
        }
    }

    pub(super) fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {}{}", self.out, self.err))
    }
}

impl Stage {
    pub(super) async fn new() -> Self {
        let listener = TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0))).await.expect("a port");
        let org_url = format!("http://{}", listener.local_addr().expect("bound"));
        let org = Org::new(Settings::new(org_url.clone(), Secret::from(TOKEN))).expect("an org");
        let serving = org.clone();
        tokio::spawn(async move { serving.serve(listener, std::future::pending()).await });

        let store = Store::with_users(&[]).await;
        let people = format!(
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {USERS}) \
             INSERT INTO users SELECT i, 'user' || i || '@example.com', '{STORED}', 1 FROM n"
        );
        store.execute(&people).await;
        let service = store.start("", &okta(&org_url));
        let balancer = Balancer::before(service.public).await;
        let client = reqwest::Client::builder().no_proxy().build().expect("a client");
        Self { store, service, org, org_url, balancer, client }
    }

    /// Where Okta shall call.
    pub(super) fn public(&self) -> String {
        format!("http://{}", self.balancer.address)
    }

    /// The configuration of the service, and of the command where it is given no other.
    pub(super) fn configuration(&self) -> String {
        self.store.configuration("", &okta(&self.org_url))
    }

    /// Writes another configuration beside it.
    pub(super) fn write(&self, name: &str, text: &str) {
        std::fs::write(self.store.path().join(name), text).expect("written");
    }

    /// A second service with this configuration takes all new calls; then the first one ends in peace.
    pub(super) fn start_anew(&mut self, configuration: &str) {
        let next = Service::start(self.store.path(), configuration);
        self.balancer.lead_to(next.public);
        let before = std::mem::replace(&mut self.service, next);
        before.signal("TERM");
        assert!(before.wait().0.success(), "it ends in peace");
    }

    /// Before that, Okta would be asked to deliver again.
    pub(super) async fn ledger_is_connected(&self) {
        while !self.service.private("/readyz").await.1.contains("\"ledger\":\"ok\"") {}
    }

    /// Runs the command; nothing that it prints may hold a secret.
    pub(super) async fn run(&self, arguments: &[&str]) -> Told {
        self.run_with(arguments, "").await
    }

    pub(super) async fn run_with(&self, arguments: &[&str], input: &str) -> Told {
        let mut command = Command::new(env!("CARGO_BIN_EXE_keyferry"));
        command.arg("hook").args(arguments).current_dir(self.store.path());
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let input = input.to_owned();
        let output = tokio::task::spawn_blocking(move || {
            let mut child = command.spawn().expect("it runs");
            // It may have ended without reading.
            let _ = child.stdin.take().expect("a pipe").write_all(input.as_bytes());
            child.wait_with_output().expect("it ends")
        });
        told(&output.await.expect("it was waited for"))
    }

    /// One call of the org's API.
    pub(super) async fn api(&self, method: &str, path: &str, body: Option<Value>) -> (u16, Value) {
        let method = method.parse().expect("a method");
        let request = self.client.request(method, format!("{}{path}", self.org_url));
        let request = request.header("Authorization", format!("SSWS {TOKEN}"));
        let request = if let Some(body) = body { request.json(&body) } else { request };
        let answer = request.send().await.expect("an answer");
        let status = answer.status().as_u16();
        let body = answer.bytes().await.expect("a body");
        (status, if body.is_empty() { Value::Null } else { serde_json::from_slice(&body).expect("JSON") })
    }

    pub(super) async fn inline_hooks(&self) -> Vec<Value> {
        let (status, hooks) = self.api("GET", "/api/v1/inlineHooks", None).await;
        assert_eq!(status, 200, "{hooks}");
        hooks.as_array().expect("a list").clone()
    }

    /// Creates this user in the org with the hook, and signs them in for the first time.
    pub(super) async fn first_sign_in(&self, number: i64) -> u16 {
        let login = format!("user{number}@example.com");
        let body = json!({
            "profile": { "firstName": "A", "lastName": "B", "email": login, "login": login },
            "credentials": { "password": { "hook": { "type": "default" } } },
        });
        let (status, user) = self.api("POST", "/api/v1/users?activate=true", Some(body)).await;
        assert_eq!(status, 200, "{user}");
        self.api("POST", "/api/v1/authn", Some(json!({ "username": login, "password": PASSWORD }))).await.0
    }
}

fn okta(org_url: &str) -> String {
    format!("[okta]\norg_url = \"{org_url}\"\napi_token = \"{TOKEN}\"\n")
}

fn told(output: &Output) -> Told {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).expect("text");
    let told = Told {
        exit: output.status.code().expect("an exit code"),
        out: text(&output.stdout),
        err: text(&output.stderr),
    };
    let (_, bare) = SECRET.split_once(' ').expect("Basic and a secret");
    for secret in [SECRET, bare, NEXT, TOKEN, "canary", STORED] {
        assert!(
            !told.out.contains(secret) && !told.err.contains(secret),
            "{secret} in\n{}{}",
            told.out,
            told.err
        );
    }
    told
}

/// What stands before the services: one address, whichever of them answers.
struct Balancer {
    address: SocketAddr,
    behind: Arc<Mutex<SocketAddr>>,
}

impl Balancer {
    async fn before(service: SocketAddr) -> Self {
        let listener = TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0))).await.expect("a port");
        let address = listener.local_addr().expect("bound");
        let behind = Arc::new(Mutex::new(service));
        let leads = Arc::clone(&behind);
        tokio::spawn(async move {
            while let Ok((mut caller, _)) = listener.accept().await {
                let service = *leads.lock().expect("not poisoned");
                tokio::spawn(async move {
                    if let Ok(mut service) = TcpStream::connect(service).await {
                        let _ = tokio::io::copy_bidirectional(&mut caller, &mut service).await;
                    }
                });
            }
        });
        Self { address, behind }
    }

    fn lead_to(&self, service: SocketAddr) {
        *self.behind.lock().expect("not poisoned") = service;
    }
}
