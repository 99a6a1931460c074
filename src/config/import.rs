//! `[import]`: how rows of several stores become one person, and which groups people join.

use super::Source;
use super::section::Section;

/// Okta attributes that a source without `[source.profile]` fills.
pub const WITHOUT_MAPPING: [&str; 5] = ["login", "firstName", "lastName", "email", "mobilePhone"];

/// The most characters of an Okta group's name.
const LONGEST_GROUP_NAME: usize = 255;

/// The most attributes that people are told by.
const MOST_KEYS: usize = 8;

/// `[import]`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Import {
    /// Okta attributes: rows of several sources in which one of them is equal are one person.
    pub match_on: Vec<String>,
    /// What the later rows of a person are for.
    pub merge: Merge,
    /// What becomes of a login that the org has already.
    pub existing: Existing,
    /// `[import.groups] unmapped`: groups that the map does not name.
    pub unmapped: Unmapped,
    /// `[import.groups.map]`: the store's name and Okta's.
    pub groups: Vec<(String, String)>,
}

/// What the later rows of a person are for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Merge {
    /// They fill attributes that are empty in the first.
    #[default]
    Fill,
    /// Nothing.
    Ignore,
}

/// What becomes of a login that the org has already.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Existing {
    /// The user is left as they are.
    #[default]
    Skip,
    /// The user gets the password hook.
    AttachHook,
    /// The row is a reject.
    Reject,
}

/// What becomes of a group that the map does not name.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Unmapped {
    /// A group of the same name in Okta.
    #[default]
    Create,
    /// Nothing.
    Ignore,
    /// Its members are rejects.
    Reject,
}

impl Default for Import {
    fn default() -> Self {
        Self {
            match_on: vec!["login".to_owned()],
            merge: Merge::default(),
            existing: Existing::default(),
            unmapped: Unmapped::default(),
            groups: Vec::new(),
        }
    }
}

pub(super) fn read(mut section: Section<'_>, sources: &[Source]) -> Import {
    let match_on = match_on(&mut section, sources);
    let merge = section.word("merge", &[("fill", Merge::Fill), ("ignore", Merge::Ignore)], Merge::default());
    let existing = section.word(
        "existing",
        &[("skip", Existing::Skip), ("attach_hook", Existing::AttachHook), ("reject", Existing::Reject)],
        Existing::default(),
    );
    let mut groups = section.section("groups");
    let unmapped = groups.word(
        "unmapped",
        &[("create", Unmapped::Create), ("ignore", Unmapped::Ignore), ("reject", Unmapped::Reject)],
        Unmapped::default(),
    );
    let map = map(groups.section("map"));
    groups.finish();
    section.finish();
    Import { match_on, merge, existing, unmapped, groups: map }
}

fn match_on(section: &mut Section<'_>, sources: &[Source]) -> Vec<String> {
    section.default_is("match_on", "[\"login\"]");
    let Some(attributes) = section.texts("match_on") else { return Import::default().match_on };
    if attributes.is_empty() || attributes.len() > MOST_KEYS {
        section.problem(
            "match_on",
            format!("must name 1 to {MOST_KEYS} Okta attributes, such as [\"login\"] or [\"email\", \"employeeNumber\"]"),
        );
    }
    for (place, attribute) in attributes.iter().enumerate() {
        if attributes.iter().take(place).any(|earlier| earlier == attribute) {
            section.problem("match_on", format!("names `{attribute}` twice; keep one"));
            continue;
        }
        let maps = |source: &&Source| match source.profile.as_slice() {
            [] => WITHOUT_MAPPING.contains(&attribute.as_str()),
            pairs => pairs.iter().any(|(mapped, _)| mapped == attribute),
        };
        let mapped = sources.iter().filter(maps).count();
        if mapped == 0 && !sources.is_empty() {
            section.problem(
                "match_on",
                format!(
                    "names `{attribute}`, which no source maps; add it to [source.profile], or take it out"
                ),
            );
        } else if mapped == 1 && sources.len() > 1 {
            section.problem(
                "match_on",
                format!(
                    "names `{attribute}`, which only one source maps, so that nobody can be matched by it; \
                     map it in another source too"
                ),
            );
        }
    }
    attributes
}

fn map(section: Section<'_>) -> Vec<(String, String)> {
    section.pairs_with(|name| {
        let good = !name.trim().is_empty() && name.chars().count() <= LONGEST_GROUP_NAME;
        (!good).then(|| format!("must be the name of an Okta group, of 1 to {LONGEST_GROUP_NAME} characters"))
    })
}
