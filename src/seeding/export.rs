//! The export: every row planned, and written to one file or to another.
//!
//! While one batch is read from the store, others are planned and turned into bytes on blocking threads, and one is
//! written. Nothing takes its final name before the last row is on the disk.

use std::sync::Arc;

use thiserror::Error;

pub use super::people::Planned;
use super::people::{Marked, Merge, MergeReport, PeopleError, Round, Rounds, Shared};
use super::plan::{self, Route};
use super::report::Report;
use super::sink::file::{self, Destination, Output, Unpublished, WriteError};
use super::sink::{Format, rejects};
use super::walk::WalkError;
use crate::ledger::{self, Ledger, LedgerError, PlannedUser};
use crate::sources::Record;

/// What to export, and where to.
pub struct Export {
    /// The stores, the first of which decides about a person.
    pub sources: Vec<Planned>,
    /// Okta attributes: rows of several stores in which one of them is equal are one person.
    pub match_on: Vec<String>,
    /// What later rows of a person are for.
    pub merge: Merge,
    /// A condition in the stores' SQL.
    pub filter: Option<String>,
    /// What is written.
    pub format: Format,
    /// Where users go.
    pub out: Destination,
    /// Where rejects go.
    pub rejects: Destination,
    /// Where exported users are noted as planned, if anywhere. They are noted while the export runs: one that then
    /// fails leaves no file, but its users noted; the next one notes them again, to the same effect.
    pub ledger: Option<Ledger>,
}

