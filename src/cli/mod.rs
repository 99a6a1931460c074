//! The command line: one file per verb, and the only place that wires rooms together.

mod ask;
mod bench;
mod campaign;
mod check;
mod cleanup;
mod demo;
mod export;
mod given;
mod guess;
mod hook;
mod import;
mod init;
mod interrupt;
mod mock_okta;
mod opened;
mod output;
mod progress;
mod reconcile;
mod reference;
mod replay;
mod rollback;
mod rows;
mod schemes;
mod serve;
mod setup;
mod status;
mod stores;
mod stragglers;
mod survey;
mod verify;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

pub use output::Exit;

/// Moves people from an old user store to Okta without anyone resetting a password.
#[derive(Debug, Parser)]
#[command(name = "keyferry", version, about, propagate_version = true)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

/// What every verb that reads the configuration takes.
#[derive(Debug, Args)]
struct ConfigArgs {
    /// The configuration
    #[arg(long, value_name = "FILE", default_value = "keyferry.toml")]
    config: PathBuf,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Shows the whole migration on a sample store and an imitation Okta org
    Demo(demo::Args),
    /// Answers Okta's password import hook
    Serve(serve::Args),
    /// Looks at a legacy database, finds the users, and writes a configuration
    Init(init::Args),
    /// Validates the configuration and every connection; writes nothing
    Check(check::Args),
    /// Reports each hash format in the legacy store
    Survey(survey::Args),
    /// Verifies one stored value, or a file of known passwords, as the hook would
    Verify(verify::Args),
    /// Finds how a stored value was made, from one known password
    Guess(guess::Args),
    /// Writes what Okta would be sent: JSON Lines or CSV
    Export(export::Args),
    /// Creates the users in Okta, at the org's rate; can be interrupted and taken up again at any point
    Import(import::Args),
    /// Registers, proves, shows and rotates the hooks in the org
    Hook(hook::Args),
    /// Reads Okta's System Log and users, and tells the ledger what it does not know yet
    Reconcile(reconcile::Args),
    /// Shows where every user stands
    Status(status::Args),
    /// Lists who never signed in, and starts Okta's password reset for them
    Stragglers(stragglers::Args),
    /// Takes users back out of Okta whom this ledger created and nobody has used
    Rollback(rollback::Args),
    /// Runs your own SQL for users whose passwords Okta has confirmed; the one thing that writes to a legacy store
    Cleanup(cleanup::Args),
    /// Sends recorded hook payloads to a running service, and prints verdicts and latencies
    Replay(replay::Args),
    /// Lists the password schemes
    Schemes(schemes::Args),
    /// Measures the hash kernels here, and how many sign-ins a minute this machine carries
    Bench(bench::Args),
    /// Runs the imitation Okta org by itself
    MockOkta(mock_okta::Args),
    /// Writes the configuration and metrics references
    #[command(hide = true)]
    Reference(reference::Args),
}

impl Cli {
    /// Reads the command line; the exit code after help, or what is wrong with it, was printed.
    pub fn read() -> Result<Self, Exit> {
        Self::try_parse().map_err(|error| {
            // There is nobody to tell if that fails.
            let _ = error.print();
            let verify = std::env::args_os().nth(1).is_some_and(|verb| verb == "verify");
            match error.exit_code() {
                0 => Exit::Done,
                // 1 would say that the password is wrong.
                _ if verify => Exit::Failed,
                _ => Exit::Bad,
            }
        })
    }

    /// Runs the chosen verb to its end.
    pub fn run(self) -> anyhow::Result<Exit> {
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
        let ended = runtime.block_on(async {
            match self.command {
                Command::Demo(args) => demo::run(args).await,
                Command::Serve(args) => serve::run(args).await,
                Command::Init(args) => init::run(args).await,
                Command::Check(args) => check::run(args).await,
                Command::Survey(args) => survey::run(args).await,
                Command::Verify(args) => verify::run(args).await,
                Command::Guess(args) => guess::run(args).await,
                Command::Export(args) => export::run(args).await,
                Command::Import(args) => import::run(args).await,
                Command::Hook(args) => hook::run(args).await,
                Command::Reconcile(args) => reconcile::run(args).await,
                Command::Status(args) => status::run(args).await,
                Command::Stragglers(args) => stragglers::run(args).await,
                Command::Rollback(args) => rollback::run(args).await,
                Command::Cleanup(args) => cleanup::run(args).await,
                Command::Replay(args) => replay::run(args).await,
                Command::Schemes(args) => schemes::run(args).await,
                Command::Bench(args) => bench::run(args).await,
                Command::MockOkta(args) => mock_okta::run(args).await,
                Command::Reference(args) => reference::run(args).await,
            }
        });
        // The verb has ended. A thread that still hangs in a write to a pipe nobody reads must not hold the exit up.
        runtime.shutdown_background();
        ended
    }
}

/// Prints an unexpected failure with its causes, and gives its exit code.
pub fn report_failure(error: &anyhow::Error) -> std::process::ExitCode {
    output::note(&format!("keyferry: {}", with_causes(error)));
    Exit::Failed.into()
}

/// The words of an error and of its causes. Some errors say their cause themselves; it is not said twice.
fn with_causes(error: &anyhow::Error) -> String {
    let mut words = error.to_string();
    for cause in error.chain().skip(1).map(ToString::to_string) {
        if !words.contains(&cause) {
            words.push_str(": ");
            words.push_str(&cause);
        }
    }
    words
}

#[cfg(test)]
mod tests {
    use anyhow::Context as _;

    use super::*;
    use crate::seeding::sink::file::WriteError;

    #[test]
    fn each_cause_is_said_once() {
        let full = || std::io::Error::from(std::io::ErrorKind::StorageFull);
        let words = full().to_string();
        let says_it_itself = WriteError::Stream { target: "/dev/full".into(), source: full() };
        let error = anyhow::Error::from(says_it_itself);
        assert_eq!(with_causes(&error), format!("cannot write /dev/full: {words}"));
        let error = Err::<(), _>(full()).context("the ledger cannot be written").unwrap_err();
        assert_eq!(with_causes(&error), format!("the ledger cannot be written: {words}"));
    }
}
