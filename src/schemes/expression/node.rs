//! The tree of an expression as it was written, and what can be said of it without a stored value.

use super::function::{Change, Form, Function};

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
        numbers: Vec<Number>,
    },
}

/// A number that stands in a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Number {
    Literal(u32),
    /// `$rounds`, which each stored value brings.
    Rounds,
}

impl Number {
    /// Its value where `$rounds` is that.
    pub(super) fn of(self, rounds: u32) -> u32 {
        match self {
            Self::Literal(number) => number,
            Self::Rounds => rounds,
        }
    }

    pub(super) fn literal(self) -> Option<u32> {
        match self {
            Self::Literal(number) => Some(number),
            Self::Rounds => None,
        }
    }
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

/// What a part gives, as far as that does not depend on its variables.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Gives {
    /// So many bytes of digests.
    Raw(usize),
    /// So many hex digits of digests.
    Hex(usize),
    /// Anything.
    Any,
}

impl Gives {
    fn len(self) -> Option<usize> {
        match self {
            Self::Raw(len) | Self::Hex(len) => Some(len),
            Self::Any => None,
        }
    }

    fn with_len(self, len: usize) -> Self {
        match self {
            Self::Raw(_) => Self::Raw(len),
            Self::Hex(_) => Self::Hex(len),
            Self::Any => Self::Any,
        }
    }
}

impl Node {
    /// Whether that leaf occurs anywhere.
    pub(super) fn mentions(&self, leaf: &Self) -> bool {
        self == leaf || self.children().iter().any(|child| child.mentions(leaf))
    }

    /// Whether `$rounds` occurs anywhere.
    pub(super) fn needs_rounds(&self) -> bool {
        let here = matches!(self, Self::Call { numbers, .. } if numbers.contains(&Number::Rounds));
        here || self.children().iter().any(Self::needs_rounds)
    }

    /// Whether it can be run with so many rounds, wherever it takes `$rounds`.
    pub(super) fn takes_rounds(&self, rounds: u32) -> Result<(), &'static str> {
        if let Self::Call { function, arguments, numbers } = self
            && numbers.first() == Some(&Number::Rounds)
        {
            match (function, arguments.as_slice()) {
                (Function::Iterate, [first, next]) if rounds == 1 && first.gives() != next.gives() => {
                    return Err("$rounds is 1, and it takes iterate() two to come to a digest");
                }
                (Function::Scrypt(_), _) if rounds < 2 || !rounds.is_power_of_two() => {
                    return Err("$rounds is scrypt's N here, and not a power of two from 2");
                }
                _ => {}
            }
        }
        self.children().iter().try_for_each(|child| child.takes_rounds(rounds))
    }

    /// Whether it is known without the password.
    pub(super) fn is_known(&self) -> bool {
        !matches!(self, Self::Previous | Self::Variable(Variable::Pass))
            && self.children().iter().all(Self::is_known)
    }

    /// The parts that it is made of.
    pub(super) fn children(&self) -> &[Self] {
        match self {
            Self::Concat(parts) => parts,
            Self::Call { arguments, .. } => arguments,
            Self::Variable(_) | Self::Previous | Self::Text(_) => &[],
        }
    }

    /// Whether there is a digest anywhere.
    pub(super) fn has_digest(&self) -> bool {
        let digest = matches!(self, Self::Call { function, .. } if function.form().is_some());
        digest || self.children().iter().any(Self::has_digest)
    }

    /// What comes out of it.
    pub(super) fn gives(&self) -> Gives {
        match self {
            Self::Variable(_) | Self::Previous | Self::Text(_) => Gives::Any,
            Self::Concat(parts) => {
                let mut parts = parts.iter().map(Self::gives);
                let Some(first) = parts.next() else { return Gives::Any };
                parts.fold(first, |sum, part| match (sum, part) {
                    (Gives::Raw(a), Gives::Raw(b)) => Gives::Raw(a.saturating_add(b)),
                    (Gives::Hex(a), Gives::Hex(b)) => Gives::Hex(a.saturating_add(b)),
                    _ => Gives::Any,
                })
            }
            Self::Call { function, arguments, numbers } => call_gives(*function, arguments, numbers),
        }
    }

    /// Whether its length grows with that of `$_`.
    pub(super) fn grows(&self) -> bool {
        match self {
            Self::Previous => true,
            Self::Call { function, .. } if function.form().is_some() => false,
            _ => self.children().iter().any(Self::grows),
        }
    }

    /// What is compared with the stored digest. An outermost case or encoding does not change which digest is
    /// stored, since a stored digest is read as hex of either case, as base64 and as it is.
    pub(super) fn unwrapped(self) -> Self {
        let Self::Call { function, mut arguments, numbers } = self else { return self };
        if let (Function::Change(change), Some(inner)) = (function, arguments.first().map(Self::gives)) {
            let transparent = match inner {
                Gives::Hex(_) => keeps_hex(change),
                Gives::Raw(_) => matches!(change, Change::Hex | Change::Base64),
                Gives::Any => false,
            };
            if transparent && arguments.len() == 1 {
                return arguments.remove(0).unwrapped();
            }
        }
        Self::Call { function: function.raw(), arguments, numbers }
    }
}

/// Changes that leave hex digits the digits that they are, case apart.
fn keeps_hex(change: Change) -> bool {
    matches!(
        change,
        Change::Lower
            | Change::Upper
            | Change::Trim
            | Change::Latin1
            | Change::Nfc
            | Change::Nfd
            | Change::Nfkc
            | Change::Nfkd
    )
}

fn call_gives(function: Function, arguments: &[Node], numbers: &[Number]) -> Gives {
    let inner = arguments.first().map_or(Gives::Any, Node::gives);
    let last = numbers.last().and_then(|number| number.literal());
    match (function, inner) {
        (Function::Iterate, _) => arguments.last().map_or(Gives::Any, Node::gives),
        (Function::Substr, inner) => {
            let from = numbers.first().and_then(|from| from.literal());
            match (inner.len(), from, last) {
                (Some(len), Some(from), Some(length)) => {
                    inner.with_len(len.saturating_sub(from as usize).min(length as usize))
                }
                _ => Gives::Any,
            }
        }
        (Function::Change(Change::Reverse), inner) => inner,
        (Function::Change(Change::Hex), Gives::Raw(len) | Gives::Hex(len)) => {
            Gives::Hex(len.saturating_mul(2))
        }
        (Function::Change(Change::Unhex), Gives::Hex(digits)) if digits % 2 == 0 => Gives::Raw(digits / 2),
        (Function::Change(change), Gives::Hex(digits)) if keeps_hex(change) => Gives::Hex(digits),
        (Function::Change(_), _) => Gives::Any,
        (digest, _) => match (digest.digest_len(last), digest.form()) {
            (Some(len), Some(Form::Raw)) => Gives::Raw(len),
            (Some(len), Some(Form::Hex)) => Gives::Hex(len * 2),
            _ => Gives::Any,
        },
    }
}
