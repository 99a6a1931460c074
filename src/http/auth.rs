//! Whether a call comes from Okta: a header with a secret value, compared in constant time. Checked before the
//! body is read.

use axum::http::{HeaderMap, HeaderName};

use crate::secret::Secret;

/// A header and the value that lets a call in. Several may be valid at once, while a secret is being rotated.
#[derive(Debug)]
pub struct HeaderSecret {
    /// The header.
    pub name: HeaderName,
    /// Its whole value, scheme included.
    pub secret: Secret,
}

/// Whether any of the secrets is there. All of them are compared whatever the first says, and a header that comes
/// twice is none.
pub(super) fn lets_in(secrets: &[HeaderSecret], headers: &HeaderMap) -> bool {
    secrets.iter().fold(false, |let_in, HeaderSecret { name, secret }| {
        let mut values = headers.get_all(name).iter();
        let matches = match (values.next(), values.next()) {
            (Some(value), None) => secret.matches(value.as_bytes()),
            _ => false,
        };
        let_in | matches
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secrets() -> Vec<HeaderSecret> {
        let entry =
            |name: &str, secret: &str| HeaderSecret { name: name.parse().unwrap(), secret: secret.into() };
        vec![entry("authorization", "Basic old"), entry("authorization", "Basic new"), entry("x-key", "k")]
    }

    fn call(pairs: &[(&str, &str)]) -> bool {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.append(name.parse::<HeaderName>().unwrap(), value.parse().unwrap());
        }
        lets_in(&secrets(), &headers)
    }

    #[test]
    fn any_one_of_several_secrets_lets_in() {
        assert!(call(&[("Authorization", "Basic old")]));
        assert!(call(&[("Authorization", "Basic new")]));
        assert!(call(&[("X-Key", "k")]));
    }

    #[test]
    fn nothing_else_does() {
        assert!(!call(&[]));
        assert!(!call(&[("Authorization", "Basic ne")]));
        assert!(!call(&[("Authorization", "Basic neww")]));
        assert!(!call(&[("Authorization", "k")]));
        assert!(!call(&[("Authorization", "Basic old"), ("Authorization", "Basic old")]));
        assert!(!lets_in(&[], &HeaderMap::new()));
    }
}
