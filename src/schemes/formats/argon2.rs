//! argon2 in its PHC string, d, i and id (RFC 9106; the reference implementation's `encoding.c`).
//!
//! A string without `v=` is of version 1.0 (`v=16`). `keyid` is carried along and means nothing, `data` goes into
//! the computation, as before RFC 9106.

use zeroize::Zeroizing;

use crate::schemes::construction::{Construction, Cost, Reading, Refusal, Scratch, Verdict};
use crate::schemes::kernels::argon2::{self, Algorithm, Setting, Version};
use crate::schemes::registry::{Entry, Example, Reader};
use crate::schemes::{Credential, Limits, NotImportable, OktaHash, encoding};
use crate::secret::Secret;

pub(super) const ENTRIES: &[Entry] = &[Entry {
    name: "argon2",
    aliases: &["argon2id", "argon2i", "argon2d"],
    hashcat: &[34000],
    software: "libargon2, PHP, Laravel, Symfony, argon2-cffi, libsodium, and others",
    layout: "$argon2id$v=19$m=<KiB>,t=<passes>,p=<lanes>$<salt>$<digest>",
    example: Example::of(
        "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc",
        "password",
    ),
    okta: "hook: Okta has no argon2",
    prefixes: &["$argon2id$", "$argon2i$", "$argon2d$"],
    reader: Reader::Format(read),
    ..Entry::BLANK
}];

/// Bytes that a salt has at least, and a digest.
const FEWEST_SALT: usize = 8;
const FEWEST_DIGEST: usize = 4;

/// Bytes that a `keyid` may have, and associated data.
const MOST_KEYID: usize = 8;
const MOST_DATA: usize = 32;

/// Nanoseconds for one KiB in one pass.
const BLOCK_NANOS: u64 = 400;

/// A value, or what one is computed with.
pub(super) struct Argon2Value {
    algorithm: Algorithm,
    version: Version,
    params: Params,
    salt: Vec<u8>,
    digest: Secret,
}

/// What stands between version and salt.
struct Params {
    /// KiB.
    memory: u32,
    passes: u32,
    lanes: u32,
    /// Associated data.
    data: Vec<u8>,
}

/// Reads a value with nothing before or after it.
pub(super) fn read(credential: &Credential<'_>, limits: &Limits) -> Reading {
    let mut fields = credential.stored.split(|&byte| byte == b'$');
    let (Some(b""), Some(variant)) = (fields.next(), fields.next()) else {
        return Err(Refusal::unreadable("argon2 must begin with $argon2id$, $argon2i$ or $argon2d$"));
    };
    let algorithm = match variant {
        b"argon2id" => Algorithm::Id,
        b"argon2i" => Algorithm::I,
        b"argon2d" => Algorithm::D,
        _ => return Err(Refusal::unreadable("argon2 must begin with $argon2id$, $argon2i$ or $argon2d$")),
    };
    let mut next = fields.next();
    let version = match next.and_then(|field| field.strip_prefix(b"v=")) {
        None => Version::V0x10,
        Some(version) => {
            next = fields.next();
            match version {
                b"16" => Version::V0x10,
                b"19" => Version::V0x13,
                _ => return Err(Refusal::unreadable("argon2's version must be 16 or 19")),
            }
        }
    };
    let (Some(parameters), Some(salt), Some(digest), None) =
        (next, fields.next(), fields.next(), fields.next())
    else {
        return Err(Refusal::unreadable("argon2 must have parameters, a salt and a digest, separated by $"));
    };
    let salt = encoding::from_base64_unpadded(salt).filter(|salt| salt.len() >= FEWEST_SALT);
    let salt = salt.ok_or_else(|| {
        Refusal::unreadable("argon2's salt must be at least 8 bytes in base64 without padding")
    })?;
    let digest = encoding::from_base64_unpadded(digest).filter(|digest| digest.len() >= FEWEST_DIGEST);
    let digest = digest.ok_or_else(|| {
        Refusal::unreadable("argon2's digest must be at least 4 bytes in base64 without padding")
    })?;
    let params = Params::read(parameters, limits)?;
    limits.salt(salt.len())?;
    Ok(Box::new(Argon2Value { algorithm, version, params, salt, digest: Secret::new(digest) }))
}

impl Params {
    /// Checks the numbers.
    fn checked([memory, passes, lanes]: [u32; 3], data: Vec<u8>) -> Option<Self> {
        let lanes_are_some = (1..1 << 24).contains(&lanes);
        (lanes_are_some && memory / 8 >= lanes && passes >= 1).then_some(Self { memory, passes, lanes, data })
    }

