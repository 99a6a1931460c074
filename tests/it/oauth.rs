//! Access tokens: the real service, with an authorization server beside it.
//!
//! The stored value was made by OpenSSL 3.0: `openssl dgst -sha1 -binary | base64`.

#![expect(clippy::unwrap_used, reason = "a fixture that does not stand fails the test")]

use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use crate::issuer::{Issuer, Key, now, part, with_auth};
use crate::service::{Service, Store, payload};
use crate::tls::{self, Pair};

/// Of `correct horse`; quick to verify, for many calls at once.
const HORSE: &str = "{SHA}L55TUjtiq8FBorTWAZ0jy6g129A=";
/// Nothing here takes as long; only a defect reaches it.
const PATIENCE: Duration = Duration::from_secs(30);

async fn shop() -> Store {
    Store::with_users(&[(1, "alice@example.com", HORSE, true)]).await
}

/// The service before an issuer whose one key is called `a`.
async fn started(store: &Store) -> (Issuer, Service) {
    let issuer = Issuer::start(&[("a", Key::one())]).await;
    let text = with_auth(store, "", &format!("[server.auth]\n{}", issuer.section()));
    let service = Service::start(store.path(), &text);
    issuer.has_served(1).await;
    (issuer, service)
}

async fn status(service: &Service, token: &str) -> u16 {
    let body = payload("alice", "correct horse");
    service.call_with(&format!("Bearer {token}"), &body).await.0
}

fn forged(issuer: &Issuer) -> Vec<(&'static str, String)> {
    let key = Key::one();
    let head = json!({"alg": "RS256", "kid": "a"});
    let with = |change: &dyn Fn(&mut Value)| {
        let mut claims = issuer.claims();
        change(&mut claims);
        key.sign(&head, &claims)
    };
    let set = |claim: &'static str, value: Value| with(&|claims| claims[claim] = value.clone());
    let without = |claim: &'static str| {
        with(&|claims| {
            claims.as_object_mut().unwrap().remove(claim);
        })
    };
    let good = issuer.token("a", &key);
    let (text, signature) = good.rsplit_once('.').unwrap();
    let hs256 = {
        let text = format!("{}.{}", part(&json!({"alg": "HS256", "kid": "a"})), part(&issuer.claims()));
        let secret = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, key.public().0.as_bytes());
        let tag = ring::hmac::sign(&secret, text.as_bytes());
        format!("{text}.{}", URL_SAFE_NO_PAD.encode(tag))
    };
    let none = format!("{}.{}.", part(&json!({"alg": "none", "kid": "a"})), part(&issuer.claims()));
    let mut twisted = URL_SAFE_NO_PAD.decode(signature).unwrap();
    twisted[10] ^= 1;
    vec![
        ("wrong algorithm", none),
        ("wrong algorithm", hs256),
        ("wrong algorithm", key.sign(&json!({"alg": "RS512", "kid": "a"}), &issuer.claims())),
        ("wrong issuer", set("iss", json!("http://127.0.0.1:1/oauth2/default"))),
        ("wrong audience", set("aud", json!(["api://other"]))),
        ("scope missing", set("scp", json!(["other"]))),
        ("scope missing", without("scp")),
        ("wrong client", set("cid", json!("0oa2"))),
        ("wrong client", without("cid")),
        ("token expired", set("exp", json!(now() - 120))),
        ("token expired", without("exp")),
        ("token not yet valid", set("nbf", json!(now() + 600))),
        ("token not yet valid", set("iat", json!(now() + 600))),
        ("no key id", key.sign(&json!({"alg": "RS256"}), &issuer.claims())),
        (
            "wrong kind of token",
            key.sign(&json!({"alg": "RS256", "kid": "a", "crit": ["x"]}), &issuer.claims()),
        ),
        ("wrong signature", Key::other().sign(&head, &issuer.claims())),
        ("wrong signature", format!("{text}.{}", URL_SAFE_NO_PAD.encode(twisted))),
        ("unknown key", issuer.token("b", &Key::other())),
        ("malformed token", text.to_owned()),
        ("malformed token", format!("{good}.{good}")),
        ("malformed token", "canary".to_owned()),
    ]
}

