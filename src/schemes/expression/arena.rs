//! The memory in which a verification puts its intermediate results, one behind another: the last results are always
//! at the end. Kept between verifications, zeroed after each, and never left behind unzeroed when it grows. What is
//! small and called for every step is to be inlined into the steps, which are compiled apart from it.

use unicode_normalization::UnicodeNormalization as _;
use zeroize::Zeroizing;

use super::function::{Change, Form};
use crate::schemes::digest::wipe;
use crate::schemes::encoding;

/// Results one behind another. All but the first `top` bytes of the memory are spare.
#[derive(Default)]
pub(in crate::schemes) struct Arena {
    bytes: Vec<u8>,
    top: usize,
    /// How far it was ever written.
    high: usize,
    /// A copy of what is being changed to something of another length.
    aside: Option<Box<Arena>>,
}

/// What is kept for the next verification; more is given back.
const KEPT: usize = 64 * 1024;
/// What is asked for at first.
const FIRST: usize = 512;

impl Drop for Arena {
    fn drop(&mut self) {
        self.wipe();
    }
}

impl Arena {
    /// With room for so many bytes.
    pub(super) fn with_room(len: usize) -> Self {
        Self { bytes: vec![0; len], top: 0, high: 0, aside: None }
    }

    /// Makes room for what most need.
    #[inline]
    pub(super) fn open(&mut self) {
        if self.bytes.len() < FIRST {
            self.enlarge(FIRST);
        }
    }

    /// Where the next result will begin.
    #[inline]
    pub(super) fn top(&self) -> usize {
        self.top
    }

    /// What stands between two places.
    #[inline]
    pub(super) fn part(&self, from: usize, to: usize) -> &[u8] {
        self.bytes.get(from..to).unwrap_or_default()
    }

    /// What stands behind a place.
    #[inline]
    pub(super) fn since(&self, from: usize) -> &[u8] {
        self.part(from, self.top)
    }

    #[inline]
    fn since_mut(&mut self, from: usize) -> &mut [u8] {
        self.bytes.get_mut(from..self.top).unwrap_or_default()
    }

    /// Puts bytes behind the last.
    #[inline]
    pub(super) fn put(&mut self, bytes: &[u8]) {
        let to = self.grow(bytes.len());
        for (to, from) in to.iter_mut().zip(bytes) {
            *to = *from;
        }
    }

    /// Puts there again what stands between two places.
    #[inline]
    pub(super) fn put_again(&mut self, from: usize, to: usize) {
        let at = self.top;
        let len = self.part(from, to).len();
        self.grow(len);
        self.bytes.copy_within(from..from + len, at);
    }

    /// Puts a digest there in that form.
    #[inline]
    pub(super) fn put_formed(&mut self, digest: &[u8], form: Form) {
        match form {
            Form::Raw => self.put(digest),
            Form::Hex => {
                let to = self.grow(digest.len() * 2);
                for (pair, byte) in to.chunks_exact_mut(2).zip(digest) {
                    if let [high, low] = pair {
                        (*high, *low) = (hex_digit(byte >> 4), hex_digit(byte & 15));
                    }
                }
            }
        }
    }

    /// Forgets what stands behind a place.
    #[inline]
    pub(super) fn cut(&mut self, at: usize) {
        self.top = self.top.min(at);
    }

    /// Forgets what stands between two places, so that what follows begins at the first.
    #[inline]
    pub(super) fn drop_part(&mut self, from: usize, to: usize) {
        if from < to && to <= self.top {
            self.bytes.copy_within(to..self.top, from);
            self.top -= to - from;
        }
    }

    /// Room for a result of that length behind the last, with all that stands before it.
    pub(super) fn room(&mut self, len: usize) -> (&[u8], &mut [u8]) {
        let at = self.top;
        self.grow(len);
        let (before, behind) = self.bytes.split_at_mut_checked(at).unwrap_or_default();
        (before, behind.get_mut(..len).unwrap_or_default())
    }

    /// Zeros all that was ever written, and gives back what is more than one verification in many needs.
    pub(in crate::schemes) fn wipe(&mut self) {
        wipe(self.bytes.get_mut(..self.high).unwrap_or_default());
        (self.top, self.high) = (0, 0);
        if self.bytes.len() > KEPT {
            self.bytes = Vec::new();
        }
        if let Some(aside) = &mut self.aside {
            aside.wipe();
        }
    }

    /// The results themselves.
    pub(super) fn into_bytes(mut self) -> Zeroizing<Vec<u8>> {
        let mut bytes = Zeroizing::new(std::mem::take(&mut self.bytes));
        bytes.truncate(self.top);
        self.high = 0;
        bytes
    }

    /// Changes what stands behind a place. `None` where it is not in the encoding that is to be taken off.
    pub(super) fn change(&mut self, at: usize, change: Change) -> Option<()> {
        match change {
            Change::Lower => self.lower(at),
            Change::Upper => self.since_mut(at).make_ascii_uppercase(),
            Change::Reverse => self.since_mut(at).reverse(),
            Change::Trim => self.trim(at),
            Change::Utf16Le => self.utf16(at, u16::to_le_bytes),
            Change::Utf16Be => self.utf16(at, u16::to_be_bytes),
            Change::Latin1 => {
                self.change_text(at, |text, out| {
                    characters(text).for_each(|c| out.put(&[u8::try_from(u32::from(c)).unwrap_or(b'?')]));
                });
            }
            Change::Nfc => self.change_text(at, |text, out| out.put_all(characters(text).nfc())),
            Change::Nfd => self.change_text(at, |text, out| out.put_all(characters(text).nfd())),
            Change::Nfkc => self.change_text(at, |text, out| out.put_all(characters(text).nfkc())),
            Change::Nfkd => self.change_text(at, |text, out| out.put_all(characters(text).nfkd())),
            Change::Hex => self.hex(at),
            Change::Base64 => self.replace(at, |bytes, out| out.put_base64(bytes)),
            Change::Unhex => return self.unhex(at),
            Change::Unbase64 => {
                let plain = Zeroizing::new(encoding::from_base64_any(self.since(at))?);
                self.cut(at);
                self.put(&plain);
            }
        }
        Some(())
    }

