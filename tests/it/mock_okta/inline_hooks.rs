//! Inline hooks through the API: registration, secrets that never come back, activation, and `execute`.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::hook::{Hook, Step};
use super::{Served, cause, hook_password};

const HOOKS: &str = "/api/v1/inlineHooks";
const SECRET: &str = "Basic c2VjcmV0";

fn registration(uri: &str) -> Value {
    json!({
        "name": "Legacy passwords",
        "type": "com.okta.user.credential.password.import",
        "version": "1.0.0",
        "channel": {
            "type": "HTTP",
            "version": "1.0.0",
            "config": {
                "uri": uri,
                "method": "POST",
                "headers": [{ "key": "X-Extra", "value": "one" }],
                "authScheme": { "type": "HEADER", "key": "Authorization", "value": SECRET },
            },
        },
    })
}

#[tokio::test]
async fn a_registered_hook_is_called_while_it_is_active() {
    let hook = Hook::play([]).await;
    let org = Served::new().await;
    org.user("ana@example.com", hook_password()).await;
    let (status, created) = org.post(HOOKS, registration(&hook.url)).await;
    assert_eq!(status, 200, "{created}");
    let id = created["id"].as_str().unwrap();
    let path = format!("{HOOKS}/{id}");
    assert_eq!((&created["status"], &created["version"]), (&json!("ACTIVE"), &json!("1.0.0")));
    let config = &created["channel"]["config"];
    assert_eq!(config["authScheme"], json!({ "type": "HEADER", "key": "Authorization" }));
    assert_eq!(config["headers"], json!([{ "key": "X-Extra", "value": "one" }]));
    assert!(
        !created.to_string().contains("c2VjcmV0") && !org.get(HOOKS).await.1.to_string().contains("c2VjcmV0")
    );
    assert_eq!(org.get(&path).await.1, created);

    let deactivated = org.call(Method::POST, &format!("{path}/lifecycle/deactivate"), None).await.1;
    assert_eq!(deactivated["status"], "INACTIVE");
    assert_eq!(org.sign_in("ana", "right").await, 401);
    assert_eq!(hook.asked(), 0, "an inactive hook is not called");
    assert_eq!(org.call(Method::POST, &format!("{path}/lifecycle/activate"), None).await.0, 200);
    assert_eq!(org.sign_in("ana", "right").await, 200);
    let calls = hook.calls.lock().unwrap();
    let (headers, payload) = &calls[0];
    assert!(headers["authorization"] == SECRET && headers["x-extra"] == "one", "{headers:?}");
    assert_eq!(payload["source"], format!("{}{path}", org.url));
}

#[tokio::test]
async fn an_org_has_one_password_import_hook_which_must_be_inactive_to_go() {
    let org = Served::new().await;
    let (_, first) = org.post(HOOKS, registration("https://hook.example.com/okta")).await;
    let path = format!("{HOOKS}/{}", first["id"].as_str().unwrap());
    let (status, error) = org.post(HOOKS, registration("https://hook.example.com/other")).await;
    assert!(cause(status, &error).contains("only one password import inline hook"));
    let mut other = registration("https://hook.example.com/other");
    other["type"] = json!("com.okta.import.transform");
    assert_eq!(org.post(HOOKS, other).await.0, 200, "another type may be there beside it");
    let listed = |kind: &str| format!("{HOOKS}?type={kind}");
    let (_, password) = org.get(&listed("com.okta.user.credential.password.import")).await;
    assert_eq!(password.as_array().unwrap().len(), 1);
    assert_eq!(org.get(HOOKS).await.1.as_array().unwrap().len(), 2);
    assert_eq!(org.get(&listed("nonsense")).await.0, 400);

    let (status, error) = org.call(Method::DELETE, &path, None).await;
    assert_eq!((status.as_u16(), &error["errorCode"]), (403, &json!("E0000107")));
    org.call(Method::POST, &format!("{path}/lifecycle/deactivate"), None).await;
    assert_eq!(org.call(Method::DELETE, &path, None).await.0, 204);
    assert_eq!(org.get(&path).await.1["errorCode"], "E0000007");
    assert_eq!(org.post(HOOKS, registration("https://hook.example.com/okta")).await.0, 200);
}

#[tokio::test]
async fn registrations_are_checked() {
    let org = Served::new().await;
    for (pointer, value, named) in [
        ("/name", json!(""), "name"),
        ("/type", json!("com.okta.nonsense"), "type"),
        ("/version", json!("2"), "version"),
        ("/channel/type", json!("SMTP"), "channel.type"),
        ("/channel/version", Value::Null, "channel.version"),
        (
            "/channel/config/uri",
            json!("http://hook.example.com/"),
            "channel.config.uri: must begin with https://",
        ),
        (
            "/channel/config/uri",
            json!(format!("https://example.com/{}", "x".repeat(1024))),
            "channel.config.uri",
        ),
        ("/channel/config/method", json!("GET"), "channel.config.method"),
        ("/channel/config/authScheme/type", json!("BASIC"), "channel.config.authScheme.type"),
        ("/channel/config/authScheme/value", Value::Null, "channel.config.authScheme.value"),
        ("/channel/config/headers", json!({ "X-Extra": "one" }), "channel.config.headers"),
    ] {
        let mut request = registration("https://hook.example.com/okta");
        *request.pointer_mut(pointer).unwrap() = value;
        let (status, error) = org.post(HOOKS, request).await;
        assert!(cause(status, &error).starts_with(named), "{pointer}: {error}");
        assert!(!error.to_string().contains("c2VjcmV0"));
    }
}

