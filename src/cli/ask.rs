//! Asks before something that cannot be undone. A script says `--yes`; where nobody can be asked and nobody has said
//! so, nothing happens.

use std::io::{self, BufRead, IsTerminal as _};

use super::interrupt::interrupted;
use super::output::{self, Exit};

/// The longest answer that is read, in bytes.
const LONGEST: u64 = 1000;

/// What somebody who means it answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wanted {
    /// `yes`, or `y`.
    Yes,
    /// This number.
    Number(u64),
}

/// Whether to go on; the exit code after it was said why not.
pub(super) async fn confirm(question: String, wanted: Wanted, yes: bool) -> Result<(), Exit> {
    if yes {
        return Ok(());
    }
    if !io::stdin().is_terminal() {
        output::note(&format!(
            "{question}\nStandard input is no terminal, so nobody can be asked: nothing was done. A script says --yes."
        ));
        return Err(Exit::Bad);
    }
    let mend = match wanted {
        Wanted::Yes => "Type yes to go on: ".to_owned(),
        Wanted::Number(number) => format!("Type the number, {number}, to go on: "),
    };
    output::note(&format!("{question}\n{mend}"));
    let answer = tokio::select! {
        // A thread of its own, since reading a terminal blocks.
        answer = tokio::task::spawn_blocking(|| read(io::stdin().lock())) => answer.unwrap_or_default(),
        // Whoever waited for signals before has taken them away from the system, which would end us.
        _signal = interrupted() => String::new(),
    };
    if is(&answer, wanted) {
        return Ok(());
    }
    output::note("Nothing was done.");
    Err(Exit::Bad)
}

fn read(input: impl BufRead) -> String {
    let mut line = String::new();
    // What cannot be read is no consent.
    let _ = input.take(LONGEST).read_line(&mut line);
    line
}

fn is(answer: &str, wanted: Wanted) -> bool {
    let answer = answer.trim();
    match wanted {
        Wanted::Yes => answer.eq_ignore_ascii_case("yes") || answer.eq_ignore_ascii_case("y"),
        // As we write it ourselves: 1,234.
        Wanted::Number(number) => answer.replace(',', "") == number.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_was_asked_for_is_consent() {
        assert!(is("yes\n", Wanted::Yes) && is(" Y\r\n", Wanted::Yes));
        assert!(!is("", Wanted::Yes) && !is("no", Wanted::Yes) && !is("yes please", Wanted::Yes));
        assert!(is("1234\n", Wanted::Number(1234)) && is("1,234", Wanted::Number(1234)));
        assert!(
            !is("yes", Wanted::Number(1)) && !is("123", Wanted::Number(1234)) && !is("", Wanted::Number(0))
        );
    }

    #[test]
    fn an_answer_without_end_is_not_waited_for() {
        assert_eq!(read(&[b'y'; 5000][..]).len(), 1000);
        assert_eq!(read(&b"yes\nno\n"[..]), "yes\n");
    }
}
