//! `reconcile`, the real binary, against the imitation org: pages, kills, places that are good no more, users who are
//! gone, and what the event hook has missed.
//!
//! The stored value was made by Python's bcrypt 5.0.0, see `hook.rs`.

use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, SystemTime};

use keyferry::demo::org::{
    Calls, EventType, Fault, FaultKind, Faults, HookEndpoint, Org, RateLimit, Settings, Status,
};
use keyferry::ledger::Ledger;
use keyferry::secret::Secret;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::net::TcpListener;

use crate::events::seeded::{User, ledger_of, seed, states};
use crate::servers;
use crate::service::{SECRET, Service, Store};
use crate::shop::told;

const HORSE: &str = "$2a$04$6lkD33oAaE7Ql569WpY1reOvbUrkOL4a/B7AD5ZpcHgt3gGrfO/jq";
const TOKEN: &str = "canary-00-token";

/// An org in this process, a folder with a configuration, and a ledger.
struct Migration {
    org: Org,
    org_url: String,
    folder: TempDir,
    ledger_url: String,
}

impl Migration {
    async fn new() -> Self {
        let folder = TempDir::new().expect("a folder");
        let ledger_url = format!("sqlite:{}/ledger.db", folder.path().display());
        Self::over(folder, ledger_url).await
    }

    async fn over(folder: TempDir, ledger_url: String) -> Self {
        let listener = TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0))).await.expect("bound");
        let org_url = format!("http://{}", listener.local_addr().expect("an address"));
        let mut settings = Settings::new(org_url.clone(), Secret::from(TOKEN));
        settings.rate = RateLimit { limit: 100_000, window: Duration::from_mins(1) };
        let org = Org::new(settings).expect("an org");
        let serving = org.clone();
        tokio::spawn(async move { serving.serve(listener, std::future::pending()).await });
        let migration = Self { org, org_url, folder, ledger_url };
        migration.configure(TOKEN);
        migration
    }

    fn configure(&self, token: &str) {
        let text = format!(
            "[ledger]\nurl = \"{}\"\n[okta]\norg_url = \"{}\"\napi_token = \"{token}\"\nshare = 1.0\n",
            self.ledger_url, self.org_url
        );
        std::fs::write(self.path().join("keyferry.toml"), text).expect("written");
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    async fn ledger(&self) -> Ledger {
        ledger_of(&self.ledger_url).await
    }

    /// Users in the org and, by the same ids, in the ledger.
    async fn users(&self, count: usize) -> Vec<(String, String, String)> {
        let users: Vec<_> = (0..count)
            .map(|number| {
                let login = format!("canary{number}@example.com");
                let okta_id = self.org.add_person(&person(&login), Status::Active).expect("added");
                (number.to_string(), login, okta_id)
            })
            .collect();
        seed(&self.ledger().await, &borrowed(&users)).await;
        users
    }

    fn write(&self, login: &str, failure: Option<&'static str>) {
        assert!(self.org.write_event(EventType::ImportPassword, login, failure, None));
    }

    async fn in_state(&self, users: &[(String, String, String)], state: &str) -> usize {
        let states = states(&self.ledger().await, &borrowed(users)).await;
        states.iter().filter(|of_user| **of_user == state).count()
    }

    fn start(&self, arguments: &[&str]) -> Child {
        Command::new(env!("CARGO_BIN_EXE_keyferry"))
            .arg("reconcile")
            .args(arguments)
            .current_dir(self.path())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("keyferry starts")
    }

    /// Runs it to its end, while the org goes on. Nothing that it prints or notes names anybody or the token.
    async fn run(&self, arguments: &[&str]) -> Output {
        let child = self.start(arguments);
        let ended = tokio::task::spawn_blocking(move || child.wait_with_output()).await;
        let output = ended.expect("not cancelled").expect("it ends");
        let (_, out, err) = told(&output);
        let told = format!("{out}{err}").to_lowercase();
        assert!(!told.contains("canary"), "{out}{err}");
        for entry in std::fs::read_dir(self.path()).expect("readable") {
            let path = entry.expect("readable").path();
            if path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("ledger")) {
                let noted = String::from_utf8_lossy(&std::fs::read(&path).expect("readable")).to_lowercase();
                assert!(!noted.contains("canary"), "{}", path.display());
            }
        }
        output
    }

    async fn report(&self, arguments: &[&str]) -> Value {
        let output = self.run(&[arguments, &["--json"]].concat()).await;
        let (code, out, err) = told(&output);
        assert_eq!(code, 0, "{err}");
        serde_json::from_str(&out).expect("JSON")
    }

    fn log_calls(&self) -> u64 {
        self.org.calls().get("GET /api/v1/logs").map_or(0, Calls::total)
    }
}

