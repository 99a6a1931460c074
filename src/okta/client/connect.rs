//! How a connection comes about: directly or through the proxy, and in bounded time.

use std::error::Error as StdError;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use hyper::Uri;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::connect::proxy::Tunnel;
use hyper_util::client::proxy::matcher::Intercept;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tower_service::Service;

type AnyError = Box<dyn StdError + Send + Sync>;
type Connecting<T> = Pin<Box<dyn Future<Output = Result<T, AnyError>> + Send>>;

/// To the host itself, or to a proxy that opens a tunnel to it.
#[derive(Clone)]
pub(super) enum Route {
    Direct(HttpConnector),
    Proxy(Tunnel<HttpConnector>),
}

impl Route {
    pub(super) fn by_proxy(proxy: &Intercept, direct: HttpConnector) -> Self {
        let tunnel = Tunnel::new(proxy.uri().clone(), direct);
        Self::Proxy(match proxy.basic_auth() {
            Some(credentials) => tunnel.with_auth(credentials.clone()),
            None => tunnel,
        })
    }
}

impl Service<Uri> for Route {
    type Response = TokioIo<TcpStream>;
    type Error = AnyError;
    type Future = Connecting<Self::Response>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), AnyError>> {
        match self {
            Self::Direct(direct) => direct.poll_ready(context).map_err(Into::into),
            Self::Proxy(tunnel) => tunnel.poll_ready(context).map_err(Into::into),
        }
    }

    fn call(&mut self, to: Uri) -> Self::Future {
        match self {
            Self::Direct(direct) => {
                let connecting = direct.call(to);
                Box::pin(async { connecting.await.map_err(Into::into) })
            }
            Self::Proxy(tunnel) => {
                let connecting = tunnel.call(to);
                Box::pin(async { connecting.await.map_err(Into::into) })
            }
        }
    }
}

/// A connector whose connections must stand, TLS included, before the time is over.
#[derive(Clone)]
pub(super) struct Bounded<C> {
    inner: C,
    within: Duration,
}

impl<C> Bounded<C> {
    pub(super) fn new(inner: C, within: Duration) -> Self {
        Self { inner, within }
    }
}

impl<C> Service<Uri> for Bounded<C>
where
    C: Service<Uri>,
    C::Error: Into<AnyError>,
    C::Future: Send + 'static,
{
    type Response = C::Response;
    type Error = AnyError;
    type Future = Connecting<C::Response>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), AnyError>> {
        self.inner.poll_ready(context).map_err(Into::into)
    }

    fn call(&mut self, to: Uri) -> Self::Future {
        let connecting = self.inner.call(to);
        let within = self.within;
        Box::pin(async move {
            match tokio::time::timeout(within, connecting).await {
                Ok(connected) => connected.map_err(Into::into),
                Err(_) => Err(AnyError::from(TooSlow)),
            }
        })
    }
}

/// The time was over.
#[derive(Debug)]
struct TooSlow;

impl fmt::Display for TooSlow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("no connection in time")
    }
}

impl StdError for TooSlow {}
