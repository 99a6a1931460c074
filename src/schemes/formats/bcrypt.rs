//! bcrypt, `$2$ $2a$ $2b$ $2x$ $2y$` (Provos and Mazières, 1999; OpenBSD, `crypt_blowfish`).
//!
//! Only the first 72 bytes of a password count, and a NUL byte ends it. `$2x$` has the sign bug of
//! `crypt_blowfish` before 1.1; `$2$` lacks the NUL at the password's end. The others are one computation:
//! `crypt_blowfish` makes `$2a$` differ only where a password holds the byte 0xFF, which UTF-8 never does.

use zeroize::Zeroizing;

use crate::schemes::construction::{Construction, Cost, Refusal, Scratch, Verdict};
use crate::schemes::kernels::bcrypt::Input;
use crate::schemes::kernels::{self, Kind, Task};
use crate::schemes::limits::BCRYPT_ROUND_NANOS;
use crate::schemes::registry::{Entry, Example, Reader};
use crate::schemes::{Credential, Limits, NotImportable, OktaHash, encoding};
use crate::secret::Secret;

pub(super) const ENTRIES: &[Entry] = &[Entry {
    name: "bcrypt",
    aliases: &["blf-crypt", "blowfish", "laravel", "strapi", "yii2", "auth0", "ipb4", "gitlab", "mastodon"],
    hashcat: &[3200],
    software: "OpenBSD, PHP, Rails, Spring Security, Laravel, and most others",
    layout: "$2b$<cost>$<salt:22><digest:31>",
    example: Example::of("$2b$06$DCq7YPn5Rq63x1Lad4cll.TV4S6ytwfsfvkgY8jIucDrjc8deX1s.", ""),
    okta: "BCRYPT up to cost 20; hook: $2$ and $2x$",
    prefixes: &["$2$", "$2a$", "$2b$", "$2x$", "$2y$"],
    crypt3: true,
    reader: Reader::Format(|credential, limits| read(credential, limits).map(Bcrypt::boxed)),
    ..Entry::BLANK
}];

/// Bytes of a password that count.
const KEY_BYTES: usize = 72;

/// How the password becomes Blowfish's key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Variant {
    /// `$2$`: the bytes over and over.
    WithoutNul,
    /// `$2a$ $2b$ $2y$`: the bytes and a NUL, over and over.
    Usual,
    /// `$2x$`: likewise, each byte taken for a signed one.
    SignBug,
}

/// A bcrypt value.
pub(super) struct Bcrypt {
    variant: Variant,
    cost: u32,
    salt: [u8; 16],
    digest: Secret,
    digest_text: Secret,
}

/// Reads a value with nothing before or after it.
pub(super) fn read(credential: &Credential<'_>, limits: &Limits) -> Result<Bcrypt, Refusal> {
    let (variant, rest) = match credential.stored {
        [b'$', b'2', b'$', rest @ ..] => (Variant::WithoutNul, rest),
        [b'$', b'2', b'a' | b'b' | b'y', b'$', rest @ ..] => (Variant::Usual, rest),
        [b'$', b'2', b'x', b'$', rest @ ..] => (Variant::SignBug, rest),
        _ => return Err(Refusal::unreadable("bcrypt must begin with $2$, $2a$, $2b$, $2x$ or $2y$")),
    };
    let (cost, rest) = match rest {
        [tens @ b'0'..=b'9', ones @ b'0'..=b'9', b'$', rest @ ..] => {
            (u32::from(tens - b'0') * 10 + u32::from(ones - b'0'), rest)
        }
        _ => return Err(Refusal::unreadable("bcrypt's cost must be two digits and a $")),
    };
    if !(4..=31).contains(&cost) {
        return Err(Refusal::unreadable(format!("bcrypt's cost is 04 to 31, not {cost:02}")));
    }
    let Some((salt_text, digest_text)) = rest.split_at_checked(22).filter(|_| rest.len() == 53) else {
        let found = rest.len();
        return Err(Refusal::unreadable(format!(
            "bcrypt must have 53 characters after the cost, this value has {found}"
        )));
    };
    let salt = encoding::from_radix64_lax_salt(salt_text);
    let digest = encoding::from_radix64(digest_text).filter(|digest| digest.len() == 23);
    let (Some(salt), Some(digest)) = (salt, digest) else {
        return Err(Refusal::unreadable("a character that bcrypt's radix-64 cannot have there"));
    };
    limits.bcrypt(cost)?;
    Ok(Bcrypt {
        variant,
        cost,
        salt,
        digest: Secret::new(digest),
        digest_text: Secret::new(digest_text.to_vec()),
    })
}

