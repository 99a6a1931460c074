//! The public listener under slow, greedy and hostile callers, by TLS, and at its end: the real binary.
//!
//! The stored value was made by OpenSSL 3.0: `openssl dgst -sha1 -binary | base64`.

#![expect(clippy::unwrap_used, reason = "a fixture that does not stand fails the test")]

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use futures_util::future::join_all;
use hyper::Version;
use rustls::ProtocolVersion;
use rustls::version::{TLS12, TLS13};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpSocket, TcpStream};

use crate::raw::{self, HALF_A_HEAD, connected, exchange, half_a_body, to_the_end};
use crate::service::{SECRET, Service, Store};
use crate::tls::{self, HTTP1, HTTP2, Pair};

/// Of `correct horse`; quick to verify, for many calls at once.
pub(crate) const QUICK: &str = "{SHA}L55TUjtiq8FBorTWAZ0jy6g129A=";
/// As many as an attacker opens here.
const MANY: usize = 1000;

pub(crate) async fn shop() -> Store {
    Store::with_users(&[(1, "alice@example.com", QUICK, true)]).await
}

fn limits(lines: &str) -> String {
    format!("[server.limits]\n{lines}\n")
}

async fn refused(service: &Service, why: &str) -> f64 {
    let labels = format!("{{listener=\"public\",why=\"{why}\"}}");
    service.metric(&format!("keyferry_connections_refused_total{labels}")).await
}

async fn closed(service: &Service, why: &str) -> f64 {
    let labels = format!("{{listener=\"public\",why=\"{why}\"}}");
    service.metric(&format!("keyferry_connections_closed_total{labels}")).await
}

/// What this process and those that it starts may open: often 1024 at first.
fn open_many_files() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let Rlimit { maximum, .. } = getrlimit(Resource::Nofile);
    setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum }).unwrap();
}

/// A call that is answered as it must be: within the deadline, or it would be 503.
async fn verified(service: &Service, calls: usize) {
    for _ in 0..calls {
        assert_eq!(service.verdict("alice", "correct horse").await, "VERIFIED");
        let mut fresh = TcpStream::connect(service.public).await.unwrap();
        assert!(exchange(&mut fresh, &raw::call(SECRET)).await.unwrap().verified());
    }
}

#[tokio::test]
async fn a_thousand_half_sent_heads_and_bodies_keep_nobody_from_signing_in() {
    open_many_files();
    let store = shop().await;
    let service = store.start(&limits("head_timeout = \"3s\""), "");
    let mut heads = Vec::with_capacity(MANY / 2);
    let mut bodies = Vec::with_capacity(MANY / 2);
    for _ in 0..MANY / 2 {
        heads.push(connected(service.public, HALF_A_HEAD).await);
        bodies.push(connected(service.public, &half_a_body()).await);
    }
    verified(&service, 10).await;
    for body in &mut bodies {
        assert_eq!(raw::answer(body).await.unwrap().status, 503, "a body has the call's deadline");
    }
    for head in &mut heads {
        assert!(to_the_end(head).await.is_empty(), "closed without a word");
    }
    verified(&service, 1).await;
    assert!(closed(&service, "slow head").await >= 500.0);
    assert!(refused(&service, "of one address").await < 0.5, "there was room for all of them");
}

#[tokio::test]
async fn a_thousand_half_hand_shakes_keep_nobody_from_signing_in() {
    open_many_files();
    let store = shop().await;
    let pair = Pair::new();
    pair.put(store.path());
    let server = format!("{}{}", tls::SECTION, limits("head_timeout = \"3s\""));
    let service = store.start(&server, "");
    let mut strangers = Vec::with_capacity(MANY);
    for _ in 0..MANY {
        // The beginning of a record with a ClientHello.
        strangers.push(connected(service.public, &[0x16, 3, 1, 2, 0, 1, 0]).await);
    }
    let caller = tls::caller(&[&pair], &[&TLS13], HTTP1);
    for _ in 0..10 {
        let told = tls::call(service.public, &caller, SECRET).await.unwrap();
        assert_eq!((told.status, told.verdict), (200, "VERIFIED".into()));
    }
    for stranger in &mut strangers {
        to_the_end(stranger).await;
    }
    assert!(closed(&service, "slow head").await >= 1000.0);
}

#[tokio::test]
async fn where_there_is_no_room_the_oldest_stranger_goes_and_known_callers_stay() {
    let store = shop().await;
    let service = store.start(&limits("connections = 4\nhead_timeout = \"1m\""), "");
    let mut strangers = Vec::new();
    for _ in 0..4 {
        strangers.push(connected(service.public, HALF_A_HEAD).await);
    }
    let mut known = Vec::new();
    for _ in 0..4 {
        let mut stream = TcpStream::connect(service.public).await.unwrap();
        assert!(exchange(&mut stream, &raw::call(SECRET)).await.unwrap().verified());
        known.push(stream);
        to_the_end(&mut strangers.remove(0)).await;
    }
    assert!((closed(&service, "made room").await - 4.0).abs() < 0.1);
    let mut one_more = TcpStream::connect(service.public).await.unwrap();
    assert!(exchange(&mut one_more, &raw::call(SECRET)).await.is_err(), "nobody is there who could go");
    assert!((refused(&service, "in all").await - 1.0).abs() < 0.1);
    for stream in &mut known {
        assert!(exchange(stream, &raw::call(SECRET)).await.unwrap().verified());
    }
    assert!(service.log().contains("as many connections as [server.limits] allows"));
}

