//! A table of the configuration being read: every key is asked for by name and type, every problem is noted and
//! reading goes on, and what nobody asked for is an unknown key.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::time::Duration;

use toml::{Table, Value};

use super::asked::{Asked, duration_text};
use super::{Problem, SecretPlaces};
use crate::secret::Secret;

/// How a secret may be written.
const SECRET: &str = "secret: `\"env:NAME\"`, `\"file:PATH\"`, or the value itself";

/// What all sections of one configuration share.
pub(super) struct Reading {
    environment: BTreeMap<String, String>,
    problems: RefCell<Vec<Noted>>,
    places: RefCell<SecretPlaces>,
    /// Every key that was asked for, for the reference.
    asked: RefCell<Vec<Asked>>,
}

/// A problem, and whether it is one for those only who need the section: a value that is missing, or a secret that
/// is not at hand here.
pub(super) struct Noted {
    pub(super) problem: Problem,
    pub(super) only_if_needed: bool,
}

impl Reading {
    pub(super) fn new(environment: BTreeMap<String, String>) -> Self {
        Self {
            environment,
            problems: RefCell::default(),
            places: RefCell::default(),
            asked: RefCell::default(),
        }
    }

    /// What was asked for, in that order; a key comes as often as something became known of it.
    pub(super) fn into_asked(self) -> Vec<Asked> {
        self.asked.into_inner()
    }

    pub(super) fn note(&self, key: impl Into<String>, message: impl Into<String>) {
        self.push(key.into(), message.into(), false);
    }

    pub(super) fn note_missing(&self, key: impl Into<String>, message: impl Into<String>) {
        self.push(key.into(), message.into(), true);
    }

    /// The problems noted since the last call.
    pub(super) fn take(&self) -> Vec<Noted> {
        self.problems.take()
    }

    /// Where secrets were found so far.
    pub(super) fn secret_places(&self) -> SecretPlaces {
        self.places.borrow().clone()
    }

    fn push(&self, key: String, message: String, only_if_needed: bool) {
        self.problems.borrow_mut().push(Noted { problem: Problem { key, message }, only_if_needed });
    }
}

/// One table, consumed key by key.
pub(super) struct Section<'r> {
    reading: &'r Reading,
    path: String,
    table: Table,
    asked: Vec<&'static str>,
}

impl<'r> Section<'r> {
    pub(super) fn new(reading: &'r Reading, path: impl Into<String>, table: Table) -> Self {
        Self { reading, path: path.into(), table, asked: Vec::new() }
    }

    /// The full name of a key of this section.
    pub(super) fn key(&self, key: &str) -> String {
        if self.path.is_empty() { key.to_owned() } else { format!("{}.{key}", self.path) }
    }

    /// Whether the key is there. Asking makes it an optional one.
    pub(super) fn has(&self, key: &str) -> bool {
        self.note_asked(key, Asked { guarded: true, ..Asked::default() });
        self.table.contains_key(key)
    }

    /// Tells the reference a default that no call of this section shows.
    pub(super) fn default_is(&self, key: &str, default: &str) {
        self.note_asked(key, Asked { default: Some(default.to_owned()), ..Asked::default() });
    }

    /// Tells the reference what values a key takes, where its type says too little.
    pub(super) fn takes(&self, key: &str, kind: impl Into<String>) {
        self.note_asked(key, Asked { kind: kind.into(), ..Asked::default() });
    }

    pub(super) fn problem(&self, key: &str, message: impl Into<String>) {
        self.reading.note(self.key(key), message);
    }

    pub(super) fn text(&mut self, key: &'static str) -> Option<String> {
        self.takes(key, "text");
        match self.take(key)? {
            Value::String(text) => Some(text),
            other => self.wrong_type(key, &other, "a text in quotes"),
        }
    }

    pub(super) fn text_or(&mut self, key: &'static str, default: &str) -> String {
        self.default_is(key, &format!("\"{default}\""));
        self.text(key).unwrap_or_else(|| default.to_owned())
    }

