//! `keyferry serve`: the hook service. Starts the listeners at once; the ledger and the decoy follow behind.

use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use axum::Router;
use axum::serve::ListenerExt;
use clap::Args as ClapArgs;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

use super::{Exit, output, setup, stores};
use crate::config::{Config, HeaderAuth, Needs, Server};
use crate::decision::{Decider, Metrics, PoolSettings, VerifyPool};
use crate::http::{
    DashboardSettings, EventHook, HeaderSecret, Hook, dashboard_router, event_hook_router, hook_router,
    private_router,
};
use crate::ledger::Recorder;
use crate::telemetry;

/// How long the last events may take to reach the ledger at the end.
const LEDGER_GRACE: Duration = Duration::from_secs(2);
/// Until a delivery of Okta's event hook is answered: Okta waits for 3 s.
const EVENTS_DEADLINE: Duration = Duration::from_secs(2);
/// How long the probe waits for an answer.
const PROBE_PATIENCE: Duration = Duration::from_secs(2);

#[derive(Debug, ClapArgs)]
pub(super) struct Args {
    #[command(flatten)]
    config: super::ConfigArgs,
    /// Ask the service that runs with this configuration whether it lives, and end with 0 or 1
    #[arg(long)]
    probe: bool,
}

pub(super) async fn run(args: Args) -> anyhow::Result<Exit> {
    let needs = if args.probe { Needs::LEDGER } else { Needs::SERVICE };
    let config = match setup::configuration(&args.config.config, needs) {
        Ok(config) => config,
        Err(exit) => return Ok(exit),
    };
    if args.probe { probe(&config.server).await } else { serve(config).await }
}

async fn serve(config: Config) -> anyhow::Result<Exit> {
    let logging = telemetry::start(config.log.json, &config.log.level);
    let path = config.server.path.clone();
    let ready = match Ready::new(config).await? {
        Ok(ready) => ready,
        Err(exit) => return Ok(exit),
    };
    tracing::info!(listen = %ready.hook_address()?, path, "the hook listens");
    tracing::info!(listen = %ready.private_address()?, "dashboard, health and metrics listen");
    ready.run(stop_signal()?).await?;
    tracing::info!(lost_log_lines = logging.lost_lines(), "stopped");
    Ok(Exit::Done)
}

/// The rooms of a sign-in, wired, with both listeners bound: calls wait until it runs.
pub(super) struct Ready {
    service: Service,
    public: Router,
    decider: Arc<Decider>,
    recorder: Recorder,
    dashboard: Option<DashboardSettings>,
    grace: Duration,
}

impl Ready {
    /// Opens the sources, the listeners and the ledger; or the exit code after what cannot work was told.
    pub(super) async fn new(config: Config) -> anyhow::Result<Result<Self, Exit>> {
        let Config { mut server, ledger, sources, limits, .. } = config;
        let stores = match stores::for_sign_in(sources, &limits) {
            Ok(stores) => stores,
            Err(exit) => return Ok(Err(exit)),
        };
        let service = Service::bind(server.listen, server.private_listen).await?;
        let recorder = setup::recorder(&ledger);
        let metrics = Arc::new(Metrics::new());
        let memory = server.verify_memory.max(limits.memory());
        let settings = PoolSettings { threads: server.verify_threads, memory };
        let pool =
            VerifyPool::start(settings, Arc::clone(&metrics)).context("cannot start the verify threads")?;
        let decider = Arc::new(Decider::new(stores, pool, recorder.clone(), Arc::clone(&metrics)));
        let grace = server.shutdown_grace;
        let (listen, deadline) = (service.private.local_addr()?, server.deadline);
        let dashboard =
            server.dashboard.take().map(|of| DashboardSettings { token: of.token, listen, deadline });
        let public = public(server, &decider, &recorder, &metrics)?;
        Ok(Ok(Self { service, public, decider, recorder, dashboard, grace }))
    }

    /// Where the hook listens.
    pub(super) fn hook_address(&self) -> std::io::Result<SocketAddr> {
        self.service.public.local_addr()
    }

    /// Where health, metrics and the dashboard are.
    pub(super) fn private_address(&self) -> std::io::Result<SocketAddr> {
        self.service.private.local_addr()
    }

    /// What writes decisions to the ledger.
    pub(super) fn recorder(&self) -> &Recorder {
        &self.recorder
    }

    /// Serves until `stop`, answers what is in flight, and writes the last events to the ledger.
    pub(super) async fn run(self, stop: impl Future<Output = ()>) -> anyhow::Result<()> {
        let learning = tokio::spawn({
            let decider = Arc::clone(&self.decider);
            async move { decider.learn_decoy().await }
        });
        let (ending, ended) = watch::channel(false);
        let mut private = private_router(Arc::clone(&self.decider));
        if let Some(settings) = self.dashboard {
            private = private.merge(dashboard_router(self.decider, settings, ended));
        }
        // Streams of events have no end of their own, and would hold up the stop.
        let stop = async {
            stop.await;
            ending.send_replace(true);
        };
        let served = self.service.run(self.public, private, stop, self.grace).await;
        learning.abort();
        self.recorder.close(LEDGER_GRACE).await;
        served
    }
}

