//! Constructions written in hashcat's notation: `sha256($salt.$pass)`.
//!
//! An expression is parsed, checked and made a [`program`] once, when the configuration loads. For each stored value
//! its variables are then bound to the columns and everything known without the password is computed. What remains
//! is [`run`] with a password, in memory that is kept from one verification to the next.

mod arena;
mod bound;
mod explain;
mod function;
mod in_kernel;
mod lexer;
mod measure;
mod node;
mod okta;
mod parser;
mod program;
mod run;

use std::borrow::Cow;
use std::sync::Arc;

use super::construction::{Construction, Reading, Refusal};
use super::digest::Digest;
use super::layout::{Layout, Part, Parts};
use super::registry;
use super::{Credential, Limits, SelectionError, encoding};
use crate::secret::Secret;
pub(in crate::schemes) use arena::Arena;
use bound::{Compared, Digested, Salted, Within};
pub use explain::{Explanation, Need, digests, explain, functions};
use node::{Gives, Node, Variable};
use parser::{Inner, Outer};
use program::Program;
use run::Bound;

/// A checked expression.
#[derive(Debug)]
pub(in crate::schemes) struct Expression {
    text: Arc<str>,
    outer: Outer,
    /// As it was written.
    node: Node,
    /// What is run.
    program: Arc<Program>,
    /// What the program's result is compared as.
    compared: Compared,
    /// Where the parts sit in the stored value; `None` where it is the digest alone.
    layout: Option<Layout>,
}

/// What a program's result is compared with.
struct Stored<'a> {
    bytes: Cow<'a, [u8]>,
    /// Whether a layout's encoding was taken off it. Else it is hex or base64 of a digest, or a digest's own bytes, or
    /// what is no digest at all.
    decoded: bool,
}

impl<'a> Stored<'a> {
    fn text(bytes: &'a [u8]) -> Self {
        Self { bytes: Cow::Borrowed(bytes), decoded: false }
    }
}

impl Expression {
    /// Parses and checks `EXPRESSION` or `EXPRESSION in 'LAYOUT'`.
    pub(in crate::schemes) fn parse(text: &str) -> Result<Self, SelectionError> {
        let (outer, node, layout) = parser::parse(text)?;
        let (program, compared) = match outer {
            Outer::Within(_) | Outer::Text => (Program::compile(&node), Compared::Text),
            Outer::Digest(_) | Outer::Digits(_) => {
                let digest = node.clone().unwrapped();
                let hex = matches!(digest.gives(), Gives::Hex(_));
                (Program::compile(&digest), if hex { Compared::Digits } else { Compared::Raw })
            }
        };
        Ok(Self { text: text.into(), outer, node, program: Arc::new(program), compared, layout })
    }

    /// An expression with its layout beside it, as the registry holds them.
    pub(in crate::schemes) fn with_layout(text: &str, layout: &str) -> Result<Self, SelectionError> {
        Ok(Self { layout: Some(Layout::parse(layout)?), ..Self::parse(text)? })
    }

    /// As it was written.
    pub(in crate::schemes) fn text(&self) -> &Arc<str> {
        &self.text
    }

    /// Whether any text at all could be its result, so far as can be told without a password.
    pub(in crate::schemes) fn reads_any_text(&self) -> bool {
        matches!(self.outer, Outer::Text)
    }

    /// Reads a stored value as the result of this expression, taken apart by its layout where it has one.
    ///
    /// A layout that begins with a text of its own always holds. Any other is a way to put into one text what
    /// stores have in columns: where those are there, the stored value is the digest alone.
    pub(in crate::schemes) fn read(&self, credential: &Credential<'_>, limits: &Limits) -> Reading {
        match self.parts(credential)? {
            None => self.construct(Stored::text(credential.stored), credential, limits),
            Some(parts) => self.read_apart(parts, credential, limits),
        }
    }

