//! Nothing that a store or an admin may write takes the schemes down.

#![expect(clippy::indexing_slicing, reason = "a test that cannot go on shall fail")]

use keyferry::schemes::{Credential, Limits, Selection, entries, explain};
use proptest::prelude::*;

/// Texts that look like expressions more often than chance would have it.
fn expression() -> impl Strategy<Value = String> {
    let token = prop_oneof![
        Just("$pass"),
        Just("$salt"),
        Just("$_"),
        Just("$"),
        Just("md5("),
        Just("sha1_bin("),
        Just("iterate("),
        Just("pbkdf2_sha256("),
        Just("bcrypt("),
        Just("auto("),
        Just("unhex("),
        Just("substr("),
        Just("scrypt("),
        Just("hmac_sha3_224("),
        Just("nfkc("),
        Just("latin1("),
        Just("$rounds"),
        Just(" in '"),
        Just("{digest}"),
        Just("{rounds}"),
        Just("hex({salt}"),
        Just(")"),
        Just("("),
        Just("."),
        Just(","),
        Just("'"),
        Just("'é'"),
        Just("1000"),
        Just("4294967296"),
        Just("0"),
        Just(" "),
        Just("hashcat:"),
    ];
    prop::collection::vec(token, 0..24).prop_map(|tokens| tokens.concat())
}

/// Values that begin as known ones do.
fn stored() -> impl Strategy<Value = Vec<u8>> {
    let prefixes: Vec<&'static str> = entries().iter().flat_map(|entry| entry.prefixes).copied().collect();
    let examples: Vec<&'static str> = entries().iter().map(|entry| entry.example.stored).collect();
    prop_oneof![
        prop::collection::vec(any::<u8>(), 0..200),
        (prop::sample::select(prefixes), prop::collection::vec(any::<u8>(), 0..100))
            .prop_map(|(prefix, rest)| [prefix.as_bytes(), &rest].concat()),
        (prop::sample::select(examples.clone()), "[$,=:{}0-9a-zA-Z./+]{0,40}", any::<prop::sample::Index>())
            .prop_map(|(example, rest, at)| {
                let (start, end) = example.split_at(at.index(example.len() + 1));
                format!("{start}{rest}{end}").into_bytes()
            }),
        (prop::sample::select(examples), any::<prop::sample::Index>(), any::<u8>()).prop_map(
            |(example, at, byte)| {
                let mut value = example.as_bytes().to_vec();
                let at = at.index(value.len());
                value[at] = byte;
                value
            }
        ),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_text_panics_the_parser(text in "\\PC{0,80}") {
        let _ = Selection::parse(&text);
        let _ = explain(&text);
    }

    #[test]
    fn no_expression_panics_parser_or_reader(text in expression(), value in stored(), salt in any::<Option<Vec<u8>>>()) {
        match Selection::parse(&text) {
            Err(error) => prop_assert!((1..=text.chars().count() + 1).contains(&error.column), "{text}: {error:?}"),
            Ok(selection) => {
                let credential = Credential { stored: &value, salt: salt.as_deref(), ..Credential::default() };
                if let Ok(hash) = selection.read(&credential, &tight()) {
                    let _ = (hash.cost(), hash.okta(), hash.parameters(), hash.scheme());
                }
            }
        }
        let _ = explain(&text);
    }

    #[test]
    fn no_layout_panics_parser_or_reader(
        pieces in prop::collection::vec(prop::sample::select(PIECES), 0..8),
        value in "[$,=:{}0-9a-fA-F./+|]{0,60}",
    ) {
        let text = format!("iterate($rounds,md5($pass.$salt),md5($_)) in '{}'", pieces.concat());
        match Selection::parse(&text) {
            Err(error) => prop_assert!((1..=text.chars().count() + 1).contains(&error.column), "{text}: {error:?}"),
            Ok(selection) => {
                let credential = Credential { stored: value.as_bytes(), ..Credential::default() };
                let _ = selection.read(&credential, &tight()).map(|hash| hash.cost());
            }
        }
    }

    #[test]
    fn no_value_panics_a_reader(value in stored(), scheme in prop::sample::select(names())) {
        let credential = Credential { stored: &value, ..Credential::default() };
        for selection in [Selection::auto(), Selection::parse(scheme).unwrap()] {
            match selection.read(&credential, &tight()) {
                Ok(hash) => {
                    let _ = (hash.cost(), hash.okta(), hash.parameters(), hash.scheme());
                }
                // No reason shows any of the value, whose end is not what its prefix would be.
                Err(error) => {
                    let message = error.to_string();
                    let end = value.len().checked_sub(12).filter(|&at| at >= 12).map(|at| &value[at..]);
                    let shown = end
                        .and_then(|end| std::str::from_utf8(end).ok())
                        // What a layout says of every value is no secret of this one.
                        .filter(|end| !entries().iter().any(|entry| entry.layout.contains(end)))
                        .is_some_and(|end| message.contains(end));
                    prop_assert!(!shown, "{message}");
                }
            }
        }
    }
}

const PIECES: &[&str] = &[
    "{digest}",
    "{digest:16}",
    "{digest:32}",
    "{salt}",
    "{salt:2}",
    "{rounds}",
    "{user}",
    ":",
    "$",
    "{",
    "}",
    "{x}",
    "é",
    "''",
    "hex(",
    "base64(",
    "b64(",
    ")",
    "{salt:0}",
    "{salt:",
    "|",
];

fn names() -> Vec<&'static str> {
    entries().iter().map(|entry| entry.name).collect()
}

/// Small bounds: what is read is not run here, but `known` parts are computed while reading.
fn tight() -> Limits {
    Limits { rounds: 10_000, ..Limits::default() }
}
