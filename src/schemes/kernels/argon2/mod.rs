//! argon2 (RFC 9106): d, i and id, versions 1.0 and 1.3, in memory that is kept.
//!
//! Lanes of one hash are worked through one after another: who has several passwords has other cores for them.

#![allow(clippy::indexing_slicing, reason = "blocks have 16 lines, of 8 words")]
#![allow(clippy::inline_always, reason = "what is not in line is compiled without the vector instructions")]

mod block;
#[cfg(target_arch = "x86_64")]
mod x86;

use blake2::digest::array::Array;
use blake2::digest::block_api::{UpdateCore, VariableOutputCore};
use blake2::digest::block_buffer::LazyBuffer;
use blake2::{Blake2b512, Blake2bVarCore, Digest};
use zeroize::{Zeroize, Zeroizing};

use super::Simd;
use super::memory::{Line, Memory};
use block::{Block, Plain, ROWS, Words, place};

/// Which blocks a block may be made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::schemes) enum Algorithm {
    /// Chosen by the password all along.
    D = 0,
    /// Never.
    I = 1,
    /// From the second half of the first pass.
    Id = 2,
}

/// What a pass does with the one before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::schemes) enum Version {
    /// Overwrites it: version 1.0.
    V0x10 = 0x10,
    /// Mixes with it: version 1.3.
    V0x13 = 0x13,
}

/// What a password is hashed with.
#[derive(Clone, Copy, Debug)]
pub(in crate::schemes) struct Setting<'a> {
    pub(in crate::schemes) algorithm: Algorithm,
    pub(in crate::schemes) version: Version,
    /// KiB; from 8 for each lane.
    pub(in crate::schemes) memory_kib: u32,
    /// From 1.
    pub(in crate::schemes) passes: u32,
    /// From 1.
    pub(in crate::schemes) lanes: u32,
    pub(in crate::schemes) salt: &'a [u8],
    /// Associated data.
    pub(in crate::schemes) data: &'a [u8],
}

/// Slices of a pass, in which lanes do not see each other.
const SLICES: usize = 4;

/// Words of a block.
const WORDS: usize = 128;

/// Fills `out` over its whole length, of 4 bytes or more.
pub(in crate::schemes) fn hash(
    simd: Simd,
    setting: &Setting<'_>,
    password: &[u8],
    memory: &mut Memory,
    out: &mut [u8],
) {
    hash_with_secret(simd, setting, password, &[], memory, out);
}

/// With a secret value, which the RFC's vectors have, and no stored hash is known to.
fn hash_with_secret(
    simd: Simd,
    setting: &Setting<'_>,
    password: &[u8],
    secret: &[u8],
    memory: &mut Memory,
    out: &mut [u8],
) {
    let field = Field::of(setting);
    let (blocks, _) = memory.lines(field.blocks() * ROWS).as_chunks_mut::<ROWS>();
    let seed = seed(setting, password, secret, out.len());
    for (lane, blocks) in (0_u32..).zip(blocks.chunks_exact_mut(field.lane)) {
        for (number, block) in (0_u32..).zip(&mut blocks[..2]) {
            let mut bytes = Zeroizing::new([0; WORDS * 8]);
            long_hash(&[&*seed, &number.to_le_bytes(), &lane.to_le_bytes()], &mut *bytes);
            for (word, bytes) in bytes.as_chunks().0.iter().enumerate() {
                let (line, at) = place(word);
                block[line].0[at] = u64::from_le_bytes(*bytes);
            }
        }
    }
    match simd {
        #[cfg(target_arch = "x86_64")]
        Simd::Avx512 if let Some(simd) = pulp::x86::V4::try_new() => {
            simd.vectorize(Fill(simd, &field, blocks));
        }
        #[cfg(target_arch = "x86_64")]
        Simd::Avx2 | Simd::Avx512 if let Some(simd) = pulp::x86::V3::try_new() => {
            simd.vectorize(Fill(simd, &field, blocks));
        }
        _ => Fill(Plain, &field, blocks).fill(),
    }
    let mut last = Zeroizing::new([0; WORDS * 8]);
    for (word, bytes) in last.as_chunks_mut().0.iter_mut().enumerate() {
        let (line, at) = place(word);
        let lanes = blocks.chunks_exact(field.lane);
        *bytes = lanes.fold(0, |sum, lane| sum ^ lane[field.lane - 1][line].0[at]).to_le_bytes();
    }
    long_hash(&[&*last], out);
}