    /// One of these words; the first is the default, and what is taken where another is written.
    pub(super) fn word<T: Copy>(&mut self, key: &'static str, words: &[(&str, T)], default: T) -> T {
        let quoted: Vec<String> = words.iter().map(|(word, _)| format!("\"{word}\"")).collect();
        let text = self.text(key);
        self.takes(key, format!("one of {}", quoted.join(", ")));
        self.default_is(key, quoted.first().map_or("", String::as_str));
        let Some(text) = text else { return default };
        let meant = words.iter().find(|(word, _)| *word == text).map(|(_, value)| *value);
        meant.unwrap_or_else(|| {
            self.problem(key, format!("must be one of {}", quoted.join(", ")));
            default
        })
    }

    /// A text without which the section is of no use; `mend` says what to write.
    pub(super) fn required_text(&mut self, key: &'static str, mend: &str) -> Option<String> {
        self.takes(key, "text");
        self.required(key);
        if !self.table.contains_key(key) {
            self.missing(key, mend);
            return None;
        }
        let text = self.text(key)?;
        if text.trim().is_empty() {
            self.problem(key, format!("is empty; {mend}"));
            return None;
        }
        Some(text)
    }

    /// One text, or a list of them.
    pub(super) fn texts(&mut self, key: &'static str) -> Option<Vec<String>> {
        self.takes(key, "text, or a list of texts");
        match self.take(key)? {
            Value::String(text) => Some(vec![text]),
            Value::Array(items) => {
                let texts: Option<Vec<String>> =
                    items.into_iter().map(|item| item.as_str().map(str::to_owned)).collect();
                if texts.is_none() {
                    self.problem(key, "every entry of the list must be a text in quotes");
                }
                texts
            }
            other => self.wrong_type(key, &other, "a text or a list of texts"),
        }
    }

    pub(super) fn flag_or(&mut self, key: &'static str, default: bool) -> bool {
        self.takes(key, "`true` or `false`");
        self.default_is(key, if default { "true" } else { "false" });
        match self.take(key) {
            None => default,
            Some(Value::Boolean(flag)) => flag,
            Some(Value::String(text)) if text == "true" || text == "false" => text == "true",
            Some(other) => self.wrong_type(key, &other, "true or false").unwrap_or(default),
        }
    }

    pub(super) fn integer_or(&mut self, key: &'static str, range: RangeInclusive<u32>, default: u32) -> u32 {
        self.takes(key, format!("whole number, {} to {}", range.start(), range.end()));
        self.default_is(key, &default.to_string());
        let number = match self.take(key) {
            None => return default,
            Some(Value::Integer(number)) => Some(number),
            Some(Value::String(text)) => text.parse::<i64>().ok(),
            Some(_) => None,
        };
        let number =
            number.and_then(|number| u32::try_from(number).ok()).filter(|number| range.contains(number));
        number.unwrap_or_else(|| {
            self.problem(key, format!("must be a whole number from {} to {}", range.start(), range.end()));
            default
        })
    }

    /// A share above 0 and up to 1.
    pub(super) fn share_or(&mut self, key: &'static str, default: f64) -> f64 {
        self.takes(key, "number above 0 and up to 1");
        self.default_is(key, &default.to_string());
        let number = match self.take(key) {
            None => return default,
            Some(Value::Float(number)) => Some(number),
            Some(Value::Integer(1)) => Some(1.0),
            Some(Value::String(text)) => text.parse().ok(),
            Some(_) => None,
        };
        let number = number.filter(|share| *share > 0.0 && *share <= 1.0);
        number.unwrap_or_else(|| {
            self.problem(key, "must be a number above 0 and up to 1, such as 0.8");
            default
        })
    }

    /// A time such as `"2.5s"`, `"500ms"` or `"1m"`, above zero.
    pub(super) fn duration_or(&mut self, key: &'static str, default: Duration) -> Duration {
        self.takes(key, "time in `ms`, `s`, `m` or `h`");
        self.default_is(key, &format!("\"{}\"", duration_text(default)));
        match self.take(key) {
            None => default,
            Some(Value::String(text)) => parse_duration(&text).unwrap_or_else(|| {
                self.problem(key, "must be a time above zero with its unit, such as \"2.5s\" or \"500ms\"");
                default
            }),
            Some(other) => {
                self.wrong_type(key, &other, "a time with its unit, such as \"2.5s\"").unwrap_or(default)
            }
        }
    }

