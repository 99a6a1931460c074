//! PBKDF2 (RFC 8018, 5.2) of several passwords side by side.
//!
//! A round is two compressions of a block of known shape: the digest before, and padding that never changes. HMAC's
//! two states of the key are kept, and of the block only the digest's words are rewritten, which stay words: no
//! bytes are moved between the first round and the last.

use zeroize::{Zeroize, Zeroizing};

use super::compress::{self, Compression, Form, padded, with_compression, write};
use super::lanes::{Lanes, Word, Work, count, dispatch, wipe};
use super::plan::{Plan, Step};
use super::simd::Simd;
use crate::schemes::digest::Digest;

/// One key to derive.
pub(in crate::schemes) struct Input<'a> {
    /// Of any length.
    pub password: &'a [u8],
    /// Likewise.
    pub salt: &'a [u8],
}

/// HMACs that run side by side at most; 1 where there are no lanes.
pub(in crate::schemes) fn lanes(simd: Simd, digest: Digest) -> usize {
    with_compression!(digest, _C, _form => Plan::of(simd, digest).together(), _ => 1)
}

/// Derives the keys, each over its whole length, of any length. `rounds` from 1.
///
/// # Panics
///
/// Never; where there are not as many keys as inputs, the rest is left alone.
pub(in crate::schemes) fn run(
    simd: Simd,
    digest: Digest,
    rounds: u32,
    inputs: &[Input<'_>],
    keys: &mut [Zeroizing<Vec<u8>>],
) {
    with_compression!(digest, C, form => run_with::<C>(simd, digest, form, rounds, inputs, keys), _ => {
        for (input, key) in inputs.iter().zip(keys) {
            // No length of a password is refused.
            let _ = digest.pbkdf2_into(input.password, input.salt, rounds, key);
        }
    });
}

fn run_with<C: Compression>(
    simd: Simd,
    digest: Digest,
    form: Form<C>,
    rounds: u32,
    inputs: &[Input<'_>],
    keys: &mut [Zeroizing<Vec<u8>>],
) {
    let blocks: usize = keys.iter().map(|key| key.len().div_ceil(digest.len())).sum();
    let mut jobs = Zeroizing::new(Vec::with_capacity(blocks));
    for (input, key) in inputs.iter().zip(keys.iter()) {
        let keyed = keyed(digest, form, input.password);
        // Keys end long before the numbers do.
        for (_, number) in key.chunks(digest.len()).zip(1_u32..) {
            jobs.push(Job::first(form, &keyed, input.salt, number));
        }
    }
    let plan = Plan::of(simd, digest);
    let weights = vec![1; jobs.len()];
    let mut rest = jobs.as_mut_slice();
    while !rest.is_empty() {
        let step = plan.step(&weights[..rest.len()]);
        let (Step::Turns(first) | Step::Vector(first) | Step::Two(first)) = step;
        let (group, behind) = rest.split_at_mut(first);
        rest = behind;
        match step {
            Step::Turns(_) => by_turns(form, rounds, group),
            _ => in_lanes(simd, matches!(step, Step::Two(_)), form, rounds, group),
        }
    }
    let mut jobs = jobs.iter();
    for key in keys.iter_mut().take(inputs.len()) {
        for bytes in key.chunks_mut(digest.len()) {
            let mut block = Zeroizing::new([0; 64]);
            if let Some(job) = jobs.next() {
                write::<C>(&job.sum[..form.words], &mut *block);
            }
            bytes.copy_from_slice(&block[..bytes.len()]);
        }
    }
}

/// HMAC's states after the key's inner block, and after its outer one.
type Keyed<W> = [[W; 8]; 2];

fn keyed<C: Compression>(digest: Digest, form: Form<C>, password: &[u8]) -> Zeroizing<Keyed<C::Word>> {
    let short = (password.len() > C::BLOCK).then(|| digest.raw(&[password]));
    let key = short.as_deref().unwrap_or(password);
    let mut states = Zeroizing::new([form.start; 2]);
    for (state, pad) in states.iter_mut().zip([0x36, 0x5c]) {
        let mut block = Zeroizing::new(C::ZEROS);
        block.as_mut()[..key.len()].copy_from_slice(key);
        for byte in block.as_mut() {
            *byte ^= pad;
        }
        C::one(state, std::slice::from_ref(&block));
    }
    states
}

/// One block of a key.
struct Job<C: Compression> {
    keyed: Keyed<C::Word>,
    /// The digests of all rounds so far, by exclusive or; of the first, to start with.
    sum: [C::Word; 8],
}

impl<C: Compression> Zeroize for Job<C> {
    fn zeroize(&mut self) {
        self.keyed.zeroize();
        self.sum.zeroize();
    }
}

impl<C: Compression> Job<C> {
    /// After the first round. Blocks are numbered from 1.
    fn first(form: Form<C>, keyed: &Keyed<C::Word>, salt: &[u8], number: u32) -> Self {
        let [mut inner, mut outer] = *keyed;
        C::one(&mut inner, &padded::<C>(&[salt, &number.to_be_bytes()], C::BLOCK));
        let mut digest = Zeroizing::new([0; 64]);
        write::<C>(&inner[..form.words], &mut *digest);
        let digest = &digest[..form.words * C::Word::BYTES];
        C::one(&mut outer, &padded::<C>(&[digest], C::BLOCK));
        Self { keyed: *keyed, sum: outer }
    }
}

/// The rounds after the first, of one job or of several that take turns.
fn by_turns<C: Compression>(form: Form<C>, rounds: u32, jobs: &mut [Job<C>]) {
    match jobs {
        [job] => take_turns(form, rounds, [job]),
        [a, b] => take_turns(form, rounds, [a, b]),
        [a, b, c] => take_turns(form, rounds, [a, b, c]),
        [a, b, c, d] => take_turns(form, rounds, [a, b, c, d]),
        _ => jobs.iter_mut().for_each(|job| take_turns(form, rounds, [job])),
    }
}

fn take_turns<C: Compression, const N: usize>(form: Form<C>, rounds: u32, mut jobs: [&mut Job<C>; N]) {
    let len = form.words * C::Word::BYTES;
    let mut blocks: [_; N] = std::array::from_fn(|n| {
        let mut digest = Zeroizing::new([0; 64]);
        write::<C>(&jobs[n].sum[..form.words], &mut *digest);
        padded::<C>(&[&digest[..len]], C::BLOCK)
    });
    for _ in 1..rounds {
        for side in 0..2 {
            for (job, blocks) in jobs.iter_mut().zip(&mut blocks) {
                let mut state = job.keyed[side];
                C::one(&mut state, blocks);
                if let Some(block) = blocks.first_mut() {
                    write::<C>(&state[..form.words], &mut block.as_mut()[..len]);
                }
                if side == 1 {
                    for (sum, word) in job.sum.iter_mut().zip(state) {
                        *sum = sum.xor(word);
                    }
                }
            }
        }
    }
}

/// The rounds after the first, of as many as there are lanes or fewer.
fn in_lanes<C: Compression>(simd: Simd, two: bool, form: Form<C>, rounds: u32, jobs: &mut [Job<C>]) {
    let width = count::<C::Word>(simd) * if two { 2 } else { 1 };
    // Of each word, all lanes'. Lanes that nobody needs calculate with zeros.
    let mut words = Zeroizing::new(vec![C::Word::default(); 3 * 8 * width]);
    for (lane, job) in jobs.iter().enumerate() {
        let [inner, outer] = job.keyed;
        for (k, word) in [inner, outer, job.sum].into_iter().flatten().enumerate() {
            words[k * width + lane] = word;
        }
    }
    dispatch(simd, two, InLanes { form, rounds, words: &mut words });
    let sums = &words[2 * 8 * width..];
    for (lane, job) in jobs.iter_mut().enumerate() {
        for (k, word) in job.sum.iter_mut().enumerate() {
            *word = sums[k * width + lane];
        }
    }
}

struct InLanes<'a, C: Compression> {
    form: Form<C>,
    rounds: u32,
    /// The keys' inner and outer states and the sums, vector after vector.
    words: &'a mut [C::Word],
}

impl<C: Compression> Work for InLanes<'_, C> {
    type Word = C::Word;
    const TWO: [bool; 2] = C::TWO;

    #[inline(always)]
    fn run<L: Lanes<Word = C::Word>>(self, token: L::Token) {
        let words = self.form.words;
        let all = |word: C::Word| L::splat(token, word);
        let zero = all(C::Word::default());
        let mut states = [[zero; 8]; 3];
        for (vector, words) in states.as_flattened_mut().iter_mut().zip(self.words.chunks_exact(L::COUNT)) {
            *vector = L::load(token, words);
        }
        let [inner, outer, mut sum] = states;
        let mut block = [zero; 16];
        block[..words].copy_from_slice(&sum[..words]);
        block[words] = all(C::Word::end(C::BIG_ENDIAN));
        let bits = 8 * (C::BLOCK + words * C::Word::BYTES) as u64;
        block[if C::BIG_ENDIAN { 15 } else { 14 }] = all(C::Word::of(bits));
        let mut padding = block;
        for _ in 1..self.rounds {
            for start in [&inner, &outer] {
                let mut state = *start;
                compress::lanes::<C, L>(token, &mut state, &block);
                #[allow(clippy::manual_memcpy, reason = "a copy of all would be one of bytes, and slower")]
                for k in 0..C::STATE {
                    block[k] = state[k];
                }
                if words < C::STATE {
                    block[words..8].copy_from_slice(&padding[words..8]);
                }
            }
            for k in 0..C::STATE {
                sum[k] = sum[k].xor(block[k]);
            }
        }
        for (vector, words) in sum.iter().zip(self.words.chunks_exact_mut(L::COUNT).skip(2 * 8)) {
            vector.store(words);
        }
        wipe(states.as_flattened_mut(), zero);
        wipe(&mut sum, zero);
        wipe(&mut block, zero);
        wipe(&mut padding, zero);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schemes::kernels::numbers::Numbers;

    const WITH_LANES: [Digest; 6] =
        [Digest::Md5, Digest::Sha1, Digest::Sha224, Digest::Sha256, Digest::Sha384, Digest::Sha512];

    fn outcome(simd: Simd, digest: Digest, rounds: u32, of: &[(Vec<u8>, Vec<u8>, usize)]) -> Vec<Vec<u8>> {
        let inputs: Vec<_> = of.iter().map(|(password, salt, _)| Input { password, salt }).collect();
        let mut keys: Vec<_> = of.iter().map(|&(_, _, len)| Zeroizing::new(vec![0xa5; len])).collect();
        run(simd, digest, rounds, &inputs, &mut keys);
        keys.iter().map(|key| key.to_vec()).collect()
    }

    /// RFC 6070, its first two, and RFC 7914, 11.
    #[test]
    fn it_is_what_the_standards_say() {
        for simd in Simd::available() {
            for (digest, password, salt, rounds, expected) in [
                (Digest::Sha1, "password", "salt", 1, "0c60c80f961f0e71f3a9b524af6012062fe037a6"),
                (Digest::Sha1, "password", "salt", 2, "ea6c014dc72d6f8ccd1ed92ace1d41f0d8de8957"),
                (
                    Digest::Sha256,
                    "passwd",
                    "salt",
                    1,
                    "55ac046e56e3089fec1691c22544b605f94185216dde0465e68b9d57c20dacbc49ca9cccf179b645991664b39d77ef317c71b845b1e30bd509112041d3a19783",
                ),
            ] {
                let of = (password.into(), salt.into(), expected.len() / 2);
                for count in [1, 2, 9, 32] {
                    for key in outcome(simd, digest, rounds, &vec![of.clone(); count]) {
                        assert_eq!(hex::encode(key), expected, "{digest:?} {simd:?}");
                    }
                }
            }
        }
    }

    #[test]
    fn any_mix_of_any_number_is_what_the_ordinary_crates_make_of_each() {
        let mut numbers = Numbers(0x9bd2);
        for simd in Simd::available() {
            for digest in WITH_LANES.into_iter().chain([Digest::Sha512_256, Digest::Ripemd160]) {
                for count in (1..=2 * lanes(simd, digest) + 1).chain([3, 7]) {
                    let of: Vec<_> = (0..count)
                        .map(|_| (numbers.bytes(200), numbers.bytes(200), numbers.below(150)))
                        .collect();
                    let rounds = 1 + numbers.rounds(6);
                    let expected: Vec<_> = of
                        .iter()
                        .map(|(password, salt, len)| digest.pbkdf2(password, salt, rounds, *len).to_vec())
                        .collect();
                    let found = outcome(simd, digest, rounds, &of);
                    assert!(found == expected, "{digest:?} {simd:?}, {count} keys, {rounds} rounds");
                }
            }
        }
    }

    #[test]
    fn one_of_them_is_the_same_whoever_the_others_are() {
        let mut numbers = Numbers(3);
        for simd in Simd::available() {
            for digest in WITH_LANES {
                let one = (b"p\xc3\xa4ss".to_vec(), b"salt".to_vec(), digest.len());
                let alone = outcome(simd, digest, 5, std::slice::from_ref(&one));
                for _ in 0..8 {
                    let count = lanes(simd, digest);
                    let mut of: Vec<_> =
                        (1..count).map(|_| (numbers.bytes(90), numbers.bytes(90), digest.len())).collect();
                    let place = numbers.below(count);
                    of.insert(place, one.clone());
                    assert!(outcome(simd, digest, 5, &of)[place] == alone[0], "{digest:?} {simd:?}");
                }
            }
        }
    }
}
