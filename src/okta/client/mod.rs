//! The client of one Okta org: what every call goes through, whichever endpoint it is for.
//!
//! A call waits for its bucket's pace and a place in flight, goes out with credentials that are good, and comes back
//! as an answer or as a typed error. 429 is waited out and repeated in here; 5xx and lost connections are repeated
//! for calls that may be repeated. No token, body or query reaches a log or an error.

mod address;
mod clock;
mod connect;
mod direct;
mod document;
mod error;
mod exchange;
mod key;
mod oauth;
mod pacing;
mod transport;

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use hyper::Uri;
use hyper::header::HeaderValue;
use tokio::sync::Notify;
use tokio::time::Instant;

use crate::secret::Secret;
use clock::OktaClock;
use oauth::OAuth;
use pacing::{Pacing, Rules, Wait};
use transport::Transport;

pub use direct::{Direct, NoAnswer};
pub use document::{Document, Documents};
pub use error::{CallError, Code, Refusal, SetupError};
pub use pacing::PauseCause;

pub(super) use address::{inside, next, quoted, segment, with_query};
pub(super) use exchange::Call;
pub(super) use transport::Answer;

/// How to reach an org, and how hard it may be used.
#[derive(Debug)]
pub struct Settings {
    /// `https://example.okta.com`; `http://` to this machine only.
    pub org_url: String,
    /// What proves who calls.
    pub credentials: Credentials,
    /// A PEM bundle of certificates to trust instead of the system's roots.
    pub ca: Option<Vec<u8>>,
    /// The time for one call, from its sending to the last byte of its answer.
    pub timeout: Duration,
    /// How long errors of Okta's, lost connections and waits are put up with for one call. None: for ever.
    pub patience: Option<Duration>,
    /// Share of each bucket's limit that may be used: above 0, up to 1.
    pub share: f64,
    /// The most calls a minute, all endpoints together.
    pub max_per_minute: Option<u32>,
    /// The most calls under way at once, at least 1.
    pub in_flight: usize,
}

impl Settings {
    /// The defaults: 30 s a call, no end of patience, 80 % of each bucket, 10 calls in flight.
    pub fn new(org_url: String, credentials: Credentials) -> Self {
        Self {
            org_url,
            credentials,
            ca: None,
            timeout: Duration::from_secs(30),
            patience: None,
            share: 0.8,
            max_per_minute: None,
            in_flight: 10,
        }
    }
}

/// What proves who calls.
#[derive(Debug)]
pub enum Credentials {
    /// An API token: `Authorization: SSWS …`.
    Token(Secret),
    /// OAuth 2.0 client credentials of a service app, proven by a key of its own (RFC 7523).
    PrivateKeyJwt {
        /// The app's client id.
        client_id: String,
        /// The `kid` of its public key.
        key_id: String,
        /// The key: RSA of 2048 bits or more, as PEM (PKCS#8 or PKCS#1) or JWK.
        private_key: Secret,
    },
}

/// Families of endpoints that share a rate limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Bucket {
    /// Exactly `/api/v1/users`: creating and listing.
    Users,
    /// `/api/v1/users/{id}` and what is below it.
    User,
    /// `/api/v1/users/{id}/lifecycle/…`
    Lifecycle,
    /// `/api/v1/groups` and what is below it.
    Groups,
    /// `/api/v1/logs`
    Logs,
    /// All others.
    Other,
}

impl Bucket {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::Users, Self::User, Self::Lifecycle, Self::Groups, Self::Logs, Self::Other];

    fn index(self) -> usize {
        self as usize
    }
}

/// How fast the client goes, and what holds it up.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PaceState {
    /// Calls a minute that the bucket may make; none before that is known.
    pub allowed_per_minute: Option<f64>,
    /// The bucket's limit as Okta tells it.
    pub limit: Option<u32>,
    /// Calls under way now, all buckets together.
    pub in_flight: usize,
    /// How many may be; fewer after Okta said that they are too many.
    pub max_in_flight: usize,
    /// Calls sent so far, repeats included.
    pub calls: u64,
    /// How many of them were answered 429.
    pub limited: u64,
    /// How many of them were repeats.
    pub retries: u64,
    /// For how long nothing will be sent to the bucket.
    pub paused_for: Option<Duration>,
    /// Why.
    pub pause_cause: Option<PauseCause>,
}

/// A client of one org. Clones share everything: connections, token, pace.
#[derive(Clone)]
pub struct Client(Arc<Inner>);

pub(super) struct Inner {
    org: Uri,
    transport: Transport,
    auth: Auth,
    patience: Option<Duration>,
    shared: Mutex<Shared>,
    /// Who waits for a place waits in turn, one line a bucket, and one more for what goes out.
    lines: [Line; Bucket::ALL.len() + 1],
}

struct Shared {
    pacing: Pacing,
    clock: OktaClock,
    /// Why the last call had no useful answer; none once one had.
    trouble: Option<String>,
}

#[derive(Default)]
struct Line {
    turn: tokio::sync::Mutex<()>,
    changed: Notify,
}

enum Auth {
    Token(HeaderValue),
    OAuth(Box<OAuth>),
}

/// A place in flight of one bucket, at its pace; free again when dropped. Whoever holds one goes on to its call, and
/// does not wait for another.
#[must_use = "the place is given back at once"]
pub struct Permit {
    client: Arc<Inner>,
    bucket: Bucket,
}

