//! A digest of the digest before, again and again, of several passwords side by side: sha-crypt, md5-crypt, phpass,
//! Drupal, `iterate()`.
//!
//! All messages of a chain are written and padded before its first round. A round then takes the message whose turn
//! it is, puts the digest before into its holes, and digests it. In lanes the messages are kept as words, one
//! vector the same word of each, and the digest never becomes bytes: where a lane's hole does not begin with a
//! word, its digest is shifted, and all is put in by or, since holes hold zeros.

mod lanes;
mod turns;

use std::cmp::Reverse;

use zeroize::Zeroizing;

use super::compress::{self, Compression, with_compression};
use super::plan::{Plan, Step};
use super::simd::Simd;
use crate::schemes::digest::Digest;

/// How the digest before is written in a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::schemes) enum Form {
    /// Its bytes.
    Raw,
    /// Two hexadecimal digits for each, `a` to `f`.
    Hex,
    /// Likewise, `A` to `F`.
    HexUpper,
}

impl Form {
    /// Bytes that a digest of `len` bytes has so.
    fn len(self, len: usize) -> usize {
        if self == Self::Raw { len } else { 2 * len }
    }
}

/// Where the digest before goes in a message.
#[derive(Clone, Copy, Debug)]
pub(in crate::schemes) struct Hole {
    /// In bytes from the start.
    pub at: usize,
    /// How it is written.
    pub form: Form,
}

/// What is digested in a round.
pub(in crate::schemes) struct Layout {
    /// The message, without padding. What stands in its holes does not matter.
    pub message: Zeroizing<Vec<u8>>,
    /// Holes that do not overlap and lie within the message.
    pub holes: Vec<Hole>,
}

/// The rounds of one password.
pub(in crate::schemes) struct Chain {
    /// The digest that the first round takes, as raw bytes.
    pub first: Zeroizing<Vec<u8>>,
    /// Round `i`, from 0, uses `layouts[i % layouts.len()]`.
    pub layouts: Vec<Layout>,
}

/// Chains that run side by side at most; 1 where there are no lanes.
pub(in crate::schemes) fn lanes(simd: Simd, digest: Digest) -> usize {
    with_compression!(digest, _C, _form => Plan::of(simd, digest).together(), _ => 1)
}

/// Runs the chains: `out[i]` becomes the raw digest after `rounds` rounds of `chains[i]`.
///
/// Chains may differ in everything, though best they are of similar length.
pub(in crate::schemes) fn run(
    simd: Simd,
    digest: Digest,
    rounds: u32,
    chains: &[Chain],
    out: &mut [Zeroizing<Vec<u8>>],
) {
    with_compression!(digest, C, form => run_with::<C>(simd, digest, form, rounds, chains, out), _ => {
        for (chain, out) in chains.iter().zip(out) {
            **out = by_digest(digest, rounds, chain).to_vec();
        }
    });
}

fn run_with<C: Compression>(
    simd: Simd,
    digest: Digest,
    form: compress::Form<C>,
    rounds: u32,
    chains: &[Chain],
    out: &mut [Zeroizing<Vec<u8>>],
) {
    let mut jobs: Vec<_> =
        chains.iter().zip(out).map(|(chain, out)| turns::Job::<C>::new(form, chain, out)).collect();
    // Long ones first, so that those of a group are alike.
    jobs.sort_by_key(|job| Reverse(job.weight()));
    let weights: Vec<usize> = jobs.iter().map(turns::Job::weight).collect();
    let plan = Plan::of(simd, digest);
    let alike = chains.windows(2).all(|pair| pair[0].layouts.len() == pair[1].layouts.len());
    let plan = if alike { plan } else { plan.without_lanes() };
    // Those without messages are done.
    let busy = weights.iter().filter(|&&weight| weight > 0).count();
    let mut from = 0;
    while from < busy {
        let step = plan.step(&weights[from..busy]);
        let (Step::Turns(count) | Step::Vector(count) | Step::Two(count)) = step;
        let group = &mut jobs[from..from + count];
        match step {
            Step::Turns(_) => turns::run(form, rounds, group),
            _ => lanes::run(simd, matches!(step, Step::Two(_)), form, rounds, group),
        }
        from += count;
    }
    for job in &mut jobs {
        job.finish(form);
    }
}

/// With any digest.
fn by_digest(digest: Digest, rounds: u32, chain: &Chain) -> Zeroizing<Vec<u8>> {
    let mut last = chain.first.clone();
    let mut messages: Vec<_> = chain.layouts.iter().map(|layout| layout.message.clone()).collect();
    if messages.is_empty() {
        return last;
    }
    let count = messages.len();
    for turn in 0..rounds as usize {
        let message = &mut messages[turn % count];
        for hole in &chain.layouts[turn % count].holes {
            hole.fill(message, &last);
        }
        last.copy_from_slice(&digest.raw(&[message]));
    }
    last
}

