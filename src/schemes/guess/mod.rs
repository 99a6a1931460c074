//! Guessing how a stored value was made: every scheme text that could fit what is known, the likeliest first. Whoever
//! knows one password tries them in turn.
//!
//! Nothing is tried here. A candidate is what `scheme` takes in the configuration: a name or an expression.

mod constructions;
mod views;

use std::collections::HashSet;

use super::digest::Digest;
use super::registry::{self, Reader};
use super::{Credential, entries};
use constructions::Clues;

/// Scheme texts that could have made the stored value, in stages: the registry's, constructions of digests, then those
/// of many rounds, which take longer and longer. Whoever finds one in a stage needs no later one. Each text is there
/// once; many will not even read the value. What makes no difference to this password, such as lower case where it
/// has no capitals, is left out.
pub fn stages(credential: &Credential<'_>, password: &[u8]) -> Vec<Vec<String>> {
    let mut texts: Vec<String> = registered(credential);
    let clues = Clues::of(credential, password);
    let mut add = |len: usize, of: &dyn Fn(&Clues) -> Vec<String>| {
        for view in views::of(credential, len) {
            texts.extend(of(&clues.with(&view)).iter().map(|text| view.written(text)));
        }
    };
    for &digest in Digest::ALL {
        add(digest.len(), &|known| constructions::of(digest, known));
    }
    for len in constructions::KEYS {
        add(len, &|known| constructions::derived(len, known));
    }
    texts.extend(within(credential, &clues));
    let mut seen = HashSet::new();
    texts.retain(|text| seen.insert(text.clone()));
    let mut stages = vec![Vec::new(); constructions::STAGES];
    for text in texts {
        if let Some(stage) = stages.get_mut(constructions::stage(&text)) {
            stage.push(text);
        }
    }
    stages
}

/// Every entry by its name and by hashcat's numbers: first the one that recognises the value, then the simplest
/// constructions.
fn registered(credential: &Credential<'_>) -> Vec<String> {
    let own = registry::identify(credential.stored).map(|entry| entry.name);
    let mut ordered: Vec<_> = entries().iter().collect();
    ordered.sort_by_key(|entry| {
        (Some(entry.name) != own, entry.expression().map_or(usize::MAX, str::len)) // stable
    });
    let mut texts = Vec::new();
    for entry in ordered {
        texts.push(entry.name.to_owned());
        if !matches!(entry.reader, Reader::Plaintext) {
            texts.extend(entry.hashcat.iter().map(|mode| format!("hashcat:{mode}")));
        }
    }
    texts
}

/// What describes itself may have been given something else than the password: `bcrypt(md5($pass))`.
fn within(credential: &Credential<'_>, clues: &Clues) -> Vec<String> {
    let Some(entry) = registry::identify(credential.stored).filter(|entry| entry.auto()) else {
        return Vec::new();
    };
    let outer = entry.name.replace('-', "_");
    constructions::passwords(clues).into_iter().map(|inner| format!("{outer}({inner})")).collect()
}

#[cfg(test)]
mod tests;
