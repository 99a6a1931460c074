//! An expression made ready to run: its steps, and which of their results are known without the password. Made once,
//! when the configuration loads; nothing here belongs to one stored value.

use super::function::{Change, Form, Function};
use super::node::{Node, Number, Variable};
use crate::schemes::digest::Digest;

/// What is to be done with a password, and what with the columns before there is one.
#[derive(Debug)]
pub(super) struct Program {
    /// What is done with a password.
    pub(super) root: Step,
    /// What is computed when a value is read, in order; [`Step::Known`] is the place in this list.
    pub(super) known: Vec<Step>,
    /// The keys of HMAC that are known then, by their places in `known`.
    pub(super) keys: Vec<(Digest, usize)>,
    /// The columns that it reads.
    pub(super) columns: Vec<Variable>,
    /// How long its texts are together.
    pub(super) text_len: usize,
    /// Whether it reads `$rounds`.
    pub(super) rounds: bool,
}

/// A part of a program. Each leaves its result at the end of the arena.
#[derive(Debug, PartialEq)]
pub(super) enum Step {
    Password,
    Previous,
    Known(usize),
    /// Only in what is computed when a value is read.
    Text(Box<[u8]>),
    /// Likewise.
    Column(Variable),
    Concat(Box<[Step]>),
    Digest {
        digest: Digest,
        form: Form,
        message: Box<Step>,
    },
    Hmac {
        digest: Digest,
        form: Form,
        key: Key,
        message: Box<Step>,
    },
    Pbkdf2 {
        digest: Digest,
        form: Form,
        password: Box<Step>,
        salt: Box<Step>,
        rounds: Number,
        bytes: u32,
    },
    Scrypt {
        form: Form,
        password: Box<Step>,
        salt: Box<Step>,
        n: Number,
        r: u32,
        p: u32,
        bytes: u32,
    },
    Iterate {
        rounds: Number,
        first: Box<Step>,
        next: Box<Step>,
    },
    Substr {
        of: Box<Step>,
        from: u32,
        length: u32,
    },
    Change {
        of: Box<Step>,
        change: Change,
    },
}

/// A key of HMAC.
#[derive(Debug, PartialEq)]
pub(super) enum Key {
    /// Known when the value is read: the place among [`Program::keys`].
    Known(usize),
    Step(Box<Step>),
}

impl Program {
    /// Makes it of a checked tree.
    pub(super) fn compile(node: &Node) -> Self {
        let mut program = Self {
            root: Step::Password,
            known: Vec::new(),
            keys: Vec::new(),
            columns: Vec::new(),
            text_len: text_len(node),
            rounds: node.needs_rounds(),
        };
        for (_, variable) in Variable::ALL {
            if variable != Variable::Pass && node.mentions(&Node::Variable(variable)) {
                program.columns.push(variable);
            }
        }
        program.root = program.step(node);
        program
    }

    /// The step of a node, what is known being set apart.
    fn step(&mut self, node: &Node) -> Step {
        if node.is_known() {
            return self.keep(plain(node));
        }
        match node {
            Node::Concat(parts) => {
                let mut steps = Vec::with_capacity(parts.len());
                let mut known = Vec::new();
                self.concat(parts, &mut steps, &mut known);
                self.flush(&mut steps, &mut known);
                if steps.len() == 1 { steps.remove(0) } else { Step::Concat(steps.into()) }
            }
            Node::Call { function: Function::Hmac(digest, form), arguments, .. } => {
                let mut arguments = arguments.iter();
                let key = match arguments.next() {
                    Some(key) if key.is_known() => {
                        let place = self.place(plain(key));
                        self.keys.push((*digest, place));
                        Key::Known(self.keys.len() - 1)
                    }
                    Some(key) => Key::Step(Box::new(self.step(key))),
                    None => Key::Step(Box::new(nothing())),
                };
                let message = Box::new(arguments.next().map_or_else(nothing, |message| self.step(message)));
                Step::Hmac { digest: *digest, form: *form, key, message }
            }
            _ => build(node, &mut |node| self.step(node)),
        }
    }

    /// Neighbours that are known become one, also where brackets stood between them.
    fn concat<'a>(&mut self, parts: &'a [Node], steps: &mut Vec<Step>, known: &mut Vec<&'a Node>) {
        for part in parts {
            match part {
                Node::Concat(inner) => self.concat(inner, steps, known),
                part if part.is_known() => known.push(part),
                part => {
                    self.flush(steps, known);
                    steps.push(self.step(part));
                }
            }
        }
    }

    fn flush(&mut self, steps: &mut Vec<Step>, known: &mut Vec<&Node>) {
        let mut plain: Vec<Step> = known.drain(..).map(plain).collect();
        match plain.len() {
            0 => {}
            1 => steps.extend(plain.pop().map(|only| self.keep(only))),
            _ => steps.push(self.keep(Step::Concat(plain.into()))),
        }
    }

    fn keep(&mut self, step: Step) -> Step {
        Step::Known(self.place(step))
    }

    /// What is used twice is computed once.
    fn place(&mut self, step: Step) -> usize {
        self.known.iter().position(|known| *known == step).unwrap_or_else(|| {
            self.known.push(step);
            self.known.len() - 1
        })
    }
}

fn text_len(node: &Node) -> usize {
    match node {
        Node::Text(text) => text.len(),
        other => other.children().iter().map(text_len).sum(),
    }
}

/// The step of a node in which nothing is set apart.
fn plain(node: &Node) -> Step {
    match node {
        Node::Concat(parts) => Step::Concat(parts.iter().map(plain).collect()),
        _ => build(node, &mut plain),
    }
}

fn build(node: &Node, step: &mut dyn FnMut(&Node) -> Step) -> Step {
    let (function, arguments, numbers) = match node {
        Node::Variable(Variable::Pass) => return Step::Password,
        Node::Variable(variable) => return Step::Column(*variable),
        Node::Previous => return Step::Previous,
        Node::Text(text) => return Step::Text(text.as_bytes().into()),
        Node::Concat(parts) => return Step::Concat(parts.iter().map(step).collect()),
        Node::Call { function, arguments, numbers } => (*function, arguments, numbers),
    };
    let mut arguments = arguments.iter();
    let mut argument = || Box::new(arguments.next().map_or_else(nothing, &mut *step));
    let mut numbers = numbers.iter().copied();
    let mut number = || numbers.next().unwrap_or(Number::Literal(1));
    let literal = |number: Number| number.literal().unwrap_or(1);
    match function {
        Function::Digest(digest, form) => Step::Digest { digest, form, message: argument() },
        Function::Hmac(digest, form) => {
            Step::Hmac { digest, form, key: Key::Step(argument()), message: argument() }
        }
        Function::Pbkdf2(digest, form) => Step::Pbkdf2 {
            digest,
            form,
            password: argument(),
            salt: argument(),
            rounds: number(),
            bytes: literal(number()),
        },
        Function::Scrypt(form) => Step::Scrypt {
            form,
            password: argument(),
            salt: argument(),
            n: number(),
            r: literal(number()),
            p: literal(number()),
            bytes: literal(number()),
        },
        Function::Iterate => Step::Iterate { rounds: number(), first: argument(), next: argument() },
        Function::Substr => {
            Step::Substr { of: argument(), from: literal(number()), length: literal(number()) }
        }
        Function::Change(change) => Step::Change { of: argument(), change },
    }
}

/// The parser sees to it that no argument is missing.
fn nothing() -> Step {
    Step::Text([].into())
}
