//! argon2 in its PHC string, d, i and id (RFC 9106; the reference implementation's `encoding.c`).
//!
//! A string without `v=` is of version 1.0 (`v=16`). `keyid` is carried along and means nothing, `data` goes into
//! the computation, as before RFC 9106.

use argon2::{Algorithm, Argon2, AssociatedData, Block, KeyId, Params, ParamsBuilder, Version};
use zeroize::{Zeroize, Zeroizing};

use crate::schemes::construction::{Construction, Cost, Reading, Refusal, Scratch, Verdict};
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

/// Reads a value with nothing before or after it.
pub(super) fn read(credential: &Credential<'_>, limits: &Limits) -> Reading {
    let mut fields = credential.stored.split(|&byte| byte == b'$');
    let (Some(b""), Some(variant)) = (fields.next(), fields.next()) else {
        return Err(Refusal::unreadable("argon2 must begin with $argon2id$, $argon2i$ or $argon2d$"));
    };
    let algorithm = match variant {
        b"argon2id" => Algorithm::Argon2id,
        b"argon2i" => Algorithm::Argon2i,
        b"argon2d" => Algorithm::Argon2d,
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
    let salt = encoding::from_base64_unpadded(salt).filter(|salt| salt.len() >= argon2::MIN_SALT_LEN);
    let salt = salt.ok_or_else(|| {
        Refusal::unreadable("argon2's salt must be at least 8 bytes in base64 without padding")
    })?;
    let digest =
        encoding::from_base64_unpadded(digest).filter(|digest| digest.len() >= Params::MIN_OUTPUT_LEN);
    let digest = digest.ok_or_else(|| {
        Refusal::unreadable("argon2's digest must be at least 4 bytes in base64 without padding")
    })?;
    let params = parameters_of(parameters, digest.len(), limits)?;
    limits.salt(salt.len())?;
    Ok(Box::new(Argon2Value { algorithm, version, params, salt, digest: Secret::new(digest) }))
}

/// `m=…,t=…,p=…`, then perhaps `keyid=…` and `data=…`.
fn parameters_of(text: &[u8], digest_len: usize, limits: &Limits) -> Result<Params, Refusal> {
    let mut fields = text.split(|&byte| byte == b',').peekable();
    let mut number = |name: &str| {
        let field = fields.next().and_then(|field| field.strip_prefix(name.as_bytes()));
        field.and_then(encoding::decimal).ok_or_else(|| {
            Refusal::unreadable("argon2's parameters must be m=<number>,t=<number>,p=<number>")
        })
    };
    let (memory, passes, lanes) = (number("m=")?, number("t=")?, number("p=")?);
    limits.argon2(memory, passes)?;
    let mut builder = ParamsBuilder::new();
    builder.m_cost(memory).t_cost(passes).p_cost(lanes).output_len(digest_len);
    let mut optional = |name: &[u8]| -> Option<Vec<u8>> {
        let value = fields.peek().and_then(|field| field.strip_prefix(name))?;
        fields.next();
        // What is not base64 becomes longer than either may be, and is refused below.
        Some(encoding::from_base64_unpadded(value).unwrap_or_else(|| vec![0; AssociatedData::MAX_LEN + 1]))
    };
    let refused = |what: &str| Refusal::unreadable(format!("argon2's {what}"));
    if let Some(keyid) = optional(b"keyid=") {
        builder.keyid(KeyId::new(&keyid).map_err(|_| refused("keyid is up to 8 bytes in base64"))?);
    }
    if let Some(data) = optional(b"data=") {
        builder.data(AssociatedData::new(&data).map_err(|_| refused("data is up to 32 bytes in base64"))?);
    }
    if fields.next().is_some() {
        return Err(refused("parameters are m, t, p, keyid and data, in this order"));
    }
    builder.build().map_err(|_| refused("parameters need t and p from 1, and m from 8 times p"))
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
        if salt.len() < argon2::MIN_SALT_LEN {
            return Err(wrong("a salt of at least 8 bytes"));
        }
        let params = Params::new(memory, passes, lanes, Some(digest.len()));
        let params = params
            .map_err(|_| wrong("passes and lanes from 1, memory from 8 times the lanes, and a digest"))?;
        Ok(Self { algorithm, version, params, salt, digest: Secret::new(digest) })
    }

    /// Passes over the memory.
    pub(super) fn passes(&self) -> u32 {
        self.params.t_cost()
    }

    /// What the password makes; as long as the digest that is kept.
    pub(super) fn compute(&self, password: &[u8], memory: &mut Vec<Block>) -> Option<Zeroizing<Vec<u8>>> {
        let blocks = self.params.block_count();
        if memory.len() < blocks {
            memory.reserve_exact(blocks - memory.len());
            memory.resize(blocks, Block::default());
        }
        let memory = memory.get_mut(..blocks)?;
        let mut digest = Zeroizing::new(vec![0; self.digest.len()]);
        let argon2 = Argon2::new(self.algorithm, self.version, self.params.clone());
        let done = argon2.hash_password_into_with_memory(password, &self.salt, &mut digest, &mut *memory);
        memory.iter_mut().for_each(Zeroize::zeroize);
        done.is_ok().then_some(digest)
    }
}

impl Construction for Argon2Value {
    fn verify(&self, password: &[u8], scratch: &mut Scratch) -> Verdict {
        // The parameters were checked when the value was read, so that there always is a digest.
        let digest = self.compute(password, &mut scratch.argon2);
        Verdict::of(digest.is_some_and(|digest| self.digest.matches(&digest)))
    }

    fn cost(&self) -> Cost {
        let blocks = u64::from(self.params.m_cost());
        let nanos = blocks.saturating_mul(u64::from(self.params.t_cost())).saturating_mul(BLOCK_NANOS);
        Cost { memory: self.params.block_count() as u64 * 1024, ..Cost::nanos(nanos) }
    }

    fn okta(&self) -> Result<OktaHash, NotImportable> {
        Err(NotImportable("argon2 is not among Okta's algorithms".into()))
    }

    fn parameters(&self) -> String {
        let version = match self.version {
            Version::V0x10 => 16,
            Version::V0x13 => 19,
        };
        let (m, t, p) = (self.params.m_cost(), self.params.t_cost(), self.params.p_cost());
        format!("{} v={version} m={m} t={t} p={p}", self.algorithm.as_ref())
    }
}
