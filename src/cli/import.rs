//! `keyferry import`: creates the users in the org, at the org's rate, each once.

mod report;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use anyhow::Context as _;
use clap::{Args as ClapArgs, ValueEnum};
use serde_json::json;
use sha2::{Digest as _, Sha256};
use tokio::sync::watch;

use super::progress::Progress;
use super::rows::{self, RowArgs};
use super::{ConfigArgs, Exit, interrupt, output, setup, stores};
use crate::config::{self, Config, Needs};
use crate::ledger::{Ledger, LedgerError, Pass, Route, Shard};
use crate::okta::client::{CallError, Client};
use crate::seeding::corrections::Corrections;
use crate::seeding::groups::{GroupRules, Unmapped};
use crate::seeding::import::{self, DryRun, Existing, Import, ImportError, Markers, Options};
use crate::seeding::people::{Merge, PeopleError, Start, Walked};
use crate::seeding::sink::journal::RejectsFile;
use crate::seeding::sink::rejects::ImportRejects;
use report::{Told, pace};

/// Rows read at a time: more are no quicker, and each is held until it is sent.
const LARGEST_PAGE: u32 = 500;
/// How long calls in flight may take to be answered after a signal.
const GRACE: Duration = Duration::from_secs(30);

/// Each user goes with the hash where Okta can import it, and with the password hook where not; rows that `export` would
/// reject are rejects here too. Users, groups and hashes are sent to `okta.org_url`, at most `okta.share` of what its
/// rate limit allows.
///
/// An import that ends early, in whatever way, is taken up again by the same command: the ledger knows who was created,
/// and whoever was being sent is looked up in the org before anything is sent again. Once it has come to its end, the
/// same command is a delta run: it creates who is new and brings up to date whose row has changed.
#[derive(Debug, ClapArgs)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of the command line")]
pub(super) struct Args {
    #[command(flatten)]
    config: ConfigArgs,

    #[command(flatten)]
    rows: RowArgs,

    /// Does everything but write: the plan, the report and the rejects, and nothing sent to Okta
    #[arg(long)]
    dry_run: bool,

    /// With --dry-run, looks every login and group up in the org: a call each
    #[arg(long, requires = "dry_run")]
    look: bool,

    /// The most users to send in this run, for a canary and the first batches: 10, 100, 1000
    #[arg(long, value_name = "USERS", value_parser = clap::value_parser!(u64).range(1..))]
    limit: Option<u64>,

    /// Only users who go this way
    #[arg(long, value_enum, value_name = "ROUTE")]
    only_route: Option<RouteArg>,

    /// One of several imports that share the work: the first of 16 is 0/16
    #[arg(long, value_name = "N/OF", default_value = "0/1", hide_default_value = true)]
    shard: Shard,

    /// Only the rows that this file names, with its corrections: a rejects file of an earlier run
    #[arg(long = "rows", value_name = "FILE")]
    corrections: Option<PathBuf>,

    /// Where rejects go, as CSV that can be corrected and fed back with --rows [default: rejects.csv, or rejects-dry-run.csv]
    #[arg(long, value_name = "FILE")]
    rejects: Option<PathBuf>,

    /// Takes a ledger that was begun with another address of the same org or stores
    #[arg(long)]
    rebind: bool,

    /// The report as JSON, on standard output
    #[arg(long)]
    json: bool,

    #[arg(skip)]
    quiet: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum RouteArg {
    /// With a hash that Okta imports
    Hash,
    /// With the password hook
    Hook,
}

impl Args {
    /// Everybody of the configuration, without a word on the way.
    pub(super) fn of_everybody(config: PathBuf, rejects: PathBuf) -> Self {
        Self {
            config: ConfigArgs { config },
            rows: RowArgs {
                source: None,
                filter: None,
                include_inactive: false,
                login: rows::LoginArg::Address,
            },
            dry_run: false,
            look: false,
            limit: None,
            only_route: None,
            shard: Shard::WHOLE,
            corrections: None,
            rejects: Some(rejects),
            rebind: false,
            json: false,
            quiet: true,
        }
    }

    /// A dry run leaves the rejects of a real one alone, which may go on where it ended.
    fn rejects(&self) -> PathBuf {
        let shard = self.shard;
        let named = || match (shard.of, self.dry_run) {
            (1, false) => "rejects.csv".to_owned(),
            (1, true) => "rejects-dry-run.csv".to_owned(),
            (of, false) => format!("rejects-{}-of-{of}.csv", shard.index),
            (of, true) => format!("rejects-dry-run-{}-of-{of}.csv", shard.index),
        };
        self.rejects.clone().unwrap_or_else(|| PathBuf::from(named()))
    }

