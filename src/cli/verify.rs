//! `keyferry verify`: one stored value, or a file of known passwords, verified exactly as the hook would.
//!
//! A password comes from standard input or from the batch file, never from the command line, and neither it nor
//! anything of a stored value is ever printed but Okta's object, which is the point of asking.

mod batch;
mod tally;

use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use clap::Args as ClapArgs;
use serde::{Serialize, Serializer};

use super::given::{self, Given};
use super::{Exit, output, setup};
use crate::config::Needs;
use crate::schemes::{
    Credential, Hash, Limits, NotImportable, OktaHash, ReadError, Scratch, Selection, SelectionError, Verdict,
};

/// Verifies a stored value against the password on standard input, or a whole file of them. Exit code 0: verified;
/// 1: rejected; 2: unreadable, too costly or misused. Of a file, the worst of its lines.
#[derive(ClapArgs)]
pub(super) struct Args {
    /// How the value was made: `auto`, a scheme's name, `hashcat:N` or an expression; several are tried in order
    #[arg(long, value_name = "SCHEME", default_value = "auto")]
    scheme: Vec<String>,

    #[command(flatten)]
    given: Given,

    /// Read the password from standard input; one line break at its end is dropped
    #[arg(long, conflicts_with = "batch")]
    password_stdin: bool,

    /// A file of JSON lines, `-` for standard input: `{"stored": "…", "password": "…"}` and, where wanted, `scheme`,
    /// `salt`, `salt2`, `username`, `email`, `pepper`
    #[arg(long, value_name = "FILE", conflicts_with_all = Given::ARGUMENTS)]
    batch: Option<PathBuf>,

    /// A configuration whose [limits] are to hold; the usual ones where it is not given
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,

    /// The answer as one line of JSON, as for a batch
    #[arg(long)]
    json: bool,
}

impl std::fmt::Debug for Args {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("verify::Args(…)")
    }
}

/// How one verification came out; in a batch, one line.
#[derive(Serialize)]
struct Answer {
    outcome: Outcome,
    /// The scheme's name, or the expression; null where none was recognised.
    #[serde(serialize_with = "name")]
    scheme: Option<Arc<str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    /// What Okta does with the value; absent where it could not be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    okta: Option<Okta>,
    /// Time that the verification took, in microseconds.
    micros: u64,
    #[serde(skip)]
    parameters: String,
}

#[derive(Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum Outcome {
    Verified,
    Rejected,
    Unreadable,
    TooCostly,
}

#[derive(Serialize)]
#[serde(tag = "credential", rename_all = "snake_case")]
enum Okta {
    Hash { hash: OktaHash },
    Hook { reason: String },
}

#[expect(clippy::ref_option, reason = "the shape that serde asks for")]
fn name<S: Serializer>(scheme: &Option<Arc<str>>, serializer: S) -> Result<S::Ok, S::Error> {
    scheme.as_deref().serialize(serializer)
}

impl From<Result<OktaHash, NotImportable>> for Okta {
    fn from(verdict: Result<OktaHash, NotImportable>) -> Self {
        match verdict {
            Ok(hash) => Self::Hash { hash },
            Err(reason) => Self::Hook { reason: reason.to_string() },
        }
    }
}

impl Outcome {
    fn exit(self) -> Exit {
        match self {
            Self::Verified => Exit::Done,
            Self::Rejected => Exit::Bad,
            Self::Unreadable | Self::TooCostly => Exit::Failed,
        }
    }
}

impl Answer {
    fn unreadable(reason: String) -> Self {
        Self::without_hash(Outcome::Unreadable, None, reason)
    }

    fn without_hash(outcome: Outcome, scheme: Option<Arc<str>>, reason: String) -> Self {
        Self { outcome, scheme, reason: Some(reason), okta: None, micros: 0, parameters: String::new() }
    }

    /// Reads the value and verifies the password.
    fn of(
        selection: &Selection,
        credential: &Credential<'_>,
        password: &[u8],
        limits: &Limits,
        scratch: &mut Scratch,
    ) -> Self {
        match selection.read(credential, limits) {
            Ok(hash) => Self::verified(&hash, password, limits, scratch),
            Err(error) => {
                let outcome = match error {
                    ReadError::Unreadable(_) => Outcome::Unreadable,
                    ReadError::TooCostly(_) => Outcome::TooCostly,
                };
                Self::without_hash(outcome, error.scheme().cloned(), error.to_string())
            }
        }
    }

