//! Expressions by which a format's own code reads, the same for each digest that a stored value may name. Each is
//! compiled once, when a value first needs it: never for a value.

use std::sync::OnceLock;

use crate::schemes::construction::{Reading, Refusal};
use crate::schemes::digest::Digest;
use crate::schemes::expression::Expression;
use crate::schemes::{Credential, Limits};

/// One expression for each digest.
pub(super) struct ByDigest {
    text: &'static str,
    compiled: [OnceLock<Option<Expression>>; Digest::ALL.len()],
}

impl ByDigest {
    /// `text` has `{}` where the digest's name belongs: `hmac_{}($salt,$pass)`.
    pub(super) const fn new(text: &'static str) -> Self {
        Self { text, compiled: [const { OnceLock::new() }; Digest::ALL.len()] }
    }

    /// The construction of a value whose digest has been decoded.
    pub(super) fn read(
        &self,
        digest: Digest,
        expected: Vec<u8>,
        credential: &Credential<'_>,
        limits: &Limits,
    ) -> Reading {
        let compile = || Expression::parse(&self.text.replace("{}", digest.name())).ok();
        let expression =
            self.compiled.get(digest as usize).and_then(|once| once.get_or_init(compile).as_ref());
        let expression =
            expression.ok_or_else(|| Refusal::unreadable("no expression is known for this digest"))?;
        expression.read_decoded(expected, credential, limits)
    }
}
