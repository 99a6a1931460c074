//! Bounds on what a stored value may ask for. A stored hash is data from outside: a `$2b$31$` would hold a core
//! for a week.

/// Upper bounds, each inclusive. Beyond one, a value is *too costly*: reported, never run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// bcrypt's cost, the logarithm of its rounds. 4 to 31.
    pub bcrypt_cost: u32,
    /// Memory of one argon2 verification, in KiB.
    pub argon2_memory_kib: u32,
    /// Passes over that memory.
    pub argon2_passes: u32,
    /// Memory of one scrypt verification (128 × N × r × p), in KiB.
    pub scrypt_memory_kib: u32,
    /// Rounds of PBKDF2, sha-crypt, phpass and `iterate`.
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
