//! Passwords stored as they are. A risk that an admin has to ask for by name; `auto` never reads one.

use crate::schemes::construction::{Construction, Cost, Reading, Refusal, Scratch, Verdict};
use crate::schemes::registry::{self, Entry, Example, Reader};
use crate::schemes::{Credential, NotImportable, OktaHash, encoding};
use crate::secret::Secret;

pub(super) const ENTRIES: &[Entry] = &[Entry {
    name: "plaintext",
    aliases: &["plain", "cleartext", "clear", "noop"],
    hashcat: &[99999],
    software: "a risk: whoever reads the table has all passwords",
    layout: "<password>, after Spring's {noop}, LDAP's {CLEARTEXT} or Dovecot's {PLAIN-TRUNC} where one stands before it",
    example: Example::of("correct horse", "correct horse"),
    okta: "hook: nothing is hashed",
    prefixes: MARKS,
    reader: Reader::Plaintext,
    ..Entry::BLANK
}];

const MARKS: &[&str] = &["{noop}", "{PLAIN}", "{CLEAR}", "{CLEARTEXT}", "{PLAINTEXT}", TRUNCATED];
/// Dovecot's, before a length, a `-` and a password that was cut to this length.
const TRUNCATED: &str = "{PLAIN-TRUNC}";

struct Plaintext {
    password: Secret,
    /// Whether the beginning of a password is enough.
    truncated: bool,
}

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
    let mark = MARKS.iter().find(|mark| registry::begins(stored, mark));
    let rest = mark.and_then(|mark| stored.get(mark.len()..)).unwrap_or(stored);
    let (password, truncated) = match mark {
        Some(&TRUNCATED) => cut(rest)?,
        _ => (rest, false),
    };
    match password {
        [] => Err(Refusal::unreadable("an empty password is stored")),
        password => Ok(Box::new(Plaintext { password: Secret::new(password.to_vec()), truncated })),
    }
}

/// `<length>-<password>`: as long as the length says, it may have been longer.
fn cut(text: &[u8]) -> Result<(&[u8], bool), Refusal> {
    let dash = text.iter().position(|&byte| byte == b'-');
    let (number, password) = dash.and_then(|dash| text.split_at_checked(dash)).unwrap_or_default();
    let len = encoding::decimal(number)
        .ok_or_else(|| Refusal::unreadable("expected {PLAIN-TRUNC}<length>-<beginning of the password>"))?;
    let password = password.get(1..).unwrap_or_default();
    Ok((password, usize::try_from(len).is_ok_and(|len| len == password.len())))
}

impl Construction for Plaintext {
    fn verify(&self, password: &[u8], _: &mut Scratch) -> Verdict {
        let end = if self.truncated { self.password.len().min(password.len()) } else { password.len() };
        Verdict::of(self.password.matches(password.get(..end).unwrap_or(password)))
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