    /// `m=…,t=…,p=…`, then perhaps `keyid=…` and `data=…`.
    fn read(text: &[u8], limits: &Limits) -> Result<Self, Refusal> {
        let mut fields = text.split(|&byte| byte == b',').peekable();
        let mut number = |name: &str| {
            let field = fields.next().and_then(|field| field.strip_prefix(name.as_bytes()));
            field.and_then(encoding::decimal).ok_or_else(|| {
                Refusal::unreadable("argon2's parameters must be m=<number>,t=<number>,p=<number>")
            })
        };
        let numbers = [number("m=")?, number("t=")?, number("p=")?];
        limits.argon2(numbers[0], numbers[1])?;
        let refused = |what: &str| Refusal::unreadable(format!("argon2's {what}"));
        // Empty where it is left out.
        let mut optional = |name: &[u8], most: usize, what: &str| {
            let Some(value) = fields.peek().and_then(|field| field.strip_prefix(name)) else {
                return Ok(Vec::new());
            };
            fields.next();
            let value = encoding::from_base64_unpadded(value).filter(|value| value.len() <= most);
            value.ok_or_else(|| refused(what))
        };
        optional(b"keyid=", MOST_KEYID, "keyid is up to 8 bytes in base64")?;
        let data = optional(b"data=", MOST_DATA, "data is up to 32 bytes in base64")?;
        if fields.next().is_some() {
            return Err(refused("parameters are m, t, p, keyid and data, in this order"));
        }
        Self::checked(numbers, data)
            .ok_or_else(|| refused("parameters need t and p from 1, and m from 8 times p"))
    }
}

impl Argon2Value {
    /// From parts that are kept otherwise than in a PHC string: memory in KiB, passes, lanes.
    pub(super) fn checked(
        algorithm: Algorithm,
        version: Version,
        [memory, passes, lanes]: [u32; 3],
        salt: Vec<u8>,
        digest: Vec<u8>,
        limits: &Limits,
    ) -> Result<Self, Refusal> {
        limits.argon2(memory, passes)?;
        limits.salt(salt.len())?;
        let wrong = |what: &str| Refusal::unreadable(format!("argon2 needs {what}"));
        if salt.len() < FEWEST_SALT {
            return Err(wrong("a salt of at least 8 bytes"));
        }
        let params = Params::checked([memory, passes, lanes], Vec::new());
        let params = params
            .filter(|_| digest.len() >= FEWEST_DIGEST)
            .ok_or_else(|| wrong("passes and lanes from 1, memory from 8 times the lanes, and a digest"))?;
        Ok(Self { algorithm, version, params, salt, digest: Secret::new(digest) })
    }

    /// Passes over the memory.
    pub(super) fn passes(&self) -> u32 {
        self.params.passes
    }

    /// What the password makes; as long as the digest that is kept.
    pub(super) fn compute(&self, password: &[u8], scratch: &mut Scratch) -> Zeroizing<Vec<u8>> {
        let mut digest = Zeroizing::new(vec![0; self.digest.len()]);
        let setting = Setting {
            algorithm: self.algorithm,
            version: self.version,
            memory_kib: self.params.memory,
            passes: self.params.passes,
            lanes: self.params.lanes,
            salt: &self.salt,
            data: &self.params.data,
        };
        argon2::hash(scratch.simd(), &setting, password, &mut scratch.memory, &mut digest);
        digest
    }
}

impl Construction for Argon2Value {
    fn verify(&self, password: &[u8], scratch: &mut Scratch) -> Verdict {
        Verdict::of(self.digest.matches(&self.compute(password, scratch)))
    }

    fn cost(&self) -> Cost {
        let Params { memory, passes, lanes, .. } = self.params;
        let nanos = u64::from(memory).saturating_mul(u64::from(passes)).saturating_mul(BLOCK_NANOS);
        // Whole slices of four for each lane.
        let blocks = memory - memory % (4 * lanes);
        Cost { memory: u64::from(blocks) * 1024, ..Cost::nanos(nanos) }
    }

    fn okta(&self) -> Result<OktaHash, NotImportable> {
        Err(NotImportable("argon2 is not among Okta's algorithms".into()))
    }

    fn parameters(&self) -> String {
        let version = match self.version {
            Version::V0x10 => 16,
            Version::V0x13 => 19,
        };
        let algorithm = match self.algorithm {
            Algorithm::D => "argon2d",
            Algorithm::I => "argon2i",
            Algorithm::Id => "argon2id",
        };
        let Params { memory, passes, lanes, .. } = self.params;
        format!("{algorithm} v={version} m={memory} t={passes} p={lanes}")
    }
}
