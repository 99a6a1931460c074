//! One import at a time, or one for each shard; and nothing stale after a kill.

use super::import::Import;
use super::*;

on_both!(
    a_whole_import_runs_alone,
    shards_of_one_split_run_together,
    shards_that_start_together_do_not_refuse_each_other,
    a_killed_import_leaves_no_lock,
);

fn shard(index: u32, of: u32) -> Shard {
    Shard { index, of }
}

async fn refused(ledger: &Ledger, shard: Shard) -> String {
    match ledger.lock_import(shard).await {
        Ok(_) => panic!("{shard} was let in"),
        Err(error) => {
            assert_eq!(error.kind(), "busy");
            error.to_string()
        }
    }
}

async fn a_whole_import_runs_alone(url: &str) {
    let (one, other) = (Ledger::open(url, None).await.unwrap(), Ledger::open(url, None).await.unwrap());
    let lock = one.lock_import(Shard::WHOLE).await.unwrap();
    assert_eq!(lock.shard(), Shard::WHOLE);
    let said = refused(&other, Shard::WHOLE).await;
    assert!(
        said.contains("an import (whole) is running on this ledger") && said.contains("stop it"),
        "{said}"
    );
    assert!(refused(&other, shard(3, 16)).await.contains("(whole)"));
    assert!(refused(&one, Shard::WHOLE).await.contains("(whole)"), "nor twice in one process");
    lock.release().await;
    other.lock_import(Shard::WHOLE).await.unwrap().release().await;
    other.lock_import(shard(0, 2)).await.unwrap().release().await;
}

async fn shards_of_one_split_run_together(url: &str) {
    let ledger = Ledger::open(url, None).await.unwrap();
    let three = ledger.lock_import(shard(3, 16)).await.unwrap();
    assert!(refused(&ledger, Shard::WHOLE).await.contains("shard 3/16 is running"));
    assert!(refused(&ledger, shard(3, 16)).await.contains("shard 3/16 is running"));
    assert!(refused(&ledger, shard(4, 8)).await.contains("shard 3/16 is running"));
    let four = ledger.lock_import(shard(4, 16)).await.unwrap();
    assert!(refused(&ledger, shard(0, 8)).await.contains("shard 3/16 and 1 more"));
    three.release().await;
    assert!(refused(&ledger, shard(0, 8)).await.contains("shard 4/16 is running"));
    ledger.lock_import(shard(3, 16)).await.unwrap().release().await;
    four.release().await;
    // The next split is free to be another.
    ledger.lock_import(shard(0, 8)).await.unwrap().release().await;
}

async fn shards_that_start_together_do_not_refuse_each_other(url: &str) {
    let ledger = Ledger::open(url, None).await.unwrap();
    for _ in 0..3 {
        let starting = (0..16).map(|index| {
            let ledger = ledger.clone();
            tokio::spawn(async move { ledger.lock_import(shard(index, 16)).await })
        });
        let starting: Vec<_> = starting.collect();
        let mut locks = Vec::new();
        for started in starting {
            locks.push(started.await.unwrap().expect("each has its own"));
        }
        for lock in locks {
            lock.release().await;
        }
    }
}

/// What the child of the test below does; run by itself it ends at once.
#[tokio::test]
async fn child_process() {
    let Ok(url) = std::env::var("LOCK_CHILD_URL") else { return };
    let ledger = Ledger::open(&url, None).await.unwrap();
    let shard = std::env::var("LOCK_CHILD_SHARD").unwrap().parse().unwrap();
    let lock = ledger.lock_import(shard).await.unwrap();
    println!("locked");
    lock.lost().await;
}

fn child(url: &str, shard: Shard) -> Child {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["ledger::lock::child_process", "--exact", "--nocapture"])
        .env("LOCK_CHILD_URL", url)
        .env("LOCK_CHILD_SHARD", shard.to_string())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
    assert!(lines.any(|line| line.ends_with("locked")), "the child has it");
    child
}

async fn a_killed_import_leaves_no_lock(url: &str) {
    let ledger = Ledger::open(url, None).await.unwrap();
    for shard in [Shard::WHOLE, shard(2, 4)] {
        let mut child = child(url, shard);
        refused(&ledger, shard).await;
        child.kill().unwrap();
        child.wait().unwrap();
        ledger.lock_import(Shard::WHOLE).await.expect("free again").release().await;
    }
}

#[tokio::test]
async fn a_session_that_breaks_is_told() {
    let Some(database) = Database::new().await else { return };
    let import = Import::begin(&database.url).await;
    let lock = import.ledger.lock_import(Shard::WHOLE).await.unwrap();
    let killed: i64 = sqlx::query_scalar(
        "SELECT count(pg_terminate_backend(pid)) FROM pg_locks WHERE locktype = 'advisory' AND objid = 0 \
         AND database = (SELECT oid FROM pg_database WHERE datname = current_database())",
    )
    .fetch_one(&mut database.connect().await)
    .await
    .unwrap();
    assert_eq!(killed, 1);
    lock.lost().await;
    import.ledger.lock_import(Shard::WHOLE).await.expect("others may begin").release().await;
}

#[tokio::test]
async fn two_ledgers_in_one_server_do_not_disturb_each_other() {
    let (Some(one), Some(other)) = (Database::new().await, Database::new().await) else { return };
    let one = Ledger::open(&one.url, Some(KEY)).await.unwrap();
    let other = Ledger::open(&other.url, Some(KEY)).await.unwrap();
    let lock = one.lock_import(Shard::WHOLE).await.unwrap();
    other.lock_import(Shard::WHOLE).await.unwrap().release().await;
    lock.release().await;
}

#[cfg(unix)]
#[tokio::test]
async fn one_file_under_two_names_has_one_lock_that_only_its_owner_can_take() {
    use std::os::unix::fs::PermissionsExt;
    let file = File::new();
    let ledger = Ledger::open(&file.url(), None).await.unwrap();
    let elsewhere = TempDir::new().unwrap();
    let link = elsewhere.path().join("link.db");
    std::os::unix::fs::symlink(file.path(), &link).unwrap();
    let linked = Ledger::open(&format!("sqlite:{}", link.display()), None).await.unwrap();
    let _lock = ledger.lock_import(shard(1, 2)).await.unwrap();
    refused(&linked, Shard::WHOLE).await;
    let mut locks = 0;
    for entry in std::fs::read_dir(file.folder.path()).unwrap() {
        let entry = entry.unwrap();
        assert_eq!(entry.metadata().unwrap().permissions().mode() & 0o777, 0o600, "{:?}", entry.path());
        locks += u32::from(entry.path().extension().is_some_and(|extension| extension == "lock"));
    }
    assert_eq!(locks, 3, "beginning, all, and the shard's own");
}

#[tokio::test]
async fn a_ledger_in_memory_is_nobody_else_s() {
    let ledger = Ledger::open("sqlite::memory:", None).await.unwrap();
    let _lock = ledger.lock_import(Shard::WHOLE).await.unwrap();
}
