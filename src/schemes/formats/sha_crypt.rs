//! sha256-crypt `$5$` and sha512-crypt `$6$` (Ulrich Drepper, "Unix crypt using SHA-256 and SHA-512", 2008; glibc,
//! libxcrypt).
//!
//! As libxcrypt does: 5000 rounds where none are named, a salt of up to 16 bytes, which may be empty. It writes
//! rounds only within 1000 to 999999999, so that a stored value beyond them was never made by it; glibc's clamping
//! happens before a value is stored.

use zeroize::Zeroizing;

use super::md5_crypt::{LAYOUTS, in_turn};
use crate::schemes::construction::{Construction, Cost, Reading, Refusal, Scratch, Verdict};
use crate::schemes::digest::Digest;
use crate::schemes::kernels::chain::Chain;
use crate::schemes::kernels::{self, Kind, Task};
use crate::schemes::registry::{Entry, Example, Reader};
use crate::schemes::{Credential, Limits, NotImportable, OktaHash, encoding};
use crate::secret::Secret;

pub(super) const ENTRIES: &[Entry] = &[
    Entry {
        name: "sha256-crypt",
        hashcat: &[7400],
        layout: "$5$[rounds=<n>$]<salt>$<digest:43>",
        example: Example::of("$5$saltstring$5B8vYYiY.CVt1RlTTf8KbXBH3hsxY/GNooZaBBGWEc5", "Hello world!"),
        prefixes: &["$5$"],
        reader: Reader::Format(|credential, limits| read(credential, limits, Digest::Sha256)),
        ..SHA_CRYPT
    },
    Entry {
        name: "sha512-crypt",
        hashcat: &[1800],
        layout: "$6$[rounds=<n>$]<salt>$<digest:86>",
        example: Example::of(
            "$6$saltstring$svn8UoSVapNtMuq1ukKS4tPQd8iKwSMHWjl/O817G3uBnIFNjnQJuesI68u4OTLiBFdcbYEdFCoEOfaS35inz1",
            "Hello world!",
        ),
        prefixes: &["$6$"],
        reader: Reader::Format(|credential, limits| read(credential, limits, Digest::Sha512)),
        ..SHA_CRYPT
    },
];

const SHA_CRYPT: Entry = Entry {
    software: "Linux (/etc/shadow), Dovecot, OpenLDAP's {CRYPT}, passlib",
    okta: "hook: Okta has no sha-crypt",
    crypt3: true,
    ..Entry::BLANK
};

struct ShaCrypt {
    /// SHA-256 or SHA-512.
    sha: Digest,
    rounds: u32,
    salt: Vec<u8>,
    /// In crypt(3)'s base64, as it is stored.
    digest: Secret,
}

/// Where no rounds are named.
const USUAL_ROUNDS: u32 = 5000;

/// Reads a value with nothing before or after it.
pub(super) fn read(credential: &Credential<'_>, limits: &Limits, sha: Digest) -> Reading {
    let wrong =
        || Refusal::unreadable("sha-crypt must be [rounds=<number>$]<salt>$<digest> after $5$ or $6$");
    let mut rest = credential.stored.get(3..).ok_or_else(wrong)?;
    let mut rounds = USUAL_ROUNDS;
    if let Some(after) = rest.strip_prefix(b"rounds=") {
        let end = after.iter().position(|&byte| byte == b'$').ok_or_else(wrong)?;
        let (number, behind) = after.split_at_checked(end).ok_or_else(wrong)?;
        rounds = encoding::decimal(number).ok_or_else(wrong)?;
        rest = behind.get(1..).ok_or_else(wrong)?;
    }
    if !(1000..=999_999_999).contains(&rounds) {
        return Err(Refusal::unreadable(format!("sha-crypt has 1000 to 999999999 rounds, not {rounds}")));
    }
    let end = rest.iter().position(|&byte| byte == b'$').ok_or_else(wrong)?;
    let (salt, behind) = rest.split_at_checked(end).ok_or_else(wrong)?;
    if salt.len() > 16 {
        return Err(Refusal::unreadable("sha-crypt's salt must have at most 16 characters"));
    }
    if salt.iter().any(|byte| matches!(byte, b':' | b'\n' | 0)) {
        return Err(Refusal::unreadable("a character that sha-crypt's salt cannot have"));
    }
    let digest = behind.get(1..).ok_or_else(wrong)?;
    let digest = checked_digest(sha, digest)?;
    limits.rounds(u64::from(rounds))?;
    Ok(Box::new(ShaCrypt { sha, rounds, salt: salt.to_vec(), digest }))
}

/// sha256-crypt of a salt that is not sha-crypt's own: MySQL's has twenty bytes of any kind.
pub(super) fn sha256_crypt(rounds: u32, salt: &[u8], digest: &[u8], limits: &Limits) -> Reading {
    let digest = checked_digest(Digest::Sha256, digest)?;
    limits.rounds(u64::from(rounds))?;
    Ok(Box::new(ShaCrypt { sha: Digest::Sha256, rounds, salt: salt.to_vec(), digest }))
}

