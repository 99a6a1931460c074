//! What is to be done with a password: an expression with its variables bound to one row's columns, and all that
//! is known without the password already computed.

use zeroize::Zeroizing;

use super::function::{Form, Function};
use super::parser::{Node, Variable};
use crate::schemes::Credential;
use crate::schemes::construction::Refusal;
use crate::schemes::digest::Digest;
use crate::secret::Secret;

/// The longest intermediate result, in bytes.
pub(super) const MAX_LEN: u64 = 1 << 20;
/// Bytes beyond which a digest counts for more than one, so that a bound on their number is one on their time.
const LONG: u64 = 2048;
/// Length of a password to plan with, in bytes.
pub(super) const USUAL_PASSWORD: usize = 16;

/// A part of a plan. Neighbouring known parts are one, and empty ones are none.
pub(super) enum Plan {
    Password,
    Previous,
    Known(Secret),
    Concat(Vec<Plan>),
    Call { function: Function, arguments: Vec<Plan>, numbers: Vec<u32> },
}

/// Binds the variables to the columns of one credential.
pub(super) fn bind(node: &Node, credential: &Credential<'_>) -> Result<Plan, Refusal> {
    match node {
        Node::Previous => Ok(Plan::Previous),
        Node::Text(text) => Ok(Plan::Known(Secret::from(text.as_str()))),
        Node::Variable(Variable::Pass) => Ok(Plan::Password),
        Node::Variable(variable) => match column(*variable, credential) {
            Some(bytes) => Ok(Plan::Known(Secret::new(bytes.to_vec()))),
            None => Err(Refusal::unreadable(missing(*variable))),
        },
        Node::Concat(parts) => {
            let mut bound = Vec::with_capacity(parts.len());
            for part in parts {
                append(&mut bound, bind(part, credential)?);
            }
            Ok(match bound.pop() {
                None => Plan::Known(Secret::from("")),
                Some(only) if bound.is_empty() => only,
                Some(last) => {
                    bound.push(last);
                    Plan::Concat(bound)
                }
            })
        }
        Node::Call { function, arguments, numbers } => {
            let bound = arguments.iter().map(|argument| bind(argument, credential));
            let call = Plan::Call {
                function: *function,
                arguments: bound.collect::<Result<_, _>>()?,
                numbers: numbers.clone(),
            };
            if call.needs_password() {
                return Ok(call);
            }
            let known = call.run(b"", b"").ok_or_else(|| {
                Refusal::unreadable(format!("what {}() is given is not in that encoding", function.name()))
            })?;
            Ok(Plan::Known(Secret::new(known.to_vec())))
        }
    }
}

/// A digest of the password between two known texts, either of which may be empty.
pub(super) fn salted(digest: Digest, before: &[u8], after: &[u8]) -> Plan {
    let mut parts = Vec::with_capacity(3);
    append(&mut parts, Plan::Known(Secret::new(before.to_vec())));
    append(&mut parts, Plan::Password);
    append(&mut parts, Plan::Known(Secret::new(after.to_vec())));
    Plan::Call {
        function: Function::Digest(digest, Form::Raw),
        arguments: vec![Plan::Concat(parts)],
        numbers: Vec::new(),
    }
}

fn append(parts: &mut Vec<Plan>, part: Plan) {
    match part {
        Plan::Concat(inner) => inner.into_iter().for_each(|part| append(parts, part)),
        Plan::Known(secret) if secret.is_empty() => {}
        Plan::Known(secret) => {
            if let Some(Plan::Known(before)) = parts.last_mut() {
                *before = Secret::new([before.expose(), secret.expose()].concat());
            } else {
                parts.push(Plan::Known(secret));
            }
        }
        part => parts.push(part),
    }
}

fn column<'a>(variable: Variable, credential: &Credential<'a>) -> Option<&'a [u8]> {
    match variable {
        Variable::Pass => None,
        Variable::Salt => credential.salt,
        Variable::Salt2 => credential.salt2,
        Variable::User => credential.user.map(str::as_bytes),
        Variable::Email => credential.email.map(str::as_bytes),
        Variable::Pepper => credential.pepper,
    }
}

fn missing(variable: Variable) -> String {
    let name = variable.name();
    match variable {
        Variable::Pepper => format!("the scheme needs {name}, and none is configured"),
        _ => format!("the scheme needs {name}, and this row has none"),
    }
}

impl Plan {
    fn needs_password(&self) -> bool {
        match self {
            Self::Password | Self::Previous => true,
            Self::Known(_) => false,
            Self::Concat(parts) => parts.iter().any(Self::needs_password),
            Self::Call { arguments, .. } => arguments.iter().any(Self::needs_password),
        }
    }

    /// Computes it. `None` only where `unhex` or `unbase64` meets something else, and those are run when the
    /// value is read.
    pub(super) fn run(&self, password: &[u8], previous: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        match self {
            Self::Password => Some(Zeroizing::new(password.to_vec())),
            Self::Previous => Some(Zeroizing::new(previous.to_vec())),
            Self::Known(secret) => Some(Zeroizing::new(secret.expose().to_vec())),
            Self::Concat(parts) => {
                let mut whole = Zeroizing::new(Vec::with_capacity(256));
                for part in parts {
                    whole.extend_from_slice(&part.run(password, previous)?);
                }
                Some(whole)
            }
            Self::Call { function: Function::Iterate, arguments, numbers } => {
                let (first, next) = (arguments.first()?, arguments.get(1)?);
                let mut result = first.run(password, previous)?;
                for _ in 1..*numbers.first()? {
                    result = next.run(password, &result)?;
                }
                Some(result)
            }
            Self::Call { function, arguments, numbers } => {
                let arguments = arguments
                    .iter()
                    .map(|argument| argument.run(password, previous))
                    .collect::<Option<Vec<_>>>()?;
                let slices: Vec<&[u8]> = arguments.iter().map(|argument| argument.as_slice()).collect();
                function.call(&slices, numbers)
            }
        }
    }
}

