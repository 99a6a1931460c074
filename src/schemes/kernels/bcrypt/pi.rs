//! The digits of pi that Blowfish starts from, by Machin's formula (1706): π = 16 arctan 1/5 − 4 arctan 1/239.

/// Words of a fixed-point number behind the one before the point: those that are wanted, and two for what the
/// divisions lose.
const FRACTION: usize = super::WORDS + 2;

/// Divisions in one walk over the number. They wait for their own remainders only, so that the processor does them side by
/// side.
const TOGETHER: usize = 4;

/// The fraction of pi, in 32-bit words.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the digits, without the carry")]
pub(super) fn fraction() -> [u32; super::WORDS] {
    let mut sums = vec![0; 1 + FRACTION];
    add_arctan::<5>(16, &mut sums);
    add_arctan::<239>(-4, &mut sums);
    let mut carry = 0;
    for sum in sums.iter_mut().rev() {
        *sum += carry;
        carry = *sum >> 32;
    }
    std::array::from_fn(|i| sums[1 + i] as u32)
}

/// Adds `factor` × arctan 1/`X`, two terms of the series at a time: of (1/n − 1/(n + 2)X²) / Xⁿ, that is
/// ((n + 2)X² − n) / n(n + 2) of 1/Xⁿ⁺², the quotients of each digit are added up, and carried later.
#[allow(clippy::cast_possible_truncation, clippy::cast_possible_wrap, reason = "below 2^32, and below 2^49")]
fn add_arctan<const X: u64>(factor: i64, sums: &mut [i64]) {
    let mut power = vec![0_u32; sums.len()];
    power[0] = (factor.unsigned_abs() * X) as u32;
    let (mut start, mut n) = (0, 1);
    while start < power.len() {
        let terms: [(u64, u64); TOGETHER] = std::array::from_fn(|i| {
            let n = n + 4 * i as u64;
            ((n + 2) * X.pow(2) - n, n * (n + 2))
        });
        let mut rests = [(0, 0); TOGETHER];
        for (digit, sum) in power[start..].iter_mut().zip(&mut sums[start..]) {
            let mut next = u64::from(*digit);
            for ((rest, of_term), (times, by)) in rests.iter_mut().zip(terms) {
                let whole = *rest << 32 | next;
                next = whole / X.pow(4);
                *rest = whole % X.pow(4);
                let whole = (*of_term << 32) + next * times;
                *sum += factor.signum() * (whole / by) as i64;
                *of_term = whole % by;
            }
            *digit = next as u32;
        }
        start += power[start..].iter().take_while(|&&digit| digit == 0).count();
        n += 4 * TOGETHER as u64;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Schneier's Blowfish has them in its source; the last word is what the others' carries end in.
    #[test]
    fn the_words_are_those_of_blowfish() {
        let pi = fraction();
        assert_eq!(pi[..4], [0x243F_6A88, 0x85A3_08D3, 0x1319_8A2E, 0x0370_7344]);
        assert_eq!(pi[18..20], [0xD131_0BA6, 0x98DF_B5AC]);
        assert_eq!(pi[1040..], [0x578F_DFE3, 0x3AC3_72E6]);
    }
}
