//! What an import tells: the plan before it, how far it is, and what it did.

use std::fmt::Write as _;
use std::path::Path;
use std::time::{Duration, SystemTime};

use indicatif::{HumanCount, HumanDuration};
use serde::Serialize;
use time::OffsetDateTime;
use time::macros::format_description;

use super::super::output::{self, Exit};
use crate::ledger::Pass;
use crate::okta::client::PaceState;
use crate::seeding::import::{DryReport, Options, Report};
use crate::seeding::report::Line;

/// `20261120`, in UTC.
pub(super) fn date(day: SystemTime) -> String {
    OffsetDateTime::from(day).format(format_description!("[year][month][day]")).unwrap_or_default()
}

/// What is ahead, and how long it takes at least.
pub(super) fn plan(
    org_url: &str,
    pass: &Pass,
    total: Option<u64>,
    seeded: u64,
    options: &Options,
    pace: &PaceState,
) -> String {
    let mut text = format!("Org:   {org_url}\n");
    let rate = match (pace.limit, pace.allowed_per_minute) {
        (Some(limit), Some(allowed)) => {
            format!("{allowed:.0} calls a minute, of {} that the org allows", HumanCount(limit.into()))
        }
        (None, Some(allowed)) => format!("{allowed:.0} calls a minute; the org tells no limit"),
        (_, None) => "not known before the first answer".to_owned(),
    };
    let _ = writeln!(text, "Rate:  {rate}");
    if pass.cursor.is_some() {
        let _ = writeln!(text, "Run:   goes on where the one begun {} ended", moment(pass.begun));
    }
    let rows = total.map_or_else(|| "not counted".to_owned(), |total| HumanCount(total).to_string());
    let _ =
        writeln!(text, "Rows:  {rows}; {} users of this ledger are in the org already", HumanCount(seeded));
    let most = options.limit.or(total.map(|total| total.saturating_sub(seeded)));
    match most.zip(pace.allowed_per_minute.filter(|allowed| *allowed > 0.0)) {
        Some((calls, allowed)) => {
            let _ = write!(text, "Time:  {} for at most {} calls", span(calls, allowed), HumanCount(calls));
        }
        None => text.push_str("Time:  not known beforehand"),
    }
    text
}

/// Behind the count of rows on the progress line.
pub(super) fn pace(pace: &PaceState, done: u64, total: Option<u64>) -> String {
    let mut text = String::new();
    if let Some(allowed) = pace.allowed_per_minute {
        let _ = write!(text, "{allowed:.0} calls/min allowed");
        let left = total.map(|total| total.saturating_sub(done)).filter(|left| *left > 0);
        if let Some(left) = left.filter(|_| allowed > 0.0) {
            let _ = write!(text, ", {} left", span(left, allowed));
        }
    }
    if let (Some(pause), Some(why)) = (pace.paused_for, &pace.pause_cause) {
        let _ = write!(text, ", waiting {} s: {why}", pause.as_secs());
    }
    text
}

fn span(calls: u64, per_minute: f64) -> String {
    #[expect(clippy::cast_precision_loss, reason = "an estimate, in minutes")]
    let seconds = calls as f64 / per_minute * 60.0;
    HumanDuration(Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX)).to_string()
}

fn moment(at: SystemTime) -> String {
    OffsetDateTime::from(at)
        .format(format_description!("[year]-[month]-[day] [hour]:[minute] UTC"))
        .unwrap_or_default()
}

/// What came of a run, real or dry.
#[derive(Debug, Serialize)]
pub(in crate::cli) struct Told {
    org: String,
    dry_run: bool,
    /// Whether the last row was reached, or the limit.
    complete: bool,
    seconds: f64,
    rejects_file: String,
    /// Calls of the org, all kinds.
    calls: u64,
    /// Of them, answered 429.
    limited: u64,
    #[serde(flatten)]
    done: Done,
}

#[derive(Debug, Serialize)]
#[serde(untagged)]
enum Done {
    Real(Report),
    Dry {
        #[serde(flatten)]
        plan: DryReport,
        /// How long the calls would take, in seconds: at the org's rate where it was asked, else at Okta's usual one.
        estimated_seconds: f64,
    },
}

impl Told {
    pub(super) fn real(
        report: Report,
        complete: bool,
        time: Duration,
        org: String,
        rejects: &Path,
        pace: &PaceState,
    ) -> Self {
        Self::new(Done::Real(report), complete, time, org, rejects, pace)
    }

