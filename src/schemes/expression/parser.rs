//! From tokens to a checked tree. An error points at the column of the mistake and says what was expected.

use super::function::{Change, Function, Parameter};
use super::lexer::{Kind, Token, shown, tokens};
use super::node::{Gives, Node, Number, Variable};
use crate::schemes::SelectionError;
use crate::schemes::digest::Digest;
use crate::schemes::layout::Layout;
use crate::schemes::registry::{self, Entry, Reader};

/// The longest text of an expression, in bytes.
const MAX_TEXT: usize = 1024;
/// How deep calls and brackets may nest.
const MAX_DEPTH: usize = 16;
/// How many parts an expression may have.
const MAX_NODES: usize = 64;

/// What stands outermost, and so says how the stored value is read.
#[derive(Clone, Copy, Debug)]
pub(super) enum Outer {
    /// The stored value is a digest, or a cut of one, of so many bytes: hex, base64 or raw.
    Digest(usize),
    /// The stored value is an odd number of hex digits of one.
    Digits(usize),
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
    let outer = match node.gives() {
        Gives::Hex(digits) if digits % 2 == 1 => Outer::Digits(digits),
        Gives::Hex(digits) => Outer::Digest(digits / 2),
        Gives::Raw(len) => Outer::Digest(len),
        Gives::Any => match node.clone().unwrapped().gives() {
            Gives::Raw(len) => Outer::Digest(len),
            _ if node.has_digest() => Outer::Text,
            _ => {
                let message = "there is no digest here; a password in plain text is the scheme `plaintext`";
                return Err(at(start, message));
            }
        },
    };
    Ok((outer, node, layout))
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
        if Function::named(&name).is_some() && self.commas() > 0 {
            return Ok(None); // `scrypt` is both: a scheme of one argument, and a function of six
        }
        self.next();
        if !self.next_if(&Kind::Open) {
            return Err(at(column, format!("expected `{name}(…)` with the password inside")));
        }
        Ok(Some(inner))
    }

    /// How many commas stand in the brackets of the call that comes next, those of calls within apart.
    fn commas(&self) -> usize {
        let mut depth = 0_usize;
        let mut commas = 0;
        for token in self.tokens.clone() {
            match token.kind {
                Kind::Open => depth += 1,
                Kind::Close => depth = depth.saturating_sub(1),
                Kind::Comma if depth == 1 => commas += 1,
                _ => {}
            }
        }
        commas
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
        if name == "rounds" {
            return Err(at(column, "`$rounds` is a number: it stands where a call takes rounds"));
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
                Parameter::Number(what) | Parameter::Rounds(what) => {
                    let rounds = matches!(parameter, Parameter::Rounds(_));
                    let place = numbers.len();
                    numbers.push(self.number(function, place, (name, what), rounds)?);
                }
            }
        }
        let end = self.column();
        self.expect(&Kind::Close)?;
        match check_call(function, &arguments, &numbers) {
            Some(Wrong::Call(why)) => return Err(at(column, format!("{name}() {why}"))),
            Some(Wrong::End(why)) => return Err(at(end, format!("{name}() {why}"))),
            None => {}
        }
        Ok(Node::Call { function, arguments, numbers })
    }

    /// A number, or `$rounds` where that may stand.
    fn number(
        &mut self,
        function: Function,
        place: usize,
        (name, what): (&str, &str),
        rounds: bool,
    ) -> Result<Number, SelectionError> {
        let token = self.next();
        match token.kind {
            Kind::Variable(ref variable) if variable == "rounds" && rounds => Ok(Number::Rounds),
            Kind::Number(number) => match function.refuses(place, number) {
                None => Ok(Number::Literal(number)),
                Some(expected) => {
                    Err(at(token.column, format!("expected {expected}, the {what} of {name}()")))
                }
            },
            _ => {
                let or = if rounds { " or `$rounds`" } else { "" };
                Err(unexpected(&token, &format!("a number{or}, the {what} of {name}()")))
            }
        }
    }
}

/// What is wrong with a whole call, and where that is shown.
enum Wrong {
    Call(String),
    End(String),
}

/// What no call may be, although each of its arguments is right by itself.
fn check_call(function: Function, arguments: &[Node], numbers: &[Number]) -> Option<Wrong> {
    let first = arguments.first()?;
    match (function, first.gives()) {
        (Function::Change(Change::Unhex), Gives::Hex(digits)) if digits % 2 == 0 => None,
        (Function::Change(Change::Unhex), _) if !first.is_known() => Some(Wrong::Call(
            "works on what the store holds and on pairs of a digest's hex digits, not on a password".into(),
        )),
        (Function::Change(Change::Unbase64), _) if !first.is_known() => {
            Some(Wrong::Call("works on what the store holds, not on a password".into()))
        }
        (Function::Scrypt(_), _) => {
            let number = |place: usize| numbers.get(place).and_then(|number| number.literal()).unwrap_or(1);
            let blocks = u64::from(number(1)) * u64::from(number(2));
            (blocks >= 1 << 30).then(|| Wrong::End("needs r times p to be below 2^30".into()))
        }
        (Function::Substr, Gives::Raw(len) | Gives::Hex(len)) => {
            let from = numbers.first()?.literal()? as usize;
            (from >= len)
                .then(|| Wrong::End(format!("begins behind the end: there are {len} bytes, from 0 on")))
        }
        _ => None,
    }
}

