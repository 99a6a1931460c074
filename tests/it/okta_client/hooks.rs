//! What is sent for hooks, held to the shapes of Okta's API description, and what is read from its answers.

use keyferry::okta::client::CallError;
use keyferry::okta::event_hooks::EventHookSpec;
use keyferry::okta::inline_hooks::{HookAuth, HookChannel, HookClient, InlineHookSpec};
use keyferry::secret::Secret;
use serde_json::json;

use super::client;
use super::scripted::{Reply, Scripted, answer, error, json as reply};

const HTTP: &str = r#"{"id":"calr0dvWvbMQJHZUM0g3","status":"ACTIVE","name":"keyferry","type":"com.okta.user.credential.password.import",
    "version":"1.0.0","channel":{"type":"HTTP","version":"1.0.0","config":{"uri":"https://hook.example.com/okta","headers":[{"key":"X-Tenant","value":"1"}],
    "method":"POST","authScheme":{"type":"HEADER","key":"Authorization"}}}}"#;
const OAUTH: &str = r#"{"id":"calr0dvWvbMQJHZUM0g4","status":"INACTIVE","name":"keyferry","type":"com.okta.user.credential.password.import",
    "version":"1.0.0","channel":{"type":"OAUTH","version":"1.0.0","config":{"uri":"https://hook.example.com/okta","headers":null,
    "authType":"client_secret_post","clientId":"0oa1","tokenUrl":"https://as.example.com/token","scope":"hook","authScheme":null}}}"#;
const EVENT: &str = r#"{"id":"who8vt36qfNpCGz9H1e6","status":"ACTIVE","verificationStatus":"UNVERIFIED","name":"keyferry",
    "events":{"type":"EVENT_TYPE","items":["user.import.password"],"filter":null},
    "channel":{"type":"HTTP","version":"1.0.0","config":{"uri":"https://hook.example.com/events","headers":[],"method":"POST",
    "authScheme":{"type":"HEADER","key":"Authorization"}}}}"#;

fn gone() -> Reply {
    answer(204, "", "")
}

#[tokio::test]
async fn an_inline_hook_with_a_header() {
    let other = HTTP.replace("com.okta.user.credential.password.import", "com.okta.import.transform");
    let server = Scripted::new([
        reply(200, &format!("[{HTTP},{other}]")),
        reply(200, HTTP),
        reply(200, HTTP),
        reply(200, HTTP),
        reply(200, HTTP),
        gone(),
        error(404, "E0000007", "Not found: Resource not found: cal1 (InlineHook)"),
    ])
    .await;
    let client = client(&server.url);
    let hooks = client.inline_hooks().await.expect("a list");
    assert_eq!(hooks.len(), 1);
    assert!(hooks[0].active);
    let channel =
        HookChannel::Http { auth_header: Some("Authorization".into()), headers: vec!["X-Tenant".into()] };
    assert_eq!(hooks[0].channel, channel);

    let auth = HookAuth::Header { name: "Authorization".into(), secret: Secret::from("Basic canary") };
    let headers = [("X-Tenant".to_owned(), Secret::from("1"))];
    let spec = InlineHookSpec {
        name: "keyferry",
        url: "https://hook.example.com/okta",
        auth: &auth,
        headers: &headers,
    };
    assert!(!format!("{spec:?}").contains("canary"));
    let created = client.create_inline_hook(&spec).await.expect("created");
    client.replace_inline_hook(&created.id, &spec).await.expect("replaced");
    client.delete_inline_hook(&created.id).await.expect("deleted");
    client.delete_inline_hook(&created.id).await.expect("gone already");

    let id = "calr0dvWvbMQJHZUM0g3";
    let lines = [
        "GET /api/v1/inlineHooks?type=com.okta.user.credential.password.import".to_owned(),
        "POST /api/v1/inlineHooks".to_owned(),
        format!("PUT /api/v1/inlineHooks/{id}"),
        format!("GET /api/v1/inlineHooks/{id}"),
        format!("POST /api/v1/inlineHooks/{id}/lifecycle/deactivate"),
        format!("DELETE /api/v1/inlineHooks/{id}"),
        format!("GET /api/v1/inlineHooks/{id}"),
    ];
    assert_eq!(server.lines(), lines);
    let mut body = json!({
        "name": "keyferry",
        "type": "com.okta.user.credential.password.import",
        "version": "1.0.0",
        "channel": {
            "type": "HTTP",
            "version": "1.0.0",
            "config": {
                "uri": "https://hook.example.com/okta",
                "method": "POST",
                "headers": [{ "key": "X-Tenant", "value": "1" }],
                "authScheme": { "type": "HEADER", "key": "Authorization", "value": "Basic canary" },
            },
        },
    });
    assert_eq!(server.asked()[1].json(), body);
    // InlineHookReplace has no type: that cannot change.
    body.as_object_mut().expect("an object").remove("type");
    assert_eq!(server.asked()[2].json(), body);
}