    pub(super) fn dry(
        plan: DryReport,
        complete: bool,
        time: Duration,
        org: String,
        rejects: &Path,
        pace: &PaceState,
        assumed: f64,
    ) -> Self {
        #[expect(clippy::cast_precision_loss, reason = "an estimate")]
        let estimated_seconds = plan.calls as f64 / pace.allowed_per_minute.unwrap_or(assumed) * 60.0;
        Self::new(Done::Dry { plan, estimated_seconds }, complete, time, org, rejects, pace)
    }

    fn new(
        done: Done,
        complete: bool,
        time: Duration,
        org: String,
        rejects: &Path,
        pace: &PaceState,
    ) -> Self {
        Self {
            org,
            dry_run: matches!(done, Done::Dry { .. }),
            complete,
            seconds: time.as_secs_f64(),
            rejects_file: rejects.display().to_string(),
            calls: pace.calls,
            limited: pace.limited,
            done,
        }
    }

    /// The counts.
    pub(in crate::cli) fn report(&self) -> &Report {
        match &self.done {
            Done::Real(report) => report,
            Done::Dry { plan, .. } => &plan.report,
        }
    }

    pub(super) fn exit(&self) -> Exit {
        match (self.complete, self.report().users.rejected) {
            (false, _) => Exit::Failed,
            (true, 0) => Exit::Done,
            (true, _) => Exit::WithRejects,
        }
    }

    pub(super) fn print(&self, json: bool) -> std::io::Result<()> {
        if json {
            return output::json(self);
        }
        output::text(&self.text())
    }

    pub(in crate::cli) fn text(&self) -> String {
        let report = self.report();
        let mut lines: Vec<(u64, String)> = Vec::new();
        let would = if self.dry_run { "would be " } else { "" };
        let users = &report.users;
        lines.push((users.by_hash(), format!("{would}created with a hash that Okta imports")));
        lines.extend(part(&users.hash));
        lines.push((users.by_hook(), format!("{would}created for the hook")));
        lines.extend(part(&users.hook));
        let more = [
            (report.recovered, "of them found in the org after a call whose answer was lost".to_owned()),
            (
                report.provisioned,
                "of them PROVISIONED by a policy of the org: they got a mail to enrol".to_owned(),
            ),
            (report.updated, format!("{would}brought up to date: their rows had changed")),
            (report.attached, format!("in the org before: {would}given the hook")),
            (report.skipped, "in the org before: left alone".to_owned()),
            (report.groups_created, "groups created".to_owned()),
            (report.merged.rows, "rows of people whom an earlier source knows: merged into them".to_owned()),
            (report.merged.filled, "attributes filled from them".to_owned()),
            (report.already, "settled by an earlier run: nothing sent".to_owned()),
            (report.other_route, "of the other route: left out".to_owned()),
            (users.rejected, format!("rejects, listed in {}", self.rejects_file)),
        ];
        lines.extend(more.into_iter().filter(|(count, _)| *count > 0));
        lines.extend(report.merged.conflicts.iter().map(|conflict| {
            (conflict.rows, format!("  {} says something else: {}", conflict.source, conflict.attribute))
        }));
        lines.extend(users.rejects.iter().map(|line| (line.rows, format!("  {}", line.reason))));
        let mut text = String::new();
        for (count, words) in lines {
            let _ = writeln!(text, "{:>12}  {words}", HumanCount(count).to_string());
        }
        if let Done::Dry { plan, estimated_seconds } = &self.done {
            text.push_str(&dry_text(plan, *estimated_seconds));
        }
        let _ = writeln!(
            text,
            "{} rows in {}, {} calls of {}, {} of them answered 429",
            HumanCount(users.rows),
            HumanDuration(Duration::from_secs_f64(self.seconds)),
            HumanCount(self.calls),
            self.org,
            HumanCount(self.limited)
        );
        if !self.complete {
            text.push_str("Stopped before the end: the same command goes on from here.\n");
        }
        text
    }
}

fn part(lines: &[Line]) -> impl Iterator<Item = (u64, String)> + '_ {
    lines.iter().map(|line| (line.users, format!("  {}: {}", line.scheme, line.detail)))
}

fn dry_text(plan: &DryReport, seconds: f64) -> String {
    let mut text = String::new();
    for group in &plan.groups {
        let there = match group.exists {
            Some(true) => "is there",
            Some(false) => "would be created",
            None => "not looked up",
        };
        let _ = writeln!(
            text,
            "{:>12}  into the group `{}` ({there})",
            HumanCount(group.users).to_string(),
            group.name
        );
    }
    let time = HumanDuration(Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX));
    let _ =
        writeln!(text, "{} calls would be made, in about {time}. Nothing was sent.", HumanCount(plan.calls));
    text
}
