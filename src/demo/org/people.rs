//! The org's memory: users by id, by login and by short name, and groups.
//!
//! Logins are the same when they differ only in case or in diacritical marks, as Okta has it.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use serde_json::{Map, Value};
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

use super::events::{EventLog, EventType, LogEvent, Target};
use super::password::{ImportedHash, OwnDigest};

/// How a user's password is known.
#[derive(Clone)]
pub(super) enum Password {
    /// Not at all.
    None,
    /// By an imported hash, until the first sign-in.
    Imported(Arc<ImportedHash>),
    /// By the hook, until it says VERIFIED.
    Hook,
    /// By the org's own digest.
    Own(Arc<OwnDigest>),
}

/// A user's `status`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// Created and not activated.
    Staged,
    /// Activated, and has to follow the link of a mail.
    Provisioned,
    /// May sign in.
    Active,
    /// Has to follow the link of a password reset.
    Recovery,
    /// Has to change the password.
    PasswordExpired,
    /// Tried too often.
    LockedOut,
    /// Shut out for now.
    Suspended,
    /// Deactivated; may be deleted.
    Deprovisioned,
}

impl Status {
    const ALL: [Self; 8] = [
        Self::Staged,
        Self::Provisioned,
        Self::Active,
        Self::Recovery,
        Self::PasswordExpired,
        Self::LockedOut,
        Self::Suspended,
        Self::Deprovisioned,
    ];

    /// By its name in Okta's API: `STAGED`.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.name() == name)
    }

    /// As Okta's API has it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Staged => "STAGED",
            Self::Provisioned => "PROVISIONED",
            Self::Active => "ACTIVE",
            Self::Recovery => "RECOVERY",
            Self::PasswordExpired => "PASSWORD_EXPIRED",
            Self::LockedOut => "LOCKED_OUT",
            Self::Suspended => "SUSPENDED",
            Self::Deprovisioned => "DEPROVISIONED",
        }
    }
}

/// One user. Times are texts as they go out.
pub(super) struct Person {
    pub(super) id: String,
    pub(super) status: Status,
    pub(super) created: String,
    pub(super) activated: Option<String>,
    pub(super) status_changed: Option<String>,
    pub(super) last_login: Option<String>,
    pub(super) last_updated: String,
    pub(super) password_changed: Option<String>,
    pub(super) profile: Map<String, Value>,
    pub(super) password: Password,
    /// Whether the password came as a hash or by the hook.
    pub(super) imported: bool,
    /// Calls of the hook for this user, retries included.
    pub(super) hook_calls: u32,
}

impl Person {
    /// An attribute that is text, or nothing.
    pub(super) fn attribute(&self, name: &str) -> &str {
        self.profile.get(name).and_then(Value::as_str).unwrap_or_default()
    }

    pub(super) fn set_status(&mut self, status: Status, now: &str) {
        self.status = status;
        self.status_changed = Some(now.to_owned());
        now.clone_into(&mut self.last_updated);
        if status == Status::Active {
            self.activated = Some(now.to_owned());
        }
    }

    fn as_target(&self) -> Target {
        Target {
            id: self.id.clone(),
            kind: "User",
            alternate_id: self.attribute("login").to_owned(),
            display_name: format!("{} {}", self.attribute("firstName"), self.attribute("lastName")),
        }
    }
}

/// One group.
pub(super) struct Group {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) description: Option<String>,
    pub(super) created: String,
    pub(super) membership_updated: String,
    pub(super) members: BTreeSet<String>,
}

/// Everybody and everything. Ids are zero-padded counters, so that their order is that of creation.
#[derive(Default)]
pub(super) struct People {
    users: BTreeMap<String, Person>,
    logins: HashMap<String, String>,
    short_names: HashMap<String, BTreeSet<String>>,
    pub(super) groups: BTreeMap<String, Group>,
    pub(super) log: EventLog,
    /// The group, by id, whose members an enrolment policy makes `PROVISIONED` with a mail.
    pub(super) enrolled_by_mail: Option<String>,
    made: u64,
    created: HashMap<String, u32>,
}

impl People {
    /// A fresh id with Okta's prefix for its kind: `00u` for users, `00g` for groups.
    pub(super) fn next_id(&mut self, prefix: &str) -> String {
        self.made += 1;
        format!("{prefix}{:017}", self.made)
    }

