//! `keyferry demo`: the whole migration in one process, on the sample store and the imitation Okta org, with the
//! rooms that a real one uses. Ends well only if everything came out as the sample store says it must.

mod migration;
mod report;
mod seed;
mod sign_in;
mod survey;
#[cfg(test)]
mod tests;

use clap::Args as ClapArgs;

use super::{Exit, output, serve};
use crate::demo::PEOPLE;
use migration::{Hook, Migration};
use report::Report;

#[derive(Debug, ClapArgs)]
pub(super) struct Args {
    /// Leave the org and the hook running afterwards, to look at, until Ctrl-C
    #[arg(long)]
    keep: bool,
    /// Print one JSON document instead, at the end
    #[arg(long)]
    json: bool,
}

/// Prints what is worth telling on the way, unless it is to be one JSON document.
struct Telling {
    json: bool,
}

impl Telling {
    fn say(&self, text: &str) -> std::io::Result<()> {
        if self.json { Ok(()) } else { output::line(text) }
    }
}

pub(super) async fn run(args: Args) -> anyhow::Result<Exit> {
    let telling = Telling { json: args.json };
    // From here on, so that Ctrl-C clears up the temporary folder at any time.
    let stop = serve::stop_signal()?;
    tokio::select! {
        ended = demonstrate(&args, &telling) => {
            let (migration, hook, exit) = ended?;
            if args.keep {
                output::note(&kept(&migration, &hook));
                serve::stop_signal()?.await;
            }
            hook.stop().await?;
            Ok(exit)
        }
        () = stop => {
            output::note("keyferry demo: stopped before its end");
            Ok(Exit::Failed)
        }
    }
}

async fn demonstrate(args: &Args, telling: &Telling) -> anyhow::Result<(Migration, Hook, Exit)> {
    let migration = Migration::prepare(PEOPLE.to_vec()).await?;
    telling.say(&format!(
        "1. Survey: {} accounts of three old applications, in one SQLite file.\n",
        migration.people.len()
    ))?;
    let survey = survey::run(migration.config(false)?).await?;
    telling.say(&survey.text())?;

    telling.say(
        "2. Seeding: `keyferry import` into an imitation Okta org, at ten times the rate that Okta allows.\n",
    )?;
    let seeding = seed::run(&migration).await?;
    telling.say(&seeding.text())?;

    telling.say("3. Sign-ins: with a wrong password, with the right one, and with the right one again.\n")?;
    let hook = migration.start_hook().await?;
    migration.org.register_hook(hook.endpoint()?);
    let signed_in = sign_in::run(&migration, &seeding).await?;
    let records = migration.records(&hook, &signed_in).await?;

    let report = Report::new(&migration, survey, seeding, signed_in, records);
    if args.json {
        output::json(&report)?;
    } else {
        output::line(&report.text())?;
    }
    Ok((migration, hook, report.exit()))
}

fn kept(migration: &Migration, hook: &Hook) -> String {
    let (org, token, folder) = (&migration.org_url, &migration.token_text, migration.folder.path().display());
    let (url, secret, private) = (&hook.url, &migration.secret_text, &hook.private_url);
    format!(
        "
Left running until Ctrl-C; the folder {folder} goes with it.

  The org's users:     curl -s -H 'Authorization: SSWS {token}' '{org}/api/v1/users?limit=3'
  A sign-in:           curl -s -H 'Content-Type: application/json' {org}/api/v1/authn \\
                         -d '{{\"username\":\"haruka.tanaka\",\"password\":\"ふじさん3776\"}}'
  The hook, as Okta:   curl -s -H 'Authorization: {secret}' -H 'Content-Type: application/json' {url} \\
                         -d '{{\"eventType\":\"com.okta.user.credential.password.import\",\"data\":{{\"context\":{{\"credential\":{{\"username\":\"haruka.tanaka\",\"password\":\"ふじさん3776\"}}}}}}}}'
  The dashboard:       {private}/
  Health and metrics:  curl -s {private}/readyz; curl -s {private}/metrics
  The configuration:   {folder}/keyferry.toml (with it: keyferry survey, export, status; OKTA_API_TOKEN={token} keyferry import)
  Who was not sent:    {folder}/rejects.csv"
    )
}
