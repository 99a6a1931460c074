//! The functions that an expression may call: their names, their arguments, and what is known of their results.

use crate::schemes::digest::Digest;

/// A function of bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Function {
    /// `sha1(x)`.
    Digest(Digest, Form),
    /// `hmac_sha1(key, message)`.
    Hmac(Digest, Form),
    /// `pbkdf2_sha1(password, salt, rounds, bytes)`.
    Pbkdf2(Digest, Form),
    /// `scrypt(password, salt, N, r, p, bytes)`.
    Scrypt(Form),
    /// `iterate(rounds, first, next)`: `first`, then `next` again and again; `rounds` results in all.
    Iterate,
    /// `substr(bytes, from, length)`, as PHP's of bytes: counted from 0, and shorter where there are no more.
    Substr,
    /// A function of one argument that is no digest.
    Change(Change),
}

/// What a digest function gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// Lower-case hex digits.
    Hex,
    /// The digest's own bytes: a name with `_bin`.
    Raw,
}

/// Another form of the same bytes. Those of characters take what is not UTF-8 for U+FFFD.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Change {
    /// ASCII letters to lower case, as PHP 8 and C do.
    Lower,
    /// ASCII letters to upper case.
    Upper,
    /// The last byte first.
    Reverse,
    /// Without the space, tab, line feed, carriage return, NUL and vertical tab at either end, as PHP's.
    Trim,
    /// UTF-8 to UTF-16, little end first.
    Utf16Le,
    /// UTF-8 to UTF-16, big end first.
    Utf16Be,
    /// UTF-8 to ISO 8859-1; `?` for each character that it has not, as PHP, Java and .NET do.
    Latin1,
    /// Unicode's canonical composition.
    Nfc,
    /// Unicode's canonical decomposition.
    Nfd,
    /// Unicode's compatibility composition.
    Nfkc,
    /// Unicode's compatibility decomposition.
    Nfkd,
    /// Bytes to lower-case hex digits.
    Hex,
    /// Hex digits of either case to bytes.
    Unhex,
    /// Bytes to base64.
    Base64,
    /// Base64 to bytes.
    Unbase64,
}

impl Change {
    const ALL: [(&'static str, Self); 15] = [
        ("lower", Self::Lower),
        ("upper", Self::Upper),
        ("reverse", Self::Reverse),
        ("trim", Self::Trim),
        ("utf16le", Self::Utf16Le),
        ("utf16be", Self::Utf16Be),
        ("latin1", Self::Latin1),
        ("nfc", Self::Nfc),
        ("nfd", Self::Nfd),
        ("nfkc", Self::Nfkc),
        ("nfkd", Self::Nfkd),
        ("hex", Self::Hex),
        ("unhex", Self::Unhex),
        ("base64", Self::Base64),
        ("unbase64", Self::Unbase64),
    ];

    /// What it does, for people.
    pub(super) fn about(self) -> &'static str {
        match self {
            Self::Lower => "ASCII letters in lower case",
            Self::Upper => "ASCII letters in upper case",
            Self::Reverse => "last byte first",
            Self::Trim => "without white space at either end",
            Self::Utf16Le => "as UTF-16, little end first",
            Self::Utf16Be => "as UTF-16, big end first",
            Self::Latin1 => "as ISO 8859-1, `?` for what it has not",
            Self::Nfc => "in Unicode's form NFC",
            Self::Nfd => "in Unicode's form NFD",
            Self::Nfkc => "in Unicode's form NFKC",
            Self::Nfkd => "in Unicode's form NFKD",
            Self::Hex => "in hex",
            Self::Unhex => "as the bytes that these hex digits stand for",
            Self::Base64 => "in base64",
            Self::Unbase64 => "as the bytes that this base64 stands for",
        }
    }

    /// The name in expressions.
    pub(super) fn name(self) -> &'static str {
        Self::ALL.iter().find(|(_, change)| *change == self).map_or("", |(name, _)| name)
    }
}

