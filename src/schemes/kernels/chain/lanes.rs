//! Chains in the lanes of vectors.

use std::ops::Range;

use zeroize::Zeroizing;

use super::turns::Job;
use super::{Form, Hole};
use crate::schemes::kernels::compress::{self, Compression};
use crate::schemes::kernels::lanes::{Lanes, Word, Work, count, dispatch, wipe};
use crate::schemes::kernels::simd::Simd;

/// Does the rounds of as many chains as there are lanes or fewer, at least one, with the same number of messages.
pub(super) fn run<C: Compression>(
    simd: Simd,
    two: bool,
    form: compress::Form<C>,
    rounds: u32,
    jobs: &mut [Job<'_, C>],
) {
    let width = count::<C::Word>(simd) * if two { 2 } else { 1 };
    let book = Book::new(width, form.words, jobs);
    let mut digest = Zeroizing::new(vec![C::Word::default(); 8 * width]);
    for (lane, job) in jobs.iter().enumerate() {
        for (k, &word) in job.last.iter().enumerate() {
            digest[k * width + lane] = word;
        }
    }
    dispatch(simd, two, InLanes { form, rounds, book: &book, digest: &mut digest });
    for (lane, job) in jobs.iter_mut().enumerate() {
        for (k, word) in job.last.iter_mut().enumerate() {
            *word = digest[k * width + lane];
        }
    }
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
    masks: usize,
    /// Which words have a hole's bytes and others.
    shared: Range<usize>,
    /// Which places the digest is put in.
    places: Range<usize>,
}

/// Where the digest before is put in, of lanes whose hole begins in the same word.
struct Place<W> {
    /// The first word.
    at: usize,
    form: Form,
    /// By how many bits it is moved away from the word's start, and what is left of the word. None where all lanes
    /// have it at the word's start.
    shift: Option<[Vec<W>; 2]>,
    /// Which lanes have it, where not all do.
    mask: Option<Vec<W>>,
}

/// All that lanes need to know of their chains. Vectors are written one after another.
struct Book<W: Word> {
    messages: Vec<Messages>,
    /// Of all messages, sixteen to a block, with zeros in their holes.
    words: Vec<W>,
    masks: Vec<W>,
    shared: Vec<usize>,
    places: Vec<Place<W>>,
}

impl<W: Word> Book<W> {
    /// Lanes that nobody needs do what the first does.
    fn new<C: Compression<Word = W>>(width: usize, digest: usize, jobs: &[Job<'_, C>]) -> Self {
        let messages = jobs.first().map_or(0, |job| job.messages.len());
        let job = |lane: usize| jobs.get(lane).unwrap_or(&jobs[0]);
        let blocks = |number: usize| jobs.iter().map(move |job| job.messages[number].blocks.len());
        let most = |number: usize| blocks(number).max().unwrap_or(0);
        let all = (0..messages).map(most).sum::<usize>() * 16 * width;
        let mut book = Self {
            messages: Vec::with_capacity(messages),
            // No reallocation, which would leave a copy behind.
            words: Vec::with_capacity(all),
            masks: vec![],
            shared: vec![],
            places: vec![],
        };
        for number in 0..messages {
            let message = |lane: usize| &job(lane).messages[number];
            let at = book.words.len() / width;
            let (least, most) = (blocks(number).min().unwrap_or(0), most(number));
            book.words.resize((at + 16 * most) * width, W::default());
            for lane in 0..width {
                let blocks = &job(lane).blocks[message(lane).blocks.clone()];
                let to = &mut book.words[at * width..];
                for (block, to) in blocks.iter().zip(to.chunks_exact_mut(16 * width)) {
                    let mut words = [W::default(); 16];
                    compress::read::<C>(block.as_ref(), &mut words);
                    for (word, to) in words.into_iter().zip(to.chunks_exact_mut(width)) {
                        to[lane] = word;
                    }
                }
            }
            let masks = book.masks.len() / width;
            for block in least..most {
                book.masks.extend((0..width).map(|lane| mask::<W>(message(lane).blocks.len() > block)));
            }
            let (shared, places) = (book.shared.len(), book.places.len());
            book.find_places(at, digest, (0..width).map(|lane| message(lane).holes));
            let (shared, places) = (shared..book.shared.len(), places..book.places.len());
            book.messages.push(Messages { at, least, most, masks, shared, places });
        }
        book
    }

    /// Finds the places for the lanes' holes in the messages whose words begin there.
    fn find_places<'a>(
        &mut self,
        start: usize,
        digest: usize,
        lanes: impl ExactSizeIterator<Item = &'a [Hole]>,
    ) {
        let width = lanes.len();
        let mut places: Vec<(usize, Form, Vec<Option<u64>>)> = vec![];
        for (lane, holes) in lanes.enumerate() {
            for hole in holes {
                let at = start + hole.at / W::BYTES;
                let shift = (hole.at % W::BYTES * 8) as u64;
                let same = |(word, form, shifts): &&mut (usize, Form, Vec<Option<u64>>)| {
                    *word == at && *form == hole.form && shifts[lane].is_none()
                };
                if let Some((_, _, shifts)) = places.iter_mut().find(same) {
                    shifts[lane] = Some(shift);
                } else {
                    let mut shifts = vec![None; width];
                    shifts[lane] = Some(shift);
                    places.push((at, hole.form, shifts));
                }
            }
        }
        let first = self.shared.len();
        for (at, form, shifts) in places {
            let whole = shifts.iter().all(|&shift| shift == Some(0));
            let words = |of: fn(u64) -> u64| {
                shifts.iter().map(|shift| W::of(of(shift.unwrap_or(0)))).collect::<Vec<_>>()
            };
            self.places.push(Place {
                at,
                form,
                shift: (!whole).then(|| [words(|shift| shift), words(|shift| u64::from(W::BITS) - shift)]),
                mask: shifts
                    .contains(&None)
                    .then(|| shifts.iter().map(|shift| mask(shift.is_some())).collect()),
            });
            if !whole {
                for at in at..=at + form.len(digest) {
                    if !self.shared[first..].contains(&at) {
                        self.shared.push(at);
                    }
                }
            }
        }
    }
}

fn mask<W: Word>(is: bool) -> W {
    if is { W::repeat(0xff) } else { W::default() }
}

impl<W: Word> Drop for Book<W> {
    fn drop(&mut self) {
        self.words.fill(W::default());
        zeroize::optimization_barrier(&*self.words);
    }
}

/// The vector of that number.
#[inline(always)]
fn vector<L: Lanes>(token: L::Token, words: &[L::Word], number: usize) -> L {
    L::load(token, &words[number * L::COUNT..(number + 1) * L::COUNT])
}

struct InLanes<'a, C: Compression> {
    form: compress::Form<C>,
    rounds: u32,
    book: &'a Book<C::Word>,
    digest: &'a mut [C::Word],
}

