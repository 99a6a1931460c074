//! SHA-256's and SHA-512's compression function (FIPS 180-4, 6.2.2 and 6.4.2), which differ in the word and in
//! numbers only.

use super::super::lanes::{Lanes, Word};

/// What is different between the two.
pub(super) trait Sha2Word: Word {
    /// 4.2.2, 4.2.3.
    const K: &'static [[Self; 8]];
    /// 4.1.2, 4.1.3: the rotations of Σ0 and Σ1; of σ0 and σ1, whose last is a shift.
    const SUM_0: [u32; 3];
    const SUM_1: [u32; 3];
    const SIGMA_0: [u32; 3];
    const SIGMA_1: [u32; 3];
}

impl Sha2Word for u32 {
    const K: &'static [[Self; 8]] = super::constants::K256.as_chunks().0;
    const SUM_0: [u32; 3] = [2, 13, 22];
    const SUM_1: [u32; 3] = [6, 11, 25];
    const SIGMA_0: [u32; 3] = [7, 18, 3];
    const SIGMA_1: [u32; 3] = [17, 19, 10];
}

impl Sha2Word for u64 {
    const K: &'static [[Self; 8]] = super::constants::K512.as_chunks().0;
    const SUM_0: [u32; 3] = [28, 34, 39];
    const SUM_1: [u32; 3] = [14, 18, 41];
    const SIGMA_0: [u32; 3] = [1, 8, 7];
    const SIGMA_1: [u32; 3] = [19, 61, 6];
}

#[inline(always)]
fn sum<L: Lanes>(x: L, [a, b, c]: [u32; 3]) -> L {
    x.rotr(a).xor3(x.rotr(b), x.rotr(c))
}

#[inline(always)]
fn sigma<L: Lanes>(x: L, [a, b, c]: [u32; 3]) -> L {
    x.rotr(a).xor3(x.rotr(b), x.shr(c))
}

/// Works a block of each lane into its state.
///
/// A loop of eight rounds: written out, all take long to compile and are no faster.
#[inline(always)]
pub(super) fn compress<L: Lanes<Word: Sha2Word>>(state: &mut [L; 8], block: &[L; 16]) {
    let mut w = super::words(block);
    // The words of these eight rounds, and of the next eight.
    let (low, high) = w.split_at_mut(8);
    let (mut near, mut far) = (low, high);
    let [mut a, mut b, mut c, mut d, mut e, mut f, mut g, mut h] = *state;
    for (eight, k) in L::Word::K.iter().enumerate() {
        let more = eight + 2 < L::Word::K.len();
        macro_rules! round {
            ($a:ident $b:ident $c:ident $d:ident $e:ident $f:ident $g:ident $h:ident $t:literal) => {
                let input = $h.add(near[$t].add(L::splat($a.token(), k[$t])));
                if more {
                    // The word for the round sixteen behind.
                    let word = |t: usize| if t & 8 == 0 { near[t & 7] } else { far[t & 7] };
                    near[$t] = word($t)
                        .add(word($t + 9))
                        .add(sigma(word($t + 1), L::Word::SIGMA_0))
                        .add(sigma(word($t + 14), L::Word::SIGMA_1));
                }
                let t1 = input.add(sum($e, L::Word::SUM_1)).add($e.select($f, $g));
                $d = $d.add(t1);
                $h = t1.add($a.majority($b, $c).add(sum($a, L::Word::SUM_0)));
            };
        }
        round!(a b c d e f g h 0);
        round!(h a b c d e f g 1);
        round!(g h a b c d e f 2);
        round!(f g h a b c d e 3);
        round!(e f g h a b c d 4);
        round!(d e f g h a b c 5);
        round!(c d e f g h a b 6);
        round!(b c d e f g h a 7);
        (near, far) = (far, near);
    }
    for (word, new) in state.iter_mut().zip([a, b, c, d, e, f, g, h]) {
        *word = word.add(new);
    }
}
