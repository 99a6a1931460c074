//! What the commands print, followed by canaries: no stored value, salt, pepper, password or connection secret is in
//! any output, error, reject or report. (The hook's own canary test is in `hook.rs`.)

use std::path::Path;
use std::process::{Command, Output, Stdio};

use crate::service::Store;

const HASH: &str = "$2a$10$canaryhashcanaryhashcOe1PFBoVZMzT.cCxY5tUguAT5vtRapnCH";
const TORN: &str = "{SSHA}canaryTornValue==";
const COSTLY: &str = "$2a$31$canarycostlycanarycosOe1PFBoVZMzT.cCxY5tUguAT5vtRapnCH";

fn run(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_keyferry"))
        .args(arguments)
        .current_dir(folder)
        .env("KEYFERRY_LOG__LEVEL", "trace")
        .env("KEYFERRY_SOURCE__0__PEPPER", "canarypepper")
        .stdin(Stdio::null())
        .output()
        .expect("it runs")
}

fn told(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

#[tokio::test]
async fn no_command_prints_a_stored_value_or_a_secret() {
    let rows = [
        (1, "whole@example.com", HASH, true),
        (2, "torn@example.com", TORN, true),
        (3, "costly@example.com", COSTLY, true),
        (4, "bare@example.com", "canary0123456789canary0123456789", true),
    ];
    let store = Store::with_users(&rows).await;
    let profile =
        "[source.profile]\nlogin = \"login\"\nemail = \"login\"\nfirstName = \"id\"\nlastName = \"id\"\n";
    std::fs::write(store.path().join("keyferry.toml"), store.configuration("", profile)).expect("written");
    let mut seen = String::new();
    for arguments in [
        &["check"][..],
        &["check", "--json"],
        &["survey"],
        &["survey", "--json"],
        &["export", "--format", "okta", "--out", "a.jsonl", "--rejects", "a.csv"],
        &["export", "--format", "csv", "--out", "b.csv", "--rejects", "c.csv", "--json"],
        &["status"],
    ] {
        let output = run(store.path(), arguments);
        assert!(matches!(output.status.code(), Some(0 | 3)), "{arguments:?}: {output:?}");
        seen.push_str(&told(&output));
    }
    for name in ["a.csv", "b.csv", "c.csv"] {
        seen.push_str(&std::fs::read_to_string(store.path().join(name)).expect("written"));
    }
    assert!(seen.contains("torn@example.com"), "the rejects were read");
    for canary in ["canary", "e1PFBoVZMzT"] {
        assert!(!seen.contains(canary), "{canary}: {seen}");
    }
}

#[test]
fn no_error_prints_a_connection_s_password_or_a_secret() {
    let folder = tempfile::tempdir().expect("a folder");
    // Nobody listens on port 1.
    for url in [
        "postgres://reader:canarypassword@127.0.0.1:1/shop",
        "mysql://reader:canarypassword@127.0.0.1:1/shop",
        "postgres://reader:canarypassword@[::bad/shop",
        "postgres://reader:canarypassword@127.0.0.1:1/shop?canarysetting=1",
    ] {
        let text = format!(
            r#"
[server.auth]
header = [{{ name = "Authorization", secret = "canary\u0001secret" }}]
[ledger]
url = "postgres://ledger:canaryledger@127.0.0.1:1/ledger"
key = "canarykey"
[[source]]
name = "shop"
url = "{url}"
scheme = "sha256('canaryliteral'.$pas)"
lookup = "SELECT 'canarysql' AS stored WHERE 1 = :usernam"
"#
        );
        std::fs::write(folder.path().join("keyferry.toml"), &text).expect("written");
        let mut seen = String::new();
        for command in ["check", "serve", "survey", "status"] {
            let output = run(folder.path(), &[command]);
            assert_ne!(output.status.code(), Some(0), "{command}");
            seen.push_str(&told(&output));
        }
        // The same without what the configuration already refuses, so that the connections are tried.
        let good = text
            .replace("canary\\u0001secret", "canarysecret")
            .replace("key = \"canarykey\"", "")
            .replace("sha256('canaryliteral'.$pas)", "auto")
            .replace(":usernam", ":username");
        std::fs::write(folder.path().join("keyferry.toml"), good).expect("written");
        for command in ["check", "survey", "status"] {
            let output = run(folder.path(), &[command]);
            assert_ne!(output.status.code(), Some(0), "{command}: {output:?}");
            seen.push_str(&told(&output));
        }
        assert!(seen.contains("shop"), "{seen}");
        assert!(!seen.contains("canary"), "{url}: {seen}");
    }
}
