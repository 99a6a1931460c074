//! A dry run walks the whole way, and writes nowhere but into the report.

use super::Move;
use crate::shop::{SPRING_BCRYPT, told};

#[tokio::test(flavor = "multi_thread")]
async fn a_dry_run_tells_all_and_sends_nothing() {
    let campaign = Move::with(10, |_| {}, "groups = [\"Everybody\"]\n").await;
    campaign
        .shop
        .execute(&format!(
            "INSERT INTO users (login, stored) VALUES ('USER1@example.com', '{SPRING_BCRYPT}'), ('nohash@example.com', NULL)"
        ))
        .await;
    let (code, report) = campaign.report(&["--dry-run"]).await;
    assert_eq!(code, 3, "{report}");
    assert_eq!((&report["rows"], &report["users"], &report["rejected"]), (&12.into(), &10.into(), &2.into()));
    assert_eq!(report["calls"], 10);
    assert_eq!(report["groups"][0]["name"], "Everybody");
    assert!(report["groups"][0]["exists"].is_null(), "not looked up: {report}");
    assert_eq!(campaign.calls().0, 0, "the org was not even asked");
    assert_eq!(campaign.shop.files(), ["rejects-dry-run.csv"], "no ledger was begun");
    let rejects = campaign.shop.read("rejects-dry-run.csv");
    assert!(rejects.contains("duplicate login") && rejects.contains("no stored password"), "{rejects}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_look_finds_logins_and_groups_that_are_there() {
    let campaign =
        Move::with(10, |_| {}, "groups = [\"Everybody\"]\n[import]\nexisting = \"reject\"\n").await;
    campaign.report(&["--limit", "2"]).await;
    // Nobody of this ledger.
    std::fs::remove_file(campaign.shop.path().join("ledger.db")).expect("removed");
    let (_, writes) = campaign.calls();
    let (code, report) = campaign.report(&["--dry-run", "--look"]).await;
    assert_eq!((code, &report["existing"], &report["rejected"]), (3, &2.into(), &2.into()), "{report}");
    assert_eq!(report["users"], 8);
    assert_eq!(report["groups"][0]["exists"], true, "{report}");
    assert_eq!(campaign.calls().1, writes, "nothing was written");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_plan_is_told_before_the_first_user() {
    let campaign = Move::with(12, |settings| settings.rate.limit = 600, "share = 0.5\n").await;
    let (code, _, err) = told(&campaign.import(&["--limit", "3"]).await);
    assert_eq!(code, 0, "{err}");
    assert!(err.contains("300 calls a minute, of 600 that the org allows"), "{err}");
    assert!(err.contains("at most 3 calls"), "{err}");
}