    /// What makes a run the same run, so that it can be taken up where another one ended: all that decides about the rows.
    fn identity(&self, config: &Config) -> anyhow::Result<String> {
        let rows = &self.rows;
        let corrections = self.corrections.as_ref().map(std::fs::read).transpose()?;
        let sources: Vec<_> = config
            .sources
            .iter()
            .map(|source| {
                let settings = &source.settings;
                json!([&*settings.name, settings.users, settings.groups, source.scheme_text, source.profile])
            })
            .collect();
        let identity = json!({
            "source": rows.source,
            "where": rows.filter,
            "inactive": rows.include_inactive,
            "login": format!("{:?}", rows.login),
            "limit": self.limit,
            "route": self.only_route.map(|route| format!("{route:?}")),
            "rows": corrections.map(|bytes| hex::encode(Sha256::digest(&bytes))),
            "sources": sources,
            "import": format!("{:?}", config.import),
        });
        Ok(identity.to_string())
    }
}

pub(super) async fn run(args: Args) -> anyhow::Result<Exit> {
    let config = match setup::configuration(&args.config.config, Needs::IMPORT) {
        Ok(config) => config,
        Err(exit) => return Ok(exit),
    };
    let told = match execute(&args, config).await {
        Ok(told) => told,
        Err(Ended::Exit(exit)) => return Ok(exit),
        Err(Ended::Failed(error)) => return Err(error),
    };
    told.print(args.json)?;
    Ok(told.exit())
}

/// Why there is no report.
pub(super) enum Ended {
    /// What is wrong was told.
    Exit(Exit),
    /// Unexpected.
    Failed(anyhow::Error),
}

impl From<Exit> for Ended {
    fn from(exit: Exit) -> Self {
        Self::Exit(exit)
    }
}

impl From<anyhow::Error> for Ended {
    fn from(error: anyhow::Error) -> Self {
        Self::Failed(error)
    }
}

/// Runs the import that the arguments ask for, to its end or to the first signal.
pub(super) async fn execute(args: &Args, mut config: Config) -> Result<Told, Ended> {
    let corrections = corrections(args)?;
    for source in &mut config.sources {
        source.settings.page_size = source.settings.page_size.min(LARGEST_PAGE);
    }
    let Some(mut okta) = config.okta.take() else { return Err(Ended::Exit(Exit::Bad)) };
    // The shards together keep to the share.
    okta.share /= f64::from(args.shard.of);
    okta.max_per_minute = okta.max_per_minute.map(|most| (most / args.shard.of).max(1));
    let org_url = okta.org_url.clone();
    let client = setup::okta_client(&okta, None)?;
    if !args.dry_run || args.look {
        client.check().await.map_err(refused)?;
    }
    let ledger = open_ledger(&config.ledger, args.dry_run).await?;
    let markers = markers(&ledger, &config).await?;
    let options = Options {
        existing: existing(config.import.existing),
        limit: args.limit,
        only_route: args.only_route.map(RouteArg::route),
        groups: okta.groups,
        shard: args.shard,
        in_flight: okta.in_flight,
    };
    let assumed = okta.max_per_minute.map_or(f64::INFINITY, f64::from).min(okta.share * 600.0);
    let job = Job { args, org_url, client, ledger, markers, options, assumed };
    if args.dry_run { job.dry(config, corrections).await } else { job.real(config, corrections).await }
}

/// What a real and a dry run have in common.
struct Job<'a> {
    args: &'a Args,
    org_url: String,
    client: Client,
    ledger: Ledger,
    markers: Markers,
    options: Options,
    /// Calls a minute where nobody has asked the org: its share of what Okta has published for `/api/v1/users`.
    assumed: f64,
}

