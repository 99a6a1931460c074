//! Files that may change while the service runs: a certificate with its key, secrets. Looked at once a second; what is
//! broken after a change is told once, and what was good before stays.

use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

/// How often files are looked at.
const EVERY: Duration = Duration::from_secs(1);

/// What can be read anew.
pub trait Reload: Send + Sync + 'static {
    /// The files that it was read from.
    fn files(&self) -> &[PathBuf];
    /// Reads them; what is wrong with them, in words that quote nothing. What was there before stays then.
    fn reload(&self) -> Result<(), String>;
    /// What it is, for the log.
    fn what(&self) -> &str;
}

/// Reads everything anew whose files have changed, once a second, for ever.
pub async fn keep_fresh(mut all: Vec<(std::sync::Arc<dyn Reload>, Seen)>) {
    if all.is_empty() {
        return std::future::pending().await;
    }
    loop {
        tokio::time::sleep(EVERY).await;
        // Files may lie on a network.
        let looked = tokio::task::spawn_blocking(move || {
            for (item, seen) in &mut all {
                look(&**item, seen);
            }
            all
        });
        let Ok(back) = looked.await else { return };
        all = back;
    }
}

/// What the files of one thing looked like when it was read.
#[derive(Debug, PartialEq, Eq)]
pub struct Seen(Vec<Option<Mark>>);

/// What changes when a file is written or replaced.
#[derive(Debug, PartialEq, Eq)]
struct Mark {
    modified: Option<SystemTime>,
    bytes: u64,
    #[cfg(unix)]
    inode: (u64, u64),
}

impl Seen {
    /// To be taken before the files are read: a change in between is then seen.
    pub fn now(files: &[PathBuf]) -> Self {
        Self(files.iter().map(|file| Mark::of(file)).collect())
    }
}

impl Mark {
    fn of(file: &Path) -> Option<Self> {
        let data = std::fs::metadata(file).ok()?;
        Some(Self {
            modified: data.modified().ok(),
            bytes: data.len(),
            #[cfg(unix)]
            inode: {
                use std::os::unix::fs::MetadataExt as _;
                (data.dev(), data.ino())
            },
        })
    }
}

fn look(item: &dyn Reload, seen: &mut Seen) {
    let now = Seen::now(item.files());
    if now == *seen {
        return;
    }
    *seen = now;
    match item.reload() {
        Ok(()) => tracing::info!(what = item.what(), "read anew: its file has changed"),
        Err(why) => {
            tracing::warn!(
                what = item.what(),
                why,
                "its file has changed and cannot be used; what it held before stays"
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;

    struct Text {
        files: Vec<PathBuf>,
        read: Mutex<Vec<Result<String, ()>>>,
    }

    impl Reload for Text {
        fn files(&self) -> &[PathBuf] {
            &self.files
        }

        fn reload(&self) -> Result<(), String> {
            let read = std::fs::read_to_string(&self.files[0]).map_err(drop);
            self.read.lock().expect("read").push(read.clone());
            read.map(drop).map_err(|()| "not there".to_owned())
        }

        fn what(&self) -> &'static str {
            "a text"
        }
    }

    #[test]
    fn a_change_is_read_once_whatever_comes_of_it() {
        let folder = tempfile::tempdir().expect("a folder");
        let files = vec![folder.path().join("a")];
        std::fs::write(&files[0], "one").expect("written");
        let mut seen = Seen::now(&files);
        let text = Text { files: files.clone(), read: Mutex::default() };
        look(&text, &mut seen);
        assert!(text.read.lock().expect("read").is_empty(), "nothing has changed");

        // Replaced, as those who know how do it: the same length, and at once.
        std::fs::write(folder.path().join("b"), "two").expect("written");
        std::fs::rename(folder.path().join("b"), &files[0]).expect("renamed");
        look(&text, &mut seen);
        look(&text, &mut seen);
        std::fs::remove_file(&files[0]).expect("removed");
        look(&text, &mut seen);
        look(&text, &mut seen);
        std::fs::write(&files[0], "three").expect("written");
        look(&text, &mut seen);
        let read = text.read.lock().expect("read").clone();
        assert_eq!(read, [Ok("two".to_owned()), Err(()), Ok("three".to_owned())]);
    }
}
