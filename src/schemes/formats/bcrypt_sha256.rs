//! passlib's bcrypt of a SHA-256, so that passwords of any length count: `$bcrypt-sha256$`, version 1 with a plain
//! SHA-256, version 2 (since passlib 1.7.3) with an HMAC whose key is the salt as it is written.

use super::bcrypt;
use super::over::over;
use crate::schemes::construction::{Reading, Refusal};
use crate::schemes::digest::Digest;
use crate::schemes::registry::{Entry, Example, Reader};
use crate::schemes::{Credential, Limits, encoding};
use zeroize::Zeroizing;

pub(super) const ENTRIES: &[Entry] = &[Entry {
    name: "bcrypt-sha256",
    aliases: &["passlib-bcrypt-sha256"],
    hashcat: &[30601],
    software: "passlib",
    layout: "$bcrypt-sha256$v=2,t=2b,r=<cost>$<salt:22>$<digest:31>, before 1.7.3 $bcrypt-sha256$2a,<cost>$…",
    example: Example::of(
        "$bcrypt-sha256$v=2,t=2b,r=5$rTMUl7qIRqC.dVC.MRLrvO$vXYs0VV.6EbZNiOeaKCG7l8PRJMFjHi",
        "password",
    ),
    okta: "hook: the password goes through SHA-256 first",
    prefixes: &["$bcrypt-sha256$"],
    reader: Reader::Format(read),
    ..Entry::BLANK
}];

fn read(credential: &Credential<'_>, limits: &Limits) -> Reading {
    let wrong = || {
        Refusal::unreadable(
            "expected $bcrypt-sha256$v=2,t=2b,r=<cost>$<salt:22>$<digest:31>, or 2a,<cost> or 2b,<cost>",
        )
    };
    let mut fields = credential.stored.split(|&byte| byte == b'$').skip(2);
    let mut field = || fields.next().ok_or_else(wrong);
    let (parameters, salt, digest) = (field()?, field()?, field()?);
    if field().is_ok() || salt.len() != 22 {
        return Err(wrong());
    }
    let (variant, cost, keyed) = match parameters {
        [b'2', variant @ (b'a' | b'b'), b',', cost @ ..] => (*variant, cost, false),
        _ => (b'b', parameters.strip_prefix(b"v=2,t=2b,r=").ok_or_else(wrong)?, true),
    };
    // passlib refuses spare bits here, and bcrypt's own reading lets them pass.
    if keyed && encoding::from_radix64(salt).is_none() {
        return Err(Refusal::unreadable("a character that bcrypt's radix-64 cannot have there"));
    }
    let cost = encoding::decimal(cost).filter(|&cost| cost < 100).ok_or_else(wrong)?;
    let stored = [b"$2", &[variant][..], format!("${cost:02}$").as_bytes(), salt, digest].concat();
    let inner = bcrypt::read(&Credential { stored: &stored, ..*credential }, limits)?;
    // The salt as it is written is the HMAC's key.
    let key = keyed.then(|| salt.to_vec());
    let label = if keyed { "version 2, " } else { "version 1, " };
    let not_importable = "the password goes through SHA-256 first: Okta's bcrypt takes it as it is";
    Ok(over(Box::new(inner), not_importable, label, move |password| {
        let digest = match &key {
            None => Digest::Sha256.of(&[password]),
            Some(key) => Digest::Sha256.hmac(key, password),
        };
        Zeroizing::new(encoding::to_base64(&digest).into_bytes())
    }))
}
