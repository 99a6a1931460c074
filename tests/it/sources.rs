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
    CredentialSource, Lookup, Record, Row, SourceError, SourceSettings, UsernameRules, open,
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

async fn walk(source: &dyn CredentialSource, filter: Option<&str>) -> Result<Vec<Row>, SourceError> {
    let batches: Vec<Vec<Row>> = source.stream(filter, None).try_collect().await?;
    Ok(batches.into_iter().flatten().collect())
}

async fn ids(source: &dyn CredentialSource, filter: Option<&str>) -> Vec<String> {
    let rows = walk(source, filter).await.expect("the walk ends well");
    rows.into_iter().map(|row| row.expect("the row is good").id).collect()
}

async fn found(source: &dyn CredentialSource, name: &str) -> Record {
    match source.find(name).await {
        Ok(Lookup::Found(record)) => *record,
        other => panic!("{name}: {other:?}"),
    }
}

fn stored(record: &Record) -> Option<&str> {
    record.stored.as_ref().map(|secret| secret.expose_str().expect("text"))
}

async fn outcome(source: &dyn CredentialSource, name: &str) -> String {
    match source.find(name).await {
        Ok(Lookup::Unknown) => "unknown".to_owned(),
        Ok(Lookup::Found(record)) => format!("found {}", record.id),
        Ok(Lookup::Ambiguous) => "ambiguous".to_owned(),
        Ok(Lookup::BadRow(bad)) => format!("bad {bad}"),
        Err(error) => format!("error {error}"),
    }
}
