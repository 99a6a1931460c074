//! One HTTP exchange with one host: TLS, proxy, time-outs, bounded answers. Connections are kept and used again.
//!
//! It retries nothing and follows no redirect, and it tells apart what never left from what may have arrived.

use std::error::Error as _;
use std::sync::Arc;
use std::time::Duration;

use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::Bytes;
use hyper::header::{self, HeaderValue};
use hyper::{HeaderMap, Request, Response, StatusCode, Uri};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client as Pool;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::proxy::matcher::Matcher;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::{ClientConfig, RootCertStore};

use super::connect::{Bounded, Route};
use super::error::SetupError;

/// How long a connection may take, TLS included.
const CONNECT: Duration = Duration::from_secs(10);
/// How long a connection that rests is kept. Shorter than what balancers allow, so that they rarely close one that
/// is just being used again.
const KEPT: Duration = Duration::from_secs(20);
/// What we are called.
const USER_AGENT: HeaderValue = HeaderValue::from_static(concat!("keyferry/", env!("CARGO_PKG_VERSION")));

/// The way to one host.
pub(super) struct Transport {
    pool: Pool<Bounded<HttpsConnector<Route>>, Full<Bytes>>,
    timeout: Duration,
}

/// An answer, read to its end.
#[derive(Debug)]
pub(in crate::okta) struct Answer {
    pub(in crate::okta) status: StatusCode,
    pub(in crate::okta) headers: HeaderMap,
    pub(in crate::okta) body: Bytes,
}

/// Why there is no answer.
#[derive(Debug)]
pub(super) enum Failure {
    /// Nothing was sent: there is no connection.
    NotSent(String),
    /// It may have arrived. Where a head of an answer came, its status and headers.
    Lost(&'static str, Option<Box<(StatusCode, HeaderMap)>>),
    /// The answer is longer than it may be.
    TooLong(StatusCode),
}

impl Transport {
    /// `ca` is a PEM bundle that is trusted instead of the system's roots. The proxy is the one that the environment
    /// names for this host, as `curl` would take it; what goes to this machine goes by no proxy.
    pub(super) fn new(org: &Uri, ca: Option<&[u8]>, timeout: Duration) -> Result<Self, SetupError> {
        Self::by_way_of(&Matcher::from_env(), org, ca, timeout)
    }

    fn by_way_of(
        proxies: &Matcher,
        org: &Uri,
        ca: Option<&[u8]>,
        timeout: Duration,
    ) -> Result<Self, SetupError> {
        let https = org.scheme_str() == Some("https");
        let connect = CONNECT.min(timeout);
        let mut direct = HttpConnector::new();
        direct.enforce_http(false);
        direct.set_nodelay(true);
        direct.set_keepalive(Some(Duration::from_secs(30)));
        let route = match proxies.intercept(org).filter(|_| https) {
            None => Route::Direct(direct),
            Some(proxy) if proxy.uri().scheme_str() == Some("http") => Route::by_proxy(&proxy, direct),
            Some(_) => return Err(SetupError::Proxy),
        };
        // Of plain HTTP nothing is ever verified; its roots stay unread.
        let roots = if https { roots(ca)? } else { RootCertStore::empty() };
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let tls = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_root_certificates(roots)
            .with_no_client_auth();
        let connector = HttpsConnectorBuilder::new()
            .with_tls_config(tls)
            .https_or_http()
            .enable_http1()
            .wrap_connector(route);
        let pool = Pool::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(KEPT)
            .build(Bounded::new(connector, connect));
        Ok(Self { pool, timeout })
    }

    /// Sends, and reads an answer of at most `longest` bytes.
    pub(super) async fn exchange(
        &self,
        mut request: Request<Full<Bytes>>,
        longest: usize,
    ) -> Result<Answer, Failure> {
        let headers = request.headers_mut();
        headers.insert(header::USER_AGENT, USER_AGENT);
        headers.insert(header::ACCEPT, HeaderValue::from_static("application/json"));
        match tokio::time::timeout(self.timeout, self.send(request, longest)).await {
            Ok(result) => result,
            Err(_) => Err(Failure::Lost("no answer in time", None)),
        }
    }

    async fn send(&self, request: Request<Full<Bytes>>, longest: usize) -> Result<Answer, Failure> {
        let response = self.pool.request(request).await.map_err(|error| {
            if error.is_connect() {
                Failure::NotSent(why_not_connected(&error))
            } else {
                Failure::Lost("the connection broke", None)
            }
        })?;
        read(response, longest).await
    }
}

async fn read(response: Response<hyper::body::Incoming>, longest: usize) -> Result<Answer, Failure> {
    let (head, body) = response.into_parts();
    match Limited::new(body, longest).collect().await {
        Ok(body) => Ok(Answer { status: head.status, headers: head.headers, body: body.to_bytes() }),
        Err(error) if error.is::<http_body_util::LengthLimitError>() => Err(Failure::TooLong(head.status)),
        Err(_) => Err(Failure::Lost("the answer broke off", Some(Box::new((head.status, head.headers))))),
    }
}

/// What an admin can act on: the words of the innermost cause, which is the system's or rustls's.
fn why_not_connected(error: &hyper_util::client::legacy::Error) -> String {
    let mut cause = error.source();
    let mut words = error.to_string();
    while let Some(inner) = cause {
        words = inner.to_string();
        cause = inner.source();
    }
    super::error::bounded(&words)
}

fn roots(ca: Option<&[u8]>) -> Result<RootCertStore, SetupError> {
    let mut roots = RootCertStore::empty();
    let Some(pem) = ca else {
        // One that cannot be read does not matter as long as others can.
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        return if roots.is_empty() { Err(SetupError::NoRoots) } else { Ok(roots) };
    };
    for certificate in CertificateDer::pem_slice_iter(pem) {
        let certificate = certificate.map_err(|_| SetupError::Ca("is not readable PEM"))?;
        roots.add(certificate).map_err(|_| SetupError::Ca("holds a certificate that cannot be read"))?;
    }
    if roots.is_empty() {
        return Err(SetupError::Ca("holds no certificate (-----BEGIN CERTIFICATE-----)"));
    }
    Ok(roots)
}

#[cfg(test)]
mod tests;
