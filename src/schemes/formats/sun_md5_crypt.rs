//! Solaris's MD5 crypt (Alec Muffett): MD5 of the round before and its number, with Hamlet's soliloquy between them
//! where bits of the round before say so.
//!
//! The salt is the beginning of the stored value as it is written, `$md5$` and rounds included. Solaris once wrote one
//! `$` before the digest and takes two at the salt's end since then, which makes another salt; both are in use.

use std::io::Write as _;

use md5::{Digest as _, Md5};
use zeroize::Zeroizing;

use super::md5_crypt::{written, written_digest};
use crate::schemes::construction::{Construction, Cost, Reading, Refusal, Scratch, Verdict};
use crate::schemes::registry::{Entry, Example, Reader};
use crate::schemes::{Credential, Limits, NotImportable, OktaHash, encoding};
use crate::secret::Secret;

pub(super) const ENTRIES: &[Entry] = &[Entry {
    name: "sun-md5-crypt",
    aliases: &["sunmd5"],
    hashcat: &[3300],
    software: "Solaris, libxcrypt",
    layout: "$md5[,rounds=<n>]$<salt>$[$]<digest:22>",
    example: Example::of("$md5,rounds=904$4ol8A9yh$$DrANxVf9omze48HtDkwHQ0", "hashcat"),
    okta: "hook: Okta has no Sun MD5",
    prefixes: &["$md5$", "$md5,"],
    crypt3: true,
    reader: Reader::Format(read),
    ..Entry::BLANK
}];

/// Rounds beside those that a value names.
const BASE_ROUNDS: u32 = 4096;
/// MD5 blocks of one round: one or twenty-five, by the toss of a coin.
const ROUND_BLOCKS: u64 = 13;
/// Nanoseconds of one round.
const ROUND_NANOS: u64 = 1200;

struct SunMd5 {
    /// With those that every value has.
    rounds: u32,
    /// All that stands before the digest and its `$`.
    salt: Vec<u8>,
    digest: Secret,
}

fn read(credential: &Credential<'_>, limits: &Limits) -> Reading {
    let wrong = || {
        Refusal::unreadable("Sun's MD5 must be $md5$<salt>$<digest> or $md5,rounds=<number>$<salt>$<digest>")
    };
    let stored = credential.stored;
    let at = stored.iter().rposition(|&byte| byte == b'$').ok_or_else(wrong)?;
    let (setting, digest) = stored.split_at_checked(at).ok_or_else(wrong)?;
    let digest = written_digest(digest.get(1..).ok_or_else(wrong)?)?;
    let rest = setting.strip_prefix(b"$md5").ok_or_else(wrong)?;
    // Solaris reads rounds behind a $ as well as behind a comma.
    let (named, salt) = match rest.get(1..).and_then(|rest| rest.strip_prefix(b"rounds=")) {
        Some(after) => {
            let end = after.iter().position(|&byte| byte == b'$').ok_or_else(wrong)?;
            let (number, salt) = after.split_at_checked(end).ok_or_else(wrong)?;
            let number = encoding::decimal(number).filter(|&number| number > 0).ok_or_else(wrong)?;
            (number, salt)
        }
        None => (0, rest),
    };
    let salt = salt.strip_prefix(b"$").ok_or_else(wrong)?;
    let salt = salt.strip_suffix(b"$").unwrap_or(salt);
    if !salt.iter().all(|&c| encoding::crypt64_value(c).is_some()) {
        return Err(Refusal::unreadable("a character that the salt of Sun's MD5 cannot have"));
    }
    let rounds = u64::from(BASE_ROUNDS) + u64::from(named);
    limits.rounds(rounds)?;
    limits.rounds(rounds * ROUND_BLOCKS)?;
    limits.salt(salt.len())?;
    let rounds = u32::try_from(rounds).map_err(|_| wrong())?;
    Ok(Box::new(SunMd5 { rounds, salt: setting.to_vec(), digest }))
}

