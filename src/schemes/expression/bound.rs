//! The two kinds of construction that an expression makes of a stored value.

use super::okta;
use super::plan::Plan;
use crate::schemes::construction::{Construction, Cost, Scratch, Verdict};
use crate::schemes::{NotImportable, OktaHash, encoding};
use crate::secret::Secret;

/// A stored digest, or a text that holds one.
pub(super) struct Digested {
    /// The digest's own bytes, or the stored text.
    pub(super) expected: Secret,
    /// Whether the stored value is compared as the text that it is.
    pub(super) text: bool,
    /// Whether the plan gives bytes as they are compared; else the hex digits of such.
    pub(super) raw: bool,
    pub(super) plan: Plan,
    /// Whether a pepper went into the plan.
    pub(super) peppered: bool,
    pub(super) nanos: u64,
}

impl Construction for Digested {
    fn verify(&self, password: &[u8], _: &mut Scratch) -> Verdict {
        let result = self.plan.run(password, b"");
        Verdict::of(result.is_some_and(|result| {
            if self.raw {
                self.expected.matches(&result)
            } else {
                Secret::from(encoding::to_hex(self.expected.expose())).matches(&result)
            }
        }))
    }

    fn cost(&self) -> Cost {
        Cost::nanos(self.nanos)
    }

    fn okta(&self) -> Result<OktaHash, NotImportable> {
        if self.text {
            return Err(NotImportable("the stored text is not a digest alone".into()));
        }
        if self.peppered {
            return Err(NotImportable("made with a pepper, which is not to leave for Okta".into()));
        }
        okta::equivalent(&self.plan, self.expected.expose())
    }

    fn parameters(&self) -> String {
        String::new()
    }
}

/// A self-describing value whose password is itself computed: `bcrypt(md5($pass))`.
pub(super) struct Within {
    pub(super) inner: Box<dyn Construction>,
    pub(super) plan: Plan,
    pub(super) nanos: u64,
}

impl Construction for Within {
    fn verify(&self, password: &[u8], scratch: &mut Scratch) -> Verdict {
        match self.plan.run(password, b"") {
            Some(password) => self.inner.verify(&password, scratch),
            None => Verdict::Mismatch,
        }
    }

    fn cost(&self) -> Cost {
        let inner = self.inner.cost();
        Cost { micros: inner.micros.saturating_add(self.nanos / 1000), ..inner }
    }

    fn okta(&self) -> Result<OktaHash, NotImportable> {
        match self.plan {
            Plan::Password => self.inner.okta(),
            _ => {
                Err(NotImportable("the password is changed before it is hashed, which Okta cannot do".into()))
            }
        }
    }

    fn parameters(&self) -> String {
        self.inner.parameters()
    }
}
