//! Where users stand for an import: each standing, on both kinds of ledger.

use super::import::{FIRST, Import, Row, meddle};
use super::*;

on_both!(
    new_users_are_planned_once,
    a_call_of_unknown_effect_is_told_with_its_first_time,
    another_login_meanwhile_says_nothing_of_that_call,
    rows_that_changed_are_told_with_what_changed,
    a_password_that_okta_has_is_not_sent_again,
    another_secret_of_the_source_is_no_change,
    users_from_elsewhere_count_as_unchanged_and_are_filled_in,
    whoever_was_there_before_is_left_alone,
    a_login_is_one_user_s,
    a_dry_run_writes_nothing,
    the_hook_keeps_the_import_s_books,
);

async fn new_users_are_planned_once(url: &str) {
    let import = Import::begin(url).await;
    let rows: Vec<Row> = ["1", "2", "3"].map(|id| import.row(id)).into();
    assert_eq!(import.plan(&rows).await, vec![Standing::New; 3]);
    assert_eq!(import.plan(&rows).await, vec![Standing::New; 3], "planned is not sent");
    assert_eq!(users(&summary(url).await), BTreeSet::from([("hash", "planned", 3)]));

    // Whoever is not sent yet follows the row.
    let hook = Row { route: Route::Hook, scheme: "md5".to_owned(), ..rows[0].clone() };
    assert_eq!(import.standing(&hook).await, Standing::New);
    let state = import.state("1").await.unwrap();
    assert_eq!(
        (state.state, state.route, state.scheme.as_deref()),
        (State::Planned, Route::Hook, Some("md5"))
    );

    import.journal.claim(&rows[1].user, FIRST).await.unwrap();
    let rejected = Settled::Rejected { reason: "E0000001".to_owned() };
    import.journal.settle(&rows[1].user, rejected).await.unwrap();
    assert_eq!(import.state("2").await.unwrap().state, State::Rejected);
    assert_eq!(import.standing(&rows[1]).await, Standing::New, "whoever was rejected is tried again");
    assert_eq!(import.state("2").await.unwrap().state, State::Planned);
    assert_eq!(import.plan(&[]).await, []);
}

async fn a_call_of_unknown_effect_is_told_with_its_first_time(url: &str) {
    let import = Import::begin(url).await;
    let row = import.row("1");
    import.plan(std::slice::from_ref(&row)).await;
    import.journal.claim(&row.user, FIRST + Duration::from_secs(5)).await.unwrap();
    let since = FIRST + Duration::from_secs(5);
    assert_eq!(import.standing(&row).await, Standing::Unfinished { since });
    import.journal.claim(&row.user, FIRST + Duration::from_secs(9)).await.unwrap();
    assert_eq!(import.standing(&row).await, Standing::Unfinished { since }, "the first call counts");
    assert_eq!(import.state("1").await.unwrap().unfinished, Some(since));
    let changed = Row { profile: 1, credential: 2, route: Route::Hook, ..row };
    assert_eq!(import.standing(&changed).await, Standing::Unfinished { since });
    assert_eq!(import.state("1").await.unwrap().route, Route::Hash, "as it was sent");
}

async fn another_login_meanwhile_says_nothing_of_that_call(url: &str) {
    let import = Import::begin(url).await;
    let row = import.row("1");
    import.plan(std::slice::from_ref(&row)).await;
    import.journal.claim(&row.user, FIRST).await.unwrap();
    let renamed = Row { login: "other@example.com".to_owned(), ..row.clone() };
    assert_eq!(import.standing(&renamed).await, Standing::Renamed { since: FIRST });
    assert_eq!(import.standing(&row).await, Standing::Unfinished { since: FIRST });
    let same = Row { login: "1@EXAMPLE.com".to_owned(), ..row };
    assert_eq!(import.standing(&same).await, Standing::Unfinished { since: FIRST }, "the same for Okta");
}

