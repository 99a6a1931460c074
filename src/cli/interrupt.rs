//! The signals that end a long command early, so that it can clear up behind itself.

use std::future::pending;

/// Waits for SIGINT, SIGTERM or SIGHUP, and tells which one came.
#[cfg(unix)]
pub(super) async fn interrupted() -> &'static str {
    use tokio::signal::unix::{SignalKind, signal};
    let wait = async |kind: SignalKind| match signal(kind) {
        Ok(mut signal) => {
            signal.recv().await;
        }
        Err(_) => pending().await,
    };
    tokio::select! {
        () = wait(SignalKind::interrupt()) => "SIGINT",
        () = wait(SignalKind::terminate()) => "SIGTERM",
        () = wait(SignalKind::hangup()) => "SIGHUP",
    }
}

/// Waits for Ctrl-C.
#[cfg(not(unix))]
pub(super) async fn interrupted() -> &'static str {
    if tokio::signal::ctrl_c().await.is_err() {
        pending::<()>().await;
    }
    "Ctrl-C"
}

/// Makes a file-size limit an error of the write, which can be told and cleared up after, instead of a signal that
/// ends the process. The signal is caught for as long as the process runs.
#[cfg(unix)]
pub(super) fn survive_file_size_limit() {
    // SIGXFSZ: 25 on Linux, macOS and the BSDs.
    let _ = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::from_raw(25));
}

/// There is no such signal.
#[cfg(not(unix))]
pub(super) fn survive_file_size_limit() {}
