//! A store in memory, for the tests of this room.

use std::sync::Arc;

use futures_util::future::BoxFuture;
use futures_util::stream::{self, BoxStream, StreamExt};

use crate::sources::{CredentialSource, Lookup, PoolState, Record, Row, SourceError};

/// A record with a bcrypt value that Okta imports.
pub(crate) fn record(id: &str, login: &str, profile: &[(&str, Option<&str>)]) -> Record {
    Record {
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
pub(crate) fn person(id: &str, login: &str) -> Record {
    record(id, login, &[("first_name", Some("Amy")), ("last_name", Some("Wong"))])
}

/// Streams what it is given, once.
pub(crate) struct MemorySource {
    name: Arc<str>,
    batches: std::sync::Mutex<Vec<Result<Vec<Row>, SourceError>>>,
}

impl MemorySource {
    pub(crate) fn new(name: &str, batches: Vec<Result<Vec<Row>, SourceError>>) -> Arc<Self> {
        Arc::new(Self { name: name.into(), batches: batches.into() })
    }
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
        _: Option<&'a str>,
    ) -> BoxStream<'a, Result<Vec<Row>, SourceError>> {
        stream::iter(std::mem::take(&mut *self.batches.lock().unwrap())).boxed()
    }

    fn ping(&self) -> BoxFuture<'_, Result<(), SourceError>> {
        Box::pin(async { Ok(()) })
    }

    fn check(&self) -> BoxFuture<'_, Vec<SourceError>> {
        Box::pin(async { Vec::new() })
    }

    fn pool(&self) -> PoolState {
        PoolState::default()
    }

    fn close(&self) -> BoxFuture<'_, ()> {
        Box::pin(async {})
    }
}
