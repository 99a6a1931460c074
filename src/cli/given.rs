//! A stored credential given on the command line, and its password on standard input: what `verify` and `guess` take.
//!
//! A password never comes from the command line, where every process could read it.

use std::io::{self, Read};

use clap::Args as ClapArgs;

use crate::schemes::{Credential, Limits};
use crate::secret::Secret;

/// The parts of one credential.
#[derive(ClapArgs)]
pub(super) struct Given {
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
}

impl Given {
    /// The names of its arguments, for those that exclude them.
    pub(super) const ARGUMENTS: [&str; 6] = ["stored", "salt", "salt2", "username", "email", "pepper"];

    /// The stored value; what to say where it is missing.
    pub(super) fn stored(&self) -> Result<&str, String> {
        self.stored.as_deref().ok_or_else(|| "say with --stored which value is meant".into())
    }

    /// The pepper, from where it was said to be.
    pub(super) fn pepper(&self) -> Result<Option<Secret>, String> {
        self.pepper.as_deref().map(secret).transpose().map_err(|problem| format!("--pepper: {problem}"))
    }

    /// What might help if it were given as well.
    pub(super) fn missing(&self) -> String {
        let absent: Vec<_> = [
            ("--salt", self.salt.is_none()),
            ("--username", self.username.is_none()),
            ("--email", self.email.is_none()),
            ("--pepper", self.pepper.is_none()),
        ]
        .into_iter()
        .filter_map(|(name, absent)| absent.then_some(name))
        .collect();
        if absent.is_empty() {
            return "Is the password right, and are all columns of the row given?".into();
        }
        format!("Is the password right? What else the row holds may be part of it: {}", absent.join(", "))
    }

    /// All of it, as schemes read it.
    pub(super) fn credential<'a>(&'a self, stored: &'a str, pepper: Option<&'a Secret>) -> Credential<'a> {
        Credential {
            stored: stored.as_bytes(),
            salt: self.salt.as_deref().map(str::as_bytes),
            salt2: self.salt2.as_deref().map(str::as_bytes),
            user: self.username.as_deref(),
            email: self.email.as_deref(),
            pepper: pepper.map(Secret::expose),
            rounds: None,
        }
    }
}

impl std::fmt::Debug for Given {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Given(…)")
    }
}

/// Standard input, as far as the limit for passwords goes and a little further, so that it is seen to be over.
pub(super) fn password(limits: &Limits) -> io::Result<Secret> {
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

/// A secret as in the configuration: written out, `env:NAME` or `file:PATH`.
pub(super) fn secret(text: &str) -> Result<Secret, String> {
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
