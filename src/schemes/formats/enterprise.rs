//! Enterprise software and devices whose digests are their own: RACF, Progress `OpenEdge`, Radmin, Dahua, `SolarWinds`
//! Orion, Oracle Transportation Management, Siebel and `WebSphere`.

use std::sync::Arc;

use zeroize::Zeroizing;

use crate::schemes::construction::{Reading, Refusal};
use crate::schemes::digest::Digest;
use crate::schemes::registry::{Entry, Example, Reader};
use crate::schemes::{Credential, Limits, encoding};

use super::charset;
use super::computed::computed;
use super::named::row_user;
use super::pbkdf2::Pbkdf2;
use super::single_des::{BLOCK_NANOS, KEY_NANOS, encrypt};

pub(super) const ENTRIES: &[Entry] = &[
    Entry {
        name: "racf",
        hashcat: &[8500],
        software: "IBM z/OS RACF (DES), EBCDIC of code page 37; a password also in upper case, as without MIXEDCASE",
        layout: "$racf$*{user}*hex({digest:8}), or the digits alone",
        okta: "hook: DES",
        example: Example::of("$racf$*8481*6095E8FCA59F8E3E", "hashcat"),
        prefixes: &["$racf$*"],
        bare: true,
        reader: Reader::Format(racf),
        ..Entry::BLANK
    },
    Entry {
        name: "openedge",
        aliases: &["progress-encode"],
        hashcat: &[26200],
        software: "Progress OpenEdge (ENCODE)",
        layout: "16 letters",
        okta: "hook: made of checksums",
        example: Example::of("lebVZteiEsdpkncc", "hashcat"),
        reader: Reader::Format(openedge),
        ..Entry::BLANK
    },
    Entry {
        name: "radmin2",
        hashcat: &[9900],
        software: "Radmin 2; of at most 100 bytes",
        layout: "hex({digest:16})",
        okta: "hook: the password is padded",
        example: Example::of("22527bee5c29ce95373c4e0f359f079b", "hashcat"),
        reader: Reader::Format(radmin),
        ..Entry::BLANK
    },
    Entry {
        name: "dahua",
        hashcat: &[24900],
        software: "Dahua cameras and recorders",
        layout: "8 letters and digits",
        okta: "hook: a part of MD5",
        example: Example::of("GRuHbyVp", "hashcat"),
        reader: Reader::Format(dahua),
        ..Entry::BLANK
    },
    Entry {
        name: "solarwinds-orion",
        hashcat: &[21500],
        software: "SolarWinds Orion (Accounts.PasswordHash); needs the user",
        layout: "$solarwinds$0${user}$base64({digest:64}), or base64({digest:64})",
        okta: "hook: SHA-512 of PBKDF2's result",
        example: Example::of(
            "$solarwinds$0$admin$fj4EBQewCQUZ7IYHl0qL8uj9kQSBb3m7N4u0crkKK0Uj9rbbAnSrBZMXO7oWx9KqL3sCzwncvPZ9hyDV9QCFTg==",
            "hashcat",
        ),
        prefixes: &["$solarwinds$0$"],
        bare: true,
        reader: Reader::Format(solarwinds),
        ..Entry::BLANK
    },
    Entry {
        name: "solarwinds-orion-2",
        hashcat: &[21501],
        software: "SolarWinds Orion 2020.2 and later, as hashcat writes it",
        layout: "$solarwinds$1$base64({salt:16})$base64({digest:64})",
        okta: "hook: SHA-512 of PBKDF2's result",
        example: Example::of(
            "$solarwinds$1$3pHkk55NTYpAeV3EJjcAww==$N4Ii2PxXX/bTZZwslQLIKrp0wvfZ5aN9hpyiR896ozJMJTPO1Q7BK1Eht8Vhl4kXq/42Vn2zp3qYeAkRuqsuEw==",
            "hashcat",
        ),
        prefixes: &["$solarwinds$1$"],
        reader: Reader::Expression("sha512(pbkdf2_sha1_bin($pass,$salt,1000,1024))"),
        ..Entry::BLANK
    },
    Entry {
        name: "oracle-otm",
        hashcat: &[20600],
        software: "Oracle Transportation Management",
        layout: "otm_sha256:{rounds}:{salt}:{digest}",
        okta: "hook: iterated",
        example: Example::of(
            "otm_sha256:1000:1234567890:S5Q9Kc0ETY6ZPyQU+JYY60oFjaJuZZaSinggmzU8PC4=",
            "hashcat",
        ),
        prefixes: &["otm_sha256:"],
        reader: Reader::Expression("iterate($rounds,sha256_bin($salt.$pass),sha256_bin($_))"),
        ..Entry::BLANK
    },
    Entry {
        name: "siebel",
        aliases: &["siebel-rsasha1"],
        software: "Oracle Siebel CRM (RSASHA1)",
        layout: "base64({digest:20})",
        okta: "SHA-1",
        example: Example::of("W6ph5Mm5Pz8GgiULbPgzG37mj9g=", "password"),
        reader: Reader::Expression("sha1($pass)"),
        ..Entry::BLANK
    },
    Entry {
        name: "websphere",
        aliases: &["websphere-hash", "open-liberty"],
        software: "IBM WebSphere Liberty and Open Liberty (securityUtility encode --encoding=hash)",
        layout: "{hash}base64(<version 1, then tag, length and bytes of algorithm, rounds, length, salt, digest>)",
        okta: "PBKDF2 with SHA-512 from 4096 rounds; hook: SHA-1",
        example: Example::of(
            "{hash}ARAAAAAUUEJLREYyV2l0aEhtYWNTSEE1MTIgAAAQADAAAAAQAAECAwQFBgcICQoLDA0OD0AAAAAgwV/uEJQNWSYYxHeUdjHMihlK8ZOY8yNMuOaxfYqIzUA=",
            "hashcat",
        ),
        prefixes: &["{hash}"],
        reader: Reader::Format(websphere),
        ..Entry::BLANK
    },
];

