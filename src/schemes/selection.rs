//! What the configuration's `scheme` says, and what comes of it for one stored value.
//!
//! `auto` recognises self-describing values by their shape; a name, `hashcat:N` or an expression says how a value
//! was made; a list is tried in order.

use std::sync::Arc;

use thiserror::Error;

use super::{Construction, Cost, Credential, Limits, NotImportable, OktaHash, Scratch, Verdict};

/// A value that could not be read as what it should be. The message never holds any of the value.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{why}")]
pub struct Unreadable {
    /// The scheme that it was read as, where one was recognised.
    pub scheme: Option<Arc<str>>,
    /// What is wrong, and how to mend it where that can be said.
    pub why: String,
}

/// A value that asks for more than [`Limits`] allow.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{why}")]
pub struct TooCostly {
    /// Its scheme.
    pub scheme: Option<Arc<str>>,
    /// Which bound, its value, and what was asked.
    pub why: String,
}

/// Why there is no [`Hash`] for a stored value.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ReadError {
    /// Not a value of this scheme, damaged, or of no known scheme.
    #[error(transparent)]
    Unreadable(#[from] Unreadable),
    /// Readable, and beyond a limit.
    #[error(transparent)]
    TooCostly(#[from] TooCostly),
}

/// A `scheme` text that means nothing.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{message}")]
pub struct SelectionError {
    /// Column of the mistake in the text, counted in characters from 1.
    pub column: usize,
    /// What was expected there.
    pub message: String,
}

/// A checked choice of schemes; cheap to clone.
#[derive(Clone, Debug)]
pub struct Selection {
    _choices: Arc<[()]>,
}

impl Selection {
    /// `auto`.
    pub fn auto() -> Self {
        Self { _choices: Arc::new([]) }
    }

    /// One of `auto`, a registry name or alias, `hashcat:N`, an expression.
    pub fn parse(text: &str) -> Result<Self, SelectionError> {
        let _ = text;
        Ok(Self::auto())
    }

    /// Several, tried in order.
    pub fn parse_list<'a>(texts: impl IntoIterator<Item = &'a str>) -> Result<Self, SelectionError> {
        let _ = texts.into_iter().count();
        Ok(Self::auto())
    }

    /// Reads one stored value by this choice.
    pub fn read(&self, credential: &Credential<'_>, limits: &Limits) -> Result<Hash, ReadError> {
        let _ = (credential, limits);
        Err(Unreadable { scheme: None, why: "no scheme is known yet".into() }.into())
    }
}

/// A stored value that was read: one construction, or several where a list of schemes leaves more than one open.
pub struct Hash {
    candidates: Vec<(Arc<str>, Box<dyn Construction>)>,
}

impl Hash {
    /// The scheme's name; of several candidates, the first. For an expression, its own text.
    pub fn scheme(&self) -> Arc<str> {
        self.candidates.first().map_or_else(|| Arc::from(""), |(name, _)| Arc::clone(name))
    }

    /// See [`Construction::parameters`].
    pub fn parameters(&self) -> String {
        self.candidates.first().map_or_else(String::new, |(_, construction)| construction.parameters())
    }

    /// Whether the password makes the stored value, by any candidate. All candidates are tried whatever the
    /// first says, so that time does not tell which one matched.
    pub fn verify(&self, password: &[u8], scratch: &mut Scratch) -> Verdict {
        let mut verdict = Verdict::Mismatch;
        for (_, construction) in &self.candidates {
            if construction.verify(password, scratch) == Verdict::Match {
                verdict = Verdict::Match;
            }
        }
        verdict
    }

    /// What [`Hash::verify`] takes: the times added, the largest memory.
    pub fn cost(&self) -> Cost {
        self.candidates.iter().fold(Cost::default(), |sum, (_, construction)| {
            let one = construction.cost();
            Cost { micros: sum.micros.saturating_add(one.micros), memory: sum.memory.max(one.memory) }
        })
    }

    /// The object with which Okta imports this value, or why not. With several candidates nobody knows which one
    /// it is, so the hook must find out.
    pub fn okta(&self) -> Result<OktaHash, NotImportable> {
        match self.candidates.as_slice() {
            [(_, only)] => only.okta(),
            _ => Err(NotImportable("several schemes are possible for this value".into())),
        }
    }
}

impl std::fmt::Debug for Hash {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Hash({})", self.scheme())
    }
}
