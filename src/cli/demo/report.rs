//! What came of the demonstration, held against what the sample store says must come of it.

use std::fmt::Write as _;

use serde::Serialize;

use super::super::Exit;
use super::super::output::{counted, table, terminal_width};
use super::migration::{Migration, Records};
use super::seed::{Route, Seeding};
use super::sign_in::{Answer, Attempt, Attempts, SignedIn};
use super::survey::Survey;
use crate::demo::store::{Fate, Person};

/// Everything that was found, and whether it is as it must be.
#[derive(Debug, Serialize)]
pub(super) struct Report {
    survey: Survey,
    seeding: Seeding,
    people: Vec<Line>,
    hook_calls: u32,
    records: Records,
    /// What did not come out as it must; empty after a good run.
    problems: Vec<String>,
}

/// One person.
#[derive(Debug, Serialize)]
struct Line {
    user: String,
    login: &'static str,
    format: &'static str,
    /// None for whoever was not created.
    route: Option<Route>,
    #[serde(flatten)]
    attempts: Option<Attempts>,
}

impl Report {
    pub(super) fn new(
        migration: &Migration,
        survey: Survey,
        seeding: Seeding,
        signed_in: SignedIn,
        records: Records,
    ) -> Self {
        let hook_calls = signed_in.hook_calls();
        let mut problems = Vec::new();
        let mut people = Vec::new();
        let attempts = signed_in.attempts.into_iter().zip(signed_in.strangers);
        for (person, (attempts, stranger)) in migration.people.iter().zip(attempts) {
            let route = seeding.created.get(person.login).copied();
            judge(person, route, attempts, stranger, &seeding, &mut problems);
            people.push(Line {
                user: format!("{} {}", person.first_name, person.last_name),
                login: person.login,
                format: person.format,
                route,
                attempts,
            });
        }
        judge_survey(&migration.people, &survey, &mut problems);
        judge_records(migration, records, &mut problems);
        Self { survey, seeding, people, hook_calls, records, problems }
    }

    /// 0 only if everything is as it must be.
    pub(super) fn exit(&self) -> Exit {
        if self.problems.is_empty() { Exit::Done } else { Exit::Failed }
    }

    #[cfg(test)]
    pub(super) fn problems(&self) -> &[String] {
        &self.problems
    }

    pub(super) fn text(&self) -> String {
        let header =
            ["user", "stored as", "went\nas", "wrong", "first", "again", "first\ntook", "hook\ncalls"];
        let mut table = table(header, 6, terminal_width());
        let mut kept = 0;
        for line in &self.people {
            let (Some(route), Some(attempts)) = (line.route, line.attempts) else { continue };
            kept += usize::from(attempts.second.answer == Answer::SignedIn);
            let milliseconds = attempts.first.micros / 1000;
            table.add_row([
                line.user.clone(),
                line.format.to_owned(),
                route_word(route).to_owned(),
                answer_word(attempts.wrong.answer).to_owned(),
                answer_word(attempts.first.answer).to_owned(),
                answer_word(attempts.second.answer).to_owned(),
                format!("{milliseconds} ms"),
                format!(
                    "{}+{}+{}",
                    attempts.wrong.hook_calls, attempts.first.hook_calls, attempts.second.hook_calls
                ),
            ]);
        }
        let mut text = format!("{}\n\n", table.trim_fmt());
        text.push_str(&self.summary(kept));
        if !self.problems.is_empty() {
            text.push_str("\n\nNot as it must be:");
            for problem in &self.problems {
                let _ = write!(text, "\n  {problem}");
            }
        }
        text
    }

    fn summary(&self, kept: usize) -> String {
        let all = self.people.len();
        let (hash, hook) = (self.seeding.by(Route::Hash), self.seeding.by(Route::Hook));
        let Records { imports, decisions } = self.records;
        let attempts = || self.people.iter().filter_map(|line| line.attempts);
        let calls = |which: fn(Attempts) -> Attempt| -> u32 {
            attempts().map(|attempts| which(attempts).hook_calls).sum()
        };
        format!(
            "{kept} of {all} people signed in to Okta with the password they always had; nobody reset anything.
  {hash} by a hash that Okta imported, {hook} by the hook; {rejected} rows were held back, for the reasons above, and {merged} merged.
  The hook was called {calls} times: {wrong} for a wrong password, {first} for a first right one, {again} for a second.
  Okta's System Log confirms {imports} imported passwords; keyferry's ledger has {verified} verified, {refused} rejected.",
            rejected = self.seeding.rejects.len(),
            merged = counted(self.seeding.merged, "row"),
            calls = self.hook_calls,
            wrong = calls(|attempts| attempts.wrong),
            first = calls(|attempts| attempts.first),
            again = calls(|attempts| attempts.second),
            verified = decisions.verified,
            refused = decisions.rejected,
        )
    }
}

