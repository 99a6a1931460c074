//! AIX's `/etc/security/passwd`, by `pwd_algorithm` in `login.cfg`: `{smd5}` is md5-crypt without its `$1$`,
//! `{ssha1} {ssha256} {ssha512}` are PBKDF2.
//!
//! LDAP has the same names in braces before base64, which never holds a `$`. AIX writes three bytes of a digest as one
//! big-endian number, lowest six bits first, and so loses the top of what is left over at the end.

use zeroize::Zeroizing;

use crate::schemes::construction::{Construction, Cost, Reading, Refusal, Scratch, Verdict};
use crate::schemes::digest::Digest;
use crate::schemes::kernels::{self, Kind, Task};
use crate::schemes::registry::{Entry, Example, Reader};
use crate::schemes::{Credential, Limits, NotImportable, OktaHash, encoding};
use crate::secret::Secret;

use super::md5_crypt;

pub(super) const ENTRIES: &[Entry] = &[
    Entry {
        name: "aix-smd5",
        hashcat: &[6300],
        layout: "{smd5}<salt:8>$<digest:22>",
        okta: "hook: Okta has no md5-crypt",
        example: Example::of("{smd5}17800721$WkGka7tXcrfpUQS6WOQyw/", "hashcat"),
        prefixes: &["{smd5}"],
        reader: Reader::Format(smd5),
        ..AIX
    },
    Entry {
        name: "aix-ssha1",
        hashcat: &[6700],
        layout: "{ssha1}<log2 rounds:2>$<salt>$<digest:27>",
        example: Example::of("{ssha1}06$5586485655847243$V5f1Ff1y4dr7AWeVSSdv6N52..Y", "hashcat"),
        prefixes: &["{ssha1}"],
        reader: Reader::Format(|credential, limits| ssha(credential, limits, Digest::Sha1)),
        ..AIX
    },
    Entry {
        name: "aix-ssha256",
        hashcat: &[6400],
        layout: "{ssha256}<log2 rounds:2>$<salt>$<digest:43>",
        example: Example::of(
            "{ssha256}06$2715084824104660$1s/s4RZWEcvZ5VuWPXWGUfwSoG07eVSVce8F6ANJ.g4",
            "hashcat",
        ),
        prefixes: &["{ssha256}"],
        reader: Reader::Format(|credential, limits| ssha(credential, limits, Digest::Sha256)),
        ..AIX
    },
    Entry {
        name: "aix-ssha512",
        hashcat: &[6500],
        layout: "{ssha512}<log2 rounds:2>$<salt>$<digest:86>",
        example: Example::of(
            "{ssha512}06$4653718755856803$O04nVHL7iU9Jguy/B3Yow.veBM52irn.038Y/Ln6AMy/BG8wbU6ozSP8/W9KDZPUbhdsbl1lf8px.vKJS1S/..",
            "hashcat",
        ),
        prefixes: &["{ssha512}"],
        reader: Reader::Format(|credential, limits| ssha(credential, limits, Digest::Sha512)),
        ..AIX
    },
];

const AIX: Entry = Entry {
    software: "AIX",
    okta: "hook: the digest is not stored whole",
    claims: |rest| rest.contains(&b'$'),
    ..Entry::BLANK
};

/// The lengths that a salt may have.
const SALT: std::ops::RangeInclusive<usize> = 8..=24;

struct Ssha {
    digest: Digest,
    log_rounds: u32,
    salt: Vec<u8>,
    /// As it is stored.
    text: Secret,
}

fn smd5(credential: &Credential<'_>, _: &Limits) -> Reading {
    let stored = behind_name(credential);
    if !stored.contains(&b'$') || stored.starts_with(b"$") {
        return Err(Refusal::unreadable("expected <salt>$<digest> after {smd5}"));
    }
    md5_crypt::read(&Credential { stored, ..*credential }, b"")
}

