//! The sign-in: who may, under which names, and what comes back.

use keyferry::demo::org::{EventResult, EventType};
use serde_json::json;

use super::{Served, TOKEN};

#[tokio::test]
async fn a_sign_in_answers_as_oktas_does_and_is_logged() {
    let org = Served::new().await;
    let id = org.user("isaac.brock@example.com", json!({ "value": "correct horse" })).await;
    // Anybody may try: no token is needed.
    let body = json!({ "username": "isaac.brock@example.com", "password": "correct horse" });
    let response = org.client.post(format!("{}/api/v1/authn", org.url)).json(&body).send().await.unwrap();
    assert_eq!(response.status(), 200);
    let answer: serde_json::Value = response.json().await.unwrap();
    assert_eq!(answer["status"], "SUCCESS");
    assert_eq!(answer["expiresAt"], "2026-01-01T00:05:00.000Z");
    assert!(answer["sessionToken"].as_str().unwrap().len() >= 20);
    assert_eq!(answer["_embedded"]["user"]["id"], json!(id));
    assert_eq!(answer["_embedded"]["user"]["profile"]["login"], "isaac.brock@example.com");
    assert_eq!(org.get(&format!("/api/v1/users/{id}")).await.1["lastLogin"], "2026-01-01T00:00:00.000Z");

    assert_eq!(org.sign_in("isaac.brock@example.com", "correct horsf").await, 401);
    let events = org.org.events();
    let told: Vec<_> = events.iter().map(|event| (event.event_type, event.outcome.result)).collect();
    assert_eq!(
        told,
        [(EventType::SessionStart, EventResult::Success), (EventType::SessionStart, EventResult::Failure)]
    );
    assert_eq!(events[0].target[0].alternate_id, "isaac.brock@example.com");
    let written = serde_json::to_string(&events).unwrap();
    assert!(written.contains(r#""eventType":"user.session.start","outcome":{"result":"SUCCESS"}"#));
    assert!(!written.contains("correct") && !format!("{:?}", org.org).contains(TOKEN));
}

#[tokio::test]
async fn names_match_in_any_case_and_short_names_where_unique() {
    let org = Served::new().await;
    org.user("Isaac.Brock@example.com", json!({ "value": "correct horse" })).await;
    org.user("ana@example.com", json!({ "value": "correct horse" })).await;
    for name in ["isaac.brock@example.com", "ISAAC.BROCK@EXAMPLE.COM", "isaac.brock", "Isaac.BROCK", "ana"] {
        assert_eq!(org.sign_in(name, "correct horse").await, 200, "{name}");
    }
    org.user("ana@example.org", json!({ "value": "correct horse" })).await;
    for name in ["ana", "isaac", "isaac.brock@", "", "nobody@example.com"] {
        assert_eq!(org.sign_in(name, "correct horse").await, 401, "{name}");
    }
    assert_eq!(org.sign_in("ana@example.org", "correct horse").await, 200);
    let (status, _) = org.post("/api/v1/authn", json!({ "username": "ana@example.org" })).await;
    assert_eq!(status, 401);
}
