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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_rules_a_name_stays_as_typed() {
        let rules = UsernameRules::default();
        assert_eq!(rules.apply(" Alice@Example.com "), " Alice@Example.com ");
    }

    #[test]
    fn trim_and_lower_case_know_unicode() {
        let rules = UsernameRules { trim: true, lowercase: true, ..UsernameRules::default() };
        assert_eq!(rules.apply("\u{a0}ÉMILE.ŁUKASZ@Example.COM\t"), "émile.łukasz@example.com");
        // The final sigma is written otherwise than the others.
        assert_eq!(rules.apply("ΟΔΥΣΣΕΥΣ"), "οδυσσευς");
        assert_eq!(rules.apply("   "), "");
    }

    #[test]
    fn rewrite_takes_the_windows_domain_off() {
        let rewrite = Some((Regex::new(r"^[^\\]+\\(.+)$").unwrap(), "$1".to_owned()));
        let rules = UsernameRules { rewrite, ..UsernameRules::default() };
        assert_eq!(rules.apply(r"CORP\alice"), "alice");
        assert_eq!(rules.apply("alice"), "alice");
        assert_eq!(rules.apply(r"\alice"), r"\alice");
    }

    #[test]
    fn rules_apply_in_their_order() {
        let rewrite = Some((
            Regex::new("^(?<name>[a-z]+)\\.(?<family>[a-z]+)$").unwrap(),
            "${family}_${name}".to_owned(),
        ));
        let rules = UsernameRules {
            trim: true,
            lowercase: true,
            rewrite,
            default_domain: Some("example.com".to_owned()),
        };
        assert_eq!(rules.apply(" Alice.Smith "), "smith_alice@example.com");
        assert_eq!(rules.apply("bob@elsewhere.example"), "bob@elsewhere.example");
        // Nobody stays nobody.
        assert_eq!(rules.apply(" "), "");
    }
}
