//! Binds a program to the columns of one stored value, and runs it with a password. A run allocates nothing once the
//! arena has its size.

use std::sync::Arc;

use zeroize::Zeroizing;

use super::arena::Arena;
use super::function::{Change, Form};
use super::node::Variable;
use super::program::{Key, Program, Step};
use crate::schemes::Credential;
use crate::schemes::construction::{Refusal, Scratch};
use crate::schemes::digest::{Digest, Keyed, Raw};
use crate::schemes::kernels::scrypt::{Shape, scrypt};

/// A program with all that is known without the password.
pub(super) struct Bound {
    pub(super) program: Arc<Program>,
    known: Known,
    keys: Box<[Box<dyn Keyed>]>,
    /// `$rounds`; 0 where the program does not read it.
    pub(super) rounds: u32,
}

/// The results that are known, one behind another.
#[derive(Default)]
struct Known {
    bytes: Zeroizing<Vec<u8>>,
    /// Where each ends.
    ends: Box<[usize]>,
}

impl Known {
    fn of(&self, index: usize) -> &[u8] {
        let from = index.checked_sub(1).and_then(|before| self.ends.get(before)).copied().unwrap_or(0);
        let to = self.ends.get(index).copied().unwrap_or(from);
        self.bytes.get(from..to).unwrap_or_default()
    }
}

/// What steps are given.
struct Inputs<'a> {
    password: &'a [u8],
    credential: Option<&'a Credential<'a>>,
    known: &'a Known,
    keys: &'a [Box<dyn Keyed>],
    rounds: u32,
}

/// Where the round before stands in the arena.
type Previous = (usize, usize);

/// What could not be computed. All that may fail does so when the value is read.
enum Failed {
    /// The bytes are not in the encoding that was to be taken off.
    Encoding(Change),
    /// A digest has no such parameters; they are checked before.
    Parameters,
}

impl Bound {
    /// Reads the columns and computes what is known. Limits have been checked by now.
    pub(super) fn bind(program: &Arc<Program>, credential: &Credential<'_>) -> Result<Self, Refusal> {
        for &variable in &program.columns {
            if column(variable, credential).is_none() {
                return Err(Refusal::unreadable(missing(variable)));
            }
        }
        let rounds = if program.rounds { rounds(credential)? } else { 0 };
        let known = Known::default();
        let inputs = Inputs { password: b"", credential: Some(credential), known: &known, keys: &[], rounds };
        let columns = program.columns.iter().filter_map(|variable| column(*variable, credential));
        let mut scratch = Scratch::default();
        scratch.arena = Arena::with_room(columns.map(<[u8]>::len).sum::<usize>() + program.text_len);
        let mut ends = Vec::with_capacity(program.known.len());
        for step in &program.known {
            run(step, &inputs, (0, 0), &mut scratch).map_err(|failed| match failed {
                Failed::Encoding(change) => {
                    Refusal::unreadable(format!("what {}() is given is not in that encoding", change.name()))
                }
                Failed::Parameters => Refusal::unreadable("a digest has no such parameters"),
            })?;
            ends.push(scratch.arena.top());
        }
        let known = Known { bytes: scratch.arena.into_bytes(), ends: ends.into() };
        let mut keys = Vec::with_capacity(program.keys.len()); // which does not grow and shrink, as collecting does
        keys.extend(program.keys.iter().filter_map(|(digest, place)| digest.keyed(known.of(*place))));
        Ok(Self { program: Arc::clone(program), known, keys: keys.into(), rounds })
    }

    /// Runs it; the result is all that stands in the arena, which must be empty before.
    pub(super) fn run(&self, password: &[u8], scratch: &mut Scratch) {
        let inputs =
            Inputs { password, credential: None, known: &self.known, keys: &self.keys, rounds: self.rounds };
        scratch.arena.open();
        let done = run(&self.program.root, &inputs, (0, 0), scratch);
        if done.is_err() {
            scratch.arena.cut(0); // which is no digest, and equals none
        }
    }

    /// A result that is known.
    pub(super) fn known(&self, index: usize) -> &[u8] {
        self.known.of(index)
    }
}

