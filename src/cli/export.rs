//! `keyferry export`: writes what Okta would be sent.

use std::fmt::Write as _;
use std::time::Duration;

use anyhow::Context;
use clap::{Args as ClapArgs, ValueEnum};
use indicatif::HumanCount;
use serde::Serialize;

use crate::config::{self, Needs};
use crate::ledger::Ledger;
use crate::secret::Secret;
use crate::seeding::export::{self, Export, ExportError};
use crate::seeding::people::MergeReport;
use crate::seeding::report::Report;
use crate::seeding::sink::file::Destination;
use crate::seeding::sink::{CsvLayout, Format};

use super::progress::{Progress, rate};
use super::rows::{RowArgs, planned};
use super::stores;
use super::{ConfigArgs, Exit, interrupt, output, setup};

/// Each user goes with the hash where Okta can import it, and with the password hook where not. A user whom neither
/// can serve is a reject: an unreadable or too costly hash, no stored password, an inactive user, a profile that
/// Okta would refuse, a login that an earlier row has (whatever its case and diacritical marks).
///
/// Without [source.profile], the columns `login`, `email`, `first_name`, `last_name` and `phone` become `login`, `email`,
/// `firstName`, `lastName` and `mobilePhone`; a missing `login` or `email` is taken from the other.
///
/// Nothing stands under the names of FILE until the last row is written. The file of users holds password hashes:
/// only its owner can read it. A run that is killed outright, or loses its power, leaves `.FILE.*.part` behind, with
/// hashes in it: delete that.
#[derive(Debug, ClapArgs)]
pub(super) struct Args {
    #[command(flatten)]
    config: ConfigArgs,

    /// What to write
    #[arg(long, value_enum)]
    format: FormatArg,

    /// Where users go; - is standard output
    #[arg(long, value_name = "FILE")]
    out: String,

    /// Where rejects go, as CSV: source, id, login, reason
    #[arg(long, value_name = "FILE")]
    rejects: String,

    #[command(flatten)]
    rows: RowArgs,

    /// Notes the exported users in the ledger as planned, with their route, for `status`
    #[arg(long)]
    record: bool,

    /// The report as JSON, on standard output
    #[arg(long)]
    json: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum FormatArg {
    /// JSON Lines: one create-user request a line, with its hash or the hook
    Okta,
    /// Okta's CSV import template: profiles only, since it has no column for credentials
    Csv,
}

pub(super) async fn run(args: Args) -> anyhow::Result<Exit> {
    let (out, rejects) = (Destination::parse(&args.out), Destination::parse(&args.rejects));
    if let Some(problem) = conflict(&args, &out, &rejects) {
        output::note(&problem);
        return Ok(Exit::Bad);
    }
    let config = match setup::configuration(&args.config.config, Needs::SOURCES) {
        Ok(config) => config,
        Err(exit) => return Ok(exit),
    };
    let ledger = if args.record { Some(open_ledger(&config.ledger).await?) } else { None };
    let (match_on, merge) = (config.import.match_on.clone(), stores::merge(config.import.merge));
    let planned = match stores::open(config, args.rows.source.as_deref())
        .and_then(|stores| planned(stores, &args.rows))
    {
        Ok(planned) => planned,
        Err(exit) => return Ok(exit),
    };
    let format = match args.format {
        FormatArg::Okta => Format::Okta,
        FormatArg::Csv => {
            output::note("Okta's CSV template has no credentials: hashes and hooks need --format okta.");
            let attributes = planned.iter().flat_map(|planned| planned.planner.profile().attributes());
            Format::Csv(CsvLayout::new(attributes))
        }
    };
    interrupt::survive_file_size_limit();
    let total =
        stores::count(planned.iter().map(|planned| &planned.source), args.rows.filter.as_deref()).await;
    let (filter, users, refused) = (args.rows.filter, out.clone(), rejects.clone());
    let job =
        Export { sources: planned, match_on, merge, filter, format, out: users, rejects: refused, ledger };
    let mut progress = Progress::start(total);
    let mut rows = 0;
    let exported = tokio::select! {
        exported = export::run(job, |report| {
            rows = report.rows;
            progress.rows(rows);
        }) => exported,
        signal = interrupt::interrupted() => {
            drop(progress);
            output::note(&format!("keyferry: {signal} after {} rows: no file was written", HumanCount(rows)));
            return Ok(Exit::Failed);
        }
    };
    let time = progress.finish();
    match exported {
        Ok(report) => {
            tell(&report, time, &out, &rejects, args.json)?;
            Ok(if report.rejected == 0 { Exit::Done } else { Exit::WithRejects })
        }
        Err(error) if is_misconfigured(&error, rows) => {
            output::note(&error.to_string());
            Ok(Exit::Bad)
        }
        Err(error) => Err(error.into()),
    }
}

fn conflict(args: &Args, out: &Destination, rejects: &Destination) -> Option<String> {
    if out.is_same(rejects) {
        return Some(format!("--out and --rejects both name {out}: give them different places"));
    }
    if args.json && [out, rejects].contains(&&Destination::Stdout) {
        return Some(
            "--json prints its report on standard output, where --out or --rejects would go too".into(),
        );
    }
    None
}

async fn open_ledger(ledger: &config::Ledger) -> anyhow::Result<Ledger> {
    let url = ledger.url.expose_str().context("`ledger.url` is not text")?;
    let key = ledger.key.as_ref().map(Secret::expose);
    Ledger::open(url, key).await.context("--record needs the ledger")
}

fn is_misconfigured(error: &ExportError, rows: u64) -> bool {
    match error {
        ExportError::People(error) => stores::is_bad_input(error, rows),
        ExportError::SameDestination(_) => true,
        ExportError::Write(_) | ExportError::Ledger(_) => false,
    }
}

#[derive(Serialize)]
struct JsonReport<'a> {
    out: String,
    rejects_file: String,
    seconds: f64,
    rows_per_second: u64,
    #[serde(flatten)]
    report: &'a Report,
}

