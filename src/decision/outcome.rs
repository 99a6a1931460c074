//! What can come of an attempt, and the words for it in answers, logs, metrics and the ledger.

/// What came of one attempt to sign in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// The password makes the stored value. Okta hears VERIFIED.
    Verified,
    /// It does not, or there is nothing to hold it against. Okta hears UNVERIFIED.
    Rejected(Reason),
    /// Nobody can say now. Okta hears 503 and asks once more.
    Unavailable(Cause),
}

/// Why an attempt was rejected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// The stored value was read, and the password does not make it.
    WrongPassword,
    /// No source knows the name.
    UnknownUser,
    /// The store says that the user may not sign in.
    Inactive,
    /// The name stands for two users or more.
    AmbiguousUsername,
    /// The stored value could not be read.
    UnreadableHash,
    /// The stored value, or the password, is beyond a configured limit.
    TooCostly,
    /// The user, or the address, has failed too often of late; nothing was verified.
    TooManyFailures,
}

/// Why nobody could say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// A source that is to be asked cannot be, or refuses the query.
    SourceDown,
    /// The verification could not be done by the deadline: too much is to be done before it.
    WouldBeLate,
    /// The time was over before the verification was.
    Deadline,
    /// The verification broke down: a defect of ours.
    Internal,
}

impl Decision {
    /// `verified`, `rejected` or `unavailable`.
    pub fn outcome(self) -> &'static str {
        match self {
            Self::Verified => "verified",
            Self::Rejected(_) => "rejected",
            Self::Unavailable(_) => "unavailable",
        }
    }

    /// The reason or the cause in words; none for a verified password.
    pub fn reason(self) -> Option<&'static str> {
        match self {
            Self::Verified => None,
            Self::Rejected(reason) => Some(reason.words()),
            Self::Unavailable(cause) => Some(cause.words()),
        }
    }
}

impl Reason {
    /// The words for it.
    pub fn words(self) -> &'static str {
        match self {
            Self::WrongPassword => "wrong password",
            Self::UnknownUser => "unknown user",
            Self::Inactive => "inactive",
            Self::AmbiguousUsername => "ambiguous username",
            Self::UnreadableHash => "unreadable hash",
            Self::TooCostly => "too costly",
            Self::TooManyFailures => "too many failures",
        }
    }
}

impl Cause {
    /// The words for it.
    pub fn words(self) -> &'static str {
        match self {
            Self::SourceDown => "source down",
            Self::WouldBeLate => "would be late",
            Self::Deadline => "deadline",
            Self::Internal => "internal failure",
        }
    }
}
