//! Layouts: where digest, salt and rounds sit in a stored value, when they have no columns of their own:
//! `{digest}:{salt}`, `0x0100hex({salt:4}{digest:20})`, `{x-issha, {rounds}}base64({digest:20}{salt})`.
//!
//! A layout is checked once; a value is then taken apart from left to right, without trying. Nothing is copied but
//! what an encoding hides.

use std::borrow::Cow;

use super::construction::Refusal;
use super::{SelectionError, encoding};

/// A checked layout.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::schemes) struct Layout {
    pieces: Vec<Piece>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Piece {
    /// Characters that stand there as they are.
    Literal(String),
    Slot(Slot),
    /// Bytes in an encoding, with the parts that they hold.
    Encoded(Encoding, Vec<Slot>),
}

/// A part and its width: in bytes inside an encoding, in characters elsewhere. One without width takes the rest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Slot {
    part: Part,
    width: Option<usize>,
}

/// What a bracketed name stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::schemes) enum Part {
    /// The stored value proper: a digest, or whatever the scheme compares with.
    Digest,
    /// `$salt`
    Salt,
    /// `$salt2`
    Salt2,
    /// `$user`
    User,
    /// `$email`
    Email,
    /// `$pepper`, which hashcat writes behind the salt.
    Pepper,
    /// `$rounds`, a decimal number.
    Rounds,
}

impl Part {
    const ALL: [(&'static str, Self); 7] = [
        ("digest", Self::Digest),
        ("salt", Self::Salt),
        ("salt2", Self::Salt2),
        ("user", Self::User),
        ("email", Self::Email),
        ("pepper", Self::Pepper),
        ("rounds", Self::Rounds),
    ];

    fn name(self) -> &'static str {
        Self::ALL.iter().find(|(_, part)| *part == self).map_or("", |(name, _)| name)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Encoding {
    /// Digits of either case.
    Hex,
    /// RFC 4648, with padding.
    Base64,
    /// RFC 4648, without padding.
    B64,
    /// RFC 4648's alphabet for URLs, without padding.
    B64Url,
}

impl Encoding {
    const ALL: [(&'static str, Self); 4] =
        [("hex", Self::Hex), ("base64", Self::Base64), ("b64", Self::B64), ("b64url", Self::B64Url)];

    fn name(self) -> &'static str {
        Self::ALL.iter().find(|(_, encoding)| *encoding == self).map_or("", |(name, _)| name)
    }

    fn decode(self, text: &[u8]) -> Option<Vec<u8>> {
        match self {
            Self::Hex => encoding::from_hex(text),
            Self::Base64 => encoding::from_base64(text),
            Self::B64 => encoding::from_base64_unpadded(text),
            Self::B64Url => encoding::from_base64url_unpadded(text),
        }
    }
}

/// What a stored value holds, by its layout.
#[derive(Default)]
pub(in crate::schemes) struct Parts<'a> {
    /// The digest, and whether an encoding was taken off it: it is then the bytes themselves.
    pub(in crate::schemes) digest: Cow<'a, [u8]>,
    pub(in crate::schemes) decoded: bool,
    pub(in crate::schemes) salt: Option<Cow<'a, [u8]>>,
    pub(in crate::schemes) salt2: Option<Cow<'a, [u8]>>,
    pub(in crate::schemes) user: Option<Cow<'a, [u8]>>,
    pub(in crate::schemes) email: Option<Cow<'a, [u8]>>,
    pub(in crate::schemes) pepper: Option<Cow<'a, [u8]>>,
    pub(in crate::schemes) rounds: Option<u32>,
}

impl Layout {
    /// Parses and checks. The column of an error is counted in characters from 1.
    pub(in crate::schemes) fn parse(text: &str) -> Result<Self, SelectionError> {
        let mut parser = Parser { text, at: 0, pieces: Vec::new() };
        parser.run()?;
        let layout = Self { pieces: parser.pieces };
        layout.check().map_err(|message| SelectionError { column: 1, message })?;
        Ok(layout)
    }

    /// Whether the part occurs.
    pub(in crate::schemes) fn holds(&self, part: Part) -> bool {
        self.slots().any(|slot| slot.part == part)
    }

    /// Whether the part stands inside an encoding.
    pub(in crate::schemes) fn encodes(&self, part: Part) -> bool {
        self.pieces.iter().any(|piece| match piece {
            Piece::Encoded(_, slots) => slots.iter().any(|slot| slot.part == part),
            Piece::Literal(_) | Piece::Slot(_) => false,
        })
    }

    /// Whether a value in this layout is told from a bare digest by how it begins.
    pub(in crate::schemes) fn begins_with_text(&self) -> bool {
        matches!(self.pieces.first(), Some(Piece::Literal(_)))
    }

    fn slots(&self) -> impl Iterator<Item = &Slot> {
        self.pieces.iter().flat_map(|piece| match piece {
            Piece::Literal(_) => [].as_slice(),
            Piece::Slot(slot) => std::slice::from_ref(slot),
            Piece::Encoded(_, slots) => slots,
        })
    }

    fn check(&self) -> Result<(), String> {
        if !self.holds(Part::Digest) {
            return Err("`{digest}` is missing".into());
        }
        for (name, part) in Part::ALL {
            if self.slots().filter(|slot| slot.part == part).count() > 1 {
                return Err(format!("`{{{name}}}` is there twice"));
            }
        }
        for pair in self.pieces.windows(2) {
            if let [Piece::Slot(Slot { width: None, .. }) | Piece::Encoded(..), next] = pair
                && !matches!(next, Piece::Literal(_))
            {
                return Err("between two parts there must be a text, or the first needs a width".into());
            }
        }
        Ok(())
    }

    /// Takes a stored value apart.
    pub(in crate::schemes) fn read<'a>(&self, stored: &'a [u8]) -> Result<Parts<'a>, Refusal> {
        let mut parts = Parts::default();
        let mut rest = stored;
        let mut pieces = self.pieces.iter().enumerate().peekable();
        while let Some((at, piece)) = pieces.next() {
            match piece {
                Piece::Literal(text) => {
                    rest = rest.strip_prefix(text.as_bytes()).ok_or_else(|| self.unlike())?;
                }
                Piece::Slot(Slot { part, width: Some(width) }) => {
                    let (found, after) = rest.split_at_checked(*width).ok_or_else(|| self.unlike())?;
                    parts.put(*part, Cow::Borrowed(found), false)?;
                    rest = after;
                }
                Piece::Slot(_) | Piece::Encoded(..) => {
                    let end = match pieces.peek() {
                        Some((_, Piece::Literal(next))) => self.end(at, rest, next.as_bytes()),
                        _ => Some(rest.len()),
                    };
                    let (found, after) =
                        end.and_then(|end| rest.split_at_checked(end)).ok_or_else(|| self.unlike())?;
                    parts.take(piece, found)?;
                    rest = after;
                }
            }
        }
        if rest.is_empty() { Ok(parts) } else { Err(self.unlike()) }
    }

