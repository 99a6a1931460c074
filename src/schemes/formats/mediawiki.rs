//! `MediaWiki`'s `:type:…` values (`includes/password`). Accounts from before PBKDF2 were hashed once more without
//! waiting for their next sign-in: the `pbkdf2-legacy` types.

use zeroize::Zeroizing;

use super::over::{hex_of, over};
use super::pbkdf2::Pbkdf2;
use super::{argon2, bcrypt};
use crate::schemes::construction::{Reading, Refusal};
use crate::schemes::digest::Digest;
use crate::schemes::registry::{Entry, Example, Reader};
use crate::schemes::{Credential, Limits, encoding};

pub(super) const ENTRIES: &[Entry] = &[
    Entry {
        name: "mediawiki-pbkdf2",
        layout: ":pbkdf2:<digest>:<rounds>:<bytes>:base64({salt}):base64({digest})",
        example: Example::of(
            ":pbkdf2:sha512:30000:64:AAECAwQFBgcICQoLDA0ODw==:ll4mBZmR4q/jLpJcPLu3znpVM+eLVHQZLs34oWvAcUikJkWvrhDMpw9EMpRRP1sb5CTR/U7tyqzWfeFXiXi+4w==",
            "password",
        ),
        okta: "PBKDF2 with SHA-256 or SHA-512 from 4096 rounds; hook: all others",
        prefixes: &[":pbkdf2:"],
        reader: Reader::Format(|credential, limits| {
            let rest = after(credential, b":pbkdf2:")?;
            let (setting, rest) = setting(rest, b':')?;
            let (salt, key) = halves(rest, b':')?;
            pbkdf2(setting, salt, key, limits)
        }),
        ..MEDIAWIKI
    },
    Entry {
        name: "mediawiki-pbkdf2-legacy",
        layout: ":pbkdf2-legacyB:!<digest>:<rounds>:<bytes>!{salt2}!base64({salt})!base64({digest})",
        example: Example::of(
            ":pbkdf2-legacyB:!sha512:30000:64!deadbeef!AAECAwQFBgcICQoLDA0ODw==!+3b8VV6KzrksUNTohAKZY+bWCZOjYvYc3X3xT9rnmSZKTWbVsMnjLpRrfcu1FbfP9sQVM6zL1hEz6G6TVAvzLg==",
            "password",
        ),
        okta: "hook: PBKDF2 of an MD5, which Okta cannot do",
        prefixes: &[":pbkdf2-legacyA:", ":pbkdf2-legacyB:"],
        reader: Reader::Format(legacy),
        ..MEDIAWIKI
    },
    Entry {
        name: "mediawiki-bcrypt",
        layout: ":bcrypt:<cost>$<salt:22>$<digest:31>",
        example: Example::of(":bcrypt:9$abcdefghijklmnopqrstuu$Wt9qVKiacipl8JeyXAI3EDH7fDBzlYq", "password"),
        okta: "BCRYPT up to cost 20",
        prefixes: &[":bcrypt:"],
        reader: Reader::Format(blowfish),
        ..MEDIAWIKI
    },
    Entry {
        name: "mediawiki-argon2",
        layout: ":argon2:$argon2id$v=19$m=<KiB>,t=<passes>,p=<lanes>$<salt>$<digest>",
        example: Example::of(
            ":argon2:$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc",
            "password",
        ),
        okta: "hook: Okta has no argon2",
        prefixes: &[":argon2:"],
        reader: Reader::Format(|credential, limits| {
            let stored = after(credential, b":argon2:")?;
            argon2::read(&Credential { stored, ..*credential }, limits)
        }),
        ..MEDIAWIKI
    },
    Entry {
        name: "mediawiki-a",
        layout: ":A:{digest}",
        example: Example::of(":A:5f4dcc3b5aa765d61d8327deb882cf99", "password"),
        okta: "MD5",
        prefixes: &[":A:"],
        reader: Reader::Expression("md5($pass)"),
        ..MEDIAWIKI
    },
];

const MEDIAWIKI: Entry = Entry { software: "MediaWiki", ..Entry::BLANK };

/// PBKDF2's digest, rounds and key length.
type Setting = (Digest, u32, usize);

