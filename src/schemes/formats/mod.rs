//! One file per family of formats: reads a stored value of that format into a construction.
//!
//! A family says what its values look like ([`Entry`]) and reads them strictly: whatever it accepts is what the
//! original software writes, without a byte left over. Only hex digits, and names in braces, may have either case.

mod aix;
mod argon2;
mod aspnet;
mod bcrypt;
mod bsd_nthash;
mod crypt;
mod des_crypt;
mod django;
mod dovecot;
mod java_frameworks;
mod ldap;
mod md5_crypt;
mod node_frameworks;
mod pbkdf2;
mod php_frameworks;
mod phpass;
mod plaintext;
mod python_frameworks;
mod rails;
mod raw;
mod scrypt;
mod sha1_crypt;
mod sha_crypt;
mod spring;
mod sun_md5_crypt;
mod yescrypt;

use super::registry::Entry;

pub(in crate::schemes) use plaintext::read as plaintext;

/// All families, in the order in which they are listed. Of two schemes with one prefix, the first explains what is
/// wrong with a value that neither claims.
pub(in crate::schemes) const FAMILIES: &[&[Entry]] = &[
    bcrypt::ENTRIES,
    argon2::ENTRIES,
    scrypt::ENTRIES,
    pbkdf2::ENTRIES,
    des_crypt::ENTRIES,
    sha_crypt::ENTRIES,
    md5_crypt::ENTRIES,
    sun_md5_crypt::ENTRIES,
    sha1_crypt::ENTRIES,
    yescrypt::ENTRIES,
    bsd_nthash::ENTRIES,
    phpass::ENTRIES,
    ldap::ENTRIES,
    dovecot::ENTRIES,
    aix::ENTRIES,
    crypt::ENTRIES,
    spring::ENTRIES,
    django::ENTRIES,
    python_frameworks::ENTRIES,
    java_frameworks::ENTRIES,
    aspnet::ENTRIES,
    rails::ENTRIES,
    php_frameworks::ENTRIES,
    node_frameworks::ENTRIES,
    raw::ENTRIES,
    plaintext::ENTRIES,
];

/// A password as C sees it: a NUL byte ends it.
fn c_string(password: &[u8]) -> &[u8] {
    password.split(|&byte| byte == 0).next().unwrap_or_default()
}
