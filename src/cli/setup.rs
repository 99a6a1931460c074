//! From the configuration file to what verbs need of it.

use std::path::Path;

use crate::config::Config;

use super::output::{self, Exit};

/// The checked configuration, or the exit code after all its problems were printed.
pub(super) fn configuration(path: &Path) -> Result<Config, Exit> {
    Config::load(path, std::env::vars()).map_err(|problems| {
        output::note(&format!("{}: {problems}", path.display()));
        for problem in &problems.0 {
            output::note(&format!("  {}: {}", problem.key, problem.message));
        }
        Exit::Bad
    })
}
