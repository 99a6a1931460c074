//! scrypt (RFC 7914), in memory that is kept.
//!
//! Only the mixing in memory is done here, PBKDF2 around it by its crate. Parallel parts are worked through one after
//! another, in the same memory.

#![allow(clippy::indexing_slicing, reason = "blocks are of one length")]
#![allow(clippy::inline_always, reason = "what is not in line is compiled without the vector instructions")]

mod salsa;
#[cfg(target_arch = "x86_64")]
mod x86;

use pbkdf2::pbkdf2_hmac;
use sha2::Sha256;
use zeroize::Zeroizing;

use super::Simd;
use super::memory::{Line, Memory};
use salsa::{Plain, Rows, place};

/// scrypt's three parameters.
#[derive(Clone, Copy, Debug)]
pub(in crate::schemes) struct Shape {
    /// N is 2 to the power of this; from 1.
    pub(in crate::schemes) log_n: u8,
    /// From 1.
    pub(in crate::schemes) r: u32,
    /// From 1; times r below 2^30.
    pub(in crate::schemes) p: u32,
}

/// Fills `key` over its whole length.
pub(in crate::schemes) fn scrypt(
    simd: Simd,
    Shape { log_n, r, p }: Shape,
    password: &[u8],
    salt: &[u8],
    memory: &mut Memory,
    key: &mut [u8],
) {
    // Lines of a block: it is made of 2r of them.
    let width = 2 * r as usize;
    let mut parts = Zeroizing::new(vec![0; p as usize * width * 64]);
    pbkdf2_hmac::<Sha256>(password, salt, 1, &mut parts);
    // The vector V, and two blocks to work with.
    let memory = memory.lines(((1 << log_n) + 2) * width);
    for part in parts.chunks_exact_mut(width * 64) {
        Mix { part, width, memory }.run(simd);
    }
    pbkdf2_hmac::<Sha256>(password, &parts, 1, key);
}

/// `ROMix` of one part.
struct Mix<'a> {
    part: &'a mut [u8],
    /// Lines of a block.
    width: usize,
    memory: &'a mut [Line],
}

impl Mix<'_> {
    /// With the best instructions there are.
    fn run(self, simd: Simd) {
        #[cfg(target_arch = "x86_64")]
        if !x86::answers_late() {
            return x86::mix(simd, self);
        }
        let _ = simd;
        self.mix(Plain);
    }

    #[inline(always)]
    fn mix<R: Rows>(self, rows: R) {
        let Self { part, width, memory } = self;
        let (work, vector) = memory.split_at_mut(2 * width);
        let (one, two) = work.split_at_mut(width);
        let count = vector.len() / width;
        read(part, &mut vector[..width]);
        for i in 1..count {
            let (before, next) = vector.split_at_mut(i * width);
            rows.mix_block(&before[(i - 1) * width..], &[], &mut next[..width]);
        }
        rows.mix_block(&vector[(count - 1) * width..], &[], one);
        // N is even.
        for _ in 0..count / 2 {
            let at = number(one) & (count - 1);
            rows.mix_block(one, &vector[at * width..][..width], two);
            let at = number(two) & (count - 1);
            rows.mix_block(two, &vector[at * width..][..width], one);
        }
        write(one, part);
    }
}

fn read(bytes: &[u8], lines: &mut [Line]) {
    for (line, bytes) in lines.iter_mut().zip(bytes.as_chunks::<64>().0) {
        let mut words = [0; 16];
        for (word, bytes) in bytes.as_chunks().0.iter().enumerate() {
            words[place(word)] = u32::from_le_bytes(*bytes);
        }
        *line = salsa::line(words);
    }
}

fn write(lines: &[Line], bytes: &mut [u8]) {
    for (line, bytes) in lines.iter().zip(bytes.as_chunks_mut::<64>().0) {
        let words = salsa::words(*line);
        for (word, bytes) in bytes.as_chunks_mut().0.iter_mut().enumerate() {
            *bytes = words[place(word)].to_le_bytes();
        }
    }
}

