//! The import, by the real binary against the imitation org: everybody is created once, whatever happens on the way.

#![expect(clippy::expect_used, clippy::indexing_slicing, reason = "a test that cannot go on must fail")]

mod ends;
mod existing;
mod faults;
mod groups;
mod kills;
mod plan;
mod shards;
mod twice;

use std::net::SocketAddr;
use std::process::{Child, Command, Output, Stdio};

use keyferry::demo::org::{Calls, Org, Settings};
use keyferry::secret::Secret;
use serde_json::Value;
use tokio::net::TcpListener;

use crate::shop::{PHPASS, SPRING_BCRYPT, Shop, told};

pub(crate) const TOKEN: &str = "00-import-test-token";

/// A legacy store with its configuration, and an org to move to.
pub(crate) struct Move {
    pub(crate) shop: Shop,
    pub(crate) org: Org,
    pub(crate) org_url: String,
}

impl Move {
    /// With so many users, every other one with a hash that Okta imports, the rest for the hook.
    pub(crate) async fn of(users: usize) -> Self {
        Self::with(users, |_| {}, "").await
    }

    /// The same with other settings of the org, and lines for `[okta]` and what comes after it.
    pub(crate) async fn with(users: usize, change: impl FnOnce(&mut Settings), rest: &str) -> Self {
        let names: Vec<String> = (1..=users).map(login).collect();
        let stored = |number: usize| {
            if number.is_multiple_of(2) { format!("'{SPRING_BCRYPT}'") } else { format!("'{PHPASS}'") }
        };
        let stored: Vec<String> = (0..users).map(stored).collect();
        let rows: Vec<(&str, &str)> =
            names.iter().zip(&stored).map(|(name, stored)| (name.as_str(), stored.as_str())).collect();
        let shop = Shop::new(&rows).await;

        let listener = TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0))).await.expect("a port");
        let org_url = format!("http://{}", listener.local_addr().expect("an address"));
        let mut settings = Settings::new(org_url.clone(), Secret::from(TOKEN));
        // Fast enough that a test need not wait for a window.
        settings.rate.limit = 600_000;
        change(&mut settings);
        let org = Org::new(settings).expect("an org");
        let serving = org.clone();
        tokio::spawn(async move { serving.serve(listener, std::future::pending()).await });
        let this = Self { shop, org, org_url };
        this.configure(rest);
        this
    }

    /// Writes the configuration anew.
    pub(crate) fn configure(&self, rest: &str) {
        self.shop.configure("", &self.tail("sqlite:ledger.db", rest));
    }

    /// The same with another ledger.
    pub(crate) fn on_ledger(&self, url: &str) {
        self.shop.configure("", &self.tail(url, ""));
    }

    /// What comes after `[[source]]`.
    pub(crate) fn tail(&self, ledger: &str, rest: &str) -> String {
        format!(
            "[source.profile]\nlogin = \"login\"\nemail = \"login\"\nfirstName = \"first_name\"\n\
             lastName = \"last_name\"\nmobilePhone = \"phone\"\n[ledger]\nurl = \"{ledger}\"\n\
             [okta]\norg_url = \"{}\"\napi_token = \"{TOKEN}\"\n{rest}",
            self.org_url
        )
    }

    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = self.shop.command(&["import"]);
        command.args(arguments);
        command
    }

    pub(crate) fn start(&self, arguments: &[&str]) -> Child {
        self.command(arguments)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("keyferry starts")
    }

    /// The same where nobody reads what it says.
    pub(crate) fn start_silent(&self, arguments: &[&str]) -> Child {
        let mut command = self.command(arguments);
        command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("keyferry starts")
    }

    /// Calls that the org was asked, and those among them that change something.
    pub(crate) fn calls(&self) -> (u64, u64) {
        let calls = self.org.calls();
        let writes = calls.iter().filter(|(name, _)| !name.starts_with("GET "));
        (calls.values().map(Calls::total).sum(), writes.map(|(_, calls)| calls.total()).sum())
    }

    /// Runs an import to its end, beside the org that this process serves.
    pub(crate) async fn import(&self, arguments: &[&str]) -> Output {
        let mut command = self.command(arguments);
        tokio::task::spawn_blocking(move || command.output().expect("keyferry runs"))
            .await
            .expect("the run is waited for")
    }

    /// The same with a report as JSON, and its exit code.
    pub(crate) async fn report(&self, arguments: &[&str]) -> (i32, Value) {
        let output = self.import(&[arguments, &["--json"]].concat()).await;
        let (code, out, err) = told(&output);
        let report = serde_json::from_str(&out).unwrap_or_else(|error| panic!("{error}: {out}\n{err}"));
        (code, report)
    }

    /// One call of the org's API, as an admin would make it.
    pub(crate) async fn call(&self, method: reqwest::Method, path: &str, body: Value) -> Value {
        let client = reqwest::Client::builder().no_proxy().build().expect("a client");
        let request = client
            .request(method, format!("{}{path}", self.org_url))
            .header("Authorization", format!("SSWS {TOKEN}"));
        let request = if body.is_null() { request } else { request.json(&body) };
        let answer = request.send().await.expect("an answer");
        let bytes = answer.bytes().await.expect("a body");
        serde_json::from_slice(&bytes).unwrap_or_default()
    }

    /// Every user of the store is in the org, and was created once.
    pub(crate) fn everybody_once(&self, users: usize) {
        let wrong: Vec<(String, u32)> = (1..=users)
            .map(login)
            .map(|login| (login.clone(), self.org.creations(&login)))
            .filter(|(_, creations)| *creations != 1)
            .collect();
        assert!(wrong.is_empty(), "not created once: {wrong:?}");
        assert_eq!(self.org.user_count(), users);
    }
}

/// The login of the user with this number.
pub(crate) fn login(number: usize) -> String {
    format!("user{number}@example.com")
}
