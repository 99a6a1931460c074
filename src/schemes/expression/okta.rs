//! Whether Okta can compute what an expression says: one digest of the password with a salt before or after it, or
//! PBKDF2. Whatever is known without the password counts as salt, be it a column, a text or a name. A change of the
//! password is refused even where it leaves most passwords as they are.

use super::program::Step;
use super::run::Bound;
use crate::schemes::digest::Digest;
use crate::schemes::okta_hash::{NotImportable, OktaHash, SaltOrder};

/// Okta's object for a digest made by this program, or what of it Okta cannot express.
pub(super) fn equivalent(bound: &Bound, digest: &[u8]) -> Result<OktaHash, NotImportable> {
    of(&bound.program.root, bound, digest)
}

fn of(step: &Step, bound: &Bound, digest: &[u8]) -> Result<OktaHash, NotImportable> {
    match step {
        Step::Digest { digest: algorithm, message, .. } => {
            let (mut before, mut after, mut seen) = (&[][..], &[][..], false);
            for part in parts(message) {
                match part {
                    Step::Password if !seen => seen = true,
                    Step::Password => return Err(cannot("the password occurs more than once")),
                    // Known neighbours are one, so that there is one at most on either side.
                    Step::Known(index) if seen => after = bound.known(*index),
                    Step::Known(index) => before = bound.known(*index),
                    other => return Err(cannot(&format!("the password goes through {} first", name(other)))),
                }
            }
            salted(*algorithm, before, after, digest)
        }
        Step::Pbkdf2 { digest: algorithm, password, salt, rounds, .. } => match (&**password, &**salt) {
            (Step::Password, Step::Known(salt)) => {
                OktaHash::pbkdf2(*algorithm, rounds.of(bound.rounds), bound.known(*salt), digest)
            }
            (Step::Password | Step::Known(_), _) => {
                Err(cannot("PBKDF2 is given more than the password and a salt"))
            }
            (other, _) => Err(cannot(&format!("the password goes through {} first", name(other)))),
        },
        Step::Hmac { .. } => Err(cannot("HMAC")),
        Step::Iterate { rounds, first, .. } if rounds.of(bound.rounds) == 1 => of(first, bound, digest),
        Step::Iterate { .. } => Err(cannot("more than one round")),
        Step::Concat(_) => Err(cannot("more than a digest is stored")),
        other => Err(cannot(&name(other))),
    }
}

/// Okta's object for one digest of the password between two salts, of which one at least must be empty.
pub(super) fn salted(
    digest: Digest,
    before: &[u8],
    after: &[u8],
    value: &[u8],
) -> Result<OktaHash, NotImportable> {
    let salt = match (before, after) {
        ([], []) => None,
        (salt, []) => Some((SaltOrder::Prefix, salt)),
        ([], salt) => Some((SaltOrder::Postfix, salt)),
        _ => return Err(cannot("the password stands between two salts")),
    };
    OktaHash::digest(digest, value, salt)
}

fn parts(step: &Step) -> &[Step] {
    match step {
        Step::Concat(parts) => parts,
        one => std::slice::from_ref(one),
    }
}

/// The function that a step calls.
fn name(step: &Step) -> String {
    match step {
        Step::Digest { digest, .. } => format!("{}()", digest.name()),
        Step::Hmac { digest, .. } => format!("hmac_{}()", digest.name()),
        Step::Pbkdf2 { digest, .. } => format!("pbkdf2_{}()", digest.name()),
        Step::Scrypt { .. } => "scrypt()".into(),
        Step::Iterate { .. } => "iterate()".into(),
        Step::Substr { .. } => "substr()".into(),
        Step::Change { change, .. } => format!("{}()", change.name()),
        Step::Concat(_) => "a concatenation".into(),
        Step::Password | Step::Previous | Step::Known(_) | Step::Text(_) | Step::Column(_) => String::new(),
    }
}

fn cannot(what: &str) -> NotImportable {
    NotImportable(format!("{what}: Okta takes one digest of the password with one salt, or PBKDF2").into())
}
