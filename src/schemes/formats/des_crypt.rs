//! crypt(3) with DES: the traditional one of 1979, `BSDi`'s extended one, DEC's bigcrypt and Ultrix's crypt16.
//!
//! A character counts for seven bits, and but for `BSDi`'s and bigcrypt only eight (crypt16: sixteen) of them count at
//! all. Only `BSDi`'s has a beginning of its own: thirteen letters and digits may be anything, a password too, so that
//! the others are read where they are named, or where only crypt(3) can be meant.

mod cipher;

use zeroize::Zeroizing;

use crate::schemes::construction::{Construction, Cost, Reading, Refusal, Scratch, Verdict};
use crate::schemes::registry::{Entry, Example, Reader};
use crate::schemes::{Credential, Limits, NotImportable, OktaHash, encoding};
use crate::secret::Secret;
use cipher::Cipher;

pub(super) const ENTRIES: &[Entry] = &[
    Entry {
        name: "des-crypt",
        aliases: &["descrypt"],
        hashcat: &[1500],
        software: "Unix (/etc/passwd), Apache's htpasswd, Dovecot, PHP; passlib",
        layout: "<salt:2><digest:11>",
        example: Example::of("24leDr0hHfb3A", "hashcat"),
        claims: is_traditional,
        reader: Reader::Format(read_traditional),
        ..DES
    },
    Entry {
        name: "bsdi-crypt",
        aliases: &["bsdicrypt", "ext-des-crypt"],
        hashcat: &[12400],
        software: "BSD/OS, FreeBSD, NetBSD, PostgreSQL's pgcrypto (xdes), PHP",
        layout: "_<rounds:4><salt:4><digest:11>",
        example: Example::of("_GW..8841inaTltazRsQ", "hashcat"),
        prefixes: &["_"],
        claims: is_extended,
        reader: Reader::Format(read_extended),
        ..DES
    },
    Entry {
        name: "bigcrypt",
        software: "Digital UNIX, HP-UX, libxcrypt",
        layout: "<salt:2><digest:11><digest:11>…, one for every eight characters",
        example: Example::of("abIudS3O2UmpcQRvohKvpC26", "swordfish"),
        claims: |stored| stored.len() > SALT_LEN + DIGEST_LEN && is_big(stored),
        reader: Reader::Format(read_big),
        ..DES
    },
    Entry {
        name: "crypt16",
        software: "Ultrix, Tru64",
        layout: "<salt:2><digest:11><digest:11>",
        example: Example::of("abx5OfN1RdNAY1EHsO6jYxF6", "swordfish"),
        crypt3: false,
        reader: Reader::Format(read_16),
        ..DES
    },
];

const DES: Entry = Entry { okta: "hook: Okta has no DES", crypt3: true, ..Entry::BLANK };

/// Nanoseconds of one encryption.
const DES_NANOS: u64 = 200;
/// Nanoseconds until a key is set.
const KEY_NANOS: u64 = 600;
/// Characters of one digest: 64 bits.
const DIGEST_LEN: usize = 11;
const SALT_LEN: usize = 2;
/// bigcrypt's blocks of eight characters.
const MAX_BLOCKS: usize = 16;

/// Whether this is the traditional form's shape, which nothing sets apart from other text.
fn is_traditional(stored: &[u8]) -> bool {
    stored.len() == SALT_LEN + DIGEST_LEN && is_big(stored)
}

/// What follows the `_`, which other text may begin with as well.
fn is_extended(rest: &[u8]) -> bool {
    rest.split_at_checked(8).is_some_and(|(salt, digest)| {
        salt.iter().all(|&c| encoding::crypt64_value(c).is_some())
            && digest.len() == DIGEST_LEN
            && digests_of(digest).is_some()
    })
}

fn is_big(stored: &[u8]) -> bool {
    let halves = stored.split_at_checked(SALT_LEN);
    halves.is_some_and(|(salt, digests)| number(salt).is_some() && digests_of(digests).is_some())
}

struct DesCrypt {
    kind: Kind,
    salt: u32,
    /// One digest of eight bytes after another.
    digests: Secret,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Traditional,
    Extended { rounds: u32 },
    Big,
    Sixteen,
}

fn read_traditional(credential: &Credential<'_>, _: &Limits) -> Reading {
    let wrong =
        "DES-crypt must be 13 characters of ./0-9A-Za-z, the last of them one of ./0-9A-Za-z's every fourth";
    salted(credential.stored, Kind::Traditional, 1..=1, wrong)
}

fn read_big(credential: &Credential<'_>, _: &Limits) -> Reading {
    let wrong = "bigcrypt must be 2 characters of ./0-9A-Za-z and then 11 for each of up to 16 blocks";
    salted(credential.stored, Kind::Big, 1..=MAX_BLOCKS, wrong)
}

fn read_16(credential: &Credential<'_>, _: &Limits) -> Reading {
    salted(credential.stored, Kind::Sixteen, 2..=2, "crypt16 must be 24 characters of ./0-9A-Za-z")
}

/// Two characters of salt, and digests of eleven.
fn salted(stored: &[u8], kind: Kind, blocks: std::ops::RangeInclusive<usize>, wrong: &str) -> Reading {
    let wrong = || Refusal::unreadable(wrong);
    let (salt, digests) = stored.split_at_checked(SALT_LEN).ok_or_else(wrong)?;
    let salt = number(salt).ok_or_else(wrong)?;
    let digests = digests_of(digests).filter(|digests| blocks.contains(&(digests.len() / 8)));
    Ok(Box::new(DesCrypt { kind, salt, digests: Secret::new(digests.ok_or_else(wrong)?) }))
}

