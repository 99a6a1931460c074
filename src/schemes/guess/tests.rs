use super::*;
use crate::schemes::{Limits, Scratch, Selection, Verdict};

/// What verifies, in the order in which it is tried.
fn guessed(credential: &Credential<'_>, password: &str) -> Vec<String> {
    let verifies = |text: &String| {
        let hash = Selection::parse(text).ok()?.read(credential, &Limits::default()).ok()?;
        Some(hash.verify(password.as_bytes(), &mut Scratch::default()) == Verdict::Match)
    };
    // The registry's and those of digests: what takes many rounds would take most of the time.
    let quick = stages(credential, password.as_bytes()).into_iter().take(2).flatten();
    quick.filter(|text| verifies(text) == Some(true)).collect()
}

fn of(stored: &str) -> Credential<'_> {
    Credential { stored: stored.as_bytes(), ..Credential::default() }
}

/// hashcat's example of mode 2611.
#[test]
fn a_salt_in_a_column_or_behind_the_digest_is_the_same() {
    let column = Credential { salt: Some(b"308"), ..of("28f9975808ae2bdc5847b1cda26033ea") };
    let found = guessed(&column, "hashcat");
    assert!(found.contains(&"md5(md5($pass).$salt)".to_owned()), "{found:?}");
    let found = guessed(&of("28f9975808ae2bdc5847b1cda26033ea:308"), "hashcat");
    assert!(found.contains(&"md5(md5($pass).$salt) in '{digest}:{salt}'".to_owned()), "{found:?}");
    assert!(guessed(&column, "hashcay").is_empty());
}

#[test]
fn every_candidate_can_be_configured() {
    let credential = Credential {
        salt: Some(b"ab"),
        salt2: Some(b"cd"),
        user: Some("amy"),
        email: Some("amy@example.com"),
        pepper: Some(b"p"),
        ..of("$x$5000$salt$28f9975808ae2bdc5847b1cda26033ea")
    };
    for stored in [credential.stored, b"$2a$05$LhayLxezLhK1LhWvKxCyLOj0j1u.Kj0jZ0pEmm134uzrQlFvQJLF6"] {
        let all = stages(&Credential { stored, ..credential }, "Pässwörd ".as_bytes()).concat();
        assert!(all.len() > 100);
        for text in all {
            assert!(Selection::parse(&text).is_ok(), "{text}: {:?}", Selection::parse(&text).err());
        }
    }
}

/// `bcrypt(md5($pass))` by hashcat's example of mode 25600.
#[test]
fn what_describes_itself_may_have_been_given_a_digest() {
    let found = guessed(&of("$2a$05$/VT2Xs2dMd8GJKfrXhjYP.DkTjOVrY12yDN7/6I8ZV0q/1lEohLru"), "hashcat");
    assert!(found.contains(&"bcrypt(md5($pass))".to_owned()), "{found:?}");
}

#[test]
fn what_makes_no_difference_is_not_told() {
    // md5 of "hashcat", hashcat's mode 0.
    let found = guessed(&of("8743b52063cd84097a65d1633f5c74f5"), "hashcat");
    assert!(found.contains(&"md5".to_owned()), "{found:?}");
    assert!(!found.iter().any(|text| text.contains("lower") || text.contains("nfc")), "{found:?}");
}

/// hashcat's examples of modes 5000, 3910, 20720, 160, and of 22300 with the salt before the digest.
#[test]
fn nested_and_keyed_constructions_are_found() {
    for (stored, salt, expression) in [
        ("05ac0c544060af48f993f9c3cdf2fc03937ea35b", "232725102020", "sha1(sha1($salt.$pass.$salt))"),
        ("d8281daba5da597503d12fe31808b4a7", "283053", "md5(md5($pass).md5($salt))"),
        (
            "bae9edada8358fcebcd811f7d362f46277fb9d488379869fba65d79701d48b8b",
            "869dc2ed80187919",
            "sha256($salt.sha256($pass))",
        ),
        ("8d7cb4d4a27a438059bb83a34d1e6cc439669168", "2134817", "hmac_sha1($salt,$pass)"),
    ] {
        let credential = Credential { salt: Some(salt.as_bytes()), ..of(stored) };
        let found = guessed(&credential, "hashcat");
        assert!(found.iter().any(|text| text == expression), "{expression}: {found:?}");
    }
    let stored = "11265$755a8ce4e0cf0baee41d714aa35c9fca803106608f718f973eab006578285007";
    let found = guessed(&of(stored), "hashcat");
    assert!(found.contains(&"sha256($salt.$pass.$salt) in '{salt}${digest}'".to_owned()), "{found:?}");
}

/// That each verifies its own example the registry's tests say.
#[test]
fn every_example_of_the_registry_is_found_in_the_first_stage() {
    // What a stage holds of names does not depend on the value; and a short one has few constructions.
    let first = stages(&of("x"), b"x").swap_remove(0);
    for entry in entries() {
        assert!(first.iter().any(|text| text == entry.name), "{}", entry.name);
        let example = &entry.example;
        let credential = Credential {
            salt: example.salt.map(str::as_bytes),
            user: example.user,
            pepper: example.pepper.map(str::as_bytes),
            ..of(example.stored)
        };
        let hash = Selection::parse(entry.name).unwrap().read(&credential, &Limits::default()).unwrap();
        let verdict = hash.verify(example.password.as_bytes(), &mut Scratch::default());
        assert_eq!(verdict, Verdict::Match, "{}", entry.name);
    }
}

/// A letter beyond ASCII that stands in one piece already says nothing of normalization.
#[test]
fn normal_forms_are_tried_where_they_differ() {
    let tried = |password: &str, form: &str| {
        let all = stages(&of("28f9975808ae2bdc5847b1cda26033ea"), password.as_bytes()).concat();
        all.iter().any(|text| text.contains(form))
    };
    assert!(!tried("P\u{e4}ss", "nfc(") && !tried("P\u{e4}ss", "nfkc("));
    assert!(tried("Pa\u{308}ss", "nfc(") && !tried("Pa\u{308}ss", "nfkc("));
    assert!(!tried("\u{fb01}x", "nfc(") && tried("\u{fb01}x", "nfkc("));
}
