//! yescrypt `$y$`, gost-yescrypt `$gy$` and scrypt `$7$` (Alexander Peslyak), as libxcrypt has them.
//!
//! What yescrypt's own format allows and no crypt(3) computes is refused: a ROM, upgraded hashes, flavours other than
//! the usual one and the two kinds of scrypt.

use hmac::{Hmac, KeyInit, Mac};
use streebog::{Digest as _, Streebog256};
use yescrypt::{Mode, Params};
use zeroize::Zeroizing;

use super::scrypt::Scrypt;
use crate::schemes::construction::{Construction, Cost, Reading, Refusal, Scratch, Verdict};
use crate::schemes::registry::{Entry, Example, Reader};
use crate::schemes::{Credential, Limits, NotImportable, OktaHash, encoding};
use crate::secret::Secret;

pub(super) const ENTRIES: &[Entry] = &[
    Entry {
        name: "yescrypt",
        software: "Debian, Ubuntu, Fedora, Arch (/etc/shadow)",
        layout: "$y$<parameters>$<salt>$<digest:43>",
        example: Example::of(
            "$y$j9T$abcd$Vdsk0yFDVGTU9CcoU7FkU.QN4irjbjK0W/AT2K/gwq4",
            "hello world password",
        ),
        okta: "hook: Okta has no yescrypt",
        prefixes: &["$y$"],
        crypt3: true,
        reader: Reader::Format(|credential, limits| read(credential, limits, b"$y$")),
        ..Entry::BLANK
    },
    Entry {
        name: "gost-yescrypt",
        software: "ALT Linux (/etc/shadow), libxcrypt",
        layout: "$gy$<parameters>$<salt>$<digest:43>",
        example: Example::of(
            "$gy$j9T$abcd$62pYF9bXlqFJHH9DbVJN9PD.RqJcDXphj.jFT6CG7aD",
            "hello world password",
        ),
        okta: "hook: Okta has no yescrypt",
        prefixes: &["$gy$"],
        crypt3: true,
        reader: Reader::Format(|credential, limits| read(credential, limits, b"$gy$")),
        ..Entry::BLANK
    },
    Entry {
        name: "scrypt-crypt",
        aliases: &["crypt-scrypt"],
        software: "libxcrypt, libsodium's crypto_pwhash_scryptsalsa208sha256, passlib",
        layout: "$7$<log2 N:1><r:5><p:5><salt>$<digest:43>",
        example: Example::of(
            "$7$CU..../....2Q9obwLhin8qvQl6sisAO/$EZD3RUpw5dwHE6B6vUO1TbLiVJujTPU.iJhx5ZOwd0A",
            "hello world password",
        ),
        okta: "hook: Okta has no scrypt",
        prefixes: &["$7$"],
        crypt3: true,
        reader: Reader::Format(read_scrypt),
        ..Entry::BLANK
    },
];

/// Nanoseconds for each 128 bytes that are written or read again. Beyond a core's cache it is up to four times that.
const BLOCK_NANOS: u64 = 90;
/// The longest salt, in bytes.
const MAX_SALT: usize = 64;

struct Yescrypt {
    params: Params,
    passes: u32,
    salt: Vec<u8>,
    /// All before the digest and its `$`, where GOST's HMAC is put around the result.
    gost: Option<Vec<u8>>,
    digest: Secret,
}

fn read(credential: &Credential<'_>, limits: &Limits, prefix: &[u8]) -> Reading {
    let wrong = || Refusal::unreadable("yescrypt must be $y$ or $gy$ and <parameters>$<salt>$<digest:43>");
    let rest = credential.stored.strip_prefix(prefix).ok_or_else(wrong)?;
    let mut fields = rest.split(|&byte| byte == b'$');
    let (Some(parameters), Some(salt), Some(digest), None) =
        (fields.next(), fields.next(), fields.next(), fields.next())
    else {
        return Err(wrong());
    };
    let salt = encoding::from_crypt64(salt).filter(|salt| salt.len() <= MAX_SALT);
    let salt =
        salt.ok_or_else(|| Refusal::unreadable("yescrypt's salt must be at most 86 of ./0-9A-Za-z"))?;
    let setting = credential.stored.len().checked_sub(digest.len() + 1);
    let setting = setting.and_then(|end| credential.stored.get(..end)).ok_or_else(wrong)?;
    let digest = digest_of(digest)?;
    let (params, passes) = Parameters::read(parameters)?.checked(limits)?;
    let gost = (prefix == b"$gy$").then(|| setting.to_vec());
    Ok(Box::new(Yescrypt { params, passes, salt, gost, digest: Secret::new(digest) }))
}