/// Integerify: the first word of the last line. There is no memory for a vector of more blocks than that can tell.
#[inline(always)]
fn number(block: &[Line]) -> usize {
    block.last().map_or(0, |line| salsa::words(*line)[0] as usize)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn key(simd: Simd, [log_n, r, p]: [u8; 3], password: &str, salt: &str, memory: &mut Memory) -> String {
        let mut key = [0; 64];
        let shape = Shape { log_n, r: r.into(), p: p.into() };
        scrypt(simd, shape, password.as_bytes(), salt.as_bytes(), memory, &mut key);
        hex::encode(key)
    }

    /// RFC 7914, 12; the fourth of them takes 1 GiB.
    #[test]
    fn the_vectors_of_the_rfc() {
        let mut memory = Memory::default();
        for simd in Simd::available() {
            assert_eq!(
                key(simd, [4, 1, 1], "", "", &mut memory),
                "77d6576238657b203b19ca42c18a0497f16b4844e3074ae8dfdffa3fede21442fcd0069ded0948f8326a753a0fc81f17e8d3e0\
                 fb2e0d3628cf35e20c38d18906"
            );
            assert_eq!(
                key(simd, [10, 8, 16], "password", "NaCl", &mut memory),
                "fdbabe1c9d3472007856e7190d01e9fe7c6ad7cbc8237830e77376634b3731622eaf30d92e22a3886ff109279d9830dac727af\
                 b94a83ee6d8360cbdfa2cc0640"
            );
            assert_eq!(
                key(simd, [14, 8, 1], "pleaseletmein", "SodiumChloride", &mut memory),
                "7023bdcb3afd7348461c06cd81fd38ebfda8fbba904f8e3ea9b543f6545da1f2d5432955613f0fcf62d49705242a9af9e61e85\
                 dc0d651e40dfcf017b45575887"
            );
        }
        // 2^14 blocks of 1 KiB, and two to work with.
        assert_eq!(memory.bytes(), (1 << 24) + 2048);
    }

    /// Each way to mix, whichever of them this processor would take.
    #[test]
    fn every_way_to_mix_gives_the_same() {
        let mix = |way: &dyn Fn(Mix<'_>)| {
            let mut memory = Memory::default();
            let (width, mut part) = (6, (0..=255).cycle().take(6 * 64).collect::<Vec<u8>>());
            way(Mix { part: &mut part, width, memory: memory.lines((32 + 2) * width) });
            part
        };
        let plain = mix(&|mix| mix.mix(Plain));
        #[cfg(target_arch = "x86_64")]
        for simd in Simd::available() {
            assert_eq!(mix(&|mix| x86::mix(simd, mix)), plain, "{}", simd.name());
        }
        assert_eq!(mix(&|mix| mix.run(Simd::detect())), plain);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]

        /// In memory that the run before has left dirty.
        #[test]
        fn any_parameters_give_what_the_crate_gives(
            runs in prop::collection::vec((1..=7_u8, 1..=9_u32, 1..=4_u32), 1..=3),
            password in prop::collection::vec(any::<u8>(), 0..=200),
            salt in prop::collection::vec(any::<u8>(), 0..=100),
            len in 1..=100_usize,
        ) {
            let mut memory = Memory::default();
            for (log_n, r, p) in runs {
                let mut expected = vec![0; len];
                let params = ::scrypt::Params::new(log_n, r, p).unwrap();
                ::scrypt::scrypt(&password, &salt, &params, &mut expected).unwrap();
                for simd in Simd::available() {
                    let mut key = vec![0; len];
                    scrypt(simd, Shape { log_n, r, p }, &password, &salt, &mut memory, &mut key);
                    prop_assert_eq!(&key, &expected, "{}", simd.name());
                }
            }
        }
    }
}