/// The name, encrypted with the password as the key.
fn racf(credential: &Credential<'_>, _: &Limits) -> Reading {
    let wrong = || Refusal::unreadable("expected $racf$*<user>*<16 hex digits>, or the digits alone");
    let text = std::str::from_utf8(credential.stored).map_err(|_| wrong())?;
    let (user, digits) = match text.strip_prefix("$racf$*") {
        None => (row_user(credential)?, text),
        Some(rest) => rest.rsplit_once('*').ok_or_else(wrong)?,
    };
    let expected =
        encoding::from_hex(digits.as_bytes()).filter(|digest| digest.len() == 8).ok_or_else(wrong)?;
    let user = charset::ebcdic(user.to_uppercase().as_bytes()).and_then(|user| padded(&user));
    let user = user.ok_or_else(|| Refusal::unreadable("RACF's names have 1 to 8 characters of EBCDIC"))?;
    let nanos = 2 * (KEY_NANOS + BLOCK_NANOS);
    let known = Arc::<[u8]>::from(expected.as_slice());
    Ok(computed("RACF", expected, nanos, String::new(), move |password| {
        let digest = |text: &str| {
            let key = padded(&charset::ebcdic(text.as_bytes())?)?.map(|byte| (byte ^ 0x55) << 1);
            Some(Zeroizing::new(encrypt(key, user).to_vec()))
        };
        let typed = std::str::from_utf8(password).ok()?;
        // Unless told to mind case, RACF has always folded it; and passwords from before stay as they are.
        let upper = digest(&charset::upper_simple(typed))?;
        let as_typed = digest(typed)?;
        let folded = crate::secret::Secret::new(upper.to_vec()).matches(&known);
        Some(if folded { upper } else { as_typed })
    }))
}

/// Filled up to eight with EBCDIC's spaces.
fn padded(text: &[u8]) -> Option<[u8; 8]> {
    let mut field = [0x40; 8];
    field.get_mut(..text.len()).filter(|field| !field.is_empty())?.copy_from_slice(text);
    Some(field)
}

/// Five rounds of CRC-16 over sixteen bytes, of which letters are then made.
fn openedge(credential: &Credential<'_>, _: &Limits) -> Reading {
    let expected = credential.stored.to_vec();
    if expected.len() != 16 || !expected.iter().all(u8::is_ascii_alphabetic) {
        return Err(Refusal::unreadable("expected 16 letters"));
    }
    Ok(computed("OpenEdge's ENCODE", expected, 10_000, String::new(), |password| {
        let mut bytes = Zeroizing::new([0_u8; 16]);
        let mut sum = 17_u16;
        for _ in 0..5 {
            for part in password.chunks(16) {
                bytes.iter_mut().rev().zip(part).for_each(|(byte, part)| *byte ^= part);
            }
            for at in (0..16).step_by(2) {
                sum = bytes
                    .iter()
                    .rev()
                    .fold(sum, |sum, &byte| (sum >> 8) ^ crc16(sum.to_le_bytes()[0]) ^ crc16(byte));
                if let Some(pair) = bytes.get_mut(at..at + 2) {
                    pair.copy_from_slice(&sum.to_le_bytes());
                }
            }
        }
        let letter = |byte: &u8| {
            let low = byte & 0x7f;
            if low.is_ascii_alphabetic() { low } else { (byte >> 4) + b'a' }
        };
        Some(Zeroizing::new(bytes.iter().map(letter).collect()))
    }))
}

/// CRC-16 of one byte: the polynomial 0x8005, lowest bits first.
fn crc16(byte: u8) -> u16 {
    (0..8).fold(u16::from(byte), |sum, _| if sum & 1 == 1 { (sum >> 1) ^ 0xa001 } else { sum >> 1 })
}

