//! LDAP's `userPassword` (RFC 2307 and what `OpenLDAP`, 389 Directory Server and Dovecot add): `{SCHEME}` and base64 of
//! the digest, with the salt behind it where there is one.
//!
//! The name in braces is the same in any case. Others use some of these names too (Spring Security for hex, AIX for
//! crypt(3)'s base64, Dovecot for a PBKDF2 of its own), which is told apart by the shape. Dovecot lets a name end in
//! its encoding: `{SHA256.HEX}`.

use crate::schemes::construction::{Reading, Refusal};
use crate::schemes::digest::Digest;
use crate::schemes::expression::salted_digest;
use crate::schemes::registry::{self, Entry, Example, Reader};
use crate::schemes::{Credential, Limits, encoding};

use super::pbkdf2::Pbkdf2;

pub(super) const ENTRIES: &[Entry] = &[
    Entry {
        name: "ldap-md5",
        hashcat: &[],
        okta: "MD5",
        example: Example::of("{MD5}X03MO1qnZdYdgyfeuILPmQ==", "password"),
        prefixes: &["{MD5}"],
        layout: "{MD5}base64({digest:16})",
        claims: is_base64,
        reader: Reader::Format(|c, l| plain(c, l, Digest::Md5)),
        ..LDAP
    },
    Entry {
        name: "ldap-smd5",
        aliases: &["smd5", "ldap-salted-md5"],
        okta: "MD5, POSTFIX",
        example: Example::of("{SMD5}jNoSMNY0cybfuBWiaGlFw3Mfi/U=", "password"),
        prefixes: &["{SMD5}", "{SMD5.HEX}", "{SMD5.B64}", "{SMD5.BASE64}"],
        layout: "{SMD5}base64({digest:16}{salt})",
        reader: Reader::Format(|c, l| salted(c, l, Digest::Md5)),
        ..LDAP
    },
    Entry {
        name: "ldap-sha",
        aliases: &["ldap-sha1"],
        hashcat: &[101],
        okta: "SHA-1",
        example: Example::of("{SHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g=", "password"),
        prefixes: &[
            "{SHA}",
            "{SHA.HEX}",
            "{SHA.B64}",
            "{SHA.BASE64}",
            "{SHA1}",
            "{SHA1.HEX}",
            "{SHA1.B64}",
            "{SHA1.BASE64}",
        ],
        layout: "{SHA}base64({digest:20})",
        reader: Reader::Format(|c, l| plain(c, l, Digest::Sha1)),
        ..LDAP
    },
    Entry {
        name: "ldap-ssha",
        aliases: &["ssha", "ldap-salted-sha1"],
        hashcat: &[111],
        okta: "SHA-1, POSTFIX",
        example: Example::of("{SSHA}pKqkNr1tq3wtQqk+UcPyA3HnA2NsU5NJ", "password"),
        prefixes: &["{SSHA}", "{SSHA.HEX}", "{SSHA.B64}", "{SSHA.BASE64}", "{SSHA1}"],
        layout: "{SSHA}base64({digest:20}{salt})",
        reader: Reader::Format(|c, l| salted(c, l, Digest::Sha1)),
        ..LDAP
    },
    Entry {
        name: "ldap-sha256",
        okta: "SHA-256",
        example: Example::of("{SHA256}XohImNooBHFR0OVvjcYpJ3NgPQ1qq73WKhHvch0VQtg=", "password"),
        prefixes: &["{SHA256}", "{SHA256.HEX}", "{SHA256.B64}", "{SHA256.BASE64}"],
        layout: "{SHA256}base64({digest:32})",
        claims: |rest| is_base64(rest) || rest.len() == 64, // hex, from Dovecot
        reader: Reader::Format(|c, l| plain(c, l, Digest::Sha256)),
        ..LDAP
    },
    Entry {
        name: "ldap-ssha256",
        aliases: &["ssha256", "ldap-salted-sha256"],
        hashcat: &[1411],
        okta: "SHA-256, POSTFIX",
        example: Example::of(
            "{SSHA256}znfazOji8IhNZEfs0L0ccO+yOS6WPwYlaqcpfTREy/x0g4Iqr7f54g==",
            "correct horse battery staple",
        ),
        prefixes: &["{SSHA256}", "{SSHA256.HEX}", "{SSHA256.B64}", "{SSHA256.BASE64}"],
        layout: "{SSHA256}base64({digest:32}{salt})",
        reader: Reader::Format(|c, l| salted(c, l, Digest::Sha256)),
        ..LDAP
    },
    Entry {
        name: "ldap-sha384",
        okta: "hook: Okta has no SHA-384",
        example: Example::of(
            "{SHA384}wkuSRJyHHzO7vx/BmJ5eEDfPqaPf2xeUf4FyImGB54Jeu0x1B2ORWDW/ElpZDgWu",
            "correct horse battery staple",
        ),
        prefixes: &["{SHA384}"],
        layout: "{SHA384}base64({digest:48})",
        reader: Reader::Format(|c, l| plain(c, l, Digest::Sha384)),
        ..LDAP
    },
    Entry {
        name: "ldap-ssha384",
        aliases: &["ssha384"],
        okta: "hook: Okta has no SHA-384",
        example: Example::of(
            "{SSHA384}IwqSytBZ33nQCKP2+b0wl5SWVCjQzFnph167vlTqjY6Aop4caOcdjDn/YJGqwPWNE5giiVu2IrI=",
            "correct horse battery staple",
        ),
        prefixes: &["{SSHA384}"],
        layout: "{SSHA384}base64({digest:48}{salt})",
        reader: Reader::Format(|c, l| salted(c, l, Digest::Sha384)),
        ..LDAP
    },
    Entry {
        name: "ldap-sha512",
        okta: "SHA-512",
        example: Example::of(
            "{SHA512}vl73Z52Iq5qQRfYmflX15XhLS4zXZLXNhVpSRPkcYmlTzUbEPXZohz/W7707IhJJMVWAAxljRyoHh4H+BG5irg==",
            "correct horse battery staple",
        ),
        prefixes: &["{SHA512}", "{SHA512.HEX}", "{SHA512.B64}", "{SHA512.BASE64}"],
        layout: "{SHA512}base64({digest:64})",
        reader: Reader::Format(|c, l| plain(c, l, Digest::Sha512)),
        ..LDAP
    },
    Entry {
        name: "ldap-ssha512",
        aliases: &["ssha512", "ldap-salted-sha512"],
        hashcat: &[1711],
        okta: "SHA-512, POSTFIX",
        example: Example::of(
            "{SSHA512}kmusAXly21qGKc5FpqkOc7uCFdeiTHhOrnXcw6NlTEjJSNx3s1HvKwvHTb7MMfWdl7OVpiw7aaPmLTsuDGSaRPD4CS5axI8g",
            "correct horse battery staple",
        ),
        prefixes: &["{SSHA512}", "{SSHA512.HEX}", "{SSHA512.B64}", "{SSHA512.BASE64}"],
        layout: "{SSHA512}base64({digest:64}{salt})",
        reader: Reader::Format(|c, l| salted(c, l, Digest::Sha512)),
        ..LDAP
    },
    Entry {
        name: "ldap-pbkdf2",
        aliases: &["ldap-pbkdf2-sha1", "ldap-pbkdf2-sha256", "ldap-pbkdf2-sha512"],
        software: "OpenLDAP's pw-pbkdf2, 389 Directory Server, passlib",
        layout: "{PBKDF2-SHA256}<rounds>$<salt>$<digest>, also {PBKDF2} and {PBKDF2-SHA1} (SHA-1) and {PBKDF2-SHA512}",
        okta: "PBKDF2 with SHA-256 or SHA-512 from 4096 rounds; hook: all others",
        example: Example::of(
            "{PBKDF2-SHA256}10000$henZGfPWw79Cs8ORDeVNrQ$1dTJy73v6n3bnTmTZFghxHXHLsAzKaAy8SksDfZBPIw",
            "password",
        ),
        prefixes: &["{PBKDF2}", "{PBKDF2-SHA1}", "{PBKDF2-SHA256}", "{PBKDF2-SHA512}"],
        claims: |rest| rest.first().is_some_and(u8::is_ascii_digit) && rest.contains(&b'$'),
        reader: Reader::Format(pbkdf2),
        ..LDAP
    },
    Entry {
        name: "389ds-pbkdf2-sha256",
        hashcat: &[10901],
        software: "389 Directory Server 1.3.6 to 2.0",
        layout: "{PBKDF2_SHA256}base64(<rounds:4>{salt:64}{digest:256})",
        okta: "PBKDF2",
        example: Example::of(
            "{PBKDF2_SHA256}AAAgADkxMjM2NTIzMzgzMjQ3MjI4MDAwNTk5OTAyOTk4NDI2MjkyMzAzNjg0NjQwOTMxNjI3OTMzNjg0MDI0OTY5NTe5ULagRTYpLaUoeqJMg8x9W/DXu+9VTFaVhaYvebYrY+sOqn1ZMRnws22C1uAkiE2tFM8qN+xw5xe7OmCPZ203NuruK4oB33QlsKIEz4ppm0TR94JB9PJx7lIQwFHD3FUNUNryj4jk6UYyJ4+V1Z9Ug/Iy/ylQBJgfs5ihzgxHYZrfp1wUCXFzlZG9mxmziPm8VFnAhaX4+FBAZvLAx33jpbKOwEg7TmwP2VJ8BNFLQRqwYdlqIjQlAhncXH+dqIF9VdM4MonAA0hx76bMvFTP7LF5VO1IqVmcuYz7YG9v4KKRjnvoUUqOj6okUBQTay3EzsdFVnUW1FemYOccJd5q",
            "hashcat",
        ),
        prefixes: &["{PBKDF2_SHA256}"],
        reader: Reader::Format(pbkdf2_of_389),
        ..LDAP
    },
    Entry {
        name: "389ds-gost-yescrypt",
        software: "389 Directory Server",
        layout: "{GOST_YESCRYPT}$gy$<parameters>$<salt>$<digest:43>",
        okta: "hook: Okta has no yescrypt",
        example: Example::of(
            "{GOST_YESCRYPT}$gy$j9T$T8mNjeivZ9FBBBQ3gM5H30$nskgEb126UEP/o5D5aFlPnIvKKbgJd.UDvHF5Tdx.n8",
            "password",
        ),
        prefixes: &["{GOST_YESCRYPT}"],
        claims: |_| true,
        reader: Reader::Format(gost_yescrypt),
        ..LDAP
    },
    Entry {
        name: "ns-mta-md5",
        software: "Netscape Messaging Server; 389 Directory Server, OpenLDAP's pw-netscape",
        layout: "{NS-MTA-MD5}{digest:32}{salt:32}",
        okta: "hook: the salt stands on both sides of the password",
        example: Example::of(
            "{NS-MTA-MD5}3b25c5f9695142ac83535a8cfd45c4adabcdefghijklmnopqrstuvwxyz012345",
            "correct horse battery staple",
        ),
        prefixes: &["{NS-MTA-MD5}"],
        reader: Reader::Expression("md5($salt.'Y'.$pass.unhex('f7').$salt)"),
        ..LDAP
    },
];

