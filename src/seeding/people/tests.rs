//! People as they come from several stores, against a merge in memory that is written in another way.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::super::groups::Unmapped;
use super::super::plan::Route;
use super::super::profile::{Beside, ProfileMap};
use super::super::testing::{DraftRow, MemorySource, copy, person, record};
use super::*;
use crate::credential::Reader;
use crate::okta::profile::LoginPattern;
use crate::schemes::{Limits, Selection};
use crate::sources::{BadRow, Draft, Found};

/// Attribute and column.
const MAPPED: [(&str, &str); 6] = [
    ("login", "login"),
    ("email", "email"),
    ("firstName", "first_name"),
    ("lastName", "last_name"),
    ("employeeNumber", "number"),
    ("nickName", "nick"),
];

fn planner_of(mapped: &[(&str, &str)]) -> Arc<Planner> {
    let reader = Reader::new(Selection::auto(), Limits::default(), None);
    let pairs: Vec<_> = mapped.iter().map(|(name, column)| ((*name).into(), (*column).into())).collect();
    Arc::new(Planner::new(reader, ProfileMap::new(&pairs, LoginPattern::Any).unwrap(), false))
}

fn store(name: &str, rows: Vec<DraftRow>) -> Planned {
    // Batches of three, so that people are known across them.
    let mut batches = Vec::new();
    let mut rows = rows.into_iter().peekable();
    while rows.peek().is_some() {
        batches.push(Ok(rows.by_ref().take(3).collect()));
    }
    Planned { source: MemorySource::new(name, batches), planner: planner_of(&MAPPED) }
}

fn walked(stores: Vec<Planned>, match_on: &[&str]) -> Walked {
    Walked {
        stores,
        filter: None,
        match_on: match_on.iter().map(|attribute| (*attribute).to_owned()).collect(),
        merge: Merge::Fill,
        groups: GroupRules::default(),
        corrections: None,
        start: None,
    }
}

