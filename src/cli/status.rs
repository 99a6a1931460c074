//! `keyferry status`: where every user stands, from the ledger alone. Reads, and never creates or changes
//! anything: a ledger that is not there yet is reported as such.

use std::collections::BTreeMap;

use anyhow::Context as _;
use clap::Args as ClapArgs;
use comfy_table::{CellAlignment, Table};
use serde::Serialize;

use super::output::table;
use super::{ConfigArgs, Exit, output, setup};
use crate::config::Needs;
use crate::ledger::{Ledger, Mapping, Outcomes, State, Summary, rfc3339_text};

/// Of users who are in Okta, in the order in which they go through them.
const SEEDED: [State; 3] = [State::Seeded, State::Verified, State::Confirmed];

#[derive(Debug, ClapArgs)]
pub(super) struct Args {
    #[command(flatten)]
    config: ConfigArgs,
    /// Print one JSON document instead
    #[arg(long)]
    json: bool,
}

/// The document of `--json`.
#[derive(Serialize)]
struct Report<'a> {
    /// Whether there is a ledger at all.
    begun: bool,
    #[serde(flatten)]
    summary: &'a Summary,
}

pub(super) async fn run(args: Args) -> anyhow::Result<Exit> {
    let config = match setup::configuration(&args.config.config, Needs::LEDGER) {
        Ok(config) => config,
        Err(exit) => return Ok(exit),
    };
    let url = config.ledger.url.expose_str().context("`ledger.url` is not text")?;
    let summary = Ledger::summary_of(url).await.context("status reads the ledger")?;
    let begun = summary.is_some();
    let summary = summary.unwrap_or_default();
    if args.json {
        output::json(&Report { begun, summary: &summary })?;
    } else if summary == Summary::default() {
        output::line(if begun {
            "The ledger is empty: no user was planned, and the hook has not been asked yet."
        } else {
            "There is no ledger yet: `keyferry serve` and `keyferry import` begin one when they start."
        })?;
    } else {
        output::line(&text(&summary, output::terminal_width()))?;
    }
    Ok(Exit::Done)
}

fn text(summary: &Summary, width: Option<u16>) -> String {
    format!(
        "Users\n{}{}{}{}{}",
        users(summary, width).trim_fmt(),
        section("In Okta", &seeded(summary, width)),
        section("Under way", &under_way(summary).join("\n")),
        hook(summary, width),
        doubts(summary)
    )
}

fn hook(summary: &Summary, width: Option<u16>) -> String {
    let decisions = &summary.decisions;
    if decisions.total.sum() == 0 && summary.schemes.is_empty() {
        return "\n\nThe hook has not been asked yet.".to_owned();
    }
    let time = |at: Option<i64>| at.and_then(rfc3339_text).unwrap_or_else(|| "never".to_owned());
    format!(
        "\n\nDecisions of the hook (first {}, last {})\n{}\n\nBy scheme\n{}",
        time(decisions.first_at),
        time(decisions.last_at),
        decisions_over_time(summary, width).trim_fmt(),
        schemes(summary, width).trim_fmt()
    )
}

/// The mappings that are probably wrong, each with the way to find out; nothing where there are none.
fn doubts(summary: &Summary) -> String {
    let doubtful: Vec<String> = summary
        .schemes
        .iter()
        .filter(|scheme| scheme.mapping == Some(Mapping::Doubtful))
        .map(|scheme| {
            format!(
                "  source `{}`, scheme `{}`: {} had a wrong password, and nobody was ever verified",
                scheme.source.as_deref().unwrap_or_default(),
                scheme.scheme.as_deref().unwrap_or_default(),
                output::counted(scheme.wrong_password_users, "user")
            )
        })
        .collect();
    if doubtful.is_empty() {
        return String::new();
    }
    format!(
        "\n\nMapping probably wrong\n{}\n  Prove it with passwords that you know: `keyferry verify --batch FILE`; then look at `scheme`, the salt \
         columns\n  and the pepper.",
        doubtful.join("\n")
    )
}

/// One line for each source and route, one column for each state.
fn users(summary: &Summary, width: Option<u16>) -> Table {
    let mut lines: BTreeMap<(&str, &str), BTreeMap<&str, u64>> = BTreeMap::new();
    for count in &summary.users {
        *lines.entry((&count.source, &count.route)).or_default().entry(&count.state).or_default() +=
            count.users;
    }
    let names = State::ALL.map(State::as_str);
    let mut table = table(["source", "route"].into_iter().chain(names).chain(["all"]), 2, width);
    for ((source, route), states) in lines {
        let mut line = vec![source.to_owned(), route.to_owned()];
        line.extend(names.iter().map(|state| states.get(state).copied().unwrap_or_default().to_string()));
        line.push(states.values().sum::<u64>().to_string());
        table.add_row(line);
    }
    table
}

