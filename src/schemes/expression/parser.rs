//! From tokens to a checked tree. An error points at the column of the mistake and says what was expected.

use super::function::{Function, Parameter};
use super::lexer::{Kind, Token, shown, tokens};
use crate::schemes::SelectionError;
use crate::schemes::layout::Layout;
use crate::schemes::registry::{self, Entry, Reader};

/// The longest text of an expression, in bytes.
const MAX_TEXT: usize = 1024;
/// How deep calls and brackets may nest.
const MAX_DEPTH: usize = 16;
/// How many parts an expression may have.
const MAX_NODES: usize = 64;

/// A part of an expression.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Node {
    Variable(Variable),
    /// `$_`, the round before.
    Previous,
    Text(String),
    Concat(Vec<Node>),
    Call {
        function: Function,
        arguments: Vec<Node>,
        numbers: Vec<u32>,
    },
}

/// What a variable stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Variable {
    Pass,
    Salt,
    Salt2,
    User,
    Email,
    Pepper,
}

impl Variable {
    pub(super) const ALL: [(&'static str, Self); 6] = [
        ("pass", Self::Pass),
        ("salt", Self::Salt),
        ("salt2", Self::Salt2),
        ("user", Self::User),
        ("email", Self::Email),
        ("pepper", Self::Pepper),
    ];

    /// The name with its dollar.
    pub(super) fn name(self) -> String {
        Self::ALL
            .iter()
            .find(|(_, one)| *one == self)
            .map_or_else(String::new, |(name, _)| format!("${name}"))
    }
}

/// What stands outermost, and so says how the stored value is read.
#[derive(Clone, Copy, Debug)]
pub(super) enum Outer {
    /// The stored value is a digest: hex, base64 or raw.
    Digest,
    /// The stored value is exactly the text that comes out.
    Text,
    /// The stored value describes itself; what the expression gives is its password.
    Within(Inner),
}

/// The scheme whose password is computed.
#[derive(Clone, Copy, Debug)]
pub(super) enum Inner {
    /// `auto(…)`
    Any,
    /// `bcrypt(…)` and its like.
    Of(&'static Entry),
}

/// Parses and checks an expression, and the layout behind it where there is one: `md5($pass) in '{digest};'`.
pub(super) fn parse(text: &str) -> Result<(Outer, Node, Option<Layout>), SelectionError> {
    if text.len() > MAX_TEXT {
        return Err(at(1, format!("an expression has at most {MAX_TEXT} bytes")));
    }
    let mut parser = Parser { tokens: tokens(text)?.into_iter().peekable(), nodes: 0, rounds: 0 };
    let within = parser.within()?;
    let start = parser.column();
    let node = parser.expression(0)?;
    if within.is_some() {
        parser.expect(&Kind::Close)?;
    }
    let layout = parser.layout()?;
    parser.expect(&Kind::End)?;
    if !node.mentions(&Node::Variable(Variable::Pass)) {
        return Err(at(start, "`$pass` is missing: every value would match every password"));
    }
    if let Some(inner) = within {
        return Ok((Outer::Within(inner), node, layout));
    }
    let node = node.without_wrapping();
    if node.digest_len().is_some() {
        Ok((Outer::Digest, node, layout))
    } else if node.has_digest() {
        Ok((Outer::Text, node, layout))
    } else {
        Err(at(start, "there is no digest here; a password in plain text is the scheme `plaintext`"))
    }
}

impl Node {
    /// Whether that leaf occurs anywhere.
    pub(super) fn mentions(&self, leaf: &Self) -> bool {
        self == leaf || self.children().iter().any(|child| child.mentions(leaf))
    }

    fn children(&self) -> &[Self] {
        match self {
            Self::Concat(parts) => parts,
            Self::Call { arguments, .. } => arguments,
            Self::Variable(_) | Self::Previous | Self::Text(_) => &[],
        }
    }

    fn has_digest(&self) -> bool {
        let digest = matches!(self, Self::Call { function, numbers, .. }
            if function.digest_len(numbers).is_some());
        digest || self.children().iter().any(Self::has_digest)
    }

