//! Look-ups in an SQLite file without leaving the thread. A row found by an index takes some microseconds; handing the
//! query to the driver's own thread and waiting for it takes ten times as long.
//!
//! An async thread must not be held up. So a look-up ends after a fixed number of SQLite's steps, far more than an index
//! needs and well under a millisecond, and never waits for a lock; what would take longer, and whatever fails, is left
//! to the usual way, which also words the errors. A look-up that is found to be slow is not tried here for a while.

use std::borrow::Cow;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rusqlite::types::ValueRef;
use rusqlite::{Connection, ErrorCode, OpenFlags, params_from_iter};

use super::super::Lookup;
use super::super::dialect::{AtOnce, Prepared};
use super::super::page::{Page, Room};
use super::super::record::{Cell, Reading, Roles, Unreadable};

/// Steps of SQLite's virtual machine between two looks at how many there were.
const STEPS: i32 = 1_000;
/// How many times as many a look-up may take: some hundred microseconds.
const MOST: u32 = 16;
/// Look-ups that go the usual way after one that took too many.
const LEFT_OUT: u32 = 1_000;

/// Connections to one file, each used by one thread at a time.
pub(super) struct Inline {
    file: PathBuf,
    idle: Mutex<Vec<Session>>,
    left_out: AtomicU32,
}

struct Session {
    connection: Connection,
    /// How often this look-up's steps have been counted.
    taken: Arc<AtomicU32>,
}

/// Why a look-up is left to the usual way.
enum Left {
    TooManySteps,
    Otherwise,
}

impl From<rusqlite::Error> for Left {
    fn from(error: rusqlite::Error) -> Self {
        match error.sqlite_error_code() {
            Some(ErrorCode::OperationInterrupted) => Self::TooManySteps,
            _ => Self::Otherwise,
        }
    }
}

impl Inline {
    pub(super) fn of(file: &Path) -> Self {
        Self { file: file.to_owned(), idle: Mutex::default(), left_out: AtomicU32::new(0) }
    }
}

impl AtOnce for Inline {
    fn look_up(&self, prepared: &Prepared, name: &str) -> Option<Lookup> {
        let count_down = |left: u32| left.checked_sub(1);
        if self.left_out.try_update(Ordering::Relaxed, Ordering::Relaxed, count_down).is_ok() {
            return None;
        }
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let session = idle.or_else(|| Session::open(&self.file).ok())?;
        match session.ask(prepared, name) {
            Ok(found) => {
                self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(session);
                Some(found)
            }
            Err(Left::TooManySteps) => {
                self.left_out.store(LEFT_OUT, Ordering::Relaxed);
                None
            }
            Err(Left::Otherwise) => None,
        }
    }
}

impl Session {
    fn open(file: &Path) -> rusqlite::Result<Self> {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(file, flags)?;
        connection.busy_timeout(Duration::ZERO)?;
        connection.pragma_update(None, "query_only", true)?;
        let taken = Arc::new(AtomicU32::new(0));
        let counted = Arc::clone(&taken);
        connection.progress_handler(STEPS, Some(move || counted.fetch_add(1, Ordering::Relaxed) >= MOST))?;
        Ok(Self { connection, taken })
    }

    fn ask(&self, prepared: &Prepared, name: &str) -> Result<Lookup, Left> {
        self.taken.store(0, Ordering::Relaxed);
        let mut statement = self.connection.prepare_cached(&prepared.sql)?;
        let values = prepared.parameters.iter().map(|_| name);
        let mut rows = statement.query(params_from_iter(values))?;
        let Some(row) = rows.next()? else { return Ok(Lookup::Unknown) };
        let names = row.as_ref().column_names();
        let known = prepared.columns.iter().map(|column| column.name.as_str());
        if !names.iter().copied().eq(known) {
            return Err(Left::Otherwise); // the tables have changed
        }
        let roles = Roles::of(names.iter().copied());
        let mut page = Page::with_room(&roles.columns, Room::of(1));
        let mut reading = Reading::begin(&mut page);
        for at in 0..names.len() {
            reading.take(&roles, at, cell(row.get_ref(at)?), &mut None);
        }
        reading.end();
        if rows.next()?.is_some() {
            return Ok(Lookup::Ambiguous);
        }
        Ok(Lookup::of(page))
    }
}

