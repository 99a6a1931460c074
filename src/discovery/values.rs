//! What sampled values are. Only counts leave; a value is looked at where it lies.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::schemes::{Credential, Limits, ReadError, Selection, encoding};
use crate::secret::Secret;

/// What the values of a column were read as.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// Rows looked at.
    pub rows: u64,
    /// NULL or empty.
    pub empty: u64,
    /// Values that say by themselves how they were made, by scheme.
    pub schemes: BTreeMap<String, u64>,
    /// Values that are damaged, or that `auto` does not read, by the scheme they look like.
    pub unreadable: BTreeMap<String, u64>,
    /// Values that look like hashes and do not say of which kind, by shape.
    pub bare: BTreeMap<&'static str, u64>,
    /// Anything else.
    pub unknown: u64,
}

impl Counts {
    /// Of a column's sample.
    pub(super) fn of<'v>(values: impl Iterator<Item = Option<&'v Secret>>) -> Self {
        let (auto, limits) = (Selection::auto(), Limits::default());
        let mut counts = Self::default();
        for value in values {
            counts.rows += 1;
            let Some(value) = value.filter(|value| !value.is_empty()) else {
                counts.empty += 1;
                continue;
            };
            let credential = Credential { stored: value.expose(), ..Credential::default() };
            match auto.read(&credential, &limits) {
                Ok(hash) => *counts.schemes.entry(hash.scheme().to_string()).or_default() += 1,
                Err(error) => match (error.scheme(), &error) {
                    (Some(scheme), ReadError::TooCostly(_)) => {
                        *counts.schemes.entry(scheme.to_string()).or_default() += 1;
                    }
                    (Some(scheme), ReadError::Unreadable(_)) => {
                        *counts.unreadable.entry(scheme.to_string()).or_default() += 1;
                    }
                    (None, _) => match shape(value.expose()) {
                        Some(shape) => *counts.bare.entry(shape).or_default() += 1,
                        None => counts.unknown += 1,
                    },
                },
            }
        }
        counts
    }

    /// Values that are not empty.
    pub fn filled(&self) -> u64 {
        self.rows - self.empty
    }

    /// Of these, how many in a hundred say what they are.
    pub(super) fn identified_share(&self) -> u64 {
        self.share(self.schemes.values().sum::<u64>() + self.unreadable.values().sum::<u64>())
    }

    /// Of these, how many in a hundred look like a bare hash.
    pub(super) fn bare_share(&self) -> u64 {
        self.share(self.bare.values().sum())
    }

    fn share(&self, of: u64) -> u64 {
        (of * 100).checked_div(self.filled()).unwrap_or(0)
    }

    /// In words, for people: `3 phpass, 1 of 32 hex digits`.
    pub fn words(&self) -> String {
        let mut parts: Vec<String> = self.schemes.iter().map(|(name, n)| format!("{n} {name}")).collect();
        parts.extend(
            self.unreadable.iter().map(|(name, n)| format!("{n} like {name}, not readable by `auto`")),
        );
        parts.extend(self.bare.iter().map(|(shape, n)| format!("{n} of {shape}")));
        if self.unknown > 0 {
            parts.push(format!("{} not recognised", self.unknown));
        }
        if self.empty > 0 {
            parts.push(format!("{} empty", self.empty));
        }
        if parts.is_empty() { "no rows".to_owned() } else { parts.join(", ") }
    }
}

/// What a value without a mark of its own looks like, where that is a hash.
fn shape(value: &[u8]) -> Option<&'static str> {
    let text = std::str::from_utf8(value).ok();
    let Some(text) = text.filter(|text| !text.chars().any(char::is_control)) else {
        return match value.len() {
            16 => Some("16 raw bytes"),
            20 => Some("20 raw bytes"),
            32 => Some("32 raw bytes"),
            64 => Some("64 raw bytes"),
            _ => None,
        };
    };
    if text.starts_with('{') && text.contains("\"value\"") && text.contains("\"salt\"") {
        return Some("Keycloak's JSON");
    }
    if text.starts_with(":A:") || text.starts_with(":B:") || text.starts_with(":pbkdf2:") {
        return Some("MediaWiki's :type:");
    }
    let mut parts = text.split('$');
    if parts.next() == Some("")
        && parts.next().is_some_and(|name| (1..=16).contains(&name.len()))
        && parts.next().is_some()
    {
        return Some("a $…$ notation not known here");
    }
    if text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return match text.len() {
            32 => Some("32 hex digits"),
            40 => Some("40 hex digits"),
            56 => Some("56 hex digits"),
            64 => Some("64 hex digits"),
            96 => Some("96 hex digits"),
            128 => Some("128 hex digits"),
            _ => None,
        };
    }
    let bytes = encoding::from_base64(text.as_bytes())?;
    match (bytes.len(), bytes.first()) {
        (16, _) => Some("base64 of 16 bytes"),
        (20, _) => Some("base64 of 20 bytes"),
        (32, _) => Some("base64 of 32 bytes"),
        (48, _) => Some("base64 of 48 bytes"),
        (49, Some(0)) => Some("ASP.NET Identity v2's base64"),
        (61, Some(1)) => Some("ASP.NET Identity v3's base64"),
        (64, _) => Some("base64 of 64 bytes"),
        _ => None,
    }
}

