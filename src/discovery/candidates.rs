//! Which tables could be that of the users: ranked by their names, then by samples of the most likely ones.

use super::names::{self, Part};
use super::values::{self, Counts};
use super::{RunnerUp, applications};
use crate::secret::Secret;
use crate::sources::{CatalogueSource, Column, Kind, Sampled, SourceError, Table};

/// Tables that are sampled at most.
pub const MOST_TABLES: usize = 30;
/// Rows of a table that are looked at, at most.
pub const SAMPLE_ROWS: u32 = 200;
/// Columns of a table that are looked at, at most.
const MOST_COLUMNS: usize = 40;
/// Characters of a value that are looked at. Longer hashes than this have not been seen.
const MOST_CHARACTERS: u32 = 1024;
/// Candidates told besides the best.
const MOST_RUNNERS_UP: usize = 5;

/// A table that could be that of the users.
#[derive(Debug)]
pub struct Candidate {
    /// The table.
    pub table: Table,
    /// Its column of hashes.
    pub hash: Column,
    /// How well it fits; comparable within one run alone.
    pub score: i32,
    /// What speaks for and against it.
    pub why: Vec<String>,
    /// What the sampled hashes are.
    pub counts: Counts,
    pub(super) sample: Sample,
}

/// Rows of a table.
#[derive(Debug, Default)]
pub(super) struct Sample {
    columns: Vec<String>,
    rows: Vec<Sampled>,
}

impl Sample {
    /// The values of a column.
    pub(super) fn values(&self, column: &str) -> impl Iterator<Item = Option<&Secret>> {
        let place = self.columns.iter().position(|known| known == column);
        self.rows.iter().filter_map(move |row| Some(row.get(place?)?.as_ref()))
    }

    /// How many in a hundred of the values that are not empty are so.
    pub(super) fn share(&self, column: &str, are: impl Fn(&str) -> bool) -> Option<u64> {
        values::share(self.values(column), are)
    }

    /// The column of e-mail addresses: by its name, else by its values.
    pub(super) fn email<'t>(&self, table: &'t Table, taken: &[&str]) -> Option<&'t Column> {
        let is_address = |value: &str| {
            value.split_once('@').is_some_and(|(local, domain)| !local.is_empty() && domain.contains('.'))
        };
        names::column(table, Part::Email, taken).or_else(|| {
            table.columns.iter().find(|column| {
                !taken.contains(&column.name.as_str())
                    && !names::is_otherwise(&column.name)
                    && self.share(&column.name, is_address) >= Some(80)
            })
        })
    }

    /// How many in a hundred of the rows with a hash have a value there too. Guests and robots have neither.
    pub(super) fn filled(&self, column: &str, hash: &str) -> Option<u64> {
        let is_filled = |value: Option<&Secret>| value.is_some_and(|value| !value.is_empty());
        let (mut all, mut filled) = (0_u64, 0_u64);
        for (value, hash) in self.values(column).zip(self.values(hash)) {
            if is_filled(hash) {
                all += 1;
                filled += u64::from(is_filled(value));
            }
        }
        (filled * 100).checked_div(all)
    }
}

impl Candidate {
    pub(super) fn runner_up(&self) -> RunnerUp {
        RunnerUp {
            table: self.table.display(),
            column: self.hash.name.clone(),
            score: self.score,
            why: self.why.clone(),
        }
    }
}

/// The candidates, best first; and the tables that could not be sampled.
pub(super) async fn find(
    source: &dyn CatalogueSource,
    tables: &[Table],
    only: Option<&str>,
) -> Result<(Vec<Candidate>, Vec<String>), SourceError> {
    let mut order: Vec<&Table> = tables.iter().filter(|table| !table.columns.is_empty()).collect();
    order.retain(|table| only.is_none_or(|only| table.display() == only || table.name == only));
    // Stable: what scores the same stays in the order of names.
    order.sort_by_key(|table| std::cmp::Reverse(by_names(table)));
    let (mut candidates, mut not_sampled) = (Vec::new(), Vec::new());
    for table in order.into_iter().take(MOST_TABLES) {
        match sample(source, table).await {
            Ok(sample) => candidates.extend(candidate(table, sample, tables)),
            Err(error) => not_sampled.push(format!("{}: {error}", table.display())),
        }
    }
    candidates.sort_by(|a, b| b.score.cmp(&a.score).then_with(|| a.table.name.cmp(&b.table.name)));
    candidates.truncate(MOST_RUNNERS_UP + 1);
    Ok((candidates, not_sampled))
}

