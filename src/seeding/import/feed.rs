//! Reads and plans: which rows are to be sent, and what for. Whoever is settled by the ledger passes without a call.

use std::sync::Arc;

use tokio::sync::{mpsc, watch};

use super::collect::Told;
use super::{ImportError, Markers, Options, stopped};
use crate::ledger::{Candidate, Cursor, Ledger, Marker, Pass, Route, Standing, State, UserRef};
use crate::seeding::people::{Batch, NewUser, People, Person};
use crate::seeding::plan;
use crate::seeding::plan::Reject;

/// Why a user cannot be looked up whose call had no answer.
const RENAMED: &str = "was being created under another login when a run ended: put the old login back for one run, or \
                       look for it in the org";

/// One user to send.
pub(super) struct Work {
    /// The batch of rows that the user came in.
    pub(super) batch: u64,
    pub(super) user: UserRef,
    pub(super) row: Row,
    pub(super) new: NewUser,
    pub(super) task: Task,
    pub(super) marks: Marks,
}

/// Whom a row is about, for the rejects file.
#[derive(Clone, Default)]
pub(super) struct Row {
    pub(super) source: Arc<str>,
    pub(super) id: Option<String>,
    pub(super) attributes: Vec<(String, String)>,
}

/// What is to be done about a user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Task {
    /// Create; never sent before.
    Create,
    /// Sent at that time, in Okta's clock, and nobody knows whether it had an effect.
    Recover { since: std::time::SystemTime },
    /// Created earlier; the row has changed since.
    Update { okta_id: String, state: State, route: Route, profile: bool, credential: bool },
}

/// What tells later whether a row has changed.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Marks {
    pub(super) profile: i64,
    pub(super) credential: i64,
}

/// What is known of a row before anything is sent.
pub(super) enum Weighed {
    /// To be sent.
    Send(Box<Work>),
    /// Settled earlier.
    Already,
    /// Was in the org before, and is left alone.
    Skipped,
    /// Not of the route that was asked for.
    OtherRoute,
    /// Another shard's.
    Elsewhere,
    /// Never sent.
    Rejected(Row, Reject, Option<UserRef>),
}

pub(super) struct Feeder {
    pub(super) sources: Vec<Arc<str>>,
    pub(super) ledger: Ledger,
    /// None where nothing may be written.
    pub(super) pass: Option<Pass>,
    pub(super) markers: Markers,
    pub(super) options: Options,
}

impl Feeder {
    /// Feeds the workers until the last row, the limit, or `stop`. True where it was not stopped.
    pub(super) async fn run(
        self,
        mut people: People,
        work: mpsc::Sender<Work>,
        told: mpsc::Sender<Told>,
        mut stop: watch::Receiver<bool>,
    ) -> Result<bool, ImportError> {
        let mut left = self.options.limit.unwrap_or(u64::MAX);
        let mut number = 0;
        while left > 0 {
            let Some(batch) = people.next().await else { break };
            if *stop.borrow() {
                return Ok(false);
            }
            let batch = batch?;
            number += 1;
            let cursor = self.cursor(&batch);
            let weighed = self.weigh(number, batch).await?;
            let (sent, rest) = split(weighed, left);
            left -= sent.len() as u64;
            // A batch that the limit cuts short is no place to resume behind.
            let cursor = cursor.filter(|_| left > 0);
            let merged = people.merged();
            let planned = Told::Batch { number, outstanding: sent.len(), rest, cursor, merged };
            if told.send(planned).await.is_err() {
                return Ok(false);
            }
            for one in sent {
                let gone = tokio::select! {
                    biased;
                    () = stopped(&mut stop) => true,
                    sent = work.send(one) => sent.is_err(),
                };
                if gone {
                    return Ok(false);
                }
            }
        }
        Ok(!*stop.borrow())
    }

