//! From the configuration file to what verbs need of it.

use std::path::Path;
use std::sync::Arc;

use crate::config::{Config, Ledger, Needs, Source};
use crate::credential::Reader;
use crate::decision::Store;
use crate::ledger::Recorder;
use crate::schemes::Limits;

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

/// The sources, opened, each with its reader; or the exit code after every one that cannot work was told.
/// A store that is down is opened all the same.
pub(super) fn stores(sources: Vec<Source>, limits: &Limits) -> Result<Vec<Store>, Exit> {
    let mut stores = Vec::with_capacity(sources.len());
    let mut wrong = false;
    for source in sources {
        let reader = Arc::new(Reader::new(source.scheme, limits.clone(), source.pepper));
        match crate::sources::open(source.settings) {
            Ok(source) => stores.push(Store { source, reader }),
            Err(error) => {
                output::note(&error.to_string());
                wrong = true;
            }
        }
    }
    if wrong { Err(Exit::Bad) } else { Ok(stores) }
}

/// What writes decisions to the ledger, started; the ledger itself may follow later.
pub(super) fn recorder(ledger: &Ledger) -> Recorder {
    let key = ledger.key.as_ref().map(|key| key.expose().to_vec());
    // The configuration has checked that the URL is text.
    Recorder::start(ledger.url.expose_str().unwrap_or_default().to_owned(), key, ledger.queue)
}