impl Bcrypt {
    fn boxed(self) -> Box<dyn Construction> {
        Box::new(self)
    }

    /// The logarithm of its rounds.
    pub(super) fn log_rounds(&self) -> u32 {
        self.cost
    }

    /// What bcrypt makes of the password, as text: 22 characters of salt, 31 of digest.
    pub(super) fn text(&self, password: &[u8]) -> Zeroizing<String> {
        let mut digest = Zeroizing::new([[0; 24]]);
        kernels::bcrypt::run(self.cost, &[self.input(password)], &mut *digest);
        let digest =
            Zeroizing::new(encoding::to_radix64(digest.as_flattened().get(..23).unwrap_or_default()));
        Zeroizing::new([&encoding::to_radix64(&self.salt), digest.as_str()].concat())
    }

    fn input(&self, password: &[u8]) -> Input {
        Input::new(&key(self.variant, password), self.salt)
    }
}

impl Construction for Bcrypt {
    fn verify(&self, password: &[u8], scratch: &mut Scratch) -> Verdict {
        kernels::alone(self, password, scratch)
    }

    fn kind(&self) -> Option<Kind> {
        Some(Kind::bcrypt(self.cost))
    }

    fn task(&self, password: &[u8], _: &mut Scratch) -> Option<Task> {
        Some(Task::Bcrypt(self.input(password)))
    }

    fn judge(&self, result: &[u8]) -> Verdict {
        Verdict::of(result.get(..23).is_some_and(|digest| self.digest.matches(digest)))
    }

    fn cost(&self) -> Cost {
        Cost::nanos(BCRYPT_ROUND_NANOS << self.cost)
    }

    fn okta(&self) -> Result<OktaHash, NotImportable> {
        let version = match self.variant {
            Variant::Usual => {
                return OktaHash::bcrypt(
                    self.cost,
                    &encoding::to_radix64(&self.salt), // as written by software that leaves no bits over
                    self.digest_text.expose_str().unwrap_or(""),
                );
            }
            Variant::WithoutNul => "$2$",
            Variant::SignBug => "$2x$",
        };
        let why = format!("bcrypt {version}: Okta computes only what $2a$, $2b$ and $2y$ stand for");
        Err(NotImportable(why.into()))
    }

    fn parameters(&self) -> String {
        match self.variant {
            Variant::Usual => format!("cost {}", self.cost),
            Variant::WithoutNul => format!("$2$, cost {}", self.cost),
            Variant::SignBug => format!("$2x$, cost {}", self.cost),
        }
    }
}

/// Blowfish's key: 1 to 72 bytes, which the cipher repeats by itself.
fn key(variant: Variant, password: &[u8]) -> Zeroizing<Vec<u8>> {
    let end = password.iter().position(|&byte| byte == 0).unwrap_or(password.len());
    let mut key = Zeroizing::new(Vec::with_capacity(KEY_BYTES + 1));
    key.extend(password.iter().take(end.min(KEY_BYTES)));
    let whole = match variant {
        Variant::WithoutNul => !key.is_empty(),
        Variant::Usual | Variant::SignBug => key.len() == KEY_BYTES,
    };
    if !whole {
        key.push(0);
    }
    if variant == Variant::SignBug { with_sign_bug(&key) } else { key }
}