    /// Where the part at `at` ends: at the first `next`. Before a digest that ends the value it is the last one,
    /// since a salt may hold any character and a digest does not.
    fn end(&self, at: usize, rest: &[u8], next: &[u8]) -> Option<usize> {
        let last = match self.pieces.get(at + 2..) {
            Some([Piece::Slot(Slot { part: Part::Digest, width: None }) | Piece::Encoded(..)]) => true,
            Some([]) => return rest.strip_suffix(next).map(<[u8]>::len),
            _ => false,
        };
        let mut found = rest.windows(next.len().max(1));
        if last { found.rposition(|window| window == next) } else { found.position(|window| window == next) }
    }

    fn unlike(&self) -> Refusal {
        Refusal::unreadable(format!("expected the layout {self}"))
    }
}

impl<'a> Parts<'a> {
    /// The salts and names with `$HEX[…]` taken off, hashcat's notation for bytes that a line of text cannot hold.
    ///
    /// hashcat itself reads it in passwords only and takes such a salt as it stands; what other tools write for it
    /// has salts in it too, and no store has one that really is `$HEX[…]`. Where no hex stands inside, the text is
    /// meant as it stands, as hashcat has it.
    pub(in crate::schemes) fn without_hashcat_hex(mut self) -> Self {
        for part in [&mut self.salt, &mut self.salt2, &mut self.user, &mut self.email, &mut self.pepper] {
            let bytes = part.as_deref().unwrap_or_default();
            let digits = bytes.strip_prefix(b"$HEX[").and_then(|rest| rest.strip_suffix(b"]"));
            if let Some(plain) = digits.and_then(encoding::from_hex) {
                *part = Some(Cow::Owned(plain));
            }
        }
        self
    }

    fn take(&mut self, piece: &Piece, found: &'a [u8]) -> Result<(), Refusal> {
        match piece {
            Piece::Literal(_) => Ok(()),
            Piece::Slot(slot) => self.put(slot.part, Cow::Borrowed(found), false),
            Piece::Encoded(encoding, slots) => {
                let bytes = encoding.decode(found).ok_or_else(|| {
                    Refusal::unreadable(format!("what should be {} is not", encoding.name()))
                })?;
                self.split(bytes, slots)
            }
        }
    }

    /// Widths before the part without width count from the left, those behind it from the right. Taken off from the
    /// end, so that the first part keeps the memory of the whole.
    fn split(&mut self, mut bytes: Vec<u8>, slots: &[Slot]) -> Result<(), Refusal> {
        let short = || Refusal::unreadable("the encoded part has too few or too many bytes");
        let fixed: usize = slots.iter().filter_map(|slot| slot.width).sum();
        let open = slots.iter().any(|slot| slot.width.is_none());
        let rest = bytes.len().checked_sub(fixed).filter(|rest| open || *rest == 0).ok_or_else(short)?;
        for Slot { part, width } in slots.iter().skip(1).rev() {
            let from = bytes.len().checked_sub(width.unwrap_or(rest)).ok_or_else(short)?;
            self.put(*part, Cow::Owned(bytes.split_off(from)), true)?;
        }
        slots.first().map_or(Ok(()), |first| self.put(first.part, Cow::Owned(bytes), true))
    }

