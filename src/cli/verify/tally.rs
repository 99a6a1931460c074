//! What a batch of known passwords says of each scheme: the canary before an import. Goes to standard error, since
//! standard output holds one line for each line of the input and nothing else.

use std::collections::BTreeMap;

use super::{Answer, Outcome};
use crate::cli::output::{self, table};

/// Schemes that are counted by themselves; lines may name any number of them.
const SCHEMES: usize = 100;
/// Where the values of further schemes are counted.
const OTHERS: &str = "(others)";
/// Where no scheme was recognised.
const NONE: &str = "(none)";

/// Counts by scheme.
#[derive(Default)]
pub(super) struct Tally {
    schemes: BTreeMap<String, Counts>,
}

#[derive(Default)]
struct Counts {
    verified: u64,
    rejected: u64,
    unreadable: u64,
    too_costly: u64,
}

impl Counts {
    /// At least one password made its value, and of the others none failed to.
    fn is_proved(&self) -> bool {
        self.verified > 0 && self.rejected == 0 && self.unreadable == 0
    }
}

impl Tally {
    pub(super) fn add(&mut self, answer: &Answer) {
        let name = answer.scheme.as_deref().unwrap_or(NONE);
        let full = self.schemes.len() >= SCHEMES && !self.schemes.contains_key(name);
        let counts = self.schemes.entry(if full { OTHERS } else { name }.to_owned()).or_default();
        let count = match answer.outcome {
            Outcome::Verified => &mut counts.verified,
            Outcome::Rejected => &mut counts.rejected,
            Outcome::Unreadable => &mut counts.unreadable,
            Outcome::TooCostly => &mut counts.too_costly,
        };
        *count = count.saturating_add(1);
    }

    /// Prints the counts and the verdict on each scheme; nothing where there was no line.
    pub(super) fn print(&self) {
        if !self.schemes.is_empty() {
            output::note(&self.text());
        }
    }

    fn text(&self) -> String {
        let mut table = table(["scheme", "verified", "rejected", "unreadable", "too costly"], 1, None);
        for (scheme, counts) in &self.schemes {
            let numbers = [counts.verified, counts.rejected, counts.unreadable, counts.too_costly];
            table.add_row(std::iter::once(scheme.clone()).chain(numbers.map(|number| number.to_string())));
        }
        let names = |proved: bool| {
            let of = self.schemes.iter().filter(|(name, counts)| {
                counts.is_proved() == proved && ![NONE, OTHERS].contains(&name.as_str())
            });
            let names: Vec<_> = of.map(|(name, _)| format!("`{name}`")).collect();
            if names.is_empty() { "none".to_owned() } else { names.join(", ") }
        };
        format!(
            "{}\nProved (verified, and nothing rejected or unreadable): {}\nNot proved: {}",
            table.trim_fmt(),
            names(true),
            names(false)
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(scheme: Option<&str>, outcome: Outcome) -> Answer {
        Answer::without_hash(outcome, scheme.map(Into::into), String::new())
    }

    #[test]
    fn a_scheme_is_proved_by_a_success_without_a_failure() {
        let mut tally = Tally::default();
        for (scheme, outcome) in [
            (Some("bcrypt"), Outcome::Verified),
            (Some("bcrypt"), Outcome::Verified),
            (Some("bcrypt"), Outcome::TooCostly),
            (Some("md5($pass.$salt)"), Outcome::Verified),
            (Some("md5($pass.$salt)"), Outcome::Rejected),
            (Some("phpass"), Outcome::TooCostly),
            (Some("scrypt"), Outcome::Unreadable),
            (None, Outcome::Unreadable),
        ] {
            tally.add(&answer(scheme, outcome));
        }
        insta::assert_snapshot!(tally.text(), @r"
         scheme             verified   rejected   unreadable   too costly
        ──────────────────────────────────────────────────────────────────
         (none)                    0          0            1            0
         bcrypt                    2          0            0            1
         md5($pass.$salt)          1          1            0            0
         phpass                    0          0            0            1
         scrypt                    0          0            1            0
        Proved (verified, and nothing rejected or unreadable): `bcrypt`
        Not proved: `md5($pass.$salt)`, `phpass`, `scrypt`
        ");
    }

    #[test]
    fn any_number_of_schemes_is_counted_in_bounded_memory() {
        let mut tally = Tally::default();
        for number in 0..1000 {
            tally.add(&answer(Some(&format!("scheme{number}")), Outcome::Verified));
        }
        assert_eq!(tally.schemes.len(), SCHEMES + 1);
        assert_eq!(tally.schemes[OTHERS].verified, 900);
    }
}
