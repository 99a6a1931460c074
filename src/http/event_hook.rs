//! The path of Okta's event hook: proves once to Okta that it listens, and moves the users whose passwords arrived in
//! Okta to *confirmed* in the ledger.
//!
//! 200 only when the ledger has it all. Whatever fails is 503, which Okta sends once more, and `keyferry reconcile`
//! brings what was lost. It must never disturb a sign-in: it has no part in the recorder's queue, and few deliveries
//! are in hand at a time.

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use axum::routing::get;
use tokio::sync::Semaphore;
use tower_http::catch_panic::CatchPanicLayer;

use super::auth::Auth;
use super::call::{
    GoneUnlessDone, Refusal, authenticate, authenticate_source, elsewhere, error, json, json_body, micros,
};
use super::event_contract::{self, Delivery, NotADelivery};
use crate::decision::Metrics;
use crate::ledger::{Arrival, Confirmed, LedgerError, Recorder};
use crate::okta::logs::LogEvent;

/// Okta puts events of a short time together, some 2 KiB each, and documents no bound.
const BODY_LIMIT: usize = 1024 * 1024;
/// Deliveries that may be read and written at a time; others wait within their deadline.
const AT_ONCE: usize = 4;
/// What every 503 says, whatever the cause.
const UNAVAILABLE: &str = "the events cannot be taken now";
/// The header of Okta's one-time verification.
const CHALLENGE: &str = "x-okta-verification-challenge";

/// What the event hook needs to answer.
#[derive(Debug)]
pub struct EventHook {
    /// Who holds the ledger, and finds it again when it was away.
    recorder: Recorder,
    metrics: Arc<Metrics>,
    auth: Arc<Auth>,
    deadline: Duration,
    places: Semaphore,
}

/// `GET` for the verification and `POST` for deliveries on the event hook's path, 405 for other methods there. To be
/// merged with the hook's router.
pub fn event_hook_router(path: &str, hook: Arc<EventHook>) -> Router {
    let not_allowed = elsewhere(&hook.metrics, StatusCode::METHOD_NOT_ALLOWED);
    Router::new()
        .route(path, get(verify).post(deliver).fallback(not_allowed))
        .with_state(hook)
        .layer(CatchPanicLayer::custom(|_: Box<dyn std::any::Any + Send>| unavailable()))
}

/// Okta sends the configured header with every request, so the verification must carry it too: a secret that is
/// wrong in Okta is then found here, and not by deliveries that are refused for ever.
async fn verify(State(hook): State<Arc<EventHook>>, request: Request) -> Response {
    let received = Instant::now();
    let authenticated =
        authenticate(&hook.auth, request.headers(), received + hook.deadline, &hook.metrics).await;
    match authenticated.and_then(|()| challenge(request.headers())) {
        Ok(body) => {
            tracing::info!("Okta's event hook is verified");
            json(StatusCode::OK, Body::from(body))
        }
        Err(refusal) => refusal.answer(received, UNAVAILABLE),
    }
}

async fn deliver(State(hook): State<Arc<EventHook>>, request: Request) -> Response {
    let received = Instant::now();
    let mut gone = GoneUnlessDone::since(received);
    let response = hook.take(request, received).await;
    gone.done();
    hook.metrics.delivered(response.status().as_u16());
    response
}

impl EventHook {
    /// `auth` is what lets a call in; `deadline` is from the request's head to the answer.
    pub fn new(recorder: Recorder, metrics: Arc<Metrics>, auth: Arc<Auth>, deadline: Duration) -> Self {
        Self { recorder, metrics, auth, deadline, places: Semaphore::new(AT_ONCE) }
    }

