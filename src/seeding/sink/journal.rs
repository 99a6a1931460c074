//! The rejects of an import, which may run for days: the file stands under its name from the start and grows. Where a
//! run goes on that ended early, what the file holds beyond the remembered length is of rows that come again, and
//! is cut off.

use std::fs::{File, OpenOptions};
use std::io::{self, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::file::WriteError;
use super::rejects::{self, Line};

/// See the module.
pub struct RejectsFile {
    path: Arc<PathBuf>,
    file: File,
    len: u64,
    attributes: Arc<[String]>,
}

impl RejectsFile {
    /// Opens the file, with its header where it is new. `from` is the length that an earlier part of the same run
    /// left behind, where there was one.
    pub fn open(path: &Path, attributes: Vec<String>, from: Option<u64>) -> Result<Self, WriteError> {
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
        let mut rejects = Self { path: Arc::new(path.to_owned()), file, len, attributes: attributes.into() };
        if len == 0 {
            let header = rejects::header(&rejects.attributes);
            rejects.write(&header).map_err(fail)?;
        }
        Ok(rejects)
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
    pub async fn append<'a>(self, lines: impl Iterator<Item = Line<'a>>) -> Result<Self, WriteError> {
        let mut bytes = Vec::new();
        for line in lines {
            rejects::append_line(&mut bytes, &self.attributes, &line);
        }
        if bytes.is_empty() {
            return Ok(self);
        }
        let path = Arc::clone(&self.path);
        let mut this = self;
        let written = tokio::task::spawn_blocking(move || this.write(&bytes).map(|()| this));
        match written.await {
            Ok(written) => written.map_err(|error| failure(&path, error)),
            Err(_) => Err(failure(&path, io::Error::other("the writer broke down"))),
        }
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.file.write_all(bytes)?;
        self.file.sync_data()?;
        self.len += bytes.len() as u64;
        Ok(())
    }
}

fn failure(path: &Path, source: io::Error) -> WriteError {
    WriteError::Stream { target: path.display().to_string(), source }
}
