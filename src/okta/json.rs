//! A create-user request as JSON, straight into a buffer: an export writes millions of them. The bytes are those that
//! serde makes of the same object; a test holds the two together.

use super::user::{CreateUser, HookKind, PasswordCredential};
use crate::schemes::{HashField, OktaHash};

/// Appends the request.
pub fn append(buffer: &mut Vec<u8>, user: &CreateUser<'_>) {
    buffer.extend_from_slice(b"{\"profile\":");
    let mut before: &[u8] = b"{";
    for (attribute, value) in &user.profile.0 {
        buffer.extend_from_slice(before);
        text(buffer, attribute);
        buffer.push(b':');
        text(buffer, value);
        before = b",";
    }
    if user.profile.0.is_empty() {
        buffer.push(b'{');
    }
    buffer.extend_from_slice(b"},\"credentials\":{\"password\":");
    match &user.credentials.password {
        PasswordCredential::Hash(object) => {
            buffer.extend_from_slice(b"{\"hash\":");
            hash(buffer, object);
            buffer.extend_from_slice(b"}}");
        }
        PasswordCredential::Hook(HookKind::Default) => {
            buffer.extend_from_slice(b"{\"hook\":{\"type\":\"default\"}}}");
        }
    }
    let mut before: &[u8] = b",\"groupIds\":[";
    for group in &user.group_ids {
        buffer.extend_from_slice(before);
        text(buffer, group);
        before = b",";
    }
    if !user.group_ids.is_empty() {
        buffer.push(b']');
    }
    buffer.push(b'}');
}

fn hash(buffer: &mut Vec<u8>, object: &OktaHash) {
    let mut before: &[u8] = b"{\"";
    object.fields(|name, field| {
        buffer.extend_from_slice(before);
        buffer.extend_from_slice(name.as_bytes());
        buffer.extend_from_slice(b"\":");
        match field {
            // Base64 of one kind or another, or a name of Okta's: nothing to escape.
            HashField::Text(value) => {
                buffer.push(b'"');
                buffer.extend_from_slice(value.as_bytes());
                buffer.push(b'"');
            }
            HashField::Number(value) => number(buffer, value),
        }
        before = b",\"";
    });
    buffer.push(b'}');
}

fn number(buffer: &mut Vec<u8>, mut number: u32) {
    let mut digits = [0; 10];
    let mut begin = digits.len();
    for digit in digits.iter_mut().rev() {
        *digit = b'0' + u8::try_from(number % 10).unwrap_or_default();
        number /= 10;
        begin -= 1;
        if number == 0 {
            break;
        }
    }
    buffer.extend_from_slice(digits.get(begin..).unwrap_or_default());
}

/// A text in quotes. Most texts need no escapes, which is seen in one pass that has no branches.
fn text(buffer: &mut Vec<u8>, value: &str) {
    buffer.push(b'"');
    let special = |byte: u8| u8::from(matches!(byte, 0..0x20 | b'"' | b'\\'));
    if value.bytes().fold(0, |any, byte| any | special(byte)) != 0 {
        escaped(buffer, value);
    } else {
        buffer.extend_from_slice(value.as_bytes());
    }
    buffer.push(b'"');
}

/// RFC 8259, section 7: the two-character escapes where there is one, and `\u00` with two hex digits for the rest.
fn escaped(buffer: &mut Vec<u8>, value: &str) {
    for byte in value.bytes() {
        let short = match byte {
            b'"' | b'\\' => byte,
            0x08 => b'b',
            b'\t' => b't',
            b'\n' => b'n',
            0x0c => b'f',
            b'\r' => b'r',
            0..0x20 => {
                let digit = |value: u8| if value < 10 { b'0' + value } else { b'a' + value - 10 };
                buffer.extend_from_slice(b"\\u00");
                buffer.extend([digit(byte >> 4), digit(byte & 0x0f)]);
                continue;
            }
            _ => {
                buffer.push(byte);
                continue;
            }
        };
        buffer.extend([b'\\', short]);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::user::{Credentials, Profile};
    use super::*;
    use crate::schemes::{Credential, Limits, Selection, entries};

    proptest! {
        #[test]
        fn any_user_is_written_as_serde_does(
            values in prop::collection::vec(["[a-z]{0,3}", "(?s).{0,12}"], 0..4),
            groups in prop::collection::vec("(?s).{0,3}", 0..3),
        ) {
            let profile = values.iter().map(|[name, value]| (name.as_str(), value.as_str())).collect();
            let password = PasswordCredential::Hook(HookKind::Default);
            let user = CreateUser {
                profile: Profile(profile),
                credentials: Credentials { password },
                group_ids: groups,
            };
            let mut buffer = Vec::new();
            append(&mut buffer, &user);
            prop_assert_eq!(String::from_utf8(buffer).unwrap(), serde_json::to_string(&user).unwrap());
        }
    }

    #[test]
    fn every_kind_of_hash_is_written_as_serde_does() {
        let mut hashes = 0;
        for entry in entries() {
            let example = entry.example;
            let credential = Credential {
                stored: example.stored.as_bytes(),
                salt: example.salt.map(str::as_bytes),
                user: example.user,
                ..Credential::default()
            };
            let hash = Selection::parse(entry.name).unwrap().read(&credential, &Limits::default());
            let Ok(Ok(object)) = hash.map(|hash| hash.okta()) else { continue };
            let user = CreateUser {
                profile: Profile(vec![("login", "amy@example.com")]),
                credentials: Credentials { password: PasswordCredential::Hash(object) },
                group_ids: Vec::new(),
            };
            let mut buffer = Vec::new();
            append(&mut buffer, &user);
            assert_eq!(
                String::from_utf8(buffer).unwrap(),
                serde_json::to_string(&user).unwrap(),
                "{}",
                entry.name
            );
            hashes += 1;
        }
        assert!(hashes > 20, "{hashes}");
    }
}
