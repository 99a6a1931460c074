//! phpass, the "portable" hashes of WordPress and phpBB (Solar Designer): MD5 of salt and password, then MD5 of the
//! digest and the password again, 2^n times.

use zeroize::Zeroizing;

use crate::schemes::construction::{Construction, Cost, Reading, Refusal, Scratch, Verdict};
use crate::schemes::digest::Digest;
use crate::schemes::kernels::chain::{Chain, Form, Hole, Layout};
use crate::schemes::kernels::{self, Kind, Simd, Task};
use crate::schemes::registry::{Entry, Example, Reader};
use crate::schemes::{Credential, Limits, NotImportable, OktaHash, encoding};
use crate::secret::Secret;

pub(super) const ENTRIES: &[Entry] = &[Entry {
    name: "phpass",
    hashcat: &[400],
    software: "WordPress before 6.8, phpBB 3.0, bbPress, Vanilla",
    layout: "$P$<log2 rounds:1><salt:8><digest:22>; $H$ in phpBB",
    example: Example::of("$P$984478476IagS59wHZvyQMArzfx58u.", "hashcat"),
    okta: "hook: Okta has no phpass",
    prefixes: &["$P$", "$H$"],
    reader: Reader::Format(read),
    ..Entry::BLANK
}];

/// Nanoseconds of one round, for a usual password.
const ROUND_NANOS: u64 = 107;
/// Length of a usual password, in bytes.
const USUAL_PASSWORD: u64 = 16;

/// What a password is stretched with. Drupal does the same as phpass, with SHA-512.
pub(super) struct Stretch {
    digest: Digest,
    log_rounds: u32,
    salt: [u8; 8],
}

impl Stretch {
    /// Characters of the setting.
    pub(super) const LEN: usize = 9;

    /// Reads a setting, `<log2 rounds:1><salt:8>`. `None` where it is none.
    pub(super) fn read(setting: &[u8], digest: Digest, limits: &Limits) -> Option<Result<Self, Refusal>> {
        let (&[log_rounds], rest) = setting.split_first_chunk::<1>()?;
        let salt = <[u8; 8]>::try_from(rest).ok()?;
        let log_rounds = encoding::crypt64_value(log_rounds)?;
        if !(7..=30).contains(&log_rounds) {
            let why = format!("phpass has 2^7 to 2^30 rounds, not 2^{log_rounds}");
            return Some(Err(Refusal::unreadable(why)));
        }
        Some(limits.rounds(1 << log_rounds).map(|()| Self { digest, log_rounds, salt }))
    }

    /// The digest of the password, in crypt(3)'s base64.
    pub(super) fn text(&self, password: &[u8], simd: Simd) -> Zeroizing<Vec<u8>> {
        let digests = kernels::run(self.kind(), simd, vec![self.task(password)]);
        encoded(digests.first().map_or(&[], |digest| digest))
    }

    /// Whose verifications run together.
    pub(super) fn kind(&self) -> Kind {
        Kind::chain(self.digest, 1 << self.log_rounds, 1)
    }

    /// The rounds for a password; the digest's [`encoded`] form is the result.
    pub(super) fn task(&self, password: &[u8]) -> Task {
        let first = self.digest.of(&[&self.salt, password]);
        let message = Zeroizing::new([&vec![0; self.digest.len()], password].concat());
        let layouts = vec![Layout { message, holes: vec![Hole { at: 0, form: Form::Raw }] }];
        Task::Chain(Chain { first, layouts })
    }

    /// Time that it takes.
    pub(super) fn cost(&self) -> Cost {
        let round = match self.digest {
            Digest::Md5 => ROUND_NANOS,
            digest => digest.nanos(digest.len() as u64 + USUAL_PASSWORD),
        };
        Cost::nanos(round << self.log_rounds)
    }

    /// For reports.
    pub(super) fn parameters(&self) -> String {
        format!("{} rounds", 1u32 << self.log_rounds)
    }
}

struct Phpass {
    stretch: Stretch,
    /// In crypt(3)'s base64, as it is stored.
    digest: Secret,
}

/// Reads a value with nothing before or after it.
pub(super) fn read(credential: &Credential<'_>, limits: &Limits) -> Reading {
    let wrong = || Refusal::unreadable("phpass must be $P$ or $H$ and 31 characters of ./0-9A-Za-z");
    let rest = credential.stored.get(3..).ok_or_else(wrong)?;
    let (setting, digest) = rest.split_at_checked(Stretch::LEN).ok_or_else(wrong)?;
    let stretch = Stretch::read(setting, Digest::Md5, limits).ok_or_else(wrong)?;
    // 22 characters hold 132 bits: the last one has only two of a digest's 128.
    let last = digest.last().and_then(|&last| encoding::crypt64_value(last));
    let valid = digest.len() == 22 && digest.iter().all(|&c| encoding::crypt64_value(c).is_some());
    if !valid || last.is_none_or(|last| last > 3) {
        return Err(wrong());
    }
    Ok(Box::new(Phpass { stretch: stretch?, digest: Secret::new(digest.to_vec()) }))
}

impl Construction for Phpass {
    fn verify(&self, password: &[u8], scratch: &mut Scratch) -> Verdict {
        kernels::alone(self, password, scratch)
    }

    fn kind(&self) -> Option<Kind> {
        Some(self.stretch.kind())
    }

    fn task(&self, password: &[u8], _: &mut Scratch) -> Option<Task> {
        Some(self.stretch.task(password))
    }

    fn judge(&self, result: &[u8]) -> Verdict {
        Verdict::of(self.digest.matches(&encoded(result)))
    }

    fn cost(&self) -> Cost {
        self.stretch.cost()
    }

    fn okta(&self) -> Result<OktaHash, NotImportable> {
        Err(NotImportable("phpass is not among Okta's algorithms".into()))
    }

    fn parameters(&self) -> String {
        self.stretch.parameters()
    }
}

/// Three bytes at a time, the first one lowest.
pub(super) fn encoded(digest: &[u8]) -> Zeroizing<Vec<u8>> {
    let mut text = Zeroizing::new(Vec::with_capacity(24));
    for group in digest.chunks(3) {
        let bits = group.iter().rev().fold(0, |bits, &byte| (bits << 8) | u32::from(byte));
        encoding::push_crypt64(&mut text, bits, group.len() + 1);
    }
    text
}