/// What a part takes and gives.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Measure {
    /// Length of the result, in bytes, at most.
    pub(super) len: u64,
    /// Length of the longest result on the way, this one included.
    pub(super) peak: u64,
    /// Digests computed, one for each round of PBKDF2; a long one counts for several.
    pub(super) digests: u64,
    /// Time, in nanoseconds.
    pub(super) nanos: u64,
}

/// What an expression takes for this credential and a password of that length, before anything is computed.
pub(super) fn measure(node: &Node, credential: &Credential<'_>, password: usize) -> Measure {
    measure_within(node, credential, password as u64, 0)
}

fn measure_within(node: &Node, credential: &Credential<'_>, password: u64, previous: u64) -> Measure {
    let bytes = |len: u64| Measure { len, peak: len, ..Measure::default() };
    let of = |node: &Node| measure_within(node, credential, password, previous);
    match node {
        Node::Previous => bytes(previous),
        Node::Text(text) => bytes(text.len() as u64),
        Node::Variable(Variable::Pass) => bytes(password),
        Node::Variable(variable) => {
            bytes(column(*variable, credential).map_or(0, |bytes| bytes.len() as u64))
        }
        Node::Concat(parts) => parts
            .iter()
            .map(of)
            .fold(Measure::default(), |sum, part| sum.and(part).with_len(sum.len.saturating_add(part.len))),
        Node::Call { function: Function::Iterate, arguments, numbers } => {
            let (Some(first), Some(next), Some(rounds)) =
                (arguments.first(), arguments.get(1), numbers.first())
            else {
                return Measure::default();
            };
            let first = of(first);
            // A round's length does not depend on the one before, so that two tell the longest.
            let second = measure_within(next, credential, password, first.len);
            let third = measure_within(next, credential, password, second.len);
            let times = u64::from(rounds.saturating_sub(1));
            let (digests, nanos) = (second.digests.max(third.digests), second.nanos.max(third.nanos));
            let rest = Measure {
                len: second.len,
                peak: second.peak.max(third.peak),
                digests: digests.saturating_mul(times),
                nanos: nanos.saturating_mul(times),
            };
            first.and(rest).with_len(first.len.max(second.len).max(third.len))
        }
        Node::Call { function, arguments, numbers } => {
            let arguments: Vec<Measure> = arguments.iter().map(of).collect();
            let inside = arguments.iter().fold(Measure::default(), |sum, one| sum.and(*one));
            let len = |index: usize| arguments.get(index).map_or(0, |argument| argument.len);
            call(*function, &len, numbers).map_or(inside, |own| inside.and(own).with_len(own.len))
        }
    }
}

/// What the call itself takes, given the lengths of its arguments.
fn call(function: Function, len: &dyn Fn(usize) -> u64, numbers: &[u32]) -> Option<Measure> {
    let digest_len = function.digest_len(numbers).map(|len| len as u64);
    let formed = digest_len.map(|len| if function.is_raw() { len } else { len * 2 });
    Some(match function {
        Function::Digest(digest, _) => {
            Measure { len: formed?, digests: 1 + len(0) / LONG, nanos: digest.nanos(len(0)), peak: 0 }
        }
        Function::Hmac(digest, _) => {
            let digests = 2 + len(0).saturating_add(len(1)) / LONG;
            Measure { len: formed?, digests, nanos: hmac_nanos(digest, len(0), len(1)), peak: 0 }
        }
        Function::Pbkdf2(digest, _) => {
            let digests = digest.pbkdf2_work(*numbers.first()?, *numbers.get(1)? as usize);
            Measure { len: formed?, digests, nanos: digest.pbkdf2_nanos(digests), peak: 0 }
        }
        Function::Lower | Function::Upper | Function::Unhex | Function::Unbase64 => {
            Measure { len: len(0), ..Measure::default() }
        }
        Function::Utf16Le | Function::Hex | Function::Base64 => {
            // utf16le of what is not UTF-8 makes two bytes of each; base64 makes four of three, padded.
            Measure { len: len(0).saturating_mul(2).saturating_add(4), ..Measure::default() }
        }
        Function::Iterate => return None,
    })
}

/// Four blocks around the key's pads, and the key's own digest where it is long.
fn hmac_nanos(digest: Digest, key: u64, message: u64) -> u64 {
    digest.nanos(message).saturating_add(digest.nanos(key)).saturating_add(3 * digest.nanos(0))
}

impl Measure {
    fn with_len(self, len: u64) -> Self {
        Self { len, peak: self.peak.max(len), ..self }
    }

    /// Time and digests of both, and the longer peak; the length is this one's.
    fn and(self, other: Self) -> Self {
        Self {
            len: self.len,
            peak: self.peak.max(other.peak),
            digests: self.digests.saturating_add(other.digests),
            nanos: self.nanos.saturating_add(other.nanos),
        }
    }
}
