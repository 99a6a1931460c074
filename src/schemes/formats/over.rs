//! A scheme over a password that is changed first: bcrypt of a SHA-256, PBKDF2 of an MD5.

use zeroize::Zeroizing;

use crate::schemes::construction::{Construction, Cost, Scratch, Verdict};
use crate::schemes::digest::Digest;
use crate::schemes::kernels::{Kind, Task};
use crate::schemes::{NotImportable, OktaHash, encoding};

/// The inner scheme's value, made of what `change` makes of the password.
pub(super) struct Over<F> {
    inner: Box<dyn Construction>,
    change: F,
    not_importable: &'static str,
    /// What stands before the inner scheme's parameters in reports.
    label: &'static str,
}

/// `not_importable` says why Okta cannot do the same; `change` takes next to no time beside the inner scheme.
pub(super) fn over<F>(
    inner: Box<dyn Construction>,
    not_importable: &'static str,
    label: &'static str,
    change: F,
) -> Box<dyn Construction>
where
    F: Fn(&[u8]) -> Zeroizing<Vec<u8>> + Send + Sync + 'static,
{
    Box::new(Over { inner, change, not_importable, label })
}

/// Hex digits of a digest of the password.
pub(super) fn hex_of(digest: Digest, password: &[u8]) -> Zeroizing<Vec<u8>> {
    Zeroizing::new(encoding::to_hex(&digest.of(&[password])).into_bytes())
}

impl<F> Construction for Over<F>
where
    F: Fn(&[u8]) -> Zeroizing<Vec<u8>> + Send + Sync,
{
    fn verify(&self, password: &[u8], scratch: &mut Scratch) -> Verdict {
        self.inner.verify(&(self.change)(password), scratch)
    }

    fn cost(&self) -> Cost {
        self.inner.cost()
    }

    fn okta(&self) -> Result<OktaHash, NotImportable> {
        Err(NotImportable(self.not_importable.into()))
    }

    fn parameters(&self) -> String {
        format!("{}{}", self.label, self.inner.parameters())
    }

    fn kind(&self) -> Option<Kind> {
        self.inner.kind()
    }

    fn task(&self, password: &[u8], scratch: &mut Scratch) -> Option<Task> {
        self.inner.task(&(self.change)(password), scratch)
    }

    fn judge(&self, result: &[u8]) -> Verdict {
        self.inner.judge(result)
    }
}
