//! The create-user request: `POST /api/v1/users`.
//!
//! It borrows what it sends, since a seeding makes millions of them and keeps none.

use serde::ser::{Serialize, SerializeMap, Serializer};

use crate::schemes::OktaHash;

/// The body of a create-user request.
#[derive(Clone, Debug, serde::Serialize)]
pub struct CreateUser<'a> {
    /// Who.
    pub profile: Profile<'a>,
    /// How the password arrives.
    pub credentials: Credentials,
    /// Groups that the user joins at once, by id; at most [`MAX_GROUPS`], the rest follow one by one.
    #[serde(rename = "groupIds", skip_serializing_if = "Vec::is_empty")]
    pub group_ids: Vec<String>,
}

/// The most groups that a user can join when created.
pub const MAX_GROUPS: usize = 20;

/// `profile` of the request: attribute and value, in the order in which they are written.
#[derive(Clone, Default)]
pub struct Profile<'a>(pub Vec<(&'a str, &'a str)>);

impl Profile<'_> {
    /// An attribute's value.
    pub fn value(&self, attribute: &str) -> Option<&str> {
        self.0.iter().find(|(name, _)| *name == attribute).map(|(_, value)| *value)
    }
}

impl Serialize for Profile<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (attribute, value) in &self.0 {
            map.serialize_entry(attribute, value)?;
        }
        map.end()
    }
}

impl std::fmt::Debug for Profile<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.0.iter().map(|(attribute, _)| attribute)).finish()
    }
}

/// `credentials` of the request.
#[derive(Clone, Debug, serde::Serialize)]
pub struct Credentials {
    /// The password object.
    pub password: PasswordCredential,
}

/// `credentials.password`: a hash to import, or the password import inline hook.
#[derive(Clone, Debug, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum PasswordCredential {
    /// Okta checks the first sign-in against this hash by itself.
    Hash(OktaHash),
    /// Okta asks the hook at the first sign-in.
    Hook(HookKind),
}

/// `credentials.password.hook`; Okta knows one kind.
#[derive(Clone, Copy, Debug, serde::Serialize)]
#[serde(tag = "type", rename_all = "lowercase")]
pub enum HookKind {
    /// The org's password import inline hook.
    Default,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hook_user_is_written_as_okta_documents_it() {
        let user = CreateUser {
            profile: Profile(vec![("firstName", "Isaac"), ("login", "isaac.brock@example.com")]),
            credentials: Credentials { password: PasswordCredential::Hook(HookKind::Default) },
            group_ids: Vec::new(),
        };
        assert_eq!(
            serde_json::to_string(&user).unwrap(),
            r#"{"profile":{"firstName":"Isaac","login":"isaac.brock@example.com"},"credentials":{"password":{"hook":{"type":"default"}}}}"#,
        );
    }
}
