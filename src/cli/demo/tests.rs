//! A demonstration that always ended well would prove nothing: each of these spoils one thing and must be found out.

use std::collections::BTreeSet;
use std::net::{Ipv4Addr, SocketAddr};

use axum::Json;
use axum::Router;
use axum::http::StatusCode;
use tokio::net::TcpListener;

use super::migration::Migration;
use super::report::Report;
use super::survey::Survey;
use super::{seed, sign_in, survey};
use crate::cli::Exit;
use crate::demo::PEOPLE;
use crate::demo::org::HookEndpoint;
use crate::demo::store::Person;

/// An imported hash, a hook user, and one of the three who are held back.
const LOGINS: [&str; 3] = ["linh.nguyen@example.com", "chinedu.eze@example.com", "ewa.nowicka@example.com"];

fn some_people() -> Vec<Person> {
    let wanted = BTreeSet::from(LOGINS);
    PEOPLE.iter().filter(|person| wanted.contains(person.login)).cloned().collect()
}

/// The whole demonstration; `hook` in the place of ours, where it is given.
async fn rehearse(people: Vec<Person>, hook: Option<HookEndpoint>) -> Report {
    let migration = Migration::prepare(people).await.unwrap();
    let survey = survey::run(migration.config(false).unwrap()).await.unwrap();
    judged(&migration, survey, hook).await
}

/// What follows the survey, and the verdict.
async fn judged(migration: &Migration, survey: Survey, hook: Option<HookEndpoint>) -> Report {
    let seeding = seed::run(migration).await.unwrap();
    let ours = migration.start_hook().await.unwrap();
    let endpoint = hook.map_or_else(|| ours.endpoint(), Ok).unwrap();
    migration.org.register_hook(endpoint);
    let signed_in = sign_in::run(migration, &seeding).await.unwrap();
    // What a hook that is not ours was asked never reaches the ledger, so that there is nothing to wait for.
    ours.stop().await.unwrap();
    let records = migration.written_down().await.unwrap();
    Report::new(migration, survey, seeding, signed_in, records)
}

fn problem<'a>(report: &'a Report, about: &str) -> &'a str {
    assert_eq!(report.exit(), Exit::Failed);
    let found = report.problems().iter().find(|problem| problem.contains(about));
    found.unwrap_or_else(|| panic!("no problem with {about}: {:?}", report.problems()))
}

#[tokio::test]
async fn unspoiled_it_ends_well() {
    let report = rehearse(some_people(), None).await;
    assert_eq!(report.exit(), Exit::Done, "{:?}", report.problems());
}

#[tokio::test]
async fn a_stored_value_that_is_not_the_passwords_is_found_out() {
    let mut people = some_people();
    for person in &mut people {
        person.password = "another password";
    }
    let report = rehearse(people, None).await;
    for login in ["linh.nguyen", "chinedu.eze"] {
        assert!(problem(&report, login).contains("signing in at first must be signed in, was refused"));
    }
}

#[tokio::test]
async fn a_damaged_stored_value_is_found_out() {
    let mut people = some_people();
    for person in &mut people {
        person.stored = person.stored.get(..person.stored.len() - 1).unwrap();
    }
    let report = rehearse(people, None).await;
    assert!(problem(&report, "linh.nguyen").contains("must go as hash, went as not at all"));
    assert!(problem(&report, "chinedu.eze").contains("must go as hook, went as not at all"));
}

#[tokio::test]
async fn a_hook_that_lets_everybody_in_is_found_out() {
    let listener = TcpListener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let verified = serde_json::json!({
        "commands": [{ "type": "com.okta.action.update", "value": { "credential": "VERIFIED" } }]
    });
    let router = Router::new().fallback(async move || Json(verified));
    tokio::spawn(async move { axum::serve(listener, router).await });
    let report = rehearse(some_people(), Some(HookEndpoint::new(&url, []).unwrap())).await;
    let found = problem(&report, "chinedu.eze");
    assert!(found.contains("with a wrong password must be refused, was signed in"), "{found}");
}

#[tokio::test]
async fn a_hook_that_hangs_up_is_found_out() {
    let listener = TcpListener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((connection, _)) = listener.accept().await {
            drop(connection);
        }
    });
    let report = rehearse(some_people(), Some(HookEndpoint::new(&url, []).unwrap())).await;
    assert!(problem(&report, "chinedu.eze").contains("call the hook 1 times, was 2"));
    assert!(problem(&report, "the ledger").contains("has 0 verified"));
}

#[tokio::test]
async fn somebody_who_must_be_held_back_and_is_not_is_found_out() {
    let mut people = some_people();
    for person in &mut people {
        person.active = true;
    }
    let report = rehearse(people, None).await;
    assert!(problem(&report, "ewa.nowicka").contains("must go as not at all, went as hash"));
}

#[tokio::test]
async fn a_survey_that_overlooks_somebody_is_found_out() {
    let mut fewer = some_people();
    fewer.pop();
    let fewer = Migration::prepare(fewer).await.unwrap();
    let survey = survey::run(fewer.config(false).unwrap()).await.unwrap();
    let report = judged(&Migration::prepare(some_people()).await.unwrap(), survey, None).await;
    assert!(
        problem(&report, "the survey").contains("must find 3 readable and 0 unreadable values, has 2 and 0")
    );
}

#[tokio::test]
async fn a_hook_that_is_asked_twice_for_one_password_is_found_out() {
    // Answers the first call of each pair as a service that is down would, and our org then asks again.
    let listener = TcpListener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let calls = std::sync::Arc::new(std::sync::atomic::AtomicU32::new(0));
    let router = Router::new().fallback(async move || {
        let call = calls.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let credential = if call < 2 { "UNVERIFIED" } else { "VERIFIED" };
        let commands =
            [serde_json::json!({ "type": "com.okta.action.update", "value": { "credential": credential } })];
        let status = if call.is_multiple_of(2) { StatusCode::SERVICE_UNAVAILABLE } else { StatusCode::OK };
        (status, Json(serde_json::json!({ "commands": commands })))
    });
    tokio::spawn(async move { axum::serve(listener, router).await });
    let report = rehearse(some_people(), Some(HookEndpoint::new(&url, []).unwrap())).await;
    let found = problem(&report, "chinedu.eze");
    assert!(found.contains("signing in with a wrong password must call the hook 1 times, was 2"), "{found}");
}
