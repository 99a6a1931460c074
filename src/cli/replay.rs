//! `keyferry replay`: recorded hook payloads, sent to a running service as Okta would send them. Tells verdicts, whether
//! they are what was expected, and how long they took beside Okta's three seconds.
//!
//! Prints no password, no username and no body, neither of a payload nor of an answer.

mod load;
mod read;
mod report;
mod send;
mod target;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use clap::Args as ClapArgs;
use hyper::body::Bytes;

use self::load::Pace;
use self::read::Named;
use self::report::Report;
use self::send::{Call, Sender};
use self::target::{Target, TargetArgs};
use super::hook::random_text;
use super::progress::Progress;
use super::{Exit, ask, given, interrupt, output};
use crate::config::parse_duration;
use crate::http::recorded::Recorded;
use crate::schemes::Limits;
use crate::secret::Secret;

/// The most calls of a run.
const MOST_CALLS: u32 = 500_000;
/// The longest run.
const LONGEST: Duration = Duration::from_hours(1);
/// With `--rate`: calls that may be under way at once, below the number of files that a process may usually open.
const UNDER_WAY: u32 = 512;
/// The most that `--concurrency` takes.
const MOST_UNDER_WAY: u32 = 4096;
/// What is wrong with payloads is told so many times, and then counted.
const TOLD: usize = 20;

#[expect(clippy::struct_excessive_bools, reason = "each is a switch of its own")]
#[derive(Debug, ClapArgs)]
pub(super) struct Args {
    /// Recorded payloads: files with one JSON object or one a line, folders of such files, or - for standard input
    #[arg(value_name = "PATH", required = true)]
    paths: Vec<PathBuf>,

    #[command(flatten)]
    target: TargetArgs,

    /// One password for all payloads that were recorded without theirs, from standard input
    #[arg(long)]
    password_stdin: bool,

    /// Give each call an event id and a time of its own
    #[arg(long)]
    fresh: bool,

    /// Ask once more after a 5xx, a time-out or a broken connection, as Okta does
    #[arg(long)]
    retry: bool,

    /// Load: so many calls a second, whatever becomes of those before; latency counts from the time when a call was due
    #[arg(long, value_name = "CALLS", value_parser = rate)]
    rate: Option<f64>,

    /// Load: for so long, over and over, instead of each payload once: 30s, 5m
    #[arg(long, value_name = "TIME", value_parser = duration)]
    duration: Option<Duration>,

    /// Load: so many callers, each of whom waits for its answer; with --rate, the most calls under way at once
    #[arg(long, value_name = "CALLERS", value_parser = clap::value_parser!(u32).range(1..=i64::from(MOST_UNDER_WAY)))]
    concurrency: Option<u32>,

    /// Do not ask before load goes to another machine
    #[arg(long)]
    yes: bool,

    /// Print one JSON object a call, and one with the summary at the end
    #[arg(long)]
    json: bool,
}

fn rate(text: &str) -> Result<f64, String> {
    let rate = text.parse().ok().filter(|rate| (0.001..=100_000.0).contains(rate));
    rate.ok_or_else(|| "must be a number of calls a second, from 0.001 to 100000".to_owned())
}

fn duration(text: &str) -> Result<Duration, String> {
    let duration = parse_duration(text).filter(|duration| *duration <= LONGEST);
    duration.ok_or_else(|| "must be a time with its unit, such as 30s or 5m, of 1h at most".to_owned())
}

