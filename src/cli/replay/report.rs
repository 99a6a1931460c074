//! What `keyferry replay` tells: a line a call, a summary, and the exit code.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{self, Write as _};
use std::time::Duration;

use indicatif::HumanCount;
use serde::Serialize;

use super::load::Run;
use super::send::{Call, Done, End};
use crate::cli::{Exit, output};
use crate::okta::hook_call::Verdict;

/// Okta hangs up after this.
const PATIENCE: Duration = Duration::from_secs(3);
/// Under load, the calls that went otherwise than expected are listed so far; all are counted.
const LISTED: usize = 20;

/// All of it.
pub(super) struct Report<'a> {
    calls: Vec<Line<'a>>,
    summary: Summary<'a>,
    /// Whether all calls are listed, or those alone that went wrong.
    is_load: bool,
    exit: Exit,
}

/// One call; serializes to its line of `--json`.
#[derive(Serialize)]
struct Line<'a> {
    name: &'a str,
    verdict: Option<&'static str>,
    expect: Option<&'static str>,
    /// Whether the verdict is the expected one; none where nothing was expected.
    met: Option<bool>,
    status: Option<u16>,
    failure: Option<String>,
    micros: u64,
    attempts: u8,
}

/// The last line of `--json`.
#[derive(Serialize)]
struct Last<'a> {
    summary: &'a Summary<'a>,
}

/// All calls together.
#[derive(Debug, Default, Serialize)]
struct Summary<'a> {
    url: &'a str,
    calls: u64,
    verified: u64,
    unverified: u64,
    /// No verdict came.
    failed: u64,
    /// Expectations that were met, and that were not.
    met: u64,
    unmet: u64,
    /// Calls without a verdict, by why.
    failures: BTreeMap<String, u64>,
    /// Calls that were asked twice.
    retried: u64,
    /// Calls that took longer than Okta waits.
    late: u64,
    /// Of calls that were made, answered or not.
    latency_micros: Option<Latency>,
    seconds: f64,
    calls_a_second: f64,
    /// Calls whose time came while too many were under way.
    unsent: u32,
    /// Calls that were under way when it was ended early.
    cut_off: u32,
    ended_early: Option<&'static str>,
}

/// Nearest ranks, in microseconds.
#[derive(Debug, PartialEq, Eq, Serialize)]
struct Latency {
    p50: u64,
    p95: u64,
    p99: u64,
    max: u64,
}

impl<'a> Report<'a> {
    pub(super) fn new(url: &'a str, calls: &'a [Call], run: &Run, is_load: bool) -> Self {
        let mut summary = Summary { url, unsent: run.unsent, cut_off: run.cut_off, ..Summary::default() };
        let mut lines = Vec::with_capacity(run.done.len());
        let mut times = Vec::with_capacity(run.done.len());
        for done in &run.done {
            let number = usize::try_from(done.number).unwrap_or_default();
            let call = number.checked_rem(calls.len()).and_then(|number| calls.get(number));
            let Some(call) = call else { continue };
            if !matches!(done.end, End::Unreachable(_)) {
                times.push(micros(done.took));
            }
            let line = Line::of(call, done);
            summary.add(&line, done);
            lines.push(line);
        }
        summary.latency_micros = Latency::of(times);
        summary.seconds = run.took.as_secs_f64();
        let count = u32::try_from(run.done.len()).unwrap_or(u32::MAX);
        summary.calls_a_second = f64::from(count) / summary.seconds.max(0.001);
        summary.ended_early = run.signal.or(run.gave_up.then_some("nobody answers there"));
        let exit = exit(run, &summary);
        Self { calls: lines, summary, is_load, exit }
    }

    /// 0 where every call had a verdict, and the expected one; 3 where one had not; 1 where there is no service that
    /// would let us in; 2 where it was interrupted.
    pub(super) fn exit(&self) -> Exit {
        self.exit
    }

    pub(super) fn print_json(&self) -> io::Result<()> {
        let mut out = io::BufWriter::new(io::stdout().lock());
        for line in &self.calls {
            serde_json::to_writer(&mut out, line)?;
            out.write_all(b"\n")?;
        }
        serde_json::to_writer(&mut out, &Last { summary: &self.summary })?;
        out.write_all(b"\n")?;
        out.flush()?;
        drop(out);
        self.note_mend();
        Ok(())
    }

