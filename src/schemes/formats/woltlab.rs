//! `WoltLab` Suite, formerly Burning Board 4 and Community Framework 2: bcrypt twice with the same salt, the first
//! result as a whole being the password of the second. From 5.4 on a value says by its beginning what it is.

use super::bcrypt::{self, Bcrypt};
use super::{argon2, phpass};
use crate::schemes::construction::{Construction, Cost, Reading, Refusal, Scratch, Verdict};
use crate::schemes::registry::{Entry, Example, Reader};
use crate::schemes::{Credential, Limits, NotImportable, OktaHash};

pub(super) const ENTRIES: &[Entry] = &[
    Entry {
        name: "woltlab",
        aliases: &["wsc"],
        software: "WoltLab Suite from 5.4",
        layout: "Bcrypt:$2y$…, DoubleBcrypt:$2a$…, Argon2:$argon2id$… or Phpass:$H$…",
        example: Example::of(
            "Bcrypt:$2y$05$abcdefghijklmnopqrstuuWG29KuyeAicPCJODk1zjyGvyQUU2awu",
            "password",
        ),
        okta: "BCRYPT; hook: DoubleBcrypt and the others",
        prefixes: &["Bcrypt:", "DoubleBcrypt:", "Argon2:", "Phpass:"],
        reader: Reader::Format(prefixed),
        ..Entry::BLANK
    },
    Entry {
        name: "woltlab-double-bcrypt",
        aliases: &["wcf2", "wbb4"],
        software: "WoltLab Suite before 5.4, Burning Board 4, Community Framework 2",
        layout: "$2a$<cost>$<salt:22><digest:31>",
        example: Example::of("$2a$05$abcdefghijklmnopqrstuuswtd2zpEYkVHIoaiLhbWD/0yD0DzrOi", "password"),
        okta: "hook: bcrypt twice, which Okta cannot do",
        reader: Reader::Format(double),
        ..Entry::BLANK
    },
];

fn prefixed(credential: &Credential<'_>, limits: &Limits) -> Reading {
    let colon = credential.stored.iter().position(|&byte| byte == b':');
    let (kind, stored) = colon
        .and_then(|at| credential.stored.split_at_checked(at + 1))
        .ok_or_else(|| Refusal::unreadable("expected the name of an algorithm and a colon"))?;
    let inner = Credential { stored, ..*credential };
    match kind {
        b"Bcrypt:" => Ok(Box::new(bcrypt::read(&inner, limits)?)),
        b"DoubleBcrypt:" => double(&inner, limits),
        b"Argon2:" => argon2::read(&inner, limits),
        // Software that a forum was moved from kept its salt in a column of its own, which is empty here.
        b"Phpass:" if stored.starts_with(b"$H$") || stored.starts_with(b"$P$") => {
            let stored = stored.strip_suffix(b":").unwrap_or(stored);
            phpass::read(&Credential { stored, ..inner }, limits)
        }
        _ => Err(Refusal::unreadable(
            "an algorithm of WoltLab's other than Bcrypt, DoubleBcrypt, Argon2 and Phpass",
        )),
    }
}

struct Double {
    /// `$2a$08$`
    beginning: Vec<u8>,
    bcrypt: Bcrypt,
}

fn double(credential: &Credential<'_>, limits: &Limits) -> Reading {
    let bcrypt = bcrypt::read(credential, limits)?;
    limits.bcrypt(bcrypt.log_rounds() + 1)?; // twice is as much as the next cost once
    let beginning = credential.stored.get(..7).unwrap_or_default().to_vec();
    Ok(Box::new(Double { beginning, bcrypt }))
}

impl Construction for Double {
    fn verify(&self, password: &[u8], scratch: &mut Scratch) -> Verdict {
        let first = self.bcrypt.text(password);
        let first = zeroize::Zeroizing::new([&self.beginning, first.as_bytes()].concat());
        self.bcrypt.verify(&first, scratch)
    }

    fn cost(&self) -> Cost {
        let once = self.bcrypt.cost();
        Cost { micros: once.micros.saturating_mul(2), ..once }
    }

    fn okta(&self) -> Result<OktaHash, NotImportable> {
        Err(NotImportable("bcrypt of bcrypt, and Okta hashes only the password itself".into()))
    }

    fn parameters(&self) -> String {
        format!("twice, {}", self.bcrypt.parameters())
    }
}
