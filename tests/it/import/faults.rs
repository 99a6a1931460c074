//! An org that answers badly: lost answers, both kinds of 429, errors, a token that is wrong.

use std::time::Duration;

use keyferry::demo::org::{ClockSkew, Fault, FaultKind, Faults};

use super::{Move, login};
use crate::shop::told;

#[tokio::test(flavor = "multi_thread")]
async fn calls_whose_answers_are_lost_have_their_effect_once() {
    let campaign = Move::of(300).await;
    campaign.org.set_faults(
        Faults { seed: 7, ..Faults::default() }
            .chance(FaultKind::ResetAfter, 0.05)
            .chance(FaultKind::ResetBefore, 0.05)
            .chance(FaultKind::ServerError, 0.02)
            .chance(FaultKind::ServerErrorAfter, 0.02),
    );
    let (code, report) = campaign.report(&[]).await;
    assert_eq!(code, 0, "{report}");
    campaign.everybody_once(300);
    assert_eq!(report["users"], 300, "{report}");
    assert!(report["recovered"].as_u64() > Some(0), "some were found again: {report}");
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_taken_for_a_stranger_by_a_clock_that_is_wrong() {
    let hour = Duration::from_hours(1);
    for skew in [ClockSkew::Ahead(hour), ClockSkew::Behind(hour)] {
        let campaign = Move::of(40).await;
        let faults = Faults { seed: 5, clock_skew: Some(skew), ..Faults::default() };
        campaign.org.set_faults(faults.chance(FaultKind::ResetAfter, 0.2));
        let (code, report) = campaign.report(&[]).await;
        assert_eq!((code, &report["users"], &report["skipped"]), (0, &40.into(), &0.into()), "{report}");
        assert!(report["recovered"].as_u64() > Some(0), "{report}");
        campaign.everybody_once(40);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_creation_that_shows_only_after_the_question_is_not_taken_for_a_stranger_s() {
    let campaign = Move::of(1).await;
    // The first create takes its effect after we have given up on it and asked; the second one finds the login taken.
    campaign.configure("timeout = \"200ms\"\n");
    let late = FaultKind::SlowBefore(Duration::from_millis(600));
    campaign.org.set_faults(Faults::default().once(Fault::new("POST", "/api/v1/users", late)));
    let (code, report) = campaign.report(&[]).await;
    assert_eq!(code, 0, "{report}");
    campaign.everybody_once(1);
    assert_eq!(report["recovered"], 1, "{report}");
}

#[tokio::test(flavor = "multi_thread")]
async fn limits_are_waited_for_and_nobody_is_rejected_for_them() {
    let campaign = Move::with(60, |settings| settings.rate.window = Duration::from_secs(2), "").await;
    let limit = Fault::new("POST", "/api/v1/users", FaultKind::RateLimit(None)).after(10);
    let mut faults = Faults::default().once(limit);
    for after in [5, 9, 10] {
        faults = faults.once(Fault::new("POST", "/api/v1/users", FaultKind::Concurrency).after(after));
    }
    campaign.org.set_faults(faults);
    let (code, report) = campaign.report(&[]).await;
    assert_eq!(code, 0, "{report}");
    assert_eq!(report["limited"], 4, "{report}");
    campaign.everybody_once(60);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_token_is_said_at_once_and_nothing_is_sent() {
    let campaign = Move::of(5).await;
    let mut command = campaign.command(&[]);
    command.env("KEYFERRY_OKTA__API_TOKEN", "00-some-other-canary-token");
    let output =
        tokio::task::spawn_blocking(move || command.output().expect("it runs")).await.expect("waited for");
    let (code, out, err) = told(&output);
    assert_eq!(code, 1, "{err}");
    assert!(err.contains("token") && err.contains("nothing was sent"), "{err}");
    assert!(!format!("{out}{err}").contains("canary"), "{err}");
    assert_eq!(campaign.org.user_count(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_whom_okta_refuses_is_a_reject_and_not_the_end() {
    let campaign = Move::of(20).await;
    // The org has Okta's own login pattern; we were told otherwise, so that only Okta can say no.
    campaign
        .shop
        .execute("UPDATE users SET phone = login; UPDATE users SET login = 'user7' WHERE id = 7")
        .await;
    let tail = campaign.tail("sqlite:ledger.db", "");
    campaign.shop.configure("", &tail.replace("email = \"login\"", "email = \"phone\""));
    let output = campaign.import(&["--login", "any"]).await;
    let (code, _, err) = told(&output);
    assert_eq!(code, 3, "{err}");
    assert_eq!(campaign.org.user_count(), 19);
    let rejects = campaign.shop.read("rejects.csv");
    let line = rejects.lines().nth(1).expect("one reject");
    assert!(line.starts_with("shop,7,user7,"), "{rejects}");
    assert!(line.contains("E0000001"), "Okta's words: {rejects}");

    // Corrected in the file and fed back.
    let corrected = rejects.replace("shop,7,user7,", "shop,7,user7@example.com,");
    std::fs::write(campaign.shop.path().join("corrected.csv"), corrected).expect("written");
    let (code, report) = campaign.report(&["--rows", "corrected.csv"]).await;
    assert_eq!((code, &report["users"]), (0, &1.into()), "{report}");
    campaign.everybody_once(20);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_on_whom_okta_always_fails_is_a_reject_too() {
    let campaign = Move::with(3, |_| {}, "in_flight = 1\n").await;
    let mut faults = Faults::default();
    for _ in 0..5 {
        faults = faults.once(Fault::new("POST", "/api/v1/users", FaultKind::ServerError));
    }
    campaign.org.set_faults(faults);
    let (code, report) = campaign.report(&[]).await;
    assert_eq!(code, 3, "{report}");
    assert_eq!(report["users"], 2, "{report}");
    assert_eq!(campaign.org.creations(&login(1)), 0);
}
