//! From a store's row to a readable hash: the one place where a record's columns, its source's scheme and its
//! source's pepper meet.
//!
//! The hook and the seeding both read through here, so that they can never disagree about a value. Nothing of the
//! value leaves except as a [`Hash`](struct@Hash).

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
    pub fn read(&self, record: Record<'_>) -> Result<Hash, ReadError> {
        let Some(stored) = record.stored() else {
            return Err(Unreadable { scheme: None, why: Self::NO_STORED_VALUE.into() }.into());
        };
        let login = record.login();
        let credential = Credential {
            stored,
            salt: record.salt(),
            salt2: record.salt2(),
            user: Some(login.unwrap_or(record.id())),
            email: record.email().or_else(|| login.filter(|login| login.contains('@'))),
            pepper: record.pepper().or(self.pepper.as_ref().map(Secret::expose)),
            rounds: None,
        };
        match record.scheme().map(str::trim) {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schemes::{Scratch, Verdict};
    use crate::sources::{Draft, Found};

    /// md5sum of `secret`, of `7secret`, of `secret` and a pepper, of an address and `secret`.
    const MD5: &str = "5ebe2294ecd0e0f08eab7690d2a6ee69";
    const MD5_SALTED: &str = "d273f89e1279054a5c7f2fc40044cd99";
    const MD5_PEPPERED: &str = "175f352dfaefb7086c066a36e69be09c";
    const MD5_ROW_PEPPERED: &str = "c3f8f3550f08d4ec365feafd5215abd8";
    const MD5_EMAIL: &str = "b8192d435b0c6e0ef5e23425753f6556";

    fn record(stored: &str, scheme: Option<&str>) -> Draft {
        Draft {
            id: "7".into(),
            login: Some("amy@example.com".into()),
            email: None,
            active: true,
            stored: Some(stored.into()),
            salt: None,
            salt2: None,
            pepper: None,
            scheme: scheme.map(str::to_owned),
            last_login: None,
            groups: Vec::new(),
            profile: Vec::new(),
        }
    }

    fn reader(scheme: &str, pepper: Option<&str>) -> Reader {
        Reader::new(Selection::parse(scheme).unwrap(), Limits::default(), pepper.map(Secret::from))
    }

    fn verifies(reader: &Reader, record: Draft) -> bool {
        reader.read(Found::of(record).record()).unwrap().verify(b"secret", &mut Scratch::default())
            == Verdict::Match
    }

    #[test]
    fn a_row_s_own_scheme_goes_before_the_source_s() {
        let reader = reader("md5($pass)", None);
        assert!(verifies(&reader, record(MD5, None)));
        assert!(verifies(&reader, record(MD5, Some(" "))));
        let mut salted = record(MD5_SALTED, Some("md5($salt.$pass)"));
        salted.salt = Some("7".into());
        assert!(verifies(&reader, salted));
    }

    #[test]
    fn a_row_s_own_pepper_goes_before_the_source_s() {
        let reader = reader("md5($pass.$pepper)", Some("pepper"));
        assert!(verifies(&reader, record(MD5_PEPPERED, None)));
        let mut own = record(MD5_ROW_PEPPERED, None);
        own.pepper = Some("row".into());
        assert!(verifies(&reader, own));
    }

    #[test]
    fn user_and_email_fall_back_to_what_the_row_has() {
        let by_email = reader("md5($email.':'.$pass)", None);
        assert!(verifies(&by_email, record(MD5_EMAIL, None)));
        let mut own = record(MD5_EMAIL, None);
        own.login = Some("amy".into());
        own.email = Some("amy@example.com".into());
        assert!(verifies(&by_email, own));
        let by_user = reader("md5($user.$pass)", None);
        let mut by_id = record(MD5_SALTED, None);
        by_id.login = None;
        assert!(verifies(&by_user, by_id));
    }

    #[test]
    fn what_cannot_be_read_says_why_and_nothing_of_the_value() {
        let reader = reader("auto", None);
        let why = |record: Draft| reader.read(Found::of(record).record()).unwrap_err().to_string();
        let mut nothing = record("", None);
        nothing.stored = None;
        assert_eq!(why(nothing), Reader::NO_STORED_VALUE);
        let unknown = why(record("canary-4711", Some("md5($pas)")));
        assert!(unknown.starts_with("the row's scheme cannot be understood: column "), "{unknown}");
        assert_eq!(why(record(MD5, Some(&"x".repeat(5000)))), "the row's scheme is longer than 1024 bytes");
        assert!(!why(record("canary-4711", None)).contains("4711"));
    }

    #[test]
    fn a_column_full_of_schemes_does_not_fill_the_memory() {
        let reader = reader("auto", None);
        for number in 0..10 * CACHED_SELECTIONS {
            let scheme = format!("md5($pass.'{number}')");
            assert!(reader.read(Found::of(record(MD5, Some(&scheme))).record()).is_ok());
        }
        assert_eq!(reader.by_row.read().unwrap().len(), CACHED_SELECTIONS);
    }
}
