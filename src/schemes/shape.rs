//! What can be said of a value that no prefix gives away, without showing any of it.

use super::encoding;
use super::registry::{self, Entry};

/// How many schemes are named as candidates.
const NAMED: usize = 6;

/// Why `auto` does not read it, and what to do.
pub(in crate::schemes) fn unknown(stored: &[u8]) -> String {
    if stored.is_empty() {
        return "nothing is stored".into();
    }
    let candidates = candidates(stored);
    let perhaps = match candidates.as_slice() {
        [] => "of no usual digest; ".to_owned(),
        [only] => format!("perhaps `{}`, perhaps not; ", only.name),
        several => {
            let named: Vec<_> = several.iter().take(NAMED).map(|entry| format!("`{}`", entry.name)).collect();
            let more = several.len().saturating_sub(NAMED);
            let more = if more > 0 { format!(" or one of {more} more") } else { String::new() };
            format!("perhaps {}{more}; ", named.join(", "))
        }
    };
    let what = if is_hex(stored) {
        format!("{} hex digits, {perhaps}", stored.len())
    } else {
        let kind = if stored.is_ascii() { "characters" } else { "bytes" };
        let perhaps = if candidates.is_empty() { "" } else { &perhaps };
        format!("{} {kind} with no known beginning; {perhaps}", stored.len())
    };
    format!(
        "{what}name the scheme, since the value does not say, or write an expression such as `md5($salt.$pass)`; \
         `keyferry guess` finds it from a known password"
    )
}

/// Schemes whose values look so and that only their owner can name, the simplest first.
fn candidates(stored: &[u8]) -> Vec<&'static Entry> {
    let alike = |entry: &&Entry| !entry.auto() && entry.prefixes.is_empty() && looks(entry, stored);
    let mut candidates: Vec<_> = registry::entries().iter().filter(alike).collect();
    // An expression says by its length how simple it is; a format of its own kind is hardly as common.
    candidates.sort_by_key(|entry| entry.expression().map_or(usize::MAX, str::len));
    candidates
}

/// Whether the value is as long as the entry's example, and of the same alphabet.
fn looks(entry: &Entry, stored: &[u8]) -> bool {
    let example = entry.example.stored.as_bytes();
    let crypt64 = |text: &[u8]| text.iter().all(|&character| encoding::crypt64_value(character).is_some());
    let base64 = |text: &[u8]| encoding::from_base64(text).is_some();
    let same = |alphabet: &dyn Fn(&[u8]) -> bool| alphabet(example) && alphabet(stored);
    example.len() == stored.len()
        && (same(&is_hex) || (!is_hex(example) && (same(&base64) || same(&crypt64))))
}

fn is_hex(text: &[u8]) -> bool {
    text.iter().all(u8::is_ascii_hexdigit)
}