/// The 18 words that the bug makes of a key, as the 72 bytes from which Blowfish makes the same words: a byte
/// above 0x7F came with ones in all the bits above it, over those of the bytes before it.
fn with_sign_bug(key: &[u8]) -> Zeroizing<Vec<u8>> {
    let mut bytes = key.iter().cycle();
    let mut words = Zeroizing::new(Vec::with_capacity(KEY_BYTES));
    for _ in 0..KEY_BYTES / 4 {
        let word = bytes
            .by_ref()
            .take(4)
            .fold(0u32, |word, &byte| (word << 8) | i32::from(byte.cast_signed()).cast_unsigned());
        words.extend(word.to_be_bytes());
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdict(stored: &str, password: &[u8]) -> Verdict {
        let credential = Credential { stored: stored.as_bytes(), ..Credential::default() };
        read(&credential, &Limits::default()).unwrap().verify(password, &mut Scratch::default())
    }

    /// Python's bcrypt refuses a salt with spare bits as invalid, so that Okta may too.
    #[test]
    fn okta_gets_a_salt_without_the_spare_bits() {
        let stored = b"$2a$05$CCCCCCCCCCCCCCCCCCCCC/E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW";
        let credential = Credential { stored, ..Credential::default() };
        let object = read(&credential, &Limits::default()).unwrap().okta().unwrap();
        assert_eq!(serde_json::to_value(object).unwrap()["salt"], "CCCCCCCCCCCCCCCCCCCCC.");
    }

    #[test]
    fn a_cost_that_cannot_be_is_said_as_such() {
        let stored = b"$2b$99$DCq7YPn5Rq63x1Lad4cll.TV4S6ytwfsfvkgY8jIucDrjc8deX1s.";
        let credential = Credential { stored, ..Credential::default() };
        let refusal = read(&credential, &Limits::default()).err();
        assert_eq!(refusal, Some(Refusal::unreadable("bcrypt's cost is 04 to 31, not 99")));
    }

    /// The test vectors of `crypt_blowfish` 1.3's `wrapper.c` (public domain).
    #[test]
    fn crypt_blowfish_vectors() {
        for (stored, password) in [
            ("$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW", &b"U*U"[..]),
            ("$2a$05$CCCCCCCCCCCCCCCCCCCCC.VGOzA784oUp/Z0DY336zx7pLYAy0lwK", b"U*U*"),
            ("$2a$05$XXXXXXXXXXXXXXXXXXXXXOAcXxm9kjPGEMsLznoKqmqw7tc8WCx4a", b"U*U*U"),
            (
                "$2a$05$abcdefghijklmnopqrstuu5s2v8.iXieOjg/.AySBTTZIIVFJeBui",
                b"0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ\
                  0123456789chars after 72 are ignored",
            ),
            ("$2x$05$/OK.fbVrR/bpIqNJ5ianF.CE5elHaaO4EbggVDjb8P19RukzXSM3e", b"\xa3"),
            ("$2x$05$/OK.fbVrR/bpIqNJ5ianF.CE5elHaaO4EbggVDjb8P19RukzXSM3e", b"\xff\xff\xa3"),
            ("$2x$05$/OK.fbVrR/bpIqNJ5ianF.CE5elHaaO4EbggVDjb8P19RukzXSM3e", b"\xff\xff\xa3\0and more"),
            ("$2y$05$/OK.fbVrR/bpIqNJ5ianF.CE5elHaaO4EbggVDjb8P19RukzXSM3e", b"\xff\xff\xa3"),
            ("$2b$05$/OK.fbVrR/bpIqNJ5ianF.CE5elHaaO4EbggVDjb8P19RukzXSM3e", b"\xff\xff\xa3"),
            ("$2a$05$/OK.fbVrR/bpIqNJ5ianF.Sa7shbm4.OzKpvFnX1pQLmQW96oUlCq", b"\xa3"),
            ("$2y$05$/OK.fbVrR/bpIqNJ5ianF.Sa7shbm4.OzKpvFnX1pQLmQW96oUlCq", b"\xa3"),
            ("$2b$05$/OK.fbVrR/bpIqNJ5ianF.Sa7shbm4.OzKpvFnX1pQLmQW96oUlCq", b"\xa3"),
            ("$2x$05$/OK.fbVrR/bpIqNJ5ianF.o./n25XVfn6oAPaUvHe.Csk4zRfsYPi", b"1\xa3345"),
            ("$2x$05$/OK.fbVrR/bpIqNJ5ianF.o./n25XVfn6oAPaUvHe.Csk4zRfsYPi", b"\xff\xa3345"),
            ("$2a$05$CCCCCCCCCCCCCCCCCCCCC.7uG0VCzI2bS7j6ymqJi9CdcdxiRTWNy", b""),
        ] {
            assert_eq!(verdict(stored, password), Verdict::Match, "{stored} {password:?}");
        }
    }
}
