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
use crate::ledger::{Ledger, Mapping, Outcomes, Summary, rfc3339_text};

/// In the order in which a user goes through them.
const STATES: [&str; 6] = ["planned", "sending", "seeded", "rejected", "verified", "confirmed"];

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
            "There is no ledger yet: `keyferry serve` begins one when it starts."
        })?;
    } else {
        output::line(&text(&summary, output::terminal_width()))?;
    }
    Ok(Exit::Done)
}

fn text(summary: &Summary, width: Option<u16>) -> String {
    let decisions = &summary.decisions;
    let time = |at: Option<i64>| at.and_then(rfc3339_text).unwrap_or_else(|| "never".to_owned());
    format!(
        "Users\n{}\n\nDecisions of the hook (first {}, last {})\n{}\n\nBy scheme\n{}",
        users(summary, width).trim_fmt(),
        time(decisions.first_at),
        time(decisions.last_at),
        decisions_over_time(summary, width).trim_fmt(),
        schemes(summary, width).trim_fmt()
    ) + &doubts(summary)
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
    let mut table = table(["source", "route"].into_iter().chain(STATES).chain(["all"]), 2, width);
    for ((source, route), states) in lines {
        let mut line = vec![source.to_owned(), route.to_owned()];
        line.extend(STATES.iter().map(|state| states.get(state).copied().unwrap_or_default().to_string()));
        line.push(states.values().sum::<u64>().to_string());
        table.add_row(line);
    }
    table
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
    use crate::ledger::{Decisions, OutcomeCount, SchemeCount, UserCount};

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
            ..Summary::default()
        };
        let summary = Summary {
            decisions: Decisions {
                last_hour: Outcomes { verified: 1, rejected: 2, unavailable: 0 },
                last_day: Outcomes { verified: 3, rejected: 41, unavailable: 0 },
                total: Outcomes { verified: 3, rejected: 41, unavailable: 1 },
                first_at: Some(1_790_000_000_123),
                last_at: Some(1_790_003_600_000),
            },
            ..summary
        };
        insta::assert_snapshot!(text(&summary, None), @r"
        Users
         source   route   planned   sending   seeded   rejected   verified   confirmed   all
        ─────────────────────────────────────────────────────────────────────────────────────
         shop     hook          0         0        7          0          2           0     9

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
}
