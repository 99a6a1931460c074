//! The configuration reference: every key with its type, its default, its environment variable and what it means.
//!
//! Keys, types and defaults are what the sections ask for while they read `docs/keyferry.example.toml` with every line of
//! it in force; meanings are that file's comments. A key that has no line there, or no comment, is an error, which a
//! test finds: whoever adds a key adds a line to the example, and nothing here.

use std::collections::BTreeMap;

use serde::Serialize;
use toml::Table;

use super::asked::Asked;
use super::section::{Reading, Section};
use super::{Needs, read};

/// Every key, with comments.
const EXAMPLE: &str = include_str!("../../docs/keyferry.example.toml");

/// Keys of tables that stand in one line of the example, and have no line of their own for a comment.
const WITHIN_A_LINE: [(&str, &str); 4] = [
    ("header.name", "the header, such as `Authorization`"),
    ("header.secret", "its whole value, `Basic ` or the like included"),
    ("rewrite.pattern", "a regular expression over the name, in the syntax of the crate `regex`"),
    ("rewrite.replace", "what stands instead of the match; `$1` is the first group"),
];

/// A section of the reference.
#[derive(Debug, Serialize)]
pub struct SectionReference {
    /// As it is written: `[server.auth]`, `[[source]]`.
    pub heading: String,
    /// What it is for.
    pub meaning: String,
    /// Its keys, in the example's order.
    pub keys: Vec<KeyReference>,
}

/// A key of the reference.
#[derive(Debug, Serialize)]
pub struct KeyReference {
    /// Its name in the section; `header[].name` for a key of a list's tables, `*` for names of the admin's own.
    pub key: String,
    /// What it takes, in words.
    #[serde(rename = "type")]
    pub kind: String,
    /// As it would be written; none where nothing is set.
    pub default: Option<String>,
    /// Without it the section is of no use.
    pub required: bool,
    /// The variable that sets it, for the first entry of a list.
    pub environment: String,
    /// What it means.
    pub meaning: String,
}

/// The example and the code do not fit together.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum ReferenceError {
    /// The example cannot be read.
    #[error("docs/keyferry.example.toml with every line in force is not TOML: {0}")]
    Syntax(String),
    /// Keys that cannot be explained.
    #[error("give these keys a line and a comment in docs/keyferry.example.toml: {}", .0.join(", "))]
    Unexplained(Vec<String>),
    /// Lines of the example that nothing asks for.
    #[error("no section asks for these keys of docs/keyferry.example.toml: {}", .0.join(", "))]
    Unasked(Vec<String>),
}

/// The reference of this version.
pub fn reference() -> Result<Vec<SectionReference>, ReferenceError> {
    let entries = entries(EXAMPLE);
    let mut asked = asked(&in_force(EXAMPLE, false))?;
    // What is missing where only the sections are there is required.
    let required = self::asked(&in_force(EXAMPLE, true))?;
    for key in &mut asked {
        key.required |= required.iter().any(|bare| bare.required && bare.path == key.path);
    }
    explain(&entries, &asked)
}

/// A line of the example: a section, or a key of it.
#[derive(Debug, PartialEq, Eq)]
struct Entry {
    /// `server.auth` for a section, `server.auth.header` for a key.
    path: String,
    /// Of a section: as it is written.
    heading: Option<String>,
    meaning: String,
}

fn asked(example: &str) -> Result<Vec<Asked>, ReferenceError> {
    let table: Table =
        toml::from_str(example).map_err(|error| ReferenceError::Syntax(error.message().to_owned()))?;
    let reading = Reading::new(BTreeMap::new());
    // Problems there are: no secret is at hand. What was asked for is all that counts.
    let _ = read(Section::new(&reading, "", table), &reading, Needs::default());
    Ok(Asked::together(reading.into_asked()))
}

/// The example with the lines that are commented out; with `bare`, sections alone and tables that stand in one line.
fn in_force(example: &str, bare: bool) -> String {
    let mut text = String::new();
    for line in example.lines() {
        let line = uncommented(line).unwrap_or("");
        match line.split_once(" = ") {
            Some((key, value)) if bare && value.starts_with('{') => {
                text.push_str(key);
                text.push_str(" = {}");
            }
            Some(_) if bare => {}
            _ => text.push_str(line),
        }
        text.push('\n');
    }
    text
}

