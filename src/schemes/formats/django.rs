//! Django's password hashers, `algorithm$…` without a `$` in front (`django.contrib.auth.hashers`, 1.4 to 5).
//!
//! `sha1$` and `md5$` are written by Werkzeug too, which means an HMAC by them. Who knows that a store is Django's
//! names `django-sha1` or `django-md5`. With an empty salt all mean the digest of the password alone.

use crate::schemes::construction::{Reading, Refusal};
use crate::schemes::digest::Digest;
use crate::schemes::expression::salted_digest;
use crate::schemes::registry::{self, Entry, Example, Reader};
use crate::schemes::{Credential, Limits, encoding};

use super::over::{hex_of, over};
use super::pbkdf2::Pbkdf2;
use super::scrypt::Scrypt;
use super::{argon2, bcrypt};

pub(super) const ENTRIES: &[Entry] = &[
    Entry {
        name: "django-pbkdf2-sha256",
        hashcat: &[10000],
        layout: "pbkdf2_sha256$<rounds>$<salt>$base64({digest:32})",
        example: Example::of(
            "pbkdf2_sha256$20000$H0dPx8NeajVu$GiC4k5kqbbR9qWBlsRgDywNqC2vd9kqfk7zdorEnNas=",
            "hashcat",
        ),
        okta: "PBKDF2 from 4096 rounds",
        prefixes: &["pbkdf2_sha256$"],
        reader: Reader::Format(|credential, limits| pbkdf2(credential, limits, Digest::Sha256)),
        ..DJANGO
    },
    Entry {
        name: "django-pbkdf2-sha1",
        layout: "pbkdf2_sha1$<rounds>$<salt>$base64({digest:20})",
        okta: "hook: Okta's PBKDF2 has no SHA-1",
        example: Example::of(
            "pbkdf2_sha1$10000$1uzPAgqJagP6WSnmM7kdEb$+Jy4wMjRkHy2AI8Xvv240pav+68=",
            "correct horse battery staple",
        ),
        prefixes: &["pbkdf2_sha1$"],
        reader: Reader::Format(|credential, limits| pbkdf2(credential, limits, Digest::Sha1)),
        ..DJANGO
    },
    Entry {
        name: "django-bcrypt",
        layout: "bcrypt$$2b$<cost>$<salt:22><digest:31>",
        okta: "BCRYPT",
        example: Example::of(
            "bcrypt$$2b$04$AfDlJd61HowCMfLFwrOth.iKlqoAHHzqJ1I/NQs/HrueC/KBToiDS",
            "correct horse battery staple",
        ),
        prefixes: &["bcrypt$"],
        reader: Reader::Format(|credential, limits| {
            let inner = after(credential, "bcrypt$")?;
            Ok(Box::new(bcrypt::read(&inner, limits)?))
        }),
        ..DJANGO
    },
    Entry {
        name: "django-bcrypt-sha256",
        layout: "bcrypt_sha256$$2b$<cost>$<salt:22><digest:31>",
        okta: "hook: bcrypt of the SHA-256 in hex, which Okta cannot do",
        example: Example::of(
            "bcrypt_sha256$$2b$04$BNyZ9iL/QXjgi1cuERKmgOoSgjiRl9AoMj3fGslycdAMZRviyoFCq",
            "correct horse battery staple",
        ),
        prefixes: &["bcrypt_sha256$"],
        reader: Reader::Format(|credential, limits| {
            let inner = after(credential, "bcrypt_sha256$")?;
            Ok(over(
                Box::new(bcrypt::read(&inner, limits)?),
                "bcrypt of the password's SHA-256, and Okta hashes only the password itself",
                "",
                |password| hex_of(Digest::Sha256, password),
            ))
        }),
        ..DJANGO
    },
    Entry {
        name: "django-argon2",
        layout: "argon2$argon2id$v=19$m=<KiB>,t=<passes>,p=<lanes>$<salt>$<digest>",
        okta: "hook: Okta has no argon2",
        example: Example::of(
            "argon2$argon2id$v=19$m=512,t=2,p=8$NExuUlI3TmE1Nmk4b0VwSE5XeEZZcg$iWwL/du01cT0nN0/wRmlsgpbfMgMzsshmNakGwUg/UY",
            "correct horse battery staple",
        ),
        prefixes: &["argon2$"],
        reader: Reader::Format(|credential, limits| {
            argon2::read(&after(credential, "argon2")?, limits) // its `$` is the first of the PHC string
        }),
        ..DJANGO
    },
    Entry {
        name: "django-scrypt",
        layout: "scrypt$<N>$<salt>$<r>$<p>$base64({digest:64})",
        okta: "hook: Okta has no scrypt",
        example: Example::of(
            "scrypt$1024$aSRnVIBd4uxeAvvmW7iNm5$8$5$/jJ92WI/s0sleM+tFdqF5a0XGRp1549CASRR4rwFTcRoRb88uyWrrhH+gsqE1igP1qsK5WqMQrOMoWLLSvvrBw==",
            "correct horse battery staple",
        ),
        prefixes: &["scrypt$"],
        reader: Reader::Format(scrypt),
        ..DJANGO
    },
    Entry {
        name: "django-unsalted-sha1",
        layout: "sha1$${digest}",
        okta: "SHA-1",
        example: Example::of(
            "sha1$$abf7aad6438836dbe526aa231abde2d0eef74d42",
            "correct horse battery staple",
        ),
        prefixes: &["sha1$$"],
        reader: Reader::Expression("sha1($pass)"),
        ..DJANGO
    },
    Entry {
        name: "django-unsalted-md5",
        layout: "md5$${digest}",
        okta: "MD5",
        example: Example::of("md5$$9cc2ae8a1ba7a93da39b46fc1019c481", "correct horse battery staple"),
        prefixes: &["md5$$"],
        reader: Reader::Expression("md5($pass)"),
        ..DJANGO
    },
    Entry {
        name: "django-crypt",
        aliases: &["django-des-crypt"],
        layout: "crypt$$<salt:2><digest:11>",
        okta: "hook: Okta has no crypt(3)",
        example: Example::of("crypt$Mi$MisiMkE1o3I4A", "correct horse battery staple"),
        prefixes: &["crypt$"],
        reader: Reader::Format(crypt),
        ..DJANGO
    },
    Entry {
        name: "django-sha1",
        hashcat: &[124],
        layout: "sha1$<salt>$hex({digest:20})",
        example: Example::of("sha1$fe76b$02d5916550edf7fc8c886f044887f4b1abf9b013", "hashcat"),
        okta: "SHA-1, PREFIX",
        prefixes: &["sha1$"],
        claims: one_dollar,
        also_written_by: Some("Django, Werkzeug and others write sha1$, and mean different things"),
        reader: Reader::Format(|credential, _| salted(credential, "sha1$", Digest::Sha1)),
        ..DJANGO
    },
    Entry {
        name: "django-md5",
        layout: "md5$<salt>$hex({digest:16})",
        okta: "MD5, PREFIX",
        example: Example::of(
            "md5$EtKrPcnXIIXayovzkplQLE$7c00de9512d8edc73bae9496b28e8898",
            "correct horse battery staple",
        ),
        prefixes: &["md5$"],
        claims: one_dollar,
        also_written_by: Some("Django, Werkzeug and others write md5$, and mean different things"),
        reader: Reader::Format(|credential, _| salted(credential, "md5$", Digest::Md5)),
        ..DJANGO
    },
];

