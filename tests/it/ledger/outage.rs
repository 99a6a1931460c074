//! The ledger while it is away: not there yet, locked, crashed, removed, unreachable.

use super::*;

#[tokio::test]
async fn a_ledger_that_appears_later_gets_what_was_queued() {
    let folder = TempDir::new().unwrap();
    let later = folder.path().join("mounted-later");
    let url = format!("sqlite:{}", later.join("ledger.db").display());
    let recorder = Recorder::start(url.clone(), None, 10);
    for user in 0..15 {
        recorder.record(decision(&user.to_string(), "verified", None));
    }
    recorder.until(|health| health.failing_since.is_some()).await;
    let health = recorder.health();
    assert_eq!((health.written, health.queued, health.dropped), (0, 10, 5), "the queue holds ten");
    assert_eq!(health.last_error, Some("unreachable"));
    assert!(matches!(recorder.ping().await, Err(LedgerError::Unreachable(_))));

    std::fs::create_dir(&later).unwrap();
    recorder.until(|health| health.written == 10).await;
    recorder.ping().await.unwrap();
    assert_eq!(recorder.health().failing_since, None);
    recorder.close(GRACE).await;
    assert_eq!(summary(&url).await.decisions.total.verified, 10);
}

#[tokio::test]
async fn a_locked_ledger_is_waited_for() {
    let file = File::new();
    Ledger::open(&file.url(), None).await.unwrap();
    let mut other = file.connect().await;
    sqlx::query("BEGIN IMMEDIATE").execute(&mut other).await.unwrap();
    let recorder = Recorder::start(file.url(), None, 100);
    let began = Instant::now();
    recorder.record(decision("alice", "verified", None));
    assert!(began.elapsed() < Duration::from_millis(100), "recording does not wait");
    recorder.until(|health| health.last_error == Some("locked")).await;
    sqlx::query("COMMIT").execute(&mut other).await.unwrap();
    recorder.until(|health| health.written == 1 && health.failing_since.is_none()).await;
    recorder.close(GRACE).await;
    assert_eq!(summary(&file.url()).await.decisions.total.verified, 1);
}

#[tokio::test]
async fn a_server_that_crashes_and_comes_back_gets_every_event_once() {
    let Some(server) = servers::private(Kind::Postgres) else { return };
    let url = server.database("SELECT 1").await;
    let recorder = Recorder::start(url.clone(), None, 1000);
    recorder.record(decision("alice", "verified", None));
    recorder.until(|health| health.written == 1).await;
    server.stop();
    recorder.ping().await.expect_err("it is down");
    for _ in 0..600 {
        recorder.record(decision("alice", "verified", None));
    }
    recorder.until(|health| health.failing_since.is_some()).await;
    server.start();
    recorder.until(|health| health.written == 601 && health.failing_since.is_none()).await;
    recorder.ping().await.unwrap();
    recorder.close(GRACE).await;
    assert_eq!(summary(&url).await.decisions.total.verified, 601);
}

#[tokio::test]
async fn a_removed_file_is_noticed_and_begun_anew() {
    let file = File::new();
    let recorder = Recorder::start(file.url(), None, 100);
    recorder.record(decision("alice", "verified", None));
    recorder.until(|health| health.written == 1).await;
    std::fs::remove_file(file.path()).unwrap();
    recorder.ping().await.expect_err("its file is gone");
    recorder.record(decision("bob", "verified", None));
    recorder.until(|health| health.written == 2).await;
    recorder.close(GRACE).await;
    assert_eq!(summary(&file.url()).await.decisions.total.verified, 1, "bob is in the new one");
}

#[tokio::test]
async fn closing_waits_no_longer_than_its_grace() {
    let folder = TempDir::new().unwrap();
    let url = format!("sqlite:{}", folder.path().join("missing/ledger.db").display());
    let recorder = Recorder::start(url, None, 10);
    let seen = recorder.clone();
    recorder.record(decision("alice", "verified", None));
    let began = Instant::now();
    recorder.close(Duration::from_millis(300)).await;
    assert!(began.elapsed() < Duration::from_secs(5));
    seen.record(decision("bob", "verified", None));
    let health = seen.health();
    assert_eq!((health.written, health.queued, health.dropped), (0, 0, 2), "both are accounted for");
}

#[tokio::test]
async fn nobody_listening_is_told_without_the_credentials() {
    // Port 1 is the reserved tcpmux: nobody listens there.
    let url = "postgres://canary-user:canary-password@127.0.0.1:1/canary-database";
    let error = Ledger::open(url, None).await.err().expect("nobody is there");
    assert!(matches!(error, LedgerError::Unreachable(_)), "{error}");
    assert!(!format!("{error} {error:?}").contains("canary"), "{error}");
    for url in ["mysql://canary@host/db", "postgres://canary:canary@[", "canary"] {
        let error = Ledger::open(url, None).await.err().expect("not usable");
        assert!(matches!(error, LedgerError::Url(_)), "{error}");
        assert!(!format!("{error} {error:?}").contains("canary"), "{error}");
    }
}

/// Collects what is logged.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl std::io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// On one thread, so that the subscriber of this test sees the writer's task as well.
#[tokio::test]
async fn an_outage_is_logged_once_and_nothing_personal_at_any_level() {
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_ansi(false)
        .with_writer(move || writer.clone())
        .finish();
    let guard = tracing::subscriber::set_default(subscriber);
    let folder = TempDir::new().unwrap();
    let later = folder.path().join("later");
    let recorder = Recorder::start(format!("sqlite:{}", later.join("ledger.db").display()), None, 2);
    let canary = DecisionEvent {
        login: Some(CANARY_LOGIN.to_owned()),
        ..decision(CANARY_ID, "rejected", Some("wrong password"))
    };
    for _ in 0..20 {
        recorder.record(canary.clone());
        recorder.user_hash(CANARY_LOGIN);
    }
    recorder.until(|health| health.failing_since.is_some()).await;
    std::fs::create_dir(&later).unwrap();
    recorder.until(|health| health.written == 2).await;
    recorder.close(GRACE).await;
    drop(guard);

    let log = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    assert_eq!(log.matches("the ledger fails").count(), 1, "{log}");
    assert_eq!(log.matches("the ledger works again").count(), 1, "{log}");
    assert_eq!(log.matches("queue is full").count(), 1, "{log}");
    assert_eq!(log.matches("key is not known yet").count(), 1, "{log}");
    assert!(!log.contains("canary"), "{log}");
}