#[tokio::test]
async fn a_hook_is_changed_in_part_or_whole() {
    let (old, new) = (Hook::play([]).await, Hook::play([]).await);
    let org = Served::new().await;
    let (_, created) = org.post(HOOKS, registration(&old.url)).await;
    let path = format!("{HOOKS}/{}", created["id"].as_str().unwrap());
    let (_, renamed) = org.post(&path, json!({ "name": "Renamed" })).await;
    assert_eq!((&renamed["name"], &renamed["channel"]), (&json!("Renamed"), &created["channel"]));

    let mut whole = registration(&new.url);
    whole.as_object_mut().unwrap().remove("type");
    whole["channel"]["config"]["authScheme"]["value"] = json!("Basic bmV3");
    let shown_only = json!({ "name": "x", "version": "1.0.0", "channel": created["channel"] });
    assert_eq!(org.call(Method::PUT, &path, Some(shown_only)).await.0, 400, "the secret cannot be read back");
    assert_eq!(org.call(Method::PUT, &path, Some(json!({ "name": "x" }))).await.0, 400);
    assert_eq!(org.call(Method::PUT, &path, Some(whole)).await.1["name"], "Legacy passwords");

    org.user("ana@example.com", hook_password()).await;
    assert_eq!(org.sign_in("ana", "right").await, 200);
    assert_eq!((old.asked(), new.asked()), (0, 1));
    assert_eq!(new.calls.lock().unwrap()[0].0["authorization"], "Basic bmV3");
}

#[tokio::test]
async fn execute_calls_the_hook_and_tells_what_it_says() {
    let steps = [
        Step::Verified,
        Step::Unverified,
        Step::Status(StatusCode::BAD_GATEWAY),
        Step::Status(StatusCode::BAD_GATEWAY),
        Step::Status(StatusCode::UNAUTHORIZED),
        Step::Body("{}".into()),
        Step::Body("nonsense".into()),
    ];
    let hook = Hook::play(steps).await;
    let org = Served::new().await;
    let (_, created) = org.post(HOOKS, registration(&hook.url)).await;
    let path = format!("{HOOKS}/{}/execute", created["id"].as_str().unwrap());
    let payload =
        json!({ "eventType": "com.okta.user.credential.password.import", "data": { "anything": 1 } });
    let command = |credential: &str| json!({ "commands": [{ "type": "com.okta.action.update", "value": { "credential": credential } }] });

    let execute = || org.post(&path, payload.clone());
    assert_eq!(execute().await, (StatusCode::OK, command("VERIFIED")));
    assert_eq!(hook.calls.lock().unwrap()[0].1, payload, "as it was given");
    assert_eq!(execute().await, (StatusCode::OK, command("UNVERIFIED")));
    let (status, error) = execute().await;
    assert!(cause(status, &error).contains("5xx"), "after one retry");
    assert_eq!(hook.asked(), 4);
    let (status, error) = execute().await;
    assert!(cause(status, &error).contains("refused"));
    assert_eq!(execute().await, (StatusCode::OK, json!({})), "no command is the default action");
    let (status, error) = execute().await;
    assert!(cause(status, &error).contains("unreadable"));
    assert_eq!(org.post(&format!("{HOOKS}/calNobody/execute"), payload.clone()).await.0, 404);
}

#[tokio::test]
async fn an_oauth_hook_gets_a_token_from_its_authorization_server() {
    let server =
        Hook::play([Step::Body(r#"{"access_token":"a.b.c","token_type":"Bearer","expires_in":60}"#.into())])
            .await;
    let hook = Hook::play([]).await;
    let org = Served::new().await;
    org.user("ana@example.com", hook_password()).await;
    let mut request = registration(&hook.url);
    request["channel"] = json!({
        "type": "OAUTH",
        "version": "1.0.0",
        "config": {
            "uri": hook.url,
            "method": "POST",
            "authType": "client_secret_post",
            "clientId": "0oa1",
            "clientSecret": "the client's secret",
            "tokenUrl": format!("{}/token", server.url),
            "scope": "passwords",
        },
    });
    let (status, created) = org.post(HOOKS, request).await;
    assert_eq!(
        (status.as_u16(), &created["channel"]["config"]["clientId"]),
        (200, &json!("0oa1")),
        "{created}"
    );
    assert!(!created.to_string().contains("the client"), "{created}");
    assert_eq!(org.sign_in("ana", "right").await, 200);
    assert_eq!(hook.calls.lock().unwrap()[0].0["authorization"], "Bearer a.b.c");
    let form = server.calls.lock().unwrap()[0].1.clone();
    assert_eq!(
        form,
        "grant_type=client_credentials&client_id=0oa1&client_secret=the+client%27s+secret&scope=passwords"
    );
}
