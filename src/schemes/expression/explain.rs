//! What an expression says, for people: its parts as a tree, what it needs, what it takes, what Okta makes of it.

use super::function::{Function, Parameter};
use super::parser::{Inner, Node, Outer, Variable};
use super::{Expression, plan};
use crate::schemes::construction::{Cost, Refusal};
use crate::schemes::{Credential, Limits, NotImportable, OktaHash, SelectionError};

/// An expression taken apart.
#[derive(Debug)]
pub struct Explanation {
    /// Its parts, outermost first: how deep, and what.
    pub tree: Vec<(usize, String)>,
    /// What the stored value is read as.
    pub stored: String,
    /// The columns that it needs, with their dollars.
    pub needs: Vec<String>,
    /// What one verification takes; without that of the scheme inside `bcrypt(…)` and its like.
    pub cost: Cost,
    /// Okta's algorithm and order of the salt, or why there is none. `None` where the stored value decides.
    pub okta: Option<Result<OktaHash, NotImportable>>,
}

/// Explains an expression, or says what is wrong with it.
pub fn explain(text: &str) -> Result<Explanation, SelectionError> {
    let expression = Expression::parse(text)?;
    let mut tree = Vec::new();
    let depth = usize::from(matches!(expression.outer, Outer::Within(_)));
    let stored = match (&expression.outer, expression.node.digest_len()) {
        (Outer::Within(Inner::Of(entry)), _) => {
            tree.push((0, format!("verify as the password of a {} value", entry.name)));
            format!("a {} value: {}", entry.name, entry.layout)
        }
        (Outer::Within(Inner::Any), _) => {
            tree.push((0, "verify as the password of the stored value".into()));
            "a value of any scheme that describes itself".into()
        }
        (Outer::Digest, Some(len)) => {
            format!("{len} bytes as {} hex digits of either case, as base64, or as they are", len * 2)
        }
        (Outer::Digest | Outer::Text, _) => "exactly the text that comes out".into(),
    };
    describe(&expression.node, depth, &mut tree);
    let needs: Vec<String> = Variable::ALL
        .iter()
        .filter(|(_, variable)| *variable != Variable::Pass)
        .filter(|(_, variable)| expression.node.mentions(&Node::Variable(*variable)))
        .map(|(_, variable)| variable.name())
        .collect();
    let sample = sample();
    let measure = plan::measure(&expression.node, &sample, plan::USUAL_PASSWORD);
    Ok(Explanation { tree, stored, needs, cost: Cost::nanos(measure.nanos), okta: okta(&expression) })
}

/// All functions, each as it is called. Digest functions have a form with `_bin` behind the name as well.
pub fn functions() -> Vec<String> {
    let functions = Function::names().into_iter().filter_map(|name| Function::named(&name));
    functions.map(Function::signature).collect()
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
        rounds: Some(1000),
    }
}

fn okta(expression: &Expression) -> Option<Result<OktaHash, NotImportable>> {
    let digest = vec![0; expression.node.digest_len().unwrap_or(1)];
    let credential = Credential { stored: &digest, ..sample() };
    if matches!(expression.outer, Outer::Within(_)) {
        let as_it_is = expression.node == Node::Variable(Variable::Pass);
        let reason = "the password is changed before it is hashed, which Okta cannot do";
        return if as_it_is { None } else { Some(Err(NotImportable(reason.into()))) };
    }
    Some(match expression.read(&credential, &Limits::default()) {
        Ok(construction) => construction.okta(),
        Err(Refusal::Unreadable(why) | Refusal::TooCostly(why)) => Err(NotImportable(why)),
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
                Parameter::Number(_) => None,
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

fn title(function: Function, numbers: &[u32]) -> String {
    let form = match (function.digest_len(numbers), function.is_raw()) {
        (None, _) => "",
        (Some(_), true) => ", as raw bytes",
        (Some(_), false) => ", in hex",
    };
    let what = match (function, numbers) {
        (Function::Digest(digest, _), _) => digest.title().to_owned(),
        (Function::Hmac(digest, _), _) => format!("HMAC with {}", digest.title()),
        (Function::Pbkdf2(digest, _), [rounds, bytes]) => {
            format!("PBKDF2 with {}, {rounds} rounds, {bytes} bytes", digest.title())
        }
        (Function::Iterate, [rounds]) => format!("{rounds} rounds: first, then next again and again"),
        (other, _) => other.name(),
    };
    format!("{what}{form}")
}
