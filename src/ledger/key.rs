//! The keyed hash by which users are known: HMAC-SHA-256 over source and id, cut to 128 bits.
//!
//! Ids and logins are guessable, so a plain digest would give them away to whoever tries them all; without the
//! key that does not work. The key itself must never be printed.

use std::fmt::Write as _;

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;
use zeroize::Zeroizing;

use super::LedgerError;

/// The fewest bytes that a configured key may have.
pub const MIN_KEY_BYTES: usize = 16;

/// A key, ready to hash with.
#[derive(Clone)]
pub(super) struct UserKey(Hmac<Sha256>);

impl UserKey {
    /// Takes a key as configured, or as it was kept.
    pub(super) fn new(key: &[u8]) -> Result<Self, LedgerError> {
        if key.len() < MIN_KEY_BYTES {
            return Err(LedgerError::KeyTooShort(MIN_KEY_BYTES));
        }
        // HMAC takes keys of any length; the error is there for other constructions.
        Hmac::new_from_slice(key).map(Self).map_err(|_| LedgerError::KeyTooShort(MIN_KEY_BYTES))
    }

    /// A user's id in a source: 32 hex digits.
    pub(super) fn id(&self, source: &str, id: &str) -> String {
        hex(&self.mac(source, id), 16)
    }

    /// A login in a source, whatever its case: 32 hex digits.
    pub(super) fn login(&self, source: &str, login: &str) -> String {
        hex(&self.mac(source, &login.to_lowercase()), 16)
    }

    /// A login as Okta is sent it, whatever its case and diacritical marks, the same for all sources: 32 hex digits.
    pub(super) fn okta_login(&self, login: &str) -> String {
        hex(&self.mac("\u{1}okta login", &fold_login(login)), 16)
    }

    /// A key for another purpose, which tells nothing about this one.
    pub(super) fn subkey(&self, purpose: &str) -> [u8; 32] {
        // No source has such a name.
        self.mac("\u{1}subkey", purpose)
    }

    /// A name as it was typed, before any source knows it, for log lines: 16 hex digits.
    pub(super) fn name(&self, name: &str) -> String {
        hex(&self.mac("", &name.to_lowercase()), 8)
    }

    /// Whose failures are counted, whatever it is: 128 bits.
    pub(super) fn failure(&self, kind: &str, name: &str) -> [u8; 16] {
        let mac = self.mac("\u{1}failures", &format!("{kind}\0{name}"));
        std::array::from_fn(|place| mac.get(place).copied().unwrap_or_default())
    }

    /// Tells this key from another without telling anything about it.
    pub(super) fn check(&self) -> String {
        hex(&self.mac("", "\0keyferry ledger key"), 8)
    }

    fn mac(&self, source: &str, text: &str) -> [u8; 32] {
        let mut mac = self.0.clone();
        mac.update(source.as_bytes());
        mac.update(&[0]);
        mac.update(text.as_bytes());
        mac.finalize().into_bytes().into()
    }
}

/// HMAC under a derived key.
pub(super) fn keyed(secret: &[u8; 32]) -> Hmac<Sha256> {
    // HMAC fills a key up with zeros to its block; done here, it cannot fail.
    let mut block = Zeroizing::new([0; 64]);
    for (to, from) in block.iter_mut().zip(secret) {
        *to = *from;
    }
    Hmac::new(&(*block).into())
}

/// A login without what Okta does not tell apart: case and diacritical marks.
pub fn fold_login(login: &str) -> String {
    if login.is_ascii() {
        return login.to_ascii_lowercase();
    }
    let plain: String = login.nfkd().filter(|character| !is_combining_mark(*character)).collect();
    plain.to_lowercase()
}

/// The first bytes in hex.
pub(super) fn hex(bytes: &[u8], take: usize) -> String {
    bytes.iter().take(take).fold(String::with_capacity(take * 2), |mut text, byte| {
        // Writing to a string does not fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_are_hmac_sha_256_of_source_nul_id() {
        // printf 'shop\0alice' | openssl dgst -sha256 -mac HMAC -macopt key:0123456789abcdef0123456789abcdef
        let key = UserKey::new(b"0123456789abcdef0123456789abcdef").unwrap();
        assert_eq!(key.id("shop", "alice"), "03621e9c960f786f5623a3b6a3654c93");
        assert_eq!(key.login("shop", "ALICE"), key.id("shop", "alice"));
        assert_ne!(key.id("shop", "ALICE"), key.id("shop", "alice"));
        assert_ne!(key.id("sho", "palice"), key.id("shop", "alice"));
        assert_eq!(key.name("Alice").len(), 16);
    }

    #[test]
    fn logins_that_okta_takes_for_the_same_have_one_hash() {
        let key = UserKey::new(b"0123456789abcdef0123456789abcdef").unwrap();
        // The pair of Okta's own API description.
        let brock = key.okta_login("isaac.brock@example.com");
        assert_eq!(key.okta_login("Isa\u{301}a\u{300}c.Br\u{f6}ck@EXAMPLE.com"), brock);
        assert_ne!(key.okta_login("isaac.brocks@example.com"), brock);
        assert_ne!(key.login("", "isaac.brock@example.com"), brock);
    }

    #[test]
    fn a_short_key_is_refused() {
        assert_eq!(UserKey::new(b"fifteen bytes..").err(), Some(LedgerError::KeyTooShort(16)));
    }
}