    pub(super) fn address_or(&mut self, key: &'static str, default: SocketAddr) -> SocketAddr {
        let text = self.text(key);
        self.takes(key, "IP address and port");
        self.default_is(key, &format!("\"{default}\""));
        match text {
            None => default,
            Some(text) => text.parse().unwrap_or_else(|_| {
                self.problem(key, format!("must be an IP address and a port, such as \"{default}\""));
                default
            }),
        }
    }

    /// A secret: written out, or `env:NAME`, or `file:PATH` (one line break at its end is dropped).
    pub(super) fn secret(&mut self, key: &'static str) -> Option<Secret> {
        self.secret_and_file(key).map(|(secret, _)| secret)
    }

    /// The same, with the file that it came from, for whoever follows its changes.
    pub(super) fn secret_and_file(&mut self, key: &'static str) -> Option<(Secret, Option<PathBuf>)> {
        let text = self.text(key);
        self.takes(key, SECRET);
        let text = text?;
        let file = text.strip_prefix("file:").map(PathBuf::from);
        let secret = if let Some(name) = text.strip_prefix("env:") {
            let Some(value) = self.reading.environment.get(name) else {
                let message =
                    format!("the environment variable {name} is not set; set it where keyferry starts");
                self.reading.note_missing(self.key(key), message);
                return None;
            };
            Secret::from(value.as_str())
        } else if let Some(path) = text.strip_prefix("file:") {
            self.reading.places.borrow_mut().files.push((self.key(key), PathBuf::from(path)));
            match std::fs::read(path) {
                Ok(bytes) => Secret::new(without_line_break(bytes)),
                Err(error) => {
                    let message = format!("the file {path} cannot be read: {error}");
                    self.reading.note_missing(self.key(key), message);
                    return None;
                }
            }
        } else {
            if !is_url_without_password(&text) {
                self.reading.places.borrow_mut().written_out.push(self.key(key));
            }
            Secret::from(text)
        };
        if secret.is_empty() {
            self.reading.note_missing(self.key(key), "is empty; give it a value");
            return None;
        }
        Some((secret, file))
    }

    pub(super) fn required_secret(&mut self, key: &'static str, mend: &str) -> Option<Secret> {
        self.required_secret_and_file(key, mend).map(|(secret, _)| secret)
    }

    pub(super) fn required_secret_and_file(
        &mut self,
        key: &'static str,
        mend: &str,
    ) -> Option<(Secret, Option<PathBuf>)> {
        self.takes(key, SECRET);
        self.required(key);
        if !self.table.contains_key(key) {
            self.missing(key, mend);
            return None;
        }
        self.secret_and_file(key)
    }

