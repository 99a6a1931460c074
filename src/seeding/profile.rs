//! From a row's columns to an Okta profile: which attribute comes from which column, checked before it leaves.
//!
//! Values are trimmed and otherwise sent as they are. An empty optional attribute is left out.

use std::sync::Arc;

use thiserror::Error;

use crate::okta::profile::{self, Attribute, LoginPattern, ProfileError};
use crate::okta::user::Profile;
use crate::sources::{Columns, Place, Record};

/// The mapping where `[source.profile]` says nothing: attribute, and the columns that are tried in order.
pub const DEFAULT: [(&str, &[&str]); 5] = [
    ("login", &["login", "email"]),
    ("firstName", &["first_name", "firstname", "given_name"]),
    ("lastName", &["last_name", "lastname", "family_name"]),
    ("email", &["email", "login"]),
    ("mobilePhone", &["phone", "mobile", "mobile_phone"]),
];

/// Columns that hold credentials or steer the seeding; none of them is profile material.
const NOT_PROFILE: [&str; 7] = ["stored", "salt", "salt2", "pepper", "scheme", "active", "groups"];

/// Columns with a meaning of their own that are profile material too; their names are known in any case.
const WITH_MEANING: [&str; 4] = ["id", "login", "email", "last_login"];

/// What is known of a row's person beside the row: Okta attributes and values, none of them empty.
#[derive(Clone, Copy, Debug, Default)]
pub struct Beside<'a> {
    /// These go before the row's own.
    pub corrected: &'a [(Arc<str>, String)],
    /// These stand where the row's own are empty.
    pub filled: &'a [(Arc<str>, String)],
}

impl<'a> Beside<'a> {
    fn is_empty(&self) -> bool {
        self.corrected.is_empty() && self.filled.is_empty()
    }

    fn of(values: &'a [(Arc<str>, String)], attribute: &str) -> Option<&'a str> {
        values.iter().find(|(name, _)| **name == *attribute).map(|(_, value)| value.as_str())
    }
}

/// A mapping that cannot work. Several at once are several errors.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum MappingError {
    /// Okta creates no user without it.
    #[error("the profile lacks `{0}`, which Okta requires: add `{0} = \"<column>\"`")]
    Required(&'static str),
    /// Not a name that an Okta attribute can have.
    #[error("`{0}` cannot be an Okta attribute: a letter, then letters, digits and underscores")]
    AttributeName(String),
    /// Twice the same attribute.
    #[error("`{0}` is mapped twice: keep one")]
    Twice(String),
    /// A column that is not profile material.
    #[error("`{attribute}` may not come from the column `{column}`, which is no profile material")]
    Column {
        /// The attribute.
        attribute: String,
        /// The column.
        column: String,
    },
}

/// Which attribute comes from which column.
#[derive(Clone, Debug)]
pub struct ProfileMap {
    entries: Vec<Entry>,
    login: usize,
    pattern: LoginPattern,
}

#[derive(Clone, Debug)]
struct Entry {
    name: String,
    attribute: &'static Attribute,
    required: bool,
    /// Tried in order; the first with a value counts.
    columns: Vec<String>,
    /// Whether the query must have the column: where the admin named it.
    explicit: bool,
}

impl ProfileMap {
    /// From pairs of Okta attribute and column; [`DEFAULT`] where there are none. Attributes are written in the order
    /// of Okta's template, custom ones after them.
    pub fn new(pairs: &[(String, String)], pattern: LoginPattern) -> Result<Self, Vec<MappingError>> {
        let mut entries = if pairs.is_empty() { default_entries() } else { explicit_entries(pairs)? };
        entries.sort_by_key(|entry| in_template(&entry.name));
        let login = entries.iter().position(|entry| entry.name == "login");
        match login {
            Some(login) => Ok(Self { entries, login, pattern }),
            None => Err(vec![MappingError::Required("login")]),
        }
    }

    /// The attributes that it fills.
    pub fn attributes(&self) -> impl Iterator<Item = &str> {
        self.entries.iter().map(|entry| entry.name.as_str())
    }

    /// The columns that the mapping needs and a query's result does not have.
    pub fn missing_columns<'a>(&'a self, columns: &Columns) -> Vec<&'a str> {
        let has = |column: &String| columns.place(column).is_some();
        self.entries
            .iter()
            .filter(|entry| entry.explicit || entry.required)
            .filter(|entry| !entry.columns.iter().any(has))
            .filter_map(|entry| entry.columns.first().map(String::as_str))
            .collect()
    }

    /// The place of an attribute that it fills, for [`Mapping::value`].
    pub fn place(&self, attribute: &str) -> Option<usize> {
        self.entries.iter().position(|entry| entry.name == attribute)
    }

    /// The mapping of rows that have these columns: their names are looked up once a page, not in every row.
    pub fn over(&self, columns: &Columns) -> Mapping<'_> {
        let places = |entry: &Entry| entry.columns.iter().filter_map(|name| columns.place(name)).collect();
        let entries = self.entries.iter().map(|entry| (entry, places(entry))).collect();
        Mapping { entries, login: self.login, pattern: self.pattern }
    }
}

