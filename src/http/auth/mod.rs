//! Whether a call comes from Okta: a header with a secret value, an access token, or both; and, where it is pinned, the
//! `source` that its payload names. Checked before the body is read, as far as that can be.
//!
//! Whoever is refused learns nothing; the log and a metric name the reason, out of a closed set.

mod header;
mod oauth;

use std::time::{Instant, SystemTime};

use axum::http::HeaderMap;

use super::jwt::Why;

pub use header::{HeaderSecret, SecretFile};
pub use oauth::{Issuer, OAuth};

/// What lets a call in.
#[derive(Debug, Default)]
pub struct Auth {
    /// Any one of them is good.
    pub headers: Vec<HeaderSecret>,
    /// Access tokens, where they are configured.
    pub oauth: Option<OAuth>,
    /// Whether a call needs both a header and a token, where both are configured.
    pub all: bool,
    /// What the payload's `source` may be; anything where there is none.
    pub sources: Vec<String>,
}

/// Why a call is not let in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refused {
    /// There is no secret and no token.
    NoCredentials,
    /// The token is not good.
    Token(Why),
    /// The token's key is none of the issuer's.
    UnknownKey,
    /// The issuer's keys are not known: nobody can tell whether the token is good.
    NoKeys,
    /// The payload is another org's or another hook's.
    Source,
}

impl From<Why> for Refused {
    fn from(why: Why) -> Self {
        Self::Token(why)
    }
}

impl Refused {
    /// For the log and the metric.
    pub(super) fn words(self) -> &'static str {
        match self {
            Self::NoCredentials => "no valid credentials",
            Self::Token(why) => why.words(),
            Self::UnknownKey => "unknown key",
            Self::NoKeys => "the issuer's keys are not known",
            Self::Source => "wrong source",
        }
    }
}

impl Auth {
    /// Headers alone.
    pub fn by_headers(headers: Vec<HeaderSecret>) -> Self {
        Self { headers, ..Self::default() }
    }

    /// Whether the head of a call lets it in. It may wait for the issuer's keys, and not past the deadline.
    pub(super) async fn lets_in(&self, headers: &HeaderMap, deadline: Instant) -> Result<(), Refused> {
        let by_header = header::lets_in(&self.headers, headers, Instant::now());
        let Some(oauth) = &self.oauth else {
            return if by_header { Ok(()) } else { Err(Refused::NoCredentials) };
        };
        let both = self.all && !self.headers.is_empty();
        match (both, by_header) {
            (false, true) => return Ok(()),
            (true, false) => return Err(Refused::NoCredentials),
            _ => {}
        }
        oauth.lets_in(headers, SystemTime::now(), deadline.into()).await
    }

    /// Whether the payload's `source` is one of ours.
    pub(super) fn takes(&self, source: Option<&str>) -> Result<(), Refused> {
        let ours = self.sources.is_empty()
            || source.is_some_and(|source| self.sources.iter().any(|ours| ours == source));
        if ours { Ok(()) } else { Err(Refused::Source) }
    }
}
