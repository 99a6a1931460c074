//! Faults on demand: what the caller sees of each, and what the org did or did not do.

use std::time::{Duration, Instant};

use keyferry::demo::org::{ClockSkew, Fault, FaultKind, Faults, RateLimit};
use reqwest::{Method, Response};
use serde_json::{Value, json};

use super::{Served, create, hook_password};

const USERS: &str = "/api/v1/users";

/// The next create suffers this.
fn next_create(kind: FaultKind) -> Faults {
    Faults::default().once(Fault::new("POST", USERS, kind))
}

async fn create_ana(org: &Served) -> reqwest::Result<Response> {
    org.send(Method::POST, USERS, Some(create("ana@example.com", &hook_password()))).await
}

fn header<'a>(response: &'a Response, name: &str) -> &'a str {
    response.headers().get(name).unwrap().to_str().unwrap()
}

#[tokio::test]
async fn a_500_comes_before_or_after_the_effect() {
    for (kind, effects) in [(FaultKind::ServerError, 0), (FaultKind::ServerErrorAfter, 1)] {
        let org = Served::with(|settings| settings.faults = next_create(kind)).await;
        let response = create_ana(&org).await.unwrap();
        assert_eq!(response.status(), 500);
        assert!(!header(&response, "x-rate-limit-remaining").is_empty());
        assert_eq!(response.json::<Value>().await.unwrap()["errorCode"], "E0000009");
        assert_eq!((org.org.creations("ANA@example.com"), org.org.user_count()), (effects, effects as usize));
        assert_eq!(org.get(USERS).await.0, 200, "once");
    }
}

#[tokio::test]
async fn a_reset_is_a_broken_connection_with_or_without_the_effect() {
    for (kind, effects) in [(FaultKind::ResetBefore, 0), (FaultKind::ResetAfter, 1)] {
        let org = Served::with(|settings| settings.faults = next_create(kind)).await;
        // The connection has served before, as it has in a long run.
        assert_eq!(org.get(USERS).await.0, 200);
        let error = create_ana(&org).await.unwrap_err();
        assert!(error.is_request() && !error.is_timeout() && !error.is_connect(), "{error:?}");
        assert_eq!((org.org.creations("ana@example.com"), org.org.faults_left()), (effects, 0), "{kind:?}");
        let counted = &org.org.calls()["POST /api/v1/users"];
        assert_eq!((counted.broken, counted.total()), (1, 1), "the client tried once");

        let again = create_ana(&org).await.unwrap().status().as_u16();
        assert_eq!(again, if effects == 0 { 200 } else { 400 }, "the login is taken by our own call");
        assert_eq!(org.org.creations("ana@example.com"), 1);
    }
}

