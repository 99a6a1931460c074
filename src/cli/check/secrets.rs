//! What `keyferry check` says of how secrets are kept and how they travel: warnings, since each may be meant.

use std::collections::BTreeSet;
use std::net::{IpAddr, SocketAddr};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::Finding;
use crate::config::{Config, HeaderAuth, SecretPlaces};
use crate::sources::{CredentialSource, Exposure};

/// A secret shorter than this can be tried out, in characters behind its scheme (`Basic `).
const SHORT: usize = 20;
/// Different characters that a random secret of that length has at least.
const DIFFERENT: usize = 8;
/// What people write while they try things out.
const USUAL: [&str; 10] =
    ["secret", "password", "changeme", "change-me", "example", "test", "admin", "keyferry", "okta", "12345"];

/// Everything that shows without a connection.
pub(super) fn of_configuration(path: &Path, config: &Config) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut places = config.secret_places.clone();
    places.files.extend(config.server.tls.iter().map(|tls| ("server.tls.key".to_owned(), tls.key.clone())));
    findings.extend(readable_by_others(path, &places));
    let events = config.server.events_auth.iter().flat_map(|auth| &auth.header);
    for header in config.server.auth.header.iter().chain(events) {
        findings.extend(weak(header));
    }
    findings.extend(repeated(&config.server.auth.header));
    if config.server.tls.is_none() {
        findings.extend(plain_http("server.listen", config.server.listen));
    }
    if is_public(config.server.private_listen.ip()) {
        findings.push(Finding::warning(
            "server.private_listen",
            format!(
                "{} may be reached from outside of this machine: health, metrics and the dashboard are for the \
                 inside; see that a firewall or network policy keeps others out",
                config.server.private_listen
            ),
        ));
    }
    findings
}

/// What the store's account and connection allow beyond need.
pub(super) async fn of_source(subject: &str, source: &dyn CredentialSource) -> Vec<Finding> {
    let words = |exposure: &Exposure| {
        match exposure {
        Exposure::NotEncrypted => "the connection leaves this machine without TLS, and stored hashes with it; add \
                                   sslmode=verify-full (PostgreSQL) or ssl-mode=VERIFY_IDENTITY (MySQL) to `url`"
            .to_owned(),
        Exposure::Superuser => {
            "the account is the server's superuser; give keyferry one that may only read the users".to_owned()
        }
        Exposure::MayWrite(what) => format!(
            "the account may write ({what}); keyferry only reads, and one that may do no more is safer to have \
             at a front door"
        ),
    }
    };
    match source.exposures().await {
        Ok(exposures) => exposures.iter().map(|found| Finding::warning(subject, words(found))).collect(),
        Err(error) => {
            vec![Finding::warning(subject, format!("its account's rights cannot be told: {error}"))]
        }
    }
}

/// Files with secrets that more than their owner and group may read, or that others may write.
fn readable_by_others(path: &Path, places: &SecretPlaces) -> Vec<Finding> {
    let mode = |path: &Path| std::fs::metadata(path).map_or(0, |file| file.permissions().mode());
    let mut findings = Vec::new();
    let own = mode(path);
    let subject = path.display().to_string();
    if own & 0o022 != 0 {
        findings.push(Finding::warning(
            &subject,
            "others may write to it, and so decide who signs in; chmod 600",
        ));
    }
    if own & 0o004 != 0 && !places.written_out.is_empty() {
        let keys: Vec<&str> = places.written_out.iter().map(String::as_str).collect();
        let message = format!(
            "everybody on this machine may read the secrets written out in it ({}); chmod 600, or write them as \
             env:NAME or file:PATH",
            keys.join(", ")
        );
        findings.push(Finding::warning(&subject, message));
    }
    for (key, file) in &places.files {
        if mode(file) & 0o006 != 0 {
            let message = format!("everybody on this machine may read {}; chmod 600", file.display());
            findings.push(Finding::warning(key, message));
        }
    }
    findings
}