const LDAP: Entry = Entry {
    software: "OpenLDAP, 389 Directory Server, Dovecot",
    claims: |rest| !rest.contains(&b'$'),
    ..Entry::BLANK
};

/// Base64 with its padding, not the hex or the `{salt}hex` that Spring writes under the same name, nor crypt(3)'s.
fn is_base64(rest: &[u8]) -> bool {
    !rest.starts_with(b"{") && !rest.contains(&b'$') && encoding::from_hex(rest).is_none()
}

/// `{SHA}` and its like: the digest alone.
fn plain(credential: &Credential<'_>, _: &Limits, digest: Digest) -> Reading {
    let bytes = Payload::of(credential).digest(digest.len())?;
    if bytes.len() != digest.len() {
        return Err(Refusal::unreadable(format!(
            "{} has {} bytes, this value has {}",
            digest.title(),
            digest.len(),
            bytes.len()
        )));
    }
    Ok(salted_digest(digest, b"", b"", bytes))
}

/// `{SSHA}` and its like: the digest and then the salt, of at least one byte.
fn salted(credential: &Credential<'_>, limits: &Limits, digest: Digest) -> Reading {
    let mut value = Payload::of(credential).bytes()?;
    if value.len() <= digest.len() {
        return Err(Refusal::unreadable(format!(
            "salted {} has more than {} bytes, this value has {}",
            digest.title(),
            digest.len(),
            value.len()
        )));
    }
    limits.salt(value.len() - digest.len())?;
    let salt = value.split_off(digest.len());
    Ok(salted_digest(digest, b"", salt, value))
}

