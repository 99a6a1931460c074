//! The import: everybody who is planned, created in the org once, whatever happens on the way.
//!
//! One task reads and plans (`feed`), some send (`send`), one counts, writes rejects and moves the cursor
//! (`collect`). Each user is `sending` in the ledger before the call leaves and settled when its answer is there, so
//! that a run that ends in any way leaves nobody of whom it is not known what must be asked first.

mod collect;
mod dry;
mod error;
mod feed;
mod groups;
mod report;
mod send;

use std::collections::HashMap;
use std::sync::Arc;

use futures_util::future::try_join_all;
use tokio::sync::{Mutex, mpsc, watch};

pub use dry::{DryReport, DryRun, GroupLine, dry_run};
pub use error::ImportError;
pub use report::Report;

use super::people::{People, Walked};
use super::sink::journal::RejectsFile;
use crate::ledger::{ImportLock, Ledger, Marker, Pass, Route, Shard};
use crate::okta::client::Client;
use collect::Collector;
use feed::Feeder;
use groups::Groups;
use send::Sender;

/// Users planned ahead of the calls, for each call in flight.
const AHEAD: usize = 4;

/// What becomes of a user who was in the org before.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Existing {
    /// Left alone, and counted.
    #[default]
    Skip,
    /// Given the password hook, or the hash where the user is STAGED; never more.
    AttachHook,
    /// A reject.
    Reject,
}

/// What to send, and how much of it.
#[derive(Clone, Debug)]
pub struct Options {
    /// Users who were in the org before.
    pub existing: Existing,
    /// The most users to send in this run.
    pub limit: Option<u64>,
    /// Only users of this route.
    pub only_route: Option<Route>,
    /// Okta groups that everybody joins.
    pub groups: Vec<String>,
    /// This part of all users.
    pub shard: Shard,
    /// Calls in flight.
    pub in_flight: usize,
}

/// An import, ready to run.
pub struct Import {
    /// The stores, how they are merged, and where to begin.
    pub walked: Walked,
    /// Who stands where.
    pub ledger: Ledger,
    /// Nobody else imports meanwhile.
    pub lock: ImportLock,
    /// This walk over all rows.
    pub pass: Pass,
    /// Tells changed rows, by source.
    pub markers: Markers,
    /// The org.
    pub client: Client,
    /// What to send.
    pub options: Options,
    /// Where rejects go.
    pub rejects: RejectsFile,
}

/// The markers of the sources, by name.
pub type Markers = HashMap<Arc<str>, Marker>;

/// Runs an import to its end, or until `stop` becomes true: calls in flight are then answered first. `progress` sees
/// the counts so far. The second value says whether the end was reached.
pub async fn run(
    import: Import,
    stop: watch::Receiver<bool>,
    progress: impl FnMut(&Report),
) -> Result<(Report, bool), ImportError> {
    let Import { walked, ledger, lock, pass, markers, client, options, rejects } = import;
    let shard = options.shard;
    let groups = Arc::new(Groups::new(client.clone()));
    groups.ensure_all(&options.groups).await?;
    let created = Arc::clone(&groups);

    let in_flight = options.in_flight.max(1);
    let (work, todo) = mpsc::channel(in_flight * AHEAD);
    let (told, heard) = mpsc::channel(in_flight * AHEAD);
    let feeder = Feeder {
        sources: walked.stores.iter().map(|store| Arc::clone(store.source.name())).collect(),
        ledger: ledger.clone(),
        pass: Some(pass.clone()),
        markers,
        options: options.clone(),
    };
    let sender = Sender { client, journal: ledger.journal(), ledger: ledger.clone(), groups, options };
    let collector = Collector::new(ledger, pass, shard, rejects);
    let todo = Arc::new(Mutex::new(todo));
    let workers = (0..in_flight)
        .map(|_| sender.work(Arc::clone(&todo), told.clone(), stop.clone()))
        .collect::<Vec<_>>();
    let feeding = feeder.run(People::start(walked), work, told, stop.clone());
    let working = async { tokio::try_join!(feeding, try_join_all(workers)).map(|(complete, _)| complete) };
    tokio::select! {
        ended = async { tokio::try_join!(working, collector.run(heard, progress)) } => {
            let (complete, collected) = ended?;
            let mut report = collected.finish(complete).await?;
            report.groups_created = created.created().await;
            Ok((report, complete))
        }
        () = lock.lost() => Err(ImportError::LockLost),
    }
}

/// Under which name the ledger keeps the length of a shard's rejects file.
pub fn rejects_note(shard: Shard) -> String {
    format!("import.rejects.{}.{}", shard.index, shard.of)
}

/// Waits for the wish to stop.
async fn stopped(stop: &mut watch::Receiver<bool>) {
    // A sender that is gone cannot ask to stop any more.
    if stop.wait_for(|stop| *stop).await.is_err() {
        std::future::pending::<()>().await;
    }
}
