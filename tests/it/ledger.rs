//! The ledger: on files, on a PostgreSQL server, from several processes, and while it is away.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on shall fail")]

mod outage;

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant, SystemTime};

use keyferry::ledger::{
    DecisionEvent, Ledger, LedgerError, PlannedUser, Recorder, Route, SchemeCount, Summary,
};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Connection, PgConnection, SqliteConnection};
use tempfile::TempDir;

use crate::servers::{self, Kind};

const CANARY_ID: &str = "4711-canary-id";
const CANARY_LOGIN: &str = "canary.login@example.com";
const KEY: &[u8] = b"a key of thirty-two bytes, fixed";
const GRACE: Duration = Duration::from_secs(10);

/// A ledger in a folder of its own.
struct File {
    folder: TempDir,
}

impl File {
    fn new() -> Self {
        Self { folder: TempDir::new().unwrap() }
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("ledger.db")
    }

    fn url(&self) -> String {
        format!("sqlite:{}", self.path().display())
    }

    /// A second connection, as another process would have it.
    async fn connect(&self) -> SqliteConnection {
        SqliteConnectOptions::new().filename(self.path()).create_if_missing(true).connect().await.unwrap()
    }
}

/// An empty database on the test server.
struct Database {
    url: String,
}

impl Database {
    /// `None` where PostgreSQL is not installed.
    async fn new() -> Option<Self> {
        let server = servers::postgres()?;
        Some(Self { url: server.database("SELECT 1").await })
    }

    async fn connect(&self) -> PgConnection {
        PgConnection::connect(&self.url).await.unwrap()
    }
}

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

/// An event of somebody whom no source knows.
fn unknown() -> DecisionEvent {
    DecisionEvent {
        source: None,
        user_id: None,
        scheme: None,
        ..decision("x", "rejected", Some("unknown user"))
    }
}

async fn summary(url: &str) -> Summary {
    Ledger::summary_of(url).await.unwrap().expect("a ledger")
}

fn users(summary: &Summary) -> BTreeSet<(&str, &str, u64)> {
    summary.users.iter().map(|count| (count.route.as_str(), count.state.as_str(), count.users)).collect()
}

fn not_verified(scheme: &SchemeCount) -> BTreeSet<(&str, &str, u64)> {
    let counts = scheme.not_verified.iter();
    counts.map(|count| (count.outcome.as_str(), count.reason.as_str(), count.decisions)).collect()
}

// What is counted ---------------------------------------------------------------------------------------------

async fn decisions_are_counted(url: &str) {
    let recorder = Recorder::start(url.to_owned(), None, 100);
    recorder.record(decision("alice", "rejected", Some("wrong password")));
    recorder.record(decision("alice", "rejected", Some("wrong password")));
    recorder.record(decision("alice", "verified", None));
    recorder.record(decision("bob", "rejected", Some("unreadable hash")));
    recorder.record(decision("carol", "unavailable", Some("source down")));
    recorder.record(unknown());
    let old = SystemTime::now() - Duration::from_hours(2);
    recorder.record(DecisionEvent { at: old, ..decision("dave", "verified", None) });
    recorder.until(|health| health.written == 7).await;
    recorder.ping().await.unwrap();
    recorder.close(GRACE).await;

    let summary = summary(url).await;
    assert_eq!(
        users(&summary),
        BTreeSet::from([("hook", "verified", 2), ("hook", "seeded", 1)]),
        "one row per user that a source knows and that was decided on"
    );
    let shop = summary.schemes.iter().find(|scheme| scheme.source.as_deref() == Some("shop")).unwrap();
    assert_eq!((shop.verified_users, shop.verified), (2, 2));
    assert_eq!(
        not_verified(shop),
        BTreeSet::from([
            ("rejected", "unreadable hash", 1),
            ("rejected", "wrong password", 2),
            ("unavailable", "source down", 1)
        ])
    );
    let nobody = summary.schemes.iter().find(|scheme| scheme.source.is_none()).unwrap();
    assert_eq!(not_verified(nobody), BTreeSet::from([("rejected", "unknown user", 1)]));
    let total = summary.decisions.total;
    assert_eq!((total.verified, total.rejected, total.unavailable), (2, 4, 1));
    assert_eq!((summary.decisions.last_hour.sum(), summary.decisions.last_day.sum()), (6, 7));
    assert!(summary.decisions.first_at < summary.decisions.last_at);
}