#[tokio::test]
async fn a_slow_call_takes_effect_though_the_caller_has_gone() {
    let slow = Duration::from_millis(300);
    let impatient =
        reqwest::Client::builder().no_proxy().timeout(Duration::from_millis(100)).build().unwrap();
    for (kind, at_once) in [(FaultKind::Slow(slow), 1), (FaultKind::SlowBefore(slow), 0)] {
        let mut org = Served::with(|settings| settings.faults = next_create(kind)).await;
        let patient = std::mem::replace(&mut org.client, impatient.clone());
        assert!(create_ana(&org).await.unwrap_err().is_timeout());
        org.client = patient;
        if at_once == 1 {
            assert_eq!(org.org.creations("ana@example.com"), 1);
        }
        let found = async {
            while org.org.creations("ana@example.com") == 0 {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(Duration::from_secs(30), found).await.unwrap();

        let began = Instant::now();
        org.org.set_faults(Faults::default().once(Fault::new("GET", USERS, kind)));
        assert_eq!(org.get(USERS).await.0, 200, "whoever waits gets the answer");
        assert!(began.elapsed() >= slow);
    }
}

#[tokio::test]
async fn both_kinds_of_429_are_told_apart_by_their_headers() {
    let org = Served::with(|settings| {
        settings.faults = next_create(FaultKind::RateLimit(None))
            .once(Fault::new("POST", USERS, FaultKind::RateLimit(Some(Duration::from_secs(2)))))
            .once(Fault::new("POST", USERS, FaultKind::Concurrency));
    })
    .await;
    let mut seen = Vec::new();
    for _ in 0..3 {
        let response = create_ana(&org).await.unwrap();
        assert_eq!(response.status(), 429);
        let headers = ["limit", "remaining", "reset"]
            .map(|name| header(&response, &format!("x-rate-limit-{name}")).to_owned());
        assert_eq!(response.json::<Value>().await.unwrap()["errorCode"], "E0000047");
        seen.push(headers);
    }
    let text = |headers: [&str; 3]| headers.map(str::to_owned);
    // The org's clock stands at 1767225600.
    assert_eq!(seen[0], text(["600", "0", "1767225660"]));
    assert_eq!(seen[1], text(["600", "0", "1767225602"]));
    assert_eq!(seen[2][..2], text(["0", "0", ""])[..2]);
    assert_eq!(org.org.user_count(), 0, "nothing was done");
    let counted = &org.org.calls()["POST /api/v1/users"];
    assert_eq!((counted.with_status(429), counted.concurrency), (3, 1));
}

#[tokio::test]
async fn more_calls_at_once_than_allowed_are_refused() {
    let org = Served::with(|settings| {
        settings.max_concurrent = Some(1);
        settings.faults = next_create(FaultKind::SlowBefore(Duration::from_mins(1)));
    })
    .await;
    let held = create_ana(&org);
    let refused = async {
        loop {
            let response = org.send(Method::GET, USERS, None).await.unwrap();
            if response.status() == 429 {
                break response;
            }
        }
    };
    let refused = tokio::select! {
        _ = held => panic!("the create ended"),
        refused = refused => refused,
    };
    assert_eq!(
        (header(&refused, "x-rate-limit-limit"), header(&refused, "x-rate-limit-remaining")),
        ("0", "0")
    );
    assert_eq!(org.org.most_at_once(), 2);
}

#[tokio::test]
async fn the_clock_may_be_off_in_every_time_that_is_told() {
    let org = Served::with(|settings| {
        settings.rate = RateLimit { limit: 5, window: Duration::from_mins(1) };
        settings.faults.clock_skew = Some(ClockSkew::Behind(Duration::from_secs(90)));
    })
    .await;
    let response = create_ana(&org).await.unwrap();
    assert_eq!(header(&response, "date"), "Wed, 31 Dec 2025 23:58:30 GMT");
    assert_eq!(header(&response, "x-rate-limit-reset"), "1767225570", "a minute later by the same clock");
    assert_eq!(response.json::<Value>().await.unwrap()["created"], "2025-12-31T23:58:30.000Z");
}

#[tokio::test]
async fn read_only_mode_refuses_writes_and_keeps_no_password() {
    let org = Served::new().await;
    let id = org.user("ana@example.com", json!({ "value": "correct horse" })).await;
    org.org.set_faults(Faults { read_only: true, ..Faults::default() });

    for (method, path) in [
        (Method::POST, USERS.to_owned()),
        (Method::POST, format!("{USERS}/{id}")),
        (Method::DELETE, format!("{USERS}/{id}")),
        (Method::POST, "/api/v1/groups".to_owned()),
    ] {
        let (status, error) = org.call(method, &path, Some(json!({}))).await;
        // As Okta's list of error codes has it.
        assert_eq!((status.as_u16(), &error["errorCode"]), (503, &json!("E0000010")));
        assert_eq!(error["errorSummary"], "Service is in read only mode");
    }
    assert_eq!(org.get(&format!("{USERS}/{id}")).await.0, 200);
    assert_eq!(org.sign_in("ana", "correct horse").await, 200);
    assert_eq!(org.get(&format!("{USERS}/{id}")).await.1["lastLogin"], Value::Null);
}

#[tokio::test]
async fn chances_strike_as_often_as_they_say() {
    let org = Served::with(|settings| {
        settings.rate.limit = 10_000;
        settings.faults = "500=0.2,reset-after=0.1,seed=3".parse().unwrap();
    })
    .await;
    for number in 0..300 {
        let body = create(&format!("user{number}@example.com"), &hook_password());
        let _ = org.send(Method::POST, USERS, Some(body)).await;
    }
    let counted = &org.org.calls()["POST /api/v1/users"];
    assert_eq!(counted.total(), 300);
    // Five standard deviations: 35 and 26.
    assert!((25..=95).contains(&counted.with_status(500)), "{counted:?}");
    assert!((4..=56).contains(&counted.broken), "{counted:?}");
    assert_eq!(org.org.user_count() as u64, 300 - counted.with_status(500));
}
