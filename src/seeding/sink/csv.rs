//! Okta's CSV import template: the base attributes in its order, then custom ones. Values stand as they are; there
//! is no column for a password or a hash.

use crate::okta::profile::BASE;
use crate::okta::user::Profile;

/// The columns of the file.
#[derive(Clone, Debug)]
pub struct CsvLayout {
    columns: Vec<String>,
}

impl CsvLayout {
    /// All base attributes, then those of `attributes` that are custom, in their order.
    pub fn new<'a>(attributes: impl IntoIterator<Item = &'a str>) -> Self {
        let mut columns: Vec<String> = BASE.iter().map(|attribute| attribute.name.to_owned()).collect();
        for attribute in attributes {
            if !columns.iter().any(|column| column == attribute) {
                columns.push(attribute.to_owned());
            }
        }
        Self { columns }
    }

    /// The line of column names.
    pub(super) fn header(&self) -> Vec<u8> {
        let mut buffer = Vec::new();
        record(&mut buffer, self.columns.iter().map(String::as_str));
        buffer
    }

    /// Appends one user.
    pub(super) fn append(&self, buffer: &mut Vec<u8>, profile: &Profile<'_>) {
        let mut fields = vec![""; self.columns.len()];
        // A profile is in the order of the columns, but for custom attributes: most are found at once.
        let mut behind = 0;
        for (attribute, value) in &profile.0 {
            let is_it = |place: &usize| self.columns.get(*place).is_some_and(|column| column == attribute);
            let place = (behind..self.columns.len()).find(is_it).or_else(|| (0..behind).find(is_it));
            let Some(place) = place else { continue };
            if let Some(field) = fields.get_mut(place) {
                *field = value;
            }
            behind = place + 1;
        }
        record(buffer, fields);
    }
}

/// Appends one record, quoted where needed (RFC 4180, section 2), ended as Unix does.
pub fn record<'a>(buffer: &mut Vec<u8>, fields: impl IntoIterator<Item = &'a str>) {
    for (place, field) in fields.into_iter().enumerate() {
        if place > 0 {
            buffer.push(b',');
        }
        let special = |byte: u8| u8::from(matches!(byte, b'"' | b',' | b'\r' | b'\n'));
        if field.bytes().fold(0, |any, byte| any | special(byte)) == 0 {
            buffer.extend_from_slice(field.as_bytes());
            continue;
        }
        buffer.push(b'"');
        for byte in field.bytes() {
            if byte == b'"' {
                buffer.push(b'"');
            }
            buffer.push(byte);
        }
        buffer.push(b'"');
    }
    buffer.push(b'\n');
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_reader_of_csv_gets_back_what_was_written(
            records in prop::collection::vec(["[a\",\r\n é]*", ".*", "[a-z]*"], 1..5)
        ) {
            let mut buffer = Vec::new();
            for fields in &records {
                record(&mut buffer, fields.iter().map(String::as_str));
            }
            let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(buffer.as_slice());
            let read: Vec<Vec<String>> = reader
                .records()
                .map(|record| record.unwrap().iter().map(str::to_owned).collect())
                .collect();
            // Lines of nothing but commas have fields too: none is taken for an empty line.
            prop_assert_eq!(read, records.into_iter().map(Vec::from).collect::<Vec<_>>());
        }
    }
}
