//! Counts what came of each row, writes the rejects, and moves the cursor behind batches that are settled to their
//! last row. Rejects stand on the disk before the cursor passes them.

use std::collections::BTreeMap;

use tokio::sync::mpsc;

use super::feed::{Row, Weighed};
use super::{ImportError, Report};
use crate::ledger::{Cursor, Ledger, Pass, Rejection, Shard, UserRef};
use crate::seeding::people::{MergeReport, NewUser};
use crate::seeding::plan::Reject;
use crate::seeding::sink::journal::{Line, RejectsFile};

/// What the feeder and the workers tell.
pub(super) enum Told {
    /// A batch was planned; so many of it are under way.
    Batch { number: u64, outstanding: usize, rest: Vec<Weighed>, cursor: Option<Cursor>, merged: MergeReport },
    /// One of them is settled.
    Done { batch: u64, row: Row, new: Box<NewUser>, done: Done },
}

/// What came of a user who was sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Done {
    Created { recovered: bool, provisioned: bool },
    Already,
    Updated,
    Attached,
    Skipped,
    Rejected(String),
}

/// See the module.
pub(super) struct Collector {
    ledger: Ledger,
    pass: Pass,
    file: RejectsFile,
    /// Where the ledger keeps the file's length.
    note: String,
    report: Report,
    open: BTreeMap<u64, Open>,
}

/// A batch that is under way.
#[derive(Default)]
struct Open {
    outstanding: usize,
    cursor: Option<Cursor>,
    rejects: Vec<(Row, String)>,
}

impl Collector {
    pub(super) fn new(ledger: Ledger, pass: Pass, shard: Shard, file: RejectsFile) -> Self {
        Self {
            ledger,
            pass,
            file,
            note: super::rejects_note(shard),
            report: Report::default(),
            open: BTreeMap::new(),
        }
    }

    /// Listens until nobody tells anything any more.
    pub(super) async fn run(
        mut self,
        mut heard: mpsc::Receiver<Told>,
        mut progress: impl FnMut(&Report),
    ) -> Result<Self, ImportError> {
        while let Some(told) = heard.recv().await {
            match told {
                Told::Batch { number, outstanding, rest, cursor, merged } => {
                    self.report.merged = merged;
                    let mut open = Open { outstanding, cursor, rejects: Vec::new() };
                    self.count_rest(rest, &mut open).await?;
                    self.open.insert(number, open);
                }
                Told::Done { batch, row, new, done } => self.count(batch, row, &new, done),
            }
            self.move_on().await?;
            progress(&self.report);
        }
        Ok(self)
    }

    /// The last rejects, and the end of the pass where its end was reached.
    pub(super) async fn finish(mut self, complete: bool) -> Result<Report, ImportError> {
        for open in std::mem::take(&mut self.open).into_values() {
            self.file.append(open.rejects.iter().map(reject_line)).await?;
        }
        if complete {
            self.ledger.finish_pass(&self.pass).await?;
        }
        self.report.users.sort();
        self.report.merged.sort();
        Ok(self.report)
    }

    async fn count_rest(&mut self, rest: Vec<Weighed>, open: &mut Open) -> Result<(), ImportError> {
        let mut rejected: Vec<(UserRef, String)> = Vec::new();
        for one in rest {
            match one {
                Weighed::Already => self.report.already += 1,
                Weighed::Skipped => self.report.skipped += 1,
                Weighed::OtherRoute => self.report.other_route += 1,
                Weighed::Elsewhere | Weighed::Send(_) => continue,
                Weighed::Rejected(row, reject, user) => {
                    let reason = reject.to_string();
                    self.report.users.rejected(&reject);
                    rejected.extend(user.map(|user| (user, reason.clone())));
                    open.rejects.push((row, reason));
                    continue;
                }
            }
            self.report.users.rows += 1;
        }
        if !rejected.is_empty() {
            let rejections: Vec<Rejection<'_>> =
                rejected.iter().map(|(user, reason)| Rejection { user, reason }).collect();
            self.ledger.reject(&self.pass, &rejections).await?;
        }
        Ok(())
    }

    fn count(&mut self, batch: u64, row: Row, new: &NewUser, done: Done) {
        let report = &mut self.report;
        match done {
            Done::Created { recovered, provisioned } => {
                report.users.planned(&new.scheme, &new.route);
                report.recovered += u64::from(recovered);
                report.provisioned += u64::from(provisioned);
            }
            Done::Already => report.already += 1,
            Done::Updated => report.updated += 1,
            Done::Attached => report.attached += 1,
            Done::Skipped => report.skipped += 1,
            Done::Rejected(_) => {}
        }
        let open = self.open.entry(batch).or_default();
        open.outstanding = open.outstanding.saturating_sub(1);
        match done {
            Done::Created { .. } => {}
            Done::Rejected(reason) => {
                report.users.rejected(&Reject::Okta(reason.clone()));
                open.rejects.push((row, reason));
            }
            Done::Already | Done::Updated | Done::Attached | Done::Skipped => report.users.rows += 1,
        }
    }

    /// Behind all batches, from the first on, of which nobody is under way.
    async fn move_on(&mut self) -> Result<(), ImportError> {
        while let Some(first) = self.open.first_entry().filter(|first| first.get().outstanding == 0) {
            let (_, open) = first.remove_entry();
            if !open.rejects.is_empty() {
                self.file.append(open.rejects.iter().map(reject_line)).await?;
            }
            if let Some(cursor) = open.cursor {
                self.ledger.set_note(&self.note, &self.file.len().to_string()).await?;
                self.ledger.advance(&self.pass, &cursor).await?;
            }
        }
        Ok(())
    }
}

pub(super) fn reject_line((row, reason): &(Row, String)) -> Line<'_> {
    Line { source: &row.source, id: row.id.as_deref(), reason, attributes: &row.attributes }
}
