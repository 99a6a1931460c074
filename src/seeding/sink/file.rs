//! Files that are there complete or not at all.
//!
//! Bytes go to a temporary file beside the target, readable by its owner alone since it may hold hashes; it takes
//! the target's name only when all of it is on the disk. Standard output, pipes and devices are written directly:
//! there is no name to protect.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::thread::{self, JoinHandle};

use tempfile::TempPath;
use thiserror::Error;

/// Where bytes go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Destination {
    /// Standard output.
    Stdout,
    /// A file of this name.
    File(PathBuf),
}

impl Destination {
    /// From what stands on the command line: `-` is standard output, and so is its name on Unix.
    pub fn parse(text: &str) -> Self {
        if matches!(text, "-" | "/dev/stdout") { Self::Stdout } else { Self::File(PathBuf::from(text)) }
    }

    /// Whether both name the same place, also by different paths.
    pub fn is_same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Stdout, Self::Stdout) => true,
            (Self::File(one), Self::File(two)) => {
                one == two || resolved(one).is_some_and(|one| resolved(two) == Some(one))
            }
            _ => false,
        }
    }
}

impl std::fmt::Display for Destination {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Stdout => f.write_str("standard output"),
            Self::File(path) => write!(f, "{}", path.display()),
        }
    }
}

/// Why something could not be written.
#[derive(Debug, Error)]
pub enum WriteError {
    /// The reading end of the pipe is gone.
    #[error("{target} was closed by its reader before everything was written")]
    Closed {
        /// The destination.
        target: String,
    },
    /// The folder is missing, the disk is full, a permission is lacking …
    #[error("cannot write {target}: {source}; no part of it was kept")]
    File {
        /// The destination.
        target: String,
        /// The system's words.
        source: io::Error,
    },
    /// The same, where there is nothing to take back.
    #[error("cannot write {target}: {source}")]
    Stream {
        /// The destination.
        target: String,
        /// The system's words.
        source: io::Error,
    },
}

/// The writing end. Goes to the thread that writes.
#[derive(Debug)]
pub struct Output {
    target: Destination,
    /// `None` for standard output.
    file: Option<File>,
    atomic: bool,
    write_back: WriteBack,
}

/// Sees what is written onto the disk while more is being written, so that not all of it is left for the end.
#[derive(Debug, Default)]
struct WriteBack {
    /// Bytes since it began last.
    behind: usize,
    /// At most one at a time.
    running: Option<JoinHandle<io::Result<()>>>,
}

/// Bytes after which what was written is seen onto the disk.
const WRITE_BACK: usize = 16 * 1024 * 1024;

/// A file that is not published yet. Dropped, it vanishes; kept apart from its [`Output`], so that it also vanishes
/// while a write hangs.
#[derive(Debug)]
pub struct Unpublished {
    temporary: TempPath,
    target: PathBuf,
}

/// Opens a destination. What comes without an [`Unpublished`] is written directly.
pub fn create(destination: &Destination) -> Result<(Output, Option<Unpublished>), WriteError> {
    let fail = |source| failure(destination, true, source);
    let Destination::File(path) = destination else {
        return Ok((Output::new(Destination::Stdout, None, false), None));
    };
    // A name that ends like a folder's would be refused, but only at the end.
    if path.as_os_str().to_string_lossy().ends_with(std::path::is_separator) {
        return Err(fail(io::Error::from(io::ErrorKind::IsADirectory)));
    }
    // A link stays a link: what it points to is replaced.
    let path = fs::canonicalize(path).unwrap_or_else(|_| path.clone());
    match fs::metadata(&path) {
        Ok(there) if there.is_dir() => return Err(fail(io::Error::from(io::ErrorKind::IsADirectory))),
        Ok(there) if !there.is_file() => {
            let file = fs::OpenOptions::new().write(true).open(&path).map_err(fail)?;
            return Ok((Output::new(destination.clone(), Some(file), false), None));
        }
        _ => {}
    }
    let name = path.file_name().ok_or_else(|| fail(io::Error::from(io::ErrorKind::InvalidInput)))?;
    let prefix = format!(".{}.", name.to_string_lossy());
    let (file, temporary) = tempfile::Builder::new()
        .prefix(&prefix)
        .suffix(".part")
        .tempfile_in(folder(&path))
        .map_err(fail)?
        .into_parts();
    let output = Output::new(destination.clone(), Some(file), true);
    Ok((output, Some(Unpublished { temporary, target: path })))
}

impl Output {
    fn new(target: Destination, file: Option<File>, atomic: bool) -> Self {
        Self { target, file, atomic, write_back: WriteBack::default() }
    }

    /// Writes all of it.
    pub fn write(&mut self, bytes: &[u8]) -> Result<(), WriteError> {
        let written = match &mut self.file {
            Some(file) if self.atomic => {
                file.write_all(bytes).and_then(|()| self.write_back.wrote(file, bytes.len()))
            }
            Some(file) => file.write_all(bytes),
            None => io::stdout().lock().write_all(bytes),
        };
        written.map_err(|error| failure(&self.target, self.atomic, error))
    }

    /// Sees everything onto the disk.
    pub fn finish(mut self) -> Result<(), WriteError> {
        let done = match &self.file {
            Some(file) if self.atomic => self.write_back.ended().and_then(|()| file.sync_all()),
            Some(_) => Ok(()),
            None => io::stdout().lock().flush(),
        };
        done.map_err(|error| failure(&self.target, self.atomic, error))
    }
}

