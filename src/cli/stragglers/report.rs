//! What `keyferry stragglers` tells: how many, from where, last seen when, and what became of the resets.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use indicatif::HumanCount;
use serde::Serialize;

use super::last_seen::Seen;
use crate::cli::campaign::Failure;
use crate::cli::output::counted;
use crate::ledger::{ResetStep, UserState};

/// The most failures that are named; all are counted.
const NAMED: usize = 100;

/// Serializes to what `--json` prints.
#[derive(Debug, Default, Serialize)]
pub(super) struct Report {
    /// Rows of the stores that were looked at.
    pub(super) rows: u64,
    /// Who never signed in.
    stragglers: u64,
    by: Vec<Line>,
    last_seen: BTreeMap<Seen, u64>,
    /// Of them, those to whom Okta has sent a mail before.
    reset_before: u64,
    /// When `keyferry reconcile` last read Okta's users to the end; none where it never did.
    pub(super) reconciled_at: Option<String>,
    /// Where the list is.
    pub(super) list: String,
    /// What became of `--reset`.
    pub(super) resets: Option<Resets>,
    pub(super) seconds: f64,
}

#[derive(Debug, Serialize)]
struct Line {
    source: String,
    route: &'static str,
    users: u64,
}

#[derive(Debug, Default, Serialize)]
pub(super) struct Resets {
    dry_run: bool,
    /// Whom it is for.
    due: u64,
    /// Okta has sent them a mail.
    pub(super) mailed: u64,
    /// An interrupted run had done so already, as Okta's status of them tells.
    pub(super) mailed_before: u64,
    /// Signed in meanwhile, and left alone.
    pub(super) signed_in: u64,
    /// Okta would not.
    pub(super) failed: u64,
    /// The first of them.
    failures: Vec<Failure>,
}

impl Report {
    pub(super) fn add(&mut self, source: &str, state: &UserState, seen: Seen) {
        self.stragglers += 1;
        self.reset_before += u64::from(state.reset == Some(ResetStep::Done));
        *self.last_seen.entry(seen).or_default() += 1;
        let route = state.route.as_str();
        match self.by.iter_mut().find(|line| line.source == *source && line.route == route) {
            Some(line) => line.users += 1,
            None => self.by.push(Line { source: source.to_owned(), route, users: 1 }),
        }
    }

    pub(super) fn begin_resets(&mut self, due: usize, dry_run: bool) {
        self.resets = Some(Resets { dry_run, due: due as u64, ..Resets::default() });
    }

    pub(super) fn failures(&self) -> u64 {
        self.resets.as_ref().map_or(0, |resets| resets.failed)
    }

    pub(super) fn text(&self) -> String {
        let mut text = format!(
            "{} never signed in, of {}; listed in {}\n",
            counted(self.stragglers, "user"),
            counted(self.rows, "row"),
            self.list
        );
        let mut line = |count: u64, words: &str| {
            let _ = writeln!(text, "{:>14}  {words}", HumanCount(count).to_string());
        };
        for by in &self.by {
            line(by.users, &format!("{}, by {}", by.source, by.route));
        }
        line(self.reset_before, "had Okta's mail of a reset before");
        text.push_str("Last seen in the legacy store\n");
        for seen in Seen::ALL {
            if let Some(users) = self.last_seen.get(&seen) {
                let _ = writeln!(text, "{:>14}  {}", HumanCount(*users).to_string(), seen.words());
            }
        }
        match &self.reconciled_at {
            Some(at) => {
                let _ = writeln!(text, "Okta's users were last read at {at}; who signed in since may be among them.");
            }
            None => text.push_str(
                "Okta's users were never read: who signed in without the hook is among them. Run `keyferry reconcile`.\n",
            ),
        }
        if let Some(resets) = &self.resets {
            resets.tell(&mut text);
        }
        text
    }
}

impl Resets {
    pub(super) fn fail(&mut self, failure: Failure) {
        self.failed += 1;
        if self.failures.len() < NAMED {
            self.failures.push(failure);
        }
    }

    fn tell(&self, text: &mut String) {
        let _ = writeln!(text, "Password reset for {}", counted(self.due, "user"));
        if self.dry_run {
            text.push_str("                not begun: this is a dry run\n");
            return;
        }
        let ended = self.mailed + self.mailed_before + self.signed_in + self.failed;
        for (count, words) in [
            (self.mailed, "have Okta's mail now"),
            (self.mailed_before, "had it already from a run that was interrupted"),
            (self.signed_in, "signed in meanwhile, and were left alone"),
            (self.failed, "failed"),
            (self.due.saturating_sub(ended), "not reached; the same command goes on with them"),
        ] {
            if count > 0 {
                let _ = writeln!(text, "{:>14}  {words}", HumanCount(count).to_string());
            }
        }
        for failure in &self.failures {
            let _ = writeln!(text, "{:>14}  {}: {}", "", failure.id, failure.reason);
        }
        if self.failed > self.failures.len() as u64 {
            let _ = writeln!(text, "{:>14}  and {} more", "", self.failed - self.failures.len() as u64);
        }
    }
}
