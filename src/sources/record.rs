//! From one row's values to a [`Record`]: which column means what, and how each SQL value is understood. Whatever
//! cannot be understood is a [`BadRow`] that names the column, never the value.

use std::borrow::Cow;
use std::sync::Arc;

use super::{BadRow, Record};
use crate::secret::Secret;

/// Most bytes in one value; nothing that belongs to a user comes near it.
const LONGEST_VALUE: usize = 64 * 1024;

/// Name of the column that a filter adds.
pub(super) const SELECTED: &str = "keyferry_selected";

/// One value as the database sent it, whatever its SQL type.
#[derive(Debug)]
pub(super) enum Cell<'r> {
    Null,
    Bool(bool),
    Int(i64),
    Unsigned(u64),
    Float(f64),
    Text(Cow<'r, str>),
    Bytes(&'r [u8]),
    /// A text that is not UTF-8, so that it can be told but not be bound again.
    Garbled(&'r [u8]),
    List(Vec<String>),
}

/// Why a value could not be read: the rest of a sentence that begins with the column's name.
pub(super) type Unreadable = String;

/// A value to bind; also the position of a walk.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Value {
    Int(i64),
    Unsigned(u64),
    Float(f64),
    Text(String),
    Bytes(Vec<u8>),
}

/// What a column is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Role {
    Id,
    Login,
    Stored,
    Salt,
    Salt2,
    Pepper,
    Active,
    Email,
    Scheme,
    LastLogin,
    Groups,
    Selected,
    Profile(Arc<str>),
}

impl Role {
    pub(super) fn of(column: &str) -> Self {
        match column.to_ascii_lowercase().as_str() {
            "id" => Self::Id,
            "login" => Self::Login,
            "stored" => Self::Stored,
            "salt" => Self::Salt,
            "salt2" => Self::Salt2,
            "pepper" => Self::Pepper,
            "active" => Self::Active,
            "email" => Self::Email,
            "scheme" => Self::Scheme,
            "last_login" => Self::LastLogin,
            "groups" => Self::Groups,
            SELECTED => Self::Selected,
            _ => Self::Profile(Arc::from(column)),
        }
    }

    /// The column's name for messages.
    pub(super) fn name(&self) -> &str {
        match self {
            Self::Id => "id",
            Self::Login => "login",
            Self::Stored => "stored",
            Self::Salt => "salt",
            Self::Salt2 => "salt2",
            Self::Pepper => "pepper",
            Self::Active => "active",
            Self::Email => "email",
            Self::Scheme => "scheme",
            Self::LastLogin => "last_login",
            Self::Groups => "groups",
            Self::Selected => SELECTED,
            Self::Profile(name) => name,
        }
    }
}

/// A row, read.
#[derive(Debug)]
pub(super) struct ReadRow {
    /// The record, or why there is none.
    pub(super) row: Result<Record, BadRow>,
    /// The id as it is bound to find the next page; none where it is NULL or unreadable.
    pub(super) position: Option<Value>,
    /// Whether the filter selects the row.
    pub(super) selected: bool,
}

/// Reads the cells of one row, in the order of `roles`. `place` is that of the column that pages are cut by.
pub(super) fn read_row<'r>(
    roles: &[Role],
    place: Option<usize>,
    cells: impl Iterator<Item = Result<Cell<'r>, Unreadable>>,
) -> ReadRow {
    let mut draft = Draft::default();
    let mut position = None;
    for (at, (role, cell)) in roles.iter().zip(cells).enumerate() {
        if place == Some(at)
            && let Ok(cell) = &cell
        {
            position = to_value(cell);
        }
        let kept = cell.and_then(|cell| draft.keep(role, cell));
        if let Err(why) = kept
            && draft.trouble.is_none()
        {
            draft.trouble = Some(format!("column `{}` {why}", role.name()));
        }
    }
    let selected = draft.selected;
    ReadRow { row: draft.finish(), position, selected }
}

struct Draft {
    id: Option<String>,
    record: Record,
    selected: bool,
    trouble: Option<String>,
}

impl Default for Draft {
    fn default() -> Self {
        let record = Record {
            id: String::new(),
            login: None,
            email: None,
            active: true,
            stored: None,
            salt: None,
            salt2: None,
            pepper: None,
            scheme: None,
            last_login: None,
            groups: Vec::new(),
            profile: Vec::new(),
        };
        Self { id: None, record, selected: true, trouble: None }
    }
}

impl Draft {
    fn keep(&mut self, role: &Role, cell: Cell<'_>) -> Result<(), Unreadable> {
        check_length(&cell)?;
        let record = &mut self.record;
        match role {
            Role::Id => self.id = id_text(cell),
            Role::Login => record.login = strict_text(cell)?,
            Role::Email => record.email = strict_text(cell)?,
            Role::Scheme => record.scheme = strict_text(cell)?.filter(|text| !text.is_empty()),
            Role::LastLogin => record.last_login = strict_text(cell)?,
            Role::Stored => record.stored = secret(cell).filter(|secret| !secret.is_empty()),
            Role::Salt => record.salt = secret(cell),
            Role::Salt2 => record.salt2 = secret(cell),
            Role::Pepper => record.pepper = secret(cell),
            Role::Active => record.active = truth(&cell)?,
            Role::Groups => record.groups = list(cell)?,
            Role::Selected => self.selected = truth(&cell)?,
            Role::Profile(name) => record.profile.push((Arc::clone(name), loose_text(cell))),
        }
        Ok(())
    }