    /// A table below this one; empty where there is none.
    pub(super) fn section(&mut self, key: &'static str) -> Section<'r> {
        self.takes(key, "table");
        let path = self.key(key);
        let table = match self.take(key) {
            None => Table::new(),
            Some(Value::Table(table)) => table,
            Some(other) => {
                self.wrong_type::<()>(key, &other, "a table");
                Table::new()
            }
        };
        Section::new(self.reading, path, table)
    }

    /// A list of tables below this one.
    pub(super) fn sections(&mut self, key: &'static str) -> Vec<Section<'r>> {
        self.takes(key, "list of tables");
        let path = self.key(key);
        let items = match self.take(key) {
            None => Vec::new(),
            Some(Value::Array(items)) => items,
            Some(other) => {
                self.wrong_type::<()>(key, &other, "a list of tables");
                Vec::new()
            }
        };
        let mut sections = Vec::with_capacity(items.len());
        for (index, item) in items.into_iter().enumerate() {
            let path = format!("{path}[{index}]");
            match item {
                Value::Table(table) => sections.push(Section::new(self.reading, path, table)),
                _ => self.reading.note(path, "must be a table"),
            }
        }
        sections
    }

    /// All keys with their texts, for a table whose keys are the admin's own.
    pub(super) fn pairs(self) -> Vec<(String, String)> {
        self.pairs_with(|_| None)
    }

    /// The same, where `problem` tells what is wrong with a text.
    pub(super) fn pairs_with(self, problem: impl Fn(&str) -> Option<String>) -> Vec<(String, String)> {
        self.takes("*", "text");
        let Self { reading, path, table, .. } = self;
        let mut pairs = Vec::with_capacity(table.len());
        for (key, value) in table {
            match value {
                Value::String(text) => match problem(&text) {
                    Some(problem) => reading.note(format!("{path}.{key}"), problem),
                    None => pairs.push((key, text)),
                },
                _ => reading.note(format!("{path}.{key}"), "must be a text in quotes"),
            }
        }
        pairs
    }

    /// Notes that a key without which the section is of no use is not there.
    pub(super) fn missing(&mut self, key: &'static str, mend: &str) {
        self.required(key);
        self.asked.push(key);
        self.reading.note_missing(self.key(key), format!("is missing; {mend}"));
    }

    /// Ends the section where these optional keys may not have been asked for.
    pub(super) fn finish_with(mut self, optional: &[&'static str]) {
        self.asked.extend(optional);
        self.finish();
    }

    /// Ends the section: whatever was not asked for is unknown.
    pub(super) fn finish(self) {
        for key in self.table.keys() {
            let full = self.key(key);
            let message = match nearest(key, &self.asked) {
                Some(meant) => format!("is not a key that keyferry knows; did you mean `{meant}`?"),
                None => format!("is not a key that keyferry knows; here are: {}", self.asked.join(", ")),
            };
            self.reading.note(full, message);
        }
    }

    fn required(&self, key: &str) {
        self.note_asked(key, Asked { required: true, ..Asked::default() });
    }

    fn note_asked(&self, key: &str, asked: Asked) {
        self.reading.asked.borrow_mut().push(Asked { path: self.key(key), ..asked });
    }

    fn take(&mut self, key: &'static str) -> Option<Value> {
        self.asked.push(key);
        self.table.remove(key)
    }

    fn wrong_type<T>(&self, key: &str, found: &Value, wanted: &str) -> Option<T> {
        self.problem(key, format!("must be {wanted}, and is a value of type {}", found.type_str()));
        None
    }
}

/// `"2.5s"` and its like; `None` for anything else, zero included.
pub fn parse_duration(text: &str) -> Option<Duration> {
    let split = text.find(|c: char| c.is_ascii_alphabetic())?;
    let (number, unit) = text.split_at_checked(split)?;
    let seconds_a_unit = match unit {
        "ms" => 0.001,
        "s" => 1.0,
        "m" => 60.0,
        "h" => 3600.0,
        _ => return None,
    };
    let number: f64 = number.trim().parse().ok()?;
    let duration = Duration::try_from_secs_f64(number * seconds_a_unit).ok()?;
    (!duration.is_zero()).then_some(duration)
}

/// `sqlite:FILE`, `postgres://reader@db/shop`: secrets by their kind, and none by what they hold.
fn is_url_without_password(text: &str) -> bool {
    let Some((kind, rest)) = text.split_once(':') else { return false };
    let is_kind = ["sqlite", "postgres", "postgresql", "mysql", "mariadb"].contains(&kind);
    let user = rest.trim_start_matches('/').split_once('@').map_or("", |(user, _)| user);
    is_kind && !user.contains(':') && !rest.contains("password=")
}

fn without_line_break(mut bytes: Vec<u8>) -> Vec<u8> {
    if bytes.last() == Some(&b'\n') {
        bytes.pop();
        if bytes.last() == Some(&b'\r') {
            bytes.pop();
        }
    }
    bytes
}

/// The known key that was probably meant: at most two edits away.
fn nearest<'k>(key: &str, known: &[&'k str]) -> Option<&'k str> {
    known
        .iter()
        .map(|candidate| (strsim::damerau_levenshtein(key, candidate), *candidate))
        .filter(|(distance, _)| *distance <= 2)
        .min()
        .map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_need_a_unit_and_a_positive_number() {
        assert_eq!(parse_duration("2.5s"), Some(Duration::from_millis(2500)));
        assert_eq!(parse_duration("500ms"), Some(Duration::from_millis(500)));
        assert_eq!(parse_duration("1.5m"), Some(Duration::from_secs(90)));
        for wrong in ["", "2.5", "s", "0s", "-1s", "2 fortnights", "1e400s", "NaNs", "infs"] {
            assert_eq!(parse_duration(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn one_line_break_at_the_end_of_a_secret_file_is_dropped() {
        assert_eq!(without_line_break(b"secret\r\n".to_vec()), b"secret");
        assert_eq!(without_line_break(b"secret\n\n".to_vec()), b"secret\n");
        assert_eq!(without_line_break(b"secret".to_vec()), b"secret");
    }
}
