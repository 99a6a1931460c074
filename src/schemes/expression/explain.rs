//! What an expression says, for people: its parts as a tree, what it needs, what it takes, what Okta makes of it.

use super::function::{self, Form, Function, Parameter};
use super::measure::{self, measure};
use super::node::{Node, Number, Variable};
use super::parser::{Inner, Outer};
use super::{Expression, Stored};
use crate::schemes::construction::{Cost, Refusal};
use crate::schemes::digest::Digest;
use crate::schemes::layout::{Layout, Part};
use crate::schemes::{Credential, Limits, NotImportable, OktaHash, SelectionError};

/// An expression taken apart.
#[derive(Debug)]
pub struct Explanation {
    /// Its parts, outermost first: how deep, and what.
    pub tree: Vec<(usize, String)>,
    /// What the stored value is read as; of a layout, what its `{digest}` is read as.
    pub stored: String,
    /// The layout of the stored value, where there is one.
    pub layout: Option<String>,
    /// What it needs besides the password.
    pub needs: Vec<Need>,
    /// What one verification takes; without that of the scheme inside `bcrypt(…)` and its like.
    pub cost: Cost,
    /// For how many rounds that is, where the stored value says how many.
    pub rounds: Option<u32>,
    /// Okta's algorithm and order of the salt, or why there is none. `None` where the stored value decides.
    pub okta: Option<Result<OktaHash, NotImportable>>,
}

/// Something that an expression needs besides the password.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Need {
    /// With its dollar: `$salt`.
    pub name: String,
    /// Where it comes from: `a column`, `the stored value` …
    pub from: &'static str,
}

/// Rounds to explain by, where stored values bring theirs: a power of two, as scrypt needs, and enough for Okta.
const SAMPLE_ROUNDS: u32 = 4096;

/// Explains an expression, or says what is wrong with it.
pub fn explain(text: &str) -> Result<Explanation, SelectionError> {
    let expression = Expression::parse(text)?;
    let mut tree = Vec::new();
    let depth = usize::from(matches!(expression.outer, Outer::Within(_)));
    let stored = match expression.outer {
        Outer::Within(Inner::Of(entry)) => {
            tree.push((0, format!("verify as the password of a {} value", entry.name)));
            format!("a {} value: {}", entry.name, entry.layout)
        }
        Outer::Within(Inner::Any) => {
            tree.push((0, "verify as the password of the stored value".into()));
            "a value of any scheme that describes itself".into()
        }
        Outer::Digest(len)
            if expression.layout.as_ref().is_some_and(|layout| layout.encodes(Part::Digest)) =>
        {
            format!("{len} bytes, where the layout has {{digest}}")
        }
        Outer::Digest(len) => {
            format!("{len} bytes as {} hex digits of either case, as base64, or as they are", len * 2)
        }
        Outer::Digits(digits) => format!("{digits} hex digits of either case"),
        Outer::Text => "exactly the text that comes out".into(),
    };
    describe(&expression.node, depth, &mut tree);
    let credential = sample();
    let measure = measure(&expression.node, &credential, measure::USUAL_PASSWORD);
    Ok(Explanation {
        tree,
        stored,
        layout: expression.layout.as_ref().map(ToString::to_string),
        needs: needs(&expression),
        cost: measure.cost(),
        rounds: expression.program.rounds.then_some(SAMPLE_ROUNDS),
        okta: okta(&expression, &credential),
    })
}

/// The names of all digests.
pub fn digests() -> Vec<&'static str> {
    Digest::ALL.iter().map(|digest| digest.name()).collect()
}

/// All functions, each as it is called, with `<digest>` for any of [`digests`]. Those that give a digest have a form
/// with `_bin` behind the name as well.
pub fn functions() -> Vec<String> {
    function::signatures()
}

/// A row as good as any, to see what Okta would be sent.
fn sample() -> Credential<'static> {
    let salt: Option<&[u8]> = Some(b"00000000");
    Credential {
        stored: b"",
        salt,
        salt2: salt,
        user: Some("user"),
        email: Some("user@example.com"),
        pepper: salt,
        rounds: Some(SAMPLE_ROUNDS),
    }
}

