//! Event hooks: verification, deliveries in Okta's form, and the weakness of Okta's promise on demand.

use std::collections::BTreeMap;

use keyferry::demo::org::{EventType, Faults};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::hook::{Hook, Step};
use super::{Served, cause, hook_password};

const HOOKS: &str = "/api/v1/eventHooks";

fn registration(uri: &str) -> Value {
    json!({
        "name": "Arrived passwords",
        "events": { "type": "EVENT_TYPE", "items": ["user.import.password"] },
        "channel": {
            "type": "HTTP",
            "version": "1.0.0",
            "config": {
                "uri": uri,
                "authScheme": { "type": "HEADER", "key": "Authorization", "value": "Basic c2VjcmV0" },
            },
        },
    })
}

/// An org with ana, and the path of a hook that is verified.
async fn verified(hook: &Hook) -> (Served, String) {
    let org = Served::new().await;
    org.user("ana@example.com", hook_password()).await;
    let (status, created) = org.post(HOOKS, registration(&format!("{}/okta/events", hook.url))).await;
    assert_eq!((status.as_u16(), &created["verificationStatus"]), (200, &json!("UNVERIFIED")), "{created}");
    let path = format!("{HOOKS}/{}", created["id"].as_str().unwrap());
    let (status, verified) = org.call(Method::POST, &format!("{path}/lifecycle/verify"), None).await;
    assert_eq!((status.as_u16(), &verified["verificationStatus"]), (200, &json!("VERIFIED")), "{verified}");
    (org, path)
}

fn import(org: &Served, failure: Option<&'static str>) {
    assert!(org.org.write_event(EventType::ImportPassword, "ana@example.com", failure, None));
}

/// The uuids of the events that the hook was sent, in order, by delivery.
fn delivered(hook: &Hook) -> Vec<Vec<String>> {
    let calls = hook.calls.lock().unwrap();
    let uuid = |event: &Value| event["uuid"].as_str().unwrap().to_owned();
    // The first call is the verification.
    calls[1..]
        .iter()
        .map(|(_, body)| body["data"]["events"].as_array().unwrap().iter().map(uuid).collect())
        .collect()
}

#[tokio::test]
async fn a_verified_hook_is_sent_events_in_oktas_form() {
    let hook = Hook::play([Step::Repeat]).await;
    let (org, path) = verified(&hook).await;
    import(&org, None);
    org.org.write_event(EventType::SessionStart, "ana@example.com", None, None);
    org.org.deliveries_settled().await;

    let calls = hook.calls.lock().unwrap().clone();
    assert_eq!(calls.len(), 2, "the verification, and the one event that is subscribed to");
    assert_eq!(calls[0].0["authorization"], "Basic c2VjcmV0");
    let (headers, body) = &calls[1];
    assert!(headers["authorization"] == "Basic c2VjcmV0" && headers["content-type"] == "application/json");
    let mut body = body.clone();
    assert!(!body["eventId"].take().as_str().unwrap().is_empty());
    let events = body["data"]["events"].take();
    assert_eq!(
        body,
        json!({
            "eventType": "com.okta.event_hook",
            "eventTypeVersion": "1.0",
            "cloudEventsVersion": "0.1",
            "contentType": "application/json",
            "eventId": null,
            "eventTime": "2026-01-01T00:00:00.000Z",
            "source": format!("{}{path}", org.url),
            "data": { "events": null },
        })
    );
    assert_eq!(events, json!([org.get("/api/v1/logs?limit=1").await.1[0]]), "as in the System Log");
}

#[tokio::test]
async fn only_active_and_verified_hooks_are_sent_anything() {
    let hook = Hook::play([Step::Repeat, Step::Verified, Step::Repeat]).await;
    let (org, path) = verified(&hook).await;
    let step = |step: &str| format!("{path}/lifecycle/{step}");
    assert_eq!(org.call(Method::DELETE, &path, None).await.1["errorCode"], "E0000107", "it is active");
    assert_eq!(org.call(Method::POST, &step("deactivate"), None).await.1["status"], "INACTIVE");
    import(&org, None);
    assert_eq!(org.call(Method::POST, &step("activate"), None).await.1["status"], "ACTIVE");
    import(&org, None);
    org.org.deliveries_settled().await;
    assert_eq!(hook.asked(), 2);

    let (_, replaced) = org.call(Method::PUT, &path, Some(registration(&hook.url))).await;
    assert_eq!(replaced["verificationStatus"], "UNVERIFIED", "another channel must be verified again");
    assert!(!replaced.to_string().contains("c2VjcmV0"));
    import(&org, None);
    org.org.deliveries_settled().await;
    assert_eq!(hook.asked(), 2);
    org.call(Method::POST, &step("verify"), None).await;
    import(&org, None);
    org.org.deliveries_settled().await;
    assert_eq!(hook.asked(), 4);

    org.call(Method::POST, &step("deactivate"), None).await;
    assert_eq!(org.call(Method::DELETE, &path, None).await.0, 204);
    assert_eq!(org.get(HOOKS).await.1, json!([]));
    assert_eq!(org.get(&path).await.0, 404);
}

