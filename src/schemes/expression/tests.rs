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
        ("pbkdf2_sha256(md5($pass),$salt,9999,16)", "through md5() first"),
        ("pbkdf2_sha256($pass.$user,$salt,9999,16)", "through a concatenation first"),
        ("pbkdf2_sha256($pass,$salt.$pass,9999,16)", "more than the password"),
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

/// What an expression gives, by verifying what it is expected to give.
fn gives(expression: &str, password: &str, salt: &[u8], rounds: Option<u32>, value: &str) -> bool {
    let credential = Credential { salt: Some(salt), rounds, ..stored(value.as_bytes()) };
    let construction =
        read(expression, &credential).unwrap_or_else(|error| panic!("{expression}: {error:?}"));
    verdict(&*construction, password) == Verdict::Match
}

/// By Python 3.11: `hashlib`, `unicodedata.normalize`, `str.encode`, slices.
#[test]
fn functions_are_those_of_the_original_software() {
    let md5 = |bytes: &[u8]| hex::encode(Digest::Md5.of(&[bytes]));
    for (argument, bytes) in [
        ("utf16be($pass)", &b"\0e\x03\x01\0x\xd8\x3d\xdd\x11"[..]),
        ("utf16le($pass)", b"e\0\x01\x03x\0\x3d\xd8\x11\xdd"),
        ("latin1($pass)", b"e?x?"),
        ("latin1(nfc($pass))", b"\xe9x?"),
        ("nfc($pass)", "\u{e9}x\u{1f511}".as_bytes()),
        ("nfd(nfc($pass))", "e\u{301}x\u{1f511}".as_bytes()),
        ("nfkc($pass.'ﬁ\u{b2}')", "\u{e9}x\u{1f511}fi2".as_bytes()),
        ("nfkd(nfc($pass).'ﬁ')", "e\u{301}x\u{1f511}fi".as_bytes()),
        ("reverse($pass)", b"\x91\x94\x9f\xf0x\x81\xcce"),
        ("trim(' \t\n\r'.$pass.$salt.' ')", "e\u{301}x\u{1f511}".as_bytes()),
        ("trim($salt)", b""),
        ("trim('\u{c}'.$pass)", "\u{c}e\u{301}x\u{1f511}".as_bytes()),
        ("substr($pass,1,2)", b"\xcc\x81"),
        ("substr($pass,4,1000)", "\u{1f511}".as_bytes()),
        ("substr($pass,8,1)", b""),
        ("substr($pass,4294967295,4294967295)", b""),
        ("upper($pass)", "E\u{301}X\u{1f511}".as_bytes()),
        ("base64($pass)", b"ZcyBePCflJE="),
        ("hex($pass)", b"65cc8178f09f9491"),
        ("unhex('c3A9').unbase64('AQI')", b"\xc3\xa9\x01\x02"),
    ] {
        let salt = b"\0\x0b";
        let value = md5(&[bytes, b"e\xcc\x81x\xf0\x9f\x94\x91"].concat());
        let expression = format!("md5({argument}.$pass)");
        assert!(gives(&expression, "e\u{301}x\u{1f511}", salt, None, &value), "{expression}");
    }
    for (argument, salt, bytes) in [
        ("latin1($salt)", &b"a\xff\xfeb"[..], &b"a??b"[..]),
        ("utf16be($salt)", b"a\xffb", b"\0a\xff\xfd\0b"),
        ("nfc($salt)", b"a\xff", b"a\xef\xbf\xbd"),
    ] {
        let value = md5(&[bytes, b"x"].concat());
        assert!(gives(&format!("md5({argument}.$pass)"), "x", salt, None, &value), "{argument}");
    }
}

