//! An imitation Okta org: users, groups and sign-in, as far as a migration touches them, with Okta's checks, error
//! codes and rate-limit headers, all in memory.
//!
//! Where Okta's documents leave something open, the org is strict, so that our own mistakes show. It never prints
//! a password, a hash or a token. It is no place for real users: it speaks plain HTTP and forgets everything.

mod answer;
mod channel;
mod deliveries;
mod error;
mod event_hooks;
mod events;
mod faults;
mod filter;
mod gate;
mod groups;
mod hook;
mod inline_hooks;
mod lifecycle;
mod line;
mod logs;
mod oauth;
mod page;
mod password;
mod people;
mod rate;
mod request;
mod sign_in;
mod traffic;
mod users;

use std::collections::BTreeMap;
use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use axum::Router;
use axum::extract::Request;
use axum::middleware::from_fn_with_state;
use axum::routing::{get, post, put};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use thiserror::Error;
use tokio::net::TcpListener;

use crate::secret::Secret;
use deliveries::Deliveries;
use error::ApiError;
use event_hooks::EventHooks;
use gate::{RequestId, gate};
use inline_hooks::InlineHooks;
use line::{Line, Lines};
use oauth::Tokens;
use people::People;
use rate::Limiter;
use traffic::Traffic;

pub use channel::HookEndpoint;
pub use deliveries::Counted as EventDeliveries;
pub use events::{EventResult, EventType, LogEvent, Outcome, Target};
pub use faults::{ClockSkew, Fault, FaultKind, Faults, FaultsError};
pub use oauth::ServiceApp;
pub use people::{Awaits, Status};
pub use rate::RateLimit;
pub use traffic::Calls;

/// Tells the time; tests hand in one that stands still.
pub type Clock = Arc<dyn Fn() -> SystemTime + Send + Sync>;

/// What an org is made of.
pub struct Settings {
    /// `http://127.0.0.1:8030`: how the org names itself in links and in `source`; no slash at the end.
    pub base_url: String,
    /// The API token that `Authorization: SSWS …` must carry.
    pub token: Secret,
    /// The rate limit of each bucket.
    pub rate: RateLimit,
    /// How long one call of the hook may take. Okta's is three seconds.
    pub hook_timeout: Duration,
    /// The time.
    pub clock: Clock,
    /// What goes wrong.
    pub faults: Faults,
    /// The most calls at once; more are refused with 429. Okta's is 35 to 75; none here unless asked for.
    pub max_concurrent: Option<u32>,
    /// The app that may get tokens by `private_key_jwt`; none unless asked for.
    pub service_app: Option<ServiceApp>,
}

impl Settings {
    /// Okta's own figures: 600 calls a minute, three seconds for the hook, the system's clock.
    pub fn new(base_url: String, token: Secret) -> Self {
        Self {
            base_url,
            token,
            rate: RateLimit::default(),
            hook_timeout: Duration::from_secs(3),
            clock: Arc::new(SystemTime::now),
            faults: Faults::default(),
            max_concurrent: None,
            service_app: None,
        }
    }
}