async fn rows_that_changed_are_told_with_what_changed(url: &str) {
    let import = Import::begin(url).await;
    let row = import.row("1");
    let okta_id = import.seed("1").await;
    let changed = |profile, credential| Standing::Changed {
        okta_id: okta_id.clone(),
        state: State::Seeded,
        route: Route::Hash,
        profile,
        credential,
    };
    let settled = Standing::Settled { state: State::Seeded };
    assert_eq!(import.standing(&row).await, settled);
    let profile = Row { profile: row.profile ^ 1, ..row.clone() };
    assert_eq!(import.standing(&profile).await, changed(true, false));
    assert_eq!(import.standing(&profile).await, changed(true, false), "until it is settled");
    let credential = Row { credential: row.credential ^ 1, ..row.clone() };
    assert_eq!(import.standing(&credential).await, changed(false, true));
    let login = Row { login: "other@example.com".to_owned(), ..row.clone() };
    assert_eq!(import.standing(&login).await, changed(true, false));

    let both = Row { profile: row.profile ^ 1, credential: row.credential ^ 1, ..login };
    assert_eq!(import.standing(&both).await, changed(true, true));
    let updated = Settled::Updated {
        okta_login: both.login.clone(),
        status: "ACTIVE".to_owned(),
        route: Route::Hook,
        profile_mark: both.profile,
        credential_mark: both.credential,
    };
    import.journal.settle(&row.user, updated).await.unwrap();
    assert_eq!(import.standing(&both).await, settled);
    assert_eq!(import.state("1").await.unwrap().route, Route::Hook);
    let takes_the_old_login = Row { login: row.login, ..import.row("2") };
    assert_eq!(import.standing(&takes_the_old_login).await, Standing::New, "which is free again");
}

async fn a_password_that_okta_has_is_not_sent_again(url: &str) {
    let import = Import::begin(url).await;
    let (row, okta_id) = (import.row("1"), import.seed("1").await);
    import.verified("1").await;
    let credential = Row { credential: row.credential ^ 1, ..row.clone() };
    assert_eq!(import.standing(&credential).await, Standing::Settled { state: State::Verified });
    let arrival = Arrival { okta_id: Some(&okta_id), login: None, success: true, at: FIRST, event: "e" };
    import.ledger.confirm(&[arrival]).await.unwrap();
    assert_eq!(import.standing(&credential).await, Standing::Settled { state: State::Confirmed });
    let profile = Row { profile: row.profile ^ 1, ..credential };
    let changed = Standing::Changed {
        okta_id,
        state: State::Confirmed,
        route: Route::Hash,
        profile: true,
        credential: false,
    };
    assert_eq!(import.standing(&profile).await, changed);
}

async fn another_secret_of_the_source_is_no_change(url: &str) {
    let import = Import::begin(url).await;
    let row = import.row("1");
    import.seed("1").await;
    let moved = import.ledger.marker("shop", b"postgres://reader:other@db/shop").await.unwrap();
    let marked_anew = Row { credential: moved.credential(&[b"1"]), ..row.clone() };
    let settled = Standing::Settled { state: State::Seeded };
    assert_eq!(import.standing(&marked_anew).await, settled);
    let changed = Row { credential: moved.credential(&[b"2"]), ..row };
    assert!(matches!(import.standing(&changed).await, Standing::Changed { credential: true, .. }));
}

async fn users_from_elsewhere_count_as_unchanged_and_are_filled_in(url: &str) {
    let import = Import::begin(url).await;
    // The hook knew this one first, and Okta's id came later.
    import.ledger.record(&[decision("1", "rejected", Some("wrong password"))]).await.unwrap();
    let row = import.row("1");
    assert_eq!(import.standing(&row).await, Standing::Settled { state: State::Seeded });
    let changed = Row { profile: row.profile ^ 1, ..row.clone() };
    let nobody_to_change = Standing::Settled { state: State::Seeded };
    assert_eq!(import.standing(&changed).await, nobody_to_change, "no id is known");
    meddle(url, "UPDATE users SET okta_id = '00u1'").await;
    assert!(matches!(import.standing(&changed).await, Standing::Changed { profile: true, .. }), "filled in");
    let other = Row { login: row.login.clone(), ..import.row("2") };
    assert_eq!(import.standing(&other).await, Standing::LoginTaken, "and so is the login");

    // An export has planned this one.
    import.ledger.plan(&[planned("3", Route::Hook)]).await.unwrap();
    assert_eq!(import.standing(&import.row("3")).await, Standing::New);
    import.journal.claim(&import.user("3"), FIRST).await.unwrap();
}

