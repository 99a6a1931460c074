//! Which person a row is, told by the values that people are told by.
//!
//! Rows are seen in order of precedence, twice where a first pass gathers what fills empty attributes; both passes
//! decide alike. A key once seen belongs to one person for good, so what a row is depends on the rows before it alone.

use super::super::dedupe::SeenFingerprints;

/// Sources that can be told apart.
pub(super) const MOST_SOURCES: usize = 254;

/// No source has shown the key in this pass.
const NOWHERE: u8 = u8::MAX;

/// What a row is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Seen {
    /// The first row of a person; without a number where it has no key at all.
    First(Option<u32>),
    /// A further row of this person, whom an earlier source knows.
    Merged(u32),
    /// An earlier row of the same source has this key.
    Repeated(usize),
    /// Somebody else has the login.
    DuplicateLogin,
    /// Its keys are those of several people.
    Ambiguous,
}

/// The people seen so far.
pub(super) enum Known {
    /// In one source nobody is merged: it is enough to know what was there.
    One(Vec<SeenFingerprints>),
    /// In several.
    Several(Box<Several>),
}

/// The people of several sources.
pub(super) struct Several {
    table: Table,
    /// Whether a shared login makes two rows one person, or is merely taken.
    login_matches: bool,
    count: u32,
    /// People whose first row was seen in this pass.
    known: Bits,
    /// People with a merged row in this pass.
    merged: Bits,
    found: Vec<Option<(u32, u8)>>,
}

impl Known {
    /// `keys` a row, of which the first is the login; `login_matches` where people are told by it.
    pub(super) fn new(sources: usize, keys: usize, login_matches: bool) -> Self {
        if sources <= 1 {
            return Self::One((0..keys).map(|_| SeenFingerprints::default()).collect());
        }
        Self::Several(Box::new(Several {
            table: Table::new(),
            login_matches,
            count: 0,
            known: Bits::default(),
            merged: Bits::default(),
            found: Vec::with_capacity(keys),
        }))
    }

    /// Makes room for the keys of so many rows, where a table is kept; growing would leave holes in memory.
    pub(super) fn reserve(&mut self, rows: u64, keys: usize) {
        if let Self::Several(several) = self {
            let rows = usize::try_from(rows).unwrap_or(0).min(MOST_RESERVED);
            several.table.reserve(rows.saturating_mul(keys));
        }
    }

    /// Sees the next row of this source, by the fingerprints of its keys.
    pub(super) fn see(&mut self, source: usize, keys: &[Option<u64>]) -> Seen {
        match self {
            Self::One(sets) => {
                let mut repeated = None;
                for (place, (set, key)) in sets.iter_mut().zip(keys).enumerate() {
                    if key.is_some_and(|key| !set.insert(key)) {
                        repeated = repeated.or(Some(place));
                    }
                }
                repeated.map_or(Seen::First(None), Seen::Repeated)
            }
            Self::Several(several) => several.see(u8::try_from(source).unwrap_or(NOWHERE - 1), keys),
        }
    }

    /// Notes a merged row; whether it is the person's first.
    pub(super) fn note_merged(&mut self, person: u32) -> bool {
        match self {
            Self::One(_) => false,
            Self::Several(several) => several.merged.set(person),
        }
    }

    /// From the first row again.
    pub(super) fn begin_again(&mut self) {
        if let Self::Several(several) = self {
            several.table.forget_sources();
            several.known.clear();
            several.merged.clear();
        }
    }
}

impl Several {
    fn see(&mut self, source: u8, keys: &[Option<u64>]) -> Seen {
        let mut found = std::mem::take(&mut self.found);
        found.clear();
        found.extend(keys.iter().map(|key| key.and_then(|key| self.table.find(key))));
        let (seen, person) = self.decide(source, keys, &found);
        // Where every key is found, the person is of no account.
        let person = person.unwrap_or_default();
        for key in keys.iter().flatten() {
            self.table.put(*key, person, source);
        }
        // In a second pass keys are found before the rows that showed them first: from here on they have been.
        for (person, _) in found.iter().flatten() {
            self.known.set(*person);
        }
        self.found = found;
        seen
    }

