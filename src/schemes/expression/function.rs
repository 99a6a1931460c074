//! The functions that an expression may call: their names, their arguments, and what each makes of bytes.

use zeroize::Zeroizing;

use crate::schemes::digest::Digest;
use crate::schemes::encoding;

/// A function of bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Function {
    /// `sha1(x)`.
    Digest(Digest, Form),
    /// `hmac_sha1(key, message)`.
    Hmac(Digest, Form),
    /// `pbkdf2_sha1(password, salt, rounds, bytes)`.
    Pbkdf2(Digest, Form),
    /// `iterate(rounds, first, next)`: `first`, then `next` again and again; `rounds` results in all.
    Iterate,
    /// ASCII letters to lower case, as PHP 8 and C do.
    Lower,
    /// ASCII letters to upper case.
    Upper,
    /// UTF-8 to UTF-16, little end first.
    Utf16Le,
    /// Bytes to lower-case hex digits.
    Hex,
    /// Hex digits of either case to bytes.
    Unhex,
    /// Bytes to base64.
    Base64,
    /// Base64 to bytes.
    Unbase64,
}

/// What a digest function gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// Lower-case hex digits.
    Hex,
    /// The digest's own bytes: a name with `_bin`.
    Raw,
}

/// What stands at one place of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Parameter {
    /// An expression.
    Bytes(&'static str),
    /// An expression in which `$_` is the round before.
    Round(&'static str),
    /// A number from 1.
    Number(&'static str),
}

const ONE: &[Parameter] = &[Parameter::Bytes("bytes")];
/// The longest key that PBKDF2 is asked for, in bytes.
const MAX_KEY: u32 = 1024;

impl Function {
    /// The function of that name.
    pub(super) fn named(name: &str) -> Option<Self> {
        let plain = match name {
            "iterate" => Self::Iterate,
            "lower" => Self::Lower,
            "upper" => Self::Upper,
            "utf16le" => Self::Utf16Le,
            "hex" => Self::Hex,
            "unhex" => Self::Unhex,
            "base64" => Self::Base64,
            "unbase64" => Self::Unbase64,
            _ => {
                let (name, form) = name.strip_suffix("_bin").map_or((name, Form::Hex), |n| (n, Form::Raw));
                return if let Some(digest) = name.strip_prefix("hmac_") {
                    Digest::named(digest).map(|digest| Self::Hmac(digest, form))
                } else if let Some(digest) = name.strip_prefix("pbkdf2_") {
                    Digest::named(digest).map(|digest| Self::Pbkdf2(digest, form))
                } else {
                    Digest::named(name).map(|digest| Self::Digest(digest, form))
                };
            }
        };
        Some(plain)
    }

    /// All names, for messages and help.
    pub(super) fn names() -> Vec<String> {
        let digests = || Digest::ALL.iter().copied().map(Digest::name);
        let mut names: Vec<String> = digests().map(str::to_owned).collect();
        names.extend(digests().map(|digest| format!("hmac_{digest}")));
        names.extend(digests().map(|digest| format!("pbkdf2_{digest}")));
        let plain = ["iterate", "lower", "upper", "utf16le", "hex", "unhex", "base64", "unbase64"];
        names.extend(plain.map(str::to_owned));
        names
    }

    /// The name in expressions, without `_bin`.
    pub(super) fn name(self) -> String {
        match self {
            Self::Digest(digest, _) => digest.name().into(),
            Self::Hmac(digest, _) => format!("hmac_{}", digest.name()),
            Self::Pbkdf2(digest, _) => format!("pbkdf2_{}", digest.name()),
            Self::Iterate => "iterate".into(),
            Self::Lower => "lower".into(),
            Self::Upper => "upper".into(),
            Self::Utf16Le => "utf16le".into(),
            Self::Hex => "hex".into(),
            Self::Unhex => "unhex".into(),
            Self::Base64 => "base64".into(),
            Self::Unbase64 => "unbase64".into(),
        }
    }

    /// How it is called: `hmac_md5(key, message)`.
    pub(super) fn signature(self) -> String {
        let names = self.parameters().iter().map(|parameter| match parameter {
            Parameter::Bytes(name) | Parameter::Round(name) | Parameter::Number(name) => *name,
        });
        format!("{}({})", self.name(), names.collect::<Vec<_>>().join(", "))
    }

    /// Its arguments, in order.
    pub(super) fn parameters(self) -> &'static [Parameter] {
        match self {
            Self::Hmac(..) => &[Parameter::Bytes("key"), Parameter::Bytes("message")],
            Self::Pbkdf2(..) => &[
                Parameter::Bytes("password"),
                Parameter::Bytes("salt"),
                Parameter::Number("rounds"),
                Parameter::Number("bytes"),
            ],
            Self::Iterate => {
                &[Parameter::Number("rounds"), Parameter::Bytes("first"), Parameter::Round("next")]
            }
            _ => ONE,
        }
    }

    /// What is wrong with these numbers, if anything.
    pub(super) fn refuses(self, numbers: &[u32]) -> Option<String> {
        match (self, numbers) {
            (Self::Iterate, [0 | 1]) => Some("a number from 2".into()),
            (_, [.., 0]) => Some("a number from 1".into()),
            (Self::Pbkdf2(..), [_, bytes]) if *bytes > MAX_KEY => Some(format!("at most {MAX_KEY} bytes")),
            _ => None,
        }
    }

    /// Length of a digest's own bytes; `None` for what is no digest.
    pub(super) fn digest_len(self, numbers: &[u32]) -> Option<usize> {
        match self {
            Self::Digest(digest, _) | Self::Hmac(digest, _) => Some(digest.len()),
            Self::Pbkdf2(..) => numbers.last().map(|&bytes| bytes as usize),
            _ => None,
        }
    }

    /// Whether a digest function gives raw bytes.
    pub(super) fn is_raw(self) -> bool {
        matches!(self, Self::Digest(_, Form::Raw) | Self::Hmac(_, Form::Raw) | Self::Pbkdf2(_, Form::Raw))
    }

    /// Its result; `None` where `unhex` or `unbase64` meets something else. `iterate` is not computed here.
    pub(super) fn call(self, arguments: &[&[u8]], numbers: &[u32]) -> Option<Zeroizing<Vec<u8>>> {
        let first = *arguments.first()?;
        let formed = |bytes: Zeroizing<Vec<u8>>, form| match form {
            Form::Raw => bytes,
            Form::Hex => Zeroizing::new(encoding::to_hex(&bytes).into_bytes()),
        };
        let result = match self {
            Self::Digest(digest, form) => formed(digest.of(&[first]), form),
            Self::Hmac(digest, form) => formed(digest.hmac(first, arguments.get(1)?), form),
            Self::Pbkdf2(digest, form) => {
                let (&rounds, &bytes) = (numbers.first()?, numbers.get(1)?);
                formed(digest.pbkdf2(first, arguments.get(1)?, rounds, bytes as usize), form)
            }
            Self::Lower => Zeroizing::new(first.to_ascii_lowercase()),
            Self::Upper => Zeroizing::new(first.to_ascii_uppercase()),
            Self::Utf16Le => {
                let text = String::from_utf8_lossy(first);
                Zeroizing::new(text.encode_utf16().flat_map(u16::to_le_bytes).collect())
            }
            Self::Hex => formed(Zeroizing::new(first.to_vec()), Form::Hex),
            Self::Unhex => Zeroizing::new(encoding::from_hex(first)?),
            Self::Base64 => Zeroizing::new(encoding::to_base64(first).into_bytes()),
            Self::Unbase64 => Zeroizing::new(encoding::from_base64_any(first)?),
            Self::Iterate => return None,
        };
        Some(result)
    }
}