/// One character of log2 N, five each of r and p, the salt as it is.
fn read_scrypt(credential: &Credential<'_>, limits: &Limits) -> Reading {
    let wrong =
        || Refusal::unreadable("scrypt of crypt(3) must be $7$<log2 N:1><r:5><p:5><salt>$<digest:43>");
    let rest = credential.stored.strip_prefix(b"$7$").ok_or_else(wrong)?;
    let (log_n, rest) = rest.split_at_checked(1).ok_or_else(wrong)?;
    let (r, rest) = rest.split_at_checked(5).ok_or_else(wrong)?;
    let (p, rest) = rest.split_at_checked(5).ok_or_else(wrong)?;
    let number = |text| super::des_crypt::number(text).ok_or_else(wrong);
    let (log_n, r, p) = (number(log_n)?, number(r)?, number(p)?);
    let at = rest.iter().rposition(|&byte| byte == b'$').ok_or_else(wrong)?;
    let (salt, digest) = rest.split_at_checked(at).ok_or_else(wrong)?;
    // libxcrypt's and libsodium's are of ./0-9A-Za-z; passlib's may have a + as well.
    if !salt.iter().all(|&c| c.is_ascii_graphic() && c != b':') {
        return Err(Refusal::unreadable("a character that the salt of $7$ cannot have"));
    }
    let digest = digest_of(digest.get(1..).ok_or_else(wrong)?)?;
    Scrypt::checked(log_n, r, p, salt.to_vec(), digest, limits)
}

fn digest_of(text: &[u8]) -> Result<Vec<u8>, Refusal> {
    let digest = encoding::from_crypt64(text).filter(|digest| digest.len() == 32);
    digest.ok_or_else(|| Refusal::unreadable("the digest is not 43 characters of ./0-9A-Za-z"))
}

/// What stands between the first two `$`.
struct Parameters {
    mode: Mode,
    log_n: u32,
    r: u32,
    p: u32,
    t: u32,
}

impl Parameters {
    fn read(mut text: &[u8]) -> Result<Self, Refusal> {
        let wrong = || Refusal::unreadable("yescrypt's parameters are damaged");
        let text = &mut text;
        let flavour = number(text, 0).ok_or_else(wrong)?;
        let mode = Mode::try_from(flavour)
            .map_err(|_| Refusal::unreadable("a flavour of yescrypt that no crypt(3) computes"))?;
        let (log_n, r) = (number(text, 1).ok_or_else(wrong)?, number(text, 1).ok_or_else(wrong)?);
        let (mut p, mut t) = (1, 0);
        if !text.is_empty() {
            let extras = number(text, 1).ok_or_else(wrong)?;
            if extras & 1 != 0 {
                p = number(text, 2).ok_or_else(wrong)?;
            }
            if extras & 2 != 0 {
                t = number(text, 1).ok_or_else(wrong)?;
            }
            if extras >= 4 {
                return Err(Refusal::unreadable(
                    "yescrypt upgraded, or with a ROM, which no crypt(3) computes",
                ));
            }
        }
        if text.is_empty() { Ok(Self { mode, log_n, r, p, t }) } else { Err(wrong()) }
    }

