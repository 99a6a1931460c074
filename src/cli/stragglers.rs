//! `keyferry stragglers`: who was seeded and never signed in, and Okta's password reset for them.

mod last_seen;
mod report;
mod reset;

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use anyhow::Context as _;
use clap::Args as ClapArgs;
use futures_util::StreamExt as _;

use crate::config::Needs;
use crate::ledger::{Ledger, LedgerError, ResetStep, State, UserRef, UserState};
use crate::okta::client::Client;
use crate::seeding::sink::file::{self, Destination, Output, Unpublished};
use crate::seeding::sink::record;
use crate::sources::{CredentialSource, Page, Record, SourceError};

use super::ask::{self, Wanted};
use super::progress::Progress;
use super::{ConfigArgs, Exit, interrupt, opened, output, setup, stores};
use last_seen::Seen;
use report::Report;

/// The column names of the list.
const HEADER: &str = "source,id,login,route,scheme,seeded_at,last_login,reset\n";

/// Walks over the stores' users and lists those who are in Okta by this ledger, and of whom neither the hook nor Okta has
/// said that they signed in. What Okta knows comes by its event hook, and by `keyferry reconcile`: run that before.
///
/// With --reset, Okta's own password reset is begun for exactly them, which sends each a mail. Everybody is read from
/// Okta anew before: whoever signed in meanwhile is left out. It can be killed at any moment and run again: a reset is
/// noted before the call and after it, and where only the first note stands, Okta's own status of the user (RECOVERY)
/// tells whether the mail has gone out. Only where Okta has not got so far may somebody get a second one.
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of its own")]
#[derive(Debug, ClapArgs)]
pub(super) struct Args {
    #[command(flatten)]
    config: ConfigArgs,

    /// Only this source
    #[arg(long, value_name = "NAME")]
    source: Option<String>,

    /// Only rows for which this holds, in the store's own SQL over the columns of the users query:
    /// `last_login > '2026-01-01'`
    #[arg(long = "where", value_name = "SQL")]
    filter: Option<String>,

    /// Where the list goes, as CSV; - is standard output
    #[arg(long, value_name = "FILE", default_value = "-")]
    out: String,

    /// Begins Okta's password reset for those in the list who have had none yet
    #[arg(long)]
    reset: bool,

    /// Says whom --reset would be for, and changes nothing
    #[arg(long, requires = "reset")]
    dry_run: bool,

    /// Does not ask
    #[arg(long, requires = "reset")]
    yes: bool,

    /// Resets at most so many
    #[arg(long, value_name = "N", requires = "reset")]
    limit: Option<usize>,

    /// The report as JSON
    #[arg(long)]
    json: bool,
}

/// Somebody who never signed in.
#[derive(Clone, Debug)]
struct Straggler {
    source: Arc<str>,
    id: String,
    okta_id: String,
    /// Whether a reset was begun and its end is not known.
    started: bool,
}

pub(super) async fn run(args: Args) -> anyhow::Result<Exit> {
    let out = Destination::parse(&args.out);
    if args.json && out == Destination::Stdout {
        output::note(
            "--json prints its report on standard output, where the list goes too: give that an --out",
        );
        return Ok(Exit::Bad);
    }
    let needs = Needs { okta: args.reset, ..Needs::SOURCES };
    let mut config = match setup::configuration(&args.config.config, needs) {
        Ok(config) => config,
        Err(exit) => return Ok(exit),
    };
    let ledger = match opened::ledger(&config.ledger).await {
        Ok(ledger) => ledger,
        Err(exit) => return Ok(exit),
    };
    if let Err(exit) = opened::sources(&ledger, &config).await {
        return Ok(exit);
    }
    let okta = config.okta.take();
    let at_once = okta.as_ref().map_or(1, |okta| okta.in_flight);
    let client = match &args.reset {
        true => match opened::org(okta.as_ref(), &ledger).await {
            Ok(client) => Some(client),
            Err(exit) => return Ok(exit),
        },
        false => None,
    };
    let sources: Vec<_> = match stores::open(config, args.source.as_deref()) {
        Ok(stores) => stores.into_iter().map(|store| store.source).collect(),
        Err(exit) => return Ok(exit),
    };
    interrupt::survive_file_size_limit();
    let (list, unpublished) = file::create(&out)?;
    let mut found = Found::new(&ledger, list, args.reset.then_some(args.limit.unwrap_or(usize::MAX)));
    found.report.reconciled_at = match ledger.reconciled_at().await {
        Ok(at) => at.and_then(opened::time_text),
        Err(error) => return Ok(opened::failed(&error)),
    };
    let mut progress = Progress::start(stores::count(sources.iter(), args.filter.as_deref()).await);
    let walked = tokio::select! {
        walked = found.walk(&sources, args.filter.as_deref(), &mut progress) => walked,
        signal = interrupt::interrupted() => {
            drop(progress);
            output::note(&format!("keyferry: {signal} before the end of the list: nothing was done"));
            return Ok(Exit::Failed);
        }
    };
    found.report.seconds = progress.finish().as_secs_f64();
    if let Err(failure) = walked {
        return failure.tell();
    }
    let Found { list, due, mut report, .. } = found;
    publish(list, unpublished).await?;
    report.list = out.to_string();
    let mut ended = Exit::Done;
    if let Some(client) = &client {
        report.begin_resets(due.len(), args.dry_run);
        ended = match reset_all(&args, client, &ledger, due, at_once, &mut report).await {
            Ok(exit) | Err(exit) => exit,
        };
    }
    if args.json {
        output::json(&report)?;
    } else {
        output::note(report.text().trim_end());
    }
    Ok(ended)
}