    /// As [`Expression::read`], of a digest that has been decoded, its salts and rounds beside it.
    pub(in crate::schemes) fn read_decoded(
        &self,
        digest: Vec<u8>,
        credential: &Credential<'_>,
        limits: &Limits,
    ) -> Reading {
        limits.credential(&Credential { stored: &digest, ..*credential })?;
        self.construct(Stored { bytes: digest.into(), decoded: true }, credential, limits)
    }

    /// As [`Expression::read`], with salts that may be written as `$HEX[…]`.
    pub(in crate::schemes) fn read_hashcat(&self, credential: &Credential<'_>, limits: &Limits) -> Reading {
        match self.parts(credential)? {
            None => self.construct(Stored::text(credential.stored), credential, limits),
            Some(parts) => self.read_apart(parts.without_hashcat_hex(), credential, limits),
        }
    }

    /// The stored value taken apart; `None` where it is the digest alone.
    fn parts<'a>(&self, credential: &Credential<'a>) -> Result<Option<Parts<'a>>, Refusal> {
        let Some(layout) = &self.layout else { return Ok(None) };
        let salted = [(Part::Salt, credential.salt), (Part::Salt2, credential.salt2)];
        let mut salts = salted.iter().filter(|(part, _)| layout.holds(*part)).peekable();
        if layout.begins_with_text() || layout.holds(Part::Rounds) {
            return layout.read(credential.stored).map(Some);
        }
        if salts.peek().is_some() && salts.all(|(_, column)| column.is_some()) {
            return Ok(None);
        }
        // Every row has a name: whether it is in the value as well, only the value can say.
        let named = layout.holds(Part::User) && credential.user.is_some();
        let salted = layout.holds(Part::Salt) || layout.holds(Part::Salt2);
        match layout.read(credential.stored) {
            Err(_) if named && !salted => Ok(None),
            Err(_) if salted && !layout.holds(Part::User) => Err(Refusal::unreadable(format!(
                "the scheme needs $salt, and this row has none, nor is the value of the layout {layout}"
            ))),
            Err(Refusal::Unreadable(why)) if !why.contains("layout") => {
                Err(Refusal::unreadable(format!("{why}: expected the layout {layout}")))
            }
            read => read.map(Some),
        }
    }

    fn read_apart(&self, parts: Parts<'_>, credential: &Credential<'_>, limits: &Limits) -> Reading {
        let text = |bytes: &'_ Option<Cow<'_, [u8]>>| match bytes.as_deref().map(std::str::from_utf8) {
            None => Ok(None),
            Some(Ok(text)) => Ok(Some(text.to_owned())),
            Some(Err(_)) => Err(Refusal::unreadable("a name in the stored value is not UTF-8")),
        };
        let (user, email) = (text(&parts.user)?, text(&parts.email)?);
        let whole = Credential {
            stored: b"",
            salt: parts.salt.as_deref().or(credential.salt),
            salt2: parts.salt2.as_deref().or(credential.salt2),
            user: user.as_deref().or(credential.user),
            email: email.as_deref().or(credential.email),
            pepper: parts.pepper.as_deref().or(credential.pepper),
            rounds: parts.rounds.or(credential.rounds),
        };
        limits.credential(&Credential { stored: &parts.digest, ..whole })?;
        self.construct(Stored { bytes: parts.digest, decoded: parts.decoded }, &whole, limits)
    }

    fn construct(&self, stored: Stored<'_>, credential: &Credential<'_>, limits: &Limits) -> Reading {
        self.check(credential, limits)?;
        let bound = Bound::bind(&self.program, credential)?;
        let cost = measure::measure(&self.node, credential, measure::USUAL_PASSWORD).cost();
        let Stored { bytes, decoded } = stored;
        let expected = match self.outer {
            Outer::Within(scheme) => {
                let inner = within(scheme, &Credential { stored: &bytes, ..*credential }, limits)?;
                let as_it_is = self.node == Node::Variable(Variable::Pass);
                return Ok(Box::new(Within { inner, bound, as_it_is, cost }));
            }
            Outer::Digest(len) => {
                let expected = match bytes {
                    text if !decoded => read_digest(&text, len)?,
                    bytes if bytes.len() == len => bytes.into_owned(),
                    _ => return Err(Refusal::unreadable(format!("the digest does not have {len} bytes"))),
                };
                if self.compared == Compared::Digits {
                    encoding::to_hex(&expected).into_bytes()
                } else {
                    expected
                }
            }
            Outer::Digits(digits) => {
                if bytes.len() != digits || !bytes.iter().all(u8::is_ascii_hexdigit) {
                    return Err(Refusal::unreadable(format!(
                        "expected {digits} hex digits; the value has {} characters",
                        bytes.len()
                    )));
                }
                bytes.to_ascii_lowercase()
            }
            Outer::Text if bytes.is_empty() => return Err(Refusal::unreadable("nothing is stored")),
            Outer::Text => bytes.into_owned(),
        };
        let peppered = credential.pepper.is_some_and(|pepper| !pepper.is_empty())
            && self.program.columns.contains(&Variable::Pepper);
        Ok(Box::new(Digested {
            expected: Secret::new(expected),
            compared: self.compared,
            bound,
            peppered,
            cost,
        }))
    }

    /// Whether this credential asks for no more than is allowed, and for what can be done.
    fn check(&self, credential: &Credential<'_>, limits: &Limits) -> Result<(), Refusal> {
        let rounds = if self.program.rounds { run::rounds(credential)? } else { 0 };
        let measure = measure::measure(&self.node, credential, limits.password_bytes);
        limits.scrypt(measure.scrypt.div_ceil(1024))?;
        limits.rounds(measure.digests)?;
        if measure.peak > measure::MAX_LEN {
            return Err(Refusal::TooCostly(format!(
                "what is digested may grow to {} bytes, {} allowed",
                measure.peak,
                measure::MAX_LEN
            )));
        }
        if rounds > 0 { self.node.takes_rounds(rounds).map_err(Refusal::unreadable) } else { Ok(()) }
    }
}

