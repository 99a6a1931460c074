//! The ledger: on files, on a PostgreSQL server, from several processes, and while it is away.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on shall fail")]

mod aftermath;
mod contents;
mod counts;
mod import;
mod journal;
mod layouts;
mod lock;
mod outage;
mod passes;
mod planning;
mod processes;
mod status;

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant, SystemTime};

use keyferry::ledger::{
    Arrival, Candidate, Confirmed, Cursor, DecisionEvent, Journal, Ledger, LedgerError, Marker, Observed,
    Pass, PlannedUser, Recorder, ResetStep, RollBackStep, Route, SchemeCount, Settled, Shard, Standing,
    State, Summary, UserRef, UserState,
};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Connection, PgConnection, SqliteConnection};
use tempfile::TempDir;

use crate::servers::{self, Kind};

const CANARY_ID: &str = "4711-canary-id";
const CANARY_LOGIN: &str = "canary.login@example.com";
const KEY: &[u8] = b"a key of thirty-two bytes, fixed";
const GRACE: Duration = Duration::from_secs(10);

/// A ledger in a folder of its own.
struct File {
    folder: TempDir,
}

impl File {
    fn new() -> Self {
        Self { folder: TempDir::new().unwrap() }
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("ledger.db")
    }

    fn url(&self) -> String {
        format!("sqlite:{}", self.path().display())
    }

    /// A second connection, as another process would have it.
    async fn connect(&self) -> SqliteConnection {
        SqliteConnectOptions::new().filename(self.path()).create_if_missing(true).connect().await.unwrap()
    }
}

/// An empty database on the test server.
struct Database {
    url: String,
}

impl Database {
    /// `None` where PostgreSQL is not installed.
    async fn new() -> Option<Self> {
        let server = servers::postgres()?;
        Some(Self { url: server.database("SELECT 1").await })
    }

    async fn connect(&self) -> PgConnection {
        PgConnection::connect(&self.url).await.unwrap()
    }
}

fn decision(user: &str, outcome: &'static str, reason: Option<&'static str>) -> DecisionEvent {
    DecisionEvent {
        at: SystemTime::now(),
        outcome,
        reason,
        source: Some(Arc::from("shop")),
        user_id: Some(user.to_owned()),
        login: Some(format!("{user}@example.com")),
        scheme: Some(Arc::from("bcrypt")),
        micros: 1234,
    }
}

/// An event of somebody whom no source knows.
fn unknown() -> DecisionEvent {
    DecisionEvent {
        source: None,
        user_id: None,
        scheme: None,
        ..decision("x", "rejected", Some("unknown user"))
    }
}

fn planned(user_id: &str, route: Route) -> PlannedUser<'_> {
    PlannedUser { source: "shop", user_id, login: None, route, scheme: Some("bcrypt") }
}

async fn summary(url: &str) -> Summary {
    Ledger::summary_of(url).await.unwrap().expect("a ledger")
}

fn users(summary: &Summary) -> BTreeSet<(&str, &str, u64)> {
    summary.users.iter().map(|count| (count.route.as_str(), count.state.as_str(), count.users)).collect()
}

fn not_verified(scheme: &SchemeCount) -> BTreeSet<(&str, &str, u64)> {
    let counts = scheme.not_verified.iter();
    counts.map(|count| (count.outcome.as_str(), count.reason.as_str(), count.decisions)).collect()
}

/// Runs a test, which takes the URL of an empty ledger, on a file and on a server.
macro_rules! on_both {
    ($($test:ident),+ $(,)?) => {
        $(mod $test {
            use super::super::{Database, File};

            #[tokio::test]
            async fn on_sqlite() {
                let file = File::new();
                Box::pin(super::$test(&file.url())).await;
            }

            #[tokio::test]
            async fn on_postgresql() {
                let Some(database) = Database::new().await else { return };
                Box::pin(super::$test(&database.url)).await;
            }
        })+
    };
}

use on_both;
