//! An authorization server as far as a resource needs it: metadata, keys that can be rotated, and tokens that it
//! signs, or that somebody forges.

#![expect(clippy::unwrap_used, reason = "a fixture that does not stand fails the test")]

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{SystemTime, UNIX_EPOCH};

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::get;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use ring::rand::SystemRandom;
use ring::rsa::PublicKeyComponents;
use ring::signature::{RSA_PKCS1_SHA256, RsaKeyPair};
use serde_json::{Value, json};
use tokio::sync::watch;

use crate::service::Store;

/// Two keys of tests that are there anyway.
const ONE: &str = include_str!("mock_okta/service_app.pem");
const OTHER: &str = include_str!("../keys/rfc7515-a2.pkcs8.pem");

pub(crate) const AUDIENCE: &str = "api://default";
pub(crate) const CLIENT: &str = "0oa1hook";

/// A key of the issuer's, or a foreign one.
#[derive(Clone)]
pub(crate) struct Key(Arc<RsaKeyPair>);

impl Key {
    pub(crate) fn one() -> Self {
        Self::of(ONE)
    }

    pub(crate) fn other() -> Self {
        Self::of(OTHER)
    }

    fn of(pem: &str) -> Self {
        let der: String = pem.lines().filter(|line| !line.starts_with("-----")).collect();
        Self(Arc::new(RsaKeyPair::from_pkcs8(&STANDARD.decode(der).unwrap()).unwrap()))
    }

    /// The modulus and the exponent, in base64url.
    pub(crate) fn public(&self) -> (String, String) {
        let PublicKeyComponents { n, e } = PublicKeyComponents::<Vec<u8>>::from(self.0.public());
        (URL_SAFE_NO_PAD.encode(n), URL_SAFE_NO_PAD.encode(e))
    }

    pub(crate) fn sign(&self, head: &Value, claims: &Value) -> String {
        let text = format!("{}.{}", part(head), part(claims));
        let mut signature = vec![0; self.0.public().modulus_len()];
        self.0.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), text.as_bytes(), &mut signature).unwrap();
        format!("{text}.{}", URL_SAFE_NO_PAD.encode(signature))
    }
}

pub(crate) fn part(value: &Value) -> String {
    URL_SAFE_NO_PAD.encode(value.to_string())
}

/// The running server.
pub(crate) struct Issuer {
    shared: Arc<Shared>,
}

struct Shared {
    url: String,
    keys: Mutex<Vec<(String, Key)>>,
    up: AtomicBool,
    asked: AtomicUsize,
    served: watch::Sender<usize>,
}

impl Issuer {
    /// With these keys, each under its id.
    pub(crate) async fn start(keys: &[(&str, Key)]) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let shared = Arc::new(Shared {
            url: format!("http://{address}/oauth2/default"),
            keys: Mutex::default(),
            up: AtomicBool::new(true),
            asked: AtomicUsize::new(0),
            served: watch::Sender::new(0),
        });
        let router = axum::Router::new()
            .route("/oauth2/default/.well-known/oauth-authorization-server", get(metadata))
            .route("/oauth2/default/v1/keys", get(jwks))
            .with_state(Arc::clone(&shared));
        tokio::spawn(async move { axum::serve(listener, router).await });
        let issuer = Self { shared };
        issuer.publish(keys);
        issuer
    }

    pub(crate) fn url(&self) -> &str {
        &self.shared.url
    }

    /// Has these keys from now on.
    pub(crate) fn publish(&self, keys: &[(&str, Key)]) {
        let keys = keys.iter().map(|(kid, key)| ((*kid).to_owned(), key.clone())).collect();
        *self.shared.keys.lock().unwrap() = keys;
    }

    /// Answers, or fails.
    pub(crate) fn set_up(&self, up: bool) {
        self.shared.up.store(up, Ordering::SeqCst);
    }

    /// How often its keys were given out.
    pub(crate) fn served(&self) -> usize {
        *self.shared.served.borrow()
    }

    /// How often anything was asked of it.
    pub(crate) fn asked(&self) -> usize {
        self.shared.asked.load(Ordering::SeqCst)
    }

    /// Waits until its keys were given out so often.
    pub(crate) async fn has_served(&self, times: usize) {
        self.shared.served.subscribe().wait_for(|served| *served >= times).await.unwrap();
    }

    /// The claims of a good token.
    pub(crate) fn claims(&self) -> Value {
        let now = now();
        json!({
            "ver": 1, "jti": "AT.1", "iss": self.url(), "aud": AUDIENCE, "iat": now - 5, "exp": now + 300,
            "cid": CLIENT, "scp": ["other", "keyferry"], "sub": CLIENT,
        })
    }

    /// A good token, signed by this key under this id.
    pub(crate) fn token(&self, kid: &str, key: &Key) -> String {
        key.sign(&json!({"alg": "RS256", "kid": kid}), &self.claims())
    }

    /// `[server.auth.oauth2]` for it.
    pub(crate) fn section(&self) -> String {
        format!(
            "[server.auth.oauth2]\nissuer = \"{}\"\naudience = \"{AUDIENCE}\"\nscopes = [\"keyferry\"]\n\
             client_ids = [\"another\", \"{CLIENT}\"]\n",
            self.url()
        )
    }
}

/// A configuration over this store with this authentication instead of the usual one.
pub(crate) fn with_auth(store: &Store, server: &str, auth: &str) -> String {
    let text = store.configuration(server, "");
    let (before, rest) = text.split_once("[server.auth]").unwrap();
    let (_, after) = rest.split_once("[ledger]").unwrap();
    format!("{before}{auth}\n[ledger]{after}")
}

pub(crate) fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()
}

async fn metadata(State(shared): State<Arc<Shared>>) -> Result<Json<Value>, StatusCode> {
    shared.asked.fetch_add(1, Ordering::SeqCst);
    if !shared.up.load(Ordering::SeqCst) {
        return Err(StatusCode::SERVICE_UNAVAILABLE);
    }
    let url = &shared.url;
    Ok(Json(json!({"issuer": url, "jwks_uri": format!("{url}/v1/keys"), "scopes_supported": ["keyferry"]})))
}

async fn jwks(State(shared): State<Arc<Shared>>) -> Json<Value> {
    let keys: Vec<Value> = shared.keys.lock().unwrap().iter().map(|(kid, key)| jwk(kid, key)).collect();
    shared.served.send_modify(|served| *served += 1);
    Json(json!({ "keys": keys }))
}

fn jwk(kid: &str, key: &Key) -> Value {
    let (n, e) = key.public();
    json!({"kty": "RSA", "use": "sig", "alg": "RS256", "kid": kid, "n": n, "e": e})
}
