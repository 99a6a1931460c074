//! The dashboard on the private listener: one page, its state as JSON, and the same as server-sent events. Shows counts
//! and words from closed sets, never a person; changes nothing.
//!
//! The page is embedded and takes nothing from elsewhere. `state.rs` says what is shown, `feed.rs` when it is asked for,
//! `access.rs` who may look.

mod access;
mod feed;
mod headline;
mod state;
mod words;

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use tokio::sync::watch;

use super::call;
use crate::decision::Decider;
use crate::secret::Secret;
use access::{Access, Entry};
use feed::Feed;

const PAGE: &str = include_str!("page.html");
const SIGN_IN: &str = include_str!("sign_in.html");
const STYLE: &str = include_str!("page.css");
const SCRIPT: &str = include_str!("page.js");
const CHARTS: &str = include_str!("charts.js");
const ICON: &str = include_str!("icon.svg");

/// Bytes of a sign-in form.
const FORM_LIMIT: usize = 4 * 1024;
/// Until such a form is there.
const FORM_PATIENCE: Duration = Duration::from_secs(5);
const WRONG: &str = "<p class=\"refused\" role=\"alert\">This is not the token. It is the one in \
                     <code>[server.dashboard]</code> of <code>keyferry.toml</code>.</p>";
const WAIT: &str = "<p class=\"refused\" role=\"alert\">Too many wrong tokens. Wait for half a minute, then try \
                    again.</p>";

/// What every answer carries: nothing from elsewhere, nothing in a frame, nothing kept.
const HEADERS: [(HeaderName, &str); 6] = [
    (
        header::CONTENT_SECURITY_POLICY,
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; \
         base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
    ),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::X_FRAME_OPTIONS, "DENY"),
    (header::REFERRER_POLICY, "no-referrer"),
    (header::CACHE_CONTROL, "no-store"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
];

/// Who may look at the dashboard, and what it is held against.
#[derive(Debug)]
pub struct DashboardSettings {
    /// Lets in whoever knows it; without one everybody who reaches the listener, if that is private.
    pub token: Option<Secret>,
    /// Where the private listener is.
    pub listen: SocketAddr,
    /// Until a sign-in is answered.
    pub deadline: Duration,
}

struct Dashboard {
    access: Access,
    feed: Arc<Feed>,
}

/// `/` and what belongs to it. What it shows is gathered until `stopped`, and only while somebody looks; streams of events
/// end then, too. Needs a tokio runtime.
pub fn dashboard_router(
    decider: Arc<Decider>,
    settings: DashboardSettings,
    stopped: watch::Receiver<bool>,
) -> Router {
    let DashboardSettings { token, listen, deadline } = settings;
    if token.is_none() && !is_private(listen.ip()) {
        return switched_off(listen);
    }
    let ending = stopped.clone();
    let events = async move |State(dashboard): State<Arc<Dashboard>>| events(&dashboard, ending.clone());
    let feed = Arc::new(Feed::new(decider, deadline, token.is_some()));
    tokio::spawn(Arc::clone(&feed).gather(stopped));
    let dashboard = Arc::new(Dashboard { access: Access::new(token), feed });
    let looking = Router::new()
        .route("/", get(page))
        .route("/dashboard/state", get(state_now))
        .route("/dashboard/events", get(events))
        .route_layer(middleware::from_fn_with_state(Arc::clone(&dashboard), let_in));
    Router::new()
        .merge(looking)
        .route("/dashboard.css", get(async || text("text/css; charset=utf-8", STYLE)))
        .route("/dashboard.js", get(async || text("text/javascript; charset=utf-8", SCRIPT)))
        .route("/dashboard-charts.js", get(async || text("text/javascript; charset=utf-8", CHARTS)))
        .route("/dashboard.svg", get(async || text("image/svg+xml", ICON)))
        .route("/dashboard/sign-in", post(sign_in))
        .route("/dashboard/sign-out", post(sign_out))
        .layer(middleware::from_fn_with_state(Arc::clone(&dashboard), guard))
        .with_state(dashboard)
}

/// In its place where everybody could look.
fn switched_off(listen: SocketAddr) -> Router {
    tracing::info!(%listen, "the dashboard is off: others may reach this address, and no token is set");
    let words: Arc<str> = Arc::from(format!(
        "The dashboard is off: this listener is on {listen}, which others may reach, and no token is set.\n\n\
         Either set one in keyferry.toml, and sign in with it:\n\n    \
         [server.dashboard]\n    token = \"env:KEYFERRY_DASHBOARD_TOKEN\"\n\n\
         or let `server.private_listen` be an address of this machine or of a private network.\n"
    ));
    let answer = async move || {
        let mut response = (StatusCode::FORBIDDEN, words.to_string()).into_response();
        seal(response.headers_mut());
        response
    };
    Router::new().route("/", get(answer))
}

/// Whether an address can only be reached from this machine or a private network. `0.0.0.0` is every address there is.
fn is_private(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(address) => address.is_loopback() || address.is_private() || address.is_link_local(),
        IpAddr::V6(address) => {
            address.is_loopback() || address.is_unique_local() || address.is_unicast_link_local()
        }
    }
}

