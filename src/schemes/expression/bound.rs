//! The constructions that an expression makes of a stored value.

use zeroize::Zeroizing;

use super::function::Form;
use super::okta;
use super::run::Bound;
use crate::schemes::construction::{Construction, Cost, Scratch, Verdict};
use crate::schemes::digest::Digest;
use crate::schemes::kernels::{self, Kind, Task};
use crate::schemes::{NotImportable, OktaHash, encoding};
use crate::secret::Secret;

/// A stored digest, or a text that holds one.
pub(super) struct Digested {
    /// What the program is to give.
    pub(super) expected: Secret,
    pub(super) compared: Compared,
    pub(super) bound: Bound,
    /// Whether a pepper went into it.
    pub(super) peppered: bool,
    pub(super) cost: Cost,
}

/// What is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Compared {
    /// Bytes.
    Raw,
    /// Hex digits of either case, expected in lower case.
    Digits,
    /// The text that it is.
    Text,
}

impl Construction for Digested {
    fn verify(&self, password: &[u8], scratch: &mut Scratch) -> Verdict {
        if self.kind().is_some() {
            return kernels::alone(self, password, scratch);
        }
        self.bound.run(password, scratch);
        let arena = &mut scratch.arena;
        if self.compared == Compared::Digits {
            arena.lower(0);
        }
        let same = self.expected.matches(arena.since(0));
        arena.wipe();
        Verdict::of(same)
    }

    fn kind(&self) -> Option<Kind> {
        self.bound.in_kernel().map(|work| work.kind())
    }

    fn task(&self, password: &[u8], scratch: &mut Scratch) -> Option<Task> {
        self.bound.in_kernel()?.task(password, scratch)
    }

    fn judge(&self, result: &[u8]) -> Verdict {
        Verdict::of(match self.bound.in_kernel().map(|work| work.form) {
            Some(Form::Hex) => self.expected.matches(Zeroizing::new(encoding::to_hex(result)).as_bytes()),
            Some(Form::Raw) => self.expected.matches(result),
            None => false,
        })
    }

    fn cost(&self) -> Cost {
        self.cost
    }

    fn okta(&self) -> Result<OktaHash, NotImportable> {
        if self.compared == Compared::Text {
            return Err(NotImportable("the stored text is not a digest alone".into()));
        }
        if self.peppered {
            return Err(NotImportable("made with a pepper, which is not to leave for Okta".into()));
        }
        okta::equivalent(&self.bound, self.expected.expose())
    }

    fn parameters(&self) -> String {
        match self.bound.rounds {
            0 => String::new(),
            rounds => format!("{rounds} rounds"),
        }
    }
}

/// One digest of the password between two salts, either of which may be empty: what many formats hold.
pub(super) struct Salted {
    pub(super) digest: Digest,
    pub(super) before: Secret,
    pub(super) after: Secret,
    pub(super) expected: Secret,
}

impl Construction for Salted {
    fn verify(&self, password: &[u8], _: &mut Scratch) -> Verdict {
        let result = self.digest.raw(&[self.before.expose(), password, self.after.expose()]);
        Verdict::of(self.expected.matches(&result))
    }

    fn cost(&self) -> Cost {
        let len = self.before.len() + self.after.len() + super::measure::USUAL_PASSWORD;
        Cost::nanos(self.digest.nanos(len as u64))
    }

    fn okta(&self) -> Result<OktaHash, NotImportable> {
        okta::salted(self.digest, self.before.expose(), self.after.expose(), self.expected.expose())
    }

    fn parameters(&self) -> String {
        String::new()
    }
}

/// A self-describing value whose password is itself computed: `bcrypt(md5($pass))`.
pub(super) struct Within {
    pub(super) inner: Box<dyn Construction>,
    pub(super) bound: Bound,
    /// Whether the password is taken as it is.
    pub(super) as_it_is: bool,
    /// What the password's computing takes.
    pub(super) cost: Cost,
}

impl Within {
    /// Hands the inner scheme its password.
    fn with_computed<T>(
        &self,
        password: &[u8],
        scratch: &mut Scratch,
        give: impl FnOnce(&dyn Construction, &[u8], &mut Scratch) -> T,
    ) -> T {
        // The inner scheme may need the scratch, arena and all, while this one's result is its password.
        self.bound.run(password, scratch);
        let mut arena = std::mem::take(&mut scratch.arena);
        let given = give(&*self.inner, arena.since(0), scratch);
        arena.wipe();
        scratch.arena = arena;
        given
    }
}

impl Construction for Within {
    fn verify(&self, password: &[u8], scratch: &mut Scratch) -> Verdict {
        self.with_computed(password, scratch, |inner, password, scratch| inner.verify(password, scratch))
    }

    fn kind(&self) -> Option<Kind> {
        self.inner.kind()
    }

    fn task(&self, password: &[u8], scratch: &mut Scratch) -> Option<Task> {
        self.with_computed(password, scratch, |inner, password, scratch| inner.task(password, scratch))
    }

    fn judge(&self, result: &[u8]) -> Verdict {
        self.inner.judge(result)
    }

    fn cost(&self) -> Cost {
        let inner = self.inner.cost();
        Cost {
            micros: inner.micros.saturating_add(self.cost.micros),
            memory: inner.memory.max(self.cost.memory),
        }
    }

    fn okta(&self) -> Result<OktaHash, NotImportable> {
        if self.as_it_is {
            self.inner.okta()
        } else {
            Err(NotImportable("the password is changed before it is hashed, which Okta cannot do".into()))
        }
    }

    fn parameters(&self) -> String {
        self.inner.parameters()
    }
}
