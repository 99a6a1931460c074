//! `iterate()` as a chain that a kernel runs: where each round is one digest of the round before among texts that stay
//! the same, several passwords can be worked through side by side.

use zeroize::Zeroizing;

use super::function::Form;
use super::program::Step;
use super::run::{Bound, digest_of};
use crate::schemes::construction::Scratch;
use crate::schemes::digest::Digest;
use crate::schemes::kernels::Kind;
use crate::schemes::kernels::chain::{self, Chain, Hole, Layout};

/// Below so many rounds making the chain would cost more than it gains.
const FEWEST_ROUNDS: u32 = 100;

/// An expression that is a chain.
pub(super) struct Chained<'a> {
    bound: &'a Bound,
    digest: Digest,
    /// What each round gives, the last one too.
    pub(super) form: Form,
    first: &'a Step,
    /// The parts of each later round's message.
    message: &'a [Step],
    rounds: u32,
}

impl Bound {
    /// The chain that this is, if it is one.
    pub(super) fn chained(&self) -> Option<Chained<'_>> {
        let Step::Iterate { rounds, first, next } = &self.program.root else { return None };
        let (
            Step::Digest { digest, form, message },
            Step::Digest { digest: of_first, form: form_of_first, .. },
        ) = (&**next, &**first)
        else {
            return None;
        };
        let message = match &**message {
            Step::Concat(parts) => parts,
            part => std::slice::from_ref(part),
        };
        let plain = |part: &Step| matches!(part, Step::Password | Step::Previous | Step::Known(_));
        let rounds = rounds.of(self.rounds).saturating_sub(1);
        let chains = (digest, form) == (of_first, form_of_first) && message.iter().all(plain);
        (chains && rounds >= FEWEST_ROUNDS).then_some(Chained {
            bound: self,
            digest: *digest,
            form: *form,
            first,
            message,
            rounds,
        })
    }
}

impl Chained<'_> {
    /// What it can run together with.
    pub(super) fn kind(&self) -> Kind {
        Kind::chain(self.digest, self.rounds, 1)
    }

    /// The chain of a password; `None` where the first digest fails. The scratch's arena must be empty, and is so
    /// afterwards.
    pub(super) fn chain(&self, password: &[u8], scratch: &mut Scratch) -> Option<Chain> {
        let first = Zeroizing::new(digest_of(self.first, self.bound, password, scratch)?.to_vec());
        let form = match self.form {
            Form::Hex => chain::Form::Hex,
            Form::Raw => chain::Form::Raw,
        };
        let room = match self.form {
            Form::Hex => self.digest.len() * 2,
            Form::Raw => self.digest.len(),
        };
        let room = vec![0; room];
        let (mut parts, mut holes, mut at) = (Vec::with_capacity(self.message.len()), Vec::new(), 0);
        for part in self.message {
            let bytes = match part {
                Step::Password => password,
                Step::Known(index) => self.bound.known(*index),
                _ => {
                    holes.push(Hole { at, form });
                    &room
                }
            };
            at += bytes.len();
            parts.push(bytes);
        }
        Some(Chain { first, layouts: vec![Layout { message: Zeroizing::new(parts.concat()), holes }] })
    }
}
