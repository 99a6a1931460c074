//! The survey: which formats a store holds, what Okta does with each, and what cannot be read.
//!
//! Rows stream by; counts stay, with one readable value per group to measure, and the ids of the first unreadable
//! rows of each reason. All of it is bounded, whatever the store holds.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use super::sink::file::{self, Destination, WriteError};
use super::sink::rejects;
use super::walk::{Walk, WalkError};
use crate::credential::Reader;
use crate::schemes::{Hash, ReadError, Scratch, Verdict};
use crate::sources::{CredentialSource, Record, Row};

/// Groups that are told apart; the users of further ones are counted under `other`.
pub const GROUPS: usize = 1000;

/// Reasons for unreadable rows that are told apart, and rows that are named for each.
pub const REASONS: usize = 100;
/// See [`REASONS`].
pub const NAMED_ROWS: usize = 100;

/// The longest id that is kept, in characters.
const ID_LENGTH: usize = 200;

const OTHER: &str = "other";

/// A store with the reader of its values.
pub struct Surveyed {
    /// The store.
    pub source: Arc<dyn CredentialSource>,
    /// Reads its values.
    pub reader: Arc<Reader>,
}

/// What was found.
#[derive(Debug, Default)]
pub struct Survey {
    /// Rows read.
    pub rows: u64,
    /// Rows by source, in the order of the sources.
    pub by_source: Vec<(Arc<str>, u64)>,
    /// Rows of users who may sign in.
    pub active: u64,
    /// Rows without a stored value.
    pub no_stored_value: u64,
    /// What can be verified, by scheme, parameters and what Okta does with it.
    pub groups: HashMap<GroupKey, Group>,
    /// What cannot.
    pub unreadable: Vec<Unreadable>,
}

/// What users of one group have in common.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct GroupKey {
    /// The scheme's name.
    pub scheme: Arc<str>,
    /// Its parameters, as the scheme words them.
    pub parameters: String,
    /// What Okta does with it.
    pub okta: Importable,
}

/// What Okta does with the values of a group.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Importable {
    /// Imports them by this algorithm.
    Hash(&'static str),
    /// Cannot, for this reason; the hook verifies them.
    Hook(Cow<'static, str>),
}

/// The users of a group.
#[derive(Debug, Default)]
pub struct Group {
    /// How many.
    pub users: u64,
    /// Of these, who may sign in.
    pub active: u64,
    /// The first value, to measure; none for `other`.
    pub sample: Option<Hash>,
}

/// Rows that are unreadable for one reason.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unreadable {
    /// The reason.
    pub reason: String,
    /// How many.
    pub rows: u64,
    /// Source and id of the first of them; at most [`NAMED_ROWS`].
    pub named: Vec<(Arc<str>, Option<String>)>,
}