#[expect(clippy::unnecessary_wraps, reason = "as rows of all databases are read")]
fn cell(value: ValueRef<'_>) -> Result<Cell<'_>, Unreadable> {
    Ok(match value {
        ValueRef::Null => Cell::Null,
        ValueRef::Integer(number) => Cell::Int(number),
        ValueRef::Real(number) => Cell::Float(number),
        ValueRef::Text(bytes) => {
            std::str::from_utf8(bytes).map_or(Cell::Garbled(bytes), |text| Cell::Text(Cow::Borrowed(text)))
        }
        ValueRef::Blob(bytes) => Cell::Bytes(bytes),
    })
}

#[cfg(test)]
mod tests {
    use super::super::super::dialect::PreparedColumn;
    use super::super::super::parameters::Parameter;
    use super::*;

    const SQL: &str = "SELECT id, login, stored FROM users WHERE login = ?";

    fn store(rows: u32) -> (tempfile::TempDir, Connection, Inline) {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("shop.db");
        let writer = Connection::open(&file).unwrap();
        writer
            .execute_batch(&format!(
                "CREATE TABLE users (id INTEGER PRIMARY KEY, login TEXT, stored TEXT);
                 WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {rows})
                 INSERT INTO users SELECT i, 'user' || i, 'hash' || i FROM n"
            ))
            .unwrap();
        let inline = Inline::of(&file);
        (folder, writer, inline)
    }

    fn prepared(sql: &str) -> Prepared {
        let column = |name: &str| PreparedColumn { name: name.into(), kind: "TEXT".into(), readable: true };
        Prepared {
            sql: sql.into(),
            parameters: vec![Parameter::Username],
            types: Vec::new(),
            columns: ["id", "login", "stored"].map(column).into(),
        }
    }

    #[test]
    fn a_user_is_found_and_a_stranger_is_not() {
        let (_folder, writer, inline) = store(100);
        let Some(Lookup::Found(user)) = inline.look_up(&prepared(SQL), "user7") else { panic!("not found") };
        assert_eq!((user.record().id(), user.record().login()), ("7", Some("user7")));
        assert!(matches!(inline.look_up(&prepared(SQL), "nobody"), Some(Lookup::Unknown)));
        writer.execute_batch("INSERT INTO users VALUES (1000, 'user7', 'x')").unwrap();
        assert!(matches!(inline.look_up(&prepared(SQL), "user7"), Some(Lookup::Ambiguous)));
    }

    #[test]
    fn a_search_through_all_rows_is_left_to_the_usual_way_for_a_while() {
        let (_folder, writer, inline) = store(100_000);
        assert!(inline.look_up(&prepared(SQL), "user99999").is_none());
        writer.execute_batch("CREATE INDEX by_login ON users (login)").unwrap();
        assert!(inline.look_up(&prepared(SQL), "user99999").is_none(), "the next ones are not tried");
        inline.left_out.store(0, Ordering::Relaxed);
        assert!(matches!(inline.look_up(&prepared(SQL), "user99999"), Some(Lookup::Found(_))));
    }

    #[test]
    fn what_changed_or_is_locked_is_left_to_the_usual_way() {
        let (_folder, writer, inline) = store(10);
        assert!(inline.look_up(&prepared(SQL), "user7").is_some());
        writer.execute_batch("BEGIN EXCLUSIVE").unwrap();
        assert!(inline.look_up(&prepared(SQL), "user7").is_none(), "it does not wait for a lock");
        writer.execute_batch("COMMIT; ALTER TABLE users RENAME COLUMN stored TO hash").unwrap();
        assert!(inline.look_up(&prepared(SQL), "user7").is_none());
        let all = "SELECT * FROM users WHERE login = ?";
        assert!(inline.look_up(&prepared(all), "user7").is_none(), "another column");
    }
}
