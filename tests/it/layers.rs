//! Holds the table of rooms in `src/lib.rs`: which room may use which. A path that begins with `crate::` outside of
//! it fails here.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// A room and the rooms that it may use; `cli` may use all.
const ROOMS: [(&str, &[&str]); 13] = [
    ("config", &["schemes", "sources", "secret"]),
    ("credential", &["sources", "schemes", "secret"]),
    ("http", &["decision", "ledger", "okta", "secret", "telemetry"]),
    ("decision", &["credential", "sources", "schemes", "ledger", "secret"]),
    ("sources", &["secret"]),
    ("schemes", &["secret"]),
    ("discovery", &["sources", "schemes", "secret"]),
    ("okta", &["schemes", "secret"]),
    ("seeding", &["credential", "sources", "schemes", "okta", "ledger", "secret"]),
    ("ledger", &[]),
    ("demo", &["secret"]),
    ("telemetry", &[]),
    ("process", &[]),
];
const FREE: [&str; 1] = ["cli"];
const LEAVES: [&str; 1] = ["secret"];

#[test]
fn every_room_uses_only_what_the_table_allows() {
    let allowed: BTreeMap<&str, &[&str]> = ROOMS.into_iter().collect();
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    collect(&source, &mut files);
    assert!(files.len() > 20, "the source folder was read");
    let mut wrong = Vec::new();
    for file in files {
        let inside = file.strip_prefix(&source).expect("below src");
        let room = room_of(inside);
        if room == "lib" || room == "main" || FREE.contains(&room.as_str()) {
            continue;
        }
        let uses = rooms_used(&fs::read_to_string(&file).expect("readable"));
        let may: &[&str] = if LEAVES.contains(&room.as_str()) {
            &[]
        } else {
            allowed.get(room.as_str()).unwrap_or_else(|| panic!("{room} is not in the table"))
        };
        for used in uses.into_iter().filter(|used| *used != room && !may.contains(&used.as_str())) {
            wrong.push(format!("{} uses {used}", inside.display()));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn the_map_in_the_crate_s_documentation_is_the_table() {
    let map = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("src/lib.rs")).expect("readable");
    for (room, may) in ROOMS.iter().filter(|(_, may)| !may.is_empty()) {
        let line = map.lines().find(|line| line.starts_with(&format!("//! | [`{room}`]")));
        let line = line.unwrap_or_else(|| panic!("{room} has no line"));
        let told = line.trim_end_matches('|').rsplit('|').next().expect("a cell").split(',');
        let told: Vec<&str> = told.filter_map(|name| name.split_whitespace().next()).collect();
        assert_eq!(told, *may, "{room}");
    }
    for room in ROOMS.iter().map(|(room, _)| room).chain(&FREE).chain(&LEAVES) {
        assert!(map.contains(&format!("[`{room}`]")), "{room} is missing from the map");
        assert!(map.contains(&format!("pub mod {room};")), "{room} is not a module");
    }
}

#[test]
fn the_reader_of_paths_sees_nested_imports() {
    let text =
        "use crate::{sources::{A, B}, schemes::C};\nuse crate::ledger::D;\nfn f() { crate::http::g() }";
    assert_eq!(rooms_used(text), ["sources", "schemes", "ledger", "http"]);
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("readable") {
        let path = entry.expect("readable").path();
        if path.is_dir() {
            collect(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
}

fn room_of(inside: &Path) -> String {
    let first = inside.components().next().expect("a name").as_os_str().to_string_lossy();
    first.trim_end_matches(".rs").to_owned()
}

/// The first names behind `crate::`, those of a group included.
fn rooms_used(text: &str) -> Vec<String> {
    let mut rooms = Vec::new();
    for after in text.split("crate::").skip(1) {
        match after.strip_prefix('{') {
            Some(group) => rooms.extend(top_level_names(group)),
            None => rooms.extend(name_at_start(after)),
        }
    }
    rooms
}

fn top_level_names(group: &str) -> Vec<String> {
    let mut depth = 0_u32;
    let mut names = Vec::new();
    let mut at_start = true;
    for (position, character) in group.char_indices() {
        match character {
            '{' => depth += 1,
            '}' if depth == 0 => break,
            '}' => depth -= 1,
            ',' if depth == 0 => at_start = true,
            _ if character.is_whitespace() => {}
            _ if at_start => {
                names.extend(name_at_start(&group[position..]));
                at_start = false;
            }
            _ => {}
        }
    }
    names
}

fn name_at_start(text: &str) -> Option<String> {
    let name: String = text.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect();
    // `crate::Name` would be an item of the crate's root, which has none.
    (!name.is_empty()).then_some(name)
}
