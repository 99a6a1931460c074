//! Rejects that an admin has corrected: the rejects file of an import, fed back.
//!
//! A row is found by `source` and `id`; every other column is an Okta attribute, `login` among them, whose value goes
//! before the store's where it is not empty. `reason` is read over. Parsed strictly, and bounded.

use std::borrow::Cow;
use std::collections::HashMap;
use std::fs::File;
use std::io::{Read as _, Take};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use csv::StringRecord;
use thiserror::Error;

use super::people::Planned;
use super::sink::rejects::unguarded;
use crate::okta::profile::is_attribute_name;

/// The largest file, in bytes.
const LARGEST: u64 = 64 << 20;
/// The most rows.
const MOST_ROWS: usize = 500_000;

/// A row's corrected attributes.
type Values = Box<[(Arc<str>, String)]>;

/// The corrected rows of a file.
#[derive(Debug, Default)]
pub struct Corrections {
    /// By source, then by id.
    sources: HashMap<String, HashMap<String, Values>>,
    /// The attributes that the file has a column for.
    attributes: Vec<Arc<str>>,
    count: usize,
}

/// Why a file of corrections cannot be used. Names lines and columns, never a value.
#[derive(Debug, Error)]
pub enum CorrectionsError {
    /// It cannot be read.
    #[error("{}: cannot be read: {error}", .path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        error: std::io::Error,
    },
    /// It is not what an import writes.
    #[error("{}: {why}", .path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// What is wrong, and where.
        why: String,
    },
    /// It names a source that is not walked.
    #[error("the corrected rows are of a source that is not there: {name}; there are: {known}")]
    UnknownSource {
        /// The name.
        name: String,
        /// The sources.
        known: String,
    },
    /// It names an attribute that nobody maps.
    #[error(
        "the corrected rows have the column `{0}`, which no [source.profile] maps: take it out, or map it"
    )]
    UnmappedAttribute(String),
}

impl Corrections {
    /// Reads a file. Rows without an id, which no store could find, are left out.
    pub fn read(path: &Path) -> Result<Self, CorrectionsError> {
        let failed = |error| CorrectionsError::Read { path: path.to_owned(), error };
        let file = File::open(path).map_err(failed)?;
        if file.metadata().is_ok_and(|file| file.len() > LARGEST) {
            let why = format!("is larger than {} MiB; feed it back in parts", LARGEST >> 20);
            return Err(CorrectionsError::Malformed { path: path.to_owned(), why });
        }
        Self::parse(file.take(LARGEST + 1))
            .map_err(|why| CorrectionsError::Malformed { path: path.to_owned(), why })
    }

    fn parse(file: Take<impl std::io::Read>) -> Result<Self, String> {
        let mut reader = csv::ReaderBuilder::new().flexible(false).from_reader(file);
        let header = reader.headers().map_err(|error| told(&error))?;
        let columns = Columns::of(header)?;
        let mut corrections = Self { attributes: columns.attributes(), ..Self::default() };
        let mut record = StringRecord::new();
        while reader.read_record(&mut record).map_err(|error| told(&error))? {
            if reader.position().byte() > LARGEST {
                return Err(format!("is larger than {} MiB; feed it back in parts", LARGEST >> 20));
            }
            let line = record.position().map_or(0, csv::Position::line);
            corrections.add(&columns, &record).map_err(|why| format!("line {line}: {why}"))?;
        }
        Ok(corrections)
    }

