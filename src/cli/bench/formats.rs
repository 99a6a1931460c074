//! The formats that are measured, with the parameters that software of today uses. Their digests are of no password:
//! nothing is ever to match.

use anyhow::Context;

use crate::schemes::{Credential, Hash, Limits, Selection};

/// One format with its parameters.
pub(super) struct Format {
    pub(super) scheme: &'static str,
    pub(super) parameters: &'static str,
    pub(super) hash: Hash,
}

/// Scheme, parameters, and the beginning of a value with its salt, behind which so many times that letter stands for the digest.
const FORMATS: [(&str, &str, &str, char, usize); 16] = [
    ("bcrypt", "cost 10", "$2b$10$N9qo8uLOickgx2ZMRZoMye", '.', 31),
    ("bcrypt", "cost 12", "$2b$12$N9qo8uLOickgx2ZMRZoMye", '.', 31),
    ("passlib-pbkdf2", "SHA-256, 600000 rounds", "$pbkdf2-sha256$600000$.6UI/S.nXIk8jcbdHx3Fhg$", 'A', 43),
    ("passlib-pbkdf2", "SHA-512, 210000 rounds", "$pbkdf2-sha512$210000$.6UI/S.nXIk8jcbdHx3Fhg$", 'A', 86),
    ("passlib-pbkdf2", "SHA-1, 1000000 rounds", "$pbkdf2$1000000$.6UI/S.nXIk8jcbdHx3Fhg$", 'A', 27),
    ("sha512-crypt", "5000 rounds", "$6$saltstring$", '.', 86),
    ("sha256-crypt", "5000 rounds", "$5$saltstring$", '.', 43),
    ("md5-crypt", "", "$1$38652870$", '.', 22),
    ("phpass", "8192 rounds", "$P$BIRXVj/ZG", '.', 22),
    ("drupal7", "32768 rounds", "$S$D20340258", '.', 43),
    ("md5-salt-pass-1000", "1000 rounds", "", '0', 32),
    ("argon2", "argon2id m=19456 t=2 p=1", "$argon2id$v=19$m=19456,t=2,p=1$c29tZXNhbHQ$", 'A', 43),
    ("argon2", "argon2id m=65536 t=3 p=1", "$argon2id$v=19$m=65536,t=3,p=1$c29tZXNhbHQ$", 'A', 43),
    ("scrypt", "N=2^15 r=8 p=1", "$scrypt$ln=15,r=8,p=1$c29tZXNhbHQ$", 'A', 43),
    ("yescrypt", "j9T", "$y$j9T$F5Jx5fExrKuPp53xLKQ..1$", '.', 43),
    ("sha256-pass-salt", "", "", '0', 64),
];

/// What is no scheme of the registry.
const EXPRESSIONS: [(&str, &str); 2] = [
    ("md5-salt-pass-1000", "iterate(1000,md5_bin($salt.$pass),md5_bin($_.$pass))"),
    ("sha256-pass-salt", "sha256($pass.$salt)"),
];

/// All of them.
pub(super) fn all() -> anyhow::Result<Vec<Format>> {
    FORMATS
        .iter()
        .map(|&(scheme, parameters, beginning, digit, digits)| {
            let stored = format!("{beginning}{}", digit.to_string().repeat(digits));
            let credential =
                Credential { stored: stored.as_bytes(), salt: Some(b"saltsalt"), ..Credential::default() };
            let text = EXPRESSIONS.iter().find(|(name, _)| *name == scheme).map_or(scheme, |(_, text)| text);
            let hash = Selection::parse(text)?.read(&credential, &Limits::default()).context(scheme)?;
            Ok(Format { scheme, parameters, hash })
        })
        .collect()
}