fn ssha(credential: &Credential<'_>, limits: &Limits, digest: Digest) -> Reading {
    let len = (digest.len() * 4).div_ceil(3);
    let wrong = || {
        Refusal::unreadable(format!(
            "expected <log2 rounds, two digits>$<salt>$<digest of {len} characters> after the name in braces"
        ))
    };
    let mut fields = behind_name(credential).split(|&byte| byte == b'$');
    let (Some([tens @ b'0'..=b'9', ones @ b'0'..=b'9']), Some(salt), Some(text), None) =
        (fields.next(), fields.next(), fields.next(), fields.next())
    else {
        return Err(wrong());
    };
    let log_rounds = u32::from(tens - b'0') * 10 + u32::from(ones - b'0');
    if !(4..=31).contains(&log_rounds) {
        return Err(Refusal::unreadable(format!("AIX has 2^4 to 2^31 rounds, not 2^{log_rounds}")));
    }
    let plain = |text: &[u8]| text.iter().all(|&c| encoding::crypt64_value(c).is_some());
    if !SALT.contains(&salt.len()) || !plain(salt) {
        return Err(Refusal::unreadable("AIX's salt is 8 to 24 characters of ./0-9A-Za-z"));
    }
    // Of the last group only the bits of bytes that are there can be set.
    let spare = (3 - digest.len() % 3) % 3 * 8;
    let last = text.len().checked_sub(text.len() % 4).and_then(|at| text.get(at..)).ok_or_else(wrong)?;
    let bits = last.iter().zip(0u32..).fold(0, |bits, (&character, at)| {
        bits | (encoding::crypt64_value(character).unwrap_or(0) << (6 * at))
    });
    if text.len() != len || !plain(text) || bits & ((1 << spare) - 1) != 0 {
        return Err(wrong());
    }
    limits.rounds(1 << log_rounds)?;
    Ok(Box::new(Ssha { digest, log_rounds, salt: salt.to_vec(), text: Secret::new(text.to_vec()) }))
}

fn behind_name<'a>(credential: &Credential<'a>) -> &'a [u8] {
    let end = credential.stored.iter().position(|&byte| byte == b'}');
    end.and_then(|end| credential.stored.get(end + 1..)).unwrap_or_default()
}

impl Construction for Ssha {
    fn verify(&self, password: &[u8], scratch: &mut Scratch) -> Verdict {
        kernels::alone(self, password, scratch)
    }

    fn kind(&self) -> Option<Kind> {
        Some(Kind::pbkdf2(self.digest, 1 << self.log_rounds, self.digest.len()))
    }

    fn task(&self, password: &[u8], _: &mut Scratch) -> Option<Task> {
        Some(Task::pbkdf2(super::c_string(password), &self.salt, self.digest.len()))
    }

    fn judge(&self, key: &[u8]) -> Verdict {
        Verdict::of(self.text.matches(&written(key)))
    }

    fn cost(&self) -> Cost {
        Cost::nanos(self.digest.pbkdf2_nanos(1 << self.log_rounds))
    }

    fn okta(&self) -> Result<OktaHash, NotImportable> {
        Err(NotImportable("AIX stores the digest without some of its bits, and Okta needs all".into()))
    }

    fn parameters(&self) -> String {
        format!("{} rounds", 1u32 << self.log_rounds)
    }
}

/// Three bytes are one number, the first byte highest; its characters are written lowest first. What is left over
/// has as many characters as its bytes would need at the lower end.
fn written(digest: &[u8]) -> Zeroizing<Vec<u8>> {
    let mut text = Zeroizing::new(Vec::with_capacity(88));
    for group in digest.chunks(3) {
        let bytes = group.iter().copied().chain([0, 0]).take(3);
        let bits = bytes.fold(0, |bits, byte| (bits << 8) | u32::from(byte));
        encoding::push_crypt64(&mut text, bits, group.len() + 1);
    }
    text
}
