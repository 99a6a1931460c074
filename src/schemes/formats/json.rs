//! Stored values that are JSON: read whole or not at all, and never quoted in a message.

use serde::de::DeserializeOwned;

use crate::schemes::construction::Refusal;

/// The objects that a value consists of, one after another, with nothing before, behind or beside them. `what` says
/// what they should be.
pub(super) fn objects<T: DeserializeOwned>(stored: &[u8], what: &str) -> Result<Vec<T>, Refusal> {
    let wrong = || Refusal::unreadable(format!("expected {what}"));
    if !(stored.starts_with(b"{") && stored.ends_with(b"}")) {
        return Err(wrong());
    }
    let objects = serde_json::Deserializer::from_slice(stored).into_iter().collect::<Result<Vec<T>, _>>();
    objects.map_err(|_| wrong())
}

/// The one object that a value is.
pub(super) fn object<T: DeserializeOwned>(stored: &[u8], what: &str) -> Result<T, Refusal> {
    let mut objects = objects(stored, what)?.into_iter();
    match (objects.next(), objects.next()) {
        (Some(only), None) => Ok(only),
        _ => Err(Refusal::unreadable(format!("expected {what}"))),
    }
}

/// Whether a text of JSON has this member, so far as can be told without reading it.
pub(super) fn mentions(text: &[u8], member: &str) -> bool {
    text.windows(member.len()).any(|window| window == member.as_bytes())
}
