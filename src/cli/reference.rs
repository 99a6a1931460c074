//! `keyferry reference`: the texts of `docs/CONFIGURATION.md` and `docs/METRICS.md`, from the code that reads the
//! configuration and keeps the metrics. For those who write either; hidden from the list of verbs.

mod configuration;
mod metrics;

use clap::{Args as ClapArgs, Subcommand};

use super::{Exit, output};
use crate::decision::Metrics;

#[derive(Debug, ClapArgs)]
pub(super) struct Args {
    #[command(subcommand)]
    of: Of,
}

#[derive(Debug, Subcommand)]
enum Of {
    /// Every section and key of keyferry.toml: type, default, environment variable, meaning
    Configuration {
        /// As JSON instead of Markdown
        #[arg(long)]
        json: bool,
    },
    /// Every metric of `serve`: type, labels, meaning
    Metrics {
        /// As JSON instead of Markdown
        #[arg(long)]
        json: bool,
    },
}

#[expect(clippy::unused_async, reason = "every verb is called alike")]
pub(super) async fn run(args: Args) -> anyhow::Result<Exit> {
    match args.of {
        Of::Configuration { json } => {
            let sections = crate::config::reference()?;
            if json {
                output::json(&sections)?;
            } else {
                output::text(&configuration::document(&sections))?;
            }
        }
        Of::Metrics { json } => {
            let metrics = Metrics::reference();
            if json {
                output::json(&metrics)?;
            } else {
                output::text(&metrics::document(&metrics))?;
            }
        }
    }
    Ok(Exit::Done)
}

/// A text as it may stand in a cell of a Markdown table.
fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace(['\n', '\r'], " ")
}
