//! What every readable stored value can do, whatever its format. Formats turn text into a [`Construction`];
//! several formats share one (PBKDF2 comes in a dozen dresses).

use super::expression::Arena;
use super::{NotImportable, OktaHash};

/// The answer of a verification that ran.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The password makes the stored digest.
    Match,
    /// It does not.
    Mismatch,
}

impl Verdict {
    pub(in crate::schemes) fn of(same: bool) -> Self {
        if same { Self::Match } else { Self::Mismatch }
    }
}

/// What one verification takes, known before any of it is done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cost {
    /// Estimated time on one core of a current server, in microseconds. A rough figure to plan by: real machines
    /// differ by a factor of two or three.
    pub micros: u64,
    /// Memory beyond a few KiB, in bytes (argon2, scrypt).
    pub memory: u64,
}

impl Cost {
    /// Time alone, rounded up to microseconds.
    pub(in crate::schemes) fn nanos(nanos: u64) -> Self {
        Self { micros: nanos.div_ceil(1000), memory: 0 }
    }
}

/// Memory that a worker keeps between verifications, since fresh pages cost more than the hashing in them.
/// Zeroed after each use; grows to the largest value seen and no further than [`super::Limits`] allow.
#[derive(Default)]
pub struct Scratch {
    /// Blocks for argon2.
    pub argon2: Vec<argon2::Block>,
    /// Intermediate results of expressions.
    pub(in crate::schemes) arena: Arena,
}

impl std::fmt::Debug for Scratch {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Scratch({} argon2 blocks)", self.argon2.len())
    }
}

/// Why a value cannot be used, before it is known which scheme's name to put to it. Never holds any of the value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::schemes) enum Refusal {
    /// It is not what it should be; the text says what is wrong.
    Unreadable(String),
    /// It asks for more than a limit allows; the text says which, its value, and what was asked.
    TooCostly(String),
}

impl Refusal {
    /// Something is wrong with the value itself.
    pub(in crate::schemes) fn unreadable(why: impl Into<String>) -> Self {
        Self::Unreadable(why.into())
    }
}

/// A construction, or why there is none.
pub(in crate::schemes) type Reading = Result<Box<dyn Construction>, Refusal>;

/// A stored value that has been read and found within the limits.
pub trait Construction: Send + Sync {
    /// Computes the digest of `password` (bytes as Okta sent them) and compares in constant time.
    fn verify(&self, password: &[u8], scratch: &mut Scratch) -> Verdict;

    /// What [`Construction::verify`] will take.
    fn cost(&self) -> Cost;

    /// The object with which Okta imports this value, or the reason why it cannot.
    fn okta(&self) -> Result<OktaHash, NotImportable>;

    /// The parameters that tell values of one scheme apart in reports: `cost 12`, `600000 rounds`. Empty where
    /// there are none. Never a salt or a digest.
    fn parameters(&self) -> String;
}
