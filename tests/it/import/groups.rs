//! Groups: fixed ones with the day, those of the store, and more than a create-user request takes.

use std::collections::BTreeSet;

use serde_json::Value;

use super::Move;

impl Move {
    /// The groups of the org and how many members each has.
    async fn groups(&self) -> Vec<(String, usize)> {
        let none = Value::Null;
        let groups = self.call(reqwest::Method::GET, "/api/v1/groups", none.clone()).await;
        let mut counted = Vec::new();
        for group in groups.as_array().expect("a list") {
            let path = format!("/api/v1/groups/{}/users", group["id"].as_str().expect("an id"));
            let members = self.call(reqwest::Method::GET, &path, none.clone()).await;
            let name = group["profile"]["name"].as_str().expect("a name").to_owned();
            counted.push((name, members.as_array().expect("a list").len()));
        }
        counted
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn everybody_joins_the_group_of_the_day_and_their_own() {
    let campaign = Move::of(4).await;
    campaign.shop.execute("ALTER TABLE users ADD COLUMN team TEXT; UPDATE users SET team = 'eng,ops' WHERE id = 1; UPDATE users SET team = 'eng' WHERE id = 2").await;
    let tail = campaign.tail(
        "sqlite:ledger.db",
        "groups = [\"Migrated_from_Legacy_{date}\"]\n[import.groups]\nunmapped = \"ignore\"\n[import.groups.map]\neng = \"Engineering\"\n",
    );
    campaign.shop.configure("groups = \"SELECT team FROM users WHERE id = :id\"", &tail);
    campaign.shop.execute("UPDATE users SET team = 'eng' WHERE id = 1").await;
    let (code, report) = campaign.report(&[]).await;
    assert_eq!(code, 0, "{report}");
    let groups = campaign.groups().await;
    let dated =
        groups.iter().find(|(name, _)| name.starts_with("Migrated_from_Legacy_2")).expect("the day's group");
    assert_eq!(dated.1, 4, "{groups:?}");
    assert!(groups.contains(&("Engineering".to_owned(), 2)), "{groups:?}");
    assert_eq!(groups.len(), 2, "{groups:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn more_than_twenty_groups_follow_one_by_one() {
    let campaign = Move::of(2).await;
    let names: BTreeSet<String> = (0..27).map(|number| format!("Group {number:02}")).collect();
    let list = names.iter().map(|name| format!("\"{name}\"")).collect::<Vec<_>>().join(", ");
    campaign.configure(&format!("groups = [{list}]\n"));
    let (code, report): (i32, Value) = campaign.report(&[]).await;
    assert_eq!(code, 0, "{report}");
    let groups = campaign.groups().await;
    assert_eq!(groups.len(), 27);
    assert!(groups.iter().all(|(_, members)| *members == 2), "{groups:?}");
}
