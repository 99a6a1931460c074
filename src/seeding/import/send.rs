//! Sends one user at a time and sees to it that each is created once.
//!
//! Before a call leaves, the user is `sending` in the ledger, on the disk. Where the answer is lost, the org is asked for
//! the login before anything is sent again, and whoever is found is ours only if the account is no older than our
//! first attempt, by the org's own clock, and its password was imported; where an org does not tell the latter, only if
//! the account has the very profile that we sent.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use tokio::sync::{Mutex, mpsc, watch};

use super::collect::{Done, Told};
use super::feed::{Task, Work};
use super::groups::Groups;
use super::{Existing, ImportError, Options, stopped};
use crate::ledger::{Journal, Ledger, LedgerError, Route, Settled, State};
use crate::okta::client::{Bucket, CallError, Client};
use crate::okta::user::{CreateUser, Credentials, HookKind, PasswordCredential, Profile};
use crate::okta::users::User;
use crate::seeding::plan;

/// Groups that a create-user request takes.
const GROUPS_AT_CREATION: usize = 20;
/// Creations of one user whose answer was lost although the org answers other calls; then it is the user.
const ATTEMPTS: usize = 5;
/// What the `Date` header and `created` may differ by from our idea of the org's clock.
const CLOCK_GRAIN: Duration = Duration::from_secs(2);

/// Why a user who was in the org before is a reject, where the policy says so.
pub(super) const WAS_THERE: &str = "the login was in the org before";

/// What the workers share.
pub(super) struct Sender {
    pub(super) client: Client,
    pub(super) journal: Journal,
    pub(super) ledger: Ledger,
    pub(super) groups: Arc<Groups>,
    pub(super) options: Options,
}

/// How a call went, where the run can go on.
enum Sent {
    Done(Done),
    /// Okta refuses this user; the words hold no value.
    Refused(String),
}

impl Sender {
    /// Takes users until there are none, or until `stop`.
    pub(super) async fn work(
        &self,
        todo: Arc<Mutex<mpsc::Receiver<Work>>>,
        told: mpsc::Sender<Told>,
        mut stop: watch::Receiver<bool>,
    ) -> Result<(), ImportError> {
        loop {
            let next = async { todo.lock().await.recv().await };
            let work = tokio::select! {
                biased;
                () = stopped(&mut stop) => return Ok(()),
                work = next => work,
            };
            let Some(work) = work else { return Ok(()) };
            let done = self.one(&work).await?;
            let Work { batch, row, new, .. } = work;
            if told.send(Told::Done { batch, row, new: Box::new(new), done }).await.is_err() {
                return Ok(());
            }
        }
    }

    async fn one(&self, work: &Work) -> Result<Done, ImportError> {
        let sent = match &work.task {
            Task::Create => self.create(work, None).await,
            Task::Recover { since } => self.recover(work, *since).await,
            Task::Update { .. } => self.update(work).await,
        };
        let reason = match sent {
            Ok(Sent::Done(done)) => return Ok(done),
            Ok(Sent::Refused(reason)) => reason,
            Err(ImportError::Okta(CallError::Refused(refusal))) => refusal.to_string(),
            Err(error) => return Err(error),
        };
        if !matches!(work.task, Task::Update { .. }) {
            self.journal.settle(&work.user, Settled::Rejected { reason: reason.clone() }).await?;
        }
        Ok(Done::Rejected(reason))
    }

