//! Magento 2 (Adobe Commerce): `hash:salt:version` (`Magento\Framework\Encryption\Encryptor`). Values that were upgraded
//! without their password have several versions, each one hashing the result of the one before it.

use zeroize::Zeroizing;

use super::argon2::Argon2Value;
use crate::schemes::construction::{Construction, Cost, Reading, Refusal, Scratch, Verdict};
use crate::schemes::digest::Digest;
use crate::schemes::expression::salted_digest;
use crate::schemes::kernels::argon2::{Algorithm, Version};
use crate::schemes::registry::{Entry, Example, Reader};
use crate::schemes::{Credential, Limits, NotImportable, OktaHash, encoding};
use crate::secret::Secret;

pub(super) const ENTRIES: &[Entry] = &[Entry {
    name: "magento2",
    aliases: &["adobe-commerce"],
    software: "Magento 2, Adobe Commerce",
    layout: "hex({digest}):{salt}:<version>, versions 0 (MD5), 1 (SHA-256), 2 and 3_<bytes>_<passes>_<memory> (argon2id)",
    example: Example::of(
        "d51f3438ad9874b521e4dc81b1da2a71cdfd5fd75edc0236ebd8927734576ebb:salt0123456789abcdef0123456789ab:1",
        "password",
    ),
    okta: "MD5 or SHA-256, PREFIX; hook: argon2id, and values that were upgraded",
    reader: Reader::Format(read),
    ..Entry::BLANK
}];

/// libsodium's length of argon2's salt, in bytes.
const ARGON2_SALT: usize = 16;
/// Version 2: bytes, passes, and libsodium's limit for interactive use, in bytes.
const INTERACTIVE: [u32; 3] = [32, 2, 67_108_864];
/// More upgrades than there were.
const MAX_STEPS: usize = 4;

enum Step {
    Digest(Digest),
    Argon2(Box<Argon2Value>),
}

struct Chain {
    salt: Vec<u8>,
    steps: Vec<Step>,
    digest: Secret,
    /// As it is stored: `1:3_32_2_67108864`.
    versions: String,
}

fn read(credential: &Credential<'_>, limits: &Limits) -> Reading {
    let wrong = || Refusal::unreadable("expected <hex digits>:<salt>:<version>, perhaps with more versions");
    let mut fields = credential.stored.splitn(3, |&byte| byte == b':');
    let (Some(digest), Some(salt), Some(versions)) = (fields.next(), fields.next(), fields.next()) else {
        return Err(wrong());
    };
    let digest = encoding::from_hex(digest).ok_or_else(wrong)?;
    if std::str::from_utf8(salt).is_err() {
        return Err(Refusal::unreadable("the salt is not UTF-8"));
    }
    limits.salt(salt.len())?;
    if let (b"0" | b"1", bytes) = (versions, digest.len()) {
        let algorithm = if versions == b"0" { Digest::Md5 } else { Digest::Sha256 };
        let whole = bytes == algorithm.len();
        return if whole { Ok(salted_digest(algorithm, salt, b"", digest)) } else { Err(length()) };
    }
    let mut steps = Vec::new();
    // One upon another they shall not take longer than one may.
    let mut passes = 0;
    if versions.split(|&byte| byte == b':').count() > MAX_STEPS {
        return Err(wrong());
    }
    for version in versions.split(|&byte| byte == b':') {
        let (step, len) = step(version, salt, limits)?;
        if let Step::Argon2(argon2) = &step {
            passes += argon2.passes();
            limits.argon2(0, passes)?;
        }
        steps.push((step, len));
    }
    let len = match steps.last() {
        Some((_, len)) => *len,
        None => return Err(wrong()),
    };
    if digest.len() != len {
        return Err(length());
    }
    Ok(Box::new(Chain {
        salt: salt.to_vec(),
        steps: steps.into_iter().map(|(step, _)| step).collect(),
        digest: Secret::new(digest),
        versions: String::from_utf8_lossy(versions).into_owned(),
    }))
}

fn length() -> Refusal {
    Refusal::unreadable("the digest is not as long as its version says")
}

/// One version, and how many bytes it makes.
fn step(version: &[u8], salt: &[u8], limits: &Limits) -> Result<(Step, usize), Refusal> {
    let wrong = || Refusal::unreadable("a version must be 0, 1, 2 or 3_<bytes>_<passes>_<memory>");
    let [bytes, passes, memory] = match version {
        b"0" => return Ok((Step::Digest(Digest::Md5), Digest::Md5.len())),
        b"1" => return Ok((Step::Digest(Digest::Sha256), Digest::Sha256.len())),
        b"2" => INTERACTIVE,
        _ => {
            let rest = version.strip_prefix(b"3_").ok_or_else(wrong)?;
            let numbers = rest.split(|&byte| byte == b'_').map(encoding::decimal).collect::<Option<Vec<_>>>();
            numbers.and_then(|numbers| numbers.try_into().ok()).ok_or_else(wrong)?
        }
    };
    if salt.is_empty() || !(16..=1024).contains(&bytes) {
        return Err(Refusal::unreadable("argon2 needs a salt, and a digest of 16 to 1024 bytes"));
    }
    let salt = salt.iter().copied().cycle().take(ARGON2_SALT).collect();
    let digest = vec![0; bytes as usize];
    let numbers = [memory / 1024, passes, 1];
    let argon2 = Argon2Value::checked(Algorithm::Id, Version::V0x13, numbers, salt, digest, limits)?;
    Ok((Step::Argon2(Box::new(argon2)), bytes as usize))
}

impl Chain {
    fn compute(&self, password: &[u8], scratch: &mut Scratch) -> Zeroizing<Vec<u8>> {
        let mut text = Zeroizing::new(password.to_vec());
        let mut result = Zeroizing::default();
        for step in &self.steps {
            result = match step {
                Step::Digest(digest) => digest.of(&[&self.salt, &text]),
                Step::Argon2(argon2) => argon2.compute(&text, scratch),
            };
            text = Zeroizing::new(encoding::to_hex(&result).into_bytes());
        }
        result
    }
}

impl Construction for Chain {
    fn verify(&self, password: &[u8], scratch: &mut Scratch) -> Verdict {
        Verdict::of(self.digest.matches(&self.compute(password, scratch)))
    }

    fn cost(&self) -> Cost {
        self.steps.iter().fold(Cost::default(), |sum, step| {
            let one = match step {
                Step::Digest(digest) => Cost::nanos(digest.nanos(self.salt.len() as u64 + 64)),
                Step::Argon2(argon2) => argon2.cost(),
            };
            Cost { micros: sum.micros.saturating_add(one.micros), memory: sum.memory.max(one.memory) }
        })
    }

    fn okta(&self) -> Result<OktaHash, NotImportable> {
        Err(NotImportable(match self.steps.as_slice() {
            [_] => "argon2 is not among Okta's algorithms".into(),
            _ => "several algorithms one upon another, which Okta cannot do".into(),
        }))
    }

    fn parameters(&self) -> String {
        format!("version {}", self.versions)
    }
}