    /// Changes ASCII letters behind a place to lower case.
    pub(super) fn lower(&mut self, at: usize) {
        self.since_mut(at).make_ascii_lowercase();
    }

    /// Changes what stands behind a place to hex digits.
    pub(super) fn hex(&mut self, at: usize) {
        self.replace(at, |bytes, out| out.put_formed(bytes, Form::Hex));
    }

    /// Keeps so many of the bytes behind a place, from the `from`th on.
    pub(super) fn keep(&mut self, at: usize, from: usize, length: usize) {
        let start = at.saturating_add(from).min(self.top);
        self.cut(start.saturating_add(length));
        self.drop_part(at, start);
    }

    fn trim(&mut self, at: usize) {
        let white = |byte: &u8| matches!(byte, b' ' | b'\t' | b'\n' | b'\r' | 0 | 0x0b);
        let bytes = self.since(at);
        let from = bytes.iter().position(|byte| !white(byte)).unwrap_or(bytes.len());
        let to = bytes.iter().rposition(|byte| !white(byte)).map_or(from, |last| last + 1);
        self.keep(at, from, to - from);
    }

    fn utf16(&mut self, at: usize, bytes_of: impl Fn(u16) -> [u8; 2]) {
        self.replace(at, |text, out| {
            if text.is_ascii() {
                let to = out.grow(text.len() * 2);
                for (pair, byte) in to.chunks_exact_mut(2).zip(text) {
                    if let [first, second] = pair {
                        [*first, *second] = bytes_of(u16::from(*byte));
                    }
                }
                return;
            }
            let mut units = [0; 2];
            for character in characters(text) {
                character.encode_utf16(&mut units).iter().for_each(|unit| out.put(&bytes_of(*unit)));
            }
        });
    }

    fn unhex(&mut self, at: usize) -> Option<()> {
        let bytes = self.since_mut(at);
        let len = bytes.len() / 2;
        if bytes.len() % 2 == 1 {
            return None;
        }
        for index in 0..len {
            let value = |at: usize| bytes.get(at).and_then(|digit| char::from(*digit).to_digit(16));
            let byte = u8::try_from(value(2 * index)? * 16 + value(2 * index + 1)?).ok()?;
            *bytes.get_mut(index)? = byte;
        }
        self.cut(at + len);
        Some(())
    }

    fn put_base64(&mut self, bytes: &[u8]) {
        let at = self.top;
        let written = encoding::to_base64_slice(bytes, self.grow(bytes.len().div_ceil(3) * 4));
        self.cut(at + written);
    }

    fn put_all(&mut self, characters: impl Iterator<Item = char>) {
        let mut utf8 = [0; 4];
        characters.for_each(|character| self.put(character.encode_utf8(&mut utf8).as_bytes()));
    }

    /// As [`Arena::replace`], of a change that leaves ASCII as it is.
    fn change_text(&mut self, at: usize, change: impl FnOnce(&[u8], &mut Self)) {
        if !self.since(at).is_ascii() {
            self.replace(at, change);
        }
    }

    /// Puts something else in the place of what stands behind a place.
    fn replace(&mut self, at: usize, change: impl FnOnce(&[u8], &mut Self)) {
        let mut aside = self.aside.take().unwrap_or_default();
        aside.cut(0);
        aside.put(self.since(at));
        self.cut(at);
        change(aside.since(0), self);
        self.aside = Some(aside);
    }

    /// Makes room behind the last and counts it in.
    #[inline]
    fn grow(&mut self, len: usize) -> &mut [u8] {
        let at = self.top;
        let end = at.saturating_add(len);
        if end > self.bytes.len() {
            self.enlarge(end);
        }
        self.top = end;
        self.high = self.high.max(end);
        self.bytes.get_mut(at..end).unwrap_or_default()
    }

    #[cold]
    fn enlarge(&mut self, end: usize) {
        let mut larger = vec![0; end.max(2 * self.bytes.len())];
        for (to, from) in larger.iter_mut().zip(self.since(0)) {
            *to = *from;
        }
        let mut old = std::mem::replace(&mut self.bytes, larger);
        wipe(&mut old);
    }
}

/// In a time that does not depend on the digit.
fn hex_digit(value: u8) -> u8 {
    let letter = 9_u8.wrapping_sub(value) >> 7;
    b'0' + value + letter * (b'a' - b'0' - 10)
}

/// The characters of UTF-8, with U+FFFD for what is none.
fn characters(text: &[u8]) -> impl Iterator<Item = char> {
    text.utf8_chunks().flat_map(|chunk| {
        let broken = (!chunk.invalid().is_empty()).then_some(char::REPLACEMENT_CHARACTER);
        chunk.valid().chars().chain(broken)
    })
}
