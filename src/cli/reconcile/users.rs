//! The org's list of users against the ledger: who has signed in, also with an imported hash, of which no event tells;
//! and whom Okta no longer has.

use std::collections::HashSet;
use std::hash::{BuildHasher as _, RandomState};
use std::pin::pin;

use futures_util::StreamExt as _;

use super::Failure;
use super::report::Users;
use crate::cli::progress::Progress;
use crate::ledger::{Ledger, Observed};
use crate::okta::client::Client;
use crate::okta::users::{User, UserQuery};

/// Okta leaves these out of its list unless they are asked for.
const DEPROVISIONED: &str = r#"status eq "DEPROVISIONED""#;
/// Ids of the ledger in one question.
const PAGE: u32 = 10_000;
/// Ids of users who are gone that are named.
const NAMED: usize = 100;

/// Reads all of them, and then looks for those of the ledger who were not among them.
pub(super) async fn read(client: &Client, ledger: &Ledger) -> Result<Users, Failure> {
    let mut counts = Users::default();
    let mut seen = Seen::default();
    let mut progress = Progress::counting("users", None);
    for filter in [None, Some(DEPROVISIONED.to_owned())] {
        let mut pages = pin!(client.users(UserQuery { filter, ..UserQuery::default() }));
        while let Some(page) = pages.next().await {
            let page = page?;
            tell(ledger, &page, &mut counts).await?;
            for user in &page {
                seen.add(&user.id);
            }
            counts.read += page.len() as u64;
            progress.rows(counts.read);
        }
    }
    look_for_the_others(client, ledger, &seen, &mut counts).await?;
    Ok(counts)
}

async fn tell(ledger: &Ledger, page: &[User], counts: &mut Users) -> Result<(), Failure> {
    let observed: Vec<Observed<'_>> = page
        .iter()
        .map(|user| Observed { okta_id: &user.id, status: &user.status, last_login: user.last_login })
        .collect();
    counts.changed += ledger.observe(&observed).await?;
    let ids: Vec<&str> = page.iter().map(|user| user.id.as_str()).collect();
    let states = ledger.states_by_okta_id(&ids).await?;
    for (user, state) in page.iter().zip(states) {
        counts.of_this_ledger += u64::from(state.is_some());
        counts.signed_in += u64::from(state.is_some() && user.last_login.is_some());
    }
    Ok(())
}

/// Each is asked for by id: whoever was created while the list was read is not gone.
async fn look_for_the_others(
    client: &Client,
    ledger: &Ledger,
    seen: &Seen,
    counts: &mut Users,
) -> Result<(), Failure> {
    let mut after = String::new();
    loop {
        let ids = ledger.okta_ids(&after, PAGE).await?;
        let Some(last) = ids.last() else { return Ok(()) };
        after.clone_from(last);
        for id in ids.into_iter().filter(|id| !seen.has(id)) {
            if let Some(user) = client.user_by_id(&id).await? {
                tell(ledger, &[user], counts).await?;
                continue;
            }
            counts.gone += 1;
            if counts.gone_ids.len() < NAMED {
                counts.gone_ids.push(id);
            }
        }
    }
}

/// Ids that were in the list: eight bytes for each, whatever the size of the org. Two ids that look alike, which
/// among a million happens once in millions of runs, can only hide that one of them is gone.
#[derive(Default)]
struct Seen {
    hasher: RandomState,
    ids: HashSet<u64>,
}

impl Seen {
    fn add(&mut self, id: &str) {
        self.ids.insert(self.hasher.hash_one(id));
    }

    fn has(&self, id: &str) -> bool {
        self.ids.contains(&self.hasher.hash_one(id))
    }
}