#[tokio::test]
async fn one_address_has_its_share_and_leaves_the_rest() {
    let store = shop().await;
    let service = store.start(&limits("connections_per_address = 3"), "");
    let mut known = Vec::new();
    for _ in 0..3 {
        let mut stream = TcpStream::connect(service.public).await.unwrap();
        assert!(exchange(&mut stream, &raw::call(SECRET)).await.unwrap().verified());
        known.push(stream);
    }
    let mut one_more = TcpStream::connect(service.public).await.unwrap();
    assert!(exchange(&mut one_more, &raw::call(SECRET)).await.is_err());
    assert!((refused(&service, "of one address").await - 1.0).abs() < 0.1);
    let elsewhere = TcpSocket::new_v4().unwrap();
    elsewhere.bind("127.0.0.2:0".parse().unwrap()).unwrap();
    let mut elsewhere = elsewhere.connect(service.public).await.unwrap();
    assert!(exchange(&mut elsewhere, &raw::call(SECRET)).await.unwrap().verified());
}

#[tokio::test]
async fn strangers_may_not_rest_where_known_callers_may() {
    let store = shop().await;
    let service = store.start(&limits("head_timeout = \"500ms\""), "");
    let mut known = TcpStream::connect(service.public).await.unwrap();
    assert!(exchange(&mut known, &raw::call(SECRET)).await.unwrap().verified());
    for (request, status) in [
        (&b"GET / HTTP/1.1\r\nHost: hook\r\n\r\n"[..], 404),
        (b"GET /okta/password-import HTTP/1.1\r\nHost: hook\r\n\r\n", 405),
        (&raw::call("wrong"), 401),
    ] {
        let mut stranger = TcpStream::connect(service.public).await.unwrap();
        assert_eq!(exchange(&mut stranger, request).await.unwrap().status, status);
        to_the_end(&mut stranger).await;
        let metric = format!("keyferry_http_answers_total{{status=\"{status}\"}}");
        assert!((service.metric(&metric).await - 1.0).abs() < 0.1, "{status}");
    }
    assert!(exchange(&mut known, &raw::call(SECRET)).await.unwrap().verified());
}

#[tokio::test]
async fn a_head_that_is_too_large_is_refused() {
    let store = shop().await;
    let service = store.start(&limits("head_bytes = 8192"), "");
    let head =
        format!("POST /okta/password-import HTTP/1.1\r\nHost: hook\r\nX-Large: {}\r\n\r\n", "a".repeat(9000));
    let mut stream = TcpStream::connect(service.public).await.unwrap();
    assert_eq!(exchange(&mut stream, head.as_bytes()).await.unwrap().status, 431);
    verified(&service, 1).await;
}

#[tokio::test]
async fn both_versions_of_tls_carry_both_versions_of_http() {
    let store = shop().await;
    let pair = Pair::new();
    pair.put(store.path());
    let service = store.start(tls::SECTION, "");
    for (version, tls) in [(&TLS12, ProtocolVersion::TLSv1_2), (&TLS13, ProtocolVersion::TLSv1_3)] {
        for (alpn, http) in [(HTTP1, Version::HTTP_11), (HTTP2, Version::HTTP_2)] {
            let caller = tls::caller(&[&pair], &[version], alpn);
            let told = tls::call(service.public, &caller, SECRET).await.unwrap();
            assert_eq!((told.tls, told.http, told.status), (tls, http, 200));
            assert_eq!(told.verdict, "VERIFIED");
            assert_eq!(told.certificate, pair.der());
        }
    }
    let mut plain = connected(service.public, &raw::call(SECRET)).await;
    let answer = to_the_end(&mut plain).await;
    assert!(!String::from_utf8_lossy(&answer).contains("HTTP/"), "no plain HTTP beside it");
    let untrusted = tls::caller(&[&Pair::new()], &[&TLS13], HTTP1);
    assert!(tls::call(service.public, &untrusted, SECRET).await.is_err());
    service.signal("TERM");
    let (_, log) = service.wait();
    for secret in [SECRET, "correct horse"] {
        assert!(!log.contains(secret), "what comes by HTTP/2 is in no log either, whatever its level");
    }
}

