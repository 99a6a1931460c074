//! The program itself over all vectors, and hashcat's modes by their numbers, as an admin would have them verified:
//! `keyferry verify --batch`.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that cannot go on shall fail")]

use std::collections::BTreeSet;
use std::io::Write;
use std::process::{Command, Stdio};

use keyferry::schemes::{Entry, entries, find};
use serde_json::{Value, json};

use crate::vectors::{ANY_LENGTH, Expect, Vector, vectors};

/// How many of hashcat's modes are verified, at the least.
const MODES: usize = 100;

/// One line of the batch, and what may come of it.
struct Case {
    line: Value,
    about: String,
    outcomes: &'static [&'static str],
}

#[test]
fn the_program_verifies_every_vector() {
    let vectors = vectors();
    let cases: Vec<Case> = vectors.iter().flat_map(cases).collect();
    let answers = batch(&cases);
    assert_eq!(answers.len(), cases.len());
    let mut modes = BTreeSet::new();
    for (case, answer) in cases.iter().zip(&answers) {
        let outcome = answer["outcome"].as_str().unwrap();
        assert!(case.outcomes.contains(&outcome), "{}: {answer}", case.about);
        assert_eq!(outcome == "verified" || outcome == "rejected", answer["okta"].is_object(), "{answer}");
        if outcome == "verified"
            && let Some(mode) = case.line["scheme"].as_str().unwrap().strip_prefix("hashcat:")
        {
            modes.insert(mode.to_owned());
        }
    }
    assert!(modes.len() >= MODES, "of hashcat's modes {} were verified, {MODES} are wanted", modes.len());
}

/// The right password, one that is a character off, and the value damaged.
fn cases(vector: &Vector) -> Vec<Case> {
    let case = |what: &str, stored: &str, password: &str, outcomes| Case {
        line: json!({"scheme": vector.scheme, "stored": stored, "salt": vector.salt, "salt2": vector.salt2,
                     "username": vector.user, "email": vector.email, "pepper": vector.pepper, "password": password}),
        about: format!("{}: {what}: {stored}", vector.scheme),
        outcomes,
    };
    let (stored, password) = (&vector.stored, &vector.password);
    match vector.expect {
        Expect::Unreadable => return vec![case("unreadable", stored, "x", &["unreadable"])],
        Expect::TooCostly => return vec![case("too costly", stored, "x", &["too_costly"])],
        Expect::Verified => {}
    }
    let mut cases = vec![
        case("the password", stored, password, &["verified"]),
        case("another password", stored, vector.wrong.as_deref().unwrap(), &["rejected"]),
    ];
    if let Some(damaged) = damaged(vector) {
        let any = find(&vector.scheme).is_some_and(|entry| ANY_LENGTH.contains(&entry.name));
        let outcomes: &[_] = if any { &["unreadable", "rejected"] } else { &["unreadable"] };
        cases.push(case("damaged", &damaged, password, outcomes));
    }
    cases
}

/// The value with a character of its digest lost; `None` where that cannot be told from another value.
fn damaged(vector: &Vector) -> Option<String> {
    let stored = &vector.stored;
    let end = || stored.char_indices().last().map(|(at, _)| stored[..at].to_owned());
    if let Some(entry) = find(&vector.scheme).filter(|_| vector.scheme.starts_with("hashcat:")) {
        // An expression's digest that stands first is followed by a salt, which may have any length.
        return if hashcat_layout(entry).starts_with("{digest}:") {
            Some(stored.chars().skip(1).collect())
        } else {
            end()
        };
    }
    if vector.describes_itself() { end() } else { None }
}

fn hashcat_layout(entry: &Entry) -> &'static str {
    if entry.expression().is_none() || entry.hashcat_layout.is_empty() {
        entry.layout
    } else {
        entry.hashcat_layout
    }
}

fn batch(cases: &[Case]) -> Vec<Value> {
    let mut child = Command::new(env!("CARGO_BIN_EXE_keyferry"))
        .args(["verify", "--batch", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = child.stdin.take().unwrap();
    let lines: String = cases.iter().map(|case| format!("{}\n", case.line)).collect();
    let writer = std::thread::spawn(move || input.write_all(lines.as_bytes()).unwrap());
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn hashcats_numbers_are_those_of_the_registry() {
    for entry in entries() {
        for mode in entry.hashcat {
            let found = find(&format!("hashcat:{mode}")).unwrap();
            assert_eq!(found.name, entry.name);
        }
    }
}
