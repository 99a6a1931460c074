//! The admin's SQL, taken apart only as far as needed to find `:username`, `:after` and `:limit` outside of string
//! literals, quoted names, comments and casts, and put together again with the database's own placeholders.
//! Values never pass through here: they are bound, never spliced.

use std::fmt::Write as _;

/// A value that a query can ask for by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Parameter {
    /// `:username`, the name to look up.
    Username,
    /// `:after`, the id of the last row of the page before.
    After,
    /// `:limit`, the most rows of a page.
    Limit,
    /// `:id`, the user whose groups are asked for.
    Id,
}

impl Parameter {
    /// The name as it is written in a query, without the colon.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Username => "username",
            Self::After => "after",
            Self::Limit => "limit",
            Self::Id => "id",
        }
    }
}

/// What is particular to a database's lexical rules.
#[expect(clippy::struct_excessive_bools, reason = "each is a rule of its own")]
#[derive(Clone, Copy, Debug)]
pub(super) struct Lexicon {
    /// `$1`, `$2` rather than `?`.
    pub(super) numbered: bool,
    /// `` `name` `` quotes a name.
    pub(super) backticks: bool,
    /// `[name]` quotes a name.
    pub(super) brackets: bool,
    /// `#` starts a comment, and `--` only does so before white space.
    pub(super) hash_comments: bool,
    /// `/* /* */ */` is one comment.
    pub(super) nested_comments: bool,
    /// `$tag$ … $tag$` is a string.
    pub(super) dollar_quotes: bool,
    /// A backslash escapes in every string; elsewhere only in `E'…'`, where that exists.
    pub(super) backslashes: bool,
    /// `E'…'` is a string with backslash escapes.
    pub(super) e_strings: bool,
}

/// A query in pieces.
#[derive(Clone, Debug)]
pub(super) struct Query {
    pieces: Vec<Piece>,
    has_order_by: bool,
}

#[derive(Clone, Debug)]
enum Piece {
    Text(String),
    Parameter(Parameter),
}

impl Query {
    /// Takes a query apart. Errors say what is wrong with it and how to mend it.
    pub(super) fn parse(sql: &str, lexicon: Lexicon, allowed: &[Parameter]) -> Result<Self, String> {
        let mut pieces = Vec::new();
        let mut text = String::new();
        let mut has_order_by = false;
        let mut word_before = "";
        let mut ended = false;
        let mut tokens = Tokens { rest: sql, lexicon };
        while let Some(token) = tokens.next()? {
            let is_space = matches!(token, Token::Space(_));
            if ended && !is_space {
                return Err("has more than one statement; write one, without a `;` in it".to_owned());
            }
            match token {
                Token::End => ended = true,
                Token::Space(_) if ended => {}
                Token::Name(name) => {
                    let parameter = allowed.iter().copied().find(|known| known.name() == name);
                    let parameter = parameter.ok_or_else(|| unknown(name, allowed))?;
                    pieces.push(Piece::Text(std::mem::take(&mut text)));
                    pieces.push(Piece::Parameter(parameter));
                }
                Token::Placeholder(mark) => {
                    return Err(format!("holds the placeholder `{mark}`; {}", known_names(allowed)));
                }
                Token::Word(word) => {
                    has_order_by |=
                        word.eq_ignore_ascii_case("by") && word_before.eq_ignore_ascii_case("order");
                    word_before = word;
                    text.push_str(word);
                }
                Token::Space(part) | Token::Quoted(part) | Token::Other(part) => text.push_str(part),
            }
            if !is_space && !matches!(token, Token::Word(_)) {
                word_before = "";
            }
        }
        if pieces.is_empty() && text.trim().is_empty() {
            return Err("is empty".to_owned());
        }
        pieces.push(Piece::Text(text));
        Ok(Self { pieces, has_order_by })
    }

