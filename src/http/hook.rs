//! The hook's listener: one path, one method, and answers that tell a stranger nothing.

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderValue, StatusCode};
use axum::response::Response;
use axum::routing::post;
use tower_http::catch_panic::CatchPanicLayer;

use super::auth::Auth;
use super::call::{
    GoneUnlessDone, Refusal, authenticate, authenticate_source, elsewhere, error, json, json_body, micros,
};
use super::contract::{self, HookCall, NotACall};
use super::record::{Draft, Record};
use crate::decision::{Attempt, Decided, Decider, Decision, Stages};
use crate::telemetry::{Stage, TracedCall, Traces};

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
    /// Keeps what comes in, where that is asked for.
    pub record: Option<Arc<Record>>,
    /// Sends traces, where a collector is configured.
    pub traces: Option<Arc<Traces>>,
}

/// A call that was let in, with what is to be remembered of it.
struct Taken {
    call: HookCall,
    draft: Option<Draft>,
    authenticated: Instant,
    /// The trace that it came with.
    parent: Option<HeaderValue>,
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
    let response = match hook.call_of(request, received).await {
        Ok(taken) => hook.decide(taken, received).await,
        Err(refusal) => refusal.answer(received, UNAVAILABLE),
    };
    gone.done();
    hook.decider.answered(response.status().as_u16());
    response
}

impl Hook {
    /// The call in a request: authenticated first, and only then read.
    async fn call_of(&self, request: Request, received: Instant) -> Result<Taken, Refusal> {
        let (metrics, deadline) = (self.decider.metrics(), received + self.deadline);
        authenticate(&self.auth, request.headers(), deadline, metrics).await?;
        let authenticated = Instant::now();
        let parent = self.traces.as_ref().and_then(|_| request.headers().get("traceparent")).cloned();
        let body = json_body(request, BODY_LIMIT, deadline).await?;
        let call = contract::parse(&body).map_err(|wrong| {
            Refusal::Unreadable(match wrong {
                NotACall::Malformed => "the body is not a password import hook call",
                NotACall::WrongEventType => "eventType is not com.okta.user.credential.password.import",
            })
        })?;
        authenticate_source(&self.auth, call.source.as_deref(), metrics)?;
        let draft = self.record.as_ref().and_then(|record| record.draft(&body));
        Ok(Taken { call, draft, authenticated, parent })
    }

    async fn decide(&self, taken: Taken, received: Instant) -> Response {
        let Taken { call, draft, authenticated, parent } = taken;
        let HookCall { username, password, address, request_id, source: _ } = call;
        let deadline = received + self.deadline;
        let decided = self.decider.decide(Attempt { username, password, address, received, deadline }).await;
        log(&decided, request_id.as_deref());
        if let Some((record, draft)) = self.record.as_ref().zip(draft) {
            record.keep(draft, decided.decision);
        }
        let response = match contract::answer(decided.decision, self.debug_context, request_id.as_deref()) {
            Ok(body) => json(StatusCode::OK, Body::from(body)),
            Err(_) => unavailable(),
        };
        if let Some(traces) = &self.traces {
            trace(traces, &decided, [received, authenticated], parent.as_ref(), response.status());
        }
        response
    }
}

/// The trace of a call: what it waited for, one behind the other.
fn trace(
    traces: &Traces,
    decided: &Decided,
    [received, authenticated]: [Instant; 2],
    parent: Option<&HeaderValue>,
    status: StatusCode,
) {
    let Stages { began, located, verified, judged, recorded } = decided.stages;
    let stage = |name, from, to| Stage { name, from, to };
    let mut stages = vec![
        stage("authenticate", received, authenticated),
        stage("read", authenticated, began),
        stage("lookup", began, located),
    ];
    if let Some((waited, took)) = verified {
        stages.push(stage("wait", located, located + waited));
        stages.push(stage("verify", located + waited, located + waited + took));
    }
    stages.push(stage("record", judged, recorded));
    traces.call(&TracedCall {
        from: received,
        to: Instant::now(),
        parent: parent.and_then(|value| value.to_str().ok()),
        stages: &stages,
        status: status.as_u16(),
        outcome: decided.decision.outcome(),
        reason: decided.decision.reason(),
        scheme: decided.scheme.as_deref(),
        source: decided.source.as_deref(),
    });
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
