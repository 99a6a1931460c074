//! The demonstration's survey: the real one, in a shorter table.

use std::fmt::Write as _;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::anyhow;
use serde::Serialize;

use super::super::output::{self, table};
use super::super::stores;
use crate::config::Config;
use crate::seeding::survey::{self, GroupKey, Importable, Measured, Surveyed};

/// All the time that measuring may take.
const MEASURING: Duration = Duration::from_secs(2);

/// What the store holds.
#[derive(Debug, Serialize)]
pub(super) struct Survey {
    formats: Vec<Format>,
    unreadable: Vec<Unreadable>,
}

/// Users with values of one kind.
#[derive(Debug, Serialize)]
struct Format {
    scheme: String,
    parameters: String,
    users: u64,
    /// Okta's algorithm; none for the hook.
    okta_algorithm: Option<&'static str>,
    /// Why it takes the hook.
    hook_reason: Option<String>,
    /// One verification on this machine.
    verify_micros: u64,
}

#[derive(Debug, Serialize)]
struct Unreadable {
    reason: String,
    rows: u64,
}

/// Reads the whole store.
pub(super) async fn run(config: Config) -> anyhow::Result<Survey> {
    let stores = stores::open(config, None).map_err(|_| anyhow!("the sample store cannot be opened"))?;
    let surveyed = stores
        .into_iter()
        .map(|store| Surveyed { source: store.source, reader: Arc::new(store.reader) })
        .collect();
    let found = survey::run(surveyed, None, None, |_| {}).await?;
    let unreadable =
        found.unreadable.into_iter().map(|one| Unreadable { reason: one.reason, rows: one.rows }).collect();
    let mut groups: Vec<(GroupKey, survey::Group)> = found.groups.into_iter().collect();
    groups.sort_by(|(a, one), (b, two)| two.users.cmp(&one.users).then_with(|| a.cmp(b)));
    let formats = tokio::task::spawn_blocking(move || formats(groups)).await?;
    Ok(Survey { formats, unreadable })
}

fn formats(groups: Vec<(GroupKey, survey::Group)>) -> Vec<Format> {
    let start = Instant::now();
    let samples = groups.iter().filter_map(|(_, group)| group.sample.as_ref());
    let times = survey::measure(samples, b"nobody's password", MEASURING, || start.elapsed());
    groups.into_iter().zip(times).map(|((key, group), time)| Format::new(key, &group, time)).collect()
}

impl Format {
    fn new(key: GroupKey, group: &survey::Group, time: Measured) -> Self {
        let (okta_algorithm, hook_reason) = match key.okta {
            Importable::Hash(algorithm) => (Some(algorithm), None),
            Importable::Hook(reason) => (None, Some(reason.into_owned())),
        };
        Self {
            scheme: key.scheme.to_string(),
            parameters: key.parameters,
            users: group.users,
            okta_algorithm,
            hook_reason,
            verify_micros: u64::try_from(time.time.as_micros()).unwrap_or(u64::MAX),
        }
    }
}

impl Survey {
    /// Users with a value that can be read, and rows without.
    pub(super) fn counts(&self) -> (u64, u64) {
        let readable = self.formats.iter().map(|format| format.users).sum();
        (readable, self.unreadable.iter().map(|unreadable| unreadable.rows).sum())
    }

    pub(super) fn text(&self) -> String {
        let mut table = table(
            ["users", "format", "parameters", "goes to Okta as", "one check"],
            4,
            output::terminal_width(),
        );
        for format in &self.formats {
            table.add_row([
                format.users.to_string(),
                format.scheme.clone(),
                format.parameters.clone(),
                format
                    .okta_algorithm
                    .map_or_else(|| "hook".to_owned(), |algorithm| format!("hash: {algorithm}")),
                output::duration(format.verify_micros),
            ]);
        }
        let mut text = format!("{}\n", table.trim_fmt());
        for unreadable in &self.unreadable {
            let _ = writeln!(text, "\n {} unreadable: {}", unreadable.rows, unreadable.reason);
        }
        text
    }
}
