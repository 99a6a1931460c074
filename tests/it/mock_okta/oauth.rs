//! Tokens for a service app: what an assertion must be, and what a token opens and for how long.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use keyferry::demo::org::ServiceApp;
use ring::rand::SystemRandom;
use ring::signature::{RSA_PKCS1_SHA256, RsaKeyPair};
use serde_json::{Value, json};

use super::Served;

const PRIVATE: &str = include_str!("service_app.pem");
const PUBLIC: &str = include_str!("service_app.pub.pem");
const CLIENT: &str = "0oa1service";
/// What the clock of the tests stands at.
const NOW: u64 = 1_767_225_600;

async fn org() -> Served {
    Served::with(|settings| {
        settings.service_app = Some(ServiceApp::new(CLIENT, PUBLIC, Duration::from_mins(10)).unwrap());
    })
    .await
}

fn claims(org: &Served, jti: &str) -> Value {
    json!({ "iss": CLIENT, "sub": CLIENT, "aud": format!("{}/oauth2/v1/token", org.url), "exp": NOW + 300, "jti": jti })
}

fn signed(head: &Value, claims: &Value) -> String {
    let der: String = PRIVATE.lines().filter(|line| !line.starts_with("-----")).collect();
    let key = RsaKeyPair::from_pkcs8(&STANDARD.decode(der).unwrap()).unwrap();
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let text = format!("{}.{}", part(head), part(claims));
    let mut signature = vec![0; key.public().modulus_len()];
    key.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), text.as_bytes(), &mut signature).unwrap();
    format!("{text}.{}", URL_SAFE_NO_PAD.encode(signature))
}

fn assertion(claims: &Value) -> String {
    signed(&json!({ "alg": "RS256", "kid": "1" }), claims)
}

async fn ask(org: &Served, assertion: &str, scope: &str) -> (u16, Value) {
    let form = form_urlencoded::Serializer::new(String::new())
        .append_pair("grant_type", "client_credentials")
        .append_pair("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer")
        .append_pair("client_assertion", assertion)
        .append_pair("scope", scope)
        .finish();
    send(org, form).await
}

async fn send(org: &Served, form: String) -> (u16, Value) {
    let request = org
        .client
        .post(format!("{}/oauth2/v1/token", org.url))
        .header("Content-Type", "application/x-www-form-urlencoded")
        .body(form);
    let response = request.send().await.unwrap();
    (response.status().as_u16(), response.json().await.unwrap())
}

async fn list_users(org: &Served, token: &str) -> (u16, Value) {
    let request = org.client.get(format!("{}/api/v1/users", org.url));
    let response = request.header("Authorization", format!("Bearer {token}")).send().await.unwrap();
    (response.status().as_u16(), response.json().await.unwrap())
}

#[tokio::test]
async fn an_assertion_gets_a_token_that_opens_its_scopes_until_it_ends() {
    let org = org().await;
    let scope = "okta.users.read okta.logs.read";
    let (status, answer) = ask(&org, &assertion(&claims(&org, "1")), scope).await;
    assert_eq!(status, 200, "{answer}");
    assert_eq!((&answer["token_type"], &answer["expires_in"]), (&json!("Bearer"), &json!(600)));
    assert_eq!(answer["scope"], scope);
    let token = answer["access_token"].as_str().unwrap();
    assert_eq!(list_users(&org, token).await.0, 200);

    let groups = org.client.get(format!("{}/api/v1/groups", org.url));
    let refused = groups.header("Authorization", format!("Bearer {token}")).send().await.unwrap();
    assert_eq!(refused.status(), 403);
    assert_eq!(refused.json::<Value>().await.unwrap()["errorCode"], "E0000006", "not its scope");

    *org.time.lock().unwrap() += Duration::from_secs(599);
    assert_eq!(list_users(&org, token).await.0, 200);
    *org.time.lock().unwrap() += Duration::from_secs(1);
    let (status, error) = list_users(&org, token).await;
    assert_eq!((status, &error["errorCode"]), (401, &json!("E0000011")), "it has ended");
}

