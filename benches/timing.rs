//! Whether time tells who has an account: `cargo bench --bench timing`.
//!
//! The real binary over SQLite. Calls for users with a wrong password, for names that nobody has, for inactive users and
//! for one who has failed too often go in random order over one connection. How well the times of a kind tell it from a
//! wrong password is the probability that a call of that kind took longer than one for a wrong password (the area under
//! the ROC curve, Mann-Whitney's U over its most): 0.5 is chance, 1 is certainty. Its interval is by bootstrap. It ends
//! non-zero where an interval lies farther from 0.5 than what is allowed.

use std::fs;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use sha2::{Digest, Sha256};
use sqlx::ConnectOptions;
use wire::{Failure, SECRET, answer, request};

#[expect(dead_code, reason = "the others need more of it")]
mod wire;

const PATH: &str = "/okta/password-import";
const USERS: u32 = 2_000;
const LISTEN: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 18481);
/// From 0.5: what a guesser may learn from one call.
const ALLOWED: f64 = 0.05;
const RESAMPLES: usize = 500;

/// What is called for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Wrong,
    Unknown,
    Inactive,
    Locked,
}

const KINDS: [(Kind, &str); 4] = [
    (Kind::Wrong, "wrong password"),
    (Kind::Unknown, "name that nobody has"),
    (Kind::Inactive, "inactive user"),
    (Kind::Locked, "too many failures"),
];

/// A store: how it is called, its scheme, how its values are made, and how many calls of each kind are made.
type StoreKind = (&'static str, &'static str, fn(&str) -> Result<String, Failure>, usize);

fn main() -> Result<(), Failure> {
    let stores: [StoreKind; 2] = [
        (
            "salted SHA-256",
            "sha256($salt.$pass)",
            |salt| Ok(hex::encode(Sha256::digest(format!("{salt}right")))),
            3_000,
        ),
        ("bcrypt, cost 8", "auto", |_| Ok(bcrypt::hash("right", 8)?), 1_000),
    ];
    let mut numbers = Numbers(0x9e37_79b9_7f4a_7c15);
    let mut told_apart = false;
    for (name, scheme, make, calls) in stores {
        let folder = tempfile::tempdir()?;
        let mut service = start(folder.path(), scheme, make)?;
        let times = measure(&mut numbers, calls);
        service.kill()?;
        service.wait()?;
        say(&format!("{name}, {calls} calls of each kind"))?;
        told_apart |= report(&times?, &mut numbers)?;
    }
    if told_apart { Err("time tells more than is allowed".into()) } else { Ok(()) }
}

fn report(times: &[Vec<f64>], numbers: &mut Numbers) -> Result<bool, Failure> {
    let wrong = times.first().ok_or("no times")?;
    let mut told_apart = false;
    for ((_, name), of) in KINDS.iter().zip(times) {
        let sorted = sorted(of);
        let at = |percent: usize| sorted.get(percent * sorted.len() / 100).copied().unwrap_or(0.0);
        let times = format!("  {name:22} median {:8.1} us  95 % {:8.1} us", at(50), at(95));
        let mut told = String::new();
        if !std::ptr::eq(of, wrong) {
            let mut areas: Vec<f64> =
                (0..RESAMPLES).map(|_| area(&numbers.resample(wrong), &numbers.resample(of))).collect();
            areas.sort_by(f64::total_cmp);
            let low = areas.get(RESAMPLES / 40).copied().unwrap_or(0.0);
            let high = areas.get(RESAMPLES - RESAMPLES / 40 - 1).copied().unwrap_or(1.0);
            let far = low > 0.5 + ALLOWED || high < 0.5 - ALLOWED;
            told_apart |= far;
            let verdict = if far { "TOLD APART" } else { "not told apart" };
            told = format!("  longer with p = {:.3} ({low:.3} to {high:.3}): {verdict}", area(wrong, of));
        }
        say(&format!("{times}{told}"))?;
    }
    Ok(told_apart)
}

fn sorted(times: &[f64]) -> Vec<f64> {
    let mut sorted = times.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted
}

/// The probability that one of `of` is larger than one of `than`; ties count half.
#[expect(clippy::cast_precision_loss, reason = "a few thousand")]
fn area(than: &[f64], of: &[f64]) -> f64 {
    let than = sorted(than);
    let wins: f64 = of
        .iter()
        .map(|time| {
            let below = than.partition_point(|other| other < time);
            let equal = than.partition_point(|other| other <= time) - below;
            below as f64 + equal as f64 / 2.0
        })
        .sum();
    wins / (than.len() * of.len()) as f64
}

