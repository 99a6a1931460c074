//! The rows of a page in a few buffers for all of them, instead of a text for each value: a walk over millions of users
//! would otherwise spend its time on asking for memory. A row is a view of its page. The buffers hold stored passwords
//! too, and are zeroed when the page is dropped or a buffer grows.

use std::fmt::Write as _;
use std::ops::Range;
use std::sync::Arc;

use zeroize::Zeroizing;

use super::BadRow;
use super::record::Role;
use crate::secret::Secret;

/// One row of a page: a record, or why there is none.
pub type Row<'p> = Result<Record<'p>, &'p BadRow>;

/// Where a value stands among those of its row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place(usize);

impl Place {
    pub(super) const ID: Self = Self(0);
    pub(super) const LOGIN: Self = Self(1);
    pub(super) const EMAIL: Self = Self(2);
    pub(super) const SCHEME: Self = Self(3);
    pub(super) const LAST_LOGIN: Self = Self(4);
    pub(super) const STORED: Self = Self(5);
    pub(super) const SALT: Self = Self(6);
    pub(super) const SALT2: Self = Self(7);
    pub(super) const PEPPER: Self = Self(8);
    /// Of the first profile column; the others follow.
    const PROFILE: usize = 9;
}

/// The columns of a query's result, as far as rows are asked for them by name.
#[derive(Debug, Default)]
pub struct Columns {
    /// All that have no meaning of their own, in the query's order.
    profile: Vec<Arc<str>>,
    groups: bool,
}

impl Columns {
    pub(super) fn new(roles: &[Role]) -> Self {
        let profile = roles.iter().filter_map(|role| match role {
            Role::Profile(name) => Some(Arc::clone(name)),
            _ => None,
        });
        Self { profile: profile.collect(), groups: roles.contains(&Role::Groups) }
    }

    /// The place of the profile column of this number.
    pub(super) fn profile(number: usize) -> Place {
        Place(Place::PROFILE + number)
    }

    /// Where the values of a column stand, by the name it has in the query; of `id`, `login`, `email` and `last_login`
    /// also where the query does not give them. Credential columns (`stored`, `salt`, `salt2`, `pepper`, `scheme`) are
    /// not to be had this way.
    pub fn place(&self, name: &str) -> Option<Place> {
        match name {
            "id" => Some(Place::ID),
            "login" => Some(Place::LOGIN),
            "email" => Some(Place::EMAIL),
            "last_login" => Some(Place::LAST_LOGIN),
            // Databases fold names in their own ways: case tells columns apart only where nothing else does.
            _ => {
                let exactly = self.profile.iter().position(|column| **column == *name);
                let known = || self.profile.iter().position(|column| column.eq_ignore_ascii_case(name));
                exactly.or_else(known).map(Self::profile)
            }
        }
    }

    /// Values of a row.
    fn width(&self) -> usize {
        Place::PROFILE + self.profile.len()
    }
}

/// The rows of a page, in their order.
#[derive(Default)]
pub struct Page {
    columns: Arc<Columns>,
    text: Zeroizing<String>,
    /// The values that must not be printed.
    secret: Zeroizing<Vec<u8>>,
    /// Of each good row as many as it has values.
    spans: Vec<Span>,
    rows: Vec<Standing>,
    bad: Vec<BadRow>,
    /// Of each good row, where the query gives groups.
    groups: Vec<Vec<String>>,
}

/// A piece of a buffer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Span {
    start: u32,
    end: u32,
}

impl Span {
    /// Of a value that is NULL. No piece begins behind its end.
    const NULL: Self = Self { start: 1, end: 0 };

    fn range(self) -> Option<Range<usize>> {
        let range = usize::try_from(self.start).ok()?..usize::try_from(self.end).ok()?;
        (range.start <= range.end).then_some(range)
    }
}

/// What became of a row, with its number among the good or the bad.
#[derive(Clone, Copy, Debug)]
enum Standing {
    Active(u32),
    Inactive(u32),
    Bad(u32),
}

/// What a page has room for from the beginning, since growing means copying.
#[derive(Clone, Copy, Debug)]
pub(super) struct Room {
    rows: usize,
    text: usize,
    secret: usize,
}