    /// Length of the digest that this is, as raw bytes.
    pub(super) fn digest_len(&self) -> Option<usize> {
        match self {
            Self::Call { function: Function::Iterate, arguments, .. } => {
                arguments.last().and_then(Self::digest_len)
            }
            Self::Call { function, numbers, .. } => function.digest_len(numbers),
            _ => None,
        }
    }

    /// Whether this digest comes as raw bytes.
    pub(super) fn is_raw(&self) -> bool {
        match self {
            Self::Call { function: Function::Iterate, arguments, .. } => {
                arguments.last().is_some_and(Self::is_raw)
            }
            Self::Call { function, .. } => function.is_raw(),
            _ => false,
        }
    }

    /// Whether its length grows with that of `$_`.
    fn grows(&self) -> bool {
        match self {
            Self::Previous => true,
            Self::Call { function, numbers, .. } if function.digest_len(numbers).is_some() => false,
            _ => self.children().iter().any(Self::grows),
        }
    }

    /// An outermost case or encoding does not change which digest is stored: a stored digest is read as hex of
    /// either case and as base64.
    fn without_wrapping(self) -> Self {
        let Self::Call { function, arguments, numbers } = self else { return self };
        let inner_is = |raw: bool| {
            arguments.first().is_some_and(|inner| inner.digest_len().is_some() && inner.is_raw() == raw)
        };
        let transparent = match function {
            Function::Lower | Function::Upper => inner_is(false),
            Function::Hex | Function::Base64 => inner_is(true),
            _ => false,
        };
        match arguments.first() {
            Some(inner) if transparent => inner.clone(),
            _ => Self::Call { function, arguments, numbers },
        }
    }
}

struct Parser {
    tokens: std::iter::Peekable<std::vec::IntoIter<Token>>,
    nodes: usize,
    /// How many `next` of `iterate` are open.
    rounds: usize,
}

impl Parser {
    fn column(&mut self) -> usize {
        self.tokens.peek().map_or(1, |token| token.column)
    }

    fn next(&mut self) -> Token {
        let end = Token { kind: Kind::End, column: 1 };
        self.tokens
            .next_if(|token| token.kind != Kind::End)
            .or_else(|| self.tokens.peek().cloned())
            .unwrap_or(end)
    }

    fn next_if(&mut self, kind: &Kind) -> bool {
        self.tokens.next_if(|token| token.kind == *kind).is_some()
    }

    fn expect(&mut self, kind: &Kind) -> Result<(), SelectionError> {
        let token = self.next();
        if token.kind == *kind { Ok(()) } else { Err(unexpected(&token, &kind.describe())) }
    }

    /// `bcrypt(` and its like, at the very beginning.
    fn within(&mut self) -> Result<Option<Inner>, SelectionError> {
        let Some(Token { kind: Kind::Name(name), column }) = self.tokens.peek().cloned() else {
            return Ok(None);
        };
        let Some(inner) = wrapper(&name) else { return Ok(None) };
        self.next();
        if !self.next_if(&Kind::Open) {
            return Err(at(column, format!("expected `{name}(…)` with the password inside")));
        }
        Ok(Some(inner))
    }

    /// `in 'LAYOUT'`, at the very end.
    fn layout(&mut self) -> Result<Option<Layout>, SelectionError> {
        if !self.next_if(&Kind::Name("in".into())) {
            return Ok(None);
        }
        let token = self.next();
        let Kind::Text(text) = &token.kind else {
            return Err(unexpected(&token, "a layout in single quotes, such as '{digest}:{salt}'"));
        };
        let layout = Layout::parse(text);
        layout.map(Some).map_err(|error| at(token.column + error.column, error.message))
    }

    fn expression(&mut self, depth: usize) -> Result<Node, SelectionError> {
        let mut parts = vec![self.part(depth)?];
        while self.next_if(&Kind::Dot) {
            parts.push(self.part(depth)?);
        }
        Ok(if parts.len() == 1 { parts.remove(0) } else { Node::Concat(parts) })
    }

