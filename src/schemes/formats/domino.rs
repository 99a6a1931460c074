//! Lotus Notes and Domino: the field `HTTPPassword`, in its three generations, each of which digests the one before.
//!
//! The first is a digest much like MD2 with another table; the second adds a salt; the third PBKDF2. Notes digests a
//! password in its own multi-byte character set, whose ASCII is ASCII; other characters are taken as UTF-8 here.

use zeroize::Zeroizing;

use crate::schemes::construction::{Reading, Refusal};
use crate::schemes::digest::Digest;
use crate::schemes::registry::{Entry, Example, Reader};
use crate::schemes::{Credential, Limits, encoding};

use super::computed::computed;

pub(super) const ENTRIES: &[Entry] = &[
    Entry {
        name: "domino-5",
        aliases: &["lotus5", "lotus-5"],
        hashcat: &[8600],
        software: "Lotus Notes and Domino 5",
        layout: "(hex({digest:16})), or the digits alone as hashcat writes them",
        example: Example::of("(3DD2E1E5AC03E230243D58B8C5ADA076)", "hashcat"),
        prefixes: &["("],
        claims: |rest| {
            rest.len() == 33 && rest.ends_with(b")") && rest.iter().take(32).all(u8::is_ascii_hexdigit)
        },
        bare: true,
        reader: Reader::Format(domino_5),
        ..DOMINO
    },
    Entry {
        name: "domino-6",
        aliases: &["lotus6", "lotus-6"],
        hashcat: &[8700],
        software: "Lotus Notes and Domino 6 and 7",
        layout: "(G<salt:5 and digest:9, in 19 characters of Domino's base64>)",
        example: Example::of("(GDJ0nDZI8l8RJzlRbemg)", "hashcat"),
        prefixes: &["(G"],
        claims: |rest| rest.len() == 20 && is_domino(rest),
        reader: Reader::Format(domino_6),
        ..DOMINO
    },
    Entry {
        name: "domino-8",
        aliases: &["lotus8", "lotus-8"],
        hashcat: &[9100],
        software: "IBM Notes and Domino 8.0.1 and later",
        layout: "(H<salt:16, rounds:10, 2 characters, digest:8, in 48 characters of Domino's base64>)",
        example: Example::of("(HC34tD3KtDp4oCZWmCJ4qC30mC30mC3KmC30mCcA5ovrMLH9M)", "hashcat"),
        prefixes: &["(H"],
        claims: |rest| rest.len() == 49 && is_domino(rest),
        reader: Reader::Format(domino_8),
        ..DOMINO
    },
];

const DOMINO: Entry = Entry { okta: "hook: Okta does not know it", ..Entry::BLANK };

/// Time for one block of sixteen bytes, in nanoseconds.
const BLOCK_NANOS: u64 = 2_000;

fn domino_5(credential: &Credential<'_>, _: &Limits) -> Reading {
    let stored = credential.stored;
    let digits = match stored.strip_prefix(b"(") {
        Some(rest) => rest.strip_suffix(b")"),
        None => Some(stored),
    };
    let expected = digits.and_then(encoding::from_hex).filter(|digest| digest.len() == 16);
    let expected = expected.ok_or_else(|| Refusal::unreadable("expected 32 hex digits in brackets"))?;
    Ok(computed("Domino 5", expected, 4 * BLOCK_NANOS, String::new(), |password| {
        Some(Zeroizing::new(big_md(password).to_vec()))
    }))
}

fn domino_6(credential: &Credential<'_>, _: &Limits) -> Reading {
    let wrong = || Refusal::unreadable("expected (G and 19 characters of Domino's base64 and )");
    let text = inside(credential.stored, b"(G", 19).ok_or_else(wrong)?;
    // Six bits short of fifteen bytes; the last character holds two bits of what is cut off.
    let mut whole = text.to_vec();
    whole.push(b'0');
    let bytes = decoded(&whole).ok_or_else(wrong)?;
    let salt: [u8; 5] = bytes.get(..5).and_then(|salt| salt.try_into().ok()).ok_or_else(wrong)?;
    Ok(computed("Domino 6", credential.stored.to_vec(), 10 * BLOCK_NANOS, String::new(), move |password| {
        Some(text_6(password, salt))
    }))
}