#[tokio::test]
async fn a_hook_that_does_not_repeat_the_challenge_is_not_verified() {
    let broken = || Step::Status(StatusCode::BAD_GATEWAY);
    let steps = [
        Step::Body(r#"{"verification":"something else"}"#.into()),
        Step::Body("nonsense".into()),
        Step::Status(StatusCode::NO_CONTENT),
        Step::Status(StatusCode::UNAUTHORIZED),
        broken(),
        broken(),
        broken(),
        Step::Repeat,
    ];
    let hook = Hook::play(steps).await;
    let org = Served::new().await;
    let (_, created) = org.post(HOOKS, registration(&hook.url)).await;
    let path = format!("{HOOKS}/{}/lifecycle/verify", created["id"].as_str().unwrap());
    for call in 0..5 {
        let (status, error) = org.call(Method::POST, &path, None).await;
        assert!(cause(status, &error).contains("could not be verified"), "{call}");
    }
    assert_eq!(hook.asked(), 6, "a 5xx is tried once more");
    assert_eq!(org.call(Method::POST, &path, None).await.1["verificationStatus"], "VERIFIED");
}

#[tokio::test]
async fn registrations_are_checked() {
    let org = Served::new().await;
    for (pointer, value, named) in [
        ("/name", Value::Null, "name"),
        ("/events/type", json!("FLOW_EVENT"), "events.type"),
        ("/events/items", json!([]), "events.items"),
        ("/events/items", json!([1]), "events.items"),
        ("/channel/type", json!("OAUTH"), "channel.type"),
        ("/channel/config/uri", json!("http://hook.example.com/"), "channel.config.uri"),
    ] {
        let mut request = registration("https://hook.example.com/okta/events");
        *request.pointer_mut(pointer).unwrap() = value;
        let (status, error) = org.post(HOOKS, request).await;
        assert!(cause(status, &error).starts_with(named), "{pointer}: {error}");
    }
}

#[tokio::test]
async fn a_5xx_is_tried_once_more_and_a_4xx_is_not() {
    let broken = || Step::Status(StatusCode::SERVICE_UNAVAILABLE);
    let steps = [
        Step::Repeat,
        broken(),
        Step::Status(StatusCode::NO_CONTENT),
        broken(),
        broken(),
        Step::Status(StatusCode::BAD_REQUEST),
    ];
    let hook = Hook::play(steps).await;
    let (org, _) = verified(&hook).await;
    for _ in 0..3 {
        import(&org, None);
        org.org.deliveries_settled().await;
    }
    assert_eq!(hook.asked(), 6);
    let counted = org.org.event_deliveries();
    assert_eq!((counted.due, counted.delivered, counted.failed), (3, 1, 2));
}

#[tokio::test]
async fn repeats_disorder_and_loss_come_on_demand() {
    const EVENTS: usize = 200;
    let hook = Hook::play([Step::Repeat]).await;
    let (org, _) = verified(&hook).await;
    org.org
        .set_faults("event-repeat=0.2,event-disorder=0.2,event-lost=0.2,seed=5".parse::<Faults>().unwrap());
    for _ in 0..EVENTS {
        import(&org, None);
        tokio::task::yield_now().await;
    }
    org.org.deliveries_settled().await;

    let order: Vec<String> = delivered(&hook).concat();
    let mut times = BTreeMap::<&String, usize>::new();
    for uuid in &order {
        *times.entry(uuid).or_default() += 1;
    }
    let counted = org.org.event_deliveries();
    let twice = times.values().filter(|times| **times == 2).count();
    assert_eq!(times.len() as u64, EVENTS as u64 - counted.lost);
    assert_eq!(twice as u64, counted.repeated);
    assert!(times.values().all(|times| *times <= 2));
    // Five standard deviations of 200 at 0.2: 28.
    assert!((12..=68).contains(&counted.lost) && (5..=68).contains(&counted.repeated), "{counted:?}");
    let mut seen: Vec<&String> = Vec::new();
    for uuid in &order {
        if !seen.contains(&uuid) {
            seen.push(uuid);
        }
    }
    assert!(!seen.is_sorted(), "uuids count up as events are written");
    assert_eq!(counted.delivered, order.len() as u64);
}

#[tokio::test]
async fn a_sign_in_through_the_hook_is_told_to_the_event_hook() {
    let events = Hook::play([Step::Repeat]).await;
    let (org, _) = verified(&events).await;
    let passwords = Hook::play([Step::Unverified, Step::Verified]).await;
    org.org.register_hook(passwords.endpoint());
    assert_eq!(org.sign_in("ana", "wrong").await, 401);
    assert_eq!(org.sign_in("ana", "right").await, 200);
    org.org.deliveries_settled().await;
    let calls = events.calls.lock().unwrap();
    let told: Vec<Value> = calls[1..]
        .iter()
        .flat_map(|(_, body)| body["data"]["events"].as_array().unwrap().clone())
        .map(|event| event["outcome"]["result"].clone())
        .collect();
    assert_eq!(told, ["FAILURE", "SUCCESS"]);
}
