//! What a seeding did: users by route and scheme, rejects by reason. Counts only, and a bounded number of them.

use std::sync::Arc;

use serde::Serialize;

use super::people::MergeReport;
use super::plan::{Reject, Route};

/// Distinct lines of each list; what comes after is counted under `other`.
const LINES: usize = 200;
const OTHER: &str = "other";

/// Counts of a seeding, complete or so far.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Report {
    /// Rows read.
    pub rows: u64,
    /// Users written, by either route.
    pub users: u64,
    /// Rows that could not be.
    pub rejected: u64,
    /// Users with a hash that Okta imports.
    pub hash: Vec<Line>,
    /// Users for the hook.
    pub hook: Vec<Line>,
    /// Rejects by reason.
    pub rejects: Vec<RejectLine>,
    /// What merging came to, where there are several sources.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub merged: Option<MergeReport>,
}

/// Users of one scheme on one route.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Line {
    /// The scheme of the stored value.
    #[serde(serialize_with = "text")]
    pub scheme: Arc<str>,
    /// Okta's algorithm, or why it takes the hook.
    #[serde(rename = "as")]
    pub detail: String,
    /// How many.
    pub users: u64,
}

/// Rejects for one reason.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RejectLine {
    /// The reason.
    pub reason: String,
    /// How many.
    pub rows: u64,
}

impl Report {
    /// Counts a user who was written.
    pub fn planned(&mut self, scheme: &Arc<str>, route: &Route) {
        self.rows += 1;
        self.users += 1;
        match route {
            Route::Hash(object) => count(&mut self.hash, scheme, object.algorithm(), 1),
            Route::Hook { reason } => count(&mut self.hook, scheme, reason, 1),
        }
    }

    /// Counts a reject.
    pub fn rejected(&mut self, reject: &Reject) {
        self.rows += 1;
        self.rejected += 1;
        count_reject(&mut self.rejects, &reject.to_string(), 1);
    }

    /// Adds the counts of a part.
    pub fn merge(&mut self, part: &Self) {
        self.rows += part.rows;
        self.users += part.users;
        self.rejected += part.rejected;
        for (lines, more) in [(&mut self.hash, &part.hash), (&mut self.hook, &part.hook)] {
            for line in more {
                count(lines, &line.scheme, &line.detail, line.users);
            }
        }
        for line in &part.rejects {
            count_reject(&mut self.rejects, &line.reason, line.rows);
        }
    }

    /// Users by hash.
    pub fn by_hash(&self) -> u64 {
        self.hash.iter().map(|line| line.users).sum()
    }

    /// Users for the hook.
    pub fn by_hook(&self) -> u64 {
        self.hook.iter().map(|line| line.users).sum()
    }

    /// The largest first.
    pub fn sort(&mut self) {
        for lines in [&mut self.hash, &mut self.hook] {
            lines.sort_by(|a, b| b.users.cmp(&a.users).then_with(|| a.scheme.cmp(&b.scheme)));
        }
        self.rejects.sort_by(|a, b| b.rows.cmp(&a.rows).then_with(|| a.reason.cmp(&b.reason)));
    }
}

fn text<S: serde::Serializer>(text: &str, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(text)
}

fn count(lines: &mut Vec<Line>, scheme: &Arc<str>, detail: &str, users: u64) {
    let full = lines.len() >= LINES;
    let known = |line: &&mut Line| line.detail == detail && line.scheme == *scheme;
    if let Some(line) = lines.iter_mut().find(known) {
        line.users += users;
    } else if !full {
        lines.push(Line { scheme: Arc::clone(scheme), detail: detail.to_owned(), users });
    } else if let Some(line) = lines.iter_mut().find(|line| &*line.scheme == OTHER) {
        line.users += users;
    } else {
        lines.push(Line { scheme: Arc::from(OTHER), detail: String::new(), users });
    }
}

fn count_reject(lines: &mut Vec<RejectLine>, reason: &str, rows: u64) {
    let full = lines.len() >= LINES;
    if let Some(line) = lines.iter_mut().find(|line| line.reason == reason) {
        line.rows += rows;
    } else if !full {
        lines.push(RejectLine { reason: reason.to_owned(), rows });
    } else if let Some(line) = lines.iter_mut().find(|line| line.reason == OTHER) {
        line.rows += rows;
    } else {
        lines.push(RejectLine { reason: OTHER.to_owned(), rows });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_store_full_of_different_faults_makes_a_short_report() {
        let mut report = Report::default();
        for number in 0..10_000 {
            report.rejected(&Reject::UnreadableHash(format!("fault {number}")));
        }
        assert_eq!(report.rejects.len(), LINES + 1);
        assert_eq!(report.rejects.iter().map(|line| line.rows).sum::<u64>(), 10_000);
        let mut sum = Report::default();
        sum.merge(&report);
        sum.merge(&report);
        assert_eq!(sum.rejected, 20_000);
        assert_eq!(sum.rejects.iter().map(|line| line.rows).sum::<u64>(), 20_000);
    }

    #[test]
    fn parts_add_up_by_route_and_scheme() {
        let argon2: Arc<str> = "argon2".into();
        let hook = Route::Hook { reason: "argon2 is not among Okta's algorithms".into() };
        let mut part = Report::default();
        part.planned(&argon2, &hook);
        let mut sum = part.clone();
        sum.merge(&part);
        assert_eq!((sum.rows, sum.users, sum.by_hook(), sum.by_hash()), (2, 2, 2, 0));
        assert_eq!(sum.hook.len(), 1);
    }
}
