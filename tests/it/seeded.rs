//! What stands after an import: a legacy store, an imitation org that has its users, and a ledger that knows which is
//! which. Made through the library, for the commands that go on from there.

#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a fixture that does not stand fails the test"
)]

use std::fmt::Write as _;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use keyferry::demo::org::{Org, RateLimit, Settings};
use keyferry::ledger::{
    Arrival, Candidate, DecisionEvent, Ledger, Pass, Route, Settled, Shard, Standing, UserRef, UserState,
};
use keyferry::secret::Secret;
use reqwest::Method;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::net::TcpListener;

use crate::service::Store;

pub(crate) const TOKEN: &str = "00-test-token";
/// Of whoever can sign in without the hook.
pub(crate) const PASSWORD: &str = "Tr0ub4dor&3-horse";
/// The group that every seeded user is in.
pub(crate) const GROUP: &str = "Migrated_from_Legacy_20260501";

/// A migration after its import.
pub(crate) struct Seeded {
    store: Store,
    pub(crate) org: Org,
    pub(crate) url: String,
    pub(crate) ledger: Ledger,
    pub(crate) group: String,
    source: Arc<str>,
    source_url: String,
    client: reqwest::Client,
}

impl Seeded {
    /// A SQLite store of users 1 to `users`, and an org without limits that has nobody yet.
    pub(crate) async fn with_store(users: i64) -> Self {
        let store = Store { folder: TempDir::new().expect("a temporary folder") };
        let mut sql = "CREATE TABLE users (id INTEGER PRIMARY KEY, login TEXT, stored TEXT, \
            last_login TEXT DEFAULT '2026-05-01');"
            .to_owned();
        for id in 1..=users {
            write!(sql, "INSERT INTO users (id, login, stored) VALUES ({id}, '{}', 'hash {id}');", login(id))
                .expect("written");
        }
        store.execute(&sql).await;
        let url = format!("sqlite:{}", store.database().display());
        Self::over(store, url, |_| {}).await
    }

    /// The same over a store of another kind.
    pub(crate) async fn over_url(source_url: String) -> Self {
        Self::over(Store { folder: TempDir::new().expect("a temporary folder") }, source_url, |_| {}).await
    }

