//! Two imports on one ledger: the second is refused, or has its own share of the users.

use super::Move;
use crate::servers;
use crate::shop::told;
use keyferry::demo::org::{FaultKind, Faults};
use std::time::Duration;

/// An import that is under way for as long as it is held.
async fn running(campaign: &Move, arguments: &[&str]) -> std::process::Child {
    let child = campaign.start_silent(arguments);
    while campaign.org.user_count() == 0 {
        tokio::task::yield_now().await;
    }
    child
}

async fn refuses_a_second(campaign: &Move) {
    campaign.org.set_faults(Faults::default().chance(FaultKind::Slow(Duration::from_secs(5)), 1.0));
    let mut first = running(campaign, &[]).await;
    for second in [&[][..], &["--shard", "0/2"]] {
        let (code, _, err) = told(&campaign.import(second).await);
        assert_eq!(code, 1, "{err}");
        assert!(err.contains("running"), "{err}");
    }
    first.kill().expect("it can be killed");
    first.wait().expect("it is gone");
    campaign.org.set_faults(Faults::default());
    let (code, _, err) = told(&campaign.import(&[]).await);
    assert_eq!(code, 0, "the lock went with its holder: {err}");
    campaign.everybody_once(100);
}

async fn shares(campaign: &Move) {
    let shards: Vec<String> = (0..4).map(|shard| format!("{shard}/4")).collect();
    let runs = shards.iter().map(|shard| async { campaign.import(&["--shard", shard]).await });
    for output in futures_util::future::join_all(runs).await {
        let (code, _, err) = told(&output);
        assert_eq!(code, 0, "{err}");
    }
    campaign.everybody_once(100);
    assert!(campaign.shop.files().contains(&"rejects-3-of-4.csv".to_owned()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_import_is_refused_on_sqlite() {
    refuses_a_second(&Move::of(100).await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_import_is_refused_on_postgresql() {
    let Some(server) = servers::postgres() else { return };
    let campaign = Move::of(100).await;
    campaign.on_ledger(&server.database("SELECT 1").await);
    refuses_a_second(&campaign).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn four_shards_share_the_users_on_sqlite() {
    shares(&Move::of(100).await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn four_shards_share_the_users_on_postgresql() {
    let Some(server) = servers::postgres() else { return };
    let campaign = Move::of(100).await;
    campaign.on_ledger(&server.database("SELECT 1").await);
    shares(&campaign).await;
}
