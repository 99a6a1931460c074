//! The create-user request: `POST /api/v1/users`.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::schemes::OktaHash;

/// The body of a create-user request.
#[derive(Clone, Debug, Serialize)]
pub struct CreateUser {
    /// Attribute → value.
    pub profile: BTreeMap<String, String>,
    /// How the password arrives.
    pub credentials: Credentials,
}

/// `credentials` of the request.
#[derive(Clone, Debug, Serialize)]
pub struct Credentials {
    /// The password object.
    pub password: PasswordCredential,
}

/// `credentials.password`: a hash to import, or the password import inline hook.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum PasswordCredential {
    /// Okta checks the first sign-in against this hash by itself.
    Hash(OktaHash),
    /// Okta asks the hook at the first sign-in.
    Hook(HookKind),
}

/// `credentials.password.hook`; Okta knows one kind.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(tag = "type", rename_all = "lowercase")]
pub enum HookKind {
    /// The org's password import inline hook.
    Default,
}