impl Room {
    /// For this many rows of usual length.
    pub(super) fn of(rows: usize) -> Self {
        Self { rows, text: rows * 64, secret: rows * 80 }
    }
}

/// How much of the buffers is taken.
#[derive(Clone, Copy)]
pub(super) struct Filled {
    text: usize,
    secret: usize,
    spans: usize,
    groups: usize,
}

impl Page {
    /// An empty page.
    pub(super) fn with_room(columns: &Arc<Columns>, room: Room) -> Self {
        Self {
            columns: Arc::clone(columns),
            text: Zeroizing::new(String::with_capacity(room.text)),
            secret: Zeroizing::new(Vec::with_capacity(room.secret)),
            spans: Vec::with_capacity(room.rows * columns.width()),
            rows: Vec::with_capacity(room.rows),
            ..Self::default()
        }
    }

    /// The room for another page like this one.
    pub(super) fn room(&self) -> Room {
        let more = |used: usize| used + used / 16;
        Room { rows: self.rows.len(), text: more(self.text.len()), secret: more(self.secret.len()) }
    }

    /// The columns of its rows.
    pub fn columns(&self) -> &Columns {
        &self.columns
    }

    /// How many rows there are, good and bad.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The row at this place.
    pub fn row(&self, place: usize) -> Option<Row<'_>> {
        self.rows.get(place).and_then(|standing| self.view(*standing))
    }

    /// All of them.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = Row<'_>> {
        self.rows.iter().filter_map(|standing| self.view(*standing))
    }

    /// The good ones.
    pub fn records(&self) -> impl DoubleEndedIterator<Item = Record<'_>> {
        self.iter().filter_map(Result::ok)
    }

    fn view(&self, standing: Standing) -> Option<Row<'_>> {
        let (number, active) = match standing {
            Standing::Active(number) => (number, true),
            Standing::Inactive(number) => (number, false),
            Standing::Bad(number) => return self.bad.get(usize::try_from(number).ok()?).map(Err),
        };
        let (number, width) = (usize::try_from(number).ok()?, self.columns.width());
        let spans = self.spans.get(number * width..(number + 1) * width)?;
        Some(Ok(Record { page: self, spans, number, active }))
    }
}

/// Where a row is written down, value by value; between [`Page::begin`] and one of the `end`s.
impl Page {
    pub(super) fn begin(&mut self) -> Filled {
        let filled = Filled {
            text: self.text.len(),
            secret: self.secret.len(),
            spans: self.spans.len(),
            groups: self.groups.len(),
        };
        self.spans.resize(filled.spans + self.columns.width(), Span::NULL);
        if self.columns.groups {
            self.groups.push(Vec::new());
        }
        filled
    }

    /// Notes a text.
    pub(super) fn put_text(&mut self, row: Filled, place: Place, text: &str) {
        self.make_room(text.len());
        let start = self.text.len();
        self.text.push_str(text);
        self.put_span(row, place, start..self.text.len());
    }

    /// Notes a number in decimal.
    pub(super) fn put_number(&mut self, row: Filled, place: Place, number: i64) {
        self.make_room(20);
        let start = self.text.len();
        // Writing to a String cannot fail.
        let _ = write!(self.text, "{number}");
        self.put_span(row, place, start..self.text.len());
    }

    /// A text that grows by itself would leave its old self behind, with all that is in it.
    fn make_room(&mut self, length: usize) {
        if self.text.capacity() - self.text.len() < length {
            let mut larger = String::with_capacity(self.text.capacity() * 2 + length);
            larger.push_str(&self.text);
            self.text = Zeroizing::new(larger);
        }
    }

    /// Notes a value that must not be printed.
    pub(super) fn put_secret(&mut self, row: Filled, place: Place, value: &[u8]) {
        let room = self.secret.capacity() - self.secret.len();
        if room < value.len() {
            let mut larger = Vec::with_capacity(self.secret.capacity() * 2 + value.len());
            larger.extend_from_slice(&self.secret);
            self.secret = Zeroizing::new(larger);
        }
        let start = self.secret.len();
        self.secret.extend_from_slice(value);
        self.put_span(row, place, start..self.secret.len());
    }

