//! A relay in front of an org: it passes every call on, notes what was asked and answered, and can keep an answer back.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock};

use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, Method, StatusCode};
use axum::response::{IntoResponse, Response};
use tokio::net::TcpListener;
use tokio::sync::Notify;

/// Headers of one connection, which do not go on to the next.
const OF_THE_CONNECTION: [&str; 5] =
    ["connection", "content-length", "host", "keep-alive", "transfer-encoding"];
/// Far more than any call or answer of a test has.
const LONGEST: usize = 16 * 1024 * 1024;

/// The relay, until the test ends.
pub(crate) struct Relay {
    pub(crate) url: String,
    shared: Arc<Shared>,
}

/// One call and its answer.
#[derive(Clone, Debug)]
pub(crate) struct Exchange {
    pub(crate) method: Method,
    /// With its query.
    pub(crate) path: String,
    pub(crate) sent: Bytes,
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

struct Shared {
    client: reqwest::Client,
    /// Where paths that begin so lead; the first that fits counts.
    upstream: OnceLock<Vec<(String, String)>>,
    exchanges: Mutex<Vec<Exchange>>,
    /// Answers to creations until the one that is kept back; 0 where none is.
    until_kept: AtomicUsize,
    kept: Notify,
}

impl Relay {
    /// One that leads nowhere yet, so that its address is known before that of what stands behind it.
    pub(crate) async fn start() -> Self {
        let redirects = reqwest::redirect::Policy::none();
        let shared = Arc::new(Shared {
            client: reqwest::Client::builder().no_proxy().redirect(redirects).build().expect("a client"),
            upstream: OnceLock::new(),
            exchanges: Mutex::default(),
            until_kept: AtomicUsize::new(0),
            kept: Notify::new(),
        });
        let listener = TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0))).await.expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let router = Router::new().fallback(pass).with_state(Arc::clone(&shared));
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { url, shared }
    }

    /// Sets where paths lead, by how they begin.
    pub(crate) fn lead_to(&self, upstream: &[(&str, &str)]) {
        let upstream = upstream.iter().map(|(begin, url)| ((*begin).to_owned(), (*url).to_owned()));
        self.shared.upstream.set(upstream.collect()).expect("it leads nowhere yet");
    }

    pub(crate) fn exchanges(&self) -> Vec<Exchange> {
        self.shared.exchanges.lock().expect("nobody panicked here").clone()
    }

    /// The answer to one creation is never given, though the creation took place: to the `nth` from now on.
    pub(crate) fn keep_back(&self, nth: usize) {
        self.shared.until_kept.store(nth, Ordering::SeqCst);
    }

    /// Waits until an answer is being kept back.
    pub(crate) async fn kept(&self) {
        self.shared.kept.notified().await;
    }
}

async fn pass(State(shared): State<Arc<Shared>>, request: Request) -> Response {
    let (head, body) = request.into_parts();
    let sent = to_bytes(body, LONGEST).await.expect("a body that ends");
    let path = head.uri.path_and_query().map_or("/", |path| path.as_str()).to_owned();
    let upstream = shared.upstream.get().expect("it leads somewhere");
    let (_, upstream) = upstream.iter().find(|(begin, _)| path.starts_with(begin)).expect("a way for all");
    let call = shared
        .client
        .request(head.method.clone(), format!("{upstream}{path}"))
        .headers(without_connection(head.headers))
        .body(sent.clone());
    let answer = match call.send().await {
        Ok(answer) => answer,
        Err(error) => return (StatusCode::BAD_GATEWAY, error.to_string()).into_response(),
    };
    let (status, headers) = (answer.status(), without_connection(answer.headers().clone()));
    let Ok(body) = answer.bytes().await else { return StatusCode::BAD_GATEWAY.into_response() };
    if head.method == Method::POST && path.starts_with("/api/v1/users?") && shared.keeps_this() {
        shared.kept.notify_one();
        return std::future::pending().await;
    }
    let exchange =
        Exchange { method: head.method, path, sent, status, headers: headers.clone(), body: body.clone() };
    shared.exchanges.lock().expect("nobody panicked here").push(exchange);
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    *response.headers_mut() = headers;
    response
}

impl Shared {
    fn keeps_this(&self) -> bool {
        let counted = |left: usize| left.checked_sub(1);
        self.until_kept.fetch_update(Ordering::SeqCst, Ordering::SeqCst, counted) == Ok(1)
    }
}

fn without_connection(mut headers: HeaderMap) -> HeaderMap {
    for name in OF_THE_CONNECTION {
        headers.remove(name);
    }
    headers
}
