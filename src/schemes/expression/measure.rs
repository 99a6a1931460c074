//! What an expression takes, known before anything of it is computed: so that bounds are checked before any work.

use super::function::{Change, Function};
use super::node::{Node, Number, Variable};
use super::run::column;
use crate::schemes::Credential;
use crate::schemes::construction::Cost;
use crate::schemes::digest::Digest;

/// The longest intermediate result, in bytes.
pub(super) const MAX_LEN: u64 = 1 << 20;
/// Bytes beyond which a digest counts for more than one, so that a bound on their number is one on their time.
const LONG: u64 = 2048;
/// Length of a password to plan with, in bytes.
pub(super) const USUAL_PASSWORD: usize = 16;
/// Time for each of scrypt's N × r × p blocks of 128 bytes, in nanoseconds.
const SCRYPT_BLOCK_NANOS: u64 = 230;

/// What a part takes and gives.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Measure {
    /// Length of the result, in bytes, at most.
    pub(super) len: u64,
    /// Length of the longest result on the way, this one included.
    pub(super) peak: u64,
    /// Digests computed, one for each round of PBKDF2 and each block of scrypt; a long one counts for several.
    pub(super) digests: u64,
    /// Time, in nanoseconds.
    pub(super) nanos: u64,
    /// Memory of one scrypt, in bytes.
    pub(super) memory: u64,
    /// The largest N × r × p × 128 of one scrypt, in bytes: what its limit is on.
    pub(super) scrypt: u64,
}

/// What an expression takes for this credential and a password of that length, before anything is computed.
/// `$rounds` without a value counts as one.
pub(super) fn measure(node: &Node, credential: &Credential<'_>, password: usize) -> Measure {
    measure_within(node, &Given { credential, password: password as u64, previous: 0 })
}

impl Measure {
    /// Time and memory, as they are told to others.
    pub(super) fn cost(&self) -> Cost {
        Cost { memory: self.memory, ..Cost::nanos(self.nanos) }
    }
}

#[derive(Clone, Copy)]
struct Given<'a> {
    credential: &'a Credential<'a>,
    password: u64,
    previous: u64,
}

impl Given<'_> {
    fn number(&self, numbers: &[Number], place: usize) -> u32 {
        let rounds = self.credential.rounds.unwrap_or(1);
        numbers.get(place).map_or(1, |number| number.of(rounds))
    }
}

fn measure_within(node: &Node, given: &Given<'_>) -> Measure {
    let bytes = |len: u64| Measure { len, peak: len, ..Measure::default() };
    match node {
        Node::Previous => bytes(given.previous),
        Node::Text(text) => bytes(text.len() as u64),
        Node::Variable(Variable::Pass) => bytes(given.password),
        Node::Variable(variable) => {
            bytes(column(*variable, given.credential).map_or(0, |bytes| bytes.len() as u64))
        }
        Node::Concat(parts) => parts
            .iter()
            .map(|part| measure_within(part, given))
            .fold(Measure::default(), |sum, part| sum.and(part).with_len(sum.len.saturating_add(part.len))),
        Node::Call { function: Function::Iterate, arguments, numbers } => {
            let (Some(first), Some(next)) = (arguments.first(), arguments.get(1)) else {
                return Measure::default();
            };
            iterate(first, next, given.number(numbers, 0), given)
        }
        Node::Call { function, arguments, numbers } => {
            let mut lens = [0; 2];
            let mut inside = Measure::default();
            for (argument, len) in arguments.iter().zip(&mut lens) {
                let one = measure_within(argument, given);
                *len = one.len;
                inside = inside.and(one);
            }
            let own = call(*function, lens, &|place| given.number(numbers, place));
            inside.and(own).with_len(own.len)
        }
    }
}

