//! The schemes of Dovecot's own (`doveadm pw -l`, 2.3); those that it shares with LDAP are `ldap`'s.
//!
//! A name may end in an encoding (`.HEX`, `.B64`, `.BASE64`). Passwords are C strings. `{MD5}` holds md5-crypt or an
//! MD5, and `{PBKDF2}` is not `OpenLDAP`'s: both are told apart by their shape.

use zeroize::Zeroizing;

use crate::schemes::construction::{Construction, Cost, Reading, Refusal, Scratch, Verdict};
use crate::schemes::digest::Digest;
use crate::schemes::expression::salted_digest;
use crate::schemes::registry::{self, Entry, Example, Reader};
use crate::schemes::{Credential, Limits, NotImportable, OktaHash, encoding};
use crate::secret::Secret;

use super::argon2;
use super::ldap::Payload;
use super::pbkdf2::Pbkdf2;

mod cram;
mod otp;
mod scram;

pub(super) const ENTRIES: &[Entry] = &[
    Entry {
        name: "dovecot-crypt",
        layout: "{SHA512-CRYPT}<a value of crypt(3)>, also {BLF-CRYPT} {SHA256-CRYPT} {MD5-CRYPT} {DES-CRYPT}",
        okta: "that of the value inside",
        example: Example::of(
            "{BLF-CRYPT}$2y$05$N3oxrkPLKNCgOBeKcE97pOYL821HcVOiV8gPiputPCANhKtKvQAYi",
            "password",
        ),
        prefixes: &[
            "{BLF-CRYPT}",
            "{BLF-CRYPT.HEX}",
            "{BLF-CRYPT.B64}",
            "{BLF-CRYPT.BASE64}",
            "{SHA256-CRYPT}",
            "{SHA256-CRYPT.HEX}",
            "{SHA256-CRYPT.B64}",
            "{SHA256-CRYPT.BASE64}",
            "{SHA512-CRYPT}",
            "{SHA512-CRYPT.HEX}",
            "{SHA512-CRYPT.B64}",
            "{SHA512-CRYPT.BASE64}",
            "{MD5-CRYPT}",
            "{MD5-CRYPT.HEX}",
            "{MD5-CRYPT.B64}",
            "{MD5-CRYPT.BASE64}",
            "{DES-CRYPT}",
            "{DES-CRYPT.HEX}",
            "{DES-CRYPT.B64}",
            "{DES-CRYPT.BASE64}",
            "{CRYPT.HEX}",
            "{CRYPT.B64}",
            "{CRYPT.BASE64}",
        ],
        reader: Reader::Format(crypt),
        ..DOVECOT
    },
    Entry {
        name: "dovecot-md5",
        layout: "{MD5}$1$<salt>$<digest:22>",
        okta: "hook: Okta has no md5-crypt",
        example: Example::of("{MD5}$1$DXk/GJJ/$iiRg8Thah2wtXB5FEMCW.1", "password"),
        prefixes: &["{MD5}"],
        claims: |rest| rest.starts_with(b"$1$"),
        reader: Reader::Format(crypt),
        ..DOVECOT
    },
    Entry {
        name: "dovecot-argon2",
        layout: "{ARGON2ID}$argon2id$v=19$m=<KiB>,t=<passes>,p=<lanes>$<salt>$<digest>, also {ARGON2I}",
        okta: "hook: Okta has no argon2",
        example: Example::of(
            "{ARGON2I}$argon2i$v=19$m=32768,t=4,p=1$sozxDqdB17w9GdEXisjs5A$MZ7VVAgCFrb9kGZb4Zu2enExNOoOW99pifo03JPE1Hc",
            "password",
        ),
        prefixes: &["{ARGON2ID}", "{ARGON2I}"],
        reader: Reader::Format(|credential, limits| {
            argon2::read(&Credential { stored: Payload::of(credential).text, ..*credential }, limits)
        }),
        ..DOVECOT
    },
    Entry {
        name: "dovecot-plain-md5",
        aliases: &["plain-md5"],
        layout: "{PLAIN-MD5}hex({digest:16}), {LDAP-MD5}base64({digest:16})",
        okta: "MD5",
        example: Example::of("{PLAIN-MD5}5f4dcc3b5aa765d61d8327deb882cf99", "password"),
        prefixes: &[
            "{PLAIN-MD5}",
            "{PLAIN-MD5.HEX}",
            "{PLAIN-MD5.B64}",
            "{PLAIN-MD5.BASE64}",
            "{LDAP-MD5}",
            "{LDAP-MD5.HEX}",
            "{LDAP-MD5.B64}",
            "{LDAP-MD5.BASE64}",
        ],
        reader: Reader::Format(|credential, _| plain(credential, Digest::Md5)),
        ..DOVECOT
    },
    Entry {
        name: "dovecot-plain-md4",
        aliases: &["plain-md4"],
        layout: "{PLAIN-MD4}hex({digest:16})",
        okta: "hook: Okta has no MD4",
        example: Example::of("{PLAIN-MD4}8a9d093f14f8701df17732b2bb182c74", "password"),
        prefixes: &["{PLAIN-MD4}", "{PLAIN-MD4.HEX}", "{PLAIN-MD4.B64}", "{PLAIN-MD4.BASE64}"],
        reader: Reader::Format(|credential, _| plain(credential, Digest::Md4)),
        ..DOVECOT
    },
    Entry {
        name: "dovecot-digest-md5",
        aliases: &["digest-md5"],
        layout: "{DIGEST-MD5}hex({digest:16}), of user:realm:password; the realm follows the last @ of the user",
        okta: "MD5, PREFIX",
        example: Example {
            user: Some("user@example.com"),
            ..Example::of("{DIGEST-MD5}3db764baa4df9e87dae6b22677532339", "password")
        },
        prefixes: &["{DIGEST-MD5}", "{DIGEST-MD5.HEX}", "{DIGEST-MD5.B64}", "{DIGEST-MD5.BASE64}"],
        reader: Reader::Format(digest_md5),
        ..DOVECOT
    },
    Entry {
        name: "dovecot-cram-md5",
        aliases: &["cram-md5"],
        hashcat: &[16400],
        layout: "{CRAM-MD5}hex(<MD5's state after the outer pad:16><and after the inner one:16>), also {HMAC-MD5}",
        okta: "hook: half an HMAC",
        example: Example::of(
            "{CRAM-MD5}9186d855e11eba527a7a52ca82b313e180d62234f0acc9051b527243d41e2740",
            "password",
        ),
        prefixes: &[
            "{CRAM-MD5}",
            "{CRAM-MD5.HEX}",
            "{CRAM-MD5.B64}",
            "{CRAM-MD5.BASE64}",
            "{HMAC-MD5}",
            "{HMAC-MD5.HEX}",
            "{HMAC-MD5.B64}",
            "{HMAC-MD5.BASE64}",
        ],
        reader: Reader::Format(cram::read),
        ..DOVECOT
    },
    Entry {
        name: "dovecot-scram",
        aliases: &["dovecot-scram-sha-1", "dovecot-scram-sha-256"],
        layout: "{SCRAM-SHA-256}<rounds>,base64({salt}),base64(<stored key>),base64(<server key>), also {SCRAM-SHA-1}",
        okta: "hook: Okta has no SCRAM",
        example: Example::of(
            "{SCRAM-SHA-256}4096,vpxMo3BvEhFM5g6Xg0lE+Q==,Wf6eS1jCOcD7+H9QS4XhBIL86FQU6hEZtt4Yku+yYVU=,3MvbNTE4VshVKNr2UB9jg8NWTrK0pFHLpROWKtYneZA=",
            "password",
        ),
        prefixes: &["{SCRAM-SHA-256}", "{SCRAM-SHA-1}"],
        reader: Reader::Format(scram::read),
        ..DOVECOT
    },
    Entry {
        name: "dovecot-pbkdf2",
        layout: "{PBKDF2}$1$<salt>$<rounds>$hex({digest:20})",
        okta: "hook: Okta's PBKDF2 has no SHA-1",
        example: Example::of(
            "{PBKDF2}$1$6ic/OyZUeegJhLom$5000$aa5407f14e63a5f5f0a9e4a9791a03410a293468",
            "password",
        ),
        prefixes: &["{PBKDF2}"],
        claims: |rest| rest.starts_with(b"$1$"),
        reader: Reader::Format(pbkdf2),
        ..DOVECOT
    },
    Entry {
        name: "dovecot-otp",
        aliases: &["otp", "skey"],
        layout: "{OTP}sha1 <rounds> <seed> hex({digest:8}), also md4 and md5, and {SKEY}",
        okta: "hook: Okta has no one-time passwords of RFC 2289",
        example: Example::of("{OTP}sha1 1024 db30eccb84d56707 917c0a6da9e60360", "password"),
        prefixes: &["{OTP}", "{SKEY}"],
        reader: Reader::Format(otp::read),
        ..DOVECOT
    },
    Entry {
        name: "dovecot-ntlm",
        software: "Dovecot before 2.3.13",
        layout: "{NTLM}hex({digest:16}), MD4 of the password with a NUL behind each byte",
        okta: "hook: Okta has no MD4",
        example: Example::of("{NTLM}8846f7eaee8fb117ad06bdd830b7586c", "password"),
        prefixes: &["{NTLM}", "{NTLM.HEX}", "{NTLM.B64}", "{NTLM.BASE64}"],
        reader: Reader::Format(|credential, _| widened(credential, Digest::Md4, false)),
        ..DOVECOT
    },
    Entry {
        name: "dovecot-rpa",
        software: "Dovecot before 2.3.13",
        layout: "{RPA}hex({digest:16}), MD5 of the password with a NUL before each byte",
        okta: "hook: the password is changed before it is hashed",
        example: Example::of("{RPA}2bf3023f1259b0c2f607e4302556bd72", "password"),
        prefixes: &["{RPA}", "{RPA.HEX}", "{RPA.B64}", "{RPA.BASE64}"],
        reader: Reader::Format(|credential, _| widened(credential, Digest::Md5, true)),
        ..DOVECOT
    },
];

