//! Where planned users go. Each format turns a user into bytes; [`mod@file`] sees to it that nothing half-written ever
//! stands under the final name.

mod csv;
pub mod file;
pub mod journal;
mod jsonl;
pub mod rejects;

use super::plan::Planned;

pub use self::csv::{CsvLayout, record};
pub use self::rejects::ImportRejects;

/// What is written for each user.
#[derive(Clone, Debug)]
pub enum Format {
    /// One create-user request a line, as `POST /api/v1/users` takes it.
    Okta,
    /// Okta's CSV import template: profiles only, since it has no column for credentials.
    Csv(CsvLayout),
}

impl Format {
    /// What stands before the first user.
    pub fn header(&self) -> Vec<u8> {
        match self {
            Self::Okta => Vec::new(),
            Self::Csv(layout) => layout.header(),
        }
    }

    /// Appends one user.
    pub fn append(&self, buffer: &mut Vec<u8>, planned: Planned<'_>) {
        match self {
            Self::Okta => jsonl::append(buffer, planned),
            Self::Csv(layout) => layout.append(buffer, &planned.profile),
        }
    }
}
