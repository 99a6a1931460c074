//! Chains in the lanes of vectors.

use std::ops::Range;

use super::turns::Job;
use super::{Form, Hole};
use crate::schemes::kernels::compress::{self, Compression};
use crate::schemes::kernels::lanes::{Lanes, MOST, Word, Work, gather, scatter, wipe};

/// The rounds of as many chains as there are lanes or fewer, at least one. They have the same number of messages.
pub(super) struct InLanes<'a, 'b, C: Compression> {
    pub form: compress::Form<C>,
    pub rounds: u32,
    pub jobs: &'a mut [Job<'b, C>],
}

/// The messages of a round.
struct Messages {
    /// Where their words begin.
    at: usize,
    /// Blocks of the shortest one.
    least: usize,
    /// Blocks of the longest one.
    most: usize,
    /// Which masks say whose block it is, from the block behind the shortest one on.
    masks: Range<usize>,
    /// Which words have a hole's bytes and others.
    shared: Range<usize>,
    /// Which places the digest is put in.
    places: Range<usize>,
}

/// Where the digest before is put in, of lanes whose hole begins in the same word.
struct Place<L> {
    /// The first word.
    at: usize,
    form: Form,
    /// By how many bits it is moved away from the word's start, and what is left of the word.
    shift: Option<[L; 2]>,
    /// Which lanes have it, where not all do.
    mask: Option<L>,
}

/// All that lanes need to know of their chains.
struct Book<L> {
    messages: Vec<Messages>,
    /// Of all messages, one after another, sixteen to a block.
    words: Vec<L>,
    masks: Vec<L>,
    /// A word's place, and what it is without the digest.
    shared: Vec<(usize, L)>,
    places: Vec<Place<L>>,
}

impl<C: Compression> Work for InLanes<'_, '_, C> {
    type Word = C::Word;
    const TWO: [bool; 2] = C::TWO;

    #[inline(always)]
    fn run<L: Lanes<Word = C::Word>>(self, token: L::Token) {
        let Self { form, rounds, jobs } = self;
        let zero = L::splat(token, C::Word::default());
        let mut book = Book::<L>::new::<C>(token, form.words, jobs);
        let mut start = [zero; 8];
        let mut digest = [zero; 8];
        for k in 0..8 {
            start[k] = L::splat(token, form.start[k]);
            digest[k] = gather(token, |lane| jobs.get(lane).map_or(C::Word::default(), |job| job.last[k]));
        }
        let mut turn = 0;
        for _ in 0..rounds {
            let messages = &book.messages[turn];
            turn = if turn + 1 == book.messages.len() { 0 } else { turn + 1 };
            for &(at, word) in &book.shared[messages.shared.clone()] {
                book.words[at] = word;
            }
            for place in &book.places[messages.places.clone()] {
                place.fill::<C>(&mut book.words, &digest, form.words);
            }
            digest = start;
            let blocks = book.words[messages.at..].as_chunks::<16>().0;
            for (number, block) in blocks[..messages.most].iter().enumerate() {
                let before = digest;
                compress::lanes::<C, L>(token, &mut digest, block);
                if number >= messages.least {
                    let mask = book.masks[messages.masks.start + number - messages.least];
                    for k in 0..C::STATE {
                        digest[k] = mask.select(digest[k], before[k]);
                    }
                }
            }
        }
        for (k, &words) in digest.iter().enumerate() {
            scatter(words, |lane, word| {
                if let Some(job) = jobs.get_mut(lane) {
                    job.last[k] = word;
                }
            });
        }
        wipe(&mut digest, zero);
        wipe(&mut book.words, zero);
        for (_, word) in &mut book.shared {
            wipe(std::slice::from_mut(word), zero);
        }
    }
}