const DOVECOT: Entry = Entry { software: "Dovecot", ..Entry::BLANK };

/// Any value of crypt(3), whatever the name says, but for `{MD5}` and `{MD5-CRYPT}`, which Dovecot computes itself.
fn crypt(credential: &Credential<'_>, limits: &Limits) -> Reading {
    let payload = Payload::of(credential);
    let inner = payload.plain()?;
    let own = payload.name.get(..3).is_some_and(|name| name.eq_ignore_ascii_case(b"MD5"));
    if own && !inner.starts_with(b"$1$") {
        return Err(Refusal::unreadable("expected $1$<salt>$<digest> after the name in braces"));
    }
    let any = registry::named("ldap-crypt").filter(|_| !inner.starts_with(b"{"));
    let any = any.ok_or_else(|| Refusal::unreadable("two names in braces stand before the value"))?;
    any.read(&Credential { stored: &inner, ..*credential }, limits)
}

fn digest_of(credential: &Credential<'_>, digest: Digest) -> Result<Vec<u8>, Refusal> {
    let bytes = Payload::of(credential).digest(digest.len())?;
    let found = bytes.len();
    Some(bytes).filter(|_| found == digest.len()).ok_or_else(|| {
        Refusal::unreadable(format!("{} has {} bytes, this value has {found}", digest.title(), digest.len()))
    })
}

