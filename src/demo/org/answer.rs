//! Okta's objects as they go out: users, groups, times.

use std::time::SystemTime;

use serde_json::{Map, Value, json};
use time::OffsetDateTime;
use time::format_description::BorrowedFormatItem;
use time::macros::format_description;

use super::people::{Group, Password, Person};

const RFC_3339_MILLIS: &[BorrowedFormatItem<'_>] =
    format_description!("[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:3]Z");
const HTTP_DATE: &[BorrowedFormatItem<'_>] =
    format_description!("[weekday repr:short], [day] [month repr:short] [year] [hour]:[minute]:[second] GMT");

/// `2026-01-31T12:00:00.000Z`
pub(super) fn timestamp(at: SystemTime) -> String {
    OffsetDateTime::from(at).format(RFC_3339_MILLIS).unwrap_or_default()
}

/// An ISO 8601 time in the form of [`timestamp`], so that texts compare as times do.
pub(super) fn same_form(text: &str) -> Option<String> {
    let time = OffsetDateTime::parse(text, &time::format_description::well_known::Iso8601::PARSING).ok()?;
    Some(timestamp(time.into()))
}

/// The `Date` header: `Sat, 31 Jan 2026 12:00:00 GMT`.
pub(super) fn http_date(at: SystemTime) -> String {
    OffsetDateTime::from(at).format(HTTP_DATE).unwrap_or_default()
}

/// `User`. A password that exists shows as an empty object; imported hashes and hook users alike have the
/// provider `IMPORT`, so that nobody can tell from here whose password has arrived.
pub(super) fn user(person: &Person, base_url: &str) -> Value {
    let provider = if person.imported { "IMPORT" } else { "OKTA" };
    let mut credentials = Map::new();
    if !matches!(person.password, Password::None) {
        credentials.insert("password".into(), json!({}));
    }
    credentials.insert("provider".into(), json!({ "type": provider, "name": provider }));

    let mut profile = person.profile.clone();
    for field in ["secondEmail", "mobilePhone"] {
        profile.entry(field).or_insert(Value::Null);
    }
    json!({
        "id": person.id,
        "status": person.status.name(),
        "created": person.created,
        "activated": person.activated,
        "statusChanged": person.status_changed,
        "lastLogin": person.last_login,
        "lastUpdated": person.last_updated,
        "passwordChanged": person.password_changed,
        "type": { "id": "oty00000000000000001" },
        "profile": profile,
        "credentials": credentials,
        "_links": { "self": { "href": format!("{base_url}/api/v1/users/{}", person.id) } },
    })
}

/// `Group`
pub(super) fn group(group: &Group, base_url: &str) -> Value {
    let mut profile = Map::new();
    profile.insert("name".into(), group.name.clone().into());
    // Okta's description has text here and never null.
    if let Some(description) = &group.description {
        profile.insert("description".into(), description.clone().into());
    }
    json!({
        "id": group.id,
        "created": group.created,
        "lastUpdated": group.created,
        "lastMembershipUpdated": group.membership_updated,
        "objectClass": ["okta:user_group"],
        "type": "OKTA_GROUP",
        "profile": profile,
        "_links": { "users": { "href": format!("{base_url}/api/v1/groups/{}/users", group.id) } },
    })
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, UNIX_EPOCH};

    use super::*;

    #[test]
    fn times_are_written_as_okta_and_http_write_them() {
        // The example date of RFC 9110, section 5.6.7.
        let at = UNIX_EPOCH + Duration::from_secs(784_111_777);
        assert_eq!(http_date(at), "Sun, 06 Nov 1994 08:49:37 GMT");
        assert_eq!(timestamp(at + Duration::from_millis(7)), "1994-11-06T08:49:37.007Z");
        for same in ["1994-11-06T08:49:37Z", "1994-11-06T09:49:37.000+01:00", "1994-11-06T08:49:37.0009Z"] {
            assert_eq!(same_form(same).as_deref(), Some("1994-11-06T08:49:37.000Z"), "{same}");
        }
        for none in ["", "1994-11-06", "yesterday", "784111777"] {
            assert_eq!(same_form(none), None, "{none}");
        }
    }
}