/// A secret that could be guessed. It is not quoted.
fn weak(header: &HeaderAuth) -> Option<Finding> {
    let text = header.secret.expose_str()?;
    let value = text.rsplit(' ').next().unwrap_or(text);
    // `Basic` holds a name and a password, of which the password counts.
    let decoded = STANDARD.decode(value).ok().and_then(|bytes| String::from_utf8(bytes).ok());
    let secret =
        decoded.as_deref().and_then(|pair| pair.split_once(':')).map_or(value, |(_, password)| password);
    let lower = secret.to_lowercase();
    let different = secret.chars().collect::<BTreeSet<_>>().len();
    let why = if secret.chars().count() < SHORT {
        format!("has fewer than {SHORT} characters")
    } else if USUAL.iter().any(|word| lower.starts_with(word) || lower.ends_with(word)) {
        "looks like one that was written while trying things out".to_owned()
    } else if different < DIFFERENT {
        "repeats a few characters".to_owned()
    } else {
        return None;
    };
    let message = format!(
        "its secret {why}: whoever guesses it may try passwords here; make one with `openssl rand -base64 32`"
    );
    Some(Finding::warning(format!("server.auth header {}", header.name), message))
}

/// Two entries with one secret are no rotation.
fn repeated(headers: &[HeaderAuth]) -> Option<Finding> {
    let twice = headers.iter().enumerate().any(|(place, header)| {
        headers
            .iter()
            .skip(place + 1)
            .any(|other| other.name == header.name && other.secret.matches(header.secret.expose()))
    });
    let message = "two entries hold the same secret; the new one of a rotation must be another";
    twice.then(|| Finding::warning("server.auth.header", message))
}

/// Passwords must not leave the machine without TLS.
fn plain_http(key: &str, listen: SocketAddr) -> Option<Finding> {
    is_public(listen.ip()).then(|| {
        let message = format!(
            "passwords come to {listen} in plain HTTP, from wherever it can be reached; listen on 127.0.0.1 behind a \
             proxy with TLS, or set [server.tls]"
        );
        Finding::warning(key, message)
    })
}

/// Whether others than this machine may reach the address.
fn is_public(address: IpAddr) -> bool {
    !address.is_loopback()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secret::Secret;

    fn header(secret: &str) -> HeaderAuth {
        HeaderAuth { name: "authorization".to_owned(), secret: Secret::from(secret), file: None }
    }

    #[test]
    fn secrets_that_could_be_guessed_are_told_and_not_quoted() {
        for secret in [
            "hunter2",
            "Basic changeme",
            // user:password, in base64
            "Basic dXNlcjpwYXNzd29yZA==",
            "Basic secretsecretsecretsecretsecret",
            "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
        ] {
            let finding = weak(&header(secret)).unwrap_or_else(|| panic!("{secret}"));
            assert!(finding.warning && !finding.message.contains(secret), "{finding:?}");
        }
    }

    #[test]
    fn random_secrets_are_good() {
        // openssl rand -base64 32; openssl rand -hex 16; the first as a password in `Basic`.
        for secret in [
            "Basic 3q2Y1rXcQ5mJ0b8uVtZkHn7sPwA4eLfGdRxCyNiKo6E=",
            "9f86d081884c7d659a2feaa0c55ad015",
            "Basic b2t0YTozcTJZMXJYY1E1bUowYjh1VnRaa0huN3NQd0E0ZUxmR2RSeEN5TmlLbzZFPQ==",
        ] {
            assert!(weak(&header(secret)).is_none(), "{secret}");
        }
    }

    #[test]
    fn only_loopback_is_private() {
        assert!(plain_http("k", "127.0.0.1:1".parse().unwrap()).is_none());
        assert!(plain_http("k", "[::1]:1".parse().unwrap()).is_none());
        assert!(plain_http("k", "0.0.0.0:1".parse().unwrap()).is_some());
        assert!(plain_http("k", "10.0.0.1:1".parse().unwrap()).is_some());
    }

    #[test]
    fn one_secret_twice_is_no_rotation() {
        assert!(repeated(&[header("a"), header("b")]).is_none());
        assert!(repeated(&[header("a"), header("b"), header("a")]).is_some());
    }
}
