//! What becomes of one row: a user with a hash that Okta imports, a user for the hook, or a reject with its reason.
//!
//! A value that cannot be read, or is too costly to verify, is a reject: the hook could not verify it either, and
//! the user would be locked out in silence.

use std::borrow::Cow;
use std::sync::Arc;

use thiserror::Error;

use super::profile::{Beside, Mapping, ProfileMap};
use crate::credential::Reader;
use crate::okta::profile::ProfileError;
use crate::okta::user::Profile;
use crate::schemes::{OktaHash, ReadError};
use crate::sources::{BadRow, Record};

/// How a user's password will reach Okta.
#[derive(Debug)]
pub enum Route {
    /// Now, as a hash.
    Hash(OktaHash),
    /// At the first sign-in, through the hook.
    Hook {
        /// Why Okta cannot import the hash.
        reason: Cow<'static, str>,
    },
}

/// A user who can be created.
#[derive(Debug)]
pub struct Planned<'a> {
    /// The checked profile.
    pub profile: Profile<'a>,
    /// How the stored value was made.
    pub scheme: Arc<str>,
    /// How the password arrives.
    pub route: Route,
}

/// Why a row is not exported. Never says anything of the stored value or its salt.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Reject {
    /// The source could not make a record of it.
    #[error("unreadable row: {}", .0.why)]
    Row(BadRow),
    /// An earlier row has the login. Also where that row was itself a reject: at sign-in, too, the first source that
    /// knows a user decides.
    #[error("duplicate login")]
    DuplicateLogin,
    /// Another row of the same source has this attribute, by which people are told.
    #[error("duplicate {0}")]
    Duplicate(String),
    /// Its attributes are those of several people of earlier sources.
    #[error("ambiguous match")]
    AmbiguousMatch,
    /// The store says that this user may not sign in.
    #[error("inactive")]
    Inactive,
    /// Nothing in the `stored` column.
    #[error("no stored password")]
    NoStoredPassword,
    /// The hook could not verify it either.
    #[error("unreadable hash: {0}")]
    UnreadableHash(String),
    /// Beyond the limits, so never verified.
    #[error("too costly: {0}")]
    TooCostly(String),
    /// Okta would refuse the profile.
    #[error(transparent)]
    Profile(#[from] ProfileError),
    /// Without an id a row cannot be told from another.
    #[error("no id")]
    NoId,
    /// Okta's words, or ours about what it has.
    #[error("{0}")]
    Okta(String),
    /// A group that the map does not name, where all must be named.
    #[error("group not mapped: {0}")]
    GroupNotMapped(String),
    /// A group that Okta cannot have.
    #[error("group name longer than 255 characters: {0}")]
    GroupName(String),
    /// More groups than anyone is in.
    #[error("in more than {most} groups", most = crate::sources::MOST_GROUPS)]
    TooManyGroups,
    /// What the store tells of the user's groups cannot be used.
    #[error("unreadable groups: {0}")]
    Groups(String),
}

/// Plans the rows of one source.
#[derive(Debug)]
pub struct Planner {
    reader: Reader,
    profile: ProfileMap,
    include_inactive: bool,
}

impl Planner {
    /// With `include_inactive`, users whom the store holds for inactive are exported too; Okta would activate them.
    pub fn new(reader: Reader, profile: ProfileMap, include_inactive: bool) -> Self {
        Self { reader, profile, include_inactive }
    }

    /// The mapping.
    pub fn profile(&self) -> &ProfileMap {
        &self.profile
    }

    /// Decides by the row and by what is known beside it. `mapping` is the planner's own, over the row's columns.
    pub fn plan<'a>(
        &self,
        mapping: &Mapping<'a>,
        record: Record<'a>,
        beside: Beside<'a>,
    ) -> Result<Planned<'a>, Reject> {
        if !record.active() && !self.include_inactive {
            return Err(Reject::Inactive);
        }
        let profile = mapping.profile_beside(record, beside)?;
        if record.stored().is_none() {
            return Err(Reject::NoStoredPassword);
        }
        let hash = self.reader.read(record).map_err(|error| match error {
            ReadError::Unreadable(unreadable) => Reject::UnreadableHash(unreadable.why),
            ReadError::TooCostly(costly) => Reject::TooCostly(costly.why),
        })?;
        let route = match hash.okta() {
            Ok(object) => Route::Hash(object),
            Err(reason) => Route::Hook { reason: reason.0 },
        };
        Ok(Planned { profile, scheme: hash.scheme(), route })
    }
}
