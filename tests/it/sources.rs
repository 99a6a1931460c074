//! The legacy stores, on real databases: what holds for all of them is in `every.rs`, what is particular to one in
//! a file of its name.

#![expect(clippy::expect_used, clippy::panic, reason = "a test that cannot go on shall fail")]

mod behind;
mod every;
mod mysql;
mod outage;
mod postgres;
mod quiet;
mod sqlite;

use std::sync::Arc;
use std::time::Duration;

use futures_util::TryStreamExt;
use keyferry::secret::Secret;
use keyferry::sources::{
    BadRow, CredentialSource, Draft, Lookup, Page, Record, SourceError, SourceSettings, UsernameRules, open,
};

/// Settings with limits that no healthy store comes near.
fn settings(url: &str, lookup: &str, users: Option<&str>) -> SourceSettings {
    SourceSettings {
        name: Arc::from("store"),
        url: Secret::from(url),
        lookup: lookup.to_owned(),
        users: users.map(str::to_owned),
        groups: None,
        page_size: 1000,
        max_connections: 4,
        connect_timeout: Duration::from_secs(10),
        query_timeout: Duration::from_secs(10),
        username: UsernameRules::default(),
    }
}

fn source(url: &str, lookup: &str, users: &str) -> Arc<dyn CredentialSource> {
    open(settings(url, lookup, Some(users))).expect("the settings are good")
}

/// A source that is only walked.
fn walked(url: &str, users: &str) -> Arc<dyn CredentialSource> {
    source(url, "SELECT 1 AS id, NULL AS stored WHERE 'x' = :username", users)
}

/// A row that outlives its page.
type Row = Result<Draft, BadRow>;

fn draft(record: Record<'_>) -> Draft {
    let owned = |text: Option<&str>| text.map(str::to_owned);
    let secret = |value: Option<&[u8]>| value.map(|value| Secret::new(value.to_vec()));
    Draft {
        id: record.id().to_owned(),
        login: owned(record.login()),
        email: owned(record.email()),
        active: record.active(),
        stored: secret(record.stored()),
        salt: secret(record.salt()),
        salt2: secret(record.salt2()),
        pepper: secret(record.pepper()),
        scheme: owned(record.scheme()),
        last_login: owned(record.last_login()),
        groups: record.groups().to_vec(),
        profile: record.profile().map(|(name, value)| (Arc::from(name), owned(value))).collect(),
    }
}

/// The values of profile columns.
trait Profile {
    fn column(&self, name: &str) -> Option<&str>;
}

impl Profile for Draft {
    fn column(&self, name: &str) -> Option<&str> {
        let column = self.profile.iter().find(|(column, _)| **column == *name);
        column.unwrap_or_else(|| panic!("no column {name}")).1.as_deref()
    }
}

fn rows(pages: &[Page]) -> Vec<Row> {
    pages.iter().flat_map(Page::iter).map(|row| row.map(draft).map_err(Clone::clone)).collect()
}

async fn walk(source: &dyn CredentialSource, filter: Option<&str>) -> Result<Vec<Row>, SourceError> {
    let pages: Vec<Page> = source.stream(filter, None).try_collect().await?;
    Ok(rows(&pages))
}

async fn ids(source: &dyn CredentialSource, filter: Option<&str>) -> Vec<String> {
    let rows = walk(source, filter).await.expect("the walk ends well");
    rows.into_iter().map(|row| row.expect("the row is good").id).collect()
}

async fn found(source: &dyn CredentialSource, name: &str) -> Draft {
    match source.find(name).await {
        Ok(Lookup::Found(found)) => draft(found.record()),
        other => panic!("{name}: {other:?}"),
    }
}

fn stored(record: &Draft) -> Option<&str> {
    record.stored.as_ref().map(|secret| secret.expose_str().expect("text"))
}

async fn outcome(source: &dyn CredentialSource, name: &str) -> String {
    match source.find(name).await {
        Ok(Lookup::Unknown) => "unknown".to_owned(),
        Ok(Lookup::Found(found)) => format!("found {}", found.record().id()),
        Ok(Lookup::Ambiguous) => "ambiguous".to_owned(),
        Ok(Lookup::BadRow(bad)) => format!("bad {bad}"),
        Err(error) => format!("error {error}"),
    }
}
