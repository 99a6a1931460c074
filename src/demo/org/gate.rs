//! What comes before and after every answer: the count, the faults, the rate limit, the token, and the headers.

use std::time::{Duration, SystemTime};

use axum::body::{Body, Bytes};
use axum::extract::{ConnectInfo, FromRequestParts as _, Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::error::ApiError;
use super::faults::FaultKind;
use super::line::Line;
use super::oauth::{Grant, TOKEN_PATH};
use super::rate::Standing;
use super::traffic::{End, UnderWay, family};
use super::{Org, answer, locked, random_id};

/// The longest body that is read, in bytes.
const LONGEST_BODY: usize = 2 * 1024 * 1024;
/// Okta gives no use for `X-Rate-Limit-Reset` where too many calls come at once; this is what stands there.
const CONCURRENCY_RESET: Duration = Duration::from_secs(1);

/// `X-Okta-Request-Id` of the call being answered.
#[derive(Clone)]
pub(super) struct RequestId(pub(super) String);

pub(super) async fn gate(State(org): State<Org>, request: Request, next: Next) -> Response {
    let (mut head, body) = request.into_parts();
    let line = ConnectInfo::<Line>::from_request_parts(&mut head, &()).await.ok().map(|info| info.0);
    let request = Request::from_parts(head, body);

    let path = request.uri().path().to_owned();
    let family = family(&path);
    let under_way = org.0.traffic.begin(request.method().as_str(), &family);
    let now = org.now();
    if org.0.max_concurrent.is_some_and(|most| under_way.at_once > most) {
        return too_many_at_once(&org, now).finished(under_way, End::TooManyAtOnce);
    }
    let mut standing = locked(&org.0.limiter).take(&path, now);
    if !standing.allowed {
        return answered(&org, ApiError::rate_limited(), &standing).finished(under_way, End::Answered(429));
    }
    let fault = locked(&org.0.faults).take(under_way.number, request.method().as_str(), &path, &family);
    match fault {
        Some(FaultKind::ServerError) => {
            return answered(&org, ApiError::internal(), &standing).finished(under_way, End::Answered(500));
        }
        Some(FaultKind::ResetBefore) => return broken(line.as_ref()).finished(under_way, End::Broken),
        Some(FaultKind::Concurrency) => {
            return too_many_at_once(&org, now).finished(under_way, End::TooManyAtOnce);
        }
        Some(FaultKind::RateLimit(reset)) => {
            standing.remaining = 0;
            if let Some(after) = reset {
                standing.reset = super::rate::epoch_seconds(now + after);
            }
            return answered(&org, ApiError::rate_limited(), &standing)
                .finished(under_way, End::Answered(429));
        }
        _ => {}
    }

    let response = match fault {
        Some(FaultKind::SlowBefore(time)) => late(&org, request, next, &standing, time).await,
        _ => pass(&org, request, next, &standing).await,
    };
    match fault {
        Some(FaultKind::ServerErrorAfter) => {
            answered(&org, ApiError::internal(), &standing).finished(under_way, End::Answered(500))
        }
        Some(FaultKind::ResetAfter) => broken(line.as_ref()).finished(under_way, End::Broken),
        Some(FaultKind::Slow(time)) => {
            tokio::time::sleep(time).await;
            let status = response.status().as_u16();
            response.finished(under_way, End::Answered(status))
        }
        _ => {
            let status = response.status().as_u16();
            response.finished(under_way, End::Answered(status))
        }
    }
}

/// Counts a call as it ends, by the answer that goes out.
trait Finished {
    fn finished(self, under_way: UnderWay<'_>, end: End) -> Response;
}

impl Finished for Response {
    fn finished(self, under_way: UnderWay<'_>, end: End) -> Response {
        under_way.end(&end);
        self
    }
}

/// The way of a call that no fault stopped.
async fn pass(org: &Org, mut request: Request, next: Next, standing: &Standing) -> Response {
    let id = random_id().unwrap_or_default();
    let may = if public(request.uri().path()) { Ok(()) } else { authorize(org, &request) };
    let mut response = if let Err(refused) = may {
        refused.into_response()
    } else if locked(&org.0.faults).read_only && writes(request.method(), request.uri().path()) {
        ApiError::read_only().into_response()
    } else {
        request.extensions_mut().insert(RequestId(id.clone()));
        next.run(request).await
    };
    dress(response.headers_mut(), standing, org.now(), &id);
    response
}

/// Does it later, whether the caller is still there or not: a call that was given up may take effect after the
/// caller has looked whether it did.
async fn late(org: &Org, request: Request, next: Next, standing: &Standing, time: Duration) -> Response {
    let (head, body) = request.into_parts();
    let Ok(body) = axum::body::to_bytes(body, LONGEST_BODY).await else {
        return answered(org, ApiError::malformed(), standing);
    };
    let request = Request::from_parts(head, Body::from(body));
    let (owner, standing) = (org.clone(), *standing);
    let call = tokio::spawn(async move {
        tokio::time::sleep(time).await;
        pass(&owner, request, next, &standing).await
    });
    call.await.unwrap_or_else(|_| answered(org, ApiError::internal(), &standing))
}

fn answered(org: &Org, error: ApiError, standing: &Standing) -> Response {
    let mut response = error.into_response();
    dress(response.headers_mut(), standing, org.now(), &random_id().unwrap_or_default());
    response
}

/// 429 with Limit and Remaining 0, as Okta marks its limit of calls at once.
fn too_many_at_once(org: &Org, now: SystemTime) -> Response {
    let reset = super::rate::epoch_seconds(now + CONCURRENCY_RESET);
    answered(org, ApiError::rate_limited(), &Standing { limit: 0, remaining: 0, reset, allowed: false })
}

/// Nothing that a caller could read. Where the connection is not one of ours, a body that breaks off does it.
fn broken(line: Option<&Line>) -> Response {
    if let Some(line) = line {
        line.cut();
    }
    let nothing = futures_util::stream::once(async {
        Err::<Bytes, std::io::Error>(std::io::ErrorKind::ConnectionReset.into())
    });
    (StatusCode::INTERNAL_SERVER_ERROR, Body::from_stream(nothing)).into_response()
}

/// Paths that need no token.
fn public(path: &str) -> bool {
    path == "/api/v1/authn" || path == TOKEN_PATH
}

/// Whether read-only mode stops it. Signing in and getting tokens goes on, says Okta's help.
fn writes(method: &Method, path: &str) -> bool {
    method != Method::GET && method != Method::HEAD && !public(path) && !path.ends_with("/execute")
}

/// Whether the caller may: by the API token, or by a token of the service app's with the scope.
fn authorize(org: &Org, request: &Request) -> Result<(), ApiError> {
    let header = request.headers().get(header::AUTHORIZATION).map_or(&b""[..], HeaderValue::as_bytes);
    if let Some(token) = header.strip_prefix(b"SSWS ") {
        return if org.0.token.matches(token) { Ok(()) } else { Err(ApiError::invalid_token()) };
    }
    let token = header.strip_prefix(b"Bearer ").and_then(|token| std::str::from_utf8(token).ok());
    let token = token.ok_or_else(ApiError::invalid_token)?;
    match locked(&org.0.tokens).grant(token, request.method(), request.uri().path(), org.now()) {
        Grant::Open => Ok(()),
        Grant::Unknown => Err(ApiError::invalid_token()),
        Grant::Scope => Err(ApiError::access_denied()),
    }
}

fn dress(headers: &mut HeaderMap, standing: &Standing, now: SystemTime, id: &str) {
    headers.insert(HeaderName::from_static("x-rate-limit-limit"), standing.limit.into());
    headers.insert(HeaderName::from_static("x-rate-limit-remaining"), standing.remaining.into());
    headers.insert(HeaderName::from_static("x-rate-limit-reset"), standing.reset.into());
    let texts =
        [(header::DATE, answer::http_date(now)), (HeaderName::from_static("x-okta-request-id"), id.into())];
    for (name, text) in texts {
        if let Ok(value) = HeaderValue::try_from(text) {
            headers.insert(name, value);
        }
    }
}
