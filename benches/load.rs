//! Calls a password import hook as Okta would, at a rate that does not ask how the hook fares.
//!
//!     cargo bench --bench load -- --url http://127.0.0.1:8080/okta/password-import --rate 200 --seconds 10
//!
//! With `--rate` calls set out when it is their time, whatever became of those before (an open loop), and latency
//! counts from that time, so that a service which stalls cannot make itself look quick. Without it `--connections`
//! callers each wait for their answer before they ask again (a closed loop), which finds the capacity. Right and wrong
//! passwords are mixed and every verdict is checked. The result is one JSON object on standard output.
//!
//! Calls go to the loopback only, and both time and number are bounded. `benches/peers/service.py` drives it.

use std::cell::RefCell;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::rc::Rc;
use std::thread;
use std::time::{Duration, Instant};

use clap::Parser;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::task::LocalSet;
use wire::{Answer, Failure, answer, request};

mod wire;

/// Okta hangs up after this.
const PATIENCE: Duration = Duration::from_secs(3);
/// A 503 that took longer was no refusal at once: the call was let in, and not answered.
const AT_ONCE: Duration = Duration::from_millis(500);
/// A caller of a closed loop that was refused asks again after this.
const BACK_OFF: Duration = Duration::from_millis(100);
const MOST_CALLS: f64 = 500_000.0;
const MOST_SECONDS: f64 = 120.0;
const MOST_CONNECTIONS: usize = 1024;

/// Calls of a password import hook on this machine.
#[derive(Parser)]
struct Options {
    /// The hook: <http://127.0.0.1:PORT/PATH>
    #[arg(long)]
    url: Option<String>,
    /// Calls a second, evenly random as independent people's are; without it, as many as are answered
    #[arg(long)]
    rate: Option<f64>,
    /// Callers at once, without --rate
    #[arg(long, default_value_t = 8)]
    connections: usize,
    /// How long calls count
    #[arg(long, default_value_t = 10.0)]
    seconds: f64,
    /// How long calls are made before that
    #[arg(long, default_value_t = 2.0)]
    warm_up: f64,
    /// There are user1@example.com to userN@example.com
    #[arg(long, default_value_t = 10_000)]
    users: u64,
    /// userN has the password "correct-horse-M", M being the remainder of N by this
    #[arg(long, default_value_t = 32)]
    passwords: u64,
    /// Every how many calls the password is wrong, on average; 0 is never
    #[arg(long, default_value_t = 4)]
    wrong: u64,
    /// Equal seeds give equal calls at equal times
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Given by `cargo bench`
    #[arg(long, hide = true)]
    bench: bool,
}

fn main() -> Result<(), Failure> {
    let options = Options::parse();
    let Some(url) = &options.url else {
        return say("load: without --url there is nothing to call; benches/peers/run.sh uses it");
    };
    let (address, path) = target(url)?;
    let seconds = options.seconds + options.warm_up;
    if !(seconds > 0.0 && seconds <= MOST_SECONDS) {
        return Err(format!("--seconds and --warm-up together must lie in 0 to {MOST_SECONDS}").into());
    }
    let own = std::process::id();
    let cpu = wire::cpu_seconds(own)?;
    let mut result = match options.rate {
        Some(rate) if rate > 0.0 && rate * seconds <= MOST_CALLS => open(&options, address, &path, rate)?,
        Some(_) => {
            return Err(format!("--rate must be above 0, and at most {MOST_CALLS} calls in all").into());
        }
        None => closed(&options, address, &path)?,
    };
    if let Value::Object(fields) = &mut result {
        fields.insert("generator_cpu_seconds".to_owned(), json!(wire::cpu_seconds(own)? - cpu));
    }
    say(&result.to_string())
}

/// Address and path of the URL; nothing but the loopback.
fn target(url: &str) -> Result<(SocketAddr, String), Failure> {
    let rest = url.strip_prefix("http://").ok_or("--url must begin with http://")?;
    let (host, path) = rest.split_once('/').ok_or("--url needs a path")?;
    let address: SocketAddr =
        host.parse().map_err(|_| "--url needs an address and a port: 127.0.0.1:8080")?;
    if !address.ip().is_loopback() {
        return Err("--url must be on the loopback: this is a measurement, no attack".into());
    }
    Ok((address, format!("/{path}")))
}

/// Who signs in, with which password, and whether that is right.
struct Calls<'a> {
    options: &'a Options,
    path: &'a str,
    chance: Chance,
}

impl Calls<'_> {
    fn next(&mut self) -> (Vec<u8>, bool) {
        let Options { users, passwords, wrong, .. } = *self.options;
        let user = self.chance.below(users.max(1)) + 1;
        let is_wrong = wrong > 0 && self.chance.below(wrong) == 0;
        let word = if is_wrong { "mistaken" } else { "correct" };
        let password = format!("{word}-horse-{}", user % passwords.max(1));
        (request(self.path, &format!("user{user}@example.com"), &password), !is_wrong)
    }
}

