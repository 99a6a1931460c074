//! Ends that are asked for, ledgers that do not fit, and what must never be written anywhere.

use std::time::Duration;

use keyferry::demo::org::{FaultKind, Faults};

use super::{Move, TOKEN};
use crate::shop::{PHPASS, SPRING_BCRYPT, told};

#[tokio::test(flavor = "multi_thread")]
async fn sigterm_answers_what_is_in_flight_and_the_same_command_goes_on() {
    let campaign = Move::of(200).await;
    campaign.org.set_faults(Faults::default().chance(FaultKind::Slow(Duration::from_millis(50)), 1.0));
    let child = campaign.start(&[]);
    while campaign.org.user_count() < 10 {
        tokio::task::yield_now().await;
    }
    let id = child.id().to_string();
    let sent = std::process::Command::new("kill").args(["-TERM", &id]).status().expect("kill runs");
    assert!(sent.success());
    let output = tokio::task::spawn_blocking(move || child.wait_with_output().expect("it ends"))
        .await
        .expect("waited for");
    let (code, out, err) = told(&output);
    assert_eq!(code, 2, "{err}");
    assert!(err.contains("SIGTERM") && out.contains("the same command goes on"), "{out}{err}");
    let status = campaign.status().to_string();
    assert!(!status.contains("sending"), "everything in flight was answered: {status}");
    campaign.org.set_faults(Faults::default());
    let (code, report) = campaign.report(&[]).await;
    assert_eq!((code, &report["recovered"]), (0, &0.into()), "{report}");
    campaign.everybody_once(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ledger_of_another_org_or_store_is_refused() {
    let (one, other) = (Move::of(3).await, Move::of(3).await);
    one.report(&[]).await;
    other.on_ledger(&format!("sqlite:{}", one.shop.path().join("ledger.db").display()));
    let (code, _, err) = told(&other.import(&[]).await);
    assert_eq!(code, 1, "{err}");
    assert!(err.contains("org") && err.contains("--rebind"), "{err}");
    assert_eq!(other.org.user_count(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn neither_hash_nor_token_is_left_anywhere() {
    let campaign = Move::of(20).await;
    campaign.shop.execute("UPDATE users SET first_name = '' WHERE id = 4").await;
    let output = campaign.import(&[]).await;
    let (code, out, err) = told(&output);
    assert_eq!(code, 3, "{err}");
    let mut written = format!("{out}{err}");
    for name in campaign.shop.files() {
        let bytes = std::fs::read(campaign.shop.path().join(&name)).expect("readable");
        written.push_str(&String::from_utf8_lossy(&bytes));
    }
    let body = |stored: &'static str| stored.rsplit('$').next().expect("a value");
    for secret in [TOKEN, body(SPRING_BCRYPT), body(PHPASS)] {
        assert!(!written.contains(secret), "found {secret}");
    }
}
