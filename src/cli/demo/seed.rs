//! The demonstration's seeding: `keyferry import` itself, and what the org has afterwards.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use anyhow::{Context, anyhow};
use serde::{Deserialize, Serialize};

use super::super::import::{self, Ended};
use super::migration::Migration;
use crate::demo::org::Awaits;

/// How a user was created, as the org has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Route {
    /// With a hash that Okta imported.
    Hash,
    /// With the hook.
    Hook,
}

/// A row that was not sent, or that Okta refused.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(super) struct Reject {
    pub(super) source: String,
    pub(super) id: String,
    pub(super) login: String,
    pub(super) reason: String,
}

/// What was created, and what was not.
#[derive(Debug, Default, Serialize)]
pub(super) struct Seeding {
    /// By login.
    pub(super) created: BTreeMap<String, Route>,
    /// Who is not in the org.
    pub(super) rejects: Vec<Reject>,
    /// Rows of people whom an earlier source knows.
    pub(super) merged: u64,
    /// Where the org is.
    #[serde(skip)]
    org_url: String,
}

/// Imports everybody.
pub(super) async fn run(migration: &Migration) -> anyhow::Result<Seeding> {
    let rejects = migration.file("rejects.csv");
    let args = import::Args::of_everybody(migration.file("keyferry.toml"), rejects.clone());
    let told = import::execute(&args, migration.config(true)?).await.map_err(|ended| match ended {
        Ended::Exit(_) => anyhow!("the import cannot run"),
        Ended::Failed(error) => error,
    })?;
    let rejects = tokio::fs::read(rejects).await.context("the import left no rejects file")?;
    let route = |(login, awaits)| match awaits {
        Awaits::Hash => Some((login, Route::Hash)),
        Awaits::Hook => Some((login, Route::Hook)),
        Awaits::Nothing => None,
    };
    Ok(Seeding {
        created: migration.org.awaited().into_iter().filter_map(route).collect(),
        rejects: csv::Reader::from_reader(rejects.as_slice()).deserialize().collect::<Result<_, _>>()?,
        merged: told.report().merged.rows,
        org_url: migration.org_url.clone(),
    })
}

impl Seeding {
    pub(super) fn by(&self, route: Route) -> usize {
        self.created.values().filter(|created| **created == route).count()
    }

    pub(super) fn text(&self) -> String {
        let mut text = format!(
            "   {} users created in {}: {} with a hash that Okta imports, {} for the hook.\n",
            self.created.len(),
            self.org_url,
            self.by(Route::Hash),
            self.by(Route::Hook)
        );
        for reject in &self.rejects {
            let Reject { source, id, login, reason } = reject;
            let _ = writeln!(text, "   Not sent: {source} {id} ({login}): {reason}");
        }
        if self.merged > 0 {
            let _ = writeln!(
                text,
                "   Merged: {} of a later source whom an earlier one knows; the earlier one's password counts.",
                super::super::output::counted(self.merged, "row")
            );
        }
        text
    }
}
