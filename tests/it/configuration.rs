//! The documented example, and what `check` says of a configuration.

use std::path::Path;
use std::process::{Command, Output};

use keyferry::config::{Config, Import, Needs, WITHOUT_MAPPING};
use keyferry::ledger::Ledger;
use keyferry::schemes::Limits;

fn example() -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/keyferry.example.toml"))
        .expect("readable")
}

fn secrets() -> Vec<(String, String)> {
    [
        "KEYFERRY_HOOK_SECRET",
        "KEYFERRY_EVENTS_SECRET",
        "KEYFERRY_DASHBOARD_TOKEN",
        "KEYFERRY_LEDGER_KEY",
        "KEYFERRY_PEPPER",
        "OKTA_API_TOKEN",
    ]
    .map(|name| (name.to_owned(), "a secret of some length".to_owned()))
    .into_iter()
    .chain([("SHOP_WRITER_URL".to_owned(), "postgres://writer@localhost/shop".to_owned())])
    .collect()
}

#[test]
fn the_documented_example_is_valid_as_it_stands_and_with_every_key_set() {
    let plain = Config::parse(&example(), secrets(), Needs::ALL).expect("valid");
    let all = example()
        .lines()
        .map(|line| line.strip_prefix('#').filter(|rest| !rest.starts_with(' ')).unwrap_or(line))
        .collect::<Vec<_>>()
        .join("\n");
    assert_ne!(all, example());
    let all = Config::parse(&all, secrets(), Needs::ALL).expect("valid");
    // What stands there as a default is the default.
    assert_eq!(all.limits, Limits::default());
    assert_eq!(plain.limits, Limits::default());
    assert_eq!(plain.import, Import::default());
    assert_eq!(all.import, Import { groups: all.import.groups.clone(), ..Import::default() });
    assert_eq!(all.import.groups, [("legacy".to_owned(), "Okta name".to_owned())]);
    assert_eq!(all.server.verify_threads, plain.server.verify_threads);
    assert_eq!(all.server.verify_memory, plain.server.verify_memory);
    assert_eq!(all.server.shutdown_grace, plain.server.shutdown_grace);
    assert_eq!(all.server.debug_context, plain.server.debug_context);
    assert!(all.server.dashboard.is_some() && plain.server.dashboard.is_some());
    assert_eq!(all.server.limits, plain.server.limits);
    let oauth2 = all.server.auth.oauth2.as_ref().expect("a section");
    assert_eq!((all.server.auth.all, oauth2.leeway.as_secs()), (false, 60));
    assert_eq!(all.ledger.queue, plain.ledger.queue);
    assert_eq!((all.log.json, &all.log.level), (plain.log.json, &plain.log.level));
    let (all_okta, plain_okta) =
        (all.okta.as_ref().expect("a section"), plain.okta.as_ref().expect("a section"));
    assert_eq!((all_okta.in_flight, all_okta.timeout), (plain_okta.in_flight, plain_okta.timeout));
    let (all, plain) = (&all.sources[0].settings, &plain.sources[0].settings);
    assert_eq!(all.page_size, plain.page_size);
    assert_eq!(all.max_connections, plain.max_connections);
    assert_eq!(all.connect_timeout, plain.connect_timeout);
    assert_eq!(all.query_timeout, plain.query_timeout);
    assert_eq!(all.username.apply(" CORP\\Alice "), "alice@example.com", "rules run in the documented order");
}

/// Told in two rooms, of which neither may know the other.
#[test]
fn what_a_source_without_a_mapping_fills_is_what_people_can_be_told_by() {
    let filled = keyferry::seeding::profile::DEFAULT.map(|(attribute, _)| attribute);
    assert_eq!(WITHOUT_MAPPING, filled);
}

fn check(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_keyferry"))
        .arg("check")
        .args(arguments)
        .current_dir(folder)
        .env_remove("KEYFERRY_HOOK_SECRET")
        .output()
        .expect("it runs")
}

#[test]
fn check_tells_all_problems_with_key_and_mend_and_ends_with_1() {
    let folder = tempfile::tempdir().expect("a folder");
    let text = r#"
[server]
deadline = "3s"
listn = "127.0.0.1:1"
[server.auth]
header = [{ name = "Authorization", secret = "env:KEYFERRY_HOOK_SECRET" }]
[[source]]
name = "shop"
url = "oracle://scott:tiger@db/shop"
scheme = "sha256($salt.$pas)"
"#;
    std::fs::write(folder.path().join("keyferry.toml"), text).expect("written");
    let output = check(folder.path(), &[]);
    assert_eq!(output.status.code(), Some(1));
    let printed = String::from_utf8(output.stdout).expect("text");
    for needed in [
        "server.deadline: must be below 3 s",
        "server.listn: is not a key that keyferry knows; did you mean `listen`?",
        "server.auth.header[0].secret: the environment variable KEYFERRY_HOOK_SECRET is not set",
        "source[0].url: must begin with sqlite:",
        "source[0].lookup: is missing",
        "source[0].scheme: column 14: ",
    ] {
        assert!(printed.contains(needed), "{needed} is not in:\n{printed}");
    }
    assert!(!printed.contains("tiger"), "{printed}");
}

