//! ASP.NET: Identity's versions 2 and 3, told apart by the first byte, and the Membership provider before it, whose
//! passwords are UTF-16 and whose salts are base64 in a column of their own.

use crate::schemes::construction::{Reading, Refusal};
use crate::schemes::digest::Digest;
use crate::schemes::registry::{Entry, Example, Reader};
use crate::schemes::{Credential, Limits, encoding};

use super::pbkdf2::Pbkdf2;

pub(super) const ENTRIES: &[Entry] = &[
    Entry {
        name: "aspnet-identity",
        aliases: &["aspnetcore-identity", "aspnet-identity-v2", "aspnet-identity-v3"],
        software: "ASP.NET Identity 2, ASP.NET Core Identity",
        layout: "base64(01 <PRF:4> <rounds:4> <salt length:4> {salt}{digest}), base64(00 {salt:16}{digest:32})",
        okta: "PBKDF2 with SHA-256 or SHA-512 from 4096 rounds; hook: version 2 and all others",
        example: Example::of(
            "AQAAAAIAACcQAAAAEAABAgMEBQYHCAkKCwwNDg9B0Oxwty+PGIDSp95gcCfzeDvA4sGapUIUov8usXfD6A==",
            "my password",
        ),
        prefixes: &["AQAAAA"],
        claims: |rest| version3_header(rest),
        bare: true,
        reader: Reader::Format(identity),
        ..Entry::BLANK
    },
    membership(
        "aspnet-membership-sha1",
        &["aspnet-membership"],
        "sha1(unbase64($salt).utf16le($pass))",
        "hook: the password goes through utf16le() first",
        "H/UJ3kivmrk6MtERkRIomEUbjR0=:9CxvrvuQssnM65r8YzE74Q==",
    ),
    membership(
        "aspnet-membership-sha256",
        &[],
        "sha256(unbase64($salt).utf16le($pass))",
        "hook: the password goes through utf16le() first",
        "RhWB750CGOZ/nygymZEO1jHaI0Pmt+SpgDchemcBnTw=:9CxvrvuQssnM65r8YzE74Q==",
    ),
    membership(
        "aspnet-membership-sha512",
        &[],
        "sha512(unbase64($salt).utf16le($pass))",
        "hook: the password goes through utf16le() first",
        "Fz8PsHVD9FOJEBn6g0DDawxqO46JtxKCNQZdXb6C8asfej6AsufElkua0O3HUnmErjeTTPWL/wcSx35uxv8cbw==:9CxvrvuQssnM65r8YzE74Q==",
    ),
    // The key is the salt over and over, as long as .NET makes a key of that HMAC by itself.
    membership(
        "aspnet-membership-hmac-sha1",
        &[],
        "hmac_sha1(unbase64($salt).unbase64($salt).unbase64($salt).unbase64($salt),utf16le($pass))",
        "hook: HMAC",
        "QLtxx4Ypzl3z1rzsFWYbZOnd0XA=:9CxvrvuQssnM65r8YzE74Q==",
    ),
    membership(
        "aspnet-membership-hmac-sha256",
        &[],
        "hmac_sha256(unbase64($salt).unbase64($salt).unbase64($salt).unbase64($salt),utf16le($pass))",
        "hook: HMAC",
        "x6R90wEiSJqaJjy/K/9szmpVRkDnUoPVtRN5etrKhtI=:9CxvrvuQssnM65r8YzE74Q==",
    ),
    membership(
        "aspnet-membership-hmac-sha512",
        &[],
        "hmac_sha512(unbase64($salt).unbase64($salt).unbase64($salt).unbase64($salt)\
         .unbase64($salt).unbase64($salt).unbase64($salt).unbase64($salt),utf16le($pass))",
        "hook: HMAC",
        "XHPqkr/wuPTnUlUPOisZUDAOg6LAixXHY4PncAVkCO5mW/OU4MMPnq5dT9SGYjuBujwLld7rHiKlXnnSs/IBoQ==:9CxvrvuQssnM65r8YzE74Q==",
    ),
    Entry {
        name: "umbraco-hmac-sha1",
        aliases: &["umbraco"],
        hashcat: &[24800],
        software: "Umbraco before 7.6 (useLegacyEncoding)",
        layout: "{digest}",
        okta: "hook: HMAC",
        example: Example::of("8uigXlGMNI7BzwLCJlDbcKR2FP4=", "hashcat"),
        reader: Reader::Expression("hmac_sha1(utf16le($pass),utf16le($pass))"),
        ..Entry::BLANK
    },
];

