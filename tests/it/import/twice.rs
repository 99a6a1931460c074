//! The same import again: nothing changes where nothing has changed, and what has changed is brought up to date.

use serde_json::Value;

use super::{Move, login};
use crate::shop::{PHPASS, SPRING_BCRYPT};

#[tokio::test(flavor = "multi_thread")]
async fn the_same_import_again_changes_nothing() {
    let campaign = Move::of(40).await;
    let (code, first) = campaign.report(&[]).await;
    assert_eq!((code, &first["users"]), (0, &40.into()), "{first}");
    let (_, writes) = campaign.calls();
    let (code, again) = campaign.report(&[]).await;
    assert_eq!((code, &again["already"], &again["users"]), (0, &40.into(), &0.into()), "{again}");
    assert_eq!(campaign.calls().1, writes, "nothing was written");
    campaign.everybody_once(40);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_delta_run_creates_the_new_and_updates_the_changed() {
    let campaign = Move::of(10).await;
    campaign.report(&[]).await;
    campaign
        .shop
        .execute(&format!(
            "INSERT INTO users (login, stored) VALUES ('{}', '{SPRING_BCRYPT}');
             UPDATE users SET last_name = 'Fry' WHERE id = 2;
             UPDATE users SET stored = '{PHPASS}' WHERE id = 3;",
            login(11)
        ))
        .await;
    let (code, report) = campaign.report(&[]).await;
    assert_eq!(code, 0, "{report}");
    assert_eq!((&report["users"], &report["updated"], &report["already"]), (&1.into(), &2.into(), &8.into()));
    campaign.everybody_once(11);
    // Number 3 had a hash in Okta, and another password by now: the hook must be asked.
    let status = campaign.status();
    let routes = |route: &str| users(&status, route);
    assert_eq!((routes("hash"), routes("hook")), (5, 6), "{status}");
    let (_, again) = campaign.report(&[]).await;
    assert_eq!((&again["already"], &again["updated"]), (&11.into(), &0.into()), "{again}");
}

#[tokio::test(flavor = "multi_thread")]
async fn batches_go_on_where_the_last_one_ended() {
    let campaign = Move::of(35).await;
    for (limit, all) in [("10", 10), ("20", 30), ("20", 35)] {
        let (code, report) = campaign.report(&["--limit", limit]).await;
        assert_eq!(code, 0, "{report}");
        assert_eq!(campaign.org.user_count(), all);
    }
    campaign.everybody_once(35);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_route_can_go_first() {
    let campaign = Move::of(10).await;
    let (code, report) = campaign.report(&["--only-route", "hook"]).await;
    assert_eq!((code, &report["users"], &report["other_route"]), (0, &5.into(), &5.into()), "{report}");
    let (code, report) = campaign.report(&["--where", "id > 5"]).await;
    assert_eq!((code, campaign.org.user_count()), (0, 7), "two more, of the ids 7 and 9: {report}");
    let (code, _) = campaign.report(&[]).await;
    assert_eq!(code, 0);
    campaign.everybody_once(10);
}

impl Move {
    pub(crate) fn status(&self) -> Value {
        let output = self.shop.run(&["status", "--json"]);
        serde_json::from_slice(&output.stdout).expect("JSON")
    }
}

fn users(status: &Value, route: &str) -> u64 {
    let lines = status["users"].as_array().expect("counts");
    let of_route = lines.iter().filter(|line| line["route"] == route);
    of_route.map(|line| line["users"].as_u64().expect("a count")).sum()
}
