//! PHP's frameworks, so far as they do more than `password_hash`: Symfony (and `FOSUserBundle`), `CakePHP`,
//! `CodeIgniter`'s Ion Auth of old.

use zeroize::Zeroizing;

use crate::schemes::construction::Reading;
use crate::schemes::digest::Digest;
use crate::schemes::registry::{Entry, Example, Reader};
use crate::schemes::{Credential, Limits, encoding};

use super::bcrypt;
use super::over::over;

pub(super) const ENTRIES: &[Entry] = &[
    Entry {
        name: "symfony-sha512",
        aliases: &["fosuserbundle"],
        software: "Symfony's MessageDigestPasswordEncoder and -Hasher, FOSUserBundle",
        layout: "{digest}:{salt}",
        okta: "hook: more than one round",
        example: Example::of(
            "x9mWSYzTp/kbLOKHd8zgdFxKqAvwBTe4u411IvLG5DHS6n/ezmuNpho5aJ/7ysffkPaPPNw//Y/0BCAtNBVFKQ==:a1B2'c3",
            "correct horse battery staple",
        ),
        reader: Reader::Expression(
            "iterate(5000,sha512_bin($pass.'{'.$salt.'}'),sha512_bin($_.$pass.'{'.$salt.'}'))",
        ),
        ..Entry::BLANK
    },
    Entry {
        name: "symfony-pbkdf2",
        software: "Symfony's Pbkdf2PasswordEncoder and -Hasher",
        layout: "{digest}:{salt}",
        okta: "hook: fewer rounds than Okta takes",
        example: Example::of(
            "G8Qc1RCpbJE6Exfz8tIoT++GXr0NGzPnvGwWeoUAZILo2wT/lESYKg==:a1B2'c3",
            "correct horse battery staple",
        ),
        reader: Reader::Expression("pbkdf2_sha512($pass,$salt,1000,40)"),
        ..Entry::BLANK
    },
    Entry {
        name: "symfony-bcrypt",
        aliases: &["symfony-native"],
        software: "Symfony's NativePasswordHasher, which digests passwords that are too long for bcrypt",
        layout: "$2y$<cost>$<salt:22><digest:31>",
        okta: "hook: passwords of more than 72 bytes are digested first; `bcrypt` imports, without these",
        example: Example::of(
            "$2y$04$pMde7Syn/v0KmK3f9OJ59.aT4WLpG71IJX1yOY9Cor.bBNGb2Xgm.",
            "correct horse battery staple",
        ),
        reader: Reader::Format(symfony_bcrypt),
        ..Entry::BLANK
    },
    Entry {
        name: "ion-auth-sha1",
        software: "CodeIgniter's Ion Auth 1 and 2 without store_salt",
        layout: "{salt:10}{digest}",
        okta: "hook: the digest is cut",
        example: Example::of("9cc2ae8a1b3894b05eb2e48f15ce72c7052d5543", "correct horse battery staple"),
        reader: Reader::Expression("substr(sha1($salt.$pass),0,30)"),
        ..Entry::BLANK
    },
    Entry {
        name: "ion-auth-sha1-salt",
        software: "CodeIgniter's Ion Auth 1 and 2 with store_salt",
        layout: "{digest}:{salt}",
        okta: "SHA-1, POSTFIX",
        example: Example::of(
            "ae85db5265369c8fd4db1e23642be3084bb978e6:a1B2'c3",
            "correct horse battery staple",
        ),
        reader: Reader::Expression("sha1($pass.$salt)"),
        ..Entry::BLANK
    },
    cakephp("cakephp", &["cakephp-sha1"], "sha1($pepper.$pass)", "a3c0920263706fc0c36f585a6e3c8075f04e6d80"),
    cakephp("cakephp-md5", &[], "md5($pepper.$pass)", "94f1cd81c7f8f4fcd13100735214fd06"),
    cakephp(
        "cakephp-sha256",
        &[],
        "sha256($pepper.$pass)",
        "291f3face782a5866d5e3bd91d8a753780a43336266fe62b7a843fe0fae447bd",
    ),
];

/// `Security::hash` with `Security.salt`, which is one for all users.
const fn cakephp(
    name: &'static str,
    aliases: &'static [&'static str],
    expression: &'static str,
    stored: &'static str,
) -> Entry {
    Entry {
        name,
        aliases,
        software: "CakePHP 1 and 2, whose Security.salt is the pepper",
        layout: "{digest}",
        okta: "hook: made with a pepper",
        example: Example {
            pepper: Some("DYhG93b0qyJfIxfs2guVoUubWwvniR2G0FgaC9mi"),
            ..Example::of(stored, "correct horse battery staple")
        },
        reader: Reader::Expression(expression),
        ..Entry::BLANK
    }
}

/// bcrypt, or bcrypt of a SHA-512 in base64 where the password has more than 72 bytes or a NUL.
fn symfony_bcrypt(credential: &Credential<'_>, limits: &Limits) -> Reading {
    let inner = Box::new(bcrypt::read(credential, limits)?);
    let not_importable = "passwords of more than 72 bytes go through SHA-512 first, which Okta cannot do: `bcrypt` \
                          imports all others";
    Ok(over(inner, not_importable, "", |password| {
        let cut = password.len() > 72 || password.contains(&0);
        let digest = || encoding::to_base64(&Digest::Sha512.of(&[password])).into_bytes();
        Zeroizing::new(if cut { digest() } else { password.to_vec() })
    }))
}
