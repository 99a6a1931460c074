//! What `init` inferred, from what, and what to do next: for people and as JSON.

use std::path::Path;

use serde::Serialize;

use super::url::VARIABLE;
use crate::cli::output;
use crate::discovery::{Counts, Discovery, Draft, Found, MOST_TABLES, RunnerUp, SAMPLE_ROWS, printable};
use crate::sources::Engine;

/// The document of `--json`.
#[derive(Serialize)]
pub(super) struct Report {
    /// The file that was written; null where none was.
    file: Option<String>,
    engine: Engine,
    /// Tables and views that were seen.
    tables: usize,
    /// Tables of which nothing may be read.
    unreadable: Vec<String>,
    /// Tables that could not be sampled, and why.
    not_sampled: Vec<String>,
    users: Option<Inferred>,
    runners_up: Vec<RunnerUp>,
    /// What the database says against the queries.
    problems: Vec<String>,
    /// What to do next, in order.
    next: Vec<String>,
}

/// The chosen table.
#[derive(Serialize)]
struct Inferred {
    table: String,
    column: String,
    application: Option<&'static str>,
    score: i32,
    why: Vec<String>,
    values: Counts,
    scheme: Vec<String>,
    scheme_notes: Vec<String>,
    /// Okta attribute and column of the `users` query.
    profile: Vec<(String, String)>,
    /// Attributes that Okta requires and that have no column.
    missing: Vec<&'static str>,
    notes: Vec<String>,
    lookup_query: String,
    users_query: String,
}

impl Inferred {
    fn of(found: &Found) -> Self {
        let Found { candidate, draft } = found;
        let Draft { application, scheme, scheme_notes, profile, missing, notes, .. } = draft.clone();
        Self {
            table: candidate.table.display(),
            column: candidate.hash.name.clone(),
            application,
            score: candidate.score,
            why: candidate.why.clone(),
            values: candidate.counts.clone(),
            scheme,
            scheme_notes,
            profile: profile.into_iter().map(|(attribute, column)| (attribute.to_owned(), column)).collect(),
            missing,
            notes,
            lookup_query: draft.lookup_query(),
            users_query: draft.users_query(),
        }
    }
}

impl Report {
    pub(super) fn new(
        discovery: &Discovery,
        found: &Found,
        file: &Path,
        url: &str,
        problems: Vec<String>,
    ) -> Self {
        let mut next = Vec::new();
        if url == format!("env:{VARIABLE}") {
            next.push(format!(
                "export {VARIABLE}='…'    # the URL with its password, which the file does not hold"
            ));
        }
        next.push("export KEYFERRY_HOOK_SECRET=\"Basic $(openssl rand -base64 32)\"".to_owned());
        let config = if file == Path::new("keyferry.toml") {
            String::new()
        } else {
            format!(" --config {}", file.display())
        };
        next.push(format!("keyferry check{config}"));
        next.push(format!("keyferry survey{config}"));
        next.push("keyferry verify --batch known-passwords.jsonl".to_owned());
        Self {
            file: Some(file.display().to_string()),
            users: Some(Inferred::of(found)),
            problems,
            next,
            ..Self::nothing_found(discovery)
        }
    }

    pub(super) fn nothing_found(discovery: &Discovery) -> Self {
        Self {
            file: None,
            engine: discovery.engine,
            tables: discovery.tables,
            unreadable: discovery.unreadable.clone(),
            not_sampled: discovery.not_sampled.clone(),
            users: None,
            runners_up: discovery.runners_up.clone(),
            problems: Vec::new(),
            next: Vec::new(),
        }
    }

    /// For people.
    pub(super) fn text(&self) -> String {
        let mut lines = vec![format!(
            "{} seen in the {} database; of at most {MOST_TABLES} of them, {SAMPLE_ROWS} rows were looked at.",
            output::counted(self.tables as u64, "table"),
            self.engine.name()
        )];
        if !self.unreadable.is_empty() {
            lines.push(format!("Not readable for the user of the URL: {}", shortened(&self.unreadable)));
        }
        lines.extend(self.not_sampled.iter().map(|table| format!("Not sampled: {table}")));
        lines.push(String::new());
        match &self.users {
            Some(users) => users.tell(&mut lines),
            None => lines.push(
                "No table of users was found: none has a column whose name or values are those of password hashes, \
                 beside one for an e-mail address or a login. Nothing was written. If there is one, name it with \
                 --table, or write keyferry.toml by hand (docs/keyferry.example.toml)."
                    .to_owned(),
            ),
        }
        if !self.runners_up.is_empty() {
            lines.push("Not chosen".to_owned());
            for other in &self.runners_up {
                lines.push(format!("  {}, `{}`: {}", other.table, other.column, other.why.join("; ")));
            }
        }
        if self.users.is_some() {
            if self.problems.is_empty() {
                lines.push("Both queries fit the database.".to_owned());
            }
            lines.extend(self.problems.iter().map(|problem| format!("To mend: {problem}")));
        }
        if let Some(file) = &self.file {
            lines.push(String::new());
            lines.push(format!("Wrote {file}. It was inferred, not proved: read it, then"));
            lines.extend(self.next.iter().map(|step| format!("  {step}")));
        }
        // Names are the database's, and a terminal obeys control characters.
        lines.iter().map(|line| printable(line)).collect::<Vec<_>>().join("\n")
    }
}

impl Inferred {
    fn tell(&self, lines: &mut Vec<String>) {
        lines.push(format!("Users: {}, hashes in `{}`", self.table, self.column));
        lines.extend(self.why.iter().map(|why| format!("  {why}")));
        lines.push(format!("Scheme: {}", self.scheme.join(", ")));
        lines.extend(self.scheme_notes.iter().map(|note| format!("  {note}")));
        let profile: Vec<String> = self
            .profile
            .iter()
            .filter(|(attribute, _)| !self.missing.contains(&attribute.as_str()))
            .map(|(attribute, column)| format!("{attribute} = {column}"))
            .collect();
        lines.push(format!("Profile: {}", profile.join(", ")));
        if !self.missing.is_empty() {
            lines.push(format!(
                "  MISSING: {}. Okta creates nobody without; a stand-in takes the place until you write better.",
                self.missing.join(", ")
            ));
        }
        if !self.notes.is_empty() {
            lines.push("To know".to_owned());
            lines.extend(self.notes.iter().map(|note| format!("  {note}")));
        }
    }
}

/// The first few of many names.
fn shortened(names: &[String]) -> String {
    const MOST: usize = 10;
    let shown = names.iter().take(MOST).cloned().collect::<Vec<_>>().join(", ");
    match names.len().saturating_sub(MOST) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}
