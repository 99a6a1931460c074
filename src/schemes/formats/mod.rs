//! One file per family of formats: reads a stored value of that format into a construction.
//!
//! A family says what its values look like ([`Entry`]) and reads them strictly: whatever it accepts is exactly what
//! the original software writes, without a byte left over.

mod argon2;
mod bcrypt;
mod ldap;
mod plaintext;
mod raw;

use super::registry::Entry;

pub(in crate::schemes) use plaintext::read as plaintext;

/// All families, in the order in which they are listed.
pub(in crate::schemes) const FAMILIES: &[&[Entry]] =
    &[bcrypt::ENTRIES, argon2::ENTRIES, ldap::ENTRIES, raw::ENTRIES, plaintext::ENTRIES];
