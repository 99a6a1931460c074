//! From the configuration file to what verbs need of it.

use std::path::Path;

use crate::config::{Config, Needs};

use super::output::{self, Exit};

/// The checked configuration, or the exit code after all its problems were printed.
pub(super) fn configuration(path: &Path, needs: Needs) -> Result<Config, Exit> {
    let environment = std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)));
    Config::load(path, environment, needs).map_err(|problems| {
        output::note(&format!("{}: {problems}", path.display()));
        for problem in &problems.0 {
            output::note(&format!("  {}: {}", problem.key, problem.message));
        }
        Exit::Bad
    })
}