/// The digest that a step computes, raw whatever form the step gives it; `None` where it fails or computes none. The arena
/// must be empty, and is so afterwards.
pub(super) fn digest_of(step: &Step, bound: &Bound, password: &[u8], scratch: &mut Scratch) -> Option<Raw> {
    let Step::Digest { digest, message, .. } = step else { return None };
    let [message] = results_of([&**message], bound, password, scratch)?;
    Some(digest.raw(&[&message]))
}

/// What steps give, one by one; `None` where one fails. The arena must be empty, and is so afterwards.
pub(super) fn results_of<const N: usize>(
    steps: [&Step; N],
    bound: &Bound,
    password: &[u8],
    scratch: &mut Scratch,
) -> Option<[Zeroizing<Vec<u8>>; N]> {
    let inputs =
        Inputs { password, credential: None, known: &bound.known, keys: &bound.keys, rounds: bound.rounds };
    let results = steps.map(|step| {
        scratch.arena.open();
        let done = run(step, &inputs, (0, 0), scratch);
        let result = done.is_ok().then(|| Zeroizing::new(scratch.arena.since(0).to_vec()));
        scratch.arena.wipe();
        result
    });
    results.iter().all(Option::is_some).then(|| results.map(Option::unwrap_or_default))
}

/// The bytes that a variable stands for.
pub(super) fn column<'a>(variable: Variable, credential: &Credential<'a>) -> Option<&'a [u8]> {
    match variable {
        Variable::Pass => None,
        Variable::Salt => credential.salt,
        Variable::Salt2 => credential.salt2,
        Variable::User => credential.user.map(str::as_bytes),
        Variable::Email => credential.email.map(str::as_bytes),
        Variable::Pepper => credential.pepper,
    }
}

fn missing(variable: Variable) -> String {
    let name = variable.name();
    match variable {
        Variable::Pepper => format!("the scheme needs {name}, and none is configured"),
        _ => format!("the scheme needs {name}, and this row has none"),
    }
}

/// `$rounds`, from 1.
pub(super) fn rounds(credential: &Credential<'_>) -> Result<u32, Refusal> {
    match credential.rounds {
        Some(0) => Err(Refusal::unreadable("$rounds is 0, and there is at least one round")),
        Some(rounds) => Ok(rounds),
        None => Err(Refusal::unreadable(
            "the scheme needs $rounds, which come from the stored value: its layout must say where, \
             as in '{rounds}:{salt}:{digest}'",
        )),
    }
}

fn run(step: &Step, inputs: &Inputs<'_>, previous: Previous, scratch: &mut Scratch) -> Result<(), Failed> {
    let at = scratch.arena.top();
    match step {
        Step::Password => scratch.arena.put(inputs.password),
        Step::Previous => scratch.arena.put_again(previous.0, previous.1),
        Step::Known(index) => scratch.arena.put(inputs.known.of(*index)),
        Step::Text(text) => scratch.arena.put(text),
        Step::Column(variable) => {
            scratch.arena.put(inputs.credential.and_then(|row| column(*variable, row)).unwrap_or_default());
        }
        Step::Concat(parts) => {
            for part in parts {
                run(part, inputs, previous, scratch)?;
            }
        }
        Step::Digest { digest, form, message } => {
            let result = if let Some(message) = operand(message, inputs, previous, &scratch.arena) {
                digest.raw(&[message])
            } else {
                run(message, inputs, previous, scratch)?;
                digest.raw(&[scratch.arena.since(at)])
            };
            scratch.arena.cut(at);
            scratch.arena.put_formed(&result, *form);
        }
        Step::Hmac { digest, form, key, message } => {
            let result = coded(*digest, key, message, inputs, previous, scratch)?;
            scratch.arena.cut(at);
            scratch.arena.put_formed(result.as_deref().unwrap_or_default(), *form);
        }
        Step::Pbkdf2 { digest, form, password, salt, rounds, bytes } => {
            let between = two(password, salt, inputs, previous, scratch)?;
            let end = scratch.arena.top();
            let (before, key) = scratch.arena.room(*bytes as usize);
            let password = before.get(at..between).unwrap_or_default();
            let salt = before.get(between..end).unwrap_or_default();
            let rounds = rounds.of(inputs.rounds);
            digest.pbkdf2_into(password, salt, rounds, key).ok_or(Failed::Parameters)?;
            finish(*form, at, end, &mut scratch.arena);
        }
        Step::Scrypt { form, password, salt, n, r, p, bytes } => {
            let between = two(password, salt, inputs, previous, scratch)?;
            let end = scratch.arena.top();
            let simd = scratch.simd();
            let (before, key) = scratch.arena.room(*bytes as usize);
            let password = before.get(at..between).unwrap_or_default();
            let salt = before.get(between..end).unwrap_or_default();
            let log_n = scrypt_log_n(n.of(inputs.rounds), *r, *p).ok_or(Failed::Parameters)?;
            scrypt(simd, Shape { log_n, r: *r, p: *p }, password, salt, &mut scratch.memory, key);
            finish(*form, at, end, &mut scratch.arena);
        }
        Step::Iterate { rounds, first, next } => {
            run(first, inputs, previous, scratch)?;
            for _ in 1..rounds.of(inputs.rounds) {
                let end = scratch.arena.top();
                run(next, inputs, (at, end), scratch)?;
                scratch.arena.drop_part(at, end);
            }
        }
        Step::Substr { of, from, length } => {
            run(of, inputs, previous, scratch)?;
            scratch.arena.keep(at, *from as usize, *length as usize);
        }
        Step::Change { of, change } => {
            run(of, inputs, previous, scratch)?;
            scratch.arena.change(at, *change).ok_or(Failed::Encoding(*change))?;
        }
    }
    Ok(())
}

