//! md5-crypt `$1$` (Poul-Henning Kamp, FreeBSD 2.0) and Apache's `$apr1$`, which differs in its name alone: a thousand
//! MD5s of password, salt and the round before.

use zeroize::Zeroizing;

use crate::schemes::construction::{Construction, Cost, Reading, Refusal, Scratch, Verdict};
use crate::schemes::digest::Digest;
use crate::schemes::kernels::chain::{Chain, Form, Hole, Layout};
use crate::schemes::kernels::{self, Kind, Task};
use crate::schemes::registry::{Entry, Example, Reader};
use crate::schemes::{Credential, NotImportable, OktaHash, encoding};
use crate::secret::Secret;

pub(super) const ENTRIES: &[Entry] = &[
    Entry {
        name: "md5-crypt",
        aliases: &["md5crypt"],
        hashcat: &[500],
        software: "Unix (/etc/shadow), Cisco IOS type 5, Dovecot, PHP",
        layout: "$1$<salt>$<digest:22>",
        example: Example::of("$1$38652870$DUjsu4TTlTsOe/xxZ05uf/", "hashcat"),
        prefixes: &["$1$"],
        reader: Reader::Format(|credential, _| read(credential, b"$1$")),
        ..MD5_CRYPT
    },
    Entry {
        name: "apr1",
        aliases: &["apr-md5-crypt", "md5apr1"],
        hashcat: &[1600],
        software: "Apache's htpasswd, nginx, OpenSSL",
        layout: "$apr1$<salt>$<digest:22>",
        example: Example::of("$apr1$62722340$zGjeAwVP2KwY6MtumUI1N/", "hashcat"),
        prefixes: &["$apr1$"],
        reader: Reader::Format(|credential, _| read(credential, b"$apr1$")),
        ..MD5_CRYPT
    },
];

const MD5_CRYPT: Entry = Entry { okta: "hook: Okta has no md5-crypt", crypt3: true, ..Entry::BLANK };

const ROUNDS: u32 = 1000;
/// Nanoseconds of one round, for a usual password.
const ROUND_NANOS: u64 = 150;
/// The order in which the digest's bytes are written; Sun's MD5 has the same.
pub(super) const WRITTEN: [usize; 16] = [12, 6, 0, 13, 7, 1, 14, 8, 2, 15, 9, 3, 5, 10, 4, 11];

struct Md5Crypt {
    magic: &'static [u8],
    salt: Vec<u8>,
    /// Its bytes in the order in which they are written.
    digest: Secret,
}

/// A value that begins with that name, which goes into the first MD5. AIX has the same with an empty one.
pub(super) fn read(credential: &Credential<'_>, magic: &'static [u8]) -> Reading {
    let wrong = || Refusal::unreadable("md5-crypt must be <salt>$<digest> after $1$ or $apr1$");
    let rest = credential.stored.strip_prefix(magic).ok_or_else(wrong)?;
    let end = rest.iter().position(|&byte| byte == b'$').ok_or_else(wrong)?;
    let (salt, digest) = rest.split_at_checked(end).ok_or_else(wrong)?;
    if salt.len() > 8 {
        return Err(Refusal::unreadable("md5-crypt's salt must have at most 8 characters"));
    }
    if salt.iter().any(|byte| matches!(byte, b':' | b'\n' | 0)) {
        return Err(Refusal::unreadable("a character that md5-crypt's salt cannot have"));
    }
    let digest = digest.get(1..).ok_or_else(wrong)?;
    Ok(Box::new(Md5Crypt { magic, salt: salt.to_vec(), digest: written_digest(digest)? }))
}

/// The 22 characters in which md5-crypt and Sun's MD5 write a digest.
pub(super) fn written_digest(text: &[u8]) -> Result<Secret, Refusal> {
    let bytes = encoding::from_crypt64(text).filter(|bytes| bytes.len() == 16);
    bytes
        .map(Secret::new)
        .ok_or_else(|| Refusal::unreadable("the digest is not 22 characters of ./0-9A-Za-z"))
}

/// The digest's bytes in the order in which they are written.
pub(super) fn written(digest: &[u8]) -> Zeroizing<Vec<u8>> {
    Zeroizing::new(WRITTEN.iter().filter_map(|&place| digest.get(place).copied()).collect())
}

impl Construction for Md5Crypt {
    fn verify(&self, password: &[u8], scratch: &mut Scratch) -> Verdict {
        kernels::alone(self, password, scratch)
    }

    fn kind(&self) -> Option<Kind> {
        Some(Kind::chain(Digest::Md5, ROUNDS, LAYOUTS))
    }

    fn task(&self, password: &[u8], _: &mut Scratch) -> Option<Task> {
        Some(Task::Chain(chain(super::c_string(password), self.magic, &self.salt)))
    }

    fn judge(&self, result: &[u8]) -> Verdict {
        Verdict::of(self.digest.matches(&written(result)))
    }

    fn cost(&self) -> Cost {
        Cost::nanos(u64::from(ROUNDS) * ROUND_NANOS)
    }

    fn okta(&self) -> Result<OktaHash, NotImportable> {
        Err(NotImportable("md5-crypt is not among Okta's algorithms".into()))
    }

    fn parameters(&self) -> String {
        String::new()
    }
}

/// The messages of the rounds repeat after so many: 2, 3 and 7 tell them apart.
pub(super) const LAYOUTS: usize = 42;

/// All up to the rounds.
fn chain(password: &[u8], magic: &[u8], salt: &[u8]) -> Chain {
    let sum = Digest::Md5.of(&[password, salt, password]);
    let mut start = Zeroizing::new([password, magic, salt].concat());
    start.extend(sum.iter().cycle().take(password.len()));
    // For each bit of the length a NUL or the first character: the sum that was meant here had been cleared.
    let mut bits = password.len();
    while bits > 0 {
        start.extend_from_slice(if bits & 1 == 1 { &[0] } else { password.get(..1).unwrap_or_default() });
        bits >>= 1;
    }
    let layouts = (0..LAYOUTS).map(|round| in_turn(round, Digest::Md5, password, salt)).collect();
    Chain { first: Digest::Md5.of(&[&start]), layouts }
}

/// The message of a round, in whose order sha-crypt's are, too: password and digest change their places in odd rounds, the
/// salt is left out of every third round and the password's second place of every seventh.
pub(super) fn in_turn(round: usize, digest: Digest, password: &[u8], salt: &[u8]) -> Layout {
    let room = vec![0; digest.len()];
    let odd = round % 2 == 1;
    let none: &[u8] = &[];
    let parts = [
        if odd { password } else { &room },
        if round.is_multiple_of(3) { none } else { salt },
        if round.is_multiple_of(7) { none } else { password },
        if odd { &room } else { password },
    ];
    let message = Zeroizing::new(parts.concat());
    let at = if odd { message.len() - room.len() } else { 0 };
    Layout { message, holes: vec![Hole { at, form: Form::Raw }] }
}