    /// `since` is the first attempt whose answer was lost.
    async fn create(&self, work: &Work, mut since: Option<SystemTime>) -> Result<Sent, ImportError> {
        let mut groups = self.group_ids(work).await?;
        let later = groups.split_off(groups.len().min(GROUPS_AT_CREATION));
        let user = CreateUser {
            profile: work.profile(),
            credentials: Credentials { password: work.password() },
            group_ids: groups,
        };
        for _ in 0..ATTEMPTS {
            let permit = self.client.admit(Bucket::Users).await;
            let now = self.client.okta_now();
            match self.journal.claim(&work.user, now).await {
                Ok(()) => {}
                Err(LedgerError::NotClaimed(state)) => return Ok(beaten(state)),
                Err(error) => return Err(error.into()),
            }
            match self.client.create_user(permit, &user).await {
                Ok(created) => return self.seeded(work, created, &later, since.is_some()).await,
                Err(CallError::Lost(_) | CallError::Unreadable(_)) => {
                    let first = *since.get_or_insert(now);
                    if let Some(found) = self.client.user_by_login(work.new.login()).await? {
                        return self.found(work, found, Some(first)).await;
                    }
                }
                Err(CallError::Refused(refusal)) if refusal.login_taken() => {
                    return match self.client.user_by_login(work.new.login()).await? {
                        Some(found) => self.found(work, found, since).await,
                        None => Ok(Sent::Refused("login already exists, and cannot be read back".to_owned())),
                    };
                }
                Err(CallError::Refused(refusal)) => return Ok(Sent::Refused(refusal.to_string())),
                Err(error) => {
                    if since.is_none() {
                        // Nothing was sent, or Okta said no to all of us: there is nothing to ask about later.
                        self.journal.settle(&work.user, Settled::NotSent).await?;
                    }
                    return Err(error.into());
                }
            }
        }
        Ok(Sent::Refused(format!("Okta failed {ATTEMPTS} times to create this user")))
    }

    /// A user whom an earlier run was sending when it ended.
    async fn recover(&self, work: &Work, since: SystemTime) -> Result<Sent, ImportError> {
        match self.client.user_by_login(work.new.login()).await? {
            Some(found) => self.found(work, found, Some(since)).await,
            None => self.create(work, Some(since)).await,
        }
    }

    /// Somebody has the login: our own earlier call, another row of ours, or a stranger.
    async fn found(&self, work: &Work, found: User, since: Option<SystemTime>) -> Result<Sent, ImportError> {
        let known = self.ledger.states_by_okta_id(&[&found.id]).await?;
        if let Some(Some((user, _))) = known.first()
            && *user != work.user
        {
            return Ok(Sent::Refused(plan::Reject::DuplicateLogin.to_string()));
        }
        if since.is_some_and(|since| is_ours(&found, &work.new.profile, since)) {
            let groups = self.group_ids(work).await?;
            let later = groups.get(GROUPS_AT_CREATION..).unwrap_or_default();
            return self.seeded(work, found, later, true).await;
        }
        match self.options.existing {
            Existing::Skip => {
                self.journal.settle(&work.user, Settled::Skipped { okta_id: found.id }).await?;
                Ok(Sent::Done(Done::Skipped))
            }
            Existing::Reject => Ok(Sent::Refused(WAS_THERE.to_owned())),
            Existing::AttachHook => self.attach(work, found).await,
        }
    }

    async fn seeded(
        &self,
        work: &Work,
        user: User,
        later: &[String],
        recovered: bool,
    ) -> Result<Sent, ImportError> {
        for group in later {
            self.client.add_to_group(group, &user.id).await?;
        }
        let provisioned = user.status == "PROVISIONED";
        let (okta_id, status) = (user.id, user.status);
        let settled = if recovered {
            Settled::Arrived { okta_id, status }
        } else {
            Settled::Seeded {
                okta_id,
                status,
                route: work.new.ledger_route(),
                profile_mark: work.marks.profile,
                credential_mark: work.marks.credential,
            }
        };
        self.journal.settle(&work.user, settled).await?;
        Ok(Sent::Done(Done::Created { recovered, provisioned }))
    }

    /// A hash can be set only on a STAGED user, the hook on any. Nothing else of the account is touched.
    async fn attach(&self, work: &Work, found: User) -> Result<Sent, ImportError> {
        let staged = found.status == "STAGED";
        let password = if staged { work.password() } else { PasswordCredential::Hook(HookKind::Default) };
        let user = self.client.update_user(&found.id, None, Some(&password)).await?;
        if staged {
            self.client.activate_user(&user.id).await?;
        }
        let attached = Settled::Attached {
            okta_id: user.id,
            status: user.status,
            profile_mark: work.marks.profile,
            credential_mark: work.marks.credential,
        };
        self.journal.settle(&work.user, attached).await?;
        Ok(Sent::Done(Done::Attached))
    }

