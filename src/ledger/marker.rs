//! Marks: short keyed digests of what Okta was sent for a user, to see at the next run whether the row has changed.
//! They tell nothing else: a profile's mark needs the ledger's key, a credential's also the secret of its source (its
//! URL), so that a copied ledger cannot be used to test passwords.

use hmac::{Hmac, Mac};
use sha2::Sha256;

use super::key::keyed;
use super::{Ledger, LedgerError};

/// The bits of a credential's mark that tell which key it was made with.
const KEY_BITS: u64 = 0xffff << 48;

/// Makes the marks of one source. Pure, and cheap to clone.
#[derive(Clone)]
pub struct Marker {
    profile: Hmac<Sha256>,
    credential: Hmac<Sha256>,
    credential_key: u64,
}

impl Marker {
    /// The mark of a profile, groups included if they are given: names and values, always in the same order.
    pub fn profile<'a>(&self, parts: impl Iterator<Item = (&'a str, &'a str)>) -> i64 {
        let mut mac = self.profile.clone();
        for (name, value) in parts {
            add(&mut mac, name.as_bytes());
            add(&mut mac, value.as_bytes());
        }
        first(mac).cast_signed()
    }

    /// The mark of what a password is verified with: stored value, salts, scheme, always in the same order.
    pub fn credential(&self, parts: &[&[u8]]) -> i64 {
        let mut mac = self.credential.clone();
        for part in parts {
            add(&mut mac, part);
        }
        (self.credential_key | (first(mac) & !KEY_BITS)).cast_signed()
    }
}

/// Whether two marks of credentials were made with the same key, and so can be compared.
pub(super) fn comparable(one: i64, other: i64) -> bool {
    (one ^ other).cast_unsigned() & KEY_BITS == 0
}

impl Ledger {
    /// The marks of a source. With another `source_secret` than at the last run, credentials count as unchanged and
    /// are marked anew: each mark carries 16 bits that tell its key.
    #[expect(clippy::unused_async, reason = "whoever calls it need not know that nothing is asked")]
    pub async fn marker(&self, source: &str, source_secret: &[u8]) -> Result<Marker, LedgerError> {
        let key_of = |purpose: &str, secret: &[u8]| {
            let mut mac = keyed(&self.key.subkey(purpose));
            add(&mut mac, source.as_bytes());
            add(&mut mac, secret);
            keyed(&mac.finalize().into_bytes().into())
        };
        let credential = key_of("credential marks", source_secret);
        let mut told = credential.clone();
        add(&mut told, b"\0which key");
        Ok(Marker {
            profile: key_of("profile marks", b""),
            credential_key: first(told) & KEY_BITS,
            credential,
        })
    }
}

/// Lengths keep neighbours apart: `ab`, `c` is not `a`, `bc`.
fn add(mac: &mut Hmac<Sha256>, part: &[u8]) {
    mac.update(&(part.len() as u64).to_be_bytes());
    mac.update(part);
}

fn first(mac: Hmac<Sha256>) -> u64 {
    let bytes: [u8; 32] = mac.finalize().into_bytes().into();
    bytes.iter().take(8).fold(0, |number, byte| number << 8 | u64::from(*byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn marks_follow_every_part_and_both_keys() {
        let open = async |key: &[u8]| Ledger::open("sqlite::memory:", Some(key)).await.unwrap();
        let ledger = open(b"0123456789abcdef").await;
        let marker = ledger.marker("shop", b"postgres://reader:secret@db").await.unwrap();
        let mark = marker.profile([("login", "a"), ("email", "bc")].into_iter());
        assert_eq!(marker.clone().profile([("login", "a"), ("email", "bc")].into_iter()), mark);
        assert_ne!(marker.profile([("login", "ab"), ("email", "c")].into_iter()), mark);
        assert_ne!(marker.profile([("login", "a")].into_iter()), mark);
        assert_ne!(marker.credential(&[b"ab", b"c"]), marker.credential(&[b"a", b"bc"]));
        assert!(comparable(marker.credential(&[b"x"]), marker.credential(&[b"y"])));

        let moved = ledger.marker("shop", b"postgres://reader:other@db").await.unwrap();
        assert_eq!(
            moved.profile([("login", "a"), ("email", "bc")].into_iter()),
            mark,
            "the ledger's key alone"
        );
        assert!(!comparable(moved.credential(&[b"x"]), marker.credential(&[b"x"])));
        let elsewhere = open(b"fedcba9876543210").await;
        let elsewhere = elsewhere.marker("shop", b"postgres://reader:secret@db").await.unwrap();
        assert_ne!(elsewhere.profile([("login", "a"), ("email", "bc")].into_iter()), mark);
    }
}
