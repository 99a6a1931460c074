//! A store in memory, for the tests of this room.

use std::sync::Arc;

use futures_util::future::BoxFuture;
use futures_util::stream::{self, BoxStream, StreamExt};

use crate::secret::Secret;
use crate::sources::{BadRow, CredentialSource, Draft, Lookup, Page, PoolState, SourceError};

/// A row, or why there is none.
pub(crate) type DraftRow = Result<Draft, BadRow>;

/// A record with a bcrypt value that Okta imports.
pub(crate) fn record(id: &str, login: &str, profile: &[(&str, Option<&str>)]) -> Draft {
    Draft {
        id: id.into(),
        login: Some(login.into()),
        email: None,
        active: true,
        // crypt_blowfish 1.3, wrapper.c, the second of its test vectors.
        stored: Some("$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW".into()),
        salt: None,
        salt2: None,
        pepper: None,
        scheme: None,
        last_login: None,
        groups: Vec::new(),
        profile: profile.iter().map(|(name, value)| ((*name).into(), value.map(str::to_owned))).collect(),
    }
}

/// The same with a first and a last name.
pub(crate) fn person(id: &str, login: &str) -> Draft {
    record(id, login, &[("first_name", Some("Amy")), ("last_name", Some("Wong"))])
}

/// The same record once more; secrets have no `Clone` elsewhere.
pub(crate) fn copy(record: &Draft) -> Draft {
    let secret = |secret: &Option<Secret>| secret.as_ref().map(|it| Secret::new(it.expose().to_vec()));
    Draft {
        id: record.id.clone(),
        login: record.login.clone(),
        email: record.email.clone(),
        active: record.active,
        stored: secret(&record.stored),
        salt: secret(&record.salt),
        salt2: secret(&record.salt2),
        pepper: secret(&record.pepper),
        scheme: record.scheme.clone(),
        last_login: record.last_login.clone(),
        groups: record.groups.clone(),
        profile: record.profile.clone(),
    }
}

/// Streams what it is given, as often as it is asked.
pub(crate) struct MemorySource {
    name: Arc<str>,
    batches: Vec<Result<Vec<DraftRow>, SourceError>>,
    /// What the groups query gives, where there is one.
    groups: Option<Groups>,
}

/// The groups of an id, or what is wrong with them.
type Groups = fn(&str) -> Result<Vec<String>, String>;

impl MemorySource {
    pub(crate) fn new(name: &str, batches: Vec<Result<Vec<DraftRow>, SourceError>>) -> Arc<Self> {
        Arc::new(Self { name: name.into(), batches, groups: None })
    }

    /// With a groups query.
    pub(crate) fn with_groups(
        name: &str,
        batches: Vec<Result<Vec<DraftRow>, SourceError>>,
        groups: Groups,
    ) -> Arc<Self> {
        Arc::new(Self { name: name.into(), batches, groups: Some(groups) })
    }
}

/// These rows once more; those up to the one of the id `after` are skipped.
fn behind(rows: &[DraftRow], skipping: &mut bool, after: Option<&str>) -> Vec<DraftRow> {
    let mut copied = Vec::new();
    for row in rows {
        let (id, copy) = match row {
            Ok(record) => (Some(record.id.as_str()), Ok(copy(record))),
            Err(bad) => (bad.id.as_deref(), Err(bad.clone())),
        };
        if !*skipping {
            copied.push(copy);
        }
        *skipping &= id != after;
    }
    copied
}

impl CredentialSource for MemorySource {
    fn name(&self) -> &Arc<str> {
        &self.name
    }

    fn find<'a>(&'a self, _: &'a str) -> BoxFuture<'a, Result<Lookup, SourceError>> {
        Box::pin(async { Ok(Lookup::Unknown) })
    }

    fn stream<'a>(
        &'a self,
        _: Option<&'a str>,
        after: Option<&'a str>,
    ) -> BoxStream<'a, Result<Page, SourceError>> {
        let mut skipping = after.is_some();
        let batches: Vec<Result<Page, SourceError>> = self
            .batches
            .iter()
            .map(|batch| match batch {
                Ok(rows) => Ok(Page::of(behind(rows, &mut skipping, after))),
                Err(error) => {
                    Err(SourceError::Down { source_name: self.name.clone(), why: error.to_string() })
                }
            })
            .collect();
        stream::iter(batches).boxed()
    }

    fn has_groups_query(&self) -> bool {
        self.groups.is_some()
    }

    fn groups_of<'a>(&'a self, id: &'a str) -> BoxFuture<'a, Result<Vec<String>, SourceError>> {
        let answer = self.groups.map_or_else(|| Ok(Vec::new()), |groups| groups(id));
        let answer = answer.map_err(|why| SourceError::Unreadable {
            source_name: self.name.clone(),
            query: "groups",
            why,
        });
        Box::pin(std::future::ready(answer))
    }

    fn ping(&self) -> BoxFuture<'_, Result<(), SourceError>> {
        Box::pin(async { Ok(()) })
    }

    fn check(&self) -> BoxFuture<'_, Vec<SourceError>> {
        Box::pin(async { Vec::new() })
    }

    fn pool(&self) -> PoolState {
        PoolState { open: 0, idle: 0, max: 4 }
    }

    fn close(&self) -> BoxFuture<'_, ()> {
        Box::pin(async {})
    }
}
