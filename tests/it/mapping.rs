//! "Wrong password or wrong mapping?", on the real service: one word in the log, an alert, `keyferry status`.

use std::process::Command;

use serde_json::Value;

use crate::servers;
use crate::service::{Service, Store};

/// `sha1($pass)` of "password".
const SHA1: &str = "5baa61e4c9b93f3f0682250b6cf8331b7ee68fd8";
const WARNING: &str = "the mapping is probably wrong";
const PROVED: &str = "the mapping is proved";

/// Ten users in `shop`, and one more in a second source with the same scheme.
async fn store() -> Store {
    let rows: Vec<(i64, String)> = (1..=10).map(|id| (id, format!("user{id}@example.com"))).collect();
    let rows: Vec<_> = rows.iter().map(|(id, login)| (*id, login.as_str(), SHA1, true)).collect();
    let store = Store::with_users(&rows).await;
    store.execute("CREATE TABLE members (id INTEGER PRIMARY KEY, login TEXT, stored TEXT)").await;
    store.execute(&format!("INSERT INTO members VALUES (1, 'member@example.com', '{SHA1}')")).await;
    store
}

fn configuration(store: &Store, ledger: Option<&str>) -> String {
    let club = format!(
        "[[source]]\nname = \"club\"\nurl = \"sqlite:{}\"\nscheme = \"sha1($pass)\"\n\
         lookup = \"SELECT id, login, stored FROM members WHERE login = :username\"",
        store.database().display()
    );
    let text = store
        .configuration("", &club)
        .replace("name = \"shop\"", "name = \"shop\"\nscheme = \"sha1($pass)\"")
        .replace("level = \"trace\"", "level = \"info\"");
    let own = format!("url = \"sqlite:{}/ledger.db\"", store.path().display());
    assert!(text.contains(&own));
    ledger.map_or(text.clone(), |url| text.replace(&own, &format!("url = \"{url}\"")))
}

/// Tells them that their password is wrong, each several times, and ends the service. Gives its log.
async fn reject(service: Service, users: std::ops::RangeInclusive<u32>) -> String {
    for user in users {
        for _ in 0..3 {
            assert_eq!(service.verdict(&format!("user{user}@example.com"), "wrong").await, "UNVERIFIED");
        }
    }
    end(service)
}

fn end(service: Service) -> String {
    service.signal("TERM");
    service.wait().1
}

fn status(store: &Store, json: bool) -> String {
    let mut command = Command::new(env!("CARGO_BIN_EXE_keyferry"));
    command.arg("status").args(json.then_some("--json")).current_dir(store.path());
    let output = command.output().expect("keyferry runs");
    assert!(output.status.success());
    String::from_utf8(output.stdout).expect("text")
}

/// How `status` tells of a source's mapping: where it stands, and the users with a wrong password.
fn mapping(store: &Store, source: &str) -> (String, u64) {
    let report: Value = serde_json::from_str(&status(store, true)).expect("JSON");
    let schemes = report["schemes"].as_array().expect("a list");
    let scheme = schemes.iter().find(|scheme| scheme["source"] == source).expect("the source");
    assert_eq!(scheme["scheme"], "sha1($pass)");
    (
        scheme["mapping"].as_str().expect("a word").to_owned(),
        scheme["wrong_password_users"].as_u64().expect("a number"),
    )
}

async fn a_mapping_is_doubted_once_and_proved_once(ledger: Option<&str>) {
    let store = store().await;
    let configuration = configuration(&store, ledger);
    let start = || Service::start(store.path(), &configuration);

    let log = reject(start(), 1..=4).await;
    assert!(!log.contains(WARNING), "four users may have forgotten: {log}");
    assert_eq!(mapping(&store, "shop"), ("open".to_owned(), 4));
    assert!(!status(&store, false).contains("Mapping"));

    let log = reject(start(), 5..=7).await;
    assert_eq!(log.matches(WARNING).count(), 1, "{log}");
    assert!(log.contains("verify --batch") && log.contains("\"source\":\"shop\""), "{log}");
    assert_eq!(mapping(&store, "shop"), ("doubtful".to_owned(), 7));
    let told = status(&store, false);
    assert!(told.contains("Mapping probably wrong") && told.contains("keyferry verify --batch"), "{told}");
    assert!(told.contains("source `shop`, scheme `sha1($pass)`: 7 users"), "{told}");

    let service = start();
    let metric = "keyferry_mapping_doubtful{scheme=\"sha1($pass)\",source=";
    assert_eq!(service.verdict("member@example.com", "password").await, "VERIFIED");
    assert_eq!(service.verdict("user8@example.com", "wrong").await, "UNVERIFIED");
    let written = async |count: f64| while service.metric("keyferry_ledger_written_total").await < count {};
    written(2.0).await;
    assert!(service.metric(&format!("{metric}\"shop\"}}")).await > 0.5, "an alert can be set on it");
    assert!(service.metric(&format!("{metric}\"club\"}}")).await < 0.5, "another source, another mapping");
    assert_eq!(service.verdict("user9@example.com", "password").await, "VERIFIED");
    written(3.0).await;
    assert!(service.metric(&format!("{metric}\"shop\"}}")).await < 0.5);
    let log = end(service);
    assert!(!log.contains(WARNING), "it was said before the restart: {log}");
    assert_eq!(log.matches(PROVED).count(), 2, "once for each source: {log}");
    assert_eq!(mapping(&store, "shop"), ("proved".to_owned(), 8));
    assert_eq!(mapping(&store, "club"), ("proved".to_owned(), 0));
    assert!(!status(&store, false).contains("Mapping"));

    let service = start();
    assert_eq!(service.verdict("user9@example.com", "password").await, "VERIFIED");
    let log = reject(service, 1..=10).await;
    assert!(!log.contains(WARNING) && !log.contains(PROVED), "{log}");
}

#[tokio::test]
async fn a_mapping_is_doubted_once_and_proved_once_on_sqlite() {
    a_mapping_is_doubted_once_and_proved_once(None).await;
}

#[tokio::test]
async fn a_mapping_is_doubted_once_and_proved_once_on_postgresql() {
    let Some(server) = servers::postgres() else { return };
    let url = server.database("SELECT 1").await;
    a_mapping_is_doubted_once_and_proved_once(Some(&url)).await;
}

#[tokio::test]
async fn replicas_doubt_and_prove_together() {
    let Some(server) = servers::postgres() else { return };
    let url = server.database("SELECT 1").await;
    let store = store().await;
    let configuration = configuration(&store, Some(&url));
    let (one, other) =
        (Service::start(store.path(), &configuration), Service::start(store.path(), &configuration));
    let log = reject(one, 1..=3).await;
    assert!(!log.contains(WARNING));
    let log = reject(other, 4..=6).await;
    assert_eq!(log.matches(WARNING).count(), 1, "neither saw five, both together did: {log}");

    let (one, other) =
        (Service::start(store.path(), &configuration), Service::start(store.path(), &configuration));
    assert_eq!(one.verdict("user1@example.com", "password").await, "VERIFIED");
    assert_eq!(end(one).matches(PROVED).count(), 1);
    let log = reject(other, 1..=10).await;
    assert!(!log.contains(WARNING) && !log.contains(PROVED), "{log}");
    assert_eq!(mapping(&store, "shop").0, "proved");
}
