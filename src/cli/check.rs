//! `keyferry check`: the configuration and every connection, all problems at once. Writes nothing, neither to a
//! store nor to the ledger.

mod door;
mod secrets;

use clap::Args as ClapArgs;
use serde::Serialize;

use super::{Exit, output};
use crate::config::{self, Config, Needs};
use crate::ledger::Ledger;
use crate::secret::Secret;
use crate::sources::CredentialSource;

#[derive(Debug, ClapArgs)]
pub(super) struct Args {
    #[command(flatten)]
    config: super::ConfigArgs,
    /// Print the findings as JSON
    #[arg(long)]
    json: bool,
}

/// One thing that was looked at.
#[derive(Debug, Serialize)]
struct Finding {
    /// What: a key, `source shop`, `ledger`.
    subject: String,
    ok: bool,
    /// Nothing is wrong, and something could be safer.
    warning: bool,
    /// What was found; for a problem or a warning, with its mend.
    message: String,
}

impl Finding {
    fn good(subject: impl Into<String>, message: impl Into<String>) -> Self {
        Self { subject: subject.into(), ok: true, warning: false, message: message.into() }
    }

    fn warning(subject: impl Into<String>, message: impl Into<String>) -> Self {
        Self { subject: subject.into(), ok: true, warning: true, message: message.into() }
    }

    fn bad(subject: impl Into<String>, message: impl Into<String>) -> Self {
        Self { subject: subject.into(), ok: false, warning: false, message: message.into() }
    }
}

pub(super) async fn run(args: Args) -> anyhow::Result<Exit> {
    let path = &args.config.config;
    let findings = match Config::load(path, super::setup::environment(), Needs::ALL) {
        Ok(config) => {
            let mut findings = vec![Finding::good(path.display().to_string(), "every key is right")];
            findings.extend(door::of_server(&config.server).await);
            findings.extend(secrets::of_configuration(path, &config));
            findings.extend(sources(config.sources, &config.cleanup).await);
            findings.push(ledger(&config.ledger).await);
            findings
        }
        Err(problems) => {
            problems.0.into_iter().map(|problem| Finding::bad(problem.key, problem.message)).collect()
        }
    };
    let warnings = findings.iter().filter(|finding| finding.warning).count();
    let bad = findings.iter().filter(|finding| !finding.ok).count();
    if args.json {
        output::json(&findings)?;
    } else {
        for finding in &findings {
            let mark = match (finding.ok, finding.warning) {
                (true, false) => "ok     ",
                (true, true) => "warning",
                (false, _) => "PROBLEM",
            };
            output::line(&format!("{mark}  {}: {}", finding.subject, finding.message))?;
        }
        output::line(&match bad {
            0 if warnings == 0 => "Everything is in order.".to_owned(),
            0 if warnings == 1 => "No problem, 1 warning.".to_owned(),
            0 => format!("No problem, {warnings} warnings."),
            1 => "1 problem.".to_owned(),
            more => format!("{more} problems."),
        })?;
    }
    Ok(if bad == 0 { Exit::Done } else { Exit::Bad })
}

async fn sources(sources: Vec<config::Source>, cleanups: &[config::Cleanup]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for source in sources {
        let subject = format!("source {}", source.settings.name);
        let cleanup = cleanups.iter().find(|cleanup| cleanup.source == source.settings.name);
        let opened = match crate::sources::open(source.settings) {
            Ok(opened) => opened,
            Err(error) => {
                findings.push(Finding::bad(subject, error.to_string()));
                continue;
            }
        };
        if let Err(error) = opened.ping().await {
            findings.push(Finding::bad(subject, error.to_string()));
            continue;
        }
        let problems = opened.check().await;
        if problems.is_empty() {
            findings.push(Finding::good(&subject, "reachable, and its queries fit the database"));
        }
        findings.extend(secrets::of_source(&subject, &*opened).await);
        findings.extend(problems.iter().map(|problem| Finding::bad(&subject, problem.to_string())));
        if let Some(cleanup) = cleanup {
            findings.push(cleanup_of(&*opened, cleanup).await);
        }
        opened.close().await;
    }
    findings
}

/// The statement is prepared, and not run.
async fn cleanup_of(source: &dyn CredentialSource, cleanup: &config::Cleanup) -> Finding {
    let subject = format!("cleanup of {}", cleanup.source);
    let checked = match source.cleaner(&cleanup.settings) {
        Ok(cleaner) => cleaner.check().await,
        Err(error) => Err(error),
    };
    match checked {
        Ok(()) => Finding::good(subject, "reachable, and its statement fits the database; it was not run"),
        Err(error) => Finding::bad(subject, error.to_string()),
    }
}

async fn ledger(ledger: &config::Ledger) -> Finding {
    let key = ledger.key.as_ref().map(Secret::expose);
    match Ledger::check(ledger.url.expose_str().unwrap_or_default(), key).await {
        Ok(true) => Finding::good("ledger", "reachable"),
        Ok(false) => Finding::good("ledger", "not begun yet; it is made when something is first recorded"),
        Err(error) => Finding::bad("ledger", error.to_string()),
    }
}
