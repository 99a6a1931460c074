//! What the schemes cost: `cargo bench --bench schemes`.
//!
//! Reading a stored value of each scheme, which is to recognise it and to take it apart; expressions against the same
//! written out by hand with the same crates, interleaved in one run, of which the ratios are to be trusted more than
//! the figures; what a block of each digest takes; and what reading allocates against what it returns.

use std::hint::black_box;
use std::io::Write;
use std::time::Instant;

use hmac::{Hmac, KeyInit, Mac};
use keyferry::schemes::{Credential, Entry, Hash, Limits, Scratch, Selection, Verdict, digests, entries};
use md5::{Digest, Md5};
use sha1::Sha1;
use sha2::{Sha256, Sha512};
use subtle::ConstantTimeEq;

type Failure = Box<dyn std::error::Error>;

const PASSWORD: &[u8] = b"correct horse battery";
const SALT: &[u8] = b"7a1f8c20e3";
/// Measurements of which the median counts. Each is short, so that few of them are interrupted by other processes.
const TIMES: usize = 101;
/// Rounds to measure a digest by.
const ROUNDS: u32 = 64;

fn main() -> Result<(), Failure> {
    let cores = std::thread::available_parallelism()?;
    say(&format!("on {cores} cores"))?;
    reading()?;
    expressions()?;
    blocks()?;
    allocations()
}

/// Time to read the example of each scheme: by `auto` where that recognises it, else by its name.
fn reading() -> Result<(), Failure> {
    let (mut auto, mut named) = (Vec::new(), Vec::new());
    for entry in entries() {
        let selection = selection(entry)?;
        let credential = example(entry);
        let limits = Limits::default();
        selection.read(&credential, &limits)?;
        let nanos = median(|| {
            repeat(200, || {
                let _ = black_box(selection.read(black_box(&credential), &limits));
            })
        });
        if entry.auto() { &mut auto } else { &mut named }.push((nanos, entry.name));
    }
    say("\nreading a stored value         median    slowest")?;
    for (how, mut all) in [("recognised by auto", auto), ("of a scheme by name", named)] {
        all.sort_by(|a, b| a.0.total_cmp(&b.0));
        let (Some(middle), Some((most, slowest))) = (all.get(all.len() / 2), all.last()) else { continue };
        say(&format!("{how:<24} {:>9.0} ns {most:>7.0} ns ({slowest}), of {}", middle.0, all.len()))?;
    }
    Ok(())
}

fn selection(entry: &Entry) -> Result<Selection, Failure> {
    Ok(if entry.auto() { Selection::auto() } else { Selection::parse(entry.name)? })
}

fn example(entry: &Entry) -> Credential<'static> {
    let example = &entry.example;
    Credential {
        stored: example.stored.as_bytes(),
        salt: example.salt.map(str::as_bytes),
        user: example.user,
        pepper: example.pepper.map(str::as_bytes),
        ..Credential::default()
    }
}

/// An expression, and the same by hand: the digest of the password, with the salt.
struct Pair {
    expression: &'static str,
    by_hand: fn(&[u8]) -> Vec<u8>,
    /// How often in one measurement.
    often: u32,
    check: fn(&[u8], &[u8]) -> bool,
}

/// By hand: no allocation, hex by the `hex` crate into an array, comparison in constant time.
macro_rules! pair {
    ($often:literal, $expression:literal, |$password:ident| $digest:expr) => {
        Pair {
            expression: $expression,
            by_hand: |$password| $digest.to_vec(),
            often: $often,
            check: |$password, stored| bool::from($digest.ct_eq(stored)),
        }
    };
}