    async fn over(store: Store, source_url: String, change: impl FnOnce(&mut Settings)) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let mut settings = Settings::new(url.clone(), Secret::from(TOKEN));
        settings.rate = RateLimit { limit: 1_000_000, window: Duration::from_mins(1) };
        change(&mut settings);
        let org = Org::new(settings).expect("an org");
        let serving = org.clone();
        tokio::spawn(async move { serving.serve(listener, std::future::pending()).await });
        let ledger = format!("sqlite:{}/ledger.db", store.path().display());
        let ledger = Ledger::open(&ledger, None).await.expect("a ledger");
        let client = reqwest::Client::builder().no_proxy().build().expect("a client");
        let source = Arc::from("shop");
        let mut seeded = Self { store, org, url, ledger, group: String::new(), source, source_url, client };
        seeded.group = seeded.add_group(GROUP).await;
        seeded.configure("");
        seeded
    }

    /// Writes the configuration; `rest` goes to its end.
    pub(crate) fn configure(&self, rest: &str) {
        let text = format!(
            "[ledger]\nurl = \"sqlite:{}/ledger.db\"\n[okta]\norg_url = \"{}\"\napi_token = \"{TOKEN}\"\n\
             share = 1.0\n[[source]]\nname = \"shop\"\nurl = \"{}\"\npage_size = 100\n\
             lookup = \"SELECT id, login, stored FROM users WHERE login = :username\"\n\
             users = \"SELECT id, login, stored, last_login FROM users WHERE id > :after ORDER BY id LIMIT :limit\"\n\
             {rest}\n",
            self.path().display(),
            self.url,
            self.source_url
        );
        std::fs::write(self.path().join("keyferry.toml"), text).expect("the configuration is written");
    }

    /// Creates a user of the store in the org and in the ledger, as an import does; gives Okta's id.
    pub(crate) async fn seed(&self, id: i64) -> String {
        self.seed_all([id]).await.remove(0)
    }

    /// The same for several.
    pub(crate) async fn seed_all(&self, ids: impl IntoIterator<Item = i64>) -> Vec<String> {
        self.seed_with(ids, &json!({"hook": {"type": "default"}})).await
    }

    /// The same with this `credentials.password`.
    pub(crate) async fn seed_with(
        &self,
        ids: impl IntoIterator<Item = i64>,
        password: &Value,
    ) -> Vec<String> {
        let ids: Vec<i64> = ids.into_iter().collect();
        let pass = self.plan(&ids).await;
        let journal = self.ledger.journal();
        let mut okta_ids = Vec::with_capacity(ids.len());
        for id in ids {
            let user = self.user(id);
            journal.claim(&user, SystemTime::now()).await.expect("claimed");
            let okta_id = self.create_with(&login(id), &[&self.group], password).await;
            let outcome = Settled::Seeded {
                okta_id: okta_id.clone(),
                status: "ACTIVE".to_owned(),
                route: Route::Hook,
                profile_mark: 1,
                credential_mark: 1,
            };
            journal.settle(&user, outcome).await.expect("settled");
            okta_ids.push(okta_id);
        }
        self.ledger.finish_pass(&pass).await.expect("finished");
        okta_ids
    }

    /// Somebody who was in the org before, and whom the import gave the hook.
    pub(crate) async fn attach(&self, id: i64) -> String {
        let okta_id = self.create(&login(id), &[&self.group]).await;
        let pass = self.plan(&[id]).await;
        let journal = self.ledger.journal();
        let user = self.user(id);
        journal.claim(&user, SystemTime::now()).await.expect("claimed");
        let outcome = Settled::Attached {
            okta_id: okta_id.clone(),
            status: "ACTIVE".to_owned(),
            profile_mark: 1,
            credential_mark: 1,
        };
        journal.settle(&user, outcome).await.expect("settled");
        self.ledger.finish_pass(&pass).await.expect("finished");
        okta_id
    }

    async fn plan(&self, ids: &[i64]) -> Pass {
        let users: Vec<UserRef> = ids.iter().map(|id| self.user(*id)).collect();
        let logins: Vec<String> = ids.iter().map(|id| login(*id)).collect();
        let candidates: Vec<Candidate<'_>> = users
            .iter()
            .zip(&logins)
            .map(|(user, okta_login)| Candidate {
                user,
                okta_login,
                route: Route::Hook,
                scheme: "phpass",
                profile_mark: 1,
                credential_mark: 1,
            })
            .collect();
        let pass = self.ledger.begin_pass(Shard::WHOLE, "fixture").await.expect("a pass");
        let standings = self.ledger.plan_pass(&pass, &candidates).await.expect("planned");
        assert!(standings.iter().all(|standing| *standing == Standing::New), "{standings:?}");
        pass
    }

    /// Okta says that it has the password.
    pub(crate) async fn confirm(&self, okta_id: &str, at: SystemTime) {
        let arrival = Arrival { okta_id: Some(okta_id), login: None, success: true, at, event: "1" };
        let confirmed = self.ledger.confirm(&[arrival]).await.expect("confirmed");
        assert_eq!(confirmed.changed, 1);
    }

    /// The hook says that the password is right.
    pub(crate) async fn verify(&self, id: i64) {
        let decision = DecisionEvent {
            at: SystemTime::now(),
            outcome: "verified",
            reason: None,
            source: Some(Arc::clone(&self.source)),
            user_id: Some(id.to_string()),
            login: Some(login(id)),
            scheme: Some(Arc::from("phpass")),
            micros: 1,
        };
        self.ledger.record(&[decision]).await.expect("recorded");
    }

    pub(crate) fn user(&self, id: i64) -> UserRef {
        self.ledger.user_ref(&self.source, &id.to_string())
    }

    /// What the ledger knows.
    pub(crate) async fn state(&self, id: i64) -> UserState {
        self.ledger.states(&[self.user(id)]).await.expect("states").remove(0).expect("a known user")
    }

    /// Creates somebody in the org; gives the id.
    pub(crate) async fn create(&self, login: &str, groups: &[&str]) -> String {
        self.create_with(login, groups, &json!({"hook": {"type": "default"}})).await
    }

    async fn create_with(&self, login: &str, groups: &[&str], password: &Value) -> String {
        let body = json!({
            "profile": {"firstName": "Amy", "lastName": "Wong", "email": login, "login": login},
            "credentials": {"password": password},
            "groupIds": groups,
        });
        let (status, user) = self.call(Method::POST, "/api/v1/users?activate=true", Some(body)).await;
        assert_eq!(status, 200, "{user}");
        user["id"].as_str().expect("an id").to_owned()
    }

    /// Creates a group in the org; gives the id.
    pub(crate) async fn add_group(&self, name: &str) -> String {
        let (status, group) =
            self.call(Method::POST, "/api/v1/groups", Some(json!({"profile": {"name": name}}))).await;
        assert_eq!(status, 200, "{group}");
        group["id"].as_str().expect("an id").to_owned()
    }

    /// The status of somebody in the org; none where they are gone.
    pub(crate) async fn status(&self, okta_id: &str) -> Option<String> {
        let (status, user) = self.call(Method::GET, &format!("/api/v1/users/{okta_id}"), None).await;
        (status == 200).then(|| user["status"].as_str().expect("a status").to_owned())
    }

    /// One call of the org's API. Counts among [`Org::calls`].
    pub(crate) async fn call(&self, method: Method, path: &str, body: Option<Value>) -> (u16, Value) {
        let request = self.client.request(method, format!("{}{path}", self.url));
        let request = request.header("Authorization", format!("SSWS {TOKEN}"));
        let request = match body {
            Some(body) => request.json(&body),
            None => request,
        };
        let answer = request.send().await.expect("an answer");
        let status = answer.status().as_u16();
        let body = answer.bytes().await.expect("a body");
        (status, if body.is_empty() { Value::Null } else { serde_json::from_slice(&body).expect("JSON") })
    }

    /// Calls of this method and family of paths, whatever came of them.
    pub(crate) fn calls(&self, call: &str) -> u64 {
        self.org.calls().get(call).map_or(0, keyferry::demo::org::Calls::total)
    }

    /// Signs somebody in who was seeded with [`PASSWORD`].
    pub(crate) async fn sign_in(&self, id: i64) {
        let body = json!({"username": login(id), "password": PASSWORD});
        let (status, answer) = self.call(Method::POST, "/api/v1/authn", Some(body)).await;
        assert_eq!((status, &answer["status"]), (200, &json!("SUCCESS")), "{answer}");
    }

    /// Starts the binary and kills it, without a warning, as soon as `now` says so, or lets it end.
    pub(crate) async fn kill_when(&self, arguments: &[&str], now: impl AsyncFn() -> bool) {
        let mut command = self.command(arguments);
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("it starts");
        while !now().await && child.try_wait().expect("waited").is_none() {
            tokio::task::yield_now().await;
        }
        // It may have ended by itself.
        let _ = child.kill();
        child.wait().expect("gone");
    }

    pub(crate) async fn execute(&self, sql: &str) {
        self.store.execute(sql).await;
    }

    pub(crate) fn database(&self) -> std::path::PathBuf {
        self.store.database()
    }

    pub(crate) fn path(&self) -> &Path {
        self.store.path()
    }

    /// The binary with these arguments, in the folder of the store; nobody at its terminal.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_keyferry"));
        command.args(arguments).current_dir(self.path()).stdin(Stdio::null());
        command
    }

    /// Runs it to its end, while the org goes on serving.
    pub(crate) async fn run(&self, arguments: &[&str]) -> Output {
        let mut command = self.command(arguments);
        tokio::task::spawn_blocking(move || command.output().expect("keyferry runs")).await.expect("it ran")
    }
}

/// The login of a user of the store.
pub(crate) fn login(id: i64) -> String {
    format!("user{id}@example.com")
}
