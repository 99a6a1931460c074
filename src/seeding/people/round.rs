//! The walk that the import and the export share: every row of every store in order of precedence, with what is to
//! become of it and what other stores say of its person.
//!
//! With several stores and attributes to fill, all of them are read twice: what a row of the last one says of a person
//! of the first must be known when that person's turn comes, and whether it is about that person at all depends on
//! every row between. With one store each row is read once.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use futures_util::StreamExt;

use super::super::corrections::Corrections;
use super::super::dedupe::{Fingerprints, fold};
use super::super::plan::{self, Reject};
use super::super::profile::{Beside, Mapping};
use super::super::walk::{Feed, Unheard, Walk, WalkError};
use super::known::{Known, MOST_SOURCES, Seen};
use super::staging::{Later, Staging};
use super::{Merge, MergeReport, PeopleError, Planned, Start};
use crate::sources::{Page, Record, Row};

/// What is walked.
pub(in super::super) struct Rounds {
    pub(in super::super) stores: Vec<Planned>,
    pub(in super::super) filter: Option<String>,
    pub(in super::super) match_on: Vec<String>,
    pub(in super::super) merge: Merge,
    pub(in super::super) corrections: Option<Corrections>,
    pub(in super::super) start: Option<Start>,
}

/// The results of a walk, in the order of the rows.
pub(in super::super) struct Round<T, E> {
    walk: Walk<Result<(T, MergeReport), E>>,
    merged: MergeReport,
    shared: Arc<Shared>,
}

/// What all parts of a walk know.
pub(in super::super) struct Shared {
    pub(in super::super) stores: Vec<Planned>,
    filter: Option<String>,
    /// The attributes that people are told by; the login first.
    keys: Vec<String>,
    login_matches: bool,
    /// Of each store, where its mapping has them.
    places: Vec<Vec<Option<usize>>>,
    fill: bool,
    corrections: Option<Corrections>,
    corrected: AtomicUsize,
}

/// A batch with what is to become of each row.
pub(in super::super) struct Marked {
    /// The store, by its place.
    pub(in super::super) source: usize,
    pub(in super::super) rows: Page,
    marks: Vec<Mark>,
    /// What other stores say of the person of a row.
    later: HashMap<usize, Vec<Later>>,
    report: MergeReport,
}

/// What is to become of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mark {
    /// To be planned.
    Plan,
    /// No person of its own, or not asked for.
    Leave,
    /// An earlier row of the same store has this key.
    Repeated(usize),
    DuplicateLogin,
    Ambiguous,
}

/// A row that is a person of its own, or would be.
pub(in super::super) struct Visited<'a> {
    pub(in super::super) row: Row<'a>,
    pub(in super::super) mapping: &'a Mapping<'a>,
    pub(in super::super) beside: Beside<'a>,
    pub(in super::super) decided: Result<plan::Planned<'a>, Reject>,
}

impl<T: Send + 'static, E: From<PeopleError> + Send + 'static> Round<T, E> {
    /// Begins a walk. `work` sees each batch, on blocking threads, several at once.
    pub(in super::super) fn start(
        rounds: Rounds,
        work: impl Fn(&Shared, Marked) -> Result<(T, MergeReport), E> + Send + Sync + 'static,
    ) -> Self {
        let shared = Arc::new(Shared::new(
            rounds.stores,
            rounds.filter,
            rounds.match_on,
            rounds.merge,
            rounds.corrections,
        ));
        let (for_reader, start) = (Arc::clone(&shared), rounds.start);
        let work = Arc::new(work);
        let walk = Walk::begin(async move |feed| {
            let known = Known::new(for_reader.stores.len(), for_reader.keys.len(), for_reader.login_matches);
            let reader = Reader {
                columns_checked: vec![false; for_reader.stores.len()],
                shared: for_reader,
                known,
                fingerprints: Fingerprints::new(),
                staging: None,
                keys: Vec::new(),
            };
            reader.run(&feed, &work, start).await;
        });
        Self { walk, merged: MergeReport::default(), shared }
    }

    /// The next result; `None` after the last. Cancelled while it waits, it loses nothing.
    pub(in super::super) async fn next(&mut self) -> Option<Result<T, E>> {
        let result = match self.walk.next().await? {
            Ok(result) => result,
            Err(error) => return Some(Err(PeopleError::from(error).into())),
        };
        Some(result.map(|(result, merged)| {
            self.merged.add(&merged);
            result
        }))
    }

