//! The survey for people: a table, and on a terminal a bar for each group, in colour unless `NO_COLOR` says no.

use std::fmt::Write as _;

use console::{Alignment, Style, measure_text_width, pad_str};
use indicatif::HumanCount;

use super::super::output;
use super::{Group, Okta, Report, Verify};

/// Bars narrower than this say nothing, wider ones no more.
const BAR: std::ops::RangeInclusive<usize> = 8..=40;

/// Columns that give way to the bar.
const SHARE: usize = 1;
const INACTIVE: usize = 2;
const PARAMETERS: usize = 4;

/// Parameters are cut no shorter than this.
const SHORT: usize = 10;

/// Rows that are named for each reason; the JSON report and `--unreadable` have more.
const NAMED: usize = 10;

/// How to draw.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Look {
    /// Width of the terminal in columns; none elsewhere: no bars.
    pub(super) width: Option<usize>,
    /// Whether to colour.
    pub(super) colour: bool,
}

/// Prints the report to standard output.
pub(super) fn print(report: &Report) -> std::io::Result<()> {
    let width = output::terminal_width().map(usize::from);
    let plain = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty())
        || std::env::var_os("TERM").is_some_and(|term| term == "dumb");
    output::line(text(report, Look { width, colour: width.is_some() && !plain }).trim_end())
}

fn text(report: &Report, look: Look) -> String {
    let mut text = String::new();
    let sources: Vec<String> = report
        .sources
        .iter()
        .map(|source| format!("{} ({} rows)", source.name, HumanCount(source.rows)))
        .collect();
    let _ = writeln!(
        text,
        "{}: {:.1} s, {} rows/s\n",
        sources.join(", "),
        report.seconds,
        HumanCount(report.rows_per_second)
    );
    table(&mut text, report, look);
    reasons(&mut text, report);
    unreadable(&mut text, report);
    totals(&mut text, report);
    text
}

fn table(text: &mut String, report: &Report, look: Look) {
    let header = ["users", "share", "inactive", "scheme", "parameters", "Okta", "one sign-in"];
    let rows: Vec<[String; 7]> = report.groups.iter().map(cells).collect();
    if rows.is_empty() {
        return;
    }
    let mut widths = header.map(measure_text_width);
    for row in &rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(measure_text_width(cell));
        }
    }
    let bar_width = look.width.and_then(|width| make_room(&mut widths, width));
    line(text, &header.map(str::to_owned), &widths, None);
    let largest = report.groups.iter().map(|group| group.users).max().unwrap_or(1);
    for (group, row) in report.groups.iter().zip(&rows) {
        let bar = bar_width.map(|width| bar(group.users, largest, width.min(*BAR.end())));
        let style = look.colour.then(|| style(group));
        let bar = bar.map(|bar| style.map_or_else(|| bar.clone(), |style| style.apply_to(&bar).to_string()));
        line(text, row, &widths, bar.as_deref());
    }
}

/// Narrows the columns until a bar fits beside them: first without the inactive, then without the share (which the bar
/// shows), then with parameters cut short. Gives the bar's width; none where all that is not enough.
fn make_room(widths: &mut [usize; 7], terminal: usize) -> Option<usize> {
    let used = |widths: &[usize; 7]| -> usize {
        widths.iter().filter(|width| **width > 0).map(|width| width + 2).sum::<usize>() + 1
    };
    for column in [INACTIVE, SHARE] {
        if used(widths) + BAR.start() > terminal
            && let Some(width) = widths.get_mut(column)
        {
            *width = 0;
        }
    }
    let missing = (used(widths) + BAR.start()).saturating_sub(terminal);
    if let Some(width) = widths.get_mut(PARAMETERS) {
        *width = width.saturating_sub(missing).max((*width).min(SHORT));
    }
    terminal.checked_sub(used(widths)).filter(|width| width >= BAR.start())
}

fn cells(group: &Group) -> [String; 7] {
    [
        HumanCount(group.users).to_string(),
        if group.share < 0.0005 { "< 0.1 %".to_owned() } else { format!("{:.1} %", group.share * 100.0) },
        HumanCount(group.inactive).to_string(),
        group.scheme.clone(),
        group.parameters.clone(),
        match &group.okta {
            Okta::Hash { algorithm } => format!("hash {algorithm}"),
            Okta::Hook { .. } => "hook".to_owned(),
        },
        group.verify.as_ref().map_or_else(String::new, duration),
    ]
}

