//! `keyferry reconcile`: tells the ledger what Okta knows and the event hook did not tell: whose password has arrived,
//! from the System Log, and who is there and signs in, from the list of users.
//!
//! It may be killed at any point and run again: what it has read is in the ledger before the place is remembered up to
//! which it has read, and all that it tells may be told twice.

mod log;
mod report;
mod users;

use std::time::{Duration, SystemTime};

use anyhow::Context as _;
use clap::Args as ClapArgs;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::interrupt::interrupted;
use super::{ConfigArgs, Exit, output, setup};
use crate::config::Needs;
use crate::ledger::{Ledger, LedgerError};
use crate::okta::client::{CallError, Client};
use report::Report;

/// How long errors of Okta's are put up with for one call.
const PATIENCE: Duration = Duration::from_mins(10);

#[derive(Debug, ClapArgs)]
pub(super) struct Args {
    #[command(flatten)]
    config: ConfigArgs,
    /// Read the System Log from this time on, such as 2026-09-01T00:00:00Z, and not from where the last run ended
    #[arg(long, value_name = "RFC3339", value_parser = time_of)]
    since: Option<SystemTime>,
    /// Read the System Log alone, not the list of users
    #[arg(long)]
    log_only: bool,
    /// Go on reading the System Log until SIGINT or SIGTERM: for where no event hook can reach
    #[arg(long)]
    follow: bool,
    /// Seconds between two looks at it
    #[arg(long, value_name = "SECONDS", default_value_t = 60, requires = "follow",
        value_parser = clap::value_parser!(u64).range(1..=86_400))]
    every: u64,
    /// Print one JSON document instead
    #[arg(long)]
    json: bool,
}

/// Why a reconciliation ended early.
#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error(transparent)]
    Okta(#[from] CallError),
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    #[error("Okta's System Log links to the page that was just read; nothing after it can be")]
    Circle,
}

pub(super) async fn run(args: Args) -> anyhow::Result<Exit> {
    let config = match setup::configuration(&args.config.config, Needs { okta: true, ..Needs::LEDGER }) {
        Ok(config) => config,
        Err(exit) => return Ok(exit),
    };
    let Some(okta) = &config.okta else {
        output::note("`[okta]` is missing: write org_url and api_token, or private_key_jwt");
        return Ok(Exit::Bad);
    };
    let patience = (!args.follow).then_some(PATIENCE);
    let client = match setup::okta_client(okta, patience) {
        Ok(client) => client,
        Err(exit) => return Ok(exit),
    };
    let url = config.ledger.url.expose_str().context("`ledger.url` is not text")?;
    let key = config.ledger.key.as_ref().map(crate::secret::Secret::expose);
    match Ledger::check(url, key).await {
        Ok(false) => {
            output::note("There is no ledger yet, so nobody to reconcile: `keyferry import` begins one.");
            return Ok(Exit::Bad);
        }
        // Opening it brings an older one up to date.
        Ok(true) | Err(LedgerError::Older) => {}
        Err(error) => return Err(error).context("reconcile writes to the ledger"),
    }
    let ledger = Ledger::open(url, key).await.context("reconcile writes to the ledger")?;
    if let Err(error) = ledger.bind(&okta.org_url, &[], false).await {
        return if matches!(error, LedgerError::OtherOrg(_)) {
            output::note(&error.to_string());
            Ok(Exit::Bad)
        } else {
            Err(error.into())
        };
    }
    let mut report = Report::default();
    let ended = reconcile(&client, &ledger, &args, &mut report).await;
    if let Err(failure) = ended {
        return told(failure);
    }
    if args.json {
        output::json(&report)?;
    } else {
        output::text(&report.text(output::terminal_width()))?;
    }
    Ok(Exit::Done)
}

async fn reconcile(
    client: &Client,
    ledger: &Ledger,
    args: &Args,
    report: &mut Report,
) -> Result<(), Failure> {
    client.check().await?;
    log::read(client, ledger, args.since, &mut report.log).await?;
    if !args.log_only {
        let began = client.okta_now();
        report.users = Some(users::read(client, ledger).await?);
        ledger.note_reconciled(began).await?;
    }
    if !args.follow {
        return Ok(());
    }
    output::note("following the System Log; SIGINT or SIGTERM ends it");
    let log = &mut report.log;
    // Whatever is dropped half-way is read again by the next run.
    tokio::select! {
        failure = follow(client, ledger, Duration::from_secs(args.every), log) => Err(failure),
        signal = interrupted() => {
            output::note(&format!("ended by {signal}"));
            Ok(())
        }
    }
}

/// Looks again and again. A ledger that is away is waited for; ends only with what will not get better.
async fn follow(client: &Client, ledger: &Ledger, every: Duration, log: &mut report::Log) -> Failure {
    loop {
        tokio::time::sleep(every).await;
        let before = log.confirmed;
        match log::read(client, ledger, None, log).await {
            Ok(()) if log.confirmed > before => {
                output::note(&format!("{} confirmed", output::counted(log.confirmed - before, "user")));
            }
            Ok(()) => {}
            Err(Failure::Ledger(error)) => output::note(&format!("{error}; it is tried again")),
            Err(failure) => return failure,
        }
    }
}

/// Bad credentials are the admin's to mend; the rest is unexpected.
fn told(failure: Failure) -> anyhow::Result<Exit> {
    match failure {
        Failure::Okta(error) if error.ends_the_run() => {
            output::note(&error.to_string());
            Ok(Exit::Bad)
        }
        other => Err(other).context("what was read before is in the ledger; run it again to go on"),
    }
}

fn time_of(text: &str) -> Result<SystemTime, &'static str> {
    let at = OffsetDateTime::parse(text, &Rfc3339).ok().filter(|at| at.unix_timestamp() >= 0);
    at.map(SystemTime::from).ok_or("not a time such as 2026-09-01T00:00:00Z")
}
