//! A certificate and a secret change while calls come in: none is refused. The real binary, by TLS.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use rustls::version::TLS13;
use tokio::sync::watch;

use crate::issuer::with_auth;
use crate::listener::shop;
use crate::service::Service;
use crate::tls::{self, HTTP1, HTTP2, Pair, Told, replace};

/// Files are looked at once a second; only a defect takes this long.
const PATIENCE: Duration = Duration::from_mins(1);
const AUTH: &str = "[server.auth]\nheader = [{ name = \"Authorization\", secret = \"file:secret\" }]\n";

/// Waits for a line in the log.
async fn told(service: &Service, what: &str) {
    let begin = Instant::now();
    while !service.log().contains(what) {
        assert!(begin.elapsed() < PATIENCE, "{what} is never told: {}", service.log());
        tokio::task::yield_now().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_certificate_and_a_secret_are_rotated_under_load_without_a_refused_call() {
    let store = shop().await;
    let (old, new) = (Pair::new(), Pair::new());
    old.put(store.path());
    replace(&store.path().join("secret"), "the old secret\n");
    let service = Service::start(store.path(), &with_auth(&store, tls::SECTION, AUTH));
    let callers = [HTTP1, HTTP2].map(|alpn| tls::caller(&[&old, &new], &[&TLS13], alpn));
    let (sends, secret) = watch::channel("the old secret");
    let (stop, stopped) = watch::channel(false);
    let answered = Arc::new(AtomicUsize::new(0));
    let calling = callers.map(|caller| {
        let (answered, address) = (Arc::clone(&answered), service.public);
        let (secret, stopped) = (secret.clone(), stopped.clone());
        tokio::spawn(async move {
            while !*stopped.borrow() {
                let now: &str = *secret.borrow();
                let Told { status, verdict, .. } = tls::call(address, &caller, now).await.unwrap();
                assert_eq!((status, verdict), (200, "VERIFIED".into()));
                answered.fetch_add(1, Ordering::SeqCst);
            }
        })
    });
    let some_more = async || {
        let before = answered.load(Ordering::SeqCst);
        while answered.load(Ordering::SeqCst) < before + 20 && calling.iter().all(|task| !task.is_finished())
        {
            tokio::task::yield_now().await;
        }
    };
    some_more().await;

    new.put(store.path());
    told(&service, "\"what\":\"the certificate of server.tls\"").await;
    let probe = tls::caller(&[&old, &new], &[&TLS13], HTTP1);
    let begin = Instant::now();
    // Where it looked between the two files, the pair did not fit, and is looked at again.
    while tls::call(service.public, &probe, *secret.borrow()).await.unwrap().certificate != new.der() {
        assert!(begin.elapsed() < PATIENCE, "the new certificate is never shown");
    }
    some_more().await;

    replace(&store.path().join("secret"), "the new secret\n");
    told(&service, "\"what\":\"the secret of server.auth.header[0]\"").await;
    // Okta still sends the old one, until it is told.
    some_more().await;
    sends.send_replace("the new secret");
    some_more().await;

    stop.send_replace(true);
    for task in calling {
        task.await.expect("no call was refused");
    }
    assert!(answered.load(Ordering::SeqCst) >= 80);
    let log = service.log();
    assert!(!log.contains("the old secret") && !log.contains("the new secret"));
}

#[tokio::test]
async fn what_is_broken_after_a_change_is_told_once_and_what_was_good_stays() {
    let store = shop().await;
    let pair = Pair::new();
    pair.put(store.path());
    replace(&store.path().join("secret"), "the secret");
    let service = Service::start(store.path(), &with_auth(&store, tls::SECTION, AUTH));
    let caller = tls::caller(&[&pair], &[&TLS13], HTTP1);
    replace(&store.path().join("tls.key"), "canary");
    replace(&store.path().join("secret"), "canary\ncanary\n");
    told(&service, "holds no private key").await;
    told(&service, "it holds what an HTTP header cannot carry").await;
    for _ in 0..3 {
        assert_eq!(tls::call(service.public, &caller, "the secret").await.unwrap().status, 200);
        assert_eq!(tls::call(service.public, &caller, "canary").await.unwrap().status, 401);
    }
    let log = service.log();
    assert_eq!(log.matches("holds no private key").count(), 1);
    assert!(!log.contains("canary"), "{log}");
}