#[tokio::test]
async fn a_good_token_lets_in_and_every_other_one_is_refused_with_its_reason_in_the_log_alone() {
    let store = shop().await;
    let (issuer, service) = started(&store).await;
    let good = issuer.token("a", &Key::one());
    assert_eq!(status(&service, &good).await, 200);
    let mut tokens = vec![good];
    for (why, token) in forged(&issuer) {
        let metric = format!("keyferry_auth_refused_total{{why=\"{why}\"}}");
        let before = service.metric(&metric).await;
        let body = payload("alice", "correct horse");
        let (status, answer) = service.call_with(&format!("Bearer {token}"), &body).await;
        assert_eq!(status, 401, "{why}");
        assert_eq!(answer["error"]["errorSummary"], "not authenticated", "{why}");
        assert!((service.metric(&metric).await - before - 1.0).abs() < f64::EPSILON, "{why}: {token}");
        tokens.push(token);
    }
    for scheme in ["", "Basic ", "Bearer", "Bearer  "] {
        let (status, _) = service.call_with(&format!("{scheme}{}", tokens[0]), &payload("a", "b")).await;
        assert_eq!(status, 401, "{scheme:?}");
    }
    service.signal("TERM");
    let (_, log) = service.wait();
    assert!(log.contains("\"why\":\"wrong audience\""), "{log}");
    for part in tokens.iter().flat_map(|token| token.split('.')).filter(|part| !part.is_empty()) {
        assert!(!log.contains(part), "{part} is in the log");
    }
}

#[tokio::test]
async fn headers_and_tokens_may_both_be_good_or_both_be_needed() {
    let store = shop().await;
    let issuer = Issuer::start(&[("a", Key::one())]).await;
    let token = format!("Bearer {}", issuer.token("a", &Key::one()));
    for (require, expected) in [("any", [200, 200, 200, 401]), ("all", [200, 401, 401, 401])] {
        let auth = format!(
            "[server.auth]\nheader = [{{ name = \"X-Key\", secret = \"the key\" }}]\nrequire = \"{require}\"\n{}",
            issuer.section()
        );
        let service = Service::start(store.path(), &with_auth(&store, "", &auth));
        let call = async |key: Option<&str>, token: Option<&str>| {
            let mut request = service.client.post(service.url()).json(&payload("alice", "correct horse"));
            for (name, value) in [("X-Key", key), ("Authorization", token)] {
                request = match value {
                    Some(value) => request.header(name, value),
                    None => request,
                };
            }
            request.send().await.unwrap().status().as_u16()
        };
        let got = [
            call(Some("the key"), Some(&token)).await,
            call(Some("the key"), None).await,
            call(None, Some(&token)).await,
            call(Some("another"), Some("Bearer x")).await,
        ];
        assert_eq!(got, expected, "{require}");
    }
}

#[tokio::test]
async fn a_pinned_source_is_one_of_those_and_a_stranger_s_is_refused_alike() {
    let store = shop().await;
    let ours = "https://example.okta.com/api/v1/inlineHooks/cal2xd5phv9fsPLcF0g7";
    let auth = format!(
        "[server.auth]\nheader = [{{ name = \"Authorization\", secret = \"s\" }}]\nsource = [\"https://old\", \"{ours}\"]"
    );
    let service = Service::start(store.path(), &with_auth(&store, "", &auth));
    let mut body = payload("alice", "correct horse");
    assert_eq!(service.call_with("s", &body).await.0, 200);
    for source in [json!("https://example.okta.com/api/v1/inlineHooks/other"), json!(7), Value::Null] {
        body["source"] = source.clone();
        let (status, answer) = service.call_with("s", &body).await;
        assert_eq!(
            (status, &answer["error"]["errorSummary"]),
            (401, &json!("not authenticated")),
            "{source}"
        );
    }
    assert!((service.metric("keyferry_auth_refused_total{why=\"wrong source\"}").await - 3.0).abs() < 0.1);
}

#[tokio::test]
async fn the_issuer_s_keys_are_rotated_without_a_refused_call() {
    let store = shop().await;
    let (issuer, service) = started(&store).await;
    let (old, new) = (issuer.token("a", &Key::one()), issuer.token("b", &Key::other()));
    assert_eq!(status(&service, &old).await, 200);
    // As issuers do it: both are there before the new one signs, and the old one goes when it signs no more.
    issuer.publish(&[("a", Key::one()), ("b", Key::other())]);
    let calls = (0..40).map(|number| status(&service, if number % 2 == 0 { &old } else { &new }));
    let got = futures_util::future::join_all(calls).await;
    assert!(got.iter().all(|status| *status == 200), "{got:?}");
    assert_eq!(issuer.served(), 2, "at the start, and once for all that came with the new key");
    issuer.publish(&[("b", Key::other())]);
    assert_eq!(status(&service, &new).await, 200);
}

#[tokio::test]
async fn a_storm_of_unknown_keys_asks_the_issuer_once() {
    let store = shop().await;
    let (issuer, service) = started(&store).await;
    assert_eq!(status(&service, &issuer.token("a", &Key::one())).await, 200);
    let tokens: Vec<String> =
        (0..200).map(|number| issuer.token(&format!("k{number}"), &Key::other())).collect();
    let got = futures_util::future::join_all(tokens.iter().map(|token| status(&service, token))).await;
    assert!(got.iter().all(|status| *status == 401), "{got:?}");
    assert_eq!(issuer.served(), 2, "once at the start, and once for the storm");
    assert_eq!(status(&service, &issuer.token("a", &Key::one())).await, 200);
}