async fn whoever_was_there_before_is_left_alone(url: &str) {
    let import = Import::begin(url).await;
    let rows = [import.row("1"), import.row("2")];
    import.plan(&rows).await;
    for row in &rows {
        import.journal.claim(&row.user, FIRST).await.unwrap();
    }
    import.journal.settle(&rows[0].user, Settled::Skipped { okta_id: "00uold".into() }).await.unwrap();
    let attached = Settled::Attached {
        okta_id: "00uolder".into(),
        status: "ACTIVE".into(),
        profile_mark: rows[1].profile,
        credential_mark: rows[1].credential,
    };
    import.journal.settle(&rows[1].user, attached).await.unwrap();
    let settled = Standing::Settled { state: State::Seeded };
    assert_eq!(import.plan(&rows).await, [Standing::Skipped, settled.clone()]);
    assert!(import.state("1").await.unwrap().existed && import.state("2").await.unwrap().existed);
    assert_eq!(import.state("2").await.unwrap().route, Route::Hook);
    let changed = Row { profile: rows[1].profile ^ 1, ..rows[1].clone() };
    assert_eq!(import.standing(&changed).await, settled, "their profile is not ours");
    // With another policy the import may come back to them.
    import.journal.claim(&rows[0].user, FIRST).await.unwrap();
}

async fn a_login_is_one_user_s(url: &str) {
    let import = Import::begin(url).await;
    let row = import.row("1");
    let like = |id: &str| Row { login: "1@EXAMPLE.com".to_owned(), ..import.row(id) };
    // In one batch, and in the next one of the pass.
    let batch = [row.clone(), like("2"), row.clone()];
    assert_eq!(import.plan(&batch).await, [Standing::New, Standing::LoginTaken, Standing::New]);
    assert_eq!(import.standing(&like("2")).await, Standing::LoginTaken);
    assert_eq!(import.state("2").await, None, "nobody is planned who cannot be sent");

    // A pass later the first one is no longer in the way: it was never sent.
    import.ledger.finish_pass(&import.pass).await.unwrap();
    let next = Import::begin(url).await;
    assert_eq!(next.standing(&like("2")).await, Standing::New);
    next.journal.claim(&next.user("2"), FIRST).await.unwrap();
    assert_eq!(next.standing(&row).await, Standing::LoginTaken, "sending");
    assert_eq!(next.journal.claim(&row.user, FIRST).await, Err(LedgerError::LoginTaken));
    next.journal.settle(&next.user("2"), like("2").seeded()).await.unwrap();
    assert_eq!(next.standing(&row).await, Standing::LoginTaken, "seeded");
    next.verified("2").await;
    assert_eq!(next.standing(&row).await, Standing::LoginTaken, "verified");
    assert_eq!(next.journal.claim(&row.user, FIRST).await, Err(LedgerError::LoginTaken));
}

async fn a_dry_run_writes_nothing(url: &str) {
    let import = Import::begin(url).await;
    import.seed("1").await;
    let before = summary(url).await;
    let rows = [import.row("1"), import.row("2"), Row { login: "1@example.com".into(), ..import.row("3") }];
    let candidates: Vec<Candidate<'_>> = rows.iter().map(Row::candidate).collect();
    let looked = import.ledger.look(&candidates).await.unwrap();
    let settled = Standing::Settled { state: State::Seeded };
    assert_eq!(looked, [settled, Standing::New, Standing::LoginTaken]);
    assert_eq!(summary(url).await, before);
}

