//! SCRAM (RFC 5802, RFC 7677): what a server keeps is two keys that PBKDF2's result is turned into. Databases,
//! brokers and XMPP servers each have a dress for them; the keys are checked here.

use std::borrow::Cow;

use zeroize::Zeroizing;

use crate::schemes::construction::{Construction, Cost, Reading, Refusal, Scratch, Verdict};
use crate::schemes::digest::Digest;
use crate::schemes::kernels::{self, Kind, Task};
use crate::schemes::registry::{Entry, Example, Reader};
use crate::schemes::{Limits, NotImportable, OktaHash, encoding};
use crate::secret::Secret;

pub(super) const ENTRIES: &[Entry] = &[
    Entry {
        name: "postgresql-scram",
        aliases: &["postgres-scram"],
        hashcat: &[28600],
        software: "PostgreSQL 10 and later (password_encryption = scram-sha-256)",
        layout: "SCRAM-SHA-256$<rounds>:base64({salt})$base64(<StoredKey:32>):base64(<ServerKey:32>)",
        example: Example::of(
            "SCRAM-SHA-256$4096:IKfxzJ8Nq4PkLJCfgKcPmA==$iRw3qwTp18uaBnsTOEExbtgWdKeBMbSSnZvqD4sdqLQ=:hPciC1CcnBna3szR8Mf3MVc8t0W7QPbIHoMMrh4zRV0=",
            "hashcat",
        ),
        prefixes: &["SCRAM-SHA-256$"],
        reader: Reader::Format(|credential, limits| {
            rfc_5803(credential.stored, "SCRAM-SHA-256$", Digest::Sha256, limits)
        }),
        ..SCRAM
    },
    Entry {
        name: "scram-sha-1",
        aliases: &["rfc5803-scram-sha-1"],
        software: "RFC 5803 (LDAP's authPassword); ejabberd's columns, put together so by the query",
        layout: "SCRAM-SHA-1$<rounds>:base64({salt})$base64(<StoredKey:20>):base64(<ServerKey:20>)",
        example: Example::of(
            "SCRAM-SHA-1$4096:QSXCR+Q6sek8bf92$6dlGYMOdZcOPutkcNY8U2g7vK9Y=:D+CSWLOshSulAsxiupA+qs2/fTE=",
            "pencil",
        ),
        prefixes: &["SCRAM-SHA-1$"],
        reader: Reader::Format(|credential, limits| {
            rfc_5803(credential.stored, "SCRAM-SHA-1$", Digest::Sha1, limits)
        }),
        ..SCRAM
    },
    Entry {
        name: "scram-sha-512",
        aliases: &["rfc5803-scram-sha-512"],
        software: "RFC 5803 (LDAP's authPassword); ejabberd's columns, put together so by the query",
        layout: "SCRAM-SHA-512$<rounds>:base64({salt})$base64(<StoredKey:64>):base64(<ServerKey:64>)",
        example: Example::of(
            "SCRAM-SHA-512$4096:QSXCR+Q6sek8bf92$Lm7w6zPGAx+UoahlEm1whIN7PS1KGU+9+V5PyudK6c/mWVVtkXSCpVPmUKQLYDKR7v0uSkxrBzPm7HuSwZ/ytw==:b/Ph5kGCpfdw2MyLh0C8l10iiFENloZLKPiJIHv57J3BRD9++4RvoYjTKhOehyHgJS/nsxnNB17UKgNU7nRy6g==",
            "pencil",
        ),
        prefixes: &["SCRAM-SHA-512$"],
        reader: Reader::Format(|credential, limits| {
            rfc_5803(credential.stored, "SCRAM-SHA-512$", Digest::Sha512, limits)
        }),
        ..SCRAM
    },
];

pub(super) const SCRAM: Entry =
    Entry { okta: "hook: Okta has no SCRAM, which keeps a digest of PBKDF2's result only", ..Entry::BLANK };

/// A server's keys with all that they were derived with.
pub(super) struct Scram {
    pub(super) digest: Digest,
    pub(super) rounds: u32,
    pub(super) salt: Vec<u8>,
    pub(super) stored_key: Option<Secret>,
    pub(super) server_key: Option<Secret>,
    pub(super) password: Prepared,
}

/// What becomes of a password before PBKDF2.
pub(super) enum Prepared {
    /// `SASLprep` (RFC 4013), or its bytes as they are where that refuses them, as `PostgreSQL` does.
    Sasl,
    /// MD5 of name, `:mongo:` and password, in hex.
    Mongo { user: String },
}