#[tokio::test]
async fn assertions_serve_once_and_tokens_until_they_are_revoked() {
    let org = org().await;
    let first = assertion(&claims(&org, "1"));
    let (_, answer) = ask(&org, &first, "okta.users.manage").await;
    let token = answer["access_token"].as_str().unwrap();
    let (status, again) = ask(&org, &first, "okta.users.manage").await;
    assert_eq!((status, &again["error"]), (401, &json!("invalid_client")));
    assert!(again["error_description"].as_str().unwrap().contains("jti"));
    assert_eq!(org.org.tokens(), 1);
    org.org.revoke_tokens();
    assert_eq!(list_users(&org, token).await.0, 401);
}

#[tokio::test]
async fn what_an_assertion_must_be() {
    let org = org().await;
    let with = |name: &str, value: Value| {
        let mut claims = claims(&org, name);
        claims[name] = value;
        assertion(&claims)
    };
    let (good, other) = (assertion(&claims(&org, "a")), assertion(&claims(&org, "b")));
    let forged = format!("{}.{}", good.rsplit_once('.').unwrap().0, other.rsplit_once('.').unwrap().1);
    for (assertion, named) in [
        (with("iss", json!("0oa2")), "iss and sub"),
        (with("sub", json!("0oa2")), "iss and sub"),
        (with("aud", json!(org.url)), "aud"),
        (with("exp", json!(NOW)), "expired"),
        (with("exp", json!(NOW + 3601)), "an hour"),
        (with("exp", Value::Null), "no exp"),
        (with("jti", Value::Null), "no jti"),
        (signed(&json!({ "alg": "none" }), &claims(&org, "c")), "RS256"),
        (signed(&json!({ "alg": "HS256" }), &claims(&org, "d")), "RS256"),
        (forged, "signature"),
        ("a.b.c".into(), "cannot be read"),
        (String::new(), "JWT"),
    ] {
        let (status, error) = ask(&org, &assertion, "okta.users.read").await;
        assert_eq!((status, &error["error"]), (401, &json!("invalid_client")), "{named}");
        assert!(error["error_description"].as_str().unwrap().contains(named), "{named}: {error}");
    }
    assert_eq!(ask(&org, &good, "").await.1["error"], "invalid_scope");
    assert_eq!(ask(&org, &good, "okta.users.everything").await.1["error"], "invalid_scope");
    assert_eq!(send(&org, "grant_type=password".into()).await, {
        let description = "This org gives tokens for client_credentials only.";
        (400, json!({ "error": "unsupported_grant_type", "error_description": description }))
    });
    assert_eq!(ask(&org, &good, "okta.users.read").await.0, 200, "nothing refused has used it up");
    let none = Served::new().await;
    assert_eq!(ask(&none, &good, "okta.users.read").await.1["error"], "invalid_client");
}

#[test]
fn a_key_may_be_in_either_form() {
    let ten = Duration::from_mins(10);
    assert!(ServiceApp::new(CLIENT, PUBLIC, ten).is_ok());
    let der: String = PUBLIC.lines().filter(|line| !line.starts_with("-----")).collect();
    // What stands before the key of 2048 bits in a SubjectPublicKeyInfo is 24 bytes.
    let inner = STANDARD.encode(&STANDARD.decode(der).unwrap()[24..]);
    let bare = format!("-----BEGIN RSA PUBLIC KEY-----\n{inner}\n-----END RSA PUBLIC KEY-----\n");
    assert!(ServiceApp::new(CLIENT, &bare, ten).is_ok());
    let told = ServiceApp::new(CLIENT, PRIVATE, ten).err().unwrap().to_string();
    assert!(told.contains("PUBLIC KEY"), "{told}");
}
