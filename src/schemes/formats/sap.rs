//! SAP's code versions (CODVN) of the table USR02: B, F and G, H, and what is left of B and F when the table is read
//! through `RFC_READ_TABLE`, which drops the second half.
//!
//! B takes eight characters in upper case, in an alphabet of its own that has no letter beyond ASCII.

use zeroize::Zeroizing;

use crate::schemes::Credential;
use crate::schemes::construction::{Reading, Refusal};
use crate::schemes::digest::Digest;
use crate::schemes::registry::{Entry, Example, Reader};

use super::computed::computed;
use super::named::user_and_digest;

pub(super) const ENTRIES: &[Entry] = &[
    Entry {
        name: "sap-codvn-b",
        aliases: &["sap-bcode"],
        hashcat: &[7700],
        software: "SAP (BCODE); needs the user",
        layout: "{user}$hex({digest:8}), hex({digest:8})",
        okta: "hook: Okta does not know it",
        example: Example::of("027642760180$77EC38630C08DF8D", "HASHCAT"),
        reader: Reader::Format(|credential, _| bcode(credential, Half::Both)),
        ..Entry::BLANK
    },
    Entry {
        name: "sap-codvn-b-rfc-read-table",
        hashcat: &[7701],
        software: "SAP (BCODE) read through RFC_READ_TABLE: half of the digest, 32 bits, which some other password makes as well; needs the user",
        layout: "{user}$hex({digest:4})00000000, hex({digest:4})00000000",
        okta: "hook: Okta does not know it",
        example: Example::of("027642760180$77EC386300000000", "HASHCAT"),
        reader: Reader::Format(|credential, _| bcode(credential, Half::First)),
        ..Entry::BLANK
    },
    Entry {
        name: "sap-codvn-f",
        aliases: &["sap-codvn-g", "sap-passcode"],
        hashcat: &[7800],
        software: "SAP (PASSCODE); needs the user",
        layout: "{user}$hex({digest:20}), hex({digest:20})",
        okta: "hook: Okta does not know it",
        example: Example::of("604020408266$32837BA7B97672BA4E5AC74767A4E6E1AE802651", "hashcat"),
        reader: Reader::Format(|credential, _| passcode(credential, Half::Both)),
        ..Entry::BLANK
    },
    Entry {
        name: "sap-codvn-f-rfc-read-table",
        hashcat: &[7801],
        software: "SAP (PASSCODE) read through RFC_READ_TABLE: half of the digest; needs the user",
        layout: "{user}$hex({digest:10})00000000000000000000, hex({digest:10})00000000000000000000",
        okta: "hook: Okta does not know it",
        example: Example::of("604020408266$32837BA7B97672BA4E5A00000000000000000000", "hashcat"),
        reader: Reader::Format(|credential, _| passcode(credential, Half::First)),
        ..Entry::BLANK
    },
    Entry {
        name: "sap-codvn-h",
        aliases: &["sap-issha", "sap-issha-1"],
        hashcat: &[10300],
        layout: "{x-issha, {rounds}}base64({digest:20}{salt})",
        example: Example::of("{x-issha, 1024}BnjXMqcNTwa3BzdnUOf1iAu6dw02NzU4MzE2MTA=", "hashcat"),
        prefixes: &["{x-issha, "],
        reader: Reader::Expression("iterate($rounds,sha1_bin($pass.$salt),sha1_bin($pass.$_))"),
        ..ISSHA
    },
    Entry {
        name: "sap-issha256",
        layout: "{x-isSHA256, {rounds}}base64({digest:32}{salt})",
        example: Example::of(
            "{x-isSHA256, 1024}RV6zOmhIkV8eHulVeJTc64Ai7ds7eEi9YnGuSuWRvrQwMTIzNDU2Nzg5YWJjZGVm",
            "hashcat",
        ),
        prefixes: &["{x-isSHA256, "],
        reader: Reader::Expression("iterate($rounds,sha256_bin($pass.$salt),sha256_bin($pass.$_))"),
        ..ISSHA
    },
    Entry {
        name: "sap-issha384",
        layout: "{x-isSHA384, {rounds}}base64({digest:48}{salt})",
        example: Example::of(
            "{x-isSHA384, 1024}ayp5e3mdogkENtIN/o/G8PqTnUKMFg6bsBnp1uWnCoA8F7gT3IRBuMpG3T9ODCS0MDEyMzQ1Njc4OWFiY2RlZg==",
            "hashcat",
        ),
        prefixes: &["{x-isSHA384, "],
        reader: Reader::Expression("iterate($rounds,sha384_bin($pass.$salt),sha384_bin($pass.$_))"),
        ..ISSHA
    },
    Entry {
        name: "sap-issha512",
        layout: "{x-isSHA512, {rounds}}base64({digest:64}{salt})",
        example: Example::of(
            "{x-isSHA512, 1024}Lvxuz0sr9ZE1O5OqkplQ/tQITGGOgaCzUOeRcWXhScfqTudLKGgJcF8Yz5JSvPS92GjlysKL5nxFyZwuAY4XkTAxMjM0NTY3ODlhYmNkZWY=",
            "hashcat",
        ),
        prefixes: &["{x-isSHA512, "],
        reader: Reader::Expression("iterate($rounds,sha512_bin($pass.$salt),sha512_bin($pass.$_))"),
        ..ISSHA
    },
];

