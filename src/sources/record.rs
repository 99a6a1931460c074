//! From one row's values to a record in a page: which column means what, and how each SQL value is understood. Whatever
//! cannot be understood is a [`BadRow`] that names the column, never the value.

use std::borrow::Cow;
use std::sync::Arc;

use super::BadRow;
use super::page::{Columns, Filled, Page, Place};
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

    /// Where values of the column go; `profile` counts those without a meaning of their own.
    fn place(&self, profile: &mut impl Iterator<Item = usize>) -> Option<Place> {
        Some(match self {
            Self::Id => Place::ID,
            Self::Login => Place::LOGIN,
            Self::Email => Place::EMAIL,
            Self::Scheme => Place::SCHEME,
            Self::LastLogin => Place::LAST_LOGIN,
            Self::Stored => Place::STORED,
            Self::Salt => Place::SALT,
            Self::Salt2 => Place::SALT2,
            Self::Pepper => Place::PEPPER,
            Self::Profile(_) => Columns::profile(profile.next()?),
            Self::Active | Self::Groups | Self::Selected => return None,
        })
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

/// What each column of a result is for, and where its values go.
pub(super) struct Roles {
    places: Vec<(Role, Option<Place>)>,
    /// The column that pages are cut by.
    position: Option<usize>,
    pub(super) columns: Arc<Columns>,
}

impl Roles {
    /// Of columns of these names, in their order.
    pub(super) fn of<'n>(names: impl Iterator<Item = &'n str>) -> Self {
        let roles: Vec<Role> = names.map(Role::of).collect();
        let columns = Arc::new(Columns::new(&roles));
        let place = |wanted: &Role| roles.iter().position(|role| role == wanted);
        let position = place(&Role::Id).or_else(|| place(&Role::Login));
        let mut profile = 0..;
        let placed = |role: Role| {
            let place = role.place(&mut profile);
            (role, place)
        };
        Self { places: roles.into_iter().map(placed).collect(), position, columns }
    }
}

/// A row that is being read into a page.
pub(super) struct Reading<'p> {
    rows: &'p mut Page,
    row: Filled,
    active: bool,
    selected: bool,
    trouble: Option<String>,
}

impl<'p> Reading<'p> {
    pub(super) fn begin(rows: &'p mut Page) -> Self {
        let row = rows.begin();
        Self { rows, row, active: true, selected: true, trouble: None }
    }

    /// Takes down the value of the column at this place. Where pages are cut by it, `position` becomes what to bind to
    /// find the next page; none where it is NULL or unreadable.
    pub(super) fn take(
        &mut self,
        roles: &Roles,
        at: usize,
        cell: Result<Cell<'_>, Unreadable>,
        position: &mut Option<Value>,
    ) {
        let Some((role, place)) = roles.places.get(at) else { return };
        if roles.position == Some(at) {
            match &cell {
                Ok(cell) => put_value(position, cell),
                Err(_) => *position = None,
            }
        }
        let kept = cell.and_then(|cell| self.keep(role, *place, cell));
        if let Err(why) = kept
            && self.trouble.is_none()
        {
            self.trouble = Some(format!("column `{}` {why}", role.name()));
        }
    }

    /// Ends the row; the filter may leave it out.
    pub(super) fn end(self) {
        let Self { rows, row, active, selected, trouble } = self;
        if !selected {
            return rows.forget(row);
        }
        let id = rows.id_so_far(row);
        match (trouble, id) {
            (None, Some(_)) => rows.end(row, active),
            (None, None) => {
                let why = "has neither an id nor a login".to_owned();
                rows.end_badly(row, BadRow { id: None, why });
            }
            (Some(why), id) => {
                let id = id.map(str::to_owned);
                rows.end_badly(row, BadRow { id, why });
            }
        }
    }

    fn keep(&mut self, role: &Role, place: Option<Place>, cell: Cell<'_>) -> Result<(), Unreadable> {
        check_length(&cell)?;
        match (role, place) {
            (Role::Stored | Role::Salt | Role::Salt2 | Role::Pepper, Some(place)) => {
                self.keep_secret(role, place, cell);
            }
            (_, Some(place)) => self.keep_text(role, place, cell)?,
            (Role::Active, None) => self.active = truth(&cell)?,
            (Role::Selected, None) => self.selected = truth(&cell)?,
            // Only the groups are left that have no place.
            (_, None) => self.rows.put_groups(self.row, list(cell)?),
        }
        Ok(())
    }

    fn keep_text(&mut self, role: &Role, place: Place, cell: Cell<'_>) -> Result<(), Unreadable> {
        if !matches!(role, Role::Id | Role::Profile(_)) {
            check_text(&cell)?;
        }
        let kept = |text: &str| *role != Role::Scheme || !text.is_empty();
        match cell {
            Cell::Text(text) if kept(&text) => self.rows.put_text(self.row, place, &text),
            Cell::Int(number) => self.rows.put_number(self.row, place, number),
            other => {
                let text = if *role == Role::Id { id_text(other) } else { loose_text(other) };
                match text.filter(|text| kept(text)) {
                    Some(text) => self.rows.put_text(self.row, place, &text),
                    None => self.rows.put_null(self.row, place),
                }
            }
        }
        Ok(())
    }

    fn keep_secret(&mut self, role: &Role, place: Place, cell: Cell<'_>) {
        let owned;
        let value = match &cell {
            Cell::Text(text) => Some(text.as_bytes()),
            Cell::Bytes(bytes) | Cell::Garbled(bytes) => Some(*bytes),
            _ => {
                owned = loose_text(cell).map(Secret::from);
                owned.as_ref().map(Secret::expose)
            }
        };
        match value.filter(|value| *role != Role::Stored || !value.is_empty()) {
            Some(value) => self.rows.put_secret(self.row, place, value),
            None => self.rows.put_null(self.row, place),
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

/// A text takes the place of the one before it: a walk has a position in every row.
fn put_value(into: &mut Option<Value>, cell: &Cell<'_>) {
    *into = Some(match (cell, into.take()) {
        (Cell::Null | Cell::Garbled(_) | Cell::List(_), _) => return,
        (Cell::Bool(truth), _) => Value::Int(i64::from(*truth)),
        (Cell::Int(number), _) => Value::Int(*number),
        (Cell::Unsigned(number), _) => Value::Unsigned(*number),
        (Cell::Float(number), _) => Value::Float(*number),
        (Cell::Text(text), Some(Value::Text(mut old))) => {
            old.clear();
            old.push_str(text);
            Value::Text(old)
        }
        (Cell::Text(text), _) => Value::Text(text.clone().into_owned()),
        (Cell::Bytes(bytes), _) => Value::Bytes(bytes.to_vec()),
    });
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
fn check_text(cell: &Cell<'_>) -> Result<(), Unreadable> {
    match cell {
        Cell::Garbled(_) => Err("is not UTF-8 text".to_owned()),
        Cell::Bytes(bytes) if std::str::from_utf8(bytes).is_err() => Err("is not UTF-8 text".to_owned()),
        _ => Ok(()),
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
    check_text(&cell)?;
    let Some(text) = loose_text(cell) else { return Ok(Vec::new()) };
    if text.starts_with('[') {
        return serde_json::from_str(&text).map_err(|_| "is not a JSON list of texts".to_owned());
    }
    Ok(text.split(',').map(str::trim).filter(|name| !name.is_empty()).map(str::to_owned).collect())
}
