//! The import against emulate, an imitation of Okta that others wrote, so that it shares no misunderstanding with ours.
//!
//! It goes other ways than Okta in places, and the import must do with them: it answers a creation with 201, has no
//! rate-limit headers, tells nothing of credentials, takes any token, pages in its own way, and leaves `groupIds` aside;
//! groups that are joined by a call of their own it keeps. A taken login it refuses in words that are not Okta's.

use std::collections::{BTreeMap, BTreeSet};

use keyferry::demo::org::{Org, Settings};
use keyferry::secret::Secret;
use reqwest::Method;
use serde_json::Value;

use crate::import::{Move, TOKEN, login};
use crate::node::Program;
use crate::relay::{Exchange, Relay};
use crate::servers::free_port;
use crate::shop::{PHPASS, SPRING_BCRYPT, Shop, told};

/// Who is in emulate's org from the start.
const STRANGER: &str = "testuser@okta.local";
/// Groups of everybody; a create-user request takes 20.
const GROUPS: usize = 22;
/// All of what Okta published, which the client keeps to where there are no headers.
const FAST: &str = "share = 1.0\n";

/// A store, and emulate's org behind a relay.
struct Campaign {
    to: Move,
    relay: Relay,
    _emulate: Program,
}

impl Campaign {
    async fn of(users: usize) -> Option<Self> {
        let port = free_port();
        let url = format!("http://127.0.0.1:{port}");
        let base_url = url.clone();
        let emulate = tokio::task::spawn_blocking(move || {
            let port = port.to_string();
            let arguments = ["start", "--service", "okta", "--port", &port, "--base-url", &base_url];
            // The first thing that it says after it has begun to listen ends so.
            Program::start("emulate/dist/index.js", &arguments, "Config: defaults")
        });
        let emulate = emulate.await.expect("the start is waited for")?;
        let relay = Relay::start().await;
        relay.lead_to(&[("/", &url)]);
        let rows: Vec<(String, String)> = (1..=users)
            .map(|number| (login(number), if number % 2 == 0 { SPRING_BCRYPT } else { PHPASS }))
            .map(|(login, stored)| (login, format!("'{stored}'")))
            .collect();
        let rows: Vec<(&str, &str)> =
            rows.iter().map(|(login, stored)| (login.as_str(), stored.as_str())).collect();
        let shop = Shop::new(&rows).await;
        // No call reaches it: `Move` has an org of ours, which stays empty.
        let org = Org::new(Settings::new(url, Secret::from(TOKEN))).expect("an org");
        let to = Move { shop, org, org_url: relay.url.clone() };
        Some(Self { to, relay, _emulate: emulate })
    }

    /// All objects of a list, page by page.
    async fn all(&self, path: &str) -> Vec<Value> {
        let mut all = Vec::new();
        for page in 1.. {
            let path = format!("{path}?per_page=100&page={page}");
            let Value::Array(found) = self.to.call(Method::GET, &path, Value::Null).await else { break };
            let last = found.len() < 100;
            all.extend(found);
            if last {
                break;
            }
        }
        all
    }

    /// Users by login.
    async fn people(&self) -> BTreeMap<String, Value> {
        let all = self.all("/api/v1/users").await;
        let count = all.len();
        let text = |user: &Value| user["profile"]["login"].as_str().expect("a login").to_owned();
        let people: BTreeMap<String, Value> = all.into_iter().map(|user| (text(&user), user)).collect();
        assert_eq!(people.len(), count, "nobody is there twice");
        people
    }

    /// Members of each group, by its name.
    async fn members(&self) -> BTreeMap<String, BTreeSet<String>> {
        let mut members = BTreeMap::new();
        for group in self.all("/api/v1/groups").await {
            let path = format!("/api/v1/groups/{}/users", group["id"].as_str().expect("an id"));
            let users = self.to.call(Method::GET, &path, Value::Null).await;
            let logins = users.as_array().expect("a list").iter();
            let logins = logins.map(|user| user["profile"]["login"].as_str().expect("a login").to_owned());
            members.insert(group["profile"]["name"].as_str().expect("a name").to_owned(), logins.collect());
        }
        members
    }

    /// Creations whose answer came through.
    fn creations(&self) -> usize {
        let exchanges = self.relay.exchanges();
        let created = |it: &&Exchange| {
            it.method == Method::POST && it.path.starts_with("/api/v1/users?") && it.status == 201
        };
        exchanges.iter().filter(created).count()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn everybody_is_there_once_with_profile_and_groups() {
    const USERS: usize = 24;
    let Some(campaign) = Campaign::of(USERS).await else { return };
    let to = &campaign.to;
    to.shop.execute(&format!("INSERT INTO users (login, stored) VALUES ('{STRANGER}', '{PHPASS}')")).await;
    let groups: Vec<String> = (0..GROUPS).map(|number| format!("Legacy {number:02}")).collect();
    to.configure(&format!("{FAST}groups = {groups:?}\n"));
    let before = campaign.people().await;
    let (code, report) = to.report(&[]).await;
    assert_eq!((code, &report["users"], &report["rejected"]), (3, &USERS.into(), &1.into()), "{report}");
    assert!(to.shop.read("rejects.csv").contains(STRANGER));

    let people = campaign.people().await;
    assert_eq!(people.len(), USERS + 1);
    assert_eq!(people[STRANGER], before[STRANGER], "nothing of the account changed");
    for number in 1..=USERS {
        let user = &people[&login(number)];
        let profile = ["email", "firstName", "lastName"].map(|name| user["profile"][name].as_str());
        assert_eq!(profile, [Some(login(number).as_str()), Some("Amy"), Some("Wong")]);
        assert_eq!(user["status"], "ACTIVE");
    }
    let ours: BTreeSet<String> = (1..=USERS).map(login).collect();
    let members = campaign.members().await;
    assert!(groups.iter().all(|group| members.contains_key(group)), "{members:?}");
    for later in &groups[20..] {
        assert_eq!(members[later], ours, "{later}");
    }

    let (code, again) = to.report(&[]).await;
    assert_eq!((code, &again["already"], &again["users"]), (3, &USERS.into(), &0.into()), "{again}");
    assert_eq!(campaign.people().await, people);
    assert_eq!(campaign.members().await, members);
}

#[tokio::test(flavor = "multi_thread")]
async fn kills_between_a_creation_and_its_answer_lose_nobody() {
    const USERS: usize = 60;
    const KILLS: usize = 3;
    let Some(campaign) = Campaign::of(USERS).await else { return };
    let to = &campaign.to;
    to.configure(FAST);
    for _ in 0..KILLS {
        campaign.relay.keep_back(10);
        let mut import = to.start_silent(&[]);
        campaign.relay.kept().await;
        import.kill().expect("it can be killed");
        import.wait().expect("it is gone");
    }
    let (code, report) = to.report(&[]).await;
    assert_eq!((code, &report["rejected"], &report["skipped"]), (0, &0.into(), &0.into()), "{report}");
    assert!(report["recovered"].as_u64() > Some(0), "{report}");
    assert_eq!(campaign.people().await.len(), USERS + 1);
    assert!(campaign.creations() <= USERS - KILLS, "whose answer was kept back is not created again");
    let (_, status, _) = told(&to.shop.run(&["status", "--json"]));
    assert!(!status.contains("sending"), "nobody is left half sent: {status}");
}
