//! Logging and traces. Logging: one line an event, as text or JSON, on standard error. What may be in a line is decided where it is
//! written; here nothing but the form is chosen.
//!
//! Lines leave on a thread of their own, behind a bounded queue: whoever reads the log may stall, and no sign-in waits
//! for it. What finds no room is counted and lost.

mod traces;

use std::io::IsTerminal;

use tracing_appender::non_blocking::{ErrorCounter, NonBlockingBuilder, WorkerGuard};
use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt;
use tracing_subscriber::prelude::*;

pub use traces::{Stage, TraceError, TraceSettings, TracedCall, Traces};

/// Lines that may wait for the reader of the log: minutes of a quiet service, seconds of a storm, some MiB.
const WAITING_LINES: usize = 16_384;

/// Logging, for as long as it is kept. Dropped, it writes what still waits, within a second.
pub struct Logging {
    lost: ErrorCounter,
    _writer: WorkerGuard,
}

impl Logging {
    /// Lines that found no room since the start.
    pub fn lost_lines(&self) -> usize {
        self.lost.dropped_lines()
    }
}

impl std::fmt::Debug for Logging {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Logging({} lines lost)", self.lost_lines())
    }
}

/// Starts logging for the whole process. `level` is a filter such as `info` or `info,keyferry=debug`; one that
/// cannot be read counts as `info`. A second call logs nowhere.
#[must_use]
pub fn start(json: bool, level: &str) -> Logging {
    let filter: Targets = level.parse().unwrap_or_else(|_| Targets::new().with_default(tracing::Level::INFO));
    let (writer, guard) = NonBlockingBuilder::default()
        .lossy(true)
        .buffered_lines_limit(WAITING_LINES)
        .thread_name("log")
        .finish(std::io::stderr());
    let lost = writer.error_counter();
    let layer = fmt::layer().with_writer(writer);
    let layer = if json {
        layer.json().flatten_event(true).with_current_span(false).with_span_list(false).boxed()
    } else {
        // https://no-color.org: set, and not empty.
        let plain = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        layer.with_ansi(std::io::stderr().is_terminal() && !plain).boxed()
    };
    let _ = tracing_subscriber::registry().with(layer.with_filter(filter)).try_init();
    log_panics_without_their_message();
    Logging { lost, _writer: guard }
}

/// A panic's message may quote what it choked on, so the log gets its place alone.
fn log_panics_without_their_message() {
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        tracing::error!(%place, "a defect: panicked");
    }));
}
