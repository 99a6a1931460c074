//! What a reconciliation has found, in counts; of people only Okta's ids, and only of those who are gone.

use std::fmt::Write as _;

use serde::Serialize;

use crate::cli::output::{counted, table};

/// The document of `--json`.
#[derive(Debug, Default, Serialize)]
pub(super) struct Report {
    /// From the System Log.
    pub(super) log: Log,
    /// From the list of users; none with `--log-only`.
    pub(super) users: Option<Users>,
}

/// Events `user.import.password` of the System Log.
#[derive(Debug, Default, Serialize)]
pub(super) struct Log {
    /// All of them that were read.
    pub(super) read: u64,
    /// Users who are confirmed now and were not before.
    pub(super) confirmed: u64,
    /// Successes of users who were confirmed already.
    pub(super) known: u64,
    /// Successes of users whom this ledger has not sent.
    pub(super) unknown_users: u64,
    /// Passwords that Okta could not store.
    pub(super) failures: u64,
    /// Events that were not in the shape of one.
    pub(super) unreadable: u64,
}

/// Users of the org.
#[derive(Debug, Default, Serialize)]
pub(super) struct Users {
    /// In Okta's list.
    pub(super) read: u64,
    /// Of them, those whom this ledger knows.
    pub(super) of_this_ledger: u64,
    /// Of those, who have ever signed in to Okta.
    pub(super) signed_in: u64,
    /// Of those, whose status or last sign-in the ledger did not know.
    pub(super) changed: u64,
    /// Users whom this ledger has sent, and Okta no longer has.
    pub(super) gone: u64,
    /// Okta's ids of the first of them.
    pub(super) gone_ids: Vec<String>,
}

impl Report {
    pub(super) fn text(&self, width: Option<u16>) -> String {
        let mut table = table(["", "count"], 1, width);
        let mut line = |name: &str, count: u64| {
            table.add_row([name.to_owned(), count.to_string()]);
        };
        line("events of imported passwords", self.log.read);
        line("  users confirmed now", self.log.confirmed);
        line("  confirmed before", self.log.known);
        line("  of users not in this ledger", self.log.unknown_users);
        line("  failures", self.log.failures);
        if self.log.unreadable > 0 {
            line("  that could not be read", self.log.unreadable);
        }
        if let Some(users) = &self.users {
            line("users in Okta", users.read);
            line("  of this ledger", users.of_this_ledger);
            line("  of them signed in", users.signed_in);
            line("  of them new to the ledger's knowledge", users.changed);
            line("users of this ledger no longer in Okta", users.gone);
        }
        let mut text = table.trim_fmt();
        text.push('\n');
        if let Some(users) = self.users.as_ref().filter(|users| users.gone > 0) {
            let _ = write!(text, "\n{} of this ledger no longer in Okta:\n", counted(users.gone, "user"));
            for id in &users.gone_ids {
                let _ = writeln!(text, "  {id}");
            }
        }
        text
    }
}
