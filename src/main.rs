//! The `keyferry` command: parse, dispatch, exit code.

use std::process::ExitCode;

use keyferry::cli::Cli;

fn main() -> ExitCode {
    let cli = match Cli::read() {
        Ok(cli) => cli,
        Err(exit) => return exit.into(),
    };
    match cli.run() {
        Ok(exit) => exit.into(),
        Err(error) => keyferry::cli::report_failure(&error),
    }
}