fn person(login: &str) -> Value {
    json!({
        "profile": {"firstName": "Canary", "lastName": "Canary", "email": login, "login": login},
        "credentials": {"password": {"hash": {
            "algorithm": "BCRYPT",
            "workFactor": 4,
            "salt": "6lkD33oAaE7Ql569WpY1re",
            "value": "OvbUrkOL4a/B7AD5ZpcHgt3gGrfO/jq",
        }}},
    })
}

fn borrowed(users: &[(String, String, String)]) -> Vec<User<'_>> {
    users.iter().map(|(id, login, okta_id)| (id.as_str(), login.as_str(), okta_id.as_str())).collect()
}

async fn pages_and_remembers(migration: Migration) {
    let users = migration.users(550).await;
    for (_, login, _) in &users {
        migration.write(login, Some("the hook answered UNVERIFIED"));
        migration.write(login, None);
    }
    migration.org.write_event(EventType::SessionStart, &users[0].1, None, None);
    let stranger = migration.org.add_person(&person("canary.stranger@example.com"), Status::Active);
    stranger.expect("added");
    migration.write("canary.stranger@example.com", None);

    let report = migration.report(&["--log-only"]).await;
    let expected = json!({
        "read": 1101, "confirmed": 550, "known": 0, "unknown_users": 1, "failures": 550, "unreadable": 0,
    });
    assert_eq!((&report["log"], &report["users"]), (&expected, &Value::Null));
    assert_eq!(migration.in_state(&users, "confirmed").await, 550);

    let report = migration.report(&["--log-only"]).await;
    assert_eq!(report["log"]["read"], 0, "the place was remembered");
    // Okta may write an event long after it has happened.
    let early = SystemTime::now() - Duration::from_hours(1);
    assert!(migration.org.write_event(EventType::ImportPassword, &users[7].1, None, Some(early)));
    let report = migration.report(&["--log-only"]).await;
    assert_eq!((&report["log"]["read"], &report["log"]["known"]), (&json!(1), &json!(1)));
    let report = migration.report(&["--log-only", "--since", "2026-01-01T00:00:00Z"]).await;
    assert_eq!(report["log"]["known"], 551, "all of it once more changes nothing");
    assert_eq!(migration.in_state(&users, "confirmed").await, 550);

    // What is asked for from a time on does not move the place past what was not asked for.
    migration.write(&users[8].1, None);
    let report = migration.report(&["--log-only", "--since", "2100-01-01T00:00:00Z"]).await;
    assert_eq!(report["log"]["read"], 0);
    assert_eq!(migration.report(&["--log-only"]).await["log"]["read"], 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_log_is_read_page_by_page_and_the_place_remembered_on_sqlite() {
    pages_and_remembers(Migration::new().await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_log_is_read_page_by_page_and_the_place_remembered_on_postgresql() {
    let Some(server) = servers::postgres() else { return };
    let ledger = server.database("SELECT 1").await;
    pages_and_remembers(Migration::over(TempDir::new().expect("a folder"), ledger).await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_run_is_taken_up_at_the_page_where_it_was() {
    let migration = Migration::new().await;
    let users = migration.users(1100).await;
    for (_, login, _) in &users {
        migration.write(login, None);
    }
    let stalls = Fault::new("GET", "/api/v1/logs", FaultKind::Slow(Duration::from_hours(1))).after(3);
    migration.org.set_faults(Faults::default().once(stalls));
    let mut child = migration.start(&["--log-only"]);
    while migration.org.faults_left() > 0 {
        tokio::task::yield_now().await;
    }
    child.kill().expect("killed");
    child.wait().expect("it has ended");
    let done = migration.in_state(&users, "confirmed").await;
    assert!(done > 0 && done < 1100, "three pages: {done}");
    let report = migration.report(&["--log-only"]).await;
    assert_eq!(report["log"]["read"], 1100 - done, "nothing is read twice");
    assert_eq!(migration.in_state(&users, "confirmed").await, 1100);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_place_that_okta_takes_no_more_is_left_for_the_time_of_the_newest_event() {
    let migration = Migration::new().await;
    let users = migration.users(3).await;
    let now = SystemTime::now();
    for ((_, login, _), hours) in users.iter().zip([48, 12, 0]) {
        let at = now - Duration::from_hours(hours);
        assert!(migration.org.write_event(EventType::ImportPassword, login, None, Some(at)));
    }
    let newest = now.duration_since(SystemTime::UNIX_EPOCH).expect("after 1970").as_millis();
    for next in [
        format!("{}/api/v1/logs?after=gone", migration.org_url),
        "https://another.okta.com/api/v1/logs?after=1".to_owned(),
        "?".to_owned(),
    ] {
        let place = json!({"next": next, "newest": u64::try_from(newest).expect("in range")}).to_string();
        migration.ledger().await.set_note("reconcile.log", &place).await.expect("noted");
        let report = migration.report(&["--log-only"]).await;
        assert_eq!(report["log"]["read"], 2, "those of a day before the newest: {next}");
    }
    migration.ledger().await.set_note("reconcile.log", "torn {").await.expect("noted");
    let report = migration.report(&["--log-only"]).await;
    assert_eq!(report["log"]["read"], 3, "a place that cannot be read is none");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_signed_in_and_who_is_gone_is_found_in_the_list_of_users() {
    let migration = Migration::new().await;
    let users = migration.users(450).await;
    migration.org.add_person(&person("canary.other@example.com"), Status::Active).expect("added");
    let client = reqwest::Client::builder().no_proxy().build().expect("a client");
    let call = |method: reqwest::Method, path: String| {
        let url = format!("{}{path}", migration.org_url);
        client.request(method, url).header("Authorization", format!("SSWS {TOKEN}"))
    };
    for (_, login, _) in &users[..2] {
        let body = json!({"username": login, "password": "correct horse"});
        let answer = call(reqwest::Method::POST, "/api/v1/authn".to_owned()).json(&body).send().await;
        assert_eq!(answer.expect("an answer").status(), 200);
    }
    // The third is deactivated, which Okta's list leaves out; the fourth deleted, which takes two steps.
    for (user, times) in [(&users[2], 1), (&users[3], 2)] {
        for _ in 0..times {
            let path = format!("/api/v1/users/{}", user.2);
            let answer = call(reqwest::Method::DELETE, path).send().await.expect("an answer");
            assert_eq!(answer.status(), 204);
        }
    }
    let report = migration.report(&[]).await;
    let expected = json!({
        "read": 450, "of_this_ledger": 449, "signed_in": 2, "changed": 3, "gone": 1, "gone_ids": [users[3].2],
    });
    assert_eq!(report["users"], expected);
    let ids: Vec<&str> = users.iter().take(3).map(|user| user.2.as_str()).collect();
    let states = migration.ledger().await.states_by_okta_id(&ids).await.expect("states");
    let known = |at: usize| states[at].as_ref().map(|(_, state)| state).expect("known");
    assert!(known(0).last_login.is_some() && known(1).last_login.is_some() && known(2).last_login.is_none());
    assert_eq!(known(2).okta_status.as_deref(), Some("DEPROVISIONED"));
    let output = migration.run(&[]).await;
    let (code, out, _) = told(&output);
    assert_eq!(code, 0);
    assert!(out.contains("no longer in Okta") && out.contains(&users[3].2), "{out}");
    assert!(
        migration.ledger().await.reconciled_at().await.expect("asked").is_some(),
        "stragglers can tell when"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn following_confirms_what_comes_later_until_a_signal() {
    let migration = Migration::new().await;
    let users = migration.users(1).await;
    let child = migration.start(&["--follow", "--every", "1", "--log-only", "--json"]);
    // The remembered place tells that the first reading is over.
    while migration.ledger().await.note("reconcile.log").await.expect("a note").is_none() {}
    migration.write(&users[0].1, None);
    while migration.in_state(&users, "confirmed").await == 0 {}
    let killed = Command::new("kill").args(["-s", "TERM", &child.id().to_string()]).status();
    assert!(killed.expect("kill runs").success());
    let (code, out, err) = told(&child.wait_with_output().expect("it ends"));
    assert_eq!(code, 0, "{err}");
    let report: Value = serde_json::from_str(&out).expect("JSON");
    assert_eq!(report["log"]["confirmed"], 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_token_another_org_and_a_missing_ledger_are_told_at_once() {
    let migration = Migration::new().await;
    let (code, _, err) = told(&migration.run(&[]).await);
    assert_eq!(code, 1, "{err}");
    assert!(err.contains("no ledger yet"), "{err}");
    assert_eq!(migration.org.calls().len(), 0, "nobody was called");

    migration.users(1).await;
    migration.configure("canary-wrong");
    let (code, _, err) = told(&migration.run(&[]).await);
    assert_eq!(code, 1, "{err}");
    assert!(err.contains("credentials"), "{err}");
    assert_eq!(migration.log_calls(), 0);

    migration.configure(TOKEN);
    migration.ledger().await.bind("https://another.okta.com", &[], true).await.expect("bound");
    let (code, _, err) = told(&migration.run(&[]).await);
    assert_eq!(code, 1, "{err}");
    assert!(err.contains("org"), "{err}");
    assert_eq!(migration.log_calls(), 0);
    let (code, _, err) = told(&migration.run(&["--since", "yesterday"]).await);
    assert_eq!(code, 1, "{err}");
}

/// The service and the org, pointed at each other, with both of Okta's hooks registered.
async fn service_and_org(faults: Faults) -> (Migration, Service) {
    let store = Store::with_users(&[(1, "canary.alice@example.com", HORSE, true)]).await;
    let ledger_url = format!("sqlite:{}/ledger.db", store.path().display());
    let serving = store.configuration("", "");
    let migration = Migration::over(store.folder, ledger_url).await;
    let okta = format!("[okta]\norg_url = \"{}\"\napi_token = \"{TOKEN}\"\nshare = 1.0\n", migration.org_url);
    let service = Service::start(migration.path(), &format!("{serving}{okta}"));
    while !service.private("/readyz").await.1.contains("\"ledger\":\"ok\"") {}

    let header = ("Authorization".to_owned(), Secret::from(SECRET));
    let hook = HookEndpoint::new(&service.url(), vec![header]).expect("an endpoint");
    migration.org.register_hook(hook);
    let call = async |path: &str, body: Value| {
        let url = format!("{}/api/v1/eventHooks{path}", migration.org_url);
        let request = service.client.post(url).header("Authorization", format!("SSWS {TOKEN}"));
        let answer = request.json(&body).send().await.expect("an answer");
        let status = answer.status().as_u16();
        let body: Value = answer.json().await.expect("JSON");
        assert_eq!(status, 200, "{body}");
        body
    };
    let config = json!({
        "uri": format!("http://{}/okta/events", service.public),
        "authScheme": {"type": "HEADER", "key": "Authorization", "value": SECRET},
    });
    let created = call(
        "",
        json!({
            "name": "Arrived passwords",
            "events": {"type": "EVENT_TYPE", "items": ["user.import.password"]},
            "channel": {"type": "HTTP", "version": "1.0.0", "config": config},
        }),
    );
    let id = created.await["id"].as_str().expect("an id").to_owned();
    let verified = call(&format!("/{id}/lifecycle/verify"), json!({})).await;
    assert_eq!(verified["verificationStatus"], "VERIFIED");
    migration.org.set_faults(faults);
    (migration, service)
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_event_hook_is_never_sent_is_reconciled() {
    let faults =
        Faults { seed: 7, event_lost: 0.2, event_repeat: 0.2, event_disorder: 0.2, ..Faults::default() };
    let (migration, service) = service_and_org(faults).await;
    let users = migration.users(300).await;
    for (_, login, _) in &users {
        migration.write(login, None);
    }
    migration.org.deliveries_settled().await;
    let deliveries = migration.org.event_deliveries();
    assert!(deliveries.lost > 0 && deliveries.repeated > 0 && deliveries.failed == 0, "{deliveries:?}");
    let lost = usize::try_from(deliveries.lost).expect("few");
    assert_eq!(migration.in_state(&users, "confirmed").await, 300 - lost);

    let report = migration.report(&[]).await;
    assert_eq!((&report["log"]["confirmed"], &report["log"]["known"]), (&json!(lost), &json!(300 - lost)));
    assert_eq!(migration.in_state(&users, "confirmed").await, 300);
    service.signal("TERM");
    let (_, log) = service.wait();
    assert!(!log.to_lowercase().contains("canary"), "{log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_first_sign_in_ends_as_confirmed() {
    let (migration, service) = service_and_org(Faults::default()).await;
    let mut alice = person("canary.alice@example.com");
    alice["credentials"] = json!({"password": {"hook": {"type": "default"}}});
    let okta_id = migration.org.add_person(&alice, Status::Active).expect("added");
    let users = [("1".to_owned(), "canary.alice@example.com".to_owned(), okta_id)];
    seed(&migration.ledger().await, &borrowed(&users)).await;
    let sign_in = async |password: &str| {
        let body = json!({"username": "canary.alice@example.com", "password": password});
        let request = service.client.post(format!("{}/api/v1/authn", migration.org_url)).json(&body);
        request.send().await.expect("an answer").status().as_u16()
    };
    assert_eq!(sign_in("wrong").await, 401);
    migration.org.deliveries_settled().await;
    assert_eq!(migration.in_state(&users, "confirmed").await, 0, "a failure confirms nobody");
    assert_eq!(sign_in("correct horse").await, 200);
    migration.org.deliveries_settled().await;
    assert_eq!(migration.in_state(&users, "confirmed").await, 1);
    // The hook's own decisions are written behind the answer, here perhaps after the confirmation.
    while service.metric("keyferry_ledger_written_total").await < 2.0 {}
    assert_eq!(migration.in_state(&users, "confirmed").await, 1);
    let (code, out, _) = told(&migration.run(&[]).await);
    assert_eq!(code, 0, "{out}");
}
