//! The `keyferry` command: parse, dispatch, exit code.

use std::process::ExitCode;

use clap::Parser;
use keyferry::cli::Cli;

fn main() -> ExitCode {
    match Cli::parse().run() {
        Ok(exit) => exit.into(),
        Err(error) => keyferry::cli::report_failure(&error),
    }
}
