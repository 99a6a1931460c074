//! Nextcloud and ownCloud: a version, a bar, and what PHP's `password_hash` wrote.

use super::{argon2, bcrypt};
use crate::schemes::construction::{Reading, Refusal};
use crate::schemes::registry::{Entry, Example, Reader};
use crate::schemes::{Credential, Limits};

pub(super) const ENTRIES: &[Entry] = &[Entry {
    name: "nextcloud",
    aliases: &["owncloud"],
    software: "Nextcloud, ownCloud",
    layout: "1|$2y$…, 2|$argon2i$… or 3|$argon2id$…",
    example: Example::of("1|$2y$05$abcdefghijklmnopqrstuuWG29KuyeAicPCJODk1zjyGvyQUU2awu", "password"),
    okta: "BCRYPT; hook: argon2",
    prefixes: &["1|$2", "2|$argon2i$", "3|$argon2id$"],
    reader: Reader::Format(read),
    ..Entry::BLANK
}];

fn read(credential: &Credential<'_>, limits: &Limits) -> Reading {
    let (version, stored) = credential.stored.split_at_checked(2).unwrap_or_default();
    let inner = Credential { stored, ..*credential };
    match version {
        b"1|" => Ok(Box::new(bcrypt::read(&inner, limits)?)),
        b"2|" | b"3|" => argon2::read(&inner, limits),
        _ => Err(Refusal::unreadable("expected 1|$2y$, 2|$argon2i$ or 3|$argon2id$")),
    }
}
