//! LDAP's `{CRYPT}`: any crypt(3) value (RFC 2307), and the same without the name where `crypt` is chosen.
//!
//! What crypt(3) knows is what the registry marks as such; here even DES's thirteen characters can mean nothing else.

use crate::schemes::construction::{Construction, Cost, Reading, Refusal, Scratch, Verdict};
use crate::schemes::kernels::{Kind, Task};
use crate::schemes::registry::{self, Entry, Example, Reader};
use crate::schemes::{Credential, Limits, NotImportable, OktaHash};

pub(super) const ENTRIES: &[Entry] = &[Entry {
    name: "ldap-crypt",
    aliases: &[
        "crypt",
        "ldap-des-crypt",
        "ldap-bsdi-crypt",
        "ldap-md5-crypt",
        "ldap-sha1-crypt",
        "ldap-bcrypt",
        "ldap-sha256-crypt",
        "ldap-sha512-crypt",
    ],
    software: "OpenLDAP, 389 Directory Server, Dovecot; /etc/shadow",
    layout: "{CRYPT}<a value of crypt(3)>, also without {CRYPT}",
    example: Example::of("{CRYPT}$5$saltstring$5B8vYYiY.CVt1RlTTf8KbXBH3hsxY/GNooZaBBGWEc5", "Hello world!"),
    okta: "that of the value inside",
    prefixes: &[PREFIX],
    bare: true,
    reader: Reader::Format(read),
    ..Entry::BLANK
}];

const PREFIX: &str = "{CRYPT}";

struct Crypt {
    scheme: &'static str,
    inner: Box<dyn Construction>,
}

fn read(credential: &Credential<'_>, limits: &Limits) -> Reading {
    let stored = match credential.stored.split_at_checked(PREFIX.len()) {
        Some((_, inner)) if registry::begins(credential.stored, PREFIX) => inner,
        _ => credential.stored,
    };
    let inner = Credential { stored, ..*credential };
    let entry = inside(stored).ok_or_else(|| {
        let known: Vec<_> = known().map(|entry| entry.name).collect();
        Refusal::unreadable(format!("{PREFIX} is read with one of crypt(3)'s inside: {}", known.join(", ")))
    })?;
    Ok(Box::new(Crypt { scheme: entry.name, inner: entry.read(&inner, limits)? }))
}

fn known() -> impl Iterator<Item = &'static Entry> {
    registry::entries().iter().filter(|entry| entry.crypt3)
}

/// Whose value this is: by its prefix, or by its shape where it has none.
fn inside(stored: &[u8]) -> Option<&'static Entry> {
    let by_shape = || known().find(|entry| entry.prefixes.is_empty() && (entry.claims)(stored));
    registry::identify(stored).filter(|entry| entry.crypt3).or_else(by_shape)
}

impl Construction for Crypt {
    fn verify(&self, password: &[u8], scratch: &mut Scratch) -> Verdict {
        self.inner.verify(password, scratch)
    }

    fn kind(&self) -> Option<Kind> {
        self.inner.kind()
    }

    fn task(&self, password: &[u8], scratch: &mut Scratch) -> Option<Task> {
        self.inner.task(password, scratch)
    }

    fn judge(&self, result: &[u8]) -> Verdict {
        self.inner.judge(result)
    }

    fn cost(&self) -> Cost {
        self.inner.cost()
    }

    fn okta(&self) -> Result<OktaHash, NotImportable> {
        self.inner.okta()
    }

    fn parameters(&self) -> String {
        let parameters = self.inner.parameters();
        let space = if parameters.is_empty() { "" } else { ", " };
        format!("{}{space}{parameters}", self.scheme)
    }
}
