//! From what the user typed to what the store calls them.

use regex::Regex;

/// Rules applied in this order: trim, lower case, rewrite, default domain.
#[derive(Clone, Debug, Default)]
pub struct UsernameRules {
    /// Drops white space around the name.
    pub trim: bool,
    /// Folds to lower case.
    pub lowercase: bool,
    /// Replaces each match; `$1` and `${name}` stand for groups.
    pub rewrite: Option<(Regex, String)>,
    /// Added, with an `@`, to a name that has none.
    pub default_domain: Option<String>,
}

impl UsernameRules {
    /// The name to look up.
    pub fn apply(&self, typed: &str) -> String {
        let name = if self.trim { typed.trim() } else { typed };
        let mut name = if self.lowercase { name.to_lowercase() } else { name.to_owned() };
        if let Some((pattern, replacement)) = &self.rewrite {
            name = pattern.replace_all(&name, replacement.as_str()).into_owned();
        }
        match &self.default_domain {
            Some(domain) if !name.is_empty() && !name.contains('@') => format!("{name}@{domain}"),
            _ => name,
        }
    }
}
