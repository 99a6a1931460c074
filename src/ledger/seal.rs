//! Texts that the ledger must give back in plain and must not hold in plain: the id behind which a walk goes on, which
//! may be a login. AES-256 in counter mode, then HMAC-SHA-256 over all of it, each under a key of its own that is
//! derived from the ledger's. Whoever has the ledger's key can read them, nobody else.

use aes::Aes256;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use ctr::Ctr128BE;
use ctr::cipher::{KeyIvInit, StreamCipher};
use hmac::{Hmac, Mac};
use sha2::Sha256;
use zeroize::Zeroizing;

use super::LedgerError;
use super::key::{UserKey, keyed};

/// Bytes of the random first counter block.
const NONCE: usize = 16;
/// Bytes of the check at the end.
const TAG: usize = 32;

/// Encrypts a text for one place: it does not open as anything else's.
pub(super) fn seal(key: &UserKey, place: &str, text: &str) -> Result<String, LedgerError> {
    let mut nonce = [0; NONCE];
    getrandom::fill(&mut nonce)
        .map_err(|_| LedgerError::Database("the system gives no random bytes".to_owned()))?;
    Ok(seal_with(key, place, text, nonce))
}

fn seal_with(key: &UserKey, place: &str, text: &str, nonce: [u8; NONCE]) -> String {
    let mut sealed = nonce.to_vec();
    sealed.extend_from_slice(text.as_bytes());
    if let Some(body) = sealed.get_mut(NONCE..) {
        crypt(key, &nonce, body);
    }
    let tag = mac(key, place, &sealed).finalize().into_bytes();
    sealed.extend_from_slice(&tag);
    STANDARD_NO_PAD.encode(sealed)
}

/// Gives the text back; `None` where it was sealed under another key, for another place, or was changed.
pub(super) fn unseal(key: &UserKey, place: &str, sealed: &str) -> Option<String> {
    let mut sealed = STANDARD_NO_PAD.decode(sealed).ok()?;
    let tag = sealed.split_off(sealed.len().checked_sub(TAG)?);
    mac(key, place, &sealed).verify_slice(&tag).ok()?;
    let (nonce, body) = sealed.split_first_chunk_mut::<NONCE>()?;
    crypt(key, nonce, body);
    String::from_utf8(body.to_vec()).ok()
}

fn crypt(key: &UserKey, nonce: &[u8; NONCE], body: &mut [u8]) {
    let secret = Zeroizing::new(key.subkey("cursor encryption"));
    Ctr128BE::<Aes256>::new(&(*secret).into(), &(*nonce).into()).apply_keystream(body);
}

fn mac(key: &UserKey, place: &str, sealed: &[u8]) -> Hmac<Sha256> {
    let secret = Zeroizing::new(key.subkey("cursor authentication"));
    let mut mac = keyed(&secret);
    mac.update(place.as_bytes());
    mac.update(&[0]);
    mac.update(sealed);
    mac
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(text: &str) -> UserKey {
        UserKey::new(text.as_bytes()).unwrap()
    }

    #[test]
    fn what_is_sealed_opens_with_the_same_key_and_for_the_same_place_only() {
        let (mine, other) = (key("0123456789abcdef"), key("fedcba9876543210"));
        for text in ["", "4711", "zoë@example.com", &"long ".repeat(1000)] {
            let sealed = seal(&mine, "1", text).unwrap();
            assert_eq!(unseal(&mine, "1", &sealed).as_deref(), Some(text));
            assert_eq!(unseal(&other, "1", &sealed), None);
            assert_eq!(unseal(&mine, "2", &sealed), None);
            assert_ne!(seal(&mine, "1", text).unwrap(), sealed, "never the same twice");
            assert!(text.is_empty() || !sealed.contains(text));
        }
    }

    #[test]
    fn a_change_of_any_bit_is_seen() {
        let key = key("0123456789abcdef");
        let sealed = STANDARD_NO_PAD.decode(seal(&key, "", "id-1").unwrap()).unwrap();
        for bit in 0..sealed.len() * 8 {
            let mut changed = sealed.clone();
            changed[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(unseal(&key, "", &STANDARD_NO_PAD.encode(changed)), None, "bit {bit}");
        }
        for length in 0..sealed.len() {
            assert_eq!(unseal(&key, "", &STANDARD_NO_PAD.encode(&sealed[..length])), None);
        }
        assert_eq!(unseal(&key, "", "no base64!"), None);
    }

    #[test]
    fn it_is_aes_256_in_counter_mode() {
        // The vector of NIST SP 800-38A, F.5.5, through the same call; its key is put in place of the derived one.
        let nist = hex::decode("603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4").unwrap();
        let counter: [u8; 16] = hex::decode("f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff").unwrap().try_into().unwrap();
        let mut block = hex::decode("6bc1bee22e409f96e93d7e117393172a").unwrap();
        let nist: [u8; 32] = nist.try_into().unwrap();
        Ctr128BE::<Aes256>::new(&nist.into(), &counter.into()).apply_keystream(&mut block);
        assert_eq!(hex::encode(block), "601ec313775789a5b7a7f504bbf3d228");
    }
}
