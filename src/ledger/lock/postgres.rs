//! Locks for a ledger on a server: advisory locks of one session, on a connection that does nothing else. The server
//! frees them when the session ends. A pooler that hands one session to several clients would break that: the ledger's
//! URL must lead to the server itself, or to a pooler in session mode.

use std::time::Duration;

use sqlx::postgres::PgConnectOptions;
use sqlx::{Connection, PgConnection};
use tokio::sync::{oneshot, watch};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, timeout};

use super::{busy, busy_shard, busy_split, busy_whole};
use crate::ledger::pass::PUT;
use crate::ledger::store::one_connection;
use crate::ledger::{LedgerError, PATIENCE, Shard, in_time};

/// How often the session shows that it lives, and how long that may take.
const PULSE: Duration = Duration::from_secs(2);
const PULSE_LIMIT: Duration = Duration::from_secs(5);
/// How long a server may take to notice that a process has just ended.
const LINGER: Duration = Duration::from_secs(1);
/// Between two attempts meanwhile.
const AGAIN: Duration = Duration::from_millis(50);
/// Into how many shards those who run have split the users.
const SPLIT: &str = "import.of";
/// The locks of a ledger: all of it, beginning, and from here on one for each shard.
const ALL: i32 = 0;
const START: i32 = 1;
const SHARDS: i32 = 16;

/// A session that holds the locks.
pub(super) struct Session {
    stop: Option<oneshot::Sender<()>>,
    lost: watch::Receiver<bool>,
    task: JoinHandle<()>,
}

impl Session {
    pub(super) async fn lost(&self) {
        // The sender goes when the task ends, which it does not by itself.
        let _ = self.lost.clone().wait_for(|lost| *lost).await;
    }

    /// Dropping the session asks for the same, without waiting for it.
    pub(super) async fn release(mut self) {
        self.stop.take();
        let _ = (&mut self.task).await;
    }
}

/// `secret` is of the ledger: two ledgers in one database have different locks.
pub(super) async fn lock(
    options: &PgConnectOptions,
    secret: &[u8; 32],
    shard: Shard,
) -> Result<Session, LedgerError> {
    let class = i32::from_be_bytes(secret.first_chunk().copied().unwrap_or_default());
    let mut connection = one_connection(options).await?;
    in_time(PATIENCE, watch_the_line(&mut connection)).await?;
    let until = Instant::now() + LINGER;
    while let Err(error) = in_time(START_LIMIT, take(&mut connection, class, shard)).await {
        if !matches!(error, LedgerError::Busy(_)) || Instant::now() >= until {
            let _ = timeout(PULSE_LIMIT, connection.close()).await;
            return Err(error);
        }
        sleep(AGAIN).await;
    }
    let (stop, stopped) = oneshot::channel();
    let (tell, lost) = watch::channel(false);
    let task = tokio::spawn(hold(connection, stopped, tell));
    Ok(Session { stop: Some(stop), lost, task })
}

/// How long beginning may take, others before us included.
const START_LIMIT: Duration = Duration::from_secs(15);

/// Lets both sides notice within a minute that the other's machine is gone, not only its process.
async fn watch_the_line(connection: &mut PgConnection) -> Result<(), LedgerError> {
    sqlx::raw_sql(
        "SET tcp_keepalives_idle = 20; SET tcp_keepalives_interval = 10; SET tcp_keepalives_count = 3; \
         SET lock_timeout = '10s'; SET idle_session_timeout = 0",
    )
    .execute(connection)
    .await?;
    Ok(())
}

async fn take(connection: &mut PgConnection, class: i32, shard: Shard) -> Result<(), LedgerError> {
    let mut tx = connection.begin().await?;
    // Nobody else begins until this transaction ends; what it takes is the session's and stays.
    sqlx::query("SELECT pg_advisory_xact_lock($1, $2)").bind(class).bind(START).execute(&mut *tx).await?;
    let taken = take_in_turn(&mut tx, class, shard).await;
    if taken.is_ok() {
        tx.commit().await?;
        return Ok(());
    }
    let _ = sqlx::query("SELECT pg_advisory_unlock_all()").execute(&mut *tx).await;
    tx.rollback().await?;
    taken
}

