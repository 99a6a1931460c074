//! The key that stays with a ledger, and ledgers that are not ours to open.

use super::import::meddle;
use super::*;

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

/// A ledger of the first layout, as keyferry 0.1.0 left it, with a user in each state.
const FIRST_LAYOUT: &str = "
    INSERT INTO users VALUES
        ('shop', 'k1', 'l1', 'hash', 'planned', 'bcrypt', NULL, NULL, 0, 0, NULL, 1000),
        ('shop', 'k2', 'l2', 'hash', 'sending', NULL, NULL, NULL, 0, 0, NULL, 2000),
        ('shop', 'k3', NULL, 'hook', 'seeded', 'md5', 10, 20, 0, 2, 'wrong password', 3000),
        ('shop', 'k4', NULL, 'hash', 'rejected', NULL, NULL, NULL, 0, 0, NULL, 4000),
        ('blog', 'k1', NULL, 'hook', 'verified', 'md5', 30, 50, 2, 1, 'wrong password', 5000),
        ('blog', 'k2', NULL, 'hook', 'confirmed', 'md5', 40, 40, 1, 0, NULL, 6000);
    INSERT INTO events (at, source, user_key, kind, outcome, reason, scheme, micros) VALUES
        (30, 'blog', 'k1', 'decision', 'verified', NULL, 'md5', 7),
        (40, 'blog', 'k2', 'decision', 'verified', NULL, 'md5', 8);
    INSERT INTO meta VALUES ('proved:[\"blog\",\"md5\"]', '50');";
const OLD_COLUMNS: &str = "SELECT source, user_key, login_key, route, state, scheme, first_decision_at, \
    last_decision_at, verified, rejected, last_reason, updated_at FROM users ORDER BY source, user_key";

type OldRow = (
    String,
    String,
    Option<String>,
    String,
    String,
    Option<String>,
    Option<i64>,
    Option<i64>,
    i64,
    i64,
    Option<String>,
    i64,
);

/// Takes the second layout away again: its note, and all that it made.
const BACK_TO_FIRST: [&str; 2] = [
    concat!(
        "DELETE FROM keyferry_migrations WHERE version > 1; DROP TABLE users; DROP TABLE events; DROP TABLE failures; ",
        "CREATE TABLE kept AS SELECT * FROM meta; DROP TABLE meta; ",
        include_str!("../../../migrations/sqlite/0001_ledger.sql"),
        "; INSERT INTO meta SELECT * FROM kept; DROP TABLE kept;"
    ),
    concat!(
        "DELETE FROM keyferry_migrations WHERE version > 1; DROP TABLE users; DROP TABLE events; DROP TABLE failures; ",
        "CREATE TABLE kept AS SELECT * FROM meta; DROP TABLE meta; ",
        include_str!("../../../migrations/postgres/0001_ledger.sql"),
        "; INSERT INTO meta SELECT * FROM kept; DROP TABLE kept;"
    ),
];

on_both!(a_ledger_of_the_first_layout_is_brought_up_to_date_without_loss);

async fn a_ledger_of_the_first_layout_is_brought_up_to_date_without_loss(url: &str) {
    let on_sqlite = url.starts_with("sqlite:");
    Ledger::open(url, Some(KEY)).await.unwrap();
    meddle(url, BACK_TO_FIRST[usize::from(!on_sqlite)]).await;
    meddle(url, FIRST_LAYOUT).await;
    let rows = async || -> Vec<OldRow> {
        if on_sqlite {
            let file = url.strip_prefix("sqlite:").unwrap();
            let mut connection = SqliteConnectOptions::new().filename(file).connect().await.unwrap();
            sqlx::query_as(OLD_COLUMNS).fetch_all(&mut connection).await.unwrap()
        } else {
            let mut connection = PgConnection::connect(url).await.unwrap();
            sqlx::query_as(OLD_COLUMNS).fetch_all(&mut connection).await.unwrap()
        }
    };
    let before = rows().await;
    assert_eq!(before.len(), 6);
    let older = Ledger::summary_of(url).await.unwrap_err();
    assert_eq!(older, LedgerError::Older);
    assert!(older.to_string().contains("any command that writes"), "{older}");

    let ledger = Ledger::open(url, Some(KEY)).await.unwrap();
    assert_eq!(rows().await, before);
    let seen = summary(url).await;
    assert_eq!(seen.decisions.total.verified, 2);
    assert_eq!((seen.unfinished, seen.users.len()), (1, 6));
    let shop: Arc<str> = "shop".into();
    let user = |key: &str| UserRef { source: Arc::clone(&shop), key: key.to_owned() };
    let states = ledger.states(&[user("k2"), user("k3")]).await.unwrap();
    let since = SystemTime::UNIX_EPOCH + Duration::from_secs(2);
    assert_eq!(states[0].as_ref().unwrap().unfinished, Some(since), "to be looked up before it is sent");
    assert_eq!(states[1].as_ref().unwrap().unfinished, None);
    // And what the first layout did not know can be written.
    ledger.journal().settle(&user("k1"), Settled::Skipped { okta_id: "00u1".into() }).await.unwrap();
    assert_eq!(ledger.states(&[user("k1")]).await.unwrap()[0].as_ref().unwrap().state, State::Skipped);
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