/// What a bare hash of a shape could be, in hashcat's notation: with a salt in a column of its own, and without.
pub(super) fn could_be(shape: &str, salted: bool) -> &'static [&'static str] {
    match (shape, salted) {
        ("32 hex digits" | "base64 of 16 bytes" | "16 raw bytes", true) => {
            &["md5($pass.$salt)", "md5($salt.$pass)", "md5(md5($pass).$salt)", "md5($salt.md5($pass))"]
        }
        ("32 hex digits" | "base64 of 16 bytes" | "16 raw bytes", false) => {
            &["md5($pass)", "md5(md5($pass))", "md4(utf16le($pass))"]
        }
        ("40 hex digits" | "base64 of 20 bytes" | "20 raw bytes", true) => &[
            "sha1($pass.$salt)",
            "sha1($salt.$pass)",
            "sha1($salt.sha1($pass))",
            "sha1($salt.sha1($salt.sha1($pass)))",
        ],
        ("40 hex digits" | "base64 of 20 bytes" | "20 raw bytes", false) => &["sha1($pass)"],
        ("64 hex digits" | "base64 of 32 bytes" | "32 raw bytes", true) => {
            &["sha256($pass.$salt)", "sha256($salt.$pass)"]
        }
        ("64 hex digits" | "base64 of 32 bytes" | "32 raw bytes", false) => &["sha256($pass)"],
        ("128 hex digits" | "base64 of 64 bytes" | "64 raw bytes", true) => {
            &["sha512($pass.$salt)", "sha512($salt.$pass)"]
        }
        ("128 hex digits" | "base64 of 64 bytes" | "64 raw bytes", false) => &["sha512($pass)"],
        ("ASP.NET Identity v2's base64" | "ASP.NET Identity v3's base64", _) => &["aspnet-identity"],
        ("Keycloak's JSON", _) => &["keycloak"],
        _ => &[],
    }
}

/// Of the values that are not empty, how many in a hundred are so; none where all are empty.
pub(super) fn share<'v>(
    values: impl Iterator<Item = Option<&'v Secret>>,
    are: impl Fn(&str) -> bool,
) -> Option<u64> {
    let (mut all, mut such) = (0_u64, 0_u64);
    for value in values.flatten().filter(|value| !value.is_empty()) {
        all += 1;
        such += u64::from(value.expose_str().is_some_and(&are));
    }
    (such * 100).checked_div(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(values: &[Option<&str>]) -> Counts {
        let values: Vec<Option<Secret>> = values.iter().map(|value| value.map(Secret::from)).collect();
        Counts::of(values.iter().map(Option::as_ref))
    }

    #[test]
    fn values_are_counted_by_what_they_say_they_are() {
        let found = counts(&[
            Some("$2b$06$DCq7YPn5Rq63x1Lad4cll.TV4S6ytwfsfvkgY8jIucDrjc8deX1s."),
            Some("$2b$31$DCq7YPn5Rq63x1Lad4cll.TV4S6ytwfsfvkgY8jIucDrjc8deX1s."),
            Some("$2b$06$DCq7YPn5Rq63x1Lad4cll.TV4S6ytwfsfvkgY8jIucDrjc8d"),
            Some("28f9975808ae2bdc5847b1cda26033ea"),
            Some("hello world"),
            Some(""),
            None,
        ]);
        assert_eq!((found.rows, found.empty, found.unknown), (7, 2, 1));
        assert_eq!(found.schemes, BTreeMap::from([("bcrypt".to_owned(), 2)]));
        assert_eq!(found.unreadable, BTreeMap::from([("bcrypt".to_owned(), 1)]));
        assert_eq!(found.bare, BTreeMap::from([("32 hex digits", 1)]));
        assert_eq!((found.identified_share(), found.bare_share()), (60, 20));
        assert_eq!(
            found.words(),
            "2 bcrypt, 1 like bcrypt, not readable by `auto`, 1 of 32 hex digits, 1 not recognised, 2 empty"
        );
    }

    #[test]
    fn whatever_a_shape_could_be_is_a_scheme() {
        for shape in
            ["32 hex digits", "40 hex digits", "64 hex digits", "128 hex digits", "base64 of 16 bytes"]
        {
            for salted in [true, false] {
                for scheme in could_be(shape, salted) {
                    assert!(Selection::parse(scheme).is_ok(), "{scheme}");
                }
            }
        }
    }
}