fn plain(credential: &Credential<'_>, digest: Digest) -> Reading {
    Ok(salted_digest(digest, b"", b"", digest_of(credential, digest)?))
}

/// Dovecot takes what follows the last `@` for the realm, and none where there is no `@`.
fn digest_md5(credential: &Credential<'_>, limits: &Limits) -> Reading {
    let value = digest_of(credential, Digest::Md5)?;
    let user = credential
        .user
        .ok_or_else(|| Refusal::unreadable("the scheme needs $user, and this row has none"))?;
    let (user, realm) = user.rsplit_once('@').unwrap_or((user, ""));
    let before = format!("{user}:{realm}:");
    limits.salt(before.len())?;
    Ok(salted_digest(Digest::Md5, before.as_bytes(), b"", value))
}

fn pbkdf2(credential: &Credential<'_>, limits: &Limits) -> Reading {
    let wrong = || Refusal::unreadable("expected {PBKDF2}$1$<salt>$<rounds>$<40 hex digits>");
    let text = Payload::of(credential).text.strip_prefix(b"$1$").ok_or_else(wrong)?;
    let mut fields = text.split(|&byte| byte == b'$');
    let (Some(salt), Some(rounds), Some(key), None) =
        (fields.next(), fields.next(), fields.next(), fields.next())
    else {
        return Err(wrong());
    };
    let rounds = encoding::decimal(rounds).ok_or_else(wrong)?;
    let key = encoding::from_hex(key).filter(|key| key.len() == 20).ok_or_else(wrong)?;
    Pbkdf2::checked(Digest::Sha1, rounds, salt.to_vec(), key, limits)
}

fn widened(credential: &Credential<'_>, digest: Digest, nul_first: bool) -> Reading {
    let expected = Secret::new(digest_of(credential, digest)?);
    Ok(Box::new(Widened { digest, nul_first, expected }))
}

/// A digest of the password's bytes, each with a NUL beside it: what Dovecot took for UTF-16.
struct Widened {
    digest: Digest,
    nul_first: bool,
    expected: Secret,
}

impl Construction for Widened {
    fn verify(&self, password: &[u8], _: &mut Scratch) -> Verdict {
        let pair = |&byte: &u8| if self.nul_first { [0, byte] } else { [byte, 0] };
        let wide: Zeroizing<Vec<u8>> =
            Zeroizing::new(super::c_string(password).iter().flat_map(pair).collect());
        Verdict::of(self.expected.matches(&self.digest.of(&[&wide])))
    }

    fn cost(&self) -> Cost {
        Cost::nanos(self.digest.nanos(32))
    }

    fn okta(&self) -> Result<OktaHash, NotImportable> {
        let why = format!("{} of the password's bytes with NULs between", self.digest.title());
        Err(NotImportable(why.into()))
    }

    fn parameters(&self) -> String {
        String::new()
    }
}