impl Hole {
    /// Writes the digest into the message. A hole that is not within it stays as it is.
    #[inline]
    fn fill(self, message: &mut [u8], digest: &[u8]) {
        let Some(to) = message.get_mut(self.at..self.at + self.form.len(digest.len())) else { return };
        let digits = match self.form {
            Form::Raw => return to.copy_from_slice(digest),
            Form::Hex => b"0123456789abcdef",
            Form::HexUpper => b"0123456789ABCDEF",
        };
        for (to, byte) in to.chunks_exact_mut(2).zip(digest) {
            to[0] = digits[usize::from(byte >> 4)];
            to[1] = digits[usize::from(byte & 15)];
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schemes::kernels::numbers::Numbers;

    const WITH_LANES: [Digest; 6] =
        [Digest::Md5, Digest::Sha1, Digest::Sha224, Digest::Sha256, Digest::Sha384, Digest::Sha512];

    /// A chain of that many layouts, each with up to three holes.
    fn chain(numbers: &mut Numbers, digest: Digest, layouts: usize, longest: usize) -> Chain {
        let layouts = (0..layouts).map(|_| {
            let mut message = numbers.bytes(longest);
            let mut holes = vec![];
            for _ in 0..numbers.below(4) {
                let form = [Form::Raw, Form::Raw, Form::Hex, Form::HexUpper][numbers.below(4)];
                // Often at the start, as in phpass and every second message of sha-crypt.
                if numbers.below(3) == 0 && holes.is_empty() {
                    message.clear();
                }
                holes.push(Hole { at: message.len(), form });
                // What stands in a hole does not matter.
                message.resize(message.len() + form.len(digest.len()), 0xa5);
                message.extend(numbers.bytes(longest / 2));
            }
            Layout { message: Zeroizing::new(message), holes }
        });
        let layouts = layouts.collect();
        Chain { first: Zeroizing::new(numbers.exactly(digest.len())), layouts }
    }

    /// As the ordinary crates have it, without any of the above.
    fn expected(digest: Digest, rounds: u32, chain: &Chain) -> Vec<u8> {
        let mut last = chain.first.to_vec();
        for round in 0..rounds as usize {
            let layout = &chain.layouts[round % chain.layouts.len()];
            let mut message = layout.message.to_vec();
            for hole in &layout.holes {
                let text = match hole.form {
                    Form::Raw => last.clone(),
                    Form::Hex => hex::encode(&last).into_bytes(),
                    Form::HexUpper => hex::encode_upper(&last).into_bytes(),
                };
                message[hole.at..hole.at + text.len()].copy_from_slice(&text);
            }
            last = digest.of(&[&message]).to_vec();
        }
        last
    }

    fn outcome(simd: Simd, digest: Digest, rounds: u32, chains: &[Chain]) -> Vec<Vec<u8>> {
        let mut out = vec![Zeroizing::new(b"left over".to_vec()); chains.len()];
        run(simd, digest, rounds, chains, &mut out);
        out.iter().map(|out| out.to_vec()).collect()
    }

    #[test]
    fn any_mix_of_any_number_is_what_the_ordinary_crates_make_of_each() {
        let mut numbers = Numbers(0xc4a1);
        for simd in Simd::available() {
            for digest in WITH_LANES.into_iter().chain([Digest::Md4, Digest::Sha3_256]) {
                for count in (1..=2 * lanes(simd, digest) + 1).chain([3, 7]) {
                    let layouts = 1 + numbers.below(4);
                    let longest = [20, 60, 200][numbers.below(3)];
                    let chains: Vec<_> =
                        (0..count).map(|_| chain(&mut numbers, digest, layouts, longest)).collect();
                    let rounds = numbers.rounds(11);
                    let expected: Vec<_> =
                        chains.iter().map(|chain| expected(digest, rounds, chain)).collect();
                    let found = outcome(simd, digest, rounds, &chains);
                    assert!(found == expected, "{digest:?} {simd:?}, {count} chains, {rounds} rounds");
                }
            }
        }
    }

    #[test]
    fn messages_of_every_length_are_padded_well_beside_each_other() {
        let mut numbers = Numbers(7);
        for simd in Simd::available() {
            for digest in WITH_LANES {
                let chains: Vec<_> = (0..270)
                    .map(|len| {
                        let mut message = numbers.exactly(len);
                        let at = numbers.below(len + 1);
                        message.splice(at..at, vec![0; digest.len()]);
                        let layout = Layout {
                            message: Zeroizing::new(message),
                            holes: vec![Hole { at, form: Form::Raw }],
                        };
                        Chain { first: Zeroizing::new(numbers.exactly(digest.len())), layouts: vec![layout] }
                    })
                    .collect();
                let expected: Vec<_> = chains.iter().map(|chain| expected(digest, 3, chain)).collect();
                assert!(outcome(simd, digest, 3, &chains) == expected, "{digest:?} {simd:?}");
            }
        }
    }

    #[test]
    fn one_of_them_is_the_same_whoever_the_others_are() {
        let mut numbers = Numbers(99);
        for simd in Simd::available() {
            for digest in WITH_LANES {
                let alone = outcome(simd, digest, 9, &[chain(&mut Numbers(1), digest, 3, 60)]);
                for _ in 0..8 {
                    let count = lanes(simd, digest);
                    let mut chains: Vec<_> = (1..count).map(|_| chain(&mut numbers, digest, 3, 60)).collect();
                    let place = numbers.below(count);
                    chains.insert(place, chain(&mut Numbers(1), digest, 3, 60));
                    assert!(outcome(simd, digest, 9, &chains)[place] == alone[0], "{digest:?} {simd:?}");
                }
            }
        }
    }

    #[test]
    fn chains_without_layouts_or_of_different_counts_are_taken_too() {
        for simd in Simd::available() {
            let mut numbers = Numbers(5);
            let chains: Vec<_> =
                (0..40).map(|count| chain(&mut numbers, Digest::Sha512, count % 4, 30)).collect();
            let found = outcome(simd, Digest::Sha512, 6, &chains);
            for (chain, found) in chains.iter().zip(found) {
                if chain.layouts.is_empty() {
                    assert_eq!(found, *chain.first);
                } else {
                    assert!(found == expected(Digest::Sha512, 6, chain));
                }
            }
            assert!(outcome(simd, Digest::Md5, 6, &[]).is_empty());
        }
    }
}
