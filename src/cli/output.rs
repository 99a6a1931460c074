//! What verbs print, and the exit code they end with.

use std::io::{self, IsTerminal as _, Write};
use std::process::ExitCode;

use comfy_table::{CellAlignment, ContentArrangement, LineStyle, Table, presets};
use console::Term;
use indicatif::HumanCount;

/// How a command ended; the same everywhere. An error that is returned instead is an unexpected failure, 2.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// 0: done.
    Done,
    /// 1: the input, configuration or answer was bad.
    Bad,
    /// 2: unexpected failure; for `verify`: unreadable or misused.
    Failed,
    /// 3: finished, but with rejected rows.
    WithRejects,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(match exit {
            Exit::Done => 0,
            Exit::Bad => 1,
            Exit::Failed => 2,
            Exit::WithRejects => 3,
        })
    }
}

/// A time in microseconds, as people read it: `61 ms`.
pub(super) fn duration(micros: u64) -> String {
    match micros {
        0 => "< 1 µs".to_owned(),
        1..1_000 => format!("{micros} µs"),
        1_000..10_000 => format!("{}.{} ms", micros / 1_000, micros % 1_000 / 100),
        10_000..1_000_000 => format!("{} ms", micros / 1_000),
        _ => format!("{}.{} s", micros / 1_000_000, micros % 1_000_000 / 100_000),
    }
}

/// A count with its noun: `1 user`, `1,234 users`.
pub(super) fn counted(count: u64, noun: &str) -> String {
    format!("{} {noun}{}", HumanCount(count), if count == 1 { "" } else { "s" })
}

/// Writes one line to standard output. A closed pipe is an error like any other, not a panic.
pub(super) fn line(text: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes())?;
    out.write_all(b"\n")
}

/// Writes a text that ends with its own line break.
pub(super) fn text(text: &str) -> io::Result<()> {
    io::stdout().lock().write_all(text.as_bytes())
}

/// Writes one line to standard error, where what is not the result goes. There is nobody to tell if that fails.
pub(super) fn note(text: &str) {
    let mut out = io::stderr().lock();
    let _ = out.write_all(text.as_bytes()).and_then(|()| out.write_all(b"\n"));
}

/// Writes a report as one JSON document, indented.
pub(super) fn json<T: serde::Serialize>(report: &T) -> io::Result<()> {
    let mut text = serde_json::to_string_pretty(report)?;
    text.push('\n');
    io::stdout().lock().write_all(text.as_bytes())
}

/// How many columns the terminal has that standard output is; none where it is none.
pub(super) fn terminal_width() -> Option<u16> {
    let columns = || Term::stdout().size_checked().map_or(80, |(_, columns)| columns);
    io::stdout().is_terminal().then(columns)
}

/// A table with a line under its header; numbers to the right from column `numbers` on. Where it is wider than
/// `width`, cells break between words: a terminal would break whole lines, and nobody could read them.
pub(super) fn table<'a>(
    header: impl IntoIterator<Item = &'a str>,
    numbers: usize,
    width: Option<u16>,
) -> Table {
    let mut table = Table::new();
    if let Some(width) = width {
        table.set_content_arrangement(ContentArrangement::Dynamic).set_width(width);
    }
    table.load_style(presets::NOTHING.header_separator(LineStyle::none().fill('─').junction('─')));
    table.set_header(header.into_iter().collect::<Vec<_>>());
    for column in table.column_iter_mut().skip(numbers) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_breaks_between_words_where_the_terminal_ends() {
        let text = |width| {
            let mut table = table(["user", "stored as", "took"], 2, width);
            table.add_row(["Priya Raghunathan", "PBKDF2 (passlib)", "11 ms"]);
            table.trim_fmt()
        };
        assert_eq!(text(None).lines().count(), 3);
        assert_eq!(text(None), text(Some(80)));
        let narrow = text(Some(36));
        assert!(narrow.lines().all(|line| console::measure_text_width(line) <= 36), "{narrow}");
        for word in ["Priya", "Raghunathan", "PBKDF2", "(passlib)", "11 ms"] {
            assert!(narrow.contains(word), "{word} in\n{narrow}");
        }
    }
}
