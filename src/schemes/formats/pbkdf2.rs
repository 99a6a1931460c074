//! PBKDF2 (RFC 8018) in its general dresses: the PHC string, passlib's, and hashcat's. Frameworks with a dress of
//! their own bring their values here once they have taken them apart.

use crate::schemes::construction::{Construction, Cost, Reading, Refusal, Scratch, Verdict};
use crate::schemes::digest::Digest;
use crate::schemes::kernels::{self, Kind, Task};
use crate::schemes::registry::{Entry, Example, Reader};
use crate::schemes::{Credential, Limits, NotImportable, OktaHash, encoding};
use crate::secret::Secret;

pub(super) const ENTRIES: &[Entry] = &[
    Entry {
        name: "phc-pbkdf2",
        software: "Ory Kratos, FusionAuth exports, RustCrypto, and other writers of PHC strings",
        layout: "$pbkdf2-sha256$i=<rounds>[,l=<bytes>]$<salt>$<digest>, also -sha1 and -sha512",
        example: Example::of(
            "$pbkdf2-sha256$i=4096,l=32$c2FsdA$xeR41ZKIyEGqUw22hFxMjZYok6ABzk4RpJY4c6qYE0o",
            "password",
        ),
        prefixes: &["$pbkdf2-sha256$i=", "$pbkdf2-sha512$i=", "$pbkdf2-sha1$i=", "$pbkdf2$i="],
        reader: Reader::Format(phc),
        ..PBKDF2
    },
    Entry {
        name: "passlib-pbkdf2",
        aliases: &["pbkdf2", "pbkdf2-sha1", "pbkdf2-sha256", "pbkdf2-sha512", "pbkdf2-elixir", "odoo"],
        hashcat: &[20200, 20300, 20400],
        software: "passlib",
        layout: "$pbkdf2-sha256$<rounds>$<salt>$<digest>, also $pbkdf2$ (SHA-1) and $pbkdf2-sha512$",
        example: Example::of(
            "$pbkdf2-sha256$6400$.6UI/S.nXIk8jcbdHx3Fhg$98jZicV16ODfEsEZeYPGHU3kbrUrvUEXOPimVSQDD44",
            "password",
        ),
        prefixes: &["$pbkdf2$", "$pbkdf2-sha256$", "$pbkdf2-sha512$"],
        reader: Reader::Format(passlib),
        ..PBKDF2
    },
    Entry {
        name: "hashcat-pbkdf2",
        hashcat: &[10900, 11900, 12000, 12100],
        software: "hashcat's own notation",
        layout: "sha256:<rounds>:base64({salt}):base64({digest}), also md5, sha1 and sha512",
        example: Example::of("sha256:1000:MTc3MTA0MTQwMjQxNzY=:PYjCU215Mi57AYPKva9j7mvF4Rc5bCnt", "hashcat"),
        prefixes: &["sha256:", "sha512:", "sha1:", "md5:"],
        also_written_by: Some(
            "hashcat and CrackStation's PHP code both write a digest's name, rounds, salt and digest with colons, \
             and the latter takes the salt's base64 for the salt",
        ),
        reader: Reader::Format(hashcat),
        ..PBKDF2
    },
];

const PBKDF2: Entry =
    Entry { okta: "PBKDF2 with SHA-256 or SHA-512 from 4096 rounds; hook: all others", ..Entry::BLANK };

/// Bytes that a derived key must have, whatever the value says: of one byte, every 256th password would be right.
/// Nothing that is known writes fewer than 16.
pub(super) const MIN_KEY: usize = 8;

/// A derived key with all that it was derived with.
pub(super) struct Pbkdf2 {
    digest: Digest,
    rounds: u32,
    salt: Vec<u8>,
    key: Secret,
}

impl Pbkdf2 {
    /// Checks the parts against the limits.
    pub(super) fn checked(
        digest: Digest,
        rounds: u32,
        salt: Vec<u8>,
        key: Vec<u8>,
        limits: &Limits,
    ) -> Reading {
        if rounds == 0 {
            return Err(Refusal::unreadable("PBKDF2 must have at least one round"));
        }
        if key.is_empty() {
            return Err(Refusal::unreadable("PBKDF2's digest is empty"));
        }
        limits.rounds(u64::from(rounds))?;
        limits.rounds(digest.pbkdf2_work(rounds, key.len()))?;
        limits.salt(salt.len())?;
        if key.len() < MIN_KEY {
            let found = key.len();
            return Err(Refusal::unreadable(format!(
                "PBKDF2's digest must have {MIN_KEY} bytes or more, this value has {found}"
            )));
        }
        Ok(Box::new(Self { digest, rounds, salt, key: Secret::new(key) }))
    }
}

impl Construction for Pbkdf2 {
    fn verify(&self, password: &[u8], scratch: &mut Scratch) -> Verdict {
        kernels::alone(self, password, scratch)
    }