impl Scram {
    /// Checks the parts against the limits.
    pub(super) fn checked(self, limits: &Limits) -> Reading {
        if self.rounds == 0 {
            return Err(Refusal::unreadable("SCRAM must have at least one round"));
        }
        let len = self.digest.len();
        let mut keys = self.stored_key.iter().chain(&self.server_key).peekable();
        if keys.peek().is_none() || keys.any(|key| key.len() != len) {
            return Err(Refusal::unreadable(format!(
                "the keys of SCRAM-{} have {len} bytes",
                self.digest.title()
            )));
        }
        limits.rounds(u64::from(self.rounds))?;
        limits.salt(self.salt.len())?;
        Ok(Box::new(self))
    }
}

impl Construction for Scram {
    fn verify(&self, password: &[u8], scratch: &mut Scratch) -> Verdict {
        kernels::alone(self, password, scratch)
    }

    fn kind(&self) -> Option<Kind> {
        Some(Kind::pbkdf2(self.digest, self.rounds, self.digest.len()))
    }

    fn task(&self, password: &[u8], _: &mut Scratch) -> Option<Task> {
        Some(Task::pbkdf2(&self.password.of(password), &self.salt, self.digest.len()))
    }

    fn judge(&self, salted: &[u8]) -> Verdict {
        let same = |key: &Option<Secret>, computed: Zeroizing<Vec<u8>>| {
            key.as_ref().is_none_or(|key| key.matches(&computed))
        };
        let client = self.digest.hmac(salted, b"Client Key");
        let stored = same(&self.stored_key, self.digest.of(&[&client]));
        let server = same(&self.server_key, self.digest.hmac(salted, b"Server Key"));
        Verdict::of(stored & server)
    }

    fn cost(&self) -> Cost {
        Cost::nanos(self.digest.pbkdf2_nanos(u64::from(self.rounds)))
    }

    fn okta(&self) -> Result<OktaHash, NotImportable> {
        Err(NotImportable("SCRAM is not among Okta's algorithms".into()))
    }

    fn parameters(&self) -> String {
        format!("{}, {} rounds", self.digest.title(), self.rounds)
    }
}

impl Prepared {
    fn of(&self, password: &[u8]) -> Zeroizing<Vec<u8>> {
        match self {
            Self::Sasl => sasl_prepared(password),
            Self::Mongo { user } => {
                let digest = Digest::Md5.of(&[user.as_bytes(), b":mongo:", password]);
                Zeroizing::new(encoding::to_hex(&digest).into_bytes())
            }
        }
    }
}

fn sasl_prepared(password: &[u8]) -> Zeroizing<Vec<u8>> {
    let prepared = std::str::from_utf8(password).ok().and_then(|text| stringprep::saslprep(text).ok());
    Zeroizing::new(match prepared {
        Some(Cow::Owned(text)) if !text.is_empty() => text.into_bytes(),
        _ => password.to_vec(),
    })
}

/// `SCRAM-SHA-256$rounds:salt$StoredKey:ServerKey`
fn rfc_5803(stored: &[u8], name: &str, digest: Digest, limits: &Limits) -> Reading {
    let wrong = || {
        Refusal::unreadable(format!(
            "expected {name}<rounds>:<salt>$<StoredKey>:<ServerKey>, the last three in base64"
        ))
    };
    let rest = stored.strip_prefix(name.as_bytes()).ok_or_else(wrong)?;
    let mut fields = rest.split(|byte| matches!(byte, b':' | b'$'));
    let mut field = || fields.next().ok_or_else(wrong);
    let (rounds, salt, stored_key, server_key) = (field()?, field()?, field()?, field()?);
    let separators = rest.iter().filter(|byte| matches!(byte, b':' | b'$'));
    if !separators.eq(b":$:") {
        return Err(wrong());
    }
    let base64 = |text| encoding::from_base64(text).ok_or_else(wrong);
    Scram {
        digest,
        rounds: encoding::decimal(rounds).ok_or_else(wrong)?,
        salt: base64(salt)?,
        stored_key: Some(Secret::new(base64(stored_key)?)),
        server_key: Some(Secret::new(base64(server_key)?)),
        password: Prepared::Sasl,
    }
    .checked(limits)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 4013, section 3, and what `PostgreSQL` does with the refused ones.
    #[test]
    fn passwords_are_prepared_or_left() {
        for (password, prepared) in [
            ("I\u{ad}X", "IX"),
            ("user", "user"),
            ("\u{aa}", "a"),
            ("\u{2168}", "IX"),
            ("\u{7}", "\u{7}"),
            ("\u{627}1", "\u{627}1"),
            ("\u{1f511}é", "\u{1f511}é"),
            ("\u{ad}", "\u{ad}"),
        ] {
            assert_eq!(&*sasl_prepared(password.as_bytes()), prepared.as_bytes());
        }
        assert_eq!(&*sasl_prepared(b"\xff"), b"\xff");
    }
}
