//! `keyferry cleanup`: the admin's own statement, for users of whom Okta has said that it has their passwords.

use std::fmt::Write as _;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use clap::Args as ClapArgs;
use futures_util::StreamExt as _;
use serde::Serialize;

use crate::config::{Cleanup, Config, Needs};
use crate::ledger::{Ledger, LedgerError, State, UserRef, UserState};
use crate::sources::{Cleaner, CleanupError, CredentialSource, Page, Rows, SourceError};

use super::ask::{self, Wanted};
use super::progress::Progress;
use super::{ConfigArgs, Exit, interrupt, opened, output, setup, stores};

/// Runs the statement of each [[cleanup]] once for each user whose password Okta has confirmed (`user.import.password`
/// with SUCCESS, by the event hook or by `keyferry reconcile`). A user of whom only the hook said that the password is
/// right is not touched: Okta may not have stored it. Nothing else in keyferry ever writes to a legacy store.
///
/// Batches are transactions: all of one is done, or nothing. What is done is then noted in the ledger. A crash
/// between the two runs the same statement for the same users once more, so it must bear that: set a column, delete
/// a row.
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of its own")]
#[derive(Debug, ClapArgs)]
pub(super) struct Args {
    #[command(flatten)]
    config: ConfigArgs,

    /// Only this source
    #[arg(long, value_name = "NAME")]
    source: Option<String>,

    /// Prepares the statements and counts the users, and changes nothing
    #[arg(long)]
    dry_run: bool,

    /// Does not ask
    #[arg(long)]
    yes: bool,

    /// Users in one transaction
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    batch: u32,

    /// At most so many users
    #[arg(long, value_name = "N")]
    limit: Option<usize>,

    /// Only users who were confirmed at least so long ago: 30d, 12h
    #[arg(long, value_name = "AGE", value_parser = opened::parse_age)]
    older_than: Option<Duration>,

    /// The statement may change several rows for one user
    #[arg(long)]
    allow_many: bool,

    /// The report as JSON
    #[arg(long)]
    json: bool,
}

/// A store, and what writes to it.
struct Job {
    source: Arc<dyn CredentialSource>,
    cleaner: Arc<dyn Cleaner>,
    /// The ids of users who are due.
    due: Vec<String>,
}

/// The report; serializes to what `--json` prints.
#[derive(Debug, Serialize)]
struct Report {
    dry_run: bool,
    sources: Vec<SourceReport>,
    /// Whether it ended before the last user.
    interrupted: bool,
    seconds: f64,
}

#[derive(Debug, Default, Serialize)]
struct SourceReport {
    source: String,
    /// Rows of the users query that were looked at.
    rows: u64,
    /// Of these, rows that could not be read.
    unreadable: u64,
    /// Users whom this ledger does not know, or who are not in Okta by it.
    not_seeded: u64,
    /// In Okta, and nobody has said that the password arrived.
    not_confirmed: u64,
    /// The same, but the hook has verified the password: Okta has still not said that it has it.
    verified_only: u64,
    /// Cleaned up by an earlier run.
    cleaned_before: u64,
    /// Confirmed too recently for `--older-than`, or at an unknown time.
    too_recent: u64,
    /// Confirmed, and to be cleaned up by this run.
    due: u64,
    /// Users for whom the statement changed something.
    cleaned: u64,
    /// Users for whom it found nothing to change. They are not noted as cleaned up.
    untouched: u64,
    /// Rows that it changed.
    rows_changed: u64,
}