    /// What the row is, and whose the keys are that nobody has yet.
    fn decide(
        &mut self,
        source: u8,
        keys: &[Option<u64>],
        found: &[Option<(u32, u8)>],
    ) -> (Seen, Option<u32>) {
        let here = |entry: &Option<(u32, u8)>| entry.is_some_and(|(_, last)| last == source);
        if let Some(place) = found.iter().position(here) {
            let person = found.get(place).copied().flatten().map(|(person, _)| person);
            return (Seen::Repeated(place), person);
        }
        let first_match = usize::from(!self.login_matches);
        let mut matches = found.iter().skip(first_match).flatten().map(|(person, _)| *person);
        let login = found.first().copied().flatten().map(|(person, _)| person);
        let Some(person) = matches.next() else { return self.unmatched(keys, login) };
        if matches.any(|other| other != person) {
            // Whoever matches this row alone is it, and it is nobody.
            let all_found = keys.iter().zip(found).all(|(key, found)| key.is_none() || found.is_some());
            return (Seen::Ambiguous, (!all_found).then(|| self.newcomer()));
        }
        if !self.known.set(person) {
            return (Seen::Merged(person), Some(person));
        }
        // Only in a second pass are there people whose keys are known before their first row.
        match login {
            Some(other) if other != person && self.known.has(other) => (Seen::DuplicateLogin, Some(person)),
            _ => (Seen::First(Some(person)), Some(person)),
        }
    }

    /// A row that matches nobody.
    fn unmatched(&mut self, keys: &[Option<u64>], login: Option<u32>) -> (Seen, Option<u32>) {
        match login {
            Some(person) if self.known.set(person) => (Seen::First(Some(person)), Some(person)),
            Some(person) => {
                let has_more = keys.iter().skip(1).any(Option::is_some);
                (Seen::DuplicateLogin, Some(if has_more { self.newcomer() } else { person }))
            }
            None if keys.iter().all(Option::is_none) => (Seen::First(None), None),
            None => {
                let person = self.newcomer();
                (Seen::First(Some(person)), Some(person))
            }
        }
    }

    fn newcomer(&mut self) -> u32 {
        let person = self.count;
        self.count = self.count.saturating_add(1);
        self.known.set(person);
        person
    }
}

/// A set of small numbers.
#[derive(Default)]
pub(super) struct Bits(Vec<u64>);

impl Bits {
    /// Takes a number in; whether it was new.
    pub(super) fn set(&mut self, number: u32) -> bool {
        let (place, bit) = Self::place(number);
        if self.0.len() <= place {
            self.0.resize(place + 1, 0);
        }
        let Some(word) = self.0.get_mut(place) else { return false };
        let new = *word & bit == 0;
        *word |= bit;
        new
    }

    /// Whether it has the number.
    pub(super) fn has(&self, number: u32) -> bool {
        let (place, bit) = Self::place(number);
        self.0.get(place).is_some_and(|word| word & bit != 0)
    }

    fn clear(&mut self) {
        self.0.fill(0);
    }

    fn place(number: u32) -> (usize, u64) {
        (usize::try_from(number / 64).unwrap_or(usize::MAX), 1 << (number % 64))
    }
}

/// Parts of the table. They grow one after the other, so that growing never needs twice the memory.
const SHARDS: usize = 64;

/// Rows for which room is made at once; more of them make the table grow.
const MOST_RESERVED: usize = 20_000_000;

/// From fingerprints to people, in 13 bytes a place; 15 to 23 bytes a key.
struct Table {
    shards: Vec<Shard>,
}

#[derive(Default)]
struct Shard {
    /// Zero where the place is free.
    keys: Vec<u64>,
    people: Vec<u32>,
    sources: Vec<u8>,
    taken: usize,
}

impl Table {
    fn new() -> Self {
        Self { shards: (0..SHARDS).map(|_| Shard::default()).collect() }
    }

    /// The shards fill alike, but not exactly: a little more than their share.
    fn reserve(&mut self, keys: usize) {
        let length = keys / SHARDS / 7 * 8 + keys / SHARDS / 32 + 256;
        for shard in &mut self.shards {
            shard.lengthen(length);
        }
    }