/// A [`ProfileMap`] for the rows of one page.
#[derive(Debug)]
pub struct Mapping<'m> {
    entries: Vec<(&'m Entry, Vec<Place>)>,
    login: usize,
    pattern: LoginPattern,
}

impl<'m> Mapping<'m> {
    /// The value of the attribute at this place, unchecked.
    pub fn value<'a>(&self, place: usize, record: Record<'a>) -> Option<&'a str> {
        self.entries.get(place).and_then(|(_, places)| value(record, places))
    }

    /// The login as it would be sent, unchecked.
    pub fn login<'a>(&self, record: Record<'a>) -> Option<&'a str> {
        self.value(self.login, record)
    }

    /// All attributes that have a value, unchecked, in the order of Okta's template.
    pub fn values<'a>(&self, record: Record<'a>, beside: Beside<'a>) -> Vec<(&'a str, &'a str)>
    where
        'm: 'a,
    {
        let mut values: Vec<(&'a str, &'a str)> = Vec::with_capacity(self.entries.len());
        for (entry, places) in &self.entries {
            let corrected = Beside::of(beside.corrected, &entry.name);
            let value = corrected.or_else(|| value(record, places));
            let value = value.or_else(|| Beside::of(beside.filled, &entry.name));
            values.extend(value.map(|value| (entry.name.as_str(), value)));
        }
        if beside.is_empty() {
            return values;
        }
        // What only other sources map.
        for (name, value) in beside.corrected.iter().chain(beside.filled) {
            if !values.iter().any(|(known, _)| *known == &**name) {
                values.push((name, value));
            }
        }
        values.sort_by_key(|(name, _)| in_template(name));
        values
    }

    /// The profile of a row and what is known beside it, or the first thing that Okta would refuse in it.
    pub fn profile_beside<'a>(
        &self,
        record: Record<'a>,
        beside: Beside<'a>,
    ) -> Result<Profile<'a>, ProfileError>
    where
        'm: 'a,
    {
        if beside.is_empty() {
            return self.profile(record);
        }
        let values = self.values(record, beside);
        for name in profile::REQUIRED {
            if !values.iter().any(|(known, _)| *known == name) {
                return Err(ProfileError::Missing(name.to_owned()));
            }
        }
        for (name, value) in &values {
            Attribute::of(name).check(name, value, self.pattern)?;
        }
        Ok(Profile(values))
    }

    /// The profile of a row, or the first thing that Okta would refuse in it.
    pub fn profile<'a>(&self, record: Record<'a>) -> Result<Profile<'a>, ProfileError>
    where
        'm: 'a,
    {
        let mut values: Vec<(&'a str, &'a str)> = Vec::with_capacity(self.entries.len());
        for (entry, places) in &self.entries {
            match value(record, places) {
                Some(value) => {
                    entry.attribute.check(&entry.name, value, self.pattern)?;
                    values.push((entry.name.as_str(), value));
                }
                None if entry.required => return Err(ProfileError::Missing(entry.name.clone())),
                None => {}
            }
        }
        Ok(Profile(values))
    }
}

/// Without blanks at both ends, of which most values have none.
fn trimmed(value: &str) -> &str {
    match value.as_bytes() {
        [first, .., last] if first.is_ascii_graphic() && last.is_ascii_graphic() => value,
        _ => value.trim(),
    }
}

/// The first of these columns that has a value counts.
fn value<'a>(record: Record<'a>, places: &[Place]) -> Option<&'a str> {
    places.iter().filter_map(|place| record.at(*place)).map(trimmed).find(|value| !value.is_empty())
}

/// The place of an attribute in Okta's template; behind it where it is a custom one.
pub fn in_template(attribute: &str) -> usize {
    profile::BASE.iter().position(|base| base.name == attribute).unwrap_or(usize::MAX)
}

fn entry(name: &str, columns: Vec<String>, explicit: bool) -> Entry {
    Entry {
        name: name.to_owned(),
        attribute: Attribute::of(name),
        required: profile::REQUIRED.contains(&name),
        columns,
        explicit,
    }
}

fn default_entries() -> Vec<Entry> {
    DEFAULT
        .iter()
        .map(|(name, columns)| entry(name, columns.iter().map(ToString::to_string).collect(), false))
        .collect()
}

