//! Claims and outcomes: who may be sent, what is known after a crash, and that what was acknowledged is there.

use super::import::{FIRST, Import, events};
use super::*;

on_both!(
    a_user_is_sent_once,
    outcomes_are_told_only_of_calls,
    a_call_without_an_effect_leaves_what_was_before,
    whoever_signed_in_meanwhile_stays_there,
    what_happened_is_listed,
    many_callers_share_a_transaction,
    what_was_acknowledged_survives_a_kill,
);

async fn a_user_is_sent_once(url: &str) {
    let import = Import::begin(url).await;
    let row = import.row("1");
    let claim = import.journal.claim(&row.user, FIRST).await;
    assert_eq!(claim, Err(LedgerError::NotPlanned));
    import.seed("1").await;
    let claim = import.journal.claim(&row.user, FIRST).await;
    assert_eq!(claim, Err(LedgerError::AlreadySeeded(State::Seeded)));
    // The same answer told twice is the same answer.
    import.journal.settle(&row.user, row.seeded()).await.unwrap();
    let state = import.state("1").await.unwrap();
    assert_eq!(state.state, State::Seeded);
    assert_eq!((state.okta_id, state.okta_status), (Some(row.okta_id()), Some("ACTIVE".to_owned())));
    assert_eq!((state.unfinished, state.existed), (None, false));
}

async fn outcomes_are_told_only_of_calls(url: &str) {
    let import = Import::begin(url).await;
    let row = import.row("1");
    assert_eq!(import.journal.settle(&row.user, row.seeded()).await, Err(LedgerError::NotPlanned));
    import.plan(std::slice::from_ref(&row)).await;
    let refused = import.journal.settle(&row.user, row.seeded()).await;
    assert_eq!(refused, Err(LedgerError::NotClaimed(State::Planned)));
    // A reject needs no call.
    import.journal.settle(&row.user, Settled::Rejected { reason: "no such group".into() }).await.unwrap();
    assert_eq!(import.state("1").await.unwrap().state, State::Rejected);
    import.seed("2").await;
    for outcome in [
        Settled::Rejected { reason: String::new() },
        Settled::Skipped { okta_id: "00u".into() },
        Settled::NotSent,
        Settled::Seeded {
            okta_id: "00uother".into(),
            status: "ACTIVE".into(),
            route: Route::Hook,
            profile_mark: 0,
            credential_mark: 0,
        },
    ] {
        let refused = import.journal.settle(&import.user("2"), outcome).await;
        assert_eq!(refused, Err(LedgerError::NotClaimed(State::Seeded)));
    }
}

async fn a_call_without_an_effect_leaves_what_was_before(url: &str) {
    let import = Import::begin(url).await;
    let row = import.row("1");
    import.plan(std::slice::from_ref(&row)).await;
    import.journal.claim(&row.user, FIRST).await.unwrap();
    import.journal.settle(&row.user, Settled::NotSent).await.unwrap();
    assert_eq!(import.standing(&row).await, Standing::New);

    // The first call's effect stays unknown, whatever became of the second.
    import.journal.claim(&row.user, FIRST).await.unwrap();
    import.journal.claim(&row.user, FIRST + Duration::from_mins(1)).await.unwrap();
    import.journal.settle(&row.user, Settled::NotSent).await.unwrap();
    assert_eq!(import.standing(&row).await, Standing::Unfinished { since: FIRST });
    import.journal.settle(&row.user, row.seeded()).await.unwrap();
    assert_eq!(import.standing(&row).await, Standing::Settled { state: State::Seeded });
}

async fn whoever_signed_in_meanwhile_stays_there(url: &str) {
    let import = Import::begin(url).await;
    let rows = [import.row("1"), import.row("2")];
    import.plan(&rows).await;
    for row in &rows {
        import.journal.claim(&row.user, FIRST).await.unwrap();
    }
    import.verified("1").await;
    let arrival = Arrival {
        okta_id: Some("00unew"),
        login: Some("2@EXAMPLE.com"),
        success: true,
        at: FIRST,
        event: "e",
    };
    let confirmed = import.ledger.confirm(&[arrival]).await.unwrap();
    assert_eq!(confirmed, Confirmed { changed: 1, known: 1, unknown: 0 });
    assert_eq!(import.state("2").await.unwrap().okta_id.as_deref(), Some("00unew"), "Okta told it");
    for row in &rows {
        import.journal.settle(&row.user, row.seeded()).await.unwrap();
    }
    assert_eq!(import.state("1").await.unwrap().state, State::Verified);
    assert_eq!(import.state("2").await.unwrap().state, State::Confirmed);
    assert_eq!(import.state("1").await.unwrap().okta_id, Some(rows[0].okta_id()));
}