    fn shard_of(key: u64) -> usize {
        usize::try_from((key >> 24) % SHARDS as u64).unwrap_or(0)
    }

    /// The person, and the source that has shown the key last.
    fn find(&self, key: u64) -> Option<(u32, u8)> {
        let key = key.max(1);
        let shard = self.shards.get(Self::shard_of(key))?;
        let place = shard.place(key)?;
        (shard.keys.get(place) == Some(&key))
            .then(|| Some((*shard.people.get(place)?, *shard.sources.get(place)?)))?
    }

    /// Notes the source; gives the key to this person where nobody has it.
    fn put(&mut self, key: u64, person: u32, source: u8) {
        let key = key.max(1);
        let Some(shard) = self.shards.get_mut(Self::shard_of(key)) else { return };
        if (shard.taken + 1) * 8 > shard.keys.len() * 7 {
            shard.grow();
        }
        shard.put(key, person, source);
    }

    fn forget_sources(&mut self) {
        for shard in &mut self.shards {
            shard.sources.fill(NOWHERE);
        }
    }
}

impl Shard {
    /// Where a key is, or would be.
    fn place(&self, key: u64) -> Option<usize> {
        let length = self.keys.len();
        // The upper bits spread over the length, whatever the length is.
        let start = usize::try_from((u128::from(key) * length as u128) >> 64).ok()?;
        let free = |place: &usize| self.keys.get(*place).is_some_and(|taken| *taken == key || *taken == 0);
        (start..length).find(free).or_else(|| (0..start).find(free))
    }

    fn put(&mut self, key: u64, person: u32, source: u8) {
        let Some(place) = self.place(key) else { return };
        let (Some(taken), Some(its_person), Some(its_source)) =
            (self.keys.get_mut(place), self.people.get_mut(place), self.sources.get_mut(place))
        else {
            return;
        };
        if *taken == 0 {
            *taken = key;
            *its_person = person;
            self.taken += 1;
        }
        *its_source = source;
    }

    fn grow(&mut self) {
        self.lengthen(self.keys.len() + self.keys.len() / 2 + 16);
    }

    fn lengthen(&mut self, length: usize) {
        if length <= self.keys.len() {
            return;
        }
        let old = std::mem::replace(
            self,
            Self { keys: vec![0; length], people: vec![0; length], sources: vec![NOWHERE; length], taken: 0 },
        );
        let entries = old.keys.into_iter().zip(old.people).zip(old.sources);
        for ((key, person), source) in entries.filter(|((key, _), _)| *key != 0) {
            self.put(key, person, source);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_keeps_what_it_was_given_first() {
        let mut table = Table::new();
        table.reserve(1000);
        let key = |number: u64| number.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        for number in 0..200_000_u32 {
            assert_eq!(table.find(key(number.into())), None);
            table.put(key(number.into()), number, 1);
        }
        for number in 0..200_000_u32 {
            table.put(key(number.into()), 7, 2);
            assert_eq!(table.find(key(number.into())), Some((number, 2)));
        }
        table.forget_sources();
        assert_eq!(table.find(key(5)), Some((5, NOWHERE)));
        let places: usize = table.shards.iter().map(|shard| shard.keys.len()).sum();
        assert!(places * 13 < 200_000 * 24, "{places} places for 200000 keys");
        let mut table = Table::new();
        table.reserve(200_000);
        let reserved: usize = table.shards.iter().map(|shard| shard.keys.len()).sum();
        (0..200_000_u32).for_each(|number| table.put(key(number.into()), number, 1));
        let places: usize = table.shards.iter().map(|shard| shard.keys.len()).sum();
        assert_eq!(places, reserved, "it need not grow");
        assert!(places * 13 < 200_000 * 17, "{places} places for 200000 keys");
    }

    #[test]
    fn bits_are_set_once() {
        let mut bits = Bits::default();
        assert!(bits.set(1000) && !bits.set(1000) && bits.has(1000) && !bits.has(999));
        bits.clear();
        assert!(!bits.has(1000) && bits.set(1000));
    }
}