#[tokio::test]
async fn decisions_are_counted_on_sqlite() {
    decisions_are_counted(&File::new().url()).await;
}

#[tokio::test]
async fn decisions_are_counted_on_postgresql() {
    let Some(database) = Database::new().await else { return };
    decisions_are_counted(&database.url).await;
}

fn planned(user_id: &str, route: Route) -> PlannedUser<'_> {
    PlannedUser { source: "shop", user_id, login: None, route, scheme: Some("bcrypt") }
}

async fn a_plan_moves_nobody_back(url: &str) {
    let ledger = Ledger::open(url, Some(KEY)).await.unwrap();
    let plan = [planned("alice", Route::Hash), planned("bob", Route::Hook), planned("carol", Route::Hook)];
    assert_eq!(ledger.plan(&plan).await.unwrap(), 3);
    ledger
        .record(&[decision("bob", "verified", None), decision("carol", "rejected", Some("wrong password"))])
        .await
        .unwrap();
    let seen = summary(url).await;
    assert_eq!(
        users(&seen),
        BTreeSet::from([("hash", "planned", 1), ("hook", "verified", 1), ("hook", "planned", 1)]),
        "a rejection leaves the state as it is"
    );

    let again = [planned("alice", Route::Hook), planned("bob", Route::Hash)];
    assert_eq!(ledger.plan(&again).await.unwrap(), 1, "bob is verified and stays so");
    let seen = summary(url).await;
    assert_eq!(users(&seen), BTreeSet::from([("hook", "planned", 2), ("hook", "verified", 1)]));
    assert_eq!(seen.decisions.total.sum(), 2);
}

#[tokio::test]
async fn a_plan_moves_nobody_back_on_sqlite() {
    a_plan_moves_nobody_back(&File::new().url()).await;
}

#[tokio::test]
async fn a_plan_moves_nobody_back_on_postgresql() {
    let Some(database) = Database::new().await else { return };
    a_plan_moves_nobody_back(&database.url).await;
}

#[tokio::test]
async fn what_okta_confirmed_stays_confirmed() {
    let file = File::new();
    let ledger = Ledger::open(&file.url(), Some(KEY)).await.unwrap();
    ledger.record(&[decision("alice", "verified", None)]).await.unwrap();
    sqlx::query("UPDATE users SET state = 'confirmed'").execute(&mut file.connect().await).await.unwrap();
    ledger.record(&[decision("alice", "verified", None)]).await.unwrap();
    ledger.plan(&[planned("alice", Route::Hash)]).await.unwrap();
    assert_eq!(users(&summary(&file.url()).await), BTreeSet::from([("hook", "confirmed", 1)]));
}

#[tokio::test]
async fn batches_may_arrive_in_any_order() {
    let file = File::new();
    let ledger = Ledger::open(&file.url(), Some(KEY)).await.unwrap();
    let at = |seconds| SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
    let event =
        |seconds, reason| DecisionEvent { at: at(seconds), ..decision("alice", "rejected", Some(reason)) };
    ledger.record(&[event(200, "too costly")]).await.unwrap();
    ledger.record(&[event(100, "wrong password")]).await.unwrap();
    ledger.record(&[DecisionEvent { at: at(150), ..decision("alice", "verified", None) }]).await.unwrap();
    let row: (i64, i64, i64, i64, String, String) = sqlx::query_as(
        "SELECT first_decision_at, last_decision_at, verified, rejected, last_reason, state FROM users",
    )
    .fetch_one(&mut file.connect().await)
    .await
    .unwrap();
    assert_eq!(row, (100_000, 200_000, 1, 2, "too costly".to_owned(), "verified".to_owned()));
}

// Several at once ---------------------------------------------------------------------------------------------

/// What the child processes of the tests below do; run by itself it does the same once, to a ledger of its own.
#[tokio::test]
async fn child_process() {
    if let (Ok(url), Ok(batches)) = (std::env::var("LEDGER_CHILD_URL"), std::env::var("LEDGER_CHILD_BATCHES"))
    {
        return write_batches(&url, batches.parse().unwrap()).await;
    }
    let file = File::new();
    write_batches(&file.url(), 3).await;
    let total = summary(&file.url()).await.decisions.total;
    assert_eq!((total.verified, total.rejected), (3, 6));
}