/// What may stand outermost and take the password of a self-describing value.
fn wrapper(name: &str) -> Option<Inner> {
    if name == "auto" {
        return Some(Inner::Any);
    }
    let describes_itself = |entry: &&Entry| match entry.reader {
        Reader::Format(_) => true,
        Reader::Expression(_) => !entry.prefixes.is_empty() && Function::named(name).is_none(),
        Reader::Plaintext => false,
    };
    registry::named(name).filter(describes_itself).map(Inner::Of)
}

fn unknown_function(name: &str) -> String {
    if wrapper(name).is_some() {
        return format!("{name}() stands outermost only");
    }
    let lower = name.to_ascii_lowercase();
    if lower != name && Function::named(&lower).is_some() {
        return format!("functions are written in lower case: `{lower}`");
    }
    let bare = lower.strip_prefix("hmac_").or_else(|| lower.strip_prefix("pbkdf2_")).unwrap_or(&lower);
    let bare = shown(bare.strip_suffix("_bin").unwrap_or(bare));
    // What stood around a digest's name was right, and is given back with the right name.
    let near = Digest::ALL
        .iter()
        .map(|digest| digest.name())
        .chain(Function::plain_names())
        .map(|known| (strsim::osa_distance(&bare, known), known))
        .filter(|(far, _)| *far <= 2)
        .min_by_key(|(far, _)| *far)
        .map(|(_, known)| shown(&lower).replacen(&bare, known, 1))
        .filter(|known| Function::named(known).is_some())
        .map_or_else(String::new, |known| format!("did you mean `{known}`? "));
    format!(
        "there is no function `{}`; {near}`keyferry schemes --markdown` lists them with what they are given",
        shown(name)
    )
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
            ("md5(unhex($pass))", 5, "unhex() works on what the store holds"),
            ("md5(unhex(substr(md5($pass),0,3)))", 5, "not on a password"),
            ("md5(unbase64(base64($pass)))", 5, "unbase64() works on what the store holds"),
            ("md5($pass.$rounds)", 11, "`$rounds` is a number"),
            (
                "pbkdf2_md5($pass,$salt,16,$rounds)",
                27,
                "a number, the bytes of pbkdf2_md5(), found `$rounds`",
            ),
            ("pbkdf2_md5($pass,$salt,$salt,16)", 24, "a number or `$rounds`, the rounds"),
            ("scrypt($pass,$salt,1000,8,1,32)", 20, "a power of two from 2, the N of scrypt()"),
            ("scrypt($pass,$salt,1024,0,1,32)", 25, "from 1, the r"),
            ("scrypt($pass,$salt,1024,8,1,1025)", 29, "at most 1024"),
            ("scrypt($pass,$salt)", 19, "expected `,`"),
            ("substr(md5($pass),0,0)", 21, "from 1, the length"),
            ("substr(md5($pass),32,1)", 23, "substr() begins behind the end"),
            ("substr(md5($pass),0-1,1)", 20, "texts"),
            ("reverse($pass)", 1, "plaintext"),
            ("iterate($salt,md5($pass),md5($_))", 9, "a number or `$rounds`"),
            ("keccak256($pass)", 1, "did you mean `keccak_256`"),
            ("hmac_sah256_bin($pass,$salt)", 1, "did you mean `hmac_sha256_bin`"),
            ("quite_unlike_any($pass)", 1, "`quite_unlike_any`; `keyferry schemes --markdown`"),
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
            assert!(matches!(outer, Outer::Digest(16)), "{text}");
            assert_eq!(node.unwrapped().gives(), Gives::Raw(16), "{text}");
        }
        assert!(matches!(parse("base64(md5($pass))").unwrap().0, Outer::Text));
        assert!(matches!(parse("'0x'.md5($pass)").unwrap().0, Outer::Text));
    }

    #[test]
    fn a_cut_or_joined_digest_is_a_digest() {
        for (text, outer) in [
            ("substr(md5($pass),0,16)", "Digest(8)"),
            ("upper(substr(md5($pass),8,16))", "Digest(8)"),
            ("substr(md5_bin($pass),4,100)", "Digest(12)"),
            ("substr(sha1($pass),0,15)", "Digits(15)"),
            ("reverse(streebog_256_bin($pass))", "Digest(32)"),
            ("base64(reverse(md5_bin($pass)))", "Digest(16)"),
            ("md5($pass).md5($salt)", "Digest(32)"),
            ("md5_bin($pass).md5($salt)", "Text"),
            ("iterate($rounds,$salt.$pass,sha256_bin($_))", "Digest(32)"),
            ("scrypt($pass,$salt,$rounds,8,1,24)", "Digest(24)"),
            ("unhex(sha1($pass))", "Digest(20)"),
            ("substr(base64(md5_bin($pass)),0,10)", "Text"),
        ] {
            assert_eq!(format!("{:?}", parse(text).unwrap().0), outer, "{text}");
        }
    }

    #[test]
    fn what_describes_itself_may_stand_outermost() {
        for text in
            ["bcrypt(md5($pass))", "sha512_crypt($pass.$pepper)", "auto(nfkc($pass))", "scrypt(md5($pass))"]
        {
            assert!(matches!(parse(text).unwrap().0, Outer::Within(_)), "{text}");
        }
        assert!(matches!(parse("scrypt($pass,sha1($salt.'x'),16,1,1,8)").unwrap().0, Outer::Digest(8)));
    }
}
