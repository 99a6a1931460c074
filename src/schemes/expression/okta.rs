//! Whether Okta can compute what an expression says: one digest of the password with a salt before or after it, or
//! PBKDF2. Whatever is known without the password counts as salt, be it a column, a text or a name.

use super::function::Function;
use super::plan::Plan;
use crate::schemes::okta_hash::{NotImportable, OktaHash, SaltOrder};

/// Okta's object for a digest made by this plan, or what of it Okta cannot express.
pub(super) fn equivalent(plan: &Plan, digest: &[u8]) -> Result<OktaHash, NotImportable> {
    let Plan::Call { function, arguments, numbers } = plan else {
        return Err(cannot("more than a digest is stored"));
    };
    match (function, arguments.as_slice(), numbers.as_slice()) {
        (Function::Digest(algorithm, _), [message], _) => {
            let salt = match parts(message) {
                [Plan::Password] => None,
                [Plan::Known(salt), Plan::Password] => Some((SaltOrder::Prefix, salt.expose())),
                [Plan::Password, Plan::Known(salt)] => Some((SaltOrder::Postfix, salt.expose())),
                [Plan::Known(_), Plan::Password, Plan::Known(_)] => {
                    return Err(cannot("the password stands between two salts"));
                }
                others => return Err(cannot(&reason(others))),
            };
            OktaHash::digest(*algorithm, digest, salt)
        }
        (Function::Pbkdf2(algorithm, _), [Plan::Password, Plan::Known(salt)], [rounds, _]) => {
            OktaHash::pbkdf2(*algorithm, *rounds, salt.expose(), digest)
        }
        (Function::Pbkdf2(..), _, _) => Err(cannot("PBKDF2 is given more than the password and a salt")),
        (Function::Hmac(..), _, _) => Err(cannot("HMAC")),
        (Function::Iterate, _, _) => Err(cannot("more than one round")),
        (other, _, _) => Err(cannot(&format!("{}()", other.name()))),
    }
}

fn parts(plan: &Plan) -> &[Plan] {
    match plan {
        Plan::Concat(parts) => parts,
        one => std::slice::from_ref(one),
    }
}

fn reason(parts: &[Plan]) -> String {
    let changed = parts.iter().find_map(|part| match part {
        Plan::Call { function, .. } => Some(format!("the password goes through {}() first", function.name())),
        _ => None,
    });
    changed.unwrap_or_else(|| "the password occurs more than once".into())
}

fn cannot(what: &str) -> NotImportable {
    NotImportable(format!("{what}: Okta takes one digest of the password with one salt, or PBKDF2"))
}
