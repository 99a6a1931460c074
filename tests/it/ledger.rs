//! The ledger, on files and servers of its own.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use keyferry::ledger::{DecisionEvent, Ledger, Recorder};
use tempfile::TempDir;

fn decision(user: &str, outcome: &'static str, reason: Option<&'static str>) -> DecisionEvent {
    DecisionEvent {
        at: SystemTime::now(),
        outcome,
        reason,
        source: Some(Arc::from("shop")),
        user_id: Some(user.to_owned()),
        login: Some(format!("{user}@example.com")),
        scheme: Some(Arc::from("bcrypt")),
        micros: 1234,
    }
}

#[tokio::test]
async fn what_is_recorded_is_counted() {
    let folder = TempDir::new().unwrap();
    let url = format!("sqlite:{}", folder.path().join("ledger.db").display());
    let recorder = Recorder::start(url.clone(), None, 100);
    recorder.record(decision("alice", "rejected", Some("wrong password")));
    recorder.record(decision("alice", "verified", None));
    recorder.record(decision("bob", "rejected", Some("unreadable hash")));
    recorder.until(|health| health.written == 3).await;
    recorder.ping().await.unwrap();
    recorder.close(Duration::from_secs(5)).await;

    let summary = Ledger::summary_of(&url).await.unwrap().unwrap();
    assert_eq!(summary.decisions.total.verified, 1);
    assert_eq!(summary.decisions.total.rejected, 2);
}