/// The last character holds what is left over of the digest: four bits of 256, two of 512.
fn checked_digest(sha: Digest, digest: &[u8]) -> Result<Secret, Refusal> {
    let (len, last) = if sha == Digest::Sha256 { (43, 16) } else { (86, 4) };
    let in_alphabet = digest.iter().all(|&c| encoding::crypt64_value(c).is_some());
    let ends_well = digest.last().and_then(|&c| encoding::crypt64_value(c)).is_some_and(|c| c < last);
    if digest.len() != len || !in_alphabet || !ends_well {
        return Err(Refusal::unreadable(format!("the digest is not {len} characters of ./0-9A-Za-z")));
    }
    Ok(Secret::new(digest.to_vec()))
}

impl Construction for ShaCrypt {
    fn verify(&self, password: &[u8], scratch: &mut Scratch) -> Verdict {
        kernels::alone(self, password, scratch)
    }

    fn kind(&self) -> Option<Kind> {
        Some(Kind::chain(self.sha, self.rounds, LAYOUTS))
    }

    fn task(&self, password: &[u8], _: &mut Scratch) -> Option<Task> {
        Some(Task::Chain(chain(self.sha, super::c_string(password), &self.salt)))
    }

    fn judge(&self, result: &[u8]) -> Verdict {
        let text = if self.sha == Digest::Sha256 { encoded_256(result) } else { encoded_512(result) };
        Verdict::of(self.digest.matches(&text))
    }

    fn cost(&self) -> Cost {
        let round = if self.sha == Digest::Sha256 { 110 } else { 280 };
        Cost::nanos(u64::from(self.rounds).saturating_mul(round))
    }

    fn okta(&self) -> Result<OktaHash, NotImportable> {
        Err(NotImportable("sha-crypt is not among Okta's algorithms".into()))
    }

    fn parameters(&self) -> String {
        format!("{} rounds", self.rounds)
    }
}

/// Drepper's algorithm up to its rounds; the numbers are those of his steps.
fn chain(sha: Digest, password: &[u8], salt: &[u8]) -> Chain {
    // 4-8
    let b = sha.of(&[password, salt, password]);
    // 1-3, 9-12
    let mut a = Zeroizing::new([password, salt, &repeated(&b, password.len())].concat());
    let mut bits = password.len();
    while bits > 0 {
        a.extend_from_slice(if bits & 1 == 1 { &b } else { password });
        bits >>= 1;
    }
    let first = sha.of(&[&a]);
    // 13-16
    let dp = sha.of(&vec![password; password.len()]);
    let p = repeated(&dp, password.len());
    // 17-20
    let ds = sha.of(&vec![salt; 16 + usize::from(first.first().copied().unwrap_or(0))]);
    let s = repeated(&ds, salt.len());
    // 21
    Chain { layouts: (0..LAYOUTS).map(|round| in_turn(round, sha, &p, &s)).collect(), first }
}

/// The digest over and over, `len` bytes of it.
fn repeated(digest: &[u8], len: usize) -> Zeroizing<Vec<u8>> {
    Zeroizing::new(digest.iter().copied().cycle().take(len).collect())
}

/// Step 22: groups of three bytes from places that are a third of the digest apart, in a turning order.
fn encoded_256(digest: &[u8]) -> Zeroizing<Vec<u8>> {
    let mut text = Zeroizing::new(Vec::with_capacity(44));
    let (mut a, mut b, mut c) = (0, 10, 20);
    for _ in 0..10 {
        push(&mut text, digest, [Some(a), Some(b), Some(c)]);
        (a, b, c) = (c + 1, a + 1, b + 1);
    }
    push(&mut text, digest, [None, Some(31), Some(30)]);
    text
}

/// Likewise, turning the other way.
fn encoded_512(digest: &[u8]) -> Zeroizing<Vec<u8>> {
    let mut text = Zeroizing::new(Vec::with_capacity(88));
    let (mut a, mut b, mut c) = (0, 21, 42);
    for _ in 0..21 {
        push(&mut text, digest, [Some(a), Some(b), Some(c)]);
        (a, b, c) = (b + 1, c + 1, a + 1);
    }
    push(&mut text, digest, [None, None, Some(63)]);
    text
}

/// Up to three bytes of the digest, the first named highest, in as many characters as they need.
fn push(text: &mut Vec<u8>, digest: &[u8], places: [Option<usize>; 3]) {
    let bytes = places.into_iter().flatten().map(|place| digest.get(place).copied().unwrap_or(0));
    let bits = bytes.fold(0, |bits, byte| (bits << 8) | u32::from(byte));
    encoding::push_crypt64(text, bits, places.iter().flatten().count() + 1);
}
