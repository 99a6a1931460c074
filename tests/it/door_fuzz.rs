//! Random and damaged heads, bodies and tokens, thousands of them, over sockets to the real binary: no panic, no 500,
//! and sign-ins go on. The generator is seeded: what fails once fails again.

#![expect(clippy::unwrap_used, reason = "a fixture that does not stand fails the test")]

use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;

use crate::issuer::{Issuer, Key, with_auth};
use crate::listener::shop;
use crate::raw::{self, to_the_end};
use crate::service::{SECRET, Service, payload};

/// How many of each kind.
const EACH: u64 = 500;

/// xorshift64*: enough for damage.
struct Chance(u64);

impl Chance {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    fn below(&mut self, most: usize) -> usize {
        usize::try_from(self.next() % most.max(1) as u64).unwrap()
    }

    fn byte(&mut self) -> u8 {
        self.next().to_be_bytes()[0]
    }

    /// Flips, drops, doubles, inserts, cuts, or puts in what parsers stumble over.
    fn damage(&mut self, bytes: &mut Vec<u8>) {
        const ODD: [&[u8]; 12] = [
            b"\0",
            b"\r\n\r\n",
            b"\xff\xfe",
            b"{\"a\":",
            b"[[[[[[[[",
            b"1e999",
            b"\\ud800",
            b"\"",
            b".",
            b"=",
            b"null",
            b"-0",
        ];
        for _ in 0..=self.below(4) {
            let place = self.below(bytes.len());
            if bytes.is_empty() {
                return;
            }
            match self.below(6) {
                0 => bytes[place] ^= 1 << self.below(8),
                1 => drop(bytes.remove(place)),
                2 => bytes.insert(place, self.byte()),
                3 => bytes.truncate(place),
                4 => {
                    let part = bytes[place..(place + self.below(64)).min(bytes.len())].to_vec();
                    bytes.splice(place..place, part);
                }
                _ => {
                    let odd = ODD[self.below(ODD.len())];
                    bytes.splice(place..place, odd.iter().copied());
                }
            }
        }
    }
}

/// A call with this authentication and this body, whose length is told right.
fn call(authorization: &[u8], body: &[u8]) -> Vec<u8> {
    let mut request =
        b"POST /okta/password-import HTTP/1.1\r\nHost: hook\r\nContent-Type: application/json\r\n".to_vec();
    request.extend(b"Authorization: ");
    request.extend(authorization);
    request.extend(format!("\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", body.len()).as_bytes());
    request.extend(body);
    request
}

fn case(kind: u64, chance: &mut Chance, token: &str, events: &[u8]) -> Vec<u8> {
    let body = payload("alice", "correct horse").to_string().into_bytes();
    match kind {
        // Anything at all.
        0 => (0..chance.below(600)).map(|_| chance.byte()).collect(),
        // A damaged request, head and all.
        1 => {
            let mut request = raw::call(SECRET);
            chance.damage(&mut request);
            request
        }
        // A damaged body behind good credentials.
        2 => {
            let mut body = body;
            chance.damage(&mut body);
            call(SECRET.as_bytes(), &body)
        }
        // A damaged token.
        3 => {
            let mut token = format!("Bearer {token}").into_bytes();
            chance.damage(&mut token);
            token.retain(|byte| !matches!(byte, b'\r' | b'\n'));
            call(&token, &body)
        }
        // A token whose parts are damaged below their encoding.
        4 => {
            use base64::Engine as _;
            use base64::engine::general_purpose::URL_SAFE_NO_PAD;
            let damaged = chance.below(3);
            let parts = token.split('.').enumerate().map(|(index, part)| {
                let mut bytes = URL_SAFE_NO_PAD.decode(part).unwrap();
                if index == damaged {
                    chance.damage(&mut bytes);
                }
                URL_SAFE_NO_PAD.encode(bytes)
            });
            let token: Vec<String> = parts.collect();
            call(format!("Bearer {}", token.join(".")).as_bytes(), &body)
        }
        // A damaged delivery of the event hook.
        _ => {
            let mut body = events.to_vec();
            chance.damage(&mut body);
            let request = call(SECRET.as_bytes(), &body);
            let text = b"POST /okta/events HTTP/1.1".iter().copied();
            text.chain(request.into_iter().skip(b"POST /okta/password-import HTTP/1.1".len())).collect()
        }
    }
}

/// Sends it, and reads whatever comes; the statuses of the answers.
async fn statuses(service: &Service, request: &[u8]) -> Vec<u16> {
    let mut stream = TcpStream::connect(service.public).await.unwrap();
    // It may be refused half-way.
    let _ = stream.write_all(request).await;
    let _ = stream.shutdown().await;
    let told = to_the_end(&mut stream).await;
    let text = String::from_utf8_lossy(&told);
    let answers = text.split("HTTP/1.1 ").skip(1);
    answers.filter_map(|answer| answer.split(' ').next()?.parse().ok()).collect()
}

#[tokio::test]
async fn nothing_that_is_sent_ends_in_a_panic_or_a_500() {
    let store = shop().await;
    let issuer = Issuer::start(&[("a", Key::one())]).await;
    let auth = format!(
        "[server.auth]\nheader = [{{ name = \"Authorization\", secret = \"{SECRET}\" }}]\n{}",
        issuer.section()
    );
    let text = with_auth(&store, "[server.limits]\nhead_timeout = \"1s\"\n", &auth);
    let service = Service::start(store.path(), &text.replace("level = \"trace\"", "level = \"info\""));
    issuer.has_served(1).await;
    let token = issuer.token("a", &Key::one());
    let events = serde_json::json!({
        "eventType": "com.okta.event_hook", "eventId": "e", "data": {"events": [{
            "uuid": "u", "published": "2026-01-01T00:00:00.000Z", "eventType": "user.import.password",
            "outcome": {"result": "SUCCESS"}, "target": [{"type": "User", "id": "00u1", "alternateId": "alice@example.com"}],
        }]},
    });
    let events = events.to_string().into_bytes();
    let mut seen = std::collections::BTreeMap::<u16, usize>::new();
    for kind in 0..6 {
        for number in 0..EACH {
            let start = (kind * EACH + number + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
            let request = case(kind, &mut Chance(start), &token, &events);
            for status in statuses(&service, &request).await {
                assert_ne!(status, 500, "kind {kind}, number {number}");
                *seen.entry(status).or_default() += 1;
            }
        }
        assert_eq!(service.verdict("alice", "correct horse").await, "VERIFIED", "after kind {kind}");
    }
    for (status, least) in [(200, 10), (400, 100), (401, 100)] {
        assert!(
            seen.get(&status).is_some_and(|times| *times > least),
            "the damage reaches all layers: {seen:?}"
        );
    }
    service.signal("TERM");
    let (status, log) = service.wait();
    assert_eq!(status.code(), Some(0));
    assert!(!log.contains("panic"), "{log}");
}
