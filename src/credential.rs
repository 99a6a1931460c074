//! From a store's row to a readable hash: the one place where a record's columns, its source's scheme and its
//! source's pepper meet.
//!
//! The hook and the seeding both read through here, so that they can never disagree about a value. Nothing of the
//! value leaves except as a [`Hash`].

use std::collections::HashMap;
use std::sync::{PoisonError, RwLock};

use crate::schemes::{Credential, Hash, Limits, ReadError, Selection, Unreadable};
use crate::secret::Secret;
use crate::sources::Record;

/// Texts of a `scheme` column that are remembered. A store has a handful of them; a column full of rubbish is
/// parsed row by row instead of being kept.
const CACHED_SELECTIONS: usize = 256;

/// The longest text of a `scheme` column that is looked at, in bytes.
const SCHEME_BYTES: usize = 1024;

/// Reads the stored values of one source.
pub struct Reader {
    selection: Selection,
    limits: Limits,
    pepper: Option<Secret>,
    by_row: RwLock<HashMap<String, Result<Selection, Unreadable>>>,
}

impl Reader {
    /// For a source whose values were made by `selection`, with `pepper` where there is one.
    pub fn new(selection: Selection, limits: Limits, pepper: Option<Secret>) -> Self {
        Self { selection, limits, pepper, by_row: RwLock::default() }
    }

    /// Reads a record's stored value. The row's own `scheme` and `pepper` columns go before the source's; `$user`
    /// is the login, or the id where there is none; `$email` is the email column, or a login with an `@`.
    ///
    /// [`ReadError::Unreadable`] also where nothing is stored ([`Reader::NO_STORED_VALUE`]) and where the row's
    /// `scheme` means nothing.
    pub fn read(&self, record: &Record) -> Result<Hash, ReadError> {
        let Some(stored) = &record.stored else {
            return Err(Unreadable { scheme: None, why: Self::NO_STORED_VALUE.into() }.into());
        };
        let login = record.login.as_deref();
        let credential = Credential {
            stored: stored.expose(),
            salt: record.salt.as_ref().map(Secret::expose),
            salt2: record.salt2.as_ref().map(Secret::expose),
            user: Some(login.unwrap_or(&record.id)),
            email: record.email.as_deref().or_else(|| login.filter(|login| login.contains('@'))),
            pepper: record.pepper.as_ref().or(self.pepper.as_ref()).map(Secret::expose),
        };
        match record.scheme.as_deref().map(str::trim) {
            None | Some("") => self.selection.read(&credential, &self.limits),
            Some(text) => self.selection_of(text)?.read(&credential, &self.limits),
        }
    }

    /// The bounds that values are read within.
    pub fn limits(&self) -> &Limits {
        &self.limits
    }

    /// What [`Reader::read`] says of a row without a stored value.
    pub const NO_STORED_VALUE: &'static str = "no stored value";

    fn selection_of(&self, text: &str) -> Result<Selection, Unreadable> {
        if let Some(known) = self.by_row.read().unwrap_or_else(PoisonError::into_inner).get(text) {
            return known.clone();
        }
        let parsed = parse(text);
        let mut by_row = self.by_row.write().unwrap_or_else(PoisonError::into_inner);
        if by_row.len() < CACHED_SELECTIONS {
            by_row.insert(text.to_owned(), parsed.clone());
        }
        parsed
    }
}

fn parse(text: &str) -> Result<Selection, Unreadable> {
    if text.len() > SCHEME_BYTES {
        let why = format!("the row's scheme is longer than {SCHEME_BYTES} bytes");
        return Err(Unreadable { scheme: None, why });
    }
    Selection::parse(text).map_err(|error| Unreadable {
        scheme: None,
        why: format!("the row's scheme cannot be understood: column {}: {error}", error.column),
    })
}

impl std::fmt::Debug for Reader {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Reader").field("selection", &self.selection).finish_non_exhaustive()
    }
}