fn line(text: &mut String, cells: &[String; 7], widths: &[usize; 7], bar: Option<&str>) {
    let mut one = String::new();
    for (column, (cell, width)) in cells.iter().zip(widths).enumerate().filter(|(_, (_, width))| **width > 0)
    {
        let side = if matches!(column, 0..=2 | 6) { Alignment::Right } else { Alignment::Left };
        one.push_str(&pad_str(cell, *width, side, Some("…")));
        one.push_str("  ");
    }
    one.push_str(bar.unwrap_or_default());
    text.push_str(one.trim_end());
    text.push('\n');
}

/// Green imports, yellow takes the hook, red takes too long for it.
fn style(group: &Group) -> Style {
    let over = group.verify.as_ref().is_some_and(|verify| verify.over_deadline);
    let style = Style::new().force_styling(true);
    match group.okta {
        _ if over => style.red(),
        Okta::Hash { .. } => style.green(),
        Okta::Hook { .. } => style.yellow(),
    }
}

/// A bar in eighths of a column; nobody's is invisible.
fn bar(part: u64, whole: u64, width: usize) -> String {
    const EIGHTHS: [&str; 8] = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"];
    let eighths = u128::from(part) * width as u128 * 8 / u128::from(whole.max(1));
    let eighths = usize::try_from(eighths).unwrap_or(usize::MAX).clamp(1, width * 8);
    let mut bar = "█".repeat(eighths / 8);
    bar.push_str(EIGHTHS.get(eighths % 8).copied().unwrap_or_default());
    bar
}

/// Hours, as people say them.
fn span(hours: f64) -> String {
    match hours * 60.0 {
        minutes if minutes < 1.0 => "less than a minute".to_owned(),
        minutes if minutes < 90.0 => format!("{minutes:.0} minutes"),
        _ => format!("{hours:.1} hours"),
    }
}

fn duration(verify: &Verify) -> String {
    let time = output::duration(verify.micros);
    let about = if verify.measured { "" } else { "about " };
    let over = if verify.over_deadline { " TOO LONG" } else { "" };
    format!("{about}{time}{over}")
}

fn reasons(text: &mut String, report: &Report) {
    let mut reasons: Vec<(&str, &str, u64)> = Vec::new();
    for group in &report.groups {
        if let Okta::Hook { reason } = &group.okta {
            match reasons.iter_mut().find(|(scheme, known, _)| *scheme == group.scheme && known == reason) {
                Some((_, _, users)) => *users += group.users,
                None => reasons.push((&group.scheme, reason, group.users)),
            }
        }
    }
    if reasons.is_empty() {
        return;
    }
    text.push_str("\nWhy the hook:\n");
    for (scheme, reason, users) in reasons {
        let _ = writeln!(text, "{:>14}  {scheme}: {reason}", HumanCount(users).to_string());
    }
}

fn unreadable(text: &mut String, report: &Report) {
    if report.unreadable.is_empty() {
        return;
    }
    text.push_str("\nUnreadable, so that neither Okta nor the hook can verify them:\n");
    for reason in &report.unreadable {
        let _ = writeln!(text, "{:>14}  {}", HumanCount(reason.rows).to_string(), reason.reason);
        let several = report.sources.len() > 1;
        let mut named: Vec<String> = reason
            .named
            .iter()
            .take(NAMED)
            .map(|row| {
                let id = row.id.as_deref().unwrap_or("(no id)");
                if several { format!("{} {id}", row.source) } else { id.to_owned() }
            })
            .map(|id| id.escape_debug().to_string())
            .collect();
        if reason.rows > named.len() as u64 {
            named.push("…".to_owned());
        }
        let _ = writeln!(text, "{:>14}  rows {}", "", named.join(", "));
    }
}

