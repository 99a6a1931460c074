//! One file per family of formats: reads a stored value of that format into a construction.
//!
//! A family says what its values look like ([`Entry`]) and reads them strictly: whatever it accepts is what the
//! original software writes, without a byte left over. Only hex digits, and names in braces, may have either case.

mod argon2;
mod bcrypt;
mod charset;
mod computed;
mod crypt;
mod django;
mod domino;
mod enterprise;
mod ldap;
mod mongodb;
mod mssql;
mod mysql;
mod named;
mod oracle;
mod pbkdf2;
mod phpass;
mod plaintext;
mod raw;
mod sap;
mod scram;
mod scrypt;
mod sha_crypt;
mod single_des;
mod spring;
mod stores;
mod windows;

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
    stores::ENTRIES, // before LDAP: Elasticsearch's {SSHA256} is told apart by its shape
    ldap::ENTRIES,
    crypt::ENTRIES,
    spring::ENTRIES,
    django::ENTRIES,
    mysql::ENTRIES,
    scram::ENTRIES,
    mongodb::ENTRIES,
    mssql::ENTRIES,
    oracle::ENTRIES,
    windows::ENTRIES,
    sap::ENTRIES,
    domino::ENTRIES,
    enterprise::ENTRIES,
    raw::ENTRIES,
    plaintext::ENTRIES,
];
