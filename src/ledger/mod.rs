//! Who stands where: one row per user and source, and an append-only list of events. Never a password, a hash or
//! a plain username: users are known by a keyed hash of source and id.
//!
//! Written behind the answer, in batches; a ledger that is down or slow never delays or changes a sign-in.
//! Replicas share one ledger on PostgreSQL; one process is served by a SQLite file.

mod binding;
mod campaign;
mod confirm;
mod error;
mod failures;
mod journal;
mod key;
mod lock;
mod marker;
mod pass;
mod progress;
mod proof;
mod recorder;
mod rejected;
mod roll_call;
mod seal;
mod standing;
mod store;
mod summary;
mod user;
mod write;

use std::sync::Arc;
use std::time::{Duration, SystemTime};

pub use campaign::RollBackStep;
pub use confirm::{Arrival, Confirmed, Observed};
pub use error::LedgerError;
pub use failures::{Failure, FailureLevel, FailureWindow};
pub use journal::{Journal, Settled};
pub use key::{MIN_KEY_BYTES, fold_login};
pub use lock::ImportLock;
pub use marker::Marker;
pub use pass::{Cursor, Pass};
pub use progress::{Course, Point, Waiting};
pub use proof::{DOUBTFUL_USERS, Mapping, MappingState};
pub use recorder::{Recorder, RecorderHealth};
pub use rejected::Rejection;
pub use standing::{Candidate, Standing};
pub use summary::{
    Decisions, OutcomeCount, Outcomes, PassUnderWay, Progress, Resets, SchemeCount, SeededCount, Summary,
    UserCount, rfc3339_text,
};
pub use user::{BadShard, ResetStep, Shard, State, UserRef, UserState};
pub use write::{PlannedUser, Route};

use key::UserKey;
use store::{Store, in_transaction, on_pool};

/// The longest that one write, or one question, may take.
const PATIENCE: Duration = Duration::from_secs(10);
/// The longest wait for a sign of life.
const PING: Duration = Duration::from_secs(1);
/// The longest that the counts for a report may take: they read every event.
const SUMMARY: Duration = Duration::from_mins(1);

/// One decision of the hook, as the ledger keeps it.
#[derive(Clone, Debug)]
pub struct DecisionEvent {
    /// When it was made.
    pub at: SystemTime,
    /// `verified`, `rejected` or `unavailable`.
    pub outcome: &'static str,
    /// Why, where it was not verified: `wrong password`, `unreadable hash` …
    pub reason: Option<&'static str>,
    /// The source that decided; none where no source knew the user.
    pub source: Option<Arc<str>>,
    /// The user's id in that source, in plain; the ledger keeps only its keyed hash.
    pub user_id: Option<String>,
    /// The user's login, likewise.
    pub login: Option<String>,
    /// The scheme of the stored value.
    pub scheme: Option<Arc<str>>,
    /// Time from the request to the decision, in microseconds.
    pub micros: u64,
}

/// An open ledger. Cheap to clone; all clones share the connections.
#[derive(Clone)]
pub struct Ledger {
    store: Store,
    key: UserKey,
}

impl Ledger {
    /// Connects, applies migrations, finds or makes the key. `sqlite:` files are created with rights for their
    /// owner alone.
    ///
    /// Without a configured `key` the ledger makes a random one and keeps it in its own `meta` table. That needs
    /// no care, but whoever copies the ledger then has the key with it and can test guesses of ids and logins;
    /// with a configured key of at least [`MIN_KEY_BYTES`], a copy of the ledger alone tells nobody's name.
    pub async fn open(url: &str, key: Option<&[u8]>) -> Result<Self, LedgerError> {
        let configured = key.map(UserKey::new).transpose()?;
        let store = Store::open(url).await?;
        let key = in_time(PATIENCE, establish_key(&store, configured)).await?;
        Ok(Self { store, key })
    }

    /// The same of a ledger that was begun, without creating or changing anything: nothing can be written to it. `None`
    /// where none was begun.
    pub async fn open_existing(url: &str, key: Option<&[u8]>) -> Result<Option<Self>, LedgerError> {
        let configured = key.map(UserKey::new).transpose()?;
        let Some(store) = in_time(PATIENCE, Store::open_existing(url)).await? else { return Ok(None) };
        let key = in_time(PATIENCE, kept_key(&store, configured)).await?;
        Ok(Some(Self { store, key }))
    }

    /// Asks the ledger for a sign of life; waits a second at most.
    pub async fn ping(&self) -> Result<(), LedgerError> {
        self.store.still_there()?;
        in_time(PING, async {
            let _: i64 = on_pool!(&self.store, pool => {
                sqlx::query_scalar("SELECT count(*) FROM meta").fetch_one(pool).await?
            });
            Ok(())
        })
        .await
    }