/// Why an org cannot be set up.
#[derive(Debug, Error)]
pub enum OrgError {
    /// The HTTP client that calls the hook cannot be made.
    #[error("the client that calls the hook cannot be made")]
    Client(#[source] reqwest::Error),
    /// The hook's address cannot be called from here.
    #[error("the hook's URL {0}")]
    HookUrl(&'static str),
    /// A header of the hook's is no header.
    #[error("the hook's header `{0}` is not a valid HTTP header")]
    HookHeader(String),
    /// The service app's key is no RSA key that this org reads.
    #[error("the service app's public key must be an RSA key in PEM: PUBLIC KEY, or RSA PUBLIC KEY")]
    PublicKey,
    /// Somebody who was to be in the org before cannot be.
    #[error("a user who was to be there before cannot be: {0}")]
    Existing(String),
    /// Serving failed.
    #[error("the imitation org cannot serve")]
    Serve(#[source] std::io::Error),
}

/// The org. Cloning gives another handle on the same one.
#[derive(Clone)]
pub struct Org(Arc<Inner>);

struct Inner {
    base_url: String,
    token: Secret,
    clock: Clock,
    client: reqwest::Client,
    max_concurrent: Option<u32>,
    faults: Mutex<Faults>,
    traffic: Traffic,
    limiter: Mutex<Limiter>,
    people: Mutex<People>,
    inline_hooks: Mutex<InlineHooks>,
    event_hooks: Mutex<EventHooks>,
    deliveries: Deliveries,
    service_app: Option<ServiceApp>,
    tokens: Mutex<Tokens>,
}

impl std::fmt::Debug for Org {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Org({})", self.0.base_url)
    }
}

impl Org {
    /// An empty org.
    pub fn new(settings: Settings) -> Result<Self, OrgError> {
        let client = hook::client(settings.hook_timeout).map_err(OrgError::Client)?;
        Ok(Self(Arc::new(Inner {
            base_url: settings.base_url,
            token: settings.token,
            clock: settings.clock,
            client,
            max_concurrent: settings.max_concurrent,
            faults: Mutex::new(settings.faults),
            traffic: Traffic::default(),
            limiter: Mutex::new(Limiter::new(settings.rate)),
            people: Mutex::new(People::default()),
            inline_hooks: Mutex::new(InlineHooks::default()),
            event_hooks: Mutex::new(EventHooks::default()),
            deliveries: Deliveries::new(),
            service_app: settings.service_app,
            tokens: Mutex::new(Tokens::default()),
        })))
    }

    /// Sets the password import inline hook; an org has one at most, so an earlier one goes.
    pub fn register_hook(&self, endpoint: HookEndpoint) {
        let now = answer::timestamp(self.now());
        locked(&self.0.inline_hooks).set_password_import(endpoint, now);
    }

    /// How often the hook was called for the user of this login, retries included; `None` for nobody.
    pub fn hook_calls(&self, login: &str) -> Option<u32> {
        locked(&self.0.people).by_login(login).map(|person| person.hook_calls)
    }

    /// Sets what goes wrong from now on; exact faults that have not happened yet are forgotten.
    pub fn set_faults(&self, faults: Faults) {
        *locked(&self.0.faults) = faults;
    }

    /// Exact faults that have not happened yet.
    pub fn faults_left(&self) -> usize {
        locked(&self.0.faults).next.len()
    }

    /// What came of all calls so far, by method and family of paths: `POST /api/v1/users/{id}`.
    pub fn calls(&self) -> BTreeMap<String, Calls> {
        self.0.traffic.calls()
    }

    /// The most calls that were ever under way at once, those refused for it among them.
    pub fn most_at_once(&self) -> u32 {
        self.0.traffic.most_at_once()
    }

    /// Everybody in the org, in any status.
    pub fn user_count(&self) -> usize {
        self.people().user_count()
    }

    /// Puts somebody into the org who was there before, in any status, by the body of a create-user request. Gives
    /// the id. They do not count as created.
    pub fn add_person(&self, body: &serde_json::Value, status: Status) -> Result<String, OrgError> {
        let refused = |error: ApiError| OrgError::Existing(error.to_string());
        let body = body.as_object().ok_or_else(|| refused(ApiError::malformed()))?;
        users::add(self, body, status).map_err(refused)
    }

    /// Has an enrolment policy make the members of this group, by its id, `PROVISIONED` when they are activated: they
    /// have to follow the link of a mail. An org has one such group here at most.
    pub fn enrol_by_mail(&self, group: Option<&str>) {
        self.people().enrolled_by_mail = group.map(str::to_owned);
    }

    /// How often a call created somebody of this login, whether they are still there or not. More than once is
    /// somebody created twice, unless they were deleted in between.
    pub fn creations(&self, login: &str) -> u32 {
        self.people().creations(login)
    }

    /// Everybody's login, and what their first sign-in waits for.
    pub fn awaited(&self) -> Vec<(String, Awaits)> {
        self.people()
            .after("")
            .map(|person| (person.attribute("login").to_owned(), person.awaits()))
            .collect()
    }

    /// The System Log so far, oldest first.
    pub fn events(&self) -> Vec<LogEvent> {
        locked(&self.0.people).log.all()
    }

    /// Writes an event about the user of this login into the System Log as if it had happened, at this time or now;
    /// false where there is no such user. Okta delivers events late and out of order, so a time may be given that is
    /// before those of earlier events.
    pub fn write_event(
        &self,
        what: EventType,
        login: &str,
        failure: Option<&'static str>,
        published: Option<SystemTime>,
    ) -> bool {
        let at = answer::timestamp(published.unwrap_or_else(|| self.now()));
        let id = self.people().by_login(login).map(|person| person.id.clone());
        id.is_some_and(|id| self.record(&at, &id, what, failure))
    }

    /// Ready when no delivery to an event hook is under way; those that wait to come out of order go at once.
    pub async fn deliveries_settled(&self) {
        self.0.deliveries.settled().await;
    }

    /// What became of the events that event hooks were to be sent.
    pub fn event_deliveries(&self) -> EventDeliveries {
        self.0.deliveries.counted()
    }

    /// Ends all tokens of the service app before their time.
    pub fn revoke_tokens(&self) {
        locked(&self.0.tokens).revoke();
    }

    /// How many tokens the service app has got that have not been revoked or replaced after their end.
    pub fn tokens(&self) -> usize {
        locked(&self.0.tokens).count()
    }

    /// The org's HTTP API.
    pub fn router(&self) -> Router {
        Router::new()
            .route("/api/v1/users", post(users::create).get(users::list))
            .route(
                "/api/v1/users/{id}",
                get(users::read).post(users::update).put(users::replace).delete(lifecycle::delete),
            )
            .route("/api/v1/users/{id}/groups", get(users::groups))
            .route("/api/v1/users/{id}/lifecycle/activate", post(lifecycle::activate))
            .route("/api/v1/users/{id}/lifecycle/deactivate", post(lifecycle::deactivate))
            .route("/api/v1/users/{id}/lifecycle/suspend", post(lifecycle::suspend))
            .route("/api/v1/users/{id}/lifecycle/unsuspend", post(lifecycle::unsuspend))
            .route("/api/v1/users/{id}/lifecycle/unlock", post(lifecycle::unlock))
            .route("/api/v1/users/{id}/lifecycle/expire_password", post(lifecycle::expire_password))
            .route("/api/v1/users/{id}/lifecycle/reset_password", post(lifecycle::reset_password))
            .route("/api/v1/groups", post(groups::create).get(groups::list))
            .route("/api/v1/groups/{id}", get(groups::read).delete(groups::delete))
            .route("/api/v1/groups/{id}/users", get(groups::members))
            .route("/api/v1/groups/{id}/users/{user}", put(groups::add).delete(groups::remove))
            .route("/api/v1/inlineHooks", get(inline_hooks::list).post(inline_hooks::create))
            .route(
                "/api/v1/inlineHooks/{id}",
                get(inline_hooks::read)
                    .post(inline_hooks::update)
                    .put(inline_hooks::replace)
                    .delete(inline_hooks::delete),
            )
            .route("/api/v1/inlineHooks/{id}/execute", post(inline_hooks::execute))
            .route("/api/v1/inlineHooks/{id}/lifecycle/activate", post(inline_hooks::activate))
            .route("/api/v1/inlineHooks/{id}/lifecycle/deactivate", post(inline_hooks::deactivate))
            .route("/api/v1/eventHooks", get(event_hooks::list).post(event_hooks::create))
            .route(
                "/api/v1/eventHooks/{id}",
                get(event_hooks::read).put(event_hooks::replace).delete(event_hooks::delete),
            )
            .route("/api/v1/eventHooks/{id}/lifecycle/verify", post(event_hooks::verify))
            .route("/api/v1/eventHooks/{id}/lifecycle/activate", post(event_hooks::activate))
            .route("/api/v1/eventHooks/{id}/lifecycle/deactivate", post(event_hooks::deactivate))
            .route(oauth::TOKEN_PATH, post(oauth::token))
            .route("/api/v1/logs", get(logs::list))
            .route("/api/v1/org", get(logs::org_settings))
            .route("/api/v1/authn", post(sign_in::authn))
            .fallback(|request: Request| async move { ApiError::not_found(request.uri().path(), "Endpoint") })
            .method_not_allowed_fallback(|| async { ApiError::method() })
            .layer(from_fn_with_state(self.clone(), gate))
            .with_state(self.clone())
    }

    /// Serves until `shutdown` is ready.
    pub async fn serve(
        &self,
        listener: TcpListener,
        shutdown: impl Future<Output = ()> + Send + 'static,
    ) -> Result<(), OrgError> {
        let service = self.router().into_make_service_with_connect_info::<Line>();
        let serving = axum::serve(Lines(listener), service).with_graceful_shutdown(shutdown);
        serving.await.map_err(OrgError::Serve)
    }

    fn now(&self) -> SystemTime {
        let now = (self.0.clock)();
        locked(&self.0.faults).skewed(now)
    }

    /// Okta's read-only mode: nothing can be stored.
    fn read_only(&self) -> bool {
        locked(&self.0.faults).read_only
    }

    /// Writes an event about a user into the System Log, and has it delivered; false where there is no such user.
    fn record(&self, at: &str, id: &str, what: EventType, failure: Option<&'static str>) -> bool {
        let event = self.people().record(at, id, what, failure);
        if let Some(event) = &event {
            self.deliver(event);
        }
        event.is_some()
    }

    fn search_lag(&self) -> Option<Duration> {
        locked(&self.0.faults).search_lag
    }

    fn people(&self) -> MutexGuard<'_, People> {
        locked(&self.0.people)
    }
}

/// 22 characters that nobody can guess; `None` where the system gives no randomness.
fn random_id() -> Option<String> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).ok()?;
    Some(URL_SAFE_NO_PAD.encode(bytes))
}

/// The content of a lock. A thread that panicked while it held one leaves whole values behind: each change is
/// made by plain assignments.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