const fn membership(
    name: &'static str,
    aliases: &'static [&'static str],
    expression: &'static str,
    okta: &'static str,
    stored: &'static str,
) -> Entry {
    Entry {
        name,
        aliases,
        software: "ASP.NET Membership (SqlMembershipProvider, Universal Providers), DNN",
        layout: "{digest}:{salt}",
        okta,
        example: Example::of(stored, "correct horse battery staple"),
        reader: Reader::Expression(expression),
        ..Entry::BLANK
    }
}

/// Whether a header of version 3 stands there: a PRF that exists, and a salt of up to 255 bytes. The text is what
/// follows `AQAAAA`.
fn version3_header(rest: &[u8]) -> bool {
    // With four characters before it, whole groups: sixteen characters are twelve bytes, one more group the last.
    let head: Vec<u8> = b"AQAAAA".iter().chain(rest).copied().take(20).collect();
    encoding::from_base64(&head).is_some_and(|bytes| {
        matches!(bytes.get(..13), Some([1, 0, 0, 0, 0..=2, _, _, _, _, 0, 0, 0, 16..=255]))
    })
}

/// By the first byte: 0 is PBKDF2 with SHA-1, 1000 rounds, 16 bytes of salt and 32 of digest; 1 says all that itself.
fn identity(credential: &Credential<'_>, limits: &Limits) -> Reading {
    let wrong = || Refusal::unreadable("an ASP.NET Identity value is base64 with its padding");
    let bytes = encoding::from_base64(credential.stored).ok_or_else(wrong)?;
    match bytes.split_first() {
        Some((0, rest)) if rest.len() == 16 + 32 => {
            let (salt, key) = rest.split_at(16);
            Pbkdf2::checked(Digest::Sha1, 1000, salt.to_vec(), key.to_vec(), limits)
        }
        Some((0, rest)) => Err(Refusal::unreadable(format!(
            "version 2 has 16 bytes of salt and 32 of digest, this value has {} in all",
            rest.len()
        ))),
        Some((1, rest)) => version3(rest, limits),
        _ => Err(Refusal::unreadable("ASP.NET Identity's values begin with the byte 0 or 1")),
    }
}

fn version3(bytes: &[u8], limits: &Limits) -> Reading {
    let wrong = || {
        Refusal::unreadable(
            "version 3 has PRF, rounds, salt length, salt and digest, the last two of 16 bytes or more",
        )
    };
    let (prf, rest) = number(bytes).ok_or_else(wrong)?;
    let (rounds, rest) = number(rest).ok_or_else(wrong)?;
    let (salt_len, rest) = number(rest).ok_or_else(wrong)?;
    let digest = match prf {
        0 => Digest::Sha1,
        1 => Digest::Sha256,
        2 => Digest::Sha512,
        _ => return Err(Refusal::unreadable("version 3 knows three PRFs, SHA-1, SHA-256 and SHA-512")),
    };
    let salt_len = usize::try_from(salt_len).ok().filter(|&len| len >= 16).ok_or_else(wrong)?;
    let (salt, key) = rest.split_at_checked(salt_len).filter(|(_, key)| key.len() >= 16).ok_or_else(wrong)?;
    Pbkdf2::checked(digest, rounds, salt.to_vec(), key.to_vec(), limits)
}

/// Four bytes, the highest first.
fn number(bytes: &[u8]) -> Option<(u32, &[u8])> {
    let (number, rest) = bytes.split_first_chunk::<4>()?;
    Some((u32::from_be_bytes(*number), rest))
}