    fn part(&mut self, depth: usize) -> Result<Node, SelectionError> {
        let token = self.next();
        self.nodes += 1;
        if depth >= MAX_DEPTH {
            return Err(at(token.column, format!("calls nest more than {MAX_DEPTH} deep")));
        }
        if self.nodes > MAX_NODES {
            return Err(at(token.column, format!("an expression has at most {MAX_NODES} parts")));
        }
        match &token.kind {
            Kind::Text(text) => Ok(Node::Text(text.clone())),
            Kind::Variable(name) => self.variable(name, token.column),
            Kind::Open => {
                let inner = self.expression(depth + 1)?;
                self.expect(&Kind::Close)?;
                Ok(inner)
            }
            Kind::Name(name) => self.call(name, token.column, depth),
            _ => Err(unexpected(&token, "a variable such as `$pass`, a 'text' or a function")),
        }
    }

    fn variable(&self, name: &str, column: usize) -> Result<Node, SelectionError> {
        if name == "_" {
            return if self.rounds > 0 {
                Ok(Node::Previous)
            } else {
                Err(at(column, "`$_` has a meaning only in the last argument of iterate()"))
            };
        }
        let known = Variable::ALL.iter().find(|(known, _)| *known == name);
        known.map(|(_, variable)| Node::Variable(*variable)).ok_or_else(|| {
            let known: Vec<_> = Variable::ALL.iter().map(|(known, _)| format!("${known}")).collect();
            at(column, format!("expected one of {}, found `${}`", known.join(" "), shown(name)))
        })
    }