async fn take_in_turn(connection: &mut PgConnection, class: i32, shard: Shard) -> Result<(), LedgerError> {
    let alone = ask(connection, "SELECT pg_try_advisory_lock($1, $2)", class, ALL).await?;
    if shard.is_whole() {
        return if alone { Ok(()) } else { Err(refusal(connection, class).await?) };
    }
    if alone {
        sqlx::query(PUT).bind(SPLIT).bind(shard.of.to_string()).execute(&mut *connection).await?;
    }
    if !ask(connection, "SELECT pg_try_advisory_lock_shared($1, $2)", class, ALL).await? {
        return Err(busy_whole());
    }
    if alone {
        // The shared one is held by now, so nobody slips in between.
        ask(connection, "SELECT pg_advisory_unlock($1, $2)", class, ALL).await?;
    } else if split(connection).await? != shard.of {
        return Err(refusal(connection, class).await?);
    }
    let own = SHARDS.saturating_add(i32::try_from(shard.index).unwrap_or(i32::MAX - SHARDS));
    if ask(connection, "SELECT pg_try_advisory_lock($1, $2)", class, own).await? {
        Ok(())
    } else {
        Err(busy_shard(shard))
    }
}

async fn ask(
    connection: &mut PgConnection,
    question: &'static str,
    class: i32,
    number: i32,
) -> Result<bool, LedgerError> {
    Ok(sqlx::query_scalar(question).bind(class).bind(number).fetch_one(connection).await?)
}

async fn split(connection: &mut PgConnection) -> Result<u32, LedgerError> {
    let of: Option<String> = sqlx::query_scalar("SELECT value FROM meta WHERE key = $1")
        .bind(SPLIT)
        .fetch_optional(connection)
        .await?;
    Ok(of.and_then(|of| of.parse().ok()).unwrap_or_default())
}

/// Who is running.
async fn refusal(connection: &mut PgConnection, class: i32) -> Result<LedgerError, LedgerError> {
    let of = split(connection).await?;
    let held: Vec<(i64, String)> = sqlx::query_as(
        "SELECT CAST(objid AS BIGINT), mode FROM pg_locks WHERE locktype = 'advisory' AND granted \
         AND database = (SELECT oid FROM pg_database WHERE datname = current_database()) \
         AND CAST(classid AS BIGINT) = $1 AND objsubid = 2 AND pid <> pg_backend_pid() ORDER BY objid",
    )
    // The server shows the two halves as unsigned numbers.
    .bind(i64::from(class.cast_unsigned()))
    .fetch_all(connection)
    .await?;
    let whole = held.iter().any(|(number, mode)| *number == i64::from(ALL) && mode == "ExclusiveLock");
    let shards: Vec<Shard> = held
        .iter()
        .filter_map(|(number, _)| u32::try_from(number - i64::from(SHARDS)).ok())
        .map(|index| Shard { index, of })
        .collect();
    Ok(if whole {
        busy_whole()
    } else if held.is_empty() {
        busy("another import was just ending")
    } else {
        busy_split(&shards)
    })
}

/// Keeps the session alive until it is given back, or lost.
async fn hold(mut connection: PgConnection, mut stopped: oneshot::Receiver<()>, lost: watch::Sender<bool>) {
    loop {
        tokio::select! {
            // Dropped or sent, it means the same.
            _ = &mut stopped => break,
            () = sleep(PULSE) => {}
        }
        let pulse = sqlx::query("SELECT 1").execute(&mut connection);
        if !matches!(timeout(PULSE_LIMIT, pulse).await, Ok(Ok(_))) {
            lost.send_replace(true);
            // Whoever watches is told before the session is let go of.
            let _ = stopped.await;
            return;
        }
    }
    let _ = timeout(PULSE_LIMIT, connection.close()).await;
}
