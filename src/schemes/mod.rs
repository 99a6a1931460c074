//! How a stored value was made from a password: the registry of schemes, and what each can say of a value.
//!
//! The room is pure: bytes in, verdict out; no clock, no I/O, no logging. A stored value is *read* once into a
//! [`Hash`](struct@Hash), which then answers four things: which scheme and parameters it has, whether a password verifies, what
//! that costs, and how Okta would import it. A value that cannot be read, or would cost too much, is an error of
//! its own and never looks like a wrong password.

mod construction;
mod digest;
pub mod encoding;
mod expression;
mod formats;
pub mod guess;
mod kernels;
mod layout;
mod left_out;
mod limits;
mod okta_hash;
mod registry;
mod selection;
mod shape;
mod specimens;

pub use construction::{Cost, Scratch, Verdict};

pub use expression::{Explanation, Need, digests, explain, functions};
pub use kernels::{Kind, Simd};
pub use left_out::LEFT_OUT;
pub use limits::Limits;
pub use okta_hash::{DigestAlgorithm, HashField, NotImportable, OktaHash, SaltOrder};
pub use registry::{Entry, Example, entries, find};
pub use selection::{Hash, ReadError, Selection, SelectionError, TooCostly, Unreadable};
pub use specimens::specimens;

/// The parts of one stored credential, as the store's columns hold them. Borrowed; nothing is decoded yet.
#[derive(Clone, Copy, Default)]
pub struct Credential<'a> {
    /// The stored value itself: `$2b$12$…`, `{SSHA}…`, 32 hex digits.
    pub stored: &'a [u8],
    /// `$salt`, where the store keeps it in a column of its own.
    pub salt: Option<&'a [u8]>,
    /// `$salt2`, a second one.
    pub salt2: Option<&'a [u8]>,
    /// `$user`, the name as the store spells it.
    pub user: Option<&'a str>,
    /// `$email`, likewise.
    pub email: Option<&'a str>,
    /// `$pepper`, a secret kept outside the table.
    pub pepper: Option<&'a [u8]>,
    /// `$rounds`, where the stored value's layout holds them.
    pub rounds: Option<u32>,
}

impl std::fmt::Debug for Credential<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Credential(…)")
    }
}
