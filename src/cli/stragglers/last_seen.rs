//! How long ago somebody was last seen in the legacy store. Stores write that time in many ways; one that cannot be read
//! is told as such, since "never" would be a lie.

use std::time::{Duration, SystemTime};

use serde::Serialize;
use time::format_description::BorrowedFormatItem;
use time::format_description::well_known::Rfc3339;
use time::macros::format_description;
use time::{Date, OffsetDateTime, PrimitiveDateTime};

use super::DAY;

/// The end of the year 9999, since 1970: what lies behind is no time of a sign-in.
const LATEST: Duration = Duration::from_secs(253_402_300_799);
/// Numbers from here on are milliseconds since 1970: as seconds they would lie beyond the year 5000.
const MILLISECONDS_FROM: i64 = 100_000_000_000;

const DATE_TIMES: [&[BorrowedFormatItem<'static>]; 2] = [
    format_description!("[year]-[month]-[day]T[hour]:[minute]:[second][optional [.[subsecond]]]"),
    format_description!("[year]-[month]-[day] [hour]:[minute]:[second][optional [.[subsecond]]]"),
];
const DATE: &[BorrowedFormatItem<'static>] = format_description!("[year]-[month]-[day]");

/// How long ago.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Seen {
    /// Less than 30 days.
    Under30Days,
    /// Less than 90.
    Under90Days,
    /// Less than a year.
    UnderAYear,
    /// A year or more.
    Longer,
    /// The store has no time, or one that stands for none.
    Never,
    /// A time that cannot be read.
    Unreadable,
}

impl Seen {
    pub(super) const ALL: [Self; 6] =
        [Self::Under30Days, Self::Under90Days, Self::UnderAYear, Self::Longer, Self::Never, Self::Unreadable];

    /// From the `last_login` column. Times without an offset are taken for UTC: hours do not matter here.
    pub(super) fn read(text: Option<&str>, now: SystemTime) -> Self {
        let Some(text) = text.map(str::trim).filter(|text| !text.is_empty()) else { return Self::Never };
        // What MySQL writes where there is no date.
        if text == "0" || text.starts_with("0000-00-00") {
            return Self::Never;
        }
        let Some(at) = time(text) else { return Self::Unreadable };
        // A clock that is ahead makes nobody a stranger.
        let ago = now.duration_since(at).unwrap_or_default();
        match ago {
            ago if ago < 30 * DAY => Self::Under30Days,
            ago if ago < 90 * DAY => Self::Under90Days,
            ago if ago < 365 * DAY => Self::UnderAYear,
            _ => Self::Longer,
        }
    }

    /// For people.
    pub(super) fn words(self) -> &'static str {
        match self {
            Self::Under30Days => "less than 30 days ago",
            Self::Under90Days => "less than 90 days ago",
            Self::UnderAYear => "less than a year ago",
            Self::Longer => "a year ago or longer",
            Self::Never => "never",
            Self::Unreadable => "at a time that cannot be read",
        }
    }
}

fn time(text: &str) -> Option<SystemTime> {
    if let Ok(number) = text.parse::<i64>() {
        let number = u64::try_from(number).ok()?;
        let since = if number >= MILLISECONDS_FROM.unsigned_abs() {
            Duration::from_millis(number)
        } else {
            Duration::from_secs(number)
        };
        return SystemTime::UNIX_EPOCH.checked_add(since).filter(|_| since <= LATEST);
    }
    if let Ok(at) = OffsetDateTime::parse(text, &Rfc3339) {
        return Some(at.into());
    }
    let plain = DATE_TIMES.iter().find_map(|format| PrimitiveDateTime::parse(text, format).ok());
    let plain = plain.or_else(|| Some(Date::parse(text, &DATE).ok()?.midnight()))?;
    Some(plain.assume_utc().into())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2026-09-01T00:00:00Z
    fn now() -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_hours(496_728)
    }

    #[test]
    fn times_are_read_as_stores_write_them() {
        for text in [
            "2026-08-15",
            "2026-08-15 10:11:12",
            "2026-08-15T10:11:12.123456",
            "2026-08-15T10:11:12Z",
            "2026-08-15T23:59:59+02:00",
            "1786788672",
            "1786788672000",
            " 2026-08-15 ",
            "2026-09-02",
        ] {
            assert_eq!(Seen::read(Some(text), now()), Seen::Under30Days, "{text}");
        }
        for (text, seen) in [
            ("2026-07-01", Seen::Under90Days),
            ("2025-12-01", Seen::UnderAYear),
            ("2025-08-31", Seen::Longer),
            ("1", Seen::Longer),
            ("0", Seen::Never),
            ("", Seen::Never),
            ("0000-00-00 00:00:00", Seen::Never),
            ("yesterday", Seen::Unreadable),
            ("-5", Seen::Unreadable),
            ("2026-13-01", Seen::Unreadable),
            ("9223372036854775807", Seen::Unreadable),
        ] {
            assert_eq!(Seen::read(Some(text), now()), seen, "{text}");
        }
        assert_eq!(Seen::read(None, now()), Seen::Never);
    }
}