/// Microseconds of each call, by kind.
fn measure(numbers: &mut Numbers, calls: usize) -> Result<Vec<Vec<f64>>, Failure> {
    let mut stream = connect()?;
    for _ in 0..100 {
        call(&mut stream, "user1@example.com", "right", true)?;
    }
    for _ in 0..20 {
        call(&mut stream, "victim@example.com", "guess", false)?;
    }
    let mut order: Vec<Kind> = KINDS.iter().flat_map(|(kind, _)| vec![*kind; calls]).collect();
    for place in (1..order.len()).rev() {
        order.swap(place, numbers.below(place + 1));
    }
    let mut times = vec![Vec::with_capacity(calls); KINDS.len()];
    for (number, kind) in order.into_iter().enumerate() {
        let name = match kind {
            Kind::Wrong => format!("user{}@example.com", 1 + numbers.below(USERS as usize)),
            Kind::Unknown => format!("nobody{number}@example.com"),
            Kind::Inactive => format!("gone{}@example.com", 1 + numbers.below(USERS as usize)),
            Kind::Locked => "victim@example.com".to_owned(),
        };
        let took = call(&mut stream, &name, "guess", false)?;
        let place = KINDS.iter().position(|(other, _)| *other == kind).ok_or("a kind")?;
        times.get_mut(place).ok_or("a kind")?.push(took.as_secs_f64() * 1e6);
    }
    Ok(times)
}

fn call(stream: &mut TcpStream, name: &str, password: &str, right: bool) -> Result<Duration, Failure> {
    let (request, mut buffer) = (request(PATH, name, password), [0; 2048]);
    let started = Instant::now();
    stream.write_all(&request)?;
    let mut filled = 0;
    loop {
        let read = stream.read(buffer.get_mut(filled..).unwrap_or_default())?;
        if read == 0 {
            return Err("the connection ended".into());
        }
        filled += read;
        if let Some(answer) = answer(buffer.get(..filled).unwrap_or_default())? {
            let took = started.elapsed();
            let as_expected = answer.status == 200 && answer.verified == Some(right);
            return if as_expected { Ok(took) } else { Err(format!("{name}: {}", answer.status).into()) };
        }
    }
}

fn connect() -> Result<TcpStream, Failure> {
    let started = Instant::now();
    loop {
        match TcpStream::connect(LISTEN) {
            Ok(stream) => {
                stream.set_nodelay(true)?;
                return Ok(stream);
            }
            Err(error) if started.elapsed() > Duration::from_secs(10) => return Err(error.into()),
            Err(_) => {}
        }
    }
}

fn start(folder: &Path, scheme: &str, make: fn(&str) -> Result<String, Failure>) -> Result<Child, Failure> {
    fill(&folder.join("shop.db"), make)?;
    fs::write(
        folder.join("keyferry.toml"),
        format!(
            r#"
[server]
listen = "{LISTEN}"
private_listen = "127.0.0.1:0"
[server.auth]
header = [{{ name = "Authorization", secret = "{SECRET}" }}]
[server.throttle]
failures_per_user = 20
failures_per_address = 0
window = "24h"
[[source]]
name = "shop"
url = "sqlite:shop.db"
scheme = "{scheme}"
lookup = "SELECT id, login, stored, salt, active FROM users WHERE login = :username"
users = "SELECT id, login, stored, salt, active FROM users WHERE id > :after ORDER BY id LIMIT :limit"
"#
        ),
    )?;
    let mut command = Command::new(env!("CARGO_BIN_EXE_keyferry"));
    Ok(command.arg("serve").current_dir(folder).stderr(Stdio::null()).spawn()?)
}

#[tokio::main(flavor = "current_thread")]
async fn fill(database: &Path, make: fn(&str) -> Result<String, Failure>) -> Result<(), Failure> {
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(database).create_if_missing(true);
    let mut connection = options.connect().await?;
    let table = "CREATE TABLE users (id INTEGER PRIMARY KEY, login TEXT UNIQUE, stored TEXT, salt TEXT, active INTEGER); BEGIN";
    sqlx::raw_sql(table).execute(&mut connection).await?;
    // One value for all of a kind: to make thousands of slow ones would take longer than the measuring.
    let stored = make("salt")?;
    let names = (1..=USERS).flat_map(|number| [(format!("user{number}"), 1), (format!("gone{number}"), 0)]);
    for (name, active) in names.chain([("victim".to_owned(), 1)]) {
        sqlx::query("INSERT INTO users (login, stored, salt, active) VALUES ($1, $2, 'salt', $3)")
            .bind(format!("{name}@example.com"))
            .bind(&stored)
            .bind(active)
            .execute(&mut connection)
            .await?;
    }
    sqlx::raw_sql("COMMIT").execute(&mut connection).await?;
    Ok(())
}

/// Numbers that are random enough to shuffle with: xorshift64*.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        let number = usize::try_from(self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33).unwrap_or(0);
        number % bound.max(1)
    }

    fn resample(&mut self, times: &[f64]) -> Vec<f64> {
        (0..times.len()).filter_map(|_| times.get(self.below(times.len())).copied()).collect()
    }
}

fn say(line: &str) -> Result<(), Failure> {
    Ok(writeln!(std::io::stdout(), "{line}")?)
}
