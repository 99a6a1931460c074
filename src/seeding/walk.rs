//! All rows of some sources, batch by batch: read by one task, worked on by others, handed on in order.
//!
//! Memory stays constant: only a few batches are under way at any time, and reading waits for the slowest part.

use std::sync::Arc;

use futures_util::StreamExt;
use thiserror::Error;
use tokio::sync::mpsc;
use tokio::task::{JoinHandle, JoinSet};

use crate::sources::{CredentialSource, Page, SourceError};

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
    /// Taken, and not done yet: whoever gives up waiting finds it here again.
    taken: Option<JoinHandle<T>>,
    reader: JoinSet<()>,
}

/// Where the reading task puts what is to be worked on.
pub(super) struct Feed<T> {
    sender: mpsc::Sender<Result<JoinHandle<T>, SourceError>>,
}

/// Nobody takes results any more.
pub(super) struct Unheard;

impl<T: Send + 'static> Feed<T> {
    /// Has this done on a blocking thread, several at once; waits while too many are under way.
    pub(super) async fn give(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<(), Unheard> {
        self.sender.send(Ok(tokio::task::spawn_blocking(work))).await.map_err(|_| Unheard)
    }

    /// Ends the walk with this.
    pub(super) async fn fail(self, error: SourceError) {
        // If nobody listens any more, there is nobody to tell.
        let _ = self.sender.send(Err(error)).await;
    }
}

impl<T: Send + 'static> Walk<T> {
    /// Reads the sources one after the other; `work` sees each batch with the index of its source.
    pub(super) fn start(
        sources: Vec<Arc<dyn CredentialSource>>,
        filter: Option<String>,
        work: impl Fn(usize, Page) -> T + Send + Sync + 'static,
    ) -> Self {
        let work = Arc::new(work);
        Self::begin(async move |feed| {
            for (index, source) in sources.iter().enumerate() {
                let mut batches = source.stream(filter.as_deref(), None);
                while let Some(batch) = batches.next().await {
                    let rows = match batch {
                        Ok(rows) => rows,
                        Err(error) => return feed.fail(error).await,
                    };
                    let work = Arc::clone(&work);
                    if let Err(Unheard) = feed.give(move || work(index, rows)).await {
                        return;
                    }
                }
            }
        })
    }

    /// Runs a task that feeds the walk.
    pub(super) fn begin<F>(read: impl FnOnce(Feed<T>) -> F) -> Self
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let (sender, results) = mpsc::channel(UNDER_WAY);
        let mut reader = JoinSet::new();
        reader.spawn(read(Feed { sender }));
        Self { results, taken: None, reader }
    }

    /// The next result; `None` after the last. Cancelled while it waits, it loses nothing.
    pub(super) async fn next(&mut self) -> Option<Result<T, WalkError>> {
        if self.taken.is_none() {
            match self.results.recv().await {
                Some(Ok(handle)) => self.taken = Some(handle),
                Some(Err(error)) => return Some(Err(error.into())),
                // A reader that broke down must not look like one that came to the end.
                None => return self.reader.join_next().await?.err().map(|error| Err(error.into())),
            }
        }
        let result = self.taken.as_mut()?.await;
        self.taken = None;
        Some(result.map_err(WalkError::from))
    }
}