/// A title and what stands under it; nothing where there is nothing.
fn section(title: &str, text: &str) -> String {
    if text.is_empty() { String::new() } else { format!("\n\n{title}\n{text}") }
}

/// One line for each scheme and the way its users have gone.
fn seeded(summary: &Summary, width: Option<u16>) -> String {
    if summary.seeded.is_empty() {
        return String::new();
    }
    let mut lines: BTreeMap<(&str, &str, &str), BTreeMap<&str, u64>> = BTreeMap::new();
    for count in &summary.seeded {
        let scheme = count.scheme.as_deref().unwrap_or("(none)");
        *lines.entry((&count.source, scheme, &count.route)).or_default().entry(&count.state).or_default() +=
            count.users;
    }
    let names = SEEDED.map(State::as_str);
    let mut table = table(["source", "scheme", "route"].into_iter().chain(names).chain(["all"]), 3, width);
    for ((source, scheme, route), states) in lines {
        let mut line = vec![source.to_owned(), scheme.to_owned(), route.to_owned()];
        line.extend(names.iter().map(|state| states.get(state).copied().unwrap_or_default().to_string()));
        line.push(states.values().sum::<u64>().to_string());
        table.add_row(line);
    }
    table.trim_fmt()
}

/// What was begun and has not ended, and what follows an import.
fn under_way(summary: &Summary) -> Vec<String> {
    let mut lines = Vec::new();
    for pass in &summary.passes {
        let begun = pass.begun_at.and_then(rfc3339_text).unwrap_or_default();
        let over = if pass.shard == "0/1" { "all users".to_owned() } else { format!("shard {}", pass.shard) };
        lines.push(format!("  import pass {} over {over}, begun {begun}", pass.number));
    }
    let mut line = |number: u64, text: &str| {
        if number > 0 {
            lines.push(format!("  {}{text}", output::counted(number, "user")));
        }
    };
    line(summary.unfinished, " sent without an answer: the next `keyferry import` looks them up in Okta");
    line(summary.resets.done, " with a password reset");
    line(summary.resets.started, " with a password reset begun: `keyferry stragglers --reset` asks again");
    line(summary.cleaned, " cleaned from the legacy store");
    line(summary.rolling_back, " in a rollback that has not ended: run `keyferry rollback` again");
    lines
}

fn decisions_over_time(summary: &Summary, width: Option<u16>) -> Table {
    let mut table = table(["", "verified", "rejected", "unavailable", "all"], 1, width);
    let mut add = |name: &str, of: Outcomes| {
        let counts = [of.verified, of.rejected, of.unavailable, of.sum()];
        table.add_row(std::iter::once(name.to_owned()).chain(counts.map(|count| count.to_string())));
    };
    add("last hour", summary.decisions.last_hour);
    add("last day", summary.decisions.last_day);
    add("total", summary.decisions.total);
    table
}