impl Client {
    /// Sets up everything that needs no network.
    pub fn new(settings: Settings) -> Result<Self, SetupError> {
        let org = address::org(&settings.org_url)?;
        if !(settings.share > 0.0 && settings.share <= 1.0) {
            return Err(SetupError::Setting("share must be above 0 and up to 1"));
        }
        if settings.in_flight == 0 || settings.max_per_minute == Some(0) || settings.timeout.is_zero() {
            return Err(SetupError::Setting("in_flight, max_per_minute and timeout must be above 0"));
        }
        let auth = match settings.credentials {
            Credentials::Token(token) => Auth::Token(header("SSWS ", &token).ok_or(SetupError::Token)?),
            Credentials::PrivateKeyJwt { client_id, key_id, private_key } => {
                Auth::OAuth(Box::new(OAuth::new(&org, client_id, key_id, &private_key)?))
            }
        };
        let transport = Transport::new(&org, settings.ca.as_deref(), settings.timeout)?;
        let rules = Rules {
            share: settings.share,
            max_per_minute: settings.max_per_minute,
            in_flight: settings.in_flight,
        };
        let clock = OktaClock::new(Instant::now().into_std(), SystemTime::now());
        Ok(Self(Arc::new(Inner {
            org,
            transport,
            auth,
            patience: settings.patience,
            shared: Mutex::new(Shared { pacing: Pacing::new(rules), clock, trouble: None }),
            lines: std::array::from_fn(|_| Line::default()),
        })))
    }

    /// The first call of every command: whether the credentials are good. Its answer also tells the limit of
    /// [`Bucket::Users`].
    pub async fn check(&self) -> Result<(), CallError> {
        self.call(Call::get("/api/v1/users?limit=1", Bucket::Users)).await.map(drop)
    }

    /// Waits for the bucket's pace and for a place in flight.
    pub async fn admit(&self, bucket: Bucket) -> Permit {
        self.0.wait(bucket.index(), |pacing, now| pacing.admit(bucket, now)).await;
        Permit { client: Arc::clone(&self.0), bucket }
    }

    /// Okta's clock, as far as the last answers tell, within a round trip and never ahead of it; ours before any.
    pub fn okta_now(&self) -> SystemTime {
        self.0.okta_now()
    }

    /// How fast [`Bucket::Users`] goes.
    pub fn pace(&self) -> PaceState {
        self.pace_of(Bucket::Users)
    }

    /// How fast a bucket goes.
    pub fn pace_of(&self, bucket: Bucket) -> PaceState {
        let now = Instant::now().into_std();
        let pacing = &self.0.shared().pacing;
        let (in_flight, max_in_flight) = pacing.flight();
        let pause = pacing.pause(bucket, now);
        PaceState {
            allowed_per_minute: pacing.allowed(bucket),
            limit: pacing.limit(bucket).map(|limit| u32::try_from(limit).unwrap_or(u32::MAX)),
            in_flight,
            max_in_flight,
            calls: pacing.calls,
            limited: pacing.limited,
            retries: pacing.retries,
            paused_for: pause.map(|(until, _)| until.saturating_duration_since(now)),
            pause_cause: pause.map(|(_, cause)| cause),
        }
    }

    pub(super) fn org(&self) -> &Uri {
        &self.0.org
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Client({})", self.0.org)
    }
}

impl fmt::Debug for Permit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Permit({:?})", self.bucket)
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        self.client.shared().pacing.release(self.bucket);
        self.client.wake();
    }
}

impl Inner {
    /// A thread that panicked while it held the lock leaves counts behind that are at most one too high.
    fn shared(&self) -> MutexGuard<'_, Shared> {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn okta_now(&self) -> SystemTime {
        self.shared().clock.now(Instant::now().into_std())
    }

    /// Waits in this line until the pacing lets the call go.
    async fn wait(&self, line: usize, take: impl Fn(&mut Pacing, std::time::Instant) -> Result<(), Wait>) {
        let Some(line) = self.lines.get(line) else { return };
        let _turn = line.turn.lock().await;
        loop {
            let changed = line.changed.notified();
            let waits = take(&mut self.shared().pacing, Instant::now().into_std());
            match waits {
                Ok(()) => return,
                Err(Wait::ForAnswer) => changed.await,
                Err(Wait::Until(until)) => {
                    tokio::select! {
                        () = changed => {}
                        () = tokio::time::sleep_until(Instant::from_std(until)) => {}
                    }
                }
            }
        }
    }

    /// Tells those at the head of each line that something has changed.
    fn wake(&self) {
        for line in &self.lines {
            line.changed.notify_one();
        }
    }
}

/// A header that carries a secret, and shows itself nowhere.
fn header(scheme: &str, secret: &Secret) -> Option<HeaderValue> {
    let graphic = |byte: &u8| byte.is_ascii_graphic();
    if secret.is_empty() || !secret.expose().iter().all(graphic) {
        return None;
    }
    let mut value = zeroize::Zeroizing::new(scheme.as_bytes().to_vec());
    value.extend_from_slice(secret.expose());
    let mut value = HeaderValue::from_bytes(&value).ok()?;
    value.set_sensitive(true);
    Some(value)
}

/// Chance, from 0 to 1; a half where the system gives none.
fn chance() -> f64 {
    getrandom::u32().map_or(0.5, |bits| f64::from(bits) / f64::from(u32::MAX))
}
