//! The same way without a single write: what an import would do, and whether logins are taken in the org.

use std::collections::BTreeMap;

use futures_util::StreamExt;
use futures_util::stream;
use serde::Serialize;
use tokio::sync::watch;

use super::collect::reject_line;
use super::feed::{Feeder, Row, Task, Weighed, Work};
use super::{Existing, ImportError, Markers, Options, Report};
use crate::ledger::Ledger;
use crate::okta::client::Client;
use crate::seeding::people::{People, Walked};
use crate::seeding::plan::Reject;
use crate::seeding::sink::journal::RejectsFile;

/// Groups that are told apart in a report.
const GROUPS: usize = 1_000;
/// A create-user request takes so many groups; each further one is a call.
const GROUPS_AT_CREATION: u64 = 20;

/// What to walk over, and how far to look.
pub struct DryRun {
    /// The stores.
    pub walked: Walked,
    /// Who stands where; one in memory where there is none yet.
    pub ledger: Ledger,
    /// Tells changed rows.
    pub markers: Markers,
    /// As for the import.
    pub options: Options,
    /// The org, where logins and groups are to be looked up.
    pub look: Option<Client>,
    /// Where rejects go.
    pub rejects: RejectsFile,
}

/// What an import would do.
#[derive(Clone, Debug, Default, Serialize)]
pub struct DryReport {
    /// Its counts: `users` would be created.
    #[serde(flatten)]
    pub report: Report,
    /// Users whom an earlier run was sending when it ended: they are looked up first.
    pub unfinished: u64,
    /// Logins that are in the org already, where that was looked up.
    pub existing: u64,
    /// Calls that it would take, those for groups included.
    pub calls: u64,
    /// Groups that users would join.
    pub groups: Vec<GroupLine>,
}

/// One group of the plan.
#[derive(Clone, Debug, Serialize)]
pub struct GroupLine {
    /// Its name in Okta.
    pub name: String,
    /// Users who would join it.
    pub users: u64,
    /// Whether it is there, where that was looked up.
    pub exists: Option<bool>,
}

/// Walks to the end, or until `stop`. The second value says whether the end was reached.
pub async fn dry_run(
    run: DryRun,
    stop: watch::Receiver<bool>,
    mut progress: impl FnMut(&Report),
) -> Result<(DryReport, bool), ImportError> {
    let DryRun { walked, ledger, markers, options, look, rejects } = run;
    let mut left = options.limit.unwrap_or(u64::MAX);
    let mut dry = Dry { report: DryReport::default(), groups: BTreeMap::new(), file: rejects };
    let feeder = Feeder {
        sources: walked.stores.iter().map(|store| std::sync::Arc::clone(store.source.name())).collect(),
        ledger,
        pass: None,
        markers,
        options,
    };
    let mut people = People::start(walked);
    while left > 0 {
        let Some(batch) = people.next().await else { break };
        if *stop.borrow() {
            dry.end(look.as_ref(), &feeder.options).await?;
            return Ok((dry.report, false));
        }
        let weighed = feeder.weigh(0, batch?).await?;
        let (sent, rest) = super::feed::split(weighed, left);
        left -= sent.len() as u64;
        let rejected = dry.count(&feeder.options, look.as_ref(), sent, rest).await?;
        dry.file.append(rejected.iter().map(reject_line)).await?;
        dry.report.report.merged = people.merged();
        progress(&dry.report.report);
    }
    dry.end(look.as_ref(), &feeder.options).await?;
    Ok((dry.report, true))
}

struct Dry {
    report: DryReport,
    groups: BTreeMap<String, u64>,
    file: RejectsFile,
}

impl Dry {
    async fn count(
        &mut self,
        options: &Options,
        look: Option<&Client>,
        sent: Vec<Work>,
        rest: Vec<Weighed>,
    ) -> Result<Vec<(Row, String)>, ImportError> {
        let taken = match look {
            Some(client) => taken(client, options.in_flight, &sent).await?,
            None => vec![false; sent.len()],
        };
        let mut rejected = Vec::new();
        for (work, taken) in sent.into_iter().zip(taken) {
            self.one(options.existing, work, taken, &mut rejected);
        }
        let report = &mut self.report.report;
        for one in rest {
            match one {
                Weighed::Already => report.already += 1,
                Weighed::Skipped => report.skipped += 1,
                Weighed::OtherRoute => report.other_route += 1,
                Weighed::Elsewhere | Weighed::Send(_) => continue,
                Weighed::Rejected(row, reject, _) => {
                    report.users.rejected(&reject);
                    rejected.push((row, reject.to_string()));
                    continue;
                }
            }
            report.users.rows += 1;
        }
        Ok(rejected)
    }

    fn one(&mut self, existing: Existing, work: Work, taken: bool, rejected: &mut Vec<(Row, String)>) {
        let DryReport { report, calls, unfinished, existing: found, .. } = &mut self.report;
        *calls += 1;
        match &work.task {
            Task::Update { .. } => {
                *calls += 1;
                report.updated += 1;
                report.users.rows += 1;
                return;
            }
            Task::Recover { .. } => *unfinished += 1,
            Task::Create if taken => {
                *found += 1;
                match existing {
                    Existing::Skip => report.skipped += 1,
                    Existing::AttachHook => report.attached += 1,
                    Existing::Reject => {
                        let reject = Reject::Okta(super::send::WAS_THERE.to_owned());
                        report.users.rejected(&reject);
                        rejected.push((work.row, reject.to_string()));
                        return;
                    }
                }
                report.users.rows += 1;
                return;
            }
            Task::Create => {}
        }
        report.users.planned(&work.new.scheme, &work.new.route);
        *calls += (work.new.groups.len() as u64).saturating_sub(GROUPS_AT_CREATION);
        for group in work.new.groups {
            if self.groups.len() < GROUPS || self.groups.contains_key(&group) {
                *self.groups.entry(group).or_default() += 1;
            }
        }
    }

    /// The groups, looked up where asked for.
    async fn end(&mut self, look: Option<&Client>, options: &Options) -> Result<(), ImportError> {
        let users = self.report.report.users.users;
        for name in &options.groups {
            self.groups.insert(name.clone(), users);
        }
        for (name, users) in std::mem::take(&mut self.groups) {
            let exists = match look {
                Some(client) => Some(client.group_by_name(&name).await?.is_some()),
                None => None,
            };
            self.report.groups.push(GroupLine { name, users, exists });
        }
        self.report.report.users.sort();
        self.report.report.merged.sort();
        Ok(())
    }
}

/// Which of the logins are in the org, in the order of the users.
async fn taken(client: &Client, in_flight: usize, sent: &[Work]) -> Result<Vec<bool>, ImportError> {
    let asked = stream::iter(sent).map(|work| async move {
        match &work.task {
            Task::Create => Ok(client.user_by_login(work.new.login()).await?.is_some()),
            Task::Recover { .. } | Task::Update { .. } => Ok(false),
        }
    });
    let answers: Vec<Result<bool, ImportError>> = asked.buffered(in_flight.max(1)).collect().await;
    answers.into_iter().collect()
}