    /// What is to be done for each row, in their order.
    pub(super) async fn weigh(&self, number: u64, batch: Batch) -> Result<Vec<Weighed>, ImportError> {
        let Some(source) = self.sources.get(batch.source) else { return Ok(Vec::new()) };
        let marker = self.markers.get(source);
        let mut weighed = Vec::with_capacity(batch.people.len());
        let mut asked = Vec::new();
        for person in batch.people {
            weighed.push(self.first_look(source, number, marker, person));
        }
        for (place, one) in weighed.iter().enumerate() {
            if let Weighed::Send(work) = one {
                asked.push((place, work.candidate()));
            }
        }
        let (places, candidates): (Vec<usize>, Vec<Candidate<'_>>) = asked.into_iter().unzip();
        let standings = match &self.pass {
            Some(pass) => self.ledger.plan_pass(pass, &candidates).await?,
            None => self.ledger.look(&candidates).await?,
        };
        drop(candidates);
        for (place, standing) in places.into_iter().zip(standings) {
            if let Some(slot) = weighed.get_mut(place) {
                let before = std::mem::replace(slot, Weighed::Already);
                *slot = self.second_look(before, standing);
            }
        }
        self.forgive(&mut weighed).await?;
        Ok(weighed)
    }

    fn first_look(&self, source: &Arc<str>, number: u64, marker: Option<&Marker>, person: Person) -> Weighed {
        let Person { id, attributes, decided, .. } = person;
        let user = id.as_deref().map(|id| self.ledger.user_ref(source, id));
        if user.as_ref().is_some_and(|user| !user.in_shard(self.options.shard)) {
            return Weighed::Elsewhere;
        }
        let row = Row { source: Arc::clone(source), id, attributes };
        let (new, user) = match (decided, user) {
            (Ok(new), Some(user)) => (new, user),
            (Err(reject), user) => return Weighed::Rejected(row, reject, user),
            // A row without an id cannot be told from another.
            (Ok(_), None) => return Weighed::Rejected(row, Reject::NoId, None),
        };
        if self.options.only_route.is_some_and(|only| only != new.ledger_route()) {
            return Weighed::OtherRoute;
        }
        let marks = marker.map_or_else(Marks::default, |marker| Marks {
            profile: marker.profile(new.profile.iter().map(|(name, value)| (name.as_str(), value.as_str()))),
            credential: marker.credential(&new.credential.parts()),
        });
        Weighed::Send(Box::new(Work { batch: number, user, row, new, task: Task::Create, marks }))
    }

    fn second_look(&self, before: Weighed, standing: Standing) -> Weighed {
        let Weighed::Send(mut work) = before else { return before };
        match standing {
            Standing::Unfinished { since } => {
                work.task = Task::Recover { since };
                Weighed::Send(work)
            }
            Standing::Changed { okta_id, state, route, profile, credential } => {
                work.task = Task::Update { okta_id, state, route, profile, credential };
                Weighed::Send(work)
            }
            Standing::Settled { .. } => Weighed::Already,
            Standing::Skipped if self.options.existing == super::Existing::Skip => Weighed::Skipped,
            // Skipped once, and the policy is another one now.
            Standing::New | Standing::Skipped => Weighed::Send(work),
            Standing::LoginTaken => {
                let Work { row, user, .. } = *work;
                Weighed::Rejected(row, Reject::DuplicateLogin, Some(user))
            }
            Standing::Renamed { .. } => {
                // The login that was sent is known as a hash alone: nobody can be looked up by it.
                let Work { row, user, .. } = *work;
                Weighed::Rejected(row, Reject::Okta(RENAMED.to_owned()), Some(user))
            }
        }
    }

    /// A row that cannot be planned any more, of a user who was created when it could, is no reject.
    async fn forgive(&self, weighed: &mut [Weighed]) -> Result<(), ImportError> {
        let users: Vec<UserRef> = weighed
            .iter()
            .filter_map(|one| match one {
                Weighed::Rejected(_, _, Some(user)) => Some(user.clone()),
                _ => None,
            })
            .collect();
        if users.is_empty() {
            return Ok(());
        }
        let mut states = self.ledger.states(&users).await?.into_iter();
        for one in weighed {
            if !matches!(one, Weighed::Rejected(_, _, Some(_))) {
                continue;
            }
            if let Some(Some(state)) = states.next()
                && matches!(state.state, State::Seeded | State::Verified | State::Confirmed)
            {
                *one = Weighed::Already;
            }
        }
        Ok(())
    }

    fn cursor(&self, batch: &Batch) -> Option<Cursor> {
        let source = self.sources.get(batch.source)?;
        Some(Cursor { source: source.to_string(), after: batch.last_id.clone()? })
    }
}

impl Work {
    fn candidate(&self) -> Candidate<'_> {
        Candidate {
            user: &self.user,
            okta_login: self.new.login(),
            route: self.new.ledger_route(),
            scheme: &self.new.scheme,
            profile_mark: self.marks.profile,
            credential_mark: self.marks.credential,
        }
    }
}

impl NewUser {
    /// The login that Okta is sent.
    pub(super) fn login(&self) -> &str {
        self.profile.iter().find(|(name, _)| name == "login").map_or("", |(_, value)| value.as_str())
    }

    /// The route as the ledger has it.
    pub(super) fn ledger_route(&self) -> Route {
        match self.route {
            plan::Route::Hash(_) => Route::Hash,
            plan::Route::Hook { .. } => Route::Hook,
        }
    }
}

/// What is to be sent, at most `left` of it, and the rest.
pub(super) fn split(weighed: Vec<Weighed>, left: u64) -> (Vec<Work>, Vec<Weighed>) {
    let mut sent = Vec::new();
    let mut rest = Vec::new();
    for one in weighed {
        match one {
            Weighed::Send(work) if (sent.len() as u64) < left => sent.push(*work),
            // The limit is reached: what follows is not looked at in this run.
            _ if sent.len() as u64 >= left => break,
            other => rest.push(other),
        }
    }
    (sent, rest)
}
