//! When a long-running verb is asked to stop: SIGINT or SIGTERM.

use std::future::Future;
use std::io;

use tokio::signal::unix::{SignalKind, signal};

/// Ready at the first SIGINT or SIGTERM. The handlers are in place when this returns, so that no signal is lost
/// between here and the first poll.
pub(super) fn requested() -> io::Result<impl Future<Output = ()> + Send + 'static> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    })
}