/// H0: all that goes into the hash but the memory.
fn seed(setting: &Setting<'_>, password: &[u8], secret: &[u8], len: usize) -> Zeroizing<[u8; 64]> {
    let mut hash = Blake2b512::new();
    let mut number = |number: u32| hash.update(number.to_le_bytes());
    number(setting.lanes);
    number(length(len));
    number(setting.memory_kib);
    number(setting.passes);
    number(setting.version as u32);
    number(setting.algorithm as u32);
    for text in [password, setting.salt, secret, setting.data] {
        hash.update(length(text.len()).to_le_bytes());
        hash.update(text);
    }
    let mut seed = Zeroizing::new([0; 64]);
    hash.finalize_into((&mut *seed).into());
    seed
}

#[allow(clippy::cast_possible_truncation, reason = "argon2 takes nothing of 4 GiB")]
fn length(len: usize) -> u32 {
    len as u32
}

/// H': `BLAKE2b` of any length, of 64 bytes at a time, half of which are the next half of the result.
fn long_hash(parts: &[&[u8]], out: &mut [u8]) {
    let len = length(out.len()).to_le_bytes();
    let parts = [&[&len[..]], parts].concat();
    if out.len() <= 64 {
        short(&parts, out);
        return;
    }
    let mut next = Zeroizing::new([0; 64]);
    short(&parts, &mut *next);
    let mut rest = out;
    while rest.len() > 64 {
        let (half, others) = rest.split_at_mut(32);
        half.copy_from_slice(&next[..32]);
        rest = others;
        let before = next.clone();
        short(&[&*before], if rest.len() > 64 { &mut *next } else { &mut *rest });
    }
}

/// `BLAKE2b` of 1 to 64 bytes.
fn short(parts: &[&[u8]], out: &mut [u8]) {
    let Ok(mut hash) = Blake2bVarCore::new(out.len()) else { return };
    let mut buffer = LazyBuffer::default();
    for part in parts {
        buffer.digest_blocks(part, |blocks| hash.update_blocks(blocks));
    }
    let mut whole = Array::default();
    hash.finalize_variable_core(&mut buffer, &mut whole);
    out.copy_from_slice(&whole[..out.len()]);
    whole.zeroize();
}

/// The shape of the memory, and what is done in it.
struct Field {
    algorithm: Algorithm,
    version: Version,
    passes: usize,
    lanes: usize,
    /// Blocks of a lane, and of a slice of it.
    lane: usize,
    segment: usize,
}

/// What of a pass, in which lane.
#[derive(Clone, Copy)]
struct Part {
    pass: usize,
    slice: usize,
    lane: usize,
}

impl Field {
    fn of(setting: &Setting<'_>) -> Self {
        let lanes = setting.lanes as usize;
        let segment = setting.memory_kib as usize / (SLICES * lanes);
        Self {
            algorithm: setting.algorithm,
            version: setting.version,
            passes: setting.passes as usize,
            lanes,
            lane: segment * SLICES,
            segment,
        }
    }

    fn blocks(&self) -> usize {
        self.lane * self.lanes
    }

    /// Whether this part takes its blocks in an order that does not depend on the password.
    fn is_independent(&self, part: Part) -> bool {
        match self.algorithm {
            Algorithm::D => false,
            Algorithm::I => true,
            Algorithm::Id => part.pass == 0 && part.slice < SLICES / 2,
        }
    }