impl<C: Compression> Work for InLanes<'_, C> {
    type Word = C::Word;
    const TWO: [bool; 2] = C::TWO;

    #[inline(always)]
    fn run<L: Lanes<Word = C::Word>>(self, token: L::Token) {
        let Self { form, rounds, book, .. } = self;
        let zero = L::splat(token, C::Word::default());
        let mut words = vec![zero; book.words.len() / L::COUNT];
        for (number, word) in words.iter_mut().enumerate() {
            *word = vector(token, &book.words, number);
        }
        let mut start = [zero; 8];
        let mut digest = [zero; 8];
        for (k, word) in digest.iter_mut().enumerate() {
            start[k] = L::splat(token, form.start[k]);
            *word = vector(token, self.digest, k);
        }
        let mut turn = 0;
        for _ in 0..rounds {
            let messages = &book.messages[turn];
            turn = if turn + 1 == book.messages.len() { 0 } else { turn + 1 };
            for &at in &book.shared[messages.shared.clone()] {
                words[at] = vector(token, &book.words, at);
            }
            for place in &book.places[messages.places.clone()] {
                place.fill::<C, L>(token, &mut words, &digest, form.words);
            }
            digest = start;
            let blocks = words[messages.at..].as_chunks::<16>().0;
            for (number, block) in blocks[..messages.most].iter().enumerate() {
                let before = digest;
                compress::lanes::<C, L>(token, &mut digest, block);
                if number >= messages.least {
                    let mask: L = vector(token, &book.masks, messages.masks + number - messages.least);
                    for k in 0..C::STATE {
                        digest[k] = mask.select(digest[k], before[k]);
                    }
                }
            }
        }
        for (vector, words) in digest.iter().zip(self.digest.chunks_exact_mut(L::COUNT)) {
            vector.store(words);
        }
        wipe(&mut digest, zero);
        wipe(&mut words, zero);
    }
}

impl<W: Word> Place<W> {
    /// Puts the digest in, which is that many words.
    #[inline(always)]
    fn fill<C: Compression<Word = W>, L: Lanes<Word = W>>(
        &self,
        token: L::Token,
        words: &mut [L],
        digest: &[L; 8],
        len: usize,
    ) {
        let hex;
        let text = if self.form == Form::Raw {
            &digest[..len]
        } else {
            hex = digits::<C, L>(token, digest, self.form == Form::HexUpper);
            &hex[..2 * len]
        };
        let words = &mut words[self.at..];
        let Some([shift, left]) = &self.shift else {
            for (word, &text) in words.iter_mut().zip(text) {
                *word = text;
            }
            return;
        };
        let (shift, left): (L, L) = (vector(token, shift, 0), vector(token, left, 0));
        let mask = self.mask.as_ref().map_or(L::splat(token, mask(true)), |mask| vector(token, mask, 0));
        let mut before = L::splat(token, W::default());
        let (words, behind) = words.split_at_mut(text.len());
        for (word, &text) in words.iter_mut().zip(text) {
            let moved = if C::BIG_ENDIAN {
                before.shl_by(left).or(text.shr_by(shift))
            } else {
                before.shr_by(left).or(text.shl_by(shift))
            };
            *word = word.or(moved.and(mask));
            before = text;
        }
        if let Some(word) = behind.first_mut() {
            let moved = if C::BIG_ENDIAN { before.shl_by(left) } else { before.shr_by(left) };
            *word = word.or(moved.and(mask));
        }
    }
}

/// The digest in hexadecimal digits: a word becomes two.
#[inline(always)]
fn digits<C: Compression<Word = L::Word>, L: Lanes>(
    token: L::Token,
    digest: &[L; 8],
    upper: bool,
) -> [L; 16] {
    let all = |bits: u64| L::splat(token, L::Word::of(bits));
    let mut text = [all(0); 16];
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
            // 1 where it is a letter, which stand seven or 39 behind the digits.
            let letter = x.add(all(0x0606_0606_0606_0606)).shr(4).and(all(0x0101_0101_0101_0101));
            let mut behind = letter.add(letter.shl(1)).add(letter.shl(2));
            if !upper {
                behind = behind.add(letter.shl(5));
            }
            *half = x.add(all(0x3030_3030_3030_3030)).add(behind);
        }
    }
    text
}
