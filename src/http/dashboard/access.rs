//! Who may look at the dashboard: everybody on a private listener, or whoever knows the token. A sign-in gives a cookie
//! with a random id, kept here in memory; guessing is slowed down. Guards the dashboard alone, not health and metrics.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use axum::http::{HeaderMap, HeaderValue, header};
use sha2::{Digest, Sha256};

use crate::secret::Secret;

const COOKIE: &str = "keyferry_dashboard";
/// How long a sign-in lasts.
const SESSION: Duration = Duration::from_hours(12);
/// Sign-ins that are kept; the oldest goes first.
const SESSIONS: usize = 64;
/// Wrong tokens in a row that cost nothing.
const FREE_GUESSES: u32 = 5;
/// The longest pause between two guesses.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// Whether somebody may look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Entry {
    Open,
    Closed,
    /// There were too many guesses; none is looked at for so long.
    Wait(Duration),
}

pub(super) struct Access {
    token: Option<Secret>,
    sessions: Mutex<Sessions>,
}

#[derive(Default)]
struct Sessions {
    /// By the digest of the cookie's value, with their end.
    open: HashMap<[u8; 32], Instant>,
    wrong: u32,
    /// No guess is looked at before.
    pause: Option<Instant>,
}

impl Access {
    pub(super) fn new(token: Option<Secret>) -> Self {
        Self { token, sessions: Mutex::default() }
    }

    /// Whether a request with this head may look.
    pub(super) fn entry(&self, headers: &HeaderMap, now: Instant) -> Entry {
        if self.token.is_none() {
            return Entry::Open;
        }
        if let Some(id) = session_id(headers)
            && self.lock().open.get(&digest(id)).is_some_and(|end| *end > now)
        {
            return Entry::Open;
        }
        match bearer(headers) {
            Some(token) => self.lock().judge(self.token.as_ref(), token, now),
            None => Entry::Closed,
        }
    }

    /// The cookie for whoever knows the token.
    pub(super) fn sign_in(&self, token: &Secret, now: Instant) -> Result<HeaderValue, Entry> {
        let mut sessions = self.lock();
        match sessions.judge(self.token.as_ref(), token.expose(), now) {
            Entry::Open => {}
            other => return Err(other),
        }
        let mut random = [0_u8; 32];
        getrandom::fill(&mut random).map_err(|_| Entry::Closed)?;
        let id = hex::encode(random);
        sessions.keep(digest(&id), now);
        cookie(&id, SESSION).ok_or(Entry::Closed)
    }

    /// Forgets a sign-in; the cookie that clears the other.
    pub(super) fn sign_out(&self, headers: &HeaderMap) -> HeaderValue {
        if let Some(id) = session_id(headers) {
            self.lock().open.remove(&digest(id));
        }
        cookie("", Duration::ZERO).unwrap_or_else(|| HeaderValue::from_static(""))
    }

    /// Against names that lead here only for as long as a stranger's page is open (DNS rebinding): such a page cannot
    /// make its browser ask by an address or by `localhost`. With a token it has no cookie for its name.
    pub(super) fn host_fits(&self, headers: &HeaderMap) -> bool {
        self.token.is_some() || headers.get(header::HOST).is_some_and(|host| is_local_name(host.as_bytes()))
    }

