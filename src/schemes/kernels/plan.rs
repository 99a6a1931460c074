//! In which order jobs are done, given how many wait: one after another, several in turn, or in lanes.
//!
//! Lanes that nobody needs cost as much as the others, so that a few jobs are faster without. Between the two, there
//! is taking turns: a digest's own instructions (SHA-NI and its like) wait for the one before them most of the time,
//! and a processor that looks ahead does the next job's meanwhile.

use super::lanes::count;
use super::simd::Simd;
use crate::schemes::digest::Digest;

/// What one compression takes, in tenths of a nanosecond. Measured on a Zen 5; only the ratios matter.
#[derive(Clone, Copy, Debug)]
pub(super) struct Plan {
    /// One job by itself.
    alone: usize,
    /// One of several that take turns.
    in_turn: usize,
    /// How many take turns at most.
    turns: usize,
    /// Words of a vector; 1 where there are none.
    width: usize,
    /// A vector of jobs.
    vector: usize,
    /// Two vectors at once, where that is faster than one after the other.
    two: Option<usize>,
}

/// What to do next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// That many jobs by turns; often 1.
    Turns(usize),
    /// That many in the lanes of a vector.
    Vector(usize),
    /// That many in the lanes of two vectors.
    Two(usize),
}

impl Plan {
    /// For compressions of the digest, which has lanes.
    pub(super) fn of(simd: Simd, digest: Digest) -> Self {
        let own = own_instructions();
        let (alone, in_turn, turns) = match digest {
            Digest::Md5 => (700, 700, 1),
            Digest::Sha1 if own => (370, 155, 4),
            Digest::Sha1 => (1000, 1000, 1),
            Digest::Sha224 | Digest::Sha256 if own => (410, 246, 2),
            Digest::Sha224 | Digest::Sha256 => (1700, 1700, 1),
            _ => (1500, 1500, 1),
        };
        let (vector, two) = match (simd, digest) {
            (Simd::Avx512, Digest::Md5) => (1350, Some(1360)),
            (Simd::Avx512, Digest::Sha1) => (920, None),
            (Simd::Avx512, Digest::Sha224 | Digest::Sha256) => (1640, Some(2560)),
            (Simd::Avx512, _) => (2070, Some(3210)),
            // Guessed of NEON from its width, and from what a vector of so few lanes can bring at most.
            (Simd::Neon, Digest::Md5) => (1800, Some(1900)),
            (Simd::Neon, Digest::Sha1) => (2000, None),
            (Simd::Neon, Digest::Sha224 | Digest::Sha256) => (5000, None),
            (Simd::Neon, _) => (usize::MAX / 1_000_000, None),
            (_, Digest::Md5) => (1840, Some(1900)),
            (_, Digest::Sha1) => (1300, None),
            (_, Digest::Sha224 | Digest::Sha256) => (2600, None),
            (_, _) => (3370, None),
        };
        let width = match digest {
            Digest::Sha384 | Digest::Sha512 => count::<u64>(simd),
            _ => count::<u32>(simd),
        };
        Self { alone, in_turn, turns, width, vector, two: two.filter(|_| width > 1) }
    }

    /// For jobs that cannot have lanes together.
    pub(super) fn without_lanes(self) -> Self {
        Self { width: 1, two: None, ..self }
    }

    /// Jobs that are best done together: as many as there are turns or lanes.
    pub(super) fn together(&self) -> usize {
        let lanes = if self.two.is_some() { 2 * self.width } else { self.width };
        if self.width > 1 && self.vector < self.width * self.in_turn { lanes } else { self.turns }
    }

    /// What to do first of at least one job; `weights` are the compressions that each takes, the most first.
    pub(super) fn step(&self, weights: &[usize]) -> Step {
        let Some(&most) = weights.first() else { return Step::Turns(1) };
        let (first, rest) = weights.split_at(weights.len().min(self.width));
        let vector = self.vector * most;
        if self.width == 1 || self.by_turns(first) <= vector {
            return Step::Turns(weights.len().min(self.turns));
        }
        let rest = &rest[..rest.len().min(self.width)];
        let after = self.by_turns(rest).min(rest.first().map_or(0, |most| self.vector * most));
        match self.two {
            Some(two) if two * most < vector + after => Step::Two(first.len() + rest.len()),
            _ => Step::Vector(first.len()),
        }
    }

    fn by_turns(&self, weights: &[usize]) -> usize {
        let each = if weights.len() > 1 { self.in_turn } else { self.alone };
        each * weights.iter().sum::<usize>()
    }
}

/// Whether the processor has instructions for SHA-1 and SHA-256, which the usual crates then use.
fn own_instructions() -> bool {
    #[cfg(target_arch = "x86_64")]
    return std::arch::is_x86_feature_detected!("sha") && std::arch::is_x86_feature_detected!("sse4.1");
    #[cfg(target_arch = "aarch64")]
    return std::arch::is_aarch64_feature_detected!("sha2");
    #[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
    return false;
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAN: Plan = Plan { alone: 41, in_turn: 25, turns: 2, width: 16, vector: 164, two: Some(256) };

    /// The jobs' numbers together, step by step.
    fn steps(plan: &Plan, mut weights: &[usize]) -> Vec<Step> {
        let mut steps = vec![];
        while !weights.is_empty() {
            let step = plan.step(weights);
            let (Step::Turns(jobs) | Step::Vector(jobs) | Step::Two(jobs)) = step;
            weights = &weights[jobs..];
            steps.push(step);
        }
        steps
    }

    #[test]
    fn few_take_turns_and_many_have_lanes() {
        assert_eq!(steps(&PLAN, &[1]), [Step::Turns(1)]);
        assert_eq!(steps(&PLAN, &[1; 3]), [Step::Turns(2), Step::Turns(1)]);
        assert_eq!(steps(&PLAN, &[1; 7]), [Step::Vector(7)]);
        assert_eq!(steps(&PLAN, &[1; 18]), [Step::Vector(16), Step::Turns(2)]);
        assert_eq!(steps(&PLAN, &[1; 24]), [Step::Two(24)]);
        assert_eq!(
            steps(&PLAN, &[1; 70]),
            [Step::Two(32), Step::Two(32), Step::Turns(2), Step::Turns(2), Step::Turns(2)]
        );
        assert_eq!(PLAN.together(), 32);
    }

    #[test]
    fn a_long_one_keeps_nobody_waiting() {
        let mut weights = [1; 17];
        weights[0] = 100;
        assert_eq!(steps(&PLAN, &weights), [Step::Turns(2), Step::Vector(15)]);
    }

    #[test]
    fn without_vectors_there_are_turns_only() {
        let plan = Plan { width: 1, two: None, ..PLAN };
        assert_eq!(steps(&plan, &[1; 5]), [Step::Turns(2), Step::Turns(2), Step::Turns(1)]);
        assert_eq!(plan.together(), 2);
    }
}