    /// Forgets what was noted.
    pub(super) fn put_null(&mut self, row: Filled, place: Place) {
        if let Some(span) = self.spans.get_mut(row.spans + place.0) {
            *span = Span::NULL;
        }
    }

    pub(super) fn put_groups(&mut self, row: Filled, names: Vec<String>) {
        if let Some(groups) = self.groups.get_mut(row.groups) {
            *groups = names;
        }
    }

    /// Beyond 4 GiB a page has no more room, and its values are none; pages of such a size fit nowhere anyway.
    fn put_span(&mut self, row: Filled, place: Place, range: Range<usize>) {
        if let (Some(span), Ok(start), Ok(end)) =
            (self.spans.get_mut(row.spans + place.0), u32::try_from(range.start), u32::try_from(range.end))
        {
            *span = Span { start, end };
        }
    }

    /// The row's id; the login where there is none.
    pub(super) fn id_so_far(&mut self, row: Filled) -> Option<&str> {
        let login = self.spans.get(row.spans + Place::LOGIN.0).copied()?;
        let id = self.spans.get_mut(row.spans + Place::ID.0)?;
        if *id == Span::NULL {
            *id = login;
        }
        self.text.get(id.range()?)
    }

    /// A good row.
    pub(super) fn end(&mut self, row: Filled, active: bool) {
        let number = u32::try_from(row.spans / self.columns.width()).unwrap_or(u32::MAX);
        self.rows.push(if active { Standing::Active(number) } else { Standing::Inactive(number) });
    }

    /// A row that cannot be used.
    pub(super) fn end_badly(&mut self, row: Filled, bad: BadRow) {
        self.forget(row);
        self.rows.push(Standing::Bad(u32::try_from(self.bad.len()).unwrap_or(u32::MAX)));
        self.bad.push(bad);
    }

    /// A row that nobody wants. Its values stay where they were until something else takes the place.
    pub(super) fn forget(&mut self, row: Filled) {
        self.text.truncate(row.text);
        self.secret.truncate(row.secret);
        self.spans.truncate(row.spans);
        self.groups.truncate(row.groups);
    }
}

impl std::fmt::Debug for Page {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Page({} and {} bad)", self.rows.len() - self.bad.len(), self.bad.len())
    }
}

/// One user as the store knows them.
#[derive(Clone, Copy)]
pub struct Record<'p> {
    page: &'p Page,
    spans: &'p [Span],
    /// Among the good rows.
    number: usize,
    active: bool,
}

impl<'p> Record<'p> {
    /// The `id` column as text (numbers in decimal, UUIDs hyphenated, binary in hex); the login where the query
    /// has no `id`.
    pub fn id(self) -> &'p str {
        self.at(Place::ID).unwrap_or_default()
    }

    /// The `login` column.
    pub fn login(self) -> Option<&'p str> {
        self.at(Place::LOGIN)
    }

    /// The `email` column.
    pub fn email(self) -> Option<&'p str> {
        self.at(Place::EMAIL)
    }

    /// The `active` column; true where the query has none.
    pub fn active(self) -> bool {
        self.active
    }

    /// The `stored` column; `None` where it is NULL or empty.
    pub fn stored(self) -> Option<&'p [u8]> {
        self.secret(Place::STORED)
    }

    /// The `salt` column.
    pub fn salt(self) -> Option<&'p [u8]> {
        self.secret(Place::SALT)
    }

    /// The `salt2` column.
    pub fn salt2(self) -> Option<&'p [u8]> {
        self.secret(Place::SALT2)
    }

    /// The `pepper` column.
    pub fn pepper(self) -> Option<&'p [u8]> {
        self.secret(Place::PEPPER)
    }

    /// The `scheme` column: how this row's value was made, where rows differ.
    pub fn scheme(self) -> Option<&'p str> {
        self.at(Place::SCHEME)
    }

    /// The `last_login` column, as text (RFC 3339 where the column is a timestamp; without an offset where the
    /// column's type has no time zone).
    pub fn last_login(self) -> Option<&'p str> {
        self.at(Place::LAST_LOGIN)
    }

    /// The `groups` column: an array, or text separated by commas.
    pub fn groups(self) -> &'p [String] {
        self.page.groups.get(self.number).map_or(&[], Vec::as_slice)
    }

    /// The value at a place that [`Columns::place`] gave.
    pub fn at(self, place: Place) -> Option<&'p str> {
        self.page.text.get(self.spans.get(place.0)?.range()?)
    }

    /// A column's value as text, by its name; see [`Columns::place`].
    pub fn column(self, name: &str) -> Option<&'p str> {
        self.page.columns.place(name).and_then(|place| self.at(place))
    }

    /// All columns without a meaning of their own, in the query's order.
    pub fn profile(self) -> impl Iterator<Item = (&'p str, Option<&'p str>)> {
        let names = self.page.columns.profile.iter().enumerate();
        names.map(move |(number, name)| (&**name, self.at(Columns::profile(number))))
    }

    fn secret(self, place: Place) -> Option<&'p [u8]> {
        self.page.secret.get(self.spans.get(place.0)?.range()?)
    }
}