/// A row's values of login, email, first name, number and nick name.
type Values = [&'static str; 5];

fn row(id: &str, [login, email, first, number, nick]: Values) -> Draft {
    let full = |text: &'static str| Some(text).filter(|text| !text.is_empty());
    let profile = [("first_name", full(first)), ("last_name", Some("Wong")), ("number", full(number))];
    let mut row = record(id, login, &[&profile[..], &[("nick", full(nick))]].concat());
    row.login = full(login).map(str::to_owned);
    row.email = full(email).map(str::to_owned);
    row
}

/// Source, id, and the profile or the reason.
type Told = (usize, String, Result<Vec<(String, String)>, String>);

async fn walk(walked: Walked) -> (Vec<Told>, MergeReport) {
    let mut people = People::start(walked);
    let mut told = Vec::new();
    while let Some(batch) = people.next().await {
        let batch = batch.unwrap();
        for person in batch.people {
            let decided = person.decided.map(|user| user.profile).map_err(|reject| reject.to_string());
            told.push((batch.source, person.id.unwrap(), decided));
        }
    }
    (told, people.merged())
}

fn profile(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

#[tokio::test]
async fn the_first_source_gives_the_credential_and_later_ones_fill_what_is_empty() {
    let mut other = row("f1", ["amy.w", "AMY@example.com", "Amelia", "7", "Ames"]);
    other.stored = Some("$P$9IQRaTwmfeRo7ud9Fh4E2PdI0S3r.L0".into());
    let shop = store("shop", vec![Ok(row("s1", ["amy", "amy@example.com", "Amy", "", ""]))]);
    let forum = store("forum", vec![Ok(other), Ok(row("f2", ["bob", "bob@example.com", "Bob", "", ""]))]);
    // Known to the forum's row alone, by its number.
    let crm = store("crm", vec![Ok(row("c1", ["", "", "", "7", "Wongo"]))]);
    let mut people = People::start(walked(vec![shop, forum, crm], &["email", "employeeNumber"]));
    let first = people.next().await.unwrap().unwrap();
    assert_eq!((first.source, first.rows, first.last_id.as_deref()), (0, 1, Some("s1")));
    let amy = first.people.into_iter().next().unwrap();
    let user = amy.decided.unwrap();
    assert_eq!(
        user.profile,
        profile(&[
            ("login", "amy"),
            ("firstName", "Amy"),
            ("lastName", "Wong"),
            ("email", "amy@example.com"),
            ("nickName", "Ames"),
            ("employeeNumber", "7"),
        ])
    );
    assert_eq!(amy.attributes, user.profile, "what is told is what would be sent");
    assert!(matches!(user.route, Route::Hash(_)), "the shop's bcrypt, not the forum's phpass");
    let second = people.next().await.unwrap().unwrap();
    assert_eq!((second.source, second.rows, second.last_id.as_deref()), (1, 2, Some("f2")));
    assert_eq!(second.people.len(), 1, "the merged row is nobody's");
    let third = people.next().await.unwrap().unwrap();
    assert_eq!((third.source, third.rows, third.people.len()), (2, 1, 0));
    assert!(people.next().await.is_none());
    let conflict = |source: &str, attribute: &str| Conflict {
        source: source.into(),
        attribute: attribute.into(),
        rows: 1,
    };
    assert_eq!(
        people.merged(),
        MergeReport {
            people: 1,
            rows: 2,
            filled: 2,
            conflicts: vec![
                conflict("crm", "nickName"),
                conflict("forum", "firstName"),
                conflict("forum", "login")
            ],
            ambiguous: 0,
        }
    );
}

#[tokio::test]
async fn without_filling_the_first_row_stands_alone() {
    let shop = store("shop", vec![Ok(row("s1", ["amy", "", "Amy", "", ""]))]);
    let forum = store("forum", vec![Ok(row("f1", ["AMY", "amy@example.com", "A", "", ""]))]);
    let walked = Walked { merge: Merge::Ignore, ..walked(vec![shop, forum], &["login"]) };
    let (told, merged) = walk(walked).await;
    assert_eq!(told, [(0, "s1".to_owned(), Err("email is missing".to_owned()))]);
    assert_eq!((merged.people, merged.rows, merged.filled, merged.conflicts.len()), (1, 1, 0, 0));
}

#[tokio::test]
async fn a_later_source_can_fill_what_okta_requires_and_what_the_first_does_not_map() {
    let rows = vec![Ok(vec![Ok(row("s1", ["amy", "", "Amy", "", ""]))])];
    let shop = Planned { source: MemorySource::new("shop", rows), planner: planner_of(&MAPPED[..4]) };
    let forum = store("forum", vec![Ok(row("f1", ["amy", "amy@example.com", "", "7", ""]))]);
    let (told, merged) = walk(walked(vec![shop, forum], &["login"])).await;
    let expected = profile(&[
        ("login", "amy"),
        ("firstName", "Amy"),
        ("lastName", "Wong"),
        ("email", "amy@example.com"),
        ("employeeNumber", "7"),
    ]);
    assert_eq!(told, [(0, "s1".to_owned(), Ok(expected))]);
    assert_eq!(merged.filled, 2);
}

#[tokio::test]
async fn a_first_row_that_is_a_reject_still_keeps_the_others_out() {
    let mut inactive = row("s1", ["amy", "amy@example.com", "Amy", "", ""]);
    inactive.active = false;
    let shop = store("shop", vec![Ok(inactive)]);
    let forum = store("forum", vec![Ok(row("f1", ["amy", "amy@example.com", "Amy", "", ""]))]);
    let (told, merged) = walk(walked(vec![shop, forum], &["login"])).await;
    assert_eq!(told, [(0, "s1".to_owned(), Err("inactive".to_owned()))]);
    assert_eq!(merged.rows, 1);
}

#[tokio::test]
async fn duplicates_and_ambiguous_rows_are_rejects_with_their_reason() {
    let shop = store(
        "shop",
        vec![
            Ok(row("s1", ["amy", "amy@example.com", "A", "1", ""])),
            Ok(row("s2", ["bob", "bob@example.com", "B", "2", ""])),
            Ok(row("s3", ["amy2", "AMY@example.com", "A", "3", ""])),
            Ok(row("s4", ["Bob", "bob2@example.com", "B", "4", ""])),
        ],
    );
    let forum = store(
        "forum",
        vec![
            Ok(row("f1", ["x", "amy@example.com", "", "2", ""])),
            Ok(row("f2", ["amy", "new@example.com", "A", "9", ""])),
            Ok(row("f3", ["y", "", "Y", "9", ""])),
        ],
    );
    let (told, merged) = walk(walked(vec![shop, forum], &["email", "employeeNumber"])).await;
    let reasons: Vec<(&str, &str)> = told
        .iter()
        .filter_map(|(_, id, decided)| Some((id.as_str(), decided.as_ref().err()?.as_str())))
        .collect();
    assert_eq!(
        reasons,
        [
            ("s3", "duplicate email"),
            ("s4", "duplicate login"),
            ("f1", "ambiguous match"),
            ("f2", "duplicate login"),
            ("f3", "duplicate employeeNumber"),
        ]
    );
    assert_eq!(merged.ambiguous, 1);
}

#[tokio::test]
async fn groups_come_from_the_column_and_the_query_and_go_through_the_map() {
    let groups = |id: &str| match id {
        "1" => Ok(vec!["vip".to_owned(), "staff".to_owned()]),
        "2" => Err("a group's name is not UTF-8 text".to_owned()),
        _ => Ok(Vec::new()),
    };
    let mut amy = person("1", "amy@example.com");
    amy.groups = vec!["staff".into(), "old".into()];
    let rows = vec![Ok(amy), Ok(person("2", "bob@example.com")), Ok(person("3", "carl@example.com"))];
    let source = MemorySource::with_groups("shop", vec![Ok(rows)], groups);
    let planner = planner_of(&[MAPPED[0], ("email", "login"), MAPPED[2], MAPPED[3]]);
    let map = [("staff".to_owned(), "Legacy Staff".to_owned())];
    for (unmapped, expected) in [
        (Unmapped::Create, Ok(vec!["Legacy Staff", "old", "vip"])),
        (Unmapped::Ignore, Ok(vec!["Legacy Staff"])),
        (Unmapped::Reject, Err("group not mapped: old")),
    ] {
        let stores = vec![Planned { source: source.clone(), planner: planner.clone() }];
        let rules = GroupRules::new(map.clone(), unmapped);
        let mut people = People::start(Walked { groups: rules, ..walked(stores, &["login"]) });
        let batch = people.next().await.unwrap().unwrap();
        let told: Vec<Result<Vec<String>, String>> = batch
            .people
            .into_iter()
            .map(|person| person.decided.map(|user| user.groups).map_err(|reject| reject.to_string()))
            .collect();
        let expected = expected.map(|names| names.iter().map(|name| (*name).to_owned()).collect());
        assert_eq!(
            told,
            [
                expected.map_err(str::to_owned),
                Err("unreadable groups: a group's name is not UTF-8 text".to_owned()),
                Ok(vec![])
            ]
        );
    }
}

#[tokio::test]
async fn the_credential_tells_its_parts_apart_and_nothing_of_itself() {
    let mut salted = person("1", "amy@example.com");
    salted.salt = Some("canary-salt".into());
    let mut empty = person("2", "bob@example.com");
    empty.salt = Some("".into());
    let rows = vec![Ok(salted), Ok(empty), Ok(person("3", "carl@example.com"))];
    let planner = planner_of(&[MAPPED[0], ("email", "login"), MAPPED[2], MAPPED[3]]);
    let store = Planned { source: MemorySource::new("shop", vec![Ok(rows)]), planner };
    let mut people = People::start(walked(vec![store], &["login"]));
    let batch = people.next().await.unwrap().unwrap();
    let shown = format!("{batch:?}");
    assert!(!shown.contains("canary") && !shown.contains("CCCCC"), "{shown}");
    let users: Vec<NewUser> = batch.people.into_iter().map(|person| person.decided.unwrap()).collect();
    let parts: Vec<Vec<Vec<u8>>> =
        users.iter().map(|user| user.credential.parts().map(<[u8]>::to_vec).to_vec()).collect();
    let stored: &[u8] = b"$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW";
    assert_eq!(parts[0][..5], [b"bcrypt", &b"\x01"[..], stored, b"\x01", b"canary-salt"].map(<[u8]>::to_vec));
    assert_eq!((&parts[1][3][..], &parts[2][3][..]), (&[1][..], &[0][..]), "an empty salt is one");
    assert_eq!(parts[2][4..], [&b""[..], b"\0", b"", b"\0", b""].map(<[u8]>::to_vec));
}

#[tokio::test]
async fn only_corrected_rows_come_with_their_corrections() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("rejects.csv");
    let shop = || {
        vec![
            Ok(row("1", ["amy", "amy@example.com", "Amy", "", ""])),
            Ok(row("2", ["AMY", "amy2@example.com", "", "", ""])),
            Ok(row("3", ["carl", "", "Carl", "", ""])),
            Err(BadRow { id: Some("4".into()), why: "column `active` is NULL".into() }),
        ]
    };
    std::fs::write(
        &file,
        "source,id,login,reason,firstName,email\nshop,2,amy2,duplicate login,Amy,\nshop,99,,,,\n",
    )
    .unwrap();
    let walked = |file: &std::path::Path| Walked {
        corrections: Some(Corrections::read(file).unwrap()),
        ..walked(vec![store("shop", shop())], &["login"])
    };
    let mut people = People::start(walked(&file));
    let mut all = Vec::new();
    while let Some(batch) = people.next().await {
        all.extend(batch.unwrap().people);
    }
    assert_eq!(all.len(), 1);
    let expected = profile(&[
        ("login", "amy2"),
        ("firstName", "Amy"),
        ("lastName", "Wong"),
        ("email", "amy2@example.com"),
    ]);
    assert_eq!(all[0].decided.as_ref().unwrap().profile, expected);
    assert_eq!(people.corrections_left(), 1, "no store has the row 99");
    for (text, expected) in [
        ("source,id\nforum,1\n", "not there: forum; there are: shop"),
        ("source,id,title\nshop,1,x\n", "`title`, which no [source.profile] maps"),
    ] {
        std::fs::write(&file, text).unwrap();
        let error = People::start(walked(&file)).next().await.unwrap().unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    }
}

#[tokio::test]
async fn giving_up_waiting_loses_nobody() {
    let batches = (0..50).map(|id| Ok(vec![Ok(person(&id.to_string(), &format!("u{id}@example.com")))]));
    let source = MemorySource::new("shop", batches.collect());
    let planner = planner_of(&[MAPPED[0], ("email", "login"), MAPPED[2], MAPPED[3]]);
    let mut people = People::start(walked(vec![Planned { source, planner }], &["login"]));
    let mut ids = Vec::new();
    loop {
        let next = tokio::select! {
            biased;
            () = tokio::task::yield_now() => continue,
            next = people.next() => next,
        };
        let Some(batch) = next else { break };
        ids.extend(batch.unwrap().people.into_iter().filter_map(|person| person.id));
    }
    assert_eq!(ids, (0..50).map(|id| id.to_string()).collect::<Vec<_>>());
}

/// A row's value of an attribute.
fn value(record: &Draft, attribute: &str) -> Option<String> {
    let (_, column) = MAPPED.iter().find(|(name, _)| *name == attribute).unwrap();
    let found = Found::of(copy(record));
    found.record().column(column).map(str::to_owned).filter(|value| !value.is_empty())
}

/// What a merge in memory makes of rows.
#[derive(Default)]
struct Naive {
    /// Source and place of each row that is a person of its own, in order, with the person's number or the reason.
    order: Vec<(usize, usize, Result<usize, String>)>,
    /// Source and place of the rows that belong to each person besides.
    people: Vec<Vec<(usize, usize)>>,
    report: MergeReport,
}

impl Naive {
    /// Every row in turn, by plain maps.
    fn decide(sources: &[Vec<Draft>], match_on: &[&str]) -> Self {
        let mut this = Self::default();
        let mut owner: BTreeMap<(&str, String), usize> = BTreeMap::new();
        let mut shown: BTreeSet<(usize, &str, String)> = BTreeSet::new();
        let attributes =
            || ["login"].into_iter().chain(match_on.iter().copied().filter(|name| *name != "login"));
        for (source, rows) in sources.iter().enumerate() {
            for (place, record) in rows.iter().enumerate() {
                let mut keys: Vec<(&str, String)> = Vec::new();
                for attribute in attributes() {
                    keys.extend(value(record, attribute).map(|value| (attribute, value.to_lowercase())));
                }
                let repeated =
                    keys.iter().find(|(name, value)| shown.contains(&(source, name, value.clone())));
                let matching = keys.iter().filter(|(name, _)| match_on.contains(name));
                let matched: BTreeSet<usize> = matching.filter_map(|key| owner.get(key).copied()).collect();
                let login_taken = keys.iter().any(|key| key.0 == "login" && owner.contains_key(key));
                let person = if let Some(key) = repeated {
                    this.order.push((source, place, Err(format!("duplicate {}", key.0))));
                    owner[key]
                } else if matched.len() > 1 {
                    this.report.ambiguous += 1;
                    this.order.push((source, place, Err("ambiguous match".into())));
                    this.nobody()
                } else if let Some(person) = matched.first() {
                    this.report.rows += 1;
                    this.people[*person].push((source, place));
                    *person
                } else if login_taken {
                    this.order.push((source, place, Err("duplicate login".into())));
                    this.nobody()
                } else {
                    let person = this.nobody();
                    this.order.push((source, place, Ok(person)));
                    person
                };
                for (name, value) in keys {
                    shown.insert((source, name, value.clone()));
                    owner.entry((name, value)).or_insert(person);
                }
            }
        }
        this.report.people = this.people.iter().filter(|rows| !rows.is_empty()).count() as u64;
        this
    }

    fn nobody(&mut self) -> usize {
        self.people.push(Vec::new());
        self.people.len() - 1
    }

    /// Fills a person's row from the others.
    fn fill(&mut self, record: &mut Draft, person: usize, sources: &[Vec<Draft>], match_on: &[&str]) {
        for (later, row) in self.people[person].clone() {
            for (attribute, column) in MAPPED {
                let Some(new) = value(&sources[later][row], attribute) else { continue };
                let folds = match_on.contains(&attribute) || ["login", "email"].contains(&attribute);
                let same = |old: &str| old == new || (folds && old.to_lowercase() == new.to_lowercase());
                match value(record, attribute) {
                    Some(old) if same(&old) => {}
                    Some(_) => self.report.conflict(&format!("s{later}").into(), attribute, 1),
                    None => {
                        self.report.filled += 1;
                        match column {
                            "login" => record.login = Some(new),
                            "email" => record.email = Some(new),
                            _ => {
                                let cell = record.profile.iter_mut().find(|(name, _)| &**name == column);
                                cell.unwrap().1 = Some(new);
                            }
                        }
                    }
                }
            }
        }
    }
}

/// What is told of each row, and what merging came to.
fn naive(sources: &[Vec<Draft>], match_on: &[&str], fill: bool) -> (Vec<Told>, MergeReport) {
    let mut naive = Naive::decide(sources, match_on);
    let planner = planner_of(&MAPPED);
    let mut told = Vec::new();
    for (source, place, decided) in std::mem::take(&mut naive.order) {
        let mut record = copy(&sources[source][place]);
        let decided = decided.and_then(|person| {
            if fill {
                naive.fill(&mut record, person, sources, match_on);
            }
            let found = Found::of(copy(&record));
            let mapping = planner.profile().over(found.columns());
            let user = planner.plan(&mapping, found.record(), Beside::default());
            let user = user.map_err(|reject| reject.to_string())?;
            Ok(profile(&user.profile.0))
        });
        told.push((source, record.id.clone(), decided));
    }
    naive.report.sort();
    (told, naive.report)
}

const MATCHES: &[&[&str]] =
    &[&["login"], &["email"], &["email", "employeeNumber"], &["login", "employeeNumber"]];

fn any_rows() -> impl Strategy<Value = Vec<Vec<Values>>> {
    let login = prop::sample::select(&["", "amy", "AMY", "bob", "carl", "dora", "fry"][..]);
    let email =
        prop::sample::select(&["", "a@example.com", "A@example.com", "b@example.com", "c@example.com"][..]);
    let first = prop::sample::select(&["", "Amy", "Bob"][..]);
    let number = prop::sample::select(&["", "1", "2", "3", "4"][..]);
    let nick = prop::sample::select(&["", "x", "y"][..]);
    let row = (login, email, first, number, nick).prop_map(|(a, b, c, d, e)| [a, b, c, d, e]);
    prop::collection::vec(prop::collection::vec(row, 0..7), 1..4)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    /// Streamed and in memory: the same people in the same order, the same rejects, fills and conflicts; and whoever
    /// goes on from any row gets exactly the rest.
    #[test]
    fn the_streamed_merge_is_the_merge_in_memory(
        values in any_rows(),
        match_on in prop::sample::select(MATCHES),
        fill: bool,
    ) {
        let sources: Vec<Vec<Draft>> = values
            .iter()
            .enumerate()
            .map(|(source, rows)| {
                let ids = rows.iter().enumerate();
                ids.map(|(place, values)| row(&format!("{source}-{place}"), *values)).collect()
            })
            .collect();
        let stores: Vec<Planned> = sources
            .iter()
            .enumerate()
            .map(|(source, rows)| store(&format!("s{source}"), rows.iter().map(|row| Ok(copy(row))).collect()))
            .collect();
        let merge = if fill { Merge::Fill } else { Merge::Ignore };
        let walked = |start| Walked { merge, start, ..walked(stores.clone(), match_on) };
        let (expected, report) = naive(&sources, match_on, fill);
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let (told, merged) = runtime.block_on(walk(walked(None)));
        prop_assert_eq!(&told, &expected);
        prop_assert_eq!(merged, report);
        if sources.len() < 2 {
            return Ok(());
        }
        for (source, rows) in sources.iter().enumerate() {
            for (place, record) in rows.iter().enumerate() {
                let start = Start { source, after: record.id.clone() };
                let (rest, _) = runtime.block_on(walk(walked(Some(start))));
                let behind = |told: &&Told| {
                    let row = sources[told.0].iter().position(|row| row.id == told.1).unwrap();
                    (told.0, row) > (source, place)
                };
                let expected: Vec<Told> = expected.iter().filter(behind).cloned().collect();
                prop_assert_eq!(rest, expected, "behind {:?}", record.id);
            }
        }
    }
}
