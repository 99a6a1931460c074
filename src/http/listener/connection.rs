//! One connection from its hand-shake to its end: HTTP/1.1 or HTTP/2, within its limits, and an orderly end when the
//! service stops.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::http::{HeaderValue, Version, header};
use axum::response::Response;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio_rustls::TlsAcceptor;
use tower_service::Service as _;

use super::Settings;
use super::line::Line;
use super::watched::{Answer, Call, Watched};

/// How long a kept connection may still bring a call when the service stops. Whoever calls just then would lose the
/// call otherwise; its answer says that it is the last.
const LAST_CALL: Duration = Duration::from_secs(1);
/// How long a connection in which nothing is answered may take to say good-bye.
const GOOD_BYE: Duration = Duration::from_millis(50);
/// Calls at once on one HTTP/2 connection; Okta has 75 at most under way, in all.
const STREAMS: u32 = 128;
/// Streams that were reset and are still being cleared away, before the connection counts as an attack.
const RESET_STREAMS: usize = 32;
/// How much of bodies may be on its way unread, in bytes: for one call, and for a connection.
const STREAM_WINDOW: u32 = 64 * 1024;
const CONNECTION_WINDOW: u32 = 256 * 1024;
/// How often an HTTP/2 connection is asked for a sign of life while calls are open.
const PING: Duration = Duration::from_secs(20);
/// How long it has for that.
const PONG: Duration = Duration::from_secs(10);

/// What all connections of a listener have in common.
#[derive(Clone)]
pub(super) struct Protocol {
    http: auto::Builder<TokioExecutor>,
    tls: Option<TlsAcceptor>,
    router: Router,
}

impl Protocol {
    pub(super) fn new(settings: &Settings, tls: Option<TlsAcceptor>, router: Router) -> Self {
        let mut http = auto::Builder::new(TokioExecutor::new());
        // The time for a head is kept by the connection's line, which knows hand-shakes and idle times as well.
        http.http1().timer(TokioTimer::new()).header_read_timeout(None).max_buf_size(settings.head_bytes);
        http.http2()
            .timer(TokioTimer::new())
            .max_concurrent_streams(STREAMS)
            .max_pending_accept_reset_streams(RESET_STREAMS)
            .max_local_error_reset_streams(RESET_STREAMS)
            .max_header_list_size(u32::try_from(settings.head_bytes).unwrap_or(u32::MAX))
            .initial_stream_window_size(STREAM_WINDOW)
            .initial_connection_window_size(CONNECTION_WINDOW)
            .keep_alive_interval(PING)
            .keep_alive_timeout(PONG);
        Self { http, tls, router }
    }

    /// Carries a connection to its end. The reason, where we were the ones to end it.
    pub(super) async fn carry(
        &self,
        stream: TcpStream,
        line: Arc<Line>,
        stop: watch::Receiver<bool>,
    ) -> Option<&'static str> {
        // Answers are one small segment each: they must not wait for company.
        let _ = stream.set_nodelay(true);
        let carried = async {
            let Some(tls) = &self.tls else {
                self.speak(stream, &line, stop).await;
                return None;
            };
            let too_late = async {
                super::stopped(stop.clone()).await;
                tokio::time::sleep(LAST_CALL).await;
            };
            let shaken = tokio::select! {
                shaken = tls.accept(stream) => shaken,
                () = too_late => return None,
            };
            match shaken {
                Ok(stream) => {
                    self.speak(stream, &line, stop).await;
                    None
                }
                Err(_) => Some("TLS hand-shake"),
            }
        };
        tokio::select! {
            ended = carried => ended,
            why = line.overdue() => Some(why),
            () = line.must_make_room() => Some("made room"),
        }
    }

    async fn speak<S>(&self, stream: S, line: &Arc<Line>, stop: watch::Receiver<bool>)
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let stream = TokioIo::new(Watched { stream, line: Arc::clone(line) });
        let service = service_fn(|request| answer(self.router.clone(), Arc::clone(line), request));
        let mut connection = std::pin::pin!(self.http.serve_connection(stream, service));
        // Errors are the caller's: it went away, or spoke no HTTP and was told so.
        tokio::select! {
            _ = connection.as_mut() => return,
            () = super::stopped(stop) => {}
        }
        line.close_soon();
        if line.is_http2() {
            connection.as_mut().graceful_shutdown();
        }
        if tokio::time::timeout(LAST_CALL, connection.as_mut()).await.is_ok() {
            return;
        }
        connection.as_mut().graceful_shutdown();
        if line.is_answering() {
            let _ = connection.await;
        } else {
            let _ = tokio::time::timeout(GOOD_BYE, connection).await;
        }
    }
}

async fn answer(
    mut router: Router,
    line: Arc<Line>,
    request: Request<Incoming>,
) -> Result<Response<Answer>, Infallible> {
    let http2 = request.version() == Version::HTTP_2;
    let call = Call::begin(&line, http2);
    let mut response = router.call(request.map(Body::new)).await?;
    line.answered(response.status().is_success());
    if line.is_closing() && !http2 {
        response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    }
    Ok(response.map(|body| Answer { body, _call: call }))
}