fn explicit_entries(pairs: &[(String, String)]) -> Result<Vec<Entry>, Vec<MappingError>> {
    let mut errors = Vec::new();
    let mut entries: Vec<Entry> = Vec::with_capacity(pairs.len());
    for (attribute, column) in pairs {
        let folded = column.to_ascii_lowercase();
        if !profile::is_attribute_name(attribute) {
            errors.push(MappingError::AttributeName(attribute.clone()));
        } else if entries.iter().any(|entry| entry.name == *attribute) {
            errors.push(MappingError::Twice(attribute.clone()));
        } else if NOT_PROFILE.contains(&folded.as_str()) {
            errors.push(MappingError::Column { attribute: attribute.clone(), column: column.clone() });
        } else {
            let column = if WITH_MEANING.contains(&folded.as_str()) { folded } else { column.clone() };
            entries.push(entry(attribute, vec![column], true));
        }
    }
    let named = |required: &str| pairs.iter().any(|(attribute, _)| attribute == required);
    errors.extend(profile::REQUIRED.into_iter().filter(|name| !named(name)).map(MappingError::Required));
    if errors.is_empty() { Ok(entries) } else { Err(errors) }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{copy, record};
    use super::*;
    use crate::sources::Found;

    fn pairs(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
        pairs.iter().map(|(attribute, column)| ((*attribute).into(), (*column).into())).collect()
    }

    const REQUIRED: [(&str, &str); 4] =
        [("firstName", "first_name"), ("lastName", "last_name"), ("email", "login"), ("login", "login")];

    fn map(more: &[(&str, &str)]) -> ProfileMap {
        ProfileMap::new(&pairs(&[&REQUIRED, more].concat()), LoginPattern::Address).unwrap()
    }

    #[test]
    fn values_are_trimmed_and_empty_optional_ones_left_out() {
        let row = record(
            "1",
            "  amy@example.com ",
            &[
                ("first_name", Some(" Amy\t")),
                ("last_name", Some("Wong")),
                ("phone", Some("  ")),
                ("nick", None),
            ],
        );
        let map = map(&[("mobilePhone", "phone"), ("nickName", "nick")]);
        let row = Found::of(row);
        let mapping = map.over(row.columns());
        let profile = mapping.profile(row.record()).unwrap();
        assert_eq!(
            profile.0,
            [
                ("login", "amy@example.com"),
                ("firstName", "Amy"),
                ("lastName", "Wong"),
                ("email", "amy@example.com"),
            ]
        );
    }

    #[test]
    fn a_required_attribute_without_a_value_is_named() {
        let row = record("1", "amy@example.com", &[("first_name", Some("Amy")), ("last_name", Some(" "))]);
        let row = Found::of(row);
        let profile = map(&[]).over(row.columns()).profile(row.record()).map(|_| ());
        assert_eq!(profile.unwrap_err().to_string(), "lastName is missing");
    }

    #[test]
    fn every_mistake_of_a_mapping_is_told_at_once() {
        let wrong = pairs(&[
            ("login", "login"),
            ("login", "email"),
            ("1st", "first_name"),
            ("nickName", "stored"),
            ("email", "login"),
        ]);
        let errors = ProfileMap::new(&wrong, LoginPattern::Address).unwrap_err();
        assert_eq!(
            errors,
            [
                MappingError::Twice("login".into()),
                MappingError::AttributeName("1st".into()),
                MappingError::Column { attribute: "nickName".into(), column: "stored".into() },
                MappingError::Required("firstName"),
                MappingError::Required("lastName"),
            ]
        );
    }

    #[test]
    fn columns_that_the_query_lacks_are_found() {
        let row = record("1", "amy@example.com", &[("first_name", None), ("surname", None)]);
        let row = Found::of(row);
        assert_eq!(map(&[("mobilePhone", "phone")]).missing_columns(row.columns()), ["last_name", "phone"]);
        let default = ProfileMap::new(&[], LoginPattern::Address).unwrap();
        assert_eq!(
            default.missing_columns(row.columns()),
            ["last_name"],
            "an absent phone is no mistake by default"
        );
    }

    #[test]
    fn by_default_login_and_email_stand_in_for_each_other() {
        let mut row =
            record("1", "amy@example.com", &[("first_name", Some("Amy")), ("last_name", Some("W"))]);
        let map = ProfileMap::new(&[], LoginPattern::Address).unwrap();
        let with_login = Found::of(copy(&row));
        let mapping = map.over(with_login.columns());
        assert_eq!(mapping.profile(with_login.record()).unwrap().value("email"), Some("amy@example.com"));
        row.login = None;
        row.email = Some("amy@mail.example.com".into());
        let row = Found::of(row);
        assert_eq!(map.over(row.columns()).login(row.record()), Some("amy@mail.example.com"));
    }
}