    fn lock(&self) -> MutexGuard<'_, Sessions> {
        // Whole between any two of its operations, so a panic elsewhere does not spoil it.
        self.sessions.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Sessions {
    fn judge(&mut self, token: Option<&Secret>, guess: &[u8], now: Instant) -> Entry {
        if let Some(until) = self.pause.filter(|until| *until > now) {
            return Entry::Wait(until - now);
        }
        // Digests have one length, so that the comparison tells nothing of the token's.
        let right = token.is_some_and(|token| Secret::new(sha256(token.expose())).matches(&sha256(guess)));
        if right {
            (self.wrong, self.pause) = (0, None);
            return Entry::Open;
        }
        self.wrong = self.wrong.saturating_add(1);
        if let Some(over) = self.wrong.checked_sub(FREE_GUESSES) {
            let pause = Duration::from_secs(1_u64 << over.min(5)).min(LONGEST_PAUSE);
            self.pause = Some(now + pause);
            tracing::warn!(wrong = self.wrong, "wrong tokens for the dashboard: guesses have to wait");
        }
        Entry::Closed
    }

    fn keep(&mut self, id: [u8; 32], now: Instant) {
        self.open.retain(|_, end| *end > now);
        if self.open.len() >= SESSIONS
            && let Some(oldest) = self.open.iter().min_by_key(|(_, end)| **end).map(|(id, _)| *id)
        {
            self.open.remove(&oldest);
        }
        self.open.insert(id, now + SESSION);
    }
}

/// Whether a form comes from a page of this listener. Browsers say so by `Sec-Fetch-Site`, where the address is one that
/// they trust, or else by `Origin`, which is `null` for pages that tell no referrer, ours among them. What says nothing
/// has no cookie of ours either: that goes to our own pages alone.
pub(super) fn from_here(headers: &HeaderMap) -> bool {
    if let Some(site) = headers.get("sec-fetch-site") {
        return site == "same-origin" || site == "none";
    }
    let Some(origin) = headers.get(header::ORIGIN).filter(|origin| *origin != "null") else { return true };
    let authority = origin.to_str().ok().and_then(|origin| origin.split_once("://")).map(|(_, rest)| rest);
    authority.is_some_and(|authority| {
        headers.get(header::HOST).is_some_and(|host| host.as_bytes() == authority.as_bytes())
    })
}

fn is_local_name(host: &[u8]) -> bool {
    let Ok(host) = std::str::from_utf8(host) else { return false };
    let name = match host.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or_default(),
        None => host.split(':').next().unwrap_or_default(),
    };
    name.eq_ignore_ascii_case("localhost") || name.parse::<IpAddr>().is_ok()
}