/// A line with a section or a key, in force or commented out, without the `#` before it.
fn uncommented(line: &str) -> Option<&str> {
    let body = line.strip_prefix('#').map_or(line, |rest| rest.strip_prefix(' ').unwrap_or(rest));
    let word =
        |text: &str| !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || "_.-".contains(c));
    let section = body.trim_start_matches('[').split(']').next().is_some_and(word) && body.starts_with('[');
    (section || body.split_once(" = ").is_some_and(|(key, _)| word(key))).then_some(body)
}

/// The lines with what is told of them: behind them, in indented comments below, or in whole lines of comment above.
fn entries(example: &str) -> Vec<Entry> {
    let mut entries: Vec<Entry> = Vec::new();
    let mut above: Vec<&str> = Vec::new();
    let mut section = String::new();
    for line in example.lines() {
        if let Some(body) = uncommented(line) {
            let (code, comment) = split_comment(body);
            let mut meaning = std::mem::take(&mut above);
            meaning.extend((!comment.is_empty()).then_some(comment));
            let meaning = meaning.join(" ");
            if code.starts_with('[') {
                code.trim_matches(['[', ']']).clone_into(&mut section);
                entries.push(Entry { path: section.clone(), heading: Some(code.to_owned()), meaning });
            } else {
                let key = code.split(" = ").next().unwrap_or_default();
                entries.push(Entry { path: format!("{section}.{key}"), heading: None, meaning });
            }
        } else if line.starts_with('#') {
            above.push(line.trim_start_matches('#').trim());
        } else if let Some(more) = line.trim_start().strip_prefix('#')
            && let Some(entry) = entries.last_mut()
        {
            entry.meaning.push(' ');
            entry.meaning.push_str(more.trim());
        } else {
            // An empty line: what stood above it speaks of the file as a whole.
            above.clear();
        }
    }
    entries
}

/// A line and the comment behind it; a `#` in quotes begins none.
fn split_comment(line: &str) -> (&str, &str) {
    let mut quote = None;
    for (place, c) in line.char_indices() {
        match (quote, c) {
            (None, '"' | '\'') => quote = Some(c),
            (Some(open), _) if open == c => quote = None,
            (None, '#') => {
                let (code, comment) = line.split_at(place);
                return (code.trim_end(), comment.trim_start_matches('#').trim());
            }
            _ => {}
        }
    }
    (line.trim_end(), "")
}

fn explain(entries: &[Entry], asked: &[Asked]) -> Result<Vec<SectionReference>, ReferenceError> {
    let mut sections: Vec<SectionReference> = Vec::new();
    let (mut unasked, mut told) = (Vec::new(), Vec::new());
    for entry in entries {
        let is_asked = asked.iter().any(|key| without_places(&key.path) == entry.path);
        let own_names = |section: &str| {
            asked.iter().find(|key| without_places(&key.path).strip_suffix(".*") == Some(section))
        };
        if let Some(heading) = &entry.heading {
            let keys = own_names(&entry.path).map(|key| key_reference(entry, key, "*"));
            told.extend(own_names(&entry.path).map(|key| key.path.as_str()));
            told.extend(
                asked.iter().map(|key| key.path.as_str()).find(|path| without_places(path) == entry.path),
            );
            let (heading, meaning) = (heading.clone(), entry.meaning.clone());
            sections.push(SectionReference { heading, meaning, keys: keys.into_iter().collect() });
        }
        let sample = entry.path.rsplit_once('.').is_some_and(|(section, _)| own_names(section).is_some());
        if !is_asked && !sample {
            unasked.push(entry.path.clone());
        }
        let Some(section) = sections.last_mut().filter(|_| entry.heading.is_none()) else { continue };
        for key in asked {
            let path = without_places(&key.path);
            if let Some(below) = below(&entry.path, &path)
                && !told.contains(&key.path.as_str())
            {
                told.push(&key.path);
                section.keys.push(key_reference(entry, key, below));
            }
        }
    }
    if !unasked.is_empty() {
        return Err(ReferenceError::Unasked(unasked));
    }
    let untold = asked.iter().filter(|key| !told.contains(&key.path.as_str())).map(|key| key.path.clone());
    let wordless = sections.iter().flat_map(|section| &section.keys).filter(|key| key.meaning.is_empty());
    let unexplained: Vec<String> = untold.chain(wordless.map(|key| key.environment.clone())).collect();
    if unexplained.is_empty() { Ok(sections) } else { Err(ReferenceError::Unexplained(unexplained)) }
}