/// HTTP/2 in the clear, by prior knowledge: streams that are opened and reset at once, as fast as they can be sent.
#[tokio::test]
async fn streams_that_are_reset_at_once_end_their_connection_and_nothing_else() {
    let store = shop().await;
    let service = store.start("", "");
    let mut attack = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec();
    let frame = |kind: u8, flags: u8, stream: u32, payload: &[u8]| {
        let mut frame = u32::try_from(payload.len()).unwrap().to_be_bytes()[1..].to_vec();
        frame.extend([kind, flags]);
        frame.extend(stream.to_be_bytes());
        frame.extend(payload);
        frame
    };
    attack.extend(frame(4, 0, 0, &[]));
    // :method POST, :scheme http, :path / by their numbers; :authority h.
    let head = [0x83, 0x86, 0x84, 0x41, 1, b'h'];
    for number in 0..20_000 {
        attack.extend(frame(1, 0x4, 2 * number + 1, &head));
        attack.extend(frame(3, 0, 2 * number + 1, &8_u32.to_be_bytes()));
    }
    let (mut read, mut write) = TcpStream::connect(service.public).await.unwrap().into_split();
    // It is cut off while it sends.
    let sending = tokio::spawn(async move { write.write_all(&attack).await });
    let mut told = Vec::new();
    let _ = read.read_to_end(&mut told).await;
    let _ = sending.await.unwrap();
    // A GOAWAY (type 7) with ENHANCE_YOUR_CALM (11) is somewhere in what came back.
    let calm = told.windows(17).any(|window| window[3] == 7 && window[13..17] == 11_u32.to_be_bytes());
    assert!(calm, "{told:?}");
    verified(&service, 3).await;
}

/// What became of all calls.
#[derive(Default)]
struct Tally {
    answered: AtomicUsize,
    /// Connections that came to nothing, as in the very moment in which the listener closes.
    refused: AtomicUsize,
    /// Calls on a connection that had been answered before, without an answer.
    lost: AtomicUsize,
}

/// Calls on a kept connection as long as there is a service, and tells of each call whether it was answered.
async fn keep_calling(address: std::net::SocketAddr, tally: Arc<Tally>) {
    let request = raw::call(SECRET);
    while let Ok(mut stream) = TcpStream::connect(address).await {
        let mut first = true;
        loop {
            let Ok(answer) = exchange(&mut stream, &request).await else {
                let count = if first { &tally.refused } else { &tally.lost };
                count.fetch_add(1, Ordering::SeqCst);
                return;
            };
            assert!(answer.verified(), "{}", answer.status);
            first = false;
            tally.answered.fetch_add(1, Ordering::SeqCst);
            if answer.last {
                break;
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stop_under_load_loses_no_call() {
    let store = shop().await;
    let service = store.start("", "");
    let tally = Arc::new(Tally::default());
    let callers: Vec<_> =
        (0..8).map(|_| tokio::spawn(keep_calling(service.public, Arc::clone(&tally)))).collect();
    while tally.answered.load(Ordering::SeqCst) < 200 {
        tokio::task::yield_now().await;
    }
    // Connected before the stop, accepted or not: their calls come after it.
    let mut early = Vec::new();
    for _ in 0..20 {
        early.push(TcpStream::connect(service.public).await.unwrap());
    }
    let before = tally.answered.load(Ordering::SeqCst);
    assert_eq!(tally.refused.load(Ordering::SeqCst), 0);
    service.signal("TERM");
    let request = raw::call(SECRET);
    let answers = join_all(early.iter_mut().map(|stream| exchange(stream, &request))).await;
    for answer in answers {
        assert!(answer.expect("an answer").verified());
    }
    for caller in callers {
        caller.await.unwrap();
    }
    let (status, log) = service.wait();
    assert_eq!(status.code(), Some(0), "{log}");
    assert!(tally.answered.load(Ordering::SeqCst) > before, "calls went on while it stopped");
    assert_eq!(tally.lost.load(Ordering::SeqCst), 0, "calls had no answer");
}

#[tokio::test]
async fn half_sent_heads_do_not_hold_up_a_stop() {
    let store = shop().await;
    let service = store.start(&limits("head_timeout = \"5m\"\nidle_timeout = \"5m\""), "");
    let mut known = TcpStream::connect(service.public).await.unwrap();
    assert!(exchange(&mut known, &raw::call(SECRET)).await.unwrap().verified());
    let mut half = connected(service.public, HALF_A_HEAD).await;
    service.signal("TERM");
    to_the_end(&mut half).await;
    to_the_end(&mut known).await;
    let (status, log) = service.wait();
    assert_eq!(status.code(), Some(0));
    assert!(!log.contains("calls were still in flight"), "{log}");
}

#[tokio::test]
async fn half_hand_shakes_do_not_hold_up_a_stop() {
    let store = shop().await;
    Pair::new().put(store.path());
    let server = format!("{}{}", tls::SECTION, limits("head_timeout = \"5m\""));
    let service = store.start(&server, "");
    let mut half = connected(service.public, &[0x16, 3, 1, 2, 0, 1, 0]).await;
    service.signal("TERM");
    to_the_end(&mut half).await;
    let (status, log) = service.wait();
    assert_eq!(status.code(), Some(0));
    assert!(!log.contains("calls were still in flight"), "{log}");
}
