//! Access tokens: their form, their signature, their claims. Pure: no clock, no network, no logging, and nothing of a
//! token in any error.

mod keys;
mod token;

pub use keys::Keys;
pub use token::{Claims, Rules, Token};

/// Why a token lets nobody in: a closed set, for the log and a metric.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// Not a JWS of three parts, or its JSON is not what it must be.
    Malformed,
    /// `alg` is not RS256.
    Algorithm,
    /// `typ` is another kind of token, or `crit` asks for what is not understood.
    Kind,
    /// No `kid`.
    NoKeyId,
    /// The key of that `kid` did not sign it.
    Signature,
    /// Another `iss`.
    Issuer,
    /// Another `aud`.
    Audience,
    /// A scope is missing.
    Scope,
    /// Another `cid`.
    Client,
    /// `exp` has passed, or is missing.
    Expired,
    /// `nbf` or `iat` is still to come.
    NotYet,
}

impl Why {
    /// For the log and the metric.
    pub fn words(self) -> &'static str {
        match self {
            Self::Malformed => "malformed token",
            Self::Algorithm => "wrong algorithm",
            Self::Kind => "wrong kind of token",
            Self::NoKeyId => "no key id",
            Self::Signature => "wrong signature",
            Self::Issuer => "wrong issuer",
            Self::Audience => "wrong audience",
            Self::Scope => "scope missing",
            Self::Client => "wrong client",
            Self::Expired => "token expired",
            Self::NotYet => "token not yet valid",
        }
    }
}
