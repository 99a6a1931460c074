//! What the service costs around look-up and hash: `cargo bench --bench overhead`.
//!
//! The real hook (HTTP, authentication, parsing, decision, metrics, ledger, one log line a call) over a store in
//! memory whose look-up costs nothing and whose hash is one SHA-256, so that what is left is the service's own. An
//! axum service that answers a constant is measured beside it, as the floor. Then the real binary over SQLite: time
//! to the first answer, and memory when idle. Each server is a process of its own, measured by the CPU time that the
//! system counts for it.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use axum::routing::post;
use futures_util::future::BoxFuture;
use futures_util::stream::{self, BoxStream};
use futures_util::{FutureExt, StreamExt};
use keyferry::credential::Reader;
use keyferry::decision::{Decider, Metrics, PoolSettings, Store, ThrottleSettings, VerifyPool};
use keyferry::http::{Auth, HeaderSecret, Hook, hook_router};
use keyferry::ledger::Recorder;
use keyferry::schemes::{Limits, Selection};
use keyferry::secret::Secret;
use keyferry::sources::{CredentialSource, Draft, Found, Lookup, Page, PoolState, SourceError};
use sqlx::ConnectOptions;
use wire::{Failure, SECRET, answer, cpu_seconds, request};

mod wire;

/// SHA-256 of `salt` and `password`, by Python: `hashlib.sha256(b"salt" + b"password").hexdigest()`.
const STORED: &str = "13601bda4ea78e55a07b98866d2be6be0744e3866f13c00c811cab608a28f322";
const PATH: &str = "/okta/password-import";
const CALLS: usize = 100_000;
const CONNECTIONS: usize = 8;

fn main() -> Result<(), Failure> {
    match std::env::args().nth(1).as_deref() {
        Some("serve-hook") => serve(true),
        Some("serve-constant") => serve(false),
        _ => measure(),
    }
}

fn measure() -> Result<(), Failure> {
    let cores = thread::available_parallelism()?;
    say(&format!("{CALLS} calls over {CONNECTIONS} connections on {cores} cores"))?;
    let constant = cost_of("serve-constant")?;
    let hook = cost_of("serve-hook")?;
    say(&format!(
        "constant answer      {:7.1} us of CPU a call  {:8.0} calls/s",
        constant.cpu, constant.rate
    ))?;
    say(&format!("the hook             {:7.1} us of CPU a call  {:8.0} calls/s", hook.cpu, hook.rate))?;
    say(&format!(
        "the hook's own       {:7.1} us of CPU a call above the constant answer",
        hook.cpu - constant.cpu
    ))?;
    real_binary()
}

struct Cost {
    /// Microseconds of CPU a call.
    cpu: f64,
    rate: f64,
}

fn cost_of(server: &str) -> Result<Cost, Failure> {
    let mut child = Command::new(std::env::current_exe()?)
        .arg(server)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()?;
    let mut line = String::new();
    BufReader::new(child.stdout.take().ok_or("no pipe")?).read_line(&mut line)?;
    let address: SocketAddr = line.trim().parse()?;
    drive(address, CALLS / 10)?;
    let (cpu_before, started) = (cpu_seconds(child.id())?, Instant::now());
    drive(address, CALLS)?;
    let (cpu, took) = (cpu_seconds(child.id())? - cpu_before, started.elapsed().as_secs_f64());
    child.kill()?;
    child.wait()?;
    let calls = f64::from(u32::try_from(CALLS)?);
    Ok(Cost { cpu: cpu / calls * 1e6, rate: calls / took })
}

/// `CALLS` sign-ins over kept connections; every answer must be VERIFIED.
fn drive(address: SocketAddr, calls: usize) -> Result<(), Failure> {
    let request = request(PATH, "alice@example.com", "password");
    let threads: Vec<_> = (0..CONNECTIONS)
        .map(|_| {
            let request = request.clone();
            thread::spawn(move || {
                call_again(address, &request, calls / CONNECTIONS).map_err(|e| e.to_string())
            })
        })
        .collect();
    for thread in threads {
        thread.join().map_err(|_| "a client panicked")??;
    }
    Ok(())
}

