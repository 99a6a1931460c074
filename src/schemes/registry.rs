//! The static table of schemes, from which identification, help and `docs/SCHEMES.md` are made.

use super::{Construction, Credential, Limits, ReadError};

/// A public value with its password, to show and to test.
#[derive(Clone, Copy, Debug)]
pub struct Example {
    /// The stored value.
    pub stored: &'static str,
    /// Its salt, where it has a column of its own.
    pub salt: Option<&'static str>,
    /// The password it was made from.
    pub password: &'static str,
}

/// One scheme of the registry.
pub struct Entry {
    /// Lower case with hyphens, after the software: `phpass`, `django-pbkdf2-sha256`.
    pub name: &'static str,
    /// Other names it answers to (passlib's, Dovecot's).
    pub aliases: &'static [&'static str],
    /// hashcat's modes, where it has any.
    pub hashcat: &'static [u32],
    /// Who writes such values.
    pub software: &'static str,
    /// What a value looks like, in words of the layout language: `$2b$<cost>$<salt:22><digest:31>`.
    pub layout: &'static str,
    /// One worked example.
    pub example: Example,
    /// What Okta does with it, in a few words: `BCRYPT`, `hook: argon2 is not among Okta's algorithms`.
    pub okta: &'static str,
    /// How its values begin. Empty for those that no prefix gives away.
    pub prefixes: &'static [&'static str],
    /// Reads a value of this scheme.
    pub read: fn(&Credential<'_>, &Limits) -> Result<Box<dyn Construction>, ReadError>,
}

impl std::fmt::Debug for Entry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Entry({})", self.name)
    }
}

/// All entries, in the order in which they are listed.
pub fn entries() -> &'static [Entry] {
    &[]
}
