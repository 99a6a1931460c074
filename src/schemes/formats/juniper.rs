//! Juniper's IVE (Junos Pulse, Secure Access): md5-crypt with one salt for all, encrypted with AES-128 under a key that
//! is in every appliance and has long been published. It hides nothing; behind it everything is md5-crypt's.
//!
//! What stands behind md5-crypt's text in the last blocks is the appliance's own and not looked at, as hashcat does.

use aes::Aes128;
use aes::cipher::{BlockCipherDecrypt, KeyInit};

use super::md5_crypt;
use crate::schemes::construction::{Reading, Refusal};
use crate::schemes::registry::{Entry, Example, Reader};
use crate::schemes::{Credential, Limits, encoding};

pub(super) const ENTRIES: &[Entry] = &[Entry {
    name: "juniper-ive",
    hashcat: &[501],
    software: "Juniper IVE, Secure Access, Junos Pulse",
    layout: "base64(<iv:12><AES-128-CBC of $1$danastre$<digest:22>, 64 bytes>)",
    okta: "hook: Okta has no md5-crypt",
    example: Example::of(
        "3u+UR6n8AgABAAAAHxxdXKmiOmUoqKnZlf8lTOhlPYy93EAkbPfs5+49YLFd/B1+omSKbW7DoqNM40/EeVnwJ8kYoXv9zy9D5C5m5A==",
        "hashcat",
    ),
    reader: Reader::Format(read),
    ..Entry::BLANK
}];

/// The key in every appliance.
const KEY: [u8; 16] = 0xa670_7a7e_8df9_1059_dea7_0ae5_2f9c_2442_u128.to_be_bytes();
/// What every value holds, with its one salt.
const BEGINNING: &[u8] = b"$1$danastre$";
/// Length of md5-crypt's text with that salt.
const TEXT: usize = 34;

fn read(credential: &Credential<'_>, _: &Limits) -> Reading {
    let mut bytes = [0; 78]; // whole groups of three
    let whole = encoding::from_base64_slice(credential.stored, &mut bytes) == Some(12 + 64);
    let (iv, blocks) = bytes.split_at(12);
    if !whole {
        return Err(Refusal::unreadable("expected 12 + 64 bytes in base64, which has 104 characters"));
    }
    let cipher = Aes128::new(&KEY.into());
    let mut text = [0; 48];
    let mut previous = [0; 16];
    previous.iter_mut().zip(iv).for_each(|(to, from)| *to = *from); // the last four bytes of the IV are zero
    for (to, block) in text.chunks_exact_mut(16).zip(blocks.as_chunks::<16>().0) {
        let mut plain = aes::Block::from(*block);
        cipher.decrypt_block(&mut plain);
        for ((to, plain), previous) in to.iter_mut().zip(plain).zip(previous) {
            *to = plain ^ previous;
        }
        previous = *block;
    }
    let (stored, behind) = text.split_at(TEXT);
    if !stored.starts_with(BEGINNING) || behind.first() != Some(&0) {
        return Err(Refusal::unreadable("what is encrypted is not md5-crypt with the salt of Juniper's IVE"));
    }
    md5_crypt::read(&Credential { stored, ..*credential }, b"$1$")
}