#[expect(clippy::print_stdout, reason = "the parent process counts these lines")]
async fn write_batches(url: &str, batches: u32) {
    let ledger = loop {
        match Ledger::open(url, None).await {
            Ok(ledger) => break ledger,
            Err(LedgerError::Locked) => {}
            Err(error) => panic!("{error}"),
        }
    };
    for batch in 0..batches {
        let user = format!("{}-{batch}", std::process::id());
        let wrong = decision(&user, "rejected", Some("wrong password"));
        let events = [wrong.clone(), wrong, decision(&user, "verified", None)];
        while let Err(error) = ledger.record(&events).await {
            assert_eq!(error, LedgerError::Locked);
        }
        println!("written");
    }
}

fn child(url: &str, batches: u32) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["ledger::child_process", "--exact", "--nocapture"])
        .env("LEDGER_CHILD_URL", url)
        .env("LEDGER_CHILD_BATCHES", batches.to_string())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap()
}

async fn processes_that_start_together_share_the_ledger(url: &str) {
    let children: Vec<Child> = (0..4).map(|_| child(url, 10)).collect();
    for child in children {
        assert!(child.wait_with_output().unwrap().status.success());
    }
    let summary = summary(url).await;
    assert_eq!(users(&summary), BTreeSet::from([("hook", "verified", 40)]));
    assert_eq!((summary.decisions.total.verified, summary.decisions.total.rejected), (40, 80));
}

#[tokio::test]
async fn processes_that_start_together_share_the_ledger_on_sqlite() {
    processes_that_start_together_share_the_ledger(&File::new().url()).await;
}

#[tokio::test]
async fn processes_that_start_together_share_the_ledger_on_postgresql() {
    let Some(database) = Database::new().await else { return };
    processes_that_start_together_share_the_ledger(&database.url).await;
}

#[tokio::test]
async fn a_killed_writer_leaves_whole_batches() {
    let file = File::new();
    let mut child = child(&file.url(), u32::MAX);
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let written =
        lines.by_ref().map_while(Result::ok).filter(|line| line.ends_with("written")).take(25).count();
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(written, 25);

    let mut connection = file.connect().await;
    let sound: String =
        sqlx::query_scalar("PRAGMA integrity_check").fetch_one(&mut connection).await.unwrap();
    assert_eq!(sound, "ok");
    let summary = summary(&file.url()).await;
    let total = summary.decisions.total;
    assert!(total.verified >= 25, "what was acknowledged is there");
    assert_eq!(total.rejected, 2 * total.verified, "no batch is there by half");
    let sums: (i64, i64) = sqlx::query_as("SELECT sum(verified), sum(rejected) FROM users")
        .fetch_one(&mut connection)
        .await
        .unwrap();
    assert_eq!(sums, (total.verified.cast_signed(), total.rejected.cast_signed()), "users agree with events");
    Ledger::open(&file.url(), None).await.expect("and it opens again");
}

// What it may hold --------------------------------------------------------------------------------------------

fn canary_event() -> DecisionEvent {
    DecisionEvent {
        login: Some(CANARY_LOGIN.to_owned()),
        ..decision(CANARY_ID, "rejected", Some("wrong password"))
    }
}

fn canary_user() -> PlannedUser<'static> {
    PlannedUser { login: Some(CANARY_LOGIN), ..planned(CANARY_ID, Route::Hook) }
}