/// RFC 7914's vectors, RFC 6070's, and what `iterate` stands for.
#[test]
fn rounds_come_from_the_stored_value() {
    let scrypt = "fdbabe1c9d3472007856e7190d01e9fe7c6ad7cbc8237830e77376634b3731622eaf30d92e22a3886ff109279d9830da\
                  c727afb94a83ee6d8360cbdfa2cc0640";
    assert!(gives("scrypt($pass,$salt,1024,8,16,64)", "password", b"NaCl", None, scrypt));
    assert!(gives("scrypt($pass,$salt,$rounds,8,16,64)", "password", b"NaCl", Some(1024), scrypt));
    let pbkdf2 = "4b007901b765489abead49d926f721d065a429c1";
    assert!(gives("pbkdf2_sha1_bin($pass,$salt,$rounds,20)", "password", b"salt", Some(4096), pbkdf2));
    assert!(!gives("pbkdf2_sha1_bin($pass,$salt,$rounds,20)", "password", b"salt", Some(4095), pbkdf2));
    let twice = hex::encode(Digest::Md5.of(&[MD5_OF_PASSWORD.as_bytes()]));
    assert!(gives("iterate($rounds,md5($pass),md5($_))", "password", b"", Some(2), &twice));
    assert!(gives("iterate($rounds,md5($pass),md5($_))", "password", b"", Some(1), MD5_OF_PASSWORD));
    let refused = |expression: &str, rounds: Option<u32>| {
        let credential = Credential { salt: Some(b"salt"), rounds, ..stored(MD5_OF_PASSWORD.as_bytes()) };
        read(expression, &credential).err().unwrap()
    };
    for (expression, rounds, why) in [
        ("iterate($rounds,md5($pass),md5($_))", None, "layout must say where"),
        ("iterate($rounds,md5($pass),md5($_))", Some(0), "at least one"),
        ("iterate($rounds,$pass,md5($_))", Some(1), "takes iterate() two"),
        ("scrypt($pass,$salt,$rounds,8,1,16)", Some(1000), "power of two"),
        ("scrypt($pass,$salt,$rounds,8,1,16)", Some(1), "power of two"),
        ("pbkdf2_md5($pass,$salt,$rounds,16)", None, "layout must say where"),
    ] {
        assert!(
            matches!(refused(expression, rounds), Refusal::Unreadable(reason) if reason.contains(why)),
            "{why}"
        );
    }
    for (expression, rounds) in [
        ("iterate($rounds,md5($pass),md5($_))", u32::MAX),
        ("pbkdf2_md5($pass,$salt,$rounds,16)", 5_000_001),
        ("iterate($rounds,md5($pass),pbkdf2_md5($_,$salt,$rounds,16))", 3000),
        ("scrypt($pass,$salt,$rounds,8,1,16)", 1 << 19),
        ("iterate(10,md5($pass),scrypt($_,$salt,$rounds,8,1,16))", 1 << 18),
    ] {
        assert!(matches!(refused(expression, Some(rounds)), Refusal::TooCostly(_)), "{expression}");
    }
}

#[test]
fn a_cut_digest_is_read_as_a_digest() {
    // MySQL and PHP code that "shortens" MD5 to its middle: characters 8 to 23.
    let middle = "5aa765d61d8327de";
    for value in
        [&b"5aa765d61d8327de"[..], b"5AA765D61D8327DE", b"Wqdl1h2DJ94=", b"\x5a\xa7\x65\xd6\x1d\x83\x27\xde"]
    {
        for expression in
            ["substr(md5($pass),8,16)", "substr(md5_bin($pass),4,8)", "upper(substr(upper(md5($pass)),8,16))"]
        {
            let read = read(expression, &stored(value)).unwrap();
            assert_eq!(verdict(&*read, "password"), Verdict::Match, "{expression}");
            assert_eq!(verdict(&*read, "Password"), Verdict::Mismatch, "{expression}");
            assert!(read.okta().unwrap_err().0.contains("substr()"));
        }
    }
    let odd = read("substr(md5($pass),0,15)", &stored(b"5F4dcc3b5aa765d")).unwrap();
    assert_eq!(verdict(&*odd, "password"), Verdict::Match);
    assert!(read("substr(md5($pass),0,15)", &stored(middle.as_bytes())).is_err());
    let reversed: String = MD5_OF_PASSWORD.chars().rev().collect();
    let read = read("reverse(md5($pass))", &stored(reversed.to_uppercase().as_bytes())).unwrap();
    assert_eq!(verdict(&*read, "password"), Verdict::Match);
}
