//! Recorded payloads from files, folders and standard input, all of them before the first is sent: whoever measures
//! does not want to wait for a disk, and a damaged line is told before anything has happened.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use serde::de::IgnoredAny;
use zeroize::Zeroizing;

use crate::http::recorded::Recorded;

/// All payloads together, in bytes.
const MOST_BYTES: usize = 256 << 20;
/// One of them. The service takes 64 KiB.
const PAYLOAD_BYTES: usize = 128 << 10;
/// The most payloads.
const MOST_PAYLOADS: usize = 500_000;
/// Folders in folders.
const DEPTH: usize = 8;
/// Where nothing more is told of what is wrong.
const MOST_PROBLEMS: usize = 1_000;

/// A payload, and where it stands.
pub(super) struct Named {
    pub(super) name: String,
    pub(super) recorded: Recorded,
}

/// Everything in its order; or all that is wrong with it. `stdin_taken` where a password comes from there.
pub(super) fn all(paths: &[PathBuf], stdin_taken: bool) -> Result<Vec<Named>, Vec<String>> {
    let mut reading = Reading { left: MOST_BYTES, payloads: Vec::new(), problems: Vec::new() };
    for path in paths {
        if path == Path::new("-") {
            if stdin_taken {
                reading
                    .problems
                    .push("standard input cannot hold both the payloads and a password".to_owned());
                continue;
            }
            reading.stream("-", io::stdin().lock(), 0, false);
        } else if path.is_dir() {
            reading.folder(path, 0);
        } else {
            reading.file(path);
        }
    }
    let Reading { payloads, mut problems, .. } = reading;
    if payloads.is_empty() && problems.is_empty() {
        problems.push("there is no recorded payload in what was named".to_owned());
    }
    if problems.is_empty() { Ok(payloads) } else { Err(problems) }
}

struct Reading {
    /// Bytes that may still come.
    left: usize,
    payloads: Vec<Named>,
    problems: Vec<String>,
}

impl Reading {
    /// Files of JSON by their names, those of its folders included; what is hidden is left out.
    fn folder(&mut self, folder: &Path, depth: usize) {
        let entries = fs::read_dir(folder).and_then(Iterator::collect::<io::Result<Vec<_>>>);
        let mut entries = match entries {
            Ok(entries) => entries,
            Err(error) => {
                return self.problem(&folder.display().to_string(), &format!("cannot be read: {error}"));
            }
        };
        entries.sort_by_key(fs::DirEntry::file_name);
        for entry in entries {
            let path = entry.path();
            let hidden = entry.file_name().to_string_lossy().starts_with('.');
            // A link to a folder might lead in a circle.
            let is_folder = entry.file_type().is_ok_and(|kind| kind.is_dir());
            if hidden || self.is_over() {
            } else if is_folder && depth < DEPTH {
                self.folder(&path, depth + 1);
            } else if is_folder {
                self.problem(&path.display().to_string(), &format!("is more than {DEPTH} folders deep"));
            } else if is_json(&path) && path.is_file() {
                self.file(&path);
            }
        }
    }

    fn file(&mut self, path: &Path) {
        let name = path.display().to_string();
        match File::open(path) {
            Ok(file) => {
                let length = file.metadata().map_or(0, |metadata| metadata.len());
                self.stream(&name, file, usize::try_from(length).unwrap_or(usize::MAX), has_lines(path));
            }
            Err(error) => self.problem(&name, &format!("cannot be read: {error}")),
        }
    }

    /// One object, or one a line. `length` is what is known of its length beforehand.
    fn stream(&mut self, name: &str, input: impl Read, length: usize, lines: bool) {
        if self.is_over() {
            return;
        }
        // Room for all of it, so that no copies are left behind by growing.
        let mut text = Zeroizing::new(Vec::with_capacity(length.min(self.left) + 1));
        let most = u64::try_from(self.left).unwrap_or(u64::MAX).saturating_add(1);
        if let Err(error) = input.take(most).read_to_end(&mut text) {
            return self.problem(name, &format!("cannot be read: {error}"));
        }
        let Some(left) = self.left.checked_sub(text.len()) else {
            self.left = 0;
            return self.problem(name, "is too much: 256 MiB of payloads are the most of one run");
        };
        self.left = left;
        let mut rows = text.split(|byte| *byte == b'\n').filter(|row| !is_blank(row));
        let first_is_whole = rows.next().is_some_and(|row| serde_json::from_slice::<IgnoredAny>(row).is_ok())
            && rows.next().is_some();
        if !lines && !first_is_whole {
            if !is_blank(&text) {
                self.payload(name.to_owned(), &text);
            }
            return;
        }
        for (index, row) in text.split(|byte| *byte == b'\n').enumerate().filter(|(_, row)| !is_blank(row)) {
            self.payload(format!("{name}:{}", index + 1), row);
            if self.is_over() {
                return;
            }
        }
    }

    fn payload(&mut self, name: String, text: &[u8]) {
        if text.len() > PAYLOAD_BYTES {
            return self.problem(&name, &format!("is longer than {} KiB", PAYLOAD_BYTES >> 10));
        }
        match Recorded::read(text) {
            Ok(recorded) if self.payloads.len() < MOST_PAYLOADS => {
                self.payloads.push(Named { name, recorded });
            }
            Ok(_) => self
                .problem(&name, &format!("is one more than {MOST_PAYLOADS} payloads, the most of one run")),
            Err(error) => self.problem(&name, &error.to_string()),
        }
    }

    fn problem(&mut self, name: &str, problem: &str) {
        self.problems.push(format!("{name}: {problem}"));
    }

    /// Whether there is no point in reading on.
    fn is_over(&self) -> bool {
        self.problems.len() >= MOST_PROBLEMS || self.left == 0
    }
}

fn is_blank(text: &[u8]) -> bool {
    text.iter().all(u8::is_ascii_whitespace)
}

fn is_json(path: &Path) -> bool {
    has_lines(path) || path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("json"))
}

fn has_lines(path: &Path) -> bool {
    let is = |wanted: &str| path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case(wanted));
    is("jsonl") || is("ndjson")
}
