//! Ruby on Rails: Devise with its pepper and its encryptors of old, Authlogic, Clearance, and the scrypt gem.

use std::sync::LazyLock;

use crate::schemes::construction::{Reading, Refusal};
use crate::schemes::expression::Expression;
use crate::schemes::registry::{Entry, Example, Reader};
use crate::schemes::{Credential, Limits, encoding};

use super::bcrypt;
use super::scrypt::Scrypt;

pub(super) const ENTRIES: &[Entry] = &[
    Entry {
        name: "devise",
        aliases: &["devise-bcrypt"],
        software: "Devise from 2.1, its pepper behind the password where it has one",
        layout: "$2a$<cost>$<salt:22><digest:31>",
        okta: "BCRYPT without a pepper; hook: with one",
        example: Example {
            pepper: Some("f00fc7c8b1d2a3e4"),
            ..Example::of(
                "$2a$04$KidsFIEffVZO7iJWkndv4Ok8gLFjrse7pb6QP8yeW9r8RDHuCpa6S",
                "correct horse battery staple",
            )
        },
        reader: Reader::Format(devise),
        ..Entry::BLANK
    },
    row(
        "devise-sha1",
        "Devise before 2.1 and devise-encryptable, 10 stretches",
        "iterate(10,sha1('--'.$salt.'--'.$pepper.'--'.$pass.'--'.$pepper.'--'),\
         sha1('--'.$salt.'--'.$_.'--'.$pass.'--'.$pepper.'--'))",
        Some("f00fc7c8b1d2a3e4"),
        "e59693ae8a597bf51fb5ee65f9420e2a0f37907e:zBq2mJp4Rkd8Z6xkQ9Xb",
    ),
    row(
        "devise-sha512",
        "Devise before 2.1 and devise-encryptable, 10 stretches",
        "iterate(10,sha512('--'.$salt.'--'.$pepper.'--'.$pass.'--'.$pepper.'--'),\
         sha512('--'.$salt.'--'.$_.'--'.$pass.'--'.$pepper.'--'))",
        Some("f00fc7c8b1d2a3e4"),
        "f97cfe1ce309ccd495a2dd18edb286c94539c3f7ad88e4e6c2b1dd69bdf033c7c52175e6ef2a08e85f480a71f8df59d31443b76c2e798daa81cbf8631cc53c91:zBq2mJp4Rkd8Z6xkQ9Xb",
    ),
    row(
        "authlogic-sha1",
        "Authlogic, 10 stretches",
        "iterate(10,sha1($pass.'--'.$salt),sha1($_.'--'.$salt))",
        None,
        "8d706793ed59a7e9d28e4f0e4c3b474f261d3cf4:zBq2mJp4Rkd8Z6xkQ9Xb",
    ),
    row(
        "authlogic-sha512",
        "Authlogic, 20 stretches",
        "iterate(20,sha512($pass.$salt),sha512($_))",
        None,
        "e09b2b976ae892e63d9c450934700edf1760b1ed723326a0c993b903b3c66e50e9e99d838e471c51aadb089f1180a0848dbf38fcf6abe8ac134803f7389ad998:zBq2mJp4Rkd8Z6xkQ9Xb",
    ),
    row(
        "clearance-sha1",
        "Clearance before 1.0",
        "sha1('--'.$salt.'--'.$pass.'--')",
        None,
        "42a610d7bb4fd0c424a3b9de3a3fed70ae686a5f:zBq2mJp4Rkd8Z6xkQ9Xb",
    ),
    Entry {
        name: "ruby-scrypt",
        aliases: &["authlogic-scrypt"],
        software: "Ruby's scrypt gem, Authlogic from 3.4",
        layout: "<N>$<r>$<p>$hex({salt})$hex({digest}), the numbers in hex",
        okta: "hook: Okta has no scrypt",
        example: Example::of(
            "400$8$36$78f4ae6983f76119$37ec6ce55a2b928dc56ff9a7d0cdafbd7dbde49d9282c38a40b1434e88f24cf5",
            "my grand secret",
        ),
        reader: Reader::Format(ruby_scrypt),
        ..Entry::BLANK
    },
];

const fn row(
    name: &'static str,
    software: &'static str,
    expression: &'static str,
    pepper: Option<&'static str>,
    stored: &'static str,
) -> Entry {
    Entry {
        name,
        software,
        layout: "{digest}:{salt}",
        okta: "hook: more than a digest of password and salt",
        example: Example { pepper, ..Example::of(stored, "correct horse battery staple") },
        reader: Reader::Expression(expression),
        ..Entry::BLANK
    }
}

fn devise(credential: &Credential<'_>, limits: &Limits) -> Reading {
    static PEPPERED: LazyLock<Option<Expression>> =
        LazyLock::new(|| Expression::parse("bcrypt($pass.$pepper)").ok());
    match PEPPERED.as_ref() {
        Some(peppered) if credential.pepper.is_some_and(|pepper| !pepper.is_empty()) => {
            peppered.read(credential, limits)
        }
        _ => Ok(Box::new(bcrypt::read(credential, limits)?)),
    }
}

/// The gem drops zero bytes at the salt's beginning since its version 3 and kept them before: a salt that begins
/// with one is not read, since nobody can tell.
fn ruby_scrypt(credential: &Credential<'_>, limits: &Limits) -> Reading {
    let wrong =
        || Refusal::unreadable("expected <N>$<r>$<p>$<salt>$<digest>, all in hex, N being a power of two");
    let mut fields = credential.stored.split(|&byte| byte == b'$');
    let (Some(n), Some(r), Some(p), Some(salt), Some(key), None) =
        (fields.next(), fields.next(), fields.next(), fields.next(), fields.next(), fields.next())
    else {
        return Err(wrong());
    };
    let number = |text: &[u8]| {
        let plain = |c: &u8| matches!(c, b'0'..=b'9' | b'a'..=b'f');
        let text = std::str::from_utf8(text).ok().filter(|text| text.bytes().all(|c| plain(&c)))?;
        u32::from_str_radix(text, 16).ok().filter(|_| !text.starts_with('0'))
    };
    let (n, r, p) =
        (number(n).ok_or_else(wrong)?, number(r).ok_or_else(wrong)?, number(p).ok_or_else(wrong)?);
    let log_n = Some(n).filter(|n| n.is_power_of_two()).map(u32::ilog2).ok_or_else(wrong)?;
    let salt = encoding::from_hex(salt).filter(|salt| (8..=32).contains(&salt.len())).ok_or_else(wrong)?;
    let key = encoding::from_hex(key).filter(|key| (16..=512).contains(&key.len())).ok_or_else(wrong)?;
    if salt.len() == 20 {
        return Err(Refusal::unreadable("a salt of 40 digits, from before version 1.1, is not read"));
    }
    if salt.starts_with(&[0]) {
        return Err(Refusal::unreadable(
            "a salt that begins with a zero byte means two things to the gem's versions",
        ));
    }
    Scrypt::checked(log_n, r, p, salt, key, limits)
}
