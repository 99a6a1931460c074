//! `keyferry verify`.

use clap::Args as ClapArgs;

use super::Exit;

#[derive(Debug, ClapArgs)]
pub(super) struct Args {}

pub(super) async fn run(args: Args) -> anyhow::Result<Exit> {
    let Args {} = args;
    anyhow::bail!("not built yet")
}
