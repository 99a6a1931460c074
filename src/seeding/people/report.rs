//! What came of merging several stores: counts only.

use std::sync::Arc;

use serde::Serialize;

/// Attributes that are told apart in the conflicts of one source; further ones are counted together.
const ATTRIBUTES: usize = 200;
const OTHER: &str = "other";

/// Counts of a merge, complete or so far.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct MergeReport {
    /// People whom a later source knows too.
    pub people: u64,
    /// Rows of later sources that are no person of their own.
    pub rows: u64,
    /// Attributes that were empty and came from a later source.
    pub filled: u64,
    /// Attributes in which a later source says something else; the first source's value stands.
    pub conflicts: Vec<Conflict>,
    /// Rejects whose attributes are those of several people.
    pub ambiguous: u64,
}

/// Values of one attribute that were not taken from a source.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Conflict {
    /// The later source.
    #[serde(serialize_with = "text")]
    pub source: Arc<str>,
    /// The Okta attribute.
    pub attribute: String,
    /// How many rows.
    pub rows: u64,
}

impl MergeReport {
    /// Counts rows of a source whose attribute differs from what stands.
    pub(super) fn conflict(&mut self, source: &Arc<str>, attribute: &str, rows: u64) {
        let of_source = |line: &&Conflict| line.source == *source;
        let full = self.conflicts.iter().filter(of_source).count() >= ATTRIBUTES;
        let place = |name: &str| {
            self.conflicts.iter().position(|line| line.source == *source && line.attribute == name)
        };
        let name = if full && place(attribute).is_none() { OTHER } else { attribute };
        if let Some(line) = place(name).and_then(|place| self.conflicts.get_mut(place)) {
            line.rows += rows;
        } else {
            let (source, attribute) = (Arc::clone(source), name.to_owned());
            self.conflicts.push(Conflict { source, attribute, rows });
        }
    }

    /// Adds the counts of a part.
    pub(super) fn add(&mut self, part: &Self) {
        self.people += part.people;
        self.rows += part.rows;
        self.filled += part.filled;
        self.ambiguous += part.ambiguous;
        for line in &part.conflicts {
            self.conflict(&line.source, &line.attribute, line.rows);
        }
    }

    /// The largest first.
    pub fn sort(&mut self) {
        self.conflicts.sort_by(|a, b| {
            b.rows.cmp(&a.rows).then_with(|| (&a.source, &a.attribute).cmp(&(&b.source, &b.attribute)))
        });
    }
}

fn text<S: serde::Serializer>(text: &str, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(text)
}