const ISSHA: Entry = Entry { software: "SAP (PWDSALTEDHASH)", okta: "hook: iterated", ..Entry::BLANK };

/// How much of a digest there is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Half {
    Both,
    /// The second is zero.
    First,
}

impl Half {
    /// What is to be compared of a digest.
    fn of(self, mut digest: Vec<u8>) -> Result<Vec<u8>, Refusal> {
        let (_, second) = digest.split_at(digest.len() / 2);
        let zero = second.iter().all(|&byte| byte == 0);
        match self {
            Self::Both if zero => Err(Refusal::unreadable(
                "the second half of the digest is zero, as RFC_READ_TABLE leaves it; choose the scheme that ends so",
            )),
            Self::First if !zero => Err(Refusal::unreadable("the second half of the digest is not zero")),
            Self::Both => Ok(digest),
            Self::First => {
                digest.truncate(digest.len() / 2);
                Ok(digest)
            }
        }
    }
}

fn bcode(credential: &Credential<'_>, half: Half) -> Reading {
    let (user, digest) = user_and_digest(credential, b'$', 8)?;
    let expected = half.of(digest)?;
    let (user, len) = (transcoded(user, 12), expected.len());
    Ok(computed("SAP's BCODE", expected, 400, String::new(), move |password| {
        let password = transcoded(std::str::from_utf8(password).ok()?, 8);
        let first = Digest::Md5.of(&[&password, &user]);
        let second = Digest::Md5.of(&[&waldorf(&first, &password, &user)]);
        let (left, right) = second.split_at_checked(8)?;
        Some(Zeroizing::new(left.iter().zip(right).map(|(left, right)| left ^ right).take(len).collect()))
    }))
}

/// So many characters in BCODE's alphabet, without the spaces at the end. SAP counts in UTF-16.
fn transcoded(text: &str, len: usize) -> Zeroizing<Vec<u8>> {
    let one = |unit: u16| {
        let byte = u8::try_from(unit).unwrap_or(0xff).to_ascii_uppercase();
        byte.checked_sub(b' ').and_then(|at| ALPHABET.get(usize::from(at))).copied().unwrap_or(0xff)
    };
    let mut codes = Zeroizing::new(text.encode_utf16().take(len).map(one).collect::<Vec<u8>>());
    while codes.last() == Some(&SPACE) {
        codes.pop();
    }
    codes
}

/// BCODE's code of a space.
const SPACE: u8 = 0x3f;

/// BCODE's codes from the space to the tilde.
const ALPHABET: [u8; 95] = [
    0x3f, 0x40, 0x41, 0x50, 0x43, 0x44, 0x45, 0x4b, 0x47, 0x48, 0x4d, 0x4e, 0x54, 0x51, 0x53,
    0x46, // space to /
    0x35, 0x36, 0x37, 0x38, 0x39, 0x3a, 0x3b, 0x3c, 0x3d, 0x3e, 0x56, 0x55, 0x5c, 0x49, 0x5d,
    0x4a, // 0 to ?
    0x42, 0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x08, 0x09, 0x0a, 0x0b, 0x0c, 0x0d, 0x0e,
    0x0f, // @ to O
    0x10, 0x11, 0x12, 0x13, 0x14, 0x15, 0x16, 0x17, 0x18, 0x19, 0x1a, 0x58, 0x5b, 0x59, 0xff,
    0x52, // P to _
    0x4c, 0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x08, 0x09, 0x0a, 0x0b, 0x0c, 0x0d, 0x0e,
    0x0f, // ` to o
    0x10, 0x11, 0x12, 0x13, 0x14, 0x15, 0x16, 0x17, 0x18, 0x19, 0x1a, 0x57, 0x5e, 0x5a, 0x4f, // p to ~
];

/// What is mixed in between.
const FILL: [u8; 48] = [
    0x14, 0x77, 0xf3, 0xd4, 0xbb, 0x71, 0x23, 0xd0, 0x03, 0xff, 0x47, 0x93, 0x55, 0xaa, 0x66, 0x91, //
    0xf2, 0x88, 0x6b, 0x99, 0xbf, 0xcb, 0x32, 0x1a, 0x19, 0xd9, 0xa7, 0x82, 0x22, 0x49, 0xa2, 0x51, //
    0xe2, 0xb7, 0x33, 0x71, 0x8b, 0x9f, 0x5d, 0x01, 0x44, 0x70, 0xae, 0x11, 0xef, 0x28, 0xf0, 0x0d, //
];

