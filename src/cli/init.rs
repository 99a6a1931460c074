//! `keyferry init`: a first configuration, from a look at the legacy database. Says what it inferred and from what, and
//! writes over nothing. Sampled values are neither printed nor written, and a URL's password is not either.

mod report;
mod url;

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use clap::Args as ClapArgs;

use super::{Exit, output, setup};
use crate::config::{Config, Needs};
use crate::discovery::{self, Discovery, Found, Settings};
use crate::secret::Secret;
use crate::sources::{self, SourceSettings, UsernameRules};
use report::Report;
use url::SourceUrl;

/// How long one question to the database may take: samples are small, but a view may be slow.
const QUESTION: Duration = Duration::from_secs(15);

#[derive(ClapArgs)]
pub(super) struct Args {
    /// The legacy database: sqlite:FILE, postgres://… or mysql://…; `env:NAME` or `file:PATH` keeps a password from the
    /// list of processes
    #[arg(long, value_name = "URL")]
    source: String,

    /// Where the configuration is written; must not be there yet
    #[arg(long, value_name = "FILE", default_value = "keyferry.toml")]
    out: PathBuf,

    /// The table to take, where the best one is not the one that is meant
    #[arg(long, value_name = "TABLE")]
    table: Option<String>,

    /// The name that the source gets
    #[arg(long, value_name = "NAME", default_value = "legacy")]
    name: String,

    /// Print the report as JSON
    #[arg(long)]
    json: bool,
}

/// The URL may hold a password.
impl std::fmt::Debug for Args {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Args").field("out", &self.out).field("table", &self.table).finish_non_exhaustive()
    }
}

pub(super) async fn run(args: Args) -> anyhow::Result<Exit> {
    if args.name.is_empty() || args.name.chars().any(char::is_control) {
        return Ok(bad("--name: give the source a short name for logs and reports"));
    }
    if args.out.symlink_metadata().is_ok() {
        return Ok(exists(&args.out));
    }
    let url = match SourceUrl::read(&args.source) {
        Ok(url) => url,
        Err(why) => return Ok(bad(&format!("--source: {why}"))),
    };
    let discovery = match look(&args, &url.secret).await {
        Ok(discovery) => discovery,
        Err(error) => return Ok(bad(&error.to_string())),
    };
    let Some(found) = &discovery.found else {
        let report = Report::nothing_found(&discovery);
        print(&report, args.json)?;
        if args.json {
            output::note("keyferry init: no table of users was found; nothing was written");
        }
        return Ok(Exit::Bad);
    };
    let problems = try_queries(&args.name, found, url.secret).await;
    let settings = Settings { name: args.name.clone(), url: url.written.clone(), url_note: url.note.clone() };
    let text = discovery::toml(&discovery, found, &settings);
    if let Err(problems) = Config::parse(&text, [], Needs::LEDGER) {
        anyhow::bail!("the configuration that was made cannot be read: {:?}", problems.0);
    }
    match write(&args.out, &text) {
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => return Ok(exists(&args.out)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            return Ok(bad(&format!("--out: {} cannot be written: {error}", args.out.display())));
        }
        written => written.with_context(|| format!("{} cannot be written", args.out.display()))?,
    }
    print(&Report::new(&discovery, found, &args.out, &url.written, problems), args.json)?;
    Ok(Exit::Done)
}

async fn look(args: &Args, url: &Secret) -> Result<Discovery, sources::SourceError> {
    let catalogue = sources::open_catalogue(&args.name, url, QUESTION)?;
    let discovery = discovery::discover(&*catalogue, args.table.as_deref()).await;
    catalogue.close().await;
    discovery
}

/// What the database itself says of the two queries.
async fn try_queries(name: &str, found: &Found, url: Secret) -> Vec<String> {
    let opened = sources::open(SourceSettings {
        name: Arc::from(name),
        url,
        lookup: found.draft.lookup_query(),
        users: Some(found.draft.users_query()),
        groups: None,
        page_size: 1,
        max_connections: 1,
        connect_timeout: QUESTION,
        query_timeout: QUESTION,
        username: UsernameRules::default(),
    });
    let source = match opened {
        Ok(source) => source,
        Err(error) => return vec![error.to_string()],
    };
    let problems = source.check().await;
    source.close().await;
    problems.iter().map(ToString::to_string).collect()
}

/// Only ever a new file.
fn write(path: &Path, text: &str) -> std::io::Result<()> {
    let mut file = std::fs::File::options().write(true).create_new(true).open(path)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}

fn print(report: &Report, json: bool) -> std::io::Result<()> {
    if json { output::json(report) } else { output::line(&report.text()) }
}

fn exists(path: &Path) -> Exit {
    bad(&format!("{} is there already and stays as it is; name another file with --out", path.display()))
}

fn bad(what: &str) -> Exit {
    output::note(&format!("keyferry init: {what}"));
    Exit::Bad
}

/// The value of an environment variable, where it is set and text.
fn variable(name: &str) -> Option<String> {
    setup::environment().find(|(known, _)| known == name).map(|(_, value)| value)
}