    fn call(&mut self, name: &str, column: usize, depth: usize) -> Result<Node, SelectionError> {
        let Some(function) = Function::named(name) else {
            return Err(at(column, unknown_function(name)));
        };
        self.expect(&Kind::Open)?;
        let (mut arguments, mut numbers) = (Vec::new(), Vec::new());
        for (index, parameter) in function.parameters().iter().enumerate() {
            if index > 0 {
                self.expect(&Kind::Comma)?;
            }
            let start = self.column();
            match parameter {
                Parameter::Bytes(_) => arguments.push(self.expression(depth + 1)?),
                Parameter::Round(_) => {
                    self.rounds += 1;
                    let next = self.expression(depth + 1)?;
                    self.rounds -= 1;
                    if !next.mentions(&Node::Previous) {
                        return Err(at(
                            start,
                            "`$_`, the round before, is missing in the last argument of iterate()",
                        ));
                    }
                    if next.grows() {
                        return Err(at(start, "each round must put `$_` through a digest, or it grows"));
                    }
                    arguments.push(next);
                }
                Parameter::Number(what) => {
                    let token = self.next();
                    let Kind::Number(number) = token.kind else {
                        return Err(unexpected(&token, &format!("a number, the {what} of {name}()")));
                    };
                    numbers.push(number);
                    if let Some(expected) = function.refuses(&numbers) {
                        return Err(at(token.column, format!("expected {expected}, the {what} of {name}()")));
                    }
                }
            }
        }
        self.expect(&Kind::Close)?;
        if matches!(function, Function::Unhex | Function::Unbase64) && !arguments.iter().all(Node::is_stored)
        {
            return Err(at(column, format!("{name}() works on what the store holds, not on a password")));
        }
        Ok(Node::Call { function, arguments, numbers })
    }
}

impl Node {
    /// Whether it is known without the password.
    fn is_stored(&self) -> bool {
        !matches!(self, Self::Previous | Self::Variable(Variable::Pass))
            && self.children().iter().all(Self::is_stored)
    }
}

/// What may stand outermost and take the password of a self-describing value.
fn wrapper(name: &str) -> Option<Inner> {
    if name == "auto" {
        return Some(Inner::Any);
    }
    if Function::named(name).is_some() {
        return None;
    }
    registry::named(name).filter(|entry| matches!(entry.reader, Reader::Format(_))).map(Inner::Of)
}

fn unknown_function(name: &str) -> String {
    if wrapper(name).is_some() {
        return format!("{name}() stands outermost only");
    }
    let lower = name.to_ascii_lowercase();
    if lower != name && Function::named(&lower).is_some() {
        return format!("functions are written in lower case: `{lower}`");
    }
    format!("there is no function `{}`; there are {}", shown(name), Function::names().join(" "))
}

fn unexpected(found: &Token, expected: &str) -> SelectionError {
    at(found.column, format!("expected {expected}, found {}", found.kind.describe()))
}

fn at(column: usize, message: impl Into<String>) -> SelectionError {
    SelectionError { column, message: message.into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mistakes_are_shown_where_they_are() {
        for (text, column, part) in [
            ("", 1, "found the end"),
            ("md5($pass", 10, "expected `)`, found the end"),
            ("md5($pass))", 11, "expected the end"),
            ("md5($pas)", 5, "$pass $salt"),
            ("mD5($pass)", 1, "lower case: `md5`"),
            ("md6($pass)", 1, "no function `md6`"),
            ("md5 $pass", 5, "expected `(`"),
            ("md5($pass.)", 11, "found `)`"),
            ("md5($pass,$salt)", 10, "expected `)`, found `,`"),
            ("md5($salt)", 1, "`$pass` is missing"),
            ("$pass", 1, "plaintext"),
            ("lower($pass.$salt)", 1, "plaintext"),
            ("md5($_.$pass)", 5, "iterate"),
            ("hmac_md5($pass)", 15, "expected `,`"),
            ("pbkdf2_sha1($pass,$salt,0,20)", 25, "from 1"),
            ("pbkdf2_sha1($pass,$salt,1000,$salt)", 30, "a number"),
            ("pbkdf2_sha1($pass,$salt,1,4000)", 27, "at most 1024"),
            ("iterate(9,$pass,$_.$_)", 17, "grows"),
            ("iterate(9,md5($pass),md5($pass))", 22, "`$_`, the round before, is missing"),
            ("iterate(0,md5($pass),md5($_))", 9, "from 2"),
            ("django-bcrypt(md5($pass))", 7, "`_`"),
            ("md5(bcrypt($pass))", 5, "outermost only"),
            ("bcrypt($pass", 13, "found the end"),
            ("bcrypt", 1, "bcrypt(…)"),
            ("md5(unhex($pass))", 5, "not on a password"),
            ("md5($pass.\"x\")", 11, "single quotes"),
            ("md5($pass.99999999999)", 11, "whole number"),
        ] {
            let error = parse(text).unwrap_err();
            assert_eq!(error.column, column, "{text}: {error}");
            assert!(error.message.contains(part), "{text}: {error}");
        }
    }

    #[test]
    fn depth_and_size_are_bounded() {
        let deep = format!("{}$pass{}", "md5(".repeat(16), ")".repeat(16));
        assert!(parse(&deep).unwrap_err().message.contains("deep"));
        let deep = format!("{}$pass{}", "md5(".repeat(15), ")".repeat(15));
        assert!(parse(&deep).is_ok());
        let wide = format!("md5({}$pass)", "$salt.".repeat(63));
        assert!(parse(&wide).unwrap_err().message.contains("64 parts"));
        assert!(parse(&format!("md5($pass.'{}')", "x".repeat(1024))).is_err());
        let brackets = format!("{}$pass", "(".repeat(500));
        assert!(parse(&brackets).unwrap_err().message.contains("deep"));
    }

    #[test]
    fn an_outermost_encoding_changes_nothing() {
        for text in ["md5_bin($pass)", "upper(md5($pass))", "hex(md5_bin($pass))", "base64(md5_bin($pass))"] {
            let (outer, node, _) = parse(text).unwrap();
            assert!(matches!(outer, Outer::Digest), "{text}");
            assert_eq!(node.digest_len(), Some(16), "{text}");
        }
        assert!(matches!(parse("base64(md5($pass))").unwrap().0, Outer::Text));
        assert!(matches!(parse("'0x'.md5($pass)").unwrap().0, Outer::Text));
    }
}
