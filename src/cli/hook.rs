//! `keyferry hook`: the password import inline hook and the event hook in the org. Registers them, proves them with a
//! call that goes through Okta, shows, rotates their secret, and deletes them.
//!
//! A secret comes from the configuration, or as `env:NAME` or `file:PATH`, and is never printed.

mod address;
mod delete;
mod events;
mod mend;
mod oauth;
mod opinion;
mod proof;
mod register;
mod report;
mod rotate;
mod secret_file;
mod show;
mod stranger;
mod wiring;

pub(super) use stranger::random_text;

use std::path::PathBuf;

use clap::{Args as ClapArgs, Subcommand};

use super::{ConfigArgs, Exit};

/// What both hooks are called in the org, where no other name is given.
const NAME: &str = "keyferry";

#[derive(Debug, ClapArgs)]
pub(super) struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Creates or updates the hook in the org, activates it, and proves it
    Register(Box<RegisterArgs>),
    /// Shows the hooks in the org, and whether they fit the configuration
    Show(ShowArgs),
    /// Proves the hook with a call that goes through Okta
    Test(TestArgs),
    /// Puts another secret of the configuration into the org, while sign-ins go on
    Rotate(RotateArgs),
    /// Deactivates and deletes the hooks
    Delete(DeleteArgs),
}

/// What all of them take.
#[derive(Debug, ClapArgs)]
struct Common {
    #[command(flatten)]
    config: ConfigArgs,
    /// What our hooks are called in the org
    #[arg(long, value_name = "NAME", default_value = NAME)]
    name: String,
    /// Print one JSON document instead
    #[arg(long)]
    json: bool,
}

/// Somebody whose password is known, for the proof.
#[derive(Debug, ClapArgs)]
struct Known {
    /// A user whose password is known: the answer must be VERIFIED
    #[arg(long, value_name = "LOGIN", requires = "password_stdin")]
    user: Option<String>,
    /// Read that password from standard input
    #[arg(long, requires = "user")]
    password_stdin: bool,
}

#[derive(Debug, ClapArgs)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of the command line, read as it stands")]
struct RegisterArgs {
    #[command(flatten)]
    common: Common,
    /// The public address of the service; `[server] path` is appended where it has no path
    #[arg(long, value_name = "URL")]
    url: String,
    /// Which entry of `[server.auth] header` Okta sends, from 0
    #[arg(long, value_name = "N", default_value_t = 0)]
    header: usize,
    /// Take over the password import hook of somebody else's that the org has
    #[arg(long)]
    replace: bool,
    /// Leave the proof out
    #[arg(long, conflicts_with_all = ["user", "password_stdin"])]
    no_test: bool,
    /// Register the event hook as well
    #[arg(long)]
    events: bool,
    /// Register the event hook alone
    #[arg(long, conflicts_with_all = ["events", "user", "password_stdin", "replace", "no_test", "oauth"])]
    events_only: bool,
    /// The event hook's address, where it cannot be told from --url
    #[arg(long, value_name = "URL")]
    events_url: Option<String>,
    #[command(flatten)]
    known: Known,
    #[command(flatten)]
    oauth: oauth::OauthArgs,
}

#[derive(Debug, ClapArgs)]
struct ShowArgs {
    #[command(flatten)]
    common: Common,
}

#[derive(Debug, ClapArgs)]
struct TestArgs {
    #[command(flatten)]
    common: Common,
    #[command(flatten)]
    known: Known,
}

#[derive(Debug, ClapArgs)]
struct RotateArgs {
    #[command(flatten)]
    common: Common,
    /// The entry of `[server.auth] header` that Okta shall send from now on, from 0
    #[arg(long, value_name = "N", required_unless_present = "generate")]
    to: Option<usize>,
    /// Make a new random secret in a new file, and say what to add to the configuration
    #[arg(long, value_name = "FILE", conflicts_with_all = ["to", "user", "password_stdin"])]
    generate: Option<PathBuf>,
    /// The event hook alone
    #[arg(long, conflicts_with_all = ["user", "password_stdin"])]
    events_only: bool,
    #[command(flatten)]
    known: Known,
}

#[derive(Debug, ClapArgs)]
struct DeleteArgs {
    #[command(flatten)]
    common: Common,
    /// Delete the event hook alone
    #[arg(long)]
    events_only: bool,
    /// Do not ask
    #[arg(long)]
    yes: bool,
}

pub(super) async fn run(args: Args) -> anyhow::Result<Exit> {
    match args.verb {
        Verb::Register(args) => register::run(*args).await,
        Verb::Show(args) => show::run(args).await,
        Verb::Test(args) => proof::run(args).await,
        Verb::Rotate(args) => rotate::run(args).await,
        Verb::Delete(args) => delete::run(args).await,
    }
}