impl Job<'_> {
    async fn real(mut self, config: Config, corrections: Option<Corrections>) -> Result<Told, Ended> {
        let identities = stores::identities(&config);
        let sources: Vec<(&str, &str)> =
            identities.iter().map(|(name, identity)| (&**name, identity.as_str())).collect();
        let shard = self.args.shard;
        let bound = self.ledger.bind(&self.org_url, &sources, self.args.rebind).await;
        bound.map_err(ledger_refused)?;
        let lock = self.ledger.lock_import(shard).await.map_err(ledger_refused)?;
        let identity = self.args.identity(&config)?;
        let pass = self.ledger.begin_pass(shard, &identity).await.map_err(ledger_refused)?;
        self.date_groups(pass.begun);

        let mut walked = self.walked(config, corrections)?;
        walked.start = pass.cursor.as_ref().and_then(|cursor| {
            let source = walked.stores.iter().position(|store| **store.source.name() == *cursor.source)?;
            Some(Start { source, after: cursor.after.clone() })
        });
        let total = total(&walked, self.args).await;
        let rejects = self.rejects_file(&walked, &pass).await?;
        self.announce(&pass, total).await;
        let job = Import {
            walked,
            ledger: self.ledger.clone(),
            lock,
            pass,
            markers: std::mem::take(&mut self.markers),
            client: self.client.clone(),
            options: self.options.clone(),
            rejects,
        };
        let mut progress = Progress::paced("rows", total);
        let (stop, stopped) = watch::channel(false);
        let running = import::run(job, stopped, |report| {
            progress.paced_rows(report.done(), || pace(&self.client.pace(), report.done(), total));
        });
        let ended = stoppable(Box::pin(running), stop).await;
        let time = progress.finish();
        let (report, complete) = ended?;
        Ok(Told::real(report, complete, time, self.org_url, &self.args.rejects(), &self.client.pace()))
    }

    async fn dry(mut self, config: Config, corrections: Option<Corrections>) -> Result<Told, Ended> {
        self.date_groups(SystemTime::now());
        let walked = self.walked(config, corrections)?;
        let total = total(&walked, self.args).await;
        let rejects = open_rejects(&self.args.rejects(), &walked, None)?;
        let job = DryRun {
            walked,
            ledger: self.ledger.clone(),
            markers: std::mem::take(&mut self.markers),
            options: self.options.clone(),
            look: self.args.look.then(|| self.client.clone()),
            rejects,
        };
        let mut progress = Progress::start(total);
        let (stop, stopped) = watch::channel(false);
        let running = import::dry_run(job, stopped, |report| progress.rows(report.users.rows));
        let ended = stoppable(Box::pin(running), stop).await;
        let time = progress.finish();
        let (report, complete) = ended?;
        let rejects = self.args.rejects();
        Ok(Told::dry(report, complete, time, self.org_url, &rejects, &self.client.pace(), self.assumed))
    }

    /// `{date}` is the day on which the pass began, also where it goes on after midnight.
    fn date_groups(&mut self, day: SystemTime) {
        let date = report::date(day);
        for group in &mut self.options.groups {
            *group = group.replace("{date}", &date);
        }
    }

    fn walked(&self, config: Config, corrections: Option<Corrections>) -> Result<Walked, Ended> {
        let import = config.import.clone();
        let stores = stores::open(config, self.args.rows.source.as_deref())
            .and_then(|stores| rows::planned(stores, &self.args.rows))?;
        Ok(Walked {
            stores,
            filter: self.args.rows.filter.clone(),
            match_on: import.match_on,
            merge: match import.merge {
                config::Merge::Fill => Merge::Fill,
                config::Merge::Ignore => Merge::Ignore,
            },
            groups: GroupRules::new(import.groups, unmapped(import.unmapped)),
            corrections,
            start: None,
        })
    }

    async fn rejects_file(&self, walked: &Walked, pass: &Pass) -> Result<RejectsFile, Ended> {
        let note = import::rejects_note(self.args.shard);
        let from = match &pass.cursor {
            Some(_) => self.ledger.note(&note).await.map_err(ledger_refused)?,
            None => None,
        };
        open_rejects(&self.args.rejects(), walked, from.and_then(|from| from.parse().ok()))
    }

    /// What is ahead, before the first call that changes anything.
    async fn announce(&self, pass: &Pass, total: Option<u64>) {
        if self.args.quiet {
            return;
        }
        let seeded = self.ledger.seeded().await.unwrap_or_default();
        output::note(&report::plan(&self.org_url, pass, total, seeded, &self.options, &self.client.pace()));
    }
}

/// Runs until the end; a first signal asks to stop, and calls in flight are then answered, for a while. A second
/// one ends it at once: the ledger can take that.
async fn stoppable<T>(
    running: impl Future<Output = Result<T, ImportError>>,
    stop: watch::Sender<bool>,
) -> Result<T, Ended> {
    let mut running = std::pin::pin!(running);
    let signal = tokio::select! {
        ended = &mut running => return ended.map_err(failed),
        signal = interrupt::interrupted() => signal,
    };
    output::note(&format!(
        "keyferry: {signal}: calls in flight are answered first; the same signal again ends at once"
    ));
    stop.send_replace(true);
    tokio::select! {
        ended = running => ended.map_err(failed),
        _ = interrupt::interrupted() => Err(Ended::Exit(Exit::Failed)),
        () = tokio::time::sleep(GRACE) => {
            output::note("keyferry: some calls were not answered in time; they are looked up when the same command goes on");
            Err(Ended::Exit(Exit::Failed))
        }
    }
}

