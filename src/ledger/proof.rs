//! "Wrong password", or wrong mapping? Where several people are told that their password is wrong and nobody ever
//! signed in with a scheme, it is more likely the configuration that is wrong. Said once in the log when it comes to
//! that, and once when the first success proves the mapping.
//!
//! A mapping is a source and a scheme. The ledger decides, not this process: replicas see each other's sign-ins, and
//! what was said once is noted there and not said again after a restart. Works behind the answers, with the writer.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use serde::Serialize;
use tokio::time::Instant;
use tracing::{debug, info, warn};

use super::store::on_pool;
use super::write::millis;
use super::{DecisionEvent, Ledger, LedgerError, PATIENCE, in_time};

/// So many different users with a wrong password, and no success at all, put a mapping in doubt. Fewer could be
/// people who forgot; five in a row are not.
pub const DOUBTFUL_USERS: u64 = 5;

/// The number stands in a query below, too.
const _: () = assert!(DOUBTFUL_USERS == 5);

/// The reason that counts. A value that cannot be read, or a user who may not sign in, says nothing of the mapping.
const WRONG_PASSWORD: &str = "wrong password";
/// Mappings that are watched; rows may name their own schemes, and memory must not follow them.
const WATCHED: usize = 256;
/// How often the ledger is asked whether another replica has proved what is in doubt here.
const ASK_AGAIN: Duration = Duration::from_mins(1);

/// Whether a source's scheme is known to be mapped right.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Mapping {
    /// Nobody was verified yet, and too few were rejected to tell.
    #[default]
    Open,
    /// Nobody was ever verified, and [`DOUBTFUL_USERS`] or more different users had "a wrong password".
    Doubtful,
    /// Somebody was verified.
    Proved,
}

impl Mapping {
    /// From the ledger's counts.
    pub(super) fn of(verified: u64, wrong_password_users: u64) -> Self {
        match (verified, wrong_password_users) {
            (1.., _) => Self::Proved,
            (0, DOUBTFUL_USERS..) => Self::Doubtful,
            _ => Self::Open,
        }
    }
}

/// A mapping and where it stands, as this process last knew it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MappingState {
    /// The source.
    pub source: Arc<str>,
    /// The scheme.
    pub scheme: Arc<str>,
    /// Where it stands.
    pub mapping: Mapping,
}

type Key = (Arc<str>, Arc<str>);

/// What this process knows of the mappings. Bounded, whatever is signed in with.
#[derive(Default)]
pub(super) struct Watch {
    known: Mutex<HashMap<Key, Known>>,
}

enum Known {
    /// Users rejected here, by their keyed hashes; at most [`DOUBTFUL_USERS`].
    Open(HashSet<String>),
    Doubtful {
        asked: Instant,
    },
    Proved,
}

impl Watch {
    /// Where the mappings stand that were used since the start.
    pub(super) fn states(&self) -> Vec<MappingState> {
        let known = self.lock();
        let states = known.iter().map(|((source, scheme), known)| MappingState {
            source: Arc::clone(source),
            scheme: Arc::clone(scheme),
            mapping: match known {
                Known::Open(_) => Mapping::Open,
                Known::Doubtful { .. } => Mapping::Doubtful,
                Known::Proved => Mapping::Proved,
            },
        });
        states.collect()
    }

    /// Weighs a batch that the ledger has taken. A ledger that fails here is asked again at the next occasion.
    pub(super) async fn weigh(&self, ledger: &Ledger, batch: &[DecisionEvent]) {
        let (proved, questions) = self.note(ledger, batch);
        for key in proved {
            match ledger.note_once("proved", &key).await {
                Ok(first) => {
                    self.lock().insert(key.clone(), Known::Proved);
                    if first {
                        info!(source = %key.0, scheme = %key.1, "the mapping is proved: a first user was verified");
                    }
                }
                Err(error) => debug!(%error, "the ledger cannot note that a mapping is proved"),
            }
        }
        for key in questions {
            if let Err(error) = self.ask(ledger, &key).await {
                debug!(%error, "the ledger cannot tell whether a mapping is proved");
            }
        }
    }

