//! `keyferry verify --batch`: one answer for each line, in the lines' order, in constant memory.
//!
//! One thread reads, one a core verifies, this one writes. An answer goes out as soon as nobody has the next one
//! ready, so that a program may write one line and wait for its answer.

use std::io::{self, BufRead, BufReader, BufWriter, Read, Write};
use std::path::Path;
use std::sync::mpsc::{Receiver, SyncSender, TryRecvError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use anyhow::Context;
use serde::Deserialize;

use super::tally::Tally;
use super::{Answer, Outcome};
use crate::cli::Exit;
use crate::schemes::{Credential, Limits, Scratch, Selection};
use crate::secret::Secret;

/// The longest line, in bytes.
const LINE_BYTES: usize = 64 * 1024;
/// Lines that may be on their way at once.
const IN_FLIGHT: usize = 64;

/// A line of the file. Other fields are ignored, so that a list of people can be used as it is.
#[derive(Deserialize)]
struct Line {
    scheme: Option<Scheme>,
    stored: Secret,
    salt: Option<Secret>,
    salt2: Option<Secret>,
    username: Option<String>,
    email: Option<String>,
    pepper: Option<Secret>,
    password: Secret,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Scheme {
    One(String),
    List(Vec<String>),
}

/// What stands in a line.
enum Text {
    Whole(Secret),
    /// Too long to be kept.
    TooLong,
}

/// A line to verify, and where its answer goes.
struct Job {
    number: u64,
    line: Text,
    reply: SyncSender<Answer>,
}

/// `-` is standard input. `selection` holds for lines that name no scheme.
pub(super) fn run(path: &Path, selection: &Selection, limits: &Limits) -> anyhow::Result<Exit> {
    let input: Box<dyn Read + Send> = if path == Path::new("-") {
        Box::new(io::stdin())
    } else {
        let opened = std::fs::File::open(path);
        match opened {
            Ok(file) => Box::new(file),
            Err(error) => return Ok(super::misused(&format!("{} cannot be read: {error}", path.display()))),
        }
    };
    let (jobs, waiting) = sync_channel::<Job>(IN_FLIGHT);
    let (replies, answers) = sync_channel::<Receiver<Answer>>(IN_FLIGHT);
    let reader = thread::spawn(move || read(BufReader::with_capacity(LINE_BYTES, input), &jobs, &replies));
    let waiting = Arc::new(Mutex::new(waiting));
    for _ in 0..thread::available_parallelism().map_or(1, usize::from) {
        let (waiting, selection, limits) = (Arc::clone(&waiting), selection.clone(), limits.clone());
        thread::spawn(move || work(&waiting, &selection, &limits));
    }
    // When the output breaks nobody waits for the reader, which may never see another line.
    let exit = write(&answers, &mut BufWriter::new(io::stdout().lock()));
    let exit = exit.context("the answers cannot be written")?;
    match reader.join() {
        Ok(read) => read.with_context(|| format!("{} cannot be read", path.display()))?,
        Err(_) => anyhow::bail!("the reader ended unexpectedly"),
    }
    Ok(exit)
}

/// Splits the input into lines and hands each over, with the place where its answer will be.
fn read(
    mut input: impl BufRead,
    jobs: &SyncSender<Job>,
    replies: &SyncSender<Receiver<Answer>>,
) -> io::Result<()> {
    let mut number = 0;
    while let Some(line) = next_line(&mut input)? {
        number += 1;
        if matches!(&line, Text::Whole(line) if line.expose().iter().all(u8::is_ascii_whitespace)) {
            continue;
        }
        let (reply, answer) = sync_channel(1);
        if replies.send(answer).is_err() || jobs.send(Job { number, line, reply }).is_err() {
            break; // nobody writes any more
        }
    }
    Ok(())
}

/// The next line without its end; one that is too long is skipped. `None` where the input ends.
fn next_line(input: &mut impl BufRead) -> io::Result<Option<Text>> {
    let mut line = Vec::with_capacity(512);
    let limit = u64::try_from(LINE_BYTES).unwrap_or(u64::MAX).saturating_add(1);
    if input.by_ref().take(limit).read_until(b'\n', &mut line)? == 0 {
        return Ok(None);
    }
    if line.last() == Some(&b'\n') {
        line.pop();
        return Ok(Some(Text::Whole(Secret::new(line))));
    }
    if line.len() <= LINE_BYTES {
        return Ok(Some(Text::Whole(Secret::new(line)))); // the last line, without a line break
    }
    drop(Secret::new(line));
    loop {
        let (found, used) = {
            let buffer = input.fill_buf()?;
            let end = buffer.iter().position(|&byte| byte == b'\n');
            (end.is_some() || buffer.is_empty(), end.map_or(buffer.len(), |end| end + 1))
        };
        input.consume(used);
        if found {
            return Ok(Some(Text::TooLong));
        }
    }
}

fn work(waiting: &Mutex<Receiver<Job>>, selection: &Selection, limits: &Limits) {
    let mut scratch = Scratch::default();
    loop {
        let job = waiting.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(job) = job else { return };
        let answer = match job.line {
            Text::TooLong => Err(format!("longer than {LINE_BYTES} bytes")),
            Text::Whole(line) => answer(line.expose(), selection, limits, &mut scratch),
        };
        let answer = answer.unwrap_or_else(|why| Answer::unreadable(format!("line {}: {why}", job.number)));
        // Whoever waited may have gone, with the output.
        let _ = job.reply.send(answer);
    }
}

fn answer(
    line: &[u8],
    selection: &Selection,
    limits: &Limits,
    scratch: &mut Scratch,
) -> Result<Answer, String> {
    let line: Line = serde_json::from_slice(line).map_err(|error| describe(&error))?;
    let own = match &line.scheme {
        None => None,
        Some(Scheme::One(text)) => Some(Selection::parse(text)),
        Some(Scheme::List(texts)) => Some(Selection::parse_list(texts.iter().map(String::as_str))),
    };
    let own = own.transpose().map_err(|error| format!("scheme: column {}: {error}", error.column))?;
    let credential = Credential {
        stored: line.stored.expose(),
        salt: line.salt.as_ref().map(Secret::expose),
        salt2: line.salt2.as_ref().map(Secret::expose),
        user: line.username.as_deref(),
        email: line.email.as_deref(),
        pepper: line.pepper.as_ref().map(Secret::expose),
        rounds: None,
    };
    Ok(Answer::of(own.as_ref().unwrap_or(selection), &credential, line.password.expose(), limits, scratch))
}

/// What is wrong with a line, without the values that serde would quote.
fn describe(error: &serde_json::Error) -> String {
    let at = error.column();
    match error.classify() {
        serde_json::error::Category::Data => format!(
            "column {at}: expected an object of texts: stored and password, and perhaps scheme, salt, salt2, \
             username, email and pepper"
        ),
        _ => format!("column {at}: this is not JSON"),
    }
}

/// Writes the answers in order. The exit code is that of the worst.
fn write(answers: &Receiver<Receiver<Answer>>, out: &mut impl Write) -> io::Result<Exit> {
    let mut worst = Outcome::Verified;
    let mut tally = Tally::default();
    loop {
        let next = match answers.try_recv() {
            Ok(next) => next,
            Err(TryRecvError::Empty) => {
                out.flush()?;
                let Ok(next) = answers.recv() else { break };
                next
            }
            Err(TryRecvError::Disconnected) => break,
        };
        let answer = if let Ok(answer) = next.try_recv() {
            answer
        } else {
            out.flush()?;
            next.recv().map_err(|_| io::Error::other("a verification ended unexpectedly"))?
        };
        worst = match (worst, answer.outcome) {
            (Outcome::Unreadable, _) | (_, Outcome::Unreadable | Outcome::TooCostly) => Outcome::Unreadable,
            (Outcome::Rejected, _) | (_, Outcome::Rejected) => Outcome::Rejected,
            _ => Outcome::Verified,
        };
        tally.add(&answer);
        serde_json::to_writer(&mut *out, &answer)?;
        out.write_all(b"\n")?;
    }
    out.flush()?;
    tally.print();
    Ok(worst.exit())
}