fn holds_canary(bytes: &[u8]) -> bool {
    let text = String::from_utf8_lossy(bytes).to_lowercase();
    text.contains(CANARY_ID) || text.contains(CANARY_LOGIN) || text.contains("canary")
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
    let rows: Vec<String> = sqlx::query_scalar(
        "SELECT row_to_json(u)::text FROM users u UNION ALL SELECT row_to_json(e)::text FROM events e \
         UNION ALL SELECT row_to_json(m)::text FROM meta m",
    )
    .fetch_all(&mut database.connect().await)
    .await
    .unwrap();
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

// Keys and layouts --------------------------------------------------------------------------------------------

async fn the_key_stays_with_the_ledger(made: &str, configured: &str) {
    let first = Ledger::open(made, None).await.unwrap().user_hash("Alice@Example.com");
    assert_eq!(first.len(), 16);
    assert_eq!(Ledger::open(made, None).await.unwrap().user_hash("alice@example.com"), first);
    assert_eq!(Ledger::open(made, Some(KEY)).await.err(), Some(LedgerError::WrongKey));

    let second = Ledger::open(configured, Some(KEY)).await.unwrap().user_hash("alice@example.com");
    assert_ne!(first, second);
    assert_eq!(Ledger::open(configured, Some(KEY)).await.unwrap().user_hash("alice@example.com"), second);
    assert_eq!(Ledger::open(configured, None).await.err(), Some(LedgerError::KeyMissing));
    let other = b"another key, of thirty-two bytes";
    assert_eq!(Ledger::open(configured, Some(other)).await.err(), Some(LedgerError::WrongKey));
    assert_eq!(Ledger::open(configured, Some(b"short")).await.err(), Some(LedgerError::KeyTooShort(16)));
}

#[tokio::test]
async fn the_key_stays_with_the_ledger_on_sqlite() {
    let (made, configured) = (File::new(), File::new());
    the_key_stays_with_the_ledger(&made.url(), &configured.url()).await;
}

#[tokio::test]
async fn the_key_stays_with_the_ledger_on_postgresql() {
    let (Some(made), Some(configured)) = (Database::new().await, Database::new().await) else { return };
    the_key_stays_with_the_ledger(&made.url, &configured.url).await;
}

#[tokio::test]
async fn names_in_logs_are_hashed_by_the_configured_key_even_while_the_ledger_is_down() {
    let (file, folder) = (File::new(), TempDir::new().unwrap());
    let down = format!("sqlite:{}", folder.path().join("missing/ledger.db").display());
    let known = Ledger::open(&file.url(), Some(KEY)).await.unwrap().user_hash("alice");
    let recorder = Recorder::start(down.clone(), Some(KEY.to_vec()), 10);
    assert_eq!(recorder.user_hash("ALICE"), known);
    let keyless = Recorder::start(down, None, 10);
    let hash = keyless.user_hash("alice");
    assert!(hash.len() == 16 && hash != known);
    assert_eq!(keyless.user_hash("alice"), hash);
}

#[tokio::test]
async fn a_newer_ledger_is_left_alone() {
    let Some(database) = Database::new().await else { return };
    let file = File::new();
    for url in [&file.url(), &database.url] {
        Ledger::open(url, None).await.unwrap();
    }
    let newer = "INSERT INTO keyferry_migrations (version, description, success, checksum, execution_time) \
                 VALUES (999, 'later', true, '', 0)";
    sqlx::query(newer).execute(&mut file.connect().await).await.unwrap();
    sqlx::query(newer).execute(&mut database.connect().await).await.unwrap();
    for url in [&file.url(), &database.url] {
        // Twice: a failed start must not hold the lock of the next one.
        for _ in 0..2 {
            assert_eq!(Ledger::open(url, None).await.err(), Some(LedgerError::Newer(999)));
        }
        assert_eq!(Ledger::summary_of(url).await.err(), Some(LedgerError::Newer(999)));
    }
}

#[tokio::test]
async fn somebody_else_s_database_is_left_alone() {
    let Some(database) = Database::new().await else { return };
    let file = File::new();
    let theirs = "CREATE TABLE users (username TEXT, password TEXT)";
    sqlx::query(theirs).execute(&mut file.connect().await).await.unwrap();
    sqlx::query(theirs).execute(&mut database.connect().await).await.unwrap();
    for url in [&file.url(), &database.url] {
        let foreign = Some(LedgerError::Foreign("users".to_owned()));
        assert_eq!(Ledger::open(url, None).await.err(), foreign);
        assert_eq!(Ledger::check(url, None).await.err(), foreign);
        // Not "no ledger yet": none could be begun there.
        assert_eq!(Ledger::summary_of(url).await.err(), foreign);
    }
    let tables: i64 = sqlx::query_scalar("SELECT count(*) FROM sqlite_master")
        .fetch_one(&mut file.connect().await)
        .await
        .unwrap();
    assert_eq!(tables, 1);
    let tables: i64 = sqlx::query_scalar("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'")
        .fetch_one(&mut database.connect().await)
        .await
        .unwrap();
    assert_eq!(tables, 1);
}

#[tokio::test]
async fn a_file_that_is_no_database_is_told() {
    let file = File::new();
    std::fs::write(file.path(), "This is no database. ".repeat(100)).unwrap();
    let error = Ledger::open(&file.url(), None).await.err().unwrap();
    assert!(error.to_string().contains("not a readable SQLite database"), "{error}");
}

// The command -------------------------------------------------------------------------------------------------

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
