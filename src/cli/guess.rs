//! `keyferry guess`: how a stored value was made, found from one known password. For the column that nobody has
//! documented, and one test account.
//!
//! Nothing of the value or the password is printed: what is found are names and expressions.

use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use clap::Args as ClapArgs;
use serde::Serialize;

use super::given::{self, Given};
use super::progress::Progress;
use super::{Exit, output, setup};
use crate::config::Needs;
use crate::schemes::{Credential, Limits, Scratch, Selection, Verdict, find, guess};
use crate::secret::Secret;

/// Tries every scheme of the registry and the usual constructions, and prints those that verify. Exit code 0: found;
/// 1: none of them.
#[derive(ClapArgs)]
pub(super) struct Args {
    #[command(flatten)]
    given: Given,

    /// Read the password from standard input; one line break at its end is dropped
    #[arg(long, required = true)]
    password_stdin: bool,

    /// A configuration whose [limits] are to hold; the usual ones where it is not given
    #[arg(long, value_name = "FILE")]
    config: Option<std::path::PathBuf>,

    /// The report as JSON
    #[arg(long)]
    json: bool,
}

impl std::fmt::Debug for Args {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("guess::Args(…)")
    }
}

#[derive(Serialize)]
struct Report {
    /// Schemes whose stored value the password makes, the likeliest first.
    found: Vec<Found>,
    /// Scheme texts that were tried.
    tried: usize,
    /// Time of the search, in milliseconds.
    millis: u64,
}

/// A scheme that verifies.
#[derive(Serialize)]
struct Found {
    /// What `scheme` takes in the configuration.
    scheme: String,
    /// The same in hashcat's notation, where `scheme` is a name that stands for an expression.
    #[serde(skip_serializing_if = "Option::is_none")]
    expression: Option<&'static str>,
    /// hashcat's modes.
    #[serde(skip_serializing_if = "<[u32]>::is_empty")]
    hashcat: &'static [u32],
    /// Who writes such values.
    #[serde(skip_serializing_if = "Option::is_none")]
    software: Option<&'static str>,
    /// What Okta does with the value.
    okta: String,
}

pub(super) async fn run(args: Args) -> anyhow::Result<Exit> {
    // Standard input and the hashing block; nothing else runs in this process meanwhile.
    tokio::task::spawn_blocking(move || search(&args)).await?
}

fn search(args: &Args) -> anyhow::Result<Exit> {
    let (stored, pepper) = match args.given.stored().and_then(|stored| Ok((stored, args.given.pepper()?))) {
        Ok(given) => given,
        Err(problem) => {
            output::note(&format!("keyferry guess: {problem}"));
            return Ok(Exit::Bad);
        }
    };
    let limits = match &args.config {
        None => Limits::default(),
        Some(path) => match setup::configuration(path, Needs::LEDGER) {
            Ok(config) => config.limits,
            Err(exit) => return Ok(exit),
        },
    };
    let password = given::password(&limits)?;
    if let Err(error) = limits.password(password.len()) {
        output::note(&format!("keyferry guess: the password is {error}"));
        return Ok(Exit::Bad);
    }
    let credential = args.given.credential(stored, pepper.as_ref());
    let started = Instant::now();
    let mut report = Report { found: Vec::new(), tried: 0, millis: 0 };
    for stage in guess::stages(&credential, password.expose()) {
        let found = try_all(&stage, &credential, &password, &limits);
        report.found = described(found, &credential, &limits);
        report.tried += stage.len();
        if !report.found.is_empty() {
            break;
        }
    }
    report.millis = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
    if args.json {
        output::json(&report)?;
    } else {
        print(&report, &args.given, &password)?;
    }
    Ok(if report.found.is_empty() { Exit::Bad } else { Exit::Done })
}

