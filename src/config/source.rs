//! `[[source]]`: a legacy store, how to ask it, and how its values were made.

use std::sync::Arc;
use std::time::Duration;

use regex::RegexBuilder;

use super::section::Section;
use crate::schemes::Selection;
use crate::secret::Secret;
use crate::sources::{SourceSettings, UsernameRules};

/// Bytes that a compiled rewrite may take.
const REWRITE_SIZE: usize = 1 << 20;

/// `[[source]]`
#[derive(Debug)]
pub struct Source {
    /// How to connect and ask.
    pub settings: SourceSettings,
    /// How its stored values were made.
    pub scheme: Selection,
    /// `scheme` as it was written, for reports.
    pub scheme_text: String,
    /// A secret that all its values were made with.
    pub pepper: Option<Secret>,
    /// `[source.profile]`: Okta attribute and the column it comes from.
    pub profile: Vec<(String, String)>,
}

pub(super) fn read(mut section: Section<'_>) -> Option<Source> {
    let name = section.required_text("name", "give the source a short name for logs and reports");
    if name.as_ref().is_some_and(|name| name.chars().any(char::is_control)) {
        section.problem("name", "holds a line break or another control character, which logs cannot carry");
    }
    let url = section.required_secret("url", "write sqlite:FILE, postgres://… or mysql://…");
    if let Some(url) = &url
        && !known_kind(url)
    {
        section.problem("url", "must begin with sqlite:, postgres:// or mysql:// (mariadb:// too)");
    }
    let lookup = section.required_text("lookup", "write the SQL that finds one user by :username");
    let users = section.text("users");
    let groups = section.text("groups");
    let scheme = scheme(&mut section);
    let pepper = section.secret("pepper");
    let page_size = section.integer_or("page_size", 1..=100_000, 2_000);
    let max_connections = section.integer_or("max_connections", 1..=1_000, 10);
    if groups.is_some() && users.is_none() {
        section.problem(
            "groups",
            "asks for the groups of users whom no `users` query walks over; write that one too",
        );
    }
    if groups.is_some() && max_connections < 2 {
        section.problem("max_connections", "must be 2 or more where `groups` asks while the walk goes on");
    }
    let connect_timeout = section.duration_or("connect_timeout", Duration::from_secs(1));
    let query_timeout = section.duration_or("query_timeout", Duration::from_secs(2));
    let username = username(section.section("username"));
    let profile = section.section("profile").pairs();
    section.finish();
    let (scheme, scheme_text) = scheme?;
    Some(Source {
        settings: SourceSettings {
            name: Arc::from(name?),
            url: url?,
            lookup: lookup?,
            users,
            groups,
            page_size,
            max_connections,
            connect_timeout,
            query_timeout,
            username,
        },
        scheme,
        scheme_text,
        pepper,
        profile,
    })
}

fn known_kind(url: &Secret) -> bool {
    let kinds = ["sqlite:", "postgres://", "postgresql://", "mysql://", "mariadb://"];
    url.expose_str().is_some_and(|url| kinds.iter().any(|kind| url.starts_with(kind)))
}

fn scheme(section: &mut Section<'_>) -> Option<(Selection, String)> {
    section.default_is("scheme", "\"auto\"");
    let texts = if section.has("scheme") { section.texts("scheme")? } else { vec!["auto".to_owned()] };
    if texts.is_empty() {
        section.problem("scheme", "is an empty list; write \"auto\", a name or an expression");
        return None;
    }
    match Selection::parse_list(texts.iter().map(String::as_str)) {
        Ok(selection) => Some((selection, texts.join(", "))),
        Err(error) => {
            section.problem("scheme", format!("column {}: {error}", error.column));
            None
        }
    }
}

fn username(mut section: Section<'_>) -> UsernameRules {
    let rules = UsernameRules {
        trim: section.flag_or("trim", false),
        lowercase: section.flag_or("lowercase", false),
        default_domain: section.text("default_domain"),
        rewrite: if section.has("rewrite") { rewrite(section.section("rewrite")) } else { None },
    };
    if let Some(domain) = &rules.default_domain
        && (domain.is_empty() || domain.contains('@') || domain.contains(char::is_whitespace))
    {
        section.problem("default_domain", "must be a bare domain, such as \"example.com\"");
    }
    section.finish_with(&["rewrite"]);
    rules
}

fn rewrite(mut section: Section<'_>) -> Option<(regex::Regex, String)> {
    let pattern = section.required_text("pattern", "write a regular expression");
    if !section.has("replace") {
        section.missing("replace", "write what to put in its place, such as \"$1\"");
    }
    let replace = section.text("replace");
    let compiled =
        pattern.and_then(|pattern| match RegexBuilder::new(&pattern).size_limit(REWRITE_SIZE).build() {
            Ok(regex) => Some(regex),
            Err(error) => {
                let words = error.to_string();
                let last = words.lines().last().unwrap_or_default();
                section.problem("pattern", format!("is not a regular expression: {}", last.trim()));
                None
            }
        });
    section.finish();
    Some((compiled?, replace?))
}
