//! Logins that were in the org before: ours from an earlier call, or a stranger's.

use keyferry::demo::org::{Fault, FaultKind, Faults};
use serde_json::{Value, json};

use super::{Move, login};

impl Move {
    /// Somebody who was in the org before.
    async fn stranger(&self, number: usize, activate: bool) -> Value {
        let profile = json!({ "firstName": "Other", "lastName": "Person", "email": login(number), "login": login(number) });
        let path = format!("/api/v1/users?activate={activate}");
        let body =
            json!({ "profile": profile, "credentials": { "password": { "value": "Old-Okta-password-1" } } });
        self.call(reqwest::Method::POST, &path, body).await
    }

    async fn user(&self, number: usize) -> Value {
        self.call(reqwest::Method::GET, &format!("/api/v1/users/{}", login(number)), Value::Null).await
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn strangers_are_left_alone_by_default() {
    let campaign = Move::of(6).await;
    campaign.stranger(3, true).await;
    let before = campaign.user(3).await;
    let (code, report) = campaign.report(&[]).await;
    assert_eq!(code, 0, "{report}");
    assert_eq!((&report["users"], &report["skipped"]), (&5.into(), &1.into()), "{report}");
    assert_eq!(campaign.user(3).await, before, "nothing of the account changed");
    let (_, again) = campaign.report(&[]).await;
    assert_eq!((&again["skipped"], &again["already"]), (&1.into(), &5.into()), "{again}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_policy_can_reject_them_or_give_them_the_hook() {
    let campaign = Move::with(6, |_| {}, "[import]\nexisting = \"reject\"\n").await;
    campaign.stranger(3, true).await;
    campaign.stranger(4, false).await;
    campaign.stranger(5, false).await;
    let (code, report) = campaign.report(&[]).await;
    assert_eq!((code, &report["users"], &report["rejected"]), (3, &3.into(), &3.into()), "{report}");

    campaign.configure("[import]\nexisting = \"attach_hook\"\n");
    let (code, report) = campaign.report(&[]).await;
    assert_eq!((code, &report["attached"]), (0, &3.into()), "{report}");
    for (number, route) in [(3, "the hook"), (4, "the hook"), (5, "the hash: its user was STAGED")] {
        let user = campaign.user(number).await;
        assert_eq!(user["credentials"]["provider"]["type"], "IMPORT", "{route}: {user}");
        assert_eq!(user["status"], "ACTIVE", "{user}");
        assert_eq!(user["profile"]["firstName"], "Other", "the profile stays");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stranger_is_not_taken_for_ours_after_a_lost_answer() {
    let campaign = Move::of(1).await;
    campaign.stranger(1, true).await;
    // The refusal is lost on the way.
    let lost = Fault::new("POST", "/api/v1/users", FaultKind::ResetAfter);
    campaign.org.set_faults(Faults::default().once(lost));
    let (code, report) = campaign.report(&[]).await;
    assert_eq!((code, &report["skipped"], &report["users"]), (0, &1.into(), &0.into()), "{report}");
}
