//! What a demonstration is made of: a folder with the store and its configuration, the org, and the hook.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, anyhow};
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use super::super::serve::Ready;
use super::sign_in::SignedIn;
use crate::config::{Config, Needs};
use crate::demo::org::{EventResult, EventType, HookEndpoint, Org, Settings};
use crate::demo::store::{self, Person};
use crate::ledger::{Ledger, Outcomes, Recorder};
use crate::secret::Secret;

/// How long the ledger may take to catch up with the sign-ins.
const LEDGER_PATIENCE: Duration = Duration::from_secs(10);

/// A store, an org, and what connects them.
pub(super) struct Migration {
    /// Everybody in the store.
    pub(super) people: Vec<Person>,
    /// Where the store, its configuration and the ledger are; goes with this value.
    pub(super) folder: TempDir,
    /// The imitation org, serving.
    pub(super) org: Org,
    /// Where it serves.
    pub(super) org_url: String,
    /// Its API token. Guards nothing: it is made up here and forgotten at the end.
    pub(super) token_text: String,
    /// What the org sends to prove itself to the hook; likewise.
    pub(super) secret_text: String,
    /// Calls the org.
    pub(super) client: reqwest::Client,
    configuration: String,
}

impl Migration {
    /// Fills a store with `people` and starts an empty org.
    pub(super) async fn prepare(people: Vec<Person>) -> anyhow::Result<Self> {
        let folder = tempfile::Builder::new().prefix("keyferry-demo-").tempdir();
        let folder = folder.context("cannot make a temporary folder")?;
        let store = folder.path().join("sample.db");
        store::create(&store, &people).await.context("cannot make the sample store")?;
        let listener = TcpListener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)))
            .await
            .context("the org cannot listen on 127.0.0.1")?;
        let org_url = format!("http://{}", listener.local_addr()?);
        let token_text = random_text()?;
        let mut settings = Settings::new(org_url.clone(), Secret::from(token_text.as_str()));
        // Ten times what Okta allows, so that nobody has to wait for a demonstration.
        settings.rate.limit *= 10;
        let org = Org::new(settings)?;
        let configuration = store::configuration(folder.path(), &org_url);
        tokio::fs::write(folder.path().join("keyferry.toml"), &configuration)
            .await
            .context("cannot write the configuration")?;
        let serving = org.clone();
        tokio::spawn(async move { serving.serve(listener, std::future::pending()).await });
        Ok(Self {
            people,
            folder,
            org,
            org_url,
            token_text,
            secret_text: format!("Basic {}", random_text()?),
            client: reqwest::Client::builder().no_proxy().build().context("cannot make an HTTP client")?,
            configuration,
        })
    }

    /// The configuration, read as every verb reads it. `with_server` where the hook's secret is needed.
    pub(super) fn config(&self, with_server: bool) -> anyhow::Result<Config> {
        let environment = [
            ("KEYFERRY_HOOK_SECRET".to_owned(), self.secret_text.clone()),
            ("OKTA_API_TOKEN".to_owned(), self.token_text.clone()),
        ];
        let needs = if with_server { Needs::SERVICE } else { Needs::SOURCES };
        Config::parse(&self.configuration, environment, needs).map_err(|problems| {
            let all: Vec<String> = problems.0.iter().map(|p| format!("{}: {}", p.key, p.message)).collect();
            anyhow!("the demo's configuration is wrong: {}", all.join("; "))
        })
    }

    /// A file of the folder.
    pub(super) fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Starts the hook service, as `keyferry serve` does.
    pub(super) async fn start_hook(&self) -> anyhow::Result<Hook> {
        let config = self.config(true)?;
        let path = config.server.path.clone();
        let ready = Ready::new(config, None).await?.map_err(|_| anyhow!("the hook cannot start"))?;
        let url = format!("http://{}{path}", ready.hook_address()?);
        let private_url = format!("http://{}", ready.private_address()?);
        let recorder = ready.recorder().clone();
        let (stop, stopped) = oneshot::channel();
        let task = tokio::spawn(ready.run(async move {
            // A sender that is gone asks to stop as well.
            let _: Result<(), _> = stopped.await;
        }));
        Ok(Hook { url, private_url, secret_text: self.secret_text.clone(), recorder, stop, task })
    }

    /// What was written down about the sign-ins: by the org in its System Log, by the hook in the ledger.
    pub(super) async fn records(&self, hook: &Hook, signed_in: &SignedIn) -> anyhow::Result<Records> {
        let calls = u64::from(signed_in.hook_calls());
        let caught_up = hook.recorder.until(|health| health.written + health.dropped >= calls);
        // What is missing after that shows in the counts.
        let _ = tokio::time::timeout(LEDGER_PATIENCE, caught_up).await;
        self.written_down().await
    }

    /// The same at this moment.
    pub(super) async fn written_down(&self) -> anyhow::Result<Records> {
        let url = format!("sqlite:{}", self.file("keyferry-ledger.db").display());
        let summary = Ledger::summary_of(&url).await.context("cannot read the ledger")?.unwrap_or_default();
        let arrived = |event: &crate::demo::org::LogEvent| {
            event.event_type == EventType::ImportPassword && event.outcome.result == EventResult::Success
        };
        let imports = self.org.events().iter().filter(|event| arrived(event)).count();
        Ok(Records { imports, decisions: summary.decisions.total })
    }
}

/// See [`Migration::records`].
#[derive(Clone, Copy, Debug, serde::Serialize)]
pub(super) struct Records {
    /// `user.import.password` events with the outcome SUCCESS.
    pub(super) imports: usize,
    /// The ledger's count of decisions.
    pub(super) decisions: Outcomes,
}

/// The hook service, running.
pub(super) struct Hook {
    /// Where Okta calls.
    pub(super) url: String,
    /// The dashboard, health and metrics.
    pub(super) private_url: String,
    secret_text: String,
    recorder: Recorder,
    stop: oneshot::Sender<()>,
    task: JoinHandle<anyhow::Result<()>>,
}

impl Hook {
    /// For the org, to call.
    pub(super) fn endpoint(&self) -> anyhow::Result<HookEndpoint> {
        let header = ("Authorization".to_owned(), Secret::from(self.secret_text.as_str()));
        Ok(HookEndpoint::new(&self.url, [header])?)
    }

    /// Stops it as SIGTERM would.
    pub(super) async fn stop(self) -> anyhow::Result<()> {
        // A service that is gone already says why below.
        let _ = self.stop.send(());
        self.task.await.context("the hook broke down")?
    }
}

fn random_text() -> anyhow::Result<String> {
    let mut bytes = [0; 20];
    getrandom::fill(&mut bytes).context("the system gives no random bytes")?;
    Ok(hex::encode(bytes))
}
