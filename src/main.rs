//! The `keyferry` command: parse, dispatch, exit code.

use std::process::ExitCode;

use keyferry::cli::Cli;
use zeroizing_alloc::ZeroAlloc;

/// Whatever is given back is zeroed, whoever held it: the buffers of HTTP, TLS and the database drivers, too, through
/// which passwords and hashes pass.
#[global_allocator]
static ALLOCATOR: ZeroAlloc<std::alloc::System> = ZeroAlloc(std::alloc::System);

fn main() -> ExitCode {
    keyferry::process::forbid_dumps();
    let cli = match Cli::read() {
        Ok(cli) => cli,
        Err(exit) => return exit.into(),
    };
    match cli.run() {
        Ok(exit) => exit.into(),
        Err(error) => keyferry::cli::report_failure(&error),
    }
}
