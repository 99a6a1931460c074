//! What a web form's software does to a password before it is hashed: escapes that were meant for SQL or HTML, and
//! became part of every password set through a form.

use zeroize::Zeroizing;

use crate::schemes::construction::{Construction, Cost, Scratch, Verdict};
use crate::schemes::kernels::{Kind, Task};
use crate::schemes::{NotImportable, OktaHash};

/// A value made of what a form handed over. Passwords set by other ways did not go through the form, so that both
/// count; where the form changes nothing, only one is computed.
pub(super) struct ByForm {
    pub(super) inner: Box<dyn Construction>,
    /// Whose form it is.
    pub(super) software: &'static str,
    /// What the form makes of a password.
    pub(super) form: fn(&[u8]) -> Zeroizing<Vec<u8>>,
    /// What other ways make of it.
    pub(super) otherwise: fn(&[u8]) -> &[u8],
}

impl Construction for ByForm {
    fn verify(&self, password: &[u8], scratch: &mut Scratch) -> Verdict {
        let (by_form, otherwise) = ((self.form)(password), (self.otherwise)(password));
        let mut verdict = self.inner.verify(&by_form, scratch);
        if by_form.as_slice() != otherwise && self.inner.verify(otherwise, scratch) == Verdict::Match {
            verdict = Verdict::Match;
        }
        verdict
    }

    fn kind(&self) -> Option<Kind> {
        self.inner.kind()
    }

    /// Where both count, two are computed, and nobody else's beside them.
    fn task(&self, password: &[u8], scratch: &mut Scratch) -> Option<Task> {
        let by_form = (self.form)(password);
        (by_form.as_slice() == (self.otherwise)(password)).then(|| self.inner.task(&by_form, scratch))?
    }

    fn judge(&self, result: &[u8]) -> Verdict {
        self.inner.judge(result)
    }

    /// Of one verification: few passwords are changed by a form.
    fn cost(&self) -> Cost {
        self.inner.cost()
    }

    fn okta(&self) -> Result<OktaHash, NotImportable> {
        let software = self.software;
        Err(NotImportable(
            format!("{software} changes a password before it hashes it, which Okta cannot do").into(),
        ))
    }

    fn parameters(&self) -> String {
        self.inner.parameters()
    }
}
