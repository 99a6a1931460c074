//! `keyferry verify`: one stored value, or a file of known passwords, verified exactly as the hook would.
//!
//! A password comes from standard input or from the batch file, never from the command line, and neither it nor
//! anything of a stored value is ever printed but Okta's object, which is the point of asking.

mod batch;
mod tally;

use std::io::{self, Read};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use clap::Args as ClapArgs;
use serde::{Serialize, Serializer};

use super::{Exit, output, setup};
use crate::config::Needs;
use crate::schemes::{
    Credential, Hash, Limits, NotImportable, OktaHash, ReadError, Scratch, Selection, SelectionError, Verdict,
};
use crate::secret::Secret;

/// Verifies a stored value against the password on standard input, or a whole file of them. Exit code 0: verified;
/// 1: rejected; 2: unreadable, too costly or misused. Of a file, the worst of its lines.
#[derive(ClapArgs)]
pub(super) struct Args {
    /// How the value was made: `auto`, a scheme's name, `hashcat:N` or an expression; several are tried in order
    #[arg(long, value_name = "SCHEME", default_value = "auto")]
    scheme: Vec<String>,

    /// The stored value
    #[arg(long, value_name = "VALUE", allow_hyphen_values = true)]
    stored: Option<String>,

    /// `$salt`, where it has a column of its own
    #[arg(long, value_name = "SALT", allow_hyphen_values = true)]
    salt: Option<String>,

    /// `$salt2`, a second one
    #[arg(long, value_name = "SALT", allow_hyphen_values = true)]
    salt2: Option<String>,

    /// `$user`, as the store spells it
    #[arg(long, value_name = "NAME", allow_hyphen_values = true)]
    username: Option<String>,

    /// `$email`, as the store spells it
    #[arg(long, value_name = "EMAIL", allow_hyphen_values = true)]
    email: Option<String>,

    /// `$pepper`; `env:NAME` or `file:PATH` keeps it from the list of processes
    #[arg(long, value_name = "PEPPER", allow_hyphen_values = true)]
    pepper: Option<String>,

    /// Read the password from standard input; one line break at its end is dropped
    #[arg(long, conflicts_with = "batch")]
    password_stdin: bool,

    /// A file of JSON lines, `-` for standard input: `{"stored": "…", "password": "…"}` and, where wanted, `scheme`,
    /// `salt`, `salt2`, `username`, `email`, `pepper`
    #[arg(
        long, value_name = "FILE",
        conflicts_with_all = ["stored", "salt", "salt2", "username", "email", "pepper"]
    )]
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
    let Some(stored) = &args.stored else {
        return Ok(misused("say with --stored which value to verify"));
    };
    let pepper = match args.pepper.as_deref().map(pepper).transpose() {
        Ok(pepper) => pepper,
        Err(problem) => return Ok(misused(&format!("--pepper: {problem}"))),
    };
    let credential = Credential {
        stored: stored.as_bytes(),
        salt: args.salt.as_deref().map(str::as_bytes),
        salt2: args.salt2.as_deref().map(str::as_bytes),
        user: args.username.as_deref(),
        email: args.email.as_deref(),
        pepper: pepper.as_ref().map(Secret::expose),
        rounds: None,
    };
    let password = password(&limits)?;
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

/// Standard input, as far as the limit for passwords goes and a little further, so that it is seen to be over.
fn password(limits: &Limits) -> io::Result<Secret> {
    let most = u64::try_from(limits.password_bytes).unwrap_or(u64::MAX).saturating_add(3);
    let mut bytes = Vec::with_capacity(limits.password_bytes.min(1 << 16) + 3);
    io::stdin().lock().take(most).read_to_end(&mut bytes)?;
    without_line_break(&mut bytes);
    Ok(Secret::new(bytes))
}

/// One line break at the end is dropped, as `echo` puts one there.
fn without_line_break(bytes: &mut Vec<u8>) {
    if bytes.last() == Some(&b'\n') {
        bytes.pop();
        if bytes.last() == Some(&b'\r') {
            bytes.pop();
        }
    }
}

/// As in the configuration: written out, `env:NAME` or `file:PATH`.
fn pepper(text: &str) -> Result<Secret, String> {
    if let Some(name) = text.strip_prefix("env:") {
        let value = std::env::var(name).map_err(|_| format!("the environment variable {name} is not set"))?;
        return Ok(Secret::from(value));
    }
    if let Some(path) = text.strip_prefix("file:") {
        let mut bytes =
            std::fs::read(path).map_err(|error| format!("the file {path} cannot be read: {error}"))?;
        without_line_break(&mut bytes);
        return Ok(Secret::new(bytes));
    }
    Ok(Secret::from(text))
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
