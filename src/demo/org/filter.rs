//! `filter` and `search` expressions: comparisons joined by `and`, `or` and brackets, as Okta's documents have them.
//!
//! Reading knows the language; what each endpoint takes of it, the endpoint says by [`Expression::check`].

use super::answer;
use super::error::ApiError;

/// The longest expression that is read, in bytes.
const LONGEST: usize = 4096;
/// How deep brackets may go.
const DEEPEST: usize = 8;

/// What must hold.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Expression {
    All(Vec<Expression>),
    Any(Vec<Expression>),
    Term(Term),
}

/// One comparison.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Term {
    pub(super) attribute: String,
    pub(super) operator: Operator,
    /// Empty for `pr`.
    pub(super) value: String,
}

/// How values are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Operator {
    Equal,
    NotEqual,
    Greater,
    GreaterOrEqual,
    Less,
    LessOrEqual,
    StartsWith,
    Contains,
    EndsWith,
    Present,
}

impl Operator {
    const NAMES: [(&'static str, Self); 10] = [
        ("eq", Self::Equal),
        ("ne", Self::NotEqual),
        ("gt", Self::Greater),
        ("ge", Self::GreaterOrEqual),
        ("lt", Self::Less),
        ("le", Self::LessOrEqual),
        ("sw", Self::StartsWith),
        ("co", Self::Contains),
        ("ew", Self::EndsWith),
        ("pr", Self::Present),
    ];

    fn named(name: &str) -> Option<Self> {
        Self::NAMES.iter().find(|(known, _)| name.eq_ignore_ascii_case(known)).map(|(_, operator)| *operator)
    }

    pub(super) fn is_order(self) -> bool {
        matches!(self, Self::Greater | Self::GreaterOrEqual | Self::Less | Self::LessOrEqual)
    }
}

impl Term {
    /// Brings the value of an attribute that is a time into the form in which times are kept.
    pub(super) fn as_time(&mut self) -> Result<(), ApiError> {
        self.value = answer::same_form(&self.value).ok_or_else(ApiError::date)?;
        Ok(())
    }

    fn holds(&self, actual: &[String], any_case: bool) -> bool {
        let fold = |text: &str| if any_case { text.to_lowercase() } else { text.to_owned() };
        let wanted = fold(&self.value);
        let any = |test: fn(&str, &str) -> bool| actual.iter().any(|actual| test(&fold(actual), &wanted));
        match self.operator {
            Operator::Equal => any(|a, b| a == b),
            Operator::NotEqual => !any(|a, b| a == b),
            Operator::Greater => any(|a, b| a > b),
            Operator::GreaterOrEqual => any(|a, b| a >= b),
            Operator::Less => any(|a, b| a < b),
            Operator::LessOrEqual => any(|a, b| a <= b),
            Operator::StartsWith => any(|a, b| a.starts_with(b)),
            Operator::Contains => any(|a, b| a.contains(b)),
            Operator::EndsWith => any(|a, b| a.ends_with(b)),
            Operator::Present => actual.iter().any(|actual| !actual.is_empty()),
        }
    }
}

impl Expression {
    /// Reads a text; `E0000031` where it is none.
    pub(super) fn parse(text: &str) -> Result<Self, ApiError> {
        let read = || {
            let mut reader = Reader { rest: (text.len() <= LONGEST).then_some(text)?, depth: 0 };
            let expression = reader.any()?;
            reader.rest.trim_start().is_empty().then_some(expression)
        };
        read().ok_or_else(ApiError::search_criteria)
    }

    /// Asks about each comparison whether the endpoint takes it; may bring its value into another form.
    pub(super) fn check(
        &mut self,
        test: &mut dyn FnMut(&mut Term) -> Result<(), ApiError>,
    ) -> Result<(), ApiError> {
        match self {
            Self::All(inner) | Self::Any(inner) => inner.iter_mut().try_for_each(|inner| inner.check(test)),
            Self::Term(term) => test(term),
        }
    }

    /// Whether it holds for something whose attributes have these values.
    pub(super) fn holds(&self, values: &dyn Fn(&str) -> Vec<String>, any_case: bool) -> bool {
        match self {
            Self::All(inner) => inner.iter().all(|inner| inner.holds(values, any_case)),
            Self::Any(inner) => inner.iter().any(|inner| inner.holds(values, any_case)),
            Self::Term(term) => term.holds(&values(&term.attribute), any_case),
        }
    }

    /// What this attribute must be equal to for the whole to hold, so that an index can help.
    pub(super) fn must_equal(&self, attribute: &str) -> Option<&str> {
        match self {
            Self::All(inner) => inner.iter().find_map(|inner| inner.must_equal(attribute)),
            Self::Any(_) => None,
            Self::Term(term) => (term.operator == Operator::Equal && term.attribute == attribute)
                .then_some(term.value.as_str()),
        }
    }
}

/// What has not been read yet. Every step gives nothing where the text is no expression.
struct Reader<'a> {
    rest: &'a str,
    depth: usize,
}

