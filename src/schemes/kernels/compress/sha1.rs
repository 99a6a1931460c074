//! SHA-1's compression function (FIPS 180-4, 6.1.2).

use crate::schemes::kernels::lanes::Lanes;

/// 4.2.1.
const K: [u32; 4] = [0x5a82_7999, 0x6ed9_eba1, 0x8f1b_bcdc, 0xca62_c1d6];

/// Works a block of each lane into its state, whose last three words are not used.
///
/// Loops of five rounds: written out, eighty take long to compile and are no faster.
#[inline(always)]
pub(super) fn compress<L: Lanes<Word = u32>>(state: &mut [L; 8], block: &[L; 16]) {
    let mut w = super::words(block);
    let [mut a, mut b, mut c, mut d, mut e, ..] = *state;
    macro_rules! round {
        ($f:ident $k:ident $a:ident $b:ident $c:ident $d:ident $e:ident $t:expr) => {
            let t = $t;
            if t >= 16 {
                w[t & 15] = w[(t + 13) & 15].xor3(w[(t + 8) & 15], w[(t + 2) & 15]).xor(w[t & 15]).rotl(1);
            }
            $e = $e.add(w[t & 15].add($k)).add($f($b, $c, $d)).add($a.rotl(5));
            $b = $b.rotl(30);
        };
    }
    macro_rules! twenty {
        ($f:ident $number:literal) => {
            let k = L::splat(a.token(), K[$number]);
            for t in (20 * $number..20 * $number + 20).step_by(5) {
                round!($f k a b c d e t);
                round!($f k e a b c d t + 1);
                round!($f k d e a b c t + 2);
                round!($f k c d e a b t + 3);
                round!($f k b c d e a t + 4);
            }
        };
    }
    twenty!(choose 0);
    twenty!(parity 1);
    twenty!(majority 2);
    twenty!(parity 3);
    for (word, new) in state.iter_mut().zip([a, b, c, d, e]) {
        *word = word.add(new);
    }
}

#[inline(always)]
fn choose<L: Lanes>(b: L, c: L, d: L) -> L {
    b.select(c, d)
}

#[inline(always)]
fn parity<L: Lanes>(b: L, c: L, d: L) -> L {
    b.xor3(c, d)
}

#[inline(always)]
fn majority<L: Lanes>(b: L, c: L, d: L) -> L {
    b.majority(c, d)
}
