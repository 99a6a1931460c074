//! `kill -9` at random moments, again and again: nobody is lost, and nobody is created twice.

use std::time::Duration;

use keyferry::demo::org::{FaultKind, Faults};
use tokio::time::timeout;

use super::Move;
use crate::servers;
use crate::shop::told;

/// Calls that take a while, so that there is always one under way; some end without their answer.
fn faults(seed: u64) -> Faults {
    Faults { seed, ..Faults::default() }
        .chance(FaultKind::Slow(Duration::from_millis(3)), 0.9)
        .chance(FaultKind::ResetAfter, 0.02)
        .chance(FaultKind::ResetBefore, 0.02)
        .chance(FaultKind::ServerErrorAfter, 0.01)
}

/// Starts the import and kills it after a time drawn from `seed`, so often; then lets it come to its end.
async fn survives(campaign: &Move, users: usize, kills: u64) {
    let mut killed = 0;
    for round in 0..kills {
        campaign.org.set_faults(faults(round));
        let mut child = campaign.start_silent(&[]);
        // The org goes on answering until that moment, drawn anew for each round.
        let moment = Duration::from_micros(20_000 + round * 7_919_000 % 180_000);
        let _ = timeout(moment, std::future::pending::<()>()).await;
        if let Some(ended) = child.try_wait().expect("it is there") {
            // It had come to its end before: the last rounds kill a delta run, which must change nothing.
            assert!(ended.success());
            continue;
        }
        child.kill().expect("it can be killed");
        child.wait().expect("it is gone");
        killed += 1;
    }
    assert!(killed > kills / 2, "most rounds met a running import: {killed} of {kills}");
    campaign.org.set_faults(Faults::default());
    let (code, _, err) = told(&campaign.import(&[]).await);
    assert_eq!(code, 0, "{err}");
    campaign.everybody_once(users);
    let status = campaign.shop.run(&["status", "--json"]);
    let (_, out, _) = told(&status);
    assert!(!out.contains("sending"), "nobody is left half sent: {out}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_kills_lose_nobody_and_create_nobody_twice() {
    let campaign = Move::of(3000).await;
    survives(&campaign, 3000, 100).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nor_do_they_with_the_ledger_on_postgresql() {
    let Some(server) = servers::postgres() else { return };
    let campaign = Move::of(800).await;
    campaign.on_ledger(&server.database("SELECT 1").await);
    survives(&campaign, 800, 20).await;
}