/// `_`, four characters of rounds, four of salt and one digest.
fn read_extended(credential: &Credential<'_>, limits: &Limits) -> Reading {
    let wrong = || Refusal::unreadable("BSDi's crypt must be _ and 19 characters of ./0-9A-Za-z");
    let rest = credential.stored.get(1..).ok_or_else(wrong)?;
    let (rounds, rest) = rest.split_at_checked(4).ok_or_else(wrong)?;
    let (salt, digest) = rest.split_at_checked(4).ok_or_else(wrong)?;
    let (rounds, salt) = (number(rounds).ok_or_else(wrong)?, number(salt).ok_or_else(wrong)?);
    let digest = digests_of(digest).filter(|digest| digest.len() == 8).ok_or_else(wrong)?;
    if rounds == 0 {
        return Err(Refusal::unreadable("BSDi's crypt must have at least one round"));
    }
    limits.rounds(u64::from(rounds))?;
    Ok(Box::new(DesCrypt { kind: Kind::Extended { rounds }, salt, digests: Secret::new(digest) }))
}

/// Up to five characters as a number, the first one lowest.
pub(super) fn number(text: &[u8]) -> Option<u32> {
    text.iter().rev().try_fold(0, |number, &c| Some((number << 6) | encoding::crypt64_value(c)?))
}

fn digests_of(text: &[u8]) -> Option<Vec<u8>> {
    let digests: Option<Vec<_>> = text.chunks(DIGEST_LEN).map(encoding::from_crypt64_high_first).collect();
    let digests = digests.filter(|digests| digests.iter().all(|digest| digest.len() == 8))?;
    Some(digests.concat())
}

impl Construction for DesCrypt {
    fn verify(&self, password: &[u8], _: &mut Scratch) -> Verdict {
        let password = super::c_string(password);
        let computed = match self.kind {
            Kind::Traditional => digest(password, 25, self.salt).to_vec(),
            Kind::Extended { rounds } => {
                Cipher::new(*folded(password)).encrypt(0, rounds, self.salt).to_be_bytes().to_vec()
            }
            Kind::Big => self.big(password),
            Kind::Sixteen => {
                let (first, second) = password.split_at_checked(8).unwrap_or((password, b""));
                [digest(first, 20, self.salt), digest(second, 5, self.salt)].concat()
            }
        };
        Verdict::of(self.digests.matches(&Zeroizing::new(computed)))
    }

    fn cost(&self) -> Cost {
        let blocks = (self.digests.len() / 8) as u64;
        let rounds = match self.kind {
            Kind::Extended { rounds } => u64::from(rounds),
            Kind::Traditional | Kind::Big | Kind::Sixteen => 25,
        };
        Cost::nanos(rounds.saturating_mul(DES_NANOS).saturating_add(KEY_NANOS).saturating_mul(blocks))
    }

    fn okta(&self) -> Result<OktaHash, NotImportable> {
        Err(NotImportable("DES-crypt is not among Okta's algorithms".into()))
    }

    fn parameters(&self) -> String {
        match self.kind {
            Kind::Extended { rounds } => format!("{rounds} rounds"),
            Kind::Big => format!("{} blocks", self.digests.len() / 8),
            Kind::Traditional | Kind::Sixteen => String::new(),
        }
    }
}

impl DesCrypt {
    /// A digest of every eight characters, the first two characters of each being the next one's salt. A value of one
    /// digest is of a short password, as on Digital UNIX; where libxcrypt takes it for a traditional one, name both.
    fn big(&self, password: &[u8]) -> Vec<u8> {
        let mut salt = self.salt;
        let mut digests = Vec::with_capacity(MAX_BLOCKS * 8);
        let mut blocks = password.chunks(8);
        let mut block = blocks.next().unwrap_or_default();
        for _ in 0..MAX_BLOCKS {
            let digest = digest(block, 25, salt);
            digests.extend(digest);
            let Some(next) = blocks.next() else { break };
            block = next;
            let [a, b, ..] = digest;
            salt = u32::from(a >> 2) | u32::from(((a & 3) << 4) | (b >> 4)) << 6;
        }
        digests
    }
}

/// The digest of the first eight characters: zeros encrypted again and again.
pub(super) fn digest(password: &[u8], rounds: u32, salt: u32) -> [u8; 8] {
    Cipher::new(*key(password)).encrypt(0, rounds, salt).to_be_bytes()
}

/// The lower seven bits of eight characters; the lowest of each byte is DES's parity.
fn key(block: &[u8]) -> Zeroizing<u64> {
    let bytes = block.iter().map(|byte| byte << 1).chain(std::iter::repeat(0)).take(8);
    Zeroizing::new(bytes.fold(0, |key, byte| (key << 8) | u64::from(byte)))
}

/// `BSDi`'s key of a password of any length: each eight characters meet the encryption of the key before, by itself.
fn folded(password: &[u8]) -> Zeroizing<u64> {
    let mut blocks = password.chunks(8);
    let mut folded = key(blocks.next().unwrap_or_default());
    for block in blocks {
        *folded = Cipher::new(*folded).encrypt(*folded, 1, 0) ^ *key(block);
    }
    folded
}
