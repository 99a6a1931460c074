//! Logging: one line an event, as text or JSON, on standard error. What may be in a line is decided where it is
//! written; here nothing but the form is chosen.

use std::io::IsTerminal;

use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt;
use tracing_subscriber::prelude::*;

/// Starts logging for the whole process. `level` is a filter such as `info` or `info,keyferry=debug`; one that
/// cannot be read counts as `info`. A second call changes nothing.
pub fn start(json: bool, level: &str) {
    let filter: Targets = level.parse().unwrap_or_else(|_| Targets::new().with_default(tracing::Level::INFO));
    let layer = fmt::layer().with_writer(std::io::stderr);
    let layer = if json {
        layer.json().flatten_event(true).with_current_span(false).with_span_list(false).boxed()
    } else {
        // https://no-color.org: set, and not empty.
        let plain = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        layer.with_ansi(std::io::stderr().is_terminal() && !plain).boxed()
    };
    let _ = tracing_subscriber::registry().with(layer.with_filter(filter)).try_init();
    log_panics_without_their_message();
}

/// A panic's message may quote what it choked on, so the log gets its place alone.
fn log_panics_without_their_message() {
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        tracing::error!(%place, "a defect: panicked");
    }));
}