impl WriteBack {
    fn wrote(&mut self, file: &File, bytes: usize) -> io::Result<()> {
        self.behind += bytes;
        let busy = self.running.as_ref().is_some_and(|running| !running.is_finished());
        if busy || self.behind < WRITE_BACK {
            return Ok(());
        }
        // The system tells of a write that failed only once: to whoever asks first.
        self.ended()?;
        self.behind = 0;
        let file = file.try_clone()?;
        self.running =
            Some(thread::Builder::new().name("write-back".into()).spawn(move || file.sync_data())?);
        Ok(())
    }

    fn ended(&mut self) -> io::Result<()> {
        let broken = |_| Err(io::Error::other("the writer broke down"));
        self.running.take().map_or(Ok(()), |running| running.join().unwrap_or_else(broken))
    }
}

impl Unpublished {
    /// Gives the file its name. Only after [`Output::finish`].
    pub fn publish(self) -> Result<(), WriteError> {
        let fail = |source| failure(&Destination::File(self.target.clone()), true, source);
        self.temporary.persist(&self.target).map_err(|error| fail(error.error))?;
        // The name, too, must survive a power cut; not every file system can be asked.
        if let Ok(folder) = File::open(folder(&self.target)) {
            let _ = folder.sync_all();
        }
        Ok(())
    }
}

fn failure(target: &Destination, atomic: bool, source: io::Error) -> WriteError {
    let target = target.to_string();
    match source.kind() {
        io::ErrorKind::BrokenPipe => WriteError::Closed { target },
        _ if atomic => WriteError::File { target, source },
        _ => WriteError::Stream { target, source },
    }
}

fn folder(path: &Path) -> &Path {
    path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// The path without links and detours, as far as it exists.
fn resolved(path: &Path) -> Option<PathBuf> {
    fs::canonicalize(path).ok().or_else(|| Some(fs::canonicalize(folder(path)).ok()?.join(path.file_name()?)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entries(folder: &Path) -> Vec<String> {
        let mut names: Vec<String> =
            fs::read_dir(folder).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    #[test]
    fn nothing_stands_under_the_name_before_it_is_published() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("users.jsonl");
        fs::write(&path, "old").unwrap();
        let (mut output, unpublished) = create(&Destination::File(path.clone())).unwrap();
        output.write(b"new").unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "old");
        output.finish().unwrap();
        unpublished.unwrap().publish().unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "new");
        assert_eq!(entries(folder.path()), ["users.jsonl"]);
    }

    #[test]
    fn what_is_not_published_vanishes() {
        let folder = tempfile::tempdir().unwrap();
        let (mut output, unpublished) =
            create(&Destination::File(folder.path().join("users.jsonl"))).unwrap();
        output.write(b"half").unwrap();
        drop(unpublished);
        assert!(entries(folder.path()).is_empty());
    }

    #[cfg(unix)]
    #[test]
    fn only_the_owner_may_read_it() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("users.jsonl");
        let (output, unpublished) = create(&Destination::File(path.clone())).unwrap();
        output.finish().unwrap();
        unpublished.unwrap().publish().unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    }

    #[cfg(unix)]
    #[test]
    fn a_link_stays_a_link() {
        let folder = tempfile::tempdir().unwrap();
        let (path, link) = (folder.path().join("users.jsonl"), folder.path().join("latest"));
        fs::write(&path, "old").unwrap();
        std::os::unix::fs::symlink(&path, &link).unwrap();
        let (mut output, unpublished) = create(&Destination::File(link.clone())).unwrap();
        output.write(b"new").unwrap();
        unpublished.unwrap().publish().unwrap();
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!(fs::read_to_string(&path).unwrap(), "new");
    }

    #[test]
    fn the_same_place_is_known_by_other_paths() {
        let folder = tempfile::tempdir().unwrap();
        let same = |one: &str, two: &str| {
            let path = |name: &str| Destination::File(folder.path().join(name));
            path(one).is_same(&path(two))
        };
        fs::create_dir(folder.path().join("sub")).unwrap();
        assert!(same("a", "sub/../a"));
        assert!(!same("a", "b"));
        assert!(!same("missing/a", "other/a"));
        assert!(Destination::parse("-").is_same(&Destination::Stdout));
        assert!(Destination::parse("-").is_same(&Destination::parse("/dev/stdout")));
        assert!(Destination::parse("./a").is_same(&Destination::parse("a")));
    }

    #[test]
    fn a_missing_folder_and_a_folder_as_target_are_told() {
        let folder = tempfile::tempdir().unwrap();
        let error = create(&Destination::File(folder.path().join("none/users.jsonl"))).unwrap_err();
        assert!(error.to_string().contains("none/users.jsonl"), "{error}");
        assert!(create(&Destination::File(folder.path().to_owned())).is_err());
        let like_a_folder = format!("{}/users/", folder.path().display());
        assert!(create(&Destination::parse(&like_a_folder)).is_err());
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_device_is_written_directly_and_stays_a_device() {
        let (mut output, unpublished) = create(&Destination::parse("/dev/full")).unwrap();
        assert!(unpublished.is_none());
        let error = output.write(b"x").unwrap_err();
        assert!(error.to_string().contains("No space left on device"), "{error}");
    }
}
