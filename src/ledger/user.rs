//! The words in which others speak with the ledger about a user: who, in which state, in which part of the whole.
//! No ids and no logins: a [`UserRef`] holds a keyed hash.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;
use std::time::SystemTime;

use serde::{Serialize, Serializer};
use thiserror::Error;

use super::write::clean;
use super::{Ledger, LedgerError, Route};

/// Where a user stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum State {
    /// To be sent.
    Planned,
    /// A call was begun, and how it ended is not known.
    Sending,
    /// In Okta, with a hash or the hook.
    Seeded,
    /// Okta would not take the user, or was not asked.
    Rejected,
    /// Was in Okta before, and was left alone.
    Skipped,
    /// The hook has said that the password is right.
    Verified,
    /// Okta has said that it has the password. The end: nothing leads away from here but a rollback.
    Confirmed,
}

impl State {
    /// In the order in which a user goes through them.
    pub const ALL: [Self; 7] = [
        Self::Planned,
        Self::Sending,
        Self::Seeded,
        Self::Rejected,
        Self::Skipped,
        Self::Verified,
        Self::Confirmed,
    ];

    /// As the ledger writes it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Planned => "planned",
            Self::Sending => "sending",
            Self::Seeded => "seeded",
            Self::Rejected => "rejected",
            Self::Skipped => "skipped",
            Self::Verified => "verified",
            Self::Confirmed => "confirmed",
        }
    }

    /// Whether the user is in Okta for all that the ledger knows, by way of this ledger.
    pub fn is_in_okta(self) -> bool {
        matches!(self, Self::Seeded | Self::Verified | Self::Confirmed)
    }

    pub(super) fn parse(text: &str) -> Result<Self, LedgerError> {
        Self::ALL.into_iter().find(|state| state.as_str() == text).ok_or_else(|| {
            LedgerError::Database("a user is in a state that this version does not know".to_owned())
        })
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl Serialize for State {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl Route {
    pub(super) fn parse(text: &str) -> Result<Self, LedgerError> {
        match text {
            "hash" => Ok(Self::Hash),
            // `none`: rejected before there was one, and so nobody's business.
            "hook" | "none" => Ok(Self::Hook),
            _ => Err(LedgerError::Database("a user has a route that this version does not know".to_owned())),
        }
    }
}

/// A user of a source, by the keyed hash of the id there. Made by [`Ledger::user_ref`].
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct UserRef {
    /// The source.
    pub source: Arc<str>,
    /// The keyed hash, as in `users.user_key`: 32 hex digits.
    pub key: String,
}

impl UserRef {
    /// Whether the user belongs to this part of the whole: the same answer in every process, and every user in
    /// exactly one of the parts.
    pub fn in_shard(&self, shard: Shard) -> bool {
        // The hash is as good as random, so its first half spreads evenly.
        let number =
            self.key.get(..16).and_then(|half| u64::from_str_radix(half, 16).ok()).unwrap_or_default();
        number % u64::from(shard.of.max(1)) == u64::from(shard.index)
    }
}

/// One of several parts into which the users are split, each for a process of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Shard {
    /// Which one, from 0.
    pub index: u32,
    /// Of how many; 1 is the whole.
    pub of: u32,
}

/// The most parts.
const MAX_SHARDS: u32 = 1024;

impl Shard {
    /// Everybody.
    pub const WHOLE: Self = Self { index: 0, of: 1 };

    /// Whether this is everybody.
    pub fn is_whole(self) -> bool {
        self.of <= 1
    }
}

impl Default for Shard {
    fn default() -> Self {
        Self::WHOLE
    }
}

impl fmt::Display for Shard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.index, self.of)
    }
}

/// A text that names no shard.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("a shard is INDEX/OF, with INDEX from 0 to OF-1 and OF at most {MAX_SHARDS}: 0/16, 1/16 … 15/16")]
pub struct BadShard;

impl FromStr for Shard {
    type Err = BadShard;

