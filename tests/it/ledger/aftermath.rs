//! What comes after an import: confirmations in any order, sign-ins as Okta tells them, resets, clean-up, rollback.

use super::import::{FIRST, Import, events};
use super::*;

on_both!(
    success_confirms_and_nothing_undoes_it,
    confirmations_find_by_id_and_else_by_login,
    okta_s_list_of_users_is_noted,
    resets_go_on_where_they_were_left,
    only_who_is_confirmed_is_cleaned,
    a_rollback_frees_only_what_was_made_and_never_used,
    users_are_found_by_okta_s_id,
    counts_are_by_route_and_scheme,
);

fn arrival<'a>(okta_id: Option<&'a str>, login: Option<&'a str>, success: bool) -> Arrival<'a> {
    Arrival { okta_id, login, success, at: FIRST + Duration::from_mins(1), event: "uuid" }
}

async fn success_confirms_and_nothing_undoes_it(url: &str) {
    let import = Import::begin(url).await;
    let id = import.seed("1").await;
    let (success, failure) = (arrival(Some(&id), None, true), arrival(Some(&id), None, false));
    let confirm = async |arrivals: &[Arrival<'_>]| import.ledger.confirm(arrivals).await.unwrap();
    assert_eq!(confirm(&[failure]).await, Confirmed { changed: 0, known: 1, unknown: 0 });
    assert_eq!(import.state("1").await.unwrap().state, State::Seeded);
    assert_eq!(confirm(&[failure, success, success]).await, Confirmed { changed: 1, known: 3, unknown: 0 });
    assert_eq!(confirm(&[success, failure]).await, Confirmed { changed: 0, known: 2, unknown: 0 });
    import.verified("1").await;
    assert_eq!(import.state("1").await.unwrap().state, State::Confirmed);
    assert_eq!(events(url, "confirmation").await.len(), 1, "once for each user, whatever is repeated");
    assert_eq!(confirm(&[]).await, Confirmed::default());
}

async fn confirmations_find_by_id_and_else_by_login(url: &str) {
    let import = Import::begin(url).await;
    let one = import.seed("1").await;
    import.seed("2").await;
    let row = import.row("3");
    import.plan(std::slice::from_ref(&row)).await;
    let arrivals = [
        arrival(Some(&one), Some("2@example.com"), true),
        arrival(None, Some("2@EXAMPLE.com"), true),
        // Never sent: whoever has this login in Okta is somebody else.
        arrival(Some("00unew"), Some("3@example.com"), true),
        // Okta's id says that it is another user who has the login now.
        arrival(Some("00unew"), Some("1@example.com"), true),
        arrival(None, None, true),
        arrival(Some("\0"), None, true),
    ];
    let confirmed = import.ledger.confirm(&arrivals).await.unwrap();
    assert_eq!(confirmed, Confirmed { changed: 2, known: 2, unknown: 4 });
    assert_eq!(import.state("3").await.unwrap().state, State::Planned);

    import.journal.claim(&row.user, FIRST).await.unwrap();
    import.journal.settle(&row.user, Settled::Skipped { okta_id: "00uold".into() }).await.unwrap();
    let confirmed = import.ledger.confirm(&[arrival(Some("00uold"), None, true)]).await.unwrap();
    assert_eq!(confirmed, Confirmed { changed: 0, known: 1, unknown: 0 }, "left alone");
    assert_eq!(import.state("3").await.unwrap().state, State::Skipped);
}

async fn okta_s_list_of_users_is_noted(url: &str) {
    let import = Import::begin(url).await;
    let id = import.seed("1").await;
    let at = |seconds| Some(FIRST + Duration::from_secs(seconds));
    let observe = async |status: &str, last_login| {
        let users = [
            Observed { okta_id: &id, status, last_login },
            Observed { okta_id: "00uunknown", status, last_login },
        ];
        import.ledger.observe(&users).await.unwrap()
    };
    assert_eq!(observe("ACTIVE", None).await, 0, "as it was seeded");
    assert_eq!(observe("ACTIVE", at(100)).await, 1);
    assert_eq!(observe("ACTIVE", at(100)).await, 0);
    assert_eq!(observe("LOCKED_OUT", at(50)).await, 1);
    assert_eq!(observe("LOCKED_OUT", None).await, 0);
    let state = import.state("1").await.unwrap();
    assert_eq!((state.okta_status.as_deref(), state.last_login), (Some("LOCKED_OUT"), at(100)));
}

async fn resets_go_on_where_they_were_left(url: &str) {
    let import = Import::begin(url).await;
    import.seed("1").await;
    assert_eq!(import.state("1").await.unwrap().reset, None);
    import.ledger.mark_reset(&import.user("1"), ResetStep::Started).await.unwrap();
    assert_eq!(import.state("1").await.unwrap().reset, Some(ResetStep::Started));
    assert_eq!(summary(url).await.resets.started, 1);
    import.ledger.mark_reset(&import.user("1"), ResetStep::Done).await.unwrap();
    assert_eq!(import.state("1").await.unwrap().reset, Some(ResetStep::Done));
    assert_eq!((summary(url).await.resets.started, summary(url).await.resets.done), (0, 1));
    let unknown = import.ledger.mark_reset(&import.user("2"), ResetStep::Started).await;
    assert_eq!(unknown, Err(LedgerError::NotPlanned));
}

async fn only_who_is_confirmed_is_cleaned(url: &str) {
    let import = Import::begin(url).await;
    let id = import.seed("1").await;
    import.seed("2").await;
    import.ledger.confirm(&[arrival(Some(&id), None, true)]).await.unwrap();
    let users = [import.user("1"), import.user("2"), import.user("3")];
    assert_eq!(import.ledger.mark_cleaned(&users).await.unwrap(), 1);
    assert_eq!(import.ledger.mark_cleaned(&users).await.unwrap(), 0, "once");
    assert!(import.state("1").await.unwrap().cleaned);
    assert!(!import.state("2").await.unwrap().cleaned);
    assert_eq!(summary(url).await.cleaned, 1);
}

async fn a_rollback_frees_only_what_was_made_and_never_used(url: &str) {
    let import = Import::begin(url).await;
    let roll_back = async |id: &str, step| import.ledger.roll_back(&import.user(id), step).await;
    let id = import.seed("1").await;
    import.seed("2").await;
    import.verified("2").await;
    let used = Err(LedgerError::NotRolledBack(State::Verified));
    assert_eq!(roll_back("2", RollBackStep::Started).await, used);
    assert_eq!(roll_back("nobody", RollBackStep::Started).await, Err(LedgerError::NotPlanned));
    let unstarted = Err(LedgerError::NotRolledBack(State::Seeded));
    assert_eq!(roll_back("1", RollBackStep::Done).await, unstarted);

    let row = import.row("3");
    import.plan(std::slice::from_ref(&row)).await;
    import.journal.claim(&row.user, FIRST).await.unwrap();
    let attached = Settled::Attached {
        okta_id: "00uold".into(),
        status: "ACTIVE".into(),
        profile_mark: 0,
        credential_mark: 0,
    };
    import.journal.settle(&row.user, attached).await.unwrap();
    assert_eq!(roll_back("3", RollBackStep::Started).await, unstarted, "was there before");

    roll_back("1", RollBackStep::Started).await.unwrap();
    roll_back("1", RollBackStep::Started).await.unwrap();
    let unfinished = import.ledger.unfinished_roll_backs().await.unwrap();
    assert_eq!(unfinished, [(import.user("1"), id)], "a crash may come here");
    assert_eq!(summary(url).await.rolling_back, 1);
    assert!(import.state("1").await.unwrap().rolling_back);
    assert_eq!(import.standing(&import.row("1")).await, Standing::Settled { state: State::Seeded });
    roll_back("1", RollBackStep::Done).await.unwrap();
    assert_eq!(import.ledger.unfinished_roll_backs().await.unwrap(), []);
    let state = import.state("1").await.unwrap();
    assert_eq!((state.state, state.okta_id, state.rolling_back), (State::Planned, None, false));
    import.seed("1").await;
    let outcomes: Vec<String> =
        events(url, "seeding").await.into_iter().map(|(outcome, _)| outcome).collect();
    assert_eq!(outcomes, ["seeded", "seeded", "attached", "rolled back", "seeded"]);
}

async fn users_are_found_by_okta_s_id(url: &str) {
    let import = Import::begin(url).await;
    let (one, two) = (import.seed("1").await, import.seed("2").await);
    import.verified("2").await;
    let found = import.ledger.states_by_okta_id(&[&two, "00uunknown", &one, "\0"]).await.unwrap();
    let found: Vec<Option<(UserRef, State)>> =
        found.into_iter().map(|found| found.map(|(user, state)| (user, state.state))).collect();
    let (first, last) = ((import.user("2"), State::Verified), (import.user("1"), State::Seeded));
    assert_eq!(found, [Some(first), None, Some(last), None]);
    let states = import.ledger.states(&[import.user("x"), import.user("2")]).await.unwrap();
    assert_eq!(states[0], None);
    let state = states[1].clone().unwrap();
    assert_eq!((state.verified, state.okta_id, state.scheme.as_deref()), (1, Some(two), Some("bcrypt")));
}

async fn counts_are_by_route_and_scheme(url: &str) {
    let import = Import::begin(url).await;
    import.seed("1").await;
    import.seed("2").await;
    import.verified("2").await;
    import.plan(&[import.row("3")]).await;
    let counts = import.ledger.seeded_counts().await.unwrap();
    let counts: Vec<_> = counts
        .iter()
        .map(|count| (count.route.as_str(), count.scheme.as_deref(), count.state.as_str(), count.users))
        .collect();
    assert_eq!(counts, [("hash", Some("bcrypt"), "seeded", 1), ("hash", Some("bcrypt"), "verified", 1)]);
    let summary = summary(url).await;
    assert_eq!(summary.seeded.len(), 2);
    assert_eq!(
        users(&summary),
        BTreeSet::from([("hash", "planned", 1), ("hash", "seeded", 1), ("hash", "verified", 1)])
    );
}