    fn finish(self) -> Result<Record, BadRow> {
        let mut record = self.record;
        let id = self.id.or_else(|| record.login.clone());
        match (self.trouble, id) {
            (None, Some(id)) => {
                record.id = id;
                Ok(record)
            }
            (None, None) => Err(BadRow { id: None, why: "has neither an id nor a login".to_owned() }),
            (Some(why), id) => Err(BadRow { id, why }),
        }
    }
}

fn check_length(cell: &Cell<'_>) -> Result<(), Unreadable> {
    let length = match cell {
        Cell::Text(text) => text.len(),
        Cell::Bytes(bytes) | Cell::Garbled(bytes) => bytes.len(),
        Cell::List(items) => items.iter().map(String::len).sum(),
        _ => 0,
    };
    if length > LONGEST_VALUE {
        return Err(format!("is longer than {LONGEST_VALUE} bytes"));
    }
    Ok(())
}

fn to_value(cell: &Cell<'_>) -> Option<Value> {
    Some(match cell {
        Cell::Null | Cell::Garbled(_) | Cell::List(_) => return None,
        Cell::Bool(truth) => Value::Int(i64::from(*truth)),
        Cell::Int(number) => Value::Int(*number),
        Cell::Unsigned(number) => Value::Unsigned(*number),
        Cell::Float(number) => Value::Float(*number),
        Cell::Text(text) => Value::Text(text.clone().into_owned()),
        Cell::Bytes(bytes) => Value::Bytes(bytes.to_vec()),
    })
}

/// Binary ids are always told in hex: some would happen to be UTF-8, and the ids of one store should look alike.
fn id_text(cell: Cell<'_>) -> Option<String> {
    match cell {
        Cell::Bytes(bytes) => Some(hex::encode(bytes)),
        other => loose_text(other),
    }
}

/// Text; bytes that are not UTF-8 in hex.
fn loose_text(cell: Cell<'_>) -> Option<String> {
    Some(match cell {
        Cell::Null => return None,
        Cell::Bool(truth) => truth.to_string(),
        Cell::Int(number) => number.to_string(),
        Cell::Unsigned(number) => number.to_string(),
        Cell::Float(number) => number.to_string(),
        Cell::Text(text) => text.into_owned(),
        Cell::Garbled(bytes) => hex::encode(bytes),
        Cell::Bytes(bytes) => match std::str::from_utf8(bytes) {
            Ok(text) => text.to_owned(),
            Err(_) => hex::encode(bytes),
        },
        Cell::List(items) => items.join(","),
    })
}

/// Text where hex would be a lie: names of people.
fn strict_text(cell: Cell<'_>) -> Result<Option<String>, Unreadable> {
    match cell {
        Cell::Garbled(_) => Err("is not UTF-8 text".to_owned()),
        Cell::Bytes(bytes) if std::str::from_utf8(bytes).is_err() => Err("is not UTF-8 text".to_owned()),
        other => Ok(loose_text(other)),
    }
}

fn secret(cell: Cell<'_>) -> Option<Secret> {
    match cell {
        Cell::Bytes(bytes) | Cell::Garbled(bytes) => Some(Secret::new(bytes.to_vec())),
        other => loose_text(other).map(Secret::from),
    }
}

/// A flag, in any of the ways stores keep one. What is neither clearly yes nor clearly no is refused, since a
/// guess would either lock somebody out or let somebody in.
fn truth(cell: &Cell<'_>) -> Result<bool, Unreadable> {
    let from_text = |text: &str| match text.trim().to_ascii_lowercase().as_str() {
        "1" | "t" | "true" | "y" | "yes" | "on" | "enabled" | "active" => Some(true),
        "0" | "f" | "false" | "n" | "no" | "off" | "disabled" | "inactive" => Some(false),
        _ => None,
    };
    let truth = match cell {
        Cell::Bool(truth) => Some(*truth),
        Cell::Int(0) | Cell::Unsigned(0) | Cell::Float(0.0) | Cell::Bytes([0]) => Some(false),
        Cell::Int(1) | Cell::Unsigned(1) | Cell::Float(1.0) | Cell::Bytes([1]) => Some(true),
        Cell::Text(text) => from_text(text),
        Cell::Bytes(bytes) => std::str::from_utf8(bytes).ok().and_then(from_text),
        Cell::Null => return Err("is NULL; say what that means, as with COALESCE(…, false)".to_owned()),
        Cell::Int(_) | Cell::Unsigned(_) | Cell::Float(_) | Cell::Garbled(_) | Cell::List(_) => None,
    };
    truth.ok_or_else(|| "is neither true nor false; make it so in the query, as with status = 'A'".to_owned())
}

fn list(cell: Cell<'_>) -> Result<Vec<String>, Unreadable> {
    if let Cell::List(items) = cell {
        return Ok(items);
    }
    let Some(text) = strict_text(cell)? else { return Ok(Vec::new()) };
    if text.starts_with('[') {
        return serde_json::from_str(&text).map_err(|_| "is not a JSON list of texts".to_owned());
    }
    Ok(text.split(',').map(str::trim).filter(|name| !name.is_empty()).map(str::to_owned).collect())
}
