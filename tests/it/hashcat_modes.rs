//! The program itself over all vectors, and hashcat's modes by their numbers, as an admin would have them verified:
//! `keyferry verify --batch`.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on shall fail")]

use std::collections::BTreeSet;
use std::io::Write;
use std::process::{Command, Stdio};

use keyferry::schemes::{Entry, entries, find};
use serde_json::{Value, json};

use crate::vectors::{ANY_LENGTH, Expect, Vector, vectors};

/// How many of hashcat's modes are verified, at the least.
const MODES: usize = 209;

/// Above this, one vector of a scheme is enough to see that another password is rejected, in microseconds.
const COSTLY: u64 = 20_000;

/// One line of the batch, and what may come of it.
struct Case<'a> {
    vector: &'a Vector,
    stored: String,
    password: &'a str,
    outcomes: &'static [&'static str],
}

#[test]
fn the_program_verifies_every_vector() {
    let vectors = vectors();
    let cases: Vec<Case<'_>> = vectors.iter().flat_map(cases).collect();
    let answers = batch(&cases);
    let mut modes = BTreeSet::new();
    let mut costly = BTreeSet::new();
    let mut others = Vec::new();
    for (case, answer) in cases.iter().zip(&answers) {
        let Vector { scheme, stored, wrong, .. } = case.vector;
        if answer["outcome"] != "verified" {
            continue;
        }
        modes.extend(scheme.strip_prefix("hashcat:"));
        if answer["micros"].as_u64().unwrap() < COSTLY || costly.insert(scheme) {
            let wrong = wrong.as_deref().unwrap();
            others.push(Case { stored: stored.clone(), password: wrong, outcomes: &["rejected"], ..*case });
        }
    }
    batch(&others);
    assert!(modes.len() >= MODES, "of hashcat's modes {} were verified, {MODES} are wanted", modes.len());
}

/// The value with its password, and damaged.
fn cases(vector: &Vector) -> Vec<Case<'_>> {
    let case =
        |stored: &str, outcomes| Case { vector, stored: stored.into(), password: &vector.password, outcomes };
    match vector.expect {
        Expect::Unreadable => return vec![case(&vector.stored, &["unreadable"])],
        Expect::TooCostly => return vec![case(&vector.stored, &["too_costly"])],
        Expect::Verified => {}
    }
    let mut cases = vec![case(&vector.stored, &["verified"])];
    if let Some(damaged) = damaged(vector) {
        let any = vector.may_have_any_length()
            || find(&vector.scheme).is_some_and(|entry| ANY_LENGTH.contains(&entry.name));
        cases.push(case(&damaged, if any { &["unreadable", "rejected"] } else { &["unreadable"] }));
    }
    cases
}

/// The value with a character of its digest lost; `None` where that cannot be told from another value.
fn damaged(vector: &Vector) -> Option<String> {
    let stored = &vector.stored;
    // Base64 without its padding may be the same bytes.
    let bare = stored.trim_end_matches('=');
    let end = || bare.char_indices().last().map(|(at, _)| bare[..at].to_owned());
    if let Some(entry) = find(&vector.scheme).filter(|_| vector.scheme.starts_with("hashcat:")) {
        // Behind the digest there may be a salt or a name, which may have any length.
        let before = hashcat_layout(entry).split_once("{digest}").map_or("", |(before, _)| before);
        let at = if before.contains('{') { 0 } else { before.len() };
        let digest = stored.get(at..).and_then(|rest| rest.split_once(':')).map_or("", |(digest, _)| digest);
        let written = |byte: u8| byte.is_ascii_alphanumeric() || b"+/.=".contains(&byte);
        if digest.len() >= 16 && digest.bytes().all(written) {
            return Some(format!("{}{}", &stored[..at], &stored[at + 1..]));
        }
        return end();
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

/// Runs all and holds each answer to what is expected.
fn batch(cases: &[Case<'_>]) -> Vec<Value> {
    let mut child = Command::new(env!("CARGO_BIN_EXE_keyferry"))
        .args(["verify", "--batch", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null()) // the summary for people
        .spawn()
        .unwrap();
    let mut input = child.stdin.take().unwrap();
    let lines: Vec<String> = cases.iter().map(|case| case.line().to_string()).collect();
    let writer = std::thread::spawn(move || input.write_all(lines.join("\n").as_bytes()).unwrap());
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let answers: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(answers.len(), cases.len());
    let mut failures = Vec::new();
    for (case, answer) in cases.iter().zip(&answers) {
        let outcome = answer["outcome"].as_str().unwrap();
        let read = outcome == "verified" || outcome == "rejected";
        if !case.outcomes.contains(&outcome) || read != answer["okta"].is_object() {
            failures.push(format!("{}: {answer}", case.line()));
        }
    }
    assert!(failures.is_empty(), "{failures:#?}");
    answers
}

impl Case<'_> {
    fn line(&self) -> Value {
        let Vector { scheme, salt, salt2, user, email, pepper, .. } = self.vector;
        json!({"scheme": scheme, "stored": self.stored, "salt": salt, "salt2": salt2, "username": user,
               "email": email, "pepper": pepper, "password": self.password})
    }
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
