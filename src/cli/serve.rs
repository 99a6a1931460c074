//! `keyferry serve`: the hook service. Starts the listeners at once; the ledger and the decoy follow behind.

pub(super) mod door;
mod record;

use std::future::Future;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use axum::Router;
use clap::Args as ClapArgs;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

use super::{Exit, output, setup, stores};
use crate::config::{Config, Needs, Server, Telemetry};
use crate::decision::{Decider, Metrics, PoolSettings, ThrottleSettings, VerifyPool};
use crate::http::listener::{Listener, TlsError};
use crate::http::{
    DashboardSettings, EventHook, Hook, Record, dashboard_router, event_hook_router, hook_router,
    private_router,
};
use crate::ledger::Recorder;
use crate::process::{self, Swap};
use crate::telemetry::{self, TraceSettings, Traces};
use door::Door;

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
    #[command(flatten)]
    record: record::RecordArgs,
}

pub(super) async fn run(args: Args) -> anyhow::Result<Exit> {
    let needs = if args.probe { Needs::LEDGER } else { Needs::SERVICE };
    let config = match setup::configuration(&args.config.config, needs) {
        Ok(config) => config,
        Err(exit) => return Ok(exit),
    };
    if args.probe { probe(&config.server).await } else { serve(config, &args.record).await }
}

async fn serve(config: Config, record: &record::RecordArgs) -> anyhow::Result<Exit> {
    let logging = telemetry::start(config.log.json, &config.log.level);
    let swap = process::lock_memory();
    let record = match record.open(&config.server) {
        Ok(record) => record.map(Arc::new),
        Err(exit) => return Ok(exit),
    };
    let path = config.server.path.clone();
    let ready = match Ready::new(config, record).await? {
        Ok(ready) => ready,
        Err(exit) => return Ok(exit),
    };
    tracing::info!(listen = %ready.hook_address()?, path, tls = ready.door.certificate.is_some(), "the hook listens");
    tracing::info!(listen = %ready.private_address()?, "dashboard, health and metrics listen");
    match swap {
        Swap::Locked => tracing::info!("{}", swap.words()),
        Swap::NotAllowed | Swap::Failed => tracing::warn!("{}", swap.words()),
    }
    ready.run(stop_signal()?).await?;
    tracing::info!(lost_log_lines = logging.lost_lines(), "stopped");
    Ok(Exit::Done)
}

/// The rooms of a sign-in, wired, with both listeners bound: calls wait until it runs.
pub(super) struct Ready {
    public: Listener,
    private: Listener,
    router: Router,
    decider: Arc<Decider>,
    recorder: Recorder,
    record: Option<Arc<Record>>,
    traces: Option<Arc<Traces>>,
    door: Door,
    dashboard: Option<DashboardSettings>,
    grace: Duration,
}

impl Ready {
    /// Opens the sources, the listeners and the ledger; or the exit code after what cannot work was told. `record` keeps
    /// what comes in.
    pub(super) async fn new(
        config: Config,
        record: Option<Arc<Record>>,
    ) -> anyhow::Result<Result<Self, Exit>> {
        let Config { mut server, ledger, sources, limits, telemetry, .. } = config;
        let stores = match stores::for_sign_in(sources, &limits) {
            Ok(stores) => stores,
            Err(exit) => return Ok(Err(exit)),
        };
        let door = match Door::open(&mut server)? {
            Ok(door) => door,
            Err(exit) => return Ok(Err(exit)),
        };
        let metrics = Arc::new(Metrics::new());
        door::room_for(server.limits);
        let bind = async |address, name, key, certificate| {
            let settings = door::settings(server.limits);
            let bound = Listener::bind(address, name, settings, certificate, Arc::clone(&metrics)).await;
            bound.with_context(|| format!("{key}: cannot listen on {address}"))
        };
        let certificate = door.certificate.clone();
        let public = bind(server.listen, "public", "server.listen", certificate).await?;
        let private = bind(server.private_listen, "private", "server.private_listen", None).await?;
        let recorder = setup::recorder(&ledger);
        let memory = server.verify_memory.max(limits.memory());
        let settings = PoolSettings { threads: server.verify_threads, memory };
        let throttle = ThrottleSettings {
            per_user: server.throttle.failures_per_user,
            per_address: server.throttle.failures_per_address,
            window: server.throttle.window,
        };
        let pool =
            VerifyPool::start(settings, Arc::clone(&metrics)).context("cannot start the verify threads")?;
        let decider = Arc::new(Decider::new(stores, pool, throttle, recorder.clone(), Arc::clone(&metrics)));
        let traces = match traces(telemetry) {
            Ok(traces) => traces,
            Err(exit) => return Ok(Err(exit)),
        };
        let also = Also { record: record.clone(), traces: traces.clone() };
        let router = router(&server, &door, &decider, &recorder, &metrics, also);
        let grace = server.shutdown_grace;
        let (listen, deadline) = (private.local_addr()?, server.deadline);
        let dashboard =
            server.dashboard.take().map(|of| DashboardSettings { token: of.token, listen, deadline });
        Ok(Ok(Self { public, private, router, decider, recorder, record, traces, door, dashboard, grace }))
    }