impl std::fmt::Debug for Record<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Record").field("active", &self.active).finish_non_exhaustive()
    }
}

/// One user whom a look-up found.
#[derive(Debug)]
pub struct Found(Page);

impl Found {
    /// The only row of a page; `None` where there is another number of them, or it is bad.
    pub fn only(page: Page) -> Option<Self> {
        (page.rows.len() == 1 && page.bad.is_empty()).then_some(Self(page))
    }

    /// The columns of the query.
    pub fn columns(&self) -> &Columns {
        self.0.columns()
    }

    /// What the store knows.
    pub fn record(&self) -> Record<'_> {
        let spans = self.0.spans.get(..self.0.columns.width()).unwrap_or_default();
        Record {
            page: &self.0,
            spans,
            number: 0,
            active: matches!(self.0.rows.first(), Some(Standing::Active(_))),
        }
    }
}

/// A row with values of its own, for a store that is not asked in SQL.
#[derive(Debug, Default)]
pub struct Draft {
    /// See [`Record::id`].
    pub id: String,
    /// See [`Record::login`].
    pub login: Option<String>,
    /// See [`Record::email`].
    pub email: Option<String>,
    /// See [`Record::active`].
    pub active: bool,
    /// See [`Record::stored`].
    pub stored: Option<Secret>,
    /// See [`Record::salt`].
    pub salt: Option<Secret>,
    /// See [`Record::salt2`].
    pub salt2: Option<Secret>,
    /// See [`Record::pepper`].
    pub pepper: Option<Secret>,
    /// See [`Record::scheme`].
    pub scheme: Option<String>,
    /// See [`Record::last_login`].
    pub last_login: Option<String>,
    /// See [`Record::groups`].
    pub groups: Vec<String>,
    /// See [`Record::profile`].
    pub profile: Vec<(Arc<str>, Option<String>)>,
}

impl Page {
    /// These rows as a page; each has the profile columns of all.
    pub fn of(drafts: Vec<Result<Draft, BadRow>>) -> Self {
        let mut columns = Columns::default();
        for draft in drafts.iter().flatten() {
            columns.groups |= !draft.groups.is_empty();
            for (name, _) in &draft.profile {
                if !columns.profile.contains(name) {
                    columns.profile.push(Arc::clone(name));
                }
            }
        }
        let mut rows = Self { columns: Arc::new(columns), ..Self::default() };
        for draft in drafts {
            rows.add(draft);
        }
        rows
    }

    fn add(&mut self, draft: Result<Draft, BadRow>) {
        let row = self.begin();
        let draft = match draft {
            Ok(draft) => draft,
            Err(bad) => return self.end_badly(row, bad),
        };
        for (place, text) in [
            (Place::ID, Some(&draft.id)),
            (Place::LOGIN, draft.login.as_ref()),
            (Place::EMAIL, draft.email.as_ref()),
            (Place::SCHEME, draft.scheme.as_ref()),
            (Place::LAST_LOGIN, draft.last_login.as_ref()),
        ] {
            if let Some(text) = text {
                self.put_text(row, place, text);
            }
        }
        for (place, secret) in [
            (Place::STORED, &draft.stored),
            (Place::SALT, &draft.salt),
            (Place::SALT2, &draft.salt2),
            (Place::PEPPER, &draft.pepper),
        ] {
            if let Some(secret) = secret {
                self.put_secret(row, place, secret.expose());
            }
        }
        for (name, value) in &draft.profile {
            if let (Some(value), Some(place)) = (value, self.columns.place(name)) {
                self.put_text(row, place, value);
            }
        }
        self.put_groups(row, draft.groups);
        self.end(row, draft.active);
    }
}