impl<L: Lanes> Book<L> {
    #[inline(always)]
    fn new<C: Compression<Word = L::Word>>(token: L::Token, digest: usize, jobs: &[Job<'_, C>]) -> Self {
        let mut book = Self { messages: vec![], words: vec![], masks: vec![], shared: vec![], places: vec![] };
        let Some(first) = jobs.first() else { return book };
        // No reallocation, which would leave a copy behind.
        let blocks = |number: usize| jobs.iter().map(move |job| job.messages[number].blocks.len());
        book.words.reserve_exact((0..first.messages.len()).map(|number| 16 * blocks(number).max().unwrap_or(0)).sum());
        for number in 0..first.messages.len() {
            // Lanes that nobody needs do what the first does.
            let message = |lane: usize| &jobs.get(lane).unwrap_or(first).messages[number];
            let at = book.words.len();
            let least = blocks(number).min().unwrap_or(0);
            let most = blocks(number).max().unwrap_or(0);
            for word in 0..16 * most {
                book.words.push(gather(token, |lane| message(lane).word(word)));
            }
            let masks = book.masks.len();
            for block in least..most {
                book.masks.push(mask(token, |lane| message(lane).blocks.len() > block));
            }
            let shared = book.shared.len();
            let places = book.places.len();
            book.place(token, at, digest, |lane| &message(lane).holes);
            book.messages.push(Messages {
                at,
                least,
                most,
                masks: masks..book.masks.len(),
                shared: shared..book.shared.len(),
                places: places..book.places.len(),
            });
        }
        book
    }

    /// Finds the places for the lanes' holes in the messages that begin at that word.
    #[inline(always)]
    fn place<'a>(&mut self, token: L::Token, start: usize, digest: usize, holes: impl Fn(usize) -> &'a [Hole]) {
        let mut places: Vec<(usize, Form, [Option<usize>; MOST])> = vec![];
        for lane in 0..L::COUNT {
            for hole in holes(lane) {
                let at = start + hole.at / L::Word::BYTES;
                let shift = hole.at % L::Word::BYTES * 8;
                let same = places.iter_mut().find(|(word, form, shifts)| {
                    *word == at && *form == hole.form && shifts[lane].is_none()
                });
                if let Some((_, _, shifts)) = same {
                    shifts[lane] = Some(shift);
                } else {
                    let mut shifts = [None; MOST];
                    shifts[lane] = Some(shift);
                    places.push((at, hole.form, shifts));
                }
            }
        }
        let first = self.shared.len();
        for (at, form, shifts) in places {
            let shifts = &shifts[..L::COUNT];
            let all = shifts.iter().all(Option::is_some);
            let whole = shifts.iter().all(|&shift| shift == Some(0));
            let place = Place {
                at,
                form,
                shift: (!whole).then(|| {
                    let shift = |lane: usize| shifts[lane].unwrap_or(0) as u64;
                    [
                        gather(token, |lane| L::Word::of(shift(lane))),
                        gather(token, |lane| L::Word::of(u64::from(L::Word::BITS) - shift(lane))),
                    ]
                }),
                mask: (!all).then(|| mask(token, |lane| shifts[lane].is_some())),
            };
            if !whole {
                for at in at..=at + form.len(digest) {
                    if !self.shared[first..].iter().any(|&(shared, _)| shared == at) {
                        self.shared.push((at, self.words[at]));
                    }
                }
            }
            self.places.push(place);
        }
    }
}

/// All bits of the lanes of which it is true.
#[inline(always)]
fn mask<L: Lanes>(token: L::Token, is: impl Fn(usize) -> bool) -> L {
    gather(token, |lane| if is(lane) { L::Word::repeat(0xff) } else { L::Word::default() })
}

impl<L: Lanes> Place<L> {
    /// Puts the digest in, which is that many words.
    #[inline(always)]
    fn fill<C: Compression<Word = L::Word>>(&self, words: &mut [L], digest: &[L; 8], len: usize) {
        let hex;
        let text = if self.form == Form::Raw {
            &digest[..len]
        } else {
            hex = digits::<C, L>(digest);
            &hex[..2 * len]
        };
        let words = &mut words[self.at..];
        let Some([shift, left]) = self.shift else {
            for (word, &text) in words.iter_mut().zip(text) {
                *word = text;
            }
            return;
        };
        let mut before = digest[0].xor(digest[0]);
        let put = |word: &mut L, text: L| *word = word.or(self.mask.map_or(text, |mask| text.and(mask)));
        let (words, behind) = words.split_at_mut(text.len());
        for (word, &text) in words.iter_mut().zip(text) {
            if C::BIG_ENDIAN {
                put(word, before.shl_by(left).or(text.shr_by(shift)));
            } else {
                put(word, before.shr_by(left).or(text.shl_by(shift)));
            }
            before = text;
        }
        if let Some(word) = behind.first_mut() {
            put(word, if C::BIG_ENDIAN { before.shl_by(left) } else { before.shr_by(left) });
        }
    }
}

/// The digest in hexadecimal digits: a word becomes two.
#[inline(always)]
fn digits<C: Compression<Word = L::Word>, L: Lanes>(digest: &[L; 8]) -> [L; 16] {
    let mut text = [digest[0]; 16];
    let all = |bits: u64| L::splat(digest[0].token(), L::Word::of(bits));
    for (word, text) in digest.iter().zip(text.as_chunks_mut::<2>().0) {
        let high = word.shr(L::Word::BITS / 2);
        *text = if C::BIG_ENDIAN { [high, *word] } else { [*word, high] };
        for half in text {
            // Half a word's nibbles become a word's bytes: halves move apart, and halves of those.
            let mut x = *half;
            if L::Word::BITS == 64 {
                x = x.and(all(0xffff_ffff));
                x = x.or(x.shl(16)).and(all(0x0000_ffff_0000_ffff));
            } else {
                x = x.and(all(0xffff));
            }
            x = x.or(x.shl(8)).and(all(0x00ff_00ff_00ff_00ff));
            x = x.or(x.shl(4)).and(all(0x0f0f_0f0f_0f0f_0f0f));
            if !C::BIG_ENDIAN {
                x = x.and(all(0x00ff_00ff_00ff_00ff)).shl(8).or(x.shr(8).and(all(0x00ff_00ff_00ff_00ff)));
            }
            // 1 where it is a letter, which stand 39 behind the digits.
            let letter = x.add(all(0x0606_0606_0606_0606)).shr(4).and(all(0x0101_0101_0101_0101));
            let behind = letter.add(letter.shl(1)).add(letter.shl(2)).add(letter.shl(5));
            *half = x.add(all(0x3030_3030_3030_3030)).add(behind);
        }
    }
    text
}
