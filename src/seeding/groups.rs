//! From the groups of a store to Okta's: by the admin's table, and by a rule for what the table does not name.

use std::collections::HashMap;

use super::plan::Reject;
use crate::sources::MOST_GROUPS;

/// The most characters of an Okta group's name.
const LONGEST_NAME: usize = 255;

/// Characters of a name that are told in a reason.
const TOLD: usize = 100;

/// What becomes of a group that the table does not name.
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

/// Which Okta groups a person joins.
#[derive(Clone, Debug, Default)]
pub struct GroupRules {
    map: HashMap<String, String>,
    unmapped: Unmapped,
}

impl GroupRules {
    /// From pairs of the store's name and Okta's.
    pub fn new(map: impl IntoIterator<Item = (String, String)>, unmapped: Unmapped) -> Self {
        Self { map: map.into_iter().collect(), unmapped }
    }

    /// The Okta groups of someone who is in these groups of the store, each once, in the order in which they come.
    pub fn apply<'a>(&self, groups: impl IntoIterator<Item = &'a str>) -> Result<Vec<String>, Reject> {
        let mut names: Vec<String> = Vec::new();
        for (count, group) in groups.into_iter().map(str::trim).filter(|group| !group.is_empty()).enumerate()
        {
            if count >= MOST_GROUPS {
                return Err(Reject::TooManyGroups);
            }
            let name = match (self.map.get(group), self.unmapped) {
                (Some(name), _) => name.trim(),
                (None, Unmapped::Create) => group,
                (None, Unmapped::Ignore) => continue,
                (None, Unmapped::Reject) => return Err(Reject::GroupNotMapped(told(group))),
            };
            if name.is_empty() || name.chars().count() > LONGEST_NAME {
                return Err(Reject::GroupName(told(name)));
            }
            if !names.iter().any(|known| known == name) {
                names.push(name.to_owned());
            }
        }
        Ok(names)
    }
}

/// The beginning of a name, without what would disturb a line.
fn told(name: &str) -> String {
    let mut told: String = name.chars().filter(|character| !character.is_control()).take(TOLD).collect();
    if told.len() < name.len() {
        told.push('…');
    }
    told
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules(unmapped: Unmapped) -> GroupRules {
        let map = [("staff", "Legacy Staff"), ("admins", "Legacy Staff"), ("vip", "VIP")];
        GroupRules::new(map.map(|(from, to)| (from.to_owned(), to.to_owned())), unmapped)
    }

    #[test]
    fn groups_are_mapped_and_each_comes_once() {
        let groups = ["staff", " vip ", "admins", "other", "other", ""];
        assert_eq!(rules(Unmapped::Create).apply(groups).unwrap(), ["Legacy Staff", "VIP", "other"]);
        assert_eq!(rules(Unmapped::Ignore).apply(groups).unwrap(), ["Legacy Staff", "VIP"]);
        let reject = rules(Unmapped::Reject).apply(groups).unwrap_err();
        assert_eq!(reject.to_string(), "group not mapped: other");
    }

    #[test]
    fn names_that_okta_does_not_take_are_rejects() {
        let create = rules(Unmapped::Create);
        assert_eq!(create.apply(["é".repeat(255).as_str()]).unwrap().len(), 1);
        let reject = create.apply(["é".repeat(256).as_str()]).unwrap_err().to_string();
        assert!(reject.starts_with("group name longer than 255 characters: éé"), "{reject}");
        assert!(reject.len() < 300, "{reject}");
    }

    #[test]
    fn a_name_in_a_reason_cannot_break_its_line() {
        let reject = rules(Unmapped::Reject).apply(["a\nb\u{1b}[31m"]).unwrap_err();
        assert_eq!(reject, Reject::GroupNotMapped("ab[31m…".to_owned()));
    }

    #[test]
    fn a_user_in_too_many_groups_is_a_reject() {
        let names: Vec<String> = (0..=MOST_GROUPS).map(|number| format!("g{number}")).collect();
        let create = rules(Unmapped::Create);
        assert_eq!(
            create.apply(names.iter().take(MOST_GROUPS).map(String::as_str)).unwrap().len(),
            MOST_GROUPS
        );
        let reject = create.apply(names.iter().map(String::as_str)).unwrap_err();
        assert_eq!(reject.to_string(), "in more than 1000 groups");
    }
}
