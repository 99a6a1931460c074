//! What the public paths have in common: a call is authenticated before its body is read, its body is bounded in size
//! and time and zeroed after use, and whoever is refused learns nothing but why.

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::body::{Body, BodyDataStream, HttpBody};
use axum::extract::Request;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::Response;
use futures_util::StreamExt;
use zeroize::Zeroizing;

use super::auth::{Auth, Refused};
use crate::decision::Metrics;

/// How much of a body that is too large is still read, in bytes.
const DISCARDED: usize = 256 * 1024;
/// For how long.
const DISCARDING: Duration = Duration::from_secs(2);

/// Why a call is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    NotAuthenticated(Refused),
    NotJson,
    /// Larger than so many bytes.
    TooLarge(usize),
    /// The body is not what it must be; the words say what it is not, and never quote it.
    Unreadable(&'static str),
    BodyTooSlow,
}

impl Refusal {
    pub(super) fn status(self) -> StatusCode {
        match self {
            // The caller may well be Okta, which sends a 503 once more.
            Self::NotAuthenticated(Refused::NoKeys) | Self::BodyTooSlow => StatusCode::SERVICE_UNAVAILABLE,
            Self::NotAuthenticated(_) => StatusCode::UNAUTHORIZED,
            Self::NotJson => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::TooLarge(_) => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Unreadable(_) => StatusCode::BAD_REQUEST,
        }
    }

    /// What the caller is told, unless it is a 503, and the log says.
    pub(super) fn words(self) -> String {
        match self {
            Self::NotAuthenticated(_) => "not authenticated".to_owned(),
            Self::NotJson => "the body must be application/json".to_owned(),
            Self::TooLarge(limit) => format!("the body is larger than {} KiB", limit / 1024),
            Self::Unreadable(words) => words.to_owned(),
            Self::BodyTooSlow => "the body did not arrive in time".to_owned(),
        }
    }

    /// Why a call was not let in: for the log, and not for the caller.
    fn why(self) -> Option<&'static str> {
        match self {
            Self::NotAuthenticated(why) => Some(why.words()),
            _ => None,
        }
    }

    /// The answer, and the line in the log. `busy` is the body of a 503.
    pub(super) fn answer(self, received: Instant, busy: &'static str) -> Response {
        tracing::warn!(
            status = self.status().as_u16(),
            reason = self.words(),
            why = self.why(),
            micros = micros(received.elapsed()),
            "refused"
        );
        let status = self.status();
        if status == StatusCode::SERVICE_UNAVAILABLE {
            error(status, busy)
        } else {
            error(status, &self.words())
        }
    }
}

/// Whether a call comes from Okta, by its head alone.
pub(super) async fn authenticate(
    auth: &Auth,
    headers: &HeaderMap,
    deadline: Instant,
    metrics: &Metrics,
) -> Result<(), Refusal> {
    auth.lets_in(headers, deadline).await.map_err(|why| not_authenticated(why, metrics))
}

/// Whether it comes from Okta, by the `source` of its payload.
pub(super) fn authenticate_source(
    auth: &Auth,
    source: Option<&str>,
    metrics: &Metrics,
) -> Result<(), Refusal> {
    auth.takes(source).map_err(|why| not_authenticated(why, metrics))
}

fn not_authenticated(why: Refused, metrics: &Metrics) -> Refusal {
    metrics.auth_refused(why.words());
    Refusal::NotAuthenticated(why)
}

/// The JSON body of an authenticated call, of `limit` bytes at most, in memory that is zeroed after use.
pub(super) async fn json_body(
    request: Request,
    limit: usize,
    deadline: Instant,
) -> Result<Zeroizing<Vec<u8>>, Refusal> {
    if !is_json(request.headers()) {
        return Err(Refusal::NotJson);
    }
    let body = read(request.into_body(), limit);
    tokio::time::timeout_at(deadline.into(), body).await.map_err(|_| Refusal::BodyTooSlow)?
}

/// A body of `limit` bytes at most, in memory that is zeroed after use. Whoever asks bounds the time.
pub(super) async fn read(body: Body, limit: usize) -> Result<Zeroizing<Vec<u8>>, Refusal> {
    let announced = usize::try_from(body.size_hint().lower()).unwrap_or(usize::MAX);
    if announced > limit {
        discard(body.into_data_stream());
        return Err(Refusal::TooLarge(limit));
    }
    // Room for all of it from the start: a vector that grows leaves copies behind.
    let mut read = Zeroizing::new(Vec::with_capacity(if announced == 0 { limit } else { announced }));
    let mut chunks = body.into_data_stream();
    while let Some(chunk) = chunks.next().await {
        let chunk = chunk.map_err(|_| Refusal::Unreadable("the body broke off"))?;
        if read.len() + chunk.len() > limit {
            discard(chunks);
            return Err(Refusal::TooLarge(limit));
        }
        read.extend_from_slice(&chunk);
    }
    Ok(read)
}

/// Reads on for a while behind the answer: a connection that is closed over unread bytes is reset, and with it goes the
/// answer that says what was wrong.
fn discard(mut chunks: BodyDataStream) {
    let discarding = async move {
        let mut discarded = 0;
        while discarded < DISCARDED
            && let Some(Ok(chunk)) = chunks.next().await
        {
            discarded += chunk.len();
        }
    };
    tokio::spawn(tokio::time::timeout(DISCARDING, discarding));
}

fn is_json(headers: &HeaderMap) -> bool {
    let value = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let essence = value.split(';').next().unwrap_or_default().trim();
    essence.eq_ignore_ascii_case("application/json")
}

/// The handler for whoever looks for something else: counted, and told nothing.
pub(super) fn elsewhere(
    metrics: &Arc<Metrics>,
    status: StatusCode,
) -> impl FnOnce() -> std::future::Ready<StatusCode> + Clone + Send + Sync + 'static {
    let metrics = Arc::clone(metrics);
    move || {
        tracing::debug!(status = status.as_u16(), "a request for what is not here");
        metrics.answered(status.as_u16());
        std::future::ready(status)
    }
}

/// An answer that says in Okta's way what is wrong.
pub(super) fn error(status: StatusCode, words: &str) -> Response {
    json(status, Body::from(serde_json::json!({"error": {"errorSummary": words}}).to_string()))
}

/// An answer in JSON that nobody may keep.
pub(super) fn json(status: StatusCode, body: Body) -> Response {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// An id that cannot break a log line, whatever came, cut to what a log can carry; Okta's have some thirty characters.
pub(super) fn plain_id(id: &str) -> String {
    let keep = |c: char| if c.is_ascii_alphanumeric() || "-_.@:".contains(c) { c } else { '?' };
    id.chars().take(ID_CHARACTERS).map(keep).collect()
}

const ID_CHARACTERS: usize = 64;

/// For the log.
pub(super) fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}

/// The line of a call that is dropped before its answer, as when its caller closes the connection: nothing else would
/// tell of it.
pub(super) struct GoneUnlessDone {
    received: Instant,
    done: bool,
}

impl GoneUnlessDone {
    pub(super) fn since(received: Instant) -> Self {
        Self { received, done: false }
    }

    pub(super) fn done(&mut self) {
        self.done = true;
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_cannot_break_a_log_line() {
        assert_eq!(plain_id("a\nb\u{1b}[31m\"c"), "a?b??31m?c");
        assert_eq!(plain_id(&"x".repeat(500)).len(), ID_CHARACTERS);
    }
}
