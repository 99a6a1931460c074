//! Python's web frameworks beside Django: Werkzeug (Flask), Flask-Security, web2py and py4web.
//!
//! `sha256$salt$digest` and its like are an HMAC by Werkzeug, a digest by web2py, and something else again by Django
//! and what was added to it: `auto` reads none of them.

use crate::schemes::construction::{Reading, Refusal};
use crate::schemes::digest::Digest;
use crate::schemes::registry::{Entry, Example, Reader};
use crate::schemes::{Credential, Limits, encoding};

use super::pbkdf2::Pbkdf2;
use super::scrypt::Scrypt;

pub(super) const ENTRIES: &[Entry] = &[
    Entry {
        name: "werkzeug-scrypt",
        software: "Werkzeug and Flask from 2.3",
        layout: "scrypt:<N>:<r>:<p>$<salt>$hex({digest:64})",
        okta: "hook: Okta has no scrypt",
        example: Example::of(
            "scrypt:1024:8:1$3Xg6mwys1uIhzsa6$d53aa6c47a58c65339e0f89b0878c5a2a0b394ee5808344e35ed6fa163abc765261bbb17feaaaa9c69002047290b5e5762b4d3c35ac493fc21a9acc093041fe4",
            "correct horse battery staple",
        ),
        prefixes: &["scrypt:"],
        reader: Reader::Format(scrypt),
        ..Entry::BLANK
    },
    Entry {
        name: "werkzeug-pbkdf2",
        software: "Werkzeug and Flask",
        layout: "pbkdf2:sha256:<rounds>$<salt>$hex({digest}), also md5 and sha1 to sha512",
        okta: "PBKDF2 with SHA-256 or SHA-512 from 4096 rounds; hook: all others",
        example: Example::of(
            "pbkdf2:sha256:5000$NDGom0fmwMARjrd7$3317f8361b851288ed75832b914bf03cbc91a6ddf97dd05e90ea062a428c1fb2",
            "correct horse battery staple",
        ),
        prefixes: &["pbkdf2:"],
        reader: Reader::Format(pbkdf2),
        ..Entry::BLANK
    },
    hmac(
        "werkzeug-md5",
        &[30000],
        "md5$",
        "md5${salt}${digest}",
        "hmac_md5($salt,$pass)",
        "md5$84143$7f51edecfa6fb401a0b5e63d33fc8c0e",
    ),
    hmac(
        "werkzeug-sha1",
        &[],
        "sha1$",
        "sha1${salt}${digest}",
        "hmac_sha1($salt,$pass)",
        "sha1$70108387805$322d67f158fee91673552e8520c82a2f17b3e557",
    ),
    hmac(
        "werkzeug-sha256",
        &[30120],
        "sha256$",
        "sha256${salt}${digest}",
        "hmac_sha256($salt,$pass)",
        "sha256$70108387805$8b9472281c36c3a693703de0e0f1ffab8fc0ecdd3bc5ead04c76dd74ef431e49",
    ),
    hmac(
        "werkzeug-sha512",
        &[],
        "sha512$",
        "sha512${salt}${digest}",
        "hmac_sha512($salt,$pass)",
        "sha512$70108387805$e28b92d64f3be82f72dd04ff546b752a2aeda5f5f947c0e2a18132260e660edbb5ca405ddfdb02ba25cd9ad1971d336e2006e30ad79e995f16d5c0da7c41b81a",
    ),
    Entry {
        name: "flask-security",
        software: "Flask-Security, whose SECURITY_PASSWORD_SALT is the pepper",
        layout: "{digest}",
        okta: "hook: the password goes through an HMAC first",
        example: Example {
            pepper: Some("146585145368132386173505678016728509634"),
            ..Example::of(
                "$2b$04$YQO4lI22e9qcR9/oWi0cJ.rgDXLy6iw0vkFvLfrf.QGj9ygwPMIO6",
                "correct horse battery staple",
            )
        },
        reader: Reader::Expression("auto(base64(hmac_sha512_bin($pepper,$pass)))"),
        ..Entry::BLANK
    },
    Entry {
        name: "web2py-pbkdf2",
        hashcat: &[21600],
        software: "web2py, py4web",
        layout: "pbkdf2(<rounds>,<bytes>,sha512)$<salt>$hex({digest})",
        okta: "PBKDF2 with SHA-256 or SHA-512 from 4096 rounds; hook: all others",
        example: Example::of(
            "pbkdf2(1000,20,sha512)$744943$c5f8cdef76e3327c908d8d96d4abdb3d8caba14c",
            "hashcat",
        ),
        prefixes: &["pbkdf2("],
        reader: Reader::Format(web2py),
        ..Entry::BLANK
    },
    Entry {
        name: "web2py-sha512",
        software: "web2py, py4web, without an HMAC key",
        layout: "sha512${salt}${digest}",
        okta: "SHA-512, POSTFIX",
        example: Example::of(
            "sha512$afefc10be0e66a69$28fb3394a01655a10ff1ff5e44d284007e25f71c584ac3f72dabc15615eaa4b315161db80b38b18af289e7c5c0593943087dae277c15b8e71d4ad2e8f898470e",
            "correct horse battery staple",
        ),
        reader: Reader::Expression("sha512($pass.$salt)"),
        ..Entry::BLANK
    },
    Entry {
        name: "web2py-hmac-sha512",
        software: "web2py, py4web, whose HMAC key is the pepper",
        layout: "sha512${salt}${digest}",
        okta: "hook: HMAC",
        example: Example {
            pepper: Some("key of the site"),
            ..Example::of(
                "sha512$9a7cbd132a5007e4$4f95478cc359ed2b5ccc98ecc802cb818b89bb6a2949a6ce6ba6ad2096ce8f5b85b6190082f5522f9f2de16ea1a3ee3a8963bebc1aafd25747194e9697811ba3",
                "correct horse battery staple",
            )
        },
        reader: Reader::Expression("hmac_sha512($pepper.$salt,$pass)"),
        ..Entry::BLANK
    },
];