    /// What merging came to so far; none where there is one store.
    pub(in super::super) fn merged(&self) -> MergeReport {
        let mut merged = self.merged.clone();
        merged.sort();
        merged
    }

    /// Corrected rows that were not met.
    pub(in super::super) fn corrections_left(&self) -> usize {
        let all = self.shared.corrections.as_ref().map_or(0, Corrections::len);
        all.saturating_sub(self.shared.corrected.load(Ordering::Relaxed))
    }
}

impl Shared {
    fn new(
        stores: Vec<Planned>,
        filter: Option<String>,
        match_on: Vec<String>,
        merge: Merge,
        corrections: Option<Corrections>,
    ) -> Self {
        let login_matches = match_on.iter().any(|attribute| attribute == "login");
        let mut keys = vec!["login".to_owned()];
        keys.extend(match_on.into_iter().filter(|attribute| attribute != "login"));
        let places = stores
            .iter()
            .map(|store| keys.iter().map(|key| store.planner.profile().place(key)).collect())
            .collect();
        let fill = merge == Merge::Fill && stores.len() > 1;
        let corrected = AtomicUsize::new(0);
        Self { stores, filter, keys, login_matches, places, fill, corrections, corrected }
    }

    /// Hands each row that is a person of its own, or would be, to `each`. Gives what merging came to, and how many
    /// rows were left out.
    pub(in super::super) fn visit<E>(
        &self,
        marked: &mut Marked,
        mut each: impl for<'v> FnMut(Visited<'v>) -> Result<(), E>,
    ) -> Result<MergeReport, E> {
        let mut report = std::mem::take(&mut marked.report);
        let Some(store) = self.stores.get(marked.source) else { return Ok(report) };
        let mapping = store.planner.profile().over(marked.rows.columns());
        for (place, (row, mark)) in marked.rows.iter().zip(&marked.marks).enumerate() {
            if *mark == Mark::Leave {
                continue;
            }
            let mut beside = Beside { corrected: self.corrections_of(marked.source, row), filled: &[] };
            let filled;
            if let (Ok(record), Some(later)) = (row, marked.later.get(&place)) {
                filled = self.filled(&mapping, record, beside, later, &mut report);
                beside.filled = &filled;
            }
            let decided = match (mark, row) {
                (_, Err(bad)) => Err(Reject::Row(bad.clone())),
                (Mark::Plan | Mark::Leave, Ok(record)) => store.planner.plan(&mapping, record, beside),
                (Mark::Repeated(key), Ok(_)) => Err(self.repeated(*key)),
                (Mark::DuplicateLogin, Ok(_)) => Err(Reject::DuplicateLogin),
                (Mark::Ambiguous, Ok(_)) => Err(Reject::AmbiguousMatch),
            };
            each(Visited { row, mapping: &mapping, beside, decided })?;
        }
        Ok(report)
    }

    fn repeated(&self, key: usize) -> Reject {
        match self.keys.get(key) {
            Some(attribute) if key > 0 => Reject::Duplicate(attribute.clone()),
            _ => Reject::DuplicateLogin,
        }
    }

    /// The attributes that are empty and known to later rows; the first of these counts. What differs is counted.
    fn filled(
        &self,
        mapping: &Mapping<'_>,
        record: Record<'_>,
        beside: Beside<'_>,
        later: &[Later],
        report: &mut MergeReport,
    ) -> Vec<(Arc<str>, String)> {
        let own = mapping.values(record, beside);
        let mut filled: Vec<(Arc<str>, String)> = Vec::new();
        for row in later {
            for (attribute, value) in &row.attributes {
                let own = own.iter().find(|(name, _)| **name == **attribute).map(|(_, value)| *value);
                let earlier = || filled.iter().find(|(name, _)| name == attribute);
                match own.or_else(|| earlier().map(|(_, value)| value.as_str())) {
                    None => {
                        report.filled += 1;
                        filled.push((Arc::clone(attribute), value.clone()));
                    }
                    Some(standing) if !self.agree(attribute, standing, value) => {
                        if let Some(store) = self.stores.get(row.source) {
                            report.conflict(store.source.name(), attribute, 1);
                        }
                    }
                    Some(_) => {}
                }
            }
        }
        filled
    }

    /// Whether two values of an attribute are the same; those that people are told by, and addresses, in any case.
    fn agree(&self, attribute: &str, one: &str, other: &str) -> bool {
        let folds = attribute == "email" || self.keys.iter().any(|key| key == attribute);
        one == other || (folds && fold(one) == fold(other))
    }

    fn corrections_of(&self, source: usize, row: Row<'_>) -> &[(Arc<str>, String)] {
        self.correction(source, row).unwrap_or_default()
    }

    /// The corrected values of a row; none where it is not named.
    fn correction(&self, source: usize, row: Row<'_>) -> Option<&[(Arc<str>, String)]> {
        let corrections = self.corrections.as_ref()?;
        let id = match row {
            Ok(record) => Some(record.id()),
            Err(bad) => bad.id.as_deref(),
        };
        corrections.of(self.stores.get(source)?.source.name(), id?)
    }
}