#[test]
fn check_without_a_file_says_how_to_name_one() {
    let folder = tempfile::tempdir().expect("a folder");
    let output = check(folder.path(), &["--config", "other.toml"]);
    assert_eq!(output.status.code(), Some(1));
    let printed = String::from_utf8(output.stdout).expect("text");
    assert!(printed.contains("other.toml") && printed.contains("--config"), "{printed}");
}

#[tokio::test]
async fn check_looks_at_the_connections_and_writes_nothing() {
    let store = crate::service::Store::with_users(&[]).await;
    let good = store.configuration("", "");
    std::fs::write(store.path().join("keyferry.toml"), &good).expect("written");
    let output = check(store.path(), &["--json"]);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let findings: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert!(findings.as_array().expect("a list").iter().all(|finding| finding["ok"] == true), "{findings}");
    assert!(!store.path().join("ledger.db").exists(), "the ledger was made");

    let wrong = good.replace("lower(login)", "lower(logon)").replace("shop.db", "shop.db?mode=ro");
    std::fs::write(store.path().join("keyferry.toml"), wrong).expect("written");
    let output = check(store.path(), &[]);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    assert!(String::from_utf8_lossy(&output.stdout).contains("logon"), "{output:?}");

    std::fs::write(store.path().join("keyferry.toml"), good.replace("shop.db", "no-such.db"))
        .expect("written");
    assert_eq!(check(store.path(), &[]).status.code(), Some(1));
    assert!(!store.path().join("no-such.db").exists(), "a store was made");
}

#[tokio::test]
async fn check_finds_what_would_keep_the_service_from_writing_its_ledger() {
    let store = crate::service::Store::with_users(&[]).await;
    let own = format!("sqlite:{}/own.db", store.path().display());
    Ledger::open(&own, None).await.expect("a ledger that made its own key");
    let keyed = format!("sqlite:{}/keyed.db", store.path().display());
    Ledger::open(&keyed, Some(b"a key of sixteen bytes")).await.expect("a ledger with a configured key");
    let nowhere = format!("sqlite:{}/nowhere/ledger.db", store.path().display());
    let shop = format!("sqlite:{}", store.database().display());
    let good = store.configuration("", "");
    let usual = format!("sqlite:{}/ledger.db", store.path().display());
    for (url, key, wanted) in [
        (&own, None, None),
        (&keyed, Some("a key of sixteen bytes"), None),
        (&own, Some("a key of sixteen bytes"), Some("is not the key that this ledger was begun with")),
        (&keyed, Some("another key of some length"), Some("is not the key that this ledger was begun with")),
        (&keyed, None, Some("set `ledger.key` to it")),
        (&nowhere, None, Some("the folder of its file does not exist")),
        (&shop, None, Some("has a table `users` that is not keyferry's")),
    ] {
        let key = key.map(|key| format!("\nkey = \"{key}\"")).unwrap_or_default();
        let text = good.replace(&format!("\"{usual}\""), &format!("\"{url}\"{key}"));
        std::fs::write(store.path().join("keyferry.toml"), text).expect("written");
        let output = check(store.path(), &[]);
        let printed = String::from_utf8_lossy(&output.stdout);
        assert_eq!(output.status.code(), Some(i32::from(wanted.is_some())), "{printed}");
        assert!(printed.contains(wanted.unwrap_or("ledger: reachable")), "{wanted:?}: {printed}");
    }
    assert!(!store.path().join("nowhere").exists(), "a folder was made");
}

#[test]
fn what_http_or_a_log_line_cannot_carry_is_refused() {
    let secret = [("KEYFERRY_HOOK_SECRET", "Basic abc "), ("OKTA_API_TOKEN", "token")];
    let environment = secret
        .into_iter()
        .chain([("KEYFERRY_SOURCE__0__NAME", "sh\nop")])
        .map(|(name, value)| (name.to_owned(), value.to_owned()));
    let problems = Config::parse(&example(), environment, Needs::ALL).expect_err("refused").0;
    let keys: Vec<&str> = problems.iter().map(|problem| problem.key.as_str()).collect();
    assert_eq!(keys, ["server.auth.header[0].secret", "source[0].name"]);
}
