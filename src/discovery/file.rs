//! The configuration that comes of a discovery: `keyferry.toml`, with what it rests on in its comments.

use std::fmt::Write as _;

use super::candidates::printable;
use super::{Discovery, Found};

/// Where a line of a comment ends.
const WIDTH: usize = 118;

/// What the file says besides what was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Name of the source.
    pub name: String,
    /// `url` as it is written: without a password, or `env:NAME`.
    pub url: String,
    /// What to do about the URL, where it is not written out.
    pub url_note: Option<String>,
}

/// The text of the file. Never holds anything of a sampled value.
pub fn toml(discovery: &Discovery, found: &Found, settings: &Settings) -> String {
    let mut text = String::new();
    let draft = &found.draft;
    comment(
        &mut text,
        &format!(
            "Written by `keyferry init` after a look at the {} database. It was inferred, not proved: read it, run \
             `keyferry check` and `keyferry survey`, and prove the mapping with `keyferry verify --batch`.",
            discovery.engine.name()
        ),
    );
    text.push_str(
        "\n[server]\nlisten = \"127.0.0.1:8080\"             # the only listener that the internet may reach\n\
         path = \"/okta/password-import\"\nprivate_listen = \"127.0.0.1:9090\"     # health and metrics, for yourself \
         alone\n\n[server.auth]                         # export KEYFERRY_HOOK_SECRET=\"Basic $(openssl rand -base64 \
         32)\"\nheader = [{ name = \"Authorization\", secret = \"env:KEYFERRY_HOOK_SECRET\" }]\n\n[ledger]\nurl = \
         \"sqlite:keyferry-ledger.db\"     # or postgres://… when several replicas share it\n\n",
    );
    why(&mut text, discovery, found);
    let _ = writeln!(text, "[[source]]\nname = {}", toml_string(&settings.name));
    if let Some(note) = &settings.url_note {
        comment(&mut text, note);
    }
    let _ = writeln!(text, "url = {}\n", toml_string(&settings.url));
    for note in &draft.notes {
        comment(&mut text, note);
    }
    let _ = writeln!(text, "lookup = {}\n", query(&draft.lookup_query()));
    if !draft.missing.is_empty() {
        comment(&mut text, &missing(&draft.missing));
    }
    let _ = writeln!(text, "users = {}\n", query(&draft.users_query()));
    for note in &draft.scheme_notes {
        comment(&mut text, note);
    }
    let schemes: Vec<String> = draft.scheme.iter().map(|scheme| toml_string(scheme)).collect();
    let scheme = match schemes.as_slice() {
        [only] => only.clone(),
        several => format!("[{}]", several.join(", ")),
    };
    let _ = writeln!(text, "scheme = {scheme}\n");
    let _ = writeln!(
        text,
        "[source.username]                     # what the user typed → what the store calls them\ntrim = true\n\
         lowercase = {}\n#default_domain = \"example.com\"      # \"alice\" → \"alice@example.com\"\n",
        draft.lowercase
    );
    text.push_str("[source.profile]                      # Okta attribute = column of `users`\n");
    for (attribute, column) in &draft.profile {
        let mark = if draft.missing.contains(attribute) { "   # a stand-in: see above" } else { "" };
        let _ = writeln!(text, "{attribute} = {}{mark}", toml_string(column));
    }
    text.push_str(
        "\n#[okta]\n#org_url = \"https://example.okta.com\"\n#api_token = \"env:OKTA_API_TOKEN\"\n\
         #groups = [\"Migrated_from_Legacy_{date}\"]\n",
    );
    text
}

/// What the choice rests on, and what else there was.
fn why(text: &mut String, discovery: &Discovery, found: &Found) {
    let candidate = &found.candidate;
    comment(
        text,
        &format!(
            "Users: {}, hashes in {}: {}.",
            printable(&candidate.table.display()),
            printable(&candidate.hash.name),
            candidate.why.join("; ")
        ),
    );
    for other in &discovery.runners_up {
        comment(
            text,
            &format!(
                "Not chosen: {}, column {} ({}). If that one is meant, name it: `keyferry init --table {}`.",
                printable(&other.table),
                printable(&other.column),
                other.why.join("; "),
                printable(&other.table)
            ),
        );
    }
}

fn missing(attributes: &[&str]) -> String {
    format!(
        "MISSING: Okta creates nobody without {}, and no column was found for {}. So that the query runs, a stand-in \
         takes the place; write something better before users are sent.",
        attributes.join(" and "),
        if attributes.len() == 1 { "it" } else { "them" }
    )
}

/// A comment of as many lines as it takes.
fn comment(text: &mut String, words: &str) {
    let mut line = String::from("#");
    for word in words.split_whitespace() {
        if line.chars().count() + 1 + word.chars().count() > WIDTH && line.len() > 1 {
            text.push_str(&line);
            text.push('\n');
            line = String::from("#");
        }
        line.push(' ');
        line.push_str(&printable(word));
    }
    text.push_str(&line);
    text.push('\n');
}

/// SQL, readable where that can be: a literal string knows no escapes, so what it cannot hold is written on one line.
/// Lines are not indented: a line break may be part of a quoted name.
fn query(sql: &str) -> String {
    let plain = |character: char| character == '\n' || !character.is_control();
    if sql.contains("'''") || !sql.chars().all(plain) {
        return toml_string(sql);
    }
    format!("'''\n{sql}\n'''")
}

/// A basic TOML string.
pub fn toml_string(text: &str) -> String {
    let mut quoted = String::from("\"");
    for character in text.chars() {
        match character {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            '\n' => quoted.push_str("\\n"),
            character if character.is_control() => {
                let _ = write!(quoted, "\\u{:04X}", u32::from(character));
            }
            character => quoted.push(character),
        }
    }
    quoted.push('"');
    quoted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_a_name_holds_is_read_back_as_it_was() {
        for text in [
            "plain",
            "a \"quoted\" name",
            "back\\slash and \u{1} control\r\nx",
            "it\'s \'\'\'three\'\'\'",
            "ends with a quote\'",
            "Größe \u{7f}\u{85}",
        ] {
            let file = format!("a = {}\nb = {}\n", toml_string(text), query(text));
            let table: toml::Table = toml::from_str(&file).unwrap_or_else(|error| panic!("{file}: {error}"));
            assert_eq!(table["a"].as_str(), Some(text));
            assert_eq!(table["b"].as_str().map(|b| b.strip_suffix('\n').unwrap_or(b)), Some(text));
        }
    }

    #[test]
    fn comments_break_between_words_and_cannot_be_left() {
        let mut text = String::new();
        comment(&mut text, &format!("{} end\nurl = \u{1b}[0m", "word ".repeat(60)));
        assert!(text.lines().all(|line| line.starts_with("# ") && line.chars().count() <= WIDTH), "{text}");
        assert!(!text.contains('\u{1b}'));
    }
}