/// `SplitMix64`, by Steele, Lea and Flood: small, even and the same everywhere.
struct Chance(u64);

impl Chance {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }

    /// Seconds to the next of events that come independently at this rate.
    fn gap(&mut self, rate: f64) -> f64 {
        let high = u32::try_from(self.next() >> 32).unwrap_or(u32::MAX);
        -(1.0 - f64::from(high) / 4_294_967_296.0).ln() / rate
    }
}

/// What became of a call.
enum End {
    Answered(Answer),
    /// No answer before the caller hung up.
    Late,
    /// The connection was refused, or ended.
    Broken,
}

#[derive(Default)]
struct Tally {
    offered: u32,
    good: u32,
    refused: u32,
    refused_late: u32,
    late: u32,
    wrong: u32,
    other: u32,
    broken: u32,
    /// Milliseconds: of calls that were let in, of refusals, and from a call's time until it set out.
    admitted_ms: Vec<f64>,
    refused_ms: Vec<f64>,
    lag_ms: Vec<f64>,
}

impl Tally {
    fn add(&mut self, expected: bool, end: &End, took: Duration) {
        self.offered += 1;
        let ms = took.as_secs_f64() * 1e3;
        match end {
            End::Broken => self.broken += 1,
            End::Answered(answer) if answer.status == 503 && took <= AT_ONCE => {
                self.refused += 1;
                self.refused_ms.push(ms);
            }
            End::Answered(answer) if answer.status == 503 => {
                self.refused_late += 1;
                self.refused_ms.push(ms);
            }
            End::Answered(Answer { status: 200, verified: Some(verified), .. }) => {
                self.admitted_ms.push(ms);
                if *verified != expected {
                    self.wrong += 1;
                } else if took > PATIENCE {
                    self.late += 1;
                } else {
                    self.good += 1;
                }
            }
            End::Answered(_) => self.other += 1,
            End::Late => {
                self.late += 1;
                self.admitted_ms.push(ms);
            }
        }
    }

    fn join(&mut self, mut other: Self) {
        self.offered += other.offered;
        self.good += other.good;
        self.refused += other.refused;
        self.refused_late += other.refused_late;
        self.late += other.late;
        self.wrong += other.wrong;
        self.other += other.other;
        self.broken += other.broken;
        self.admitted_ms.append(&mut other.admitted_ms);
        self.refused_ms.append(&mut other.refused_ms);
        self.lag_ms.append(&mut other.lag_ms);
    }

    fn told(self, mode: &str, seconds: f64) -> Value {
        // Everything that was neither refused at once nor kept from connecting.
        let admitted = self.offered - self.refused - self.broken;
        json!({
            "mode": mode,
            "seconds": seconds,
            "offered": self.offered,
            "offered_per_second": f64::from(self.offered) / seconds,
            "good": self.good,
            "goodput": f64::from(self.good) / seconds,
            "refused": self.refused,
            "refused_late": self.refused_late,
            "late": self.late,
            "wrong": self.wrong,
            "other": self.other,
            "broken": self.broken,
            "admitted": admitted,
            "in_time_of_admitted": (admitted > 0).then(|| f64::from(self.good) / f64::from(admitted)),
            "admitted_ms": percentiles(self.admitted_ms),
            "refused_ms": percentiles(self.refused_ms),
            "lag_ms": percentiles(self.lag_ms),
        })
    }
}

fn percentiles(mut all: Vec<f64>) -> Value {
    all.sort_by(f64::total_cmp);
    let at = |thousandths: usize| {
        let index = (all.len() * thousandths).div_ceil(1000).max(1) - 1;
        all.get(index).copied()
    };
    json!({ "p50": at(500), "p95": at(950), "p99": at(990), "p999": at(999), "max": all.last() })
}

