//! What comes in, read and checked: query parameters, bodies, profiles, credentials.
//!
//! Bodies are read as plain JSON and by hand: a derived reader would quote a hash or a password in its error.

use std::collections::HashMap;

use axum::http::{HeaderMap, header};
use serde_json::{Map, Value};

use super::error::ApiError;
use super::password::ImportedHash;
use crate::secret::Secret;

/// The password of a create or an update.
pub(super) enum NewPassword {
    Hash(ImportedHash),
    Hook,
    Value(Secret),
}

/// The body as a JSON object, announced as such.
pub(super) fn object(headers: &HeaderMap, body: &[u8]) -> Result<Map<String, Value>, ApiError> {
    let announced =
        headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let kind = announced.split(';').next().unwrap_or_default().trim();
    if !kind.eq_ignore_ascii_case("application/json") {
        return Err(ApiError::media_type());
    }
    match serde_json::from_slice(body) {
        Ok(Value::Object(object)) => Ok(object),
        _ => Err(ApiError::malformed()),
    }
}

/// Query parameters; the last of a name counts.
pub(super) fn parameters(query: Option<&str>) -> HashMap<String, String> {
    form_urlencoded::parse(query.unwrap_or_default().as_bytes()).into_owned().collect()
}

/// A parameter that is `true` or `false`.
pub(super) fn flag(
    parameters: &HashMap<String, String>,
    name: &str,
    default: bool,
) -> Result<bool, ApiError> {
    match parameters.get(name).map(String::as_str) {
        None => Ok(default),
        Some("true") => Ok(true),
        Some("false") => Ok(false),
        Some(_) => Err(ApiError::validation(name, vec![format!("{name}: must be true or false")])),
    }
}

/// Attributes that must be there, and the most characters that attributes may have, by Okta's description.
const REQUIRED: [&str; 4] = ["firstName", "lastName", "email", "login"];
const LONGEST: [(&str, usize); 13] = [
    ("firstName", 50),
    ("lastName", 50),
    ("email", 100),
    ("login", 100),
    ("secondEmail", 100),
    ("mobilePhone", 100),
    ("primaryPhone", 100),
    ("city", 128),
    ("state", 128),
    ("zipCode", 50),
    ("countryCode", 2),
    ("streetAddress", 1024),
    ("postalAddress", 4096),
];

/// What is wrong with a whole profile, in causes. Attributes that Okta's default profile does not have are let
/// through, as those of an org's own schema would be.
pub(super) fn profile_faults(profile: &Map<String, Value>) -> Vec<String> {
    let text = |name: &str| profile.get(name).and_then(Value::as_str).unwrap_or_default();
    let mut causes = Vec::new();
    for name in REQUIRED {
        if text(name).is_empty() {
            causes.push(format!("{name}: The field cannot be left blank"));
        }
    }
    for (name, longest) in LONGEST {
        match profile.get(name) {
            None | Some(Value::Null) => {}
            Some(Value::String(text)) if text.chars().count() <= longest => {}
            Some(Value::String(_)) => {
                causes.push(format!("{name}: The field is too long (at most {longest})"));
            }
            Some(_) => causes.push(format!("{name}: The field must be text")),
        }
    }
    if !text("login").is_empty() && !email_shaped(text("login")) {
        causes.push("login: Username must be in the form of an email address".into());
    }
    for name in ["email", "secondEmail"] {
        if !text(name).is_empty() && !email_shaped(text(name)) {
            causes.push(format!("{name}: Does not match required pattern"));
        }
    }
    causes
}

/// At least five characters, one `@`, no white space, and a domain of two or more labels.
fn email_shaped(text: &str) -> bool {
    let label = |label: &str| {
        !label.is_empty()
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.chars().all(|c| c.is_alphanumeric() || c == '-')
    };
    let Some((local, domain)) = text.split_once('@') else { return false };
    !local.is_empty()
        && !local.contains(|c: char| c.is_whitespace() || c.is_control() || "<>()[],;:\"\\".contains(c))
        && text.chars().count() >= 5
        && domain.contains('.')
        && domain.split('.').all(label)
}

/// `credentials` of a create or an update.
pub(super) fn new_password(body: &Map<String, Value>) -> Result<Option<NewPassword>, ApiError> {
    let refuse = |cause: String| ApiError::validation("credentials", vec![cause]);
    let credentials = match body.get("credentials") {
        None => return Ok(None),
        Some(Value::Object(credentials)) => credentials,
        Some(_) => return Err(ApiError::malformed()),
    };
    if credentials.keys().any(|key| !["password", "provider", "recovery_question"].contains(&key.as_str())) {
        return Err(refuse("credentials: takes password, provider and recovery_question".into()));
    }
    let password = match credentials.get("password") {
        None => return Ok(None),
        Some(Value::Object(password)) => password,
        Some(_) => return Err(ApiError::malformed()),
    };
    let mut entries = password.iter();
    let (Some((kind, value)), None) = (entries.next(), entries.next()) else {
        return Err(refuse("credentials.password: takes exactly one of hash, hook and value".into()));
    };
    match (kind.as_str(), value) {
        ("hash", Value::Object(hash)) => {
            ImportedHash::parse(hash).map(NewPassword::Hash).map(Some).map_err(refuse)
        }
        ("hook", Value::Object(hook)) => match hook.get("type").and_then(Value::as_str) {
            Some("default") if hook.len() == 1 => Ok(Some(NewPassword::Hook)),
            _ => Err(refuse("credentials.password.hook: must be {\"type\":\"default\"}".into())),
        },
        // The least that Okta's default policy asks for; its other rules are not imitated.
        ("value", Value::String(value)) if value.chars().count() >= 8 => {
            Ok(Some(NewPassword::Value(Secret::from(value.as_str()))))
        }
        ("value", Value::String(_)) => {
            Err(refuse("password: Password requirements were not met: at least 8 characters".into()))
        }
        ("hash" | "hook" | "value", _) => Err(ApiError::malformed()),
        _ => Err(refuse("credentials.password: takes exactly one of hash, hook and value".into())),
    }
}

/// `groupIds`, at most twenty.
pub(super) fn group_ids(body: &Map<String, Value>) -> Result<Vec<String>, ApiError> {
    let Some(ids) = body.get("groupIds") else { return Ok(Vec::new()) };
    let ids = ids.as_array().ok_or_else(ApiError::malformed)?;
    if ids.len() > 20 {
        return Err(ApiError::validation("groupIds", vec!["groupIds: at most 20 at creation".into()]));
    }
    ids.iter().map(|id| id.as_str().map(str::to_owned).ok_or_else(ApiError::malformed)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn email_shapes() {
        for good in ["a@b.c", "o'brien+shop@example.co.uk", "ana.müller@bücher.example"] {
            assert!(email_shaped(good), "{good}");
        }
        for bad in [
            "",
            "alice",
            "alice@",
            "@example.com",
            "a@b",
            "a b@example.com",
            "a@b@example.com",
            "a@-x.com",
            "a@x..com",
        ] {
            assert!(!email_shaped(bad), "{bad}");
        }
    }
}
