//! `keyferry rollback`: takes users back out of Okta whom this ledger created and nobody has used.

use std::collections::HashSet;
use std::fmt::Write as _;
use std::pin::pin;

use clap::Args as ClapArgs;
use futures_util::TryStreamExt as _;
use indicatif::HumanCount;
use serde::Serialize;

use crate::config::Needs;
use crate::ledger::{Ledger, LedgerError, RollBackStep, State, UserRef, UserState};
use crate::okta::client::Client;
use crate::okta::users::User;

use super::ask::{self, Wanted};
use super::campaign::{self, Failure, Judge, Stop};
use super::progress::Progress;
use super::{ConfigArgs, Exit, interrupt, opened, output, setup};

/// Okta's status of somebody who is deactivated.
const DEPROVISIONED: &str = "DEPROVISIONED";
/// The most failures that are named; all are counted.
const NAMED: usize = 100;

/// Deactivates and deletes, for good, those members of the group whom this ledger created and of whom nobody has ever
/// heard: not signed in, by Okta's own word of this moment, and not verified or confirmed by the ledger's. Members who
/// were in Okta before the import, whom the ledger does not know, or who signed in are counted and left. So is the
/// group itself.
///
/// It can be killed at any moment and run again: each user is noted before the first call and after the last, and
/// whoever was begun is brought to the end by the next run, whatever its group. Afterwards an import may create them
/// again.
#[derive(Debug, ClapArgs)]
pub(super) struct Args {
    #[command(flatten)]
    config: ConfigArgs,

    /// The group, by its exact name in Okta; `{date}` is not replaced
    #[arg(long, value_name = "NAME")]
    group: String,

    /// Counts, and changes nothing
    #[arg(long)]
    dry_run: bool,

    /// Does not ask
    #[arg(long)]
    yes: bool,

    /// The report as JSON
    #[arg(long)]
    json: bool,
}

/// Somebody to take back.
struct Due {
    user: UserRef,
    okta_id: String,
}

/// Serializes to what `--json` prints.
#[derive(Debug, Default, Serialize)]
struct Report {
    group: String,
    dry_run: bool,
    /// Members of the group.
    members: u64,
    /// Members whom this ledger does not know.
    strangers: u64,
    /// Members who were in Okta before the import.
    existed: u64,
    /// Members who signed in, or were verified or confirmed.
    used: u64,
    /// Whom it is for.
    due: u64,
    /// Of them, those whom an interrupted run had begun.
    begun_before: u64,
    deleted: u64,
    /// Signed in since the group was read, and left alone.
    used_meanwhile: u64,
    failed: u64,
    /// The first of them.
    failures: Vec<Failure>,
    seconds: f64,
}

pub(super) async fn run(args: Args) -> anyhow::Result<Exit> {
    let config = match setup::configuration(&args.config.config, Needs { okta: true, ..Needs::LEDGER }) {
        Ok(config) => config,
        Err(exit) => return Ok(exit),
    };
    let ledger = match opened::ledger(&config.ledger).await {
        Ok(ledger) => ledger,
        Err(exit) => return Ok(exit),
    };
    let client = match opened::org(config.okta.as_ref(), &ledger).await {
        Ok(client) => client,
        Err(exit) => return Ok(exit),
    };
    let at_once = config.okta.as_ref().map_or(1, |okta| okta.in_flight);
    let mut report = Report { group: args.group.clone(), dry_run: args.dry_run, ..Report::default() };
    let mut progress = Progress::counting("members", None);
    let found = tokio::select! {
        found = find(&client, &ledger, &args.group, &mut report, &mut progress) => found,
        signal = interrupt::interrupted() => Err(Stop::Signal(signal)),
    };
    report.seconds = progress.finish().as_secs_f64();
    let due = match found {
        Ok(Some(due)) => due,
        Ok(None) => {
            output::note(&no_group(&args.group));
            return Ok(Exit::Bad);
        }
        Err(stop) => return Ok(stop.tell()),
    };
    let mut ended = Exit::Done;
    if !due.is_empty() && !args.dry_run {
        if let Err(exit) = ask::confirm(question(&report), Wanted::Number(report.due), args.yes).await {
            return Ok(exit);
        }
        let mut progress = Progress::counting("users", Some(report.due));
        let run = take_back_all(&client, &ledger, due, at_once, &mut report, &mut progress).await;
        report.seconds += progress.finish().as_secs_f64();
        ended = match run {
            Err(stop) => stop.tell(),
            Ok(()) if report.failed > 0 => Exit::WithRejects,
            Ok(()) => Exit::Done,
        };
    }
    if args.json {
        output::json(&report)?;
    } else {
        output::text(&text(&report))?;
    }
    Ok(ended)
}

fn no_group(name: &str) -> String {
    let hint = if name.contains("{date}") {
        "; `{date}` is not replaced here: write the day of the import"
    } else {
        ""
    };
    format!("--group {name}: the org has no group of exactly that name{hint}")
}

fn question(report: &Report) -> String {
    format!(
        "{} will be deleted from Okta for good. They never signed in; an import may create them again.",
        output::counted(report.due, "user")
    )
}