/// `rounds$salt$digest`: adapted base64 as `OpenLDAP` and passlib write it, or RFC 4648's as 389 Directory Server does.
fn pbkdf2(credential: &Credential<'_>, limits: &Limits) -> Reading {
    let wrong = || {
        Refusal::unreadable(
            "expected <rounds>$<salt>$<digest> behind the name in braces, the last two in base64",
        )
    };
    let Payload { name, text, .. } = Payload::of(credential);
    let digest = match name.to_ascii_uppercase().as_slice() {
        b"PBKDF2" | b"PBKDF2-SHA1" => Digest::Sha1,
        b"PBKDF2-SHA256" => Digest::Sha256,
        b"PBKDF2-SHA512" => Digest::Sha512,
        _ => return Err(wrong()),
    };
    let mut fields = text.split(|&byte| byte == b'$');
    let (Some(rounds), Some(salt), Some(key), None) =
        (fields.next(), fields.next(), fields.next(), fields.next())
    else {
        return Err(wrong());
    };
    let decoded = |text| encoding::from_adapted_base64(text).or_else(|| encoding::from_base64(text));
    let rounds = encoding::decimal(rounds).ok_or_else(wrong)?;
    let salt = decoded(salt).ok_or_else(wrong)?;
    let key = decoded(key).filter(|key| key.len() == digest.len()).ok_or_else(wrong)?;
    Pbkdf2::checked(digest, rounds, salt, key, limits)
}

