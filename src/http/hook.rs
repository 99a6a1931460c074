//! The hook's listener: one path, one method, and answers that tell a stranger nothing.

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::post;
use tower_http::catch_panic::CatchPanicLayer;

use super::auth::Auth;
use super::call::{
    GoneUnlessDone, Refusal, authenticate, authenticate_source, elsewhere, error, json, json_body, micros,
};
use super::contract::{self, HookCall, NotACall};
use crate::decision::{Attempt, Decided, Decider, Decision};

/// Okta's payload has some 2 KiB.
const BODY_LIMIT: usize = 64 * 1024;
/// What every 503 says, whatever the cause.
const UNAVAILABLE: &str = "the password cannot be checked now";

/// What the hook needs to answer.
#[derive(Debug)]
pub struct Hook {
    /// Who decides.
    pub decider: Arc<Decider>,
    /// What lets a call in.
    pub auth: Arc<Auth>,
    /// From the request's head to the answer.
    pub deadline: Duration,
    /// Whether answers carry the reason and the request id.
    pub debug_context: bool,
}

/// `POST` on the hook's path, 405 for other methods there, 404 for everything else.
pub fn hook_router(path: &str, hook: Arc<Hook>) -> Router {
    let metrics = Arc::clone(hook.decider.metrics());
    Router::new()
        .route(path, post(answer).fallback(elsewhere(&metrics, StatusCode::METHOD_NOT_ALLOWED)))
        .with_state(hook)
        .fallback(elsewhere(&metrics, StatusCode::NOT_FOUND))
        .layer(CatchPanicLayer::custom(|_: Box<dyn std::any::Any + Send>| unavailable()))
}

async fn answer(State(hook): State<Arc<Hook>>, request: Request) -> Response {
    let received = Instant::now();
    let mut gone = GoneUnlessDone::since(received);
    let response = match hook.call_of(request, received + hook.deadline).await {
        Ok(call) => hook.decide(call, received).await,
        Err(refusal) => refusal.answer(received, UNAVAILABLE),
    };
    gone.done();
    hook.decider.metrics().answered(response.status().as_u16());
    response
}

impl Hook {
    /// The call in a request: authenticated first, and only then read.
    async fn call_of(&self, request: Request, deadline: Instant) -> Result<HookCall, Refusal> {
        let metrics = self.decider.metrics();
        authenticate(&self.auth, request.headers(), deadline, metrics).await?;
        let body = json_body(request, BODY_LIMIT, deadline).await?;
        let call = contract::parse(&body).map_err(|wrong| {
            Refusal::Unreadable(match wrong {
                NotACall::Malformed => "the body is not a password import hook call",
                NotACall::WrongEventType => "eventType is not com.okta.user.credential.password.import",
            })
        })?;
        authenticate_source(&self.auth, call.source.as_deref(), metrics)?;
        Ok(call)
    }

    async fn decide(&self, call: HookCall, received: Instant) -> Response {
        let HookCall { username, password, request_id, source: _ } = call;
        let deadline = received + self.deadline;
        let decided = self.decider.decide(Attempt { username, password, received, deadline }).await;
        log(&decided, request_id.as_deref());
        match contract::answer(decided.decision, self.debug_context, request_id.as_deref()) {
            Ok(body) => json(StatusCode::OK, Body::from(body)),
            Err(_) => unavailable(),
        }
    }
}

/// The one line that each decided call leaves.
fn log(decided: &Decided, request_id: Option<&str>) {
    macro_rules! line {
        ($level:ident) => {
            tracing::$level!(
                outcome = decided.decision.outcome(),
                reason = decided.decision.reason(),
                scheme = decided.scheme.as_deref(),
                source = decided.source.as_deref(),
                micros = micros(decided.took),
                request_id,
                user = %decided.user,
                "sign-in"
            )
        };
    }
    if let Decision::Unavailable(_) = decided.decision { line!(warn) } else { line!(info) }
}

fn unavailable() -> Response {
    error(StatusCode::SERVICE_UNAVAILABLE, UNAVAILABLE)
}
