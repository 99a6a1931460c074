//! Expressions whose slow part a kernel does, so that several passwords can be worked through side by side: PBKDF2, and
//! `iterate()` where each round is one digest of the round before among texts that stay the same.

use zeroize::Zeroizing;

use super::function::Form;
use super::program::Step;
use super::run::{Bound, digest_of, results_of};
use crate::schemes::construction::Scratch;
use crate::schemes::digest::Digest;
use crate::schemes::kernels::chain::{self, Chain, Hole, Layout};
use crate::schemes::kernels::{Kind, Task};

/// Below so many rounds handing them to a kernel would cost more than it gains.
const FEWEST_ROUNDS: u32 = 100;

/// What a kernel does of an expression.
pub(super) struct InKernel<'a> {
    bound: &'a Bound,
    /// The form of its result.
    pub(super) form: Form,
    digest: Digest,
    rounds: u32,
    work: Work<'a>,
}

enum Work<'a> {
    Chain {
        first: &'a Step,
        /// The parts of each later round's message.
        message: &'a [Step],
    },
    Pbkdf2 {
        password: &'a Step,
        salt: &'a Step,
        bytes: usize,
    },
}

impl Bound {
    /// The kernel's part, if all of it is.
    pub(super) fn in_kernel(&self) -> Option<InKernel<'_>> {
        let found = match &self.program.root {
            Step::Iterate { rounds, first, next } => {
                self.chain(first, next, rounds.of(self.rounds).saturating_sub(1))?
            }
            Step::Pbkdf2 { digest, form, password, salt, rounds, bytes } => InKernel {
                bound: self,
                form: *form,
                digest: *digest,
                rounds: rounds.of(self.rounds),
                work: Work::Pbkdf2 { password, salt, bytes: *bytes as usize },
            },
            _ => return None,
        };
        (found.rounds >= FEWEST_ROUNDS).then_some(found)
    }

    fn chain<'a>(&'a self, first: &'a Step, next: &'a Step, rounds: u32) -> Option<InKernel<'a>> {
        let (
            Step::Digest { digest, form, message },
            Step::Digest { digest: of_first, form: form_of_first, .. },
        ) = (next, first)
        else {
            return None;
        };
        let message = match &**message {
            Step::Concat(parts) => parts,
            part => std::slice::from_ref(part),
        };
        let plain = |part: &Step| matches!(part, Step::Password | Step::Previous | Step::Known(_));
        let chains = (digest, form) == (of_first, form_of_first) && message.iter().all(plain);
        let work = Work::Chain { first, message };
        chains.then_some(InKernel { bound: self, form: *form, digest: *digest, rounds, work })
    }
}

impl InKernel<'_> {
    /// What it can run together with.
    pub(super) fn kind(&self) -> Kind {
        match self.work {
            Work::Chain { .. } => Kind::chain(self.digest, self.rounds, 1),
            Work::Pbkdf2 { bytes, .. } => Kind::pbkdf2(self.digest, self.rounds, bytes),
        }
    }

    /// The task of a password; `None` where a part fails. The scratch's arena must be empty, and is so afterwards.
    pub(super) fn task(&self, password: &[u8], scratch: &mut Scratch) -> Option<Task> {
        match self.work {
            Work::Chain { first, message } => {
                let first = Zeroizing::new(digest_of(first, self.bound, password, scratch)?.to_vec());
                Some(Task::Chain(Chain { first, layouts: vec![self.layout(message, password)] }))
            }
            Work::Pbkdf2 { password: of, salt, bytes } => {
                let [of, salt] = results_of([of, salt], self.bound, password, scratch)?;
                Some(Task::pbkdf2(&of, &salt, bytes))
            }
        }
    }

    fn layout(&self, message: &[Step], password: &[u8]) -> Layout {
        let (form, room) = match self.form {
            Form::Hex => (chain::Form::Hex, self.digest.len() * 2),
            Form::Raw => (chain::Form::Raw, self.digest.len()),
        };
        let room = vec![0; room];
        let (mut parts, mut holes, mut at) = (Vec::with_capacity(message.len()), Vec::new(), 0);
        for part in message {
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
        Layout { message: Zeroizing::new(parts.concat()), holes }
    }
}