fn needs(expression: &Expression) -> Vec<Need> {
    let holds = |part| expression.layout.as_ref().is_some_and(|layout: &Layout| layout.holds(part));
    let always = expression.layout.as_ref().is_some_and(Layout::begins_with_text) || holds(Part::Rounds);
    let mut needs: Vec<Need> = expression
        .program
        .columns
        .iter()
        .map(|variable| {
            let part = match variable {
                Variable::Salt => Some(Part::Salt),
                Variable::Salt2 => Some(Part::Salt2),
                Variable::User => Some(Part::User),
                Variable::Email => Some(Part::Email),
                Variable::Pass | Variable::Pepper => None,
            };
            let from = match part.map(holds) {
                Some(true) if always => "the stored value",
                Some(true) => "the stored value, or a column",
                _ if *variable == Variable::Pepper => "a column or the configuration",
                _ => "a column",
            };
            Need { name: variable.name(), from }
        })
        .collect();
    if expression.program.rounds {
        let from = if holds(Part::Rounds) {
            "the stored value"
        } else {
            "a layout that has `{rounds}`, which is missing: EXPR in '{rounds}:{digest}'"
        };
        needs.push(Need { name: "$rounds".into(), from });
    }
    needs
}

fn okta(expression: &Expression, credential: &Credential<'_>) -> Option<Result<OktaHash, NotImportable>> {
    let stored = match expression.outer {
        Outer::Within(_) => {
            let as_it_is = expression.node == Node::Variable(Variable::Pass);
            let reason = "the password is changed before it is hashed, which Okta cannot do";
            return if as_it_is { None } else { Some(Err(NotImportable(reason.into()))) };
        }
        Outer::Digest(len) => vec![0; len],
        Outer::Digits(digits) => vec![b'0'; digits],
        Outer::Text => vec![b'0'],
    };
    Some(match expression.construct(Stored::text(&stored), credential, &Limits::default()) {
        Ok(construction) => construction.okta(),
        Err(Refusal::Unreadable(why) | Refusal::TooCostly(why)) => Err(NotImportable(why.into())),
    })
}

fn describe(node: &Node, depth: usize, tree: &mut Vec<(usize, String)>) {
    match node {
        Node::Variable(variable) => tree.push((depth, variable.name())),
        Node::Previous => tree.push((depth, "$_, the round before".into())),
        Node::Text(text) => tree.push((depth, format!("the text '{text}'"))),
        Node::Concat(parts) => {
            tree.push((depth, "one after another".into()));
            for part in parts {
                describe(part, depth + 1, tree);
            }
        }
        Node::Call { function, arguments, numbers } => {
            tree.push((depth, title(*function, numbers)));
            let names = function.parameters().iter().filter_map(|parameter| match parameter {
                Parameter::Bytes(name) | Parameter::Round(name) => Some(*name),
                Parameter::Number(_) | Parameter::Rounds(_) => None,
            });
            for (argument, name) in arguments.iter().zip(names) {
                if arguments.len() == 1 {
                    describe(argument, depth + 1, tree);
                } else {
                    tree.push((depth + 1, format!("{name}:")));
                    describe(argument, depth + 2, tree);
                }
            }
        }
    }
}

fn title(function: Function, numbers: &[Number]) -> String {
    let form = match function.form() {
        None => "",
        Some(Form::Raw) => ", as raw bytes",
        Some(Form::Hex) => ", in hex",
    };
    let number = |place: usize| match numbers.get(place) {
        Some(Number::Literal(number)) => number.to_string(),
        Some(Number::Rounds) => "$rounds".into(),
        None => String::new(),
    };
    let what = match function {
        Function::Digest(digest, _) => digest.title().to_owned(),
        Function::Hmac(digest, _) => format!("HMAC with {}", digest.title()),
        Function::Pbkdf2(digest, _) => {
            format!("PBKDF2 with {}, {} rounds, {} bytes", digest.title(), number(0), number(1))
        }
        Function::Scrypt(_) => {
            format!("scrypt with N {}, r {}, p {}, {} bytes", number(0), number(1), number(2), number(3))
        }
        Function::Iterate => format!("{} rounds: first, then next again and again", number(0)),
        Function::Substr => format!("{} bytes from byte {} on, counted from 0", number(1), number(0)),
        Function::Change(change) => change.about().into(),
    };
    format!("{what}{form}")
}