impl Construction for SunMd5 {
    fn verify(&self, password: &[u8], _: &mut Scratch) -> Verdict {
        let digest = self.compute(super::c_string(password));
        Verdict::of(self.digest.matches(&written(&*digest)))
    }

    fn cost(&self) -> Cost {
        Cost::nanos(u64::from(self.rounds) * ROUND_NANOS)
    }

    fn okta(&self) -> Result<OktaHash, NotImportable> {
        Err(NotImportable("Sun's MD5 is not among Okta's algorithms".into()))
    }

    fn parameters(&self) -> String {
        format!("{} rounds", self.rounds)
    }
}

impl SunMd5 {
    fn compute(&self, password: &[u8]) -> Zeroizing<[u8; 16]> {
        let mut hasher = Md5::new().chain_update(password).chain_update(&self.salt);
        let mut digest: Zeroizing<[u8; 16]> = Zeroizing::new(hasher.finalize_reset().into());
        let mut decimal = Vec::with_capacity(10);
        for number in 0..self.rounds {
            hasher.update(&digest[..]);
            if heads(&digest, number) {
                hasher.update(SOLILOQUY);
            }
            decimal.clear();
            // A vector takes whatever is written to it.
            let _ = write!(decimal, "{number}");
            hasher.update(&decimal);
            *digest = hasher.finalize_reset().into();
        }
        digest
    }
}

/// The toss: two bits of the digest, found by way of other bits of it, differ.
fn heads(digest: &[u8; 16], number: u32) -> bool {
    let byte = |at: u32| digest.get((at % 16) as usize).copied().map_or(0, u32::from);
    let bit = |at: u32| (byte(at / 8) >> (at % 8)) & 1;
    // Eight bits that the bytes from here on choose, each by its own value and by that of the third after it.
    let gathered = |from: u32| {
        (0..8).fold(0, |gathered, at| {
            let (first, third) = (byte(from + at), byte(from + at + 3));
            let chosen = byte((first >> (third % 5)) % 16) >> ((third >> (first % 8)) & 1);
            gathered | (bit(chosen) << at)
        })
    };
    let one = gathered(0) >> bit(number);
    let other = gathered(8) >> bit(number.wrapping_add(64));
    bit(one) != bit(other)
}

/// Hamlet, act III, scene I, as Project Gutenberg once had it, and the NUL that ends a C string.
const SOLILOQUY: &[u8] = b"To be, or not to be,--that is the question:--
Whether 'tis nobler in the mind to suffer
The slings and arrows of outrageous fortune
Or to take arms against a sea of troubles,
And by opposing end them?--To die,--to sleep,--
No more; and by a sleep to say we end
The heartache, and the thousand natural shocks
That flesh is heir to,--'tis a consummation
Devoutly to be wish'd. To die,--to sleep;--
To sleep! perchance to dream:--ay, there's the rub;
For in that sleep of death what dreams may come,
When we have shuffled off this mortal coil,
Must give us pause: there's the respect
That makes calamity of so long life;
For who would bear the whips and scorns of time,
The oppressor's wrong, the proud man's contumely,
The pangs of despis'd love, the law's delay,
The insolence of office, and the spurns
That patient merit of the unworthy takes,
When he himself might his quietus make
With a bare bodkin? who would these fardels bear,
To grunt and sweat under a weary life,
But that the dread of something after death,--
The undiscover'd country, from whose bourn
No traveller returns,--puzzles the will,
And makes us rather bear those ills we have
Than fly to others that we know not of?
Thus conscience does make cowards of us all;
And thus the native hue of resolution
Is sicklied o'er with the pale cast of thought;
And enterprises of great pith and moment,
With this regard, their currents turn awry,
And lose the name of action.--Soft you now!
The fair Ophelia!--Nymph, in thy orisons
Be all my sins remember'd.
\0";
