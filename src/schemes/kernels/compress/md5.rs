//! MD5's compression function (RFC 1321, 3.4).

use super::super::lanes::{Lanes, Plain};
use super::constants::MD5 as K;

/// Works a block of each lane into its state, whose last four words are not used.
#[inline(always)]
pub(super) fn compress<L: Lanes<Word = u32>>(state: &mut [L; 8], block: &[L; 16]) {
    let k: [u32; 64] = *std::hint::black_box(&K);
    let [mut a, mut b, mut c, mut d, ..] = *state;
    macro_rules! step {
        ($f:ident $a:ident $b:ident $c:ident $d:ident $word:expr, $bits:literal, $t:expr) => {
            let input = $a.add(block[$word & 15].add(L::splat($a.token(), k[$t])));
            $a = $f(input, $b, $c, $d).rotl($bits).add($b);
        };
    }
    // Four steps, of the words that `at` and `by` say.
    macro_rules! four {
        ($f:ident [$at:literal + $by:literal] $r0:literal $r1:literal $r2:literal $r3:literal; $($t:literal)*) => {
            $(
                step!($f a b c d $at + $by * $t, $r0, $t);
                step!($f d a b c $at + $by * ($t + 1), $r1, $t + 1);
                step!($f c d a b $at + $by * ($t + 2), $r2, $t + 2);
                step!($f b c d a $at + $by * ($t + 3), $r3, $t + 3);
            )*
        };
    }
    four!(f [0 + 1] 7 12 17 22; 0 4 8 12);
    four!(g [1 + 5] 5 9 14 20; 16 20 24 28);
    four!(h [5 + 3] 4 11 16 23; 32 36 40 44);
    four!(i [0 + 7] 6 10 15 21; 48 52 56 60);
    for (word, new) in state.iter_mut().zip([a, b, c, d]) {
        *word = word.add(new);
    }
}

// Each adds its function of three words of the state to what is there.

#[inline(always)]
fn f<L: Lanes>(sum: L, b: L, c: L, d: L) -> L {
    sum.add(b.select(c, d))
}

#[inline(always)]
fn g<L: Lanes>(sum: L, b: L, c: L, d: L) -> L {
    sum.add_selected(d, b, c)
}

#[inline(always)]
fn h<L: Lanes>(sum: L, b: L, c: L, d: L) -> L {
    sum.add(b.xor3(c, d))
}

#[inline(always)]
fn i<L: Lanes>(sum: L, b: L, c: L, d: L) -> L {
    sum.add(c.xor_or_not(b, d))
}

/// Works blocks into one state. Faster than the usual crate, whose numbers are added last.
pub(super) fn one(state: &mut [u32; 4], blocks: &[[u8; 64]]) {
    type One = Plain<u32, 1>;
    let mut eight = [One::splat((), 0); 8];
    for (word, &from) in eight.iter_mut().zip(&*state) {
        *word = One::splat((), from);
    }
    for block in blocks {
        let words = block.as_chunks::<4>().0;
        compress(&mut eight, &std::array::from_fn(|k| One::splat((), u32::from_le_bytes(words[k]))));
    }
    for (to, word) in state.iter_mut().zip(eight) {
        word.store(std::slice::from_mut(to));
    }
}
