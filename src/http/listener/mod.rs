//! A listener: accepts connections within limits, in the clear or by TLS, and ends without losing a call.
//!
//! Slow and greedy callers get no more than their share: each connection has its time for a head and for resting
//! (`line.rs`), there are so many in all and from one address (`limits.rs`). What is answered is the router's business.

mod connection;
mod limits;
mod line;
mod tls;
mod validity;
mod watched;

use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::Router;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::time::Instant;

use crate::decision::Metrics;
use connection::Protocol;
use limits::{Admission, Gate, Place};
use line::{Line, Patience};

pub use tls::{Certificate, TlsError};
pub use validity::Validity;

/// How long accepting rests when the system has no room for another connection.
const OUT_OF_ROOM: Duration = Duration::from_millis(100);
/// Refusals and failures are told once in so long.
const TOLD_EVERY: Duration = Duration::from_mins(1);

/// How much callers may use.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// Connections in all.
    pub connections: usize,
    /// Connections from one address (IPv6: from one /64).
    pub connections_per_address: usize,
    /// Until a request's head is complete, from the connection's begin or the head's first byte.
    pub head_timeout: Duration,
    /// How long a connection may be kept without a request.
    pub idle_timeout: Duration,
    /// The longest head, in bytes; at least 8192.
    pub head_bytes: usize,
}

/// A bound listener: calls wait until it serves.
pub struct Listener {
    tcp: TcpListener,
    name: &'static str,
    settings: Settings,
    certificate: Option<Arc<Certificate>>,
    metrics: Arc<Metrics>,
}

impl Listener {
    /// Binds it. The name is for metrics and the log; with a certificate it speaks TLS and nothing else.
    pub async fn bind(
        address: SocketAddr,
        name: &'static str,
        settings: Settings,
        certificate: Option<Arc<Certificate>>,
        metrics: Arc<Metrics>,
    ) -> io::Result<Self> {
        let tcp = TcpListener::bind(address).await?;
        Ok(Self { tcp, name, settings, certificate, metrics })
    }

    /// Where it listens.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.tcp.local_addr()
    }

    /// Serves until `stop` is true or its sender gone; then takes what has connected already, closes the listener, and
    /// ends with its last connection.
    pub async fn serve(self, router: Router, stop: watch::Receiver<bool>) -> Result<(), TlsError> {
        let Self { tcp, name, settings, certificate, metrics } = self;
        let tls = certificate.map(|certificate| certificate.acceptor()).transpose()?;
        // Each connection holds the door, and with it the receiver: the sender sees the last one go.
        let (open, open_here) = watch::channel(());
        let door = Door {
            protocol: Protocol::new(&settings, tls, router),
            patience: Patience { head: settings.head_timeout, idle: settings.idle_timeout },
            gate: Arc::new(Gate::new(settings.connections, settings.connections_per_address)),
            told: Mutex::new(None),
            stop: stop.clone(),
            _open: open_here,
            name,
            metrics,
        };
        let door = Arc::new(door);
        let mut stopping = std::pin::pin!(stopped(stop));
        loop {
            tokio::select! {
                accepted = tcp.accept() => match accepted {
                    Ok((stream, peer)) => door.let_in(stream, peer),
                    Err(error) => door.cannot_accept(&error).await,
                },
                () = &mut stopping => break,
            }
        }
        if let Ok(tcp) = tcp.into_std() {
            // Whoever has connected before the listener is gone may have sent a call already.
            while let Ok((stream, peer)) = tcp.accept() {
                if stream.set_nonblocking(true).is_ok()
                    && let Ok(stream) = TcpStream::from_std(stream)
                {
                    door.let_in(stream, peer);
                }
            }
        }
        drop(door);
        open.closed().await;
        Ok(())
    }
}

impl std::fmt::Debug for Listener {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Listener({})", self.name)
    }
}

/// What every connection of a listener is let in by.
struct Door {
    protocol: Protocol,
    patience: Patience,
    gate: Arc<Gate>,
    told: Mutex<Option<Instant>>,
    stop: watch::Receiver<bool>,
    _open: watch::Receiver<()>,
    name: &'static str,
    metrics: Arc<Metrics>,
}

impl Door {
    fn let_in(self: &Arc<Self>, stream: TcpStream, peer: SocketAddr) {
        let line = Arc::new(Line::new(self.patience, Instant::now()));
        let place = match self.gate.admit(peer.ip(), &line) {
            Admission::Admitted(place) => place,
            Admission::InPlaceOfAnother(place, limit) => {
                self.full(limit);
                place
            }
            Admission::Refused(limit) => {
                self.metrics.connection_refused(self.name, limit);
                self.full(limit);
                return;
            }
        };
        tokio::spawn(Arc::clone(self).carry(stream, line, place));
    }

    async fn carry(self: Arc<Self>, stream: TcpStream, line: Arc<Line>, place: Place) {
        let Self { protocol, stop, gate, name, metrics, .. } = &*self;
        metrics.connections_open(name, gate.open());
        let closed = protocol.carry(stream, line, stop.clone()).await;
        drop(place);
        metrics.connections_open(name, gate.open());
        if let Some(why) = closed {
            metrics.connection_closed(name, why);
            tracing::debug!(listener = name, why, "closed a connection");
        }
    }

    fn full(&self, limit: &'static str) {
        if self.tell() {
            tracing::warn!(
                listener = self.name,
                limit,
                open = self.gate.open(),
                "as many connections as [server.limits] allows; strangers make room, and others are refused"
            );
        }
    }

    async fn cannot_accept(&self, error: &io::Error) {
        use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
        // Of the caller's making, who has gone already.
        if matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset) {
            return;
        }
        if self.tell() {
            tracing::error!(listener = self.name, %error, "no connection can be accepted");
        }
        self.metrics.connection_refused(self.name, "system");
        tokio::time::sleep(OUT_OF_ROOM).await;
    }

    /// Whether it is time to tell of trouble again.
    fn tell(&self) -> bool {
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        let again = told.is_none_or(|told| now.duration_since(told) >= TOLD_EVERY);
        if again {
            *told = Some(now);
        }
        again
    }
}

/// Ends when it is time to stop: when that is said, or nobody can say it any more.
async fn stopped(mut stop: watch::Receiver<bool>) {
    let _ = stop.wait_for(|stop| *stop).await;
}
