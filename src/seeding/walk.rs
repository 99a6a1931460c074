//! All rows of some sources, batch by batch: read by one task, worked on by others, handed on in order.
//!
//! Memory stays constant: only a few batches are under way at any time, and reading waits for the slowest part.

use std::sync::Arc;

use futures_util::StreamExt;
use thiserror::Error;
use tokio::sync::mpsc;
use tokio::task::{JoinHandle, JoinSet};

use crate::sources::{CredentialSource, Row, SourceError};

/// Batches under way besides the one being read and the one being taken.
const UNDER_WAY: usize = 2;

/// Why a walk ended before its end.
#[derive(Debug, Error)]
pub enum WalkError {
    /// A store failed.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// A batch could not be worked on: a mistake of the program.
    #[error("a batch of rows could not be processed: {0}")]
    Worker(#[from] tokio::task::JoinError),
}

/// The results of a walk, in the order of the rows. Dropping it ends the walk.
pub(super) struct Walk<T> {
    results: mpsc::Receiver<Result<JoinHandle<T>, SourceError>>,
    reader: JoinSet<()>,
}

impl<T: Send + 'static> Walk<T> {
    /// Reads the sources one after the other. `prepare` sees each batch (with the index of its source) in order;
    /// `work` then runs on a blocking thread, several at once.
    pub(super) fn start<B: Send + 'static>(
        sources: Vec<Arc<dyn CredentialSource>>,
        filter: Option<String>,
        mut prepare: impl FnMut(usize, Vec<Row>) -> B + Send + 'static,
        work: impl Fn(B) -> T + Send + Sync + 'static,
    ) -> Self {
        let (sender, results) = mpsc::channel(UNDER_WAY);
        let work = Arc::new(work);
        let mut reader = JoinSet::new();
        reader.spawn(async move {
            for (index, source) in sources.iter().enumerate() {
                let mut batches = source.stream(filter.as_deref(), None);
                while let Some(batch) = batches.next().await {
                    let result = batch.map(|rows| {
                        let prepared = prepare(index, rows);
                        let work = Arc::clone(&work);
                        tokio::task::spawn_blocking(move || work(prepared))
                    });
                    let failed = result.is_err();
                    if sender.send(result).await.is_err() || failed {
                        return;
                    }
                }
            }
        });
        Self { results, reader }
    }

    /// The next result; `None` after the last.
    pub(super) async fn next(&mut self) -> Option<Result<T, WalkError>> {
        match self.results.recv().await {
            Some(Ok(handle)) => Some(handle.await.map_err(WalkError::from)),
            Some(Err(error)) => Some(Err(error.into())),
            // A reader that broke down must not look like one that came to the end.
            None => self.reader.join_next().await?.err().map(|error| Err(error.into())),
        }
    }
}
