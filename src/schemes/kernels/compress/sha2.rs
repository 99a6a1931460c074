//! SHA-256's and SHA-512's compression function (FIPS 180-4, 6.2.2 and 6.4.2), which differ in the word and in numbers only.

use super::super::lanes::{Lanes, Word};

/// What is different between the two.
pub(super) trait Sha2Word: Word {
    /// 4.2.2, 4.2.3.
    const K: &'static [[Self; 16]];
    /// 4.1.2, 4.1.3: the rotations of Σ0 and Σ1; of σ0 and σ1, whose last is a shift.
    const SUM_0: [u32; 3];
    const SUM_1: [u32; 3];
    const SIGMA_0: [u32; 3];
    const SIGMA_1: [u32; 3];
}

impl Sha2Word for u32 {
    const K: &'static [[Self; 16]] = super::constants::K256.as_chunks().0;
    const SUM_0: [u32; 3] = [2, 13, 22];
    const SUM_1: [u32; 3] = [6, 11, 25];
    const SIGMA_0: [u32; 3] = [7, 18, 3];
    const SIGMA_1: [u32; 3] = [17, 19, 10];
}

impl Sha2Word for u64 {
    const K: &'static [[Self; 16]] = super::constants::K512.as_chunks().0;
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
#[inline(always)]
pub(super) fn compress<L: Lanes<Word: Sha2Word>>(state: &mut [L; 8], block: &[L; 16]) {
    let mut w = super::words(block);
    let mut v = *state;
    if let [first, rest @ ..] = L::Word::K {
        sixteen::<L, false>(&mut v, &mut w, first);
        for k in rest {
            sixteen::<L, true>(&mut v, &mut w, k);
        }
    }
    for (word, new) in state.iter_mut().zip(v) {
        *word = word.add(new);
    }
}

/// Sixteen rounds; `NEXT` makes the message's words for them out of the sixteen before.
#[inline(always)]
fn sixteen<L: Lanes<Word: Sha2Word>, const NEXT: bool>(v: &mut [L; 8], w: &mut [L; 16], k: &[L::Word; 16]) {
    let [mut a, mut b, mut c, mut d, mut e, mut f, mut g, mut h] = *v;
    macro_rules! round {
        ($a:ident $b:ident $c:ident $d:ident $e:ident $f:ident $g:ident $h:ident $t:literal) => {
            if NEXT {
                w[$t] = w[$t]
                    .add(w[($t + 9) & 15])
                    .add(sigma(w[($t + 1) & 15], L::Word::SIGMA_0))
                    .add(sigma(w[($t + 14) & 15], L::Word::SIGMA_1));
            }
            let input = $h.add(w[$t].add(L::splat($a.token(), k[$t])));
            let choice = $e.select($f, $g);
            let sum_1 = sum($e, L::Word::SUM_1);
            $d = $d.add(input).add(choice).add(sum_1);
            $h = input.add(choice).add(sum_1).add($a.majority($b, $c)).add(sum($a, L::Word::SUM_0));
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
    round!(a b c d e f g h 8);
    round!(h a b c d e f g 9);
    round!(g h a b c d e f 10);
    round!(f g h a b c d e 11);
    round!(e f g h a b c d 12);
    round!(d e f g h a b c 13);
    round!(c d e f g h a b 14);
    round!(b c d e f g h a 15);
    *v = [a, b, c, d, e, f, g, h];
}