#[tokio::test]
async fn known_keys_are_good_while_the_issuer_is_down() {
    let store = shop().await;
    let (issuer, service) = started(&store).await;
    let token = issuer.token("a", &Key::one());
    assert_eq!(status(&service, &token).await, 200);
    let asked = issuer.asked();
    issuer.set_up(false);
    for _ in 0..20 {
        assert_eq!(status(&service, &token).await, 200);
    }
    assert_eq!(issuer.asked(), asked, "nobody asks for what is known");
    assert_eq!(status(&service, &issuer.token("b", &Key::other())).await, 401);
    assert!(issuer.asked() > asked, "for an unknown key it was asked");
    assert_eq!(status(&service, &token).await, 200);
}

#[tokio::test]
async fn without_any_keys_calls_are_unavailable_and_not_refused() {
    let store = shop().await;
    let issuer = Issuer::start(&[("a", Key::one())]).await;
    issuer.set_up(false);
    let text = with_auth(&store, "", &format!("[server.auth]\n{}", issuer.section()));
    let service = Service::start(store.path(), &text);
    let token = issuer.token("a", &Key::one());
    for _ in 0..3 {
        assert_eq!(status(&service, &token).await, 503, "Okta sends it once more");
    }
    assert_eq!(status(&service, "x").await, 401, "what is no token is refused anyway");
    issuer.set_up(true);
    let begin = Instant::now();
    while status(&service, &token).await != 200 {
        assert!(begin.elapsed() < PATIENCE, "the keys are never fetched: {}", service.log());
    }
    assert!(service.log().contains("the issuer's keys cannot be fetched"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn check_asks_the_issuer_for_its_keys_and_looks_at_the_certificate() {
    let store = shop().await;
    let issuer = Issuer::start(&[("a", Key::one()), ("b", Key::other())]).await;
    let pair = Pair::new();
    pair.put(store.path());
    let auth = format!("[server.auth]\n{}", issuer.section());
    let text = with_auth(&store, tls::SECTION, &auth);
    let check = |text: &str| {
        std::fs::write(store.path().join("keyferry.toml"), text).unwrap();
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_keyferry"));
        let output = command.arg("check").current_dir(store.path()).output().unwrap();
        (output.status.code(), String::from_utf8(output.stdout).unwrap())
    };
    let (code, told) = check(&text);
    assert_eq!(code, Some(0), "{told}");
    assert!(told.contains("server.auth.oauth2: the issuer gives 2 keys that verify tokens"), "{told}");
    assert!(told.contains("server.tls.certificate: fits its key, and is good until"), "{told}");

    issuer.set_up(false);
    std::fs::write(store.path().join("tls.key"), &Pair::new().key).unwrap();
    let (code, told) = check(&text);
    assert_eq!(code, Some(1), "{told}");
    assert!(told.contains("PROBLEM  server.auth.oauth2: the issuer's metadata: it answers 503"), "{told}");
    assert!(
        told.contains("PROBLEM  server.tls: the certificate tls.crt cannot be used with the key"),
        "{told}"
    );

    issuer.set_up(true);
    let slash = text.replace(issuer.url(), &format!("{}/", issuer.url()));
    assert!(check(&slash).1.contains("another issuer's"), "to the letter");
}

#[test]
fn what_is_wrong_with_the_configuration_is_told_key_by_key() {
    let folder = tempfile::tempdir().unwrap();
    let text = r#"
[server.auth]
header = [{ name = "Authorization", secret = "s" }]
require = "all"
source = ""
[server.auth.oauth2]
issuer = "http://example.okta.com/oauth2/default"
scopes = ["a b"]
client_ids = []
leeway = "1h"
[server.tls]
certificate = "tls.crt"
[server.limits]
head_bytes = 100
connections = 0
[[source]]
name = "shop"
url = "sqlite:shop.db"
lookup = "SELECT stored FROM users WHERE login = :username"
"#;
    std::fs::write(folder.path().join("keyferry.toml"), text).unwrap();
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_keyferry"));
    let output = command.arg("serve").current_dir(folder.path()).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let told = String::from_utf8(output.stderr).unwrap();
    for key in [
        "server.auth.require",
        "server.auth.source",
        "server.auth.oauth2.issuer",
        "server.auth.oauth2.audience",
        "server.auth.oauth2.scopes",
        "server.auth.oauth2.client_ids",
        "server.auth.oauth2.leeway",
        "server.tls.key",
        "server.limits.head_bytes",
        "server.limits.connections",
    ] {
        assert!(told.contains(&format!("  {key}: ")), "{key}: {told}");
    }
}
