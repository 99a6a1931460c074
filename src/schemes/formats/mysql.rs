//! `MySQL` and `MariaDB`: what stands in `mysql.user`, by authentication plugin.
//!
//! The first password function of all takes no notice of spaces and tabs; later ones take the password as it is.

use curve25519_dalek::EdwardsPoint;
use zeroize::Zeroizing;

use crate::schemes::construction::{Reading, Refusal};
use crate::schemes::digest::Digest;
use crate::schemes::registry::{Entry, Example, Reader};
use crate::schemes::{Credential, Limits, encoding};

use super::computed::computed;
use super::named::is_hex;
use super::sha_crypt::sha256_crypt;

pub(super) const ENTRIES: &[Entry] = &[
    Entry {
        name: "mysql-old",
        aliases: &["mysql323", "mysql-old-password"],
        hashcat: &[200],
        software: "MySQL before 4.1, MariaDB's OLD_PASSWORD()",
        layout: "16 hex digits",
        okta: "hook: Okta does not know it",
        example: Example::of("7196759210defdc0", "hashcat"),
        reader: Reader::Format(old),
        ..Entry::BLANK
    },
    Entry {
        name: "mysql41",
        aliases: &["mysql-native-password"],
        hashcat: &[300],
        software: "MySQL 4.1 to 8 and MariaDB (mysql_native_password, PASSWORD())",
        layout: "*{digest}",
        hashcat_layout: "{digest}",
        okta: "hook: SHA-1 of SHA-1",
        example: Example::of("*FCF7C1B8749CF99D88E5F34271D636178FB5D130", "hashcat"),
        prefixes: &["*"],
        claims: |rest| is_hex(rest, 40),
        reader: Reader::Expression("sha1(sha1_bin($pass))"),
        ..Entry::BLANK
    },
    Entry {
        name: "mysql-caching-sha2",
        aliases: &["caching-sha2-password"],
        hashcat: &[7401],
        software: "MySQL 8 (caching_sha2_password); as it is, or as HEX() or mysqldump shows it",
        layout: "$A$<thousands of rounds:3 hex digits>${salt:20}{digest:43}; the same in hex",
        okta: "hook: Okta has no sha-crypt",
        example: Example::of(
            "$mysql$A$005*F9CC98CE08892924F50A213B6BC571A2C11778C5*625479393559393965414D45316477456B484F41316E64484742577A2E3162785353526B7554584647562F",
            "hashcat",
        ),
        prefixes: &["$A$", "$mysql$A$", "244124", "0x244124"],
        claims: |rest| rest.get(3) == Some(&b'$') || rest.contains(&b'*') || is_hex(rest, 134),
        reader: Reader::Format(caching_sha2),
        ..Entry::BLANK
    },
    Entry {
        name: "mariadb-ed25519",
        aliases: &["mysql-ed25519"],
        software: "MariaDB (ed25519)",
        layout: "b64(<public key:32>)",
        okta: "hook: a public key is no digest",
        example: Example::of("ZIgUREUg5PVgQ6LskhXmO+eZLS0nC8be6HPjYWR4YJY", "secret"),
        reader: Reader::Format(ed25519),
        ..Entry::BLANK
    },
    Entry {
        name: "mariadb-parsec",
        aliases: &["parsec"],
        software: "MariaDB 11.6 and later (parsec)",
        layout: "P<log2 of rounds / 1024>:b64({salt:18}):b64(<public key:32>)",
        okta: "hook: a public key is no digest",
        example: Example::of(
            "P0:AAECAwQFBgcICQoLDA0ODxAR:vN8aAH3uMZDpgxY74WIyK93BSUh/uCItkwxrumXoIVk",
            "secret",
        ),
        prefixes: &["P0", "P1", "P2", "P3"],
        claims: |rest| rest.len() == 69 && rest.first() == Some(&b':') && rest.get(25) == Some(&b':'),
        reader: Reader::Format(parsec),
        ..Entry::BLANK
    },
];

/// Time to multiply the base point, in nanoseconds.
const POINT_NANOS: u64 = 60_000;

/// Two sums of 31 bits each.
fn old(credential: &Credential<'_>, _: &Limits) -> Reading {
    let expected = encoding::from_hex(credential.stored).filter(|bytes| bytes.len() == 8);
    let expected = expected.ok_or_else(|| Refusal::unreadable("expected 16 hex digits"))?;
    Ok(computed("MySQL's old password function", expected, 100, String::new(), |password| {
        let (mut first, mut second, mut add) = (0x5030_5735_u32, 0x1234_5671_u32, 7_u32);
        for &byte in password.iter().filter(|byte| !matches!(byte, b' ' | b'\t')) {
            let byte = u32::from(byte);
            first ^= (first & 63).wrapping_add(add).wrapping_mul(byte).wrapping_add(first << 8);
            second = second.wrapping_add((second << 8) ^ first);
            add = add.wrapping_add(byte);
        }
        let sums = [first & 0x7fff_ffff, second & 0x7fff_ffff];
        Some(Zeroizing::new(sums.into_iter().flat_map(u32::to_be_bytes).collect()))
    }))
}