    fn from_str(text: &str) -> Result<Self, BadShard> {
        let number = |text: &str| -> Option<u32> {
            let plain = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
            plain.then(|| text.parse().ok()).flatten()
        };
        let (index, of) = text.split_once('/').ok_or(BadShard)?;
        match (number(index), number(of)) {
            (Some(index), Some(of)) if index < of && of <= MAX_SHARDS => Ok(Self { index, of }),
            _ => Err(BadShard),
        }
    }
}

/// A step of something that a user goes through once: noted before the call to Okta, and after it. Whoever is
/// `Started` and not `Done` after a crash is asked for again, which does no harm.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ResetStep {
    /// Okta is about to be asked.
    Started,
    /// Okta has done it.
    Done,
}

impl ResetStep {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Started => "started",
            Self::Done => "done",
        }
    }

    pub(super) fn parse(text: &str) -> Self {
        if text == "done" { Self::Done } else { Self::Started }
    }
}

/// What the ledger knows of one user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UserState {
    /// Where the user stands.
    pub state: State,
    /// How the user comes to Okta.
    pub route: Route,
    /// The scheme of the stored value.
    pub scheme: Option<String>,
    /// Okta's id.
    pub okta_id: Option<String>,
    /// Okta's status, as last seen.
    pub okta_status: Option<String>,
    /// The last sign-in that Okta has told of.
    pub last_login: Option<SystemTime>,
    /// How often the hook said that the password is right.
    pub verified: u64,
    /// How far the password reset is.
    pub reset: Option<ResetStep>,
    /// Whether the legacy store was cleaned.
    pub cleaned: bool,
    /// Whether the user was in Okta before this ledger came, and so is not its to delete.
    pub existed: bool,
    /// Since when the effect of a call is not known, by Okta's clock.
    pub unfinished: Option<SystemTime>,
    /// Whether a rollback was begun and has not ended.
    pub rolling_back: bool,
    /// When Okta had the user; none of whom it is only known that the hook verified or Okta confirmed them.
    pub seeded_at: Option<SystemTime>,
    /// When Okta said that it has the password.
    pub confirmed_at: Option<SystemTime>,
}

impl Ledger {
    /// A user by source and id. The id is hashed here and goes no further.
    pub fn user_ref(&self, source: &Arc<str>, id: &str) -> UserRef {
        UserRef { source: clean(source).into(), key: self.key.id(source, id) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shards_are_written_from_zero() {
        assert_eq!("3/16".parse(), Ok(Shard { index: 3, of: 16 }));
        assert_eq!("0/1".parse(), Ok(Shard::WHOLE));
        assert_eq!(Shard { index: 3, of: 16 }.to_string(), "3/16");
        for bad in ["", "3", "/", "16/16", "0/0", "+1/2", "-1/2", "1/2/3", " 1/2", "0/1025", "1/99999999999"]
        {
            assert_eq!(bad.parse::<Shard>(), Err(BadShard), "{bad}");
        }
    }

    #[tokio::test]
    async fn every_user_is_in_one_shard_and_always_the_same() {
        let ledger =
            Ledger::open("sqlite::memory:", Some(b"0123456789abcdef0123456789abcdef")).await.unwrap();
        let source: Arc<str> = "shop".into();
        let mut sizes = [0_u32; 16];
        for id in 0..16_000 {
            let user = ledger.user_ref(&source, &id.to_string());
            let homes: Vec<u32> =
                (0..16).filter(|index| user.in_shard(Shard { index: *index, of: 16 })).collect();
            assert_eq!(homes.len(), 1);
            assert!(user.in_shard(Shard::WHOLE));
            sizes[homes[0] as usize] += 1;
        }
        assert!(sizes.iter().all(|size| (800..1200).contains(size)), "{sizes:?}");
        // HMAC-SHA-256 of `shop`, NUL, `alice` begins 0x03621e9c960f786f, which is 15 modulo 16.
        assert!(ledger.user_ref(&source, "alice").in_shard(Shard { index: 15, of: 16 }));
    }
}