/// Reads a self-describing value.
fn within(scheme: Inner, credential: &Credential<'_>, limits: &Limits) -> Reading {
    let entry = match scheme {
        Inner::Of(entry) => Some(entry),
        Inner::Any => registry::identify(credential.stored).filter(|entry| entry.auto()),
    };
    let entry =
        entry.ok_or_else(|| Refusal::unreadable("the stored value is of no scheme that describes itself"))?;
    entry.read(credential, limits)
}

/// The construction of a format that is one digest of the password with a salt before or after it, or none.
pub(in crate::schemes) fn salted_digest(
    digest: Digest,
    before: impl Into<Vec<u8>>,
    after: impl Into<Vec<u8>>,
    expected: Vec<u8>,
) -> Box<dyn Construction> {
    Box::new(Salted {
        digest,
        before: Secret::new(before.into()),
        after: Secret::new(after.into()),
        expected: Secret::new(expected),
    })
}

/// A stored digest of `len` bytes, as hex or base64 by its length, or as it is.
pub(in crate::schemes) fn read_digest(stored: &[u8], len: usize) -> Result<Vec<u8>, Refusal> {
    let by_length = if stored.len() == len * 2 {
        encoding::from_hex(stored)
    } else if stored.len() == len {
        // Random bytes are not all printable (one in seven million MD5s is): what is, is half of a hex digest, or
        // a password in plain text, which must not leave for Okta as if it were a digest.
        let printable = |byte: &u8| byte.is_ascii_graphic() || *byte == b' ';
        Some(stored.to_vec()).filter(|bytes| !bytes.iter().all(printable))
    } else {
        encoding::from_base64_any(stored).filter(|bytes| bytes.len() == len)
    };
    by_length.ok_or_else(|| {
        Refusal::unreadable(format!(
            "expected {len} bytes as {} hex digits, as base64 or as they are; the value has {} characters",
            len * 2,
            stored.len()
        ))
    })
}

#[cfg(test)]
mod differential;
#[cfg(test)]
mod tests;
