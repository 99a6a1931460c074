//! What the ledger may hold: nothing plain, and for its owner alone.

use super::*;

fn canary_event() -> DecisionEvent {
    DecisionEvent {
        login: Some(CANARY_LOGIN.to_owned()),
        ..decision(CANARY_ID, "rejected", Some("wrong password"))
    }
}

fn canary_user() -> PlannedUser<'static> {
    PlannedUser { login: Some(CANARY_LOGIN), ..planned(CANARY_ID, Route::Hook) }
}

pub(super) fn holds_canary(bytes: &[u8]) -> bool {
    let text = String::from_utf8_lossy(bytes).to_lowercase();
    text.contains(CANARY_ID) || text.contains(CANARY_LOGIN) || text.contains("canary")
}

/// All that the ledger on a server holds.
pub(super) async fn server_rows(database: &Database) -> Vec<String> {
    sqlx::query_scalar(
        "SELECT row_to_json(u)::text FROM users u UNION ALL SELECT row_to_json(e)::text FROM events e \
         UNION ALL SELECT row_to_json(m)::text FROM meta m",
    )
    .fetch_all(&mut database.connect().await)
    .await
    .unwrap()
}

#[tokio::test]
async fn no_plain_id_or_login_reaches_the_file() {
    let file = File::new();
    let ledger = Ledger::open(&file.url(), None).await.unwrap();
    ledger.plan(&[canary_user()]).await.unwrap();
    ledger.record(&[canary_event()]).await.unwrap();
    let mut files = 0;
    for entry in std::fs::read_dir(file.folder.path()).unwrap() {
        let path = entry.unwrap().path();
        let bytes = std::fs::read(&path).unwrap();
        assert!(!holds_canary(&bytes), "{}", path.display());
        files += 1;
        if path.to_string_lossy().ends_with("-wal") {
            assert!(bytes.windows(14).any(|window| window == b"wrong password"), "the event is in the log");
        }
    }
    assert_eq!(files, 3, "database, log and index");
}

#[tokio::test]
async fn no_plain_id_or_login_reaches_the_server() {
    let Some(database) = Database::new().await else { return };
    let ledger = Ledger::open(&database.url, None).await.unwrap();
    ledger.plan(&[canary_user()]).await.unwrap();
    ledger.record(&[canary_event()]).await.unwrap();
    let rows = server_rows(&database).await;
    assert!(rows.len() >= 4, "user, event, key and its check");
    assert!(!holds_canary(rows.join("\n").as_bytes()));
}

#[cfg(unix)]
#[tokio::test]
async fn only_the_owner_may_read_the_file() {
    use std::os::unix::fs::PermissionsExt;
    let file = File::new();
    let ledger = Ledger::open(&file.url(), None).await.unwrap();
    ledger.record(&[decision("alice", "verified", None)]).await.unwrap();
    for entry in std::fs::read_dir(file.folder.path()).unwrap() {
        let entry = entry.unwrap();
        assert_eq!(entry.metadata().unwrap().permissions().mode() & 0o777, 0o600, "{:?}", entry.path());
    }
}
