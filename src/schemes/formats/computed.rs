//! The construction of formats that are a computation of their own and nothing else: the password goes in, bytes
//! come out, and are compared in constant time. What is read, and whether it is read at all, is the format's affair.

use zeroize::Zeroizing;

use crate::schemes::construction::{Construction, Cost, Scratch, Verdict};
use crate::schemes::{NotImportable, OktaHash};
use crate::secret::Secret;

/// A computation with the bytes that it should give.
pub(super) struct Computed<F> {
    expected: Secret,
    /// As Okta's administrator would know it; none is among Okta's algorithms.
    algorithm: &'static str,
    nanos: u64,
    parameters: String,
    compute: F,
}

/// Compares what `compute` makes of a password with `expected`. It gives nothing for a password that the software
/// could not have taken, which then matches nothing. `nanos` is its time for a password of usual length.
pub(super) fn computed<F>(
    algorithm: &'static str,
    expected: Vec<u8>,
    nanos: u64,
    parameters: String,
    compute: F,
) -> Box<dyn Construction>
where
    F: Fn(&[u8]) -> Option<Zeroizing<Vec<u8>>> + Send + Sync + 'static,
{
    Box::new(Computed { expected: Secret::new(expected), algorithm, nanos, parameters, compute })
}

impl<F> Construction for Computed<F>
where
    F: Fn(&[u8]) -> Option<Zeroizing<Vec<u8>>> + Send + Sync,
{
    fn verify(&self, password: &[u8], _: &mut Scratch) -> Verdict {
        Verdict::of((self.compute)(password).is_some_and(|result| self.expected.matches(&result)))
    }

    fn cost(&self) -> Cost {
        Cost::nanos(self.nanos)
    }

    fn okta(&self) -> Result<OktaHash, NotImportable> {
        Err(NotImportable::algorithm(self.algorithm))
    }

    fn parameters(&self) -> String {
        self.parameters.clone()
    }
}
