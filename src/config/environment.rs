//! Environment variables over the file: `KEYFERRY_SERVER__LISTEN` is `server.listen`,
//! `KEYFERRY_SOURCE__0__URL` the `url` of the first `[[source]]`. Two underscores part the levels, so a variable
//! without them, such as the `KEYFERRY_HOOK_SECRET` that an `env:` names, is none of these.

use std::collections::BTreeMap;

use toml::{Table, Value};

use super::section::Reading;

const PREFIX: &str = "KEYFERRY_";
/// Entries that a list may be extended to from the environment.
const MAX_INDEX: usize = 64;

/// Lays every override over the table; an override that leads nowhere is a problem.
pub(super) fn overlay(root: &mut Table, environment: &BTreeMap<String, String>, reading: &Reading) {
    for (name, value) in environment {
        let Some(path) = name.strip_prefix(PREFIX).filter(|path| path.contains("__")) else { continue };
        let path: Vec<String> = path.split("__").map(str::to_ascii_lowercase).collect();
        if path.iter().any(String::is_empty) || !set_in_table(root, &path, value) {
            reading.note(name.as_str(), "this environment variable names no place in the configuration");
        }
    }
}

fn set_in_table(table: &mut Table, path: &[String], value: &str) -> bool {
    let Some((key, rest)) = path.split_first() else { return false };
    // Okta's attribute names are in camel case, which a variable name cannot show.
    let key =
        table.keys().find(|known| known.eq_ignore_ascii_case(key)).cloned().unwrap_or_else(|| key.clone());
    if rest.is_empty() {
        table.insert(key, Value::String(value.to_owned()));
        return true;
    }
    let next_is_index = rest.first().is_some_and(|part| part.parse::<usize>().is_ok());
    let below = table.entry(key).or_insert_with(|| empty(next_is_index));
    set_in_value(below, rest, value)
}

fn set_in_value(place: &mut Value, path: &[String], value: &str) -> bool {
    match place {
        Value::Table(table) => set_in_table(table, path, value),
        Value::Array(items) => {
            let Some((index, rest)) = path.split_first() else { return false };
            let Ok(index) = index.parse::<usize>() else { return false };
            if index > items.len() || index > MAX_INDEX {
                return false;
            }
            if index == items.len() {
                items.push(if rest.is_empty() { Value::String(String::new()) } else { empty(false) });
            }
            let Some(item) = items.get_mut(index) else { return false };
            if rest.is_empty() {
                *item = Value::String(value.to_owned());
                return true;
            }
            set_in_value(item, rest, value)
        }
        _ => false,
    }
}

fn empty(list: bool) -> Value {
    if list { Value::Array(Vec::new()) } else { Value::Table(Table::new()) }
}