/// Reads the stores, and knows who was there.
struct Reader {
    shared: Arc<Shared>,
    known: Known,
    fingerprints: Fingerprints,
    staging: Option<Staging>,
    columns_checked: Vec<bool>,
    keys: Vec<Option<u64>>,
}

/// Why reading ends before the last row.
enum Stop {
    Error(PeopleError),
    Unheard(Unheard),
}

impl<E: Into<PeopleError>> From<E> for Stop {
    fn from(error: E) -> Self {
        Self::Error(error.into())
    }
}

impl Reader {
    async fn run<T, E, W>(
        mut self,
        feed: &Feed<Result<(T, MergeReport), E>>,
        work: &Arc<W>,
        start: Option<Start>,
    ) where
        T: Send + 'static,
        E: From<PeopleError> + Send + 'static,
        W: Fn(&Shared, Marked) -> Result<(T, MergeReport), E> + Send + Sync + 'static,
    {
        if let Err(Stop::Error(error)) = self.read(feed, work, start).await {
            // If nobody listens any more, there is nobody to tell.
            let _ = feed.give(move || Err(error.into())).await;
        }
    }

    async fn read<T, E, W>(
        &mut self,
        feed: &Feed<Result<(T, MergeReport), E>>,
        work: &Arc<W>,
        start: Option<Start>,
    ) -> Result<(), Stop>
    where
        T: Send + 'static,
        E: From<PeopleError> + Send + 'static,
        W: Fn(&Shared, Marked) -> Result<(T, MergeReport), E> + Send + Sync + 'static,
    {
        let shared = Arc::clone(&self.shared);
        self.check(start.as_ref())?;
        self.make_room().await;
        if shared.fill {
            self.stage().await?;
        }
        let first = start.as_ref().map_or(0, |start| start.source);
        // Of one store nothing is read again: who was there is the ledger's to know.
        if let (Some(start), true) = (&start, shared.stores.len() > 1) {
            self.replay(start).await?;
        }
        for (source, store) in shared.stores.iter().enumerate().skip(first) {
            let after = start.as_ref().filter(|start| start.source == source);
            let after = after.map(|start| start.after.as_str());
            let mut batches = store.source.stream(shared.filter.as_deref(), after);
            while let Some(rows) = batches.next().await {
                let marked = self.mark(source, rows.map_err(WalkError::from)?).await?;
                let (shared, work) = (Arc::clone(&shared), Arc::clone(work));
                feed.give(move || work(&shared, marked)).await.map_err(Stop::Unheard)?;
            }
        }
        Ok(())
    }

    fn check(&self, start: Option<&Start>) -> Result<(), PeopleError> {
        let stores = &self.shared.stores;
        if stores.len() > MOST_SOURCES {
            return Err(PeopleError::TooManySources(stores.len()));
        }
        if let Some(start) = start.filter(|start| start.source >= stores.len()) {
            return Err(PeopleError::NoSuchSource(start.source));
        }
        if let Some(corrections) = &self.shared.corrections {
            corrections.check(stores)?;
        }
        Ok(())
    }

    /// Where several stores tell how many rows they have, memory is taken once.
    async fn make_room(&mut self) {
        if self.shared.stores.len() < 2 {
            return;
        }
        let mut rows = 0;
        for store in &self.shared.stores {
            // A store that cannot count, or is down, says so when it is walked.
            let Ok(Some(more)) = store.source.count(self.shared.filter.as_deref()).await else { return };
            rows += more;
        }
        self.known.reserve(rows, self.shared.keys.len());
    }