    async fn take(&self, request: Request, received: Instant) -> Response {
        let deadline = received + self.deadline;
        if let Err(refusal) = authenticate(&self.auth, request.headers(), deadline, &self.metrics).await {
            return refusal.answer(received, UNAVAILABLE);
        }
        let Ok(Ok(_place)) = tokio::time::timeout_at(deadline.into(), self.places.acquire()).await else {
            tracing::warn!("too many deliveries of Okta's event hook at once; Okta is asked to try again");
            return unavailable();
        };
        let delivery = match self.delivery_of(request, deadline).await {
            Ok(delivery) => delivery,
            Err(refusal) => return refusal.answer(received, UNAVAILABLE),
        };
        let confirmed = tokio::time::timeout_at(deadline.into(), self.confirm(&delivery.imports)).await;
        match confirmed.unwrap_or(Err(LedgerError::TimedOut(self.deadline.as_secs()))) {
            Ok(confirmed) => {
                self.told(&delivery, confirmed, received);
                Response::new(Body::empty())
            }
            Err(error) => {
                tracing::warn!(
                    delivery = delivery.id,
                    imports = delivery.imports.len(),
                    error = error.kind(),
                    micros = micros(received.elapsed()),
                    "the ledger cannot take Okta's events; Okta is asked to try again, and `keyferry reconcile` \
                     brings what it does not send again"
                );
                unavailable()
            }
        }
    }

    async fn delivery_of(&self, request: Request, deadline: Instant) -> Result<Delivery, Refusal> {
        let body = json_body(request, BODY_LIMIT, deadline).await?;
        let delivery = event_contract::parse(&body).map_err(|wrong| {
            Refusal::Unreadable(match wrong {
                NotADelivery::Malformed => "the body is not a delivery of an event hook",
                NotADelivery::WrongEventType => "eventType is not com.okta.event_hook",
            })
        })?;
        authenticate_source(&self.auth, delivery.source.as_deref(), &self.metrics)?;
        Ok(delivery)
    }

    /// Writes the successes to the ledger. What is there already is not written again, so all of it may be repeated.
    async fn confirm(&self, imports: &[LogEvent]) -> Result<Confirmed, LedgerError> {
        let arrivals: Vec<Arrival<'_>> = imports
            .iter()
            .filter(|event| event.success)
            .map(|event| Arrival {
                okta_id: event.user_id.as_deref(),
                login: event.user_login.as_deref(),
                success: true,
                at: event.published,
                event: &event.uuid,
            })
            .collect();
        if arrivals.is_empty() {
            return Ok(Confirmed::default());
        }
        match self.recorder.ledger() {
            Some(ledger) => ledger.confirm(&arrivals).await,
            None => Err(LedgerError::Unreachable("not connected".to_owned())),
        }
    }

    /// The one line that a delivery leaves, and its counts.
    fn told(&self, delivery: &Delivery, confirmed: Confirmed, received: Instant) {
        let failed = delivery.imports.iter().filter(|event| !event.success).count() as u64;
        let known = confirmed.known.saturating_sub(confirmed.changed);
        for (outcome, events) in [
            ("confirmed", confirmed.changed),
            ("known", known),
            ("unknown user", confirmed.unknown),
            ("failure", failed),
            ("ignored", delivery.ignored),
            ("unreadable", delivery.unreadable),
        ] {
            self.metrics.events(outcome, events);
        }
        tracing::info!(
            delivery = delivery.id,
            confirmed = confirmed.changed,
            known,
            unknown_users = confirmed.unknown,
            failed,
            ignored = delivery.ignored,
            unreadable = delivery.unreadable,
            micros = micros(received.elapsed()),
            "events"
        );
    }
}

fn challenge(headers: &HeaderMap) -> Result<Vec<u8>, Refusal> {
    let mut values = headers.get_all(CHALLENGE).iter();
    let challenge = match (values.next(), values.next()) {
        (Some(value), None) => event_contract::verification(value.as_bytes()),
        _ => None,
    };
    challenge.ok_or(Refusal::Unreadable("X-Okta-Verification-Challenge is not one printable text"))
}

fn unavailable() -> Response {
    error(StatusCode::SERVICE_UNAVAILABLE, UNAVAILABLE)
}