    /// How far the migration is, at this moment.
    pub async fn summary(&self) -> Result<Summary, LedgerError> {
        summary::read(&self.store, SystemTime::now()).await
    }

    /// The same of a ledger that may not be there, without creating or changing anything. `None` where no ledger
    /// was ever begun.
    pub async fn summary_of(url: &str) -> Result<Option<Summary>, LedgerError> {
        let Some(store) = in_time(PATIENCE, Store::open_existing(url)).await? else { return Ok(None) };
        summary::read(&store, SystemTime::now()).await.map(Some)
    }

    /// Whether [`Ledger::open`] would find what it needs, without creating or changing anything. False where no
    /// ledger was begun yet.
    pub async fn check(url: &str, key: Option<&[u8]>) -> Result<bool, LedgerError> {
        let configured = key.map(UserKey::new).transpose()?;
        in_time(PATIENCE, async {
            let Some(store) = Store::open_existing(url).await? else {
                return Store::could_be_begun(url).map(|()| false);
            };
            let kept: Vec<(String, String)> = on_pool!(&store, pool => {
                sqlx::query_as("SELECT key, value FROM meta WHERE key IN ('key', 'key_check')")
                    .fetch_all(pool)
                    .await?
            });
            let kept = |name: &str| kept.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
            match (configured, kept("key_check")) {
                (Some(key), Some(check)) if key.check() != check => Err(LedgerError::WrongKey),
                (None, Some(_)) if kept("key").is_none() => Err(LedgerError::KeyMissing),
                _ => Ok(true),
            }
        })
        .await
    }

    /// A short keyed hash of a name, for log lines: 16 hex digits, the same whatever the case.
    pub fn user_hash(&self, login: &str) -> String {
        self.key.name(login)
    }
}

/// The key of a ledger that was begun, without writing.
async fn kept_key(store: &Store, configured: Option<UserKey>) -> Result<UserKey, LedgerError> {
    let kept: Vec<(String, String)> = on_pool!(store, pool => {
        sqlx::query_as("SELECT key, value FROM meta WHERE key IN ('key', 'key_check')").fetch_all(pool).await?
    });
    let kept = |name: &str| kept.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
    let key = match (configured, kept("key")) {
        (Some(key), _) => key,
        (None, Some(key)) => UserKey::new(key.as_bytes())?,
        (None, None) => return Err(LedgerError::KeyMissing),
    };
    match kept("key_check") {
        Some(check) if check != key.check() => Err(LedgerError::WrongKey),
        _ => Ok(key),
    }
}

/// A failure where the work takes longer than it may.
async fn in_time<T>(
    limit: Duration,
    work: impl Future<Output = Result<T, LedgerError>>,
) -> Result<T, LedgerError> {
    // Boxed, since the futures of a transaction are large and callers would carry them.
    let work = Box::pin(work);
    tokio::time::timeout(limit, work).await.unwrap_or(Err(LedgerError::TimedOut(limit.as_secs())))
}

/// The key to hash with: the configured one if it is the one that the ledger was begun with, else the ledger's
/// own. Whoever comes first decides, also between processes that start together.
async fn establish_key(store: &Store, configured: Option<UserKey>) -> Result<UserKey, LedgerError> {
    const KEEP: &str = "INSERT INTO meta (key, value) VALUES ($1, $2) ON CONFLICT (key) DO NOTHING";
    const FIND: &str = "SELECT value FROM meta WHERE key = $1";
    let mut random = [0_u8; 32];
    getrandom::fill(&mut random)
        .map_err(|_| LedgerError::Database("the system gives no random bytes".to_owned()))?;
    let random = key::hex(&random, random.len());

    in_transaction!(store, tx => {
        let check: Option<String> =
            sqlx::query_scalar(FIND).bind("key_check").fetch_optional(&mut *tx).await?;
        let key = if let Some(key) = configured {
            key
        } else {
            if check.is_none() {
                sqlx::query(KEEP).bind("key").bind(random.as_str()).execute(&mut *tx).await?;
            }
            let kept: Option<String> = sqlx::query_scalar(FIND).bind("key").fetch_optional(&mut *tx).await?;
            UserKey::new(kept.ok_or(LedgerError::KeyMissing)?.as_bytes())?
        };
        sqlx::query(KEEP).bind("key_check").bind(key.check()).execute(&mut *tx).await?;
        let check: String = sqlx::query_scalar(FIND).bind("key_check").fetch_one(&mut *tx).await?;
        if check != key.check() {
            return Err(LedgerError::WrongKey);
        }
        Ok(key)
    })
}