    /// The parameters in the order in which they stand, as often as they stand there.
    pub(super) fn parameters(&self) -> Vec<Parameter> {
        self.pieces
            .iter()
            .filter_map(|piece| match piece {
                Piece::Parameter(parameter) => Some(*parameter),
                Piece::Text(_) => None,
            })
            .collect()
    }

    /// Whether the query asks for this value anywhere.
    pub(super) fn asks_for(&self, parameter: Parameter) -> bool {
        self.pieces.iter().any(|piece| matches!(piece, Piece::Parameter(it) if *it == parameter))
    }

    /// Whether `ORDER BY` stands anywhere in it.
    pub(super) fn has_order_by(&self) -> bool {
        self.has_order_by
    }

    /// The query with the database's placeholders. `casts` are SQL types, one for each parameter in order; where
    /// there is one, the placeholder is text that the database converts to that type.
    pub(super) fn render(&self, lexicon: Lexicon, casts: &[Option<String>]) -> String {
        let mut sql = String::new();
        let mut number = 0;
        for piece in &self.pieces {
            match piece {
                Piece::Text(text) => sql.push_str(text),
                Piece::Parameter(_) => {
                    let cast = casts.get(number).and_then(Option::as_deref);
                    number += 1;
                    let placeholder = if lexicon.numbered { format!("${number}") } else { "?".to_owned() };
                    // Writing to a String cannot fail.
                    let _ = match cast {
                        Some(cast) if lexicon.numbered => {
                            write!(sql, "CAST({placeholder}::text AS {cast})")
                        }
                        Some(cast) => write!(sql, "CAST({placeholder} AS {cast})"),
                        None => write!(sql, "{placeholder}"),
                    };
                }
            }
        }
        sql
    }

    /// The same query inside of another: `head`, the query, `tail`. A comment at the query's end cannot swallow
    /// the tail.
    pub(super) fn within(&self, head: &str, tail: &str) -> Self {
        let mut pieces = vec![Piece::Text(head.to_owned())];
        pieces.extend(self.pieces.iter().cloned());
        pieces.push(Piece::Text(format!("\n{tail}")));
        Self { pieces, has_order_by: self.has_order_by }
    }
}

/// Whether a text can stand between parentheses as a condition: something, without parameters, one statement, its
/// own parentheses in pairs.
pub(super) fn check_condition(condition: &str, lexicon: Lexicon) -> Result<(), String> {
    let mut depth = 0_u32;
    let mut something = false;
    let mut tokens = Tokens { rest: condition, lexicon };
    while let Some(token) = tokens.next()? {
        something |= !matches!(token, Token::Space(_));
        match token {
            Token::Name(name) => return Err(format!("cannot use the parameter `:{name}`")),
            Token::Placeholder(mark) => return Err(format!("holds the placeholder `{mark}`")),
            Token::End => return Err("has a `;` in it; write one condition".to_owned()),
            Token::Other("(") => depth += 1,
            Token::Other(")") => {
                depth = depth.checked_sub(1).ok_or("closes a parenthesis that it does not open")?;
            }
            _ => {}
        }
    }
    match (something, depth) {
        (false, _) => Err("is empty".to_owned()),
        (true, 0) => Ok(()),
        (true, _) => Err("opens a parenthesis that it does not close".to_owned()),
    }
}

fn unknown(name: &str, allowed: &[Parameter]) -> String {
    format!("uses the unknown parameter `:{name}`; {}", known_names(allowed))
}

fn known_names(allowed: &[Parameter]) -> String {
    let names: Vec<String> = allowed.iter().map(|known| format!("`:{}`", known.name())).collect();
    format!("it may use {}", names.join(" and "))
}

