//! One file per family of formats: reads a stored value of that format into a construction.
//!
//! A family says what its values look like ([`Entry`]) and reads them strictly: whatever it accepts is what the
//! original software writes, without a byte left over. Only hex digits, and names in braces, may have either case.

mod applications;
mod argon2;
mod auth0;
mod bcrypt;
mod crypt;
mod django;
mod drupal;
mod firebase;
mod form;
mod gitea;
mod json;
mod keycloak;
mod kratos;
mod ldap;
mod liferay;
mod magento;
mod mediawiki;
mod nextcloud;
mod okta_object;
mod pbkdf2;
mod phpass;
mod phpbb;
mod plaintext;
mod raw;
mod scrypt;
mod sha_crypt;
mod spring;
mod woltlab;
mod wordpress;

use super::registry::Entry;

pub(in crate::schemes) use plaintext::read as plaintext;

/// All families, in the order in which they are listed. Of two schemes with one prefix, the first explains what is
/// wrong with a value that neither claims.
pub(in crate::schemes) const FAMILIES: &[&[Entry]] = &[
    bcrypt::ENTRIES,
    argon2::ENTRIES,
    scrypt::ENTRIES,
    kratos::ENTRIES,
    pbkdf2::ENTRIES,
    sha_crypt::ENTRIES,
    phpass::ENTRIES,
    ldap::ENTRIES,
    crypt::ENTRIES,
    spring::ENTRIES,
    django::ENTRIES,
    wordpress::ENTRIES,
    drupal::ENTRIES,
    mediawiki::ENTRIES,
    nextcloud::ENTRIES,
    phpbb::ENTRIES,
    woltlab::ENTRIES,
    magento::ENTRIES,
    liferay::ENTRIES,
    gitea::ENTRIES,
    keycloak::ENTRIES,
    firebase::ENTRIES,
    okta_object::ENTRIES,
    auth0::ENTRIES,
    applications::ENTRIES,
    applications::ITERATED,
    raw::ENTRIES,
    plaintext::ENTRIES,
];
