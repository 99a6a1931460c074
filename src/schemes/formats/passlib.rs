//! What passlib alone writes, or was the first to write: SCRAM's salted passwords, GRUB's PBKDF2, and LDAP's names
//! before hex digits.

use crate::schemes::construction::{Construction, Cost, Reading, Refusal, Scratch, Verdict};
use crate::schemes::digest::Digest;
use crate::schemes::kernels::{self, Kind, Task};
use crate::schemes::registry::{Entry, Example, Reader};
use crate::schemes::{Credential, Limits, NotImportable, OktaHash, encoding};
use zeroize::Zeroizing;

use super::pbkdf2::Pbkdf2;

pub(super) const ENTRIES: &[Entry] = &[
    Entry {
        name: "scram",
        aliases: &["passlib-scram"],
        software: "passlib",
        layout: "$scram$<rounds>$<salt>$sha-1=<digest>,sha-256=<digest>,…",
        example: Example::of(
            "$scram$4096$QSXCR.Q6sek8bf92$sha-1=HZbuOlKbWl.eR8AfIposuKbhX30,\
             sha-256=qXUXrlcvnaxxWG00DdRgVioR2gnUpuX5r.3EZ1rdhVY,\
             sha-512=lzgniLFcvglRLS0gt.C4gy.NurS3OIOVRAU1zZOV4P.qFiVFO2/edGQSu/kD1LwdX0SNV/KsPdHSwEl5qRTuZQ",
            "pencil",
        ),
        okta: "hook: the password goes through SASLprep first",
        prefixes: &["$scram$"],
        reader: Reader::Format(scram),
        ..Entry::BLANK
    },
    Entry {
        name: "grub-pbkdf2-sha512",
        aliases: &["grub"],
        hashcat: &[7200],
        software: "GRUB 2's grub-mkpasswd-pbkdf2, passlib",
        layout: "grub.pbkdf2.sha512.<rounds>.hex({salt}).hex({digest})",
        example: Example::of(
            "grub.pbkdf2.sha512.1000.73616C74.AFE6C5530785B6CC6B1C6453384731BD5EE432EE549FD42FB6695779AD8A1C5BF59DE69C48F774EFC4007D5298F9033C0241D5AB69305E7B64ECEEB8D834CFEC",
            "password",
        ),
        okta: "PBKDF2 with SHA-512 from 4096 rounds; hook: fewer",
        prefixes: &["grub.pbkdf2.sha512."],
        reader: Reader::Format(grub),
        ..Entry::BLANK
    },
    Entry {
        name: "ldap-hex-sha1",
        software: "passlib, Dovecot",
        layout: "{SHA}hex({digest:20})",
        example: Example::of("{SHA}5baa61e4c9b93f3f0682250b6cf8331b7ee68fd8", "password"),
        okta: "SHA-1",
        prefixes: &["{SHA}"],
        claims: |rest| rest.len() == 40 && encoding::from_hex(rest).is_some(),
        reader: Reader::Expression("sha1($pass)"),
        ..Entry::BLANK
    },
];

/// `rounds.salt.digest` in hex.
fn grub(credential: &Credential<'_>, limits: &Limits) -> Reading {
    let wrong =
        || Refusal::unreadable("expected grub.pbkdf2.sha512.<rounds>.<salt>.<digest>, the last two in hex");
    let mut fields = credential.stored.split(|&byte| byte == b'.').skip(3);
    let mut field = || fields.next().ok_or_else(wrong);
    let (rounds, salt, key) = (field()?, field()?, field()?);
    if field().is_ok() {
        return Err(wrong());
    }
    let rounds = encoding::decimal(rounds).ok_or_else(wrong)?;
    let salt = encoding::from_hex(salt).ok_or_else(wrong)?;
    let key = encoding::from_hex(key).ok_or_else(wrong)?;
    Pbkdf2::checked(Digest::Sha512, rounds, salt, key, limits)
}

/// The digests by which passlib verifies, the first that is there.
const VERIFIED_BY: [(&[u8], Digest); 5] = [
    (b"sha-256", Digest::Sha256),
    (b"sha-512", Digest::Sha512),
    (b"sha-224", Digest::Sha224),
    (b"sha-384", Digest::Sha384),
    (b"sha-1", Digest::Sha1),
];

struct Scram(Box<dyn Construction>);

fn scram(credential: &Credential<'_>, limits: &Limits) -> Reading {
    let wrong = || {
        Refusal::unreadable(
            "expected $scram$<rounds>$<salt>$ and <name>=<digest> with commas, names in order, sha-1 among them",
        )
    };
    let mut fields = credential.stored.split(|&byte| byte == b'$').skip(2);
    let mut field = || fields.next().ok_or_else(wrong);
    let (rounds, salt, digests) = (field()?, field()?, field()?);
    if field().is_ok() {
        return Err(wrong());
    }
    let rounds = encoding::decimal(rounds).ok_or_else(wrong)?;
    let salt = encoding::from_adapted_base64(salt).ok_or_else(wrong)?;
    let pair = |text: &[u8]| -> Option<(Vec<u8>, Zeroizing<Vec<u8>>)> {
        let at = text.iter().position(|&byte| byte == b'=')?;
        let (name, digest) = (text.get(..at)?, text.get(at + 1..)?);
        let named = matches!(name.len(), 1..=9)
            && name.iter().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || *byte == b'-');
        let digest = encoding::from_adapted_base64(digest)?;
        let known = VERIFIED_BY.iter().find(|(known, _)| *known == name);
        let whole = known.map_or(!digest.is_empty(), |(_, kind)| kind.len() == digest.len());
        (named && whole).then(|| (name.to_vec(), Zeroizing::new(digest)))
    };
    let digests: Option<Vec<_>> = digests.split(|&byte| byte == b',').map(pair).collect();
    let digests = digests.filter(|digests| digests.is_sorted_by(|(a, _), (b, _)| a < b)).ok_or_else(wrong)?;
    let of = |name: &[u8]| digests.iter().find(|(known, _)| known == name).map(|(_, digest)| digest);
    if of(b"sha-1").is_none() {
        return Err(wrong());
    }
    let chosen = VERIFIED_BY.iter().find_map(|(name, digest)| Some((*digest, of(name)?)));
    let (digest, key) = chosen.ok_or_else(wrong)?;
    Ok(Box::new(Scram(Pbkdf2::checked(digest, rounds, salt, key.to_vec(), limits)?)))
}

impl Construction for Scram {
    fn verify(&self, password: &[u8], scratch: &mut Scratch) -> Verdict {
        kernels::alone(self, password, scratch)
    }

    fn kind(&self) -> Option<Kind> {
        self.0.kind()
    }

    fn task(&self, password: &[u8], scratch: &mut Scratch) -> Option<Task> {
        // What SASLprep prohibits cannot have been set as a password.
        let prepared = stringprep::saslprep(std::str::from_utf8(password).ok()?).ok()?;
        let prepared = Zeroizing::new(prepared.into_owned());
        self.0.task(prepared.as_bytes(), scratch)
    }

    fn judge(&self, result: &[u8]) -> Verdict {
        self.0.judge(result)
    }

    fn cost(&self) -> Cost {
        self.0.cost()
    }

    fn okta(&self) -> Result<OktaHash, NotImportable> {
        Err(NotImportable("the password goes through SASLprep first: Okta takes it as it is".into()))
    }

    fn parameters(&self) -> String {
        self.0.parameters()
    }
}