/// Why there is no export. Nothing then stands under the final names.
#[derive(Debug, Error)]
pub enum ExportError {
    /// A store failed, or what was asked of it, or the program.
    #[error(transparent)]
    People(#[from] PeopleError),
    /// A file could not be written.
    #[error(transparent)]
    Write(#[from] WriteError),
    /// The ledger could not note the users.
    #[error("the exported users cannot be noted in the ledger: {0}")]
    Ledger(#[from] LedgerError),
    /// Output and rejects would overwrite each other.
    #[error("users and rejects cannot both go to {0}")]
    SameDestination(Destination),
}

/// Runs an export to its end; `progress` sees the counts so far after each batch. Dropped before its end, it leaves
/// nothing behind.
pub async fn run(export: Export, mut progress: impl FnMut(&Report)) -> Result<Report, ExportError> {
    if export.out.is_same(&export.rejects) {
        return Err(ExportError::SameDestination(export.out));
    }
    let (out, out_name) = create(export.out.clone()).await?;
    let (rejects, rejects_name) = create(export.rejects.clone()).await?;
    let mut outputs = Outputs { out, rejects };
    let header = Chunk {
        accepted: export.format.header(),
        rejected: rejects::HEADER.as_bytes().to_vec(),
        ..Chunk::default()
    };
    outputs = outputs.write(header).await?;

    let mut report = Report::default();
    let ledger = export.ledger;
    let (format, note, several) = (export.format, ledger.is_some(), export.sources.len() > 1);
    let rounds = Rounds {
        stores: export.sources,
        filter: export.filter,
        match_on: export.match_on,
        merge: export.merge,
        corrections: None,
        start: None,
    };
    let mut walk = Round::start(rounds, move |shared, marked| chunk(shared, marked, &format, note));
    while let Some(chunk) = walk.next().await {
        let chunk: Chunk = chunk?;
        report.merge(&chunk.report);
        if let Some(ledger) = &ledger {
            chunk.note(ledger).await?;
        }
        outputs = outputs.write(chunk).await?;
        progress(&report);
    }
    outputs.finish().await?;
    // The users last: where their file stands, the rejects stand too.
    for name in [rejects_name, out_name].into_iter().flatten() {
        publish(name).await?;
    }
    report.sort();
    report.merged = several.then(|| walk.merged());
    Ok(report)
}

/// A batch turned into bytes.
#[derive(Default)]
struct Chunk {
    accepted: Vec<u8>,
    rejected: Vec<u8>,
    report: Report,
    source: Arc<str>,
    /// The users for the ledger, where there is one.
    noted: Vec<Noted>,
}

/// What the ledger notes of a user.
struct Noted {
    id: String,
    login: Option<String>,
    route: ledger::Route,
    scheme: Arc<str>,
}

impl Noted {
    fn new(record: Record<'_>, user: &plan::Planned<'_>) -> Self {
        Self {
            id: record.id().to_owned(),
            login: record.login().map(str::to_owned),
            route: match user.route {
                Route::Hash(_) => ledger::Route::Hash,
                Route::Hook { .. } => ledger::Route::Hook,
            },
            scheme: Arc::clone(&user.scheme),
        }
    }
}

impl Chunk {
    async fn note(&self, ledger: &Ledger) -> Result<(), ExportError> {
        let users: Vec<PlannedUser<'_>> = self
            .noted
            .iter()
            .map(|user| PlannedUser {
                source: &self.source,
                user_id: &user.id,
                login: user.login.as_deref(),
                route: user.route,
                scheme: Some(&user.scheme),
            })
            .collect();
        ledger.plan(&users).await?;
        Ok(())
    }
}

fn chunk(
    shared: &Shared,
    mut marked: Marked,
    format: &Format,
    note: bool,
) -> Result<(Chunk, MergeReport), ExportError> {
    let Some(planned) = shared.stores.get(marked.source) else {
        return Err(PeopleError::NoSuchSource(marked.source).into());
    };
    let source_name = planned.source.name();
    let mut chunk = Chunk {
        accepted: Vec::with_capacity(marked.rows.len() * 320),
        source: Arc::clone(source_name),
        ..Chunk::default()
    };
    chunk.report.rows = marked.left();
    let merged = shared.visit(&mut marked, |visited| {
        let reject = match visited.decided {
            Ok(user) => {
                chunk.report.planned(&user.scheme, &user.route);
                if let (true, Ok(record)) = (note, visited.row) {
                    chunk.noted.push(Noted::new(record, &user));
                }
                format.append(&mut chunk.accepted, user);
                return Ok(());
            }
            Err(reject) => reject,
        };
        let (id, login) = match visited.row {
            Ok(record) => (Some(record.id()), visited.mapping.login(record)),
            Err(bad) => (bad.id.as_deref(), None),
        };
        rejects::append(&mut chunk.rejected, source_name, id, login, &reject.to_string());
        chunk.report.rejected(&reject);
        Ok::<_, ExportError>(())
    })?;
    Ok((chunk, merged))
}

/// Both files, on their way to and from the thread that writes.
struct Outputs {
    out: Output,
    rejects: Output,
}

impl Outputs {
    async fn write(mut self, chunk: Chunk) -> Result<Self, ExportError> {
        let written = tokio::task::spawn_blocking(move || {
            self.out.write(&chunk.accepted)?;
            self.rejects.write(&chunk.rejected)?;
            Ok::<_, WriteError>(self)
        });
        Ok(written.await.map_err(worker)??)
    }

    async fn finish(self) -> Result<(), ExportError> {
        let finished = tokio::task::spawn_blocking(move || {
            self.rejects.finish()?;
            self.out.finish()
        });
        Ok(finished.await.map_err(worker)??)
    }
}

/// A pipe without a reader makes the opening wait.
async fn create(destination: Destination) -> Result<(Output, Option<Unpublished>), ExportError> {
    let created = tokio::task::spawn_blocking(move || file::create(&destination));
    Ok(created.await.map_err(worker)??)
}

async fn publish(name: Unpublished) -> Result<(), ExportError> {
    let published = tokio::task::spawn_blocking(move || name.publish());
    Ok(published.await.map_err(worker)??)
}

fn worker(error: tokio::task::JoinError) -> ExportError {
    PeopleError::Walk(WalkError::Worker(error)).into()
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use super::super::plan::Planner;
    use super::super::profile::ProfileMap;
    use super::super::sink::CsvLayout;
    use super::super::testing::{DraftRow, MemorySource, person};
    use super::*;
    use crate::credential::Reader;
    use crate::okta::profile::LoginPattern;
    use crate::schemes::{Limits, Selection};
    use crate::sources::{BadRow, SourceError};

    fn planned(name: &str, batches: Vec<Result<Vec<DraftRow>, SourceError>>) -> Planned {
        let reader = Reader::new(Selection::auto(), Limits::default(), None);
        let profile = ProfileMap::new(&[], LoginPattern::Address).unwrap();
        Planned {
            source: MemorySource::new(name, batches),
            planner: Arc::new(Planner::new(reader, profile, false)),
        }
    }

    fn export(folder: &Path, sources: Vec<Planned>) -> Export {
        Export {
            sources,
            match_on: vec!["login".to_owned()],
            merge: Merge::Fill,
            filter: None,
            format: Format::Okta,
            out: Destination::File(folder.join("users.jsonl")),
            rejects: Destination::File(folder.join("rejects.csv")),
            ledger: None,
        }
    }

    fn read(folder: &Path, name: &str) -> Vec<String> {
        fs::read_to_string(folder.join(name)).unwrap().lines().map(str::to_owned).collect()
    }

    #[tokio::test]
    async fn the_first_of_a_login_wins_across_batches_and_sources() {
        let folder = tempfile::tempdir().unwrap();
        let shop = planned(
            "shop",
            vec![
                Ok(vec![Ok(person("1", "amy@example.com"))]),
                Ok(vec![Ok(person("2", "AMY@example.com")), Ok(person("3", "bob@example.com"))]),
            ],
        );
        let forum = planned(
            "forum",
            vec![Ok(vec![Ok(person("x", " Bob@Example.com ")), Ok(person("y", "carl@example.com"))])],
        );
        let report = run(export(folder.path(), vec![shop, forum]), |_| {}).await.unwrap();
        assert_eq!((report.rows, report.users, report.rejected), (5, 3, 1));
        let merged = report.merged.unwrap();
        assert_eq!((merged.people, merged.rows, merged.filled), (1, 1, 0));
        let logins: Vec<String> = read(folder.path(), "users.jsonl")
            .iter()
            .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap())
            .map(|user| user["profile"]["login"].as_str().unwrap().to_owned())
            .collect();
        assert_eq!(logins, ["amy@example.com", "bob@example.com", "carl@example.com"]);
        assert_eq!(
            read(folder.path(), "rejects.csv"),
            ["source,id,login,reason", "shop,2,AMY@example.com,duplicate login"]
        );
    }

    #[tokio::test]
    async fn a_first_row_that_is_a_reject_still_takes_its_login() {
        let folder = tempfile::tempdir().unwrap();
        let mut inactive = person("1", "amy@example.com");
        inactive.active = false;
        let source = planned("shop", vec![Ok(vec![Ok(inactive), Ok(person("2", "amy@example.com"))])]);
        let report = run(export(folder.path(), vec![source]), |_| {}).await.unwrap();
        assert_eq!(report.users, 0);
        assert_eq!(
            read(folder.path(), "rejects.csv")[1..],
            ["shop,1,amy@example.com,inactive", "shop,2,amy@example.com,duplicate login",]
        );
    }

    #[tokio::test]
    async fn every_reject_says_which_row_and_why() {
        let folder = tempfile::tempdir().unwrap();
        let mut unstored = person("1", "a1@example.com");
        unstored.stored = None;
        let mut unreadable = person("2", "a2@example.com");
        unreadable.stored = Some("canary-4711".into());
        let mut costly = person("3", "a3@example.com");
        costly.stored = Some("$2a$31$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW".into());
        let mut nameless = person("4", "a4@example.com");
        nameless.profile[0].1 = Some(" ".into());
        let bad = BadRow { id: Some("5".into()), why: "column `email` is not text".into() };
        let rows = vec![Ok(unstored), Ok(unreadable), Ok(costly), Ok(nameless), Err(bad)];
        let report = run(export(folder.path(), vec![planned("shop", vec![Ok(rows)])]), |_| {}).await.unwrap();
        assert_eq!((report.users, report.rejected), (0, 5));
        let rejects = read(folder.path(), "rejects.csv");
        let expected = [
            "shop,1,a1@example.com,no stored password",
            "shop,2,a2@example.com,unreadable hash: ",
            "shop,3,a3@example.com,too costly: ",
            "shop,4,a4@example.com,firstName is missing",
            "shop,5,,unreadable row: column `email` is not text",
        ];
        for (reject, expected) in rejects[1..].iter().zip(expected) {
            assert!(reject.replace('"', "").starts_with(expected), "{reject}");
        }
        assert!(!rejects.concat().contains("4711"), "a stored value is in the rejects");
        assert!(!rejects.concat().contains("CCCC"), "a salt is in the rejects");
    }

    #[tokio::test]
    async fn a_store_that_fails_on_the_way_leaves_no_file() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("users.jsonl"), "the last export").unwrap();
        let down = SourceError::Down { source_name: "shop".into(), why: "connection reset".into() };
        let source = planned("shop", vec![Ok(vec![Ok(person("1", "amy@example.com"))]), Err(down)]);
        let error = run(export(folder.path(), vec![source]), |_| {}).await.unwrap_err();
        assert!(error.to_string().contains("source `shop` is not reachable"), "{error}");
        let left: Vec<_> = fs::read_dir(folder.path()).unwrap().map(|e| e.unwrap().file_name()).collect();
        assert_eq!(left, ["users.jsonl"]);
        assert_eq!(fs::read_to_string(folder.path().join("users.jsonl")).unwrap(), "the last export");
    }