const fn hmac(
    name: &'static str,
    hashcat: &'static [u32],
    prefix: &'static str,
    layout: &'static str,
    expression: &'static str,
    stored: &'static str,
) -> Entry {
    Entry {
        name,
        hashcat,
        software: "Werkzeug and Flask before 3.0",
        layout,
        okta: "hook: HMAC",
        example: Example::of(stored, "hashcat"),
        claims: |rest| rest.split(|&byte| byte == b'$').count() == 2,
        prefixes: match prefix.as_bytes() {
            b"md5$" => &["md5$"],
            b"sha1$" => &["sha1$"],
            b"sha256$" => &["sha256$"],
            _ => &["sha512$"],
        },
        also_written_by: Some(
            "Werkzeug, web2py and what was added to Django all write a digest's name, $, a salt, $ and a digest, and \
             mean different things",
        ),
        reader: Reader::Expression(expression),
        ..Entry::BLANK
    }
}

/// `method$salt$digest`; the salt is text, and may not hold a `$`.
fn three<'a>(credential: &Credential<'a>) -> Result<[&'a [u8]; 3], Refusal> {
    super::fields(credential.stored, b'$').ok_or_else(|| {
        let found = credential.stored.split(|&byte| byte == b'$').count();
        Refusal::unreadable(format!("expected <method>$<salt>$<digest>, found {found} fields"))
    })
}

fn scrypt(credential: &Credential<'_>, limits: &Limits) -> Reading {
    let wrong = || Refusal::unreadable("expected scrypt:<N>:<r>:<p>, three numbers, N being a power of two");
    let [method, salt, key] = three(credential)?;
    let mut numbers = method.split(|&byte| byte == b':').skip(1).map(encoding::decimal);
    let (Some(Some(n)), Some(Some(r)), Some(Some(p)), None) =
        (numbers.next(), numbers.next(), numbers.next(), numbers.next())
    else {
        return Err(wrong());
    };
    let log_n = Some(n).filter(|n| n.is_power_of_two()).map(u32::ilog2).ok_or_else(wrong)?;
    let key = encoding::from_hex(key).filter(|key| key.len() == 64);
    let key = key.ok_or_else(|| Refusal::unreadable("the digest is not 128 hex digits"))?;
    Scrypt::checked(log_n, r, p, salt.to_vec(), key, limits)
}

fn pbkdf2(credential: &Credential<'_>, limits: &Limits) -> Reading {
    let wrong = || Refusal::unreadable("expected pbkdf2:<digest>:<rounds>, such as pbkdf2:sha256:600000");
    let [method, salt, key] = three(credential)?;
    let mut parts = method.split(|&byte| byte == b':').skip(1);
    let (Some(name), Some(rounds), None) = (parts.next(), parts.next(), parts.next()) else {
        return Err(wrong());
    };
    let digest = named(name).ok_or_else(wrong)?;
    let rounds = encoding::decimal(rounds).ok_or_else(wrong)?;
    let key = encoding::from_hex(key).filter(|key| key.len() == digest.len());
    let key =
        key.ok_or_else(|| Refusal::unreadable(format!("the digest is not {} hex digits", digest.len() * 2)))?;
    Pbkdf2::checked(digest, rounds, salt.to_vec(), key, limits)
}

fn web2py(credential: &Credential<'_>, limits: &Limits) -> Reading {
    let wrong = || Refusal::unreadable("expected pbkdf2(<rounds>,<bytes>,<digest>)");
    let [method, salt, key] = three(credential)?;
    let method = method.strip_prefix(b"pbkdf2(").and_then(|method| method.strip_suffix(b")"));
    let mut parts = method.ok_or_else(wrong)?.split(|&byte| byte == b',');
    let (Some(rounds), Some(len), Some(name), None) =
        (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return Err(wrong());
    };
    let rounds = encoding::decimal(rounds).ok_or_else(wrong)?;
    let len = encoding::decimal(len).and_then(|len| usize::try_from(len).ok()).ok_or_else(wrong)?;
    let key = encoding::from_hex(key).filter(|key| key.len() == len);
    let key =
        key.ok_or_else(|| Refusal::unreadable("the digest does not have as many bytes as the method says"))?;
    Pbkdf2::checked(named(name).ok_or_else(wrong)?, rounds, salt.to_vec(), key, limits)
}

/// Those of Python's hashlib that both have always known.
fn named(name: &[u8]) -> Option<Digest> {
    let known = ["md5", "sha1", "sha224", "sha256", "sha384", "sha512"];
    let name = std::str::from_utf8(name).ok().filter(|name| known.contains(name))?;
    Digest::named(name)
}