/// What stands at one place of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Parameter {
    /// An expression.
    Bytes(&'static str),
    /// An expression in which `$_` is the round before.
    Round(&'static str),
    /// A number.
    Number(&'static str),
    /// A number, or `$rounds`.
    Rounds(&'static str),
}

/// The longest key that PBKDF2 and scrypt are asked for, in bytes.
const MAX_KEY: u32 = 1024;

impl Function {
    /// The function of that name.
    pub(super) fn named(name: &str) -> Option<Self> {
        if let Some((_, change)) = Change::ALL.iter().find(|(known, _)| *known == name) {
            return Some(Self::Change(*change));
        }
        let (name, form) = name.strip_suffix("_bin").map_or((name, Form::Hex), |n| (n, Form::Raw));
        match (name, form) {
            ("iterate", Form::Hex) => Some(Self::Iterate),
            ("substr", Form::Hex) => Some(Self::Substr),
            ("scrypt", form) => Some(Self::Scrypt(form)),
            _ => {
                if let Some(digest) = name.strip_prefix("hmac_") {
                    Digest::named(digest).map(|digest| Self::Hmac(digest, form))
                } else if let Some(digest) = name.strip_prefix("pbkdf2_") {
                    Digest::named(digest).map(|digest| Self::Pbkdf2(digest, form))
                } else {
                    Digest::named(name).map(|digest| Self::Digest(digest, form))
                }
            }
        }
    }

    /// The names of those that are not built on a digest.
    pub(super) fn plain_names() -> impl Iterator<Item = &'static str> {
        ["scrypt", "iterate", "substr"].into_iter().chain(Change::ALL.iter().map(|(name, _)| *name))
    }

    /// Its arguments, in order.
    pub(super) fn parameters(self) -> &'static [Parameter] {
        match self {
            Self::Digest(..) | Self::Change(_) => &[Parameter::Bytes("bytes")],
            Self::Hmac(..) => &[Parameter::Bytes("key"), Parameter::Bytes("message")],
            Self::Pbkdf2(..) => &[
                Parameter::Bytes("password"),
                Parameter::Bytes("salt"),
                Parameter::Rounds("rounds"),
                Parameter::Number("bytes"),
            ],
            Self::Scrypt(_) => &[
                Parameter::Bytes("password"),
                Parameter::Bytes("salt"),
                Parameter::Rounds("N"),
                Parameter::Number("r"),
                Parameter::Number("p"),
                Parameter::Number("bytes"),
            ],
            Self::Iterate => {
                &[Parameter::Rounds("rounds"), Parameter::Bytes("first"), Parameter::Round("next")]
            }
            Self::Substr => {
                &[Parameter::Bytes("bytes"), Parameter::Number("from"), Parameter::Number("length")]
            }
        }
    }

    /// What is expected instead of the number at that place among the numbers, if it is wrong.
    pub(super) fn refuses(self, place: usize, number: u32) -> Option<String> {
        match (self, place) {
            (Self::Substr, 0) => None,
            (Self::Iterate, _) if number < 2 => Some("a number from 2".into()),
            (Self::Scrypt(_), 0) if number < 2 || !number.is_power_of_two() => {
                Some("a power of two from 2".into())
            }
            (_, _) if number == 0 => Some("a number from 1".into()),
            (Self::Pbkdf2(..), 1) | (Self::Scrypt(_), 3) if number > MAX_KEY => {
                Some(format!("at most {MAX_KEY} bytes"))
            }
            _ => None,
        }
    }

    /// Length of a digest's own bytes, given the last of the numbers; `None` for what is no digest.
    pub(super) fn digest_len(self, last: Option<u32>) -> Option<usize> {
        match self {
            Self::Digest(digest, _) | Self::Hmac(digest, _) => Some(digest.len()),
            Self::Pbkdf2(..) | Self::Scrypt(_) => last.map(|bytes| bytes as usize),
            Self::Iterate | Self::Substr | Self::Change(_) => None,
        }
    }

    /// In what form a digest function gives its digest.
    pub(super) fn form(self) -> Option<Form> {
        match self {
            Self::Digest(_, form) | Self::Hmac(_, form) | Self::Pbkdf2(_, form) | Self::Scrypt(form) => {
                Some(form)
            }
            Self::Iterate | Self::Substr | Self::Change(_) => None,
        }
    }

    /// The same function with the digest's own bytes for a result.
    pub(super) fn raw(self) -> Self {
        match self {
            Self::Digest(digest, _) => Self::Digest(digest, Form::Raw),
            Self::Hmac(digest, _) => Self::Hmac(digest, Form::Raw),
            Self::Pbkdf2(digest, _) => Self::Pbkdf2(digest, Form::Raw),
            Self::Scrypt(_) => Self::Scrypt(Form::Raw),
            other => other,
        }
    }
}

/// How functions are called, for help: `hmac_<digest>(key, message)`.
pub(super) fn signatures() -> Vec<String> {
    let signature = |name: &str, function: Function| {
        let names = function.parameters().iter().map(|parameter| match parameter {
            Parameter::Bytes(name)
            | Parameter::Round(name)
            | Parameter::Number(name)
            | Parameter::Rounds(name) => *name,
        });
        format!("{name}({})", names.collect::<Vec<_>>().join(", "))
    };
    let digest = Digest::Md5;
    let mut all = vec![
        signature("<digest>", Function::Digest(digest, Form::Hex)),
        signature("hmac_<digest>", Function::Hmac(digest, Form::Hex)),
        signature("pbkdf2_<digest>", Function::Pbkdf2(digest, Form::Hex)),
    ];
    all.extend(
        Function::plain_names().filter_map(|name| Function::named(name).map(|one| signature(name, one))),
    );
    all
}