/// For all that belongs to the dashboard: is it asked for by a name that can be ours, and from our own page?
async fn guard(State(dashboard): State<Arc<Dashboard>>, request: Request, next: Next) -> Response {
    let mut response = if !dashboard.access.host_fits(request.headers()) {
        let words = "This name is not known here. Ask by an IP address or `localhost`, or set a token in \
                     [server.dashboard], with which any name will do.\n";
        (StatusCode::MISDIRECTED_REQUEST, words).into_response()
    } else if request.method() == Method::POST && !access::from_here(request.headers()) {
        (StatusCode::FORBIDDEN, "This form was not sent from here.\n").into_response()
    } else {
        next.run(request).await
    };
    seal(response.headers_mut());
    response
}

/// For what only those may see who have signed in.
async fn let_in(State(dashboard): State<Arc<Dashboard>>, request: Request, next: Next) -> Response {
    match dashboard.access.entry(request.headers(), Instant::now()) {
        Entry::Open => next.run(request).await,
        Entry::Wait(pause) => too_many(pause),
        Entry::Closed if request.uri().path() == "/" => sign_in_page(StatusCode::UNAUTHORIZED, ""),
        Entry::Closed => (StatusCode::UNAUTHORIZED, "Sign in first.\n").into_response(),
    }
}

fn seal(headers: &mut HeaderMap) {
    for (name, value) in HEADERS {
        headers.insert(name, HeaderValue::from_static(value));
    }
}

async fn page() -> Response {
    text("text/html; charset=utf-8", PAGE)
}

fn text(kind: &'static str, text: &'static str) -> Response {
    ([(header::CONTENT_TYPE, kind)], text).into_response()
}

async fn state_now(State(dashboard): State<Arc<Dashboard>>) -> Response {
    call::json(StatusCode::OK, Body::from(dashboard.feed.fresh().await))
}

fn events(dashboard: &Dashboard, stopped: watch::Receiver<bool>) -> Response {
    if let Some(events) = dashboard.feed.watch(stopped) {
        // For nginx, which would keep them back.
        return ([("x-accel-buffering", "no")], events).into_response();
    }
    let words = "Too many watch already. Close another window.\n";
    (StatusCode::SERVICE_UNAVAILABLE, [(header::RETRY_AFTER, "30")], words).into_response()
}

async fn sign_in(State(dashboard): State<Arc<Dashboard>>, request: Request) -> Response {
    let form = tokio::time::timeout(FORM_PATIENCE, call::read(request.into_body(), FORM_LIMIT)).await;
    let Ok(Ok(form)) = form else {
        return (StatusCode::BAD_REQUEST, "The form did not arrive.\n").into_response();
    };
    let token = form_urlencoded::parse(&form).find(|(name, _)| name == "token");
    let token = Secret::from(token.map(|(_, token)| token.into_owned()).unwrap_or_default());
    match dashboard.access.sign_in(&token, Instant::now()) {
        Ok(cookie) => ([(header::SET_COOKIE, cookie)], to_page()).into_response(),
        Err(Entry::Wait(pause)) => too_many(pause),
        Err(_) => sign_in_page(StatusCode::UNAUTHORIZED, WRONG),
    }
}

async fn sign_out(State(dashboard): State<Arc<Dashboard>>, headers: HeaderMap) -> Response {
    ([(header::SET_COOKIE, dashboard.access.sign_out(&headers))], to_page()).into_response()
}

fn to_page() -> Response {
    (StatusCode::SEE_OTHER, [(header::LOCATION, "/")]).into_response()
}

fn too_many(pause: Duration) -> Response {
    let mut response = sign_in_page(StatusCode::TOO_MANY_REQUESTS, WAIT);
    response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(pause.as_secs() + 1));
    response
}

fn sign_in_page(status: StatusCode, notice: &'static str) -> Response {
    let page = SIGN_IN.replace("<!-- notice -->", notice);
    (status, [(header::CONTENT_TYPE, "text/html; charset=utf-8")], page).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_addresses_of_this_machine_or_a_private_network_are_private() {
        for address in ["127.0.0.1", "10.1.2.3", "192.168.0.9", "172.16.0.1", "169.254.1.1", "::1", "fd00::1"]
        {
            assert!(is_private(address.parse().unwrap()), "{address}");
        }
        for address in
            ["0.0.0.0", "::", "8.8.8.8", "172.32.0.1", "2001:db8::1", "::ffff:8.8.8.8", "100.64.0.1"]
        {
            assert!(!is_private(address.parse().unwrap()), "{address}");
        }
    }

    #[test]
    fn the_page_brings_nothing_that_its_policy_forbids() {
        let script = "<script type=\"module\" src=\"/dashboard.js\"></script>";
        for page in [PAGE, SIGN_IN] {
            for forbidden in ["<style", " style=", "onclick", "onload", "http:", "https:"] {
                assert!(!page.contains(forbidden), "{forbidden}");
            }
            assert_eq!(page.matches("<script").count(), page.matches(script).count());
        }
        for script in [SCRIPT, CHARTS] {
            let script = script.replace("http://www.w3.org/2000/svg", "");
            for forbidden in ["innerHTML", "outerHTML", "insertAdjacent", "document.write", "eval(", "http:"]
            {
                assert!(!script.contains(forbidden), "{forbidden}");
            }
        }
        assert!(!STYLE.contains("url(") && !STYLE.contains("@import"));
    }
}