fn pairs() -> Vec<Pair> {
    vec![
        pair!(500, "sha1($salt.sha1($salt.sha1($pass)))", |password| {
            let inner = hex40(&Sha1::digest(password).into());
            let middle = hex40(&Sha1::new().chain_update(SALT).chain_update(inner).finalize().into());
            Sha1::new().chain_update(SALT).chain_update(middle).finalize()
        }),
        pair!(500, "md5(md5($pass).$salt)", |password| {
            let inner = hex32(&Md5::digest(password).into());
            Md5::new().chain_update(inner).chain_update(SALT).finalize()
        }),
        pair!(500, "sha512($pass.$salt)", |password| {
            Sha512::new().chain_update(password).chain_update(SALT).finalize()
        }),
        pair!(500, "sha256(utf16le($pass).$salt)", |password| {
            let mut wide = [0; 256];
            let mut len = 0;
            for unit in std::str::from_utf8(password).unwrap_or_default().encode_utf16() {
                if let Some(to) = wide.get_mut(len..len + 2) {
                    to.copy_from_slice(&unit.to_le_bytes());
                    len += 2;
                }
            }
            let wide = wide.get(..len).unwrap_or_default();
            Sha256::new().chain_update(wide).chain_update(SALT).finalize()
        }),
        pair!(2, "iterate(1000,md5($salt.$pass),md5($_))", |password| {
            let mut digest: [u8; 16] = Md5::new().chain_update(SALT).chain_update(password).finalize().into();
            for _ in 1..1000 {
                digest = Md5::digest(hex32(&digest)).into();
            }
            digest
        }),
        pair!(2, "iterate(1000,sha1_bin($pass.$salt),sha1_bin($_.$pass.$salt))", |password| {
            let mut digest: [u8; 20] =
                Sha1::new().chain_update(password).chain_update(SALT).finalize().into();
            for _ in 1..1000 {
                let next = Sha1::new().chain_update(digest).chain_update(password).chain_update(SALT);
                digest = next.finalize().into();
            }
            digest
        }),
        pair!(500, "hmac_sha1($pass,$salt)", |password| by_hmac::<Hmac<Sha1>>(password, SALT)),
        pair!(500, "hmac_sha256($salt,$pass)", |password| by_hmac::<Hmac<Sha256>>(SALT, password)),
        pair!(2, "pbkdf2_sha256($pass,$salt,1000,32)", |password| {
            pbkdf2::pbkdf2_hmac_array::<Sha256, 32>(password, SALT, 1000)
        }),
    ]
}

fn by_hmac<M: Mac + KeyInit>(key: &[u8], message: &[u8]) -> hmac::digest::Output<M> {
    // HMAC takes a key of any length.
    M::new_from_slice(key).map(|mac| mac.chain_update(message).finalize().into_bytes()).unwrap_or_default()
}

fn hex32(digest: &[u8; 16]) -> [u8; 32] {
    let mut text = [0; 32];
    let _ = hex::encode_to_slice(digest, &mut text);
    text
}

fn hex40(digest: &[u8; 20]) -> [u8; 40] {
    let mut text = [0; 40];
    let _ = hex::encode_to_slice(digest, &mut text);
    text
}

fn expressions() -> Result<(), Failure> {
    say("\nverifying by an expression                                        here    by hand   ratio")?;
    let mut scratch = Scratch::default();
    for Pair { expression, by_hand, often, check } in pairs() {
        let stored = by_hand(PASSWORD);
        let hash = read(expression, &stored, Some(SALT))?;
        if hash.verify(PASSWORD, &mut scratch) != Verdict::Match || !check(PASSWORD, &stored) {
            return Err(format!("{expression} is not what was written by hand").into());
        }
        let (mut here, mut hand) = (Vec::new(), Vec::new());
        for _ in 0..TIMES {
            here.push(repeat(often, || {
                black_box(hash.verify(black_box(PASSWORD), &mut scratch));
            }));
            hand.push(repeat(often, || {
                black_box(check(black_box(PASSWORD), black_box(&stored)));
            }));
        }
        let (here, hand) = (middle(here), middle(hand));
        say(&format!("{expression:<60} {here:>8.0} ns {hand:>8.0} ns  {:>5.2}", here / hand))?;
    }
    let stored = [1; 20];
    let selection = Selection::parse("sha1($salt.sha1($salt.sha1($pass)))")?;
    let credential = Credential { stored: &stored, salt: Some(SALT), ..Credential::default() };
    let limits = Limits::default();
    let nanos = median(|| {
        repeat(200, || {
            let _ = black_box(selection.read(black_box(&credential), &limits));
        })
    });
    say(&format!("binding the first of them to a row {nanos:>33.0} ns"))
}

