//! The rejects of an import, which may run for days: the file stands under its name from the start and grows. Where a
//! run goes on that ended early, what the file holds beyond the remembered length is of rows that come again, and
//! is cut off.

use std::fs::{File, OpenOptions};
use std::io::{self, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::file::WriteError;
use super::rejects::ImportRejects;

/// See the module.
pub struct RejectsFile {
    path: PathBuf,
    file: Arc<File>,
    len: u64,
    format: ImportRejects,
}

/// One reject.
#[derive(Clone, Copy, Debug)]
pub struct Line<'a> {
    /// The source.
    pub source: &'a str,
    /// The row's id, where it was readable.
    pub id: Option<&'a str>,
    /// Why, in words that hold no value.
    pub reason: &'a str,
    /// What is known of the profile, the login included.
    pub attributes: &'a [(String, String)],
}

impl RejectsFile {
    /// Opens the file, with its header where it is new. `from` is the length that an earlier part of the same run
    /// left behind, where there was one.
    pub fn open(path: &Path, format: ImportRejects, from: Option<u64>) -> Result<Self, WriteError> {
        let fail = |source| failure(path, source);
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false);
        #[cfg(unix)]
        {
            use std::os::unix::fs::OpenOptionsExt;
            options.mode(0o600);
        }
        let mut file = options.open(path).map_err(fail)?;
        let there = file.metadata().map_err(fail)?.len();
        // A file that is shorter than it was is not the one of that run.
        let len = from.filter(|from| *from <= there).unwrap_or(0);
        file.set_len(len).map_err(fail)?;
        file.seek(SeekFrom::Start(len)).map_err(fail)?;
        let mut this = Self { path: path.to_owned(), file: Arc::new(file), len, format };
        if len == 0 {
            let header = this.format.header();
            write(&this.file, &header).map_err(fail)?;
            this.len = header.len() as u64;
        }
        Ok(this)
    }

    /// Its length now, in bytes.
    pub fn len(&self) -> u64 {
        self.len
    }

    /// Whether nothing at all was written, not even a header.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Appends rejects and sees them onto the disk.
    pub async fn append<'a>(&mut self, lines: impl Iterator<Item = Line<'a>>) -> Result<(), WriteError> {
        let mut bytes = Vec::new();
        for line in lines {
            self.format.append(&mut bytes, line.source, line.id, line.attributes, line.reason);
        }
        if bytes.is_empty() {
            return Ok(());
        }
        self.len += bytes.len() as u64;
        let file = Arc::clone(&self.file);
        let written = tokio::task::spawn_blocking(move || write(&file, &bytes)).await;
        written
            .unwrap_or_else(|_| Err(io::Error::other("the writer broke down")))
            .map_err(|error| failure(&self.path, error))
    }
}

fn write(mut file: &File, bytes: &[u8]) -> io::Result<()> {
    file.write_all(bytes)?;
    file.sync_data()
}

fn failure(path: &Path, source: io::Error) -> WriteError {
    WriteError::Stream { target: path.display().to_string(), source }
}
