//! Client credentials with `private_key_jwt`: what is signed, when, and how often a token is asked for.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use keyferry::okta::client::{CallError, Client, Credentials};
use keyferry::secret::Secret;
use ring::signature::{RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents};
use serde_json::Value;

use super::client_with;
use super::scripted::{Asked, Scripted, answer, error, json};

// The key that RFC 7515, appendix A.2, prints.
const JWK: &str = include_str!("../../keys/rfc7515-a2.jwk");

fn app(server: &Scripted) -> Client {
    client_with(&server.url, |settings| {
        settings.credentials = Credentials::PrivateKeyJwt {
            client_id: "0oa1app".into(),
            key_id: "key-1".into(),
            private_key: Secret::from(JWK),
        };
    })
}

fn token(name: &str, life: u64) -> super::scripted::Reply {
    json(
        200,
        &format!(
            r#"{{"token_type":"Bearer","expires_in":{life},"access_token":"{name}","scope":"okta.users.manage"}}"#
        ),
    )
}

fn form(asked: &Asked, name: &str) -> String {
    let value = form_urlencoded::parse(&asked.body).find(|(key, _)| key == name);
    value.map(|(_, value)| value.into_owned()).unwrap_or_default()
}

/// The claims of an assertion whose signature is good.
fn claims(asked: &Asked) -> Value {
    let assertion = form(asked, "client_assertion");
    let (signed, signature) = assertion.rsplit_once('.').expect("three parts");
    let decoded = |text: &str| URL_SAFE_NO_PAD.decode(text).expect("base64url");
    let jwk: Value = serde_json::from_str(JWK).expect("a JWK");
    let part = |name: &str| decoded(jwk[name].as_str().expect("text"));
    RsaPublicKeyComponents { n: part("n"), e: part("e") }
        .verify(&RSA_PKCS1_2048_8192_SHA256, signed.as_bytes(), &decoded(signature))
        .expect("a good signature");
    let (header, payload) = signed.split_once('.').expect("two parts");
    let header: Value = serde_json::from_slice(&decoded(header)).expect("JSON");
    assert_eq!((&header["alg"], &header["kid"]), (&"RS256".into(), &"key-1".into()));
    serde_json::from_slice(&decoded(payload)).expect("JSON")
}

#[tokio::test]
async fn one_token_serves_all_calls_and_proves_the_app() {
    let server = Scripted::new([token("token-1", 3600)]).await;
    let client = app(&server);
    let calls = (0..5).map(|_| client.check());
    futures_util::future::try_join_all(calls).await.expect("all");
    client.check().await.expect("one more");
    let asked = server.asked();
    assert_eq!(asked.iter().filter(|one| one.line == "POST /oauth2/v1/token").count(), 1);
    assert!(asked.iter().skip(1).all(|one| one.head.contains("authorization: bearer token-1\r\n")));

    let ask = &asked[0];
    assert!(
        ask.head.contains("content-type: application/x-www-form-urlencoded\r\n")
            && !ask.head.contains("authorization:")
    );
    assert_eq!(form(ask, "grant_type"), "client_credentials");
    assert_eq!(form(ask, "client_assertion_type"), "urn:ietf:params:oauth:client-assertion-type:jwt-bearer");
    let scopes =
        "okta.users.manage okta.groups.manage okta.inlineHooks.manage okta.eventHooks.manage okta.logs.read";
    assert_eq!(form(ask, "scope"), scopes);
    let claims = claims(ask);
    assert_eq!((&claims["iss"], &claims["sub"]), (&"0oa1app".into(), &"0oa1app".into()));
    assert_eq!(claims["aud"], format!("{}/oauth2/v1/token", server.url));
    let seconds = |name: &str| claims[name].as_u64().expect("a number");
    assert_eq!(seconds("exp") - seconds("iat"), 300);
    assert_eq!(claims["jti"].as_str().map(str::len), Some(32));
}

#[tokio::test]
async fn a_token_without_life_is_asked_for_anew() {
    let server =
        Scripted::new([token("token-1", 0), json(200, "[]"), token("token-2", 0), json(200, "[]")]).await;
    let client = app(&server);
    client.check().await.expect("an answer");
    client.check().await.expect("an answer");
    let asked = server.asked();
    assert!(asked[1].head.contains("bearer token-1") && asked[3].head.contains("bearer token-2"));
    assert_ne!(claims(&asked[0])["jti"], claims(&asked[2])["jti"]);
}

#[tokio::test]
async fn a_token_that_okta_no_longer_takes_is_renewed_once() {
    let ended = || error(401, "E0000011", "Invalid token provided");
    let server =
        Scripted::new([token("token-1", 3600), ended(), token("token-2", 3600), json(200, "[]")]).await;
    app(&server).check().await.expect("with the second token");
    assert!(server.asked()[3].head.contains("bearer token-2"));

    let server = Scripted::new([token("token-1", 3600), ended(), token("token-2", 3600), ended()]).await;
    let error = app(&server).check().await.expect_err("refused");
    assert!(matches!(error, CallError::BadToken(_)), "{error:?}");
    assert_eq!(server.lines().len(), 4);
}

#[tokio::test]
async fn what_is_signed_goes_by_okta_s_clock() {
    // 2025-11-14T22:13:20Z is 1763158400: our own clock is another.
    let date = "date: Fri, 14 Nov 2025 22:13:20 GMT\r\n";
    let early =
        r#"{"error":"invalid_client","error_description":"The client_assertion token is not yet valid."}"#;
    let server = Scripted::new([answer(401, date, early), token("token-1", 3600)]).await;
    app(&server).check().await.expect("with the second assertion");
    let issued = claims(&server.asked()[1])["iat"].as_u64().expect("a number");
    assert!((1_763_158_400..1_763_158_410).contains(&issued), "{issued}");

    // Where the clock is not to blame, it is not tried again.
    let server = Scripted::new([json(401, early)]).await;
    let error = app(&server).check().await.expect_err("refused");
    assert!(matches!(&error, CallError::BadToken(why) if why.contains("invalid_client")), "{error:?}");
    assert_eq!(server.lines().len(), 1);
}

#[tokio::test]
async fn a_token_endpoint_that_is_down_is_asked_again_while_there_is_patience() {
    let server = Scripted::new([answer(503, "", "<html>"), token("token-1", 3600)]).await;
    app(&server).check().await.expect("in the end");
    assert_eq!(server.lines()[..2], ["POST /oauth2/v1/token", "POST /oauth2/v1/token"]);

    let server = Scripted::new(vec![answer(503, "", ""); 50]).await;
    let impatient = client_with(&server.url, |settings| {
        settings.patience = Some(Duration::from_millis(300));
        settings.credentials = Credentials::PrivateKeyJwt {
            client_id: "0oa1app".into(),
            key_id: "key-1".into(),
            private_key: Secret::from(JWK),
        };
    });
    let error = impatient.check().await.expect_err("never");
    assert!(matches!(&error, CallError::NotSent(why) if why.contains("503")), "{error:?}");
}

#[tokio::test]
async fn missing_scopes_are_said() {
    let denied = r#"{"error":"invalid_scope","error_description":"One or more scopes are not configured for the app."}"#;
    let server = Scripted::new([json(400, denied)]).await;
    let error = app(&server).check().await.expect_err("refused");
    assert!(matches!(&error, CallError::Forbidden(why) if why.contains("okta.users.manage")), "{error:?}");
}
