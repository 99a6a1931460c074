//! scrypt (RFC 7914) in its PHC string, which passlib writes too. Frameworks with a dress of their own bring their
//! values here once they have taken them apart.

use zeroize::Zeroizing;

use super::pbkdf2::MIN_KEY;
use crate::schemes::construction::{Construction, Cost, Reading, Refusal, Scratch, Verdict};
use crate::schemes::kernels;
use crate::schemes::kernels::scrypt::Shape;
use crate::schemes::registry::{Entry, Example, Reader};
use crate::schemes::{Credential, Limits, NotImportable, OktaHash, encoding};
use crate::secret::Secret;

pub(super) const ENTRIES: &[Entry] = &[Entry {
    name: "scrypt",
    aliases: &["phc-scrypt", "passlib-scrypt"],
    software: "passlib, RustCrypto, Ory Kratos, and other writers of PHC strings",
    layout: "$scrypt$ln=<log2 N>,r=<r>,p=<p>$<salt>$<digest>",
    example: Example::of(
        "$scrypt$ln=10,r=8,p=2$uldqbU0J4dybMwYgJMQ4xw$zLwTFKB8IbpQ71rnnYBliYpPTsA9V4vC4njFF6TkEb0",
        "correct horse battery staple",
    ),
    okta: "hook: Okta has no scrypt",
    prefixes: &["$scrypt$"],
    reader: Reader::Format(read),
    ..Entry::BLANK
}];

/// Nanoseconds for each of the N × r × p blocks of 128 bytes.
const BLOCK_NANOS: u64 = 230;

/// What a key is derived with.
pub(super) struct Setting(Shape);

impl Setting {
    /// Checks the numbers against the limits.
    pub(super) fn checked(log_n: u32, r: u32, p: u32, limits: &Limits) -> Result<Self, Refusal> {
        let wrong =
            || Refusal::unreadable("scrypt needs N of 2 and more, r and p from 1, r times p below 2^30");
        if !(1..=63).contains(&log_n) || r == 0 || p == 0 || u64::from(r) * u64::from(p) >= 1 << 30 {
            return Err(wrong());
        }
        limits.scrypt(memory(log_n, r, p).div_ceil(1024))?;
        let log_n = u8::try_from(log_n).map_err(|_| wrong())?;
        Ok(Self(Shape { log_n, r, p }))
    }

    /// Fills the key.
    pub(super) fn derive(&self, password: &[u8], salt: &[u8], scratch: &mut Scratch, key: &mut [u8]) {
        kernels::scrypt::scrypt(scratch.simd(), self.0, password, salt, &mut scratch.memory, key);
    }

    /// What that takes.
    pub(super) fn cost(&self) -> Cost {
        let Shape { log_n, r, p } = self.0;
        let whole = memory(u32::from(log_n), r, p);
        // The parallel parts are worked through one after another, each in the same memory, by two blocks beside it.
        Cost {
            memory: whole / u64::from(p) + 256 * u64::from(r),
            ..Cost::nanos((whole / 128).saturating_mul(BLOCK_NANOS))
        }
    }

    /// For reports.
    pub(super) fn parameters(&self) -> String {
        let Shape { log_n, r, p } = self.0;
        format!("N=2^{log_n} r={r} p={p}")
    }
}

/// 128 × N × r × p bytes, as far as 64 bits can tell.
fn memory(log_n: u32, r: u32, p: u32) -> u64 {
    let blocks = u128::from(r) * u128::from(p) * 128;
    u64::try_from(blocks << log_n.min(63)).unwrap_or(u64::MAX)
}

/// A derived key with all that it was derived with.
pub(super) struct Scrypt {
    setting: Setting,
    salt: Vec<u8>,
    key: Secret,
}

impl Scrypt {
    /// Checks the parts against the limits.
    pub(super) fn checked(
        log_n: u32,
        r: u32,
        p: u32,
        salt: Vec<u8>,
        key: Vec<u8>,
        limits: &Limits,
    ) -> Reading {
        if key.is_empty() {
            return Err(Refusal::unreadable("scrypt's digest is empty"));
        }
        let setting = Setting::checked(log_n, r, p, limits)?;
        limits.salt(salt.len())?;
        if key.len() < MIN_KEY {
            let found = key.len();
            return Err(Refusal::unreadable(format!(
                "scrypt's digest must have {MIN_KEY} bytes or more, this value has {found}"
            )));
        }
        Ok(Box::new(Self { setting, salt, key: Secret::new(key) }))
    }
}

impl Construction for Scrypt {
    fn verify(&self, password: &[u8], scratch: &mut Scratch) -> Verdict {
        let mut key = Zeroizing::new(vec![0; self.key.len()]);
        self.setting.derive(password, &self.salt, scratch, &mut key);
        Verdict::of(self.key.matches(&key))
    }

    fn cost(&self) -> Cost {
        self.setting.cost()
    }

    fn okta(&self) -> Result<OktaHash, NotImportable> {
        Err(NotImportable("scrypt is not among Okta's algorithms".into()))
    }

    fn parameters(&self) -> String {
        self.setting.parameters()
    }
}

fn read(credential: &Credential<'_>, limits: &Limits) -> Reading {
    let wrong = || {
        Refusal::unreadable(
            "expected $scrypt$ln=<log2 N>,r=<r>,p=<p>$<salt>$<digest>, base64 without padding",
        )
    };
    let mut fields = credential.stored.split(|&byte| byte == b'$');
    let mut field = || fields.next().ok_or_else(wrong);
    let (_, _, parameters, salt, key) = (field()?, field()?, field()?, field()?, field()?);
    if field().is_ok() {
        return Err(wrong());
    }
    let mut parameters = parameters.split(|&byte| byte == b',');
    let mut number = |name: &[u8]| {
        let field = parameters.next().and_then(|field| field.strip_prefix(name));
        field.and_then(encoding::decimal).ok_or_else(wrong)
    };
    let (log_n, r, p) = (number(b"ln=")?, number(b"r=")?, number(b"p=")?);
    if parameters.next().is_some() {
        return Err(wrong());
    }
    let salt = encoding::from_base64_unpadded(salt).ok_or_else(wrong)?;
    let key = encoding::from_base64_unpadded(key).ok_or_else(wrong)?;
    Scrypt::checked(log_n, r, p, salt, key, limits)
}