/// Tries the candidates on every core; gives those that verify, in their order.
fn try_all<'a>(
    candidates: &'a [String],
    credential: &Credential<'_>,
    password: &Secret,
    limits: &Limits,
) -> Vec<&'a str> {
    let next = AtomicUsize::new(0);
    let found = Mutex::new(Vec::new());
    let progress = Mutex::new(Progress::counting("schemes", Some(candidates.len() as u64)));
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..cores {
            scope.spawn(|| {
                let mut scratch = Scratch::default();
                loop {
                    let at = next.fetch_add(1, Ordering::Relaxed);
                    let Some(text) = candidates.get(at) else { break };
                    if verifies(text, credential, password, limits, &mut scratch) {
                        found.lock().unwrap_or_else(PoisonError::into_inner).push((at, text.as_str()));
                    }
                    if at.is_multiple_of(256) {
                        progress.lock().unwrap_or_else(PoisonError::into_inner).rows(at as u64);
                    }
                }
            });
        }
    });
    let mut found = found.into_inner().unwrap_or_else(PoisonError::into_inner);
    found.sort_unstable();
    found.into_iter().map(|(_, text)| text).collect()
}

fn verifies(
    scheme: &str,
    credential: &Credential<'_>,
    password: &Secret,
    limits: &Limits,
    scratch: &mut Scratch,
) -> bool {
    let hash = Selection::parse(scheme).ok().and_then(|selection| selection.read(credential, limits).ok());
    hash.is_some_and(|hash| hash.verify(password.expose(), scratch) == Verdict::Match)
}

/// What is known of each. A name's own expression, and hashcat's number of a name that was found, are not told
/// again.
fn described(found: Vec<&str>, credential: &Credential<'_>, limits: &Limits) -> Vec<Found> {
    let mut known: Vec<Found> = Vec::new();
    for scheme in found {
        let entry = find(scheme);
        let told = |other: &Found| match entry {
            Some(entry) => find(&other.scheme).is_some_and(|other| other.name == entry.name),
            None => other.expression == Some(without_usual_layout(scheme)),
        };
        if known.iter().any(told) {
            continue;
        }
        let hash = Selection::parse(scheme).ok().and_then(|choice| choice.read(credential, limits).ok());
        let Some(hash) = hash else { continue };
        let okta = match hash.okta() {
            Ok(object) => format!("imports it as {}", object.description()),
            Err(reason) => format!("asks the hook: {reason}"),
        };
        known.push(Found {
            scheme: scheme.to_owned(),
            expression: entry.and_then(crate::schemes::Entry::expression),
            hashcat: entry.map_or(&[], |entry| entry.hashcat),
            software: entry.map(|entry| entry.software),
            okta,
        });
    }
    known
}

/// The layout in which the registry's constructions are read anyway.
fn without_usual_layout(scheme: &str) -> &str {
    scheme.strip_suffix(" in '{digest}:{salt}'").unwrap_or(scheme)
}

fn print(report: &Report, given: &Given, password: &Secret) -> std::io::Result<()> {
    for found in &report.found {
        output::line(&found.scheme)?;
        let field = |name: &str, value: &str| output::line(&format!("  {name:<10} {value}"));
        if let Some(expression) = found.expression {
            field("means", expression)?;
        }
        if !found.hashcat.is_empty() {
            let modes: Vec<_> = found.hashcat.iter().map(u32::to_string).collect();
            field("hashcat", &modes.join(", "))?;
        }
        if let Some(software) = found.software {
            field("made by", software)?;
        }
        field("Okta", &found.okta)?;
    }
    let tried = output::counted(report.tried as u64, "scheme");
    let time = output::duration(report.millis.saturating_mul(1000));
    let advice = match report.found.as_slice() {
        [] => given.missing(),
        // JSON's texts are TOML's.
        [only] => format!("In keyferry.toml: scheme = {}", serde_json::Value::from(only.scheme.as_str())),
        _ => "Several verify, the first being the simplest; where they differ at all, another account tells."
            .to_owned(),
    };
    output::note(&format!("{tried} tried in {time}. {advice}"));
    if !report.found.is_empty() && !tells(password.expose()) {
        output::note(
            "This password cannot tell whether case and encoding matter: try an account whose password has capitals \
             and a letter beyond ASCII.",
        );
    }
    Ok(())
}

/// Whether schemes that change case or encoding would give another digest.
fn tells(password: &[u8]) -> bool {
    password.iter().any(u8::is_ascii_uppercase) && !password.is_ascii()
}
