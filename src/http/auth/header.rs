//! A header with a secret value, compared in constant time. A value from a file follows the file: from its change on
//! the new one is good, and the old one for a minute more, for calls that are on their way and callers that lag behind.

use std::path::PathBuf;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant};

use axum::http::{HeaderMap, HeaderName};

use crate::http::reload::Reload;
use crate::secret::Secret;

/// How long a value is good after its file has another.
const OLD_IS_GOOD: Duration = Duration::from_mins(1);
/// A longer header is none; a longer file is no secret.
const LONGEST: usize = 8 * 1024;

/// A header and the value that lets a call in. Several may be valid at once, while a secret is being rotated.
#[derive(Clone, Debug)]
pub struct HeaderSecret {
    name: HeaderName,
    values: Arc<RwLock<Values>>,
}

/// The value, and the one that it took the place of with the time until which that is good.
#[derive(Debug)]
struct Values {
    now: Secret,
    before: Option<(Secret, Instant)>,
}

/// Follows the file of a secret.
#[derive(Debug)]
pub struct SecretFile {
    /// One.
    files: Vec<PathBuf>,
    what: String,
    values: Arc<RwLock<Values>>,
}

impl HeaderSecret {
    /// The header, and its whole value, scheme included.
    pub fn new(name: HeaderName, secret: Secret) -> Self {
        Self { name, values: Arc::new(RwLock::new(Values { now: secret, before: None })) }
    }

    /// What follows the file that the value came from; `what` is its key, for the log.
    pub fn follow(&self, file: PathBuf, what: String) -> SecretFile {
        SecretFile { files: vec![file], what, values: Arc::clone(&self.values) }
    }

    fn matches(&self, value: &[u8], now: Instant) -> bool {
        let values = self.values.read().unwrap_or_else(PoisonError::into_inner);
        let before = values.before.as_ref();
        let matches_before = before.is_some_and(|(secret, until)| now < *until && secret.matches(value));
        values.now.matches(value) | matches_before
    }
}

impl SecretFile {
    fn change(&self, bytes: Vec<u8>, now: Instant) -> Result<(), String> {
        let secret = Secret::new(bytes);
        let line = secret.expose();
        let line = line.strip_suffix(b"\n").map_or(line, |line| line.strip_suffix(b"\r").unwrap_or(line));
        if line.is_empty() || line.len() > LONGEST {
            return Err("it is empty, or longer than 8 KiB".to_owned());
        }
        let carried = line.iter().all(|byte| matches!(byte, b' '..=b'~'));
        if !carried || line.starts_with(b" ") || line.ends_with(b" ") {
            return Err(
                "it holds what an HTTP header cannot carry: printable ASCII only, no space at its ends"
                    .to_owned(),
            );
        }
        let mut values = self.values.write().unwrap_or_else(PoisonError::into_inner);
        if values.now.matches(line) {
            return Ok(());
        }
        let old = std::mem::replace(&mut values.now, Secret::new(line.to_vec()));
        values.before = Some((old, now + OLD_IS_GOOD));
        Ok(())
    }
}

impl Reload for SecretFile {
    fn files(&self) -> &[PathBuf] {
        &self.files
    }

    fn reload(&self) -> Result<(), String> {
        let [file] = self.files.as_slice() else { return Ok(()) };
        let bytes = std::fs::read(file).map_err(|error| format!("{}: {error}", file.display()))?;
        self.change(bytes, Instant::now())
    }

    fn what(&self) -> &str {
        &self.what
    }
}

/// Whether any of the secrets is there. All of them are compared whatever the first says, and a header that comes
/// twice is none.
pub(super) fn lets_in(secrets: &[HeaderSecret], headers: &HeaderMap, now: Instant) -> bool {
    secrets.iter().fold(false, |let_in, secret| {
        let mut values = headers.get_all(&secret.name).iter();
        let matches = match (values.next(), values.next()) {
            (Some(value), None) => secret.matches(value.as_bytes(), now),
            _ => false,
        };
        let_in | matches
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secrets() -> Vec<HeaderSecret> {
        let entry = |name: &str, secret: &str| HeaderSecret::new(name.parse().unwrap(), secret.into());
        vec![entry("authorization", "Basic old"), entry("authorization", "Basic new"), entry("x-key", "k")]
    }

    fn call(pairs: &[(&str, &str)]) -> bool {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.append(name.parse::<HeaderName>().unwrap(), value.parse().unwrap());
        }
        lets_in(&secrets(), &headers, Instant::now())
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
        assert!(!lets_in(&[], &HeaderMap::new(), Instant::now()));
    }

    #[test]
    fn the_old_value_of_a_file_is_good_for_a_minute_more() {
        let secret = HeaderSecret::new("x-key".parse().unwrap(), "old".into());
        let file = secret.follow(PathBuf::from("key"), "server.auth.header[0]".to_owned());
        let start = Instant::now();
        file.change(b"new\r\n".to_vec(), start).unwrap();
        assert!(secret.matches(b"new", start) && secret.matches(b"old", start));
        assert!(!secret.matches(b"old", start + OLD_IS_GOOD) && secret.matches(b"new", start + OLD_IS_GOOD));
        // Touched, and the same: the old one does not come back for another minute.
        file.change(b"new".to_vec(), start + OLD_IS_GOOD).unwrap();
        assert!(!secret.matches(b"old", start + OLD_IS_GOOD));
    }

    #[test]
    fn a_file_without_a_value_changes_nothing_and_shows_nothing() {
        let secret = HeaderSecret::new("x-key".parse().unwrap(), "old".into());
        let file = secret.follow(PathBuf::from("key"), String::new());
        let long = [b'a'; LONGEST + 1];
        for bad in [&b""[..], b"\n", b"can\nary", b"canary ", "canäry".as_bytes(), &long] {
            let why = file.change(bad.to_vec(), Instant::now()).unwrap_err();
            assert!(!why.contains("can\nary") && !why.contains("canary"), "{why}");
        }
        assert!(secret.matches(b"old", Instant::now()));
        assert!(!format!("{file:?}{secret:?}").contains("old\""));
    }
}