/// One lexical element.
#[derive(Clone, Copy, Debug)]
enum Token<'a> {
    /// White space or a comment.
    Space(&'a str),
    /// A keyword, bare name or number.
    Word(&'a str),
    /// A string or quoted name.
    Quoted(&'a str),
    /// `:name`
    Name(&'a str),
    /// A placeholder of the database's own, which would upset the numbering.
    Placeholder(&'a str),
    /// `;`
    End,
    /// Anything else: one character, or `::`.
    Other(&'a str),
}

struct Tokens<'a> {
    rest: &'a str,
    lexicon: Lexicon,
}

impl<'a> Tokens<'a> {
    fn next(&mut self) -> Result<Option<Token<'a>>, String> {
        let rest = self.rest;
        let mut characters = rest.chars();
        let Some(first) = characters.next() else { return Ok(None) };
        let second = characters.next();
        let third = characters.next();
        let token = match (first, second) {
            (';', _) => {
                self.take(1);
                Token::End
            }
            (space, _) if space.is_whitespace() => Token::Space(self.take_while(0, char::is_whitespace)),
            ('-', Some('-'))
                if !self.lexicon.hash_comments
                    || third.is_none_or(|c| c.is_whitespace() || c.is_control()) =>
            {
                Token::Space(self.take_while(0, |c| c != '\n'))
            }
            ('#', _) if self.lexicon.hash_comments => Token::Space(self.take_while(0, |c| c != '\n')),
            ('/', Some('*')) => Token::Space(self.block_comment()?),
            ('e' | 'E', Some('\'')) if self.lexicon.e_strings => Token::Quoted(self.quoted(1, '\'', true)?),
            ('\'' | '"', _) => Token::Quoted(self.quoted(0, first, self.lexicon.backslashes)?),
            ('`', _) if self.lexicon.backticks => Token::Quoted(self.quoted(0, '`', false)?),
            ('[', _) if self.lexicon.brackets => Token::Quoted(self.quoted(0, ']', false)?),
            (':', Some(':')) => Token::Other(self.take(2)),
            (':', Some(c)) if is_word_start(c) => {
                let name = self.take_while(1, is_word);
                Token::Name(name.strip_prefix(':').unwrap_or(name))
            }
            ('$', Some(c)) if self.lexicon.numbered && c.is_ascii_digit() => {
                Token::Placeholder(self.take_while(1, |c| c.is_ascii_digit()))
            }
            ('$', _) if self.lexicon.dollar_quotes => match self.dollar_quoted()? {
                Some(quoted) => Token::Quoted(quoted),
                None => Token::Other(self.take(1)),
            },
            ('?', _) if !self.lexicon.numbered => Token::Placeholder(self.take(1)),
            (c, _) if is_word_start(c) || c.is_ascii_digit() => Token::Word(self.take_while(0, is_word)),
            (c, _) => Token::Other(self.take(c.len_utf8())),
        };
        Ok(Some(token))
    }

    /// Takes `length` bytes, which must end between characters.
    fn take(&mut self, length: usize) -> &'a str {
        let (taken, rest) = self.rest.split_at_checked(length).unwrap_or((self.rest, ""));
        self.rest = rest;
        taken
    }

    /// Takes `sure` bytes and all further characters that `wanted` accepts.
    fn take_while(&mut self, sure: usize, wanted: impl Fn(char) -> bool) -> &'a str {
        let further = self.rest.get(sure..).unwrap_or("");
        let length = sure + further.find(|c| !wanted(c)).unwrap_or(further.len());
        self.take(length)
    }

    fn block_comment(&mut self) -> Result<&'a str, String> {
        let mut depth = 0_u32;
        let mut at = 0;
        while let Some(rest) = self.rest.get(at..).filter(|rest| !rest.is_empty()) {
            if rest.starts_with("/*") && (depth == 0 || self.lexicon.nested_comments) {
                depth += 1;
                at += 2;
            } else if rest.starts_with("*/") {
                depth -= 1;
                at += 2;
                if depth == 0 {
                    return Ok(self.take(at));
                }
            } else {
                at += rest.chars().next().map_or(1, char::len_utf8);
            }
        }
        Err("has a comment that does not end (`/*` without `*/`)".to_owned())
    }

    /// A string or name: `prefix` bytes, the opening quote, all up to the closing quote; doubled closing quotes
    /// stand for themselves.
    fn quoted(&mut self, prefix: usize, close: char, backslashes: bool) -> Result<&'a str, String> {
        let mut characters = self.rest.char_indices().skip(prefix + 1).peekable();
        while let Some((at, c)) = characters.next() {
            if backslashes && c == '\\' {
                characters.next();
            } else if c == close {
                if characters.peek().is_some_and(|(_, next)| *next == close) && close != ']' {
                    characters.next();
                } else {
                    return Ok(self.take(at + close.len_utf8()));
                }
            }
        }
        Err(format!("has a quote that does not end ({close})"))
    }

    fn dollar_quoted(&mut self) -> Result<Option<&'a str>, String> {
        let rest = self.rest.get(1..).unwrap_or("");
        let tag_length = rest.find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(rest.len());
        let delimiter = tag_length + 2;
        let Some((tag, body)) = self.rest.split_at_checked(delimiter).filter(|(tag, _)| tag.ends_with('$'))
        else {
            return Ok(None);
        };
        let length = body.find(tag).ok_or_else(|| format!("has a string that does not end ({tag})"))?;
        Ok(Some(self.take(delimiter + length + delimiter)))
    }
}