fn tell(
    report: &Report,
    time: Duration,
    out: &Destination,
    rejects: &Destination,
    json: bool,
) -> std::io::Result<()> {
    let rows_per_second = rate(report.rows, time);
    if json {
        return output::json(&JsonReport {
            out: out.to_string(),
            rejects_file: rejects.to_string(),
            seconds: time.as_secs_f64(),
            rows_per_second,
            report,
        });
    }
    let mut text = format!(
        "{} in {:.1} s, {} rows/s\n",
        output::counted(report.rows, "row"),
        time.as_secs_f64(),
        HumanCount(rows_per_second)
    );
    let mut part = |title: String, lines: Vec<(u64, String)>| {
        text.push_str(&title);
        text.push('\n');
        for (count, line) in lines {
            let _ = writeln!(text, "{:>14}  {line}", HumanCount(count).to_string());
        }
    };
    let lines = |lines: &[crate::seeding::report::Line]| {
        lines.iter().map(|line| (line.users, format!("{}: {}", line.scheme, line.detail))).collect()
    };
    part(
        format!("{} with a hash that Okta imports", output::counted(report.by_hash(), "user")),
        lines(&report.hash),
    );
    part(format!("{} for the hook", output::counted(report.by_hook(), "user")), lines(&report.hook));
    let reasons = report.rejects.iter().map(|line| (line.rows, line.reason.clone())).collect();
    part(format!("{}, listed in {rejects}", output::counted(report.rejected, "reject")), reasons);
    text.push_str(&merged(report.merged.as_ref()));
    let _ = write!(text, "{} written to {out}", output::counted(report.users, "user"));
    output::note(&text);
    Ok(())
}

/// What merging several sources came to, in lines; nothing where there is one.
fn merged(report: Option<&MergeReport>) -> String {
    let Some(report) = report else { return String::new() };
    let mut text = format!(
        "{} of later sources belong to {} whom an earlier one knows\n",
        output::counted(report.rows, "row"),
        match report.people {
            1 => "1 person".to_owned(),
            people => format!("{} people", HumanCount(people)),
        },
    );
    let mut line = |count: u64, what: &str| {
        let _ = writeln!(text, "{:>14}  {what}", HumanCount(count).to_string());
    };
    line(report.filled, "attributes filled from a later source");
    for conflict in &report.conflicts {
        let what = format!("{} says another {}", conflict.source, conflict.attribute);
        line(conflict.rows, &what);
    }
    text
}
