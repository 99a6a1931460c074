//! Bounds on what a stored value may ask for. A stored hash is data from outside: a `$2b$31$` would hold a core
//! for a week.

use super::construction::{Cost, Refusal};
use super::{Credential, TooCostly};

/// What one of `rounds` may take, in nanoseconds: PBKDF2's with SHA-512 take about that, with SHA-256 a third.
const ROUND_NANOS: u64 = 400;
/// What one of bcrypt's rounds takes, in nanoseconds.
pub(in crate::schemes) const BCRYPT_ROUND_NANOS: u64 = 56_900;

/// Upper bounds, each inclusive. Beyond one, a value is *too costly*: reported, never run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// bcrypt's cost, the logarithm of its rounds. 4 to 31.
    pub bcrypt_cost: u32,
    /// Memory of one argon2 verification, in KiB.
    pub argon2_memory_kib: u32,
    /// Passes over that memory.
    pub argon2_passes: u32,
    /// Memory of one scrypt or yescrypt verification (128 × N × r × p, and by yescrypt's t), in KiB.
    pub scrypt_memory_kib: u32,
    /// Rounds of PBKDF2, crypt(3)'s kinds, phpass and `iterate`; of a slow digest as many as take 400 ns each, or bcrypt's
    /// time where that is more.
    pub rounds: u32,
    /// Length of a password, in bytes.
    pub password_bytes: usize,
    /// Length of a salt, in bytes.
    pub salt_bytes: usize,
    /// Length of a stored value, in bytes.
    pub stored_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            bcrypt_cost: 15,
            argon2_memory_kib: 256 * 1024,
            argon2_passes: 16,
            scrypt_memory_kib: 256 * 1024,
            rounds: 5_000_000,
            password_bytes: 1024,
            salt_bytes: 1024,
            stored_bytes: 4096,
        }
    }
}

impl Limits {
    /// Whether a password of that length may be verified at all.
    pub fn password(&self, len: usize) -> Result<(), TooCostly> {
        if len <= self.password_bytes {
            return Ok(());
        }
        Err(TooCostly { scheme: None, why: beyond("password_bytes", self.password_bytes, len) })
    }

    /// The most memory that one verification may take, in bytes.
    pub fn memory(&self) -> u64 {
        u64::from(self.argon2_memory_kib.max(self.scrypt_memory_kib)) * 1024
    }

    /// Lengths of what the store holds, before anything looks into it.
    pub(in crate::schemes) fn credential(&self, credential: &Credential<'_>) -> Result<(), Refusal> {
        within("stored_bytes", self.stored_bytes, credential.stored.len())?;
        let of = |text: Option<&str>| text.map_or(0, str::len);
        for len in [
            credential.salt.map_or(0, <[u8]>::len),
            credential.salt2.map_or(0, <[u8]>::len),
            credential.pepper.map_or(0, <[u8]>::len),
            of(credential.user),
            of(credential.email),
        ] {
            within("salt_bytes", self.salt_bytes, len)?;
        }
        Ok(())
    }

    /// bcrypt's cost.
    pub(in crate::schemes) fn bcrypt(&self, cost: u32) -> Result<(), Refusal> {
        within("bcrypt_cost", self.bcrypt_cost, cost)
    }

    /// argon2's memory in KiB and its passes.
    pub(in crate::schemes) fn argon2(&self, memory_kib: u32, passes: u32) -> Result<(), Refusal> {
        within("argon2_memory_kib", self.argon2_memory_kib, memory_kib)?;
        within("argon2_passes", self.argon2_passes, passes)
    }

    /// scrypt's memory in KiB.
    pub(in crate::schemes) fn scrypt(&self, memory_kib: u64) -> Result<(), Refusal> {
        within("scrypt_memory_kib", u64::from(self.scrypt_memory_kib), memory_kib)
    }

    /// Rounds of one function, or digest computations of a whole construction.
    pub(in crate::schemes) fn rounds(&self, rounds: u64) -> Result<(), Refusal> {
        within("rounds", u64::from(self.rounds), rounds)
    }

    /// Time of what needs little memory. Rounds are counted whatever a round takes; a digest of which each takes long is
    /// held to the time that as many of a usual one may take, or bcrypt where that is more. What needs memory is bounded by that.
    pub(in crate::schemes) fn time(&self, cost: Cost) -> Result<(), Refusal> {
        let rounds = u64::from(self.rounds).saturating_mul(ROUND_NANOS);
        let bcrypt = BCRYPT_ROUND_NANOS.saturating_mul(1 << self.bcrypt_cost.min(31));
        let allowed = Cost::nanos(rounds.max(bcrypt)).micros;
        if cost.memory > 0 || cost.micros <= allowed {
            return Ok(());
        }
        Err(Refusal::TooCostly(format!(
            "over the limit `rounds`: about {} ms asked, {} ms allowed",
            cost.micros / 1000,
            allowed / 1000
        )))
    }

    /// Length of a salt that was found inside a stored value.
    pub(in crate::schemes) fn salt(&self, len: usize) -> Result<(), Refusal> {
        within("salt_bytes", self.salt_bytes, len)
    }
}

fn within<N: PartialOrd + std::fmt::Display>(bound: &str, limit: N, asked: N) -> Result<(), Refusal> {
    if asked <= limit { Ok(()) } else { Err(Refusal::TooCostly(beyond(bound, limit, asked))) }
}

fn beyond(bound: &str, limit: impl std::fmt::Display, asked: impl std::fmt::Display) -> String {
    format!("over the limit `{bound}`: {asked} asked, {limit} allowed")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_are_inclusive_and_named() {
        let limits = Limits::default();
        assert_eq!(limits.bcrypt(15), Ok(()));
        assert_eq!(
            limits.bcrypt(16),
            Err(Refusal::TooCostly("over the limit `bcrypt_cost`: 16 asked, 15 allowed".into()))
        );
        let micros = |micros| Cost { micros, memory: 0 };
        assert_eq!(limits.time(micros(2_000_000)), Ok(()));
        assert_eq!(
            limits.time(micros(28_000_000)),
            Err(Refusal::TooCostly("over the limit `rounds`: about 28000 ms asked, 2000 ms allowed".into()))
        );
        assert_eq!(Limits { bcrypt_cost: 19, ..Limits::default() }.time(micros(28_000_000)), Ok(()));
        assert_eq!(limits.time(Cost { micros: 28_000_000, memory: 1 << 20 }), Ok(()));
        assert!(limits.password(1024).is_ok());
        assert!(limits.password(1025).is_err());
    }
}
