//! What rows of later sources say of people, kept until the person's turn comes: in a temporary SQLite file, since it
//! may be more than memory should hold. Profile attributes only, never a stored value.
//!
//! Only the owner can read the file, and on Unix it has no name from the moment it is open: whatever ends the program,
//! nothing of it stays.

use std::sync::Arc;

use sqlx::sqlite::{
    SqliteConnectOptions, SqliteConnection, SqliteJournalMode, SqliteLockingMode, SqliteSynchronous,
};
use sqlx::{ConnectOptions, Executor};
use tempfile::TempPath;
use thiserror::Error;

use super::known::Bits;

/// Rows in one statement.
const AT_ONCE: usize = 1000;

/// The temporary file cannot be used.
#[derive(Debug, Error)]
#[error(
    "the temporary file for merging several sources fails: {0}; is there room in the folder for temporary files?"
)]
pub struct StagingError(String);

impl From<sqlx::Error> for StagingError {
    fn from(error: sqlx::Error) -> Self {
        // Statements are constant and values are bound: SQLite's words quote none.
        Self(error.to_string())
    }
}

impl From<std::io::Error> for StagingError {
    fn from(error: std::io::Error) -> Self {
        Self(error.to_string())
    }
}

/// What a row of a later source says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Later {
    /// The person.
    pub(super) person: u32,
    /// The source, by its place.
    pub(super) source: usize,
    /// Okta attributes and values.
    pub(super) attributes: Vec<(Arc<str>, String)>,
}

/// Rows of later sources, by person.
pub(super) struct Staging {
    connection: SqliteConnection,
    waiting: Vec<Later>,
    people: Bits,
    _file: Option<TempPath>,
}

impl Staging {
    /// Empty.
    pub(super) async fn open() -> Result<Self, StagingError> {
        let file = tempfile::Builder::new().prefix(".keyferry-").tempfile()?.into_temp_path();
        let options = SqliteConnectOptions::new()
            .filename(&file)
            .journal_mode(SqliteJournalMode::Off)
            .synchronous(SqliteSynchronous::Off)
            .locking_mode(SqliteLockingMode::Exclusive)
            .disable_statement_logging();
        let mut connection = options.connect().await?;
        connection.execute("CREATE TABLE later (person INTEGER NOT NULL, source INTEGER NOT NULL, attributes TEXT NOT NULL)").await?;
        let file = if cfg!(unix) {
            file.close()?;
            None
        } else {
            Some(file)
        };
        Ok(Self { connection, waiting: Vec::new(), people: Bits::default(), _file: file })
    }

    /// Keeps a row.
    pub(super) async fn add(&mut self, row: Later) -> Result<(), StagingError> {
        self.people.set(row.person);
        self.waiting.push(row);
        if self.waiting.len() >= AT_ONCE { self.flush().await } else { Ok(()) }
    }

    /// Ends the gathering.
    pub(super) async fn complete(&mut self) -> Result<(), StagingError> {
        self.flush().await?;
        self.connection.execute("CREATE INDEX later_person ON later (person)").await?;
        Ok(())
    }

    /// Whether there is anything of this person.
    pub(super) fn has(&self, person: u32) -> bool {
        self.people.has(person)
    }

    /// What later sources say of these people, each person's rows in order of precedence.
    pub(super) async fn of(&mut self, people: &[u32]) -> Result<Vec<Later>, StagingError> {
        let mut rows = Vec::new();
        for people in people.chunks(AT_ONCE) {
            let list = serde_json::to_string(people).map_err(|error| StagingError(error.to_string()))?;
            let found: Vec<(u32, u32, String)> = sqlx::query_as(
                "SELECT later.person, later.source, later.attributes FROM json_each($1) AS wanted \
                 JOIN later ON later.person = wanted.value ORDER BY later.person, later.rowid",
            )
            .bind(list)
            .fetch_all(&mut self.connection)
            .await?;
            for (person, source, attributes) in found {
                let attributes: Vec<(String, String)> = serde_json::from_str(&attributes)
                    .map_err(|_| StagingError("what was written is not what is read".to_owned()))?;
                let attributes =
                    attributes.into_iter().map(|(name, value)| (Arc::from(name), value)).collect();
                rows.push(Later {
                    person,
                    source: usize::try_from(source).unwrap_or(usize::MAX),
                    attributes,
                });
            }
        }
        Ok(rows)
    }

    async fn flush(&mut self) -> Result<(), StagingError> {
        let rows = self.waiting.iter().map(|row| {
            let attributes = row.attributes.iter().map(|(name, value)| (&**name, value.as_str()));
            (row.person, row.source, attributes.collect::<Vec<_>>())
        });
        let rows: Vec<_> = rows.collect();
        let list = serde_json::to_string(&rows).map_err(|error| StagingError(error.to_string()))?;
        sqlx::query(
            "INSERT INTO later (person, source, attributes) \
             SELECT value ->> 0, value ->> 1, value -> 2 FROM json_each($1)",
        )
        .bind(list)
        .execute(&mut self.connection)
        .await?;
        self.waiting.clear();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn later(person: u32, source: usize, value: &str) -> Later {
        let attributes = vec![(Arc::from("nickName"), value.to_owned()), (Arc::from("title"), String::new())];
        Later { person, source, attributes }
    }

    #[tokio::test]
    async fn rows_come_back_by_person_in_their_order() {
        let mut staging = Staging::open().await.unwrap();
        let odd = "\"\\,\u{0}é🔑'; DROP TABLE later; --";
        let mut expected = Vec::new();
        for number in 0..2500_u32 {
            let row = later(number % 1200, 1 + number as usize / 1200, odd);
            if number % 1200 == 7 {
                expected.push(row.clone());
            }
            staging.add(row).await.unwrap();
        }
        staging.complete().await.unwrap();
        assert!(staging.has(7) && !staging.has(1200));
        assert_eq!(expected.len(), 3);
        assert_eq!(staging.of(&[7, 5000]).await.unwrap(), expected);
        assert_eq!(staging.of(&[]).await.unwrap(), []);
    }
}
