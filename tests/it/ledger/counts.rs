//! What is counted of decisions and plans.

use super::*;

on_both!(decisions_are_counted, a_plan_moves_nobody_back, the_course_is_told);

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

async fn the_course_is_told(url: &str) {
    let ledger = Ledger::open(url, Some(KEY)).await.unwrap();
    let plan = [planned("alice", Route::Hash), planned("bob", Route::Hook)];
    ledger.plan(&plan).await.unwrap();
    let now = SystemTime::now();
    assert_eq!(ledger.course(now).await.unwrap().points, [], "a plan is no arrival");
    ledger.record(&[decision("bob", "verified", None), decision("carol", "rejected", None)]).await.unwrap();
    let course = ledger.course(now).await.unwrap();
    let last = course.points.last().unwrap();
    assert_eq!((last.seeded, last.arrived), (0, 1));
    assert_eq!(course.waiting.unknown, 1, "carol came by another way, and nobody knows when");
    let minute = Duration::from_mins(1);
    let told = ledger.decisions_by_minute(now + 2 * minute, Duration::from_hours(1)).await.unwrap();
    let (verified, rejected): (u64, u64) =
        told.iter().fold((0, 0), |sum, (_, of)| (sum.0 + of.verified, sum.1 + of.rejected));
    assert_eq!((verified, rejected), (1, 1));
    assert_eq!(ledger.decisions_by_minute(now - 60 * minute, minute).await.unwrap(), []);
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