/// HMAC of a message. Of key and message, what is there already is not put into the arena.
fn coded(
    digest: Digest,
    key: &Key,
    message: &Step,
    inputs: &Inputs<'_>,
    previous: Previous,
    scratch: &mut Scratch,
) -> Result<Option<Raw>, Failed> {
    let at = scratch.arena.top();
    if let Key::Step(key) = key
        && operand(key, inputs, previous, &scratch.arena).is_none()
    {
        run(key, inputs, previous, scratch)?;
    }
    let between = scratch.arena.top();
    if operand(message, inputs, previous, &scratch.arena).is_none() {
        run(message, inputs, previous, scratch)?;
    }
    let message =
        operand(message, inputs, previous, &scratch.arena).unwrap_or_else(|| scratch.arena.since(between));
    Ok(match key {
        Key::Known(place) => inputs.keys.get(*place).map(|key| key.mac(message)),
        Key::Step(key) => {
            let key = operand(key, inputs, previous, &scratch.arena);
            Some(digest.hmac_raw(key.unwrap_or_else(|| scratch.arena.part(at, between)), message))
        }
    })
}

/// What is there already and need not be put into the arena to be digested.
fn operand<'a>(
    step: &Step,
    inputs: &'a Inputs<'_>,
    previous: Previous,
    arena: &'a Arena,
) -> Option<&'a [u8]> {
    match step {
        Step::Password => Some(inputs.password),
        Step::Previous => Some(arena.part(previous.0, previous.1)),
        Step::Known(index) => Some(inputs.known.of(*index)),
        _ => None,
    }
}

/// Runs two steps and tells where the second result begins.
fn two(
    first: &Step,
    second: &Step,
    inputs: &Inputs<'_>,
    previous: Previous,
    scratch: &mut Scratch,
) -> Result<usize, Failed> {
    run(first, inputs, previous, scratch)?;
    let between = scratch.arena.top();
    run(second, inputs, previous, scratch)?;
    Ok(between)
}

/// Moves a key to where its arguments stood, in its form.
fn finish(form: Form, at: usize, end: usize, arena: &mut Arena) {
    arena.drop_part(at, end);
    if form == Form::Hex {
        arena.hex(at);
    }
}

/// The logarithm of scrypt's N, where its parameters are some: N a power of two from 2, r and p from 1 with a product
/// below 2^30.
fn scrypt_log_n(n: u32, r: u32, p: u32) -> Option<u8> {
    let product = u64::from(r) * u64::from(p);
    if n < 2 || !n.is_power_of_two() || !(1..1 << 30).contains(&product) {
        return None;
    }
    u8::try_from(n.ilog2()).ok()
}