    /// Whether the stores have what it names.
    pub(super) fn check(&self, stores: &[Planned]) -> Result<(), CorrectionsError> {
        let mut names: Vec<&String> = self.sources.keys().collect();
        names.sort();
        if let Some(name) =
            names.into_iter().find(|name| stores.iter().all(|store| **store.source.name() != ***name))
        {
            let known: Vec<&str> = stores.iter().map(|store| &**store.source.name()).collect();
            let name = name.chars().filter(|character| !character.is_control()).take(100).collect();
            return Err(CorrectionsError::UnknownSource { name, known: known.join(", ") });
        }
        let mapped =
            |attribute: &str| stores.iter().any(|store| store.planner.profile().place(attribute).is_some());
        match self.attributes.iter().find(|attribute| !mapped(attribute)) {
            Some(attribute) => Err(CorrectionsError::UnmappedAttribute(attribute.to_string())),
            None => Ok(()),
        }
    }

    /// The corrected values of a row, none of them empty; none where the file does not name it.
    pub fn of(&self, source: &str, id: &str) -> Option<&[(Arc<str>, String)]> {
        self.sources.get(source)?.get(id).map(|values| &**values)
    }

    /// How many rows it names.
    pub fn len(&self) -> usize {
        self.count
    }

    /// Whether it names none.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    fn add(&mut self, columns: &Columns, record: &StringRecord) -> Result<(), String> {
        let field = |place: usize| unguarded(record.get(place).unwrap_or_default());
        let (source, id) = (field(columns.source), field(columns.id));
        if id.is_empty() {
            return Ok(());
        }
        if source.is_empty() {
            return Err("has no source".to_owned());
        }
        self.count += 1;
        if self.count > MOST_ROWS {
            return Err(format!("more than {MOST_ROWS} rows; feed them back in parts"));
        }
        let values: Values = columns
            .attributes
            .iter()
            .map(|(place, attribute)| (Arc::clone(attribute), field(*place)))
            .filter_map(|(attribute, value)| {
                let value = value.trim();
                (!value.is_empty()).then(|| (attribute, value.to_owned()))
            })
            .collect();
        let rows = match self.sources.get_mut(&*source) {
            Some(rows) => rows,
            None => self.sources.entry(source.into_owned()).or_default(),
        };
        match rows.insert(id.into_owned(), values) {
            None => Ok(()),
            Some(_) => Err("names a row that an earlier line names already; keep one".to_owned()),
        }
    }
}

/// Where what stands.
struct Columns {
    source: usize,
    id: usize,
    attributes: Vec<(usize, Arc<str>)>,
}

impl Columns {
    fn of(header: &StringRecord) -> Result<Self, String> {
        // Spreadsheets write it in front of UTF-8.
        let name = |name: &str| name.trim_start_matches('\u{feff}').trim().to_owned();
        let names: Vec<String> = header.iter().map(name).collect();
        let place = |wanted: &str| {
            let missing =
                || format!("has no column `{wanted}`; it must have the header that an import writes");
            names.iter().position(|name| name == wanted).ok_or_else(missing)
        };
        let (source, id) = (place("source")?, place("id")?);
        let mut attributes = Vec::new();
        for (place, name) in names.iter().enumerate() {
            let told: String = name.chars().filter(|character| !character.is_control()).take(100).collect();
            if names.iter().take(place).any(|earlier| earlier == name) {
                return Err(format!("has the column `{told}` twice; keep one"));
            }
            if ["source", "id", "reason"].contains(&name.as_str()) {
                continue;
            }
            if !is_attribute_name(name) {
                return Err(format!("has the column `{told}`, which is no Okta attribute; take it out"));
            }
            attributes.push((place, Arc::from(name.as_str())));
        }
        Ok(Self { source, id, attributes })
    }

    fn attributes(&self) -> Vec<Arc<str>> {
        self.attributes.iter().map(|(_, attribute)| Arc::clone(attribute)).collect()
    }
}

