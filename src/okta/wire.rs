//! What reading Okta's JSON has in common: times, ids, and `null` where Okta means "nothing".

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Deserializer};
use time::OffsetDateTime;
use time::format_description::BorrowedFormatItem;
use time::format_description::well_known::Rfc3339;
use time::macros::format_description;

const RFC_3339_MILLIS: &[BorrowedFormatItem<'_>] =
    format_description!("[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:3]Z");

/// An id of Okta's: letters and digits, so that it can stand in a path as it is.
pub(super) fn is_id(text: &str) -> bool {
    (1..=64).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-')
}

/// A time as Okta writes it. Only from 1970 on.
pub(super) fn time(text: &str) -> Option<SystemTime> {
    let at = OffsetDateTime::parse(text, &Rfc3339).ok()?;
    let nanos = u64::try_from(at.unix_timestamp_nanos()).ok()?;
    UNIX_EPOCH.checked_add(Duration::from_nanos(nanos))
}

/// `2026-01-31T12:00:00.000Z`
pub(super) fn timestamp(at: SystemTime) -> String {
    // The last moment that four digits of a year can say.
    let at = at.min(UNIX_EPOCH + Duration::from_secs(253_402_300_799));
    OffsetDateTime::from(at).format(RFC_3339_MILLIS).unwrap_or_default()
}

/// For a field that Okta leaves out, or sends as null, where it has nothing to say.
pub(super) fn null_as_default<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de> + Default,
{
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_go_both_ways() {
        let at = time("2013-07-02T21:36:25.344Z").unwrap();
        assert_eq!(at, UNIX_EPOCH + Duration::from_millis(1_372_800_985_344));
        assert_eq!(timestamp(at), "2013-07-02T21:36:25.344Z");
        for bad in ["", "yesterday", "2013-07-02", "1960-01-01T00:00:00Z", "9999-99-99T00:00:00Z"] {
            assert_eq!(time(bad), None, "{bad}");
        }
    }

    #[test]
    fn ids_can_stand_in_a_path() {
        assert!(is_id("00ub0oNGTSWTBKOLGLNR"));
        for bad in ["", "..", "a/b", "a b", "a?b", "ä", &"x".repeat(65)] {
            assert!(!is_id(bad), "{bad}");
        }
    }
}
