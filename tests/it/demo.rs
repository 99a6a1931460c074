//! The demo as a newcomer runs it: the binary, in an empty folder, with nothing in the environment.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on must fail")]

use std::process::{Command, Output};

fn demo(arguments: &[&str]) -> Output {
    let folder = tempfile::tempdir().unwrap();
    Command::new(env!("CARGO_BIN_EXE_keyferry"))
        .arg("demo")
        .args(arguments)
        .current_dir(folder.path())
        .env_clear()
        .env("TMPDIR", folder.path())
        .output()
        .unwrap()
}

#[test]
fn the_demo_ends_well_and_tells_what_happened() {
    let output = demo(&[]);
    let text = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(0), "{text}{}", String::from_utf8_lossy(&output.stderr));
    assert!(output.stderr.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
    let has = |parts: &[&str]| {
        assert!(
            text.lines().any(|line| parts.iter().all(|part| line.contains(part))),
            "{parts:?} in\n{text}"
        );
    };
    has(&["Survey: 33 accounts"]);
    has(&["30 users created", "20 with a hash", "10 for the hook"]);
    has(&["shop 27 (ewa.nowicka@example.com): inactive"]);
    has(&["shop 28 (harold.pemberton@example.com): unreadable hash"]);
    has(&["Merged: 1 row of a later source"]);
    has(&["Jürgen Weiß", "bcrypt $2b$", "hash", "refused", "signed in", "0+0+0"]);
    has(&["Haruka Tanaka", "argon2id", "hook", "refused", "signed in", "1+1+0"]);
    has(&["30 of 33 people signed in to Okta with the password they always had"]);
    has(&["called 20 times: 10 for a wrong", "10 for a first right", "0 for a second"]);
    has(&["confirms 10 imported passwords", "10 verified, 10 rejected"]);
    // Nothing of a stored value or a password.
    for secret in ["$argon2id$v=19", "$2b$10$", "winter is mild", "pbkdf2_sha256$"] {
        assert!(!text.contains(secret), "{secret}");
    }
}

#[test]
fn with_json_it_prints_one_document() {
    let output = demo(&["--json"]);
    assert_eq!(output.status.code(), Some(0));
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(report["problems"], serde_json::json!([]));
    assert_eq!(report["hook_calls"], 20);
    let people = report["people"].as_array().unwrap();
    assert_eq!(people.len(), 33);
    let again = people.iter().filter(|person| person["second"]["answer"] == "signed_in").count();
    assert_eq!(again, 30);
    assert!(people.iter().all(|person| person["second"]["hook_calls"].as_u64().unwrap_or(0) == 0));
}
