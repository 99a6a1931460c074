//! Constructions written in hashcat's notation: `sha256($salt.$pass)`.
//!
//! An expression is parsed and checked once, when the configuration loads. For each stored value its variables are
//! then bound to the columns and everything known without the password is computed, which leaves a [`plan`]: what
//! is to be done with a password.

mod bound;
mod explain;
mod function;
mod lexer;
mod okta;
mod parser;
mod plan;

use std::sync::Arc;

use super::construction::{Construction, Reading, Refusal};
use super::digest::Digest;
use super::registry;
use super::{Credential, Limits, SelectionError, encoding};
use crate::secret::Secret;
use bound::{Digested, Within};
pub use explain::{Explanation, explain, functions};
use parser::{Inner, Node, Outer, Variable};

/// A checked expression.
#[derive(Debug)]
pub(in crate::schemes) struct Expression {
    text: Arc<str>,
    outer: Outer,
    node: Node,
}

impl Expression {
    /// Parses and checks.
    pub(in crate::schemes) fn parse(text: &str) -> Result<Self, SelectionError> {
        let (outer, node) = parser::parse(text)?;
        Ok(Self { text: text.into(), outer, node })
    }

    /// As it was written.
    pub(in crate::schemes) fn text(&self) -> &Arc<str> {
        &self.text
    }

    /// Whether any text at all could be its result, so far as can be told without a password.
    pub(in crate::schemes) fn reads_any_text(&self) -> bool {
        matches!(self.outer, Outer::Text)
    }

    /// Reads a stored value as the result of this expression.
    pub(in crate::schemes) fn read(&self, credential: &Credential<'_>, limits: &Limits) -> Reading {
        let measure = plan::measure(&self.node, credential, limits.password_bytes);
        limits.rounds(measure.digests)?;
        if measure.peak > plan::MAX_LEN {
            return Err(Refusal::TooCostly(format!(
                "what is digested may grow to {} bytes, {} allowed",
                measure.peak,
                plan::MAX_LEN
            )));
        }
        let plan = plan::bind(&self.node, credential)?;
        let nanos = plan::measure(&self.node, credential, plan::USUAL_PASSWORD).nanos;
        let peppered = credential.pepper.is_some_and(|pepper| !pepper.is_empty())
            && self.node.mentions(&Node::Variable(Variable::Pepper));
        match self.outer {
            Outer::Within(scheme) => {
                let entry = match scheme {
                    Inner::Of(entry) => Some(entry),
                    Inner::Any => registry::identify(credential.stored).filter(|entry| entry.auto()),
                };
                let entry = entry.ok_or_else(|| {
                    Refusal::unreadable("the stored value is of no scheme that describes itself")
                })?;
                let inner = entry.read(credential, limits)?;
                Ok(Box::new(Within { inner, plan, nanos }))
            }
            Outer::Digest => {
                let len = self.node.digest_len().unwrap_or(0);
                let expected = Secret::new(read_digest(credential.stored, len)?);
                Ok(Box::new(Digested {
                    expected,
                    text: false,
                    raw: self.node.is_raw(),
                    plan,
                    peppered,
                    nanos,
                }))
            }
            Outer::Text => {
                if credential.stored.is_empty() {
                    return Err(Refusal::unreadable("nothing is stored"));
                }
                let expected = Secret::new(credential.stored.to_vec());
                Ok(Box::new(Digested { expected, text: true, raw: true, plan, peppered, nanos }))
            }
        }
    }

    /// Reads a stored value that hashcat would write as `digest:salt`; where the salt has a column of its own,
    /// the stored value is the digest alone.
    pub(in crate::schemes) fn read_with_salt(&self, credential: &Credential<'_>, limits: &Limits) -> Reading {
        let colon = credential.stored.iter().position(|&byte| byte == b':');
        let salted = self.node.mentions(&Node::Variable(Variable::Salt));
        match (credential.salt, colon.and_then(|at| credential.stored.split_at_checked(at))) {
            (None, Some((stored, [_, salt @ ..]))) if salted => {
                limits.salt(salt.len())?;
                self.read(&Credential { stored, salt: Some(salt), ..*credential }, limits)
            }
            _ => self.read(credential, limits),
        }
    }
}

/// The construction of a format that is one digest of the password with a salt before or after it, or none: the
/// same as by an expression, so that both are verified, and imported by Okta, in the same way.
pub(in crate::schemes) fn salted_digest(
    digest: Digest,
    before: &[u8],
    after: &[u8],
    expected: Vec<u8>,
) -> Box<dyn Construction> {
    let len = before.len() + after.len() + plan::USUAL_PASSWORD;
    Box::new(Digested {
        expected: Secret::new(expected),
        text: false,
        raw: true,
        plan: plan::salted(digest, before, after),
        peppered: false,
        nanos: digest.nanos(len as u64),
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
mod tests;
