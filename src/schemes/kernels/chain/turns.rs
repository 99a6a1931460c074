//! Chains by themselves, or several of them in turn.

use zeroize::{Zeroize, Zeroizing};

use super::{Chain, Hole};
use crate::schemes::kernels::compress::{Compression, Form, padded, read, write};
use crate::schemes::kernels::lanes::Word;

/// A chain that runs.
pub(super) struct Job<'a, C: Compression> {
    /// The digest of the round before, as words.
    pub last: [C::Word; 8],
    pub messages: Vec<Message<C>>,
    /// Which message's turn it is.
    turn: usize,
    out: &'a mut Zeroizing<Vec<u8>>,
}

/// A message with its padding. Its holes hold zeros to start with.
pub(super) struct Message<C: Compression> {
    pub blocks: Zeroizing<Vec<C::Block>>,
    pub holes: Vec<Hole>,
}

impl<C: Compression> Message<C> {
    /// A word of it; zero behind its end.
    #[inline(always)]
    pub(super) fn word(&self, number: usize) -> C::Word {
        let at = number % 16 * C::Word::BYTES;
        self.blocks.get(number / 16).map_or(C::Word::default(), |block| {
            C::Word::read(&block.as_ref()[at..at + C::Word::BYTES], C::BIG_ENDIAN)
        })
    }
}

impl<'a, C: Compression> Job<'a, C> {
    pub(super) fn new(form: Form<C>, chain: &Chain, out: &'a mut Zeroizing<Vec<u8>>) -> Self {
        let len = form.words * C::Word::BYTES;
        debug_assert_eq!(chain.first.len(), len, "the first digest is of another kind");
        let messages = chain.layouts.iter().map(|layout| {
            let fits = |hole: &&Hole| hole.at + hole.form.len(len) <= layout.message.len();
            let holes: Vec<_> = layout.holes.iter().filter(fits).copied().collect();
            let mut blocks = padded::<C>(&[&layout.message], 0);
            for hole in &holes {
                C::bytes(&mut blocks)[hole.at..hole.at + hole.form.len(len)].fill(0);
            }
            Message { blocks, holes }
        });
        let mut last = [C::Word::default(); 8];
        read::<C>(&chain.first, &mut last[..form.words]);
        Self { last, messages: messages.collect(), turn: 0, out }
    }

    /// Blocks of all its messages together.
    pub(super) fn weight(&self) -> usize {
        self.messages.iter().map(|message| message.blocks.len()).sum()
    }

    /// The next round.
    #[inline]
    fn round(&mut self, form: Form<C>) {
        let Some(message) = self.messages.get_mut(self.turn) else { return };
        let mut digest = [0; 64];
        let digest = &mut digest[..form.words * C::Word::BYTES];
        write::<C>(&self.last[..form.words], digest);
        let bytes = C::bytes(&mut message.blocks);
        for hole in &message.holes {
            hole.fill(bytes, digest);
        }
        self.last = form.start;
        C::one(&mut self.last, &message.blocks);
        self.turn += 1;
        if self.turn == self.messages.len() {
            self.turn = 0;
        }
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
    }
}

/// Rounds of one job, or of several that take turns.
pub(super) fn run<C: Compression>(form: Form<C>, rounds: u32, jobs: &mut [Job<'_, C>]) {
    for _ in 0..rounds {
        for job in &mut *jobs {
            job.round(form);
        }
    }
}