/// The parser's words, without what it read.
fn told(error: &csv::Error) -> String {
    let line = error.position().map_or_else(String::new, |position| format!("line {}: ", position.line()));
    let why: Cow<'_, str> = match error.kind() {
        csv::ErrorKind::Io(error) => format!("cannot be read: {error}").into(),
        csv::ErrorKind::Utf8 { .. } => "is not UTF-8 text; save it as UTF-8".into(),
        csv::ErrorKind::UnequalLengths { expected_len, len, .. } => format!(
            "has {len} fields where the header has {expected_len}; fields are parted by commas, and quoted where they hold one"
        )
        .into(),
        _ => "is not CSV".into(),
    };
    format!("{line}{why}")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::sink::rejects::ImportRejects;
    use super::*;

    fn parse(text: &str) -> Result<Corrections, String> {
        Corrections::parse(text.as_bytes().take(LARGEST))
    }

    fn values(corrections: &Corrections, source: &str, id: &str) -> Vec<(String, String)> {
        let values = corrections.of(source, id).expect("the row is named");
        values.iter().map(|(name, value)| (name.to_string(), value.clone())).collect()
    }

    #[test]
    fn values_that_are_not_empty_are_corrections() {
        let text = "\u{feff}source,id,login,reason,firstName,lastName\r\n\
                    shop,7,amy@example.com,lastName is missing,, Wong \r\n\
                    shop,8,,inactive,,\r\nshop,,x,unreadable row,,\r\n";
        let corrections = parse(text).unwrap();
        assert_eq!(corrections.len(), 2, "a row without an id cannot be found");
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        assert_eq!(
            values(&corrections, "shop", "7"),
            [pair("login", "amy@example.com"), pair("lastName", "Wong")]
        );
        assert_eq!(corrections.of("shop", "8"), Some(&[][..]));
        assert!(corrections.of("shop", "9").is_none() && corrections.of("forum", "7").is_none());
    }

    #[test]
    fn what_is_no_rejects_file_is_refused_with_its_place_and_without_its_values() {
        let wrong = |text: &str| parse(text).unwrap_err();
        assert!(wrong("id,login\n").contains("has no column `source`"));
        assert!(wrong("").contains("has no column `source`"));
        assert!(
            wrong("source,id,first name\n").contains("the column `first name`, which is no Okta attribute")
        );
        assert!(wrong("source,id,login,login\n").contains("`login` twice"));
        assert!(wrong("source,id\nshop,1\nshop,1\n").starts_with("line 3: names a row that"));
        assert!(wrong("source,id\n,1\n").starts_with("line 2: has no source"));
        let told = wrong("source,id,login\nshop,1,canary,more\n");
        assert!(told.starts_with("line 2: has 4 fields where the header has 3"), "{told}");
        assert!(!told.contains("canary"));
        let bytes: &[u8] = b"source,id\nshop,\xff\n";
        assert!(Corrections::parse(bytes.take(LARGEST)).unwrap_err().contains("not UTF-8"));
    }

    proptest! {
        /// What an import writes comes back exactly, whatever the values begin with.
        #[test]
        fn a_rejects_file_that_nobody_changed_says_what_the_stores_say(
            rows in prop::collection::btree_map("['=+@\\-a-z0-9,\"\n]{1,6}", ["['=+@\\-a-zé ]{0,6}", ".{0,8}"], 0..8)
        ) {
            let rejects = ImportRejects::new(["login", "firstName", "login"]);
            let mut file = rejects.header();
            for (id, [login, first]) in &rows {
                let attributes = [("login".to_owned(), login.clone()), ("firstName".to_owned(), first.clone())];
                rejects.append(&mut file, "shop", Some(id), &attributes, "firstName is missing");
            }
            let read = Corrections::parse(file.as_slice().take(LARGEST)).unwrap();
            prop_assert_eq!(read.len(), rows.len());
            for (id, [login, first]) in &rows {
                let expected: Vec<(String, String)> = [("login", login.trim()), ("firstName", first.trim())]
                    .into_iter()
                    .filter(|(_, value)| !value.is_empty())
                    .map(|(name, value)| (name.to_owned(), value.to_owned()))
                    .collect();
                prop_assert_eq!(values(&read, "shop", id), expected);
            }
        }
    }
}