async fn publish(list: Output, unpublished: Option<Unpublished>) -> anyhow::Result<()> {
    tokio::task::spawn_blocking(move || {
        list.finish()?;
        unpublished.map_or(Ok(()), Unpublished::publish)
    })
    .await
    .context("the list was not written")??;
    Ok(())
}

/// Asks, and resets; the exit code either way.
async fn reset_all(
    args: &Args,
    client: &Client,
    ledger: &Ledger,
    due: Vec<Straggler>,
    at_once: usize,
    report: &mut Report,
) -> Result<Exit, Exit> {
    if due.is_empty() || args.dry_run {
        return Ok(Exit::Done);
    }
    let question = format!(
        "Okta will send a mail to {}. Its link lets them choose a new password; their old one is then of no more use.",
        output::counted(due.len() as u64, "user")
    );
    ask::confirm(question, Wanted::Yes, args.yes).await?;
    let resets = report.resets.get_or_insert_default();
    let mut progress = Progress::counting("users", Some(due.len() as u64));
    let run = reset::run(client, ledger, due, at_once, resets, &mut progress).await;
    report.seconds += progress.finish().as_secs_f64();
    match run {
        Err(stop) => Err(stop.tell()),
        Ok(()) if report.failures() > 0 => Ok(Exit::WithRejects),
        Ok(()) => Ok(Exit::Done),
    }
}

/// Why the list could not be made.
enum Failure {
    Source { error: SourceError, rows: u64 },
    Ledger(LedgerError),
    Write(file::WriteError),
}

impl Failure {
    fn tell(self) -> anyhow::Result<Exit> {
        match self {
            Self::Source { error, rows } => {
                let error = error.into();
                if stores::is_misconfigured(&error, rows) {
                    output::note(&error.to_string());
                    return Ok(Exit::Bad);
                }
                Err(error.into())
            }
            Self::Ledger(error) => Ok(opened::failed(&error)),
            Self::Write(error) => Err(error.into()),
        }
    }
}

/// What a walk has found so far.
struct Found<'a> {
    ledger: &'a Ledger,
    now: SystemTime,
    list: Output,
    /// How many more may be reset; none where nobody is to be.
    left: Option<usize>,
    due: Vec<Straggler>,
    report: Report,
}

impl<'a> Found<'a> {
    fn new(ledger: &'a Ledger, list: Output, left: Option<usize>) -> Self {
        let report = Report::default();
        Self { ledger, now: SystemTime::now(), list, left, due: Vec::new(), report }
    }

    /// In the order of the sources and of their rows.
    async fn walk(
        &mut self,
        sources: &[Arc<dyn CredentialSource>],
        filter: Option<&str>,
        progress: &mut Progress,
    ) -> Result<(), Failure> {
        self.list.write(HEADER.as_bytes()).map_err(Failure::Write)?;
        for source in sources {
            let mut batches = source.stream(filter, None);
            while let Some(batch) = batches.next().await {
                let rows = self.report.rows;
                let batch = batch.map_err(|error| Failure::Source { error, rows })?;
                self.report.rows += batch.len() as u64;
                self.take(source.name(), &batch).await?;
                progress.rows(self.report.rows);
            }
        }
        Ok(())
    }

    async fn take(&mut self, source: &Arc<str>, page: &Page) -> Result<(), Failure> {
        let users: Vec<UserRef> =
            page.records().map(|record| self.ledger.user_ref(source, record.id())).collect();
        let states = self.ledger.states(&users).await.map_err(Failure::Ledger)?;
        let mut lines = Vec::new();
        for (record, state) in page.records().zip(states) {
            let Some((state, okta_id)) = state.as_ref().and_then(straggling) else { continue };
            self.report.add(source, state, Seen::read(record.last_login(), self.now));
            append(&mut lines, source, record, state);
            if state.reset == Some(ResetStep::Done) {
                continue;
            }
            if let Some(left) = self.left.as_mut().filter(|left| **left > 0) {
                *left -= 1;
                self.due.push(Straggler {
                    source: Arc::clone(source),
                    id: record.id().to_owned(),
                    okta_id: okta_id.to_owned(),
                    started: state.reset.is_some(),
                });
            }
        }
        self.list.write(&lines).map_err(Failure::Write)
    }
}

/// Somebody who is in Okta by this ledger and never signed in, with Okta's id.
fn straggling(state: &UserState) -> Option<(&UserState, &str)> {
    let okta_id = state.okta_id.as_deref()?;
    let never = state.state == State::Seeded && state.verified == 0 && !state.rolling_back;
    (never && !signed_in(state, state.last_login)).then_some((state, okta_id))
}

/// Whether a sign-in counts. Somebody who was in Okta before the import may have signed in there before it, too.
fn signed_in(state: &UserState, last_login: Option<SystemTime>) -> bool {
    last_login.is_some_and(|at| !state.existed || state.seeded_at.is_none_or(|seeded| at >= seeded))
}

fn append(lines: &mut Vec<u8>, source: &str, record_of: Record<'_>, state: &UserState) {
    let seeded_at = state.seeded_at.and_then(opened::time_text).unwrap_or_default();
    let login = record_of.login().or(record_of.email());
    let reset = match state.reset {
        None => "",
        Some(ResetStep::Started) => "started",
        Some(ResetStep::Done) => "done",
    };
    record(
        lines,
        [
            source,
            record_of.id(),
            login.unwrap_or_default(),
            state.route.as_str(),
            state.scheme.as_deref().unwrap_or_default(),
            &seeded_at,
            record_of.last_login().unwrap_or_default(),
            reset,
        ],
    );
}

/// A day, for the ages that are told.
const DAY: Duration = Duration::from_hours(24);