    /// The block that goes into block `i` of this part, by 64 pseudorandom bits (RFC 9106, 3.4.2).
    #[inline(always)]
    #[allow(clippy::cast_possible_truncation, reason = "no more blocks than 32 bits can count")]
    fn reference(&self, part: Part, i: usize, random: u64) -> usize {
        let Part { pass, slice, lane } = part;
        let first = pass == 0 && slice == 0;
        let from = if first || self.lanes == 1 { lane } else { (random >> 32) as usize % self.lanes };
        // Whole slices that can be taken from, and where the oldest of them begins.
        let (whole, oldest) = if pass == 0 { (slice, 0) } else { (SLICES - 1, (slice + 1) % SLICES) };
        let count = if from == lane {
            whole * self.segment + i - 1
        } else {
            whole * self.segment - usize::from(i == 0)
        };
        let near = random & u64::from(u32::MAX);
        let near = (near * near) >> 32;
        let near = (count as u64 * near) >> 32;
        let at = oldest * self.segment + count - 1 - near as usize;
        from * self.lane + if at < self.lane { at } else { at - self.lane }
    }
}

/// Fills the memory, with these instructions.
struct Fill<'a, W>(W, &'a Field, &'a mut [Block]);

impl<W: Words> pulp::NullaryFnOnce for Fill<'_, W> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        self.fill();
    }
}

impl<W: Words> Fill<'_, W> {
    #[inline(always)]
    fn fill(mut self) {
        let (passes, lanes) = (self.1.passes, self.1.lanes);
        for pass in 0..passes {
            for slice in 0..SLICES {
                for lane in 0..lanes {
                    self.segment(Part { pass, slice, lane });
                }
            }
        }
    }

    #[inline(always)]
    fn segment(&mut self, part: Part) {
        let &mut Self(words, field, ref mut blocks) = self;
        let start = if part.pass == 0 && part.slice == 0 { 2 } else { 0 };
        let first = part.lane * field.lane + part.slice * field.segment;
        let last =
            if first + start == part.lane * field.lane { first + field.lane } else { first + start } - 1;
        let mut before = words.load_all(&blocks[last]);
        let mut addresses = field.is_independent(part).then(|| Addresses::new(field, part));
        let mixes = part.pass > 0 && field.version == Version::V0x13;
        for i in start..field.segment {
            let random = match &mut addresses {
                Some(addresses) => addresses.random(words, i, i == start),
                None => words.store(before[0]).0[0],
            };
            let reference = &blocks[field.reference(part, i, random)];
            // What is overwritten soon, and, where that is known, what the next block is made of.
            if let Some(next) = blocks.get(first + i + 2) {
                words.prefetch(next);
            }
            if let Some(random) = addresses.as_ref().and_then(|addresses| addresses.ahead(i + 1)) {
                words.prefetch(&blocks[field.reference(part, i + 1, random)]);
            }
            let old = &blocks[first + i];
            words.compress(&mut before, reference, mixes.then_some(old));
            words.store_all(before, &mut blocks[first + i]);
        }
    }
}

/// Pseudorandom bits that do not depend on the password, of a block's worth at a time.
struct Addresses {
    input: Block,
    bits: Block,
}

impl Addresses {
    fn new(field: &Field, part: Part) -> Self {
        let mut input = [Line::ZERO; ROWS];
        let numbers =
            [part.pass, part.lane, part.slice, field.blocks(), field.passes, field.algorithm as usize];
        for (word, number) in numbers.into_iter().enumerate() {
            let (line, at) = place(word);
            input[line].0[at] = number as u64;
        }
        Self { input, bits: [Line::ZERO; ROWS] }
    }

    /// Those for block `i`; `start` where it is the first one asked for.
    #[inline(always)]
    fn random<W: Words>(&mut self, words: W, i: usize, start: bool) -> u64 {
        if start || i.is_multiple_of(WORDS) {
            let (line, at) = place(6);
            self.input[line].0[at] += 1;
            let zero = words.load_all(&[Line::ZERO; ROWS]);
            let mut bits = zero;
            words.compress(&mut bits, &self.input, None);
            words.store_all(bits, &mut self.bits);
            let mut bits = zero;
            words.compress(&mut bits, &self.bits, None);
            words.store_all(bits, &mut self.bits);
        }
        self.at(i)
    }

    /// Those for block `i`, unless they are still to be made.
    #[inline(always)]
    fn ahead(&self, i: usize) -> Option<u64> {
        (!i.is_multiple_of(WORDS)).then(|| self.at(i))
    }

    #[inline(always)]
    fn at(&self, i: usize) -> u64 {
        let (line, at) = place(i % WORDS);
        self.bits[line].0[at]
    }
}

#[cfg(test)]
mod tests;
