//! Chains by themselves, or several of them in turn.

use std::ops::Range;

use zeroize::{Zeroize, Zeroizing};

use super::{Chain, Hole};
use crate::schemes::digest::wipe;
use crate::schemes::kernels::compress::{self, Compression, Form, pad, read, write};
use crate::schemes::kernels::lanes::Word;

/// A chain that runs.
pub(super) struct Job<'a, C: Compression> {
    /// The digest of the round before, as words.
    pub last: [C::Word; 8],
    pub messages: Vec<Message<'a>>,
    /// Of all messages, one after another, with their padding. Their holes hold zeros to start with.
    pub blocks: Vec<C::Block>,
    /// Which message's turn it is.
    turn: usize,
    out: &'a mut Zeroizing<Vec<u8>>,
}

pub(super) struct Message<'a> {
    pub blocks: Range<usize>,
    pub holes: &'a [Hole],
}

impl<'a, C: Compression> Job<'a, C> {
    pub(super) fn new(form: Form<C>, chain: &'a Chain, out: &'a mut Zeroizing<Vec<u8>>) -> Self {
        let len = form.words * C::Word::BYTES;
        debug_assert_eq!(chain.first.len(), len, "the first digest is of another kind");
        let all = chain.layouts.iter().map(|layout| compress::blocks::<C>(layout.message.len())).sum();
        let mut blocks = Vec::with_capacity(all);
        let messages = chain.layouts.iter().map(|layout| {
            let first = blocks.len();
            pad::<C>(&mut blocks, &[&layout.message], 0);
            let fits = |hole: &Hole| hole.at + hole.form.len(len) <= layout.message.len();
            debug_assert!(layout.holes.iter().all(fits), "a hole is not within its message");
            let holes = if layout.holes.iter().all(fits) { &*layout.holes } else { &[] };
            for hole in holes {
                C::bytes(&mut blocks[first..])[hole.at..hole.at + hole.form.len(len)].fill(0);
            }
            Message { blocks: first..blocks.len(), holes }
        });
        let messages = messages.collect();
        let mut last = [C::Word::default(); 8];
        read::<C>(&chain.first, &mut last[..form.words]);
        Self { last, messages, blocks, turn: 0, out }
    }

    /// Blocks of all its messages together.
    pub(super) fn weight(&self) -> usize {
        self.blocks.len()
    }

    /// Puts the digest in the next message, and says how many blocks that has.
    #[inline]
    fn begin(&mut self, form: Form<C>) -> usize {
        let message = &self.messages[self.turn];
        let mut digest = [0; 64];
        let digest = &mut digest[..form.words * C::Word::BYTES];
        write::<C>(&self.last[..form.words], digest);
        let bytes = C::bytes(&mut self.blocks[message.blocks.clone()]);
        for hole in message.holes {
            hole.fill(bytes, digest);
        }
        self.last = form.start;
        message.blocks.len()
    }

    /// Digests that block of the message, if it has one of that number.
    #[inline]
    fn digest(&mut self, number: usize) {
        let at = self.messages[self.turn].blocks.start + number;
        if at < self.messages[self.turn].blocks.end {
            C::one(&mut self.last, std::slice::from_ref(&self.blocks[at]));
        }
    }

    #[inline]
    fn end(&mut self) {
        self.turn = if self.turn + 1 == self.messages.len() { 0 } else { self.turn + 1 };
    }

    /// Gives the digest of the last round.
    pub(super) fn finish(&mut self, form: Form<C>) {
        self.out.zeroize();
        self.out.resize(form.words * C::Word::BYTES, 0);
        write::<C>(&self.last[..form.words], self.out);
    }
}

impl<C: Compression> Drop for Job<'_, C> {
    fn drop(&mut self) {
        self.last.zeroize();
        wipe(C::bytes(&mut self.blocks));
    }
}

/// Rounds of one job, or of several that take turns, block by block. Each has messages.
pub(super) fn run<C: Compression>(form: Form<C>, rounds: u32, jobs: &mut [Job<'_, C>]) {
    for _ in 0..rounds {
        let blocks = jobs.iter_mut().map(|job| job.begin(form)).max().unwrap_or(0);
        for number in 0..blocks {
            for job in &mut *jobs {
                job.digest(number);
            }
        }
        for job in &mut *jobs {
            job.end();
        }
    }
}
