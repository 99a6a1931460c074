//! What the ledger costs an import of a million users: `cargo bench --bench ledger`, or with the URL of an empty
//! PostgreSQL database behind `--`; a number behind that makes it other than a million.
//!
//! Plans them all in batches, plans them again, seeds them all at the database's side, then measures how a process that
//! comes after a crash finds its place, what claims cost 100 callers at once, and what a summary costs.

use std::io::Write as _;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use keyferry::ledger::{Candidate, Cursor, Ledger, Pass, Route, Settled, Shard, Standing, UserRef};
use sqlx::{Connection, PgConnection, SqliteConnection};

const USERS: u32 = 1_000_000;
const BATCH: u32 = 10_000;
const CALLERS: u32 = 100;
const CLAIMS: u32 = 20_000;
const SEEDED: &str = "UPDATE users SET state = 'seeded', okta_id = '00u' || substr(user_key, 1, 17)";

type Failure = Box<dyn std::error::Error + Send + Sync>;

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let mut words = std::env::args().skip(1).filter(|word| !word.starts_with("--"));
    let folder = tempfile::tempdir()?;
    let url = words.next().unwrap_or_else(|| format!("sqlite:{}", folder.path().join("ledger.db").display()));
    let count = words.next().map_or(Ok(USERS), |word| word.parse())?;
    let ledger = Ledger::open(&url, None).await?;
    let pass = ledger.begin_pass(Shard::WHOLE, "bench").await?;
    plan(&ledger, &pass, "plan, all new", 0..count, &Standing::New).await?;
    plan(&ledger, &pass, "plan, all planned already", 0..count, &Standing::New).await?;
    claims(&ledger, count).await?;

    let began = Instant::now();
    meddle(&url, SEEDED).await?;
    say(&format!("(seeded at the database's side in {:.1} s)", began.elapsed().as_secs_f64()))?;
    let settled = Standing::Settled { state: keyferry::ledger::State::Seeded };
    plan(&ledger, &pass, "plan, all seeded already", 0..count, &settled).await?;
    ledger.advance(&pass, &Cursor { source: "shop".to_owned(), after: "user".to_owned() }).await?;
    drop(ledger);

    let began = Instant::now();
    let ledger = Ledger::open(&url, None).await?;
    let lock = ledger.lock_import(Shard::WHOLE).await?;
    let pass = ledger.begin_pass(Shard::WHOLE, "bench").await?;
    let opened = began.elapsed();
    let began = Instant::now();
    batch(&ledger, &pass, count..count + BATCH).await?;
    say(&format!(
        "resume: open, lock, begin {:.1} ms; first batch of {BATCH} new users {:.1} ms",
        millis(opened),
        millis(began.elapsed())
    ))?;
    lock.release().await;
    let began = Instant::now();
    ledger.summary().await?;
    say(&format!("summary {:.1} ms", millis(began.elapsed())))?;
    say(&format!("most memory {} MiB", peak()?))?;
    Ok(())
}

async fn plan(
    ledger: &Ledger,
    pass: &Pass,
    what: &str,
    users: std::ops::Range<u32>,
    expected: &Standing,
) -> Result<(), Failure> {
    let count = users.end - users.start;
    let (began, cpu_before) = (Instant::now(), cpu()?);
    let mut last = began;
    for first in users.clone().step_by(usize::try_from(BATCH)?) {
        let standings = batch(ledger, pass, first..(first + BATCH).min(users.end)).await?;
        if standings.iter().any(|standing| standing != expected) {
            return Err(format!("{what}: somebody does not stand as {expected:?}").into());
        }
        if first == users.end - count / 10 {
            last = Instant::now();
        }
    }
    let rate = |users: u32, time: Duration| f64::from(users) / time.as_secs_f64();
    say(&format!(
        "{what:28} {:8.0} users/s, the last tenth {:8.0}; {:5.1} us of CPU a user",
        rate(count, began.elapsed()),
        rate(count / 10, last.elapsed()),
        (cpu()? - cpu_before) * 1e6 / f64::from(count)
    ))
}

async fn batch(ledger: &Ledger, pass: &Pass, users: std::ops::Range<u32>) -> Result<Vec<Standing>, Failure> {
    let rows: Vec<(UserRef, String)> = users.map(|id| user(ledger, id)).collect();
    let candidates: Vec<Candidate<'_>> = rows
        .iter()
        .map(|(user, okta_login)| Candidate {
            user,
            okta_login,
            route: Route::Hash,
            scheme: "bcrypt",
            profile_mark: 1,
            credential_mark: 2,
        })
        .collect();
    Ok(ledger.plan_pass(pass, &candidates).await?)
}

fn user(ledger: &Ledger, id: u32) -> (UserRef, String) {
    let source: Arc<str> = Arc::from("shop");
    (ledger.user_ref(&source, &id.to_string()), format!("user{id}@example.com"))
}

/// 100 callers, each with a call after the other, as an import has them.
async fn claims(ledger: &Ledger, count: u32) -> Result<(), Failure> {
    let began = Instant::now();
    let journal = ledger.journal();
    let each = CLAIMS.min(count) / CALLERS;
    let mut callers = tokio::task::JoinSet::new();
    for caller in 0..CALLERS {
        let journal = journal.clone();
        let users: Vec<UserRef> =
            (0..each).map(|n| user(ledger, (caller * each + n) * (count / CLAIMS.min(count))).0).collect();
        callers.spawn(async move {
            for user in users {
                journal.claim(&user, SystemTime::now()).await?;
                let outcome = Settled::Seeded {
                    okta_id: format!("00u{}", &user.key[..17]),
                    status: "ACTIVE".to_owned(),
                    route: Route::Hash,
                    profile_mark: 1,
                    credential_mark: 2,
                };
                journal.settle(&user, outcome).await?;
            }
            Ok::<_, Failure>(())
        });
    }
    while let Some(done) = callers.join_next().await {
        done??;
    }
    let rate = f64::from(CALLERS * each) / began.elapsed().as_secs_f64();
    say(&format!("claim and settle, {CALLERS} at once {rate:8.0} users/s"))
}

async fn meddle(url: &str, statement: &'static str) -> Result<(), Failure> {
    if url.starts_with("sqlite:") {
        sqlx::raw_sql(statement).execute(&mut SqliteConnection::connect(url).await?).await?;
    } else {
        sqlx::raw_sql(statement).execute(&mut PgConnection::connect(url).await?).await?;
    }
    Ok(())
}

fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}

/// Seconds of CPU that this process has used, as Linux counts them; not those of a server.
fn cpu() -> Result<f64, Failure> {
    let stat = std::fs::read_to_string("/proc/self/stat")?;
    let behind_the_name = stat.rsplit_once(") ").map_or("", |(_, fields)| fields);
    let ticks = behind_the_name.split(' ').skip(11).take(2).map(str::parse::<f64>);
    Ok(ticks.sum::<Result<f64, _>>()? / 100.0)
}

/// The most memory that this process ever had, as Linux counts it.
fn peak() -> Result<u64, Failure> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).ok_or("no VmHWM")?;
    Ok(line.trim().trim_end_matches("kB").trim().parse::<u64>()? / 1024)
}

fn say(text: &str) -> Result<(), Failure> {
    Ok(writeln!(std::io::stdout(), "{text}")?)
}
