//! JSON Lines of create-user requests: what the import sends, in a form that can be read before it goes.

use super::super::plan::{Planned, Route};
use crate::okta::json;
use crate::okta::user::{CreateUser, Credentials, HookKind, PasswordCredential};

/// Appends one line.
pub(super) fn append(buffer: &mut Vec<u8>, planned: Planned<'_>) {
    let password = match planned.route {
        Route::Hash(object) => PasswordCredential::Hash(object),
        Route::Hook { .. } => PasswordCredential::Hook(HookKind::Default),
    };
    let user =
        CreateUser { profile: planned.profile, credentials: Credentials { password }, group_ids: Vec::new() };
    json::append(buffer, &user);
    buffer.push(b'\n');
}
