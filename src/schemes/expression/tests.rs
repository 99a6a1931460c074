//! What vectors do not show: how stored digests are read, what Okta is told, what is bounded.

use super::*;
use crate::schemes::Scratch;
use crate::schemes::construction::Verdict;

const MD5_OF_PASSWORD: &str = "5f4dcc3b5aa765d61d8327deb882cf99";

fn read(expression: &str, credential: &Credential<'_>) -> Reading {
    Expression::parse(expression).unwrap().read(credential, &Limits::default())
}

fn stored(stored: &[u8]) -> Credential<'_> {
    Credential { stored, ..Credential::default() }
}

fn verdict(construction: &dyn Construction, password: &str) -> Verdict {
    construction.verify(password.as_bytes(), &mut Scratch::default())
}

#[test]
fn a_digest_is_read_as_hex_base64_or_bytes() {
    let raw = hex::decode(MD5_OF_PASSWORD).unwrap();
    for value in [
        MD5_OF_PASSWORD.as_bytes(),
        MD5_OF_PASSWORD.to_ascii_uppercase().as_bytes(),
        b"X03MO1qnZdYdgyfeuILPmQ==",
        b"X03MO1qnZdYdgyfeuILPmQ",
        &raw,
    ] {
        let read = read("md5($pass)", &stored(value)).unwrap();
        assert_eq!(verdict(&*read, "password"), Verdict::Match);
        assert_eq!(verdict(&*read, "Password"), Verdict::Mismatch);
    }
    for value in [
        "",
        "5f4dcc3b5aa765d6",
        "a password of 16",
        "5f4dcc3b5aa765d61d8327deb882cf9",
        "5f4dcc3b5aa765d61d8327deb882cf99 ",
        "X03MO1qnZdYdgyfeuILPmR==",
    ] {
        assert!(
            matches!(read("md5($pass)", &stored(value.as_bytes())), Err(Refusal::Unreadable(_))),
            "{value}"
        );
    }
}

#[test]
fn a_text_is_compared_as_it_is() {
    let value = format!("0x{}", MD5_OF_PASSWORD.to_ascii_uppercase());
    let read_text = read("'0x'.upper(md5($pass))", &stored(value.as_bytes())).unwrap();
    assert_eq!(verdict(&*read_text, "password"), Verdict::Match);
    let lower = value.to_ascii_lowercase();
    let read_text = read("'0x'.upper(md5($pass))", &stored(lower.as_bytes())).unwrap();
    assert_eq!(verdict(&*read_text, "password"), Verdict::Mismatch);
}

#[test]
fn okta_is_told_what_it_cannot_do() {
    let credential = Credential {
        salt: Some(b"s"),
        user: Some("u"),
        pepper: Some(b"p"),
        ..stored(MD5_OF_PASSWORD.as_bytes())
    };
    for (expression, part) in [
        ("md5($salt.$pass.$salt)", "between two salts"),
        ("md5(md5($pass).$salt)", "through md5() first"),
        ("md5(utf16le($pass))", "through utf16le() first"),
        ("md5($pass.$pass)", "more than once"),
        ("md5($pass.$pepper)", "pepper"),
        ("hmac_md5($salt,$pass)", "HMAC"),
        ("iterate(2,md5($pass),md5($_))", "more than one round"),
        ("pbkdf2_md5($pass,$salt,9999,16)", "SHA-256 and SHA-512 only"),
        ("pbkdf2_sha256($pass,$salt,4095,16)", "4096 and more"),
        ("pbkdf2_sha256(md5($pass),$salt,9999,16)", "more than the password"),
        ("md4($pass)", "MD4"),
        ("'x'.md5($pass)", "not a digest alone"),
    ] {
        let reason = read(expression, &credential).unwrap().okta().unwrap_err();
        assert!(reason.0.contains(part), "{expression}: {reason}");
    }
}

#[test]
fn an_empty_pepper_or_salt_is_none() {
    let credential = Credential { salt: Some(b""), pepper: Some(b""), ..stored(MD5_OF_PASSWORD.as_bytes()) };
    let construction = read("md5($salt.$pass.$pepper)", &credential).unwrap();
    let object = serde_json::to_value(construction.okta().unwrap()).unwrap();
    assert_eq!(object, serde_json::json!({"algorithm": "MD5", "value": "X03MO1qnZdYdgyfeuILPmQ=="}));
}

#[test]
fn cost_is_known_before_any_work() {
    let micros = |expression: &str| {
        let credential = Credential { salt: Some(b"salt"), ..stored(MD5_OF_PASSWORD.as_bytes()) };
        read(expression, &credential).unwrap().cost().micros
    };
    assert_eq!(micros("md5($pass)"), 1);
    // One million rounds of two blocks at some 105 ns.
    assert_eq!(micros("pbkdf2_md5($pass,$salt,1000000,16)"), 210_000);
    assert_eq!(micros("iterate(1000000,md5($pass),md5($_))"), 105_000);
}

#[test]
fn what_grows_without_end_is_not_begun() {
    let credential = Credential { salt: Some(&[b'x'; 1000]), ..stored(MD5_OF_PASSWORD.as_bytes()) };
    let nested = format!("md5({}$salt.$pass{})", "hex(".repeat(12), ")".repeat(12));
    assert!(matches!(read(&nested, &credential), Err(Refusal::TooCostly(_))));
    // Each round would digest half a megabyte.
    let long = format!("{}$pass{}", "hex(".repeat(9), ")".repeat(9));
    let long = |rounds: u32| read(&format!("iterate({rounds},md5($pass),md5({long}.$_))"), &credential);
    assert!(long(1000).is_ok());
    assert!(matches!(long(100_000), Err(Refusal::TooCostly(_))));
}