/// What the hook decides while an import is under way.
async fn the_hook_keeps_the_import_s_books(url: &str) {
    let import = Import::begin(url).await;
    let rows: Vec<Row> =
        ["planned", "sending", "rejected", "skipped", "seeded"].map(|id| import.row(id)).into();
    import.plan(&rows).await;
    for row in &rows[1..] {
        import.journal.claim(&row.user, FIRST).await.unwrap();
    }
    let rejected = Settled::Rejected { reason: "E0000001".to_owned() };
    import.journal.settle(&rows[2].user, rejected).await.unwrap();
    import.journal.settle(&rows[3].user, Settled::Skipped { okta_id: "00uold".into() }).await.unwrap();
    import.journal.settle(&rows[4].user, rows[4].seeded()).await.unwrap();

    // A wrong password moves nobody.
    for row in ["planned", "sending", "rejected", "skipped", "seeded"] {
        import.ledger.record(&[decision(row, "rejected", Some("wrong password"))]).await.unwrap();
        assert_eq!(import.state(row).await.unwrap().state.as_str(), row);
    }
    for row in ["planned", "sending", "rejected", "skipped", "seeded"] {
        import.verified(row).await;
        assert_eq!(import.state(row).await.unwrap().state, State::Verified);
    }
    // Who is verified is in Okta. Only what may be missing behind the creation is still to be done.
    let verified = Standing::Settled { state: State::Verified };
    let unfinished = Standing::Unfinished { since: FIRST };
    assert_eq!(
        import.plan(&rows).await,
        [verified.clone(), unfinished, verified.clone(), verified.clone(), verified.clone()]
    );
    for id in ["planned", "rejected", "skipped", "seeded"] {
        let refused = Err(LedgerError::AlreadySeeded(State::Verified));
        assert_eq!(import.journal.claim(&import.user(id), FIRST).await, refused, "{id}");
    }
    let arrived = Settled::Arrived { okta_id: "00unew".into(), status: "ACTIVE".into() };
    import.journal.settle(&rows[1].user, arrived).await.unwrap();
    assert_eq!(import.standing(&rows[1]).await, verified);
    assert_eq!(import.state("sending").await.unwrap().okta_id.as_deref(), Some("00unew"));
}

/// Counts how often the server read all users, rather than how long it took. It has looked at the table before, as
/// servers do by themselves within a minute.
#[tokio::test]
async fn no_question_of_an_import_reads_all_users_of_a_server() {
    const USERS: &str = "INSERT INTO users (source, user_key, route, state, okta_id, okta_login_key, updated_at) \
        SELECT 'shop', md5('k' || n), 'hash', 'seeded', '00u' || n, md5('l' || n), 0 \
        FROM generate_series(1, 50000) AS n; ANALYZE users";
    const SCANS: &str = "SELECT seq_scan, idx_scan FROM pg_stat_user_tables WHERE relname = 'users'";
    let Some(database) = Database::new().await else { return };
    Ledger::open(&database.url, Some(KEY)).await.unwrap();
    meddle(&database.url, USERS).await;
    let scans = async || -> (i64, i64) {
        let mut connection = database.connect().await;
        // What a session has counted is seen when it has ended.
        let others = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() \
                      AND pid <> pg_backend_pid() AND backend_type = 'client backend'";
        while sqlx::query_scalar::<_, i64>(others).fetch_one(&mut connection).await.unwrap() > 0 {}
        sqlx::query_as(SCANS).fetch_one(&mut connection).await.unwrap()
    };
    let before = scans().await;
    {
        let import = Import::begin(&database.url).await;
        let lock = import.ledger.lock_import(Shard::WHOLE).await.unwrap();
        let rows: Vec<Row> = (0..1000).map(|id| import.row(&id.to_string())).collect();
        import.plan(&rows).await;
        import.plan(&rows).await;
        let mut callers = tokio::task::JoinSet::new();
        for row in rows.clone() {
            let journal = import.journal.clone();
            callers.spawn(async move {
                journal.claim(&row.user, FIRST).await.unwrap();
                journal.settle(&row.user, row.seeded()).await.unwrap();
            });
        }
        callers.join_all().await;
        let users: Vec<UserRef> = rows.iter().map(|row| row.user.clone()).collect();
        import.ledger.states(&users).await.unwrap();
        let ids: Vec<String> = rows.iter().map(Row::okta_id).collect();
        let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
        assert!(import.ledger.states_by_okta_id(&ids).await.unwrap().iter().all(Option::is_some));
        let observed = ids.iter().map(|okta_id| Observed { okta_id, status: "STAGED", last_login: None });
        assert_eq!(import.ledger.observe(&observed.collect::<Vec<_>>()).await.unwrap(), 1000);
        let arrivals: Vec<Arrival<'_>> = rows
            .iter()
            .map(|row| Arrival {
                okta_id: None,
                login: Some(&row.login),
                success: true,
                at: FIRST,
                event: "e",
            })
            .collect();
        assert_eq!(import.ledger.confirm(&arrivals).await.unwrap().changed, 1000);
        assert_eq!(import.ledger.mark_cleaned(&users).await.unwrap(), 1000);
        lock.release().await;
    }
    let after = scans().await;
    assert_eq!(after.0 - before.0, 0, "scans of the whole table");
    assert!(after.1 - before.1 > 8000, "each user is found by an index: {before:?} {after:?}");
}