fn domino_8(credential: &Credential<'_>, limits: &Limits) -> Reading {
    let wrong = || Refusal::unreadable("expected (H and 48 characters of Domino's base64 and )");
    let text = inside(credential.stored, b"(H", 48).ok_or_else(wrong)?;
    let bytes = decoded(text).ok_or_else(wrong)?;
    let (salt, rest) = bytes.split_at_checked(16).ok_or_else(wrong)?;
    let (rounds, rest) = rest.split_at_checked(10).ok_or_else(wrong)?;
    let expected = rest.get(2..).ok_or_else(wrong)?.to_vec();
    let digits = std::str::from_utf8(rounds).ok().filter(|_| rounds.iter().all(u8::is_ascii_digit));
    let rounds: u64 = digits
        .and_then(|digits| digits.parse().ok())
        .filter(|&rounds| rounds > 0)
        .ok_or_else(|| Refusal::unreadable("the rounds are not ten digits of a number from 1"))?;
    limits.rounds(rounds)?;
    let rounds = u32::try_from(rounds).map_err(|_| wrong())?;
    let short: [u8; 5] = salt.get(..5).and_then(|salt| salt.try_into().ok()).ok_or_else(wrong)?;
    let salt = salt.to_vec();
    let nanos = Digest::Sha1.pbkdf2_nanos(u64::from(rounds));
    Ok(computed("Domino 8", expected, nanos, format!("{rounds} rounds"), move |password| {
        Some(Digest::Sha1.pbkdf2(&text_6(password, short), &salt, rounds, 8))
    }))
}

/// The text of generation six, as it is stored: of the salt and of generation five's text, cut off.
fn text_6(password: &[u8], salt: [u8; 5]) -> Zeroizing<Vec<u8>> {
    let fifth = Zeroizing::new(encoding::to_hex(&big_md(password)).to_ascii_uppercase());
    let message = [salt.as_slice(), b"(", fifth.as_bytes().get(..28).unwrap_or_default()].concat();
    let digest = Zeroizing::new(big_md(&Zeroizing::new(message)));
    let mut bytes = Zeroizing::new([salt.as_slice(), digest.get(..10).unwrap_or_default()].concat());
    if let Some(byte) = bytes.get_mut(3) {
        *byte = byte.wrapping_add(4);
    }
    let mut text = Zeroizing::new(b"(G".to_vec());
    for group in bytes.chunks(3) {
        let bits = group.iter().fold(0, |bits, &byte| (bits << 8) | usize::from(byte));
        text.extend((0..4).rev().filter_map(|at| BASE64.get((bits >> (at * 6)) & 63)));
    }
    text.pop();
    text.push(b')');
    text
}

/// What stands between the beginning and the bracket.
fn inside<'a>(stored: &'a [u8], begins: &[u8], len: usize) -> Option<&'a [u8]> {
    stored.strip_prefix(begins)?.strip_suffix(b")").filter(|text| text.len() == len)
}

/// Whether it is base64 up to the bracket that closes it.
fn is_domino(rest: &[u8]) -> bool {
    rest.strip_suffix(b")").is_some_and(|text| text.iter().all(|byte| BASE64.contains(byte)))
}

/// Highest bits first; to the fourth byte four had been added.
fn decoded(text: &[u8]) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len() / 4 * 3);
    for group in text.chunks(4) {
        let mut bits = 0_u32;
        for character in group {
            let value = BASE64.iter().position(|known| known == character)?;
            bits = (bits << 6) | u32::try_from(value).ok()?;
        }
        bytes.extend(bits.to_be_bytes().into_iter().skip(1));
    }
    let fourth = bytes.get_mut(3)?;
    *fourth = fourth.wrapping_sub(4);
    Some(bytes)
}

const BASE64: &[u8; 64] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz+/";

/// MD2's construction with Notes' table. Unlike MD2 it adds no block of padding to a message of whole blocks.
fn big_md(message: &[u8]) -> [u8; 16] {
    let mut state = [0; 16];
    let mut checksum = [0_u8; 16];
    let mut blocks = message.chunks_exact(16);
    for block in &mut blocks {
        mix(&mut state, block);
        check(&mut checksum, block);
    }
    let last = blocks.remainder();
    if message.is_empty() || !last.is_empty() {
        let padding = u8::try_from(16 - last.len()).unwrap_or_default();
        let mut block = Zeroizing::new([padding; 16]);
        block.iter_mut().zip(last).for_each(|(byte, part)| *byte = *part);
        mix(&mut state, block.as_slice());
        check(&mut checksum, block.as_slice());
    }
    mix(&mut state, &checksum);
    state
}