#[tokio::test]
async fn an_inline_hook_with_access_tokens() {
    let server = Scripted::new([reply(200, OAUTH), reply(200, OAUTH)]).await;
    let client = client(&server.url);
    for (proof, auth_type, key, value) in [
        (HookClient::Secret(Secret::from("canary")), "client_secret_post", "clientSecret", "canary"),
        (HookClient::PrivateKey("HKY1".into()), "private_key_jwt", "hookKeyId", "HKY1"),
    ] {
        let auth = HookAuth::OAuth {
            client_id: "0oa1".into(),
            token_url: "https://as.example.com/token".into(),
            scope: "hook".into(),
            client: proof,
        };
        let spec = InlineHookSpec {
            name: "keyferry",
            url: "https://hook.example.com/okta",
            auth: &auth,
            headers: &[],
        };
        let hook = client.create_inline_hook(&spec).await.expect("created");
        assert!(!hook.active);
        assert!(matches!(hook.channel, HookChannel::OAuth { scope: Some(_), .. }), "{hook:?}");
        let sent = server.asked().pop().expect("a call").json();
        assert_eq!(sent["channel"]["type"], "OAUTH");
        let config = &sent["channel"]["config"];
        assert_eq!((&config["authType"], &config[key]), (&json!(auth_type), &json!(value)));
        assert_eq!(config["tokenUrl"], "https://as.example.com/token");
    }
}

#[tokio::test]
async fn a_hook_is_not_created_twice_and_its_secret_does_not_come_back() {
    let server = Scripted::new([Reply::Close]).await;
    let auth = HookAuth::Header { name: "X".into(), secret: Secret::from("canary-secret") };
    let spec =
        InlineHookSpec { name: "keyferry", url: "https://hook.example.com/okta", auth: &auth, headers: &[] };
    let lost = client(&server.url).create_inline_hook(&spec).await.expect_err("lost");
    assert!(matches!(lost, CallError::Lost(_)), "{lost:?}");
    assert_eq!(server.lines().len(), 1);

    let told = r#"{"errorCode":"E0000001","errorSummary":"bad","errorCauses":[{"errorSummary":"value: canary-secret is too short"}]}"#;
    let server = Scripted::new([reply(400, told)]).await;
    let error = client(&server.url).create_inline_hook(&spec).await.expect_err("refused");
    assert!(!format!("{error} {error:?}").contains("canary"), "{error:?}");
}

#[tokio::test]
async fn execute_gives_the_hook_s_answer_and_hides_the_credential() {
    let verified = r#"{"commands":[{"type":"com.okta.action.update","value":{"credential":"VERIFIED"}}]}"#;
    let refused = r#"{"errorCode":"E0000151","errorSummary":"The hook answered 401 for alice with hunter2","errorCauses":[]}"#;
    let server = Scripted::new([reply(200, verified), reply(400, refused), gone()]).await;
    let client = client(&server.url);
    let payload =
        json!({ "data": { "context": { "credential": { "username": "alice", "password": "hunter2" } } } });
    let answer = client.execute_inline_hook("cal1", &payload).await.expect("an answer");
    assert_eq!(answer["commands"][0]["value"]["credential"], "VERIFIED");
    let error = client.execute_inline_hook("cal1", &payload).await.expect_err("refused");
    assert_eq!(error.to_string(), "Okta refused: E0000151 The hook answered 401 for … with …");
    assert!(client.execute_inline_hook("cal1", &payload).await.expect("no words").is_null());
    assert_eq!(server.asked()[0].json(), payload);
}

#[tokio::test]
async fn an_event_hook_from_creation_to_deletion() {
    let server = Scripted::new([
        reply(200, &format!("[{EVENT}]")),
        reply(200, EVENT),
        reply(200, &EVENT.replace("UNVERIFIED", "VERIFIED")),
        reply(200, EVENT),
        reply(200, EVENT),
        gone(),
    ])
    .await;
    let client = client(&server.url);
    let hooks = client.event_hooks().await.expect("a list");
    assert!(hooks[0].active && !hooks[0].verified);
    assert_eq!(hooks[0].events, ["user.import.password"]);
    let secret = Secret::from("Bearer canary");
    let spec = EventHookSpec {
        name: "keyferry",
        url: "https://hook.example.com/events",
        auth_header: "Authorization",
        secret: &secret,
        events: &["user.import.password"],
    };
    let hook = client.create_event_hook(&spec).await.expect("created");
    client.verify_event_hook(&hook.id).await.expect("verified");
    client.delete_event_hook(&hook.id).await.expect("deleted");
    let expected = json!({
        "name": "keyferry",
        "events": { "type": "EVENT_TYPE", "items": ["user.import.password"] },
        "channel": {
            "type": "HTTP",
            "version": "1.0.0",
            "config": {
                "uri": "https://hook.example.com/events",
                "headers": [],
                "authScheme": { "type": "HEADER", "key": "Authorization", "value": "Bearer canary" },
            },
        },
    });
    assert_eq!(server.asked()[1].json(), expected);
    let id = "who8vt36qfNpCGz9H1e6";
    let lines = [
        "GET /api/v1/eventHooks".to_owned(),
        "POST /api/v1/eventHooks".to_owned(),
        format!("POST /api/v1/eventHooks/{id}/lifecycle/verify"),
        format!("GET /api/v1/eventHooks/{id}"),
        format!("POST /api/v1/eventHooks/{id}/lifecycle/deactivate"),
        format!("DELETE /api/v1/eventHooks/{id}"),
    ];
    assert_eq!(server.lines(), lines);
}
