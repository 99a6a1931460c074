//! WordPress: `$wp$2y$`, bcrypt of an HMAC-SHA-384 since 6.8, and by name everything that a WordPress store may hold:
//! phpass, plain bcrypt, argon2, the MD5 of old.
//!
//! WordPress puts backslashes before the quotes and backslashes of whatever a form sends (`wp_magic_quotes`), and its
//! sign-in form hands the password over like that, trimmed. Passwords set by other ways (WP-CLI, the REST interface)
//! do not have these backslashes, so that both count. Where neither matters, only one is computed.

use zeroize::Zeroizing;

use super::form::ByForm;
use super::over::over;
use super::{argon2, bcrypt, phpass};
use crate::schemes::construction::{Construction, Reading, Refusal};
use crate::schemes::digest::Digest;
use crate::schemes::expression::salted_digest;
use crate::schemes::registry::{Entry, Example, Reader};
use crate::schemes::{Credential, Limits, encoding};

pub(super) const ENTRIES: &[Entry] = &[
    Entry {
        name: "wordpress-bcrypt",
        aliases: &["wp-bcrypt"],
        software: "WordPress from 6.8",
        layout: "$wp$2y$<cost>$<salt:22><digest:31>",
        example: Example::of("$wp$2y$10$9D5QDWgO9x8J4B4hIPcji.BfqWtfOmjTc3hfmMp47QI4otm5D5trO", "password"),
        okta: "hook: bcrypt of an HMAC, which Okta cannot do",
        prefixes: &["$wp$"],
        reader: Reader::Format(|credential, limits| Ok(typed(keyed(credential, limits)?))),
        ..Entry::BLANK
    },
    Entry {
        name: "wordpress",
        aliases: &["woocommerce"],
        software: "WordPress, whatever its version: `auto` takes no account of the backslashes that its form adds",
        layout: "$P$…, $wp$2y$…, $2y$…, $argon2id$… or hex({digest:16}) of MD5",
        example: Example::of("$P$B28oeYxm4WHzOuaZjsmd4mrxehN/ma1", "password"),
        okta: "hook: WordPress changes a password before it hashes it, which Okta cannot do",
        reader: Reader::Format(any),
        ..Entry::BLANK
    },
];

/// WordPress's key, which keeps these values apart from bcrypt over a plain HMAC.
const KEY: &[u8] = b"wp-sha384";

fn keyed(credential: &Credential<'_>, limits: &Limits) -> Reading {
    let wrong = || Refusal::unreadable("expected $wp and a $2y$ value of bcrypt");
    let stored = credential.stored.strip_prefix(b"$wp").filter(|stored| stored.starts_with(b"$2y$"));
    let stored = stored.ok_or_else(wrong)?;
    let inner = bcrypt::read(&Credential { stored, ..*credential }, limits)?;
    let not_importable = "bcrypt of the password's HMAC, and Okta hashes only the password itself";
    Ok(over(Box::new(inner), not_importable, "", |password| {
        Zeroizing::new(encoding::to_base64(&Digest::Sha384.hmac(KEY, password)).into_bytes())
    }))
}

fn any(credential: &Credential<'_>, limits: &Limits) -> Reading {
    let inner: Reading = match credential.stored {
        [b'$', b'w', b'p', ..] => keyed(credential, limits),
        [b'$', b'P' | b'H', b'$', ..] => phpass::read(credential, limits),
        [b'$', b'2', ..] => bcrypt::read(credential, limits).map(|inner| Box::new(inner) as Box<_>),
        [b'$', b'a', b'r', b'g', b'o', b'n', b'2', ..] => argon2::read(credential, limits),
        stored => match encoding::from_hex(stored).filter(|digest| digest.len() == Digest::Md5.len()) {
            Some(digest) => Ok(salted_digest(Digest::Md5, b"", b"", digest)),
            None => Err(Refusal::unreadable("expected $P$, $wp$2y$, $2y$, $argon2 or 32 hex digits")),
        },
    };
    Ok(typed(inner?))
}

fn typed(inner: Box<dyn Construction>) -> Box<dyn Construction> {
    Box::new(ByForm {
        inner,
        software: "WordPress",
        form: |password| Zeroizing::new(trimmed(&with_slashes(password)).to_vec()),
        otherwise: trimmed,
    })
}

/// PHP's `addslashes`.
fn with_slashes(password: &[u8]) -> Zeroizing<Vec<u8>> {
    let mut slashed = Zeroizing::new(Vec::with_capacity(password.len() * 2));
    for &byte in password {
        match byte {
            b'\'' | b'"' | b'\\' => slashed.extend([b'\\', byte]),
            0 => slashed.extend(*b"\\0"),
            _ => slashed.push(byte),
        }
    }
    slashed
}

/// PHP's `trim`.
fn trimmed(password: &[u8]) -> &[u8] {
    let blank = |byte: &u8| matches!(byte, b' ' | b'\t' | b'\n' | b'\r' | 0 | 0x0b);
    let start = password.iter().position(|byte| !blank(byte)).unwrap_or(password.len());
    let end = password.iter().rposition(|byte| !blank(byte)).map_or(start, |last| last + 1);
    password.get(start..end).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_form_does_is_done() {
        assert_eq!(with_slashes(b"it's \"a\\b\"\0").as_slice(), b"it\\'s \\\"a\\\\b\\\"\\0");
        assert_eq!(trimmed(b" \t\n\r\0\x0ba b\x0b "), b"a b");
        assert_eq!(trimmed(b"  "), b"");
    }
}