    fn put(&mut self, part: Part, bytes: Cow<'a, [u8]>, decoded: bool) -> Result<(), Refusal> {
        match part {
            Part::Digest => (self.digest, self.decoded) = (bytes, decoded),
            Part::Salt => self.salt = Some(bytes),
            Part::Salt2 => self.salt2 = Some(bytes),
            Part::User => self.user = Some(bytes),
            Part::Email => self.email = Some(bytes),
            Part::Pepper => self.pepper = Some(bytes),
            Part::Rounds => {
                let rounds = encoding::decimal(&bytes).filter(|&rounds| rounds > 0);
                self.rounds = Some(rounds.ok_or_else(|| {
                    Refusal::unreadable("the rounds are not a whole number from 1 without leading zeros")
                })?);
            }
        }
        Ok(())
    }
}

impl std::fmt::Display for Layout {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for piece in &self.pieces {
            match piece {
                Piece::Literal(text) => f.write_str(text)?,
                Piece::Slot(slot) => slot.fmt(f)?,
                Piece::Encoded(encoding, slots) => {
                    write!(f, "{}(", encoding.name())?;
                    slots.iter().try_for_each(|slot| slot.fmt(f))?;
                    f.write_str(")")?;
                }
            }
        }
        Ok(())
    }
}

impl std::fmt::Display for Slot {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let name = self.part.name();
        match self.width {
            None => write!(f, "{{{name}}}"),
            Some(width) => write!(f, "{{{name}:{width}}}"),
        }
    }
}

struct Parser<'a> {
    text: &'a str,
    at: usize,
    pieces: Vec<Piece>,
}

impl<'a> Parser<'a> {
    fn run(&mut self) -> Result<(), SelectionError> {
        while let Some(character) = self.rest().chars().next() {
            if let Some(encoding) = self.encoding() {
                let slots = self.slots()?;
                self.pieces.push(Piece::Encoded(encoding, slots));
            } else if let Some(slot) = self.slot()? {
                self.pieces.push(Piece::Slot(slot));
            } else {
                self.at += character.len_utf8();
                match self.pieces.last_mut() {
                    Some(Piece::Literal(text)) => text.push(character),
                    _ => self.pieces.push(Piece::Literal(character.into())),
                }
            }
        }
        Ok(())
    }

    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    /// `base64(` and its like.
    fn encoding(&mut self) -> Option<Encoding> {
        let opens = |name: &str| self.rest().strip_prefix(name).is_some_and(|rest| rest.starts_with('('));
        let (name, encoding) = Encoding::ALL.into_iter().find(|(name, _)| opens(name))?;
        self.at += name.len() + 1;
        Some(encoding)
    }

    /// The parts inside an encoding, up to its bracket.
    fn slots(&mut self) -> Result<Vec<Slot>, SelectionError> {
        let mut slots = Vec::new();
        loop {
            if self.rest().starts_with(')') {
                self.at += 1;
                break;
            }
            match self.slot()? {
                Some(slot) => slots.push(slot),
                None => return Err(self.wrong("expected a part such as `{digest:20}`, or `)`")),
            }
        }
        match slots.iter().filter(|slot| slot.width.is_none()).count() {
            0 | 1 if !slots.is_empty() => Ok(slots),
            0 => Err(self.wrong("there is nothing in the brackets")),
            _ => Err(self.wrong("of the parts in the brackets all but one need a width: `{digest:20}`")),
        }
    }

    /// `{salt}` or `{salt:8}`; `None` where the brace is a brace.
    fn slot(&mut self) -> Result<Option<Slot>, SelectionError> {
        let Some((inside, _)) = self.rest().strip_prefix('{').and_then(|rest| rest.split_once('}')) else {
            return Ok(None);
        };
        let (name, width) = match inside.split_once(':') {
            Some((name, width)) => (name, Some(width)),
            None => (inside, None),
        };
        let Some((_, part)) = Part::ALL.into_iter().find(|(known, _)| *known == name) else {
            return Ok(None);
        };
        let width = match width.map(|width| encoding::decimal(width.as_bytes())) {
            None => None,
            Some(Some(width @ 1..=4096)) => Some(width as usize),
            Some(_) => return Err(self.wrong("a width is a number from 1 to 4096")),
        };
        self.at += inside.len() + 2;
        Ok(Some(Slot { part, width }))
    }

    fn wrong(&self, message: &str) -> SelectionError {
        let before = self.text.get(..self.at).unwrap_or_default();
        SelectionError { column: before.chars().count() + 1, message: message.into() }
    }
}

#[cfg(test)]
mod tests;
