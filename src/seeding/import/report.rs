//! What an import did, in counts. Users who were there already, whoever was created, and why the others were not.

use serde::Serialize;

use crate::seeding::people::MergeReport;
use crate::seeding::report;

/// Counts of an import, complete or so far.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Report {
    /// Rows looked at, users created by route and scheme, rejects by reason.
    #[serde(flatten)]
    pub users: report::Report,
    /// Rows of users whom an earlier run, or an earlier row of this one, has settled; nothing was sent for them.
    pub already: u64,
    /// Rows that `--only-route` leaves out.
    pub other_route: u64,
    /// Of the created, those found in the org after a call whose answer was lost.
    pub recovered: u64,
    /// Users whose row had changed since they were created, and who were brought up to date.
    pub updated: u64,
    /// Users who were in the org before and were given the hook or the hash.
    pub attached: u64,
    /// Users who were in the org before and were left alone.
    pub skipped: u64,
    /// Of the created, those whom a policy of the org made PROVISIONED: they got a mail and have to enrol first.
    pub provisioned: u64,
    /// Groups that were missing in the org.
    pub groups_created: u64,
    /// What became of people whom several stores know.
    pub merged: MergeReport,
}

impl Report {
    /// Rows that are settled, whatever became of them.
    pub fn done(&self) -> u64 {
        let users = &self.users;
        users.users
            + users.rejected
            + self.already
            + self.other_route
            + self.updated
            + self.attached
            + self.skipped
    }
}