/// Salt and digest, and not more.
fn one_dollar(rest: &[u8]) -> bool {
    rest.split(|&byte| byte == b'$').count() == 2
}

const DJANGO: Entry = Entry { software: "Django", ..Entry::BLANK };

/// What follows the beginning.
fn after<'a>(credential: &Credential<'a>, beginning: &str) -> Result<Credential<'a>, Refusal> {
    let stored = credential.stored.strip_prefix(beginning.as_bytes());
    let stored =
        stored.ok_or_else(|| Refusal::unreadable(format!("expected {beginning} at the beginning")))?;
    Ok(Credential { stored, ..*credential })
}

/// The text between `$`s; as many fields as asked for, and no more.
fn fields<'a, const N: usize>(
    credential: &Credential<'a>,
    beginning: &str,
) -> Result<[&'a [u8]; N], Refusal> {
    let stored = after(credential, beginning)?.stored;
    super::fields(stored, b'$').ok_or_else(|| {
        let found = stored.split(|&byte| byte == b'$').count();
        Refusal::unreadable(format!("expected {N} fields after {beginning}, separated by $, found {found}"))
    })
}

fn pbkdf2(credential: &Credential<'_>, limits: &Limits, digest: Digest) -> Reading {
    let beginning = if digest == Digest::Sha1 { "pbkdf2_sha1$" } else { "pbkdf2_sha256$" };
    let [rounds, salt, key] = fields(credential, beginning)?;
    let rounds = encoding::decimal(rounds).ok_or_else(|| Refusal::unreadable("the rounds are no number"))?;
    let key = encoding::from_base64(key).filter(|key| key.len() == digest.len());
    let key = key.ok_or_else(|| {
        Refusal::unreadable(format!("the digest is not {} bytes in base64 with padding", digest.len()))
    })?;
    Pbkdf2::checked(digest, rounds, salt.to_vec(), key, limits)
}

fn scrypt(credential: &Credential<'_>, limits: &Limits) -> Reading {
    let [n, salt, r, p, key] = fields(credential, "scrypt$")?;
    let number = |text: &[u8]| {
        encoding::decimal(text).ok_or_else(|| Refusal::unreadable("scrypt's N, r and p must be numbers"))
    };
    let (n, r, p) = (number(n)?, number(r)?, number(p)?);
    if !n.is_power_of_two() {
        return Err(Refusal::unreadable("scrypt's N must be a power of two"));
    }
    let key = encoding::from_base64(key).filter(|key| key.len() == 64);
    let key = key.ok_or_else(|| Refusal::unreadable("the digest is not 64 bytes in base64 with padding"))?;
    Scrypt::checked(n.ilog2(), r, p, salt.to_vec(), key, limits)
}

/// A value of crypt(3) with DES; before Django 1.4, and by passlib, its salt stands before it a second time.
fn crypt(credential: &Credential<'_>, limits: &Limits) -> Reading {
    let [salt, value] = fields(credential, "crypt$")?;
    let des = registry::named("des-crypt").filter(|_| salt.is_empty() || value.get(..2) == Some(salt));
    let des = des.ok_or_else(|| Refusal::unreadable("expected crypt$$ and a value of crypt(3) with DES"))?;
    des.read(&Credential { stored: value, ..*credential }, limits)
}

fn salted(credential: &Credential<'_>, beginning: &str, digest: Digest) -> Reading {
    let [salt, key] = fields(credential, beginning)?;
    let key = encoding::from_hex(key).filter(|key| key.len() == digest.len());
    let key =
        key.ok_or_else(|| Refusal::unreadable(format!("the digest is not {} hex digits", digest.len() * 2)))?;
    Ok(salted_digest(digest, salt, b"", key))
}