fn call_again(address: SocketAddr, request: &[u8], times: usize) -> Result<(), Failure> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_nodelay(true)?;
    let mut buffer = [0; 1024];
    for _ in 0..times {
        stream.write_all(request)?;
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
        if answer.status != 200 || answer.verified != Some(true) || !answer.kept {
            return Err("an answer was not VERIFIED, or the last".into());
        }
    }
    Ok(())
}

/// A server of this process, on a free port that it prints.
#[tokio::main]
async fn serve(hook: bool) -> Result<(), Failure> {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    say(&listener.local_addr()?.to_string())?;
    let folder = tempfile::tempdir()?;
    let _logging = hook.then(|| keyferry::telemetry::start(true, "info"));
    let router = if hook {
        let reader = Reader::new(Selection::parse("sha256($salt.$pass)")?, Limits::default(), None);
        let store = Store { source: Arc::new(InMemory(Arc::from("memory"))), reader: Arc::new(reader) };
        let recorder =
            Recorder::start(format!("sqlite:{}/ledger.db", folder.path().display()), None, 100_000);
        let metrics = Arc::new(Metrics::new());
        let pool = VerifyPool::start(PoolSettings::default(), Arc::clone(&metrics))?;
        // As configured by default; all calls are right, so none is refused.
        let throttle = ThrottleSettings { per_user: 10, per_address: 500, window: Duration::from_mins(15) };
        let decider = Decider::new(vec![store], pool, throttle, recorder, metrics);
        let secret = HeaderSecret::new("authorization".parse()?, Secret::from(SECRET));
        let hook = Hook {
            decider: Arc::new(decider),
            auth: Arc::new(Auth::by_headers(vec![secret])),
            deadline: Duration::from_millis(2500),
            debug_context: false,
            record: None,
            traces: None,
        };
        hook_router(PATH, Arc::new(hook))
    } else {
        let answer = r#"{"commands":[{"type":"com.okta.action.update","value":{"credential":"VERIFIED"}}]}"#;
        axum::Router::new().route(PATH, post(async move |_: String| answer))
    };
    axum::serve(axum::serve::ListenerExt::tap_io(listener, |stream| drop(stream.set_nodelay(true))), router)
        .await?;
    Ok(())
}

/// A store whose look-up costs nothing worth measuring.
struct InMemory(Arc<str>);

impl CredentialSource for InMemory {
    fn name(&self) -> &Arc<str> {
        &self.0
    }

    fn find<'a>(&'a self, username: &'a str) -> BoxFuture<'a, Result<Lookup, SourceError>> {
        let draft = Draft {
            id: "1".to_owned(),
            login: Some(username.to_owned()),
            email: None,
            active: true,
            stored: Some(Secret::from(STORED)),
            salt: Some(Secret::from("salt")),
            salt2: None,
            pepper: None,
            scheme: None,
            last_login: None,
            groups: Vec::new(),
            profile: Vec::new(),
        };
        async move { Ok(Lookup::Found(Found::of(draft))) }.boxed()
    }

    fn stream<'a>(
        &'a self,
        _filter: Option<&'a str>,
        _after: Option<&'a str>,
    ) -> BoxStream<'a, Result<Page, SourceError>> {
        stream::empty().boxed()
    }

    fn ping(&self) -> BoxFuture<'_, Result<(), SourceError>> {
        async { Ok(()) }.boxed()
    }

    fn check(&self) -> BoxFuture<'_, Vec<SourceError>> {
        async { Vec::new() }.boxed()
    }

    fn pool(&self) -> PoolState {
        PoolState::default()
    }

    fn close(&self) -> BoxFuture<'_, ()> {
        async {}.boxed()
    }
}

