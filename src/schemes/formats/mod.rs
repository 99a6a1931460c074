//! One file per family of formats: reads a stored value of that format into a construction.
//!
//! A family says what its values look like ([`Entry`]) and reads them strictly: whatever it accepts is what the
//! original software writes, without a byte left over. Only hex digits, and names in braces, may have either case.

mod aix;
mod appliances;
mod applications;
mod argon2;
mod aspnet;
mod auth0;
mod bcrypt;
mod bcrypt_sha256;
mod bsd_nthash;
mod by_digest;
mod charset;
mod cisco;
mod computed;
mod crypt;
mod des_crypt;
mod django;
mod domino;
mod dovecot;
mod drupal;
mod enterprise;
mod firebase;
mod form;
mod forums;
mod fshp;
mod gitea;
mod hashcat;
mod hmac;
mod java_frameworks;
mod json;
mod juniper;
mod keycloak;
mod kratos;
mod ldap;
mod liferay;
mod magento;
mod md5_crypt;
mod mediawiki;
mod mongodb;
mod mssql;
mod mysql;
mod named;
mod nested;
mod nextcloud;
mod node_frameworks;
mod okta_object;
mod oracle;
mod over;
mod p5k2;
mod passlib;
mod pbkdf2;
mod php_frameworks;
mod phpass;
mod phpbb;
mod plaintext;
mod python_frameworks;
mod qnx;
mod rails;
mod raw;
mod salted;
mod sap;
mod scram;
mod scrypt;
mod sha1_crypt;
mod sha_crypt;
mod single_des;
mod spring;
mod stores;
mod sun_md5_crypt;
mod windows;
mod woltlab;
mod wordpress;
mod yescrypt;

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
    bcrypt_sha256::ENTRIES,
    p5k2::ENTRIES,
    fshp::ENTRIES,
    passlib::ENTRIES,
    des_crypt::ENTRIES,
    sha_crypt::ENTRIES,
    md5_crypt::ENTRIES,
    sun_md5_crypt::ENTRIES,
    sha1_crypt::ENTRIES,
    yescrypt::ENTRIES,
    bsd_nthash::ENTRIES,
    phpass::ENTRIES,
    stores::ENTRIES, // before LDAP: Elasticsearch's {SSHA256} is told apart by its shape
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
    cisco::ENTRIES,
    qnx::ENTRIES,
    appliances::ENTRIES,
    juniper::ENTRIES,
    hashcat::ENTRIES,
    mysql::ENTRIES,
    scram::ENTRIES,
    mongodb::ENTRIES,
    mssql::ENTRIES,
    oracle::ENTRIES,
    windows::ENTRIES,
    sap::ENTRIES,
    domino::ENTRIES,
    enterprise::ENTRIES,
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
    salted::ENTRIES,
    hmac::ENTRIES,
    nested::ENTRIES,
    forums::ENTRIES,
    plaintext::ENTRIES,
];

/// The text between separators, where there are exactly so many fields.
fn fields<const N: usize>(stored: &[u8], separator: u8) -> Option<[&[u8]; N]> {
    let mut fields = stored.split(|&byte| byte == separator);
    let mut found = [&[][..]; N];
    for place in &mut found {
        *place = fields.next()?;
    }
    fields.next().is_none().then_some(found)
}

/// A password as C sees it: a NUL byte ends it.
fn c_string(password: &[u8]) -> &[u8] {
    password.split(|&byte| byte == 0).next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::Entry;
    use crate::schemes::registry::entries;
    use crate::schemes::{Credential, Limits, Scratch, Verdict};

    /// libxcrypt's scrypt alone is shared with a library that takes a NUL for any other byte.
    #[test]
    fn a_nul_ends_a_password_of_crypt3() {
        let known = |entry: &&Entry| entry.crypt3 && entry.name != "scrypt-crypt";
        for entry in entries().iter().filter(known) {
            let credential = Credential { stored: entry.example.stored.as_bytes(), ..Credential::default() };
            let hash = entry.read(&credential, &Limits::default()).unwrap();
            let password = [entry.example.password.as_bytes(), b"\0behind it"].concat();
            assert_eq!(hash.verify(&password, &mut Scratch::default()), Verdict::Match, "{}", entry.name);
        }
    }

    /// Of one round, what says how many it has is what Okta can do.
    #[test]
    fn one_round_is_imported() {
        let b64 = |bytes: &[u8]| crate::schemes::encoding::to_base64(bytes);
        let digest = |parts: &[&[u8]]| b64(&crate::schemes::digest::Digest::Sha256.of(parts));
        for (stored, order) in [
            (format!("salted-sha256$1${}${}", b64(b"salt"), digest(&[b"password", b"salt"])), "POSTFIX"),
            (format!("$shiro1$SHA-256$1${}${}", b64(b"salt"), digest(&[b"salt", b"password"])), "PREFIX"),
        ] {
            let credential = Credential { stored: stored.as_bytes(), ..Credential::default() };
            let hash = crate::schemes::Selection::auto().read(&credential, &Limits::default()).unwrap();
            assert_eq!(hash.verify(b"password", &mut Scratch::default()), Verdict::Match, "{stored}");
            let okta = serde_json::to_value(hash.okta().unwrap()).unwrap();
            assert_eq!(
                (&okta["algorithm"], &okta["saltOrder"]),
                (&"SHA-256".into(), &order.into()),
                "{stored}"
            );
        }
    }

    /// `C$` and `M$` alone are how a password may begin.
    #[test]
    fn a_password_may_begin_like_typo3s() {
        for stored in ["C$harlie", "M$oney"] {
            let credential = Credential { stored: stored.as_bytes(), ..Credential::default() };
            assert!(super::plaintext(&credential).is_ok(), "{stored}");
        }
    }
}