fn corrections(args: &Args) -> Result<Option<Corrections>, Ended> {
    let Some(path) = &args.corrections else { return Ok(None) };
    let target = args.rejects();
    let same = |path: &PathBuf| path.canonicalize().ok();
    if *path == target || same(path).is_some_and(|path| same(&target) == Some(path)) {
        output::note("--rows and --rejects name the same file: the corrections would be written over");
        return Err(Ended::Exit(Exit::Bad));
    }
    match Corrections::read(path) {
        Ok(corrections) => Ok(Some(corrections)),
        Err(error) => {
            output::note(&format!("--rows {}: {error}", path.display()));
            Err(Ended::Exit(Exit::Bad))
        }
    }
}

/// A dry run writes into no ledger, and needs none.
async fn open_ledger(ledger: &config::Ledger, dry: bool) -> Result<Ledger, Ended> {
    let url = ledger.url.expose_str().context("`ledger.url` is not text")?;
    let key = ledger.key.as_ref().map(crate::secret::Secret::expose);
    if !dry {
        return Ledger::open(url, key).await.map_err(ledger_refused);
    }
    match Ledger::open_existing(url, key).await.map_err(ledger_refused)? {
        Some(ledger) => Ok(ledger),
        None => Ledger::open("sqlite::memory:", None).await.map_err(ledger_refused),
    }
}

async fn markers(ledger: &Ledger, config: &Config) -> Result<Markers, Ended> {
    let mut markers = Markers::new();
    for source in &config.sources {
        let name = &source.settings.name;
        let marker = ledger.marker(name, source.settings.url.expose()).await.map_err(ledger_refused)?;
        markers.insert(Arc::clone(name), marker);
    }
    Ok(markers)
}

fn open_rejects(path: &std::path::Path, walked: &Walked, from: Option<u64>) -> Result<RejectsFile, Ended> {
    RejectsFile::open(path, ImportRejects::new(walked.attributes()), from)
        .map_err(|error| Ended::Failed(error.into()))
}

/// The rows to come; none where a store cannot tell, or other words than theirs decide.
async fn total(walked: &Walked, args: &Args) -> Option<u64> {
    if args.limit.is_some() || args.shard.of > 1 || args.corrections.is_some() {
        return None;
    }
    stores::count_all(walked.stores.iter().map(|store| &store.source), walked.filter.as_deref()).await
}

fn existing(policy: config::Existing) -> Existing {
    match policy {
        config::Existing::Skip => Existing::Skip,
        config::Existing::AttachHook => Existing::AttachHook,
        config::Existing::Reject => Existing::Reject,
    }
}

fn unmapped(policy: config::Unmapped) -> Unmapped {
    match policy {
        config::Unmapped::Create => Unmapped::Create,
        config::Unmapped::Ignore => Unmapped::Ignore,
        config::Unmapped::Reject => Unmapped::Reject,
    }
}

impl RouteArg {
    fn route(self) -> Route {
        match self {
            Self::Hash => Route::Hash,
            Self::Hook => Route::Hook,
        }
    }
}

fn refused(error: CallError) -> Ended {
    match error {
        CallError::BadToken(_) | CallError::Forbidden(_) | CallError::Refused(_) => {
            output::note(&format!("okta: {error}; nothing was sent"));
            Ended::Exit(Exit::Bad)
        }
        error => Ended::Failed(error.into()),
    }
}

fn ledger_refused(error: LedgerError) -> Ended {
    match error {
        LedgerError::OtherOrg { .. } | LedgerError::OtherSource { .. } | LedgerError::Busy(_) => {
            output::note(&error.to_string());
            Ended::Exit(Exit::Bad)
        }
        error => Ended::Failed(error.into()),
    }
}

fn failed(error: ImportError) -> Ended {
    let bad = match &error {
        ImportError::People(error) => is_misconfigured(error),
        ImportError::Okta(CallError::BadToken(_) | CallError::Forbidden(_)) | ImportError::Group { .. } => {
            true
        }
        _ => false,
    };
    if bad {
        output::note(&error.to_string());
        return Ended::Exit(Exit::Bad);
    }
    Ended::Failed(error.into())
}

fn is_misconfigured(error: &PeopleError) -> bool {
    match error {
        PeopleError::Walk(error) => stores::is_misconfigured(error, 0),
        _ => true,
    }
}