    pub(super) fn user_count(&self) -> usize {
        self.users.len()
    }

    /// Whether an enrolment policy wants this one to follow the link of a mail.
    pub(super) fn enrols(&self, id: &str) -> bool {
        let group = self.enrolled_by_mail.as_ref().and_then(|group| self.groups.get(group));
        group.is_some_and(|group| group.members.contains(id))
    }

    /// How often somebody of this login was created.
    pub(super) fn creations(&self, login: &str) -> u32 {
        self.created.get(&folded(login)).copied().unwrap_or_default()
    }

    /// Somebody whom a call creates.
    pub(super) fn create(&mut self, person: Person) {
        *self.created.entry(folded(person.attribute("login"))).or_default() += 1;
        self.insert(person);
    }

    pub(super) fn insert(&mut self, person: Person) {
        self.index(&person.id, person.attribute("login"));
        self.users.insert(person.id.clone(), person);
    }

    pub(super) fn remove(&mut self, id: &str) {
        if let Some(person) = self.users.remove(id) {
            self.unindex(id, person.attribute("login"));
        }
        for group in self.groups.values_mut() {
            group.members.remove(id);
        }
    }

    /// Replaces a profile; the caller has made sure that its login is free.
    pub(super) fn replace_profile(&mut self, id: &str, profile: Map<String, Value>) {
        let Some(person) = self.users.get_mut(id) else { return };
        let old = person.attribute("login").to_owned();
        person.profile = profile;
        let new = person.attribute("login").to_owned();
        self.unindex(id, &old);
        self.index(id, &new);
    }

    pub(super) fn by_id(&self, id: &str) -> Option<&Person> {
        self.users.get(id)
    }

    pub(super) fn by_id_mut(&mut self, id: &str) -> Option<&mut Person> {
        self.users.get_mut(id)
    }

    pub(super) fn by_login(&self, login: &str) -> Option<&Person> {
        self.logins.get(&folded(login)).and_then(|id| self.users.get(id))
    }

    /// By login, or by the part before the @ where that is unique in the org.
    pub(super) fn by_typed_name(&self, typed: &str) -> Option<&Person> {
        self.by_login(typed).or_else(|| {
            let ids = self.short_names.get(&folded(typed))?;
            match ids.len() {
                1 => self.users.get(ids.first()?),
                _ => None,
            }
        })
    }

    /// The user after this id, and all who follow, in the order of their creation.
    pub(super) fn after<'a>(&'a self, id: &'a str) -> impl Iterator<Item = &'a Person> {
        use std::ops::Bound::{Excluded, Unbounded};
        self.users.range::<str, _>((Excluded(id), Unbounded)).map(|(_, person)| person)
    }

    /// Writes an event about a user into the System Log, and gives it back.
    pub(super) fn record(
        &mut self,
        at: &str,
        id: &str,
        what: EventType,
        failure: Option<&'static str>,
    ) -> Option<LogEvent> {
        let person = self.users.get(id)?;
        Some(self.log.write(at.to_owned(), what, failure, person.as_target()))
    }

    fn index(&mut self, id: &str, login: &str) {
        let login = folded(login);
        if let Some((short, _)) = login.split_once('@') {
            self.short_names.entry(short.to_owned()).or_default().insert(id.to_owned());
        }
        self.logins.insert(login, id.to_owned());
    }

    fn unindex(&mut self, id: &str, login: &str) {
        let login = folded(login);
        if let Some((short, _)) = login.split_once('@')
            && let Some(ids) = self.short_names.get_mut(short)
        {
            ids.remove(id);
            if ids.is_empty() {
                self.short_names.remove(short);
            }
        }
        self.logins.remove(&login);
    }
}

/// Lower case without diacritical marks.
fn folded(name: &str) -> String {
    name.nfd().filter(|character| !is_combining_mark(*character)).flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn logins_fold_as_oktas_description_has_it() {
        // The example of Okta's API description.
        assert_eq!(folded("isáàc.bröck@example.com"), folded("Isaac.Brock@example.com"));
        assert_ne!(folded("isaac.brock@example.com"), folded("isaac.brook@example.com"));
    }
}