fn after<'a>(credential: &Credential<'a>, beginning: &[u8]) -> Result<&'a [u8], Refusal> {
    credential
        .stored
        .strip_prefix(beginning)
        .ok_or_else(|| Refusal::unreadable("expected a type of MediaWiki's"))
}

fn halves(text: &[u8], delimiter: u8) -> Result<(&[u8], &[u8]), Refusal> {
    let at = text.iter().position(|&byte| byte == delimiter);
    let halves = at.and_then(|at| text.split_at_checked(at));
    let halves = halves.and_then(|(before, rest)| Some((before, rest.get(1..)?)));
    halves.ok_or_else(|| Refusal::unreadable("a part is missing"))
}

/// `<digest>:<rounds>:<bytes>`, and what comes after the delimiter behind it.
fn setting(text: &[u8], delimiter: u8) -> Result<(Setting, &[u8]), Refusal> {
    let (name, rest) = halves(text, b':')?;
    let (rounds, rest) = halves(rest, b':')?;
    let end = rest.iter().position(|byte| !byte.is_ascii_digit()).unwrap_or(rest.len());
    let (bytes, rest) = rest.split_at_checked(end).unwrap_or_default();
    let digest = std::str::from_utf8(name).ok().and_then(Digest::named);
    let digest = digest.ok_or_else(|| Refusal::unreadable("a digest that is not known here"))?;
    let number = |text| {
        encoding::decimal(text)
            .ok_or_else(|| Refusal::unreadable("expected a number of rounds and one of bytes"))
    };
    let rest = rest.strip_prefix(&[delimiter]).ok_or_else(|| Refusal::unreadable("a part is missing"))?;
    Ok(((digest, number(rounds)?, number(bytes)? as usize), rest))
}

fn pbkdf2((digest, rounds, bytes): Setting, salt: &[u8], key: &[u8], limits: &Limits) -> Reading {
    let wrong = || Refusal::unreadable("the salt or the digest is not base64 with padding");
    let salt = encoding::from_base64(salt).ok_or_else(wrong)?;
    let key = encoding::from_base64(key).ok_or_else(wrong)?;
    if key.len() != bytes {
        return Err(Refusal::unreadable("the digest is not as long as it should be"));
    }
    Pbkdf2::checked(digest, rounds, salt, key, limits)
}

fn blowfish(credential: &Credential<'_>, limits: &Limits) -> Reading {
    let (cost, rest) = halves(after(credential, b":bcrypt:")?, b'$')?;
    let (salt, digest) = halves(rest, b'$')?;
    let cost = encoding::decimal(cost).filter(|&cost| cost < 100);
    let cost = cost.ok_or_else(|| Refusal::unreadable("bcrypt's cost must be a number"))?;
    if salt.len() != 22 {
        return Err(Refusal::unreadable("bcrypt's salt must have 22 characters"));
    }
    let stored = [format!("$2y${cost:02}$").as_bytes(), salt, digest].concat();
    Ok(Box::new(bcrypt::read(&Credential { stored: &stored, ..*credential }, limits)?))
}

fn legacy(credential: &Credential<'_>, limits: &Limits) -> Reading {
    let salted = credential.stored.starts_with(b":pbkdf2-legacyB:");
    let beginning: &[u8] = if salted { b":pbkdf2-legacyB:!" } else { b":pbkdf2-legacyA:!" };
    let rest = after(credential, beginning)?;
    let (setting, rest) = setting(rest, b'!')?;
    let (before, rest) = halves(rest, b'!')?;
    let (salt, key) = halves(rest, b'!')?;
    if !salted && !before.is_empty() {
        return Err(Refusal::unreadable("type A has no salt of its own"));
    }
    limits.salt(before.len())?;
    let before = salted.then(|| [before, b"-"].concat());
    let inner = pbkdf2(setting, salt, key, limits)?;
    let not_importable = "PBKDF2 of the password's MD5, and Okta hashes only the password itself";
    Ok(over(inner, not_importable, "over MD5, ", move |password| {
        let text = hex_of(Digest::Md5, password);
        match &before {
            Some(before) => hex_of(Digest::Md5, &Zeroizing::new([before.as_slice(), &text].concat())),
            None => text,
        }
    }))
}
