//! phpBB from 3.1: phpass values of 3.0 that were hashed once more with bcrypt, so that nobody had to sign in first
//! (`passwords/helper.php`). The digest's text, without the setting, is bcrypt's password.
//!
//! phpBB escapes whatever a form sends for HTML and brings it to NFC, passwords too.

use unicode_normalization::UnicodeNormalization as _;
use zeroize::Zeroizing;

use super::argon2;
use super::bcrypt::{self, Bcrypt};
use super::form::ByForm;
use super::phpass::{self, Stretch};
use crate::schemes::construction::{Construction, Cost, Reading, Refusal, Scratch, Verdict};
use crate::schemes::digest::Digest;
use crate::schemes::expression::salted_digest;
use crate::schemes::kernels::{Kind, Task};
use crate::schemes::registry::{Entry, Example, Reader};
use crate::schemes::{Credential, Limits, NotImportable, OktaHash, encoding};

pub(super) const ENTRIES: &[Entry] = &[
    Entry {
        name: "phpbb-phpass-bcrypt",
        aliases: &["phpbb-combined"],
        software: "phpBB from 3.1, for accounts of 3.0",
        layout: r"$H\2y$<log2 rounds:1><salt:8>$<cost>\<salt:22>$<digest:31>",
        example: Example::of(
            r"$H\2y$9abcdefgh$05\abcdefghijklmnopqrstuu$h1tMbhz8Q740Bb29dypFWVi9sn.H9lO",
            "password",
        ),
        okta: "hook: Okta has no phpass",
        prefixes: &[r"$H\2y$", r"$P\2y$", r"$H\2a$", r"$P\2a$"],
        reader: Reader::Format(|credential, limits| Ok(typed(combined(credential, limits)?))),
        ..Entry::BLANK
    },
    Entry {
        name: "phpbb",
        aliases: &["phpbb3"],
        software: "phpBB, whatever its version: `auto` takes no account of the escapes that its forms add",
        layout: r"$H$…, $H\2y$…, $2y$…, $argon2id$… or hex({digest:16}) of MD5",
        example: Example::of("$H$9abcdefghreUCnbbQX76dJT2aHvsT6.", "password"),
        okta: "hook: phpBB changes a password before it hashes it, which Okta cannot do",
        reader: Reader::Format(any),
        ..Entry::BLANK
    },
];

struct Combined {
    first: Stretch,
    second: Bcrypt,
}

fn any(credential: &Credential<'_>, limits: &Limits) -> Reading {
    let inner: Reading = match credential.stored {
        [b'$', b'H' | b'P', b'$', ..] => phpass::read(credential, limits),
        [b'$', b'H' | b'P', b'\\', ..] => combined(credential, limits),
        [b'$', b'2', ..] => bcrypt::read(credential, limits).map(|inner| Box::new(inner) as Box<_>),
        [b'$', b'a', b'r', b'g', b'o', b'n', b'2', ..] => argon2::read(credential, limits),
        stored => match encoding::from_hex(stored).filter(|digest| digest.len() == Digest::Md5.len()) {
            Some(digest) => Ok(salted_digest(Digest::Md5, b"", b"", digest)),
            None => Err(Refusal::unreadable(r"expected $H$, $H\2y$, $2y$, $argon2 or 32 hex digits")),
        },
    };
    Ok(typed(inner?))
}

fn typed(inner: Box<dyn Construction>) -> Box<dyn Construction> {
    Box::new(ByForm { inner, software: "phpBB", form: by_form, otherwise: |password| password })
}

/// What phpBB's `set_var` does with a text.
fn by_form(password: &[u8]) -> Zeroizing<Vec<u8>> {
    let escaped = escaped(password);
    let composed = std::str::from_utf8(&escaped).map(|text| Zeroizing::new(text.nfc().collect::<String>()));
    composed.map_or(escaped.clone(), |text| Zeroizing::new(text.as_bytes().to_vec()))
}

/// PHP's `htmlspecialchars`, without single quotes.
fn escaped(password: &[u8]) -> Zeroizing<Vec<u8>> {
    let mut escaped = Zeroizing::new(Vec::with_capacity(password.len() * 6));
    for &byte in password {
        match byte {
            b'&' => escaped.extend(b"&amp;"),
            b'<' => escaped.extend(b"&lt;"),
            b'>' => escaped.extend(b"&gt;"),
            b'"' => escaped.extend(b"&quot;"),
            _ => escaped.push(byte),
        }
    }
    escaped
}

fn combined(credential: &Credential<'_>, limits: &Limits) -> Reading {
    let wrong = || Refusal::unreadable(r"expected $H\2y$<setting:9>$<cost>\<salt:22>$<digest:31>");
    let Some([b"", kinds, setting, second, digest]) = super::fields(credential.stored, b'$') else {
        return Err(wrong());
    };
    let first = Stretch::read(setting, Digest::Md5, limits).ok_or_else(wrong)?;
    let (Some(kind), [tens, ones, b'\\', salt @ ..]) = (kinds.get(2..), second) else {
        return Err(wrong());
    };
    let stored = [b"$", kind, b"$", &[*tens, *ones, b'$'], salt, digest].concat();
    let second = bcrypt::read(&Credential { stored: &stored, ..*credential }, limits)?;
    if salt.len() != 22 {
        return Err(wrong());
    }
    Ok(Box::new(Combined { first: first?, second }))
}

impl Construction for Combined {
    fn verify(&self, password: &[u8], scratch: &mut Scratch) -> Verdict {
        self.second.verify(&self.first.text(password, scratch.simd()), scratch)
    }

    fn kind(&self) -> Option<Kind> {
        self.second.kind()
    }

    fn task(&self, password: &[u8], scratch: &mut Scratch) -> Option<Task> {
        self.second.task(&self.first.text(password, scratch.simd()), scratch)
    }

    fn judge(&self, result: &[u8]) -> Verdict {
        self.second.judge(result)
    }

    fn cost(&self) -> Cost {
        let (first, second) = (self.first.cost(), self.second.cost());
        Cost { micros: first.micros.saturating_add(second.micros), ..second }
    }

    fn okta(&self) -> Result<OktaHash, NotImportable> {
        Err(NotImportable("phpass is not among Okta's algorithms".into()))
    }

    fn parameters(&self) -> String {
        format!("{}, {}", self.first.parameters(), self.second.parameters())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The value by PHP 8.2: `password_hash(htmlspecialchars("Ren\u{e9} & Dora"), PASSWORD_BCRYPT)`.
    #[test]
    fn what_the_form_does_is_done() {
        let stored = b"$2y$04$lGB9eE/SGvOo1OfHECIWhePSmomdQpxvzeMTSwiM5aiAe4ISAEi3O";
        let credential = Credential { stored, ..Credential::default() };
        let hash = any(&credential, &Limits::default()).ok().unwrap();
        for (password, verdict) in [
            ("Ren\u{e9} & Dora", Verdict::Match),
            ("Rene\u{301} & Dora", Verdict::Match),
            ("Rene & Dora", Verdict::Mismatch),
        ] {
            assert_eq!(hash.verify(password.as_bytes(), &mut Scratch::default()), verdict, "{password}");
        }
        assert_eq!(by_form(b"\xff<").as_slice(), b"\xff&lt;");
    }
}