    fn kind(&self) -> Option<Kind> {
        Some(Kind::pbkdf2(self.digest, self.rounds, self.key.len()))
    }

    fn task(&self, password: &[u8], _: &mut Scratch) -> Option<Task> {
        Some(Task::pbkdf2(password, &self.salt, self.key.len()))
    }

    fn judge(&self, result: &[u8]) -> Verdict {
        Verdict::of(self.key.matches(result))
    }

    fn cost(&self) -> Cost {
        Cost::nanos(self.digest.pbkdf2_nanos(self.digest.pbkdf2_work(self.rounds, self.key.len())))
    }

    fn okta(&self) -> Result<OktaHash, NotImportable> {
        OktaHash::pbkdf2(self.digest, self.rounds, &self.salt, self.key.expose())
    }

    fn parameters(&self) -> String {
        format!("{}, {} rounds", self.digest.title(), self.rounds)
    }
}

fn algorithm(name: &[u8]) -> Option<Digest> {
    match name {
        b"pbkdf2" | b"pbkdf2-sha1" => Some(Digest::Sha1),
        b"pbkdf2-sha256" => Some(Digest::Sha256),
        b"pbkdf2-sha512" => Some(Digest::Sha512),
        _ => None,
    }
}

/// The fields between the `$` of `$a$b$c$d`; exactly four.
fn fields(stored: &[u8]) -> Option<[&[u8]; 4]> {
    let rest = stored.strip_prefix(b"$")?;
    let mut fields = rest.split(|&byte| byte == b'$');
    let four = [fields.next()?, fields.next()?, fields.next()?, fields.next()?];
    fields.next().is_none().then_some(four)
}

/// `$pbkdf2-sha256$i=…,l=…$salt$digest`, `l` being the digest's length.
fn phc(credential: &Credential<'_>, limits: &Limits) -> Reading {
    let wrong = || {
        Refusal::unreadable(
            "expected $pbkdf2-<digest>$i=<rounds>,l=<bytes>$<salt>$<digest>, base64 without padding",
        )
    };
    let [name, parameters, salt, key] = fields(credential.stored).ok_or_else(wrong)?;
    let digest = algorithm(name).ok_or_else(wrong)?;
    let mut parameters = parameters.split(|&byte| byte == b',');
    let mut number = |name: &[u8]| {
        parameters.next().map(|field| field.strip_prefix(name).and_then(encoding::decimal).ok_or_else(wrong))
    };
    let rounds = number(b"i=").ok_or_else(wrong)??;
    let len = number(b"l=").transpose()?;
    if number(b"").is_some() {
        return Err(wrong());
    }
    let salt = encoding::from_base64_unpadded(salt).ok_or_else(wrong)?;
    let key = encoding::from_base64_unpadded(key).ok_or_else(wrong)?;
    if len.is_some_and(|len| len as usize != key.len()) {
        return Err(Refusal::unreadable(
            "the digest is not as long as l= says; where it is hex digits, name `discourse`",
        ));
    }
    Pbkdf2::checked(digest, rounds, salt, key, limits)
}

/// `$pbkdf2-sha256$rounds$salt$digest` in adapted base64; passlib always writes the digest's whole length.
fn passlib(credential: &Credential<'_>, limits: &Limits) -> Reading {
    let wrong = || {
        Refusal::unreadable("expected $pbkdf2-<digest>$<rounds>$<salt>$<digest> in passlib's adapted base64")
    };
    let [name, rounds, salt, key] = fields(credential.stored).ok_or_else(wrong)?;
    let digest = algorithm(name).ok_or_else(wrong)?;
    let rounds = encoding::decimal(rounds).ok_or_else(wrong)?;
    let salt = encoding::from_adapted_base64(salt).ok_or_else(wrong)?;
    let key = encoding::from_adapted_base64(key).filter(|key| key.len() == digest.len()).ok_or_else(wrong)?;
    Pbkdf2::checked(digest, rounds, salt, key, limits)
}

/// `sha256:rounds:salt:digest` in base64.
fn hashcat(credential: &Credential<'_>, limits: &Limits) -> Reading {
    let wrong = || Refusal::unreadable("expected <digest>:<rounds>:<salt>:<digest>, the last two in base64");
    let mut fields = credential.stored.split(|&byte| byte == b':');
    let mut field = || fields.next().ok_or_else(wrong);
    let (name, rounds, salt, key) = (field()?, field()?, field()?, field()?);
    if field().is_ok() {
        return Err(wrong());
    }
    let digest = std::str::from_utf8(name).ok().and_then(Digest::named).ok_or_else(wrong)?;
    let rounds = encoding::decimal(rounds).ok_or_else(wrong)?;
    let salt = encoding::from_base64(salt).ok_or_else(wrong)?;
    let key = encoding::from_base64(key).ok_or_else(wrong)?;
    Pbkdf2::checked(digest, rounds, salt, key, limits)
}