/// sha256-crypt with a salt of any twenty bytes: `$A$005$…`, its hex, or hashcat's text.
fn caching_sha2(credential: &Credential<'_>, limits: &Limits) -> Reading {
    let wrong = || {
        Refusal::unreadable(
            "expected $A$<3 hex digits>$, 20 bytes of salt and 43 characters of digest, or that in hex",
        )
    };
    let stored = credential.stored;
    let (thousands, salt, digest);
    let decoded;
    if let Some(rest) = stored.strip_prefix(b"$mysql$A$") {
        let mut fields = rest.split(|&byte| byte == b'*');
        let mut field = || fields.next().ok_or_else(wrong);
        let (number, salt_hex, digest_hex) = (field()?, field()?, field()?);
        if field().is_ok() {
            return Err(wrong());
        }
        let number = number.strip_prefix(b"0").unwrap_or(number);
        let number = number.strip_prefix(b"0").unwrap_or(number);
        thousands = encoding::decimal(number).ok_or_else(wrong)?;
        salt = encoding::from_hex(salt_hex).filter(|salt| salt.len() == 20).ok_or_else(wrong)?;
        digest = encoding::from_hex(digest_hex).ok_or_else(wrong)?;
    } else {
        let text = if stored.starts_with(b"$A$") {
            stored
        } else {
            let digits = stored.strip_prefix(b"0x").unwrap_or(stored);
            decoded = encoding::from_hex(digits).ok_or_else(wrong)?;
            &decoded
        };
        let rest = text.strip_prefix(b"$A$").ok_or_else(wrong)?;
        let (number, rest) = rest.split_at_checked(3).ok_or_else(wrong)?;
        let rest = rest.strip_prefix(b"$").ok_or_else(wrong)?;
        let (before, after) = rest.split_at_checked(20).ok_or_else(wrong)?;
        let hexadecimal = number.iter().all(u8::is_ascii_hexdigit);
        let number = std::str::from_utf8(number).ok().filter(|_| hexadecimal).ok_or_else(wrong)?;
        thousands = u32::from_str_radix(number, 16).map_err(|_| wrong())?;
        (salt, digest) = (before.to_vec(), after.to_vec());
    }
    if thousands == 0 {
        return Err(Refusal::unreadable("caching_sha2_password must have at least a thousand rounds"));
    }
    sha256_crypt(thousands.saturating_mul(1000), &salt, &digest, limits)
}

/// The password is Ed25519's secret key, of whatever length.
fn ed25519(credential: &Credential<'_>, _: &Limits) -> Reading {
    let expected = encoding::from_base64_unpadded(credential.stored).filter(|key| key.len() == 32);
    let expected =
        expected.ok_or_else(|| Refusal::unreadable("expected 32 bytes in base64 without padding"))?;
    Ok(computed("Ed25519", expected, POINT_NANOS, String::new(), public_key))
}

/// PBKDF2's result is Ed25519's secret key.
fn parsec(credential: &Credential<'_>, limits: &Limits) -> Reading {
    let wrong = || {
        Refusal::unreadable(
            "expected P<0 to 3>:<salt of 18 bytes>:<key of 32 bytes>, in base64 without padding",
        )
    };
    let mut fields = credential.stored.split(|&byte| byte == b':');
    let mut field = || fields.next().ok_or_else(wrong);
    let (rounds, salt, key) = (field()?, field()?, field()?);
    if field().is_ok() {
        return Err(wrong());
    }
    let rounds = match rounds {
        [b'P', digit @ b'0'..=b'3'] => 1024_u32 << (digit - b'0'),
        _ => return Err(wrong()),
    };
    let bytes =
        |text, len| encoding::from_base64_unpadded(text).filter(|bytes| bytes.len() == len).ok_or_else(wrong);
    let (salt, key) = (bytes(salt, 18)?, bytes(key, 32)?);
    limits.rounds(u64::from(rounds))?;
    let nanos = Digest::Sha512.pbkdf2_nanos(u64::from(rounds)) + POINT_NANOS;
    Ok(computed("PARSEC", key, nanos, format!("{rounds} rounds"), move |password| {
        public_key(&Digest::Sha512.pbkdf2(password, &salt, rounds, 32))
    }))
}

/// Ed25519's public key (RFC 8032, 5.1.5).
fn public_key(secret: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let digest = Digest::Sha512.of(&[secret]);
    let scalar = Zeroizing::new(<[u8; 32]>::try_from(digest.get(..32)?).ok()?);
    let point = EdwardsPoint::mul_base_clamped(*scalar);
    Some(Zeroizing::new(point.compress().to_bytes().to_vec()))
}