    /// Where the hook listens.
    pub(super) fn hook_address(&self) -> std::io::Result<SocketAddr> {
        self.public.local_addr()
    }

    /// Where health, metrics and the dashboard are.
    pub(super) fn private_address(&self) -> std::io::Result<SocketAddr> {
        self.private.local_addr()
    }

    /// What writes decisions to the ledger.
    pub(super) fn recorder(&self) -> &Recorder {
        &self.recorder
    }

    /// Serves until `stop`, answers what is in flight, and writes the last events to the ledger.
    pub(super) async fn run(self, stop: impl Future<Output = ()>) -> anyhow::Result<()> {
        let Self { public, private, router, decider, recorder, record, traces, dashboard, mut door, grace } =
            self;
        let mut background = door.keep_fresh();
        background.push(tokio::spawn({
            let decider = Arc::clone(&decider);
            async move { decider.learn_decoy().await }
        }));
        background.push(tokio::spawn({
            let decider = Arc::clone(&decider);
            async move { decider.watch().await }
        }));
        let (stopping, stopped) = watch::channel(false);
        let served = {
            let public = public.serve(router, stopped.clone());
            let mut inside = private_router(Arc::clone(&decider));
            if let Some(settings) = dashboard {
                // Its streams of events have no end of their own, and would hold up the stop.
                inside = inside.merge(dashboard_router(decider, settings, stopped.clone()));
            }
            let private = private.serve(inside, stopped);
            let servers = std::pin::pin!(async { tokio::try_join!(public, private).map(drop) });
            until_stopped(servers, &stopping, stop, grace).await
        };
        for task in background {
            task.abort();
        }
        recorder.close(LEDGER_GRACE).await;
        if let Some(record) = record {
            record.close(LEDGER_GRACE).await;
        }
        if let Some(traces) = traces {
            traces.close().await;
        }
        served.context("a listener failed")
    }
}

/// Serves until `stop`, and then for `grace` at most.
async fn until_stopped(
    mut servers: Pin<&mut impl Future<Output = Result<(), TlsError>>>,
    stopping: &watch::Sender<bool>,
    stop: impl Future<Output = ()>,
    grace: Duration,
) -> Result<(), TlsError> {
    tokio::select! {
        ended = &mut servers => return ended,
        () = stop => tracing::info!("stopping: calls in flight are answered first"),
    }
    stopping.send_replace(true);
    tokio::time::timeout(grace, servers).await.unwrap_or_else(|_| {
        tracing::warn!("calls were still in flight when the grace was over");
        Ok(())
    })
}

/// What the hook does beside answering, where it is asked for.
struct Also {
    record: Option<Arc<Record>>,
    traces: Option<Arc<Traces>>,
}

fn traces(telemetry: Telemetry) -> Result<Option<Arc<Traces>>, Exit> {
    let Telemetry { otlp: Some(endpoint), sample, service_name } = telemetry else { return Ok(None) };
    let traces = Traces::start(&TraceSettings { endpoint, sample, service_name });
    traces.map(|traces| Some(Arc::new(traces))).map_err(|error| {
        output::note(&format!("telemetry.otlp: {error}"));
        Exit::Bad
    })
}

/// The hook and, where it is not switched off, the event hook beside it.
fn router(
    server: &Server,
    door: &Door,
    decider: &Arc<Decider>,
    recorder: &Recorder,
    metrics: &Arc<Metrics>,
    also: Also,
) -> Router {
    let hook = Hook {
        decider: Arc::clone(decider),
        auth: Arc::clone(&door.hook),
        deadline: server.deadline,
        debug_context: server.debug_context,
        record: also.record,
        traces: also.traces,
    };
    let router = hook_router(&server.path, Arc::new(hook));
    let Some(path) = &server.events_path else { return router };
    let events =
        EventHook::new(recorder.clone(), Arc::clone(metrics), Arc::clone(&door.events), EVENTS_DEADLINE);
    router.merge(event_hook_router(path, Arc::new(events)))
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
