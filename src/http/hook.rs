//! The hook's listener: one path, one method, and answers that tell a stranger nothing.

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::{Body, HttpBody};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::Response;
use axum::routing::post;
use futures_util::StreamExt;
use tower_http::catch_panic::CatchPanicLayer;
use zeroize::Zeroizing;

use super::auth::{HeaderSecret, lets_in};
use super::contract::{self, HookCall, NotACall};
use crate::decision::{Attempt, Decided, Decider, Decision};

/// Okta's payload has some 2 KiB.
const BODY_LIMIT: usize = 64 * 1024;

/// What the hook needs to answer.
#[derive(Debug)]
pub struct Hook {
    /// Who decides.
    pub decider: Arc<Decider>,
    /// Any one of them lets a call in.
    pub secrets: Vec<HeaderSecret>,
    /// From the request's head to the answer.
    pub deadline: Duration,
    /// Whether answers carry the reason and the request id.
    pub debug_context: bool,
}

/// Why a call got no decision.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Refusal {
    NotAuthenticated,
    NotJson,
    TooLarge,
    Malformed,
    WrongEventType,
    BodyTooSlow,
}

impl Refusal {
    fn status(self) -> StatusCode {
        match self {
            Self::NotAuthenticated => StatusCode::UNAUTHORIZED,
            Self::NotJson => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Malformed | Self::WrongEventType => StatusCode::BAD_REQUEST,
            Self::BodyTooSlow => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    /// What the caller is told and the log says.
    fn words(self) -> &'static str {
        match self {
            Self::NotAuthenticated => "not authenticated",
            Self::NotJson => "the body must be application/json",
            Self::TooLarge => "the body is larger than 64 KiB",
            Self::Malformed => "the body is not a password import hook call",
            Self::WrongEventType => "eventType is not com.okta.user.credential.password.import",
            Self::BodyTooSlow => "the body did not arrive in time",
        }
    }
}

/// The public router: `POST` on the hook's path, 405 for other methods there, 404 for everything else.
pub fn hook_router(path: &str, hook: Arc<Hook>) -> Router {
    Router::new()
        .route(path, post(answer))
        .with_state(hook)
        .fallback(|| async { StatusCode::NOT_FOUND })
        .layer(CatchPanicLayer::custom(|_: Box<dyn std::any::Any + Send>| unavailable()))
}

async fn answer(State(hook): State<Arc<Hook>>, request: Request) -> Response {
    let received = Instant::now();
    let mut gone = GoneUnlessDone { received, done: false };
    let response = match hook.call_of(request, received + hook.deadline).await {
        Ok(call) => hook.decide(call, received).await,
        Err(refusal) => {
            tracing::warn!(
                status = refusal.status().as_u16(),
                reason = refusal.words(),
                micros = micros(received.elapsed()),
                "refused"
            );
            refused(refusal)
        }
    };
    gone.done = true;
    hook.decider.metrics().answered(response.status().as_u16());
    response
}

/// The line of a call that is dropped before its answer, as when its caller closes the connection: nothing else would
/// tell of it.
struct GoneUnlessDone {
    received: Instant,
    done: bool,
}

impl Drop for GoneUnlessDone {
    fn drop(&mut self) {
        // A panic is answered, and told where it happened.
        if !self.done && !std::thread::panicking() {
            tracing::warn!(
                micros = micros(self.received.elapsed()),
                "ended without an answer: the caller has gone, or the grace of a stop was over"
            );
        }
    }
}

impl Hook {
    /// The call in a request: authenticated first, and only then read.
    async fn call_of(&self, request: Request, deadline: Instant) -> Result<HookCall, Refusal> {
        if !lets_in(&self.secrets, request.headers()) {
            return Err(Refusal::NotAuthenticated);
        }
        if !is_json(request.headers()) {
            return Err(Refusal::NotJson);
        }
        let body = tokio::time::timeout_at(deadline.into(), read(request.into_body()));
        let body = body.await.map_err(|_| Refusal::BodyTooSlow)??;
        contract::parse(&body).map_err(|wrong| match wrong {
            NotACall::Malformed => Refusal::Malformed,
            NotACall::WrongEventType => Refusal::WrongEventType,
        })
    }

    async fn decide(&self, call: HookCall, received: Instant) -> Response {
        let HookCall { username, password, request_id } = call;
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

/// The whole body, in memory that is zeroed after use.
async fn read(body: Body) -> Result<Zeroizing<Vec<u8>>, Refusal> {
    let announced = body.size_hint().lower();
    if announced > BODY_LIMIT as u64 {
        return Err(Refusal::TooLarge);
    }
    // Room for all of it from the start: a vector that grows leaves copies behind.
    let mut read = Zeroizing::new(Vec::with_capacity(BODY_LIMIT.min(room(announced))));
    let mut chunks = body.into_data_stream();
    while let Some(chunk) = chunks.next().await {
        let chunk = chunk.map_err(|_| Refusal::Malformed)?;
        if read.len() + chunk.len() > BODY_LIMIT {
            return Err(Refusal::TooLarge);
        }
        read.extend_from_slice(&chunk);
    }
    Ok(read)
}

fn room(announced: u64) -> usize {
    if announced == 0 { BODY_LIMIT } else { usize::try_from(announced).unwrap_or(BODY_LIMIT) }
}

fn is_json(headers: &HeaderMap) -> bool {
    let value = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let essence = value.split(';').next().unwrap_or_default().trim();
    essence.eq_ignore_ascii_case("application/json")
}

fn refused(refusal: Refusal) -> Response {
    if refusal == Refusal::BodyTooSlow {
        return unavailable();
    }
    json(refusal.status(), Body::from(format!(r#"{{"error":{{"errorSummary":"{}"}}}}"#, refusal.words())))
}

/// Always the same body, whatever the cause.
fn unavailable() -> Response {
    let body = r#"{"error":{"errorSummary":"the password cannot be checked now"}}"#;
    json(StatusCode::SERVICE_UNAVAILABLE, Body::from(body))
}

fn json(status: StatusCode, body: Body) -> Response {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}
