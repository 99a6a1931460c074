//! The export: every row planned, and written to one file or to another.
//!
//! While one batch is read from the store, others are planned and turned into bytes on blocking threads, and one is
//! written. Nothing takes its final name before the last row is on the disk.

use std::sync::Arc;

use thiserror::Error;

use super::dedupe::SeenLogins;
use super::plan::{Planner, Reject};
use super::report::Report;
use super::sink::file::{self, Destination, Output, Unpublished, WriteError};
use super::sink::{Format, rejects};
use super::walk::{Walk, WalkError};
use crate::sources::{CredentialSource, Row};

/// What to export, and where to.
pub struct Export {
    /// The stores, in the order in which their users take a login.
    pub sources: Vec<Planned>,
    /// A condition in the stores' SQL.
    pub filter: Option<String>,
    /// What is written.
    pub format: Format,
    /// Where users go.
    pub out: Destination,
    /// Where rejects go.
    pub rejects: Destination,
}

/// A store with the planner of its rows.
pub struct Planned {
    /// The store.
    pub source: Arc<dyn CredentialSource>,
    /// Decides for its rows.
    pub planner: Arc<Planner>,
}

/// Why there is no export. Nothing then stands under the final names.
#[derive(Debug, Error)]
pub enum ExportError {
    /// A store failed, or the program.
    #[error(transparent)]
    Walk(#[from] WalkError),
    /// A file could not be written.
    #[error(transparent)]
    Write(#[from] WriteError),
    /// The mapping names columns that the query does not give.
    #[error(
        "source `{source_name}`: the users query has no column {}: select it, or change [source.profile]",
        .columns.iter().map(|column| format!("`{column}`")).collect::<Vec<_>>().join(", ")
    )]
    MissingColumns {
        /// The source.
        source_name: Arc<str>,
        /// The columns.
        columns: Vec<String>,
    },
    /// A row could not be turned into bytes: a mistake of the program.
    #[error("a row could not be written down: {0}")]
    Encode(std::io::Error),
    /// Output and rejects would overwrite each other.
    #[error("users and rejects cannot both go to {0}")]
    SameDestination(Destination),
}

/// Runs an export to its end; `progress` sees the counts so far after each batch. Dropped before its end, it leaves
/// nothing behind.
pub async fn run(export: Export, mut progress: impl FnMut(&Report)) -> Result<Report, ExportError> {
    if export.out.is_same(&export.rejects) {
        return Err(ExportError::SameDestination(export.out));
    }
    let (out, out_name) = file::create(&export.out)?;
    let (rejects, rejects_name) = file::create(&export.rejects)?;
    let mut outputs = Outputs { out, rejects };
    let header = Chunk {
        accepted: export.format.header(),
        rejected: rejects::HEADER.as_bytes().to_vec(),
        ..Chunk::default()
    };
    outputs = outputs.write(header).await?;

    let mut report = Report::default();
    let mut walk = walk(export.sources, export.filter, export.format);
    while let Some(chunk) = walk.next().await {
        let mut chunk = chunk??;
        report.merge(&chunk.report);
        chunk.report = Report::default();
        outputs = outputs.write(chunk).await?;
        progress(&report);
    }
    outputs.finish().await?;
    // The users last: where their file stands, the rejects stand too.
    for name in [rejects_name, out_name].into_iter().flatten() {
        publish(name).await?;
    }
    report.sort();
    Ok(report)
}

/// A batch turned into bytes.
#[derive(Default)]
struct Chunk {
    accepted: Vec<u8>,
    rejected: Vec<u8>,
    report: Report,
}

/// A batch with the logins that an earlier row has.
struct Marked {
    source: usize,
    rows: Vec<Row>,
    repeated: Vec<bool>,
    missing_columns: Vec<String>,
}

fn walk(sources: Vec<Planned>, filter: Option<String>, format: Format) -> Walk<Result<Chunk, ExportError>> {
    let stores: Vec<_> = sources.iter().map(|planned| Arc::clone(&planned.source)).collect();
    let sources: Arc<[Planned]> = sources.into();
    let for_marks = Arc::clone(&sources);
    let mut seen = SeenLogins::new();
    let mut columns_checked = vec![false; stores.len()];
    let mark = move |source: usize, rows: Vec<Row>| {
        let Some(planned) = for_marks.get(source) else {
            return Marked { source, rows, repeated: Vec::new(), missing_columns: Vec::new() };
        };
        let profile = planned.planner.profile();
        let mut missing_columns = Vec::new();
        if let (Some(checked), Some(Ok(row))) = (
            columns_checked.get_mut(source).filter(|checked| !**checked),
            rows.iter().find(|row| row.is_ok()),
        ) {
            *checked = true;
            missing_columns = profile.missing_columns(row).into_iter().map(str::to_owned).collect();
        }
        let repeated = rows
            .iter()
            .map(|row| {
                let login = row.as_ref().ok().and_then(|record| profile.login(record));
                login.is_some_and(|login| !seen.insert(login))
            })
            .collect();
        Marked { source, rows, repeated, missing_columns }
    };
    Walk::start(stores, filter, mark, move |marked| match sources.get(marked.source) {
        Some(planned) => chunk(planned, marked, &format),
        None => Ok(Chunk::default()),
    })
}

fn chunk(planned: &Planned, marked: Marked, format: &Format) -> Result<Chunk, ExportError> {
    let source_name = planned.source.name();
    if !marked.missing_columns.is_empty() {
        return Err(ExportError::MissingColumns {
            source_name: Arc::clone(source_name),
            columns: marked.missing_columns,
        });
    }
    let mut chunk = Chunk { accepted: Vec::with_capacity(marked.rows.len() * 320), ..Chunk::default() };
    for (row, repeated) in marked.rows.iter().zip(marked.repeated) {
        let decided = match row {
            Ok(_) if repeated => Err(Reject::DuplicateLogin),
            Ok(record) => planned.planner.plan(record),
            Err(bad) => Err(Reject::Row(bad.clone())),
        };
        let reject = match decided {
            Ok(user) => {
                chunk.report.planned(&user.scheme, &user.route);
                format.append(&mut chunk.accepted, user).map_err(ExportError::Encode)?;
                continue;
            }
            Err(reject) => reject,
        };
        let (id, login) = match row {
            Ok(record) => (Some(record.id.as_str()), planned.planner.profile().login(record)),
            Err(bad) => (bad.id.as_deref(), None),
        };
        rejects::append(&mut chunk.rejected, source_name, id, login, &reject.to_string())
            .map_err(ExportError::Encode)?;
        chunk.report.rejected(&reject);
    }
    Ok(chunk)
}

/// Both files, on their way to and from the thread that writes.
struct Outputs {
    out: Output,
    rejects: Output,
}

impl Outputs {
    async fn write(mut self, chunk: Chunk) -> Result<Self, ExportError> {
        let written = tokio::task::spawn_blocking(move || {
            self.out.write(&chunk.accepted)?;
            self.rejects.write(&chunk.rejected)?;
            Ok::<_, WriteError>(self)
        });
        Ok(written.await.map_err(WalkError::from)??)
    }

    async fn finish(self) -> Result<(), ExportError> {
        let finished = tokio::task::spawn_blocking(move || {
            self.rejects.finish()?;
            self.out.finish()
        });
        Ok(finished.await.map_err(WalkError::from)??)
    }
}

async fn publish(name: Unpublished) -> Result<(), ExportError> {
    let published = tokio::task::spawn_blocking(move || name.publish());
    Ok(published.await.map_err(WalkError::from)??)
}
