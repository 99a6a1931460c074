//! Drupal 7 to 10: phpass with SHA-512, its digest cut so that the whole has 55 characters (`includes/password.inc`,
//! `PhpassHashedPassword`). Values that begin with `U` were MD5s of Drupal 6 and hashed once more at the upgrade.

use super::over::{hex_of, over};
use super::phpass::{self, Stretch};
use crate::schemes::construction::{Construction, Cost, Reading, Refusal, Scratch, Verdict};
use crate::schemes::digest::Digest;
use crate::schemes::kernels::{self, Kind, Task};
use crate::schemes::registry::{Entry, Example, Reader};
use crate::schemes::{Credential, Limits, NotImportable, OktaHash, encoding};
use crate::secret::Secret;

pub(super) const ENTRIES: &[Entry] = &[Entry {
    name: "drupal7",
    aliases: &["drupal", "drupal8", "phpass-sha512"],
    hashcat: &[7900],
    software: "Drupal 7 to 10.0; from 10.1 on `bcrypt`, with these kept until the next sign-in",
    layout: "$S$<log2 rounds:1><salt:8><digest:43>; U$S$, U$P$ or U$H$ over Drupal 6's MD5",
    example: Example::of("$S$C20340258nzjDWpoQthrdNTR02f0pmev0K/5/Nx80WSkOQcPEQRh", "hashcat"),
    okta: "hook: Okta has no phpass",
    prefixes: &["$S$", "U$S$", "U$P$", "U$H$"],
    reader: Reader::Format(read),
    ..Entry::BLANK
}];

/// Characters of the digest that are kept.
const KEPT: usize = 43;
/// Drupal refuses longer passwords, in bytes.
const MAX_PASSWORD: usize = 512;

struct Drupal {
    stretch: Stretch,
    digest: Secret,
}

fn read(credential: &Credential<'_>, limits: &Limits) -> Reading {
    if let Some(stored) = credential.stored.strip_prefix(b"U") {
        let inner = Credential { stored, ..*credential };
        let inner =
            if stored.starts_with(b"$S$") { plain(&inner, limits) } else { phpass::read(&inner, limits) };
        return Ok(over(inner?, "phpass is not among Okta's algorithms", "over MD5, ", |password| {
            hex_of(Digest::Md5, password)
        }));
    }
    plain(credential, limits)
}

fn plain(credential: &Credential<'_>, limits: &Limits) -> Reading {
    let wrong = || Refusal::unreadable("Drupal 7's must be $S$ and 52 characters of ./0-9A-Za-z");
    let rest = credential.stored.strip_prefix(b"$S$").ok_or_else(wrong)?;
    let (setting, digest) = rest.split_at_checked(Stretch::LEN).ok_or_else(wrong)?;
    let stretch = Stretch::read(setting, Digest::Sha512, limits).ok_or_else(wrong)?;
    if digest.len() != KEPT || digest.iter().any(|&c| encoding::crypt64_value(c).is_none()) {
        return Err(wrong());
    }
    Ok(Box::new(Drupal { stretch: stretch?, digest: Secret::new(digest.to_vec()) }))
}

impl Construction for Drupal {
    fn verify(&self, password: &[u8], scratch: &mut Scratch) -> Verdict {
        kernels::alone(self, password, scratch)
    }

    fn kind(&self) -> Option<Kind> {
        Some(self.stretch.kind())
    }

    fn task(&self, password: &[u8], _: &mut Scratch) -> Option<Task> {
        (password.len() <= MAX_PASSWORD).then(|| self.stretch.task(password))
    }

    fn judge(&self, result: &[u8]) -> Verdict {
        let text = phpass::encoded(result);
        Verdict::of(text.get(..KEPT).is_some_and(|text| self.digest.matches(text)))
    }

    fn cost(&self) -> Cost {
        self.stretch.cost()
    }

    fn okta(&self) -> Result<OktaHash, NotImportable> {
        Err(NotImportable("phpass is not among Okta's algorithms".into()))
    }

    fn parameters(&self) -> String {
        self.stretch.parameters()
    }
}
