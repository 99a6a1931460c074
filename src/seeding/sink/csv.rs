//! Okta's CSV import template: the base attributes in its order, then custom ones. Values stand as they are; there
//! is no column for a password or a hash.

use std::collections::HashMap;
use std::io;

use crate::okta::profile::BASE;
use crate::okta::user::Profile;

/// The columns of the file.
#[derive(Clone, Debug)]
pub struct CsvLayout {
    columns: Vec<String>,
    index: HashMap<String, usize>,
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
        let index = columns.iter().enumerate().map(|(index, name)| (name.clone(), index)).collect();
        Self { columns, index }
    }

    /// The line of column names.
    pub(super) fn header(&self) -> Vec<u8> {
        let mut buffer = Vec::new();
        // Writing to memory does not fail.
        let _ = record(&mut buffer, self.columns.iter().map(String::as_str));
        buffer
    }

    /// Appends one user.
    pub(super) fn append(&self, buffer: &mut Vec<u8>, profile: &Profile<'_>) -> io::Result<()> {
        let mut fields = vec![""; self.columns.len()];
        for (attribute, value) in &profile.0 {
            if let Some(field) = self.index.get(*attribute).and_then(|index| fields.get_mut(*index)) {
                *field = value;
            }
        }
        record(buffer, fields)
    }
}

/// Appends one record, quoted where needed.
pub(super) fn record<'a>(buffer: &mut Vec<u8>, fields: impl IntoIterator<Item = &'a str>) -> io::Result<()> {
    let mut writer = csv::WriterBuilder::new().buffer_capacity(1024).from_writer(buffer);
    writer.write_record(fields)?;
    writer.flush()
}