    pub(super) fn print(&self) -> io::Result<()> {
        let listed: Vec<&Line<'_>> = if self.is_load {
            self.calls.iter().filter(|line| line.met == Some(false)).take(LISTED).collect()
        } else {
            self.calls.iter().collect()
        };
        if !listed.is_empty() {
            let header = ["payload", "verdict", "expected", "status", "took"];
            let mut table = output::table(header, 3, output::terminal_width());
            for line in listed {
                table.add_row(line.cells());
            }
            output::text(&format!("{}\n\n", table.trim_fmt()))?;
        }
        output::text(&self.summary.words())?;
        self.note_mend();
        Ok(())
    }

    /// What to do where nothing came of it at all.
    fn note_mend(&self) {
        if self.exit != Exit::Bad {
            return;
        }
        let url = self.summary.url;
        let first = self.calls.first().and_then(|line| line.status);
        output::note(&match first {
            None => format!("{url} cannot be reached: does the service run there? --to says where it is"),
            Some(401) => format!("{url} does not know the secret: --header or --bearer give another"),
            Some(404 | 405) => format!("{url} is not the hook: is the path that of `server.path`?"),
            Some(status) => format!("{url} answers {status}, and no verdict"),
        });
    }
}

fn exit(run: &Run, summary: &Summary<'_>) -> Exit {
    if run.signal.is_some() {
        return Exit::Failed;
    }
    // Refused, redirected, or not there: nothing was tried.
    let nothing = |end: &End| matches!(end, End::Unreachable(_) | End::Status(..=499) | End::NotAnAnswer);
    if run.gave_up || run.done.iter().all(|done| nothing(&done.end)) {
        return Exit::Bad;
    }
    if summary.unmet == 0 && summary.failed == 0 && summary.unsent == 0 {
        Exit::Done
    } else {
        Exit::WithRejects
    }
}

impl<'a> Line<'a> {
    fn of(call: &'a Call, done: &Done) -> Self {
        let verdict = done.end.verdict();
        Self {
            name: &call.name,
            verdict: verdict.map(Verdict::word),
            expect: call.expect.map(Verdict::word),
            met: call.expect.map(|expect| verdict == Some(expect)),
            status: done.end.status(),
            failure: done.end.failure(),
            micros: micros(done.took),
            attempts: done.attempts,
        }
    }

    fn cells(&self) -> [String; 5] {
        let verdict = self.verdict.map(str::to_owned).or(self.failure.clone()).unwrap_or_default();
        let expected = match (self.expect, self.met) {
            (None, _) => "-".to_owned(),
            (Some(expect), Some(true)) => format!("{expect}: met"),
            (Some(expect), _) => format!("{expect}: NOT met"),
        };
        let status = self.status.map_or_else(|| "-".to_owned(), |status| status.to_string());
        let again = if self.attempts > 1 { " (asked twice)" } else { "" };
        [self.name.to_owned(), verdict, expected, status, format!("{}{again}", output::duration(self.micros))]
    }
}

impl Summary<'_> {
    fn add(&mut self, line: &Line<'_>, done: &Done) {
        self.calls += 1;
        match done.end.verdict() {
            Some(Verdict::Verified) => self.verified += 1,
            Some(Verdict::Unverified) => self.unverified += 1,
            None => self.failed += 1,
        }
        if let Some(failure) = &line.failure {
            *self.failures.entry(failure.clone()).or_default() += 1;
        }
        self.met += u64::from(line.met == Some(true));
        self.unmet += u64::from(line.met == Some(false));
        self.retried += u64::from(done.attempts > 1);
        self.late += u64::from(done.took > PATIENCE && !matches!(done.end, End::Unreachable(_)));
    }

    fn words(&self) -> String {
        let mut text = String::new();
        let count = |count: u64| HumanCount(count).to_string();
        let _ = writeln!(
            text,
            "{} to {} in {:.1} s, {:.1} a second",
            output::counted(self.calls, "call"),
            self.url,
            self.seconds,
            self.calls_a_second
        );
        let _ = writeln!(
            text,
            "verdicts     {} VERIFIED, {} UNVERIFIED, {} without one",
            count(self.verified),
            count(self.unverified),
            count(self.failed)
        );
        for (why, calls) in &self.failures {
            let _ = writeln!(text, "             {} {why}", count(*calls));
        }
        if self.met + self.unmet > 0 {
            let _ = writeln!(text, "expected     {} met, {} not met", count(self.met), count(self.unmet));
        }
        if let Some(Latency { p50, p95, p99, max }) = &self.latency_micros {
            let [p50, p95, p99, max] = [p50, p95, p99, max].map(|micros| output::duration(*micros));
            let _ = writeln!(
                text,
                "latency      p50 {p50}, p95 {p95}, p99 {p99}, max {max}; {} over the 3 s that Okta waits",
                count(self.late)
            );
        }
        let notes = [
            (self.retried, "asked twice"),
            (self.unsent.into(), "never sent: too many were under way; --concurrency allows more"),
            (self.cut_off.into(), "under way when it ended, and not counted"),
        ];
        for (calls, what) in notes.iter().filter(|(calls, _)| *calls > 0) {
            let _ = writeln!(text, "             {} {what}", count(*calls));
        }
        if let Some(why) = self.ended_early {
            let _ = writeln!(text, "ended early  {why}");
        }
        text
    }
}

