//! LDAP's `{CRYPT}`: any crypt(3) value (RFC 2307).

use crate::schemes::construction::{Construction, Cost, Reading, Refusal, Scratch, Verdict};
use crate::schemes::registry::{self, Entry, Example, Reader};
use crate::schemes::{Credential, Limits, NotImportable, OktaHash};

pub(super) const ENTRIES: &[Entry] = &[Entry {
    name: "ldap-crypt",
    aliases: &["crypt"],
    software: "OpenLDAP, 389 Directory Server, Dovecot",
    layout: "{CRYPT}<a value of crypt(3)>",
    example: Example::of("{CRYPT}$5$saltstring$5B8vYYiY.CVt1RlTTf8KbXBH3hsxY/GNooZaBBGWEc8", "Hello world!"),
    okta: "that of the value inside",
    prefixes: &["{CRYPT}"],
    reader: Reader::Format(read),
    ..Entry::BLANK
}];

/// The schemes that crypt(3) knows.
const KNOWN: &[&str] = &["bcrypt", "sha256-crypt", "sha512-crypt"];

struct Crypt {
    scheme: &'static str,
    inner: Box<dyn Construction>,
}

fn read(credential: &Credential<'_>, limits: &Limits) -> Reading {
    let stored = credential.stored.get("{CRYPT}".len()..).unwrap_or_default();
    let inner = Credential { stored, ..*credential };
    match registry::identify(stored) {
        Some(entry) if KNOWN.contains(&entry.name) => {
            Ok(Box::new(Crypt { scheme: entry.name, inner: entry.read(&inner, limits)? }))
        }
        _ => Err(Refusal::unreadable(format!("{{CRYPT}} is read with {} inside", KNOWN.join(", ")))),
    }
}

impl Construction for Crypt {
    fn verify(&self, password: &[u8], scratch: &mut Scratch) -> Verdict {
        self.inner.verify(password, scratch)
    }

    fn cost(&self) -> Cost {
        self.inner.cost()
    }

    fn okta(&self) -> Result<OktaHash, NotImportable> {
        self.inner.okta()
    }

    fn parameters(&self) -> String {
        format!("{}, {}", self.scheme, self.inner.parameters())
    }
}