pub(super) async fn run(args: Args) -> anyhow::Result<Exit> {
    let mut config = match setup::configuration(&args.config.config, Needs::CLEANUP) {
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
    let cleanups = std::mem::take(&mut config.cleanup);
    if cleanups.is_empty() {
        output::note("cleanup: is missing; write a [[cleanup]] with source, url and sql");
        return Ok(Exit::Bad);
    }
    let mut jobs = match open(config, &cleanups, args.source.as_deref()) {
        Ok(jobs) => jobs,
        Err(exit) => return Ok(exit),
    };
    // A statement that cannot run is told before anything is read or asked.
    for job in &jobs {
        if let Err(error) = job.cleaner.check().await {
            return Ok(told(&error));
        }
    }
    let mut progress = Progress::start(stores::count(jobs.iter().map(|job| &job.source), None).await);
    let mut report = Report { dry_run: args.dry_run, sources: Vec::new(), interrupted: false, seconds: 0.0 };
    let gathered = tokio::select! {
        gathered = gather(&mut jobs, &ledger, &args, &mut report.sources, &mut progress) => gathered,
        signal = interrupt::interrupted() => {
            drop(progress);
            output::note(&format!("keyferry: {signal}: nothing was changed"));
            return Ok(Exit::Failed);
        }
    };
    report.seconds = progress.finish().as_secs_f64();
    if let Err(stop) = gathered {
        return Ok(stop.tell());
    }
    let due: u64 = report.sources.iter().map(|source| source.due).sum();
    let mut stopped = Ok(());
    if due > 0 && !args.dry_run {
        if let Err(exit) = ask::confirm(question(due, &report), Wanted::Yes, args.yes).await {
            return Ok(exit);
        }
        let mut progress = Progress::counting("users", Some(due));
        stopped = clean(&jobs, &ledger, &args, &mut report, &mut progress).await;
        report.seconds += progress.finish().as_secs_f64();
    }
    if args.json {
        output::json(&report)?;
    } else {
        output::text(&text(&report))?;
    }
    Ok(match stopped {
        Err(stop) => stop.tell(),
        Ok(()) if report.interrupted => Exit::Failed,
        Ok(()) if report.sources.iter().any(|source| source.unreadable + source.untouched > 0) => {
            Exit::WithRejects
        }
        Ok(()) => Exit::Done,
    })
}

/// Why a run ended early.
enum Stop {
    Source(SourceError),
    Cleanup(CleanupError),
    Ledger(LedgerError),
}

impl Stop {
    fn tell(&self) -> Exit {
        match self {
            Self::Source(error) | Self::Cleanup(CleanupError::Source(error)) => told(error),
            Self::Cleanup(error @ CleanupError::ManyRows { .. }) => {
                output::note(&error.to_string());
                Exit::Bad
            }
            Self::Ledger(error) => opened::failed(error),
        }
    }
}

fn told(error: &SourceError) -> Exit {
    output::note(&error.to_string());
    match error {
        SourceError::Misconfigured { .. } | SourceError::Query { .. } => Exit::Bad,
        SourceError::Down { .. } | SourceError::Unreadable { .. } => Exit::Failed,
    }
}

/// The stores that have a statement, or the one of that name.
fn open(mut config: Config, cleanups: &[Cleanup], only: Option<&str>) -> Result<Vec<Job>, Exit> {
    let cleanup_of = |name: &str| cleanups.iter().find(|cleanup| *cleanup.source == *name);
    if let Some(only) = only
        && cleanup_of(only).is_none()
    {
        let names: Vec<&str> = cleanups.iter().map(|cleanup| &*cleanup.source).collect();
        output::note(&format!(
            "--source {only}: no [[cleanup]] is for a source of that name; there are: {}",
            names.join(", ")
        ));
        return Err(Exit::Bad);
    }
    config.sources.retain(|source| cleanup_of(&source.settings.name).is_some());
    let stores = stores::open(config, only)?;
    let mut jobs = Vec::with_capacity(stores.len());
    let mut wrong = None;
    for store in stores {
        let Some(cleanup) = cleanup_of(store.source.name()) else { continue };
        match store.source.cleaner(&cleanup.settings) {
            Ok(cleaner) => jobs.push(Job { source: store.source, cleaner, due: Vec::new() }),
            Err(error) => wrong = Some(told(&error)),
        }
    }
    wrong.map_or(Ok(jobs), Err)
}

/// Walks over the stores, and asks the ledger who is due. Ids are held rather than worked on one page at a time: a
/// store that is one file cannot be written while it is being read.
async fn gather(
    jobs: &mut [Job],
    ledger: &Ledger,
    args: &Args,
    reports: &mut Vec<SourceReport>,
    progress: &mut Progress,
) -> Result<(), Stop> {
    let now = SystemTime::now();
    let mut left = args.limit.unwrap_or(usize::MAX);
    let mut rows_before = 0;
    for job in jobs {
        let mut report = SourceReport { source: job.source.name().to_string(), ..SourceReport::default() };
        let mut batches = job.source.stream(None, None);
        while left > 0
            && let Some(batch) = batches.next().await
        {
            let ids = readable(&batch.map_err(Stop::Source)?, &mut report);
            let users: Vec<UserRef> = ids.iter().map(|id| ledger.user_ref(job.source.name(), id)).collect();
            let states = ledger.states(&users).await.map_err(Stop::Ledger)?;
            for (id, state) in ids.into_iter().zip(states) {
                if left > 0 && count(&mut report, state.as_ref(), args.older_than, now) {
                    job.due.push(id);
                    left -= 1;
                }
            }
            progress.rows(rows_before + report.rows);
        }
        drop(batches);
        rows_before += report.rows;
        report.due = job.due.len() as u64;
        reports.push(report);
    }
    Ok(())
}

fn readable(rows: &Page, report: &mut SourceReport) -> Vec<String> {
    report.rows += rows.len() as u64;
    let mut ids = Vec::with_capacity(rows.len());
    for row in rows.iter() {
        match row {
            Ok(record) => ids.push(record.id().to_owned()),
            Err(_) => report.unreadable += 1,
        }
    }
    ids
}

/// Whether a user is due; counted as what they are where not.
fn count(
    report: &mut SourceReport,
    state: Option<&UserState>,
    older_than: Option<Duration>,
    now: SystemTime,
) -> bool {
    let Some(state) = state.filter(|state| state.state.is_in_okta()) else {
        report.not_seeded += 1;
        return false;
    };
    if state.state != State::Confirmed {
        let counter = if state.state == State::Verified {
            &mut report.verified_only
        } else {
            &mut report.not_confirmed
        };
        *counter += 1;
        return false;
    }
    if state.cleaned {
        report.cleaned_before += 1;
        return false;
    }
    let old_enough = older_than.is_none_or(|age| {
        let at = state.confirmed_at;
        at.and_then(|at| now.duration_since(at).ok()).is_some_and(|since| since >= age)
    });
    if !old_enough {
        report.too_recent += 1;
    }
    old_enough
}

fn question(due: u64, report: &Report) -> String {
    let names: Vec<&str> =
        report.sources.iter().filter(|source| source.due > 0).map(|source| source.source.as_str()).collect();
    format!(
        "The cleanup statement will be run for {} in {}. What it does there cannot be undone.",
        output::counted(due, "confirmed user"),
        names.join(", ")
    )
}

/// Runs the statements, batch by batch.
async fn clean(
    jobs: &[Job],
    ledger: &Ledger,
    args: &Args,
    report: &mut Report,
    progress: &mut Progress,
) -> Result<(), Stop> {
    let rows = if args.allow_many { Rows::Many } else { Rows::One };
    let size = usize::try_from(args.batch).unwrap_or(usize::MAX);
    let signal = tokio::spawn(interrupt::interrupted());
    let mut done = 0;
    for (job, report_of) in jobs.iter().zip(&mut report.sources) {
        for batch in job.due.chunks(size) {
            // Between two batches: a batch that is begun is brought to its end.
            if signal.is_finished() {
                report.interrupted = true;
                return Ok(());
            }
            clean_batch(job, ledger, batch, rows, report_of).await?;
            done += batch.len() as u64;
            progress.rows(done);
        }
    }
    Ok(())
}

/// One transaction, and the note of it. Whoever is no longer confirmed by now, or was cleaned up by somebody else, is
/// left out.
async fn clean_batch(
    job: &Job,
    ledger: &Ledger,
    ids: &[String],
    rows: Rows,
    report: &mut SourceReport,
) -> Result<(), Stop> {
    let users: Vec<UserRef> = ids.iter().map(|id| ledger.user_ref(job.source.name(), id)).collect();
    let states = ledger.states(&users).await.map_err(Stop::Ledger)?;
    let still_due = |state: &Option<UserState>| {
        state.as_ref().is_some_and(|state| state.state == State::Confirmed && !state.cleaned)
    };
    let (ids, users): (Vec<&str>, Vec<UserRef>) = ids
        .iter()
        .zip(users)
        .zip(states)
        .filter(|(_, state)| still_due(state))
        .map(|((id, user), _)| (id.as_str(), user))
        .unzip();
    if ids.is_empty() {
        return Ok(());
    }
    let changed = job.cleaner.run(&ids, rows).await.map_err(Stop::Cleanup)?;
    let cleaned: Vec<UserRef> =
        users.into_iter().zip(&changed).filter(|(_, rows)| **rows > 0).map(|(user, _)| user).collect();
    ledger.mark_cleaned(&cleaned).await.map_err(Stop::Ledger)?;
    report.cleaned += cleaned.len() as u64;
    report.untouched += changed.len() as u64 - cleaned.len() as u64;
    report.rows_changed += changed.iter().sum::<u64>();
    Ok(())
}

fn text(report: &Report) -> String {
    let mut text = String::new();
    for source in &report.sources {
        let _ = writeln!(text, "{}: {}", source.source, output::counted(source.rows, "row"));
        let mut line = |count: u64, words: &str| {
            if count > 0 {
                let _ = writeln!(text, "{count:>12}  {words}");
            }
        };
        if report.dry_run {
            line(source.due, "confirmed: the statement would be run for them (it was prepared, and not run)");
        } else {
            line(source.cleaned, "cleaned up");
            line(
                source.untouched,
                "for whom the statement found no row: look at its WHERE; they are not noted as cleaned up",
            );
            line(source.due - source.cleaned - source.untouched, "confirmed, and not reached");
        }
        line(source.cleaned_before, "cleaned up before");
        line(source.too_recent, "confirmed too recently");
        line(source.verified_only, "verified by the hook, and not confirmed by Okta: not touched");
        line(source.not_confirmed, "in Okta, and not signed in yet: not touched");
        line(source.not_seeded, "not in Okta by this ledger: not touched");
        line(source.unreadable, "whose rows cannot be read: not touched");
    }
    if report.interrupted {
        text.push_str("Interrupted between two batches. The same command goes on from there.\n");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::Route;

    fn state(state: State) -> UserState {
        UserState {
            state,
            route: Route::Hook,
            scheme: None,
            okta_id: Some("00u1".to_owned()),
            okta_status: None,
            last_login: None,
            verified: 0,
            reset: None,
            cleaned: false,
            existed: false,
            unfinished: None,
            rolling_back: false,
            seeded_at: None,
            confirmed_at: None,
        }
    }

    #[test]
    fn only_confirmed_users_are_due() {
        let now = SystemTime::now();
        let mut report = SourceReport::default();
        for other in State::ALL.into_iter().filter(|other| *other != State::Confirmed) {
            assert!(!count(&mut report, Some(&state(other)), None, now), "{other}");
        }
        assert!(!count(&mut report, None, None, now));
        assert_eq!((report.verified_only, report.not_confirmed, report.not_seeded), (1, 1, 5));
        assert!(count(&mut report, Some(&state(State::Confirmed)), None, now));
        let cleaned = UserState { cleaned: true, ..state(State::Confirmed) };
        assert!(!count(&mut report, Some(&cleaned), None, now));
    }

    #[test]
    fn an_age_needs_a_time_of_confirmation() {
        let now = SystemTime::now();
        let day = Duration::from_hours(24);
        let due = |confirmed_at, older_than| {
            let state = UserState { confirmed_at, ..state(State::Confirmed) };
            count(&mut SourceReport::default(), Some(&state), older_than, now)
        };
        assert!(due(Some(now - day), Some(day)));
        assert!(!due(Some(now - day), Some(day * 2)));
        assert!(!due(None, Some(day)));
        assert!(!due(Some(now + day), Some(day)));
        assert!(due(None, None));
    }
}