async fn what_happened_is_listed(url: &str) {
    let import = Import::begin(url).await;
    import.seed("1").await;
    let rows = [import.row("2"), import.row("3")];
    import.plan(&rows).await;
    import.journal.claim(&rows[0].user, FIRST).await.unwrap();
    let reason = format!("E0000001: {}", "x".repeat(1000));
    import.journal.settle(&rows[0].user, Settled::Rejected { reason: reason.clone() }).await.unwrap();
    import.journal.claim(&rows[1].user, FIRST).await.unwrap();
    import.journal.settle(&rows[1].user, Settled::NotSent).await.unwrap();
    let listed = events(url, "seeding").await;
    let rejected = ("rejected".to_owned(), Some(reason[..300].to_owned()));
    assert_eq!(listed, [("seeded".to_owned(), None), rejected]);
    assert_eq!(summary(url).await.decisions.total.sum(), 0, "decisions are something else");
}

/// A commit costs a wait for the disk; 100 callers shall not pay it one after the other.
async fn many_callers_share_a_transaction(url: &str) {
    let import = Import::begin(url).await;
    let rows: Vec<_> = (0..5000).map(|id| import.row(&id.to_string())).collect();
    import.plan(&rows).await;
    let began = Instant::now();
    let mut callers = tokio::task::JoinSet::new();
    for part in rows.chunks(50) {
        let (journal, part) = (import.journal.clone(), part.to_vec());
        callers.spawn(async move {
            for row in part {
                journal.claim(&row.user, FIRST).await.unwrap();
                journal.settle(&row.user, row.seeded()).await.unwrap();
            }
        });
    }
    while let Some(done) = callers.join_next().await {
        done.unwrap();
    }
    let each = 10_000.0 / began.elapsed().as_secs_f64();
    assert!(each > 500.0, "{each} entries a second; one commit each would be slower than this");
    assert_eq!(users(&summary(url).await), BTreeSet::from([("hash", "seeded", 5000)]));
    assert_eq!(summary(url).await.unfinished, 0);
}

// A process that is killed ------------------------------------------------------------------------------------

/// What the child of the test below does; run by itself it does the same for a few users.
#[tokio::test]
async fn child_process() {
    let url = std::env::var("JOURNAL_CHILD_URL");
    let file = File::new();
    let last = if url.is_ok() { u32::MAX } else { 3 };
    let import = Import::begin(url.as_ref().unwrap_or(&file.url())).await;
    for id in 0..last {
        let row = import.row(&id.to_string());
        import.plan(std::slice::from_ref(&row)).await;
        import.journal.claim(&row.user, FIRST).await.unwrap();
        println!("claimed {id}");
        import.journal.settle(&row.user, row.seeded()).await.unwrap();
        println!("settled {id}");
    }
}

async fn what_was_acknowledged_survives_a_kill(url: &str) {
    Ledger::open(url, Some(KEY)).await.unwrap();
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["ledger::journal::child_process", "--exact", "--nocapture"])
        .env("JOURNAL_CHILD_URL", url)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
    let mut said: Vec<String> = lines.by_ref().filter(|line| line.contains("settled 20")).take(1).collect();
    child.kill().unwrap();
    child.wait().unwrap();
    said.extend(lines);
    let last = said.last().unwrap();
    let id = last.split_whitespace().last().unwrap().parse::<u32>().unwrap();

    let import = Import::begin(url).await;
    assert!(import.pass.resumed);
    for before in 0..id {
        assert_eq!(import.state(&before.to_string()).await.unwrap().state, State::Seeded, "{before}");
    }
    let state = import.state(&id.to_string()).await.unwrap();
    if last.contains("settled") {
        assert_eq!(state.state, State::Seeded);
    } else {
        // The outcome may have been written without being told.
        assert!(matches!(state.state, State::Sending | State::Seeded), "{state:?}");
    }
}
