//! DES with one key, as LM, Oracle 7 and RACF digest with it. Parity bits are ignored, as all of them do.

use des::Des;
use des::cipher::{Block, BlockCipherEncrypt, KeyInit};
use zeroize::Zeroizing;

/// Time for one key, in nanoseconds.
pub(super) const KEY_NANOS: u64 = 600;
/// Time for one block.
pub(super) const BLOCK_NANOS: u64 = 200;

/// One block.
pub(super) fn encrypt(key: [u8; 8], block: [u8; 8]) -> [u8; 8] {
    encrypt_with(&Des::new(&key.into()), block)
}

/// The last block of the text in cipher block chaining, from a vector of zeros and filled up with zeros: a digest
/// of the whole.
pub(super) fn last_block(key: [u8; 8], text: &[u8]) -> [u8; 8] {
    let cipher = Des::new(&key.into());
    let mut chained = [0; 8];
    for part in text.chunks(8) {
        let mut block = Zeroizing::new(chained);
        block.iter_mut().zip(part).for_each(|(byte, part)| *byte ^= part);
        chained = encrypt_with(&cipher, *block);
    }
    chained
}

fn encrypt_with(cipher: &Des, block: [u8; 8]) -> [u8; 8] {
    let mut block = Block::<Des>::from(block);
    cipher.encrypt_block(&mut block);
    block.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// FIPS 81's key and its "Now is the time for all ", whose first blocks it prints.
    #[test]
    fn blocks_are_those_of_fips_81() {
        let key = 0x0123_4567_89ab_cdef_u64.to_be_bytes();
        assert_eq!(encrypt(key, *b"Now is t"), 0x3fa4_0e8a_984d_4815_u64.to_be_bytes());
        // Parity bits make no difference.
        let other = 0x0022_4466_88aa_ccee_u64.to_be_bytes();
        assert_eq!(encrypt(other, *b"Now is t"), encrypt(key, *b"Now is t"));
        // One block from a vector of zeros is that block, encrypted; a short one is filled up.
        assert_eq!(last_block(key, b"Now is t"), encrypt(key, *b"Now is t"));
        assert_eq!(last_block(key, b"Now"), encrypt(key, *b"Now\0\0\0\0\0"));
    }
}
