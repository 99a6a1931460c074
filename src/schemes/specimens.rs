//! Small stored values, one for each kernel and for each kind of hash that takes memory: to measure how fast a machine
//! is. Their digests are made up, so no password is known that makes one.

use super::{Credential, Hash, Limits, Selection};

/// Scheme and stored value. Each takes a millisecond at most, so that all are measured, alone and together, in some dozens of
/// them.
const SPECIMENS: [(&str, &str, Option<&str>); 11] = [
    ("bcrypt", "$2b$04$DCq7YPn5Rq63x1Lad4cll.TV4S6ytwfsfvkgY8jIucDrjc8deX1s.", None),
    ("pbkdf2_sha1($pass,$salt,2000,20)", "00112233445566778899aabbccddeeff00112233", Some("specimen")),
    (
        "pbkdf2_sha256($pass,$salt,2000,32)",
        "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff",
        Some("specimen"),
    ),
    (
        "pbkdf2_sha512($pass,$salt,1000,64)",
        "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff\
         00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff",
        Some("specimen"),
    ),
    ("phpass", "$P$912345678123456781234567812345/", None),
    (
        "iterate(2000,sha1_bin($pass.$salt),sha1_bin($_.$pass.$salt))",
        "00112233445566778899aabbccddeeff00112233",
        Some("specimen"),
    ),
    ("sha256-crypt", "$5$rounds=1000$specimen$0123456789012345678901234567890123456789012", None),
    (
        "sha512-crypt",
        "$6$rounds=1000$specimen$0123456789012345678901234567890123456789012345678901234567890123456789012345678901234/",
        None,
    ),
    ("argon2", "$argon2id$v=19$m=2048,t=1,p=1$c3BlY2ltZW4$AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8", None),
    (
        "scrypt",
        "$scrypt$ln=10,r=8,p=1$c3BlY2ltZW5zcGVjaW1lbg$AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8",
        None,
    ),
    ("yescrypt", "$y$j75$specimen$Vdsk0yFDVGTU9CcoU7FkU.QN4irjbjK0W/AT2K/gwq4", None),
];

/// Values to measure by: of each kernel and of each hash that takes memory one.
pub fn specimens() -> Vec<Hash> {
    let read = |(scheme, stored, salt): (&str, &str, Option<&str>)| {
        let credential =
            Credential { stored: stored.as_bytes(), salt: salt.map(str::as_bytes), ..Credential::default() };
        Selection::parse(scheme).ok()?.read(&credential, &Limits::default()).ok()
    };
    SPECIMENS.into_iter().filter_map(read).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::schemes::Kind;

    #[test]
    fn there_is_a_small_one_of_each_kernel() {
        let specimens = specimens();
        assert_eq!(specimens.len(), SPECIMENS.len());
        for specimen in &specimens {
            let cost = specimen.cost();
            assert!((90..3_000).contains(&cost.micros), "{specimen:?}: {cost:?}");
        }
        let kernels: BTreeSet<_> = specimens.iter().filter_map(Hash::kind).map(Kind::kernel).collect();
        let all = [
            "bcrypt",
            "chain-md5",
            "chain-sha1",
            "chain-sha256",
            "chain-sha512",
            "pbkdf2-sha1",
            "pbkdf2-sha256",
            "pbkdf2-sha512",
        ];
        assert_eq!(kernels, BTreeSet::from(all));
        let memory: Vec<_> =
            specimens.iter().filter(|hash| hash.cost().memory > 0).map(Hash::scheme).collect();
        assert_eq!(
            memory.iter().map(|scheme| &**scheme).collect::<Vec<_>>(),
            ["argon2", "scrypt", "yescrypt"]
        );
    }
}
