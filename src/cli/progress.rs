//! How far a long command is: a bar on a terminal, a plain line every few seconds elsewhere. On standard error,
//! always, since standard output may be the result.

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use indicatif::{HumanCount, HumanDuration, ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};

use super::output;

/// Between two plain lines.
const EVERY: Duration = Duration::from_secs(5);

/// The progress of one walk over the rows, or over something else that is counted.
pub(super) struct Progress {
    /// What is counted, in the plural.
    noun: &'static str,
    bar: Option<ProgressBar>,
    total: Option<u64>,
    started: Instant,
    told: Instant,
}

impl Progress {
    /// Starts the clock. `total` is the number of rows to come, where that is known.
    pub(super) fn start(total: Option<u64>) -> Self {
        Self::counting("rows", total)
    }

    /// The same for something else than rows.
    pub(super) fn counting(noun: &'static str, total: Option<u64>) -> Self {
        let now = Instant::now();
        let terminal = console::user_attended_stderr();
        Self { noun, bar: terminal.then(|| bar(noun, total)), total, started: now, told: now }
    }

    /// Tells that so many rows are done.
    pub(super) fn rows(&mut self, rows: u64) {
        if let Some(bar) = &self.bar {
            bar.set_position(rows);
        } else if self.told.elapsed() >= EVERY {
            self.told = Instant::now();
            output::note(&self.line(rows));
        }
    }

    /// For work whose pace another decides: `words` tell it, and the time left.
    pub(super) fn paced(noun: &'static str, total: Option<u64>) -> Self {
        let mut progress = Self::counting(noun, total);
        if progress.bar.is_some() {
            progress.bar = Some(paced_bar(noun, total));
        }
        progress
    }

    /// Tells that so many rows are done, and `words` beside it.
    pub(super) fn paced_rows(&mut self, rows: u64, words: impl FnOnce() -> String) {
        if let Some(bar) = &self.bar {
            bar.set_position(rows);
            bar.set_message(words());
        } else if self.told.elapsed() >= EVERY {
            self.told = Instant::now();
            let minute = HumanCount(rate(rows.saturating_mul(60), self.started.elapsed()));
            output::note(&format!(
                "{} {noun}, {minute} {noun}/min, {}",
                HumanCount(rows),
                words(),
                noun = self.noun
            ));
        }
    }

    /// Takes the bar away and gives the time since the start.
    pub(super) fn finish(&self) -> Duration {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
        self.started.elapsed()
    }

    fn line(&self, rows: u64) -> String {
        let elapsed = self.started.elapsed();
        let rate = rate(rows, elapsed);
        let noun = self.noun;
        let mut line = format!("{} {noun}, {} {noun}/s", HumanCount(rows), HumanCount(rate));
        if let Some(left) = self.total.and_then(|total| total.saturating_sub(rows).checked_div(rate)) {
            let _ = write!(line, ", {} left", HumanDuration(Duration::from_secs(left)));
        }
        line
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.finish();
    }
}

/// Rows a second, rounded down.
pub(super) fn rate(rows: u64, time: Duration) -> u64 {
    let micros = time.as_micros().max(1);
    u64::try_from(u128::from(rows) * 1_000_000 / micros).unwrap_or(u64::MAX)
}

fn bar(noun: &'static str, total: Option<u64>) -> ProgressBar {
    let (before, after) = match total {
        Some(_) => ("{bar:30} {percent:>3} %  ", ", {eta} left"),
        None => ("{spinner} ", ""),
    };
    let template = format!("{before}{{human_pos}} {noun}  {{rate}}  {{elapsed}} elapsed{after}");
    let bar = ProgressBar::with_draw_target(total, ProgressDrawTarget::stderr());
    if let Ok(style) = ProgressStyle::with_template(&template) {
        bar.set_style(style.with_key("rate", move |state: &ProgressState, out: &mut dyn std::fmt::Write| {
            let _ = write!(out, "{} {noun}/s", HumanCount(rate(state.pos(), state.elapsed())));
        }));
    }
    bar.enable_steady_tick(Duration::from_millis(200));
    bar
}

fn paced_bar(noun: &'static str, total: Option<u64>) -> ProgressBar {
    let before = if total.is_some() { "{bar:20} {percent:>3} %  " } else { "{spinner} " };
    let template = format!("{before}{{human_pos}} {noun}  {{rate}}  {{elapsed}} elapsed, {{msg}}");
    let bar = ProgressBar::with_draw_target(total, ProgressDrawTarget::stderr());
    if let Ok(style) = ProgressStyle::with_template(&template) {
        bar.set_style(style.with_key("rate", move |state: &ProgressState, out: &mut dyn std::fmt::Write| {
            let minute = rate(state.pos().saturating_mul(60), state.elapsed());
            let _ = write!(out, "{} {noun}/min", HumanCount(minute));
        }));
    }
    bar.enable_steady_tick(Duration::from_millis(200));
    bar
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_are_rows_a_second() {
        assert_eq!(rate(1_000_000, Duration::from_secs(4)), 250_000);
        assert_eq!(rate(5, Duration::ZERO), 5_000_000);
        assert_eq!(rate(0, Duration::from_secs(1)), 0);
    }
}