    /// What the batch says by itself: the mappings that it proves, and those to ask the ledger about.
    fn note(&self, ledger: &Ledger, batch: &[DecisionEvent]) -> (HashSet<Key>, HashSet<Key>) {
        let mut known = self.lock();
        let (mut proved, mut questions) = (HashSet::new(), HashSet::new());
        for event in batch {
            let (Some(source), Some(scheme), Some(user)) = (&event.source, &event.scheme, &event.user_id)
            else {
                continue;
            };
            let key = (Arc::clone(source), Arc::clone(scheme));
            if known.len() >= WATCHED && !known.contains_key(&key) {
                continue;
            }
            let known = known.entry(key.clone()).or_insert_with(|| Known::Open(HashSet::new()));
            let wrong = event.reason == Some(WRONG_PASSWORD);
            match known {
                Known::Proved => {}
                _ if event.outcome == "verified" => {
                    questions.remove(&key);
                    proved.insert(key);
                }
                Known::Open(users) if wrong && !proved.contains(&key) => {
                    let full = users.len() as u64 >= DOUBTFUL_USERS;
                    if full || users.insert(ledger.key.id(source, user)) {
                        questions.insert(key);
                    }
                }
                Known::Doubtful { asked }
                    if wrong && !proved.contains(&key) && asked.elapsed() >= ASK_AGAIN =>
                {
                    questions.insert(key);
                }
                Known::Open(_) | Known::Doubtful { .. } => {}
            }
        }
        (proved, questions)
    }

