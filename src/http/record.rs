//! Keeps the payloads of authenticated calls as files that `keyferry replay` takes: one call a file, without its
//! password unless somebody said otherwise, with what was decided beside it.
//!
//! A thread of its own writes, behind the answer and a bounded queue. Whatever the disk does, no sign-in notices; what
//! finds no room is counted, and the log tells.

use std::fs::{self, DirBuilder};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, SystemTime};

use time::OffsetDateTime;
use time::format_description::BorrowedFormatItem;
use time::macros::format_description;
use tokio::sync::oneshot;
use tracing::{info, warn};
use zeroize::Zeroizing;

use super::contract::recorded;
use crate::decision::Decision;

/// Calls that may wait for the disk: 32 MiB at the very most, and some hundred KiB of usual ones.
const WAITING: usize = 512;
/// The folder of a day, and the beginning of a file's name: by name is by time.
const DAY: &[BorrowedFormatItem<'_>] = format_description!("[year][month][day]");
const TIME: &[BorrowedFormatItem<'_>] = format_description!("[hour][minute][second].[subsecond digits:3]");

/// What is kept, where, and how much.
#[derive(Debug)]
pub struct RecordSettings {
    /// Made where it is not there. Nobody but its owner may be able to write to it.
    pub folder: PathBuf,
    /// The most calls that the folder may hold, those of earlier runs included.
    pub limit: u64,
    /// Whether passwords are kept. For a developer's machine only: the caller sees to that.
    pub passwords: bool,
}

/// The recorder of calls.
pub struct Record {
    queue: Mutex<Option<SyncSender<Entry>>>,
    done: Mutex<Option<oneshot::Receiver<()>>>,
    state: Arc<State>,
    passwords: bool,
}

/// A call that may be kept, by and by.
#[derive(Clone)]
pub(super) struct Draft(Zeroizing<Vec<u8>>);

struct Entry {
    draft: Draft,
    decision: Decision,
    at: SystemTime,
}

#[derive(Default)]
struct State {
    /// Files written since the start.
    kept: AtomicU64,
    /// Calls that found no room in the queue.
    dropped: AtomicU64,
    /// Calls that could not be written.
    failed: AtomicU64,
    overflowing: AtomicBool,
    /// The folder holds as many calls as it may.
    full: AtomicBool,
}

impl Record {
    /// Makes the folder, counts what it holds, and starts the thread that writes.
    pub fn start(settings: RecordSettings) -> io::Result<Self> {
        let RecordSettings { folder, limit, passwords } = settings;
        private_folder(&folder)?;
        if fs::metadata(&folder)?.permissions().mode() & 0o022 != 0 {
            return Err(io::Error::other("others may write to it; it must be a folder of the service's own"));
        }
        let held = held(&folder, limit)?;
        let state = Arc::new(State::default());
        let mut random = [0; 4];
        getrandom::fill(&mut random).map_err(|_| io::Error::other("the system gives no randomness"))?;
        let writer = Writer {
            folder,
            run: hex::encode(random),
            held,
            limit,
            failing: false,
            state: Arc::clone(&state),
        };
        let (queue, entries) = sync_channel(WAITING);
        let (ended, done) = oneshot::channel();
        thread::Builder::new().name("record".into()).spawn(move || {
            writer.run(&entries);
            // Whoever waited may have gone.
            let _ = ended.send(());
        })?;
        Ok(Self { queue: Mutex::new(Some(queue)), done: Mutex::new(Some(done)), state, passwords })
    }

    /// What may be kept of an authenticated call's body; nothing where there is no room for more.
    pub(super) fn draft(&self, body: &[u8]) -> Option<Draft> {
        if self.state.full.load(Ordering::Relaxed) {
            return None;
        }
        let kept = if self.passwords { recorded::unredacted(body) } else { recorded::redacted(body) };
        if kept.is_err() {
            // Answered well, and yet taken apart otherwise here: with two members of one name, or very many.
            self.state.failed.fetch_add(1, Ordering::Relaxed);
        }
        kept.ok().map(Draft)
    }

    /// Hands a call over. Never waits and never fails.
    pub(super) fn keep(&self, draft: Draft, decision: Decision) {
        let entry = Entry { draft, decision, at: SystemTime::now() };
        let queue = self.queue.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(queue) = queue.as_ref() else { return };
        match queue.try_send(entry) {
            Ok(()) => self.state.overflowing.store(false, Ordering::Relaxed),
            Err(TrySendError::Disconnected(_)) => {}
            Err(TrySendError::Full(_)) => {
                self.state.dropped.fetch_add(1, Ordering::Relaxed);
                if !self.state.overflowing.swap(true, Ordering::Relaxed) {
                    warn!("calls come quicker than they can be recorded: some are left out");
                }
            }
        }
    }

    /// Writes what waits, for `grace` at most, and tells what was kept and what was not.
    pub async fn close(&self, grace: Duration) {
        drop(self.queue.lock().unwrap_or_else(PoisonError::into_inner).take());
        let done = self.done.lock().unwrap_or_else(PoisonError::into_inner).take();
        let Some(done) = done else { return };
        if tokio::time::timeout(grace, done).await.is_err() {
            warn!("the recording was not written to its end within the grace");
        }
        let State { kept, dropped, failed, .. } = &*self.state;
        let [kept, dropped, failed] = [kept, dropped, failed].map(|count| count.load(Ordering::Relaxed));
        info!(kept, dropped, failed, "the recording has ended");
    }
}

impl std::fmt::Debug for Record {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Record(…)")
    }
}

struct Writer {
    folder: PathBuf,
    /// Tells the files of processes apart that share the folder.
    run: String,
    held: u64,
    limit: u64,
    failing: bool,
    state: Arc<State>,
}

impl Writer {
    fn run(mut self, entries: &Receiver<Entry>) {
        self.note_when_full();
        for entry in entries {
            if self.held >= self.limit {
                continue;
            }
            match self.write(&entry) {
                Ok(()) => {
                    self.held += 1;
                    self.state.kept.fetch_add(1, Ordering::Relaxed);
                    if std::mem::take(&mut self.failing) {
                        info!("calls are recorded again");
                    }
                    self.note_when_full();
                }
                Err(error) => {
                    self.state.failed.fetch_add(1, Ordering::Relaxed);
                    if !std::mem::replace(&mut self.failing, true) {
                        warn!(folder = %self.folder.display(), %error, "calls cannot be recorded; sign-ins go on");
                    }
                }
            }
        }
    }

    fn note_when_full(&self) {
        if self.held >= self.limit {
            self.state.full.store(true, Ordering::Relaxed);
            warn!(limit = self.limit, "the recording holds as many calls as it may: no more are recorded");
        }
    }

    /// One file, there complete or not at all. Not seen onto the disk: it is no loss if the power fails.
    fn write(&self, Entry { draft, decision, at }: &Entry) -> io::Result<()> {
        let now = OffsetDateTime::from(*at);
        let name = |format| now.format(format).map_err(io::Error::other);
        let day = self.folder.join(name(&DAY)?);
        private_folder(&day)?;
        let content = recorded::entry(&draft.0, *decision, *at);
        // Readable by its owner alone, whatever the umask.
        let mut file = tempfile::Builder::new().prefix(".").suffix(".part").tempfile_in(&day)?;
        file.write_all(&content)?;
        let number = self.state.kept.load(Ordering::Relaxed);
        let name = format!("{}-{}-{number:07}.json", name(&TIME)?, self.run);
        file.persist_noclobber(day.join(name)).map(drop).map_err(|error| error.error)
    }
}

fn private_folder(folder: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(folder)
}

/// How many calls the folder holds, as far as `limit`.
fn held(folder: &Path, limit: u64) -> io::Result<u64> {
    let mut held = 0;
    for day in fs::read_dir(folder)? {
        let day = day?;
        if !day.file_type()?.is_dir() {
            continue;
        }
        for file in fs::read_dir(day.path())? {
            held += u64::from(file?.path().extension().is_some_and(|extension| extension == "json"));
            if held >= limit {
                return Ok(held);
            }
        }
    }
    Ok(held)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decision::Reason;

    const BODY: &[u8] = br#"{"eventType":"com.okta.user.credential.password.import",
        "data":{"context":{"credential":{"username":"ann","password":"canary"}}}}"#;

    fn record(folder: &Path, limit: u64, passwords: bool) -> io::Result<Record> {
        Record::start(RecordSettings { folder: folder.to_owned(), limit, passwords })
    }

    fn files(folder: &Path) -> Vec<PathBuf> {
        let entries = |folder: &Path| fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
        let days: Vec<PathBuf> = entries(folder).filter(|path| path.is_dir()).collect();
        let mut files: Vec<PathBuf> = days.iter().flat_map(|day| entries(day)).collect();
        files.sort();
        files
    }

    #[tokio::test]
    async fn the_folder_never_holds_more_than_it_may_over_several_runs() {
        let folder = tempfile::tempdir().unwrap();
        for (calls, held) in [(2, 2), (3, 4), (1, 4)] {
            let record = record(folder.path(), 4, false).unwrap();
            for _ in 0..calls {
                if let Some(draft) = record.draft(BODY) {
                    record.keep(draft, Decision::Rejected(Reason::UnknownUser));
                }
            }
            record.close(Duration::from_mins(1)).await;
            assert_eq!(files(folder.path()).len(), held);
        }
        let text = fs::read_to_string(&files(folder.path())[0]).unwrap();
        assert!(text.contains("ann") && text.contains("unknown user") && !text.contains("canary"), "{text}");
    }

    #[tokio::test]
    async fn what_cannot_be_written_is_counted() {
        let folder = tempfile::tempdir().unwrap();
        let record = record(folder.path(), 10, true).unwrap();
        let day = OffsetDateTime::from(SystemTime::now()).format(DAY).unwrap();
        fs::write(folder.path().join(day), "in the way").unwrap();
        record.keep(record.draft(BODY).unwrap(), Decision::Verified);
        assert!(record.draft(b"{}").is_none());
        record.close(Duration::from_mins(1)).await;
        let state = &record.state;
        assert_eq!((state.kept.load(Ordering::Relaxed), state.failed.load(Ordering::Relaxed)), (0, 2));
    }

    #[test]
    fn a_full_queue_holds_nobody_up_and_what_it_leaves_out_is_counted() {
        let (queue, entries) = sync_channel(1);
        let state = Arc::new(State::default());
        let record = Record {
            queue: Mutex::new(Some(queue)),
            done: Mutex::new(None),
            state: Arc::clone(&state),
            passwords: false,
        };
        let keep = || record.keep(record.draft(BODY).unwrap(), Decision::Verified);
        for _ in 0..3 {
            keep();
        }
        let told = || (state.dropped.load(Ordering::Relaxed), state.overflowing.load(Ordering::Relaxed));
        assert_eq!(told(), (2, true));
        entries.recv().unwrap();
        keep();
        assert_eq!(told(), (2, false));
    }

    #[test]
    fn a_folder_that_others_write_to_or_that_is_none_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o777)).unwrap();
        assert!(record(folder.path(), 1, false).unwrap_err().to_string().contains("others may write"));
        let file = folder.path().join("file");
        fs::write(&file, "").unwrap();
        assert!(record(&file, 1, false).is_err());
    }
}
