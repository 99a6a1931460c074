//! `{CRAM-MD5}`: HMAC-MD5 of the password as key, stopped where the message would begin (RFC 2195's server may keep
//! that instead of the password). hashcat knows the outer half only and fills the inner one with zeros.

use md5::block_api::compress;
use zeroize::Zeroizing;

use super::Payload;
use crate::schemes::construction::{Construction, Cost, Reading, Refusal, Scratch, Verdict};
use crate::schemes::digest::Digest;
use crate::schemes::{Credential, Limits, NotImportable, OktaHash};
use crate::secret::Secret;

/// MD5's state before the first block (RFC 1321).
const START: [u32; 4] = [0x6745_2301, 0xefcd_ab89, 0x98ba_dcfe, 0x1032_5476];
const HALF: usize = 16;

struct Cram {
    /// The outer state, and the inner one where it is there.
    states: Secret,
}

pub(super) fn read(credential: &Credential<'_>, _: &Limits) -> Reading {
    let mut bytes = Payload::of(credential).digest(2 * HALF)?;
    if bytes.len() != 2 * HALF {
        return Err(Refusal::unreadable(format!("expected 32 bytes, this value has {}", bytes.len())));
    }
    if bytes.iter().skip(HALF).all(|&byte| byte == 0) {
        bytes.truncate(HALF);
    }
    Ok(Box::new(Cram { states: Secret::new(bytes) }))
}

impl Construction for Cram {
    fn verify(&self, password: &[u8], _: &mut Scratch) -> Verdict {
        let password = super::super::c_string(password);
        let digest = Digest::Md5.of(&[password]);
        let key = if password.len() > 64 { digest.as_slice() } else { password };
        let mut states = Zeroizing::new(Vec::with_capacity(2 * HALF));
        for pad in [0x5c, 0x36] {
            states.extend_from_slice(&*after(key, pad));
        }
        Verdict::of(states.get(..self.states.len()).is_some_and(|states| self.states.matches(states)))
    }

    fn cost(&self) -> Cost {
        Cost::nanos(Digest::Md5.nanos(64))
    }

    fn okta(&self) -> Result<OktaHash, NotImportable> {
        Err(NotImportable("CRAM-MD5 is not among Okta's algorithms".into()))
    }

    fn parameters(&self) -> String {
        String::new()
    }
}

/// MD5's state after one block: the key with NULs behind it, all mixed with the pad.
fn after(key: &[u8], pad: u8) -> Zeroizing<[u8; HALF]> {
    let mut block = Zeroizing::new([pad; 64]);
    block.iter_mut().zip(key).for_each(|(byte, key)| *byte ^= key);
    let mut state = Zeroizing::new(START);
    compress(&mut state, &[*block]);
    let mut bytes = Zeroizing::new([0; HALF]);
    bytes.chunks_exact_mut(4).zip(*state).for_each(|(four, word)| four.copy_from_slice(&word.to_le_bytes()));
    bytes
}
