//! `keyferry guess`, from the outside. The values are hashcat's own examples, or made by the command beside them.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on shall fail")]

use serde_json::Value;

use crate::verify_cli::keyferry;

/// Exit code, standard output, standard error.
fn guess(arguments: &[&str], password: &str) -> (i32, String, String) {
    keyferry(&[&["guess", "--password-stdin"], arguments].concat(), password)
}

/// The schemes that were found.
fn found(arguments: &[&str], password: &str) -> Vec<String> {
    let (code, out, err) = guess(&[arguments, &["--json"]].concat(), password);
    let report: Value = serde_json::from_str(&out).unwrap_or_else(|_| panic!("{arguments:?}: {out}{err}"));
    let found: Vec<String> = report["found"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["scheme"].as_str().unwrap().into())
        .collect();
    assert_eq!(code, i32::from(found.is_empty()), "{found:?}");
    found
}

#[test]
fn a_column_that_nobody_documented_is_named_in_hashcats_notation() {
    // hashcat's mode 2611; vBulletin's users know it by its name.
    let arguments = ["--stored", "28f9975808ae2bdc5847b1cda26033ea", "--salt", "308"];
    let (code, out, err) = guess(&arguments, "hashcat");
    assert_eq!(code, 0, "{err}");
    for part in ["vbulletin", "md5(md5($pass).$salt)", "2611", "asks the hook"] {
        assert!(out.contains(part), "{part}: {out}");
    }
    assert!(err.contains("schemes tried in"), "{err}");
    assert!(!out.contains("28f99758") && !err.contains("28f99758"), "the value is shown");
    // Without a salt there is little to try.
    assert_eq!(found(&arguments[..2], "hashcay"), [""; 0]);
}

#[test]
fn constructions_that_nobody_lists_are_found_too() {
    // printf '%s' 'Tr0ub4dor&3' | md5sum, then sha1sum of "42-" and that: echo -n "42-$md5" | sha1sum
    let arguments = ["--stored", "66aa75bc3b1fd182675e314e9af6f61711b4e525", "--salt", "42"];
    assert_eq!(found(&arguments, "Tr0ub4dor&3"), ["sha1($salt.'-'.md5($pass))"]);
}

#[test]
fn a_password_comes_from_standard_input_alone() {
    let (code, _, err) = guess(&[], "x");
    assert_eq!(code, 1, "{err}");
    assert!(err.contains("--stored"), "{err}");
    let (code, _, err) = keyferry(&["guess", "--stored", "x"], "");
    assert_eq!(code, 1);
    assert!(err.contains("--password-stdin"), "{err}");
}