/// The shipped program over a SQLite store: how soon it answers, and what it takes when it has nothing to do.
fn real_binary() -> Result<(), Failure> {
    let folder = tempfile::tempdir()?;
    fill(&folder.path().join("shop.db"))?;
    fs::write(
        folder.path().join("keyferry.toml"),
        format!(
            r#"
[server]
listen = "127.0.0.1:18480"
private_listen = "127.0.0.1:18490"
[server.auth]
header = [{{ name = "Authorization", secret = "{SECRET}" }}]
[[source]]
name = "shop"
url = "sqlite:shop.db"
scheme = "sha256($salt.$pass)"
lookup = "SELECT id, login, stored, salt FROM users WHERE login = :username"
users = "SELECT id, login, stored, salt FROM users WHERE id > :after ORDER BY id LIMIT :limit"
"#
        ),
    )?;
    let started = Instant::now();
    let mut child = Command::new(env!("CARGO_BIN_EXE_keyferry"))
        .arg("serve")
        .current_dir(folder.path())
        .stderr(Stdio::null())
        .spawn()?;
    let first = first_answer(&mut child, started);
    let idle = memory(child.id());
    let calls = CALLS / 5;
    let address = SocketAddr::from(([127, 0, 0, 1], 18480));
    let (cpu_before, driven) = (cpu_seconds(child.id()), Instant::now());
    let driving = first.as_ref().map_or(Ok(()), |_| drive(address, calls));
    let took = driven.elapsed().as_secs_f64();
    let cpu_after = cpu_seconds(child.id());
    let loaded = memory(child.id());
    child.kill()?;
    child.wait()?;
    driving?;
    say(&format!("start to first answer {:6.1} ms, over SQLite", first?.as_secs_f64() * 1e3))?;
    say(&format!("memory when idle      {:6.1} MiB", idle?))?;
    let calls = f64::from(u32::try_from(calls)?);
    let cpu = (cpu_after? - cpu_before?) / calls * 1e6;
    say(&format!(
        "over SQLite          {cpu:7.1} us of CPU a call  {:8.0} calls/s, look-up and hash included",
        calls / took
    ))?;
    say(&format!("memory after the load {:6.1} MiB", loaded?))
}

#[tokio::main(flavor = "current_thread")]
async fn fill(database: &std::path::Path) -> Result<(), Failure> {
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(database).create_if_missing(true);
    let mut connection = options.connect().await?;
    let table = "CREATE TABLE users (id INTEGER PRIMARY KEY, login TEXT UNIQUE, stored TEXT, salt TEXT)";
    sqlx::query(table).execute(&mut connection).await?;
    let insert = "INSERT INTO users VALUES (1, 'alice@example.com', $1, 'salt')";
    sqlx::query(insert).bind(STORED).execute(&mut connection).await?;
    Ok(())
}

/// Asks until the service answers, without a pause in between.
fn first_answer(child: &mut Child, started: Instant) -> Result<Duration, Failure> {
    let request = request(PATH, "alice@example.com", "password");
    let address = SocketAddr::from(([127, 0, 0, 1], 18480));
    loop {
        if call_again(address, &request, 1).is_ok() {
            return Ok(started.elapsed());
        }
        if let Some(status) = child.try_wait()? {
            return Err(format!("keyferry ended: {status}").into());
        }
        if started.elapsed() > Duration::from_secs(10) {
            return Err("no answer in 10 s".into());
        }
    }
}

/// Resident memory in MiB.
fn memory(process: u32) -> Result<f64, Failure> {
    let status = fs::read_to_string(format!("/proc/{process}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).ok_or("no VmRSS")?;
    Ok(line.trim().trim_end_matches(" kB").parse::<f64>()? / 1024.0)
}

fn say(line: &str) -> Result<(), Failure> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{line}")?;
    Ok(out.flush()?)
}