    async fn ask(&self, ledger: &Ledger, key: &Key) -> Result<(), LedgerError> {
        let (source, scheme) = key;
        let known = match ledger.standing(key).await? {
            Mapping::Open => return Ok(()),
            Mapping::Proved => Known::Proved,
            Mapping::Doubtful => {
                if ledger.note_once("doubted", key).await? {
                    warn!(
                        %source, %scheme, users = DOUBTFUL_USERS,
                        "the mapping is probably wrong: nobody was ever verified, and several users were rejected for \
                         a wrong password; prove it with passwords that you know: `keyferry verify --batch`"
                    );
                }
                Known::Doubtful { asked: Instant::now() }
            }
        };
        self.lock().insert(key.clone(), known);
        Ok(())
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Key, Known>> {
        // Whole between any two of its operations, so a panic elsewhere does not spoil it.
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Ledger {
    /// Where a mapping stands, by the sign-ins of all replicas.
    async fn standing(&self, (source, scheme): &Key) -> Result<Mapping, LedgerError> {
        const VERIFIED: &str = "SELECT count(*) FROM (SELECT 1 FROM events WHERE kind = 'decision' AND \
            outcome = 'verified' AND source = $1 AND scheme = $2 LIMIT 1) AS verified";
        const USERS: &str = "SELECT count(*) FROM (SELECT DISTINCT user_key FROM events WHERE kind = 'decision' AND \
            reason = 'wrong password' AND source = $1 AND scheme = $2 AND user_key IS NOT NULL LIMIT 5) AS users";
        in_time(PATIENCE, async {
            let (verified, users): (i64, i64) = on_pool!(&self.store, pool => {
                let noted: i64 = sqlx::query_scalar("SELECT count(*) FROM meta WHERE key = $1")
                    .bind(meta_key("proved", source, scheme))
                    .fetch_one(pool)
                    .await?;
                if noted > 0 {
                    return Ok(Mapping::Proved);
                }
                let users: i64 =
                    sqlx::query_scalar(USERS).bind(&**source).bind(&**scheme).fetch_one(pool).await?;
                let verified: i64 =
                    sqlx::query_scalar(VERIFIED).bind(&**source).bind(&**scheme).fetch_one(pool).await?;
                (verified, users)
            });
            Ok(Mapping::of(verified.cast_unsigned(), users.cast_unsigned()))
        })
        .await
    }

    /// Notes that something was said of a mapping; true for whoever is first, of all replicas and ever.
    async fn note_once(&self, what: &str, (source, scheme): &Key) -> Result<bool, LedgerError> {
        const NOTE: &str = "INSERT INTO meta (key, value) VALUES ($1, $2) ON CONFLICT (key) DO NOTHING";
        in_time(PATIENCE, async {
            Ok(on_pool!(&self.store, pool => {
                sqlx::query(NOTE)
                    .bind(meta_key(what, source, scheme))
                    .bind(millis(SystemTime::now()).to_string())
                    .execute(pool)
                    .await?
                    .rows_affected()
            }) > 0)
        })
        .await
    }
}

/// JSON keeps the two names apart, whatever stands in them, and escapes what PostgreSQL's texts cannot hold.
fn meta_key(what: &str, source: &str, scheme: &str) -> String {
    format!("{what}:{}", serde_json::json!([source, scheme]))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(user: u64, scheme: &str, verified: bool) -> DecisionEvent {
        DecisionEvent {
            at: SystemTime::now(),
            outcome: if verified { "verified" } else { "rejected" },
            reason: (!verified).then_some(WRONG_PASSWORD),
            source: Some("shop".into()),
            user_id: Some(user.to_string()),
            login: None,
            scheme: Some(scheme.into()),
            micros: 1,
        }
    }

    async fn weigh(watch: &Watch, ledger: &Ledger, events: &[DecisionEvent]) {
        ledger.record(events).await.unwrap();
        watch.weigh(ledger, events).await;
    }

    fn mapping(watch: &Watch, scheme: &str) -> Option<Mapping> {
        watch.states().into_iter().find(|state| &*state.scheme == scheme).map(|state| state.mapping)
    }

    #[tokio::test]
    async fn five_different_users_put_a_mapping_in_doubt_and_one_success_proves_it() {
        let ledger = Ledger::open("sqlite::memory:", None).await.unwrap();
        let watch = Watch::default();
        let same: Vec<_> = (0..10).map(|_| event(1, "md5", false)).collect();
        weigh(&watch, &ledger, &same).await;
        assert_eq!(mapping(&watch, "md5"), Some(Mapping::Open), "one user is one user");
        for user in 2..5 {
            weigh(&watch, &ledger, &[event(user, "md5", false)]).await;
        }
        assert_eq!(mapping(&watch, "md5"), Some(Mapping::Open));
        weigh(&watch, &ledger, &[event(5, "md5", false)]).await;
        assert_eq!(mapping(&watch, "md5"), Some(Mapping::Doubtful));
        weigh(&watch, &ledger, &[event(6, "md5", true)]).await;
        assert_eq!(mapping(&watch, "md5"), Some(Mapping::Proved));
        let many: Vec<_> = (10..30).map(|user| event(user, "md5", false)).collect();
        weigh(&watch, &ledger, &many).await;
        assert_eq!(mapping(&watch, "md5"), Some(Mapping::Proved), "once proved is proved");
    }

    #[tokio::test]
    async fn another_replica_s_success_counts_and_so_do_its_failures() {
        let ledger = Ledger::open("sqlite::memory:", None).await.unwrap();
        let (one, other) = (Watch::default(), Watch::default());
        weigh(&one, &ledger, &[event(1, "sha1", true)]).await;
        let many: Vec<_> = (2..9).map(|user| event(user, "sha1", false)).collect();
        weigh(&other, &ledger, &many).await;
        assert_eq!(mapping(&other, "sha1"), Some(Mapping::Proved));
        let failures: Vec<_> = (1..6).map(|user| event(user, "md5", false)).collect();
        weigh(&one, &ledger, &failures[..3]).await;
        weigh(&other, &ledger, &failures[3..]).await;
        assert_eq!(mapping(&other, "md5"), Some(Mapping::Doubtful));
    }

    #[tokio::test]
    async fn no_number_of_schemes_grows_the_memory() {
        let ledger = Ledger::open("sqlite::memory:", None).await.unwrap();
        let watch = Watch::default();
        let events: Vec<_> = (0..400).map(|n| event(n, &format!("scheme {n}"), true)).collect();
        weigh(&watch, &ledger, &events).await;
        assert_eq!(watch.states().len(), WATCHED);
    }
}