/// Password and name by turns, with fill between them; how much, and where, the first digest says.
fn waldorf(digest: &[u8], password: &[u8], user: &[u8]) -> Zeroizing<Vec<u8>> {
    let low = |at: usize| usize::from(digest.get(at).copied().unwrap_or(0) & 3);
    let len = (low(0) + low(1) + low(2) + low(3) + low(5)) | 0x20;
    let fill = |at: usize| FILL.get(at).copied().unwrap_or(0);
    let mut mixed = Zeroizing::new(Vec::with_capacity(64));
    let (mut password, mut user) = (password.iter().enumerate(), user.iter());
    let mut taken = 0;
    while mixed.len() < len {
        if let Some((at, &byte)) = password.next() {
            if digest.get(15 - at).is_some_and(|byte| byte & 1 == 1) {
                mixed.push(fill(47 - at));
            }
            mixed.push(byte);
            taken += 1;
        }
        if let Some(&byte) = user.next() {
            mixed.push(byte);
            taken += 1;
        }
        let at = mixed.len() - taken;
        mixed.push(fill(at));
        mixed.push(0);
    }
    mixed.truncate(len);
    mixed
}

fn passcode(credential: &Credential<'_>, half: Half) -> Reading {
    let (user, digest) = user_and_digest(credential, b'$', 20)?;
    let expected = half.of(digest)?;
    let (user, len) = (user.trim_end_matches(' ').to_ascii_uppercase(), expected.len());
    Ok(computed("SAP's PASSCODE", expected, 300, String::new(), move |password| {
        let first = Digest::Sha1.of(&[password, user.as_bytes()]);
        let (lengths, offsets) = first.split_at_checked(10)?;
        let sum =
            |bytes: &[u8], modulus: u8| bytes.iter().map(|byte| usize::from(byte % modulus)).sum::<usize>();
        let from = sum(offsets, 8);
        let pepper = PEPPER.get(from..from + 32 + sum(lengths, 6))?;
        let mut digest = Digest::Sha1.of(&[password, pepper, user.as_bytes()]);
        digest.truncate(len);
        Some(digest)
    }))
}

/// A part of this goes between password and name; which one, the first digest says.
const PEPPER: [u8; 160] = [
    0x91, 0xac, 0x51, 0x14, 0x9f, 0x67, 0x54, 0x43, 0x24, 0xe7, 0x3b, 0xe0, 0x28, 0x74, 0x7b, 0xc2, //
    0x86, 0x33, 0x13, 0xeb, 0x5a, 0x4f, 0xcb, 0x5c, 0x08, 0x0a, 0x73, 0x37, 0x0e, 0x5d, 0x1c, 0x2f, //
    0x33, 0x8f, 0xe6, 0xe5, 0xf8, 0x9b, 0xae, 0xdd, 0x16, 0xf2, 0x4b, 0x8d, 0x2c, 0xe1, 0xd4, 0xdc, //
    0xb0, 0xcb, 0xdf, 0x9d, 0xd4, 0x70, 0x6d, 0x17, 0xf9, 0x4d, 0x42, 0x3f, 0x9b, 0x1b, 0x11, 0x94, //
    0x9f, 0x5b, 0xc1, 0x9b, 0x06, 0x05, 0x9d, 0x03, 0x9d, 0x5e, 0x13, 0x8a, 0x1e, 0x9a, 0x6a, 0xe8, //
    0xd9, 0x7c, 0x14, 0x17, 0x58, 0xc7, 0x2a, 0xf6, 0xa1, 0x99, 0x63, 0x0a, 0xd7, 0xfd, 0x70, 0xc3, //
    0xf6, 0x5e, 0x74, 0x13, 0x03, 0xc9, 0x0b, 0x04, 0x26, 0x98, 0xf7, 0x26, 0x8a, 0x92, 0x93, 0x25, //
    0xb0, 0xa2, 0x0d, 0x23, 0xed, 0x63, 0x79, 0x6d, 0x13, 0x32, 0xfa, 0x3c, 0x35, 0x02, 0x9a, 0xa3, //
    0xb3, 0xdd, 0x8e, 0x0a, 0x24, 0xbf, 0x51, 0xc3, 0x7c, 0xcd, 0x55, 0x9f, 0x37, 0xaf, 0x94, 0x4c, //
    0x29, 0x08, 0x52, 0x82, 0xb2, 0x3b, 0x4e, 0x37, 0x9f, 0x17, 0x07, 0x91, 0x11, 0x3b, 0xfd, 0xcd, //
];
