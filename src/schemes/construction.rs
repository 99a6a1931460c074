//! What every readable stored value can do, whatever its format. Formats turn text into a [`Construction`];
//! several formats share one (PBKDF2 comes in a dozen dresses).

use super::expression::Arena;
use super::kernels::memory::Memory;
use super::kernels::{Kind, Simd, Task};
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
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
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

/// Memory that a worker keeps between verifications, since fresh pages cost more than the hashing in them, and the
/// instructions that it uses. Grows to the largest value seen and no further than [`super::Limits`] allow. What a
/// verification left in it is overwritten by [`Scratch::wipe`], or when it is dropped.
pub struct Scratch {
    /// For argon2 and scrypt.
    pub(in crate::schemes) memory: Memory,
    /// Intermediate results of expressions.
    pub(in crate::schemes) arena: Arena,
    simd: Simd,
}

impl Default for Scratch {
    fn default() -> Self {
        Self::with_simd(Simd::detect())
    }
}

impl Scratch {
    /// Empty, for kernels with these instructions.
    pub fn with_simd(simd: Simd) -> Self {
        Self { memory: Memory::default(), arena: Arena::default(), simd }
    }

    /// The instructions that kernels use.
    pub fn simd(&self) -> Simd {
        self.simd
    }

    /// Bytes that are kept for argon2 and scrypt.
    pub fn memory(&self) -> u64 {
        self.memory.bytes()
    }

    /// Overwrites what the last verifications left. Not needed before another one that takes as much memory.
    pub fn wipe(&mut self) {
        self.memory.wipe();
    }

    /// Wipes, and gives the memory back.
    pub fn release(&mut self) {
        self.memory.release();
    }
}

impl std::fmt::Debug for Scratch {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Scratch({} bytes, {})", self.memory(), self.simd.name())
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
pub(in crate::schemes) trait Construction: Send + Sync {
    /// Computes the digest of `password` (bytes as Okta sent them) and compares in constant time.
    fn verify(&self, password: &[u8], scratch: &mut Scratch) -> Verdict;

    /// What [`Construction::verify`] will take.
    fn cost(&self) -> Cost;

    /// The object with which Okta imports this value, or the reason why it cannot.
    fn okta(&self) -> Result<OktaHash, NotImportable>;

    /// The parameters that tell values of one scheme apart in reports: `cost 12`, `600000 rounds`. Empty where
    /// there are none. Never a salt or a digest.
    fn parameters(&self) -> String;

    /// What its verifications can run together with; `None` where there is no kernel for them.
    #[doc(hidden)]
    fn kind(&self) -> Option<Kind> {
        None
    }

    /// The kernel's part for this password, in a scheme that has a [`Construction::kind`]. `None` where the password
    /// is not for the kernel: [`Construction::verify`] then knows what to do with it.
    #[doc(hidden)]
    fn task(&self, _password: &[u8], _scratch: &mut Scratch) -> Option<Task> {
        None
    }

    /// Compares what the kernel made of the task, in constant time.
    #[doc(hidden)]
    fn judge(&self, _result: &[u8]) -> Verdict {
        Verdict::Mismatch
    }
}
