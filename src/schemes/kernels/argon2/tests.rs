use proptest::prelude::*;

use super::*;

/// RFC 9106, 5.
#[test]
fn the_vectors_of_the_rfc() {
    let vectors = [
        (Algorithm::D, "512b391b6f1162975371d30919734294f868e3be3984f3c1a13a4db9fabe4acb"),
        (Algorithm::I, "c814d9d1dc7f37aa13f0d77f2494bda1c8de6b016dd388d29952a4c4672b6ce8"),
        (Algorithm::Id, "0d640df58d78766c08c037a34a8b53c9d01ef0452d75b65eb52520e96b01e659"),
    ];
    let mut memory = Memory::default();
    for (algorithm, expected) in vectors {
        let setting = Setting {
            algorithm,
            version: Version::V0x13,
            memory_kib: 32,
            passes: 3,
            lanes: 4,
            salt: &[2; 16],
            data: &[4; 12],
        };
        for simd in Simd::available() {
            let mut out = [0; 32];
            hash_with_secret(simd, &setting, &[1; 32], &[3; 8], &mut memory, &mut out);
            assert_eq!(hex::encode(out), expected, "{}", simd.name());
        }
    }
    assert_eq!(memory.bytes(), 32 * 1024);
}

/// What the crate gives.
fn expected(setting: &Setting<'_>, password: &[u8], len: usize) -> Vec<u8> {
    let algorithm = match setting.algorithm {
        Algorithm::D => ::argon2::Algorithm::Argon2d,
        Algorithm::I => ::argon2::Algorithm::Argon2i,
        Algorithm::Id => ::argon2::Algorithm::Argon2id,
    };
    let version = match setting.version {
        Version::V0x10 => ::argon2::Version::V0x10,
        Version::V0x13 => ::argon2::Version::V0x13,
    };
    let mut params = ::argon2::ParamsBuilder::new();
    params.m_cost(setting.memory_kib).t_cost(setting.passes).p_cost(setting.lanes).output_len(len);
    params.data(::argon2::AssociatedData::new(setting.data).unwrap());
    let mut out = vec![0; len];
    let argon2 = ::argon2::Argon2::new(algorithm, version, params.build().unwrap());
    argon2.hash_password_into(password, setting.salt, &mut out).unwrap();
    out
}

fn assert_all(setting: &Setting<'_>, password: &[u8], len: usize, memory: &mut Memory) {
    let expected = expected(setting, password, len);
    for simd in Simd::available() {
        let mut out = vec![0; len];
        hash(simd, setting, password, memory, &mut out);
        assert_eq!(out, expected, "{setting:?}, {}", simd.name());
    }
}

/// More blocks than one block of addresses covers, and enough of them that each slice begins in all its ways.
#[test]
fn all_algorithms_and_versions_give_what_the_crate_gives() {
    let mut memory = Memory::default();
    for algorithm in [Algorithm::D, Algorithm::I, Algorithm::Id] {
        for version in [Version::V0x10, Version::V0x13] {
            for (lanes, memory_kib, passes) in [(1, 1100, 3), (1, 8, 1), (2, 1030, 2), (3, 25, 4)] {
                let (salt, data) = (&[9; 16], &[]);
                let setting = Setting { algorithm, version, memory_kib, passes, lanes, salt, data };
                assert_all(&setting, b"password", 32, &mut memory);
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// In memory that other parameters have left dirty.
    #[test]
    fn any_parameters_give_what_the_crate_gives(
        algorithm in prop::sample::select(vec![Algorithm::D, Algorithm::I, Algorithm::Id]),
        version in prop::sample::select(vec![Version::V0x10, Version::V0x13]),
        shapes in prop::collection::vec((1..=5_u32, 0..=90_u32, 1..=4_u32), 1..=3),
        password in prop::collection::vec(any::<u8>(), 0..=200),
        salt in prop::collection::vec(any::<u8>(), 8..=48),
        data in prop::collection::vec(any::<u8>(), 0..=32),
        len in 4..=200_usize,
    ) {
        let mut memory = Memory::default();
        for (lanes, more, passes) in shapes {
            let memory_kib = 8 * lanes + more;
            let setting = Setting { algorithm, version, memory_kib, passes, lanes, salt: &salt, data: &data };
            assert_all(&setting, &password, len, &mut memory);
        }
    }
}