/// What the names alone say.
fn by_names(table: &Table) -> i32 {
    let hash = table.columns.iter().map(names::hash_score).max().unwrap_or(0).max(0);
    let person = i32::from(names::column(table, Part::Email, &[]).is_some())
        + i32::from(names::column(table, Part::Login, &[]).is_some());
    let known = if applications::of(table, &[]).is_some() { 60 } else { 0 };
    names::table_score(&table.name) + hash + 10 * person + known
}

async fn sample(source: &dyn CatalogueSource, table: &Table) -> Result<Sample, SourceError> {
    let mut columns: Vec<&Column> =
        table.columns.iter().filter(|column| matches!(column.kind, Kind::Text | Kind::Bytes)).collect();
    columns.sort_by_key(|column| {
        let part = [Part::Email, Part::Login]
            .iter()
            .any(|part| names::column(table, *part, &[]).is_some_and(|it| it.name == column.name));
        std::cmp::Reverse(names::hash_score(column) + if part { 50 } else { 0 })
    });
    columns.truncate(MOST_COLUMNS);
    if columns.is_empty() {
        return Ok(Sample::default());
    }
    let order = primary(table).filter(|_| !table.view);
    let rows = source.sample(table, &columns, order, SAMPLE_ROWS, MOST_CHARACTERS).await?;
    Ok(Sample { columns: columns.iter().map(|column| column.name.clone()).collect(), rows })
}

/// The column of a primary key of one column.
fn primary(table: &Table) -> Option<&str> {
    let key = table.keys.iter().find(|key| key.primary)?;
    match key.columns.as_slice() {
        [only] => table.columns.iter().find(|column| column.name == *only).map(|column| column.name.as_str()),
        _ => None,
    }
}

/// Judges a table by its sample. `None` where it has no column that could hold the users' hashes.
fn candidate(table: &Table, sample: Sample, tables: &[Table]) -> Option<Candidate> {
    let (hash, of_values, counts) = table
        .columns
        .iter()
        .filter(|column| matches!(column.kind, Kind::Text | Kind::Bytes))
        .map(|column| {
            let counts = Counts::of(sample.values(&column.name));
            (column, value_score(&counts), counts)
        })
        .filter(|(column, of_values, _)| names::hash_score(column).max(0) + of_values >= 30)
        .max_by_key(|(column, of_values, _)| names::hash_score(column) + of_values)?;
    let name = names::table_score(&table.name);
    let by_name = names::hash_score(hash);
    let identified = counts.identified_share() >= 30;
    let application = applications::of(table, tables);
    let taken = [hash.name.as_str()];
    let people: Vec<&Column> = [sample.email(table, &taken), names::column(table, Part::Login, &taken)]
        .into_iter()
        .flatten()
        .collect();
    // A table of files has hashes too, and a table of tokens hashes that identify.
    let sounds_right = by_name >= 25 || application.is_some();
    let plausible =
        (sounds_right || (identified && by_name >= 0)) && (identified || name > 0 || !people.is_empty());
    if !plausible {
        return None;
    }
    let mut why = Vec::new();
    let mut score = name + by_name + of_values + 12 * i32::try_from(people.len()).unwrap_or(0);
    if let Some(application) = application {
        score += 60;
        why.push(format!("laid out as {} does it", application.name()));
    }
    if name > 0 {
        why.push("its name is one for users".to_owned());
    } else if name < 0 {
        why.push("its name speaks against it".to_owned());
    }
    why.push(match by_name {
        40.. => format!("`{}` is a name for passwords", printable(&hash.name)),
        1.. => format!("`{}` may be a name for passwords", printable(&hash.name)),
        _ => format!("`{}` was chosen for its values alone", printable(&hash.name)),
    });
    why.push(format!("{} rows sampled: {}", counts.rows, counts.words()));
    if people.is_empty() && application.is_none() {
        score -= 40;
        why.push("no column for an e-mail address or a login".to_owned());
    } else {
        let names: Vec<String> =
            people.iter().map(|column| format!("`{}`", printable(&column.name))).collect();
        if !names.is_empty() {
            why.push(format!("people are known by {}", names.join(" and ")));
        }
    }
    if table.view {
        score -= 10;
        why.push("a view".to_owned());
    }
    score += i32::try_from(counts.rows.min(100) / 10).unwrap_or(0);
    Some(Candidate { table: table.clone(), hash: hash.clone(), score, why, counts, sample })
}

/// What the values alone say, from -30 to 60. No rows say nothing.
fn value_score(counts: &Counts) -> i32 {
    if counts.filled() == 0 {
        return 0;
    }
    let points = counts.identified_share() * 60 / 100 + counts.bare_share() * 35 / 100;
    match i32::try_from(points).unwrap_or(0) {
        0 => -30,
        points => points,
    }
}

/// A name as it can stand in a line of text.
pub fn printable(name: &str) -> String {
    name.chars().map(|character| if character.is_control() { '\u{fffd}' } else { character }).collect()
}
