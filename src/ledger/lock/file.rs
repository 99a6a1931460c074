//! Locks for a ledger in a file, on files of their own beside it: SQLite's locks on the ledger itself go with each
//! transaction. They are made when they are first needed, hold a number at most, and are never removed: a file that is
//! removed while another process is about to lock it would let both in.
//!
//! `LEDGER-import.lock` is held alone by a whole import and shared by shards; `LEDGER-import-3.lock` by shard 3;
//! `LEDGER-import-start.lock` for the moment in which a process finds out which of these it can have.

use std::fs::{File, TryLockError};
use std::io::{Read as _, Seek as _, Write as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::{busy, busy_shard, busy_split, busy_whole};
use crate::ledger::store::create_private;
use crate::ledger::{LedgerError, Shard};

/// How long others may take to find out what they can have.
const START: Duration = Duration::from_secs(10);
/// Between two looks at whether they are done.
const LOOK: Duration = Duration::from_millis(5);

/// The locks of an import: closing the files gives them back.
pub(super) struct Files {
    _all: File,
    _shard: Option<File>,
}

pub(super) async fn lock(ledger: &Path, shard: Shard) -> Result<Files, LedgerError> {
    let ledger = ledger.to_owned();
    tokio::task::spawn_blocking(move || take(&ledger, shard))
        .await
        .unwrap_or_else(|_| Err(LedgerError::Database("taking its lock has failed".to_owned())))
}

fn take(ledger: &Path, shard: Shard) -> Result<Files, LedgerError> {
    // One ledger under two names has one lock.
    let ledger = ledger.canonicalize().map_err(|error| failed(&error))?;
    let starting = open(&ledger, "start")?;
    let until = Instant::now() + START;
    while !try_lock(&starting)? {
        if Instant::now() >= until {
            return Err(busy("another import has been starting for a long time"));
        }
        std::thread::sleep(LOOK);
    }
    // From here on nobody else begins, until `starting` is closed.
    let mut all = open(&ledger, "")?;
    let alone = try_lock(&all)?;
    if shard.is_whole() {
        if alone {
            return Ok(Files { _all: all, _shard: None });
        }
        return Err(if try_lock_shared(&all)? {
            busy_split(&running(&ledger, &mut all)?)
        } else {
            busy_whole()
        });
    }
    if alone {
        write_split(&mut all, shard.of)?;
        all.unlock().map_err(|error| failed(&error))?;
    }
    if !try_lock_shared(&all)? {
        return Err(busy_whole());
    }
    if !alone && read_split(&mut all)? != shard.of {
        return Err(busy_split(&running(&ledger, &mut all)?));
    }
    let own = open(&ledger, &shard.index.to_string())?;
    if !try_lock(&own)? {
        return Err(busy_shard(shard));
    }
    Ok(Files { _all: all, _shard: Some(own) })
}

/// The shards that are running now.
fn running(ledger: &Path, all: &mut File) -> Result<Vec<Shard>, LedgerError> {
    let of = read_split(all)?;
    let mut running = Vec::new();
    for index in 0..of {
        if path(ledger, &index.to_string()).exists() && !try_lock(&open(ledger, &index.to_string())?)? {
            running.push(Shard { index, of });
        }
    }
    Ok(running)
}

/// Into how many shards those who run have split the users.
fn read_split(all: &mut File) -> Result<u32, LedgerError> {
    let mut text = String::new();
    all.rewind().and_then(|()| all.take(16).read_to_string(&mut text)).map_err(|error| failed(&error))?;
    Ok(text.trim().parse().unwrap_or_default())
}

fn write_split(all: &mut File, of: u32) -> Result<(), LedgerError> {
    all.rewind()
        .and_then(|()| all.set_len(0))
        .and_then(|()| all.write_all(format!("{of}\n").as_bytes()))
        .map_err(|error| failed(&error))
}

fn path(ledger: &Path, name: &str) -> PathBuf {
    let mut path = ledger.as_os_str().to_owned();
    path.push("-import");
    if !name.is_empty() {
        path.push("-");
        path.push(name);
    }
    path.push(".lock");
    PathBuf::from(path)
}

fn open(ledger: &Path, name: &str) -> Result<File, LedgerError> {
    let path = path(ledger, name);
    create_private(&path)?;
    File::options().read(true).write(true).open(path).map_err(|error| failed(&error))
}

fn try_lock(file: &File) -> Result<bool, LedgerError> {
    had(file.try_lock())
}

fn try_lock_shared(file: &File) -> Result<bool, LedgerError> {
    had(file.try_lock_shared())
}

fn had(result: Result<(), TryLockError>) -> Result<bool, LedgerError> {
    match result {
        Ok(()) => Ok(true),
        Err(TryLockError::WouldBlock) => Ok(false),
        Err(TryLockError::Error(error)) => Err(failed(&error)),
    }
}

fn failed(error: &std::io::Error) -> LedgerError {
    LedgerError::Unreachable(format!("the lock files beside it cannot be used: {}", error.kind()))
}
