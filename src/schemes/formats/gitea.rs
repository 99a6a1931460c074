//! Gitea, Forgejo and Gogs: the column `passwd`, its `salt`, and before it `passwd_hash_algo` with a `$`, which says how it
//! was made (`modules/auth/password/hash`). Without an algorithm it is what Gogs and Gitea began with.

use super::argon2::Argon2Value;
use super::bcrypt;
use super::pbkdf2::Pbkdf2;
use super::scrypt::Scrypt;
use crate::schemes::construction::{Reading, Refusal};
use crate::schemes::digest::Digest;
use crate::schemes::kernels::argon2::{Algorithm, Version};
use crate::schemes::registry::{Entry, Example, Reader};
use crate::schemes::{Credential, Limits, encoding};

pub(super) const ENTRIES: &[Entry] = &[Entry {
    name: "gitea",
    aliases: &["forgejo", "gogs"],
    software: "Gitea, Forgejo, Gogs: select passwd_hash_algo || '$' || passwd, and salt",
    layout: "pbkdf2$<rounds>$<bytes>$hex({digest}), also argon2$…, scrypt$…, bcrypt$… and hex({digest:50}) alone; salt",
    example: Example {
        user: None,
        pepper: None,
        stored: "pbkdf2$50000$50$431be62e449799eb15257b08bfd49f280ae13ae293cb6f621c19ebc2c76fa4ee5a1588df680a052ee95bb8c5c71001773f50",
        salt: Some("000102030405060708090a0b0c0d0e0f"),
        password: "password",
    },
    okta: "BCRYPT; PBKDF2 from 4096 rounds; hook: argon2 and scrypt",
    reader: Reader::Format(read),
    ..Entry::BLANK
}];

/// Length of the salts of old, which are used as they are.
const PLAIN_SALT: usize = 10;

fn read(credential: &Credential<'_>, limits: &Limits) -> Reading {
    let (setting, value) = match credential.stored.strip_prefix(b"bcrypt$") {
        Some(rest) => {
            // Its cost may stand before it, and is in it as well.
            let at = rest.windows(2).position(|window| window == b"$2");
            let stored = rest.get(at.unwrap_or(0)..).unwrap_or_default();
            let setting = at.and_then(|at| rest.get(..at)).unwrap_or_default();
            let cost = setting.strip_suffix(b"$").filter(|cost| !cost.is_empty());
            if !setting.is_empty() && cost.and_then(encoding::decimal).is_none() {
                return Err(Refusal::unreadable("expected bcrypt$<cost>$ and a value of bcrypt"));
            }
            return Ok(Box::new(bcrypt::read(&Credential { stored, ..*credential }, limits)?));
        }
        None => match credential.stored.iter().rposition(|&byte| byte == b'$') {
            Some(at) => credential.stored.split_at_checked(at).unwrap_or_default(),
            None => (&b""[..], credential.stored),
        },
    };
    let value = encoding::from_hex(value.strip_prefix(b"$").unwrap_or(value));
    let value = value.ok_or_else(|| Refusal::unreadable("passwd must be hex digits"))?;
    let salt = salt(credential)?;
    let mut parts = setting.split(|&byte| byte == b'$');
    let name = parts.next().unwrap_or_default();
    let numbers = parts.map(encoding::decimal).collect::<Option<Vec<u32>>>();
    let numbers = match (name, numbers.as_deref()) {
        (b"" | b"pbkdf2", Some([])) => vec![10_000, 50],
        (b"pbkdf2_v2", Some([])) => vec![50_000, 50],
        (b"pbkdf2_hi", Some([])) => vec![320_000, 50],
        (b"argon2", Some([])) => vec![2, 65_536, 8, 50],
        (b"scrypt", Some([])) => vec![65_536, 16, 2, 50],
        (b"pbkdf2" | b"argon2" | b"scrypt", Some(numbers)) => numbers.to_vec(),
        _ => {
            return Err(Refusal::unreadable(
                "expected pbkdf2$, argon2$, scrypt$ or bcrypt$ with numbers, or hex digits alone",
            ));
        }
    };
    if numbers.last().is_none_or(|&bytes| bytes as usize != value.len()) {
        return Err(Refusal::unreadable("passwd is not as long as it should be"));
    }
    match (name, numbers.as_slice()) {
        (b"argon2", &[passes, memory, lanes, _]) => {
            let numbers = [memory, passes, lanes];
            let made = Argon2Value::checked(Algorithm::Id, Version::V0x13, numbers, salt, value, limits);
            Ok(Box::new(made?))
        }
        (b"scrypt", &[n, r, p, _]) if n.is_power_of_two() => {
            Scrypt::checked(n.ilog2(), r, p, salt, value, limits)
        }
        (_, &[rounds, _]) if name != b"argon2" && name != b"scrypt" => {
            Pbkdf2::checked(Digest::Sha256, rounds, salt, value, limits)
        }
        _ => Err(Refusal::unreadable("too many or too few numbers for this algorithm")),
    }
}

fn salt(credential: &Credential<'_>) -> Result<Vec<u8>, Refusal> {
    let salt = credential
        .salt
        .ok_or_else(|| Refusal::unreadable("the scheme needs $salt, and this row has none"))?;
    if salt.len() == PLAIN_SALT {
        return Ok(salt.to_vec());
    }
    encoding::from_hex(salt)
        .ok_or_else(|| Refusal::unreadable("the salt must be 10 characters, or hex digits"))
}