/// The reasons one below the other: a wrong password is the user's, an unreadable hash is ours to mend.
fn schemes(summary: &Summary, width: Option<u16>) -> Table {
    let mut table = table(["source", "scheme", "users verified", "decision", "count"], 2, width);
    if let Some(column) = table.column_mut(3) {
        column.set_cell_alignment(CellAlignment::Left);
    }
    for scheme in &summary.schemes {
        let mut head = [
            scheme.source.clone().unwrap_or_else(|| "(none)".to_owned()),
            scheme.scheme.clone().unwrap_or_else(|| "(none)".to_owned()),
            scheme.verified_users.to_string(),
        ];
        let verified = Some(("verified".to_owned(), scheme.verified)).filter(|(_, count)| *count > 0);
        let others = scheme
            .not_verified
            .iter()
            .map(|count| (format!("{}: {}", count.outcome, count.reason), count.decisions));
        let mut lines: Vec<(String, u64)> = verified.into_iter().chain(others).collect();
        if lines.is_empty() {
            lines.push(("verified".to_owned(), 0));
        }
        for (decision, count) in lines {
            table.add_row(head.iter().cloned().chain([decision, count.to_string()]));
            head = Default::default();
        }
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::{Decisions, OutcomeCount, PassUnderWay, Resets, SchemeCount, SeededCount, UserCount};

    #[test]
    fn each_reason_has_a_line_of_its_own() {
        let outcome = |outcome: &str, reason: &str, decisions| OutcomeCount {
            outcome: outcome.to_owned(),
            reason: reason.to_owned(),
            decisions,
        };
        let summary = Summary {
            users: vec![
                UserCount { source: "shop".into(), route: "hook".into(), state: "seeded".into(), users: 7 },
                UserCount { source: "shop".into(), route: "hook".into(), state: "verified".into(), users: 2 },
            ],
            schemes: vec![SchemeCount {
                source: Some("shop".into()),
                scheme: Some("bcrypt".into()),
                verified_users: 2,
                verified: 3,
                wrong_password_users: 12,
                mapping: Some(Mapping::Proved),
                not_verified: vec![
                    outcome("rejected", "unreadable hash", 1),
                    outcome("rejected", "wrong password", 40),
                ],
            }],
            decisions: Decisions {
                last_hour: Outcomes { verified: 1, rejected: 2, unavailable: 0 },
                last_day: Outcomes { verified: 3, rejected: 41, unavailable: 0 },
                total: Outcomes { verified: 3, rejected: 41, unavailable: 1 },
                first_at: Some(1_790_000_000_123),
                last_at: Some(1_790_003_600_000),
            },
            ..Summary::default()
        };
        insta::assert_snapshot!(text(&summary, None), @r"
        Users
         source   route   planned   sending   seeded   rejected   skipped   verified   confirmed   all
        ───────────────────────────────────────────────────────────────────────────────────────────────
         shop     hook          0         0        7          0         0          2           0     9

        Decisions of the hook (first 2026-09-21T14:13:20Z, last 2026-09-21T15:13:20Z)
                     verified   rejected   unavailable   all
        ─────────────────────────────────────────────────────
         last hour          1          2             0     3
         last day           3         41             0    44
         total              3         41             1    45

        By scheme
         source   scheme   users verified   decision                    count
        ──────────────────────────────────────────────────────────────────────
         shop     bcrypt                2   verified                        3
                                            rejected: unreadable hash       1
                                            rejected: wrong password       40
        ");
    }

    #[test]
    fn an_import_under_way_is_shown_with_what_it_has_done() {
        let seeded = |scheme: Option<&str>, route: &str, state: &str, users| SeededCount {
            source: "shop".to_owned(),
            route: route.to_owned(),
            scheme: scheme.map(str::to_owned),
            state: state.to_owned(),
            users,
        };
        let pass = |shard: &str, number| PassUnderWay {
            shard: shard.to_owned(),
            number,
            begun_at: Some(1_790_000_000_123),
        };
        let summary = Summary {
            users: vec![UserCount {
                source: "shop".into(),
                route: "hash".into(),
                state: "skipped".into(),
                users: 1,
            }],
            seeded: vec![
                seeded(Some("bcrypt"), "hash", "confirmed", 40),
                seeded(Some("bcrypt"), "hash", "seeded", 1200),
                seeded(Some("md5"), "hook", "verified", 7),
                seeded(None, "hook", "seeded", 1),
            ],
            passes: vec![pass("0/1", 3), pass("3/16", 4)],
            unfinished: 12,
            resets: Resets { started: 1, done: 5 },
            cleaned: 7,
            rolling_back: 2,
            ..Summary::default()
        };
        insta::assert_snapshot!(text(&summary, None), @r"
        Users
         source   route   planned   sending   seeded   rejected   skipped   verified   confirmed   all
        ───────────────────────────────────────────────────────────────────────────────────────────────
         shop     hash          0         0        0          0         1          0           0     1

        In Okta
         source   scheme   route   seeded   verified   confirmed    all
        ────────────────────────────────────────────────────────────────
         shop     (none)   hook         1          0           0      1
         shop     bcrypt   hash      1200          0          40   1240
         shop     md5      hook         0          7           0      7

        Under way
          import pass 3 over all users, begun 2026-09-21T14:13:20Z
          import pass 4 over shard 3/16, begun 2026-09-21T14:13:20Z
          12 users sent without an answer: the next `keyferry import` looks them up in Okta
          5 users with a password reset
          1 user with a password reset begun: `keyferry stragglers --reset` asks again
          7 users cleaned from the legacy store
          2 users in a rollback that has not ended: run `keyferry rollback` again

        The hook has not been asked yet.
        ");
    }
}
