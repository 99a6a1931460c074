//! One person of a walk, owned: what an import needs to create them, or why it cannot.

use std::sync::Arc;

use super::super::plan::{Reject, Route};
use crate::secret::Secret;
use crate::sources::Record;

/// The rows of one page of a source, in their order. Those that an earlier source's person has taken in, and those
/// that corrections do not name, are not among them.
#[derive(Debug)]
pub struct Batch {
    /// The source, by its place.
    pub source: usize,
    /// Rows read, those without a person of their own included.
    pub rows: u64,
    /// Who is to be created, and who cannot be.
    pub people: Vec<Person>,
    /// The id to resume behind, once all of these are settled.
    pub last_id: Option<String>,
}

/// A row with a person of its own.
#[derive(Debug)]
pub struct Person {
    /// The row's id; none where it could not be read.
    pub id: Option<String>,
    /// The login as it would be sent, unchecked.
    pub login: Option<String>,
    /// Okta attributes and their values as far as they are known, unchecked, in the order of Okta's template.
    pub attributes: Vec<(String, String)>,
    /// What becomes of it.
    pub decided: Result<NewUser, Reject>,
}

/// A user who can be created.
#[derive(Debug)]
pub struct NewUser {
    /// The checked profile, in the order of Okta's template.
    pub profile: Vec<(String, String)>,
    /// How the stored value was made.
    pub scheme: Arc<str>,
    /// How the password arrives.
    pub route: Route,
    /// Names of Okta groups, each once, of 1 to 255 characters.
    pub groups: Vec<String>,
    /// What the stored value is made of.
    pub credential: CredentialParts,
}

/// What makes a stored credential, for a digest that tells whether it has changed. Zeroed when dropped; not printable.
pub struct CredentialParts {
    scheme: Arc<str>,
    values: [Option<Secret>; 4],
}

impl CredentialParts {
    /// The stored value, both salts and the pepper of a record.
    pub(super) fn of(scheme: &Arc<str>, record: Option<Record<'_>>) -> Self {
        let values = match record {
            Some(record) => [record.stored(), record.salt(), record.salt2(), record.pepper()],
            None => [None; 4],
        };
        let owned = |value: Option<&[u8]>| value.map(|value| Secret::new(value.to_vec()));
        Self { scheme: Arc::clone(scheme), values: values.map(owned) }
    }

    /// The parts in a fixed order: the scheme's name, then for `stored`, `salt`, `salt2` and `pepper` whether there is
    /// one (a byte, 0 or 1) and its value.
    pub fn parts(&self) -> [&[u8]; 9] {
        let [stored, salt, salt2, pepper] = self.values.each_ref().map(Option::as_ref);
        let told = |value: Option<&Secret>| -> &[u8] { if value.is_some() { &[1] } else { &[0] } };
        [
            self.scheme.as_bytes(),
            told(stored),
            stored.map_or(&[], Secret::expose),
            told(salt),
            salt.map_or(&[], Secret::expose),
            told(salt2),
            salt2.map_or(&[], Secret::expose),
            told(pepper),
            pepper.map_or(&[], Secret::expose),
        ]
    }
}

impl std::fmt::Debug for CredentialParts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CredentialParts").field("scheme", &self.scheme).finish_non_exhaustive()
    }
}
