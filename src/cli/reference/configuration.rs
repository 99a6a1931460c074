//! The configuration reference as Markdown: a table for each section.

use std::fmt::Write as _;

use super::cell;
use crate::config::{KeyReference, SectionReference};

const PREFACE: &str = "# Configuration\n\n\
<!-- Made by `keyferry reference configuration`; change src/config/ or docs/keyferry.example.toml instead. -->\n\n\
`keyferry.toml`, or the file that `--config` names. Every key can be set by the environment variable beside it, which wins \
over the file; entries of lists are counted from 0 (`KEYFERRY_SOURCE__1__URL`). A secret is written as `\"env:NAME\"` or \
`\"file:PATH\"`, of which one line break at the end is dropped; written out it works too. Keys that keyferry does not know are \
errors, and `keyferry check` tells all problems at once. The same with comments, to start from: \
[keyferry.example.toml](keyferry.example.toml).\n";

/// The text of `docs/CONFIGURATION.md`.
pub(super) fn document(sections: &[SectionReference]) -> String {
    let mut text = PREFACE.to_owned();
    for section in sections {
        // Writing into a string does not fail.
        let _ = write!(text, "\n## `{}`\n", section.heading);
        if !section.meaning.is_empty() {
            let _ = write!(text, "\n{}\n", sentence(&section.meaning));
        }
        if section.keys.is_empty() {
            continue;
        }
        text.push_str("\n| key | takes | default | environment | meaning |\n|---|---|---|---|---|\n");
        for key in &section.keys {
            let _ = writeln!(
                text,
                "| `{}` | {} | {} | `{}` | {} |",
                key.key,
                cell(&key.kind),
                default(key),
                key.environment,
                cell(&key.meaning)
            );
        }
    }
    text
}

fn default(key: &KeyReference) -> String {
    match &key.default {
        _ if key.required => "**required**".to_owned(),
        Some(default) => format!("`{}`", cell(default)),
        None => "not set".to_owned(),
    }
}

/// Comments begin small and end without a stop.
fn sentence(words: &str) -> String {
    let mut letters = words.chars();
    let first: String = letters.next().map(|letter| letter.to_uppercase().collect()).unwrap_or_default();
    format!("{first}{}.", letters.as_str().trim_end_matches(['.', ':']))
}
