//! Several processes at once, and one that is killed.

use super::*;

on_both!(processes_that_start_together_share_the_ledger);

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
        .args(["ledger::processes::child_process", "--exact", "--nocapture"])
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
