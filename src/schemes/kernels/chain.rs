//! A digest of the digest before, again and again.

use zeroize::Zeroizing;

use super::Simd;
use crate::schemes::digest::Digest;
use crate::schemes::encoding;

/// How a digest stands in the next message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::schemes) enum Form {
    /// Its bytes.
    Raw,
    /// Hex digits in lower case.
    Hex,
}

/// Where the digest before goes.
#[derive(Clone, Copy, Debug)]
pub(in crate::schemes) struct Hole {
    /// Place in the message, in bytes.
    pub(in crate::schemes) at: usize,
    /// In which form.
    pub(in crate::schemes) form: Form,
}

/// A message without padding, with room for the digest before.
#[derive(Debug)]
pub(in crate::schemes) struct Layout {
    /// The bytes.
    pub(in crate::schemes) message: Zeroizing<Vec<u8>>,
    /// Where the digest goes.
    pub(in crate::schemes) holes: Vec<Hole>,
}

/// One chain.
pub(in crate::schemes) struct Chain {
    /// The raw digest that round 0 takes.
    pub(in crate::schemes) first: Zeroizing<Vec<u8>>,
    /// Round i uses `layouts[i % layouts.len()]`.
    pub(in crate::schemes) layouts: Vec<Layout>,
}

/// The message of a round of md5-crypt, in whose order sha-crypt's are, too: password and digest change their places
/// in odd rounds, the salt is left out of every third round and the password's second place of every seventh.
pub(in crate::schemes) fn in_turn(round: usize, digest: Digest, password: &[u8], salt: &[u8]) -> Layout {
    let room = vec![0; digest.len()];
    let odd = round % 2 == 1;
    let none: &[u8] = &[];
    let parts = [
        if odd { password } else { &room },
        if round.is_multiple_of(3) { none } else { salt },
        if round.is_multiple_of(7) { none } else { password },
        if odd { &room } else { password },
    ];
    let message = Zeroizing::new(parts.concat());
    let at = if odd { message.len() - room.len() } else { 0 };
    Layout { message, holes: vec![Hole { at, form: Form::Raw }] }
}

/// Chains that run side by side.
pub(in crate::schemes) fn lanes(_: Simd, _: Digest) -> usize {
    1
}

/// Computes the last digests.
pub(in crate::schemes) fn run(
    _: Simd,
    digest: Digest,
    rounds: u32,
    chains: &[Chain],
    out: &mut [Zeroizing<Vec<u8>>],
) {
    for (chain, out) in chains.iter().zip(out) {
        let mut before = chain.first.clone();
        for round in 0..rounds as usize {
            let Some(layout) = chain.layouts.get(round % chain.layouts.len()) else { return };
            let mut message = layout.message.clone();
            for hole in &layout.holes {
                let text = match hole.form {
                    Form::Raw => before.to_vec(),
                    Form::Hex => encoding::to_hex(&before).into_bytes(),
                };
                message[hole.at..hole.at + text.len()].copy_from_slice(&text);
            }
            before = digest.of(&[&message]);
        }
        out.copy_from_slice(&before);
    }
}