fn read(scheme: &str, stored: &[u8], salt: Option<&[u8]>) -> Result<Hash, Failure> {
    let credential = Credential { stored, salt, ..Credential::default() };
    Ok(Selection::parse(scheme)?.read(&credential, &Limits::default())?)
}

/// What digests and rounds take, against what is told of them before.
fn blocks() -> Result<(), Failure> {
    say("\n                          a digest of 16 to 64 bytes     a round of PBKDF2")?;
    say("                             measured     told            measured     told")?;
    let mut scratch = Scratch::default();
    for digest in digests() {
        let mut times = Vec::new();
        for scheme in [
            format!("iterate({},{digest}_bin($pass),{digest}_bin($_))", ROUNDS + 1),
            format!("pbkdf2_{digest}($pass,$salt,{ROUNDS},16)"),
        ] {
            let len = if scheme.starts_with("pbkdf2") { 16 } else { length(digest) };
            let hash = read(&scheme, &vec![1; len], Some(SALT))?;
            let nanos = median(|| {
                repeat(1, || {
                    black_box(hash.verify(PASSWORD, &mut scratch));
                })
            });
            let told = 1000.0 * f64::from(u32::try_from(hash.cost().micros)?);
            times.push((nanos / f64::from(ROUNDS), told / f64::from(ROUNDS)));
        }
        if let [(one, told), (round, told_round)] = times.as_slice() {
            say(&format!(
                "{digest:<24} {one:>9.0} ns {told:>5.0} ns        {round:>9.0} ns {told_round:>5.0} ns"
            ))?;
        }
    }
    Ok(())
}

/// How long a digest is: the one length that its scheme reads.
fn length(digest: &str) -> usize {
    let scheme = format!("{digest}($pass)");
    (1..=64).find(|len| read(&scheme, &vec![1; *len], None).is_ok()).unwrap_or(0)
}

/// What reading allocates, and how much of it lives on in what it returns.
fn allocations() -> Result<(), Failure> {
    let mut all = Vec::new();
    let limits = Limits::default();
    for entry in entries() {
        let selection = selection(entry)?;
        let credential = example(entry);
        selection.read(&credential, &limits)?; // compiles it, where it is an expression
        let mut kept = None;
        let info = allocation_counter::measure(|| kept = selection.read(&credential, &limits).ok());
        let lives_on = f64::from(i32::try_from(info.bytes_current)?);
        let ratio = f64::from(u32::try_from(info.bytes_total)?) / lives_on;
        all.push((ratio, info.bytes_total, info.bytes_current, info.count_total, entry.name));
        drop(kept);
    }
    all.sort_by(|a, b| b.0.total_cmp(&a.0));
    say("\nreading a stored value        allocated   returned   ratio   allocations")?;
    let least = all.len().saturating_sub(1);
    for (index, (ratio, total, returned, count, name)) in all.iter().enumerate() {
        if index < 12 || index == all.len() / 2 || index == least {
            say(&format!("{name:<28} {total:>8} B {returned:>8} B  {ratio:>6.2}   {count:>6}"))?;
        }
    }
    let mut scratch = Scratch::default();
    for Pair { expression, by_hand, .. } in pairs() {
        let hash = read(expression, &by_hand(PASSWORD), Some(SALT))?;
        hash.verify(PASSWORD, &mut scratch);
        let info = allocation_counter::measure(|| {
            hash.verify(PASSWORD, &mut scratch);
        });
        if info.count_total > 0 && hash.kind().is_none() {
            return Err(format!("{expression} allocates while verifying").into());
        }
    }
    say("verifying by any of the expressions above allocates nothing, but where a kernel does it")
}

/// Nanoseconds a call.
fn repeat(often: u32, mut run: impl FnMut()) -> f64 {
    let started = Instant::now();
    for _ in 0..often {
        run();
    }
    started.elapsed().as_secs_f64() * 1e9 / f64::from(often)
}

fn median(mut measure: impl FnMut() -> f64) -> f64 {
    middle((0..TIMES).map(|_| measure()).collect())
}

fn middle(mut all: Vec<f64>) -> f64 {
    all.sort_by(f64::total_cmp);
    all.get(all.len() / 2).copied().unwrap_or(f64::NAN)
}

fn say(line: &str) -> Result<(), Failure> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{line}")?;
    Ok(out.flush()?)
}