fn key_reference(entry: &Entry, key: &Asked, below: &str) -> KeyReference {
    let name = entry.path.rsplit('.').next().unwrap_or_default();
    let (shown, meaning) = if below == "*" {
        ("*".to_owned(), "a name of your own choice, and what belongs to it".to_owned())
    } else if below.is_empty() {
        (name.to_owned(), entry.meaning.clone())
    } else {
        let within = format!("{name}.{below}");
        let words = WITHIN_A_LINE.iter().find(|(known, _)| *known == within).map_or("", |(_, words)| *words);
        let list = key.path.rsplit('.').nth(1).is_some_and(|parent| parent.ends_with(']'));
        (format!("{name}{}.{below}", if list { "[]" } else { "" }), words.to_owned())
    };
    KeyReference {
        key: shown,
        kind: key.kind.clone(),
        default: key.default.clone().filter(|_| !key.required),
        required: key.required,
        environment: environment(&key.path),
        meaning,
    }
}

/// What is behind a path: empty for the path itself, none where another is meant.
fn below<'p>(path: &str, full: &'p str) -> Option<&'p str> {
    let rest = full.strip_prefix(path)?;
    if rest.is_empty() { Some(rest) } else { rest.strip_prefix('.') }
}

fn without_places(path: &str) -> String {
    path.replace("[0]", "")
}

fn environment(path: &str) -> String {
    let name = path.replace("[0]", ".0").replace('.', "__").to_ascii_uppercase();
    format!("KEYFERRY_{}", name.replace('*', "…"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_is_explained_and_every_line_is_asked_for() {
        let sections = reference().unwrap();
        let keys: Vec<&KeyReference> = sections.iter().flat_map(|section| &section.keys).collect();
        let key = |environment: &str| keys.iter().find(|key| key.environment == environment).copied();
        let deadline = key("KEYFERRY_SERVER__DEADLINE").unwrap();
        assert_eq!(deadline.default.as_deref(), Some("\"2.5s\""));
        let secret = key("KEYFERRY_SERVER__AUTH__HEADER__0__SECRET").unwrap();
        assert!(secret.required && secret.kind.starts_with("secret"));
        assert_eq!(secret.key, "header[].secret");
        assert!(!key("KEYFERRY_SERVER__AUTH__HEADER").unwrap().required, "a token will do, too");
        let cap = key("KEYFERRY_OKTA__MAX_PER_MINUTE").unwrap();
        assert!(cap.default.is_none() && cap.kind.contains("1 to 1000000"));
        assert!(key("KEYFERRY_OKTA__PRIVATE_KEY_JWT__CLIENT_ID").unwrap().required);
        assert_eq!(key("KEYFERRY_SOURCE__0__PROFILE__…").unwrap().key, "*");
        let mut names: Vec<&str> = keys.iter().map(|key| key.environment.as_str()).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), keys.len(), "each once");
    }

    #[test]
    fn comments_are_found_behind_below_and_above() {
        let text = "# The file.\n\n[a]   # section\n# over b\n#b = \"x # y\"  # behind\n      # below\n# [c.d]\ne = 1 # f\n";
        let entry = |path: &str, heading: Option<&str>, meaning: &str| Entry {
            path: path.into(),
            heading: heading.map(str::to_owned),
            meaning: meaning.into(),
        };
        assert_eq!(
            entries(text),
            [
                entry("a", Some("[a]"), "section"),
                entry("a.b", None, "over b behind below"),
                entry("c.d", Some("[c.d]"), ""),
                entry("c.d.e", None, "f"),
            ]
        );
        assert_eq!(in_force("#a = { b = 1 }\n# prose\nc = 1\n", true), "a = {}\n\n\n");
    }

    #[test]
    fn a_key_without_a_line_and_a_line_without_a_key_are_found() {
        let key = |path: &str| Asked { path: path.into(), kind: "text".into(), ..Asked::default() };
        let lines = entries("[a] # it\nb = 1 # b\n");
        let asked = [key("a"), key("a.b")];
        assert!(explain(&lines, &asked).is_ok());
        let more = [key("a"), key("a.b"), key("a.c")];
        assert_eq!(explain(&lines, &more).unwrap_err(), ReferenceError::Unexplained(vec!["a.c".into()]));
        assert_eq!(explain(&lines, &asked[..1]).unwrap_err(), ReferenceError::Unasked(vec!["a.b".into()]));
        let wordless = explain(&entries("[a] # it\nb = 1\n"), &asked).unwrap_err();
        assert_eq!(wordless, ReferenceError::Unexplained(vec!["KEYFERRY_A__B".into()]));
    }
}