/// Calls at their own times. One thread: it only writes and reads.
fn open(options: &Options, address: SocketAddr, path: &str, rate: f64) -> Result<Value, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let tally = Rc::new(RefCell::new(Tally::default()));
    let kept = Rc::new(RefCell::new(Vec::new()));
    let mut calls = Calls { options, path, chance: Chance(options.seed) };
    let mut times = Chance(!options.seed);
    LocalSet::new().block_on(&runtime, async {
        let start = Instant::now();
        let (mut at, end) = (0.0, options.warm_up + options.seconds);
        let mut tasks = Vec::new();
        loop {
            at += times.gap(rate);
            if at >= end {
                break;
            }
            let (bytes, expected) = calls.next();
            let counts = at >= options.warm_up;
            let due = start + Duration::from_secs_f64(at);
            tokio::time::sleep_until(due.into()).await;
            let (tally, kept) = (Rc::clone(&tally), Rc::clone(&kept));
            tasks.push(tokio::task::spawn_local(async move {
                let lag = due.elapsed();
                let limit =
                    tokio::time::timeout_at((due + PATIENCE).into(), exchange(address, &bytes, &kept));
                let end = match limit.await {
                    Ok(Ok(answer)) => End::Answered(answer),
                    Ok(Err(_)) => End::Broken,
                    Err(_) => End::Late,
                };
                if counts {
                    let mut tally = tally.borrow_mut();
                    tally.add(expected, &end, due.elapsed());
                    tally.lag_ms.push(lag.as_secs_f64() * 1e3);
                }
            }));
        }
        for task in tasks {
            task.await?;
        }
        Ok::<_, Failure>(())
    })?;
    let tally = tally.take();
    Ok(tally.told("open", options.seconds))
}

type Kept = Rc<RefCell<Vec<tokio::net::TcpStream>>>;

/// One call, on a connection that was kept or on a new one.
async fn exchange(address: SocketAddr, bytes: &[u8], kept: &Kept) -> Result<Answer, Failure> {
    // A service may close a connection that rests at the very moment when it is taken: then a new one.
    let rested = kept.borrow_mut().pop();
    if let Some(stream) = rested
        && let Ok(answer) = ask(stream, bytes, kept).await
    {
        return Ok(answer);
    }
    let stream = tokio::net::TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    ask(stream, bytes, kept).await
}

async fn ask(mut stream: tokio::net::TcpStream, bytes: &[u8], kept: &Kept) -> Result<Answer, Failure> {
    stream.write_all(bytes).await?;
    let mut read = Vec::with_capacity(1024);
    loop {
        if stream.read_buf(&mut read).await? == 0 {
            return Err("the connection ended".into());
        }
        if let Some(answer) = answer(&read)? {
            if answer.kept {
                kept.borrow_mut().push(stream);
            }
            return Ok(answer);
        }
    }
}

/// Callers that wait for their answers, each a thread with a connection: the least that a call can cost here.
fn closed(options: &Options, address: SocketAddr, path: &str) -> Result<Value, Failure> {
    if !(1..=MOST_CONNECTIONS).contains(&options.connections) {
        return Err(format!("--connections must lie in 1 to {MOST_CONNECTIONS}").into());
    }
    let start = Instant::now() + Duration::from_secs_f64(options.warm_up);
    let end = start + Duration::from_secs_f64(options.seconds);
    let mut tally = Tally::default();
    thread::scope(|scope| {
        let callers: Vec<_> = (1_u64..)
            .take(options.connections)
            .map(|caller| {
                let chance = Chance(options.seed.wrapping_add(caller << 32));
                let calls = Calls { options, path, chance };
                scope.spawn(move || caller_until(calls, address, start, end).map_err(|e| e.to_string()))
            })
            .collect();
        for caller in callers {
            tally.join(caller.join().map_err(|_| "a caller panicked")??);
        }
        Ok::<_, Failure>(())
    })?;
    let mut told = tally.told("closed", options.seconds);
    if let Value::Object(fields) = &mut told {
        fields.insert("connections".to_owned(), json!(options.connections));
    }
    Ok(told)
}

fn caller_until(
    mut calls: Calls<'_>,
    address: SocketAddr,
    start: Instant,
    end: Instant,
) -> Result<Tally, Failure> {
    let mut tally = Tally::default();
    let mut stream = connect(address)?;
    let mut buffer = [0; 4096];
    loop {
        let (bytes, expected) = calls.next();
        let asked = Instant::now();
        stream.write_all(&bytes)?;
        let mut filled = 0;
        let answer = loop {
            let read = stream.read(buffer.get_mut(filled..).unwrap_or_default())?;
            if read == 0 {
                return Err("the connection ended".into());
            }
            filled += read;
            if let Some(answer) = answer(buffer.get(..filled).unwrap_or_default())? {
                break answer;
            }
        };
        let answered = Instant::now();
        if answered >= end {
            return Ok(tally);
        }
        if !answer.kept {
            stream = connect(address)?;
        }
        let refused = answer.status == 503;
        if answered >= start {
            tally.add(expected, &End::Answered(answer), answered - asked);
        }
        if refused {
            thread::sleep(BACK_OFF);
        }
    }
}

fn connect(address: SocketAddr) -> Result<TcpStream, Failure> {
    let stream = TcpStream::connect(address)?;
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(Duration::from_secs(20)))?;
    Ok(stream)
}

fn say(line: &str) -> Result<(), Failure> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{line}")?;
    Ok(out.flush()?)
}