/// Holds one person against their fate.
fn judge(
    person: &Person,
    route: Option<Route>,
    attempts: Option<Attempts>,
    stranger: Option<Attempt>,
    seeding: &Seeding,
    problems: &mut Vec<String>,
) {
    let mut wrong = |what: String| problems.push(format!("{}: {what}", person.login));
    let expected = match person.fate {
        Fate::Hash => Some(Route::Hash),
        Fate::Hook => Some(Route::Hook),
        Fate::Merged | Fate::Rejected(_) => None,
    };
    if route != expected {
        let word = |route: Option<Route>| route.map_or("not at all", route_word);
        wrong(format!("must go as {}, went as {}", word(expected), word(route)));
    }
    if let Fate::Rejected(reason) = person.fate {
        let id = person.id.to_string();
        let of_person =
            seeding.rejects.iter().find(|reject| reject.source == person.table.source() && reject.id == id);
        match of_person {
            Some(reject) if reject.reason.starts_with(reason) => {}
            Some(reject) => wrong(format!("must be held back as {reason}, was as {}", reject.reason)),
            None => wrong(format!("must be held back as {reason}")),
        }
    }
    if let Some(attempt) = stranger
        && attempt.answer != Answer::Refused
    {
        wrong(format!("was not created, yet their sign-in was {}", answer_word(attempt.answer)));
    }
    let (Some(route), Some(attempts)) = (route, attempts) else { return };
    let calls = u32::from(route == Route::Hook);
    let must = [
        ("with a wrong password", attempts.wrong, Answer::Refused, calls),
        ("at first", attempts.first, Answer::SignedIn, calls),
        ("again", attempts.second, Answer::SignedIn, 0),
    ];
    for (when, attempt, answer, calls) in must {
        if attempt.answer != answer {
            let (is, must) = (answer_word(attempt.answer), answer_word(answer));
            wrong(format!("signing in {when} must be {must}, was {is}"));
        }
        if attempt.hook_calls != calls {
            wrong(format!("signing in {when} must call the hook {calls} times, was {}", attempt.hook_calls));
        }
    }
}

/// Everybody was counted, each as readable or not.
fn judge_survey(people: &[Person], survey: &Survey, problems: &mut Vec<String>) {
    let damaged = |person: &&Person| person.fate == Fate::Rejected("unreadable hash");
    let unreadable = people.iter().filter(damaged).count();
    let must = (people.len() - unreadable, unreadable);
    let (readable, unreadable) = survey.counts();
    if (usize::try_from(readable), usize::try_from(unreadable)) != (Ok(must.0), Ok(must.1)) {
        problems.push(format!(
            "the survey must find {} readable and {} unreadable values, has {readable} and {unreadable}",
            must.0, must.1
        ));
    }
}

/// Each hook user was decided twice, and their password arrived.
fn judge_records(migration: &Migration, records: Records, problems: &mut Vec<String>) {
    let hook_users = migration.people.iter().filter(|person| person.fate == Fate::Hook).count();
    if records.imports != hook_users {
        problems
            .push(format!("Okta's System Log must confirm {hook_users} passwords, has {}", records.imports));
    }
    let count = u64::try_from(hook_users).unwrap_or(u64::MAX);
    let decisions = records.decisions;
    if (decisions.verified, decisions.rejected, decisions.unavailable) != (count, count, 0) {
        problems.push(format!(
            "the ledger must have {count} verified and {count} rejected sign-ins, has {} verified, {} rejected, {} unavailable",
            decisions.verified, decisions.rejected, decisions.unavailable
        ));
    }
}

fn route_word(route: Route) -> &'static str {
    match route {
        Route::Hash => "hash",
        Route::Hook => "hook",
    }
}

fn answer_word(answer: Answer) -> &'static str {
    match answer {
        Answer::SignedIn => "signed in",
        Answer::Refused => "refused",
        Answer::Broken => "broken",
    }
}