/// MD5 of a field of a hundred bytes.
fn radmin(credential: &Credential<'_>, _: &Limits) -> Reading {
    let expected = encoding::from_hex(credential.stored).filter(|digest| digest.len() == 16);
    let expected = expected.ok_or_else(|| Refusal::unreadable("expected 32 hex digits"))?;
    Ok(computed("Radmin 2", expected, 250, String::new(), |password| {
        let padding = [0; 100];
        Some(Digest::Md5.of(&[password, padding.get(password.len()..)?]))
    }))
}

/// Of every two bytes of MD5 the sum, as a digit to the base of 62.
fn dahua(credential: &Credential<'_>, _: &Limits) -> Reading {
    let expected = credential.stored.to_vec();
    if expected.len() != 8 || !expected.iter().all(u8::is_ascii_alphanumeric) {
        return Err(Refusal::unreadable("expected 8 letters and digits"));
    }
    Ok(computed("Dahua's digest", expected, 120, String::new(), |password| {
        let digit = |pair: &[u8]| {
            let sum: usize = pair.iter().map(|&byte| usize::from(byte)).sum();
            BASE62.get(sum % 62).copied()
        };
        Digest::Md5.of(&[password]).chunks(2).map(digit).collect::<Option<_>>().map(Zeroizing::new)
    }))
}

const BASE62: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// The salt is the name in lower case, of at least eight characters. (hashcat cuts longer ones, Orion does not.)
fn solarwinds(credential: &Credential<'_>, _: &Limits) -> Reading {
    let wrong =
        || Refusal::unreadable("expected $solarwinds$0$<user>$<64 bytes in base64>, or the latter alone");
    let text = std::str::from_utf8(credential.stored).map_err(|_| wrong())?;
    let (user, digest) = match text.strip_prefix("$solarwinds$0$") {
        None => (row_user(credential)?, text),
        Some(rest) => rest.rsplit_once('$').ok_or_else(wrong)?,
    };
    let expected =
        encoding::from_base64(digest.as_bytes()).filter(|digest| digest.len() == 64).ok_or_else(wrong)?;
    let mut salt = charset::lower_simple(user);
    let short = 8_usize.saturating_sub(salt.encode_utf16().count());
    salt.extend("1244352345234".chars().take(short));
    let nanos = Digest::Sha1.pbkdf2_nanos(Digest::Sha1.pbkdf2_work(1000, 1024));
    Ok(computed("SolarWinds Orion's digest", expected, nanos, String::new(), move |password| {
        Some(Digest::Sha512.of(&[&Digest::Sha1.pbkdf2(password, salt.as_bytes(), 1000, 1024)]))
    }))
}

/// `{hash}`: what is not said is what the first release had.
fn websphere(credential: &Credential<'_>, limits: &Limits) -> Reading {
    let wrong = || Refusal::unreadable("expected {hash} and base64 of version 1 with its tags");
    let bytes = credential.stored.get(6..).and_then(encoding::from_base64).ok_or_else(wrong)?;
    let mut rest = bytes.strip_prefix(&[1]).ok_or_else(wrong)?;
    let (mut algorithm, mut rounds, mut bits) = (Digest::Sha1, 6384, 256);
    let (mut salt, mut digest) = (None, None);
    while let Some((tag, after)) = rest.split_first() {
        let (number, after) = after.split_first_chunk().ok_or_else(wrong)?;
        let number = u32::from_be_bytes(*number);
        rest = after;
        match tag {
            0x20 => rounds = number,
            0x50 => bits = number,
            _ => {
                let (value, after) = rest.split_at_checked(number as usize).ok_or_else(wrong)?;
                rest = after;
                match (tag, value) {
                    (0x10, b"PBKDF2WithHmacSHA1") => algorithm = Digest::Sha1,
                    (0x10, b"PBKDF2WithHmacSHA256") => algorithm = Digest::Sha256,
                    (0x10, b"PBKDF2WithHmacSHA384") => algorithm = Digest::Sha384,
                    (0x10, b"PBKDF2WithHmacSHA512") => algorithm = Digest::Sha512,
                    (0x10, _) => return Err(Refusal::unreadable("an algorithm that is not PBKDF2")),
                    (0x30, value) => salt = Some(value),
                    (0x40, value) => digest = Some(value),
                    _ => return Err(wrong()),
                }
            }
        }
    }
    let (salt, digest) = salt.zip(digest).ok_or_else(wrong)?;
    if digest.len().checked_mul(8) != Some(bits as usize) {
        return Err(Refusal::unreadable("the digest is not as long as the value says"));
    }
    Pbkdf2::checked(algorithm, rounds, salt.to_vec(), digest.to_vec(), limits)
}