/// The members who are to go, and whoever an interrupted run had begun; none where there is no such group.
async fn find(
    client: &Client,
    ledger: &Ledger,
    name: &str,
    report: &mut Report,
    progress: &mut Progress,
) -> Result<Option<Vec<Due>>, Stop> {
    let unfinished = ledger.unfinished_roll_backs().await?;
    let Some(group) = client.group_by_name(name).await.map_err(Stop::Okta)? else { return Ok(None) };
    let mut due: Vec<Due> = unfinished.into_iter().map(|(user, okta_id)| Due { user, okta_id }).collect();
    let begun: HashSet<String> = due.iter().map(|due| due.okta_id.clone()).collect();
    report.begun_before = due.len() as u64;
    let mut pages = pin!(client.group_members(&group.id));
    while let Some(members) = pages.try_next().await.map_err(Stop::Okta)? {
        report.members += members.len() as u64;
        let ids: Vec<&str> = members.iter().map(|member| member.id.as_str()).collect();
        let known = ledger.states_by_okta_id(&ids).await?;
        for (member, known) in members.iter().zip(known) {
            match known {
                None => report.strangers += 1,
                Some(_) if begun.contains(&member.id) => {}
                Some((_, state)) if was_here_before(&state) => report.existed += 1,
                Some((_, state)) if was_used(&state, member) => report.used += 1,
                Some((user, _)) => due.push(Due { user, okta_id: member.id.clone() }),
            }
        }
        progress.rows(report.members);
    }
    report.due = due.len() as u64;
    Ok(Some(due))
}

/// Whether the ledger merely gave the hook to somebody who was there, and so must not take them away.
fn was_here_before(state: &UserState) -> bool {
    state.existed
}

/// Whether anybody has ever used the account: by the ledger's word, or by Okta's own.
fn was_used(state: &UserState, fresh: &User) -> bool {
    state.state != State::Seeded
        || state.verified > 0
        || state.last_login.is_some()
        || fresh.last_login.is_some()
}

enum Outcome {
    Deleted,
    Used,
    Failed(Failure),
}

async fn take_back_all(
    client: &Client,
    ledger: &Ledger,
    due: Vec<Due>,
    at_once: usize,
    report: &mut Report,
    progress: &mut Progress,
) -> Result<(), Stop> {
    let judge = Judge::default();
    campaign::each(
        due,
        at_once,
        |due| take_back(client, ledger, &judge, due),
        |outcome| {
            match outcome {
                Outcome::Deleted => report.deleted += 1,
                Outcome::Used => report.used_meanwhile += 1,
                Outcome::Failed(failure) => {
                    report.failed += 1;
                    if report.failures.len() < NAMED {
                        report.failures.push(failure);
                    }
                }
            }
            progress.rows(report.deleted + report.used_meanwhile + report.failed);
        },
    )
    .await
}

/// Whoever is not in Okta any more is done.
async fn take_back(client: &Client, ledger: &Ledger, judge: &Judge, due: Due) -> Result<Outcome, Stop> {
    let Due { user, okta_id } = due;
    let failed = |reason: String| Ok(Outcome::Failed(Failure { id: okta_id.clone(), reason }));
    let fresh = match client.user_by_id(&okta_id).await {
        Ok(fresh) => fresh,
        Err(error) => return failed(judge.reason(error)?),
    };
    let state = ledger.states(std::slice::from_ref(&user)).await?.pop().flatten();
    let Some(state) = state.filter(|state| state.okta_id.as_deref() == Some(&okta_id)) else {
        return failed("is no longer known to the ledger".to_owned());
    };
    if was_here_before(&state) || fresh.as_ref().is_some_and(|fresh| was_used(&state, fresh)) {
        return Ok(Outcome::Used);
    }
    match ledger.roll_back(&user, RollBackStep::Started).await {
        Ok(()) => {}
        // Somebody signed in between the two questions.
        Err(LedgerError::NotRolledBack(_)) => return Ok(Outcome::Used),
        Err(error) => return Err(error.into()),
    }
    if let Some(fresh) = fresh {
        if fresh.status != DEPROVISIONED
            && let Err(error) = client.deactivate_user(&okta_id).await
        {
            return failed(judge.reason(error)?);
        }
        if let Err(error) = client.delete_user(&okta_id).await {
            return failed(judge.reason(error)?);
        }
        judge.fine();
    }
    ledger.roll_back(&user, RollBackStep::Done).await?;
    Ok(Outcome::Deleted)
}

fn text(report: &Report) -> String {
    let mut text = format!("{}: {}\n", report.group, output::counted(report.members, "member"));
    let mut line = |count: u64, words: &str| {
        if count > 0 {
            let _ = writeln!(text, "{:>14}  {words}", HumanCount(count).to_string());
        }
    };
    line(report.begun_before, "begun by an interrupted run, in this group or another");
    if report.dry_run {
        line(report.due, "created by this ledger and never used: would be deleted");
    } else {
        line(report.deleted, "deleted: created by this ledger and never used");
        line(report.failed, "failed");
        let ended = report.deleted + report.used_meanwhile + report.failed;
        line(report.due.saturating_sub(ended), "not reached; the same command goes on with them");
    }
    line(report.used + report.used_meanwhile, "signed in, or verified or confirmed: left");
    line(report.existed, "in Okta before the import: left");
    line(report.strangers, "not known to this ledger: left");
    for failure in &report.failures {
        let _ = writeln!(text, "{:>14}  {}: {}", "", failure.id, failure.reason);
    }
    if report.failed > report.failures.len() as u64 {
        let _ = writeln!(text, "{:>14}  and {} more", "", report.failed - report.failures.len() as u64);
    }
    text.push_str("The group itself is left.\n");
    text
}
