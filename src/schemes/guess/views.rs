//! Where a digest of a given length could sit in a stored value.

use super::Credential;
use crate::schemes::encoding;

/// One way to take a stored value apart.
pub(super) struct View {
    /// The layout, where the value is not the digest alone.
    layout: Option<String>,
    /// Whether the layout holds a salt, and a second one.
    pub(super) salt: bool,
    pub(super) salt2: bool,
    /// Whether the layout holds the rounds.
    pub(super) rounds: bool,
}

impl View {
    fn alone() -> Self {
        Self { layout: None, salt: false, salt2: false, rounds: false }
    }

    fn by(layout: String) -> Self {
        let holds = |part: &str| layout.contains(part);
        let (salt, salt2, rounds) = (holds("{salt"), holds("{salt2"), holds("{rounds"));
        Self { layout: Some(layout), salt, salt2, rounds }
    }

    /// The expression together with the layout.
    pub(super) fn written(&self, expression: &str) -> String {
        match &self.layout {
            None => expression.to_owned(),
            Some(layout) => format!("{expression} in '{}'", layout.replace('\'', "''")),
        }
    }
}

/// What separates parts of a stored value.
const SEPARATORS: [u8; 10] = *b":$|,;*#@-_";
/// Parts of a stored value that are taken apart.
const MOST_PARTS: usize = 5;

/// All views of the value in which there is a digest of `len` bytes.
pub(super) fn of(credential: &Credential<'_>, len: usize) -> Vec<View> {
    let mut views = Vec::new();
    let Ok(stored) = std::str::from_utf8(credential.stored) else {
        if credential.stored.len() == len {
            views.push(View::alone());
        }
        return views;
    };
    if is_digest(stored, len) {
        views.push(View::alone());
    }
    let (before, rest) = prefix(stored);
    if !before.is_empty() && is_digest(rest, len) {
        views.push(View::by(format!("{before}{{digest}}")));
    }
    views.extend(packed(before, rest, len));
    for separator in SEPARATORS {
        views.extend(separated(stored, char::from(separator), len));
    }
    views
}

/// `0x` and names in braces stand before digests.
fn prefix(stored: &str) -> (&str, &str) {
    let end = match stored.find('}') {
        Some(brace) if stored.starts_with('{') => brace + 1,
        _ if stored.starts_with("0x") => 2,
        _ => 0,
    };
    stored.split_at_checked(end).unwrap_or(("", stored))
}

fn is_digest(text: &str, len: usize) -> bool {
    let hex = text.len() == len * 2 && encoding::from_hex(text.as_bytes()).is_some();
    hex || encoding::from_base64_any(text.as_bytes()).is_some_and(|bytes| bytes.len() == len)
}

/// Salt and digest one after another, as bytes in one encoding or as text.
fn packed(before: &str, rest: &str, len: usize) -> Vec<View> {
    let mut layouts = Vec::new();
    // What is hex is not base64 by accident, and base64 that needs no padding is the same with and without.
    let encoded = [
        ("hex", encoding::from_hex(rest.as_bytes())),
        ("base64", encoding::from_base64(rest.as_bytes())),
        ("b64", encoding::from_base64_unpadded(rest.as_bytes())),
    ];
    let encoded = encoded.into_iter().find_map(|(name, bytes)| Some((name, bytes?.len())));
    if let Some((name, salt)) = encoded.and_then(|(name, all)| Some((name, all.checked_sub(len)?)))
        && (1..=64).contains(&salt)
    {
        layouts.push(format!("{before}{name}({{digest:{len}}}{{salt}})"));
        layouts.push(format!("{before}{name}({{salt:{salt}}}{{digest:{len}}})"));
    }
    let digits = len * 2;
    if rest.is_ascii() && rest.len() > digits && rest.len() <= digits + 64 {
        let salt = rest.len() - digits;
        let hex = |text: Option<&str>| text.is_some_and(|text| is_digest(text, len));
        if hex(rest.get(..digits)) {
            layouts.push(format!("{before}{{digest:{digits}}}{{salt}}"));
        }
        if hex(rest.get(salt..)) {
            layouts.push(format!("{before}{{salt:{salt}}}{{digest}}"));
        }
    }
    layouts.into_iter().map(View::by).collect()
}

/// Parts between separators, one of which is the digest.
fn separated(stored: &str, separator: char, len: usize) -> Vec<View> {
    let parts: Vec<&str> = stored.split(separator).collect();
    if !(2..=MOST_PARTS).contains(&parts.len()) {
        return Vec::new();
    }
    let digests = parts.iter().enumerate().filter(|(_, part)| is_digest(part, len));
    digests.flat_map(|(digest, _)| assigned(&parts, digest, separator)).map(View::by).collect()
}

/// The ways to say what the parts beside the digest are.
fn assigned(parts: &[&str], digest: usize, separator: char) -> Vec<String> {
    let mut layouts: Vec<(Vec<String>, usize)> = vec![(Vec::new(), 0)];
    for (index, part) in parts.iter().enumerate() {
        let mut longer = Vec::new();
        for (before, salts) in layouts {
            let mut put = |text: String, salts: usize| {
                longer.push(([before.as_slice(), &[text]].concat(), salts));
            };
            if index == digest {
                put("{digest}".into(), salts);
                continue;
            }
            let number = encoding::decimal(part.as_bytes()).is_some_and(|number| number > 0);
            let word = part.len() <= 16 && !part.bytes().any(|byte| b"{}()'".contains(&byte));
            if part.is_empty() || word {
                put((*part).to_owned(), salts);
            }
            if number && !before.iter().any(|part| part == "{rounds}") {
                put("{rounds}".into(), salts);
            }
            match salts {
                _ if part.is_empty() => {}
                0 => put("{salt}".into(), 1),
                1 => put("{salt2}".into(), 2),
                _ => {}
            }
        }
        layouts = longer;
    }
    layouts.into_iter().map(|(parts, _)| parts.join(&separator.to_string())).collect()
}