fn is_word_start(c: char) -> bool {
    c.is_alphabetic() || c == '_'
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_' || c == '$'
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const PLAIN: Lexicon = Lexicon {
        numbered: true,
        backticks: false,
        brackets: false,
        hash_comments: false,
        nested_comments: true,
        dollar_quotes: true,
        backslashes: false,
        e_strings: true,
    };
    const POSTGRES: Lexicon = PLAIN;
    const MYSQL: Lexicon = Lexicon {
        numbered: false,
        backticks: true,
        hash_comments: true,
        nested_comments: false,
        dollar_quotes: false,
        backslashes: true,
        e_strings: false,
        ..PLAIN
    };
    const SQLITE: Lexicon = Lexicon {
        numbered: false,
        backticks: true,
        brackets: true,
        nested_comments: false,
        dollar_quotes: false,
        e_strings: false,
        ..PLAIN
    };

    fn rendered(sql: &str, lexicon: Lexicon) -> Result<String, String> {
        Ok(Query::parse(sql, lexicon, &[Parameter::Username])?.render(lexicon, &[]))
    }

    #[test]
    fn each_place_gets_its_own_placeholder() {
        let sql = "SELECT 1 WHERE a = :username OR b=lower(:username)";
        assert_eq!(rendered(sql, POSTGRES).unwrap(), "SELECT 1 WHERE a = $1 OR b=lower($2)");
        assert_eq!(rendered(sql, MYSQL).unwrap(), "SELECT 1 WHERE a = ? OR b=lower(?)");
    }

    #[test]
    fn casts_wrap_the_placeholder() {
        let query = Query::parse("id > :after LIMIT :limit", POSTGRES, &[Parameter::After, Parameter::Limit])
            .unwrap();
        assert_eq!(query.parameters(), [Parameter::After, Parameter::Limit]);
        let casts = [Some("INT8".to_owned()), None];
        assert_eq!(query.render(POSTGRES, &casts), "id > CAST($1::text AS INT8) LIMIT $2");
        assert_eq!(query.render(MYSQL, &casts), "id > CAST(? AS INT8) LIMIT ?");
    }

    /// Colons that are no parameters, by the lexical rules in each database's manual.
    #[test]
    fn quotes_comments_and_casts_are_left_alone() {
        let both = [
            "SELECT ':username'",
            "SELECT 'it''s :username'",
            "SELECT \":username\"",
            "SELECT \"a\"\":username\"",
            "SELECT 1 -- :username",
            "SELECT 1 /* :username */",
            "SELECT 'a' /* it's */ , ':username'",
        ];
        let postgres = [
            "SELECT a::username",
            "SELECT $$ :username $$",
            "SELECT $a$ $b$ :username $b$ $a$",
            "SELECT E'\\' :username'",
            "SELECT e'\\\\'",
            "SELECT '\\'",
            "SELECT 1 /* /* */ :username */",
            "SELECT a$b, $$x$$",
            "SELECT data ? 'key'",
        ];
        let mysql = [
            "SELECT '\\' :username'",
            "SELECT \"\\\":username\"",
            "SELECT `:username`",
            "SELECT 1 # :username",
            "SELECT @a := 1",
            "SELECT 'a\\\\'",
        ];
        let sqlite = ["SELECT [:username]", "SELECT `:username`", "SELECT '\\'"];
        for (lexicon, list) in [
            (POSTGRES, both.as_slice()),
            (MYSQL, both.as_slice()),
            (SQLITE, both.as_slice()),
            (POSTGRES, postgres.as_slice()),
            (MYSQL, mysql.as_slice()),
            (SQLITE, sqlite.as_slice()),
        ] {
            for sql in list {
                assert_eq!(rendered(sql, lexicon).as_deref(), Ok(*sql));
            }
        }
    }

    #[test]
    fn what_looks_like_a_comment_may_be_none() {
        // In MySQL `--` needs white space behind it; in PostgreSQL `#` is an operator.
        assert_eq!(rendered("SELECT 1--:username", MYSQL).unwrap(), "SELECT 1--?");
        assert_eq!(rendered("SELECT 1 # :username", POSTGRES).unwrap(), "SELECT 1 # $1");
        // Only PostgreSQL's comments nest.
        assert_eq!(rendered("SELECT 1 /* /* */ :username", MYSQL).unwrap(), "SELECT 1 /* /* */ ?");
        // In PostgreSQL brackets index.
        assert_eq!(rendered("SELECT a[:username]", POSTGRES).unwrap(), "SELECT a[$1]");
    }

    #[test]
    fn mistakes_are_named() {
        let told = |sql: &str, lexicon| rendered(sql, lexicon).unwrap_err();
        assert_eq!(
            told("SELECT :user", POSTGRES),
            "uses the unknown parameter `:user`; it may use `:username`"
        );
        assert_eq!(told("SELECT $1", POSTGRES), "holds the placeholder `$1`; it may use `:username`");
        assert_eq!(told("SELECT ?", MYSQL), "holds the placeholder `?`; it may use `:username`");
        assert!(told("SELECT 1; DROP TABLE users", POSTGRES).contains("more than one statement"));
        assert!(told("SELECT 'a", SQLITE).contains("quote that does not end"));
        assert!(told("SELECT 1 /* a", SQLITE).contains("comment that does not end"));
        assert!(told("SELECT $a$ $b$", POSTGRES).contains("string that does not end"));
        assert_eq!(told("  ", POSTGRES), "is empty");
        assert_eq!(rendered("SELECT 1 ; -- done", POSTGRES).unwrap(), "SELECT 1 ");
    }

    #[test]
    fn order_by_is_seen_where_it_is_code() {
        let has = |sql| Query::parse(sql, POSTGRES, &[]).unwrap().has_order_by();
        assert!(has("SELECT 1 ORDER BY id"));
        assert!(has("SELECT 1 order /* so */ by id"));
        assert!(!has("SELECT 'ORDER BY id'"));
        assert!(!has("SELECT 1 -- ORDER BY id"));
    }

    proptest! {
        /// Whatever is written: no panic, and where there are no parameters nothing is changed.
        #[test]
        fn any_text_is_taken_apart_and_put_together(sql in "[ a-z:;'\"`$?#*/\\[\\]\\\\()\\-\\né🔑]{0,40}") {
            for lexicon in [POSTGRES, MYSQL, SQLITE] {
                if let Ok(query) = Query::parse(&sql, lexicon, &[]) {
                    let statement = query.render(lexicon, &[]);
                    prop_assert!(sql.starts_with(&statement));
                }
                let _ = check_condition(&sql, lexicon);
            }
        }
    }
}