fn totals(text: &mut String, report: &Report) {
    let routes = &report.routes;
    let _ = writeln!(
        text,
        "\n{} rows ({} active): {} go with a hash that Okta imports, {} take the hook, {} are unreadable, {} have no stored value.",
        HumanCount(report.rows),
        HumanCount(report.active),
        HumanCount(routes.hash),
        HumanCount(routes.hook),
        HumanCount(routes.unreadable),
        HumanCount(routes.no_stored_value),
    );
    let _ = writeln!(
        text,
        "Creating {} takes {} at 600 calls a minute, {} at 100.",
        output::counted(routes.hash + routes.hook, "user"),
        span(report.import_hours.at_600_a_minute),
        span(report.import_hours.at_100_a_minute),
    );
    let over = |group: &&Group| group.verify.as_ref().is_some_and(|verify| verify.over_deadline);
    let late: u64 = report.groups.iter().filter(over).map(|group| group.users).sum();
    if late > 0 {
        let _ = writeln!(
            text,
            "{} take longer to verify here than the deadline of {:.1} s: give the hook a faster machine.",
            output::counted(late, "user"),
            f64::from(u32::try_from(report.deadline_micros).unwrap_or(u32::MAX)) / 1e6,
        );
    }
}

#[cfg(test)]
mod tests {
    use super::super::{ImportHours, NamedRow, Routes, SourceRows, UnreadableRows};
    use super::*;

    fn group(scheme: &str, users: u64, okta: Okta, micros: u64, over_deadline: bool) -> Group {
        let share = f64::from(u32::try_from(users).unwrap()) / 10_000.0;
        let verify =
            Some(Verify { micros, kernel: None, estimate_micros: micros, measured: true, over_deadline });
        let parameters = "cost 10".to_owned();
        Group { scheme: scheme.into(), parameters, users, share, active: users, inactive: 0, okta, verify }
    }

    fn report() -> Report {
        let hook = || Okta::Hook { reason: "argon2 is not among Okta's algorithms".into() };
        Report {
            rows: 10_000,
            active: 9_999,
            inactive: 1,
            sources: vec![SourceRows { name: "shop".into(), rows: 10_000 }],
            routes: Routes { hash: 8_000, hook: 1_988, unreadable: 12, no_stored_value: 0 },
            groups: vec![
                group("bcrypt", 8_000, Okta::Hash { algorithm: "BCRYPT" }, 52_000, false),
                group("argon2id", 1_987, hook(), 3_100_000, true),
                group("argon2i", 1, hook(), 700, false),
            ],
            unreadable: vec![UnreadableRows {
                reason: "no scheme has this shape".into(),
                rows: 12,
                named: (1..=12)
                    .map(|id| NamedRow { source: "shop".into(), id: Some(format!("{id}\u{1b}")) })
                    .collect(),
            }],
            import_hours: ImportHours { at_600_a_minute: 0.28, at_100_a_minute: 1.66 },
            deadline_micros: 2_500_000,
            seconds: 1.0,
            rows_per_second: 10_000,
        }
    }

    #[test]
    fn without_a_terminal_it_is_a_plain_table() {
        insta::assert_snapshot!(text(&report(), Look::default()));
    }

    #[test]
    fn bars_fill_what_the_terminal_has_left() {
        let wide = text(&report(), Look { width: Some(200), colour: false });
        assert!(wide.contains(&format!(" {}\n", "█".repeat(40))), "{wide}");
        assert!(wide.contains("  ▏\n"), "one user is to be seen: {wide}");
        let width = |text: &str| text.lines().take(6).map(measure_text_width).max();
        let mut report = report();
        report.groups[1].parameters = "v=19 m=19456 t=2 p=1, all of it".into();
        for columns in 68..130 {
            let narrow = text(&report, Look { width: Some(columns), colour: false });
            assert!(narrow.contains('█') && width(&narrow) < Some(columns), "{columns}: {narrow}");
        }
        let narrow = text(&report, Look { width: Some(68), colour: false });
        assert!(narrow.contains("v=19 m=194…") && !narrow.contains("inactive"), "{narrow}");
        let tiny = text(&report, Look { width: Some(40), colour: false });
        assert!(!tiny.contains('█'), "{tiny}");
    }

    #[test]
    fn colours_come_only_where_asked_for_and_nothing_else_escapes() {
        let coloured = text(&report(), Look { width: Some(120), colour: true });
        assert!(coloured.contains("\u{1b}[32m█") && coloured.contains("\u{1b}[31m█"), "{coloured}");
        assert!(!text(&report(), Look { width: Some(120), colour: false }).contains('\u{1b}'));
    }
}