impl Found {
    /// One user.
    pub fn of(draft: Draft) -> Self {
        Self(Page::of(vec![Ok(draft)]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn draft(id: &str, profile: &[(&str, Option<&str>)]) -> Draft {
        let profile = profile.iter().map(|(name, value)| (Arc::from(*name), value.map(str::to_owned)));
        Draft {
            id: id.to_owned(),
            stored: Some("canary-4711".into()),
            salt: Some("".into()),
            profile: profile.collect(),
            ..Draft::default()
        }
    }

    #[test]
    fn case_tells_columns_apart_only_where_nothing_else_does() {
        let found = Found::of(draft("1", &[("Phone", Some("a")), ("phone", Some("b")), ("NICK", None)]));
        let record = found.record();
        let values = ["phone", "Phone", "PHONE"].map(|name| record.column(name));
        assert_eq!(values, [Some("b"), Some("a"), Some("a")]);
        assert_eq!((record.column("nick"), found.columns().place("nick").is_some()), (None, true));
        assert!(found.columns().place("other").is_none());
        let hidden = ["stored", "salt", "salt2", "pepper", "scheme", "active"];
        assert!(hidden.iter().all(|name| found.columns().place(name).is_none()));
        assert_eq!(record.profile().map(|(name, _)| name).collect::<Vec<_>>(), ["Phone", "phone", "NICK"]);
    }

    #[test]
    fn nothing_is_told_from_an_empty_value() {
        let found = Found::of(draft("1", &[("a", Some("")), ("b", None)]));
        let record = found.record();
        assert_eq!((record.column("a"), record.column("b")), (Some(""), None));
        assert_eq!((record.salt(), record.salt2()), (Some(&b""[..]), None));
        assert_eq!((record.login(), record.last_login()), (None, None));
    }

    #[test]
    fn good_rows_stand_beside_bad_ones_and_all_in_their_order() {
        let bad = |id: &str| BadRow { id: Some(id.to_owned()), why: "x".into() };
        let mut with_groups = draft("2", &[("a", Some("two"))]);
        with_groups.groups = vec!["staff".into()];
        with_groups.active = true;
        let page = Page::of(vec![
            Err(bad("0")),
            Ok(draft("1", &[])),
            Err(bad("x")),
            Ok(with_groups),
            Ok(draft("3", &[("b", Some("three"))])),
        ]);
        let ids: Vec<&str> =
            page.iter().map(|row| row.map_or_else(|bad| bad.id.as_deref().unwrap(), Record::id)).collect();
        assert_eq!(ids, ["0", "1", "x", "2", "3"]);
        let told: Vec<_> = page
            .records()
            .map(|record| (record.active(), record.groups().len(), record.column("a"), record.column("b")))
            .collect();
        let expected =
            [(false, 0, None, None), (true, 1, Some("two"), None), (false, 0, None, Some("three"))];
        assert_eq!(told, expected);
        assert!(!format!("{page:?} {:?}", page.row(1)).contains("4711"));
    }

    #[test]
    fn a_row_that_is_forgotten_leaves_no_trace_in_the_others() {
        let mut page = Page::of(vec![Ok(draft("1", &[("a", Some("one"))]))]);
        let row = page.begin();
        page.put_text(row, Place::ID, &"2".repeat(10_000));
        page.put_secret(row, Place::STORED, &[b'x'; 10_000]);
        page.forget(row);
        let row = page.begin();
        page.put_number(row, Place::LOGIN, i64::MIN);
        assert_eq!(page.id_so_far(row), Some("-9223372036854775808"));
        page.end(row, true);
        let told: Vec<_> = page.records().map(|it| (it.id(), it.stored().is_some())).collect();
        assert_eq!(told, [("1", true), ("-9223372036854775808", false)]);
    }
}