impl Latency {
    fn of(mut times: Vec<u64>) -> Option<Self> {
        times.sort_unstable();
        let at = |percent: usize| times.get((times.len() * percent).div_ceil(100).max(1) - 1).copied();
        Some(Self { p50: at(50)?, p95: at(95)?, p99: at(99)?, max: at(100)? })
    }
}

fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_nearest_ranks() {
        let of = |times: &[u64]| Latency::of(times.to_vec());
        assert_eq!(of(&[]), None);
        assert_eq!(of(&[7]), Some(Latency { p50: 7, p95: 7, p99: 7, max: 7 }));
        let hundred: Vec<u64> = (1..=100).rev().collect();
        assert_eq!(of(&hundred), Some(Latency { p50: 50, p95: 95, p99: 99, max: 100 }));
        assert_eq!(of(&[1, 2, 3]), Some(Latency { p50: 2, p95: 3, p99: 3, max: 3 }));
    }

    fn done(number: u32, end: End) -> Done {
        Done { number, attempts: 1, took: Duration::from_millis(3_500), end }
    }

    #[test]
    fn the_exit_code_tells_a_wrong_verdict_from_no_service() {
        let verified = || End::Verdict(Verdict::Verified);
        let exit = |expect: Option<Verdict>, ends: &[End]| {
            let call = Call { name: "a".into(), body: hyper::body::Bytes::new(), expect };
            let done = (0..).zip(ends).map(|(number, end)| done(number, end.clone())).collect();
            let run = Run { done, ..Run::default() };
            Report::new("http://x", &[call], &run, false).exit()
        };
        let nowhere = || End::Unreachable("refused".into());
        for (expect, ends, code) in [
            (None, &[verified()][..], Exit::Done),
            (Some(Verdict::Verified), &[verified(), verified()], Exit::Done),
            (Some(Verdict::Unverified), &[verified()], Exit::WithRejects),
            (None, &[verified(), End::Status(503)], Exit::WithRejects),
            (None, &[End::Status(503)], Exit::WithRejects),
            (None, &[End::Silent("no answer in time")], Exit::WithRejects),
            (Some(Verdict::Verified), &[verified(), nowhere()], Exit::WithRejects),
            (None, &[nowhere()], Exit::Bad),
            (None, &[End::Status(401), End::Status(401)], Exit::Bad),
            (None, &[End::NotAnAnswer], Exit::Bad),
        ] {
            assert_eq!(exit(expect, ends), code, "{expect:?} {ends:?}");
        }
    }

    #[test]
    fn what_did_not_connect_has_no_latency() {
        let call = Call { name: "a".into(), body: hyper::body::Bytes::new(), expect: None };
        let ends = [End::Unreachable("refused".into()), End::Silent("no answer in time")];
        let done = (0..).zip(ends).map(|(number, end)| done(number, end)).collect();
        let run = Run { done, ..Run::default() };
        let calls = [call];
        let report = Report::new("http://x", &calls, &run, false);
        assert_eq!((report.summary.calls, report.summary.failed, report.summary.late), (2, 2, 1));
        let words = report.summary.words();
        assert!(words.contains("p50 3.5 s") && words.contains("1 over the 3 s"), "{words}");
        assert!(words.contains("1 no connection: refused"), "{words}");
    }
}