pub(super) async fn run(args: Args) -> anyhow::Result<Exit> {
    let (target, limits) = match Target::open(&args.target) {
        Ok(opened) => opened,
        Err(exit) => return Ok(exit),
    };
    let recorded = match read::all(&args.paths, args.password_stdin) {
        Ok(recorded) => recorded,
        Err(problems) => return Ok(refused(&problems)),
    };
    let calls = match calls(recorded, args.password_stdin, &limits)? {
        Ok(calls) => calls,
        Err(problems) => return Ok(refused(&problems)),
    };
    let pace = match pace(&args, calls.len()) {
        Ok(pace) => pace,
        Err(problem) => return Ok(refused(&[problem])),
    };
    if let Some(exit) = not_meant(&args, &target, &pace).await {
        return Ok(exit);
    }
    let url = target.url.clone();
    let sender = Arc::new(Sender { target, calls, fresh: args.fresh, retry: args.retry });
    let mut progress = Progress::counting("calls", Some(u64::from(pace.calls)));
    let run = load::run(&sender, &pace, interrupt::interrupted(), |done| progress.rows(done)).await;
    drop(progress);
    let report = Report::new(&url, &sender.calls, &run, pace.is_load());
    if args.json {
        report.print_json()?;
    } else {
        report.print()?;
    }
    Ok(report.exit())
}

fn refused(problems: &[String]) -> Exit {
    for problem in problems.iter().take(TOLD) {
        output::note(problem);
    }
    if problems.len() > TOLD {
        output::note(&format!("and {} more", problems.len() - TOLD));
    }
    output::note("Nothing was sent.");
    Exit::Bad
}

/// What is sent for each payload. One that was recorded with a wrong password gets a wrong one again, made up, so that
/// its expectation still holds.
fn calls(
    recorded: Vec<Named>,
    password_stdin: bool,
    limits: &Limits,
) -> anyhow::Result<Result<Vec<Call>, Vec<String>>> {
    let password = if password_stdin { Some(given::password(limits)?) } else { None };
    let wrong = random_text().map(Secret::from);
    let mut calls = Vec::with_capacity(recorded.len());
    let mut problems = Vec::new();
    for Named { name, recorded } in recorded {
        match body(&recorded, password.as_ref(), wrong.as_ref()) {
            Ok(body) => calls.push(Call { name, body, expect: recorded.expect() }),
            Err(problem) => problems.push(format!("{name}: {problem}")),
        }
    }
    Ok(if problems.is_empty() { Ok(calls) } else { Err(problems) })
}

fn body(recorded: &Recorded, password: Option<&Secret>, wrong: Option<&Secret>) -> Result<Bytes, String> {
    let put = match (recorded.is_redacted(), password) {
        (false, _) => None,
        (true, Some(_)) if recorded.was_wrong() => wrong,
        (true, Some(password)) => Some(password),
        (true, None) => {
            return Err(
                "was recorded without its password; --password-stdin puts one into all such payloads".into(),
            );
        }
    };
    recorded.body(put).map(Bytes::from_owner).map_err(|error| error.to_string())
}

fn pace(args: &Args, payloads: usize) -> Result<Pace, String> {
    let most = || format!("that is more than {MOST_CALLS} calls, the most of one run");
    let once = u32::try_from(payloads).ok().filter(|calls| *calls <= MOST_CALLS).ok_or_else(most)?;
    let calls = match (args.rate, args.duration) {
        (_, None) => once,
        (None, Some(_)) => MOST_CALLS,
        (Some(rate), Some(time)) => {
            let calls = (rate * time.as_secs_f64()).ceil().max(1.0);
            if calls > f64::from(MOST_CALLS) {
                return Err(most());
            }
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "from 1 to MOST_CALLS"
            )]
            let calls = calls as u32;
            calls
        }
    };
    let usual = if args.rate.is_some() { UNDER_WAY } else { 1 };
    Ok(Pace {
        calls,
        rate: args.rate,
        repeat: args.duration.is_some(),
        within: args.duration.unwrap_or(LONGEST),
        callers: args.concurrency.unwrap_or(usual),
    })
}

/// Warns where passwords would go in the clear, and asks before load goes to somebody else.
async fn not_meant(args: &Args, target: &Target, pace: &Pace) -> Option<Exit> {
    if target.is_here {
        return None;
    }
    if !target.is_tls {
        output::note(&format!("Warning: passwords and the secret go to {} over plain HTTP.", target.host));
    }
    if !pace.is_load() {
        return None;
    }
    let question = format!(
        "Load goes to {}, which is not this machine. Sign-ins of people may suffer, and be locked out.",
        target.host
    );
    ask::confirm(question, ask::Wanted::Yes, args.yes).await.err()
}