impl Reader<'_> {
    fn any(&mut self) -> Option<Expression> {
        let mut parts = vec![self.all()?];
        while self.keyword("or") {
            parts.push(self.all()?);
        }
        Some(if parts.len() == 1 { parts.pop()? } else { Expression::Any(parts) })
    }

    fn all(&mut self) -> Option<Expression> {
        let mut parts = vec![self.one()?];
        while self.keyword("and") {
            parts.push(self.one()?);
        }
        Some(if parts.len() == 1 { parts.pop()? } else { Expression::All(parts) })
    }

    fn one(&mut self) -> Option<Expression> {
        self.rest = self.rest.trim_start();
        if let Some(inner) = self.rest.strip_prefix('(') {
            self.rest = inner;
            self.depth += 1;
            let expression = if self.depth > DEEPEST { None } else { self.any() }?;
            self.depth -= 1;
            self.rest = self.rest.trim_start().strip_prefix(')')?;
            return Some(expression);
        }
        let attribute = self.word()?.to_owned();
        let operator = Operator::named(self.word()?)?;
        let value = if operator == Operator::Present { String::new() } else { self.quoted()? };
        Some(Expression::Term(Term { attribute, operator, value }))
    }

    /// Takes a keyword, in any case, where it is what comes next.
    fn keyword(&mut self, word: &str) -> bool {
        let rest = self.rest.trim_start();
        let Some((first, after)) = rest.split_at_checked(word.len()) else { return false };
        let ends = after.starts_with(|next: char| next.is_whitespace() || next == '(');
        let is = first.eq_ignore_ascii_case(word) && ends;
        if is {
            self.rest = after;
        }
        is
    }

    fn word(&mut self) -> Option<&str> {
        let rest = self.rest.trim_start();
        let part_of_word = |c: char| c.is_alphanumeric() || "._-$".contains(c);
        let end = rest.find(|c: char| !part_of_word(c)).unwrap_or(rest.len());
        let (word, rest) = rest.split_at_checked(end)?;
        self.rest = rest;
        (!word.is_empty()).then_some(word)
    }

    /// A text in quotation marks, with `\"` and `\\` undone.
    fn quoted(&mut self) -> Option<String> {
        let inner = self.rest.trim_start().strip_prefix('"')?;
        let mut value = String::new();
        let mut characters = inner.char_indices();
        while let Some((at, character)) = characters.next() {
            match character {
                '"' => {
                    self.rest = inner.get(at + 1..)?;
                    return Some(value);
                }
                '\\' => value.push(characters.next()?.1),
                other => value.push(other),
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn holds(text: &str, any_case: bool) -> bool {
        let values = |attribute: &str| match attribute {
            "status" => vec!["ACTIVE".to_owned()],
            "profile.login" => vec!["a\"b@x.y".to_owned()],
            "target.id" => vec!["00u1".to_owned(), "00u2".to_owned()],
            _ => Vec::new(),
        };
        Expression::parse(text).unwrap().holds(&values, any_case)
    }

    #[test]
    fn comparisons_and_their_joints() {
        for text in [
            r#"profile.login eq "a\"b@x.y" AND status Eq "ACTIVE""#,
            r#"status eq "X" or status eq "ACTIVE" and profile.login sw "a""#,
            r#"(status eq "X" or status eq "ACTIVE") and (profile.login ew "y")"#,
            r#"target.id eq "00u1" and target.id eq "00u2""#,
            r#"status lt "STAGED" or status gt "STAGED""#,
            r#"status pr and profile.login co "@x""#,
            r#"nothing ne "x""#,
        ] {
            assert!(holds(text, false), "{text}");
        }
        for text in [
            r#"status eq "active""#,
            r#"status eq "ACTIVE" and status eq "X" or status eq "Y""#,
            r#"(status eq "X" or status eq "ACTIVE") and status eq "X""#,
            r"nothing pr",
            r#"target.id ne "00u1""#,
        ] {
            assert!(!holds(text, false), "{text}");
        }
        assert!(holds(r#"status eq "active""#, true), "a search knows no case");
    }

    #[test]
    fn what_is_no_expression_is_refused() {
        let deep = format!("{}a pr{}", "(".repeat(9), ")".repeat(9));
        let long = format!("a eq \"{}\"", "x".repeat(5000));
        for text in [
            "",
            "profile.login",
            "profile.login eq",
            "profile.login eq \"x",
            "profile.login xx \"x\"",
            "a eq \"x\" and",
            "a eq \"x\" b eq \"y\"",
            "(a eq \"x\"",
            "a eq \"x\")",
            "a eq x",
            "not (a pr)",
            deep.as_str(),
            long.as_str(),
        ] {
            assert!(Expression::parse(text).is_err(), "{text}");
        }
        assert!(Expression::parse(&deep[1..deep.len() - 1]).is_ok());
    }

    #[test]
    fn an_index_may_help_where_one_value_must_be() {
        let must = |text: &str| Expression::parse(text).unwrap().must_equal("a").map(str::to_owned);
        assert_eq!(must(r#"b pr and a eq "x""#), Some("x".into()));
        assert_eq!(must(r#"b pr or a eq "x""#), None);
        assert_eq!(must(r#"a sw "x""#), None);
    }
}