fn session_id(headers: &HeaderMap) -> Option<&str> {
    let cookies = headers.get_all(header::COOKIE).iter().filter_map(|cookies| cookies.to_str().ok());
    let mut pairs =
        cookies.flat_map(|cookies| cookies.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.find(|(name, _)| *name == COOKIE).map(|(_, id)| id)
}

fn bearer(headers: &HeaderMap) -> Option<&[u8]> {
    let value = headers.get(header::AUTHORIZATION)?.as_bytes();
    let (scheme, token) = value.split_at_checked(b"Bearer ".len())?;
    scheme.eq_ignore_ascii_case(b"Bearer ").then_some(token)
}

fn cookie(id: &str, age: Duration) -> Option<HeaderValue> {
    let text = format!("{COOKIE}={id}; HttpOnly; SameSite=Strict; Path=/; Max-Age={}", age.as_secs());
    let mut value = HeaderValue::from_str(&text).ok()?;
    value.set_sensitive(true);
    Some(value)
}

fn sha256(bytes: &[u8]) -> Vec<u8> {
    Sha256::digest(bytes).to_vec()
}

fn digest(id: &str) -> [u8; 32] {
    Sha256::digest(id.as_bytes()).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(header::HeaderName, &str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (name.clone(), value.parse().unwrap())).collect()
    }

    fn access() -> Access {
        Access::new(Some(Secret::from("the right token")))
    }

    fn cookie_of(value: &HeaderValue) -> String {
        value.to_str().unwrap().split(';').next().unwrap().to_owned()
    }

    #[test]
    fn the_token_opens_by_header_and_by_cookie_for_as_long_as_it_lasts() {
        let (access, now) = (access(), Instant::now());
        assert_eq!(access.entry(&headers(&[]), now), Entry::Closed);
        let bearer = |token: &str| headers(&[(header::AUTHORIZATION, token)]);
        assert_eq!(access.entry(&bearer("Bearer the right token"), now), Entry::Open);
        assert_eq!(access.entry(&bearer("Bearer the wrong token"), now), Entry::Closed);
        assert_eq!(access.entry(&bearer("Bearer "), now), Entry::Closed);
        assert_eq!(access.entry(&bearer("the right token"), now), Entry::Closed);
        let set = access.sign_in(&Secret::from("the right token"), now).unwrap();
        let text = set.to_str().unwrap();
        assert!(text.contains("; HttpOnly; SameSite=Strict; Path=/; Max-Age=43200"), "{text}");
        let with = headers(&[(header::COOKIE, &format!("a=b; {}", cookie_of(&set)))]);
        assert_eq!(access.entry(&with, now), Entry::Open);
        assert_eq!(access.entry(&with, now + SESSION), Entry::Closed);
        access.sign_out(&with);
        assert_eq!(access.entry(&with, now), Entry::Closed);
        let made_up = headers(&[(header::COOKIE, &format!("{COOKIE}={}", "0".repeat(64)))]);
        assert_eq!(access.entry(&made_up, now), Entry::Closed);
    }

    #[test]
    fn guessing_becomes_slow_and_the_right_token_ends_it() {
        let (access, mut now) = (access(), Instant::now());
        let wrong = Secret::from("a guess");
        for _ in 0..FREE_GUESSES {
            assert_eq!(access.sign_in(&wrong, now).unwrap_err(), Entry::Closed);
        }
        assert!(matches!(access.sign_in(&Secret::from("the right token"), now), Err(Entry::Wait(_))));
        let mut guesses = 0;
        let end = now + Duration::from_mins(10);
        while now < end {
            match access.sign_in(&wrong, now) {
                Err(Entry::Wait(pause)) => now += pause,
                Err(_) => guesses += 1,
                Ok(_) => panic!("a guess opened it"),
            }
        }
        assert!(guesses < 30, "{guesses} in ten minutes");
        assert!(access.sign_in(&Secret::from("the right token"), now + LONGEST_PAUSE).is_ok());
        assert_eq!(access.sign_in(&wrong, now + LONGEST_PAUSE).unwrap_err(), Entry::Closed, "free again");
    }

    #[test]
    fn sign_ins_are_bounded() {
        let (access, now) = (access(), Instant::now());
        let token = Secret::from("the right token");
        let first = cookie_of(&access.sign_in(&token, now).unwrap());
        for turn in 0..SESSIONS as u64 {
            access.sign_in(&token, now + Duration::from_secs(turn + 1)).unwrap();
        }
        assert_eq!(access.lock().open.len(), SESSIONS);
        assert_eq!(access.entry(&headers(&[(header::COOKIE, &first)]), now), Entry::Closed);
    }

    #[test]
    fn without_a_token_only_addresses_and_localhost_lead_here() {
        let open = Access::new(None);
        for host in ["127.0.0.1:9090", "localhost", "LOCALHOST:9090", "[::1]:9090", "10.0.0.7", "[fd00::1]"] {
            assert!(open.host_fits(&headers(&[(header::HOST, host)])), "{host}");
        }
        for host in ["evil.example", "localhost.evil.example", "127.0.0.1.evil.example:9090", "", "[evil]:1"]
        {
            assert!(!open.host_fits(&headers(&[(header::HOST, host)])), "{host}");
            assert!(access().host_fits(&headers(&[(header::HOST, host)])), "{host}");
        }
        assert!(!open.host_fits(&headers(&[])));
    }

    #[test]
    fn a_form_from_elsewhere_is_none() {
        let of = |origin: &str| headers(&[(header::HOST, "localhost:9090"), (header::ORIGIN, origin)]);
        assert!(from_here(&of("http://localhost:9090")));
        for origin in ["http://evil.example", "http://localhost", "http://localhost:9091", "localhost:9090"] {
            assert!(!from_here(&of(origin)), "{origin}");
        }
        let site = |site: &str| {
            let mut headers = of("null");
            headers.insert("sec-fetch-site", site.parse().unwrap());
            from_here(&headers)
        };
        assert!(site("same-origin") && !site("same-site") && !site("cross-site"));
        assert!(from_here(&headers(&[(header::HOST, "localhost:9090")])));
    }
}