fn mix(state: &mut [u8; 16], block: &[u8]) {
    let mut work = Zeroizing::new([0_u8; 48]);
    let both = state.iter().zip(block).map(|(state, byte)| state ^ byte);
    let parts = state.iter().copied().chain(block.iter().copied()).chain(both);
    work.iter_mut().zip(parts).for_each(|(byte, part)| *byte = part);
    let mut last = 0_u8;
    for _ in 0..18 {
        for (byte, left) in work.iter_mut().zip((1..=48).rev()) {
            *byte ^= substituted(last.wrapping_add(left));
            last = *byte;
        }
    }
    state.iter_mut().zip(work.iter()).for_each(|(state, byte)| *state = *byte);
}

fn check(checksum: &mut [u8; 16], block: &[u8]) {
    let [.., mut last] = *checksum;
    for (sum, byte) in checksum.iter_mut().zip(block) {
        *sum ^= substituted(last ^ byte);
        last = *sum;
    }
}

fn substituted(byte: u8) -> u8 {
    TABLE.get(usize::from(byte)).copied().unwrap_or(0)
}

const TABLE: [u8; 256] = [
    0xbd, 0x56, 0xea, 0xf2, 0xa2, 0xf1, 0xac, 0x2a, 0xb0, 0x93, 0xd1, 0x9c, 0x1b, 0x33, 0xfd, 0xd0, //
    0x30, 0x04, 0xb6, 0xdc, 0x7d, 0xdf, 0x32, 0x4b, 0xf7, 0xcb, 0x45, 0x9b, 0x31, 0xbb, 0x21, 0x5a, //
    0x41, 0x9f, 0xe1, 0xd9, 0x4a, 0x4d, 0x9e, 0xda, 0xa0, 0x68, 0x2c, 0xc3, 0x27, 0x5f, 0x80, 0x36, //
    0x3e, 0xee, 0xfb, 0x95, 0x1a, 0xfe, 0xce, 0xa8, 0x34, 0xa9, 0x13, 0xf0, 0xa6, 0x3f, 0xd8, 0x0c, //
    0x78, 0x24, 0xaf, 0x23, 0x52, 0xc1, 0x67, 0x17, 0xf5, 0x66, 0x90, 0xe7, 0xe8, 0x07, 0xb8, 0x60, //
    0x48, 0xe6, 0x1e, 0x53, 0xf3, 0x92, 0xa4, 0x72, 0x8c, 0x08, 0x15, 0x6e, 0x86, 0x00, 0x84, 0xfa, //
    0xf4, 0x7f, 0x8a, 0x42, 0x19, 0xf6, 0xdb, 0xcd, 0x14, 0x8d, 0x50, 0x12, 0xba, 0x3c, 0x06, 0x4e, //
    0xec, 0xb3, 0x35, 0x11, 0xa1, 0x88, 0x8e, 0x2b, 0x94, 0x99, 0xb7, 0x71, 0x74, 0xd3, 0xe4, 0xbf, //
    0x3a, 0xde, 0x96, 0x0e, 0xbc, 0x0a, 0xed, 0x77, 0xfc, 0x37, 0x6b, 0x03, 0x79, 0x89, 0x62, 0xc6, //
    0xd7, 0xc0, 0xd2, 0x7c, 0x6a, 0x8b, 0x22, 0xa3, 0x5b, 0x05, 0x5d, 0x02, 0x75, 0xd5, 0x61, 0xe3, //
    0x18, 0x8f, 0x55, 0x51, 0xad, 0x1f, 0x0b, 0x5e, 0x85, 0xe5, 0xc2, 0x57, 0x63, 0xca, 0x3d, 0x6c, //
    0xb4, 0xc5, 0xcc, 0x70, 0xb2, 0x91, 0x59, 0x0d, 0x47, 0x20, 0xc8, 0x4f, 0x58, 0xe0, 0x01, 0xe2, //
    0x16, 0x38, 0xc4, 0x6f, 0x3b, 0x0f, 0x65, 0x46, 0xbe, 0x7e, 0x2d, 0x7b, 0x82, 0xf9, 0x40, 0xb5, //
    0x1d, 0x73, 0xf8, 0xeb, 0x26, 0xc7, 0x87, 0x97, 0x25, 0x54, 0xb1, 0x28, 0xaa, 0x98, 0x9d, 0xa5, //
    0x64, 0x6d, 0x7a, 0xd4, 0x10, 0x81, 0x44, 0xef, 0x49, 0xd6, 0xae, 0x2e, 0xdd, 0x76, 0x5c, 0x2f, //
    0xa7, 0x1c, 0xc9, 0x09, 0x69, 0x9a, 0x83, 0xcf, 0x29, 0x39, 0xb9, 0xe9, 0x4c, 0xff, 0x43, 0xab, //
];