    fn verified(hash: &Hash, password: &[u8], limits: &Limits, scratch: &mut Scratch) -> Self {
        let okta = Some(hash.okta().into());
        let (scheme, parameters) = (Some(hash.scheme()), hash.parameters());
        if let Err(error) = limits.password(password.len()) {
            let reason = Some(format!("the password is {error}"));
            return Self { outcome: Outcome::TooCostly, scheme, reason, okta, micros: 0, parameters };
        }
        let start = Instant::now();
        let verdict = hash.verify(password, scratch);
        let micros = u64::try_from(start.elapsed().as_micros()).unwrap_or(u64::MAX);
        let (outcome, reason) = match verdict {
            Verdict::Match => (Outcome::Verified, None),
            Verdict::Mismatch => (Outcome::Rejected, Some("wrong password".to_owned())),
        };
        Self { outcome, scheme, reason, okta, micros, parameters }
    }
}

pub(super) async fn run(args: Args) -> anyhow::Result<Exit> {
    // Standard input and the hashing block; nothing else runs in this process meanwhile.
    tokio::task::spawn_blocking(move || verify(&args)).await?
}

fn verify(args: &Args) -> anyhow::Result<Exit> {
    // Each by itself first, so that a mistake can be shown where it is.
    for text in &args.scheme {
        if let Err(error) = Selection::parse(text) {
            return Ok(misused(&format!("--scheme: {}", pointed_out(text, &error))));
        }
    }
    let selection = match Selection::parse_list(args.scheme.iter().map(String::as_str)) {
        Ok(selection) => selection,
        Err(error) => return Ok(misused(&format!("--scheme: {error}"))),
    };
    let limits = match &args.config {
        None => Limits::default(),
        Some(path) => match setup::configuration(path, Needs::LEDGER) {
            Ok(config) => config.limits,
            Err(_) => return Ok(Exit::Failed),
        },
    };
    if let Some(path) = &args.batch {
        return batch::run(path, &selection, &limits);
    }
    if !args.password_stdin {
        return Ok(misused(
            "say where the password comes from: --password-stdin, or --batch FILE for many; it is never given on \
             the command line, where every process could read it",
        ));
    }
    let pepper = match args.given.pepper() {
        Ok(pepper) => pepper,
        Err(problem) => return Ok(misused(&problem)),
    };
    let stored = match args.given.stored() {
        Ok(stored) => stored,
        Err(problem) => return Ok(misused(&problem)),
    };
    let credential = args.given.credential(stored, pepper.as_ref());
    let password = given::password(&limits)?;
    let answer = Answer::of(&selection, &credential, password.expose(), &limits, &mut Scratch::default());
    if args.json {
        output::line(&serde_json::to_string(&answer)?)?;
    } else {
        print(&answer)?;
    }
    Ok(answer.outcome.exit())
}

/// The mistake, and under the text a mark at its column.
pub(super) fn pointed_out(text: &str, error: &SelectionError) -> String {
    let blanks = " ".repeat(error.column.saturating_sub(1));
    format!("column {}: {error}\n    {text}\n    {blanks}^", error.column)
}

fn misused(what: &str) -> Exit {
    output::note(&format!("keyferry verify: {what}"));
    Exit::Failed
}

fn print(answer: &Answer) -> io::Result<()> {
    let outcome = match answer.outcome {
        Outcome::Verified => "verified",
        Outcome::Rejected => "rejected",
        Outcome::Unreadable => "unreadable",
        Outcome::TooCostly => "too costly",
    };
    let reason = answer.reason.as_deref().map_or_else(String::new, |reason| format!(": {reason}"));
    output::line(&format!("{outcome}{reason}"))?;
    let field = |name: &str, value: &str| output::line(&format!("  {name:<10} {value}"));
    if let Some(scheme) = &answer.scheme {
        field("scheme", scheme)?;
    }
    if !answer.parameters.is_empty() {
        field("parameters", &answer.parameters)?;
    }
    if let Some(okta) = &answer.okta {
        match okta {
            Okta::Hash { hash } => field("Okta", &format!("imports it as {}", hash.description()))?,
            Okta::Hook { reason } => field("Okta", &format!("asks the hook: {reason}"))?,
        }
    }
    if matches!(answer.outcome, Outcome::Verified | Outcome::Rejected) {
        field("time", &milliseconds(answer.micros))?;
    }
    Ok(())
}

fn milliseconds(micros: u64) -> String {
    format!("{}.{:03} ms", micros / 1000, micros % 1000)
}
