//! Random expressions against an evaluator that knows nothing of programs, arenas or binding; and what Okta is told
//! against Okta's algorithms, computed here from the object alone.

use hmac::{Hmac, KeyInit, Mac};
use proptest::prelude::*;
use sha2::Digest as _;
use unicode_normalization::UnicodeNormalization as _;

use super::*;
use crate::schemes::construction::Verdict;
use crate::schemes::{OktaHash, Scratch, Selection};

/// An expression as a test sees it.
#[derive(Clone, Debug)]
enum Tree {
    Leaf(&'static str),
    Text(String),
    Cat(Vec<Tree>),
    /// Name without `_bin`, whether it has that, message.
    Digest(&'static str, bool, Box<Tree>),
    Hmac(&'static str, bool, Box<[Tree; 2]>),
    /// Digest, raw, password and salt, rounds (`None` for `$rounds`), bytes.
    Pbkdf2(&'static str, bool, Box<[Tree; 2]>, Option<u32>, usize),
    /// Rounds, first, digest of each next round, what stands before and behind `$_` in it.
    Iterate(Option<u32>, Box<Tree>, &'static str, bool, Box<[Tree; 2]>),
    Substr(Box<Tree>, usize, usize),
    Change(&'static str, Box<Tree>),
}

struct Row<'a> {
    pass: &'a str,
    salt: &'a [u8],
    user: &'a str,
    rounds: u32,
}

impl Tree {
    fn text(&self) -> String {
        let bin = |raw: &bool| if *raw { "_bin" } else { "" };
        let number = |rounds: &Option<u32>| rounds.map_or("$rounds".into(), |rounds| rounds.to_string());
        match self {
            Self::Leaf(name) => (*name).into(),
            Self::Text(text) => format!("'{}'", text.replace('\'', "''")),
            Self::Cat(parts) => {
                format!("({})", parts.iter().map(Self::text).collect::<Vec<_>>().join("."))
            }
            Self::Digest(name, raw, message) => format!("{name}{}({})", bin(raw), message.text()),
            Self::Hmac(name, raw, both) => {
                format!("hmac_{name}{}({},{})", bin(raw), both[0].text(), both[1].text())
            }
            Self::Pbkdf2(name, raw, both, rounds, bytes) => format!(
                "pbkdf2_{name}{}({},{},{},{bytes})",
                bin(raw),
                both[0].text(),
                both[1].text(),
                number(rounds)
            ),
            Self::Iterate(rounds, first, name, raw, both) => format!(
                "iterate({},{},{name}{}({}.$_.{}))",
                number(rounds),
                first.text(),
                bin(raw),
                both[0].text(),
                both[1].text()
            ),
            Self::Substr(of, from, length) => format!("substr({},{from},{length})", of.text()),
            Self::Change(name, of) => format!("{name}({})", of.text()),
        }
    }

    fn value(&self, row: &Row<'_>) -> Vec<u8> {
        match self {
            Self::Leaf("$pass") => row.pass.as_bytes().to_vec(),
            Self::Leaf("$salt") => row.salt.to_vec(),
            Self::Leaf(_) => row.user.as_bytes().to_vec(),
            Self::Text(text) => text.as_bytes().to_vec(),
            Self::Cat(parts) => parts.iter().flat_map(|part| part.value(row)).collect(),
            Self::Digest(name, raw, message) => formed(digest(name, &message.value(row)), *raw),
            Self::Hmac(name, raw, both) => formed(code(name, &both[0].value(row), &both[1].value(row)), *raw),
            Self::Pbkdf2(name, raw, both, rounds, bytes) => {
                let rounds = rounds.unwrap_or(row.rounds);
                formed(pbkdf2(name, &both[0].value(row), &both[1].value(row), rounds, *bytes), *raw)
            }
            Self::Iterate(rounds, first, name, raw, both) => {
                let mut result = first.value(row);
                for _ in 1..rounds.unwrap_or(row.rounds) {
                    let message = [both[0].value(row), result, both[1].value(row)].concat();
                    result = formed(digest(name, &message), *raw);
                }
                result
            }
            Self::Substr(of, from, length) => of.value(row).into_iter().skip(*from).take(*length).collect(),
            Self::Change(name, of) => change(name, of.value(row)),
        }
    }
}

fn formed(bytes: Vec<u8>, raw: bool) -> Vec<u8> {
    if raw { bytes } else { hex::encode(bytes).into_bytes() }
}

fn digest(name: &str, message: &[u8]) -> Vec<u8> {
    match name {
        "md5" => md5::Md5::digest(message).to_vec(),
        "sha1" => sha1::Sha1::digest(message).to_vec(),
        "sha256" => sha2::Sha256::digest(message).to_vec(),
        "sha512" => sha2::Sha512::digest(message).to_vec(),
        "sha3_256" => sha3::Sha3_256::digest(message).to_vec(),
        other => panic!("{other}"),
    }
}

/// HMAC as RFC 2104 writes it.
fn code(name: &str, key: &[u8], message: &[u8]) -> Vec<u8> {
    let block = match name {
        "sha512" => 128,
        "sha3_256" => 136,
        _ => 64,
    };
    let mut key = if key.len() > block { digest(name, key) } else { key.to_vec() };
    key.resize(block, 0);
    let pad = |with: u8| key.iter().map(|byte| byte ^ with).collect::<Vec<_>>();
    digest(name, &[pad(0x5c), digest(name, &[pad(0x36), message.to_vec()].concat())].concat())
}

/// PBKDF2 as RFC 8018 writes it.
fn pbkdf2(name: &str, password: &[u8], salt: &[u8], rounds: u32, bytes: usize) -> Vec<u8> {
    let mut key = Vec::new();
    for block in 1_u32.. {
        if key.len() >= bytes {
            break;
        }
        let mut round = code(name, password, &[salt, &block.to_be_bytes()].concat());
        let mut sum = round.clone();
        for _ in 1..rounds {
            round = code(name, password, &round);
            sum.iter_mut().zip(&round).for_each(|(sum, byte)| *sum ^= byte);
        }
        key.extend(sum);
    }
    key.truncate(bytes);
    key
}

fn change(name: &str, mut bytes: Vec<u8>) -> Vec<u8> {
    let text = String::from_utf8_lossy(&bytes).into_owned();
    match name {
        "lower" => bytes.to_ascii_lowercase(),
        "upper" => bytes.to_ascii_uppercase(),
        "reverse" => {
            bytes.reverse();
            bytes
        }
        "trim" => {
            let white = |byte: &u8| b" \t\n\r\0\x0b".contains(byte);
            while bytes.last().is_some_and(white) {
                bytes.pop();
            }
            while bytes.first().is_some_and(white) {
                bytes.remove(0);
            }
            bytes
        }
        "utf16le" => text.encode_utf16().flat_map(u16::to_le_bytes).collect(),
        "utf16be" => text.encode_utf16().flat_map(u16::to_be_bytes).collect(),
        "latin1" => text.chars().map(|c| if c <= '\u{ff}' { c as u8 } else { b'?' }).collect(),
        "nfc" => text.nfc().collect::<String>().into_bytes(),
        "nfd" => text.nfd().collect::<String>().into_bytes(),
        "nfkc" => text.nfkc().collect::<String>().into_bytes(),
        "nfkd" => text.nfkd().collect::<String>().into_bytes(),
        "hex" => hex::encode(bytes).into_bytes(),
        "unhex" => hex::decode(bytes).unwrap(),
        "base64" => encoding::to_base64(&bytes).into_bytes(),
        other => panic!("{other}"),
    }
}

const DIGESTS: [&str; 5] = ["md5", "sha1", "sha256", "sha512", "sha3_256"];
const CHANGES: [&str; 13] = [
    "lower", "upper", "reverse", "trim", "utf16le", "utf16be", "latin1", "nfc", "nfd", "nfkc", "nfkd", "hex",
    "base64",
];

fn digest_name() -> impl Strategy<Value = &'static str> {
    prop::sample::select(&DIGESTS[..])
}

fn leaf() -> impl Strategy<Value = Tree> {
    prop_oneof![
        3 => Just(Tree::Leaf("$pass")),
        2 => Just(Tree::Leaf("$salt")),
        1 => Just(Tree::Leaf("$user")),
        1 => "[a-z'é \t]{0,6}".prop_map(Tree::Text),
    ]
}

fn tree() -> impl Strategy<Value = Tree> {
    leaf().prop_recursive(4, 12, 3, |inner| {
        let two = || (inner.clone(), inner.clone()).prop_map(|(a, b)| Box::new([a, b]));
        let one = || inner.clone().prop_map(Box::new);
        let rounds = |from| prop::option::of(from..5_u32);
        prop_oneof![
            prop::collection::vec(inner.clone(), 1..4).prop_map(Tree::Cat),
            (digest_name(), any::<bool>(), one()).prop_map(|(name, raw, of)| Tree::Digest(name, raw, of)),
            (digest_name(), any::<bool>(), two()).prop_map(|(name, raw, both)| Tree::Hmac(name, raw, both)),
            (digest_name(), any::<bool>(), two(), rounds(1), 1..70_usize)
                .prop_map(|(name, raw, both, rounds, bytes)| Tree::Pbkdf2(name, raw, both, rounds, bytes)),
            (rounds(2), one(), digest_name(), any::<bool>(), two())
                .prop_map(|(rounds, first, name, raw, both)| Tree::Iterate(rounds, first, name, raw, both)),
            (one(), 0..9_usize, 1..40_usize).prop_map(|(of, from, length)| Tree::Substr(of, from, length)),
            (prop::sample::select(&CHANGES[..]), one()).prop_map(|(name, of)| Tree::Change(name, of)),
            (digest_name(), one())
                .prop_map(|(name, of)| Tree::Change("unhex", Box::new(Tree::Digest(name, false, of)))),
        ]
    })
}

/// Those that Okta may be able to compute, and their neighbours.
fn plain() -> impl Strategy<Value = Tree> {
    let part = prop_oneof![
        3 => Just(Tree::Leaf("$pass")),
        3 => leaf(),
        1 => Just(Tree::Digest("md5", false, Box::new(Tree::Leaf("$salt")))),
        1 => (prop::sample::select(&CHANGES[..]), leaf())
            .prop_map(|(name, of)| Tree::Change(name, Box::new(of))),
    ];
    let message = prop::collection::vec(part, 1..4).prop_map(Tree::Cat);
    prop_oneof![
        5 => (digest_name(), any::<bool>(), message.clone())
            .prop_map(|(name, raw, of)| Tree::Digest(name, raw, Box::new(of))),
        2 => (digest_name(), any::<bool>(), message.clone(), message.clone(), prop::option::of(4095..4098_u32), 1..70_usize)
            .prop_map(|(name, raw, password, salt, rounds, bytes)| {
                Tree::Pbkdf2(name, raw, Box::new([password, salt]), rounds, bytes)
            }),
        1 => (digest_name(), message, 0..3_usize, 8..70_usize).prop_map(|(name, of, from, length)| {
            Tree::Substr(Box::new(Tree::Digest(name, false, Box::new(of))), from, length)
        }),
    ]
}

/// How the stored value is written, of what the expression gives.
#[derive(Clone, Copy, Debug)]
enum Written {
    AsItIs,
    Hex,
    UpperHex,
    Base64,
}

/// A digest as stores write it: the bytes themselves are what hex digits stand for, or what came out.
fn write(value: Vec<u8>, hex: bool, written: Written) -> Vec<u8> {
    let bytes = if hex { hex::decode(&value).unwrap() } else { value };
    match written {
        Written::AsItIs => bytes,
        Written::Hex => hex::encode(bytes).into_bytes(),
        Written::UpperHex => hex::encode_upper(bytes).into_bytes(),
        Written::Base64 => encoding::to_base64(&bytes).into_bytes(),
    }
}

fn written() -> impl Strategy<Value = Written> {
    prop::sample::select(vec![Written::AsItIs, Written::Hex, Written::UpperHex, Written::Base64])
}

/// Okta's side, from the object alone.
fn okta(object: &serde_json::Value, password: &str) -> String {
    let field =
        |name: &str| object[name].as_str().map(|text| encoding::from_base64(text.as_bytes()).unwrap());
    let salt = field("salt").unwrap_or_default();
    let message = match object["saltOrder"].as_str() {
        Some("PREFIX") => [&salt, password.as_bytes()].concat(),
        Some("POSTFIX") => [password.as_bytes(), &salt].concat(),
        None => password.as_bytes().to_vec(),
        other => panic!("{other:?}"),
    };
    let value = match object["algorithm"].as_str().unwrap() {
        "MD5" => md5::Md5::digest(message).to_vec(),
        "SHA-1" => sha1::Sha1::digest(message).to_vec(),
        "SHA-256" => sha2::Sha256::digest(message).to_vec(),
        "SHA-512" => sha2::Sha512::digest(message).to_vec(),
        "PBKDF2" => {
            let number = |name: &str| u32::try_from(object[name].as_u64().unwrap()).unwrap();
            let (size, rounds) = (number("keySize") as usize, number("iterationCount"));
            match object["digestAlgorithm"].as_str().unwrap() {
                "SHA256_HMAC" => fast_pbkdf2::<Hmac<sha2::Sha256>>(password, &salt, rounds, size),
                "SHA512_HMAC" => fast_pbkdf2::<Hmac<sha2::Sha512>>(password, &salt, rounds, size),
                other => panic!("{other}"),
            }
        }
        other => panic!("{other}"),
    };
    encoding::to_base64(&value)
}

fn fast_pbkdf2<M: Mac + KeyInit + Clone>(password: &str, salt: &[u8], rounds: u32, size: usize) -> Vec<u8> {
    let mac = M::new_from_slice(password.as_bytes()).unwrap();
    let code = |message: &[u8]| mac.clone().chain_update(message).finalize().into_bytes().to_vec();
    let mut key = Vec::new();
    for block in 1_u32.. {
        if key.len() >= size {
            break;
        }
        let mut round = code(&[salt, &block.to_be_bytes()].concat());
        let mut sum = round.clone();
        for _ in 1..rounds {
            round = code(&round);
            sum.iter_mut().zip(&round).for_each(|(sum, byte)| *sum ^= byte);
        }
        key.extend(sum);
    }
    key.truncate(size);
    key
}

fn credential<'a>(row: &'a Row<'_>, stored: &'a [u8]) -> Credential<'a> {
    Credential {
        stored,
        salt: Some(row.salt),
        user: Some(row.user),
        rounds: Some(row.rounds),
        ..Credential::default()
    }
}

/// Larger than a parser takes, or not a matter of passwords.
fn is_bounded(text: &str, error: &SelectionError) -> bool {
    let bounds = ["at most", "deep", "begins behind the end", "there is no digest", "`$pass` is missing"];
    assert!(bounds.iter().any(|bound| error.message.contains(bound)), "{text}: {error}");
    true
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_program_gives_what_an_expression_says(
        inner in tree(),
        raw in any::<bool>(),
        cut in prop::option::of((0..12_usize, 12..40_usize)),
        turned in any::<bool>(),
        written in written(),
        pass in "[a-zA-Z é\u{301}\u{df}ﬁ\u{1f511}\u{0}]{0,20}",
        salt in prop::collection::vec(any::<u8>(), 0..12),
        rounds in 2..6_u32,
    ) {
        let whole = Tree::Digest("sha256", raw, Box::new(Tree::Cat(vec![inner, Tree::Leaf("$pass")])));
        let mut root = whole;
        if turned {
            root = Tree::Change("reverse", Box::new(root));
        }
        if let Some((from, length)) = cut {
            root = Tree::Substr(Box::new(root), from, length / 2 * 2);
        }
        let row = Row { pass: &pass, salt: &salt, user: "alice", rounds };
        let (text, value) = (root.text(), root.value(&row));
        let stored = write(value, !raw, written);
        let selection = Selection::parse(&text);
        prop_assume!(!selection.as_ref().is_err_and(|error| is_bounded(&text, error)));
        let printable = matches!(written, Written::AsItIs) && stored.iter().all(|b| b.is_ascii_graphic() || *b == b' ');
        match selection.unwrap().read(&credential(&row, &stored), &Limits::default()) {
            Ok(hash) => {
                let mut scratch = Scratch::default();
                for _ in 0..2 {
                    prop_assert_eq!(hash.verify(pass.as_bytes(), &mut scratch), Verdict::Match, "{}", text);
                    let wrong = format!("{pass}x");
                    prop_assert_eq!(hash.verify(wrong.as_bytes(), &mut scratch), Verdict::Mismatch, "{}", text);
                }
            }
            Err(error) => prop_assert!(printable, "{}: {}", text, error),
        }
    }

    #[test]
    fn what_okta_imports_is_what_okta_computes(
        root in plain(),
        written in written(),
        pass in "[a-zA-Z é\u{301}ﬁ]{1,20}",
        salt in prop::collection::vec(any::<u8>(), 0..12),
        rounds in 4095..4098_u32,
    ) {
        let row = Row { pass: &pass, salt: &salt, user: "alice", rounds };
        let text = root.text();
        let selection = Selection::parse(&text);
        prop_assume!(!selection.as_ref().is_err_and(|error| is_bounded(&text, error)));
        // Only PBKDF2 with Okta's digests is worth the time.
        prop_assume!(!matches!(root, Tree::Pbkdf2(name, ..) if !matches!(name, "sha256" | "sha512")));
        let (raw, slow) = match &root {
            Tree::Digest(_, raw, _) => (*raw, false),
            Tree::Pbkdf2(_, raw, ..) => (*raw, true),
            _ => (false, false),
        };
        let odd = matches!(&root, Tree::Substr(_, _, _)) && root.value(&row).len() % 2 == 1;
        prop_assume!(!odd);
        // Of a slow one the value is computed only where it counts.
        let selection = selection.unwrap();
        if slow {
            let size = match &root { Tree::Pbkdf2(_, _, _, _, bytes) => *bytes, _ => 0 };
            let any = vec![1; size];
            let read = selection.read(&credential(&row, &any), &Limits::default());
            prop_assume!(read.is_ok_and(|hash| hash.okta().is_ok()));
        }
        let stored = write(root.value(&row), !raw, written);
        if let Ok(hash) = selection.read(&credential(&row, &stored), &Limits::default())
            && let Ok(object) = hash.okta()
        {
            let object = serde_json::to_value(object).unwrap();
            prop_assert_eq!(okta(&object, &pass), object["value"].as_str().unwrap(), "{}", text);
            prop_assert!(!matches!(root, Tree::Substr(_, from, length) if from > 0 || length < 32), "{}", text);
        }
    }
}

/// The property above is not empty: these are imported, and their neighbours are not.
#[test]
fn okta_takes_what_it_can_compute_and_nothing_else() {
    let row = Row { pass: "p", salt: b"0a0b", user: "alice", rounds: 5000 };
    for (expression, len, expected) in [
        ("md5($pass)", 16, Some("MD5")),
        ("md5_bin($pass)", 16, Some("MD5")),
        ("upper(sha1($pass))", 20, Some("SHA-1")),
        ("base64(sha1_bin($salt.$pass))", 20, Some("SHA-1, PREFIX")),
        ("sha256($salt.$pass)", 32, Some("SHA-256, PREFIX")),
        ("sha256(unhex($salt).$pass)", 32, Some("SHA-256, PREFIX")),
        ("sha512($pass.$salt)", 64, Some("SHA-512, POSTFIX")),
        ("sha512($pass.('x'.$salt).sha1($user))", 64, Some("SHA-512, POSTFIX")),
        ("sha512(''.$pass.'x')", 64, Some("SHA-512, POSTFIX")),
        ("pbkdf2_sha256($pass,$salt,4096,20)", 20, Some("PBKDF2, 4096 rounds")),
        ("pbkdf2_sha512_bin($pass,'x'.$salt,$rounds,64)", 64, Some("PBKDF2, 5000 rounds")),
        ("pbkdf2_sha512($pass,'',4096,64)", 64, None),
        ("pbkdf2_sha256($pass,$salt,4095,20)", 20, None),
        ("pbkdf2_sha256(nfkc($pass),$salt,4096,20)", 20, None),
        ("sha256(nfc($pass))", 32, None),
        ("sha256(trim($pass))", 32, None),
        ("sha256(latin1($pass).$salt)", 32, None),
        ("sha256(utf16le($pass))", 32, None),
        ("sha256(lower($pass))", 32, None),
        ("sha256(substr($pass,0,1024))", 32, None),
        ("substr(sha512($pass),0,64)", 32, None),
        ("substr(sha256($pass),0,64)", 32, None),
        ("reverse(sha256($pass))", 32, None),
        ("sha512_256($pass)", 32, None),
        ("sha3_256($pass)", 32, None),
        ("iterate(2,sha1($pass),sha1($_))", 20, None),
        ("scrypt($pass,$salt,16,1,1,32)", 32, None),
        ("sha1($pass).sha1($salt)", 40, None),
    ] {
        let stored = vec![1; len];
        let hash = Selection::parse(expression).unwrap();
        let hash = hash.read(&credential(&row, &stored), &Limits::default()).unwrap();
        let found = hash.okta();
        assert_eq!(
            found.as_ref().ok().map(OktaHash::description).as_deref(),
            expected,
            "{expression}: {found:?}"
        );
    }
}
