//! `keyferry status`.

use super::*;

fn status(folder: &Path, ledger: &str, json: bool) -> Output {
    let config = folder.join("keyferry.toml");
    std::fs::write(&config, format!("[ledger]\nurl = \"{ledger}\"\n")).unwrap();
    Command::new(env!("CARGO_BIN_EXE_keyferry"))
        .args(["status", "--config"])
        .arg(&config)
        .args(json.then_some("--json"))
        .output()
        .unwrap()
}

#[tokio::test]
async fn status_creates_nothing() {
    let Some(database) = Database::new().await else { return };
    let file = File::new();
    for url in [&file.url(), &database.url] {
        let output = status(file.folder.path(), url, false);
        assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
        assert!(String::from_utf8_lossy(&output.stdout).contains("no ledger yet"));
        assert_eq!(Ledger::summary_of(url).await, Ok(None));
    }
    assert!(!file.path().exists());
}

#[tokio::test]
async fn status_shows_the_ledger_while_it_is_written() {
    let Some(database) = Database::new().await else { return };
    let file = File::new();
    for url in [&file.url(), &database.url] {
        let ledger = Ledger::open(url, None).await.unwrap();
        let output = status(file.folder.path(), url, false);
        assert!(String::from_utf8_lossy(&output.stdout).contains("empty"));
        ledger
            .record(&[
                decision("alice", "verified", None),
                decision("bob", "rejected", Some("unreadable hash")),
            ])
            .await
            .unwrap();

        let output = status(file.folder.path(), url, true);
        assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
        let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(report["begun"], true);
        assert_eq!(report["decisions"]["total"]["verified"], 1);
        assert_eq!(report["schemes"][0]["not_verified"][0]["reason"], "unreadable hash");
        let output = status(file.folder.path(), url, false);
        assert!(String::from_utf8_lossy(&output.stdout).contains("rejected: unreadable hash"));
    }
}

#[test]
fn status_of_a_server_that_is_away_fails_without_its_password() {
    let folder = TempDir::new().unwrap();
    let output = status(folder.path(), "postgres://canary:canary@127.0.0.1:1/db", false);
    assert_eq!(output.status.code(), Some(2));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("the ledger is not reachable"), "{said}");
    assert!(!said.contains("canary"), "{said}");
}
