//! What becomes known of a key because some section asks for it: the raw material of the configuration reference, so
//! that no key can be missing there.

use std::time::Duration;

/// One thing that became known of a key.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Asked {
    /// Full key, with places in lists: `source[0].lookup`; `*` for names of the admin's own.
    pub(super) path: String,
    /// What it takes, in words; empty where only something else became known.
    pub(super) kind: String,
    /// As it would be written.
    pub(super) default: Option<String>,
    /// Without it the section is of no use.
    pub(super) required: bool,
    /// It is asked for only where it is there, so that a default which is handed on is none.
    pub(super) guarded: bool,
}

impl Asked {
    /// All that is known of each key, in the order in which they were first asked for. Of kinds the last counts, which is
    /// the most exact, of defaults the first.
    pub(super) fn together(asked: Vec<Self>) -> Vec<Self> {
        let mut keys: Vec<Self> = Vec::new();
        for one in asked {
            let Some(known) = keys.iter_mut().find(|known| known.path == one.path) else {
                keys.push(one);
                continue;
            };
            if !one.kind.is_empty() {
                known.kind = one.kind;
            }
            // A number behind `has` is asked for with a default that never counts.
            if known.default.is_none() && !known.guarded {
                known.default = one.default;
            }
            known.required |= one.required;
            known.guarded |= one.guarded;
        }
        keys
    }
}

/// A time as the configuration writes it: `2.5s`, `500ms`, `1m`.
pub(super) fn duration_text(duration: Duration) -> String {
    let seconds = duration.as_secs();
    match (seconds, duration.subsec_millis()) {
        (0, millis) => format!("{millis}ms"),
        (_, 0) if seconds.is_multiple_of(3600) => format!("{}h", seconds / 3600),
        (_, 0) if seconds.is_multiple_of(60) => format!("{}m", seconds / 60),
        _ => format!("{}s", duration.as_secs_f64()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_as_they_are_read() {
        for (millis, text) in [
            (500, "500ms"),
            (2_500, "2.5s"),
            (10_000, "10s"),
            (60_000, "1m"),
            (75_000, "75s"),
            (7_200_000, "2h"),
        ] {
            assert_eq!(duration_text(Duration::from_millis(millis)), text);
        }
    }

    #[test]
    fn what_became_known_of_a_key_is_put_together() {
        let path = || "a.b".to_owned();
        let asked = vec![
            Asked { path: path(), kind: "text".into(), ..Asked::default() },
            Asked { path: path(), default: Some("1".into()), ..Asked::default() },
            Asked { path: path(), kind: "secret".into(), required: true, ..Asked::default() },
            Asked { path: "a.c".into(), guarded: true, ..Asked::default() },
            Asked { path: "a.c".into(), default: Some("600".into()), ..Asked::default() },
        ];
        let together = Asked::together(asked);
        assert_eq!(together.len(), 2);
        assert_eq!((together[0].kind.as_str(), together[0].default.as_deref()), ("secret", Some("1")));
        assert!(together[0].required && together[1].default.is_none());
    }
}
