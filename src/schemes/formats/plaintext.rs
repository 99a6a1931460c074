//! Passwords stored as they are. A risk that an admin has to ask for by name; `auto` never reads one.

use crate::schemes::construction::{Construction, Cost, Reading, Refusal, Scratch, Verdict};
use crate::schemes::registry::{self, Entry, Example, Reader};
use crate::schemes::{Credential, NotImportable, OktaHash};
use crate::secret::Secret;

pub(super) const ENTRIES: &[Entry] = &[Entry {
    name: "plaintext",
    aliases: &["plain", "cleartext", "clear", "noop"],
    hashcat: &[99999],
    software: "a risk: whoever reads the table has all passwords",
    layout: "<password>, after Spring's {noop} or LDAP's {CLEARTEXT} where that stands before it",
    example: Example::of("correct horse", "correct horse"),
    okta: "hook: nothing is hashed",
    prefixes: MARKS,
    reader: Reader::Plaintext,
    ..Entry::BLANK
}];

const MARKS: &[&str] = &["{noop}", "{PLAIN}", "{CLEAR}", "{CLEARTEXT}", "{PLAINTEXT}"];

struct Plaintext(Secret);

/// Reads any value but one that says that it is a hash: whoever had seen that hash could sign in with it.
pub(in crate::schemes) fn read(credential: &Credential<'_>) -> Reading {
    let stored = credential.stored;
    let recognised = registry::identify(stored).filter(|entry| !matches!(entry.reader, Reader::Plaintext));
    if let Some(entry) = recognised {
        return Err(Refusal::unreadable(format!(
            "this is no plain text but looks like `{}`; choose `auto` as well",
            entry.name
        )));
    }
    let marked = MARKS.iter().find_map(|mark| {
        let (start, rest) = stored.split_at_checked(mark.len())?;
        start.eq_ignore_ascii_case(mark.as_bytes()).then_some(rest)
    });
    match marked.unwrap_or(stored) {
        [] => Err(Refusal::unreadable("an empty password is stored")),
        password => Ok(Box::new(Plaintext(Secret::new(password.to_vec())))),
    }
}

impl Construction for Plaintext {
    fn verify(&self, password: &[u8], _: &mut Scratch) -> Verdict {
        Verdict::of(self.0.matches(password))
    }

    fn cost(&self) -> Cost {
        Cost::nanos(100)
    }

    fn okta(&self) -> Result<OktaHash, NotImportable> {
        Err(NotImportable("the store holds the password itself, and no hash of it".into()))
    }

    fn parameters(&self) -> String {
        String::new()
    }
}
