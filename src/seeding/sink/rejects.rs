//! The rejects: which row of which source, and why. Never the stored value, never its salt.
//!
//! Those of an import also hold the row's profile, so that an admin can correct it and feed it back.

use std::borrow::Cow;

use super::super::profile::in_template;
use super::csv::record;

/// The column names.
pub const HEADER: &str = "source,id,login,reason\n";

/// Appends one reject.
pub fn append(buffer: &mut Vec<u8>, source: &str, id: Option<&str>, login: Option<&str>, reason: &str) {
    record(buffer, [source, id.unwrap_or_default(), login.unwrap_or_default(), reason]);
}

/// The rejects of an import: [`HEADER`], then every mapped Okta attribute but the login, which has its column.
///
/// Spreadsheets take a text that begins with `=`, `+`, `-`, `@` or a tab for a formula, so an apostrophe goes before
/// it, which reading takes off again. A text with apostrophes before such a character gets one more, and every
/// other one stands as it is: what nobody changed comes back exactly.
#[derive(Clone, Debug)]
pub struct ImportRejects {
    attributes: Vec<String>,
}

impl ImportRejects {
    /// For these attributes, in any order and any number of times.
    pub fn new<'a>(attributes: impl IntoIterator<Item = &'a str>) -> Self {
        let mut columns: Vec<String> = Vec::new();
        for attribute in attributes {
            if attribute != "login" && !columns.iter().any(|column| column == attribute) {
                columns.push(attribute.to_owned());
            }
        }
        columns.sort_by_key(|attribute| in_template(attribute));
        Self { attributes: columns }
    }

    /// The line of column names.
    pub fn header(&self) -> Vec<u8> {
        let mut buffer = Vec::new();
        let first = HEADER.trim_end().split(',');
        record(&mut buffer, first.chain(self.attributes.iter().map(String::as_str)));
        buffer
    }

    /// Appends one reject with what is known of its profile.
    pub fn append(
        &self,
        buffer: &mut Vec<u8>,
        source: &str,
        id: Option<&str>,
        attributes: &[(String, String)],
        reason: &str,
    ) {
        let value = |wanted: &str| {
            let found = attributes.iter().find(|(name, _)| name == wanted);
            found.map_or("", |(_, value)| value.as_str())
        };
        let first = [source, id.unwrap_or_default(), value("login"), reason];
        let rest = self.attributes.iter().map(|attribute| value(attribute));
        let fields: Vec<Cow<'_, str>> = first.into_iter().chain(rest).map(guarded).collect();
        record(buffer, fields.iter().map(|field| &**field));
    }
}

/// Whether a spreadsheet would take it for a formula, apostrophes before it set aside.
fn is_formula(text: &str) -> bool {
    text.trim_start_matches('\'').starts_with(['=', '+', '-', '@', '\t', '\r', '\n'])
}

fn guarded(text: &str) -> Cow<'_, str> {
    if is_formula(text) { format!("'{text}").into() } else { text.into() }
}

/// A field as it was before it was guarded; one that nobody guarded stands as it is.
pub(in super::super) fn unguarded(text: &str) -> Cow<'_, str> {
    match text.strip_prefix('\'') {
        Some(rest) if is_formula(rest) => rest.into(),
        _ => text.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_header_has_every_attribute_once_in_the_order_of_the_template() {
        let rejects = ImportRejects::new(["tier", "email", "login", "lastName", "firstName", "email"]);
        assert_eq!(rejects.header(), b"source,id,login,reason,firstName,lastName,email,tier\n");
        let mut line = Vec::new();
        let attributes = [("email", "amy@example.com"), ("login", "amy"), ("unmapped", "x")];
        let attributes = attributes.map(|(name, value)| (name.to_owned(), value.to_owned()));
        rejects.append(&mut line, "shop", Some("-7"), &attributes, "lastName is missing");
        assert_eq!(line, b"shop,'-7,amy,lastName is missing,,,amy@example.com,\n");
    }

    #[test]
    fn formulas_are_guarded_and_names_with_apostrophes_are_not() {
        for (text, written) in [
            ("=1+1", "'=1+1"),
            ("+49 30 1", "'+49 30 1"),
            ("-1", "'-1"),
            ("@SUM(A1)", "'@SUM(A1)"),
            ("\tx", "'\tx"),
            ("'=1", "''=1"),
            ("'t Hart", "'t Hart"),
            ("''", "''"),
            ("O'Brien", "O'Brien"),
            ("", ""),
        ] {
            assert_eq!(guarded(text), written);
            assert_eq!(unguarded(written), text, "what was written comes back");
            assert_eq!(unguarded(text.trim_start_matches('\'')), text.trim_start_matches('\''));
        }
    }
}
