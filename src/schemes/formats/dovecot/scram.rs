//! `{SCRAM-SHA-1}` and `{SCRAM-SHA-256}` (RFC 5802, RFC 7677): PBKDF2, then the hash of an HMAC. Dovecot compares the
//! stored key alone.

use super::Payload;
use crate::schemes::construction::{Construction, Cost, Reading, Refusal, Scratch, Verdict};
use crate::schemes::digest::Digest;
use crate::schemes::kernels::{self, Kind, Task};
use crate::schemes::{Credential, Limits, NotImportable, OktaHash, encoding};
use crate::secret::Secret;

struct Scram {
    digest: Digest,
    rounds: u32,
    salt: Vec<u8>,
    stored_key: Secret,
}

pub(super) fn read(credential: &Credential<'_>, limits: &Limits) -> Reading {
    let wrong = || {
        Refusal::unreadable("expected <rounds>,<salt>,<stored key>,<server key>, the last three in base64")
    };
    let Payload { name, text, .. } = Payload::of(credential);
    let digest = if name.eq_ignore_ascii_case(b"SCRAM-SHA-1") { Digest::Sha1 } else { Digest::Sha256 };
    let mut fields = text.split(|&byte| byte == b',');
    let (Some(rounds), Some(salt), Some(stored_key), Some(server_key), None) =
        (fields.next(), fields.next(), fields.next(), fields.next(), fields.next())
    else {
        return Err(wrong());
    };
    let rounds = encoding::decimal(rounds).filter(|&rounds| rounds > 0).ok_or_else(wrong)?;
    let salt = encoding::from_base64(salt).ok_or_else(wrong)?;
    let key = |text| encoding::from_base64(text).filter(|key| key.len() == digest.len()).ok_or_else(wrong);
    let (stored_key, _) = (key(stored_key)?, key(server_key)?);
    limits.rounds(u64::from(rounds))?;
    limits.salt(salt.len())?;
    Ok(Box::new(Scram { digest, rounds, salt, stored_key: Secret::new(stored_key) }))
}

impl Construction for Scram {
    fn verify(&self, password: &[u8], scratch: &mut Scratch) -> Verdict {
        kernels::alone(self, password, scratch)
    }

    fn kind(&self) -> Option<Kind> {
        Some(Kind::pbkdf2(self.digest, self.rounds, self.digest.len()))
    }

    fn task(&self, password: &[u8], _: &mut Scratch) -> Option<Task> {
        Some(Task::pbkdf2(super::super::c_string(password), &self.salt, self.digest.len()))
    }

    fn judge(&self, salted: &[u8]) -> Verdict {
        let client_key = self.digest.hmac(salted, b"Client Key");
        Verdict::of(self.stored_key.matches(&self.digest.of(&[&client_key])))
    }

    fn cost(&self) -> Cost {
        Cost::nanos(self.digest.pbkdf2_nanos(u64::from(self.rounds)))
    }

    fn okta(&self) -> Result<OktaHash, NotImportable> {
        Err(NotImportable("SCRAM is not among Okta's algorithms".into()))
    }

    fn parameters(&self) -> String {
        format!("{}, {} rounds", self.digest.title(), self.rounds)
    }
}