/// The hook and, where it is not switched off, the event hook beside it.
fn public(
    server: Server,
    decider: &Arc<Decider>,
    recorder: &Recorder,
    metrics: &Arc<Metrics>,
) -> anyhow::Result<Router> {
    let hook_secrets = secrets("server.auth", server.auth)?;
    let event_secrets = match server.events_auth {
        Some(headers) => secrets("server.events_auth", headers)?,
        None => Arc::clone(&hook_secrets),
    };
    let hook = Hook {
        decider: Arc::clone(decider),
        secrets: hook_secrets,
        deadline: server.deadline,
        debug_context: server.debug_context,
    };
    let router = hook_router(&server.path, Arc::new(hook));
    let Some(path) = server.events_path else { return Ok(router) };
    let events = EventHook::new(recorder.clone(), Arc::clone(metrics), event_secrets, EVENTS_DEADLINE);
    Ok(router.merge(event_hook_router(&path, Arc::new(events))))
}

fn secrets(key: &str, headers: Vec<HeaderAuth>) -> anyhow::Result<Arc<[HeaderSecret]>> {
    let secrets = headers.into_iter().map(|header| {
        let name = header.name.parse().with_context(|| format!("{key}.header: not a header name"))?;
        Ok(HeaderSecret { name, secret: header.secret })
    });
    secrets.collect()
}

/// The two listeners, bound.
pub(super) struct Service {
    pub(super) public: TcpListener,
    pub(super) private: TcpListener,
}

impl Service {
    pub(super) async fn bind(public: SocketAddr, private: SocketAddr) -> anyhow::Result<Self> {
        let bind = async |address: SocketAddr, key: &str| {
            TcpListener::bind(address).await.with_context(|| format!("{key}: cannot listen on {address}"))
        };
        Ok(Self {
            public: bind(public, "server.listen").await?,
            private: bind(private, "server.private_listen").await?,
        })
    }

    /// Serves until `stop`, then answers what is in flight, for `grace` at most.
    pub(super) async fn run(
        self,
        public: Router,
        private: Router,
        stop: impl Future<Output = ()>,
        grace: Duration,
    ) -> anyhow::Result<()> {
        let (stopping, stopped) = watch::channel(false);
        let serve = |listener: TcpListener, router: Router| {
            let mut stopped = stopped.clone();
            let listener = listener.tap_io(|stream| {
                // Answers are one small segment each: they must not wait for company.
                let _ = stream.set_nodelay(true);
            });
            axum::serve(listener, router).with_graceful_shutdown(async move {
                // An error means that nobody can ask to stop any more, which is a stop as well.
                let _ = stopped.wait_for(|stopped| *stopped).await;
            })
        };
        let (public, private) = (serve(self.public, public), serve(self.private, private));
        let mut servers = std::pin::pin!(async { tokio::try_join!(public, private) });
        tokio::select! {
            ended = &mut servers => {
                ended.context("a listener failed")?;
                return Ok(());
            }
            () = stop => tracing::info!("stopping: calls in flight are answered first"),
        }
        stopping.send_replace(true);
        let Ok(ended) = tokio::time::timeout(grace, servers).await else {
            tracing::warn!("calls were still in flight when the grace was over");
            return Ok(());
        };
        ended.map(|_| ()).context("a listener failed")
    }
}

/// Ends at the first SIGTERM or SIGINT.
pub(super) fn stop_signal() -> anyhow::Result<impl Future<Output = ()>> {
    let mut terminate = signal(SignalKind::terminate()).context("cannot wait for SIGTERM")?;
    let mut interrupt = signal(SignalKind::interrupt()).context("cannot wait for SIGINT")?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}

/// For a container's health check, which has no other tool at hand.
async fn probe(server: &Server) -> anyhow::Result<Exit> {
    let mut address = server.private_listen;
    if address.ip().is_unspecified() {
        address.set_ip(match address.ip() {
            std::net::IpAddr::V4(_) => std::net::Ipv4Addr::LOCALHOST.into(),
            std::net::IpAddr::V6(_) => std::net::Ipv6Addr::LOCALHOST.into(),
        });
    }
    let client = reqwest::Client::builder().no_proxy().timeout(PROBE_PATIENCE).build()?;
    match client.get(format!("http://{address}/healthz")).send().await {
        Ok(answer) if answer.status().is_success() => Ok(Exit::Done),
        Ok(answer) => {
            output::note(&format!("{address} answers {}", answer.status()));
            Ok(Exit::Bad)
        }
        Err(_) => {
            output::note(&format!("{address} does not answer"));
            Ok(Exit::Bad)
        }
    }
}
