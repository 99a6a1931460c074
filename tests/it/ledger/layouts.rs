//! The key that stays with a ledger, and ledgers that are not ours to open.

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