fn iterate(first: &Node, next: &Node, rounds: u32, given: &Given<'_>) -> Measure {
    let first = measure_within(first, given);
    // A round's length does not depend on the one before, so that two tell the longest.
    let second = measure_within(next, &Given { previous: first.len, ..*given });
    let third = measure_within(next, &Given { previous: second.len, ..*given });
    let times = u64::from(rounds.saturating_sub(1));
    let longest = second.and(third);
    let rest = Measure {
        digests: second.digests.max(third.digests).saturating_mul(times),
        nanos: second.nanos.max(third.nanos).saturating_mul(times),
        ..longest
    };
    first.and(rest).with_len(first.len.max(second.len).max(third.len))
}

/// What the call itself takes, given the lengths of its arguments.
fn call(function: Function, lens: [u64; 2], number: &dyn Fn(usize) -> u32) -> Measure {
    let [first, second] = lens;
    let digest = |last: usize| {
        let len = function.digest_len(Some(number(last))).unwrap_or(0) as u64;
        if function.form() == Some(super::function::Form::Raw) { len } else { len * 2 }
    };
    let changed = |len: u64| Measure { len, ..Measure::default() };
    match function {
        Function::Digest(one, _) => Measure {
            len: digest(0),
            digests: 1 + first / LONG,
            nanos: one.nanos(first),
            ..Measure::default()
        },
        Function::Hmac(one, _) => Measure {
            len: digest(0),
            digests: 2 + first.saturating_add(second) / LONG,
            nanos: hmac_nanos(one, first, second),
            ..Measure::default()
        },
        Function::Pbkdf2(one, _) => {
            let digests = one.pbkdf2_work(number(0), number(1) as usize);
            Measure { len: digest(1), digests, nanos: one.pbkdf2_nanos(digests), ..Measure::default() }
        }
        Function::Scrypt(_) => {
            let of_one = 128_u64.saturating_mul(u64::from(number(0))).saturating_mul(u64::from(number(1)));
            let of_all = of_one.saturating_mul(u64::from(number(2)));
            Measure {
                len: digest(3),
                digests: of_all / 128,
                nanos: (of_all / 128).saturating_mul(SCRYPT_BLOCK_NANOS),
                // The parallel parts are worked through one after another, by two blocks beside the memory.
                memory: of_one.saturating_add(256 * u64::from(number(1))),
                scrypt: of_all,
                ..Measure::default()
            }
        }
        Function::Substr => changed(first.min(u64::from(number(1)))),
        Function::Change(change) => changed(first.saturating_mul(growth(change)).saturating_add(4)),
        Function::Iterate => Measure::default(),
    }
}

/// How many times longer the result may be than what it is made of; base64's padding comes on top.
fn growth(change: Change) -> u64 {
    match change {
        Change::Lower
        | Change::Upper
        | Change::Reverse
        | Change::Trim
        | Change::Latin1
        | Change::Unhex
        | Change::Unbase64 => 1,
        // UTF-16 of what is not UTF-8 has two bytes for each; base64 has four for three.
        Change::Utf16Le | Change::Utf16Be | Change::Hex | Change::Base64 => 2,
        // U+FFFD, for a byte that is not UTF-8, has three; nothing decomposes into more.
        Change::Nfc | Change::Nfd => 3,
        // U+FDFA, of three bytes, becomes 33.
        Change::Nfkc | Change::Nfkd => 11,
    }
}

/// Four blocks around the key's pads, and the key's own digest where it is long.
fn hmac_nanos(digest: Digest, key: u64, message: u64) -> u64 {
    digest.nanos(message).saturating_add(digest.nanos(key)).saturating_add(3 * digest.nanos(0))
}

impl Measure {
    fn with_len(self, len: u64) -> Self {
        Self { len, peak: self.peak.max(len), ..self }
    }

    /// Time and digests of both, and the larger of what is there at once; the length is this one's.
    fn and(self, other: Self) -> Self {
        Self {
            len: self.len,
            peak: self.peak.max(other.peak),
            digests: self.digests.saturating_add(other.digests),
            nanos: self.nanos.saturating_add(other.nanos),
            memory: self.memory.max(other.memory),
            scrypt: self.scrypt.max(other.scrypt),
        }
    }
}
