//! OAuth 2.0: `Authorization: Bearer` with an access token of the configured authorization server, as Okta sends it.
//!
//! Keys are fetched in tasks of their own, one at a time: a call that gives up ends nothing, and a call whose key is
//! known waits for nobody.

mod cache;
mod issuer;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use axum::http::{HeaderMap, header};
use tokio::sync::watch;
use tokio::time::Instant;

use crate::http::jwt::{Keys, Rules, Token};
use cache::{Cache, Found};

use super::Refused;
pub use issuer::Issuer;

/// What is left of a call's time for the call itself when it waited for keys.
const FOR_THE_CALL: Duration = Duration::from_millis(500);

/// What lets calls with an access token in. To be cloned: all clones share the keys.
#[derive(Clone, Debug)]
pub struct OAuth(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    issuer: Issuer,
    rules: Rules,
    cache: Mutex<Cache>,
    /// Counts what was fetched, or was tried to.
    fetched: watch::Sender<u64>,
}

impl OAuth {
    /// Fetches nothing yet: see [`OAuth::keep_fresh`].
    pub fn new(issuer: Issuer, rules: Rules) -> Self {
        let cache = Mutex::new(Cache::new(std::time::Instant::now()));
        Self(Arc::new(Inner { issuer, rules, cache, fetched: watch::Sender::new(0) }))
    }

    /// Fetches the keys now and before they get old, for ever.
    pub async fn keep_fresh(self) {
        loop {
            let rest = self.cache().rest(std::time::Instant::now());
            match rest {
                Some(rest) => tokio::time::sleep(rest).await,
                None => self.fetch().await,
            }
        }
    }

    /// Whether the call's token lets it in at this time. Waits for the issuer only where the token's key is not known,
    /// and not past the deadline.
    pub(super) async fn lets_in(
        &self,
        headers: &HeaderMap,
        now: SystemTime,
        deadline: Instant,
    ) -> Result<(), Refused> {
        let token = bearer(headers).ok_or(Refused::NoCredentials)?;
        let token = Token::parse(token)?;
        let keys = self.keys_for(&token.kid, deadline).await?;
        let claims = token.verify(&keys)?;
        let now = now.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        Ok(claims.hold(&self.0.rules, now.as_secs())?)
    }

    async fn keys_for(&self, kid: &str, deadline: Instant) -> Result<Arc<Keys>, Refused> {
        // Subscribed before looking: what is fetched in between is seen.
        let mut fetched = self.0.fetched.subscribe();
        let found = self.cache().find(kid, std::time::Instant::now());
        let found = match found {
            Found::Fetch | Found::Wait => {
                if found == Found::Fetch {
                    let this = self.clone();
                    tokio::spawn(async move { this.fetch().await });
                }
                let until = deadline.checked_sub(FOR_THE_CALL).unwrap_or(deadline);
                let _ = tokio::time::timeout_at(until, fetched.changed()).await;
                self.cache().find_again(kid, std::time::Instant::now())
            }
            found => found,
        };
        match found {
            Found::Keys(keys) => Ok(keys),
            Found::Unknown => Err(Refused::UnknownKey),
            Found::NoKeys | Found::Fetch | Found::Wait => Err(Refused::NoKeys),
        }
    }

    /// Fetches the keys; the cache knows that it is being done.
    async fn fetch(&self) {
        let fetched = self.0.issuer.fetch().await;
        match &fetched {
            Ok((keys, _)) => tracing::debug!(keys = keys.count(), "the issuer's keys are fetched"),
            Err(why) => tracing::warn!(
                why,
                "the issuer's keys cannot be fetched; those that are known stay good for a day"
            ),
        }
        self.cache().fetched(fetched.ok(), std::time::Instant::now());
        self.0.fetched.send_modify(|count| *count = count.wrapping_add(1));
    }

    fn cache(&self) -> MutexGuard<'_, Cache> {
        self.0.cache.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The token of the one `Authorization` header, where that is a bearer's (RFC 6750).
fn bearer(headers: &HeaderMap) -> Option<&str> {
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    let (Some(value), None) = (values.next(), values.next()) else { return None };
    let (scheme, token) = value.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then_some(token)
}
