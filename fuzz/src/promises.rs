//! What must hold for any input at all. Each function panics where it does not.

use crate::jwt::{Claims, Keys, Rules, Token};
use crate::schemes::{Credential, Hash, Limits, Scratch, Selection, explain, find};

/// So small that whatever is read can be verified in no time.
fn limits() -> Limits {
    Limits {
        bcrypt_cost: 4,
        argon2_memory_kib: 64,
        argon2_passes: 1,
        scrypt_memory_kib: 64,
        rounds: 100,
        password_bytes: 64,
        salt_bytes: 256,
        stored_bytes: 2048,
    }
}

/// A stored value behind the name of a scheme and a line break, read by `auto` and by that scheme.
pub(super) fn identify(data: &[u8]) {
    let end = data.iter().position(|&byte| byte == b'\n').unwrap_or(0);
    let (name, stored) = data.split_at(end);
    let stored = stored.strip_prefix(b"\n").unwrap_or(stored);
    let credential = Credential {
        stored,
        salt: Some(b"salt"),
        salt2: Some(b"salt2"),
        user: Some("user"),
        email: Some("user@example.com"),
        pepper: Some(b"pepper"),
        rounds: None,
    };
    let alone = Credential { stored, ..Credential::default() };
    if let Ok(hash) = Selection::auto().read(&credential, &limits()) {
        used(&hash);
        // Which scheme it is, no column may change.
        if let Ok(alone) = Selection::auto().read(&alone, &limits()) {
            assert_eq!(alone.scheme(), hash.scheme());
        }
        // Nor is it plain text: whoever saw the hash could sign in with it.
        let plain = Selection::parse("plaintext").map(|plain| plain.read(&credential, &limits()));
        assert!(matches!(plain, Ok(Err(_))), "a hash is read as plain text");
    }
    let entry = std::str::from_utf8(name).ok().and_then(find);
    let modes = entry.map_or(&[][..], |entry| entry.hashcat);
    let modes = modes.iter().map(|mode| format!("hashcat:{mode}"));
    for name in entry.map(|entry| entry.name.to_owned()).into_iter().chain(modes) {
        match Selection::parse(&name) {
            Err(error) => panic!("{name}: {error}"),
            Ok(choice) => {
                for credential in [&credential, &alone] {
                    if let Ok(hash) = choice.read(credential, &limits()) {
                        used(&hash);
                    }
                }
            }
        }
    }
}

/// An expression: it is refused at a column that it has, or can be used.
pub(super) fn expression(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    match Selection::parse(text) {
        Err(error) => {
            let columns = text.chars().count() + 1;
            assert!((1..=columns).contains(&error.column), "column {} of {columns}", error.column);
            assert!(!error.message.is_empty());
        }
        Ok(selection) => {
            for stored in [&[0x80; 16][..], &[0x80; 20], &[0x80; 32], b"$2b$04$", b"ab:cd"] {
                let credential = Credential {
                    stored,
                    salt: Some(b"0a0b"),
                    salt2: Some(b""),
                    user: Some("\u{dc}ser"),
                    email: Some("user@example.com"),
                    pepper: Some(b"\xff"),
                    rounds: Some(3),
                };
                if let Ok(hash) = selection.read(&credential, &limits()) {
                    used(&hash);
                }
            }
            let _ = explain(text);
        }
    }
}

/// A layout and, behind the first line break, a value to take apart by it.
pub(super) fn layout(data: &[u8]) {
    let end = data.iter().position(|&byte| byte == b'\n').unwrap_or(data.len());
    let (layout, stored) = data.split_at(end);
    let stored = stored.get(1..).unwrap_or_default();
    let Ok(layout) = std::str::from_utf8(layout) else { return };
    let text = format!("md5($pass.$salt) in '{}'", layout.replace('\'', "''"));
    let Ok(selection) = Selection::parse(&text) else { return };
    let credential = Credential { stored, ..Credential::default() };
    if let Ok(hash) = selection.read(&credential, &limits()) {
        used(&hash);
        // Nothing is left over: a byte more is another value, which must differ or be refused.
        let longer = [stored, b"\x80"].concat();
        if let Ok(other) = selection.read(&Credential { stored: &longer, ..credential }, &limits()) {
            used(&other);
        }
    }
}

/// Everything that a value which was read is asked.
fn used(hash: &Hash) {
    let _ = (hash.scheme(), hash.parameters(), hash.cost());
    let mut scratch = Scratch::default();
    let verdict = hash.verify("p\u{e4}ss\0word".as_bytes(), &mut scratch);
    assert_eq!(hash.verify("p\u{e4}ss\0word".as_bytes(), &mut scratch), verdict, "not the same answer twice");
    let _ = hash.verify(b"", &mut scratch);
    if let Ok(object) = hash.okta() {
        assert!(!object.algorithm().is_empty());
    }
}

/// A token, claims or a set of keys, whichever the text is: none is believed that is not signed, and nothing panics.
pub(super) fn token(data: &[u8]) {
    // The key of RFC 7515, appendix A.2.
    const N: &str = concat!(
        "ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0B",
        "m4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5",
        "z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7",
        "aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ",
    );
    let set = format!(r#"{{"keys":[{{"kty":"RSA","kid":"a2","e":"AQAB","n":"{N}"}}]}}"#);
    let rules = Rules {
        issuer: "https://example.okta.com/oauth2/default".to_owned(),
        audience: "api://default".to_owned(),
        scopes: vec!["keyferry".to_owned()],
        client_ids: vec!["0oa1".to_owned()],
        leeway: 60,
    };
    let keys = Keys::parse(set.as_bytes()).unwrap_or_default();
    assert_eq!(keys.count(), 1);
    if let Ok(text) = std::str::from_utf8(data)
        && let Ok(token) = Token::parse(text)
    {
        assert!(!token.kid.is_empty() && text.len() <= 8192);
        if let Ok(claims) = token.verify(&keys) {
            let _ = claims.hold(&rules, 1_800_000_000);
        }
    }
    if let Ok(claims) = serde_json::from_slice::<Claims>(data)
        && claims.hold(&rules, 1_800_000_000).is_ok()
    {
        // Without its end, a token holds at no time.
        assert!(claims.hold(&rules, u64::MAX).is_err());
    }
    if let Ok(set) = Keys::parse(data) {
        assert!((1..=32).contains(&set.count()));
    }
}
