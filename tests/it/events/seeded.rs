//! A ledger as an import leaves it behind.

use std::sync::Arc;
use std::time::SystemTime;

use keyferry::ledger::{Candidate, Ledger, Route, Settled, Shard, UserRef};

/// A user: id in the source, login in Okta, and Okta's id; an empty one where the answer to the call was lost.
pub(crate) type User<'a> = (&'a str, &'a str, &'a str);

pub(crate) async fn ledger_of(url: &str) -> Ledger {
    Ledger::open(url, None).await.expect("the ledger opens")
}

fn references(ledger: &Ledger, users: &[User<'_>]) -> Vec<UserRef> {
    let source: Arc<str> = "shop".into();
    users.iter().map(|(id, ..)| ledger.user_ref(&source, id)).collect()
}

/// Plans, claims and settles these users, as an import does.
pub(crate) async fn seed(ledger: &Ledger, users: &[User<'_>]) {
    let pass = ledger.begin_pass(Shard::WHOLE, "a test").await.expect("a pass");
    let references = references(ledger, users);
    let candidates: Vec<Candidate<'_>> = references
        .iter()
        .zip(users)
        .map(|(user, (_, okta_login, _))| Candidate {
            user,
            okta_login,
            route: Route::Hook,
            scheme: "bcrypt",
            profile_mark: 1,
            credential_mark: 1,
        })
        .collect();
    ledger.plan_pass(&pass, &candidates).await.expect("planned");
    let journal = ledger.journal();
    let sent = references.iter().zip(users).map(|(user, (_, _, okta_id))| {
        let journal = journal.clone();
        async move {
            journal.claim(user, SystemTime::now()).await.expect("claimed");
            if !okta_id.is_empty() {
                let seeded = Settled::Seeded {
                    okta_id: (*okta_id).to_owned(),
                    status: "ACTIVE".to_owned(),
                    route: Route::Hook,
                    profile_mark: 1,
                    credential_mark: 1,
                };
                journal.settle(user, seeded).await.expect("settled");
            }
        }
    });
    futures_util::future::join_all(sent).await;
    ledger.finish_pass(&pass).await.expect("finished");
}

/// Where each stands.
pub(crate) async fn states(ledger: &Ledger, users: &[User<'_>]) -> Vec<&'static str> {
    let states = ledger.states(&references(ledger, users)).await.expect("the ledger answers");
    states.iter().map(|state| state.as_ref().map_or("nobody", |state| state.state.as_str())).collect()
}
