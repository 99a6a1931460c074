//! From the configuration file to what verbs need of it.

use std::path::Path;

use crate::config::{Config, Ledger, Needs};
use crate::ledger::Recorder;

use super::output::{self, Exit};

/// The checked configuration, or the exit code after all its problems were printed.
pub(super) fn configuration(path: &Path, needs: Needs) -> Result<Config, Exit> {
    Config::load(path, environment(), needs).map_err(|problems| {
        output::note(&format!("{}: {problems}", path.display()));
        for problem in &problems.0 {
            output::note(&format!("  {}: {}", problem.key, problem.message));
        }
        Exit::Bad
    })
}

/// The variables of this process that are text.
pub(super) fn environment() -> impl Iterator<Item = (String, String)> {
    std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
}

/// What writes decisions to the ledger, started; the ledger itself may follow later.
pub(super) fn recorder(ledger: &Ledger) -> Recorder {
    let key = ledger.key.as_ref().map(|key| key.expose().to_vec());
    // The configuration has checked that the URL is text.
    Recorder::start(ledger.url.expose_str().unwrap_or_default().to_owned(), key, ledger.queue)
}
