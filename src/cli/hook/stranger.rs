//! Somebody who does not exist: nobody can have this name, and nobody knows this password.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::secret::Secret;

/// A made-up user.
pub(super) struct Stranger {
    /// Under a domain that never exists (RFC 2606).
    pub(super) username: String,
    pub(super) password: Secret,
}

impl Stranger {
    /// None where the system gives no randomness.
    pub(super) fn new() -> Option<Self> {
        let username = format!("keyferry-test-{}@keyferry.invalid", random_text()?.to_lowercase());
        Some(Self { username, password: Secret::from(random_text()?) })
    }
}

/// 22 characters that nobody can guess; none where the system gives no randomness.
pub(in crate::cli) fn random_text() -> Option<String> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).ok()?;
    Some(URL_SAFE_NO_PAD.encode(bytes))
}