    /// The first pass: who the rows of all stores are, and what later ones say of people.
    async fn stage(&mut self) -> Result<(), Stop> {
        let shared = Arc::clone(&self.shared);
        let mut staging = Staging::open().await.map_err(PeopleError::from)?;
        for (source, store) in shared.stores.iter().enumerate() {
            let mut batches = store.source.stream(shared.filter.as_deref(), None);
            while let Some(rows) = batches.next().await {
                let rows = rows.map_err(WalkError::from)?;
                self.check_columns(source, &rows)?;
                let mapping = store.planner.profile().over(rows.columns());
                for record in rows.records() {
                    if let Seen::Merged(person) = self.see(source, &mapping, Ok(record)) {
                        let corrected = shared.corrections_of(source, Ok(record));
                        let values = mapping.values(record, Beside { corrected, filled: &[] });
                        let attributes = values
                            .into_iter()
                            .map(|(name, value)| (Arc::from(name), value.to_owned()))
                            .collect();
                        staging.add(Later { person, source, attributes }).await.map_err(PeopleError::from)?;
                    }
                }
            }
        }
        staging.complete().await.map_err(PeopleError::from)?;
        self.staging = Some(staging);
        self.known.begin_again();
        Ok(())
    }

    /// Sees the rows before the start, of which none is given again.
    async fn replay(&mut self, start: &Start) -> Result<(), Stop> {
        let shared = Arc::clone(&self.shared);
        for (source, store) in shared.stores.iter().enumerate().take(start.source + 1) {
            let here = source == start.source;
            // Where the row at the start is gone, the one behind it tells where the walk goes on.
            let behind = if here { self.first_behind(start).await? } else { None };
            let mut arrived = !here || behind.is_none();
            let mut batches = store.source.stream(shared.filter.as_deref(), None);
            'rows: while let Some(rows) = batches.next().await {
                let rows = rows.map_err(WalkError::from)?;
                let mapping = store.planner.profile().over(rows.columns());
                for row in rows.iter() {
                    let id = id_of(row);
                    if here && behind.is_some() && id == behind.as_deref() {
                        arrived = true;
                        break 'rows;
                    }
                    self.see(source, &mapping, row);
                    if here && id == Some(start.after.as_str()) {
                        arrived = true;
                        break 'rows;
                    }
                }
            }
            if !arrived {
                return Err(PeopleError::Changed(Arc::clone(store.source.name())).into());
            }
        }
        Ok(())
    }

    /// The id of the first row behind the start that has one.
    async fn first_behind(&self, start: &Start) -> Result<Option<String>, Stop> {
        let Some(store) = self.shared.stores.get(start.source) else { return Ok(None) };
        let mut batches = store.source.stream(self.shared.filter.as_deref(), Some(&start.after));
        while let Some(rows) = batches.next().await {
            let rows = rows.map_err(WalkError::from)?;
            if let Some(id) = rows.iter().find_map(id_of) {
                return Ok(Some(id.to_owned()));
            }
        }
        Ok(None)
    }

    /// Sees a batch, and takes in what other stores say of its people.
    async fn mark(&mut self, source: usize, rows: Page) -> Result<Marked, Stop> {
        self.check_columns(source, &rows)?;
        let shared = Arc::clone(&self.shared);
        let mut report = MergeReport::default();
        let mut staged: HashMap<u32, usize> = HashMap::new();
        let mut marks = Vec::with_capacity(rows.len());
        let Some(store) = shared.stores.get(source) else {
            return Err(PeopleError::NoSuchSource(source).into());
        };
        let mapping = store.planner.profile().over(rows.columns());
        // All keys first: looking them up one close behind the other, the processor waits for several at once.
        let mut keys = std::mem::take(&mut self.keys);
        keys.clear();
        for row in rows.iter() {
            self.push_keys(&mut keys, source, &mapping, row);
        }
        let mut keys_of_rows = keys.chunks(shared.keys.len());
        let seen: Vec<Seen> =
            rows.iter().map(|row| self.seen(source, row, keys_of_rows.next().unwrap_or_default())).collect();
        self.keys = keys;
        for ((place, row), seen) in rows.iter().enumerate().zip(seen) {
            if shared.corrections.is_some() {
                if shared.correction(source, row).is_none() {
                    marks.push(Mark::Leave);
                    continue;
                }
                shared.corrected.fetch_add(1, Ordering::Relaxed);
            }
            marks.push(match seen {
                Seen::First(person) => {
                    if let (Some(person), Some(staging)) = (person, &self.staging)
                        && staging.has(person)
                    {
                        staged.insert(person, place);
                    }
                    Mark::Plan
                }
                Seen::Merged(person) => {
                    report.rows += 1;
                    report.people += u64::from(self.known.note_merged(person));
                    Mark::Leave
                }
                Seen::Repeated(key) => Mark::Repeated(key),
                Seen::DuplicateLogin => Mark::DuplicateLogin,
                Seen::Ambiguous => {
                    report.ambiguous += 1;
                    Mark::Ambiguous
                }
            });
        }
        let later = self.later(&staged).await?;
        Ok(Marked { source, rows, marks, later, report })
    }

    /// What later stores say of the people of these rows.
    async fn later(
        &mut self,
        staged: &HashMap<u32, usize>,
    ) -> Result<HashMap<usize, Vec<Later>>, PeopleError> {
        let mut later: HashMap<usize, Vec<Later>> = HashMap::new();
        let Some(staging) = self.staging.as_mut().filter(|_| !staged.is_empty()) else { return Ok(later) };
        let people: Vec<u32> = staged.keys().copied().collect();
        for row in staging.of(&people).await? {
            if let Some(place) = staged.get(&row.person) {
                later.entry(*place).or_default().push(row);
            }
        }
        Ok(later)
    }

    /// Who a row is; a row that cannot be read is nobody yet.
    fn see(&mut self, source: usize, mapping: &Mapping<'_>, row: Row<'_>) -> Seen {
        let mut keys = std::mem::take(&mut self.keys);
        keys.clear();
        self.push_keys(&mut keys, source, mapping, row);
        let seen = self.seen(source, row, &keys);
        self.keys = keys;
        seen
    }

    fn seen(&mut self, source: usize, row: Row<'_>, keys: &[Option<u64>]) -> Seen {
        if row.is_ok() { self.known.see(source, keys) } else { Seen::First(None) }
    }

    /// The fingerprints of a row's keys: as many as there are keys, also of a row that cannot be read.
    fn push_keys(&self, into: &mut Vec<Option<u64>>, source: usize, mapping: &Mapping<'_>, row: Row<'_>) {
        let corrected = self.shared.corrections_of(source, row);
        let places = self.shared.places.get(source).map_or(&[][..], Vec::as_slice);
        for (kind, (key, place)) in (0_u8..).zip(self.shared.keys.iter().zip(places)) {
            let corrected =
                corrected.iter().find(|(name, _)| **name == **key).map(|(_, value)| value.as_str());
            let own = || mapping.value((*place)?, row.ok()?);
            into.push(corrected.or_else(own).map(|value| self.fingerprints.of(kind, value)));
        }
    }

    /// A mapping that the query cannot fill is told at the first good row.
    fn check_columns(&mut self, source: usize, rows: &Page) -> Result<(), PeopleError> {
        let (Some(store), Some(checked)) = (
            self.shared.stores.get(source),
            self.columns_checked.get_mut(source).filter(|checked| !**checked),
        ) else {
            return Ok(());
        };
        if rows.records().next().is_none() {
            return Ok(());
        }
        *checked = true;
        let columns = store.planner.profile().missing_columns(rows.columns());
        if columns.is_empty() {
            return Ok(());
        }
        Err(PeopleError::MissingColumns {
            source_name: Arc::clone(store.source.name()),
            columns: columns.into_iter().map(str::to_owned).collect(),
        })
    }
}

fn id_of(row: Row<'_>) -> Option<&str> {
    match row {
        Ok(record) => Some(record.id()),
        Err(bad) => bad.id.as_deref(),
    }
}

impl Marked {
    /// Rows that are no person of their own.
    pub(in super::super) fn left(&self) -> u64 {
        u64::try_from(self.marks.iter().filter(|mark| **mark == Mark::Leave).count()).unwrap_or(u64::MAX)
    }
}
