//! Passes: taken up where they were left, begun anew where something else is asked for, and sealed.

use super::import::{FIRST, Import, meddle};
use super::*;

on_both!(
    a_pass_goes_on_where_it_was_left,
    shards_have_passes_of_their_own,
    a_cursor_that_cannot_be_read_begins_at_the_beginning,
    notes_are_kept,
    the_ledger_belongs_to_one_org,
);

fn cursor(after: &str) -> Cursor {
    Cursor { source: "shop".to_owned(), after: after.to_owned() }
}

async fn a_pass_goes_on_where_it_was_left(url: &str) {
    let ledger = Ledger::open(url, Some(KEY)).await.unwrap();
    let first = ledger.begin_pass(Shard::WHOLE, "all").await.unwrap();
    assert_eq!((first.number, first.resumed, first.cursor.clone()), (1, false, None));
    ledger.advance(&first, &cursor("100")).await.unwrap();
    ledger.advance(&first, &cursor(CANARY_LOGIN)).await.unwrap();

    let ledger = Ledger::open(url, Some(KEY)).await.unwrap();
    let again = ledger.begin_pass(Shard::WHOLE, "all").await.unwrap();
    assert_eq!((again.number, again.resumed), (1, true));
    assert_eq!(again.cursor, Some(cursor(CANARY_LOGIN)));
    assert_eq!(again.begun, first.begun);
    let shown = summary(url).await.passes;
    assert_eq!((shown.len(), shown[0].number, shown[0].shard.as_str()), (1, 1, "0/1"));

    let other = ledger.begin_pass(Shard::WHOLE, "--where new").await.unwrap();
    assert_eq!((other.number, other.resumed, other.cursor.clone()), (2, false, None));
    ledger.advance(&other, &cursor("5")).await.unwrap();
    ledger.finish_pass(&other).await.unwrap();
    assert_eq!(summary(url).await.passes, []);
    let next = ledger.begin_pass(Shard::WHOLE, "--where new").await.unwrap();
    assert_eq!((next.number, next.cursor), (3, None));
}

async fn shards_have_passes_of_their_own(url: &str) {
    let ledger = Ledger::open(url, Some(KEY)).await.unwrap();
    let shard = |index| Shard { index, of: 12 };
    let (one, eleven) = (
        ledger.begin_pass(shard(1), "all").await.unwrap(),
        ledger.begin_pass(shard(11), "all").await.unwrap(),
    );
    assert_ne!(one.number, eleven.number);
    ledger.advance(&one, &cursor("1")).await.unwrap();
    ledger.advance(&eleven, &cursor("11")).await.unwrap();
    ledger.finish_pass(&eleven).await.unwrap();
    assert_eq!(ledger.begin_pass(shard(1), "all").await.unwrap().cursor, Some(cursor("1")));
    assert_eq!(ledger.begin_pass(shard(11), "all").await.unwrap().cursor, None);
    // Another split is another work.
    let whole = ledger.begin_pass(Shard::WHOLE, "all").await.unwrap();
    assert_eq!((whole.resumed, whole.cursor), (false, None));
    assert_eq!(summary(url).await.passes.len(), 1);
}

async fn a_cursor_that_cannot_be_read_begins_at_the_beginning(url: &str) {
    let import = Import::begin(url).await;
    import.ledger.advance(&import.pass, &cursor("100")).await.unwrap();
    meddle(url, "UPDATE meta SET value = 'AAAA' WHERE key LIKE 'cursor:%'").await;
    let again = import.ledger.begin_pass(Shard::WHOLE, "all").await.unwrap();
    assert_eq!((again.number, again.resumed, again.cursor), (1, true, None));
    meddle(url, "UPDATE meta SET value = '?' WHERE key LIKE 'pass:%'").await;
    let again = import.ledger.begin_pass(Shard::WHOLE, "all").await.unwrap();
    assert_eq!((again.number, again.resumed, again.cursor), (2, false, None));
}

async fn notes_are_kept(url: &str) {
    let ledger = Ledger::open(url, Some(KEY)).await.unwrap();
    assert_eq!(ledger.note("reconcile.next").await.unwrap(), None);
    ledger.set_note("reconcile.next", "1").await.unwrap();
    ledger.set_note("reconcile.next", "2").await.unwrap();
    let ledger = Ledger::open(url, Some(KEY)).await.unwrap();
    assert_eq!(ledger.note("reconcile.next").await.unwrap().as_deref(), Some("2"));
    assert_eq!(ledger.note("reconcile").await.unwrap(), None);
}

async fn the_ledger_belongs_to_one_org(url: &str) {
    let ledger = Ledger::open(url, Some(KEY)).await.unwrap();
    let sources = [("shop", "postgres db.example.com shop")];
    ledger.bind("https://example.okta.com", &sources, false).await.unwrap();
    let ledger = Ledger::open(url, Some(KEY)).await.unwrap();
    let error = ledger.bind("https://other.okta.com", &sources, false).await.unwrap_err();
    assert!(error.to_string().contains("https://example.okta.com") && error.to_string().contains("--rebind"));
    let moved = [("shop", "postgres db2.example.com shop")];
    let error = ledger.bind("https://example.okta.com", &moved, false).await.unwrap_err();
    assert_eq!(error, LedgerError::OtherSource("shop".to_owned()));
    ledger.bind("https://example.okta.com", &moved, true).await.unwrap();
    ledger.bind("https://example.okta.com", &moved, false).await.unwrap();
}

#[tokio::test]
async fn no_plain_id_or_login_of_an_import_reaches_the_ledger() {
    let Some(database) = Database::new().await else { return };
    let file = File::new();
    for url in [&file.url(), &database.url] {
        let import = Import::begin_with(url, "--where canary").await;
        import.ledger.bind("https://example.okta.com", &[("shop", "postgres canary")], false).await.unwrap();
        import.seed(CANARY_ID).await;
        import.ledger.advance(&import.pass, &cursor(CANARY_ID)).await.unwrap();
        let arrival = Arrival {
            okta_id: None,
            login: Some("4711-canary-id@example.com"),
            success: true,
            at: FIRST,
            event: "canary",
        };
        assert_eq!(import.ledger.confirm(&[arrival]).await.unwrap().changed, 1);
    }
    for entry in std::fs::read_dir(file.folder.path()).unwrap() {
        let path = entry.unwrap().path();
        assert!(!contents::holds_canary(&std::fs::read(&path).unwrap()), "{}", path.display());
    }
    let rows = contents::server_rows(&database).await;
    assert!(!contents::holds_canary(rows.join("\n").as_bytes()));
}
