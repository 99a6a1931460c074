//! One file per family of formats: reads a stored value of that format into a construction.
//!
//! A family says what its values look like ([`Entry`]) and reads them strictly: whatever it accepts is what the
//! original software writes, without a byte left over. Only hex digits, and names in braces, may have either case.

mod argon2;
mod bcrypt;
mod crypt;
mod django;
mod forums;
mod hashcat;
mod hmac;
mod ldap;
mod nested;
mod pbkdf2;
mod phpass;
mod plaintext;
mod raw;
mod salted;
mod scrypt;
mod sha_crypt;
mod spring;

use super::registry::Entry;

pub(in crate::schemes) use plaintext::read as plaintext;

/// All families, in the order in which they are listed. Of two schemes with one prefix, the first explains what is
/// wrong with a value that neither claims.
pub(in crate::schemes) const FAMILIES: &[&[Entry]] = &[
    bcrypt::ENTRIES,
    argon2::ENTRIES,
    scrypt::ENTRIES,
    pbkdf2::ENTRIES,
    sha_crypt::ENTRIES,
    phpass::ENTRIES,
    ldap::ENTRIES,
    crypt::ENTRIES,
    spring::ENTRIES,
    django::ENTRIES,
    hashcat::ENTRIES,
    raw::ENTRIES,
    salted::ENTRIES,
    hmac::ENTRIES,
    nested::ENTRIES,
    forums::ENTRIES,
    plaintext::ENTRIES,
];
