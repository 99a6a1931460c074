//! The demonstration's sign-ins: everybody with a wrong password, with the right one, and with the right one again.

use std::time::{Duration, Instant};

use anyhow::Context as _;
use serde::Serialize;
use serde_json::json;

use super::migration::Migration;
use super::seed::Seeding;
use crate::demo::store::Person;

/// What the org answered to one attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Answer {
    /// 200: signed in.
    SignedIn,
    /// 401: refused.
    Refused,
    /// Anything else.
    Broken,
}

/// One attempt.
#[derive(Clone, Copy, Debug, Serialize)]
pub(super) struct Attempt {
    pub(super) answer: Answer,
    /// Calls of the hook that it made.
    pub(super) hook_calls: u32,
    pub(super) micros: u64,
}

/// A person's three attempts.
#[derive(Clone, Copy, Debug, Serialize)]
pub(super) struct Attempts {
    pub(super) wrong: Attempt,
    pub(super) first: Attempt,
    pub(super) second: Attempt,
}

/// All attempts, in the order of the people.
#[derive(Debug)]
pub(super) struct SignedIn {
    /// Of those who were created.
    pub(super) attempts: Vec<Option<Attempts>>,
    /// Of those who were not: one attempt with the right password, which must not open anything.
    pub(super) strangers: Vec<Option<Attempt>>,
}

impl SignedIn {
    /// All calls of the hook.
    pub(super) fn hook_calls(&self) -> u32 {
        let of_users =
            self.attempts.iter().flatten().flat_map(|three| [three.wrong, three.first, three.second]);
        of_users.chain(self.strangers.iter().flatten().copied()).map(|attempt| attempt.hook_calls).sum()
    }
}

/// Everybody tries; one after the other, so that the times are those of one sign-in.
pub(super) async fn run(migration: &Migration, seeding: &Seeding) -> anyhow::Result<SignedIn> {
    let people = &migration.people;
    let mut wrong = Vec::new();
    let mut first = Vec::new();
    let mut second = Vec::new();
    for (round, attempts) in [&mut wrong, &mut first, &mut second].into_iter().enumerate() {
        for person in people {
            // One character short: what a check of the beginning alone would let in.
            let mut password = person.password.to_owned();
            if round == 0 {
                password.pop();
            }
            let created = seeding.created.contains_key(person.login);
            attempts.push(if created { Some(attempt(migration, person, &password).await?) } else { None });
        }
    }
    let mut strangers = Vec::new();
    for person in people {
        let created = seeding.created.contains_key(person.login);
        let once = if created { None } else { Some(attempt(migration, person, person.password).await?) };
        strangers.push(once);
    }
    let three = wrong.into_iter().zip(first).zip(second);
    let attempts = three
        .map(|((wrong, first), second)| Some(Attempts { wrong: wrong?, first: first?, second: second? }))
        .collect();
    Ok(SignedIn { attempts, strangers })
}

async fn attempt(migration: &Migration, person: &Person, password: &str) -> anyhow::Result<Attempt> {
    let calls = || migration.org.hook_calls(person.login).unwrap_or_default();
    let before = calls();
    let start = Instant::now();
    let response = migration
        .client
        .post(format!("{}/api/v1/authn", migration.org_url))
        .json(&json!({ "username": person.typed, "password": password }))
        // Longer than two calls of the hook may take.
        .timeout(Duration::from_secs(30))
        .send()
        .await
        .context("the org does not answer")?;
    let micros = u64::try_from(start.elapsed().as_micros()).unwrap_or(u64::MAX);
    let answer = match response.status().as_u16() {
        200 => Answer::SignedIn,
        401 => Answer::Refused,
        _ => Answer::Broken,
    };
    Ok(Attempt { answer, hook_calls: calls() - before, micros })
}