    /// Brings a user up to date whom an earlier run created. A hash cannot be set any more; where the password changed in
    /// the store before the first sign-in, the hook takes its place.
    async fn update(&self, work: &Work) -> Result<Sent, ImportError> {
        let Task::Update { okta_id, state, route, profile, credential } = &work.task else {
            return Ok(Sent::Done(Done::Updated));
        };
        let Some(user) = self.client.user_by_id(okta_id).await? else {
            return Ok(Sent::Refused("was created, and is no longer in the org".to_owned()));
        };
        let hook = PasswordCredential::Hook(HookKind::Default);
        let unused = *state == State::Seeded && user.last_login.is_none();
        let rehook = *credential && *route == Route::Hash && unused;
        if *profile || rehook {
            let profile = profile.then(|| work.profile());
            self.client.update_user(okta_id, profile.as_ref(), rehook.then_some(&hook)).await?;
        }
        let updated = Settled::Updated {
            okta_login: work.new.login().to_owned(),
            status: user.status,
            route: if rehook { Route::Hook } else { *route },
            profile_mark: work.marks.profile,
            credential_mark: work.marks.credential,
        };
        self.journal.settle(&work.user, updated).await?;
        Ok(Sent::Done(Done::Updated))
    }

    async fn group_ids(&self, work: &Work) -> Result<Vec<String>, ImportError> {
        let mut ids = Vec::new();
        for name in self.options.groups.iter().chain(&work.new.groups) {
            let id = self.groups.ensure(name).await?;
            if !ids.contains(&id) {
                ids.push(id);
            }
        }
        Ok(ids)
    }
}

impl Work {
    fn profile(&self) -> Profile<'_> {
        Profile(self.new.profile.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect())
    }

    fn password(&self) -> PasswordCredential {
        match &self.new.route {
            plan::Route::Hash(hash) => PasswordCredential::Hash(hash.clone()),
            plan::Route::Hook { .. } => PasswordCredential::Hook(HookKind::Default),
        }
    }
}

/// Somebody was quicker since the user was planned: the user's own sign-in, or another shard with the same login.
fn beaten(state: State) -> Sent {
    if state.is_in_okta() {
        Sent::Done(Done::Already)
    } else {
        Sent::Refused(plan::Reject::DuplicateLogin.to_string())
    }
}

/// Whether an account can come from our own call of that time. Okta tells where its password comes from; an imitation
/// may not, and then every attribute that it gives back must be what we sent.
fn is_ours(user: &User, sent: &[(String, String)], since: SystemTime) -> bool {
    let as_sent = || {
        let given = |name: &String| user.profile.get(name);
        sent.iter().all(|(name, value)| given(name).is_none_or(|given| given == value.as_str()))
    };
    user.created + CLOCK_GRAIN >= since && user.imported.unwrap_or_else(as_sent)
}

#[cfg(test)]
mod tests {
    use std::time::UNIX_EPOCH;

    use serde_json::json;

    use super::*;

    #[test]
    fn an_account_is_ours_by_its_time_and_by_where_its_password_comes_from() {
        let since = UNIX_EPOCH + Duration::from_secs(100);
        let sent = [("login", "amy@example.com"), ("firstName", "Amy"), ("city", "Bern")];
        let sent = sent.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let ours = |imported: Option<bool>, first_name: &str, created: u64| {
            let profile = json!({ "login": "amy@example.com", "firstName": first_name, "secondEmail": null });
            let user = User {
                id: "00u1".to_owned(),
                status: "ACTIVE".to_owned(),
                created: UNIX_EPOCH + Duration::from_secs(created),
                last_login: None,
                login: "amy@example.com".to_owned(),
                imported,
                profile: profile.as_object().cloned().unwrap_or_default(),
            };
            is_ours(&user, &sent, since)
        };
        assert!(ours(Some(true), "Amy", 100) && ours(Some(true), "Okta changed it", 98));
        assert!(!ours(Some(true), "Amy", 97), "older than our first attempt");
        assert!(!ours(Some(false), "Amy", 100), "with a password of its own");
        assert!(ours(None, "Amy", 100), "no word on the password, and the very profile that was sent");
        assert!(!ours(None, "Leela", 100) && !ours(None, "Amy", 97));
    }
}