    /// The parameters, and how many times the memory is gone through, in thirds.
    fn checked(&self, limits: &Limits) -> Result<(Params, u32), Refusal> {
        let wrong = || Refusal::unreadable("yescrypt's N, r and p do not go together");
        let &Self { mode, log_n, r, p, t } = self;
        if !(1..=63).contains(&log_n) || u64::from(r) * u64::from(p) >= 1 << 30 {
            return Err(wrong());
        }
        // As libxcrypt's loops: once to fill, then a third, two thirds or as often as t says; scrypt's once again.
        let passes = match (mode.is_rw(), t) {
            (true, 0) => 4,
            (true, 1) => 5,
            (true, t) => t.saturating_sub(1).saturating_mul(3).saturating_add(3),
            (false, 0) => 6,
            (false, 1) => 8,
            (false, t) => t.saturating_mul(3).saturating_add(3),
        };
        // Like scrypt's, which goes through all twice.
        let blocks = (u128::from(r) * u128::from(p)) << log_n;
        let work = blocks.saturating_mul(u128::from(passes.max(6))).div_ceil(6 * 8);
        limits.scrypt(u64::try_from(work).unwrap_or(u64::MAX))?;
        if mode.is_rw() && (1u64 << log_n) / u64::from(p) <= 1 {
            return Err(wrong());
        }
        let params = Params::new_with_all_params(mode, 1 << log_n, r, p, t, 0).map_err(|_| wrong())?;
        Ok((params, passes))
    }
}

/// A number from `min` in one to six characters; the first one says how many follow, high bits first.
fn number(text: &mut &[u8], min: u32) -> Option<u32> {
    let (first, mut rest) = text.split_first()?;
    let first = encoding::crypt64_value(*first)?;
    let mut value = u64::from(min);
    for (begin, end, more) in [(0, 47, 0), (48, 55, 1), (56, 59, 2), (60, 61, 3), (62, 62, 4), (63, 63, 5)] {
        if first > end {
            value += u64::from(end + 1 - begin) << (6 * more);
            continue;
        }
        let mut bits = u64::from(first - begin);
        for _ in 0..more {
            let (next, tail) = rest.split_first()?;
            bits = (bits << 6) | u64::from(encoding::crypt64_value(*next)?);
            rest = tail;
        }
        value += bits;
        break;
    }
    *text = rest;
    u32::try_from(value).ok()
}

impl Yescrypt {
    fn compute(&self, password: &[u8]) -> Option<Zeroizing<[u8; 32]>> {
        let mut digest = Zeroizing::new([0; 32]);
        yescrypt::yescrypt(password, &self.salt, &self.params, &mut *digest).ok()?;
        let Some(setting) = &self.gost else { return Some(digest) };
        let hashed: Zeroizing<[u8; 32]> = Zeroizing::new(Streebog256::digest(password).into());
        let inner = hmac(&*hashed, setting)?;
        hmac(&*inner, &*digest)
    }
}

fn hmac(key: &[u8], message: &[u8]) -> Option<Zeroizing<[u8; 32]>> {
    let keyed = Hmac::<Streebog256>::new_from_slice(key).ok()?; // no key length is refused
    Some(Zeroizing::new(keyed.chain_update(message).finalize().into_bytes().into()))
}

impl Construction for Yescrypt {
    fn verify(&self, password: &[u8], _: &mut Scratch) -> Verdict {
        let digest = self.compute(super::c_string(password));
        Verdict::of(digest.is_some_and(|digest| self.digest.matches(&*digest)))
    }

    fn cost(&self) -> Cost {
        let blocks = self.params.n().saturating_mul(u64::from(self.params.r()));
        // scrypt's kinds do it all for each of p, yescrypt's own shares it out among them.
        let nanos = blocks.saturating_mul(u64::from(self.passes)).saturating_mul(BLOCK_NANOS) / 3;
        Cost {
            memory: blocks.saturating_mul(128),
            ..Cost::nanos(nanos.saturating_mul(u64::from(self.params.p())))
        }
    }

    fn okta(&self) -> Result<OktaHash, NotImportable> {
        Err(NotImportable("yescrypt is not among Okta's algorithms".into()))
    }

    fn parameters(&self) -> String {
        format!("N={} r={} p={}", self.params.n(), self.params.r(), self.params.p())
    }
}