/// The rounds with the highest byte first, 64 bytes of salt, and a digest of 256 bytes.
fn pbkdf2_of_389(credential: &Credential<'_>, limits: &Limits) -> Reading {
    let bytes = Payload::of(credential).bytes()?;
    let parts = bytes.split_first_chunk::<4>().filter(|_| bytes.len() == 4 + 64 + 256);
    let (rounds, rest) = parts.ok_or_else(|| {
        Refusal::unreadable(format!("expected 4 + 64 + 256 bytes in base64, this value has {}", bytes.len()))
    })?;
    let (salt, key) = rest.split_at(64);
    Pbkdf2::checked(Digest::Sha256, u32::from_be_bytes(*rounds), salt.to_vec(), key.to_vec(), limits)
}

fn gost_yescrypt(credential: &Credential<'_>, limits: &Limits) -> Reading {
    let stored = Payload::of(credential).text;
    let any = registry::named("ldap-crypt").filter(|_| stored.starts_with(b"$gy$"));
    let any = any.ok_or_else(|| Refusal::unreadable("expected $gy$ after {GOST_YESCRYPT}"))?;
    any.read(&Credential { stored, ..*credential }, limits)
}

/// What stands behind a name in braces, and the encoding that Dovecot's names may end in.
pub(super) struct Payload<'a> {
    /// Without the encoding; in the case in which it is stored.
    pub(super) name: &'a [u8],
    pub(super) text: &'a [u8],
    suffix: Option<&'a [u8]>,
}

impl<'a> Payload<'a> {
    /// A value without braces has no name.
    pub(super) fn of(credential: &Credential<'a>) -> Self {
        let stored = credential.stored;
        let end = stored.iter().position(|&byte| byte == b'}').filter(|_| stored.starts_with(b"{"));
        let (name, text) = match end.and_then(|end| stored.split_at_checked(end)) {
            Some((name, text)) => (name.get(1..).unwrap_or_default(), text.get(1..).unwrap_or_default()),
            None => (b"".as_slice(), stored),
        };
        let dot = name.iter().rposition(|&byte| byte == b'.');
        match dot.and_then(|dot| name.split_at_checked(dot)) {
            Some((name, suffix)) => Self { name, text, suffix: suffix.get(1..) },
            None => Self { name, text, suffix: None },
        }
    }

    /// Base64, unless the name says hex.
    pub(super) fn bytes(&self) -> Result<Vec<u8>, Refusal> {
        self.decoded(false)
    }

    /// A digest of `len` bytes: where the name says nothing, its length tells hex from base64.
    pub(super) fn digest(&self, len: usize) -> Result<Vec<u8>, Refusal> {
        self.decoded(self.text.len() == 2 * len)
    }

    /// The text itself, unless the name says that it is encoded.
    pub(super) fn plain(&self) -> Result<std::borrow::Cow<'a, [u8]>, Refusal> {
        match self.suffix {
            None => Ok(self.text.into()),
            Some(_) => self.decoded(false).map(Into::into),
        }
    }

    fn decoded(&self, looks_like_hex: bool) -> Result<Vec<u8>, Refusal> {
        let hex = self.suffix.map_or(looks_like_hex, |suffix| suffix.eq_ignore_ascii_case(b"HEX"));
        let bytes = if hex { encoding::from_hex(self.text) } else { encoding::from_base64(self.text) };
        bytes.ok_or_else(|| {
            Refusal::unreadable(if hex {
                "what follows the name in braces must be hex digits"
            } else {
                "what follows the name in braces must be base64 with its padding"
            })
        })
    }
}