    #[tokio::test]
    async fn a_mapping_that_the_query_cannot_fill_is_no_export() {
        let folder = tempfile::tempdir().unwrap();
        let mut row = person("1", "amy@example.com");
        row.profile.clear();
        let source = planned("shop", vec![Ok(vec![Ok(row)])]);
        let error = run(export(folder.path(), vec![source]), |_| {}).await.unwrap_err();
        assert_eq!(
            error.to_string(),
            "source `shop`: the users query has no column `first_name`, `last_name`: select it, or change [source.profile]"
        );
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    #[tokio::test]
    async fn an_importable_hash_goes_as_one_and_others_take_the_hook() {
        let folder = tempfile::tempdir().unwrap();
        let mut phpass = person("2", "bob@example.com");
        // phpass 0.3, test.php: the value for `test12345`.
        phpass.stored = Some("$P$9IQRaTwmfeRo7ud9Fh4E2PdI0S3r.L0".into());
        let rows = vec![Ok(person("1", "amy@example.com")), Ok(phpass)];
        let report = run(export(folder.path(), vec![planned("shop", vec![Ok(rows)])]), |_| {}).await.unwrap();
        assert_eq!((report.by_hash(), report.by_hook()), (1, 1));
        assert_eq!(
            read(folder.path(), "users.jsonl"),
            [
                concat!(
                    r#"{"profile":{"login":"amy@example.com","firstName":"Amy","lastName":"Wong","email":"amy@example.com"},"#,
                    r#""credentials":{"password":{"hash":{"algorithm":"BCRYPT","workFactor":5,"#,
                    r#""salt":"CCCCCCCCCCCCCCCCCCCCC.","value":"E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW"}}}}"#,
                ),
                concat!(
                    r#"{"profile":{"login":"bob@example.com","firstName":"Amy","lastName":"Wong","email":"bob@example.com"},"#,
                    r#""credentials":{"password":{"hook":{"type":"default"}}}}"#,
                ),
            ]
        );
    }

    #[tokio::test]
    async fn okta_s_csv_has_its_template_s_columns_and_values_as_they_are() {
        let folder = tempfile::tempdir().unwrap();
        let mut row = person("1", "amy@example.com");
        row.profile.push(("tier".into(), Some("=1+1".into())));
        row.profile[1].1 = Some("Wong, \"Doc\"".into());
        let pairs = [("login", "login"), ("email", "login"), ("firstName", "first_name")];
        let pairs = [&pairs[..], &[("lastName", "last_name"), ("loyaltyTier", "tier")]].concat();
        let pairs: Vec<_> = pairs.into_iter().map(|(a, c)| (a.to_owned(), c.to_owned())).collect();
        let profile = ProfileMap::new(&pairs, LoginPattern::Address).unwrap();
        let format = Format::Csv(CsvLayout::new(profile.attributes()));
        let reader = Reader::new(Selection::auto(), Limits::default(), None);
        let source = MemorySource::new("shop", vec![Ok(vec![Ok(row)])]);
        let planned = Planned { source, planner: Arc::new(Planner::new(reader, profile, false)) };
        run(Export { format, ..export(folder.path(), vec![planned]) }, |_| {}).await.unwrap();
        assert_eq!(
            read(folder.path(), "users.jsonl"),
            [
                "login,firstName,lastName,middleName,honorificPrefix,honorificSuffix,email,title,displayName,nickName,\
             profileUrl,secondEmail,mobilePhone,primaryPhone,streetAddress,city,state,zipCode,countryCode,\
             postalAddress,preferredLanguage,locale,timezone,userType,employeeNumber,costCenter,organization,\
             division,department,managerId,manager,loyaltyTier",
                "amy@example.com,Amy,\"Wong, \"\"Doc\"\"\",,,,amy@example.com,,,,,,,,,,,,,,,,,,,,,,,,,=1+1",
            ]
        );
    }
}