/// Why a survey could not be made.
#[derive(Debug, thiserror::Error)]
pub enum SurveyError {
    /// A store failed, or the program.
    #[error(transparent)]
    Walk(#[from] WalkError),
    /// The file of unreadable rows could not be written.
    #[error(transparent)]
    Write(#[from] WriteError),
}

/// Reads all rows. Unreadable ones are also written to `unreadable`, each of them, where that is given.
/// `progress` sees the number of rows so far after each batch.
pub async fn run(
    sources: Vec<Surveyed>,
    filter: Option<String>,
    unreadable: Option<Destination>,
    mut progress: impl FnMut(u64),
) -> Result<Survey, SurveyError> {
    let (mut output, name) = match unreadable.as_ref().map(file::create).transpose()? {
        Some((output, name)) => (Some(output), name),
        None => (None, None),
    };
    if let Some(output) = &mut output {
        output.write(rejects::HEADER.as_bytes())?;
    }
    let mut survey = Survey {
        by_source: sources.iter().map(|surveyed| (Arc::clone(surveyed.source.name()), 0)).collect(),
        ..Survey::default()
    };
    let stores = sources.iter().map(|surveyed| Arc::clone(&surveyed.source)).collect();
    let listed = output.is_some();
    let mut walk = Walk::start(stores, filter, move |source, rows| {
        let mut part = Survey::default();
        let mut list = Vec::new();
        if let Some(surveyed) = sources.get(source) {
            for row in rows.iter() {
                part.add(surveyed, row, listed.then_some(&mut list));
            }
        }
        (source, part, list)
    });
    while let Some(part) = walk.next().await {
        let (source, part, list) = part?;
        if let Some((_, rows)) = survey.by_source.get_mut(source) {
            *rows += part.rows;
        }
        survey.merge(part);
        if let Some(output) = &mut output {
            output.write(&list)?;
        }
        progress(survey.rows);
    }
    if let Some(output) = output {
        output.finish()?;
    }
    if let Some(name) = name {
        name.publish()?;
    }
    Ok(survey)
}

impl Survey {
    /// Rows that cannot be used although they hold something.
    pub fn unreadable_rows(&self) -> u64 {
        self.unreadable.iter().map(|reason| reason.rows).sum()
    }

    /// Users whom Okta can import by hash.
    pub fn by_hash(&self) -> u64 {
        let by_hash = |key: &GroupKey| matches!(key.okta, Importable::Hash(_));
        self.groups.iter().filter(|(key, _)| by_hash(key)).map(|(_, group)| group.users).sum()
    }

    /// Users for the hook.
    pub fn by_hook(&self) -> u64 {
        self.groups.values().map(|group| group.users).sum::<u64>() - self.by_hash()
    }

    fn add(&mut self, surveyed: &Surveyed, row: Row<'_>, list: Option<&mut Vec<u8>>) {
        self.rows += 1;
        let source = surveyed.source.name();
        let (id, login, reason) = match row {
            Ok(record) => match self.add_record(&surveyed.reader, record) {
                Ok(()) => return,
                Err(reason) => (Some(record.id()), record.login(), reason),
            },
            Err(bad) => (bad.id.as_deref(), None, format!("unreadable row: {}", bad.why)),
        };
        if let Some(list) = list {
            rejects::append(list, source, id, login, &reason);
        }
        let id = id.map(|id| id.chars().take(ID_LENGTH).collect());
        self.add_unreadable(Unreadable { reason, rows: 1, named: vec![(Arc::clone(source), id)] });
    }

    fn add_record(&mut self, reader: &Reader, record: Record<'_>) -> Result<(), String> {
        self.active += u64::from(record.active());
        if record.stored().is_none() {
            self.no_stored_value += 1;
            return Ok(());
        }
        let hash = reader.read(record).map_err(|error| match error {
            ReadError::Unreadable(unreadable) => unreadable.why,
            ReadError::TooCostly(costly) => format!("too costly: {}", costly.why),
        })?;
        let okta = match hash.okta() {
            Ok(object) => Importable::Hash(object.algorithm()),
            Err(reason) => Importable::Hook(reason.0),
        };
        let key = GroupKey { scheme: hash.scheme(), parameters: hash.parameters(), okta };
        self.add_group(key, Group { users: 1, active: u64::from(record.active()), sample: Some(hash) });
        Ok(())
    }

    fn add_group(&mut self, key: GroupKey, group: Group) {
        if let Some(known) = self.groups.get_mut(&key) {
            known.users += group.users;
            known.active += group.active;
            return;
        }
        if self.groups.len() < GROUPS || &*key.scheme == OTHER {
            self.groups.insert(key, group);
            return;
        }
        let okta = match key.okta {
            Importable::Hash(_) => Importable::Hash("several"),
            Importable::Hook(_) => Importable::Hook("several reasons".into()),
        };
        let other = GroupKey { scheme: Arc::from(OTHER), parameters: String::new(), okta };
        self.add_group(other, Group { sample: None, ..group });
    }

    fn add_unreadable(&mut self, more: Unreadable) {
        let known = self.unreadable.iter().position(|reason| reason.reason == more.reason);
        let full = self.unreadable.len() >= REASONS;
        let other = || self.unreadable.iter().position(|reason| reason.reason == OTHER);
        let place = known.or_else(|| other().filter(|_| full));
        match place.and_then(|place| self.unreadable.get_mut(place)) {
            Some(reason) => {
                reason.rows += more.rows;
                let room = NAMED_ROWS.saturating_sub(reason.named.len());
                reason.named.extend(more.named.into_iter().take(room));
            }
            None if full => self.unreadable.push(Unreadable { reason: OTHER.into(), ..more }),
            None => self.unreadable.push(more),
        }
    }

    fn merge(&mut self, part: Self) {
        self.rows += part.rows;
        self.active += part.active;
        self.no_stored_value += part.no_stored_value;
        for (key, group) in part.groups {
            self.add_group(key, group);
        }
        for unreadable in part.unreadable {
            self.add_unreadable(unreadable);
        }
    }
}

/// How long one verification takes here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Measured {
    /// The time.
    pub time: Duration,
    /// Whether it was measured; else it is the scheme's own estimate.
    pub measured: bool,
}

/// Beyond this, one run must do; below, the median of three.
const QUICK: Duration = Duration::from_millis(500);

/// Measures one verification of each value against a password that is not its own, until `budget` is spent; the rest
/// is estimated. `now` is a clock that only goes forward. Takes the processor: for a blocking thread.
pub fn measure<'a>(
    values: impl IntoIterator<Item = &'a Hash>,
    wrong_password: &[u8],
    budget: Duration,
    now: impl Fn() -> Duration,
) -> Vec<Measured> {
    let start = now();
    let once = |hash: &Hash, scratch: &mut Scratch| {
        let before = now();
        let verdict = hash.verify(wrong_password, scratch);
        let time = now().saturating_sub(before);
        // The verdict is used, so that no compiler takes the work for idle.
        if verdict == Verdict::Match { Duration::ZERO } else { time }
    };
    values
        .into_iter()
        .map(|hash| {
            let estimate = Duration::from_micros(hash.cost().micros);
            if now().saturating_sub(start).saturating_add(estimate) > budget {
                return Measured { time: estimate, measured: false };
            }
            // One for each group, so that the largest memory of one scheme does not add to that of the next.
            let mut scratch = Scratch::default();
            let first = once(hash, &mut scratch);
            let time = if first > QUICK {
                first
            } else {
                let mut times = [first, once(hash, &mut scratch), once(hash, &mut scratch)];
                times.sort_unstable();
                let [_, median, _] = times;
                median
            };
            Measured { time, measured: true }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::super::testing::{MemorySource, person};
    use super::*;
    use crate::schemes::{Limits, Selection};
    use crate::sources::{BadRow, Found};

    fn key(number: usize, okta: Importable) -> GroupKey {
        GroupKey { scheme: "pbkdf2".into(), parameters: format!("{number} rounds"), okta }
    }

    fn one() -> Group {
        Group { users: 1, active: 1, sample: None }
    }

    #[test]
    fn a_store_of_many_parameters_makes_a_bounded_survey() {
        let mut survey = Survey::default();
        for number in 0..3 * GROUPS {
            let okta =
                if number % 2 == 0 { Importable::Hash("PBKDF2") } else { Importable::Hook("x".into()) };
            survey.add_group(key(number, okta), one());
        }
        assert_eq!(survey.groups.len(), GROUPS + 2, "one more for each route");
        assert_eq!((survey.by_hash(), survey.by_hook()), (3 * GROUPS as u64 / 2, 3 * GROUPS as u64 / 2));
        let mut sum = Survey::default();
        for _ in 0..2 {
            let mut part = Survey::default();
            for number in 0..2 * GROUPS {
                part.add_group(key(number, Importable::Hash("PBKDF2")), one());
            }
            sum.merge(part);
        }
        assert_eq!(sum.by_hash(), 4 * GROUPS as u64);
        assert!(sum.groups.len() <= GROUPS + 2, "{}", sum.groups.len());
    }

    #[test]
    fn a_store_of_many_faults_makes_a_bounded_survey() {
        let mut survey = Survey::default();
        for number in 0..3 * REASONS {
            for row in 0..2 * NAMED_ROWS {
                survey.add_unreadable(Unreadable {
                    reason: format!("fault {number}"),
                    rows: 1,
                    named: vec![("shop".into(), Some(row.to_string()))],
                });
            }
        }
        assert_eq!(survey.unreadable.len(), REASONS + 1);
        assert_eq!(survey.unreadable_rows(), 6 * (REASONS * NAMED_ROWS) as u64);
        assert!(survey.unreadable.iter().all(|reason| reason.named.len() == NAMED_ROWS));
    }

    #[tokio::test]
    async fn rows_are_told_apart() {
        let reader = Arc::new(Reader::new(Selection::auto(), Limits::default(), None));
        let mut nothing = person("2", "b@example.com");
        nothing.stored = None;
        nothing.active = false;
        let mut odd = person(&"3".repeat(1000), "c@example.com");
        odd.stored = Some("canary-4711".into());
        let bad = BadRow { id: None, why: "column `id` is NULL".into() };
        let rows = vec![Ok(person("1", "a@example.com")), Ok(nothing), Ok(odd), Err(bad)];
        let source = MemorySource::new("shop", vec![Ok(rows), Ok(vec![Ok(person("5", "e@example.com"))])]);
        let mut seen = Vec::new();
        let sources = vec![Surveyed { source, reader }];
        let survey = run(sources, None, None, |rows| seen.push(rows)).await.unwrap();
        assert_eq!(seen, [4, 5]);
        assert_eq!((survey.rows, survey.active, survey.no_stored_value), (5, 3, 1));
        assert_eq!((survey.by_hash(), survey.by_hook(), survey.unreadable_rows()), (2, 0, 2));
        assert_eq!(survey.by_source, [("shop".into(), 5)]);
        let ids: Vec<_> =
            survey.unreadable.iter().flat_map(|reason| &reason.named).map(|row| &row.1).collect();
        assert_eq!(ids, [&Some("3".repeat(ID_LENGTH)), &None]);
        assert!(!format!("{survey:?}").contains("4711"));
    }

    #[test]
    fn slow_values_are_measured_once_and_no_longer_than_the_budget() {
        let reader = Reader::new(Selection::auto(), Limits::default(), None);
        let hash = reader.read(Found::of(person("1", "a@example.com")).record()).unwrap();
        let estimate = Duration::from_micros(hash.cost().micros);
        // A clock on which the space between two looks is what the test says.
        let clock = |steps: &'static [u64]| {
            let looks = Cell::new(0);
            let time = Cell::new(0);
            move || {
                time.set(time.get() + steps.get(looks.replace(looks.get() + 1)).copied().unwrap_or(0));
                Duration::from_millis(time.get())
            }
        };
        let budget = Duration::from_mins(1);
        // Start, the look at the budget, then before and after each run.
        let quick = measure([&hash], b"wrong", budget, clock(&[0, 0, 0, 30, 0, 10, 0, 20]));
        assert_eq!(quick, [Measured { time: Duration::from_millis(20), measured: true }]);
        let slow = measure([&hash], b"wrong", budget, clock(&[0, 0, 0, 900, 0, 10]));
        assert_eq!(slow, [Measured { time: Duration::from_millis(900), measured: true }]);
        let late = measure([&hash], b"wrong", budget, clock(&[0, 61_000]));
        assert_eq!(late, [Measured { time: estimate, measured: false }]);
    }
}
